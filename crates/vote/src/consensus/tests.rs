use proptest::{collection::vec, prelude::*, sample::subsequence};

use super::{published::*, *};
use crate::draw::Seed;

fn entries(count: usize) -> Vec<Entry> {
    (0..count).map(|at| Entry { id: format!("e{at:02}"), team: format!("t{at:02}") }).collect()
}

fn ballot(team: usize, order: &[usize]) -> Ranking {
    let panel: Vec<String> = order.iter().map(|entry| format!("e{entry:02}")).collect();
    Ranking::new(&format!("t{team:02}"), &panel, &panel)
}

/// The reference's vector: five teams, of which the first casts two ballots and the others a few more.
const VECTOR: [(usize, [usize; 4]); 13] = [
    (0, [4, 3, 1, 2]),
    (0, [3, 2, 1, 4]),
    (1, [4, 3, 2, 0]),
    (1, [4, 2, 0, 3]),
    (2, [1, 4, 0, 3]),
    (2, [0, 4, 1, 3]),
    (2, [4, 1, 0, 3]),
    (3, [0, 1, 4, 2]),
    (3, [1, 0, 4, 2]),
    (3, [1, 2, 4, 0]),
    (4, [1, 3, 0, 2]),
    (4, [1, 0, 3, 2]),
    (4, [1, 0, 3, 2]),
];
const STRENGTHS: [f64; 5] = [0.229_177_11, 1.121_479_554, -1.842_160_099, -0.671_996_838, 1.163_500_274];

fn vector() -> Vec<Ranking> {
    VECTOR.iter().map(|(team, order)| ballot(*team, order)).collect()
}

#[test]
fn the_reference_s_vector_comes_out() {
    let found = estimate(&entries(5), &vector());
    for (found, expected) in found.strengths.iter().zip(STRENGTHS) {
        assert!((found.theta - expected).abs() < 1e-9, "{}: {} and not {expected}", found.entry, found.theta);
    }
}

#[test]
fn the_last_round_tells_the_strengths_to_the_last_bit() {
    let found = estimate(&entries(5), &vector());
    let text = serde_json::to_string(&LastRound::of(&found)).unwrap();
    let told: Vec<LastRound> = serde_json::from_str(&text).unwrap();
    let follows: Vec<u64> = strengths_after(&told).unwrap().into_iter().map(f64::to_bits).collect();
    assert_eq!(follows, found.strengths.iter().map(|one| one.theta.to_bits()).collect::<Vec<_>>());
    for wrong in ["NaN", "inf", "0.10", "1e-3", "", "x"] {
        let exact: Exact = serde_json::from_value(wrong.into()).unwrap();
        assert_eq!(exact.value(), None, "{wrong}");
    }
}

#[test]
fn ballots_read_back_from_the_record() {
    let mut ballots = vector();
    ballots.sort_unstable();
    let text = rankings_text(&vector()).unwrap();
    assert_eq!(read_rankings(&text).unwrap(), ballots);
}

#[test]
fn extreme_voices_are_left_out() {
    let voice = |value: f64| Voice { value, weight: 0.75, slope: 0.1 };
    let values = [-0.5, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5].map(voice);
    // A quarter on each side of eight.
    assert_eq!(counted(&values), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    // A fifth of seven would be more than one of them: 1.4, of which the second counts for the rest.
    let shares = counted(&values[..7]);
    assert_eq!((shares[0], shares[6]), (0.0, 0.0));
    assert!((shares[1] - 0.6).abs() < 1e-12 && (shares[5] - 0.6).abs() < 1e-12, "{shares:?}");
    let shares = [0, 1, 2, 3, 5, 7, 8, 40].map(left_out);
    assert_eq!(shares, [0.34, 0.34, 0.34, 1.0 / 3.0, 0.2, 0.2, 0.25, 0.25]);
    // One judge team alone, however extreme, moves nothing that is left out.
    let mut pushed = values;
    pushed[7].value = 1.0;
    assert_eq!(last_step(&[(0.0, &values), (0.0, &[])]), last_step(&[(0.0, &pushed), (0.0, &[])]));
}

#[test]
fn without_ballots_all_are_average() {
    let found = estimate(&entries(4), &[]);
    assert!(found.strengths.iter().all(|one| one.theta == 0.0 && one.voices.is_empty()));
    assert_eq!(estimate(&[], &vector()).strengths, []);
}

#[test]
fn a_spike_and_an_odd_ballot_count_little() {
    // Teams rank by number, but two of them put the last entry first on every ballot.
    let mut ballots: Vec<Ranking> = Vec::new();
    for team in 0..8 {
        let mut order: Vec<usize> = (0..8).filter(|entry| *entry != team).collect();
        if team < 2 {
            order.retain(|entry| *entry != 7);
            order.insert(0, 7);
        }
        ballots.extend((0..6).map(|_| ballot(team, &order)));
    }
    let found = estimate(&entries(8), &ballots);
    let last = &found.strengths[7];
    assert!(last.spikes[0] > 0.1, "{:?}", last.spikes);
    assert!(found.strengths[..7].iter().all(|one| one.theta > last.theta), "{:?}", found.strengths);
    // A team that votes the other way round weighs little.
    let order: Vec<usize> = (1..8).rev().collect();
    ballots.retain(|one| one.judge != "t00");
    ballots.extend((0..6).map(|_| ballot(0, &order)));
    let found = estimate(&entries(8), &ballots);
    assert!(found.weights["t00"].0 < 0.1 && found.weights["t04"].0 > 0.9, "{:?}", found.weights);
}

/// Ballots of up to 8 teams about 8 entries, whole or not.
fn ballots() -> impl Strategy<Value = Vec<Ranking>> {
    let one = (0_usize..10, subsequence((0..8).collect::<Vec<usize>>(), 3..=7).prop_shuffle(), 2_usize..=7);
    let one = one.prop_map(|(team, mut order, ranked)| {
        order.retain(|entry| *entry != team);
        let panel: Vec<String> = order.iter().map(|entry| format!("e{entry:02}")).collect();
        Ranking::new(&format!("t{team:02}"), &panel, &panel[..ranked.min(panel.len())])
    });
    vec(one, 1..60)
}

#[test]
fn the_order_of_ballots_changes_no_interval() {
    let (entries, seed) = (entries(5), Seed::from_bytes(vec![3]));
    let mut moved = vector();
    moved.reverse();
    let found = intervals(&entries, &vector(), &seed);
    assert_eq!(found, intervals(&entries, &moved, &seed));
    for (found, strength) in found.iter().zip(STRENGTHS) {
        assert!(found.low < nanos(strength) && nanos(strength) < found.high, "{found:?} {strength}");
    }
}

fn bits(entries: &[Entry], ballots: &[Ranking]) -> Vec<(String, u64)> {
    let found = estimate(entries, ballots).strengths;
    found.into_iter().map(|one| (one.entry, one.theta.to_bits())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_ballots_and_entries_changes_no_bit(ballots in ballots(), by in any::<prop::sample::Index>()) {
        let (entries, mut moved) = (entries(8), ballots.clone());
        moved.reverse();
        moved.rotate_left(by.index(ballots.len()));
        let mut turned = entries.clone();
        turned.reverse();
        prop_assert_eq!(bits(&entries, &ballots), bits(&turned, &moved));
    }

    #[test]
    fn strengths_are_finite_bounded_and_around_nothing(ballots in ballots()) {
        let found = estimate(&entries(8), &ballots);
        let sum: f64 = found.strengths.iter().map(|one| one.theta).sum();
        prop_assert!(sum.abs() < 1e-9);
        for one in &found.strengths {
            prop_assert!(one.theta.is_finite() && one.theta.abs() <= 2.0 * STRONGEST);
            prop_assert!(one.spikes.iter().all(|share| (0.0..=1.0).contains(share)));
            prop_assert!(counted(&one.voices).iter().all(|share| (0.0..=1.0).contains(share)));
        }
        prop_assert!(found.weights.values().all(|(weight, _)| (0.0..=1.0).contains(weight)));
    }

    /// Nobody's ids decide: what only names other teams and entries finds the same strengths, but for rounding.
    #[test]
    fn names_decide_nothing(ballots in ballots()) {
        let renamed = |id: &str| format!("{}{}", &id[..1], 99 - id[1..].parse::<usize>().unwrap());
        let other: Vec<Ranking> = ballots.iter().map(|one| {
            let panel: Vec<String> = one.panel.iter().map(|id| renamed(id)).collect();
            Ranking::new(&renamed(&one.judge), &panel, &panel[..one.ranked])
        }).collect();
        let entries = entries(8);
        let others: Vec<Entry> =
            entries.iter().map(|one| Entry { id: renamed(&one.id), team: renamed(&one.team) }).collect();
        let found = estimate(&entries, &ballots).strengths;
        let found_renamed = estimate(&others, &other).strengths;
        for (one, other) in found.iter().zip(found_renamed.iter().rev()) {
            prop_assert!((one.theta - other.theta).abs() < 1e-6, "{} {}", one.theta, other.theta);
        }
    }
}
