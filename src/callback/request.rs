//! Asking for a callback: whom it is for, whether it may be, and what is promised.

use super::{
    Asked, At, By, Callback,
    course::Course,
    desk,
    quote::{SLOT, is_slot, quote},
    store as rows,
    turn::Turn,
};
use crate::{
    api::v1::{CallbackEventKind, CallbackQuoteBasis, Channel, ContactPurpose},
    calendar::store::hours_of,
    clock::{self, Micros},
    contact::{self, Attempt},
    directory::{
        Alias, Customer, Party,
        store::{self as directory, cannot_begin, find_customer, find_team, owner_of},
        tombstone::{self, Name, why_absent},
    },
    error::{Error, Reason},
    interaction,
    reach::Scope,
    store::{Abort, Tx},
};
use uuid::Uuid;

/// Puts a callback on record and promises a time; gives its id.
///
/// # Errors
/// What the directory does not know, or may not be asked of it; [`Error::CallbackOpen`], [`Error::ContactRefused`],
/// [`Error::CustomerErased`], [`Error::CallbackSlotUnavailable`], [`Error::CallbackNoOpening`].
pub(super) async fn request(tx: &Tx, at: &At, by: &By, told: &Asked) -> Result<Uuid, Abort> {
    let mut turn = Turn::begin(tx, &at.store).await?;
    let now = turn.now;
    if let Some((reason, rule)) = cannot_begin(find_team(tx, &told.team_id).await?.as_ref()) {
        return Err(Error::invalid("callback.team_id", reason, rule).into());
    }
    // Customers ask of any team.
    if by.sight.scope.own_customer().is_none() && !by.sight.scope.has_team(&told.team_id) {
        return Err(Error::FieldNotYours("callback.team_id").into());
    }
    let asked = known(tx, at, by, told).await?;
    let Some(point) = asked.point.clone() else { return Err(Error::CustomerErased.into()) };
    may_ring(tx, at, (&asked, &point), now).await?;
    if rows::is_open(tx, &by.sight, &point).await? {
        return Err(Error::CallbackOpen.into());
    }
    let desk = desk::of_team(tx, &asked.team_id).await?;
    let calendar = hours_of(tx, Some(&asked.team_id)).await?;
    let (quoted_at, basis) = match asked.slot_at {
        None => {
            let load = rows::load(tx, &by.sight, &asked.team_id, now).await?;
            let record = rows::record(tx, &by.sight, &asked.team_id, now).await?;
            quote(&calendar, now, load, record)?
        }
        Some(start) => {
            let taken = rows::taken_slots(tx, &by.sight, &asked.team_id, now).await?;
            let has_room = taken.get(&start).copied().unwrap_or_default() < i64::from(desk.slot_capacity);
            if !is_slot(&calendar, now, start) || !has_room {
                return Err(Error::CallbackSlotUnavailable.into());
            }
            (start + SLOT, CallbackQuoteBasis::Slot)
        }
    };
    let in_line_at = asked.slot_at.unwrap_or(now);
    let one = Callback {
        id: clock::id_at(now),
        place: (in_line_at, turn.place()),
        asked,
        quoted_at,
        basis,
        caller_number: desk.caller_number,
        author: by.subject.clone(),
        author_role: by.role,
        requested_at: now,
        course: Course::new(in_line_at),
    };
    rows::insert(tx, &one).await?;
    turn.tell(&one, CallbackEventKind::Requested, None).await?;
    turn.save(&one).await?;
    Ok(one.id)
}

/// What is asked for, with what the record knows of it.
async fn known(tx: &Tx, at: &At, by: &By, told: &Asked) -> Result<Asked, Abort> {
    let mut asked = told.clone();
    if let Some(id) = asked.interaction_id {
        // Those who may not see it cannot ask for a callback on it.
        let mut sight = by.sight.clone();
        if sight.scope.own_customer().is_none() {
            sight.scope = Scope::All;
        }
        let facts = interaction::store::find(tx, &sight, id).await?.ok_or(Error::NotFound("interaction"))?.facts;
        asked.case_id = facts.case_id;
        if let (Some(named), Some(recorded)) = (&asked.customer_id, &facts.customer_id)
            && directory::kept_id(tx, named.clone()).await? != *recorded
        {
            let rule = "must be the customer of the interaction";
            return Err(Error::invalid("callback.customer_id", Reason::Contradiction, rule).into());
        }
        asked.customer_id = asked.customer_id.or(facts.customer_id);
    }
    if let (None, Some(point)) = (&asked.customer_id, &asked.point) {
        asked.customer_id = owner_of(tx, point).await?;
    }
    if let Some(id) = &asked.customer_id {
        let Some(customer) = find_customer(tx, id).await? else {
            return Err(why_absent(tx, &at.vault, id).await);
        };
        // Nobody has others rung by asking for it.
        if by.sight.scope.own_customer().is_some() && !asked.point.as_ref().is_some_and(|point| has(&customer, point)) {
            let rule = "must be a phone number of your record";
            return Err(Error::invalid("callback.contact_point", Reason::Contradiction, rule).into());
        }
        asked.customer_id = Some(customer.id);
    }
    Ok(asked)
}

fn has(customer: &Customer, point: &Alias) -> bool {
    customer.aliases.contains(point) || customer.contact_points.iter().any(|one| one.at == *point)
}

/// Whether the number may be rung: a callback is asked for, so that caps and nights do not hold it back; a wish that names it does,
/// and so does an erasure.
///
/// # Errors
/// [`Error::CustomerErased`], [`Error::ContactRefused`].
pub(super) async fn may_ring(tx: &Tx, at: &At, (asked, point): (&Asked, &Alias), now: Micros) -> Result<(), Abort> {
    let party = match &asked.customer_id {
        Some(id) => Party::Customer(id.clone()),
        None => {
            let name = Name::Alias(point.clone());
            if !tombstone::among(tx, &at.vault, vec![name]).await?.is_empty() {
                return Err(Error::CustomerErased.into());
            }
            Party::Alias(point.clone())
        }
    };
    let (version, situation) = contact::store::situation(tx, &at.zone, &party, now).await?;
    let (purpose, channel) = (ContactPurpose::RequestedCallback, Channel::Callback);
    let attempt = Attempt { purpose, channel, points: vec![point.clone()], at: now };
    let refusals = version.policy.refusals(&situation, &attempt);
    if refusals.is_empty() {
        return Ok(());
    }
    let name = |refusal: contact::rules::Refusal| refusal.reason.plain_name().replace('_', " ");
    Err(Error::ContactRefused(refusals.into_iter().map(name).collect()).into())
}
