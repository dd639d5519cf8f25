//! A log event for calls that failed or took long, or for every call: method, code, time, request id. Never metadata, bodies or
//! anything personal. Here calls are counted too, all of them, and become spans of their traces.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty, instrument::Instrumented};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{
    api::method,
    config::LoggedCalls,
    metrics::{Metrics, code_name},
    telemetry,
};

/// The header in which a caller may name the call, and finds its name in the answer.
const REQUEST_ID: &str = "x-request-id";

/// A call that takes so long is worth a line.
const SLOW: Duration = Duration::from_secs(1);

/// Adds the log.
#[derive(Clone)]
pub(super) struct CallLogLayer {
    metrics: Arc<Metrics>,
    traced: bool,
    logged: LoggedCalls,
}

impl CallLogLayer {
    /// `traced`: whether traces go anywhere.
    pub(super) fn new(metrics: Arc<Metrics>, traced: bool, logged: LoggedCalls) -> Self {
        Self { metrics, traced, logged }
    }
}

impl<S> Layer<S> for CallLogLayer {
    type Service = CallLog<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallLog { inner, log: self.clone() }
    }
}

/// A service whose calls are logged.
#[derive(Clone)]
pub(super) struct CallLog<S> {
    inner: S,
    log: CallLogLayer,
}

impl<S, B> Service<Request<B>> for CallLog<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Logged<TaskLocalFuture<HeaderValue, Instrumented<S::Future>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = self.log.begin(&request);
        let answer = self.inner.call(request).instrument(call.span.clone());
        Logged { answer: telemetry::REQUEST_ID.scope(call.id.clone(), answer), call: Some(call) }
    }
}

impl CallLogLayer {
    fn begin<B>(&self, request: &Request<B>) -> Call {
        let id = request_id(request.headers());
        // A path is logged as the contract spells it or not at all: it is the caller's own text.
        let method = self.metrics.method(request.uri().path());
        method.begin();
        let request_id = id.to_str().unwrap_or_default();
        let span = if self.traced {
            let name = method.name.trim_start_matches('/');
            let span = tracing::info_span!(
                "call",
                request_id,
                otel.name = name,
                otel.kind = "server",
                otel.status_code = Empty,
                rpc.system = "grpc",
                rpc.grpc.status_code = Empty,
            );
            _ = span.set_parent(telemetry::parent(request.headers()));
            span
        } else {
            // Events name the call themselves: a span for each costs more than all else that is logged.
            Span::none()
        };
        Call { span, method: method.name, begun: Instant::now(), id, log: self.clone() }
    }
}

/// The caller's own id where it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        !id.is_empty()
            && id.len() <= 64
            && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    match headers.get(REQUEST_ID).filter(plain) {
        Some(id) => id.clone(),
        None => HeaderValue::from_str(&Uuid::new_v4().simple().to_string()).unwrap_or(HeaderValue::from_static("-")),
    }
}

struct Call {
    span: Span,
    method: &'static str,
    begun: Instant,
    id: HeaderValue,
    log: CallLogLayer,
}

impl Call {
    fn end(&self, outcome: Result<(), Status>) {
        let (code, time) = (outcome.as_ref().map_or_else(Status::code, |()| Code::Ok), self.begun.elapsed());
        self.log.metrics.method(self.method).end(code, time);
        // Why ballots are refused would tell how a vote stands.
        if let Err(status) = &outcome
            && self.method != method::BALLOT
        {
            self.log.metrics.refused(status);
        }
        if self.log.traced {
            self.span.record("rpc.grpc.status_code", code as i64);
            // Of a server's span only what is the server's fault is an error.
            if matches!(
                code,
                Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss | Code::DeadlineExceeded
            ) {
                self.span.record("otel.status_code", "ERROR");
            }
        }
        let is_notable = code != Code::Ok || time >= SLOW;
        if self.log.logged == LoggedCalls::Notable && !is_notable {
            return;
        }
        let milliseconds = time.as_secs_f64() * 1e3;
        let request_id = self.id.to_str().unwrap_or_default();
        let _within = self.span.enter();
        tracing::info!(method = self.method, code = code_name(code), milliseconds, request_id, "call");
    }
}

/// How a call went, by the headers that say so; none if they do not. Most calls go well, and then nothing is read further.
fn outcome(headers: &HeaderMap) -> Option<Result<(), Status>> {
    if headers.get("grpc-status")?.as_bytes() == b"0" {
        return Some(Ok(()));
    }
    Status::from_header_map(headers).map(Err)
}

pin_project! {
    /// A call on its way to its answer.
    pub(super) struct Logged<F> {
        #[pin]
        answer: F,
        call: Option<Call>,
    }
}

impl<F, E> Future for Logged<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answer.poll(context))?;
        let Some(call) = this.call.take() else { return Poll::Ready(Ok(response)) };
        response.headers_mut().insert(REQUEST_ID, call.id.clone());
        // An answer without a body carries its status among the headers.
        Poll::Ready(Ok(match outcome(response.headers()) {
            Some(outcome) => {
                call.end(outcome);
                response
            }
            None => response.map(|body| Body::new(LoggedBody { body, call: Some(call) })),
        }))
    }
}

pin_project! {
    /// An answer whose status comes at its end. Dropped before that, the call was cancelled.
    struct LoggedBody {
        #[pin]
        body: Body,
        call: Option<Call>,
    }

    impl PinnedDrop for LoggedBody {
        fn drop(this: Pin<&mut Self>) {
            if let Some(call) = this.project().call.take() {
                call.end(Err(Status::cancelled("")));
            }
        }
    }
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(context));
        let end = match &frame {
            Some(Ok(frame)) => frame
                .trailers_ref()
                .map(|trailers| outcome(trailers).unwrap_or_else(|| Err(Status::unknown("no status")))),
            Some(Err(status)) => Some(Err(status.clone())),
            None => Some(Ok(())),
        };
        if let Some(end) = end
            && let Some(call) = this.call.take()
        {
            call.end(end);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
