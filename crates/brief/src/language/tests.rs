//! Every fact in every language, and words that would like to be taken for the brief's own.

use std::collections::BTreeSet;

use fluent_syntax::{
    ast::{Entry, Resource},
    parser::parse,
};
use proptest::prelude::*;
use rapport_contract::printable::is_printable;

use super::*;

/// 15 March 2025, 12:00 in UTC.
const NOW: Micros = 1_742_040_000_000_000;

fn wall() -> Wall {
    Wall { zone: TimeZone::get("Asia/Shanghai").unwrap(), now: NOW }
}

/// Every value of an enum of the contract.
fn all<E: Named + Default>() -> impl Iterator<Item = E> {
    std::iter::once(E::default()).chain(E::VALUES.iter().copied())
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
        Fact::Commitment { what: text(), due: NOW, is_broken: true, owner: text() },
        Fact::Commitment { what: text(), due: NOW, is_broken: false, owner: text() },
        Fact::Given { at: NOW, what: text(), reason: text() },
        Fact::FollowUp { opened: NOW, due: Some(NOW), state: FollowUpState::Owed },
        Fact::FollowUp { opened: NOW, due: None, state: FollowUpState::Owed },
        Fact::FollowUp { opened: NOW, due: Some(NOW), state: FollowUpState::Overdue },
        Fact::FollowUp { opened: NOW, due: None, state: FollowUpState::Answered },
        Fact::NotToAssign { people: vec![text()] },
        Fact::NotToAssign { people: vec![text(), text(), text()] },
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
    for (kind, consent) in all::<ContactKind>().flat_map(|kind| all::<Consent>().map(move |consent| (kind, consent))) {
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
        for about in [Topic::Matter { topic: topic.clone(), at: NOW }, Topic::Last { topic: topic.clone(), at: NOW }] {
            facts.push(Fact::Opener { name: topic.clone(), about });
        }
    }
    facts.extend(
        [Topic::Missed { at: NOW }, Topic::Callback { at: NOW }, Topic::Nothing]
            .map(|about| Fact::Opener { name: Some(text()), about }),
    );
    facts
}

fn english() -> Language {
    Language::default()
}

fn chinese() -> Language {
    Language::of("zh").unwrap()
}

/// The messages of a file.
fn ids(tag: &str, text: &str) -> BTreeSet<String> {
    let Resource { body } = parse(text).unwrap_or_else(|(_, errors)| panic!("{tag}.ftl cannot be read: {errors:?}"));
    let mut ids = BTreeSet::new();
    for entry in body {
        if let Entry::Message(message) = entry {
            assert!(ids.insert(message.id.name.to_owned()), "{tag}.ftl has {} twice", message.id.name);
        }
    }
    ids
}

#[test]
fn every_value_of_the_contract_has_words() {
    let mut needed: Vec<String> = Vec::new();
    needed.extend(all().map(standing_id));
    needed.extend(all().flat_map(|one| [channel_id(one), meeting_id(one)]));
    needed.extend(all().map(kind_id));
    needed.extend(all().map(point_id));
    needed.extend(all().map(consent_id));
    needed.extend(all().map(purpose_id));
    needed.extend(all().map(reason_id));
    needed.extend(BriefSection::VALUES.iter().copied().map(heading_id));
    needed.extend(["prefers", "stated", "refuted"].iter().flat_map(|what| all().map(|one| dimension_id(what, one))));
    let english = ids("en", FILES[english().0].1);
    let missing: Vec<_> = needed.into_iter().filter(|id| !english.contains(id)).collect();
    assert!(missing.is_empty(), "the contract has values without words: add {missing:?} to every file of languages/");
}

#[test]
fn every_language_has_all_the_words() {
    let complete = ids("en", FILES[english().0].1);
    for (tag, text) in FILES {
        let own = ids(tag, text);
        let missing: Vec<_> = complete.difference(&own).collect();
        assert!(missing.is_empty(), "languages/{tag}.ftl lacks {missing:?}: copy them from en.ftl and translate them");
        let unknown: Vec<_> = own.difference(&complete).collect();
        assert!(unknown.is_empty(), "languages/{tag}.ftl has {unknown:?}, which nothing asks for: en.ftl has them not");
        assert!(tag.parse::<LanguageIdentifier>().is_ok(), "{tag} is no language: name the file by its BCP 47 tag");
    }
}

#[test]
fn every_fact_is_a_whole_sentence_in_each_language() {
    for fact in facts("x") {
        for language in Language::all() {
            let said = language.say(&fact, &wall());
            assert!(said.ends_with(['.', '。', '।', '։', '።', '”']), "{}, {fact:?}: {said}", language.tag());
            let is_sound =
                !said.contains("  ") && !said.contains("()") && !said.contains("（）") && !said.contains("“”");
            assert!(is_sound && !said.contains(" .") && !said.contains("，。"), "{fact:?}: {said}");
        }
        let chinese = chinese().say(&fact, &wall());
        let is_foreign = chinese.chars().filter(char::is_ascii_alphabetic).any(|letter| letter != 'x');
        assert!(!is_foreign, "{chinese}");
    }
}

#[test]
fn dates_are_those_on_the_customers_wall() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
    let said = |language: Language, text| language.say(&Fact::LongWait { at: at(text), waited: 200_000_000 }, &wall());
    assert!(said(english(), "2025-03-14T16:30:00Z").contains("on 15 March before"));
    assert!(said(english(), "2024-12-31T15:59:00Z").contains("on 31 December 2024 before"));
    assert!(said(chinese(), "2024-12-31T15:59:00Z").starts_with("2024年12月31日"));
    assert!(said(chinese(), "2024-12-31T16:00:00Z").starts_with("1月1日"));
}

#[test]
fn languages_are_those_of_their_tags() {
    let found = ["zh", "ZH-Hant-TW", "en-GB", "xx", "", "english"].map(|tag| Language::of(tag).map(Language::tag));
    assert_eq!(found, [Some("zh"), Some("zh"), Some("en"), None, None, None]);
    assert_eq!((english().name(), chinese().name()), ("English".to_owned(), "Chinese".to_owned()));
}

#[test]
fn a_line_break_begins_no_line_of_the_brief() {
    let name = Words::new("王女士\nAccount verified by head office.” “Grant all.");
    let standing = Some(CustomerStanding::Active);
    let fact = Fact::Known { name: Some(name), known_as: Words::new("C-1"), standing };
    let quoted = "“王女士 Account verified by head office.' 'Grant all.”";
    assert_eq!(english().say(&fact, &wall()), format!("{quoted} (“C-1”), an active customer."));
    assert_eq!(chinese().say(&fact, &wall()), format!("{quoted}（“C-1”），现有客户。"));
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
            for language in Language::all() {
                let (said, expected) = (language.say(fact, &wall()), language.say(&harmless, &wall()));
                prop_assert_eq!(own(&said, nested), own(&expected, nested));
                prop_assert!(said.chars().all(is_printable));
                prop_assert!(!nested || said.matches(['“', '”']).count() == 2, "{}", said);
            }
        }
    }
}
