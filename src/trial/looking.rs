//! From what is on record to what a trial says.

use rapport_statistics::random::SplitMix;
use rapport_trial::{
    assign::Arm,
    look::{self, Alarm, Look, Measure, Rules, Watcher},
    ratio::Counts,
};
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    Terms, Trial, units,
    values::{self, Counted, Units, View},
};
use crate::{
    api::v1::{TrialMetric, TrialUnit},
    error::Result,
    offload,
};

/// Units in an arm below which nothing is said of it.
pub(super) const FEWEST: u64 = 5;
/// How often an A/A check gives plans by chance.
pub(super) const RUNS: i32 = 200;
/// Values of an outcome that an A/A check takes in.
const CHECKED: usize = 5_000;

/// What was laid down, as the statistics have it.
pub(super) fn rules(terms: &Terms) -> Rules {
    let outcome = |outcome: &super::Outcome| look::Outcome {
        measure: measure(terms.unit(), outcome.metric()),
        matters: outcome.matters(),
    };
    Rules {
        share_of_b: terms.share_of_b,
        alpha: f64::from(terms.alarm_per_mille) / 1_000.0,
        outcomes: terms.outcomes.iter().map(outcome).collect(),
    }
}

/// How an outcome is counted: what happens to a customer is counted when it happens, what happens to a team as its
/// share.
pub(super) fn measure(unit: TrialUnit, metric: TrialMetric) -> Measure {
    match (metric, unit) {
        (TrialMetric::Rating | TrialMetric::Resolved, _) => Measure::HighIsGood,
        (_, TrialUnit::Customer | TrialUnit::Unspecified) => Measure::BadEvent,
        (_, TrialUnit::Team | TrialUnit::Week) => Measure::LowIsGood,
    }
}

/// What a trial says, and of how many units. `by_fives`: only what makes whole fives of an arm is taken in of what
/// customers say, so that two readings do not differ by one customer.
pub(super) async fn look(
    connection: &impl ConnectionTrait,
    trial: &Trial,
    view: View<'_>,
    by_fives: bool,
) -> Result<(Counts, Look)> {
    let rules = rules(&trial.terms);
    let (assigned, mut all) = read(connection, trial, view).await?;
    for (values, outcome) in all.iter_mut().zip(&rules.outcomes) {
        if by_fives && outcome.measure != Measure::BadEvent {
            keep_fives(values);
        }
    }
    let all: Vec<Vec<_>> =
        all.into_iter().map(|values| values.into_iter().map(|one| (one.arm, one.value)).collect()).collect();
    let look = offload::run(move || look::look(&rules, assigned, &all)).await?;
    Ok((assigned, look))
}

/// What alarms of all that is on record.
pub(super) async fn alarms(
    connection: &impl ConnectionTrait,
    trial: &Trial,
    view: View<'_>,
) -> Result<Vec<Alarm>, DbErr> {
    let rules = rules(&trial.terms);
    let (assigned, all) = read(connection, trial, view).await?;
    let mut watcher = Watcher::new(&rules);
    for (at, values) in all.iter().enumerate() {
        values.iter().for_each(|one| watcher.add(at, (one.arm, one.value)));
    }
    Ok(watcher.alarms(assigned))
}

/// How many units there are, and the values of each outcome.
async fn read(
    connection: &impl ConnectionTrait,
    trial: &Trial,
    view: View<'_>,
) -> Result<(Counts, Vec<Vec<Counted>>), DbErr> {
    let assigned = units::counts(connection, trial.row.id, view.until).await?;
    let mut all = Vec::with_capacity(trial.terms.outcomes.len());
    for outcome in &trial.terms.outcomes {
        all.push(values::read(connection, &trial.terms, *outcome, Units::Of(trial.row.id), view).await?);
    }
    Ok((assigned, all))
}

pub(super) fn keep_fives(values: &mut Vec<Counted>) {
    let whole = |arm| values.iter().filter(|one| one.arm == arm).count() / 5 * 5;
    let mut left = [whole(Arm::A), whole(Arm::B)];
    values.retain(|one| {
        let left = &mut left[one.arm as usize];
        let keeps = *left > 0;
        *left = left.saturating_sub(1);
        keeps
    });
}

/// How often plans given by chance alarm, though all values are of one plan; `values`: by outcome.
pub(super) fn check(rules: &Rules, values: &[Vec<Counted>], mut random: SplitMix) -> i32 {
    let mut alarms = 0;
    for _ in 0..RUNS {
        let mut watcher = Watcher::new(rules);
        let mut assigned = Counts::default();
        for (at, values) in values.iter().enumerate() {
            for one in values.iter().take(CHECKED) {
                let arm = if random.below(100) < usize::from(rules.share_of_b) { Arm::B } else { Arm::A };
                if at == 0 {
                    assigned.a += u64::from(arm == Arm::A);
                    assigned.b += u64::from(arm == Arm::B);
                }
                watcher.add(at, (arm, one.value));
            }
        }
        alarms += i32::from(!watcher.alarms(assigned).is_empty());
    }
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_fives_of_an_arm_are_kept() {
        let of = |arm, count| (0..count).map(move |_| Counted { arm, value: 1.0 });
        let kept = |a, b| {
            let mut values: Vec<_> = of(Arm::A, a).chain(of(Arm::B, b)).collect();
            keep_fives(&mut values);
            [Arm::A, Arm::B].map(|arm| values.iter().filter(|one| one.arm == arm).count())
        };
        assert_eq!(kept(4, 5), [0, 5]);
        assert_eq!(kept(13, 9), [10, 5]);
    }
}
