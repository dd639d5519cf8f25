//! How often intervals hold what they say: the strength, and the place by strength, that ever more voters of the same teams would
//! give.

use rapport_vote::{
    Method,
    dealing::OneWay,
    draw::{Purpose, Seed},
    exact::nanos,
    simulation::{Chance, Others, Plan, Rules, Size, Society},
    tally::{intervals, scores},
};

use crate::{
    rules::{TRIMMED, panel},
    trials::{Trials, head},
};

/// Votes of the same entries by other voters, whose mean stands for what the interval is about.
const REPEATS: usize = 60;

fn shown(society: &Society, rules: &Rules, seed: &Seed) -> anyhow::Result<Vec<f64>> {
    let votes = society.votes_cast(rules, &Plan::default(), seed).map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let scores = scores(rules.method, society.entries(), &votes);
    Ok(scores.iter().map(|score| score.exact.as_ref().map_or(0.0, |exact| nanos(exact) as f64)).collect())
}

pub(crate) fn print(trials: Trials<'_>, only: &str) -> anyhow::Result<()> {
    head("95 % intervals hold", &["trimmed team mean", "pairwise consensus", "places by consensus"]);
    let by = [("other voters of the same teams", Others::Voters), ("other teams", Others::Teams)];
    for (name, teams, voters) in [("5x6", 5, 6), ("6x6", 6, 6), ("8x6", 8, 6), ("12x8", 12, 8), ("20x10", 20, 10)] {
        if !name.contains(only) {
            continue;
        }
        let size = Size { teams, voters, neutral: 0 };
        for (judged, others) in by {
            let mut cells = Vec::new();
            let mut places = String::new();
            for method in [TRIMMED, Method::PairwiseConsensus] {
                let rules = panel(method, 8, OneWay::Never);
                let [figure, place] = trials.means::<2>(size, |society, seed| {
                    let mut mean = vec![0.0; teams];
                    for repeat in 0..REPEATS {
                        let other = Seed::from_bytes(format!("{repeat} {:?}", seed.as_bytes()).into_bytes());
                        let again = society.judged_again(others, &mut Chance::new(other.stream(Purpose::Bootstrap)));
                        let found = shown(&again, &rules, &other)?;
                        mean.iter_mut().zip(found).for_each(|(mean, found)| *mean += found / REPEATS as f64);
                    }
                    let votes =
                        society.votes_cast(&rules, &Plan::default(), seed).map_err(|why| anyhow::anyhow!("{why:?}"))?;
                    let found = intervals(method, society.entries(), &votes, seed);
                    let (mut held, mut held_places, mut count) = (0.0, 0.0, 0.0);
                    for (entry, truth) in society.entries().iter().zip(&mean) {
                        let Some(interval) = found.get(&entry.id) else { continue };
                        count += 1.0;
                        held += f64::from(u8::from((interval.low as f64..=interval.high as f64).contains(truth)));
                        let true_place = 1 + mean.iter().filter(|other| *other > truth).count();
                        let holds = |(best, worst): (usize, usize)| (best..=worst).contains(&true_place);
                        held_places += f64::from(u8::from(interval.places.is_some_and(holds)));
                    }
                    let of = |held: f64| (count > 0.0).then(|| held / count);
                    Ok([of(held), of(held_places)])
                })?;
                cells.push(format!("{:.3} ± {:.3}", figure.mean(), figure.half()));
                places = format!("{:.3} ± {:.3}", place.mean(), place.half());
            }
            println!("| {name}, {judged} | {} | {places} |", cells.join(" | "));
        }
    }
    Ok(())
}
