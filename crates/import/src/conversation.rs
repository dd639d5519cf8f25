//! How the rows of a chat, one a message, become conversations: the section `[conversation]` of a mapping.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use prost_types::Duration;

use crate::{
    conversations::{self, Grouping},
    field::{Missing, Shared},
    mapping::{Choice, MappingFile},
    moment::InstantField,
    names::FromText as _,
    section::{Column, Problems, Section},
    table::{Row, Table, TableError},
};

/// Silence that ends a conversation, unless the mapping says otherwise.
const GAP: SignedDuration = SignedDuration::from_hours(4);

/// How long the customer's first messages wait for an answer: over a weekend.
const WAIT: SignedDuration = SignedDuration::from_hours(72);

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The customer.
    Customer,
    /// A colleague, by the id that we have of them.
    Staff(String),
    /// A program of ours.
    Bot,
}

/// What the section says.
#[derive(Debug, Clone)]
pub struct ConversationMapping {
    /// Silence that ends a conversation.
    pub gap: SignedDuration,
    /// How long a conversation waits for our first answer.
    pub wait: SignedDuration,
    pub(crate) author: Option<Column>,
    pub(crate) recipients: Option<Column>,
    pub(crate) by: Vec<Column>,
    pub(crate) time: InstantField,
    pub(crate) skip: Vec<Choice>,
    pub(crate) keep: Vec<Choice>,
    pub(crate) zone: Option<TimeZone>,
    pub(crate) missing: Missing,
    pub(crate) used: BTreeMap<usize, String>,
    staff: Option<Vec<(String, String)>>,
    customers: Vec<String>,
    bots: Vec<String>,
}

impl ConversationMapping {
    pub(crate) fn of(section: &Section<'_>, shared: &Shared, (skip, keep): (Vec<Choice>, Vec<Choice>)) -> Self {
        for key in ["author", "time"].into_iter().filter(|key| !section.has(key)) {
            section.problem(key, "must be given");
        }
        let duration = |key, usual| {
            let Some(text) = section.text(key) else { return usual };
            let read = Duration::from_mapping(&text).map_err(|rule| section.problem(key, rule));
            read.map_or(usual, |read| SignedDuration::new(read.seconds, read.nanos))
        };
        let (gap, wait) = (duration("gap", GAP), duration("wait", WAIT));
        if gap.is_zero() || wait < gap {
            section.problem("gap", "must be more than nothing, and wait no shorter");
        }
        let staff = if section.is_table("staff") {
            section.texts_by_name("staff")
        } else {
            let names = section.texts("staff");
            section.has("staff").then(|| names.into_iter().map(|name| (name.clone(), name)).collect())
        };
        if !section.has("staff") && !section.has("customers") {
            section.own_problem("needs staff, customers or both: who of the authors is who");
        }
        Self {
            gap,
            wait,
            author: section.column("author"),
            recipients: section.column("recipients"),
            by: section.columns("by"),
            time: InstantField::of(section, "time", shared, &[]),
            skip,
            keep,
            zone: shared.zone.clone(),
            missing: shared.missing.clone(),
            used: BTreeMap::new(),
            staff,
            customers: section.texts("customers"),
            bots: section.texts("bots"),
        }
    }

    /// Who somebody is. Whom no list has is of the side that has none.
    pub(crate) fn side(&self, name: &str) -> Result<Side, String> {
        if matches(&self.bots, name) {
            return Ok(Side::Bot);
        }
        if matches(&self.customers, name) {
            return Ok(Side::Customer);
        }
        match &self.staff {
            None => Ok(Side::Staff(name.to_owned())),
            Some(staff) => match staff.iter().find(|(one, _)| one == name) {
                Some((_, id)) => Ok(Side::Staff(id.clone())),
                None if self.customers.is_empty() => Ok(Side::Customer),
                None => Err(format!("{name:?} is neither in staff nor in customers of [conversation]")),
            },
        }
    }

    /// Whether the mapping leaves a message out.
    pub(crate) fn leaves_out(&self, row: &Row<'_>) -> bool {
        self.skip.iter().any(|skip| skip.holds(row)) || !self.keep.iter().all(|keep| keep.holds(row))
    }

    /// Who wrote a message; empty: nobody.
    pub(crate) fn author_of<'a>(&self, row: &Row<'a>) -> &'a str {
        self.author.as_ref().map(|column| row.cell(column)).filter(|name| !self.missing.has(name)).unwrap_or_default()
    }

    /// To whom it went.
    pub(crate) fn recipients_of<'a>(&self, row: &Row<'a>) -> Vec<&'a str> {
        let cell = self.recipients.as_ref().map(|column| row.cell(column)).unwrap_or_default();
        cell.split(", ").map(str::trim).filter(|name| !self.missing.has(name)).collect()
    }

    /// When it was written. Of a local time that the clocks showed twice, what keeps the order of the chat.
    pub(crate) fn time_of(
        &self,
        row: &Row<'_>,
        zone: &TimeZone,
        before: Option<Timestamp>,
    ) -> Result<Timestamp, String> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        self.time.value_after(row, zone, before)?.ok_or_else(|| "has no time".to_owned())
    }
}

/// Names, or how names begin: `wm*`.
fn matches(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => pattern == name,
    })
}

/// Why a file cannot be read as its mapping says.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file.
    #[error(transparent)]
    File(#[from] TableError),
    /// The mapping.
    #[error(transparent)]
    Mapping(#[from] Problems),
}

/// Opens a file as its mapping says; its rows are conversations where there is a section for them. `zone` is that of local
/// times, if the mapping names none.
///
/// # Errors
/// A file that cannot be read, mistakes in the mapping's part that is about messages, a chat without any customer.
pub fn open(path: &Path, file: &MappingFile, zone: &TimeZone) -> Result<Table<'static>, OpenError> {
    let shape = file.shape();
    let table = Table::open(path, &shape)?;
    // Rejected conversations are conversations already.
    if conversations::are_conversations(table.header()) {
        return Ok(table);
    }
    let Some(mapping) = file.conversations(table.header())? else { return Ok(table) };
    let customer = if mapping.by.is_empty() && mapping.recipients.is_none() {
        Some(first_customer(Table::open(path, &shape)?, &mapping)?)
    } else {
        None
    };
    let grouping = Grouping::new(mapping, table.header(), zone.clone(), customer);
    Ok(table.grouped(grouping))
}

/// A file of one chat is known by the first customer who writes in it, which later exports have too.
fn first_customer(mut table: Table<'_>, mapping: &ConversationMapping) -> Result<String, TableError> {
    let header = table.header().to_vec();
    while let Some(raw) = table.next_row()? {
        let Ok(row) = raw.texts(&header) else { continue };
        let author = mapping.author_of(&row);
        if !author.is_empty() && !mapping.leaves_out(&row) && mapping.side(author) == Ok(Side::Customer) {
            return Ok(author.to_owned());
        }
    }
    Err(TableError::Refused(
        "nobody who writes in this chat is a customer, as staff and customers of [conversation] say".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{rejects::Rejects, shipped::Shipped, table::Dialect};

    fn opened(name: &str, text: &str) -> Result<Table<'static>, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        let file = MappingFile::parse(Shipped::named("whatsapp").unwrap().text).unwrap();
        open(&path, &file, &TimeZone::UTC).map_err(|error| error.to_string())
    }

    #[test]
    fn rejected_conversations_are_read_as_they_are() {
        let chat = include_str!("../../../examples/data/whatsapp.txt");
        let mut table = opened("chat.txt", chat).unwrap();
        let mut sink = Vec::new();
        let mut rejects = Rejects::new(&mut sink, Dialect { delimiter: b',', quoting: true }, table.header()).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = table.next_row().unwrap() {
            rejects.add(&row, &["why".to_owned()]).unwrap();
            rows.push(row.record);
        }
        rejects.finish().unwrap();
        let mut again = opened("rejects.csv", &String::from_utf8(sink).unwrap()).unwrap();
        for record in &rows {
            let row = again.next_row().unwrap().unwrap();
            assert!(row.record.iter().skip(2).eq(record.iter()), "{row:?}");
        }
        assert!(again.next_row().unwrap().is_none() && rows.len() == 3);
    }

    #[test]
    fn a_chat_without_a_customer_is_refused() {
        let refused = opened("chat.txt", "21/11/2025, 10:00 - Lin (Support): x\n21/11/2025, 10:01 - Bob: y\n");
        assert!(refused.is_err_and(|error| error.contains("nobody who writes in this chat is a customer")));
        let other = opened("rows.csv", "id,when\n1,2\n");
        assert!(other.is_err_and(|error| error.contains("conversation.author: the file has no column \"author\"")));
    }
}
