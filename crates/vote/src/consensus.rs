//! The tally PAIRWISE_CONSENSUS: how an entry fared against those on the same panels.
//!
//! Every entry has a strength, the logarithm of its odds against an average one (the model of Bradley and Terry 1952, Biometrika
//! 39:324-345). One judge team is one voice, and the extreme voices on either side are left out. Two things count little, because
//! simulated attackers need them and honest voters seldom show them: an entry at the very top or bottom of a ballot more often
//! than its other places explain (a spike), and a ballot whose order below its first place runs against what all other teams found.
//! docs/swapping.md measures what this is worth, ADR 17 says why it is the default.
//!
//! The same bits everywhere: ballots and entries are put in order first, elementary functions come from `libm`, and one thread
//! adds up in one order.

mod bootstrap;
pub mod published;
mod spikes;

use std::collections::{BTreeMap, BTreeSet};

pub use bootstrap::intervals;

use crate::{Entry, consensus::spikes::Spikes, exact::NANOS};

/// Rounds of the estimate.
const ROUNDS: usize = 12;
/// Rounds before spikes, and before ballots, are looked for: strengths must mean something first.
const ROUNDS_BEFORE_SPIKES: usize = 1;
const ROUNDS_BEFORE_WEIGHTS: usize = 2;
/// How much of a step is taken.
const DAMPING: f64 = 0.8;
/// Strengths are kept within so much of 0 on either side.
const STRONGEST: f64 = 4.0;
/// The pull to the middle, shared by an entry's judge teams.
const RIDGE: f64 = 0.15;
/// The slope of an entry's voices, at least; where nobody judged it, the slope itself.
const LEAST_SLOPE: f64 = 0.05;
const SLOPE_WITHOUT_VOICES: f64 = 0.1;
/// Of a judge team's ballots, as many as agree with the others and as many as do not, before one is read.
const PRIOR_HONEST: f64 = 9.0;
const PRIOR_ODD: f64 = 1.0;
/// The evidence for or against one ballot, in log odds, is kept within so much of 0.
const MOST_EVIDENCE: f64 = 30.0;
/// Honest ballots at which a judge team counts half.
const HALF_VOICE: f64 = 1.0;
/// A judge team with less weight than this on an entry is none of its judges.
const LEAST_WEIGHT: f64 = 1e-9;

/// A ballot without its voter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ranking {
    /// The judge team of its voter.
    pub judge: String,
    /// Ids of the entries that were dealt: the ranked ones best first, then the others by id.
    pub panel: Vec<String>,
    /// How many of them are ranked.
    pub ranked: usize,
}

impl Ranking {
    /// Of a dealt panel and the ranked part of it, best first.
    pub fn new(judge: &str, panel: &[impl AsRef<str>], ranked: &[impl AsRef<str>]) -> Self {
        let best: Vec<&str> = ranked.iter().map(AsRef::as_ref).collect();
        let mut rest: Vec<&str> = panel.iter().map(AsRef::as_ref).filter(|entry| !best.contains(entry)).collect();
        rest.sort_unstable();
        let panel = best.iter().chain(&rest).map(|entry| (*entry).to_owned()).collect();
        Self { judge: judge.to_owned(), panel, ranked: best.len() }
    }
}

/// What one judge team says of one entry, in the last round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voice {
    /// Pairs won less pairs expected, as a share of the pairs with the entry on its ballots: its mean over honest ballots.
    pub value: f64,
    /// From 0 to 1: half at one honest ballot.
    pub weight: f64,
    /// How fast the expected share of pairs grows with the entry's strength.
    pub slope: f64,
}

/// What the ballots say of one entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Strength {
    /// Id of the entry.
    pub entry: String,
    /// The logarithm of its odds against an average entry; the mean over entries is 0.
    pub theta: f64,
    /// Theta before the last round.
    pub before: f64,
    /// Of the last round, the least favourable first.
    pub voices: Vec<Voice>,
    /// Ballots that were dealt the entry.
    pub ballots: u64,
    /// Of these, the share that puts it first, second, last but one and last whatever it is worth.
    pub spikes: [f64; 4],
}

/// What the tally found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// By entry id.
    pub strengths: Vec<Strength>,
    /// By judge team: the mean weight of its ballots, from 0 (odd) to 1 (as others find), and their number.
    pub weights: BTreeMap<String, (f64, u64)>,
}

/// Strengths of the entries. The result does not depend on the order of `ballots`; an entry or judge team that ballots name is
/// known by its id alone. Entries that are on a ballot of their own team, or unknown, are passed over.
pub fn estimate(entries: &[Entry], ballots: &[Ranking]) -> Estimate {
    let ballots = Indexed::new(entries, ballots);
    let all: Vec<usize> = (0..ballots.ballots.len()).collect();
    Run::whole(&ballots, &all).found()
}

/// A strength in billionths, rounded half to even: what decides order and ties.
pub fn nanos(theta: f64) -> i64 {
    libm::rint(theta * NANOS as f64) as i64
}

/// The share of pairs that an entry of this strength wins against an average one, from 0 to 1.
pub fn against_average(theta: f64) -> f64 {
    logistic(theta)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The share of an entry's voices, by weight, that is left out on each side: a fifth, a quarter from 8 judge teams on, and at
/// least one team's share; at most .34, so that a third remains.
pub fn left_out(judges: usize) -> f64 {
    let share: f64 = if judges < 8 { 0.2 } else { 0.25 };
    share.max(1.0 / judges.max(1) as f64).min(0.34)
}

/// How much of a voice lies between what is left out on both sides, as a share of the `total` weight; below 0: nothing. `below` is the
/// weight of the less favourable ones.
fn kept(voice: &Voice, (below, total): (f64, f64), cut: f64) -> f64 {
    ((below + voice.weight) / total).min(1.0 - cut) - (below / total).max(cut)
}

/// How far an entry of strength `theta` moves by what its voices say, the least favourable first: their mean without the extreme
/// ones (fractional at the edges), less the pull to the middle, over its slope.
fn step(voices: impl Iterator<Item = Voice> + Clone, theta: f64) -> f64 {
    let (judges, total) = voices.clone().fold((0, 0.0), |(judges, total), voice| (judges + 1, total + voice.weight));
    let ridge = RIDGE / f64::from(judges.max(1));
    if total <= 0.0 {
        return -ridge * theta / (SLOPE_WITHOUT_VOICES + ridge);
    }
    let slopes: f64 = voices.clone().map(|voice| voice.weight * voice.slope).sum();
    let cut = left_out(judges as usize);
    let (mut below, mut sum, mut shares) = (0.0, 0.0, 0.0);
    for voice in voices {
        let share = kept(&voice, (below, total), cut);
        if share > 0.0 {
            sum += share * voice.value;
            shares += share;
        }
        below += voice.weight;
    }
    (sum / shares - ridge * theta) / ((slopes / total).max(LEAST_SLOPE) + ridge)
}

/// Strengths after the last round, from what they were before it and what each entry's voices say.
pub fn last_step(entries: &[(f64, &[Voice])]) -> Vec<f64> {
    let mut thetas: Vec<f64> =
        entries.iter().map(|(before, voices)| moved(*before, step(voices.iter().copied(), *before))).collect();
    centre(&mut thetas);
    thetas
}

/// How much of each voice of an entry counts, from 0 (left out) to 1; `voices` as [`Strength::voices`].
pub fn counted(voices: &[Voice]) -> Vec<f64> {
    let total: f64 = voices.iter().map(|voice| voice.weight).sum();
    let cut = left_out(voices.len());
    let mut below = 0.0;
    let share = |voice: &Voice| {
        let share = kept(voice, (below, total), cut);
        below += voice.weight;
        (share * total / voice.weight).clamp(0.0, 1.0)
    };
    voices.iter().map(share).collect()
}

fn moved(theta: f64, step: f64) -> f64 {
    (theta + DAMPING * step).clamp(-STRONGEST, STRONGEST)
}

fn centre(thetas: &mut [f64]) {
    let mean = thetas.iter().sum::<f64>() / thetas.len().max(1) as f64;
    thetas.iter_mut().for_each(|theta| *theta -= mean);
}

/// Ballots by number of judge team and entry, in order.
struct Indexed<'a> {
    entries: Vec<&'a Entry>,
    teams: Vec<&'a str>,
    ballots: Vec<IndexedBallot>,
}

struct IndexedBallot {
    team: usize,
    /// Two entries at least.
    panel: Vec<usize>,
    ranked: usize,
}

impl<'a> Indexed<'a> {
    fn new(entries: &'a [Entry], ballots: &'a [Ranking]) -> Self {
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort_unstable();
        let mut ballots: Vec<&Ranking> = ballots.iter().collect();
        ballots.sort_unstable();
        let teams: BTreeSet<&str> = ballots.iter().map(|ballot| ballot.judge.as_str()).collect();
        let teams: Vec<&str> = teams.into_iter().collect();
        let team_at: BTreeMap<&str, usize> = teams.iter().copied().zip(0..).collect();
        let entry_at: BTreeMap<&str, usize> =
            entries.iter().enumerate().map(|(at, entry)| (entry.id.as_str(), at)).collect();
        let indexed = |ballot: &&Ranking| {
            let judged = |id: &String| {
                let at = entry_at.get(id.as_str()).copied()?;
                (entries[at].team != ballot.judge).then_some(at)
            };
            let ranked = ballot.panel.iter().take(ballot.ranked).filter_map(judged).count();
            let panel: Vec<usize> = ballot.panel.iter().filter_map(judged).collect();
            (panel.len() > 1).then(|| IndexedBallot { team: team_at[ballot.judge.as_str()], panel, ranked })
        };
        Self { ballots: ballots.iter().filter_map(indexed).collect(), entries, teams }
    }

    /// A square of zeros: judge team by entry.
    fn by_team_and_entry(&self) -> Vec<Vec<f64>> {
        vec![vec![0.0; self.entries.len()]; self.teams.len()]
    }
}

/// An estimate on its way.
struct Run<'a> {
    all: &'a Indexed<'a>,
    /// The ballots that are counted; a number more than once in the bootstrap.
    picked: Vec<&'a IndexedBallot>,
    theta: Vec<f64>,
    before: Vec<f64>,
    /// As they would be without a judge team: by team and entry.
    without: Vec<Vec<f64>>,
    /// By ballot.
    weight: Vec<f64>,
    /// By judge team: how likely a ballot of it is to agree with the others.
    honest: Vec<f64>,
    spikes: Spikes,
    voices: Vec<Vec<(usize, Voice)>>,
}

impl<'a> Run<'a> {
    fn new(all: &'a Indexed<'a>, picked: &[usize]) -> Self {
        let picked: Vec<&IndexedBallot> = picked.iter().map(|at| &all.ballots[*at]).collect();
        let entries = all.entries.len();
        Self {
            theta: vec![0.0; entries],
            before: vec![0.0; entries],
            without: all.by_team_and_entry(),
            weight: vec![1.0; picked.len()],
            honest: vec![PRIOR_HONEST / (PRIOR_HONEST + PRIOR_ODD); all.teams.len()],
            spikes: Spikes::new(entries, &picked),
            voices: vec![Vec::new(); entries],
            all,
            picked,
        }
    }

    /// After all rounds.
    fn whole(all: &'a Indexed<'a>, picked: &[usize]) -> Self {
        let mut run = Self::new(all, picked);
        (0..ROUNDS).for_each(|round| run.round(round));
        run
    }

    fn round(&mut self, round: usize) {
        let odds: Vec<f64> = self.theta.iter().copied().map(libm::exp).collect();
        if round >= ROUNDS_BEFORE_SPIKES {
            self.spikes.look(&self.picked, &odds);
        }
        if round >= ROUNDS_BEFORE_WEIGHTS {
            self.weigh();
        }
        self.listen(&odds);
        self.step(round + 1 == ROUNDS);
    }

    /// Whether the order below the first place agrees with what the other teams found, or with its reverse.
    fn weigh(&mut self) {
        let teams = self.all.teams.len();
        let (mut agreeing, mut ballots) = (vec![0.0; teams], vec![0.0; teams]);
        for (weight, ballot) in self.weight.iter_mut().zip(&self.picked) {
            let (team, below) = (ballot.team, ballot.panel.len() - 1);
            let theta = &self.without[team];
            let mut agreement = 0.0;
            for upper in 1..ballot.ranked.min(below) {
                for lower in &ballot.panel[upper + 1..] {
                    agreement += theta[ballot.panel[upper]] - theta[*lower];
                }
            }
            let honest = self.honest[team];
            let evidence = 2.0 / below as f64 * agreement + libm::log(honest / (1.0 - honest));
            *weight = logistic(evidence.clamp(-MOST_EVIDENCE, MOST_EVIDENCE));
            agreeing[team] += *weight;
            ballots[team] += 1.0;
        }
        for (honest, (agreeing, ballots)) in self.honest.iter_mut().zip(agreeing.iter().zip(&ballots)) {
            *honest = (agreeing + PRIOR_HONEST) / (ballots + PRIOR_HONEST + PRIOR_ODD);
        }
    }

    /// What each judge team says of each entry: pairs won less pairs expected, the mean over its ballots.
    fn listen(&mut self, odds: &[f64]) {
        let mut given = self.all.by_team_and_entry();
        let (mut slopes, mut weights) = (given.clone(), given.clone());
        for ((ballot, weight), spiked) in self.picked.iter().zip(&self.weight).zip(self.spikes.of_ballots()) {
            let last = ballot.panel.len() - 1;
            let (mut won, mut slope) = (vec![0.0; last + 1], vec![0.0; last + 1]);
            for upper in 0..ballot.ranked.min(last) {
                for lower in upper + 1..=last {
                    let pair = spiked.unspiked(upper, lower, last);
                    let (one, other) = (odds[ballot.panel[upper]], odds[ballot.panel[lower]]);
                    let expected = one / (one + other);
                    won[upper] += pair * (1.0 - expected);
                    won[lower] -= pair * (1.0 - expected);
                    let both = pair * expected * (1.0 - expected);
                    slope[upper] += both;
                    slope[lower] += both;
                }
            }
            for (at, entry) in ballot.panel.iter().enumerate() {
                given[ballot.team][*entry] += weight * won[at] / last as f64;
                slopes[ballot.team][*entry] += weight * slope[at] / last as f64;
                weights[ballot.team][*entry] += weight;
            }
        }
        for (entry, voices) in self.voices.iter_mut().enumerate() {
            voices.clear();
            for team in 0..self.all.teams.len() {
                let weight = weights[team][entry];
                if weight > LEAST_WEIGHT {
                    let (value, slope) = (given[team][entry] / weight, slopes[team][entry] / weight);
                    voices.push((team, Voice { value, weight: weight / (weight + HALF_VOICE), slope }));
                }
            }
            voices.sort_by(|(_, one), (_, other)| one.value.total_cmp(&other.value));
        }
    }

    fn step(&mut self, is_last: bool) {
        self.before.copy_from_slice(&self.theta);
        for (entry, voices) in self.voices.iter().enumerate() {
            let theta = self.before[entry];
            let all = step(voices.iter().map(|(_, voice)| *voice), theta);
            if !is_last {
                self.without.iter_mut().for_each(|without| without[entry] = theta + all);
                for (team, _) in voices {
                    let others = voices.iter().filter(|(other, _)| other != team).map(|(_, voice)| *voice);
                    self.without[*team][entry] = theta + step(others, theta);
                }
            }
            self.theta[entry] = moved(theta, all);
        }
        centre(&mut self.theta);
    }

    fn found(self) -> Estimate {
        let mut ballots = vec![0; self.all.entries.len()];
        self.picked.iter().flat_map(|ballot| &ballot.panel).for_each(|entry| ballots[*entry] += 1);
        let strength = |(at, entry): (usize, &&Entry)| Strength {
            entry: entry.id.clone(),
            theta: self.theta[at],
            before: self.before[at],
            voices: self.voices[at].iter().map(|(_, voice)| *voice).collect(),
            ballots: ballots[at],
            spikes: self.spikes.of_entry(at),
        };
        let strengths = self.all.entries.iter().enumerate().map(strength).collect();
        let mut weights: BTreeMap<String, (f64, u64)> = BTreeMap::new();
        for (ballot, weight) in self.picked.iter().zip(&self.weight) {
            let team = weights.entry(self.all.teams[ballot.team].to_owned()).or_default();
            *team = (team.0 + weight, team.1 + 1);
        }
        weights.values_mut().for_each(|(sum, ballots)| *sum /= *ballots as f64);
        Estimate { strengths, weights }
    }
}

#[cfg(test)]
mod tests;
