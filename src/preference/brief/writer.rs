//! Finds what a brief says.

use std::collections::{BTreeMap, BTreeSet};

use rapport_brief::{
    Words,
    fact::{Activity, Fact, FollowUpState, Matter, Met, Topic, Value},
};
use uuid::Uuid;

use super::{
    Evidence, PolicyNow, Sources, Told, Who,
    matters::{self, Open, occurred},
};
use crate::{
    amount,
    api::{
        Named as _,
        kinds::{activity_kind, is_activity},
        v1::{
            BriefSection as Section, Channel, ContactPurpose, ContactRefusalReason, InteractionKind,
            PreferenceDimension, PreferenceOrigin,
        },
    },
    clock::Micros,
    contact::{Channels, Purposes, Reasons},
    directory::{ContactPoint, Suspension},
    interaction::{Recorded, resolution::is_served},
    preference::{
        RecordLine, channel_name,
        store::Statement,
        view::{Preference, Shown},
    },
};

/// Facts of one kind at most, where there may be many.
const AT_MOST: usize = 3;
/// So many contacts in vain, and none that reached the customer, are a sign.
const IN_VAIN_FROM: usize = 3;
/// A customer who waited longer is told that we are sorry.
const LONG_WAIT: Micros = 120 * 1_000_000;

/// The facts of a brief.
pub(in crate::preference) fn write(sources: &Sources<'_>) -> Vec<Told> {
    let open = matters::open(sources.recorded);
    let mut brief = Brief { sources, said: Vec::new() };
    brief.who();
    brief.owed(&open);
    brief.preferences();
    brief.avoid();
    brief.conclusions(&open);
    brief.given();
    brief.contact_points();
    brief.contact_policy();
    brief.talking_points();
    brief.opener(&open);
    brief.said
}

struct Brief<'s, 'a> {
    sources: &'s Sources<'a>,
    said: Vec<Told>,
}

impl Brief<'_, '_> {
    fn say(&mut self, section: Section, fact: Fact, evidence: Vec<Evidence>) {
        self.said.push(Told { section, fact, evidence });
    }

    /// The customer's record in the directory; of a stranger, the interaction by which we know them.
    fn identity(&self) -> Vec<Evidence> {
        match self.sources.who {
            Who::Customer(customer) => vec![Evidence::Customer(customer.id.clone())],
            Who::Stranger(_) => self.sources.recorded.first().map(interaction).into_iter().collect(),
        }
    }

    /// How the customer is to be addressed: as they said, else as the directory has it.
    fn name(&self) -> Option<Words> {
        let stated = self.preference(PreferenceDimension::Salutation).and_then(|one| one.value.clone());
        let listed = match self.sources.who {
            Who::Customer(customer) => Some(customer.salutation.clone()).filter(|name| !name.is_empty()),
            Who::Stranger(_) => None,
        };
        stated.or(listed).map(Words::new)
    }

    fn preference(&self, dimension: PreferenceDimension) -> Option<&Preference> {
        self.sources.preferences.iter().find(|one| one.dimension == dimension)
    }

    fn person(&self, staff_id: &str) -> Words {
        let name = self.sources.names.get(staff_id).filter(|name| !name.is_empty());
        Words::new(name.map_or(staff_id, String::as_str))
    }

    fn met(&self, one: &Recorded) -> Met {
        let people = one.facts.participants.iter().map(|person| self.person(&person.staff_id)).collect();
        Met { channel: one.facts.channel, kind: one.facts.kind, people, served: is_served(one.facts.outcome) }
    }

    fn who(&mut self) {
        let (known_as, standing, suspension) = match self.sources.who {
            Who::Customer(customer) => {
                let now = self.sources.now;
                (customer.id.clone(), Some(customer.standing_at(now)), customer.suspension_at(now).cloned())
            }
            Who::Stranger(alias) => (alias.written.clone(), None, None),
        };
        self.say(
            Section::Who,
            Fact::Known { name: self.name(), known_as: Words::new(known_as), standing },
            self.identity(),
        );
        if let Some(Suspension { reason, start, end, .. }) = suspension {
            self.say(
                Section::Who,
                Fact::Suspended { reason: Words::new(reason), since: start, until: end },
                self.identity(),
            );
        }
        let lines = self.sources.lines;
        if let (Some(newest), Some(oldest), Some(last)) = (self.sources.recorded.first(), lines.last(), lines.first()) {
            let oldest = Some(oldest).filter(|oldest| oldest.id != last.id && !self.sources.has_more);
            let fact = Fact::Met {
                count: lines.len(),
                has_more: self.sources.has_more,
                first: oldest.map(|one| one.occurred_at),
                last: last.occurred_at,
                how: self.met(newest),
            };
            let ends = [Some(last), oldest].into_iter().flatten();
            let ends = ends.map(|one| Evidence::Interaction(one.id, one.occurred_at)).collect();
            self.say(Section::Who, fact, ends);
        }
    }

    fn owed(&mut self, open: &[Open<'_>]) {
        if let Some(missed) = matters::missed(self.sources.recorded) {
            let waited = missed.facts.instants.requested.zip(missed.facts.instants.ended);
            let waited = waited.map(|(from, to)| to - from).filter(|waited| *waited > 0);
            let fact = Fact::Missed { at: occurred(missed), channel: missed.facts.channel, waited };
            self.say(Section::Owed, fact, vec![interaction(missed)]);
        }
        let callbacks = matters::callbacks(self.sources.recorded);
        if let Some(last) = callbacks.first() {
            let fact = Fact::Callback { at: occurred(last), attempts: callbacks.len() };
            self.say(Section::Owed, fact, callbacks.iter().map(|one| interaction(one)).collect());
        }
        for commitment in self.sources.commitments {
            let fact = Fact::Commitment {
                what: Words::new(commitment.what.clone()),
                due: commitment.due_at,
                is_broken: commitment.due_at <= self.sources.now,
                owner: self.person(&commitment.owner),
            };
            self.say(Section::Owed, fact, vec![Evidence::Commitment(commitment.id, commitment.made_at)]);
        }
        for one in self.sources.follow_ups {
            let is_overdue = one.due_at.is_some_and(|due| due <= self.sources.now);
            let state = match (one.is_answered, is_overdue) {
                (true, _) => FollowUpState::Answered,
                (false, true) => FollowUpState::Overdue,
                (false, false) => FollowUpState::Owed,
            };
            let due = one.due_at.filter(|_| !one.is_answered);
            let fact = Fact::FollowUp { opened: one.opened_at, due, state };
            self.say(Section::Owed, fact, vec![Evidence::FollowUp(one.id, one.opened_at)]);
        }
        for Open { interactions, because } in open.iter().take(AT_MOST) {
            let (Some(newest), Some(oldest)) = (interactions.first(), interactions.last()) else { continue };
            let said = interactions.iter().find_map(|one| Some((occurred(one), words(&one.facts.conclusion)?)));
            let named = |name: fn(&Recorded) -> &Option<String>| interactions.iter().find_map(|one| words(name(one)));
            let matter = Matter {
                is_complaint: interactions.iter().any(|one| one.facts.kind == InteractionKind::Complaint),
                topic: words(&newest.facts.topic),
                case_id: named(|one| &one.facts.case_id),
                order_id: named(|one| &one.facts.context.order_id),
            };
            let (count, since) = (interactions.len(), occurred(oldest));
            let fact = Fact::Matter { matter, count, since, because: *because, last: said };
            self.say(Section::Owed, fact, interactions.iter().map(|one| interaction(one)).collect());
        }
    }

    fn preferences(&mut self) {
        // What the customer said is surest.
        let is_stated = |one: &&Preference| one.origin == PreferenceOrigin::Stated;
        let (said, inferred): (Vec<_>, Vec<_>) = self.sources.preferences.iter().partition(is_stated);
        for preference in said.into_iter().chain(inferred) {
            let dimension = preference.dimension;
            let Some(value) = preference.value.as_deref() else { continue };
            let shown = preference.values.iter().find(|one| one.value == value);
            if preference.origin == PreferenceOrigin::Stated {
                let Some(said) = self.statement(dimension, value, PreferenceOrigin::Stated) else { continue };
                let (at, source) = (said.stated_at, Words::new(said.source.clone()));
                let evidence = vec![Evidence::Statement(said.id, at)];
                let fact = Fact::Stated { dimension, value: self.value(dimension, value), at, source };
                self.say(Section::Preferences, fact, evidence);
            } else if let Some(shown) = shown.filter(|_| is_telling(&self.value(dimension, value))) {
                let fact = Fact::Prefers {
                    dimension,
                    value: self.value(dimension, value),
                    confidence: preference.confidence,
                    sample: preference.sample,
                    tied: preference.tied.iter().map(|tied| self.value(dimension, tied)).collect(),
                };
                self.say(Section::Preferences, fact, self.shown_evidence(shown));
            }
        }
        if self.said.iter().all(|one| one.section != Section::Preferences) {
            self.say(Section::Preferences, Fact::NothingCertain, self.identity());
        }
    }

    fn statement(&self, dimension: PreferenceDimension, value: &str, origin: PreferenceOrigin) -> Option<&Statement> {
        let is_it = |one: &&Statement| one.dimension.0 == dimension && one.value == value && one.origin.0 == origin;
        self.sources.holding.iter().find(is_it)
    }

    fn shown_evidence(&self, shown: &Shown) -> Vec<Evidence> {
        let at = |id: &Uuid| self.sources.lines.iter().find(|line| line.id == *id).map(|line| line.occurred_at);
        shown.evidence.iter().filter_map(|id| Some(Evidence::Interaction(*id, at(id)?))).collect()
    }

    fn value(&self, dimension: PreferenceDimension, value: &str) -> Value {
        let text = || Value::Text(Words::new(value));
        match dimension {
            PreferenceDimension::Channel => Channel::named(value).map_or_else(text, Value::Channel),
            PreferenceDimension::Kind => InteractionKind::named(value).map_or_else(text, Value::Kind),
            PreferenceDimension::Hour => value.parse().map_or_else(|_| text(), Value::Hour),
            PreferenceDimension::Weekday => value.parse().map_or_else(|_| text(), Value::Weekday),
            PreferenceDimension::Colleague => Value::Text(self.person(value)),
            PreferenceDimension::Language => Value::Language(Words::new(value)),
            PreferenceDimension::Unspecified
            | PreferenceDimension::Topic
            | PreferenceDimension::Product
            | PreferenceDimension::Salutation
            | PreferenceDimension::Hours => text(),
        }
    }

    fn avoid(&mut self) {
        let accusing = self.sources.follow_ups.iter().filter(|one| !one.about.is_empty());
        let people: BTreeSet<&String> = accusing.clone().flat_map(|one| &one.about).collect();
        if !people.is_empty() {
            let people = people.into_iter().map(|id| self.person(id)).collect();
            let evidence = accusing.map(|one| Evidence::FollowUp(one.id, one.opened_at)).collect();
            self.say(Section::Avoid, Fact::NotToAssign { people }, evidence);
        }
        for wish in self.sources.wishes {
            let fact = Fact::DoNotContact {
                channels: Channels::from_bits(wish.channels).iter().collect(),
                purposes: Purposes::from_bits(wish.purposes).iter().collect(),
                reason: Words::new(wish.reason.clone()),
                until: wish.end_at,
            };
            self.say(Section::Avoid, fact, vec![Evidence::DoNotContact(wish.id, wish.set_at)]);
        }
        for preference in self.sources.preferences {
            for refuted in preference.values.iter().filter(|one| one.origin == PreferenceOrigin::Refuted) {
                let dimension = preference.dimension;
                let Some(said) = self.statement(dimension, &refuted.value, PreferenceOrigin::Refuted) else { continue };
                let (at, note) = (said.stated_at, Words::new(said.note.clone()));
                let evidence = vec![Evidence::Statement(said.id, at)];
                let fact = Fact::Refuted { dimension, value: self.value(dimension, &refuted.value), at, note };
                self.say(Section::Avoid, fact, evidence);
            }
        }
        let mut tried: BTreeMap<String, (Channel, Vec<&RecordLine>, bool)> = BTreeMap::new();
        for line in self.sources.lines.iter().filter(|line| !is_activity(line.kind)) {
            let name = channel_name(line.channel);
            let (_, in_vain, reached) = tried.entry(name).or_insert((line.channel, Vec::new(), false));
            match line.is_in_vain() {
                true => in_vain.push(line),
                false => *reached = true,
            }
        }
        for (channel, in_vain, reached) in tried.into_values() {
            let Some(last) = in_vain.first().filter(|_| !reached && in_vain.len() >= IN_VAIN_FROM) else { continue };
            let fact = Fact::InVain { channel, attempts: in_vain.len(), last: last.occurred_at };
            let evidence = in_vain.iter().take(AT_MOST).map(|one| Evidence::Interaction(one.id, one.occurred_at));
            self.say(Section::Avoid, fact, evidence.collect());
        }
    }

    fn conclusions(&mut self, open: &[Open<'_>]) {
        // Those of open matters were told with them.
        let told: Vec<Uuid> = open.iter().take(AT_MOST).flat_map(|one| &one.interactions).map(|one| one.id).collect();
        let others = self.sources.recorded.iter().filter(|one| !told.contains(&one.id));
        for (one, text) in others.filter_map(|one| Some((one, words(&one.facts.conclusion)?))).take(AT_MOST) {
            let fact = Fact::Concluded { at: occurred(one), how: self.met(one), text };
            self.say(Section::Conclusions, fact, vec![interaction(one)]);
        }
    }

    fn given(&mut self) {
        for one in self.sources.given {
            let what = Words::new(amount::written(one.quantity, &one.unit));
            let fact = Fact::Given { at: one.at, what, reason: Words::new(one.reason.clone()) };
            self.say(Section::Conclusions, fact, vec![Evidence::Grant(one.id, one.at)]);
        }
    }

    fn contact_points(&mut self) {
        let Who::Customer(customer) = self.sources.who else { return };
        for ContactPoint { at, source, obtained_at, consent, .. } in customer.contact_points.clone() {
            let (value, source) = (Words::new(at.written), Words::new(source));
            let fact = Fact::Point { kind: at.kind, value, source, obtained: obtained_at, consent };
            self.say(Section::ContactPoints, fact, self.identity());
        }
    }

    fn contact_policy(&mut self) {
        let PolicyNow { version, channel, purposes } = self.sources.policy.clone();
        let evidence = || vec![Evidence::ContactPolicy(version)];
        let mut may = Vec::new();
        // What is refused for the same reasons until the same time is told in one sentence.
        let mut may_not: Vec<(Vec<ContactRefusalReason>, Option<Micros>, Vec<ContactPurpose>)> = Vec::new();
        for (purpose, refusals, from) in purposes {
            let reasons: Reasons = refusals.into_iter().map(|one| one.reason).collect();
            let reasons: Vec<_> = reasons.iter().collect();
            let like = may_not.iter_mut().find(|(others, time, _)| *others == reasons && *time == from);
            match like {
                _ if reasons.is_empty() => may.push(purpose),
                Some((.., purposes)) => purposes.push(purpose),
                None => may_not.push((reasons, from, vec![purpose])),
            }
        }
        if !may.is_empty() {
            self.say(Section::ContactPolicy, Fact::May { channel, purposes: may }, evidence());
        }
        for (reasons, from, purposes) in may_not {
            self.say(Section::ContactPolicy, Fact::MayNot { channel, purposes, reasons, from }, evidence());
        }
    }

    fn talking_points(&mut self) {
        let contacts = || self.sources.recorded.iter().filter(|one| !is_activity(one.facts.kind));
        let said = contacts().find_map(|one| {
            let context = &one.facts.context;
            let rest = &context.rest;
            let is_some = context.order_id.is_some() || context.product_id.is_some() || rest.seen.is_some();
            let fact = Fact::OnRecord {
                at: occurred(one),
                order: words(&context.order_id),
                product: words(&context.product_id),
                page: words(&rest.page),
                seen: words(&rest.seen),
            };
            is_some.then(|| (fact, vec![interaction(one)]))
        });
        let waited = contacts().find_map(|one| Some((one, one.facts.instants.wait()?)));
        let waited = waited.filter(|(_, waited)| *waited >= LONG_WAIT);
        let waited = waited.map(|(one, waited)| (Fact::LongWait { at: occurred(one), waited }, vec![interaction(one)]));
        let did = self.sources.recorded.iter().filter_map(|one| Some((activity(one)?, interaction(one)))).take(AT_MOST);
        let (did, evidence): (Vec<_>, Vec<_>) = did.unzip();
        let did = (!did.is_empty()).then_some((Fact::Did(did), evidence));
        for (fact, evidence) in [said, waited, did].into_iter().flatten() {
            self.say(Section::TalkingPoints, fact, evidence);
        }
    }

    /// What weighs most comes first: what we owe the customer, what they did, what was last.
    fn opener(&mut self, open: &[Open<'_>]) {
        let recorded = self.sources.recorded;
        let missed = matters::missed(recorded).map(|one| (Topic::Missed { at: occurred(one) }, one));
        let callback = matters::callbacks(recorded).first().map(|one| (Topic::Callback { at: occurred(one) }, *one));
        let matter = open.first().and_then(|open| {
            // The customer knows nothing of what we tried in vain.
            let served = open.interactions.iter().find(|one| is_served(one.facts.outcome));
            let one = served.or(open.interactions.first())?;
            Some((Topic::Matter { topic: words(&one.facts.topic), at: occurred(one) }, *one))
        });
        let newest = recorded.first().map(|one| match activity(one) {
            Some(activity) => (Topic::Did(activity), one),
            None => (Topic::Last { topic: words(&one.facts.topic), at: occurred(one) }, one),
        });
        let found = missed.or(callback).or(matter).or(newest);
        let (about, evidence) = match found {
            Some((about, one)) => (about, vec![interaction(one)]),
            None => (Topic::Nothing, self.identity()),
        };
        self.say(Section::Opener, Fact::Opener { name: self.name(), about }, evidence);
    }
}

fn words(text: &Option<String>) -> Option<Words> {
    text.clone().map(Words::new)
}

fn interaction(one: &Recorded) -> Evidence {
    Evidence::Interaction(one.id, occurred(one))
}

fn activity(one: &Recorded) -> Option<Activity> {
    let activity_kind = activity_kind(one.facts.kind)?;
    let what = one.facts.context.rest.page.clone().or_else(|| one.facts.topic.clone());
    Some(Activity {
        at: occurred(one),
        activity_kind,
        what: what.or_else(|| one.facts.context.product_id.clone()).map(Words::new),
    })
}

/// Whether a value helps to meet the customer. What they did by themselves is told as such, and everything is a service
/// of which nobody said more.
fn is_telling(value: &Value) -> bool {
    match value {
        Value::Channel(channel) => *channel != Channel::Event,
        Value::Kind(kind) => !is_activity(*kind) && *kind != InteractionKind::Service,
        Value::Hour(_) | Value::Weekday(_) | Value::Language(_) | Value::Text(_) => true,
    }
}
