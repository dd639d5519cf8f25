//! The part of the story that shows the customer's journey (E4): its stages are declared, and what comes back is learnt.

use tonic::Code;

use super::{Story, refused, tell};
use crate::api::v1::{self, InteractionKind};

/// Stages with their names and the topics that they take.
const STAGES: [(&str, &str, &str, &[&str]); 4] = [
    ("before_purchase", "购课前", "before the course", &["课程咨询"]),
    ("use", "上课", "during the course", &["排课", "直播卡顿", "新班型"]),
    ("service", "售后", "service", &["退费", "退款"]),
    ("after", "结业", "after the course", &["证书"]),
];

impl Story {
    /// Declared once: a version never changes.
    pub(super) async fn journey(&mut self) -> anyhow::Result<()> {
        let known = self.admin.journeys.get_journey(v1::GetJourneyRequest::default()).await;
        match known {
            Ok(_) => {}
            Err(status) if status.code() == Code::NotFound => self.declared().await?,
            Err(status) => return Err(refused(status)),
        }
        let request_id = crate::cli::client::request_id();
        let request = v1::LearnAnticipationsRequest { request_id, ..Default::default() };
        self.admin.journeys.learn_anticipations(request).await.map_err(refused)?;
        let request = v1::SummarizeJourneyRequest::default();
        let summary = self.admin.journeys.summarize_journey(request).await.map_err(refused)?.into_inner();
        let hurting: Vec<_> = summary.hurting.iter().map(|one| one.stage_id.as_str()).collect();
        tell!(
            "\nThe customer's journey in four stages; of the last four weeks hurt most: {} (E4).",
            hurting.join(", ")
        )?;
        Ok(())
    }

    async fn declared(&mut self) -> anyhow::Result<()> {
        let stages = STAGES.map(|(stage_id, zh, en, topics)| {
            let of_topics = v1::StageRule {
                topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
                ..Default::default()
            };
            let of_complaints = v1::StageRule { kinds: vec![InteractionKind::Complaint.into()], ..Default::default() };
            let rules = if stage_id == "service" { vec![of_topics, of_complaints] } else { vec![of_topics] };
            let names = [("zh", zh), ("en", en)].map(|(tag, name)| (tag.to_owned(), name.to_owned())).into();
            v1::JourneyStage { stage_id: stage_id.into(), names, rules }
        });
        let request = v1::DeclareJourneyRequest {
            request_id: "demo-journey".into(),
            stages: stages.into(),
            ..Default::default()
        };
        self.admin.journeys.declare_journey(request).await.map_err(refused)?;
        Ok(())
    }
}
