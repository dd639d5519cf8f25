//! Who may contest what and until when, who may judge it, and what follows.

use uuid::Uuid;

use super::{Contest, Review};
use crate::{
    api::v1::{Attribution, ContestGrounds, ContestState, ContestVerdict, RatingStanding},
    clock::{DAY, Micros},
    error::{Error, Result},
    rating::{self, Rated},
    store::request,
};

/// How long after they could see it somebody may contest a rating, and after a refusal appeal.
pub(super) const CONTEST_WINDOW: Micros = 7 * DAY;
/// How long reviewers have; then the doubt is the rated person's.
pub(super) const DECISION_WINDOW: Micros = 5 * DAY;
/// One contest in so many takes two reviewers.
const SAMPLE: u128 = 10;

/// Whether grounds mean nothing without evidence.
pub(super) fn needs_evidence(grounds: ContestGrounds) -> bool {
    match grounds {
        ContestGrounds::SecondReply | ContestGrounds::Other => true,
        ContestGrounds::Incident | ContestGrounds::NotAboutStaff | ContestGrounds::Unspecified => false,
    }
}

/// Whether a rating that stands so, and could be seen since `seen_at`, may be contested at `now`.
///
/// # Errors
/// [`Error::NotCounted`], [`Error::ContestTooLate`].
pub(super) fn may_contest(standing: RatingStanding, seen_at: Micros, now: Micros) -> Result<()> {
    if standing != RatingStanding::Counted {
        return Err(Error::NotCounted(standing.plain_name().to_owned()));
    }
    if now > seen_at + CONTEST_WINDOW {
        return Err(Error::ContestTooLate);
    }
    Ok(())
}

/// Whether the record alone decides for the contester; `others`: what the customer said of the same interaction when
/// they rated somebody else in it.
pub(super) fn is_plain(grounds: ContestGrounds, others: &[Attribution]) -> bool {
    let about_something_else = |attribution: &Attribution| match attribution {
        Attribution::Unspecified | Attribution::Staff => false,
        Attribution::Policy
        | Attribution::Product
        | Attribution::System
        | Attribution::Logistics
        | Attribution::Other => true,
    };
    grounds == ContestGrounds::NotAboutStaff && others.iter().any(about_something_else)
}

/// Whether a contest takes a second reviewer whatever the first one says. Anyone can recompute it.
fn is_sampled(contest_id: Uuid) -> bool {
    request::hash(&[b"contest sample", contest_id.as_bytes()]).as_u128().is_multiple_of(SAMPLE)
}

/// A reviewer, with the teams they lead or belong to.
#[derive(Clone, Debug)]
pub(super) struct Reviewer {
    pub(super) subject: String,
    pub(super) teams: Vec<String>,
}

/// Refuses callers with a stake in a contest; `present_team`: the rated person's team today, maybe not that of then.
///
/// # Errors
/// [`Error::InterestedParty`].
pub(super) fn check_disinterest(
    reviewer: &Reviewer,
    contester: &str,
    rated: Option<&Rated>,
    present_team: Option<&str>,
) -> Result<()> {
    let team_then = rated.and_then(|one| one.team_id.as_deref());
    let teams = [team_then, present_team];
    let is_party = reviewer.subject == contester || rated.is_some_and(|one| one.staff_id == reviewer.subject);
    let is_near = teams.iter().flatten().any(|team| reviewer.teams.iter().any(|own| own == team));
    if is_party || is_near { Err(Error::InterestedParty) } else { Ok(()) }
}

/// What a verdict makes of a contest: the state it has from then on.
///
/// # Errors
/// [`Error::ContestSettled`], [`Error::SameReviewer`].
pub(super) fn judge(
    contest: &Contest,
    earlier: &[Review],
    reviewer: &str,
    verdict: ContestVerdict,
) -> Result<ContestState> {
    match contest.state {
        ContestState::Open | ContestState::SecondReview | ContestState::ProvisionallyGranted => {}
        ContestState::Granted | ContestState::Refused | ContestState::Unspecified => return Err(Error::ContestSettled),
    }
    if earlier.iter().any(|one| one.reviewer == reviewer) {
        return Err(Error::SameReviewer);
    }
    if earlier.is_empty() && is_sampled(contest.id) {
        // What the deadline granted stays granted until somebody else has looked too.
        let provisional = contest.state == ContestState::ProvisionallyGranted;
        return Ok(if provisional { contest.state } else { ContestState::SecondReview });
    }
    Ok(match verdict {
        ContestVerdict::Granted => ContestState::Granted,
        ContestVerdict::Refused | ContestVerdict::Unspecified => ContestState::Refused,
    })
}

/// Whether a contest may be appealed at `now`.
///
/// # Errors
/// [`Error::NotAppealable`], [`Error::ContestTooLate`].
pub(super) fn may_appeal(contest: &Contest, now: Micros) -> Result<()> {
    if contest.state != ContestState::Refused || contest.appeal.is_some() {
        return Err(Error::NotAppealable);
    }
    let refused_at = contest.decided_at.unwrap_or(contest.contested_at);
    if now > refused_at + CONTEST_WINDOW { Err(Error::ContestTooLate) } else { Ok(()) }
}

/// How a rating stands once it is not exempt any more: what the customer has said since then counts, too.
pub(super) fn restored(former: RatingStanding, attribution: Attribution) -> RatingStanding {
    match former {
        RatingStanding::Incident => former,
        RatingStanding::Late => rating::standing(true, attribution),
        RatingStanding::Counted
        | RatingStanding::NonStaff
        | RatingStanding::Exempt
        | RatingStanding::Superseded
        | RatingStanding::Unspecified => rating::standing(false, attribution),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::v1::StaffRole, contest::Appeal};

    const NOW: Micros = 1_740_992_400_000_000;

    fn contest(state: ContestState) -> Contest {
        Contest {
            id: drawn(false),
            rating_id: Uuid::nil(),
            masked_id: None,
            contester: "petra".to_owned(),
            grounds: ContestGrounds::Other,
            evidence: None,
            contested_at: NOW,
            state,
            decide_by: NOW + DECISION_WINDOW,
            decided_at: None,
            appeal: None,
            exemption: None,
        }
    }

    fn review(reviewer: &str) -> Review {
        Review {
            reviewer: reviewer.to_owned(),
            verdict: ContestVerdict::Refused,
            reason: "as the record says".to_owned(),
            at: NOW,
        }
    }

    #[test]
    fn a_rating_that_counts_may_be_contested_to_the_last_microsecond() {
        assert!(may_contest(RatingStanding::Counted, NOW - CONTEST_WINDOW, NOW).is_ok());
        let late = may_contest(RatingStanding::Counted, NOW - CONTEST_WINDOW - 1, NOW);
        assert!(matches!(late, Err(Error::ContestTooLate)));
        let Err(Error::NotCounted(why)) = may_contest(RatingStanding::NonStaff, NOW, NOW) else { panic!() };
        assert_eq!(why, "non_staff");
    }

    #[test]
    fn the_record_decides_only_what_it_says() {
        use ContestGrounds::{Incident, NotAboutStaff};
        assert!(is_plain(NotAboutStaff, &[Attribution::Staff, Attribution::Logistics]));
        assert!(!is_plain(NotAboutStaff, &[Attribution::Staff, Attribution::Unspecified]));
        assert!(!is_plain(NotAboutStaff, &[]));
        assert!(!is_plain(Incident, &[Attribution::Logistics]));
    }

    #[test]
    fn one_in_ten_is_sampled() {
        let sampled = (0..10_000).filter(|number| is_sampled(Uuid::from_u128(*number))).count();
        assert!((900..1_100).contains(&sampled), "{sampled}");
    }

    #[test]
    fn nobody_judges_their_own_or_their_teams() {
        let rated = Rated { staff_id: "nora".to_owned(), team_id: Some("north".to_owned()), role: StaffRole::Agent };
        let may = |subject: &str, teams: &[&str], present: Option<&str>| {
            let teams = teams.iter().map(|team| (*team).to_owned()).collect();
            check_disinterest(&Reviewer { subject: subject.to_owned(), teams }, "petra", Some(&rated), present).is_ok()
        };
        assert!(may("rita", &[], Some("north")) && may("rita", &["south"], Some("north")));
        assert!(!may("nora", &[], None), "the rated person");
        assert!(!may("petra", &[], None), "the contester");
        assert!(!may("rita", &["south", "north"], None), "of the team of then");
        assert!(!may("rita", &["south"], Some("south")), "of the team of today");
    }

    #[test]
    fn a_verdict_settles_or_asks_for_a_second_one() {
        use ContestState::{Granted, Open, ProvisionallyGranted, Refused, SecondReview};
        let judged = |contest: &Contest, earlier: &[Review], reviewer| {
            judge(contest, earlier, reviewer, ContestVerdict::Granted)
        };
        assert_eq!(judged(&contest(Open), &[], "rita").unwrap(), Granted);
        assert_eq!(judge(&contest(Open), &[], "rita", ContestVerdict::Refused).unwrap(), Refused);
        for state in [Granted, Refused] {
            assert!(matches!(judged(&contest(state), &[], "rita"), Err(Error::ContestSettled)));
        }
        let sampled = |state| Contest { id: drawn(true), ..contest(state) };
        assert_eq!(judged(&sampled(Open), &[], "rita").unwrap(), SecondReview);
        assert_eq!(judged(&sampled(ProvisionallyGranted), &[], "rita").unwrap(), ProvisionallyGranted);
        let second = sampled(SecondReview);
        assert!(matches!(judged(&second, &[review("rita")], "rita"), Err(Error::SameReviewer)));
        assert_eq!(judged(&second, &[review("rita")], "rolf").unwrap(), Granted);
    }

    #[test]
    fn a_refusal_is_appealed_once_and_in_time() {
        let refused = Contest { decided_at: Some(NOW), ..contest(ContestState::Refused) };
        assert!(may_appeal(&refused, NOW + CONTEST_WINDOW).is_ok());
        assert!(matches!(may_appeal(&refused, NOW + CONTEST_WINDOW + 1), Err(Error::ContestTooLate)));
        let again = Contest { appeal: Some(Appeal { reason: "look again".to_owned(), at: NOW }), ..refused };
        assert!(matches!(may_appeal(&again, NOW), Err(Error::NotAppealable)));
        assert!(matches!(may_appeal(&contest(ContestState::Open), NOW), Err(Error::NotAppealable)));
    }

    #[test]
    fn what_is_restored_stands_as_the_rules_say() {
        use RatingStanding::{Counted, Incident, Late, NonStaff};
        assert_eq!(restored(Counted, Attribution::Unspecified), Counted);
        assert_eq!(restored(Counted, Attribution::Policy), NonStaff, "the customer corrected it meanwhile");
        assert_eq!(restored(Late, Attribution::Staff), Late);
        assert_eq!(restored(Incident, Attribution::Staff), Incident);
    }

    /// An id of the sample, or outside it.
    fn drawn(sampled: bool) -> Uuid {
        (0..).map(Uuid::from_u128).find(|id| is_sampled(*id) == sampled).unwrap()
    }
}
