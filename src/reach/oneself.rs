//! What is kept from the person whom it is about (R12): who rated them how, whatever else their role lets them read.
//!
//! Every read of ratings, of what customers answered and of figures made from them passes through [`Oneself`]. What is left out
//! is left out of sums too: a total minus the rows beside it would tell the same.

use sea_orm::{ColumnTrait, Condition};

use crate::auth::Caller;

/// The person whose own ratings do not exist for a caller. Nobody for applications and customers, who are not rated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oneself(Option<String>);

impl Oneself {
    /// Of somebody who calls.
    pub(crate) fn of(caller: &Caller) -> Self {
        Self(caller.person().map(str::to_owned))
    }

    /// Of somebody who does not call: for what is not to become theirs.
    pub(crate) fn of_person(staff_id: &str) -> Self {
        Self(Some(staff_id.to_owned()))
    }

    /// Nobody: for what the server reads by itself.
    pub(crate) fn nobody() -> Self {
        Self(None)
    }

    /// Their staff id, if they are somebody.
    pub(crate) fn id(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether a record is about them.
    pub(crate) fn is(&self, staff_id: Option<&str>) -> bool {
        self.0.is_some() && self.id() == staff_id
    }

    /// Rows that are not about them, by the column that says whom each is about.
    pub(crate) fn besides(&self, about: impl ColumnTrait) -> Condition {
        match &self.0 {
            Some(id) => Condition::any().add(about.is_null()).add(about.ne(id)),
            None => Condition::all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_no_record_about_nobody() {
        let (nobody, somebody) = (Oneself::nobody(), Oneself(Some("s1".to_owned())));
        assert!(!nobody.is(None) && !nobody.is(Some("s1")));
        assert!(somebody.is(Some("s1")) && !somebody.is(Some("s2")) && !somebody.is(None));
    }
}
