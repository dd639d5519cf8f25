//! Clocks as callers see them.

use super::{Clock, Stretch};
use crate::{
    api::{
        convert::{duration, timestamp},
        v1,
    },
    calendar::{explain::explain, message::write_stretch as write_span},
    clock::Micros,
};

/// Spans of an explanation at most.
const SPANS: usize = 500;

/// A clock as it is at `now`.
pub(crate) fn write(clock: &Clock, now: Micros) -> v1::FollowUpClock {
    v1::FollowUpClock {
        number: clock.number,
        start_time: Some(timestamp(clock.started_at)),
        stop_time: clock.stopped_at.map(timestamp),
        target: Some(duration(clock.target)),
        due_time: clock.due().map(timestamp),
        elapsed: Some(duration(clock.elapsed(now))),
        overdue: clock.is_overdue(now),
        segments: clock.stretches.iter().map(write_stretch).collect(),
    }
}

fn write_stretch(stretch: &Stretch) -> v1::ClockSegment {
    let (calendar_id, calendar_version) =
        stretch.version.as_ref().map(|version| (version.id.clone(), version.number)).unwrap_or_default();
    v1::ClockSegment {
        start_time: Some(timestamp(stretch.from)),
        end_time: stretch.to.map(timestamp),
        running: stretch.runs,
        reason: stretch.reason.clone(),
        author: stretch.author.clone(),
        calendar_id,
        calendar_version,
    }
}

/// Why a clock is due when it is.
pub(crate) fn explained(clock: &Clock, now: Micros) -> v1::ExplainedClock {
    let explained = explain(&clock.segments(), clock.target, SPANS);
    v1::ExplainedClock {
        clock: Some(write(clock, now)),
        spans: explained.stretches.into_iter().map(write_span).collect(),
        omitted_span_count: i32::try_from(explained.omitted).unwrap_or(i32::MAX),
    }
}
