//! What swapping votes gains under each rule: prints the tables of docs/swapping.md.
//!
//! `cargo run --release --example swapping -- [--trials 500] [--seed TEXT]`; the same seed prints the same tables.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

use clap::Parser;
use rapport_vote::{
    Form, Method,
    dealing::{Directions, OneWay, Terms},
    draw::{Purpose, Seed, sha256},
    simulation::{Chance, Plan, Rules, Size, Society},
};

/// What swapping votes gains under each rule, in a table for each size of competition.
#[derive(Parser)]
struct Options {
    /// Months simulated for each row; honest and agreed votes of the same month are compared.
    #[arg(long, default_value_t = 500)]
    trials: usize,
    /// What all chance comes from.
    #[arg(long, default_value = "rapport")]
    seed: String,
    /// Only tables whose title contains this.
    #[arg(long, default_value = "")]
    only: String,
}

const TRIMMED: Method = Method::TrimmedTeamMean { trim_bp: 2_500 };

fn panel(panel_size: usize, one_way: OneWay) -> Rules {
    let terms = Terms { form: Form::RankedPanel, panel_size, one_way, earlier: Directions::new() };
    Rules { terms, method: TRIMMED, ranked: panel_size }
}

fn open(method: Method) -> Rules {
    let terms = Terms { form: Form::OpenChoice, panel_size: 8, one_way: OneWay::Never, earlier: Directions::new() };
    Rules { terms, method, ranked: 1 }
}

struct Table {
    title: &'static str,
    rows: Vec<(&'static str, Size, Rules)>,
}

fn tables() -> Vec<Table> {
    let eight = |neutral| Size { teams: 8, voters: 6, neutral };
    let twenty = Size { teams: 20, voters: 10, neutral: 0 };
    let sixty = Size { teams: 60, voters: 30, neutral: 0 };
    let top_three = Rules { ranked: 3, ..panel(8, OneWay::Never) };
    let mean = Rules { method: Method::TrimmedTeamMean { trim_bp: 0 }, ..panel(8, OneWay::Never) };
    vec![
        Table {
            title: "20 teams x 10 voters",
            rows: vec![
                ("plurality", twenty, open(Method::Plurality)),
                ("open choice, trimmed team mean", twenty, open(TRIMMED)),
                ("panel of 8, team mean", twenty, mean),
                ("panel of 8, trimmed team mean", twenty, panel(8, OneWay::Never)),
                ("the same, one-way", twenty, panel(8, OneWay::Always)),
                ("panel of 8, top 3 ranked", twenty, top_three),
                ("panel of 5, trimmed team mean", twenty, panel(5, OneWay::Never)),
            ],
        },
        Table {
            title: "60 teams x 30 voters",
            rows: vec![
                ("plurality", sixty, open(Method::Plurality)),
                ("panel of 8, trimmed team mean, one-way", sixty, panel(8, OneWay::Always)),
            ],
        },
        Table {
            title: "8 teams x 6 voters",
            rows: vec![
                ("plurality", eight(0), open(Method::Plurality)),
                ("panel of 7, trimmed team mean", eight(0), panel(7, OneWay::Never)),
                ("the same with 4 neutral judge teams", eight(4), panel(7, OneWay::Never)),
                ("the same with 8 neutral judge teams", eight(8), panel(7, OneWay::Never)),
            ],
        },
    ]
}

/// Sums over trials, for a mean and its standard error.
#[derive(Clone, Copy, Default)]
struct Figure {
    sum: f64,
    squares: f64,
}

impl Figure {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.squares += value * value;
    }

    /// With the half width of its interval of 95 %.
    fn mean(&self, n: usize) -> (f64, f64) {
        let n = n as f64;
        let mean = self.sum / n;
        let variance = (self.squares / n - mean * mean).max(0.0);
        (mean, 1.96 * (variance / n).sqrt())
    }
}

/// An agreement, and what is printed of it.
struct Gain {
    plan: Plan,
    /// The first so many teams are in it.
    gainers: usize,
    won: Won,
}

enum Won {
    /// How likely each of them is among the first three.
    TopThree,
    /// How likely one of them wins.
    First,
}

impl Gain {
    fn won(&self, places: &[usize]) -> f64 {
        let within = |top| places[..self.gainers].iter().filter(|place| **place <= top).count() as f64;
        match self.won {
            Won::TopThree => within(3) / self.gainers as f64,
            Won::First => within(1),
        }
    }
}

fn gains() -> [Gain; 5] {
    [
        Gain { plan: Plan::bloc(2, false), gainers: 2, won: Won::TopThree },
        Gain { plan: Plan::bloc(2, false), gainers: 2, won: Won::First },
        Gain { plan: Plan::bloc(2, true), gainers: 2, won: Won::First },
        Gain { plan: Plan::bloc(4, true), gainers: 4, won: Won::First },
        Gain { plan: Plan::canvass(), gainers: 1, won: Won::TopThree },
    ]
}

const HEADS: [&str; 7] =
    ["tau", "best wins", "pair, top 3", "pair wins", "pair+bury wins", "bloc+bury wins", "canvass, top 3"];

fn row(size: Size, rules: &Rules, trials: usize, seed: &str) -> anyhow::Result<[(f64, f64); 7]> {
    let mut figures = [Figure::default(); 7];
    for trial in 0..trials {
        // The same months for every rule of a table, so that rows compare like with like.
        let trial = Seed::from_bytes(sha256(format!("{seed} {trial}").as_bytes()).to_vec());
        let society = Society::draw(size, &mut Chance::new(trial.stream(Purpose::Bootstrap)));
        let vote = |plan: &Plan| society.vote(rules, plan, &trial).map_err(|refusals| anyhow::anyhow!("{refusals:?}"));
        let honest = vote(&Plan::default())?;
        figures[0].add(society.accuracy(&honest));
        figures[1].add(f64::from(u8::from(society.best_won(&honest))));
        for (figure, gain) in figures[2..].iter_mut().zip(gains()) {
            figure.add(gain.won(&vote(&gain.plan)?) - gain.won(&honest));
        }
    }
    Ok(figures.map(|figure| figure.mean(trials)))
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    println!("{} months a row, seed {:?}; gains in percentage points, with 95 %\n", options.trials, options.seed);
    for table in tables().into_iter().filter(|table| table.title.contains(&options.only)) {
        println!("| {} | {} |", table.title, HEADS.join(" | "));
        println!("|{}", "---|".repeat(HEADS.len() + 1));
        for (name, size, rules) in table.rows {
            let figures = row(size, &rules, options.trials, &options.seed)?;
            let cell = |(at, (mean, half)): (usize, &(f64, f64))| match at {
                0 | 1 => format!("{mean:.3} ± {half:.3}"),
                _ => format!("{:+.1} ± {:.1}", 100.0 * mean, 100.0 * half),
            };
            let cells: Vec<String> = figures.iter().enumerate().map(cell).collect();
            println!("| {name} | {} |", cells.join(" | "));
        }
        println!();
    }
    Ok(())
}
