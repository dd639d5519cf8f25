//! Stages and the rules by which interactions belong to them: the first stage of which a rule fits takes an
//! interaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A stage that takes more than this share of a sample, in per cent, says nothing.
const ALL: usize = 95;
/// Interactions from which on a sample says so.
const LEAST: usize = 100;

/// Values of an enumeration, each a bit at the place of its number, 0 to 62. None of them: any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(i64);

impl Values {
    /// Whether every value is one of them.
    pub fn is_any(self) -> bool {
        self.0 == 0
    }

    /// Whether a value is one of them.
    pub fn holds(self, number: i32) -> bool {
        self.is_any() || self.0 & bit(number) != 0
    }

    /// Whether every value of the others is one of them.
    pub fn covers(self, others: Self) -> bool {
        self.is_any() || (!others.is_any() && others.0 & !self.0 == 0)
    }

    /// In order. None where any value is one of them.
    pub fn numbers(self) -> impl Iterator<Item = i32> {
        (0..63).filter(move |number| self.0 & bit(*number) != 0)
    }
}

impl FromIterator<i32> for Values {
    fn from_iter<I: IntoIterator<Item = i32>>(numbers: I) -> Self {
        Self(numbers.into_iter().fold(0, |bits, number| bits | bit(number)))
    }
}

fn bit(number: i32) -> i64 {
    if (0..63).contains(&number) { 1 << number } else { 0 }
}

/// Where an interaction stands to the first order of its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before it, or there is none on record.
    Before = 1,
    /// It is the first order.
    First = 2,
    /// After it, and no order.
    After = 3,
    /// A later order.
    Later = 4,
}

impl Phase {
    /// Of an interaction at an instant; `first`: when the customer first ordered.
    pub fn of(is_order: bool, at: i64, first: Option<i64>) -> Self {
        let is_after = first.is_some_and(|first| at > first);
        let is_there = first.is_some_and(|first| at >= first);
        match (is_order, is_after, is_there) {
            (true, true, _) => Self::Later,
            (true, false, _) => Self::First,
            (false, _, true) => Self::After,
            (false, _, false) => Self::Before,
        }
    }
}

/// What of an interaction rules look at. Numbers are those of the contract's enumerations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// How customer and organisation met.
    pub channel: i32,
    /// What it was about.
    pub kind: i32,
    /// Who began it.
    pub direction: i32,
    /// What came of it.
    pub outcome: i32,
    /// Of the primary participant; 0: there is none.
    pub role: i32,
    /// Of [`Phase`]; 0: whose it is is not known.
    pub phase: i32,
    /// Empty: there is none.
    pub topic: &'a str,
}

/// All that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Any of these.
    #[serde(default)]
    pub channels: Values,
    /// Any of these.
    #[serde(default)]
    pub kinds: Values,
    /// Any of these.
    #[serde(default)]
    pub directions: Values,
    /// Any of these.
    #[serde(default)]
    pub outcomes: Values,
    /// Any of these.
    #[serde(default)]
    pub roles: Values,
    /// Any of these.
    #[serde(default)]
    pub phases: Values,
    /// The topic begins with any of these. Empty: any topic, or none.
    #[serde(default)]
    pub topics: Vec<String>,
}

impl Rule {
    fn values(&self) -> [Values; 6] {
        [self.channels, self.kinds, self.directions, self.outcomes, self.roles, self.phases]
    }

    /// Whether nothing is set, so that it fits everything.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.values().into_iter().all(Values::is_any)
    }

    /// Whether it fits an interaction.
    pub fn fits(&self, facts: &Facts<'_>) -> bool {
        let Facts { channel, kind, direction, outcome, role, phase, topic } = *facts;
        let numbers = [channel, kind, direction, outcome, role, phase];
        self.values().into_iter().zip(numbers).all(|(values, number)| values.holds(number))
            && (self.topics.is_empty() || self.topics.iter().any(|prefix| topic.starts_with(&**prefix)))
    }

    /// Whether it fits all that the other fits, as far as the rules alone tell.
    pub fn covers(&self, other: &Self) -> bool {
        let has = |topic: &String| self.topics.iter().any(|prefix| topic.starts_with(&**prefix));
        self.values().into_iter().zip(other.values()).all(|(own, others)| own.covers(others))
            && (self.topics.is_empty() || (!other.topics.is_empty() && other.topics.iter().all(has)))
    }
}

/// A stage of the journey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// By which figures name it.
    pub id: String,
    /// Its name by language.
    pub names: BTreeMap<String, String>,
    /// Any of these.
    pub rules: Vec<Rule>,
}

impl Stage {
    /// Whether an interaction fits it, whichever stage takes it.
    pub fn fits(&self, facts: &Facts<'_>) -> bool {
        self.rules.iter().any(|rule| rule.fits(facts))
    }
}

/// The place of the stage that takes an interaction; none: it is unmapped.
pub fn stage_of(stages: &[Stage], facts: &Facts<'_>) -> Option<usize> {
    stages.iter().position(|stage| stage.fits(facts))
}

/// Whether any rule asks where an interaction stands to the first order.
pub fn asks_for_phases(stages: &[Stage]) -> bool {
    stages.iter().flat_map(|stage| &stage.rules).any(|rule| !rule.phases.is_any())
}

/// Whether any rule asks for the role of the primary participant.
pub fn asks_for_roles(stages: &[Stage]) -> bool {
    stages.iter().flat_map(|stage| &stage.rules).any(|rule| !rule.roles.is_any())
}

/// The first stage that nothing can reach, whatever happens: each of its rules is covered by one of an earlier stage.
/// With the last of those that cover it.
pub fn shadowed(stages: &[Stage]) -> Option<(usize, usize)> {
    let covering = |rule: &Rule, before: &[Stage]| {
        before.iter().position(|stage| stage.rules.iter().any(|earlier| earlier.covers(rule)))
    };
    stages.iter().enumerate().find_map(|(at, stage)| {
        let by: Option<Vec<usize>> = stage.rules.iter().map(|rule| covering(rule, &stages[..at])).collect();
        by.and_then(|by| by.into_iter().max()).map(|by| (at, by))
    })
}

/// What a stage does with a sample of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Interactions that it takes.
    pub taken: usize,
    /// That it fits, and an earlier stage takes: by the place of that stage.
    pub lost_to: BTreeMap<usize, usize>,
}

/// What the stages do with a sample: each stage, and how many interactions are unmapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trials {
    /// In the order of the stages.
    pub stages: Vec<Trial>,
    /// That no stage takes.
    pub unmapped: usize,
}

impl Trials {
    /// Of no interaction yet.
    pub fn new(stages: &[Stage]) -> Self {
        Self { stages: vec![Trial::default(); stages.len()], unmapped: 0 }
    }

    /// Adds an interaction; gives the stage that takes it.
    pub fn add(&mut self, stages: &[Stage], facts: &Facts<'_>) -> Option<usize> {
        let taker = stage_of(stages, facts);
        match taker {
            None => self.unmapped += 1,
            Some(taker) => {
                self.stages[taker].taken += 1;
                let later = stages.iter().zip(&mut self.stages).skip(taker + 1);
                for (_, trial) in later.filter(|(stage, _)| stage.fits(facts)) {
                    *trial.lost_to.entry(taker).or_default() += 1;
                }
            }
        }
        taker
    }

    /// Interactions in the sample.
    pub fn total(&self) -> usize {
        self.unmapped + self.stages.iter().map(|trial| trial.taken).sum::<usize>()
    }

    /// The stage that takes nearly everything, if one does and the sample is large enough to say so.
    pub fn takes_all(&self) -> Option<usize> {
        let total = self.total();
        self.stages.iter().position(|trial| total >= LEAST && trial.taken * 100 > total * ALL)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Values> {
        prop::collection::vec(1..4_i32, 0..3).prop_map(|numbers| numbers.into_iter().collect())
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let topics = prop::collection::vec("[ab]{1,2}", 0..3);
        (values(), values(), values(), values(), values(), values(), topics).prop_map(
            |(channels, kinds, directions, outcomes, roles, phases, topics)| Rule {
                channels,
                kinds,
                directions,
                outcomes,
                roles,
                phases,
                topics,
            },
        )
    }

    fn stages() -> impl Strategy<Value = Vec<Stage>> {
        let stage = prop::collection::vec(rule(), 1..3).prop_map(|rules| Stage { rules, ..Stage::default() });
        prop::collection::vec(stage, 1..5)
    }

    type Told = ([i32; 6], String);

    fn told() -> impl Strategy<Value = Told> {
        (prop::array::uniform6(0..4_i32), "[ab]{0,3}")
    }

    fn facts(([channel, kind, direction, outcome, role, phase], topic): &Told) -> Facts<'_> {
        Facts {
            channel: *channel,
            kind: *kind,
            direction: *direction,
            outcome: *outcome,
            role: *role,
            phase: *phase,
            topic,
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_fits_what_covers_it(one in rule(), other in rule(), told in told()) {
            if one.covers(&other) && other.fits(&facts(&told)) {
                prop_assert!(one.fits(&facts(&told)));
            }
            prop_assert!(one.covers(&one) && Rule::default().covers(&one));
            prop_assert_eq!(one.is_empty(), one.covers(&Rule::default()));
        }

        #[test]
        fn nothing_reaches_what_is_shadowed(stages in stages(), told in prop::collection::vec(told(), 0..50)) {
            if let Some((at, by)) = shadowed(&stages) {
                prop_assert!(by < at);
                prop_assert!(told.iter().all(|told| stage_of(&stages, &facts(told)) != Some(at)));
            }
        }

        #[test]
        fn every_interaction_is_taken_once_or_unmapped(stages in stages(), told in prop::collection::vec(told(), 0..50)) {
            let mut trials = Trials::new(&stages);
            for one in &told {
                let taker = trials.add(&stages, &facts(one));
                let fitting: Vec<usize> = (0..stages.len()).filter(|at| stages[*at].fits(&facts(one))).collect();
                prop_assert_eq!(taker, fitting.first().copied());
            }
            prop_assert_eq!(trials.total(), told.len());
            let fits: usize = told.iter().map(|one| stages.iter().filter(|stage| stage.fits(&facts(one))).count()).sum();
            let counted: usize =
                trials.stages.iter().map(|trial| trial.taken + trial.lost_to.values().sum::<usize>()).sum();
            prop_assert_eq!(fits, counted);
        }
    }

    #[test]
    fn phases_are_counted_from_the_first_order() {
        let phases = [(false, 4), (true, 5), (false, 5), (true, 6), (false, 6)];
        let found = phases.map(|(is_order, at)| Phase::of(is_order, at, Some(5)));
        assert_eq!(found, [Phase::Before, Phase::First, Phase::After, Phase::Later, Phase::After]);
        assert_eq!(Phase::of(false, 9, None), Phase::Before);
    }

    #[test]
    fn a_stage_that_takes_everything_is_found_in_a_sample_that_can_say_so() {
        let any =
            [Stage { rules: vec![Rule { kinds: [1].into_iter().collect(), ..Rule::default() }], ..Stage::default() }];
        let after = |of_it: usize, others: usize| {
            let mut trials = Trials::new(&any);
            for at in 0..of_it + others {
                trials.add(&any, &Facts { kind: if at < of_it { 1 } else { 2 }, ..Facts::default() });
            }
            trials.takes_all()
        };
        assert_eq!((after(99, 0), after(100, 0), after(95, 5), after(96, 4)), (None, Some(0), None, Some(0)));
    }

    #[test]
    fn a_value_that_is_not_known_fits_no_condition() {
        let by_role = Rule { roles: [1, 2].into_iter().collect(), ..Rule::default() };
        assert!(!by_role.fits(&Facts::default()) && by_role.fits(&Facts { role: 2, ..Facts::default() }));
        let by_topic = Rule { topics: vec!["Returns".to_owned()], ..Rule::default() };
        assert!(!by_topic.fits(&Facts::default()));
        assert!(by_topic.fits(&Facts { topic: "Returns/Refund", ..Facts::default() }));
    }

    #[test]
    fn a_rule_is_kept_as_what_is_set() {
        let rule = Rule { channels: [1, 62, 63, -1].into_iter().collect(), ..Rule::default() };
        assert_eq!(rule.channels.numbers().collect::<Vec<_>>(), [1, 62]);
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule);
        assert_eq!(serde_json::from_str::<Rule>("{}").unwrap(), Rule::default());
    }
}
