//! What comes back after what: what is said of interactions, whether something came, and what was learnt of it. Pure.

use std::collections::HashMap;

use rapport_journey::{
    pattern::{self, Index, Learnt},
    stage::Stage,
};
use serde::{Deserialize, Serialize};

use super::record::{Event, Record};
use crate::{
    api::v1::{Anticipated, InteractionKind},
    clock::{DAY, Micros},
    interaction::resolution::is_inbound_contact,
};

/// What came so long before an interaction still has to do with it.
const BEFORE: Micros = 30 * DAY;
/// Patterns that are kept.
const PATTERNS: usize = 100;

/// What is said of an interaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    Topic(String),
    TopicAfterOrder(String),
    Product(String),
    /// Ids of stages: of the interaction before it, if there was one, and of itself.
    Stages(Option<String>, String),
}

/// The same by numbers of texts and places of stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Short {
    Topic(u32),
    TopicAfterOrder(u32),
    Product(u32),
    Stages(Option<usize>, usize),
}

impl Short {
    fn mark(self, record: &Record, stages: &[Stage]) -> Mark {
        let text = |number| record.texts.text(number).to_owned();
        match self {
            Self::Topic(topic) => Mark::Topic(text(topic)),
            Self::TopicAfterOrder(topic) => Mark::TopicAfterOrder(text(topic)),
            Self::Product(product) => Mark::Product(text(product)),
            Self::Stages(from, to) => Mark::Stages(from.map(|from| stages[from].id.clone()), stages[to].id.clone()),
        }
    }
}

/// What is said of each interaction of a journey. `known_from`: when the record begins, so that nothing before an
/// interaction is nothing only where it would be known.
fn shorts(journey: &[Event], known_from: Micros) -> Vec<Vec<Short>> {
    let (mut all, mut ordered, mut before): (Vec<Vec<Short>>, Option<Micros>, Option<&Event>) =
        (Vec::with_capacity(journey.len()), None, None);
    for event in journey {
        let is_near = |at: Micros| event.at - at <= BEFORE;
        let mut marks = Vec::new();
        if event.topic != 0 {
            marks.push(Short::Topic(event.topic));
            if !event.is_order() && ordered.is_some_and(is_near) {
                marks.push(Short::TopicAfterOrder(event.topic));
            }
        }
        if event.product != 0 {
            marks.push(Short::Product(event.product));
        }
        match (before.filter(|before| is_near(before.at)), event.stage) {
            (None, Some(to)) if !is_near(known_from) => marks.push(Short::Stages(None, to)),
            (Some(Event { stage: Some(from), .. }), Some(to)) => marks.push(Short::Stages(Some(*from), to)),
            (None | Some(Event { stage: None, .. }), Some(_)) | (_, None) => {}
        }
        all.push(marks);
        before = Some(event);
        if event.is_order() {
            ordered = Some(event.at);
        }
    }
    all
}

/// What is said of the interaction at a place of a journey.
pub(super) fn marks(
    record: &Record,
    stages: &[Stage],
    (journey, known_from): (&[Event], Micros),
    at: usize,
) -> Vec<Mark> {
    shorts(journey, known_from).swap_remove(at).into_iter().map(|short| short.mark(record, stages)).collect()
}

/// Whether something is asked after an interaction.
pub(super) fn is_asked(what: Anticipated, event: &Event) -> bool {
    match what {
        Anticipated::Complaint => event.kind != InteractionKind::Complaint,
        Anticipated::Return => is_inbound_contact(event.direction, event.kind),
        Anticipated::Unspecified => false,
    }
}

/// By what a contact's matter is known.
fn names(event: &Event) -> impl Iterator<Item = (u8, u32)> {
    let named = [(0, event.case), (1, event.order)];
    let is_named = named.iter().any(|(_, name)| *name != 0);
    let topic = (2, if is_named { 0 } else { event.topic });
    named.into_iter().chain([topic]).filter(|(_, name)| *name != 0)
}

/// For each interaction of a journey: when it came next, if it did.
pub(super) fn next_times(what: Anticipated, journey: &[Event]) -> Vec<Option<Micros>> {
    let (mut complaint, mut contacts): (Option<Micros>, HashMap<(u8, u32), Micros>) = (None, HashMap::new());
    let mut times: Vec<Option<Micros>> = Vec::with_capacity(journey.len());
    for event in journey.iter().rev() {
        match what {
            Anticipated::Complaint => {
                times.push(complaint);
                if event.kind == InteractionKind::Complaint {
                    complaint = Some(event.at);
                }
            }
            Anticipated::Return => {
                times.push(names(event).filter_map(|name| contacts.get(&name).copied()).min());
                if is_inbound_contact(event.direction, event.kind) {
                    names(event).for_each(|name| _ = contacts.insert(name, event.at));
                }
            }
            Anticipated::Unspecified => times.push(None),
        }
    }
    times.reverse();
    times
}

/// Learns from journeys after what something comes within so long; from when until when is known what happened.
pub(super) fn learn(
    record: &Record,
    stages: &[Stage],
    what: Anticipated,
    within: Micros,
    (known_from, horizon): (Micros, Micros),
) -> Learnt<Mark> {
    let (mut numbers, mut known): (HashMap<Short, u32>, Vec<Short>) = (HashMap::new(), Vec::new());
    let mut index = Vec::new();
    for journey in record.journeys() {
        let next = next_times(what, journey);
        for ((event, marks), next) in journey.iter().zip(shorts(journey, known_from)).zip(next) {
            if !is_asked(what, event) || event.at.saturating_add(within) > horizon {
                continue;
            }
            let marks = marks.into_iter().map(|mark| {
                *numbers.entry(mark).or_insert_with(|| {
                    known.push(mark);
                    u32::try_from(known.len() - 1).unwrap_or(u32::MAX)
                })
            });
            let came = next.is_some_and(|next| next - event.at <= within);
            let marks = marks.collect();
            index.push((event.id, Index { traveller: event.traveller.unwrap_or_default(), at: event.at, marks, came }));
        }
    }
    index.sort_by_key(|(id, one)| (one.at, *id));
    let index: Vec<Index> = index.into_iter().map(|(_, one)| one).collect();
    let known: Vec<Mark> = known.into_iter().map(|short| short.mark(record, stages)).collect();
    let mut learnt = pattern::learn(&index, &known, within);
    learnt.patterns.truncate(PATTERNS);
    learnt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::v1::{Channel, Direction},
        journey::record::tests::{Told, record},
    };

    fn told(day: i64, kind: InteractionKind, topic: &'static str) -> Told {
        Told { day, kind, topic, ..Told::default() }
    }

    fn stages() -> Vec<Stage> {
        let stage = |id: &str, kind: InteractionKind| Stage {
            id: id.to_owned(),
            rules: vec![rapport_journey::stage::Rule {
                kinds: [i32::from(kind)].into_iter().collect(),
                ..Default::default()
            }],
            ..Stage::default()
        };
        vec![stage("purchase", InteractionKind::Order), stage("service", InteractionKind::Service)]
    }

    #[test]
    fn a_return_is_on_the_same_case_or_order_or_on_the_same_topic_of_neither() {
        let service = |day, topic, case, order| Told { case, order, ..told(day, InteractionKind::Service, topic) };
        let next = |all: &[Told]| {
            let record = record(all, &[]);
            next_times(Anticipated::Return, &record.events)
                .into_iter()
                .map(|at| at.map(|at| at / DAY))
                .collect::<Vec<_>>()
        };
        let by_case =
            [service(1, "A", "k", ""), service(2, "B", "k", "o"), service(3, "A", "", "o"), service(4, "A", "", "")];
        assert_eq!(next(&by_case), [Some(2), Some(3), None, None]);
        let by_topic = [service(1, "A", "", ""), service(2, "B", "", ""), service(3, "A", "", "")];
        assert_eq!(next(&by_topic), [Some(3), None, None]);
        let ours = Told { direction: Direction::Outbound, channel: Channel::OutboundCall, ..service(2, "A", "", "") };
        assert_eq!(next(&[service(1, "A", "", ""), ours]), [None, None], "what we do is no return");
        let nothing = [service(1, "", "", ""), service(2, "", "", "")];
        assert_eq!(next(&nothing), [None, None]);
    }

    #[test]
    fn a_complaint_is_asked_after_all_else() {
        let all = [
            told(1, InteractionKind::Order, "Sofa"),
            told(2, InteractionKind::Service, "Returns"),
            told(3, InteractionKind::Complaint, "Quality"),
            told(4, InteractionKind::Service, "Returns"),
        ];
        let record = record(&all, &[]);
        let next = next_times(Anticipated::Complaint, &record.events);
        assert_eq!(next, [Some(3 * DAY), Some(3 * DAY), None, None]);
        let asked: Vec<bool> = record.events.iter().map(|event| is_asked(Anticipated::Complaint, event)).collect();
        assert_eq!(asked, [true, true, false, true]);
    }

    #[test]
    fn what_is_said_of_an_interaction_goes_back_thirty_days() {
        let all = [
            told(40, InteractionKind::Order, "Sofa"),
            told(70, InteractionKind::Service, "Returns"),
            told(71, InteractionKind::Service, "Returns"),
            told(120, InteractionKind::Service, "Returns"),
        ];
        let (record, stages) = (record(&all, &stages()), stages());
        let said = |at, known_from| marks(&record, &stages, (&record.events, known_from), at);
        let (topic, after_order) =
            (|text: &str| Mark::Topic(text.to_owned()), Mark::TopicAfterOrder("Returns".to_owned()));
        let sequence = |from: Option<&str>, to: &str| Mark::Stages(from.map(str::to_owned), to.to_owned());
        assert_eq!(said(1, 0), [topic("Returns"), after_order, sequence(Some("purchase"), "service")]);
        assert_eq!(said(2, 0), [topic("Returns"), sequence(Some("service"), "service")]);
        assert_eq!(said(3, 0), [topic("Returns"), sequence(None, "service")]);
        // Where the record begins later, nobody knows what came before.
        assert_eq!(said(3, 100 * DAY), [topic("Returns")]);
        assert_eq!(said(0, 5 * DAY), [topic("Sofa"), sequence(None, "purchase")]);
    }
}
