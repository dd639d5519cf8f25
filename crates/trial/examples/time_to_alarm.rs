//! How often alarms are false, and when true ones come: prints the figures of docs/trials.md.

#![allow(clippy::disallowed_macros, reason = "an example prints")]

use rapport_statistics::random::SplitMix;
use rapport_trial::simulation::{Plan, Story, alarm, hundred_students, table};

const TRIALS: usize = 2_000;

fn main() {
    println!("| complaints with B | mean rating with B | 20 customers a day | 50 a day | 200 a day |");
    println!("|---|---|---|---|---|");
    table(TRIALS).iter().for_each(|row| println!("{row}"));
    let mut random = SplitMix(11);
    let story = Story { per_day: 10, days: 20, ..hundred_students() };
    let mut customers: Vec<_> = (0..TRIALS).filter_map(|_| alarm(&story, &mut random)).collect();
    customers.sort_unstable();
    let at = |part: usize| customers.get(TRIALS * part / 100).copied().unwrap_or(usize::MAX);
    println!("the story, looked at after every 10 customers: half by {}, 90 % by {}", at(50), at(90));
    let alike = Story { plans: [Plan::TODAY; 2], share_of_b: 50, per_day: 20, days: 28, answering: 0.4 };
    let mut random = SplitMix(1);
    let false_alarms = (0..TRIALS).filter(|_| alarm(&alike, &mut random).is_some()).count();
    println!("A/A: {false_alarms} of {TRIALS} alarm");
}
