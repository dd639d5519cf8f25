//! Between rows and ratings.

use sea_orm::entity::prelude::*;

use super::entity::rating;
use crate::{
    api::convert::enum_of,
    rating::{Answers, Rated, Rating},
    store::set::{Cell, Kind, Present, Table},
};

/// Rows are inserted as a set; the unique request key tells the new ones.
pub(super) const RATING: Table = Table {
    name: "rating",
    present: Present::PassOver("request_key"),
    columns: &[
        ("id", Kind::Id),
        ("request_key", Kind::Id),
        ("body_hash", Kind::Id),
        ("interaction_id", Kind::Id),
        ("template_id", Kind::Text),
        ("template_version", Kind::Int),
        ("score", Kind::Int),
        ("level", Kind::Int),
        ("resolved", Kind::Int),
        ("affinity", Kind::Int),
        ("carefulness", Kind::Int),
        ("knowledge", Kind::Int),
        ("clarity", Kind::Int),
        ("effort", Kind::Int),
        ("expected", Kind::Int),
        ("perceived", Kind::Int),
        ("attribution", Kind::Int),
        ("comment", Kind::Text),
        ("answered_at", Kind::Int),
        ("delivered_at", Kind::Int),
        ("received_at", Kind::Int),
        ("rated_staff_id", Kind::Text),
        ("rated_team_id", Kind::Text),
        ("rated_role", Kind::Int),
        ("channel", Kind::Int),
        ("kind", Kind::Int),
        ("topic", Kind::Text),
        ("occurred_at", Kind::Int),
        ("day", Kind::Int),
        ("standing", Kind::Int),
    ],
};

pub(super) fn cells(rating: &Rating, request_key: Uuid, body_hash: Uuid) -> Vec<Cell> {
    let rated = rating.rated.as_ref();
    let mut cells = vec![
        rating.id.into(),
        request_key.into(),
        body_hash.into(),
        rating.interaction_id.into(),
        rating.template_id.clone().into(),
        rating.template_version.into(),
        rating.score.into(),
        rating.level.into(),
        (rating.answers.resolved as i16).into(),
    ];
    cells.extend(rating.answers.dimensions.map(Cell::from));
    cells.extend([
        (rating.attribution as i16).into(),
        rating.comment.clone().into(),
        rating.answered_at.into(),
        rating.delivered_at.into(),
        rating.received_at.into(),
        rated.map(|one| one.staff_id.clone()).into(),
        rated.and_then(|one| one.team_id.clone()).into(),
        rated.map_or(0, |one| one.role as i16).into(),
        (rating.channel as i16).into(),
        (rating.kind as i16).into(),
        rating.topic.clone().into(),
        rating.occurred_at.into(),
        rating.day.into(),
        (rating.standing as i16).into(),
    ]);
    cells
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
