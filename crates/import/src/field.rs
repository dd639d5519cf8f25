//! One value of a message from the columns of a row: alternatives, conditions, value maps, missing markers.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    instant::{self, Format, Reading},
    names::FromText,
    section::{Column, Section},
    table::Row,
};

/// A value by one or several rules; the first that yields one wins. Without rules it is never there.
#[derive(Debug, Clone)]
pub struct Field<T> {
    rules: Vec<Rule<T>>,
}

#[derive(Debug, Clone)]
struct Rule<T> {
    when: Conditions,
    source: Source<T>,
}

#[derive(Debug, Clone)]
enum Source<T> {
    Constant(T),
    Column { column: Column, missing: Missing, values: Option<ValueMap<T>> },
}

#[derive(Debug, Clone)]
struct ValueMap<T> {
    known: BTreeMap<String, T>,
    unknown: Option<T>,
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self { rules: Vec::new() }
    }
}

impl<T: FromText> Field<T> {
    /// The field under a key of a section; `missing` holds the markers of the whole file.
    pub fn of(section: &Section<'_>, key: &'static str, missing: &Missing) -> Self {
        Self { rules: section.tables(key, |rule| Rule::of(rule, missing)).into_iter().flatten().collect() }
    }

    /// Every field of a table with free keys.
    pub fn all_of(section: &Section<'_>, key: &'static str, missing: &Missing) -> Vec<(String, Self)> {
        let fields = section.tables_by_name(key, |rule| Rule::of(rule, missing)).into_iter();
        fields.map(|(name, rules)| (name, Self { rules: rules.into_iter().flatten().collect() })).collect()
    }

    /// Whether the mapping says nothing of it.
    pub fn is_absent(&self) -> bool {
        self.rules.is_empty()
    }

    /// The row's value, or why it cannot be read.
    pub fn value(&self, row: &Row<'_>) -> Result<Option<T>, String> {
        for rule in self.rules.iter().filter(|rule| rule.when.hold(row)) {
            match &rule.source {
                Source::Constant(value) => return Ok(Some(value.clone())),
                Source::Column { column, missing, .. } if missing.has(row.cell(column)) => {}
                Source::Column { column, values, .. } => return read_cell(column, values.as_ref(), row).map(Some),
            }
        }
        Ok(None)
    }
}

fn read_cell<T: FromText>(column: &Column, values: Option<&ValueMap<T>>, row: &Row<'_>) -> Result<T, String> {
    let text = row.cell(column);
    let Some(values) = values else {
        return T::from_text(text).map_err(|rule| format!("{:?} is {:?} and {rule}", column.name, text));
    };
    let known = values.known.get(text).or(values.unknown.as_ref());
    known.cloned().ok_or_else(|| format!("{:?} is {text:?}, which the mapping does not know", column.name))
}

impl<T: FromText> Rule<T> {
    fn of(section: &Section<'_>, missing: &Missing) -> Option<Self> {
        let when = Conditions::of(section);
        let constant = section.text("constant");
        let column = section.column("column");
        let source = match (section.has("constant"), section.has("column")) {
            (true, false) => Source::Constant(parse(section, "constant", &constant?)?),
            (false, true) => {
                let missing = missing.and_of(section);
                let values = value_map(section);
                Source::Column { column: column?, missing, values }
            }
            (false, false) | (true, true) => {
                section.own_problem("needs either column or constant");
                return None;
            }
        };
        Some(Self { when, source })
    }
}

fn parse<T: FromText>(section: &Section<'_>, key: &str, text: &str) -> Option<T> {
    T::from_text(text).map_err(|rule| section.problem(key, rule)).ok()
}

fn value_map<T: FromText>(section: &Section<'_>) -> Option<ValueMap<T>> {
    let unknown = section.text("default").and_then(|text| parse(section, "default", &text));
    let Some(texts) = section.texts_by_name("values") else {
        if section.has("default") && !section.has("values") {
            section.problem("default", "is for words that values does not have; add values, or a second rule");
        }
        return None;
    };
    let known = texts.into_iter().filter_map(|(word, text)| Some((word, parse(section, "values", &text)?))).collect();
    Some(ValueMap { known, unknown })
}

/// Texts that mean "no value". The empty text always does.
#[derive(Debug, Clone, Default)]
pub struct Missing(Vec<String>);

impl Missing {
    /// The markers under `missing` of a section, besides these.
    pub fn and_of(&self, section: &Section<'_>) -> Self {
        Self(self.0.iter().cloned().chain(section.texts("missing")).collect())
    }

    fn has(&self, text: &str) -> bool {
        text.is_empty() || self.0.iter().any(|marker| marker == text)
    }
}

/// Columns that must each have one of some values.
#[derive(Debug, Clone, Default)]
pub struct Conditions(Vec<(Column, Vec<String>)>);

impl Conditions {
    /// The table `when` of a section.
    pub fn of(section: &Section<'_>) -> Self {
        Self(section.texts_by_column("when"))
    }

    /// Whether all hold. Without conditions they do.
    pub fn hold(&self, row: &Row<'_>) -> bool {
        self.0.iter().all(|(column, values)| values.iter().any(|value| value == row.cell(column)))
    }
}

/// When something happened, by one or several rules.
#[derive(Debug, Clone, Default)]
pub struct InstantField {
    rules: Vec<InstantRule>,
}

#[derive(Debug, Clone)]
struct InstantRule {
    when: Conditions,
    columns: Vec<Column>,
    formats: Vec<Format>,
    missing: Missing,
}

impl InstantField {
    /// The rules under a key of a section.
    pub fn of(section: &Section<'_>, key: &'static str, missing: &Missing) -> Self {
        Self { rules: section.tables(key, |rule| InstantRule::of(rule, missing)).into_iter().flatten().collect() }
    }

    /// What the row says, or why it cannot be read.
    pub fn reading(&self, row: &Row<'_>) -> Result<Option<Reading>, String> {
        let applying = self.rules.iter().filter(|rule| rule.when.hold(row));
        let known = |rule: &&InstantRule| rule.columns.iter().all(|column| !rule.missing.has(row.cell(column)));
        applying.into_iter().find(known).map(|rule| rule.read(row)).transpose()
    }

    /// The row's instant, or why it cannot be read.
    pub fn value(&self, row: &Row<'_>, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
        self.reading(row)?.map(|reading| instant::resolve(reading, zone)).transpose()
    }
}

impl InstantRule {
    fn of(section: &Section<'_>, missing: &Missing) -> Option<Self> {
        let mut columns = section.columns("columns");
        columns.extend(section.column("column"));
        if section.has("column") == section.has("columns") {
            section.own_problem("needs either column or columns");
        }
        let patterns = section.texts("format");
        let formats: Vec<_> = patterns
            .iter()
            .filter_map(|text| Format::pattern(text).map_err(|fault| section.problem("format", fault)).ok())
            .collect();
        let formats = if section.has("format") { formats } else { vec![Format::Standard] };
        let rule = Self { when: Conditions::of(section), columns, formats, missing: missing.and_of(section) };
        (!rule.columns.is_empty() && !rule.formats.is_empty()).then_some(rule)
    }

    fn read(&self, row: &Row<'_>) -> Result<Reading, String> {
        let text = self.columns.iter().map(|column| row.cell(column)).collect::<Vec<_>>().join(" ");
        let mut faults = Vec::new();
        for format in &self.formats {
            match format.read(&text) {
                Ok(reading) => return Ok(reading),
                Err(fault) => faults.push(fault),
            }
        }
        let names: Vec<_> = self.columns.iter().map(|column| format!("{:?}", column.name)).collect();
        Err(format!("{}: {}", names.join(" and "), faults.join(", nor: ")))
    }
}
