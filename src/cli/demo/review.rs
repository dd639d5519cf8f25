//! The part of the story in which people look at what customers said: an assessment that contradicts a rating, a contest,
//! praise.

use anyhow::Context as _;
use tonic::{Code, Status};

use super::{
    Story,
    ratings::{exempt_since, print_ledgers},
    refused, tell,
};
use crate::api::v1::{self, ContestState, ContestVerdict};

impl Story {
    /// A mismatch, a contest refused to a reviewer with a stake in it and granted by one without, and praise.
    pub(super) async fn review(&mut self) -> anyhow::Result<()> {
        let rating = self.outage_rating().await?;
        let assess = v1::AssessInteractionRequest {
            request_id: "demo-assessment".into(),
            interaction_id: rating.interaction_id.clone(),
            overall: 5,
            criteria: vec![v1::AssessedCriterion { name: "解释清楚".into(), score: 5 }],
            note: "说明了中断的原因，并承诺恢复后通知".into(),
        };
        self.xu_wei.quality.assess_interaction(assess).await.map_err(refused)?;
        let request = v1::ListMismatchesRequest::default();
        let found = self.xu_wei.quality.list_mismatches(request).await.map_err(refused)?.into_inner().mismatches;
        let is_it = |one: &&v1::Mismatch| one.rating.as_ref().is_some_and(|one| one.rating_id == rating.rating_id);
        let mismatch = found.iter().find(is_it).context("the mismatch is not listed")?;
        let assessed = mismatch.assessments.first().context("nobody assessed it")?.overall;
        tell!("\n徐薇 listens to the recording. A mismatch: assessed {assessed}, rated {} (R8).", rating.level)?;

        let contest_id = self.contest(&rating.rating_id).await?;
        tell!("赵敏 contests the rating for her team. 陈杰, who reviews and is of 李娜's new team, would grant it:")?;
        let interested = self.chen_jie_reviews.contests.decide_contest(verdict("demo-interested", &contest_id)).await;
        let status = interested.err().context("an interested reviewer decided")?;
        tell!("  the server: {:?}, {} (R7).", status.code(), status.message())?;
        tell!("Who has no stake in it grants it. Both ledgers before:")?;
        print_ledgers(self.card().await?, exempt_since(&rating))?;
        let mut state = ContestState::Open;
        for reviewer in [&mut self.xu_wei, &mut self.fang_yu] {
            let decided = reviewer.contests.decide_contest(verdict("demo-verdict", &contest_id)).await;
            let decided = unless_told_before(decided.map(tonic::Response::into_inner), Code::FailedPrecondition)?;
            let contest = decided.and_then(|decided| decided.contest);
            state = contest.map_or(ContestState::Granted, |contest| contest.state());
            // One contest in ten takes a second reviewer.
            if state == ContestState::Granted {
                break;
            }
        }
        anyhow::ensure!(state == ContestState::Granted, "the contest is {state:?}");
        tell!("and after:")?;
        print_ledgers(self.card().await?, None)?;
        self.praise().await
    }

    /// Contests a rating: the id of the contest.
    async fn contest(&mut self, rating_id: &str) -> anyhow::Result<String> {
        let request = v1::ContestRatingRequest {
            request_id: "demo-contest".into(),
            rating_id: rating_id.to_owned(),
            grounds: v1::ContestGrounds::Other.into(),
            evidence: "支付系统当时中断，见录音和故障记录".into(),
            ..Default::default()
        };
        unless_told_before(self.supervisor.contests.contest_rating(request).await, Code::AlreadyExists)?;
        let request = v1::ListContestsRequest::default();
        let found = self.supervisor.contests.list_contests(request).await.map_err(refused)?.into_inner().contests;
        let contest = found.into_iter().find(|one| one.rating_id == rating_id);
        Ok(contest.context("the contest is not listed")?.contest_id)
    }

    async fn praise(&mut self) -> anyhow::Result<()> {
        let rating_id = self.chat_rating().await?;
        let request = v1::SharePraiseRequest {
            request_id: "demo-praise".into(),
            rating_id,
            text: "陈老师把学习计划讲得很清楚，谢谢！".into(),
        };
        unless_told_before(self.xu_wei.quality.share_praise(request).await, Code::AlreadyExists)?;
        let told = self.chen_jie.quality.list_praise(v1::ListPraiseRequest::default()).await.map_err(refused)?;
        let praise = told.into_inner().praise.into_iter().next().context("no praise")?;
        tell!("徐薇 passes praise on without the name in it; 陈杰 reads at once: “{}” (R13).", praise.text)?;
        Ok(())
    }
}

fn verdict(request_id: &str, contest_id: &str) -> v1::DecideContestRequest {
    v1::DecideContestRequest {
        request_id: request_id.to_owned(),
        contest_id: contest_id.to_owned(),
        verdict: ContestVerdict::Granted.into(),
        reason: "录音与故障记录一致：不是客服的问题".to_owned(),
    }
}

/// The answer; none where the server says with this code that it was done before, longer ago than request ids are
/// remembered.
fn unless_told_before<T>(answer: Result<T, Status>, code: Code) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(status) if status.code() == code => Ok(None),
        Err(status) => Err(refused(status)),
    }
}
