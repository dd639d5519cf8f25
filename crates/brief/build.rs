//! Lists the languages: every file of `languages/` is one, so that a translator adds text and nothing else.

#![allow(clippy::disallowed_macros, reason = "Cargo reads what a build script prints")]

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=languages");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("languages");
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "ftl"));
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let tag = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a file of languages/ has no name")?;
        writeln!(list, "    ({tag:?}, include_str!({:?})),", file.display().to_string())?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("languages.rs"), list)?;
    Ok(())
}
