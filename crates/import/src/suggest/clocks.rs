//! When it happened: rules for the four instants from the columns of a file.

use super::{
    Trial,
    dates::{Found, Order},
    draft::{Draft, Line, list, quoted, shown},
    profile::{ColumnProfile, Profile},
    roles::Roles,
    words::meaning,
};
use crate::{duration, section::QUESTION};

/// The file's columns and what they hold.
pub(super) struct Columns<'a> {
    /// What is known of them.
    pub(super) profile: &'a Profile,
    /// What they hold.
    pub(super) roles: &'a Roles,
    /// Day or month first, where some column decides.
    pub(super) order: Option<Order>,
}

impl<'a> Columns<'a> {
    /// The column of a role.
    pub(super) fn get(&self, role: &str) -> Option<&'a ColumnProfile> {
        self.roles.column(role).map(|place| &self.profile.columns[place])
    }
}

/// What is said of a column: why it is taken, and three of its values.
pub(super) fn said(column: &ColumnProfile, why: &str) -> String {
    let examples: Vec<_> = column.examples.iter().map(|text| shown(text)).collect();
    let empty = match column.empty {
        0 => String::new(),
        empty => format!(", empty in {empty} rows"),
    };
    format!("{}: {why}{empty}; e.g. {}", shown(&column.name), examples.join(", "))
}

/// A rule for an instant, and what is said of it.
#[derive(Debug, Clone)]
struct Rule {
    value: String,
    comments: Vec<String>,
}

/// The rules of the four instants.
#[derive(Debug, Default)]
pub(super) struct Instants {
    rules: [Vec<Rule>; 4],
    guards: [Vec<(&'static str, &'static str, String)>; 4],
    /// Times of day of one date.
    roll_over: bool,
}

const NAMES: [&str; 4] = crate::mapping::INSTANTS;
const SECTIONS: [&str; 4] =
    ["interaction.arrived_time", "interaction.requested_time", "interaction.connected_time", "interaction.ended_time"];

/// A time that a column tells, as the inside of a rule.
pub(super) fn told(columns: &Columns<'_>, column: &ColumnProfile) -> (String, Vec<String>, Found) {
    let name = format!("column = {}", quoted(&column.name));
    if let Some(unit) = column.epoch() {
        let zero = column.words.as_ref().is_some_and(|words| words.contains_key("0"))
            || column.numbers.range.is_some_and(|(low, _)| low == 0.0);
        let missing = if zero { ", missing = \"0\"" } else { "" };
        let found = Found { has_time: true, is_absolute: true, ..Found::default() };
        let why = format!("{} since 1970", unit.replace("epoch ", ""));
        return (format!("{name}, format = \"{unit}\"{missing}"), vec![said(column, &why)], found);
    }
    if column.is_serial() {
        let has_time = column.numbers.whole < column.numbers.count;
        let found = Found { has_time, ..Found::default() };
        return (format!("{name}, format = \"excel\""), vec![said(column, "days of a spreadsheet")], found);
    }
    let found = column.dates.found(columns.order);
    let mut comments = vec![said(column, "a date")];
    if !found.open.is_empty() {
        comments.push(format!(
            "QUESTION: which number is the day? No value decides. Put one of these in the place of \"?\": {}",
            found.open.iter().map(|format| quoted(format)).collect::<Vec<_>>().join(" or ")
        ));
        return (format!("{name}, format = \"{QUESTION}\""), comments, found);
    }
    if let Some((order, why)) = found.order {
        let order = if order == Order::DayFirst { "the day" } else { "the month" };
        comments.push(format!("{order} comes first: {why}."));
    }
    if found.unread > 0 {
        comments.push(format!("{} values have another form; their rows are rejected with the reason.", found.unread));
    }
    let format = if found.formats.is_empty() { String::new() } else { format!(", format = {}", list(&found.formats)) };
    (format!("{name}{format}"), comments, found)
}

/// The duration in a column as the inside of a rule, and whether the unit is a guess.
pub(super) fn lasting(column: &ColumnProfile, role: &str) -> (String, Vec<String>) {
    let name = format!("column = {}", quoted(&column.name));
    let (clock, pair, words) = (column.has("h:mm:ss"), column.has("mm:ss"), column.has("duration"));
    let mut formats: Vec<String> = Vec::new();
    let mut comments = Vec::new();
    if column.numbers.count > 0 {
        let (unit, question) = unit_of(column, role);
        formats.push(unit.to_owned());
        comments.extend(question);
    }
    if clock > 0 {
        formats.push("h:mm:ss".to_owned());
    }
    if pair > 0 {
        formats.push("mm:ss".to_owned());
        comments.push(
            "QUESTION: are these minutes and seconds, as is taken here, or hours and minutes (\"h:mm\")?".to_owned(),
        );
    }
    if words > 0 {
        formats.push("words".to_owned());
    }
    comments.insert(0, said(column, "a duration"));
    if column.numbers.negative > 0 {
        comments.push(format!("{} are negative; their rows are rejected.", column.numbers.negative));
    }
    (format!("{name}, format = {}", list(&formats)), comments)
}

/// Durations up to so many days are allowed where few are longer than rules allow: matters stay open for years.
const LONGEST_DAYS: f64 = 3_660.0;

/// The longest duration among a column's numbers, in days.
fn longest(column: &ColumnProfile, role: &str) -> Option<f64> {
    let days = match unit_of(column, role).0 {
        "ms" => 86_400e3,
        "s" => 86_400.0,
        "min" => 1_440.0,
        "h" => 24.0,
        _ => 1.0,
    };
    let (_, high) = column.numbers.range?;
    Some((high / days).ceil()).filter(|days| *days <= LONGEST_DAYS)
}

/// The unit of a column's numbers: by its name, else by their size.
fn unit_of(column: &ColumnProfile, role: &str) -> (&'static str, Option<String>) {
    const NAMED: [(&str, i128); 5] = [
        ("s", duration::SECOND),
        ("ms", duration::SECOND / 1_000),
        ("min", 60 * duration::SECOND),
        ("h", 3_600 * duration::SECOND),
        ("d", 86_400 * duration::SECOND),
    ];
    let words = column.phrase.words();
    let last = words.len().saturating_sub(1);
    let named = words.iter().enumerate().rev().find_map(|(place, word)| {
        let word = word.strip_suffix("数").unwrap_or(word);
        // One letter is a unit at the end only.
        let nanos =
            duration::unit_of(word).filter(|_| word.chars().count() > 1 || !word.is_ascii() || place == last)?;
        NAMED.iter().find(|(_, unit)| *unit == nanos).map(|(name, _)| *name)
    });
    if let Some(unit) = named {
        return (unit, None);
    }
    if column.numbers.parts * 2 > column.filled {
        return ("d", Some("Parts of a day, as spreadsheets write durations.".to_owned()));
    }
    if words.iter().any(|word| word == "billsec") {
        return ("s", None);
    }
    let average = column.average().unwrap_or_default();
    let is_long = role == "total" && average > 400_000.0;
    let unit = if average > 50_000.0 && !is_long { "ms" } else { "s" };
    let name = if unit == "s" { "seconds" } else { "milliseconds" };
    let question = format!(
        "QUESTION: the column does not name its unit; {name} are taken (on average {average:.0}). Other units: s, ms, min, h, d."
    );
    (unit, Some(question))
}

impl Instants {
    /// What the columns tell.
    pub(super) fn of(columns: &Columns<'_>) -> Self {
        let mut instants = Self::default();
        for (place, role) in [(0, "arrived"), (1, "requested"), (2, "connected"), (3, "ended")] {
            instants.tell(columns, place, role);
        }
        instants.tell_by_day(columns);
        instants.relate(columns);
        instants
    }

    fn tell(&mut self, columns: &Columns<'_>, place: usize, role: &str) {
        let Some(column) = columns.get(role) else { return };
        let (mut value, mut comments, found) = told(columns, column);
        if role == "requested"
            && !found.has_time
            && let Some(clock) = columns.get("time_of_day")
        {
            value += &time_of_day(clock);
            comments.push(said(clock, "its time of day"));
        }
        if !found.is_absolute && found.open.is_empty() && place == 1 {
            comments.push("QUESTION: in which time zone are these times? The organisation's is taken; to say otherwise, set time_zone at the top.".to_owned());
        }
        self.rules[place].push(Rule { value: format!("{{ {value} }}"), comments });
    }

    /// Other times of day beside the one date.
    fn tell_by_day(&mut self, columns: &Columns<'_>) {
        let Some(day) = columns.get("requested").filter(|day| !told(columns, day).2.has_time) else { return };
        let (value, ..) = told(columns, day);
        for (place, role) in [(0, "arrived_time_of_day"), (2, "connected_time_of_day"), (3, "ended_time_of_day")] {
            let Some(clock) = columns.get(role).filter(|_| self.rules[place].is_empty()) else { continue };
            let value = format!("{{ {value}{} }}", time_of_day(clock));
            self.rules[place].push(Rule { value, comments: vec![said(clock, "a time of day")] });
            self.roll_over = true;
        }
        // Beside times of day the bare day would be read as a request at midnight.
        if self.roll_over && columns.get("time_of_day").is_none() {
            self.rules[1].clear();
        }
    }

    /// What durations tell.
    fn relate(&mut self, columns: &Columns<'_>) {
        let served = when(columns, &["answered"]);
        let lost = when(columns, &["abandoned", "no_answer"]);
        let [_, requested, connected, ended] = self.rules.each_ref().map(|rules| !rules.is_empty());
        if !requested && !connected && !ended {
            return;
        }
        if !requested
            && ended
            && let Some(total) = columns.get("total")
        {
            self.add(1, "before", "ended_time", Some((total, "total")), "");
        }
        if !connected && let Some(wait) = columns.get("wait") {
            self.add(2, "after", "requested_time", Some((wait, "wait")), &served);
        } else if !connected && let (Some(talk), true) = (columns.get("talk"), ended || columns.get("total").is_some())
        {
            self.add(2, "before", "ended_time", Some((talk, "talk")), &served);
        }
        if !ended {
            let has_connected = !self.rules[2].is_empty();
            match (columns.get("talk"), columns.get("total")) {
                (Some(talk), _) if has_connected && self.is_told_forward() => {
                    self.add(3, "after", "connected_time", Some((talk, "talk")), "");
                    if let Some(wait) = columns.get("wait").filter(|_| !lost.is_empty() && !connected) {
                        self.add(3, "after", "requested_time", Some((wait, "wait")), &lost);
                    }
                }
                (_, Some(total)) => self.add(3, "after", "requested_time", Some((total, "total")), ""),
                (Some(talk), None) => self.add(3, "after", "requested_time", Some((talk, "talk")), ""),
                (None, None) => {}
            }
        }
        if self.rules[2].len() == 1 && connected && !when(columns, &["abandoned"]).is_empty() {
            // Nobody served a contact that was abandoned, whatever the file has there.
            let rule = &mut self.rules[2][0];
            if !served.is_empty() {
                rule.value = rule.value.trim_end_matches(" }").to_owned() + &served + " }";
            }
        }
    }

    fn is_told_forward(&self) -> bool {
        self.rules[2].iter().all(|rule| !rule.value.contains("before ="))
    }

    fn add(&mut self, place: usize, key: &str, other: &str, duration: Option<(&ColumnProfile, &str)>, when: &str) {
        let (inside, comments) = match duration {
            Some((column, role)) => lasting(column, role),
            None => (String::new(), Vec::new()),
        };
        let value = format!("{{ {key} = \"{other}\", {inside}{when} }}");
        self.rules[place].push(Rule { value, comments });
    }

    /// Whether any instant is known.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.iter().all(Vec::is_empty)
    }

    /// The first instant that is known of the latest kind, for what happened at the end.
    pub(super) fn last(&self) -> Option<&'static str> {
        (0..4).rev().find(|place| !self.rules[*place].is_empty()).map(|place| NAMES[place])
    }

    /// Tells the end by another rule, for files that say nothing else of it.
    pub(super) fn end_by(&mut self, value: String, comments: Vec<String>) {
        self.rules[3].push(Rule { value, comments });
    }

    /// Counts an instant as missing where it contradicts another one.
    pub(super) fn guard(&mut self, place: usize, key: &'static str, other: &'static str, why: String) {
        if !self.guards[place].iter().any(|(known, ..)| *known == key) {
            self.guards[place].push((key, other, why));
        }
    }

    /// Allows durations of more than a year where the trial found a few; says whether anything changed.
    pub(super) fn lengthen(&mut self, columns: &Columns<'_>, trial: &Trial) -> bool {
        let mut changed = false;
        for (name, rules) in NAMES.iter().zip(&mut self.rules) {
            let rows = trial.count(&format!("{name}: "), "is longer than a rule allows");
            // Many are another unit than was taken.
            if rows == 0 || rows * 20 > trial.read {
                continue;
            }
            for role in ["wait", "talk", "total"] {
                let Some(column) = columns.get(role) else { continue };
                let named = format!("column = {},", quoted(&column.name));
                let rule = rules.iter_mut().find(|rule| rule.value.contains(&named));
                let (Some(rule), Some(days)) = (rule, longest(column, role)) else { continue };
                let open = rule.value.strip_suffix(" }").unwrap_or(&rule.value);
                rule.value = format!("{open}, longest = \"{days} d\" }}");
                rule.comments.push(format!("{rows} rows have more than 366 days; without longest they are rejected."));
                changed = true;
            }
        }
        changed
    }

    /// Writes the rules.
    pub(super) fn write(&self, draft: &mut Draft) {
        if self.roll_over {
            let line = Line::new("roll_over_at_midnight", "true")
                .saying("One date and several times of day: what is earlier by more than 12 hours is of the next day.");
            draft.add("interaction", line);
        }
        for (place, rules) in self.rules.iter().enumerate().filter(|(_, rules)| !rules.is_empty()) {
            let values: Vec<_> = rules.iter().map(|rule| rule.value.clone()).collect();
            let value = if let [one] = values.as_slice() {
                one.clone()
            } else {
                format!("[\n    {},\n]", values.join(",\n    "))
            };
            let comments = rules.iter().flat_map(|rule| rule.comments.clone());
            draft.add(SECTIONS[place], Line::new("from", value).saying_all(comments));
            for (key, other, why) in &self.guards[place] {
                draft.add(SECTIONS[place], Line::new(*key, format!("\"{other}\"")).saying(why.clone()));
            }
        }
    }
}

fn time_of_day(clock: &ColumnProfile) -> String {
    let mut formats = Vec::new();
    if clock.numbers.parts * 2 > clock.filled {
        formats.push("d".to_owned());
    }
    for (form, name) in [("h:mm:ss", "h:mm:ss"), ("mm:ss", "h:mm"), ("am/pm", "h:mm am/pm")] {
        if clock.has(form) > 0 {
            formats.push(name.to_owned());
        }
    }
    // A clock of which a good part of the rows shows midnight to the second was not looked at.
    let missing = if clock.idle * 20 > clock.filled { ", missing = [\"0:00:00\", \"00:00:00\"]" } else { "" };
    format!(", time_of_day = {{ column = {}, format = {} }}{missing}", quoted(&clock.name), list(&formats))
}

/// The condition that a row's outcome has one of some meanings.
pub(super) fn when(columns: &Columns<'_>, meanings: &[&str]) -> String {
    let Some(column) = columns.get("outcome") else { return String::new() };
    let words = outcome_words(column).into_iter().filter(|(_, outcome)| meanings.contains(&outcome.as_str()));
    let words: Vec<_> = words.map(|(word, _)| word).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(", when = {{ {} = {} }}", super::draft::key(&column.name), list(&words))
    }
}

/// What the words of an outcome's column mean.
pub(super) fn outcome_words(column: &ColumnProfile) -> Vec<(String, String)> {
    let is_about_loss = column.phrase.words().iter().any(|word| word.starts_with("abandon") || word.contains("放弃"));
    let words = column.words.iter().flatten().map(|(word, _)| {
        let yes_no = meaning("yes_no", word).map(|yes| match (yes == "yes", is_about_loss) {
            (true, true) | (false, false) => "abandoned",
            (true, false) | (false, true) => "answered",
        });
        (word.clone(), meaning("outcome", word).or(yes_no).unwrap_or("").to_owned())
    });
    words.collect()
}
