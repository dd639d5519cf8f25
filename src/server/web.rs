//! Browsers: gRPC-Web in place of gRPC, and the rules of the same origin.
//!
//! A page of a foreign origin is refused even where its browser would let the call through and only hide the answer. What
//! is no gRPC at all ends here too, so that nothing behind has to think of forms and scripts.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::{BoxFuture, Either};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ORIGIN},
};
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceExt as _};
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

/// Puts the rules of browsers before a service.
///
/// Nearly all calls are plain gRPC and pass by these rules: only what may come from a browser is taken through them.
#[derive(Clone)]
pub(super) struct WebLayer(Arc<Rules>);

struct Rules {
    cors: CorsLayer,
    origins: Vec<HeaderValue>,
    metrics: Arc<Metrics>,
}

impl WebLayer {
    /// For pages of exactly these origins.
    pub(super) fn new(origins: Vec<HeaderValue>, metrics: Arc<Metrics>) -> Self {
        let cors = CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::POST])
            .allow_headers(SENT)
            .expose_headers(SHOWN)
            .max_age(PREFLIGHT_MAX_AGE);
        Self(Arc::new(Rules { cors, origins, metrics }))
    }
}

impl<S> Layer<S> for WebLayer {
    type Service = Web<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Web { inner, rules: self.0.clone() }
    }
}

/// A service for browsers too.
#[derive(Clone)]
pub(super) struct Web<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> Service<Request<Body>> for Web<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if is_plain_grpc(&request) {
            return Either::Left(self.inner.call(request));
        }
        let (inner, rules) = (self.inner.clone(), self.rules.clone());
        let cors = rules.cors.clone();
        let gate = tower::service_fn(move |request: Request<Body>| {
            let refusal = rules.refusal(request.method(), request.headers());
            let inner = inner.clone();
            async move {
                match refusal {
                    Some(response) => Ok(response),
                    None => GrpcWebLayer::new().layer(inner).oneshot(request).await,
                }
            }
        });
        Either::Right(Box::pin(cors.layer(gate).oneshot(request)))
    }
}

/// What no browser sends.
fn is_plain_grpc<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    request.version() == Version::HTTP_2
        && request.method() == Method::POST
        && matches!(kind, Some(b"application/grpc" | b"application/grpc+proto"))
        && !request.headers().contains_key(ORIGIN)
}

impl Rules {
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
