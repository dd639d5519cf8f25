//! One log event per call: method, code, time, request id. Never metadata, bodies or anything personal.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, instrument::Instrumented};
use uuid::Uuid;

/// The header in which a caller may name his call, and finds its name in the answer.
const REQUEST_ID: &str = "x-request-id";

/// Adds the log.
#[derive(Clone)]
pub(super) struct CallLogLayer;

impl<S> Layer<S> for CallLogLayer {
    type Service = CallLog<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallLog { inner }
    }
}

/// A service whose calls are logged.
#[derive(Clone)]
pub(super) struct CallLog<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for CallLog<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Logged<Instrumented<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let id = request_id(request.headers());
        let call = Call {
            span: tracing::info_span!("call", request_id = id.to_str().unwrap_or_default()),
            // A path is logged as the contract spells it or not at all: it is the caller's own text.
            method: known_method(request.uri().path()),
            begun: Instant::now(),
            id,
        };
        Logged { answer: self.inner.call(request).instrument(call.span.clone()), call: Some(call) }
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

fn known_method(path: &str) -> &'static str {
    let ours = crate::api::v1::ACCESS.iter().map(|(path, _)| *path);
    let others = [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ];
    ours.chain(others).find(|known| *known == path).unwrap_or("unknown")
}

struct Call {
    span: Span,
    method: &'static str,
    begun: Instant,
    id: HeaderValue,
}

impl Call {
    fn log(&self, code: Code) {
        let milliseconds = self.begun.elapsed().as_secs_f64() * 1e3;
        self.span.in_scope(|| tracing::info!(method = self.method, ?code, milliseconds, "call"));
    }
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
        let code = Status::from_header_map(response.headers()).map(|status| status.code());
        Poll::Ready(Ok(match code {
            Some(code) => {
                call.log(code);
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
                call.log(Code::Cancelled);
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
        let code = match &frame {
            Some(Ok(frame)) => frame
                .trailers_ref()
                .map(|trailers| Status::from_header_map(trailers).map_or(Code::Unknown, |status| status.code())),
            Some(Err(status)) => Some(status.code()),
            None => Some(Code::Ok),
        };
        if let Some(code) = code
            && let Some(call) = this.call.take()
        {
            call.log(code);
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
