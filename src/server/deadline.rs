//! The time that a unary call may take. tonic's own limit stands outside every other layer, where its answer would
//! reach no browser and carry no reason.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::{api::status, error::Error, metrics::Metrics};

/// Adds the limit.
#[derive(Clone)]
pub(super) struct DeadlineLayer {
    longest: Duration,
    metrics: Arc<Metrics>,
}

impl DeadlineLayer {
    pub(super) fn new(longest: Duration, metrics: Arc<Metrics>) -> Self {
        Self { longest, metrics }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Bounded { inner, limit: self.clone() }
    }
}

/// A service that answers in time.
#[derive(Clone)]
pub(super) struct Bounded<S> {
    inner: S,
    limit: DeadlineLayer,
}

impl<S, B> Service<Request<B>> for Bounded<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = InTime<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let streaming = self.limit.metrics.method(request.uri().path()).streaming;
        let deadline = (!streaming).then(|| tokio::time::sleep(self.limit.longest));
        InTime { call: self.inner.call(request), deadline }
    }
}

pin_project! {
    /// A call with its deadline.
    pub(super) struct InTime<F> {
        #[pin]
        call: F,
        #[pin]
        deadline: Option<Sleep>,
    }
}

impl<F: Future<Output = Result<Response<Body>, E>>, E> Future for InTime<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Poll::Ready(answer) = this.call.poll(context) {
            return Poll::Ready(answer);
        }
        match this.deadline.as_pin_mut().map(|deadline| deadline.poll(context)) {
            Some(Poll::Ready(())) => Poll::Ready(Ok(status::of(Error::TimedOut).into_http())),
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}
