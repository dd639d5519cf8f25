//! Whether confidence holds as it is served: at the instant of a customer's next contact, from what was known before it.
//!
//! `cargo run --release -p rapport-preference --example as_served -- [--seed 15] [--customers 1000] [--record FILE]`
//!
//! Made-up customers with known habits, whose contacts come at irregular intervals. *Before*: evidence fades to a customer's
//! newest contact where it is fitted and evaluated, and to the present where it is served, as it was done until issue 15.
//! *Now*: both fade to the instant of the next contact. `--record` takes one of your own instead: a line for each contact in the
//! order of time, with tabs: customer, days since 1970, channel, hour, weekday, topic; what is not known is left empty.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

use std::fs;

use rapport_preference::simulation::{KINDS, Line, NAMES, fitted_to_newest, replay, simulate};
use rapport_statistics::random::SplitMix;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let flag = |name: &str| arguments.iter().position(|one| one == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, default: u64| flag(name).map_or(default, |text| text.parse().expect("a number"));
    println!(
        "| record | dimension | answers | first | own mode | gain, 95 % | before, evaluated | before, served | now, served | offered | came | their error |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    if let Some(path) = flag("--record") {
        report("yours", &read(path));
        return;
    }
    for kind in &KINDS {
        report(kind.name, &simulate(kind, number("--customers", 1_000), &mut SplitMix(number("--seed", 15))));
    }
}

fn report(name: &str, record: &[Line]) {
    let figures = replay(record).figures().into_iter().enumerate();
    for (index, figures) in figures.filter_map(|(index, figures)| Some((index, figures?))) {
        let (evaluated, served) = fitted_to_newest(record, index);
        let share = |share: f64| format!("{:.1} %", share * 1e2);
        let cells = [
            name.to_owned(),
            NAMES[index].to_owned(),
            figures.predictions.to_string(),
            share(figures.top1),
            share(figures.own_mode),
            format!("{:+.2} to {:+.2}", figures.gain_low * 1e2, figures.gain_high * 1e2),
            format!("{evaluated:.3}"),
            format!("{served:.3}"),
            format!("{:.3}", figures.calibration_error),
            if figures.is_silent { "silent".to_owned() } else { share(figures.offered) },
            share(figures.offered_came),
            format!("{:.3}", figures.offered_calibration_error),
        ];
        println!("| {} |", cells.join(" | "));
    }
}

fn read(path: &str) -> Vec<Line> {
    let text = fs::read_to_string(path).expect("a file that can be read");
    let line = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut next = || cells.next().unwrap_or_default();
        let (customer, day) = (next(), next().parse().expect("a number of days"));
        Line { customer, day, values: [next(), next(), next(), next()] }
    };
    text.lines().map(line).collect()
}
