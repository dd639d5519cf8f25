//! What a trial says today. May be asked every day: an alarm, a conclusion and the bounds hold at all looks together.

use crate::{assign::Arm, bet::Bettor, mean, ratio::Counts};

/// The part of the chance of a false alarm that the numbers of assigned units take; outcomes divide the rest equally.
const FOR_NUMBERS: f64 = 0.1;

/// What of a unit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A value between 0 and 1, better the higher.
    HighIsGood,
    /// A value between 0 and 1, better the lower.
    LowIsGood,
    /// Something bad that happened to a unit. Only those to whom it happened have a value: so nobody waits for the
    /// others.
    BadEvent,
}

/// An outcome as it was named before the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// What counts.
    pub measure: Measure,
    /// The smallest difference that matters, between 0 and 1: of means, or of the shares of units to whom it happened.
    pub matters: f64,
}

/// What was laid down before the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// In percent, 1 to 99.
    pub share_of_b: u8,
    /// The chance of a false alarm, over all outcomes and looks.
    pub alpha: f64,
    /// The primary outcome, then the guardrails.
    pub outcomes: Vec<Outcome>,
}

impl Rules {
    fn share(&self) -> f64 {
        f64::from(self.share_of_b) / 100.0
    }

    /// The evidence at which an outcome alarms.
    pub fn alarming(&self) -> f64 {
        self.outcomes.len() as f64 / (self.alpha * (1.0 - FOR_NUMBERS))
    }

    /// The evidence at which the numbers of units do not fit their share.
    pub fn mismatching(&self) -> f64 {
        1.0 / (self.alpha * FOR_NUMBERS)
    }
}

/// Why it alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Plan B is worse in the outcome at this place.
    Worse(usize),
    /// The numbers of units do not fit the share: what was assigned is not what is counted.
    Mismatch,
}

/// What may be said of the primary outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing yet.
    Open,
    /// Plan B is worse in it, or in a guardrail.
    Worse,
    /// Plan B is better.
    Better,
    /// If there is a difference it is smaller than one that matters.
    Alike,
}

/// What became of one outcome.
#[derive(Clone, Copy, Debug)]
struct Seen {
    worse: Bettor,
    better: Bettor,
    counts: Counts,
    sums: [f64; 2],
}

/// Takes values in, one after the other.
#[derive(Clone, Debug)]
pub struct Watcher<'r> {
    rules: &'r Rules,
    seen: Vec<Seen>,
}

impl<'r> Watcher<'r> {
    /// Before the start.
    pub fn new(rules: &'r Rules) -> Self {
        let bettor = Bettor::new(rules.share());
        let seen = Seen { worse: bettor, better: bettor, counts: Counts::default(), sums: [0.0; 2] };
        Self { rules, seen: vec![seen; rules.outcomes.len()] }
    }

    /// Takes in the value of a unit, between 0 and 1; `at`: the place of its outcome in the rules.
    pub fn add(&mut self, at: usize, (arm, value): (Arm, f64)) {
        let (Some(seen), Some(outcome)) = (self.seen.get_mut(at), self.rules.outcomes.get(at)) else { return };
        // The mean of those before, as if one of 1/2 had come first.
        let mean = (0.5 + seen.sums.iter().sum::<f64>()) / (1.0 + (seen.counts.a + seen.counts.b) as f64);
        let bad = match outcome.measure {
            Measure::HighIsGood => mean - value,
            Measure::LowIsGood => value - mean,
            Measure::BadEvent => 1.0,
        };
        seen.worse.add(arm, bad);
        seen.better.add(arm, -bad);
        match arm {
            Arm::A => seen.counts.a += 1,
            Arm::B => seen.counts.b += 1,
        }
        seen.sums[arm as usize] += value;
    }

    /// What alarms; `assigned`: all units.
    pub fn alarms(&self, assigned: Counts) -> Vec<Alarm> {
        let limit = self.rules.alarming();
        let worse = self.seen.iter().enumerate().filter(|(_, seen)| seen.worse.evidence() >= limit);
        let mismatch = assigned.evidence(self.rules.share()) >= self.rules.mismatching();
        worse.map(|(at, _)| Alarm::Worse(at)).chain(mismatch.then_some(Alarm::Mismatch)).collect()
    }
}

/// How the arms differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// Mean of B less mean of A, and its bounds.
    Means {
        /// As counted; absent while an arm has no value.
        found: Option<f64>,
        /// With the confidence of the trial at all looks together.
        within: (f64, f64),
    },
    /// How many times as often something happens with B as with A.
    Times {
        /// As counted; absent while it happened to nobody with A.
        found: Option<f64>,
        /// With the confidence of the trial at all looks together; may have no upper bound.
        within: (f64, f64),
    },
}

/// What one outcome says.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Units with a value.
    pub counts: Counts,
    /// Mean values of A and of B; absent without any.
    pub means: [Option<f64>; 2],
    /// Between the arms.
    pub difference: Difference,
    /// That B is worse: alarms from [`Rules::alarming`] on.
    pub worse: f64,
    /// That B is better: of the primary outcome it counts from 1/α on.
    pub better: f64,
    /// That units of one arm have a value more often than those of the other. Says that they answer, or that it
    /// happens, more often.
    pub uneven: f64,
}

/// What a trial says.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// By outcome, in the order of the rules.
    pub findings: Vec<Finding>,
    /// That units are lost in one arm: alarms from [`Rules::mismatching`] on.
    pub mismatch: f64,
    /// Outcomes first.
    pub alarms: Vec<Alarm>,
    /// Of the primary outcome.
    pub conclusion: Conclusion,
}

/// What a trial says by now. `assigned`: all units; `values`: of each outcome, in the order in which they became known.
pub fn look(rules: &Rules, assigned: Counts, values: &[Vec<(Arm, f64)>]) -> Look {
    let mut watcher = Watcher::new(rules);
    for (at, values) in values.iter().enumerate() {
        values.iter().for_each(|value| watcher.add(at, *value));
    }
    let findings: Vec<Finding> = watcher
        .seen
        .iter()
        .zip(values)
        .zip(&rules.outcomes)
        .map(|((seen, values), outcome)| finding(rules, seen, values, outcome.measure))
        .collect();
    let alarms = watcher.alarms(assigned);
    let conclusion = conclude(rules, assigned, &findings, &alarms);
    Look { findings, mismatch: assigned.evidence(rules.share()), alarms, conclusion }
}

fn finding(rules: &Rules, seen: &Seen, values: &[(Arm, f64)], measure: Measure) -> Finding {
    let counts = seen.counts;
    let share = rules.share();
    let [mean_a, mean_b] = [(seen.sums[0], counts.a), (seen.sums[1], counts.b)]
        .map(|(sum, count)| (count > 0).then(|| sum / count as f64));
    let difference = match measure {
        Measure::BadEvent => {
            let times = |share_of_b: f64| share_of_b / (1.0 - share_of_b) * (1.0 - share) / share;
            let (low, high) = counts.share_within(share, rules.alpha);
            let found = (counts.a > 0).then(|| times(counts.b as f64 / (counts.a + counts.b) as f64));
            Difference::Times { found, within: (times(low), times(high)) }
        }
        Measure::HighIsGood | Measure::LowIsGood => {
            let of = |arm| values.iter().filter(|(one, _)| *one == arm).map(|(_, value)| *value).collect::<Vec<_>>();
            // Both hold together where each may fail half as often.
            let [a, b] = [Arm::A, Arm::B].map(|arm| mean::within(&of(arm), rules.alpha / 2.0));
            let found = mean_a.zip(mean_b).map(|(a, b)| b - a);
            Difference::Means { found, within: (b.0 - a.1, b.1 - a.0) }
        }
    };
    let (worse, better) = (seen.worse.evidence(), seen.better.evidence());
    Finding { counts, means: [mean_a, mean_b], difference, worse, better, uneven: counts.evidence(share) }
}

fn conclude(rules: &Rules, assigned: Counts, findings: &[Finding], alarms: &[Alarm]) -> Conclusion {
    let (Some(primary), Some(outcome)) = (findings.first(), rules.outcomes.first()) else { return Conclusion::Open };
    // Of what was not counted as it was assigned nothing can be said.
    if alarms.contains(&Alarm::Mismatch) {
        return Conclusion::Open;
    }
    if !alarms.is_empty() {
        return Conclusion::Worse;
    }
    if primary.better >= 1.0 / rules.alpha {
        return Conclusion::Better;
    }
    let is_small = match primary.difference {
        Difference::Means { within: (low, high), .. } => low > -outcome.matters && high < outcome.matters,
        Difference::Times { within: (low, high), .. } => {
            let share_of_a = primary.counts.a as f64 / assigned.a.max(1) as f64;
            share_of_a > 0.0
                && share_of_a * (high - 1.0) < outcome.matters
                && share_of_a * (1.0 - low) < outcome.matters
        }
    };
    if is_small { Conclusion::Alike } else { Conclusion::Open }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let outcome = |measure, matters| Outcome { measure, matters };
        let outcomes = vec![outcome(Measure::HighIsGood, 0.1), outcome(Measure::BadEvent, 0.02)];
        Rules { share_of_b: 50, alpha: 0.05, outcomes }
    }

    /// So many units, whose arms take turns.
    fn turns(count: usize, a: f64, b: f64) -> Vec<(Arm, f64)> {
        (0..count).map(|at| if at % 2 == 0 { (Arm::A, a) } else { (Arm::B, b) }).collect()
    }

    fn even(count: u64) -> Counts {
        Counts { a: count, b: count }
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let look = look(&rules(), Counts::default(), &[vec![], vec![]]);
        assert_eq!((look.conclusion, look.alarms.len()), (Conclusion::Open, 0));
        assert_eq!(look.findings[0].difference, Difference::Means { found: None, within: (-1.0, 1.0) });
        let Difference::Times { found: None, within: (low, high) } = look.findings[1].difference else { panic!() };
        assert!(low <= 0.0 && high.is_infinite());
    }

    #[test]
    fn a_worse_plan_alarms_and_a_better_one_does_not() {
        let worse = look(&rules(), even(100), &[turns(200, 0.9, 0.5), vec![]]);
        assert_eq!((worse.conclusion, worse.alarms), (Conclusion::Worse, vec![Alarm::Worse(0)]));
        let better = look(&rules(), even(100), &[turns(200, 0.5, 0.9), vec![]]);
        assert_eq!((better.conclusion, better.alarms), (Conclusion::Better, vec![]));
        let Difference::Means { found: Some(found), within: (low, high) } = better.findings[0].difference else {
            panic!()
        };
        assert!((found - 0.4).abs() < 1e-9 && low > 0.1 && high < 0.7, "{found} {low} {high}");
    }

    #[test]
    fn complaints_alarm_without_anybody_who_rates() {
        let complaints: Vec<_> = (0..24).map(|at| (if at % 6 == 0 { Arm::A } else { Arm::B }, 1.0)).collect();
        let look = look(&rules(), even(100), &[vec![], complaints]);
        assert_eq!(look.alarms, [Alarm::Worse(1)]);
        let Difference::Times { found: Some(found), within: (low, _) } = look.findings[1].difference else { panic!() };
        assert!((found - 5.0).abs() < 1e-9 && low > 1.0, "{found} {low}");
    }

    #[test]
    fn alike_plans_are_said_to_be_alike() {
        let look = look(&rules(), even(5_000), &[turns(10_000, 0.8, 0.8), vec![]]);
        assert_eq!((look.conclusion, look.alarms.len()), (Conclusion::Alike, 0));
    }

    #[test]
    fn nothing_is_concluded_from_numbers_that_do_not_fit() {
        let look = look(&rules(), Counts { a: 100, b: 30 }, &[turns(200, 0.5, 0.9), vec![]]);
        assert_eq!((look.conclusion, look.alarms), (Conclusion::Open, vec![Alarm::Mismatch]));
    }
}
