//! Between rows and ratings.

use sea_orm::entity::prelude::*;

use super::entity::rating;
use crate::{
    api::convert::enum_of,
    rating::{Answers, Rated, Rating},
    store::bulk::Present,
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
        resolved: rating.answers.resolved as i16,
        affinity,
        carefulness,
        knowledge,
        clarity,
        effort,
        expected,
        perceived,
        attribution: rating.attribution as i16,
        comment: rating.comment.clone(),
        answered_at: rating.answered_at,
        delivered_at: rating.delivered_at,
        received_at: rating.received_at,
        rated_staff_id: rated.map(|one| one.staff_id.clone()),
        rated_team_id: rated.and_then(|one| one.team_id.clone()),
        rated_role: rated.map_or(0, |one| one.role as i16),
        channel: rating.channel as i16,
        kind: rating.kind as i16,
        topic: rating.topic.clone(),
        occurred_at: rating.occurred_at,
        day: rating.day.into(),
        standing: rating.standing as i16,
    }
}

pub(super) fn to_rating(row: rating::Model) -> Rating {
    let rated_role = enum_of(row.rated_role);
    let team_id = row.rated_team_id;
    Rating {
        id: row.id,
        interaction_id: row.interaction_id,
        template_id: row.template_id,
        template_version: row.template_version,
        score: row.score,
        level: row.level,
        answers: Answers {
            resolved: enum_of(row.resolved),
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
        attribution: enum_of(row.attribution),
        comment: row.comment,
        answered_at: row.answered_at,
        delivered_at: row.delivered_at,
        received_at: row.received_at,
        rated: row.rated_staff_id.map(|staff_id| Rated { staff_id, team_id, role: rated_role }),
        channel: enum_of(row.channel),
        kind: enum_of(row.kind),
        topic: row.topic,
        occurred_at: row.occurred_at,
        day: i32::try_from(row.day).unwrap_or_default(),
        standing: enum_of(row.standing),
    }
}
