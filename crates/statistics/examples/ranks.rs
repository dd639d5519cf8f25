//! Whether rank intervals hold what they should, and bands stand on the right side (R9): prints the table of
//! docs/ratings.md.
//!
//! `cargo run --release -p rapport-statistics --example ranks [TRIALS] [SEED]`; the same seed prints the same table.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

use std::collections::BTreeMap;

use rapport_statistics::{
    case_mix::{Cell, Groups},
    interval::Moments,
    random::SplitMix,
    ranking::{Band, Terms, rank},
};

/// Topics of each team.
const TOPICS: usize = 2;
/// Standard deviations: of a single rating, of teams, of topics.
const NOISE: f64 = 1.0;
const BETWEEN: f64 = 0.25;
const WORK: f64 = 0.4;
/// Scores are whole numbers: so many to a point.
const POINT: f64 = 1_000.0;

/// How intervals and bands fell.
#[derive(Default)]
struct Found {
    teams: u32,
    /// Whose interval holds the true difference from the usual team, and the true score.
    difference: u32,
    score: u32,
    placed: u32,
    told_apart: u32,
    wrong_side: u32,
}

impl Found {
    fn show(&self) -> String {
        let share = |part: u32, whole: u32| {
            if whole == 0 { "-".to_owned() } else { format!("{:.3}", f64::from(part) / f64::from(whole)) }
        };
        [
            share(self.difference, self.teams),
            share(self.score, self.teams),
            share(self.placed, self.teams),
            share(self.told_apart, self.teams),
            share(self.wrong_side, self.told_apart),
        ]
        .join(" | ")
    }
}

/// The topics of each team, so many teams to a topic, as nearly as it comes out even.
fn assign(chance: &mut SplitMix, teams: usize, to_a_topic: usize) -> Vec<Vec<usize>> {
    let topics = (teams * TOPICS).div_ceil(to_a_topic).max(TOPICS);
    let mut of_teams = vec![Vec::new(); teams];
    for round in 0..TOPICS {
        let mut order: Vec<usize> = (0..teams).collect();
        for at in (1..teams).rev() {
            order.swap(at, (chance.fraction() * (at + 1) as f64) as usize);
        }
        for (at, team) in order.into_iter().enumerate() {
            let topic = (round * teams + at) * topics / (teams * TOPICS);
            if !of_teams[team].contains(&topic) {
                of_teams[team].push(topic);
            }
        }
    }
    of_teams
}

fn month(chance: &mut SplitMix, teams: usize, to_a_topic: usize, ratings: f64, found: &mut Found) {
    let work = assign(chance, teams, to_a_topic);
    let topics = work.iter().flatten().max().map_or(0, |last| last + 1);
    let topics: Vec<f64> = (0..topics).map(|_| 4.0 + WORK * chance.normal()).collect();
    let (mut groups, mut truths) = (Groups::new(), BTreeMap::new());
    for (team, its) in work.iter().enumerate() {
        let difference = BETWEEN * chance.normal();
        let (mut score, mut count) = (0.0, 0);
        let mut cells = BTreeMap::new();
        for topic in its {
            let n = (ratings / its.len() as f64 * (0.5 * chance.normal()).exp()).ceil() as i64;
            let true_mean = topics[*topic] + difference;
            let one = |_| Moments::of((POINT * (true_mean + NOISE * chance.normal())).round() as i32);
            let scores = (0..n).map(one).fold(Moments::default(), Moments::plus);
            cells.insert(Cell { channel: "call".to_owned(), topic: format!("{topic:03}") }, scores);
            (score, count) = (score + n as f64 * true_mean, count + n);
        }
        let key = format!("{team:03}");
        truths.insert(key.clone(), (difference, score / count as f64));
        groups.insert(key, cells);
    }
    let terms = Terms { minimum: 30, min: -1_000_000, max: 1_000_000 };
    for standing in rank(&groups, &terms) {
        let (Some(expected), Some(interval)) = (standing.expected, standing.interval) else { continue };
        let (difference, score) = truths[&standing.key];
        let holds = |value: f64| (interval.low..=interval.high).contains(&(POINT * value));
        found.teams += 1;
        found.difference += u32::from(holds(expected / POINT + difference));
        found.score += u32::from(holds(score));
        found.placed += u32::from(standing.band.is_some());
        let (is_wrong, is_told) = match standing.band {
            Some(Band::Above) => (difference < 0.0, true),
            Some(Band::Below) => (difference > 0.0, true),
            Some(Band::AsExpected) | None => (false, false),
        };
        found.told_apart += u32::from(is_told);
        found.wrong_side += u32::from(is_wrong);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let trials: usize = arguments.next().map_or(1_000, |told| told.parse().expect("a number of trials"));
    let seed: u64 = arguments.next().map_or(15, |told| told.parse().expect("a seed"));
    println!("{trials} months of 20 teams each, fewer of larger ones and more of smaller ones; seed {seed}.\n");
    println!(
        "| teams | to a topic | ratings | holds the difference | holds the score | placed | told apart | wrong side |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    for teams in [5, 10, 20, 40] {
        for to_a_topic in [2, 3, 4, 5, 10] {
            for ratings in [60.0, 200.0] {
                if to_a_topic > teams {
                    continue;
                }
                let (mut chance, mut found) = (SplitMix(seed), Found::default());
                for _ in 0..trials * 20 / teams {
                    month(&mut chance, teams, to_a_topic, ratings, &mut found);
                }
                println!("| {teams} | {to_a_topic} | {ratings} | {} |", found.show());
            }
        }
    }
}
