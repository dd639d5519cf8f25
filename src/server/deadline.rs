//! The time that a call may take: what the server allows a unary one, or what its caller does (`grpc-timeout`), whichever is
//! less.
//!
//! tonic has a limit of its own for the latter. It stands outside every other layer, answers CANCELLED without a reason
//! and reaches no browser; so it must never come first. It cannot be switched off, but it asks the layers before it
//! looks at its own clock: this one ends the call a moment earlier.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::future::{Either, Ready, ready};
use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tonic::{Status, body::Body};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::{Layer, Service};

use super::{body_guard::hold_until, methods::Methods};
use crate::{api::status, error::Error, metrics::Metrics};

/// The header by which a caller says how long to try.
const TIMEOUT: &str = "grpc-timeout";
/// By how much a call ends before tonic would end it: timers are no finer.
const AHEAD: Duration = Duration::from_millis(1);

/// How far a call is: it goes with its request.
#[derive(Debug)]
pub(super) struct Progress {
    ends_at: Option<Instant>,
    begun: AtomicBool,
}

impl Progress {
    /// Notes that its handler is about to begin, unless its time is over.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub(super) fn begin(&self) -> Result<(), Error> {
        if self.ends_at.is_some_and(|end| end <= Instant::now()) {
            return Err(Error::TimedOut);
        }
        self.begun.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Adds the limit.
#[derive(Clone)]
pub(super) struct DeadlineLayer {
    longest: Duration,
    methods: Arc<Methods>,
    metrics: Arc<Metrics>,
}

impl DeadlineLayer {
    pub(super) fn new(longest: Duration, methods: Arc<Methods>, metrics: Arc<Metrics>) -> Self {
        Self { longest, methods, metrics }
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
    type Future = Either<InTime<S::Future>, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let told = told(request.headers());
        request.headers_mut().remove(TIMEOUT);
        if told.is_some_and(|told| told.is_zero()) {
            return Either::Right(ready(Ok(status::of(Error::TimedOut).into_http())));
        }
        let path = request.uri().path();
        let streaming = self.limit.metrics.method(path).streaming;
        let own = (!streaming).then_some(self.limit.longest);
        let time = told.map(ahead).into_iter().chain(own).min();
        let ends_at = time.and_then(|time| Instant::now().checked_add(time));
        let mutates = self.limit.methods.of(path).is_some_and(|method| method.mutates);
        let progress = Arc::new(Progress { ends_at, begun: AtomicBool::new(false) });
        request.extensions_mut().insert(progress.clone());
        let deadline = ends_at.map(tokio::time::sleep_until);
        Either::Left(InTime { call: self.inner.call(request), deadline, progress, streaming, mutates })
    }
}

/// Earlier than tonic.
fn ahead(told: Duration) -> Duration {
    told - AHEAD.min(told / 2)
}

/// How long the caller says to try: at most eight digits and a unit. What is none is no limit, as with tonic.
fn told(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Says of a change that was begun that nobody knows what became of it.
fn with_unknown_outcome(status: &Status) -> Status {
    let mut details: ErrorDetails = status.get_error_details();
    if let Some(mut info) = details.error_info().cloned() {
        info.metadata.insert("outcome".to_owned(), "unknown".to_owned());
        details.set_error_info(info.reason, info.domain, info.metadata);
    }
    Status::with_error_details(status.code(), status.message(), details)
}

pin_project! {
    /// A call with its deadline.
    pub(super) struct InTime<F> {
        #[pin]
        call: F,
        #[pin]
        deadline: Option<Sleep>,
        progress: Arc<Progress>,
        streaming: bool,
        mutates: bool,
    }
}

impl<F: Future<Output = Result<Response<Body>, E>>, E> Future for InTime<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Poll::Ready(answer) = this.call.poll(context) {
            // Of a stream, what its caller said holds to the end.
            return Poll::Ready(match this.progress.ends_at.filter(|_| *this.streaming) {
                Some(end) => answer.map(|response| {
                    let end = async move {
                        tokio::time::sleep_until(end).await;
                        Error::TimedOut
                    };
                    hold_until(response, (), Box::pin(end))
                }),
                None => answer,
            });
        }
        let Some(deadline) = this.deadline.as_pin_mut() else { return Poll::Pending };
        // The clock itself, since the call may have kept the thread until tonic's own timer has gone off as well.
        if deadline.deadline() > Instant::now() {
            ready!(deadline.poll(context));
        }
        let status = status::of(Error::TimedOut);
        let unknown = *this.mutates && this.progress.begun.load(Ordering::Relaxed);
        let status = if unknown { with_unknown_outcome(&status) } else { status };
        Poll::Ready(Ok(status.into_http()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let of = |text: &'static str| told(&HeaderMap::from_iter([(TIMEOUT.parse().unwrap(), text.parse().unwrap())]));
        assert_eq!(of("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(of("3M"), Some(Duration::from_secs(180)));
        assert_eq!(of("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!((of("0n"), of("7u")), (Some(Duration::ZERO), Some(Duration::from_micros(7))));
        assert_eq!(of("82m"), Some(Duration::from_millis(82)));
        for none in ["", "S", "123456789S", "-1S", "1", "1s", "1.5S", "+1S"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(told(&HeaderMap::new()), None);
        assert_eq!(ahead(Duration::from_secs(1)), Duration::from_millis(999));
        assert_eq!(ahead(Duration::from_nanos(1)), Duration::from_nanos(1));
    }

    #[test]
    fn an_unknown_outcome_is_told_beside_the_reason() {
        let told = with_unknown_outcome(&status::of(Error::TimedOut));
        let info = told.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("TIMED_OUT", status::DOMAIN));
        assert_eq!(info.metadata.get("outcome").map(String::as_str), Some("unknown"));
    }
}
