//! Who got which plan. It is said once: the first who asks is recorded, and everybody after them hears the same.

use std::fmt::Write as _;

use rapport_trial::{assign::Arm, ratio::Counts};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Statement, entity::prelude::*, sea_query::OnConflict,
};

use super::{
    Trial,
    entity::unit::{Column, Entity, Model},
    rules, values,
};
use crate::{
    api::v1::{TrialArm, TrialState, TrialUnit},
    clock::{self, Micros},
    directory::store as directory,
    error::{Error, Reason, Result},
    store::{Abort, Stored, Tx},
};

/// For whom a plan is asked: as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// All ids of a customer, that which counts first.
    Customer(Vec<String>),
    Team(String),
    Week(String, rules::Week),
}

impl Subject {
    /// What is hashed with the seed.
    fn name(&self) -> String {
        match self {
            Self::Customer(ids) => ids.first().cloned().unwrap_or_default(),
            Self::Team(team) => name_of_team(team, ""),
            Self::Week(team, week) => name_of_team(team, &week.monday.to_string()),
        }
    }

    fn is(&self) -> Condition {
        let of_team =
            |team: &String, week: String| Condition::all().add(Column::TeamId.eq(team)).add(Column::Week.eq(week));
        match self {
            Self::Customer(ids) => Condition::all().add(Column::CustomerId.is_in(ids.clone())),
            Self::Team(team) => of_team(team, String::new()),
            Self::Week(team, week) => of_team(team, week.monday.to_string()),
        }
    }
}

fn name_of_team(team: &str, week: &str) -> String {
    let mut name = format!("team {team}");
    if !week.is_empty() {
        _ = write!(name, " week {week}");
    }
    name
}

impl Model {
    /// What was hashed with the seed; none: the customer was erased.
    pub(super) fn name(&self) -> Option<String> {
        self.customer_id.clone().or_else(|| self.team_id.as_deref().map(|team| name_of_team(team, &self.week)))
    }
}

/// The plan that was given, if it was asked for. Of two records that became one the first counts.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    trial_id: Uuid,
    subject: &Subject,
) -> Result<Option<Model>, DbErr> {
    let query = Entity::find().filter(Column::TrialId.eq(trial_id)).filter(subject.is());
    query.order_by_asc(Column::FromAt).order_by_asc(Column::Id).one(connection).await
}

/// Gives a plan at `now`, or says which one was given.
///
/// # Errors
/// [`Error::TrialNotRunning`]; [`Error::TrialOutcomeKnown`]; a team out of the trial's scope; a week out of its time.
pub(super) async fn assign(tx: &Tx, trial: &Trial, subject: &Subject, now: Micros) -> Result<Model, Abort> {
    if let Some(known) = find(tx, trial.row.id, subject).await? {
        return Ok(known);
    }
    let started = trial.row.started_at.filter(|_| trial.state() == TrialState::Running && now < trial.terms.ends_at);
    let (Some(started), Some(seed)) = (started, trial.seed()) else { return Err(Error::TrialNotRunning.into()) };
    let (from_at, until_at) = match subject {
        Subject::Customer(_) | Subject::Team(_) => (now, now + rules::window(&trial.terms)),
        Subject::Week(_, week) => {
            if week.until <= now || week.from >= trial.terms.ends_at {
                let rule = "must be of this week or a later one within the time of the trial";
                return Err(Error::invalid("subject.time", Reason::ImpossibleInstants, rule).into());
            }
            (now.max(week.from), week.until)
        }
    };
    let (customer_id, team_id, week) = match subject {
        Subject::Customer(ids) => (ids.first().cloned(), None, String::new()),
        Subject::Team(team) => (None, Some(team.clone()), String::new()),
        Subject::Week(team, week) => (None, Some(team.clone()), week.monday.to_string()),
    };
    let teams = &trial.terms.scope.team_ids;
    if team_id.as_ref().is_some_and(|team| !teams.is_empty() && !teams.contains(team)) {
        let rule = "must be a team of the trial";
        return Err(Error::invalid("subject.team_id", Reason::Contradiction, rule).into());
    }
    let since = match subject {
        Subject::Week(_, week) => started.max(week.from),
        Subject::Customer(_) | Subject::Team(_) => started,
    };
    if values::is_outcome_known(tx, trial, (customer_id.as_deref(), team_id.as_deref()), (since, now)).await? {
        return Err(Error::TrialOutcomeKnown.into());
    }
    let arm = match seed.arm(&trial.name(), &subject.name(), trial.terms.share_of_b) {
        Arm::A => TrialArm::A,
        Arm::B => TrialArm::B,
    };
    let id = clock::id_at(now);
    let row = Model { id, trial_id: trial.row.id, customer_id, team_id, week, arm: Stored(arm), from_at, until_at };
    // All who ask at the same time are given the same plan: one of them is recorded.
    let there = OnConflict::new().do_nothing().to_owned();
    Entity::insert(row.clone().into_active_model()).on_conflict(there).exec_without_returning(tx).await?;
    find(tx, trial.row.id, subject).await?.ok_or_else(|| Error::NotFound("assignment").into())
}

/// Who is meant, by what a trial gives plans to.
///
/// # Errors
/// A subject that is not of the trial's unit, or that the directory does not know.
pub(super) async fn subject(
    connection: &impl ConnectionTrait,
    trial: &Trial,
    (customer_id, team_id): (Option<String>, Option<String>),
    week: Option<rules::Week>,
) -> Result<Subject> {
    let mismatch = |field: &str, rule| Error::invalid(format!("subject.{field}"), Reason::TrialUnitMismatch, rule);
    match (trial.terms.unit(), customer_id, team_id) {
        (TrialUnit::Customer | TrialUnit::Unspecified, Some(customer), None) => {
            let kept = directory::kept_id(connection, customer).await?;
            if !directory::is_customer(connection, &kept).await? {
                let rule = "must be a customer of the directory";
                return Err(Error::invalid("subject.customer_id", Reason::UnknownCustomer, rule));
            }
            Ok(Subject::Customer(directory::ids_of(connection, &kept).await?))
        }
        (TrialUnit::Customer | TrialUnit::Unspecified, ..) => {
            Err(mismatch("customer_id", "must be set, and no team, in a trial of customers"))
        }
        (TrialUnit::Team | TrialUnit::Week, None, Some(team)) => {
            if directory::find_team(connection, &team).await?.is_none() {
                let rule = "must be a team of the directory";
                return Err(Error::invalid("subject.team_id", Reason::UnknownTeam, rule));
            }
            match (trial.terms.unit(), week) {
                (TrialUnit::Week, Some(week)) => Ok(Subject::Week(team, week)),
                (TrialUnit::Week, None) => Err(mismatch("time", "must be an instant that a calendar knows")),
                (TrialUnit::Team | TrialUnit::Customer | TrialUnit::Unspecified, _) => Ok(Subject::Team(team)),
            }
        }
        (TrialUnit::Team | TrialUnit::Week, ..) => {
            Err(mismatch("team_id", "must be set, and no customer, in a trial of teams"))
        }
    }
}

/// A page of what was given, in the order in which it was asked for, without customers who were erased.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    trial_id: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let named = Condition::any().add(Column::CustomerId.is_not_null()).add(Column::TeamId.is_not_null());
    let mut query = Entity::find().filter(Column::TrialId.eq(trial_id)).filter(named);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(connection).await
}

#[derive(FromQueryResult)]
struct Count {
    arm: Stored<TrialArm>,
    count: i64,
}

/// How many units got each plan by then.
pub(super) async fn counts(connection: &impl ConnectionTrait, trial_id: Uuid, by: Micros) -> Result<Counts, DbErr> {
    let sql = "SELECT arm, COUNT(*) AS count FROM trial_unit WHERE trial_id = $1 AND from_at <= $2 GROUP BY arm";
    let statement =
        Statement::from_sql_and_values(connection.get_database_backend(), sql, [trial_id.into(), by.into()]);
    let mut counts = Counts::default();
    for row in Count::find_by_statement(statement).all(connection).await? {
        let count = u64::try_from(row.count).unwrap_or_default();
        match row.arm.0 {
            TrialArm::B => counts.b += count,
            TrialArm::A | TrialArm::Unspecified => counts.a += count,
        }
    }
    Ok(counts)
}
