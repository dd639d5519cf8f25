//! What ratings come to: sums to which each rating adds the same whenever it comes, so that their order does not matter
//! and a correction takes away exactly what was added.

use std::{collections::BTreeMap, ops::AddAssign};

use rapport_statistics::interval::Moments;

use super::{Rated, Rating};
use crate::api::{
    Named as _,
    v1::{Attribution, Channel, InteractionKind, RatingQuestion, RatingStanding, Resolution, ScorecardUnit},
};

/// Sums over ratings of one standing. `i64` throughout: exact, and far from full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([i64; Counts::MEASURES.len()]);

const LEVELS: usize = 0;
const RESOLVED: usize = LEVELS + 5;
const DIMENSIONS: usize = RESOLVED + 2;
const BOTH: usize = DIMENSIONS + 14;
const CAUSES: usize = BOTH + 3;

impl Counts {
    /// The columns that hold them, in their order.
    pub(crate) const MEASURES: [&str; 30] = [
        "level_1",
        "level_2",
        "level_3",
        "level_4",
        "level_5",
        "resolved",
        "unresolved",
        "affinity_n",
        "affinity_sum",
        "carefulness_n",
        "carefulness_sum",
        "knowledge_n",
        "knowledge_sum",
        "clarity_n",
        "clarity_sum",
        "effort_n",
        "effort_sum",
        "expected_n",
        "expected_sum",
        "perceived_n",
        "perceived_sum",
        "both_n",
        "both_expected_sum",
        "both_perceived_sum",
        "about_staff",
        "about_policy",
        "about_product",
        "about_system",
        "about_logistics",
        "about_other",
    ];

    /// The questions on five points, in the order of answers and measures.
    pub(crate) const DIMENSIONS: [RatingQuestion; 7] = [
        RatingQuestion::Affinity,
        RatingQuestion::Carefulness,
        RatingQuestion::Knowledge,
        RatingQuestion::Clarity,
        RatingQuestion::Effort,
        RatingQuestion::Expected,
        RatingQuestion::Perceived,
    ];

    /// What one rating adds.
    pub(crate) fn of(rating: &Rating) -> Self {
        let mut counts = Self::default();
        let sums = &mut counts.0;
        let level = usize::from(rating.level.clamp(1, 5).unsigned_abs());
        sums[LEVELS + level - 1] = 1;
        match rating.answers.resolved {
            Resolution::Resolved => sums[RESOLVED] = 1,
            Resolution::Unresolved => sums[RESOLVED + 1] = 1,
            Resolution::Unspecified => {}
        }
        for (index, answer) in rating.answers.dimensions.into_iter().enumerate() {
            if answer > 0 {
                sums[DIMENSIONS + 2 * index] = 1;
                sums[DIMENSIONS + 2 * index + 1] = answer.into();
            }
        }
        let [.., expected, perceived] = rating.answers.dimensions;
        if expected > 0 && perceived > 0 {
            sums[BOTH] = 1;
            sums[BOTH + 1] = expected.into();
            sums[BOTH + 2] = perceived.into();
        }
        let cause = match rating.attribution {
            Attribution::Unspecified | Attribution::Staff => 0,
            Attribution::Policy => 1,
            Attribution::Product => 2,
            Attribution::System => 3,
            Attribution::Logistics => 4,
            Attribution::Other => 5,
        };
        sums[CAUSES + cause] = 1;
        counts
    }

    /// From columns in the order of [`Self::MEASURES`].
    pub(crate) fn from_sums(sums: [i64; Self::MEASURES.len()]) -> Self {
        Self(sums)
    }

    /// In the order of [`Self::MEASURES`].
    pub(crate) fn sums(&self) -> &[i64; Self::MEASURES.len()] {
        &self.0
    }

    /// What takes it away again.
    pub(crate) fn negated(mut self) -> Self {
        self.0.iter_mut().for_each(|sum| *sum = -*sum);
        self
    }

    /// How many gave level 1 to 5.
    pub(crate) fn levels(&self) -> [i64; 5] {
        std::array::from_fn(|index| self.0[LEVELS + index])
    }

    /// Ratings.
    pub(crate) fn n(&self) -> i64 {
        self.levels().iter().sum()
    }

    /// Of all levels.
    pub(crate) fn level_sum(&self) -> i64 {
        self.levels().iter().zip(1..).map(|(count, level)| count * level).sum()
    }

    /// Levels as scores.
    pub(crate) fn moments(&self) -> Moments {
        let squares = self.levels().iter().zip(1..).map(|(count, level): (&i64, i64)| count * level * level).sum();
        Moments { n: self.n(), sum: self.level_sum(), squares }
    }

    /// Customers who said that the matter was resolved, and that it was not.
    pub(crate) fn resolved(&self) -> (i64, i64) {
        (self.0[RESOLVED], self.0[RESOLVED + 1])
    }

    /// Answers to each of [`Self::DIMENSIONS`], and their sum.
    pub(crate) fn dimensions(&self) -> [(i64, i64); 7] {
        std::array::from_fn(|index| (self.0[DIMENSIONS + 2 * index], self.0[DIMENSIONS + 2 * index + 1]))
    }

    /// Customers who said both what they expected and what they got: how many, and the sums of the two.
    pub(crate) fn both(&self) -> (i64, i64, i64) {
        (self.0[BOTH], self.0[BOTH + 1], self.0[BOTH + 2])
    }

    /// By what they are about, from staff to other.
    pub(crate) fn causes(&self) -> [i64; 6] {
        std::array::from_fn(|index| self.0[CAUSES + index])
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

/// By what ratings are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(unreachable_pub, reason = "an entity, which is public whatever its module is, has it as a column")]
pub enum Unit {
    /// Of a scorecard.
    Shown(ScorecardUnit),
    /// A colleague's ratings in a team; for those who may see the team and no other.
    TeamStaff,
    /// A colleague's ratings by channel and topic: the same work, by which they are compared.
    StaffWork,
    /// The same of a team.
    TeamWork,
}

impl Unit {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let shown = ScorecardUnit::VALUES.iter().copied().map(Self::Shown);
        shown.chain([Self::TeamStaff, Self::StaffWork, Self::TeamWork])
    }

    /// Whether it is for comparing the same work only.
    pub(crate) fn is_work(self) -> bool {
        matches!(self, Self::StaffWork | Self::TeamWork)
    }
}

impl Default for Unit {
    fn default() -> Self {
        Self::Shown(ScorecardUnit::Unspecified)
    }
}

/// As the database keeps it. The contract leaves 20 to 22 to those that are not shown.
impl From<Unit> for i32 {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Shown(unit) => unit.into(),
            Unit::TeamStaff => 20,
            Unit::StaffWork => 21,
            Unit::TeamWork => 22,
        }
    }
}

impl TryFrom<i32> for Unit {
    type Error = ();

    fn try_from(number: i32) -> Result<Self, ()> {
        Self::all().find(|unit| i32::from(*unit) == number).ok_or(())
    }
}

/// Between the parts of a key that has several; no id holds it.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// What a rating or an invitation is about, by which both are grouped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// Id and version; none: of no survey.
    pub(crate) template: Option<(&'a str, i32)>,
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) topic: Option<&'a str>,
    pub(crate) rated: Option<&'a Rated>,
}

impl Subject<'_> {
    /// Its key in a unit; none: it belongs to no group of it.
    pub(crate) fn key(&self, unit: Unit) -> Option<String> {
        let joined = |parts: &[&str]| parts.join(&SEPARATOR.to_string());
        let (channel, topic) = (self.channel.as_str_name(), self.topic.unwrap_or_default());
        let team = || self.rated.and_then(|rated| rated.team_id.as_deref());
        match unit {
            Unit::Shown(ScorecardUnit::Unspecified | ScorecardUnit::Organization) => Some(String::new()),
            Unit::Shown(ScorecardUnit::Channel) => Some(channel.to_owned()),
            Unit::Shown(ScorecardUnit::Kind) => Some(self.kind.as_str_name().to_owned()),
            Unit::Shown(ScorecardUnit::Topic) => Some(topic.to_owned()),
            Unit::Shown(ScorecardUnit::Template) => self.template.map(|(id, version)| format!("{id}/{version}")),
            Unit::Shown(ScorecardUnit::Staff) => self.rated.map(|rated| rated.staff_id.clone()),
            Unit::Shown(ScorecardUnit::Role) => self.rated.map(|rated| rated.role.as_str_name().to_owned()),
            Unit::Shown(ScorecardUnit::Team) => team().map(str::to_owned),
            Unit::TeamStaff => self.rated.zip(team()).map(|(rated, team)| joined(&[team, &rated.staff_id])),
            Unit::StaffWork => self.rated.map(|rated| joined(&[&rated.staff_id, channel, topic])),
            Unit::TeamWork => team().map(|team| joined(&[team, channel, topic])),
        }
    }
}

/// Where a rating is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) unit: Unit,
    pub(crate) key: String,
    pub(crate) day: i32,
    pub(crate) standing: RatingStanding,
}

/// Everywhere a rating is counted; nowhere once it is superseded.
pub(crate) fn places(rating: &Rating) -> Vec<Place> {
    if rating.standing == RatingStanding::Superseded {
        return Vec::new();
    }
    let subject = Subject {
        template: Some((&rating.template_id, rating.template_version)),
        channel: rating.channel,
        kind: rating.kind,
        topic: rating.topic.as_deref(),
        rated: rating.rated.as_ref(),
    };
    let place = |unit| {
        let key = subject.key(unit)?;
        Some(Place { unit, key, day: rating.day, standing: rating.standing })
    };
    Unit::all().filter_map(place).collect()
}

/// What some ratings change of the counters.
#[derive(Debug, Default)]
pub(crate) struct Changes(pub(crate) BTreeMap<Place, Counts>);

impl Changes {
    /// Whether they change nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts a rating in.
    pub(crate) fn add(&mut self, rating: &Rating) {
        self.merge(rating, Counts::of(rating));
    }

    /// Takes a rating out, as it was when it was counted in.
    pub(crate) fn remove(&mut self, rating: &Rating) {
        self.merge(rating, Counts::of(rating).negated());
    }

    fn merge(&mut self, rating: &Rating, counts: Counts) {
        for place in places(rating) {
            *self.0.entry(place).or_default() += counts;
        }
    }
}

/// The figures of one group, by standing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledgers(BTreeMap<RatingStanding, Counts>);

impl Ledgers {
    /// Adds the sums of a standing.
    pub(crate) fn add(&mut self, standing: RatingStanding, counts: Counts) {
        *self.0.entry(standing).or_default() += counts;
    }

    /// Adds all of another group.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(standing, counts)| self.add(*standing, *counts));
    }

    /// Forgets standings of which nothing is left; gives whether anything is.
    pub(crate) fn drop_empty(&mut self) -> bool {
        self.0.retain(|_, counts| *counts != Counts::default());
        !self.0.is_empty()
    }

    /// What counts for staff.
    pub(crate) fn staff(&self) -> Counts {
        self.of(RatingStanding::Counted)
    }

    /// What customers said, all of it.
    pub(crate) fn customer(&self) -> Counts {
        self.0.values().fold(Counts::default(), |mut all, one| {
            all += *one;
            all
        })
    }

    /// The sums of one standing.
    pub(crate) fn of(&self, standing: RatingStanding) -> Counts {
        self.0.get(&standing).copied().unwrap_or_default()
    }
}
