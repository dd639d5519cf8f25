//! What words in cells mean: channels, directions, outcomes, scores.

use std::collections::BTreeMap;

use super::{
    clocks::{Columns, outcome_words, said},
    draft::{Draft, Line, key, list, quoted, shown},
    profile::{ColumnProfile, Profile},
    words::{Phrase, meaning},
};

/// Words of a file and what stands for them in a mapping.
fn map(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(word, value)| format!("{} = {}", key(word), quoted(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// Channel and direction of every row.
pub(super) fn channel(columns: &Columns<'_>, draft: &mut Draft) {
    let direction = columns.get("direction");
    if let Some(column) = columns.get("channel") {
        let pairs = meanings(column, "channel");
        let unknown = column.words.is_none() || pairs.len() < column.words.as_ref().map_or(0, BTreeMap::len);
        let default = if unknown { ", default = \"other\"" } else { "" };
        let mut line =
            Line::new("channel", format!("{{ column = {}, values = {}{default} }}", quoted(&column.name), map(&pairs)))
                .saying(said(column, "the channel"));
        if unknown {
            line = line.saying("Words that are not listed count as \"other\": list them to say otherwise.");
        }
        if column.empty > 0 {
            line.value = format!("[{}, {{ constant = \"other\" }}]", line.value);
        }
        draft.add("interaction", line);
        return add_direction(columns, draft, &pairs, unknown || column.empty > 0);
    }
    let (channel, why) = constant(columns.profile);
    if let (Some(column), "inbound_call") = (direction, channel) {
        let pairs: Vec<_> =
            meanings(column, "direction").into_iter().map(|(word, one)| (word, format!("{one}_call"))).collect();
        let value = format!(
            "[{{ column = {}, values = {}, default = \"inbound_call\" }}, {{ constant = \"inbound_call\" }}]",
            quoted(&column.name),
            map(&pairs)
        );
        let line = Line::new("channel", value).saying(said(column, "the direction of calls"));
        return draft.add("interaction", line);
    }
    let question = format!("QUESTION: the file does not name its channel; \"{channel}\" is taken, because {why}.");
    draft.add("interaction", Line::new("channel", format!("{{ constant = \"{channel}\" }}")).saying(question));
    if !is_implied(channel) {
        add_direction(columns, draft, &[], true);
    }
}

/// The direction of contacts whose channel does not tell it.
fn add_direction(columns: &Columns<'_>, draft: &mut Draft, channels: &[(String, String)], any_other: bool) {
    let open: Vec<_> =
        channels.iter().filter(|(_, channel)| !is_implied(channel)).map(|(word, _)| word.clone()).collect();
    if open.is_empty() && !any_other {
        return;
    }
    let by_channel = columns.get("channel").filter(|column| column.empty == 0 && !any_other);
    let when =
        by_channel.map_or(String::new(), |column| format!(", when = {{ {} = {} }}", key(&column.name), list(&open)));
    let implied: Vec<_> = channels
        .iter()
        .filter_map(|(word, channel)| {
            let direction = match channel.as_str() {
                "outbound_call" | "callback" | "delivery" => "outbound",
                channel if is_implied(channel) => "inbound",
                _ => return None,
            };
            Some((word.clone(), direction.to_owned()))
        })
        .collect();
    let mut rules = Vec::new();
    if let (Some(column), false) = (columns.get("channel"), implied.is_empty() || !when.is_empty()) {
        for direction in ["outbound", "inbound"] {
            let words: Vec<_> =
                implied.iter().filter(|(_, one)| one == direction).map(|(word, _)| word.clone()).collect();
            if !words.is_empty() {
                rules.push(format!(
                    "{{ constant = \"{direction}\", when = {{ {} = {} }} }}",
                    key(&column.name),
                    list(&words)
                ));
            }
        }
    }
    let mut comment = "Who began it, where the channel does not tell: the customer is taken.".to_owned();
    if let Some(column) = columns.get("direction") {
        rules.push(format!(
            "{{ column = {}, values = {}, default = \"inbound\"{when} }}",
            quoted(&column.name),
            map(&meanings(column, "direction"))
        ));
        comment = said(column, "the direction");
    }
    rules.push(format!("{{ constant = \"inbound\"{when} }}"));
    let value =
        if let [one] = rules.as_slice() { one.clone() } else { format!("[\n    {},\n]", rules.join(",\n    ")) };
    draft.add("interaction", Line::new("direction", value).saying(comment));
}

fn is_implied(channel: &str) -> bool {
    matches!(channel, "inbound_call" | "counter" | "self_service" | "bot" | "outbound_call" | "callback" | "delivery")
}

/// The channel of a file that does not name it, and why.
fn constant(profile: &Profile) -> (&'static str, &'static str) {
    let words: Vec<_> = profile.columns.iter().flat_map(|column| column.phrase.words()).collect();
    let has = |parts: &[&str]| {
        words.iter().any(|word| parts.iter().any(|part| word == part || (!part.is_ascii() && word.contains(part))))
    };
    let calls = [
        "call",
        "calls",
        "caller",
        "callid",
        "calldate",
        "billsec",
        "dnis",
        "ani",
        "ivr",
        "hangup",
        "disposition",
        "talk",
        "acw",
        "anruf",
        "anrufer",
        "appel",
        "llamada",
        "chamada",
        "ligacao",
        "通话",
        "来电",
        "呼入",
        "主叫",
        "坐席",
        "座席",
        "振铃",
        "接听",
    ];
    let chats = ["chat", "conversation", "visitor", "messages", "会话", "聊天", "访客"];
    if has(&calls) {
        ("inbound_call", "its columns speak of calls")
    } else if has(&chats) {
        ("online_chat", "its columns speak of conversations")
    } else {
        ("other", "no column speaks of one")
    }
}

/// The words of a column that mean something in a group.
pub(super) fn meanings(column: &ColumnProfile, group: &str) -> Vec<(String, String)> {
    let words = column.words.iter().flatten();
    words.filter_map(|(word, _)| Some((word.clone(), meaning(group, word)?.to_owned()))).collect()
}

/// What became of the contact, and whether the matter was resolved.
pub(super) fn outcome(columns: &Columns<'_>, draft: &mut Draft) {
    match columns.get("outcome") {
        Some(column) => {
            let words = outcome_words(column);
            let known: Vec<_> =
                words.iter().filter(|(_, outcome)| !matches!(outcome.as_str(), "" | "open")).cloned().collect();
            let open: Vec<_> = words
                .iter()
                .filter(|(_, outcome)| matches!(outcome.as_str(), "" | "open"))
                .map(|(word, _)| word.clone())
                .collect();
            let mut line = Line::new("outcome", String::new()).saying(said(column, "how it ended"));
            let missing = if open.is_empty() { String::new() } else { format!(", missing = {}", list(&open)) };
            if !open.is_empty() {
                line = line.saying("Not over yet, or not known: what is listed as missing.");
            }
            line.value = format!("{{ column = {}, values = {}{missing} }}", quoted(&column.name), map(&known));
            if !known.is_empty() {
                draft.add("interaction", line);
            }
        }
        None => {
            let line = Line::new("outcome", "{ constant = \"answered\" }")
                .saying("QUESTION: no column says how it ended; all are taken as answered.");
            draft.add("interaction", line);
        }
    }
    if let Some(column) = columns.get("resolved_flag") {
        let words = column.words.iter().flatten().filter_map(|(word, _)| {
            let yes = meaning("yes_no", word).or_else(|| match meaning("outcome", word)? {
                "answered" => Some("yes"),
                "open" | "abandoned" => Some("no"),
                _ => None,
            })?;
            Some((word.clone(), if yes == "yes" { "resolved" } else { "unresolved" }.to_owned()))
        });
        let pairs: Vec<_> = words.collect();
        let others: Vec<_> = column
            .words
            .iter()
            .flatten()
            .map(|(word, _)| word.clone())
            .filter(|word| !pairs.iter().any(|(known, _)| known == word))
            .collect();
        let missing = if others.is_empty() { String::new() } else { format!(", missing = {}", list(&others)) };
        let value = format!("{{ column = {}, values = {}{missing} }}", quoted(&column.name), map(&pairs));
        draft.add(
            "interaction",
            Line::new("staff_resolution", value).saying(said(column, "whether the matter was resolved")),
        );
    }
}

/// A score's values on the five points of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scale {
    /// Every word and its points; empty where they are whole numbers from 1 to 5.
    pub(super) points: Vec<(String, i32)>,
    /// Words that are no score.
    pub(super) others: Vec<String>,
    /// What was done, for people.
    pub(super) how: String,
}

/// The scale of a column, if its values are one.
pub(super) fn scale(column: &ColumnProfile) -> Option<Scale> {
    let words = column.words.as_ref()?;
    let numbers: BTreeMap<&str, f64> =
        words.keys().filter_map(|word| Some((word.as_str(), leading_number(word)?))).collect();
    if numbers.len() * 2 > words.len() {
        return number_scale(column, words, &numbers);
    }
    let as_levels: Vec<_> =
        words.keys().filter_map(|word| Some((word.clone(), meaning("score", word)?.parse().ok()?))).collect();
    let as_thumbs: Vec<_> =
        words.keys().filter_map(|word| Some((word.clone(), meaning("thumbs", word)?.parse().ok()?))).collect();
    let is_two = words.len() <= 4 && as_thumbs.len() >= 2 && as_thumbs.len() >= as_levels.len();
    let (points, how) = if is_two {
        (as_thumbs, "two words: the good one is 5, the bad one 1")
    } else {
        (as_levels, "words for levels, from 1 to 5")
    };
    let points: Vec<(String, i32)> = points;
    let others: Vec<_> = words.keys().filter(|word| !points.iter().any(|(known, _)| known == *word)).cloned().collect();
    let rows: u64 = points.iter().filter_map(|(word, _)| words.get(word)).sum();
    (points.len() >= 2 && rows * 10 >= column.filled * 3).then(|| Scale { points, others, how: how.to_owned() })
}

/// `4`, `4.0`, `4 - Satisfied`, `4/5`.
fn leading_number(word: &str) -> Option<f64> {
    let end = word.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(word.len());
    word[..end].trim_end_matches('.').parse().ok()
}

fn number_scale(column: &ColumnProfile, words: &BTreeMap<String, u64>, numbers: &BTreeMap<&str, f64>) -> Option<Scale> {
    let (low, high) = numbers.values().fold((f64::MAX, f64::MIN), |(low, high), one| (low.min(*one), high.max(*one)));
    let is_plain = words.keys().all(|word| word.trim_end_matches(['0', '.']).len() <= 1 || word.parse::<u32>().is_ok())
        && numbers.values().all(|one| one.fract() == 0.0);
    let named_ten = column.phrase.words().iter().any(|word| matches!(word.as_str(), "nps" | "recommend" | "promoter"));
    let others: Vec<_> = words.keys().filter(|word| !numbers.contains_key(word.as_str())).cloned().collect();
    let has_no_zero = numbers.values().all(|one| *one != 0.0);
    #[allow(clippy::type_complexity, reason = "a rule for points")]
    let (rule, how): (Box<dyn Fn(f64) -> f64>, &str) = match () {
        () if low < 0.0 || high > 100.0 => return None,
        () if high <= 1.0 && numbers.len() <= 2 => {
            (Box::new(|one| 1.0 + 4.0 * one), "0 and 1: the good one is 5, the bad one 1")
        }
        () if high <= 5.0 && has_no_zero && !named_ten => (Box::new(f64::round), "1 to 5"),
        () if high <= 5.0 && !named_ten => (Box::new(f64::round), "1 to 5; 0 is taken as no answer"),
        () if high <= 7.0 && !named_ten => {
            (Box::new(|one| ((one - 1.0) * 4.0 / 6.0 + 1.0).round()), "1 to 7, folded to five points")
        }
        () if high <= 10.0 => (Box::new(|one| (one / 2.0).ceil()), "0 to 10, folded to five points"),
        () => (Box::new(|one| (one / 20.0).ceil()), "0 to 100, folded to five points"),
    };
    let keeps = |one: f64| how.contains("no answer") && one == 0.0;
    #[allow(clippy::cast_possible_truncation, reason = "1 to 5")]
    let points = numbers
        .iter()
        .filter(|(_, one)| !keeps(**one))
        .map(|(word, one)| ((*word).to_owned(), rule(*one).clamp(1.0, 5.0) as i32));
    let points: Vec<_> = points.collect();
    let others =
        numbers.iter().filter(|(_, one)| keeps(**one)).map(|(word, _)| (*word).to_owned()).chain(others).collect();
    let points = if how.starts_with("1 to 5") && is_plain { Vec::new() } else { points };
    Some(Scale { points, others, how: how.to_owned() })
}

impl Scale {
    /// The rule for the score of a column.
    pub(super) fn line(&self, column: &ColumnProfile) -> Line {
        let pairs: Vec<_> = self.points.iter().map(|(word, points)| (word.clone(), points.to_string())).collect();
        let values = if pairs.is_empty() { String::new() } else { format!(", values = {}", map(&pairs)) };
        let missing =
            if self.others.is_empty() { String::new() } else { format!(", missing = {}", list(&self.others)) };
        let mut line = Line::new("score", format!("{{ column = {}{values}{missing} }}", quoted(&column.name)))
            .saying(said(column, &format!("the score, {}", self.how)));
        if self.how.contains("folded") {
            line = line
                .saying("QUESTION: the server's scale has five points. Is this how your organisation folds its own?");
        }
        if !self.others.is_empty() {
            let others: Vec<_> = self.others.iter().take(5).map(|word| shown(word)).collect();
            line = line.saying(format!("No scores: {}.", others.join(", ")));
        }
        line
    }
}

/// A name for an attribute: at most 64 characters, none twice.
pub(super) fn attribute_name(name: &str, known: &[String]) -> String {
    let plain = Phrase::of(name).words().join("_");
    let plain: String = if plain.is_empty() { "column".to_owned() } else { plain.chars().take(60).collect() };
    let mut names = std::iter::once(plain.clone()).chain((2..).map(|number| format!("{plain}_{number}")));
    names.find(|name| !known.contains(name)).unwrap_or(plain)
}
