//! What others wrote, made harmless: it gets into a sentence in quotation marks only.

use rapport_contract::printable::is_printable;

/// Words of others are cut to so many characters.
const QUOTED: usize = 80;

/// What somebody else wrote: a customer, a colleague, another program. It has no way into a line but in quotation marks, so that
/// nobody's words can pass for the brief's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(String);

impl Words {
    /// As they were written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// In quotation marks, the same in each language.
    pub(crate) fn quoted(&self) -> String {
        format!("“{}”", self.harmless())
    }

    /// Within a sentence that is in quotation marks itself.
    pub(crate) fn nested(&self) -> String {
        format!("‘{}’", self.harmless())
    }

    /// As they are: to be compared with what we know, never to be shown.
    pub(crate) fn to_compare(&self) -> &str {
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

/// The two times of a span of the day such as 18:00-21:00; none where it is anything else.
pub(crate) fn times(span: &Words) -> Option<(&str, &str)> {
    let is_time = |text: &&str| text.len() == 5 && text.parse::<jiff::civil::Time>().is_ok();
    let (from, to) = span.to_compare().split_once('-')?;
    Some((from, to)).filter(|(from, to)| is_time(from) && is_time(to))
}
