//! Two records of one person become one, and are parted again.
//!
//! Parting compares three states of a value: before, right after the join, and now. What is now as it was right after is
//! what it was before; what was changed since stays changed.

use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryFilter as _, QuerySelect as _, entity::prelude::*};
use serde::{Deserialize, Serialize};

use super::{
    Alias, ContactPoint, Customer, Suspension,
    entity::{contact_point, customer, customer_alias, merged_customer},
    merge,
    store::{find_customer, write_customer},
};
use crate::{
    api::v1::{Consent, CustomerStanding, UpsertOutcome},
    error::{Error, Reason},
    store::{Abort, Tx},
};

/// Both records before a join, and the one after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub(crate) kept: Customer,
    pub(crate) absorbed: Customer,
    after: Customer,
}

/// What the two records are as one. The kept one's values count where it has any; a no at a contact point stays a no.
fn joined(kept: &Customer, absorbed: &Customer) -> Result<Customer, Error> {
    let base = Customer {
        id: kept.id.clone(),
        revision: kept.revision,
        suspension: kept.suspension.clone().or_else(|| absorbed.suspension.clone()),
        ..absorbed.clone()
    };
    let mut after = merge::customer(base, kept)?;
    if kept.standing.unwrap_or(CustomerStanding::Prospect) == CustomerStanding::Prospect {
        after.standing = absorbed.standing;
    }
    for point in &mut after.contact_points {
        let both = kept.contact_points.iter().chain(&absorbed.contact_points).filter(|one| one.at == point.at);
        let no = both.filter(|one| is_no(one.consent)).max_by_key(|one| one.consent_at);
        // What is not known any more is no yes: only one that was given later takes a no back.
        let is_taken_back = |no: &&ContactPoint| {
            point.consent == Consent::Granted && no.consent_at.is_some() && point.consent_at > no.consent_at
        };
        if let Some(no) = no.filter(|no| !is_taken_back(no)) {
            (point.consent, point.consent_at) = (no.consent, no.consent_at);
        }
    }
    after.contact_points.sort_by_key(|point| !kept.contact_points.iter().any(|one| one.at == point.at));
    after.aliases.sort_by_key(|alias| !kept.aliases.contains(alias));
    Ok(after)
}

fn is_no(consent: Consent) -> bool {
    matches!(consent, Consent::Denied | Consent::Withdrawn)
}

/// Makes two records one. Nothing may refer to the absorbed one any more but its contact points and aliases.
///
/// # Errors
/// [`Error::NotFound`]; more contact points or aliases than a customer may have.
pub(crate) async fn join(tx: &Tx, (kept_id, absorbed_id): (&str, &str), merge_id: Uuid) -> Result<Joined, Abort> {
    let both = [kept_id, absorbed_id];
    customer::Entity::find().filter(customer::Column::CustomerId.is_in(both)).lock_exclusive().all(tx).await?;
    let kept = find_customer(tx, kept_id).await?.ok_or(Error::NotFound("customer"))?;
    let absorbed = find_customer(tx, absorbed_id).await?.ok_or(Error::NotFound("customer"))?;
    if kept.id == absorbed.id {
        let rule = "must be of another customer than kept_customer_id";
        return Err(Error::invalid("absorbed_customer_id", Reason::Contradiction, rule).into());
    }
    let mut after = joined(&kept, &absorbed)?;
    after.revision += 1;
    forget(tx, &absorbed.id).await?;
    write(tx, &after, UpsertOutcome::Replaced).await?;
    use merged_customer::Column;
    let later = merged_customer::Entity::update_many().col_expr(Column::KeptId, Expr::value(kept.id.as_str()));
    later.filter(Column::KeptId.eq(&absorbed.id)).exec(tx).await?;
    customer::Entity::delete_by_id(&absorbed.id).exec(tx).await?;
    let row = merged_customer::ActiveModel {
        customer_id: Set(absorbed.id.clone()),
        kept_id: Set(kept.id.clone()),
        merge_id: Set(merge_id),
    };
    merged_customer::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(Joined { kept, absorbed, after })
}

/// Makes one record two again; `names`: the ids that went into the absorbed one before. Gives the aliases that are the
/// absorbed one's again.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn part(tx: &Tx, joined: &Joined, names: Vec<String>) -> Result<Vec<Alias>, Abort> {
    let found = customer::Entity::find_by_id(&joined.kept.id).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("customer"))?;
    let now = find_customer(tx, &joined.kept.id).await?.ok_or(Error::NotFound("customer"))?;
    let (mut kept, absorbed) = parted(joined, &now);
    kept.revision = now.revision + 1;
    write(tx, &kept, UpsertOutcome::Replaced).await?;
    write(tx, &absorbed, UpsertOutcome::Created).await?;
    merged_customer::Entity::delete_by_id(&absorbed.id).exec(tx).await?;
    use merged_customer::Column;
    let earlier = merged_customer::Entity::update_many().col_expr(Column::KeptId, Expr::value(absorbed.id.as_str()));
    earlier.filter(Column::CustomerId.is_in(names)).exec(tx).await?;
    Ok(absorbed.aliases)
}

/// The kept record and the absorbed one, as they are without each other.
fn parted(joined: &Joined, now: &Customer) -> (Customer, Customer) {
    let Joined { kept, absorbed, after } = joined;
    fn back<T: Clone + PartialEq>(before: &T, after: &T, now: &T) -> T {
        if now == after { before.clone() } else { now.clone() }
    }
    let at = |points: &[ContactPoint], at: &Alias| points.iter().find(|point| point.at == *at).cloned();
    // What the customer said since of a point holds in both records that have it.
    let point = |before: &ContactPoint| {
        let (after, now) = (at(&after.contact_points, &before.at)?, at(&now.contact_points, &before.at)?);
        let said = |point: &ContactPoint| (point.consent, point.consent_at);
        let (consent, consent_at) = back(&said(before), &said(&after), &said(&now));
        Some(ContactPoint { consent, consent_at, ..before.clone() })
    };
    let theirs = |alias: &&Alias| now.aliases.contains(alias);
    let is_new_point = |point: &&ContactPoint| at(&after.contact_points, &point.at).is_none();
    let is_new_alias = |alias: &&Alias| !after.aliases.contains(alias);
    let alone = Customer {
        id: kept.id.clone(),
        salutation: back(&kept.salutation, &after.salutation, &now.salutation),
        standing: back(&kept.standing, &after.standing, &now.standing),
        locale: back(&kept.locale, &after.locale, &now.locale),
        time_zone: back(&kept.time_zone, &after.time_zone, &now.time_zone),
        suspension: back(&kept.suspension, &after.suspension, &now.suspension),
        contact_points: kept
            .contact_points
            .iter()
            .filter_map(point)
            .chain(now.contact_points.iter().filter(is_new_point).cloned())
            .collect(),
        aliases: kept.aliases.iter().filter(theirs).chain(now.aliases.iter().filter(is_new_alias)).cloned().collect(),
        revision: now.revision,
    };
    let other = Customer {
        // A point that was taken out since was taken out of one record: it is not both who lost it.
        contact_points: absorbed
            .contact_points
            .iter()
            .map(|before| point(before).unwrap_or_else(|| before.clone()))
            .collect(),
        aliases: absorbed.aliases.iter().filter(theirs).cloned().collect(),
        ..absorbed.clone()
    };
    (alone, other)
}

async fn write(tx: &Tx, record: &Customer, outcome: UpsertOutcome) -> Result<(), DbErr> {
    write_customer(tx, record.clone(), outcome, record.revision).await?;
    let suspension = record.suspension.as_ref();
    let change = customer::ActiveModel {
        customer_id: Set(record.id.clone()),
        suspension_reason: Set(suspension.map(|one: &Suspension| one.reason.clone())),
        suspension_author: Set(suspension.map(|one| one.author.clone())),
        suspended_at: Set(suspension.map(|one| one.start)),
        suspended_until: Set(suspension.and_then(|one| one.end)),
        ..Default::default()
    };
    customer::Entity::update(change).exec(tx).await?;
    Ok(())
}

async fn forget(tx: &Tx, customer_id: &str) -> Result<(), DbErr> {
    let points = contact_point::Column::CustomerId.eq(customer_id);
    contact_point::Entity::delete_many().filter(points).exec(tx).await?;
    let aliases = customer_alias::Column::CustomerId.eq(customer_id);
    customer_alias::Entity::delete_many().filter(aliases).exec(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::v1::ContactKind;

    fn phone(number: u8) -> Alias {
        Alias::stored(ContactKind::Phone, format!("+{number}"), Some(format!("+ {number}")))
    }

    fn point() -> impl Strategy<Value = ContactPoint> {
        let consent =
            prop::sample::select(vec![Consent::Unspecified, Consent::Granted, Consent::Denied, Consent::Withdrawn]);
        (0u8..6, consent, prop::option::of(0i64..9)).prop_map(|(number, consent, consent_at)| ContactPoint {
            at: phone(number),
            source: "form".into(),
            obtained_at: None,
            consent,
            consent_at,
        })
    }

    fn record(id: &'static str, aliases: std::ops::Range<u8>) -> impl Strategy<Value = Customer> {
        let points = prop::collection::vec(point(), 0..5);
        let text = || prop::sample::select(vec!["", "a", "b"]);
        let standing =
            prop::option::of(prop::sample::select(vec![CustomerStanding::Prospect, CustomerStanding::Active]));
        (points, prop::collection::btree_set(aliases, 0..4), text(), text(), standing).prop_map(
            move |(points, aliases, salutation, locale, standing)| {
                let given = Customer {
                    id: id.into(),
                    salutation: salutation.into(),
                    standing,
                    locale: locale.into(),
                    time_zone: String::new(),
                    contact_points: points,
                    aliases: aliases.into_iter().map(phone).collect(),
                    suspension: None,
                    revision: 3,
                };
                merge::once_each(&given)
            },
        )
    }

    fn is_refused(points: &[ContactPoint], at: &Alias) -> bool {
        points.iter().any(|point| point.at == *at && is_no(point.consent))
    }

    proptest! {
        /// Nobody's alias belongs to two customers.
        #[test]
        fn what_was_joined_is_parted_as_it_was(kept in record("kept", 0..5), absorbed in record("absorbed", 5..10)) {
            let after = joined(&kept, &absorbed).unwrap();
            let state = Joined { kept: kept.clone(), absorbed: absorbed.clone(), after: after.clone() };
            prop_assert_eq!(parted(&state, &after), (kept, absorbed));
        }

        #[test]
        fn nothing_is_lost_by_joining(kept in record("kept", 0..5), absorbed in record("absorbed", 5..10)) {
            let after = joined(&kept, &absorbed).unwrap();
            for point in kept.contact_points.iter().chain(&absorbed.contact_points) {
                prop_assert!(after.contact_points.iter().any(|one| one.at == point.at));
                let dated = |points: &[ContactPoint]| points.iter().any(|one| one.at == point.at && one.consent == Consent::Granted && one.consent_at.is_some());
                let was_refused = is_refused(&kept.contact_points, &point.at) || is_refused(&absorbed.contact_points, &point.at);
                if was_refused && !dated(&kept.contact_points) && !dated(&absorbed.contact_points) {
                    prop_assert!(is_refused(&after.contact_points, &point.at), "a no stays a no");
                }
            }
            prop_assert_eq!(after.aliases.len(), kept.aliases.len() + absorbed.aliases.len());
        }
    }

    #[test]
    fn a_no_is_not_covered_by_what_is_not_known() {
        let saying = |id: &str, consent| {
            let mut record = record_with(id, 4);
            (record.contact_points[0].consent, record.contact_points[0].consent_at) = (consent, Some(0));
            record
        };
        let (no, unknown) = (saying("kept", Consent::Denied), saying("absorbed", Consent::Unspecified));
        for after in [joined(&no, &unknown).unwrap(), joined(&unknown, &no).unwrap()] {
            assert_eq!(after.contact_points[0].consent, Consent::Denied);
        }
    }

    /// With a number at which they may be called, and another name.
    fn record_with(id: &str, number: u8) -> Customer {
        Customer {
            id: id.into(),
            salutation: String::new(),
            standing: None,
            locale: String::new(),
            time_zone: String::new(),
            contact_points: vec![ContactPoint {
                at: phone(number),
                source: "form".into(),
                obtained_at: None,
                consent: Consent::Granted,
                consent_at: Some(1),
            }],
            aliases: vec![phone(number + 10)],
            suspension: None,
            revision: 1,
        }
    }

    #[test]
    fn what_was_said_since_holds_for_both() {
        let (kept, absorbed) = (record_with("kept", 1), record_with("absorbed", 2));
        let after = joined(&kept, &absorbed).unwrap();
        let mut now = after.clone();
        now.contact_points[1].consent = Consent::Withdrawn;
        now.contact_points[1].consent_at = Some(5);
        now.salutation = "王女士".into();
        now.aliases.push(phone(30));
        let (kept, absorbed) = parted(&Joined { kept, absorbed, after }, &now);
        assert_eq!(absorbed.contact_points[0].consent, Consent::Withdrawn);
        assert_eq!((kept.salutation.as_str(), absorbed.salutation.as_str()), ("王女士", ""));
        assert_eq!(kept.aliases, [phone(11), phone(30)]);
        assert_eq!(absorbed.aliases, [phone(12)]);
    }
}
