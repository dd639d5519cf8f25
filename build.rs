//! Turns the contract into Rust: messages and services, the checks of field rules, the table of who may call.

#![allow(clippy::wildcard_enum_match_arm, reason = "what the contract's checks do not know stops the build")]
#![allow(clippy::disallowed_macros, reason = "Cargo reads what a build script prints")]

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

#[path = "build/contract.rs"]
mod contract;

/// From `crates/contract`, which this script builds.
const ROOT: &str = "../..";

fn main() -> Result<(), Box<dyn Error>> {
    // A descriptor set carries no file times, so Cargo is told here what the output depends on.
    println!("cargo:rerun-if-changed={ROOT}/proto");
    println!("cargo:rerun-if-changed={ROOT}/build");
    println!("cargo:rerun-if-changed={ROOT}/build.rs");

    let files = [
        "rapport/v1/access.proto",
        "rapport/v1/audit.proto",
        "rapport/v1/calendar.proto",
        "rapport/v1/callback.proto",
        "rapport/v1/commitment.proto",
        "rapport/v1/competition.proto",
        "rapport/v1/contact.proto",
        "rapport/v1/contest.proto",
        "rapport/v1/directory.proto",
        "rapport/v1/discretion.proto",
        "rapport/v1/error_reason.proto",
        "rapport/v1/follow_up.proto",
        "rapport/v1/incident.proto",
        "rapport/v1/event.proto",
        "rapport/v1/identity.proto",
        "rapport/v1/import.proto",
        "rapport/v1/interaction.proto",
        "rapport/v1/journey.proto",
        "rapport/v1/operations.proto",
        "rapport/v1/preference.proto",
        "rapport/v1/presence.proto",
        "rapport/v1/privacy.proto",
        "rapport/v1/quality.proto",
        "rapport/v1/rating.proto",
        "rapport/v1/session.proto",
        "rapport/v1/survey.proto",
        "rapport/v1/trial.proto",
        "rapport/v1/voice.proto",
    ];
    let mut compiler = protox::Compiler::new([format!("{ROOT}/proto")])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;

    // The bytes, not the typed set: the latter drops every custom option.
    let descriptor_set = compiler.encode_file_descriptor_set();
    let contract = contract::Contract::read(&descriptor_set, "rapport.v1")?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptor.bin"), &descriptor_set)?;
    fs::write(out.join("checks.rs"), contract.checks()?)?;
    fs::write(out.join("names.rs"), contract.names()?)?;
    fs::write(out.join("access_table.rs"), contract.access_table()?)?;

    tonic_prost_build::configure()
        .btree_map(".")
        .codec_path("crate::codec::CheckedCodec")
        .compile_fds(prost_types::FileDescriptorSet::decode(descriptor_set.as_slice())?)?;
    Ok(())
}
