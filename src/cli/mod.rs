//! The commands of the program. Each is a file or folder of its own: its arguments, what it does, what it prints.

pub mod client;
pub mod import;
pub mod summary;

use clap::{Parser, Subcommand};

/// A gRPC server that gives a service organisation one trustworthy memory of how it treats its customers.
#[derive(Debug, Parser)]
#[command(name = "rapport", version, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Records the rows of a CSV or TSV file; running it twice records nothing twice.
    Import(import::ImportArgs),
    /// Prints how the recorded interactions went, by group.
    Summary(summary::SummaryArgs),
}

/// Runs a command to its end.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Import(args) => import::run(args).await,
        Command::Summary(args) => summary::run(args).await,
    }
}
