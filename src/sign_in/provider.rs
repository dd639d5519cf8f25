//! The identity provider: what it announces, the keys it signs with, and what a code is worth to it (OpenID Connect
//! Core 1.0 and Discovery 1.0, RFC 6749, 7636 and 9207).

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use form_urlencoded::{Serializer, byte_serialize};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    Refusal,
    fetching::{Fetched, Fetcher},
    flow::{Answer, Flow},
    mapping::Mapping,
};
use crate::{
    auth::{
        Keys,
        id_token::{Expected, IdToken},
    },
    clock::Clock,
    config::{Oidc, Secret},
    outgoing::Url,
    private_file,
};

/// How long what the provider announces, and its keys, are good before they are looked at again.
const GOOD_FOR: Duration = Duration::from_secs(3_600);
/// A provider that failed is left alone for so long.
const PAUSE: Duration = Duration::from_secs(2);

/// The provider that is configured.
pub(super) struct Provider {
    issuer: String,
    discovery: Url,
    client_id: String,
    secret: Option<Secret>,
    scopes: String,
    redirect_uri: String,
    fetcher: Fetcher,
    metadata: Kept<Metadata>,
    keys: Kept<Keys>,
}

/// What it announces of itself.
pub(super) struct Metadata {
    /// For browsers.
    authorization: String,
    token: Url,
    keys: Url,
    /// Where it tells more than its ID tokens hold.
    userinfo: Option<Url>,
    /// Whether the secret goes into the form; else into a header.
    posts_secret: bool,
    /// Whether it says in each answer whose answer it is.
    names_itself: bool,
}

#[derive(Deserialize)]
struct Announced {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What a code was exchanged for.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

impl Provider {
    /// # Errors
    /// The secret cannot be read.
    pub(super) fn new(oidc: &Oidc) -> anyhow::Result<Self> {
        let place = format!("{}/.well-known/openid-configuration", oidc.issuer.trim_end_matches('/'));
        let discovery = Url::read(&place).map_err(anyhow::Error::msg).context("oidc.issuer")?;
        let secret = oidc.client_secret_file.as_deref().map(secret).transpose().context("oidc.client_secret_file")?;
        Ok(Self {
            issuer: oidc.issuer.clone(),
            discovery,
            client_id: oidc.client_id.clone(),
            secret,
            scopes: oidc.scopes.clone(),
            redirect_uri: format!("{}signin/callback", oidc.public_url),
            fetcher: Fetcher::new()?,
            metadata: Kept::default(),
            keys: Kept::default(),
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What it announces.
    ///
    /// # Errors
    /// Why it cannot be used now.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, String> {
        self.metadata.get(|_| true, self.announced()).await
    }

    async fn announced(&self) -> Result<Metadata, String> {
        let announced: Announced = self.fetcher.get(&self.discovery, None).await?.json()?;
        // Else it could pass for another one.
        if announced.issuer != self.issuer {
            return Err("what it announces is another issuer's: oidc.issuer must be the same to the letter".to_owned());
        }
        let methods = announced.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.as_ref().is_none_or(|all| all.iter().any(|one| one == method));
        let posts_secret = !takes("client_secret_basic");
        if self.secret.is_some() && posts_secret && !takes("client_secret_post") {
            return Err("it takes a client's secret neither in a header nor in a form".to_owned());
        }
        self.endpoint(&announced.authorization_endpoint)?;
        Ok(Metadata {
            token: self.endpoint(&announced.token_endpoint)?,
            keys: self.endpoint(&announced.jwks_uri)?,
            userinfo: announced.userinfo_endpoint.map(|url| self.endpoint(&url)).transpose()?,
            authorization: announced.authorization_endpoint,
            posts_secret,
            names_itself: announced.authorization_response_iss_parameter_supported,
        })
    }

    /// Of a provider that speaks TLS nothing is spoken to without, whatever it announces.
    fn endpoint(&self, text: &str) -> Result<Url, String> {
        let url = Url::read(text).map_err(|rule| format!("a URL that it announces {rule}"))?;
        let is_good = url.is_https || (!self.discovery.is_https && url.is_here());
        if is_good { Ok(url) } else { Err("a URL that it announces must begin with https://".to_owned()) }
    }

    /// Where a browser is sent to sign in.
    pub(super) fn authorization_url(&self, metadata: &Metadata, flow: &Flow) -> String {
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.scopes)
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256")
            .finish();
        let joint = if metadata.authorization.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", metadata.authorization)
    }

    /// What it says of somebody who came back from it.
    pub(super) async fn claims(
        &self,
        answer: Answer,
        flow: &Flow,
        mapping: &Mapping,
        clock: &Clock,
    ) -> Result<Value, Refusal> {
        let metadata = self.metadata().await.map_err(Refusal::Unavailable)?;
        let code = self.code(answer, &metadata)?;
        let tokens = self.exchange(&code, flow, &metadata).await?;
        let claims = self.verified(&tokens.id_token, flow, &metadata, clock).await?;
        match (&metadata.userinfo, &tokens.access_token) {
            // Providers may tell there what an ID token need not hold (Core 5.4).
            (Some(url), Some(access_token)) if mapping.misses(&claims) => {
                self.with_userinfo(claims, url, access_token).await
            }
            _ => Ok(claims),
        }
    }

    /// The code that an answer brings, if it is an answer of this provider.
    fn code(&self, answer: Answer, metadata: &Metadata) -> Result<String, Refusal> {
        let is_its_own = answer.issuer.as_ref().map_or(!metadata.names_itself, |issuer| *issuer == self.issuer);
        if !is_its_own {
            return Err(Refusal::Unverified("the answer is not this provider's".to_owned()));
        }
        match answer {
            Answer { error: Some(error), .. } if error == "access_denied" => Err(Refusal::Denied),
            Answer { error: Some(error), .. } => {
                Err(Refusal::Unverified(format!("the provider says {}", plain(&error))))
            }
            Answer { code: Some(code), .. } => Ok(code),
            _ => Err(Refusal::Unverified("the answer has no code".to_owned())),
        }
    }

    /// Exchanges a code, which the provider does once.
    async fn exchange(&self, code: &str, flow: &Flow, metadata: &Metadata) -> Result<Tokens, Refusal> {
        let (authorization, form) = self.exchange_request(code, flow, metadata);
        let fetched = self.fetcher.post(&metadata.token, authorization.as_deref(), form).await;
        let fetched = fetched.map_err(Refusal::Unavailable)?;
        if fetched.status.is_server_error() || fetched.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Refusal::Unavailable(format!("its token endpoint answers {}", fetched.status.as_u16())));
        }
        fetched.json().map_err(|why| Refusal::Unverified(format!("its token endpoint: {why}{}", error_of(&fetched))))
    }

    /// With which the server proves which client it is, and the form.
    fn exchange_request(&self, code: &str, flow: &Flow, metadata: &Metadata) -> (Option<String>, String) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_verifier", &flow.verifier);
        let mut authorization = None;
        match &self.secret {
            None => _ = form.append_pair("client_id", &self.client_id),
            Some(secret) if metadata.posts_secret => {
                form.append_pair("client_id", &self.client_id).append_pair("client_secret", secret.expose());
            }
            Some(secret) => authorization = Some(basic(&self.client_id, secret.expose())),
        }
        (authorization, form.finish())
    }

    /// The claims of an ID token, by the keys that the provider has now if need be: it may have begun to sign with
    /// another one.
    async fn verified(&self, token: &str, flow: &Flow, metadata: &Metadata, clock: &Clock) -> Result<Value, Refusal> {
        let unverified = |why: &str| Refusal::Unverified(format!("the ID token is refused: {why}"));
        let token = IdToken::read(token).map_err(unverified)?;
        let keys = self.keys.get(|keys| token.is_signed_by_one_of(keys), self.announced_keys(metadata)).await;
        let keys = keys.map_err(Refusal::Unavailable)?;
        let expected = Expected { issuer: &self.issuer, client_id: &self.client_id, nonce: &flow.nonce };
        token.verify(&keys, &expected, clock.now_micros()).map_err(unverified)
    }

    async fn announced_keys(&self, metadata: &Metadata) -> Result<Keys, String> {
        let fetched = self.fetcher.get(&metadata.keys, None).await?;
        if fetched.status != StatusCode::OK {
            return Err(format!("its keys: it answers {}", fetched.status.as_u16()));
        }
        Keys::of_provider(&fetched.body).map_err(|error| format!("its keys: {error:#}"))
    }

    /// Adds what the provider tells of the same person elsewhere. What was signed counts where both say something.
    async fn with_userinfo(&self, claims: Value, url: &Url, access_token: &str) -> Result<Value, Refusal> {
        let fetched = self.fetcher.get(url, Some(&format!("Bearer {access_token}"))).await;
        let more: Value = fetched
            .and_then(|fetched| fetched.json())
            .map_err(|why| Refusal::Unavailable(format!("its userinfo endpoint: {why}")))?;
        let (Value::Object(claims), Value::Object(mut more)) = (claims, more) else {
            return Err(Refusal::Unverified("its userinfo endpoint tells no claims".to_owned()));
        };
        if claims.get("sub").is_none() || claims.get("sub") != more.get("sub") {
            return Err(Refusal::Unverified("its userinfo endpoint tells of somebody else".to_owned()));
        }
        more.extend(claims);
        Ok(Value::Object(more))
    }
}

fn secret(path: &Path) -> anyhow::Result<Secret> {
    let secret = private_file::read_secret(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(!secret.is_empty(), "{} is empty", path.display());
    Ok(Secret::new(secret))
}

/// RFC 6749, 2.3.1.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// The code of an error for the log, if it is one (RFC 6749, 5.2).
fn error_of(fetched: &Fetched) -> String {
    let told: Option<Value> = serde_json::from_slice(&fetched.body).ok();
    let code = told.as_ref().and_then(|told| told.get("error")?.as_str());
    code.map_or_else(String::new, |code| format!(", {}", plain(code)))
}

/// An error's code, unless it is none: what others wrote stays out of the log.
fn plain(code: &str) -> &str {
    let is_one = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_one { code } else { "something that is no code" }
}

/// Something of the provider's that is got when somebody needs it, by one of them for all, and kept for a while.
struct Kept<T>(Mutex<State<T>>);

struct State<T> {
    value: Option<(Instant, Arc<T>)>,
    failed: Option<(Instant, String)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(State { value: None, failed: None }))
    }
}

impl<T> Kept<T> {
    /// What is kept, if it is not too old and `serves`; else what there is now. A failure counts for a moment, for all
    /// who wait.
    async fn get(
        &self,
        serves: impl Fn(&T) -> bool,
        fetch: impl Future<Output = Result<T, String>>,
    ) -> Result<Arc<T>, String> {
        let mut state = self.0.lock().await;
        if let Some((at, value)) = &state.value
            && at.elapsed() < GOOD_FOR
            && serves(value)
        {
            return Ok(value.clone());
        }
        if let Some((at, why)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(why.clone());
        }
        match fetch.await {
            Ok(value) => {
                let value = Arc::new(value);
                *state = State { value: Some((Instant::now(), value.clone())), failed: None };
                Ok(value)
            }
            Err(why) => {
                state.failed = Some((Instant::now(), why.clone()));
                Err(why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_need_it_at_once_ask_once() {
        let (kept, asked) = (Kept::default(), AtomicUsize::new(0));
        let fetch = async || {
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(7)
        };
        let all = futures::future::join_all((0..20).map(|_| kept.get(|_| true, fetch()))).await;
        assert!(all.iter().all(|one| one.as_ref().is_ok_and(|value| **value == 7)));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // What does not serve is got again; a failure is that of all who wait.
        assert_eq!(*kept.get(|value| *value == 8, async { Ok(8) }).await.unwrap(), 8);
        let failing = || kept.get(|value| *value == 9, async { Err("away".to_owned()) });
        assert_eq!(failing().await.unwrap_err(), "away");
        assert_eq!(kept.get(|value| *value == 9, async { Ok(9) }).await.unwrap_err(), "away");
        // And what is kept serves on.
        assert_eq!(*kept.get(|_| true, async { Ok(1) }).await.unwrap(), 8);
    }

    #[test]
    fn a_secret_with_any_letter_is_one_header() {
        // RFC 6749, 2.3.1: encoded as a form first, so that a colon within stays within.
        assert_eq!(basic("desk 1", "a:b%"), format!("Basic {}", STANDARD.encode("desk+1:a%3Ab%25")));
    }

    #[test]
    fn what_others_wrote_stays_out_of_the_log() {
        assert_eq!(plain("invalid_grant"), "invalid_grant");
        for text in ["li.na@example.com", "Invalid Grant", "a\nb", &"a".repeat(65)] {
            assert_eq!(plain(text), "something that is no code");
        }
    }
}
