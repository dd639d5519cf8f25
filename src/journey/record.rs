//! Journeys, made of the lines of interactions: compact, since a year's are held at once.

use std::collections::HashMap;

use rapport_journey::{
    stage::{Facts, Phase, Stage, stage_of},
    traveller::{Names, Travellers},
};
use uuid::Uuid;

use crate::{
    api::v1::{Channel, ContactKind, Direction, InteractionKind, Outcome, Resolution, StaffRole},
    clock::Micros,
    interaction::{
        resolution::Judged,
        store::journey::{FirstOrder, JourneyLine},
    },
};

/// Texts by number; 0 is none.
#[derive(Debug)]
pub(super) struct Texts {
    all: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { all: vec![String::new()], numbers: HashMap::new() }
    }
}

impl Texts {
    fn number(&mut self, text: Option<String>) -> u32 {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return 0 };
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(text).or_insert_with_key(|text| {
            self.all.push(text.clone());
            next
        })
    }

    /// Empty: there is none.
    pub(super) fn text(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", String::as_str)
    }
}

/// An interaction on a journey. Texts by their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) id: Uuid,
    pub(super) at: Micros,
    /// None: it is not known whose journey it is part of.
    pub(super) traveller: Option<u32>,
    /// The place of its stage; none: it is unmapped.
    pub(super) stage: Option<usize>,
    pub(super) channel: Channel,
    pub(super) kind: InteractionKind,
    pub(super) direction: Direction,
    pub(super) outcome: Outcome,
    pub(super) staff_resolution: Resolution,
    pub(super) customer_resolution: Resolution,
    pub(super) wait: Option<Micros>,
    pub(super) topic: u32,
    pub(super) team: u32,
    pub(super) product: u32,
    pub(super) case: u32,
    pub(super) order: u32,
    /// Topic, outcome and stage as they were when the interaction was rated: for what the rating says.
    pub(super) rated: (u32, Outcome, Option<usize>),
    /// Of the primary participant, where rules ask for it.
    role: StaffRole,
    /// Where it stands to the first order; none: whose it is is not known.
    phase: Option<Phase>,
    /// What is known of it as a first contact.
    pub(super) judged: Option<Judged>,
}

impl Event {
    /// Whether the customer ordered.
    pub(super) fn is_order(&self) -> bool {
        matches!(self.kind, InteractionKind::Order | InteractionKind::Ordered)
    }

    fn facts<'t>(&self, texts: &'t Texts) -> Facts<'t> {
        self.facts_with(texts, (self.topic, self.outcome))
    }

    fn facts_with<'t>(&self, texts: &'t Texts, (topic, outcome): (u32, Outcome)) -> Facts<'t> {
        Facts {
            channel: self.channel.into(),
            kind: self.kind.into(),
            direction: self.direction.into(),
            outcome: outcome.into(),
            role: self.role.into(),
            phase: self.phase.map_or(0, |phase| phase as i32),
            topic: texts.text(topic),
        }
    }
}

/// Gathers lines in any order.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    events: Vec<Event>,
    texts: Texts,
    travellers: Travellers,
}

/// What is known of interactions besides their lines.
#[derive(Debug, Default)]
pub(super) struct Besides {
    /// Of primary participants.
    pub(super) roles: HashMap<Uuid, StaffRole>,
    pub(super) first_orders: Vec<FirstOrder>,
}

/// Journeys: interactions by traveller, each in order of time; those of which it is not known whose they are come
/// first.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) events: Vec<Event>,
    pub(super) texts: Texts,
    /// Customers whom the directory knows, by traveller.
    pub(super) customers: HashMap<u32, String>,
}

impl Gathering {
    /// How many there are by now.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// When the first of them was.
    pub(super) fn earliest(&self) -> Option<Micros> {
        self.events.iter().map(|event| event.at).min()
    }

    /// Adds a line, with what is known of it as a first contact, and its topic and outcome when it was rated, if they
    /// were others.
    pub(super) fn add(&mut self, line: JourneyLine, judged: Option<Judged>, rated: Option<(Option<String>, Outcome)>) {
        let JourneyLine { line, alias, case_id, order_id, product_id } = line;
        let traveller = self.travellers.number(Names {
            customer: line.customer_id.as_deref(),
            alias: alias.as_ref().map(|(kind, value)| ((*kind).into(), value.as_str())),
            order: order_id.as_deref(),
        });
        let topic = self.texts.number(line.topic);
        let rated = rated.map_or((topic, line.outcome), |(topic, outcome)| (self.texts.number(topic), outcome));
        self.events.push(Event {
            id: line.id,
            at: line.occurred_at,
            traveller,
            stage: None,
            channel: line.channel,
            kind: line.kind,
            direction: line.direction,
            outcome: line.outcome,
            staff_resolution: line.staff_resolution,
            customer_resolution: line.customer_resolution,
            wait: line.instants.wait(),
            topic,
            rated: (rated.0, rated.1, None),
            team: self.texts.number(line.primary_team_id),
            product: self.texts.number(product_id),
            case: self.texts.number(case_id),
            order: self.texts.number(order_id),
            role: StaffRole::Unspecified,
            phase: None,
            judged,
        });
    }

    /// Says of each whose it is and to which stage it belongs.
    pub(super) fn finish(self, stages: &[Stage], besides: &Besides) -> Record {
        let Self { mut events, texts, travellers } = self;
        let whose = travellers.settle();
        let settled = |number: u32| whose.get(number as usize).copied().unwrap_or(number);
        let mut firsts: HashMap<u32, Micros> = HashMap::new();
        for order in &besides.first_orders {
            let kind = |kind: ContactKind| i32::from(kind);
            let names = Names {
                customer: order.customer_id.as_deref(),
                alias: order.alias_kind.zip(order.alias_value.as_deref()).map(|(of, value)| (kind(of.0), value)),
                order: order.order_id.as_deref(),
            };
            if let Some(traveller) = travellers.find(names).map(settled) {
                let first = firsts.entry(traveller).or_insert(order.at);
                *first = order.at.min(*first);
            }
        }
        for event in &mut events {
            event.traveller = event.traveller.map(settled);
            event.role = besides.roles.get(&event.id).copied().unwrap_or_default();
            event.phase = event.traveller.map(|one| Phase::of(event.is_order(), event.at, firsts.get(&one).copied()));
            event.stage = stage_of(stages, &event.facts(&texts));
            let (topic, outcome, _) = event.rated;
            event.rated.2 = match (topic, outcome) == (event.topic, event.outcome) {
                true => event.stage,
                false => stage_of(stages, &event.facts_with(&texts, (topic, outcome))),
            };
        }
        events.sort_unstable_by_key(|event| (event.traveller, event.at, event.id));
        let customers = travellers.customers().map(|(id, number)| (number, id.to_owned())).collect();
        Record { events, texts, customers }
    }
}

impl Record {
    /// What rules look at.
    pub(super) fn facts(&self, event: &Event) -> Facts<'_> {
        event.facts(&self.texts)
    }

    /// The interactions of each traveller.
    pub(super) fn journeys(&self) -> impl Iterator<Item = &[Event]> {
        self.events.chunk_by(|one, other| one.traveller == other.traveller).filter(|all| all[0].traveller.is_some())
    }

    /// Interactions of which it is not known whose they are.
    pub(super) fn unknown(&self) -> &[Event] {
        &self.events[..self.events.partition_point(|event| event.traveller.is_none())]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        clock::DAY,
        interaction::{Instants, summary::SummaryLine},
    };

    /// An interaction of one customer; empty texts are none.
    #[derive(Clone, Copy)]
    pub(crate) struct Told {
        pub(crate) day: i64,
        pub(crate) kind: InteractionKind,
        pub(crate) topic: &'static str,
        pub(crate) case: &'static str,
        pub(crate) order: &'static str,
        pub(crate) customer: &'static str,
        pub(crate) direction: Direction,
        pub(crate) channel: Channel,
    }

    impl Default for Told {
        fn default() -> Self {
            Self {
                day: 0,
                kind: InteractionKind::Service,
                topic: "",
                case: "",
                order: "",
                customer: "carla",
                direction: Direction::Inbound,
                channel: Channel::InboundCall,
            }
        }
    }

    fn some(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn line(number: usize, told: Told) -> JourneyLine {
        let line = SummaryLine {
            id: Uuid::from_u128(number as u128),
            channel: told.channel,
            kind: told.kind,
            direction: told.direction,
            outcome: Outcome::Answered,
            topic: some(told.topic),
            occurred_at: told.day * DAY,
            instants: Instants::default(),
            after_call_work: None,
            transfer_count: 0,
            staff_resolution: Resolution::Unspecified,
            customer_resolution: Resolution::Unspecified,
            customer_id: some(told.customer),
            primary_staff_id: None,
            primary_team_id: None,
        };
        JourneyLine { line, alias: None, case_id: some(told.case), order_id: some(told.order), product_id: None }
    }

    pub(crate) fn record(all: &[Told], stages: &[Stage]) -> Record {
        let mut gathering = Gathering::default();
        all.iter().enumerate().for_each(|(number, told)| gathering.add(line(number, *told), None, None));
        gathering.finish(stages, &Besides::default())
    }

    #[test]
    fn interactions_stand_by_traveller_in_order_of_time() {
        let told = |customer, order, day| Told { customer, order, day, ..Told::default() };
        let all = [
            told("", "", 9),
            told("dora", "", 5),
            told("carla", "", 7),
            told("", "o", 2),
            told("carla", "o", 3),
            told("dora", "", 1),
        ];
        let record = record(&all, &[]);
        assert_eq!(record.unknown().iter().map(|event| event.at / DAY).collect::<Vec<_>>(), [9]);
        let mut journeys: Vec<Vec<i64>> =
            record.journeys().map(|journey| journey.iter().map(|event| event.at / DAY).collect()).collect();
        journeys.sort();
        assert_eq!(journeys, [vec![1, 5], vec![2, 3, 7]]);
    }
}
