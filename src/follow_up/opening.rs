//! What opens a follow-up by itself: a rating that is low by its template, and a complaint. In the transaction that records it.

use std::collections::HashMap;

use super::{
    FollowUp,
    rules::{POINTS, RECENT},
    store::{self, Held, Opening},
};
use crate::{
    api::v1::{FollowUpEventKind, FollowUpSource},
    interaction::{self, reactions::Complaint},
    rating::Low,
    reach::Sight,
    store::{Abort, Store, Tx},
    template::FOLLOW_UP_WITHIN,
};

/// Opens one for each low rating; where a rating of the same interaction has opened one that still waits for its answers, its words
/// become a point of that.
pub(crate) async fn of_ratings(tx: &Tx, store: &Store, low: Vec<Low>) -> Result<(), Abort> {
    if low.is_empty() {
        return Ok(());
    }
    let mut held = Held::take(tx, store, low.len()).await?;
    let ids = low.iter().map(|one| one.interaction_id).collect();
    let recorded = interaction::store::all_of(tx, &Sight::all(), ids).await?;
    let recorded: HashMap<_, _> = recorded.into_iter().map(|one| (one.id, one.facts)).collect();
    for one in low {
        let Some(facts) = recorded.get(&one.interaction_id) else { continue };
        let has_party = facts.customer_id.is_some() || facts.customer_alias.is_some();
        if held.now - one.answered_at > RECENT || !has_party {
            continue;
        }
        let words = one.comment.unwrap_or_default();
        if let Some(there) = store::opened_by_rating(tx, one.interaction_id).await? {
            add(&mut held, there, words).await?;
            continue;
        }
        let primary = facts.primary_team().map(str::to_owned);
        let (rated_team, rated) = one.rated.map(|rated| (rated.team_id, rated.staff_id)).unzip();
        let opening = Opening {
            source: FollowUpSource::Rating,
            origin_id: Some(one.rating_id),
            interaction_id: one.interaction_id,
            team_id: rated_team.flatten().or(primary),
            words: vec![words],
            about: rated.into_iter().collect(),
            within: one.within,
            author: String::new(),
            actor: None,
        };
        held.open(opening).await?;
    }
    Ok(())
}

/// Adds what else the customer says to one that waits for its answers, if they say anything.
async fn add(held: &mut Held<'_>, mut there: FollowUp, words: String) -> Result<(), Abort> {
    let count = store::points(held.tx, &[there.id]).await?.remove(&there.id).map_or(0, |points| points.len());
    if !words.is_empty() && count < POINTS {
        held.catch_up(&mut there).await?;
        held.raise(there.id, vec![words]).await?;
        held.tell(there.id, FollowUpEventKind::PointRaised, None, None).await?;
        held.finish(there).await?;
    }
    Ok(())
}

/// Opens one for each complaint that was just recorded; where one about the same case waits for its answers, it is a point of that.
pub(crate) async fn of_complaints(tx: &Tx, store: &Store, complaints: Vec<Complaint>) -> Result<(), Abort> {
    if complaints.is_empty() {
        return Ok(());
    }
    let mut held = Held::take(tx, store, complaints.len()).await?;
    for one in complaints {
        if held.now - one.occurred_at > RECENT {
            continue;
        }
        let words = one.topic.unwrap_or_default();
        if let Some((customer_id, case_id)) = &one.matter
            && let Some(there) = store::opened_by_complaint(tx, (customer_id, case_id)).await?
        {
            add(&mut held, there, words).await?;
            continue;
        }
        let opening = Opening {
            source: FollowUpSource::Complaint,
            origin_id: Some(one.interaction_id),
            interaction_id: one.interaction_id,
            team_id: one.team_id,
            words: vec![words],
            about: Vec::new(),
            within: FOLLOW_UP_WITHIN,
            author: String::new(),
            actor: None,
        };
        held.open(opening).await?;
    }
    Ok(())
}
