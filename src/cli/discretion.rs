//! `rapport discretion`: what colleagues may give to customers without a script, what they gave, and what it buys.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    choice::choice,
    client::{Client, Common, explain, request_id},
    out::{self, one_line, say},
};
use crate::{
    amount,
    api::v1::{
        Budget, BudgetScope, BudgetStanding, DecideGrantRequest, DiscretionGrant, EstimateGrantEffectRequest,
        GiveGrantRequest, GrantEffect, GrantState, GrantVerdict, ListBudgetsRequest, ListGrantsRequest,
        MakeGrantRequest, RequestGrantRequest, SetBudgetRequest, SummarizeGrantsRequest, WithdrawGrantRequest,
    },
};

/// What `rapport discretion` can do.
#[derive(Debug, Subcommand)]
pub enum DiscretionCommand {
    /// Lists budgets of a month, and what is left of them
    Budgets(BudgetsArgs),
    /// Sets a budget from a month on: of a team, of each of its colleagues, or of one colleague
    SetBudget(SetBudgetArgs),
    /// Gives a customer something, within the limit
    Give(GiveArgs),
    /// Asks for something above the limit
    Ask(GiveArgs),
    /// Approves what was asked for
    Approve(DecideArgs),
    /// Declines what was asked for
    Decline(DecideArgs),
    /// Gives what was approved
    HandOver(OneArgs),
    /// Takes a grant back
    Withdraw(WithdrawArgs),
    /// Lists grants, the newest first
    List(ListArgs),
    /// Prints by colleague what was given in a month, and how often customers had cause
    Summary(SummaryArgs),
    /// Prints what grants buy: customers who were given something against customers like them
    Effect(EffectArgs),
}

/// Arguments of `rapport discretion budgets`.
#[derive(Debug, Args)]
pub struct BudgetsArgs {
    /// The month, such as 2026-11; default: this one
    #[arg(long, default_value = "")]
    pub month: String,
    /// Of this team and its colleagues; default: of teams only, or your own
    #[arg(long, default_value = "")]
    pub team: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion set-budget`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rapport discretion set-budget --team hotline --unit CNY --total 2000 --limit 50 --reason 'from November on'
  rapport discretion set-budget --team hotline --each --unit 榴莲一箱 --total 2 --limit 1 --reason 'the season'")]
pub struct SetBudgetArgs {
    /// Whose it is: a team's, together
    #[arg(long, default_value = "", required_unless_present = "staff", conflicts_with = "staff")]
    pub team: String,
    /// Not the team's together, but each colleague's of it
    #[arg(long, requires = "team")]
    pub each: bool,
    /// Whose it is: one colleague's
    #[arg(long, default_value = "")]
    pub staff: String,
    /// A currency such as CNY, or what one thing is called
    #[arg(long)]
    pub unit: String,
    /// Of a month, such as 2000 or 99.50
    #[arg(long, value_name = "AMOUNT")]
    pub total: String,
    /// The most that one grant may be without asking
    #[arg(long, value_name = "AMOUNT")]
    pub limit: String,
    /// From this month on, such as 2026-11; default: this one
    #[arg(long, value_name = "MONTH", default_value = "")]
    pub from: String,
    /// Why; it goes into the audit trail
    #[arg(long)]
    pub reason: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion give` and `ask`.
#[derive(Debug, Args)]
pub struct GiveArgs {
    /// For what happened in this interaction; its customer gets it
    #[arg(long)]
    pub interaction: String,
    /// Who gives; default: you
    #[arg(long, default_value = "")]
    pub staff: String,
    /// How much, such as 1 or 12.50
    #[arg(long)]
    pub amount: String,
    /// A currency such as CNY, or what one thing is called
    #[arg(long)]
    pub unit: String,
    /// Why; the customer may read it
    #[arg(long)]
    pub reason: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of commands about one grant.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// The grant
    pub grant: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion approve` and `decline`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The grant
    pub grant: String,
    /// What who asked is to know
    #[arg(long, default_value = "")]
    pub note: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// The grant
    pub grant: String,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only grants in this state; may be given several times
    #[arg(long, value_parser = choice::<GrantState>())]
    pub state: Vec<GrantState>,
    /// Only of this month, such as 2026-11
    #[arg(long, default_value = "")]
    pub month: String,
    /// Only to this customer
    #[arg(long, default_value = "")]
    pub customer: String,
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// Only by this colleague
    #[arg(long, default_value = "")]
    pub staff: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// The month, such as 2026-11; default: this one
    #[arg(long, default_value = "")]
    pub month: String,
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport discretion effect`.
#[derive(Debug, Args)]
pub struct EffectArgs {
    /// Grants from this month on, such as 2026-09
    #[arg(long, value_name = "MONTH")]
    pub from: String,
    /// The last month; at most twelve in all
    #[arg(long, value_name = "MONTH")]
    pub to: String,
    /// Only what this team gave
    #[arg(long, default_value = "")]
    pub team: String,
    /// See [`Common`].
    #[command(flatten)]
    pub common: Common,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: DiscretionCommand) -> anyhow::Result<()> {
    match command {
        DiscretionCommand::Budgets(args) => budgets(args).await,
        DiscretionCommand::SetBudget(args) => set_budget(args).await,
        DiscretionCommand::Give(args) => give(args, false).await,
        DiscretionCommand::Ask(args) => give(args, true).await,
        DiscretionCommand::Approve(args) => decide(args, GrantVerdict::Approve).await,
        DiscretionCommand::Decline(args) => decide(args, GrantVerdict::Decline).await,
        DiscretionCommand::HandOver(args) => hand_over(args).await,
        DiscretionCommand::Withdraw(args) => withdraw(args).await,
        DiscretionCommand::List(args) => list(args).await,
        DiscretionCommand::Summary(args) => summary(args).await,
        DiscretionCommand::Effect(args) => effect(args).await,
    }
}

fn read(what: &str, text: &str, unit: &str) -> anyhow::Result<i64> {
    amount::read(text, unit).with_context(|| format!("{what} must be an amount such as 12.50, not {text:?}"))
}

async fn budgets(args: BudgetsArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let mut request =
        ListBudgetsRequest { month: args.month, team_id: args.team, page_size: 500, page_token: String::new() };
    let mut found = Vec::new();
    loop {
        let page = client.discretion.list_budgets(request.clone()).await.map_err(|status| explain(&status))?;
        let page = page.into_inner();
        found.extend(page.budgets);
        if page.next_page_token.is_empty() {
            return print_budgets(&found, args.common.json);
        }
        request.page_token = page.next_page_token;
    }
}

fn print_budgets(found: &[BudgetStanding], json: bool) -> anyhow::Result<()> {
    if json {
        for one in found {
            say!("{}", budget_to_json(one))?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let written = |quantity: i64| amount::written(quantity, &one.unit);
        [
            one.month.clone(),
            one.team_id.clone(),
            one.staff_id.clone(),
            one.total.map(written).unwrap_or_else(|| "the team's".to_owned()),
            written(one.grant_limit),
            written(one.given),
            written(one.approved),
            one.left.map(written).unwrap_or_default(),
        ]
    });
    let head = ["month", "team", "colleague", "budget", "without asking", "given", "approved", "left"];
    Ok(say!("{}", out::table(head, rows, 3..8))?)
}

fn budget_to_json(one: &BudgetStanding) -> Value {
    json!({
        "month": one.month,
        "scope": one.scope().plain_name(),
        "team": one.team_id,
        "staff": one.staff_id,
        "unit": one.unit,
        "total": one.total,
        "limit": one.grant_limit,
        "given": one.given,
        "approved": one.approved,
        "left": one.left,
    })
}

async fn set_budget(args: SetBudgetArgs) -> anyhow::Result<()> {
    let (scope, team_id) = match (args.staff.is_empty(), args.each) {
        (false, _) => (BudgetScope::Colleague, String::new()),
        (true, true) => (BudgetScope::Each, args.team),
        (true, false) => (BudgetScope::Team, args.team),
    };
    let budget = Budget {
        scope: scope.into(),
        team_id,
        staff_id: args.staff,
        from_month: args.from,
        total: read("--total", &args.total, &args.unit)?,
        grant_limit: read("--limit", &args.limit, &args.unit)?,
        unit: args.unit,
    };
    let mut client = args.common.client.connect().await?;
    let request = SetBudgetRequest { request_id: request_id(), budget: Some(budget), reason: args.reason };
    let set = client.discretion.set_budget(request).await.map_err(|status| explain(&status))?.into_inner();
    print_budgets(&set.budget.into_iter().collect::<Vec<_>>(), args.common.json)
}

async fn give(args: GiveArgs, asks: bool) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let grant = DiscretionGrant {
        interaction_id: args.interaction,
        staff_id: args.staff,
        quantity: read("--amount", &args.amount, &args.unit)?,
        unit: args.unit,
        reason: args.reason,
        ..DiscretionGrant::default()
    };
    let (request_id, grant) = (request_id(), Some(grant));
    let made = if asks {
        let asked = client.discretion.request_grant(RequestGrantRequest { request_id, grant }).await;
        asked.map(|asked| asked.into_inner().grant)
    } else {
        let given = client.discretion.make_grant(MakeGrantRequest { request_id, grant }).await;
        given.map(|given| given.into_inner().grant)
    };
    print_changed(&client, made, args.common.json).await
}

async fn decide(args: DecideArgs, verdict: GrantVerdict) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = DecideGrantRequest {
        request_id: request_id(),
        grant_id: args.grant,
        verdict: verdict.into(),
        note: args.note,
        valid_for: None,
    };
    let decided = client.discretion.decide_grant(request).await.map(|decided| decided.into_inner().grant);
    print_changed(&client, decided, args.common.json).await
}

async fn hand_over(args: OneArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = GiveGrantRequest { request_id: request_id(), grant_id: args.grant };
    let given = client.discretion.give_grant(request).await.map(|given| given.into_inner().grant);
    print_changed(&client, given, args.common.json).await
}

async fn withdraw(args: WithdrawArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = WithdrawGrantRequest { request_id: request_id(), grant_id: args.grant, reason: args.reason };
    let taken = client.discretion.withdraw_grant(request).await.map(|taken| taken.into_inner().grant);
    print_changed(&client, taken, args.common.json).await
}

async fn print_changed(
    client: &Client,
    changed: Result<Option<DiscretionGrant>, tonic::Status>,
    json: bool,
) -> anyhow::Result<()> {
    let Some(grant) = changed.map_err(|status| explain(&status))? else { bail!("the grant is out of your reach now") };
    print_grants(&client.organization_zone().await?, &[grant], json)
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = ListGrantsRequest {
        states: args.state.into_iter().map(Into::into).collect(),
        customer_id: args.customer,
        staff_id: args.staff,
        team_id: args.team,
        month: args.month,
        page_size: 500,
        ..ListGrantsRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = client.discretion.list_grants(request.clone()).await.map_err(|status| explain(&status))?;
        let page = page.into_inner();
        found.extend(page.grants);
        if page.next_page_token.is_empty() {
            return print_grants(&zone, &found, args.common.json);
        }
        request.page_token = page.next_page_token;
    }
}

fn print_grants(zone: &TimeZone, found: &[DiscretionGrant], json: bool) -> anyhow::Result<()> {
    if json {
        for one in found {
            let line = json!({
                "id": one.grant_id,
                "state": one.state().plain_name(),
                "quantity": one.quantity,
                "unit": one.unit,
                "staff": one.staff_id,
                "team": one.team_id,
                "customer": one.customer_id,
                "interaction": one.interaction_id,
                "month": one.month,
                "made": out::rfc3339(one.make_time),
                "expires": out::rfc3339(one.expire_time),
                "given": out::rfc3339(one.give_time),
                "reason": one.reason,
                "note": one.note,
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        [
            out::minute(zone, one.make_time),
            one.state().plain_name().to_owned(),
            amount::written(one.quantity, &one.unit),
            one.staff_id.clone(),
            one.customer_id.clone(),
            one_line(&one.reason).into_owned(),
            one.grant_id.clone(),
        ]
    });
    Ok(say!("{}", out::table(["made", "state", "what", "by", "to", "why", "grant"], rows, [2]))?)
}

async fn summary(args: SummaryArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let mut request =
        SummarizeGrantsRequest { month: args.month, team_id: args.team, page_size: 500, page_token: String::new() };
    let mut found = Vec::new();
    loop {
        let page = client.discretion.summarize_grants(request.clone()).await.map_err(|status| explain(&status))?;
        let page = page.into_inner();
        found.extend(page.summaries);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if args.common.json {
        for one in &found {
            let amounts = one.amounts.iter().map(|each| (each.unit.clone(), json!(each.quantity)));
            let line = json!({
                "staff": one.staff_id,
                "team": one.team_id,
                "grants": one.grant_count,
                "amounts": amounts.collect::<serde_json::Map<_, _>>(),
                "causes": one.cause_count,
                "gives_nothing": one.gives_nothing,
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let amounts: Vec<_> = one.amounts.iter().map(|each| amount::written(each.quantity, &each.unit)).collect();
        let causes = one.cause_count.map_or_else(|| "below 5".to_owned(), |count| count.to_string());
        let mark = if one.gives_nothing { "gives nothing" } else { "" };
        let (staff, team) = (one.staff_id.clone(), one.team_id.clone());
        [staff, team, one.grant_count.to_string(), amounts.join(", "), causes, mark.to_owned()]
    });
    Ok(say!("{}", out::table(["colleague", "team", "grants", "what", "causes", ""], rows, [2, 4]))?)
}

async fn effect(args: EffectArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = EstimateGrantEffectRequest { from_month: args.from, to_month: args.to, team_id: args.team };
    let found = client.discretion.estimate_grant_effect(request).await.map_err(|status| explain(&status))?;
    let found = found.into_inner();
    let figures = [
        ("satisfaction", found.satisfaction.unwrap_or_default(), 2, 1.0),
        ("came back, %", found.return_rate.unwrap_or_default(), 1, 100.0),
        ("complained, %", found.complaint_rate.unwrap_or_default(), 1, 100.0),
    ];
    if args.common.json {
        let figure = |one: &GrantEffect| {
            json!({
                "given": one.given_count,
                "controls": one.control_count,
                "given_mean": one.given_mean,
                "control_mean": one.control_mean,
                "difference": one.difference,
                "interval": [one.difference_low, one.difference_high],
            })
        };
        let [satisfaction, returned, complained] = figures.each_ref().map(|(_, one, ..)| figure(one));
        let line = json!({
            "matched": found.matched_count,
            "unmatched": found.unmatched_count,
            "pending": found.pending_count,
            "controls": found.control_count,
            "satisfaction": satisfaction,
            "return_rate": returned,
            "complaint_rate": complained,
        });
        return Ok(say!("{line}")?);
    }
    say!(
        "{} customers who were given something, {} like them; like {} more nobody is; {} are too recent.",
        found.matched_count,
        found.control_count,
        found.unmatched_count,
        found.pending_count
    )?;
    let rows = figures.iter().map(|(name, one, digits, scale)| {
        let figure = |value: Option<f64>| value.map(|value| out::figure(value * scale, *digits)).unwrap_or_default();
        let interval = match (one.difference_low, one.difference_high) {
            (Some(_), Some(_)) => format!("[{}, {}]", figure(one.difference_low), figure(one.difference_high)),
            _ => "fewer than 5".to_owned(),
        };
        let counts = format!("{}/{}", one.given_count, one.control_count);
        let means = [figure(one.given_mean), figure(one.control_mean), figure(one.difference)];
        let [given, control, difference] = means;
        [(*name).to_owned(), counts, given, control, difference, interval]
    });
    say!("{}", out::table(["30 days after", "of", "given", "not", "difference", "95 %"], rows, 1..6))?;
    Ok(say!("Who gives chooses to whom: this is no proof of what caused it.")?)
}
