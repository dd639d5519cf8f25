//! What was committed, counted: in the database by every commit, and in a small file beside an embedded one.
//!
//! Until they are copied into the database file, an embedded database's newest commits stand in its `-wal` file alone. A
//! start without that file is a start without them, and SQLite says nothing. So the number of the last acknowledged commit
//! is kept in a file of its own (`rapport.mark`), and a database that has not come as far is refused at the start.
//!
//! The file is written after the commit is on disk and before it is acknowledged, and never waited for: it may be behind
//! after a power failure, but never ahead of what the disk has.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, UpdateMany,
    sea_query::{Expr, ExprTrait as _, Func, Query},
};

use super::{
    entity::{commit_mark, stream},
    tx::Tx,
};

/// The mark of an embedded database.
#[derive(Debug)]
pub(super) struct Mark {
    written: Mutex<Written>,
    commits: Commits,
}

#[derive(Debug)]
struct Written {
    file: File,
    number: i64,
}

/// How often SQLite said that it commits something, which it says of a transaction and not of a savepoint in one.
#[derive(Clone, Debug, Default)]
pub(super) struct Commits(Arc<AtomicU64>);

impl Commits {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Mark {
    /// Where the mark of a database file is.
    pub(super) fn path(database: &Path) -> PathBuf {
        database.with_extension("mark")
    }

    /// The number in a mark; none where there is no mark, or nothing that could be one.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(super) fn read(path: &Path) -> std::io::Result<Option<i64>> {
        let mut text = String::new();
        match File::open(path).and_then(|mut file| file.read_to_string(&mut text)) {
            Ok(_) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Goes on from `number`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn open(path: &Path, number: i64, commits: Commits) -> std::io::Result<Self> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mark = Self { written: Mutex::new(Written { file: options.open(path)?, number: -1 }), commits };
        mark.lock().write(number)?;
        Ok(mark)
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.0.load(Ordering::SeqCst)
    }

    /// A commit that adds so much is on disk and about to be acknowledged. A mark that cannot be written stays behind, which
    /// refuses nothing; so does one that misses what another process wrote.
    pub(super) fn acknowledge(&self, adds: i64) {
        let mut written = self.lock();
        let number = written.number + adds;
        if let Err(error) = written.write(number) {
            tracing::debug!(%error, "the mark of the last commit cannot be written");
        }
    }

    /// The last commit that was acknowledged.
    pub(super) fn acknowledged(&self) -> i64 {
        self.lock().number
    }

    /// Lets the mark survive a power failure; where it does not, it is behind.
    pub(super) fn sync(&self) {
        if let Err(error) = self.lock().file.sync_data() {
            tracing::debug!(%error, "the mark of the last commit is not on disk");
        }
    }
}

impl Written {
    fn write(&mut self, number: i64) -> std::io::Result<()> {
        // Counted even where it cannot be written: the next one may be.
        self.number = number;
        // Always as long, so that one write replaces all of it.
        let line = format!("{number:020}\n");
        write_at_start(&self.file, line.as_bytes())
    }
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::{Seek as _, Write as _};
    file.rewind()?;
    file.write_all(bytes)
}

/// Counts the commit that is about to be made; gives how much it adds to [`counted`]. One that took numbers of a stream is
/// counted by these: recording would be a tenth slower for a count of its own.
pub(super) async fn count(tx: &Tx) -> Result<i64, DbErr> {
    let taken = tx.numbers_taken();
    if taken == 0 {
        one_more().exec(tx).await?;
    }
    Ok(Ord::max(taken, 1))
}

/// Makes the commit of a transaction on PostgreSQL wait for the synchronous standby, if there is one, by changing something.
pub(super) async fn wait_for_standby(tx: &Tx) -> Result<(), DbErr> {
    one_more().filter(Expr::cust("current_setting('synchronous_standby_names', true) <> ''")).exec(tx).await?;
    Ok(())
}

fn one_more() -> UpdateMany<commit_mark::Entity> {
    let committed = Expr::col(commit_mark::Column::Committed);
    commit_mark::Entity::update_many().col_expr(commit_mark::Column::Committed, committed.add(1))
}

/// How far a database has come: every commit that changed something adds to it, and nothing takes away.
pub(super) async fn counted(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let taken = Expr::col(stream::Column::LastSequence).sum();
    let taken =
        Query::select().expr(Func::coalesce([taken, Expr::val(0)]).cast_as("bigint")).from(stream::Entity).take();
    let counted = Expr::col(commit_mark::Column::Committed).add(Expr::SubQuery(None, Box::new(taken.into())));
    let counted = commit_mark::Entity::find().select_only().expr(counted).into_tuple().one(connection).await?;
    counted.ok_or_else(|| DbErr::RecordNotFound("commit_mark".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = Mark::path(&directory.path().join("rapport.db"));
        assert_eq!(path.file_name().unwrap(), "rapport.mark");
        assert_eq!(Mark::read(&path).unwrap(), None);
        let mark = Mark::open(&path, 0, Commits::default()).unwrap();
        mark.acknowledge(11);
        mark.acknowledge(1);
        assert_eq!((mark.acknowledged(), Mark::read(&path).unwrap()), (12, Some(12)));
        drop(mark);
        // After a start that was told to accept an older database.
        assert_eq!(Mark::open(&path, 7, Commits::default()).unwrap().acknowledged(), 7);
        assert_eq!(Mark::read(&path).unwrap(), Some(7));
        std::fs::write(&path, "no number").unwrap();
        assert_eq!(Mark::read(&path).unwrap(), None);
    }
}
