//! The rounds. Each is a fault, or a kind of them, on a database and servers of its own.

mod backups;
mod crashes;
mod failover;
mod files;
mod io_errors;
mod outages;
mod starts;
mod steps;
mod subjects;
mod vote;
mod webhooks;

use std::{pin::Pin, sync::Arc};

use crate::{
    ledger::Ledger,
    organisation,
    places::{Backend, Place},
    process::Server,
};

/// What a round is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    pub(crate) backend: Backend,
    pub(crate) seed: u64,
    /// Interruptions, or injected errors, or operations: as many as the round's kind has.
    pub(crate) size: u64,
}

type Outcome = Pin<Box<dyn Future<Output = anyhow::Result<String>>>>;

/// A round, and how large it is in short and as a whole.
pub(crate) struct Round {
    pub(crate) name: &'static str,
    pub(crate) backends: &'static [Backend],
    /// 0: left out.
    pub(crate) short: u64,
    pub(crate) whole: u64,
    pub(crate) run: fn(Task) -> Outcome,
}

const BOTH: &[Backend] = &[Backend::Sqlite, Backend::Postgres];
const SQLITE: &[Backend] = &[Backend::Sqlite];
const POSTGRES: &[Backend] = &[Backend::Postgres];

macro_rules! round {
    ($module:ident::$name:ident, $backends:expr, $short:expr, $whole:expr) => {
        Round {
            name: stringify!($name),
            backends: $backends,
            short: $short,
            whole: $whole,
            run: |task| Box::pin($module::$name(task)),
        }
    };
}

/// All rounds, in the order in which they run.
pub(crate) const ALL: &[Round] = &[
    round!(io_errors::one_failed_commit, SQLITE, 20, 20),
    round!(io_errors::errors_at_every_call, SQLITE, 200, 10_000),
    round!(io_errors::full_disk, SQLITE, 1, 5),
    round!(outages::harm_at_every_statement, POSTGRES, 100, 10_000),
    round!(crashes::killed_servers, BOTH, 2, 200),
    round!(crashes::calls_given_up, BOTH, 60, 1_000),
    round!(crashes::killed_first_starts, BOTH, 1, 20),
    round!(vote::killed_during_a_vote, BOTH, 2, 12),
    round!(steps::killed_while_steps_come, BOTH, 6, 200),
    round!(steps::killed_while_the_clock_is_stepped, BOTH, 6, 200),
    round!(webhooks::killed_while_events_go_out, BOTH, 2, 200),
    round!(backups::restored_backups, BOTH, 1, 50),
    round!(files::lost_log, SQLITE, 1, 10),
    round!(files::locked_file, SQLITE, 1, 3),
    round!(outages::restarted_database, POSTGRES, 1, 10),
    round!(outages::hung_database, POSTGRES, 0, 5),
    round!(outages::read_only_database, POSTGRES, 1, 5),
    round!(outages::no_connections, POSTGRES, 0, 5),
    round!(outages::terminated_backends, POSTGRES, 20, 400),
    round!(outages::two_servers_rolled, POSTGRES, 1, 20),
    round!(failover::crashed_primary, POSTGRES, 1, 5),
    round!(failover::standby_cut_off_first, POSTGRES, 0, 3),
    round!(starts::foreign_database, BOTH, 1, 1),
    round!(starts::newer_schema, BOTH, 1, 1),
    round!(starts::lost_master_key, BOTH, 1, 1),
    round!(starts::database_down, POSTGRES, 1, 1),
    round!(starts::clock_ahead, SQLITE, 1, 1),
    round!(starts::clock_before_1970, SQLITE, 1, 1),
    round!(starts::few_files, SQLITE, 0, 1),
];

/// An organisation that works: so many operations at a time on a server.
struct Load {
    ledger: Arc<Ledger>,
    callers: tokio::task::JoinSet<()>,
}

impl Load {
    async fn start(place: &Place, server: &Server) -> anyhow::Result<Self> {
        organisation::enrol(&server.client).await?;
        Ok(Self::go_on(&Arc::new(Ledger::new(&place.directory)?), server))
    }

    fn go_on(ledger: &Arc<Ledger>, server: &Server) -> Self {
        ledger.reopen();
        Self { ledger: ledger.clone(), callers: ledger.load(&server.client, 16) }
    }

    /// Sends nothing more and waits for what is under way.
    async fn stop(mut self) -> Arc<Ledger> {
        self.ledger.close();
        while self.callers.join_next().await.is_some() {}
        self.ledger
    }
}
