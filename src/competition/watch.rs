//! What watchers of a leaderboard follow: phases while a competition goes on, which say nothing of how it stands, and results
//! after it.

use futures::future::BoxFuture;
use sea_orm::{DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};

use super::{CompetitionApi, entity::change};
use crate::{
    api::{convert::timestamp, v1},
    error::Result,
    reach::Scope,
    store::{
        Store,
        feed::{Log, Numbered},
        sequence,
    },
    watch::Subject,
};

/// The log of what becomes of competitions.
pub(crate) struct Changes;

impl Numbered for change::Model {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

impl Log for Changes {
    const STREAM: &'static str = sequence::COMPETITIONS;
    type Change = change::Model;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<change::Model>, DbErr>> {
        Box::pin(async move {
            let query = change::Entity::find().filter(change::Column::Sequence.gt(after));
            query.order_by_asc(change::Column::Sequence).limit(limit).all(store.reader()).await
        })
    }
}

/// One competition.
pub(super) struct OfCompetition {
    pub(super) id: Uuid,
    pub(super) api: CompetitionApi,
}

impl Subject for OfCompetition {
    const METHOD: &'static str = "WatchLeaderboard";
    type Log = Changes;
    type Event = v1::LeaderboardChange;
    type Message = v1::WatchLeaderboardResponse;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn may_show(&self, change: &change::Model) -> bool {
        change.competition_id == self.id
    }

    async fn show(
        &self,
        _: &Store,
        _: &Scope,
        changes: Vec<change::Model>,
    ) -> Result<Vec<(i64, v1::LeaderboardChange)>> {
        let mut events = Vec::with_capacity(changes.len());
        for change in changes {
            let (standings, status) = self.api.standings_of(self.id, change.result_revision).await?;
            let event = v1::LeaderboardChange {
                state: change.state.0.into(),
                change_time: Some(timestamp(change.changed_at)),
                result_revision: change.result_revision,
                standings,
                result_status: status.into(),
            };
            events.push((change.sequence, event));
        }
        Ok(events)
    }

    fn message(&self, change: Option<v1::LeaderboardChange>, resume_cursor: String) -> v1::WatchLeaderboardResponse {
        v1::WatchLeaderboardResponse { change, resume_cursor }
    }
}
