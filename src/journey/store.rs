//! Versions of the stages and what was learnt, in the database, and the record that figures and learning read.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;
use rapport_journey::{
    pattern::Learnt,
    stage::{Stage, asks_for_phases, asks_for_roles},
};
use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
};
use serde::{Deserialize, Serialize};

use super::{
    Journey,
    entity::{learning, model, version},
    learning::{Mark, learn},
    record::{Besides as Known, Gathering, Record},
};
use crate::{
    api::v1::Anticipated,
    clock::{DAY, Micros},
    error::{Error, Result},
    interaction::{
        resolution::{Judged, Matters},
        store::{
            AsRated, InteractionFilter, contacts,
            journey::{Besides, JourneyLine, first_orders, ids, lines, newest, recorded_until},
            primary_roles,
        },
    },
    offload,
    rating::store::journey::{Felt, felt},
    reach::{Scope, Sight},
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        sequence,
    },
};

/// Interactions that a summary reads at most.
const MOST: u64 = 2_000_000;
/// Of the newest interactions, so many say what new stages would do.
const SAMPLE: u64 = 10_000;
/// Of a customer's journey.
pub(super) const STEPS: u64 = 500;
/// From how much of the record is learnt, and from how many of its newest interactions at most.
const LEARNT_FROM: Micros = 366 * DAY;
const LEARNT_LINES: u64 = 500_000;
/// How often it is learnt.
const LEARN_EVERY: Micros = DAY;
/// Where nobody said otherwise.
const WITHIN: [(Anticipated, Micros); 2] = [(Anticipated::Complaint, 30 * DAY), (Anticipated::Return, 7 * DAY)];

impl TryFrom<version::Model> for Journey {
    type Error = DbErr;

    fn try_from(row: version::Model) -> Result<Self, DbErr> {
        let stages = serde_json::from_str(&row.stages).map_err(|error| DbErr::Json(error.to_string()))?;
        Ok(Self { version: row.version, stages, declared_at: row.declared_at, author: row.author })
    }
}

/// A version of the stages; none: the newest. Nothing where there is none.
pub(super) async fn find(connection: &impl ConnectionTrait, version: Option<i64>) -> Result<Option<Journey>, DbErr> {
    let mut query = version::Entity::find().order_by_desc(version::Column::Version);
    if let Some(version) = version {
        query = query.filter(version::Column::Version.eq(version));
    }
    query.one(connection).await?.map(Journey::try_from).transpose()
}

/// A page of versions, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Journey>, DbErr> {
    let mut query = version::Entity::find().order_by_desc(version::Column::Version).limit(limit);
    if let Some(before) = before {
        query = query.filter(version::Column::Version.lt(before));
    }
    query.all(connection).await?.into_iter().map(Journey::try_from).collect()
}

/// Adds a version if the newest is this one, or whichever it is; gives its number.
pub(super) async fn declare(
    tx: &Tx,
    stages: &[Stage],
    (now, author): (Micros, &str),
    if_version: Option<i64>,
) -> Result<i64, Abort> {
    // Two at once take the same number: the second one runs again and finds the first.
    let before = find(tx, None).await?.map_or(0, |journey| journey.version);
    if if_version.is_some_and(|version| version != before) {
        return Err(Error::EtagMismatch.into());
    }
    let row = version::ActiveModel {
        version: Set(before + 1),
        stages: Set(serde_json::to_string(stages).map_err(Error::internal)?),
        declared_at: Set(now),
        author: Set(author.to_owned()),
    };
    version::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(before + 1)
}

/// What of interactions the stages ask besides their lines: of a period, and of the first orders before its end.
async fn known(
    connection: &impl ConnectionTrait,
    stages: &[Stage],
    (sight, besides): (&Sight, &Besides),
    of: &InteractionFilter,
    (from, to): (Micros, Micros),
) -> Result<Known, DbErr> {
    let period = InteractionFilter { from: Some(from), to: Some(to), ..of.clone() };
    let roles = match asks_for_roles(stages) {
        true => primary_roles(connection, sight, &period).await?,
        false => HashMap::new(),
    };
    let first_orders = match asks_for_phases(stages) {
        true => first_orders(connection, besides, of, to).await?,
        false => Vec::new(),
    };
    Ok(Known { roles, first_orders })
}

/// All through the eyes of somebody.
fn eyes(sight: &Sight) -> (Sight, Besides) {
    (Sight { scope: Scope::All, oneself: sight.oneself.clone() }, Besides::Oneself(sight.oneself.clone()))
}

/// The newest interactions, for a look at what stages would do.
pub(super) async fn sample(store: &Store, stages: &[Stage], sight: &Sight) -> Result<Record> {
    let connection = store.reader();
    let (all, besides) = eyes(sight);
    let found = newest(connection, &all, &InteractionFilter::default(), SAMPLE).await?;
    let span = span(&found);
    let known = known(connection, stages, (&all, &besides), &InteractionFilter::default(), span).await?;
    Ok(gathered(found).finish(stages, &known))
}

/// From the earliest to behind the newest.
fn span(lines: &[JourneyLine]) -> (Micros, Micros) {
    let times = || lines.iter().map(|one| one.line.occurred_at);
    (times().min().unwrap_or_default(), times().max().map_or(0, |last| last.saturating_add(1)))
}

fn gathered(lines: Vec<JourneyLine>) -> Gathering {
    let mut gathering = Gathering::default();
    lines.into_iter().for_each(|line| gathering.add(line, None, None));
    gathering
}

/// The newest interactions of one customer, and whether there are earlier ones.
pub(super) async fn of_customer(
    store: &Store,
    stages: &[Stage],
    sight: &Sight,
    whose: &InteractionFilter,
) -> Result<(Record, bool)> {
    let connection = store.reader();
    let mut found = newest(connection, sight, whose, STEPS + 1).await?;
    let has_earlier = found.len() as u64 > STEPS;
    found.truncate(usize::try_from(STEPS).unwrap_or(usize::MAX));
    let besides = Besides::Oneself(sight.oneself.clone());
    let known = known(connection, stages, (sight, &besides), whose, span(&found)).await?;
    Ok((gathered(found).finish(stages, &known), has_earlier))
}

/// What a summary is made of.
pub(super) struct Period {
    /// Of the whole organisation, apart from what is about the reader; with what followed the period within the window.
    pub(super) record: Record,
    pub(super) felt: HashMap<Uuid, Felt>,
    /// What the reader may see of it; none: all of it.
    pub(super) seen: Option<HashSet<Uuid>>,
    pub(super) horizon: Micros,
}

/// Reads a period, and the window behind it.
///
/// # Errors
/// [`Error::JourneyTooLarge`].
pub(super) async fn period(
    store: &Store,
    stages: &[Stage],
    sight: &Sight,
    (from, to): (Micros, Micros),
    window: Micros,
) -> Result<Period> {
    let (connection, now) = (store.reader(), store.clock().now_micros());
    let (all, besides) = eyes(sight);
    let until = to.saturating_add(window);
    // Colleagues who change a rated interaction do not move its rating from one stage to another. All else is as it is
    // now: by what stays behind they would know that they are rated.
    let as_rated = AsRated::read(connection, sight.oneself.id(), Some(from), Some(to)).await?;
    let matters = Matters::new(&contacts(connection, sight.oneself.id(), Some(from), Some(to)).await?);
    let mut gathering = Gathering::default();
    let add = |one: JourneyLine| {
        let judged = if one.line.occurred_at < to { Judged::of(&one.line, &matters, now) } else { None };
        let rated = as_rated.topic_and_outcome(one.line.id);
        gathering.add(one, judged, rated);
        std::future::ready(Ok(()))
    };
    lines(connection, &besides, (from, until), (Order::Asc, MOST + 1)).await?.try_for_each(add).await?;
    if gathering.len() as u64 > MOST {
        return Err(Error::JourneyTooLarge);
    }
    let known = known(connection, stages, (&all, &besides), &InteractionFilter::default(), (from, until)).await?;
    let answers = felt(connection, sight, (from, to)).await?.map_ok(|one| (one.interaction_id, one));
    let answers: HashMap<Uuid, Felt> = answers.try_collect().await?;
    let seen = match &sight.scope {
        Scope::All => None,
        Scope::Teams { .. } | Scope::Staff(_) | Scope::Customer(_) => {
            let filter = InteractionFilter { from: Some(from), to: Some(to), ..InteractionFilter::default() };
            Some(ids(connection, sight, &filter).await?.into_iter().collect())
        }
    };
    let horizon = recorded_until(connection, &besides, now).await?.unwrap_or(now);
    Ok(Period { record: gathering.finish(stages, &known), felt: answers, seen, horizon })
}

/// What was learnt of one thing that comes back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    pub(super) what: Anticipated,
    pub(super) within: Micros,
    pub(super) learnt_at: Micros,
    /// From when to when the record was that taught.
    pub(super) span: (Micros, Micros),
    /// 0: there was none.
    pub(super) version: i64,
    pub(super) learnt: Learnt<Mark>,
}

/// As it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    within: Micros,
    span: (Micros, Micros),
    version: i64,
    learnt: Learnt<Mark>,
}

/// What was learnt last. What this version cannot read was not.
pub(super) async fn models(connection: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    let rows = model::Entity::find().order_by_asc(model::Column::What).all(connection).await?;
    let read = |row: model::Model| {
        let Kept { within, span, version, learnt } = serde_json::from_str(&row.learnt).ok()?;
        Some(Model { what: row.what.0, within, learnt_at: row.learnt_at, span, version, learnt })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Within how long each is asked: as told, else as it was learnt last, else by default.
pub(super) async fn terms(
    connection: &impl ConnectionTrait,
    told: impl Fn(Anticipated) -> Option<Micros>,
) -> Result<[(Anticipated, Micros); 2], DbErr> {
    let before = models(connection).await?;
    let kept = |what| before.iter().find(|model| model.what == what).map(|model| model.within);
    Ok(WITHIN.map(|(what, default)| (what, told(what).or_else(|| kept(what)).unwrap_or(default))))
}

/// Learns from the record what comes back within how long.
pub(super) async fn learn_from(store: &Store, terms: [(Anticipated, Micros); 2]) -> Result<Vec<Model>> {
    let (connection, now) = (store.reader(), store.clock().now_micros());
    let besides = Besides::Anybody;
    let horizon = recorded_until(connection, &besides, now).await?.unwrap_or(now);
    let (from, to) = (horizon.saturating_sub(LEARNT_FROM), horizon.saturating_add(1));
    let journey = find(connection, None).await?;
    let (version, stages) = journey.map(|journey| (journey.version, journey.stages)).unwrap_or_default();
    let mut gathering = Gathering::default();
    let add = |one: JourneyLine| {
        gathering.add(one, None, None);
        std::future::ready(Ok(()))
    };
    lines(connection, &besides, (from, to), (Order::Desc, LEARNT_LINES)).await?.try_for_each(add).await?;
    let from = gathering.earliest().unwrap_or(from);
    let known =
        known(connection, &stages, (&Sight::all(), &besides), &InteractionFilter::default(), (from, to)).await?;
    let work = move || {
        let record = gathering.finish(&stages, &known);
        let model = |(what, within)| {
            let learnt = learn(&record, &stages, what, within, (from, horizon));
            Model { what, within, learnt_at: now, span: (from, to), version, learnt }
        };
        terms.map(model).into()
    };
    offload::run(work).await
}

/// Keeps what was learnt in place of what was learnt before.
pub(super) async fn keep(tx: &Tx, models: &[Model]) -> Result<(), Abort> {
    let row = |model: &Model| {
        let Model { within, span, version, learnt, .. } = model.clone();
        let learnt = serde_json::to_string(&Kept { within, span, version, learnt }).map_err(Error::internal)?;
        Ok(model::Model { what: Stored(model.what), learnt, learnt_at: model.learnt_at })
    };
    let rows: Vec<model::Model> = models.iter().map(row).collect::<Result<_>>()?;
    bulk::insert(tx, rows, Present::<model::Entity>::Replace(&[model::Column::What])).await?;
    Ok(())
}

/// Learns anew if the record has grown since, and a day is over; one server of all does. Gives whether it did.
///
/// # Errors
/// [`Error::StoreUnavailable`].
pub(super) async fn learn_if_due(store: &Store) -> Result<bool> {
    let length = sequence::head(store, sequence::INTERACTIONS).await?;
    let runner = store.clone();
    let claimed = store.transact(move |tx| {
        let store = runner.clone();
        Box::pin(async move {
            let now = store.now(tx).await?;
            let is_over = learning::Column::BeganAt.lte(now - LEARN_EVERY);
            let is_due = Condition::all().add(is_over).add(learning::Column::Sequence.lt(length));
            let claim = learning::Entity::update_many()
                .col_expr(learning::Column::BeganAt, Expr::value(now))
                .col_expr(learning::Column::Sequence, Expr::value(length))
                .filter(is_due);
            Ok(claim.exec(tx).await?.rows_affected > 0)
        })
    });
    if !claimed.await? {
        return Ok(false);
    }
    let terms = terms(store.reader(), |_| None).await?;
    let models = learn_from(store, terms).await?;
    store
        .transact(move |tx| {
            let models = models.clone();
            Box::pin(async move { keep(tx, &models).await })
        })
        .await?;
    Ok(true)
}
