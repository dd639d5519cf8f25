//! The part of the story in which a colleague is briefed before meeting somebody. It happened in the fortnight before today,
//! whenever that is: how a customer likes to be met is a matter of the present.

use jiff::{Timestamp, ToSpan as _, Zoned};

use super::{Story, primary, refused, tell};
use crate::{
    api::v1::{
        self, BriefCustomerRequest, Channel, ContactKind, ContactPurpose, CustomerAlias, Direction, InteractionKind,
        Outcome, PreferenceDimension, ReadingPurpose, Resolution,
    },
    cli::brief::print,
    clock::Clock,
};

const CUSTOMER: &str = "C-1002";
const TOPIC: &str = "申论批改";

impl Story {
    /// 刘先生 as 陈杰 gets to know the customer, in both languages; a stranger; and similar customers.
    pub(super) async fn brief(&mut self) -> anyhow::Result<()> {
        self.acquaintance().await?;
        self.what_was_said().await?;
        tell!(
            "\nThe familiar stranger: 陈杰 is to call 刘先生, whom several colleagues met this fortnight, and asks first (P3):"
        )?;
        for language in ["zh", "en"] {
            tell!("")?;
            let request = BriefCustomerRequest { customer_id: CUSTOMER.into(), ..brief(language) };
            let answer = self.chen_jie.preferences.brief_customer(request).await.map_err(refused)?.into_inner();
            told(&answer)?;
        }
        tell!(
            "\nEach line names its evidence (--json), and the reading left a trace. Somebody known by a number only:\n"
        )?;
        let request = BriefCustomerRequest { customer_alias: Some(stranger()), ..brief("zh") };
        let answer = self.chen_jie.preferences.brief_customer(request).await.map_err(refused)?.into_inner();
        told(&answer)?;

        let criterion = |dimension: PreferenceDimension, values: &[&str], min_share| v1::PreferenceCriterion {
            dimension: dimension.into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            min_share,
        };
        let request = v1::FindCustomersRequest {
            criteria: vec![
                criterion(PreferenceDimension::Hour, &["18", "19", "20", "21"], 0.3),
                criterion(PreferenceDimension::Channel, &["online_chat"], 0.3),
                criterion(PreferenceDimension::Topic, &[TOPIC], 0.3),
            ],
            ..Default::default()
        };
        let found = self.admin.preferences.find_customers(request).await.map_err(refused)?.into_inner();
        let ids: Vec<_> = found.customers.iter().map(|one| one.customer_id.as_str()).collect();
        tell!(
            "\nWho likes evenings and chat, and comes for {TOPIC}? Of {} customers: {}.",
            found.examined_count,
            ids.join(", ")
        )?;
        Ok(())
    }

    /// Who the customer is, and what happened.
    async fn acquaintance(&mut self) -> anyhow::Result<()> {
        let customer = v1::Customer {
            customer_id: CUSTOMER.into(),
            salutation: "刘先生".into(),
            standing: v1::CustomerStanding::Active.into(),
            locale: "zh-CN".into(),
            contact_points: vec![v1::ContactPoint {
                kind: ContactKind::Phone.into(),
                value: "+86 136 2222 3333".into(),
                source: "公开课签到表".into(),
                obtained_time: Some(before(14, 19, 0)?),
                consent: v1::Consent::Granted.into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let request = v1::UpsertCustomerRequest {
            request_id: format!("demo-customer-{}", today()),
            customer: Some(customer),
            ..Default::default()
        };
        self.app.directory.upsert_customer(request).await.map_err(refused)?;

        let event = |page: &str, kind: InteractionKind| v1::Interaction {
            channel: Channel::Event.into(),
            direction: Direction::Inbound.into(),
            kind: kind.into(),
            context: Some(v1::InteractionContext { page: page.into(), ..Default::default() }),
            ..Default::default()
        };
        let attended = event("公开课：申论", InteractionKind::Attended);
        self.happened(v1::Interaction { customer_id: CUSTOMER.into(), ..attended.clone() }, before(14, 19, 30)?, 0)
            .await?;
        for (days, minute, conclusion) in
            [(12, 10, "约定每周一篇批改"), (9, 25, "第一篇批改已发，建议加强论据"), (7, 40, "介绍了冲刺班的课表")]
        {
            let talk = v1::Interaction { conclusion: conclusion.into(), ..chat() };
            self.happened(talk, before(days, 20, minute)?, 20).await?;
        }
        let complaint = v1::Interaction {
            kind: InteractionKind::Complaint.into(),
            case_id: "K-91".into(),
            context: Some(v1::InteractionContext {
                order_id: "O-6610".into(),
                product_id: "申论冲刺班".into(),
                seen: "页面显示“批改中”已经五天".into(),
                ..Default::default()
            }),
            conclusion: "答应周末前补上两篇批改".into(),
            staff_resolution: Resolution::Unresolved.into(),
            ..chat()
        };
        self.happened(complaint, before(5, 20, 50)?, 260).await?;
        for (days, hour) in [(4, 10), (3, 10), (2, 11)] {
            let call = v1::Interaction {
                channel: Channel::OutboundCall.into(),
                direction: Direction::Outbound.into(),
                kind: InteractionKind::Complaint.into(),
                contact_purpose: ContactPurpose::ComplaintAnswer.into(),
                outcome: Outcome::NoAnswer.into(),
                topic: TOPIC.into(),
                case_id: "K-91".into(),
                customer_id: CUSTOMER.into(),
                participants: vec![primary("li.na")],
                requested_time: Some(before(days, hour, 5)?),
                ..Default::default()
            };
            self.record(&format!("demo-brief-call-{days}-{}", today()), call).await?;
        }
        let downloaded = event("行测题库", InteractionKind::Downloaded);
        for (event, days) in [(attended, 14), (downloaded, 1)] {
            let event = v1::Interaction { customer_alias: Some(stranger()), ..event };
            self.happened(event, before(days, 19, 31)?, 0).await?;
        }
        Ok(())
    }

    /// What 刘先生 told 陈杰, and what 李娜 heard from the customer.
    async fn what_was_said(&mut self) -> anyhow::Result<()> {
        let state = v1::StatePreferenceRequest {
            request_id: "demo-state".into(),
            customer_id: CUSTOMER.into(),
            dimension: PreferenceDimension::Hours.into(),
            value: "19:00-22:00".into(),
            source: "聊天时说明：白天上班".into(),
            ..Default::default()
        };
        self.chen_jie.preferences.state_preference(state).await.map_err(refused)?;
        let refute = v1::RefutePreferenceRequest {
            request_id: "demo-refute".into(),
            customer_id: CUSTOMER.into(),
            dimension: PreferenceDimension::Channel.into(),
            value: "outbound_call".into(),
            note: "他说上班时不便接电话".into(),
            ..Default::default()
        };
        self.li_na.preferences.refute_preference(refute).await.map_err(refused)?;
        Ok(())
    }

    /// Records something that began then and was served after so many seconds; once a day, however often it is told.
    async fn happened(&mut self, what: v1::Interaction, at: prost_types::Timestamp, wait: i64) -> anyhow::Result<()> {
        let request_id = format!("demo-brief-{}-{}", at.seconds, today());
        let is_event = what.channel() == Channel::Event;
        let connected = (!is_event).then(|| super::seconds_after(at, wait));
        let ended = connected.map(|at| super::seconds_after(at, 540));
        let what = v1::Interaction { requested_time: Some(at), connected_time: connected, ended_time: ended, ..what };
        self.record(&request_id, what).await.map(drop)
    }
}

fn brief(language: &str) -> BriefCustomerRequest {
    BriefCustomerRequest {
        purpose: ReadingPurpose::Callback.into(),
        note: "K-91".into(),
        language: language.into(),
        ..Default::default()
    }
}

fn chat() -> v1::Interaction {
    v1::Interaction {
        channel: Channel::OnlineChat.into(),
        direction: Direction::Inbound.into(),
        kind: InteractionKind::Inquiry.into(),
        outcome: Outcome::Answered.into(),
        topic: TOPIC.into(),
        customer_id: CUSTOMER.into(),
        participants: vec![primary("chen.jie")],
        ..Default::default()
    }
}

/// A number that nobody has a name for.
fn stranger() -> CustomerAlias {
    CustomerAlias { kind: ContactKind::Phone.into(), value: "+86 137 8888 9999".into() }
}

/// The day on the wall of the story's organisation.
fn today() -> jiff::civil::Date {
    now().date()
}

fn now() -> Zoned {
    let zone = jiff::tz::TimeZone::get(super::ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    Timestamp::from_microsecond(Clock::system().now_micros()).unwrap_or_default().to_zoned(zone)
}

/// So many days ago, at a time of that day.
fn before(days: i64, hour: i8, minute: i8) -> anyhow::Result<prost_types::Timestamp> {
    let day = now().date().checked_sub(days.days())?;
    let instant = day.at(hour, minute, 0, 0).to_zoned(now().time_zone().clone())?.timestamp();
    Ok(prost_types::Timestamp { seconds: instant.as_second(), nanos: 0 })
}

/// A brief, as `rapport brief` prints it.
fn told(answer: &v1::BriefCustomerResponse) -> anyhow::Result<()> {
    let mut text = Vec::new();
    print(&mut text, answer)?;
    tell!("{}", String::from_utf8_lossy(&text).trim_end())?;
    Ok(())
}
