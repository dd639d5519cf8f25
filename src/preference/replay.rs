//! The record replayed in order of time: every contact of a customer who has had four is predicted from those before it. What
//! comes of it measures the model, and is what the model is fitted to.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    INFERRED, MICROS_PER_DAY, RecordLine, Zones, circle, dimension_name, known_values,
    model::{Habit, Learner, Prior, Value},
};
use crate::clock::Micros;

/// From so many earlier contacts on, a customer is predicted.
const ENOUGH: u32 = 4;
const DRAWS: usize = 1_000;
/// Bins of equal mass over which calibration is measured.
const MASSES: usize = 10;

/// How well a dimension is predicted; all but counts as fractions.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) dimension: String,
    pub(crate) predictions: u64,
    pub(crate) customers: usize,
    /// The value predicted first came.
    pub(crate) top1: f64,
    /// One of the first three came.
    pub(crate) top3: f64,
    /// What most contacts of all customers had before came.
    pub(crate) overall_mode: f64,
    /// What most of the customer's own contacts had before came.
    pub(crate) own_mode: f64,
    /// The same for the last contact of each customer.
    pub(crate) last_top1: f64,
    pub(crate) last_own_mode: f64,
    /// Lower end, at 2.5 %, of what top1 has over own_mode, by 1,000 bootstrap draws of customers.
    pub(crate) gain_low: f64,
    pub(crate) last_gain_low: f64,
    /// Mean distance of confidence from what came true, over 10 bins of equal mass.
    pub(crate) calibration_error: f64,
    /// Predictions with a second value as likely as the first.
    pub(crate) ties: u64,
    /// What was found to predict best.
    pub(crate) half_life_days: f64,
}

/// The record on its way through.
#[derive(Debug)]
pub(crate) struct Replay {
    zones: Zones,
    dimensions: Vec<Progress>,
    customers: HashMap<String, Customer>,
}

/// What is known of one customer: some 100 bytes for each value that they ever chose.
#[derive(Debug, Default)]
struct Customer {
    habits: [Habit; INFERRED.len()],
    scores: [Score; INFERRED.len()],
    /// Contacts whose rating is yet to come.
    unrated: Vec<Unrated>,
}

#[derive(Debug)]
struct Unrated {
    rated_at: Micros,
    day: f64,
    /// The value in each dimension, and what the rating adds to its weight.
    added: [Option<(Value, f64)>; INFERRED.len()],
}

/// How one customer was predicted in one dimension.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    predictions: u32,
    top: u32,
    own: u32,
    last_top: bool,
    last_own: bool,
}

/// One dimension so far.
#[derive(Debug)]
struct Progress {
    learner: Learner,
    /// Confidence of each prediction, and whether it came true.
    claims: Vec<(f64, bool)>,
    top3: u64,
    overall: u64,
    ties: u64,
}

impl Replay {
    /// `zone`: the organisation's.
    pub(crate) fn new(zone: TimeZone) -> Self {
        let dimensions = INFERRED.map(|dimension| Progress {
            learner: Learner::new(Prior::of(known_values(dimension).into_iter()), circle(dimension)),
            claims: Vec::new(),
            top3: 0,
            overall: 0,
            ties: 0,
        });
        Self { zones: Zones::new(zone), dimensions: dimensions.into(), customers: HashMap::new() }
    }

    /// The next contact. `is_followed`: whether its customer is predicted; if not, it only tells what customers do.
    pub(super) fn add(&mut self, line: &RecordLine, is_followed: bool) {
        let values = line.values(self.zones.of(&line.time_zone));
        let numbers: Vec<Option<Value>> = self
            .dimensions
            .iter_mut()
            .zip(values)
            .map(|(progress, value)| value.map(|value| progress.learner.prior.number(&value)))
            .collect();
        if let Some(customer_id) = line.customer_id.as_ref().filter(|_| is_followed) {
            let customer = self.customers.entry(customer_id.clone()).or_default();
            customer.hear_of_ratings(line.occurred_at);
            customer.meet(line, &mut self.dimensions, &numbers);
        }
        for (progress, value) in self.dimensions.iter_mut().zip(numbers) {
            if let Some(value) = value {
                progress.learner.prior.add(value, 1);
            }
        }
    }

    /// How well it went, without the dimensions in which there was no choice or nothing to predict.
    pub(crate) fn figures(&self) -> Vec<Figures> {
        let with_choice = |progress: &Progress| progress.learner.prior.chosen() > 1 && !progress.claims.is_empty();
        let dimensions = self.dimensions.iter().enumerate().filter(|(_, progress)| with_choice(progress));
        dimensions.map(|(index, progress)| self.figures_of(index, progress)).collect()
    }

    /// What was learned, in the order of [`INFERRED`], and from how many predictions.
    pub(super) fn learned(self) -> impl Iterator<Item = (Learner, u64)> {
        self.dimensions.into_iter().map(|progress| (progress.learner, progress.claims.len() as u64))
    }

    fn figures_of(&self, index: usize, progress: &Progress) -> Figures {
        let mut scores: Vec<(&String, Score)> = self
            .customers
            .iter()
            .map(|(id, customer)| (id, customer.scores[index]))
            .filter(|(_, score)| score.predictions > 0)
            .collect();
        scores.sort_unstable_by_key(|(id, _)| *id);
        let predictions = progress.claims.len() as u64;
        let share = |count: u64, of: u64| count as f64 / of as f64;
        let sum = |of: fn(&Score) -> u32| scores.iter().map(|(_, score)| u64::from(of(score))).sum::<u64>();
        let customers = scores.len();
        let gains = scores.iter().map(|(_, score)| (f64::from(score.top) - f64::from(score.own), score.predictions));
        let last = |(_, score): &(&String, Score)| (f64::from(score.last_top) - f64::from(score.last_own), 1);
        Figures {
            dimension: dimension_name(INFERRED[index]),
            predictions,
            customers,
            top1: share(sum(|score| score.top), predictions),
            top3: share(progress.top3, predictions),
            overall_mode: share(progress.overall, predictions),
            own_mode: share(sum(|score| score.own), predictions),
            last_top1: share(sum(|score| score.last_top.into()), customers as u64),
            last_own_mode: share(sum(|score| score.last_own.into()), customers as u64),
            gain_low: lower_end(&gains.collect::<Vec<_>>()),
            last_gain_low: lower_end(&scores.iter().map(last).collect::<Vec<_>>()),
            calibration_error: calibration_error(progress.claims.clone()),
            ties: progress.ties,
            half_life_days: progress.learner.leader().half_life_days(),
        }
    }
}

impl Customer {
    /// A rating counts from when it was given: what was predicted before could not know it.
    fn hear_of_ratings(&mut self, now: Micros) {
        let habits = &mut self.habits;
        self.unrated.retain(|contact| {
            let is_to_come = contact.rated_at > now;
            if !is_to_come {
                for (habit, added) in habits.iter_mut().zip(contact.added) {
                    if let Some((value, weight)) = added {
                        habit.weigh(value, contact.day, weight);
                    }
                }
            }
            is_to_come
        });
    }

    /// Predicts a contact, dimension by dimension, and adds it to what is known.
    fn meet(&mut self, line: &RecordLine, dimensions: &mut [Progress], numbers: &[Option<Value>]) {
        let mut added = [None; INFERRED.len()];
        let known = self.habits.iter_mut().zip(&mut self.scores).zip(dimensions).zip(numbers).enumerate();
        for (index, (((habit, score), progress), number)) in known {
            let Some(value) = *number else { continue };
            let weight = line.weight(INFERRED[index]);
            added[index] = Some((value, weight * (line.rated_factor(INFERRED[index]) - 1.0)));
            if habit.seen >= ENOUGH {
                progress.predict(habit, score, value);
            }
            if habit.seen > 0 {
                progress.learner.judge(habit, value);
            }
            habit.add(value, line.day(), weight);
        }
        if let Some(rated) = line.rated {
            self.unrated.push(Unrated { rated_at: rated.at, day: line.day(), added });
        }
    }
}

impl Progress {
    fn predict(&mut self, habit: &Habit, score: &mut Score, actual: Value) {
        let Some(prediction) = self.learner.predict(habit) else { return };
        self.learner.note(&prediction, actual);
        let came = prediction.top.first() == Some(&actual);
        let own = habit.mode(&self.learner.prior) == Some(actual);
        self.claims.push((prediction.confidence, came));
        self.top3 += u64::from(prediction.top.contains(&actual));
        self.overall += u64::from(self.learner.prior.mode() == Some(actual));
        self.ties += u64::from(prediction.is_tie);
        *score = Score {
            predictions: score.predictions + 1,
            top: score.top + u32::from(came),
            own: score.own + u32::from(own),
            last_top: came,
            last_own: own,
        };
    }
}

/// The mean of sums over counts, drawn again with replacement, below which 2.5 % of the draws are.
fn lower_end(gains: &[(f64, u32)]) -> f64 {
    let mut random = SplitMix(1);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let (mut sum, mut count) = (0.0, 0.0);
            for _ in gains {
                let (gain, of) = gains[random.below(gains.len())];
                sum += gain;
                count += f64::from(of);
            }
            sum / count
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    draws[DRAWS * 25 / 1_000]
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same draws everywhere, for figures that can be repeated.
struct SplitMix(u64);

impl SplitMix {
    #[allow(clippy::cast_possible_truncation, reason = "less than `limit`")]
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((u128::from(bits) * limit as u128) >> 64) as usize
    }
}

fn calibration_error(mut claims: Vec<(f64, bool)>) -> f64 {
    claims.sort_by(|one, other| one.0.total_cmp(&other.0));
    let all = claims.len();
    let bins = (0..MASSES).map(|bin| &claims[bin * all / MASSES..(bin + 1) * all / MASSES]);
    let distances = bins.filter(|bin| !bin.is_empty()).map(|bin| {
        let claimed: f64 = bin.iter().map(|(confidence, _)| confidence).sum();
        let came: f64 = bin.iter().map(|(_, came)| f64::from(*came)).sum();
        (claimed - came).abs()
    });
    distances.sum::<f64>() / all as f64
}

/// Whether a customer is among the share that a fit follows: the same ones every time, no matter who asks.
pub(super) fn is_followed(customer_id: &str, share: f64) -> bool {
    let hash = crate::store::request::hash(&[customer_id.as_bytes()]).as_u128() >> 64;
    share >= 1.0 || (hash as f64) < share * 2f64.powi(64)
}

/// Days since 1970.
pub(super) fn days(at: Micros) -> f64 {
    at as f64 / MICROS_PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::v1::Channel, preference::tests::line};

    const HOUR: Micros = 3_600_000_000;

    /// 1,000 customers, 40 contacts each, one on some day of every week.
    fn replayed(habit: impl Fn(u64, u64, &mut SplitMix) -> (Channel, i64, &'static str)) -> Vec<Figures> {
        let mut random = SplitMix(7);
        let mut replay = Replay::new(TimeZone::UTC);
        for round in 0..40u64 {
            for customer in 0..1_000u64 {
                let (channel, hour, topic) = habit(customer, round, &mut random);
                let day = i64::try_from(19_000 + round * 7 + random.below(7) as u64).unwrap();
                let contact = RecordLine {
                    channel,
                    topic: Some(topic.to_owned()),
                    ..line(&format!("c{customer:03}"), (day * 24 + hour) * HOUR)
                };
                replay.add(&contact, true);
            }
        }
        replay.figures()
    }

    const CHANNELS: [Channel; 3] = [Channel::InboundCall, Channel::Email, Channel::OnlineChat];
    const TOPICS: [&str; 4] = ["returns", "exams", "invoices", "repairs"];

    fn hold(figures: &[Figures]) {
        for one in figures {
            assert!(one.gain_low > -0.02 && one.calibration_error <= 0.05, "{one:?}");
        }
    }

    fn of<'f>(figures: &'f [Figures], dimension: &str) -> &'f Figures {
        figures.iter().find(|one| one.dimension == dimension).expect(dimension)
    }

    #[test]
    fn strong_habits_are_found() {
        let figures = replayed(|customer, round, random| {
            let stray = random.below(10) == 0;
            let pick = |of: usize| if stray { random_of(customer, round, of) } else { (customer as usize) % of };
            // In the middle of the record everybody turns to another hour.
            let hour = 8 + (customer % 10) + if round < 20 { 0 } else { 3 };
            (CHANNELS[pick(3)], i64::try_from(hour).unwrap(), TOPICS[pick(4)])
        });
        hold(&figures);
        assert!(of(&figures, "channel").top1 > 0.85, "{figures:?}");
        assert!(of(&figures, "topic").top1 > 0.85);
        let hour = of(&figures, "hour");
        assert!(hour.top1 > hour.own_mode + 0.2 && hour.last_top1 > 0.9, "a change is followed: {hour:?}");
        assert!(figures.iter().all(|one| one.dimension != "kind"), "there was no choice");
    }

    #[test]
    fn chance_is_not_taken_for_a_habit() {
        let figures = replayed(|_, _, random| {
            let hour = i64::try_from(random.below(24)).unwrap();
            (CHANNELS[random.below(3)], hour, TOPICS[random.below(4)])
        });
        hold(&figures);
        let (channel, hour) = (of(&figures, "channel"), of(&figures, "hour"));
        assert!(channel.top1 < 0.45 && hour.top1 < 0.1, "{figures:?}");
        assert_eq!((channel.predictions, channel.customers), (1_000 * 36, 1_000));
    }

    fn random_of(customer: u64, round: u64, of: usize) -> usize {
        SplitMix(customer * 1_000 + round).below(of)
    }

    #[test]
    fn a_rating_counts_from_when_it_was_given() {
        let rated = crate::preference::Rated { level: 5, at: 10 * HOUR };
        let contact = |at| RecordLine { topic: Some("a".into()), ..line("c", at) };
        let weight = |rated_at| {
            let mut replay = Replay::new(TimeZone::UTC);
            replay.add(
                &RecordLine { rated: Some(crate::preference::Rated { at: rated_at, ..rated }), ..contact(HOUR) },
                true,
            );
            replay.add(&contact(9 * HOUR), true);
            replay.customers["c"].unrated.len()
        };
        assert_eq!((weight(8 * HOUR), weight(10 * HOUR)), (0, 1));
    }

    #[test]
    fn a_fit_follows_the_same_customers_every_time() {
        let followed = |share| (0..1_000).filter(|id| is_followed(&format!("c{id}"), share)).count();
        assert_eq!((followed(1.0), followed(0.0)), (1_000, 0));
        assert!((200..300).contains(&followed(0.25)));
    }
}
