//! When something happened, by one or several rules: a time that the file tells, or a duration before or behind another one.

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::Time,
    tz::{Offset, TimeZone},
};

use super::{
    field::{Conditions, Missing, Shared},
    instant::{Format, Reading},
    names::Durations,
    number::Mark,
    section::{Column, Section},
    table::Row,
    zone,
};

/// When something happened, by one or several rules; the first that yields a time wins. Without rules it is never known.
#[derive(Debug, Clone, Default)]
pub struct InstantField {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    when: Conditions,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Told(ToldRule),
    Relative(RelativeRule),
}

/// How a row yields a time.
#[derive(Debug, Clone, Copy)]
pub enum Plan<'a> {
    /// By what stands in it.
    Told(&'a ToldRule),
    /// By another of its instants.
    Relative(&'a RelativeRule),
}

impl InstantField {
    /// The rules under a key of a section. `others` are the instants that they may refer to.
    pub fn of(section: &Section<'_>, key: &'static str, shared: &Shared, others: &'static [&'static str]) -> Self {
        let rules = section.tables(key, |rule| {
            let when = Conditions::of(rule);
            let is_relative = !others.is_empty() && (rule.has("after") || rule.has("before"));
            let source = if is_relative {
                Source::Relative(RelativeRule::of(rule, shared, others)?)
            } else {
                Source::Told(ToldRule::of(rule, shared)?)
            };
            Some(Rule { when, source })
        });
        Self { rules: rules.into_iter().flatten().collect() }
    }

    /// The first rule that yields a time; `is_known` says whether another instant is known.
    pub fn plan(&self, row: &Row<'_>, mut is_known: impl FnMut(usize) -> bool) -> Option<Plan<'_>> {
        let applying = self.rules.iter().filter(|rule| rule.when.hold(row));
        applying.into_iter().find_map(|rule| match &rule.source {
            Source::Told(told) => told.yields(row).then_some(Plan::Told(told)),
            Source::Relative(relative) => {
                (relative.yields(row) && is_known(relative.other)).then_some(Plan::Relative(relative))
            }
        })
    }

    /// The row's instant, or why it cannot be read; `others` are the instants that it may refer to.
    pub fn value(
        &self,
        row: &Row<'_>,
        default: &TimeZone,
        others: &[Option<Timestamp>],
    ) -> Result<Option<Timestamp>, String> {
        let other = |place: usize| others.get(place).copied().flatten();
        match self.plan(row, |place| other(place).is_some()) {
            None => Ok(None),
            Some(Plan::Told(rule)) => {
                let told = rule.read(row)?;
                let [instant] = zone::resolve([Some((told.reading, told.zone.as_ref().unwrap_or(default)))]).instants;
                instant.transpose()
            }
            Some(Plan::Relative(rule)) => other(rule.other).map(|other| rule.read(row, other)).transpose(),
        }
    }

    /// The row's instant, which is told; of a local time that the clocks showed twice, the one not before another instant.
    pub(crate) fn value_after(
        &self,
        row: &Row<'_>,
        default: &TimeZone,
        before: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, String> {
        let Some(Plan::Told(rule)) = self.plan(row, |_| false) else { return Ok(None) };
        let told = rule.read(row)?;
        let zone = told.zone.as_ref().unwrap_or(default);
        let before = before.map(|before| (Reading::Absolute(before), zone));
        let [_, instant] = zone::resolve([before, Some((told.reading, zone))]).instants;
        instant.transpose()
    }

    /// The places of the instants to which its rules refer; none if one of them needs no other.
    pub fn needs(&self) -> Option<Vec<usize>> {
        let places = self.rules.iter().map(|rule| match &rule.source {
            Source::Told(_) => None,
            Source::Relative(relative) => Some(relative.other),
        });
        places.collect()
    }
}

/// What stands in a row about a time.
#[derive(Debug, Clone)]
pub struct Told {
    /// The time.
    pub reading: Reading,
    /// The zone that the rule or the row names for local times.
    pub zone: Option<TimeZone>,
    /// The offset that the row names, besides UTC itself.
    pub offset: Option<Offset>,
}

/// A time in one or several columns.
#[derive(Debug, Clone)]
pub struct ToldRule {
    columns: Vec<Column>,
    formats: Vec<Format>,
    missing: Missing,
    mark: Mark,
    time_of_day: Option<(Column, Durations)>,
    zone: ZoneRule,
}

#[derive(Debug, Clone)]
enum ZoneRule {
    Default,
    Fixed(TimeZone),
    Column(Column),
}

impl ToldRule {
    fn of(section: &Section<'_>, shared: &Shared) -> Option<Self> {
        let mut columns = section.columns("columns");
        columns.extend(section.column("column"));
        if section.has("column") == section.has("columns") {
            section.own_problem("needs either column or columns");
        }
        let patterns = section.texts("format");
        let named = |text: &String| Format::named(text).map_err(|fault| section.problem("format", fault)).ok();
        let formats: Vec<_> = patterns.iter().filter_map(named).collect();
        let formats = if section.has("format") { formats } else { vec![Format::Standard] };
        let time_of_day = section.table("time_of_day", |time| {
            let durations = Durations::of(time, shared.mark);
            if !time.has("column") {
                time.problem("column", "must be given");
            }
            Some((time.column("column")?, durations))
        });
        let zone = ZoneRule::of(section);
        let rule = Self {
            columns,
            formats,
            missing: shared.missing.and_of(section),
            mark: shared.mark,
            time_of_day: time_of_day.flatten(),
            zone,
        };
        (!rule.columns.is_empty() && !rule.formats.is_empty()).then_some(rule)
    }

    fn yields(&self, row: &Row<'_>) -> bool {
        let mut columns = self.columns.iter().chain(self.time_of_day.iter().map(|(column, _)| column));
        columns.all(|column| !self.missing.has(row.cell(column)))
    }

    /// What the row says, or why it cannot be read.
    pub fn read(&self, row: &Row<'_>) -> Result<Told, String> {
        let text = self.columns.iter().map(|column| row.cell(column)).collect::<Vec<_>>().join(" ");
        let mut faults = Vec::new();
        let read = self.formats.iter().find_map(|format| match format.read_with_offset(&text, self.mark) {
            Ok(read) => Some(read),
            Err(fault) => {
                faults.push(fault);
                None
            }
        });
        let names = || self.columns.iter().map(|column| format!("{:?}", column.name)).collect::<Vec<_>>().join(" and ");
        let (reading, offset) = read.ok_or_else(|| format!("{}: {}", names(), faults.join(", nor: ")))?;
        let reading = self.time_of_day.as_ref().map_or(Ok(reading), |time| at_time_of_day(reading, time, row))?;
        Ok(Told { reading, zone: self.zone.of_row(row, reading, offset)?, offset })
    }
}

/// The moment of a day at which a clock on the wall has gone so far since midnight; 24:00 is the next day's first.
fn at_time_of_day(
    reading: Reading,
    (column, durations): &(Column, Durations),
    row: &Row<'_>,
) -> Result<Reading, String> {
    let text = row.cell(column);
    let fault = |rule: String| format!("{:?} is {text:?} and {rule}", column.name);
    let nanos = durations.read(text).map_err(fault)?;
    let day = match reading {
        Reading::Local(local) if local.time() == Time::midnight() => local,
        Reading::Local(_) | Reading::Absolute(_) => return Err("time_of_day needs a date that has no time".to_owned()),
    };
    let nanos = i64::try_from(nanos).ok().filter(|nanos| *nanos <= 86_400_000_000_000);
    let nanos = nanos.ok_or_else(|| fault("must be at most a day".to_owned()))?;
    let local = day.checked_add(Span::new().nanoseconds(nanos)).map_err(|error| fault(error.to_string()))?;
    Ok(Reading::Local(local))
}

impl ZoneRule {
    fn of(section: &Section<'_>) -> Self {
        if section.is_table("time_zone") {
            let column = section.table("time_zone", |zone| {
                if !zone.has("column") {
                    zone.problem("column", "must be given");
                }
                zone.column("column")
            });
            return column.flatten().map_or(Self::Default, Self::Column);
        }
        let name = section.text("time_zone");
        let zone = name.and_then(|name| {
            let zone = zone::named(&name);
            if zone.is_none() {
                section.problem("time_zone", format!("{name:?} is not an IANA time zone"));
            }
            zone
        });
        zone.map_or(Self::Default, Self::Fixed)
    }

    /// The zone for a row's local time. A zone column that says another offset than the time itself is a contradiction.
    fn of_row(&self, row: &Row<'_>, reading: Reading, offset: Option<Offset>) -> Result<Option<TimeZone>, String> {
        let column = match self {
            Self::Default => return Ok(None),
            Self::Fixed(zone) => return Ok(Some(zone.clone())),
            Self::Column(column) => column,
        };
        let name = row.cell(column);
        if name.is_empty() {
            return Ok(None);
        }
        let zone = zone::named(name).ok_or_else(|| {
            format!("{:?} is {name:?}, which is not an IANA time zone or an offset from UTC", column.name)
        })?;
        match (reading, offset) {
            (Reading::Absolute(instant), Some(offset)) if zone.to_offset(instant) != offset => {
                Err(format!("the time is at {offset}, but {:?} is {name:?}", column.name))
            }
            _ => Ok(Some(zone)),
        }
    }
}

/// A duration before or behind another instant; without a column it is that instant.
#[derive(Debug, Clone)]
pub struct RelativeRule {
    /// The place of the other instant.
    pub other: usize,
    sign: i32,
    column: Option<Column>,
    durations: Durations,
    missing: Missing,
    longest: i128,
}

/// Longer durations are mistakes, such as milliseconds read as seconds, unless a rule says otherwise: 366 days.
const LONGEST: i128 = 366 * 86_400 * 1_000_000_000;

impl RelativeRule {
    fn of(section: &Section<'_>, shared: &Shared, others: &'static [&'static str]) -> Option<Self> {
        let (key, sign) = if section.has("after") { ("after", 1) } else { ("before", -1) };
        if section.has("after") && section.has("before") {
            section.own_problem("needs either after or before");
        }
        let name = section.text(key)?;
        let other = others.iter().position(|other| *other == name);
        if other.is_none() {
            section.problem(key, format!("must be one of {}", others.join(", ")));
        }
        let longest = section.text("longest").and_then(|text| {
            let read = super::duration::read(&[super::duration::Form::Words], Mark::Point, &text);
            read.map_err(|rule| section.problem("longest", rule)).ok()
        });
        Some(Self {
            other: other?,
            sign,
            column: section.column("column"),
            durations: Durations::of(section, shared.mark),
            missing: shared.missing.and_of(section),
            longest: longest.unwrap_or(LONGEST),
        })
    }

    fn yields(&self, row: &Row<'_>) -> bool {
        self.column.as_ref().is_none_or(|column| !self.missing.has(row.cell(column)))
    }

    /// The instant, by the other one.
    pub fn read(&self, row: &Row<'_>, other: Timestamp) -> Result<Timestamp, String> {
        let Some(column) = &self.column else { return Ok(other) };
        let text = row.cell(column);
        let fault = |rule: &str| format!("{:?} is {text:?} and {rule}", column.name);
        let nanos = self.durations.read(text).map_err(|rule| fault(&rule))?;
        if nanos > self.longest {
            return Err(fault("is longer than a rule allows that does not say `longest`, 366 days"));
        }
        let seconds = i64::try_from(nanos / 1_000_000_000).map_err(|error| fault(&error.to_string()))?;
        let rest = i32::try_from(nanos % 1_000_000_000).unwrap_or_default();
        let duration = SignedDuration::new(seconds, rest) * self.sign;
        other.checked_add(duration).map_err(|error| fault(&error.to_string()))
    }
}
