//! Texts as values of a message: enum names, counts, durations.

use prost_types::Duration;

use super::{
    duration::{self, Form, SECOND},
    number::{Decimal, Mark},
    section::Section,
};
use rapport_contract::{Named, v1};

/// A value that can be written as a text in a mapping or a cell.
pub trait FromText: Clone + Send + Sync + 'static {
    /// What a rule may say about how its texts are read.
    type How: std::fmt::Debug + Clone + Send + Sync;

    /// How the rule's texts are read; `mark` is that of the file's numbers.
    fn how(section: &Section<'_>, mark: Mark) -> Self::How;

    /// The value, or what the text should have been; completes "the text ...".
    fn from_text(text: &str, how: &Self::How) -> Result<Self, String>;

    /// The value of a text of the mapping itself.
    fn from_mapping(text: &str) -> Result<Self, String>;
}

impl FromText for String {
    type How = ();

    fn how(_: &Section<'_>, _: Mark) {}

    fn from_text(text: &str, (): &()) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn from_mapping(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl FromText for i32 {
    type How = Mark;

    fn how(_: &Section<'_>, mark: Mark) -> Mark {
        mark
    }

    fn from_text(text: &str, mark: &Mark) -> Result<Self, String> {
        let wanted = "must be a whole number";
        let number = Decimal::read(text, *mark).map_err(|why| match why.as_str() {
            "is not a number" => wanted.to_owned(),
            why => format!("{wanted}; it {why}"),
        })?;
        number.whole().and_then(|whole| whole.try_into().ok()).ok_or_else(|| wanted.to_owned())
    }

    fn from_mapping(text: &str) -> Result<Self, String> {
        Self::from_text(text, &Mark::Point)
    }
}

/// Forms of durations, and the mark of their numbers.
#[derive(Debug, Clone)]
pub struct Durations {
    forms: Vec<Form>,
    mark: Mark,
}

impl Durations {
    /// The forms under `format` of a rule.
    pub fn of(section: &Section<'_>, mark: Mark) -> Self {
        let names = section.texts("format");
        let forms = names.iter().filter_map(|name| {
            let form = Form::named(name);
            if form.is_none() {
                section.problem("format", format!("{name:?} is no form of durations; there are {}", duration::FORMS));
            }
            form
        });
        let forms: Vec<_> = forms.collect();
        Self { forms: if forms.is_empty() { duration::DEFAULT.to_vec() } else { forms }, mark }
    }

    /// Nanoseconds.
    pub fn read(&self, text: &str) -> Result<i128, String> {
        duration::read(&self.forms, self.mark, text)
    }
}

impl FromText for Duration {
    type How = Durations;

    fn how(section: &Section<'_>, mark: Mark) -> Durations {
        Durations::of(section, mark)
    }

    fn from_text(text: &str, how: &Durations) -> Result<Self, String> {
        message(how.read(text)?)
    }

    fn from_mapping(text: &str) -> Result<Self, String> {
        message(duration::read(&duration::DEFAULT, Mark::Point, text)?)
    }
}

fn message(nanos: i128) -> Result<Duration, String> {
    let seconds = i64::try_from(nanos / SECOND).ok().filter(|seconds| *seconds <= MAX_SECONDS);
    let nanos = i32::try_from(nanos % SECOND).unwrap_or_default();
    seconds.map(|seconds| Duration { seconds, nanos }).ok_or_else(|| "is longer than any duration".to_owned())
}

/// What protobuf allows: about 10,000 years.
const MAX_SECONDS: i64 = 315_576_000_000;

macro_rules! by_name {
    ($($enumeration:ty),+ $(,)?) => {$(
        impl FromText for $enumeration {
            type How = ();

            fn how(_: &Section<'_>, _: Mark) {}

            fn from_text(text: &str, (): &()) -> Result<Self, String> {
                named(text)
            }

            fn from_mapping(text: &str) -> Result<Self, String> {
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
        assert_eq!(v1::Channel::from_mapping("inbound_call"), Ok(v1::Channel::InboundCall));
        assert_eq!(v1::UpsertMode::from_mapping("replace"), Ok(v1::UpsertMode::Replace));
        let wrong = v1::UpsertMode::from_mapping("unspecified");
        assert_eq!(wrong, Err("must be one of replace, create_only, merge".to_owned()));
    }

    #[test]
    fn whole_numbers_as_programs_write_them() {
        let number = |text| i32::from_text(text, &Mark::Point);
        assert_eq!((number("5"), number("5.0"), number("-2")), (Ok(5), Ok(5), Ok(-2)));
        assert_eq!(number("5.5"), Err("must be a whole number".to_owned()));
        assert_eq!(number("99999999999"), Err("must be a whole number".to_owned()));
        assert!(number("$5").unwrap_err().contains("money") && number("1,234").unwrap_err().contains("decimal"));
    }

    #[test]
    fn durations_in_both_forms() {
        let duration = |text| Duration::from_mapping(text).map(|value| (value.seconds, value.nanos));
        assert_eq!(duration("90"), Ok((90, 0)));
        assert_eq!(duration("0.25"), Ok((0, 250_000_000)));
        assert_eq!(duration("1:02:03"), Ok((3723, 0)));
        for wrong in ["", "-5", "1:2:3", "1:60:00", "12:34", "x", "NaN", ":01:02", "999999999999999", "1:02:03:04"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
