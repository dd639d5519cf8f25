//! What the gateway that sends invitations watches.

use super::{
    invitation::Invitation,
    invitations::{Invitations, Issued, among},
    message,
};
use crate::{
    api::v1::{self, InvitationState},
    error::Result,
    reach::Scope,
    store::Store,
    template::store::templates_among,
    watch::Subject,
};

/// All invitations that are to be sent.
pub(super) struct ToSend;

impl Subject for ToSend {
    const METHOD: &'static str = "WatchInvitations";
    type Log = Invitations;
    type Event = v1::InvitationToSend;
    type Message = v1::WatchInvitationsResponse;

    fn key(&self) -> String {
        String::new()
    }

    fn may_show(&self, _: &Issued) -> bool {
        true
    }

    async fn show(&self, store: &Store, _: &Scope, changes: Vec<Issued>) -> Result<Vec<(i64, v1::InvitationToSend)>> {
        let now = store.clock().now_micros();
        let mut found = among(store.reader(), changes.iter().map(|one| one.id)).await?;
        // A gateway that comes back after a while must not send what is settled.
        found.retain(|_, one| one.state_at(now) == InvitationState::Issued);
        let mut shown = to_send(store, found.into_values().collect()).await?;
        let event = |change: Issued| {
            let id = change.id.to_string();
            let at = shown.iter().position(|one| one.invitation.as_ref().is_some_and(|one| one.invitation_id == id))?;
            Some((change.place(), shown.swap_remove(at)))
        };
        Ok(changes.into_iter().filter_map(event).collect())
    }

    fn message(&self, to_send: Option<v1::InvitationToSend>, resume_cursor: String) -> v1::WatchInvitationsResponse {
        v1::WatchInvitationsResponse { to_send, resume_cursor }
    }
}

/// Invitations with all that it takes to send them.
pub(super) async fn to_send(store: &Store, invitations: Vec<Invitation>) -> Result<Vec<v1::InvitationToSend>> {
    let now = store.clock().now_micros();
    let wanted: Vec<_> = invitations.iter().map(|one| one.template.clone()).collect();
    let templates = templates_among(store.reader(), &wanted).await?;
    let write = |one: Invitation| {
        let wording = templates.get(&one.template).and_then(|template| template.wording(&one.locale)).cloned();
        message::write_to_send(one, wording, now)
    };
    Ok(invitations.into_iter().map(write).collect())
}
