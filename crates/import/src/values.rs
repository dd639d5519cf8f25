//! Values that go into a message as they are: beside the key of each in a mapping stands what it sets.

use std::{fmt::Debug, sync::Arc};

use super::{
    field::{Field, Shared},
    names::FromText,
    section::Section,
    table::Row,
};

/// Values of a message, in the order in which they are read.
#[derive(Debug, Clone, Default)]
pub struct Values<M>(Vec<Arc<dyn Value<M>>>);

/// Values of a message whose mapping is being read.
pub(crate) struct Building<'s, 'm, M> {
    section: &'s Section<'m>,
    shared: &'s Shared,
    values: Values<M>,
}

trait Value<M>: Debug + Send + Sync {
    /// Whether the row has it, or why it cannot be read.
    fn put(&self, row: &Row<'_>, message: &mut M) -> Result<bool, String>;
}

#[derive(Debug)]
struct One<M, T: FromText> {
    field: Field<T>,
    set: fn(&mut M, T),
}

impl<M: Debug, T: FromText + Debug> Value<M> for One<M, T> {
    fn put(&self, row: &Row<'_>, message: &mut M) -> Result<bool, String> {
        let value = self.field.value(row)?;
        let is_there = value.is_some();
        value.into_iter().for_each(|value| (self.set)(message, value));
        Ok(is_there)
    }
}

impl<M: Debug + 'static> Values<M> {
    pub(crate) fn of<'s, 'm>(section: &'s Section<'m>, shared: &'s Shared) -> Building<'s, 'm, M> {
        Building { section, shared, values: Self(Vec::new()) }
    }

    /// Puts what the row has into the message; gives whether that is anything, and why values cannot be read.
    pub(crate) fn put(&self, row: &Row<'_>, message: &mut M) -> (bool, Vec<String>) {
        let (mut is_there, mut reasons) = (false, Vec::new());
        for value in &self.0 {
            match value.put(row, message) {
                Ok(found) => is_there |= found,
                Err(reason) => reasons.push(reason),
            }
        }
        (is_there, reasons)
    }
}

impl<M: Debug + 'static> Building<'_, '_, M> {
    /// The value under a key goes where `set` puts it.
    pub(crate) fn value<T: FromText + Debug>(mut self, key: &'static str, set: fn(&mut M, T)) -> Self {
        let field = Field::of(self.section, key, self.shared);
        self.values.0.push(Arc::new(One { field, set }));
        self
    }

    /// The same of one that must be told.
    pub(crate) fn required<T: FromText + Debug>(self, key: &'static str, set: fn(&mut M, T)) -> Self {
        if !self.section.has(key) {
            self.section.problem(key, "must be given");
        }
        self.value(key, set)
    }

    pub(crate) fn all(self) -> Values<M> {
        self.values
    }
}
