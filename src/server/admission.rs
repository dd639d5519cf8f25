//! Whether a call finds a place, once it is known who calls. One too many is refused at once, with the advice to come back,
//! instead of waiting in a line that grows until everybody times out.
//!
//! In this order: its caller's own limits; the arrival of its message, which costs nobody else anything however long it takes;
//! a turn among those of its caller; its time; a place among all calls of the server. Streams have places of their own, since a
//! desk that watches all day must not take those of calls, and so has health, which is asked most urgently when the server is
//! busiest, by anybody.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tonic::body::Body;
use tower::{Layer, Service};

use super::{
    answer::Answers,
    arrival,
    body_guard::{hold, hold_until},
    budget::Budget,
    connection::{InFlight, Traffic},
    deadline::Progress,
    form::Form,
    methods::Methods,
    quota::{Counts, LATE, Quotas, SOON},
    turns::{self, Turns},
};
use crate::{
    api::status,
    auth::{Caller, access::Access},
    config::Limits,
    error::Error,
    metrics::Metrics,
    store,
};

/// Checks of health at work at once; each takes microseconds.
const CHECKS: usize = 32;
/// Checks of health from one address that have not come to their end.
const CHECKS_ARRIVING: usize = 32;
/// Watches of health, and streams of reflection, open at once, and from one address.
const OPEN_WATCHES: usize = 64;
const OPEN_WATCHES_PER_ADDRESS: usize = 4;
/// What a check of health may be long; the name of a service stands in it.
const OPEN_BYTES: usize = 4 * 1024;
/// How soon it must have come.
const OPEN_ARRIVAL: Duration = Duration::from_secs(2);

/// Adds the caps.
#[derive(Clone)]
pub(super) struct AdmissionLayer(Arc<Caps>);

struct Caps {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    checks: Arc<Semaphore>,
    open_watches: Arc<Semaphore>,
    checks_arriving: Counts<IpAddr>,
    open_watches_of: Counts<IpAddr>,
    quotas: Arc<Quotas>,
    methods: Arc<Methods>,
    arriving: Arc<Budget>,
    answers: Answers,
    turns: Turns,
    per_connection: usize,
    longest_arrival: Duration,
    stream_max_life: Duration,
    stopping: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
}

impl AdmissionLayer {
    pub(super) fn new(
        limits: &Limits,
        (quotas, methods): (Arc<Quotas>, Arc<Methods>),
        stopping: watch::Receiver<bool>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let budget = || Budget::new(limits.unread_bytes_per_subject, limits.unread_bytes);
        Self(Arc::new(Caps {
            calls: Arc::new(Semaphore::new(limits.max_calls)),
            streams: Arc::new(Semaphore::new(limits.max_streams)),
            checks: Arc::new(Semaphore::new(CHECKS)),
            open_watches: Arc::new(Semaphore::new(OPEN_WATCHES)),
            checks_arriving: Counts::default(),
            open_watches_of: Counts::default(),
            quotas,
            methods,
            arriving: budget(),
            answers: Answers { unread: budget(), slow_reader: limits.slow_reader },
            turns: Turns::for_readers(),
            per_connection: limits.concurrent_calls_per_connection,
            longest_arrival: limits.call_timeout,
            stream_max_life: limits.stream_max_life,
            stopping,
            metrics,
        }))
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Admission { inner, caps: self.0.clone() }
    }
}

/// A service behind the caps.
#[derive(Clone)]
pub(super) struct Admission<S> {
    inner: S,
    caps: Arc<Caps>,
}

impl<S> Service<Request<Body>> for Admission<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready goes with the call.
        let next = self.inner.clone();
        let (inner, caps) = (std::mem::replace(&mut self.inner, next), self.caps.clone());
        Box::pin(async move {
            let path = request.uri().path();
            let (open, streaming) = (Access::is_open(path), caps.metrics.method(path).streaming);
            match (open, streaming) {
                (false, false) => caps.call(request, inner).await,
                (false, true) => caps.stream(request, inner).await,
                (true, false) => caps.check(request, inner).await,
                (true, true) => caps.open_watch(request, inner).await,
            }
            .unwrap_or_else(|error| Ok(status::of(error).into_http()))
        })
    }
}

/// What a call was answered, or why it found no place.
type Admitted<E> = Result<Result<Response<Body>, E>, Error>;

impl Caps {
    async fn call<S>(&self, request: Request<Body>, mut inner: S) -> Admitted<S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        let _connection = self.on_connection(&request)?;
        let subject = self.quotas.subject(&Caller::of(request.extensions())?.principal);
        let own = self.quotas.begin_call(subject)?;
        if let Err(too_many) = self.quotas.check_rate(subject) {
            if !subject.is_application {
                tokio::time::sleep(LATE).await;
            }
            return Err(too_many);
        }
        let method = self.methods.of(request.uri().path());
        let largest = method.map_or(OPEN_BYTES, |method| method.largest);
        let take = |bytes| self.arriving.take(subject, bytes);
        let (request, message, _arrived) = arrival::whole(request, largest, self.longest_arrival, take).await?;
        let long_page = method.and_then(|method| method.page_size).filter(|_| !subject.is_application);
        let is_heavy = turns::is_heavy(request.uri().path(), &message)
            || long_page.is_some_and(|page_size| turns::asks_for_a_long_page(page_size, &message));
        let form = request.extensions().get::<Form>().cloned();
        drop(message);
        let turn = match is_heavy {
            true => Some(self.turns.of_heavy(subject).await?),
            false => self.turns.of_light(subject).await?,
        };
        // Only now: calls that came together have answers to read only after one another.
        if self.answers.unread.is_used_up(subject) {
            return Err(Error::RateLimited { retry_after: SOON });
        }
        let place = self.place(&self.calls)?;
        begin(&request)?;
        let answer = match is_heavy {
            true => store::heavily(inner.call(request)).await,
            false => inner.call(request).await,
        };
        drop((turn, place));
        let mutates = method.is_some_and(|method| method.mutates);
        Ok(match answer {
            Ok(response) => Ok(self.answers.give(response, form, (subject, own), mutates).await),
            failed => failed,
        })
    }

    async fn stream<S>(&self, request: Request<Body>, mut inner: S) -> Admitted<S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        let connection = self.on_connection(&request)?;
        let subject = self.quotas.subject(&Caller::of(request.extensions())?.principal);
        self.quotas.check_rate(subject)?;
        let own = self.quotas.open_stream(subject)?;
        let method = self.methods.of(request.uri().path());
        let request = match method {
            Some(method) if !method.takes_stream => {
                let take = |bytes| self.arriving.take(subject, bytes);
                arrival::whole(request, method.largest, self.longest_arrival, take).await?.0
            }
            Some(_) | None => request,
        };
        let place = OpenStream::new(self.place(&self.streams)?, self.metrics.streams_open.clone());
        begin(&request)?;
        Ok(inner.call(request).await.map(|response| hold(response, (place, own, connection))))
    }

    async fn check<S>(&self, request: Request<Body>, mut inner: S) -> Admitted<S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        let _connection = self.on_connection(&request)?;
        let arriving = self.checks_arriving.add(network(&request), CHECKS_ARRIVING).ok_or_else(|| self.refusal())?;
        let (request, ..) = arrival::whole(request, OPEN_BYTES, OPEN_ARRIVAL, |_| None).await?;
        let _place = self.place(&self.checks)?;
        begin(&request)?;
        drop(arriving);
        Ok(inner.call(request).await)
    }

    async fn open_watch<S>(&self, request: Request<Body>, mut inner: S) -> Admitted<S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        let connection = self.on_connection(&request)?;
        let own = self.open_watches_of.add(network(&request), OPEN_WATCHES_PER_ADDRESS);
        let own = own.ok_or(Error::TooManyStreams)?;
        let place = OpenStream::new(self.place(&self.open_watches)?, self.metrics.streams_open.clone());
        begin(&request)?;
        let answer = inner.call(request).await;
        Ok(answer.map(|response| hold_until(response, (place, own, connection), self.end())))
    }

    fn on_connection(&self, request: &Request<Body>) -> Result<Option<InFlight>, Error> {
        // Calls come without a connection where no network is between.
        let Some(traffic) = request.extensions().get::<Arc<Traffic>>() else { return Ok(None) };
        traffic.begin(self.per_connection).map(Some).ok_or_else(|| self.refusal())
    }

    fn place(&self, places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Error> {
        places.clone().try_acquire_owned().map_err(|_| self.refusal())
    }

    /// Why there is no place.
    fn refusal(&self) -> Error {
        if *self.stopping.borrow() { Error::Stopping } else { Error::Overloaded }
    }

    /// When and how a stream ends that does not look after its own end: of those that others wrote, health and reflection.
    fn end(&self) -> BoxFuture<'static, Error> {
        let (mut stopping, max_life) = (self.stopping.clone(), self.stream_max_life);
        Box::pin(async move {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => Error::Stopping,
                () = tokio::time::sleep(max_life) => Error::StreamLifeOver,
            }
        })
    }
}

fn network(request: &Request<Body>) -> IpAddr {
    let traffic = request.extensions().get::<Arc<Traffic>>();
    traffic.map_or(Ipv6Addr::UNSPECIFIED.into(), |traffic| traffic.network())
}

/// The last look at the clock before a handler begins.
fn begin(request: &Request<Body>) -> Result<(), Error> {
    request.extensions().get::<Arc<Progress>>().map_or(Ok(()), |progress| progress.begin())
}

struct OpenStream {
    _permit: OwnedSemaphorePermit,
    open: Gauge,
}

impl OpenStream {
    fn new(permit: OwnedSemaphorePermit, open: Gauge) -> Self {
        open.inc();
        Self { _permit: permit, open }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.open.dec();
    }
}
