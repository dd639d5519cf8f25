//! The part of the story that trials are for (E3): large classes were once tried on everybody, and the complaints came on the first
//! day. Here chance gives them to half of two hundred students, and the alarm comes before anybody else is asked to bear them.

use futures::{StreamExt as _, TryStreamExt as _};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{BATCH, Story, primary, refused, tell};
use crate::{
    api::{
        convert::timestamp,
        v1::{self, TrialArm, TrialConclusion, TrialMetric, record_item_result},
    },
    clock::{Clock, DAY},
};

const NAME: &str = "大班课试行";
const TEAM: &str = "pilot";
const TEACHERS: [(&str, &str); 2] = [("pilot.1", "林晓"), ("pilot.2", "何平")];
const STUDENTS: usize = 200;
const AT_ONCE: usize = 16;

impl Story {
    /// The first day of a trial. Told again, it only says what came of it.
    pub(super) async fn tried(&mut self) -> anyhow::Result<()> {
        let known = self.admin.trials.list_trials(v1::ListTrialsRequest::default()).await.map_err(refused)?;
        let before = known.into_inner().trials.into_iter().find(|one| one.display_name == NAME);
        let trial_id = match before {
            Some(trial) => trial.trial_id,
            None => {
                self.pilot().await?;
                let trial_id = self.begun().await?;
                let large = self.assigned(&trial_id).await?;
                self.first_day(&large).await?;
                trial_id
            }
        };
        self.what_it_says(trial_id).await
    }

    async fn pilot(&mut self) -> anyhow::Result<()> {
        let team = v1::Team { team_id: TEAM.into(), display_name: "试点班".into(), ..Default::default() };
        let request = v1::UpsertTeamRequest { request_id: "demo-pilot".into(), team: Some(team), ..Default::default() };
        self.app.directory.upsert_team(request).await.map_err(refused)?;
        for (staff_id, name) in TEACHERS {
            let staff_member = Some(v1::StaffMember {
                staff_id: staff_id.into(),
                display_name: name.into(),
                role: v1::StaffRole::Agent.into(),
                team_id: TEAM.into(),
                ..Default::default()
            });
            let request_id = format!("demo-{staff_id}");
            let request = v1::UpsertStaffMemberRequest { request_id, staff_member, ..Default::default() };
            self.app.directory.upsert_staff_member(request).await.map_err(refused)?;
        }
        let customers = (0..STUDENTS).map(|number| v1::Customer {
            customer_id: student(number),
            locale: "zh-CN".into(),
            ..Default::default()
        });
        let request = v1::BatchUpsertCustomersRequest {
            request_id: "demo-students".into(),
            customers: customers.collect(),
            ..Default::default()
        };
        self.app.directory.batch_upsert_customers(request).await.map_err(refused)?;
        Ok(())
    }

    async fn begun(&mut self) -> anyhow::Result<String> {
        let outcome =
            |metric: TrialMetric, smallest_effect| v1::TrialOutcome { metric: metric.into(), smallest_effect };
        let trial = v1::Trial {
            display_name: NAME.into(),
            hypothesis: "大班更省钱，学员一样满意".into(),
            plan_a: "小班：10名学员，1位老师".into(),
            plan_b: "大班：100名学员，10位老师".into(),
            unit: v1::TrialUnit::Customer.into(),
            team_ids: vec![TEAM.into()],
            primary: Some(outcome(TrialMetric::Rating, 0.5)),
            guardrails: vec![outcome(TrialMetric::Complaint, 0.02)],
            planned_end_time: Some(timestamp(Clock::system().now_micros() + 14 * DAY)),
            stop_on_alarm: true,
            ..Default::default()
        };
        let request = v1::CreateTrialRequest { request_id: "demo-trial".into(), trial: Some(trial) };
        let laid_down = self.admin.trials.create_trial(request).await.map_err(refused)?.into_inner();
        let v1::Trial { trial_id, etag, .. } = laid_down.trial.unwrap_or_default();
        let request_id = "demo-trial-started".into();
        let request = v1::StartTrialRequest { request_id, trial_id: trial_id.clone(), etag };
        self.admin.trials.start_trial(request).await.map_err(refused)?;
        Ok(trial_id)
    }

    /// Who was given a large class.
    async fn assigned(&self, trial_id: &str) -> anyhow::Result<Vec<bool>> {
        let asking = (0..STUDENTS).map(|number| {
            let mut trials = self.app.trials.clone();
            let subject = v1::TrialSubject { customer_id: student(number), ..Default::default() };
            let request = v1::AssignTrialRequest {
                request_id: format!("demo-assigned-{number}"),
                trial_id: trial_id.to_owned(),
                subject: Some(subject),
            };
            async move {
                let given = trials.assign_trial(request).await.map_err(refused)?.into_inner().assignment;
                Ok::<_, anyhow::Error>(given.unwrap_or_default().arm() == TrialArm::B)
            }
        });
        futures::stream::iter(asking).buffered(AT_ONCE).try_collect().await
    }

    /// Every student has a lesson, and says what they think of it; some of those in the large class complain.
    async fn first_day(&mut self, large: &[bool]) -> anyhow::Result<()> {
        let mut random = StdRng::seed_from_u64(10);
        let now = Some(timestamp(Clock::system().now_micros()));
        let contact = |number: usize, kind: v1::InteractionKind| v1::RecordInteractionRequest {
            request_id: format!("demo-lesson-{number}-{}", i32::from(kind)),
            interaction: Some(v1::Interaction {
                kind: kind.into(),
                channel: v1::Channel::Counter.into(),
                direction: v1::Direction::Inbound.into(),
                outcome: v1::Outcome::Answered.into(),
                topic: "新班型".into(),
                requested_time: now,
                connected_time: now,
                ended_time: now,
                customer_id: student(number),
                participants: vec![primary(TEACHERS[number % TEACHERS.len()].0)],
                ..Default::default()
            }),
        };
        let students: Vec<_> = large.iter().copied().enumerate().collect();
        for some in students.chunks(BATCH) {
            let requests = some.iter().map(|(number, _)| contact(*number, v1::InteractionKind::Service)).collect();
            let request = v1::BatchRecordInteractionsRequest { requests };
            let recorded = self.app.interactions.batch_record_interactions(request).await.map_err(refused)?;
            let mut requests = Vec::new();
            for ((number, is_large), result) in some.iter().zip(recorded.into_inner().results) {
                let Some(record_item_result::Result::Recorded(recorded)) = result.result else { continue };
                let level: f64 = if *is_large { 2.6 } else { 4.5 } + random.random_range(-1.4..1.4);
                let rating = v1::Rating {
                    interaction_id: recorded.interaction_id,
                    template_id: "csat".into(),
                    template_version: 1,
                    score: level.round().clamp(1.0, 5.0) as i32,
                    answered_time: now,
                    ..Default::default()
                };
                let request_id = format!("demo-lesson-{number}-rating");
                requests.push(v1::SubmitRatingRequest { request_id, rating: Some(rating) });
            }
            let request = v1::BatchSubmitRatingsRequest { requests };
            self.app.ratings.batch_submit_ratings(request).await.map_err(refused)?;
        }
        let complaining = students.iter().filter(|(number, is_large)| *is_large && number % 10 == 0);
        let requests = complaining.map(|(number, _)| contact(*number, v1::InteractionKind::Complaint)).collect();
        let request = v1::BatchRecordInteractionsRequest { requests };
        self.app.interactions.batch_record_interactions(request).await.map_err(refused)?;
        Ok(())
    }

    async fn what_it_says(&mut self, trial_id: String) -> anyhow::Result<()> {
        let request = v1::GetTrialReportRequest { trial_id };
        let report = self.admin.trials.get_trial_report(request).await.map_err(refused)?.into_inner();
        tell!(
            "\nLarge classes, tried on half of {} students (E3). After the first day:",
            report.unit_count_a + report.unit_count_b
        )?;
        for one in &report.findings {
            let written = |value: Option<f64>| match (one.metric(), value) {
                (_, None) => "-".to_owned(),
                (TrialMetric::Rating, Some(level)) => format!("{level:.2}"),
                (_, Some(share)) => format!("{:.0} %", share * 1e2),
            };
            let alarm = if one.alarmed { ", which alarms" } else { "" };
            let (small, large) = (written(one.value_a), written(one.value_b));
            tell!("  {}: {large} in large classes, {small} in small ones{alarm}.", one.metric().plain_name())?;
        }
        if report.conclusion() == TrialConclusion::Worse {
            tell!("  They do harm. It cost {} students a bad class, and no more.", report.unit_count_b)?;
        }
        Ok(())
    }
}

fn student(number: usize) -> String {
    format!("S-{}", 5_001 + number)
}
