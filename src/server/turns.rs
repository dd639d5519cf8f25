//! Turns. Of calls that read much there are few at once, so that a handful of summaries does not stop all other reads, and one
//! at once of each person, so that nobody takes the turns of others. A person's long page counts as one. Of all other calls of a
//! person there are a few at once:
//! somebody who sends a hundred together has them answered one after the other, and keeps nobody else waiting.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prost::{
    Message as _,
    encoding::{DecodeContext, decode_key, decode_varint, skip_field},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    methods::PREFIX,
    quota::{Key, SOON, Subject},
};
use crate::{
    api::v1::{GetScorecardRequest, ScorecardView},
    error::Error,
    store::heavy_readers,
};

/// How long a heavy call waits for another of its own subject.
const PATIENCE: Duration = Duration::from_secs(2);
/// Other calls of one person at once. A page of the console asks for no more.
const LIGHT: usize = 4;

/// Methods whose every call may look at a good part of the record, or at a whole file.
const METHODS: [&str; 25] = [
    "/rapport.v1.CallbackService/SummarizeCallbacks",
    "/rapport.v1.CompetitionService/ExportRecord",
    "/rapport.v1.DiscretionService/EstimateGrantEffect",
    "/rapport.v1.DiscretionService/SummarizeGrants",
    "/rapport.v1.IdentityService/SuggestDuplicates",
    "/rapport.v1.ImportService/ReadFile",
    "/rapport.v1.ImportService/SuggestMapping",
    "/rapport.v1.IncidentService/PreviewIncident",
    "/rapport.v1.IncidentService/ReviewIncident",
    "/rapport.v1.InteractionService/SummarizeInteractions",
    "/rapport.v1.JourneyService/DeclareJourney",
    "/rapport.v1.JourneyService/LearnAnticipations",
    "/rapport.v1.JourneyService/SummarizeJourney",
    "/rapport.v1.PreferenceService/BriefCustomer",
    "/rapport.v1.PrivacyService/ExportCustomer",
    "/rapport.v1.PreferenceService/FindCustomers",
    "/rapport.v1.RatingService/ExplainRank",
    "/rapport.v1.RatingService/GetInvitationBias",
    "/rapport.v1.RatingService/RankStaff",
    "/rapport.v1.RatingService/RankTeams",
    "/rapport.v1.TrialService/CheckTrial",
    "/rapport.v1.TrialService/GetTrialReport",
    "/rapport.v1.VoiceService/ListVoiceExamples",
    "/rapport.v1.VoiceService/ReviewConcern",
    "/rapport.v1.VoiceService/SummarizeVoice",
];
/// A page of more items reads much.
const LONG_PAGE: i32 = 100;
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

/// Whether a call asks for a long page; `page_size`: the number of the field that says how long.
pub(super) fn asks_for_a_long_page(page_size: u32, message: &[u8]) -> bool {
    let mut rest = message.get(PREFIX..).unwrap_or_default();
    let mut size = 0;
    // What cannot be read is refused behind this.
    while let Ok((number, wire)) = decode_key(&mut rest) {
        let read = match number == page_size {
            // A negative one, which is refused, comes as a number of 64 bits.
            true => decode_varint(&mut rest).map(|told| size = i32::try_from(told).unwrap_or(-1)),
            false => skip_field(wire, number, &mut rest, DecodeContext::default()),
        };
        if read.is_err() {
            break;
        }
    }
    size > LONG_PAGE
}

/// The turns of calls.
pub(super) struct Turns {
    /// Heavy calls at once; as many as there are readers for them.
    at_once: usize,
    heavy: Arc<Semaphore>,
    heavy_of: Arc<OfSubjects>,
    light_of: Arc<OfSubjects>,
}

/// The turns of each subject that has one or waits for one.
type OfSubjects = Mutex<HashMap<Key, (Arc<Semaphore>, usize)>>;

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        let heavy = Arc::new(Semaphore::new(at_once));
        Self { at_once, heavy, heavy_of: Arc::default(), light_of: Arc::default() }
    }

    /// As many heavy calls at once as there are readers for them.
    pub(super) fn for_readers() -> Self {
        Self::new(usize::try_from(heavy_readers()).unwrap_or(1))
    }

    /// Waits for the turn of a heavy call: among all others in the order of coming, as long as the call lives.
    ///
    /// # Errors
    /// [`Error::RateLimited`] where another call of the subject does not end soon.
    pub(super) async fn of_heavy(&self, subject: Subject) -> Result<Turn, Error> {
        // An application asks for many people.
        let mine = Mine::of(&self.heavy_of, subject, if subject.is_application { self.at_once } else { 1 });
        let own = tokio::time::timeout(PATIENCE, mine.turn()).await;
        let own = own.map_err(|_| Error::RateLimited { retry_after: SOON })??;
        let one = self.heavy.clone().acquire_owned().await.map_err(Error::internal)?;
        Ok(Turn { _permits: (own, Some(one)), _mine: mine })
    }

    /// Waits for the turn of any other call among those of the same person, as long as the call lives. An application has no
    /// turns: it has limits of its own.
    ///
    /// # Errors
    /// None that occurs.
    pub(super) async fn of_light(&self, subject: Subject) -> Result<Option<Turn>, Error> {
        if subject.is_application {
            return Ok(None);
        }
        let mine = Mine::of(&self.light_of, subject, LIGHT);
        let own = mine.turn().await?;
        Ok(Some(Turn { _permits: (own, None), _mine: mine }))
    }
}

/// A turn, until it is dropped.
pub(super) struct Turn {
    _permits: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
    _mine: Mine,
}

/// A subject that has a turn or waits for one.
struct Mine {
    turns: Arc<OfSubjects>,
    key: Key,
    semaphore: Arc<Semaphore>,
}

impl Mine {
    fn of(turns: &Arc<OfSubjects>, subject: Subject, at_once: usize) -> Self {
        let mut all = turns.lock().unwrap_or_else(PoisonError::into_inner);
        let (semaphore, users) = all.entry(subject.key).or_insert_with(|| (Arc::new(Semaphore::new(at_once)), 0));
        *users += 1;
        Self { turns: turns.clone(), key: subject.key, semaphore: semaphore.clone() }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.semaphore.clone().acquire_owned().await.map_err(Error::internal)
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
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

    use crate::api::{
        pool,
        v1::{ACCESS, InteractionFilter, ListInteractionsRequest},
    };

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

    #[test]
    fn a_long_page_is_seen_in_the_message() {
        let asks = |page_size| {
            let filter = Some(InteractionFilter { case_id: "c".repeat(300), ..Default::default() });
            let request = ListInteractionsRequest { page_size, filter, page_token: "t".to_owned() };
            let number = pool().get_message_by_name("rapport.v1.ListInteractionsRequest").unwrap();
            let number = number.get_field_by_name("page_size").unwrap().number();
            asks_for_a_long_page(number, &[&[0; PREFIX][..], &request.encode_to_vec()].concat())
        };
        assert!(asks(500) && asks(101) && !asks(100) && !asks(0) && !asks(-1));
        assert!(!asks_for_a_long_page(2, b"") && !asks_for_a_long_page(2, &[0xff; 40]));
    }

    #[tokio::test]
    async fn a_person_waits_for_their_own_call_and_not_for_ever() {
        let turns = Arc::new(Turns::new(2));
        let first = turns.of_heavy(person(1)).await.unwrap();
        assert!(matches!(turns.of_heavy(person(1)).await, Err(Error::RateLimited { .. })));
        let other = turns.of_heavy(person(2)).await.unwrap();
        let third = tokio::spawn({
            let turns = turns.clone();
            async move { turns.of_heavy(person(3)).await.is_ok() }
        });
        tokio::time::sleep(PATIENCE / 10).await;
        assert!(!third.is_finished());
        drop(first);
        assert!(third.await.unwrap());
        drop(other);
        assert!(turns.heavy_of.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_person_has_a_few_calls_at_once_and_keeps_nobody_else_waiting() {
        let turns = Turns::new(1);
        let mut mine = Vec::new();
        for _ in 0..LIGHT {
            mine.push(turns.of_light(person(1)).await.unwrap());
        }
        let mut next = std::pin::pin!(turns.of_light(person(1)));
        assert!(futures::poll!(&mut next).is_pending());
        assert!(turns.of_light(person(2)).await.unwrap().is_some());
        assert!(turns.of_heavy(person(1)).await.is_ok());
        assert!(turns.of_light(Subject { key: 1, is_application: true }).await.unwrap().is_none());
        mine.pop();
        assert!(next.await.unwrap().is_some());
        drop(mine);
        assert!(turns.light_of.lock().unwrap().is_empty());
    }

    const fn person(key: Key) -> Subject {
        Subject { key, is_application: false }
    }
}
