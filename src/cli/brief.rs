//! `rapport brief`: what to know before meeting a customer, to be read aloud or as JSON.

use std::io::{self, Write};

use clap::Args;
use rapport_brief::Language;
use serde_json::{Value, json};

use super::{
    choice::choice,
    client::{ClientArgs, explain},
    out::{self, one_line},
};
use crate::api::v1::{
    BriefCustomerRequest, BriefCustomerResponse, BriefEvidence, BriefLine, Channel, ContactKind, CustomerAlias,
    ReadingPurpose,
};

/// Arguments of `rapport brief`.
#[derive(Debug, Args)]
pub struct BriefArgs {
    /// Id of the customer; with --alias, what else they are known by, such as a telephone number
    pub customer: String,
    /// The customer is named by an alias of this kind, not by id
    #[arg(long, value_name = "KIND", value_parser = choice::<ContactKind>())]
    pub alias: Option<ContactKind>,
    /// Why you ask; the reading is recorded with it
    #[arg(long, value_parser = choice::<ReadingPurpose>(), default_value = "serving")]
    pub purpose: ReadingPurpose,
    /// More about the purpose, for example the number of the ticket
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Language of the brief [default: the customer's]
    #[arg(long, value_name = "TAG", help = language_help())]
    pub language: Option<String>,
    /// How you mean to contact the customer; the contact policy is asked about it
    #[arg(long, value_parser = choice::<Channel>(), default_value = "outbound-call")]
    pub by: Channel,
    /// Print one JSON object, with the evidence of each line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

fn language_help() -> String {
    let tags: Vec<&str> = Language::all().map(Language::tag).collect();
    format!("Language of the brief, {} [default: the customer's]", tags.join(" or "))
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: BriefArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let alias = args.alias.map(|kind| CustomerAlias { kind: kind.into(), value: args.customer.clone() });
    let request = BriefCustomerRequest {
        customer_id: if alias.is_some() { String::new() } else { args.customer },
        customer_alias: alias,
        purpose: args.purpose.into(),
        note: args.note.unwrap_or_default(),
        language: args.language.unwrap_or_default(),
        channel: args.by.into(),
    };
    let answer = client.preferences.brief_customer(request).await.map_err(|status| explain(&status))?.into_inner();
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", to_json(&answer))?;
    } else {
        print(&mut out, &answer)?;
    }
    Ok(())
}

/// Prints a brief by section.
///
/// # Errors
/// What keeps `out` from taking it.
pub fn print(out: &mut impl Write, answer: &BriefCustomerResponse) -> io::Result<()> {
    let language = Language::of(&answer.language).unwrap_or_default();
    let sections = answer.lines.chunk_by(|one, next| one.section == next.section);
    for lines in sections {
        let section = lines.first().map(BriefLine::section).unwrap_or_default();
        writeln!(out, "{}", language.heading(section))?;
        for line in lines {
            writeln!(out, "  {}", one_line(&line.text))?;
        }
    }
    Ok(())
}

fn to_json(answer: &BriefCustomerResponse) -> Value {
    let evidence = |one: &BriefEvidence| {
        json!({
            "kind": one.kind().plain_name().to_owned(),
            "id": one.id,
            "time": one.evidence_time.as_ref().map(ToString::to_string),
        })
    };
    let line = |one: &BriefLine| {
        json!({
            "section": one.section().plain_name().to_owned(),
            "text": one.text,
            "evidence": one.evidence.iter().map(evidence).collect::<Vec<_>>(),
        })
    };
    json!({
        "customer": Some(&answer.customer_id).filter(|id| !id.is_empty()),
        "language": answer.language,
        "time": answer.brief_time.as_ref().map(ToString::to_string),
        "time_zone": answer.time_zone,
        "lines": answer.lines.iter().map(line).collect::<Vec<_>>(),
    })
}
