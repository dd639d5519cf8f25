//! Which interactions an incident hits (I10). Pure; in SQL it is `store::incident`'s.

use serde::{Deserialize, Serialize};

use super::Facts;
use crate::{
    api::v1::{Channel, Direction},
    clock::Micros,
    contact::{Channels, EnumSet},
};

/// All that is set must hold; an empty list is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) from: Micros,
    /// None: it goes on.
    pub(crate) to: Option<Micros>,
    pub(crate) topics: Vec<String>,
    pub(crate) products: Vec<String>,
    /// Of the primary participant.
    pub(crate) teams: Vec<String>,
    /// As a set of bits.
    pub(crate) channels: i64,
}

impl Rule {
    /// Whether it names anything but a time: else it would hit everything.
    pub(crate) fn is_about_something(&self) -> bool {
        !self.topics.is_empty() || !self.products.is_empty() || !self.teams.is_empty() || self.channels != 0
    }

    /// The channels, if any are set.
    pub(crate) fn channels(&self) -> Channels {
        EnumSet::<Channel>::from_bits(self.channels)
    }

    /// Whether it hits an interaction that occurred then.
    pub(crate) fn hits(&self, facts: &Facts, occurred_at: Micros) -> bool {
        let among =
            |list: &[String], value: Option<&String>| list.is_empty() || value.is_some_and(|one| list.contains(one));
        let team = facts.primary_team().map(str::to_owned);
        // What we say of it is no part of it, nor is a complaint about a person, whose existence its counts would tell.
        facts.direction != Direction::Outbound
            && facts.about_staff_ids.is_empty()
            && occurred_at >= self.from
            && self.to.is_none_or(|to| occurred_at < to)
            && among(&self.topics, facts.topic.as_ref())
            && among(&self.products, facts.context.product_id.as_ref())
            && among(&self.teams, team.as_ref())
            && (self.channels == 0 || self.channels().contains(facts.channel))
    }
}
