//! Calls that read much: few at once, so that a handful of summaries does not stop all other reads, and one at once of
//! each person, so that nobody takes the turns of others. A caller who comes while another is at it waits for a moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    methods::PREFIX,
    quota::{Key, SOON, Subject},
};
use crate::{
    api::v1::{GetScorecardRequest, ScorecardView},
    error::Error,
    store::HEAVY_READERS,
};

/// Calls at once; as many as there are readers for them.
const AT_ONCE: usize = HEAVY_READERS as usize;
/// How long a call waits for another of its own subject.
const PATIENCE: Duration = Duration::from_secs(2);

/// Methods whose every call may look at a good part of the record.
const METHODS: [&str; 9] = [
    "/rapport.v1.CompetitionService/ExportRecord",
    "/rapport.v1.InteractionService/SummarizeInteractions",
    "/rapport.v1.PreferenceService/BriefCustomer",
    "/rapport.v1.PreferenceService/ExportCustomer",
    "/rapport.v1.PreferenceService/FindCustomers",
    "/rapport.v1.RatingService/ExplainRank",
    "/rapport.v1.RatingService/GetInvitationBias",
    "/rapport.v1.RatingService/RankStaff",
    "/rapport.v1.RatingService/RankTeams",
];
/// Heavy in its full view only.
const SCORECARD: &str = "/rapport.v1.RatingService/GetScorecard";

/// Whether a call is one of them.
pub(super) fn is_heavy(path: &str, message: &[u8]) -> bool {
    let full = || {
        let told = message.get(PREFIX..).and_then(|message| GetScorecardRequest::decode(message).ok());
        told.is_some_and(|told| told.view() == ScorecardView::Full)
    };
    METHODS.contains(&path) || (path == SCORECARD && full())
}

/// The turns of heavy calls.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    of_subject: Mutex<HashMap<Key, (Arc<Semaphore>, usize)>>,
}

impl Turns {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(AT_ONCE)), of_subject: Mutex::default() })
    }

    /// Waits for a turn: among all others in the order of coming, as long as the call lives.
    ///
    /// # Errors
    /// [`Error::RateLimited`] where another call of the subject does not end soon.
    pub(super) async fn wait(self: &Arc<Self>, subject: Subject) -> Result<Turn, Error> {
        let mine = Mine::of(self, subject);
        let own = tokio::time::timeout(PATIENCE, mine.semaphore.clone().acquire_owned()).await;
        let own = own.map_err(|_| Error::RateLimited { retry_after: SOON })?.map_err(Error::internal)?;
        let one = self.all.clone().acquire_owned().await.map_err(Error::internal)?;
        Ok(Turn { _one: one, _own: own, _mine: mine })
    }
}

/// A turn, until it is dropped.
pub(super) struct Turn {
    _one: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _mine: Mine,
}

/// A subject that has a turn or waits for one.
struct Mine {
    turns: Arc<Turns>,
    key: Key,
    semaphore: Arc<Semaphore>,
}

impl Mine {
    fn of(turns: &Arc<Turns>, subject: Subject) -> Self {
        let mut all = turns.of_subject.lock().unwrap_or_else(PoisonError::into_inner);
        // An application asks for many people.
        let at_once = if subject.is_application { AT_ONCE } else { 1 };
        let (semaphore, users) = all.entry(subject.key).or_insert_with(|| (Arc::new(Semaphore::new(at_once)), 0));
        *users += 1;
        Self { turns: turns.clone(), key: subject.key, semaphore: semaphore.clone() }
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        let mut all = self.turns.of_subject.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, users)) = all.get_mut(&self.key) {
            *users -= 1;
            if *users == 0 {
                all.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::ACCESS;

    #[test]
    fn heavy_methods_are_methods() {
        assert!(METHODS.iter().all(|path| ACCESS.iter().any(|(known, _)| known == path)));
        assert!(ACCESS.iter().any(|(known, _)| *known == SCORECARD));
        let asked = |view: ScorecardView| {
            let request = GetScorecardRequest { view: view.into(), ..Default::default() };
            is_heavy(SCORECARD, &[&[0; PREFIX][..], &request.encode_to_vec()].concat())
        };
        assert!(asked(ScorecardView::Full) && !asked(ScorecardView::Unspecified) && !is_heavy(SCORECARD, b""));
    }

    #[tokio::test]
    async fn a_person_waits_for_their_own_call_and_not_for_ever() {
        let turns = Turns::new();
        let person = |key| Subject { key, is_application: false };
        let first = turns.wait(person(1)).await.unwrap();
        assert!(matches!(turns.wait(person(1)).await, Err(Error::RateLimited { .. })));
        let other = turns.wait(person(2)).await.unwrap();
        let third = tokio::spawn({
            let turns = turns.clone();
            async move { turns.wait(person(3)).await.is_ok() }
        });
        tokio::time::sleep(PATIENCE / 10).await;
        assert!(!third.is_finished());
        drop(first);
        assert!(third.await.unwrap());
        drop(other);
        assert!(turns.of_subject.lock().unwrap().is_empty());
    }
}
