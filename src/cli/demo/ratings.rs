//! The part of the story in which customers say how it felt.

use anyhow::Context as _;
use tonic::{Code, Status};

use super::{Story, refused, tell, time};
use crate::api::v1::{self, Attribution, RatingStanding, ScaleDirection, ScorecardUnit};

const PRAISE: &str = "我是王芳，陈老师把学习计划讲得很清楚，谢谢！";

impl Story {
    /// Ratings: a scale that does not flip, an answer that comes too late, a wrong key, and figures in two ledgers.
    pub(super) async fn ratings(&mut self) -> anyhow::Result<()> {
        tell!("\nHow it felt. Somebody writes a survey in which 1 is the best; until now it was 5:")?;
        let says = self.flip().await?;
        tell!("  the server: {says} (R1).")?;

        let pressed = self.rate("demo-call-1", "2026-03-10 20:25", 1, Attribution::Unspecified, "").await?;
        let correction = v1::CorrectRatingRequest {
            request_id: "demo-correction".into(),
            rating_id: pressed.rating_id,
            score: 4,
            answered_time: Some(time("2026-03-10 20:31")?),
            comment: "按错了，是4".into(),
            ..Default::default()
        };
        match self.app.ratings.correct_rating(correction).await {
            Ok(_) => {}
            // Told before, and longer ago than request ids are remembered.
            Err(status) if status.code() == Code::FailedPrecondition => {}
            Err(status) => return Err(refused(status)),
        }
        tell!(
            "王女士 presses 1 for her first call, and six minutes later writes that she meant 4: both stay, 4 counts (R6)."
        )?;

        let late = self.rate("demo-call-2", "2026-03-14 10:40", 1, Attribution::Unspecified, "还是没到账").await?;
        expect(&late, RatingStanding::Late)?;
        tell!(
            "For the second call she answers 91 minutes after it, and gives 1: too late to count for a colleague (R2)."
        )?;
        let delay =
            self.rate("demo-visit", "2026-03-17 15:20", 2, Attribution::Logistics, "师傅很好，但等了一周").await?;
        expect(&delay, RatingStanding::NonStaff)?;
        tell!("For the visit she gives 2, and says that it was the week of waiting, not the technician (R5).")?;
        let chat = self.rate("demo-chat", "2026-03-16 19:50", 5, Attribution::Staff, PRAISE).await?;
        expect(&chat, RatingStanding::Counted)?;
        self.rate("demo-outage", "2026-03-15 10:40", 1, Attribution::Unspecified, "一直付不了款").await?;
        tell!("For the call during the outage she gives 1, and does not say that it was the system.")?;

        tell!("Two ledgers, always side by side; nothing that she said is lost:")?;
        let (card, contested) = (self.card().await?, self.outage_rating().await?);
        Ok(print_ledgers(card, exempt_since(&contested))?)
    }

    /// Figures of the whole company in that month.
    pub(super) async fn card(&mut self) -> anyhow::Result<v1::Scorecard> {
        let request = v1::GetScorecardRequest {
            unit: ScorecardUnit::Organization.into(),
            first_day: "2026-03-01".into(),
            last_day: "2026-03-31".into(),
            ..Default::default()
        };
        let card = self.admin.ratings.get_scorecard(request).await.map_err(refused)?.into_inner();
        card.groups.into_iter().next().context("no figures")
    }

    /// The rating of the call during the outage, as it stands.
    pub(super) async fn outage_rating(&mut self) -> anyhow::Result<v1::Rating> {
        let rated = self.rate("demo-outage", "2026-03-15 10:40", 1, Attribution::Unspecified, "一直付不了款").await?;
        let request = v1::GetRatingRequest { rating_id: rated.rating_id };
        let found = self.admin.ratings.get_rating(request).await.map_err(refused)?.into_inner();
        found.rating.context("an answer without the rating")
    }

    /// The id of the rating of the group chat.
    pub(super) async fn chat_rating(&mut self) -> anyhow::Result<String> {
        Ok(self.rate("demo-chat", "2026-03-16 19:50", 5, Attribution::Staff, PRAISE).await?.rating_id)
    }

    /// Tries to publish a template whose scale is turned round; gives the server's answer.
    async fn flip(&mut self) -> anyhow::Result<String> {
        let template = v1::SurveyTemplate {
            template_id: "hotline_sms".into(),
            display_name: "热线短信评价".into(),
            direction: ScaleDirection::LowBest.into(),
            channels: vec![v1::Channel::InboundCall.into()],
            ..Default::default()
        };
        let create = v1::CreateTemplateRequest { request_id: "demo-flip".into(), template: Some(template) };
        let created = self.admin.surveys.create_template(create).await.map_err(refused)?.into_inner();
        let created = created.template.context("no template")?;
        let publish = v1::PublishTemplateRequest {
            request_id: "demo-flip-published".into(),
            template_id: created.template_id,
            version: created.version,
            ..Default::default()
        };
        let answer: Result<_, Status> = self.admin.surveys.publish_template(publish).await;
        let status = answer.err().context("the scale was turned round")?;
        anyhow::ensure!(status.code() == Code::FailedPrecondition, refused(status));
        Ok(status.message().to_owned())
    }

    async fn rate(
        &mut self,
        interaction: &'static str,
        at: &str,
        score: i32,
        attribution: Attribution,
        comment: &str,
    ) -> anyhow::Result<v1::SubmitRatingResponse> {
        let interaction_id = self.ids.get(interaction).cloned().context("an interaction of the story is missing")?;
        let rating = v1::Rating {
            interaction_id,
            template_id: "csat".into(),
            template_version: 1,
            score,
            attribution: attribution.into(),
            comment: comment.into(),
            answered_time: Some(time(at)?),
            ..Default::default()
        };
        let request_id = format!("{interaction}-rating");
        let request = v1::SubmitRatingRequest { request_id, rating: Some(rating) };
        Ok(self.app.ratings.submit_rating(request).await.map_err(refused)?.into_inner())
    }
}

/// The level of a rating that a telling before this one has taken out of what counts for staff.
pub(super) fn exempt_since(rating: &v1::Rating) -> Option<i32> {
    (rating.standing() == RatingStanding::Exempt).then_some(rating.level)
}

/// Both ledgers of a scorecard; `counted_then`: the level of a rating that counted for staff at this point of the story.
pub(super) fn print_ledgers(card: v1::Scorecard, counted_then: Option<i32>) -> std::io::Result<()> {
    let mut staff = card.staff.unwrap_or_default().distribution;
    let index = counted_then.and_then(|level| usize::try_from(level - 1).ok());
    if let Some(count) = index.and_then(|index| staff.get_mut(index)) {
        *count += 1;
    }
    let customer = card.customer.unwrap_or_default().distribution;
    for (name, levels) in [("what counts for staff", staff), ("the customer's truth", customer)] {
        let (n, sum) = (1..).zip(&levels).fold((0, 0), |(n, sum), (level, count)| (n + count, sum + level * count));
        let mean = if n == 0 { "-".to_owned() } else { format!("{:.2}", sum as f64 / n as f64) };
        tell!("  {name:<22} {n} ratings, mean {mean}, levels 1 to 5: {levels:?}")?;
    }
    Ok(())
}

fn expect(answer: &v1::SubmitRatingResponse, standing: RatingStanding) -> anyhow::Result<()> {
    anyhow::ensure!(answer.standing() == standing, "the rating stands as {:?}", answer.standing());
    Ok(())
}
