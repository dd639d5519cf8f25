//! What changes a rating on record: a correction by the customer, a re-attribution of its interaction.

use sea_orm::{ActiveValue::Set, DbErr, EntityTrait as _, QueryFilter as _, entity::prelude::*};

use super::{
    contact, counters,
    entity::{correction, rating},
    find::find,
    lock,
    rows::{RATING, cells, to_rating},
};
use crate::{
    api::{
        plain_name,
        v1::{Attribution, RatingStanding},
    },
    contest,
    directory::scope::Sight,
    error::{Error, Reason, Result},
    interaction::{Micros, Participant, store::check_no_part},
    quality,
    rating::{
        Rating,
        figures::Changes,
        rules::{FUTURE_GRACE, rated, standing},
    },
    store::{
        Abort, Store, Tx,
        request::{self, Request},
        set,
    },
    survey,
};

/// How long after answering a customer may correct the answer (R6).
pub(crate) const CORRECTION_WINDOW: Micros = 30 * 60 * 1_000_000;

/// What a customer meant.
#[derive(Clone, Debug)]
pub(crate) struct Correction {
    pub(crate) request: Request,
    pub(crate) rating_id: Uuid,
    pub(crate) score: i32,
    pub(crate) attribution: Attribution,
    pub(crate) comment: Option<String>,
    pub(crate) answered_at: Micros,
    /// The person who enters it, if one does.
    pub(crate) by: Option<String>,
}

/// Puts a rating in the place of another one; both stay on record. Gives the id of the one that counts.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::RatingSuperseded`] if it was corrected before; [`Error::CorrectionTooLate`], where what
/// the customer says now is kept as the evidence of a contest; [`Error::InterestedParty`]; [`Reason::TimeInFuture`].
pub(crate) async fn correct(store: &Store, correction: Correction) -> Result<Uuid> {
    let runner = store.clone();
    let corrected = store.transact(move |tx| {
        let (store, correction) = (runner.clone(), correction.clone());
        Box::pin(async move {
            let now = lock(tx, &store).await?;
            if correction.answered_at > now + FUTURE_GRACE {
                let rule = "must not lie ahead of the server's clock";
                return Err(Error::invalid("answered_time", Reason::TimeInFuture, rule).into());
            }
            let work = Box::pin(put_right_or_take_back(tx, &correction, now));
            request::once(tx, &correction.request, now, work).await
        })
    });
    corrected.await?.ok_or(Error::CorrectionTooLate)
}

/// None: it is too late, and a contest says so. That must be committed, though the caller is refused.
async fn put_right_or_take_back(tx: &Tx, correction: &Correction, now: Micros) -> Result<Option<Uuid>, Abort> {
    let found = find(tx, &Sight::all(), correction.rating_id).await?.ok_or(Error::NotFound("rating"))?;
    if let Some(by) = &correction.by {
        // To them there is no such rating.
        if found.rated.is_some_and(|rated| rated.staff_id == *by) {
            return Err(Error::NotFound("rating").into());
        }
        check_no_part(tx, found.interaction_id, Some(by)).await?;
    }
    let too_late = match put_right(tx, correction, now).await {
        Err(Abort::Domain(Error::CorrectionTooLate)) => Abort::Domain(Error::CorrectionTooLate),
        done => return done.map(Some),
    };
    let Some(earlier) = find(tx, &Sight::all(), correction.rating_id).await? else { return Err(too_late) };
    let cause = plain_name(correction.attribution.as_str_name(), "ATTRIBUTION");
    let cause = if cause.is_empty() { cause } else { format!(", about {cause}") };
    let words = correction.comment.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
    let said = Said {
        score: correction.score,
        attribution: correction.attribution,
        at: correction.answered_at,
        words: format!("score {}{cause}{words}", correction.score),
    };
    match take_back(tx, now, &earlier, said).await? {
        Some(_) => Ok(None),
        None => Err(too_late),
    }
}

/// What a customer says of their rating when it is too late to correct it.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) score: i32,
    pub(crate) attribution: Attribution,
    pub(crate) at: Micros,
    pub(crate) words: String,
}

/// Contests a rating for a customer who takes it back too late to correct it: whether it is exempt by that. None: there is
/// nothing to contest.
pub(crate) async fn take_back(tx: &Tx, now: Micros, rating: &Rating, said: Said) -> Result<Option<bool>, Abort> {
    // More words about the same answer take nothing back.
    let is_about = |attribution| standing(false, attribution);
    let differs = said.score != i32::from(rating.score) || is_about(said.attribution) != is_about(rating.attribution);
    if !differs || said.at - rating.answered_at <= CORRECTION_WINDOW {
        return Ok(None);
    }
    let contacted = contact::since_answer(tx, rating, said.at).await?;
    contest::store::open_for_customer(tx, now, rating, said.words, contacted).await
}

/// The same in an open transaction that holds the lock of the ratings since `now`, whatever the request.
pub(crate) async fn put_right(tx: &Tx, correction: &Correction, now: Micros) -> Result<Uuid, Abort> {
    let row = rating::Entity::find_by_id(correction.rating_id).one(tx).await?;
    let earlier = to_rating(row.ok_or(Error::NotFound("rating"))?);
    let later = corrected(tx, &earlier, correction, now).await?;
    let mut changes = Changes::default();
    changes.remove(&earlier);
    changes.add(&later);
    set_standing(tx, earlier.id, RatingStanding::Superseded).await?;
    // Its request key is its own id: the request is remembered by `once`.
    set::insert(tx, &RATING, vec![cells(&later, later.id, correction.request.body_hash)]).await?;
    let before = correction::Entity::find().filter(correction::Column::LaterId.eq(earlier.id)).one(tx).await?;
    let first_answered_at = before.and_then(|one| one.first_answered_at).unwrap_or(earlier.answered_at);
    let link = correction::ActiveModel {
        earlier_id: Set(earlier.id),
        later_id: Set(later.id),
        first_answered_at: Set(Some(first_answered_at)),
    };
    correction::Entity::insert(link).exec_without_returning(tx).await?;
    contest::store::follow(tx, earlier.id, later.id).await?;
    quality::praise::follow(tx, earlier.id, later.id).await?;
    counters::apply(tx, changes).await?;
    Ok(later.id)
}

async fn corrected(tx: &Tx, earlier: &Rating, correction: &Correction, now: Micros) -> Result<Rating, Abort> {
    if earlier.standing == RatingStanding::Superseded {
        return Err(Error::RatingSuperseded.into());
    }
    let after = correction.answered_at - earlier.answered_at;
    if !(0..=CORRECTION_WINDOW).contains(&after) {
        return Err(Error::CorrectionTooLate.into());
    }
    let template = survey::store::template(tx, &earlier.template_id, earlier.template_version).await?;
    let template = template.ok_or_else(|| DbErr::RecordNotFound(format!("template {}", earlier.template_id)))?;
    // In time is an answer that came in time: a slip noticed after the window is not held against it.
    let late = earlier.standing == RatingStanding::Late;
    Ok(Rating {
        id: Uuid::new_v4(),
        score: correction.score.try_into().map_err(Error::internal)?,
        level: template.direction.level(correction.score).try_into().map_err(Error::internal)?,
        attribution: correction.attribution,
        comment: correction.comment.clone(),
        answered_at: correction.answered_at,
        received_at: now,
        standing: match earlier.standing {
            kept @ (RatingStanding::Exempt | RatingStanding::Incident) => kept,
            RatingStanding::Unspecified
            | RatingStanding::Counted
            | RatingStanding::Late
            | RatingStanding::NonStaff
            | RatingStanding::Superseded => standing(late, correction.attribution),
        },
        ..earlier.clone()
    })
}

async fn set_standing(tx: &Tx, id: Uuid, standing: RatingStanding) -> Result<(), DbErr> {
    let row = rating::ActiveModel { id: Set(id), standing: Set(standing as i16), ..Default::default() };
    rating::Entity::update(row).exec(tx).await?;
    Ok(())
}

/// Lets a rating stand otherwise, and count there. Needs [`lock`].
pub(crate) async fn restand(tx: &Tx, rating: &Rating, standing: RatingStanding) -> Result<(), DbErr> {
    let mut changes = Changes::default();
    changes.remove(rating);
    changes.add(&Rating { standing, ..rating.clone() });
    set_standing(tx, rating.id, standing).await?;
    counters::apply(tx, changes).await
}

/// Lets the ratings of an interaction follow when its participants are replaced: one that rates somebody who did not take
/// part after all rates the primary participant instead (I2).
pub(crate) async fn follow(
    tx: &Tx,
    store: &Store,
    interaction_id: Uuid,
    (before, after): (&[Participant], &[Participant]),
) -> Result<(), DbErr> {
    lock(tx, store).await?;
    let rows = rating::Entity::find().filter(rating::Column::InteractionId.eq(interaction_id)).all(tx).await?;
    let was_primary = rated(None, before);
    let mut changes = Changes::default();
    for row in rows {
        let rating = to_rating(row);
        let named = rating.rated.as_ref().filter(|_| rating.rated != was_primary).map(|one| one.staff_id.clone());
        let follows = rated(named.as_deref(), after).or_else(|| rated(None, after));
        if follows == rating.rated {
            continue;
        }
        let moved = Rating { rated: follows, ..rating.clone() };
        changes.remove(&rating);
        changes.add(&moved);
        let whom = moved.rated.as_ref();
        let row = rating::ActiveModel {
            id: Set(rating.id),
            rated_staff_id: Set(whom.map(|one| one.staff_id.clone())),
            rated_team_id: Set(whom.and_then(|one| one.team_id.clone())),
            rated_role: Set(whom.map_or(0, |one| one.role as i16)),
            ..Default::default()
        };
        rating::Entity::update(row).exec(tx).await?;
    }
    counters::apply(tx, changes).await
}
