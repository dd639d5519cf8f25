//! `rapport completions`: what a shell needs to complete the program's arguments.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Arguments of `rapport completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// If nobody takes the output.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    // Into memory first: the generator does not expect its output to be closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "rapport", &mut script);
    Ok(super::out::file(&script)?)
}
