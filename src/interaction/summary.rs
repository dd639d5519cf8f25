//! Figures over interactions (I4, I5). Exact: every known time is kept until the group is closed.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    Instants,
    resolution::{Matters, Readings},
};
use crate::{
    api::v1::{Channel, Direction, InteractionKind, Outcome, Resolution, SummaryGrouping},
    clock::Micros,
};

/// What of an interaction counts.
#[derive(Clone, Debug)]
pub(crate) struct SummaryLine {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) direction: Direction,
    pub(crate) outcome: Outcome,
    pub(crate) topic: Option<String>,
    pub(crate) occurred_at: Micros,
    pub(crate) instants: Instants,
    pub(crate) after_call_work: Option<Micros>,
    pub(crate) transfer_count: i64,
    pub(crate) staff_resolution: Resolution,
    pub(crate) customer_resolution: Resolution,
    pub(crate) customer_id: Option<String>,
    pub(crate) primary_staff_id: Option<String>,
    pub(crate) primary_team_id: Option<String>,
}

/// How to sum up.
pub(crate) struct Plan {
    pub(crate) grouping: SummaryGrouping,
    pub(crate) time_zone: TimeZone,
    pub(crate) threshold: Micros,
    pub(crate) now: Micros,
}

/// One group's figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) count: i64,
    waits: Vec<Micros>,
    handlings: Vec<Micros>,
    pub(crate) within: i64,
    pub(crate) offered: i64,
    /// Answered after a wait that is not known.
    pub(crate) unknown_waits: i64,
    pub(crate) transferred: i64,
    pub(crate) transfers: i64,
    pub(crate) answered: i64,
    pub(crate) abandoned: i64,
    pub(crate) resolution: Readings,
}

/// Mean, median and p90 of the known times, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) known: i64,
    pub(crate) mean: Option<f64>,
    pub(crate) median: Option<f64>,
    pub(crate) p90: Option<f64>,
}

/// Sums lines up, group by group.
pub(crate) struct Summary {
    plan: Plan,
    matters: Matters,
    groups: BTreeMap<String, Group>,
    total: Group,
}

impl Summary {
    pub(crate) fn new(plan: Plan, matters: Matters) -> Self {
        Self { plan, matters, groups: BTreeMap::new(), total: Group::default() }
    }

    pub(crate) fn add(&mut self, line: &SummaryLine) {
        let key = key(line, self.plan.grouping, &self.plan.time_zone);
        for group in [self.groups.entry(key).or_default(), &mut self.total] {
            group.add(line, self.plan.threshold);
            group.resolution.add(line, &self.matters, self.plan.now);
        }
    }

    /// The groups in order of key, and all of them together.
    pub(crate) fn finish(self) -> (BTreeMap<String, Group>, Group) {
        (self.groups, self.total)
    }
}

impl Group {
    fn add(&mut self, line: &SummaryLine, threshold: Micros) {
        self.count += 1;
        let wait = line.instants.wait();
        self.waits.extend(wait);
        self.handlings.extend(line.instants.handling(line.after_call_work));
        match line.outcome {
            Outcome::Answered => {
                self.answered += 1;
                match wait {
                    Some(wait) => {
                        self.offered += 1;
                        self.within += i64::from(wait <= threshold);
                    }
                    None => self.unknown_waits += 1,
                }
            }
            Outcome::Abandoned => {
                self.abandoned += 1;
                self.offered += 1;
            }
            Outcome::Unspecified | Outcome::NoAnswer | Outcome::Declined | Outcome::Voicemail | Outcome::Failed => {}
        }
        self.transferred += i64::from(line.transfer_count > 0);
        self.transfers += line.transfer_count;
    }

    pub(crate) fn wait(&mut self) -> Statistics {
        statistics(&mut self.waits)
    }

    pub(crate) fn handling(&mut self) -> Statistics {
        statistics(&mut self.handlings)
    }

    /// within / offered, where every wait is known: without the others, only the abandoned would still be missed.
    pub(crate) fn service_level(&self) -> Option<f64> {
        (self.unknown_waits == 0).then(|| share(self.within, self.offered)).flatten()
    }

    /// The least and the greatest that the service level can be, whatever the waits that are not known.
    pub(crate) fn service_level_bounds(&self) -> Option<(f64, f64)> {
        let all = self.offered + self.unknown_waits;
        share(self.within, all).zip(share(self.within + self.unknown_waits, all))
    }

    /// abandoned / (answered + abandoned).
    pub(crate) fn abandonment_rate(&self) -> Option<f64> {
        share(self.abandoned, self.answered + self.abandoned)
    }
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Of known times; puts them in order.
pub(crate) fn statistics(times: &mut [Micros]) -> Statistics {
    let known = times.len();
    if known == 0 {
        return Statistics::default();
    }
    times.sort_unstable();
    let sum: i128 = times.iter().map(|time| i128::from(*time)).sum();
    let middle = (times[(known - 1) / 2] + times[known / 2]) as f64 / 2.0;
    // Nearest rank: the smallest value that at least 90% do not exceed.
    let rank = (known * 9).div_ceil(10).max(1);
    Statistics {
        known: i64::try_from(known).unwrap_or(i64::MAX),
        mean: Some(sum as f64 / known as f64 / 1e6),
        median: Some(middle / 1e6),
        p90: Some(times[rank - 1] as f64 / 1e6),
    }
}

fn key(line: &SummaryLine, grouping: SummaryGrouping, zone: &TimeZone) -> String {
    let local = || Timestamp::from_microsecond(line.occurred_at).unwrap_or_default().to_zoned(zone.clone());
    match grouping {
        SummaryGrouping::Unspecified => String::new(),
        SummaryGrouping::Channel => line.channel.plain_name().to_owned(),
        SummaryGrouping::Kind => line.kind.plain_name().to_owned(),
        SummaryGrouping::Outcome => line.outcome.plain_name().to_owned(),
        SummaryGrouping::Team => line.primary_team_id.clone().unwrap_or_default(),
        SummaryGrouping::Staff => line.primary_staff_id.clone().unwrap_or_default(),
        SummaryGrouping::Topic => line.topic.clone().unwrap_or_default(),
        SummaryGrouping::Hour => format!("{:02}", local().hour()),
        SummaryGrouping::Weekday => local().weekday().to_monday_one_offset().to_string(),
        SummaryGrouping::Day => local().date().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(outcome: Outcome, wait: Option<Micros>) -> SummaryLine {
        SummaryLine {
            id: Uuid::nil(),
            channel: Channel::InboundCall,
            kind: InteractionKind::Service,
            direction: Direction::Inbound,
            outcome,
            topic: None,
            // 2023-11-14T22:13:20Z, a Tuesday; the next day in Shanghai.
            occurred_at: 1_700_000_000_000_000,
            instants: Instants { requested: Some(0), connected: wait, ..Instants::default() },
            after_call_work: None,
            transfer_count: 0,
            staff_resolution: Resolution::Resolved,
            customer_resolution: Resolution::Unspecified,
            customer_id: None,
            primary_staff_id: None,
            primary_team_id: None,
        }
    }

    fn summary(grouping: SummaryGrouping, zone: &str, lines: &[SummaryLine]) -> (BTreeMap<String, Group>, Group) {
        let time_zone = TimeZone::get(zone).expect("a zone");
        let plan = Plan { grouping, time_zone, threshold: 20_000_000, now: i64::MAX };
        let mut summary = Summary::new(plan, Matters::new(&[]));
        lines.iter().for_each(|line| summary.add(line));
        summary.finish()
    }

    #[test]
    fn days_and_hours_are_local() {
        let one = [line(Outcome::Answered, None)];
        let keys = |grouping, zone| summary(grouping, zone, &one).0.into_keys().collect::<Vec<_>>();
        assert_eq!(keys(SummaryGrouping::Day, "UTC"), ["2023-11-14"]);
        assert_eq!(keys(SummaryGrouping::Day, "Asia/Shanghai"), ["2023-11-15"]);
        assert_eq!(keys(SummaryGrouping::Hour, "UTC"), ["22"]);
        assert_eq!(keys(SummaryGrouping::Hour, "Asia/Shanghai"), ["06"]);
        assert_eq!(keys(SummaryGrouping::Weekday, "Asia/Shanghai"), ["3"]);
    }

    #[test]
    fn service_level_counts_the_abandoned_as_not_answered() {
        let second = 1_000_000;
        let lines = [
            line(Outcome::Answered, Some(20 * second)),
            line(Outcome::Answered, Some(21 * second)),
            line(Outcome::Answered, None),
            line(Outcome::Abandoned, None),
        ];
        let (_, mut total) = summary(SummaryGrouping::Channel, "UTC", &lines);
        assert_eq!((total.within, total.offered, total.unknown_waits), (1, 3, 1));
        // The third may have been answered in time or not.
        assert_eq!((total.service_level(), total.service_level_bounds()), (None, Some((0.25, 0.5))));
        let (_, known) = summary(SummaryGrouping::Channel, "UTC", &[lines[0].clone(), lines[3].clone()]);
        assert_eq!((known.service_level(), known.service_level_bounds()), (Some(0.5), Some((0.5, 0.5))));
        assert_eq!(total.abandonment_rate(), Some(0.25));
        let wait = total.wait();
        assert_eq!((wait.known, wait.mean, wait.median, wait.p90), (2, Some(20.5), Some(20.5), Some(21.0)));
        assert_eq!(total.handling(), Statistics::default());
        let Readings { by_staff, by_customer, derived } = total.resolution;
        assert_eq!((by_staff.resolved, by_customer.unknown, derived.unknown), (3, 3, 3));
    }

    proptest! {
        #[test]
        fn percentiles_are_what_their_definition_says(mut times in proptest::collection::vec(0..1_000i64, 1..200)) {
            let found = statistics(&mut times);
            let p90 = found.p90.unwrap_or_default() * 1e6;
            let share = |limit: f64| times.iter().filter(|time| **time as f64 <= limit + 1e-6).count() * 10;
            prop_assert!(share(p90) >= times.len() * 9);
            prop_assert!(share(p90 - 1.0) < times.len() * 9);
            let median = found.median.unwrap_or_default() * 1e6;
            let below = times.iter().filter(|time| (**time as f64) < median - 1e-6).count();
            let above = times.iter().filter(|time| (**time as f64) > median + 1e-6).count();
            prop_assert!(below * 2 <= times.len() && above * 2 <= times.len());
        }
    }
}
