//! What one caller may ask for: calls a second, streams open at once. Applications speak for many people and may ask for
//! more. Stands behind authentication, since before it nobody is anybody.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use futures::future::{Either, Ready, ready};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tower::{Layer, Service};

use super::held::hold;
use crate::{
    api::{status, v1::Role},
    auth::{Caller, Principal},
    config::Limits,
    error::Error,
    metrics::Metrics,
};

/// A caller, as a number: a role and a subject, hashed with this server's own seed. That two should share one is less
/// likely than that a disk should fail, and would do no more than slow them down.
type Key = u64;

/// Adds the quotas.
#[derive(Clone)]
pub(super) struct QuotaLayer(Arc<Quotas>);

/// What everybody has asked for so far.
pub(super) struct Quotas {
    people: DefaultKeyedRateLimiter<Key>,
    applications: DefaultKeyedRateLimiter<Key>,
    streams: Mutex<HashMap<Key, usize>>,
    max_streams: usize,
    seed: RandomState,
    metrics: Arc<Metrics>,
}

impl QuotaLayer {
    pub(super) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Quotas {
            people: RateLimiter::keyed(Quota::per_second(limits.person_calls_per_second)),
            applications: RateLimiter::keyed(Quota::per_second(limits.app_calls_per_second)),
            streams: Mutex::default(),
            max_streams: limits.max_streams_per_subject,
            seed: RandomState::new(),
            metrics,
        }))
    }

    /// For [`Quotas::forget`].
    pub(super) fn quotas(&self) -> Arc<Quotas> {
        self.0.clone()
    }
}

impl Quotas {
    /// Forgets those whose quota is whole again.
    pub(super) fn forget(&self) {
        for limiter in [&self.people, &self.applications] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn check_rate(&self, role: Role, key: Key) -> Result<(), Error> {
        let limiter = match role {
            Role::App | Role::Admin => &self.applications,
            Role::Staff | Role::Supervisor | Role::Reviewer | Role::Customer | Role::Unspecified => &self.people,
        };
        limiter.check_key(&key).map_err(|early| {
            let retry_after = early.wait_time_from(limiter.clock().now());
            Error::RateLimited { retry_after }
        })
    }

    fn open_stream(self: &Arc<Self>, key: Key) -> Result<Open, Error> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(key).or_default();
        if *open >= self.max_streams {
            return Err(Error::TooManyStreams);
        }
        *open += 1;
        Ok(Open { quotas: self.clone(), key })
    }

    fn key(&self, principal: &Principal) -> Key {
        self.seed.hash_one((principal.role as i32, &principal.subject))
    }
}

/// A stream that counts among its subject's.
struct Open {
    quotas: Arc<Quotas>,
    key: Key,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut streams = self.quotas.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.key) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.key);
            }
        }
    }
}

impl<S> Layer<S> for QuotaLayer {
    type Service = Metered<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Metered { inner, quotas: self.0.clone() }
    }
}

/// A service behind the quotas.
#[derive(Clone)]
pub(super) struct Metered<S> {
    inner: S,
    quotas: Arc<Quotas>,
}

impl<S, B> Service<Request<B>> for Metered<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Within<S::Future>, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let quotas = &self.quotas;
        // Without a caller: health and reflection, which the caps of the whole server bound.
        let admitted = match Caller::of(request.extensions()) {
            Ok(caller) => {
                let key = quotas.key(&caller.principal);
                quotas.check_rate(caller.principal.role, key).and_then(|()| {
                    let streaming = quotas.metrics.method(request.uri().path()).streaming;
                    streaming.then(|| quotas.open_stream(key)).transpose()
                })
            }
            Err(_) => Ok(None),
        };
        match admitted {
            Ok(stream) => Either::Left(Within { call: self.inner.call(request), stream }),
            Err(error) => Either::Right(ready(Ok(status::of(error).into_http()))),
        }
    }
}

pin_project! {
    /// A call within its caller's quotas.
    pub(super) struct Within<F> {
        #[pin]
        call: F,
        stream: Option<Open>,
    }
}

impl<F: Future<Output = Result<Response<Body>, E>>, E> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = ready!(this.call.poll(context));
        Poll::Ready(match this.stream.take() {
            Some(stream) => answer.map(|response| hold(response, stream)),
            None => answer,
        })
    }
}
