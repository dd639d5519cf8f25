//! When nothing is written back: where the customer wants to hear nothing more, and where machines talk.

use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, prelude::Uuid};

use super::{
    entity::reply::{Column, Entity},
    invitation::Invitation,
    replies::Reply,
};
use crate::{
    api::v1::{AuditAction, Consent, Role},
    audit,
    clock::Micros,
    contact::store::refuse_point,
    directory::{Alias, store::refuse_at},
    store::{Abort, Tx},
};

/// How often the same text is answered, and how many replies to one invitation are: a person reads the rest in silence.
const MOST_EQUAL: usize = 2;
const MOST_ANSWERS: u64 = 8;

/// Whether answering would only go on with what two machines say to each other: the same text was answered twice, or many
/// were.
pub(super) async fn is_loop(tx: &Tx, invitation_id: Uuid, text: &str) -> Result<bool, DbErr> {
    let earlier = Entity::find().select_only().column(Column::Text).filter(Column::InvitationId.eq(invitation_id));
    let earlier: Vec<String> = earlier.limit(MOST_ANSWERS).into_tuple().all(tx).await?;
    let equal = earlier.iter().filter(|one| one.trim() == text.trim()).count();
    Ok(equal >= MOST_EQUAL || earlier.len() as u64 >= MOST_ANSWERS)
}

/// Ends contact at the point that a reply came from, whosever it is; whether that is news.
pub(super) async fn opt_out(
    tx: &Tx,
    reply: &Reply,
    (point, invitation): (Option<Alias>, Option<&Invitation>),
    (actor, now): (&(String, Role), Micros),
) -> Result<bool, Abort> {
    let Some(point) = point else { return Ok(false) };
    let is_news = refuse_point(tx, &point, now).await?;
    let customer = reply.customer_id.clone().or(invitation.and_then(|one| one.customer_id.clone()));
    let source = "a reply to a message";
    if let Some(customer) = customer
        && let Some(before) = refuse_at(tx, &customer, &point, (source, now)).await?
    {
        let detail = serde_json::json!({
            "contact_point": { "kind": point.kind.as_str_name(), "value": point.written },
            "consent": { "before": before.as_str_name(), "after": Consent::Withdrawn.as_str_name() },
            "source": source,
            "consent_at": now,
        });
        let actor = (actor.0.as_str(), actor.1);
        audit::add(tx, now, actor, AuditAction::ConsentSet, &customer, "", Some(detail)).await?;
    }
    Ok(is_news)
}
