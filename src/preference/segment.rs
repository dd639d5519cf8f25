//! Customers who have some preferences in common.

use sea_orm::ConnectionTrait;

use super::{
    READ, Zones,
    profile::{Profile, ShownRatings, span},
    store as rows,
};
use crate::{
    api::v1::{CustomerStanding, PreferenceDimension, PreferenceOrigin},
    clock::Micros,
    directory::store::list_customers,
    error::Result,
};

/// Customers per trip to the database.
const BATCH: u64 = 200;
/// Customers that one call looks at, about; more would keep its caller waiting.
const EXAMINED: usize = 2_000;

/// Who belongs to a segment: all criteria hold.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) criteria: Vec<Criterion>,
    pub(super) standing: Option<CustomerStanding>,
    /// Whether what customers thought of how they were met counts.
    pub(super) shown_ratings: ShownRatings,
}

/// One of some values is liked in a dimension.
#[derive(Clone, Debug)]
pub(super) struct Criterion {
    pub(super) dimension: PreferenceDimension,
    pub(super) values: Vec<String>,
    pub(super) min_share: f64,
}

impl Criterion {
    /// The share that a customer's record gives the values.
    fn share(&self, profile: &Profile<'_>) -> f64 {
        if self.dimension == PreferenceDimension::Hour
            && let Some(hours) = stated_hours(profile)
        {
            let asked = hours.iter().filter(|hour| self.values.contains(hour)).count();
            return asked as f64 / hours.len() as f64;
        }
        profile.inference(self.dimension).map_or(0.0, |inference| inference.share(&self.values))
    }
}

/// The hours that the times touch at which the customer said they may be called, unless they stated an hour as such.
fn stated_hours(profile: &Profile<'_>) -> Option<Vec<String>> {
    if profile.said(PreferenceDimension::Hour).iter().any(|said| said.origin == PreferenceOrigin::Stated) {
        return None;
    }
    let (start, end) = span(&profile.preference(PreferenceDimension::Hours)?.value?)?;
    let last = if end > start { end - 1 } else { end + 24 * 60 - 1 };
    Some((start / 60..=last / 60).map(|hour| format!("{:02}", hour % 24)).collect())
}

impl Segment {
    /// The share of each criterion, if all of them hold.
    fn shares(&self, profile: &Profile<'_>) -> Option<Vec<f64>> {
        let held = self.criteria.iter().map(|one| Some(one.share(profile)).filter(|share| *share >= one.min_share));
        held.collect()
    }
}

/// Customers of a segment, with their shares.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) customers: Vec<(String, Vec<f64>)>,
    pub(super) examined: usize,
    /// Behind whom it goes on, if it does.
    pub(super) next: Option<String>,
}

/// Looks through customers after `after` in order of id, until there are `limit` or enough were looked at.
pub(super) async fn find(
    (connection, hidden_from): (&impl ConnectionTrait, Option<&str>),
    zones: &mut Zones,
    segment: &Segment,
    now: Micros,
    (mut after, limit): (Option<String>, usize),
) -> Result<Page> {
    let fits = rows::fitted(connection).await?;
    let mut page = Page::default();
    loop {
        let customers = list_customers(connection, segment.standing, now, after.clone(), BATCH).await?;
        let Some(last) = customers.last().map(|last| last.id.clone()) else { return Ok(page) };
        let between = (after.as_deref().unwrap_or_default(), last.as_str());
        let lines = rows::newest_of_each(connection, between, hidden_from, READ).await?;
        let holding = rows::holding_of_each(connection, between).await?;
        for customer in &customers {
            page.examined += 1;
            let lines = lines.get(&customer.id).map(Vec::as_slice).unwrap_or_default();
            let holding = holding.get(&customer.id).map(Vec::as_slice).unwrap_or_default();
            let zone = zones.of(&customer.time_zone);
            let profile = Profile::new(lines, holding, zone, (&fits, now), &segment.shown_ratings);
            let Some(shares) = segment.shares(&profile) else { continue };
            page.customers.push((customer.id.clone(), shares));
            if page.customers.len() == limit {
                page.next = Some(customer.id.clone());
                return Ok(page);
            }
        }
        if page.examined >= EXAMINED {
            page.next = Some(last);
            return Ok(page);
        }
        after = Some(last);
        // Callers who are served beside it have their turn.
        tokio::task::yield_now().await;
    }
}
