//! What an upsert makes of a record that is there (P5, L5).
//!
//! Merging is the default: what is not named stays, so that a file with fewer columns takes nothing away. A customer's no
//! outlives every repetition of what was known before it: it gives way only to a consent that says when it was given,
//! and was given later. Replacing is asked for by name and lets consent be.

use super::{Alias, ContactPoint, Customer, StaffMember, Team};
use crate::{
    api::v1::{Consent, StaffRole, StaffState, TeamState},
    error::{Error, Reason},
};

/// Contact points, and aliases, that a customer may have.
const MOST: usize = 20;

fn stated(given: &str, there: String) -> String {
    if given.is_empty() { there } else { given.to_owned() }
}

/// A team as it is after a merge.
pub(super) fn team(there: Team, given: &Team) -> Team {
    let state = if given.state == TeamState::Unspecified { there.state } else { given.state };
    Team { display_name: stated(&given.display_name, there.display_name), state, ..there }
}

/// A colleague as they are after a merge.
pub(super) fn staff_member(there: StaffMember, given: &StaffMember) -> StaffMember {
    StaffMember {
        display_name: stated(&given.display_name, there.display_name),
        role: if given.role == StaffRole::Unspecified { there.role } else { given.role },
        team_id: given.team_id.clone().or(there.team_id),
        state: if given.state == StaffState::Unspecified { there.state } else { given.state },
        id: there.id,
        revision: there.revision,
    }
}

/// A customer as they are after a merge.
///
/// # Errors
/// More contact points or aliases than there may be.
pub(super) fn customer(there: Customer, given: &Customer) -> Result<Customer, Error> {
    let mut contact_points = there.contact_points;
    for point in &given.contact_points {
        match contact_points.iter_mut().find(|one| one.is_same_as(point)) {
            Some(known) => {
                known.source.clone_from(&point.source);
                known.obtained_at = point.obtained_at.or(known.obtained_at);
                known.hear(point.consent, point.consent_at);
            }
            None => contact_points.push(point.clone()),
        }
    }
    let mut aliases: Vec<Alias> = there.aliases;
    for alias in &given.aliases {
        if !aliases.contains(alias) {
            aliases.push(alias.clone());
        }
    }
    limited("contact_points", contact_points.len())?;
    limited("aliases", aliases.len())?;
    Ok(Customer {
        salutation: stated(&given.salutation, there.salutation),
        standing: given.standing.or(there.standing),
        locale: stated(&given.locale, there.locale),
        time_zone: stated(&given.time_zone, there.time_zone),
        contact_points,
        aliases,
        ..there
    })
}

/// A customer with everything but consent replaced. A contact point at which the customer said no stays, listed or not:
/// otherwise it would come back without the no.
///
/// # Errors
/// Like [`customer`].
pub(super) fn replaced_customer(there: Customer, given: &Customer) -> Result<Customer, Error> {
    let mut contact_points = once_each(given).contact_points;
    for known in there.contact_points {
        match contact_points.iter_mut().find(|one| one.is_same_as(&known)) {
            Some(point) => (point.consent, point.consent_at) = (known.consent, known.consent_at),
            None if known.is_refused() => contact_points.push(known),
            None => {}
        }
    }
    limited("contact_points", contact_points.len())?;
    Ok(Customer { contact_points, standing: given.standing.or(there.standing), ..once_each(given) })
}

/// A customer with what is listed in several notations listed once.
pub(super) fn once_each(given: &Customer) -> Customer {
    let bare = Customer { contact_points: Vec::new(), aliases: Vec::new(), ..given.clone() };
    // Fewer than were given: no limit is met.
    customer(bare.clone(), given).unwrap_or(bare)
}

fn limited(field: &str, count: usize) -> Result<(), Error> {
    if count <= MOST {
        return Ok(());
    }
    let rule = format!("must not be more than {MOST} together with those that are there");
    Err(Error::invalid(field, Reason::CountOutOfRange, rule))
}

impl ContactPoint {
    fn is_same_as(&self, other: &Self) -> bool {
        self.at == other.at
    }

    fn is_refused(&self) -> bool {
        matches!(self.consent, Consent::Denied | Consent::Withdrawn)
    }

    /// Takes note of what is said to be the customer's consent, and since when.
    fn hear(&mut self, consent: Consent, at: Option<i64>) {
        let is_later = at.is_some_and(|at| self.consent_at.is_none_or(|known| known < at));
        let counts = match consent {
            Consent::Unspecified => false,
            Consent::Granted if self.is_refused() => is_later && self.consent_at.is_some(),
            Consent::Granted => true,
            // A no is taken at once; an older one does not undo a newer yes.
            Consent::Denied | Consent::Withdrawn => !self.is_refused() && (is_later || at.is_none()),
        };
        if counts {
            self.consent = consent;
            self.consent_at = at.or(self.consent_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::v1::ContactKind;

    fn point(consent: Consent, consent_at: Option<i64>) -> ContactPoint {
        ContactPoint {
            at: Alias::stored(ContactKind::Phone, "1".into(), None),
            source: "form".into(),
            obtained_at: Some(1),
            consent,
            consent_at,
        }
    }

    fn customer_with(contact_points: Vec<ContactPoint>) -> Customer {
        Customer {
            id: "c".into(),
            salutation: "王女士".into(),
            standing: None,
            locale: "zh-CN".into(),
            time_zone: String::new(),
            contact_points,
            aliases: vec![Alias::stored(ContactKind::Phone, "1".into(), None)],
            suspension: None,
            revision: 3,
        }
    }

    fn heard(there: ContactPoint, given: ContactPoint) -> Consent {
        customer(customer_with(vec![there]), &customer_with(vec![given])).unwrap().contact_points[0].consent
    }

    #[test]
    fn a_no_gives_way_to_nothing_but_a_newer_yes_that_says_when() {
        let no = || point(Consent::Withdrawn, Some(10));
        for given in [
            point(Consent::Granted, None),
            point(Consent::Granted, Some(9)),
            point(Consent::Granted, Some(10)),
            point(Consent::Unspecified, Some(11)),
        ] {
            assert_eq!(heard(no(), given.clone()), Consent::Withdrawn, "{given:?}");
        }
        assert_eq!(heard(no(), point(Consent::Granted, Some(11))), Consent::Granted);
        assert_eq!(heard(point(Consent::Granted, Some(10)), point(Consent::Withdrawn, None)), Consent::Withdrawn);
        assert_eq!(heard(point(Consent::Granted, Some(10)), point(Consent::Denied, Some(9))), Consent::Granted);
    }

    #[test]
    fn what_is_not_named_stays() {
        let there = customer_with(vec![point(Consent::Granted, Some(1))]);
        let bare = Customer {
            salutation: String::new(),
            locale: String::new(),
            contact_points: vec![],
            aliases: vec![],
            time_zone: "Asia/Shanghai".into(),
            ..there.clone()
        };
        let merged = customer(there.clone(), &bare).unwrap();
        assert_eq!(merged, Customer { time_zone: "Asia/Shanghai".into(), ..there });
    }

    #[test]
    fn replacing_takes_everything_but_the_no() {
        let there = customer_with(vec![point(Consent::Denied, Some(1))]);
        let bare = Customer { contact_points: vec![], aliases: vec![], ..there.clone() };
        let replaced = replaced_customer(there.clone(), &bare).unwrap();
        assert!(replaced.aliases.is_empty());
        assert_eq!(replaced.contact_points, there.contact_points);
        let granting = customer_with(vec![point(Consent::Granted, Some(99))]);
        assert_eq!(replaced_customer(there, &granting).unwrap().contact_points[0].consent, Consent::Denied);
    }

    fn consents() -> impl Strategy<Value = (Consent, Option<i64>)> {
        let consent = prop_oneof![
            Just(Consent::Unspecified),
            Just(Consent::Granted),
            Just(Consent::Denied),
            Just(Consent::Withdrawn)
        ];
        (consent, prop::option::of(0_i64..20))
    }

    proptest! {
        /// Importing a file again changes nothing, whatever came in between but a no.
        #[test]
        fn a_second_reading_is_none(first in consents(), later in consents()) {
            let file = customer_with(vec![point(first.0, first.1)]);
            let once = customer(customer_with(vec![point(later.0, later.1)]), &file).unwrap();
            prop_assert_eq!(&customer(once.clone(), &file).unwrap(), &once);
            if matches!(later.0, Consent::Denied | Consent::Withdrawn) && first.1.is_none_or(|at| later.1.is_none_or(|no| at <= no)) {
                prop_assert_eq!(once.contact_points[0].consent, later.0);
            }
        }
    }
}
