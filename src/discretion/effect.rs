//! What grants buy: customers who were given something against customers like them who were not (E2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rapport_statistics::matching::{self, Alike, Effect};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    prelude::Uuid, sea_query::SelectStatement,
};

use super::{
    entity::grant::{Column, Entity},
    month::Month,
};
use crate::{
    api::v1::{GrantState, InteractionKind},
    clock::{DAY, Micros},
    error::Result,
    interaction::store::alike::{self, Contact, Doing, Likeness},
    rating,
    reach::Sight,
    store::{Store, Stored},
};

/// How long after an interaction is looked at.
const AFTER: Micros = 30 * DAY;
/// Grants that are looked at, the newest.
const GRANTS: u64 = 2_000;
/// Those compared with, for each kind of interaction.
const CONTROLS: u64 = 50;

/// How many customers of either side a figure is known of, and the figure.
pub(super) type Figure = (usize, usize, Option<Effect>);

/// What grants bought.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    pub(super) matched: usize,
    pub(super) unmatched: usize,
    pub(super) controls: usize,
    /// Given for interactions that are not long enough ago.
    pub(super) pending: usize,
    pub(super) satisfaction: Figure,
    pub(super) returned: Figure,
    pub(super) complained: Figure,
}

/// Customers in a month who are alike.
#[derive(Default)]
struct Group {
    given: Vec<Contact>,
    controls: Vec<Contact>,
}

/// Estimates the effect of what a team, or everybody, gave in these months, both included. `span_of`: the instants of a month.
///
/// # Errors
/// Those of the database.
pub(super) async fn estimate(
    store: &Store,
    sight: &Sight,
    (from, to): (Month, Month),
    team_id: Option<&str>,
    span_of: impl Fn(Micros) -> (Micros, Micros),
) -> Result<Effects> {
    let (reader, now) = (store.reader(), store.clock().now_micros());
    let mut grants = Entity::find()
        .filter(Column::Month.gte(from.0))
        .filter(Column::Month.lte(to.0))
        .filter(Column::State.eq(Stored(GrantState::Given)))
        .order_by_desc(Column::Id)
        .limit(GRANTS);
    if let Some(team_id) = team_id {
        grants = grants.filter(Column::TeamId.eq(team_id));
    }
    let ids: Vec<Uuid> = grants.select_only().column(Column::InteractionId).into_tuple().all(reader).await?;
    let mut given: Vec<_> = alike::likenesses(reader, sight, &ids).await?.into_values().collect();
    given.sort_by_key(|(_, contact)| (contact.occurred_at, contact.id));
    let mut found = Effects::default();
    let mut groups: BTreeMap<(Micros, Likeness), Group> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (likeness, contact) in given {
        if contact.occurred_at + AFTER > now {
            found.pending += 1;
        } else if seen.insert(contact.customer_id.clone()) {
            // What somebody was given first counts once, however much they were given.
            let (month, _) = span_of(contact.occurred_at);
            groups.entry((month, likeness)).or_default().given.push(contact);
        }
    }
    for ((month, likeness), group) in &mut groups {
        let sum: i128 = group.given.iter().map(|one| i128::from(one.occurred_at)).sum();
        let near = i64::try_from(sum / group.given.len().max(1) as i128).unwrap_or(*month);
        let (begin, end) = span_of(*month);
        let span = (begin, end.min(now - AFTER));
        let near = (span, near);
        let controls = alike::alike(reader, sight, likeness, near, (with_grants(), CONTROLS)).await?;
        // A customer of several kinds of interactions counts in one of them.
        group.controls = controls.into_iter().filter(|one| seen.insert(one.customer_id.clone())).collect();
    }
    let groups: Vec<Group> = groups.into_values().collect();
    for group in &groups {
        let (given, controls) = (group.given.len(), group.controls.len());
        match controls {
            0 => found.unmatched += given,
            _ => (found.matched, found.controls) = (found.matched + given, found.controls + controls),
        }
    }
    let after = After::of(store, sight, &groups).await?;
    found.satisfaction = figure(&groups, (1.0, 5.0), |one| after.mean_level(one));
    found.returned = figure(&groups, (0.0, 1.0), |one| Some(after.any(one, is_return)));
    found.complained = figure(&groups, (0.0, 1.0), |one| Some(after.any(one, is_complaint)));
    Ok(found)
}

/// Customers who were ever given something: nobody of them is like one who was not.
fn with_grants() -> SelectStatement {
    let given = Entity::find().filter(Column::State.eq(Stored(GrantState::Given)));
    given.filter(Column::CustomerId.is_not_null()).select_only().column(Column::CustomerId).into_query()
}

fn figure(groups: &[Group], scale: (f64, f64), of: impl Fn(&Contact) -> Option<f64>) -> Figure {
    let seen = |contacts: &[Contact]| contacts.iter().filter_map(&of).collect();
    let groups: Vec<_> =
        groups.iter().map(|one| Alike { with: seen(&one.given), without: seen(&one.controls) }).collect();
    matching::effect(&groups, scale)
}

fn is_return(kind: InteractionKind) -> bool {
    use InteractionKind::{Attended, Downloaded, Inquiry, Order, Ordered, Sales, Visited};
    matches!(kind, Inquiry | Order | Sales | Visited | Downloaded | Attended | Ordered)
}

fn is_complaint(kind: InteractionKind) -> bool {
    kind == InteractionKind::Complaint
}

/// What customers did later.
struct After {
    doings: HashMap<String, Vec<Doing>>,
    levels: HashMap<Uuid, i16>,
}

impl After {
    async fn of(store: &Store, sight: &Sight, groups: &[Group]) -> Result<Self> {
        let contacts = || groups.iter().flat_map(|one| one.given.iter().chain(&one.controls));
        let customers: Vec<String> = contacts().map(|one| one.customer_id.clone()).collect();
        let times = || contacts().map(|one| one.occurred_at);
        let span = (times().min().unwrap_or_default(), times().max().unwrap_or_default() + AFTER);
        let doings = alike::doings(store.reader(), sight, &customers, span).await?;
        let ids: Vec<Uuid> = doings.values().flatten().map(|one| one.id).collect();
        let levels = rating::store::levels(store.reader(), sight, &ids).await?;
        Ok(Self { doings, levels })
    }

    fn of_contact<'a>(&'a self, contact: &'a Contact) -> impl Iterator<Item = &'a Doing> {
        let doings = self.doings.get(&contact.customer_id).into_iter().flatten();
        let since = contact.occurred_at;
        // What they say of the interaction itself may be thanks for the gift.
        doings.filter(move |one| one.id != contact.id && (since..since + AFTER).contains(&one.occurred_at))
    }

    fn mean_level(&self, contact: &Contact) -> Option<f64> {
        let levels = self.of_contact(contact).filter_map(|one| self.levels.get(&one.id));
        let (n, sum) = levels.fold((0.0, 0.0), |(n, sum), level| (n + 1.0, sum + f64::from(*level)));
        (n > 0.0).then(|| sum / n)
    }

    fn any(&self, contact: &Contact, is: fn(InteractionKind) -> bool) -> f64 {
        f64::from(u8::from(self.of_contact(contact).any(|one| is(one.kind))))
    }
}
