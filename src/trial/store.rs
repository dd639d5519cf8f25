//! Trials in the database. Whatever changes one holds the lock of their stream, in which it is told.

use sea_orm::{
    ActiveModelTrait as _, Condition, ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    Terms, Trial,
    entity::{
        event, team,
        trial::{Column, Entity, Model},
    },
    rules,
};
use crate::{
    api::v1::{AuditAction, Role, TrialEventKind, TrialMetric, TrialState, TrialStopCause},
    audit,
    clock::{self, Micros},
    directory::{etag, store as directory},
    error::{Error, Reason, Result},
    reach::Scope,
    store::{Abort, Store, Stored, Tx, sequence},
    timer::{self, Kind},
};

/// Numbers that one change takes at most: an alarm, and the end.
const NUMBERS: i64 = 2;

/// What a timer of a trial is for. Numbers are on record.
pub(super) mod step {
    pub(in super::super) const LOOK: i32 = 1;
    /// The planned end.
    pub(in super::super) const END: i32 = 2;
}

/// Locks the stream of trials; gives the first of the numbers that a change may take, and the database's time.
pub(super) async fn lock(tx: &Tx, store: &Store) -> Result<(i64, Micros), DbErr> {
    sequence::take(tx, store.clock(), sequence::TRIALS, NUMBERS).await
}

impl Trial {
    fn of(row: Model) -> Result<Self> {
        let terms = serde_json::from_str(&row.terms).map_err(Error::internal)?;
        Ok(Self { row, terms })
    }

    pub(super) fn state(&self) -> TrialState {
        self.row.state.0
    }

    /// As it is hashed with the seed.
    pub(super) fn name(&self) -> String {
        self.row.id.to_string()
    }

    pub(super) fn seed(&self) -> Option<rapport_trial::assign::Seed> {
        let seed = self.row.seed.as_deref()?;
        Some(rapport_trial::assign::Seed(seed.try_into().ok()?))
    }

    /// What alarmed first.
    pub(super) fn alarmed(&self) -> Result<Vec<TrialMetric>> {
        let numbers: Vec<i32> = serde_json::from_str(&self.row.alarms).map_err(Error::internal)?;
        Ok(numbers.into_iter().filter_map(|number| TrialMetric::try_from(number).ok()).collect())
    }
}

/// Trials within a caller's reach: those that name teams of theirs and no other.
fn within(scope: &Scope) -> Condition {
    let named = || {
        let own = Expr::col((team::Entity, team::Column::TrialId)).equals((Entity, Column::Id));
        Query::select().expr(Expr::val(1)).from(team::Entity).and_where(own).to_owned()
    };
    match scope {
        Scope::All => Condition::all(),
        Scope::Teams { teams, .. } => {
            let foreign = named().and_where(team::Column::TeamId.is_not_in(teams.clone())).to_owned();
            Condition::all().add(Expr::exists(named())).add(Expr::not_exists(foreign))
        }
        // Nobody else reads trials.
        Scope::Staff(_) | Scope::Customer(_) => Condition::all().add(Expr::val(false)),
    }
}

/// One within reach.
pub(super) async fn find(connection: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Trial>> {
    let found = Entity::find().filter(within(scope)).filter(Column::Id.eq(id)).one(connection).await?;
    found.map(Trial::of).transpose()
}

/// A page within reach, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    states: &[TrialState],
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Trial>> {
    let mut query = Entity::find().filter(within(scope));
    if !states.is_empty() {
        query = query.filter(Column::State.is_in(states.iter().copied().map(Stored)));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(connection).await?.into_iter().map(Trial::of).collect()
}

/// Puts a draft on record; gives its id.
///
/// # Errors
/// What the rules find; teams of others; a team that the directory does not know.
pub(super) async fn create(
    tx: &Tx,
    store: &Store,
    (author, scope): (&str, &Scope),
    terms: &Terms,
) -> Result<Uuid, Abort> {
    let (_, now) = lock(tx, store).await?;
    check(tx, scope, terms, now).await?;
    let row = Model {
        id: clock::id_at(now),
        terms: serde_json::to_string(terms).map_err(Error::internal)?,
        state: Stored(TrialState::Draft),
        author: author.to_owned(),
        created_at: now,
        seed: None,
        started_at: None,
        stopped_at: None,
        stop_cause: Stored(TrialStopCause::Unspecified),
        stop_reason: None,
        alarmed_at: None,
        alarms: "[]".to_owned(),
        revision: 1,
    };
    let id = row.id;
    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    name_teams(tx, id, &terms.scope.team_ids).await?;
    Ok(id)
}

/// Replaces what a draft says; gives its id.
///
/// # Errors
/// Like [`create`]; [`Error::NotFound`]; [`Error::TrialStarted`]; [`Error::EtagMismatch`].
pub(super) async fn update(
    tx: &Tx,
    store: &Store,
    (scope, id, expected): (&Scope, Uuid, &str),
    terms: &Terms,
) -> Result<Uuid, Abort> {
    let (_, now) = lock(tx, store).await?;
    let mut row = draft(tx, scope, id, expected).await?.row;
    check(tx, scope, terms, now).await?;
    row.terms = serde_json::to_string(terms).map_err(Error::internal)?;
    row.revision += 1;
    row.into_active_model().reset_all().update(tx).await?;
    team::Entity::delete_many().filter(team::Column::TrialId.eq(id)).exec(tx).await?;
    name_teams(tx, id, &terms.scope.team_ids).await?;
    Ok(id)
}

/// Starts a trial with a seed that nobody knows; gives its id.
///
/// # Errors
/// Like [`update`].
pub(super) async fn start(
    tx: &Tx,
    store: &Store,
    (actor, scope): (&(String, Role), &Scope),
    (id, expected): (Uuid, &str),
    seed: [u8; 32],
) -> Result<Uuid, Abort> {
    let (sequence, now) = lock(tx, store).await?;
    let mut trial = draft(tx, scope, id, expected).await?;
    // Its end may have passed since it was laid down.
    rules::check(&trial.terms, now)?;
    trial.row.state = Stored(TrialState::Running);
    trial.row.started_at = Some(now);
    trial.row.seed = Some(seed.to_vec());
    trial.row.revision += 1;
    let commitment = trial.seed().map(|seed| seed.commitment(&trial.name()));
    let detail = serde_json::json!({ "seed_commitment": commitment });
    let actor = (actor.0.as_str(), actor.1);
    audit::add(tx, now, actor, AuditAction::TrialStarted, &trial.name(), "", Some(detail)).await?;
    tell(tx, (sequence, now), id, TrialEventKind::Started).await?;
    let steps = [(step::LOOK, rules::next_look(now, now)), (step::END, trial.terms.ends_at)];
    timer::arm(tx, Kind::Trial, id, steps).await?;
    trial.row.into_active_model().reset_all().update(tx).await?;
    Ok(id)
}

/// Ends a trial by hand; gives its id.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::TrialNotRunning`].
pub(super) async fn stop(
    tx: &Tx,
    store: &Store,
    (actor, scope): (&(String, Role), &Scope),
    (id, reason): (Uuid, &str),
) -> Result<Uuid, Abort> {
    let (sequence, now) = lock(tx, store).await?;
    let mut trial = find(tx, scope, id).await?.ok_or(Error::NotFound("trial"))?;
    if trial.state() != TrialState::Running {
        return Err(Error::TrialNotRunning.into());
    }
    trial.row.stop_reason = Some(reason.to_owned());
    let actor = (actor.0.as_str(), actor.1);
    audit::add(tx, now, actor, AuditAction::TrialStopped, &trial.name(), reason, None).await?;
    end(tx, &mut trial.row, TrialStopCause::ByHand, (sequence, now)).await?;
    trial.row.into_active_model().reset_all().update(tx).await?;
    Ok(id)
}

/// Makes a row that of a trial which is over.
pub(super) async fn end(tx: &Tx, row: &mut Model, cause: TrialStopCause, at: (i64, Micros)) -> Result<(), DbErr> {
    row.state = Stored(TrialState::Stopped);
    row.stopped_at = Some(at.1);
    row.stop_cause = Stored(cause);
    row.revision += 1;
    timer::disarm(tx, Kind::Trial, row.id).await?;
    tell(tx, at, row.id, TrialEventKind::Stopped).await
}

/// Writes what time made of a trial.
pub(super) async fn save(tx: &Tx, row: Model) -> Result<(), DbErr> {
    row.into_active_model().reset_all().update(tx).await?;
    Ok(())
}

/// Puts on record what became of a trial.
pub(super) async fn tell(
    tx: &Tx,
    (sequence, happened_at): (i64, Micros),
    trial_id: Uuid,
    kind: TrialEventKind,
) -> Result<(), DbErr> {
    let row = event::Model { sequence, trial_id, kind: Stored(kind), happened_at };
    event::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// A draft as it was read.
async fn draft(tx: &Tx, scope: &Scope, id: Uuid, expected: &str) -> Result<Trial, Abort> {
    let trial = find(tx, scope, id).await?.ok_or(Error::NotFound("trial"))?;
    if trial.state() != TrialState::Draft {
        return Err(Error::TrialStarted.into());
    }
    if etag(trial.row.revision) != expected {
        return Err(Error::EtagMismatch.into());
    }
    Ok(trial)
}

async fn check(tx: &Tx, scope: &Scope, terms: &Terms, now: Micros) -> Result<(), Abort> {
    rules::check(terms, now)?;
    for (at, id) in terms.scope.team_ids.iter().enumerate() {
        if directory::find_team(tx, id).await?.is_none() {
            let field = format!("trial.team_ids[{at}]");
            return Err(Error::invalid(field, Reason::UnknownTeam, "must be a team of the directory").into());
        }
    }
    rules::may_lay_down(scope, &terms.scope.team_ids)?;
    Ok(())
}

async fn name_teams(tx: &Tx, trial_id: Uuid, team_ids: &[String]) -> Result<(), DbErr> {
    for team_id in team_ids {
        let row = team::Model { trial_id, team_id: team_id.clone() };
        team::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    }
    Ok(())
}
