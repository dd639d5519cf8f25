//! What an identity provider says of somebody who signed in: the checks of OpenID Connect Core 1.0, 3.1.3.7. Pure.
//!
//! Such a token opens no method. It comes from the provider itself, over TLS, and its signature is looked at all the
//! same.

use serde::Deserialize;
use serde_json::Value;

use super::{
    keys::Keys,
    token::{Audience, Parts, Refusal, Times, judge},
};

/// An ID token whose signature nobody has looked at yet.
pub(crate) struct IdToken<'a>(Parts<'a>);

/// Of which sign-in it must be.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
}

impl<'a> IdToken<'a> {
    /// Takes one apart.
    pub(crate) fn read(token: &'a str) -> Result<Self, Refusal> {
        // No access token, which another application may have been given.
        Parts::read(token, &["jwt"]).map(Self)
    }

    /// Whether the key that signed it is among these.
    pub(crate) fn is_signed_by_one_of(&self, keys: &Keys) -> bool {
        keys.verifier(self.0.key_id()).is_some()
    }

    /// All that it claims, if it is of this very sign-in.
    pub(crate) fn verify(&self, keys: &Keys, expected: &Expected<'_>, now: i64) -> Result<Value, Refusal> {
        let all: Value = self.0.claims(keys)?;
        let claims = Claims::deserialize(&all).map_err(|_| "malformed claims")?;
        if claims.iss != expected.issuer {
            return Err("another issuer");
        }
        let audience = claims.aud.all();
        let is_ours = |party: &String| party == expected.client_id;
        // With several audiences it says to which of them it was issued; where it says that, it is to be us.
        let is_issued_to_us = claims.azp.as_ref().map_or(audience.len() == 1, is_ours);
        if !audience.iter().any(is_ours) || !is_issued_to_us {
            return Err("another audience");
        }
        let Times { begins_micros, expires_micros, .. } = Times::read(claims.iat, claims.nbf, claims.exp)?;
        judge(begins_micros, expires_micros, now)?;
        if claims.nonce.as_deref() != Some(expected.nonce) {
            return Err("another nonce");
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::token::tests::{NOW, SECRET, forge};

    const SECONDS: i64 = NOW / 1_000_000;

    fn claims() -> Value {
        json!({
            "iss": "https://login.example", "aud": "rapport", "sub": "s-1", "nonce": "n-1",
            "iat": SECONDS, "exp": SECONDS + 60, "groups": ["desk"],
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    /// The checks of the claims are the same whatever the key; that of a provider is never a shared secret.
    fn judge(header: &Value, claims: &Value) -> Result<Value, Refusal> {
        let keys = Keys::from_secrets(SECRET).unwrap();
        let expected = Expected { issuer: "https://login.example", client_id: "rapport", nonce: "n-1" };
        IdToken::read(&forge(header, claims))?.verify(&keys, &expected, NOW)
    }

    #[test]
    fn claims_are_those_of_this_sign_in_or_refused() {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let cases = [
            (claims(), Ok(())),
            (with("iss", json!("https://login.example/")), Err("another issuer")),
            (with("aud", json!("another")), Err("another audience")),
            (with("aud", json!([])), Err("another audience")),
            (with("aud", json!(["rapport"])), Ok(())),
            (with("aud", json!(["rapport", "another"])), Err("another audience")),
            (with("azp", json!("rapport")), Ok(())),
            (with("azp", json!("another")), Err("another audience")),
            (with("nonce", json!("n-2")), Err("another nonce")),
            (with("nonce", json!(null)), Err("another nonce")),
            (with("exp", json!(SECONDS - 5)), Err("expired")),
            (with("exp", json!(SECONDS - 4)), Ok(())),
            (with("iat", json!(SECONDS + 6)), Err("not valid yet")),
            (with("nbf", json!(SECONDS + 6)), Err("not valid yet")),
            (with("exp", json!("soon")), Err("malformed claims")),
            (json!({}), Err("malformed claims")),
        ];
        for (claims, expected) in cases {
            assert_eq!(judge(&header, &claims).map(|_| ()), expected, "{claims}");
        }
        let mut several = with("aud", json!(["another", "rapport"]));
        several["azp"] = json!("rapport");
        assert_eq!(judge(&header, &several).unwrap()["groups"], json!(["desk"]));
    }

    #[test]
    fn it_is_an_id_token_or_does_not_say_what_it_is() {
        let of = |header: Value| judge(&header, &claims()).map(|_| ());
        assert_eq!(of(json!({"alg": "HS256"})), Ok(()));
        assert_eq!(of(json!({"alg": "HS256", "typ": "at+jwt"})), Err("another type of token"));
        assert_eq!(of(json!({"alg": "none"})), Err("malformed header"));
        assert_eq!(of(json!({"alg": "HS256", "kid": "nobody"})), Err("unknown key"));
        assert_eq!(of(json!({"alg": "ES256"})), Err("not the key's algorithm"));
        assert_eq!(of(json!({"alg": "HS256", "crit": ["b64"]})), Err("critical header"));
    }
}
