//! The worst of many variants of pushing and burying, by size: what an attacker who knows the tally and has a simulation finds.

use rapport_vote::{
    Method,
    draw::{Purpose, Stream},
    simulation::{Bury, Outsiders, Plan, Rules, Society, Tactic},
};

use crate::{
    rules::{Named, SIZES, TRIMMED},
    trials::{Figure, Trials, head, points},
};

/// Months in which every variant is tried; the best of them are tried again in others, since the best of many is also the luckiest.
const FIRST_LOOK: usize = 40;
const LOOKED_AT_AGAIN: usize = 10;

/// One way to attack.
#[derive(Clone)]
struct Variant {
    name: String,
    plan: Plan,
    /// The first so many teams are to win by it.
    gainers: usize,
}

fn variant(size: &Named, chance: &mut Stream) -> Variant {
    let spread = 1 + chance.below(3);
    let bury = match chance.below(4) {
        0 => Bury::Nobody,
        1 => Bury::Everybody,
        _ => Bury::Best(1 + chance.below(4)),
    };
    let buried = match bury {
        Bury::Nobody => "bury nobody".to_owned(),
        Bury::Everybody => "reverse the others".to_owned(),
        Bury::Best(count) => format!("put the {count} best others into the lower half"),
    };
    let placed = if spread == 1 { "first".to_owned() } else { format!("at random among the first {spread}") };
    let with = |mut plan: Plan| {
        plan.tactics.values_mut().for_each(|tactic: &mut Tactic| tactic.spread = spread);
        if let Some((_, tactic)) = &mut plan.canvass {
            tactic.spread = spread;
        }
        plan
    };
    let (who, plan, gainers) = match chance.below(6) {
        0 | 1 => ("a pair".to_owned(), Plan::bloc(2, bury), 2),
        2 | 3 => ("a ring of 3".to_owned(), Plan::ring(3, bury), 3),
        4 if size.size.neutral > 0 => ("the neutral teams".to_owned(), Plan::neutrals(size.size, bury), 1),
        4 => ("a ring of 4".to_owned(), Plan::ring(4, bury), 4),
        _ => {
            let each = 1 + chance.below(2);
            (format!("{each} canvassed of each team"), Plan::canvass(Outsiders::OfEachTeam(each), bury), 1)
        }
    };
    Variant { name: format!("{who}: friends {placed}, {buried}"), plan: with(plan), gainers }
}

fn gained(variant: &Variant, rules: &Rules, size: &Named, trials: Trials<'_>) -> anyhow::Result<Figure> {
    let [figure] = trials.means::<1>(size.size, |society: &Society, seed| {
        let won = |plan: &Plan| {
            let places = society.vote(rules, plan, seed).map_err(|why| anyhow::anyhow!("{why:?}"))?;
            anyhow::Ok(f64::from(u8::from(places[..variant.gainers].contains(&1))))
        };
        Ok([Some(won(&variant.plan)? - won(&Plan::default())?)])
    })?;
    Ok(figure)
}

pub(crate) fn print(trials: Trials<'_>, only: &str, variants: usize) -> anyhow::Result<()> {
    for size in SIZES.iter().filter(|size| size.name.contains(only) && size.size.teams < 60) {
        let mut chance = trials.month(usize::MAX).stream(Purpose::Deal);
        let all: Vec<Variant> = (0..variants).map(|_| variant(size, &mut chance)).collect();
        head(&format!("{}: the worst of {variants} variants", size.name), &["wins"]);
        for (tally, method) in [("trimmed team mean", TRIMMED), ("pairwise consensus", Method::PairwiseConsensus)] {
            let rules = size.panel(method);
            let first = Trials { count: FIRST_LOOK, ..trials };
            let mut looked: Vec<(f64, &Variant)> = Vec::new();
            for variant in &all {
                looked.push((gained(variant, &rules, size, first)?.mean(), variant));
            }
            looked.sort_by(|one, other| other.0.total_cmp(&one.0));
            // Other months than those that chose them.
            let seed = format!("{} again", trials.seed);
            let again = Trials { count: trials.count, seed: &seed };
            let mut best: Vec<(Figure, &Variant)> = Vec::new();
            for (_, variant) in looked.into_iter().take(LOOKED_AT_AGAIN) {
                best.push((gained(variant, &rules, size, again)?, variant));
            }
            best.sort_by(|one, other| other.0.mean().total_cmp(&one.0.mean()));
            if let Some((figure, worst)) = best.first() {
                println!("| {tally}, {} | {} |", worst.name, points(figure));
            }
        }
        println!();
    }
    Ok(())
}
