//! What the columns of a file hold, told from every row with little memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use jiff::civil::DateTime;

use super::{
    super::{
        duration::{self, Form},
        number::{Decimal, Mark},
        zone,
    },
    dates::Dates,
    words::{MISSING, Phrase, ROLES},
};

/// Different values of a column are kept up to this many.
pub(super) const MAX_WORDS: usize = 200;
/// From this row on, only the likeliest few columns are still watched for repeated values: 20 bytes a row and column.
const WATCH_ALL: u64 = 100_000;
const WATCHED: usize = 3;
/// Values shown of a column.
const EXAMPLES: usize = 3;

/// What is known of a file.
#[derive(Debug)]
pub(super) struct Profile {
    /// Rows that could be read as such.
    pub(super) rows: u64,
    /// Its columns.
    pub(super) columns: Vec<ColumnProfile>,
    today: DateTime,
}

/// What is known of a column.
#[derive(Debug)]
pub(super) struct ColumnProfile {
    /// Its name.
    pub(super) name: String,
    /// Its name as it is compared.
    pub(super) phrase: Phrase,
    /// Rows with a value.
    pub(super) filled: u64,
    /// Rows without.
    pub(super) empty: u64,
    /// Texts that stand for no value.
    pub(super) missing: BTreeSet<&'static str>,
    /// The first different values.
    pub(super) examples: Vec<String>,
    /// Characters of the longest value.
    pub(super) longest: usize,
    /// Its dates.
    pub(super) dates: Dates,
    /// Numbers, and of which kind.
    pub(super) numbers: Numbers,
    /// Values by form.
    pub(super) forms: BTreeMap<&'static str, u64>,
    /// Values that show midnight to the second.
    pub(super) idle: u64,
    /// Every different value with its rows, unless there are too many.
    pub(super) words: Option<BTreeMap<String, u64>>,
    hashes: Option<HashSet<u64>>,
}

/// The numbers among the values of a column.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// All.
    pub(super) count: u64,
    /// Whole ones.
    pub(super) whole: u64,
    /// Those below zero.
    pub(super) negative: u64,
    /// With a comma before the fraction.
    pub(super) comma: u64,
    /// With a point before the fraction.
    pub(super) point: u64,
    /// At least 0 and below 1, with four digits or more behind the mark: parts of a day.
    pub(super) parts: u64,
    /// The smallest and the largest.
    pub(super) range: Option<(f64, f64)>,
    /// Those above zero: their sum.
    pub(super) sum: f64,
}

impl Profile {
    /// Of no row yet.
    pub(super) fn new(header: &[String], today: DateTime) -> Self {
        Self { rows: 0, columns: header.iter().map(|name| ColumnProfile::new(name)).collect(), today }
    }

    /// Takes a row into account.
    pub(super) fn see(&mut self, cells: impl Iterator<Item = impl AsRef<str>>) {
        self.rows += 1;
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.see(cell.as_ref(), self.today);
        }
        if self.rows == WATCH_ALL {
            self.watch_few();
        }
    }

    fn watch_few(&mut self) {
        let id = ROLES.iter().find(|role| role.name == "id");
        let mut watched: Vec<usize> =
            (0..self.columns.len()).filter(|place| self.columns[*place].is_unique()).collect();
        let fit = |place: &usize| id.map_or(0.0, |role| role.fit(&self.columns[*place].phrase));
        watched.sort_by(|one, other| fit(other).total_cmp(&fit(one)));
        for place in watched.into_iter().skip(WATCHED) {
            self.columns[place].hashes = None;
        }
    }
}

impl ColumnProfile {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            phrase: Phrase::of(name),
            filled: 0,
            empty: 0,
            missing: BTreeSet::new(),
            examples: Vec::new(),
            longest: 0,
            dates: Dates::default(),
            numbers: Numbers::default(),
            forms: BTreeMap::new(),
            idle: 0,
            words: Some(BTreeMap::new()),
            hashes: Some(HashSet::new()),
        }
    }

    /// Of one value.
    pub(super) fn of(text: &str, today: DateTime) -> Self {
        let mut column = Self::new("");
        column.see(text, today);
        column
    }

    fn see(&mut self, text: &str, today: DateTime) {
        let marker = MISSING.iter().find(|marker| **marker == text);
        if text.is_empty() || marker.is_some() {
            self.empty += 1;
            self.missing.extend(marker);
            return;
        }
        self.filled += 1;
        self.longest = self.longest.max(text.chars().count());
        if self.examples.len() < EXAMPLES && !self.examples.iter().any(|one| one == text) {
            self.examples.push(text.to_owned());
        }
        if let Some(hashes) = &mut self.hashes
            && !hashes.insert(hash(&[text]))
        {
            self.hashes = None;
        }
        if let Some(words) = &mut self.words {
            *words.entry(text.to_owned()).or_default() += 1;
            if words.len() > MAX_WORDS {
                self.words = None;
            }
        }
        self.idle += u64::from(matches!(text, "0:00:00" | "00:00:00"));
        self.numbers.see(text);
        self.dates.see(text, today);
        if let Some(form) = form_of(text) {
            *self.forms.entry(form).or_default() += 1;
        }
    }

    /// Whether no value stands in it twice, as far as it was watched.
    pub(super) fn is_unique(&self) -> bool {
        self.hashes.is_some() && self.filled > 0
    }

    /// How many values have a form.
    pub(super) fn has(&self, form: &str) -> u64 {
        self.forms.get(form).copied().unwrap_or_default()
    }

    /// Whether nearly all its values are such.
    pub(super) fn mostly(&self, count: u64) -> bool {
        self.filled > 0 && count * 10 >= self.filled * 9
    }

    /// The kinds that `words/columns.toml` speaks of.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        let mut kinds = Vec::new();
        let mut add = |kind, holds: bool| {
            if holds {
                kinds.push(kind)
            }
        };
        let is_number = self.mostly(self.numbers.count);
        let is_date = self.dates.count() * 10 >= self.filled * 6 && self.filled > 0;
        add("date", (is_date && !is_number) || self.looks_like_instant());
        add("date", is_number && is_date);
        add("clock", self.mostly(self.has("h:mm:ss") + self.has("mm:ss") + self.has("am/pm")));
        add("fraction", is_number && self.numbers.parts * 2 > self.filled);
        add("number", is_number);
        add("words_duration", self.mostly(self.has("duration") + self.has("h:mm:ss")) && !is_number);
        add("email", self.mostly(self.has("email")));
        add("phone", self.mostly(self.has("phone")));
        add("url", self.mostly(self.has("url")));
        add("zone", self.mostly(self.has("zone")));
        let few = self.words.as_ref().is_some_and(|words| words.len() <= 100);
        add("words", few && self.longest <= 64);
        add(
            "id",
            self.longest <= 128
                && (self.is_unique() || self.words.is_none() || self.has("uuid") > 0 || self.filled < 200),
        );
        add("text", !is_number && !is_date);
        add("any", true);
        kinds
    }

    /// Numbers that count from 1970, or the days of a spreadsheet where the name says that it is a date.
    pub(super) fn looks_like_instant(&self) -> bool {
        self.epoch().is_some() || self.is_serial()
    }

    /// The unit of numbers that count from 1970: all within 1990 to 2060.
    pub(super) fn epoch(&self) -> Option<&'static str> {
        let (_, high) = self.numbers.range.filter(|_| self.mostly(self.numbers.count))?;
        let average = self.numbers.sum / self.positive()?;
        let units = [("epoch s", 1.0), ("epoch ms", 1e3), ("epoch us", 1e6), ("epoch ns", 1e9)];
        let within = |unit: f64| (631e6 * unit..2.85e9 * unit).contains(&high) && average > 0.25 * high;
        units.into_iter().find(|(_, unit)| within(*unit)).map(|(name, _)| name)
    }

    /// Days of a spreadsheet: 1990 to 2060.
    pub(super) fn is_serial(&self) -> bool {
        self.mostly(self.numbers.count)
            && self.numbers.range.is_some_and(|(low, high)| low >= 32_874.0 && high < 58_440.0)
            && self.phrase.words().iter().any(|word| is_of_time(word))
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
    fn positive(&self) -> Option<f64> {
        let zeros = self.words.as_ref().and_then(|words| words.get("0")).copied().unwrap_or_default();
        let count = self.numbers.count.saturating_sub(self.numbers.negative + zeros);
        (count > 0).then_some(count as f64)
    }

    /// The average of its numbers above zero.
    pub(super) fn average(&self) -> Option<f64> {
        Some(self.numbers.sum / self.positive()?)
    }
}

fn is_of_time(word: &str) -> bool {
    let parts = [
        "date", "time", "datum", "zeit", "fecha", "hora", "data", "heure", "日期", "时间", "created", "opened",
        "closed",
    ];
    parts.iter().any(|part| word.contains(part))
}

impl Numbers {
    fn see(&mut self, text: &str) {
        let point = Decimal::read(text, Mark::Point);
        let number = match &point {
            Ok(number) => *number,
            Err(_) if text.contains(',') => match Decimal::read(text, Mark::Comma) {
                Ok(number) => number,
                Err(_) => return,
            },
            Err(_) => return,
        };
        self.count += 1;
        self.whole += u64::from(number.whole().is_some());
        let fraction = text.rsplit(['.', ',']).next().map_or(0, str::len);
        self.comma += u64::from(point.is_err());
        self.point += u64::from(point.is_ok() && text.contains('.'));
        let value = number.to_f64();
        self.negative += u64::from(value < 0.0);
        self.parts += u64::from((0.0..1.0).contains(&value) && fraction >= 4);
        let (low, high) = self.range.unwrap_or((value, value));
        self.range = Some((low.min(value), high.max(value)));
        self.sum += value.max(0.0);
    }
}

/// The form of a value, if it has one that is worth counting.
fn form_of(text: &str) -> Option<&'static str> {
    let reads = |form: Form| duration::read(&[form], Mark::Point, text).is_ok();
    if text.contains(':') {
        if reads(Form::HoursMinutesSeconds) {
            return Some("h:mm:ss");
        }
        if reads(Form::MinutesSeconds) {
            return Some("mm:ss");
        }
        if text.len() < 16 && super::super::calendar::has_half(text) {
            return Some("am/pm");
        }
        return text.starts_with("http").then_some("url");
    }
    if text.len() > 128 {
        return None;
    }
    if let Some((name, domain)) = text.split_once('@') {
        return (!name.is_empty() && domain.contains('.') && !text.contains(' ')).then_some("email");
    }
    if text.starts_with(|one: char| one.is_ascii_digit() || one == 'P') && reads(Form::Words) {
        return Some("duration");
    }
    if text.contains('/') && zone::named(text).is_some() {
        return Some("zone");
    }
    if uuid::Uuid::try_parse(text).is_ok() {
        return Some("uuid");
    }
    is_phone(text).then_some("phone")
}

/// Seven to fifteen digits as telephone numbers are written; bare digits only where they begin as such.
fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_written =
        text.chars().all(|one| one.is_ascii_digit() || matches!(one, '+' | '-' | ' ' | '(' | ')' | '/' | '.'));
    (7..=15).contains(&digits) && is_written && (text.starts_with(['+', '0', '(', '1']) || text.contains('-'))
}

/// A number for some cells; the same in every run.
pub(super) fn hash(cells: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    cells.hash(&mut hasher);
    hasher.finish()
}
