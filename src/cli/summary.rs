//! `rapport summary`: figures over the recorded interactions, as a table or as JSON.

use anyhow::Context as _;
use clap::Args;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    choice::choice,
    client::{Client, ClientArgs, explain},
    out::{self, Table, say},
};
use crate::api::v1::{
    DurationStatistics, FirstContactResolution, InteractionFilter, InteractionSummary, ResolutionReading, ServiceLevel,
    SummarizeInteractionsRequest, SummaryGrouping,
};

/// Arguments of `rapport summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// How to group
    #[arg(long, value_parser = choice::<SummaryGrouping>())]
    pub by: SummaryGrouping,
    /// From this day on, such as 2026-11-01, or from this instant on, such as 2026-11-01T09:30:00Z
    #[arg(long, value_name = "DAY|TIME", value_parser = parse_bound)]
    pub from: Option<Bound>,
    /// To this day, which is included, or before this instant, which is not
    #[arg(long, value_name = "DAY|TIME", value_parser = parse_bound)]
    pub to: Option<Bound>,
    /// Service level: share of contacts answered within this time, for example 20s or 1m30s
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = parse_duration)]
    pub service_level: SignedDuration,
    /// IANA name of the zone of days and hours; default: the organisation's
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub time_zone: Option<String>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Where a period begins or ends. A day belongs to the period either way, as in every other command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// RFC 3339 with offset.
    Instant(Timestamp),
    /// In the summary's zone.
    Day(Date),
}

fn parse_bound(text: &str) -> Result<Bound, String> {
    let instant = text.parse().map(Bound::Instant);
    let is_day = text.len() == "2026-11-21".len();
    let bound = if is_day { text.parse().map(Bound::Day) } else { instant };
    bound.map_err(|_: jiff::Error| "must be like 2026-11-21 or 2026-11-21T09:30:00Z".to_owned())
}

fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let seconds = text.parse().ok().map(|seconds: u32| SignedDuration::from_secs(seconds.into()));
    let duration = seconds.or_else(|| text.parse().ok()).filter(|duration| !duration.is_negative());
    duration.ok_or_else(|| "must be like 20s or 1m30s".to_owned())
}

fn parse_zone(text: &str) -> Result<String, String> {
    TimeZone::get(text).map(|_| text.to_owned()).map_err(|_| "must be an IANA name like Europe/Berlin".to_owned())
}

/// Which end of a period.
#[derive(Clone, Copy, Debug)]
enum End {
    First,
    Last,
}

impl Bound {
    /// The instant at which the period begins, or before which it ends.
    fn instant(self, end: End, zone: &TimeZone) -> anyhow::Result<Timestamp> {
        let day = match (self, end) {
            (Self::Instant(instant), _) => return Ok(instant),
            (Self::Day(day), End::First) => day,
            (Self::Day(day), End::Last) => day.tomorrow().context("that day is too late")?,
        };
        // Where clocks skip midnight a day begins later; to the zone's rules that is known.
        Ok(day.to_zoned(zone.clone()).context("no such day")?.timestamp())
    }
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: SummaryArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let filter = InteractionFilter {
        from_time: instant(args.from, End::First, &args, &client).await?,
        to_time: instant(args.to, End::Last, &args, &client).await?,
        ..Default::default()
    };
    let request = SummarizeInteractionsRequest {
        filter: Some(filter),
        group_by: args.by.into(),
        service_level_threshold: Some(prost_types::Duration {
            seconds: args.service_level.as_secs(),
            nanos: args.service_level.subsec_nanos(),
        }),
        time_zone: args.time_zone.clone().unwrap_or_default(),
        ..Default::default()
    };
    let (groups, total) = all_pages(&client, request).await?;
    if args.json {
        let groups: Vec<_> = groups.iter().map(to_json).collect();
        say!("{}", json!({ "groups": groups, "total": total.as_ref().map(to_json) }))?;
    } else {
        say!("{}", table(args.by, &groups, total.as_ref()))?;
    }
    Ok(())
}

async fn instant(
    bound: Option<Bound>,
    end: End,
    args: &SummaryArgs,
    client: &Client,
) -> anyhow::Result<Option<prost_types::Timestamp>> {
    let zone = match (bound, &args.time_zone) {
        (None, _) => return Ok(None),
        // Nothing depends on it.
        (Some(Bound::Instant(_)), _) => TimeZone::UTC,
        (Some(Bound::Day(_)), Some(name)) => TimeZone::get(name)?,
        (Some(Bound::Day(_)), None) => client.organization_zone().await?,
    };
    let Some(instant) = bound.map(|bound| bound.instant(end, &zone)).transpose()? else { return Ok(None) };
    let nanos = instant.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000))?;
    Ok(Some(prost_types::Timestamp { seconds, nanos: i32::try_from(nanos.rem_euclid(1_000_000_000))? }))
}

async fn all_pages(
    client: &Client,
    mut request: SummarizeInteractionsRequest,
) -> anyhow::Result<(Vec<InteractionSummary>, Option<InteractionSummary>)> {
    let mut groups = Vec::new();
    loop {
        let page = client.interactions.clone().summarize_interactions(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        groups.extend(page.groups);
        if page.next_page_token.is_empty() {
            return Ok((groups, page.total));
        }
        request.page_token = page.next_page_token;
    }
}

fn to_json(summary: &InteractionSummary) -> Value {
    json!({
        "key": summary.key,
        "count": summary.count,
        "wait_seconds": duration_json(summary.wait),
        "handling_seconds": duration_json(summary.handling),
        "service_level": service_level_json(summary.service_level),
        "transferred": summary.transferred_count,
        "transfers": summary.transfer_count,
        "abandoned": summary.abandoned_count,
        "abandonment_rate": summary.abandonment_rate,
        "first_contact_resolution": resolution_json(summary.first_contact_resolution),
    })
}

fn duration_json(statistics: Option<DurationStatistics>) -> Value {
    let DurationStatistics { known_count, mean_seconds, median_seconds, p90_seconds } = statistics.unwrap_or_default();
    json!({ "known": known_count, "mean": mean_seconds, "median": median_seconds, "p90": p90_seconds })
}

fn service_level_json(level: Option<ServiceLevel>) -> Value {
    let ServiceLevel { within_count, offered_count, share, unknown_wait_count, share_low, share_high } =
        level.unwrap_or_default();
    json!({
        "within": within_count,
        "offered": offered_count,
        "share": share,
        "unknown_wait": unknown_wait_count,
        "share_low": share_low,
        "share_high": share_high,
    })
}

pub(super) fn resolution_json(resolution: Option<FirstContactResolution>) -> Value {
    let FirstContactResolution { recorded_by_staff, declared_by_customer, derived } = resolution.unwrap_or_default();
    json!({
        "recorded_by_staff": reading_json(recorded_by_staff),
        "declared_by_customer": reading_json(declared_by_customer),
        "derived": reading_json(derived),
    })
}

fn reading_json(reading: Option<ResolutionReading>) -> Value {
    let ResolutionReading { resolved_count, unresolved_count, pending_count, unknown_count, rate } =
        reading.unwrap_or_default();
    json!({
        "resolved": resolved_count,
        "unresolved": unresolved_count,
        "pending": pending_count,
        "unknown": unknown_count,
        "rate": rate,
    })
}

/// Seconds; what is not known is a dash, never a zero.
fn table(by: SummaryGrouping, groups: &[InteractionSummary], total: Option<&InteractionSummary>) -> Table {
    let header = [
        by.plain_name(),
        "count",
        "wait\nknown",
        "\nmean",
        "seconds\nmedian",
        "\np90",
        "handling\nknown",
        "\nmean",
        "seconds\nmedian",
        "\np90",
        "service\nlevel",
        "trans-\nferred",
        "aban-\ndoned",
        "resolved at first contact:\nstaff / customer / derived",
    ];
    let rows = groups.iter().map(|group| cells(if group.key.is_empty() { "(none)" } else { &group.key }, group));
    out::table(header, rows.chain(total.map(|total| cells("total", total))), 1..=13)
}

fn cells(key: &str, summary: &InteractionSummary) -> Vec<String> {
    let mut cells = vec![key.to_owned(), summary.count.to_string()];
    for statistics in [summary.wait, summary.handling].map(Option::unwrap_or_default) {
        cells.push(statistics.known_count.to_string());
        let figures = [statistics.mean_seconds, statistics.median_seconds, statistics.p90_seconds];
        cells.extend(figures.map(|figure| or_dash(figure, |seconds| format!("{seconds:.1}"))));
    }
    let resolution = summary.first_contact_resolution.unwrap_or_default();
    let readings = [resolution.recorded_by_staff, resolution.declared_by_customer, resolution.derived];
    cells.push(service_level(summary.service_level.unwrap_or_default()));
    cells.push(summary.transferred_count.to_string());
    cells.push(summary.abandoned_count.to_string());
    cells.push(readings.map(|reading| or_dash(reading.and_then(|reading| reading.rate), percent)).join(" / "));
    cells
}

/// Where waits are not known, between what it lies.
fn service_level(level: ServiceLevel) -> String {
    match (level.share, level.share_low, level.share_high) {
        (None, Some(low), Some(high)) => format!("{} to {}", percent(low), percent(high)),
        (share, ..) => or_dash(share, percent),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn or_dash(figure: Option<f64>, show: impl Fn(f64) -> String) -> String {
    figure.map_or_else(|| "-".to_owned(), show)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_durations() {
        assert_eq!(parse_bound("2026-11-21"), Ok(Bound::Day(jiff::civil::date(2026, 11, 21))));
        assert!(matches!(parse_bound("2026-11-21T09:30:00+08:00"), Ok(Bound::Instant(_))));
        for wrong in ["", "2026-13-01", "2026-11-21T09:30:00", "yesterday"] {
            assert!(parse_bound(wrong).is_err(), "{wrong}");
        }
        for text in ["20", "20s", "0m20s"] {
            assert_eq!(parse_duration(text), Ok(SignedDuration::from_secs(20)), "{text}");
        }
        for wrong in ["", "-20s", "soon"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_is_included_on_either_side() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let at = |text: &str, end| parse_bound(text).unwrap().instant(end, &zone).unwrap().to_string();
        // Clocks went from midnight to one that day.
        assert_eq!(at("2018-11-04", End::First), "2018-11-04T03:00:00Z");
        assert_eq!(at("2018-11-03", End::Last), "2018-11-04T03:00:00Z");
        assert_eq!(at("2018-11-04", End::Last), "2018-11-05T02:00:00Z");
        for end in [End::First, End::Last] {
            assert_eq!(at("2018-11-04T05:06:07.5Z", end), "2018-11-04T05:06:07.5Z");
        }
        assert!(Bound::Day(Date::MAX).instant(End::Last, &zone).is_err());
    }

    #[test]
    fn what_is_not_known_is_null_and_not_zero() {
        let summary = InteractionSummary {
            key: "email".to_owned(),
            count: 3,
            wait: Some(DurationStatistics {
                known_count: 2,
                mean_seconds: Some(40.5),
                median_seconds: Some(5.0),
                p90_seconds: Some(76.0),
            }),
            ..Default::default()
        };
        let value = to_json(&summary);
        assert_eq!(value["wait_seconds"], json!({ "known": 2, "mean": 40.5, "median": 5.0, "p90": 76.0 }));
        assert_eq!(value["handling_seconds"], json!({ "known": 0, "mean": null, "median": null, "p90": null }));
        assert_eq!(value["first_contact_resolution"]["derived"]["rate"], Value::Null);
        let table = table(SummaryGrouping::Channel, &[summary], None).to_string();
        assert!(table.contains("email") && table.contains("40.5 ") && table.contains("- / - / -"), "{table}");
    }
}
