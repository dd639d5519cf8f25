//! Who may say who served. An interaction counts for its primary participant, so it is not said at will by those for or
//! against whom it counts. Pure: reach and participants in, a verdict out.

use super::{Facts, Participant};
use crate::{
    api::v1::Involvement,
    error::{Error, Reason, Result, Violation},
    reach::Scope,
};

/// Notes by whom those are named who do not speak for themselves.
pub(super) fn tell(participants: &mut [Participant], by: &str) {
    for participant in participants {
        participant.told_by = Some(by.to_owned()).filter(|by| *by != participant.staff_id);
    }
}

/// Whether a caller of this reach may credit somebody with work.
fn may_credit(scope: &Scope, to: &Participant) -> bool {
    match scope {
        Scope::All => true,
        Scope::Customer(_) => false,
        Scope::Staff(staff_id) => to.staff_id == *staff_id,
        Scope::Teams { staff_id, teams } => {
            to.staff_id == *staff_id || to.team_id.as_ref().is_some_and(|team| teams.contains(team))
        }
    }
}

/// Refuses work that is recorded in the name of somebody whom the caller may not credit; `path`: where the participants
/// stand in the request.
///
/// # Errors
/// [`Error::CreditNotYours`]; [`Error::FieldNotYours`] where nobody took part at all.
pub(super) fn check_recorded(scope: &Scope, participants: &[Participant], path: &'static str) -> Result<()> {
    if *scope == Scope::All {
        return Ok(());
    }
    let primary = participants.iter().enumerate().find(|(_, one)| one.involvement == Involvement::Primary);
    let (index, primary) = primary.ok_or(Error::FieldNotYours(path))?;
    if may_credit(scope, primary) {
        return Ok(());
    }
    let rule = match scope {
        Scope::Teams { .. } => "must not be primary for anybody but the caller and people of the teams in the token",
        Scope::All | Scope::Staff(_) | Scope::Customer(_) => "must not be primary for anybody but the caller",
    };
    let field = format!("{path}[{index}].involvement");
    Err(Error::CreditNotYours(vec![Violation::new(field, Reason::CreditNotYours, rule)]))
}

/// Whether somebody is among the participants.
pub(super) fn is_party(subject: &str, participants: &[Participant]) -> bool {
    participants.iter().any(|one| one.staff_id == subject)
}

/// Refuses callers who would move work from or to themselves.
///
/// # Errors
/// [`Error::InterestedParty`].
pub(super) fn check_disinterest(subject: &str, before: &[Participant], after: &[Participant]) -> Result<()> {
    if is_party(subject, before) || is_party(subject, after) { Err(Error::InterestedParty) } else { Ok(()) }
}

/// Refuses people whom the caller may not credit with another's work; those who stay as they were are not at stake.
///
/// # Errors
/// [`Error::CreditNotYours`].
pub(super) fn check_moved(
    scope: &Scope,
    before: &[Participant],
    after: &[Participant],
    path: &'static str,
) -> Result<()> {
    let gains = |one: &Participant| {
        let was = before.iter().find(|was| was.staff_id == one.staff_id);
        was.is_none_or(|was| one.involvement == Involvement::Primary && was.involvement != Involvement::Primary)
    };
    let refused = after.iter().enumerate().filter(|(_, one)| gains(one) && !may_credit(scope, one));
    let violation = |(index, _)| {
        let rule = "must be of a team in the token: administrators move work to other teams";
        Violation::new(format!("{path}[{index}].staff_id"), Reason::CreditNotYours, rule)
    };
    let found: Vec<_> = refused.map(violation).collect();
    if found.is_empty() { Ok(()) } else { Err(Error::CreditNotYours(found)) }
}

/// Refuses participants who would change an instant that is known: by it a rating is in time or late.
///
/// # Errors
/// [`Error::FieldNotYours`].
pub(super) fn check_instants(subject: &str, before: &Facts, after: &Facts) -> Result<()> {
    let (was, is) = (before.instants, after.instants);
    let fields =
        [("interaction.connected_time", was.connected, is.connected), ("interaction.ended_time", was.ended, is.ended)];
    let changed = fields.into_iter().find(|(_, was, is)| was.is_some() && was != is);
    match changed {
        Some((field, ..)) if is_party(subject, &before.participants) => Err(Error::FieldNotYours(field)),
        Some(_) | None => Ok(()),
    }
}

/// Whether it counts for the same people of the same teams, in the same parts.
pub(super) fn is_same(before: &[Participant], after: &[Participant]) -> bool {
    let part = |one: &Participant| (one.role, one.team_id.clone(), one.involvement);
    let is_in = |one: &Participant, others: &[Participant]| {
        others.iter().any(|other| other.staff_id == one.staff_id && part(other) == part(one))
    };
    before.len() == after.len() && after.iter().all(|one| is_in(one, before))
}

/// Whether somebody may say that they took no part: named by somebody else, and not the one whom it counts for.
pub(super) fn may_decline(participant: &Participant) -> bool {
    let is_told = participant.told_by.as_ref().is_some_and(|by| *by != participant.staff_id);
    is_told && participant.involvement != Involvement::Primary
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(staff_id: &str, team: &str, involvement: Involvement) -> Participant {
        Participant {
            staff_id: staff_id.to_owned(),
            role: None,
            team_id: Some(team.to_owned()).filter(|team| !team.is_empty()),
            involvement,
            told_by: None,
        }
    }

    #[test]
    fn work_is_recorded_in_the_name_of_ones_own() {
        use Involvement::{Assisting, Primary};
        let staff = Scope::Staff("nora".to_owned());
        let leads = Scope::Teams { staff_id: "petra".to_owned(), teams: vec!["north".to_owned()] };
        let refused = |scope: &Scope, participants: &[Participant]| match check_recorded(scope, participants, "p") {
            Ok(()) => None,
            Err(Error::CreditNotYours(found)) => Some(found[0].field.clone()),
            Err(error) => panic!("{error}"),
        };
        let own = [one("nora", "north", Primary), one("sam", "south", Assisting)];
        let others = [one("nora", "north", Assisting), one("sam", "south", Primary)];
        assert_eq!([refused(&staff, &own), refused(&staff, &others)], [None, Some("p[1].involvement".to_owned())]);
        assert_eq!([refused(&leads, &own), refused(&leads, &others)], [None, Some("p[1].involvement".to_owned())]);
        assert_eq!(refused(&leads, &[one("petra", "", Primary)]), None, "herself, whatever her team");
        assert_eq!(refused(&Scope::All, &others), None);
        assert!(matches!(check_recorded(&staff, &[], "p"), Err(Error::FieldNotYours("p"))));
    }

    #[test]
    fn work_moves_within_ones_teams_and_not_to_oneself() {
        use Involvement::{Assisting, Primary};
        let leads = Scope::Teams { staff_id: "petra".to_owned(), teams: vec!["north".to_owned()] };
        let before = [one("nora", "north", Primary), one("sam", "south", Assisting)];
        let moved = |scope: &Scope, after: &[Participant]| match check_moved(scope, &before, after, "p") {
            Ok(()) => Vec::new(),
            Err(Error::CreditNotYours(found)) => found.into_iter().map(|one| one.field).collect(),
            Err(error) => panic!("{error}"),
        };
        let none: [&str; 0] = [];
        assert_eq!(moved(&leads, &[one("sam", "south", Assisting), one("nils", "north", Primary)]), none);
        assert_eq!(moved(&leads, &[one("nora", "north", Primary), one("siri", "south", Assisting)]), ["p[1].staff_id"]);
        let promoted = [one("nora", "north", Assisting), one("sam", "south", Primary)];
        assert_eq!(moved(&leads, &promoted), ["p[1].staff_id"], "one who was there is not credited with more");
        assert_eq!(moved(&Scope::All, &promoted), none);
        assert!(check_disinterest("petra", &before, &promoted).is_ok());
        assert!(matches!(check_disinterest("sam", &before, &before[..1]), Err(Error::InterestedParty)));
        assert!(matches!(
            check_disinterest("petra", &before, &[one("petra", "", Primary)]),
            Err(Error::InterestedParty)
        ));
    }

    #[test]
    fn order_and_who_told_are_no_credit() {
        use Involvement::{Assisting, Primary};
        let before = [one("nora", "north", Primary), one("sam", "south", Assisting)];
        let mut turned = [before[1].clone(), before[0].clone()];
        tell(&mut turned, "petra");
        assert!(is_same(&before, &turned));
        assert!(!is_same(&before, &before[..1]));
        assert!(!is_same(&before, &[one("nora", "south", Primary), before[1].clone()]), "for another team");
        assert!(!is_same(&before, &[one("nora", "north", Assisting), one("sam", "south", Primary)]));
    }

    #[test]
    fn a_participant_named_by_another_may_decline() {
        let mut told = vec![
            one("nora", "north", Involvement::Primary),
            one("nils", "north", Involvement::Assisting),
            one("petra", "north", Involvement::Assisting),
        ];
        assert!(!told.iter().any(may_decline), "told by an application");
        tell(&mut told, "petra");
        assert_eq!(told.iter().map(may_decline).collect::<Vec<_>>(), [false, true, false]);
    }
}
