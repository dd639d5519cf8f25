//! Calls with a bad token or none: to find out that a token is bad costs some hundred times what it costs to know a good one
//! again, and a caller who has none has nothing to lose. So an address that had many refused has its unknown tokens
//! refused unlooked at for a moment; known ones pass. It is also told late, so that it cannot ask again at once: a refusal
//! costs little, but thousands of them a second do not.

use std::pin::Pin;
use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, Either};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::{Code, body::Body};
use tower::{Layer, Service};

use super::{
    connection::Traffic,
    quota::{Counts, LATE, SOON},
};
use crate::{
    api::status,
    auth::{Authenticator, access::Access, layer::bearer},
    config::Limits,
    error::Error,
};

/// Addresses that are remembered at most; the more there are, the less each of them costs.
const MOST: usize = 65_536;

/// Calls of one address that wait to be told; more are told at once.
const WAITING: usize = 64;

/// Puts the limit before authentication.
#[derive(Clone)]
pub(super) struct AttemptsLayer {
    authenticator: Arc<Authenticator>,
    refused: Arc<Refused>,
    waiting: Counts<IpAddr>,
}

impl AttemptsLayer {
    pub(super) fn new(limits: &Limits, authenticator: Arc<Authenticator>) -> Self {
        let refused = Arc::new(Refused::new(limits.bad_tokens_per_second));
        Self { authenticator, refused, waiting: Counts::default() }
    }

    /// For [`Refused::forget`].
    pub(super) fn refused(&self) -> Arc<Refused> {
        self.refused.clone()
    }
}

impl<S> Layer<S> for AttemptsLayer {
    type Service = Attempted<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Attempted { inner, limit: self.clone() }
    }
}

/// A service that looks at so many bad tokens.
#[derive(Clone)]
pub(super) struct Attempted<S> {
    inner: S,
    limit: AttemptsLayer,
}

impl<S, B> Service<Request<B>> for Attempted<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Attempt<S::Future>, BoxFuture<'static, Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Calls come without a connection where no network is between.
        let Some(traffic) = request.extensions().get::<Arc<Traffic>>() else {
            return Either::Left(Attempt { call: self.inner.call(request), from: None });
        };
        traffic.called();
        let network = traffic.network();
        let known = || bearer(request.headers()).is_some_and(|token| self.limit.authenticator.remembers(token));
        if Access::is_open(request.uri().path()) || known() {
            return Either::Left(Attempt { call: self.inner.call(request), from: None });
        }
        if self.limit.refused.is_too_many(network, Instant::now()) {
            let waiting = self.limit.waiting.add(network, WAITING);
            return Either::Right(Box::pin(async move {
                if waiting.is_some() {
                    tokio::time::sleep(LATE).await;
                }
                Ok(status::of(Error::RateLimited { retry_after: SOON }).into_http())
            }));
        }
        let from = Some((self.limit.refused.clone(), network));
        Either::Left(Attempt { call: self.inner.call(request), from })
    }
}

pin_project! {
    /// A call with a token that nobody knows yet.
    pub(super) struct Attempt<F> {
        #[pin]
        call: F,
        from: Option<(Arc<Refused>, IpAddr)>,
    }
}

impl<F: Future<Output = Result<Response<Body>, E>>, E> Future for Attempt<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = ready!(this.call.poll(context));
        if let (Some((refused, network)), Ok(response)) = (this.from.take(), &answer)
            && is_refusal(response)
        {
            refused.note(network, Instant::now());
        }
        Poll::Ready(answer)
    }
}

fn is_refusal(response: &Response<Body>) -> bool {
    let code = response.headers().get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
    code == Some(Code::Unauthenticated)
}

/// What was refused of late, by address.
pub(super) struct Refused {
    per_second: f64,
    left: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Refused {
    fn new(per_second: NonZeroU32) -> Self {
        Self { per_second: per_second.get().into(), left: Mutex::default() }
    }

    pub(super) fn is_too_many(&self, network: IpAddr, now: Instant) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.get(&network).is_some_and(|(left, at)| self.at(*left, *at, now) < 1.0)
    }

    pub(super) fn note(&self, network: IpAddr, now: Instant) {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&network) {
            all.clear();
        }
        let (left, at) = all.entry(network).or_insert((self.per_second, now));
        (*left, *at) = (self.at(*left, *at, now) - 1.0, now);
    }

    /// Forgets those who may do everything again.
    pub(super) fn forget(&self) {
        let now = Instant::now();
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (left, at)| self.at(*left, *at, now) < self.per_second);
        all.shrink_to_fit();
    }

    fn at(&self, left: f64, at: Instant, now: Instant) -> f64 {
        let since: Duration = now.saturating_duration_since(at);
        (left + since.as_secs_f64() * self.per_second).min(self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_gets_them_back() {
        let refused = Refused::new(NonZeroU32::new(2).unwrap());
        let (here, there) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let now = Instant::now();
        refused.note(here, now);
        assert!(!refused.is_too_many(here, now));
        refused.note(here, now);
        assert!(refused.is_too_many(here, now) && !refused.is_too_many(there, now));
        assert!(!refused.is_too_many(here, now + Duration::from_millis(600)));
        refused.forget();
        assert_eq!(refused.left.lock().unwrap().len(), 1);
    }
}
