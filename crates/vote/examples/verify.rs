//! Checks a competition's record with nothing but this crate, for an auditor who would build no server:
//!
//! ```sh
//! cargo run -p rapport-vote --example verify -- record.json KEY_ID=PUBLIC_KEY...
//! ```
//!
//! Keys are those of the server as known from elsewhere, in base64url. Exits with 1 if something does not agree.

#![allow(clippy::disallowed_macros, reason = "what others wrote is printed escaped")]

use std::{collections::BTreeMap, env, error::Error, path::Path, process::ExitCode};

use rapport_vote::{
    bounds,
    record::{Record, public_key},
    verify::verify,
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let file = arguments.next().ok_or("usage: verify RECORD [KEY_ID=PUBLIC_KEY...]")?;
    let mut pinned = BTreeMap::new();
    for key in arguments {
        let (id, key) = key.split_once('=').ok_or("a key must be ID=KEY")?;
        pinned.insert(id.to_owned(), public_key(key).ok_or("a public key must be 32 bytes in base64url")?);
    }
    let record = Record::read(std::str::from_utf8(&bounds::read(Path::new(&file))?)?)?;
    let report = verify(&record, &pinned);
    report.checked.iter().for_each(|what| println!("agrees: {what}"));
    report.unchecked.iter().for_each(|what| println!("could not be checked: {what}"));
    for failure in &report.failures {
        println!("does not agree: {}: {}", failure.place.escape_debug(), failure.what.escape_debug());
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
