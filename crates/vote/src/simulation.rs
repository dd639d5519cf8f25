//! What swapping gains: a society of voters who judge honestly or by agreement, put through the very code that deals and
//! tallies. For the published report and for those who want to try other rules.
//!
//! The model: the true quality of an entry is N(0, 1); a voter sees it with the affinity of their team to the entry's,
//! N(0, 0.3²), half of whose variance is mutual, and with a taste of their own, N(0, 1). Of the voters, 85 % vote; of those
//! who agreed to something, 90 % keep to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Entry, Form, Method,
    count::{Count, Votes},
    dealing::{Refusal, Seat, Terms, Voter, deal},
    draw::{Seed, Stream},
    tally::{lots, places, scores},
};

const AFFINITY: f64 = 0.3;
const TURNOUT: f64 = 0.85;
const COMPLIANCE: f64 = 0.9;
/// Of the outsiders, those whom a canvassed entry talks round.
const TALKED_ROUND: f64 = 0.2;
/// How far above or below its quality a polarising entry is seen, each by half of the voters.
const POLARISED: f64 = 1.5;
/// Chances of one voter that a tactic can use.
const WHIMS: usize = 8;

/// How many there are of what.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Competing teams.
    pub teams: usize,
    /// Voters of each judge team.
    pub voters: usize,
    /// Neutral judge teams.
    pub neutral: usize,
}

/// Rules under which a society votes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Dealing.
    pub terms: Terms,
    /// Tally.
    pub method: Method,
    /// How many of its panel a voter ranks, at most.
    pub ranked: usize,
}

/// What a voter does with the entries of the panel instead of ranking them as they believe.
#[derive(Clone, Debug, Default)]
pub struct Tactic {
    /// Entries that are put up, the best of them first.
    pub pushes: Vec<usize>,
    /// Where: at random among so many places from the first on. 0 counts as 1.
    pub spread: usize,
    /// What is done to the others.
    pub bury: Bury,
}

/// What a tactic does to the entries that it does not push.
#[derive(Clone, Copy, Debug, Default)]
pub enum Bury {
    /// They stay in the order in which the voter believes.
    #[default]
    Nobody,
    /// They are put in the reverse of that order.
    Everybody,
    /// The so many best of them are put at random into the lower half of the panel.
    Best(usize),
}

/// What some voters agreed to do, or were talked into.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By team. Of its voters those do so who keep to what was agreed.
    pub tactics: BTreeMap<usize, Tactic>,
    /// What some outsiders are talked into, and who. Voters of a pushed entry's team are none.
    pub canvass: Option<(Outsiders, Tactic)>,
    /// Teams whose members do not vote.
    pub silent: BTreeSet<usize>,
    /// The entry that half of the voters see far above its quality and half far below, and honestly vote so.
    pub polarising: Option<usize>,
}

/// Who is talked into something.
#[derive(Clone, Copy, Debug)]
pub enum Outsiders {
    /// A fifth of all.
    AFifth,
    /// So many voters of each judge team.
    OfEachTeam(usize),
}

impl Plan {
    /// The first `teams` teams push one another.
    pub fn bloc(teams: usize, bury: Bury) -> Self {
        let others = |team| (0..teams).filter(|other| *other != team).collect();
        let tactic = |team| (team, Tactic { pushes: others(team), spread: 1, bury });
        Self { tactics: (0..teams).map(tactic).collect(), ..Self::default() }
    }

    /// Each of the first `teams` teams pushes the next.
    pub fn ring(teams: usize, bury: Bury) -> Self {
        let tactic = |team| (team, Tactic { pushes: vec![(team + 1) % teams], spread: 1, bury });
        Self { tactics: (0..teams).map(tactic).collect(), ..Self::default() }
    }

    /// Outsiders are talked into the first entry.
    pub fn canvass(who: Outsiders, bury: Bury) -> Self {
        Self { canvass: Some((who, Tactic { pushes: vec![0], spread: 1, bury })), ..Self::default() }
    }

    /// All neutral judge teams of a competition push the first entry.
    pub fn neutrals(size: Size, bury: Bury) -> Self {
        let tactic = |team| (team, Tactic { pushes: vec![0], spread: 1, bury });
        Self { tactics: (size.teams..size.teams + size.neutral).map(tactic).collect(), ..Self::default() }
    }

    /// The first `teams` teams do not vote.
    pub fn silence(teams: usize) -> Self {
        Self { silent: (0..teams).collect(), ..Self::default() }
    }

    /// An entry polarises.
    pub fn polarising(entry: usize) -> Self {
        Self { polarising: Some(entry), ..Self::default() }
    }

    /// Those who were talked into something one by one vote.
    fn votes(&self, member: &Member) -> bool {
        let one_by_one = matches!(self.canvass, Some((Outsiders::OfEachTeam(_), _)));
        let persuaded = one_by_one && self.tactic_of(member).is_some();
        (member.votes || persuaded) && !self.silent.contains(&member.team)
    }

    fn tactic_of(&self, member: &Member) -> Option<&Tactic> {
        let agreed = self.tactics.get(&member.team).filter(|_| member.complies);
        agreed.or_else(|| {
            let (who, tactic) = self.canvass.as_ref().filter(|(_, tactic)| !tactic.pushes.contains(&member.team))?;
            let talked_round = match who {
                Outsiders::AFifth => member.talked_round,
                Outsiders::OfEachTeam(count) => member.number < *count,
            };
            talked_round.then_some(tactic)
        })
    }
}

impl Tactic {
    /// What becomes of an honest order, best first.
    fn apply(&self, honest: &[usize], whims: &[f64; WHIMS]) -> Vec<usize> {
        let mut whims = whims.iter().cycle();
        let mut below = |count: usize| {
            let whim = whims.next().copied().unwrap_or_default();
            ((whim * count as f64) as usize).min(count.saturating_sub(1))
        };
        let (friends, mut order): (Vec<usize>, Vec<usize>) =
            honest.iter().copied().partition(|entry| self.pushes.contains(entry));
        let mut buried = Vec::new();
        match self.bury {
            Bury::Nobody => {}
            Bury::Everybody => order.reverse(),
            Bury::Best(count) => buried = order.drain(..count.min(order.len())).collect(),
        }
        for (at, friend) in friends.into_iter().enumerate() {
            let place = at + below(self.spread.max(1));
            order.insert(place.min(order.len()), friend);
        }
        for rival in buried {
            let half = order.len() / 2;
            order.insert(half + below(order.len() - half + 1), rival);
        }
        order
    }
}

/// One month: entries, voters, and what each of these thinks of each of those.
#[derive(Debug)]
pub struct Society {
    entries: Vec<Entry>,
    voters: Vec<Voter>,
    size: Size,
    quality: Vec<f64>,
    /// By team and entry.
    affinity: Vec<Vec<f64>>,
    members: Vec<Member>,
}

/// Who else judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Other voters of the same judge teams.
    Voters,
    /// Other judge teams.
    Teams,
}

/// What teams share, and what each has for itself; a neutral team has nobody who could return it. By team and entry.
fn affinities(size: Size, chance: &mut Chance) -> Vec<Vec<f64>> {
    let half = AFFINITY * 0.5_f64.sqrt();
    let mut shared = BTreeMap::new();
    let mut affinity = |judge: usize, judged: usize| {
        let pair = (judge.min(judged), judge.max(judged));
        half * (*shared.entry(pair).or_insert_with(|| chance.normal()) + chance.normal())
    };
    let teams = size.teams + size.neutral;
    (0..teams).map(|judge| (0..size.teams).map(|judged| affinity(judge, judged)).collect()).collect()
}

#[derive(Debug)]
struct Member {
    team: usize,
    /// Within the team.
    number: usize,
    opinions: Vec<f64>,
    votes: bool,
    complies: bool,
    talked_round: bool,
    whims: [f64; WHIMS],
}

impl Society {
    /// A society by chance.
    pub fn draw(size: Size, chance: &mut Chance) -> Self {
        let quality: Vec<f64> = (0..size.teams).map(|_| chance.normal()).collect();
        let affinity = affinities(size, chance);
        Self::of(size, quality, affinity, chance)
    }

    /// The same entries judged by other voters: of the same judge teams, or of others.
    #[must_use]
    pub fn judged_again(&self, by: Others, chance: &mut Chance) -> Self {
        let affinity = match by {
            Others::Voters => self.affinity.clone(),
            Others::Teams => affinities(self.size, chance),
        };
        Self::of(self.size, self.quality.clone(), affinity, chance)
    }

    fn of(size: Size, quality: Vec<f64>, affinity: Vec<Vec<f64>>, chance: &mut Chance) -> Self {
        let member = |(team, number): (usize, usize), chance: &mut Chance| Member {
            team,
            number,
            opinions: (0..size.teams).map(|at| quality[at] + affinity[team][at] + chance.normal()).collect(),
            votes: chance.fraction() < TURNOUT,
            complies: chance.fraction() < COMPLIANCE,
            talked_round: chance.fraction() < TALKED_ROUND,
            whims: std::array::from_fn(|_| chance.fraction()),
        };
        let teams = size.teams + size.neutral;
        let members: Vec<Member> =
            (0..teams * size.voters).map(|at| member((at / size.voters, at % size.voters), chance)).collect();
        let voter = |(at, member): (usize, &Member)| Voter {
            id: format!("v{at:05}"),
            team: Some(team_name(member.team)),
            conflicts: Default::default(),
        };
        let entry = |at| Entry { id: format!("e{at:03}"), team: team_name(at) };
        Self {
            entries: (0..size.teams).map(entry).collect(),
            voters: members.iter().enumerate().map(voter).collect(),
            size,
            quality,
            affinity,
            members,
        }
    }

    /// The place of each entry, from 1, ties decided by lot.
    ///
    /// # Errors
    /// Why a competition of this size cannot be opened.
    pub fn vote(&self, rules: &Rules, plan: &Plan, seed: &Seed) -> Result<Vec<usize>, Vec<Refusal>> {
        let votes = self.votes_cast(rules, plan, seed)?;
        let results = scores(rules.method, &self.entries, &votes).into_iter().map(|score| (score.entry, score.exact));
        let lots = lots(&self.entries, seed);
        let mut order = places(&results.collect());
        order.sort_by_key(|placed| (placed.place, lots.get(&placed.entry).copied()));
        let mut final_places = vec![0; self.entries.len()];
        for (placed, place) in order.iter().zip(1..) {
            if let Some(index) = self.index(&placed.entry) {
                final_places[index] = place;
            }
        }
        Ok(final_places)
    }

    /// The ballots as they are counted.
    ///
    /// # Errors
    /// Why a competition of this size cannot be opened.
    pub fn votes_cast(&self, rules: &Rules, plan: &Plan, seed: &Seed) -> Result<Votes, Vec<Refusal>> {
        let deal = deal(&rules.terms, &self.entries, &self.voters, seed)?;
        let mut count = Count::new(rules.terms.form, rules.method);
        for (voter, member) in self.voters.iter().zip(&self.members) {
            let Some(Seat::Panel { judge, panel }) = deal.seats.get(&voter.id) else { continue };
            if !plan.votes(member) {
                continue;
            }
            let panel: Vec<usize> = panel.iter().filter_map(|id| self.index(id)).collect();
            let order = self.order(member, &panel, plan);
            let order: Vec<&str> = order.into_iter().map(|entry| self.entries[entry].id.as_str()).collect();
            let named = match rules.terms.form {
                Form::RankedPanel => rules.ranked.min(order.len()),
                Form::OpenChoice => 1.min(order.len()),
            };
            count.add(judge, &order, &order[..named]);
        }
        Ok(count.whole())
    }

    /// Who may vote, as dealing takes them.
    pub fn voters(&self) -> &[Voter] {
        &self.voters
    }

    /// The entries that compete.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a voter votes at all; voters are numbered through their teams, neutral ones last.
    pub fn votes(&self, voter: usize) -> bool {
        self.members[voter].votes
    }

    /// The entries of a panel in the order in which a voter puts them, under a plan.
    pub fn ranking(&self, voter: usize, panel: &[usize], plan: &Plan) -> Vec<usize> {
        self.order(&self.members[voter], panel, plan)
    }

    fn order(&self, member: &Member, panel: &[usize], plan: &Plan) -> Vec<usize> {
        let opinion = |entry: usize| match plan.polarising.filter(|polarising| *polarising == entry) {
            Some(_) if member.whims[0] < 0.5 => member.opinions[entry] - POLARISED,
            Some(_) => member.opinions[entry] + POLARISED,
            None => member.opinions[entry],
        };
        let mut order = panel.to_vec();
        order.sort_by(|one, other| opinion(*other).total_cmp(&opinion(*one)));
        plan.tactic_of(member).map_or_else(|| order.clone(), |tactic| tactic.apply(&order, &member.whims))
    }

    fn index(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }

    /// Kendall's tau between the true order and the places.
    pub fn accuracy(&self, places: &[usize]) -> f64 {
        let mut sum = 0.0;
        for one in 0..places.len() {
            for other in 0..one {
                let agree = (self.quality[one] > self.quality[other]) == (places[one] < places[other]);
                sum += if agree { 1.0 } else { -1.0 };
            }
        }
        2.0 * sum / (places.len() * (places.len() - 1)) as f64
    }

    /// The truly best entry.
    pub fn best(&self) -> usize {
        let best = (0..self.quality.len()).max_by(|one, other| self.quality[*one].total_cmp(&self.quality[*other]));
        best.unwrap_or_default()
    }
}

fn team_name(team: usize) -> String {
    format!("t{team:03}")
}

/// Chance of the model, from a seed.
#[derive(Debug)]
pub struct Chance(Stream);

impl Chance {
    /// Of the trial with this number.
    pub fn new(stream: Stream) -> Self {
        Self(stream)
    }

    /// From above 0 to 1.
    fn fraction(&mut self) -> f64 {
        (self.0.below(1 << 53) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Normally distributed (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.fraction(), self.fraction());
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(std::f64::consts::TAU * angle)
    }
}
