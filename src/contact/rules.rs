//! What stands against a contact, and until when.

use jiff::{Timestamp, civil::Time};

use super::{Attempt, Ban, Cap, Past, Policy, Purposes, QuietHours, Situation, Span};
use crate::{
    api::v1::{ContactPurpose, ContactRefusalReason as Refused},
    clock::Micros,
    error::{Reason, Violation},
};

const MINUTE: Micros = 60 * 1_000_000;
const HOUR: Micros = 60 * MINUTE;
const DAY: Micros = 24 * HOUR;
/// The longest night; somebody must be reachable at some time.
const LONGEST_QUIET: i64 = 18 * 60;
/// A night has this in it: hours without it were most likely turned round by mistake.
const MIDDLE_OF_NIGHT: i64 = 3 * 60;

/// Something that stands against a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: Refused,
    /// The rule, for people.
    pub(crate) rule: String,
    /// The first instant at which it no longer does. None: not by itself.
    pub(crate) until: Option<Micros>,
}

impl Policy {
    /// What holds until an administrator says otherwise.
    pub(crate) fn shipped() -> Self {
        use ContactPurpose::{Campaign, ComplaintAnswer, FollowUp, Survey};
        let cap = |held: ContactPurpose, counted: Purposes, max, days| Cap {
            purposes: [held].into_iter().collect(),
            counted,
            max,
            window: days * DAY,
        };
        let of_our_own_accord: Purposes = [Campaign, Survey, FollowUp].into_iter().collect();
        Self {
            quiet_hours: Some(QuietHours { start: 21 * 60, end: 8 * 60 }),
            quiet_hours_purposes: [Campaign, Survey, FollowUp, ComplaintAnswer].into_iter().collect(),
            do_not_contact_purposes: of_our_own_accord,
            caps: vec![
                cap(Campaign, of_our_own_accord, 1, 7),
                cap(Campaign, of_our_own_accord, 2, 30),
                cap(Survey, [Survey].into_iter().collect(), 1, 30),
                cap(FollowUp, [FollowUp].into_iter().collect(), 2, 7),
            ],
        }
    }

    /// How far back the caps count.
    pub(crate) fn longest_window(&self) -> Micros {
        self.caps.iter().map(|cap| cap.window).max().unwrap_or(0)
    }

    /// All that stands against a contact.
    pub(crate) fn refusals(&self, situation: &Situation, attempt: &Attempt) -> Vec<Refusal> {
        let mut found = Vec::new();
        let mut add = |reason, rule: String, until| found.push(Refusal { reason, rule, until });
        let by_wish = self.do_not_contact_purposes.contains(attempt.purpose);
        if let Some(until) = banned_until(by_wish, &situation.bans, attempt) {
            add(Refused::DoNotContact, "the customer does not wish to be contacted so".to_owned(), until);
        }
        if by_wish && attempt.points.iter().any(|point| situation.denied_points.contains(point)) {
            add(Refused::ConsentDenied, "the customer does not wish to be contacted there".to_owned(), None);
        }
        if self.quiet_hours_purposes.contains(attempt.purpose)
            && let Some(quiet) = self.quiet_hours
            && let Some(until) = quiet.until(&situation.zone, attempt.at)
        {
            let rule = format!("quiet hours are {quiet} where the customer is");
            add(Refused::QuietHours, rule, Some(until));
        }
        for cap in self.caps.iter().filter(|cap| cap.purposes.contains(attempt.purpose)) {
            if let Some(until) = cap.until(&situation.contacts, attempt.at) {
                let rule = format!("at most {} in {}", counted(cap.max, "contact"), spelled(cap.window));
                add(Refused::FrequencyCap, rule, Some(until));
            }
        }
        if let Some(suspension) = situation.suspension.filter(|span| span.covers(attempt.at))
            && !passes_suspension(attempt.purpose)
        {
            add(Refused::CustomerSuspended, "service to the customer is suspended".to_owned(), suspension.until);
        }
        found
    }

    /// The first instant, from the attempt's on, at which nothing stands against it. None: somebody has to change something
    /// first.
    pub(crate) fn next_allowed(&self, situation: &Situation, attempt: &Attempt) -> Option<Micros> {
        let mut attempt = attempt.clone();
        loop {
            // Until the last of them gives way, one of them stands against it: no instant between can be the first.
            let until =
                self.refusals(situation, &attempt).into_iter().map(|one| one.until).collect::<Option<Vec<_>>>()?;
            match until.into_iter().max() {
                Some(until) => attempt.at = until,
                None => return Some(attempt.at),
            }
        }
    }

    /// What is wrong with a policy beyond the limits of its fields.
    pub(crate) fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let Some(quiet) = self.quiet_hours else { return found };
        let length = (quiet.end - quiet.start).rem_euclid(24 * 60);
        if length > LONGEST_QUIET {
            let rule = "must not last longer than 18 hours";
            found.push(Violation::new("quiet_hours.end_time", Reason::ValueOutOfRange, rule));
        }
        if length > 0 && !quiet.covers(MIDDLE_OF_NIGHT * MINUTE) {
            let rule = "must have 03:00 between start_time and end_time: quiet hours are at night";
            found.push(Violation::new("quiet_hours", Reason::Contradiction, rule));
        }
        found
    }
}

/// Complaints stay open (I9), and customers who are affected by an incident are told of it.
fn passes_suspension(purpose: ContactPurpose) -> bool {
    match purpose {
        ContactPurpose::ComplaintAnswer | ContactPurpose::IncidentNotice => true,
        ContactPurpose::Unspecified
        | ContactPurpose::Campaign
        | ContactPurpose::FollowUp
        | ContactPurpose::RequestedCallback
        | ContactPurpose::Survey => false,
    }
}

/// Until when wishes stand against a contact, if they do; `by_wish`: those that name no purpose do.
fn banned_until(by_wish: bool, bans: &[Ban], attempt: &Attempt) -> Option<Option<Micros>> {
    let applies = |ban: &&Ban| {
        let for_purpose = if ban.purposes.is_empty() { by_wish } else { ban.purposes.contains(attempt.purpose) };
        for_purpose && (ban.channels.is_empty() || ban.channels.contains(attempt.channel))
    };
    let mut until = attempt.at;
    while let Some(ban) = bans.iter().filter(applies).find(|ban| ban.span.covers(until)) {
        match ban.span.until {
            Some(end) => until = end,
            None => return Some(None),
        }
    }
    (until > attempt.at).then_some(Some(until))
}

impl Span {
    fn covers(&self, at: Micros) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

impl Cap {
    /// Until when it stands against a contact at `at`, if it does. A contact counts from its own instant until before the
    /// end of the window after it.
    fn until(&self, contacts: &[Past], at: Micros) -> Option<Micros> {
        let mut counted: Vec<_> =
            contacts.iter().filter(|one| self.counted.contains(one.purpose)).map(|one| one.at).collect();
        counted.sort_unstable();
        let mut until = at;
        // Contacts after `at` may be on record already: other clocks run ahead.
        loop {
            let before = &counted[..counted.partition_point(|one| *one <= until)];
            let oldest = before.len().checked_sub(self.max).and_then(|index| before.get(index));
            match oldest.map(|oldest| oldest.saturating_add(self.window)).filter(|free| *free > until) {
                Some(free) => until = free,
                None => return (until > at).then_some(until),
            }
        }
    }
}

impl QuietHours {
    /// Reads HH:MM as minutes since midnight.
    pub(crate) fn minutes(text: &str) -> Option<i64> {
        let time: Time = text.parse().ok().filter(|_| text.len() == "HH:MM".len() && text.as_bytes()[2] == b':')?;
        Some(i64::from(time.hour()) * 60 + i64::from(time.minute()))
    }

    /// Minutes since midnight as HH:MM.
    pub(crate) fn spelled(minutes: i64) -> String {
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Whether a time of day is among them, in microseconds since midnight.
    fn covers(&self, time: Micros) -> bool {
        let (start, end) = (self.start * MINUTE, self.end * MINUTE);
        if start <= end { (start..end).contains(&time) } else { time >= start || time < end }
    }

    /// The first instant from `at` on at which they are over; none: `at` is not among them.
    fn until(&self, zone: &jiff::tz::TimeZone, at: Micros) -> Option<Micros> {
        let mut until = at;
        loop {
            let instant = Timestamp::from_microsecond(until).ok()?;
            let time = time_of_day(zone, instant);
            if !self.covers(time) {
                return (until > at).then_some(until);
            }
            let end = until + (self.end * MINUTE - time).rem_euclid(DAY);
            // Where the clocks are changed before that, the wall shows another time from there on: look again.
            let changed = zone.following(instant).next().map(|change| change.timestamp().as_microsecond());
            until = changed.filter(|changed| *changed < end).unwrap_or(end);
        }
    }
}

impl std::fmt::Display for QuietHours {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} to {}", Self::spelled(self.start), Self::spelled(self.end))
    }
}

/// What the clock on the wall shows, in microseconds since midnight.
fn time_of_day(zone: &jiff::tz::TimeZone, instant: Timestamp) -> Micros {
    let time = zone.to_datetime(instant).time();
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1_000
}

fn spelled(window: Micros) -> String {
    let (length, unit) = [(DAY, "day"), (HOUR, "hour")]
        .into_iter()
        .find(|(length, _)| window % length == 0)
        .unwrap_or((MINUTE, "minute"));
    counted(usize::try_from(window / length).unwrap_or_default(), unit)
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use jiff::{civil::DateTime, tz::TimeZone};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        api::v1::{Channel, ContactKind},
        directory::Alias,
    };

    const PURPOSES: [ContactPurpose; 6] = [
        ContactPurpose::Campaign,
        ContactPurpose::FollowUp,
        ContactPurpose::RequestedCallback,
        ContactPurpose::ComplaintAnswer,
        ContactPurpose::IncidentNotice,
        ContactPurpose::Survey,
    ];

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// The first or the only instant at which the wall shows this.
    fn instant(zone: &TimeZone, civil: &str) -> Micros {
        let civil: DateTime = civil.parse().unwrap();
        zone.to_ambiguous_zoned(civil).earlier().unwrap().timestamp().as_microsecond()
    }

    fn phone(number: &str) -> Alias {
        Alias::stored(ContactKind::Phone, number.to_owned(), None)
    }

    fn situation(zone: &TimeZone) -> Situation {
        Situation { zone: zone.clone(), bans: vec![], suspension: None, denied_points: vec![], contacts: vec![] }
    }

    fn attempt(purpose: ContactPurpose, at: Micros) -> Attempt {
        Attempt { purpose, channel: Channel::OutboundCall, points: vec![], at }
    }

    fn quiet(start: &str, end: &str) -> QuietHours {
        QuietHours { start: QuietHours::minutes(start).unwrap(), end: QuietHours::minutes(end).unwrap() }
    }

    #[test]
    fn quiet_hours_end_where_the_wall_says_so() {
        let berlin = zone("Europe/Berlin");
        let cases = [
            // An evening in a long night: the clocks go from 02:00 to 03:00 in it.
            ("21:00", "08:00", "2026-03-28T22:00", Some("2026-03-29T08:00")),
            ("21:00", "08:00", "2026-03-28T20:59:59", None),
            ("21:00", "08:00", "2026-03-29T08:00", None),
            // The end is skipped by the clocks: over as soon as the wall shows a later time.
            ("21:00", "02:30", "2026-03-29T01:59", Some("2026-03-29T03:00")),
            // Shown twice by the clocks: over when first shown.
            ("21:00", "02:30", "2026-10-25T00:00", Some("2026-10-25T02:30")),
            ("00:00", "06:00", "2026-01-01T00:00", Some("2026-01-01T06:00")),
            ("22:00", "22:00", "2026-01-01T22:00", None),
        ];
        for (start, end, at, expected) in cases {
            let until = quiet(start, end).until(&berlin, instant(&berlin, at));
            assert_eq!(until, expected.map(|civil| instant(&berlin, civil)), "{start} to {end} at {at}");
        }
        // An hour later the wall shows 02:00 to 02:30 once more, and it is night again.
        let again = instant(&berlin, "2026-10-25T02:15") + HOUR;
        assert_eq!(quiet("21:00", "02:30").until(&berlin, again), Some(again + 15 * MINUTE));
        // Half past midnight in Shanghai is an afternoon in Berlin.
        let shanghai = zone("Asia/Shanghai");
        let at = instant(&shanghai, "2026-06-01T00:30");
        assert_eq!(quiet("21:00", "08:00").until(&shanghai, at), Some(at + 7 * HOUR + 30 * MINUTE));
        assert_eq!(quiet("21:00", "08:00").until(&berlin, at), None);
    }

    #[test]
    fn a_cap_that_frees_at_night_waits_for_the_morning() {
        let berlin = zone("Europe/Berlin");
        let policy = Policy::shipped();
        let earlier = Past { at: instant(&berlin, "2026-06-01T20:30"), purpose: ContactPurpose::Survey };
        let later = Past { at: instant(&berlin, "2026-06-01T22:30"), purpose: ContactPurpose::RequestedCallback };
        let last = Past { at: instant(&berlin, "2026-06-02T22:30"), purpose: ContactPurpose::FollowUp };
        let at = instant(&berlin, "2026-06-03T10:00");
        let campaign = attempt(ContactPurpose::Campaign, at);
        let known = Situation { contacts: vec![earlier, later], ..situation(&berlin) };
        let refusals = policy.refusals(&known, &campaign);
        assert_eq!(refusals.len(), 1);
        assert_eq!(refusals[0].rule, "at most 1 contact in 7 days");
        assert_eq!(refusals[0].until, Some(instant(&berlin, "2026-06-08T20:30")), "a callback does not count");
        assert_eq!(policy.next_allowed(&known, &campaign), refusals[0].until);

        let known = Situation { contacts: vec![last], ..situation(&berlin) };
        assert_eq!(policy.refusals(&known, &campaign)[0].until, Some(instant(&berlin, "2026-06-09T22:30")));
        assert_eq!(policy.next_allowed(&known, &campaign), Some(instant(&berlin, "2026-06-10T08:00")));
    }

    #[test]
    fn what_a_purpose_passes() {
        let utc = TimeZone::UTC;
        let (night, day) = (instant(&utc, "2026-06-01T23:00"), instant(&utc, "2026-06-02T12:00"));
        let often = vec![Past { at: day - HOUR, purpose: ContactPurpose::FollowUp }; 3];
        let often = [often, vec![Past { at: day - HOUR, purpose: ContactPurpose::Survey }]].concat();
        let ban = |purposes: &[ContactPurpose]| Ban {
            span: Span { from: 0, until: None },
            channels: Channels::default(),
            purposes: purposes.iter().copied().collect(),
        };
        type Channels = crate::contact::Channels;
        let policy = Policy::shipped();
        let passing = |known: Situation, at| -> Vec<ContactPurpose> {
            let passes = |purpose: &ContactPurpose| {
                let attempt = Attempt { points: vec![phone("123")], ..attempt(*purpose, at) };
                policy.refusals(&known, &attempt).is_empty()
            };
            PURPOSES.into_iter().filter(passes).collect()
        };
        let plain = || situation(&utc);
        use ContactPurpose::{ComplaintAnswer, IncidentNotice, RequestedCallback};
        assert_eq!(passing(plain(), day), PURPOSES);
        assert_eq!(passing(plain(), night), [RequestedCallback, IncidentNotice]);
        let asked_for = [RequestedCallback, ComplaintAnswer, IncidentNotice];
        assert_eq!(passing(Situation { contacts: often, ..plain() }, day), asked_for);
        assert_eq!(passing(Situation { bans: vec![ban(&[])], ..plain() }, day), asked_for);
        assert_eq!(passing(Situation { bans: vec![ban(&PURPOSES)], ..plain() }, day), []);
        assert_eq!(passing(Situation { bans: vec![ban(&[IncidentNotice])], ..plain() }, day).len(), 5);
        assert_eq!(passing(Situation { denied_points: vec![phone("123")], ..plain() }, day), asked_for);
        assert_eq!(passing(Situation { denied_points: vec![phone("124")], ..plain() }, day), PURPOSES);
        let suspension = Some(Span { from: 0, until: None });
        assert_eq!(passing(Situation { suspension, ..plain() }, day), [ComplaintAnswer, IncidentNotice]);
    }

    #[test]
    fn a_wish_without_end_is_for_ever_and_by_its_channels() {
        let utc = TimeZone::UTC;
        let sms: crate::contact::Channels = [Channel::Sms].into_iter().collect();
        let ban = |from, until, channels| Ban { span: Span { from, until }, channels, purposes: Purposes::default() };
        let bans =
            vec![ban(10, Some(20), Default::default()), ban(15, Some(30), Default::default()), ban(0, None, sms)];
        let known = Situation { bans, ..situation(&utc) };
        let policy = Policy { quiet_hours: None, ..Policy::shipped() };
        let campaign = |at| attempt(ContactPurpose::Campaign, at);
        assert_eq!(policy.next_allowed(&known, &campaign(9)), Some(9));
        assert_eq!(policy.refusals(&known, &campaign(12))[0].until, Some(30));
        let by_sms = Attempt { channel: Channel::Sms, ..campaign(40) };
        assert_eq!(policy.refusals(&known, &by_sms)[0].until, None);
        assert_eq!(policy.next_allowed(&known, &by_sms), None);
    }

    #[test]
    fn quiet_hours_are_at_night_and_end_some_time() {
        let fields = |start: &str, end: &str| -> Vec<String> {
            let policy = Policy { quiet_hours: Some(quiet(start, end)), ..Policy::default() };
            policy.check().into_iter().map(|one| one.field).collect()
        };
        assert!(Policy::shipped().check().is_empty());
        assert!(fields("20:00", "10:00").is_empty());
        assert!(fields("09:00", "09:00").is_empty(), "none at all");
        assert_eq!(fields("08:00", "21:00"), ["quiet_hours"], "turned round");
        assert_eq!(fields("12:00", "10:00"), ["quiet_hours.end_time"]);
        for wrong in ["", "9:00", "24:00", "21:60", "21:00:00", "21.00", "2100", "T2100", "nine"] {
            assert_eq!(QuietHours::minutes(wrong), None, "{wrong}");
        }
    }

    /// Something for every rule, all on whole minutes.
    #[derive(Clone, Debug)]
    struct Case {
        zone: TimeZone,
        policy: Policy,
        contacts: Vec<Past>,
        bans: Vec<Ban>,
        suspension: Option<Span>,
        attempt: Attempt,
    }

    const HORIZON: i64 = 6 * 24 * 60;

    prop_compose! {
        fn cases()(
            // Around the days on which clocks are changed, by an hour and by half an hour.
            (name, day) in prop_oneof![
                Just(("Europe/Berlin", "2026-03-27T00:00")),
                Just(("Europe/Berlin", "2026-10-23T00:00")),
                Just(("America/New_York", "2026-03-06T00:00")),
                Just(("Australia/Lord_Howe", "2026-04-03T00:00")),
                Just(("Australia/Lord_Howe", "2026-10-02T00:00")),
                Just(("Asia/Kathmandu", "2026-05-01T00:00")),
            ],
            start in 0..24 * 60i64,
            end in 0..24 * 60i64,
            held in proptest::collection::vec(any::<bool>(), 4),
            caps in proptest::collection::vec((1..4usize, 30..2 * 24 * 60i64, any::<bool>()), 0..3),
            contacts in proptest::collection::vec((-3 * 24 * 60..24 * 60i64, 1..3i32), 0..8),
            bans in proptest::collection::vec((-100..1_000i64, 1..3_000i64, any::<bool>()), 0..3),
            suspended in proptest::option::of((-100..1_000i64, 1..2_000i64)),
            at in 0..24 * 60i64,
        ) -> Case {
            let zone = zone(name);
            let origin = instant(&zone, day);
            let span = |(from, length): (i64, i64)| Span {
                from: origin + from * MINUTE,
                until: Some(origin + (from + length) * MINUTE),
            };
            let both: Purposes = [ContactPurpose::Campaign, ContactPurpose::FollowUp].into_iter().collect();
            let one: Purposes = [ContactPurpose::Campaign].into_iter().collect();
            let when = |yes: bool| if yes { both } else { Purposes::default() };
            Case {
                policy: Policy {
                    quiet_hours: held[0].then_some(QuietHours { start, end }),
                    quiet_hours_purposes: when(held[1]),
                    do_not_contact_purposes: when(held[2]),
                    caps: caps
                        .into_iter()
                        .map(|(max, window, all)| Cap {
                            purposes: one,
                            counted: if all { both } else { one },
                            max,
                            window: window * MINUTE,
                        })
                        .collect(),
                },
                contacts: contacts
                    .into_iter()
                    .map(|(at, purpose)| Past {
                        at: origin + at * MINUTE,
                        purpose: ContactPurpose::try_from(purpose).unwrap(),
                    })
                    .collect(),
                bans: bans
                    .into_iter()
                    .map(|(from, length, named)| Ban {
                        span: span((from, length)),
                        channels: Default::default(),
                        purposes: if named { one } else { Purposes::default() },
                    })
                    .collect(),
                suspension: suspended.map(span),
                attempt: attempt(ContactPurpose::Campaign, origin + at * MINUTE),
                zone,
            }
        }
    }

    /// Whether anything stands against the case's contact at another instant, said as plainly as can be.
    fn is_refused(case: &Case, at: Micros) -> bool {
        let covers = |span: &Span| span.from <= at && at < span.until.unwrap();
        let wall = case.zone.to_datetime(Timestamp::from_microsecond(at).unwrap()).time();
        let minute = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
        let quiet = case.policy.quiet_hours.is_some_and(|quiet| {
            let mut night = vec![];
            let mut one = quiet.start;
            while one != quiet.end {
                night.push(one);
                one = (one + 1) % (24 * 60);
            }
            night.contains(&minute)
        });
        let capped = case.policy.caps.iter().any(|cap| {
            let counts = |one: &&Past| {
                let age = at - one.at;
                cap.counted.contains(one.purpose) && (0..cap.window).contains(&age)
            };
            case.contacts.iter().filter(counts).count() >= cap.max
        });
        let held = |purposes: Purposes| purposes.contains(ContactPurpose::Campaign);
        let banned = case
            .bans
            .iter()
            .any(|ban| covers(&ban.span) && (held(ban.purposes) || held(case.policy.do_not_contact_purposes)));
        (quiet && held(case.policy.quiet_hours_purposes))
            || capped
            || banned
            || case.suspension.as_ref().is_some_and(covers)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// The next allowed time is the first minute, counted one by one, at which nothing stands against it.
        #[test]
        fn the_next_allowed_time_is_the_first_one(case in cases()) {
            let known = Situation {
                bans: case.bans.clone(),
                suspension: case.suspension,
                contacts: case.contacts.clone(),
                ..situation(&case.zone)
            };
            let at = case.attempt.at;
            let minutes = (0..HORIZON).map(|minute| at + minute * MINUTE);
            let first = minutes.clone().find(|minute| !is_refused(&case, *minute));
            let next = case.policy.next_allowed(&known, &case.attempt);
            match first {
                Some(_) => prop_assert_eq!(next, first),
                // Every contact, wish and suspension lies behind after the horizon: only the hours could be to blame.
                None => prop_assert!(next.is_none_or(|next| next >= at + HORIZON * MINUTE)),
            }
            let refusals = case.policy.refusals(&known, &case.attempt);
            prop_assert_eq!(refusals.is_empty(), !is_refused(&case, at));
            // No rule says that it gives way before it does, nor later than all of them together.
            for refusal in refusals {
                prop_assert!(refusal.until.is_some_and(|until| until > at && next.is_none_or(|next| until <= next)));
            }
        }
    }
}
