//! Spikes: ballots that put an entry first, second, last but one or last, whatever it is worth. The share of such ballots is
//! estimated for each entry and place by expectation and maximisation (Dempster, Laird and Rubin 1977, J. Royal Stat. Soc. B
//! 39:1-22), under a prior that takes them to be rare.

use super::IndexedBallot;

/// Steps of the estimate in each round.
const STEPS: usize = 2;
/// The prior of the share, Beta([`PRIOR_SPIKED`], max([`PRIOR_PLAIN`], [`PLAIN_PER_BALLOT`] ballots)): a few odd ballots are no
/// spike.
const PRIOR_SPIKED: f64 = 0.5;
const PRIOR_PLAIN: f64 = 29.5;
const PLAIN_PER_BALLOT: f64 = 0.8;
/// Entries of a panel on which the second place is not also one of the last two.
const SECOND_FROM: usize = 4;

/// Places where spikes are looked for, as indexes.
const FIRST: usize = 0;
const SECOND: usize = 1;
const LAST_BUT_ONE: usize = 2;
const LAST: usize = 3;

/// How likely the four places of one ballot are spikes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spiked([f64; 4]);

impl Spiked {
    /// How much of the pair of places `upper` and `lower` (from 0 to `last`) no spike explains.
    pub(super) fn unspiked(&self, upper: usize, lower: usize, last: usize) -> f64 {
        let at = |place: usize, touches: bool| if touches { 1.0 - self.0[place] } else { 1.0 };
        at(FIRST, upper == 0)
            * at(SECOND, upper == 1 || lower == 1)
            * at(LAST_BUT_ONE, upper + 1 == last || lower + 1 == last)
            * at(LAST, lower == last)
    }
}

/// The shares of spikes by entry, and how likely each ballot's are.
pub(super) struct Spikes {
    /// By place, then by entry.
    share: [Vec<f64>; 4],
    /// By entry: ballots that were dealt it, and the prior's plain ones.
    dealt: Vec<f64>,
    plain: Vec<f64>,
    spiked: Vec<Spiked>,
}

impl Spikes {
    pub(super) fn new(entries: usize, ballots: &[&IndexedBallot]) -> Self {
        let mut dealt = vec![0.0; entries];
        ballots.iter().flat_map(|ballot| &ballot.panel).for_each(|entry| dealt[*entry] += 1.0);
        let plain: Vec<f64> = dealt.iter().map(|dealt| PRIOR_PLAIN.max(PLAIN_PER_BALLOT * dealt)).collect();
        let prior: Vec<f64> = plain.iter().map(|plain| PRIOR_SPIKED / (PRIOR_SPIKED + plain)).collect();
        Self {
            share: std::array::from_fn(|_| prior.clone()),
            dealt,
            plain,
            spiked: vec![Spiked::default(); ballots.len()],
        }
    }

    pub(super) fn of_ballots(&self) -> &[Spiked] {
        &self.spiked
    }

    pub(super) fn of_entry(&self, entry: usize) -> [f64; 4] {
        std::array::from_fn(|place| self.share[place][entry])
    }

    /// Looks again, at the present odds of entries.
    pub(super) fn look(&mut self, ballots: &[&IndexedBallot], odds: &[f64]) {
        for _ in 0..STEPS {
            let mut found = [const { Vec::new() }; 4];
            found.iter_mut().for_each(|found| *found = vec![0.0; odds.len()]);
            for (spiked, ballot) in self.spiked.iter_mut().zip(ballots) {
                *spiked = look_at(&self.share, ballot, odds);
                let last = ballot.panel.len() - 1;
                for (place, at) in [(FIRST, 0), (LAST, last), (SECOND, 1), (LAST_BUT_ONE, last - 1)] {
                    found[place][ballot.panel[at]] += spiked.0[place];
                }
            }
            for (share, found) in self.share.iter_mut().zip(&found) {
                for (entry, share) in share.iter_mut().enumerate() {
                    *share = (found[entry] + PRIOR_SPIKED) / (self.dealt[entry] + PRIOR_SPIKED + self.plain[entry]);
                }
            }
        }
    }
}

/// Of one ballot. Without a spike the best of a panel comes by its odds among all, the next by its odds among the others (Plackett
/// 1975); from the bottom up the same with the odds turned round.
fn look_at(share: &[Vec<f64>; 4], ballot: &IndexedBallot, odds: &[f64]) -> Spiked {
    let IndexedBallot { panel, ranked, .. } = ballot;
    let last = panel.len() - 1;
    let (mut total, mut inverse) = (0.0, 0.0);
    for entry in panel {
        total += odds[*entry];
        inverse += 1.0 / odds[*entry];
    }
    let spiked = |place: usize, entry: usize, by_chance: f64| {
        let share = share[place][entry];
        share / (share + (1.0 - share) * by_chance)
    };
    let mut found = Spiked::default();
    // Who leaves one place open has filled it too.
    let to_the_bottom = *ranked >= last;
    found.0[FIRST] = spiked(FIRST, panel[0], odds[panel[0]] / total);
    if to_the_bottom {
        found.0[LAST] = spiked(LAST, panel[last], 1.0 / odds[panel[last]] / inverse);
    }
    if panel.len() >= SECOND_FROM && *ranked >= 2 {
        found.0[SECOND] = spiked(SECOND, panel[1], odds[panel[1]] / (total - odds[panel[0]]));
        if to_the_bottom {
            let rest = inverse - 1.0 / odds[panel[last]];
            found.0[LAST_BUT_ONE] = spiked(LAST_BUT_ONE, panel[last - 1], 1.0 / odds[panel[last - 1]] / rest);
        }
    }
    found
}
