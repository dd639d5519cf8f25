//! What two records of one person say of their preferences: of two statements that cannot both hold, the later does.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ConnectionTrait as _, DbErr, EntityTrait as _, QueryFilter as _, Statement, entity::prelude::*,
};

use super::{entity::merge_row, merging::ENDED_STATEMENT};
use crate::{
    api::v1::PreferenceOrigin,
    clock::Micros,
    preference::entity::statement::{ActiveModel, Column, Entity, Model},
    store::Tx,
};

/// What holds once only: a statement of a dimension, the refutation of a value.
fn subject(one: &Model) -> (i32, Option<String>) {
    let dimension = one.dimension.0.into();
    (dimension, (one.origin.0 == PreferenceOrigin::Refuted).then(|| one.value.clone()))
}

/// Ends, of two records about to be merged, the earlier of each two statements of one thing.
pub(super) async fn settle(tx: &Tx, now: Micros, merge_id: Uuid, both: (&str, &str)) -> Result<(), DbErr> {
    let holding = Entity::find().filter(Column::EndedAt.is_null()).filter(Column::CustomerId.is_in([both.0, both.1]));
    let mut latest: HashMap<(i32, Option<String>), Model> = HashMap::new();
    for one in holding.all(tx).await? {
        let earlier = match latest.remove(&subject(&one)) {
            Some(other) if (other.stated_at, &other.customer_id) > (one.stated_at, &one.customer_id) => {
                latest.insert(subject(&other), other);
                Some(one)
            }
            other => {
                latest.insert(subject(&one), one);
                other
            }
        };
        let Some(earlier) = earlier else { continue };
        let row =
            merge_row::ActiveModel { merge_id: Set(merge_id), kind: Set(ENDED_STATEMENT), row_id: Set(earlier.id) };
        merge_row::Entity::insert(row).exec_without_returning(tx).await?;
        Entity::update(ActiveModel { id: Set(earlier.id), ended_at: Set(Some(now)), ..Default::default() })
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Lets them hold again, unless the customer has said something else since.
pub(super) async fn reopen(tx: &Tx, merged_at: Micros, merge_id: Uuid) -> Result<(), DbErr> {
    // By hand: a row that must have no like in its own table.
    let sql = "UPDATE preference_statement SET ended_at = NULL
        WHERE ended_at = $1 AND withdrawn_by IS NULL
            AND id IN (SELECT row_id FROM customer_merge_row WHERE merge_id = $2 AND kind = 5)
            AND NOT EXISTS (SELECT 1 FROM preference_statement other
                WHERE other.customer_id = preference_statement.customer_id AND other.ended_at IS NULL
                    AND other.dimension = preference_statement.dimension
                    AND other.origin = preference_statement.origin
                    AND (other.origin = 2 OR other.value = preference_statement.value))";
    let values = [merged_at.into(), merge_id.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}
