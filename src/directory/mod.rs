//! Who serves and who is served. Types and rules; rows are in `store`, RPCs in `service`.

pub(crate) mod admission;
pub(crate) mod entity;
pub(crate) mod joining;
pub(crate) mod lookalike;
mod merge;
pub(crate) mod point;
pub(crate) mod reactions;
pub mod service;
pub(crate) mod store;
pub(crate) mod tombstone;

use rapport_identity::NormalForms;
use serde::{Deserialize, Serialize};

pub(crate) use point::Alias;
pub(crate) use reactions::Reactions;

use crate::{
    api::v1::{Consent, CustomerStanding, StaffRole, StaffState, TeamState, UpsertMode, UpsertOutcome},
    error::{Reason, Violation},
};

/// A team. In a change, an empty name and an unspecified state are not stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) state: TeamState,
    pub(crate) revision: i64,
}

/// A colleague, or a bot; in a change as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StaffMember {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) role: StaffRole,
    pub(crate) team_id: Option<String>,
    pub(crate) state: StaffState,
    pub(crate) revision: i64,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) salutation: String,
    /// Apart from a suspension. None in a change: as it was.
    #[serde(with = "by_number::optional")]
    pub(crate) standing: Option<CustomerStanding>,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) contact_points: Vec<ContactPoint>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) suspension: Option<Suspension>,
    pub(crate) revision: i64,
}

/// A way to reach a customer, and how we came by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContactPoint {
    /// Where it is.
    pub(crate) at: Alias,
    pub(crate) source: String,
    pub(crate) obtained_at: Option<i64>,
    #[serde(with = "by_number")]
    pub(crate) consent: Consent,
    /// When the customer said so; none: nobody told.
    pub(crate) consent_at: Option<i64>,
}

/// Somebody outside, as the record names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    Customer(String),
    /// Nobody the directory knows.
    Alias(Alias),
}

/// Service to the customer is suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspension {
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) start: i64,
    /// None: until lifted.
    pub(crate) end: Option<i64>,
}

/// Enums of the contract, which are kept as their numbers.
mod by_number {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        value: &(impl Into<i32> + Copy),
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        Into::<i32>::into(*value).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: TryFrom<i32>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<T, D::Error> {
        let number = i32::deserialize(deserializer)?;
        T::try_from(number).map_err(|_| D::Error::custom(format!("{number} is no value of the contract")))
    }

    pub(super) mod optional {
        use super::{Deserializer, Serializer};
        use crate::api::v1::CustomerStanding;

        pub(in super::super) fn serialize<S: Serializer>(
            value: &Option<CustomerStanding>,
            serializer: S,
        ) -> std::result::Result<S::Ok, S::Error> {
            super::serialize(&value.unwrap_or_default(), serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> std::result::Result<Option<CustomerStanding>, D::Error> {
            let standing: CustomerStanding = super::deserialize(deserializer)?;
            Ok(Some(standing).filter(|standing| *standing != CustomerStanding::Unspecified))
        }
    }
}

impl Customer {
    /// The standing that counts at `now`.
    pub(crate) fn standing_at(&self, now: i64) -> CustomerStanding {
        if self.suspension_at(now).is_some() {
            CustomerStanding::Suspended
        } else {
            self.standing.unwrap_or(CustomerStanding::Prospect)
        }
    }

    /// The suspension in force at `now`.
    pub(crate) fn suspension_at(&self, now: i64) -> Option<&Suspension> {
        self.suspension.as_ref().filter(|suspension| suspension.end.is_none_or(|end| now < end))
    }
}

/// How a record is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Upsert {
    pub(crate) mode: UpsertMode,
    /// Empty: whatever is there.
    pub(crate) etag: String,
}

/// What a write did, as it is remembered for a retry.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    outcome: i32,
    pub(crate) revision: i64,
}

impl Written {
    pub(crate) fn new(outcome: UpsertOutcome, revision: i64) -> Self {
        Self { outcome: outcome.into(), revision }
    }

    pub(crate) fn outcome(self) -> UpsertOutcome {
        UpsertOutcome::try_from(self.outcome).unwrap_or_default()
    }
}

/// The etag of a revision; the number is nobody's business but ours.
pub(crate) fn etag(revision: i64) -> String {
    format!("r{revision}")
}

/// What is wrong with a customer beyond the limits of the fields.
pub(crate) fn check_customer(customer: &Customer, forms: NormalForms) -> Vec<Violation> {
    let mut found = Vec::new();
    if !customer.locale.is_empty() && !is_language_tag(&customer.locale) {
        found.push(Violation::new("locale", Reason::Malformed, "must be a BCP 47 language tag such as zh-CN"));
    }
    if let Some(violation) = check_time_zone(&customer.time_zone) {
        found.push(violation);
    }
    if customer.standing == Some(CustomerStanding::Suspended) {
        found.push(Violation::new(
            "standing",
            Reason::Contradiction,
            "can be set to suspended by SuspendCustomer only",
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, alias) in customer.aliases.iter().enumerate() {
        let field = format!("aliases[{index}]");
        found.extend(alias.fault(forms).map(|fault| fault.inside(&field)));
        // In two notations it may come from two columns of a file, and counts once.
        if !seen.insert((alias, &alias.written)) {
            found.push(Violation::new(field, Reason::Contradiction, "must not be listed twice"));
        }
    }
    for (index, point) in customer.contact_points.iter().enumerate() {
        found.extend(point.at.fault(forms).map(|fault| fault.inside(&format!("contact_points[{index}]"))));
    }
    found
}

/// An IANA time zone, or nothing.
pub(crate) fn check_time_zone(name: &str) -> Option<Violation> {
    let known = name.is_empty() || jiff::tz::TimeZone::get(name).is_ok();
    (!known).then(|| Violation::new("time_zone", Reason::Malformed, "must be an IANA time zone such as Asia/Shanghai"))
}

/// The shape of RFC 5646: subtags of 1 to 8 letters or digits, the first a language of 2 to 8 letters.
pub(crate) fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let language = subtags.next().unwrap_or_default();
    (2..=8).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::ContactKind;

    fn customer() -> Customer {
        Customer {
            id: "c1".into(),
            salutation: "王女士".into(),
            standing: Some(CustomerStanding::Active),
            locale: "zh-CN".into(),
            time_zone: "Asia/Shanghai".into(),
            contact_points: vec![],
            aliases: vec![],
            suspension: None,
            revision: 1,
        }
    }

    #[test]
    fn a_suspension_covers_the_standing_until_it_ends() {
        let mut customer = customer();
        customer.suspension = Some(Suspension { reason: "r".into(), author: "a".into(), start: 10, end: Some(20) });
        assert_eq!(customer.standing_at(19), CustomerStanding::Suspended);
        assert_eq!(customer.standing_at(20), CustomerStanding::Active);
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let alias = Alias::stored(ContactKind::Phone, "1".into(), None);
        let nowhere = Alias::stored(ContactKind::Phone, "+999 1234".into(), None);
        let bad = Customer {
            locale: "zh_CN".into(),
            time_zone: "Mars/Olympus".into(),
            standing: Some(CustomerStanding::Suspended),
            aliases: vec![alias.clone(), alias, nowhere],
            ..customer()
        };
        let fields: Vec<_> =
            check_customer(&bad, NormalForms::default()).into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["locale", "time_zone", "standing", "aliases[1]", "aliases[2].value"]);
        assert!(check_customer(&customer(), NormalForms::default()).is_empty());
    }
}
