//! What each step makes of a concern, and what time does. Pure.

use super::{Concern, Fix};
use crate::{
    api::v1::ConcernState,
    clock::Micros,
    error::{Error, Reason, Result},
    store::Stored,
};

const HOUR: Micros = 3_600_000_000;
/// Working time until a concern is acknowledged where the department has no other.
pub(super) const ACKNOWLEDGE_WITHIN: Micros = 16 * HOUR;
/// Dates that a department may give for one concern.
const FIXES: usize = 50;

/// It waits to be mended.
pub(super) const OPEN: [ConcernState; 2] = [ConcernState::Raised, ConcernState::Acknowledged];

impl Concern {
    pub(super) fn is_open(&self) -> bool {
        OPEN.contains(&self.state.0)
    }

    /// When the department's word is due: its acknowledgement, then that it is mended.
    pub(super) fn due(&self) -> Option<Micros> {
        match self.state.0 {
            ConcernState::Raised => Some(self.acknowledge_due_at).filter(|due| *due != Micros::MAX),
            ConcernState::Acknowledged => self.fix_at,
            ConcernState::Mended | ConcernState::Declined | ConcernState::Unspecified => None,
        }
    }

    pub(super) fn is_overdue(&self, now: Micros) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// Marks it overdue if it is so by `now` and nobody has said it; gives by how much.
    pub(super) fn catch_up(&mut self, now: Micros) -> Option<Micros> {
        let due = self.due().filter(|due| self.level == 0 && *due <= now)?;
        self.level = 1;
        Some(now - due)
    }

    /// The dates that were given.
    pub(super) fn fixes(&self) -> Vec<Fix> {
        serde_json::from_str(&self.fixes).unwrap_or_default()
    }

    /// The department has seen it, and gives a date.
    ///
    /// # Errors
    /// [`Error::ConcernSettled`]; a date that is past.
    pub(super) fn acknowledge(&mut self, fix: Fix) -> Result<()> {
        if self.state.0 != ConcernState::Raised {
            return Err(Error::ConcernSettled);
        }
        self.state = Stored(ConcernState::Acknowledged);
        self.acknowledged_at = Some(fix.said_at);
        self.give(fix)
    }

    /// The department gives another date.
    ///
    /// # Errors
    /// [`Error::ConcernSettled`]; a date that is past, or that was given last; too many of them.
    pub(super) fn move_fix(&mut self, fix: Fix) -> Result<()> {
        if self.state.0 != ConcernState::Acknowledged {
            return Err(Error::ConcernSettled);
        }
        if self.fix_at == Some(fix.at) {
            return Err(Error::invalid("fix_time", Reason::Contradiction, "must be another one than before"));
        }
        self.give(fix)
    }

    fn give(&mut self, fix: Fix) -> Result<()> {
        if fix.at <= fix.said_at {
            return Err(Error::invalid("fix_time", Reason::ImpossibleInstants, "must be in the future"));
        }
        let mut fixes = self.fixes();
        if fixes.len() >= FIXES {
            return Err(Error::invalid("fix_time", Reason::CountOutOfRange, "must be one of 50 dates at most"));
        }
        self.fix_at = Some(fix.at);
        self.level = 0;
        fixes.push(fix);
        self.fixes = serde_json::to_string(&fixes).map_err(Error::internal)?;
        Ok(())
    }

    /// It is mended, or will not be. What was never acknowledged is by that.
    ///
    /// # Errors
    /// [`Error::ConcernSettled`].
    pub(super) fn settle(&mut self, state: ConcernState, now: Micros, author: &str) -> Result<()> {
        if !self.is_open() {
            return Err(Error::ConcernSettled);
        }
        self.state = Stored(state);
        self.acknowledged_at = self.acknowledged_at.or(Some(now));
        self.settled_at = Some(now);
        self.settled_by = Some(author.to_owned());
        Ok(())
    }

    /// Whether it was acknowledged within the time for it.
    pub(super) fn was_acknowledged_in_time(&self) -> bool {
        self.acknowledged_at.is_some_and(|at| at <= self.acknowledge_due_at)
    }

    /// Whether it was mended by the date that was given first.
    pub(super) fn was_mended_in_time(&self) -> bool {
        let first = self.fixes().first().map(|first| first.at);
        // What was mended before a date was given is early.
        self.settled_at.is_some_and(|at| first.is_none_or(|first| at <= first))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn raised() -> Concern {
        Concern {
            id: Uuid::nil(),
            department_id: "it".to_owned(),
            title: "登录失败".to_owned(),
            what: "{}".to_owned(),
            since: 0,
            state: Stored(ConcernState::Raised),
            level: 0,
            raised_at: 0,
            author: "app".to_owned(),
            acknowledge_due_at: 100,
            acknowledged_at: None,
            fix_at: None,
            fixes: "[]".to_owned(),
            settled_at: None,
            settled_by: None,
            decline_reason: None,
            told_until: None,
        }
    }

    fn fix(at: Micros, said_at: Micros) -> Fix {
        Fix { at, said_at, author: "sue".to_owned(), reason: String::new() }
    }

    #[test]
    fn each_word_is_due_and_its_lateness_is_told_once() {
        let mut one = raised();
        assert_eq!((one.catch_up(99), one.catch_up(130), one.catch_up(140)), (None, Some(30), None));
        one.acknowledge(fix(500, 150)).unwrap();
        assert!(!one.was_acknowledged_in_time() && one.level == 0 && !one.is_overdue(499));
        assert_eq!((one.catch_up(500), one.level), (Some(0), 1));
        one.move_fix(fix(900, 600)).unwrap();
        assert_eq!((one.level, one.due(), one.fixes().len()), (0, Some(900), 2));
        one.settle(ConcernState::Mended, 700, "sue").unwrap();
        // The date that was given first is the one that counts.
        assert!(!one.was_mended_in_time() && one.due().is_none() && one.catch_up(2_000).is_none());
    }

    #[test]
    fn what_is_done_stays_done() {
        let mut one = raised();
        assert!(matches!(one.move_fix(fix(500, 1)), Err(Error::ConcernSettled)));
        assert!(one.acknowledge(fix(50, 50)).is_err());
        let mut one = raised();
        one.acknowledge(fix(500, 50)).unwrap();
        assert!(one.was_acknowledged_in_time());
        assert!(matches!(one.acknowledge(fix(600, 60)), Err(Error::ConcernSettled)));
        assert!(one.move_fix(fix(500, 60)).is_err(), "the same date");
        one.settle(ConcernState::Declined, 70, "sue").unwrap();
        for state in [ConcernState::Mended, ConcernState::Declined] {
            assert!(matches!(one.settle(state, 80, "sue"), Err(Error::ConcernSettled)));
        }
        let mut early = raised();
        early.settle(ConcernState::Mended, 20, "sue").unwrap();
        assert!(early.was_acknowledged_in_time() && early.was_mended_in_time());
    }
}
