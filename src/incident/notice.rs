//! What customers are told of an incident: each once what happened, and those who were told it once that it is mended.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use jiff::tz::TimeZone;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    entity::{
        incident,
        notice::{Column, Entity, Model},
    },
    store,
};
use crate::{
    api::v1::{
        Channel, ContactKind, ContactPurpose, Direction, InteractionKind, NoticeKind, NoticeOutcome, Outcome,
        Resolution,
    },
    clock::Micros,
    contact::{Attempt, store as contacts},
    directory::{
        Alias, Party,
        store::{Reachable, reach_among},
    },
    error::{Error, Result},
    interaction::{
        Context, Facts, Instants,
        store::{self as interactions, incident::Member},
    },
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
const PER_MINUTE: i64 = 600;
/// How long a notice waits that the policy gives no time for.
const AGAIN: Micros = 60 * MINUTE;

/// Where a notice stands. Numbers are on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting = 1,
    Taken = 2,
    Sent = 3,
    Failed = 4,
    /// The contact policy stands against it for good.
    Suppressed = 5,
    /// It was mended, or taken back, before the notice was sent.
    Dropped = 6,
}

/// Makes the next notices of an incident that is open or mended; whether there may be more.
pub(super) async fn advance(tx: &Tx, one: &mut incident::Model, (portion, now): (u64, Micros)) -> Result<bool, Abort> {
    let is_resolved = one.resolved_at.is_some();
    if one.notice.is_none() || (is_resolved && one.mended.is_none()) {
        return Ok(false);
    }
    // Taken after the incident's row, as by those who record.
    lock(tx).await?;
    if is_resolved {
        let after = one.mended_until.unwrap_or(Uuid::nil());
        let told = of(one.id, NoticeKind::Told).filter(Column::State.eq(State::Sent as i16));
        let told = told.filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(portion).all(tx).await?;
        let Some(last) = told.last() else { return Ok(false) };
        one.mended_until = Some(last.id);
        add_mended(tx, now, one.id, told).await?;
        return Ok(true);
    }
    let after = one.noticed_until.unwrap_or(Uuid::nil());
    let members = interactions::incident::members_after(tx, one.id, after, portion).await?;
    let Some(last) = members.last() else { return Ok(false) };
    one.noticed_until = Some(last.id);
    add_told(tx, now, one.id, members).await?;
    Ok(true)
}

async fn lock(tx: &Tx) -> Result<(), DbErr> {
    sequence::hold(tx, sequence::INCIDENTS).await
}

fn of(incident_id: Uuid, kind: NoticeKind) -> Select<Entity> {
    Entity::find().filter(Column::IncidentId.eq(incident_id)).filter(Column::Kind.eq(Stored(kind)))
}

/// Lets those who have none yet be told what happened.
pub(super) async fn add_told(tx: &Tx, now: Micros, incident_id: Uuid, members: Vec<Member>) -> Result<(), DbErr> {
    let whose = |one: Member| (one.customer_id, one.alias_kind, one.alias_value);
    add(tx, now, (incident_id, NoticeKind::Told), members.into_iter().map(whose).collect()).await
}

/// Lets those who were told be told that it is mended.
async fn add_mended(tx: &Tx, now: Micros, incident_id: Uuid, told: Vec<Model>) -> Result<(), DbErr> {
    let whose = |one: Model| (one.customer_id, one.alias_kind, one.alias_value);
    add(tx, now, (incident_id, NoticeKind::Mended), told.into_iter().map(whose).collect()).await
}

/// A customer, or kind and value of an alias.
type Whose = (Option<String>, Option<Stored<ContactKind>>, Option<String>);

async fn add(tx: &Tx, now: Micros, (incident_id, kind): (Uuid, NoticeKind), all: Vec<Whose>) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let customers = all.iter().filter_map(|one| one.0.clone()).collect();
    let aliases = all.iter().filter_map(|one| one.2.clone()).collect();
    let by_customer = Column::CustomerId.in_subquery(set::one_of(backend, customers));
    let by_alias = Column::AliasValue.in_subquery(set::one_of(backend, aliases));
    let there = of(incident_id, kind).filter(by_customer.or(by_alias)).select_only();
    let there = there.columns([Column::CustomerId, Column::AliasKind, Column::AliasValue]);
    let mut known: HashSet<Whose> = there.into_tuple().all(tx).await?.into_iter().collect();
    let mut rows = Vec::new();
    for (customer_id, alias_kind, alias_value) in all {
        let (alias_kind, alias_value) = alias_kind.zip(alias_value).filter(|_| customer_id.is_none()).unzip();
        let whose = (customer_id, alias_kind, alias_value);
        // Those of whom nothing is known cannot be told.
        if (whose.0.is_some() || whose.2.is_some()) && known.insert(whose.clone()) {
            rows.push(waiting((incident_id, kind), whose, now));
        }
    }
    bulk::insert::<Entity>(tx, rows, Present::Never).await?;
    Ok(())
}

fn waiting(
    (incident_id, kind): (Uuid, NoticeKind),
    (customer_id, alias_kind, alias_value): Whose,
    now: Micros,
) -> Model {
    Model {
        id: Uuid::new_v4(),
        incident_id,
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

/// Drops the notices of an incident that nobody has sent yet.
pub(super) async fn drop_waiting(tx: &Tx, incident_id: Uuid) -> Result<(), DbErr> {
    lock(tx).await?;
    let update = Entity::update_many().col_expr(Column::State, Expr::value(State::Dropped as i16));
    let update = update.filter(Column::IncidentId.eq(incident_id)).filter(Column::State.eq(State::Waiting as i16));
    update.exec(tx).await?;
    Ok(())
}

/// A notice that may be sent now.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) notice: Model,
    pub(super) words: String,
    pub(super) points: Vec<Alias>,
    pub(super) locale: String,
}

/// Takes notices whose customers may be contacted now, at the pace of their incidents; gives their ids.
pub(super) async fn take(
    tx: &Tx,
    (store, zone): (&Store, &TimeZone),
    (channel, count): (Channel, u64),
) -> Result<Vec<Uuid>, Abort> {
    let (_, now) = sequence::take(tx, store.clock(), sequence::INCIDENTS, 0).await?;
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
        let attempt = Attempt { purpose: ContactPurpose::IncidentNotice, channel, points, at: now };
        // Customers whom the directory does not know any more are nobody.
        let Some(situation) = situations.get(&party) else {
            put(tx, &mut one, State::Dropped).await?;
            continue;
        };
        let refusals = policy.policy.refusals(situation, &attempt);
        if !refusals.is_empty() {
            match policy.policy.next_allowed(situation, &attempt) {
                Some(at) if at > now => {
                    one.not_before = at;
                    put(tx, &mut one, State::Waiting).await?;
                }
                Some(_) => {
                    one.not_before = now + AGAIN;
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
        if !room.has(tx, one.incident_id, now).await? {
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
    let others =
        of(one.incident_id, one.kind.0).filter(Column::CustomerId.eq(customer_id)).filter(Column::Id.ne(one.id));
    let given = others.filter(Column::State.is_in([State::Taken as i16, State::Sent as i16]));
    Ok(given.one(tx).await?.is_some())
}

/// How many notices each incident may hand out yet in this minute.
#[derive(Default)]
struct Room(HashMap<Uuid, i64>);

impl Room {
    async fn has(&mut self, tx: &Tx, incident_id: Uuid, now: Micros) -> Result<bool, DbErr> {
        let left = match self.0.entry(incident_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let pace = store::find(tx, incident_id).await?.map_or(0, |one| i64::from(one.per_minute));
                let pace = if pace > 0 { pace } else { PER_MINUTE };
                let taken = Entity::find().filter(Column::IncidentId.eq(incident_id));
                let taken = taken.filter(Column::TakenAt.gt(now - MINUTE)).count(tx).await?;
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
pub(super) async fn ready(connection: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Ready>, DbErr> {
    let notices = Entity::find().filter(Column::Id.is_in(ids)).order_by_asc(Column::Id).all(connection).await?;
    let reach = reach_of(connection, &notices).await?;
    let mut ready = Vec::with_capacity(notices.len());
    let mut incidents: HashMap<Uuid, incident::Model> = HashMap::new();
    for notice in notices {
        let Some(party) = party(&notice) else { continue };
        if !incidents.contains_key(&notice.incident_id)
            && let Some(found) = store::find(connection, notice.incident_id).await?
        {
            incidents.insert(found.id, found);
        }
        let Some(of) = incidents.get(&notice.incident_id) else { continue };
        let words = if notice.kind.0 == NoticeKind::Mended { &of.mended } else { &of.notice };
        let locale = notice.customer_id.as_ref().and_then(|id| reach.get(id)).map(|one| one.locale.clone());
        ready.push(Ready {
            words: words.clone().unwrap_or_default(),
            points: points_of(&party, &reach),
            locale: locale.unwrap_or_default(),
            notice,
        });
    }
    Ok(ready)
}

/// Notes what became of a notice that was taken; gives the notice, whose outbound interaction is still to be recorded where it was
/// sent.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NoticeSettled`].
pub(super) async fn report(
    tx: &Tx,
    store: &Store,
    (id, outcome, recorded): (Uuid, NoticeOutcome, Option<Uuid>),
) -> Result<(), Abort> {
    let (_, now) = sequence::take(tx, store.clock(), sequence::INCIDENTS, 0).await?;
    let mut one = Entity::find_by_id(id).one(tx).await?.ok_or(Error::NotFound("notice"))?;
    if one.state != State::Taken as i16 {
        return Err(Error::NoticeSettled.into());
    }
    one.reported_at = Some(now);
    one.interaction_id = recorded;
    let state = if outcome == NoticeOutcome::Sent { State::Sent } else { State::Failed };
    put(tx, &mut one, state).await?;
    let of = store::find(tx, one.incident_id).await?;
    // Mended while it was under way.
    if state == State::Sent && one.kind.0 == NoticeKind::Told && of.is_some_and(|of| of.mended.is_some()) {
        add_mended(tx, now, one.incident_id, vec![one]).await?;
    }
    Ok(())
}

/// The contact that a notice is, once it was sent.
pub(super) fn contact(one: &Model, now: Micros) -> Facts {
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
        contact_purpose: Some(ContactPurpose::IncidentNotice),
        about_staff_ids: Vec::new(),
    }
}

/// One that was taken.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}
