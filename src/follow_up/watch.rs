//! What a desk watches: what becomes of follow-ups.

use std::collections::HashMap;

use super::{
    entity::event::Model as Event,
    message,
    store::{self as rows, Events},
};
use crate::{
    api::{
        convert::{duration, timestamp},
        v1,
    },
    auth::Caller,
    error::Result,
    reach::{Oneself, Scope, Sight},
    store::Store,
    watch::Subject,
};

/// The follow-ups of a team, or of all within reach.
pub(super) struct Watched {
    pub(super) team_id: Option<String>,
    pub(super) caller: Caller,
}

impl Subject for Watched {
    const METHOD: &'static str = "WatchFollowUps";
    type Log = Events;
    type Event = v1::FollowUpEvent;
    type Message = v1::WatchFollowUpsResponse;

    fn key(&self) -> String {
        self.team_id.clone().unwrap_or_default()
    }

    fn may_show(&self, _: &Event) -> bool {
        // A line has no team: what is shown is asked of the rows.
        true
    }

    async fn show(&self, store: &Store, scope: &Scope, events: Vec<Event>) -> Result<Vec<(i64, v1::FollowUpEvent)>> {
        let sight = Sight { scope: scope.clone(), oneself: Oneself::of(&self.caller) };
        let ids = events.iter().map(|event| event.follow_up_id).collect();
        let mut found = rows::among(store.reader(), &sight, ids).await?;
        found.retain(|one| self.team_id.is_none() || one.team_id == self.team_id);
        let shown = message::shown(store.reader(), &self.caller, found).await?;
        let shown: HashMap<_, _> = shown.into_iter().map(|one| (one.follow_up_id.clone(), one)).collect();
        let tell = |event: Event| {
            let told = v1::FollowUpEvent {
                kind: event.kind.0.into(),
                event_time: Some(timestamp(event.happened_at)),
                late_by: event.late_by.map(duration),
                follow_up: Some(shown.get(&event.follow_up_id.to_string())?.clone()),
            };
            Some((event.sequence, told))
        };
        Ok(events.into_iter().filter_map(tell).collect())
    }

    fn message(&self, event: Option<v1::FollowUpEvent>, resume_cursor: String) -> v1::WatchFollowUpsResponse {
        v1::WatchFollowUpsResponse { event, resume_cursor }
    }
}
