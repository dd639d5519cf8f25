//! What was answered to which request id, so that a retry changes nothing twice.

use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Abort, Store, Tx,
    entity::{
        housekeeping,
        request_memory::{self, Column},
    },
};
use crate::error::{Error, Result};

/// How long a tick is at least. Ticks are counted in the database, whichever server counts them, and only while one runs: a
/// clock that is wrong, or a server that was down, forgets nothing.
const TICK: Duration = Duration::from_secs(600);
/// How many ticks answers are remembered: 48 hours of running time.
const MEMORY_TICKS: i64 = 288;

/// Watches the ticks go by, by a clock that nobody sets.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    /// The tick that is the present one, and since when it was seen to be.
    seen: Option<(i64, Instant)>,
}

impl Ticks {
    /// Takes note of a tick; whether it has lasted.
    fn is_over(&mut self, tick: i64, at: Instant) -> bool {
        match self.seen {
            Some((seen, since)) if seen == tick => at.saturating_duration_since(since) >= TICK,
            _ => {
                self.seen = Some((tick, at));
                false
            }
        }
    }
}

/// One attempt at a mutation.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Whose request id it is: ids of different scopes never meet.
    pub(crate) scope: String,
    pub(crate) id: String,
    pub(crate) method: &'static str,
    /// Of the request without its id.
    pub(crate) body_hash: Uuid,
}

/// The first half of a SHA-256, enough to tell bodies and keys apart.
pub(crate) fn hash(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(half)
}

/// How request ids are kept for good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastingKeys {
    /// Of ids of version 7 that name this moment or a later one, in milliseconds since 1970, the key begins with it.
    timed_from: u64,
}

impl LastingKeys {
    /// As the database keeps them.
    pub(super) async fn of(connection: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let row = housekeeping::Entity::find().one(connection).await?;
        let from = row.ok_or_else(|| DbErr::RecordNotFound("housekeeping".to_owned()))?.timed_keys_from;
        Ok(Self { timed_from: u64::try_from(from).unwrap_or(0) })
    }

    /// The key of a request id; `space`: the method, and in whose name it came.
    ///
    /// A hash, of whose first six bytes a version 7 UUID's time takes the place: keys of one hour then stand side by side in
    /// their index, and recording writes the pages of its end instead of pages all over it. What form a key has is
    /// decided by the id alone, so that a retry has the same one at any time and on any server.
    pub(crate) fn key(self, space: [&[u8]; 2], id: &str) -> Uuid {
        let [method, scope] = space;
        let hash = hash(&[method, scope, id.as_bytes()]);
        match time_of(id) {
            Some(time) if time >= self.timed_from => {
                let mut key = hash.into_bytes();
                key[..6].copy_from_slice(&time.to_be_bytes()[2..]);
                Uuid::from_bytes(key)
            }
            _ => hash,
        }
    }
}

/// The time that a version 7 UUID names, in milliseconds since 1970.
fn time_of(id: &str) -> Option<u64> {
    let id = Uuid::parse_str(id).ok().filter(|id| id.get_version() == Some(uuid::Version::SortRand))?;
    Some(id.as_u64_pair().0 >> 16)
}

/// Does `work` unless the request was answered before, in which case the answer of then is given again.
///
/// The id is claimed before the work: a second attempt at the same moment waits for the first one's commit and then
/// finds its answer.
///
/// # Errors
/// [`Error::RequestIdReused`] if the id came with another body or to another method.
pub(crate) async fn once<A>(
    tx: &Tx,
    request: &Request,
    now: i64,
    work: impl Future<Output = Result<A, Abort>> + Send,
) -> Result<A, Abort>
where
    A: Serialize + DeserializeOwned,
{
    if !claim(tx, request, now).await? {
        return recall(tx, request).await;
    }
    let answer = match work.await {
        Ok(answer) => answer,
        Err(abort) => {
            // What was refused may be tried again under the same id, mended; in a batch the transaction goes on.
            if let Abort::Domain(_) = abort {
                request_memory::Entity::delete_by_id(key(request)).exec(tx).await?;
            }
            return Err(abort);
        }
    };
    let text = serde_json::to_string(&answer).map_err(Error::internal)?;
    request_memory::Entity::update_many()
        .col_expr(Column::Answer, Expr::value(text))
        .filter(Column::Scope.eq(&request.scope))
        .filter(Column::RequestId.eq(&request.id))
        .exec(tx)
        .await?;
    Ok(answer)
}

fn key(request: &Request) -> (String, String) {
    (request.scope.clone(), request.id.clone())
}

impl Store {
    /// Does a change in a transaction of its own, once per request id; `work` is given the database's time of the request.
    ///
    /// # Errors
    /// Those of [`once`] and of the work.
    pub(crate) async fn change<A, W>(&self, request: Request, work: W) -> Result<A>
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        W: for<'t> Fn(&'t Tx, i64) -> BoxFuture<'t, Result<A, Abort>> + Clone + Send + Sync + 'static,
    {
        let store = self.clone();
        self.transact(move |tx| {
            let (store, request, work) = (store.clone(), request.clone(), work.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                once(tx, &request, now, work(tx, now)).await
            })
        })
        .await
    }
}

async fn claim(tx: &Tx, request: &Request, now: i64) -> Result<bool, DbErr> {
    let there = OnConflict::columns([Column::Scope, Column::RequestId]).do_nothing().to_owned();
    let mut insert = Query::insert();
    insert.into_table(request_memory::Entity).on_conflict(there).columns([
        Column::Scope,
        Column::RequestId,
        Column::Method,
        Column::BodyHash,
        Column::Answer,
        Column::CreatedAt,
        Column::Tick,
    ]);
    insert.values_panic([
        request.scope.as_str().into(),
        request.id.as_str().into(),
        request.method.into(),
        request.body_hash.into(),
        "".into(),
        now.into(),
        present_tick(),
    ]);
    Ok(tx.execute(&insert).await?.rows_affected() == 1)
}

async fn recall<A: DeserializeOwned>(tx: &Tx, request: &Request) -> Result<A, Abort> {
    let row = request_memory::Entity::find_by_id(key(request)).one(tx).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("request_memory".to_owned()))?;
    if row.method != request.method || row.body_hash != request.body_hash {
        return Err(Error::RequestIdReused.into());
    }
    Ok(serde_json::from_str(&row.answer).map_err(Error::internal)?)
}

/// The tick that is the present one, inside a statement.
fn present_tick() -> Expr {
    let tick = Query::select().column(housekeeping::Column::Tick).from(housekeeping::Entity).take();
    Expr::SubQuery(None, Box::new(tick.into()))
}

impl Store {
    /// Counts the tick that `ticks` has seen last long enough, unless another server has, and forgets what is older than
    /// the promise; gives how many.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub(crate) async fn count_tick(&self, ticks: &mut Ticks, at: Instant) -> Result<u64> {
        let row = housekeeping::Entity::find().one(self.reader()).await?;
        let tick = row.ok_or_else(|| DbErr::RecordNotFound("housekeeping".to_owned()))?.tick;
        let over = ticks.is_over(tick, at);
        self.transact(move |tx| {
            Box::pin(async move {
                if over {
                    // Of several servers that have seen it last, one counts it.
                    housekeeping::Entity::update_many()
                        .col_expr(housekeeping::Column::Tick, Expr::value(tick + 1))
                        .filter(housekeeping::Column::Tick.eq(tick))
                        .exec(tx)
                        .await?;
                }
                Ok(forget_old(tx).await?)
            })
        })
        .await
    }
}

/// Forgets what is older than the promise. The time is of no account.
async fn forget_old(tx: &Tx) -> Result<u64, DbErr> {
    // Of a server of the version before, which knows no ticks.
    request_memory::Entity::update_many()
        .col_expr(Column::Tick, present_tick())
        .filter(Column::Tick.is_null())
        .exec(tx)
        .await?;
    let old = Expr::col(Column::Tick).lt(present_tick().sub(MEMORY_TICKS));
    Ok(request_memory::Entity::delete_many().filter(old).exec(tx).await?.rows_affected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_begins_with_the_time_of_its_id() {
        let keys = |timed_from| LastingKeys { timed_from };
        let id = "0190a7e4-6b1a-7c3d-8f55-9e2d5b1c7a01";
        let space: [&[u8]; 2] = [b"Record", b"app"];
        let plain = hash(&[space[0], space[1], id.as_bytes()]);
        let timed = keys(0).key(space, id);
        assert_eq!(timed.as_bytes()[..6], [0x01, 0x90, 0xa7, 0xe4, 0x6b, 0x1a]);
        assert_eq!(timed.as_bytes()[6..], plain.as_bytes()[6..]);
        // By the id alone: one from before the change keeps its form.
        assert_eq!((keys(0x0190_a7e4_6b1a).key(space, id), keys(0x0190_a7e4_6b1b).key(space, id)), (timed, plain));
        assert_ne!(keys(0).key([b"Record", b"zhao.min"], id), timed);
        for other in ["call-7", "6ba7b810-9dad-41d1-80b4-00c04fd430c8", ""] {
            assert_eq!(keys(0).key(space, other), hash(&[space[0], space[1], other.as_bytes()]));
        }
    }

    #[test]
    fn a_tick_is_over_when_it_was_seen_to_last() {
        let (mut ticks, at) = (Ticks::default(), Instant::now());
        assert!(!ticks.is_over(7, at));
        assert!(!ticks.is_over(7, at + TICK - Duration::from_micros(1)));
        assert!(ticks.is_over(7, at + TICK));
        // Another server has counted it: its successor is watched from here on.
        assert!(!ticks.is_over(8, at + TICK));
        assert!(!ticks.is_over(8, at + TICK + TICK / 2));
        assert!(ticks.is_over(8, at + TICK * 2));
    }
}
