//! Rows of the contact policy, of wishes not to be contacted, and of our contacts.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Statement, entity::prelude::*, sea_query::UnionType,
};

use super::{
    Attempt, Ban, Channels, Mark, Past, Policy, Purposes, Reasons, Situation, Span, Version,
    entity::{contact_policy, do_not_contact, outbound_contact, refused_point},
};
use crate::{
    api::v1::Consent,
    clock::Micros,
    directory::{Alias, Party, etag},
    error::{Error, Result},
    store::{
        Abort, Stored, Tx,
        bulk::{self, Present},
        set,
    },
};

pub(crate) use do_not_contact::Model as DoNotContact;

/// A contact on its way to the record.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) interaction_id: Uuid,
    /// None: nobody knows who it was.
    pub(crate) party: Option<Party>,
    pub(crate) attempt: Attempt,
}

/// Records contacts in their order, each judged by the policy in force at its time and by what was recorded before it.
/// Takes four statements, however many there are. The caller must hold the lock that orders recording: no other
/// contact may come between.
pub(crate) async fn record(tx: &Tx, zone: &TimeZone, contacts: Vec<Contact>) -> Result<(), DbErr> {
    if contacts.is_empty() {
        return Ok(());
    }
    let versions = policies(tx).await?;
    let in_force = |at| versions.iter().rev().find(|version| version.effective_at <= at);
    let judged = || contacts.iter().filter_map(|one| Some((one, in_force(one.attempt.at)?)));
    let parties: HashSet<&Party> = judged().filter_map(|(one, _)| one.party.as_ref()).collect();
    let from = judged().map(|(one, version)| one.attempt.at.saturating_sub(version.policy.longest_window())).min();
    let to = judged().map(|(one, _)| one.attempt.at).max();
    let mut situations = match from.zip(to) {
        Some(period) if !parties.is_empty() => situations(tx, zone, parties, period).await?,
        // What happened before there was a policy, an import of the past, needs nothing looked up.
        Some(_) | None => HashMap::new(),
    };

    let mut rows = Vec::with_capacity(contacts.len());
    for Contact { interaction_id, party, attempt } in &contacts {
        let situation = party.as_ref().and_then(|party| situations.get_mut(party));
        let mut breaches = Reasons::default();
        let version = in_force(attempt.at);
        if let (Some(version), Some(situation)) = (version, situation) {
            breaches = version.policy.refusals(situation, attempt).into_iter().map(|one| one.reason).collect();
            situation.contacts.push(Past { at: attempt.at, purpose: attempt.purpose });
        }
        let (customer_id, alias) = match party.clone() {
            Some(Party::Customer(id)) => (Some(id), None),
            Some(Party::Alias(alias)) => (None, Some(alias)),
            None => (None, None),
        };
        rows.push(outbound_contact::Model {
            interaction_id: *interaction_id,
            purpose: Stored(attempt.purpose),
            contact_at: attempt.at,
            customer_id,
            alias_kind: alias.as_ref().map(|alias| Stored(alias.kind)),
            alias_value: alias.map(|alias| alias.value),
            breaches: breaches.bits(),
            policy_version: version.filter(|_| !breaches.is_empty()).map(|version| version.number),
        });
    }
    bulk::insert::<outbound_contact::Entity>(tx, rows, Present::Never).await?;
    Ok(())
}

/// What is known of parties, with their contacts after one instant and up to another. A customer that the directory does
/// not know is left out.
pub(crate) async fn situations(
    connection: &impl ConnectionTrait,
    zone: &TimeZone,
    parties: HashSet<&Party>,
    (from, to): (Micros, Micros),
) -> Result<HashMap<Party, Situation>, DbErr> {
    let (mut customers, mut strangers) = (Vec::new(), Vec::new());
    let mut situations = HashMap::new();
    let unknown = || Situation {
        zone: zone.clone(),
        bans: Vec::new(),
        suspension: None,
        denied_points: Vec::new(),
        contacts: Vec::new(),
    };
    for party in parties {
        match party {
            Party::Customer(id) => customers.push(id.clone()),
            Party::Alias(alias) => {
                strangers.push(alias.clone());
                situations.insert(party.clone(), unknown());
            }
        }
    }
    if !customers.is_empty() {
        for fact in facts(connection, customers.clone()).await? {
            let situation = situations.entry(Party::Customer(fact.customer_id)).or_insert_with(unknown);
            match fact.what {
                What::Customer { zone, suspension } => {
                    // An empty one is the organisation's.
                    situation.zone = TimeZone::get(&zone).unwrap_or_else(|_| situation.zone.clone());
                    situation.suspension = suspension;
                }
                What::DeniedPoint(point) => situation.denied_points.push(point),
                What::Ban(ban) => situation.bans.push(ban),
            }
        }
    }

    let values = strangers.iter().map(|alias| alias.value.clone()).collect();
    for refused in refused_among(connection, strangers).await? {
        if let Some(situation) = situations.get_mut(&Party::Alias(refused.clone())) {
            situation.denied_points.push(refused);
        }
    }

    let backend = connection.get_database_backend();
    use outbound_contact::Column;
    let between =
        || outbound_contact::Entity::find().filter(Column::ContactAt.gt(from)).filter(Column::ContactAt.lte(to));
    let of_customers = between().filter(Column::CustomerId.in_subquery(set::one_of(backend, customers)));
    let of_aliases = between()
        .filter(Column::CustomerId.is_null())
        .filter(Column::AliasValue.in_subquery(set::one_of(backend, values)));
    // One trip, and by either index: an OR would use none.
    let both = of_customers.into_query().union(UnionType::All, of_aliases.into_query()).take();
    for row in outbound_contact::Model::find_by_statement(backend.build(&both)).all(connection).await? {
        let party = match (row.customer_id, row.alias_kind.zip(row.alias_value)) {
            (Some(id), _) => Some(Party::Customer(id)),
            (None, Some((Stored(kind), value))) => Some(Party::Alias(Alias::stored(kind, value, None))),
            (None, None) => None,
        };
        let past = Past { at: row.contact_at, purpose: row.purpose.0 };
        if let Some(situation) = party.and_then(|party| situations.get_mut(&party)) {
            situation.contacts.push(past);
        }
    }
    Ok(situations)
}

/// Those of these points at which somebody wants to hear nothing more.
async fn refused_among(connection: &impl ConnectionTrait, points: Vec<Alias>) -> Result<Vec<Alias>, DbErr> {
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let values = points.iter().map(|point| point.value.clone()).collect();
    let listed = set::one_of(connection.get_database_backend(), values);
    let query = refused_point::Entity::find().filter(refused_point::Column::Value.in_subquery(listed));
    let found = query.all(connection).await?.into_iter();
    Ok(found.map(|row| Alias::stored(row.kind.0, row.value, row.written)).filter(|one| points.contains(one)).collect())
}

/// Notes that somebody wants to hear nothing more at a point; whether that is news.
pub(crate) async fn refuse_point(tx: &Tx, point: &Alias, now: Micros) -> Result<bool, DbErr> {
    let row = refused_point::Model {
        kind: Stored(point.kind),
        value: point.value.clone(),
        written: point.notation(),
        refused_at: now,
    };
    const ONCE: Present<refused_point::Entity> =
        Present::PassOver(&[refused_point::Column::Kind, refused_point::Column::Value]);
    Ok(bulk::insert(tx, vec![row], ONCE).await? > 0)
}

/// Takes that back: they agreed since.
pub(crate) async fn allow_point(tx: &Tx, point: &Alias) -> Result<(), DbErr> {
    refused_point::Entity::delete_by_id((Stored(point.kind), point.value.clone())).exec(tx).await?;
    Ok(())
}

/// The policy in force, and what is known of somebody who is to be contacted at an instant.
///
/// # Errors
/// [`Error::NotFound`]: the directory does not know the customer.
pub(crate) async fn situation(
    connection: &impl ConnectionTrait,
    zone: &TimeZone,
    party: &Party,
    at: Micros,
) -> Result<(Version, Situation)> {
    let version = find_policy(connection, None).await?;
    // What other clocks recorded ahead of ours counts too.
    let period = (at.saturating_sub(version.policy.longest_window()), Micros::MAX);
    let mut found = situations(connection, zone, HashSet::from([party]), period).await?;
    Ok((version, found.remove(party).ok_or(Error::NotFound("customer"))?))
}

/// Something the directory, or the customer, says of the customer.
struct Fact {
    customer_id: String,
    what: What,
}

enum What {
    Customer { zone: String, suspension: Option<Span> },
    DeniedPoint(Alias),
    Ban(Ban),
}

/// All that is said of customers, in one trip.
async fn facts(connection: &impl ConnectionTrait, customers: Vec<String>) -> Result<Vec<Fact>, DbErr> {
    let backend = connection.get_database_backend();
    let listed = set::texts_listed(backend, 1);
    // By hand: one trip for five kinds of rows, each with columns of its own.
    // The first branch gives the columns their types: all its values have one.
    let sql = format!(
        "SELECT 'b' AS what, customer_id, source AS text, channels AS one, purposes AS two, set_at AS three,
            CASE WHEN lifted_at IS NULL OR lifted_at > end_at THEN end_at ELSE lifted_at END AS four
            FROM do_not_contact WHERE customer_id IN {listed}
        UNION ALL SELECT 'c', customer_id, time_zone, NULL, NULL, suspended_at, suspended_until
            FROM customer WHERE customer_id IN {listed}
        UNION ALL SELECT 'p', customer_id, value, kind, NULL, NULL, NULL
            FROM contact_point WHERE consent IN ({}, {}) AND customer_id IN {listed}
        UNION ALL SELECT 'p', p.customer_id, r.value, r.kind, NULL, NULL, NULL
            FROM contact_point p JOIN refused_point r ON r.kind = p.kind AND r.value = p.value
            WHERE p.customer_id IN {listed} AND NOT (p.consent = {} AND coalesce(p.consent_at, 0) > r.refused_at)
        UNION ALL SELECT 'p', a.customer_id, r.value, r.kind, NULL, NULL, NULL
            FROM customer_alias a JOIN refused_point r ON r.kind = a.kind AND r.value = a.value
            WHERE a.customer_id IN {listed}",
        Stored(Consent::Denied),
        Stored(Consent::Withdrawn),
        Stored(Consent::Granted),
    );
    let list = [set::text_list(backend, customers)];
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, list)).await?;
    let point = |kind: Option<i64>, value| {
        let kind = kind.and_then(|kind| i32::try_from(kind).ok()?.try_into().ok());
        Alias::stored(kind.unwrap_or_default(), value, None)
    };
    let read = |row: sea_orm::QueryResult| {
        let number = |column: &str| row.try_get::<Option<i64>>("", column);
        let text: String = row.try_get("", "text")?;
        let what = match row.try_get::<String>("", "what")?.as_str() {
            "b" => What::Ban(Ban {
                channels: Channels::from_bits(number("one")?.unwrap_or_default()),
                purposes: Purposes::from_bits(number("two")?.unwrap_or_default()),
                span: Span { from: number("three")?.unwrap_or_default(), until: number("four")? },
            }),
            "c" => {
                let until = number("four")?;
                What::Customer { zone: text, suspension: number("three")?.map(|from| Span { from, until }) }
            }
            _ => What::DeniedPoint(point(number("one")?, text)),
        };
        Ok(Fact { customer_id: row.try_get("", "customer_id")?, what })
    };
    rows.into_iter().map(read).collect()
}

/// What became of the contacts among some interactions.
pub(crate) async fn marks(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Mark>, DbErr> {
    let listed = set::one_of_ids(connection.get_database_backend(), ids.iter().copied());
    let query = outbound_contact::Entity::find().filter(outbound_contact::Column::InteractionId.in_subquery(listed));
    let mut marks = HashMap::new();
    for row in query.all(connection).await? {
        let mark = Mark {
            at: row.contact_at,
            purpose: row.purpose.0,
            breaches: Reasons::from_bits(row.breaches),
            policy_version: row.policy_version,
        };
        marks.insert(row.interaction_id, mark);
    }
    Ok(marks)
}

impl TryFrom<contact_policy::Model> for Version {
    type Error = DbErr;

    fn try_from(row: contact_policy::Model) -> Result<Self, DbErr> {
        let policy = match row.settings {
            Some(text) => serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))?,
            None => Policy::shipped(),
        };
        Ok(Self { number: row.version, effective_at: row.effective_at, policy, author: row.author })
    }
}

/// Every version of the policy, oldest first.
async fn policies(connection: &impl ConnectionTrait) -> Result<Vec<Version>, DbErr> {
    let rows = contact_policy::Entity::find().order_by_asc(contact_policy::Column::Version).all(connection).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A version of the policy; none: the one in force.
pub(crate) async fn find_policy(connection: &impl ConnectionTrait, version: Option<i64>) -> Result<Version> {
    let mut query = contact_policy::Entity::find().order_by_desc(contact_policy::Column::Version);
    if let Some(version) = version {
        query = query.filter(contact_policy::Column::Version.eq(version));
    }
    Ok(query.one(connection).await?.ok_or(Error::NotFound("contact policy"))?.try_into()?)
}

/// Puts a policy in force if the one before has this etag; gives its number.
pub(crate) async fn set_policy(
    tx: &Tx,
    policy: &Policy,
    effective_at: Micros,
    author: &str,
    if_etag: &str,
) -> Result<i64, Abort> {
    // Two at once take the same number: the second one runs again and finds the first.
    let before = find_policy(tx, None).await?.number;
    if !if_etag.is_empty() && if_etag != etag(before) {
        return Err(Error::EtagMismatch.into());
    }
    let row = contact_policy::ActiveModel {
        version: Set(before + 1),
        effective_at: Set(effective_at),
        settings: Set(Some(serde_json::to_string(policy).map_err(Error::internal)?)),
        author: Set(author.to_owned()),
    };
    contact_policy::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(before + 1)
}

/// Notes a wish not to be contacted, of a customer whom the directory must know.
pub(crate) async fn add_do_not_contact(tx: &Tx, entry: DoNotContact) -> Result<(), Abort> {
    use crate::directory::store::{Named, known_among};
    let customers = vec![entry.customer_id.clone()];
    if known_among(tx, Named { customers, ..Named::default() }).await?.customers.is_empty() {
        return Err(Error::NotFound("customer").into());
    }
    let row: do_not_contact::ActiveModel = entry.into();
    do_not_contact::Entity::insert(row.reset_all()).exec_without_returning(tx).await?;
    Ok(())
}

/// Ends a wish that is in force, of this customer if one is named; gives whose it was.
pub(crate) async fn lift_do_not_contact(
    tx: &Tx,
    id: Uuid,
    of_customer: Option<&str>,
    now: Micros,
) -> Result<String, Abort> {
    use do_not_contact::Column;
    let in_force = Condition::any().add(Column::EndAt.is_null()).add(Column::EndAt.gt(now));
    let query = do_not_contact::Entity::find_by_id(id).filter(Column::LiftedAt.is_null()).filter(in_force);
    let found = query.lock_exclusive().one(tx).await?;
    let found = found.filter(|row| of_customer.is_none_or(|customer| row.customer_id == customer));
    let found = found.ok_or(Error::NotFound("do-not-contact in force"))?;
    let change = do_not_contact::ActiveModel { id: Set(id), lifted_at: Set(Some(now)), ..Default::default() };
    do_not_contact::Entity::update(change).exec(tx).await?;
    Ok(found.customer_id)
}

pub(crate) async fn find_do_not_contact(connection: &impl ConnectionTrait, id: Uuid) -> Result<DoNotContact> {
    let found = do_not_contact::Entity::find_by_id(id).one(connection).await?;
    found.ok_or(Error::NotFound("do-not-contact"))
}

/// A page of a customer's wishes before `before`, newest first.
pub(crate) async fn list_do_not_contact(
    connection: &impl ConnectionTrait,
    customer_id: &str,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<DoNotContact>, DbErr> {
    use do_not_contact::Column;
    let query = do_not_contact::Entity::find().filter(Column::CustomerId.eq(customer_id));
    let query = query.order_by_desc(Column::Id).limit(limit);
    let query = before.map(|before| query.clone().filter(Column::Id.lt(before))).unwrap_or(query);
    query.all(connection).await
}
