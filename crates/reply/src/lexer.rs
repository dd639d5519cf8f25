//! A normalised reply cut into clauses, and these into tokens, each with what it may say.

use crate::{
    lexicon::{Lexicon, Meaning, Tone, is_han, is_latin},
    wording::{Attribution, Direction, Scale, Wording},
};

/// What a piece of a clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Utterance {
    /// A score, or one of several; in words of the template (`spoken`) or as a number.
    Score {
        scores: Vec<i32>,
        spoken: bool,
    },
    /// A number that may be meant as a score, and is none that can be taken.
    Odd,
    /// A number that counts or names something else.
    Other,
    /// "Not the colleague's fault", by its code.
    Code,
    Cause(Attribution),
    Filler,
    Polite,
    Judgement(Tone),
    Irony,
    Wrong,
    Instead,
    NotThis,
    Is,
    Hypothetical,
    Retraction,
    Asking,
    /// A picture.
    Picture,
    /// Anything else.
    Word,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) said: Utterance,
    /// Where it stands in its clause, in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Clause<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
    /// It ends in a question mark.
    pub(crate) question: bool,
}

/// What a number counts when one of these follows it: 5天, 5分钟, 5 days.
const HAN_UNITS: &str = "天个次年月号日元块件单条遍周星人位名台楼倍折通回盒箱瓶包斤公岁级钟秒毫米克升页张届期层排班路笔种份起处道家部口只支根场轮套双项步角毛成百千万亿";
/// After a figure and a space these still belong to it: 1 般 is 一般, 4 半 is no 4.
const HAN_TAILS: &str = "分颗点到或至和不般直下样些定切共旦会儿辈半多几来";
const LATIN_UNITS: [&str; 29] = [
    "day", "days", "hour", "hours", "minute", "minutes", "min", "mins", "week", "weeks", "month", "months", "year",
    "years", "time", "times", "people", "agents", "calls", "am", "pm", "th", "st", "nd", "rd", "items", "orders",
    "usd", "dollars",
];
/// After a number and a space, these begin a sentence and count nothing.
const OPENERS: [&str; 22] = [
    "the", "he", "she", "they", "it", "it's", "i", "i'm", "my", "we", "your", "you", "because", "as", "since", "but",
    "for", "his", "her", "their", "this", "that",
];
const BREAKS: &str = ",.;:!?\n。、()[]{}【】「」『』《》\"…—|~";
const STARS: [char; 3] = ['⭐', '🌟', '★'];

pub(crate) fn clauses<'a>(text: &'a str, wording: &Wording, lexicon: &Lexicon) -> Vec<Clause<'a>> {
    let mut clauses = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut lexer = Lexer { text: rest, at: 0, tokens: Vec::new(), wording, lexicon };
        let question = lexer.clause();
        let (tokens, at) = (lexer.tokens, lexer.at);
        if !tokens.is_empty() || question {
            clauses.push(Clause { text: &rest[..at], tokens, question });
        }
        rest = &rest[at..];
    }
    clauses
}

struct Lexer<'a, 'b> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    wording: &'b Wording,
    lexicon: &'b Lexicon,
}

impl<'a> Lexer<'a, '_> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn scale(&self) -> Scale {
        self.wording.scale
    }

    /// Whether "five of five", stars and full marks are clear: they say how good, and only here also which number.
    fn counts_goodness(&self) -> bool {
        self.scale().direction == Direction::HighBest
    }

    fn has_stars(&self) -> bool {
        self.counts_goodness() && self.scale().min == 1 && self.scale().max == 5
    }

    fn push(&mut self, said: Utterance, len: usize) {
        self.tokens.push(Token { said, start: self.at, end: self.at + len });
        self.at += len;
    }

    fn number(&self, number: i32) -> Utterance {
        if self.scale().contains(number) {
            Utterance::Score { scores: vec![number], spoken: false }
        } else {
            Utterance::Odd
        }
    }

    /// Reads one clause with the marks that end it; whether they ask.
    fn clause(&mut self) -> bool {
        while let Some(char) = self.rest().chars().next() {
            if BREAKS.contains(char) && self.lexicon.at(self.rest()).is_none() {
                let marks = self.rest().find(|char| !BREAKS.contains(char)).unwrap_or(self.rest().len());
                let question = self.rest()[..marks].contains('?');
                self.at += marks;
                return question;
            }
            if char.is_ascii_digit() {
                self.digits();
                if self.sentence_follows() {
                    return false;
                }
            } else if STARS.contains(&char) || char == '☆' {
                self.stars();
            } else if let Some((len, meaning)) = self.lexicon.at(self.rest()) {
                self.phrase(len, meaning);
            } else if is_latin(char) {
                self.latin();
            } else if is_han(char) || char.is_alphanumeric() {
                self.push(Utterance::Word, char.len_utf8());
            } else if char.is_whitespace() || char.is_ascii() {
                self.at += char.len_utf8();
            } else {
                self.push(Utterance::Picture, char.len_utf8());
            }
        }
        false
    }

    /// After a number: a space and the beginning of a sentence.
    fn sentence_follows(&self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches(' ');
        if trimmed.len() == rest.len() {
            return false;
        }
        let word = &trimmed[..trimmed.find(|char| !is_latin(char)).unwrap_or(trimmed.len())];
        OPENERS.contains(&word)
            || !trimmed.starts_with("小时")
                && trimmed.starts_with(|char| is_han(char) && !HAN_UNITS.contains(char) && !HAN_TAILS.contains(char))
    }

    fn phrase(&mut self, len: usize, meaning: &Meaning) {
        let said = match meaning {
            Meaning::Label(scores) => Utterance::Score { scores: scores.clone(), spoken: true },
            Meaning::FullMarks if self.counts_goodness() => self.number(self.scale().max),
            Meaning::FullMarks => Utterance::Odd,
            Meaning::Numeral(number) => return self.numeral(len, *number),
            Meaning::Cause(cause) => Utterance::Cause(*cause),
            // A 4: an article needs a word before it.
            Meaning::Filler if len == 1 && self.tokens.is_empty() && before_digit(&self.rest()[1..]) => Utterance::Odd,
            Meaning::Filler if len == 1 && (self.letter().is_some() || graded(&self.rest()[1..])) => {
                return self.latin();
            }
            Meaning::Filler | Meaning::Give => Utterance::Filler,
            Meaning::Polite => Utterance::Polite,
            Meaning::Judgement(tone) => Utterance::Judgement(*tone),
            Meaning::Irony => Utterance::Irony,
            Meaning::Wrong => Utterance::Wrong,
            Meaning::Instead => Utterance::Instead,
            Meaning::NotThis => Utterance::NotThis,
            Meaning::Is => Utterance::Is,
            Meaning::Hypothetical => Utterance::Hypothetical,
            Meaning::Retraction => Utterance::Retraction,
            Meaning::Asking => Utterance::Asking,
        };
        self.push(said, len);
    }

    /// A number in words. In running text 一 and "one" mean nothing, so it counts only alone, given, or with its unit.
    fn numeral(&mut self, len: usize, number: i32) {
        let rest = &self.rest()[len..];
        let is_numeral = |rest: &str| matches!(self.lexicon.at(rest), Some((_, Meaning::Numeral(_))));
        if is_numeral(rest.trim_start_matches(' ')) && self.rest().starts_with(is_han) {
            // 四五分, 十五: a range or a larger number.
            let mut len = len;
            while let Some((more, Meaning::Numeral(_))) = self.lexicon.at(&self.rest()[len..]) {
                len += more;
            }
            let said = if self.unit(&self.rest()[len..]).is_some() { Utterance::Odd } else { Utterance::Word };
            return self.push(said, len.max(1));
        }
        let english_of = self.out_of(rest);
        if let Some((of, more)) = english_of {
            let said =
                if of == self.scale().max && self.counts_goodness() { self.number(number) } else { Utterance::Odd };
            return self.push(said, len + more);
        }
        match self.unit(rest) {
            // 十分: ten points, or "very".
            Some(_) if number == 10 && self.rest().starts_with('十') => self.push(Utterance::Odd, len),
            Some((true, more)) if !self.has_stars() => self.push(Utterance::Odd, len + more),
            Some((_, more)) => self.push(self.number(number), len + more),
            None => {
                let given = matches!(self.tokens.last(), Some(token) if self.gives(token));
                let answers = ends(rest) && (self.tokens.is_empty() || given);
                let said = match answers {
                    // 两 needs something to count.
                    true if self.rest().starts_with('两') => Utterance::Odd,
                    true => self.number(number),
                    false => Utterance::Word,
                };
                self.push(said, len);
            }
        }
    }

    /// Whether a token hands over a mark: 打, 给, "give", or a correction.
    fn gives(&self, token: &Token) -> bool {
        let text = self.text[token.start..token.end].trim();
        match token.said {
            Utterance::Instead | Utterance::Is | Utterance::NotThis | Utterance::Polite => true,
            Utterance::Filler => {
                matches!(self.lexicon.at(text), Some((_, Meaning::Give)))
                    || ["选", "选择", "按", "回复", "a", "press", "reply"].contains(&text)
            }
            Utterance::Score { .. } | Utterance::Odd | Utterance::Other | Utterance::Code | Utterance::Cause(_) => {
                false
            }
            Utterance::Judgement(_)
            | Utterance::Irony
            | Utterance::Wrong
            | Utterance::Hypothetical
            | Utterance::Retraction => false,
            Utterance::Asking | Utterance::Picture | Utterance::Word => false,
        }
    }

    /// The unit of a score at the start of `rest`: whether it is stars, and its length.
    fn unit(&self, rest: &str) -> Option<(bool, usize)> {
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let rest = &rest[spaces..];
        for (unit, is_star) in [("颗星", true), ("个星", true), ("星", true), ("分", false)] {
            if let Some(after) = rest.strip_prefix(unit) {
                // 5分钟, 三分之一, 五星级, 5星期 are something else.
                let other = after.starts_with(['钟', '之', '级', '期', '半', '多', '线', '店', '钱', '货']);
                return (!other).then_some((is_star, spaces + unit.len()));
            }
        }
        let word = &rest[..rest.find(|char| !is_latin(char)).unwrap_or(rest.len())];
        match word {
            "star" | "stars" => Some((true, spaces + word.len())),
            "point" | "points" | "pts" => Some((false, spaces + word.len())),
            _ => None,
        }
    }

    /// "out of five" at the start of `rest`: the five, and the length.
    fn out_of(&self, rest: &str) -> Option<(i32, usize)> {
        let mut after = rest.trim_start_matches(' ');
        after = after
            .strip_prefix("stars")
            .or_else(|| after.strip_prefix("points"))
            .unwrap_or(after)
            .trim_start_matches(' ');
        let after = after.strip_prefix("out of ")?.trim_start_matches(' ');
        let digits = after.find(|char: char| !char.is_ascii_digit()).unwrap_or(after.len());
        let (of, len) = if digits > 0 {
            (after[..digits].parse().unwrap_or(i32::MAX), digits)
        } else {
            match self.lexicon.at(after) {
                Some((len, Meaning::Numeral(of))) => (*of, len),
                _ => return None,
            }
        };
        Some((of, rest.len() - after.len() + len))
    }

    /// Digits and what is joined to them.
    fn digits(&mut self) {
        let rest = self.rest();
        let before = self.before();
        let joined = rest.find(|char: char| !(char.is_ascii_digit() || ".-/:~".contains(char))).unwrap_or(rest.len());
        let number = rest[..joined].trim_end_matches(['.', '-', '/', ':', '~']);
        let after = &rest[number.len()..];
        let groups: Vec<&str> = number.split(['.', '-', '/', ':', '~']).collect();
        let separator = number.find(|char: char| !char.is_ascii_digit()).map(|at| number.as_bytes()[at]);
        // A thing's name or a quantity below: #12, no5, v5, -5, +5, ￥5.
        let attached =
            before.is_some_and(|char| is_latin(char) || "-+#¥$€£%&/=".contains(char) && !self.may_precede(char));
        let of_kind = before == Some('第') || self.counts_something(after);
        match (groups.as_slice(), separator) {
            _ if of_kind => self.push(Utterance::Other, number.len()),
            ([whole], None) => self.whole(whole, after, attached),
            // 5.0
            ([whole, zeros], Some(b'.')) if !self.code(whole) && zeros.bytes().all(|digit| digit == b'0') => {
                self.whole(whole, after, attached);
                if let Some(token) = self.tokens.last_mut() {
                    token.end += number.len() - whole.len();
                }
                self.at += number.len() - whole.len();
            }
            ([score, of], Some(b'/')) if !attached && of.parse() == Ok(self.scale().max) && self.counts_goodness() => {
                let said = score.parse().map_or(Utterance::Odd, |score| self.number(score));
                self.push(said, number.len());
                self.skip_unit();
            }
            // 4-5: one of two.
            ([low, high], Some(b'-' | b'~')) if low.len() < 3 && high.len() < 3 => {
                let ends = [low, high].map(|end| end.parse().ok().filter(|end| self.scale().contains(*end)));
                let said = match ends {
                    [Some(low), Some(high)] => Utterance::Score { scores: vec![low, high], spoken: false },
                    _ => Utterance::Odd,
                };
                self.push(said, number.len());
                self.skip_unit();
            }
            ([_, part], Some(b'.' | b'/')) if part.len() < 3 => self.push(Utterance::Odd, number.len()),
            // Dates, times, telephone numbers.
            _ => self.push(Utterance::Other, number.len()),
        }
    }

    /// A plus or a hash before the code for "not the colleague's fault", an equals sign after a letter.
    fn may_precede(&self, char: char) -> bool {
        let scored = matches!(self.tokens.last(), Some(token) if matches!(token.said, Utterance::Score { .. }));
        scored && (char == '=' || "+#".contains(char) && self.code(self.rest()))
    }

    fn code(&self, rest: &str) -> bool {
        let digits = &rest[..rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len())];
        self.wording.not_staff_code.is_some_and(|code| digits == code.to_string())
    }

    fn counts_something(&self, after: &str) -> bool {
        let after = after.trim_start_matches(' ');
        let word = &after[..after.find(|char| !is_latin(char)).unwrap_or(after.len())];
        if LATIN_UNITS.contains(&word)
            || ["分钟", "星期", "小时", "点半", "点多", "点钟"].iter().any(|unit| after.starts_with(unit))
        {
            return true;
        }
        after.starts_with(|char| HAN_UNITS.contains(char)) && self.unit(after).is_none()
    }

    fn whole(&mut self, digits: &str, after: &str, attached: bool) {
        let len = digits.len();
        let number = digits.parse::<i32>().ok().filter(|number| number.to_string() == digits);
        let unit = self.unit(after);
        let code = self.wording.not_staff_code == number && number.is_some_and(|code| !self.scale().contains(code));
        if let Some((of, more)) = self.out_of(after) {
            let fits = of == self.scale().max && self.counts_goodness() && !attached;
            let said = number.filter(|_| fits).map_or(Utterance::Odd, |number| self.number(number));
            return self.push(said, len + more);
        }
        // 5k, 5个人, 5%: some other thing, which nobody can name.
        let glued = unit.is_none()
            && (after.starts_with(|char| is_latin(char) || char == '%')
                || after.strip_prefix('+').is_some_and(|after| !self.code(after))
                || after.strip_prefix('-').is_some_and(ends));
        let said = match number {
            _ if len > 3 => Utterance::Other,
            Some(_) if attached || glued => Utterance::Odd,
            Some(_) if code && unit.is_none() => Utterance::Code,
            Some(_) if unit.is_some_and(|(is_star, _)| is_star) && !self.has_stars() => Utterance::Odd,
            Some(number) => self.number(number),
            None => Utterance::Odd,
        };
        self.push(said, len + unit.map_or(0, |(_, len)| len));
    }

    fn skip_unit(&mut self) {
        if let Some((_, len)) = self.unit(self.rest()) {
            self.at += len;
        }
    }

    /// Stars drawn: those filled, of as many as the scale has points or with none left empty.
    fn stars(&mut self) {
        let drawn = self.rest();
        let is_star = |char: &char| STARS.contains(char) || *char == '☆';
        let len = drawn.chars().take_while(is_star).map(char::len_utf8).sum();
        let all = drawn[..len].chars().count();
        let filled = drawn[..len].chars().filter(|char| *char != '☆').count();
        // One star alone may as well be an ornament.
        let counted = all == 5 || (all == filled && all > 1);
        let said = match i32::try_from(filled) {
            Ok(filled) if self.has_stars() && counted => self.number(filled),
            _ => Utterance::Odd,
        };
        self.push(said, len);
    }

    /// The score of a letter that stands alone here, as an answer does and an article does not.
    fn letter(&self) -> Option<i32> {
        let mut chars = self.rest().chars();
        let letter = chars.next()?;
        let after = chars.as_str();
        let score = self.wording.choices.iter().find(|choice| {
            choice.letter.is_some_and(|of| of.to_lowercase().eq(letter.to_lowercase()))
                && self.scale().contains(choice.score)
        });
        let score = score?.score;
        let next = after.trim_start_matches(' ');
        let next = if next.starts_with("or ") { "" } else { next };
        if after.starts_with(is_latin)
            || next.starts_with(|char: char| is_latin(char) || char.is_ascii_digit() || "+-".contains(char))
        {
            return None;
        }
        let before = self.text[..self.at].trim_end();
        let word = &before[before
            .rfind(|char| !is_latin(char))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..];
        let introduces =
            ["choose", "option", "answer", "is", "select", "pick", "meant", "be", "to", "or", "sorry", "hi", "hello"];
        (word.is_empty() || introduces.contains(&word)).then_some(score)
    }

    fn latin(&mut self) {
        let rest = self.rest();
        let len = rest.find(|char| !is_latin(char)).unwrap_or(rest.len());
        let after = rest[len..].trim_start_matches(['.', ' ']);
        if &rest[..len] == "no" && after.starts_with(|char: char| char.is_ascii_digit()) {
            // No. 1 is praise.
            let digits = after.find(|char: char| !char.is_ascii_digit()).unwrap_or(after.len());
            return self.push(Utterance::Odd, rest.len() - after.len() + digits);
        }
        let single = rest[..len].chars().count() == 1;
        let said = match self.letter() {
            Some(score) => Utterance::Score { scores: vec![score], spoken: true },
            // A letter alone was meant as an answer.
            None if single && self.tokens.is_empty() && ends(&rest[len..]) => Utterance::Odd,
            None if single && graded(&rest[len..]) => Utterance::Odd,
            None => Utterance::Word,
        };
        self.push(said, len);
    }
}

fn before_digit(rest: &str) -> bool {
    rest.trim_start_matches(' ').starts_with(|char: char| char.is_ascii_digit())
}

/// A+, B-: grades between the letters.
fn graded(rest: &str) -> bool {
    rest.starts_with(['+', '-'])
}

/// Whether the clause ends here.
fn ends(rest: &str) -> bool {
    rest.trim_start_matches(' ').chars().next().is_none_or(|char| BREAKS.contains(char))
}
