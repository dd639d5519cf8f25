//! How often alarms are false, and when true ones come: prints the figures of docs/trials.md.

#![allow(clippy::disallowed_macros, reason = "an example prints")]

use rapport_statistics::random::SplitMix;
use rapport_trial::simulation::{
    Plan, Story, alarm, alarms_by_contact, alarms_by_week, hundred_students, table, usual_test_alarms,
};

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
    let alarming = |seed, one: &dyn Fn(&mut SplitMix) -> bool| {
        let mut random = SplitMix(seed);
        100.0 * (0..TRIALS).filter(|_| one(&mut random)).count() as f64 / TRIALS as f64
    };
    println!("a plan against itself, 20 customers a day for 28 days, looked at daily, alarms in:");
    println!("{:.1} % of trials", alarming(1, &|random| alarm(&alike, random).is_some()));
    println!(
        "{:.1} % where weeks of 10 teams are units, for 26 weeks",
        alarming(6, &|random| alarms_by_week((10, 26), random))
    );
    println!(
        "{:.1} % by the usual test at 5 %, looked at daily",
        alarming(9, &|random| usual_test_alarms(&alike, random))
    );
    println!(
        "{:.1} % where 200 customers' 8 contacts each count",
        alarming(10, &|random| alarms_by_contact(200, 8, random))
    );
}
