//! `rapport evaluate`: how well what is inferred would have foretold the record.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rapport_preference::replay::Ratings;
use serde_json::json;

use super::{
    database::DatabaseArgs,
    out::{self, Table},
};
use crate::{
    config::Config,
    preference::{
        replay::{Answer, DimensionFigures},
        store,
    },
    private_file,
    store::Store,
};

/// Flags of `rapport evaluate`.
#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// What to evaluate.
    #[command(subcommand)]
    pub what: What,
}

/// What is evaluated.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Asks before every interaction of a customer what a server would have said at its instant, and compares with what came
    ///
    /// The figures are over customers with at least 4 earlier interactions. Works on the database itself, beside servers that
    /// go on.
    Preferences(PreferencesArgs),
}

/// Flags of `rapport evaluate preferences`.
#[derive(Clone, Debug, Args)]
pub struct PreferencesArgs {
    /// Print one JSON object: dimensions
    #[arg(long)]
    pub json: bool,

    /// Ask as those do from whom ratings are kept: staff, supervisors, and readers of a brief
    #[arg(long)]
    pub without_ratings: bool,

    /// Write every answer to a file that only you can read, one JSON object a line: customer_id, at (microseconds since 1970),
    /// dimension, first (the likeliest value), is_offered, confidence, borrowed, came, own_mode_came
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,

    /// Zone of the organisation, for customers whose own is not known [env: RAPPORT_TIME_ZONE] [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,

    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// The database cannot be opened or read.
pub async fn run(args: EvaluateArgs) -> anyhow::Result<()> {
    match args.what {
        What::Preferences(args) => preferences(args).await,
    }
}

async fn preferences(args: PreferencesArgs) -> anyhow::Result<()> {
    let (config, store) = args.database.open(args.time_zone).await?;
    let ratings = if args.without_ratings { Ratings::AreHidden } else { Ratings::Weigh };
    let measured = measure(&store, (&config, ratings), (args.json, args.answers.as_deref())).await;
    store.close().await;
    let figures = measured?;
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", json!({ "dimensions": figures }))?;
    } else {
        writeln!(out, "{}", table(&figures))?;
        writeln!(
            out,
            "\nShares of what came. Gain: lower end, at 2.5 %, of the first guess over their most frequent value. Calibration:
of all answers as they are served, and of those that offer a value. Silent: the first guess came less often than
their most frequent value, and a server says nothing there."
        )?;
    }
    Ok(())
}

async fn measure(
    store: &Store,
    (config, ratings): (&Config, Ratings),
    (json, answers): (bool, Option<&Path>),
) -> anyhow::Result<Vec<DimensionFigures>> {
    let watched = !json && out::is_watched();
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(store::recorded(store.reader()).await?), target);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {human_pos} interactions  {eta} left");
    let bar = if let Ok(style) = style { bar.with_style(style) } else { bar };
    let mut file = answers.map(create).transpose()?;
    let mut written = Ok(());
    let on_answer = |answer: &Answer<'_>| {
        let Some(file) = file.as_mut().filter(|_| written.is_ok()) else { return };
        written = serde_json::to_writer(&mut *file, answer).map_err(Into::into).and_then(|()| writeln!(file));
    };
    let asked = (&config.time_zone.rules, ratings);
    let replay = store::replay(store.reader(), asked, 1.0, on_answer, |more| bar.inc(more)).await?;
    bar.finish_and_clear();
    written.and_then(|()| file.map_or(Ok(()), |mut file| file.flush())).context("writing the answers")?;
    Ok(replay.figures())
}

/// A file for what is known of customers.
fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let open = || {
        private_file::own_file(path)?;
        anyhow::Ok(BufWriter::new(File::create(path)?))
    };
    open().with_context(|| format!("--answers {}", path.display()))
}

fn table(figures: &[DimensionFigures]) -> Table {
    let header = [
        "dimension",
        "predicted",
        "customers",
        "first",
        "of three",
        "everybody's",
        "their own",
        "last",
        "their own",
        "gain",
        "offered",
        "came",
        "calibration",
        "of those",
        "ties",
        "half-life",
    ];
    let share = |share: f64| format!("{:.1} %", share * 1e2);
    let row = |DimensionFigures { dimension, figures: one }: &DimensionFigures| {
        [
            dimension.clone(),
            one.predictions.to_string(),
            one.customers.to_string(),
            share(one.top1),
            share(one.top3),
            share(one.overall_mode),
            share(one.own_mode),
            share(one.last_top1),
            share(one.last_own_mode),
            format!("{:+.1}", one.gain_low * 1e2),
            if one.is_silent { "silent".to_owned() } else { share(one.offered) },
            share(one.offered_came),
            format!("{:.3}", one.calibration_error),
            format!("{:.3}", one.offered_calibration_error),
            one.ties.to_string(),
            format!("{} d", one.half_life_days),
        ]
    };
    out::table(header, figures.iter().map(row), 1..=15)
}
