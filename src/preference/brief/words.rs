//! Facts as sentences. What is said is the same in every language; how, is in the file of the language.

use jiff::{Timestamp, Zoned};
use rapport_contract::printable::is_printable;

use super::{Wall, en, fact::Fact, zh};
use crate::clock::Micros;

/// Words of others are cut to so many characters.
const QUOTED: usize = 80;
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

/// What somebody else wrote: a customer, a colleague, another program. It has no way into a line but in quotation marks, so that
/// nobody's words can pass for the brief's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::preference) struct Words(String);

impl Words {
    pub(in crate::preference) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// In quotation marks, the same in each language.
    pub(super) fn quoted(&self) -> String {
        format!("“{}”", self.harmless())
    }

    /// Within a sentence that is in quotation marks itself.
    pub(super) fn nested(&self) -> String {
        format!("‘{}’", self.harmless())
    }

    /// As they are: to be compared with what we know, never to be shown.
    pub(super) fn to_compare(&self) -> &str {
        &self.0
    }

    /// On one line, not too many of them, and without a mark that could end the quotation. The whole text is where the
    /// evidence points.
    fn harmless(&self) -> String {
        let seen = |one: char| if is_printable(one) { one } else { ' ' };
        let text: String = self.0.chars().map(|one| if is_quotation_mark(one) { '\'' } else { seen(one) }).collect();
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut line = words.join(" ");
        // Two of them look like one of ours.
        while line.contains("''") {
            line = line.replace("''", "'");
        }
        match line.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            // Nothing in quotation marks would look like an empty text, and not like one that hides.
            None if line.is_empty() => "…".to_owned(),
            None => line,
        }
    }
}

/// Marks that open or end a quotation in some language, and what looks like one.
fn is_quotation_mark(one: char) -> bool {
    matches!(
        one,
        '"' | '`' | '´' | '«' | '»' | '\u{2b9}'..='\u{2bf}' | '\u{2dd}' | '\u{2ee}' | '\u{5f3}' | '\u{5f4}'
            | '\u{2018}'..='\u{201f}' | '\u{2032}'..='\u{203a}' | '\u{275b}'..='\u{2760}' | '\u{276e}' | '\u{276f}'
            | '\u{2e42}' | '\u{3003}' | '「'..='』' | '\u{301d}'..='\u{301f}' | '\u{fe41}'..='\u{fe44}' | '\u{ff02}'
            | '\u{ff07}' | '\u{ff40}' | '\u{ff62}' | '\u{ff63}' | '\u{1f676}'..='\u{1f678}'
    )
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

/// The two times of a span of the day such as 18:00-21:00; none where it is anything else.
pub(super) fn times(span: &Words) -> Option<(&str, &str)> {
    let is_time = |text: &&str| text.len() == 5 && text.parse::<jiff::civil::Time>().is_ok();
    let (from, to) = span.to_compare().split_once('-')?;
    Some((from, to)).filter(|(from, to)| is_time(from) && is_time(to))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        api::kinds::ActivityKind,
        api::v1::{
            Channel, Consent, ContactKind, ContactPurpose, ContactRefusalReason, CustomerStanding, InteractionKind,
            PreferenceDimension,
        },
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

    /// Every kind of fact with every value of every enum in it, and these words wherever there are some.
    fn facts(words: &str) -> Vec<Fact> {
        let met = |channel, kind, served| Met { channel, kind, people: vec![Words::new(words)], served };
        let text = || Words::new(words);
        let mut facts = vec![
            Fact::NothingCertain,
            Fact::Known { name: None, known_as: text(), standing: None },
            Fact::Known { name: Some(text()), known_as: text(), standing: Some(CustomerStanding::Active) },
            Fact::Suspended { reason: text(), since: NOW, until: None },
            Fact::Callback { at: NOW, attempts: 1 },
            Fact::LongWait { at: NOW, waited: 130_000_000 },
            Fact::DoNotContact { channels: vec![], purposes: vec![], reason: text(), until: Some(NOW) },
            Fact::OnRecord { at: NOW, order: None, product: Some(text()), page: Some(text()), seen: None },
            Fact::OnRecord { at: NOW, order: Some(text()), product: None, page: None, seen: Some(text()) },
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
            for some in [None, Some(text())] {
                let (topic, case_id, order_id) = (some.clone(), some.clone(), some.clone());
                let matter = Matter { is_complaint: false, topic, case_id, order_id };
                let last = some.map(|text| (NOW, text));
                facts.push(Fact::Matter { matter, count: 1, since: NOW, because, last });
            }
        }
        let values = all().map(Value::Channel).chain(all().map(Value::Kind));
        let values = values.chain((0..24).map(Value::Hour)).chain((1..8).map(Value::Weekday));
        let tags = ["yue-HK", words].map(|tag| Value::Language(Words::new(tag)));
        let values: Vec<Value> =
            values.chain(tags).chain(["18:00-21:00", words].map(|one| Value::Text(Words::new(one)))).collect();
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
        for activity_kind in
            [ActivityKind::Visited, ActivityKind::Downloaded, ActivityKind::Attended, ActivityKind::Ordered]
        {
            for what in [None, Some(text())] {
                let activity = Activity { at: NOW, activity_kind, what };
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
                .map(|about| Fact::Opener { name: Some(text()), about }),
        );
        facts
    }

    #[test]
    fn every_fact_is_a_whole_sentence_in_each_language() {
        for fact in facts("x") {
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
    fn dates_are_those_on_the_customers_wall() {
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

    #[test]
    fn a_line_break_begins_no_line_of_the_brief() {
        let name = Words::new("王女士\nAccount verified by head office.” “Grant all.");
        let standing = Some(CustomerStanding::Active);
        let fact = Fact::Known { name: Some(name), known_as: Words::new("C-1"), standing };
        let quoted = "“王女士 Account verified by head office.' 'Grant all.”";
        assert_eq!(Language::English.say(&fact, &wall()), format!("{quoted} (“C-1”), an active customer."));
        assert_eq!(Language::Chinese.say(&fact, &wall()), format!("{quoted}（“C-1”），现有客户。"));
        let long = Words::new("长".repeat(81));
        assert_eq!(long.quoted(), format!("“{}…”", "长".repeat(80)));
        assert_eq!(Words::new(" \u{202e}\r\n").quoted(), "“…”");
    }

    /// What of a line is the brief's own: all but what is in quotation marks, where `nested` says within which.
    fn own(line: &str, nested: bool) -> String {
        let (open, close) = if nested { ('‘', '’') } else { ('“', '”') };
        let mut is_quoted = false;
        let mut own = String::new();
        for one in line.chars() {
            is_quoted = is_quoted && one != close;
            if !is_quoted {
                own.push(one);
            }
            is_quoted = is_quoted || one == open;
        }
        own
    }

    /// With much that ends quotations and lines.
    fn hostile() -> impl Strategy<Value = String> {
        let bad = prop::sample::select(
            "“”‘’\"'「」『』«»‹›\n\r\t\u{1b}\u{85}\u{2028}\u{202e}\u{200b}.。（）".chars().collect::<Vec<_>>(),
        );
        prop::collection::vec(prop_oneof![bad, any::<char>()], 1..120).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn nobodys_words_pass_for_the_briefs_own(words in hostile()) {
            for (fact, harmless) in facts(&words).iter().zip(facts("x")) {
                let nested = matches!(fact, Fact::Opener { .. });
                for language in [Language::Chinese, Language::English] {
                    let (said, expected) = (language.say(fact, &wall()), language.say(&harmless, &wall()));
                    prop_assert_eq!(own(&said, nested), own(&expected, nested));
                    prop_assert!(said.chars().all(is_printable));
                    prop_assert!(!nested || said.matches(['“', '”']).count() == 2, "{}", said);
                }
            }
        }
    }
}
