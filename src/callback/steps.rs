//! The steps of a call, by the one who holds the claim, and the end of what nobody wants any more.

use rapport_calendar::Calendar;
use uuid::Uuid;

use super::{
    At, By, Callback,
    request::may_ring,
    store::{self as rows, Held},
    turn::Turn,
};
use crate::{
    api::v1::{CallbackFailureReason, Role},
    clock::Micros,
    error::{Error, Result},
    interaction,
    presence::store as presence,
    reach::{Scope, Sight},
    store::{Abort, Tx},
};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Renew { lease: Micros },
    Dial,
    Connect,
    Complete { call_interaction_id: Option<Uuid>, note: Option<String> },
    Fail { reason: CallbackFailureReason, note: Option<String> },
    Cancel { note: Option<String> },
}

/// Does a step; gives the callback's id. `fence`: of the claim, where it takes one.
///
/// # Errors
/// [`Error::NotFound`], [`Error::CallbackClaimLost`], [`Error::CallbackStateMismatch`]; of a call:
/// [`Error::CallbackCapacityExceeded`], [`Error::ContactRefused`], [`Error::CustomerErased`].
pub(super) async fn step(
    tx: &Tx,
    at: &At,
    by: &By,
    (id, fence): (Uuid, Option<i64>),
    step: &Step,
) -> Result<Uuid, Abort> {
    let mut turn = Turn::begin(tx, &at.store).await?;
    let mut one = rows::find_locked(tx, &by.sight, id).await?.ok_or(Error::NotFound("callback"))?;
    let calendar = turn.bring_up(&mut one).await?;
    if let Some(fence) = fence {
        let own = (by.role == Role::Staff).then_some(by.subject.as_str());
        one.course.held(fence, own)?;
    }
    match step {
        Step::Dial => may_dial(tx, at, &one, turn.now).await?,
        Step::Complete { call_interaction_id: Some(call), .. } => {
            let sight = Sight { scope: Scope::All, oneself: by.sight.oneself.clone() };
            interaction::store::find(tx, &sight, *call).await?.ok_or(Error::NotFound("interaction"))?;
        }
        Step::Renew { .. } | Step::Connect | Step::Complete { .. } | Step::Fail { .. } | Step::Cancel { .. } => {}
    }
    let told = take(&mut one, step, &calendar, turn.now)?;
    if let Some(kind) = told {
        turn.tell(&one, kind, None).await?;
    }
    turn.save(&one).await?;
    Ok(id)
}

fn take(
    one: &mut Callback,
    step: &Step,
    calendar: &Calendar,
    now: Micros,
) -> Result<Option<crate::api::v1::CallbackEventKind>> {
    let course = &mut one.course;
    Ok(Some(match step {
        Step::Renew { lease } => {
            course.renew(*lease, now)?;
            return Ok(None);
        }
        Step::Dial => course.dial(now)?,
        Step::Connect => course.connect(now)?,
        Step::Complete { call_interaction_id, note } => {
            let kind = course.complete(now)?;
            course.call_interaction_id = *call_interaction_id;
            course.note.clone_from(note);
            kind
        }
        Step::Fail { reason, note } => {
            let kind = course.fail(*reason, calendar, now)?;
            course.note.clone_from(note);
            kind
        }
        Step::Cancel { note } => {
            let kind = course.cancel(now)?;
            course.note.clone_from(note);
            kind
        }
    }))
}

/// Whether the number may be rung now, by the one who has claimed it.
async fn may_dial(tx: &Tx, at: &At, one: &Callback, now: Micros) -> Result<(), Abort> {
    let staff_id = one.course.claimed_by.as_deref().unwrap_or_default();
    let on_duty = presence::of(tx, staff_id, now).await?;
    let on_duty = on_duty.ok_or(Error::CallbackCapacityExceeded("is not on duty"))?;
    if rows::held(tx, Held::CallsOf(staff_id)).await? >= i64::from(on_duty.capacity) {
        return Err(Error::CallbackCapacityExceeded("has as many calls as their presence allows").into());
    }
    let Some(point) = &one.asked.point else { return Err(Error::CustomerErased.into()) };
    may_ring(tx, at, (&one.asked, point), now).await
}
