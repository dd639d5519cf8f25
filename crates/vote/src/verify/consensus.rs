//! What a record tells of a competition counted by pairwise consensus: strengths from their last round, and with an auditor's
//! ballots from the first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Closed, Found, Story, revision};
use crate::{
    Form, Method,
    ballot::FEWEST_DEALT,
    bounds::{self, too_many},
    consensus::{
        Ranking, estimate, nanos,
        published::{LastRound, rankings_text, read_rankings, strengths_after},
    },
    count::Count,
    dealing::{Deal, Seat},
    draw::sha256,
    exact::{self, NANOS, ratio},
    hex::hex,
    manifest::RollVoter,
    record::Auditor,
    tally::MERGED,
};

const BALLOTS: &str = "auditor's ballots";

/// Strengths follow from what the judge teams said in the last round: for everybody to check.
pub(super) fn last_round(story: &Story<'_>, closed: &Closed<'_>, found: &mut Found) {
    let place = revision(closed.number);
    let by_consensus = story.manifest.rules.method() == Method::PairwiseConsensus;
    if closed.ballots_hash.is_some() != by_consensus {
        return found.add(place, "the hash of ballots must be there under pairwise consensus, and else not");
    }
    let scored = closed.result.iter().any(|one| one.score.is_some());
    if !by_consensus || !scored {
        if !closed.last_round.is_empty() {
            found.add(place, "a last round must be there where strengths are, and else not");
        }
        return;
    }
    let voices = closed.last_round.iter().map(|round| round.voices.len()).sum();
    if let Some(rule) = too_many("voices", voices, bounds::SUMS) {
        return found.add(place, rule);
    }
    let mut ids: Vec<&String> = story.entries.iter().map(|entry| &entry.id).collect();
    ids.sort_unstable();
    if ids != closed.last_round.iter().map(|round| &round.entry).collect::<Vec<_>>() {
        return found.add(place, "the last round must have every entry once, by id");
    }
    let Some(strengths) = strengths_after(closed.last_round) else {
        return found.add(place, "the last round has what no voice can say, or voices out of order");
    };
    let strengths: BTreeMap<&String, f64> = ids.into_iter().zip(strengths).collect();
    let rounds: BTreeMap<&String, &LastRound> = closed.last_round.iter().map(|round| (&round.entry, round)).collect();
    for one in closed.result {
        let (Some(strength), Some(round)) = (strengths.get(&one.entry), rounds.get(&one.entry)) else { continue };
        let place = format!("{place}, entry {}", one.entry);
        let told = one.score.as_ref().map_or_else(|| "none".to_owned(), |score| score.exact.clone());
        let follows = ratio(nanos(*strength).into(), NANOS.into());
        found.same(&place, "score", &told, &format!("{}/{}", follows.numer(), follows.denom()));
        found.same(&place, "judges", &one.judges, &round.voices.len());
    }
}

/// The ballots of an auditor's record, if they are there and can be ballots.
pub(super) fn ballots(
    story: &Story<'_>,
    closed: &Closed<'_>,
    (auditor, text): (&Auditor, &str),
    roll: &[RollVoter],
    found: &mut Found,
) -> Option<Vec<Ranking>> {
    let told = closed.ballots_hash.unwrap_or_default();
    found.same(BALLOTS, "their hash", &hex(&sha256(text.as_bytes())).as_str(), &told);
    let rankings = match read_rankings(text) {
        Ok(rankings) => rankings,
        Err(error) => {
            found.add(BALLOTS, format!("they cannot be read: {error}"));
            return None;
        }
    };
    let places = rankings.iter().map(|ballot| ballot.panel.len()).sum();
    let rule = too_many("ballots", rankings.len(), bounds::BALLOTS).or(too_many("places", places, bounds::PLACES));
    if let Some(rule) = rule {
        found.add(BALLOTS, rule);
        return None;
    }
    let entries: BTreeMap<&str, &str> = story.entries.iter().map(|one| (one.id.as_str(), one.team.as_str())).collect();
    let size = story.manifest.rules.panel_size;
    for (at, ballot) in rankings.iter().enumerate() {
        let panel: BTreeSet<&String> = ballot.panel.iter().collect();
        let foreign = |id: &&String| entries.get(id.as_str()).is_none_or(|team| *team == ballot.judge);
        let sizes = 2..=size.max(2);
        if panel.len() < ballot.panel.len() || !sizes.contains(&panel.len()) || panel.iter().any(foreign) {
            found.add(format!("{BALLOTS}, number {}", at + 1), "its panel cannot have been dealt");
        }
        let rest = ballot.panel.get(ballot.ranked..).unwrap_or_default();
        if ballot.ranked == 0 || ballot.ranked > ballot.panel.len() || !rest.is_sorted() {
            found.add(
                format!("{BALLOTS}, number {}", at + 1),
                "its ranking is none, or what is not ranked is not by id",
            );
        }
    }
    if rankings.len() > roll.len() || rankings_text(&rankings).ok().as_deref() != Some(text) {
        found.add(BALLOTS, "they must be in order, and no more than voters");
    }
    // What the sums leave out of few ballots, these may have. A panel of one entry, which cannot have been dealt, has no places.
    let mut count = Count::new(Form::RankedPanel, Method::PairwiseConsensus);
    rankings.iter().filter(|ballot| ballot.panel.len() >= FEWEST_DEALT).for_each(|ballot| {
        count.add(&ballot.judge, &ballot.panel, &ballot.panel[..ballot.ranked.min(ballot.panel.len())])
    });
    let follows = crate::manifest::sums_text(&count.whole().sums.without_thin());
    if follows.ok().as_deref() != Some(&auditor.sums) {
        found.add(BALLOTS, "the sums are not those of the ballots");
    }
    Some(rankings)
}

/// Everything that is told of strengths follows from the ballots.
pub(super) fn estimated(story: &Story<'_>, closed: &Closed<'_>, rankings: &[Ranking], found: &mut Found) {
    let estimate = estimate(&story.entries, rankings);
    let follows = if rankings.is_empty() { Vec::new() } else { LastRound::of(&estimate) };
    let differing = closed.last_round.iter().zip(&follows).find(|(told, follows)| told != follows);
    if let Some((told, _)) = differing {
        found.add(
            revision(closed.number),
            format!("the last round of entry {} does not follow from the ballots", told.entry),
        );
    } else if closed.last_round.len() != follows.len() {
        found.add(revision(closed.number), "the last round does not follow from the ballots");
    }
    for one in closed.result {
        let Some(strength) = estimate.strengths.iter().find(|strength| strength.entry == one.entry) else { continue };
        found.same(
            &format!("{}, entry {}", revision(closed.number), one.entry),
            "ballots",
            &one.ballots,
            &strength.ballots,
        );
    }
}

/// Whether a score can be a strength: whole billionths within what strengths are kept.
pub(super) fn can_be(score: &num_rational::BigRational) -> bool {
    let whole = exact::nanos(score);
    *score == ratio(whole.into(), NANOS.into()) && whole.abs() <= 8 * NANOS
}

/// Every ballot's panel was dealt to a voter of its judge team, to as many voters as there are such ballots.
pub(super) fn dealt(deal: &Deal, rankings: &[Ranking], found: &mut Found) {
    let mut panels: BTreeMap<(&str, BTreeSet<&str>), usize> = BTreeMap::new();
    for seat in deal.seats.values() {
        if let Seat::Panel { judge, panel } = seat {
            *panels.entry((judge, panel.iter().map(String::as_str).collect())).or_default() += 1;
        }
    }
    for (at, ballot) in rankings.iter().enumerate().filter(|(_, ballot)| ballot.judge != MERGED) {
        let panel = ballot.panel.iter().map(String::as_str).collect();
        match panels.get_mut(&(ballot.judge.as_str(), panel)).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => {
                let place = format!("{BALLOTS}, judge team {:?}, number {}", ballot.judge, at + 1);
                found.add(place, "its panel was not dealt to that team, or not so often");
            }
        }
    }
}
