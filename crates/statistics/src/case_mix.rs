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

/// From whom the expectation of one group comes, in shares that sum up to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lenders {
    /// The sum of their squares: what the expectation has of the variance between groups. 1 / squares is how many equal lenders
    /// that is.
    pub(crate) squares: f64,
    /// The two largest together, where as much comes from a cell as if nothing were borrowed beyond it.
    pub(crate) largest_two: f64,
}

/// What a rating of others weighs in an expectation: the sum of what it weighs by its cell, its channel and the whole.
#[derive(Default)]
struct Weights {
    cells: BTreeMap<usize, f64>,
    channels: BTreeMap<usize, f64>,
    whole: f64,
}

impl Weights {
    fn add(&mut self, cell: usize, channel: usize, by_cell: f64, by_channel: f64) {
        *self.cells.entry(cell).or_default() += by_cell;
        *self.channels.entry(channel).or_default() += by_channel;
    }
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

    /// From whom comes what [`Self::expectation`] says: by each rating of the group, its cell, channel and the whole lend
    /// their parts, and in each the others lend by their ratings.
    pub(crate) fn lenders(&self, others: &Totals, member: &Member) -> Lenders {
        let n = member.total.n as f64;
        let (mut borrowed, mut unborrowed) = (Weights::default(), Weights::default());
        for entry in &member.entries {
            let channel = self.channel_of[entry.cell];
            let [of_cell, of_channel] = [others.cells[entry.cell], others.channels[channel]].map(|scores| scores.n);
            let share = entry.scores.n as f64 / n;
            let [from_cell, from_channel] = [of_cell, of_channel].map(|n| 1.0 / (n + BORROWED) as f64);
            let rest = share * BORROWED as f64 * from_cell;
            borrowed.add(entry.cell, channel, share * from_cell, rest * from_channel);
            borrowed.whole += rest * BORROWED as f64 * from_channel / others.whole.n as f64;
            match (of_cell, of_channel) {
                (1.., _) => unborrowed.add(entry.cell, channel, share / of_cell as f64, 0.0),
                (_, 1..) => unborrowed.add(entry.cell, channel, 0.0, share / of_channel as f64),
                _ => unborrowed.whole += share / others.whole.n as f64,
            }
        }
        let mut squares = 0.0;
        let mut largest = [0.0_f64; 2];
        for other in self.members.iter().filter(|other| other.key != member.key) {
            squares += self.lent(&borrowed, other).powi(2);
            let lent = self.lent(&unborrowed, other);
            largest = if lent > largest[0] { [lent, largest[0]] } else { [largest[0], largest[1].max(lent)] };
        }
        Lenders { squares, largest_two: largest[0] + largest[1] }
    }

    fn lent(&self, weights: &Weights, member: &Member) -> f64 {
        let weight = |entry: &CellScores| {
            let cell = weights.cells.get(&entry.cell).copied().unwrap_or(0.0);
            let channel = weights.channels.get(&self.channel_of[entry.cell]).copied().unwrap_or(0.0);
            entry.scores.n as f64 * (cell + channel + weights.whole)
        };
        member.entries.iter().map(weight).sum()
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
    fn lenders_are_those_whose_ratings_are_expected() {
        let call = |n| -> BTreeMap<Cell, Moments> { [(cell("call", "refund"), of(n, 3))].into() };
        let lenders = |groups: &Groups| {
            let work = Work::new(groups);
            let member = work.members.iter().find(|member| member.key == "a").unwrap();
            work.without(&mut work.all.clone(), member, |others| work.lenders(others, member))
        };
        // Of one topic and channel, others lend as they were rated: 50, 30 and 20 of 100, wherever it is borrowed.
        let groups: Groups =
            [("a", 40), ("b", 50), ("c", 30), ("d", 20)].map(|(key, n)| (key.to_owned(), call(n))).into();
        let found = lenders(&groups);
        assert!((found.squares - 0.38).abs() < 1e-12 && (found.largest_two - 0.8).abs() < 1e-12, "{found:?}");
        // By hand: of the topic 100 of 120 come from b; the rest from the channel, 100 + 80 + 20 of the whole.
        let other: BTreeMap<Cell, Moments> = [(cell("call", "thanks"), of(80, 5))].into();
        let groups: Groups = [("a".to_owned(), call(40)), ("b".to_owned(), call(100)), ("c".to_owned(), other)].into();
        let from_c = 20.0 / 120.0 * (80.0 / 200.0 + 20.0 / 200.0 * 80.0 / 180.0);
        let found = lenders(&groups);
        assert!((found.squares - from_c * from_c - (1.0 - from_c).powi(2)).abs() < 1e-12, "{found:?}");
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
