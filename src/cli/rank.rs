//! `rapport rank`: teams or colleagues by what they make of the same work, as a table or as JSON.

use std::io::Write as _;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    client::{Client, ClientArgs, explain},
    out::{self, Table},
    scorecard::say_without,
};
use crate::api::v1::{Rank, RankStaffRequest, RankTeamsRequest, RankTerms};

/// Arguments of `rapport rank`.
#[derive(Debug, Args)]
pub struct RankArgs {
    /// Who is compared
    #[arg(value_enum)]
    pub who: Who,
    /// From this day on, such as 2026-11-01; days are those on which customers were served
    #[arg(long, value_name = "DAY")]
    pub from: Option<Date>,
    /// To this day, which is included
    #[arg(long, value_name = "DAY")]
    pub to: Option<Date>,
    /// Units with fewer ratings are listed without band and place
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(i32).range(1..=1_000_000))]
    pub minimum: i32,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Who is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Who {
    Teams,
    Staff,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: RankArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let terms = RankTerms { first_day: day(args.from), last_day: day(args.to), minimum_n: args.minimum };
    let (ranks, without) = all_pages(&client, args.who, terms).await?;
    let mut out = out::stdout();
    if args.json {
        let ranks: Vec<_> = ranks.iter().map(to_json).collect();
        writeln!(out, "{}", json!({ "ranks": ranks, "without_staff_id": without }))?;
    } else {
        writeln!(out, "{}", table(&ranks))?;
        writeln!(out, "\nWithin a band by how far the ratings lie from what the same work is rated in other hands.")?;
        say_without(&without);
    }
    Ok(())
}

async fn all_pages(client: &Client, who: Who, terms: RankTerms) -> anyhow::Result<(Vec<Rank>, String)> {
    let (mut ranks, mut page_token) = (Vec::new(), String::new());
    loop {
        let (terms, token) = (Some(terms.clone()), std::mem::take(&mut page_token));
        let mut server = client.ratings.clone();
        let page = match who {
            Who::Teams => {
                let request = RankTeamsRequest { terms, page_size: 0, page_token: token };
                server
                    .rank_teams(request)
                    .await
                    .map(|page| page.into_inner())
                    .map(|page| (page.ranks, page.next_page_token, page.without_staff_id))
            }
            Who::Staff => {
                let request = RankStaffRequest { terms, page_size: 0, page_token: token };
                server
                    .rank_staff(request)
                    .await
                    .map(|page| page.into_inner())
                    .map(|page| (page.ranks, page.next_page_token, page.without_staff_id))
            }
        };
        let (more, next, without) = page.map_err(|status| explain(&status))?;
        ranks.extend(more);
        if next.is_empty() {
            return Ok((ranks, without));
        }
        page_token = next;
    }
}

fn band(rank: &Rank) -> String {
    rank.band().plain_name().to_owned()
}

/// Bands and places that there are not are null.
fn to_json(rank: &Rank) -> Value {
    json!({
        "key": rank.key,
        "band": Some(band(rank)).filter(|band| !band.is_empty()),
        "place": Some(rank.place).filter(|place| *place > 0),
        "n": rank.n,
        "raw_mean": rank.raw_mean,
        "expected": rank.expected,
        "shrunk": rank.shrunk,
        "low": rank.low,
        "high": rank.high,
    })
}

fn table(ranks: &[Rank]) -> Table {
    let row = |rank: &Rank| {
        let interval = rank.low.zip(rank.high).map(|(low, high)| format!("{low:.3}–{high:.3}"));
        let place = if rank.place > 0 { rank.place.to_string() } else { "-".to_owned() };
        let band = Some(band(rank).replace('_', " ")).filter(|band| !band.is_empty());
        [
            band.unwrap_or_else(|| "-".to_owned()),
            place,
            rank.key.clone(),
            rank.n.to_string(),
            score(rank.raw_mean),
            score(rank.expected),
            score(rank.shrunk),
            interval.unwrap_or_else(|| "-".to_owned()),
        ]
    };
    out::table(
        ["band", "place", "", "n", "mean", "expected", "shrunk", "95 %"],
        ranks.iter().map(row),
        [1, 3, 4, 5, 6, 7],
    )
}

fn score(score: Option<f64>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"))
}
