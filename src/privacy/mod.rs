//! What is held about a customer, and that it goes. Entities say of every column whose data it is
//! ([`classification`](crate::classification)); export and erasure walk over them. Knows no domain's rules.

pub(crate) mod again;
pub(crate) mod entity;
mod erasure;
mod export;
pub mod service;
mod table;

use sea_orm::DbBackend;

pub use table::Table;

use crate::{interaction::store::not_about_sql, store::set};

/// A condition or expression of the classification, for a database. Export and erasure put statements together from these, by
/// hand.
fn expanded(sql: &str, backend: DbBackend) -> String {
    expand(sql, backend, REPLIES, THEIRS).replace("{reader}", "''")
}

/// The same where `$2` is the person who reads: to that reader complaints about them are not the customer's, nor what came of them.
fn seen(sql: &str, backend: DbBackend) -> String {
    let not_about = not_about_sql("i", "$2");
    let theirs = format!("(SELECT i.id FROM interaction i WHERE i.id IN {THEIRS} AND {not_about})");
    let replies = format!(
        "(SELECT r.id FROM survey_reply r LEFT JOIN survey_invitation v ON v.id = r.invitation_id
            LEFT JOIN interaction i ON i.id = v.interaction_id
            WHERE r.id IN {REPLIES} AND (i.id IS NULL OR {not_about}))"
    );
    expand(sql, backend, &replies, &theirs).replace("{reader}", "$2")
}

fn expand(sql: &str, backend: DbBackend, replies: &str, theirs: &str) -> String {
    let objects = [
        "interaction WHERE id IN {theirs}",
        "rating WHERE interaction_id IN {theirs}",
        "survey_reply WHERE id IN {their_replies}",
    ]
    .map(|rows| format!("SELECT {} FROM {rows}", set::uuid_text(backend, "id")))
    .join(" UNION ALL ");
    let ids = "(SELECT CAST($1 AS text) AS id UNION ALL SELECT customer_id FROM merged_customer WHERE kept_id = $1)";
    sql.replace("{their_ids}", ids)
        .replace("{their_objects}", &format!("({objects})"))
        .replace("{their_replies}", replies)
        .replace("{their_follow_ups}", FOLLOW_UPS)
        .replace("{their_ratings}", "(SELECT id FROM rating WHERE interaction_id IN {theirs})")
        .replace("{theirs}", theirs)
}

/// Without those about the reader: by the case of a complaint, or by name.
const FOLLOW_UPS: &str = "(SELECT f.id FROM follow_up f JOIN interaction own ON own.id = f.interaction_id
        WHERE f.interaction_id IN {theirs}
            AND NOT EXISTS (SELECT 1 FROM interaction h WHERE h.customer_id = $1 AND h.id NOT IN {theirs}
                AND h.case_id = own.case_id)
            AND NOT EXISTS (SELECT 1 FROM follow_up_about a WHERE a.follow_up_id = f.id AND a.staff_id = {reader}))";

const THEIRS: &str = "(SELECT id FROM interaction WHERE customer_id = $1)";

/// With those that answered no invitation: by whose they were known to be, else by where they came from.
const REPLIES: &str = "(SELECT r.id FROM survey_reply r JOIN survey_invitation v ON v.id = r.invitation_id
        WHERE v.interaction_id IN {theirs}
    UNION SELECT r.id FROM survey_reply r WHERE r.customer_id = $1
    UNION SELECT r.id FROM survey_reply r JOIN contact_point p ON p.value = r.contact_value
        AND p.kind = r.contact_kind WHERE p.customer_id = $1 AND r.customer_id IS NULL)";
