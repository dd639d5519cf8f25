//! A brief in English.

use super::{
    Wall,
    fact::{Activity, Fact, Matter, Met, Topic, Value},
    vocabulary::{self, Word},
    words::{Span, Words, percent, times},
};
use crate::{
    api::{
        kinds::{ActivityKind, is_activity},
        v1::{Channel, PreferenceDimension as Dimension},
    },
    clock::Micros,
};

pub(super) fn say(fact: &Fact, wall: &Wall) -> String {
    let day = |at: &Micros| day(wall, *at);
    match fact {
        Fact::Known { name, known_as, standing } => match (name, standing) {
            (_, None) => format!("Nobody that the directory knows, only {}.", known_as.quoted()),
            (Some(name), Some(standing)) => {
                format!("{} ({}), {}.", name.quoted(), known_as.quoted(), vocabulary::standing(*standing).en)
            }
            (None, Some(standing)) => format!("{}, {}.", known_as.quoted(), vocabulary::standing(*standing).en),
        },
        Fact::Met { count, has_more, first, last, how } => {
            let often = match (first, has_more) {
                (_, true) => format!("{count} contacts or more"),
                (Some(first), false) => format!("{} since {}", counted(*count, "contact"), day(first)),
                (None, false) => counted(*count, "contact"),
            };
            format!("{often}; the last on {}: {}.", day(last), met(how))
        }
        Fact::Suspended { reason, since, until } => {
            let until =
                until.as_ref().map_or("until lifted".to_owned(), |until| format!("until {}", moment(wall, *until)));
            format!("Service is suspended since {}, {until}: {}. Complaints stay open.", day(since), reason.quoted())
        }
        Fact::Matter { matter, count, since, because, last } => {
            let last = last.as_ref().map(|(at, text)| format!(" Last word, {}: {}.", day(at), text.quoted()));
            format!(
                "{}: {} since {}; {}.{}",
                self::matter(matter),
                counted(*count, "contact"),
                day(since),
                vocabulary::because(*because).en,
                last.unwrap_or_default()
            )
        }
        Fact::Missed { at, channel, waited } => {
            let waited = waited.map(|waited| format!(" after waiting {}", span(waited))).unwrap_or_default();
            format!(
                "Tried to reach us by {} on {} and did not get through{waited}; nobody has served this customer since.",
                vocabulary::channel(*channel).en,
                day(at)
            )
        }
        Fact::Callback { at, attempts } => format!(
            "A callback that the customer asked for has not got through: {}, the last on {}.",
            counted(*attempts, "attempt"),
            moment(wall, *at)
        ),
        Fact::Prefers { dimension, value, confidence, sample, tied } => {
            let sure = format!("{} % sure, from {}", percent(*confidence), counted(*sample, "contact"));
            let tied: Vec<String> = tied.iter().map(self::value).collect();
            let tied = if tied.is_empty() { String::new() } else { format!("; just as likely: {}", listed(&tied)) };
            format!("{} ({sure}{tied}).", prefers(*dimension, value))
        }
        Fact::Stated { dimension, value, at, source } => {
            format!("{} (said on {}: {}).", stated(*dimension, value), day(at), source.quoted())
        }
        Fact::NothingCertain => "How this customer likes to be met is not known yet.".to_owned(),
        Fact::Refuted { dimension, value, at, note } => {
            format!("{} (noted on {}: {}).", refuted(*dimension, value), day(at), note.quoted())
        }
        Fact::DoNotContact { channels, purposes, reason, until } => {
            let channels = named(channels, vocabulary::channel);
            let purposes = named(purposes, vocabulary::purpose);
            let by = if channels.is_empty() { String::new() } else { format!(" by {channels}") };
            let for_what = if purposes.is_empty() { String::new() } else { format!(" for {purposes}") };
            let until = until.as_ref().map(|until| format!(" until {}", moment(wall, *until))).unwrap_or_default();
            format!("Does not wish to be contacted{by}{for_what}{until}: {}.", reason.quoted())
        }
        Fact::InVain { channel, attempts, last } => format!(
            "{} by {} and none got through, the last on {}: another way may be better.",
            counted(*attempts, "attempt"),
            vocabulary::channel(*channel).en,
            day(last)
        ),
        Fact::Concluded { at, how, text } => format!("{}, {}: {}.", day(at), met(how), text.quoted()),
        Fact::Point { kind, value, source, obtained, consent } => {
            let obtained = obtained.as_ref().map(|at| format!(", {}", whole_day(wall, *at))).unwrap_or_default();
            format!(
                "{} {}: from {}{obtained}; {}.",
                vocabulary::point(*kind).en,
                value.quoted(),
                source.quoted(),
                vocabulary::consent(*consent).en
            )
        }
        Fact::May { channel, purposes } => {
            let purposes = named(purposes, vocabulary::purpose);
            format!("May be contacted by {} now for {}.", vocabulary::channel(*channel).en, purposes)
        }
        Fact::MayNot { channel, purposes, reasons, from } => {
            let purposes = named(purposes, vocabulary::purpose);
            let reasons = named(reasons, vocabulary::reason);
            let from = from.as_ref().map_or("not before somebody changes that".to_owned(), |from| {
                format!("from {} on", moment(wall, *from))
            });
            format!("Not by {} now for {}: {}; {from}.", vocabulary::channel(*channel).en, purposes, reasons)
        }
        Fact::OnRecord { at, order, product, page, seen } => {
            let parts = [
                order.as_ref().map(|order| format!("order {}", order.quoted())),
                product.as_ref().map(|product| format!("product {}", product.quoted())),
                page.as_ref().map(|page| format!("page {}", page.quoted())),
                seen.as_ref().map(|seen| format!("what was seen there, {}", seen.quoted())),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("Need not be asked again, told on {}: {}.", day(at), listed(&parts))
        }
        Fact::Did(activities) => {
            let did: Vec<String> =
                activities.iter().map(|one| format!("{} on {}", activity(one), day(&one.at))).collect();
            format!("Of the customer's own accord: {}.", listed(&did))
        }
        Fact::LongWait { at, waited } => {
            format!("Waited {} on {} before being served: an apology is due.", span(*waited), day(at))
        }
        Fact::Opener { name, about } => {
            let hello = name.as_ref().map_or("Hello".to_owned(), |name| format!("Hello {}", name.nested()));
            let rest = match about {
                Topic::Matter { topic, at } => format!(
                    "this is about {}, of which we spoke on {}. Let me tell you how it stands, and whether anything is \
                    still missing.",
                    topic.as_ref().map_or("your matter".to_owned(), Words::nested),
                    day(at)
                ),
                Topic::Missed { at } => format!(
                    "you tried to reach us on {} and did not get through. I am sorry about that. What can I do for you?",
                    day(at)
                ),
                Topic::Callback { at } => format!(
                    "you asked us to call you back, and on {} we did not reach you. Is this a good moment?",
                    day(at)
                ),
                Topic::Did(one) => thanks(one, &day(&one.at)),
                Topic::Last { topic: Some(topic), at } => {
                    format!(
                        "last time, on {}, it was about {}. Is everything as it should be?",
                        day(at),
                        topic.nested()
                    )
                }
                Topic::Last { topic: None, at } => {
                    format!("we were last in touch on {}. Has everything been all right since?", day(at))
                }
                Topic::Nothing => "what can I do for you?".to_owned(),
            };
            format!("“{hello}, {rest}”")
        }
    }
}

fn thanks(Activity { activity_kind, what, .. }: &Activity, day: &str) -> String {
    let what = what.as_ref().map(|what| format!(" {}", what.nested())).unwrap_or_default();
    match activity_kind {
        ActivityKind::Attended => {
            format!("thank you for coming to{what} on {day}. What did you take home from it, and what can I add?")
        }
        ActivityKind::Ordered => {
            format!("thank you for your order{what} of {day}. Is there anything you would like to know about it?")
        }
        ActivityKind::Visited | ActivityKind::Downloaded => {
            format!("on {day} you took an interest in{what}. Is there anything that I can tell you about it?")
        }
    }
}

fn day(wall: &Wall, at: Micros) -> String {
    match wall.at(at) {
        (then, true) => then.strftime("%-d %B").to_string(),
        (then, false) => then.strftime("%-d %B %Y").to_string(),
    }
}

fn whole_day(wall: &Wall, at: Micros) -> String {
    wall.at(at).0.strftime("%-d %B %Y").to_string()
}

fn moment(wall: &Wall, at: Micros) -> String {
    format!("{} at {}", day(wall, at), wall.at(at).0.strftime("%H:%M"))
}

fn span(micros: Micros) -> String {
    match Span::of(micros) {
        Span::Minutes(minutes) => format!("{minutes} minutes"),
        Span::Seconds(seconds) => counted(usize::try_from(seconds).unwrap_or_default(), "second"),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

fn named<T: Copy>(all: &[T], word: fn(T) -> Word) -> String {
    listed(&all.iter().map(|one| word(*one).en.to_owned()).collect::<Vec<_>>())
}

fn met(how: &Met) -> String {
    let what = if is_activity(how.kind) { vocabulary::kind(how.kind).en } else { meeting(how.channel) };
    let people: Vec<_> = how.people.iter().map(Words::quoted).collect();
    let people = if people.is_empty() { String::new() } else { format!(" with {}", listed(&people)) };
    let in_vain = if how.served { "" } else { ", in vain" };
    format!("{what}{people}{in_vain}")
}

fn matter(matter: &Matter) -> String {
    let what = if matter.is_complaint { "Open complaint" } else { "Open matter" };
    let topic = matter.topic.as_ref().map(|topic| format!(" about {}", topic.quoted())).unwrap_or_default();
    let case = matter.case_id.as_ref().map(|case| format!("case {}", case.quoted()));
    let order = matter.order_id.as_ref().map(|order| format!("order {}", order.quoted()));
    let names: Vec<String> = [case, order].into_iter().flatten().collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    format!("{what}{topic}{names}")
}

fn prefers(dimension: Dimension, value: &Value) -> String {
    let value = self::value(value);
    match dimension {
        Dimension::Channel => format!("Often in touch by {value}"),
        Dimension::Hour => format!("Often in touch {value}, local time"),
        Dimension::Weekday => format!("Often in touch on {value}s"),
        Dimension::Topic | Dimension::Unspecified => format!("Often about {value}"),
        Dimension::Kind => format!("Often comes with {value}"),
        Dimension::Product => format!("Often about the product {value}"),
        Dimension::Language => format!("Often speaks {value}"),
        Dimension::Colleague => format!("Often served by {value}"),
        Dimension::Salutation => format!("Often addressed as {value}"),
        Dimension::Hours => format!("Often called {value}"),
    }
}

fn stated(dimension: Dimension, value: &Value) -> String {
    if let (Dimension::Hours, Value::Text(span)) = (dimension, value)
        && let Some((from, to)) = times(span)
    {
        return format!("May be called between {from} and {to}, local time");
    }
    let value = self::value(value);
    match dimension {
        Dimension::Channel => format!("Wishes to be met by {value}"),
        Dimension::Hour => format!("Wishes to be met {value}, local time"),
        Dimension::Weekday => format!("Wishes to be met on {value}s"),
        Dimension::Topic | Dimension::Unspecified => format!("Cares about {value}"),
        Dimension::Kind => format!("Mostly comes for {value}"),
        Dimension::Product => format!("Cares about the product {value}"),
        Dimension::Language => format!("Wishes to speak {value}"),
        Dimension::Colleague => format!("Wishes to be served by {value}"),
        Dimension::Salutation => format!("Wishes to be addressed as {value}"),
        Dimension::Hours => format!("May be called {value}"),
    }
}

fn refuted(dimension: Dimension, value: &Value) -> String {
    let value = self::value(value);
    match dimension {
        Dimension::Channel => format!("Does not like to be met by {value}"),
        Dimension::Hour => format!("Not {value}, local time"),
        Dimension::Weekday => format!("Not on {value}s"),
        Dimension::Topic | Dimension::Unspecified => format!("Does not care about {value}"),
        Dimension::Kind => format!("Does not come for {value}"),
        Dimension::Product => format!("Does not care about the product {value}"),
        Dimension::Language => format!("Does not like to speak {value}"),
        Dimension::Colleague => format!("Not to be served by {value}"),
        Dimension::Salutation => format!("Not to be addressed as {value}"),
        Dimension::Hours => format!("Not to be called {value}"),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Channel(one) => vocabulary::channel(*one).en.to_owned(),
        Value::Kind(one) => vocabulary::kind(*one).en.to_owned(),
        Value::Hour(hour) => format!("between {hour:02}:00 and {:02}:00", (hour + 1) % 24),
        Value::Weekday(day) => vocabulary::weekday(*day).en.to_owned(),
        Value::Language(tag) => {
            vocabulary::language(tag.to_compare()).map_or_else(|| tag.quoted(), |word| word.en.to_owned())
        }
        Value::Text(text) => text.quoted(),
    }
}

fn meeting(channel: Channel) -> &'static str {
    match channel {
        Channel::InboundCall => "a call to us",
        Channel::OutboundCall => "a call by us",
        Channel::Callback => "a callback",
        Channel::Email => "an email",
        Channel::OnlineChat => "an online chat",
        Channel::GroupChat => "a group chat",
        Channel::Bot => "a chat with the bot",
        Channel::Sms => "a text message",
        Channel::Visit => "a visit",
        Channel::Counter => "a talk at the counter",
        Channel::Delivery => "a delivery",
        Channel::SelfService => "self-service",
        Channel::SocialMedia => "a message on social media",
        Channel::Event => "an event",
        Channel::Other | Channel::Unspecified => "a contact",
    }
}

fn activity(Activity { activity_kind, what, .. }: &Activity) -> String {
    let what = what.as_ref().map(Words::quoted);
    let did = match activity_kind {
        ActivityKind::Visited => "looked at",
        ActivityKind::Downloaded => "downloaded",
        ActivityKind::Attended => "came to",
        ActivityKind::Ordered => "ordered",
    };
    format!("{did} {}", what.unwrap_or_else(|| "something of ours".to_owned()))
}
