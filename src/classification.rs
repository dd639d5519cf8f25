//! Whose data a column holds. An entity says it beside each column, `#[privacy(CLASS)]`, and above its `Model` how the rows of
//! one customer are found and what becomes of them when that customer is erased. Export, erasure and what is recorded of an
//! erased customer go by it and know no other list. Knows no table.
//!
//! Conditions and expressions are SQL for both databases: `$1` is the customer's id, `{their_ids}` lists it and those merged
//! into it, `{theirs}` the ids of their interactions, `{their_ratings}`, `{their_replies}` and `{their_follow_ups}` those of
//! their ratings, replies and follow-ups, `{their_objects}` what the audit trail calls them. `{reader}` is who reads an
//! export, if it is a person.

pub use rapport_privacy_derive::Classified;

/// Whose data a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Who the customer is, or what they said: exported; erased to this expression.
    Identity(&'static str),
    /// The customer's in some rows, about others in the rest: exported as the first expression, erased to the second.
    Partly(&'static str, &'static str),
    /// Names a matter of theirs in a calling system: exported; erased to a number that still tells their matters apart, since
    /// resolution is counted by them.
    Pseudonym,
    /// What happened with them: exported; stays, without them.
    Fact,
    /// What others wrote about their work with the customer, whom it may name: not exported; erased to this expression.
    Note(&'static str),
    /// About colleagues.
    Staff,
    /// About the organisation: its settings, competitions and aggregates.
    Organization,
    /// About nobody: ids, hashes, revisions, sequences.
    Technical,
}

impl Class {
    /// Whether it tells who the customer is, or may: nothing of it is recorded of one who was erased.
    pub const fn tells_who(self) -> bool {
        match self {
            Self::Identity(_) | Self::Partly(..) | Self::Pseudonym | Self::Note(_) => true,
            Self::Fact | Self::Staff | Self::Organization | Self::Technical => false,
        }
    }
}

/// Who the customer is, or what they said: nothing is left of it.
pub const NULL: Class = Class::Identity("NULL");
/// The same where a column may not be NULL.
pub const EMPTY: Class = Class::Identity("''");
/// The same of a row that is deleted, which needs no expression.
pub const GONE: Class = Class::Identity("");

/// What becomes of a customer's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// They are deleted.
    Deleted,
    /// They stay, and their columns become what their class says.
    Blanked,
    /// Their own module erases them.
    Elsewhere,
}

/// How a customer's rows are found.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// The condition.
    pub which: &'static str,
    /// The UUID by which they are paged. None: there are few.
    pub key: Option<&'static str>,
    /// What becomes of them.
    pub fate: Disposition,
}

/// The rows of a customer's interactions.
pub const OF_INTERACTIONS: &str = "interaction_id IN {theirs}";

/// Rows that stay, paged by a UUID.
pub const fn blanked(which: &'static str, key: &'static str) -> Rows {
    Rows { which, key: Some(key), fate: Disposition::Blanked }
}

/// Rows that stay, few of them.
pub const fn few(which: &'static str) -> Rows {
    Rows { which, key: None, fate: Disposition::Blanked }
}

/// Rows that are deleted.
pub const fn deleted(which: &'static str) -> Rows {
    Rows { which, key: None, fate: Disposition::Deleted }
}

/// Rows that their own module erases.
pub const fn elsewhere(which: &'static str) -> Rows {
    Rows { which, key: None, fate: Disposition::Elsewhere }
}

/// A model whose columns have classes: derived.
#[diagnostic::on_unimplemented(
    message = "the columns of `{Self}` have no privacy classes",
    label = "add `Classified` to its derives, and `#[privacy(CLASS)]` above every field",
    note = "src/classification.rs explains the classes; export, erasure and repeated imports go by them"
)]
pub trait Classified {
    /// How the rows of one customer are found. None: the table holds nothing of customers.
    const ROWS: Option<Rows>;
    /// The class of every column, in the order of the fields.
    const CLASSES: &'static [Class];
}

/// Stops the build where an entity contradicts itself.
pub const fn check(rows: Option<Rows>, classes: &[Class]) {
    let mut at = 0;
    while at < classes.len() {
        match (&classes[at], &rows) {
            (Class::Staff | Class::Organization | Class::Technical, _) => {}
            (_, None) => panic!(
                "a column is of customers: say with #[privacy(...)] above the struct how the rows of one are found, \
                 and what becomes of them (src/classification.rs)"
            ),
            (Class::Identity(becomes), Some(Rows { fate: Disposition::Blanked, .. })) if becomes.is_empty() => {
                panic!("a column is GONE, but the row stays: say what it becomes, such as NULL or EMPTY")
            }
            (Class::Pseudonym, Some(Rows { key: None, .. })) => {
                panic!("a column becomes a pseudonym: rows are then found by a key, as blanked() takes it")
            }
            (Class::Identity(_) | Class::Partly(..) | Class::Pseudonym | Class::Fact | Class::Note(_), Some(_)) => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Class::*, *};

    #[test]
    fn what_agrees_passes() {
        check(None, &[Staff, Organization, Technical]);
        check(Some(few("true")), &[Fact, EMPTY, Note("NULL"), Staff]);
        check(Some(blanked("true", "id")), &[Fact, Pseudonym, NULL]);
        check(Some(deleted("true")), &[GONE, Technical]);
        check(Some(elsewhere("true")), &[GONE, Fact]);
    }

    #[test]
    #[should_panic(expected = "how the rows of one are found")]
    fn data_of_customers_is_found_somehow() {
        check(None, &[Technical, Fact]);
    }

    #[test]
    #[should_panic(expected = "the row stays")]
    fn what_stays_becomes_something() {
        check(Some(few("true")), &[GONE]);
    }

    #[test]
    #[should_panic(expected = "found by a key")]
    fn a_pseudonym_needs_a_key() {
        check(Some(few("true")), &[Pseudonym]);
    }
}
