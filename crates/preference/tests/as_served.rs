//! What is promised holds as it is served, in worlds whose habits are known.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing fails")]

use rapport_preference::simulation::{KINDS, Kind, Line, NAMES, fitted_to_newest, replay, simulate};
use rapport_statistics::random::SplitMix;

/// Of confidence from what came, at most.
const MOST: f64 = 0.05;
/// Of fewer answers, the error is that of counting.
const ENOUGH: f64 = 2_000.0;

fn holds(kind: &Kind, record: &[Line]) {
    for (name, figures) in NAMES.iter().zip(replay(record).figures()) {
        let figures = figures.unwrap();
        let offered = (figures.offered * figures.predictions as f64, figures.offered_calibration_error);
        for (answers, error) in [(figures.told as f64, figures.calibration_error), offered] {
            assert!(answers < ENOUGH || error <= MOST, "{} {name} {figures:?}", kind.name);
        }
    }
}

#[test]
fn confidence_holds_where_people_come_back_the_same_day() {
    let record = simulate(&KINDS[1], 50, &mut SplitMix(15));
    holds(&KINDS[1], &record);
    let (evaluated, served) = fitted_to_newest(&record, 2);
    assert!(evaluated <= MOST && served > 2.0 * MOST, "asked as of their newest contact: {evaluated} {served}");
}

#[test]
#[ignore = "minutes, unless it is built for release"]
fn confidence_holds_as_it_is_served() {
    for kind in &KINDS {
        (1..=3).for_each(|seed| holds(kind, &simulate(kind, 300, &mut SplitMix(seed))));
    }
}
