//! Whom "mended" goes to: the customers who raised it, each once, portion by portion.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, QuerySelect as _,
    prelude::Uuid,
};

use super::{
    entity::concern::Entity,
    store::{self, step},
};
use crate::{
    api::v1::{ConcernState, NoticeKind},
    clock::Micros,
    interaction::store::voice::raised_by,
    notice::{store as notices, whose},
    store::{Abort, Store, Tx},
    timer::{self, Kind},
};

/// Interactions of a portion.
const PORTION: u64 = 2_000;
/// What those who record have between two portions.
const PAUSE: Duration = Duration::from_millis(200);
/// After which another server goes on, in microseconds.
const PATIENCE: Micros = 5_000_000;

/// Makes the notices of a concern, until that is done or fails; another server goes on then.
pub(super) async fn run(store: Store, id: Uuid) {
    loop {
        let runner = store.clone();
        let advanced = store.transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                let now = store::lock(tx, &store).await?;
                advance(tx, now, id).await
            })
        });
        match advanced.await {
            Ok(true) => tokio::time::sleep(PAUSE).await,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, concern_id = %id, "telling customers of a concern");
                return;
            }
        }
    }
}

/// Makes the next notices; whether there may be more. Needs the lock of concerns, since `now`.
pub(super) async fn advance(tx: &Tx, now: Micros, id: Uuid) -> Result<bool, Abort> {
    let found = Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    let Some(mut one) = found.filter(|one| one.state.0 == ConcernState::Mended) else { return Ok(false) };
    let (what, span) = (one.what()?, (one.since, one.settled_at.unwrap_or(now)));
    let named = what.naming(span).interactions(tx.get_database_backend());
    let topics = what.topics();
    let complaints = what.takes_complaints().then_some((&topics, span));
    let those = raised_by(tx, named, complaints, (one.told_until.unwrap_or_default(), PORTION)).await?;
    let more = those.last().map(|last| last.id);
    if let Some(last) = more {
        one.told_until = Some(last);
        notices::hold(tx).await?;
        notices::add(tx, now, (id, NoticeKind::ConcernMended), those.into_iter().map(whose).collect()).await?;
        one.into_active_model().reset_all().update(tx).await?;
    }
    timer::set(tx, Kind::Concern, id, [(step::TELL, more.map(|_| now + PATIENCE))]).await?;
    Ok(more.is_some())
}
