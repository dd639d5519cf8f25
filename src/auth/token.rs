//! What a token must be: signature, header and claims, checked against a reading of the clock. Pure.
//!
//! `jsonwebtoken` does the cryptography; the checks are here, since its own read the machine's clock, and let a token
//! pass that lacks the issuer or the audience.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, crypto};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    Principal, Purpose,
    keys::{DEFAULT_ID, Keys},
    policy::policy,
    role_name, role_named,
};
use crate::{
    api::{rules::forbidden_in_line, v1::Role},
    clock,
};

/// Longest token that is looked at.
pub(crate) const MAX_BYTES: usize = 8 * 1024;
/// Most teams in a token.
const MAX_TEAMS: usize = 64;
/// Longest subject and team id, in characters; the contract's limit for ids.
const MAX_ID_CHARS: usize = 128;
/// Longest life of a link: used ones are remembered for a day.
const LONGEST_LINK: Duration = Duration::from_secs(3_600);
/// How far the clocks of issuer and server may differ.
const LEEWAY_MICROS: i64 = 5_000_000;
/// First second of the year 1.
const START_OF_TIME: f64 = -62_135_596_800.0;
/// First second of the year 10000, beyond which an instant is a mistake, such as milliseconds.
const END_OF_TIME: f64 = 253_402_300_800.0;

/// What tokens of this organisation look like.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// For people.
    pub(crate) max_lifetime: Duration,
    /// For applications.
    pub(crate) max_service_lifetime: Duration,
}

/// Why a token was refused: for the log of the server, never for the caller, who would learn what to try next.
pub(crate) type Refusal = &'static str;

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    // Whatever it lists, we do not understand it. Key references (jku, jwk, x5u, x5c) are not even read.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    role: String,
    #[serde(default)]
    teams: Vec<String>,
    rapport_use: Option<String>,
}

/// For whom a token is.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(audience) => std::slice::from_ref(audience),
            Self::Several(audiences) => audiences,
        }
    }
}

/// A token taken apart. Nothing of its claims is looked at before the signature proved good.
pub(super) struct Parts<'a> {
    header: Header,
    message: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes apart a token of one of some types (`typ`, in lower case); one that does not say its type is of any.
    pub(super) fn read(token: &'a str, types: &[&str]) -> Result<Self, Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or("not three parts")?;
        let (header, claims) = message.split_once('.').ok_or("not three parts")?;
        let header: Header = part(header).ok_or("malformed header")?;
        if header.crit {
            return Err("critical header");
        }
        if header.typ.as_ref().is_some_and(|typ| !types.contains(&typ.to_ascii_lowercase().as_str())) {
            return Err("another type of token");
        }
        Ok(Self { header, message, claims, signature })
    }

    /// The id of the key that is said to have signed it.
    pub(super) fn key_id(&self) -> &str {
        self.header.kid.as_deref().unwrap_or(DEFAULT_ID)
    }

    /// What it claims, if that key did.
    pub(super) fn claims<T: DeserializeOwned>(&self, keys: &Keys) -> Result<T, Refusal> {
        let key = keys.verifier(self.key_id()).ok_or("unknown key")?;
        if self.header.alg != key.algorithm {
            return Err("not the key's algorithm");
        }
        if !crypto::verify(self.signature, self.message.as_bytes(), &key.key, key.algorithm).unwrap_or(false) {
            return Err("bad signature");
        }
        part(self.claims).ok_or("malformed claims")
    }
}

/// Verifies a token at an instant.
pub(crate) fn verify(token: &str, keys: &Keys, rules: &Rules, now: i64) -> Result<Principal, Refusal> {
    if token.len() > MAX_BYTES {
        return Err("too long");
    }
    Parts::read(token, &["jwt", "at+jwt"])?.claims::<Claims>(keys)?.principal(rules, now)
}

impl Claims {
    fn principal(self, rules: &Rules, now: i64) -> Result<Principal, Refusal> {
        if self.iss != rules.issuer {
            return Err("another issuer");
        }
        if !self.aud.all().contains(&rules.audience) {
            return Err("another audience");
        }
        let role = role_named(&self.role).ok_or("unknown role")?;
        let Times { issued, begins_micros, expires_micros } = Times::read(self.iat, self.nbf, self.exp)?;
        judge(begins_micros, expires_micros, now)?;
        let life = expires_micros - issued;
        let purpose = self.rapport_use.as_deref().map_or(Some(Purpose::Calls), Purpose::of_claim);
        let purpose = purpose.ok_or("unknown use")?;
        if life <= 0 || life > rules.max_lifetime_micros(role, purpose) {
            return Err("lifetime out of range");
        }
        if self.teams.len() > MAX_TEAMS {
            return Err("too many teams");
        }
        let mut teams: Vec<_> = self.teams.iter().map(|team| id(team).ok_or("bad team")).collect::<Result<_, _>>()?;
        teams.sort();
        teams.dedup();
        let subject = id(&self.sub).ok_or("bad subject")?;
        Ok(Principal { subject, role, teams, begins_micros, expires_micros, purpose })
    }
}

/// When a token was issued, and from when until when it is good.
pub(super) struct Times {
    pub(super) issued: i64,
    pub(super) begins_micros: i64,
    pub(super) expires_micros: i64,
}

impl Times {
    pub(super) fn read(iat: f64, nbf: Option<f64>, exp: f64) -> Result<Self, Refusal> {
        let expires_micros = micros(exp).ok_or("impossible expiry")?;
        let issued = micros(iat).ok_or("impossible time of issue")?;
        let begins = nbf.map_or(Some(issued), micros).ok_or("impossible beginning")?;
        Ok(Self { issued, begins_micros: issued.max(begins), expires_micros })
    }
}

/// Whether a token that is good between two instants is good now, as far as the clocks of issuer and server may differ.
pub(super) fn judge(begins_micros: i64, expires_micros: i64, now: i64) -> Result<(), Refusal> {
    if now >= expires_micros.saturating_add(LEEWAY_MICROS) {
        return Err("expired");
    }
    if begins_micros > now.saturating_add(LEEWAY_MICROS) {
        return Err("not valid yet");
    }
    Ok(())
}

impl Principal {
    /// Whether the token that was verified is good at another instant.
    ///
    /// # Errors
    /// As verifying it again would.
    pub(crate) fn still_good(&self, now: i64) -> Result<(), Refusal> {
        judge(self.begins_micros, self.expires_micros, now)
    }
}

impl Rules {
    fn max_lifetime_micros(&self, role: Role, purpose: Purpose) -> i64 {
        let most = if policy(role).has_long_tokens { self.max_service_lifetime } else { self.max_lifetime };
        clock::micros(match purpose {
            Purpose::Calls | Purpose::Renewal(_) | Purpose::Session(_) => most,
            Purpose::Link(_) => most.min(LONGEST_LINK),
        })
    }
}

/// Signs a token that [`verify`] accepts, or says why there can be none.
pub(crate) fn sign(
    (role, subject, teams): (Role, &str, &[String]),
    (purpose, life): (Purpose, Duration),
    keys: &Keys,
    rules: &Rules,
    now: i64,
) -> Result<String> {
    #[derive(Serialize)]
    struct Header<'a> {
        typ: &'a str,
        alg: Algorithm,
        kid: &'a str,
    }
    #[derive(Serialize)]
    struct Claims<'a> {
        iss: &'a str,
        aud: &'a str,
        sub: &'a str,
        role: String,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        teams: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        rapport_use: Option<String>,
        iat: i64,
        exp: i64,
    }

    let signer =
        keys.signer().context("only the identity provider's public keys are configured: it issues the tokens")?;
    let longest = rules.max_lifetime_micros(role, purpose);
    ensure!(life.as_secs() > 0, "a token must live for a second at least");
    ensure!(
        clock::micros(life) <= longest,
        "a token of role {} may live for {} s",
        role_name(role),
        longest / 1_000_000
    );
    let header = Header { typ: "JWT", alg: signer.algorithm, kid: &signer.id };
    let iat = now.div_euclid(1_000_000);
    let claims = Claims {
        iss: &rules.issuer,
        aud: &rules.audience,
        sub: subject,
        role: role_name(role),
        teams,
        rapport_use: purpose.claim(),
        iat,
        exp: iat.saturating_add_unsigned(life.as_secs()),
    };
    let message = format!("{}.{}", encode(&header)?, encode(&claims)?);
    let signature = crypto::sign(message.as_bytes(), &signer.key, signer.algorithm)?;
    let token = format!("{message}.{signature}");
    // So that the two cannot drift apart, and nobody is handed a token that will be refused.
    verify(&token, keys, rules, now).map_err(|why| anyhow!("such a token would be refused: {why}"))?;
    Ok(token)
}

fn encode(part: &impl Serialize) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// RFC 7519 allows fractions of a second.
fn micros(seconds: f64) -> Option<i64> {
    (START_OF_TIME..END_OF_TIME).contains(&seconds).then_some((seconds * 1e6) as i64)
}

/// An id in the form in which the directory keeps it.
fn id(text: &str) -> Option<String> {
    let id: String = text.nfc().collect();
    let fits =
        !id.is_empty() && id.chars().count() <= MAX_ID_CHARS && forbidden_in_line(&id).is_none() && id.trim() == id;
    fits.then_some(id)
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

#[cfg(test)]
pub(crate) mod tests {
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
    /// 2026-03-01T00:00:00Z.
    pub(crate) const NOW: i64 = 1_772_323_200_000_000;
    const NOW_SECONDS: i64 = NOW / 1_000_000;

    fn keys() -> Keys {
        Keys::from_secrets(SECRET).unwrap()
    }

    fn rules() -> Rules {
        Rules {
            issuer: "rapport".to_owned(),
            audience: "rapport".to_owned(),
            max_lifetime: Duration::from_secs(3600),
            max_service_lifetime: Duration::from_secs(86_400),
        }
    }

    fn header() -> Value {
        json!({"alg": "HS256", "typ": "JWT"})
    }

    pub(crate) fn claims() -> Value {
        json!({
            "iss": "rapport", "aud": "rapport", "sub": "s-1", "role": "staff", "teams": ["north"],
            "iat": NOW_SECONDS, "exp": NOW_SECONDS + 600,
        })
    }

    fn with(mut object: Value, name: &str, value: Value) -> Value {
        object[name] = value;
        object
    }

    fn without(mut object: Value, name: &str) -> Value {
        object.as_object_mut().unwrap().remove(name);
        object
    }

    /// A token signed by the right secret, whatever it says.
    pub(crate) fn forge(header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header).unwrap(), encode(claims).unwrap());
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    fn judge(header: &Value, claims: &Value) -> Result<Principal, Refusal> {
        verify(&forge(header, claims), &keys(), &rules(), NOW)
    }

    fn judge_claims(claims: Value) -> Result<Principal, Refusal> {
        judge(&header(), &claims)
    }

    #[test]
    fn a_good_token_names_its_bearer() {
        let principal = judge_claims(claims()).unwrap();
        assert_eq!(principal.subject, "s-1");
        assert_eq!(principal.role, Role::Staff);
        assert_eq!(principal.teams, ["north"]);
        assert_eq!(principal.expires_micros, NOW + 600_000_000);
    }

    #[test]
    fn what_a_token_is_good_for_is_said_in_full_or_not_at_all() {
        let id = "0b0b9c4e-5f4e-4c1d-9c2b-3d1f0a6b7c8d";
        let of = |told: Value| judge_claims(with(claims(), "rapport_use", told)).map(|one| one.purpose);
        let uuid = Uuid::try_parse(id).unwrap();
        for (kind, purpose) in
            [("link", Purpose::Link(uuid)), ("renewal", Purpose::Renewal(uuid)), ("session", Purpose::Session(uuid))]
        {
            assert_eq!(of(json!(format!("{kind} {id}"))), Ok(purpose));
            assert_eq!(purpose.claim(), Some(format!("{kind} {id}")));
        }
        assert_eq!(judge_claims(claims()).unwrap().purpose, Purpose::Calls);
        for unknown in ["", "link", "link ", "calls x", "Link 0b0b9c4e-5f4e-4c1d-9c2b-3d1f0a6b7c8d", "owner x"] {
            assert_eq!(of(json!(unknown)), Err("unknown use"), "{unknown}");
        }
        assert_eq!(of(json!(1)), Err("malformed claims"));
        // Used ones are remembered for a day: none may live for longer.
        let long = Rules { max_lifetime: Duration::from_secs(864_000), ..rules() };
        let days = with(with(claims(), "exp", json!(NOW_SECONDS + 7_200)), "rapport_use", json!(format!("link {id}")));
        assert_eq!(verify(&forge(&header(), &days), &keys(), &long, NOW), Err("lifetime out of range"));
    }

    #[test]
    fn each_required_claim_is_required_and_of_its_type() {
        for name in ["iss", "aud", "sub", "exp", "iat", "role"] {
            assert_eq!(judge_claims(without(claims(), name)), Err("malformed claims"), "{name}");
            for bad in [Value::Null, json!({}), json!(true)] {
                assert_eq!(judge_claims(with(claims(), name, bad.clone())), Err("malformed claims"), "{name} {bad}");
            }
        }
        assert!(judge_claims(without(claims(), "teams")).unwrap().teams.is_empty());
    }

    #[test]
    fn header_and_claims_are_judged() {
        let cases = [
            (with(header(), "crit", json!(["exp"])), claims(), "critical header"),
            (with(header(), "crit", json!(null)), claims(), "critical header"),
            (with(header(), "typ", json!("id+jwt")), claims(), "another type of token"),
            (with(header(), "kid", json!("nobody")), claims(), "unknown key"),
            (with(header(), "alg", json!("none")), claims(), "malformed header"),
            (with(header(), "alg", json!("HS384")), claims(), "not the key's algorithm"),
            (with(header(), "alg", json!("EdDSA")), claims(), "not the key's algorithm"),
            (without(header(), "alg"), claims(), "malformed header"),
            (header(), with(claims(), "iss", json!("another")), "another issuer"),
            (header(), with(claims(), "aud", json!("another")), "another audience"),
            (header(), with(claims(), "aud", json!(["another"])), "another audience"),
            (header(), with(claims(), "aud", json!([])), "another audience"),
            (header(), with(claims(), "role", json!("Staff")), "unknown role"),
            (header(), with(claims(), "role", json!("unspecified")), "unknown role"),
            (header(), with(claims(), "sub", json!("")), "bad subject"),
            (header(), with(claims(), "sub", json!("x".repeat(129))), "bad subject"),
            (header(), with(claims(), "sub", json!("a\u{202e}b")), "bad subject"),
            (header(), with(claims(), "sub", json!("a\0b")), "bad subject"),
            (header(), with(claims(), "teams", json!([""])), "bad team"),
            (header(), with(claims(), "teams", json!(vec!["t"; 65])), "too many teams"),
            (header(), with(claims(), "exp", json!(-1)), "expired"),
            (header(), with(claims(), "exp", json!(NOW)), "impossible expiry"),
            (header(), with(claims(), "iat", json!(1e300)), "impossible time of issue"),
            (header(), with(claims(), "exp", json!(NOW_SECONDS - 5)), "expired"),
            (header(), with(claims(), "iat", json!(NOW_SECONDS + 6)), "not valid yet"),
            (header(), with(claims(), "nbf", json!(NOW_SECONDS + 6)), "not valid yet"),
            (header(), with(claims(), "exp", json!(NOW_SECONDS + 3601)), "lifetime out of range"),
            (header(), with(claims(), "exp", json!(NOW_SECONDS)), "lifetime out of range"),
        ];
        for (header, claims, refusal) in cases {
            assert_eq!(judge(&header, &claims), Err(refusal), "{header} {claims}");
        }
    }

    #[test]
    fn what_the_rules_allow_is_allowed() {
        let longest = with(claims(), "exp", json!(NOW_SECONDS + 3600));
        let service = with(with(claims(), "exp", json!(NOW_SECONDS + 86_400)), "role", json!("app"));
        let cases = [
            (without(header(), "typ"), claims()),
            (with(header(), "typ", json!("at+JWT")), claims()),
            (with(header(), "kid", json!("default")), claims()),
            // A reference to a key of the bearer's own choice changes nothing.
            (with(header(), "jku", json!("https://example.com/keys")), claims()),
            (with(header(), "jwk", json!({"kty": "oct", "k": "AAAA"})), claims()),
            (header(), with(claims(), "aud", json!(["another", "rapport"]))),
            (header(), with(claims(), "sub", json!("x".repeat(128)))),
            (header(), with(claims(), "iat", json!(NOW_SECONDS + 5))),
            (header(), with(claims(), "nbf", json!(NOW_SECONDS as f64 + 4.5))),
            (header(), with(with(claims(), "iat", json!(NOW_SECONDS - 600)), "exp", json!(NOW_SECONDS - 4))),
            (header(), longest),
            (header(), service),
        ];
        for (header, claims) in cases {
            assert!(judge(&header, &claims).is_ok(), "{header} {claims} {:?}", judge(&header, &claims));
        }
    }

    #[test]
    fn ids_are_composed_and_teams_sorted() {
        let claims = with(with(claims(), "sub", json!("Jose\u{301}")), "teams", json!(["b", "a", "b"]));
        let principal = judge_claims(claims).unwrap();
        assert_eq!(principal.subject, "Jos\u{e9}");
        assert_eq!(principal.teams, ["a", "b"]);
    }

    #[test]
    fn a_claim_said_twice_is_malformed() {
        let text = claims().to_string().replacen('{', "{\"role\":\"admin\",", 1);
        let message = format!("{}.{}", encode(&header()).unwrap(), URL_SAFE_NO_PAD.encode(text));
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        let token = format!("{message}.{signature}");
        assert_eq!(verify(&token, &keys(), &rules(), NOW), Err("malformed claims"));
    }

    #[test]
    fn what_is_signed_verifies_and_what_would_not_is_not_signed() {
        let sign = |role, subject: &str, teams: &[String], seconds| {
            sign(
                (role, subject, teams),
                (Purpose::Calls, Duration::from_secs(seconds)),
                &keys(),
                &rules(),
                NOW + 999_999,
            )
        };
        let token = sign(Role::App, "importer", &[], 86_400).unwrap();
        let principal = verify(&token, &keys(), &rules(), NOW).unwrap();
        assert_eq!((principal.role, principal.subject.as_str()), (Role::App, "importer"));

        let long: Vec<_> = (0..64).map(|number| format!("{number:0>128}")).collect();
        let refused = [
            (sign(Role::Staff, "s", &[], 3601), "3600 s"),
            (sign(Role::Staff, "s", &[], 0), "a second"),
            (sign(Role::Staff, "", &[], 60), "bad subject"),
            (sign(Role::Unspecified, "s", &[], 60), "unknown role"),
            (sign(Role::Staff, "s", &long, 60), "too long"),
        ];
        for (outcome, why) in refused {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
