//! A clock that is started, paused and resumed against a target.

use crate::{Calendar, Micros};

/// Time in which a clock runs or stands; one begins where the one before ends.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// The first instant.
    pub from: Micros,
    /// The first instant after it; none: it goes on.
    pub to: Option<Micros>,
    /// By which calendar it runs; none: it stands.
    pub running: Option<&'a Calendar>,
}

/// The working time that a clock has counted by `now`.
pub fn consumed(segments: &[Segment<'_>], now: Micros) -> Micros {
    let counted = |segment: &Segment<'_>| {
        let to = segment.to.unwrap_or(now).min(now);
        segment.running.map_or(0, |calendar| calendar.elapsed(segment.from, to))
    };
    segments.iter().map(counted).sum()
}

/// The instant at which a clock has counted `target`, as far as is known: none while it stands before that, and where its
/// calendar never comes to it.
pub fn reached(segments: &[Segment<'_>], target: Micros) -> Option<Micros> {
    let mut left = target;
    for segment in segments {
        let Some(calendar) = segment.running else { continue };
        let due = calendar.due(segment.from, left).filter(|due| segment.to.is_none_or(|to| *due <= to));
        match segment.to {
            Some(to) if due.is_none() => left -= calendar.elapsed(segment.from, to),
            Some(_) | None => return due,
        }
    }
    None
}
