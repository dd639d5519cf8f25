//! Who gives what in a month, and who gives nothing though customers had cause.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ColumnTrait as _, DbErr, FromQueryResult, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::{
    entity::grant::Column,
    month::Month,
    standing::{self, Seen},
    store,
};
use crate::{
    api::v1::{GrantState, StaffState},
    clock::Micros,
    directory::store::{self as directory, StaffQuery},
    interaction::store::alike,
    rating,
    reach::Sight,
    store::{Store, Stored},
};

/// Ratings of this level and below give cause.
const LOW: i16 = 2;
/// Fewer causes than these are not told: they would say who said what.
const LEAST: i64 = 5;

/// What a colleague gave, and how often there was cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) staff_id: String,
    pub(super) team_id: String,
    pub(super) grants: i64,
    /// By unit.
    pub(super) amounts: BTreeMap<String, i64>,
    /// None: too few to be told.
    pub(super) causes: Option<i64>,
    pub(super) gives_nothing: bool,
}

#[derive(FromQueryResult)]
struct Row {
    staff_id: String,
    unit: String,
    count: i64,
    sum: i64,
}

/// A page of colleagues within reach behind one, in order of id, apart from the reader.
pub(super) async fn page(
    store: &Store,
    sight: &Sight,
    (team_id, after, limit): (Option<String>, Option<String>, u64),
    (month, span, now): (Month, (Micros, Micros), Micros),
) -> Result<Vec<Summary>, DbErr> {
    let reader = store.reader();
    let wanted = StaffQuery { team_id, state: Some(StaffState::Active), role: None };
    let colleagues = directory::list_staff(reader, &sight.scope, wanted, after, limit).await?;
    let ids: Vec<String> = colleagues.iter().map(|one| one.id.clone()).collect();
    let mut given: HashMap<String, Vec<Row>> = HashMap::new();
    let query = store::within(sight)
        .filter(Column::StaffId.is_in(&ids))
        .filter(Column::Month.eq(month.0))
        .filter(Column::State.eq(Stored(GrantState::Given)))
        .select_only()
        .columns([Column::StaffId, Column::Unit])
        .column_as(Column::Id.count(), "count")
        .column_as(Expr::col(Column::Quantity).sum().cast_as("bigint"), "sum")
        .group_by(Column::StaffId)
        .group_by(Column::Unit);
    for row in query.into_model::<Row>().all(reader).await? {
        given.entry(row.staff_id.clone()).or_default().push(row);
    }
    let low = rating::store::rated_low(sight, &ids, span, LOW);
    let causes = alike::causes(reader, sight, &ids, span, low).await?;
    let teams: Vec<String> = colleagues.iter().filter_map(|one| one.team_id.clone()).collect();
    let seen = Seen { by: &sight.oneself, month, now };
    let budgets = standing::of_teams(reader, Some(&teams), seen).await?;
    let has_budget =
        |team_id: &str| budgets.iter().any(|one| one.team_id == team_id && one.allowance.is_some_and(|a| a.total > 0));
    let summary = |one: crate::directory::StaffMember| {
        let rows = given.remove(&one.id).unwrap_or_default();
        let team_id = one.team_id.unwrap_or_default();
        let grants = rows.iter().map(|row| row.count).sum();
        let causes = causes.get(&one.id).copied().filter(|count| *count >= LEAST);
        Summary {
            amounts: rows.into_iter().map(|row| (row.unit, row.sum)).collect(),
            gives_nothing: grants == 0 && causes.is_some() && has_budget(&team_id),
            staff_id: one.id,
            team_id,
            grants,
            causes,
        }
    };
    Ok(colleagues.into_iter().map(summary).collect())
}
