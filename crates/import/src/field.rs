//! One value of a message from the columns of a row: alternatives, conditions, value maps, missing markers.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{
    names::FromText,
    number::Mark,
    section::{Column, Section},
    table::Row,
};

/// A value by one or several rules; the first that yields one wins. Without rules it is never there.
#[derive(Debug, Clone)]
pub struct Field<T: FromText> {
    rules: Vec<Rule<T>>,
}

#[derive(Debug, Clone)]
struct Rule<T: FromText> {
    when: Conditions,
    source: Source<T>,
}

#[derive(Debug, Clone)]
enum Source<T: FromText> {
    Constant(T),
    Column { column: Column, missing: Missing, reader: Reader<T> },
}

/// How a cell becomes a value.
#[derive(Debug, Clone)]
enum Reader<T: FromText> {
    Map(ValueMap<T>),
    Text(T::How),
}

#[derive(Debug, Clone)]
struct ValueMap<T> {
    known: BTreeMap<String, T>,
    unknown: Option<T>,
}

impl<T: FromText> Default for Field<T> {
    fn default() -> Self {
        Self { rules: Vec::new() }
    }
}

impl<T: FromText> Field<T> {
    /// The field under a key of a section; `shared` is what holds of the whole file.
    pub fn of(section: &Section<'_>, key: &'static str, shared: &Shared) -> Self {
        Self { rules: section.tables(key, |rule| Rule::of(rule, shared)).into_iter().flatten().collect() }
    }

    /// Every field of a table with free keys.
    pub fn all_of(section: &Section<'_>, key: &'static str, shared: &Shared) -> Vec<(String, Self)> {
        let fields = section.tables_by_name(key, |rule| Rule::of(rule, shared)).into_iter();
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
                Source::Column { column, reader, .. } => return read_cell(column, reader, row).map(Some),
            }
        }
        Ok(None)
    }
}

fn read_cell<T: FromText>(column: &Column, reader: &Reader<T>, row: &Row<'_>) -> Result<T, String> {
    let text = row.cell(column);
    match reader {
        Reader::Text(how) => {
            T::from_text(text, how).map_err(|rule| format!("{:?} is {text:?} and {rule}", column.name))
        }
        Reader::Map(values) => {
            let known = values.known.get(text).or(values.unknown.as_ref());
            known.cloned().ok_or_else(|| format!("{:?} is {text:?}, which the mapping does not know", column.name))
        }
    }
}

impl<T: FromText> Rule<T> {
    fn of(section: &Section<'_>, shared: &Shared) -> Option<Self> {
        let when = Conditions::of(section);
        let constant = section.text("constant");
        let column = section.column("column");
        let source = match (section.has("constant"), section.has("column")) {
            (true, false) => Source::Constant(parse(section, "constant", &constant?)?),
            (false, true) => {
                let missing = shared.missing.and_of(section);
                let how = T::how(section, shared.mark);
                let reader = value_map(section).map_or(Reader::Text(how), Reader::Map);
                Source::Column { column: column?, missing, reader }
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
    T::from_mapping(text).map_err(|rule| section.problem(key, rule)).ok()
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

/// What holds of every rule of a mapping.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    /// Texts that mean "no value" in every column.
    pub missing: Missing,
    /// What stands before the fraction of a number.
    pub mark: Mark,
    /// The zone of local times, if the mapping names one.
    pub zone: Option<TimeZone>,
}

/// Texts that mean "no value". The empty text always does.
#[derive(Debug, Clone, Default)]
pub struct Missing(Vec<String>);

impl Missing {
    /// The markers under `missing` of a section, besides these.
    pub fn and_of(&self, section: &Section<'_>) -> Self {
        Self(self.0.iter().cloned().chain(section.texts("missing")).collect())
    }

    /// Whether a text is one.
    pub fn has(&self, text: &str) -> bool {
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
