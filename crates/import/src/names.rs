//! Texts as values of a message: enum names, counts, durations.

use prost_types::Duration;

use rapport_contract::{Named, v1};

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
    ($($enumeration:ty),+ $(,)?) => {$(
        impl FromText for $enumeration {
            fn from_text(text: &str) -> Result<Self, String> {
                named(text)
            }
        }
    )+};
}

fn named<E: Named>(text: &str) -> Result<E, String> {
    E::named(text).ok_or_else(|| {
        let names: Vec<_> = E::VALUES.iter().map(|value| value.plain_name()).collect();
        format!("must be one of {}", names.join(", "))
    })
}

by_name! {
    v1::Channel,
    v1::InteractionKind,
    v1::Direction,
    v1::Outcome,
    v1::Resolution,
    v1::Involvement,
    v1::StaffRole,
    v1::StaffState,
    v1::TeamState,
    v1::CustomerStanding,
    v1::ContactKind,
    v1::Consent,
    v1::UpsertMode,
    v1::Attribution,
    v1::ScaleDirection,
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
