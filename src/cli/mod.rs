//! The commands of the program. Each is a file or folder of its own: its arguments, what it does, what it prints.

pub mod backup;
pub mod bias;
pub mod brief;
pub mod calendars;
pub mod call;
pub mod callbacks;
mod choice;
pub mod client;
pub mod commitments;
pub mod compact;
pub mod competition;
pub mod completions;
pub mod console;
pub mod customers;
pub mod database;
pub mod demo;
pub mod discretion;
pub mod doctor;
pub mod evaluate;
pub mod events;
mod findings;
pub mod followups;
pub mod health;
pub mod import;
pub mod incidents;
pub mod journey;
pub mod leaderboard;
pub mod out;
pub mod preferences;
pub mod presence;
pub mod rank;
pub mod recompute;
pub mod restore;
pub mod scorecard;
pub mod serve;
pub mod summary;
mod supervisor;
pub mod tally;
pub mod token;
pub mod trial;
pub mod verify;
pub mod verify_backup;
pub mod voice;
pub mod watch;

use std::{io::Write as _, process::ExitCode};

use clap::{Parser, Subcommand};
use futures::future::LocalBoxFuture;

use crate::config::ServeArgs;

/// A gRPC server that gives a service organisation one trustworthy memory of how it treats its customers.
///
/// Without a command it serves, as `rapport serve` does. `rapport demo` shows what it is for.
#[derive(Debug, Parser)]
#[command(name = "rapport", version, max_term_width = 120, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve, where no command is given.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves until it is told to stop
    Serve(ServeArgs),
    /// Shows what Rapport is for: records a small organisation's half-year, serves it with links to the console
    Demo(demo::DemoArgs),
    /// Prints a token with which to call a server, signed by its data directory's key
    Token(token::TokenArgs),
    /// Prints a one-time link that signs somebody in to the console, signed by the same key
    Console(console::ConsoleArgs),
    /// Records the rows of a file; running it twice records nothing twice
    Import {
        /// What to do with it
        #[command(subcommand)]
        command: import::ImportCommand,
    },
    /// Prints how the recorded interactions went, by group
    Summary(summary::SummaryArgs),
    /// Prints what the ratings come to, by group: for staff, and in the customer's truth
    Scorecard(scorecard::ScorecardArgs),
    /// Prints teams or colleagues by what they make of the same work: bands before places
    Rank(rank::RankArgs),
    /// Runs competitions: announces, opens and closes them, tells why an entry won, writes the record
    Competition(competition::CompetitionArgs),
    /// Prints the places of a competition, or waits for them
    Leaderboard(leaderboard::LeaderboardArgs),
    /// Prints whether somebody chooses whom to invite to rate: who was invited, and who was passed over
    Bias(bias::BiasArgs),
    /// Counts every rating and invitation from scratch and corrects the counters, or with --check only compares them
    ///
    /// Works on the database itself; servers before it may go on, but no rating is taken and nobody invited in the
    /// meantime.
    Recompute(recompute::RecomputeArgs),
    /// Rewrites the database so that nothing of what was erased or replaced is left in its files
    ///
    /// SQLite: takes about the size of the database on the disk in addition, and holds up writers; nobody may hold
    /// the database open for reading, so stop the server first. PostgreSQL: vacuums every table.
    Compact(compact::CompactArgs),
    /// Looks whether all is well with the machine, the keys and the database, and says what to do where it is not
    ///
    /// Changes nothing. Takes the server's settings from the same places as the server does.
    Doctor(doctor::DoctorArgs),
    /// Copies the database to a folder while its servers are at work
    Backup(backup::BackupArgs),
    /// Checks a backup: whether it is whole, can be opened, agrees with itself
    ///
    /// SQLite: takes about the size of the copy on the disk in addition, in the backup's folder. PostgreSQL: give an empty database.
    VerifyBackup(verify_backup::VerifyBackupArgs),
    /// Puts a backup in place, without who was erased since
    Restore(restore::RestoreArgs),
    /// Counts ballots from a file under rules from a file: what would another trim, panel or form have done?
    Tally(tally::TallyArgs),
    /// Checks a competition's record from itself alone, and names the first thing that does not agree
    Verify(verify::VerifyArgs),
    /// Prints how a customer likes to be met: what their record shows, and what they said
    Preferences(preferences::PreferencesArgs),
    /// Prints what to know before meeting a customer: who, what we owe, what they like, what to avoid, how to begin
    ///
    /// The reading is recorded with its purpose. Without --json it prints what may be read aloud; with it, where each line
    /// comes from.
    Brief(brief::BriefArgs),
    /// Prints the customers who have some preferences in common
    Customers(customers::CustomersArgs),
    /// Prints how well what is inferred would have foretold the record
    Evaluate(evaluate::EvaluateArgs),
    /// Shows and puts working calendars, reads holidays from iCalendar files, and says when something is due
    Calendars {
        /// What to do.
        #[command(subcommand)]
        command: calendars::CalendarsCommand,
    },
    /// Takes callbacks through: quotes, requests, claims, rings, and sums up what came of the quotes
    Callbacks {
        /// What to do.
        #[command(subcommand)]
        command: callbacks::CallbacksCommand,
    },
    /// Says who is on duty, and for how many callbacks at once
    Presence {
        /// What to do.
        #[command(subcommand)]
        command: presence::PresenceCommand,
    },
    /// Lists what we promised customers, and how much of it was kept
    Commitments {
        /// What to do.
        #[command(subcommand)]
        command: commitments::CommitmentsCommand,
    },
    /// What colleagues may give to customers without a script: budgets, grants, what they buy
    Discretion {
        /// What to do.
        #[command(subcommand)]
        command: discretion::DiscretionCommand,
    },
    /// Works on what customers were not satisfied with: lists, claims, answers, explains, counts
    Followups {
        /// What to do.
        #[command(subcommand)]
        command: followups::FollowupsCommand,
    },
    /// Declares what hit many customers at once, lets them be told, and says what it cost
    Incidents {
        /// What to do.
        #[command(subcommand)]
        command: incidents::IncidentsCommand,
    },
    /// Tries two service plans side by side: who gets which, an alarm where one does harm, a report
    Trial {
        /// What to do.
        #[command(subcommand)]
        command: trial::TrialCommand,
    },
    /// What customers raise, and what departments do about it
    Voice {
        /// What to do.
        #[command(subcommand)]
        command: voice::VoiceCommand,
    },
    /// The customer's journey by stage: what happens in each, what hurts most, and what comes back
    Journey {
        /// What to do.
        #[command(subcommand)]
        command: journey::JourneyCommand,
    },
    /// Watches what happens, and shows webhooks, what their receivers have not taken, and delivers again
    Events {
        /// What to do.
        #[command(subcommand)]
        command: events::EventsCommand,
    },
    /// Says whether a server serves, and ends with an error where it does not
    ///
    /// Needs no token: made for scripts and for a container's health check.
    Health(health::HealthArgs),
    /// Calls any method of the server, with JSON in and out
    Call(call::CallArgs),
    /// Prints what a shell needs to complete these commands
    Completions(completions::CompletionsArgs),
    /// Prints what happens to a customer, a colleague or a team, as it happens
    ///
    /// A line for each interaction that is recorded, updated or re-attributed. Whatever interrupts the watch, a server
    /// that stops or a network that fails, it comes back by itself and goes on where it was, so that no change is
    /// missed. Where it cannot come back, because the token expired for instance, it says with which --resume another
    /// one goes on.
    Watch(watch::WatchArgs),
}

/// The command line of this process.
///
/// # Errors
/// How to end where it is wrong, or asks for help: that is printed already.
pub fn arguments() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        // Help is ours; what is wrong quotes what was given, which a script may have from somebody else.
        _ = if error.use_stderr() { write!(out::stderr(), "{}", error.render()) } else { error.print() };
        u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
    })
}

/// Runs a command to its end. Boxed, as every entry point is, so that its code is compiled with the library and not once more
/// with each program that calls it.
///
/// # Errors
/// What the command says of itself.
pub fn run(cli: Cli) -> LocalBoxFuture<'static, anyhow::Result<()>> {
    Box::pin(command(cli))
}

async fn command(cli: Cli) -> anyhow::Result<()> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => Box::pin(demo::run(args)).await,
        Command::Token(args) => token::run(args),
        Command::Console(args) => console::run(args),
        Command::Import { command } => import::run_command(command).await,
        Command::Summary(args) => summary::run(args).await,
        Command::Scorecard(args) => scorecard::run(args).await,
        Command::Rank(args) => rank::run(args).await,
        Command::Competition(args) => competition::run(args).await,
        Command::Leaderboard(args) => leaderboard::run(args).await,
        Command::Bias(args) => bias::run(args).await,
        Command::Recompute(args) => recompute::run(args).await,
        Command::Compact(args) => compact::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::VerifyBackup(args) => verify_backup::run(args).await,
        Command::Restore(args) => Box::pin(restore::run(args)).await,
        Command::Tally(args) => tally::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Preferences(args) => preferences::run(args).await,
        Command::Brief(args) => brief::run(args).await,
        Command::Customers(args) => customers::run(args).await,
        Command::Evaluate(args) => evaluate::run(args).await,
        Command::Calendars { command } => calendars::run(command).await,
        Command::Callbacks { command } => Box::pin(callbacks::run(command)).await,
        Command::Presence { command } => presence::run(command).await,
        Command::Commitments { command } => commitments::run(command).await,
        Command::Discretion { command } => Box::pin(discretion::run(command)).await,
        Command::Incidents { command } => incidents::run(command).await,
        Command::Trial { command } => trial::run(command).await,
        Command::Voice { command } => voice::run(command).await,
        Command::Journey { command } => journey::run(command).await,
        Command::Followups { command } => followups::run(command).await,
        Command::Events { command } => events::run(command).await,
        Command::Health(args) => health::run(args).await,
        Command::Call(args) => call::run(args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Watch(args) => watch::run(args).await,
    }
}
