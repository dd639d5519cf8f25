//! A chat as WhatsApp exports it ("Export chat"), as rows: one a message.
//!
//! Every message begins with a stamp in the form of the phone's region: `[21.11.26, 15:05:12] Name: text` on iOS,
//! `21/11/2026, 3:05 pm - Name: text` on Android. A line without a stamp goes on with the message before it. The form of the
//! first stamp is that of the file. The file is read twice, one message at a time: first for the order of day, month and year,
//! which only all dates together decide.

use std::{fmt, io::Read, sync::LazyLock};

use csv::ByteRecord;
use jiff::civil::DateTime;

use crate::{
    calendar::{self, Half},
    lines::{Lines, MAX_BYTES, content},
    table::{RawRow, Rows, TableError, is_mark},
};

/// The columns of a chat.
pub const COLUMNS: [&str; 4] = ["time", "author", "kind", "text"];

/// What a person wrote.
const TEXT: &str = "text";
/// What a person sent that is no text; a chat is mostly exported without it.
const ATTACHMENT: &str = "attachment";
/// What WhatsApp itself says.
pub(crate) const NOTICE: &str = "notice";

/// Which part of a date comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// 21/11/2026
    DayFirst,
    /// 11/21/2026
    MonthFirst,
    /// 2026/11/21
    YearFirst,
}

impl Order {
    const ALL: [Self; 3] = [Self::DayFirst, Self::MonthFirst, Self::YearFirst];

    /// The order that a mapping names.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == text)
    }

    /// As a mapping has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DayFirst => "day first",
            Self::MonthFirst => "month first",
            Self::YearFirst => "year first",
        }
    }
}

/// The text of a file, from its beginning.
type Source = Box<dyn Read + Send>;

/// When a message was written, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    /// The stamp with 9 for its numbers and H for a half of the day: the same for all messages of a file.
    form: String,
    date: [Number; 3],
    time: [i8; 3],
    half: Option<Half>,
    /// A word beside the time that nobody knows: it may be a half of the day.
    unknown: Option<String>,
}

/// A number of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    value: i16,
    digits: usize,
}

impl Stamp {
    /// The time, if the date can be read in this order.
    fn at(&self, order: Order) -> Option<DateTime> {
        let [one, two, three] = self.date;
        let (year, month, day) = match order {
            Order::DayFirst => (three, two, one),
            Order::MonthFirst => (three, one, two),
            Order::YearFirst => (one, two, three),
        };
        let year = if year.digits <= 2 { 2000 + year.value } else { year.value };
        let [hour, minute, second] = self.time;
        let hour = match self.half {
            Some(Half::Am) if hour == 12 => 0,
            Some(Half::Pm) if hour < 12 => hour + 12,
            Some(_) | None => hour,
        };
        let short = |number: Number| i8::try_from(number.value).ok();
        // WhatsApp is of 2009; later than 2100 are years of another calendar.
        let years = 2009..=2100;
        let date = DateTime::new(year, short(month)?, short(day)?, hour, minute, second, 0).ok()?;
        years.contains(&year).then_some(date)
    }

    /// The orders that a stamp of this form can have.
    fn orders(&self) -> &'static [Order] {
        use Order::{DayFirst, MonthFirst, YearFirst};
        let [one, _, three] = self.date;
        match () {
            () if one.digits > 2 => &[YearFirst],
            () if three.digits > 2 => &[DayFirst, MonthFirst],
            // Years of two digits come first in a few regions, which write no slashes.
            () if self.form.contains("9-9-9") || self.form.contains("9. 9. 9") => &[DayFirst, MonthFirst, YearFirst],
            () => &[DayFirst, MonthFirst],
        }
    }
}

/// A text without the marks that WhatsApp puts around what it says itself and around telephone numbers, and with plain blanks.
fn unmarked(text: &str) -> String {
    let letters = text.chars().filter(|one| !is_mark(*one));
    letters.map(|one| if matches!(one, '\u{a0}' | '\u{202f}') { ' ' } else { one }).collect()
}

/// Reads a stamp letter by letter: marks are passed, blanks and digits of any script are plain.
struct Scanner<'a> {
    line: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<char> {
        loop {
            let one = self.line[self.at..].chars().next()?;
            if !is_mark(one) {
                return Some(plain(one));
            }
            self.at += one.len_utf8();
        }
    }

    fn next(&mut self) -> Option<char> {
        let one = self.peek()?;
        self.at += self.line[self.at..].chars().next().map_or(0, char::len_utf8);
        Some(one)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn number(&mut self, most: usize) -> Option<Number> {
        let mut number = Number { value: 0, digits: 0 };
        while let Some(digit) = self.peek().and_then(|one| one.to_digit(10)).filter(|_| number.digits < most) {
            self.next();
            number = Number { value: number.value * 10 + i16::try_from(digit).ok()?, digits: number.digits + 1 };
        }
        (number.digits > 0).then_some(number)
    }

    /// What stands before the next digit, if that is near.
    fn up_to_digit(&mut self) -> Option<String> {
        let mut text = String::new();
        while !self.peek()?.is_ascii_digit() {
            text.push(self.next().filter(|one| is_wordy(*one))?);
            if text.chars().count() > WORDS {
                return None;
            }
        }
        Some(text)
    }
}

/// Letters between and behind the numbers of a stamp, at most: `" de 21 à "` and the like.
const WORDS: usize = 14;

/// What words between and behind the numbers consist of; anything else separates the cells of a table.
fn is_wordy(one: char) -> bool {
    one.is_alphabetic() || " ,.،".contains(one)
}

/// Digits of the scripts whose phones write dates in them, and blanks.
fn plain(one: char) -> char {
    let zeros = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{ff10}'];
    let code = u32::from(one);
    let digit = zeros.iter().map(|zero| code.wrapping_sub(u32::from(*zero))).find(|digit| *digit < 10);
    match digit.and_then(|digit| char::from_digit(digit, 10)) {
        Some(digit) => digit,
        None if one.is_whitespace() => ' ',
        None => one,
    }
}

/// Words that stand between a date and a time in some languages and say nothing.
const JOINTS: [&str; 11] = ["klo", "kl", "um", "at", "a las", "à", "alle", "om", "в", "às", "u"];

/// The stamp at the beginning of a line, and where what follows begins.
fn stamp(line: &str) -> Option<(Stamp, usize)> {
    let mut scanner = Scanner { line, at: 0 };
    let is_bracketed = scanner.eat('[');
    let mut form = String::from(if is_bracketed { "[" } else { "" });
    let mut date = [Number { value: 0, digits: 0 }; 3];
    for (place, number) in date.iter_mut().enumerate() {
        *number = scanner.number(4)?;
        form.push_str(if number.digits > 2 { "9999" } else { "9" });
        if place < 2 {
            let separator = scanner.next().filter(|one| "/-.年月".contains(*one))?;
            form.push(separator);
            if scanner.eat(' ') {
                form.push(' ');
            }
        }
    }
    let joint = scanner.up_to_digit().filter(|joint| !joint.is_empty())?;
    let hour = scanner.number(2)?;
    let mut time = [i8::try_from(hour.value).ok()?, 0, 0];
    let clock = scanner.next().filter(|one| ":.".contains(*one))?;
    time[1] = i8::try_from(scanner.number(2).filter(|minute| minute.digits == 2)?.value).ok()?;
    let is_exact = scanner.eat(clock);
    if is_exact {
        time[2] = i8::try_from(scanner.number(2).filter(|second| second.digits == 2)?.value).ok()?;
    }
    let mut tail = String::new();
    let end = loop {
        let one = scanner.next()?;
        match one {
            ']' if is_bracketed => break "]",
            '-' | '\u{2013}' if !is_bracketed && tail.ends_with(' ') && scanner.peek() == Some(' ') => break "-",
            // An iPhone's before 2017.
            ':' if !is_bracketed && is_exact && scanner.peek() == Some(' ') => break ":",
            _ => tail.push(one),
        }
        if !is_wordy(one) || tail.chars().count() > WORDS {
            return None;
        }
    };
    let (half, joint, tail) = match (calendar::half(&joint), calendar::half(&tail)) {
        (Some((half, rest)), _) => (Some(half), format!("{}H", rest.trim()), tail),
        (None, Some((half, rest))) => (Some(half), joint, format!("{}H", rest.trim())),
        (None, None) => (None, joint, tail),
    };
    let word = |text: &str| text.trim_matches(|one: char| one == 'H' || !one.is_alphabetic()).to_lowercase();
    let is_known = |word: &String| word.is_empty() || word == "日" || JOINTS.contains(&word.as_str());
    let unknown = [&joint, &tail].map(|text| word(text)).into_iter().find(|word| !is_known(word));
    form.push_str(&format!("{joint}9{clock}9{}{}{end}", if is_exact { "s" } else { "" }, tail.trim()));
    // The blank behind the stamp is part of it.
    scanner.eat(' ');
    Some((Stamp { form, date, time, half, unknown }, scanner.at))
}

/// The form of a chat's stamps, if the text that begins so is one: its first line has a stamp, or most of its lines have.
pub(crate) fn form(start: &str) -> Option<String> {
    const LINES: usize = 50;
    let lines: Vec<&str> = start.lines().filter(|line| !line.trim().is_empty()).take(LINES).collect();
    let forms: Vec<_> = lines.iter().filter_map(|line| stamp(line)).map(|(stamp, _)| stamp.form).collect();
    let first = forms.first()?;
    let alike = forms.iter().filter(|form| *form == first).count();
    let begins = stamp(lines.first()?).is_some();
    (begins || (alike >= 3 && alike * 2 >= lines.len())).then(|| first.clone())
}

/// What a message says, and who.
#[derive(Debug, PartialEq, Eq)]
struct Said<'a> {
    author: String,
    text: &'a str,
}

/// Splits what follows a stamp. Without an author it is a notice; and what has quotation marks is no name, but the subject of a
/// group that somebody changed.
fn said(rest: &str) -> Said<'_> {
    const NAME: usize = 100;
    let notice = Said { author: String::new(), text: rest };
    let colon = rest.match_indices(':').map(|(at, _)| at).find(|at| {
        let behind = rest[at + 1..].chars().next();
        behind.is_none_or(|one| one.is_whitespace() || is_mark(one))
    });
    let Some(colon) = colon else { return notice };
    let author = unmarked(&rest[..colon]).trim().to_owned();
    let is_name =
        !author.is_empty() && author.chars().count() <= NAME && !author.contains(['"', '“', '”', '„', '«', '「']);
    if !is_name {
        return notice;
    }
    let text = &rest[colon + 1..];
    Said { author, text: text.strip_prefix(' ').unwrap_or(text) }
}

/// Parts of WhatsApp's own texts.
static NOTICES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!("words/chats.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

fn kind(said: &Said<'_>) -> &'static str {
    let is_own = said.text.starts_with(['\u{200e}', '\u{200f}']);
    let text = unmarked(said.text).trim().to_owned();
    match () {
        () if said.author.is_empty() => NOTICE,
        () if is_own && is_notice(&text) => NOTICE,
        // Left out, in every language, or a file: "<Media omitted>", "<attached: 1.jpg>", "1.jpg (file attached)".
        () if is_own || (text.starts_with('<') && text.ends_with('>')) || is_file(&text) => ATTACHMENT,
        () => TEXT,
    }
}

fn is_notice(text: &str) -> bool {
    let lower = text.to_lowercase();
    NOTICES.iter().any(|part| lower.contains(part))
}

/// `IMG-20261121-WA0001.jpg (file attached)`, with a caption in further lines or without.
fn is_file(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let name = first.strip_suffix(')').and_then(|first| first.rsplit_once(" (")).map(|(name, _)| name);
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    ending
        .is_some_and(|ending| (2..=5).contains(&ending.len()) && ending.bytes().all(|one| one.is_ascii_alphanumeric()))
        && name.is_some_and(|name| !name.contains(' '))
}

/// How well an order fits the dates of a file.
#[derive(Debug)]
struct Fit {
    order: Order,
    /// Dates that cannot be, and the line of the first.
    impossible: u64,
    first: u64,
    /// How often it goes back by more than a day: an export is in the order of time.
    back: u64,
    last: Option<DateTime>,
}

/// What the first reading finds.
struct Found {
    order: Order,
    note: Option<String>,
}

/// Reads the whole file for the order of its dates.
fn find(source: Source, form: &str, given: Option<Order>, notes: &mut Vec<String>) -> Result<Order, TableError> {
    let mut lines = Lines::new(source);
    let mut fits: Vec<Fit> = Vec::new();
    let (mut stamps, mut authors, mut others, mut first_other) = (0_u64, 0_u64, 0_u64, 0);
    let mut example = String::new();
    while let Some(line) = lines.next()? {
        let text = valid(content(&line.bytes));
        let Some((stamp, end)) = stamp(text) else { continue };
        if stamp.form != form {
            others += 1;
            first_other = if others == 1 { line.number } else { first_other };
            continue;
        }
        if let Some(word) = &stamp.unknown {
            return Err(TableError::Refused(format!(
                "line {}: {word:?} stands beside the time and may be a half of the day, which is not known",
                line.number
            )));
        }
        if stamps == 0 {
            example = unmarked(&text[..end]).trim().to_owned();
            fits = stamp
                .orders()
                .iter()
                .map(|&order| Fit { order, impossible: 0, first: 0, back: 0, last: None })
                .collect();
        }
        stamps += 1;
        authors += u64::from(!said(&text[end..]).author.is_empty());
        fits.iter_mut().for_each(|fit| fit.see(&stamp, line.number));
    }
    if authors == 0 {
        return Err(TableError::LooksLike("an exported chat, but no line of it names an author".to_owned()));
    }
    if others > 0 {
        notes.push(format!(
            "{others} line(s) begin like messages of another form, the first is line {first_other}: they are read as text of \
             the message before"
        ));
    }
    let found = decide(fits, given, stamps, &example)?;
    notes.extend(found.note);
    Ok(found.order)
}

impl Fit {
    fn see(&mut self, stamp: &Stamp, line: u64) {
        let Some(at) = stamp.at(self.order) else {
            self.first = if self.impossible == 0 { line } else { self.first };
            self.impossible += 1;
            return;
        };
        let day = jiff::SignedDuration::from_hours(24);
        self.back += u64::from(self.last.is_some_and(|last| at.duration_until(last) > day));
        self.last = Some(at);
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {} cannot be, the first in line {}", self.order.name(), self.impossible, self.first)
    }
}

fn decide(mut fits: Vec<Fit>, given: Option<Order>, stamps: u64, example: &str) -> Result<Found, TableError> {
    let of = |order: Order, note: Option<String>| Ok(Found { order, note });
    if let Some(given) = given {
        fits.retain(|fit| fit.order == given);
    }
    let least = fits.iter().map(|fit| fit.impossible).min();
    let Some(least) = least else {
        let name = given.map_or("", Order::name);
        return Err(TableError::Refused(format!("dates = {name:?} cannot be: they are written as {example:?}")));
    };
    if least * 100 > stamps {
        let all: Vec<_> = fits.iter().map(Fit::to_string).collect();
        return Err(TableError::Refused(format!(
            "the dates of the chat, {example:?}, have no one order; {}",
            all.join("; ")
        )));
    }
    let several = fits.len() > 1;
    fits.retain(|fit| fit.impossible == least);
    if let [fit] = &fits[..] {
        let why = format!("dates have the {}, as numbers above 12 or 31 say", fit.order.name());
        return of(fit.order, several.then_some(why));
    }
    let orderly: Vec<_> = fits.iter().filter(|fit| fit.back == 0).map(|fit| fit.order).collect();
    if let [order] = orderly[..] {
        return of(
            order,
            Some(format!("dates have the {}: read so, the messages are in the order of time", order.name())),
        );
    }
    let is_pointed = example.trim_start_matches('[').chars().find(|one| !one.is_ascii_digit()) == Some('.');
    if is_pointed && !example.contains(". ") {
        let note = "dates have the day first, as all regions have it that write points; the mapping can say dates";
        return of(Order::DayFirst, Some(note.to_owned()));
    }
    Err(TableError::DayOrMonth { example: example.to_owned(), choices: fits.iter().map(|fit| fit.order).collect() })
}

/// The beginning that is UTF-8: a stamp is.
fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// Messages, one after the other.
pub(crate) struct ChatRows {
    lines: Lines<Source>,
    form: String,
    order: Order,
}

/// Opens a chat twice: once for the order of its dates. `given` is what the mapping says of it.
pub(crate) fn open(
    mut source: impl FnMut() -> Result<Source, TableError>,
    form: String,
    given: Option<Order>,
    notes: &mut Vec<String>,
) -> Result<ChatRows, TableError> {
    let order = find(source()?, &form, given, notes)?;
    Ok(ChatRows { lines: Lines::new(source()?), form, order })
}

impl ChatRows {
    fn stamp(&self, bytes: &[u8]) -> Option<(Stamp, usize)> {
        stamp(valid(content(bytes))).filter(|(stamp, _)| stamp.form == self.form)
    }
}

impl Rows for ChatRows {
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        let first = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(line) if content(&line.bytes).trim_ascii().is_empty() => {}
                Some(line) => break line,
            }
        };
        let Some((stamp, end)) = self.stamp(&first.bytes) else {
            let record = ByteRecord::from(vec![&b""[..], b"", b"", content(&first.bytes)]);
            let fault = "stands before the first message and is none".to_owned();
            return Ok(Some(RawRow { fault: Some(fault), ..RawRow::new(first.number, record) }));
        };
        let mut rest = content(&first.bytes)[end..].to_vec();
        let mut is_whole = true;
        while let Some(line) = self.lines.next()? {
            if self.stamp(&line.bytes).is_some() {
                self.lines.put_back(vec![line]);
                break;
            }
            is_whole &= rest.len() + line.bytes.len() < MAX_BYTES;
            if is_whole {
                rest.push(b'\n');
                rest.extend_from_slice(content(&line.bytes));
            }
        }
        let time = stamp.at(self.order);
        let cell = time.map_or(String::new(), |time| time.to_string());
        let mut row = match std::str::from_utf8(&rest) {
            Ok(text) => {
                let said = said(text);
                let text = unmarked(said.text);
                RawRow::new(first.number, ByteRecord::from(vec![&*cell, &*said.author, kind(&said), &*text]))
            }
            Err(_) => RawRow::new(first.number, ByteRecord::from(vec![cell.as_bytes(), b"", b"", &rest[..]])),
        };
        row.fault = match time {
            None => {
                let written = unmarked(&valid(&first.bytes)[..end]);
                Some(format!("{:?} is no time with the {}", written.trim(), self.order.name()))
            }
            Some(_) if !is_whole => Some("is longer than 4 MiB".to_owned()),
            Some(_) => None,
        };
        Ok(Some(row))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// Line, time, author, kind, text; or the fault.
    type Row = (u64, Result<[String; 4], String>);

    fn read_with(text: &str, given: Option<Order>) -> Result<(Vec<Row>, Vec<String>), TableError> {
        let form = form(text).ok_or(TableError::NoHeader)?;
        let mut notes = Vec::new();
        let source = || Ok::<Source, TableError>(Box::new(Cursor::new(text.to_owned().into_bytes())));
        let mut rows = open(source, form, given, &mut notes)?;
        let mut read = Vec::new();
        while let Some(row) = rows.next_row()? {
            let cells = || std::array::from_fn(|place| String::from_utf8_lossy(&row.record[place]).into_owned());
            read.push((row.line, row.fault.clone().map_or_else(|| Ok(cells()), Err)));
        }
        Ok((read, notes))
    }

    fn read(text: &str) -> Vec<Row> {
        read_with(text, None).unwrap_or_else(|error| panic!("{text:?}: {error}")).0
    }

    fn first(text: &str) -> [String; 4] {
        read(text).remove(0).1.unwrap()
    }

    #[test]
    fn stamps_of_many_regions() {
        for (stamp, time) in [
            ("21/11/2026, 15:05 - ", "2026-11-21T15:05:00"),
            ("21/11/26, 3:05\u{202f}pm - ", "2026-11-21T15:05:00"),
            ("11/21/26, 3:05 PM - ", "2026-11-21T15:05:00"),
            ("21.11.26, 15:05 - ", "2026-11-21T15:05:00"),
            ("21-11-2026 15:05 - ", "2026-11-21T15:05:00"),
            ("2026-11-21, 3:05 p.m. - ", "2026-11-21T15:05:00"),
            ("2026/11/21 下午3:05 - ", "2026-11-21T15:05:00"),
            ("2026年11月21日 上午12:05 - ", "2026-11-21T00:05:00"),
            ("2026. 11. 21. 오후 3:05 - ", "2026-11-21T15:05:00"),
            ("21.11.2026 klo 15.05 - ", "2026-11-21T15:05:00"),
            ("21/11/26 à 15:05 - ", "2026-11-21T15:05:00"),
            ("٢١‏/١١‏/٢٠٢٦، ١٥:٠٥ - ", "2026-11-21T15:05:00"),
            ("[21/11/26, 15:05:12] ", "2026-11-21T15:05:12"),
            ("\u{200e}[21.11.26, 15:05:12] ", "2026-11-21T15:05:12"),
            ("[11/21/26, 3:05:12\u{202f}PM] ", "2026-11-21T15:05:12"),
            ("[21/11/26 3:05:12 p. m.] ", "2026-11-21T15:05:12"),
            ("[2026/11/21 15:05:12] ", "2026-11-21T15:05:12"),
            ("[2026/11/21 下午3:05:12] ", "2026-11-21T15:05:12"),
            ("21.11.26 15:05:12: ", "2026-11-21T15:05:12"),
        ] {
            let expected = [time, "王 芳", "text", "你好: ok"].map(str::to_owned);
            assert_eq!(first(&format!("{stamp}王 芳: 你好: ok\n")), expected, "{stamp}");
        }
    }

    #[test]
    fn messages_go_on_over_lines_and_say_what_they_are() {
        let text = "\u{feff}21/11/2026, 15:05 - Messages and calls are end-to-end encrypted.\r\n\
            21/11/2026, 15:06 - \u{202a}+49 170 1234567\u{202c}: one\r\n\r\n  two: 2\r\n\
            21/11/2026, 15:07 - Ann: <Media omitted>\r\n\
            21/11/2026, 15:08 - Ann: \u{200e}IMG-20261121-WA0001.jpg (file attached)\nlook\n\
            21/11/2026, 15:09 - Ann changed the subject from \"a: b\" to \"c\"\n\
            21/11/2026, 15:10 - Ann: 5 < 6 and 7 > 6\n\
            21/11/2026, 15:11 - Ann: \n";
        let rows: Vec<_> = read(text).into_iter().map(|(line, row)| (line, row.unwrap())).collect();
        let found: Vec<_> = rows.iter().map(|(line, row)| (*line, &*row[1], &*row[2], &*row[3])).collect();
        let notice = "Messages and calls are end-to-end encrypted.";
        let expected = [
            (1, "", "notice", notice),
            (2, "+49 170 1234567", "text", "one\n\n  two: 2"),
            (5, "Ann", "attachment", "<Media omitted>"),
            (6, "Ann", "attachment", "IMG-20261121-WA0001.jpg (file attached)\nlook"),
            (8, "", "notice", "Ann changed the subject from \"a: b\" to \"c\""),
            (9, "Ann", "text", "5 < 6 and 7 > 6"),
            (10, "Ann", "text", ""),
        ];
        assert_eq!(found, expected);
        let iphone = "[2026/11/21 15:05:12] 王芳: \u{200e}消息和通话已进行端到端加密。\n\
            \u{200e}[2026/11/21 15:06:12] 王芳: \u{200e}图像已忽略\n";
        let kinds: Vec<_> = read(iphone).into_iter().map(|(_, row)| row.unwrap()[2].clone()).collect();
        assert_eq!(kinds, ["notice", "attachment"]);
    }

    fn order(dates: &[&str], given: Option<Order>) -> Result<(String, usize), String> {
        let lines: String = dates.iter().map(|date| format!("{date}, 10:00 - A: x\n")).collect();
        let (rows, notes) = read_with(&lines, given).map_err(|error| error.to_string())?;
        Ok((rows[0].1.as_ref().unwrap()[0][..10].to_owned(), notes.len()))
    }

    #[test]
    fn all_dates_together_decide_the_order_or_the_mapping_must() {
        assert_eq!(order(&["3/4/26", "13/4/26"], None), Ok(("2026-04-03".to_owned(), 1)));
        assert_eq!(order(&["3/4/26", "3/14/26"], None), Ok(("2026-03-04".to_owned(), 1)));
        // The other way round they would jump.
        assert_eq!(order(&["3/4/26", "4/4/26", "2/5/26"], None), Ok(("2026-04-03".to_owned(), 1)));
        let open = order(&["3/4/26", "4/4/26"], None).unwrap_err();
        assert!(open.contains("\"day first\" or dates = \"month first\"") && open.contains("3/4/26"), "{open}");
        assert_eq!(order(&["3/4/26", "4/4/26"], Some(Order::MonthFirst)), Ok(("2026-03-04".to_owned(), 0)));
        assert_eq!(order(&["3.4.26", "4.4.26"], None), Ok(("2026-04-03".to_owned(), 1)));
        assert_eq!(order(&["26-11-21", "26-11-30"], None).unwrap_err().matches("first\"").count(), 2);
        let mixed = order(&["13/4/26", "4/14/26"], None).unwrap_err();
        assert!(
            mixed.contains("no one order") && mixed.contains("day first: 1 cannot be, the first in line 2"),
            "{mixed}"
        );
        assert!(order(&["2026/4/13"], Some(Order::DayFirst)).unwrap_err().contains("cannot be"));
        assert!(order(&["21/11/2569"], None).unwrap_err().contains("no one order"));
    }

    #[test]
    fn what_only_looks_like_a_chat_is_refused_and_broken_lines_cost_themselves() {
        let log = "2026-11-21 09:30:00 - started\n2026-11-21 09:30:01 - stopped\n";
        assert!(read_with(log, None).unwrap_err().to_string().contains("no line of it names an author"));
        for table in
            ["id,name\n1,a\n", "2026-11-21 09:30:00,a,b\n", "Hello\n", "", "[id],name\n", "1/2/2026;10:00;x - y\n"]
        {
            assert_eq!(form(table), None, "{table:?}");
        }
        let word = read_with("21/11/2026, 3:05 xyz - A: x\n", None).unwrap_err().to_string();
        assert!(word.contains("\"xyz\"") && word.contains("line 1"), "{word}");
        let text =
            "of a message cut off\n21/11/2026, 10:00 - A: x\n21/11/2026, 10:00 - A: y\n21/11/2026, 10:00 - A: z\n";
        let rows = read(text);
        assert!(rows[0].1.as_ref().unwrap_err().contains("before the first message"));
        assert_eq!(rows.len(), 4);
        // Stamps of another form are text, and said.
        let pasted = "21/11/2026, 10:00 - A: x\n[21/11/26, 10:00:00] B: hi\n";
        let (rows, notes) = read_with(pasted, None).unwrap();
        assert_eq!((rows.len(), notes.len()), (1, 2), "{notes:?}");
        let bad = "31/11/2026, 10:00 - A: x\n".to_owned() + &"21/11/2026, 10:00 - A: x\n".repeat(200);
        let (rows, _) = read_with(&bad, None).unwrap();
        assert!(rows[0].1.as_ref().unwrap_err().contains("is no time with the day first"), "{:?}", rows[0]);
    }

    #[test]
    fn text_that_is_not_utf_8_rejects_its_message() {
        let bytes = b"21/11/2026, 10:00 - A: \xff\n21/11/2026, 10:01 - A: y\n".to_vec();
        let source = || Ok::<Source, TableError>(Box::new(Cursor::new(bytes.clone())));
        let mut rows = open(source, form("21/11/2026, 10:00 - A").unwrap(), None, &mut Vec::new()).unwrap();
        let row = rows.next_row().unwrap().unwrap();
        assert_eq!(row.texts(&COLUMNS.map(str::to_owned)).unwrap_err(), ["\"text\" is not UTF-8"]);
        assert!(rows.next_row().unwrap().unwrap().fault.is_none());
    }

    fn any_time() -> impl Strategy<Value = DateTime> {
        (2010i16..=2068, 1i8..=12, 1i8..=28, 0i8..24, 0i8..60)
            .prop_map(|(year, month, day, hour, minute)| jiff::civil::date(year, month, day).at(hour, minute, 0, 0))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            messages in prop::collection::vec((any_time(), "[A-Za-z王芳é]{1,8}", "[a-z<>: 你\n]{0,20}"), 1..12),
            (pattern, order) in prop::sample::select(vec![
                ("%d/%m/%Y, %H:%M - ", Order::DayFirst),
                ("[%m/%d/%y, %-I:%M:%S %p] ", Order::MonthFirst),
                ("%d.%m.%y, %H:%M - ", Order::DayFirst),
                ("[%Y/%-m/%-d %p%-I:%M:%S] ", Order::YearFirst),
            ]),
        ) {
            let stamp = |time: &DateTime| time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().strftime(pattern).to_string();
            let lines: String =
                messages.iter().map(|(time, author, text)| format!("{}{author}: {text}\n", stamp(time))).collect();
            let (rows, _) = read_with(&lines, Some(order)).unwrap();
            prop_assert_eq!(rows.len(), messages.len());
            for ((_, row), (time, author, text)) in rows.into_iter().zip(&messages) {
                let [read, who, _, said] = row.unwrap();
                prop_assert_eq!((read, &who, said.trim_end()), (time.to_string(), author, text.trim_end()));
            }
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]0-9/.:, \u{200e}\u{202f}AaPpm下午年月日\n-]{0,60}", more in "\\PC{0,40}") {
            drop(read_with(&format!("{text}{more}"), None));
            drop(read_with(&format!("21/11/2026, 10:00 - A: {text}{more}"), None));
        }
    }
}
