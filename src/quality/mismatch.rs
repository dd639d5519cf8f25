//! Ratings that an assessment of their interaction contradicts.

use sea_orm::{Condition, ConnectionTrait, DbErr, entity::prelude::*};

use super::{assessment, rules};
use crate::{
    api::v1::{MismatchDirection, RatingStanding},
    clock::Micros,
    rating::{
        Rating,
        store::{RatingColumn, RatingFilter, list as ratings},
    },
    reach::Sight,
    store::Stored,
};

/// A page of them within reach, newest first by the time of the interaction.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    (filter, direction): (&RatingFilter, MismatchDirection),
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Rating>, DbErr> {
    let any = rules::contradictions(direction).into_iter().fold(Condition::any(), |any, one| {
        let assessed = assessment::interactions_assessed(*one.assessed.start(), *one.assessed.end());
        let both = Condition::all().add(RatingColumn::Level.between(*one.rated.start(), *one.rated.end()));
        any.add(both.add(RatingColumn::InteractionId.in_subquery(assessed)))
    });
    // Says nothing new, but lets a database begin with the assessments, of which there are few.
    let assessed = RatingColumn::InteractionId.in_subquery(assessment::interactions_assessed(1, 5));
    let stands = RatingColumn::Standing.ne(Stored(RatingStanding::Superseded));
    let filter = RatingFilter { also: Some(Condition::all().add(assessed).add(any).add(stands)), ..filter.clone() };
    ratings(connection, sight, &filter, after, limit).await
}
