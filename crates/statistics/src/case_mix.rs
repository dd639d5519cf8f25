//! What the same work is rated in other hands (R9).
//!
//! Work is told apart by cells of channel and topic. What is expected of a group in a cell is the mean there of all *others*: nobody
//! is compared with themselves. A cell with few ratings of others borrows from its channel, and the channel from all,
//! as if [`BORROWED`] more ratings had come from there: indirect standardisation with smoothed rates, as in
//! Spiegelhalter (2005), Statistics in Medicine 24:1185-1202, and Normand, Glickman and Gatsonis (1997), J. Am. Stat.
//! Assoc. 92:803-814.

use std::collections::BTreeMap;

use crate::interval::Moments;

/// How many ratings' worth of its channel a cell holds beside its own, and a channel of the whole: with as many ratings of
/// others in a cell, half of what is expected comes from there.
pub const BORROWED: i64 = 20;

/// One kind of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Its name.
    pub channel: String,
    /// Empty: none was told.
    pub topic: String,
}

/// The ratings of each group (a person, a team) by cell, scores turned so that more is better.
pub type Groups = BTreeMap<String, BTreeMap<Cell, Moments>>;

/// One group's ratings in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CellScores {
    pub(crate) cell: usize,
    pub(crate) scores: Moments,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member<'a> {
    pub(crate) entries: Vec<CellScores>,
    pub(crate) key: &'a str,
    pub(crate) total: Moments,
}

/// All groups, in an order given by their ratings alone: floating sums over them come out the same whatever the groups are
/// called, and over the others of two equal groups.
pub(crate) struct Work<'a> {
    pub(crate) members: Vec<Member<'a>>,
    pub(crate) cells: Vec<&'a Cell>,
    channel_of: Vec<usize>,
    pub(crate) all: Totals,
}

/// Ratings by cell, by channel and of all: of everybody, or of those not left out.
#[derive(Clone)]
pub(crate) struct Totals {
    cells: Vec<Moments>,
    channels: Vec<Moments>,
    pub(crate) whole: Moments,
}

/// What is expected of one group.
pub(crate) struct Expectation {
    /// For each of its entries, in their order.
    pub(crate) by_entry: Vec<f64>,
    /// Their mean, weighted by its ratings.
    pub(crate) mean: f64,
    /// The sampling variance of `mean`, in variances of a single rating.
    pub(crate) variance: f64,
}

impl<'a> Work<'a> {
    pub(crate) fn new(groups: &'a Groups) -> Self {
        let mut cells: Vec<&Cell> = groups.values().flat_map(BTreeMap::keys).collect();
        cells.sort_unstable();
        cells.dedup();
        let mut channel_of = Vec::with_capacity(cells.len());
        for (at, cell) in cells.iter().enumerate() {
            let new = at > 0 && cells[at - 1].channel != cell.channel;
            channel_of.push(channel_of.last().copied().unwrap_or(0) + usize::from(new));
        }
        let number: BTreeMap<&Cell, usize> = cells.iter().enumerate().map(|(at, cell)| (*cell, at)).collect();
        let member = |(key, by_cell): (&'a String, &'a BTreeMap<Cell, Moments>)| {
            let rated = by_cell.iter().filter(|(_, scores)| scores.n > 0);
            let entries: Vec<CellScores> =
                rated.map(|(cell, scores)| CellScores { cell: number[cell], scores: *scores }).collect();
            let total = entries.iter().map(|entry| entry.scores).fold(Moments::default(), Moments::plus);
            Member { entries, key, total }
        };
        let mut members: Vec<_> = groups.iter().map(member).collect();
        members.sort_unstable();
        let channels = channel_of.last().map_or(0, |last| last + 1);
        let none = Totals {
            cells: vec![Moments::default(); cells.len()],
            channels: vec![Moments::default(); channels],
            whole: Moments::default(),
        };
        let mut work = Self { members, cells, channel_of, all: none };
        let mut all = work.all.clone();
        work.members.iter().for_each(|member| work.change(&mut all, member, Moments::plus));
        work.all = all;
        work
    }

    /// Adds or takes away a group's ratings.
    fn change(&self, totals: &mut Totals, member: &Member, by: fn(Moments, Moments) -> Moments) {
        for entry in &member.entries {
            let channel = self.channel_of[entry.cell];
            totals.cells[entry.cell] = by(totals.cells[entry.cell], entry.scores);
            totals.channels[channel] = by(totals.channels[channel], entry.scores);
        }
        totals.whole = by(totals.whole, member.total);
    }

    /// Runs `body` with the totals of all but this group.
    pub(crate) fn without<T>(&self, totals: &mut Totals, member: &Member, body: impl FnOnce(&mut Totals) -> T) -> T {
        self.change(totals, member, Moments::minus);
        let result = body(totals);
        self.change(totals, member, Moments::plus);
        result
    }

    /// What the others, whose `totals` these are, let expect of the group. Absent without ratings, or without others.
    pub(crate) fn expectation(&self, others: &Totals, member: &Member) -> Option<Expectation> {
        let whole = others.whole.mean()?;
        let n = member.total.mean().map(|_| member.total.n as f64)?;
        let (mut by_entry, mut sum, mut variance) = (Vec::with_capacity(member.entries.len()), 0.0, 0.0);
        for entry in &member.entries {
            let channel = smoothed(others.channels[self.channel_of[entry.cell]], whole);
            let cell = others.cells[entry.cell];
            let expected = smoothed(cell, channel);
            let ratings = entry.scores.n as f64;
            sum += ratings * expected;
            variance += (ratings / n).powi(2) / (cell.n + BORROWED) as f64;
            by_entry.push(expected);
        }
        Some(Expectation { by_entry, mean: sum / n, variance })
    }
}

fn smoothed(scores: Moments, toward: f64) -> f64 {
    (scores.sum as f64 + BORROWED as f64 * toward) / (scores.n + BORROWED) as f64
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn cell(channel: &str, topic: &str) -> Cell {
        Cell { channel: channel.to_owned(), topic: topic.to_owned() }
    }

    fn of(n: i64, score: i64) -> Moments {
        Moments { n, sum: n * score, squares: n * score * score }
    }

    fn expected(groups: &Groups, key: &str) -> Option<f64> {
        let work = Work::new(groups);
        let member = work.members.iter().find(|member| member.key == key).unwrap();
        let expectation = work.without(&mut work.all.clone(), member, |others| work.expectation(others, member));
        expectation.map(|expectation| expectation.mean)
    }

    #[test]
    fn expected_is_the_mean_of_others_in_the_same_cells() {
        let groups: Groups = [
            ("a".to_owned(), [(cell("call", "refund"), of(10, 1)), (cell("call", "thanks"), of(30, 5))].into()),
            ("b".to_owned(), [(cell("call", "refund"), of(180, 2))].into()),
            ("c".to_owned(), [(cell("call", "thanks"), of(80, 4))].into()),
            ("d".to_owned(), BTreeMap::new()),
        ]
        .into();
        // By hand: others 680 / 260; channel the same, as there is no other; refund (360 + 20 × 680/260) / 200, thanks
        // (320 + 20 × 680/260) / 100; 10 and 30 ratings of them.
        let whole = 680.0 / 260.0;
        let by_hand = (10.0 * (360.0 + 20.0 * whole) / 200.0 + 30.0 * (320.0 + 20.0 * whole) / 100.0) / 40.0;
        assert!((expected(&groups, "a").unwrap() - by_hand).abs() < 1e-12);
        // Nobody without ratings has an expectation.
        assert_eq!(expected(&groups, "d"), None);
    }

    #[test]
    fn nobody_is_their_own_peer_group() {
        let one: Groups = [("a".to_owned(), [(cell("call", "refund"), of(10, 1))].into())].into();
        assert_eq!(expected(&one, "a"), None);
        // Work that only one colleague does: what all others get, whatever that one gets.
        let both = |score| -> Groups {
            [
                ("a".to_owned(), [(cell("visit", "repair"), of(10, score))].into()),
                ("b".to_owned(), [(cell("call", "refund"), of(10, 3))].into()),
            ]
            .into()
        };
        assert_eq!(expected(&both(1), "a"), Some(3.0));
        assert_eq!(expected(&both(5), "a"), Some(3.0));
    }
}
