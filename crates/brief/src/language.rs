//! Facts as sentences. What is said is the same in every language; how, is in `languages/`.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use rapport_contract::{
    Named,
    kinds::{ActivityKind, is_activity},
    v1::{
        BriefSection, Channel, Consent, ContactKind, ContactPurpose, ContactRefusalReason, CustomerStanding,
        InteractionKind, PreferenceDimension,
    },
};
use unic_langid::LanguageIdentifier;

use crate::{
    Micros,
    fact::{Activity, Because, Fact, FollowUpState, Matter, Met, Topic, Value},
    words::{Words, times},
};

/// Tag and text of every file in `languages/`, by tag.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

static SPOKEN: LazyLock<Vec<Spoken>> =
    LazyLock::new(|| FILES.iter().map(|(tag, text)| Spoken { tag, bundle: bundle(tag, text) }).collect());

struct Spoken {
    tag: &'static str,
    bundle: FluentBundle<FluentResource>,
}

/// The one that is complete, by the tests, and that others are translated from.
const FALLBACK: &str = "en";
/// What a file is told in place of something that is not there.
const NONE: &str = "none";
const SECOND: Micros = 1_000_000;

fn bundle(tag: &str, text: &str) -> FluentBundle<FluentResource> {
    let locale: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // Marks of direction around what is filled in would stand in the text; words of others have quotation marks.
    bundle.set_use_isolating(false);
    // What cannot be read is left out; a test reads every file.
    let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A language that a brief can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(usize);

/// The clock by which dates are told.
#[derive(Clone, Debug)]
pub struct Wall {
    /// Where the customer is.
    pub zone: TimeZone,
    /// When the brief is written.
    pub now: Micros,
}

impl Wall {
    /// An instant on it, and whether it lies in the present year.
    fn at(&self, at: Micros) -> (Zoned, bool) {
        let zoned = |micros| Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(self.zone.clone());
        let (then, now) = (zoned(at), zoned(self.now));
        let is_this_year = then.year() == now.year();
        (then, is_this_year)
    }
}

impl Default for Language {
    /// English.
    fn default() -> Self {
        Self(FILES.iter().position(|(tag, _)| *tag == FALLBACK).unwrap_or_default())
    }
}

impl Language {
    /// All of them, by tag.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FILES.len()).map(Self)
    }

    /// The language of a BCP 47 tag, if a brief can be written in it.
    pub fn of(tag: &str) -> Option<Self> {
        let tag = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        FILES.iter().position(|(own, _)| *own == tag).map(Self)
    }

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        FILES.get(self.0).map_or(FALLBACK, |(tag, _)| tag)
    }

    /// What it is called in English.
    pub fn name(self) -> String {
        let english = Self::default();
        let id = format!("language-{}", self.tag());
        if english.has(&id) { english.text(&id, []) } else { self.tag().to_owned() }
    }

    /// The heading of a section.
    pub fn heading(self, section: BriefSection) -> String {
        match section {
            BriefSection::Unspecified => String::new(),
            BriefSection::Who
            | BriefSection::Owed
            | BriefSection::Preferences
            | BriefSection::Avoid
            | BriefSection::Conclusions
            | BriefSection::ContactPoints
            | BriefSection::ContactPolicy
            | BriefSection::TalkingPoints
            | BriefSection::Opener => self.text(&heading_id(section), []),
        }
    }

    /// A fact in words.
    pub fn say(self, fact: &Fact, wall: &Wall) -> String {
        Speech { language: self, wall }.fact(fact)
    }

    fn spoken(self) -> Option<&'static Spoken> {
        SPOKEN.get(self.0)
    }

    fn has(self, id: &str) -> bool {
        self.spoken().is_some_and(|one| one.bundle.has_message(id))
    }

    /// A message with what is to be filled in; of a language that lacks it, in English.
    fn text<const N: usize>(self, id: &str, arguments: [(&'static str, FluentValue<'_>); N]) -> String {
        let arguments: FluentArgs<'_> = arguments.into_iter().collect();
        let said = |language: Self| {
            let spoken = language.spoken()?;
            let pattern = spoken.bundle.get_message(id)?.value()?;
            let mut wrong = Vec::new();
            let text = spoken.bundle.format_pattern(pattern, Some(&arguments), &mut wrong);
            debug_assert!(wrong.is_empty(), "{}.ftl, {id}: {wrong:?}", spoken.tag);
            Some(text.into_owned())
        };
        said(self).or_else(|| said(Self::default())).unwrap_or_else(|| id.to_owned())
    }
}

/// Under which a value of an enum of the contract stands in a file.
fn id(group: &str, one: impl Named) -> String {
    let plain = one.plain_name().replace('_', "-");
    format!("{group}-{}", if plain.is_empty() { "unspecified" } else { &plain })
}

fn heading_id(one: BriefSection) -> String {
    id("heading", one)
}

fn standing_id(one: CustomerStanding) -> String {
    id("standing", one)
}

fn channel_id(one: Channel) -> String {
    id("channel", one)
}

fn meeting_id(one: Channel) -> String {
    id("meeting", one)
}

fn kind_id(one: InteractionKind) -> String {
    id("kind", one)
}

fn point_id(one: ContactKind) -> String {
    id("point", one)
}

fn consent_id(one: Consent) -> String {
    id("consent", one)
}

fn purpose_id(one: ContactPurpose) -> String {
    id("purpose", one)
}

fn reason_id(one: ContactRefusalReason) -> String {
    id("reason", one)
}

/// `what` is what is said of the dimension: prefers, stated or refuted.
fn dimension_id(what: &str, one: PreferenceDimension) -> String {
    id(what, one)
}

fn because_id(one: Because) -> &'static str {
    match one {
        Because::CustomerSays => "because-customer-says",
        Because::StaffSay => "because-staff-say",
        Because::CameBack => "because-came-back",
        Because::NobodySaid => "because-nobody-said",
    }
}

fn activity_name(one: ActivityKind) -> &'static str {
    match one {
        ActivityKind::Visited => "visited",
        ActivityKind::Downloaded => "downloaded",
        ActivityKind::Attended => "attended",
        ActivityKind::Ordered => "ordered",
    }
}

/// What may be missing.
fn or_none(text: Option<String>) -> FluentValue<'static> {
    text.map_or(FluentValue::from(NONE), FluentValue::from)
}

/// One who speaks a language and has a wall with a clock.
struct Speech<'a> {
    language: Language,
    wall: &'a Wall,
}

impl Speech<'_> {
    fn text<const N: usize>(&self, id: &str, arguments: [(&'static str, FluentValue<'_>); N]) -> String {
        self.language.text(id, arguments)
    }

    fn word(&self, id: &str) -> FluentValue<'static> {
        self.text(id, []).into()
    }

    fn fact(&self, fact: &Fact) -> String {
        let day = |at: &Micros| FluentValue::from(self.day(*at));
        let quoted = |words: &Words| FluentValue::from(words.quoted());
        match fact {
            Fact::Known { known_as, standing: None, .. } => {
                self.text("known-nowhere", [("known_as", quoted(known_as))])
            }
            Fact::Known { name, known_as, standing: Some(standing) } => {
                let name = or_none(name.as_ref().map(Words::quoted));
                let standing = self.word(&standing_id(*standing));
                self.text("known", [("name", name), ("known_as", quoted(known_as)), ("standing", standing)])
            }
            Fact::Met { count, has_more, first, last, how } => {
                let extent = match (first, has_more) {
                    (_, true) => "more",
                    (Some(_), false) => "since",
                    (None, false) => "all",
                };
                let arguments = [
                    ("extent", extent.into()),
                    ("count", (*count).into()),
                    ("first", or_none(first.map(|first| self.day(first)))),
                    ("last", day(last)),
                    ("how", self.met(how).into()),
                ];
                self.text("met", arguments)
            }
            Fact::Suspended { reason, since, until } => {
                let until = or_none(until.map(|until| self.moment(until)));
                self.text("suspended", [("since", day(since)), ("until", until), ("reason", quoted(reason))])
            }
            Fact::Matter { matter, count, since, because, last } => {
                let arguments = [
                    ("matter", self.matter(matter).into()),
                    ("count", (*count).into()),
                    ("since", day(since)),
                    ("because", self.word(because_id(*because))),
                    ("day", or_none(last.as_ref().map(|(at, _)| self.day(*at)))),
                    ("word", or_none(last.as_ref().map(|(_, text)| text.quoted()))),
                ];
                self.text("matter", arguments)
            }
            Fact::Missed { at, channel, waited } => {
                let waited = or_none(waited.map(|waited| self.span(waited)));
                self.text(
                    "missed",
                    [("day", day(at)), ("channel", self.word(&channel_id(*channel))), ("waited", waited)],
                )
            }
            Fact::Callback { at, attempts } => {
                self.text("callback", [("count", (*attempts).into()), ("moment", self.moment(*at).into())])
            }
            Fact::Commitment { what, due, is_broken, owner } => {
                let state = if *is_broken { "broken" } else { "open" };
                let moment = self.moment(*due).into();
                let arguments =
                    [("what", quoted(what)), ("moment", moment), ("state", state.into()), ("owner", quoted(owner))];
                self.text("commitment", arguments)
            }
            Fact::Given { at, what, reason } => {
                self.text("given", [("day", day(at)), ("what", quoted(what)), ("reason", quoted(reason))])
            }
            Fact::FollowUp { opened, due, state } => {
                let state = match state {
                    FollowUpState::Owed => "owed",
                    FollowUpState::Overdue => "overdue",
                    FollowUpState::Answered => "answered",
                };
                let moment = or_none(due.map(|due| self.moment(due)));
                self.text("follow-up", [("day", day(opened)), ("state", state.into()), ("moment", moment)])
            }
            Fact::NotToAssign { people } => {
                let people = people.iter().map(Words::quoted).collect();
                self.text("not-to-assign", [("people", self.list("names", people))])
            }
            Fact::Prefers { dimension, value, confidence, sample, tied } => {
                let tied: Vec<String> = tied.iter().map(|one| self.value(one)).collect();
                let arguments = [
                    ("what", self.dimension("prefers", *dimension, value).into()),
                    ("percent", percent(*confidence).into()),
                    ("count", (*sample).into()),
                    ("tied", self.list("list", tied)),
                ];
                self.text("prefers", arguments)
            }
            Fact::Stated { dimension, value, at, source } => {
                let what = self.stated(*dimension, value).into();
                self.text("stated", [("what", what), ("day", day(at)), ("source", quoted(source))])
            }
            Fact::NothingCertain => self.text("nothing-certain", []),
            Fact::Refuted { dimension, value, at, note } => {
                let what = self.dimension("refuted", *dimension, value).into();
                self.text("refuted", [("what", what), ("day", day(at)), ("note", quoted(note))])
            }
            Fact::DoNotContact { channels, purposes, reason, until } => {
                let arguments = [
                    ("channels", self.named(channels, channel_id)),
                    ("purposes", self.named(purposes, purpose_id)),
                    ("until", or_none(until.map(|until| self.moment(until)))),
                    ("reason", quoted(reason)),
                ];
                self.text("do-not-contact", arguments)
            }
            Fact::InVain { channel, attempts, last } => {
                let channel = self.word(&channel_id(*channel));
                self.text("in-vain", [("count", (*attempts).into()), ("channel", channel), ("day", day(last))])
            }
            Fact::Concluded { at, how, text } => {
                self.text("concluded", [("day", day(at)), ("how", self.met(how).into()), ("text", quoted(text))])
            }
            Fact::Point { kind, value, source, obtained, consent } => {
                let arguments = [
                    ("kind", self.word(&point_id(*kind))),
                    ("value", quoted(value)),
                    ("source", quoted(source)),
                    ("obtained", or_none(obtained.map(|at| self.whole_day(at)))),
                    ("consent", self.word(&consent_id(*consent))),
                ];
                self.text("point", arguments)
            }
            Fact::May { channel, purposes } => {
                let channel = self.word(&channel_id(*channel));
                self.text("may", [("channel", channel), ("purposes", self.named(purposes, purpose_id))])
            }
            Fact::MayNot { channel, purposes, reasons, from } => {
                let arguments = [
                    ("channel", self.word(&channel_id(*channel))),
                    ("purposes", self.named(purposes, purpose_id)),
                    ("reasons", self.named(reasons, reason_id)),
                    ("from", or_none(from.map(|from| self.moment(from)))),
                ];
                self.text("may-not", arguments)
            }
            Fact::OnRecord { at, order, product, page, seen } => {
                let parts =
                    [("part-order", order), ("part-product", product), ("part-page", page), ("part-seen", seen)];
                let parts = parts.into_iter().filter_map(|(id, text)| Some((id, text.as_ref()?)));
                let parts = parts.map(|(id, text)| self.text(id, [("text", quoted(text))])).collect();
                self.text("on-record", [("day", day(at)), ("parts", self.list("list", parts))])
            }
            Fact::Did(activities) => {
                let deeds = activities.iter().map(|one| {
                    let activity = self.activity(one).into();
                    self.text("deed", [("activity", activity), ("day", day(&one.at))])
                });
                self.text("did", [("deeds", self.list("deeds", deeds.collect()))])
            }
            Fact::LongWait { at, waited } => {
                self.text("long-wait", [("waited", self.span(*waited).into()), ("day", day(at))])
            }
            Fact::Opener { name, about } => {
                let name = or_none(name.as_ref().map(Words::nested));
                self.text("opener", [("name", name), ("rest", self.topic(about).into())])
            }
        }
    }

    fn topic(&self, about: &Topic) -> String {
        let day = |at: &Micros| ("day", FluentValue::from(self.day(*at)));
        let topic = |topic: &Option<Words>| ("topic", or_none(topic.as_ref().map(Words::nested)));
        match about {
            Topic::Matter { topic: matter, at } => self.text("opener-matter", [topic(matter), day(at)]),
            Topic::Missed { at } => self.text("opener-missed", [day(at)]),
            Topic::Callback { at } => self.text("opener-callback", [day(at)]),
            Topic::Did(Activity { at, activity_kind, what }) => {
                let what = or_none(what.as_ref().map(Words::nested));
                self.text(&format!("opener-{}", activity_name(*activity_kind)), [("what", what), day(at)])
            }
            Topic::Last { topic: last, at } => self.text("opener-last", [topic(last), day(at)]),
            Topic::Nothing => self.text("opener-nothing", []),
        }
    }

    fn met(&self, how: &Met) -> String {
        let what = if is_activity(how.kind) { kind_id(how.kind) } else { meeting_id(how.channel) };
        let people = self.list("list", how.people.iter().map(Words::quoted).collect());
        let served = if how.served { "yes" } else { "no" };
        self.text("how-met", [("what", self.word(&what)), ("people", people), ("served", served.into())])
    }

    fn matter(&self, matter: &Matter) -> String {
        let names = [("matter-case", &matter.case_id), ("matter-order", &matter.order_id)];
        let names = names.into_iter().filter_map(|(id, name)| Some((id, name.as_ref()?.quoted())));
        let names = names.map(|(id, name)| self.text(id, [("text", name.into())])).collect();
        let arguments = [
            ("kind", if matter.is_complaint { "complaint" } else { "other" }.into()),
            ("topic", or_none(matter.topic.as_ref().map(Words::quoted))),
            ("names", self.list("names", names)),
        ];
        self.text("matter-called", arguments)
    }

    fn activity(&self, Activity { activity_kind, what, .. }: &Activity) -> String {
        let what = or_none(what.as_ref().map(Words::quoted));
        self.text(&format!("activity-{}", activity_name(*activity_kind)), [("what", what)])
    }

    fn stated(&self, dimension: PreferenceDimension, value: &Value) -> String {
        if let (PreferenceDimension::Hours, Value::Text(span)) = (dimension, value)
            && let Some((from, until)) = times(span)
        {
            return self.text("stated-hours-between", [("from", from.into()), ("until", until.into())]);
        }
        self.dimension("stated", dimension, value)
    }

    fn dimension(&self, what: &str, dimension: PreferenceDimension, value: &Value) -> String {
        self.text(&dimension_id(what, dimension), [("value", self.value(value).into())])
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Channel(one) => self.text(&channel_id(*one), []),
            Value::Kind(one) => self.text(&kind_id(*one), []),
            Value::Hour(hour) => {
                let end = u32::from(*hour) + 1;
                let arguments = [
                    ("from", format!("{hour:02}").into()),
                    ("until", format!("{:02}", end % 24).into()),
                    ("hour", (*hour).into()),
                    ("end", end.into()),
                ];
                self.text("value-hour", arguments)
            }
            Value::Weekday(day) => self.text(&format!("weekday-{}", if (1..7).contains(day) { *day } else { 7 }), []),
            Value::Language(tag) => {
                let id = format!("language-{}", tag.to_compare().split('-').next().unwrap_or_default());
                if self.language.has(&id) { self.text(&id, []) } else { tag.quoted() }
            }
            Value::Text(text) => text.quoted(),
        }
    }

    /// Words for values of the contract, as a list.
    fn named<T: Copy>(&self, all: &[T], id: fn(T) -> String) -> FluentValue<'static> {
        self.list("list", all.iter().map(|one| self.text(&id(*one), [])).collect())
    }

    /// Of several, by the two messages of a kind of list.
    fn list(&self, kind: &str, items: Vec<String>) -> FluentValue<'static> {
        let count = items.len();
        let joined = items.into_iter().enumerate().reduce(|(_, list), (at, item)| {
            let place = if at + 1 == count { "last" } else { "next" };
            (at, self.text(&format!("{kind}-{place}"), [("list", list.into()), ("item", item.into())]))
        });
        or_none(joined.map(|(_, list)| list))
    }

    fn day(&self, at: Micros) -> String {
        match self.wall.at(at) {
            (then, true) => self.date("day", &then),
            (then, false) => self.date("day-of-year", &then),
        }
    }

    fn whole_day(&self, at: Micros) -> String {
        self.date("day-of-year", &self.wall.at(at).0)
    }

    fn date(&self, id: &str, then: &Zoned) -> String {
        let month = self.word(&format!("month-{}", then.month()));
        // As text: a year is no amount, and is not grouped as one.
        let [day, year] = ["%-d", "%Y"].map(|form| FluentValue::from(then.strftime(form).to_string()));
        self.text(id, [("day", day), ("month", month), ("year", year)])
    }

    fn moment(&self, at: Micros) -> String {
        let time = self.wall.at(at).0.strftime("%H:%M").to_string();
        self.text("moment", [("day", self.day(at).into()), ("time", time.into())])
    }

    /// How long it took, in whole minutes or seconds.
    fn span(&self, micros: Micros) -> String {
        let seconds = micros / SECOND;
        let (id, count) = if seconds < 120 { ("seconds", seconds) } else { ("minutes", seconds / 60) };
        self.text(id, [("count", count.into())])
    }
}

/// A probability in whole percent; what is inferred is never certain.
fn percent(share: f64) -> String {
    format!("{:.0}", (share * 100.0).min(99.0))
}

#[cfg(test)]
mod tests;
