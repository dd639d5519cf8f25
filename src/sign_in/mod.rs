//! Signing in to the console at the organisation's identity provider: OpenID Connect, by authorization code with PKCE
//! (ADR 26).
//!
//! `flow` is a sign-in that is under way, kept by the browser; `provider` speaks to the provider, by what `fetching`
//! gets; `mapping` makes a person of what the provider says of somebody. What comes out is the one-time link of `auth`,
//! so that all that follows is as with any other link. It must not know sessions, nor the database.

mod fetching;
mod flow;
mod mapping;
mod provider;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response,
    header::{COOKIE, SET_COOKIE},
};
use tokio::sync::Semaphore;

use crate::{
    auth::{Authenticator, Purpose},
    clock::Clock,
    config::{Config, Oidc},
    console,
    vault::Vault,
};
use flow::{Answer, Cookie, Flow};
use mapping::Mapping;
use provider::Provider;

/// How long the link is good that the browser is sent on with: it follows it at once.
const LINK_LIFE: Duration = Duration::from_secs(60);
/// Sign-ins that wait for the provider at once; others are told to come back.
const AT_ONCE: usize = 16;
/// How long somebody waits for the provider, whatever it is asked for.
const PATIENCE: Duration = Duration::from_secs(15);

/// A step of signing in, each a GET of its own path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The console asks where to sign in.
    About,
    /// Somebody sets out to the provider.
    Begin,
    /// They come back from it.
    Finish,
}

impl Step {
    /// The step that a request is for. A HEAD is none: it would use up what a GET needs.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        match (method, path) {
            (&Method::GET, "/signin/about") => Some(Self::About),
            (&Method::GET, "/signin") => Some(Self::Begin),
            (&Method::GET, "/signin/callback") => Some(Self::Finish),
            _ => None,
        }
    }
}

/// Answers for the pages of signing in.
#[derive(Clone)]
pub(crate) struct SignIn(Option<Arc<Desk>>);

/// Everything it takes where a provider is configured.
struct Desk {
    provider: Provider,
    mapping: Mapping,
    cookie: Cookie,
    authenticator: Arc<Authenticator>,
    clock: Clock,
    public_url: String,
    places: Semaphore,
}

/// An answer, and whether it is for a guess: the provider does not know what was brought back from it.
pub(crate) struct Told {
    pub(crate) response: Response<Bytes>,
    pub(crate) is_guess: bool,
}

/// Why somebody is not signed in: the console has a sentence for each.
#[derive(Debug)]
enum Refusal {
    /// They, or the provider, said no.
    Denied,
    /// The provider knows them, and nothing here is for them.
    Account(String),
    /// It is not the sign-in that this browser began, or it took too long.
    Expired(&'static str),
    /// The provider is away, or has too much to do.
    Unavailable(String),
    /// What was brought back from the provider does not hold.
    Unverified(String),
}

impl Refusal {
    /// Its name behind `#refused=` in the console's address.
    fn name(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Account(_) => "account",
            Self::Expired(_) => "expired",
            Self::Unavailable(_) => "unavailable",
            Self::Unverified(_) => "unverified",
        }
    }

    /// For operators. It names nobody, and nothing that opens anything.
    fn log(&self) {
        let name = self.name();
        match self {
            Self::Denied => tracing::info!(refused = name, "a sign-in is refused"),
            Self::Account(why) => tracing::info!(refused = name, why, "a sign-in is refused"),
            // Anybody can cause these, as often as they like.
            Self::Expired(why) => tracing::debug!(refused = name, why, "a sign-in is refused"),
            Self::Unavailable(why) | Self::Unverified(why) => {
                tracing::warn!(refused = name, why, "a sign-in is refused");
            }
        }
    }
}

impl SignIn {
    /// By the provider that is configured, if one is.
    ///
    /// # Errors
    /// What is wrong with the configuration, by its keys.
    pub(crate) fn open(
        config: &Config,
        vault: &Vault,
        authenticator: Arc<Authenticator>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let Some(oidc) = &config.oidc else { return Ok(Self(None)) };
        ensure!(config.console, "console: must be on where oidc.issuer is set");
        ensure!(
            authenticator.can_sign(),
            "oidc.issuer: a server that has the public keys of auth.jwks_file only signs nothing, and so has no sessions: set \
             auth.hs256_secret_file too, or leave auth.jwks_file out"
        );
        Self::with(oidc, vault, authenticator, clock)
    }

    fn with(oidc: &Oidc, vault: &Vault, authenticator: Arc<Authenticator>, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self(Some(Arc::new(Desk {
            provider: Provider::new(oidc)?,
            mapping: Mapping::new(oidc).context("oidc.roles")?,
            cookie: Cookie::new(vault, &oidc.public_url),
            authenticator,
            clock,
            public_url: oidc.public_url.clone(),
            places: Semaphore::new(AT_ONCE),
        }))))
    }

    /// Looks for the provider, so that the log says at once if it is not there. The server starts all the same.
    pub(crate) async fn look(self) {
        let Some(desk) = self.0 else { return };
        match desk.provider.metadata().await {
            Ok(_) => tracing::info!(issuer = desk.provider.issuer(), "people sign in at the identity provider"),
            Err(why) => {
                tracing::warn!(issuer = desk.provider.issuer(), why, "the identity provider cannot be used now");
            }
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, step: Step, query: &str, headers: &HeaderMap) -> Told {
        let Some(desk) = &self.0 else {
            let response = match step {
                Step::About => console::json("{}".to_owned()),
                Step::Begin | Step::Finish => console::not_found(),
            };
            return Told { response, is_guess: false };
        };
        match step {
            Step::About => {
                let url = format!("{}signin", desk.public_url);
                Told { response: console::json(serde_json::json!({ "url": url }).to_string()), is_guess: false }
            }
            Step::Begin => desk.begin().await.unwrap_or_else(|refusal| refused("./", &refusal)),
            Step::Finish => desk.finish(query, headers).await,
        }
    }
}

impl Told {
    /// To those from whose address too many guesses came: nobody is asked whether this is another one.
    pub(crate) fn too_many() -> Self {
        Self {
            is_guess: false,
            ..refused("../", &Refusal::Unavailable("too many sign-ins from one address".to_owned()))
        }
    }
}

/// Back to the console's first page, which says why; `base` is where that lies from here.
fn refused(base: &str, refusal: &Refusal) -> Told {
    refusal.log();
    let is_guess = matches!(refusal, Refusal::Unverified(_));
    Told { response: console::redirect(&format!("{base}#refused={}", refusal.name())), is_guess }
}

impl Desk {
    async fn begin(&self) -> Result<Told, Refusal> {
        let _place = self.place()?;
        let metadata = self.in_time(self.provider.metadata()).await?.map_err(Refusal::Unavailable)?;
        let flow = Flow::begin(self.clock.now_micros());
        let cookie = self.cookie.seal(&flow).map_err(|error| Refusal::Unavailable(error.to_string()))?;
        let mut response = console::redirect(&self.provider.authorization_url(&metadata, &flow));
        set(&mut response, &cookie);
        Ok(Told { response, is_guess: false })
    }

    async fn finish(&self, query: &str, headers: &HeaderMap) -> Told {
        let begun = Answer::read(query).ok_or(Refusal::Expired("no answer of a provider")).and_then(|answer| {
            let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
            let flow = self.cookie.open(cookies, &answer.state, self.clock.now_micros());
            flow.map(|flow| (answer, flow)).map_err(Refusal::Expired)
        });
        let (answer, flow) = match begun {
            Ok(begun) => begun,
            // Another sign-in that this browser began is left alone: anybody can lead it here.
            Err(refusal) => return refused("../", &refusal),
        };
        let mut told = match self.link(answer, &flow).await {
            Ok(link) => Told { response: console::redirect(&format!("../#link={link}")), is_guess: false },
            Err(refusal) => refused("../", &refusal),
        };
        set(&mut told.response, &self.cookie.forgotten());
        told
    }

    /// The link for whom the provider says it is.
    async fn link(&self, answer: Answer, flow: &Flow) -> Result<String, Refusal> {
        let _place = self.place()?;
        let claims = self.in_time(self.provider.claims(answer, flow, &self.mapping, &self.clock)).await??;
        let person = self.mapping.person(&claims).map_err(Refusal::Account)?;
        let whom = (person.role, person.subject.as_str(), person.teams.as_slice());
        // By the flow's id, so that a flow becomes one session at most, on whichever server and however often it comes
        // back.
        let link = self.authenticator.sign_for(Purpose::Link(flow.id), whom, LINK_LIFE);
        link.map_err(|error| Refusal::Account(format!("{error:#}")))
    }

    fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Refusal> {
        let busy = |_| Refusal::Unavailable(format!("{AT_ONCE} sign-ins wait for the provider"));
        self.places.try_acquire().map_err(busy)
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        let late = |_| Refusal::Unavailable(format!("the provider took longer than {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, work).await.map_err(late)
    }
}

fn set(response: &mut Response<Bytes>, cookie: &str) {
    // Made of base64 and names of ours, so that it is a value in any case.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
