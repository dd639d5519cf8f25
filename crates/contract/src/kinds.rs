//! What kinds, channels and scales of the contract mean, wherever they are used.

use crate::v1::{Channel, Direction, InteractionKind, ScaleDirection};

/// Points of a survey's scale: scores are 1 to this.
pub const POINTS: i32 = 5;

/// What a channel says about who began, if it says anything.
pub fn implied_direction(channel: Channel) -> Option<Direction> {
    match channel {
        Channel::InboundCall | Channel::Counter | Channel::SelfService | Channel::Bot => Some(Direction::Inbound),
        Channel::OutboundCall | Channel::Callback | Channel::Delivery => Some(Direction::Outbound),
        Channel::Email
        | Channel::OnlineChat
        | Channel::GroupChat
        | Channel::Sms
        | Channel::Visit
        | Channel::SocialMedia
        | Channel::Event
        | Channel::Other
        | Channel::Unspecified => None,
    }
}

/// Something that somebody did of their own accord: an activity event (I8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityKind {
    /// A look at our pages.
    Visited,
    /// A document that was fetched.
    Downloaded,
    /// An event that the customer came to.
    Attended,
    /// An order without our help.
    Ordered,
}

/// Which activity event it is, if it is one.
pub fn activity_kind(kind: InteractionKind) -> Option<ActivityKind> {
    match kind {
        InteractionKind::Visited => Some(ActivityKind::Visited),
        InteractionKind::Downloaded => Some(ActivityKind::Downloaded),
        InteractionKind::Attended => Some(ActivityKind::Attended),
        InteractionKind::Ordered => Some(ActivityKind::Ordered),
        InteractionKind::Unspecified
        | InteractionKind::Service
        | InteractionKind::Inquiry
        | InteractionKind::Complaint
        | InteractionKind::Order
        | InteractionKind::Fulfilment
        | InteractionKind::Repair
        | InteractionKind::Sales
        | InteractionKind::FollowUp => None,
    }
}

/// Whether it is an activity event, and no contact that asks for an answer.
pub fn is_activity(kind: InteractionKind) -> bool {
    activity_kind(kind).is_some()
}

impl ScaleDirection {
    /// A score as a level: 1 to 5, of which 5 is the best whatever the direction. Its own inverse.
    pub fn level(self, score: i32) -> i32 {
        match self {
            Self::LowBest => POINTS + 1 - score,
            Self::HighBest | Self::Unspecified => score,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_level_is_five_on_either_scale() {
        let levels = |direction: ScaleDirection| (1..=5).map(|score| direction.level(score)).collect::<Vec<_>>();
        assert_eq!(levels(ScaleDirection::HighBest), [1, 2, 3, 4, 5]);
        assert_eq!(levels(ScaleDirection::LowBest), [5, 4, 3, 2, 1]);
    }
}
