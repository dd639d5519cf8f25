//! Whether a rating can be taken, and whether it counts for staff.

use jiff::{Span, Timestamp, civil::date, tz::TimeZone};
use uuid::Uuid;

use super::{Input, Rated, Rating};
use crate::{
    api::v1::{Attribution, Involvement, RatingStanding},
    clock::Micros,
    error::{Error, Reason, Result, Violation},
    interaction::{Participant, Served},
    template::Template,
};

/// A clock of a gateway or a page may be ahead of ours by this much.
pub(crate) const FUTURE_GRACE: Micros = 5 * 60 * 1_000_000;

/// A rating as it goes on record at `now`.
///
/// # Errors
/// Every rule that the answer breaks.
pub(crate) fn judge(
    told: &Input,
    template: &Template,
    served: &Served,
    zone: &TimeZone,
    now: Micros,
) -> Result<Rating> {
    let mut found = Vec::new();
    let mut refuse =
        |field: &str, reason, rule: &str| found.push(Violation::new(format!("rating.{field}"), reason, rule));
    if !template.covers(served.channel) {
        refuse("template_id", Reason::Contradiction, "must be a template for the channel of the interaction");
    }
    if told.answered_at > now + FUTURE_GRACE {
        refuse("answered_time", Reason::TimeInFuture, "must not lie ahead of the server's clock");
    }
    if told.delivered_at.is_some_and(|delivered| told.answered_at < delivered) {
        refuse("answered_time", Reason::ImpossibleInstants, "must not be before delivered_time");
    }
    let rated = rated(told.rated_staff_id.as_deref(), &served.participants);
    if told.rated_staff_id.is_some() && rated.is_none() {
        refuse("rated_staff_id", Reason::UnknownStaff, "must be a participant of the interaction");
    }
    Error::unless_empty(found)?;
    let score = i16::try_from(told.score).map_err(Error::internal)?;
    let late = told.answered_at - told.delivered_at.unwrap_or(served.over_at) > template.answer_window;
    Ok(Rating {
        id: Uuid::new_v4(),
        interaction_id: told.interaction_id,
        template_id: template.id.clone(),
        template_version: template.version,
        score,
        level: template.direction.level(told.score).try_into().map_err(Error::internal)?,
        answers: told.answers,
        attribution: told.attribution,
        comment: told.comment.clone(),
        answered_at: told.answered_at,
        delivered_at: told.delivered_at,
        received_at: now,
        rated,
        channel: served.channel,
        kind: served.kind,
        topic: served.topic.clone(),
        occurred_at: served.occurred_at,
        day: day_of(served.occurred_at, zone),
        standing: Some(standing(late, told.attribution))
            .filter(|standing| !served.in_incident || *standing != RatingStanding::Counted)
            .unwrap_or(RatingStanding::Incident),
    })
}

/// Of several reasons not to count, the one that the customer can do least about.
pub(crate) fn standing(late: bool, attribution: Attribution) -> RatingStanding {
    if late {
        return RatingStanding::Late;
    }
    match attribution {
        Attribution::Unspecified | Attribution::Staff => RatingStanding::Counted,
        Attribution::Policy
        | Attribution::Product
        | Attribution::System
        | Attribution::Logistics
        | Attribution::Other => RatingStanding::NonStaff,
    }
}

/// Whom it rates: the participant who is named, or the primary participant.
pub(crate) fn rated(named: Option<&str>, participants: &[Participant]) -> Option<Rated> {
    let is_rated = |one: &&Participant| match named {
        Some(staff_id) => one.staff_id == staff_id,
        None => one.involvement == Involvement::Primary,
    };
    participants.iter().find(is_rated).map(|one| Rated {
        staff_id: one.staff_id.clone(),
        team_id: one.team_id.clone(),
        role: one.role.unwrap_or_default(),
    })
}

/// The organisation's day of an instant, counted from 1970-01-01.
pub(crate) fn day_of(instant: Micros, zone: &TimeZone) -> i32 {
    let Ok(instant) = Timestamp::from_microsecond(instant) else { return 0 };
    let day = zone.to_datetime(instant).date();
    (day - date(1970, 1, 1)).get_days()
}

/// The organisation's hour of the day of an instant, 0 to 23.
pub(super) fn hour_of(instant: Micros, zone: &TimeZone) -> i8 {
    let Ok(instant) = Timestamp::from_microsecond(instant) else { return 0 };
    zone.to_datetime(instant).hour()
}

/// The instant at which one of the organisation's days begins, counted from 1970-01-01; none: beyond the calendar.
pub(super) fn midnight(day: i32, zone: &TimeZone) -> Option<Micros> {
    let days = Span::new().try_days(day).ok()?;
    let begin = date(1970, 1, 1).checked_add(days).ok()?.to_zoned(zone.clone()).ok()?;
    Some(begin.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::v1::{Channel, InteractionKind, StaffRole},
        template::tests::template,
    };

    const HOUR: Micros = 3_600_000_000;
    const NOW: Micros = 1_740_992_400_000_000;

    fn told() -> Input {
        Input {
            interaction_id: Uuid::nil(),
            template_id: "csat".to_owned(),
            template_version: 1,
            score: 2,
            answers: Default::default(),
            attribution: Attribution::Unspecified,
            comment: None,
            answered_at: NOW - HOUR,
            delivered_at: None,
            rated_staff_id: None,
        }
    }

    fn served() -> Served {
        let participant = |staff_id: &str, involvement| Participant {
            staff_id: staff_id.to_owned(),
            role: Some(StaffRole::Agent),
            team_id: Some("north".to_owned()),
            involvement,
            told_by: None,
        };
        Served {
            channel: Channel::InboundCall,
            kind: InteractionKind::Service,
            topic: None,
            occurred_at: NOW - 3 * HOUR,
            over_at: NOW - 2 * HOUR,
            in_incident: false,
            participants: vec![participant("nils", Involvement::Assisting), participant("nora", Involvement::Primary)],
        }
    }

    fn judged(told: &Input) -> Result<Rating> {
        judge(told, &template(), &served(), &TimeZone::UTC, NOW)
    }

    #[test]
    fn an_answer_counts_to_the_last_microsecond_of_its_window() {
        assert_eq!(judged(&told()).unwrap().standing, RatingStanding::Counted);
        let late = Input { answered_at: NOW - HOUR + 1, ..told() };
        assert_eq!(judged(&late).unwrap().standing, RatingStanding::Late);
        // The window runs from the delivery, where there was one.
        let delivered = Input { delivered_at: Some(NOW - HOUR), ..late };
        assert_eq!(judged(&delivered).unwrap().standing, RatingStanding::Counted);
    }

    #[test]
    fn whom_it_rates_is_frozen() {
        assert_eq!(judged(&told()).unwrap().rated.unwrap().staff_id, "nora");
        let named = Input { rated_staff_id: Some("nils".to_owned()), ..told() };
        assert_eq!(judged(&named).unwrap().rated.unwrap().staff_id, "nils");
    }

    #[test]
    fn what_is_not_about_staff_does_not_count_for_staff() {
        let about = |attribution| judged(&Input { attribution, ..told() }).unwrap().standing;
        assert_eq!(about(Attribution::Staff), RatingStanding::Counted);
        assert_eq!(about(Attribution::Logistics), RatingStanding::NonStaff);
    }

    #[test]
    fn everything_wrong_is_named() {
        let wrong = Input {
            answered_at: NOW + HOUR,
            delivered_at: Some(NOW + 2 * HOUR),
            rated_staff_id: Some("sam".to_owned()),
            ..told()
        };
        let Err(Error::Invalid(found)) = judged(&wrong) else { panic!("it was taken") };
        let fields: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.reason)).collect();
        assert_eq!(
            fields,
            [
                ("rating.answered_time", Reason::TimeInFuture),
                ("rating.answered_time", Reason::ImpossibleInstants),
                ("rating.rated_staff_id", Reason::UnknownStaff),
            ]
        );
    }

    #[test]
    fn a_day_is_the_organisations() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        // 2025-03-02T20:00Z is the third of March there.
        let evening = 1_740_945_600_000_000;
        assert_eq!(day_of(evening, &zone) - day_of(evening, &TimeZone::UTC), 1);
        assert_eq!(day_of(0, &TimeZone::UTC), 0);
    }
}
