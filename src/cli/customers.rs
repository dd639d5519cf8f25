//! `rapport customers`: who has some preferences, a line for each customer.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::{
    choice::choice,
    client::{ClientArgs, explain},
    out::{self, note, one_line},
};
use crate::{
    api::v1::{CustomerStanding, FindCustomersRequest, PreferenceCriterion, PreferenceDimension},
    preference::{all_dimensions, dimension_name},
};

/// What `--help` teaches.
const HELP: &str = r#"Who likes evenings and chat, and comes for exams:
  rapport customers --prefers hour=18,19,20,21 --prefers channel=online_chat --prefers topic=exams

With a share behind @, as in hour=18,19,20,21@0.3, the probability that the next interaction has one of the values
is at least that; 0.5 where it is left out. Being found is no leave to be contacted: ask `rapport call CheckContact`."#;

/// Arguments of `rapport customers`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct CustomersArgs {
    /// A dimension of preferences and values of which one is liked; all that are named must hold
    #[arg(long, value_name = "DIMENSION=VALUE[,VALUE...][@SHARE]", required = true, value_parser = criterion)]
    pub prefers: Vec<PreferenceCriterion>,
    /// Only customers of this standing
    #[arg(long, value_parser = choice::<CustomerStanding>())]
    pub standing: Option<CustomerStanding>,
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

fn criterion(text: &str) -> anyhow::Result<PreferenceCriterion> {
    let (name, rest) = text.split_once('=').context("must be DIMENSION=VALUE, such as channel=online_chat")?;
    let (values, share) = rest.rsplit_once('@').unwrap_or((rest, "0"));
    let min_share = share.parse().map_err(|_| anyhow!("must have a share from 0 to 1 behind @"))?;
    let dimension = all_dimensions().find(|one| dimension_name(*one) == name);
    let dimension: PreferenceDimension = dimension.with_context(|| {
        let names: Vec<_> = all_dimensions().map(dimension_name).collect();
        format!("must begin with one of {}", names.join(", "))
    })?;
    let values = values.split(',').map(|value| value.trim().to_owned()).collect();
    Ok(PreferenceCriterion { dimension: dimension.into(), values, min_share })
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: CustomersArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let mut request = FindCustomersRequest {
        criteria: args.prefers,
        standing: args.standing.unwrap_or_default().into(),
        page_size: 500,
        page_token: String::new(),
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{spinner} {human_pos} customers looked at, {msg} found")?);
    let (mut found, mut out) = (0, out::stdout());
    loop {
        let page = client.preferences.find_customers(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        for customer in &page.customers {
            let shares: Vec<String> = customer.shares.iter().map(|share| format!("{:.0} %", share * 1e2)).collect();
            let line = match args.json {
                true => json!({ "customer": customer.customer_id, "shares": customer.shares }).to_string(),
                false => format!("{}  {}", one_line(&customer.customer_id), shares.join("  ")),
            };
            bar.suspend(|| writeln!(out, "{line}"))?;
        }
        found += page.customers.len();
        bar.set_message(found.to_string());
        bar.inc(u64::try_from(page.examined_count).unwrap_or(0));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let looked_at = bar.position();
    bar.finish_and_clear();
    if !args.json && out::is_watched() {
        note!("{found} of {looked_at} customer(s)");
    }
    Ok(())
}
