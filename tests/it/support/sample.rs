//! Samples with sensible defaults, to be changed with `..` where a test cares.

use prost_types::Timestamp;
use rapport::api::v1::{
    Channel, ContactKind, Customer, CustomerAlias, Interaction, Outcome, Participant, StaffMember, StaffRole, Team,
};

/// 2025-03-03T09:00:00Z, a Monday.
pub(crate) const MONDAY_NINE: i64 = 1_740_992_400;

/// An instant so many seconds after Monday nine o'clock.
pub(crate) fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: MONDAY_NINE + seconds, nanos: 0 })
}

pub(crate) fn team(id: &str) -> Team {
    Team { team_id: id.to_owned(), display_name: format!("Team {id}"), ..Default::default() }
}

/// An agent; no team if it is empty.
pub(crate) fn staff(id: &str, team: &str) -> StaffMember {
    StaffMember {
        staff_id: id.to_owned(),
        display_name: format!("Colleague {id}"),
        role: StaffRole::Agent.into(),
        team_id: team.to_owned(),
        ..Default::default()
    }
}

pub(crate) fn customer(id: &str) -> Customer {
    Customer { customer_id: id.to_owned(), salutation: format!("Dear {id}"), ..Default::default() }
}

pub(crate) fn phone(number: &str) -> CustomerAlias {
    CustomerAlias { kind: ContactKind::Phone.into(), value: number.to_owned() }
}

pub(crate) fn participant(staff_id: &str) -> Participant {
    Participant { staff_id: staff_id.to_owned(), ..Default::default() }
}

/// A customer calls, waits 30 s and is served for 270 s by one colleague.
pub(crate) fn call(staff_id: &str, customer_id: &str) -> Interaction {
    Interaction {
        channel: Channel::InboundCall.into(),
        outcome: Outcome::Answered.into(),
        topic: "Returns".to_owned(),
        requested_time: at(0),
        connected_time: at(30),
        ended_time: at(300),
        customer_id: customer_id.to_owned(),
        participants: vec![participant(staff_id)],
        ..Default::default()
    }
}
