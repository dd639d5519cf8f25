//! The form in which events are told: CloudEvents 1.0.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Line, source::SOURCES};
use crate::api::{
    convert::timestamp,
    v1::{self, EventContent},
};

/// What data hold: the body of an event carried by HTTP.
const JSON: &str = "application/json";

/// An event as applications see it. It tells ids that the server gave, and nobody's name; the customer's id only where that was
/// chosen.
pub(crate) fn write(line: &Line, content: EventContent, source: &str) -> v1::Event {
    let of = &SOURCES[line.source];
    let subject = line.subject.to_string();
    let mut data = BTreeMap::from([(format!("{}_id", of.noun), subject.clone())]);
    if let Some(interaction) = line.interaction {
        data.insert("interaction_id".to_owned(), interaction.to_string());
    }
    if let Some(late_by) = line.late_by {
        data.insert("late_by".to_owned(), seconds(late_by));
    }
    if let (EventContent::Customer, Some(customer)) = (content, &line.customer) {
        data.insert("customer_id".to_owned(), customer.clone());
    }
    v1::Event {
        id: line.id(),
        source: source.to_owned(),
        spec_version: "1.0".to_owned(),
        r#type: of.type_of(line.kind),
        subject: format!("{}/{subject}", of.stream),
        time: Some(timestamp(line.at)),
        data_content_type: JSON.to_owned(),
        data,
    }
}

/// Seconds with their fraction, without zeros behind it.
fn seconds(micros: i64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The same as JSON, in the structured mode of HTTP.
pub(crate) fn to_json(event: &v1::Event) -> serde_json::Value {
    let time = event.time.as_ref().and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok());
    json!({
        "specversion": event.spec_version,
        "id": event.id,
        "source": event.source,
        "type": event.r#type,
        "subject": event.subject,
        "time": time.map(|at| at.to_string()),
        "datacontenttype": event.data_content_type,
        "data": event.data,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_event_names_nobody_unless_that_was_chosen() {
        let line = Line {
            source: 3,
            sequence: 17,
            at: 1_764_409_600_500_000,
            kind: 3,
            subject: Uuid::from_u128(7),
            late_by: Some(1_250_000),
            customer: Some("王-1".to_owned()),
            interaction: None,
        };
        let plain = to_json(&write(&line, EventContent::Ids, "/rapport"));
        let expected = json!({
            "specversion": "1.0",
            "id": "commitments-17",
            "source": "/rapport",
            "type": "rapport.commitment.broken",
            "subject": "commitments/00000000-0000-0000-0000-000000000007",
            "time": "2025-11-29T09:46:40.5Z",
            "datacontenttype": "application/json",
            "data": { "commitment_id": "00000000-0000-0000-0000-000000000007", "late_by": "1.25" },
        });
        assert_eq!(plain, expected);
        let chosen = to_json(&write(&line, EventContent::Customer, "/rapport"));
        assert_eq!(chosen["data"]["customer_id"], "王-1");
        assert_eq!(["0", "1", "0.000001"], [0, 1_000_000, 1].map(seconds).each_ref().map(String::as_str));
    }
}
