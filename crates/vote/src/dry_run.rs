//! A tally without a server: rules and ballots from files, standings and flags as the server would find them. Every team in the
//! ballots is a judge team; who is pooled depends on a roll, which the files do not hold. Nor are judge teams of few ballots
//! merged as at a close: nothing can be kept from those who have the ballots.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Entry, Form,
    ballot::{FEWEST_DEALT, Fault, LARGEST_PANEL, check_choices, check_ranking},
    bounds::{self, too_many},
    consensus::estimate,
    count::{Count, Votes},
    dealing::OneWay,
    draw::Seed,
    flags::{Kind, Month, consensus_flags, flags},
    hex::unhex,
    result::{Basis, is_provisional, placings},
    rules::{self, FewJudges, SwapRule, TRIM_BP, Tally},
};

/// Trimming on each side, at most, in basis points.
const MOST_TRIMMED: u64 = 5_000;

/// A second line of a voter, where lines do not replace one another.
pub const DUPLICATE_VOTER: &str = "DUPLICATE_VOTER";
/// Not of the format.
pub const MALFORMED: &str = "MALFORMED";
/// A current ballot of that team supports the voter's.
pub const MUTUAL_VOTE: &str = "MUTUAL_VOTE";

/// The rules of a dry-run.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: rules::Rules,
    entries: Vec<Entry>,
    team_of: BTreeMap<String, String>,
    teams: BTreeSet<String>,
    seed: Seed,
}

impl Rules {
    /// Reads a rules file.
    ///
    /// # Errors
    /// Everything that is wrong, each with field and rule.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        let told: Value = serde_json::from_str(text).map_err(|error| vec![format!("not JSON: {error}")])?;
        let Value::Object(mut told) = told else { return Err(vec!["must be one JSON object".to_owned()]) };
        let mut wrong = Vec::new();
        let form = named(
            &mut told,
            "form",
            &[("RANKED_PANEL", Form::RankedPanel), ("OPEN_CHOICE", Form::OpenChoice)],
            &mut wrong,
        );
        let form = form.unwrap_or(Form::RankedPanel);
        let tallies = [
            ("PAIRWISE_CONSENSUS", Tally::PairwiseConsensus),
            ("TRIMMED_TEAM_MEAN", Tally::TrimmedTeamMean),
            ("PLURALITY", Tally::Plurality),
        ];
        let tally = match (named(&mut told, "tally", &tallies, &mut wrong), form) {
            (Some(Tally::PairwiseConsensus), Form::OpenChoice) => {
                wrong.push("tally: must not be PAIRWISE_CONSENSUS where nothing is ranked".to_owned());
                Tally::PairwiseConsensus
            }
            (Some(told), _) => told,
            // What is left out belongs to one tally only.
            (None, _) if told.contains_key("trim_bp") => Tally::TrimmedTeamMean,
            (None, _) => Tally::default_of(form),
        };
        let trim_bp = number(&mut told, "trim_bp", (0, MOST_TRIMMED), &mut wrong);
        let choices = number(&mut told, "choices", (1, 1_000_000), &mut wrong).unwrap_or(1);
        let swap_rules = [("NONE", SwapRule::None), ("REJECT_MUTUAL", SwapRule::RejectMutual)];
        let swap_rule = match (named(&mut told, "swap_rule", &swap_rules, &mut wrong), form) {
            (Some(SwapRule::RejectMutual), Form::RankedPanel) => {
                wrong.push("swap_rule: must not be REJECT_MUTUAL where panels are dealt".to_owned());
                SwapRule::None
            }
            (Some(rule), _) => rule,
            (None, Form::OpenChoice) if choices == 1 => SwapRule::RejectMutual,
            (None, _) => SwapRule::None,
        };
        let seed = match told.remove("seed") {
            None => Vec::new(),
            Some(Value::String(text)) => unhex(&text).unwrap_or_else(|| {
                wrong.push("seed: must be bytes in hexadecimal".to_owned());
                Vec::new()
            }),
            Some(_) => {
                wrong.push("seed: must be bytes in hexadecimal".to_owned());
                Vec::new()
            }
        };
        let entries = entries(told.remove("entries"), &mut wrong);
        let known = "form, tally, trim_bp, choices, swap_rule, seed, entries";
        wrong.extend(told.keys().map(|name| format!("{name}: unknown, must be one of {known}")));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            rules: rules::Rules {
                form,
                tally,
                trim_bp: trim_bp.map_or(TRIM_BP, |bp| u32::try_from(bp).unwrap_or(TRIM_BP)),
                panel_size: LARGEST_PANEL,
                one_way: OneWay::Auto,
                choices: usize::try_from(choices).unwrap_or(usize::MAX),
                swap_rule,
                blend_bp: 0,
                blend_days: None,
                hides_teams: false,
                neutral_teams: BTreeSet::new(),
                additional_voters: BTreeSet::new(),
                excluded: BTreeSet::new(),
                prizes: Vec::new(),
                dispute_window: 0,
                public_draw_source: String::new(),
                few_judges: FewJudges::Provisional,
                extension: 0,
            },
            teams: entries.iter().map(|entry| entry.team.clone()).collect(),
            team_of: entries.iter().map(|entry| (entry.id.clone(), entry.team.clone())).collect(),
            entries,
            seed: Seed::from_bytes(seed),
        })
    }

    fn check(&self, entry: &str, team: &str) -> Result<(), Fault> {
        match self.team_of.get(entry) {
            None => Err(Fault::UnknownEntry(entry.to_owned())),
            Some(own) if own == team => Err(Fault::OwnEntry(entry.to_owned())),
            Some(_) => Ok(()),
        }
    }
}

fn named<T: Copy>(
    told: &mut Map<String, Value>,
    field: &str,
    names: &[(&str, T)],
    wrong: &mut Vec<String>,
) -> Option<T> {
    let value = told.remove(field)?;
    let found = names.iter().find(|(name, _)| value.as_str() == Some(name));
    if found.is_none() {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        wrong.push(format!("{field}: must be one of {}, not {value}", names.join(", ")));
    }
    found.map(|(_, value)| *value)
}

fn number(
    told: &mut Map<String, Value>,
    field: &str,
    (least, most): (u64, u64),
    wrong: &mut Vec<String>,
) -> Option<u64> {
    let value = told.remove(field)?;
    let found = value.as_u64().filter(|number| (least..=most).contains(number));
    if found.is_none() {
        wrong.push(format!("{field}: must be a whole number from {least} to {most}, not {value}"));
    }
    found
}

fn entries(told: Option<Value>, wrong: &mut Vec<String>) -> Vec<Entry> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        entry: String,
        team: String,
    }
    let Some(Value::Array(told)) = told else {
        wrong.push("entries: must be a list of {\"entry\": ID, \"team\": ID}".to_owned());
        return Vec::new();
    };
    if told.is_empty() {
        wrong.push("entries: must not be empty".to_owned());
    }
    if let Some(rule) = too_many("entries", told.len(), bounds::ENTRIES) {
        wrong.push(format!("entries: {rule}"));
        return Vec::new();
    }
    let (mut ids, mut teams, mut entries) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (at, one) in told.into_iter().enumerate() {
        match serde_json::from_value::<Input>(one) {
            Err(error) => wrong.push(format!("entries[{at}]: must be {{\"entry\": ID, \"team\": ID}}: {error}")),
            Ok(one) if one.entry.is_empty() || one.team.is_empty() => {
                wrong.push(format!("entries[{at}]: entry and team must not be empty"));
            }
            Ok(Input { entry: id, team }) => {
                if !ids.insert(id.clone()) {
                    wrong.push(format!("entries[{at}].entry: must be there once, {id:?} is there before"));
                }
                if !teams.insert(team.clone()) {
                    wrong.push(format!("entries[{at}].team: must have one entry, {team:?} has another before"));
                }
                entries.push(Entry { id, team });
            }
        }
    }
    entries
}

/// A line of a ballots file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BallotLine {
    voter: String,
    team: String,
    panel: Option<Vec<String>>,
    ranking: Option<Vec<String>>,
    choices: Option<Vec<String>>,
}

/// A ballot that does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Refused {
    /// Absent where the line does not tell.
    pub voter: Option<String>,
    /// By name, such as `OWN_ENTRY`; the first of them if there are several.
    pub reason: String,
    /// In the file, from 1.
    pub line: usize,
    /// All that is wrong, for people.
    pub detail: String,
}

/// A ballot that counts.
#[derive(Clone, Debug)]
struct Ballot {
    team: String,
    /// Dealt, or to choose from.
    panel: Vec<String>,
    /// Best first, or the chosen ones.
    named: Vec<String>,
}

/// The ballots of a file, counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    votes: Votes,
    /// Ballots that count.
    pub ballots: usize,
    /// Others, in the order of lines.
    pub refused: Vec<Refused>,
}

/// Counts the ballots of a file, one JSON object a line; empty lines are passed over.
///
/// # Errors
/// More lines, or more entries on all ballots together, than are read.
pub fn count(rules: &Rules, text: &[u8]) -> Result<Counted, String> {
    let lines = text.split(|byte| *byte == b'\n').filter(|text| !text.trim_ascii().is_empty()).count();
    let places = match rules.rules.form {
        Form::RankedPanel => 0,
        Form::OpenChoice => lines.saturating_mul(rules.entries.len()),
    };
    let places = too_many("entries on all ballots together", places, bounds::PLACES);
    if let Some(rule) = too_many("ballots", lines, bounds::BALLOTS).or(places) {
        return Err(rule);
    }
    let mut current: BTreeMap<String, Ballot> = BTreeMap::new();
    let mut support = Support::default();
    let mut refused = Vec::new();
    let replaces = rules.rules.rejects_mutual();
    let lines = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).split(|byte| *byte == b'\n');
    for (line, text) in (1..).zip(lines).filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let mut refuse = |voter: Option<String>, reason: &str, detail: String| {
            refused.push(Refused { voter, reason: reason.to_owned(), line, detail });
        };
        let told: BallotLine = match serde_json::from_slice(text) {
            Ok(told) => told,
            Err(error) => {
                let voter = serde_json::from_slice::<Value>(text).ok();
                let voter = voter.and_then(|told| Some(told.get("voter")?.as_str()?.to_owned()));
                refuse(voter, MALFORMED, error.to_string());
                continue;
            }
        };
        let voter = told.voter.clone();
        if !replaces && current.contains_key(&voter) {
            refuse(Some(voter), DUPLICATE_VOTER, "the voter has a ballot before this line".to_owned());
            continue;
        }
        let ballot = match read(rules, told) {
            Ok(ballot) => ballot,
            Err((reason, detail)) => {
                refuse(Some(voter), reason, detail);
                continue;
            }
        };
        if replaces {
            if let Some(team) = support.returned(rules, current.get(&voter), &ballot) {
                refuse(Some(voter), MUTUAL_VOTE, format!("a ballot of team {team:?} supports team {:?}", ballot.team));
                continue;
            }
            support.add(rules, &ballot);
        }
        if let Some(before) = current.insert(voter, ballot) {
            support.remove(rules, &before);
        }
    }
    let mut count = Count::new(rules.rules.form, rules.rules.method());
    current.values().for_each(|ballot| count.add(&ballot.team, &ballot.panel, &ballot.named));
    Ok(Counted { votes: count.whole(), ballots: current.len(), refused })
}

/// The ballot of a line, or the name of what is wrong with it and all of it in words.
fn read(rules: &Rules, told: BallotLine) -> Result<Ballot, (&'static str, String)> {
    let malformed = |rule: &str| Err((MALFORMED, rule.to_owned()));
    if told.voter.is_empty() || told.team.is_empty() {
        return malformed("voter and team must not be empty");
    }
    let (named, other) = match rules.rules.form {
        Form::RankedPanel => (told.ranking, told.choices),
        Form::OpenChoice => (told.choices, told.ranking),
    };
    let Some(named) = named.filter(|_| other.is_none()) else {
        return malformed(match rules.rules.form {
            Form::RankedPanel => "there must be a ranking, and no choices",
            Form::OpenChoice => "there must be choices, and no ranking",
        });
    };
    let most = if rules.rules.form == Form::RankedPanel { bounds::RANKED } else { bounds::ENTRIES };
    if named.len() > most || told.panel.as_ref().is_some_and(|panel| panel.len() > bounds::ENTRIES) {
        return malformed("there are more entries on it than anybody can judge");
    }
    let team = told.team;
    let panel_told = told.panel.is_some();
    let panel = told.panel.unwrap_or_else(|| match rules.rules.form {
        Form::RankedPanel => named.clone(),
        Form::OpenChoice => {
            let others = rules.entries.iter().filter(|entry| entry.team != team);
            others.map(|entry| entry.id.clone()).collect()
        }
    });
    let mut faults: Vec<Fault> = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in &panel {
        faults.extend(rules.check(entry, &team).err());
        if !seen.insert(entry.as_str()) {
            faults.push(Fault::DuplicateEntry(entry.clone()));
        }
    }
    let dealt = |one: &str| match seen.contains(one) {
        true => Ok(()),
        false => rules.check(one, &team).and(Err(Fault::NotDealt(one.to_owned()))),
    };
    match rules.rules.form {
        Form::RankedPanel if panel_told && !(FEWEST_DEALT..=LARGEST_PANEL).contains(&panel.len()) => {
            return malformed(&format!("a panel must have {FEWEST_DEALT} to {LARGEST_PANEL} entries"));
        }
        Form::RankedPanel if panel.len() > LARGEST_PANEL => {
            return malformed(&format!("a panel must have at most {LARGEST_PANEL} entries"));
        }
        Form::RankedPanel => {
            faults.extend(named.iter().filter_map(|one| rules.check(one, &team).err()));
            faults.extend(check_ranking(&panel, &named));
            if panel.len() < FEWEST_DEALT {
                faults.push(Fault::TooFewRanked(FEWEST_DEALT));
            }
        }
        Form::OpenChoice => faults.extend(check_choices(&named, rules.rules.choices, dealt)),
    }
    // The most telling first: an entry that does not exist is not dealt either.
    faults.sort();
    faults.dedup();
    match faults.first() {
        None => Ok(Ballot { team, panel, named }),
        Some(first) => {
            let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Err((first.reason(), all.join("; ")))
        }
    }
}

/// How many current ballots of a team support another.
#[derive(Default)]
struct Support<'a>(HashMap<(String, &'a str), usize>);

/// The teams that a ballot supports, each once.
fn supported<'a>(rules: &'a Rules, ballot: &Ballot) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let teams = ballot.named.iter().filter_map(|entry| rules.team_of.get(entry)).map(String::as_str);
    teams.filter(|team| seen.insert(*team)).collect()
}

impl<'a> Support<'a> {
    fn add(&mut self, rules: &'a Rules, ballot: &Ballot) {
        for team in supported(rules, ballot) {
            *self.0.entry((ballot.team.clone(), team)).or_default() += 1;
        }
    }

    fn remove(&mut self, rules: &'a Rules, ballot: &Ballot) {
        for team in supported(rules, ballot) {
            if let Some(count) = self.0.get_mut(&(ballot.team.clone(), team)) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// A team that the ballot supports while a current one of that team supports the voter's; `own`, which the ballot replaces,
    /// is none.
    fn returned(&self, rules: &'a Rules, own: Option<&Ballot>, ballot: &Ballot) -> Option<&'a str> {
        // Only a team that competes can be supported.
        let team = rules.teams.get(&ballot.team)?.as_str();
        supported(rules, ballot).into_iter().find(|other| {
            let count = self.0.get(&((*other).to_owned(), team)).copied().unwrap_or(0);
            let replaced = own.is_some_and(|own| own.team == *other && supported(rules, own).contains(&team));
            count > usize::from(replaced)
        })
    }
}

/// What a dry-run finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// Best first; equals by lot.
    pub standings: Vec<Standing>,
    /// Every pair that judged each other, the strongest ring, and what else looks agreed on.
    pub flags: Vec<Flag>,
    /// Ballots that do not count.
    pub refused: Vec<Refused>,
    /// Those that count.
    pub ballots: usize,
    /// By what they were counted.
    pub tally: Tally,
    /// An entry was judged by fewer than 3 judge teams.
    pub provisional: bool,
}

/// How an entry did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "see Placing")]
pub struct Standing {
    pub entry: String,
    pub team: String,
    pub place: usize,
    /// From 0 to 1; ballots under plurality; under pairwise consensus a strength around 0, the logarithm of the odds against an
    /// average entry. Rounded half to even at a billionth.
    pub score: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The best and the worst of the places that are as sure as the score, from 1; under pairwise consensus.
    pub best_place: Option<usize>,
    pub worst_place: Option<usize>,
    /// Judge teams, and how many of them were left out on each side.
    pub judges: usize,
    pub trimmed: usize,
    pub ballots: u64,
}

/// See [`crate::flags::Flag`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flag {
    /// See [`crate::flags::Flag::teams`].
    pub teams: Vec<String>,
    /// The probability that chance alone makes as much of it.
    pub p: f64,
    /// More than chance.
    pub flagged: bool,
    /// `pair`, `ring`, `one-way`, `spike` or `odd team`.
    pub kind: &'static str,
    /// See [`crate::flags::Flag::share`].
    pub share: Option<f64>,
}

/// Standings and flags of counted ballots; `earlier` competitions from the oldest on.
pub fn findings(rules: &Rules, earlier: &[Counted], counted: Counted) -> Findings {
    let found = placings(&Basis {
        rules: &rules.rules,
        entries: &rules.entries,
        votes: &counted.votes,
        seed: &rules.seed,
        outcomes: &BTreeMap::new(),
        disqualified: &BTreeSet::new(),
    });
    let provisional = is_provisional(&rules.rules, &found);
    let shown = |nanos: i64| nanos as f64 / 1e9;
    let standings = found.into_iter().map(|one| Standing {
        place: one.place,
        score: one.score.map(|score| score.shown()),
        low: one.low.map(shown),
        high: one.high.map(shown),
        best_place: one.best_place,
        worst_place: one.worst_place,
        judges: one.judges,
        trimmed: one.trimmed,
        ballots: one.ballots,
        entry: one.entry,
        team: one.team,
    });
    let months =
        earlier.iter().chain([&counted]).map(|month| Month { entries: &rules.entries, sums: &month.votes.sums });
    let flag = |flag: crate::flags::Flag| Flag {
        kind: match flag.kind {
            Kind::Pair => "pair",
            Kind::Ring => "ring",
            Kind::OneWay => "one-way",
            Kind::Spike => "spike",
            Kind::OddTeam => "odd team",
        },
        share: flag.share,
        teams: flag.teams,
        p: flag.p,
        flagged: flag.flagged,
    };
    let mut found = flags(&months.collect::<Vec<_>>());
    let rankings = &counted.votes.rankings;
    if !rankings.is_empty() {
        found.extend(consensus_flags(&rules.entries, rankings, &estimate(&rules.entries, rankings)));
    }
    Findings {
        standings: standings.collect(),
        flags: found.into_iter().map(flag).collect(),
        ballots: counted.ballots,
        refused: counted.refused,
        tally: rules.rules.tally,
        provisional,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::draw::Purpose;

    fn rules(change: impl FnOnce(&mut Value)) -> Rules {
        let entries: Vec<Value> =
            (0..6).map(|at| json!({"entry": format!("e{at}"), "team": format!("t{at}")})).collect();
        let mut told = json!({"seed": "07", "entries": entries});
        change(&mut told);
        Rules::read(&told.to_string()).unwrap()
    }

    fn open(told: &mut Value) {
        told["form"] = json!("OPEN_CHOICE");
    }

    fn reasons(rules: &Rules, lines: &str) -> Vec<(usize, String)> {
        count(rules, lines.as_bytes()).unwrap().refused.into_iter().map(|one| (one.line, one.reason)).collect()
    }

    fn expected(reasons: &[(usize, &str)]) -> Vec<(usize, String)> {
        reasons.iter().map(|(line, reason)| (*line, (*reason).to_owned())).collect()
    }

    #[test]
    fn every_bad_ballot_is_refused_with_its_reason_and_others_count() {
        let lines = r#"{"voter": "a", "team": "t0", "panel": ["e1", "e2", "e3"], "ranking": ["e2", "e1"]}
nonsense
{"voter": "b", "team": "t0", "ranking": ["e1", "e0"]}
{"voter": "c", "team": "t0", "ranking": ["e1", "x"]}

{"voter": "d", "team": "t0", "ranking": ["e1", "e2", "e1"]}
{"voter": "e", "team": "t0", "panel": ["e1", "e2", "e3"], "ranking": ["e1", "e4"]}
{"voter": "f", "team": "t0", "panel": ["e1", "e2", "e3"], "ranking": ["e1"]}
{"voter": "a", "team": "t0", "ranking": ["e1", "e2"]}
{"voter": "g", "team": "t0", "ranking": ["e1"]}
{"voter": "h", "team": "t0", "choices": ["e1"]}
{"voter": "i", "team": "t0", "panel": ["e1"], "ranking": []}
{"voter": "j", "ranking": ["e1", "e2"]}
{"voter": "k", "team": "t0", "rankings": ["e1", "e2"]}
{"voter": "l", "team": "neutral", "ranking": ["e1", "e2", "e0"]}"#;
        let counted = count(&rules(|_| {}), lines.as_bytes()).unwrap();
        let found: Vec<(usize, String)> = counted.refused.iter().map(|one| (one.line, one.reason.clone())).collect();
        assert_eq!(
            found,
            expected(&[
                (2, MALFORMED),
                (3, "OWN_ENTRY"),
                (4, "UNKNOWN_ENTRY"),
                (6, "DUPLICATE_ENTRY"),
                (7, "ENTRY_NOT_DEALT"),
                (8, "TOO_FEW_RANKED"),
                (9, DUPLICATE_VOTER),
                (10, "TOO_FEW_RANKED"),
                (11, MALFORMED),
                (12, MALFORMED),
                (13, MALFORMED),
                (14, MALFORMED),
            ])
        );
        assert_eq!((counted.ballots, counted.refused[10].voter.as_deref()), (2, Some("j")));
    }

    #[test]
    fn a_returned_choice_is_refused_until_the_first_is_replaced() {
        let rules = rules(open);
        let lines = r#"{"voter": "a", "team": "t0", "choices": ["e1"]}
{"voter": "b", "team": "t1", "choices": ["e0"]}
{"voter": "a", "team": "t0", "choices": ["e2"]}
{"voter": "b", "team": "t1", "choices": ["e0"]}
{"voter": "a", "team": "t0", "choices": ["e1"]}
{"voter": "c", "team": "t2", "choices": ["e1", "e3"]}
{"voter": "c", "team": "t2", "choices": []}"#;
        let refused = [(2, MUTUAL_VOTE), (5, MUTUAL_VOTE), (6, "TOO_MANY_CHOSEN"), (7, "NOTHING_CHOSEN")];
        assert_eq!(reasons(&rules, lines), expected(&refused));
        // Without the rule the same voter votes once.
        let lines = lines.lines().take(3).collect::<Vec<_>>().join("\n");
        let none = super::tests::rules(|told| {
            open(told);
            told["swap_rule"] = json!("NONE");
        });
        assert_eq!(reasons(&none, &lines), expected(&[(3, DUPLICATE_VOTER)]));
    }

    #[test]
    fn everything_wrong_with_rules_is_named() {
        let told = json!({
            "form": "RANKED", "tally": 1, "trim_bp": 5001, "choices": 0, "swap_rule": "REJECT_MUTUAL", "seed": "0g",
            "panel_size": 8, "entries": [{"entry": "e"}, {"entry": "e", "team": "t"}, {"entry": "e", "team": "t"}],
        });
        let wrong = Rules::read(&told.to_string()).unwrap_err();
        let fields: Vec<&str> = wrong.iter().filter_map(|one| one.split(':').next()).collect();
        let named = ["form", "tally", "trim_bp", "choices", "swap_rule", "seed"];
        assert_eq!(fields[..6], named);
        assert_eq!(fields[6..], ["entries[0]", "entries[2].entry", "entries[2].team", "panel_size"]);
        assert!(Rules::read("{}").unwrap_err()[0].starts_with("entries"));
        assert!(Rules::read("[").unwrap_err()[0].starts_with("not JSON"));
    }

    #[test]
    fn a_result_of_few_judges_is_provisional() {
        let found = |tally: &str| {
            let rules = rules(|told| told["tally"] = json!(tally));
            let counted = count(&rules, br#"{"voter": "a", "team": "t0", "ranking": ["e1", "e2"]}"#).unwrap();
            let found = serde_json::to_value(findings(&rules, &[], counted)).unwrap();
            assert_eq!(found["provisional"], true);
            found["standings"][0].clone()
        };
        // One ballot is enough to compare by, and not for how sure that is.
        for tally in ["TRIMMED_TEAM_MEAN", "PAIRWISE_CONSENSUS"] {
            let first = found(tally);
            assert!(first["entry"] == "e1" && first["score"].is_number() && first["low"].is_null(), "{first}");
            assert!(first["best_place"].is_null());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_order_of_lines_changes_nothing(chance in any::<[u8; 8]>(), choose in any::<bool>()) {
            let mut chance = Seed::from_bytes(chance.to_vec()).stream(Purpose::Deal);
            let rules = rules(|told| if choose {
                open(told);
                told["choices"] = json!(3);
            });
            let mut lines = Vec::new();
            for voter in 0..40 {
                let team = chance.below(8);
                let mut panel: Vec<String> = (0..6).filter(|at| *at != team).map(|at| format!("e{at}")).collect();
                chance.shuffle(&mut panel);
                panel.truncate(4);
                let mut named = panel.clone();
                chance.shuffle(&mut named);
                named.truncate(3);
                let (voter, team) = (format!("v{voter}"), format!("t{team}"));
                lines.push(match choose {
                    true => json!({"voter": voter, "team": team, "choices": named}),
                    false => json!({"voter": voter, "team": team, "panel": panel, "ranking": named}),
                }.to_string());
            }
            let found = |lines: &[String]| {
                let text = lines.join("\n");
                let counted = count(&rules, text.as_bytes()).unwrap();
                serde_json::to_string(&findings(&rules, std::slice::from_ref(&counted), counted.clone())).unwrap()
            };
            let first = found(&lines);
            chance.shuffle(&mut lines);
            prop_assert_eq!(found(&lines), first);
        }
    }
}
