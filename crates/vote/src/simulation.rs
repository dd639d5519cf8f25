//! What swapping gains: a society of voters who judge honestly or by agreement, put through the very code that deals and
//! tallies. For the published report and for those who want to try other rules.
//!
//! The model: the true quality of an entry is N(0, 1); a voter sees it with the affinity of their team to the entry's,
//! N(0, 0.3²), half of whose variance is mutual, and with a taste of their own, N(0, 1). Of the voters, 85 % vote; of those
//! who agreed to something, 90 % keep to it.

use std::collections::BTreeMap;

use crate::{
    Entry, Form, Method,
    ballot::{chosen_mark, ranked_mark},
    dealing::{Refusal, Seat, Terms, Voter, deal},
    draw::{Seed, Stream},
    tally::{Sums, lots, places, scores},
};

const AFFINITY: f64 = 0.3;
const TURNOUT: f64 = 0.85;
const COMPLIANCE: f64 = 0.9;
/// Of the outsiders, those whom a canvassed entry talks round.
const TALKED_ROUND: f64 = 0.2;

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

/// What some voters agreed to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By team: the entries that its voters put first.
    pub pushes: BTreeMap<usize, Vec<usize>>,
    /// Whether they also put everybody else in the reverse of the order that they believe in.
    pub buries: bool,
    /// The entry that outsiders are talked into.
    pub canvassed: Option<usize>,
}

impl Plan {
    /// The first `teams` teams push one another.
    pub fn bloc(teams: usize, buries: bool) -> Self {
        let others = |team| (0..teams).filter(|other| *other != team).collect();
        Self { pushes: (0..teams).map(|team| (team, others(team))).collect(), buries, canvassed: None }
    }

    /// Each of the first `teams` teams pushes the next.
    pub fn ring(teams: usize) -> Self {
        let pushes = (0..teams).map(|team| (team, vec![(team + 1) % teams])).collect();
        Self { pushes, buries: false, canvassed: None }
    }

    /// Outsiders are talked into the first entry.
    pub fn canvass() -> Self {
        Self { canvassed: Some(0), ..Self::default() }
    }
}

/// One month: entries, voters, and what each of these thinks of each of those.
#[derive(Debug)]
pub struct Society {
    entries: Vec<Entry>,
    voters: Vec<Voter>,
    quality: Vec<f64>,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    team: usize,
    opinions: Vec<f64>,
    votes: bool,
    complies: bool,
    talked_round: bool,
}

impl Society {
    /// A society by chance.
    pub fn draw(size: Size, chance: &mut Chance) -> Self {
        let teams = size.teams + size.neutral;
        let quality: Vec<f64> = (0..size.teams).map(|_| chance.normal()).collect();
        let half = AFFINITY * 0.5_f64.sqrt();
        // What two teams share, and what each has for itself; a neutral team has nobody who could return it.
        let mut shared = BTreeMap::new();
        let mut affinity = |judge: usize, judged: usize| {
            let pair = (judge.min(judged), judge.max(judged));
            half * (*shared.entry(pair).or_insert_with(|| chance.normal()) + chance.normal())
        };
        let affinity: Vec<Vec<f64>> =
            (0..teams).map(|judge| (0..size.teams).map(|judged| affinity(judge, judged)).collect()).collect();
        let member = |team: usize, chance: &mut Chance| Member {
            team,
            opinions: (0..size.teams).map(|at| quality[at] + affinity[team][at] + chance.normal()).collect(),
            votes: chance.fraction() < TURNOUT,
            complies: chance.fraction() < COMPLIANCE,
            talked_round: chance.fraction() < TALKED_ROUND,
        };
        let members: Vec<Member> = (0..teams * size.voters).map(|at| member(at / size.voters, chance)).collect();
        let voter = |(at, member): (usize, &Member)| Voter {
            id: format!("v{at:05}"),
            team: Some(team_name(member.team)),
            conflicts: Default::default(),
        };
        let entry = |at| Entry { id: format!("e{at:03}"), team: team_name(at) };
        Self {
            entries: (0..size.teams).map(entry).collect(),
            voters: members.iter().enumerate().map(voter).collect(),
            quality,
            members,
        }
    }

    /// The place of each entry, from 1, ties decided by lot.
    ///
    /// # Errors
    /// Why a competition of this size cannot be opened.
    pub fn vote(&self, rules: &Rules, plan: &Plan, seed: &Seed) -> Result<Vec<usize>, Vec<Refusal>> {
        let deal = deal(&rules.terms, &self.entries, &self.voters, seed)?;
        let mut sums = Sums::default();
        for (voter, member) in self.voters.iter().zip(&self.members).filter(|(_, member)| member.votes) {
            let Some(Seat::Panel { judge, panel }) = deal.seats.get(&voter.id) else { continue };
            let panel: Vec<usize> = panel.iter().filter_map(|id| self.index(id)).collect();
            let order = self.order(member, &panel, plan);
            match rules.terms.form {
                Form::RankedPanel => {
                    let ranked = rules.ranked.min(panel.len());
                    for (at, entry) in order.iter().enumerate() {
                        let mark = ranked_mark(panel.len(), ranked, (at < ranked).then_some(at + 1));
                        sums.add(judge, &self.entries[*entry].id, mark);
                    }
                }
                Form::OpenChoice => {
                    for (at, entry) in order.iter().enumerate() {
                        sums.add(judge, &self.entries[*entry].id, chosen_mark(at == 0));
                    }
                }
            }
        }
        let results = scores(rules.method, &self.entries, &sums).into_iter().map(|score| (score.entry, score.exact));
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

    /// Whether a voter votes at all; voters are numbered through their teams, neutral ones last.
    pub fn votes(&self, voter: usize) -> bool {
        self.members[voter].votes
    }

    /// The entries of a panel in the order in which a voter puts them, under a plan.
    pub fn ranking(&self, voter: usize, panel: &[usize], plan: &Plan) -> Vec<usize> {
        self.order(&self.members[voter], panel, plan)
    }

    fn order(&self, member: &Member, panel: &[usize], plan: &Plan) -> Vec<usize> {
        let mut order = panel.to_vec();
        let honest = |one: &usize, other: &usize| member.opinions[*other].total_cmp(&member.opinions[*one]);
        order.sort_by(honest);
        if let Some(pushed) = plan.pushes.get(&member.team).filter(|_| member.complies) {
            if plan.buries {
                order.reverse();
            }
            order.sort_by_key(|entry| !pushed.contains(entry));
            let friends = order.iter().take_while(|entry| pushed.contains(entry)).count();
            order[..friends].sort_by(honest);
        }
        if let Some(entry) = plan.canvassed.filter(|entry| *entry != member.team && member.talked_round) {
            order.sort_by_key(|other| *other != entry);
        }
        order
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

    /// Whether the truly best entry won.
    pub fn best_won(&self, places: &[usize]) -> bool {
        let best = (0..places.len()).max_by(|one, other| self.quality[*one].total_cmp(&self.quality[*other]));
        best.is_some_and(|best| places[best] == 1)
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
