//! What changes a rating on record: a correction by the customer, a re-attribution of its interaction.

use sea_orm::{ActiveValue::Set, DbErr, EntityTrait as _, QueryFilter as _, entity::prelude::*};

use super::{
    counters,
    entity::{correction, rating},
    lock,
    rows::{RATING, to_rating, to_row},
};
use crate::{
    api::v1::{Attribution, RatingStanding},
    clock::Micros,
    error::{Error, Result},
    interaction::Participant,
    rating::{
        Low, Rating, Reactions,
        figures::Changes,
        rules::{rated, standing},
    },
    store::{Abort, Store, Stored, Tx, bulk, request::Request},
    template,
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

/// Puts a rating in the place of another one; both stay on record. Gives the id of the one that counts, and what changes of the
/// counters, which is left to be applied. Needs [`lock`], since `now`.
pub(crate) async fn supersede(
    tx: &Tx,
    (store, reactions): (&Store, Reactions),
    correction: &Correction,
    now: Micros,
) -> Result<(Uuid, Changes), Abort> {
    let row = rating::Entity::find_by_id(correction.rating_id).one(tx).await?;
    let earlier = to_rating(row.ok_or(Error::NotFound("rating"))?);
    let (later, low) = corrected(tx, &earlier, correction, now).await?;
    let mut changes = Changes::default();
    changes.remove(&earlier);
    changes.add(&later);
    set_standing(tx, earlier.id, RatingStanding::Superseded).await?;
    // Its request key is its own id: the request is remembered by `once`.
    bulk::insert(tx, vec![to_row(&later, later.id, correction.request.body_hash)], RATING).await?;
    let before = correction::Entity::find().filter(correction::Column::LaterId.eq(earlier.id)).one(tx).await?;
    let first_answered_at = before.and_then(|one| one.first_answered_at).unwrap_or(earlier.answered_at);
    let link = correction::ActiveModel {
        earlier_id: Set(earlier.id),
        later_id: Set(later.id),
        first_answered_at: Set(Some(first_answered_at)),
    };
    correction::Entity::insert(link).exec_without_returning(tx).await?;
    (reactions.low)(tx, store, low.into_iter().collect()).await?;
    Ok((later.id, changes))
}

/// The rating in its new form, and whether that is low.
async fn corrected(
    tx: &Tx,
    earlier: &Rating,
    correction: &Correction,
    now: Micros,
) -> Result<(Rating, Option<Low>), Abort> {
    if earlier.standing == RatingStanding::Superseded {
        return Err(Error::RatingSuperseded.into());
    }
    let after = correction.answered_at - earlier.answered_at;
    if !(0..=CORRECTION_WINDOW).contains(&after) {
        return Err(Error::CorrectionTooLate.into());
    }
    let template = template::store::template(tx, &earlier.template_id, earlier.template_version).await?;
    let template = template.ok_or_else(|| DbErr::RecordNotFound(format!("template {}", earlier.template_id)))?;
    // In time is an answer that came in time: a slip noticed after the window is not held against it.
    let late = earlier.standing == RatingStanding::Late;
    let later = Rating {
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
    };
    let low = Low::of(&later, &template);
    Ok((later, low))
}

async fn set_standing(tx: &Tx, id: Uuid, standing: RatingStanding) -> Result<(), DbErr> {
    let row = rating::ActiveModel { id: Set(id), standing: Set(Stored(standing)), ..Default::default() };
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
            rated_role: Set(Stored(whom.map(|one| one.role).unwrap_or_default())),
            ..Default::default()
        };
        rating::Entity::update(row).exec(tx).await?;
    }
    counters::apply(tx, changes).await
}
