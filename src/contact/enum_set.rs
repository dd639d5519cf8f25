//! A set of an enum's values, in the form in which rows keep it.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Serialize};

/// Values of one of the contract's enums, each a bit at the place of its number. Numbers go up to 62; a value above that
/// is no member of any set.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub(crate) struct EnumSet<E> {
    bits: i64,
    #[serde(skip)]
    of: PhantomData<fn() -> E>,
}

impl<E: Into<i32> + TryFrom<i32>> EnumSet<E> {
    pub(crate) fn from_bits(bits: i64) -> Self {
        Self { bits, of: PhantomData }
    }

    pub(crate) fn bits(self) -> i64 {
        self.bits
    }

    pub(crate) fn is_empty(self) -> bool {
        self.bits == 0
    }

    pub(crate) fn contains(self, value: E) -> bool {
        self.bits & bit(value.into()) != 0
    }

    /// In order of number.
    pub(crate) fn iter(self) -> impl Iterator<Item = E> {
        (0..63).filter(move |number| self.bits & bit(*number) != 0).filter_map(|number| E::try_from(number).ok())
    }
}

fn bit(number: i32) -> i64 {
    if (0..63).contains(&number) { 1 << number } else { 0 }
}

impl<E: Into<i32> + TryFrom<i32>> FromIterator<E> for EnumSet<E> {
    fn from_iter<I: IntoIterator<Item = E>>(values: I) -> Self {
        Self::from_bits(values.into_iter().fold(0, |bits, value| bits | bit(value.into())))
    }
}

// Derived ones would ask them of the enum.
impl<E> Clone for EnumSet<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for EnumSet<E> {}

impl<E> Default for EnumSet<E> {
    fn default() -> Self {
        Self { bits: 0, of: PhantomData }
    }
}

impl<E> PartialEq for EnumSet<E> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<E: Into<i32> + TryFrom<i32> + fmt::Debug> fmt::Debug for EnumSet<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}
