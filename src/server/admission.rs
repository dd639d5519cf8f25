//! Caps on what is open on the whole server and on one connection: one too many is refused at once, with the advice to
//! come back, instead of waiting in a line that grows until everybody times out. Streams have a cap of their own, since
//! a desk that watches all day must not take the place of calls.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::future::{BoxFuture, Either, Ready, ready};
use http::{Request, Response};
use pin_project_lite::pin_project;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tonic::body::Body;
use tower::{Layer, Service};

use super::{
    connection::{InFlight, Traffic},
    held::{hold, hold_until},
};
use crate::{api::status, auth::access::Access, config::Limits, error::Error, metrics::Metrics};

/// Adds the caps.
#[derive(Clone)]
pub(super) struct AdmissionLayer(Arc<Caps>);

struct Caps {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    per_connection: usize,
    stream_max_life: Duration,
    stopping: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
}

impl AdmissionLayer {
    pub(super) fn new(limits: &Limits, stopping: watch::Receiver<bool>, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Caps {
            calls: Arc::new(Semaphore::new(limits.max_calls)),
            streams: Arc::new(Semaphore::new(limits.max_streams)),
            per_connection: limits.concurrent_calls_per_connection,
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

impl<S, B> Service<Request<B>> for Admission<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Admitted<S::Future>, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.caps.admit(&request) {
            Some(place) => Either::Left(Admitted { call: self.inner.call(request), place: Some(place) }),
            None => Either::Right(ready(Ok(status::of(self.caps.refusal()).into_http()))),
        }
    }
}

impl Caps {
    fn admit<B>(&self, request: &Request<B>) -> Option<Place> {
        let path = request.uri().path();
        // Calls come without a connection where no network is between.
        let connection = match request.extensions().get::<Arc<Traffic>>() {
            Some(traffic) => Some(traffic.begin(self.per_connection)?),
            None => None,
        };
        if self.metrics.method(path).streaming {
            let permit = self.streams.clone().try_acquire_owned().ok()?;
            let end = Access::is_open(path).then(|| self.end());
            return Some(Place::Stream(OpenStream::new(permit, self.metrics.streams_open.clone()), connection, end));
        }
        // Health is asked most urgently when the server is busiest.
        let is_health = path.starts_with("/grpc.health.");
        match self.calls.clone().try_acquire_owned() {
            Ok(permit) => Some(Place::Call(Some(permit), connection)),
            Err(_) if is_health => Some(Place::Call(None, connection)),
            Err(_) => None,
        }
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

/// What a call holds: to its answer, or, if a stream, to its end.
#[expect(dead_code, reason = "held to be dropped")]
enum Place {
    Call(Option<OwnedSemaphorePermit>, Option<InFlight>),
    Stream(OpenStream, Option<InFlight>, Option<BoxFuture<'static, Error>>),
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

pin_project! {
    /// A call that holds its place.
    pub(super) struct Admitted<F> {
        #[pin]
        call: F,
        place: Option<Place>,
    }
}

impl<F: Future<Output = Result<Response<Body>, E>>, E> Future for Admitted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = ready!(this.call.poll(context));
        Poll::Ready(match this.place.take() {
            Some(Place::Stream(stream, connection, Some(end))) => {
                answer.map(|response| hold_until(response, (stream, connection), end))
            }
            Some(Place::Stream(stream, connection, None)) => {
                answer.map(|response| hold(response, (stream, connection)))
            }
            Some(Place::Call(..)) | None => answer,
        })
    }
}
