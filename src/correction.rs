//! What a customer says again of a rating. In time it puts the rating right; later it opens a contest. Ratings, contests and
//! praise follow each other here, in one transaction.

use uuid::Uuid;

use crate::{
    api::v1::Attribution,
    clock::Micros,
    contest,
    error::{Error, Reason, Result},
    interaction::store::check_no_part,
    quality,
    rating::{
        Rating, Reactions,
        rules::{FUTURE_GRACE, standing},
        store::{CORRECTION_WINDOW, Correction, counters, find, lock, since_answer, supersede},
    },
    reach::Sight,
    store::{Abort, Store, Tx, request},
};

/// Puts a rating in the place of another one; both stay on record. Gives the id of the one that counts.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::RatingSuperseded`] if it was corrected before; [`Error::CorrectionTooLate`], where what
/// the customer says now is kept as the evidence of a contest; [`Error::InterestedParty`]; [`Reason::TimeInFuture`].
pub(crate) async fn correct((store, reactions): (&Store, Reactions), correction: Correction) -> Result<Uuid> {
    let runner = store.clone();
    let corrected = store.transact(move |tx| {
        let (store, correction) = (runner.clone(), correction.clone());
        Box::pin(async move {
            let now = lock(tx, &store).await?;
            if correction.answered_at > now + FUTURE_GRACE {
                let rule = "must not lie ahead of the server's clock";
                return Err(Error::invalid("answered_time", Reason::TimeInFuture, rule).into());
            }
            let work = Box::pin(correct_or_withdraw(tx, (&store, reactions), &correction, now));
            request::once(tx, &correction.request, now, work).await
        })
    });
    corrected.await?.ok_or(Error::CorrectionTooLate)
}

/// None: it is too late, and a contest says so. That must be committed, though the caller is refused.
async fn correct_or_withdraw(
    tx: &Tx,
    at: (&Store, Reactions),
    correction: &Correction,
    now: Micros,
) -> Result<Option<Uuid>, Abort> {
    let found = find(tx, &Sight::all(), correction.rating_id).await?.ok_or(Error::NotFound("rating"))?;
    if let Some(by) = &correction.by {
        // To them there is no such rating.
        if found.rated.is_some_and(|rated| rated.staff_id == *by) {
            return Err(Error::NotFound("rating").into());
        }
        check_no_part(tx, found.interaction_id, Some(by)).await?;
    }
    let too_late = match correct_in(tx, at, correction, now).await {
        Err(Abort::Domain(Error::CorrectionTooLate)) => Abort::Domain(Error::CorrectionTooLate),
        done => return done.map(Some),
    };
    let Some(earlier) = find(tx, &Sight::all(), correction.rating_id).await? else { return Err(too_late) };
    let cause = correction.attribution.plain_name().to_owned();
    let cause = if cause.is_empty() { cause } else { format!(", about {cause}") };
    let words = correction.comment.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
    let said = Statement {
        score: correction.score,
        attribution: correction.attribution,
        at: correction.answered_at,
        words: format!("score {}{cause}{words}", correction.score),
    };
    match withdraw(tx, now, &earlier, said).await? {
        Some(_) => Ok(None),
        None => Err(too_late),
    }
}

/// What a customer says of their rating when it is too late to correct it.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) score: i32,
    pub(crate) attribution: Attribution,
    pub(crate) at: Micros,
    pub(crate) words: String,
}

/// Contests a rating for a customer who takes it back too late to correct it: whether it is exempt by that. None: there is
/// nothing to contest.
pub(crate) async fn withdraw(tx: &Tx, now: Micros, rating: &Rating, said: Statement) -> Result<Option<bool>, Abort> {
    // More words about the same answer take nothing back.
    let is_about = |attribution| standing(false, attribution);
    let differs = said.score != i32::from(rating.score) || is_about(said.attribution) != is_about(rating.attribution);
    if !differs || said.at - rating.answered_at <= CORRECTION_WINDOW {
        return Ok(None);
    }
    let contacted = since_answer(tx, rating, said.at).await?;
    contest::store::open_for_customer(tx, now, rating, said.words, contacted).await
}

/// Puts a rating right as [`correct`] does in time, in an open transaction that holds the lock of the ratings since `now`,
/// whatever the request.
pub(crate) async fn correct_in(
    tx: &Tx,
    at: (&Store, Reactions),
    correction: &Correction,
    now: Micros,
) -> Result<Uuid, Abort> {
    let (later, changes) = supersede(tx, at, correction, now).await?;
    contest::store::follow(tx, correction.rating_id, later).await?;
    quality::praise::follow(tx, correction.rating_id, later).await?;
    counters::apply(tx, changes).await?;
    Ok(later)
}
