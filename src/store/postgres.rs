//! PostgreSQL, shared by any number of servers.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, Database as Connector, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{
    STATEMENT_CACHE, Store,
    health::Health,
    heavy_readers,
    opening::{self, OpenError, Opening},
    pool_options,
    request::LastingKeys,
    suspicion::Suspicion,
};
use crate::clock::Clock;

/// Any number, the same for every Rapport server.
const MIGRATION_LOCK: i64 = 0x0052_4150_504f_5254;
/// For a first connection, which alone tells why there is none: a pool only says that it waited.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// See `COMMIT_LIMIT` of the transaction runner before changing it.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(600);

pub(super) async fn open(url: &str, opening: &Opening, clock: Clock) -> Result<Store, OpenError> {
    let server: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| OpenError::Refused {
        place: "the database URL".to_owned(),
        words: error.to_string(),
    })?;
    let place = place(&server);
    let refused = |error: DbErr| OpenError::of(&place, &error);
    look(&server, &place).await?;

    // One connection: the advisory lock belongs to it, and so do the migrations.
    let migrating = pool(url, 1, MIGRATION_TIMEOUT, Suspicion::none()).await.map_err(refused)?;
    // By hand: what only PostgreSQL has functions for.
    let statement =
        |call: &str| Statement::from_string(DbBackend::Postgres, format!("SELECT {call}({MIGRATION_LOCK})"));
    migrating.execute_raw(statement("pg_advisory_lock")).await.map_err(refused)?;
    let migrated = opening::migrate(&place, &migrating).await;
    migrating.execute_raw(statement("pg_advisory_unlock")).await.map_err(refused)?;
    migrating.close().await.map_err(refused)?;
    migrated?;

    let suspicion = Suspicion::none();
    let heavy = pool(url, heavy_readers(), STATEMENT_TIMEOUT, suspicion.clone()).await.map_err(refused)?;
    let pool = pool(url, opening.connections, STATEMENT_TIMEOUT, suspicion.clone()).await.map_err(refused)?;
    let keys = LastingKeys::of(&pool).await.map_err(refused)?;
    let health = Health::new(place).of_server(server);
    Ok(Store::new((pool.clone(), pool, heavy), clock, health, suspicion, None, keys))
}

/// Host and database, as the log names them; nothing of the password.
pub(super) fn place(server: &PgConnectOptions) -> String {
    let host = match server.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", server.get_host(), server.get_port()),
    };
    format!("PostgreSQL at {host}, database {}", server.get_database().unwrap_or_else(|| server.get_username()))
}

/// Connects once, without a pool.
///
/// # Errors
/// The reason why it cannot be reached.
pub(super) async fn connect(server: &PgConnectOptions) -> Result<PgConnection, DbErr> {
    match tokio::time::timeout(CONNECT_LIMIT, PgConnection::connect_with(server)).await {
        Ok(connected) => connected.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
        Err(_) => Err(DbErr::Conn(RuntimeErr::Internal(format!("no answer within {CONNECT_LIMIT:?}")))),
    }
}

/// Looks at what is there before anything is touched; gives how many of our migrations are noted there.
pub(super) async fn look(server: &PgConnectOptions, place: &str) -> Result<usize, OpenError> {
    let refused = |error: sqlx::Error| OpenError::of(place, &DbErr::Query(RuntimeErr::SqlxError(error.into())));
    let mut connection = connect(server).await.map_err(|error| OpenError::of(place, &error))?;
    // What an extension brought belongs to it.
    let sql = "SELECT relname::text FROM pg_class c
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        ORDER BY relname";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.map_err(refused)?;
    let versions = if tables.iter().any(|table| table == opening::MIGRATIONS) {
        let sql = AssertSqlSafe(format!("SELECT version FROM {}", opening::MIGRATIONS));
        Some(sqlx::query_scalar(sql).fetch_all(&mut connection).await.map_err(refused)?)
    } else {
        None
    };
    for (setting, means) in [
        ("fsync", "a crash of its machine may corrupt the database"),
        ("synchronous_commit", "what is acknowledged may be lost with its machine"),
    ] {
        let sql = "SELECT current_setting($1)";
        let value: String = sqlx::query_scalar(sql).bind(setting).fetch_one(&mut connection).await.map_err(refused)?;
        if value == "off" {
            tracing::warn!(database = place, "{setting} is off: {means}");
        }
    }
    _ = connection.close().await;
    opening::require_ours(place, &tables, versions)
}

async fn pool(
    url: &str,
    connections: u32,
    statement_timeout: Duration,
    suspicion: Suspicion,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = pool_options(url, connections);
    options.map_sqlx_postgres_opts(move |postgres| {
        postgres.statement_cache_capacity(STATEMENT_CACHE).options([
            ("statement_timeout", statement_timeout.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", "15000".to_owned()),
            ("application_name", "rapport".to_owned()),
        ])
    });
    // A connection never goes back to the pool inside a transaction. The runner begins, commits and rolls back in a task
    // that nobody cancels, and raises the suspicion where it had to give up itself.
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let suspicion = suspicion.clone();
        pool.after_release(move |connection, _| {
            let is_sound = !connection.is_in_transaction() && !suspicion.is_raised();
            Box::pin(std::future::ready(Ok(is_sound)))
        })
    });
    Connector::connect(options).await
}
