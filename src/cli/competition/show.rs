//! Competitions and what belongs to them, as text or as JSON.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::out::{self, Table, one_line, table};
use crate::api::{
    convert::micros,
    v1::{Competition, Entry, ExplainStandingResponse, JudgeInvitation, OpenVotingResponse, Standing, TeamStanding},
};

fn when(at: &Option<prost_types::Timestamp>) -> Option<String> {
    let at = Timestamp::from_microsecond(at.as_ref().map(micros)?).ok()?;
    Some(at.to_string())
}

fn state(competition: &Competition) -> String {
    competition.state().plain_name().to_owned()
}

pub(super) fn competition_json(one: &Competition) -> Value {
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "competition_id": one.competition_id,
        "title": one.title,
        "state": state(one),
        "submission_deadline": when(&one.submission_deadline),
        "voting_deadline": when(&one.voting_deadline),
        "opened_time": when(&one.opened_time),
        "closed_time": when(&one.closed_time),
        "dispute_deadline": when(&one.dispute_deadline),
        "seed_commitment": one.seed_commitment,
        "manifest_hash": filled(&one.manifest_hash),
    })
}

pub(super) fn competition(one: &Competition, as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    if as_json {
        writeln!(out, "{}", competition_json(one))?;
        return Ok(());
    }
    writeln!(out, "{}  {}\n{}", one_line(&one.competition_id), one_line(&one.title), state(one))?;
    let rules = one.rules.clone().unwrap_or_default();
    let form = rules.form().plain_name().replace('_', " ");
    let tally = rules.tally().plain_name().replace('_', " ");
    writeln!(out, "  {form} of {}, {tally}", rules.panel_size)?;
    let lines = [
        ("entries until", when(&one.submission_deadline)),
        ("votes until", when(&one.voting_deadline)),
        ("opened", when(&one.opened_time)),
        ("closed", when(&one.closed_time)),
        ("disputed until", when(&one.dispute_deadline)),
        ("commitment", Some(one.seed_commitment.clone())),
        ("manifest", Some(one.manifest_hash.clone()).filter(|hash| !hash.is_empty())),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            writeln!(out, "  {name:<14} {}", one_line(&value))?;
        }
    }
    Ok(())
}

pub(super) fn competitions(all: &[Competition], as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    if as_json {
        let all: Vec<Value> = all.iter().map(competition_json).collect();
        writeln!(out, "{}", json!({ "competitions": all }))?;
        return Ok(());
    }
    let row = |one: &Competition| {
        let until = when(&one.voting_deadline).unwrap_or_default();
        vec![one.competition_id.clone(), state(one), until, one.title.clone()]
    };
    writeln!(out, "{}", table(["competition", "state", "votes until", ""], all.iter().map(row), []))?;
    Ok(())
}

pub(super) fn entries(all: &[Entry], as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    if as_json {
        let entry = |one: &Entry| {
            json!({
                "entry_id": one.entry_id,
                "team_id": Some(&one.team_id).filter(|team| !team.is_empty()),
                "title": one.title,
                "what": one.what,
                "why": one.why,
                "submitted_time": when(&one.submitted_time),
                "revised_time": when(&one.revised_time),
            })
        };
        writeln!(out, "{}", json!({ "entries": all.iter().map(entry).collect::<Vec<_>>() }))?;
        return Ok(());
    }
    let row = |one: &Entry| vec![one.entry_id.clone(), one.team_id.clone(), one.title.clone()];
    writeln!(out, "{}", table(["entry", "team", ""], all.iter().map(row), []))?;
    Ok(())
}

pub(super) fn invitations(all: &[JudgeInvitation], as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    if as_json {
        let one = |one: &JudgeInvitation| json!({"judge_id": one.judge_id, "ballot_token": one.ballot_token});
        writeln!(out, "{}", json!({ "invitations": all.iter().map(one).collect::<Vec<_>>() }))?;
        return Ok(());
    }
    let row = |one: &JudgeInvitation| vec![one.judge_id.clone(), one.ballot_token.clone()];
    writeln!(out, "{}", table(["judge", "ballot token"], all.iter().map(row), []))?;
    Ok(())
}

pub(super) fn opened(opened: &OpenVotingResponse, as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    let reason = |one: &crate::api::v1::NoBallot| one.reason().plain_name().to_owned();
    let competition = opened.competition.clone().unwrap_or_default();
    let warning = |one: &crate::api::v1::OpeningWarning| {
        let proposed = Some(one.neutral_teams_proposed).filter(|proposed| *proposed > 0);
        json!({"kind": one.kind().plain_name(), "neutral_teams_proposed": proposed, "text": one.text})
    };
    if as_json {
        let none = |one: &crate::api::v1::NoBallot| json!({"voter_id": one.voter_id, "reason": reason(one)});
        let told = json!({
            "competition": competition_json(&competition),
            "voters": opened.voters,
            "judge_teams": opened.judge_teams,
            "judge_teams_needed": Some(opened.judge_teams_needed).filter(|needed| *needed > 0),
            "ballots_needed": Some(opened.ballots_needed).filter(|needed| *needed > 0),
            "warnings": opened.warnings.iter().map(warning).collect::<Vec<_>>(),
            "no_ballots": opened.no_ballots.iter().map(none).collect::<Vec<_>>(),
        });
        writeln!(out, "{told}")?;
        return Ok(());
    }
    self::competition(&competition, false)?;
    writeln!(out, "  {} voters in {} judge teams", opened.voters, opened.judge_teams)?;
    if opened.judge_teams_needed > 0 {
        let (teams, ballots) = (opened.judge_teams_needed, opened.ballots_needed);
        writeln!(out, "  for a result {teams} judge teams must vote, with 3 ballots each: {ballots} in all")?;
    }
    for one in &opened.warnings {
        writeln!(out, "  note: {}", one_line(&one.text))?;
    }
    for one in &opened.no_ballots {
        writeln!(out, "  without a ballot: {} ({})", one_line(&one.voter_id), reason(one).replace('_', " "))?;
    }
    Ok(())
}

pub(in super::super) fn standing_json(one: &Standing) -> Value {
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let decision = one.prize_decision().plain_name().to_owned();
    json!({
        "entry_id": one.entry_id,
        "team_id": one.team_id,
        "title": one.title,
        "place": Some(one.place).filter(|place| *place > 0),
        "result": one.result,
        "score": one.score,
        "low": one.low,
        "high": one.high,
        "outcome": one.outcome,
        "prize": filled(&one.prize),
        "prize_decision": filled(&decision),
        "best_place": one.best_place,
        "worst_place": one.worst_place,
        "judge_teams": one.judge_teams,
    })
}

pub(in super::super) fn standings_table(all: &[Standing]) -> Table {
    let figure = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| out::figure(figure, 4));
    let row = |one: &Standing| {
        let place = if one.place > 0 { one.place.to_string() } else { "out".to_owned() };
        let interval = one.low.zip(one.high).map(|(low, high)| format!("{low:.3} to {high:.3}"));
        let places = one.best_place.zip(one.worst_place).map(|(best, worst)| format!("{best} to {worst}"));
        let by_lot = one.prize_decision() == crate::api::v1::PrizeDecision::ByLot;
        let prize = if by_lot { format!("{} (by lot)", one.prize) } else { one.prize.clone() };
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            place,
            one.team_id.clone(),
            figure(one.result),
            figure(one.score),
            or_none(interval),
            or_none(places),
            one.title.clone(),
            prize,
        ]
    };
    table(["place", "team", "result", "votes", "95 %", "places", "", ""], all.iter().map(row), [0, 2, 3, 4, 5])
}

pub(super) fn explanation(told: &ExplainStandingResponse, as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    let voice = |one: &crate::api::v1::JudgeVoice| json!({"advantage": one.advantage, "weight": one.weight, "counted": one.counted});
    if as_json {
        let told = json!({
            "standing": told.standing.as_ref().map(standing_json),
            "ballots": told.ballots,
            "judge_teams": told.judge_teams,
            "trimmed": told.trimmed,
            "untrimmed_score": told.untrimmed_score,
            "next_place": Some(told.next_place).filter(|place| *place > 0),
            "needed": told.needed,
            "text": told.text,
            "voices": told.voices.iter().map(voice).collect::<Vec<_>>(),
        });
        writeln!(out, "{told}")?;
    } else {
        writeln!(out, "{}", one_line(&told.text))?;
        if !told.voices.is_empty() {
            let row = |one: &crate::api::v1::JudgeVoice| {
                let advantage = format!("{:+.1} %", 100.0 * one.advantage);
                vec![advantage, format!("{:.2}", one.weight), format!("{:.0} %", 100.0 * one.counted)]
            };
            let head = ["pairs won beyond expected", "weight", "counted"];
            writeln!(out, "\nOne line for each judge team, which is told to nobody:")?;
            writeln!(out, "{}", table(head, told.voices.iter().map(row), [0, 1, 2]))?;
        }
    }
    Ok(())
}

pub(super) fn history(all: &[TeamStanding], as_json: bool) -> anyhow::Result<()> {
    let mut out = out::stdout();
    let (competition, standing) = (
        |one: &TeamStanding| one.competition.clone().unwrap_or_default(),
        |one: &TeamStanding| one.standing.clone().unwrap_or_default(),
    );
    if as_json {
        let one = |one: &TeamStanding| {
            json!({
                "competition": competition_json(&competition(one)),
                "standing": standing_json(&standing(one)),
                "entries": one.entries,
            })
        };
        writeln!(out, "{}", json!({ "standings": all.iter().map(one).collect::<Vec<_>>() }))?;
        return Ok(());
    }
    let row = |one: &TeamStanding| {
        let (competition, standing) = (competition(one), standing(one));
        let closed = when(&competition.closed_time).unwrap_or_default();
        let place = if standing.place > 0 { standing.place.to_string() } else { "out".to_owned() };
        vec![closed, place, one.entries.to_string(), competition.title, standing.title, standing.prize]
    };
    writeln!(out, "{}", table(["closed", "place", "of", "competition", "entry", ""], all.iter().map(row), [1, 2]))?;
    Ok(())
}
