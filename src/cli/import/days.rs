//! What is on record of a file, by day and channel, so that a hole is seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use serde::{Serialize, Serializer};

use crate::{api::v1::Interaction, cli::out};

/// More days than these are shown by month.
const SHOWN_DAYS: i32 = 62;

/// Rows on record by day of the organisation and channel.
#[derive(Debug, Default)]
pub(super) struct Days(BTreeMap<(Date, &'static str), u64>);

/// The day on which an interaction began, and its channel.
pub(super) type Day = (Date, &'static str);

/// Where an interaction counts. Every one that a server takes has an instant.
pub(super) fn day_of(interaction: &Interaction, zone: &TimeZone) -> Option<Day> {
    let one = interaction;
    let at =
        [&one.requested_time, &one.arrived_time, &one.connected_time, &one.ended_time].into_iter().flatten().next()?;
    let at = out::instant(Some(*at))?;
    Some((zone.to_datetime(at).date(), one.channel().plain_name()))
}

impl Days {
    pub(super) fn add(&mut self, day: Option<Day>) {
        if let Some(day) = day {
            *self.0.entry(day).or_default() += 1;
        }
    }

    /// A table with a line for each day, or each month of a long time, and the days between that have nothing.
    pub(super) fn table(&self) -> Option<String> {
        let (first, last) = (self.0.keys().next()?.0, self.0.keys().next_back()?.0);
        let days = (last - first).get_days() + 1;
        let label = |date: Date| if days <= SHOWN_DAYS { date.to_string() } else { date.strftime("%Y-%m").to_string() };
        let channels: BTreeSet<&str> = self.0.keys().map(|(_, channel)| *channel).collect();
        let mut lines: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
        for ((date, channel), rows) in &self.0 {
            *lines.entry(label(*date)).or_default().entry(channel).or_default() += rows;
        }
        let filled: BTreeSet<Date> = self.0.keys().map(|(date, _)| *date).collect();
        let empty: Vec<Date> =
            first.series(1.day()).take_while(|date| *date <= last).filter(|date| !filled.contains(date)).collect();
        for date in &empty {
            lines.entry(label(*date)).or_default();
        }
        let header: Vec<&str> =
            std::iter::once(if days <= SHOWN_DAYS { "day" } else { "month" }).chain(channels.iter().copied()).collect();
        let rows = lines.iter().map(|(label, counts)| {
            let counts = channels.iter().map(|channel| counts.get(channel).copied().unwrap_or_default().to_string());
            std::iter::once(label.clone()).chain(counts).collect::<Vec<_>>()
        });
        let right = 1..header.len();
        let table = out::table(&header, rows, right).to_string();
        Some(match &spans(&empty)[..] {
            [] => table,
            spans => format!("{table}\nnothing on: {}", spans.join(", ")),
        })
    }
}

/// Days in a row as one span.
fn spans(days: &[Date]) -> Vec<String> {
    days.chunk_by(|one, two| one.tomorrow().ok() == Some(*two))
        .map(|span| match span {
            [one] => one.to_string(),
            span => format!("{} to {}", span[0], span[span.len() - 1]),
        })
        .collect()
}

#[derive(Serialize)]
struct Entry {
    day: String,
    channel: &'static str,
    rows: u64,
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries =
            { self.0.iter() }.map(|((date, channel), rows)| Entry { day: date.to_string(), channel, rows: *rows });
        serializer.collect_seq(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_seen() {
        let mut days = Days::default();
        for day in ["2026-03-01", "2026-03-02", "2026-03-02", "2026-03-05"] {
            days.add(Some((day.parse().unwrap(), "email")));
        }
        let table = days.table().unwrap();
        assert!(table.contains("2026-03-03") && table.contains("nothing on: 2026-03-03 to 2026-03-04"), "{table}");
        let json = serde_json::to_value(&days).unwrap();
        assert_eq!(json[1], serde_json::json!({"day": "2026-03-02", "channel": "email", "rows": 2}));
        days.add(Some(("2026-08-01".parse().unwrap(), "web_chat")));
        assert!(days.table().unwrap().contains("2026-07"));
        assert!(Days::default().table().is_none());
    }
}
