//! `rapport import suggest`: a mapping for a file that nobody described.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use rapport_import::suggest::{self, Kind};

use super::note_found;
use crate::{
    cli::out::{note, one_line, say},
    clock::Clock,
    interaction::reader::violations,
};

/// Arguments of `rapport import suggest`.
#[derive(Debug, Args)]
pub struct SuggestArgs {
    /// The file
    pub file: PathBuf,
    /// What the rows are; told from the columns if left out
    #[arg(long, value_enum)]
    pub kind: Option<KindArg>,
    /// Print what is known of every column as one JSON object instead of the mapping
    #[arg(long)]
    pub json: bool,
}

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// What happened between the organisation and customers
    Interactions,
    /// How customers rated what happened
    Ratings,
    /// Teams, staff and customers
    Directory,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Interactions => Self::Interactions,
            KindArg::Ratings => Self::Ratings,
            KindArg::Directory => Self::Directory,
        }
    }
}

/// Runs the command: the mapping goes to standard output, what it would do to standard error.
pub(super) fn run(args: &SuggestArgs) -> anyhow::Result<()> {
    let now = Timestamp::from_microsecond(Clock::system().now_micros())?;
    let rules = |request: &_| violations(request, now.as_microsecond());
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = suggest::File { path: &args.file, name: &name, most_rows: u64::MAX };
    let suggested = suggest::of_file(&file, args.kind.map(Kind::from), now, &rules);
    let (suggestion, notes) = suggested.with_context(|| format!("cannot read {}", args.file.display()))?;
    note_found(&args.file, &notes);
    if args.json {
        return Ok(say!("{}", serde_json::to_string(&suggestion)?)?);
    }
    say!("{}", suggestion.mapping.trim_end())?;
    let trial = &suggestion.trial;
    note!(
        "{}: {} rows, {} to be sent, {} skipped, {} rejected; {} question(s)",
        suggestion.kind.name(),
        trial.read,
        trial.sent,
        trial.skipped,
        trial.rejected,
        suggestion.questions.len()
    );
    trial.remarks.told().for_each(|remark| note!("note: {}", one_line(&remark)));
    let open = suggestion.questions.iter().filter(|question| question.contains("in the place of \"?\""));
    open.for_each(|question| note!("to be answered: {}", one_line(question)));
    Ok(())
}
