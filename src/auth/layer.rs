//! The layer before every service: takes the token from a call, asks the access table, and leaves the [`Caller`] with
//! the request. Whatever is wrong with a token, the answer is the same to the byte.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::{Either, Ready, ready};
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tonic::Status;
use tower::{Layer, Service};

use super::{
    Authenticator, Caller,
    access::{Access, Verdict},
};
use crate::{api::status, error::Error, page::TokenSeal};

/// Puts authentication before services.
#[derive(Clone)]
pub struct AuthLayer(Arc<Gate>);

struct Gate {
    authenticator: Arc<Authenticator>,
    access: Access,
    tokens: Arc<TokenSeal>,
}

impl AuthLayer {
    /// A layer that accepts what an authenticator accepts; `tokens` goes with every caller.
    pub fn new(authenticator: Arc<Authenticator>, tokens: Arc<TokenSeal>) -> Self {
        Self(Arc::new(Gate { authenticator, access: Access::new(), tokens }))
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Authenticated<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticated { inner, gate: self.0.clone() }
    }
}

/// A service that only authenticated calls reach, apart from the open ones.
#[derive(Clone)]
pub struct Authenticated<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S, B, R> Service<Request<B>> for Authenticated<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<R>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if !Access::is_open(request.uri().path()) {
            match self.gate.admit(request.uri().path(), request.headers()) {
                Ok(caller) => request.extensions_mut().insert(caller),
                Err(status) => return Either::Right(ready(Ok(status.into_http()))),
            };
        }
        Either::Left(self.inner.call(request))
    }
}

impl Gate {
    fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Caller, Status> {
        let rejected = || status::of(Error::TokenRejected);
        let token = bearer(headers).ok_or_else(rejected)?;
        let principal = self.authenticator.verify(token).map_err(status::of)?;
        if principal.purpose.only_method().is_some_and(|only| only != path) {
            return Err(rejected());
        }
        match self.access.verdict(path, principal.role) {
            Verdict::Granted(reach) => Ok(Caller { principal, reach, tokens: self.tokens.clone() }),
            Verdict::Refused => Err(status::of(Error::RoleNotAllowed)),
            // What the table does not know cannot be reached, even if a service should be there. It is what tonic
            // itself would answer, and no error of the domain.
            Verdict::Open | Verdict::NoSuchMethod => Err(Status::unimplemented("")),
        }
    }
}

/// The token of the one `authorization: Bearer` header. Of two, one cannot tell which a proxy looked at.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use http::HeaderValue;
    use proptest::{prelude::*, sample::Index};
    use serde_json::{Value, json};
    use tonic::body::Body;
    use tower::{ServiceExt as _, service_fn};

    use super::*;
    use crate::{
        api::v1::{Reach, Role},
        auth::token::tests::{NOW, SECRET, claims, forge},
        clock::Clock,
        config::{Auth, Config, ServeArgs},
        vault::Vault,
    };

    const METHOD: &str = "/rapport.v1.DirectoryService/GetCustomer";
    const ADMINS_ONLY: &str = "/rapport.v1.AuditService/ListAuditEvents";

    /// Everything about an answer that a caller can see, and whom the service behind saw.
    #[derive(Clone, Debug, PartialEq)]
    struct Answer {
        http: http::StatusCode,
        headers: Vec<(String, Vec<u8>)>,
        caller: Option<(String, Reach)>,
    }

    impl Answer {
        fn code(&self) -> &[u8] {
            self.headers.iter().find(|(name, _)| name == "grpc-status").map_or(b"", |(_, value)| value)
        }
    }

    struct Server {
        _directory: tempfile::TempDir,
        authenticator: Arc<Authenticator>,
        runtime: tokio::runtime::Runtime,
    }

    impl Server {
        fn start() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("secrets");
            std::fs::write(&file, SECRET).unwrap();
            let config = Config::resolve(&ServeArgs::default(), |_| None).unwrap().auth;
            let config = Auth { hs256_secret_file: Some(file), ..config };
            let authenticator = Authenticator::new(&config, directory.path(), Clock::fixed(NOW)).unwrap();
            Self {
                _directory: directory,
                authenticator: Arc::new(authenticator),
                runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
            }
        }

        fn token(&self, role: Role) -> String {
            self.authenticator.sign(role, "me", &[], Duration::from_secs(60)).unwrap()
        }

        /// Sends a call through the layer to a service that tells whom it saw.
        fn call(&self, path: &str, authorization: &[HeaderValue]) -> Answer {
            let behind = service_fn(|request: Request<Body>| async move {
                let mut response = Response::new(Body::empty());
                let seen = Caller::of(request.extensions()).ok().cloned();
                response.extensions_mut().insert(seen.map(|caller| (caller.subject().to_owned(), caller.reach)));
                Ok::<_, Infallible>(response)
            });
            let mut request = Request::post(path).body(Body::empty()).unwrap();
            for value in authorization {
                request.headers_mut().append(AUTHORIZATION, value.clone());
            }
            let vault = Vault::open(None, self._directory.path()).unwrap();
            let tokens = Arc::new(TokenSeal::new(&vault, Clock::fixed(NOW)));
            let service = AuthLayer::new(self.authenticator.clone(), tokens).layer(behind);
            let (parts, _) = self.runtime.block_on(service.oneshot(request)).unwrap().into_parts();
            Answer {
                http: parts.status,
                headers: parts
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                    .collect(),
                caller: parts.extensions.get::<Option<(String, Reach)>>().cloned().flatten(),
            }
        }

        fn call_with(&self, path: &str, token: &str) -> Answer {
            self.call(path, &[header(&format!("Bearer {token}"))])
        }
    }

    fn header(text: &str) -> HeaderValue {
        HeaderValue::from_bytes(text.as_bytes()).unwrap()
    }

    fn forged(name: &str, value: Value) -> String {
        let mut claims = claims();
        claims[name] = value;
        forge(&json!({"alg": "HS256"}), &claims)
    }

    #[test]
    fn a_good_token_lets_the_caller_through_with_their_reach() {
        let server = Server::start();
        let seen = |role| server.call_with(METHOD, &server.token(role)).caller;
        assert_eq!(seen(Role::Admin), Some(("me".to_owned(), Reach::All)));
        assert_eq!(seen(Role::Customer), Some(("me".to_owned(), Reach::Own)));
        let lower_case = server.call(METHOD, &[header(&format!("bearer {}", server.token(Role::Admin)))]);
        assert!(lower_case.caller.is_some());
    }

    #[test]
    fn a_role_without_a_grant_is_refused() {
        let server = Server::start();
        let answer = server.call_with(ADMINS_ONLY, &server.token(Role::Staff));
        assert_eq!((answer.code(), answer.caller.as_ref()), (b"7".as_slice(), None));
    }

    #[test]
    fn health_and_reflection_need_no_token_and_see_no_caller() {
        let server = Server::start();
        for path in ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] {
            let answer = server.call(path, &[]);
            assert_eq!((answer.code(), answer.caller.as_ref()), (b"".as_slice(), None), "{path}");
        }
    }

    #[test]
    fn what_the_contract_does_not_have_is_closed() {
        let server = Server::start();
        let refused = server.call(METHOD, &[]);
        for path in ["/", "/rapport.v1.DirectoryService/Nothing", "/rapport.v2.New/Thing", "/rapport%2Ev1.X/Y"] {
            assert_eq!(server.call(path, &[]), refused, "{path}");
            let answer = server.call_with(path, &server.token(Role::Admin));
            assert_eq!((answer.code(), answer.caller.as_ref()), (b"12".as_slice(), None), "{path}");
        }
    }

    #[test]
    fn every_bad_token_gets_the_same_answer() {
        let server = Server::start();
        let good = server.token(Role::Admin);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (_, payload) = message.split_once('.').unwrap();
        let unsigned = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}
        let ended = NOW / 1_000_000 - 60;
        let bad = [
            vec![],
            vec![""],
            vec!["Bearer"],
            vec!["Bearer "],
            vec!["Bearer garbage"],
            vec!["Bearer a.b.c"],
            vec!["Bearer ..."],
            vec!["Basic dXNlcjpwYXNz"],
            vec![&good],
            vec!["Bearer \u{e9}"],
        ];
        let mut bad: Vec<Vec<HeaderValue>> =
            bad.into_iter().map(|values| values.into_iter().map(header).collect()).collect();
        bad.push(vec![header(&format!("Bearer {good}")); 2]);
        for token in [
            format!(" {good}"),
            format!("{good} "),
            format!("{good}."),
            format!("{good}="),
            message.to_owned(),
            format!("{message}."),
            format!("{unsigned}.{payload}."),
            format!("{unsigned}.{payload}.{signature}"),
            forged("exp", json!(ended)),
            forged("aud", json!("another")),
            forged("iss", json!("another")),
            forged("role", json!("owner")),
            forged("sub", json!("")),
            forged("exp", json!(NOW / 1_000_000 + 86_400)),
            forged("nbf", json!(NOW / 1_000_000 + 86_400)),
            forged("filler", json!("x".repeat(9000))),
            "x".repeat(9000),
        ] {
            bad.push(vec![header(&format!("Bearer {token}"))]);
        }
        let expected = server.call(METHOD, &[]);
        assert_eq!((expected.code(), expected.caller.as_ref()), (b"16".as_slice(), None));
        for authorization in bad {
            for path in [METHOD, ADMINS_ONLY] {
                assert_eq!(server.call(path, &authorization), expected, "{authorization:?}");
            }
        }
        // Not one of them was refused because the claims of these tests are bad as such.
        assert!(server.call_with(METHOD, &forged("sub", json!("me"))).caller.is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_mutated_header_gets_the_same_answer(at in any::<Index>(), to in any::<u8>()) {
            let server = Server::start();
            let expected = server.call(METHOD, &[]);
            let mut bytes = format!("Bearer {}", server.token(Role::Admin)).into_bytes();
            let at = at.index(bytes.len());
            // The scheme is compared without regard to case.
            prop_assume!(!bytes[at].eq_ignore_ascii_case(&to) || at > 6 && bytes[at] != to);
            bytes[at] = to;
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                prop_assert_eq!(server.call(METHOD, &[value]), expected);
            }
        }
    }
}
