//! What comes next on a journey, and where journeys end.

use std::collections::BTreeMap;

use rapport_statistics::interval::{Interval, wilson};

/// An interaction of a traveller: when, and the place of its stage; none: it is unmapped.
pub type Step = (i64, Option<usize>);

/// What came after an interaction, within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another one in the same stage, after so long.
    Again(i64),
    /// One in another stage.
    Other(Option<usize>, i64),
    /// Nothing.
    Ended,
    /// Nothing yet.
    Open,
}

/// What followed an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Following {
    /// What it was.
    pub next: Next,
    /// Whether the window is over, so that it would be known as well had nothing followed.
    pub is_over: bool,
}

/// What followed each step of one traveller, in order of time. `horizon`: how far is known what happened.
pub fn follow(steps: &[Step], window: i64, horizon: i64) -> Vec<Following> {
    let following = |(at, &(time, stage)): (usize, &Step)| {
        let is_over = time.saturating_add(window) <= horizon;
        let next = steps.get(at + 1).filter(|(next, _)| next - time <= window);
        let next = match next {
            Some((next, same)) if *same == stage => Next::Again(next - time),
            Some((next, other)) => Next::Other(*other, next - time),
            None if is_over => Next::Ended,
            None => Next::Open,
        };
        Following { next, is_over }
    };
    steps.iter().enumerate().map(following).collect()
}

/// How the stays of journeys in a stage went on. Every interaction whose traveller is known is in exactly one of the
/// four.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exits {
    /// Times to another interaction in the same stage.
    pub again: Vec<i64>,
    /// By stage: times to the first interaction in it.
    pub onward: BTreeMap<Option<usize>, Vec<i64>>,
    /// Journeys that ended.
    pub ended: i64,
    /// Of which nothing can be said yet.
    pub open: i64,
    /// Of those that went on, how many did so before a window that is over.
    went_on: i64,
}

impl Exits {
    /// Adds what followed an interaction in the stage.
    pub fn add(&mut self, following: Following) {
        match following.next {
            Next::Again(after) => self.again.push(after),
            Next::Other(stage, after) => {
                self.onward.entry(stage).or_default().push(after);
                self.went_on += i64::from(following.is_over);
            }
            Next::Ended => self.ended += 1,
            Next::Open => self.open += 1,
        }
    }

    /// Of the stays that are over, and would be whichever way they went, how many ended the journey; and all of them.
    /// Those that went on before their window is over are left out, as are those that have not gone on yet.
    pub fn ends(&self) -> (i64, i64) {
        (self.ended, self.ended + self.went_on)
    }

    /// The interval of 95 per cent of that share.
    pub fn interval(&self) -> Option<Interval> {
        let (ended, judged) = self.ends();
        wilson(ended, judged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_journey_goes_on_ends_or_is_open() {
        let steps = [(0, Some(0)), (5, Some(0)), (9, Some(1)), (30, None), (95, Some(1))];
        let found: Vec<_> = follow(&steps, 10, 100).into_iter().map(|one| one.next).collect();
        assert_eq!(found, [Next::Again(5), Next::Other(Some(1), 4), Next::Ended, Next::Ended, Next::Open]);
    }

    #[test]
    fn who_went_on_early_is_judged_when_the_others_are() {
        // Of two who came at 95, one went on at once: nobody knows yet whether the other will.
        let mut exits = Exits::default();
        for steps in [vec![(95, Some(0)), (96, Some(1))], vec![(95, Some(0))]] {
            exits.add(follow(&steps, 10, 100)[0]);
        }
        assert_eq!((exits.ends(), exits.open, exits.onward.len()), ((0, 0), 1, 1));
        assert_eq!(exits.interval(), None);
    }

    proptest! {
        #[test]
        fn every_step_has_one_way_on(
            mut steps in prop::collection::vec((0..200_i64, prop::option::of(0..3_usize)), 0..30),
            window in 1..60_i64,
        ) {
            steps.sort_unstable();
            let found = follow(&steps, window, 200);
            let mut exits = Exits::default();
            found.iter().for_each(|one| exits.add(*one));
            let onward: usize = exits.onward.values().map(Vec::len).sum();
            let others = usize::try_from(exits.ended + exits.open).unwrap();
            prop_assert_eq!(exits.again.len() + onward + others, steps.len());
            // Runs without a gap longer than the window are journeys: each ends once.
            let journeys = steps.windows(2).filter(|two| two[1].0 - two[0].0 > window).count() + usize::from(!steps.is_empty());
            prop_assert_eq!(others, journeys);
            let all = exits.again.iter().chain(exits.onward.values().flatten());
            prop_assert!(all.into_iter().all(|after| (0..=window).contains(after)));
            let (ended, judged) = exits.ends();
            prop_assert!(ended <= judged && judged <= i64::try_from(steps.len()).unwrap());
        }
    }
}
