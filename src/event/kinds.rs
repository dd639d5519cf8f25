//! The types of events that somebody asks for. Pure.

use super::{Line, source::SOURCES};
use crate::error::{Reason, Violation};

/// Some types, or all. A type stands for those too that begin with it and a dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Types(Vec<String>);

impl Types {
    /// Reads types as somebody wrote them in a field; none: all.
    ///
    /// # Errors
    /// [`Reason::UnknownEventType`] for each that no event has.
    pub(crate) fn read(field: &str, types: Vec<String>) -> Result<Self, Vec<Violation>> {
        let known = all();
        let unknown = types.iter().enumerate().filter(|(_, wanted)| !known.iter().any(|one| covers(wanted, one)));
        let rule = "must be a type of event, or what some begin with, such as rapport.commitment";
        let violation = |(at, _)| Violation::new(format!("{field}[{at}]"), Reason::UnknownEventType, rule);
        let found: Vec<_> = unknown.map(violation).collect();
        if !found.is_empty() {
            return Err(found);
        }
        let mut types = types;
        // The same whatever the order: cursors are bound to it.
        types.sort();
        types.dedup();
        Ok(Self(types))
    }

    /// Whether an event is of one of them.
    pub(crate) fn include(&self, line: &Line) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let of_line = SOURCES[line.source].type_of(line.kind);
        self.0.iter().any(|wanted| covers(wanted, &of_line))
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }
}

fn covers(wanted: &str, one: &str) -> bool {
    one.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Every type that there is.
fn all() -> Vec<String> {
    let of = |source: &super::source::Source| {
        (source.kinds)().into_iter().map(|(kind, _)| source.type_of(kind)).collect::<Vec<_>>()
    };
    SOURCES.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(source: usize, kind: i32) -> Line {
        let subject = Uuid::nil();
        Line { source, sequence: 1, at: 0, kind, subject, late_by: None, customer: None, interaction: None }
    }

    fn read(types: &[&str]) -> Result<Types, Vec<Violation>> {
        Types::read("types", types.iter().map(|&one| one.to_owned()).collect())
    }

    #[test]
    fn a_type_covers_what_begins_with_it_and_a_dot() {
        let broken = read(&["rapport.commitment.broken", "rapport.interaction"]).unwrap();
        assert!(broken.include(&line(3, 3)) && !broken.include(&line(3, 1)));
        assert!(broken.include(&line(0, 1)) && broken.include(&line(0, 99)));
        assert!(read(&[]).unwrap().include(&line(2, 1)) && read(&["rapport"]).unwrap().include(&line(2, 1)));
    }

    #[test]
    fn a_type_that_no_event_has_is_named() {
        let found =
            read(&["rapport.commitment", "rapport.commit", "rapport.commitment.", "rapport.commitment.forgotten"])
                .unwrap_err();
        let fields: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.reason)).collect();
        let expected = ["types[1]", "types[2]", "types[3]"].map(|field| (field, Reason::UnknownEventType));
        assert_eq!(fields, expected);
    }

    #[test]
    fn the_order_of_types_says_nothing() {
        let one = read(&["rapport.commitment", "rapport.interaction", "rapport.commitment"]).unwrap();
        assert_eq!(one, read(&["rapport.interaction", "rapport.commitment"]).unwrap());
    }
}
