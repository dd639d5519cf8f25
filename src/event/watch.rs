//! What applications watch.

use super::{Line, Position, Types, feed::Walker, form};
use crate::{
    api::v1::{self, EventContent},
    error::Result,
    reach::Scope,
    store::Store,
    watch::Watched,
};

/// Events of some types.
pub(super) struct Wanted {
    pub(super) types: Types,
    pub(super) content: EventContent,
    pub(super) source: String,
}

impl Watched for Wanted {
    const METHOD: &'static str = "WatchEvents";
    type Walk = Walker;
    type Event = v1::Event;
    type Message = v1::WatchEventsResponse;

    fn key(&self) -> String {
        format!("{} {}", self.content.plain_name(), self.types.names().join(" "))
    }

    fn may_show(&self, (line, _): &(Line, Position)) -> bool {
        self.types.include(line)
    }

    async fn show(&self, _: &Store, _: &Scope, lines: Vec<(Line, Position)>) -> Result<Vec<(Position, v1::Event)>> {
        let event = |(line, behind)| (behind, form::write(&line, self.content, &self.source));
        Ok(lines.into_iter().map(event).collect())
    }

    fn message(&self, event: Option<v1::Event>, resume_cursor: String) -> v1::WatchEventsResponse {
        v1::WatchEventsResponse { event, resume_cursor }
    }
}
