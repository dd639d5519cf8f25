//! What those watch who see to it that callbacks come in time.

use std::collections::HashMap;

use super::{
    message,
    store::{self as rows, Event, Events},
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

/// The callbacks of a team, or of all within reach.
pub(super) struct Watched {
    pub(super) team_id: Option<String>,
    pub(super) caller: Caller,
}

impl Subject for Watched {
    const METHOD: &'static str = "WatchCallbacks";
    type Log = Events;
    type Event = v1::CallbackEvent;
    type Message = v1::WatchCallbacksResponse;

    fn key(&self) -> String {
        self.team_id.clone().unwrap_or_default()
    }

    fn may_show(&self, _: &Event) -> bool {
        // A line has no team: what is shown is asked of the rows.
        true
    }

    async fn show(&self, store: &Store, scope: &Scope, events: Vec<Event>) -> Result<Vec<(i64, v1::CallbackEvent)>> {
        let sight = Sight { scope: scope.clone(), oneself: Oneself::of(&self.caller) };
        let ids = events.iter().map(|event| event.callback_id).collect();
        let found = rows::among(store.reader(), &sight, ids).await?;
        let of_team = |team: &str| self.team_id.as_deref().is_none_or(|one| one == team);
        let found: HashMap<_, _> =
            found.into_iter().filter(|one| of_team(&one.asked.team_id)).map(|one| (one.id, one)).collect();
        let shown = |event: Event| {
            let callback = found.get(&event.callback_id)?.clone();
            let told = v1::CallbackEvent {
                kind: event.kind.into(),
                event_time: Some(timestamp(event.at)),
                late_by: event.late_by.map(duration),
                callback: Some(message::write(callback, &self.caller)),
            };
            Some((event.sequence, told))
        };
        Ok(events.into_iter().filter_map(shown).collect())
    }

    fn message(&self, event: Option<v1::CallbackEvent>, resume_cursor: String) -> v1::WatchCallbacksResponse {
        v1::WatchCallbacksResponse { event, resume_cursor }
    }
}
