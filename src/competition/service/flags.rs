//! Handlers of flags: reviewers without a stake in a competition read and judge what looks like votes returned.

use std::collections::BTreeSet;

use sea_orm::entity::prelude::Uuid;

use super::{
    super::{
        message,
        store::flags::{self, Flagged, Opinion, Review},
    },
    CompetitionApi,
};
use crate::{
    api::{
        convert::{normal, timestamp},
        v1::{self, FlagVerdict},
    },
    call::{Call, actor, mutation, page_size},
    error::{Error, Reason, Result},
    page::Query,
};

const PAGE: u64 = 50;

impl CompetitionApi {
    pub(super) async fn list_flags(&self, call: Call<v1::ListFlagsRequest>) -> Result<v1::ListFlagsResponse> {
        let Call { caller, scope, message } = call;
        let id = message::id(&message.competition_id, "competition")?;
        let competition = self.current(id).await?;
        flags::check_disinterest(self.store.reader(), id, caller.subject(), &caller.principal.teams).await?;
        if !competition.has_result() {
            return Err(Error::ResultNotOut);
        }
        let query = Query::new("ListFlags", &scope.binding(&caller), id.as_bytes());
        let after = query.position(&message.page_token)?.map(<[u8; 4]>::try_from);
        let after = after.transpose().map_err(|_| Query::malformed())?.map_or(0, i32::from_be_bytes);
        let limit = page_size(message.page_size, PAGE);
        let found = flags::list(self.store.reader(), id, after, limit + 1).await?;
        let (found, next_page_token) = query.page_of(found, limit, |last| last.position.to_be_bytes().to_vec());
        Ok(v1::ListFlagsResponse { flags: found.into_iter().map(write).collect(), next_page_token })
    }

    pub(super) async fn decide_flag(&self, call: Call<v1::DecideFlagRequest>) -> Result<v1::DecideFlagResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "DecideFlag", request_id, &message);
        let id = message::id(&message.flag_id, "flag")?;
        let opinion = read(&message)?;
        let reason = normal(message.reason);
        let (api, who, teams) = (self.clone(), actor(&caller), caller.principal.teams.clone());
        let id = self
            .store
            .change(mutation, move |tx, _| {
                let (api, who, teams) = (api.clone(), who.clone(), teams.clone());
                let (opinion, reason) = (opinion.clone(), reason.clone());
                Box::pin(async move {
                    flags::decide(tx, (&api.store, &api.vault), (&who, &teams), id, &opinion, &reason).await
                })
            })
            .await?;
        let (_, flag) = flags::find(self.store.reader(), id).await?.ok_or(Error::NotFound("flag"))?;
        Ok(v1::DecideFlagResponse { flag: Some(write(flag)) })
    }
}

fn read(told: &v1::DecideFlagRequest) -> Result<Opinion> {
    let named = told.disqualified_team_ids.iter().cloned().map(normal);
    let disqualified: BTreeSet<String> = named.collect();
    if told.verdict() == FlagVerdict::Dismissed && !disqualified.is_empty() {
        let rule = "must be empty where the flag is dismissed";
        return Err(Error::invalid("disqualified_team_ids", Reason::ValueOutOfRange, rule));
    }
    Ok(Opinion { verdict: told.verdict(), disqualified })
}

fn write(flag: Flagged) -> v1::Flag {
    let review = |review: Review| v1::FlagReview {
        reviewer_id: review.reviewer,
        verdict: review.opinion.verdict.into(),
        reason: review.reason,
        decided_time: Some(timestamp(review.decided_at)),
        disqualified_team_ids: review.opinion.disqualified.into_iter().collect(),
    };
    v1::Flag {
        flag_id: Uuid::to_string(&flag.id),
        kind: flag.kind.into(),
        team_ids: flag.teams,
        p_value: flag.p,
        strength: flag.strength.into(),
        verdict: flag.verdict.into(),
        reviews: flag.reviews.into_iter().map(review).collect(),
        share: flag.share,
    }
}
