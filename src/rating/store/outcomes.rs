//! Reading what came of the interactions of a period, for scorecards that ask for it.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
};

use futures::TryStreamExt as _;
use jiff::tz::TimeZone;

use super::counters::Wanted;
use crate::{
    api::v1::{ScorecardUnit, StaffRole},
    error::Result,
    interaction::{
        resolution::{Matters, WINDOW},
        store::{AsRated, InteractionFilter, contacts, lines, primary_roles},
        summary::SummaryLine,
    },
    rating::{
        Rated,
        figures::{Subject, Unit},
        outcomes::{Gathering, Outcomes, RETURN},
        rules::midnight,
    },
    reach::Sight,
    store::Store,
};

/// What came of each group that is wanted, by key. Reads every interaction of the period, and of the 30 days after it.
pub(crate) async fn outcomes(store: &Store, zone: &TimeZone, wanted: &Wanted) -> Result<BTreeMap<String, Outcomes>> {
    let (reader, now) = (store.reader(), store.clock().now_micros());
    let (from, to) = (midnight(wanted.period.first, zone), midnight(wanted.period.last.saturating_add(1), zone));
    let until = to.map(|to| to.saturating_add(RETURN));
    let as_rated = AsRated::read(reader, wanted.besides.id(), from, until).await?;
    let mut known = contacts(reader, wanted.besides.id(), from, until).await?;
    as_rated.correct_contacts(&mut known);
    // Derived from the same contacts as in a summary of the period.
    let near: Vec<_> =
        known.iter().filter(|one| to.is_none_or(|to| one.at <= to.saturating_add(WINDOW))).cloned().collect();
    let sight = Sight { oneself: wanted.besides.clone(), ..Sight::all() };
    let period = InteractionFilter { from, to, ..InteractionFilter::default() };
    let roles = if wanted.unit == Unit::Shown(ScorecardUnit::Role) {
        primary_roles(reader, &sight, &period).await?
    } else {
        HashMap::new()
    };
    let mut gathering = Gathering::new(Matters::new(&near), now);
    let mut lines = pin!(lines(reader, &sight, &InteractionFilter { to: until, ..period }).await?);
    while let Some(line) = lines.try_next().await? {
        let line = as_rated.line(line);
        let in_period = to.is_none_or(|to| line.occurred_at < to);
        let key = in_period.then(|| key(&line, wanted.unit, roles.get(&line.id).copied())).flatten();
        gathering.add(&line, key.filter(|key| wanted.covers(key)));
    }
    Ok(gathering.finish(&Matters::new(&known)))
}

fn key(line: &SummaryLine, unit: Unit, role: Option<StaffRole>) -> Option<String> {
    let rated = line.primary_staff_id.clone().map(|staff_id| Rated {
        staff_id,
        team_id: line.primary_team_id.clone(),
        role: role.unwrap_or_default(),
    });
    let topic = line.topic.as_deref();
    Subject { template: None, channel: line.channel, kind: line.kind, topic, rated: rated.as_ref() }.key(unit)
}
