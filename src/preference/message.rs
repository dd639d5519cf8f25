//! Preferences between the contract's messages and the domain's types.

use rapport_brief::Language;

use rapport_identity::NormalForms;

use super::{
    briefing::Wanted,
    known_values,
    profile::{ShownRatings, span},
    segment::{Criterion, Segment},
    store::Statement,
    view::Preference,
};
use crate::{
    api::{
        convert::{duration, normal, timestamp},
        rules::Violations,
        v1::{self, Channel, PreferenceDimension},
    },
    contact::can_reach_by,
    directory::{Party, is_language_tag, service::party},
    error::{Error, Reason, Result, Violation},
};

/// What a criterion asks for where it does not say.
const DEFAULT_SHARE: f64 = 0.5;

/// A value that is said of a dimension, as it is kept; whether a colleague is known is for the directory.
///
/// # Errors
/// [`Reason::UnknownValue`], [`Reason::Malformed`].
pub(super) fn value(dimension: PreferenceDimension, value: String) -> Result<String> {
    let value = normal(value);
    let (is_one, reason, rule) = match dimension {
        PreferenceDimension::Channel | PreferenceDimension::Kind => (
            known_values(dimension).contains(&value),
            Reason::UnknownValue,
            "must be a value of the dimension's enum in lower case without its prefix",
        ),
        PreferenceDimension::Hour => {
            (known_values(dimension).contains(&value), Reason::UnknownValue, "must be an hour from 00 to 23")
        }
        PreferenceDimension::Weekday => (
            known_values(dimension).contains(&value),
            Reason::UnknownValue,
            "must be a weekday from 1, Monday, to 7, Sunday",
        ),
        PreferenceDimension::Language => {
            (is_language_tag(&value), Reason::Malformed, "must be a BCP 47 language tag such as zh-CN")
        }
        PreferenceDimension::Hours => {
            (span(&value).is_some(), Reason::Malformed, "must be two times of day such as 18:00-21:00")
        }
        PreferenceDimension::Unspecified
        | PreferenceDimension::Topic
        | PreferenceDimension::Product
        | PreferenceDimension::Colleague
        | PreferenceDimension::Salutation => (true, Reason::Unspecified, ""),
    };
    if is_one { Ok(value) } else { Err(Error::invalid("value", reason, rule)) }
}

/// Of whom a brief is asked, and what it is to be like.
///
/// # Errors
/// Every broken rule of the message.
pub(super) fn brief(message: &v1::BriefCustomerRequest, forms: NormalForms) -> Result<(Party, Wanted)> {
    let mut found = Violations::of(message);
    let party = party(message.customer_id.clone(), message.customer_alias.clone(), forms);
    found.extend(party.as_ref().err().cloned().unwrap_or_default());
    let language = Language::of(&message.language);
    if language.is_none() && !message.language.is_empty() {
        let names: Vec<String> = Language::all().map(Language::name).collect();
        let tags: Vec<&str> = Language::all().map(Language::tag).collect();
        let rule = format!("must be {}, as {}", names.join(" or "), tags.join(" or "));
        found.extend(Violation::new("language", Reason::UnknownValue, rule).besides(&found));
    }
    let channel = Some(message.channel()).filter(|channel| *channel != Channel::Unspecified);
    let channel = channel.unwrap_or(Channel::OutboundCall);
    if !can_reach_by(channel) {
        let rule = "must be one by which the organisation reaches customers";
        found.push(Violation::new("channel", Reason::Contradiction, rule));
    }
    Error::unless_empty(found)?;
    Ok((party.map_err(Error::Invalid)?, Wanted { language, channel }))
}

/// Who is looked for.
///
/// # Errors
/// Every broken rule of the message.
pub(super) fn segment(message: &v1::FindCustomersRequest, shown_ratings: ShownRatings) -> Result<Segment> {
    let mut found = Violations::of(message);
    let mut criteria: Vec<Criterion> = Vec::new();
    for (index, told) in message.criteria.iter().enumerate() {
        let dimension = told.dimension();
        let at = format!("criteria[{index}]");
        let mut add = |broken: Violation| found.extend(broken.inside(&at).besides(&found));
        Violations::of(told).into_iter().for_each(&mut add);
        inferred(dimension).map(&mut add);
        if criteria.iter().any(|one| one.dimension == dimension) {
            add(Violation::new("dimension", Reason::Contradiction, "must not be named twice"));
        }
        let mut values = Vec::new();
        for (place, told) in told.values.iter().enumerate() {
            match value(dimension, told.clone()) {
                Ok(value) => values.push(value),
                Err(Error::Invalid(broken)) => {
                    let field = format!("values[{place}]");
                    broken.into_iter().for_each(|one| add(Violation { field: field.clone(), ..one }));
                }
                Err(other) => return Err(other),
            }
        }
        let min_share = Some(told.min_share).filter(|share| *share > 0.0).unwrap_or(DEFAULT_SHARE);
        criteria.push(Criterion { dimension, values, min_share });
    }
    Error::unless_empty(found)?;
    let standing = Some(message.standing()).filter(|one| *one != v1::CustomerStanding::Unspecified);
    Ok(Segment { criteria, standing, shown_ratings })
}

/// A dimension that is inferred.
///
/// # Errors
/// [`Reason::NotInferred`].
pub(super) fn inferred(dimension: PreferenceDimension) -> Option<Violation> {
    let is_inferred = super::INFERRED.contains(&dimension);
    (!is_inferred).then(|| Violation::new("dimension", Reason::NotInferred, "must be one that is inferred"))
}

pub(super) fn write(preference: Preference, is_readable: impl Fn(&uuid::Uuid) -> bool) -> v1::DimensionPreference {
    let values = preference.values.into_iter().map(|one| v1::PreferenceValue {
        value: one.value,
        weight: one.weight,
        confidence: one.confidence,
        sample: count(one.sample),
        last_seen_time: one.last_seen.map(timestamp),
        evidence_interaction_ids: one.evidence.iter().filter(|id| is_readable(id)).map(ToString::to_string).collect(),
        origin: one.origin.into(),
    });
    #[allow(clippy::cast_possible_truncation, reason = "whole days")]
    let half_life = |days: f64| duration(days as i64 * crate::clock::DAY);
    v1::DimensionPreference {
        dimension: preference.dimension.into(),
        value: preference.value.unwrap_or_default(),
        origin: preference.origin.into(),
        confidence: preference.confidence,
        borrowed_share: preference.borrowed,
        sample: count(preference.sample),
        tied_values: preference.tied,
        values: values.collect(),
        half_life: preference.half_life_days.map(half_life),
        silent: preference.is_silent,
    }
}

pub(super) fn write_statement(said: Statement) -> v1::PreferenceStatement {
    v1::PreferenceStatement {
        statement_id: said.id.to_string(),
        dimension: said.dimension.0.into(),
        value: said.value,
        origin: said.origin.0.into(),
        author: said.author,
        author_role: said.author_role.0.into(),
        source: said.source,
        note: said.note,
        statement_time: Some(timestamp(said.stated_at)),
        end_time: said.ended_at.map(timestamp),
        withdrawn_by: said.withdrawn_by.unwrap_or_default(),
    }
}

pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_their_dimension() {
        let is = |dimension, text: &str| value(dimension, text.to_owned()).is_ok();
        use PreferenceDimension::{Channel, Hour, Hours, Language, Topic, Weekday};
        assert!(is(Channel, "online_chat") && !is(Channel, "pigeon") && !is(Channel, ""));
        assert!(is(Hour, "00") && is(Hour, "23") && !is(Hour, "24") && !is(Hour, "9"));
        assert!(is(Weekday, "7") && !is(Weekday, "0") && !is(Weekday, "8"));
        assert!(is(Language, "zh-CN") && !is(Language, "zh_CN"));
        assert!(is(Hours, "18:00-21:00") && is(Hours, "22:30-06:00"));
        for absurd in
            ["18:00", "18:00-18:00", "24:00-25:00", "1:00-2:00", "12:60-13:00", "é1:00-02:00", "18:00-21:00-22:00"]
        {
            assert!(!is(Hours, absurd), "{absurd}");
        }
        assert!(is(Topic, "exams"));
    }
}
