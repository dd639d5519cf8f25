//! Rows of statements and of what was fitted, and the part of the record that preferences are inferred from.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use rapport_preference::{
    model::Fitted,
    replay::{Ratings, Schedule},
};
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _,
    Statement as Sql,
    entity::prelude::*,
    sea_query::{Asterisk, ExprTrait as _},
};

use super::{
    INFERRED, LANGUAGE_ATTRIBUTE, Rated, RecordLine,
    entity::{
        fit, fitted,
        statement::{self, Column, Entity},
    },
    replay::{Answer, Replay, Said, is_followed},
};
use crate::{
    api::v1::{PreferenceDimension, PreferenceOrigin, RatingStanding},
    clock::Micros,
    directory::Party,
    error::{Error, Result},
    interaction::{ContextRest, store::entity::interaction, store::not_about_sql},
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        sequence,
    },
};

pub(super) use statement::Model as Statement;

/// Interactions per trip of a replay.
const PAGE: u64 = 2_000;
/// A fit follows the customers of about so many interactions.
const FOLLOWED: f64 = 500_000.0;
const HOUR: Micros = 3_600 * 1_000_000;

/// By hand, here and in what reads them: columns from four tables, one of them joined under a condition, behind tables that are
/// counted off or numbered first.
///
/// Columns of a [`RecordLine`] from interactions `i` with their customers `c`, and the ratings that hold.
fn columns(customer_id: &str, time_zone: &str) -> String {
    format!(
        "SELECT i.id, {customer_id} AS customer_id, {time_zone} AS time_zone, i.occurred_at, i.channel, i.kind,
            i.outcome, i.topic, i.product_id, i.primary_staff_id, r.level, r.answered_at, r.rated_staff_id,
            CASE WHEN i.context LIKE '%\"{LANGUAGE_ATTRIBUTE}\"%' THEN i.context END AS context"
    )
}

fn ratings() -> String {
    format!("LEFT JOIN rating r ON r.interaction_id = i.id AND r.standing <> {}", Stored(RatingStanding::Superseded))
}

fn read(row: &QueryResult) -> Result<RecordLine, DbErr> {
    let context: Option<String> = row.try_get("", "context")?;
    let context: Option<ContextRest> = context.and_then(|text| serde_json::from_str(&text).ok());
    let level: Option<i16> = row.try_get("", "level")?;
    let rated_at: Option<Micros> = row.try_get("", "answered_at")?;
    Ok(RecordLine {
        id: row.try_get("", "id")?,
        customer_id: row.try_get("", "customer_id")?,
        time_zone: row.try_get("", "time_zone")?,
        occurred_at: row.try_get("", "occurred_at")?,
        channel: row.try_get::<Stored<_>>("", "channel")?.0,
        kind: row.try_get::<Stored<_>>("", "kind")?.0,
        outcome: row.try_get::<Stored<_>>("", "outcome")?.0,
        topic: row.try_get("", "topic")?,
        product_id: row.try_get("", "product_id")?,
        language: context.and_then(|mut context| context.attributes.remove(LANGUAGE_ATTRIBUTE)),
        staff_id: row.try_get("", "primary_staff_id")?,
        rated_staff_id: row.try_get("", "rated_staff_id")?,
        rated: level.zip(rated_at).map(|(level, at)| Rated { level, at }),
    })
}

/// A page of everybody's interactions in order of time, and of id at one instant. Without complaints about somebody: those
/// whom they are about would find what is fitted to them.
async fn page(connection: &impl ConnectionTrait, after: (Micros, Uuid)) -> Result<Vec<RecordLine>, DbErr> {
    let sql = format!(
        "{} FROM interaction i LEFT JOIN customer c ON c.customer_id = i.customer_id {} WHERE (i.occurred_at, i.id) > ($1, $2) AND i.about_count = 0 ORDER BY i.occurred_at, i.id LIMIT {PAGE}",
        columns("i.customer_id", "coalesce(c.time_zone, '')"),
        ratings(),
    );
    let statement = Sql::from_sql_and_values(connection.get_database_backend(), sql, [after.0.into(), after.1.into()]);
    connection.query_all_raw(statement).await?.iter().map(read).collect()
}

/// The newest interactions with a customer, or with somebody who is known by an alias only; newest first.
pub(super) async fn newest(
    connection: &impl ConnectionTrait,
    party: &Party,
    hidden_from: Option<&str>,
    limit: u64,
) -> Result<Vec<RecordLine>, DbErr> {
    // Its index is read from the end: the customer's 10,000th interaction costs nothing.
    let mut values: Vec<Value> = vec![hidden_from.unwrap_or_default().into()];
    let whose = match party {
        Party::Customer(id) => {
            values.push(id.as_str().into());
            "customer_id = $2"
        }
        Party::Alias(alias) => {
            values.extend([Stored(alias.kind).into(), alias.value.as_str().into()]);
            "alias_kind = $2 AND alias_value = $3 AND customer_id IS NULL"
        }
    };
    let sql = format!(
        "{} FROM (
            SELECT id FROM interaction WHERE {whose} AND {}
                ORDER BY occurred_at DESC, id DESC LIMIT {limit}
        ) AS newest JOIN interaction i ON i.id = newest.id {}
        ORDER BY i.occurred_at DESC, i.id DESC LIMIT {limit}",
        columns("i.customer_id", "''"),
        not_about_sql("interaction", "$1"),
        ratings(),
    );
    let statement = Sql::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.query_all_raw(statement).await?.iter().map(read).collect()
}

/// The newest interactions of each customer after one id and up to another; newest first.
pub(super) async fn newest_of_each(
    connection: &impl ConnectionTrait,
    (after, up_to): (&str, &str),
    hidden_from: Option<&str>,
    limit: u64,
) -> Result<HashMap<String, Vec<RecordLine>>, DbErr> {
    let sql = format!(
        "{} FROM (
            SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at DESC, id DESC) AS place
                FROM interaction WHERE customer_id > $1 AND customer_id <= $2 AND {}
        ) AS newest JOIN interaction i ON i.id = newest.id {}
        WHERE newest.place <= {limit} ORDER BY i.customer_id, i.occurred_at DESC, i.id DESC",
        columns("i.customer_id", "''"),
        not_about_sql("interaction", "$3"),
        ratings(),
    );
    let values = [after.into(), up_to.into(), hidden_from.unwrap_or_default().into()];
    let statement = Sql::from_sql_and_values(connection.get_database_backend(), sql, values);
    let mut found: HashMap<String, Vec<RecordLine>> = HashMap::new();
    for row in connection.query_all_raw(statement).await? {
        let line = read(&row)?;
        if let Some(owner) = line.customer_id.clone() {
            found.entry(owner).or_default().push(line);
        }
    }
    Ok(found)
}

/// Replays the record, following this share of the customers. `on_answer` hears what would have been said before each contact,
/// `on_page` how many more interactions went by.
pub(crate) async fn replay(
    connection: &impl ConnectionTrait,
    (zone, ratings): (&TimeZone, Ratings),
    share: f64,
    mut on_answer: impl FnMut(&Answer<'_>),
    mut on_page: impl FnMut(u64),
) -> Result<Replay, DbErr> {
    let mut replay = Replay::new(zone.clone(), ever_said(connection).await?, ratings);
    let mut after = (Micros::MIN, Uuid::nil());
    loop {
        let lines = page(connection, after).await?;
        let Some(last) = lines.last() else { return Ok(replay) };
        after = (last.occurred_at, last.id);
        for line in &lines {
            let answers = replay.add(line, line.customer_id.as_ref().is_some_and(|id| is_followed(id, share)));
            answers.for_each(|answer| on_answer(&answer));
        }
        on_page(lines.len() as u64);
        // Callers who are served beside it have their turn.
        tokio::task::yield_now().await;
    }
}

/// What was ever said of anybody, by customer.
async fn ever_said(connection: &impl ConnectionTrait) -> Result<HashMap<String, Vec<Said>>, DbErr> {
    let columns = [Column::CustomerId, Column::Dimension, Column::StatedAt, Column::EndedAt];
    let rows = Entity::find().select_only().columns(columns).into_tuple();
    let rows: Vec<(String, Stored<PreferenceDimension>, Micros, Option<Micros>)> = rows.all(connection).await?;
    let mut said: HashMap<String, Vec<Said>> = HashMap::new();
    for (customer_id, dimension, from, to) in rows {
        said.entry(customer_id).or_default().push(Said { dimension: dimension.0, from, to });
    }
    Ok(said)
}

/// How many interactions are on record.
pub(crate) async fn recorded(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let count = interaction::Entity::find().select_only().expr(Expr::col(Asterisk).count());
    let count: Option<i64> = count.into_tuple().one(connection).await?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// Fits every dimension to the record if that is due, as [`Schedule`] says, or what is kept was fitted by another version. Of
/// several servers one does it. Gives whether it was done here.
///
/// # Errors
/// [`Error::StoreUnavailable`].
pub(super) async fn fit_if_due(store: &Store, zone: &TimeZone) -> Result<bool> {
    let length = sequence::head(store, sequence::INTERACTIONS).await?;
    let is_outdated = fitted::Entity::find().all(store.reader()).await?.iter().any(|row| parse(row).is_none());
    let runner = store.clone();
    let claimed = store.transact(move |tx| {
        let store = runner.clone();
        Box::pin(async move {
            let now = store.now(tx).await?;
            let since = |hours: i64| fit::Column::BeganAt.lte(now - hours * HOUR);
            let grown = Condition::all().add(since(Schedule::GROWN_HOURS)).add(fit::Column::Sequence.lt(length));
            let doubled = Expr::col(fit::Column::Sequence).mul(2).lte(length);
            let doubled = Condition::all().add(since(Schedule::DOUBLED_HOURS)).add(doubled);
            let outdated = Condition::all().add(since(Schedule::DOUBLED_HOURS));
            let is_due = Condition::any().add(grown).add_option((length > 0).then_some(doubled));
            let is_due = is_due.add_option(is_outdated.then_some(outdated));
            let claim = fit::Entity::update_many()
                .col_expr(fit::Column::BeganAt, Expr::value(now))
                .col_expr(fit::Column::Sequence, Expr::value(length))
                .filter(is_due);
            Ok(claim.exec(tx).await?.rows_affected > 0)
        })
    });
    if !claimed.await? {
        return Ok(false);
    }
    let share = FOLLOWED / (length as f64).max(1.0);
    let replay = replay(store.reader(), (zone, Ratings::Weigh), share, |_| {}, |_| {}).await?;
    let fitted = INFERRED.into_iter().zip(replay.fits());
    let rows =
        fitted.map(|(dimension, fitted)| Ok((dimension, serde_json::to_string(&fitted).map_err(Error::internal)?)));
    let rows: Vec<(PreferenceDimension, String)> = rows.collect::<Result<_>>()?;
    let runner = store.clone();
    store
        .transact(move |tx| {
            let (store, rows) = (runner.clone(), rows.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let rows = rows.into_iter().map(|(dimension, fitted)| fitted::Model {
                    dimension: Stored(dimension),
                    fitted,
                    fitted_at: now,
                });
                let there = Present::<fitted::Entity>::Replace(&[fitted::Column::Dimension]);
                bulk::insert(tx, rows.collect(), there).await?;
                Ok(())
            })
        })
        .await?;
    Ok(true)
}

/// Drops what was fitted to languages, which customers may name in words of their own; a fit to what is left is due at once.
pub(crate) async fn forget_languages(tx: &Tx) -> Result<(), DbErr> {
    fitted::Entity::delete_by_id(Stored(PreferenceDimension::Language)).exec(tx).await?;
    fit::Entity::update_many()
        .col_expr(fit::Column::BeganAt, Expr::value(0))
        .col_expr(fit::Column::Sequence, Expr::value(0))
        .exec(tx)
        .await?;
    Ok(())
}

/// What was fitted; dimensions that were not are missing, and those that another version fitted: it may have asked for
/// something else.
pub(super) async fn fitted(connection: &impl ConnectionTrait) -> Result<HashMap<PreferenceDimension, Fitted>, DbErr> {
    let rows = fitted::Entity::find().all(connection).await?;
    Ok(rows.iter().filter_map(|row| Some((row.dimension.0, parse(row)?))).collect())
}

fn parse(row: &fitted::Model) -> Option<Fitted> {
    serde_json::from_str(&row.fitted).ok()
}

/// What was said of a customer: what holds, and the newest of the rest; newest first.
pub(super) async fn statements(
    connection: &impl ConnectionTrait,
    customer_id: &str,
    limit: u64,
) -> Result<(Vec<Statement>, Vec<Statement>), DbErr> {
    let all = Entity::find()
        .filter(Column::CustomerId.eq(customer_id))
        .order_by_desc(Column::StatedAt)
        .order_by_desc(Column::Id);
    let holding = all.clone().filter(Column::EndedAt.is_null()).all(connection).await?;
    let newest = all.limit(limit).all(connection).await?;
    Ok((holding, newest))
}

pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Statement> {
    Entity::find_by_id(id).one(connection).await?.ok_or(Error::NotFound("statement"))
}

/// What holds of what was said of the customers after one id and up to another; newest first.
pub(super) async fn holding_of_each(
    connection: &impl ConnectionTrait,
    (after, up_to): (&str, &str),
) -> Result<HashMap<String, Vec<Statement>>, DbErr> {
    let between = Condition::all().add(Column::CustomerId.gt(after)).add(Column::CustomerId.lte(up_to));
    let query = Entity::find().filter(between).filter(Column::EndedAt.is_null());
    let query = query.order_by_desc(Column::StatedAt).order_by_desc(Column::Id);
    let mut found: HashMap<String, Vec<Statement>> = HashMap::new();
    for one in query.all(connection).await? {
        found.entry(one.customer_id.clone()).or_default().push(one);
    }
    Ok(found)
}

/// Adds what was said; what it contradicts holds no more. Needs the lock of the customer.
pub(super) async fn add(tx: &Tx, said: Statement) -> Result<Uuid, Abort> {
    let same_value = Column::Value.eq(&said.value);
    let contradicted = if said.origin.0 == PreferenceOrigin::Stated {
        Condition::any().add(Column::Origin.eq(Stored(PreferenceOrigin::Stated))).add(same_value)
    } else {
        Condition::any().add(same_value)
    };
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(said.stated_at))
        .filter(holding(&said.customer_id, said.dimension))
        .filter(contradicted)
        .exec(tx)
        .await?;
    let id = said.id;
    let row = statement::ActiveModel {
        id: Set(id),
        customer_id: Set(said.customer_id),
        dimension: Set(said.dimension),
        value: Set(said.value),
        origin: Set(said.origin),
        author: Set(said.author),
        author_role: Set(said.author_role),
        source: Set(said.source),
        note: Set(said.note),
        stated_at: Set(said.stated_at),
        ended_at: Set(None),
        withdrawn_by: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

/// Ends what is stated of a dimension, or stated or refuted of one value. Needs the lock of the customer.
///
/// # Errors
/// [`Error::NothingStated`].
pub(super) async fn withdraw(
    tx: &Tx,
    now: Micros,
    (customer_id, dimension, value): (&str, PreferenceDimension, Option<&str>),
    author: &str,
) -> Result<Uuid, Abort> {
    let which = match value {
        Some(value) => Column::Value.eq(value),
        None => Column::Origin.eq(Stored(PreferenceOrigin::Stated)),
    };
    let found = Entity::find().filter(holding(customer_id, Stored(dimension))).filter(which).one(tx).await?;
    let id = found.ok_or(Error::NothingStated)?.id;
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .col_expr(Column::WithdrawnBy, Expr::value(author))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(id)
}

fn holding(customer_id: &str, dimension: Stored<PreferenceDimension>) -> Condition {
    Condition::all()
        .add(Column::CustomerId.eq(customer_id))
        .add(Column::Dimension.eq(dimension))
        .add(Column::EndedAt.is_null())
}
