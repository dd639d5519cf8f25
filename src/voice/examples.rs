//! What was written of a topic, in surveys and of complaints. Who wrote it, and of whom, is left out.

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::{
    api::{
        convert::timestamp,
        v1::{self, Attribution},
    },
    clock::Micros,
    interaction::store::voice as complaints,
    rating::store::voice as ratings,
    reach::Sight,
};

/// What was written, with its place: instant and interaction.
pub(super) type Example = ((Micros, Uuid), v1::VoiceExample);

fn example_of_rating(one: ratings::Written) -> Example {
    let example = v1::VoiceExample {
        event_time: Some(timestamp(one.occurred_at)),
        cause: one.attribution.0.into(),
        level: i32::from(one.level),
        words: one.comment,
        interaction_id: one.interaction_id.to_string(),
    };
    ((one.occurred_at, one.interaction_id), example)
}

fn example_of_complaint(one: complaints::Written) -> Example {
    let example = v1::VoiceExample {
        event_time: Some(timestamp(one.occurred_at)),
        cause: Attribution::Unspecified.into(),
        level: 0,
        words: one.conclusion,
        interaction_id: one.id.to_string(),
    };
    ((one.occurred_at, one.id), example)
}

/// A page, newest first, before a place. `has_complaints`: whether complaints of the topics count.
pub(super) async fn read(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    (naming, has_complaints): (&ratings::Naming, bool),
    before: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Example>, DbErr> {
    let rated = naming.written(connection, sight, before, limit).await?;
    let complained = if has_complaints {
        complaints::written(connection, sight, (&naming.topics, naming.span), before, limit).await?
    } else {
        Vec::new()
    };
    let rated = rated.into_iter().map(example_of_rating);
    let mut all: Vec<_> = rated.chain(complained.into_iter().map(example_of_complaint)).collect();
    all.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}
