//! What the record tells of an estimate: ballots for auditors, and for everybody the last round, which strengths follow from.

use serde::{Deserialize, Serialize};

use super::{Estimate, Ranking, Voice, last_step};
use crate::{draw::sha256, hex::hex};

/// A number to the last bit: the shortest decimal that reads back as it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Exact(String);

impl Exact {
    /// As it is told.
    pub fn of(value: f64) -> Self {
        Self(value.to_string())
    }

    /// What is told, if it is a number and no other text is told of it.
    pub fn value(&self) -> Option<f64> {
        let value: f64 = self.0.parse().ok()?;
        (value.is_finite() && Self::of(value) == *self).then_some(value)
    }
}

/// What decided the strength of one entry in the last round. Judge teams are not named: with names it would tell a partner
/// whether a swap was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRound {
    /// Id of the entry.
    pub entry: String,
    /// Its strength before.
    pub before: Exact,
    /// Value, weight and slope of each [`Voice`], the least favourable first.
    pub voices: Vec<[Exact; 3]>,
}

impl LastRound {
    /// Of all entries, by id.
    pub fn of(estimate: &Estimate) -> Vec<Self> {
        let voice = |voice: &Voice| [voice.value, voice.weight, voice.slope].map(Exact::of);
        let round = |found: &super::Strength| Self {
            entry: found.entry.clone(),
            before: Exact::of(found.before),
            voices: found.voices.iter().map(voice).collect(),
        };
        estimate.strengths.iter().map(round).collect()
    }

    /// The voices, if they are numbers that voices can be, in order.
    pub fn voices(&self) -> Option<Vec<Voice>> {
        let voice = |told: &[Exact; 3]| {
            let [value, weight, slope] = told.each_ref().map(Exact::value);
            let voice = Voice { value: value?, weight: weight?, slope: slope? };
            let can_be = voice.value.abs() <= 1.0 && (0.0..1.0).contains(&voice.weight) && voice.slope >= 0.0;
            can_be.then_some(voice)
        };
        let voices: Vec<Voice> = self.voices.iter().map(voice).collect::<Option<_>>()?;
        voices.is_sorted_by(|one, other| one.value <= other.value).then_some(voices)
    }
}

/// Strengths that follow from the last round, in its order; none if it is not one.
pub fn strengths_after(rounds: &[LastRound]) -> Option<Vec<f64>> {
    let rounds: Vec<(f64, Vec<Voice>)> =
        rounds.iter().map(|round| Some((round.before.value()?, round.voices()?))).collect::<Option<_>>()?;
    let rounds: Vec<(f64, &[Voice])> = rounds.iter().map(|(before, voices)| (*before, &voices[..])).collect();
    Some(last_step(&rounds))
}

/// Judge team, entries dealt (best first), how many of them are ranked.
pub type RankingRow<T> = (T, Vec<T>, usize);

/// Ballots without voters as the auditor's record holds them, in order: sorted, they tell nothing of who cast which first.
pub fn rankings_text(rankings: &[Ranking]) -> Result<String, serde_json::Error> {
    let mut rankings: Vec<&Ranking> = rankings.iter().collect();
    rankings.sort_unstable();
    let row = |one: &&Ranking| -> RankingRow<String> { (one.judge.clone(), one.panel.clone(), one.ranked) };
    serde_json::to_string(&rankings.iter().map(row).collect::<Vec<_>>())
}

/// SHA-256 of [`rankings_text`].
pub fn rankings_hash(rankings: &[Ranking]) -> Result<String, serde_json::Error> {
    Ok(hex(&sha256(rankings_text(rankings)?.as_bytes())))
}

/// Reads [`rankings_text`].
pub fn read_rankings(text: &str) -> Result<Vec<Ranking>, serde_json::Error> {
    let rows: Vec<RankingRow<String>> = serde_json::from_str(text)?;
    Ok(rows.into_iter().map(|(judge, panel, ranked)| Ranking { judge, panel, ranked }).collect())
}
