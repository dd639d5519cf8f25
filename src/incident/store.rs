//! Incidents in the database. Whatever changes one holds the locks of interactions and of ratings, so that nothing is recorded or rated
//! beside it.

use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, entity::prelude::*,
};

use super::{
    Update,
    entity::{
        event,
        incident::{Column, Entity, Model},
    },
};
use crate::{
    api::v1::{AuditAction, IncidentEventKind, IncidentState, InteractionKind, NoticeKind, RatingStanding, Role},
    audit, clock,
    clock::Micros,
    commitment::{self, store::Remedies},
    error::{Error, Reason, Result},
    interaction::{self, rule::Rule},
    notice::store as notices,
    rating,
    reach::Sight,
    store::{Abort, Store, Stored, Tx, request, sequence},
    timer::{self, Kind},
};

/// What was recorded so lately may not be committed yet: a fingerprint that counted it would never hold on a busy desk.
const UNSETTLED: Micros = 10_000_000;
/// For how long a preview is good.
const PREVIEWED: Micros = 15 * 60 * 1_000_000;
/// The one step of an incident's timer: to go on where a server has died.
pub(super) const GO_ON: i32 = 1;

/// What a rule finds, and the fingerprint of that.
pub(super) struct Preview {
    pub(super) found: interaction::store::incident::Found,
    pub(super) sample: Vec<Uuid>,
    pub(super) fingerprint: String,
}

/// Looks what a rule would find, at `now`.
pub(super) async fn preview(connection: &impl ConnectionTrait, rule: &Rule, now: Micros) -> Result<Preview> {
    let found = interaction::store::incident::count(connection, rule, Micros::MAX).await?;
    let sample = interaction::store::incident::sample(connection, rule, 10).await?;
    let at = now - UNSETTLED;
    let settled = interaction::store::incident::count(connection, rule, at).await?;
    Ok(Preview { found, sample, fingerprint: fingerprint(rule, at, settled.interactions)? })
}

/// Of a rule, and of how many interactions it finds of those recorded by then.
fn fingerprint(rule: &Rule, at: Micros, count: i64) -> Result<String> {
    let rule = serde_json::to_vec(rule).map_err(Error::internal)?;
    let hash = request::hash(&[b"incident", &rule, &at.to_be_bytes(), &count.to_be_bytes()]);
    Ok(format!("{at}.{}", hash.simple()))
}

/// An incident as it is declared.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) title: String,
    pub(super) department: String,
    pub(super) rule: Rule,
    pub(super) fingerprint: String,
}

/// Locks what must not change beside an incident; gives the database's time.
async fn lock(tx: &Tx, store: &Store) -> Result<Micros, DbErr> {
    sequence::take(tx, store.clock(), sequence::INTERACTIONS, 0).await?;
    rating::store::lock(tx, store).await
}

/// Puts an incident on record; what comes is linked from then on.
///
/// # Errors
/// [`Error::IncidentChanged`]: the rule does not find what was previewed.
pub(super) async fn declare(
    tx: &Tx,
    store: &Store,
    (actor, role): (&str, Role),
    told: &Declared,
) -> Result<Uuid, Abort> {
    let now = lock(tx, store).await?;
    let at = told.fingerprint.split('.').next().and_then(|at| at.parse::<Micros>().ok());
    let at = at.filter(|at| (now - PREVIEWED..=now).contains(at)).ok_or(Error::IncidentChanged)?;
    let settled = interaction::store::incident::count(tx, &told.rule, at).await?;
    if fingerprint(&told.rule, at, settled.interactions)? != told.fingerprint {
        return Err(Error::IncidentChanged.into());
    }
    let found = interaction::store::incident::count(tx, &told.rule, Micros::MAX).await?;
    let row = Model {
        id: clock::id_at(now),
        title: told.title.clone(),
        department: told.department.clone(),
        rule: serde_json::to_string(&told.rule).map_err(Error::internal)?,
        state: Stored(IncidentState::Linking),
        declared_at: now,
        author: actor.to_owned(),
        found_count: found.interactions,
        linked_count: 0,
        linked_until: None,
        linked_until_id: None,
        moved_count: 0,
        updates: "[]".to_owned(),
        noticed_until: None,
        resolved_at: None,
        mended_until: None,
        cancel_reason: None,
    };
    let id = row.id;
    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    timer::arm(tx, Kind::Incident, id, [(GO_ON, now)]).await?;
    tell(tx, store, id, IncidentEventKind::Declared).await?;
    let detail = serde_json::json!({ "found": found.interactions });
    let action = AuditAction::IncidentDeclared;
    audit::add(tx, now, (actor, role), action, &id.to_string(), &told.title, Some(detail)).await?;
    Ok(id)
}

/// What is done with an incident.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Update(String),
    Notify { words: String, per_minute: i32 },
    Resolve(String),
    Cancel(String),
}

/// Does it; gives the id.
///
/// # Errors
/// [`Error::NotFound`], [`Error::IncidentSettled`], and what is wrong with the step.
pub(super) async fn take(
    tx: &Tx,
    store: &Store,
    (actor, role): (&str, Role),
    id: Uuid,
    step: Step,
) -> Result<Uuid, Abort> {
    let now = lock(tx, store).await?;
    let found = Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    let mut one = found.ok_or(Error::NotFound("incident"))?;
    let is_open = matches!(one.state.0, IncidentState::Linking | IncidentState::Open);
    if one.state.0 == IncidentState::Cancelled || !is_open && !matches!(step, Step::Update(_) | Step::Cancel(_)) {
        return Err(Error::IncidentSettled.into());
    }
    let told = match step {
        Step::Update(words) => {
            let mut updates = updates(&one);
            if updates.len() >= 200 {
                return Err(
                    Error::invalid("words", Reason::CountOutOfRange, "must be one of 200 updates at most").into()
                );
            }
            updates.push(Update { at: now, words, author: actor.to_owned() });
            one.updates = serde_json::to_string(&updates).map_err(Error::internal)?;
            IncidentEventKind::Updated
        }
        Step::Notify { words, per_minute } => {
            if notices::is_said(tx, (id, NoticeKind::Told)).await? {
                return Err(Error::IncidentSettled.into());
            }
            notices::say(tx, (id, NoticeKind::Told), words, per_minute).await?;
            IncidentEventKind::Notified
        }
        Step::Resolve(words) => {
            let told = notices::said(tx, &[id]).await?.remove(&id).unwrap_or_default().remove(&NoticeKind::Told);
            if words.is_empty() && told.is_some() {
                let rule = "must be set, since customers were told of the incident";
                return Err(Error::invalid("mended_words", Reason::FieldRequired, rule).into());
            }
            // What is on record until now is linked all the same.
            if one.state.0 == IncidentState::Open {
                one.state = Stored(IncidentState::Resolved);
            }
            one.resolved_at = Some(now);
            if !words.is_empty() {
                let pace = told.map_or(0, |told| told.per_minute);
                notices::say(tx, (id, NoticeKind::Mended), words, pace).await?;
            }
            IncidentEventKind::Resolved
        }
        Step::Cancel(reason) => {
            one.state = Stored(IncidentState::Cancelled);
            one.cancel_reason = Some(reason.clone());
            let action = AuditAction::IncidentCancelled;
            audit::add(tx, now, (actor, role), action, &id.to_string(), &reason, None).await?;
            IncidentEventKind::Cancelled
        }
    };
    tell(tx, store, id, told).await?;
    if matches!(told, IncidentEventKind::Resolved | IncidentEventKind::Cancelled) {
        notices::drop_waiting(tx, id).await?;
    }
    one.into_active_model().reset_all().update(tx).await?;
    timer::arm(tx, Kind::Incident, id, [(GO_ON, now)]).await?;
    Ok(id)
}

/// Puts on record what became of an incident.
async fn tell(tx: &Tx, store: &Store, id: Uuid, kind: IncidentEventKind) -> Result<(), DbErr> {
    let (sequence, now) = sequence::take(tx, store.clock(), sequence::INCIDENTS, 1).await?;
    let row = event::Model { sequence, incident_id: id, kind: Stored(kind), happened_at: now };
    event::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// The rule of an incident.
pub(super) fn rule(one: &Model) -> Result<Rule> {
    let mut rule: Rule = serde_json::from_str(&one.rule).map_err(Error::internal)?;
    if let Some(resolved) = one.resolved_at {
        rule.to = Some(rule.to.map_or(resolved, |to| to.min(resolved)));
    }
    Ok(rule)
}

/// What is known of it by now.
pub(super) fn updates(one: &Model) -> Vec<Update> {
    serde_json::from_str(&one.updates).unwrap_or_default()
}

/// One.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// Whether there is such an incident, that was not taken back.
pub(crate) async fn stands(connection: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(find(connection, id).await?.is_some_and(|one| one.state.0 != IncidentState::Cancelled))
}

/// A page, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    states: &[IncidentState],
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if !states.is_empty() {
        query = query.filter(Column::State.is_in(states.iter().map(|state| Stored(*state))));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(connection).await
}

/// What an incident cost, as far as a caller may know.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost {
    pub(super) interactions: i64,
    pub(super) customers: i64,
    pub(super) complaints: i64,
    pub(super) ratings: i64,
    pub(super) moved: i64,
    pub(super) level_sum: i64,
    pub(super) notices: notices::Counts,
    pub(super) remedies: Vec<Remedies>,
}

/// Reads what an incident cost.
pub(super) async fn cost(connection: &impl ConnectionTrait, sight: &Sight, id: Uuid) -> Result<Cost, DbErr> {
    let contacts = interaction::store::incident::contacts(connection, id).await?;
    let ratings = rating::store::inside(connection, sight, interaction::store::incident::of_incident(id)).await?;
    let of_kind = |kind| contacts.iter().filter(move |one| one.kind.0 == kind).map(|one| one.count).sum();
    let moved = ratings.iter().filter(|one| one.standing.0 == RatingStanding::Incident).map(|one| one.count).sum();
    Ok(Cost {
        interactions: contacts.iter().map(|one| one.count).sum(),
        customers: interaction::store::incident::customers(connection, id).await?,
        complaints: of_kind(InteractionKind::Complaint),
        ratings: ratings.iter().map(|one| one.count).sum(),
        moved,
        level_sum: ratings.iter().map(|one| one.level_sum).sum(),
        notices: notices::counts(connection, id).await?,
        remedies: commitment::store::remedies(connection, sight, id).await?,
    })
}
