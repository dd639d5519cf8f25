//! What ratings set off in domains above this one. The composition root (`app`) says who does it; it happens inside the transaction
//! that takes the rating.

use futures::future::BoxFuture;
use uuid::Uuid;

use super::{Rated, Rating};
use crate::{
    clock::Micros,
    store::{Abort, Store, Tx},
    template::Template,
};

type ToLow = for<'t> fn(&'t Tx, &'t Store, Vec<Low>) -> BoxFuture<'t, Result<(), Abort>>;

/// The reactions to ratings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reactions {
    /// Ratings are low by their templates.
    pub(crate) low: ToLow,
}

/// A rating so low that its customer gets an answer (L1).
#[derive(Clone, Debug)]
pub(crate) struct Low {
    pub(crate) rating_id: Uuid,
    pub(crate) interaction_id: Uuid,
    pub(crate) rated: Option<Rated>,
    pub(crate) comment: Option<String>,
    pub(crate) answered_at: Micros,
    /// Working time in which it is answered.
    pub(crate) within: Micros,
}

impl Low {
    /// A rating by its template, if it is low by that.
    pub(crate) fn of(rating: &Rating, template: &Template) -> Option<Self> {
        (rating.level <= template.follow_up_level).then(|| Self {
            rating_id: rating.id,
            interaction_id: rating.interaction_id,
            rated: rating.rated.clone(),
            comment: rating.comment.clone(),
            answered_at: rating.answered_at,
            within: template.follow_up_within,
        })
    }
}
