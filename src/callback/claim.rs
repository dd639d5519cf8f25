//! Handing out callbacks: to whom, and which is next.

use uuid::Uuid;

use super::{
    At, By, Callback,
    store::{self as rows, Held},
    turn::Turn,
};
use crate::{
    api::v1::Role,
    clock::Micros,
    error::{Error, Reason},
    presence::store as presence,
    store::{Abort, Tx},
};

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// None: the next in line.
    pub(super) callback_id: Option<Uuid>,
    pub(super) staff_id: String,
    pub(super) lease: Micros,
}

/// Claims one; gives its id and fencing number. None: nobody is in line.
///
/// # Errors
/// [`Error::NotFound`], [`Error::FieldNotYours`], [`Error::CallbackCapacityExceeded`], [`Error::CallbackStateMismatch`];
/// [`Error::InterestedParty`] where somebody else would have it given to the person whom a complaint is about.
pub(super) async fn claim(tx: &Tx, at: &At, by: &By, told: &Claim) -> Result<Option<(Uuid, i64)>, Abort> {
    let mut turn = Turn::begin(tx, &at.store).await?;
    let now = turn.now;
    let is_own = by.subject == told.staff_id;
    if by.role == Role::Staff && !is_own {
        return Err(Error::FieldNotYours("staff_id").into());
    }
    let on_duty = presence::of(tx, &told.staff_id, now).await?;
    let on_duty = on_duty.ok_or(Error::CallbackCapacityExceeded("is not on duty"))?;
    if !by.sight.scope.has_colleague(&told.staff_id, Some(&on_duty.team_id)) {
        return Err(Error::FieldNotYours("staff_id").into());
    }
    if rows::held(tx, Held::Colleague(&told.staff_id)).await? >= i64::from(on_duty.capacity) {
        return Err(Error::CallbackCapacityExceeded("has as many callbacks as their presence allows").into());
    }
    let team = (on_duty.team_id.as_str(), told.staff_id.as_str());
    let found = match told.callback_id {
        Some(id) => Some(rows::find_locked(tx, &by.sight, id).await?.ok_or(Error::NotFound("callback"))?),
        None => rows::first_in_line(tx, &by.sight, team, now).await?,
    };
    let Some(mut one) = found else { return Ok(None) };
    if told.callback_id.is_some() {
        may_have(tx, &one, team).await?;
    }
    turn.bring_up(&mut one).await?;
    let kind = one.course.claim(&told.staff_id, told.lease, now)?;
    turn.tell(&one, kind, None).await?;
    turn.save(&one).await?;
    Ok(Some((one.id, one.course.fence)))
}

/// Whether it is for this team, and for this colleague.
async fn may_have(tx: &Tx, one: &Callback, (team_id, staff_id): (&str, &str)) -> Result<(), Abort> {
    if one.asked.team_id != team_id {
        let rule = "must be on duty for the team of the callback";
        return Err(Error::invalid("staff_id", Reason::Contradiction, rule).into());
    }
    if rows::exists_for(tx, staff_id, one.id).await? { Ok(()) } else { Err(Error::InterestedParty.into()) }
}
