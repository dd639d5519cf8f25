//! The walls between the modules: each may use those in layers below its own, no other. Read from the sources: paths that
//! begin with `crate::`, and tables that SQL names. Walls around crates are Cargo's; what may pass them is read from manifests.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the sources fails")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Modules by layer, the lowest first. Those that stand together in a pair of brackets know nothing of each other, but for the
/// contract, whose errors and messages are one thing.
const LAYERS: &[&[&str]] = &[
    &["amount", "buckets", "classification", "clock", "console", "environment", "finding", "outgoing", "private_file"],
    &["clock_trust", "config", "log_writer"],
    &["telemetry"],
    &[CONTRACT],
    &["offload", "vault"],
    &["page", "store"],
    &["auth", "metrics"],
    &["reach", "sign_in"],
    &["audit"],
    &["session"],
    &["directory"],
    &["call", "contact", "watch"],
    &["calendar", "operations", "presence", "timer"],
    &["deadline"],
    &["context", "template"],
    &["interaction"],
    &["notice", "rating"],
    &["callback", "commitment", "contest", "discretion", "follow_up", "import", "quality", "voice"],
    &["incident"],
    &["correction"],
    &["survey"],
    &["scorecard"],
    &["competition", "journey", "preference", "trial"],
    &["identity", "privacy"],
    &["event"],
    &["webhook"],
    &["housekeeping", "master_keys"],
    &[SERVICES],
    &["entities"],
    &["backup"],
    &["doctor"],
    &["app"],
    &["server"],
    &["cli"],
];

/// `api` and `error`.
const CONTRACT: &str = "api + error";
/// The services of all domains, with what turns their messages into types and back: they bring domains together.
const SERVICES: &str = "services";

/// Whose tables are whose, by what their names begin with; the longest counts.
const TABLES: &[(&str, &str)] = &[
    ("assessment", "quality"),
    ("audit_event", "audit"),
    ("ballot", "competition"),
    ("calendar", "calendar"),
    ("callback", "callback"),
    ("coaching_rating", "contest"),
    ("commit_mark", "store"),
    ("clock", "deadline"),
    // No table: PostgreSQL's function.
    ("clock_timestamp", "store"),
    ("commitment", "commitment"),
    ("competition", "competition"),
    ("concern", "voice"),
    ("contact_point", "directory"),
    ("contact_policy", "contact"),
    ("contest", "contest"),
    ("counted_ballots", "competition"),
    ("customer", "directory"),
    ("customer_merge", "identity"),
    ("department", "voice"),
    ("discretion", "discretion"),
    ("do_not_contact", "contact"),
    ("erasure", "privacy"),
    ("erasure_tombstone", "directory"),
    ("housekeeping", "store"),
    ("alias_coincidence", "identity"),
    ("follow_up", "follow_up"),
    ("id_skeleton", "directory"),
    ("incident", "incident"),
    ("interaction", "interaction"),
    ("invitation_counter", "survey"),
    ("journey", "journey"),
    ("lost_master_key", "master_keys"),
    ("master_key", "master_keys"),
    ("merged_customer", "directory"),
    ("normal_form", "identity"),
    ("notice", "notice"),
    ("outbound_contact", "contact"),
    ("praise", "quality"),
    ("preference", "preference"),
    ("presence", "presence"),
    ("rating", "rating"),
    ("reattribution", "interaction"),
    ("restoration", "store"),
    ("refused_point", "contact"),
    ("request_memory", "store"),
    ("session", "session"),
    ("staff_member", "directory"),
    ("stream", "store"),
    ("survey_direction", "template"),
    ("survey_invitation", "survey"),
    ("survey_reply", "survey"),
    ("survey_template", "template"),
    ("team", "directory"),
    ("timer", "timer"),
    ("trial", "trial"),
    ("webhook", "webhook"),
];

/// The crates below the server, and which of one another they use.
const CRATES: &[(&str, &[&str])] = &[
    ("brief", &["contract"]),
    ("calendar", &[]),
    ("contract", &[]),
    ("identity", &[]),
    ("import", &["contract"]),
    ("journey", &["preference", "statistics"]),
    ("preference", &["statistics"]),
    ("privacy-derive", &[]),
    ("reply", &[]),
    ("statistics", &[]),
    ("trial", &["statistics"]),
    ("vote", &["statistics"]),
];
/// What no crate that is pure may bring in: servers, databases, and what takes a C compiler.
const IMPURE: &[&str] = &["aws-lc-rs", "rand", "sea-orm", "sqlx", "tokio", "tonic"];
/// The crate that is made of one.
const GENERATED: &str = "contract";

#[test]
fn no_crate_uses_the_server_or_more_than_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut found: Vec<String> = fs::read_dir(&root).unwrap().map(|one| name(&one.unwrap().path())).collect();
    found.sort();
    assert_eq!(found, CRATES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "say in CRATES what it may use");
    for (crate_name, allowed) in CRATES {
        let manifest = fs::read_to_string(root.join(crate_name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(uses) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for used in uses.keys() {
                let is_ours = used == "rapport" || used.starts_with("rapport-");
                let is_allowed = allowed.iter().any(|one| *used == format!("rapport-{one}"));
                assert!(!is_ours || is_allowed, "crates/{crate_name} uses {used}");
                let is_pure = *crate_name == GENERATED || !IMPURE.contains(&used.as_str());
                assert!(is_pure, "crates/{crate_name} uses {used}, and is to be pure");
            }
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_table_belongs_to_a_module() {
    let migrations = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/src"));
    let mut made = 0;
    for (file, text) in migrations {
        let words: Vec<&str> = text.split(|one: char| !one.is_alphanumeric() && one != '_').collect();
        for name in words.windows(3).filter(|words| words[..2] == ["CREATE", "TABLE"]).map(|words| words[2]) {
            made += 1;
            assert!(owner(name).is_some(), "{file} makes {name}: say in TABLES whose it is");
        }
    }
    assert!(made > 40, "only {made} tables were found");
    assert!(TABLES.iter().all(|(_, owner)| layer_of(owner).is_some()));
}

#[test]
fn no_module_uses_one_above_it() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        let own = layer_of(&module_of(&file, &file)).unwrap_or_else(|| panic!("{file} is in no layer: say in which"));
        for path in paths(&text) {
            let other = module_of(&path.replace("::", "/"), &file);
            let Some(layer) = layer_of(&other) else { continue };
            let same = other == module_of(&file, &file);
            if !same && layer >= own {
                found.push(format!("{file} uses crate::{path}, which is not below it"));
            }
        }
    }
    assert!(found.is_empty(), "{} back edge(s):\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_statement_names_a_table_from_above() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        let own = layer_of(&module_of(&file, &file)).expect("the other test tells");
        for table in tables(&text) {
            let owner =
                TABLES.iter().filter(|(begin, _)| table.starts_with(begin)).max_by_key(|(begin, _)| begin.len());
            if let Some((_, owner)) = owner
                && layer_of(owner).is_some_and(|layer| layer > own)
            {
                found.push(format!("{file} names {table}, which is {owner}'s"));
            }
        }
    }
    assert!(found.is_empty(), "{} back edge(s):\n{}", found.len(), found.join("\n"));
}

fn owner(table: &str) -> Option<&'static str> {
    let begins = TABLES.iter().filter(|(begin, _)| table.starts_with(begin));
    begins.max_by_key(|(begin, _)| begin.len()).map(|(_, owner)| *owner)
}

/// Every file of the library but the map itself and the program, by its path below `src`, without comments and unit tests.
fn sources() -> BTreeMap<String, String> {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).into_iter();
    let is_ours = |name: &str| !["lib.rs", "main.rs"].contains(&name) && !name.contains("/tests");
    all.filter(|(name, _)| is_ours(name)).map(|(name, text)| (name, code(&text))).collect()
}

/// The sources below a folder, by path.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") {
                all.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    all
}

fn code(text: &str) -> String {
    let tests =
        text.find("#[cfg(test)]\nmod ").or_else(|| text.find("#[cfg(test)]\npub(crate) mod ")).unwrap_or(text.len());
    let lines = text[..tests].lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The module that a file or path belongs to, seen from `from`: a service is one whatever its domain, to whom is not of that
/// domain.
fn module_of(path: &str, from: &str) -> String {
    let mut parts = path.trim_end_matches(".rs").split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let first_of_from = from.trim_end_matches(".rs").split('/').next().unwrap_or_default();
    match (first, second) {
        ("api" | "error", _) => CONTRACT.to_owned(),
        ("cli" | "server", _) => first.to_owned(),
        (_, Some("service" | "message")) if path == from || first != first_of_from => SERVICES.to_owned(),
        _ if path != from && first == first_of_from => module_of(from, from),
        _ => first.to_owned(),
    }
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// What the code names by a path from the crate's root, trees of `use` taken apart.
fn paths(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|one| one.is_alphanumeric() || one == '_') {
            continue;
        }
        branch(&text[at + "crate::".len()..], "", &mut all);
    }
    all
}

/// Reads a path or a tree in braces; gives what is left behind it.
fn branch<'a>(text: &'a str, before: &str, all: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            match rest.strip_prefix('}') {
                Some(behind) => return behind,
                None if rest.is_empty() => return rest,
                None => rest = branch(rest, before, all),
            }
        }
    }
    let length = text.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let path = if before.is_empty() { name.to_owned() } else { format!("{before}::{name}") };
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => branch(rest, &path, all),
        _ => {
            all.push(path);
            // An item may be renamed; nothing here depends on it.
            let rest = rest.trim_start();
            match rest.strip_prefix("as ") {
                Some(renamed) => renamed.trim_start_matches(|one: char| one.is_alphanumeric() || one == '_'),
                None if name.is_empty() => rest.get(1..).unwrap_or_default(),
                None => rest,
            }
        }
    }
}

/// The tables that statements name.
fn tables(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|one: char| !one.is_alphanumeric() && one != '_').collect();
    let names = words.windows(2).filter(|pair| ["FROM", "JOIN", "INTO", "UPDATE"].contains(&pair[0]));
    names.map(|pair| pair[1].to_owned()).collect()
}
