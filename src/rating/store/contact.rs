//! Whether the rated person was in contact with the customer between an answer and the one that takes its place (R6).
//!
//! It is asked of the record each time: what happened in between may be recorded later than the answer.

use std::collections::HashMap;

use sea_orm::{Condition, ConnectionTrait, DbErr, Statement, entity::prelude::*};

use crate::{clock::Micros, rating::Rating, store::set};

/// By hand: three statements share these conditions between five tables, each with other names in them.
///
/// From participants `p` of interactions `i`: those in which `{staff}` and the customer of interaction `served` met after
/// `{from}` and until `{until}`. Nobody is in contact for more than a day, which bounds the search.
const MEETINGS: &str = "JOIN interaction_participant p ON p.staff_id = {staff}
        AND p.occurred_at > {from} - 86400000000 AND p.occurred_at <= {until}
    JOIN interaction i ON i.id = p.interaction_id AND coalesce(i.ended_at, i.occurred_at) > {from}
        AND (i.customer_id = served.customer_id
            OR (i.alias_kind = served.alias_kind AND i.alias_value = served.alias_value))";

/// Corrections and the meetings before them.
fn before_corrections() -> String {
    let meetings = MEETINGS
        .replace("{staff}", "later.rated_staff_id")
        .replace("{from}", "coalesce(c.first_answered_at, earlier.answered_at)")
        .replace("{until}", "later.answered_at");
    format!(
        "FROM rating_correction c JOIN rating later ON later.id = c.later_id JOIN rating earlier ON earlier.id = c.earlier_id
    JOIN interaction served ON served.id = later.interaction_id {meetings}"
    )
}

/// By rating that corrects another: the latest interaction of the rated person with the customer in between.
pub(super) async fn before_correction(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT c.later_id, i.id, i.occurred_at {} WHERE c.later_id IN {}",
        before_corrections(),
        set::ids_listed(backend, 1)
    );
    let statement = Statement::from_sql_and_values(backend, sql, [set::id_list(backend, ids.iter().copied())]);
    let mut latest: HashMap<Uuid, (Micros, Uuid)> = HashMap::new();
    for row in connection.query_all_raw(statement).await? {
        let meeting = (row.try_get("", "occurred_at")?, row.try_get("", "id")?);
        let found = latest.entry(row.try_get("", "later_id")?).or_insert(meeting);
        *found = (*found).max(meeting);
    }
    Ok(latest.into_iter().map(|(rating, (_, interaction))| (rating, interaction)).collect())
}

/// Ratings for which [`before_correction`] finds something.
pub(super) fn is_before_correction() -> Condition {
    Condition::all().add(Expr::cust(format!("rating.id IN (SELECT c.later_id {})", before_corrections())))
}

/// Whether there was contact between the customer's first answer, which `rating` may have corrected, and `until`.
pub(crate) async fn since_answer(
    connection: &impl ConnectionTrait,
    rating: &Rating,
    until: Micros,
) -> Result<bool, DbErr> {
    let meetings = MEETINGS
        .replace("{staff}", "rating.rated_staff_id")
        .replace("{from}", "coalesce(c.first_answered_at, earlier.answered_at, rating.answered_at)")
        .replace("{until}", "$2");
    let sql = format!(
        "SELECT i.id FROM rating LEFT JOIN rating_correction c ON c.later_id = rating.id
    LEFT JOIN rating earlier ON earlier.id = c.earlier_id
    JOIN interaction served ON served.id = rating.interaction_id {meetings} WHERE rating.id = $1 LIMIT 1"
    );
    let values = [rating.id.into(), until.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_one_raw(statement).await?.is_some())
}
