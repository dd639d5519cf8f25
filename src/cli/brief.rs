//! `rapport brief`: what to know before meeting a customer, to be read aloud or as JSON.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use rapport_brief::Language;
use serde_json::{Value, json};

use super::{
    client::{ClientArgs, explain},
    out::{self, one_line},
    purpose::Purpose,
};
use crate::api::{
    plain_name,
    v1::{
        BriefCustomerRequest, BriefCustomerResponse, BriefEvidence, BriefLine, Channel, ContactKind, CustomerAlias,
        ReadingPurpose,
    },
};

/// Arguments of `rapport brief`.
#[derive(Debug, Args)]
pub struct BriefArgs {
    /// Id of the customer; with --alias, what else they are known by, such as a telephone number
    pub customer: String,
    /// The customer is named by an alias of this kind, not by id
    #[arg(long, value_enum, value_name = "KIND")]
    pub alias: Option<AliasKind>,
    /// Why you ask; the reading is recorded with it
    #[arg(long, value_enum, default_value = "serving")]
    pub purpose: Purpose,
    /// More about the purpose, for example the number of the ticket
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Language of the brief [default: the customer's]
    #[arg(long, value_name = "TAG", help = language_help())]
    pub language: Option<String>,
    /// How you mean to contact the customer; the contact policy is asked about it
    #[arg(long, value_enum, default_value = "call")]
    pub by: By,
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

/// Kinds of aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum AliasKind {
    Phone,
    Email,
    Chat,
    Post,
    Other,
}

impl From<AliasKind> for ContactKind {
    fn from(kind: AliasKind) -> Self {
        match kind {
            AliasKind::Phone => Self::Phone,
            AliasKind::Email => Self::Email,
            AliasKind::Chat => Self::Chat,
            AliasKind::Post => Self::Post,
            AliasKind::Other => Self::Other,
        }
    }
}

/// Ways to contact somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum By {
    Call,
    Callback,
    Email,
    Chat,
    GroupChat,
    Sms,
    Visit,
    SocialMedia,
}

impl From<By> for Channel {
    fn from(by: By) -> Self {
        match by {
            By::Call => Self::OutboundCall,
            By::Callback => Self::Callback,
            By::Email => Self::Email,
            By::Chat => Self::OnlineChat,
            By::GroupChat => Self::GroupChat,
            By::Sms => Self::Sms,
            By::Visit => Self::Visit,
            By::SocialMedia => Self::SocialMedia,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: BriefArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let alias =
        args.alias.map(|kind| CustomerAlias { kind: ContactKind::from(kind).into(), value: args.customer.clone() });
    let request = BriefCustomerRequest {
        customer_id: if alias.is_some() { String::new() } else { args.customer },
        customer_alias: alias,
        purpose: ReadingPurpose::from(args.purpose).into(),
        note: args.note.unwrap_or_default(),
        language: args.language.unwrap_or_default(),
        channel: Channel::from(args.by).into(),
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
            "kind": plain_name(one.kind().as_str_name(), "BRIEF_EVIDENCE_KIND"),
            "id": one.id,
            "time": one.evidence_time.as_ref().map(ToString::to_string),
        })
    };
    let line = |one: &BriefLine| {
        json!({
            "section": plain_name(one.section().as_str_name(), "BRIEF_SECTION"),
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
