//! Records of the directory in batches.

use std::collections::HashSet;

use tonic::Status;
use uuid::Uuid;

use super::{ledger::Ledger, patience::Patience};
use rapport_import::{mapping::Unknown, rows::Records};

use crate::{
    api::v1::{
        BatchUpsertCustomersRequest, BatchUpsertStaffMembersRequest, BatchUpsertTeamsRequest, Customer,
        RecordInteractionRequest, StaffMember, Team, UpsertItemResult, UpsertMode, upsert_item_result,
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

/// Creates whom the directory may not know, before the interactions that need them; each once in a run.
pub(super) struct Creation {
    unknown: Unknown,
    teams: HashSet<String>,
    staff: HashSet<String>,
    customers: HashSet<String>,
}

impl Creation {
    pub(super) fn new(unknown: Unknown) -> Self {
        Self { unknown, teams: HashSet::new(), staff: HashSet::new(), customers: HashSet::new() }
    }

    /// The records that these requests need and no earlier ones did. A colleague's team is that of their first row.
    pub(super) fn needed<'a>(
        &mut self,
        requests: impl Iterator<Item = &'a RecordInteractionRequest>,
    ) -> (Vec<Team>, Vec<StaffMember>, Vec<Customer>) {
        let (mut teams, mut staff, mut customers) = (Vec::new(), Vec::new(), Vec::new());
        let is_new = |known: &mut HashSet<String>, id: &String| !id.is_empty() && known.insert(id.clone());
        for interaction in requests.filter_map(|request| request.interaction.as_ref()) {
            for one in &interaction.participants {
                if self.unknown.create_teams && is_new(&mut self.teams, &one.team_id) {
                    teams.push(Team { team_id: one.team_id.clone(), ..Default::default() });
                }
                if self.unknown.create_staff && is_new(&mut self.staff, &one.staff_id) {
                    staff.push(StaffMember {
                        staff_id: one.staff_id.clone(),
                        role: one.role,
                        team_id: one.team_id.clone(),
                        ..Default::default()
                    });
                }
            }
            if self.unknown.create_customers && is_new(&mut self.customers, &interaction.customer_id) {
                customers.push(Customer {
                    customer_id: interaction.customer_id.clone(),
                    standing: self.unknown.customer_standing.into(),
                    ..Default::default()
                });
            }
        }
        (teams, staff, customers)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{Interaction, Participant};

    #[test]
    fn each_is_created_once_and_only_where_the_mapping_says_so() {
        let request = |staff: &str, team: &str, customer: &str| RecordInteractionRequest {
            interaction: Some(Interaction {
                customer_id: customer.to_owned(),
                participants: vec![Participant {
                    staff_id: staff.to_owned(),
                    team_id: team.to_owned(),
                    ..Default::default()
                }],
                ..Default::default()
            }),
            ..Default::default()
        };
        let unknown = Unknown { create_teams: true, create_staff: true, ..Default::default() };
        let mut creation = Creation::new(unknown);
        let first = [request("a", "t", "c"), request("a", "u", ""), request("b", "", "c")];
        let (teams, staff, customers) = creation.needed(first.iter());
        let ids = |staff: &[StaffMember]| staff.iter().map(|one| (one.staff_id.clone(), one.team_id.clone())).collect();
        let staff: Vec<(String, String)> = ids(&staff);
        assert_eq!(teams.iter().map(Upsert::id).collect::<Vec<_>>(), ["t", "u"]);
        assert_eq!(staff, [("a".to_owned(), "t".to_owned()), ("b".to_owned(), String::new())]);
        assert!(customers.is_empty());
        let (teams, staff, _) = creation.needed(first.iter());
        assert!(teams.is_empty() && staff.is_empty());
    }
}
