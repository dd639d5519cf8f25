//! `rapport import check`: what a mapping makes of a file, without a server and without writing anything.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use jiff::tz::TimeZone;
use rapport_import::{
    conversations::Messages,
    judge::{Judge, Made, Mapping},
    rows::Judgement,
    suggest::{Trial, kind_of},
};
use serde::Serialize;

use super::{Source, What};
use crate::{
    cli::out::{self, one_line, say},
    clock::Clock,
    interaction::reader::violations,
};

/// Arguments of `rapport import check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// What the rows are
    #[arg(value_enum)]
    pub what: What,
    /// The file
    pub file: PathBuf,
    /// The mapping: a file, or the name of one that `rapport import mappings` lists. Local times count as UTC unless it
    /// names a time zone
    #[arg(long, value_name = "MAP")]
    pub mapping: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Interactions shown as they would stand.
const SHOWN: usize = 10;
/// Bad lines shown of a column.
const BAD_LINES: usize = 3;

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Report {
    #[serde(flatten)]
    trial: Trial,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Messages>,
    columns: Vec<ColumnReport>,
    preview: Vec<Preview>,
}

/// What was found in a column.
#[derive(Debug, Default, Clone, Serialize)]
struct ColumnReport {
    name: String,
    filled: u64,
    empty: u64,
    unread: u64,
    bad_lines: Vec<BadLine>,
}

#[derive(Debug, Clone, Serialize)]
struct BadLine {
    line: u64,
    reason: String,
}

/// An interaction as it would stand.
#[derive(Debug, Serialize)]
struct Preview {
    line: u64,
    channel: &'static str,
    direction: &'static str,
    outcome: &'static str,
    arrived_time: Option<String>,
    requested_time: Option<String>,
    connected_time: Option<String>,
    ended_time: Option<String>,
    topic: String,
    customer: String,
    staff: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i32>,
}

/// Runs the command. Rejected rows are what it is there to show, not an error.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let source = Source::open(&args.file, &args.mapping)?;
    let mapping = Mapping::read(args.what.kind(), &source.mapping, &source.header()?);
    let mapping = mapping.map_err(|problems| anyhow::anyhow!("{}: {problems}", args.mapping.display()))?;
    let now = Clock::system().now_micros();
    let rules = |request: &_| violations(request, now);
    let report = report(&source, Judge::new(&mapping, &TimeZone::UTC, &rules))?;
    if args.json { Ok(say!("{}", serde_json::to_string(&report)?)?) } else { print(&report) }
}

fn report(source: &Source, mut judge: Judge<'_>) -> anyhow::Result<Report> {
    let mut table = source.open_table(&TimeZone::UTC)?;
    let columns = table.header().iter().map(|name| ColumnReport { name: name.clone(), ..ColumnReport::default() });
    let mut report = Report { columns: columns.collect(), ..Report::default() };
    while let Some(raw) = table.next_row()? {
        report.trial.read += 1;
        if let Ok(row) = raw.texts(table.header()) {
            for (column, cell) in report.columns.iter_mut().zip(row.cells()) {
                if cell.is_empty() { column.empty += 1 } else { column.filled += 1 }
            }
        }
        match judge.row(&table, &raw) {
            Judgement::Send(made, remarks) => {
                report.trial.send(raw.line, &remarks);
                if report.preview.len() < SHOWN {
                    report.preview.extend(preview(raw.line, &made));
                }
            }
            Judgement::Skip => report.trial.skipped += 1,
            Judgement::Reject(reasons) => {
                report.trial.reject(raw.line, &reasons);
                reasons.iter().for_each(|reason| report.blame(raw.line, reason));
            }
        }
    }
    report.messages = table.messages();
    Ok(report)
}

impl Report {
    /// Counts a reason at the column that it names.
    fn blame(&mut self, line: u64, reason: &str) {
        let named = |column: &&mut ColumnReport| reason.contains(&format!("{:?}", column.name));
        let Some(column) = self.columns.iter_mut().find(named) else { return };
        column.unread += 1;
        if column.bad_lines.len() < BAD_LINES {
            column.bad_lines.push(BadLine { line, reason: reason.to_owned() });
        }
    }
}

/// None of records of the directory.
fn preview(line: u64, made: &Made) -> Option<Preview> {
    let (interaction, score) = match made {
        Made::Interaction(request) => (request.interaction.as_ref()?, None),
        Made::Rating(made) => (made.0.interaction.as_ref()?, made.1.rating.as_ref().map(|rating| rating.score)),
        Made::Records(_) => return None,
    };
    let at = |at| out::instant(at).map(|at| at.to_string());
    let alias = interaction.customer_alias.as_ref().map(|alias| alias.value.clone());
    Some(Preview {
        line,
        channel: interaction.channel().plain_name(),
        direction: interaction.direction().plain_name(),
        outcome: interaction.outcome().plain_name(),
        arrived_time: at(interaction.arrived_time),
        requested_time: at(interaction.requested_time),
        connected_time: at(interaction.connected_time),
        ended_time: at(interaction.ended_time),
        topic: interaction.topic.clone(),
        customer: alias.unwrap_or_else(|| interaction.customer_id.clone()),
        staff: interaction.participants.iter().map(|one| one.staff_id.clone()).collect(),
        score,
    })
}

fn print(report: &Report) -> anyhow::Result<()> {
    if let Some(messages) = report.messages {
        say!("{messages}")?;
    }
    let Trial { read, sent, skipped, rejected, reasons, first, remarks } = &report.trial;
    say!("read {read}, to be sent {sent}, skipped {skipped}, rejected {rejected}")?;
    let mut by_rows: BTreeMap<_, Vec<&String>> = BTreeMap::new();
    reasons.iter().for_each(|(reason, rows)| by_rows.entry(std::cmp::Reverse(rows)).or_default().push(reason));
    for (rows, reason) in
        by_rows.into_iter().flat_map(|(rows, reasons)| reasons.into_iter().map(move |one| (rows.0, one)))
    {
        let line = first.get(reason).map_or(0, |(line, _)| *line);
        say!("  {rows} rows, first in line {line}: {}", one_line(&kind_of(reason)))?;
    }
    for told in remarks.told() {
        say!("  note: {}", one_line(&told))?;
    }
    let columns = report.columns.iter().map(|column| {
        let bad: Vec<_> = column.bad_lines.iter().map(|bad| format!("{}: {}", bad.line, bad.reason)).collect();
        let [filled, empty, unread] = [column.filled, column.empty, column.unread].map(|count| count.to_string());
        [column.name.clone(), filled, empty, unread, bad.join("; ")]
    });
    say!("{}", out::table(["column", "filled", "empty", "unread", "first bad lines"], columns, [1, 2, 3]))?;
    if report.preview.is_empty() {
        return Ok(());
    }
    let header =
        ["line", "channel", "outcome", "requested", "connected", "ended", "customer", "staff", "topic", "score"];
    let rows = report.preview.iter().map(|one| {
        let time = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            one.line.to_string(),
            one.channel.to_owned(),
            one.outcome.to_owned(),
            time(&one.requested_time),
            time(&one.connected_time),
            time(&one.ended_time),
            one.customer.clone(),
            one.staff.join(", "),
            one.topic.clone(),
            one.score.map(|score| score.to_string()).unwrap_or_default(),
        ]
    });
    Ok(say!("{}", out::table(header, rows, [0]))?)
}
