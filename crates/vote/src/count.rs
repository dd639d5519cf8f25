//! From ballots to what is counted: sums by judge team and entry and, where the tally looks at whole ballots, these without their
//! voters.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Entry, Form, Method,
    ballot::{chosen_mark, ranked_mark},
    consensus::Ranking,
    tally::{FEWEST_BALLOTS, FEWEST_JUDGES_OF_AN_ENTRY, MERGED, Sums, scores},
};

/// All that a result needs to know of the ballots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// Under every tally.
    pub sums: Sums,
    /// In order; empty but under [`Method::PairwiseConsensus`].
    pub rankings: Vec<Ranking>,
}

/// Ballots on their way to [`Votes`].
#[derive(Clone, Debug)]
pub struct Count {
    form: Form,
    method: Method,
    votes: Votes,
    /// By judge team.
    cast: BTreeMap<String, u32>,
}

impl Count {
    /// Of no ballots yet.
    pub fn new(form: Form, method: Method) -> Self {
        Self { form, method, votes: Votes::default(), cast: BTreeMap::new() }
    }

    /// Counts a ballot: entries that were dealt or could be chosen, and those that it names, best first.
    pub fn add(&mut self, judge: &str, panel: &[impl AsRef<str>], named: &[impl AsRef<str>]) {
        for entry in panel.iter().map(AsRef::as_ref) {
            let place = named.iter().position(|one| one.as_ref() == entry);
            let mark = match self.form {
                Form::RankedPanel => ranked_mark(panel.len(), named.len(), place.map(|at| at + 1)),
                Form::OpenChoice => chosen_mark(place.is_some()),
            };
            self.votes.sums.add(judge, entry, mark);
        }
        if self.method == Method::PairwiseConsensus {
            self.votes.rankings.push(Ranking::new(judge, panel, named));
        }
        *self.cast.entry(judge.to_owned()).or_default() += 1;
    }

    /// As it is, for those who have the ballots anyway.
    pub fn whole(mut self) -> Votes {
        self.votes.rankings.sort_unstable();
        self.votes
    }

    /// With the judge teams that cast fewer than [`FEWEST_BALLOTS`] merged into one, the next smallest ones too until it has as
    /// many, so that nothing kept is of a team of which it would tell a ballot. What so few of the merged say of an entry does
    /// not count where judge teams do. Where ballots count, none may be lost: more are merged instead. Fewer than
    /// [`FEWEST_BALLOTS`] ballots in all do not count.
    pub fn without_few(self) -> Votes {
        let mut smallest_first: Vec<(u32, &str)> =
            self.cast.iter().map(|(judge, cast)| (*cast, judge.as_str())).collect();
        smallest_first.sort_unstable();
        let few = smallest_first.iter().take_while(|(cast, _)| *cast < FEWEST_BALLOTS).count();
        if few == 0 {
            return self.whole();
        }
        for count in few..=smallest_first.len() {
            let (merged, _) = smallest_first.split_at(count);
            let ballots: u32 = merged.iter().map(|(cast, _)| cast).sum();
            let merged: BTreeSet<&str> = merged.iter().map(|(_, judge)| *judge).collect();
            let sums = self.votes.sums.merged(&merged);
            let is_last = count == smallest_first.len();
            let enough = ballots >= FEWEST_BALLOTS;
            if !is_last && (!enough || (self.method == Method::Plurality && sums.is_thin())) {
                continue;
            }
            let rankings = self.votes.rankings.iter().filter(|_| enough).cloned().map(|mut ranking| {
                if merged.contains(ranking.judge.as_str()) {
                    ranking.judge = MERGED.to_owned();
                }
                ranking
            });
            let mut rankings: Vec<Ranking> = rankings.collect();
            rankings.sort_unstable();
            let sums = if enough && self.method == Method::Plurality { sums } else { sums.without_thin() };
            return Votes { sums, rankings };
        }
        self.whole()
    }
}

/// Whether an entry was judged by fewer than [`FEWEST_JUDGES_OF_AN_ENTRY`] judge teams, as ballots will be counted; `panels` of
/// those who voted, by judge team. What they voted is not needed.
pub fn has_few_judges(entries: &[Entry], panels: &BTreeMap<String, Vec<Vec<String>>>) -> bool {
    let method = Method::TrimmedTeamMean { trim_bp: 0, fewest_judges: 1 };
    let mut count = Count::new(Form::OpenChoice, method);
    for (judge, panel) in panels.iter().flat_map(|(judge, panels)| panels.iter().map(move |panel| (judge, panel))) {
        count.add(judge, panel, &[] as &[&str]);
    }
    scores(method, entries, &count.without_few()).iter().any(|score| score.judges < FEWEST_JUDGES_OF_AN_ENTRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIMMED: Method = Method::TrimmedTeamMean { trim_bp: 2_500, fewest_judges: 3 };

    fn count(method: Method, ballots: &[(&str, &[&str])]) -> Count {
        let mut count = Count::new(Form::RankedPanel, method);
        // A second entry that every panel has: a panel has two.
        let panel = |named: &[&'static str]| -> Vec<&'static str> { named.iter().copied().chain(["z"]).collect() };
        for (judge, named) in ballots {
            let named: Vec<&'static str> = named.iter().map(|one| if *one == "e" { "e" } else { "f" }).collect();
            count.add(judge, &panel(&named), &named);
        }
        count
    }

    /// Judge team, entry, ballots; of what all panels have besides, nothing.
    fn rows(votes: &Votes) -> Vec<(&str, &str, u32)> {
        let rows = votes.sums.0.iter().map(|((judge, entry), given)| (judge.as_str(), entry.as_str(), given.ballots));
        rows.filter(|(_, entry, _)| *entry != "z").collect()
    }

    const THREE: &[(&str, &[&str])] = &[("b", &["e"]), ("b", &["e"]), ("b", &["e"])];
    const FEW: &[(&str, &[&str])] = &[("a", &["e", "f"]), ("c", &["e"]), ("d", &["e"])];

    #[test]
    fn few_ballots_are_summed_together_and_what_fewer_say_does_not_count() {
        let all = [THREE, FEW].concat();
        assert_eq!(rows(&count(TRIMMED, &all).without_few()), [(MERGED, "e", 3), ("b", "e", 3)]);
        // Every ballot counts for itself: the next team is merged too, and the one for f is told of nobody.
        let found = count(Method::Plurality, &all).without_few();
        assert_eq!(rows(&found), [(MERGED, "e", 6), (MERGED, "f", 1)]);
        assert_eq!(count(TRIMMED, THREE).without_few(), count(TRIMMED, THREE).whole());
        assert!(count(TRIMMED, &FEW[..2]).without_few().sums.0.is_empty(), "two ballots in all");
    }

    #[test]
    fn whole_ballots_lose_their_few_judge_teams_and_nothing_else() {
        let all = [THREE, FEW].concat();
        let found = count(Method::PairwiseConsensus, &all).without_few();
        let judges: Vec<(&str, usize)> =
            found.rankings.iter().map(|one| (one.judge.as_str(), one.panel.len())).collect();
        assert_eq!(judges, [(MERGED, 3), (MERGED, 2), (MERGED, 2), ("b", 2), ("b", 2), ("b", 2)]);
        assert_eq!(found.sums, count(TRIMMED, &all).without_few().sums);
        assert!(count(TRIMMED, &all).without_few().rankings.is_empty());
        assert!(count(Method::PairwiseConsensus, &FEW[..2]).without_few().rankings.is_empty(), "two ballots in all");
    }
}
