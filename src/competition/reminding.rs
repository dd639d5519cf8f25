//! What the messenger watches that reminds voters, and voters for themselves.

use super::store::reminders::{Reminded, Reminders, Whom, holding};
use crate::{
    api::{convert::timestamp, v1},
    error::Result,
    reach::Scope,
    store::Store,
    vault::Vault,
    watch::Subject,
};

/// Reminders to vote.
pub(super) struct ToRemind {
    pub(super) vault: Vault,
    /// Whose; none: all.
    pub(super) voter: Option<(String, Whom)>,
}

impl Subject for ToRemind {
    const METHOD: &'static str = "WatchReminders";
    type Log = Reminders;
    type Event = v1::Reminder;
    type Message = v1::WatchRemindersResponse;

    fn key(&self) -> String {
        self.voter.as_ref().map(|(id, _)| id.clone()).unwrap_or_default()
    }

    fn may_show(&self, reminded: &Reminded) -> bool {
        self.voter.as_ref().is_none_or(|(_, whom)| whom.is(&reminded.whom))
    }

    async fn show(&self, store: &Store, _: &Scope, reminded: Vec<Reminded>) -> Result<Vec<(i64, v1::Reminder)>> {
        let holding = holding((store, &self.vault), reminded).await?.into_iter();
        let event = |(reminded, voter_id, competition): (Reminded, String, super::terms::Competition)| {
            let reminder = v1::Reminder {
                competition_id: competition.id.to_string(),
                title: competition.announced.title,
                voting_deadline: Some(timestamp(competition.announced.voting_deadline)),
                voter_id,
            };
            (reminded.place(), reminder)
        };
        Ok(holding.map(event).collect())
    }

    fn message(&self, reminder: Option<v1::Reminder>, resume_cursor: String) -> v1::WatchRemindersResponse {
        v1::WatchRemindersResponse { reminder, resume_cursor }
    }
}
