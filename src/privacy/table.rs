//! A table as export and erasure walk over it.

use sea_orm::EntityTrait;

use crate::{
    classification::{Class, Classified, Rows},
    store::Shape,
};

/// A table with the classes of its columns.
#[derive(Clone, Debug)]
pub struct Table {
    /// What its entity says of the schema.
    pub shape: Shape,
    /// None: it holds nothing of customers.
    pub rows: Option<Rows>,
    classes: &'static [Class],
}

impl Table {
    /// The table of an entity.
    pub fn of<E: EntityTrait>() -> Self
    where
        E::Model: Classified,
    {
        Self { shape: Shape::of::<E>(), rows: E::Model::ROWS, classes: E::Model::CLASSES }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.shape.table
    }

    /// Every column with its class.
    pub(super) fn classified(&self) -> impl Iterator<Item = (Class, &'static str)> {
        self.classes.iter().copied().zip(self.shape.columns.iter().map(|column| column.name))
    }
}
