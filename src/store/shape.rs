//! A table as its entity describes it: what set-based writes need to know, and what is compared with the live schema.

use sea_orm::{ColumnTrait as _, ColumnType, EntityTrait, IdenStatic as _, Iterable as _, PrimaryKeyToColumn};

/// A table.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its name.
    pub table: &'static str,
    /// Its columns, in the order of the entity's fields.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether it may hold nothing.
    pub is_null: bool,
    /// Whether it is one of the primary key.
    pub is_key: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A UUID.
    Id,
    /// An integer of 16 bits.
    Small,
    /// An integer of 32 bits.
    Int,
    /// An integer of 64 bits.
    Big,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

impl Shape {
    /// The table of an entity.
    pub fn of<E: EntityTrait>() -> Self {
        let column = |column: E::Column| {
            let def = column.def();
            Column {
                name: column.as_str(),
                kind: ColumnKind::of(def.get_column_type()),
                is_null: def.is_null(),
                is_key: E::PrimaryKey::from_column(column).is_some(),
            }
        };
        Self { table: E::default().table_name(), columns: E::Column::iter().map(column).collect() }
    }
}

impl ColumnKind {
    /// No entity of ours has a column of another type: the test that compares them with the live schema comes by here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of dozens of types we use these")]
    fn of(column_type: &ColumnType) -> Self {
        match column_type {
            ColumnType::Uuid => Self::Id,
            ColumnType::SmallInteger => Self::Small,
            ColumnType::Integer => Self::Int,
            ColumnType::BigInteger => Self::Big,
            ColumnType::String(_) | ColumnType::Text => Self::Text,
            ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => Self::Bytes,
            other => unreachable!("no column is of type {other:?}"),
        }
    }

    /// Its type in PostgreSQL.
    pub fn in_postgres(self) -> &'static str {
        match self {
            Self::Id => "uuid",
            Self::Small => "smallint",
            Self::Int => "integer",
            Self::Big => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }

    /// Its type in SQLite.
    pub fn in_sqlite(self) -> &'static str {
        match self {
            Self::Id | Self::Bytes => "BLOB",
            Self::Small | Self::Int | Self::Big => "INTEGER",
            Self::Text => "TEXT",
        }
    }
}
