//! A competition as it could have been, and every way to tell it otherwise.

mod vectors;

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use super::*;
use crate::{
    chain::Link,
    consensus::{
        estimate,
        published::{LastRound, rankings_text},
    },
    count::Count,
    dealing::{Directions, OneWay},
    draw::Purpose,
    manifest::{ManifestEntry, roll_hash, sums_hash},
    record::{FORMAT, Key},
    rules::{FewJudges, Rules, SwapRule, Tally},
};

const COMPETITION: &str = "0199c0de-0000-7000-8000-000000000001";
const DAY: Micros = 86_400_000_000;
const SECRET: Hash = [5; 32];

fn rules(form: Form, tally: Tally) -> Rules {
    Rules {
        form,
        tally,
        trim_bp: 2_500,
        // A panel of all four of a one-way deal would be the same for all of a team.
        panel_size: if tally == Tally::PairwiseConsensus { 3 } else { 4 },
        one_way: match (form, tally) {
            (Form::RankedPanel, Tally::TrimmedTeamMean | Tally::Plurality) => OneWay::Always,
            (Form::RankedPanel, Tally::PairwiseConsensus) => OneWay::Never,
            (Form::OpenChoice, _) => OneWay::Auto,
        },
        choices: 2,
        swap_rule: SwapRule::None,
        blend_bp: 1_000,
        blend_days: Some(("2026-10-01".into(), "2026-10-31".into())),
        hides_teams: false,
        neutral_teams: BTreeSet::new(),
        additional_voters: BTreeSet::new(),
        excluded: BTreeSet::new(),
        prizes: vec!["a cup".into(), "a cake".into()],
        dispute_window: 14 * DAY,
        public_draw_source: "the lottery".into(),
        few_judges: FewJudges::Provisional,
        extension: 0,
    }
}

struct World {
    signer: Signer,
    record: Record,
}

/// Who signs, as a server does.
struct Signer {
    id: String,
    key: SigningKey,
}

impl Signer {
    fn of(byte: u8) -> Self {
        let key = SigningKey::from_bytes(&[byte; 32]);
        Self { id: hex(&sha256(key.verifying_key().as_bytes())[..8]), key }
    }

    fn public_keys(&self) -> Vec<(String, Vec<u8>)> {
        vec![(self.id.clone(), self.key.verifying_key().to_bytes().to_vec())]
    }
}

/// What a competition is made of.
struct Setting {
    rules: Rules,
    /// Ids of entries, and their teams.
    entries: Vec<(String, String)>,
    roll: Vec<RollVoter>,
    /// Whether a judge team does not vote.
    is_silent: fn(&str) -> bool,
    /// Whether voting was extended and the result accepted; else a team is disqualified.
    is_accepted: bool,
}

/// Nine teams of six, of whom a few abstain; one team is disqualified, and the result is final.
fn world(form: Form) -> World {
    world_counted_by(form, Tally::TrimmedTeamMean)
}

fn world_counted_by(form: Form, tally: Tally) -> World {
    World::of(nine_teams(form, tally))
}

fn nine_teams(form: Form, tally: Tally) -> Setting {
    let voter = |team: usize, at: usize| RollVoter {
        pseudonym: pseudonym(team, at),
        team: Some(format!("t{team}")),
        conflicts: if at == 5 { [format!("t{}", (team + 1) % 9)].into() } else { BTreeSet::new() },
    };
    Setting {
        rules: rules(form, tally),
        entries: (0..9).map(|at| (format!("e{at}"), format!("t{at}"))).collect(),
        roll: (0..9).flat_map(|team| (0..6).map(move |at| voter(team, at))).collect(),
        is_silent: |_| false,
        is_accepted: false,
    }
}

fn pseudonym(team: usize, at: usize) -> String {
    hex(&sha256(format!("{team} {at}").as_bytes())[..16])
}

impl World {
    /// As an attacker leaves it.
    fn tampered(&self, attacker: Attacker, alter: impl FnOnce(&mut Record)) -> Record {
        let mut record = self.record.clone();
        alter(&mut record);
        match attacker {
            Reader => {}
            Writer => rehash(&mut record),
            Server => resign(&mut record, &self.signer),
        }
        record
    }

    fn of(setting: Setting) -> Self {
        let Setting { rules, entries, mut roll, is_silent, is_accepted } = setting;
        roll.sort_unstable();
        let entries = entries.into_iter().zip(0..);
        let entries = entries.map(|((id, team), at)| ManifestEntry { id, team, text_hash: hex(&[at; 32]) });
        let extension = rules.extension;
        let by_consensus = rules.tally == Tally::PairwiseConsensus;
        let blends = rules.blend_bp > 0;
        let manifest = Manifest {
            format: manifest::FORMAT.into(),
            competition: COMPETITION.into(),
            title: "November".into(),
            rules,
            voting_deadline: 10 * DAY,
            opened_at: DAY,
            entries: entries.collect(),
            roll_hash: roll_hash(&roll).unwrap(),
            voters: roll.len(),
            seed_commitment: hex(&sha256(&SECRET)),
            earlier_directions: Directions::new(),
        };
        let (text, manifest_hash) = manifest.write().unwrap();
        let seed = Seed::of(&SECRET, &manifest_hash, "73");
        let votes = cast(&manifest, &roll, &seed, is_silent);
        let competing = manifest.competing();
        let ballots = rankings_text(&votes.rankings).unwrap();
        let teams = competing.iter().map(|entry| entry.team.clone()).filter(|_| blends);
        let count = competing.len() as i128;
        let outcomes: BTreeMap<String, BigRational> =
            teams.zip(0..).map(|(team, at)| (team, ratio(2 * at + 1, 2 * count))).collect();
        let basis = Basis {
            rules: &manifest.rules,
            entries: &competing,
            votes: &votes,
            seed: &seed,
            outcomes: &outcomes,
            disqualified: &BTreeSet::new(),
        };
        let result = placings(&basis);
        let outcome =
            |(team, value): (&String, &BigRational)| Outcome { team: team.clone(), value: Fraction::of(value) };
        let deadline = 10 * DAY + if is_accepted { extension } else { 0 };
        let opened = Body::Opened { opened_at: DAY, manifest_hash: hex(&manifest_hash), public_draw: "73".into() };
        let closed = Body::Closed {
            closed_at: deadline,
            dispute_until: deadline + 14 * DAY,
            unreadable: 0,
            sums_hash: sums_hash(&votes.sums).unwrap(),
            ballots_hash: by_consensus.then(|| hex(&sha256(ballots.as_bytes()))),
            last_round: if by_consensus { LastRound::of(&estimate(&competing, &votes.rankings)) } else { Vec::new() },
            outcomes: outcomes.iter().map(outcome).collect(),
            result: result.clone(),
        };
        let last = Body::Final { final_at: deadline + 14 * DAY, secret: hex(&SECRET) };
        let bodies = if is_accepted {
            let measured = result.into_iter().map(|one| {
                let exact = one.result.as_ref().and_then(fraction);
                (one, exact)
            });
            let accepted = Body::Accepted {
                accepted_at: deadline + DAY,
                by: "the principal".into(),
                reason: "all were asked".into(),
                result: settled(&manifest.rules, measured.collect(), &BTreeSet::new(), Acceptance::Accepted),
            };
            vec![opened, Body::Extended { extended_at: 10 * DAY, voting_deadline: deadline }, closed, accepted, last]
        } else {
            let out = competing[3].team.clone();
            let disqualified = Body::Disqualified {
                decided_at: deadline + 2 * DAY,
                teams: vec![out.clone()],
                reason: "bought votes".into(),
                result: placings(&Basis { disqualified: &[out].into(), ..basis }),
            };
            vec![opened, closed, disqualified, last]
        };
        let revision = |(number, body): (i32, &Body)| {
            let body = Link::after(None, body).unwrap().body;
            Revision { number, body, hash: String::new(), key_id: String::new(), signature: String::new() }
        };
        let auditor = Auditor {
            roll: roll_text(&roll).unwrap(),
            sums: sums_text(&votes.sums).unwrap(),
            ballots: by_consensus.then_some(ballots),
        };
        let record = Record {
            format: FORMAT.into(),
            competition: COMPETITION.into(),
            keys: Vec::new(),
            manifest: Some(text),
            revisions: (1..).zip(&bodies).map(revision).collect(),
            auditor: Some(auditor),
        };
        let mut world = Self { signer: Signer::of(1), record };
        resign(&mut world.record, &world.signer);
        world
    }
}

fn cast(manifest: &Manifest, roll: &[RollVoter], seed: &Seed, is_silent: fn(&str) -> bool) -> Votes {
    let mut count = Count::new(manifest.rules.form, manifest.rules.method());
    let mut chance = Seed::from_bytes(vec![1]).stream(Purpose::Lot);
    for seat in manifest.deal(roll, seed).unwrap().seats.into_values() {
        let Seat::Panel { judge, panel } = seat else { continue };
        if chance.below(5) == 0 || is_silent(&judge) {
            continue;
        }
        let mut order = panel.clone();
        chance.shuffle(&mut order);
        let named = match manifest.rules.form {
            Form::RankedPanel => 3.min(panel.len()),
            Form::OpenChoice => 2,
        };
        count.add(&judge, &panel, &order[..named]);
    }
    count.without_few()
}

/// As an attacker who can write to the database could, without the key.
fn rehash(record: &mut Record) {
    let mut before = Hash::default();
    for one in &mut record.revisions {
        before = link_hash(&before, &one.body);
        one.hash = hex(&before);
    }
}

/// As a server could that lies.
fn resign(record: &mut Record, signer: &Signer) {
    rehash(record);
    for one in &mut record.revisions {
        let text = signed_text(&record.competition, one.number, &hash_of(&one.hash).unwrap());
        let signature = signer.key.sign(text.as_bytes());
        (one.key_id, one.signature) = (signer.id.clone(), URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    }
    record.keys = Record::keys_of(&record.revisions, signer.public_keys());
}

fn edit(record: &mut Record, number: usize, change: impl FnOnce(&mut Value)) {
    let body = &mut record.revisions[number - 1].body;
    let mut value = serde_json::from_str(body).unwrap();
    change(&mut value);
    *body = value.to_string();
}

fn edit_manifest(record: &mut Record, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_str(record.manifest.as_ref().unwrap()).unwrap();
    change(&mut value);
    // As the server writes it, so that only what was changed differs.
    let manifest: Manifest = serde_json::from_value(value).unwrap();
    let (text, hash) = manifest.write().unwrap();
    record.manifest = Some(text);
    edit(record, 1, |opened| opened["manifest_hash"] = json!(hex(&hash)));
}

fn edit_sums(record: &mut Record, change: impl FnOnce(&mut Vec<Value>)) {
    let sums = &mut record.auditor.as_mut().unwrap().sums;
    let mut rows: Vec<Value> = serde_json::from_str(sums).unwrap();
    change(&mut rows);
    *sums = serde_json::to_string(&rows).unwrap();
    let hash = hex(&sha256(sums.as_bytes()));
    edit(record, 2, |closed| closed["sums_hash"] = json!(hash));
}

fn edit_roll(record: &mut Record, change: impl FnOnce(&mut Vec<RollVoter>)) {
    let text = &mut record.auditor.as_mut().unwrap().roll;
    let mut roll: Vec<RollVoter> = serde_json::from_str(text).unwrap();
    change(&mut roll);
    *text = serde_json::to_string(&roll).unwrap();
}

fn add(value: &mut Value, number: i64) {
    *value = json!(value.as_i64().unwrap() + number);
}

fn swap(list: &mut Value, field: &str) {
    let list = list.as_array_mut().unwrap();
    let (first, second) = (list[0][field].clone(), list[1][field].clone());
    (list[0][field], list[1][field]) = (second, first);
}

#[derive(Clone, Copy)]
enum Attacker {
    /// Alters the file.
    Reader,
    /// Writes new hashes.
    Writer,
    /// Has the key.
    Server,
}

use Attacker::{Reader, Server, Writer};

type Tampering = (&'static str, Attacker, fn(&mut Record), &'static str, &'static str);

/// What is done, by whom, how, and where and as what it is to be found.
#[rustfmt::skip]
const TAMPERINGS: &[Tampering] = &[
    ("a text altered", Reader, |r| edit(r, 2, |b| b["result"][0]["place"] = json!(2)), "revision 2", "its hash is not"),
    ("a revision deleted", Reader, |r| drop(r.revisions.remove(2)), "revision 3", "missing"),
    ("the first revision deleted", Reader, |r| drop(r.revisions.remove(0)), "revision 1", "missing"),
    ("revisions reordered", Reader, |r| r.revisions.swap(1, 2), "revision 3", "out of order"),
    ("a revision twice", Reader, |r| r.revisions.insert(2, r.revisions[1].clone()), "revision 2", "out of order"),
    ("no revisions", Reader, |r| r.revisions.clear(), "revisions", "there is none"),
    ("a hash altered", Reader, |r| r.revisions[2].hash = hex(&[1; 32]), "revision 3", "its hash is not"),
    ("a hash cut short", Reader, |r| r.revisions[2].hash.truncate(60), "revision 3", "its hash is not"),
    ("a signature altered", Reader, |r| r.revisions[1].signature = URL_SAFE_NO_PAD.encode([1; 64]), "revision 2", "signature"),
    ("a signature of another revision", Reader, |r| r.revisions[1].signature = r.revisions[2].signature.clone(), "revision 2", "signature"),
    ("an unknown key", Reader, |r| r.revisions[1].key_id = "mallory".into(), "revision 2", "mallory"),
    ("another public key", Reader, |r| r.keys[0].public_key = URL_SAFE_NO_PAD.encode([1; 32]), "revision 1", "signature"),
    ("no public key", Reader, |r| r.keys[0].public_key = "short".into(), "key", "32 bytes"),
    ("the manifest altered", Reader, |r| r.manifest = r.manifest.take().map(|text| text.replace("November", "December")), "revision 1", "manifest's hash"),
    ("the manifest left out", Reader, |r| r.manifest = None, "manifest", "missing"),
    ("another competition", Reader, |r| r.competition = COMPETITION.replace('1', "2"), "revision 1", "signature"),
    ("sums altered", Reader, |r| { let a = r.auditor.as_mut().unwrap(); a.sums = a.sums.replacen("\"t0\"", "\"t1\"", 1) }, "auditor's sums", "hash"),
    ("a voter taken off the roll", Reader, |r| edit_roll(r, |roll| drop(roll.remove(3))), "auditor's roll", "hash"),
    ("a voter of another team", Reader, |r| edit_roll(r, |roll| roll[3].team = Some("t8".into())), "auditor's roll", "hash"),
    ("a place rehashed", Writer, |r| edit(r, 2, |b| b["result"][0]["place"] = json!(2)), "revision 2", "signature"),
    ("a revision deleted, the rest renumbered", Writer, |r| { r.revisions.remove(2); r.revisions[2].number = 3 }, "revision 3", "signature"),
    ("a place", Server, |r| edit(r, 2, |b| b["result"][0]["place"] = json!(2)), "revision 2, entry", "place is 2, but 1 follows"),
    ("the order", Server, |r| edit(r, 2, |b| b["result"].as_array_mut().unwrap().swap(0, 1)), "revision 2, entry", "belongs by result and lot"),
    ("a prize given away", Server, |r| edit(r, 2, |b| swap(&mut b["result"], "prize")), "revision 2, entry", "prize"),
    ("a score as shown", Server, |r| edit(r, 2, |b| add(&mut b["result"][0]["score"]["nanos"], 1)), "revision 2, entry", "score"),
    ("scores exchanged", Server, |r| edit(r, 2, |b| swap(&mut b["result"], "score")), "revision 2, entry", "does not follow from its score"),
    ("a score beyond 1", Server, |r| edit(r, 2, |b| b["result"][0]["score"] = json!({"exact": "3/2", "nanos": 1_500_000_000})), "revision 2, entry", "score"),
    ("an entry left out", Server, |r| edit(r, 2, |b| drop(b["result"].as_array_mut().unwrap().pop())), "revision 2", "is not in the result"),
    ("an entry invented", Server, |r| edit(r, 2, |b| b["result"][8]["entry"] = json!("e9")), "revision 2", "is not in the result"),
    ("an entry of another team", Server, |r| edit(r, 2, |b| swap(&mut b["result"], "team")), "revision 2", "is not in the result"),
    ("lots exchanged", Server, |r| { edit(r, 2, |b| swap(&mut b["result"], "lot")); edit(r, 3, |b| drop(b["result"].take())); r.revisions.remove(2); r.revisions[2].number = 3 }, "revision 2, entry", "lot"),
    ("a lot twice", Server, |r| edit(r, 2, |b| b["result"][0]["lot"] = b["result"][1]["lot"].clone()), "revision 2", "every lot"),
    ("more left out", Server, |r| edit(r, 2, |b| add(&mut b["result"][0]["trimmed"], 1)), "revision 2, entry", "trimmed"),
    ("an interval upside down", Server, |r| edit(r, 2, |b| { let low = b["result"][0]["low"].take(); b["result"][0]["low"] = b["result"][0]["high"].take(); b["result"][0]["high"] = low }), "revision 2, entry", "upside down"),
    ("another interval", Server, |r| { edit(r, 2, |b| add(&mut b["result"][0]["low"], -1)); edit(r, 3, |b| add(&mut b["result"][0]["low"], -1)) }, "revision 2, entry", "low is"),
    ("more ballots told", Server, |r| { edit(r, 2, |b| add(&mut b["result"][0]["ballots"], 1)); edit(r, 3, |b| add(&mut b["result"][0]["ballots"], 1)) }, "revision 2, entry", "ballots"),
    ("an outcome", Server, |r| edit(r, 2, |b| b["outcomes"][0]["value"] = json!({"exact": "1/1", "nanos": 1_000_000_000})), "revision 2, entry e0", "outcome"),
    ("an outcome left out", Server, |r| edit(r, 2, |b| drop(b["outcomes"].as_array_mut().unwrap().pop())), "revision 2", "outcomes"),
    ("closed late", Server, |r| edit(r, 2, |b| add(&mut b["closed_at"], 1)), "revision 2", "after its deadline"),
    ("opened late", Server, |r| { edit_manifest(r, |m| m["opened_at"] = json!(11 * DAY)); edit(r, 1, |b| b["opened_at"] = json!(11 * DAY)) }, "revision 1", "after its deadline"),
    ("opened at another time", Server, |r| edit(r, 1, |b| add(&mut b["opened_at"], 1)), "revision 1", "opened_at"),
    ("a longer dispute", Server, |r| edit(r, 2, |b| add(&mut b["dispute_until"], DAY)), "revision 2", "dispute_until"),
    ("disqualified too late", Server, |r| edit(r, 3, |b| b["decided_at"] = json!(24 * DAY)), "revision 3", "outside the dispute window"),
    ("final too early", Server, |r| edit(r, 4, |b| add(&mut b["final_at"], -1)), "revision 4", "final_at"),
    ("disqualified without being named", Server, |r| edit(r, 3, |b| b["teams"] = json!([])), "revision 3", "no team"),
    ("another one disqualified", Server, |r| edit(r, 3, |b| b["teams"] = json!(["t4"])), "revision 3", ""),
    ("a stranger disqualified", Server, |r| edit(r, 3, |b| b["teams"] = json!(["t3", "x"])), "revision 3", "does not compete"),
    ("another's score, on the occasion", Server, |r| edit(r, 3, |b| add(&mut b["result"][0]["low"], 1)), "revision 3, entry", "low"),
    ("closed twice", Server, |r| { let closed = r.revisions[1].body.clone(); r.revisions[2].body = closed }, "revision 3", "CLOSED cannot come"),
    ("opened after the close", Server, |r| { r.revisions.swap(0, 1); r.revisions[0].number = 1; r.revisions[1].number = 2 }, "revision 1", "CLOSED cannot come"),
    ("no revision that is known", Server, |r| edit(r, 3, |b| b["kind"] = json!("PARDONED")), "revision 3", "cannot be read"),
    ("another secret", Server, |r| edit(r, 4, |b| b["secret"] = json!(hex(&[6; 32]))), "revision 4", "not the one that was committed"),
    ("another commitment", Server, |r| edit_manifest(r, |m| m["seed_commitment"] = json!(hex(&[6; 32]))), "revision 4", "not the one that was committed"),
    ("another public draw", Server, |r| edit(r, 1, |b| b["public_draw"] = json!("74")), "revision 2, entry", "lot"),
    ("no public draw", Server, |r| edit(r, 1, |b| b["public_draw"] = json!("")), "revision 1", "public draw"),
    ("prizes exchanged in the rules", Server, |r| edit_manifest(r, |m| m["rules"]["prizes"] = json!(["a cake", "a cup"])), "revision 2, entry", "prize"),
    ("less left out by the rules", Server, |r| edit_manifest(r, |m| m["rules"]["trim_bp"] = json!(0)), "revision 2, entry", "trimmed"),
    ("more weight of ratings", Server, |r| edit_manifest(r, |m| m["rules"]["blend_bp"] = json!(5000)), "revision 2, entry", "does not follow"),
    ("another deadline", Server, |r| edit_manifest(r, |m| m["voting_deadline"] = json!(9 * DAY)), "revision 2", "after its deadline"),
    ("an entry twice in the manifest", Server, |r| edit_manifest(r, |m| m["entries"][1] = m["entries"][0].clone()), "manifest", "once"),
    ("fewer voters told", Server, |r| edit_manifest(r, |m| add(&mut m["voters"], -1)), "", "voters"),
    ("a share moved", Server, |r| edit_sums(r, |rows| { add(&mut rows[0][3], 1); add(&mut rows[1][3], -1) }), "revision 2, entry", "score is"),
    ("a share added", Server, |r| edit_sums(r, |rows| add(&mut rows[0][3], -1)), "auditor's sums, judge team", "half a point"),
    ("more support than ballots", Server, |r| edit_sums(r, |rows| rows[0][4] = json!(50)), "auditor's sums, judge team", "cannot be those of ballots"),
    ("some support less", Server, |r| edit_sums(r, |rows| { let row = rows.iter_mut().find(|row| row[4].as_i64().unwrap() > 0).unwrap(); add(&mut row[4], -1) }), "auditor's sums, judge team", "cannot support"),
    ("a row left out", Server, |r| edit_sums(r, |rows| drop(rows.remove(0))), "auditor's sums, judge team", "half a point"),
    ("a row twice", Server, |r| edit_sums(r, |rows| rows.insert(0, rows[0].clone())), "auditor's sums, judge team", "more than once"),
    ("rows in another order", Server, |r| edit_sums(r, |rows| rows.swap(0, 1)), "auditor's sums", "order"),
    ("a team for itself", Server, |r| edit_sums(r, |rows| { let own = json!(format!("e{}", &rows[0][0].as_str().unwrap()[1..])); rows[0][1] = own }), "auditor's sums, judge team", "its own entry"),
    ("a judge team that nobody is of", Server, |r| edit_sums(r, |rows| rows[0][0] = json!("t")), "auditor's sums, judge team", "nobody on the roll"),
    ("ballots of those to whom nothing was dealt", Server, |r| edit_sums(r, |rows| for row in rows.iter_mut().filter(|row| row[0] == "t0") { row[2] = json!(2 * row[2].as_i64().unwrap()); row[3] = json!(2 * row[3].as_i64().unwrap()); row[4] = json!(2 * row[4].as_i64().unwrap()) }), "auditor's sums, judge team", "were dealt"),
    ("the roll in another order", Server, |r| { edit_roll(r, |roll| roll.swap(0, 1)); let hash = hex(&sha256(r.auditor.as_ref().unwrap().roll.as_bytes())); edit_manifest(r, |m| m["roll_hash"] = json!(hash)) }, "auditor's roll", "in order"),
    ("sums before the close", Server, |r| r.revisions.truncate(1), "auditor's sums", "before the close"),
];

/// Tamperings that are not found, or not named.
fn missed(world: &World, tamperings: &'static [Tampering]) -> Vec<(&'static str, Vec<Failure>)> {
    let mut missed = Vec::new();
    for (name, attacker, alter, place, what) in tamperings {
        let record = world.tampered(*attacker, alter);
        assert_ne!(record, world.record, "{name}");
        let failures = verify(&record, &BTreeMap::new()).failures;
        let named = |failure: &Failure| failure.place.starts_with(place) && failure.what.contains(what);
        // What is done to the file alone is the first thing named.
        let found = match attacker {
            Reader | Writer => failures.first().is_some_and(named),
            Server => failures.iter().any(named),
        };
        if !found {
            missed.push((*name, failures));
        }
    }
    missed
}

#[test]
fn every_tampering_is_found_and_named() {
    assert_eq!(missed(&world(Form::RankedPanel), TAMPERINGS), []);
}

/// As [`TAMPERINGS`], of a vote counted by pairwise consensus.
#[rustfmt::skip]
const OF_STRENGTHS: &[Tampering] = &[
    ("a score", Server, |r| for number in [2, 3] { edit(r, number, |b| { for field in ["score", "result"] { b["result"][0][field] = json!({"exact": "1/2", "nanos": 500_000_000}) } }) }, "revision 2, entry", "score is 1/2"),
    ("a score of other digits", Server, |r| edit(r, 2, |b| b["result"][0]["score"] = json!({"exact": "1/3", "nanos": 333_333_333})), "revision 2, entry", "that a score can be"),
    ("a score beyond all", Server, |r| edit(r, 2, |b| b["result"][0]["score"] = json!({"exact": "9/1", "nanos": 9_000_000_000_i64})), "revision 2, entry", "that a score can be"),
    ("a voice", Server, |r| edit(r, 2, |b| b["last_round"][0]["voices"][3][0] = b["last_round"][0]["voices"][4][0].clone()), "revision 2", ""),
    ("a voice left out", Server, |r| edit(r, 2, |b| drop(b["last_round"][0]["voices"].as_array_mut().unwrap().remove(3))), "revision 2, entry", "judges"),
    ("voices in another order", Server, |r| edit(r, 2, |b| b["last_round"][0]["voices"].as_array_mut().unwrap().reverse()), "revision 2", "out of order"),
    ("a number that is none", Server, |r| edit(r, 2, |b| b["last_round"][0]["before"] = json!("NaN")), "revision 2", "what no voice can say"),
    ("a weight beyond 1", Server, |r| edit(r, 2, |b| b["last_round"][0]["voices"][0][1] = json!("2")), "revision 2", "what no voice can say"),
    ("an entry left out of the last round", Server, |r| edit(r, 2, |b| drop(b["last_round"].as_array_mut().unwrap().remove(0))), "revision 2", "every entry once"),
    ("no last round", Server, |r| edit(r, 2, |b| drop(b.as_object_mut().unwrap().remove("last_round"))), "revision 2", "every entry once"),
    ("no hash of ballots", Server, |r| edit(r, 2, |b| drop(b.as_object_mut().unwrap().remove("ballots_hash"))), "revision 2", "hash of ballots"),
    ("places upside down", Server, |r| edit(r, 2, |b| { let best = b["result"][4]["best_place"].take(); b["result"][4]["best_place"] = json!(8); b["result"][4]["worst_place"] = best }), "revision 2, entry", "upside down"),
    ("no places", Server, |r| edit(r, 2, |b| drop(b["result"][0].as_object_mut().unwrap().remove("best_place"))), "revision 2, entry", "places beside it"),
    ("another interval of places", Server, |r| for number in [2, 3] { edit(r, number, |b| b["result"][0]["worst_place"] = json!(9)) }, "revision 2, entry", "worst_place"),
    ("ballots altered", Reader, |r| { let a = r.auditor.as_mut().unwrap(); a.ballots = a.ballots.take().map(|text| text.replacen("e1", "e2", 1)) }, "auditor's ballots", "hash"),
    ("a ballot left out", Server, |r| edit_ballots(r, |rows| drop(rows.remove(0))), "auditor's ballots", "the sums are not"),
    ("a ballot turned round", Server, |r| edit_ballots(r, |rows| rows[0][1].as_array_mut().unwrap().swap(0, 1)), "auditor's ballots", "the sums are not"),
    ("an entry twice on a ballot", Server, |r| edit_ballots(r, |rows| rows[0][1][0] = rows[0][1][1].clone()), "auditor's ballots, number", "cannot have been dealt"),
    ("an entry of the own team", Server, |r| edit_ballots(r, |rows| { let own = json!(format!("e{}", &rows[0][0].as_str().unwrap()[1..])); rows[0][1][0] = own }), "auditor's ballots, number", "cannot have been dealt"),
    ("nothing ranked", Server, |r| edit_ballots(r, |rows| rows[0][2] = json!(0)), "auditor's ballots, number", "its ranking is none"),
    ("ballots in another order", Server, |r| edit_ballots(r, |rows| rows.reverse()), "auditor's ballots", "in order"),
    ("a panel that was not dealt", Server, |r| edit_panel(r), "auditor's ballots, judge team", "was not dealt"),
    ("a panel of one entry", Server, |r| edit_ballots(r, |rows| { rows[0][1].as_array_mut().unwrap().truncate(1); rows[0][2] = json!(1) }), "auditor's ballots, number", "cannot have been dealt"),
    ("places left out in both", Server, |r| for number in [2, 3] { edit(r, number, |b| drop(b["result"][0].as_object_mut().unwrap().remove("best_place"))) }, "revision 2, entry", "best_place is null"),
];

fn edit_ballots(record: &mut Record, change: impl FnOnce(&mut Vec<Value>)) {
    let text = record.auditor.as_mut().unwrap().ballots.as_mut().unwrap();
    let mut rows: Vec<Value> = serde_json::from_str(text).unwrap();
    change(&mut rows);
    *text = serde_json::to_string(&rows).unwrap();
    let hash = hex(&sha256(text.as_bytes()));
    edit(record, 2, |closed| closed["ballots_hash"] = json!(hash));
}

/// Two ballots of a team exchange an entry that only one of them was dealt: the sums stay what they are.
fn edit_panel(record: &mut Record) {
    edit_ballots(record, |rows| {
        let only = |rows: &[Value], one: usize, other: usize| -> Option<usize> {
            let (mine, theirs) = (rows[one][1].as_array()?, rows[other][1].as_array()?);
            mine.iter().position(|entry| !theirs.contains(entry))
        };
        let found = (0..rows.len()).flat_map(|one| (one + 1..rows.len()).map(move |other| (one, other)));
        let found = found.filter(|(one, other)| rows[*one][0] == rows[*other][0] && rows[*one][0] != MERGED);
        let found = found.filter_map(|(one, other)| {
            let (mine, theirs) = (only(rows, one, other)?, only(rows, other, one)?);
            (mine == theirs && mine < 3).then_some((one, other, mine))
        });
        let (one, other, place) = found.collect::<Vec<_>>()[0];
        let moved = rows[one][1][place].clone();
        rows[one][1][place] = std::mem::replace(&mut rows[other][1][place], moved);
        rows.sort_by_key(|row| serde_json::to_string(row).unwrap());
    });
}

#[test]
fn every_tampering_with_strengths_is_found_and_named() {
    let world = world_counted_by(Form::RankedPanel, Tally::PairwiseConsensus);
    assert_eq!(missed(&world, OF_STRENGTHS), []);
}

#[test]
fn strengths_are_checked_by_everybody_and_from_the_ballots_by_auditors() {
    let world = world_counted_by(Form::RankedPanel, Tally::PairwiseConsensus);
    let report = verify(&world.record, &BTreeMap::new());
    assert_eq!((report.failures, report.unchecked.len()), (Vec::new(), 1));
    let mut later = world.record.clone();
    later.auditor.as_mut().unwrap().ballots = None;
    let report = verify(&later, &BTreeMap::new());
    assert_eq!((report.failures, report.unchecked.len()), (Vec::new(), 2), "the ballots are destroyed");
    let mut public = world.record;
    public.auditor = None;
    let report = verify(&public, &BTreeMap::new());
    assert!(report.failures.is_empty() && report.checked.iter().any(|one| one.contains("in the last round")));
}

#[test]
fn a_sound_record_agrees_at_every_stage() {
    let consensus = (Form::RankedPanel, Tally::PairwiseConsensus);
    let trimmed = [Form::RankedPanel, Form::OpenChoice].map(|form| (form, Tally::TrimmedTeamMean));
    for (form, tally) in trimmed.into_iter().chain([consensus]) {
        let mut world = world_counted_by(form, tally);
        for revisions in (1..=4).rev() {
            world.record.revisions.truncate(revisions);
            if revisions == 1 {
                world.record.auditor = None;
            }
            let report = verify(&world.record, &BTreeMap::new());
            assert_eq!(report.failures, [], "{form:?}, {revisions} revisions");
            let mut public = world.record.clone();
            public.auditor = None;
            assert_eq!(verify(&public, &BTreeMap::new()).failures, []);
        }
        world.record.manifest = None;
        let report = verify(&world.record, &BTreeMap::new());
        assert_eq!((report.failures.len(), report.unchecked.len()), (0, 2));
    }
}

#[test]
fn a_final_auditors_record_leaves_nothing_but_the_keys() {
    let world = world(Form::RankedPanel);
    let report = verify(&world.record, &BTreeMap::new());
    assert_eq!((report.failures, report.unchecked.len()), (Vec::new(), 1));
    let pinned = world.signer.public_keys().into_iter().collect();
    assert!(verify(&world.record, &pinned).unchecked.is_empty());
}

#[test]
fn a_record_signed_by_another_key_does_not_pass_for_the_known_one() {
    let world = world(Form::RankedPanel);
    let pinned: BTreeMap<String, Vec<u8>> = world.signer.public_keys().into_iter().collect();
    let forger = Signer::of(2);
    let mut forged = world.record.clone();
    resign(&mut forged, &forger);
    assert!(verify(&forged, &BTreeMap::new()).failures.is_empty());
    assert!(verify(&forged, &pinned).failures[0].what.contains("not among those given"));
    // Nor under the known one's name.
    let id = pinned.keys().next().unwrap().clone();
    forged.keys = vec![Key { id: id.clone(), ..forged.keys[0].clone() }];
    forged.revisions.iter_mut().for_each(|one| one.key_id.clone_from(&id));
    assert!(verify(&forged, &pinned).failures[0].what.contains("not the one that was given"));
}

#[test]
fn what_is_no_record_is_not_read() {
    for text in ["", "{}", "[]", "{\"format\": 1}"] {
        assert!(Record::read(text).is_err(), "{text}");
    }
    let world = world(Form::RankedPanel);
    let text = serde_json::to_string(&world.record).unwrap();
    assert_eq!(Record::read(&text).unwrap(), world.record);
    assert!(Record::read(&text.replace("record 1", "record 2")).unwrap_err().contains("record 2"));
}
