//! `rapport preferences`: how a customer likes to be met, as a table or as JSON.

use std::io::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::{
    client::{ClientArgs, explain},
    out::{self, Table, one_line},
};
use crate::{
    api::v1::{DimensionPreference, GetPreferencesRequest, GetPreferencesResponse, PreferenceOrigin, PreferenceValue},
    preference::dimension_name,
};

/// Arguments of `rapport preferences`.
#[derive(Debug, Args)]
pub struct PreferencesArgs {
    /// Id of the customer
    pub customer: String,
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
pub async fn run(args: PreferencesArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let request = GetPreferencesRequest { customer_id: args.customer, dimensions: Vec::new() };
    let answer = client.preferences.get_preferences(request).await.map_err(|status| explain(&status))?.into_inner();
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", to_json(&answer))?;
    } else {
        writeln!(out, "{}", table(&answer.dimensions))?;
        writeln!(out, "\nFrom {} interaction(s); hours in {}.", answer.interaction_count, one_line(&answer.time_zone))?;
    }
    Ok(())
}

fn origin(origin: PreferenceOrigin) -> String {
    origin.plain_name().to_owned()
}

fn to_json(answer: &GetPreferencesResponse) -> Value {
    let value = |one: &PreferenceValue| {
        json!({
            "value": one.value,
            "weight": one.weight,
            "confidence": one.confidence,
            "sample": one.sample,
            "last_seen": one.last_seen_time.as_ref().map(ToString::to_string),
            "evidence": one.evidence_interaction_ids,
            "origin": origin(one.origin()),
        })
    };
    let dimension = |one: &DimensionPreference| {
        json!({
            "dimension": dimension_name(one.dimension()),
            "value": Some(&one.value).filter(|value| !value.is_empty()),
            "origin": Some(origin(one.origin())).filter(|origin| !origin.is_empty()),
            "confidence": one.confidence,
            "borrowed": one.borrowed_share,
            "sample": one.sample,
            "tied": one.tied_values,
            "silent": one.silent,
            "half_life_days": one.half_life.as_ref().map(|span| span.seconds / 86_400),
            "values": one.values.iter().map(value).collect::<Vec<_>>(),
        })
    };
    json!({
        "time_zone": answer.time_zone,
        "interactions": answer.interaction_count,
        "dimensions": answer.dimensions.iter().map(dimension).collect::<Vec<_>>(),
    })
}

fn table(dimensions: &[DimensionPreference]) -> Table {
    let header = ["dimension", "prefers", "origin", "confidence", "borrowed", "sample", "as likely"];
    let row = |one: &DimensionPreference| {
        [
            dimension_name(one.dimension()),
            match one.value.as_str() {
                "" if one.silent => "(not foretold)".to_owned(),
                "" => "(unknown)".to_owned(),
                value => value.to_owned(),
            },
            origin(one.origin()),
            format!("{:.0} %", one.confidence * 1e2),
            format!("{:.0} %", one.borrowed_share * 1e2),
            one.sample.to_string(),
            one.tied_values.join(", "),
        ]
    };
    out::table(header, dimensions.iter().map(row), 3..=5)
}
