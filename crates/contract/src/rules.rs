//! The checks behind the contract's field rules, called by generated code; and what texts may hold anywhere.
//!
//! A path is built only when a rule is broken, so that a good message costs no allocation.

use std::{collections::BTreeMap, fmt};

use prost_types::{Duration, FieldMask, Timestamp};

use crate::{
    printable::is_printable,
    refusal::{Reason, Violation},
};

/// A message whose fields have limits.
pub trait Check {
    /// The method's handler checks the whole message, since rules that no annotation states are to be named in the same
    /// answer.
    const LEFT_TO_HANDLER: bool = false;

    /// Adds every broken rule to `found`.
    fn check(&self, at: &At<'_>, found: &mut Violations);
}

/// All that is wrong with a message.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Checks a whole message.
    pub fn of(message: &impl Check) -> Vec<Violation> {
        let mut found = Self::default();
        message.check(&At::Root, &mut found);
        found.0
    }

    /// Adds one; `rule` completes "the field ...".
    pub fn add(&mut self, at: &At<'_>, reason: Reason, rule: impl Into<String>) {
        self.0.push(Violation { field: at.to_string(), reason, rule: rule.into() });
    }

    /// What was found.
    pub fn into_vec(self) -> Vec<Violation> {
        self.0
    }
}

/// Where in a message a check stands.
#[derive(Clone, Copy)]
pub enum At<'a> {
    /// The message itself.
    Root,
    /// A field by name.
    Field(&'a At<'a>, &'static str),
    /// An item of a list, from 0.
    Item(&'a At<'a>, usize),
    /// A map's entry.
    Key(&'a At<'a>, &'a str),
}

impl<'a> At<'a> {
    /// A field of this place.
    pub fn field(&'a self, name: &'static str) -> At<'a> {
        At::Field(self, name)
    }

    /// An item of this list.
    pub fn item(&'a self, index: usize) -> At<'a> {
        At::Item(self, index)
    }

    /// An entry of this map.
    pub fn key(&'a self, key: &'a str) -> At<'a> {
        At::Key(self, key)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root => Ok(()),
            At::Field(At::Root, name) => out.write_str(name),
            At::Field(parent, name) => write!(out, "{parent}.{name}"),
            At::Item(parent, index) => write!(out, "{parent}[{index}]"),
            // The key is the caller's own text and may be anything, so it is shown escaped and short.
            At::Key(parent, key) => {
                write!(out, "{parent}[\"{}\"]", key.escape_debug().take(40).collect::<String>())
            }
        }
    }
}

/// Limits of a text; lengths in Unicode code points.
#[derive(Clone, Copy)]
pub struct Text {
    /// Must not be empty.
    pub required: bool,
    /// At least so long, unless empty and not required.
    pub min: usize,
    /// At most so long.
    pub max: usize,
    /// What may stand in it.
    pub form: Form,
}

/// What may stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A UUID, unless empty and not required.
    Uuid,
    /// One line that reads as what it is: ids, names, keys. The form of every text that does not say otherwise.
    Line,
    /// What people write, in several lines.
    Free,
}

impl Text {
    /// A UUID in its hyphenated form.
    pub const fn uuid(required: bool) -> Self {
        Self { required, min: 0, max: 36, form: Form::Uuid }
    }
}

/// Checks a text: length, form, and characters that no text may hold.
pub fn text(value: &str, limits: Text, at: &At<'_>, found: &mut Violations) {
    if value.is_empty() {
        if limits.required {
            found.add(at, Reason::FieldRequired, "must not be empty");
        }
        return;
    }
    let forbidden = match limits.form {
        Form::Free => forbidden_character(value),
        Form::Line | Form::Uuid => forbidden_in_line(value),
    };
    if let Some(bad) = forbidden {
        found.add(at, Reason::ForbiddenCharacter, format!("must not hold U+{:04X}", u32::from(bad)));
    }
    match limits.form {
        Form::Uuid => {
            if uuid::Uuid::try_parse(value).is_err() {
                found.add(at, Reason::Malformed, "must be a UUID");
            }
            return;
        }
        Form::Line if value.trim().len() != value.len() => {
            found.add(at, Reason::Malformed, "must not begin or end with a blank");
        }
        Form::Line | Form::Free => {}
    }
    // A text has at most as many characters as bytes: counting is rarely needed.
    if value.len() > limits.max || limits.min > 1 {
        let length = value.chars().count();
        if length > limits.max || length < limits.min {
            let rule = format!("must have {} to {} characters, has {length}", limits.min.max(1), limits.max);
            found.add(at, Reason::LengthOutOfRange, rule);
        }
    }
}

/// The first character that no text may hold: controls other than tab and line ends, and Unicode's Bidi_Control
/// characters, which can make a text read differently from what it is.
pub fn forbidden_character(text: &str) -> Option<char> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return None;
    }
    text.chars().find(|character| match character {
        '\t' | '\n' | '\r' => false,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    })
}

/// The first character that no id, name or key may hold, since by what shows as nothing two ids would look the same: what
/// cannot be printed, and the rest of Unicode's general category Cf.
pub fn forbidden_in_line(text: &str) -> Option<char> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return None;
    }
    text.chars().find(|character| match character {
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}' => true,
        '\u{180E}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' => true,
        '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' => true,
        other => !is_printable(*other),
    })
}

/// Checks the size of a byte string.
pub fn bytes(value: &[u8], required: bool, max: usize, at: &At<'_>, found: &mut Violations) {
    if required && value.is_empty() {
        found.add(at, Reason::FieldRequired, "must not be empty");
    } else if value.len() > max {
        found.add(at, Reason::LengthOutOfRange, format!("must have at most {max} bytes, has {}", value.len()));
    }
}

/// Checks an integer's range.
pub fn integer(value: i64, gte: i64, lte: i64, at: &At<'_>, found: &mut Violations) {
    if !(gte..=lte).contains(&value) {
        found.add(at, Reason::ValueOutOfRange, format!("must be {gte} to {lte}, is {value}"));
    }
}

/// Checks a number's range; NaN is in no range.
pub fn number(value: f64, gte: f64, lte: f64, at: &At<'_>, found: &mut Violations) {
    if !(gte..=lte).contains(&value) {
        found.add(at, Reason::ValueOutOfRange, format!("must be {gte} to {lte}, is {value}"));
    }
}

/// Checks that this server knows the enum value.
pub fn enumeration<E: TryFrom<i32>>(value: i32, required: bool, at: &At<'_>, found: &mut Violations) {
    if required && value == 0 {
        found.add(at, Reason::FieldRequired, "must be set");
    } else if E::try_from(value).is_err() {
        found.add(at, Reason::UnknownEnumValue, format!("has value {value}, which this server does not know"));
    }
}

/// Checks that a message is set.
pub fn present(set: bool, at: &At<'_>, found: &mut Violations) {
    if !set {
        found.add(at, Reason::FieldRequired, "must be set");
    }
}

/// Checks how many items a list has.
pub fn count(items: usize, min: usize, max: usize, at: &At<'_>, found: &mut Violations) {
    if !(min..=max).contains(&items) {
        found.add(at, Reason::CountOutOfRange, format!("must have {min} to {max} items, has {items}"));
    }
}

/// Checks a map of texts.
pub fn map(
    entries: &BTreeMap<String, String>,
    max: usize,
    keys: Text,
    values: Text,
    at: &At<'_>,
    found: &mut Violations,
) {
    count(entries.len(), 0, max, at, found);
    for (key, value) in entries {
        let at = at.key(key);
        text(key, Text { required: true, ..keys }, &at, found);
        text(value, values, &at, found);
    }
}

/// Checks that an instant is one that protobuf allows: year 1 to 9999, nanoseconds 0 to 999,999,999.
pub fn timestamp(value: &Timestamp, at: &At<'_>, found: &mut Violations) {
    const YEAR_1: i64 = -62_135_596_800;
    const YEAR_10000: i64 = 253_402_300_800;
    if !(YEAR_1..YEAR_10000).contains(&value.seconds) || !(0..1_000_000_000).contains(&value.nanos) {
        found.add(at, Reason::ValueOutOfRange, "must be an instant of the years 1 to 9999");
    }
}

/// Checks a duration's range in seconds.
pub fn duration(value: &Duration, gte: i64, lte: i64, at: &At<'_>, found: &mut Violations) {
    let nanos = i128::from(value.seconds) * 1_000_000_000 + i128::from(value.nanos);
    if nanos < i128::from(gte) * 1_000_000_000 || nanos > i128::from(lte) * 1_000_000_000 {
        found.add(at, Reason::ValueOutOfRange, format!("must be {gte} s to {lte} s"));
    }
}

/// Checks that a field mask names something, and not absurdly much.
pub fn field_mask(value: &FieldMask, at: &At<'_>, found: &mut Violations) {
    const MAX_PATHS: usize = 64;
    if value.paths.is_empty() || value.paths.len() > MAX_PATHS || value.paths.iter().any(|path| path.len() > 128) {
        found.add(at, Reason::UpdateMaskInvalid, format!("must name 1 to {MAX_PATHS} fields"));
    }
}
