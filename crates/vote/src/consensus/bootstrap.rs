//! How sure strengths and places are: ballots drawn again within judge teams.

use super::{Indexed, Ranking, Run, nanos};
use crate::{
    Entry,
    draw::{Purpose, Seed},
    tally::Interval,
};

/// Resamplings behind the intervals.
const DRAWS: usize = 400;
/// Intervals of strengths are this much wider than their draws, in tenths: a judge team's few ballots, drawn again, scatter less
/// than other voters would, and other teams have other tastes. Measured, not derived: docs/swapping.md, "How sure".
const WIDER: i64 = 13;

/// By entry id in order: the ballots of each judge team, in order, are drawn again with replacement `DRAWS` times (the
/// percentile bootstrap of Efron 1979, stratified). Everything is drawn from one stream, by draw and then by judge team.
pub fn intervals(entries: &[Entry], ballots: &[Ranking], seed: &Seed) -> Vec<Interval> {
    let ballots = Indexed::new(entries, ballots);
    let strata: Vec<(usize, usize)> = (0..ballots.teams.len())
        .map(|team| {
            let first = ballots.ballots.partition_point(|ballot| ballot.team < team);
            (first, ballots.ballots.partition_point(|ballot| ballot.team <= team) - first)
        })
        .collect();
    let mut stream = seed.stream(Purpose::Bootstrap);
    let count = ballots.entries.len();
    let (mut strengths, mut places) = (vec![Vec::with_capacity(DRAWS); count], vec![Vec::with_capacity(DRAWS); count]);
    for _ in 0..DRAWS {
        let mut picked: Vec<usize> = Vec::with_capacity(ballots.ballots.len());
        for (first, size) in &strata {
            picked.extend((0..*size).map(|_| first + stream.below(*size)));
        }
        picked.sort_unstable();
        let drawn: Vec<i64> = Run::whole(&ballots, &picked).theta.iter().copied().map(nanos).collect();
        for (entry, own) in drawn.iter().enumerate() {
            strengths[entry].push(*own);
            places[entry].push(1 + drawn.iter().filter(|other| *other > own).count());
        }
    }
    let all: Vec<usize> = (0..ballots.ballots.len()).collect();
    let found: Vec<i64> = Run::whole(&ballots, &all).theta.iter().copied().map(nanos).collect();
    let interval = |(found, (mut strengths, mut places)): (i64, (Vec<i64>, Vec<usize>))| {
        strengths.sort_unstable();
        places.sort_unstable();
        let (low, high) = (DRAWS * 25 / 1_000, DRAWS * 975 / 1_000 - 1);
        let wider = |drawn: i64| found + (drawn - found) * WIDER / 10;
        let (best, worst) = (places[low], places[high]);
        Interval {
            low: wider(strengths[low]).min(found),
            high: wider(strengths[high]).max(found),
            places: Some((best, worst)),
        }
    };
    found.into_iter().zip(strengths.into_iter().zip(places)).map(interval).collect()
}
