//! The part of the story that happens now: a bad rating is answered, a commitment kept and one broken, an outage explained.

use std::time::Duration;

use anyhow::Context as _;
use uuid::Uuid;

use super::{Story, primary, refused, tell};
use crate::{
    api::v1::{self, Channel, FollowUp, FollowUpState, Outcome},
    cli::client::Client,
    clock::Clock,
};

const CUSTOMER: &str = "C-2001";
/// How long anything that happens by the clock may take to be seen.
const PATIENCE: Duration = Duration::from_secs(20);

impl Story {
    /// From a bad rating to a confirmed answer (L1 to L3, L5, I10). Each telling is another case, since it happens at its own time.
    pub(super) async fn closing(&mut self) -> anyhow::Result<()> {
        tell!(
            "\nWhat a customer gets back for answering. This happens now: 陈先生 has just called, and gives 1 of 5."
        )?;
        self.new_colleagues().await?;
        let interaction_id = self.just_called("退款").await?;
        self.rate_badly(&interaction_id).await?;
        let opened = self.follow_up_of(&interaction_id).await?;
        tell!("  A follow-up opens by itself; its point is the comment: “{}”.", opened.points[0].words)?;
        self.hidden_from_liu_yang().await?;

        let overdue = self.until(&opened, |one| one.level > 0).await?;
        tell!("Nobody takes it in its time: it is overdue, level {}, and the desk is told (L3).", overdue.level)?;
        let mut sun_tao = self.person(v1::Role::Staff, "sun.tao")?;
        let held = self.claimed(&mut sun_tao, &opened).await?;
        tell!(
            "  孙涛 takes it, as claim {}, and only now reads whose it is: {}.",
            held.claim_number,
            held.customer_id
        )?;
        self.callback(&mut sun_tao, &interaction_id).await?;
        self.commitments(&mut sun_tao, &interaction_id).await?;
        self.answered(&mut sun_tao, &held).await?;
        let confirmed = self.confirmed(&opened).await?;
        tell!("  陈先生 confirms it: “{}”. Answered late, and counted so.", confirmed.note)?;
        self.incident().await
    }

    fn person(&self, role: v1::Role, subject: &str) -> anyhow::Result<Client> {
        let token = self.authenticator.sign(role, subject, &[], super::TOKEN_LIFE)?;
        Client::lazy(&self.url, &token)
    }

    async fn new_colleagues(&mut self) -> anyhow::Result<()> {
        let person = |id: &str, name: &str| v1::StaffMember {
            staff_id: id.into(),
            display_name: name.into(),
            role: v1::StaffRole::Agent.into(),
            team_id: "hotline".into(),
            ..Default::default()
        };
        let staff_members = vec![person("liu.yang", "刘洋"), person("sun.tao", "孙涛")];
        let request = v1::BatchUpsertStaffMembersRequest {
            request_id: "demo-hotline".into(),
            staff_members,
            ..Default::default()
        };
        self.app.directory.batch_upsert_staff_members(request).await.map_err(refused)?;
        for (id, name, number) in [
            (CUSTOMER, "陈先生", "+86 138 1234 5602"),
            ("C-2002", "林女士", "+86 138 1234 5603"),
            ("C-2003", "何先生", "+86 138 1234 5604"),
        ] {
            let customer = v1::Customer {
                customer_id: id.into(),
                salutation: name.into(),
                locale: "zh-CN".into(),
                contact_points: vec![v1::ContactPoint {
                    kind: v1::ContactKind::Phone.into(),
                    value: number.into(),
                    source: "报名表".into(),
                    consent: v1::Consent::Granted.into(),
                    ..Default::default()
                }],
                ..Default::default()
            };
            let request = v1::UpsertCustomerRequest {
                request_id: format!("demo-{id}"),
                customer: Some(customer),
                ..Default::default()
            };
            self.app.directory.upsert_customer(request).await.map_err(refused)?;
        }
        let template = v1::SurveyTemplate {
            template_id: "hotline_answered".into(),
            display_name: "热线评价".into(),
            direction: v1::ScaleDirection::HighBest.into(),
            channels: vec![Channel::InboundCall.into()],
            follow_up_level: 2,
            // So that nobody has to wait for a story; the server's own default is two working days.
            follow_up_within: Some(prost_types::Duration { seconds: 2, nanos: 0 }),
            ..Default::default()
        };
        let create = v1::CreateTemplateRequest { request_id: "demo-answered".into(), template: Some(template) };
        let created = self.admin.surveys.create_template(create).await.map_err(refused)?.into_inner();
        let version = created.template.context("no template")?.version;
        let publish = v1::PublishTemplateRequest {
            request_id: "demo-answered-published".into(),
            template_id: "hotline_answered".into(),
            version,
            ..Default::default()
        };
        self.admin.surveys.publish_template(publish).await.map_err(refused)?;
        Ok(())
    }

    async fn just_called(&mut self, topic: &str) -> anyhow::Result<String> {
        self.called(CUSTOMER, topic).await
    }

    async fn called(&mut self, customer_id: &str, topic: &str) -> anyhow::Result<String> {
        let call = v1::Interaction {
            channel: Channel::InboundCall.into(),
            outcome: Outcome::Answered.into(),
            topic: topic.into(),
            requested_time: Some(now(-240)),
            connected_time: Some(now(-200)),
            ended_time: Some(now(-10)),
            customer_id: customer_id.into(),
            participants: vec![primary("liu.yang")],
            ..Default::default()
        };
        self.record(&format!("demo-{}", Uuid::new_v4()), call).await
    }

    async fn rate_badly(&mut self, interaction_id: &str) -> anyhow::Result<()> {
        let rating = v1::Rating {
            interaction_id: interaction_id.to_owned(),
            template_id: "hotline_answered".into(),
            score: 1,
            comment: "说好三天到账，没有人管".into(),
            answered_time: Some(now(0)),
            ..Default::default()
        };
        let request = v1::SubmitRatingRequest { request_id: Uuid::new_v4().to_string(), rating: Some(rating) };
        self.app.ratings.submit_rating(request).await.map_err(refused)?;
        Ok(())
    }

    async fn follow_up_of(&mut self, interaction_id: &str) -> anyhow::Result<FollowUp> {
        let request = v1::ListFollowUpsRequest { interaction_id: interaction_id.to_owned(), ..Default::default() };
        let found = self.app.follow_ups.list_follow_ups(request).await.map_err(refused)?.into_inner();
        found.follow_ups.into_iter().next().context("no follow-up was opened")
    }

    async fn hidden_from_liu_yang(&mut self) -> anyhow::Result<()> {
        let mut liu_yang = self.person(v1::Role::Staff, "liu.yang")?;
        let request = v1::ListFollowUpsRequest::default();
        let found = liu_yang.follow_ups.list_follow_ups(request).await.map_err(refused)?.into_inner().follow_ups;
        anyhow::ensure!(found.is_empty(), "the colleague whom it is about was shown it");
        Ok(tell!("  刘洋, who took the call, asks for the desk's list and sees none: to 刘洋 it does not exist (L2).")?)
    }

    /// The follow-up once this holds.
    async fn until(&mut self, one: &FollowUp, is_so: impl Fn(&FollowUp) -> bool) -> anyhow::Result<FollowUp> {
        let app = self.app.clone();
        let waiting = async {
            loop {
                let request = v1::GetFollowUpRequest { follow_up_id: one.follow_up_id.clone() };
                let found = app.follow_ups.clone().get_follow_up(request).await.map_err(refused)?.into_inner();
                match found.follow_up {
                    Some(found) if is_so(&found) => return Ok(found),
                    Some(_) | None => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.context("the clock did not do its step")?
    }

    async fn claimed(&mut self, by: &mut Client, one: &FollowUp) -> anyhow::Result<FollowUp> {
        let request = v1::ClaimFollowUpRequest {
            request_id: Uuid::new_v4().to_string(),
            follow_up_id: one.follow_up_id.clone(),
            ..Default::default()
        };
        let claimed = by.follow_ups.claim_follow_up(request).await.map_err(refused)?.into_inner();
        claimed.follow_up.context("an answer without the follow-up")
    }

    /// The customer asks to be called, is told when, and is called by then (L4).
    async fn callback(&mut self, by: &mut Client, interaction_id: &str) -> anyhow::Result<()> {
        let on_duty = v1::SetPresenceRequest {
            request_id: Uuid::new_v4().to_string(),
            state: v1::PresenceState::OnDuty.into(),
            capacity: 1,
            ..Default::default()
        };
        by.presence.set_presence(on_duty).await.map_err(refused)?;
        let mut customer = self.person(v1::Role::Customer, CUSTOMER)?;
        let wanted = v1::Callback {
            contact_point: "138 1234 5602".into(),
            team_id: "hotline".into(),
            topic: "退款".into(),
            interaction_id: interaction_id.to_owned(),
            context: Some(v1::InteractionContext {
                seen: "订单页显示“已退款”".into(), ..Default::default()
            }),
            ..Default::default()
        };
        let request = v1::RequestCallbackRequest { request_id: Uuid::new_v4().to_string(), callback: Some(wanted) };
        let asked = customer.callbacks.request_callback(request).await.map_err(refused)?.into_inner();
        let asked = asked.callback.context("an answer without the callback")?;
        let quoted = between(asked.request_time, asked.quoted_time);
        let claim = v1::ClaimCallbackRequest {
            request_id: Uuid::new_v4().to_string(),
            callback_id: asked.callback_id.clone(),
            ..Default::default()
        };
        let claimed = by.callbacks.claim_callback(claim).await.map_err(refused)?.into_inner();
        let (callback_id, fencing_number) = (asked.callback_id, claimed.fencing_number);
        let dial = v1::DialCallbackRequest {
            request_id: Uuid::new_v4().to_string(),
            callback_id: callback_id.clone(),
            fencing_number,
        };
        let dialled = by.callbacks.dial_callback(dial).await.map_err(refused)?.into_inner();
        let rung = dialled.callback.context("an answer without the callback")?;
        let waited = between(rung.request_time, rung.first_dial_time);
        anyhow::ensure!(waited <= quoted, "it rang later than was quoted");
        let connect = v1::ConnectCallbackRequest {
            request_id: Uuid::new_v4().to_string(),
            callback_id: callback_id.clone(),
            fencing_number,
        };
        by.callbacks.connect_callback(connect).await.map_err(refused)?;
        let complete = v1::CompleteCallbackRequest {
            request_id: Uuid::new_v4().to_string(),
            callback_id,
            fencing_number,
            note: "查到漏办的退款".into(),
            ..Default::default()
        };
        by.callbacks.complete_callback(complete).await.map_err(refused)?;
        tell!(
            "  陈先生 asks in the app to be called; 孙涛 is free, so the quote is {quoted} s, and it rings in time (L4)."
        )?;
        Ok(tell!("  Nobody has to ask again: what the order page showed, “已退款”, comes with it.")?)
    }

    /// One is kept, and one is broken.
    async fn commitments(&mut self, by: &mut Client, interaction_id: &str) -> anyhow::Result<()> {
        let commitment = |what: &str, due_time| v1::Commitment {
            what: what.into(),
            interaction_id: interaction_id.to_owned(),
            due_time: Some(due_time),
            ..Default::default()
        };
        let mut made = Vec::new();
        for one in [commitment("今天退还差价 80 元", now(3_600)), commitment("两秒内回短信", now(2))] {
            let request = v1::MakeCommitmentRequest { request_id: Uuid::new_v4().to_string(), commitment: Some(one) };
            let answer = by.commitments.make_commitment(request).await.map_err(refused)?.into_inner();
            made.push(answer.commitment.context("an answer without the commitment")?);
        }
        let keep = v1::KeepCommitmentRequest {
            request_id: Uuid::new_v4().to_string(),
            commitment_id: made[0].commitment_id.clone(),
            note: "已转账".into(),
        };
        by.commitments.keep_commitment(keep).await.map_err(refused)?;
        let broken = async {
            loop {
                let request = v1::GetCommitmentRequest { commitment_id: made[1].commitment_id.clone() };
                let found = by.commitments.get_commitment(request).await.map_err(refused)?.into_inner();
                match found.commitment.map(|one| one.state()) {
                    Some(v1::CommitmentState::Broken) => return anyhow::Ok(()),
                    Some(_) | None => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, broken).await.context("the clock did not do its step")??;
        Ok(tell!(
            "  孙涛 commits to two things: “{}”, kept; “{}”, broken by the clock, and still owed (L5).",
            made[0].what,
            made[1].what
        )?)
    }

    async fn answered(&mut self, by: &mut Client, held: &FollowUp) -> anyhow::Result<()> {
        let request = v1::AnswerPointRequest {
            request_id: Uuid::new_v4().to_string(),
            follow_up_id: held.follow_up_id.clone(),
            claim_number: held.claim_number,
            point_number: 1,
            answer: "退款已到账，差价也已退还。是我们漏办了，抱歉。".into(),
        };
        let answered = by.follow_ups.answer_point(request).await.map_err(refused)?.into_inner();
        let answered = answered.follow_up.context("an answer without the follow-up")?;
        anyhow::ensure!(answered.state() == FollowUpState::Answered, "one answer was not enough");
        Ok(tell!("  孙涛 answers: “{}”", answered.points[0].answer)?)
    }

    async fn confirmed(&mut self, one: &FollowUp) -> anyhow::Result<FollowUp> {
        let mut customer = self.person(v1::Role::Customer, CUSTOMER)?;
        let request = v1::ConfirmFollowUpRequest {
            request_id: Uuid::new_v4().to_string(),
            follow_up_id: one.follow_up_id.clone(),
            note: "收到了，谢谢".into(),
        };
        let confirmed = customer.follow_ups.confirm_follow_up(request).await.map_err(refused)?.into_inner();
        confirmed.follow_up.context("an answer without the follow-up")
    }

    /// Three call about the same outage; it is declared, explained and mended.
    async fn incident(&mut self) -> anyhow::Result<()> {
        // Each telling has an outage of its own.
        let topic = format!("付款故障 {}", &Uuid::new_v4().simple().to_string()[..6]);
        for customer_id in [CUSTOMER, "C-2002", "C-2003"] {
            self.called(customer_id, &topic).await?;
        }
        let rule = v1::IncidentRule { from_time: Some(now(-600)), topics: vec![topic], ..Default::default() };
        let preview = v1::PreviewIncidentRequest { rule: Some(rule.clone()) };
        let found = self.admin.incidents.preview_incident(preview).await.map_err(refused)?.into_inner();
        let declare = v1::DeclareIncidentRequest {
            request_id: Uuid::new_v4().to_string(),
            title: "支付系统中断".into(),
            department: "支付".into(),
            rule: Some(rule),
            fingerprint: found.fingerprint,
        };
        let declared = self.admin.incidents.declare_incident(declare).await.map_err(refused)?.into_inner();
        let incident_id = declared.incident.context("an answer without the incident")?.incident_id;
        tell!(
            "\nPayment is down once more, and this time it is declared: {} calls of {} customers are one incident (I10).",
            found.interaction_count,
            found.customer_count
        )?;
        let notify = v1::NotifyIncidentRequest {
            request_id: Uuid::new_v4().to_string(),
            incident_id: incident_id.clone(),
            words: "支付暂时中断，款项没有扣除，我们正在修复。".into(),
            per_minute: 0,
        };
        self.admin.incidents.notify_incident(notify).await.map_err(refused)?;
        let told = self.sent(&incident_id, v1::NoticeKind::Told).await?;
        tell!("  {told} customers are told, each once, by the gateway and within the contact policy.")?;
        let resolve = v1::ResolveIncidentRequest {
            request_id: Uuid::new_v4().to_string(),
            incident_id: incident_id.clone(),
            mended_words: "支付已恢复，谢谢您的耐心。".into(),
        };
        self.admin.incidents.resolve_incident(resolve).await.map_err(refused)?;
        let mended = self.sent(&incident_id, v1::NoticeKind::Mended).await?;
        Ok(tell!("  It is mended, and exactly those {mended} are told so. Their ratings of that hour are not 刘洋's.")?)
    }

    /// Sends the three notices of a kind, as a gateway does; gives how many that were.
    async fn sent(&mut self, incident_id: &str, kind: v1::NoticeKind) -> anyhow::Result<usize> {
        let mut app = self.app.clone();
        let sending = async {
            let mut sent = 0;
            while sent < 3 {
                let take = v1::TakeNoticesRequest {
                    request_id: Uuid::new_v4().to_string(),
                    channel: Channel::Sms.into(),
                    count: 10,
                };
                let taken = app.incidents.take_notices(take).await.map_err(refused)?.into_inner().notices;
                for one in taken.into_iter().filter(|one| one.incident_id == incident_id && one.kind() == kind) {
                    let report = v1::ReportNoticeRequest {
                        request_id: Uuid::new_v4().to_string(),
                        notice_id: one.notice_id,
                        outcome: v1::NoticeOutcome::Sent.into(),
                    };
                    app.incidents.report_notice(report).await.map_err(refused)?;
                    sent += 1;
                }
                if sent < 3 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            anyhow::Ok(sent)
        };
        tokio::time::timeout(PATIENCE, sending).await.context("the notices did not come")?
    }
}

/// Whole seconds from one instant to the other, at least 0.
fn between(from: Option<prost_types::Timestamp>, to: Option<prost_types::Timestamp>) -> i64 {
    from.zip(to).map_or(0, |(from, to)| (to.seconds - from.seconds).max(0))
}

/// So many seconds from now.
fn now(seconds: i64) -> prost_types::Timestamp {
    crate::api::convert::timestamp(Clock::system().now_micros() + seconds * 1_000_000)
}
