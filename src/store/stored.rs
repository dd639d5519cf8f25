//! An enum of the contract as a column.

use std::fmt;

use sea_orm::{
    ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
};

/// An enum of the contract, kept as its number. One that this version does not know is read as unspecified: a newer server wrote
/// it.
///
/// The enums are generated elsewhere, so that they cannot be columns themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stored<E>(pub E);

impl<E> Stored<E>
where
    E: TryFrom<i32> + Default,
{
    fn of(number: i16) -> Self {
        Self(TryFrom::try_from(i32::from(number)).unwrap_or_default())
    }
}

impl<E: Into<i32>> From<Stored<E>> for Value {
    fn from(Stored(value): Stored<E>) -> Self {
        // The contract has no number beyond.
        Value::SmallInt(TryFrom::try_from(value.into()).ok())
    }
}

/// Its number, where a statement is written by hand.
impl<E: Into<i32> + Copy> fmt::Display for Stored<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.into().fmt(out)
    }
}

impl<E: TryFrom<i32> + Default> TryGetable for Stored<E> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        i16::try_get_by(row, index).map(Self::of)
    }
}

impl<E: TryFrom<i32> + Default> ValueType for Stored<E> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <i16 as ValueType>::try_from(value).map(Self::of)
    }

    fn type_name() -> String {
        "Stored".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::SmallInt
    }

    fn column_type() -> ColumnType {
        ColumnType::SmallInteger
    }
}

impl<E> Nullable for Stored<E> {
    fn null() -> Value {
        Value::SmallInt(None)
    }
}

/// Asked of every primary key, for databases that count them up themselves.
impl<E> TryFromU64 for Stored<E> {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64("an enum"))
    }
}
