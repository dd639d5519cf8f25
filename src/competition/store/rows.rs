//! Rows as domain types.

use sea_orm::entity::prelude::Uuid;

use super::super::{
    entity::{competition, entry, voter},
    terms::{Announcement, Competition, Enrolled, Plan, PlanText},
};
use crate::error::{Error, Result};

pub(super) fn competition(row: &competition::Model) -> Result<Competition> {
    Ok(Competition {
        id: row.id,
        announced: Announcement {
            title: row.title.clone(),
            rules: serde_json::from_str(&row.rules).map_err(Error::internal)?,
            submission_deadline: row.submission_deadline,
            voting_deadline: row.voting_deadline,
        },
        state: row.state.0,
        revision: row.revision,
        seed_commitment: row.seed_commitment.clone(),
        manifest_hash: row.manifest_hash.clone(),
        opened_at: row.opened_at,
        closed_at: row.closed_at,
        dispute_until: row.dispute_until,
        result_revision: row.result_revision,
    })
}

pub(super) fn plan(row: entry::Model) -> Result<Plan> {
    Ok(Plan {
        id: row.id,
        competition_id: row.competition_id,
        team_id: row.team_id,
        text: PlanText {
            title: row.title,
            what: row.what,
            why: row.why,
            cases: serde_json::from_str(&row.cases).map_err(Error::internal)?,
        },
        submitted_at: row.submitted_at,
        revised_at: row.revised_at,
        revision: row.revision,
    })
}

pub(super) fn enrolled(row: voter::Model) -> Result<Enrolled> {
    Ok(Enrolled {
        pseudonym: row.pseudonym,
        voter_id: row.voter_id,
        team_id: row.team_id,
        judge: row.judge,
        no_ballot: row.no_ballot.0,
        panel: serde_json::from_str::<Vec<Uuid>>(&row.panel).map_err(Error::internal)?,
    })
}
