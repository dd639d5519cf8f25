//! What customers raise again and again, and the department that has to mend it (L6).
//!
//! What counts are ratings that name something else than the colleague, and complaints about no person. `departments` says who owns
//! what, `figures` makes lines of counts, `examples` reads what was written, `rules` says what each step makes of a concern and `steps`
//! does it; rows are in `store`, what happens by time in `clock`, whom "mended" goes to in `telling`, messages in `message`. RPCs are in `service`.

mod clock;
mod departments;
pub(crate) mod entity;
mod examples;
mod figures;
mod message;
mod rules;
pub mod service;
mod steps;
mod store;
mod telling;

use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

pub(crate) use clock::recounted;
pub(crate) use store::lock;

use crate::{
    api::v1::Attribution,
    clock::Micros,
    contact::EnumSet,
    interaction::store::voice::{Span, Topics, complaint_count},
    rating::store::voice::{CAUSES, Naming},
    reach::Sight,
};

/// A concern on record.
use entity::concern::Model as Concern;

/// What customers raise with a concern. Empty: any; not both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct What {
    causes: EnumSet<Attribution>,
    topics: Vec<String>,
}

impl What {
    fn topics(&self) -> Topics {
        if self.topics.is_empty() { Topics::Any } else { Topics::OneOf(self.topics.clone()) }
    }

    /// Complaints name no cause: they count where none is asked for.
    fn takes_complaints(&self) -> bool {
        self.causes.is_empty()
    }

    fn causes(&self) -> Vec<Attribution> {
        if self.causes.is_empty() { CAUSES.to_vec() } else { self.causes.iter().collect() }
    }

    /// The ratings by which it is raised.
    fn naming(&self, span: Span) -> Naming {
        Naming { causes: self.causes(), topics: self.topics(), span }
    }

    /// How many ratings and complaints raise it in a span.
    async fn count(&self, connection: &impl ConnectionTrait, sight: &Sight, span: Span) -> Result<i64, DbErr> {
        let named = self.naming(span).count(connection, sight).await?;
        if !self.takes_complaints() {
            return Ok(named);
        }
        Ok(named + complaint_count(connection, sight, &self.topics(), span).await?)
    }

    /// Whether what is raised of a topic is part of it.
    fn is_about(&self, topic: &str, causes: impl IntoIterator<Item = Attribution>, has_complaints: bool) -> bool {
        let of_topic = self.topics.is_empty() || self.topics.iter().any(|one| one == topic);
        let of_cause = self.takes_complaints() && has_complaints
            || causes.into_iter().any(|cause| self.causes.is_empty() || self.causes.contains(cause));
        of_topic && of_cause
    }
}

/// A date by which something is mended, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fix {
    at: Micros,
    said_at: Micros,
    author: String,
    /// Why it is not the one before; empty for the first.
    reason: String,
}
