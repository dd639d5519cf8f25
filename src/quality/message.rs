//! Between the contract's messages and the domain's types.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Assessment, Criterion, Marks, assessment::AssessmentFilter, praise::Shared};
use crate::{
    api::{
        convert::{normal, optional, timestamp},
        v1::{self, Involvement, PraiseState},
    },
    call,
    error::{Error, Reason, Result, Violation},
    interaction::Served,
    rating::Rating,
};

pub(super) fn read(message: v1::AssessInteractionRequest) -> Result<(Uuid, Marks)> {
    let interaction_id = call::id(&message.interaction_id)?;
    let mut criteria = Vec::with_capacity(message.criteria.len());
    let (mut names, mut found) = (HashSet::new(), Vec::new());
    for (index, one) in message.criteria.into_iter().enumerate() {
        let name = normal(one.name);
        if !names.insert(name.clone()) {
            let rule = "must not be the name of another criterion";
            found.push(Violation::new(format!("criteria[{index}].name"), Reason::Contradiction, rule));
        }
        criteria.push(Criterion { name, score: one.score.try_into().map_err(Error::internal)? });
    }
    Error::unless_empty(found)?;
    let overall = message.overall.try_into().map_err(Error::internal)?;
    Ok((interaction_id, Marks { overall, criteria, note: Some(message.note).filter(|note| !note.is_empty()) }))
}

pub(super) fn read_filter(message: v1::AssessmentFilter) -> Result<AssessmentFilter> {
    let interaction_id = Some(message.interaction_id).filter(|id| !id.is_empty());
    Ok(AssessmentFilter {
        interaction_id: interaction_id.as_deref().map(call::id).transpose()?,
        team_id: optional(message.team_id),
        staff_id: optional(message.staff_id),
    })
}

/// An assessment as `reader` sees it; for the one who is assessed, not more than they may know.
pub(super) fn write(one: Assessment, served: Option<&Served>, reader: &str) -> v1::Assessment {
    let is_primary = |one: &&crate::interaction::Participant| one.involvement == Involvement::Primary;
    let primary = served.and_then(|served| served.participants.iter().find(is_primary));
    let staff_id = primary.map(|one| one.staff_id.clone()).unwrap_or_default();
    let mut shown = v1::Assessment {
        assessment_id: one.id.to_string(),
        interaction_id: one.interaction_id.to_string(),
        overall: one.marks.overall.into(),
        criteria: one.marks.criteria.into_iter().map(write_criterion).collect(),
        note: one.marks.note.unwrap_or_default(),
        author: one.author,
        author_role: one.author_role.into(),
        assessment_time: Some(timestamp(one.at)),
        superseded_time: one.superseded_at.map(timestamp),
        staff_id,
        channel: served.map_or(0, |served| served.channel.into()),
        topic: served.and_then(|served| served.topic.clone()).unwrap_or_default(),
    };
    if shown.staff_id == reader {
        shown.interaction_id.clear();
        shown.author.clear();
        shown.author_role = 0;
        (shown.assessment_time, shown.superseded_time) = (None, None);
    }
    shown
}

fn write_criterion(one: Criterion) -> v1::AssessedCriterion {
    v1::AssessedCriterion { name: one.name, score: one.score.into() }
}

/// What was passed on, as `reader` sees it; whom it praises sees the words.
pub(super) fn write_shared(one: Shared, reader: &str) -> v1::Praise {
    let shown = v1::Praise {
        praise_id: one.id.to_string(),
        text: one.text,
        state: PraiseState::Shared.into(),
        staff_id: one.staff_id,
        ..Default::default()
    };
    if shown.staff_id == reader {
        return shown;
    }
    v1::Praise {
        team_id: one.team_id.unwrap_or_default(),
        rating_id: one.rating_id.to_string(),
        shared_by: one.shared_by,
        share_time: Some(timestamp(one.shared_at)),
        ..shown
    }
}

/// A rating that waits to be passed on.
pub(super) fn write_waiting(rating: Rating) -> v1::Praise {
    let rated = rating.rated.map(|one| (one.staff_id, one.team_id.unwrap_or_default()));
    let (staff_id, team_id) = rated.unwrap_or_default();
    v1::Praise {
        state: PraiseState::Waiting.into(),
        staff_id,
        team_id,
        rating_id: rating.id.to_string(),
        comment: rating.comment.unwrap_or_default(),
        ..Default::default()
    }
}
