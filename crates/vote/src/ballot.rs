//! What a ballot may say, and what it gives to each entry it judges.

/// What an entry gets from one ballot is counted in this part of 1: all shares of panels of up to [`LARGEST_PANEL`] entries
/// are whole numbers of it (twice the least common multiple of 1 to 20).
pub const UNIT: u64 = 465_585_120;

/// Entries on a panel, at most, for [`UNIT`] to divide. The server deals at most [`MOST_DEALT`].
pub const LARGEST_PANEL: usize = 21;

/// Entries that the server deals to a voter, at least and at most.
pub const FEWEST_DEALT: usize = 2;
/// See [`FEWEST_DEALT`].
pub const MOST_DEALT: usize = 8;

/// Why a ballot cannot be cast, no matter who casts it and how the vote stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// Not among the competition's entries.
    #[error("there is no entry {0:?} in this competition")]
    UnknownEntry(String),
    /// Of the voter's own team.
    #[error("entry {0:?} is of the voter's own team")]
    OwnEntry(String),
    /// Not on the voter's panel.
    #[error("entry {0:?} was not dealt to this voter")]
    NotDealt(String),
    /// Named more than once.
    #[error("entry {0:?} is named more than once")]
    DuplicateEntry(String),
    /// Fewer than [`fewest_ranked`].
    #[error("at least {0} entries must be ranked")]
    TooFewRanked(usize),
    /// More than the rules allow.
    #[error("at most {0} entries may be chosen")]
    TooManyChosen(usize),
    /// None at all.
    #[error("nothing is chosen")]
    NothingChosen,
}

impl Fault {
    /// As the dry-run and the contract name it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownEntry(_) => "UNKNOWN_ENTRY",
            Self::OwnEntry(_) => "OWN_ENTRY",
            Self::NotDealt(_) => "ENTRY_NOT_DEALT",
            Self::DuplicateEntry(_) => "DUPLICATE_ENTRY",
            Self::TooFewRanked(_) => "TOO_FEW_RANKED",
            Self::TooManyChosen(_) => "TOO_MANY_CHOSEN",
            Self::NothingChosen => "NOTHING_CHOSEN",
        }
    }
}

/// How many of a panel must be ranked, at least.
pub fn fewest_ranked(panel: usize) -> usize {
    3.min(panel.saturating_sub(1))
}

/// How many places at the top of a panel support an entry.
pub fn top_places(panel: usize) -> usize {
    panel.div_ceil(3)
}

fn duplicates<T: AsRef<str>>(named: &[T]) -> impl Iterator<Item = Fault> {
    let mut seen = std::collections::HashSet::new();
    let again = named.iter().map(AsRef::as_ref).filter(move |one| !seen.insert(*one));
    again.map(|one| Fault::DuplicateEntry(one.to_owned()))
}

/// Everything that is wrong with a ranking, best first, of a dealt panel.
pub fn check_ranking(panel: &[impl AsRef<str>], ranking: &[impl AsRef<str> + PartialEq]) -> Vec<Fault> {
    let dealt = |one: &str| panel.iter().any(|entry| entry.as_ref() == one);
    let foreign = ranking.iter().map(AsRef::as_ref).filter(|one| !dealt(one)).map(str::to_owned).map(Fault::NotDealt);
    let mut faults: Vec<Fault> = duplicates(ranking).chain(foreign).collect();
    let fewest = fewest_ranked(panel.len());
    if ranking.len() < fewest {
        faults.push(Fault::TooFewRanked(fewest));
    }
    faults
}

/// Everything that is wrong with a choice among entries; `allowed` says why one is not.
pub fn check_choices(
    choices: &[impl AsRef<str> + PartialEq],
    most: usize,
    allowed: impl Fn(&str) -> Result<(), Fault>,
) -> Vec<Fault> {
    let refused = choices.iter().filter_map(|one| allowed(one.as_ref()).err());
    let mut faults: Vec<Fault> = duplicates(choices).chain(refused).collect();
    if choices.is_empty() {
        faults.push(Fault::NothingChosen);
    }
    if choices.len() > most {
        faults.push(Fault::TooManyChosen(most));
    }
    faults
}

/// What a ballot says of one entry that it judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// In [`UNIT`]s: 1 for the best, 0 for the worst.
    pub share: u64,
    /// In the top third of the panel, or chosen.
    pub top: bool,
}

/// Of an entry dealt on a panel of `panel` (2 to [`LARGEST_PANEL`]), of which the best `ranked` were ranked; `place` is its own
/// among them, from 1. What was not ranked shares the mean of the places that are left.
pub fn ranked_mark(panel: usize, ranked: usize, place: Option<usize>) -> Mark {
    let per_place = UNIT / (panel as u64 - 1);
    match place {
        Some(place) => Mark { share: per_place * (panel - place) as u64, top: place <= top_places(panel) },
        None => Mark { share: per_place * (panel - ranked).saturating_sub(1) as u64 / 2, top: false },
    }
}

/// Of an entry that could be chosen.
pub fn chosen_mark(chosen: bool) -> Mark {
    Mark { share: if chosen { UNIT } else { 0 }, top: chosen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_on_every_panel_and_add_up() {
        for panel in FEWEST_DEALT..=LARGEST_PANEL {
            assert_eq!(UNIT % (2 * (panel as u64 - 1)), 0, "{panel}");
            for ranked in fewest_ranked(panel)..=panel {
                let places = (1..=ranked).map(Some).chain(std::iter::repeat_n(None, panel - ranked));
                let sum: u64 = places.map(|place| ranked_mark(panel, ranked, place).share).sum();
                // A voter who ranks fewer gives neither more nor less.
                assert_eq!(2 * sum, UNIT * panel as u64, "{ranked} of {panel}");
            }
        }
    }

    #[test]
    fn places_are_worth_what_the_specification_says() {
        let share = |panel, ranked, place| ranked_mark(panel, ranked, place).share as f64 / UNIT as f64;
        assert_eq!([share(8, 3, Some(1)), share(5, 5, Some(5))], [1.0, 0.0]);
        assert!((share(8, 3, Some(2)) - 6.0 / 7.0).abs() < 1e-12);
        assert!((share(8, 3, None) - 4.0 / 2.0 / 7.0).abs() < 1e-12);
        assert!([(2, 1), (3, 1), (4, 2), (7, 3), (8, 3)].iter().all(|(panel, top)| top_places(*panel) == *top));
        assert!([(2, 1), (3, 2), (4, 3), (8, 3)].iter().all(|(panel, fewest)| fewest_ranked(*panel) == *fewest));
    }

    #[test]
    fn every_fault_of_a_ranking_is_named() {
        let panel = ["a", "b", "c", "d"];
        assert_eq!(check_ranking(&panel, &["c", "a", "b"]), []);
        let faults = check_ranking(&panel, &["c", "c"]);
        assert_eq!(faults, [Fault::DuplicateEntry("c".into()), Fault::TooFewRanked(3)]);
        assert_eq!(check_ranking(&panel, &["a", "x", "b"]), [Fault::NotDealt("x".into())]);
    }

    #[test]
    fn every_fault_of_a_choice_is_named() {
        let allowed = |one: &str| if one == "own" { Err(Fault::OwnEntry(one.into())) } else { Ok(()) };
        assert_eq!(check_choices(&["a"], 1, allowed), []);
        assert_eq!(check_choices(&[] as &[&str], 1, allowed), [Fault::NothingChosen]);
        let faults = check_choices(&["own", "own"], 1, allowed);
        let own = Fault::OwnEntry("own".into());
        assert_eq!(faults, [Fault::DuplicateEntry("own".into()), own.clone(), own, Fault::TooManyChosen(1)]);
    }
}
