//! Rows of the directory.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Statement, entity::prelude::*,
};

use super::entity::{contact_point, customer, customer_alias, merged_customer, staff_member, team};
use super::{
    Alias, ContactPoint, Customer, Party, Reactions, StaffMember, Suspension, Team, Upsert, Written, etag,
    lookalike::{self, Kind},
    merge,
};
use crate::{
    api::v1::{Consent, CustomerStanding, StaffRole, StaffState, TeamState, UpsertMode, UpsertOutcome},
    directory::tombstone::{self, Name},
    error::{Error, Reason},
    reach::Scope,
    store::{Abort, Stored, Tx, set},
    vault::Vault,
};

impl From<team::Model> for Team {
    fn from(row: team::Model) -> Self {
        Self { id: row.team_id, display_name: row.display_name, state: row.state.0, revision: row.revision }
    }
}

impl From<staff_member::Model> for StaffMember {
    fn from(row: staff_member::Model) -> Self {
        Self {
            id: row.staff_id,
            display_name: row.display_name,
            role: row.role.0,
            team_id: row.team_id,
            state: row.state.0,
            revision: row.revision,
        }
    }
}

fn to_customer(row: customer::Model, contact_points: Vec<ContactPoint>, aliases: Vec<Alias>) -> Customer {
    let suspension = row.suspended_at.map(|start| Suspension {
        reason: row.suspension_reason.unwrap_or_default(),
        author: row.suspension_author.unwrap_or_default(),
        start,
        end: row.suspended_until,
    });
    Customer {
        id: row.customer_id,
        salutation: row.salutation,
        standing: Some(row.standing.0).filter(|standing| *standing != CustomerStanding::Unspecified),
        locale: row.locale,
        time_zone: row.time_zone,
        contact_points,
        aliases,
        suspension,
        revision: row.revision,
    }
}

/// What to do with a record that may be there already.
fn decide(there: Option<i64>, upsert: &Upsert, what: &'static str) -> Result<UpsertOutcome, Error> {
    match there {
        None if !upsert.etag.is_empty() => Err(Error::NotFound(what)),
        None => Ok(UpsertOutcome::Created),
        Some(revision) if !upsert.etag.is_empty() && upsert.etag != etag(revision) => Err(Error::EtagMismatch),
        Some(_) => Ok(match upsert.mode {
            UpsertMode::CreateOnly => UpsertOutcome::Left,
            UpsertMode::Replace => UpsertOutcome::Replaced,
            UpsertMode::Unspecified | UpsertMode::Merge => UpsertOutcome::Merged,
        }),
    }
}

/// What a record becomes, with its next revision; `None` where it stays as it is.
fn become_of<T: Clone + PartialEq>(
    outcome: UpsertOutcome,
    (there, given): (Option<T>, T),
    merge: impl FnOnce(T, &T) -> T,
) -> Option<T> {
    match (outcome, there) {
        (UpsertOutcome::Left, _) => None,
        (UpsertOutcome::Merged, Some(there)) => {
            let merged = merge(there.clone(), &given);
            (merged != there).then_some(merged)
        }
        _ => Some(given),
    }
}

/// Creates, merges or replaces a team.
pub(crate) async fn upsert_team(tx: &Tx, team: &Team, upsert: &Upsert) -> Result<Written, Abort> {
    let there: Option<Team> = team::Entity::find_by_id(&team.id).lock_exclusive().one(tx).await?.map(Into::into);
    let revision = there.as_ref().map_or(0, |there| there.revision);
    let outcome = decide(there.as_ref().map(|there| there.revision), upsert, "team")?;
    let Some(next) = become_of(outcome, (there, team.clone()), merge::team) else {
        return Ok(Written::new(UpsertOutcome::Left, revision));
    };
    let state = if next.state == TeamState::Unspecified { TeamState::Active } else { next.state };
    let row = team::ActiveModel {
        team_id: Set(next.id),
        display_name: Set(next.display_name),
        state: Set(Stored(state)),
        revision: Set(revision + 1),
    };
    if outcome == UpsertOutcome::Created {
        lookalike::take(tx, Kind::Team, &team.id, "team_id").await?;
        team::Entity::insert(row).exec_without_returning(tx).await?;
    } else {
        team::Entity::update(row).exec(tx).await?;
    }
    Ok(Written::new(outcome, revision + 1))
}

/// Creates, merges or replaces a colleague.
pub(crate) async fn upsert_staff(tx: &Tx, person: &StaffMember, upsert: &Upsert) -> Result<Written, Abort> {
    let there = staff_member::Entity::find_by_id(&person.id).lock_exclusive().one(tx).await?;
    let there: Option<StaffMember> = there.map(Into::into);
    if let Some(team_id) = &person.team_id {
        let team = find_team(tx, team_id).await?;
        let joins = person.state != StaffState::Inactive
            && there.as_ref().is_none_or(|there| there.team_id.as_ref() != Some(team_id));
        if let Some((reason, rule)) = cannot_begin(team.as_ref()).filter(|_| team.is_none() || joins) {
            return Err(Error::invalid("team_id", reason, rule).into());
        }
    }
    let revision = there.as_ref().map_or(0, |there| there.revision);
    let outcome = decide(there.as_ref().map(|there| there.revision), upsert, "staff member")?;
    let Some(next) = become_of(outcome, (there, person.clone()), merge::staff_member) else {
        return Ok(Written::new(UpsertOutcome::Left, revision));
    };
    let state = if next.state == StaffState::Unspecified { StaffState::Active } else { next.state };
    let row = staff_member::ActiveModel {
        staff_id: Set(next.id),
        display_name: Set(next.display_name),
        role: Set(Stored(next.role)),
        team_id: Set(next.team_id),
        state: Set(Stored(state)),
        revision: Set(revision + 1),
    };
    if outcome == UpsertOutcome::Created {
        lookalike::take(tx, Kind::StaffMember, &person.id, "staff_id").await?;
        staff_member::Entity::insert(row).exec_without_returning(tx).await?;
    } else {
        staff_member::Entity::update(row).exec(tx).await?;
    }
    Ok(Written::new(outcome, revision + 1))
}

/// Whether any of these customers is given a name by which the directory does not know them.
pub(crate) async fn any_name_is_new(tx: &Tx, customers: Vec<&Customer>) -> Result<bool, DbErr> {
    let names = || customers.iter().flat_map(|one| one.aliases.iter().map(|name| (name, &one.id)));
    let aliases: Vec<String> = names().map(|(name, _)| name.value.clone()).collect();
    if aliases.is_empty() {
        return Ok(false);
    }
    let owners = known_among(tx, Named { aliases, ..Named::default() }).await?.aliases;
    Ok(names().any(|(name, id)| owners.get(name) != Some(id)))
}

/// Creates, merges or replaces a customer with the contact points and aliases; a suspension stays as it is.
pub(crate) async fn upsert_customer(
    tx: &Tx,
    (vault, reactions, now): (&Vault, Reactions, i64),
    customer: &Customer,
    upsert: &Upsert,
) -> Result<Written, Abort> {
    let aliases = customer.aliases.iter().map(|alias| alias.value.clone()).collect();
    let named = Named { aliases, customers: vec![customer.id.clone()], ..Named::default() };
    let KnownIds { aliases: owners, merged, .. } = known_among(tx, named).await?;
    // What is said of a record that was merged is said of the one it is part of.
    let id = merged.get(&customer.id).unwrap_or(&customer.id).clone();
    let customer = &Customer { id, ..customer.clone() };
    let there = customer::Entity::find_by_id(&customer.id).lock_exclusive().one(tx).await?;
    // After the lock: the tombstone of a customer who was erased a moment ago is seen.
    let mut names: Vec<Name> = customer.aliases.iter().cloned().map(Name::Alias).collect();
    if there.is_none() {
        names.push(Name::Customer(customer.id.clone()));
    }
    let erased = tombstone::among(tx, vault, names).await?;
    if !erased.is_empty() {
        let is_same = erased.contains_key(&Name::Customer(customer.id.clone()));
        if is_same && upsert.mode == UpsertMode::CreateOnly && upsert.etag.is_empty() {
            return Ok(Written::new(UpsertOutcome::Left, 0));
        }
        return Err(Error::CustomerErased.into());
    }
    let revision = there.as_ref().map_or(0, |row| row.revision);
    let outcome = decide(there.as_ref().map(|row| row.revision), upsert, "customer")?;
    if customer.aliases.iter().any(|alias| owners.get(alias).is_some_and(|owner| *owner != customer.id)) {
        return Err(Error::AliasTaken.into());
    }
    if outcome == UpsertOutcome::Left {
        return Ok(Written::new(outcome, revision));
    }
    if outcome == UpsertOutcome::Created {
        lookalike::take(tx, Kind::Customer, &customer.id, "customer_id").await?;
    }
    let given = dated(customer.clone(), now);
    let there = with_parts(tx, there.into_iter().collect()).await?.pop();
    let next = match (outcome, there) {
        (UpsertOutcome::Merged, Some(there)) => {
            let merged = merge::customer(there.clone(), &given)?;
            if merged == there {
                return Ok(Written::new(UpsertOutcome::Left, revision));
            }
            merged
        }
        (_, Some(there)) => merge::replaced_customer(there, &given)?,
        (_, None) => merge::once_each(&given),
    };
    let owned = |name: &&Alias| owners.get(*name).is_some_and(|owner| *owner == customer.id);
    let new: Vec<Alias> = customer.aliases.iter().filter(|name| !owned(name)).cloned().collect();
    write_customer(tx, next, outcome, revision + 1).await?;
    (reactions.named)(tx, &customer.id, &new).await?;
    Ok(Written::new(outcome, revision + 1))
}

/// Contact points with the time since when their consent holds: a no of unknown time is one from now on.
fn dated(mut customer: Customer, now: i64) -> Customer {
    for point in &mut customer.contact_points {
        let is_no = matches!(point.consent, Consent::Denied | Consent::Withdrawn);
        point.consent_at = point.consent_at.or(if is_no { Some(now) } else { None });
    }
    customer
}

pub(super) async fn write_customer(
    tx: &Tx,
    customer: Customer,
    outcome: UpsertOutcome,
    revision: i64,
) -> Result<(), DbErr> {
    let row = customer::ActiveModel {
        customer_id: Set(customer.id.clone()),
        salutation: Set(customer.salutation),
        standing: Set(Stored(customer.standing.unwrap_or(CustomerStanding::Prospect))),
        locale: Set(customer.locale),
        time_zone: Set(customer.time_zone),
        revision: Set(revision),
        ..Default::default()
    };
    if outcome == UpsertOutcome::Created {
        customer::Entity::insert(row).exec_without_returning(tx).await?;
    } else {
        use {contact_point::Column as OfPoint, customer_alias::Column as OfAlias};
        customer::Entity::update(row).exec(tx).await?;
        contact_point::Entity::delete_many().filter(OfPoint::CustomerId.eq(&customer.id)).exec(tx).await?;
        customer_alias::Entity::delete_many().filter(OfAlias::CustomerId.eq(&customer.id)).exec(tx).await?;
    }
    let points = customer.contact_points.into_iter().zip(0i16..);
    let points: Vec<_> = points
        .map(|(point, position)| contact_point::ActiveModel {
            customer_id: Set(customer.id.clone()),
            position: Set(position),
            kind: Set(Stored(point.at.kind)),
            written: Set(point.at.notation()),
            value: Set(point.at.value),
            source: Set(point.source),
            obtained_at: Set(point.obtained_at),
            consent: Set(Stored(point.consent)),
            consent_at: Set(point.consent_at),
        })
        .collect();
    if !points.is_empty() {
        contact_point::Entity::insert_many(points).exec_without_returning(tx).await?;
    }
    let aliases = customer.aliases.into_iter().map(|alias| customer_alias::ActiveModel {
        kind: Set(Stored(alias.kind)),
        written: Set(alias.notation()),
        value: Set(alias.value),
        customer_id: Set(customer.id.clone()),
    });
    let aliases: Vec<_> = aliases.collect();
    if !aliases.is_empty() {
        customer_alias::Entity::insert_many(aliases).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Locks a customer until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn lock_customer(tx: &Tx, customer_id: &str) -> Result<(), Abort> {
    let found = customer::Entity::find_by_id(customer_id).lock_exclusive().one(tx).await?;
    found.map(|_| ()).ok_or_else(|| Error::NotFound("customer").into())
}

/// Sets the consent of a contact point since `said_at`, wherever the customer has it; gives the one of before. None: there is no such
/// customer.
///
/// # Errors
/// [`Reason::UnknownContactPoint`].
pub(crate) async fn set_consent(
    tx: &Tx,
    customer_id: &str,
    point: &Alias,
    (consent, said_at): (Consent, i64),
) -> Result<Option<Consent>, Abort> {
    use contact_point::Column;
    let found = customer::Entity::find_by_id(customer_id).lock_exclusive().one(tx).await?;
    let Some(row) = found else { return Ok(None) };
    let of_point = Condition::all()
        .add(Column::CustomerId.eq(customer_id))
        .add(Column::Kind.eq(Stored(point.kind)))
        .add(Column::Value.eq(&point.value));
    let before = contact_point::Entity::find().filter(of_point.clone()).order_by_asc(Column::Position).one(tx).await?;
    let Some(before) = before else {
        let rule = "must, with kind, be a contact point of the customer";
        return Err(Error::invalid("value", Reason::UnknownContactPoint, rule).into());
    };
    contact_point::Entity::update_many()
        .col_expr(Column::Consent, Expr::value(Stored(consent)))
        .col_expr(Column::ConsentAt, Expr::value(said_at))
        .filter(of_point)
        .exec(tx)
        .await?;
    let change = customer::ActiveModel {
        customer_id: Set(row.customer_id),
        revision: Set(row.revision + 1),
        ..Default::default()
    };
    customer::Entity::update(change).exec(tx).await?;
    Ok(Some(before.consent.0))
}

/// Sets consent at a contact point as [`set_consent`] does, and adds the point where the customer does not have it yet.
pub(crate) async fn refuse_at(
    tx: &Tx,
    customer_id: &str,
    point: &Alias,
    (source, now): (&str, i64),
) -> Result<Option<Consent>, Abort> {
    use contact_point::Column;
    let there = contact_point::Entity::find().filter(Column::CustomerId.eq(customer_id)).all(tx).await?;
    if !there.iter().any(|one| one.kind.0 == point.kind && one.value == point.value) {
        let row = contact_point::ActiveModel {
            customer_id: Set(customer_id.to_owned()),
            position: Set(there.iter().map(|one| one.position + 1).max().unwrap_or(0)),
            kind: Set(Stored(point.kind)),
            value: Set(point.value.clone()),
            written: Set(point.notation()),
            source: Set(source.to_owned()),
            obtained_at: Set(Some(now)),
            consent: Set(Stored(Consent::Unspecified)),
            consent_at: Set(None),
        };
        contact_point::Entity::insert(row).exec_without_returning(tx).await?;
    }
    set_consent(tx, customer_id, point, (Consent::Withdrawn, now)).await
}

/// Suspends a customer or lifts the suspension (`None`); gives the state before and after.
pub(crate) async fn set_suspension(
    tx: &Tx,
    customer_id: &str,
    suspension: Option<Suspension>,
    now: i64,
) -> Result<(Customer, Customer), Abort> {
    let found = customer::Entity::find_by_id(customer_id).lock_exclusive().one(tx).await?;
    let row = found.ok_or(Error::NotFound("customer"))?;
    let before = with_parts(tx, vec![row]).await?.pop().ok_or(Error::NotFound("customer"))?;
    if suspension.is_none() && before.suspension_at(now).is_none() {
        return Err(Error::NotSuspended.into());
    }
    let after = Customer { suspension, revision: before.revision + 1, ..before.clone() };
    let change = customer::ActiveModel {
        customer_id: Set(customer_id.to_owned()),
        suspension_reason: Set(after.suspension.as_ref().map(|one| one.reason.clone())),
        suspension_author: Set(after.suspension.as_ref().map(|one| one.author.clone())),
        suspended_at: Set(after.suspension.as_ref().map(|one| one.start)),
        suspended_until: Set(after.suspension.as_ref().and_then(|one| one.end)),
        revision: Set(after.revision),
        ..Default::default()
    };
    customer::Entity::update(change).exec(tx).await?;
    Ok((before, after))
}

pub(crate) async fn find_team(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Team>, DbErr> {
    Ok(team::Entity::find_by_id(id).one(connection).await?.map(Into::into))
}

/// The teams among these that are there.
pub(crate) async fn find_teams(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = &String>,
) -> Result<BTreeMap<String, Team>, DbErr> {
    let found = team::Entity::find().filter(team::Column::TeamId.is_in(ids)).all(connection).await?;
    Ok(found.into_iter().map(Team::from).map(|team| (team.id.clone(), team)).collect())
}

/// Why a team cannot begin something new, with the rule in words.
pub(crate) fn cannot_begin(team: Option<&Team>) -> Option<(Reason, &'static str)> {
    match team {
        None => Some((Reason::UnknownTeam, "must be a team of the directory")),
        Some(team) if team.state == TeamState::Inactive => Some((Reason::TeamInactive, "must be an active team")),
        Some(_) => None,
    }
}

/// A page of teams after `after`, in order of id.
pub(crate) async fn list_teams(
    connection: &impl ConnectionTrait,
    state: Option<TeamState>,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Team>, DbErr> {
    let mut query = team::Entity::find().order_by_asc(team::Column::TeamId).limit(limit);
    if let Some(state) = state {
        query = query.filter(team::Column::State.eq(Stored(state)));
    }
    if let Some(after) = after {
        query = query.filter(team::Column::TeamId.gt(after));
    }
    Ok(query.all(connection).await?.into_iter().map(Into::into).collect())
}

pub(crate) async fn find_staff(connection: &impl ConnectionTrait, id: &str) -> Result<Option<StaffMember>, DbErr> {
    Ok(staff_member::Entity::find_by_id(id).one(connection).await?.map(Into::into))
}

/// A colleague within reach.
pub(crate) async fn find_staff_within(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    id: &str,
) -> Result<Option<StaffMember>, DbErr> {
    let query = staff_within(scope).filter(staff_member::Column::StaffId.eq(id));
    Ok(query.one(connection).await?.map(Into::into))
}

/// How these colleagues are called, as far as they are within reach.
pub(crate) async fn names_within(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    ids: Vec<String>,
) -> Result<HashMap<String, String>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = staff_within(scope).filter(staff_member::Column::StaffId.is_in(ids));
    Ok(query.all(connection).await?.into_iter().map(|row| (row.staff_id, row.display_name)).collect())
}

fn staff_within(scope: &Scope) -> Select<staff_member::Entity> {
    use staff_member::Column;
    let all = staff_member::Entity::find();
    match scope {
        Scope::All => all,
        Scope::Teams { staff_id, teams } => {
            let own = Condition::any().add(Column::TeamId.is_in(teams.clone())).add(Column::StaffId.eq(staff_id));
            all.filter(own)
        }
        Scope::Staff(staff_id) => all.filter(Column::StaffId.eq(staff_id)),
        Scope::Customer(_) => all.filter(Expr::cust("1 = 0")),
    }
}

/// Which colleagues to list.
#[derive(Clone, Default)]
pub(crate) struct StaffQuery {
    pub(crate) team_id: Option<String>,
    pub(crate) role: Option<StaffRole>,
    pub(crate) state: Option<StaffState>,
}

/// A page of colleagues after `after`, in order of id.
pub(crate) async fn list_staff(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    wanted: StaffQuery,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<StaffMember>, DbErr> {
    use staff_member::Column;
    let mut query = staff_within(scope).order_by_asc(Column::StaffId).limit(limit);
    if let Some(team_id) = wanted.team_id {
        query = query.filter(Column::TeamId.eq(team_id));
    }
    if let Some(role) = wanted.role {
        query = query.filter(Column::Role.eq(Stored(role)));
    }
    if let Some(state) = wanted.state {
        query = query.filter(Column::State.eq(Stored(state)));
    }
    if let Some(after) = after {
        query = query.filter(Column::StaffId.gt(after));
    }
    Ok(query.all(connection).await?.into_iter().map(Into::into).collect())
}

/// A customer, by an id that was merged into theirs too.
pub(crate) async fn find_customer(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Customer>, DbErr> {
    let row = match customer::Entity::find_by_id(id).one(connection).await? {
        None => match merged_customer::Entity::find_by_id(id).one(connection).await? {
            Some(merged) => customer::Entity::find_by_id(merged.kept_id).one(connection).await?,
            None => None,
        },
        found => found,
    };
    Ok(with_parts(connection, row.into_iter().collect()).await?.pop())
}

/// Whether there is a customer by this id, which is that of the record that counts.
pub(crate) async fn is_customer(connection: &impl ConnectionTrait, id: &str) -> Result<bool, DbErr> {
    let query = customer::Entity::find_by_id(id).select_only().column(customer::Column::CustomerId);
    Ok(query.into_tuple::<String>().one(connection).await?.is_some())
}

pub(crate) async fn find_by_alias(connection: &impl ConnectionTrait, alias: &Alias) -> Result<Option<Customer>, DbErr> {
    match customer_alias::Entity::find_by_id((Stored(alias.kind), alias.value.clone())).one(connection).await? {
        Some(row) => find_customer(connection, &row.customer_id).await,
        None => Ok(None),
    }
}

/// The id that counts for one: that of the record it was merged into, else its own.
pub(crate) async fn kept_id(connection: &impl ConnectionTrait, id: String) -> Result<String, DbErr> {
    let merged = merged_customer::Entity::find_by_id(&id).one(connection).await?;
    Ok(merged.map_or(id, |merged| merged.kept_id))
}

/// All ids of a customer, the one that counts first.
pub(crate) async fn ids_of(connection: &impl ConnectionTrait, kept_id: &str) -> Result<Vec<String>, DbErr> {
    let merged = merged_customer::Entity::find().filter(merged_customer::Column::KeptId.eq(kept_id));
    let merged = merged.all(connection).await?.into_iter().map(|one| one.customer_id);
    Ok([kept_id.to_owned()].into_iter().chain(merged).collect())
}

/// The customer who is meant: the one behind an alias, if the directory knows it, or the record that an id was merged into.
pub(crate) async fn resolve(connection: &impl ConnectionTrait, party: Party) -> Result<Party, DbErr> {
    let alias = match party {
        Party::Customer(id) => return Ok(Party::Customer(kept_id(connection, id).await?)),
        Party::Alias(alias) => alias,
    };
    let found = customer_alias::Entity::find_by_id((Stored(alias.kind), alias.value.clone())).one(connection).await?;
    Ok(found.map_or(Party::Alias(alias), |row| Party::Customer(row.customer_id)))
}

/// Whose a contact point is: its owner's whose other name it is, else the only customer's who has it.
pub(crate) async fn owner_of(connection: &impl ConnectionTrait, point: &Alias) -> Result<Option<String>, DbErr> {
    use contact_point::Column;
    let named = customer_alias::Entity::find_by_id((Stored(point.kind), point.value.clone())).one(connection).await?;
    if let Some(named) = named {
        return Ok(Some(named.customer_id));
    }
    let query = contact_point::Entity::find().select_only().column(Column::CustomerId).distinct();
    let query = query.filter(Column::Value.eq(&point.value)).filter(Column::Kind.eq(Stored(point.kind))).limit(2);
    let mut owners: Vec<String> = query.into_tuple().all(connection).await?;
    Ok(owners.pop().filter(|_| owners.is_empty()))
}

/// A page of customers after `after`, in order of id.
pub(crate) async fn list_customers(
    connection: &impl ConnectionTrait,
    standing: Option<CustomerStanding>,
    now: i64,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Customer>, DbErr> {
    use customer::Column;
    let mut query = customer::Entity::find().order_by_asc(Column::CustomerId).limit(limit);
    if let Some(standing) = standing {
        let in_force = Condition::any().add(Column::SuspendedUntil.is_null()).add(Column::SuspendedUntil.gt(now));
        let suspended = Condition::all().add(Column::SuspendedAt.is_not_null()).add(in_force);
        query = if standing == CustomerStanding::Suspended {
            query.filter(suspended)
        } else {
            query.filter(Column::Standing.eq(Stored(standing))).filter(suspended.not())
        };
    }
    if let Some(after) = after {
        query = query.filter(Column::CustomerId.gt(after));
    }
    with_parts(connection, query.all(connection).await?).await
}

#[derive(FromQueryResult)]
struct StandingRow {
    customer_id: String,
    standing: Stored<CustomerStanding>,
    suspended_at: Option<i64>,
    suspended_until: Option<i64>,
}

/// The standing that each customer has, by id.
pub(crate) async fn standings(
    connection: &impl ConnectionTrait,
    now: i64,
) -> Result<HashMap<String, CustomerStanding>, DbErr> {
    use customer::Column;
    let query = customer::Entity::find().select_only().columns([Column::CustomerId, Column::Standing]);
    let query = query.columns([Column::SuspendedAt, Column::SuspendedUntil]).into_model::<StandingRow>();
    let standing = |row: StandingRow| {
        let is_suspended = row.suspended_at.is_some() && row.suspended_until.is_none_or(|until| until > now);
        (row.customer_id, if is_suspended { CustomerStanding::Suspended } else { row.standing.0 })
    };
    Ok(query.all(connection).await?.into_iter().map(standing).collect())
}

async fn with_parts(connection: &impl ConnectionTrait, rows: Vec<customer::Model>) -> Result<Vec<Customer>, DbErr> {
    let ids: Vec<String> = rows.iter().map(|row| row.customer_id.clone()).collect();
    let mut points: HashMap<String, Vec<ContactPoint>> = HashMap::new();
    let mut aliases: HashMap<String, Vec<Alias>> = HashMap::new();
    if !ids.is_empty() {
        let found = contact_point::Entity::find()
            .filter(contact_point::Column::CustomerId.is_in(ids.clone()))
            .order_by_asc(contact_point::Column::Position);
        for row in found.all(connection).await? {
            points.entry(row.customer_id).or_default().push(ContactPoint {
                at: Alias::stored(row.kind.0, row.value, row.written),
                source: row.source,
                obtained_at: row.obtained_at,
                consent: row.consent.0,
                consent_at: row.consent_at,
            });
        }
        let found = customer_alias::Entity::find()
            .filter(customer_alias::Column::CustomerId.is_in(ids))
            .order_by_asc(customer_alias::Column::Kind)
            .order_by_asc(customer_alias::Column::Value);
        for row in found.all(connection).await? {
            aliases.entry(row.customer_id.clone()).or_default().push(to_alias(row));
        }
    }
    let complete = |row: customer::Model| {
        let (points, aliases) = (points.remove(&row.customer_id), aliases.remove(&row.customer_id));
        to_customer(row, points.unwrap_or_default(), aliases.unwrap_or_default())
    };
    Ok(rows.into_iter().map(complete).collect())
}

fn to_alias(row: customer_alias::Model) -> Alias {
    Alias::stored(row.kind.0, row.value, row.written)
}

/// What the directory says about some ids.
#[derive(Default)]
pub(crate) struct KnownIds {
    /// Role and team of colleagues.
    pub(crate) staff: HashMap<String, (StaffRole, Option<String>)>,
    pub(crate) teams: HashSet<String>,
    pub(crate) customers: HashSet<String>,
    /// Those that are part of another record, with its id.
    pub(crate) merged: HashMap<String, String>,
    /// Customers by alias.
    pub(crate) aliases: HashMap<Alias, String>,
    /// Which of [`Named::also`] hold, by their place.
    also: HashSet<i16>,
}

impl KnownIds {
    /// Whether the condition at this place of [`Named::also`] holds.
    pub(crate) fn also(&self, place: i16) -> bool {
        self.also.contains(&place)
    }
}

/// Ids to look up; of aliases their values.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) staff: Vec<String>,
    pub(crate) teams: Vec<String>,
    pub(crate) customers: Vec<String>,
    pub(crate) aliases: Vec<String>,
    /// Conditions in SQL, for which a group that records would make trips of their own.
    pub(crate) also: Vec<&'static str>,
}

/// Looks ids up, all in one trip: a group that records waits for it, and every caller in the group with it. By hand: six kinds
/// of rows, one of them a condition.
pub(crate) async fn known_among(connection: &impl ConnectionTrait, named: Named) -> Result<KnownIds, DbErr> {
    let backend = connection.get_database_backend();
    let listed = |parameter| set::texts_listed(backend, parameter);
    let conditions = named.also.iter().enumerate();
    let conditions: String = conditions
        .map(|(place, condition)| {
            format!("\n        UNION ALL SELECT 'w', '', CAST({place} AS smallint), NULL WHERE {condition}")
        })
        .collect();
    let sql = format!(
        "SELECT 's' AS what, staff_id AS id, role AS code, team_id AS of FROM staff_member WHERE staff_id IN {}
        UNION ALL SELECT 't', team_id, NULL, NULL FROM team WHERE team_id IN {}
        UNION ALL SELECT 'c', customer_id, NULL, NULL FROM customer WHERE customer_id IN {}
        UNION ALL SELECT 'm', customer_id, NULL, kept_id FROM merged_customer WHERE customer_id IN {}
        UNION ALL SELECT 'a', value, kind, customer_id FROM customer_alias WHERE value IN {}{conditions}",
        listed(1),
        listed(2),
        listed(3),
        listed(3),
        listed(4),
    );
    let mut lists = Vec::new();
    for mut list in [named.staff, named.teams, named.customers, named.aliases] {
        list.sort_unstable();
        list.dedup();
        lists.push(set::text_list(backend, list));
    }
    let mut known = KnownIds::default();
    for row in connection.query_all_raw(Statement::from_sql_and_values(backend, sql, lists)).await? {
        let id: String = row.try_get("", "id")?;
        match row.try_get::<String>("", "what")?.as_str() {
            "s" => {
                let role = row.try_get::<Stored<_>>("", "code")?.0;
                known.staff.insert(id, (role, row.try_get("", "of")?));
            }
            "t" => _ = known.teams.insert(id),
            "c" => _ = known.customers.insert(id),
            "m" => _ = known.merged.insert(id, row.try_get("", "of")?),
            "w" => _ = known.also.insert(row.try_get("", "code")?),
            _ => {
                let kind = row.try_get::<Stored<_>>("", "code")?.0;
                known.aliases.insert(Alias::stored(kind, id, None), row.try_get("", "of")?);
            }
        }
    }
    Ok(known)
}

/// How customers are reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reachable {
    /// Empty: not known.
    pub(crate) locale: String,
    /// Contact points that they do not object to, in the order in which the directory has them.
    pub(crate) points: Vec<Alias>,
}

/// How these customers are reached; one trip.
pub(crate) async fn reach_among(
    connection: &impl ConnectionTrait,
    customers: Vec<String>,
) -> Result<HashMap<String, Reachable>, DbErr> {
    let mut reach: HashMap<String, Reachable> = HashMap::new();
    if customers.is_empty() {
        return Ok(reach);
    }
    let backend = connection.get_database_backend();
    // By hand: what an outer join takes of the other table.
    let sql = format!(
        "SELECT c.customer_id, c.locale, p.kind, p.value, p.written FROM customer c
        LEFT JOIN contact_point p ON p.customer_id = c.customer_id AND p.consent NOT IN ({}, {})
        WHERE c.customer_id IN {} ORDER BY c.customer_id, p.position",
        Stored(Consent::Denied),
        Stored(Consent::Withdrawn),
        set::texts_listed(backend, 1),
    );
    let list = [set::text_list(backend, customers)];
    for row in connection.query_all_raw(Statement::from_sql_and_values(backend, sql, list)).await? {
        let one = reach.entry(row.try_get("", "customer_id")?).or_default();
        one.locale = row.try_get("", "locale")?;
        if let Some(Stored(kind)) = row.try_get("", "kind")? {
            one.points.push(Alias::stored(kind, row.try_get("", "value")?, row.try_get("", "written")?));
        }
    }
    Ok(reach)
}
