//! What must hold of a trial before it starts, who may lay it down, what its units are, and when it is looked at. Pure.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use super::{Outcome, Terms};
use crate::{
    api::v1::{TrialMetric, TrialUnit},
    clock::{DAY, Micros},
    error::{Error, Reason, Result, Violation},
    reach::Scope,
};

/// How long a trial runs at most.
const LONGEST: Micros = 366 * DAY;
/// How long a plan counts where nobody says so.
const CUSTOMER_WINDOW: Micros = 28 * DAY;
const TEAM_WINDOW: Micros = 7 * DAY;
/// Between looks: soon after the start, when what is wrong shows first, then ever more rarely.
const SOONEST: Micros = 5_000_000;
const RAREST: Micros = 60 * 60 * 1_000_000;

/// What is wrong with a trial that is laid down at `now`.
pub(super) fn check(terms: &Terms, now: Micros) -> Result<()> {
    let mut found = Vec::new();
    let mut refuse =
        |field: &str, reason, rule: &str| found.push(Violation::new(format!("trial.{field}"), reason, rule));
    if terms.ends_at <= now || terms.ends_at - now > LONGEST {
        refuse("planned_end_time", Reason::ImpossibleInstants, "must lie in the future, at most 366 days from now");
    }
    if terms.unit() == TrialUnit::Week && terms.window.is_some() {
        refuse("window", Reason::Contradiction, "must be absent where the unit is a week, which is its own");
    }
    for (at, outcome) in terms.outcomes.iter().enumerate() {
        let field = if at == 0 { "primary".to_owned() } else { format!("guardrails[{}]", at - 1) };
        if terms.outcomes.iter().take(at).any(|earlier| earlier.metric == outcome.metric) {
            let rule = "must be named once";
            refuse(&format!("{field}.metric"), Reason::Contradiction, rule);
        }
        if outcome.metric() != TrialMetric::Rating && outcome.smallest_effect > 1.0 {
            refuse(&format!("{field}.smallest_effect"), Reason::ValueOutOfRange, "must be a share, of 1 at most");
        }
    }
    Error::unless_empty(found)
}

/// A supervisor lays down trials of teams of theirs only.
pub(super) fn may_lay_down(scope: &Scope, team_ids: &[String]) -> Result<()> {
    let may = is_within(scope, team_ids);
    if may { Ok(()) } else { Err(Error::FieldNotYours("trial.team_ids")) }
}

/// Whether a trial of these teams is within a caller's reach: all of it, since its figures are of all of them.
pub(super) fn is_within(scope: &Scope, team_ids: &[String]) -> bool {
    *scope == Scope::All || !team_ids.is_empty() && team_ids.iter().all(|team| scope.has_team(team))
}

impl Outcome {
    /// The smallest difference that matters, between 0 and 1.
    pub(super) fn matters(self) -> f64 {
        match (self.metric(), self.smallest_effect) {
            (TrialMetric::Rating, effect) if effect > 0.0 => effect / 4.0,
            (TrialMetric::Rating, _) => 0.125,
            (_, effect) if effect > 0.0 => effect,
            _ => 0.05,
        }
    }
}

/// How long a plan counts for a customer or a team.
pub(super) fn window(terms: &Terms) -> Micros {
    let usual = if terms.unit() == TrialUnit::Team { TEAM_WINDOW } else { CUSTOMER_WINDOW };
    terms.window.unwrap_or(usual)
}

/// A week: its Monday, where it begins and where the next one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Week {
    pub(super) monday: Date,
    pub(super) from: Micros,
    pub(super) until: Micros,
}

/// The ISO week of an instant in the organisation's zone.
pub(super) fn week_of(at: Micros, zone: &TimeZone) -> Option<Week> {
    let day = Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()).date();
    let monday = day.checked_sub(i64::from(day.weekday().since(Weekday::Monday)).days()).ok()?;
    let begin = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond());
    Some(Week { monday, from: begin(monday)?, until: begin(monday.checked_add(7.days()).ok()?)? })
}

/// When a trial that started then is looked at next.
pub(super) fn next_look(started: Micros, now: Micros) -> Micros {
    now + ((now - started) / 10).clamp(SOONEST, RAREST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Scoped;

    pub(in crate::trial) fn terms() -> Terms {
        let outcome = |metric: TrialMetric| Outcome { metric: metric.into(), smallest_effect: 0.0 };
        Terms {
            display_name: "large classes".to_owned(),
            hypothesis: "cheaper, and as good".to_owned(),
            plan_a: "10 students, 1 teacher".to_owned(),
            plan_b: "100 students, 10 teachers".to_owned(),
            unit: TrialUnit::Customer.into(),
            share_of_b: 50,
            scope: Scoped::default(),
            outcomes: vec![outcome(TrialMetric::Rating), outcome(TrialMetric::Complaint)],
            alarm_per_mille: 50,
            window: None,
            ends_at: 14 * DAY,
            sealed: true,
            stop_on_alarm: true,
        }
    }

    fn fields(terms: &Terms) -> Vec<String> {
        match check(terms, 0) {
            Ok(()) => vec![],
            Err(Error::Invalid(found)) => found.into_iter().map(|one| one.field).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        assert_eq!(fields(&terms()), Vec::<String>::new());
        let mut wrong = Terms { unit: TrialUnit::Week.into(), window: Some(DAY), ends_at: 0, ..terms() };
        wrong.outcomes.push(wrong.outcomes[0]);
        wrong.outcomes[1].smallest_effect = 2.0;
        let expected = ["planned_end_time", "window", "guardrails[0].smallest_effect", "guardrails[1].metric"];
        assert_eq!(fields(&wrong), expected.map(|field| format!("trial.{field}")));
        assert_eq!(fields(&Terms { ends_at: 400 * DAY, ..terms() }), ["trial.planned_end_time"]);
    }

    #[test]
    fn a_supervisor_has_trials_of_their_teams_alone() {
        let scope = Scope::Teams { staff_id: "petra".to_owned(), teams: vec!["north".to_owned()] };
        let of = |teams: &[&str]| teams.iter().map(|&team| team.to_owned()).collect::<Vec<_>>();
        assert!(may_lay_down(&scope, &of(&["north"])).is_ok() && may_lay_down(&Scope::All, &[]).is_ok());
        for teams in [&[][..], &["south"], &["north", "south"]] {
            assert!(may_lay_down(&scope, &of(teams)).is_err() && !is_within(&scope, &of(teams)), "{teams:?}");
        }
        assert!(!is_within(&Scope::Staff("nora".to_owned()), &of(&["north"])));
    }

    #[test]
    fn a_week_is_that_of_the_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        // Sunday evening in London is Monday in Berlin.
        let week = week_of(at("2026-11-29T23:30:00Z"), &zone).unwrap();
        assert_eq!((week.monday.to_string(), week.from), ("2026-11-30".to_owned(), at("2026-11-29T23:00:00Z")));
        assert_eq!(week_of(week.until - 1, &zone), Some(week));
        // An hour longer, since clocks are set back.
        let long = week_of(at("2026-10-21T12:00:00Z"), &zone).unwrap();
        assert_eq!(long.until - long.from, 7 * DAY + 3_600_000_000);
    }

    #[test]
    fn looks_are_soon_and_then_hourly() {
        assert_eq!(next_look(0, 0), SOONEST);
        assert_eq!(next_look(0, DAY / 24), DAY / 24 + DAY / 240);
        assert_eq!(next_look(0, 10 * DAY), 10 * DAY + RAREST);
    }
}
