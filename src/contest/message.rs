//! Between the contract's messages and the domain's types.

use super::{
    Contest, Review,
    rules::{self, CONTEST_WINDOW},
    store::{Input, Target},
    view::Masked,
};
use crate::{
    api::{
        convert::{optional, timestamp},
        v1,
    },
    call,
    error::{Error, Reason, Result, Violation},
    rating::Rating,
};

pub(super) fn read(message: &v1::ContestRatingRequest) -> Result<Input> {
    let mut found = Vec::new();
    let (grounds, evidence) = (message.grounds(), optional(message.evidence.trim().to_owned()));
    if rules::needs_evidence(grounds) && evidence.is_none() {
        found.push(Violation::new("evidence", Reason::FieldRequired, "must be given with these grounds"));
    }
    if message.masked_id.is_empty() == message.rating_id.is_empty() {
        let rule = "must be given if rating_id is not, and only then";
        found.push(Violation::new("masked_id", Reason::Contradiction, rule));
    }
    Error::unless_empty(found)?;
    let target = match message.rating_id.as_str() {
        "" => Target::Masked(call::id(&message.masked_id)?),
        rating_id => Target::Rating(call::id(rating_id)?),
    };
    Ok(Input { target, grounds, evidence })
}

/// Who reads a contest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewer<'r> {
    pub(super) subject: &'r str,
    /// The reader judges contests.
    pub(super) judges: bool,
}

pub(super) fn write(
    contest: Contest,
    rating: Option<&Rating>,
    reviews: Vec<Review>,
    reader: Viewer<'_>,
) -> v1::Contest {
    // A person who contested a masked rating must not learn from the contest which one it is.
    let masked_id = contest.masked_id.filter(|_| contest.contester == reader.subject && !reader.judges);
    let rated = rating.and_then(|rating| rating.rated.clone()).filter(|_| masked_id.is_none());
    let (rated_staff_id, rated_team_id) = rated.map(|one| (one.staff_id, one.team_id)).unwrap_or_default();
    v1::Contest {
        contest_id: contest.id.to_string(),
        rating_id: if masked_id.is_none() { contest.rating_id.to_string() } else { String::new() },
        masked_id: masked_id.map(|id| id.to_string()).unwrap_or_default(),
        rated_staff_id,
        rated_team_id: rated_team_id.unwrap_or_default(),
        contester: contest.contester,
        grounds: contest.grounds.into(),
        evidence: contest.evidence.unwrap_or_default(),
        contest_time: Some(timestamp(contest.contested_at)),
        state: contest.state.into(),
        decide_by_time: Some(timestamp(contest.decide_by)),
        decision_time: contest.decided_at.map(timestamp),
        appeal_time: contest.appeal.as_ref().map(|appeal| timestamp(appeal.at)),
        appeal_reason: contest.appeal.map(|appeal| appeal.reason).unwrap_or_default(),
        reviews: reviews.into_iter().map(|review| write_review(review, reader)).collect(),
        exemption_time: contest.exemption.map(|exemption| timestamp(exemption.at)),
    }
}

fn write_review(review: Review, reader: Viewer<'_>) -> v1::ContestReview {
    v1::ContestReview {
        verdict: review.verdict.into(),
        reason: review.reason,
        review_time: Some(timestamp(review.at)),
        reviewer: if reader.judges { review.reviewer } else { String::new() },
    }
}

/// A block that has ratings.
pub(super) fn write_block(block: i32, ratings: Vec<Masked>) -> v1::CoachingBlock {
    // A topic of one's own choosing, or a rare cause, would say which interaction it was.
    let has_one_topic = ratings.windows(2).all(|pair| pair[0].topic == pair[1].topic);
    let has_one_cause = ratings.windows(2).all(|pair| pair[0].attribution == pair[1].attribution);
    let mask = |rating: Masked| Masked {
        topic: rating.topic.filter(|_| has_one_topic),
        attribution: if has_one_cause { rating.attribution } else { Default::default() },
        ..rating
    };
    v1::CoachingBlock {
        number: block + 1,
        contest_until_time: ratings.first().map(|one| timestamp(one.released_at + CONTEST_WINDOW)),
        ratings: ratings.into_iter().map(mask).map(write_masked).collect(),
    }
}

fn write_masked(rating: Masked) -> v1::MaskedRating {
    v1::MaskedRating {
        masked_id: rating.masked_id.to_string(),
        level: rating.level.into(),
        answers: Some(v1::RatingAnswers {
            resolved: rating.resolved.0.into(),
            affinity: rating.affinity.into(),
            carefulness: rating.carefulness.into(),
            knowledge: rating.knowledge.into(),
            clarity: rating.clarity.into(),
            effort: rating.effort.into(),
            expected: rating.expected.into(),
            perceived: rating.perceived.into(),
        }),
        attribution: rating.attribution.0.into(),
        topic: rating.topic.unwrap_or_default(),
    }
}
