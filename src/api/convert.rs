//! Small conversions every service needs: instants, durations, ids, requests.

use prost::Message;
use prost_types::{Duration, Timestamp};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::{
    auth::Caller,
    error::{Error, Result},
    store::request::{self, Request},
};

/// Microseconds since 1970, the finest that is kept.
pub(crate) fn micros(instant: &Timestamp) -> i64 {
    // An instant that no rule allows may be read before the rules speak.
    instant.seconds.saturating_mul(1_000_000).saturating_add(i64::from(instant.nanos) / 1_000)
}

/// An instant from microseconds since 1970.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    let nanos = micros.rem_euclid(1_000_000) * 1_000;
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos: i32::try_from(nanos).unwrap_or_default() }
}

/// Microseconds of a duration.
pub(crate) fn duration_micros(duration: &Duration) -> i64 {
    duration.seconds.saturating_mul(1_000_000).saturating_add(i64::from(duration.nanos) / 1_000)
}

/// A duration of microseconds.
pub(crate) fn duration(micros: i64) -> Duration {
    let nanos = micros % 1_000_000 * 1_000;
    Duration { seconds: micros / 1_000_000, nanos: i32::try_from(nanos).unwrap_or_default() }
}

/// A text in Unicode normalisation form C, so that two spellings of one id are one id.
pub(crate) fn normal(text: String) -> String {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { text.nfc().collect() }
}

/// Like [`normal`]; the empty text is none.
pub(crate) fn optional(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(normal(text)) }
}

/// The caller whom the authentication layer let in.
pub(crate) fn caller<T>(request: &tonic::Request<T>) -> Result<Caller> {
    request.extensions().get::<Caller>().cloned().ok_or(Error::TokenRejected)
}

/// A mutation's identity; `body` is the message with its request id emptied.
pub(crate) fn request(caller: &Caller, method: &'static str, id: String, body: &impl Message) -> Request {
    Request { scope: request_scope(caller), id, method, body_hash: request::hash(&[&body.encode_to_vec()]) }
}

/// Whose request ids these are: applications and administrators act for the organisation and share one space, so that
/// an import repeated under another account still finds what is there.
pub(crate) fn request_scope(caller: &Caller) -> String {
    use crate::api::v1::Role;
    match caller.principal.role {
        Role::App | Role::Admin | Role::Unspecified => "organization".to_owned(),
        Role::Staff | Role::Supervisor | Role::Reviewer => format!("person {}", caller.principal.subject),
        Role::Customer => format!("customer {}", caller.principal.subject),
    }
}
