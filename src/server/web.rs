//! Browsers: gRPC-Web in place of gRPC, and the rules of the same origin.
//!
//! A page of a foreign origin is refused even where its browser would let the call through and only hide the answer. What
//! is no gRPC at all ends here too, so that nothing behind has to think of forms and scripts.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::{Either, Ready, ready};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ORIGIN},
};
use tonic::body::Body;
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{api::status, error::Error, metrics::Metrics};

/// How long a browser may remember what it was told about an origin.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(3_600);

/// What a browser may send.
const SENT: [HeaderName; 7] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
];

/// What a page may read. Without the first three it would see no error, only that something is missing.
const SHOWN: [HeaderName; 4] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("x-request-id"),
];

/// Answers preflights and tells browsers what they may show, for exactly these origins.
pub(super) fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::POST])
        .allow_headers(SENT)
        .expose_headers(SHOWN)
        .max_age(PREFLIGHT_MAX_AGE)
}

/// Lets through what is gRPC, from where it may come.
#[derive(Clone)]
pub(super) struct GateLayer {
    origins: Arc<[HeaderValue]>,
    metrics: Arc<Metrics>,
}

impl GateLayer {
    pub(super) fn new(origins: &[HeaderValue], metrics: Arc<Metrics>) -> Self {
        Self { origins: origins.into(), metrics }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate { inner, rules: self.clone() }
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub(super) struct Gate<S> {
    inner: S,
    rules: GateLayer,
}

impl<S, B> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.rules.refusal(request.method(), request.headers()) {
            None => Either::Left(self.inner.call(request)),
            Some(response) => Either::Right(ready(Ok(response))),
        }
    }
}

impl GateLayer {
    fn refusal(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
        let foreign = |origin: &HeaderValue| !self.origins.contains(origin);
        if headers.get_all(ORIGIN).iter().any(foreign) {
            let status = status::of(Error::OriginNotAllowed);
            self.metrics.refused(&status);
            let mut response = status.into_http();
            *response.status_mut() = StatusCode::FORBIDDEN;
            return Some(response);
        }
        if method != Method::POST {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "gRPC calls are POST requests\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return Some(response);
        }
        let is_grpc = headers.get(CONTENT_TYPE).is_some_and(|kind| is_grpc(kind.as_bytes()));
        (!is_grpc).then(|| plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type must be application/grpc\n"))
    }
}

/// `application/grpc`, `application/grpc-web`, `application/grpc-web-text`, each alone or with `+proto`.
fn is_grpc(kind: &[u8]) -> bool {
    let Some(rest) = kind.strip_prefix(b"application/grpc") else { return false };
    let rest = rest.strip_prefix(b"-web").map_or(rest, |rest| rest.strip_prefix(b"-text").unwrap_or(rest));
    matches!(rest, b"" | b"+proto")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_exact() {
        for good in
            ["application/grpc", "application/grpc+proto", "application/grpc-web+proto", "application/grpc-web-text"]
        {
            assert!(is_grpc(good.as_bytes()), "{good}");
        }
        for bad in
            ["text/plain", "application/grpcx", "application/grpc+json", "application/json", "", "application/grpc; x"]
        {
            assert!(!is_grpc(bad.as_bytes()), "{bad}");
        }
    }
}
