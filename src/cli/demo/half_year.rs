//! The part of the story that nobody could listen to: half a year of ordinary work, up to now, so that the console's figures have
//! something to show; this month's competition, whose vote is open; and what waits for those who work there.

use jiff::{Timestamp, ToSpan as _, civil::Weekday, tz::TimeZone};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tonic::Code;

use super::{BATCH, Story, TOKEN_LIFE, ZONE, competition::branch_staff, primary, refused, seconds_after, tell};
use crate::{
    api::{
        convert::timestamp,
        v1::{self, Attribution, Channel, Direction, Outcome, Role, record_item_result},
    },
    cli::client::Client,
    clock::Clock,
};

/// Whole weeks before this one.
const WEEKS: i64 = 26;
const A_WEEK: usize = 72;
/// How far each branch, in the order of its competition, is from what the same work is rated elsewhere.
const CRAFT: [f64; 9] = [0.45, 0.2, 0.05, 0.0, 0.3, -0.1, -0.25, -0.55, 0.1];
/// Topics, with how well their work is rated, no matter who does it.
const TOPICS: [(&str, f64); 5] = [("退费", -0.7), ("排课", 0.1), ("课程咨询", 0.4), ("证书", 0.0), ("直播卡顿", -0.4)];
const CHANNELS: [Channel; 4] = [Channel::InboundCall, Channel::OnlineChat, Channel::InboundCall, Channel::GroupChat];
const SURNAMES: &[&str] = &["赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩"];
const CONCLUSIONS: [&str; 4] = ["已说明办法", "已登记，三日内回复", "已改到周末班", "已补发"];
const CUSTOMERS: usize = 60;
/// What somebody rates at 1 or 2 from this template on waits for an answer.
const CARE: &str = "branch_care";

/// Departments with what they own: a cause, and topics whatever the cause.
const DEPARTMENTS: [(&str, &str, Attribution, &[&str]); 3] = [
    ("it", "信息部", Attribution::System, &["直播卡顿"]),
    ("finance", "财务部", Attribution::Policy, &["退费"]),
    ("curriculum", "教研部", Attribution::Product, &["排课", "证书"]),
];
/// What departments were told to mend: topic, title, and in how many days they said that they will.
const CONCERNS: [(&str, &str, Option<i64>); 2] =
    [("直播卡顿", "直播课在晚高峰反复卡顿", Some(14)), ("退费", "退费要等十几天，学员一再来电询问", None)];

/// A customer's call, and what they thought of it.
struct Contact {
    request_id: String,
    interaction: v1::Interaction,
    rating: Option<(i32, Attribution)>,
}

impl Story {
    /// Half a year up to now. Told again, it adds what has happened since.
    pub(super) async fn half_year(&mut self) -> anyhow::Result<()> {
        self.customers().await?;
        self.care_template().await?;
        let now = Timestamp::from_microsecond(Clock::system().now_micros())?;
        let zone = TimeZone::get(ZONE)?;
        let today = now.to_zoned(zone.clone()).date();
        let this_week = today.checked_sub(i64::from(today.weekday().since(Weekday::Monday)).days())?;
        let mut count = 0;
        for ago in (0..=WEEKS).rev() {
            let monday = this_week.checked_sub(ago.weeks())?.to_zoned(zone.clone())?.timestamp();
            let mut contacts = week(monday.as_second());
            contacts.retain(|one| ended(one) < now.as_second() - 3_600);
            count += contacts.len();
            // The present week, and the one before it, are those that still wait for answers.
            self.happened_in_a_week(contacts, if ago <= 1 { CARE } else { "csat" }).await?;
        }
        tell!("\nHalf a year of ordinary work, up to now: {count} contacts of nine teams, for the console to show.")?;
        self.contested().await?;
        self.given().await?;
        self.tried().await?;
        self.journey().await?;
        self.voiced(now).await?;
        self.this_month().await
    }

    /// 赵敏 contests what was given to her people lately, and nobody has judged it yet.
    async fn contested(&mut self) -> anyhow::Result<()> {
        let filter = v1::RatingFilter {
            team_id: "nanjing".into(),
            standing: v1::RatingStanding::Counted.into(),
            ..Default::default()
        };
        let request = v1::ListRatingsRequest { filter: Some(filter), page_size: 100, ..Default::default() };
        let found = self.admin.ratings.list_ratings(request).await.map_err(refused)?.into_inner().ratings;
        let mut leads = self.member_of(Role::Supervisor, "zhao.min", &["nanjing"])?;
        for rating in found.into_iter().filter(|one| one.level <= 2).take(3) {
            let request = v1::ContestRatingRequest {
                request_id: format!("demo-contest-{}", rating.rating_id),
                rating_id: rating.rating_id,
                grounds: v1::ContestGrounds::Other.into(),
                evidence: "学员在电话里说是系统卡顿，不是老师的问题".into(),
                ..Default::default()
            };
            match leads.contests.contest_rating(request).await {
                Ok(_) => {}
                // Contested when the story was told before, or older than may be contested.
                Err(status) if [Code::AlreadyExists, Code::FailedPrecondition].contains(&status.code()) => {}
                Err(status) => return Err(refused(status)),
            }
        }
        Ok(())
    }

    /// Departments own what customers raise; one has said by when it mends what it was told, the other has not answered yet.
    async fn voiced(&mut self, now: Timestamp) -> anyhow::Result<()> {
        for (department_id, display_name, cause, topics) in DEPARTMENTS {
            let owns = |cause: Attribution, topic: &str| v1::OwnedCause { cause: cause.into(), topic: topic.into() };
            let of_topics = topics.iter().map(|topic| owns(Attribution::Unspecified, topic));
            let department = v1::Department {
                department_id: department_id.into(),
                display_name: display_name.into(),
                team_id: department_id.into(),
                owns: of_topics.chain([owns(cause, "")]).collect(),
                ..Default::default()
            };
            let request_id = format!("demo-department-{department_id}");
            let set = v1::SetDepartmentRequest { request_id, department: Some(department) };
            self.admin.voice.set_department(set).await.map_err(refused)?;
        }
        for (topic, title, mended_in) in CONCERNS {
            let concern = v1::Concern { title: title.into(), topics: vec![topic.into()], ..Default::default() };
            let raise = v1::RaiseConcernRequest { request_id: format!("demo-concern-{topic}"), concern: Some(concern) };
            let raised = self.admin.voice.raise_concern(raise).await.map_err(refused)?.into_inner();
            let concern_id = raised.concern.unwrap_or_default().concern_id;
            let get = v1::GetConcernRequest { concern_id: concern_id.clone() };
            let concern = self.admin.voice.get_concern(get).await.map_err(refused)?.into_inner().concern;
            let is_silent = concern.unwrap_or_default().state() == v1::ConcernState::Raised;
            if let Some(days) = mended_in.filter(|_| is_silent) {
                let request_id = format!("demo-acknowledged-{topic}");
                let fix_time = Some(timestamp(now.checked_add((days * 24).hours())?.as_microsecond()));
                let request = v1::AcknowledgeConcernRequest { request_id, concern_id, fix_time };
                self.admin.voice.acknowledge_concern(request).await.map_err(refused)?;
            }
        }
        Ok(())
    }

    pub(super) fn member_of(&self, role: Role, subject: &str, teams: &[&str]) -> anyhow::Result<Client> {
        let teams: Vec<_> = teams.iter().map(|team| (*team).to_owned()).collect();
        Client::lazy(&self.url, &self.authenticator.sign(role, subject, &teams, TOKEN_LIFE)?)
    }

    async fn happened_in_a_week(&mut self, contacts: Vec<Contact>, template: &str) -> anyhow::Result<()> {
        for contacts in contacts.chunks(BATCH) {
            let requests = contacts.iter().map(|one| v1::RecordInteractionRequest {
                request_id: one.request_id.clone(),
                interaction: Some(one.interaction.clone()),
            });
            let request = v1::BatchRecordInteractionsRequest { requests: requests.collect() };
            let recorded =
                self.app.interactions.batch_record_interactions(request).await.map_err(refused)?.into_inner();
            let mut requests = Vec::new();
            for (contact, result) in contacts.iter().zip(recorded.results) {
                let interaction_id = match result.result {
                    Some(record_item_result::Result::Recorded(recorded)) => recorded.interaction_id,
                    Some(record_item_result::Result::Error(error)) => anyhow::bail!("{}", error.message),
                    None => anyhow::bail!("an answer without a result"),
                };
                let Some((score, attribution)) = contact.rating else { continue };
                let rating = v1::Rating {
                    interaction_id,
                    template_id: template.into(),
                    template_version: 1,
                    score,
                    attribution: attribution.into(),
                    answered_time: contact.interaction.ended_time.map(|end| seconds_after(end, 600)),
                    ..Default::default()
                };
                let request_id = format!("{}-rating", contact.request_id);
                requests.push(v1::SubmitRatingRequest { request_id, rating: Some(rating) });
            }
            if !requests.is_empty() {
                let request = v1::BatchSubmitRatingsRequest { requests };
                self.app.ratings.batch_submit_ratings(request).await.map_err(refused)?;
            }
        }
        Ok(())
    }

    async fn customers(&mut self) -> anyhow::Result<()> {
        let customers = (0..CUSTOMERS).map(|number| v1::Customer {
            customer_id: customer_id(number),
            salutation: format!("{}{}", SURNAMES[number % SURNAMES.len()], ["女士", "先生", "同学"][number % 3]),
            locale: "zh-CN".into(),
            contact_points: vec![v1::ContactPoint {
                kind: v1::ContactKind::Phone.into(),
                value: format!("+86 137 0000 {:04}", 1_000 + number),
                source: "报名表".into(),
                consent: v1::Consent::Granted.into(),
                ..Default::default()
            }],
            ..Default::default()
        });
        let customers = customers.collect();
        let request =
            v1::BatchUpsertCustomersRequest { request_id: "demo-learners".into(), customers, ..Default::default() };
        self.app.directory.batch_upsert_customers(request).await.map_err(refused)?;
        Ok(())
    }

    async fn care_template(&mut self) -> anyhow::Result<()> {
        let template = v1::SurveyTemplate {
            template_id: CARE.into(),
            display_name: "分校服务评价".into(),
            direction: v1::ScaleDirection::HighBest.into(),
            channels: vec![Channel::InboundCall.into(), Channel::OnlineChat.into(), Channel::GroupChat.into()],
            follow_up_level: 2,
            ..Default::default()
        };
        let create = v1::CreateTemplateRequest { request_id: "demo-care".into(), template: Some(template) };
        let created = self.admin.surveys.create_template(create).await.map_err(refused)?.into_inner();
        let publish = v1::PublishTemplateRequest {
            request_id: "demo-care-published".into(),
            template_id: CARE.into(),
            version: created.template.map_or(1, |template| template.version),
            ..Default::default()
        };
        self.admin.surveys.publish_template(publish).await.map_err(refused)?;
        Ok(())
    }
}

fn customer_id(number: usize) -> String {
    format!("C-{}", 3_001 + number)
}

fn ended(contact: &Contact) -> i64 {
    contact.interaction.ended_time.map_or(i64::MAX, |end| end.seconds)
}

/// What happened in the week that begins then; always the same.
fn week(monday: i64) -> Vec<Contact> {
    let mut random = StdRng::seed_from_u64(monday.unsigned_abs());
    let teams = branch_staff();
    let contact = |number: usize| {
        let (team, staff) = &teams[random.random_range(0..teams.len())];
        let (topic, work) = TOPICS[random.random_range(0..TOPICS.len())];
        let customer = random.random_range(0..CUSTOMERS);
        let person = random.random_range(0..staff.len());
        let channel = CHANNELS[random.random_range(0..CHANNELS.len())];
        let requested = monday + random.random_range(0..6) * 86_400 + random.random_range(9 * 3_600..19 * 3_600);
        let (wait, talk) = (random.random_range(5..240), random.random_range(60..1_200));
        let at = |seconds: i64| Some(timestamp((requested + seconds) * 1_000_000));
        let abandoned = random.random_bool(0.06);
        let rating = (!abandoned && random.random_bool(0.62)).then(|| {
            // Now and then it goes wrong for anybody.
            let wrong = if random.random_bool(0.06) { -2.0 } else { 0.0 };
            let level =
                4.1 + wrong + work + CRAFT[*team] + (person as f64 - 2.5) * 0.06 + random.random_range(-1.3..1.3);
            let cause = match random.random_range(0..20) {
                0 => Attribution::Policy,
                1 if topic == "直播卡顿" => Attribution::System,
                _ => Attribution::Staff,
            };
            (level.round().clamp(1.0, 5.0) as i32, cause)
        });
        let interaction = v1::Interaction {
            channel: channel.into(),
            direction: Direction::Inbound.into(),
            outcome: if abandoned { Outcome::Abandoned } else { Outcome::Answered }.into(),
            topic: topic.into(),
            requested_time: at(0),
            connected_time: if abandoned { None } else { at(wait) },
            ended_time: at(wait + if abandoned { 0 } else { talk }),
            customer_id: customer_id(customer),
            participants: if abandoned { Vec::new() } else { vec![primary(&staff[person])] },
            conclusion: if abandoned { String::new() } else { CONCLUSIONS[random.random_range(0..4)].into() },
            ..Default::default()
        };
        Contact { request_id: format!("demo-{monday}-{number}"), interaction, rating }
    };
    (0..A_WEEK).map(contact).collect()
}
