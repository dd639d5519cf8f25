//! Taking oneself out of an interaction in which somebody else saw one.

use super::{
    change::{Changing, described, locked, replace_participants},
    find::find,
};
use crate::{
    api::v1::AuditAction,
    audit,
    error::{Error, Result},
    interaction::{Facts, Participant, Recorded, credit},
    reach::Sight,
    store::{Store, request, sequence},
};

/// Takes the caller out of the participants; gives the interaction as it is then.
///
/// Ratings stay where they are: else a bad one would be passed on to the primary participant by declining.
///
/// # Errors
/// [`Error::NotFound`], [`Error::ParticipationNotTold`], [`Error::RequestIdReused`].
pub(crate) async fn decline(store: &Store, changing: Changing, reason: String) -> Result<Recorded> {
    let (runner, id) = (store.clone(), changing.id);
    store
        .transact(move |tx| {
            let (store, changing, reason) = (runner.clone(), changing.clone(), reason.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = Box::pin(async {
                    let (sequence, now) = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let before = locked(tx, &changing).await?;
                    let (who, role) = &changing.actor;
                    let (own, others): (Vec<Participant>, _) =
                        before.facts.participants.iter().cloned().partition(|one| one.staff_id == *who);
                    let own = own.first().ok_or(Error::NotFound("interaction"))?;
                    if !credit::may_decline(own) {
                        return Err(Error::ParticipationNotTold.into());
                    }
                    let facts = Facts { participants: others, ..before.facts.clone() };
                    replace_participants(tx, &before, &facts, (sequence, now)).await?;
                    let detail = serde_json::json!({
                        "before": described(&before.facts.participants),
                        "after": described(&facts.participants),
                        "told_by": own.told_by,
                    });
                    let (action, object) = (AuditAction::ParticipationDeclined, changing.id.to_string());
                    audit::add(tx, now, (who, *role), action, &object, &reason, Some(detail)).await?;
                    Ok(())
                });
                request::once(tx, &changing.request, now, work).await
            })
        })
        .await?;
    // It may have left the caller's reach by their own act; what they did is still shown to them.
    find(store.reader(), &Sight::all(), id).await?.ok_or(Error::NotFound("interaction"))
}
