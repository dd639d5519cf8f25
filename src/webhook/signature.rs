//! Signatures as Standard Webhooks has them (<https://www.standardwebhooks.com>): HMAC-SHA-256 over id, time and body. Pure.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes that a secret may have.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// What server and receiver share.
#[derive(Clone)]
pub(super) struct SharedSecret(hmac::Key);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SharedSecret(…)")
    }
}

impl SharedSecret {
    /// Reads `whsec_` and base64.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        LENGTH.contains(&bytes.len()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

/// The header `webhook-signature`: one signature by each secret, so that a receiver may know the old or the new one. `at`: seconds
/// since 1970, as in `webhook-timestamp`.
pub(super) fn signatures(secrets: &[SharedSecret], id: &str, at: i64, body: &[u8]) -> String {
    let text = [format!("{id}.{at}.").as_bytes(), body].concat();
    let sign = |secret: &SharedSecret| format!("v1,{}", STANDARD.encode(hmac::sign(&secret.0, &text)));
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That of the libraries of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_vector_of_the_specification_is_signed_alike() {
        let secret = SharedSecret::read(SECRET).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let of = |secrets: &[SharedSecret]| signatures(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(of(std::slice::from_ref(&secret)), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = of(&[SharedSecret::read(&format!("{PREFIX}{}", STANDARD.encode([7; 32]))).unwrap(), secret]);
        assert!(both.starts_with("v1,") && both.ends_with(" v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn what_is_no_secret_is_not_taken() {
        let of = |bytes: &[u8]| format!("{PREFIX}{}", STANDARD.encode(bytes));
        for wrong in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_***", &of(&[1; 23]), &of(&[1; 65])] {
            assert!(SharedSecret::read(wrong).is_none(), "{wrong}");
        }
        assert!(SharedSecret::read(&of(&[1; 24])).is_some() && SharedSecret::read(&of(&[1; 64])).is_some());
        assert_eq!(format!("{:?}", SharedSecret::read(SECRET).unwrap()), "SharedSecret(…)");
    }
}
