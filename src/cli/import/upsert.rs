//! Records of the directory in batches.

use tonic::Status;
use uuid::Uuid;

use super::{ledger::Ledger, patience::Patience};
use rapport_import::rows::Records;

use crate::{
    api::v1::{
        BatchUpsertCustomersRequest, BatchUpsertStaffMembersRequest, BatchUpsertTeamsRequest, Customer, StaffMember,
        Team, UpsertItemResult, UpsertMode, upsert_item_result,
    },
    cli::client::{Client, reasons},
};

/// The contract's limit of a batch.
pub(super) const BATCH: usize = 500;

/// A kind of record.
pub(super) trait Upsert: Clone + PartialEq {
    /// What people call it.
    const NAME: &'static str;
    fn id(&self) -> &str;
    /// The record of this kind that a row makes.
    fn of(records: &Records) -> Option<&Self>;
    /// Sends one batch; one result for each.
    async fn send(client: &Client, batch: Vec<Self>, mode: UpsertMode) -> Result<Vec<UpsertItemResult>, Status>;
}

impl Upsert for Team {
    const NAME: &'static str = "team";

    fn id(&self) -> &str {
        &self.team_id
    }

    fn of(records: &Records) -> Option<&Self> {
        records.team.as_ref()
    }

    async fn send(client: &Client, teams: Vec<Self>, mode: UpsertMode) -> Result<Vec<UpsertItemResult>, Status> {
        let request = BatchUpsertTeamsRequest { request_id: fresh_id(), teams, mode: mode.into() };
        Ok(client.directory.clone().batch_upsert_teams(request).await?.into_inner().results)
    }
}

impl Upsert for StaffMember {
    const NAME: &'static str = "staff member";

    fn id(&self) -> &str {
        &self.staff_id
    }

    fn of(records: &Records) -> Option<&Self> {
        records.staff_member.as_ref()
    }

    async fn send(
        client: &Client,
        staff_members: Vec<Self>,
        mode: UpsertMode,
    ) -> Result<Vec<UpsertItemResult>, Status> {
        let request = BatchUpsertStaffMembersRequest { request_id: fresh_id(), staff_members, mode: mode.into() };
        Ok(client.directory.clone().batch_upsert_staff_members(request).await?.into_inner().results)
    }
}

impl Upsert for Customer {
    const NAME: &'static str = "customer";

    fn id(&self) -> &str {
        &self.customer_id
    }

    fn of(records: &Records) -> Option<&Self> {
        records.customer.as_ref()
    }

    async fn send(client: &Client, customers: Vec<Self>, mode: UpsertMode) -> Result<Vec<UpsertItemResult>, Status> {
        let request = BatchUpsertCustomersRequest { request_id: fresh_id(), customers, mode: mode.into() };
        Ok(client.directory.clone().batch_upsert_customers(request).await?.into_inner().results)
    }
}

fn fresh_id() -> String {
    Uuid::new_v4().to_string()
}

/// The server, and how long to wait for it.
pub(super) type Reach<'a> = (&'a Client, Patience);

/// Creates records where there are none. One that is refused is a warning: the rows that need it are rejected by the
/// server with their own reasons.
pub(super) async fn create<T: Upsert>(
    (client, patience): Reach<'_>,
    records: Vec<T>,
    warnings: &mut Vec<String>,
) -> anyhow::Result<()> {
    for batch in records.chunks(BATCH) {
        let results = patience.call(async || T::send(client, batch.to_vec(), UpsertMode::CreateOnly).await).await?;
        for (record, result) in batch.iter().zip(results) {
            if let Some(upsert_item_result::Result::Error(error)) = result.result {
                let why = reasons(&error).join("; ");
                warnings.push(format!("{} {:?} could not be created: {why}", T::NAME, record.id()));
            }
        }
    }
    Ok(())
}

/// Moves warnings to the ledger.
pub(super) fn note(ledger: &mut Ledger, warnings: Vec<String>) {
    warnings.into_iter().for_each(|warning| ledger.warn(warning));
}
