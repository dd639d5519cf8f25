//! How budgets stand: what holds in a month, what was taken from it, and what is left.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _},
};

use super::{
    Allowance, Budget, Owner, Taken,
    entity::{budget, grant},
    month::Month,
    rules::Budgets,
    store::besides,
};
use crate::{
    api::v1::{BudgetScope, GrantState, StaffState},
    clock::Micros,
    directory::store::{self as directory, StaffQuery},
    reach::{Oneself, Scope},
    store::Stored,
};

/// By whom, for which month and when it is looked at. What is kept from somebody is left out of their sums too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) by: &'a Oneself,
    pub(super) month: Month,
    pub(super) now: Micros,
}

/// Colleagues of a team whose budgets are shown.
const COLLEAGUES: u64 = 1_000;

/// What an owner has in a month. None: nothing was ever set.
pub(super) async fn allowance(
    connection: &impl ConnectionTrait,
    owner: &Owner,
    unit: &str,
    month: Month,
) -> Result<Option<Allowance>, DbErr> {
    use budget::Column;
    let query = budget::Entity::find()
        .filter(Column::Scope.eq(Stored(owner.scope)))
        .filter(Column::OwnerId.eq(&owner.id))
        .filter(Column::Unit.eq(unit))
        .filter(Column::FromMonth.lte(month.0))
        .order_by_desc(Column::FromMonth);
    Ok(query.one(connection).await?.map(|row| Allowance { total: row.total, limit: row.grant_limit }))
}

/// The budgets out of which a colleague of a team gives.
pub(super) async fn budgets(
    connection: &impl ConnectionTrait,
    (team_id, staff_id): (&str, &str),
    unit: &str,
    seen: Seen<'_>,
) -> Result<Budgets, DbErr> {
    use grant::Column;
    let owner = |scope, id: &str| Owner { scope, id: id.to_owned() };
    let own = match allowance(connection, &owner(BudgetScope::Colleague, staff_id), unit, seen.month).await? {
        None => allowance(connection, &owner(BudgetScope::Each, team_id), unit, seen.month).await?,
        own => own,
    };
    let of = |who: Condition| taken(connection, who.add(Column::Unit.eq(unit)), seen);
    Ok(Budgets {
        team: allowance(connection, &owner(BudgetScope::Team, team_id), unit, seen.month).await?,
        of_team: of(Condition::all().add(Column::TeamId.eq(team_id))).await?,
        own,
        of_own: of(Condition::all().add(Column::StaffId.eq(staff_id))).await?,
    })
}

/// What takes from a month's budgets.
fn taking(seen: Seen<'_>) -> Select<grant::Entity> {
    use grant::Column;
    let given = Column::State.eq(Stored(GrantState::Given));
    let approved = Column::State.eq(Stored(GrantState::Approved)).and(Column::ExpiresAt.gt(seen.now));
    let taking = besides(grant::Entity::find(), seen.by).filter(Column::Month.eq(seen.month.0));
    taking.filter(given.or(approved))
}

#[derive(FromQueryResult)]
struct Sum {
    state: Stored<GrantState>,
    sum: i64,
}

async fn taken(connection: &impl ConnectionTrait, who: Condition, seen: Seen<'_>) -> Result<Taken, DbErr> {
    use grant::Column;
    let query = taking(seen).filter(who).select_only().column(Column::State);
    let query = query.column_as(Expr::col(Column::Quantity).sum().cast_as("bigint"), "sum").group_by(Column::State);
    let sums = query.into_model::<Sum>().all(connection).await?;
    Ok(sums.into_iter().fold(Taken::default(), |taken, one| add(taken, one.state.0, one.sum)))
}

fn add(taken: Taken, state: GrantState, sum: i64) -> Taken {
    match state {
        GrantState::Given => Taken { given: taken.given + sum, ..taken },
        GrantState::Approved => Taken { approved: taken.approved + sum, ..taken },
        GrantState::Unspecified
        | GrantState::Requested
        | GrantState::Declined
        | GrantState::Expired
        | GrantState::Withdrawn => taken,
    }
}

/// The most that anybody whose budget this is has taken already.
pub(super) async fn taken_of(
    connection: &impl ConnectionTrait,
    owner: &Owner,
    unit: &str,
    seen: Seen<'_>,
) -> Result<i64, DbErr> {
    use grant::Column;
    let all = Condition::all().add(Column::Unit.eq(unit));
    match owner.scope {
        BudgetScope::Team => Ok(taken(connection, all.add(Column::TeamId.eq(&owner.id)), seen).await?.sum()),
        BudgetScope::Colleague => Ok(taken(connection, all.add(Column::StaffId.eq(&owner.id)), seen).await?.sum()),
        BudgetScope::Each => {
            let own = with_own_budget(connection, unit, seen.month).await?;
            let by_colleague = sums(connection, all.add(Column::TeamId.eq(&owner.id)), seen).await?;
            let colleagues = by_colleague.into_iter().filter(|((_, staff_id, _), _)| !own.contains(staff_id));
            Ok(colleagues.map(|(_, taken)| taken.sum()).max().unwrap_or_default())
        }
        BudgetScope::Unspecified => Ok(0),
    }
}

async fn with_own_budget(
    connection: &impl ConnectionTrait,
    unit: &str,
    month: Month,
) -> Result<BTreeSet<String>, DbErr> {
    use budget::Column;
    let query = budget::Entity::find()
        .filter(Column::Scope.eq(Stored(BudgetScope::Colleague)))
        .filter(Column::Unit.eq(unit))
        .filter(Column::FromMonth.lte(month.0));
    let ids: Vec<String> = query.select_only().column(Column::OwnerId).into_tuple().all(connection).await?;
    Ok(ids.into_iter().collect())
}

/// Team, colleague, unit.
pub(super) type Place = (String, String, String);

#[derive(FromQueryResult)]
struct PlacedSum {
    team_id: String,
    staff_id: String,
    unit: String,
    state: Stored<GrantState>,
    sum: i64,
}

async fn sums(
    connection: &impl ConnectionTrait,
    which: Condition,
    seen: Seen<'_>,
) -> Result<BTreeMap<Place, Taken>, DbErr> {
    use grant::Column;
    let by = [Column::TeamId, Column::StaffId, Column::Unit, Column::State];
    let query = taking(seen).filter(which).select_only().columns(by);
    let query = query.column_as(Expr::col(Column::Quantity).sum().cast_as("bigint"), "sum");
    let query = by.into_iter().fold(query, |query, column| query.group_by(column));
    let mut found: BTreeMap<Place, Taken> = BTreeMap::new();
    for one in query.into_model::<PlacedSum>().all(connection).await? {
        let taken = found.entry((one.team_id, one.staff_id, one.unit)).or_default();
        *taken = add(*taken, one.state.0, one.sum);
    }
    Ok(found)
}

/// How a budget stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) scope: BudgetScope,
    pub(super) team_id: String,
    /// Of a team: empty.
    pub(super) staff_id: String,
    pub(super) unit: String,
    pub(super) month: Month,
    /// None: the colleague has none of their own.
    pub(super) allowance: Option<Allowance>,
    /// The most that one grant may be without asking.
    pub(super) limit: i64,
    pub(super) taken: Taken,
    /// None: the team has none.
    pub(super) left: Option<i64>,
}

impl Standing {
    /// Where it stands in a list.
    pub(super) fn place(&self) -> Place {
        (self.team_id.clone(), self.staff_id.clone(), self.unit.clone())
    }
}

/// What holds in a month, by owner and unit.
async fn in_force(
    connection: &impl ConnectionTrait,
    scope: BudgetScope,
    owners: Option<&[String]>,
    month: Month,
) -> Result<BTreeMap<(String, String), Allowance>, DbErr> {
    use budget::Column;
    let mut query = budget::Entity::find()
        .filter(Column::Scope.eq(Stored(scope)))
        .filter(Column::FromMonth.lte(month.0))
        .order_by_asc(Column::FromMonth);
    if let Some(owners) = owners {
        query = query.filter(Column::OwnerId.is_in(owners));
    }
    let rows = query.all(connection).await?.into_iter();
    Ok(rows.map(|row| ((row.owner_id, row.unit), Allowance { total: row.total, limit: row.grant_limit })).collect())
}

/// The budgets of teams, in order of team and unit. `teams`: none stands for all.
pub(super) async fn of_teams(
    connection: &impl ConnectionTrait,
    teams: Option<&[String]>,
    seen: Seen<'_>,
) -> Result<Vec<Standing>, DbErr> {
    use grant::Column;
    let which = teams.map_or_else(Condition::all, |teams| Condition::all().add(Column::TeamId.is_in(teams)));
    let mut taken: BTreeMap<(String, String), Taken> = BTreeMap::new();
    for ((team_id, _, unit), one) in sums(connection, which, seen).await? {
        let sum = taken.entry((team_id, unit)).or_default();
        *sum = sum.plus(one);
    }
    let standing = |((team_id, unit), allowance): ((String, String), Allowance)| {
        let taken = taken.get(&(team_id.clone(), unit.clone())).copied().unwrap_or_default();
        Standing {
            scope: BudgetScope::Team,
            staff_id: String::new(),
            month: seen.month,
            allowance: Some(allowance),
            limit: allowance.limit,
            left: Some(allowance.total - taken.sum()),
            team_id,
            unit,
            taken,
        }
    };
    Ok(in_force(connection, BudgetScope::Team, teams, seen.month).await?.into_iter().map(standing).collect())
}

/// How a budget stands that was just set.
pub(super) async fn of_owner(
    connection: &impl ConnectionTrait,
    budget: &Budget,
    seen: Seen<'_>,
) -> Result<Standing, DbErr> {
    let Budget { owner, unit, allowance } = budget;
    let is_colleague = owner.scope == BudgetScope::Colleague;
    let which = match owner.scope {
        BudgetScope::Team => Some(grant::Column::TeamId.eq(&owner.id)),
        BudgetScope::Colleague => Some(grant::Column::StaffId.eq(&owner.id)),
        // What each took is told with the colleagues.
        BudgetScope::Each | BudgetScope::Unspecified => None,
    };
    let taken = match which {
        Some(which) => taken(connection, Condition::all().add(which).add(grant::Column::Unit.eq(unit)), seen).await?,
        None => Taken::default(),
    };
    let team_id = match is_colleague {
        true => directory::find_staff(connection, &owner.id).await?.and_then(|one| one.team_id).unwrap_or_default(),
        false => owner.id.clone(),
    };
    Ok(Standing {
        scope: owner.scope,
        team_id,
        staff_id: if is_colleague { owner.id.clone() } else { String::new() },
        unit: unit.clone(),
        month: seen.month,
        allowance: Some(*allowance),
        limit: allowance.limit,
        taken,
        left: Some(allowance.total - taken.sum()),
    })
}

/// The budgets of a team's colleagues, or of one of them, in order of colleague and unit.
pub(super) async fn of_colleagues(
    connection: &impl ConnectionTrait,
    team_id: &str,
    only: Option<&str>,
    seen: Seen<'_>,
) -> Result<Vec<Standing>, DbErr> {
    let colleagues: Vec<String> = match only {
        Some(one) => vec![one.to_owned()],
        None => {
            let wanted = StaffQuery { team_id: Some(team_id.to_owned()), state: Some(StaffState::Active), role: None };
            let found = directory::list_staff(connection, &Scope::All, wanted, None, COLLEAGUES).await?;
            found.into_iter().map(|one| one.id).collect()
        }
    };
    let teams = [team_id.to_owned()];
    let of_team = of_teams(connection, Some(&teams), seen).await?;
    let each = in_force(connection, BudgetScope::Each, Some(&teams), seen.month).await?;
    let own = in_force(connection, BudgetScope::Colleague, Some(&colleagues), seen.month).await?;
    let which = Condition::all().add(grant::Column::StaffId.is_in(&colleagues));
    let mut taken: BTreeMap<(String, String), Taken> = BTreeMap::new();
    // Also what they gave in another team this month: it came out of their own budget all the same.
    for ((_, staff_id, unit), one) in sums(connection, which, seen).await? {
        let sum = taken.entry((staff_id, unit)).or_default();
        *sum = sum.plus(one);
    }
    let mut found = Vec::new();
    for staff_id in colleagues {
        for team in &of_team {
            let key = (staff_id.clone(), team.unit.clone());
            let (scope, allowance) = match own.get(&key) {
                Some(own) => (BudgetScope::Colleague, Some(*own)),
                None => (BudgetScope::Each, each.get(&(team_id.to_owned(), team.unit.clone())).copied()),
            };
            let budgets = Budgets {
                team: team.allowance,
                of_team: team.taken,
                own: allowance,
                of_own: taken.get(&key).copied().unwrap_or_default(),
            };
            found.push(Standing {
                scope,
                team_id: team_id.to_owned(),
                staff_id: staff_id.clone(),
                unit: team.unit.clone(),
                month: seen.month,
                allowance,
                limit: budgets.limit(),
                taken: budgets.of_own,
                left: budgets.left(),
            });
        }
    }
    Ok(found)
}
