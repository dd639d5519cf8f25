//! Looks at a database without touching it: whether it is there and ours, keeps what it is told, and is reached directly.

use std::path::Path;

use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::DatabaseConnection;
use sqlx::{PgConnection, Row as _, postgres::PgConnectOptions};

use super::{Database, OpenError, mark, mark::Mark, postgres, sqlite};
use crate::{
    clock::{Clock, Micros},
    finding::Finding,
};

/// How far the clocks of the server's machine and the database's may differ.
const SKEW: Micros = 2_000_000;
const GREAT_SKEW: Micros = 60_000_000;
/// A standby that is further behind, in seconds, would lose so much in a failover, or holds up those that wait for it.
const LAG: f64 = 10.0;
/// A write-ahead log that has grown so large is not being copied to the file.
const LARGE_LOG: u64 = 512 << 20;

impl Database {
    /// What there is to say of it.
    pub(crate) async fn examine(&self) -> Vec<Finding> {
        match self {
            Self::Sqlite(path) => of_file(path).await,
            Self::Postgres(url) => of_server(url).await,
        }
    }

    /// Whether it is there, and opening it would change nothing: its schema is this version's.
    pub(crate) async fn is_current(&self) -> bool {
        let applied = match self {
            Self::Sqlite(path) if !path.exists() => return false,
            Self::Sqlite(path) => {
                let Ok(connection) = sqlite::look(path).await else { return false };
                let applied = sqlite::require_ours(&connection, "").await;
                _ = connection.close().await;
                applied
            }
            Self::Postgres(url) => {
                let Ok(options) = url.parse() else { return false };
                postgres::look(&options, "").await
            }
        };
        applied.is_ok_and(|applied| applied == Migrator::migrations().len())
    }
}

async fn of_file(path: &Path) -> Vec<Finding> {
    const SUBJECT: &str = "database";
    let place = path.display();
    if !path.exists() {
        return vec![Finding::unchecked(SUBJECT, format!("{place} is not there yet: it is made at the first start"))];
    }
    let connection = match sqlite::look(path).await {
        Ok(connection) => connection,
        Err(error) => {
            return vec![Finding::bad(
                SUBJECT,
                format!("{place} cannot be read: {error}"),
                "restore a backup: `rapport restore`",
            )];
        }
    };
    let mut findings = vec![Finding::good(SUBJECT, format!("{place} can be read"))];
    findings.push(of_schema(sqlite::require_ours(&connection, &format!("file {place}")).await));
    findings.push(of_mark(&connection, path).await);
    _ = connection.close().await;
    findings.extend(of_file_system(path));
    let log = std::fs::metadata(sqlite::log_of(path)).map_or(0, |log| log.len());
    if log > LARGE_LOG {
        let words = format!("{} MiB of commits are not copied into the file yet", log >> 20);
        findings.push(Finding::doubtful(
            "write-ahead log",
            words,
            "look for a program that reads the file for hours, and end it",
        ));
    }
    findings
}

/// `applied`: how many steps of the schema's history were taken.
fn of_schema(applied: Result<usize, OpenError>) -> Finding {
    const SUBJECT: &str = "schema";
    let known = Migrator::migrations().len();
    match applied {
        Ok(0) => Finding::good(SUBJECT, "none yet: it is made at the first start"),
        Ok(applied) if applied < known => {
            Finding::good(SUBJECT, format!("{} step(s) behind, which the next start takes", known - applied))
        }
        Ok(_) => Finding::good(SUBJECT, format!("of this version, after {known} steps")),
        Err(error) => Finding::bad(SUBJECT, error.to_string(), ""),
    }
}

/// Whether the file has come as far as what was acknowledged.
async fn of_mark(connection: &DatabaseConnection, path: &Path) -> Finding {
    const SUBJECT: &str = "last commit";
    let marked = Mark::read(&Mark::path(path));
    match (marked, mark::counted(connection).await) {
        (Ok(Some(acknowledged)), Ok(counted)) if counted < acknowledged => Finding::bad(
            SUBJECT,
            format!("commit {acknowledged} was acknowledged, and the last one there is {counted}"),
            format!("put the missing {} beside the file, from where it was lost", sqlite::log_of(path).display()),
        ),
        (Ok(_), Ok(counted)) => Finding::good(SUBJECT, format!("number {counted}; nothing acknowledged is missing")),
        (Err(error), _) => Finding::doubtful(SUBJECT, format!("the mark cannot be read: {error}"), ""),
        (_, Err(error)) => Finding::doubtful(SUBJECT, format!("the commits are not counted: {error}"), ""),
    }
}

/// SQLite's log needs memory that processes share, which a file system over a network does not give.
#[cfg(target_os = "linux")]
fn of_file_system(path: &Path) -> Option<Finding> {
    const SUBJECT: &str = "file system";
    const NETWORKS: [(i64, &str); 4] =
        [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB 2"), (0x517b, "SMB")];
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    let network = NETWORKS.iter().find(|(number, _)| kind == *number);
    Some(match network {
        Some((_, name)) => Finding::bad(
            SUBJECT,
            format!("the file is on {name}, where SQLite's write-ahead log does not work"),
            "move the data directory to a local disk, or use PostgreSQL",
        ),
        None => Finding::good(SUBJECT, "local"),
    })
}

#[cfg(not(target_os = "linux"))]
fn of_file_system(_: &Path) -> Option<Finding> {
    None
}

async fn of_server(url: &str) -> Vec<Finding> {
    const SUBJECT: &str = "database";
    let options: PgConnectOptions = match url.parse() {
        Ok(options) => options,
        Err(error) => return vec![Finding::bad(SUBJECT, error.to_string(), "mend database_url")],
    };
    let place = postgres::place(&options);
    let mut connection = match postgres::connect(&options).await {
        Ok(connection) => connection,
        Err(error) => {
            let words = format!("{place} does not answer: {error}");
            return vec![Finding::bad(SUBJECT, words, "start it, or mend database_url and pg_hba.conf")];
        }
    };
    let mut findings = vec![Finding::good(SUBJECT, format!("{place} answers"))];
    findings.push(of_schema(postgres::look(&options, &place).await));
    match facts(&mut connection, &options).await {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(Finding::doubtful("settings", format!("they cannot be read: {error}"), "")),
    }
    findings
}

async fn facts(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    let settings: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version')
        ORDER BY name",
    )
    .fetch_all(&mut *connection)
    .await?;
    let off: Vec<_> = settings.iter().filter(|(_, value)| value == "off").map(|(name, _)| name.as_str()).collect();
    findings.push(match off.as_slice() {
        [] => Finding::good("durability", "what is committed is on disk"),
        off => Finding::bad(
            "durability",
            format!("{} is off: a crash loses what was acknowledged", off.join(", ")),
            "set it to on",
        ),
    });
    let (standby, isolation, theirs): (bool, String, i64) = sqlx::query_as(
        "SELECT pg_is_in_recovery(), current_setting('default_transaction_isolation'), \
         (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    )
    .fetch_one(&mut *connection)
    .await?;
    let ahead = theirs - Clock::system().now_micros();
    if standby {
        findings.push(Finding::bad(
            "role",
            "it is a standby, which refuses writes",
            "point database_url to the primary",
        ));
    }
    findings.push(match isolation.as_str() {
        "read committed" => Finding::good("isolation", isolation),
        _ => Finding::doubtful(
            "isolation",
            format!("{isolation}: more transactions are tried again"),
            "leave it at read committed",
        ),
    });
    findings.push(of_skew(ahead));
    findings.extend(of_standbys(connection).await?);
    findings.push(of_pooler(connection, options).await);
    Ok(findings)
}

fn of_skew(ahead: Micros) -> Finding {
    const SUBJECT: &str = "clocks";
    let words = format!("the database's clock differs from this machine's by {:.1} s", ahead.abs() as f64 / 1e6);
    match ahead.abs() {
        ..SKEW => Finding::good(SUBJECT, words),
        SKEW..GREAT_SKEW => Finding::doubtful(SUBJECT, words, "let both follow the same time servers"),
        GREAT_SKEW.. => Finding::bad(SUBJECT, words, "set the clock that is wrong: tokens and deadlines go by it"),
    }
}

async fn of_standbys(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let standbys = sqlx::query(
        "SELECT coalesce(nullif(application_name, ''), 'a standby'), sync_state, extract(epoch FROM replay_lag)::float8
        FROM pg_stat_replication ORDER BY 1",
    );
    let mut findings = Vec::new();
    for row in standbys.fetch_all(connection).await? {
        let (name, state, lag): (String, Option<String>, Option<f64>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let (state, lag) = (state.unwrap_or_default(), lag.unwrap_or(0.0));
        let words = format!("{name} ({state}) is {lag:.1} s behind");
        findings.push(match lag > LAG {
            true => Finding::doubtful("standby", words, "look at its disk and its network"),
            false => Finding::good("standby", words),
        });
    }
    Ok(findings)
}

/// A setting of one connection that another one sees was kept by something in between, which lends both the same session.
async fn of_pooler(connection: &mut PgConnection, options: &PgConnectOptions) -> Finding {
    const SUBJECT: &str = "connection";
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let asked = async {
        sqlx::query("SELECT set_config('rapport.doctor', $1, false)").bind(&mark).execute(&mut *connection).await?;
        let mut other = <PgConnection as sqlx::Connection>::connect_with(options).await?;
        let seen: Option<String> =
            sqlx::query_scalar("SELECT current_setting('rapport.doctor', true)").fetch_one(&mut other).await?;
        Ok::<_, sqlx::Error>(seen.is_some_and(|seen| seen == mark))
    };
    match asked.await {
        Ok(false) => Finding::good(SUBJECT, "direct, or by a pooler that gives each connection a session of its own"),
        Ok(true) => Finding::bad(
            SUBJECT,
            "a pooler in between lends one session to several connections: named statements and locks get mixed up",
            "connect directly, or set the pooler to session mode: the server has a pool of its own",
        ),
        Err(error) => {
            Finding::doubtful(SUBJECT, format!("it cannot be told whether a pooler is in between: {error}"), "")
        }
    }
}
