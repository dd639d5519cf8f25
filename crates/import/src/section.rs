//! Reading TOML so that every mistake is reported at once: unknown keys, wrong types, columns the file does not have.
//!
//! Not serde: its derived readers stop at the first mistake, and the author of a mapping wants them all.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use toml::{Table, Value};

/// Everything wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the mapping has {} mistake(s)", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(out, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// What stands in a suggested mapping where only a person knows the answer.
pub const QUESTION: &str = "?";

const UNANSWERED: &str =
    "is a question that only you can answer: put the answer of the comment above it in the place of \"?\"";

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its place, from 0.
    pub index: usize,
    /// Its name in the header.
    pub name: String,
}

/// Reads a whole document; `read` takes the root section. With it come the
/// places of the columns that were asked for. Fails with every problem noted on the way.
pub fn read<T>(
    root: &Table,
    header: &[String],
    read: impl FnOnce(&Section<'_>) -> T,
) -> Result<(T, BTreeMap<usize, String>), Problems> {
    let notes = Notes { header, problems: RefCell::default(), used: RefCell::default() };
    let value = Section::visit(&notes, String::new(), root, read);
    let problems = notes.problems.into_inner();
    if problems.is_empty() { Ok((value, notes.used.into_inner())) } else { Err(Problems(problems)) }
}

struct Notes<'a> {
    header: &'a [String],
    problems: RefCell<Vec<String>>,
    used: RefCell<BTreeMap<usize, String>>,
}

/// One table of the document. Keys that nobody asked for are problems.
pub struct Section<'a> {
    notes: &'a Notes<'a>,
    path: String,
    table: &'a Table,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    fn visit<T>(notes: &'a Notes<'a>, path: String, table: &'a Table, read: impl FnOnce(&Self) -> T) -> T {
        let section = Self { notes, path, table, asked: RefCell::default() };
        let value = read(&section);
        let asked = section.asked.borrow();
        for key in table.keys().filter(|key| !asked.contains(key.as_str())) {
            let known = asked.iter().copied().collect::<Vec<_>>().join(", ");
            section.problem(key, format!("is not known here (known: {known})"));
        }
        value
    }

    /// Notes a problem with a key of this table; `what` completes "the key ...".
    pub fn problem(&self, key: &str, what: impl fmt::Display) {
        let path = self.path_of(key);
        self.notes.problems.borrow_mut().push(format!("{path}: {what}"));
    }

    /// Notes a problem with this table.
    pub fn own_problem(&self, what: impl fmt::Display) {
        let path = if self.path.is_empty() { "mapping" } else { &self.path };
        self.notes.problems.borrow_mut().push(format!("{path}: {what}"));
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<String> {
        let value = self.get(key)?;
        let text = plain(value);
        match text.as_deref() {
            None => self.problem(key, "must be a text"),
            Some(QUESTION) => self.problem(key, UNANSWERED),
            Some(_) => {}
        }
        text.filter(|text| text != QUESTION)
    }

    /// Whether a key is a table and not a text.
    pub fn is_table(&self, key: &'static str) -> bool {
        self.get(key).is_some_and(Value::is_table)
    }

    /// A text that must be there.
    pub fn required_text(&self, key: &'static str) -> Option<String> {
        let text = self.text(key).filter(|text| !text.is_empty());
        if text.is_none() && self.get(key).is_none_or(|value| plain(value).is_some()) {
            self.problem(key, "must be given");
        }
        text
    }

    /// True or false.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.problem(key, "must be true or false");
        }
        flag
    }

    /// A text or a list of texts.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        let texts = self.get(key).map(|value| self.texts_of(key, value)).unwrap_or_default();
        // "?" may well mean "no value", but it is no format and nobody's name.
        if matches!(key, "format" | "staff") && texts.iter().any(|text| text == QUESTION) {
            self.problem(key, UNANSWERED);
            return texts.into_iter().filter(|text| text != QUESTION).collect();
        }
        texts
    }

    /// A column by name.
    pub fn column(&self, key: &'static str) -> Option<Column> {
        let name = self.text(key)?;
        self.find_column(key, &name)
    }

    /// A column or a list of columns.
    pub fn columns(&self, key: &'static str) -> Vec<Column> {
        self.texts(key).iter().filter_map(|name| self.find_column(key, name)).collect()
    }

    /// A table whose keys are columns and whose values are texts.
    pub fn texts_by_column(&self, key: &'static str) -> Vec<(Column, Vec<String>)> {
        let entries = self.free_table(key).into_iter().flatten();
        entries
            .filter_map(|(name, value)| {
                let texts = self.texts_of(key, value);
                Some((self.find_column(key, name)?, texts))
            })
            .collect()
    }

    /// A table whose keys are free and whose values are texts.
    pub fn texts_by_name(&self, key: &'static str) -> Option<Vec<(String, String)>> {
        let entries = self.free_table(key)?.iter();
        let texts = entries.filter_map(|(name, value)| {
            let text = plain(value);
            if text.is_none() {
                self.problem(&join(key, name), "must be a text");
            }
            Some((name.clone(), text?))
        });
        Some(texts.collect())
    }

    /// A table whose keys are known.
    pub fn table<T>(&self, key: &'static str, read: impl FnOnce(&Section<'_>) -> T) -> Option<T> {
        let table = self.free_table(key)?;
        Some(Section::visit(self.notes, self.path_of(key), table, read))
    }

    /// A table or a list of tables.
    pub fn tables<T>(&self, key: &'static str, read: impl Fn(&Section<'_>) -> T) -> Vec<T> {
        self.get(key).map(|value| self.tables_of(key, value, read)).unwrap_or_default()
    }

    /// A table whose keys are free and whose values are each a table or a list of tables.
    pub fn tables_by_name<T>(&self, key: &'static str, read: impl Fn(&Section<'_>) -> T) -> Vec<(String, Vec<T>)> {
        let entries = self.free_table(key).into_iter().flatten();
        entries.map(|(name, value)| (name.clone(), self.tables_of(&join(key, name), value, &read))).collect()
    }

    fn get(&self, key: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn free_table(&self, key: &'static str) -> Option<&'a Table> {
        let value = self.get(key)?;
        let table = value.as_table();
        if table.is_none() {
            self.problem(key, "must be a table");
        }
        table
    }

    fn texts_of(&self, key: &str, value: &Value) -> Vec<String> {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts: Option<Vec<_>> = items.iter().map(plain).collect();
        texts.unwrap_or_else(|| {
            self.problem(key, "must be a text or a list of texts");
            Vec::new()
        })
    }

    fn tables_of<T>(&self, key: &str, value: &'a Value, read: impl Fn(&Section<'_>) -> T) -> Vec<T> {
        let items: Vec<(String, &Value)> = match value.as_array() {
            Some(items) => items.iter().enumerate().map(|(index, item)| (format!("{key}[{index}]"), item)).collect(),
            None => vec![(key.to_owned(), value)],
        };
        let tables = items.into_iter().filter_map(|(key, item)| {
            let table = item.as_table();
            if table.is_none() {
                self.problem(&key, "must be a table");
            }
            Some(Section::visit(self.notes, self.path_of(&key), table?, &read))
        });
        tables.collect()
    }

    fn find_column(&self, key: &str, name: &str) -> Option<Column> {
        let header = self.notes.header;
        if let Some(index) = header.iter().position(|column| column == name) {
            self.notes.used.borrow_mut().insert(index, name.to_owned());
            return Some(Column { index, name: name.to_owned() });
        }
        let twins: Vec<_> =
            header.iter().filter(|column| is_twin(column, name)).map(|one| format!("{one:?}")).collect();
        if twins.is_empty() {
            self.problem(key, format!("the file has no column {name:?}; it has {}", nearest(header, name)));
        } else {
            self.problem(key, format!("the file has several columns {name:?}: say {}", twins.join(" or ")));
        }
        None
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { join(&self.path, key) }
    }
}

/// Whether a column is one of several of a name: `Name (2)`.
fn is_twin(column: &str, name: &str) -> bool {
    let number = column.strip_prefix(name).and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Columns that are named at most.
const NAMED: usize = 20;

/// The columns of a file, those with names like the wanted one first.
fn nearest(header: &[String], wanted: &str) -> String {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    let wanted = plain(wanted);
    let mut names: Vec<_> = header.iter().collect();
    // In thousandths, so that they have an order; those that are alike stay in the file's.
    #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1000")]
    names.sort_by_cached_key(|name| Reverse((strsim::jaro_winkler(&plain(name), &wanted) * 1000.0) as i64));
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| format!("{name:?}")).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}

fn join(path: &str, key: &str) -> String {
    let bare = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-[].\"".contains(&byte));
    if bare { format!("{path}.{key}") } else { format!("{path}.{key:?}") }
}

/// Numbers and truth values count as the text they are written as: `when = { priority = 2 }`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_at_once() {
        let root: Table =
            "a = [1, 2]\nb = 1.5\nc = 'x'\nunheard = 1\n[d]\nwhen = { nope = 1, twice = 1 }\n".parse().unwrap();
        let header = ["one", "twice (1)", "twice (2)"].map(str::to_owned);
        let result = read(&root, &header, |root| {
            assert_eq!(root.texts("a"), ["1", "2"]);
            root.text("b");
            root.column("c");
            root.required_text("e");
            root.table("d", |d| d.texts_by_column("when"));
        });
        let Problems(problems) = result.unwrap_err();
        assert_eq!(
            problems,
            [
                "b: must be a text",
                "c: the file has no column \"x\"; it has \"one\", \"twice (1)\", \"twice (2)\"",
                "e: must be given",
                "d.when: the file has no column \"nope\"; it has \"one\", \"twice (1)\", \"twice (2)\"",
                "d.when: the file has several columns \"twice\": say \"twice (1)\" or \"twice (2)\"",
                "unheard: is not known here (known: a, b, c, d, e)",
            ]
        );
    }
}
