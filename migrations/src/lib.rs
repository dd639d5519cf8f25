//! The one schema of Rapport, for SQLite and PostgreSQL.
//!
//! Migrations go forward only: expand first, contract in a later version, so that servers of the version before keep
//! running against the new schema.

pub use sea_orm_migration::{MigrationName, MigratorTrait};
use sea_orm_migration::{async_trait, prelude::*, sea_orm::DbBackend};

pub mod lookalike;
mod m0001_directory;
mod m0002_interactions;
mod m0004_contacts;
mod m0005_surveys;
mod m0006_ratings;
mod m0007_contests;
mod m0008_replies;
mod m0009_invitation_figures;
mod m0010_quality;
mod m0011_competitions;
mod m0012_preferences;
mod m0013_erasures;
mod m0014_housekeeping;
mod m0015_commit_mark;
mod m0016_consent_time;
mod m0017_oneself;
mod m0018_lookalikes;
mod m0019_hidden_voters;
mod m0020_told_participants;
mod m0021_reattributions;
mod m0022_as_rated;
mod m0023_about_staff;
mod m0024_orders;
mod m0025_counted_ballots;
mod m0026_identity;
mod m0027_calendars;
mod m0028_commitments;
mod m0029_follow_ups;
mod m0030_callbacks;
mod m0031_webhooks;
mod m0032_incidents;
mod m0033_voice;
mod m0034_sessions;
mod m0035_timed_keys;
mod m0036_restorations;
mod m0037_discretion;
mod m0038_trials;
mod m0039_journeys;

/// Every migration, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_directory::Migration),
            Box::new(m0002_interactions::Migration),
            Box::new(m0004_contacts::Migration),
            Box::new(m0005_surveys::Migration),
            Box::new(m0006_ratings::Migration),
            Box::new(m0007_contests::Migration),
            Box::new(m0008_replies::Migration),
            Box::new(m0009_invitation_figures::Migration),
            Box::new(m0010_quality::Migration),
            Box::new(m0011_competitions::Migration),
            Box::new(m0012_preferences::Migration),
            Box::new(m0013_erasures::Migration),
            Box::new(m0014_housekeeping::Migration),
            Box::new(m0015_commit_mark::Migration),
            Box::new(m0016_consent_time::Migration),
            Box::new(m0017_oneself::Migration),
            Box::new(m0018_lookalikes::Migration),
            Box::new(m0019_hidden_voters::Migration),
            Box::new(m0020_told_participants::Migration),
            Box::new(m0021_reattributions::Migration),
            Box::new(m0022_as_rated::Migration),
            Box::new(m0023_about_staff::Migration),
            Box::new(m0024_orders::Migration),
            Box::new(m0025_counted_ballots::Migration),
            Box::new(m0026_identity::Migration),
            Box::new(m0027_calendars::Migration),
            Box::new(m0028_commitments::Migration),
            Box::new(m0029_follow_ups::Migration),
            Box::new(m0030_callbacks::Migration),
            Box::new(m0031_webhooks::Migration),
            Box::new(m0032_incidents::Migration),
            Box::new(m0033_voice::Migration),
            Box::new(m0034_sessions::Migration),
            Box::new(m0035_timed_keys::Migration),
            Box::new(m0036_restorations::Migration),
            Box::new(m0037_discretion::Migration),
            Box::new(m0038_trials::Migration),
            Box::new(m0039_journeys::Migration),
        ]
    }
}

/// The id that the object of an audited action is, null where it is none: a cast of anything else would err.
const PG_OBJECT_ID: &str = "CASE WHEN audit_event.object_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    THEN CAST(audit_event.object_id AS uuid) END";

/// Runs statements written once for both databases. Types in braces stand for what each database calls them:
/// `{id}` a UUID, `{text}` a text compared byte by byte, `{int}` 64 bits, `{count}` 32 bits, `{code}` an enum number of
/// the contract, `{bytes}`; `{strict}` closes a table, `{by_key}` one of short rows that are kept in the order of its
/// primary key, which on SQLite saves an index; `{now}` the present in microseconds; `{object_id}` the id that is the object of
/// an audited action.
async fn execute(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let types = if connection.get_database_backend() == DbBackend::Sqlite {
        [
            ("{id}", "BLOB"),
            ("{text}", "TEXT"),
            ("{int}", "INTEGER"),
            ("{count}", "INTEGER"),
            ("{code}", "INTEGER"),
            ("{bytes}", "BLOB"),
            ("{now}", "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"),
            ("{object_id}", "unhex(audit_event.object_id, '-')"),
            ("{strict}", "STRICT"),
            ("{by_key}", "STRICT, WITHOUT ROWID"),
        ]
    } else {
        [
            ("{id}", "uuid"),
            ("{text}", "text COLLATE \"C\""),
            ("{int}", "bigint"),
            ("{count}", "integer"),
            ("{code}", "smallint"),
            ("{bytes}", "bytea"),
            ("{now}", "CAST(extract(epoch FROM now()) * 1000000 AS bigint)"),
            ("{object_id}", PG_OBJECT_ID),
            ("{strict}", ""),
            ("{by_key}", ""),
        ]
    };
    for statement in statements {
        let sql = types.iter().fold((*statement).to_owned(), |sql, (name, of_database)| sql.replace(name, of_database));
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}
