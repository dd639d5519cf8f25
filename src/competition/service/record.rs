//! The handler that gives out the record of a competition.

use rapport_vote::{
    manifest::{roll_text, sums_text},
    record::{Auditor, Record},
};

use super::{
    super::{
        message,
        store::{self as rows, Locked, counted, flags::check_disinterest, opening::roll_of, results::sums_of},
    },
    CompetitionApi,
};
use crate::{
    api::v1::{self, AuditAction, RecordAudience},
    audit::Reading,
    call::Call,
    error::{Error, Result},
};

impl CompetitionApi {
    pub(super) async fn export_record(&self, call: Call<v1::ExportRecordRequest>) -> Result<v1::ExportRecordResponse> {
        let Call { caller, message, .. } = call;
        let id = message::id(&message.competition_id, "competition")?;
        let competition = self.current(id).await?;
        if competition.opened_at.is_none() {
            return Err(Error::VotingNotOpen);
        }
        let locked = rows::find(self.store.reader(), id).await?.ok_or(Error::NotFound("competition"))?;
        let auditor = match message.audience() {
            RecordAudience::Unspecified | RecordAudience::Public => None,
            RecordAudience::Auditor => {
                if !caller.policy().audits {
                    return Err(Error::FieldNotYours("audience"));
                }
                check_disinterest(self.store.reader(), id, caller.subject(), &caller.principal.teams).await?;
                if !competition.has_result() {
                    return Err(Error::ResultNotOut);
                }
                // Before anything is shown.
                let (action, object) = (AuditAction::AuditorRecordRead, id.to_string());
                self.trail.note(&caller, Reading { action, object: &object, about: None, why: "" }).await?;
                Some(self.auditors(&locked).await?)
            }
        };
        // Nobody learns from the record whose entry is whose before the ballots are in.
        let hidden = competition.announced.rules.hides_teams && !competition.has_result();
        let manifest = locked.manifest().filter(|_| !hidden).map(str::to_owned);
        let record = Record { manifest, auditor, ..rows::record(self.store.reader(), &self.vault, id).await? };
        Ok(v1::ExportRecordResponse { record: serde_json::to_vec_pretty(&record).map_err(Error::internal)? })
    }

    async fn auditors(&self, locked: &Locked) -> Result<Auditor> {
        let id = locked.competition.id;
        let roll = roll_of(self.store.reader(), id).await?;
        let sums = sums_of(self.store.reader(), id).await?;
        Ok(Auditor {
            roll: roll_text(&roll).map_err(Error::internal)?,
            sums: sums_text(&sums).map_err(Error::internal)?,
            ballots: counted::read(self.store.reader(), &self.vault, locked).await?,
        })
    }
}
