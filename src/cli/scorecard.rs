//! `rapport scorecard`: what the ratings come to, as a table or as JSON.

use std::io::Write as _;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    choice::choice,
    client::{Client, ClientArgs, explain},
    out::{self, Table, note, one_line},
    summary::resolution_json,
};
use crate::api::v1::{
    GetScorecardRequest, LedgerFigures, RatingQuestion, ResolutionReading, Scorecard, ScorecardUnit, ScorecardView,
    TrendStep,
};

/// Arguments of `rapport scorecard`.
#[derive(Debug, Args)]
pub struct ScorecardArgs {
    /// How to group
    #[arg(long, value_parser = choice::<ScorecardUnit>(), default_value = "organization")]
    pub by: ScorecardUnit,
    /// Only the group of this name, for example a team's id
    #[arg(long, value_name = "KEY", default_value = "", hide_default_value = true)]
    pub key: String,
    /// From this day on, such as 2026-11-01; days are those on which customers were served
    #[arg(long, value_name = "DAY")]
    pub from: Option<Date>,
    /// To this day, which is included
    #[arg(long, value_name = "DAY")]
    pub to: Option<Date>,
    /// Besides, how it went by this step; in JSON only
    #[arg(long, value_parser = choice::<TrendStep>(), requires = "json")]
    pub trend: Option<TrendStep>,
    /// Besides, whether matters were resolved and customers came back after failures: reads every interaction of the
    /// period, and of the 30 days after it
    #[arg(long)]
    pub full: bool,
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
pub async fn run(args: ScorecardArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let request = GetScorecardRequest {
        unit: args.by.into(),
        key: args.key.clone(),
        first_day: day(args.from),
        last_day: day(args.to),
        trend: args.trend.unwrap_or_default().into(),
        view: if args.full { ScorecardView::Full } else { ScorecardView::Unspecified }.into(),
        ..Default::default()
    };
    let (groups, without) = all_pages(&client, request).await?;
    let mut out = out::stdout();
    if args.json {
        let groups: Vec<_> = groups.iter().map(to_json).collect();
        writeln!(out, "{}", json!({ "groups": groups, "without_staff_id": without }))?;
    } else {
        writeln!(out, "{}", table(&groups))?;
        if args.full {
            writeln!(out, "\nResolved at the first contact, as each says; came back within 30 days of a failure:")?;
            writeln!(out, "{}", outcomes(&groups))?;
        }
        say_without(&without);
    }
    Ok(())
}

/// Says whose ratings figures leave out, where they may differ by that from what others read.
pub(super) fn say_without(staff_id: &str) {
    if !staff_id.is_empty() {
        note!("as if nobody had rated {}, who asks (R12)", one_line(staff_id));
    }
}

async fn all_pages(client: &Client, mut request: GetScorecardRequest) -> anyhow::Result<(Vec<Scorecard>, String)> {
    let mut groups = Vec::new();
    loop {
        let page = client.ratings.clone().get_scorecard(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        groups.extend(page.groups);
        if page.next_page_token.is_empty() {
            return Ok((groups, page.without_staff_id));
        }
        request.page_token = page.next_page_token;
    }
}

/// The figures that count for staff stand in the group itself, the customer's truth beside them under its name.
fn to_json(card: &Scorecard) -> Value {
    let mut group = ledger(card.staff.as_ref().unwrap_or(&LedgerFigures::default()));
    let trend = card.trend.iter().map(|point| {
        json!({
            "day": point.day,
            "answered": point.answered,
            "counted": point.counted,
            "staff_mean": point.staff_mean,
            "customer_mean": point.customer_mean,
        })
    });
    let causes = ["staff", "policy", "product", "system", "logistics", "other"].into_iter().zip(&card.causes);
    let causes: serde_json::Map<_, _> = causes.map(|(name, count)| (name.to_owned(), json!(count))).collect();
    let rest = json!({
        "key": card.key,
        "invited": card.invited,
        "delivered": card.delivered,
        "responded": card.responded,
        "response_rate": card.response_rate,
        "answered": card.answered,
        "counted": card.counted,
        "late": card.late,
        "exempt": card.exempt,
        "incident": card.incident,
        "non_staff": card.non_staff,
        "customer": ledger(card.customer.as_ref().unwrap_or(&LedgerFigures::default())),
        "causes": causes,
        "trend": trend.collect::<Vec<_>>(),
        "first_contact_resolution": card.first_contact_resolution.map(|one| resolution_json(Some(one))),
        "return_after_failure": card.return_after_failure.map(|one| json!({
            "came_back": one.came_back_count,
            "stayed_away": one.stayed_away_count,
            "pending": one.pending_count,
            "unknown": one.unknown_count,
            "rate": one.rate,
            "rate_low": one.rate_low,
            "rate_high": one.rate_high,
        })),
    });
    if let (Some(group), Value::Object(rest)) = (group.as_object_mut(), rest) {
        group.extend(rest);
    }
    group
}

fn ledger(figures: &LedgerFigures) -> Value {
    let dimension = |question: RatingQuestion| {
        let found = figures.dimensions.iter().find(|one| one.question() == question);
        json!(found.map(|one| json!({ "n": one.n, "mean": one.mean })))
    };
    json!({
        "n": figures.n,
        "mean": figures.mean,
        "mean_low": figures.mean_low,
        "mean_high": figures.mean_high,
        "distribution": figures.distribution,
        "top_box": figures.top_box,
        "top_box_low": figures.top_box_low,
        "top_box_high": figures.top_box_high,
        "resolved": figures.resolved,
        "unresolved": figures.unresolved,
        "affinity": dimension(RatingQuestion::Affinity),
        "carefulness": dimension(RatingQuestion::Carefulness),
        "knowledge": dimension(RatingQuestion::Knowledge),
        "clarity": dimension(RatingQuestion::Clarity),
        "effort": dimension(RatingQuestion::Effort),
        "expected": dimension(RatingQuestion::Expected),
        "perceived": dimension(RatingQuestion::Perceived),
        "expectation_gap": figures.expectation_gap,
        "perceived_only": figures.perceived_only,
    })
}

fn table(groups: &[Scorecard]) -> Table {
    let header = [
        "",
        "invited",
        "delivered",
        "response",
        "answered",
        "counted",
        "late",
        "exempt",
        "not staff",
        "mean",
        "top box",
        "95 %",
        "customers' mean",
        "customers' top box",
    ];
    let row = |card: &Scorecard| {
        let (staff, customer) = (card.staff.clone().unwrap_or_default(), card.customer.clone().unwrap_or_default());
        let interval = staff.top_box_low.zip(staff.top_box_high);
        [
            if card.key.is_empty() { "(none)" } else { &card.key }.to_owned(),
            known(card.invited),
            known(card.delivered),
            share(card.response_rate),
            card.answered.to_string(),
            card.counted.to_string(),
            card.late.to_string(),
            card.exempt.to_string(),
            (card.non_staff + card.incident).to_string(),
            score(staff.mean),
            share(staff.top_box),
            interval.map(|(low, high)| format!("{:.0}–{:.0} %", low * 1e2, high * 1e2)).unwrap_or_default(),
            score(customer.mean),
            share(customer.top_box),
        ]
    };
    out::table(header, groups.iter().map(row), 1..=13)
}

fn outcomes(groups: &[Scorecard]) -> Table {
    let header = ["", "staff", "customers", "the record", "came back", "of", "95 %", "pending"];
    let row = |card: &Scorecard| {
        let resolution = card.first_contact_resolution.unwrap_or_default();
        let rate = |reading: Option<ResolutionReading>| share(reading.and_then(|one| one.rate));
        let returns = card.return_after_failure.unwrap_or_default();
        let interval = returns.rate_low.zip(returns.rate_high);
        [
            if card.key.is_empty() { "(none)" } else { &card.key }.to_owned(),
            rate(resolution.recorded_by_staff),
            rate(resolution.declared_by_customer),
            rate(resolution.derived),
            share(returns.rate),
            (returns.came_back_count + returns.stayed_away_count).to_string(),
            interval.map(|(low, high)| format!("{:.0}–{:.0} %", low * 1e2, high * 1e2)).unwrap_or_default(),
            returns.pending_count.to_string(),
        ]
    };
    out::table(header, groups.iter().map(row), 1..=7)
}

fn known(count: Option<i64>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

fn score(mean: Option<f64>) -> String {
    mean.map(|mean| format!("{mean:.3}")).unwrap_or_default()
}

fn share(share: Option<f64>) -> String {
    share.map(|share| format!("{:.1} %", share * 1e2)).unwrap_or_default()
}
