//! What a database's refusal means: whether trying again helps, and whether writes go through at all.
//!
//! The one place that knows SQLSTATEs (PostgreSQL) and result codes (SQLite).

use std::fmt;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::sqlite::SqliteError;

/// Kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another transaction was in the way: serialisation failure, deadlock, lock timeout, busy or locked.
    Conflict,
    /// Two transactions created the same row at once; the second one finds it when it runs again.
    Duplicate,
    /// The connection is gone, could not be had, or leads to a server that does not write (any more).
    Lost,
    /// The database does not write: disk full, I/O error, file not writable, out of memory, too slow.
    Refused,
    /// The statement is at fault, and so are we.
    Ours,
}

/// A transaction whose COMMIT came back although the database committed nothing.
pub(super) const NOT_COMMITTED: &str = "the database acknowledged a commit that was none";

impl Fault {
    /// What kind an error is.
    pub(crate) fn of(error: &DbErr) -> Self {
        if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))) {
            return Self::Duplicate;
        }
        if let Some(code) = Code::of(error) {
            return code.fault();
        }
        match sqlx_error(error) {
            Some(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed
                | sqlx::Error::InvalidSavePointStatement,
            ) => Self::Lost,
            _ if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) => Self::Lost,
            _ => Self::Ours,
        }
    }

    /// Whether the same transaction, run again, may go through.
    pub(super) fn may_help_to_retry(self) -> bool {
        matches!(self, Self::Conflict | Self::Duplicate | Self::Lost)
    }

    /// Whether the database is at fault and not the statement.
    pub(crate) fn is_of_the_database(self) -> bool {
        matches!(self, Self::Conflict | Self::Lost | Self::Refused)
    }
}

/// A code as its database gives it.
enum Code {
    /// The primary result code, the low byte of the extended one.
    Sqlite(u32),
    Postgres(String),
}

impl Code {
    fn of(error: &DbErr) -> Option<Self> {
        let error = sqlx_error(error)?.as_database_error()?;
        let code = error.code()?;
        if error.try_downcast_ref::<SqliteError>().is_some() {
            return code.parse::<u32>().ok().map(|code| Self::Sqlite(code & 0xff));
        }
        Some(Self::Postgres(code.into_owned()))
    }

    fn fault(&self) -> Fault {
        match self {
            // BUSY, LOCKED.
            Self::Sqlite(5 | 6) => Fault::Conflict,
            // PERM, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, NOTADB.
            Self::Sqlite(3 | 7 | 8 | 10 | 11 | 13 | 14 | 15 | 22 | 26) => Fault::Refused,
            Self::Sqlite(_) => Fault::Ours,
            Self::Postgres(state) => match (state.as_str(), state.get(..2).unwrap_or_default()) {
                // Serialisation failure, deadlock, lock not available.
                ("40001" | "40P01" | "55P03", _) => Fault::Conflict,
                // Written to a standby, or to a server that was made read-only; too many connections.
                ("25006" | "53300", _) => Fault::Lost,
                // Shutting down, crashed, starting up, idle too long, connection exceptions, unknown database, bad password.
                (_, "08" | "28" | "3D") | ("57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04", _) => Fault::Lost,
                // Cancelled, by its timeout for example; disk full and other resources; system errors; corrupted.
                ("57014", _) | (_, "53" | "57" | "58") | ("XX001" | "XX002", _) => Fault::Refused,
                _ => Fault::Ours,
            },
        }
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    if let DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error)) = error
    {
        Some(error)
    } else {
        None
    }
}

/// An error in the database's own words, once: what wraps it says only where it passed.
pub(crate) fn words(error: &DbErr) -> String {
    match sqlx_error(error) {
        Some(sqlx::Error::Database(error)) => return error.message().to_owned(),
        Some(sqlx::Error::Io(error)) => return error.to_string(),
        Some(sqlx::Error::PoolTimedOut) => return "no connection was free in time".to_owned(),
        Some(error) => return error.to_string(),
        None => {}
    }
    if let DbErr::Conn(RuntimeErr::Internal(words))
    | DbErr::Exec(RuntimeErr::Internal(words))
    | DbErr::Query(RuntimeErr::Internal(words))
    | DbErr::Custom(words)
    | DbErr::Migration(words) = error
    {
        return words.clone();
    }
    error.to_string()
}

/// A database that does not do what it is asked, for the log: which one, and why in its own words.
#[derive(Clone, Debug)]
pub(crate) struct Unavailable {
    pub(super) place: String,
    pub(super) words: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.words)
    }
}

impl std::error::Error for Unavailable {}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(state: &str) -> Fault {
        Code::Postgres(state.to_owned()).fault()
    }

    #[test]
    fn refusals_are_told_apart() {
        assert_eq!(postgres("40001"), Fault::Conflict);
        assert_eq!(postgres("25006"), Fault::Lost);
        assert_eq!(postgres("57P01"), Fault::Lost);
        assert_eq!(postgres("08006"), Fault::Lost);
        assert_eq!(postgres("53300"), Fault::Lost);
        assert_eq!(postgres("53100"), Fault::Refused);
        assert_eq!(postgres("57014"), Fault::Refused);
        assert_eq!(postgres("23503"), Fault::Ours);
        assert_eq!(Code::Sqlite(5).fault(), Fault::Conflict);
        assert_eq!(Code::Sqlite(13).fault(), Fault::Refused);
        assert_eq!(Code::Sqlite(1).fault(), Fault::Ours);
        let lost = DbErr::Conn(RuntimeErr::Internal(NOT_COMMITTED.to_owned()));
        assert_eq!((Fault::of(&lost), words(&lost).as_str()), (Fault::Lost, NOT_COMMITTED));
        assert_eq!(Fault::of(&DbErr::Custom("a bug".to_owned())), Fault::Ours);
    }
}
