//! What kinds and channels of the contract mean, wherever they are used.

use super::v1::{Channel, Direction, InteractionKind};

/// What a channel says about who began, if it says anything.
pub(crate) fn implied_direction(channel: Channel) -> Option<Direction> {
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
pub(crate) enum ActivityKind {
    Visited,
    Downloaded,
    Attended,
    Ordered,
}

/// Which activity event it is, if it is one.
pub(crate) fn activity_kind(kind: InteractionKind) -> Option<ActivityKind> {
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
pub(crate) fn is_activity(kind: InteractionKind) -> bool {
    activity_kind(kind).is_some()
}
