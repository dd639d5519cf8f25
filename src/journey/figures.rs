//! Figures of stages: what happened in each, and what hurts. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use rapport_journey::{
    flow::{Exits, Following, Next, follow},
    hurt::{self, Sign},
};
use rapport_statistics::interval::Moments;
use uuid::Uuid;

use super::record::{Event, Record};
use crate::{
    api::v1::{HurtSign, Outcome, Resolution},
    clock::Micros,
    interaction::{
        resolution::{Readings, is_inbound_contact, is_served},
        summary::statistics,
    },
    rating::store::journey::Felt,
};

/// Segments that are told.
const SEGMENTS: usize = 50;
/// Interactions that are named for a sign.
const SAMPLES: usize = 5;
/// Levels and answers on effort that hurt.
const DISSATISFIED: i16 = 2;
const HARD: i16 = 4;

/// Signs of hurt.
const SIGNS: [HurtSign; 5] =
    [HurtSign::Dissatisfied, HurtSign::Effort, HurtSign::LongWait, HurtSign::Unserved, HurtSign::CameBack];

/// Of a sign among [`SIGNS`].
fn place(sign: HurtSign) -> usize {
    SIGNS.iter().position(|one| *one == sign).unwrap_or_default()
}

/// What happened in a stage.
#[derive(Clone, Debug, Default)]
pub(super) struct StageFigures {
    pub(super) count: i64,
    pub(super) travellers: HashSet<u32>,
    pub(super) unknown: i64,
    pub(super) waits: Vec<Micros>,
    pub(super) customer_truth: Moments,
    pub(super) staff_ledger: Moments,
    pub(super) effort: Moments,
    pub(super) readings: Readings,
    pub(super) exits: Exits,
    pub(super) ended_badly: i64,
    signs: [Sign; SIGNS.len()],
    /// Of each sign: the newest interactions that show it.
    samples: [BTreeSet<(Micros, Uuid)>; SIGNS.len()],
}

/// What a sign shows of a stage.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) sign: HurtSign,
    pub(super) seen: Sign,
    /// The newest first.
    pub(super) samples: Vec<Uuid>,
}

/// How to sum up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) window: Micros,
    /// How far is known what happened.
    pub(super) horizon: Micros,
}

/// A segment: its key, its interactions, its figures by stage.
pub(super) type Segment = (String, i64, Vec<StageFigures>);

/// Figures by stage, the last for what is unmapped: in all, and by segment.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) stages: Vec<StageFigures>,
    /// The largest first, and no more than are told.
    pub(super) segments: Vec<Segment>,
    /// How many there are.
    pub(super) segment_count: usize,
    /// Waits of more seconds are long; none: none is known.
    pub(super) long_wait: Option<f64>,
}

/// Sums up the interactions that `counts` lets through. `segment`: to which one an interaction with a topic belongs, if
/// to any.
pub(super) fn sum_up(
    record: &Record,
    felt: &HashMap<Uuid, Felt>,
    stages: usize,
    plan: Plan,
    counts: impl Fn(&Event) -> bool,
    segment: impl Fn(&Event, u32) -> Option<String>,
) -> Figures {
    let mut waits: Vec<Micros> =
        record.events.iter().filter(|event| counts(event)).filter_map(|event| event.wait).collect();
    let long_wait = statistics(&mut waits).p90;
    let empty = || vec![StageFigures::default(); stages + 1];
    // Counted first: of a thousand topics the figures of those alone are held that are told.
    let mut sizes: HashMap<String, i64> = HashMap::new();
    let counted = record.events.iter().filter(|event| counts(event));
    counted.filter_map(|event| segment(event, event.topic)).for_each(|key| *sizes.entry(key).or_default() += 1);
    let segment_count = sizes.len();
    let mut largest: Vec<(String, i64)> = sizes.into_iter().collect();
    largest.sort_by(|(one, of_one), (other, of_other)| of_other.cmp(of_one).then_with(|| one.cmp(other)));
    largest.truncate(SEGMENTS);
    let places: HashMap<String, usize> = largest.iter().map(|(key, _)| key.clone()).zip(0..).collect();
    let segments = largest.into_iter().map(|(key, count)| (key, count, empty())).collect();
    let mut figures = Figures { stages: empty(), segments, segment_count, long_wait };
    let mut add = |event: &Event, following| {
        let mut each = |place: Option<usize>, topic, add: &dyn Fn(&mut StageFigures)| {
            let place = place.unwrap_or(stages);
            let at = segment(event, topic).and_then(|key| places.get(&key).copied());
            let by_segment = at.and_then(|at| figures.segments.get_mut(at)).map(|(_, _, figures)| figures);
            let all = [Some(&mut figures.stages), by_segment];
            all.into_iter().flatten().for_each(|figures| add(&mut figures[place]));
        };
        each(event.stage, event.topic, &|one| one.add(event, long_wait, following));
        if let Some(felt) = felt.get(&event.id) {
            // Where it was when the customer rated it: nobody moves a rating by another topic.
            each(event.rated.2, event.rated.0, &|one| one.feel(event, felt));
        }
    };
    record.unknown().iter().filter(|event| counts(event)).for_each(|event| add(event, None));
    for journey in record.journeys() {
        let steps: Vec<_> = journey.iter().map(|event| (event.at, event.stage)).collect();
        let followings = follow(&steps, plan.window, plan.horizon);
        journey
            .iter()
            .zip(followings)
            .filter(|(event, _)| counts(event))
            .for_each(|(event, one)| add(event, Some(one)));
    }
    figures
}

impl StageFigures {
    fn add(&mut self, event: &Event, long_wait: Option<f64>, following: Option<Following>) {
        self.count += 1;
        match event.traveller {
            Some(traveller) => _ = self.travellers.insert(traveller),
            None => self.unknown += 1,
        }
        if let Some(following) = following {
            self.exits.add(following);
            let has_ended = following.next == Next::Ended;
            self.ended_badly += i64::from(has_ended && went_badly(event));
        }
        if let Some(judged) = event.judged {
            self.readings.note(judged);
            if let Some(came_back) = judged.came_back() {
                self.note(HurtSign::CameBack, event, came_back);
            }
        }
        if let Some(wait) = event.wait {
            self.waits.push(wait);
            self.note(HurtSign::LongWait, event, long_wait.is_some_and(|long| wait as f64 / 1e6 > long));
        }
        if is_inbound_contact(event.direction, event.kind) && event.outcome != Outcome::Unspecified {
            self.note(HurtSign::Unserved, event, !is_served(event.outcome));
        }
    }

    fn feel(&mut self, event: &Event, felt: &Felt) {
        let level = Moments::of(felt.level.into());
        self.customer_truth = self.customer_truth.plus(level);
        if felt.counts_for_staff {
            self.staff_ledger = self.staff_ledger.plus(level);
        }
        self.note(HurtSign::Dissatisfied, event, felt.level <= DISSATISFIED);
        if felt.effort > 0 {
            self.effort = self.effort.plus(Moments::of(felt.effort.into()));
            self.note(HurtSign::Effort, event, felt.effort >= HARD);
        }
    }

    fn note(&mut self, sign: HurtSign, event: &Event, is_bad: bool) {
        self.signs[place(sign)].note(is_bad);
        if is_bad {
            let samples = &mut self.samples[place(sign)];
            samples.insert((event.at, event.id));
            if samples.len() > SAMPLES {
                samples.pop_first();
            }
        }
    }

    /// How much it hurts.
    pub(super) fn pain(&self) -> f64 {
        hurt::pain(&self.signs)
    }

    /// Of the signs of which enough is known, the most painful first.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let all = SIGNS.into_iter().zip(self.signs).zip(&self.samples);
        let mut known: Vec<Evidence> = all
            .filter(|((_, seen), _)| seen.known >= hurt::LEAST)
            .map(|((sign, seen), samples)| {
                let samples = samples.iter().rev().map(|(_, id)| *id).collect();
                Evidence { sign, seen, samples }
            })
            .collect();
        let pain = |one: &Evidence| one.seen.pain().unwrap_or_default();
        known.sort_by(|one, other| pain(other).total_cmp(&pain(one)));
        known
    }
}

/// Whether an interaction with which a journey ended left the matter open, as far as anybody says: the customer has the
/// last word.
fn went_badly(event: &Event) -> bool {
    let said = match event.customer_resolution {
        Resolution::Unspecified => event.staff_resolution,
        said @ (Resolution::Resolved | Resolution::Unresolved) => said,
    };
    !is_served(event.outcome) || said == Resolution::Unresolved
}
