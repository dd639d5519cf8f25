//! Whether the database does what it is asked: told by every write that goes through or not, and asked for now and then.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use sea_orm::{
    ConnectionTrait as _, DbBackend, DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait as _,
};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;

use super::{
    Store,
    fault::{self, Fault, Unavailable},
    mark, postgres,
};
use crate::error::{Error, Result};

/// So many probes in a row may find every connection busy before that counts as a database that does not answer.
const BUSY_PROBES: u32 = 5;

/// What is known of a database.
#[derive(Debug)]
pub(super) struct Health {
    /// As the log names it: a file, or host and database.
    place: String,
    refusing: AtomicBool,
    changed: Notify,
    busy: AtomicU32,
    /// Of PostgreSQL: asked for the reason where a pool has no connection.
    server: Option<PgConnectOptions>,
}

impl Health {
    pub(super) fn new(place: String) -> Self {
        let (changed, busy) = (Notify::new(), AtomicU32::new(0));
        Self { place, refusing: AtomicBool::new(false), changed, busy, server: None }
    }

    pub(super) fn of_server(self, server: PgConnectOptions) -> Self {
        Self { server: Some(server), ..self }
    }

    /// Something was committed.
    pub(super) fn wrote(&self) {
        // Read first: most of the time there is nothing to change, and every commit comes by.
        if self.refusing.load(Ordering::Relaxed) && self.refusing.swap(false, Ordering::SeqCst) {
            tracing::info!(database = self.place, "writes go through again");
            self.changed.notify_one();
        }
    }

    fn refused(&self, words: &str) {
        if !self.refusing.swap(true, Ordering::SeqCst) {
            tracing::error!(database = self.place, cause = words, "the database refuses writes");
            self.changed.notify_one();
        }
    }
}

impl Store {
    /// What the caller is told of an error that no retry mended: that the store is unavailable where the database is at
    /// fault.
    pub(super) fn unavailable_or_internal(&self, error: &DbErr) -> Error {
        if !Fault::of(error).is_of_the_database() {
            return Error::internal(error.clone());
        }
        let words = fault::words(error);
        self.health.refused(&words);
        Error::StoreUnavailable(std::sync::Arc::new(Unavailable { place: self.health.place.clone(), words }))
    }

    /// Resolves when a write was refused that was not before, or the other way round.
    pub(crate) async fn health_changed(&self) {
        self.health.changed.notified().await;
    }

    /// Asks the database whether it reads and writes.
    ///
    /// # Errors
    /// Why it does not, in words.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        let mut probed = self.probe_reading().await;
        if probed.is_ok() {
            probed = self.probe_writing().await;
        }
        if let Err(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) = probed
            && let Some(server) = &self.health.server
        {
            // A pool only says that it waited.
            probed = postgres::connect(server).await.and(probed);
        }
        if let Err(DbErr::ConnectionAcquire(_)) = probed
            && !self.health.refusing.load(Ordering::SeqCst)
            && self.health.busy.fetch_add(1, Ordering::SeqCst) < BUSY_PROBES
        {
            return Ok(());
        }
        self.health.busy.store(0, Ordering::SeqCst);
        probed.map_err(|error| format!("{}: {}", self.health.place, fault::words(&error)))
    }

    async fn probe_reading(&self) -> Result<(), DbErr> {
        let Some(mark) = &self.mark else {
            return self.read.ping().await;
        };
        // Seen from another connection, the database must have come as far as was acknowledged.
        let acknowledged = mark.acknowledged();
        let counted = mark::counted(&self.read).await?;
        if counted < acknowledged {
            self.suspicion.raise();
            let words = format!("commit {acknowledged} was acknowledged, but {counted} is the last one there");
            return Err(DbErr::Custom(words));
        }
        Ok(())
    }

    async fn probe_writing(&self) -> Result<(), DbErr> {
        if self.health.refusing.load(Ordering::SeqCst) {
            // Only a write that goes through ends it.
            let written = self.attempt(&|tx| Box::pin(async move { Ok(mark::count(tx).await?) })).await;
            return match written {
                Ok(_) => {
                    self.health.wrote();
                    Ok(())
                }
                Err(super::Abort::Database(error)) => Err(error),
                Err(super::Abort::Domain(error)) => Err(DbErr::Custom(error.to_string())),
            };
        }
        if self.write.get_database_backend() != DbBackend::Sqlite {
            // By hand: what only PostgreSQL has functions for.
            let sql = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only";
            let row = self.write.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
            let read_only = row.is_some_and(|row| row.try_get("", "read_only").unwrap_or(false));
            return if read_only { Err(DbErr::Custom("it only reads: a standby?".to_owned())) } else { Ok(()) };
        }
        // A lock of another process is found by nothing but asking for it.
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(immediate).await?.rollback().await
    }
}
