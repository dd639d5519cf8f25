//! An organisation with 20 teams, 200 colleagues and 2,000 customers, and what happens there.

use std::collections::BTreeMap;

use anyhow::ensure;
use prost_types::{Duration, Timestamp};

use rapport::{
    api::v1::{
        BatchUpsertCustomersRequest, BatchUpsertStaffMembersRequest, BatchUpsertTeamsRequest, Channel, Customer,
        Interaction, InteractionContext, Outcome, Participant, RecordInteractionRequest, StaffMember, StaffRole, Team,
        UpsertItemResult, upsert_item_result,
    },
    cli::client::{Client, explain},
};
use uuid::Uuid;

pub(crate) const TEAMS: u64 = 20;
pub(crate) const STAFF: u64 = 200;
const CUSTOMERS: u64 = 2_000;
const BATCH: u64 = 500;
/// When the first interaction began, in seconds since 1970; one more begins every second.
const BEGIN: i64 = 1_700_000_000;

/// Fills the directory.
pub(crate) async fn enrol(client: &Client) -> anyhow::Result<()> {
    let mut directory = client.directory.clone();
    let teams = (0..TEAMS).map(|n| Team { team_id: format!("team-{n}"), ..Team::default() }).collect();
    let request = BatchUpsertTeamsRequest { request_id: "teams".to_owned(), teams, ..Default::default() };
    accepted(&directory.batch_upsert_teams(request).await.map_err(|status| explain(&status))?.into_inner().results)?;

    let staff = (0..STAFF).map(|n| StaffMember {
        staff_id: format!("agent-{n}"),
        display_name: format!("Agent {n}"),
        role: StaffRole::Agent.into(),
        team_id: format!("team-{}", n % TEAMS),
        ..StaffMember::default()
    });
    let request = BatchUpsertStaffMembersRequest {
        request_id: "staff".to_owned(),
        staff_members: staff.collect(),
        ..Default::default()
    };
    let answer = directory.batch_upsert_staff_members(request).await.map_err(|status| explain(&status))?;
    accepted(&answer.into_inner().results)?;

    for first in (0..CUSTOMERS).step_by(BATCH as usize) {
        let customers = (first..first + BATCH).map(|n| Customer {
            customer_id: format!("customer-{n}"),
            locale: "en-GB".to_owned(),
            ..Customer::default()
        });
        let request = BatchUpsertCustomersRequest {
            request_id: format!("customers-{first}"),
            customers: customers.collect(),
            ..Default::default()
        };
        let answer = directory.batch_upsert_customers(request).await.map_err(|status| explain(&status))?;
        accepted(&answer.into_inner().results)?;
    }
    Ok(())
}

fn accepted(results: &[UpsertItemResult]) -> anyhow::Result<()> {
    let refused = |one: &&UpsertItemResult| matches!(one.result, Some(upsert_item_result::Result::Error(_)));
    let refused = results.iter().find(refused);
    ensure!(refused.is_none(), "the directory refuses {refused:?}");
    Ok(())
}

/// A UUID of version 7, as clients are advised to send.
fn request_id(second: i64, n: u64) -> Uuid {
    let millis = second.unsigned_abs() * 1_000 + n * 7_919 % 1_000;
    let random: [u8; 10] = std::array::from_fn(|place| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (place * 5)) as u8);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The request to record the `n`th interaction; the same for the same `n`. As at a desk: times grow, and one in fifty comes up to
/// an hour late, from a system that was away.
pub(crate) fn request(n: u64) -> RecordInteractionRequest {
    let recorded = BEGIN + n as i64;
    let late = if n % 50 == 49 { (n * 7_919 % 3_600) as i64 } else { 0 };
    let begun = recorded - late;
    let after = |seconds: u64| Some(Timestamp { seconds: begun + seconds as i64, nanos: 0 });
    let (wait, talk) = (n * 7 % 60, 30 + n * 13 % 600);
    let attributes = BTreeMap::from([
        ("plan".to_owned(), if n.is_multiple_of(3) { "business" } else { "private" }.to_owned()),
        ("language".to_owned(), "en".to_owned()),
    ]);
    RecordInteractionRequest {
        request_id: request_id(recorded, n).to_string(),
        interaction: Some(Interaction {
            channel: Channel::InboundCall.into(),
            outcome: Outcome::Answered.into(),
            topic: ["Returns", "Delivery", "Invoice", "Technical question"][n as usize % 4].to_owned(),
            requested_time: after(0),
            connected_time: after(wait),
            ended_time: after(wait + talk),
            after_call_work: Some(Duration { seconds: 20, nanos: 0 }),
            customer_id: format!("customer-{}", n.wrapping_mul(7_919) % CUSTOMERS),
            participants: vec![Participant {
                staff_id: format!("agent-{}", n.wrapping_mul(31) % STAFF),
                ..Participant::default()
            }],
            case_id: format!("case-{}", n / 2),
            context: Some(InteractionContext {
                page: "https://shop.example/orders".to_owned(),
                attributes,
                ..InteractionContext::default()
            }),
            ..Interaction::default()
        }),
    }
}
