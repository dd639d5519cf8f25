//! What agreements gain, against honest votes in the same months.

use rapport_vote::{
    Method,
    draw::Seed,
    simulation::{Bury, Outsiders, Plan, Rules, Size, Society},
};

use crate::{
    rules::{FORMERLY, Named, SIZES, TRIMMED, open},
    trials::{Trials, head, plain, points},
};

/// An agreement, and what is printed of it.
struct Gain {
    head: &'static str,
    plan: Plan,
    /// The first so many teams are to gain by it.
    gainers: usize,
    won: Won,
}

enum Won {
    /// How likely each of them is among the first three.
    TopThree,
    /// How likely one of them wins.
    First,
}

impl Gain {
    fn won(&self, places: &[usize]) -> f64 {
        let within = |top| places[..self.gainers].iter().filter(|place| **place <= top).count() as f64;
        match self.won {
            Won::TopThree => within(3) / self.gainers as f64,
            Won::First => within(1),
        }
    }
}

const GAINS: usize = 12;

fn gains(size: Size) -> [Gain; GAINS] {
    let gain = |head, plan, gainers, won| Gain { head, plan, gainers, won };
    let quarter = (size.teams / 4).max(2);
    [
        gain("pair, top 3", Plan::bloc(2, Bury::Nobody), 2, Won::TopThree),
        gain("pair wins", Plan::bloc(2, Bury::Nobody), 2, Won::First),
        gain("pair+bury wins", Plan::bloc(2, Bury::Everybody), 2, Won::First),
        gain("ring of 3+bury wins", Plan::ring(3, Bury::Everybody), 3, Won::First),
        gain("bloc of 4+bury wins", Plan::bloc(4, Bury::Everybody), 4, Won::First),
        gain("quarter's bloc+bury wins", Plan::bloc(quarter, Bury::Everybody), quarter, Won::First),
        gain("canvass, top 3", Plan::canvass(Outsiders::AFifth, Bury::Nobody), 1, Won::TopThree),
        gain("canvass+bury, top 3", Plan::canvass(Outsiders::AFifth, Bury::Everybody), 1, Won::TopThree),
        gain("2 judges a team, top 3", Plan::canvass(Outsiders::OfEachTeam(2), Bury::Nobody), 1, Won::TopThree),
        gain("2 silent teams win", Plan::silence(2), 2, Won::First),
        gain("3 silent teams win", Plan::silence(3), 3, Won::First),
        gain("neutral teams push, top 3", Plan::neutrals(size, Bury::Nobody), 1, Won::TopThree),
    ]
}

/// Accuracy, gains, and what an honest polarising entry loses.
fn row(trials: Trials<'_>, size: Size, rules: &Rules) -> anyhow::Result<Vec<String>> {
    let gains = gains(size);
    let figures = trials.means::<{ GAINS + 3 }>(size, |society: &Society, seed: &Seed| {
        let vote = |plan: &Plan| society.vote(rules, plan, seed).map_err(|refusals| anyhow::anyhow!("{refusals:?}"));
        let honest = vote(&Plan::default())?;
        let mut found = [None; GAINS + 3];
        found[0] = Some(society.accuracy(&honest));
        found[1] = Some(f64::from(u8::from(honest[society.best()] == 1)));
        for (found, gain) in found[2..].iter_mut().zip(&gains) {
            *found = Some(gain.won(&vote(&gain.plan)?) - gain.won(&honest));
        }
        let best = society.best();
        found[GAINS + 2] = Some(vote(&Plan::polarising(best))?[best] as f64 - honest[best] as f64);
        Ok(found)
    })?;
    let mut cells: Vec<String> = figures[..2].iter().map(plain).collect();
    cells.extend(figures[2..GAINS + 2].iter().map(points));
    if size.neutral == 0 {
        cells[GAINS + 1] = "–".to_owned();
    }
    cells.push(format!("{:+.2} ± {:.2}", figures[GAINS + 2].mean(), figures[GAINS + 2].half()));
    Ok(cells)
}

pub(crate) fn print(trials: Trials<'_>, only: &str) -> anyhow::Result<()> {
    for named in SIZES.iter().filter(|named| named.name.contains(only)) {
        let Named { name, size, .. } = named;
        let gains = gains(*size);
        let mut heads = vec!["tau", "best wins"];
        heads.extend(gains.iter().map(|gain| gain.head));
        heads.push("places lost if the best polarises");
        // Rules side by side: there are more agreements than rules.
        let rules = [
            ("plurality", open(Method::Plurality)),
            ("trimmed team mean, formerly", named.panel(FORMERLY)),
            ("trimmed team mean", named.panel(TRIMMED)),
            ("pairwise consensus", named.panel(Method::PairwiseConsensus)),
        ];
        let names: Vec<&str> = rules.iter().map(|(name, _)| *name).collect();
        let columns = rules.iter().map(|(_, rules)| row(trials, *size, rules)).collect::<anyhow::Result<Vec<_>>>()?;
        head(name, &names);
        for (at, head) in heads.iter().enumerate() {
            let cells: Vec<&str> = columns.iter().map(|column| column[at].as_str()).collect();
            println!("| {head} | {} |", cells.join(" | "));
        }
        println!();
    }
    Ok(())
}
