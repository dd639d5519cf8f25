//! `rapport evaluate`: how well what is inferred would have foretold the record.

use std::io::Write as _;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::{
    database::DatabaseArgs,
    out::{self, Table},
};
use crate::{
    config::Config,
    preference::{replay::Figures, store},
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
    /// Predicts every interaction of a customer with at least 4 earlier ones from those, and compares with what came
    ///
    /// Works on the database itself, beside servers that go on.
    Preferences(PreferencesArgs),
}

/// Flags of `rapport evaluate preferences`.
#[derive(Clone, Debug, Args)]
pub struct PreferencesArgs {
    /// Print one JSON object: dimensions
    #[arg(long)]
    pub json: bool,

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
    let measured = measure(&store, &config, args.json).await;
    store.close().await;
    let figures = measured?;
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", json!({ "dimensions": figures }))?;
    } else {
        writeln!(out, "{}", table(&figures))?;
        writeln!(
            out,
            "\nShares of what came. Gain: lower end, at 2.5 %, of the first guess over their most frequent value."
        )?;
    }
    Ok(())
}

async fn measure(store: &Store, config: &Config, json: bool) -> anyhow::Result<Vec<Figures>> {
    let watched = !json && out::is_watched();
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(store::recorded(store.reader()).await?), target);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {human_pos} interactions  {eta} left");
    let bar = if let Ok(style) = style { bar.with_style(style) } else { bar };
    let replay = store::replay(store.reader(), &config.time_zone.rules, 1.0, |more| bar.inc(more)).await?;
    bar.finish_and_clear();
    Ok(replay.figures())
}

fn table(figures: &[Figures]) -> Table {
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
        "calibration",
        "ties",
        "half-life",
    ];
    let share = |share: f64| format!("{:.1} %", share * 1e2);
    let row = |one: &Figures| {
        [
            one.dimension.clone(),
            one.predictions.to_string(),
            one.customers.to_string(),
            share(one.top1),
            share(one.top3),
            share(one.overall_mode),
            share(one.own_mode),
            share(one.last_top1),
            share(one.last_own_mode),
            format!("{:+.1}", one.gain_low * 1e2),
            format!("{:.3}", one.calibration_error),
            one.ties.to_string(),
            format!("{} d", one.half_life_days),
        ]
    };
    out::table(header, figures.iter().map(row), 1..=12)
}
