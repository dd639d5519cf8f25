//! Browsers: gRPC-Web or Connect in place of gRPC, and the rules of the same origin.
//!
//! A page of a foreign origin is refused even where its browser would let the call through and only hide the answer. What
//! is no gRPC at all ends here too, so that nothing behind has to think of forms and scripts: as a page of the console where that
//! is served.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, Either, ready};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{ACCEPT_LANGUAGE, ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN},
};
use http_body_util::{BodyExt as _, Limited};
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceExt as _};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{attempts::Refused, connect, connection::Traffic, middleware::Pages};
use crate::{
    api::status,
    app::PublicPages,
    console::{self, html::Page},
    error::Error,
    metrics::Metrics,
    sign_in::{SignIn, Step, Told},
};

/// How long a browser may remember what it was told about an origin.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(3_600);

/// Where surveys have their pages.
const SURVEY: &str = "/s/";
/// Where invited judges have theirs: `/b/COMPETITION/TOKEN`.
const BALLOT: &str = "/b/";
/// A comment of 4,000 characters, each of them in twelve, and the rest.
const LARGEST_FORM: usize = 64 * 1024;
/// How soon a form must have come.
const FORM_ARRIVAL: Duration = Duration::from_secs(10);

/// What a browser may send.
const SENT: [HeaderName; 9] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
    connect::VERSION,
    connect::TIMEOUT,
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
    /// Where the console is served, with what counts guesses at the tokens of its public pages and the codes of sign-ins.
    console: Option<(Pages, Arc<Refused>)>,
    metrics: Arc<Metrics>,
}

impl WebLayer {
    /// For pages of exactly these origins, and for those of the server itself where it serves the console.
    pub(super) fn new(
        origins: Vec<HeaderValue>,
        console: Option<(Pages, Arc<Refused>)>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let cors = CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::POST])
            .allow_headers(SENT)
            .expose_headers(SHOWN)
            .max_age(PREFLIGHT_MAX_AGE);
        Self(Arc::new(Rules { cors, origins, console, metrics }))
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
        if let Some((pages, refused)) = &self.rules.console {
            if is_public(&request) {
                let (pages, refused) = (pages.public.clone(), refused.clone());
                return Either::Right(Box::pin(async move { Ok(public(&pages, &refused, request).await) }));
            }
            if let Some(step) = Step::of(request.method(), request.uri().path()) {
                let (sign_in, refused) = (pages.sign_in.clone(), refused.clone());
                return Either::Right(Box::pin(async move { Ok(signing_in(sign_in, step, &refused, request).await) }));
            }
            if console::is_asked(request.method()) {
                return Either::Right(Box::pin(ready(Ok(page(&request)))));
            }
        }
        let (inner, rules) = (self.inner.clone(), self.rules.clone());
        let cors = rules.cors.clone();
        let gate = tower::service_fn(move |request: Request<Body>| {
            let refusal = rules.refusal(&request);
            let inner = inner.clone();
            async move {
                match (refusal, connect::kind(&request)) {
                    (Some(response), _) => Ok(response),
                    (None, Some(kind)) => connect::call(kind, request, inner).await,
                    (None, None) => GrpcWebLayer::new().layer(inner).oneshot(request).await,
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
    fn refusal(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let (method, headers) = (request.method(), request.headers());
        let ours = |origin: &HeaderValue| self.console.is_some() && is_same_origin(origin, request);
        let foreign = |origin: &HeaderValue| !self.origins.contains(origin) && !ours(origin);
        if headers.get_all(ORIGIN).iter().any(foreign) {
            let status = status::of(Error::OriginNotAllowed);
            self.metrics.refused(&status);
            let mut response = match connect::kind(request) {
                Some(kind) => kind.refusal(&status),
                None => status.into_http(),
            };
            *response.status_mut() = StatusCode::FORBIDDEN;
            return Some(response);
        }
        if method != Method::POST {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "calls are POST requests\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return Some(response);
        }
        let is_grpc = headers.get(CONTENT_TYPE).is_some_and(|kind| is_grpc(kind.as_bytes()));
        if is_grpc || connect::kind(request).is_some() {
            return None;
        }
        let rule = "content-type must be application/json, or one of Connect, gRPC or gRPC-Web\n";
        Some(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, rule))
    }
}

/// A page of the console. A connection that fetches one is no silent one.
fn page(request: &Request<Body>) -> Response<Body> {
    network_of(request);
    let answer = console::answer(request.uri().path(), request.headers());
    answer.map(|bytes| Body::new(http_body_util::Full::from(bytes)))
}

/// Notes that something was asked, and tells from where.
fn network_of(request: &Request<Body>) -> IpAddr {
    let traffic = request.extensions().get::<Arc<Traffic>>();
    traffic.inspect(|traffic| traffic.called());
    traffic.map_or(Ipv6Addr::UNSPECIFIED.into(), |traffic| traffic.network())
}

/// Whether it is for a page of people without an account, or what its form sends. Those who send that have the token, wherever they have
/// it from: their origin says nothing more.
fn is_public(request: &Request<Body>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_form = request.method() == Method::POST && kind == Some(b"application/x-www-form-urlencoded");
    let path = request.uri().path();
    (path.starts_with(SURVEY) || path.starts_with(BALLOT)) && (is_form || console::is_asked(request.method()))
}

/// A step of signing in. What the provider does not know counts as a bad token: it was asked in vain.
async fn signing_in(sign_in: SignIn, step: Step, refused: &Refused, request: Request<Body>) -> Response<Body> {
    let network = network_of(&request);
    let (asked, _) = request.into_parts();
    let told = if step == Step::Finish && refused.is_too_many(network, Instant::now()) {
        Told::too_many()
    } else {
        sign_in.answer(step, asked.uri.query().unwrap_or_default(), &asked.headers).await
    };
    if told.is_guess {
        refused.note(network, Instant::now());
    }
    told.response.map(|bytes| Body::new(http_body_util::Full::from(bytes)))
}

async fn public(pages: &PublicPages, refused: &Refused, request: Request<Body>) -> Response<Body> {
    let network = network_of(&request);
    if refused.is_too_many(network, Instant::now()) {
        return plain(StatusCode::TOO_MANY_REQUESTS, "too many links that lead nowhere\n");
    }
    let (parts, body) = request.into_parts();
    let language = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = if parts.method == Method::POST {
        let form = Limited::new(body, LARGEST_FORM).collect();
        match tokio::time::timeout(FORM_ARRIVAL, form).await {
            Ok(Ok(form)) => Some(form.to_bytes()),
            Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "too much text\n"),
            Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the form did not come\n"),
        }
    } else {
        None
    };
    let page = asked(pages, parts.uri.path(), form.as_deref(), language).await;
    if page.is_guess {
        refused.note(network, Instant::now());
    }
    page.response.map(|bytes| Body::new(http_body_util::Full::from(bytes)))
}

/// The page of a path, or the answer to its form.
async fn asked(pages: &PublicPages, path: &str, form: Option<&[u8]>, language: &str) -> Page {
    let (surveys, ballots) = (&pages.surveys, &pages.ballots);
    match (path.strip_prefix(BALLOT), form) {
        (Some(link), Some(form)) => Box::pin(ballots.take(link, form, language)).await,
        (Some(link), None) => ballots.show(link, language).await,
        (None, form) => {
            let token = path.strip_prefix(SURVEY).unwrap_or_default();
            match form {
                Some(form) => Box::pin(surveys.take(token, form, language)).await,
                None => surveys.show(token, language).await,
            }
        }
    }
}

/// Whether a page comes from the host that is called. The scheme is left out, which a proxy in front may have changed: it would keep
/// nobody out, since a page has no authority but the token it was given.
fn is_same_origin(origin: &HeaderValue, request: &Request<Body>) -> bool {
    let named = request.uri().authority().map(|authority| authority.as_str());
    let host = named.or_else(|| request.headers().get(HOST)?.to_str().ok());
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    host.is_some() && authority == host
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
