//! Made-up customers with known habits, whose contacts come at irregular intervals; for measuring what confidence is worth.

use std::collections::HashMap;

use rapport_statistics::random::SplitMix;

use crate::{
    calibration::calibration_error,
    learner::Learner,
    model::{Evidence, Model},
    replay::{Contact, Dimension, Part, Ratings, Replay},
};

/// The dimensions.
pub const NAMES: [&str; 4] = ["channel", "hour", "weekday", "topic"];
/// Contacts of a customer that are looked at.
const READ: usize = 200;
/// Earlier contacts from which on an answer is counted.
const ENOUGH: usize = 4;
/// How long their lives are recorded.
const DAYS: f64 = 730.0;

/// What everybody chooses, where nobody has habits.
const CHANNELS: [f64; 5] = [0.45, 0.25, 0.15, 0.1, 0.05];
const TOPICS: [f64; 8] = [0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05];
const HOURS: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.03, 0.07, 0.1, 0.12, 0.1, 0.07, 0.07, 0.08, 0.08, 0.07, 0.06, 0.05, 0.04,
    0.03, 0.02, 0.0, 0.0,
];

/// What made-up customers are like.
#[derive(Clone, Debug)]
pub struct Kind {
    /// In a few words.
    pub name: &'static str,
    /// Least and most share of a customer's contacts that follow their habits.
    habit: (f64, f64),
    /// The same of weekdays.
    weekday: (f64, f64),
    /// How often somebody comes back within the day about the same.
    again: f64,
    /// How often a habit gives way to another, by contact.
    change: f64,
}

/// One world each.
pub const KINDS: [Kind; 4] = [
    Kind { name: "steady habits", habit: (0.3, 0.95), weekday: (0.1, 0.8), again: 0.0, change: 0.0 },
    Kind { name: "back the same day", habit: (0.2, 0.8), weekday: (0.0, 0.0), again: 0.4, change: 0.0 },
    Kind { name: "changing habits", habit: (0.3, 0.95), weekday: (0.0, 0.6), again: 0.1, change: 0.08 },
    Kind { name: "chance alone", habit: (0.0, 0.0), weekday: (0.0, 0.0), again: 0.0, change: 0.0 },
];

/// A contact, with its value in each of [`NAMES`].
#[derive(Clone, Debug)]
pub struct Line {
    /// Whose; empty: nobody knows.
    pub customer: String,
    /// In days since 1970.
    pub day: f64,
    /// Empty: nothing.
    pub values: [String; 4],
}

/// The record of so many customers, in the order of time.
pub fn simulate(kind: &Kind, customers: u64, random: &mut SplitMix) -> Vec<Line> {
    let mut lines: Vec<Line> = (0..customers).flat_map(|number| live(kind, number, random)).collect();
    lines.sort_by(|one, other| one.day.total_cmp(&other.day));
    lines
}

/// What one customer likes, and how much.
struct Habits {
    channel: usize,
    topic: usize,
    hour: usize,
    weekday: usize,
    strength: f64,
    weekday_strength: f64,
}

/// One customer's contacts: days, weeks or months apart, and now and then on the same day.
fn live(kind: &Kind, number: u64, random: &mut SplitMix) -> Vec<Line> {
    let between = |(least, most): (f64, f64), random: &mut SplitMix| least + (most - least) * random.fraction();
    let mut habits = Habits {
        channel: draw(&CHANNELS, random),
        topic: draw(&TOPICS, random),
        hour: draw(&HOURS, random),
        weekday: random.below(7),
        strength: between(kind.habit, random),
        weekday_strength: between(kind.weekday, random),
    };
    let usual_gap = 8.0 * (0.8 * random.normal()).exp();
    let mut day = 19_000.0 + 60.0 * random.fraction();
    let mut lines: Vec<Line> = Vec::new();
    while day < 19_000.0 + DAYS {
        let is_again = !lines.is_empty() && random.fraction() < kind.again;
        if random.fraction() < kind.change {
            (habits.channel, habits.topic) = (draw(&CHANNELS, random), draw(&TOPICS, random));
            habits.hour = draw(&HOURS, random);
        }
        let as_usual = |random: &mut SplitMix| random.fraction() < habits.strength;
        let channel = if as_usual(random) { habits.channel } else { draw(&CHANNELS, random) };
        let mut topic = if as_usual(random) { habits.topic } else { draw(&TOPICS, random) }.to_string();
        if is_again {
            day += 0.25 * random.fraction();
            topic.clone_from(&lines[lines.len() - 1].values[3]);
        } else {
            day = (day + usual_gap * (1.2 * random.normal()).exp()).floor();
            if random.fraction() < habits.weekday_strength {
                // 1970-01-01 was a Thursday.
                while weekday(day) != habits.weekday {
                    day += 1.0;
                }
            }
            let hour = if as_usual(random) { habits.hour } else { draw(&HOURS, random) };
            day += (hour as f64 + random.fraction()) / 24.0;
        }
        let hour = (day.fract() * 24.0).floor();
        let values = [channel.to_string(), format!("{hour:02}"), (weekday(day) + 1).to_string(), topic];
        lines.push(Line { customer: format!("c{number}"), day, values });
    }
    lines
}

/// 0 on Mondays.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days of the record")]
fn weekday(day: f64) -> usize {
    (day as usize + 3) % 7
}

fn draw(shares: &[f64], random: &mut SplitMix) -> usize {
    let mut left = random.fraction() * shares.iter().sum::<f64>();
    for (value, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return value;
        }
    }
    shares.len() - 1
}

/// A record, replayed.
pub fn replay(record: &[Line]) -> Replay<4> {
    let mut replay = Replay::new(NAMES.map(dimension), READ, Ratings::Weigh);
    for line in record {
        let parts = std::array::from_fn(|index| part(&line.values[index]));
        let customer = Some(line.customer.as_str()).filter(|one| !one.is_empty());
        replay.add(&Contact { customer, day: line.day, parts, rated_day: None });
    }
    replay
}

fn part(value: &str) -> Option<Part<'_>> {
    (!value.is_empty()).then_some(Part { value, weight: 1.0, rated_weight: 1.0, was_told: false })
}

fn dimension(name: &str) -> Dimension {
    match name {
        "hour" => Dimension { known: (0..24).map(|hour| format!("{hour:02}")).collect(), circle: Some(24) },
        "weekday" => Dimension { known: (1..=7).map(|day| day.to_string()).collect(), circle: None },
        _ => Dimension { known: Vec::new(), circle: None },
    }
}

/// The calibration errors that a dimension has where fits ask as of a customer's newest contact and servers answer as of now, as
/// was done until issue 15: what an evaluation that asks like the fits finds, and what is served.
pub fn fitted_to_newest(record: &[Line], index: usize) -> (f64, f64) {
    let Dimension { known, circle } = dimension(NAMES[index]);
    let mut learner = Learner::new(known.iter().cloned(), circle);
    let mut model = Model::new(&learner.fit(), known.iter().cloned(), circle);
    let mut fitted = f64::MIN;
    let mut habits: HashMap<&str, Vec<(&str, f64)>> = HashMap::new();
    let (mut evaluated, mut served) = (Vec::new(), Vec::new());
    for line in record.iter().filter(|line| !line.values[index].is_empty()) {
        if line.day - fitted >= 1.0 {
            fitted = line.day;
            model = Model::new(&learner.fit(), known.iter().cloned(), circle);
        }
        let value = line.values[index].as_str();
        let actual = learner.number(value);
        if line.customer.is_empty() {
            learner.add(actual);
            continue;
        }
        let habit = habits.entry(&line.customer).or_default();
        let newest = habit.last().map_or(line.day, |(_, day)| *day);
        let from = habit.len().saturating_sub(READ);
        let of = |number: &mut dyn FnMut(&str) -> u32| -> Vec<Evidence> {
            let done = habit[from..].iter().rev();
            done.map(|(value, day)| Evidence { value: number(value), day: *day, weight: 1.0 }).collect()
        };
        let theirs = of(&mut |name| model.number(name));
        let came = model.number(value);
        if habit.len() >= ENOUGH {
            let claim = |now: f64| model.answer(&theirs, &[], now);
            let (then, at_last) = (claim(newest), claim(line.day));
            let is_right = |value: u32| value == came;
            evaluated.push((then.confidence, is_right(then.likely[0].value)));
            served.push((at_last.confidence, is_right(at_last.likely[0].value)));
        }
        if !habit.is_empty() {
            learner.judge(model.prior(), &theirs, newest, came);
        }
        learner.add(actual);
        habit.push((value, line.day));
    }
    (calibration_error(evaluated), calibration_error(served))
}
