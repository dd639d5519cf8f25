//! Who is invited to rate, and whether somebody chooses (R10).
//!
//! Of the interactions that were to be followed by an invitation, some were not. Those that the rules themselves
//! withhold (R11, quiet hours, wishes) are eligible for nobody and are not counted. Two questions are asked of each
//! colleague:
//! - **Share**: are fewer of theirs followed by an invitation than what others do in the same channel at the same hour?
//!   Within a channel the comparison is with a robust centre of the colleagues and allows for what they differ without
//!   fault (`scatter`), so that neither those who choose nor one who invites everybody make others look bad.
//! - **Outcome**: within their own work, in the same channel at the same hour, are fewer of those invited whose matter was
//!   not recorded as resolved? This needs no colleague to compare with, apart from an allowance for how much the outcome
//!   predicts in different hands.
//!
//! Each is an exact conditional test over the strata (`table`), one-sided: to invite more is no fault. A colleague's
//! p-value is the smaller of the two, doubled. Over all of one listing the procedure of Benjamini and Hochberg (1995),
//! J. Royal Stat. Soc. B 57:289-300, keeps the expected part of false alarms at 5 %. Channels are compared in the same
//! hours, outcomes in the hands of the same colleague, channel and hour; what colleagues differ by is allowed for there too.

use std::collections::BTreeMap;

use crate::{
    interval::largest_rejected,
    scatter::{Effect, Usual},
    table::{Spread, Table, lower_tail},
};

/// Of the alarms raised, the part that may be false.
const FALSE_ALARMS: f64 = 0.05;
/// Of fewer colleagues nobody can say whose share is the usual one.
const FEWEST_COLLEAGUES: usize = 5;
/// Interactions that were to be followed by an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eligible {
    /// And were invited.
    pub invited: u64,
    /// And were not.
    pub passed_over: u64,
}

impl Eligible {
    /// All of them.
    pub fn count(self) -> u64 {
        self.invited + self.passed_over
    }

    /// The share that was invited; absent without eligible ones.
    pub fn share(self) -> Option<f64> {
        (self.count() > 0).then(|| self.invited as f64 / self.count() as f64)
    }

    fn plus(self, other: Self) -> Self {
        Self { invited: self.invited + other.invited, passed_over: self.passed_over + other.passed_over }
    }

    fn minus(self, other: Self) -> Self {
        Self { invited: self.invited - other.invited, passed_over: self.passed_over - other.passed_over }
    }

    fn beside(self, others: Self) -> Table {
        Table { yes: self.invited, no: self.passed_over, other_yes: others.invited, other_no: others.passed_over }
    }
}

/// What became of an interaction that might have been followed by an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// An invitation was issued.
    Invited {
        /// And answered.
        responded: bool,
    },
    /// Nothing stood against it, and nobody did.
    PassedOver,
    /// By R11 or another rule.
    Withheld,
    /// It was recorded too late after its end.
    RecordedLate,
}

/// Interactions by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That were to be followed by an invitation.
    pub eligible: Eligible,
    /// Of the invited.
    pub responded: u64,
    /// By R11 or another rule.
    pub withheld: u64,
    /// Too late after their end.
    pub recorded_late: u64,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, fate: Disposition) {
        match fate {
            Disposition::Invited { responded } => {
                self.eligible.invited += 1;
                self.responded += u64::from(responded);
            }
            Disposition::PassedOver => self.eligible.passed_over += 1,
            Disposition::Withheld => self.withheld += 1,
            Disposition::RecordedLate => self.recorded_late += 1,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            eligible: self.eligible.plus(other.eligible),
            responded: self.responded + other.responded,
            withheld: self.withheld + other.withheld,
            recorded_late: self.recorded_late + other.recorded_late,
        }
    }

    /// Responded of invited.
    pub fn response_rate(self) -> Option<f64> {
        (self.eligible.invited > 0).then(|| self.responded as f64 / self.eligible.invited as f64)
    }
}

/// Whether staff recorded the matter as resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing was recorded.
    Untold,
    /// It was.
    Resolved,
    /// It was recorded not to be.
    Unresolved,
}

impl Outcome {
    /// As listings name it; empty: nothing was recorded.
    pub fn name(self) -> &'static str {
        match self {
            Self::Untold => "",
            Self::Resolved => "resolved",
            Self::Unresolved => "unresolved",
        }
    }
}

/// What interactions have in common that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Its name.
    pub channel: String,
    /// Of the day, in the organisation's zone: 0 to 23.
    pub hour: i8,
    /// The colleague who served, empty: none.
    pub staff: String,
    /// As staff recorded it.
    pub outcome: Outcome,
}

/// By what interactions are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// By the colleague who served.
    Staff,
    /// By channel.
    Channel,
    /// By what staff recorded.
    Outcome,
}

impl Unit {
    fn key(self, cell: &Cell) -> &str {
        match self {
            Self::Staff => &cell.staff,
            Self::Channel => &cell.channel,
            Self::Outcome => cell.outcome.name(),
        }
    }
}

/// How one colleague, channel or outcome was invited.
#[derive(Clone, Debug, PartialEq)]
pub struct Bias {
    /// Of the colleague, the channel or the outcome.
    pub key: String,
    /// What became of its interactions.
    pub tally: Tally,
    /// Of them, what became of those that were not recorded as resolved, if they were to be followed by an invitation.
    pub unresolved: Eligible,
    /// The share of all others together.
    pub others_share: Option<f64>,
    /// The share that would be invited if it were as usual in the same strata; absent where `share` is.
    pub expected_share: Option<f64>,
    /// The probability of so few invitations or fewer, if they were as usual; absent where there is nothing to compare.
    pub share: Option<f64>,
    /// The same of a colleague's interactions that were not recorded as resolved, beside those that were. Of colleagues only.
    pub outcome: Option<f64>,
    /// Whether the share is less than chance gives, with regard to the number of comparisons.
    pub fewer: bool,
    /// Whether that of the outcome is.
    pub fewer_unresolved: bool,
}

impl Bias {
    /// Of both questions together: the smaller, times their number. Absent where there is nothing to compare.
    pub fn p_value(&self) -> Option<f64> {
        let smaller = self.share.into_iter().chain(self.outcome).min_by(f64::total_cmp);
        smaller.map(|p_value| (p_value * self.questions()).min(1.0))
    }

    fn questions(&self) -> f64 {
        f64::from(u8::from(self.share.is_some()) + u8::from(self.outcome.is_some()))
    }

    /// Whether there is an alarm.
    pub fn flagged(&self) -> bool {
        self.fewer || self.fewer_unresolved
    }
}

/// By key, in order of the keys.
pub fn compare(cells: &BTreeMap<Cell, Tally>, unit: Unit) -> Vec<Bias> {
    let (share, outcome) = questions(cells, unit);
    let mut groups: BTreeMap<&str, (Tally, Eligible)> = BTreeMap::new();
    for (cell, tally) in cells {
        let (sum, unresolved) = groups.entry(unit.key(cell)).or_default();
        *sum = sum.plus(*tally);
        if cell.outcome != Outcome::Resolved {
            *unresolved = unresolved.plus(tally.eligible);
        }
    }
    let all = groups.values().fold(Eligible::default(), |all, (tally, _)| all.plus(tally.eligible));
    let bias = |(key, (tally, unresolved)): (&str, (Tally, Eligible))| {
        let (share, outcome) = (share.get(key), outcome.get(key));
        let p_values = [share.and_then(Asked::p_value), outcome.and_then(Asked::p_value)];
        Bias {
            key: key.to_owned(),
            tally,
            unresolved,
            others_share: all.minus(tally.eligible).share(),
            expected_share: share.and_then(Asked::expected_share),
            share: p_values[0],
            outcome: p_values[1],
            fewer: false,
            fewer_unresolved: false,
        }
    };
    let mut listing: Vec<Bias> = groups.into_iter().map(bias).collect();
    let p_values: Vec<f64> = listing.iter().filter_map(Bias::p_value).collect();
    if let Some(limit) = largest_rejected(&p_values, FALSE_ALARMS) {
        for one in &mut listing {
            let questions = one.questions();
            let is_rejected = |p_value: Option<f64>| p_value.is_some_and(|p_value| p_value * questions <= limit);
            (one.fewer, one.fewer_unresolved) = (is_rejected(one.share), is_rejected(one.outcome));
        }
    }
    listing
}

/// What is asked of one key: whether fewer said yes in these tables, each with the log odds ratio that is usual there.
struct Asked {
    tables: Vec<(Table, f64)>,
    spread: Spread,
}

impl Asked {
    fn p_value(&self) -> Option<f64> {
        lower_tail(&self.tables, self.spread)
    }

    fn expected_share(&self) -> Option<f64> {
        let (mut invited, mut count) = (0.0, 0.0);
        for (table, usual) in self.tables.iter().filter(|(table, _)| table.information() > 0.0) {
            invited += table.yes as f64 - table.excess() + usual * table.information();
            count += (table.yes + table.no) as f64;
        }
        (count > 0.0).then(|| (invited / count).clamp(0.0, 1.0))
    }
}

type Questions<'a> = BTreeMap<&'a str, Asked>;

/// A colleague's tables, each in a channel.
type InChannels<'a> = BTreeMap<&'a str, Vec<(Table, &'a str)>>;

/// Of the share, and of the outcome.
fn questions(cells: &BTreeMap<Cell, Tally>, unit: Unit) -> (Questions<'_>, Questions<'_>) {
    match unit {
        Unit::Staff => {
            let (share, outcome) = (shares(cells), outcomes(cells));
            let centre = |channel: &str| share.usual.centres.get(channel).copied();
            // What is usual of the outcome is that it predicts nothing: if everybody invites only whom they made happy, that
            // is what R10 is about.
            let none = |_: &str| Some(0.0);
            (share.asked(centre, share.usual.spread_around_centre()), outcome.asked(none, outcome.usual.spread()))
        }
        Unit::Channel => {
            let compared = beside_others(cells, |cell| &cell.channel, |cell| cell.hour);
            (asked_of_groups(cells, unit, compared, shares(cells).usual.spread()), Questions::new())
        }
        Unit::Outcome => {
            let compared =
                beside_others(cells, |cell| cell.outcome.name(), |cell| (&cell.channel, cell.hour, &cell.staff));
            (asked_of_groups(cells, unit, compared, outcomes(cells).usual.spread()), Questions::new())
        }
    }
}

/// Colleagues' tables, and what is usual of their effects in each channel.
struct Colleagues<'a> {
    tables: InChannels<'a>,
    /// In channels with enough colleagues.
    usual: Usual<&'a str>,
}

/// A colleague's interactions in a channel and hour, beside those of all others.
fn shares(cells: &BTreeMap<Cell, Tally>) -> Colleagues<'_> {
    let compared = beside_others(cells, |cell| &cell.staff, |cell| (cell.channel.as_str(), cell.hour));
    let in_channel = |(staff, tables): (_, Vec<((_, i8), Table)>)| {
        (staff, tables.into_iter().map(|((channel, _), table)| (table, channel)).collect())
    };
    Colleagues::of(compared.into_iter().map(in_channel).collect())
}

/// What a colleague had in a channel and hour that was not recorded as resolved, beside what was.
fn outcomes(cells: &BTreeMap<Cell, Tally>) -> Colleagues<'_> {
    let mut sides: BTreeMap<(&str, &str, i8), [Eligible; 2]> = BTreeMap::new();
    for (cell, tally) in cells {
        let stratum = sides.entry((&cell.staff, &cell.channel, cell.hour)).or_default();
        let side = &mut stratum[usize::from(cell.outcome == Outcome::Resolved)];
        *side = side.plus(tally.eligible);
    }
    let mut tables = InChannels::new();
    for ((staff, channel, _), [others, resolved]) in sides {
        tables.entry(staff).or_default().push((others.beside(resolved), channel));
    }
    Colleagues::of(tables)
}

impl<'a> Colleagues<'a> {
    fn of(tables: InChannels<'a>) -> Self {
        let mut by_channel: BTreeMap<&str, Vec<Effect>> = BTreeMap::new();
        for tables in tables.values() {
            for (channel, effect) in effects(tables) {
                by_channel.entry(channel).or_default().push(effect);
            }
        }
        by_channel.retain(|_, effects| effects.len() >= FEWEST_COLLEAGUES);
        Self { tables, usual: Usual::of(&by_channel) }
    }

    /// With the log odds ratio that is usual in each channel; channels without one are not asked about.
    fn asked(&self, usual: impl Fn(&str) -> Option<f64>, spread: Spread) -> Questions<'a> {
        let asked = |(staff, tables): (&&'a str, &Vec<(Table, &str)>)| {
            let known = tables.iter().filter_map(|(table, channel)| Some((*table, usual(channel)?)));
            (*staff, Asked { tables: known.collect(), spread })
        };
        self.tables.iter().map(asked).collect()
    }
}

/// A colleague's effect by channel.
fn effects<'a>(tables: &[(Table, &'a str)]) -> BTreeMap<&'a str, Effect> {
    let mut effects: BTreeMap<&str, Effect> = BTreeMap::new();
    for (table, channel) in tables {
        let sum = effects.entry(channel).or_insert(Effect { excess: 0.0, information: 0.0 });
        sum.excess += table.excess();
        sum.information += table.information();
    }
    effects.retain(|_, effect| effect.information > 0.0);
    effects
}

/// Groups in which several colleagues take part: what these differ by averages out, the more so the more they are.
fn asked_of_groups<'a, S>(
    cells: &BTreeMap<Cell, Tally>,
    unit: Unit,
    groups: BTreeMap<&'a str, Vec<(S, Table)>>,
    spread: Spread,
) -> Questions<'a> {
    let asked = |(key, tables): (&'a str, Vec<(S, Table)>)| {
        let hands = [true, false].map(|own| hands(cells, |cell| (unit.key(cell) == key) == own));
        let scale = spread.scale * (1.0 / hands[0] + 1.0 / hands[1]).sqrt();
        let tables = tables.into_iter().map(|(_, table)| (table, 0.0)).collect();
        (key, Asked { tables, spread: Spread { scale, ..spread } })
    };
    groups.into_iter().map(asked).collect()
}

/// In how many hands the chosen cells are, if each had as much: Kish's effective number. At least 1.
fn hands(cells: &BTreeMap<Cell, Tally>, chosen: impl Fn(&Cell) -> bool) -> f64 {
    let mut by_staff: BTreeMap<&str, f64> = BTreeMap::new();
    for (cell, tally) in cells.iter().filter(|(cell, _)| chosen(cell)) {
        *by_staff.entry(&cell.staff).or_default() += tally.eligible.count() as f64;
    }
    let (sum, squares) = by_staff.values().fold((0.0, 0.0), |(sum, squares), n| (sum + n, squares + n * n));
    if squares > 0.0 { sum * sum / squares } else { 1.0 }
}

/// By key and stratum, what was invited beside what was of all others in the stratum.
fn beside_others<'a, S: Ord + Copy>(
    cells: &'a BTreeMap<Cell, Tally>,
    key: impl Fn(&'a Cell) -> &'a str,
    stratum: impl Fn(&'a Cell) -> S,
) -> BTreeMap<&'a str, Vec<(S, Table)>> {
    let mut totals: BTreeMap<S, Eligible> = BTreeMap::new();
    let mut own: BTreeMap<(&str, S), Eligible> = BTreeMap::new();
    for (cell, tally) in cells {
        for sum in [totals.entry(stratum(cell)).or_default(), own.entry((key(cell), stratum(cell))).or_default()] {
            *sum = sum.plus(tally.eligible);
        }
    }
    let mut groups: BTreeMap<&str, Vec<(S, Table)>> = BTreeMap::new();
    for ((key, stratum), eligible) in own {
        groups.entry(key).or_default().push((stratum, eligible.beside(totals[&stratum].minus(eligible))));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(channel: &str, hour: i8, staff: &str, outcome: Outcome) -> Cell {
        Cell { channel: channel.to_owned(), hour, staff: staff.to_owned(), outcome }
    }

    fn invited(invited: u64, eligible: u64) -> Tally {
        Tally { eligible: Eligible { invited, passed_over: eligible - invited }, ..Default::default() }
    }

    /// So many colleagues on the telephone who invite about 73 of 100, whatever came of it.
    fn ordinary(count: u64) -> BTreeMap<Cell, Tally> {
        let staff = |at: u64| {
            let share = 70 + at % 7;
            [(Outcome::Resolved, share * 7 / 10, 70), (Outcome::Unresolved, share - share * 7 / 10, 30)]
                .map(|(outcome, some, all)| (cell("call", 9, &format!("agent {at:02}"), outcome), invited(some, all)))
        };
        (0..count).flat_map(staff).collect()
    }

    fn flagged(cells: &BTreeMap<Cell, Tally>) -> Vec<(String, bool, bool)> {
        let flagged = compare(cells, Unit::Staff).into_iter().filter(Bias::flagged);
        flagged.map(|bias| (bias.key, bias.fewer, bias.fewer_unresolved)).collect()
    }

    #[test]
    fn nobody_is_flagged_among_ordinary_colleagues() {
        for count in [1, 2, 5, 20] {
            assert_eq!(flagged(&ordinary(count)), [], "{count}");
        }
    }

    #[test]
    fn the_one_who_invites_only_some_is_flagged() {
        let mut cells = ordinary(20);
        cells.insert(cell("call", 9, "chooser", Outcome::Resolved), invited(28, 70));
        cells.insert(cell("call", 9, "chooser", Outcome::Unresolved), invited(12, 30));
        cells.insert(cell("call", 9, "new", Outcome::Resolved), invited(0, 1));
        cells.insert(cell("call", 9, "absent", Outcome::Resolved), invited(0, 0));
        assert_eq!(flagged(&cells), [("chooser".to_owned(), true, false)]);
        let absent = compare(&cells, Unit::Staff).into_iter().find(|bias| bias.key == "absent").unwrap();
        assert_eq!((absent.tally.eligible.share(), absent.expected_share, absent.p_value()), (None, None, None));
    }

    #[test]
    fn the_one_who_invites_exactly_the_resolved_is_flagged_beside_anybody_and_nobody() {
        let resolved_only = [(Outcome::Resolved, 70), (Outcome::Unresolved, 0)].map(|(outcome, some)| {
            (cell("call", 9, "chooser", outcome), invited(some, if some == 0 { 30 } else { 70 }))
        });
        for others in [0, 1, 4, 20] {
            let mut cells = ordinary(others);
            cells.extend(resolved_only.clone());
            assert_eq!(flagged(&cells), [("chooser".to_owned(), false, true)], "{others}");
        }
        // It is the same if nothing is written down of those that are passed over.
        let mut cells = ordinary(20);
        cells.insert(cell("call", 9, "chooser", Outcome::Resolved), invited(70, 70));
        cells.insert(cell("call", 9, "chooser", Outcome::Untold), invited(0, 30));
        assert_eq!(flagged(&cells), [("chooser".to_owned(), false, true)]);
    }

    #[test]
    fn to_invite_more_is_no_fault_and_makes_nobody_look_bad() {
        let mut cells = ordinary(20);
        for at in 0..6 {
            cells.insert(cell("call", 9, &format!("eager {at}"), Outcome::Resolved), invited(100, 100));
        }
        assert_eq!(flagged(&cells), []);
        // Who invites more of the unresolved chooses nobody for their smile.
        let mut cells = ordinary(20);
        cells.insert(cell("call", 9, "humble", Outcome::Resolved), invited(40, 70));
        cells.insert(cell("call", 9, "humble", Outcome::Unresolved), invited(30, 30));
        assert_eq!(flagged(&cells), []);
    }

    #[test]
    fn a_channel_or_an_hour_is_nobodys_fault() {
        // By e-mail and at night 30 of 100 are invited, no matter who serves.
        let mut cells = ordinary(10);
        for at in 0..10 {
            cells.insert(cell("email", 9, &format!("writer {at}"), Outcome::Resolved), invited(28 + at % 5, 100));
            cells.insert(cell("call", 3, &format!("watch {at}"), Outcome::Resolved), invited(28 + at % 5, 100));
        }
        assert_eq!(flagged(&cells), []);
        // Channels are told apart all the same, and the many are not fewer for it.
        let channels = compare(&cells, Unit::Channel);
        let found: Vec<_> = channels.iter().map(|bias| (bias.key.as_str(), bias.fewer)).collect();
        assert_eq!(found, [("call", false), ("email", true)]);
    }

    #[test]
    fn outcomes_are_compared_in_the_same_hands() {
        // Who has the hard cases has a line that nobody is invited from: the outcome itself decides nothing.
        let mut cells = ordinary(0);
        cells.insert(cell("call", 9, "easy", Outcome::Resolved), invited(90, 90));
        cells.insert(cell("call", 9, "easy", Outcome::Unresolved), invited(10, 10));
        cells.insert(cell("call", 9, "hard", Outcome::Resolved), invited(1, 10));
        cells.insert(cell("call", 9, "hard", Outcome::Unresolved), invited(9, 90));
        assert!(compare(&cells, Unit::Outcome).iter().all(|bias| !bias.flagged()));
        cells.insert(cell("call", 9, "easy", Outcome::Unresolved), invited(0, 10));
        let found: Vec<_> = compare(&cells, Unit::Outcome).into_iter().map(|bias| (bias.key, bias.fewer)).collect();
        assert_eq!(found, [("resolved".to_owned(), false), ("unresolved".to_owned(), true)]);
    }

    #[test]
    fn one_alone_is_compared_with_nobody() {
        let alone = compare(&[(cell("call", 9, "one", Outcome::Untold), invited(1, 100))].into(), Unit::Staff);
        assert_eq!((alone[0].others_share, alone[0].p_value(), alone[0].flagged()), (None, None, false));
        // Of four nobody can say whose share is the usual one.
        let mut four = ordinary(4);
        four.insert(cell("call", 9, "agent 03", Outcome::Resolved), invited(10, 70));
        four.insert(cell("call", 9, "agent 03", Outcome::Unresolved), invited(4, 30));
        assert!(compare(&four, Unit::Staff).iter().all(|bias| bias.share.is_none() && !bias.flagged()));
    }
}
