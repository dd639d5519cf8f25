//! Checks a record from itself alone: hashes, chain, signatures, and whatever follows from what is told in it.

mod consensus;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use num_rational::BigRational;
use num_traits::{One as _, Signed as _};
use serde::Serialize;

use crate::{
    Entry, Form, Method, Micros,
    ballot::{UNIT, top_places},
    bounds::{self, too_many},
    chain::{Body, Outcome, link_hash, signed_text},
    consensus::published::{LastRound, rankings_text},
    count::Votes,
    dealing::{Deal, Seat},
    draw::{Hash, Seed, sha256},
    exact::{nanos, ratio},
    hex::{hex, unhex},
    manifest::{self, Manifest, RollVoter, SumRow, roll_text, sums_text},
    record::{Auditor, Record, Revision, public_key},
    result::{Acceptance, Basis, Fraction, Placing, is_provisional, is_told, placings, result, settled},
    signature::verifies,
    tally::{FEWEST_JUDGES_OF_AN_ENTRY, Given, MERGED, Sums, lots, scores, trimmed},
};

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The part of the record.
    #[serde(rename = "where")]
    pub place: String,
    /// In words.
    pub what: String,
}

/// What a check came to.
#[derive(Debug, Default)]
pub struct Report {
    /// What was checked and agrees.
    pub checked: Vec<&'static str>,
    /// What this record, or this caller, gives no means to check.
    pub unchecked: Vec<&'static str>,
    /// In the order of the record.
    pub failures: Vec<Failure>,
}

/// Failures of one subject.
#[derive(Default)]
struct Found(Vec<Failure>);

impl Found {
    fn add(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.0.push(Failure { place: place.into(), what: what.into() });
    }

    /// Two things that should be equal.
    fn same<T: PartialEq + std::fmt::Display>(&mut self, place: &str, name: &str, told: &T, follows: &T) {
        if told != follows {
            self.add(place, format!("{name} is {told}, but {follows} follows"));
        }
    }
}

impl Report {
    fn check<T>(&mut self, subject: &'static str, check: impl FnOnce(&mut Found) -> T) -> T {
        let mut found = Found::default();
        let answer = check(&mut found);
        if found.0.is_empty() {
            self.checked.push(subject);
        }
        self.failures.extend(found.0);
        answer
    }
}

const OPENING: &str = "manifest";
const ROLL: &str = "auditor's roll";
const SUMS: &str = "auditor's sums";

fn revision(number: i32) -> String {
    format!("revision {number}")
}

/// Checks a record; `pinned` are public keys by id that are known from elsewhere.
pub fn verify(record: &Record, pinned: &BTreeMap<String, Vec<u8>>) -> Report {
    let mut report = Report::default();
    report.check("the revisions are a chain: none missing, moved or altered", |found| chain(record, found));
    report.check("every revision is signed", |found| signatures(record, pinned, found));
    if pinned.is_empty() {
        report.unchecked.push("whose keys signed: compare their ids and public keys with known ones, or give --key");
    }
    let bodies = report.check("every revision is of a known kind, in an order that can be", |found| {
        let bodies = bodies(record, found);
        kinds(&bodies, found);
        bodies
    });
    let Some(text) = &record.manifest else {
        let hidden = bodies.iter().all(|(_, body)| matches!(body, Body::Opened { .. }));
        report.check("the manifest is kept back until the close", |found| {
            if !hidden {
                found.add(OPENING, "it is missing");
            }
        });
        report.unchecked.push("the manifest: it tells the teams of entries, which are hidden while voting is open");
        return report;
    };
    let manifest = report.check("the manifest is the one whose hash was signed at the opening", |found| {
        opening(record, text, &bodies, found)
    });
    let Some(manifest) = manifest else { return report };
    report.check("opening, close, disputes and end keep their deadlines", |found| times(&manifest, &bodies, found));
    let story = Story::of(&manifest, text, &bodies);
    if let Some(closed) = &story.closed {
        report.check(
            "results name the manifest's entries, and places and prizes follow from scores and lots",
            |found| {
                results(&story, found);
            },
        );
        if manifest.rules.method() == Method::PairwiseConsensus || closed.ballots_hash.is_some() {
            report.check("strengths follow from what judge teams said in the last round", |found| {
                consensus::last_round(&story, closed, found);
            });
        }
    } else {
        report.unchecked.push("the result: voting has not closed");
    }
    match &story.secret {
        Some(_) => report.check("the seed was committed to at the opening, and lots follow from it", |found| {
            seed(&story, found);
        }),
        None => report.unchecked.push("lots: the secret behind the draw is told when the result is final"),
    }
    match (&record.auditor, &story.closed) {
        (Some(auditor), Some(closed)) => audit(&story, closed, auditor, &mut report),
        (Some(_), None) => report.check("sums are told after the close only", |found| {
            found.add(SUMS, "they must not be there before the close");
        }),
        (None, _) => report.unchecked.push("scores, intervals and dealing: they take the auditor's record"),
    }
    report
}

fn chain(record: &Record, found: &mut Found) {
    if record.revisions.is_empty() {
        found.add("revisions", "there is none");
    }
    let numbers: BTreeSet<i32> = record.revisions.iter().map(|revision| revision.number).collect();
    let (mut last, mut before) = (0, Hash::default());
    for one in &record.revisions {
        if one.number != last + 1 {
            let missing = !numbers.contains(&(last + 1)) && one.number > last;
            match missing {
                true => found.add(revision(last + 1), format!("it is missing: revision {} stands there", one.number)),
                false => {
                    found.add(revision(one.number), format!("it is out of order: revision {} belongs there", last + 1))
                }
            }
        }
        let hash = link_hash(&before, &one.body);
        if hex(&hash) != one.hash {
            let what =
                "its hash is not that of its text and the revision before: it was altered, or what comes before it";
            found.add(revision(one.number), what);
        }
        before = hash_of(&one.hash).unwrap_or(hash);
        last = one.number;
    }
}

fn hash_of(text: &str) -> Option<Hash> {
    unhex(text)?.try_into().ok()
}

fn signatures(record: &Record, pinned: &BTreeMap<String, Vec<u8>>, found: &mut Found) {
    let mut keys: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for key in &record.keys {
        let place = format!("key {}", key.id);
        let Some(bytes) = public_key(&key.public_key) else {
            found.add(place, "it is not 32 bytes in base64url");
            continue;
        };
        if pinned.get(&key.id).is_some_and(|pinned| *pinned != bytes) {
            found.add(place.clone(), "it is not the one that was given for this id");
        }
        if keys.insert(&key.id, bytes).is_some() {
            found.add(place, "it is there more than once");
        }
    }
    for one in &record.revisions {
        let place = revision(one.number);
        let key = match pinned.is_empty() {
            true => keys.get(one.key_id.as_str()),
            false => pinned.get(&one.key_id),
        };
        let Some(key) = key else {
            let from = if pinned.is_empty() { "in the record" } else { "among those given" };
            found.add(place, format!("it is signed by key {:?}, which is not {from}", one.key_id));
            continue;
        };
        let signed = |one: &Revision| {
            let text = signed_text(&record.competition, one.number, &hash_of(&one.hash)?);
            let signature = URL_SAFE_NO_PAD.decode(&one.signature).ok()?;
            Some(verifies(key, text.as_bytes(), &signature))
        };
        if signed(one) != Some(true) {
            found.add(
                place,
                format!("its signature is not that of key {} over this competition, number and hash", one.key_id),
            );
        }
    }
}

fn bodies(record: &Record, found: &mut Found) -> Vec<(i32, Body)> {
    let mut bodies = Vec::new();
    for one in &record.revisions {
        match serde_json::from_str(&one.body) {
            Ok(body) => bodies.push((one.number, body)),
            Err(error) => found.add(revision(one.number), format!("its text cannot be read: {error}")),
        }
    }
    bodies
}

fn kinds(bodies: &[(i32, Body)], found: &mut Found) {
    let mut before: Option<&Body> = None;
    for (number, body) in bodies {
        let may_follow = match (before, body) {
            (None, Body::Opened { .. })
            | (Some(Body::Opened { .. }), Body::Extended { .. })
            | (Some(Body::Opened { .. } | Body::Extended { .. }), Body::Closed { .. })
            | (
                Some(Body::Closed { .. } | Body::Disqualified { .. } | Body::Accepted { .. }),
                Body::Disqualified { .. } | Body::Final { .. },
            )
            | (Some(Body::Closed { .. } | Body::Disqualified { .. } | Body::Final { .. }), Body::Accepted { .. }) => {
                true
            }
            (
                _,
                Body::Opened { .. }
                | Body::Extended { .. }
                | Body::Closed { .. }
                | Body::Disqualified { .. }
                | Body::Accepted { .. }
                | Body::Final { .. },
            ) => false,
        };
        if !may_follow {
            let after = before.map_or("the first revision", kind);
            found.add(revision(*number), format!("{} cannot come as or after {after}", kind(body)));
        }
        before = Some(body);
    }
}

fn kind(body: &Body) -> &'static str {
    match body {
        Body::Opened { .. } => "OPENED",
        Body::Extended { .. } => "EXTENDED",
        Body::Accepted { .. } => "ACCEPTED",
        Body::Closed { .. } => "CLOSED",
        Body::Disqualified { .. } => "DISQUALIFIED",
        Body::Final { .. } => "FINAL",
    }
}

fn opening(record: &Record, text: &str, bodies: &[(i32, Body)], found: &mut Found) -> Option<Manifest> {
    let hash = hex(&sha256(text.as_bytes()));
    let opened = bodies.iter().find_map(|(_, body)| match body {
        Body::Opened { opened_at, manifest_hash, public_draw } => Some((opened_at, manifest_hash, public_draw)),
        Body::Extended { .. }
        | Body::Closed { .. }
        | Body::Disqualified { .. }
        | Body::Accepted { .. }
        | Body::Final { .. } => None,
    });
    if let Some((_, manifest_hash, _)) = opened {
        found.same("revision 1", "the manifest's hash", manifest_hash, &hash);
    }
    let manifest: Manifest = match serde_json::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            found.add(OPENING, format!("it cannot be read: {error}"));
            return None;
        }
    };
    if let Some(rule) = too_many("entries", manifest.entries.len(), bounds::ENTRIES) {
        found.add(OPENING, rule);
        return None;
    }
    found.same(OPENING, "format", &manifest.format.as_str(), &manifest::FORMAT);
    found.same("record", "competition", &record.competition, &manifest.competition);
    if let Some((opened_at, _, public_draw)) = opened {
        found.same("revision 1", "opened_at", opened_at, &manifest.opened_at);
        if !manifest.rules.public_draw_source.is_empty() && public_draw.is_empty() {
            found.add("revision 1", "the public draw that the rules name is missing");
        }
    }
    let ids: BTreeSet<&String> = manifest.entries.iter().map(|entry| &entry.id).collect();
    let teams: BTreeSet<&String> = manifest.entries.iter().map(|entry| &entry.team).collect();
    if ids.len() < manifest.entries.len() || teams.len() < manifest.entries.len() {
        found.add(OPENING, "entries and teams must each be there once");
    }
    Some(manifest)
}

fn times(manifest: &Manifest, bodies: &[(i32, Body)], found: &mut Found) {
    let mut dispute: Option<(Micros, Micros)> = None;
    let mut last = manifest.opened_at;
    let mut deadline = manifest.voting_deadline;
    for (number, body) in bodies {
        let place = revision(*number);
        match body {
            Body::Opened { opened_at, .. } => {
                if *opened_at >= manifest.voting_deadline {
                    found.add(place, "voting opened after its deadline");
                }
            }
            Body::Extended { extended_at, voting_deadline } => {
                found.same(&place, "extended_at", extended_at, &deadline);
                let follows = deadline.saturating_add(manifest.rules.extension);
                found.same(&place, "voting_deadline", voting_deadline, &follows);
                if manifest.rules.extension == 0 {
                    found.add(place, "the rules announce no extension");
                }
                (last, deadline) = (*extended_at, *voting_deadline);
            }
            Body::Accepted { accepted_at, .. } => {
                if *accepted_at < last {
                    found.add(place, "it was accepted before the revision before");
                }
                last = *accepted_at;
            }
            Body::Closed { closed_at, dispute_until, .. } => {
                if *closed_at > deadline || *closed_at < last {
                    found.add(place.clone(), "voting closed after its deadline or before its opening");
                }
                let follows = closed_at.saturating_add(manifest.rules.dispute_window);
                found.same(&place, "dispute_until", dispute_until, &follows);
                (last, dispute) = (*closed_at, Some((*closed_at, *dispute_until)));
            }
            Body::Disqualified { decided_at, .. } => {
                if *decided_at < last || dispute.is_none_or(|(_, until)| *decided_at >= until) {
                    found.add(place, "it was decided outside the dispute window, or before the revision before");
                }
                last = *decided_at;
            }
            Body::Final { final_at, .. } => {
                if let Some((_, until)) = dispute {
                    found.same(&place, "final_at", final_at, &until);
                }
            }
        }
    }
}

/// A competition as its record tells it.
struct Story<'a> {
    manifest: &'a Manifest,
    manifest_hash: Hash,
    entries: Vec<Entry>,
    public_draw: &'a str,
    closed: Option<Closed<'a>>,
    /// What became of the result: number, change and result.
    revised: Vec<(i32, Change<'a>, &'a [Placing])>,
    /// With the revision's number.
    secret: Option<(i32, &'a str)>,
}

#[derive(Clone, Copy)]
enum Change<'a> {
    /// These teams lost their places.
    Disqualified(&'a [String]),
    /// A provisional result was taken for good.
    Accepted,
}

#[derive(Clone, Copy)]
struct Closed<'a> {
    number: i32,
    sums_hash: &'a str,
    ballots_hash: Option<&'a str>,
    last_round: &'a [LastRound],
    outcomes: &'a [Outcome],
    result: &'a [Placing],
}

impl<'a> Story<'a> {
    fn of(manifest: &'a Manifest, text: &str, bodies: &'a [(i32, Body)]) -> Self {
        let mut story = Self {
            manifest,
            manifest_hash: sha256(text.as_bytes()),
            entries: manifest.competing(),
            public_draw: "",
            closed: None,
            revised: Vec::new(),
            secret: None,
        };
        for (number, body) in bodies {
            match body {
                Body::Opened { public_draw, .. } => story.public_draw = public_draw,
                Body::Closed { sums_hash, ballots_hash, last_round, outcomes, result, .. } => {
                    let ballots_hash = ballots_hash.as_deref();
                    let number = *number;
                    story.closed = Some(Closed { number, sums_hash, ballots_hash, last_round, outcomes, result });
                }
                Body::Extended { .. } => {}
                Body::Disqualified { teams, result, .. } => {
                    story.revised.push((*number, Change::Disqualified(teams), result));
                }
                Body::Accepted { result, .. } => story.revised.push((*number, Change::Accepted, result)),
                Body::Final { secret, .. } => story.secret = Some((*number, secret)),
            }
        }
        story
    }

    fn seed(&self) -> Option<Seed> {
        let secret = hash_of(self.secret?.1)?;
        Some(Seed::of(&secret, &self.manifest_hash, self.public_draw))
    }
}

/// By team, those that are fractions from 0 to 1.
fn outcomes(story: &Story<'_>, closed: &Closed<'_>, found: &mut Found) -> BTreeMap<String, BigRational> {
    let place = revision(closed.number);
    let mut outcomes = BTreeMap::new();
    for one in closed.outcomes {
        match fraction(&one.value).filter(|value| !value.is_negative() && *value <= BigRational::one()) {
            Some(value) => drop(outcomes.insert(one.team.clone(), value)),
            None => found.add(place.clone(), format!("the outcome of team {} is no fraction from 0 to 1", one.team)),
        }
    }
    let rated: BTreeSet<&String> = closed.outcomes.iter().map(|one| &one.team).collect();
    let due: BTreeSet<&String> = match story.manifest.rules.blend_bp {
        0 => BTreeSet::new(),
        _ => story.entries.iter().map(|entry| &entry.team).collect(),
    };
    if rated != due || rated.len() < closed.outcomes.len() {
        found.add(place, "outcomes must be there for every team where ratings have weight, and else for none");
    }
    outcomes
}

/// What is told, if it is a fraction in lowest terms and shown as such.
fn fraction(told: &Fraction) -> Option<BigRational> {
    told.exact().ok().filter(|value| Fraction::of(value) == *told)
}

type Measured = Vec<(Placing, Option<BigRational>)>;

fn results(story: &Story<'_>, found: &mut Found) {
    let Some(closed) = &story.closed else { return };
    let rules = &story.manifest.rules;
    let outcomes = outcomes(story, closed, found);
    let before = found.0.len();
    let measured = measured(story, closed, &outcomes, found);
    if found.0.len() > before {
        return;
    }
    let (mut out, mut acceptance) = (BTreeSet::new(), Acceptance::None);
    compare(closed.number, closed.result, &settled(rules, measured.clone(), &out, acceptance), found);
    let competing: BTreeSet<&str> = story.entries.iter().map(|entry| entry.team.as_str()).collect();
    let mut before = closed.result;
    for (number, change, result) in &story.revised {
        let place = revision(*number);
        // What is shorter needs no computing to be wrong; so no more is computed than stands in the record.
        if result.len() != measured.len() {
            found.add(place, format!("it has {} entries, but {} follow", result.len(), measured.len()));
            continue;
        }
        match change {
            Change::Disqualified(teams) => disqualified(&place, teams, &competing, &mut out, found),
            Change::Accepted => {
                if !is_provisional(rules, before) || acceptance == Acceptance::Accepted {
                    found.add(place, "the result was not provisional, or accepted before");
                }
                acceptance = Acceptance::Accepted;
            }
        }
        compare(*number, result, &settled(rules, measured.clone(), &out, acceptance), found);
        before = result;
    }
}

/// Adds teams to those that are out.
fn disqualified(
    place: &str,
    teams: &[String],
    competing: &BTreeSet<&str>,
    out: &mut BTreeSet<String>,
    found: &mut Found,
) {
    if teams.is_empty() {
        found.add(place, "no team is named");
    }
    for team in teams {
        if !competing.contains(team.as_str()) {
            found.add(place, format!("team {team} does not compete"));
        }
        if !out.insert(team.clone()) {
            found.add(place, format!("team {team} was disqualified before"));
        }
    }
}

/// The entries of the result at close, each with what its place follows from.
fn measured(
    story: &Story<'_>,
    closed: &Closed<'_>,
    outcomes: &BTreeMap<String, BigRational>,
    found: &mut Found,
) -> Measured {
    let rules = &story.manifest.rules;
    let told: BTreeSet<(&String, &String)> = closed.result.iter().map(|one| (&one.entry, &one.team)).collect();
    let due: BTreeSet<(&String, &String)> = story.entries.iter().map(|entry| (&entry.id, &entry.team)).collect();
    let place = revision(closed.number);
    for (entry, _) in due.symmetric_difference(&told) {
        found.add(
            place.clone(),
            format!("entry {entry} is not in the result with the team of the manifest, or not in the manifest"),
        );
    }
    let drawn: BTreeSet<usize> = closed.result.iter().map(|one| one.lot).collect();
    if told.len() < closed.result.len() || drawn != (1..=closed.result.len()).collect() {
        found.add(place, "every entry and every lot must be in the result once");
    }
    let mut measured = Vec::new();
    for one in closed.result {
        let place = format!("{}, entry {}", revision(closed.number), one.entry);
        let outcome = (rules.blend_bp > 0).then(|| outcomes.get(&one.team)).flatten();
        if one.outcome != outcome.map(Fraction::of) {
            found.add(place.clone(), "its outcome is not that of its team");
        }
        let score = one.score.as_ref().and_then(fraction);
        let within = |most: i128| move |score: &BigRational| !score.is_negative() && *score <= ratio(most, 1);
        let can_be = match (&score, rules.method()) {
            (None, _) => true,
            (Some(score), Method::TrimmedTeamMean { .. }) => within(1)(score),
            (Some(score), Method::Plurality) => within(one.ballots.into())(score),
            (Some(score), Method::PairwiseConsensus) => consensus::can_be(score),
        };
        if score.is_some() != one.score.is_some() || !can_be {
            let what = "its score is no fraction in lowest terms that a score can be, or not what is shown of it";
            found.add(place.clone(), what);
        }
        let result = score.as_ref().map(|score| result(rules, score, outcome));
        if one.result != result.as_ref().map(Fraction::of) {
            found.add(place.clone(), "its result does not follow from its score and outcome");
        }
        counts(rules.method(), closed, one, &place, found);
        measured.push((one.clone(), result));
    }
    measured
}

fn counts(method: Method, closed: &Closed<'_>, one: &Placing, place: &str, found: &mut Found) {
    let judged = one.judges >= FEWEST_JUDGES_OF_AN_ENTRY;
    let voted = closed.result.iter().any(|one| one.ballots > 0);
    let (scored, trim) = match method {
        Method::TrimmedTeamMean { trim_bp, fewest_judges } => {
            let scored = one.judges >= fewest_judges;
            (scored, if scored { trimmed(trim_bp, one.judges) } else { 0 })
        }
        Method::Plurality => (true, 0),
        Method::PairwiseConsensus => (voted, 0),
    };
    found.same(place, "whether there is a score", &one.score.is_some(), &scored);
    found.same(place, "trimmed", &one.trimmed, &trim);
    found.same(place, "whether there is an interval", &(one.low.is_some() && one.high.is_some()), &judged);
    found.same(
        place,
        "whether the untrimmed mean is told",
        &one.untrimmed.is_some(),
        &(method != Method::PairwiseConsensus && is_told(scored, one.judges, one.ballots)),
    );
    let places = one.best_place.zip(one.worst_place);
    found.same(
        place,
        "whether there are places beside it",
        &places.is_some(),
        &(judged && method == Method::PairwiseConsensus),
    );
    let most = closed.result.len();
    if places.is_some_and(|(best, worst)| best == 0 || best > worst || worst > most) {
        found.add(place, "the places beside it are upside down, or there are not so many");
    }
    if one.low > one.high || one.ballots < one.judges as u64 || (one.judges == 0 && one.ballots > 0) {
        found.add(place, "its interval is upside down, or it has more judge teams than ballots");
    }
}

/// The first entry that is told otherwise than it follows.
fn compare(number: i32, told: &[Placing], follows: &[Placing], found: &mut Found) {
    if told.len() != follows.len() {
        found.add(revision(number), format!("it has {} entries, but {} follow", told.len(), follows.len()));
    }
    let differing = told.iter().zip(follows).find(|(told, follows)| told != follows);
    let Some((told, follows)) = differing else { return };
    let place = format!("{}, entry {}", revision(number), told.entry);
    if told.entry != follows.entry {
        return found.add(place, format!("it stands where entry {} belongs by result and lot", follows.entry));
    }
    let fields = |one: &Placing| match serde_json::to_value(one) {
        Ok(serde_json::Value::Object(fields)) => fields,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let (told, follows) = (fields(told), fields(follows));
    // By name: a field that is there only where it says something is missing on one side.
    let names: BTreeSet<&String> = told.keys().chain(follows.keys()).collect();
    for name in names {
        let value = |of: &serde_json::Map<String, serde_json::Value>| of.get(name).cloned().unwrap_or_default();
        found.same(&place, name, &value(&told), &value(&follows));
    }
}

fn seed(story: &Story<'_>, found: &mut Found) {
    let Some((number, secret)) = story.secret else { return };
    let commitment = hash_of(secret).map(|secret| hex(&sha256(&secret)));
    if commitment.as_ref() != Some(&story.manifest.seed_commitment) {
        found.add(
            revision(number),
            "the secret is not the one that was committed to: its SHA-256 is not the manifest's seed_commitment",
        );
    }
    let (Some(seed), Some(closed)) = (story.seed(), &story.closed) else { return };
    let lots = lots(&story.entries, &seed);
    for one in closed.result {
        let place = format!("{}, entry {}", revision(closed.number), one.entry);
        if let Some(lot) = lots.get(&one.entry) {
            found.same(&place, "lot", &one.lot, lot);
        }
    }
}

fn audit(story: &Story<'_>, closed: &Closed<'_>, auditor: &Auditor, report: &mut Report) {
    let roll = report.check("the roll is the one whose hash is in the manifest", |found| roll(story, auditor, found));
    let Some(roll) = roll else { return };
    let sums = report
        .check("the sums are those whose hash was signed at the close, and can come from ballots", |found| {
            sums(story, closed, auditor, &roll, found)
        });
    let Some(sums) = sums else { return };
    let mut votes = Votes { sums, rankings: Vec::new() };
    // Whether everything that the result follows from is there.
    let mut whole = true;
    if story.manifest.rules.method() == Method::PairwiseConsensus {
        // Where none were cast, none need to be there.
        let none = rankings_text(&[]).unwrap_or_default();
        let none = Some(&none).filter(|none| closed.ballots_hash == Some(hex(&sha256(none.as_bytes())).as_str()));
        if let Some(text) = auditor.ballots.as_ref().or(none) {
            let ballots = report
                .check("the ballots are those whose hash was signed at the close, and the sums are theirs", |found| {
                    consensus::ballots(story, closed, (auditor, text), &roll, found)
                });
            let Some(ballots) = ballots else { return };
            report.check("strengths and their last round follow from the ballots", |found| {
                consensus::estimated(story, closed, &ballots, found);
            });
            votes.rankings = ballots;
        } else {
            whole = false;
            report.unchecked.push(
                "strengths before the last round, and intervals: they take the ballots, which are destroyed when the result is final",
            );
        }
    } else {
        report.check("scores follow from the sums", |found| scored(story, closed, &votes, found));
    }
    let Some(seed) = story.seed() else {
        report.unchecked.push("dealing and intervals: the secret behind them is told when the result is final");
        return;
    };
    report.check("panels follow from roll and seed, and no more ballots were counted than were dealt", |found| {
        match story.manifest.deal(&roll, &seed) {
            Ok(deal) => {
                panels(story, &deal, &votes.sums, found);
                consensus::dealt(&deal, &votes.rankings, found);
            }
            Err(refusals) => {
                let why: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                found.add(OPENING, format!("it could not have been opened: voting cannot open: {}", why.join(", ")));
            }
        }
    });
    if !whole {
        return;
    }
    report.check("intervals, and all else of the result, follow from what was counted and the seed", |found| {
        let outcomes = outcomes(story, closed, &mut Found::default());
        let basis = Basis {
            rules: &story.manifest.rules,
            entries: &story.entries,
            votes: &votes,
            seed: &seed,
            outcomes: &outcomes,
            disqualified: &BTreeSet::new(),
        };
        compare(closed.number, closed.result, &placings(&basis), found);
    });
}

fn roll(story: &Story<'_>, auditor: &Auditor, found: &mut Found) -> Option<Vec<RollVoter>> {
    found.same(ROLL, "its hash", &hex(&sha256(auditor.roll.as_bytes())), &story.manifest.roll_hash);
    let roll: Vec<RollVoter> = match serde_json::from_str(&auditor.roll) {
        Ok(roll) => roll,
        Err(error) => {
            found.add(ROLL, format!("it cannot be read: {error}"));
            return None;
        }
    };
    if let Some(rule) = too_many("voters", roll.len(), bounds::BALLOTS) {
        found.add(ROLL, rule);
        return None;
    }
    found.same(ROLL, "the number of voters", &roll.len(), &story.manifest.voters);
    let pseudonyms: BTreeSet<&String> = roll.iter().map(|voter| &voter.pseudonym).collect();
    if pseudonyms.len() < roll.len() || roll_text(&roll).ok().as_ref() != Some(&auditor.roll) {
        found.add(ROLL, "voters must be there once, in order");
    }
    Some(roll)
}

fn sums(
    story: &Story<'_>,
    closed: &Closed<'_>,
    auditor: &Auditor,
    roll: &[RollVoter],
    found: &mut Found,
) -> Option<Sums> {
    found.same(SUMS, "their hash", &hex(&sha256(auditor.sums.as_bytes())).as_str(), &closed.sums_hash);
    let rows: Vec<SumRow<String>> = match serde_json::from_str(&auditor.sums) {
        Ok(rows) => rows,
        Err(error) => {
            found.add(SUMS, format!("they cannot be read: {error}"));
            return None;
        }
    };
    if let Some(rule) = too_many("sums", rows.len(), bounds::SUMS) {
        found.add(SUMS, rule);
        return None;
    }
    let teams: BTreeSet<&str> = roll.iter().filter_map(|voter| voter.team.as_deref()).collect();
    let team_of: BTreeMap<&str, &str> = story.entries.iter().map(|one| (one.id.as_str(), one.team.as_str())).collect();
    let mut sums = Sums::default();
    let mut totals: BTreeMap<String, (u64, u128)> = BTreeMap::new();
    for (judge, entry, ballots, shares, top) in rows {
        let place = format!("{SUMS}, judge team {judge:?}, entry {entry}");
        match team_of.get(entry.as_str()) {
            None => found.add(place.clone(), "there is no such entry"),
            Some(team) if *team == judge => found.add(place.clone(), "no team judges its own entry"),
            Some(_) => {}
        }
        if !judge.starts_with(' ') && !teams.contains(judge.as_str()) {
            found.add(place.clone(), "nobody on the roll is of that team");
        }
        if ballots == 0 || ballots as usize > roll.len() || top > ballots || shares > u64::from(ballots) * UNIT {
            found.add(place, "ballots, shares and top cannot be those of ballots");
            continue;
        }
        if story.manifest.rules.form == Form::OpenChoice && shares != u64::from(top) * UNIT {
            found.add(place.clone(), "shares are not those of the ballots that chose it");
        }
        let total = totals.entry(judge.clone()).or_default();
        *total = (total.0 + u64::from(ballots), total.1 + u128::from(shares));
        if sums.0.insert((judge, entry), Given { ballots, shares, top }).is_some() {
            found.add(place, "it is there more than once");
        }
    }
    // A ranking gives half a point for each entry on the panel, however many of them are ranked.
    let whole = totals.iter().filter(|(judge, _)| judge.as_str() != MERGED);
    for (judge, (ballots, shares)) in whole.filter(|_| story.manifest.rules.form == Form::RankedPanel) {
        if 2 * shares != u128::from(*ballots) * u128::from(UNIT) {
            found.add(
                format!("{SUMS}, judge team {judge:?}"),
                "its shares do not add up to half a point for each entry on a panel",
            );
        }
    }
    if sums_text(&sums).ok().as_ref() != Some(&auditor.sums) {
        found.add(SUMS, "they must be in order");
    }
    Some(sums)
}

fn scored(story: &Story<'_>, closed: &Closed<'_>, votes: &Votes, found: &mut Found) {
    let follows = scores(story.manifest.rules.method(), &story.entries, votes);
    let follows: BTreeMap<&str, _> = follows.iter().map(|score| (score.entry.as_str(), score)).collect();
    for one in closed.result {
        let Some(score) = follows.get(one.entry.as_str()) else { continue };
        let place = format!("{}, entry {}", revision(closed.number), one.entry);
        let exact = |fraction: Option<&Fraction>| fraction.map_or("none".to_owned(), |fraction| fraction.exact.clone());
        let whole = |nanos: Option<i64>| nanos.map_or("none".to_owned(), |nanos| nanos.to_string());
        let told = is_told(score.exact.is_some(), score.judges, score.ballots);
        let untrimmed = score.untrimmed.as_ref().filter(|_| told).map(nanos);
        found.same(
            &place,
            "score",
            &exact(one.score.as_ref()),
            &exact(score.exact.as_ref().map(Fraction::of).as_ref()),
        );
        found.same(&place, "judges", &one.judges, &score.judges);
        found.same(&place, "trimmed", &one.trimmed, &score.trimmed);
        found.same(&place, "ballots", &one.ballots, &score.ballots);
        found.same(&place, "untrimmed", &whole(one.untrimmed), &whole(untrimmed));
    }
}

/// What was dealt to the voters of one judge team.
#[derive(Default)]
struct Dealt<'a> {
    by_entry: BTreeMap<&'a str, u32>,
    /// How many panels there are of each size.
    sizes: BTreeMap<usize, u32>,
}

fn panels(story: &Story<'_>, deal: &Deal, sums: &Sums, found: &mut Found) {
    let mut judges: BTreeMap<&str, Dealt<'_>> = BTreeMap::new();
    for seat in deal.seats.values() {
        if let Seat::Panel { judge, panel } = seat {
            let dealt = judges.entry(judge).or_default();
            *dealt.sizes.entry(panel.len()).or_default() += 1;
            panel.iter().for_each(|entry| *dealt.by_entry.entry(entry).or_default() += 1);
        }
    }
    let named: BTreeSet<&str> = sums.0.keys().map(|(judge, _)| judge.as_str()).collect();
    // Of those that were merged it is known only that they are none of the others.
    let mut merged = Dealt::default();
    for dealt in judges.iter().filter(|(judge, _)| !named.contains(*judge)).map(|(_, dealt)| dealt) {
        dealt.by_entry.iter().for_each(|(entry, dealt)| *merged.by_entry.entry(entry).or_default() += dealt);
    }
    judges.insert(MERGED, merged);
    let mut counted: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for ((judge, entry), given) in &sums.0 {
        let dealt = judges.get(judge.as_str()).and_then(|dealt| dealt.by_entry.get(entry.as_str())).copied();
        if given.ballots > dealt.unwrap_or(0) {
            let what = format!("{} ballots were counted, but {} were dealt", given.ballots, dealt.unwrap_or(0));
            found.add(format!("{SUMS}, judge team {judge:?}, entry {entry}"), what);
        }
        let total = counted.entry(judge).or_default();
        *total = (total.0 + u64::from(given.ballots), total.1 + u64::from(given.top));
    }
    for (judge, (marks, top)) in counted {
        let place = format!("{SUMS}, judge team {judge:?}");
        let Some(dealt) = judges.get(judge) else { continue };
        // Where all panels are of one size, so many marks are so many ballots.
        let mut sizes = dealt.sizes.iter();
        let (Some((size, seats)), None) = (sizes.next(), sizes.next()) else { continue };
        let size_marks = *size as u64;
        let ballots = marks / size_marks;
        if marks % size_marks != 0 || ballots > u64::from(*seats) {
            found.add(
                place,
                format!("its {marks} marks are not those of at most {seats} ballots with {size} entries each"),
            );
            continue;
        }
        let possible = match story.manifest.rules.form {
            Form::RankedPanel => {
                let each = top_places(*size) as u64;
                ballots * each..=ballots * each
            }
            Form::OpenChoice => ballots..=ballots * story.manifest.rules.choices as u64,
        };
        if !possible.contains(&top) {
            found.add(place, format!("{ballots} ballots cannot support {top} entries"));
        }
    }
}

#[cfg(test)]
mod tests;
