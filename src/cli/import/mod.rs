//! `rapport import`: sends the rows of a file to a server, as a mapping file says.

mod check;
mod command;
mod completing;
mod days;
mod directory;
mod interactions;
mod ledger;
mod patience;
mod ratings;
mod reading;
mod suggest;
mod upsert;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;
use serde::Serialize;

use self::{
    days::Days,
    ledger::{Counts, Ledger},
    patience::Patience,
};
use super::{
    client::{Client, ClientArgs},
    out::{self, note, one_line, say},
};
use rapport_import::{
    conversation::{self, OpenError},
    mapping::{Common, MappingFile},
    rejects::Rejects,
    section::Problems,
    shipped::{self, Shipped},
    suggest::Kind,
    table::Table,
};

pub use self::command::{ImportCommand, run as run_command};

/// Arguments of `rapport import interactions` and its like.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file: delimited text, an Excel or OpenDocument workbook, JSON, a chat from WhatsApp; also packed by gzip
    pub file: PathBuf,
    /// The mapping, which says what the columns mean: a file, or the name of one that `rapport import mappings` lists
    #[arg(long, value_name = "MAP")]
    pub mapping: PathBuf,
    /// Write the rows that were not taken to this file, each with its line and every reason
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Print one JSON object: read, accepted, already_present, completed, skipped, rejected, and days with what is on record of
    /// the file by day and channel
    #[arg(long)]
    pub json: bool,
    /// How long to try again after the connection is lost; what was sent and not acknowledged is sent again
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub patience: u64,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// What happened between the organisation and customers
    Interactions,
    /// How customers rated what happened, each row with its interaction
    Ratings,
    /// Teams, staff and customers
    Directory,
}

impl What {
    fn kind(self) -> Kind {
        match self {
            Self::Interactions => Kind::Interactions,
            Self::Ratings => Kind::Ratings,
            Self::Directory => Kind::Directory,
        }
    }
}

/// Runs the command. Rejected rows are reported, not an error.
async fn run(what: What, args: ImportArgs) -> anyhow::Result<()> {
    let source = Source::open(&args.file, &args.mapping)?;
    let header = source.header()?;
    let in_mapping = |problems: Problems| anyhow::anyhow!("{}: {problems}", args.mapping.display());
    match what {
        What::Interactions => {
            let mapping = source.mapping.interactions(&header).map_err(in_mapping)?;
            let run = Run::start(&args, source, &header, &mapping.common).await?;
            interactions::run(run, &mapping).await
        }
        What::Ratings => {
            let mapping = source.mapping.ratings(&header).map_err(in_mapping)?;
            let run = Run::start(&args, source, &header, &mapping.interaction.common).await?;
            ratings::run(run, &mapping).await
        }
        What::Directory => {
            let mapping = source.mapping.directory(&header).map_err(in_mapping)?;
            let run = Run::start(&args, source, &header, &mapping.common).await?;
            directory::run(run, &mapping).await
        }
    }
}

/// A mapping's text: that of the file, or of the one that comes with the program under this name.
fn mapping_text(mapping: &Path) -> anyhow::Result<String> {
    let shipped = mapping.to_str().and_then(Shipped::named).filter(|_| !mapping.exists());
    if let Some(shipped) = shipped {
        return Ok(shipped.text.to_owned());
    }
    let cannot = || {
        let names: Vec<_> = shipped::ALL.iter().map(|one| one.name).collect();
        format!("cannot read the mapping {}; there come with the program: {}", mapping.display(), names.join(", "))
    };
    fs::read_to_string(mapping).with_context(cannot)
}

/// The file to import and how to read it.
struct Source {
    path: PathBuf,
    bytes: u64,
    mapping: MappingFile,
    mapping_path: PathBuf,
}

impl Source {
    fn open(file: &Path, mapping: &Path) -> anyhow::Result<Self> {
        let text = mapping_text(mapping)?;
        let mapping_path = mapping.to_owned();
        let parsed = MappingFile::parse(&text);
        let mapping = parsed.map_err(|problems| anyhow::anyhow!("{}: {problems}", mapping_path.display()))?;
        let metadata = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self { path: file.to_owned(), bytes: metadata.len(), mapping, mapping_path })
    }

    /// The names of the columns; says what was found in the file that the mapping does not say.
    fn header(&self) -> anyhow::Result<Vec<String>> {
        let table = self.open_table(&TimeZone::UTC)?;
        note_found(&self.path, table.notes());
        Ok(table.header().to_vec())
    }

    /// The rows of the file. Local times are of this zone, unless the mapping names one.
    fn open_table(&self, zone: &TimeZone) -> anyhow::Result<Table<'static>> {
        conversation::open(&self.path, &self.mapping, zone).map_err(|error| match error {
            OpenError::File(error) => anyhow::Error::new(error).context(format!("cannot read {}", self.path.display())),
            OpenError::Mapping(problems) => anyhow::anyhow!("{}: {problems}", self.mapping_path.display()),
        })
    }
}

/// Says what was found in a file that nobody had said of it.
fn note_found(path: &Path, notes: &[String]) {
    let file = path.display().to_string();
    notes.iter().for_each(|found| note!("{}: {}", one_line(&file), one_line(found)));
}

/// What a run came to.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    counts: Counts,
    days: Days,
}

/// One run of the command: everything but the mapping.
struct Run {
    source: Source,
    client: Client,
    patience: Patience,
    zone: TimeZone,
    ledger: Ledger,
    bar: ProgressBar,
    json: bool,
}

impl Run {
    async fn start(args: &ImportArgs, source: Source, header: &[String], common: &Common) -> anyhow::Result<Self> {
        let client = args.client.connect().await?;
        let zone = match &common.zone {
            Some(zone) => zone.clone(),
            None => client.organization_zone().await?,
        };
        let rejects = match &args.rejects {
            None => None,
            Some(path) => {
                let rejects = Rejects::create(path, &source.mapping, header, &source.path);
                Some((path.clone(), rejects.with_context(|| format!("cannot write {}", path.display()))?))
            }
        };
        let ledger = Ledger::new(rejects);
        let bar = progress_bar(source.bytes, args.json);
        let patience = Patience::new(Duration::from_secs(args.patience));
        Ok(Self { source, client, patience, zone, ledger, bar, json: args.json })
    }

    /// Prints the report; `outcome` is how the run itself went.
    fn finish(self, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        let counts = self.ledger.close();
        if let Err(error) = outcome {
            if let Ok((counts, _)) = counts {
                note!("{counts}");
            }
            let advice = "the import stopped before its end; run it again, what was recorded is not recorded twice";
            return Err(error.context(advice));
        }
        let (counts, days) = counts?;
        if self.json {
            say!("{}", serde_json::to_string(&Report { counts, days })?)?;
        } else {
            say!("{counts}")?;
            if let Some(table) = days.table() {
                say!("\n{table}")?;
            }
        }
        Ok(())
    }
}

/// By bytes, because the number of rows is not known before the end. Only for people who are watching.
fn progress_bar(bytes: u64, json: bool) -> ProgressBar {
    let watched = !json && out::is_watched();
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
