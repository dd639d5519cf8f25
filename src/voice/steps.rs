//! What is done with a concern: by its department, and by those who tell its customers.

use uuid::Uuid;

use super::{
    Fix, departments,
    store::{Held, step},
};
use crate::{
    api::v1::{AuditAction, ConcernEventKind, ConcernState, NoticeKind, Role},
    audit,
    clock::Micros,
    error::Error,
    notice::store as notices,
    reach::Scope,
    store::{Abort, Store, Tx},
    timer::{self, Kind},
};

/// What a department, or who speaks for it, says of a concern.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Acknowledge(Micros),
    Move(Micros, String),
    Mend,
    Decline(String),
}

/// Does what a department says; gives the id.
pub(super) async fn take(
    tx: &Tx,
    store: &Store,
    (author, scope): (&str, &Scope),
    id: Uuid,
    step: Step,
) -> Result<Uuid, Abort> {
    let mut held = Held::take(tx, store, 1).await?;
    let mut one = held.begin(id).await?;
    check_department(tx, scope, &one.department_id).await?;
    let now = held.now;
    let fix = |at, reason| Fix { at, said_at: now, author: author.to_owned(), reason };
    let kind = match step {
        Step::Acknowledge(at) => {
            one.acknowledge(fix(at, String::new()))?;
            ConcernEventKind::Acknowledged
        }
        Step::Move(at, reason) => {
            one.move_fix(fix(at, reason))?;
            ConcernEventKind::FixTimeMoved
        }
        Step::Mend => {
            one.settle(ConcernState::Mended, now, author)?;
            ConcernEventKind::Mended
        }
        Step::Decline(reason) => {
            one.settle(ConcernState::Declined, now, author)?;
            one.decline_reason = Some(reason);
            ConcernEventKind::Declined
        }
    };
    held.stop(id).await?;
    held.tell(id, kind, None, Some(author)).await?;
    held.finish(one).await?;
    Ok(id)
}

/// Of people only the supervisors of a department's team speak for it.
async fn check_department(tx: &Tx, scope: &Scope, department_id: &str) -> Result<(), Abort> {
    if *scope == Scope::All {
        return Ok(());
    }
    let team = departments::find(tx, department_id).await?.and_then(|department| department.team_id);
    if team.is_some_and(|team| scope.has_team(&team)) { Ok(()) } else { Err(Error::FieldNotYours("concern_id").into()) }
}

/// Lets customers be told; gives the id.
pub(super) async fn tell(
    tx: &Tx,
    store: &Store,
    (author, role): (&str, Role),
    (id, words, per_minute): (Uuid, String, i32),
) -> Result<Uuid, Abort> {
    let mut held = Held::take(tx, store, 1).await?;
    let one = held.begin(id).await?;
    let about = (id, NoticeKind::ConcernMended);
    if one.state.0 != ConcernState::Mended || notices::is_said(tx, about).await? {
        return Err(Error::ConcernSettled.into());
    }
    audit::add(tx, held.now, (author, role), AuditAction::ConcernTold, &id.to_string(), &words, None).await?;
    notices::say(tx, about, words, per_minute).await?;
    held.tell(id, ConcernEventKind::Told, None, Some(author)).await?;
    timer::arm(tx, Kind::Concern, id, [(step::TELL, held.now)]).await?;
    Ok(id)
}
