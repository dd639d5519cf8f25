//! What a raw text reply to a survey says (R3).
//!
//! Nothing is guessed. A reply is cut into clauses; a score is taken only from a clause in which every word is known: the
//! score itself and what people put around one. What the other clauses say is kept as the comment and may contradict:
//! another score, a condition before the score, a word that takes it back, and the customer is asked.
//!
//! - A number: digits of any width, circled, with 分, 星, "points", "5/5" and "5 out of 5" where that is the scale's
//!   maximum; numerals in words alone or with a unit. Digits with more than three places, dates, times, and what counts
//!   something (5天, 5分钟, 5 calls) are not scores; anything else is asked about.
//! - Stars, 满分 and "of 5" say how good before they say a number: they are read only where high is best, stars only on a
//!   scale from 1 to 5. One star alone is asked about.
//! - Letters as the template maps them. Labels and synonyms whole; a label with an unknown word beside it is asked about,
//!   so that no negation is ever overlooked. Slips as far as `typo` takes them.
//! - The code for "not the colleague's fault", alone or behind the score (`5 0`, `5#0`, never within `50`), reads as
//!   [`Attribution::Other`]; words may name the cause. Alone, either gives a reading without a score: the keeper of the
//!   invitation then asks for the score if there is none yet.
//! - Two causes that are not staff read as `Other`: that it was not the colleague is certain. Staff and another cause
//!   together read as none, and so does a cause within a question.
//! - A low score beside something that is no person (a website, a price), and a high one with a "but" before it, may be about
//!   that thing: the customer is asked what the score is about.
//! - Irony (呵呵) leaves a number what it is, and makes a good label doubtful. A judgement that contradicts the score ("5
//!   terrible", 1 很好) may mean that the scale was taken the wrong way round: the label is asked for.
//! - A correction names the right score behind the wrong one ("1分打错了，应该是5分") or alone ("不对，是5"); two scores of
//!   which neither is said to be wrong, or "5错了", are asked about.
//! - A picture, a letter or a judgement outside the scale (👍, "ok", 不错) is asked about; other text without a score is
//!   kept for a person.

mod doubt;
mod lexer;
mod lexicon;
mod notice;
mod text;
mod typo;
pub mod wording;

use std::{cmp::Ordering, collections::BTreeSet};

use lexer::{Clause, Token, Utterance};
use lexicon::{Lexicon, Tone};
pub use notice::Notice;
use wording::{Attribution, Wording};

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was understood.
    Read(Reading),
    /// To be asked back; nothing is recorded as a score.
    Ambiguous(Ask),
    /// Kept for a person.
    Unreadable,
}

/// What was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Within the scale. None: the reply names a cause only.
    pub score: Option<i32>,
    /// None: not said, which counts as staff (R5).
    pub attribution: Option<Attribution>,
    /// It says that an earlier answer was wrong (R6).
    pub correction: bool,
    /// The customer's own words, whole, where there are more than the answer and politeness; else empty.
    pub comment: String,
}

/// What to ask back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A single digit.
    OneDigit,
    /// Which of the two scores, the lower first.
    WhichOf(i32, i32),
    /// Whether this score is about the colleague: the words name something else as well (R5).
    Cause(i32),
    /// The label instead of a number: the scale was turned lately (R1), or the words contradict the number.
    Label,
}

/// Reads replies to one template. Making it sorts the words; keep it for as long as the template.
pub struct ReplyReader {
    wording: Wording,
    lexicon: Lexicon,
}

/// A score found in a reply.
struct Mark<'a> {
    scores: &'a [i32],
    spoken: bool,
    /// In a clause that says nothing else.
    plain: bool,
    /// What stands before or behind it says that it is not the answer.
    rejected: bool,
    /// What stands before it says that it is.
    put_right: bool,
    joined: bool,
}

impl ReplyReader {
    /// For all that this wording allows.
    pub fn new(wording: Wording) -> Self {
        let lexicon = Lexicon::new(&wording);
        Self { wording, lexicon }
    }

    /// Reads a reply in time linear in its length. `confirm_by_label`: a number alone is not enough; a label or letter is.
    pub fn read(&self, raw: &str, confirm_by_label: bool) -> Outcome {
        let text = text::normalise(raw);
        let mut clauses = lexer::clauses(&text, &self.wording, &self.lexicon);
        clauses.iter_mut().for_each(|clause| self.mend(clause));
        let said = || clauses.iter().flat_map(|clause| clause.tokens.iter().map(|token| &token.said));
        let has = |what: &Utterance| said().any(|said| said == what);

        let marks = marks(&clauses);
        let ask = || Outcome::Ambiguous(if confirm_by_label { Ask::Label } else { question(&marks) });
        let doubt = has(&Utterance::Odd)
            || has(&Utterance::Retraction) && !marks.is_empty()
            || marks.iter().any(|mark| !mark.plain && !mark.rejected)
            || code_comes_first(said());
        if marks.is_empty() {
            return match cause(&clauses) {
                _ if doubt || (has(&Utterance::Code) && has(&Utterance::Wrong)) => ask(),
                Some(attribution) => self.reading(raw, &clauses, None, Some(attribution)),
                None if has(&Utterance::Word) || has(&Utterance::Hypothetical) || has(&Utterance::Asking) => {
                    Outcome::Unreadable
                }
                None if said().any(|said| matches!(said, Utterance::Judgement(_)))
                    || has(&Utterance::Picture)
                    || has(&Utterance::Wrong)
                    || has(&Utterance::Instead) =>
                {
                    ask()
                }
                None if has(&Utterance::Other) || has(&Utterance::NotThis) || has(&Utterance::Retraction) => ask(),
                None => Outcome::Unreadable,
            };
        }
        let valid: Vec<&Mark> = marks.iter().filter(|mark| !mark.rejected).collect();
        let replaced = valid.len() < marks.len();
        if doubt || (replaced && !valid.iter().all(|mark| mark.put_right || mark.joined)) {
            return ask();
        }
        let common: Vec<i32> = match valid.split_first() {
            Some((first, rest)) => {
                let in_all = |score: &&i32| rest.iter().all(|mark| mark.scores.contains(score));
                first.scores.iter().filter(in_all).copied().collect()
            }
            None => Vec::new(),
        };
        let (&[score], spoken) = (common.as_slice(), valid.iter().any(|mark| mark.spoken)) else { return ask() };
        let only_spoken = valid.iter().all(|mark| mark.spoken);
        if (confirm_by_label && !spoken) || (only_spoken && self.tone(score) == Tone::Good && has(&Utterance::Irony)) {
            return ask();
        }
        if clauses.iter().any(|clause| self.contradicts(clause, score)) {
            return Outcome::Ambiguous(Ask::Label);
        }
        let cause = cause(&clauses);
        let is_good = self.tone(score) == Tone::Good;
        if !has(&Utterance::Code) && doubt::asks_for_cause(&text, is_good, cause) {
            // Without a code there is no short answer to the question.
            let can_answer = self.wording.not_staff_code.is_some();
            return if can_answer { Outcome::Ambiguous(Ask::Cause(score)) } else { Outcome::Unreadable };
        }
        self.reading(raw, &clauses, Some(score), cause)
    }

    /// What a text says before it is read as an answer; none: it is one.
    pub fn notice(&self, raw: &str) -> Option<Notice> {
        notice::notice(raw, |text| matches!(self.read(text, false), Outcome::Read(Reading { score: Some(_), .. })))
    }

    /// Which half of the scale a score is in.
    fn tone(&self, score: i32) -> Tone {
        let scale = self.wording.scale;
        match (2 * scale.upright(score)).cmp(&(scale.min + scale.max)) {
            Ordering::Greater => Tone::Good,
            Ordering::Equal => Tone::Fair,
            Ordering::Less => Tone::Bad,
        }
    }

    /// Whether a clause judges the other way, and judges nothing else.
    fn contradicts(&self, clause: &Clause, score: i32) -> bool {
        let tone = self.tone(score);
        clause.tokens.iter().all(|token| is_plain(&token.said))
            && clause.tokens.iter().any(|token| {
                matches!(
                    (&token.said, tone),
                    (Utterance::Judgement(Tone::Good), Tone::Bad) | (Utterance::Judgement(Tone::Bad), Tone::Good)
                )
            })
    }

    fn reading(&self, raw: &str, clauses: &[Clause], score: Option<i32>, attribution: Option<Attribution>) -> Outcome {
        let tokens = || clauses.iter().flat_map(|clause| &clause.tokens);
        let correction = tokens().any(|token| matches!(token.said, Utterance::Wrong | Utterance::Instead))
            || marks(clauses).iter().any(|mark| mark.rejected);
        let bare = tokens().all(|token| is_bare(&token.said));
        let comment = if bare { String::new() } else { raw.trim().to_owned() };
        Outcome::Read(Reading { score, attribution, correction, comment })
    }

    /// Takes a clause that is a label but for a slip as that label.
    fn mend(&self, clause: &mut Clause) {
        let around = |token: &Token| {
            matches!(token.said, Utterance::Filler | Utterance::Polite | Utterance::Is | Utterance::Picture)
        };
        let numbers = |token: &Token| {
            matches!(
                token.said,
                Utterance::Odd | Utterance::Other | Utterance::Code | Utterance::Score { spoken: false, .. }
            )
        };
        if !clause.tokens.iter().any(|token| token.said == Utterance::Word) || clause.tokens.iter().any(numbers) {
            return;
        }
        let first = clause.tokens.iter().position(|token| !around(token));
        let last = clause.tokens.iter().rposition(|token| !around(token));
        if let (Some(first), Some(last)) = (first, last) {
            let (start, end) = (clause.tokens[first].start, clause.tokens[last].end);
            if let Some(score) = typo::nearest(&clause.text[start..end], &self.lexicon.labels) {
                let said = Utterance::Score { scores: vec![score], spoken: true };
                clause.tokens.splice(first..=last, [Token { said, start, end }]);
            }
        }
    }
}

/// Whether something belongs to an answer and needs no keeping as a comment.
fn is_bare(said: &Utterance) -> bool {
    match said {
        Utterance::Score { .. }
        | Utterance::Code
        | Utterance::Filler
        | Utterance::Polite
        | Utterance::Wrong
        | Utterance::Instead
        | Utterance::NotThis
        | Utterance::Is => true,
        Utterance::Odd
        | Utterance::Other
        | Utterance::Cause(_)
        | Utterance::Judgement(_)
        | Utterance::Irony
        | Utterance::Hypothetical => false,
        Utterance::Retraction | Utterance::Asking | Utterance::Picture | Utterance::Word => false,
    }
}

/// Whether something may stand in the clause of a score and leave the score what it is.
fn is_plain(said: &Utterance) -> bool {
    match said {
        Utterance::Score { .. }
        | Utterance::Code
        | Utterance::Cause(_)
        | Utterance::Filler
        | Utterance::Polite
        | Utterance::Judgement(_)
        | Utterance::Irony => true,
        Utterance::Wrong | Utterance::Instead | Utterance::NotThis | Utterance::Is | Utterance::Picture => true,
        Utterance::Odd
        | Utterance::Other
        | Utterance::Hypothetical
        | Utterance::Retraction
        | Utterance::Asking
        | Utterance::Word => false,
    }
}

/// The same as [`ReplyReader::notice`] where no survey is known.
pub fn notice(raw: &str) -> Option<Notice> {
    notice::notice(raw, |_| false)
}

fn marks<'a>(clauses: &'a [Clause]) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut supposed = false;
    for clause in clauses {
        supposed |= clause.tokens.iter().any(|token| token.said == Utterance::Hypothetical);
        let plain = !supposed && !clause.question && clause.tokens.iter().all(|token| is_plain(&token.said));
        let mut before = &Utterance::Filler;
        for token in &clause.tokens {
            // "5 is wrong" rejects what was just said; "wrong, 5" does not.
            if token.said == Utterance::Wrong
                && let Some(mark) = marks.last_mut()
            {
                mark.rejected = true;
            }
            if let Utterance::Score { scores, spoken } = &token.said {
                let (rejected, put_right) = (*before == Utterance::NotThis, *before == Utterance::Instead);
                // 好满意 is more than 满意.
                let judged = *spoken && matches!(before, Utterance::Judgement(_));
                let joined = *before == Utterance::Is;
                marks.push(Mark { scores, spoken: *spoken, plain: plain && !judged, rejected, put_right, joined });
            }
            if token.said != Utterance::Filler {
                before = &token.said;
            }
        }
    }
    marks
}

/// The code before the score may be the beginning of a number.
fn code_comes_first<'a>(said: impl Iterator<Item = &'a Utterance>) -> bool {
    let mut codes = said
        .filter(|said| matches!(said, Utterance::Code | Utterance::Score { .. }))
        .map(|said| *said == Utterance::Code);
    codes.next() == Some(true) && codes.next().is_some()
}

fn cause(clauses: &[Clause]) -> Option<Attribution> {
    let mut causes = BTreeSet::new();
    for clause in clauses {
        let doubtful = clause.question
            || clause.tokens.iter().any(|token| {
                matches!(
                    token.said,
                    Utterance::Asking | Utterance::Hypothetical | Utterance::Retraction | Utterance::Irony
                )
            });
        let mut before = &Utterance::Filler;
        for token in &clause.tokens {
            match token.said {
                Utterance::Cause(_) if of_staff(&clause.text[..token.start]) => {}
                Utterance::Cause(_) if doubtful || *before == Utterance::NotThis || *before == Utterance::Word => {}
                Utterance::Cause(cause) => _ = causes.insert(cause),
                Utterance::Code => _ = causes.insert(Attribution::Other),
                Utterance::Score { .. }
                | Utterance::Odd
                | Utterance::Other
                | Utterance::Filler
                | Utterance::Polite
                | Utterance::Judgement(_)
                | Utterance::Irony => {}
                Utterance::Wrong
                | Utterance::Instead
                | Utterance::NotThis
                | Utterance::Is
                | Utterance::Hypothetical
                | Utterance::Retraction => {}
                Utterance::Asking | Utterance::Picture | Utterance::Word => {}
            }
            if token.said != Utterance::Filler {
                before = &token.said;
            }
        }
    }
    // "Not the colleague's fault: the system" is one cause told twice.
    if causes.len() > 1 && !causes.contains(&Attribution::Staff) {
        causes.remove(&Attribution::Other);
    }
    match causes.len() {
        0 => None,
        1 => causes.pop_first(),
        _ if causes.contains(&Attribution::Staff) => None,
        _ => Some(Attribution::Other),
    }
}

/// "The quality of the service": what follows is about the staff, whatever else it names.
fn of_staff(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '的']);
    ["服务", "客服", "service"].iter().any(|staff| before.ends_with(staff))
}

fn question(marks: &[Mark]) -> Ask {
    let scores: BTreeSet<i32> = marks.iter().flat_map(|mark| mark.scores).copied().collect();
    match (scores.len(), scores.first(), scores.last()) {
        (2, Some(low), Some(high)) => Ask::WhichOf(*low, *high),
        _ => Ask::OneDigit,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use rustix::time::{ClockId, clock_gettime};

    use super::*;
    use wording::{Choice, Direction, Scale};

    fn wording(name: &str) -> Wording {
        match name.trim_end_matches(" confirm") {
            "csat5" => Wording::satisfaction(Direction::HighBest),
            "low best" => Wording::satisfaction(Direction::LowBest),
            "ten" => Wording {
                scale: Scale { min: 0, max: 10, direction: Direction::HighBest },
                choices: Vec::new(),
                between: Vec::new(),
                causes: Vec::new(),
                not_staff_code: None,
            },
            other => panic!("no scale {other}"),
        }
    }

    /// As the table writes it.
    fn written(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Unreadable => "kept".to_owned(),
            Outcome::Ambiguous(Ask::OneDigit) => "ask".to_owned(),
            Outcome::Ambiguous(Ask::WhichOf(low, high)) => format!("ask {low} {high}"),
            Outcome::Ambiguous(Ask::Cause(_)) => "ask cause".to_owned(),
            Outcome::Ambiguous(Ask::Label) => "ask label".to_owned(),
            Outcome::Read(Reading { score, attribution, correction, comment }) => {
                let mut text = score.map_or("none".to_owned(), |score| score.to_string());
                if let Some(attribution) = attribution {
                    write!(text, " {}", format!("{attribution:?}").to_uppercase()).unwrap();
                }
                text + if *correction { " correction" } else { "" } + if comment.is_empty() { "" } else { " *" }
            }
        }
    }

    #[test]
    fn real_replies_are_read_or_asked_about_and_never_guessed() {
        let table = include_str!("../tests/data/replies.tsv");
        let (mut wrong, mut count) = (String::new(), 0);
        for line in table.lines().filter(|line| !line.starts_with("# ")) {
            let [reply, language, scale, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("four columns: {line}")
            };
            assert!(["zh", "en", "mixed"].contains(&language), "{line}");
            let reply = reply.replace("\\n", "\n");
            let outcome = ReplyReader::new(wording(scale)).read(&reply, scale.ends_with("confirm"));
            if let Outcome::Read(Reading { comment, .. }) = &outcome {
                assert!(comment.is_empty() || comment == reply.trim(), "{reply:?} kept as {comment:?}");
            }
            count += 1;
            let read = written(&outcome);
            if read != expected {
                writeln!(wrong, "{reply:?} on {scale}: {read}, expected {expected}").unwrap();
            }
        }
        assert!(count >= 150, "{count} replies");
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    #[test]
    fn the_words_of_a_template_come_before_all_others() {
        let choice = |(score, label): (i32, &str)| Choice {
            score,
            labels: [("en".to_owned(), label.to_owned())].into(),
            synonyms: Vec::new(),
            letter: None,
        };
        let choices =
            [(1, "Bad"), (2, "Not bad"), (3, "好"), (4, "Yes, perfect"), (9, "off the scale")].map(choice).into();
        let scale = Scale { min: 1, max: 4, direction: Direction::HighBest };
        let reader = ReplyReader::new(Wording { scale, choices, ..wording("ten") });
        let read = |reply| written(&reader.read(reply, false));
        assert_eq!(["bad", "NOT BAD", "好，谢谢", "yes, perfect", "4 好"].map(read), ["1", "2", "3", "4", "ask 3 4"]);
        assert_eq!(["off the scale", "perfect"].map(read), ["kept", "ask"]);
    }

    fn score(outcome: &Outcome) -> Option<i32> {
        match outcome {
            Outcome::Read(reading) => reading.score,
            Outcome::Ambiguous(_) | Outcome::Unreadable => None,
        }
    }

    /// Pieces of replies, thrown together.
    fn salad() -> impl Strategy<Value = String> {
        let pieces = [
            "5",
            "４",
            "1",
            "0",
            "10",
            "4.5",
            "分",
            "星",
            "满意",
            "非常",
            "不",
            "不是",
            "是",
            "很",
            "一般",
            "，",
            "。",
            "？",
            " ",
            "\n",
            "不对",
            "应该是",
            "or",
            "to",
            "not",
            "very",
            "satisfied",
            "dissatisfied",
            "stars",
            "out of",
            "/",
            "-",
            "#",
            "A",
            "e",
            "⭐",
            "👍",
            "三",
            "十",
            "不怪客服",
            "系统问题",
            "谢谢",
            "hi",
            "如果",
            "呵呵",
            "【",
            "】",
            ">",
            "--",
            "①",
            "sorry",
            "i meant",
            "满分",
            "小王",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_within_the_scale(text in prop_oneof![any::<String>(), salad()], name in prop::sample::select(vec!["csat5", "low best", "ten"]), confirm: bool) {
            let wording = wording(name);
            let scale = wording.scale;
            match ReplyReader::new(wording).read(&text, confirm) {
                Outcome::Read(reading) => {
                    prop_assert!(reading.score.is_none_or(|score| scale.contains(score)));
                    prop_assert!(reading.score.is_some() || reading.attribution.is_some());
                    prop_assert!(reading.comment.is_empty() || reading.comment == text.trim());
                }
                Outcome::Ambiguous(Ask::WhichOf(low, high)) => prop_assert!(low < high && scale.contains(low) && scale.contains(high)),
                Outcome::Ambiguous(_) | Outcome::Unreadable => {}
            }
        }

        #[test]
        fn politeness_changes_nothing(
            digit in 1..=5_i32,
            before in prop::sample::select(vec!["", " ", "您好，", "你好 ", "hi, ", "亲，", "谢谢。", "【小李】", "Hello\n", "（"]),
            after in prop::sample::select(vec!["", " ", "，谢谢", "!", "。。。", " thanks", "\n发自我的iPhone", " 辛苦了", "分", "\n> 请回复1-5", "【签名】", "）", "~"]),
            confirm: bool,
        ) {
            let reader = ReplyReader::new(wording("csat5"));
            prop_assert_eq!(reader.read(&format!("{before}{digit}{after}"), confirm), reader.read(&digit.to_string(), confirm));
        }

        #[test]
        fn turning_the_scale_never_changes_a_number(text in "[1-5１-５①-⑤一二三四五]{1,2}(分|星|/5| 分|颗星)?[，。!？ ]?(谢谢|小王很好|不怪客服)?") {
            let [high, low] = ["csat5", "low best"].map(|name| score(&ReplyReader::new(wording(name)).read(&text, false)));
            prop_assert!(high.is_none() || low.is_none() || high == low, "{:?} {:?}", high, low);
        }

        #[test]
        fn a_turned_scale_is_never_answered_by_a_number(text in "[0-5分星，。 谢谢/]{0,8}") {
            prop_assert_eq!(score(&ReplyReader::new(wording("low best")).read(&text, true)), None);
        }
    }

    /// Seconds of processor time that this thread had: a busy machine interrupts a long reading, and a short one not.
    fn used() -> f64 {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    }

    #[test]
    fn time_grows_with_the_length_only() {
        let reader = ReplyReader::new(wording("csat5"));
        for piece in [
            "5", "四", "不", "a ", "a", "【】", "5 ", "> ", "5-", "out of ", "⭐", "非常", "】", "【", " ", "very ",
            "5，", "\n", "-----",
        ] {
            let time = |length: usize| {
                let text = piece.repeat(length);
                let once = |_| {
                    let start = used();
                    let _ = reader.read(&text, false);
                    used() - start
                };
                // The least of three: what else the machine does takes the memory close to the processor.
                (0..3).map(once).fold(f64::INFINITY, f64::min)
            };
            // Ten times the text, and with a quadratic step a hundred times the time.
            let (short, long) = (time(2_000).max(1e-3), time(20_000));
            assert!(long < 50.0 * short, "{piece:?}: {short} s, then {long} s");
        }
    }
}
