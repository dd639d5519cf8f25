//! Small conversions every service needs: instants, durations, texts.

use prost_types::{Duration, Timestamp};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Microseconds since 1970, the finest that is kept.
pub fn micros(instant: &Timestamp) -> i64 {
    // An instant that no rule allows may be read before the rules speak.
    instant.seconds.saturating_mul(1_000_000).saturating_add(i64::from(instant.nanos) / 1_000)
}

/// An instant from microseconds since 1970.
pub fn timestamp(micros: i64) -> Timestamp {
    let nanos = micros.rem_euclid(1_000_000) * 1_000;
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos: i32::try_from(nanos).unwrap_or_default() }
}

/// Microseconds of a duration.
pub fn duration_micros(duration: &Duration) -> i64 {
    duration.seconds.saturating_mul(1_000_000).saturating_add(i64::from(duration.nanos) / 1_000)
}

/// A duration of microseconds.
pub fn duration(micros: i64) -> Duration {
    let nanos = micros % 1_000_000 * 1_000;
    Duration { seconds: micros / 1_000_000, nanos: i32::try_from(nanos).unwrap_or_default() }
}

/// A text in Unicode normalisation form C, so that two spellings of one id are one id.
pub fn normal(text: String) -> String {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { text.nfc().collect() }
}

/// Like [`normal`]; the empty text is none.
pub fn optional(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(normal(text)) }
}
