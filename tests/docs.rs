//! What the documentation points at is there: files that pages name, and pages that they lead to.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the pages fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a build puts into folders that are not committed: there on one machine, missing on another.
const MADE: [&str; 3] = ["node_modules", "dist", "gen"];

/// Where sources and the like stand.
const FOLDERS: [&str; 11] = [
    "build/",
    "clients/",
    "crates/",
    "docs/",
    "examples/",
    "migrations/",
    "packaging/",
    "proto/",
    "src/",
    "tests/",
    ".ci/",
];

#[test]
fn every_file_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for page in pages(root) {
        let text = fs::read_to_string(&page).unwrap();
        let shown = page.strip_prefix(root).unwrap().display();
        for named in text.split('`').skip(1).step_by(2).filter(|named| is_path(named)) {
            if !root.join(named).exists() {
                missing.push(format!("{shown} names {named}"));
            }
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !page.parent().unwrap().join(file).exists() {
                missing.push(format!("{shown} leads to {link}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_page_is_in_the_book() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    for page in pages(&docs) {
        let name = page.strip_prefix(&docs).unwrap().to_str().unwrap().to_owned();
        // Decisions are read where a page leads to them.
        let is_left_out = name == "SUMMARY.md" || name.starts_with("adr/");
        assert!(is_left_out || summary.contains(&format!("]({name})")), "docs/SUMMARY.md lacks {name}");
    }
}

/// A path that stands for one file, no pattern and no line of a command.
fn is_path(text: &str) -> bool {
    let is_plain = text.chars().all(|one| one.is_ascii_alphanumeric() || "/._-".contains(one));
    // Names in capitals stand for what a reader chooses.
    let is_chosen =
        text.split('/').any(|part| part.starts_with(|one: char| one.is_uppercase()) && !part.contains(".md"))
            || text.contains("mNNNN");
    let is_made = text.split('/').any(|part| MADE.contains(&part));
    is_plain && !is_chosen && !is_made && FOLDERS.iter().any(|folder| text.starts_with(folder))
}

/// README and the like beside the sources, and everything below `docs`.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && (folder != root || name == "docs" || name == "adr" || name == "how-to") {
                folders.push(path);
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found
}
