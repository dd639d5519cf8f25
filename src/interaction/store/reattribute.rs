//! Moving credit: at once where nobody has rated it, with a second person's approval where somebody has.

use sea_orm::{DbErr, entity::prelude::*};

use super::{
    change::{Changing, described, locked, replace_participants},
    find::find,
    reattributions::{self as requests, settle},
};
use crate::{
    api::v1::{AuditAction, ReattributionState, Role},
    audit,
    clock::Micros,
    directory::store::{Named, known_among},
    error::{Error, Result},
    interaction::{Facts, Participant, Reactions, Reattribution, Recorded, credit},
    reach::Sight,
    store::{
        Abort, Store, Tx,
        request::{self, Request},
        sequence,
    },
};

/// Who decides on a re-attribution, and how they asked.
#[derive(Clone, Debug)]
pub(crate) struct Deciding {
    pub(crate) request: Request,
    pub(crate) sight: Sight,
    pub(crate) actor: (String, Role),
    pub(crate) id: Uuid,
}

/// Replaces the participants and leaves a trace, or asks for it where the interaction is rated; gives the interaction as it
/// is then, and what waits.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::RequestIdReused`], [`Error::InterestedParty`],
/// [`Error::CreditNotYours`]; [`Reason::UnknownStaff`] and [`Reason::UnknownTeam`] for ids that the directory does not know.
///
/// [`Reason::UnknownStaff`]: crate::error::Reason::UnknownStaff
/// [`Reason::UnknownTeam`]: crate::error::Reason::UnknownTeam
pub(crate) async fn reattribute(
    (store, reactions): (&Store, Reactions),
    changing: Changing,
    participants: Vec<Participant>,
    reason: String,
) -> Result<(Recorded, Option<Reattribution>)> {
    let (runner, id) = (store.clone(), changing.id);
    let waiting: Option<Uuid> = store
        .transact(move |tx| {
            let (store, changing) = (runner.clone(), changing.clone());
            let (mut participants, reason) = (participants.clone(), reason.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = Box::pin(async {
                    let (sequence, now) = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let recorded = locked(tx, &changing).await?;
                    let before = &recorded.facts.participants;
                    let (subject, role) = &changing.actor;
                    credit::check_disinterest(subject, before, &participants)?;
                    keep_frozen(&mut participants, before);
                    let staff = participants.iter().map(|one| one.staff_id.clone()).collect();
                    let teams = participants.iter().filter_map(|one| one.team_id.clone()).collect();
                    let known = known_among(tx, Named { staff, teams, ..Named::default() }).await?;
                    let mut found = Vec::new();
                    known.complete_participants(&mut participants, "participants", &mut found);
                    Error::unless_empty(found)?;
                    credit::check_moved(&changing.sight.scope, before, &participants, "participants")?;

                    let mut detail = serde_json::json!({
                        "before": described(before),
                        "after": described(&participants),
                    });
                    let object = changing.id.to_string();
                    let is_rated = (reactions.is_rated)(tx, &store, changing.id).await?;
                    if is_rated && !credit::is_same(before, &participants) {
                        let asked = requests::ask(tx, &recorded, participants, (subject, now), &reason).await?;
                        detail["reattribution"] = asked.to_string().into();
                        let action = AuditAction::ReattributionRequested;
                        audit::add(tx, now, (subject, *role), action, &object, &reason, Some(detail)).await?;
                        return Ok(Some(asked));
                    }
                    put(tx, (&store, reactions), &recorded, participants, (sequence, now)).await?;
                    let action = AuditAction::Reattributed;
                    audit::add(tx, now, (subject, *role), action, &object, &reason, Some(detail)).await?;
                    Ok(None)
                });
                request::once(tx, &changing.request, now, work).await
            })
        })
        .await?;
    let waiting = match waiting {
        Some(id) => requests::find(store.reader(), id).await?,
        None => None,
    };
    // It may have left the caller's reach by their own act; what they did is still shown to them.
    let recorded = find(store.reader(), &Sight::all(), id).await?.ok_or(Error::NotFound("interaction"))?;
    Ok((recorded, waiting))
}

/// Those who stay keep their role and team, unless given others, and stay told by the one who named them first.
fn keep_frozen(participants: &mut [Participant], before: &[Participant]) {
    for participant in participants {
        if let Some(was) = before.iter().find(|was| was.staff_id == participant.staff_id) {
            participant.role = participant.role.or(was.role);
            participant.team_id = participant.team_id.take().or_else(|| was.team_id.clone());
            participant.told_by.clone_from(&was.told_by);
        }
    }
}

/// Puts participants in the place of those before.
async fn put(
    tx: &Tx,
    (store, reactions): (&Store, Reactions),
    before: &Recorded,
    participants: Vec<Participant>,
    place: (i64, Micros),
) -> Result<(), DbErr> {
    let facts = Facts { participants, ..before.facts.clone() };
    replace_participants(tx, before, &facts, place).await?;
    let parties = (before.facts.participants.as_slice(), facts.participants.as_slice());
    (reactions.moved)(tx, store, before.id, parties).await
}

/// A re-attribution that waits, with its interaction, for somebody who may decide on it.
async fn judged(tx: &Tx, deciding: &Deciding, may_have_asked: bool) -> Result<(Reattribution, Recorded), Abort> {
    let not_there = || Error::NotFound("reattribution");
    let asked = requests::locked(tx, deciding.id).await?.ok_or_else(not_there)?;
    let changing = Changing {
        request: deciding.request.clone(),
        sight: deciding.sight.clone(),
        actor: deciding.actor.clone(),
        id: asked.interaction_id,
        etag: String::new(),
    };
    let recorded = match locked(tx, &changing).await {
        Err(Abort::Domain(Error::NotFound(_))) => return Err(not_there().into()),
        found => found?,
    };
    let subject = &deciding.actor.0;
    credit::check_disinterest(subject, &asked.before, &asked.after)?;
    credit::check_disinterest(subject, &recorded.facts.participants, &[])?;
    if asked.requested_by == *subject && !may_have_asked {
        return Err(Error::InterestedParty.into());
    }
    if asked.state != ReattributionState::Pending {
        return Err(Error::ReattributionSettled.into());
    }
    Ok((asked, recorded))
}

/// Carries out what waits; gives the interaction as it is then, and what waited.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InterestedParty`], [`Error::ReattributionSettled`], [`Error::RequestIdReused`];
/// [`Error::EtagMismatch`] where the participants are others by now.
pub(crate) async fn approve(
    (store, reactions): (&Store, Reactions),
    deciding: Deciding,
) -> Result<(Recorded, Reattribution)> {
    let (runner, id) = (store.clone(), deciding.id);
    store
        .transact(move |tx| {
            let (store, deciding) = (runner.clone(), deciding.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = Box::pin(async {
                    let place = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let now = place.1;
                    let (asked, recorded) = judged(tx, &deciding, false).await?;
                    if recorded.facts.participants != asked.before {
                        return Err(Error::EtagMismatch.into());
                    }
                    let detail = serde_json::json!({
                        "before": described(&asked.before),
                        "after": described(&asked.after),
                        "reattribution": asked.id.to_string(),
                        "requested_by": asked.requested_by,
                    });
                    put(tx, (&store, reactions), &recorded, asked.after, place).await?;
                    let (subject, role) = &deciding.actor;
                    settle(tx, asked.id, ReattributionState::Approved, (subject, now), None).await?;
                    let (action, object) = (AuditAction::Reattributed, asked.interaction_id.to_string());
                    audit::add(tx, now, (subject, *role), action, &object, &asked.reason, Some(detail)).await?;
                    Ok(())
                });
                request::once(tx, &deciding.request, now, work).await
            })
        })
        .await?;
    let asked = requests::find(store.reader(), id).await?.ok_or(Error::NotFound("reattribution"))?;
    let recorded = find(store.reader(), &Sight::all(), asked.interaction_id).await?;
    Ok((recorded.ok_or(Error::NotFound("interaction"))?, asked))
}

/// Ends what waits without moving anything.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InterestedParty`], [`Error::ReattributionSettled`], [`Error::RequestIdReused`].
pub(crate) async fn reject(store: &Store, deciding: Deciding, reason: String) -> Result<Reattribution> {
    let (runner, id) = (store.clone(), deciding.id);
    store
        .transact(move |tx| {
            let (store, deciding, reason) = (runner.clone(), deciding.clone(), reason.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = Box::pin(async {
                    // In the order in which all who change an interaction take their locks.
                    let (_, now) = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let (asked, _) = judged(tx, &deciding, true).await?;
                    let (subject, role) = &deciding.actor;
                    settle(tx, asked.id, ReattributionState::Rejected, (subject, now), Some(&reason)).await?;
                    let detail = serde_json::json!({
                        "reattribution": asked.id.to_string(),
                        "requested_by": asked.requested_by,
                    });
                    let (action, object) = (AuditAction::ReattributionRejected, asked.interaction_id.to_string());
                    audit::add(tx, now, (subject, *role), action, &object, &reason, Some(detail)).await?;
                    Ok(())
                });
                request::once(tx, &deciding.request, now, work).await
            })
        })
        .await?;
    requests::find(store.reader(), id).await?.ok_or(Error::NotFound("reattribution"))
}
