//! Dates in the words of many languages, as a strptime that knows English only can read them.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Names of months and what stands for them in English.
static MONTH_WORDS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let lines = lines(include_str!("words/months.txt")).zip(MONTHS);
    lines.flat_map(|(names, month)| names.split_whitespace().map(move |name| (name, month))).collect()
});

/// Words for the halves of the day, the longest first.
static HALVES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let halves = lines(include_str!("words/halves.txt")).filter_map(|line| line.split_once(':'));
    let words = halves.flat_map(|(half, words)| words.split_whitespace().map(move |word| (word, half)));
    let mut words: Vec<_> = words.collect();
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    words
});

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a text is the name of a month.
pub fn is_month(word: &str) -> bool {
    MONTH_WORDS.contains_key(word.trim_end_matches('.').to_lowercase().as_str())
}

/// Whether a text holds a word for a half of the day.
pub fn has_half(text: &str) -> bool {
    in_english(text, "%p") != plain(text)
}

/// The text with plain digits, blanks and colons.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let text: String = text.nfkc().filter(|one| !matches!(one, '\u{200e}' | '\u{200f}')).collect();
    Cow::Owned(text)
}

/// The text as the pattern can read it: names of months and halves of the day in English where the pattern has them.
pub fn in_english<'a>(text: &'a str, pattern: &str) -> Cow<'a, str> {
    let mut text = plain(text);
    if pattern.contains("%B") {
        text = months_in_english(&text, usize::MAX).into();
    } else if pattern.contains("%b") || pattern.contains("%h") {
        text = months_in_english(&text, 3).into();
    }
    if ["%p", "%P"].iter().any(|half| pattern.contains(half)) {
        text = halves_in_english(&text).into();
    }
    text
}

/// `letters`: of the names of months.
fn months_in_english(text: &str, letters: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphabetic) {
        out.push_str(&rest[..start]);
        let end = rest[start..].find(|one: char| !one.is_alphabetic()).map_or(rest.len(), |end| start + end);
        let word = &rest[start..end];
        match MONTH_WORDS.get(word.to_lowercase().as_str()) {
            Some(month) => {
                out.push_str(&month[..month.len().min(letters)]);
                // An abbreviation's point is part of the name.
                rest = rest[end..].strip_prefix('.').filter(|_| !is_full(word)).unwrap_or(&rest[end..]);
            }
            None => {
                out.push_str(word);
                rest = &rest[end..];
            }
        }
    }
    out + rest
}

/// "May." and "mars." end with a separator, "Sept." and "déc." with the abbreviation's point.
fn is_full(word: &str) -> bool {
    word.chars().count() > 5
}

fn halves_in_english(text: &str) -> String {
    let spaced = text.replace("a. m", "a.m").replace("p. m", "p.m");
    let lower = spaced.to_lowercase();
    // Lower case keeps the length of what is sought here, not of every letter there is.
    if lower.len() != spaced.len() {
        return spaced;
    }
    find_half(&lower).map_or(spaced.clone(), |(at, length, half)| {
        format!("{}{}{}", &spaced[..at], half.trim().to_uppercase(), &spaced[at + length..])
    })
}

/// Where a text in lower case has a word for a half of the day, how long the word is, and the half.
fn find_half(lower: &str) -> Option<(usize, usize, &'static str)> {
    HALVES.iter().find_map(|(word, half)| {
        let at = lower.match_indices(word).map(|(at, _)| at).find(|at| stands_alone(lower, *at, word))?;
        Some((at, word.len(), *half))
    })
}

/// A half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Am,
    Pm,
}

/// The half of the day that a text names, and the text without the word.
pub(crate) fn half(text: &str) -> Option<(Half, String)> {
    if !text.contains(char::is_alphabetic) {
        return None;
    }
    let lower = plain(text).to_lowercase().replace("a. m", "a.m").replace("p. m", "p.m");
    let (at, length, half) = find_half(&lower)?;
    let half = if half.trim() == "pm" { Half::Pm } else { Half::Am };
    Some((half, format!("{}{}", &lower[..at], &lower[at + length..])))
}

/// A Latin word is not part of a longer one.
fn stands_alone(text: &str, at: usize, word: &str) -> bool {
    let is_latin = |one: char| one.is_ascii_alphabetic();
    let before = text[..at].chars().next_back().is_some_and(is_latin);
    let behind = text[at + word.len()..].chars().next().is_some_and(is_latin);
    !word.is_ascii() || (!before && !behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_halves_become_english_where_the_pattern_has_them() {
        for (text, pattern, expected) in [
            ("3 März 2026", "%d %B %Y", "3 March 2026"),
            ("3. MÄRZ 2026", "%d. %B %Y", "3. March 2026"),
            ("12 déc. 2026", "%d %b %Y", "12 Dec 2026"),
            ("1 de enero de 2026", "%d de %B de %Y", "1 de January de 2026"),
            ("15 août 2026", "%d %B %Y", "15 August 2026"),
            ("21-Nov-26", "%d-%b-%y", "21-Nov-26"),
            ("2026年11月21日 下午3:05", "%Y年%m月%d日 %p%I:%M", "2026年11月21日 PM3:05"),
            ("上午9:05", "%p%I:%M", "AM9:05"),
            ("3:05 p. m.", "%I:%M %p", "3:05 PM"),
            ("3:05\u{202f}pm", "%I:%M %p", "3:05 PM"),
            ("２０２６－１１－２１ ９：０５", "%Y-%m-%d %H:%M", "2026-11-21 9:05"),
            ("Mai 2026", "%m", "Mai 2026"),
        ] {
            assert_eq!(in_english(text, pattern), expected, "{text}");
        }
    }

    #[test]
    fn every_month_has_a_line() {
        assert_eq!(lines(include_str!("words/months.txt")).count(), MONTHS.len());
        assert!(is_month("Dezember") && is_month("janv.") && !is_month("Montag"));
    }
}
