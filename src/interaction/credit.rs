//! Who may say who served. An interaction counts for its primary participant, so it is not said at will by those for or
//! against whom it counts. Pure: reach and participants in, a verdict out.

use super::Participant;
use crate::{
    api::v1::Involvement,
    directory::scope::Scope,
    error::{Error, Reason, Result, Violation},
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
    fn who_was_named_by_another_may_decline() {
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
