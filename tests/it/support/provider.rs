//! An identity provider, which does what OpenID Connect says unless a test wants otherwise.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rapport::clock::Clock;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::AbortHandle};

/// As whom the provider knows the server, and the secret of the two.
pub(crate) const CLIENT: &str = "rapport";
pub(crate) const SECRET: &str = "a secret: 50% longer than most";

type Form = BTreeMap<String, String>;
/// What it answers at a path instead.
type Instead = Arc<dyn Fn() -> futures::future::BoxFuture<'static, Response> + Send + Sync>;

pub(crate) struct Provider {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    task: AbortHandle,
}

/// How it behaves, and what it was asked.
pub(crate) struct State {
    /// What it announces of itself.
    pub(crate) announced: Value,
    /// Of its ID tokens, beside the algorithm.
    pub(crate) header: Value,
    /// Of its ID tokens, over what belongs there.
    pub(crate) claims: Value,
    pub(crate) userinfo: Value,
    /// Whether it looks at verifiers.
    pub(crate) knows_pkce: bool,
    /// The key that signs, and those that it announces.
    pub(crate) key: Arc<Key>,
    pub(crate) announced_keys: Vec<Arc<Key>>,
    /// What it was asked for, with the query or the form.
    pub(crate) asked: Vec<(String, Form)>,
    instead: HashMap<&'static str, Instead>,
    codes: HashMap<String, Form>,
    issued: usize,
}

/// By which it signs ID tokens.
pub(crate) enum Key {
    P256 {
        id: String,
        pair: EcdsaKeyPair,
    },
    /// A secret, as if that were a key of a provider.
    Secret {
        id: String,
        secret: Vec<u8>,
    },
    /// None at all.
    None,
}

impl Key {
    pub(crate) fn new(id: &str) -> Arc<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Arc::new(Self::P256 { id: id.to_owned(), pair })
    }

    /// As everybody can read it.
    pub(crate) fn public(&self) -> &[u8] {
        match self {
            Self::P256 { pair, .. } => pair.public_key().as_ref(),
            Self::Secret { .. } | Self::None => panic!("nothing of it is public"),
        }
    }

    fn jwk(&self) -> Value {
        let Self::P256 { id, .. } = self else { panic!("nothing of it is public") };
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = self.public()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": encoded(x), "y": encoded(y)})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        let (algorithm, id) = match self {
            Self::P256 { id, .. } => ("ES256", id.as_str()),
            Self::Secret { id, .. } => ("HS256", id.as_str()),
            Self::None => ("none", "k-1"),
        };
        header["alg"] = json!(algorithm);
        header["kid"] = json!(id);
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = match self {
            Self::P256 { pair, .. } => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Secret { secret, .. } => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes()).as_ref().to_vec()
            }
            Self::None => Vec::new(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let issuer = format!("http://{address}");
        let key = Key::new("k-1");
        let state = Arc::new(Mutex::new(State {
            announced: json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize?tenant=desk"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "authorization_response_iss_parameter_supported": true,
            }),
            header: json!({"typ": "JWT"}),
            claims: json!({"sub": "petra", "groups": ["desk", "leads"], "teams": ["north"]}),
            userinfo: json!({}),
            knows_pkce: true,
            announced_keys: vec![key.clone()],
            key,
            asked: Vec::new(),
            instead: HashMap::new(),
            codes: HashMap::new(),
            issued: 0,
        }));
        let serving = state.clone();
        let serve = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let state = serving.clone();
            async move {
                let instead = state.lock().unwrap().ask(&uri, &body);
                match instead {
                    Some(instead) => instead().await,
                    None => state.lock().unwrap().answer(uri.path(), &headers, &read(&body)),
                }
            }
        };
        let serving = axum::serve(listener, Router::new().fallback(serve)).into_future();
        Self { state, address, task: tokio::spawn(serving).abort_handle() }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// To change how it behaves.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Answers so at a path.
    pub(crate) fn instead<F>(&self, path: &'static str, answer: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Response> + Send + 'static,
    {
        self.state().instead.insert(path, Arc::new(move || Box::pin(answer())));
    }

    /// Answers as it should again.
    pub(crate) fn mend(&self) {
        self.state().instead.clear();
    }

    /// How often it was asked for a path.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.state().asked.iter().filter(|(asked, _)| asked == path).count()
    }

    /// Somebody signs in there, where a browser was sent: gives the query with which it comes back.
    pub(crate) fn sign_in(&self, url: &str) -> String {
        let (place, query) = url.split_once('?').unwrap();
        assert_eq!(place, format!("{}/authorize", self.issuer()));
        let asked = read(query.as_bytes());
        let is = |name: &str, value: &str| assert_eq!(asked[name], value, "{name}");
        is("tenant", "desk");
        is("response_type", "code");
        is("client_id", CLIENT);
        is("code_challenge_method", "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let mut state = self.state();
        state.issued += 1;
        let (code, answered) = (format!("code {}/{}", state.issued, asked["state"]), asked["state"].clone());
        state.codes.insert(code.clone(), asked);
        let query = [("code", code), ("state", answered), ("iss", self.issuer())];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish()
    }
}

fn read(form: &[u8]) -> Form {
    form_urlencoded::parse(form).into_owned().collect()
}

impl State {
    fn ask(&mut self, uri: &Uri, body: &Bytes) -> Option<Instead> {
        self.asked.push((uri.path().to_owned(), read(body)));
        self.instead.get(uri.path()).cloned()
    }

    fn answer(&mut self, path: &str, headers: &HeaderMap, form: &Form) -> Response {
        match path {
            "/.well-known/openid-configuration" => json_answer(&self.announced),
            "/keys" => {
                json_answer(&json!({"keys": self.announced_keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}))
            }
            "/token" => match self.exchange(headers, form) {
                Ok(tokens) => json_answer(&tokens),
                Err(error) => (StatusCode::BAD_REQUEST, json!({ "error": error }).to_string()).into_response(),
            },
            "/userinfo" => {
                assert_eq!(headers["authorization"], "Bearer access-1");
                json_answer(&self.userinfo)
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn exchange(&mut self, headers: &HeaderMap, form: &Form) -> Result<Value, &'static str> {
        let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        // As the client encoded them before they became a header.
        let header = format!("Basic {}", STANDARD.encode("rapport:a+secret%3A+50%25+longer+than+most"));
        let by_header = headers.get("authorization").is_some_and(|value| *value == *header);
        let by_form = (of("client_id"), of("client_secret")) == (CLIENT, SECRET);
        let is_public = of("client_id") == CLIENT && !form.contains_key("client_secret");
        if !(by_header || by_form || is_public) {
            return Err("invalid_client");
        }
        // A code is good once.
        let asked = self.codes.remove(of("code")).ok_or("invalid_grant")?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
        if asked["redirect_uri"] != of("redirect_uri") || (self.knows_pkce && asked["code_challenge"] != challenge) {
            return Err("invalid_grant");
        }
        let now = Clock::system().now_micros() / 1_000_000;
        let mut claims = json!({
            "iss": self.announced["issuer"], "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        });
        for (name, value) in self.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let id_token = self.key.sign(&self.header, &claims);
        Ok(json!({"id_token": id_token, "access_token": "access-1", "token_type": "Bearer"}))
    }
}

fn json_answer(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}
