//! Delivering to a target: by one server at a time, which has a lease for it, in rounds. A round reads what waits and what is new in
//! one statement, sends, and writes what came of it under the number of its lease. A server that dies before that has its events
//! sent again by the next one, under the same ids.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::StreamExt as _;
use rand::Rng as _;
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use super::{
    plan::{Before, Item, Plan, plan},
    sending::{Failure, Sender},
    store::{self as rows, Lease, Outcome, Standing, Undelivered, micros},
    target::Target,
};
use crate::{
    clock::Micros,
    error::Result,
    event::{self, EventFeed, Key, Line, Position, Read, Walker, form},
    metrics::{Attempt, Attempts},
    store::Store,
    watch::Walk as _,
};

/// Lines of each log that a round reads.
const PAGE: u64 = 256;
/// New events of a round.
const BATCH: usize = 64;
/// Events that may wait. Beyond them the logs keep what is new.
const MOST_WAITING: usize = 1_000;
/// Customers whose events are sent side by side.
const TOGETHER: usize = 8;
/// How long a round begins to send.
const SENDING: Duration = Duration::from_secs(1);
/// How often it is looked what is due, and whether somebody asked for a replay.
const EVERY: Duration = Duration::from_secs(1);
/// Between two rounds that were set off by commits, so that many small ones are read together.
const REST: Duration = Duration::from_millis(100);
/// After the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two attempts to get a lease that another server has.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// How often a place is written behind which nothing was to be sent: what lies ahead of it can be read again.
const NOTE_EVERY: Duration = Duration::from_secs(10);
/// No receiver asks to wait for longer, so that a longer time is that of a wrong clock.
const LONGEST_HOLD: Micros = 25 * 3_600_000_000;

/// Delivers to a target until `stopping` turns true: events of this `source`, counted in `attempts`.
pub(crate) async fn keep_delivering(
    (store, feed): (Store, EventFeed),
    (target, source, attempts): (Target, String, Attempts),
    mut stopping: watch::Receiver<bool>,
) {
    let target = Arc::new(target);
    let sender = match Sender::new(target.clone()) {
        Ok(sender) => sender,
        Err(error) => {
            tracing::error!(webhook = target.name, error = format!("{error:#}"), "this webhook cannot be delivered to");
            return;
        }
    };
    let (holder, held) = (Uuid::new_v4(), Mutex::default());
    let delivery = Delivery { store, target, source, attempts, sender, holder, held };
    tokio::select! {
        () = Box::pin(delivery.run(feed)) => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    if let Some(Held { lease, .. }) = delivery.lease()
        && let Err(error) = rows::give_lease_back(&delivery.store, &delivery.target.name, lease).await
    {
        tracing::debug!(%error, "giving a lease back");
    }
}

struct Delivery {
    store: Store,
    target: Arc<Target>,
    source: String,
    attempts: Attempts,
    sender: Sender,
    /// Of leases.
    holder: Uuid,
    held: Mutex<Option<Held>>,
}

/// A lease, and until when it certainly is ours.
#[derive(Clone, Copy)]
struct Held {
    lease: Lease,
    until: Instant,
}

/// What a round says about the next one.
enum Next {
    AtOnce,
    /// When something is new, or at this time.
    WhenNew(Option<Micros>),
    /// At this time, whatever is new.
    Later(Option<Micros>),
    /// Another server delivers.
    NotOurs,
}

/// How far one has looked without a place being written.
struct Seen {
    /// The place on record then.
    from: Position,
    to: Position,
    since: Instant,
}

/// What became of an event in a round.
enum Fate {
    Delivered(Micros),
    Failed(Failure, Micros),
    /// It stays behind one of its customer that failed.
    Behind,
    /// There was no time.
    Unsent,
}

impl Delivery {
    fn lease(&self) -> Option<Held> {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_lease(&self, held: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// One round's sending, and as much again in reserve: a lease must not end while something is sent under it.
    fn lease_length(&self) -> Duration {
        (SENDING + self.target.timeout) * 2 + Duration::from_secs(1)
    }

    async fn run(&self, feed: EventFeed) {
        let mut walker: Option<Walker> = None;
        let mut seen = None;
        loop {
            let next = match self.round(&mut seen).await {
                Ok((next, position)) => {
                    walker.get_or_insert_with(|| feed.walk(position.clone())).advance(position);
                    next
                }
                Err(error) => {
                    tracing::warn!(%error, webhook = self.target.name, "delivering events");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let until = |at: Option<Micros>| {
                let left = at.map_or(i64::MAX, |at| at.saturating_sub(self.store.clock().now_micros()));
                Duration::from_micros(u64::try_from(left).unwrap_or(0)).min(EVERY)
            };
            match (next, &mut walker) {
                (Next::AtOnce, _) => {}
                (Next::WhenNew(at), Some(walker)) => {
                    _ = tokio::time::timeout(until(at), walker.news()).await;
                    tokio::time::sleep(REST).await;
                }
                (Next::WhenNew(at) | Next::Later(at), _) => tokio::time::sleep(until(at).max(REST)).await,
                (Next::NotOurs, _) => tokio::time::sleep(ASK_AGAIN).await,
            }
        }
    }

    /// Delivers some of what is to be delivered; says when to go on, and the place up to which nothing new is left.
    async fn round(&self, seen: &mut Option<Seen>) -> Result<(Next, Position)> {
        let name = &self.target.name;
        let Some(standing) = rows::standing(self.store.reader(), name).await? else {
            let heads = event::heads(&self.store).await?;
            rows::enrol(&self.store, name, &heads).await?;
            return Ok((Next::AtOnce, heads));
        };
        let now = self.store.clock().now_micros();
        if standing.held_until > now && standing.held_until - now < LONGEST_HOLD {
            return Ok((Next::Later(Some(standing.held_until)), standing.position));
        }
        if seen.as_ref().is_some_and(|seen| seen.from != standing.position) {
            *seen = None;
        }
        let from = seen.as_ref().map_or(&standing.position, |seen| &seen.to).clone();
        let waiting = rows::waiting(self.store.reader(), name, (MOST_WAITING + BATCH) as u64).await?;
        let is_full = waiting.len() >= MOST_WAITING;
        let keys: Vec<Key> = waiting.iter().map(|one| one.key).collect();
        let limit = if is_full { 0 } else { PAGE };
        let page = event::read(&self.store, Read { position: &from, limit, asked: &keys }).await?;

        let lines: HashMap<Key, Line> = page.asked.into_iter().map(|line| (line.key(), line)).collect();
        // Of what is not in its log any more there is nothing to tell.
        let gone: Vec<Key> = keys.into_iter().filter(|key| !lines.contains_key(key)).collect();
        let mut items: Vec<Item> = waiting.into_iter().filter_map(|one| old_item(one, &lines)).collect();
        let (new, reached) = self.new_items((page.lines, from.clone(), page.reached), standing.last_place);
        let last_place = standing.last_place + i64::try_from(new.len()).unwrap_or_default();
        let has_new = !new.is_empty();
        items.extend(new);

        let longest = micros(self.target.patience.longest.max(Duration::from_secs(86_400)));
        let Plan { queues, held, next_at } = plan(items, now, longest);
        if queues.is_empty() && held.is_empty() && gone.is_empty() {
            if reached == from {
                return Ok((if is_full { Next::Later(next_at) } else { Next::WhenNew(next_at) }, reached));
            }
            let since = seen.as_ref().map_or_else(Instant::now, |seen| seen.since);
            if since.elapsed() < NOTE_EVERY {
                *seen = Some(Seen { from: standing.position, to: reached.clone(), since });
                return Ok((Next::WhenNew(next_at), reached));
            }
        }
        let Some(held_lease) = self.lease_for(&standing) else {
            return Ok((if self.take_lease().await? { Next::AtOnce } else { Next::NotOurs }, from));
        };

        let until = Instant::now() + SENDING;
        let is_held = AtomicBool::new(false);
        let sent = futures::stream::iter(queues).map(|queue| self.deliver(queue, until, &is_held));
        let mut fates: Vec<(Item, Fate)> = sent.buffer_unordered(TOGETHER).concat().await;
        fates.extend(held.into_iter().map(|item| (item, Fate::Behind)));
        let mut outcome = self.outcome(fates, reached, last_place);
        outcome.delivered.extend(gone);
        let position = outcome.position.clone();
        let tried_again = outcome.left.iter().map(|(one, _)| one.next_at).filter(|at| *at > 0);
        let next_at = tried_again.chain(next_at).min();
        let may_be_more = has_new || outcome.last_success_at.is_some();
        let (length, begun) = (self.lease_length(), Instant::now());
        let did_hold = rows::settle(&self.store, name, (held_lease.lease, length), outcome).await?;
        self.set_lease(did_hold.then(|| Held { until: begun + length, ..held_lease }));
        *seen = None;
        Ok((if may_be_more || !did_hold { Next::AtOnce } else { Next::WhenNew(next_at) }, position))
    }

    /// The wanted of some lines behind a place, at most a batch; and the place up to which they are all.
    fn new_items(
        &self,
        (lines, from, reached): (Vec<(Line, Position)>, Position, Position),
        last_place: i64,
    ) -> (Vec<Item>, Position) {
        let (mut items, mut ahead, mut place) = (Vec::new(), from, last_place);
        for (line, behind) in lines {
            if self.target.types.include(&line) {
                if items.len() == BATCH {
                    return (items, ahead);
                }
                place += 1;
                items.push(Item { line, ahead: std::mem::replace(&mut ahead, behind), place, before: None });
            } else {
                ahead = behind;
            }
        }
        (items, reached)
    }

    /// Our lease, if it is good for a round.
    fn lease_for(&self, standing: &Standing) -> Option<Held> {
        let enough = Instant::now() + SENDING + self.target.timeout;
        self.lease().filter(|held| held.lease.fence == standing.fence && held.until > enough)
    }

    async fn take_lease(&self) -> Result<bool> {
        let (length, begun) = (self.lease_length(), Instant::now());
        let lease = rows::take_lease(&self.store, &self.target.name, self.holder, length).await?;
        self.set_lease(lease.map(|lease| Held { lease, until: begun + length }));
        Ok(lease.is_some())
    }

    /// Sends events of one customer, one after the other, until one fails.
    async fn deliver(&self, queue: Vec<Item>, until: Instant, is_held: &AtomicBool) -> Vec<(Item, Fate)> {
        let mut fates = Vec::with_capacity(queue.len());
        let mut is_stuck = false;
        for item in queue {
            let fate = if is_stuck {
                Fate::Behind
            } else if Instant::now() >= until || is_held.load(Ordering::Relaxed) {
                Fate::Unsent
            } else {
                self.send(&item, is_held).await
            };
            // Behind a dead letter others go on.
            if let Fate::Failed(..) = &fate {
                is_stuck = !self.target.patience.is_over(item.attempts() + 1);
            }
            fates.push((item, fate));
        }
        fates
    }

    async fn send(&self, item: &Item, is_held: &AtomicBool) -> Fate {
        let event = form::write(&item.line, self.target.content, &self.source);
        let body = Bytes::from(form::to_json(&event).to_string());
        let clock = self.store.clock();
        let sent = self.sender.send(&event.id, body, clock.now_micros().div_euclid(1_000_000)).await;
        let Err(failure) = sent else {
            self.attempts.count(Attempt::Delivered);
            return Fate::Delivered(clock.now_micros());
        };
        is_held.fetch_or(failure.holds, Ordering::Relaxed);
        let (webhook, error, attempts) = (&self.target.name, &failure.words, item.attempts() + 1);
        if self.target.patience.is_over(attempts) {
            self.attempts.count(Attempt::DeadLetter);
            tracing::error!(webhook, event = event.id, attempts, error, "an event is a dead letter");
        } else {
            self.attempts.count(Attempt::Failed);
            tracing::warn!(webhook, event = event.id, attempts, error, "an event was not delivered");
        }
        Fate::Failed(failure, clock.now_micros())
    }

    /// What to write of a round.
    fn outcome(&self, mut fates: Vec<(Item, Fate)>, reached: Position, last_place: i64) -> Outcome {
        let mut outcome = Outcome {
            position: reached,
            last_place,
            held_until: None,
            last_success_at: None,
            last_failure: None,
            delivered: Vec::new(),
            left: Vec::new(),
        };
        fates.sort_by_key(|(item, _)| item.place);
        // New ones for which there was no time, and behind which nothing was done, are still in the logs.
        while let Some((item, Fate::Unsent)) = fates.last()
            && item.before.is_none()
        {
            outcome.position = item.ahead.clone();
            fates.pop();
        }
        for (item, fate) in fates {
            match fate {
                Fate::Delivered(at) => {
                    outcome.last_success_at = outcome.last_success_at.max(Some(at));
                    outcome.delivered.extend(item.before.map(|_| item.line.key()));
                }
                Fate::Failed(failure, at) => {
                    let attempts = item.attempts() + 1;
                    let pause = self.target.patience.pause(attempts, rand::rng().random(), failure.asked);
                    let next_at = at.saturating_add(micros(pause));
                    if failure.holds {
                        outcome.held_until = outcome.held_until.max(Some(next_at));
                    }
                    if outcome.last_failure.as_ref().is_none_or(|(last, _)| *last <= at) {
                        outcome.last_failure = Some((at, failure.words.clone()));
                    }
                    let is_dead = self.target.patience.is_over(attempts);
                    outcome.left.push((left(&item, attempts, next_at, Some((at, failure.words))), is_dead));
                }
                Fate::Behind | Fate::Unsent if item.before.is_none() => {
                    outcome.left.push((left(&item, 0, 0, None), false))
                }
                Fate::Behind | Fate::Unsent => {}
            }
        }
        outcome
    }
}

fn old_item(one: Undelivered, lines: &HashMap<Key, Line>) -> Option<Item> {
    let line = lines.get(&one.key)?.clone();
    let before = Before { attempts: one.attempts, next_at: one.next_at };
    Some(Item { line, ahead: one.ahead, place: one.place, before: Some(before) })
}

fn left(item: &Item, attempts: u32, next_at: Micros, failed: Option<(Micros, String)>) -> Undelivered {
    let (failed_at, error) = failed.unzip();
    Undelivered {
        key: item.line.key(),
        place: item.place,
        ahead: item.ahead.clone(),
        happened_at: item.line.at,
        attempts,
        next_at,
        failed_at,
        error,
    }
}
