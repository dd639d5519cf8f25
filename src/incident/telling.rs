//! Whom an incident's notices go to: each of its customers once, and "mended" to those who were told.

use sea_orm::prelude::Uuid;

use super::entity::incident;
use crate::{
    api::v1::NoticeKind,
    clock::Micros,
    interaction::store::incident::{self as linked, Member},
    notice::{store as notices, whose},
    store::{Abort, Store, Tx},
};

/// Makes the next notices of an incident that is open or resolved; whether there may be more.
pub(super) async fn advance(tx: &Tx, one: &mut incident::Model, (portion, now): (u64, Micros)) -> Result<bool, Abort> {
    let (told, mended) = ((one.id, NoticeKind::Told), (one.id, NoticeKind::Mended));
    let is_resolved = one.resolved_at.is_some();
    let is_said = notices::is_said(tx, if is_resolved { mended } else { told }).await?;
    if !is_said {
        return Ok(false);
    }
    // Taken after the incident's row, as by those who record.
    notices::hold(tx).await?;
    if is_resolved {
        let Some((last, those)) = notices::sent_after(tx, told, one.mended_until, portion).await? else {
            return Ok(false);
        };
        one.mended_until = Some(last);
        notices::add(tx, now, mended, those).await?;
        return Ok(true);
    }
    let after = one.noticed_until.unwrap_or(Uuid::nil());
    let members = linked::members_after(tx, one.id, after, portion).await?;
    let Some(last) = members.last() else { return Ok(false) };
    one.noticed_until = Some(last.id);
    notices::add(tx, now, told, members.into_iter().map(whose).collect()).await?;
    Ok(true)
}

/// Lets those be told whose interactions have just been linked, where customers are told.
pub(super) async fn of_fresh(tx: &Tx, store: &Store, incident_id: Uuid, members: Vec<Member>) -> Result<(), Abort> {
    let told = (incident_id, NoticeKind::Told);
    if notices::is_said(tx, told).await? {
        let now = notices::lock(tx, store).await?;
        notices::add(tx, now, told, members.into_iter().map(whose).collect()).await?;
    }
    Ok(())
}
