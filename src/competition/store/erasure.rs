//! Removing who a voter was.

use rapport_vote::hex::hex;
use sea_orm::{QueryFilter as _, entity::prelude::*};

use super::{
    super::entity::{conflict, invitee, reminder, voter},
    Actor,
    reminders::Whom,
};
use crate::{
    api::v1::AuditAction,
    audit,
    clock::Micros,
    store::{Abort, Tx},
    vault::Vault,
};

/// Removes a voter from every roll, whether a colleague or an invited judge; gives of how many. The ballots stay under their
/// pseudonyms, which lead to nobody then.
pub(crate) async fn erase(tx: &Tx, vault: &Vault, now: Micros, actor: &Actor, voter_id: &str) -> Result<u64, Abort> {
    let none = || Expr::value(None::<String>);
    let erased = voter::Entity::update_many()
        .col_expr(voter::Column::VoterId, none())
        .col_expr(voter::Column::TokenHash, none())
        .filter(voter::Column::VoterId.eq(voter_id))
        .exec(tx)
        .await?
        .rows_affected;
    let mut found = erased;
    let whom = Whom::new(vault, voter_id)?;
    let reminders = reminder::Entity::delete_many().filter(reminder::Column::Whom.is_in(whom.names()));
    found += reminders.exec(tx).await?.rows_affected;
    let conflicts = conflict::Entity::delete_many().filter(conflict::Column::StaffId.eq(voter_id));
    found += conflicts.exec(tx).await?.rows_affected;
    let invitees = invitee::Entity::delete_many().filter(invitee::Column::JudgeId.eq(voter_id));
    found += invitees.exec(tx).await?.rows_affected;
    if found > 0 {
        // Keyed, since an id could be guessed from a plain hash.
        let whom = hex(&vault.mac(vault.key_id()?, &[b"erased voter", voter_id.as_bytes()])?);
        let actor = (actor.0.as_str(), actor.1);
        audit::add(tx, now, actor, AuditAction::VoterErased, &whom, "", None).await?;
    }
    Ok(erased)
}
