//! Which format a column's dates have: every shape of its values is tried with every format, and what fits stays.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::civil::DateTime;

use super::super::{
    calendar,
    instant::{Format, Reading},
};

/// A format that may be suggested.
struct Known {
    text: String,
    /// What stands between its numbers.
    literals: Vec<char>,
    format: Format,
    has_time: bool,
}

/// Formats are put together from the parts in `words/dates.txt`.
static FORMATS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let parts = parts(include_str!("../words/dates.txt"));
    let of = |key: &str| parts.get(key).cloned().unwrap_or_default();
    let mut formats = Vec::new();
    for date in of("dates") {
        push(&mut formats, date.to_owned(), false);
        for time in of("times") {
            for join in of("joins") {
                let is_compact = time.starts_with("%H%M");
                let is_close = date.ends_with('日') || (is_compact && (date == "%Y%m%d" || date == "%y%m%d"));
                if (join == "none" && !is_close) || (is_compact && date.contains(['/', '-', '.'])) {
                    continue;
                }
                for zone in of("zones") {
                    push(&mut formats, format!("{date}{}{time}{}", literal(join), literal(zone)), true);
                }
            }
        }
    }
    formats
});

fn push(formats: &mut Vec<Known>, text: String, has_time: bool) {
    if let Ok(format) = Format::named(&text) {
        let mut letters = text.chars();
        let mut literals = Vec::new();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => drop(letters.next().filter(|next| *next == '.').and_then(|_| letters.next())),
                ' ' => {}
                letter => literals.push(letter),
            }
        }
        formats.push(Known { text, literals, format, has_time });
    }
}

fn literal(part: &str) -> &str {
    match part {
        "none" => "",
        "space" => " ",
        "comma" => ", ",
        "dash" => " - ",
        "at" => " at ",
        "space %z" => " %z",
        "space UTC" => " UTC",
        "space GMT" => " GMT",
        part => part,
    }
}

fn parts(text: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut key = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_suffix(':') {
            Some(name) => key = name,
            None => parts.entry(key).or_default().push(line),
        }
    }
    parts
}

/// The shapes of a column's values, at most so many: what has more has no dates.
const MAX_SHAPES: usize = 24;
/// Longer texts are no dates.
const MAX_CHARS: usize = 48;

/// What is known of the dates in a column.
#[derive(Debug, Default)]
pub(super) struct Dates {
    shapes: BTreeMap<String, Shape>,
    /// Values that are no dates, or too many kinds of them.
    pub(super) others: u64,
}

#[derive(Debug, Default)]
struct Shape {
    count: u64,
    candidates: Vec<Candidate>,
}

/// A format that fits some values of a shape. None: the standard form.
#[derive(Debug)]
struct Candidate {
    format: Option<usize>,
    fits: u64,
    /// Sum of what it read, to see whether two formats read the same.
    sum: i128,
    last: Option<DateTime>,
    rising: u64,
    falling: u64,
    future: u64,
    midnights: u64,
}

impl Candidate {
    fn read(&self, text: &str) -> Option<Reading> {
        let format = self.format.map_or(&Format::Standard, |place| &FORMATS[place].format);
        format.read(text).ok()
    }

    fn count(&mut self, reading: Reading, today: DateTime) {
        let local = match reading {
            Reading::Local(local) => local,
            Reading::Absolute(instant) => jiff::tz::TimeZone::UTC.to_datetime(instant),
        };
        self.fits += 1;
        self.sum += i128::from(local.date().year()) * 400 + i128::from(local.date().day_of_year());
        self.midnights += u64::from(local.time() == jiff::civil::Time::midnight());
        self.future += u64::from(local.date() > today.date());
        if let Some(last) = self.last {
            self.rising += u64::from(local > last);
            self.falling += u64::from(local < last);
        }
        self.last = Some(local);
    }

    fn order(&self) -> Option<Order> {
        let text = FORMATS.get(self.format?)?.text.as_str();
        let place = |directive: &str| text.find(directive);
        let (day, month) = (place("%d")?, place("%m")?);
        Some(if day < month { Order::DayFirst } else { Order::MonthFirst })
            .filter(|_| !text.starts_with("%Y") && !text.starts_with("%y"))
    }

    /// How far the rows are in the order of these dates, either way: the smaller, the more.
    fn disorder(&self) -> u64 {
        self.rising.min(self.falling)
    }
}

/// Which of two numbers comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// 21/11/2026
    DayFirst,
    /// 11/21/2026
    MonthFirst,
}

/// What a column's dates look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Formats, as a mapping writes them; empty: the standard form.
    pub(super) formats: Vec<String>,
    /// Whether they have a time of day, and not always midnight.
    pub(super) has_time: bool,
    /// Whether all name an offset from UTC.
    pub(super) is_absolute: bool,
    /// Which number comes first, and why, where that had to be told.
    pub(super) order: Option<(Order, &'static str)>,
    /// Formats between which no value decides.
    pub(super) open: Vec<String>,
    /// Values that have none of these formats.
    pub(super) unread: u64,
}

impl Dates {
    /// Takes a value into account.
    pub(super) fn see(&mut self, text: &str, today: DateTime) {
        if text.len() > MAX_CHARS || !may_be_date(text) {
            self.others += 1;
            return;
        }
        let shape = shape_of(text);
        if !self.shapes.contains_key(&shape) {
            if self.shapes.len() == MAX_SHAPES {
                self.others += 1;
                return;
            }
            self.shapes.insert(shape.clone(), Shape { count: 0, candidates: candidates(text) });
        }
        let Some(shape) = self.shapes.get_mut(&shape) else { return };
        shape.count += 1;
        // The first value of a shape may be the bad one: what fits a later one is let in.
        if shape.candidates.is_empty() && shape.count < 4 {
            shape.candidates = candidates(text);
        }
        for candidate in &mut shape.candidates {
            if let Some(reading) = candidate.read(text) {
                candidate.count(reading, today);
            }
        }
    }

    /// Values that are dates by some format.
    pub(super) fn count(&self) -> u64 {
        self.shapes.values().map(|shape| shape.candidates.iter().map(|one| one.fits).max().unwrap_or_default()).sum()
    }

    /// The order that the values of some shape decide.
    pub(super) fn decided(&self) -> Option<Order> {
        let orders = self.shapes.values().filter_map(|shape| {
            let best = shape.best();
            let first = best.first()?.order()?;
            best.iter().all(|one| one.order() == Some(first)).then_some(first)
        });
        let orders: Vec<_> = orders.collect();
        orders.first().copied().filter(|first| orders.iter().all(|order| order == first))
    }

    /// The formats to suggest; `decided` is the order that other columns of the file have.
    pub(super) fn found(&self, decided: Option<Order>) -> Found {
        let mut found = Found { is_absolute: true, ..Found::default() };
        let mut shapes: Vec<_> = self.shapes.values().filter(|shape| !shape.candidates.is_empty()).collect();
        shapes.sort_by_key(|shape| std::cmp::Reverse(shape.count));
        let own = self.decided();
        let total: u64 = self.shapes.values().map(|shape| shape.count).sum();
        for shape in &shapes {
            let best = shape.best();
            let Some(first) = best.first() else { continue };
            let (chosen, why) = if best.iter().all(|one| one.sum == first.sum) {
                (*first, own.map(|_| "values above 12 decide"))
            } else if let Some((chosen, why)) = choose(&best, own, decided) {
                (chosen, Some(why))
            } else {
                found.open.extend(best.iter().filter_map(|one| Some(FORMATS[one.format?].text.clone())));
                continue;
            };
            if found.order.is_none() {
                found.order = chosen.order().zip(why);
            }
            found.take(chosen);
        }
        let fits: u64 =
            shapes.iter().map(|shape| shape.candidates.iter().map(|one| one.fits).max().unwrap_or_default()).sum();
        found.unread = self.others + total - fits;
        // Without any other, the standard form needs no mention.
        if found.formats == [STANDARD] {
            found.formats.clear();
        }
        found
    }
}

/// The standard form among others, as a pattern.
const STANDARD: &str = "standard";

impl Found {
    fn take(&mut self, candidate: &Candidate) {
        let (text, has_time) = match candidate.format {
            None => (STANDARD.to_owned(), true),
            Some(place) => (FORMATS[place].text.clone(), FORMATS[place].has_time),
        };
        let has_zone = text == STANDARD || text.contains("%z");
        self.is_absolute &= has_zone;
        self.has_time |= has_time && candidate.midnights < candidate.fits;
        if !self.formats.contains(&text) {
            self.formats.push(text);
        }
    }
}

impl Shape {
    /// The formats that fit the most values, and do not put a good part of them into the future.
    fn best(&self) -> Vec<&Candidate> {
        let most = self.candidates.iter().map(|one| one.fits).max().unwrap_or_default();
        let best: Vec<_> = self.candidates.iter().filter(|one| one.fits == most && most > 0).collect();
        let past: Vec<_> = best.iter().copied().filter(|one| one.future == 0).collect();
        if past.is_empty() { best } else { past }
    }
}

fn choose<'a>(
    best: &[&'a Candidate],
    own: Option<Order>,
    others: Option<Order>,
) -> Option<(&'a Candidate, &'static str)> {
    let by_order = |order: Order| best.iter().copied().find(|one| one.order() == Some(order));
    if let Some(chosen) = own.and_then(by_order) {
        return Some((chosen, "other values of the column decide"));
    }
    if let Some(chosen) = others.and_then(by_order) {
        return Some((chosen, "other columns of the file decide"));
    }
    // A file is mostly in the order of its dates: read the wrong way round they jump.
    let mut sorted: Vec<_> = best.to_vec();
    sorted.sort_by_key(|one| one.disorder());
    let [first, second, ..] = sorted.as_slice() else { return None };
    let is_long = first.rising + first.falling >= 10;
    (is_long && first.disorder() * 20 <= first.rising + first.falling && second.disorder() > 3 * first.disorder() + 3)
        .then_some((*first, "read so the rows are in the order of time"))
}

/// Three numbers, of which one may be the name of a month, or one of six digits and more.
fn may_be_date(text: &str) -> bool {
    let text = calendar::plain(text);
    let digits = |part: &&str| !part.is_empty();
    let runs: Vec<_> = text.split(|one: char| !one.is_ascii_digit()).filter(digits).collect();
    let mut words = text.split(|one: char| !one.is_alphabetic());
    match runs.len() {
        0 => false,
        1 => runs[0].len() >= 6,
        2 => words.any(calendar::is_month) || runs[0].len() >= 6,
        count => count <= 9,
    }
}

fn candidates(text: &str) -> Vec<Candidate> {
    let plain = calendar::plain(text);
    let has_all = |place: &usize| FORMATS[*place].literals.iter().all(|literal| plain.contains(*literal));
    let standard = std::iter::once(None);
    let all = standard.chain((0..FORMATS.len()).filter(has_all).map(Some)).map(|format| Candidate {
        format,
        fits: 0,
        sum: 0,
        last: None,
        rising: 0,
        falling: 0,
        future: 0,
        midnights: 0,
    });
    let fitting: Vec<_> = all.filter(|one| one.read(text).is_some()).collect();
    if fitting.first().is_some_and(|one| one.format.is_none()) {
        fitting.into_iter().take(1).collect()
    } else {
        fitting
    }
}

/// Digits as 9 and words as what they are, so that values of one format have few shapes.
fn shape_of(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_same = |one: char| {
            if first.is_ascii_digit() { one.is_ascii_digit() } else { first.is_alphabetic() && one.is_alphabetic() }
        };
        let end = rest
            .find(|one: char| !is_same(one))
            .filter(|end| *end > 0)
            .unwrap_or_else(|| if is_same(first) { rest.len() } else { first.len_utf8() });
        let word = &rest[..end];
        match () {
            () if first.is_ascii_digit() => {
                shape.push_str(if word.len() > 4 { "99999" } else { &"9999"[..word.len()] })
            }
            () if !first.is_alphabetic() => shape.push(first),
            () if calendar::is_month(word) => shape.push('M'),
            () if word.is_ascii() && word.len() > 2 => shape.push('w'),
            () => shape.push_str(word),
        }
        rest = &rest[end..];
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str]) -> Found {
        let mut dates = Dates::default();
        let today = "2026-11-29T00:00:00".parse().unwrap();
        values.iter().for_each(|value| dates.see(value, today));
        dates.found(None)
    }

    #[test]
    fn formats_are_found() {
        for (values, formats) in [
            (&["2026-11-21 09:30:00", "2026-11-21T09:30:00Z"][..], &[][..]),
            (&["21/11/2026 9:05", "1/2/2026 10:00"], &["%d/%m/%Y %H:%M"]),
            (&["11/21/2026 9:05 PM"], &["%m/%d/%Y %I:%M %p"]),
            (&["21.11.2026"], &["%d.%m.%Y"]),
            (&["21-Nov-26", "1-Dec-25"], &["%d-%b-%y"]),
            (&["3. März 2026 14:05"], &["%d. %b %Y %H:%M"]),
            (&["2026年11月21日 下午3:05"], &["%Y年%m月%d日 %p%I:%M"]),
            (&["2026/3/1 8:05:09"], &["%Y/%m/%d %H:%M:%S"]),
            (&["21/Nov/26 3:05 PM"], &["%d/%b/%y %I:%M %p"]),
            (&["2026-11-21T09:30:00.123+0200"], &[]),
        ] {
            assert_eq!(found(values).formats, formats, "{values:?}");
        }
        assert!(found(&["hello", "5 apples"]).formats.is_empty() && found(&["hello"]).unread == 1);
    }

    #[test]
    fn day_or_month_first_is_asked_where_nothing_decides() {
        let open = found(&["01/02/2026", "03/04/2026"]);
        assert_eq!(open.open, ["%d/%m/%Y", "%m/%d/%Y"]);
        // December is still to come.
        assert_eq!(found(&["01/12/2026"]).formats, ["%m/%d/%Y"]);
        // In the order of time one way, jumping the other.
        let days: Vec<String> =
            (1..=12).flat_map(|month| [1, 5, 9].map(|day| format!("{day:02}/{month:02}/2025"))).collect();
        let days: Vec<&str> = days.iter().map(String::as_str).collect();
        let found = found(&days);
        assert_eq!(
            (found.formats, found.order.map(|order| order.0)),
            (vec!["%d/%m/%Y".to_owned()], Some(Order::DayFirst))
        );
    }
}
