//! The fault suite: real server processes, and what may befall them. `cargo test --test faults -- --help`.
//!
//! Every round has a server of its own, callers who journal each write before they send it, and a fault. Afterwards
//! everything is sent again under its request ids: what was acknowledged must be there, once, under the same ids; the
//! counters must be what the record comes to; the server must have said honestly whether it was ready. `docs/reliability.md`
//! tells what is promised for each.

#![allow(clippy::disallowed_macros, reason = "a test says what it was about")]

mod checks;
mod cluster;
mod inject;
mod ledger;
mod operations;
#[path = "../../examples/support/organisation.rs"]
mod organisation;
mod places;
mod process;
mod proxy;
mod rounds;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use places::Backend;
use rounds::{Round, Task};

/// A round that takes longer has found something that waits for ever.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Kills servers, fills disks, cuts connections, turns clocks, and looks whether anything acknowledged is missing.
///
/// Without an argument every round runs as a whole, which takes an hour or more. Each prints its seed; with --only,
/// --database and --seed it runs again in the same way, as far as processes and disks let it. PostgreSQL is started from
/// its installed binaries; where there are none its rounds are left out, and under CI=true they fail.
#[derive(Parser)]
struct Args {
    /// A few of everything, in some minutes
    #[arg(long)]
    short: bool,

    /// Only rounds whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// Only one database: sqlite or postgres
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,

    /// Kills, errors, operations or times over, whatever the round has, instead of its own number
    #[arg(long, value_name = "N")]
    size: Option<u64>,

    /// Where the random moments come from
    #[arg(long)]
    seed: Option<u64>,

    /// Another program than the one built here, for example of an older version
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,

    /// List the rounds and end
    #[arg(long)]
    list: bool,

    /// Print one JSON object a round besides
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(program) = &args.program
        && std::env::var_os("RAPPORT_FAULTS_PROGRAM").is_none()
    {
        // Every start of a server reads it, also those of threads that this program does not have yet.
        let again = std::process::Command::new(std::env::current_exe().unwrap_or_default())
            .args(std::env::args_os().skip(1))
            .env("RAPPORT_FAULTS_PROGRAM", program)
            .status();
        return ExitCode::from(u8::from(!again.is_ok_and(|status| status.success())));
    }
    let tasks = rounds::ALL.iter().flat_map(|round| round.backends.iter().map(move |backend| (round, *backend)));
    let wanted = |(round, backend): &(&Round, Backend)| {
        args.only.as_ref().is_none_or(|only| round.name.contains(only.as_str()))
            && args.database.as_ref().is_none_or(|name| backend.name() == name)
    };
    let tasks: Vec<_> = tasks.filter(wanted).collect();
    if args.list {
        for (round, backend) in tasks {
            println!("{:10} {:28} {} or {}", backend.name(), round.name, round.short, round.whole);
        }
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let must_run = std::env::var("CI").is_ok_and(|ci| ci == "true");
    for (round, backend) in tasks {
        if backend == Backend::Postgres && cluster::binaries().is_none() && !must_run {
            println!("{:10} {:28} left out: PostgreSQL is not installed", backend.name(), round.name);
            skipped += 1;
            continue;
        }
        let size = args.size.unwrap_or(if args.short { round.short } else { round.whole });
        if size == 0 {
            println!("{:10} {:28} only as a whole", backend.name(), round.name);
            skipped += 1;
            continue;
        }
        let seed = args.seed.unwrap_or_else(rand::random);
        if run(round, Task { backend, seed, size }, args.json) {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    ExitCode::from(u8::from(failed > 0))
}

fn run(round: &Round, task: Task, json: bool) -> bool {
    let Task { backend, seed, size } = task;
    let begun = Instant::now();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            runtime.block_on(async {
                match tokio::time::timeout(LONGEST, (round.run)(task)).await {
                    Ok(outcome) => outcome,
                    Err(_) => anyhow::bail!("no end after {LONGEST:?}"),
                }
            })
        });
    let seconds = begun.elapsed().as_secs_f64();
    let (verdict, told) = match &outcome {
        Ok(told) => ("ok", told.clone()),
        Err(error) => ("FAILED", format!("{error:#}")),
    };
    println!("{:10} {:28} {verdict:6} {seconds:6.1} s  {told}", backend.name(), round.name);
    if outcome.is_err() {
        let database = backend.name();
        println!(
            "           again: cargo test --test faults -- --only {} --database {database} --size {size} --seed {seed}",
            round.name
        );
    }
    if json {
        let line = serde_json::json!({
            "round": round.name, "database": backend.name(), "seed": seed, "size": size, "ok": outcome.is_ok(),
            "seconds": seconds, "told": told,
        });
        println!("{line}");
    }
    outcome.is_ok()
}
