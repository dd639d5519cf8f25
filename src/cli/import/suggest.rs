//! `rapport import suggest`: a mapping for a file that nobody described.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use rapport_import::{
    section::QUESTION,
    suggest::{self, Circumstances, Kind, Scanned},
    table::{Shape, Table, TableError},
};

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
    let cannot = || format!("cannot read {}", args.file.display());
    let mut shape = Shape::default();
    let mut reading = Vec::new();
    let table = match Table::open(&args.file, &shape) {
        // Who writes in a chat can be told without knowing when.
        Err(TableError::DayOrMonth { choices, .. }) => {
            reading.push(("dates".to_owned(), format!("{QUESTION:?}")));
            shape.dates = choices.first().copied();
            Table::open(&args.file, &shape)
        }
        table => table,
    };
    let table = table.with_context(cannot)?;
    note_found(&args.file, &table);
    let header = table.header().to_vec();
    drop(table);
    let now = Timestamp::from_microsecond(Clock::system().now_micros())?;
    let rules = |request: &_| violations(request, now.as_microsecond());
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let about = Circumstances {
        file_name: &name,
        header: &header,
        kind: args.kind.map(Kind::from),
        reading: &reading,
        now,
        rules: &rules,
    };
    let mut scan = |each: &mut dyn FnMut(Scanned<'_>)| -> Result<(), TableError> {
        let mut table = Table::open(&args.file, &shape)?;
        while let Some(raw) = table.next_row()? {
            let row = raw.texts(&header);
            each((raw.line, row));
        }
        Ok(())
    };
    let suggestion = suggest::suggest(&mut scan, &about).with_context(cannot)?;
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
