//! Texts as values of a message: enum names, counts, durations.

use prost_types::Duration;

use crate::api::{convert::enum_values, plain_name, v1};

/// A value that can be written as a text in a mapping or a cell.
pub trait FromText: Clone {
    /// The value, or what the text should have been; completes "the text ...".
    fn from_text(text: &str) -> Result<Self, String>;
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl FromText for i32 {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be a whole number".to_owned())
    }
}

impl FromText for Duration {
    fn from_text(text: &str) -> Result<Self, String> {
        let nanos = match text.split_once(':') {
            None => decimal_nanos(text),
            Some((hours, rest)) => clock_nanos(hours, rest),
        };
        let nanos = nanos.ok_or("must be seconds or h:mm:ss")?;
        // Both parts fit: decimal_nanos and clock_nanos are bounded far below.
        Ok(Duration { seconds: nanos / NANOS, nanos: i32::try_from(nanos % NANOS).unwrap_or_default() })
    }
}

const NANOS: i64 = 1_000_000_000;

/// Decimal text to nanoseconds without passing through floating point; at most 9 digits before and after the point.
fn decimal_nanos(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    Some(seconds * NANOS + nanos)
}

fn clock_nanos(hours: &str, rest: &str) -> Option<i64> {
    let (minutes, seconds) = rest.split_once(':')?;
    let below_60 = |part: &str| part.len() == 2 && part.parse::<u8>().is_ok_and(|number| number < 60);
    if !below_60(minutes) || !below_60(seconds) || hours.len() > 4 {
        return None;
    }
    let minutes = decimal_nanos(hours)?.checked_mul(60)? + decimal_nanos(minutes)?;
    Some(minutes.checked_mul(60)? + decimal_nanos(seconds)?)
}

macro_rules! by_name {
    ($($enumeration:ty: $prefix:literal),+ $(,)?) => {$(
        impl FromText for $enumeration {
            fn from_text(text: &str) -> Result<Self, String> {
                let all = enum_values::<Self>();
                let named: Vec<_> = all.map(|value| (plain_name(value.as_str_name(), $prefix), value)).collect();
                let found = named.iter().find(|(name, _)| name == text);
                found.map(|(_, value)| *value).ok_or_else(|| {
                    let names: Vec<_> = named.iter().map(|(name, _)| name.as_str()).collect();
                    format!("must be one of {}", names.join(", "))
                })
            }
        }
    )+};
}

by_name! {
    v1::Channel: "CHANNEL",
    v1::InteractionKind: "INTERACTION_KIND",
    v1::Direction: "DIRECTION",
    v1::Outcome: "OUTCOME",
    v1::Resolution: "RESOLUTION",
    v1::Involvement: "INVOLVEMENT",
    v1::StaffRole: "STAFF_ROLE",
    v1::StaffState: "STAFF_STATE",
    v1::TeamState: "TEAM_STATE",
    v1::CustomerStanding: "CUSTOMER_STANDING",
    v1::ContactKind: "CONTACT_KIND",
    v1::Consent: "CONSENT",
    v1::UpsertMode: "UPSERT_MODE",
    v1::Attribution: "ATTRIBUTION",
    v1::ScaleDirection: "SCALE_DIRECTION",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_by_their_plain_names() {
        assert_eq!(v1::Channel::from_text("inbound_call"), Ok(v1::Channel::InboundCall));
        assert_eq!(v1::UpsertMode::from_text("replace"), Ok(v1::UpsertMode::Replace));
        let wrong = v1::UpsertMode::from_text("unspecified");
        assert_eq!(wrong, Err("must be one of replace, create_only, merge".to_owned()));
    }

    #[test]
    fn durations_in_both_forms() {
        let duration = |text| Duration::from_text(text).map(|value| (value.seconds, value.nanos));
        assert_eq!(duration("90"), Ok((90, 0)));
        assert_eq!(duration("0.25"), Ok((0, 250_000_000)));
        assert_eq!(duration("1:02:03"), Ok((3723, 0)));
        for wrong in ["", "-5", "1:2:3", "1:60:00", "12:34", "x", "1e3", "NaN", ":01:02", "9999999999", "1:02:03:04"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
