//! Why something is due when it is: every stretch of time from the start to then.

use rapport_calendar::{Calendar, Segment, reached};

use crate::{api::v1::DueSpanKind, clock::Micros};

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(super) from: Micros,
    /// None: it goes on.
    pub(super) to: Option<Micros>,
    pub(super) kind: DueSpanKind,
    /// Of a date with hours of its own.
    pub(super) name: String,
}

/// When something is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Explained {
    pub(super) due: Option<Micros>,
    /// From the start to then, in order and without gaps, as many as were asked for.
    pub(crate) stretches: Vec<Stretch>,
    /// How many more there are.
    pub(crate) omitted: usize,
}

/// When a clock of these segments has counted so much working time; at most `limit` stretches.
pub(crate) fn explain(segments: &[Segment<'_>], working: Micros, limit: usize) -> Explained {
    let due = reached(segments, working);
    let mut explained = Explained { due, ..Explained::default() };
    for segment in segments.iter().copied() {
        let end = [segment.to, due].into_iter().flatten().min();
        if due.is_some_and(|due| segment.from >= due) {
            break;
        }
        match (segment.running, end) {
            (None, to) => explained.add(segment.from, to, DueSpanKind::Paused, String::new(), limit),
            (Some(calendar), Some(to)) => explained.run(calendar, segment.from, to, limit),
            // Never due, as far as anybody looks: the calendar has no more hours.
            (Some(_), None) => explained.add(segment.from, None, DueSpanKind::Closed, String::new(), limit),
        }
    }
    explained
}

/// A clock that runs by one calendar from a start on, with pauses in order.
pub(super) fn segments<'c>(
    calendar: &'c Calendar,
    start: Micros,
    pauses: &[(Micros, Option<Micros>)],
) -> Vec<Segment<'c>> {
    let mut segments = Vec::new();
    let mut from = Some(start);
    for (pause, resume) in pauses {
        if let Some(begun) = from {
            segments.push(Segment { from: begun, to: Some(*pause), running: Some(calendar) });
            segments.push(Segment { from: *pause, to: *resume, running: None });
        }
        from = *resume;
    }
    segments.extend(from.map(|from| Segment { from, to: None, running: Some(calendar) }));
    segments.retain(|segment| segment.to != Some(segment.from));
    segments
}

impl Explained {
    fn add(&mut self, from: Micros, to: Option<Micros>, kind: DueSpanKind, name: String, limit: usize) {
        if to == Some(from) {
            return;
        }
        // Hours that touch at midnight are one stretch.
        if let Some(last) = self.stretches.last_mut()
            && self.omitted == 0
            && last.to == Some(from)
            && (last.kind, &last.name) == (kind, &name)
        {
            last.to = to;
        } else if self.stretches.len() < limit {
            self.stretches.push(Stretch { from, to, kind, name });
        } else {
            self.omitted += 1;
        }
    }

    fn run(&mut self, calendar: &Calendar, from: Micros, to: Micros, limit: usize) {
        let mut cursor = from;
        for span in calendar.spans(from, to) {
            self.rest(calendar, cursor, span.from, limit);
            self.add(span.from, Some(span.to), DueSpanKind::Working, String::new(), limit);
            cursor = span.to;
        }
        self.rest(calendar, cursor, to, limit);
    }

    /// Time in which nobody works, by dates: those that have hours of their own are named.
    fn rest(&mut self, calendar: &Calendar, from: Micros, to: Micros, limit: usize) {
        for (from, to, dated) in calendar.days_between(from, to) {
            match dated {
                Some(dated) => self.add(from, Some(to), DueSpanKind::Dated, dated.name.clone(), limit),
                None => self.add(from, Some(to), DueSpanKind::Closed, String::new(), limit),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{Timestamp, tz::TimeZone};
    use rapport_calendar::{Dated, Hours};

    use super::*;

    fn office() -> Calendar {
        let week = ["09:00-17:00"; 5].into_iter().chain([""; 2]).map(|hours| hours.parse::<Hours>().unwrap());
        let dated = BTreeMap::from([(
            "2025-12-25".parse().unwrap(),
            Dated { name: "Christmas".to_owned(), ..Dated::default() },
        )]);
        Calendar::new(TimeZone::get("Europe/Berlin").unwrap(), week.collect::<Vec<_>>().try_into().unwrap(), dated)
            .unwrap()
    }

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn explained_from(start: Micros, working: Micros, pauses: &[(Micros, Option<Micros>)], limit: usize) -> Explained {
        explain(&segments(&office(), start, pauses), working, limit)
    }

    fn told(explained: &Explained) -> Vec<String> {
        let shown = |at: Micros| Timestamp::from_microsecond(at).unwrap().strftime("%d %H:%M").to_string();
        let line = |one: &Stretch| format!("{} {:?} {}", shown(one.from), one.kind, one.name);
        explained.stretches.iter().map(line).collect()
    }

    #[test]
    fn every_stretch_is_told() {
        let pauses = [(at("2025-12-24T14:30:00Z"), Some(at("2025-12-24T15:00:00Z")))];
        let explained = explained_from(at("2025-12-24T14:00:00Z"), 7_200_000_000, &pauses, 100);
        assert_eq!(explained.due, Some(at("2025-12-26T08:30:00Z")));
        let expected = [
            "24 14:00 Working ",
            "24 14:30 Paused ",
            "24 15:00 Working ",
            "24 16:00 Closed ",
            "24 23:00 Dated Christmas",
            "25 23:00 Closed ",
            "26 08:00 Working ",
        ];
        assert_eq!(told(&explained), expected);
        let ends = explained.stretches.iter().map(|one| one.to.unwrap());
        let begins = explained.stretches.iter().skip(1).map(|one| one.from);
        assert!(begins.zip(ends).all(|(begin, end)| begin == end), "{explained:?}");
        let few = explained_from(at("2025-12-24T14:00:00Z"), 7_200_000_000, &pauses, 3);
        assert_eq!((few.stretches.len(), few.omitted, few.due), (3, 4, explained.due));
    }

    #[test]
    fn a_pause_that_goes_on_is_the_last() {
        let explained =
            explained_from(at("2025-12-24T14:00:00Z"), 7_200_000_000, &[(at("2025-12-24T14:30:00Z"), None)], 9);
        assert_eq!(told(&explained), ["24 14:00 Working ", "24 14:30 Paused "]);
        assert_eq!((explained.due, explained.stretches[1].to), (None, None));
        // A breach before it is one.
        let explained =
            explained_from(at("2025-12-24T14:00:00Z"), 60_000_000, &[(at("2025-12-24T14:30:00Z"), None)], 9);
        assert_eq!((told(&explained).len(), explained.due), (1, Some(at("2025-12-24T14:01:00Z"))));
    }
}
