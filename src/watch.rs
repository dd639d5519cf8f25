//! Watching a stream: what all watches have in common, from the opening to the end. What is watched, and what is shown of
//! it, is each domain's own `Subject`; of several streams at once, a `Watched` with a way of its own through them.
//!
//! A watch never waits for its reader for long, and holds little while it does: a few messages are under way, and a
//! reader who takes none of them for too long is cut. How it ends is kept beside the messages, so that no reader can
//! hold up the end either. A reader who is cut is told the cursor with which they miss nothing.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _, future::BoxFuture};
use tokio::sync::{SemaphorePermit, mpsc, oneshot, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{
    api::status,
    auth::Caller,
    directory::admission,
    error::{Error, Result},
    metrics::{Ending, Metrics},
    page::Query,
    reach::Scope,
    store::{
        Store,
        feed::{Feed, Log, Place},
    },
};

/// Messages under way to a reader at most.
const UNDER_WAY: usize = 16;
/// Changes that are looked at together at most, and so events in memory before they are under way.
const TOGETHER: usize = 16;

/// How a watch lives.
#[derive(Clone, Debug)]
pub struct WatchLimits {
    /// Longest life.
    pub max_life: Duration,
    /// How often the reader hears that the watch is alive, and whether its caller may still watch is looked up.
    pub heartbeat: Duration,
    /// How long a reader may take nothing.
    pub slow_reader: Duration,
}

/// The way to open watches, the same one for all streams of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Watches {
    limits: WatchLimits,
    stopping: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
}

/// What somebody watches.
pub(crate) trait Subject: Send + Sync + 'static {
    /// Name of the method; cursors are bound to it.
    const METHOD: &'static str;
    /// The log in which it happens.
    type Log: Log;
    /// What is shown of a change.
    type Event: Send;
    /// A response of the method.
    type Message: Send + 'static;

    /// What is watched, as text; cursors are bound to it.
    fn key(&self) -> String;

    /// Whether a change may have to be shown: asked in memory for every change there is.
    fn may_show(&self, change: &Change<Self>) -> bool;

    /// What the caller sees of these changes, each with its number; nothing of what is not within the scope.
    fn show(
        &self,
        store: &Store,
        scope: &Scope,
        changes: Vec<Change<Self>>,
    ) -> impl Future<Output = Result<Vec<(i64, Self::Event)>>> + Send;

    /// A response. Without an event it says how far the watch is.
    fn message(&self, event: Option<Self::Event>, resume_cursor: String) -> Self::Message;
}

/// What somebody watches, whatever a place in it is.
pub(crate) trait Watched: Send + Sync + 'static {
    /// Name of the method; cursors are bound to it.
    const METHOD: &'static str;
    /// How one gets on in it.
    type Walk: Walk;
    /// What is shown of a line.
    type Event: Send;
    /// A response of the method.
    type Message: Send + 'static;

    /// What is watched, as text; cursors are bound to it.
    fn key(&self) -> String;

    /// Whether a line may have to be shown: asked in memory for every line there is.
    fn may_show(&self, line: &Line<Self>) -> bool;

    /// What the caller sees of these lines, each with the place behind it; nothing of what is not within the scope.
    fn show(
        &self,
        store: &Store,
        scope: &Scope,
        lines: Vec<Line<Self>>,
    ) -> impl Future<Output = Result<Vec<(At<Self>, Self::Event)>>> + Send;

    /// A response. Without an event it says how far the watch is.
    fn message(&self, event: Option<Self::Event>, resume_cursor: String) -> Self::Message;
}

/// A reader's way through what is watched.
pub(crate) trait Walk: Send + 'static {
    /// What is read.
    type Line: Send;
    /// A place in it.
    type At: Clone + Send + Sync;

    /// Behind which the reader is.
    fn position(&self) -> Self::At;

    /// The reader was given everything up to a place.
    fn advance(&mut self, at: Self::At);

    /// Waits until something lies ahead; gives at most `limit` wanted lines, and the place up to which they are all.
    fn ahead(
        &mut self,
        limit: usize,
        wanted: impl Fn(&Self::Line) -> bool + Send,
    ) -> impl Future<Output = Result<(Vec<Self::Line>, Self::At)>> + Send;

    /// The right to read the database, when it is this reader's turn.
    fn turn(&self) -> impl Future<Output = Result<SemaphorePermit<'_>>> + Send;

    /// The cursor that resumes behind a place.
    fn cursor(query: &Query, at: &Self::At) -> String;
}

impl<S: Subject> Watched for S {
    const METHOD: &'static str = S::METHOD;
    type Walk = Place<S::Log>;
    type Event = S::Event;
    type Message = S::Message;

    fn key(&self) -> String {
        Subject::key(self)
    }

    fn may_show(&self, change: &Change<S>) -> bool {
        Subject::may_show(self, change)
    }

    async fn show(&self, store: &Store, scope: &Scope, changes: Vec<Change<S>>) -> Result<Vec<(i64, S::Event)>> {
        Subject::show(self, store, scope, changes).await
    }

    fn message(&self, event: Option<S::Event>, resume_cursor: String) -> S::Message {
        Subject::message(self, event, resume_cursor)
    }
}

impl<L: Log> Walk for Place<L> {
    type Line = L::Change;
    type At = i64;

    fn position(&self) -> i64 {
        Self::position(self)
    }

    fn advance(&mut self, at: i64) {
        Self::advance(self, at);
    }

    async fn ahead(
        &mut self,
        limit: usize,
        wanted: impl Fn(&L::Change) -> bool + Send,
    ) -> Result<(Vec<L::Change>, i64)> {
        Self::ahead(self, limit, wanted).await
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        Self::turn(self).await
    }

    fn cursor(query: &Query, at: &i64) -> String {
        query.cursor(*at)
    }
}

type Change<S> = <<S as Subject>::Log as Log>::Change;
type Line<W> = <<W as Watched>::Walk as Walk>::Line;
type At<W> = <<W as Watched>::Walk as Walk>::At;
type Responses<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

impl Watches {
    /// `stopping` turns true when the server stops.
    pub fn new(limits: WatchLimits, stopping: watch::Receiver<bool>, metrics: Arc<Metrics>) -> Self {
        Self { limits, stopping, metrics }
    }

    /// Finds a place for a watch, and where it begins: behind a cursor, or now if that is empty. Nothing is shown yet.
    ///
    /// # Errors
    /// What is wrong with the cursor, [`Error::StoreUnavailable`].
    pub(crate) async fn open<S: Subject>(
        &self,
        (store, feed): (&Store, &Feed<S::Log>),
        (caller, scope): (Caller, Scope),
        subject: S,
        resume_cursor: &str,
    ) -> Result<Opened<S>> {
        let head = feed.head().await?;
        let query = bound(&subject, &caller, &scope);
        let position = query.resume(resume_cursor, head)?.unwrap_or(head);
        Ok(self.open_at(store, (caller, scope), (subject, query), feed.watch(position)))
    }

    /// Finds a place for a watch that begins where a walk is; its query comes from [`bound`].
    pub(crate) fn open_at<W: Watched>(
        &self,
        store: &Store,
        (caller, scope): (Caller, Scope),
        (subject, query): (W, Query),
        place: W::Walk,
    ) -> Opened<W> {
        let (store, limits, shown) = (store.clone(), self.limits.clone(), place.position());
        Opened {
            watching: Watching { store, place, shown, limits, caller, scope, query, subject },
            stopping: self.stopping.clone(),
            metrics: self.metrics.clone(),
        }
    }
}

/// What cursors of a watch are bound to.
pub(crate) fn bound<W: Watched>(subject: &W, caller: &Caller, scope: &Scope) -> Query {
    Query::new(W::METHOD, &scope.binding(caller), subject.key().as_bytes())
}

/// A watch that may begin.
pub(crate) struct Opened<W: Watched> {
    watching: Watching<W>,
    stopping: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
}

impl<W: Watched> Opened<W> {
    /// Lets it begin; gives its responses.
    pub(crate) fn begin(self) -> Responses<W::Message> {
        let Self { mut watching, stopping, metrics } = self;
        let (out, messages) = mpsc::channel(UNDER_WAY);
        let (last_word, end) = oneshot::channel();
        tokio::spawn(async move {
            let mut life = watching.life(stopping);
            let (ending, error) = match watching.run(&mut life, &out).await {
                Stop::Left => (Ending::Left, None),
                Stop::Ended(ending, error) => (ending, Some(error)),
            };
            metrics.watch_ended(ending);
            if let Some(error) = error {
                // The reader may have gone in the meantime.
                _ = last_word.send(status::of_end(error, watching.cursor(&watching.shown)));
            }
        });
        let messages = ReceiverStream::new(messages).map(Ok);
        let end = futures::stream::once(end).filter_map(|end| std::future::ready(end.ok().map(Err)));
        Box::pin(messages.chain(end))
    }
}

/// Why a watch does not go on.
enum Stop {
    /// Nobody is there to be told.
    Left,
    Ended(Ending, Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Ended(Ending::Failed, error)
    }
}

type Life = BoxFuture<'static, Stop>;

struct Watching<W: Watched> {
    store: Store,
    place: W::Walk,
    /// Where the reader is: behind the last message under way to them.
    shown: At<W>,
    limits: WatchLimits,
    caller: Caller,
    scope: Scope,
    query: Query,
    subject: W,
}

impl<W: Watched> Watching<W> {
    fn cursor(&self, at: &At<W>) -> String {
        W::Walk::cursor(&self.query, at)
    }

    /// Ends when the watch must, however it goes.
    fn life(&self, mut stopping: watch::Receiver<bool>) -> Life {
        let left = self.caller.principal.expires_micros - self.store.clock().now_micros();
        let token = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        let longest = self.limits.max_life;
        Box::pin(async move {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => Stop::Ended(Ending::Stopping, Error::Stopping),
                () = tokio::time::sleep(token) => Stop::Ended(Ending::TokenExpired, Error::TokenRejected),
                () = tokio::time::sleep(longest) => Stop::Ended(Ending::LifeOver, Error::StreamLifeOver),
            }
        })
    }

    /// Shows what happens until something ends it.
    async fn run(&mut self, life: &mut Life, out: &mpsc::Sender<W::Message>) -> Stop {
        match self.go_on(life, out).await {
            Ok(never) => match never {},
            Err(stop) => stop,
        }
    }

    async fn go_on(
        &mut self,
        life: &mut Life,
        out: &mpsc::Sender<W::Message>,
    ) -> Result<std::convert::Infallible, Stop> {
        self.send(None, self.shown.clone(), life, out).await?;
        let mut heartbeat = tokio::time::interval(self.limits.heartbeat);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        heartbeat.reset();
        loop {
            let events = tokio::select! {
                biased;
                stop = &mut *life => return Err(stop),
                () = out.closed() => return Err(Stop::Left),
                _ = heartbeat.tick() => {
                    self.admit().await?;
                    self.send(None, self.shown.clone(), life, out).await?;
                    continue;
                }
                events = self.next() => events?,
            };
            for (at, event) in events {
                self.send(Some(event), at, life, out).await?;
            }
            self.shown = self.place.position();
        }
    }

    /// The events that come next. Where this is dropped half-way, none of them counts as given.
    async fn next(&mut self) -> Result<Vec<(At<W>, W::Event)>> {
        loop {
            let (changes, reached) = self.place.ahead(TOGETHER, |change| self.subject.may_show(change)).await?;
            let mut events = Vec::new();
            if !changes.is_empty() {
                let _turn = self.place.turn().await?;
                events = self.subject.show(&self.store, &self.scope, changes).await?;
            }
            self.place.advance(reached.clone());
            if !events.is_empty() {
                return Ok(events);
            }
            self.shown = reached;
        }
    }

    /// Whether the caller may still watch, and what: the directory may have changed.
    async fn admit(&mut self) -> Result<()> {
        let scope = admission::admit(&self.store, &self.caller).await?;
        if scope != self.scope {
            self.query = bound(&self.subject, &self.caller, &scope);
            self.scope = scope;
        }
        Ok(())
    }

    /// Puts a message under way, after which the reader is behind `position`.
    async fn send(
        &mut self,
        event: Option<W::Event>,
        position: At<W>,
        life: &mut Life,
        out: &mpsc::Sender<W::Message>,
    ) -> Result<(), Stop> {
        let message = self.subject.message(event, self.cursor(&position));
        tokio::select! {
            biased;
            stop = life => Err(stop),
            place = tokio::time::timeout(self.limits.slow_reader, out.reserve()) => match place {
                Ok(Ok(place)) => {
                    place.send(message);
                    self.shown = position;
                    Ok(())
                }
                Ok(Err(_)) => Err(Stop::Left),
                Err(_) => Err(Stop::Ended(Ending::SlowReader, Error::SlowReader)),
            }
        }
    }
}
