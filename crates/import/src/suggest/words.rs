//! The words by which columns and values are known, read from the tables in `words/`, and how a text is compared with them.

use std::{collections::BTreeMap, sync::LazyLock};

use toml::Table;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// What a column may hold, as `words/columns.toml` has it.
#[derive(Debug)]
pub(super) struct Role {
    /// Its name there.
    pub(super) name: String,
    /// What its values must be; `any` for anything.
    pub(super) kinds: Vec<String>,
    names: Vec<Phrase>,
}

/// A name in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase(Vec<String>);

/// Every role, in the file's order.
pub(super) static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    let order =
        include_str!("../words/columns.toml").lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
    let table = table(include_str!("../words/columns.toml"));
    let role = |name: &str| {
        let role = table.get(name)?.as_table()?;
        let kinds = role.get("kinds")?.as_array()?.iter().filter_map(|kind| kind.as_str().map(str::to_owned));
        Some(Role { name: name.to_owned(), kinds: kinds.collect(), names: phrases(role.get("names")?.as_str()?) })
    };
    order.filter_map(role).collect()
});

/// By group and meaning, the words of values.
type Values = BTreeMap<String, Vec<(String, Vec<Phrase>)>>;

static VALUES: LazyLock<Values> = LazyLock::new(|| {
    let groups = table(include_str!("../words/values.toml")).into_iter().filter_map(|(group, meanings)| {
        let meanings = meanings.as_table()?.iter();
        let meanings = meanings.filter_map(|(meaning, words)| Some((meaning.clone(), phrases(words.as_str()?))));
        Some((group, meanings.collect()))
    });
    groups.collect()
});

/// Texts that mean "no value" wherever they stand.
pub(super) static MISSING: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!("../words/missing.txt").lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect()
});

fn table(text: &str) -> Table {
    text.parse().unwrap_or_default()
}

fn phrases(text: &str) -> Vec<Phrase> {
    text.split(';').map(Phrase::of).filter(|phrase| !phrase.0.is_empty()).collect()
}

impl Phrase {
    /// A text in lower case, without accents, its words taken apart.
    pub(super) fn of(text: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut before: Option<char> = None;
        let letters: Vec<char> = text.nfkd().filter(|one| !is_combining_mark(*one)).collect();
        for (place, &letter) in letters.iter().enumerate() {
            let next_is_lower = letters.get(place + 1).is_some_and(|next| next.is_lowercase());
            let starts = letter.is_uppercase()
                && before.is_some_and(|before| before.is_lowercase() || (before.is_uppercase() && next_is_lower));
            if (starts || !is_word(letter)) && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if is_word(letter) {
                word.extend(letter.to_lowercase());
            }
            before = Some(letter);
        }
        if !word.is_empty() {
            words.push(word);
        }
        Self(words)
    }

    /// Its words.
    pub(super) fn words(&self) -> &[String] {
        &self.0
    }

    fn length(&self) -> usize {
        self.0.iter().map(|word| word.chars().count()).sum()
    }

    /// How well a known name fits this one: 0 not at all, 100 entirely.
    fn fit(&self, known: &Self) -> f64 {
        if self == known {
            return 100.0;
        }
        let found = match known.0.as_slice() {
            // Chinese and Japanese do not separate words.
            [word] if !word.is_ascii() && !word.chars().any(char::is_lowercase) => {
                self.0.iter().any(|one| one.contains(word.as_str()))
            }
            words => self.0.windows(words.len()).any(|window| window == words),
        };
        #[allow(clippy::cast_precision_loss, reason = "lengths of names")]
        let share = known.length() as f64 / self.length().max(1) as f64;
        if found { 30.0 + 60.0 * share } else { 0.0 }
    }

    fn best(&self, known: &[Self]) -> f64 {
        // Of two names that fit alike the one that stands first is the more usual.
        let fits = known.iter().zip(0_u16..).map(|(known, place)| self.fit(known) - f64::from(place) / 100.0);
        fits.fold(0.0, f64::max)
    }
}

/// Pictures stand for words in answers to surveys.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '★' | '☆' | '⭐') || ('\u{1f300}'..='\u{1faff}').contains(&letter)
}

impl Role {
    /// How well a column's name fits.
    pub(super) fn fit(&self, name: &Phrase) -> f64 {
        name.best(&self.names)
    }
}

/// What a value means in a group of `words/values.toml`.
pub(super) fn meaning(group: &str, value: &str) -> Option<&'static str> {
    let value = Phrase::of(value);
    if value.0.is_empty() {
        return None;
    }
    let meanings = VALUES.get(group)?.iter().map(|(meaning, words)| (meaning.as_str(), value.best(words)));
    let best = meanings.fold(("", 0.0), |best, one| if one.1 > best.1 { one } else { best });
    (best.1 >= 50.0).then_some(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (text, words) in [
            ("CallStartTime", "call start time"),
            ("call_start-time", "call start time"),
            ("AvgTalkDuration", "avg talk duration"),
            ("AgentID", "agent id"),
            ("CSATScore", "csat score"),
            ("Título (n°)", "titulo n"),
            ("客户编号", "客户编号"),
            ("★★★", "★★★"),
        ] {
            assert_eq!(Phrase::of(text).words().join(" "), words, "{text}");
        }
    }

    #[test]
    fn the_tables_are_read_whole() {
        assert!(ROLES.len() > 40 && ROLES.iter().all(|role| !role.names.is_empty()));
        for (group, meanings) in VALUES.iter() {
            assert!(meanings.len() > 1 && meanings.iter().all(|(_, words)| !words.is_empty()), "{group}");
        }
        assert!(MISSING.contains(&"#N/A") && MISSING.contains(&"NULL"));
    }

    #[test]
    fn values_are_known_in_many_languages() {
        for (group, value, expected) in [
            ("channel", "Phone Call", Some("inbound_call")),
            ("channel", "微信小程序", Some("online_chat")),
            ("channel", "Outcall", Some("outbound_call")),
            ("outcome", "NO ANSWER", Some("no_answer")),
            ("outcome", "NORMAL_CLEARING", Some("answered")),
            ("outcome", "Em atendimento (atribuído)", Some("open")),
            ("outcome", "已接通", Some("answered")),
            ("outcome", "未接通", Some("no_answer")),
            ("score", "Very Satisfied", Some("5")),
            ("score", "不满意", Some("2")),
            ("score", "非常满意", Some("5")),
            ("yes_no", "N", Some("no")),
            ("channel", "Banana", None),
        ] {
            assert_eq!(meaning(group, value), expected, "{value}");
        }
    }
}
