//! From counters to the comparison of teams and colleagues, and who may see which row of it.

use std::collections::BTreeMap;

use rapport_statistics::{
    case_mix::{Cell, Groups},
    interval::Moments,
    ranking::{self, Band, Explanation, Standing, Terms},
};

use super::{
    figures::{SEPARATOR, Unit},
    message,
    store::{self as rows, Period, Wanted},
};
use crate::{
    api::v1::{self, ScorecardUnit},
    error::{Error, Result},
    offload,
    reach::{Oneself, Scope},
    store::Store,
};

/// Units with fewer ratings get neither band nor place, where nobody says otherwise.
const MINIMUM: i64 = 30;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Teams,
    Staff,
}

impl Compared {
    pub(super) fn of(unit: ScorecardUnit) -> Result<Self> {
        let comparable = [(ScorecardUnit::Team, Self::Teams), (ScorecardUnit::Staff, Self::Staff)];
        comparable
            .into_iter()
            .find(|(one, _)| *one == unit)
            .map(|(_, compared)| compared)
            .ok_or_else(|| Error::invalid("unit", crate::error::Reason::Contradiction, "must be a team or a colleague"))
    }

    fn work(self) -> Unit {
        match self {
            Self::Teams => Unit::TeamWork,
            Self::Staff => Unit::StaffWork,
        }
    }
}

/// The ratings of a period that count for staff, by whom they rate and what for, and the terms of comparing them.
pub(super) struct Comparison {
    groups: Groups,
    terms: Terms,
    period: Period,
    besides: Oneself,
}

impl Comparison {
    /// Reads the counters of the period that the terms name, as if nobody had rated `besides`.
    pub(super) async fn read(
        store: &Store,
        compared: Compared,
        terms: &v1::RankTerms,
        besides: Oneself,
    ) -> Result<Self> {
        let (first, last) = message::period("terms.", &terms.first_day, &terms.last_day)?;
        let period = Period { first, last };
        let wanted =
            Wanted { unit: compared.work(), keys: None, within: None, after: None, period, besides: besides.clone() };
        let mut groups = Groups::new();
        for (key, days) in rows::figures(store.reader(), &wanted, false).await? {
            let mut parts = key.splitn(3, SEPARATOR).map(str::to_owned);
            let (Some(whom), Some(channel), Some(topic)) = (parts.next(), parts.next(), parts.next()) else { continue };
            let channel = message::shown_key(ScorecardUnit::Channel, &channel);
            let scores = days.values().map(|ledgers| ledgers.staff().moments()).fold(Moments::default(), Moments::plus);
            if scores.n > 0 {
                groups.entry(whom).or_default().insert(Cell { channel, topic }, scores);
            }
        }
        let minimum = if terms.minimum_n == 0 { MINIMUM } else { terms.minimum_n.into() };
        // Levels are upright whatever the direction of the survey's scale.
        Ok(Self { groups, terms: Terms { minimum, min: 1, max: 5 }, period, besides })
    }

    /// Compares. Takes time with many colleagues, so not on a thread that serves others.
    pub(super) async fn rank(self) -> Result<(Self, Vec<Standing>)> {
        let work = move || {
            let standings = ranking::rank(&self.groups, &self.terms);
            (self, standings)
        };
        offload::run(work).await
    }

    /// Why one of them stands where it stands. Takes time, as ranking does.
    pub(super) fn explain(&self, key: &str) -> Option<Explanation> {
        ranking::explain(&self.groups, key, &self.terms)
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let cells: usize = self.groups.values().map(|cells| cells.len()).sum();
        cells * (size_of::<Cell>() + size_of::<Moments>() + 32)
    }

    /// Which of the rows lie within reach. What others did goes into the comparison all the same.
    pub(super) async fn within(
        &self,
        store: &Store,
        scope: &Scope,
        compared: Compared,
        standings: Vec<Standing>,
    ) -> Result<Vec<Standing>> {
        let keys = match (scope, compared) {
            (Scope::All, _) => return Ok(standings),
            (Scope::Teams { teams, .. }, Compared::Teams) => teams.clone(),
            (Scope::Teams { teams, .. }, Compared::Staff) => self.staff_of(store, teams).await?,
            (Scope::Staff(_) | Scope::Customer(_), _) => Vec::new(),
        };
        Ok(standings.into_iter().filter(|one| keys.contains(&one.key)).collect())
    }

    /// Who was rated for these teams in the period.
    async fn staff_of(&self, store: &Store, teams: &[String]) -> Result<Vec<String>> {
        let wanted = Wanted {
            unit: Unit::TeamStaff,
            keys: None,
            within: Some(teams.to_vec()),
            after: None,
            period: self.period,
            besides: self.besides.clone(),
        };
        let found = rows::figures(store.reader(), &wanted, false).await?;
        Ok(found.keys().filter_map(|key| Some(key.split_once(SEPARATOR)?.1.to_owned())).collect())
    }
}

/// A row as the contract has it.
pub(super) fn write(standing: Standing) -> v1::Rank {
    v1::Rank {
        key: standing.key,
        band: standing.band.map_or(v1::RankBand::Unspecified, band).into(),
        place: standing.place.and_then(|place| i32::try_from(place).ok()).unwrap_or_default(),
        n: standing.n,
        raw_mean: standing.raw_mean,
        expected: standing.expected,
        shrunk: standing.shrunk,
        low: standing.interval.map(|interval| interval.low),
        high: standing.interval.map(|interval| interval.high),
    }
}

fn band(band: Band) -> v1::RankBand {
    match band {
        Band::Above => v1::RankBand::Above,
        Band::AsExpected => v1::RankBand::AsExpected,
        Band::Below => v1::RankBand::Below,
    }
}

/// An explanation as the contract has it.
pub(super) fn write_explanation(rank: v1::Rank, explanation: Option<Explanation>) -> v1::ExplainRankResponse {
    let mut response = v1::ExplainRankResponse { rank: Some(rank), ..Default::default() };
    if let Some(explanation) = explanation {
        response.overall = Some(explanation.overall);
        let part = |part: ranking::Part| v1::RankPart {
            channel: part.channel.unwrap_or_default(),
            topic: part.topic.unwrap_or_default(),
            n: part.n,
            work: part.work,
            own: part.own,
        };
        response.parts = explanation.parts.into_iter().map(part).collect();
        response.next = explanation.next.map(|next| v1::NextRankBand {
            band: band(next.band).into(),
            ratings: next.ratings,
            mean: next.mean,
        });
    }
    response
}

/// The shrunken mean level of every team over some days, in billionths, where it has one: what competitions blend in (C3).
pub(crate) async fn shrunken_team_means(store: &Store, days: (&str, &str)) -> Result<BTreeMap<String, i64>> {
    let terms = v1::RankTerms { first_day: days.0.to_owned(), last_day: days.1.to_owned(), minimum_n: 0 };
    let (_, standings) = Comparison::read(store, Compared::Teams, &terms, Oneself::nobody()).await?.rank().await?;
    let mean = |one: Standing| Some((one.key, (one.shrunk? * 1e9).round() as i64));
    Ok(standings.into_iter().filter_map(mean).collect())
}
