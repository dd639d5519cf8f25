//! A cap on the calls in flight on the whole server: one too many is refused at once, with the advice to come back,
//! instead of waiting in a line that grows until everybody times out.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::{Either, Ready, ready};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::{api::status, error::Error};

/// Adds the cap.
#[derive(Clone)]
pub(super) struct AdmissionLayer {
    places: Arc<Semaphore>,
}

impl AdmissionLayer {
    pub(super) fn new(max_calls: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(max_calls)) }
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Admission { inner, places: self.places.clone() }
    }
}

/// A service behind the cap.
#[derive(Clone)]
pub(super) struct Admission<S> {
    inner: S,
    places: Arc<Semaphore>,
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
        // Health is asked most urgently when the server is busiest.
        let is_health = request.uri().path().starts_with("/grpc.health.");
        match self.places.clone().try_acquire_owned() {
            Ok(place) => Either::Left(Admitted { call: self.inner.call(request), place: Some(place) }),
            Err(_) if is_health => Either::Left(Admitted { call: self.inner.call(request), place: None }),
            Err(_) => Either::Right(ready(Ok(status::of(Error::Overloaded).into_http()))),
        }
    }
}

pin_project! {
    /// A call that holds its place until it is answered.
    pub(super) struct Admitted<F> {
        #[pin]
        call: F,
        place: Option<OwnedSemaphorePermit>,
    }
}

impl<F: Future> Future for Admitted<F> {
    type Output = F::Output;

    fn poll(self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = this.call.poll(context);
        if answer.is_ready() {
            *this.place = None;
        }
        answer
    }
}
