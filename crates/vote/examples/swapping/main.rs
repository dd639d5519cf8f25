//! What swapping votes, canvassing and silence gain under each rule, and what flags see of it: prints the tables of
//! docs/swapping.md.
//!
//! `cargo run --release -p rapport-vote --example swapping -- gains --only 8x6`; the same seed prints the same tables.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

mod attacks;
mod coverage;
mod flagged;
mod gains;
mod rules;
mod silence;
mod trials;

use clap::{Parser, Subcommand};

/// What swapping votes, canvassing and silence gain under each rule.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    table: Table,
    /// Months simulated for each row; honest and agreed votes of the same month are compared
    #[arg(long, default_value_t = 500, global = true)]
    trials: usize,
    /// What all chance comes from
    #[arg(long, default_value = "rapport", global = true)]
    seed: String,
    /// Only sizes whose name contains this, such as 8x6
    #[arg(long, default_value = "", global = true)]
    only: String,
}

#[derive(Subcommand)]
enum Table {
    /// Accuracy, and what each agreement gains, by rule and size
    Gains,
    /// What places a team gains by not voting
    Silence,
    /// The worst of many variants of pushing and burying, by size
    Attacks {
        /// Variants tried for each size
        #[arg(long, default_value_t = 500)]
        variants: usize,
    },
    /// How often flags find agreements, and accuse the innocent, after one, three and six months
    Flags,
    /// How often intervals hold what they say
    Coverage,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let trials = trials::Trials { count: options.trials, seed: &options.seed };
    println!("{} months a row, seed {:?}; with 95 %\n", options.trials, options.seed);
    match options.table {
        Table::Gains => gains::print(trials, &options.only),
        Table::Silence => silence::print(trials, &options.only),
        Table::Attacks { variants } => attacks::print(trials, &options.only, variants),
        Table::Flags => flagged::print(trials, &options.only),
        Table::Coverage => coverage::print(trials, &options.only),
    }
}
