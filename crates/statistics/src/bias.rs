//! Who is invited to rate, and whether somebody chooses (R10).
//!
//! For each agent, channel or outcome: of the interactions that were to be followed by an invitation, how many were.
//! Those that the rules themselves withhold (R11, quiet hours, wishes) are eligible for nobody and are not counted.
//! Each share is tested against that of all others by Fisher's exact test, two-sided; over all shares of one listing,
//! the procedure of Benjamini and Hochberg (1995), J. Royal Stat. Soc. B 57:289-300, keeps the expected part of false
//! alarms at 5 %.

use std::collections::BTreeMap;

use crate::interval::largest_rejected;

/// Of the alarms raised, the part that may be false.
const FALSE_ALARMS: f64 = 0.05;

/// Interactions that were to be followed by an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eligible {
    /// And were invited.
    pub invited: u64,
    /// And were not.
    pub passed_over: u64,
}

impl Eligible {
    /// All of them.
    pub fn count(self) -> u64 {
        self.invited + self.passed_over
    }

    /// The share that was invited; absent without eligible ones.
    pub fn share(self) -> Option<f64> {
        (self.count() > 0).then(|| self.invited as f64 / self.count() as f64)
    }
}

/// What became of an interaction that might have been followed by an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// An invitation was issued.
    Invited {
        /// And answered.
        responded: bool,
    },
    /// Nothing stood against it, and nobody did.
    PassedOver,
    /// By R11 or another rule.
    Withheld,
    /// It was recorded too late after its end.
    RecordedLate,
}

/// Interactions by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That were to be followed by an invitation.
    pub eligible: Eligible,
    /// Of the invited.
    pub responded: u64,
    /// By R11 or another rule.
    pub withheld: u64,
    /// Too late after their end.
    pub recorded_late: u64,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, fate: Disposition) {
        match fate {
            Disposition::Invited { responded } => {
                self.eligible.invited += 1;
                self.responded += u64::from(responded);
            }
            Disposition::PassedOver => self.eligible.passed_over += 1,
            Disposition::Withheld => self.withheld += 1,
            Disposition::RecordedLate => self.recorded_late += 1,
        }
    }

    /// Responded of invited.
    pub fn response_rate(self) -> Option<f64> {
        (self.eligible.invited > 0).then(|| self.responded as f64 / self.eligible.invited as f64)
    }
}

/// How one agent, channel or outcome compares with all others of the listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Bias {
    /// Of the agent, the channel or the outcome.
    pub key: String,
    /// Its own.
    pub eligible: Eligible,
    /// The share of all others together.
    pub others_share: Option<f64>,
    /// The probability of a difference at least as rare, if invitations were drawn blindly.
    pub p_value: f64,
    /// More than chance, with regard to the number of comparisons.
    pub flagged: bool,
}

/// By key, in order of the keys.
pub fn compare(groups: &BTreeMap<String, Eligible>) -> Vec<Bias> {
    let all = groups.values().fold(Eligible::default(), |all, one| Eligible {
        invited: all.invited + one.invited,
        passed_over: all.passed_over + one.passed_over,
    });
    let bias = |(key, one): (&String, &Eligible)| {
        let others = Eligible { invited: all.invited - one.invited, passed_over: all.passed_over - one.passed_over };
        let p_value = exact_test(*one, others);
        Bias { key: key.clone(), eligible: *one, others_share: others.share(), p_value, flagged: false }
    };
    let mut listing: Vec<Bias> = groups.iter().map(bias).collect();
    // One that has nothing to be compared by is no comparison.
    let compared = |bias: &Bias| bias.eligible.count() > 0 && bias.others_share.is_some();
    let p_values: Vec<f64> = listing.iter().filter(|bias| compared(bias)).map(|bias| bias.p_value).collect();
    if let Some(limit) = largest_rejected(&p_values, FALSE_ALARMS) {
        listing.iter_mut().filter(|bias| compared(bias)).for_each(|bias| bias.flagged = bias.p_value <= limit);
    }
    listing
}

/// Fisher's exact test, two-sided: the probability of all tables with the same margins that are no more probable than
/// this one.
///
/// The hypergeometric probabilities are built outward from the most probable one by their ratios, and end where they no
/// longer count: no factorials, and a number of steps that grows with the standard deviation only.
fn exact_test(one: Eligible, others: Eligible) -> f64 {
    let (drawn, invited, total) = (one.count(), one.invited + others.invited, one.count() + others.count());
    let least = (drawn + invited).saturating_sub(total);
    let most = drawn.min(invited);
    // P(k + 1) / P(k)
    let ratio = |k: u64| {
        (invited - k) as f64 * (drawn - k) as f64 / ((k + 1) as f64 * (total + k + 1 - invited - drawn) as f64)
    };
    let mode = ((u128::from(drawn) + 1) * (u128::from(invited) + 1) / (u128::from(total) + 2)) as u64;
    let mode = mode.clamp(least, most);
    let mut weights = vec![(mode, 1.0)];
    let negligible = 1e-300;
    let mut weight = 1.0;
    for k in mode..most {
        weight *= ratio(k);
        if weight < negligible {
            break;
        }
        weights.push((k + 1, weight));
    }
    weight = 1.0;
    for k in (least..mode).rev() {
        weight /= ratio(k);
        if weight < negligible {
            break;
        }
        weights.push((k, weight));
    }
    // Of two tables equally probable, rounding may make one the rarer.
    let own = weights.iter().find(|(k, _)| *k == one.invited).map_or(0.0, |(_, weight)| *weight) * (1.0 + 1e-7);
    // From the small to the large, so that none is lost.
    weights.sort_unstable_by(|(_, one), (_, other)| one.total_cmp(other));
    let (mut rarer, mut sum) = (0.0, 0.0);
    for (_, weight) in weights {
        sum += weight;
        rarer += if weight <= own { weight } else { 0.0 };
    }
    rarer / sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invited(invited: u64, eligible: u64) -> Eligible {
        Eligible { invited, passed_over: eligible - invited }
    }

    #[test]
    fn the_exact_test_gives_the_published_values() {
        // Fisher (1935), The Design of Experiments, chapter II: three of four cups told right; 34 of 70 ways are as
        // rare.
        assert!((exact_test(invited(3, 4), invited(1, 4)) - 34.0 / 70.0).abs() < 1e-12);
        // Fisher (1962), twins of convicts: 10 of 13 identical, 2 of 17 not. Two-sided 0.0005367.
        let twins = exact_test(invited(10, 13), invited(2, 17));
        assert_eq!((twins * 1e7).round(), 5367.0);
    }

    #[test]
    fn the_one_who_invites_only_some_is_flagged() {
        let mut groups: BTreeMap<String, Eligible> =
            (0..20).map(|at| (format!("agent {at}"), invited(70 + at % 7, 100))).collect();
        assert!(compare(&groups).iter().all(|bias| !bias.flagged));
        groups.insert("chooser".to_owned(), invited(40, 100));
        groups.insert("new".to_owned(), invited(0, 1));
        groups.insert("absent".to_owned(), invited(0, 0));
        let flagged: Vec<_> = compare(&groups).into_iter().filter(|bias| bias.flagged).map(|bias| bias.key).collect();
        assert_eq!(flagged, ["chooser"]);
        let absent = compare(&groups).into_iter().find(|bias| bias.key == "absent").unwrap();
        assert_eq!((absent.eligible.share(), absent.p_value), (None, 1.0));
        // One alone has nobody to be compared with.
        let alone = compare(&[("one".to_owned(), invited(1, 100))].into());
        assert_eq!((alone[0].others_share, alone[0].flagged), (None, false));
    }

    #[test]
    fn large_counts_take_no_factorials() {
        let p_value = exact_test(invited(500_000, 1_000_000), invited(5_010_000, 10_000_000));
        assert!((0.01..0.1).contains(&p_value), "{p_value}");
        let p_value = exact_test(invited(0, 1_000_000), invited(5_000_000, 10_000_000));
        assert!(p_value < 1e-200);
    }

    proptest! {
        #[test]
        fn a_probability_and_the_same_from_either_side(a in 0..200_u64, b in 0..200_u64, c in 0..200_u64, d in 0..200_u64) {
            let p_value = exact_test(invited(a, a + b), invited(c, c + d));
            prop_assert!((0.0..=1.0 + 1e-12).contains(&p_value));
            let turned = exact_test(invited(c, c + d), invited(a, a + b));
            prop_assert!((p_value - turned).abs() < 1e-9, "{} {}", p_value, turned);
        }
    }
}
