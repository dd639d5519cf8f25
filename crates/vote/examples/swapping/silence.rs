//! What places a team gains by not voting, over many deals of the same months.

use rapport_vote::{
    Method,
    dealing::OneWay,
    simulation::{Plan, Size},
};

use crate::{
    rules::{FORMERLY, TRIMMED, panel},
    trials::{Trials, head},
};

pub(crate) fn print(trials: Trials<'_>, only: &str) -> anyhow::Result<()> {
    head("places gained by a silent team", &["trimmed team mean, formerly", "trimmed team mean", "pairwise consensus"]);
    for teams in 5..=8 {
        for voters in 3..=6 {
            let name = format!("{teams}x{voters}");
            let size = Size { teams, voters, neutral: 0 };
            for silent in (1..=3).filter(|silent| teams - silent >= 3 && name.contains(only)) {
                let gained = |method| {
                    let rules = panel(method, 8, OneWay::Never);
                    let [figure] = trials.means::<1>(size, |society, seed| {
                        let vote = |plan: &Plan| {
                            let places = society.vote(&rules, plan, seed);
                            let places = places.map_err(|refusals| anyhow::anyhow!("{refusals:?}"))?;
                            anyhow::Ok(places[..silent].iter().sum::<usize>() as f64 / silent as f64)
                        };
                        Ok([Some(vote(&Plan::default())? - vote(&Plan::silence(silent))?)])
                    })?;
                    anyhow::Ok(format!("{:+.3} ± {:.3}", figure.mean(), figure.half()))
                };
                let cells = [FORMERLY, TRIMMED, Method::PairwiseConsensus].map(gained);
                let cells = cells.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
                println!("| {name}, {silent} silent | {} |", cells.join(" | "));
            }
        }
    }
    Ok(())
}
