//! Who judges what: dealt before anybody can ask for it, so that two who agree to push each other mostly cannot.
//!
//! All of it follows from the frozen roll, the entries, the rules and the seed. Ids are taken in the order of their bytes, so
//! that nothing depends on the order in which they were entered.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use crate::{
    Entry, Form,
    ballot::{FEWEST_DEALT, MOST_DEALT},
    draw::{Purpose, Seed, Stream},
    tally::FEWEST_JUDGES_OF_AN_ENTRY,
};

/// Voters that make a judge team of their own, at least; those of smaller teams are pooled.
pub const FEWEST_VOTERS: usize = 3;
/// Voters of a pool, at least.
pub const SMALLEST_POOL: usize = 5;
/// Entries of a competition, at least.
pub const FEWEST_ENTRIES: usize = 3;
/// Judge teams of a competition, at least.
pub const FEWEST_JUDGES: usize = 5;
/// Entries of a competition, at most.
pub const MOST_ENTRIES: usize = 500;
/// Voters of a competition, at most.
pub const MOST_VOTERS: usize = 20_000;
/// Entries on all ballots together, at most; an open choice has all entries on each.
pub const MOST_PLACES: usize = 1_000_000;
/// From so many entries on, panels are one-way unless the rules say otherwise.
pub const ONE_WAY_FROM: usize = 17;
/// From so many entries on, panels can be one-way at all.
pub const ONE_WAY_POSSIBLE_FROM: usize = 9;

/// Whether of two teams at most one judges the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OneWay {
    /// From [`ONE_WAY_FROM`] entries on.
    #[default]
    Auto,
    /// Always; refused with fewer entries than [`ONE_WAY_POSSIBLE_FROM`].
    Always,
    /// Never.
    Never,
}

/// A member of the roll.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voter {
    /// Unique on the roll.
    pub id: String,
    /// Where the voter works, or for whom they judge.
    pub team: Option<String>,
    /// Teams whose entries the voter must not judge.
    pub conflicts: BTreeSet<String>,
}

/// What dealing depends on besides the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How ballots are filled in.
    pub form: Form,
    /// Entries on a panel, [`FEWEST_DEALT`] to [`MOST_DEALT`].
    pub panel_size: usize,
    /// Whether two teams may judge each other.
    pub one_way: OneWay,
    /// Who judged whom in the competition before, by team: pairs that return keep their direction.
    pub earlier: Directions,
}

/// A team, and one that it may judge.
pub type Directions = BTreeSet<(String, String)>;

/// Why voting cannot open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Fewer than [`FEWEST_ENTRIES`].
    #[error("{0} entries are too few: at least {FEWEST_ENTRIES} are needed")]
    TooFewEntries(usize),
    /// Fewer than [`FEWEST_JUDGES`].
    #[error("{0} judge teams are too few: at least {FEWEST_JUDGES} are needed")]
    TooFewJudges(usize),
    /// More than there are entries.
    #[error("{neutral} neutral judge teams are too many beside {entries} competing ones")]
    TooManyNeutral {
        /// Neutral judge teams.
        neutral: usize,
        /// Competing teams.
        entries: usize,
    },
    /// More than [`MOST_ENTRIES`].
    #[error("{0} entries are too many: at most {MOST_ENTRIES} can be judged")]
    TooManyEntries(usize),
    /// More than [`MOST_VOTERS`].
    #[error("{0} voters are too many: at most {MOST_VOTERS} can judge")]
    TooManyVoters(usize),
    /// An open choice with more than [`MOST_PLACES`].
    #[error(
        "an open choice of {entries} entries by {voters} voters is too large: at most {MOST_PLACES} entries can stand on \
         all ballots together"
    )]
    TooManyPlaces {
        /// All of them, on each ballot.
        entries: usize,
        /// One ballot each.
        voters: usize,
    },
    /// One-way was asked for with fewer than [`ONE_WAY_POSSIBLE_FROM`].
    #[error("one-way panels need at least {ONE_WAY_POSSIBLE_FROM} entries, there are {0}")]
    TooFewForOneWay(usize),
}

/// What becomes of one voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    /// The voter judges.
    Panel {
        /// The judge team that the voter votes in.
        judge: String,
        /// Entries dealt to the voter, in the order of dealing; for an open choice, all that they may choose, by id.
        panel: Vec<String>,
    },
    /// Fewer than [`FEWEST_DEALT`] entries are allowed to the voter (for an open choice: none).
    NothingToJudge,
    /// The voter's team is too small to judge by itself, and so are all such teams together.
    NoPool,
}

impl Seat {
    fn judge(&self) -> Option<&str> {
        match self {
            Self::Panel { judge, .. } => Some(judge),
            Self::NothingToJudge | Self::NoPool => None,
        }
    }
}

/// A dealt competition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// By voter.
    pub seats: BTreeMap<String, Seat>,
    /// Of the competing teams.
    pub directions: Directions,
    /// Whether two teams may judge each other.
    pub one_way: bool,
}

impl Deal {
    /// Judge teams with at least one voter who judges.
    pub fn judges(&self) -> BTreeSet<&str> {
        self.seats.values().filter_map(Seat::judge).collect()
    }

    /// How many judge teams must vote for every entry to be judged by [`FEWEST_JUDGES_OF_AN_ENTRY`] of them, whichever they are
    /// and if their voters all do. None: an entry is dealt to fewer.
    pub fn judges_needed(&self, entries: &[Entry]) -> Option<usize> {
        let mut judged_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for seat in self.seats.values() {
            let Seat::Panel { judge, panel } = seat else { continue };
            panel.iter().for_each(|entry| judged_by.entry(entry).or_default().extend([judge.as_str()]));
        }
        let judges = self.judges().len();
        let fewest = entries.iter().map(|entry| judged_by.get(entry.id.as_str()).map_or(0, BTreeSet::len)).min()?;
        // All that do not vote may be of those that judge the same entry.
        fewest.checked_sub(FEWEST_JUDGES_OF_AN_ENTRY).map(|spare| judges - spare)
    }
}

/// Of a pool, by its number; no team's id begins so, since ids hold no spaces at their ends.
fn pool_name(number: usize) -> String {
    format!(" pool {number}")
}

/// Deals a competition.
///
/// # Errors
/// Why it cannot be opened, all reasons at once.
pub fn deal(terms: &Terms, entries: &[Entry], voters: &[Voter], seed: &Seed) -> Result<Deal, Vec<Refusal>> {
    let too_large = too_large(terms.form, entries.len(), voters.len());
    if !too_large.is_empty() {
        return Err(too_large);
    }
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_unstable();
    let mut voters: Vec<&Voter> = voters.iter().collect();
    voters.sort_unstable();
    let mut stream = seed.stream(Purpose::Deal);
    let one_way = terms.form == Form::RankedPanel
        && match terms.one_way {
            OneWay::Auto => entries.len() >= ONE_WAY_FROM,
            OneWay::Always => true,
            OneWay::Never => false,
        };
    let directions = match one_way {
        true => one_way_directions(&entries, &terms.earlier, &mut stream),
        false => all_directions(&entries),
    };
    let tables = seat(&entries, &voters, &directions, &mut stream);
    let mut deal = Deal { seats: BTreeMap::new(), directions, one_way };
    for voter in tables.unseated {
        deal.seats.insert(voter.id.clone(), Seat::NoPool);
    }
    match terms.form {
        Form::RankedPanel => deal_panels(terms.panel_size, &entries, tables.judges, &mut stream, &mut deal.seats),
        Form::OpenChoice => {
            for (judge, table) in tables.judges {
                for chair in table {
                    let panel: Vec<String> = chair.allowed.iter().map(|at| entries[*at].id.clone()).collect();
                    let seat = match panel.is_empty() {
                        true => Seat::NothingToJudge,
                        false => Seat::Panel { judge: judge.clone(), panel },
                    };
                    deal.seats.insert(chair.voter.id.clone(), seat);
                }
            }
        }
    }
    let mut refusals = Vec::new();
    if entries.len() < FEWEST_ENTRIES {
        refusals.push(Refusal::TooFewEntries(entries.len()));
    }
    let judges = deal.judges();
    if judges.len() < FEWEST_JUDGES {
        refusals.push(Refusal::TooFewJudges(judges.len()));
    }
    let teams: BTreeSet<&str> = entries.iter().map(|entry| entry.team.as_str()).collect();
    let neutral = judges.iter().filter(|judge| !judge.starts_with(' ') && !teams.contains(**judge)).count();
    if neutral > entries.len() {
        refusals.push(Refusal::TooManyNeutral { neutral, entries: entries.len() });
    }
    if terms.form == Form::RankedPanel && terms.one_way == OneWay::Always && entries.len() < ONE_WAY_POSSIBLE_FROM {
        refusals.push(Refusal::TooFewForOneWay(entries.len()));
    }
    if refusals.is_empty() { Ok(deal) } else { Err(refusals) }
}

/// What makes a competition larger than anybody can deal in time: looked at before anything else is.
pub fn too_large(form: Form, entries: usize, voters: usize) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if entries > MOST_ENTRIES {
        refusals.push(Refusal::TooManyEntries(entries));
    }
    if voters > MOST_VOTERS {
        refusals.push(Refusal::TooManyVoters(voters));
    }
    if form == Form::OpenChoice && entries.saturating_mul(voters) > MOST_PLACES {
        refusals.push(Refusal::TooManyPlaces { entries, voters });
    }
    refusals
}

fn all_directions(entries: &[&Entry]) -> Directions {
    let pairs = entries.iter().flat_map(|judge| entries.iter().map(move |judged| (&judge.team, &judged.team)));
    pairs.filter(|(judge, judged)| judge != judged).map(|(judge, judged)| (judge.clone(), judged.clone())).collect()
}

/// A tournament by rotation, so that each entry has as many judges as any other: entries stand in a circle, and at every
/// distance a coin says whether teams judge forwards or backwards. Of an even number, opposite ones do not judge each other.
fn one_way_directions(entries: &[&Entry], earlier: &Directions, stream: &mut Stream) -> Directions {
    let mut circle = entries.to_vec();
    stream.shuffle(&mut circle);
    let n = circle.len();
    let mut directions = Directions::new();
    for distance in 1..=n.saturating_sub(1) / 2 {
        let step = if stream.coin() { n - distance } else { distance };
        for (at, judge) in circle.iter().enumerate() {
            let (judge, judged) = (&judge.team, &circle[(at + step) % n].team);
            // What was not possible last month is not paid back this month either.
            let (ahead, back) = ((judge.clone(), judged.clone()), (judged.clone(), judge.clone()));
            let turned = earlier.contains(&back) && !earlier.contains(&ahead);
            directions.insert(if turned { back } else { ahead });
        }
    }
    directions
}

/// A voter, and the entries that they may judge.
struct Chair<'a> {
    voter: &'a Voter,
    /// Shared by all of a team who have no conflict of their own.
    allowed: Rc<BTreeSet<usize>>,
}

/// Voters by judge team.
struct Tables<'a> {
    judges: BTreeMap<String, Vec<Chair<'a>>>,
    unseated: Vec<&'a Voter>,
}

fn seat<'a>(entries: &[&Entry], voters: &[&'a Voter], directions: &Directions, stream: &mut Stream) -> Tables<'a> {
    let mut place_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    entries.iter().enumerate().for_each(|(at, entry)| place_of.entry(&entry.team).or_default().push(at));
    let mut led: BTreeMap<&str, BTreeSet<usize>> = place_of.keys().map(|team| (*team, BTreeSet::new())).collect();
    for (judge, judged) in directions {
        if let (Some(led), Some(places)) = (led.get_mut(judge.as_str()), place_of.get(judged.as_str())) {
            led.extend(places);
        }
    }
    let led: BTreeMap<&str, Rc<BTreeSet<usize>>> = led.into_iter().map(|(team, led)| (team, Rc::new(led))).collect();
    let all: Rc<BTreeSet<usize>> = Rc::new((0..entries.len()).collect());
    let chair = |voter: &'a Voter| {
        // A competitor keeps the team's directions in a pool too: there, two friends could find each other again.
        let allowed = voter.team.as_deref().and_then(|team| led.get(team)).unwrap_or(&all);
        let refused: BTreeSet<usize> =
            voter.conflicts.iter().filter_map(|team| place_of.get(team.as_str())).flatten().copied().collect();
        let allowed = match refused.is_empty() {
            true => allowed.clone(),
            false => Rc::new(allowed.difference(&refused).copied().collect()),
        };
        Chair { voter, allowed }
    };
    let mut judges: BTreeMap<String, Vec<Chair<'a>>> = BTreeMap::new();
    let mut loose = Vec::new();
    for voter in voters {
        match &voter.team {
            Some(team) => judges.entry(team.clone()).or_default().push(chair(voter)),
            None => loose.push(chair(voter)),
        }
    }
    let small: Vec<String> =
        judges.iter().filter(|(_, table)| table.len() < FEWEST_VOTERS).map(|(team, _)| team.clone()).collect();
    loose.extend(small.iter().filter_map(|team| judges.remove(team)).flatten());
    loose.sort_unstable_by(|one, other| one.voter.id.cmp(&other.voter.id));
    stream.shuffle(&mut loose);
    let pools = loose.len() / SMALLEST_POOL;
    if pools > 0 {
        for (at, chair) in loose.into_iter().enumerate() {
            judges.entry(pool_name(at % pools + 1)).or_default().push(chair);
        }
        return Tables { judges, unseated: Vec::new() };
    }
    // Too few for a pool: they would be judges of their own. They join the smallest neutral team, where there is one.
    let competes = |team: &str| entries.iter().any(|entry| entry.team == team);
    let host = judges.iter_mut().filter(|(team, _)| !competes(team)).min_by_key(|(_, table)| table.len());
    match host {
        Some((_, table)) => {
            table.extend(loose);
            Tables { judges, unseated: Vec::new() }
        }
        None => Tables { judges, unseated: loose.into_iter().map(|chair| chair.voter).collect() },
    }
}

fn deal_panels(
    panel_size: usize,
    entries: &[&Entry],
    mut judges: BTreeMap<String, Vec<Chair<'_>>>,
    stream: &mut Stream,
    seats: &mut BTreeMap<String, Seat>,
) {
    let most = panel_size.clamp(FEWEST_DEALT, MOST_DEALT);
    for table in judges.values_mut() {
        table.retain(|chair| {
            let judges = chair.allowed.len() >= FEWEST_DEALT;
            if !judges {
                seats.insert(chair.voter.id.clone(), Seat::NothingToJudge);
            }
            judges
        });
        table.sort_unstable_by(|one, other| one.voter.id.cmp(&other.voter.id));
    }
    judges.retain(|_, table| !table.is_empty());
    let hands: Vec<Hand> = judges.values().map(|table| Hand::of(most, table)).collect();
    let shown = balanced(entries.len(), &hands, stream);
    for ((judge, table), (hand, shown)) in judges.into_iter().zip(hands.into_iter().zip(shown)) {
        let mut deck = Deck::of(&hand, shown, stream);
        for chair in table {
            let mut panel: Vec<usize> = Vec::new();
            let size = most.min(chair.allowed.len());
            while panel.len() < size {
                let next = deck.next(stream, |entry| chair.allowed.contains(&entry) && !panel.contains(&entry));
                panel.push(next);
            }
            deck.give_back();
            let panel = panel.into_iter().map(|at| entries[at].id.clone()).collect();
            seats.insert(chair.voter.id.clone(), Seat::Panel { judge: judge.clone(), panel });
        }
    }
}

/// What a judge team can show.
struct Hand {
    /// Entries that at least one of its voters may judge.
    allowed: BTreeSet<usize>,
    /// Places on all its panels.
    places: usize,
}

impl Hand {
    fn of(most: usize, table: &[Chair<'_>]) -> Self {
        let allowed: BTreeSet<usize> = table.iter().flat_map(|chair| chair.allowed.iter().copied()).collect();
        Self { allowed, places: table.iter().map(|chair| most.min(chair.allowed.len())).sum() }
    }
}

/// The entries that each judge team shows where it cannot show all of its own: every entry to as many judge teams as any
/// other, as nearly as the teams' sizes and directions allow.
///
/// Begins with a blind draw and then moves places from entries that many show to such that few show, along the shortest chain of
/// teams, until no chain is left: as in augmenting a flow, the result is the most even there is.
fn balanced(entries: usize, hands: &[Hand], stream: &mut Stream) -> Vec<BTreeSet<usize>> {
    let draw = |hand: &Hand| -> BTreeSet<usize> {
        let mut all: Vec<usize> = hand.allowed.iter().copied().collect();
        stream.shuffle(&mut all);
        all.into_iter().take(hand.places).collect()
    };
    let mut shown: Vec<BTreeSet<usize>> = hands.iter().map(draw).collect();
    let mut counts = vec![0_usize; entries];
    shown.iter().flatten().for_each(|entry| counts[*entry] += 1);
    while let Some(chain) = chain(hands, &shown, &counts) {
        for (team, from, to) in chain {
            shown[team].remove(&from);
            shown[team].insert(to);
            counts[from] -= 1;
            counts[to] += 1;
        }
    }
    shown
}

/// Teams that could show another entry instead of one, so that an entry loses a judge to one that has at least two fewer.
fn chain(hands: &[Hand], shown: &[BTreeSet<usize>], counts: &[usize]) -> Option<Vec<(usize, usize, usize)>> {
    let mut begins: Vec<usize> = (0..counts.len()).collect();
    begins.sort_by_key(|entry| std::cmp::Reverse(counts[*entry]));
    let fewest = counts.iter().min().copied().unwrap_or(0);
    // Whatever a chain that led nowhere has come by leads nowhere either: it has no more judges to give.
    let mut in_vain = vec![false; counts.len()];
    for begin in begins {
        if counts[begin] < fewest + 2 {
            return None;
        }
        if in_vain[begin] {
            continue;
        }
        let mut came: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut asked = vec![false; hands.len()];
        let mut queue = VecDeque::from([begin]);
        while let Some(from) = queue.pop_front() {
            for (team, hand) in hands.iter().enumerate().filter(|(team, _)| shown[*team].contains(&from)) {
                // All that a team can show was found when it was asked for the first time.
                if std::mem::replace(&mut asked[team], true) {
                    continue;
                }
                for to in hand.allowed.difference(&shown[team]).copied() {
                    if to == begin || came.contains_key(&to) {
                        continue;
                    }
                    came.insert(to, (team, from));
                    if counts[to] + 2 <= counts[begin] {
                        return Some(links(&came, begin, to));
                    }
                    queue.push_back(to);
                }
            }
        }
        came.keys().for_each(|entry| in_vain[*entry] = true);
    }
    None
}

fn links(came: &BTreeMap<usize, (usize, usize)>, begin: usize, end: usize) -> Vec<(usize, usize, usize)> {
    let mut links = Vec::new();
    let mut to = end;
    while to != begin {
        let Some(&(team, from)) = came.get(&to) else { break };
        links.push((team, from, to));
        to = from;
    }
    links
}

/// A judge team's entries, shuffled again and again: the next voter takes the next ones that they may judge, and what
/// they cannot take waits for the voter after them.
struct Deck {
    all: Vec<usize>,
    queue: VecDeque<usize>,
    deferred: VecDeque<usize>,
}

impl Deck {
    fn of(hand: &Hand, shown: BTreeSet<usize>, stream: &mut Stream) -> Self {
        let mut first: Vec<usize> = shown.iter().copied().collect();
        stream.shuffle(&mut first);
        let mut rest: Vec<usize> = hand.allowed.difference(&shown).copied().collect();
        stream.shuffle(&mut rest);
        first.extend(rest);
        Self { all: hand.allowed.iter().copied().collect(), queue: first.into(), deferred: VecDeque::new() }
    }

    /// The next entry that is wanted; one of the deck must be.
    fn next(&mut self, stream: &mut Stream, wanted: impl Fn(usize) -> bool) -> usize {
        loop {
            while let Some(entry) = self.queue.pop_front() {
                if wanted(entry) {
                    return entry;
                }
                self.deferred.push_back(entry);
            }
            let mut again = self.all.clone();
            stream.shuffle(&mut again);
            self.queue = again.into();
        }
    }

    fn give_back(&mut self) {
        while let Some(entry) = self.deferred.pop_back() {
            self.queue.push_front(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|at| Entry { id: format!("e{at:02}"), team: format!("t{at:02}") }).collect()
    }

    fn voter(id: String, team: Option<&str>) -> Voter {
        Voter { id, team: team.map(str::to_owned), conflicts: BTreeSet::new() }
    }

    fn voters(teams: &[(String, usize)]) -> Vec<Voter> {
        let of = |(team, count): &(String, usize)| {
            let name = |at| voter(format!("{team}-{at}"), Some(team));
            (0..*count).map(name).collect::<Vec<_>>()
        };
        teams.iter().flat_map(of).collect()
    }

    fn terms(panel_size: usize, one_way: OneWay) -> Terms {
        Terms { form: Form::RankedPanel, panel_size, one_way, earlier: Directions::new() }
    }

    fn seed(number: u64) -> Seed {
        Seed::from_bytes(number.to_be_bytes().to_vec())
    }

    /// How many judge teams each entry is shown by.
    fn shown(deal: &Deal) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for seat in deal.seats.values() {
            if let Seat::Panel { judge, panel } = seat {
                for entry in panel {
                    shown.entry(entry).or_default().insert(judge);
                }
            }
        }
        shown
    }

    fn spread(deal: &Deal) -> usize {
        let counts: Vec<usize> = shown(deal).values().map(BTreeSet::len).collect();
        counts.iter().max().zip(counts.iter().min()).map_or(0, |(most, least)| most - least)
    }

    prop_compose! {
        /// Competing and neutral teams of unequal sizes, voters without a team, conflicts.
        fn rolls()(
            competing in vec(0_usize..9, 3..24),
            neutral in vec(1_usize..9, 0..6),
            loose in 0_usize..9,
            conflicts in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
        ) -> (Vec<Entry>, Vec<Voter>) {
            let entries = entries(competing.len());
            let teams: Vec<(String, usize)> = entries.iter().map(|entry| entry.team.clone()).zip(competing)
                .chain(neutral.into_iter().enumerate().map(|(at, size)| (format!("n{at}"), size)))
                .collect();
            let mut roll = voters(&teams);
            roll.extend((0..loose).map(|at| voter(format!("loose-{at}"), None)));
            for (who, whom) in conflicts {
                if !roll.is_empty() {
                    let team = entries[whom.index(entries.len())].team.clone();
                    let who = who.index(roll.len());
                    roll[who].conflicts.insert(team);
                }
            }
            (entries, roll)
        }
    }

    fn ways() -> impl Strategy<Value = OneWay> {
        prop_oneof![Just(OneWay::Auto), Just(OneWay::Always), Just(OneWay::Never)]
    }

    /// What took minutes: to find that no entry can be given another judge, it was asked of each by each.
    #[test]
    fn a_large_competition_is_dealt() {
        let entries: Vec<Entry> =
            (0..250).map(|at| Entry { id: format!("e{at:03}"), team: format!("t{at:03}") }).collect();
        let teams: Vec<(String, usize)> = entries.iter().map(|entry| (entry.team.clone(), 3)).collect();
        let deal = deal(&terms(8, OneWay::Auto), &entries, &voters(&teams), &seed(1)).unwrap();
        assert!(spread(&deal) <= 1, "{}", spread(&deal));
    }

    proptest! {
        #[test]
        fn every_voter_gets_what_they_may_judge(
            (entries, roll) in rolls(), panel_size in 2_usize..=8, one_way in ways(), number: u64,
        ) {
            let terms = terms(panel_size, one_way);
            let Ok(deal) = deal(&terms, &entries, &roll, &seed(number)) else { return Ok(()) };
            prop_assert_eq!(deal.seats.len(), roll.len());
            let team_of = |id: &String| &entries.iter().find(|entry| entry.id == *id).unwrap().team;
            for voter in &roll {
                let competes = entries.iter().any(|entry| Some(&entry.team) == voter.team.as_ref());
                let may = |judged: &String| {
                    let own = voter.team.clone().unwrap_or_default();
                    !voter.conflicts.contains(judged)
                        && own != *judged
                        && (!competes || deal.directions.contains(&(own, judged.clone())))
                };
                let allowed = entries.iter().filter(|entry| may(&entry.team)).count();
                match &deal.seats[&voter.id] {
                    Seat::Panel { panel, .. } => {
                        prop_assert_eq!(panel.len(), panel_size.min(allowed));
                        prop_assert_eq!(panel.iter().collect::<BTreeSet<_>>().len(), panel.len());
                        prop_assert!(panel.iter().all(|entry| may(team_of(entry))));
                    }
                    Seat::NothingToJudge => prop_assert!(allowed < 2),
                    Seat::NoPool => {
                        let small = roll.iter().filter(|one| one.team == voter.team).count() < FEWEST_VOTERS;
                        prop_assert!(voter.team.is_none() || small);
                    }
                }
            }
        }

        #[test]
        fn one_way_nobody_judges_their_judge(
            (entries, roll) in rolls(), panel_size in 2_usize..=8, number: u64,
        ) {
            let Ok(deal) = deal(&terms(panel_size, OneWay::Always), &entries, &roll, &seed(number)) else { return Ok(()) };
            let team_of = |id: &String| &entries.iter().find(|entry| entry.id == *id).unwrap().team;
            let mut judged = BTreeSet::new();
            for voter in &roll {
                if let (Seat::Panel { panel, .. }, Some(team)) = (&deal.seats[&voter.id], &voter.team) {
                    judged.extend(panel.iter().map(|entry| (team, team_of(entry))));
                }
            }
            for (one, other) in &judged {
                prop_assert!(!judged.contains(&(other, one)), "{} and {} judge each other", one, other);
            }
        }

        #[test]
        fn entries_are_shown_by_as_many_judge_teams_as_each_other_within_one(
            sizes in vec(3_usize..12, 5..24), neutral in vec(3_usize..9, 0..5),
            panel_size in 2_usize..=8, one_way in ways(), number: u64,
        ) {
            let entries = entries(sizes.len());
            let teams: Vec<(String, usize)> = entries.iter().map(|entry| entry.team.clone()).zip(sizes)
                .chain(neutral.into_iter().enumerate().map(|(at, size)| (format!("n{at}"), size)))
                .collect();
            let Ok(deal) = deal(&terms(panel_size, one_way), &entries, &voters(&teams), &seed(number)) else { return Ok(()) };
            prop_assert!(spread(&deal) <= 1, "{:?}", shown(&deal));
        }

        #[test]
        fn the_seed_reproduces_it_whatever_the_order(
            (entries, roll) in rolls(), one_way in ways(), number: u64, by: prop::sample::Index,
        ) {
            let terms = terms(8, one_way);
            let first = deal(&terms, &entries, &roll, &seed(number));
            let (mut turned_entries, mut turned) = (entries.clone(), roll.clone());
            turned_entries.reverse();
            if !turned.is_empty() {
                let by = by.index(turned.len());
                turned.rotate_left(by);
            }
            prop_assert_eq!(&first, &deal(&terms, &turned_entries, &turned, &seed(number)));
        }

        #[test]
        fn pools_are_large_enough((entries, roll) in rolls(), number: u64) {
            let Ok(deal) = deal(&terms(8, OneWay::Never), &entries, &roll, &seed(number)) else { return Ok(()) };
            let mut tables: BTreeMap<&str, usize> = BTreeMap::new();
            for voter in &roll {
                match &deal.seats[&voter.id] {
                    Seat::Panel { judge, .. } => *tables.entry(judge).or_default() += 1,
                    Seat::NothingToJudge | Seat::NoPool => {}
                }
            }
            // Those who may judge nothing still sit in a pool, so that only voters who judge can be counted here.
            let may_all = roll.iter().all(|voter| voter.conflicts.is_empty());
            for (judge, count) in tables.iter().filter(|_| may_all) {
                let least = if judge.starts_with(' ') { SMALLEST_POOL } else { FEWEST_VOTERS };
                prop_assert!(*count >= least, "{} of {}", judge, count);
            }
        }

        #[test]
        fn a_pair_that_returns_keeps_its_direction(first: u64, second: u64, count in 9_usize..24) {
            let entries = entries(count);
            let teams: Vec<(String, usize)> = entries.iter().map(|entry| (entry.team.clone(), 4)).collect();
            let roll = voters(&teams);
            let before = deal(&terms(8, OneWay::Always), &entries, &roll, &seed(first)).unwrap();
            let again = Terms { earlier: before.directions.clone(), ..terms(8, OneWay::Always) };
            let after = deal(&again, &entries, &roll, &seed(second)).unwrap();
            for (judge, judged) in &before.directions {
                prop_assert!(!after.directions.contains(&(judged.clone(), judge.clone())));
            }
        }
    }

    #[test]
    fn what_cannot_open_says_everything_that_is_missing() {
        let teams: Vec<(String, usize)> = ["t00", "t01"].map(|team| (team.to_owned(), 3)).to_vec();
        let refused = deal(&terms(8, OneWay::Always), &entries(2), &voters(&teams), &seed(1)).unwrap_err();
        let missing = [Refusal::TooFewEntries(2), Refusal::TooFewJudges(0), Refusal::TooFewForOneWay(2)];
        assert_eq!(refused, missing);
        let teams: Vec<(String, usize)> = (0..4).map(|at| (format!("n{at}"), 3)).chain([("t00".into(), 3)]).collect();
        let refused = deal(&terms(8, OneWay::Never), &entries(3), &voters(&teams), &seed(1)).unwrap_err();
        assert_eq!(refused, [Refusal::TooManyNeutral { neutral: 4, entries: 3 }]);
    }

    #[test]
    fn one_person_teams_are_no_judges_of_their_own() {
        let teams: Vec<(String, usize)> =
            (0..8).map(|at| (format!("t{at:02}"), 5)).chain((8..14).map(|at| (format!("t{at:02}"), 1))).collect();
        let deal = deal(&terms(8, OneWay::Never), &entries(14), &voters(&teams), &seed(3)).unwrap();
        let judges = deal.judges();
        assert_eq!(judges.len(), 9, "{judges:?}");
        assert!(judges.contains(pool_name(1).as_str()));
    }

    #[test]
    fn too_few_for_a_pool_join_a_neutral_team_or_are_told() {
        let mut teams: Vec<(String, usize)> = (0..8).map(|at| (format!("t{at:02}"), 5)).collect();
        teams.push(("tiny".into(), 2));
        let rules = terms(8, OneWay::Never);
        let dealt = deal(&rules, &entries(8), &voters(&teams), &seed(3)).unwrap();
        assert_eq!(dealt.seats["tiny-0"], Seat::NoPool);
        teams.push(("neutral".into(), 3));
        let dealt = deal(&rules, &entries(8), &voters(&teams), &seed(3)).unwrap();
        assert!(matches!(&dealt.seats["tiny-0"], Seat::Panel { judge, .. } if judge == "neutral"));
    }

    #[test]
    fn an_open_choice_is_among_all_others() {
        let teams: Vec<(String, usize)> = (0..20).map(|at| (format!("t{at:02}"), 3)).collect();
        let open = Terms { form: Form::OpenChoice, ..terms(8, OneWay::Auto) };
        let dealt = deal(&open, &entries(20), &voters(&teams), &seed(3)).unwrap();
        let Seat::Panel { panel, .. } = &dealt.seats["t07-1"] else { panic!("no panel") };
        assert_eq!((panel.len(), panel.contains(&"e07".to_owned()), dealt.one_way), (19, false, false));
    }
}
