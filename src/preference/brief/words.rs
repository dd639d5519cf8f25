//! Facts as sentences. What is said is the same in every language; how, is in the file of the language.

use jiff::{Timestamp, Zoned};

use super::{Wall, en, fact::Fact, zh};
use crate::interaction::Micros;

/// Words of the record are cut to so many characters: the whole text is where the evidence points.
const QUOTED: usize = 160;
const SECOND: Micros = 1_000_000;

/// A language that a brief can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::preference) enum Language {
    Chinese,
    English,
}

impl Language {
    /// The language of a BCP 47 tag, if a brief can be written in it.
    pub(in crate::preference) fn of(tag: &str) -> Option<Self> {
        match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    pub(in crate::preference) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// A fact in words.
    pub(in crate::preference) fn say(self, fact: &Fact, wall: &Wall) -> String {
        match self {
            Self::Chinese => zh::say(fact, wall),
            Self::English => en::say(fact, wall),
        }
    }
}

impl Wall {
    /// An instant on it, and whether it lies in the present year.
    pub(super) fn at(&self, at: Micros) -> (Zoned, bool) {
        let zoned = |micros| Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(self.zone.clone());
        let (then, now) = (zoned(at), zoned(self.now));
        let is_this_year = then.year() == now.year();
        (then, is_this_year)
    }
}

/// The words of the record, on one line and not too many of them.
pub(super) fn cut(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A text that is to stand in quotation marks: its own become single ones.
pub(super) fn nested(text: &str) -> String {
    text.replace('“', "‘").replace('”', "’")
}

/// How long it took, in whole minutes or seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Minutes(i64),
    Seconds(i64),
}

impl Span {
    pub(super) fn of(micros: Micros) -> Self {
        let seconds = micros / SECOND;
        if seconds < 120 { Self::Seconds(seconds) } else { Self::Minutes(seconds / 60) }
    }
}

/// A probability in whole percent; what is inferred is never certain.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}", (share * 100.0).min(99.0))
}

/// The two times of a span of the day such as 18:00-21:00.
pub(super) fn times(span: &str) -> (&str, &str) {
    span.split_once('-').unwrap_or((span, ""))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        api::v1::{
            Channel, Consent, ContactKind, ContactPurpose, ContactRefusalReason, CustomerStanding, InteractionKind,
            PreferenceDimension,
        },
        interaction::Deed,
        preference::brief::{
            fact::{Activity, Matter, Met, Topic, Value},
            matters::Because,
        },
    };

    /// 15 March 2025, 12:00 in UTC.
    const NOW: Micros = 1_742_040_000_000_000;

    fn wall() -> Wall {
        Wall { zone: TimeZone::get("Asia/Shanghai").unwrap(), now: NOW }
    }

    fn all<E: TryFrom<i32>>() -> impl Iterator<Item = E> {
        (0..).map_while(|number| E::try_from(number).ok())
    }

    /// Every kind of fact with every value of every enum in it.
    fn facts() -> Vec<Fact> {
        let met = |channel, kind, served| Met { channel, kind, people: vec!["李娜".into()], served };
        let text = || "x".to_owned();
        let mut facts = vec![
            Fact::NothingCertain,
            Fact::Known { name: None, known_as: text(), standing: None },
            Fact::Suspended { reason: text(), since: NOW, until: None },
            Fact::Callback { at: NOW, attempts: 1 },
            Fact::LongWait { at: NOW, waited: 130_000_000 },
            Fact::DoNotContact { channels: vec![], purposes: vec![], reason: text(), until: Some(NOW) },
            Fact::OnRecord { at: NOW, order: None, product: Some(text()), page: Some(text()), seen: None },
        ];
        facts.extend(all().map(|standing| Fact::Known {
            name: None,
            known_as: text(),
            standing: Some::<CustomerStanding>(standing),
        }));
        facts.extend(all().map(|kind| Fact::Met {
            count: 2,
            has_more: false,
            first: Some(NOW),
            last: NOW,
            how: met(Channel::Visit, kind, false),
        }));
        for channel in all::<Channel>() {
            facts.push(Fact::Concluded { at: NOW, how: met(channel, InteractionKind::Service, true), text: text() });
            facts.push(Fact::Missed { at: NOW, channel, waited: Some(30_000_000) });
            facts.push(Fact::InVain { channel, attempts: 3, last: NOW });
        }
        for because in [Because::CustomerSays, Because::StaffSay, Because::CameBack, Because::NobodySaid] {
            let matter = Matter { is_complaint: false, topic: None, case_id: None, order_id: None };
            facts.push(Fact::Matter { matter, count: 1, since: NOW, because, last: None });
        }
        let values = all().map(Value::Channel).chain(all().map(Value::Kind));
        let values = values.chain((0..24).map(Value::Hour)).chain((1..8).map(Value::Weekday));
        let tags = ["yue-HK", "xx"].map(|tag| Value::Language(tag.into()));
        let values: Vec<Value> = values.chain(tags).chain([Value::Text("18:00-21:00".into())]).collect();
        for (dimension, value) in
            all::<PreferenceDimension>().flat_map(|one| values.iter().map(move |value| (one, value.clone())))
        {
            let tied = vec![value.clone()];
            facts.push(Fact::Prefers { dimension, value: value.clone(), confidence: 0.5, sample: 1, tied });
            facts.push(Fact::Stated { dimension, value: value.clone(), at: NOW, source: text() });
            facts.push(Fact::Refuted { dimension, value, at: NOW, note: text() });
        }
        for (kind, consent) in
            all::<ContactKind>().flat_map(|kind| all::<Consent>().map(move |consent| (kind, consent)))
        {
            facts.push(Fact::Point { kind, value: text(), source: text(), obtained: None, consent });
        }
        let purposes: Vec<_> = all::<ContactPurpose>().collect();
        facts.push(Fact::May { channel: Channel::Sms, purposes: purposes.clone() });
        let reasons = all::<ContactRefusalReason>().collect();
        facts.push(Fact::MayNot { channel: Channel::Sms, purposes, reasons, from: None });
        for deed in [Deed::Visited, Deed::Downloaded, Deed::Attended, Deed::Ordered] {
            for what in [None, Some(text())] {
                let activity = Activity { at: NOW, deed, what };
                facts.push(Fact::Did(vec![activity.clone()]));
                facts.push(Fact::Opener { name: None, about: Topic::Did(activity) });
            }
        }
        for topic in [None, Some(text())] {
            for about in
                [Topic::Matter { topic: topic.clone(), at: NOW }, Topic::Last { topic: topic.clone(), at: NOW }]
            {
                facts.push(Fact::Opener { name: topic.clone(), about });
            }
        }
        facts.extend(
            [Topic::Missed { at: NOW }, Topic::Callback { at: NOW }, Topic::Nothing]
                .map(|about| Fact::Opener { name: None, about }),
        );
        facts
    }

    #[test]
    fn every_fact_is_a_whole_sentence_in_each_language() {
        for fact in facts() {
            for (language, ends) in [(Language::Chinese, ['。', '”']), (Language::English, ['.', '”'])] {
                let said = language.say(&fact, &wall());
                assert!(said.ends_with(ends), "{fact:?}: {said}");
                let is_sound =
                    !said.contains("  ") && !said.contains("()") && !said.contains("（）") && !said.contains("“”");
                assert!(is_sound && !said.contains(" .") && !said.contains("，。"), "{fact:?}: {said}");
            }
            let chinese = Language::Chinese.say(&fact, &wall());
            let is_foreign = chinese.chars().filter(char::is_ascii_alphabetic).any(|letter| letter != 'x');
            assert!(!is_foreign, "{chinese}");
        }
    }

    #[test]
    fn dates_are_those_on_his_wall() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let said =
            |language: Language, text| language.say(&Fact::LongWait { at: at(text), waited: 200_000_000 }, &wall());
        assert!(said(Language::English, "2025-03-14T16:30:00Z").contains("on 15 March before"));
        assert!(said(Language::English, "2024-12-31T15:59:00Z").contains("on 31 December 2024 before"));
        assert!(said(Language::Chinese, "2024-12-31T15:59:00Z").starts_with("2024年12月31日"));
        assert!(said(Language::Chinese, "2024-12-31T16:00:00Z").starts_with("1月1日"));
    }

    #[test]
    fn languages_are_those_of_their_tags() {
        let found = ["zh", "ZH-Hant-TW", "en-GB", "de", "", "english"].map(Language::of);
        let (zh, en) = (Some(Language::Chinese), Some(Language::English));
        assert_eq!(found, [zh, zh, en, None, None, None]);
    }

    proptest! {
        #[test]
        fn words_are_cut_between_characters(text in "\\PC{0,400}") {
            let short = cut(&text);
            prop_assert!(short.chars().count() <= QUOTED + 1);
            let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match short.strip_suffix('…') {
                Some(begins) if whole.chars().count() > QUOTED => prop_assert!(whole.starts_with(begins)),
                _ => prop_assert_eq!(short, whole),
            }
        }
    }
}
