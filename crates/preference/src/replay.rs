//! The record replayed in order of time, as a server would have lived through it: fits fall due as a server's do, and before each
//! contact of a followed customer is known, [`Model::answer`] is asked what a server would have said of them at its instant.
//!
//! What comes of it is what the next fit rests on, so that what is promised is what is served.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::{
    figures::{Figures, Score},
    learner::{ENOUGH, Fading, Learner, fading, own_mode},
    model::{Answer, Evidence, Fitted, Model},
    prior::Value,
};

/// When a fit is due.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedule {
    /// When the last fit began, in days since 1970, and how many interactions were on record.
    last: (f64, u64),
}

impl Schedule {
    /// A record that has grown is fitted to again after so many hours.
    pub const GROWN_HOURS: i64 = 24;
    /// One that has doubled is so after so many.
    pub const DOUBLED_HOURS: i64 = 1;

    /// Whether a fit is due at `now`, in days since 1970, with so many interactions on record; if so, it begins.
    fn begins(&mut self, now: f64, length: u64) -> bool {
        let (began, fitted) = self.last;
        let since = |hours: i64| (now - began) * 24.0 >= hours as f64;
        let has_grown = length > fitted && since(Self::GROWN_HOURS);
        let has_doubled = length > 0 && length >= 2 * fitted && since(Self::DOUBLED_HOURS);
        let is_due = has_grown || has_doubled;
        if is_due {
            self.last = (now, length);
        }
        is_due
    }
}

/// A dimension that is replayed.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// The values that are known before anybody chose one.
    pub known: Vec<String>,
    /// How many of them lie round a circle on which neighbours are alike.
    pub circle: Option<u32>,
}

/// A contact, of which one dimension after the other is told.
#[derive(Clone, Debug)]
pub struct Contact<'r, const D: usize> {
    /// Whose it was, if they are followed; none: it only tells what customers do.
    pub customer: Option<&'r str>,
    /// In days since 1970.
    pub day: f64,
    /// What was chosen in each dimension; none: nothing.
    pub parts: [Option<Part<'r>>; D],
    /// From when on it counts as rated, in days since 1970: what was said before could not know it.
    pub rated_day: Option<f64>,
}

/// What was chosen in a dimension.
#[derive(Clone, Copy, Debug)]
pub struct Part<'r> {
    /// The value.
    pub value: &'r str,
    /// What it counts.
    pub weight: f64,
    /// What it counts once it is rated.
    pub rated_weight: f64,
    /// Whether something that was said of the dimension held: what was served was not inferred from the record alone.
    pub was_told: bool,
}

/// What a server would have said of somebody in a dimension at the instant of their next contact.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Served {
    /// The likeliest value.
    pub first: String,
    /// Whether it was offered as what the customer prefers.
    pub is_offered: bool,
    /// How likely it was said to be.
    pub confidence: f64,
    /// The share that rested on other customers.
    pub borrowed: f64,
    /// Whether it came.
    pub came: bool,
    /// Whether what the customer did most often before came.
    pub own_mode_came: bool,
}

/// Whether those who ask are told what ratings make of it. A fit always knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ratings {
    /// A contact counts as it was rated.
    Weigh,
    /// It counts as if nobody had rated it.
    AreHidden,
}

/// A record on its way through.
#[derive(Debug)]
pub struct Replay<const D: usize> {
    dimensions: [Progress; D],
    customers: HashMap<String, Customer<D>>,
    schedule: Schedule,
    length: u64,
    /// Contacts of a customer that a server reads: the newest.
    read: usize,
    ratings: Ratings,
}

/// One dimension so far.
#[derive(Debug)]
struct Progress {
    dimension: Dimension,
    learner: Learner,
    serving: Serving,
    /// What each answer that counts claimed, whether its value came, and whether it was offered.
    claims: Vec<(f64, bool, bool)>,
    /// How many of them were not silent.
    told: u64,
    top3: u64,
    overall: u64,
    ties: u64,
}

/// What a server answers with, from a fit to the next.
#[derive(Debug)]
struct Serving {
    model: Model,
    /// The model's numbers of the learner's values, as far as they were needed.
    numbers: Vec<Option<Value>>,
}

#[derive(Debug)]
struct Customer<const D: usize> {
    /// The oldest first.
    contacts: VecDeque<Known<D>>,
    /// Of what was told, and of what a fit rests on.
    scores: [(Score, Score); D],
}

/// A contact, by the learners' numbers.
#[derive(Debug)]
struct Known<const D: usize> {
    day: f64,
    rated_day: f64,
    parts: [Option<Weighed>; D],
}

#[derive(Clone, Copy, Debug)]
struct Weighed {
    value: Value,
    weight: f32,
    rated_weight: f32,
}

impl<const D: usize> Replay<D> {
    /// `read`: so many of a customer's contacts a server looks at, the newest. `ratings`: as who is told.
    pub fn new(dimensions: [Dimension; D], read: usize, ratings: Ratings) -> Self {
        let dimensions = dimensions.map(|dimension| Progress {
            learner: Learner::new(dimension.known.iter().cloned(), dimension.circle),
            serving: Serving::new(&Fitted::default_for(dimension.circle), &dimension),
            dimension,
            claims: Vec::new(),
            told: 0,
            top3: 0,
            overall: 0,
            ties: 0,
        });
        Self { dimensions, customers: HashMap::new(), schedule: Schedule::default(), length: 0, read, ratings }
    }

    /// The next contact in order of time. Gives what a server would have said just before it, in each dimension in which
    /// something was chosen; nothing of a customer who is not followed.
    pub fn add(&mut self, contact: &Contact<'_, D>) -> [Option<Served>; D] {
        if self.schedule.begins(contact.day, self.length) {
            for progress in &mut self.dimensions {
                progress.serving = Serving::new(&progress.learner.fit(), &progress.dimension);
            }
        }
        self.length += 1;
        let parts = std::array::from_fn(|index| {
            let part = contact.parts[index]?;
            let value = self.dimensions[index].learner.number(part.value);
            #[allow(clippy::cast_possible_truncation, reason = "weights are few and round")]
            let (weight, rated_weight) = (part.weight as f32, part.rated_weight as f32);
            Some(Weighed { value, weight, rated_weight })
        });
        let served = match contact.customer {
            Some(customer) => self.meet(customer, contact, parts),
            None => [const { None }; D],
        };
        for (progress, part) in self.dimensions.iter_mut().zip(parts) {
            if let Some(part) = part {
                progress.learner.add(part.value);
            }
        }
        served
    }

    /// Asks about a customer, dimension by dimension, and adds the contact to what is known.
    fn meet(&mut self, customer: &str, contact: &Contact<'_, D>, parts: [Option<Weighed>; D]) -> [Option<Served>; D] {
        if !self.customers.contains_key(customer) {
            self.customers.insert(customer.to_owned(), Customer::new());
        }
        let mut served = [const { None }; D];
        let Some(customer) = self.customers.get_mut(customer) else { return served };
        // The same for all dimensions.
        let left: Vec<Fading> = customer.contacts.iter().map(|known| fading(contact.day - known.day)).collect();
        for (index, progress) in self.dimensions.iter_mut().enumerate() {
            let (Some(part), Some(actual)) = (contact.parts[index], parts[index]) else { continue };
            if part.was_told {
                continue;
            }
            let known = customer.known(index, contact.day, &left);
            let asked = Asked { known, now: contact.day, ratings: self.ratings };
            served[index] = progress.ask(&asked, actual.value, &mut customer.scores[index]);
        }
        let rated_day = contact.rated_day.unwrap_or(f64::INFINITY);
        customer.contacts.push_back(Known { day: contact.day, rated_day, parts });
        if customer.contacts.len() > self.read {
            customer.contacts.pop_front();
        }
        served
    }

    /// How well each dimension was foretold; none where there was no choice or nothing to foretell.
    pub fn figures(&self) -> [Option<Figures>; D] {
        std::array::from_fn(|index| {
            let progress = &self.dimensions[index];
            let scores = self.customers.values().map(|customer| customer.scores[index].0);
            let scores: Vec<Score> = scores.filter(|score| score.answers > 0).collect();
            if progress.learner.prior.chosen() < 2 || scores.is_empty() {
                return None;
            }
            let mut figures = Figures::of(&scores, &progress.claims);
            let share = |count: u64| count as f64 / figures.predictions as f64;
            (figures.top3, figures.overall_mode) = (share(progress.top3), share(progress.overall));
            (figures.told, figures.ties) = (progress.told, progress.ties);
            let fitted = progress.learner.fit();
            figures.half_life_days = fitted.parameters.half_life_days();
            figures.is_silent = fitted.is_silent;
            Some(figures)
        })
    }

    /// What a fit to the record would find now, in each dimension.
    pub fn fits(&self) -> [Fitted; D] {
        std::array::from_fn(|index| self.dimensions[index].learner.fit())
    }
}

impl<const D: usize> Customer<D> {
    fn new() -> Self {
        Self { contacts: VecDeque::new(), scores: [(Score::default(), Score::default()); D] }
    }

    /// What speaks in a dimension at the instant `now`, newest first, as a server reads it.
    fn known(&self, index: usize, now: f64, left: &[Fading]) -> Vec<Speaking> {
        let contacts = self.contacts.iter().zip(left).rev();
        let speaking = contacts.filter_map(|(contact, left)| {
            let part = contact.parts[index]?;
            let rated_weight = if contact.rated_day <= now { part.rated_weight } else { part.weight };
            Some(Speaking {
                value: part.value,
                day: contact.day,
                weight: part.weight.into(),
                rated_weight: rated_weight.into(),
                left: *left,
            })
        });
        speaking.collect()
    }
}

/// A contact's part in one dimension at an instant.
struct Speaking {
    /// By the learner's number.
    value: Value,
    day: f64,
    weight: f64,
    /// As rated by then.
    rated_weight: f64,
    left: Fading,
}

/// Of what a server is asked.
struct Asked {
    known: Vec<Speaking>,
    now: f64,
    ratings: Ratings,
}

impl Progress {
    /// What a server would say, and how it and every choice of the grid compare with what came.
    fn ask(&mut self, asked: &Asked, actual: Value, (told, fitted): &mut (Score, Score)) -> Option<Served> {
        let Self { learner, serving, .. } = self;
        let is_overall_mode = learner.prior.mode() == Some(actual);
        let mut number = |value| serving.number(learner, value);
        let actual = number(actual);
        let rated =
            asked.known.iter().map(|one| Evidence { value: number(one.value), day: one.day, weight: one.rated_weight });
        let evidence: Vec<Evidence> = rated.collect();
        let model = &serving.model;
        let own_mode_came = own_mode(model.prior(), &evidence) == Some(actual);
        let is_counted = evidence.len() >= ENOUGH;
        if !evidence.is_empty() {
            let faded = evidence.iter().zip(&asked.known).map(|(one, known)| (*one, known.left));
            learner.judge_faded(model.prior(), faded, is_counted.then_some(own_mode_came), actual);
        }
        let mut answer = model.answer(&evidence, &[], asked.now);
        let comes = |answer: &Answer| answer.likely.first().is_some_and(|first| first.value == actual);
        if is_counted {
            let was = fitted.gain();
            fitted.add(comes(&answer), own_mode_came);
            learner.compare(was, fitted.gain());
        }
        if asked.ratings == Ratings::AreHidden {
            let hidden =
                evidence.iter().zip(&asked.known).map(|(one, known)| Evidence { weight: known.weight, ..*one });
            answer = model.answer(&hidden.collect::<Vec<_>>(), &[], asked.now);
        }
        let came = comes(&answer);
        if is_counted {
            told.add(came, own_mode_came);
            self.top3 += u64::from(answer.likely.iter().take(3).any(|one| one.value == actual));
            self.overall += u64::from(is_overall_mode);
            self.ties += u64::from(answer.tied() > 1);
            self.told += u64::from(!model.is_silent());
            self.claims.push((answer.claim, came, answer.offered.is_some()));
        }
        Some(Served {
            first: model.name(answer.likely.first()?.value).to_owned(),
            is_offered: answer.offered.is_some(),
            confidence: answer.confidence,
            borrowed: answer.borrowed,
            came,
            own_mode_came,
        })
    }
}

impl Serving {
    fn new(fitted: &Fitted, dimension: &Dimension) -> Self {
        let model = Model::new(fitted, dimension.known.iter().cloned(), dimension.circle);
        Self { model, numbers: Vec::new() }
    }

    fn number(&mut self, learner: &Learner, value: Value) -> Value {
        let place = value as usize;
        if self.numbers.len() <= place {
            self.numbers.resize(place + 1, None);
        }
        *self.numbers[place].get_or_insert_with(|| self.model.number(learner.prior.name(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rapport_statistics::random::SplitMix;

    const TOPICS: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn one_dimension() -> [Dimension; 1] {
        [Dimension { known: Vec::new(), circle: None }]
    }

    fn contact<'r>(customer: Option<&'r str>, day: f64, value: &'r str) -> Contact<'r, 1> {
        let part = Part { value, weight: 1.0, rated_weight: 1.5, was_told: false };
        Contact { customer, day, parts: [Some(part)], rated_day: None }
    }

    /// Of 60 customers who choose 40 times each, a week apart.
    fn replayed(choose: impl Fn(usize, usize, &mut SplitMix) -> usize) -> Figures {
        let mut replay = Replay::new(one_dimension(), 200, Ratings::Weigh);
        let mut random = SplitMix(7);
        for round in 0..40 {
            for customer in 0..60 {
                let day = 19_000.0 + 7.0 * round as f64 + customer as f64 / 60.0;
                let value = TOPICS[choose(customer, round, &mut random)];
                replay.add(&contact(Some(&format!("c{customer}")), day, value));
            }
        }
        let [figures] = replay.figures();
        figures.unwrap()
    }

    #[test]
    fn strong_habits_are_found() {
        let figures =
            replayed(|customer, _, random| if random.below(10) == 0 { random.below(5) } else { customer % 5 });
        assert!(figures.top1 > 0.88 && figures.calibration_error < 0.05 && figures.offered > 0.9, "{figures:?}");
        assert!(!figures.is_silent, "it says what counting says, and how sure that is");
    }

    #[test]
    fn habits_that_change_are_followed() {
        let figures =
            replayed(
                |customer, round, random| {
                    if random.below(10) == 0 { random.below(5) } else { (customer + (round + customer) / 8) % 5 }
                },
            );
        assert!(figures.gain_low > 0.2 && figures.calibration_error < 0.05, "{figures:?}");
    }

    #[test]
    fn chance_is_not_taken_for_a_habit() {
        let figures = replayed(|_, _, random| random.below(5));
        assert!(figures.top1 < 0.25 && figures.calibration_error < 0.05, "{figures:?}");
        let claimed = figures.offered * (figures.offered_came - figures.offered_calibration_error);
        assert!(claimed < 0.2, "{figures:?}");
    }

    #[test]
    fn where_counting_does_better_nothing_is_said() {
        let mut replay = Replay::new(one_dimension(), 200, Ratings::Weigh);
        let mut last = Vec::new();
        for round in 0..60 {
            // Everybody chooses a and b in turn; of two that came equally often the next is the older one, which is the smaller
            // name. What others do is something else.
            let day = 19_000.0 + 5.0 * f64::from(round);
            (0..2_000).for_each(|_| _ = replay.add(&contact(None, day, "z")));
            last = (0..24)
                .map(|customer| {
                    let customer = format!("c{customer}");
                    let [served] =
                        replay.add(&contact(Some(&customer), day + 0.5, if round % 2 == 0 { "a" } else { "b" }));
                    served.unwrap()
                })
                .collect::<Vec<_>>();
        }
        let [figures] = replay.figures();
        let figures = figures.unwrap();
        assert!(figures.is_silent && figures.gain_high < 0.0, "{figures:?}");
        assert!(last.iter().all(|served| !served.is_offered && served.confidence == 0.0), "{last:?}");
        assert!(replay.fits()[0].is_silent);
    }

    #[test]
    fn a_rating_counts_from_when_it_was_given_and_for_those_who_may_know() {
        let borrowed = |rated_day: f64, ratings| {
            let mut replay = Replay::new(one_dimension(), 200, ratings);
            replay.add(&Contact { rated_day: Some(rated_day), ..contact(Some("c"), 19_000.0, "a") });
            let [served] = replay.add(&contact(Some("c"), 19_000.5, "a"));
            served.unwrap().borrowed
        };
        let (told, not_yet) = (borrowed(19_000.4, Ratings::Weigh), borrowed(19_000.6, Ratings::Weigh));
        assert!(told < not_yet);
        assert_eq!(borrowed(19_000.4, Ratings::AreHidden), not_yet);
    }

    #[test]
    fn what_was_said_is_no_inference() {
        let mut replay = Replay::new(one_dimension(), 200, Ratings::Weigh);
        replay.add(&contact(Some("c"), 19_000.0, "a"));
        let mut told = contact(Some("c"), 19_001.0, "a");
        told.parts[0].as_mut().unwrap().was_told = true;
        assert_eq!(replay.add(&told), [None]);
        assert!(replay.add(&contact(Some("c"), 19_002.0, "a"))[0].is_some());
    }

    #[test]
    fn a_fit_is_due_as_at_a_server() {
        let mut schedule = Schedule::default();
        assert!(!schedule.begins(19_000.0, 0), "there is nothing yet");
        assert!(schedule.begins(19_000.0, 1) && !schedule.begins(19_000.01, 4), "within the hour");
        assert!(schedule.begins(19_000.05, 4), "it has doubled");
        assert!(!schedule.begins(19_000.9, 5) && schedule.begins(19_001.1, 5), "a day has passed");
        assert!(!schedule.begins(19_009.0, 5), "it has not grown");
    }
}
