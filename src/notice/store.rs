//! Notices in the database. Those who make, take or report them wait for one another at a stream of their own, which comes after all
//! others.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

use jiff::tz::TimeZone;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, DbErr, FromQueryResult, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    About, State, Whose,
    entity::{
        notice::{Column, Entity, Model},
        text,
    },
    purpose,
};
use crate::{
    api::v1::{Channel, Direction, InteractionKind, NoticeKind, NoticeOutcome, Outcome, Resolution},
    clock::Micros,
    contact::{Attempt, store as contacts},
    directory::{
        Alias, Party,
        store::{Reachable, reach_among},
    },
    error::{Error, Result},
    interaction::{Context, Facts, Instants},
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        sequence, set,
    },
};

/// After which a notice that was taken and not reported comes again.
const LEASE: Micros = 5 * MINUTE;
const MINUTE: Micros = 60 * 1_000_000;
/// Notices handed out a minute where nobody says so.
const PER_MINUTE: i32 = 600;

/// Lets nobody make, take or report notices beside this; gives the database's time.
pub(crate) async fn lock(tx: &Tx, store: &Store) -> Result<Micros, DbErr> {
    Ok(sequence::take(tx, store.clock(), sequence::NOTICES, 0).await?.1)
}

/// The same without the time.
pub(crate) async fn hold(tx: &Tx) -> Result<(), DbErr> {
    sequence::hold(tx, sequence::NOTICES).await
}

/// Says what is told. `per_minute`: 0 for what is usual.
pub(crate) async fn say(tx: &Tx, (subject_id, kind): About, words: String, per_minute: i32) -> Result<(), DbErr> {
    let per_minute = if per_minute > 0 { per_minute } else { PER_MINUTE };
    let row = text::Model { subject_id, kind: Stored(kind), words, per_minute };
    text::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// What is told of each of these, by kind.
pub(crate) async fn said(
    connection: &impl ConnectionTrait,
    subjects: &[Uuid],
) -> Result<HashMap<Uuid, BTreeMap<NoticeKind, text::Model>>, DbErr> {
    let query = text::Entity::find().filter(text::Column::SubjectId.is_in(subjects.iter().copied()));
    let mut found: HashMap<Uuid, BTreeMap<_, _>> = HashMap::new();
    for row in query.all(connection).await? {
        found.entry(row.subject_id).or_default().insert(row.kind.0, row);
    }
    Ok(found)
}

/// Whether something is told of it.
pub(crate) async fn is_said(connection: &impl ConnectionTrait, (subject_id, kind): About) -> Result<bool, DbErr> {
    Ok(text::Entity::find_by_id((subject_id, Stored(kind))).one(connection).await?.is_some())
}

fn of((subject_id, kind): About) -> Select<Entity> {
    Entity::find().filter(Column::SubjectId.eq(subject_id)).filter(Column::Kind.eq(Stored(kind)))
}

/// Those to whom it was sent, behind a notice and in order of id; with the last one's id.
pub(crate) async fn sent_after(
    tx: &Tx,
    about: About,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Option<(Uuid, Vec<Whose>)>, DbErr> {
    let sent = of(about).filter(Column::State.eq(State::Sent as i16)).filter(Column::Id.gt(after.unwrap_or_default()));
    let sent = sent.order_by_asc(Column::Id).limit(limit).all(tx).await?;
    let last = sent.last().map(|one| one.id);
    Ok(last.map(|last| (last, sent.into_iter().map(to_whom).collect())))
}

fn to_whom(one: Model) -> Whose {
    (one.customer_id, one.alias_kind, one.alias_value)
}

/// Lets those be told who have no such notice yet. Needs [`hold`].
pub(crate) async fn add(tx: &Tx, now: Micros, about: About, all: Vec<Whose>) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let customers = all.iter().filter_map(|one| one.0.clone()).collect();
    let aliases = all.iter().filter_map(|one| one.2.clone()).collect();
    let by_customer = Column::CustomerId.in_subquery(set::one_of(backend, customers));
    let by_alias = Column::AliasValue.in_subquery(set::one_of(backend, aliases));
    let there = of(about).filter(by_customer.or(by_alias)).select_only();
    let there = there.columns([Column::CustomerId, Column::AliasKind, Column::AliasValue]);
    let mut known: HashSet<Whose> = there.into_tuple().all(tx).await?.into_iter().collect();
    let mut rows = Vec::new();
    for (customer_id, alias_kind, alias_value) in all {
        let (alias_kind, alias_value) = alias_kind.zip(alias_value).filter(|_| customer_id.is_none()).unzip();
        let whose = (customer_id, alias_kind, alias_value);
        // Those of whom nothing is known cannot be told.
        if (whose.0.is_some() || whose.2.is_some()) && known.insert(whose.clone()) {
            rows.push(waiting(about, whose, now));
        }
    }
    bulk::insert::<Entity>(tx, rows, Present::Never).await?;
    Ok(())
}

fn waiting((subject_id, kind): About, (customer_id, alias_kind, alias_value): Whose, now: Micros) -> Model {
    Model {
        id: Uuid::new_v4(),
        subject_id,
        kind: Stored(kind),
        customer_id,
        alias_kind,
        alias_value,
        state: State::Waiting as i16,
        not_before: now,
        taken_at: None,
        channel: None,
        reported_at: None,
        interaction_id: None,
    }
}

/// Drops the notices that nobody has sent yet.
pub(crate) async fn drop_waiting(tx: &Tx, subject_id: Uuid) -> Result<(), DbErr> {
    hold(tx).await?;
    let update = Entity::update_many().col_expr(Column::State, Expr::value(State::Dropped as i16));
    let update = update.filter(Column::SubjectId.eq(subject_id)).filter(Column::State.eq(State::Waiting as i16));
    update.exec(tx).await?;
    Ok(())
}

/// How many notices of a kind are in a state.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct Count {
    kind: Stored<NoticeKind>,
    state: i16,
    count: i64,
}

/// What became of the notices of something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Vec<Count>);

impl Counts {
    /// Notices of a kind in some states.
    pub(crate) fn of(&self, kind: NoticeKind, states: &[State]) -> i64 {
        let is_one = |one: &&Count| one.kind.0 == kind && states.iter().any(|state| *state as i16 == one.state);
        self.0.iter().filter(is_one).map(|one| one.count).sum()
    }
}

/// Counts the notices of something.
pub(crate) async fn counts(connection: &impl ConnectionTrait, subject_id: Uuid) -> Result<Counts, DbErr> {
    let query = Entity::find().filter(Column::SubjectId.eq(subject_id)).select_only();
    let query = query.columns([Column::Kind, Column::State]).column_as(Column::Id.count(), "count");
    let query = query.group_by(Column::Kind).group_by(Column::State);
    Ok(Counts(query.into_model::<Count>().all(connection).await?))
}

/// A notice that may be sent now.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) notice: Model,
    pub(crate) words: String,
    pub(crate) points: Vec<Alias>,
    pub(crate) locale: String,
}

/// Takes notices whose customers may be contacted now, at the pace of what they are about; gives their ids.
pub(crate) async fn take(
    tx: &Tx,
    (store, zone): (&Store, &TimeZone),
    (channel, count): (Channel, u64),
) -> Result<Vec<Uuid>, Abort> {
    let now = lock(tx, store).await?;
    let is_waiting = Column::State.eq(State::Waiting as i16).and(Column::NotBefore.lte(now));
    let has_lapsed = Column::State.eq(State::Taken as i16).and(Column::TakenAt.lte(now - LEASE));
    let query = Entity::find().filter(is_waiting.or(has_lapsed));
    let candidates = query.order_by_asc(Column::NotBefore).order_by_asc(Column::Id).limit(count).all(tx).await?;
    let mut room = Room::default();
    let policy = contacts::find_policy(tx, None).await?;
    let parties: Vec<Party> = candidates.iter().filter_map(party).collect();
    let period = (now.saturating_sub(policy.policy.longest_window()), Micros::MAX);
    let situations = contacts::situations(tx, zone, parties.iter().collect(), period).await?;
    let reach = reach_of(tx, &candidates).await?;
    let mut taken = Vec::new();
    for mut one in candidates {
        let Some(party) = party(&one) else {
            put(tx, &mut one, State::Dropped).await?;
            continue;
        };
        let points = points_of(&party, &reach);
        let attempt = Attempt { purpose: purpose(one.kind.0), channel, points, at: now };
        // Customers whom the directory does not know any more are nobody.
        let Some(situation) = situations.get(&party) else {
            put(tx, &mut one, State::Dropped).await?;
            continue;
        };
        let refusals = policy.policy.refusals(situation, &attempt);
        if !refusals.is_empty() {
            match policy.policy.next_allowed(situation, &attempt) {
                Some(at) => {
                    one.not_before = at;
                    put(tx, &mut one, State::Waiting).await?;
                }
                None => put(tx, &mut one, State::Suppressed).await?,
            }
            continue;
        }
        if was_merged(tx, &one).await? {
            put(tx, &mut one, State::Dropped).await?;
            continue;
        }
        if !room.has(tx, (one.subject_id, one.kind.0), now).await? {
            continue;
        }
        one.taken_at = Some(now);
        one.channel = Some(Stored(channel));
        taken.push(one.id);
        put(tx, &mut one, State::Taken).await?;
    }
    Ok(taken)
}

/// Whether the customer has another notice of this, under an id that was theirs before a merge.
async fn was_merged(tx: &Tx, one: &Model) -> Result<bool, DbErr> {
    let Some(customer_id) = &one.customer_id else { return Ok(false) };
    let others = of((one.subject_id, one.kind.0)).filter(Column::CustomerId.eq(customer_id));
    let others = others.filter(Column::Id.ne(one.id));
    let given = others.filter(Column::State.is_in([State::Taken as i16, State::Sent as i16]));
    Ok(given.one(tx).await?.is_some())
}

/// How many notices of each thing may be handed out yet in this minute.
#[derive(Default)]
struct Room(HashMap<Uuid, i64>);

impl Room {
    async fn has(&mut self, tx: &Tx, (subject_id, kind): About, now: Micros) -> Result<bool, DbErr> {
        let left = match self.0.entry(subject_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let text = text::Entity::find_by_id((subject_id, Stored(kind))).one(tx).await?;
                let taken = Entity::find().filter(Column::SubjectId.eq(subject_id));
                let taken = taken.filter(Column::TakenAt.between(now - MINUTE + 1, now)).count(tx).await?;
                let pace = text.map_or(0, |text| i64::from(text.per_minute));
                unknown.insert(pace - i64::try_from(taken).unwrap_or(i64::MAX))
            }
        };
        *left -= 1;
        Ok(*left >= 0)
    }
}

async fn put(tx: &Tx, one: &mut Model, state: State) -> Result<(), DbErr> {
    one.state = state as i16;
    one.clone().into_active_model().reset_all().update(tx).await?;
    Ok(())
}

fn party(one: &Model) -> Option<Party> {
    let alias = one.alias_kind.zip(one.alias_value.clone());
    match one.customer_id.clone() {
        Some(id) => Some(Party::Customer(id)),
        None => alias.map(|(kind, value)| Party::Alias(Alias::stored(kind.0, value, None))),
    }
}

async fn reach_of(connection: &impl ConnectionTrait, notices: &[Model]) -> Result<HashMap<String, Reachable>, DbErr> {
    reach_among(connection, notices.iter().filter_map(|one| one.customer_id.clone()).collect()).await
}

fn points_of(party: &Party, reach: &HashMap<String, Reachable>) -> Vec<Alias> {
    match party {
        Party::Customer(id) => reach.get(id).map(|one| one.points.clone()).unwrap_or_default(),
        Party::Alias(alias) => vec![alias.clone()],
    }
}

/// Notices that were taken, with what is sent.
pub(crate) async fn ready(connection: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Ready>, DbErr> {
    let notices = Entity::find().filter(Column::Id.is_in(ids)).order_by_asc(Column::Id).all(connection).await?;
    let reach = reach_of(connection, &notices).await?;
    let subjects: Vec<Uuid> = notices.iter().map(|one| one.subject_id).collect();
    let texts = said(connection, &subjects).await?;
    let mut ready = Vec::with_capacity(notices.len());
    for notice in notices {
        let Some(party) = party(&notice) else { continue };
        let Some(text) = texts.get(&notice.subject_id).and_then(|texts| texts.get(&notice.kind.0)) else { continue };
        let locale = notice.customer_id.as_ref().and_then(|id| reach.get(id)).map(|one| one.locale.clone());
        ready.push(Ready {
            words: text.words.clone(),
            points: points_of(&party, &reach),
            locale: locale.unwrap_or_default(),
            notice,
        });
    }
    Ok(ready)
}

/// Notes what became of a notice that was taken. `recorded`: the outbound interaction, where it was sent.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NoticeSettled`].
pub(crate) async fn report(
    tx: &Tx,
    store: &Store,
    (id, outcome, recorded): (Uuid, NoticeOutcome, Option<Uuid>),
) -> Result<(), Abort> {
    let now = lock(tx, store).await?;
    let mut one = Entity::find_by_id(id).one(tx).await?.ok_or(Error::NotFound("notice"))?;
    if one.state != State::Taken as i16 {
        return Err(Error::NoticeSettled.into());
    }
    one.reported_at = Some(now);
    one.interaction_id = recorded;
    let state = if outcome == NoticeOutcome::Sent { State::Sent } else { State::Failed };
    put(tx, &mut one, state).await?;
    // Mended while it was under way.
    let mended = (one.subject_id, NoticeKind::Mended);
    if state == State::Sent && one.kind.0 == NoticeKind::Told && is_said(tx, mended).await? {
        add(tx, now, mended, vec![to_whom(one)]).await?;
    }
    Ok(())
}

/// The contact that a notice is, once it was sent.
pub(crate) fn contact(one: &Model, now: Micros) -> Facts {
    let channel = one.channel.map(|channel| channel.0).unwrap_or_default();
    let alias = one.alias_kind.zip(one.alias_value.clone());
    Facts {
        channel,
        kind: InteractionKind::FollowUp,
        direction: Direction::Outbound,
        outcome: Outcome::Answered,
        topic: None,
        instants: Instants { requested: Some(now), ended: Some(now), ..Instants::default() },
        hold: None,
        after_call_work: None,
        customer_id: one.customer_id.clone(),
        customer_alias: alias.map(|(kind, value)| Alias::stored(kind.0, value, None)),
        participants: Vec::new(),
        case_id: None,
        context: Context::default(),
        transfers: Vec::new(),
        messages: None,
        conclusion: None,
        staff_resolution: Resolution::Unspecified,
        customer_resolution: Resolution::Unspecified,
        contact_purpose: Some(purpose(one.kind.0)),
        about_staff_ids: Vec::new(),
    }
}

/// One that was taken.
pub(crate) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}
