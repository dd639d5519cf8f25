//! Every test of the running server, over a real socket, on SQLite and on PostgreSQL.
//!
//! A test is an `async fn(Server)`, named once in its file's `tests()`; a new file is added to the list in `main`. Each
//! becomes two trials, `sqlite::FILE::NAME` and `postgres::FILE::NAME`, with a server and a database of their own. See
//! `support` for what a test has at hand.

#![allow(clippy::unwrap_used, reason = "a test that unwraps fails where it should")]
#![allow(clippy::disallowed_macros, reason = "a test says what it was about")]

mod access;
mod attacks;
mod backups;
mod brief;
mod calendars;
mod callbacks;
mod cli;
mod clocks;
mod commitments;
mod connect;
mod consensus;
mod console;
mod contact;
mod contests;
mod contract;
mod discretion;
mod doctor;
mod entities;
mod erasure;
mod errors;
mod events;
mod figures;
mod follow_ups;
mod identity;
mod imports;
mod incidents;
mod interactions;
mod journeys;
mod keys;
mod network;
mod notations;
mod operations;
mod preferences;
mod privacy;
mod quality;
mod ratings;
mod record;
mod replies;
mod results;
mod server;
mod sessions;
mod shipped;
mod sign_in;
mod stopping;
mod support;
mod surveys;
mod trials;
mod upgrades;
mod voice;
mod voting;
mod watch;
mod web;
mod webhooks;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Half as many again as there are processors: tests wait for steps by the clock, for processes, for what must not come.
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.test_threads.get_or_insert(processors + processors.div_ceil(2));
    let trials = [
        support::trials(access::tests()),
        support::trials(attacks::tests()),
        support::trials(brief::tests()),
        support::trials(calendars::tests()),
        support::trials(cli::tests()),
        support::trials(shipped::tests()),
        support::trials(clocks::tests()),
        support::trials(console::tests()),
        support::trials(contact::tests()),
        support::trials(backups::tests()),
        support::trials(callbacks::tests()),
        support::trials(commitments::tests()),
        support::trials(discretion::tests()),
        support::trials(follow_ups::tests()),
        support::trials(connect::tests()),
        support::trials(doctor::tests()),
        support::trials(consensus::tests()),
        support::trials(contests::tests()),
        support::trials(entities::tests()),
        support::trials(erasure::tests()),
        support::trials(errors::tests()),
        support::trials(events::tests()),
        support::trials(figures::tests()),
        support::trials(identity::tests()),
        support::trials(imports::tests()),
        support::trials(incidents::tests()),
        support::trials(journeys::tests()),
        support::trials(interactions::tests()),
        support::trials(keys::tests()),
        support::trials(network::tests()),
        support::trials(notations::tests()),
        support::trials(operations::tests()),
        support::trials(preferences::tests()),
        support::trials(privacy::tests()),
        support::trials(quality::tests()),
        support::trials(ratings::tests()),
        support::trials(record::tests()),
        support::trials(replies::tests()),
        support::trials(results::tests()),
        support::trials(server::tests()),
        support::trials(sessions::tests()),
        support::trials(sign_in::tests()),
        support::trials(stopping::tests()),
        support::trials(surveys::tests()),
        support::trials(trials::tests()),
        support::trials(upgrades::tests()),
        support::trials(voice::tests()),
        support::trials(voting::tests()),
        support::trials(web::tests()),
        support::trials(webhooks::tests()),
        support::trials(watch::tests()),
        // Needs no server.
        contract::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}
