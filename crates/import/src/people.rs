//! Whom the rows of a file name and the directory may not know.

use std::collections::HashSet;

use rapport_contract::v1::{Customer, RecordInteractionRequest, StaffMember, Team};

use crate::mapping::Unknown;

/// Whom interactions need created before them, where the mapping says so; each once in a run.
#[derive(Debug)]
pub struct Creation {
    unknown: Unknown,
    teams: HashSet<String>,
    staff: HashSet<String>,
    customers: HashSet<String>,
}

impl Creation {
    /// Where nobody was named yet.
    pub fn new(unknown: Unknown) -> Self {
        Self { unknown, teams: HashSet::new(), staff: HashSet::new(), customers: HashSet::new() }
    }

    /// The records that these requests need and no earlier ones did. A colleague's team is that of their first row.
    pub fn needed<'a>(
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

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_contract::v1::{Interaction, Participant};

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
        assert_eq!(teams.iter().map(|team| team.team_id.as_str()).collect::<Vec<_>>(), ["t", "u"]);
        assert_eq!(staff, [("a".to_owned(), "t".to_owned()), ("b".to_owned(), String::new())]);
        assert!(customers.is_empty());
        let (teams, staff, _) = creation.needed(first.iter());
        assert!(teams.is_empty() && staff.is_empty());
    }
}
