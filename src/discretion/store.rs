//! Budgets and grants in the database. Whatever changes one holds the lock of their stream.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
    prelude::{Expr, Uuid},
    sea_query::{ExprTrait as _, OnConflict},
};

use super::{
    Budget, Grant, Wish,
    entity::{
        budget,
        grant::{self, Column, Entity},
    },
    month::Month,
    rules,
    standing::{self, Seen},
};
use crate::{
    api::v1::{AuditAction, BudgetScope, GrantState, GrantVerdict, Role},
    audit,
    clock::{self, Micros},
    config::Zone,
    directory::{StaffMember, store as directory},
    error::{Error, Reason, Result},
    interaction::{self, Recorded},
    reach::{Oneself, Scope, Sight},
    store::{Abort, Store, Stored, Tx, sequence},
};

/// Who acts, and what they may see.
pub(super) struct Acting<'a> {
    pub(super) actor: &'a (String, Role),
    pub(super) sight: &'a Sight,
    pub(super) zone: &'a Zone,
}

impl Acting<'_> {
    /// Takes the lock; gives the database's time and its month.
    async fn lock(&self, tx: &Tx, store: &Store) -> Result<(Micros, Month), DbErr> {
        let (_, now) = sequence::take(tx, store.clock(), sequence::DISCRETION, 0).await?;
        Ok((now, Month::of(now, &self.zone.rules)))
    }

    async fn trail(
        &self,
        tx: &Tx,
        now: Micros,
        (action, object): (AuditAction, &str),
        reason: &str,
        detail: Option<serde_json::Value>,
    ) -> Result<(), DbErr> {
        // What was said of a grant stands in it: it may name the customer.
        audit::add(tx, now, (&self.actor.0, self.actor.1), action, object, reason, detail).await
    }
}

/// Sets a budget from a month on; none: this month. Gives the month.
///
/// # Errors
/// [`Error::FieldNotYours`], [`Error::BudgetBelowTaken`]; what the directory does not know; a month that is over.
pub(super) async fn set_budget(
    tx: &Tx,
    store: &Store,
    acting: &Acting<'_>,
    (told, from_month): (&Budget, &str),
    reason: &str,
) -> Result<i32, Abort> {
    let (now, this) = acting.lock(tx, store).await?;
    let from = Month::read("budget.from_month", from_month, this)?;
    if from < this {
        let rule = "must not be before this month: what was given stays as it was";
        return Err(Error::invalid("budget.from_month", Reason::ImpossibleInstants, rule).into());
    }
    let Budget { owner, unit, allowance, .. } = told;
    check_owner(tx, &acting.sight.scope, told).await?;
    let everything = Seen { by: &Oneself::nobody(), month: this, now };
    if from == this && standing::taken_of(tx, owner, unit, everything).await? > allowance.total {
        return Err(Error::BudgetBelowTaken.into());
    }
    let row = budget::Model {
        scope: Stored(owner.scope),
        owner_id: owner.id.clone(),
        unit: unit.clone(),
        from_month: from.0,
        total: allowance.total,
        grant_limit: allowance.limit,
    };
    use budget::Column as Set;
    let replace = OnConflict::columns([Set::Scope, Set::OwnerId, Set::Unit, Set::FromMonth])
        .update_columns([Set::Total, Set::GrantLimit])
        .to_owned();
    budget::Entity::insert(row.into_active_model()).on_conflict(replace).exec_without_returning(tx).await?;
    let detail = serde_json::json!({
        "scope": owner.scope.as_str_name(),
        "unit": unit,
        "from_month": from.to_string(),
        "total": allowance.total,
        "grant_limit": allowance.limit,
    });
    acting.trail(tx, now, (AuditAction::BudgetSet, &owner.id), reason, Some(detail)).await?;
    Ok(from.0)
}

/// The organisation sets the budgets of teams. A supervisor shares out what their teams have, and not to themselves.
async fn check_owner(tx: &Tx, scope: &Scope, told: &Budget) -> Result<(), Abort> {
    let id = &told.owner.id;
    let (field, may) = match told.owner.scope {
        BudgetScope::Colleague => {
            let rule = "must be a colleague of the directory";
            let unknown = || Error::invalid("budget.staff_id", Reason::UnknownStaff, rule);
            let team_id = directory::find_staff(tx, id).await?.ok_or_else(unknown)?.team_id;
            let is_self = matches!(scope, Scope::Teams { staff_id, .. } if staff_id == id);
            ("budget.staff_id", !is_self && scope.has_colleague(id, team_id.as_deref()))
        }
        of_team @ (BudgetScope::Team | BudgetScope::Each | BudgetScope::Unspecified) => {
            let rule = "must be a team of the directory";
            let unknown = || Error::invalid("budget.team_id", Reason::UnknownTeam, rule);
            directory::find_team(tx, id).await?.ok_or_else(unknown)?;
            let is_shared_out = of_team == BudgetScope::Each && scope.has_team(id);
            ("budget.team_id", is_shared_out || *scope == Scope::All)
        }
    };
    if may { Ok(()) } else { Err(Error::FieldNotYours(field).into()) }
}

/// Gives something, or asks to; `becomes`: [`GrantState::Given`] within the limit, or [`GrantState::Requested`].
///
/// # Errors
/// [`Error::NotFound`], [`Error::FieldNotYours`], those of [`rules::Budgets`]; an interaction of too long ago or of nobody.
pub(super) async fn make(
    tx: &Tx,
    store: &Store,
    acting: &Acting<'_>,
    (wish, becomes): (&Wish, GrantState),
) -> Result<Uuid, Abort> {
    let (now, month) = acting.lock(tx, store).await?;
    // Those who may not see it cannot give anything for it.
    let sight = Sight { scope: Scope::All, oneself: acting.sight.oneself.clone() };
    let about = interaction::store::find(tx, &sight, wish.interaction_id).await?;
    let about = about.ok_or(Error::NotFound("interaction"))?;
    let giver = giver(tx, &acting.sight.scope, &about, &wish.staff_id).await?;
    let team_id = giver.team_id.ok_or(Error::NoBudget)?;
    let customer_id = recipient(&about, now)?;
    let everything = Seen { by: &Oneself::nobody(), month, now };
    let budgets = standing::budgets(tx, (&team_id, &giver.id), &wish.unit, everything).await?;
    if becomes == GrantState::Given {
        let again = gave_before(tx, &giver.id, &customer_id, month).await?;
        budgets.check_alone(wish.quantity, again)?;
    } else {
        budgets.check(wish.quantity)?;
    }
    let id = clock::id_at(now);
    let row = grant::Model {
        id,
        interaction_id: wish.interaction_id,
        customer_id: Some(customer_id),
        case_id: about.facts.case_id,
        staff_id: giver.id,
        team_id,
        unit: wish.unit.clone(),
        quantity: wish.quantity,
        reason: wish.reason.clone(),
        state: Stored(becomes),
        month: month.0,
        made_at: now,
        expires_at: (becomes == GrantState::Requested).then_some(now + rules::REQUEST),
        decided_at: None,
        decided_by: None,
        given_at: (becomes == GrantState::Given).then_some(now),
        withdrawn_at: None,
        note: None,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    if becomes == GrantState::Given {
        acting.trail(tx, now, (AuditAction::GrantGiven, &id.to_string()), "", None).await?;
    }
    Ok(id)
}

/// Who gives: a colleague who took part.
async fn giver(tx: &Tx, scope: &Scope, about: &Recorded, staff_id: &str) -> Result<StaffMember, Abort> {
    let took_part = about.facts.participants.iter().any(|one| one.staff_id == staff_id);
    let is_own = match scope {
        Scope::All => true,
        Scope::Teams { staff_id: own, .. } | Scope::Staff(own) => own == staff_id,
        Scope::Customer(_) => false,
    };
    if !is_own {
        return Err(Error::FieldNotYours("grant.staff_id").into());
    }
    if !took_part && *scope != Scope::All {
        // As of one that they cannot see.
        return Err(Error::NotFound("interaction").into());
    }
    let found = directory::find_staff(tx, staff_id).await?.filter(|_| took_part);
    let rule = "must be a colleague who took part in the interaction";
    Ok(found.ok_or_else(|| Error::invalid("grant.staff_id", Reason::UnknownStaff, rule))?)
}

/// Who gets it: the interaction's customer, while it is fresh.
fn recipient(about: &Recorded, now: Micros) -> Result<String> {
    let wrong = |reason, rule| Error::invalid("grant.interaction_id", reason, rule);
    if about.facts.instants.occurred().is_some_and(|at| at + rules::WINDOW < now) {
        return Err(wrong(Reason::ImpossibleInstants, "must be of the last 30 days"));
    }
    let customer = about.facts.customer_id.clone();
    customer.ok_or_else(|| wrong(Reason::UnknownCustomer, "must be with a customer of the directory"))
}

async fn gave_before(tx: &Tx, staff_id: &str, customer_id: &str, month: Month) -> Result<bool, DbErr> {
    let query = Entity::find()
        .filter(Column::CustomerId.eq(customer_id))
        .filter(Column::StaffId.eq(staff_id))
        .filter(Column::Month.eq(month.0))
        .filter(Column::State.eq(Stored(GrantState::Given)));
    Ok(query.select_only().column(Column::Id).into_tuple::<Uuid>().one(tx).await?.is_some())
}

/// Approves or declines what was asked for.
///
/// # Errors
/// [`Error::NotFound`], [`Error::GrantStateMismatch`], [`Error::InterestedParty`], those of [`rules::Budgets`].
pub(super) async fn decide(
    tx: &Tx,
    store: &Store,
    acting: &Acting<'_>,
    (id, verdict): (Uuid, GrantVerdict),
    (note, valid_for): (&str, Micros),
) -> Result<Uuid, Abort> {
    let (now, month) = acting.lock(tx, store).await?;
    let found = find(tx, acting.sight, id, now).await?.ok_or(Error::NotFound("grant"))?;
    let person = &acting.actor.0;
    if found.wish.staff_id == *person {
        return Err(Error::InterestedParty.into());
    }
    interaction::store::check_no_part(tx, found.wish.interaction_id, Some(person)).await?;
    expect(&found, &[GrantState::Requested])?;
    let (state, expires_at) = match verdict {
        GrantVerdict::Approve => {
            let whose = (found.team_id.as_str(), found.wish.staff_id.as_str());
            let everything = Seen { by: &Oneself::nobody(), month, now };
            standing::budgets(tx, whose, &found.wish.unit, everything).await?.check(found.wish.quantity)?;
            (GrantState::Approved, now + valid_for)
        }
        GrantVerdict::Decline | GrantVerdict::Unspecified => (GrantState::Declined, now),
    };
    let row = grant::ActiveModel {
        id: Set(id),
        state: Set(Stored(state)),
        month: Set(month.0),
        expires_at: Set(Some(expires_at)),
        decided_at: Set(Some(now)),
        decided_by: Set(Some(person.clone())),
        note: Set(Some(note.to_owned()).filter(|note| !note.is_empty())),
        ..Default::default()
    };
    Entity::update(row).exec(tx).await?;
    let detail = serde_json::json!({ "verdict": verdict.as_str_name() });
    acting.trail(tx, now, (AuditAction::GrantDecided, &id.to_string()), "", Some(detail)).await?;
    Ok(id)
}

/// Gives what was approved.
///
/// # Errors
/// [`Error::NotFound`], [`Error::GrantStateMismatch`].
pub(super) async fn give(tx: &Tx, store: &Store, acting: &Acting<'_>, id: Uuid) -> Result<Uuid, Abort> {
    let (now, _) = acting.lock(tx, store).await?;
    let found = find(tx, acting.sight, id, now).await?.ok_or(Error::NotFound("grant"))?;
    let is_own = acting.sight.scope == Scope::All || found.wish.staff_id == acting.actor.0;
    if !is_own {
        return Err(Error::NotFound("grant").into());
    }
    expect(&found, &[GrantState::Approved])?;
    let row = grant::ActiveModel {
        id: Set(id),
        state: Set(Stored(GrantState::Given)),
        given_at: Set(Some(now)),
        ..Default::default()
    };
    Entity::update(row).exec(tx).await?;
    acting.trail(tx, now, (AuditAction::GrantGiven, &id.to_string()), "", None).await?;
    Ok(id)
}

/// Takes a grant back.
///
/// # Errors
/// [`Error::NotFound`], [`Error::GrantStateMismatch`]; [`Error::InterestedParty`]: it was given by who would take it back.
pub(super) async fn withdraw(
    tx: &Tx,
    store: &Store,
    acting: &Acting<'_>,
    id: Uuid,
    reason: &str,
) -> Result<Uuid, Abort> {
    let (now, _) = acting.lock(tx, store).await?;
    let found = find(tx, acting.sight, id, now).await?.ok_or(Error::NotFound("grant"))?;
    expect(&found, &[GrantState::Requested, GrantState::Approved, GrantState::Given])?;
    // Who gives and takes back would have a budget without end.
    if found.state == GrantState::Given && found.wish.staff_id == acting.actor.0 {
        return Err(Error::InterestedParty.into());
    }
    let row = grant::ActiveModel {
        id: Set(id),
        state: Set(Stored(GrantState::Withdrawn)),
        withdrawn_at: Set(Some(now)),
        note: Set(Some(reason.to_owned())),
        ..Default::default()
    };
    Entity::update(row).exec(tx).await?;
    acting.trail(tx, now, (AuditAction::GrantWithdrawn, &id.to_string()), "", None).await?;
    Ok(id)
}

fn expect(grant: &Grant, states: &[GrantState]) -> Result<()> {
    if states.contains(&grant.state) { Ok(()) } else { Err(Error::GrantStateMismatch(in_words(grant.state))) }
}

fn in_words(state: GrantState) -> &'static str {
    match state {
        GrantState::Requested => "not approved yet",
        GrantState::Approved => "approved already",
        GrantState::Given => "given already",
        GrantState::Declined => "declined",
        GrantState::Expired => "expired",
        GrantState::Withdrawn | GrantState::Unspecified => "withdrawn",
    }
}

/// Which grants.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) states: Vec<GrantState>,
    pub(super) customer_id: Option<String>,
    pub(super) staff_id: Option<String>,
    pub(super) team_id: Option<String>,
    pub(super) interaction_id: Option<Uuid>,
    pub(super) month: Option<Month>,
    pub(super) since: Option<Micros>,
}

/// What a caller may see.
pub(super) fn within(sight: &Sight) -> Select<Entity> {
    let query = Entity::find();
    let query = match &sight.scope {
        Scope::All => query,
        Scope::Teams { staff_id, teams } => {
            query.filter(Column::StaffId.eq(staff_id).or(Column::TeamId.is_in(teams.clone())))
        }
        Scope::Staff(id) => query.filter(Column::StaffId.eq(id)),
        // No customer calls: what they were given is in their export.
        Scope::Customer(_) => query.filter(Expr::cust("1 = 0")),
    };
    besides(query, &sight.oneself)
}

/// Nothing of a complaint about them, but for what they gave themselves.
pub(super) fn besides(query: Select<Entity>, oneself: &Oneself) -> Select<Entity> {
    let Some(person) = oneself.id() else { return query };
    let about_nothing = interaction::store::of_nothing_about(person, Column::InteractionId, Column::CaseId);
    query.filter(Condition::any().add(Column::StaffId.eq(person)).add(about_nothing))
}

/// One that a caller may see, as it is at `now`.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    id: Uuid,
    now: Micros,
) -> Result<Option<Grant>, DbErr> {
    Ok(within(sight).filter(Column::Id.eq(id)).one(connection).await?.map(|row| of_row(row, now)))
}

/// A page, the newest first, before an id.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &Filter,
    (before, limit): (Option<Uuid>, u64),
    now: Micros,
) -> Result<Vec<Grant>, DbErr> {
    let mut query = within(sight).order_by_desc(Column::Id).limit(limit);
    if !filter.states.is_empty() {
        let wanted = filter.states.iter().map(|state| in_state(*state, now));
        query = query.filter(wanted.fold(Condition::any(), Condition::add));
    }
    for (column, value) in [
        (Column::CustomerId, &filter.customer_id),
        (Column::StaffId, &filter.staff_id),
        (Column::TeamId, &filter.team_id),
    ] {
        if let Some(value) = value {
            query = query.filter(column.eq(value));
        }
    }
    if let Some(id) = filter.interaction_id {
        query = query.filter(Column::InteractionId.eq(id));
    }
    if let Some(month) = filter.month {
        query = query.filter(Column::Month.eq(month.0));
    }
    if let Some(since) = filter.since {
        query = query.filter(Column::MadeAt.gte(since));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    Ok(query.all(connection).await?.into_iter().map(|row| of_row(row, now)).collect())
}

/// Rows that are in a state at `now`.
fn in_state(state: GrantState, now: Micros) -> Condition {
    let stored = |state| Column::State.eq(Stored(state));
    match state {
        GrantState::Requested | GrantState::Approved => {
            Condition::all().add(stored(state)).add(Column::ExpiresAt.gt(now))
        }
        GrantState::Expired => {
            let waited = stored(GrantState::Requested).or(stored(GrantState::Approved));
            Condition::all().add(waited).add(Column::ExpiresAt.lte(now))
        }
        GrantState::Given | GrantState::Declined | GrantState::Withdrawn | GrantState::Unspecified => {
            Condition::all().add(stored(state))
        }
    }
}

fn of_row(row: grant::Model, now: Micros) -> Grant {
    let state = rules::state(row.state.0, row.expires_at, now);
    Grant {
        id: row.id,
        wish: Wish {
            interaction_id: row.interaction_id,
            staff_id: row.staff_id,
            unit: row.unit,
            quantity: row.quantity,
            reason: row.reason,
        },
        customer_id: row.customer_id,
        case_id: row.case_id,
        team_id: row.team_id,
        state,
        month: Month(row.month),
        made_at: row.made_at,
        expires_at: row.expires_at.filter(|_| matches!(state, GrantState::Requested | GrantState::Approved)),
        decided: row.decided_by.zip(row.decided_at),
        given_at: row.given_at,
        withdrawn_at: row.withdrawn_at,
        note: row.note,
    }
}
