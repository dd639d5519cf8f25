//! `rapport bias`: whether somebody chooses whom to invite, as a table or as JSON.

use std::io::Write as _;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    choice::choice,
    client::{ClientArgs, explain},
    out::{self, Table, one_line},
    scorecard::say_without,
};
use crate::api::v1::{GetInvitationBiasRequest, InvitationBias, InvitationBiasUnit};

/// Arguments of `rapport bias`.
#[derive(Debug, Args)]
pub struct BiasArgs {
    /// By what interactions are compared; outcome: whether staff recorded the matter as resolved
    #[arg(long, value_parser = choice::<InvitationBiasUnit>(), default_value = "staff")]
    pub by: InvitationBiasUnit,
    /// From this day on, such as 2026-11-01; days are those on which customers were served [default: 30 days in all]
    #[arg(long, value_name = "DAY")]
    pub from: Option<Date>,
    /// To this day, which is included [default: today]
    #[arg(long, value_name = "DAY")]
    pub to: Option<Date>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: BiasArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let mut request = GetInvitationBiasRequest {
        unit: args.by.into(),
        first_day: day(args.from),
        last_day: day(args.to),
        ..Default::default()
    };
    let mut groups = Vec::new();
    let last = loop {
        let page = client.ratings.clone().get_invitation_bias(request.clone()).await;
        let mut page = page.map_err(|status| explain(&status))?.into_inner();
        groups.append(&mut page.groups);
        if page.next_page_token.is_empty() {
            break page;
        }
        request.page_token = page.next_page_token;
    };
    let (first_day, last_day, alarms, without) =
        (last.first_day, last.last_day, last.alarm_count, last.without_staff_id);
    let mut out = out::stdout();
    if args.json {
        let groups: Vec<_> = groups.iter().map(to_json).collect();
        let told = json!({
            "first_day": first_day, "last_day": last_day, "alarms": alarms, "groups": groups, "without_staff_id": without,
        });
        writeln!(out, "{told}")?;
    } else {
        writeln!(out, "{}", table(&groups))?;
        let days = one_line(&format!("{first_day} to {last_day}")).into_owned();
        writeln!(
            out,
            "\n{days}: {alarms} alarm(s), where fewer are invited than by chance: a reason to ask, and no proof."
        )?;
        say_without(&without);
    }
    Ok(())
}

fn finding(group: &InvitationBias) -> String {
    group.finding().plain_name().to_owned()
}

/// What raised the alarm.
fn grounds(group: &InvitationBias) -> Vec<&'static str> {
    group.grounds().map(|ground| ground.plain_name()).collect()
}

fn to_json(group: &InvitationBias) -> Value {
    json!({
        "key": group.key,
        "eligible": group.eligible_count,
        "invited": group.invited_count,
        "invited_share": group.invited_share,
        "others_share": group.others_share,
        "expected_share": group.expected_share,
        "p_value": group.p_value,
        "share_p_value": group.share_p_value,
        "outcome_p_value": group.outcome_p_value,
        "finding": Some(finding(group)).filter(|finding| !finding.is_empty()),
        "grounds": grounds(group),
        "unresolved_eligible": group.unresolved_eligible_count,
        "unresolved_invited": group.unresolved_invited_count,
        "responded": group.responded_count,
        "response_rate": group.response_rate,
        "withheld": group.withheld_count,
        "recorded_late": group.recorded_late_count,
    })
}

fn table(groups: &[InvitationBias]) -> Table {
    let header = [
        "",
        "eligible",
        "invited",
        "share",
        "expected",
        "p",
        "not resolved",
        "invited",
        "p",
        "response",
        "withheld",
        "recorded late",
        "finding",
    ];
    let row = |group: &InvitationBias| {
        [
            if group.key.is_empty() { "(none)" } else { &group.key }.to_owned(),
            group.eligible_count.to_string(),
            group.invited_count.to_string(),
            share(group.invited_share),
            share(group.expected_share),
            p_value(group.share_p_value),
            group.unresolved_eligible_count.to_string(),
            group.unresolved_invited_count.to_string(),
            p_value(group.outcome_p_value),
            share(group.response_rate),
            group.withheld_count.to_string(),
            group.recorded_late_count.to_string(),
            told(group),
        ]
    };
    out::table(header, groups.iter().map(row), 1..=11)
}

/// The finding, and what it rests on.
fn told(group: &InvitationBias) -> String {
    let finding = finding(group).replace('_', " ");
    match grounds(group) {
        grounds if grounds.is_empty() => finding,
        grounds => format!("{finding} ({})", grounds.join(", ")),
    }
}

fn p_value(p_value: Option<f64>) -> String {
    p_value.map(|p_value| format!("{p_value:.4}")).unwrap_or_default()
}

fn share(share: Option<f64>) -> String {
    share.map(|share| format!("{:.1} %", share * 1e2)).unwrap_or_default()
}
