//! How often flags find what was agreed on, and how often they accuse honest months.

use rapport_vote::{
    Method,
    consensus::estimate,
    count::Votes,
    dealing::{Directions, OneWay, deal},
    draw::{Purpose, Seed},
    flags::{Flag, Kind, Month, consensus_flags, flags},
    simulation::{Bury, Chance, Outsiders, Plan, Society, Tactic},
};

use crate::{
    rules::{Named, SIZES},
    trials::{Figure, Trials, head},
};

/// What teams do in each of six months; `None`: nothing.
struct Scheme {
    name: &'static str,
    plan: fn(usize) -> Plan,
    /// Whether a flag finds it.
    finds: fn(&Flag) -> bool,
}

fn push(from: usize, to: usize) -> Plan {
    let tactic = Tactic { pushes: vec![to], spread: 1, bury: Bury::Nobody };
    Plan { tactics: [(from, tactic)].into(), ..Plan::default() }
}

fn about(flag: &Flag, kind: Kind, teams: &[&str]) -> bool {
    flag.flagged && flag.kind == kind && flag.teams == teams
}

fn finds_pair(flag: &Flag) -> bool {
    about(flag, Kind::Pair, &["t000", "t001"]) || finds_one_way(flag)
}

fn finds_one_way(flag: &Flag) -> bool {
    about(flag, Kind::OneWay, &["t000", "t001"]) || about(flag, Kind::OneWay, &["t001", "t000"])
}

const SCHEMES: [Scheme; 4] = [
    Scheme { name: "honest: any pair, ring or direction", plan: |_| Plan::default(), finds: |flag| flag.flagged },
    Scheme { name: "a pair pushes each other", plan: |_| Plan::bloc(2, Bury::Nobody), finds: finds_pair },
    Scheme {
        name: "a pair takes turns by month",
        plan: |month| if month % 2 == 0 { push(0, 1) } else { push(1, 0) },
        finds: finds_pair,
    },
    Scheme { name: "one team pushes another", plan: |_| push(0, 1), finds: finds_one_way },
];

/// After how many months it is looked at.
const AFTER: [usize; 3] = [1, 3, 6];

/// One trial: six months of the same teams; tastes are drawn anew each month, directions of one-way panels persist.
fn found(named: &Named, scheme: &Scheme, trials: Trials<'_>, trial: usize) -> anyhow::Result<[bool; AFTER.len()]> {
    let mut rules = named.panel(Method::PairwiseConsensus);
    let mut months: Vec<(Society, Votes)> = Vec::new();
    for month in 0..AFTER[AFTER.len() - 1] {
        let seed = trials.month(1_000_000 + trial * 100 + month);
        let society = Society::draw(named.size, &mut Chance::new(seed.stream(Purpose::Bootstrap)));
        // The first pair of a one-way deal that has a direction has this one.
        let refused = |why| anyhow::anyhow!("{why:?}");
        let votes = society.votes_cast(&rules, &(scheme.plan)(month), &seed).map_err(refused)?;
        if named.one_way == OneWay::Always {
            let dealt = deal(&rules.terms, society.entries(), society.voters(), &seed).map_err(refused)?;
            rules.terms.earlier = Directions::clone(&dealt.directions);
        }
        months.push((society, votes));
    }
    Ok(AFTER.map(|after| {
        let window: Vec<Month<'_>> = months[..after]
            .iter()
            .map(|(society, votes)| Month { entries: society.entries(), sums: &votes.sums })
            .collect();
        flags(&window).iter().any(scheme.finds)
    }))
}

/// Of one month: whether the first entry, or any, is shown as a spike; whether a team that buries is shown as odd.
fn single(named: &Named, trials: Trials<'_>) -> anyhow::Result<Vec<(&'static str, [Figure; 3])>> {
    let rules = named.panel(Method::PairwiseConsensus);
    let plans: [(&str, Plan); 5] = [
        ("honest", Plan::default()),
        ("a fifth of the outsiders canvassed", Plan::canvass(Outsiders::AFifth, Bury::Nobody)),
        ("two judges a team canvassed", Plan::canvass(Outsiders::OfEachTeam(2), Bury::Nobody)),
        ("the first entry honestly polarises", Plan::polarising(0)),
        ("a pair pushes and buries", Plan::bloc(2, Bury::Everybody)),
    ];
    let row = |(name, plan): (&'static str, Plan)| {
        let figures = trials.means::<3>(named.size, |society, seed: &Seed| {
            let votes = society.votes_cast(&rules, &plan, seed).map_err(|why| anyhow::anyhow!("{why:?}"))?;
            let found = estimate(society.entries(), &votes.rankings);
            let flags = consensus_flags(society.entries(), &votes.rankings, &found);
            let any = |kind: Kind, team: Option<&str>| {
                let of =
                    |flag: &&Flag| flag.flagged && flag.kind == kind && team.is_none_or(|team| flag.teams == [team]);
                Some(f64::from(u8::from(flags.iter().any(|flag| of(&flag)))))
            };
            Ok([any(Kind::Spike, Some("t000")), any(Kind::Spike, None), any(Kind::OddTeam, None)])
        })?;
        anyhow::Ok((name, figures))
    };
    plans.into_iter().map(row).collect()
}

pub(crate) fn print(trials: Trials<'_>, only: &str) -> anyhow::Result<()> {
    let sizes = || SIZES.iter().filter(|named| named.name.contains(only) && named.size.teams < 60);
    head("flagged after 1, 3 and 6 months", &SCHEMES.each_ref().map(|scheme| scheme.name));
    for named in sizes() {
        let mut cells = Vec::new();
        for scheme in &SCHEMES {
            let parts = trials.spread(|trial| found(named, scheme, trials, trial))?;
            let share = |after: usize| parts.iter().filter(|found| found[after]).count() as f64 / parts.len() as f64;
            cells.push([0, 1, 2].map(|after| format!("{:.2}", share(after))).join(", "));
        }
        println!("| {} | {} |", named.name, cells.join(" | "));
    }
    println!();
    head("flagged in one month", &["spike of the first entry", "any spike", "any odd team"]);
    for named in sizes() {
        for (name, figures) in single(named, trials)? {
            let cells = figures.map(|figure| format!("{:.2} ± {:.2}", figure.mean(), figure.half()));
            println!("| {}, {name} | {} |", named.name, cells.join(" | "));
        }
    }
    Ok(())
}
