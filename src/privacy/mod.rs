//! What is held about a customer, and that it goes. `classification` says of every column whose data it is; export and
//! erasure walk over it. Knows no domain's rules.

pub mod classification;
mod erasure;
mod export;
pub mod service;
pub(crate) mod tombstone;

use sea_orm::DbBackend;

use crate::store::set;

/// A condition or expression of the classification, for a database.
fn expanded(sql: &str, backend: DbBackend) -> String {
    let objects = ["interaction WHERE id IN {his}", "rating WHERE interaction_id IN {his}", REPLIES]
        .map(|rows| format!("SELECT {} FROM {rows}", set::uuid_text(backend, "id")))
        .join(" UNION ALL ");
    sql.replace("{his_objects}", &format!("({objects})"))
        .replace("{his_ratings}", "(SELECT id FROM rating WHERE interaction_id IN {his})")
        .replace("{his}", HIS)
}

/// With those that were recorded under an alias before he had a name.
const HIS: &str = "(SELECT id FROM interaction WHERE customer_id = $1
    UNION ALL SELECT i.id FROM customer_alias a JOIN interaction i ON i.alias_kind = a.kind AND i.alias_value = a.value
        WHERE a.customer_id = $1 AND i.customer_id IS NULL AND i.alias_value IS NOT NULL)";

const REPLIES: &str = "survey_reply WHERE invitation_id IN
    (SELECT v.id FROM survey_invitation v WHERE v.interaction_id IN {his})";
