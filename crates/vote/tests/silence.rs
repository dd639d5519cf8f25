//! Not voting helps nobody: over many deals a team that withdraws its ballots gains no place by it.

use rapport_vote::{
    Form, Method,
    dealing::{Directions, OneWay, Terms},
    draw::{Purpose, Seed},
    simulation::{Chance, Plan, Rules, Size, Society},
};

const DEALS: usize = 600;

/// Places that a silent team gains on average, and the standard error of that.
fn gained(method: Method, (teams, voters, silent): (usize, usize, usize)) -> (f64, f64) {
    let terms = Terms { form: Form::RankedPanel, panel_size: 8, one_way: OneWay::Never, earlier: Directions::new() };
    let rules = Rules { terms, method, ranked: 8 };
    let (mut sum, mut squares) = (0.0, 0.0);
    for deal in 0..DEALS {
        let seed = Seed::from_bytes(format!("silence {teams} {voters} {silent} {deal}").into_bytes());
        let size = Size { teams, voters, neutral: 0 };
        let society = Society::draw(size, &mut Chance::new(seed.stream(Purpose::Bootstrap)));
        let place = |plan: &Plan| {
            let places = society.vote(&rules, plan, &seed).expect("five teams can vote");
            places[..silent].iter().sum::<usize>() as f64 / silent as f64
        };
        let gain = place(&Plan::default()) - place(&Plan::silence(silent));
        sum += gain;
        squares += gain * gain;
    }
    let mean = sum / DEALS as f64;
    (mean, ((squares / DEALS as f64 - mean * mean) / DEALS as f64).sqrt())
}

const FORMERLY: Method = Method::TrimmedTeamMean { trim_bp: 2_500, fewest_judges: 3 };
const TRIMMED: Method = Method::TrimmedTeamMean { trim_bp: 2_500, fewest_judges: 1 };

#[test]
fn no_team_gains_a_place_by_silence() {
    for size in [(5, 3, 1), (5, 3, 2), (5, 6, 2), (6, 4, 3), (7, 5, 3), (8, 3, 2)] {
        for method in [TRIMMED, Method::PairwiseConsensus] {
            let (mean, error) = gained(method, size);
            // One in a thousand by chance alone; the seeds are fixed.
            assert!(mean <= 3.1 * error, "{method:?} {size:?}: {mean:.3} ± {error:.3}");
        }
    }
}

/// The test above can fail: a rule that gave few judge teams no score did so.
#[test]
fn a_score_that_needs_three_judge_teams_pays_the_silent() {
    let (mean, _) = gained(FORMERLY, (5, 6, 2));
    assert!(mean > 1.0, "{mean}");
}
