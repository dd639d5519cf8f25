//! `rapport demo`: a small organisation's fortnight, recorded through the real API and, with `--story`, told in plain words; then
//! the server goes on serving, for those who want to look at it.

mod brief;
mod closing;
mod competition;
mod giving;
mod half_year;
mod journey;
mod ratings;
mod review;
mod trial;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use jiff::{civil::DateTime, tz::TimeZone};
use tonic::Status;
use tonic_types::StatusExt as _;

use super::{
    client::{Client, explain},
    console,
    out::say,
    serve::Signals,
    token::BearerArgs,
};
use crate::{
    api::v1::{self, Channel, Direction, InteractionKind, Outcome, Resolution, Role, StaffRole},
    auth::Authenticator,
    clock::Clock,
    config::{Config, ServeArgs},
    server::{self, Running},
    telemetry,
};

/// Flags of `rapport demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Address and port to serve on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,

    /// Where the demo keeps its database and keys; delete it to begin anew
    #[arg(long, value_name = "DIRECTORY", default_value = "./rapport-demo")]
    pub data_dir: PathBuf,

    /// Database to use instead of an embedded one, without a password: postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,

    /// File with the database's URL, where that holds a password
    #[arg(long, value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<String>,

    /// Months in which the gain of swapped votes is measured
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub redeals: usize,

    /// Print the story as it happens
    #[arg(long)]
    pub story: bool,

    /// Stop when the story is told, instead of serving on
    #[arg(long)]
    pub once: bool,
}

/// The organisation of the story is in Shanghai.
const ZONE: &str = "Asia/Shanghai";
const TOKEN_LIFE: Duration = Duration::from_secs(3_600);
/// Items of a batch.
const BATCH: usize = 200;

tokio::task_local! {
    /// Whether somebody listens to the story.
    static ALOUD: bool;
}

/// Prints a line of the story, if somebody listens.
macro_rules! tell {
    ($($told:tt)*) => {
        match $crate::cli::demo::ALOUD.get() {
            true => $crate::cli::out::say!($($told)*),
            false => Ok(()),
        }
    };
}
use tell;

/// Tells the story, then serves.
///
/// # Errors
/// What keeps the server from starting, or an answer that the story does not expect.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let serve_args = ServeArgs {
        listen: Some(args.listen.to_string()),
        data_dir: Some(args.data_dir.display().to_string()),
        database_url: args.database_url.clone(),
        database_url_file: args.database_url_file.clone(),
        time_zone: Some(ZONE.to_owned()),
        default_country: Some("CN".to_owned()),
        reflection: Some("on".to_owned()),
        console: Some("on".to_owned()),
        ..ServeArgs::default()
    };
    // The environment is that of a real server on this machine, perhaps: the demo looks at its own flags only.
    let mut config = Config::resolve(&serve_args, |_| None)?;
    "warn".clone_into(&mut config.log.filter);
    let _telemetry = telemetry::start(&config.log, &config.telemetry)?;
    let drain_deadline = config.drain_deadline;
    let running = server::start(config, Clock::system()).await?;
    if !args.story {
        say!("Recording half a year of a training company in Shanghai; `rapport demo --story` tells it as it goes.")?;
    }
    let story = Story::begin(&running)?.tell(args.redeals);
    let told = Box::pin(ALOUD.scope(args.story, story)).await;
    if let Err(error) = told {
        running.stop().await?;
        return Err(error.context("the story went another way"));
    }
    if args.once {
        return running.stop().await;
    }
    let signals = Signals::new(drain_deadline)?;
    print_farewell(&args, &running)?;
    signals.stop(running).await
}

fn print_farewell(args: &DemoArgs, running: &Running) -> anyhow::Result<()> {
    let (address, data_dir) = (running.address(), args.data_dir.display());
    let endpoint = format!("http://{address}");
    say!("\nServing on {endpoint} until you press Ctrl-C.")?;
    say!("\nOpen it in a browser, as one of these; each link signs in once, within the hour:\n")?;
    for (who, bearer) in pages() {
        let link = console::link(running.authenticator(), &endpoint, &bearer, TOKEN_LIFE)?;
        say!("  {who}\n    {link}")?;
    }
    say!("\nAnother link, and a token to call it with from another terminal, both an administrator's:\n")?;
    say!("  cargo run --release -- console --role admin --subject demo --data-dir {data_dir} --endpoint {endpoint}")?;
    say!(
        "  export RAPPORT_TOKEN=$(cargo run -q --release -- token --role admin --subject demo --data-dir {data_dir})"
    )?;
    say!("  cargo run --release -- summary --by channel --endpoint {endpoint}")?;
    Ok(())
}

/// Whose pages the demo opens.
fn pages() -> [(&'static str, BearerArgs); 4] {
    let of = |role, subject: &str, teams: &[&str]| BearerArgs {
        role,
        subject: subject.to_owned(),
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
    };
    [
        ("赵敏, who leads three teams", of(Role::Supervisor, "zhao.min", &["hotline", "beijing", "nanjing"])),
        ("a teacher in Beijing, with a ballot to fill in", of(Role::Staff, "beijing.1", &["beijing"])),
        ("徐薇, who reviews", of(Role::Reviewer, "xu.wei", &[])),
        ("the administrator", of(Role::Admin, "demo", &[])),
    ]
}

/// The people of the story, each with a connection of their own.
struct Story {
    app: Client,
    li_na: Client,
    chen_jie: Client,
    supervisor: Client,
    admin: Client,
    customer: Client,
    /// 徐薇 and 方宇 review for the whole company; 陈杰 does so as well, besides his own work.
    xu_wei: Client,
    fang_yu: Client,
    chen_jie_reviews: Client,
    /// For the many who vote.
    authenticator: Arc<Authenticator>,
    url: String,
    /// Interactions recorded so far, by their request ids.
    ids: HashMap<String, String>,
}

impl Story {
    fn begin(running: &Running) -> anyhow::Result<Self> {
        let person = |role, subject: &str, teams: &[String]| {
            let token = running.authenticator().sign(role, subject, teams, TOKEN_LIFE)?;
            Client::lazy(&format!("http://{}", running.address()), &token)
        };
        Ok(Self {
            app: person(Role::App, "telephony", &[])?,
            li_na: person(Role::Staff, "li.na", &[])?,
            chen_jie: person(Role::Staff, "chen.jie", &[])?,
            supervisor: person(Role::Supervisor, "zhao.min", &["hotline".to_owned()])?,
            admin: person(Role::Admin, "demo", &[])?,
            customer: person(Role::Customer, "C-1001", &[])?,
            xu_wei: person(Role::Reviewer, "xu.wei", &[])?,
            fang_yu: person(Role::Reviewer, "fang.yu", &[])?,
            chen_jie_reviews: person(Role::Reviewer, "chen.jie", &[])?,
            authenticator: running.shared_authenticator(),
            url: format!("http://{}", running.address()),
            ids: HashMap::new(),
        })
    }

    async fn tell(mut self, redeals: usize) -> anyhow::Result<()> {
        tell!("A training company in Shanghai, March 2026. Everything below goes through the server's own API.\n")?;
        self.directory().await?;
        self.prospect().await?;
        let first_call = self.case().await?;
        self.outage().await?;
        self.group_chat().await?;
        self.retry_and_refusals().await?;
        self.rights(&first_call).await?;
        self.credit(&first_call).await?;
        self.figures().await?;
        self.ratings().await?;
        self.review().await?;
        self.closing().await?;
        self.competition(redeals).await?;
        self.brief().await?;
        self.half_year().await
    }

    async fn directory(&mut self) -> anyhow::Result<()> {
        let team =
            |id: &str, name: &str| v1::Team { team_id: id.into(), display_name: name.into(), ..Default::default() };
        let teams = vec![team("hotline", "客服热线"), team("field", "上门服务"), team("advisers", "课程顾问")];
        let request = v1::BatchUpsertTeamsRequest { request_id: "demo-teams".into(), teams, ..Default::default() };
        self.app.directory.batch_upsert_teams(request).await.map_err(refused)?;

        let person = |id: &str, name: &str, role: StaffRole, team: &str| v1::StaffMember {
            staff_id: id.into(),
            display_name: name.into(),
            role: role.into(),
            team_id: team.into(),
            ..Default::default()
        };
        let staff_members = vec![
            person("li.na", "李娜", StaffRole::Agent, "hotline"),
            person("zhao.min", "赵敏", StaffRole::Supervisor, "hotline"),
            person("helper-bot", "小助手", StaffRole::Bot, "hotline"),
            person("wang.lei", "王磊", StaffRole::Technician, "field"),
            person("chen.jie", "陈杰", StaffRole::Sales, "advisers"),
        ];
        let request =
            v1::BatchUpsertStaffMembersRequest { request_id: "demo-staff".into(), staff_members, ..Default::default() };
        self.app.directory.batch_upsert_staff_members(request).await.map_err(refused)?;
        tell!(
            "The directory: three teams, and five who serve: an agent, her supervisor, a technician, an adviser, a bot."
        )?;
        Ok(())
    }

    async fn prospect(&mut self) -> anyhow::Result<()> {
        let events = [
            ("2026-03-02 10:05", InteractionKind::Visited, "试听课页面"),
            ("2026-03-03 19:30", InteractionKind::Attended, "公开课：申论"),
            ("2026-03-04 08:12", InteractionKind::Downloaded, "备考手册"),
        ];
        for (number, (at, kind, page)) in events.into_iter().enumerate() {
            let event = v1::Interaction {
                channel: Channel::Event.into(),
                direction: Direction::Inbound.into(),
                kind: kind.into(),
                requested_time: Some(time(at)?),
                customer_alias: Some(phone()),
                context: Some(v1::InteractionContext { page: page.into(), ..Default::default() }),
                ..Default::default()
            };
            self.record(&format!("demo-event-{number}"), event).await?;
        }
        let customer = v1::Customer {
            customer_id: "C-1001".into(),
            salutation: "王女士".into(),
            standing: v1::CustomerStanding::Active.into(),
            locale: "zh-CN".into(),
            time_zone: ZONE.into(),
            contact_points: vec![v1::ContactPoint {
                kind: v1::ContactKind::Phone.into(),
                value: phone().value,
                source: "公开课报名表".into(),
                obtained_time: Some(time("2026-03-03 19:00")?),
                consent: v1::Consent::Granted.into(),
                ..Default::default()
            }],
            aliases: vec![phone()],
            ..Default::default()
        };
        let request = v1::UpsertCustomerRequest {
            request_id: "demo-customer".into(),
            customer: Some(customer),
            ..Default::default()
        };
        self.app.directory.upsert_customer(request).await.map_err(refused)?;
        tell!(
            "\nSomebody known by a phone number only visits, attends, downloads. Then the number gets a name, 王女士:"
        )?;
        let found = self.timeline("li.na").await?;
        let events = found.iter().filter(|one| one.channel() == Channel::Event).count();
        tell!("  her timeline already holds the {events} events from before we knew her (I8).")?;
        Ok(())
    }

    async fn case(&mut self) -> anyhow::Result<String> {
        let call = v1::Interaction {
            channel: Channel::InboundCall.into(),
            kind: InteractionKind::Complaint.into(),
            outcome: Outcome::Answered.into(),
            topic: "退款".into(),
            arrived_time: Some(time("2026-03-10 20:14")?),
            requested_time: Some(time("2026-03-10 20:15")?),
            connected_time: Some(seconds_after(time("2026-03-10 20:15")?, 42)),
            ended_time: Some(time("2026-03-10 20:21")?),
            after_call_work: Some(prost_types::Duration { seconds: 50, nanos: 0 }),
            customer_id: "C-1001".into(),
            participants: vec![primary("li.na")],
            case_id: "K-77".into(),
            context: Some(v1::InteractionContext {
                order_id: "O-5521".into(),
                product_id: "申论冲刺班".into(),
                seen: "订单页显示“已退款”，但款项没有到账".into(),
                ..Default::default()
            }),
            conclusion: "财务确认三个工作日内到账".into(),
            staff_resolution: Resolution::Resolved.into(),
            ..Default::default()
        };
        let first_call = self.record("demo-call-1", call.clone()).await?;
        let recorded = self.interaction(&first_call).await?;
        let seconds = |duration: Option<prost_types::Duration>| duration.map_or(0, |duration| duration.seconds);
        tell!("\n王女士 calls about a refund. 李娜 answers:")?;
        tell!(
            "  {} s of waiting, {} s of handling with the work after the call; she notes what was agreed (I3, I4).",
            seconds(recorded.wait),
            seconds(recorded.handling)
        )?;
        let again = v1::Interaction {
            requested_time: Some(time("2026-03-14 09:00")?),
            connected_time: Some(time("2026-03-14 09:01")?),
            ended_time: Some(time("2026-03-14 09:09")?),
            arrived_time: None,
            transfers: vec![v1::Transfer { to_team_id: "advisers".into(), ..Default::default() }],
            conclusion: "仍未到账，已转财务".into(),
            staff_resolution: Resolution::Unspecified.into(),
            ..call
        };
        self.record("demo-call-2", again).await?;
        tell!("Four days later she calls again on the same case.")?;
        let update = v1::UpdateInteractionRequest {
            request_id: "demo-declared".into(),
            interaction_id: first_call.clone(),
            interaction: Some(v1::InteractionUpdate {
                customer_resolution: Resolution::Unresolved.into(),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["customer_resolution".into()] }),
            ..Default::default()
        };
        self.customer.interactions.update_interaction(update).await.map_err(refused)?;
        tell!(
            "  In the app she marks the first call as not resolved: her word stands beside 李娜's, not over it (I5)."
        )?;
        let abandoned = v1::Interaction {
            channel: Channel::InboundCall.into(),
            outcome: Outcome::Abandoned.into(),
            requested_time: Some(time("2026-03-15 12:30")?),
            ended_time: Some(time("2026-03-15 12:36")?),
            customer_alias: Some(v1::CustomerAlias {
                kind: v1::ContactKind::Phone.into(),
                value: "+86 139 0000 0000".into(),
            }),
            ..Default::default()
        };
        self.record("demo-abandoned", abandoned).await?;
        tell!("Somebody else hangs up after six minutes in the queue: recorded too, under the number.")?;
        Ok(first_call)
    }

    async fn outage(&mut self) -> anyhow::Result<()> {
        let call = v1::Interaction {
            channel: Channel::InboundCall.into(),
            outcome: Outcome::Answered.into(),
            topic: "付款".into(),
            requested_time: Some(time("2026-03-15 10:00")?),
            connected_time: Some(time("2026-03-15 10:04")?),
            ended_time: Some(time("2026-03-15 10:16")?),
            customer_id: "C-1001".into(),
            participants: vec![primary("li.na")],
            conclusion: "支付系统中断，恢复后短信通知".into(),
            ..Default::default()
        };
        self.record("demo-outage", call).await?;
        tell!("The next day payment is down; 李娜 explains it to her for twelve minutes and promises a message.")?;
        Ok(())
    }

    async fn group_chat(&mut self) -> anyhow::Result<()> {
        let chat = v1::Interaction {
            channel: Channel::GroupChat.into(),
            direction: Direction::Outbound.into(),
            kind: InteractionKind::FollowUp.into(),
            outcome: Outcome::Answered.into(),
            topic: "学习计划".into(),
            requested_time: Some(time("2026-03-16 19:00")?),
            connected_time: Some(time("2026-03-16 19:00")?),
            ended_time: Some(time("2026-03-16 19:40")?),
            customer_id: "C-1001".into(),
            participants: vec![primary("chen.jie"), assisting("helper-bot")],
            message_counts: Some(v1::MessageCounts { customer: 2, staff: 31, bot: 8 }),
            ..Default::default()
        };
        self.record("demo-chat", chat).await?;
        tell!("A group chat: 39 messages from our side, 2 from hers. A monologue, and visible as one (I7).")?;
        Ok(())
    }

    async fn retry_and_refusals(&mut self) -> anyhow::Result<()> {
        let visit = v1::Interaction {
            channel: Channel::Visit.into(),
            direction: Direction::Outbound.into(),
            kind: InteractionKind::Repair.into(),
            outcome: Outcome::Answered.into(),
            requested_time: Some(time("2026-03-17 14:00")?),
            connected_time: Some(time("2026-03-17 14:25")?),
            ended_time: Some(time("2026-03-17 15:05")?),
            customer_id: "C-1001".into(),
            participants: vec![primary("wang.lei")],
            conclusion: "更换了平板的充电线".into(),
            ..Default::default()
        };
        self.record("demo-visit", visit.clone()).await?;
        let request =
            v1::RecordInteractionRequest { request_id: "demo-visit".into(), interaction: Some(visit.clone()) };
        let again = self.app.interactions.record_interaction(request).await.map_err(refused)?.into_inner();
        tell!("\nA technician's visit. The app loses the answer and sends it again: {}.", word(again.recording()))?;

        let impossible = v1::Interaction { ended_time: Some(time("2026-03-17 14:20")?), channel: 99, ..visit };
        let request = v1::RecordInteractionRequest { request_id: String::new(), interaction: Some(impossible.clone()) };
        tell!("A careless request is told everything that is wrong with it at once:")?;
        refuse(self.app.interactions.record_interaction(request).await)?;
        let request = v1::RecordInteractionRequest {
            request_id: "demo-impossible".into(),
            interaction: Some(v1::Interaction {
                channel: Channel::Visit.into(),
                participants: vec![primary("wang.lei"), primary("li.na")],
                ..impossible
            }),
        };
        refuse(self.app.interactions.record_interaction(request).await)
    }

    async fn rights(&mut self, first_call: &str) -> anyhow::Result<()> {
        let request = v1::GetInteractionRequest { interaction_id: first_call.to_owned() };
        let hidden = self.chen_jie.interactions.get_interaction(request).await;
        let code = hidden.err().map(|status| status.code()).context("an adviser saw the hotline's call")?;
        tell!(
            "\n陈杰 of another team asks for the hotline's call and gets {code:?}: not theirs looks like not there."
        )?;
        let found = self.timeline("chen.jie").await?;
        tell!("About to serve 王女士, 陈杰 opens her timeline, {} entries, and must say why.", found.len())?;
        let request = v1::ListAuditEventsRequest { object_id: "C-1001".into(), page_size: 1, ..Default::default() };
        let events = self.admin.audit.list_audit_events(request).await.map_err(refused)?.into_inner().audit_events;
        let event = events.first().context("the reading left no trace")?;
        tell!("  The reading left its trace: {} read {} for \"{}\".", event.actor, event.object_id, event.reason)?;
        Ok(())
    }

    async fn credit(&mut self, first_call: &str) -> anyhow::Result<()> {
        let moved = v1::StaffMember {
            staff_id: "li.na".into(),
            display_name: "李娜".into(),
            role: StaffRole::Sales.into(),
            team_id: "advisers".into(),
            ..Default::default()
        };
        let request = v1::UpsertStaffMemberRequest {
            request_id: "demo-moves".into(),
            staff_member: Some(moved),
            ..Default::default()
        };
        self.app.directory.upsert_staff_member(request).await.map_err(refused)?;
        let call = self.interaction(first_call).await?;
        let participant = call.participants.first().context("nobody took part")?;
        tell!(
            "\n李娜 moves to the advisers. Her call stays with the team she was in then: {} (I2).",
            participant.team_id
        )?;

        let request = v1::ReattributeInteractionRequest {
            request_id: "demo-reattribute".into(),
            interaction_id: first_call.to_owned(),
            participants: vec![primary("li.na"), assisting("helper-bot")],
            reason: "小助手 had taken down the order before".into(),
            ..Default::default()
        };
        self.supervisor.interactions.reattribute_interaction(request).await.map_err(refused)?;
        tell!(
            "Only a re-attribution moves credit: 赵敏 does one, with her reason, and the audit trail keeps both states."
        )?;
        Ok(())
    }

    async fn figures(&mut self) -> anyhow::Result<()> {
        let fortnight = v1::InteractionFilter {
            from_time: Some(time("2026-03-01 00:00")?),
            to_time: Some(time("2026-04-01 00:00")?),
            ..Default::default()
        };
        let request = v1::SummarizeInteractionsRequest {
            filter: Some(fortnight),
            group_by: v1::SummaryGrouping::Channel.into(),
            ..Default::default()
        };
        let summary = self.admin.interactions.summarize_interactions(request).await.map_err(refused)?.into_inner();
        tell!("\nWhat the fortnight adds up to:")?;
        for group in &summary.groups {
            let wait = group.wait.unwrap_or_default();
            let median = wait.median_seconds.map_or("unknown".to_owned(), |seconds| format!("{seconds:.0} s"));
            tell!("  {:<14} {:>2}  median wait {:<8} ({} known)", group.key, group.count, median, wait.known_count)?;
        }
        let total = summary.total.unwrap_or_default();
        let readings = total.first_contact_resolution.unwrap_or_default();
        let show = |name: &str, reading: Option<v1::ResolutionReading>| -> std::io::Result<()> {
            let reading = reading.unwrap_or_default();
            tell!(
                "    {name:<24} {} resolved, {} unresolved, {} unknown",
                reading.resolved_count,
                reading.unresolved_count,
                reading.unknown_count
            )
        };
        tell!("  First-contact resolution, three readings that are never mixed (I5):")?;
        show("as staff recorded it", readings.recorded_by_staff)?;
        show("as the customer says", readings.declared_by_customer)?;
        show("as the record shows", readings.derived)?;
        Ok(())
    }

    async fn record(&mut self, request_id: &str, interaction: v1::Interaction) -> anyhow::Result<String> {
        let request =
            v1::RecordInteractionRequest { request_id: request_id.to_owned(), interaction: Some(interaction) };
        let recorded = self.app.interactions.record_interaction(request).await.map_err(refused)?.into_inner();
        self.ids.insert(request_id.to_owned(), recorded.interaction_id.clone());
        Ok(recorded.interaction_id)
    }

    async fn interaction(&mut self, id: &str) -> anyhow::Result<v1::Interaction> {
        let request = v1::GetInteractionRequest { interaction_id: id.to_owned() };
        let found = self.app.interactions.get_interaction(request).await.map_err(refused)?.into_inner();
        found.interaction.context("an answer without the interaction")
    }

    async fn timeline(&mut self, reader: &str) -> anyhow::Result<Vec<v1::Interaction>> {
        let request = v1::ReadCustomerTimelineRequest {
            customer_id: "C-1001".into(),
            purpose: v1::ReadingPurpose::Serving.into(),
            note: "电话接入".into(),
            ..Default::default()
        };
        let client = if reader == "li.na" { &mut self.li_na } else { &mut self.chen_jie };
        let found = client.interactions.read_customer_timeline(request).await.map_err(refused)?;
        Ok(found.into_inner().interactions)
    }
}

fn phone() -> v1::CustomerAlias {
    v1::CustomerAlias { kind: v1::ContactKind::Phone.into(), value: "+86 138 1234 5678".into() }
}

fn primary(staff_id: &str) -> v1::Participant {
    v1::Participant { staff_id: staff_id.into(), involvement: v1::Involvement::Primary.into(), ..Default::default() }
}

fn assisting(staff_id: &str) -> v1::Participant {
    v1::Participant { involvement: v1::Involvement::Assisting.into(), ..primary(staff_id) }
}

/// A local time of the story.
fn time(text: &str) -> anyhow::Result<prost_types::Timestamp> {
    let local: DateTime = DateTime::strptime("%Y-%m-%d %H:%M", text)?;
    let instant = local.to_zoned(TimeZone::get(ZONE)?)?.timestamp();
    Ok(prost_types::Timestamp { seconds: instant.as_second(), nanos: 0 })
}

fn seconds_after(instant: prost_types::Timestamp, seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: instant.seconds + seconds, ..instant }
}

fn word(recording: v1::Recording) -> &'static str {
    match recording {
        v1::Recording::Recorded => "recorded twice",
        v1::Recording::AlreadyPresent => "the server says it was there already",
        v1::Recording::Unspecified => "the server does not say",
    }
}

fn refused(status: Status) -> anyhow::Error {
    explain(&status)
}

/// Prints what a refusal says; an acceptance would be a fault.
fn refuse<T>(answer: Result<T, Status>) -> anyhow::Result<()> {
    let status = answer.err().context("a careless request was accepted")?;
    tell!("  {:?}", status.code())?;
    for violation in status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default() {
        tell!("    {} {}", violation.field, violation.description)?;
    }
    Ok(())
}
