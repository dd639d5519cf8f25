//! Between rows and ratings.

use sea_orm::entity::prelude::*;

use super::entity::rating;
use crate::{
    rating::{Answers, Rated, Rating},
    store::{Stored, bulk::Present},
};

/// Rows are inserted as a set; the unique request key tells the new ones.
pub(super) const RATING: Present<rating::Entity> = Present::PassOver(&[rating::Column::RequestKey]);

pub(super) fn to_row(rating: &Rating, request_key: Uuid, body_hash: Uuid) -> rating::Model {
    let rated = rating.rated.as_ref();
    let [affinity, carefulness, knowledge, clarity, effort, expected, perceived] = rating.answers.dimensions;
    rating::Model {
        id: rating.id,
        request_key,
        body_hash,
        interaction_id: rating.interaction_id,
        template_id: rating.template_id.clone(),
        template_version: rating.template_version,
        score: rating.score,
        level: rating.level,
        resolved: Stored(rating.answers.resolved),
        affinity,
        carefulness,
        knowledge,
        clarity,
        effort,
        expected,
        perceived,
        attribution: Stored(rating.attribution),
        comment: rating.comment.clone(),
        answered_at: rating.answered_at,
        delivered_at: rating.delivered_at,
        received_at: rating.received_at,
        rated_staff_id: rated.map(|one| one.staff_id.clone()),
        rated_team_id: rated.and_then(|one| one.team_id.clone()),
        rated_role: Stored(rated.map(|one| one.role).unwrap_or_default()),
        channel: Stored(rating.channel),
        kind: Stored(rating.kind),
        topic: rating.topic.clone(),
        occurred_at: rating.occurred_at,
        day: rating.day.into(),
        standing: Stored(rating.standing),
    }
}

pub(super) fn to_rating(row: rating::Model) -> Rating {
    let rated_role = row.rated_role.0;
    let team_id = row.rated_team_id;
    Rating {
        id: row.id,
        interaction_id: row.interaction_id,
        template_id: row.template_id,
        template_version: row.template_version,
        score: row.score,
        level: row.level,
        answers: Answers {
            resolved: row.resolved.0,
            dimensions: [
                row.affinity,
                row.carefulness,
                row.knowledge,
                row.clarity,
                row.effort,
                row.expected,
                row.perceived,
            ],
        },
        attribution: row.attribution.0,
        comment: row.comment,
        answered_at: row.answered_at,
        delivered_at: row.delivered_at,
        received_at: row.received_at,
        rated: row.rated_staff_id.map(|staff_id| Rated { staff_id, team_id, role: rated_role }),
        channel: row.channel.0,
        kind: row.kind.0,
        topic: row.topic,
        occurred_at: row.occurred_at,
        day: i32::try_from(row.day).unwrap_or_default(),
        standing: row.standing.0,
    }
}
