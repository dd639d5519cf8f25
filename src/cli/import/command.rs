//! The commands under `rapport import`.

use clap::Subcommand;

use super::{ImportArgs, What, check, suggest};
use crate::cli::out::{self, say};

/// What to do with a file.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Records what happened between the organisation and customers
    Interactions(ImportArgs),
    /// Records how customers rated what happened, each row with its interaction
    Ratings(ImportArgs),
    /// Creates or completes teams, staff and customers
    Directory(ImportArgs),
    /// Prints a mapping for a file that nobody described, with what speaks for every line of it
    Suggest(suggest::SuggestArgs),
    /// Says what a mapping would make of a file; needs no server and writes nothing
    Check(check::CheckArgs),
    /// Lists the mappings that come with the program; `--mapping` takes their names
    Mappings {
        /// Print this one
        name: Option<String>,
    },
}

/// Runs the command. Rejected rows are reported, not an error.
pub async fn run(command: ImportCommand) -> anyhow::Result<()> {
    match command {
        ImportCommand::Interactions(args) => super::run(What::Interactions, args).await,
        ImportCommand::Ratings(args) => super::run(What::Ratings, args).await,
        ImportCommand::Directory(args) => super::run(What::Directory, args).await,
        ImportCommand::Suggest(args) => suggest::run(&args),
        ImportCommand::Check(args) => check::run(&args),
        ImportCommand::Mappings { name } => mappings(name.as_deref()),
    }
}

fn mappings(name: Option<&str>) -> anyhow::Result<()> {
    use rapport_import::shipped::{ALL, Shipped};
    match name {
        None => {
            let rows = ALL.iter().map(|one| [one.name, one.kind, one.title()]);
            Ok(say!("{}", out::table(["mapping", "rows", "of"], rows, []))?)
        }
        Some(name) => {
            let found = Shipped::named(name);
            let found = found.ok_or_else(|| anyhow::anyhow!("no mapping {name:?} comes with the program"))?;
            Ok(say!("{}", found.text.trim_end())?)
        }
    }
}
