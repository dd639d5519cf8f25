//! What came of quotes, by team and hour of the day. Pure.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::quote::quantile;
use crate::{
    api::v1::{CallbackBreachReason as Breach, CallbackFailureReason as Failure, CallbackState as State},
    clock::Micros,
};

/// What is known of one callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) team_id: String,
    /// When it was asked for, or when its slot began.
    pub(super) place_at: Micros,
    pub(super) quoted_at: Micros,
    pub(super) first_dialled_at: Option<Micros>,
    pub(super) state: State,
    pub(super) breach: Option<Breach>,
    pub(super) failure: Option<Failure>,
}

/// What they come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) requested: i64,
    pub(super) open: i64,
    pub(super) done: i64,
    pub(super) failed: i64,
    pub(super) cancelled: i64,
    pub(super) inside: i64,
    pub(super) breaches: BTreeMap<Breach, i64>,
    pub(super) failures: BTreeMap<Failure, i64>,
    quoted_waits: Vec<Micros>,
    actual_waits: Vec<Micros>,
}

impl Figures {
    fn add(&mut self, line: &Line) {
        self.requested += 1;
        match line.state {
            State::Done => self.done += 1,
            State::Failed => self.failed += 1,
            State::Cancelled => self.cancelled += 1,
            State::Unspecified | State::Waiting | State::Claimed | State::Dialling | State::Connected => self.open += 1,
        }
        self.quoted_waits.push(line.quoted_at - line.place_at);
        if let Some(dialled_at) = line.first_dialled_at {
            self.actual_waits.push((dialled_at - line.place_at).max(0));
            self.inside += i64::from(line.breach.is_none());
        }
        if let Some(reason) = line.breach {
            *self.breaches.entry(reason).or_default() += 1;
        }
        if let Some(reason) = line.failure {
            *self.failures.entry(reason).or_default() += 1;
        }
    }

    /// How many were not rung by the quoted time.
    pub(super) fn breached(&self) -> i64 {
        self.breaches.values().sum()
    }

    /// Of those that were rung by the quoted time, or not.
    pub(super) fn inside_share(&self) -> Option<f64> {
        let judged = self.inside + self.breached();
        // Counts far below 2^53.
        #[allow(clippy::cast_precision_loss, reason = "counts of callbacks")]
        (judged > 0).then_some(self.inside as f64 / judged as f64)
    }

    pub(super) fn quoted_median(&self) -> Option<Micros> {
        quantile(self.quoted_waits.clone(), 50)
    }

    pub(super) fn actual_median(&self) -> Option<Micros> {
        quantile(self.actual_waits.clone(), 50)
    }

    pub(super) fn actual_p90(&self) -> Option<Micros> {
        quantile(self.actual_waits.clone(), 90)
    }
}

/// By team and hour.
pub(super) fn figures(lines: &[Line], zone: &TimeZone) -> BTreeMap<(String, i8), Figures> {
    let mut found: BTreeMap<(String, i8), Figures> = BTreeMap::new();
    for line in lines {
        let at = Timestamp::from_microsecond(line.place_at).unwrap_or_default();
        found.entry((line.team_id.clone(), at.to_zoned(zone.clone()).hour())).or_default().add(line);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Micros = 60_000_000;

    fn line(minute: i64, wait: Option<i64>, state: State) -> Line {
        let place_at = minute * MINUTE;
        let first_dialled_at = wait.map(|wait| place_at + wait * MINUTE);
        let is_late = wait.is_none_or(|wait| wait > 5) && state != State::Cancelled;
        Line {
            team_id: "north".to_owned(),
            place_at,
            quoted_at: place_at + 5 * MINUTE,
            first_dialled_at,
            state,
            breach: is_late.then_some(Breach::AllBusy),
            failure: (state == State::Failed).then_some(Failure::NoAnswer),
        }
    }

    #[test]
    fn quotes_are_held_against_what_came() {
        let lines = [
            line(0, Some(1), State::Done),
            line(10, Some(3), State::Failed),
            line(20, Some(9), State::Done),
            line(30, None, State::Waiting),
            line(40, None, State::Cancelled),
            line(60, Some(2), State::Done),
        ];
        let found = figures(&lines, &TimeZone::get("Asia/Kolkata").unwrap());
        // Half an hour past five, and past six: the hours of the zone.
        assert_eq!(found.keys().map(|(_, hour)| *hour).collect::<Vec<_>>(), [5, 6]);
        let first = &found[&("north".to_owned(), 5)];
        assert_eq!((first.requested, first.done, first.failed, first.cancelled, first.open), (3, 2, 1, 0, 0));
        assert_eq!((first.inside, first.breached()), (2, 1));
        assert_eq!(first.actual_median(), Some(3 * MINUTE));
        assert_eq!((first.actual_p90(), first.quoted_median()), (Some(9 * MINUTE), Some(5 * MINUTE)));
        assert_eq!(first.failures[&Failure::NoAnswer], 1);
        let second = &found[&("north".to_owned(), 6)];
        assert_eq!((second.open, second.cancelled, second.inside_share()), (1, 1, Some(0.5)));
    }

    #[test]
    fn nothing_that_was_judged_has_no_share() {
        assert_eq!(Figures::default().inside_share(), None);
    }
}
