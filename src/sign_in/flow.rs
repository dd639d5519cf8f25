//! A sign-in under way. The browser keeps it, sealed, in a cookie, so that it may come back to any server that has the
//! same keys; and what the browser does not have, nobody else can bring to an end.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    clock::Micros,
    error::{Error, Result},
    vault::{SealKey, Vault, random},
};

/// How long somebody may take at the provider, in seconds.
const LIFE: i64 = 600;
/// What is sealed here opens for nothing else.
const ABOUT: &[u8] = b"sign-in flow";
/// Longest answer of a provider that is looked at, in bytes.
const LONGEST_ANSWER: usize = 8 * 1024;

/// A sign-in that a browser began.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    /// Becomes the link's.
    pub(super) id: Uuid,
    /// Comes back with the answer, so that it is an answer to this one.
    pub(super) state: String,
    /// Comes back in the ID token, so that it was issued for this one.
    pub(super) nonce: String,
    /// What the code is good for only together with (RFC 7636).
    pub(super) verifier: String,
    /// When it is too late.
    ends_at: Micros,
}

impl Flow {
    pub(super) fn begin(now: Micros) -> Self {
        let chance = || URL_SAFE_NO_PAD.encode(random::<32>());
        let ends_at = now.saturating_add(LIFE * 1_000_000);
        Self { id: Uuid::new_v4(), state: chance(), nonce: chance(), verifier: chance(), ends_at }
    }

    /// What the provider is told of the verifier.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

/// The cookie that holds a flow.
pub(super) struct Cookie {
    keys: Vec<SealKey>,
    name: &'static str,
    attributes: String,
}

impl Cookie {
    pub(super) fn new(vault: &Vault, public_url: &str) -> Self {
        // A name with this prefix is set by this very host over TLS or not at all: not by another host of its domain,
        // which could otherwise have somebody sign in as whom it likes.
        let (name, secure) = if public_url.starts_with("https://") {
            ("__Host-rapport-signin", "; Secure")
        } else {
            ("rapport-signin", "")
        };
        // The provider leads the browser back from another site, hence not Strict.
        let attributes = format!("; Path=/; HttpOnly; SameSite=Lax{secure}");
        Self { keys: vault.token_keys(), name, attributes }
    }

    /// Gives a flow to a browser.
    ///
    /// # Errors
    /// None of a vault that was opened.
    pub(super) fn seal(&self, flow: &Flow) -> Result<String> {
        let text = serde_json::to_vec(flow).map_err(Error::internal)?;
        let key = self.keys.last().ok_or_else(|| Error::internal("no master key"))?;
        let sealed = URL_SAFE_NO_PAD.encode(key.seal(ABOUT, &text)?);
        Ok(format!("{}={sealed}; Max-Age={LIFE}{}", self.name, self.attributes))
    }

    /// Takes it away from a browser.
    pub(super) fn forgotten(&self) -> String {
        format!("{}=; Max-Age=0{}", self.name, self.attributes)
    }

    /// The flow of a state, among what a browser sent.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn open<'a>(
        &self,
        cookies: impl Iterator<Item = &'a str>,
        state: &str,
        now: Micros,
    ) -> Result<Flow, &'static str> {
        let pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut flows = pairs.filter(|(name, _)| *name == self.name).filter_map(|(_, sealed)| self.unseal(sealed));
        let flow = flows.find(|flow| flow.state == state).ok_or("not begun by this browser")?;
        if now < flow.ends_at { Ok(flow) } else { Err("begun too long ago") }
    }

    fn unseal(&self, sealed: &str) -> Option<Flow> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let text = self.keys.iter().rev().find_map(|key| key.open(ABOUT, &sealed).ok())?;
        serde_json::from_slice(&text).ok()
    }
}

/// What the provider sent the browser back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) state: String,
    pub(super) code: Option<String>,
    pub(super) error: Option<String>,
    pub(super) issuer: Option<String>,
}

impl Answer {
    /// Reads a query; none if it is no answer. Of a parameter that comes twice nobody knows which one was meant.
    pub(super) fn read(query: &str) -> Option<Self> {
        if query.len() > LONGEST_ANSWER {
            return None;
        }
        let (mut answer, mut state) = (Self::default(), None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "state" => &mut state,
                "code" => &mut answer.code,
                "error" => &mut answer.error,
                "iss" => &mut answer.issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self { state: state?, ..answer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_772_323_200_000_000;

    fn cookie(public_url: &str) -> Cookie {
        let directory = tempfile::tempdir().unwrap();
        Cookie::new(&Vault::open(None, directory.path()).unwrap(), public_url)
    }

    #[test]
    fn a_flow_comes_back_in_time_and_with_its_own_state() {
        let cookie = cookie("https://desk.example/");
        let (flow, other) = (Flow::begin(NOW), Flow::begin(NOW));
        let pair = |flow: &Flow| cookie.seal(flow).unwrap().split(';').next().unwrap().to_owned();
        let open = |header: &str, state: &str, now| cookie.open([header].into_iter(), state, now).map(|flow| flow.id);
        let mine = pair(&flow);
        assert_eq!(open(&mine, &flow.state, NOW), Ok(flow.id));
        // Another of the same name is passed over.
        assert_eq!(open(&format!("a=b; {}; {mine}", pair(&other)), &flow.state, NOW), Ok(flow.id));
        assert_eq!(open(&mine, &flow.state, NOW + 599_999_999), Ok(flow.id));
        assert_eq!(open(&mine, &flow.state, NOW + 600_000_000), Err("begun too long ago"));
        for header in ["", "a=b", "__Host-rapport-signin=", &pair(&other), &mine.replace("__Host-", "")] {
            assert_eq!(open(header, &flow.state, NOW), Err("not begun by this browser"), "{header}");
        }
        // By another server's keys.
        let foreign = self::cookie("https://desk.example/");
        assert!(foreign.open([mine.as_str()].into_iter(), &flow.state, NOW).is_err());
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_from_plain_text() {
        let flow = Flow::begin(NOW);
        let (safe, here) = (cookie("https://desk.example/"), cookie("http://127.0.0.1:50051/"));
        for text in [safe.seal(&flow).unwrap(), safe.forgotten()] {
            assert!(text.starts_with("__Host-rapport-signin="), "{text}");
            assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{text}");
        }
        let text = here.seal(&flow).unwrap();
        assert!(text.starts_with("rapport-signin=") && text.contains("; Max-Age=600") && !text.contains("Secure"));
        assert!(![&flow.state, &flow.nonce, &flow.verifier].iter().any(|part| text.contains(part.as_str())));
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let flow = Flow { verifier, ..Flow::begin(NOW) };
        assert_eq!(flow.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_answer_says_each_thing_once() {
        let read = |query: &str| Answer::read(query);
        let answer = read("code=a%2Bb&state=s&iss=https%3A%2F%2Flogin.example&session_state=x").unwrap();
        assert_eq!((answer.state.as_str(), answer.code.as_deref()), ("s", Some("a+b")));
        assert_eq!((answer.issuer.as_deref(), answer.error), (Some("https://login.example"), None));
        for bad in ["", "code=a", "state=s&state=s", "state=s&code=a&code=b", &format!("state={}", "s".repeat(9_000))] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
