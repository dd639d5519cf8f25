//! A record of any length, written by the database itself: five million calls of `RecordInteraction` would take an hour.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rapport::store::Database;
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbBackend};

use super::{databases::Fresh, organisation::STAFF};

/// The customer with a long history.
pub(crate) const HEAVY: &str = "heavy";
/// Interactions of each of the others, on average. Most have half as many, one in a hundred has more than 50, and some have
/// hundreds.
const EACH: u64 = 10;
/// Rows of a statement.
const CHUNK: u64 = 500_000;
/// Days that the record goes back.
const DAYS: u64 = 730;
const DAY: i64 = 86_400;

/// How many interactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Of everybody.
    pub(crate) all: u64,
    /// Of [`HEAVY`].
    pub(crate) heavy: u64,
}

impl Size {
    pub(crate) fn customers(self) -> u64 {
        (self.all / EACH).max(1)
    }
}

/// What the ids of the others begin with.
const NAME: &str = "regular-";

/// The id of one of the others by number: the smaller, the more interactions.
pub(crate) fn customer(number: u64) -> String {
    format!("{NAME}{number}")
}

/// Longest time that a fit may take.
const FIT_LIMIT: Duration = Duration::from_secs(3_600);

/// Waits until the server has fitted preferences to the record, which it does by itself when it starts; gives how long that took.
pub(crate) async fn fitted(fresh: &Fresh) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let record = Record::open(fresh).await?;
    while !record.is_fitted().await? {
        ensure!(begun.elapsed() < FIT_LIMIT, "preferences are not fitted");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    record.close().await?;
    Ok(begun.elapsed())
}

/// A database that is written to behind the back of any server.
pub(crate) struct Record {
    connection: DatabaseConnection,
}

impl Record {
    /// Opens a database whose schema is there.
    pub(crate) async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let url = match fresh.database()? {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url,
        };
        let mut options = ConnectOptions::new(url);
        let connection = sea_orm::Database::connect(options.max_connections(1).sqlx_logging(false).clone()).await?;
        Ok(Self { connection })
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(self.connection.close().await?)
    }

    fn on_sqlite(&self) -> bool {
        self.connection.get_database_backend() == DbBackend::Sqlite
    }

    pub(crate) async fn run(&self, sql: &str) -> anyhow::Result<()> {
        self.connection.execute_unprepared(sql).await?;
        Ok(())
    }

    /// Whether preferences are fitted to it.
    async fn is_fitted(&self) -> anyhow::Result<bool> {
        let sql = "SELECT dimension FROM preference_model LIMIT 1";
        let statement = sea_orm::Statement::from_string(self.connection.get_database_backend(), sql);
        Ok(self.connection.query_one_raw(statement).await?.is_some())
    }

    /// Customers and what happened to them. No server may be before the database yet.
    pub(crate) async fn fill(&self, size: Size) -> anyhow::Result<()> {
        if self.on_sqlite() {
            // Nothing here is to survive a crash.
            self.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000").await?;
        }
        self.enter_customers(size).await?;
        // Spread over the whole record, so that they lie far apart.
        let every = size.all / size.heavy.max(1);
        let whose = format!("CASE n % {every} WHEN 0 THEN '{HEAVY}' ELSE '{NAME}' || whose END");
        self.add(0, size.all, &whose).await?;
        // What the server would have numbered; by it it is seen that a fit is due.
        self.run(&format!("UPDATE stream SET last_sequence = {} WHERE name = 'interactions'", size.all)).await?;
        if !self.on_sqlite() {
            // As it is sooner or later by itself.
            self.run("VACUUM ANALYZE").await?;
        }
        Ok(())
    }

    /// As many interactions of a customer of their own; gives their id.
    pub(crate) async fn add_history(&self, after: u64, count: u64) -> anyhow::Result<String> {
        let id = "long".to_owned();
        self.run(&format!(
            "INSERT INTO customer (customer_id, salutation, standing, locale, time_zone, revision)
                VALUES ('{id}', 'Frau Lang', 2, 'de-DE', '', 1)"
        ))
        .await?;
        self.add(after, after + count, &format!("'{id}'")).await?;
        Ok(id)
    }

    async fn enter_customers(&self, size: Size) -> anyhow::Result<()> {
        let numbers = numbers(0, size.customers());
        let id = self.uuid(&self.hex("n", 32));
        for sql in [
            format!(
                "INSERT INTO customer (customer_id, salutation, standing, locale, time_zone, revision)
                {numbers} SELECT '{NAME}' || n, 'Dear ' || n, 2, 'en-GB',
                    CASE n % 3 WHEN 0 THEN 'Asia/Shanghai' WHEN 1 THEN 'Europe/Berlin' ELSE '' END, 1 FROM numbers"
            ),
            format!(
                "INSERT INTO customer (customer_id, salutation, standing, locale, time_zone, revision)
                VALUES ('{HEAVY}', 'Mr Heavy', 2, 'en-GB', 'Europe/Berlin', 1)"
            ),
            format!(
                "INSERT INTO contact_point (customer_id, position, kind, value, source, consent)
                {numbers} SELECT '{NAME}' || n, 0, 1, '+49 ' || n, 'order form', 1 FROM numbers"
            ),
            format!(
                "INSERT INTO customer_alias (kind, value, customer_id)
                {numbers} SELECT 1, '+49 ' || n, '{NAME}' || n FROM numbers WHERE n % 3 = 0"
            ),
            // A salutation, stated.
            format!(
                "INSERT INTO preference_statement
                    (id, customer_id, dimension, value, origin, author, author_role, source, note, stated_at)
                {numbers} SELECT {id}, '{NAME}' || n, 9, 'Dr ' || n, 2, 'agent-1', 3, 'told me', '', 1 FROM numbers
                WHERE n % 20 = 0"
            ),
        ] {
            self.run(&sql).await?;
        }
        Ok(())
    }

    /// Interactions by number, with `whose` they are by the columns `n`, their number, and `whose`, that of a customer.
    async fn add(&self, from: u64, to: u64, whose: &str) -> anyhow::Result<()> {
        let mut first = from;
        while first < to {
            let end = to.min(first + CHUNK);
            self.run(&self.interactions((first, end), (from, to), whose)).await?;
            first = end;
        }
        let numbered = format!("recorded_by = 'record {from}'");
        self.run(&format!(
            "INSERT INTO interaction_participant
                (interaction_id, position, staff_id, role, team_id, involvement, occurred_at)
            SELECT id, 0, primary_staff_id, 1, primary_team_id, 1, occurred_at FROM interaction WHERE {numbered}"
        ))
        .await?;
        self.run(&format!(
            "INSERT INTO rating (id, request_key, body_hash, interaction_id, template_id, template_version, score, level,
                resolved, affinity, carefulness, knowledge, clarity, effort, expected, perceived, attribution, comment,
                answered_at, received_at, rated_staff_id, rated_team_id, rated_role, channel, kind, topic, occurred_at, day,
                standing)
            SELECT id, id, id, id, 'csat', 1, 1 + occurred_at / 5 % 5, 1 + occurred_at / 5 % 5, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                'Well explained', occurred_at + 600000000, occurred_at + 600000000, primary_staff_id, primary_team_id, 1,
                channel, kind, topic, occurred_at, occurred_at / 86400000000, 1
            FROM interaction WHERE {numbered} AND occurred_at % 7 = 3"
        ))
        .await
    }

    fn interactions(&self, (first, end): (u64, u64), (from, to): (u64, u64), whose: &str) -> String {
        let numbers = numbers(first, end);
        let today = rapport::clock::Clock::system().now_micros() / 1_000_000 / DAY * DAY;
        let begin = today - DAY * DAYS as i64;
        let customers = Size { all: to, heavy: 0 }.customers();
        let length = to - from;
        // A multiple of a number near the golden section falls evenly everywhere; its square makes few customers call often.
        // The other digits say what else there is to say, mostly the same for the same customer.
        let id = self.uuid(&format!(
            "{} || '7' || {} || '8' || {}",
            self.hex("moment / 1000", 12),
            self.hex("n % 4096", 3),
            self.hex("n", 15)
        ));
        format!(
            "INSERT INTO interaction (id, request_key, body_hash, channel, kind, direction, outcome, topic, requested_at,
                connected_at, ended_at, occurred_at, customer_id, alias_kind, alias_value, case_id, order_id, product_id,
                context, transfer_count, conclusion, staff_resolution, customer_resolution, primary_staff_id,
                primary_team_id, recorded_at, recorded_by, revision)
            {numbers},
            drawn AS (SELECT n, n * 2654435761 % 4294967296 / 2048 AS far, n * 2246822519 % 4294967296 / 65536 AS other
                FROM numbers),
            placed AS (SELECT n, other, {customers} * far * far / 4398046511104 AS whose FROM drawn),
            timed AS (SELECT n, other, whose,
                ({begin} + (n - {from}) * {DAYS} / {length} * {DAY} + other % 3600
                    + 3600 * CASE WHEN other % 10 < 6 THEN 8 + whose % 10 ELSE other % 24 END) * 1000000
                    + n % 1000000 AS moment,
                CASE WHEN other % 10 < 7 THEN whose ELSE other END AS taste,
                n % 20 = 1 AND whose % 3 = 0 AND n % 7 > 0 AS nameless
                FROM placed),
            told AS (SELECT n, other, whose, moment, taste, nameless, {whose} AS customer FROM timed),
            known AS (SELECT n, other, whose, moment, taste, customer,
                CASE WHEN nameless AND customer = '{NAME}' || whose THEN 1 END AS alias FROM told)
            SELECT {id}, {id}, {id}, CASE taste % 4 WHEN 0 THEN 1 WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE 10 END, 1 + other % 8, 1,
                CASE other % 10 WHEN 0 THEN 2 ELSE 1 END,
                CASE taste % 5 WHEN 0 THEN 'Returns' WHEN 1 THEN 'Delivery' WHEN 2 THEN 'Invoice' ELSE 'Exams' END,
                moment, moment + 30000000, moment + 300000000, moment,
                CASE alias WHEN 1 THEN NULL ELSE customer END, alias, CASE alias WHEN 1 THEN '+49 ' || whose END,
                'case ' || (n / 2), 'order ' || (n / 3), 'product ' || (taste % 50),
                '{{\"attributes\":{{\"language\":\"' || CASE whose % 3 WHEN 0 THEN 'zh-CN' WHEN 1 THEN 'de' ELSE 'en' END
                    || '\",\"plan\":\"business\"}}}}',
                0, 'Explained how the refund works; the parcel will come back', 0, 0, 'agent-' || (taste % {STAFF}),
                'team-' || (taste % 20), moment, 'record {from}', 1
            FROM known"
        )
    }

    /// A number in hexadecimal digits.
    fn hex(&self, number: &str, digits: u8) -> String {
        if self.on_sqlite() {
            format!("printf('%0{digits}x', {number})")
        } else {
            format!("lpad(to_hex({number}), {digits}, '0')")
        }
    }

    /// A UUID of hexadecimal digits.
    fn uuid(&self, digits: &str) -> String {
        if self.on_sqlite() { format!("unhex({digits})") } else { format!("CAST({digits} AS uuid)") }
    }
}

/// What a statement begins with that goes through numbers.
fn numbers(first: u64, end: u64) -> String {
    format!(
        "WITH RECURSIVE numbers AS (SELECT CAST({first} AS bigint) AS n UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {end})"
    )
}
