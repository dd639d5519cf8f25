//! Records as they could be and as they were altered, with all that is to be found in each, for other verifiers to be held to:
//! the console's reads the same files. `tests/vectors/README.md` has their form.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::*;
use crate::consensus::published::Exact;

/// How the record of a case comes from that of its file: revisions are taken in an order, then texts are spliced.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Alteration {
    /// Numbers of revisions of the file's record, from 0. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revisions: Option<Vec<usize>>,
    splices: Vec<Splice>,
}

/// A text of which some characters (Unicode scalar values) are replaced, or a value that is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Splice {
    Text { at: Vec<Value>, skip: usize, drop: usize, put: String },
    Value { at: Vec<Value>, put: Value },
}

fn at<'a>(value: &'a mut Value, path: &[Value]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step.as_str() {
        Some(name) => &mut value[name],
        None => &mut value[usize::try_from(step.as_u64().unwrap()).unwrap()],
    })
}

impl Alteration {
    fn apply(&self, record: &Value) -> Value {
        let mut altered = record.clone();
        if let Some(order) = &self.revisions {
            altered["revisions"] = order.iter().map(|number| record["revisions"][number].clone()).collect();
        }
        for splice in &self.splices {
            match splice {
                Splice::Text { at: path, skip, drop, put } => {
                    let text = at(&mut altered, path);
                    let whole: Vec<char> = text.as_str().unwrap().chars().collect();
                    let [before, after] =
                        [&whole[..*skip], &whole[skip + drop..]].map(|part| part.iter().collect::<String>());
                    *text = json!(format!("{before}{put}{after}"));
                }
                Splice::Value { at: path, put } => *at(&mut altered, path) = put.clone(),
            }
        }
        altered
    }

    /// What makes `altered` of `record`.
    fn between(record: &Value, altered: &Value) -> Self {
        let [old, new] = [record, altered].map(|one| one["revisions"].as_array().unwrap());
        let body_of = |revision: &Value, number: usize| {
            let same = old.iter().position(|other| other["body"] == revision["body"]);
            same.unwrap_or(number.min(old.len() - 1))
        };
        let order: Vec<usize> = new.iter().enumerate().map(|(number, one)| body_of(one, number)).collect();
        let is_whole = order.iter().copied().eq(0..old.len());
        let mut alteration = Self { revisions: (!is_whole).then_some(order), splices: Vec::new() };
        let from = alteration.apply(record);
        alteration.differences(&mut Vec::new(), &from, altered);
        assert_eq!(&alteration.apply(record), altered);
        alteration
    }

    fn differences(&mut self, path: &mut Vec<Value>, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(fields), Value::Object(others)) if fields.keys().eq(others.keys()) => {
                for (name, old) in fields {
                    path.push(json!(name));
                    self.differences(path, old, &others[name]);
                    path.pop();
                }
            }
            (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
                for (number, (old, new)) in items.iter().zip(others).enumerate() {
                    path.push(json!(number));
                    self.differences(path, old, new);
                    path.pop();
                }
            }
            (Value::String(old), Value::String(new)) if old != new => {
                let [old, new] = [old, new].map(|text| text.chars().collect::<Vec<char>>());
                let skip = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
                let most = old.len().min(new.len()) - skip;
                let same =
                    old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
                let put = new[skip..new.len() - same].iter().collect();
                self.splices.push(Splice::Text { at: path.clone(), skip, drop: old.len() - same - skip, put });
            }
            (old, new) if old != new => self.splices.push(Splice::Value { at: path.clone(), put: new.clone() }),
            _ => {}
        }
    }
}

/// A file of vectors on its way.
struct Vectors {
    world: World,
    record: Value,
    cases: Vec<String>,
}

impl Vectors {
    fn of(setting: Setting) -> Self {
        let world = World::of(setting);
        let mut record = serde_json::to_value(&world.record).unwrap();
        // Present, so that it can be altered.
        record["auditor"].as_object_mut().unwrap().entry("ballots").or_insert(Value::Null);
        Self { world, record, cases: Vec::new() }
    }

    fn case(&mut self, name: &str, record: &Record, pinned: &BTreeMap<String, Vec<u8>>) {
        let mut altered = serde_json::to_value(record).unwrap();
        let fields = altered.as_object_mut().unwrap();
        fields.entry("manifest").or_insert(Value::Null);
        if let Some(auditor) = fields.entry("auditor").or_insert(Value::Null).as_object_mut() {
            auditor.entry("ballots").or_insert(Value::Null);
        }
        let alteration = Alteration::between(&self.record, &altered);
        let record = Record::read(&altered.to_string()).unwrap();
        let Report { checked, unchecked, failures } = verify(&record, pinned);
        let pinned: BTreeMap<&String, String> =
            pinned.iter().map(|(id, key)| (id, URL_SAFE_NO_PAD.encode(key))).collect();
        let case = json!({
            "name": name, "alteration": alteration, "pinned": pinned,
            "checked": checked, "unchecked": unchecked, "failures": failures,
        });
        self.cases.push(case.to_string());
    }

    /// As it is, and as it was after each revision, for auditors and for everybody.
    fn stages(&mut self) {
        let none = BTreeMap::new();
        let mut record = self.world.record.clone();
        for revisions in (1..=record.revisions.len()).rev() {
            record.revisions.truncate(revisions);
            if !record.revisions.iter().any(|one| one.body.contains("\"CLOSED\"")) {
                record.auditor = None;
            }
            self.case(&format!("{revisions} revisions"), &record, &none);
            let mut later = record.clone();
            if later.auditor.as_mut().and_then(|auditor| auditor.ballots.take()).is_some() {
                self.case(&format!("{revisions} revisions, ballots destroyed"), &later, &none);
            }
            let public = Record { auditor: None, ..record.clone() };
            if public != record {
                self.case(&format!("{revisions} revisions, for everybody"), &public, &none);
            }
        }
        record.manifest = None;
        self.case("no manifest while voting is open", &record, &none);
    }

    fn tamperings(&mut self, tamperings: &[Tampering]) {
        for (name, attacker, alter, ..) in tamperings {
            self.tampering(name, *attacker, alter);
        }
    }

    /// As they stand in the record before the secret is told, so that nobody draws ballots again where it shows nothing new.
    fn tamperings_of_strengths(&mut self) {
        const BY_THE_SEED: [&str; 3] =
            ["another interval of places", "places left out in both", "a panel that was not dealt"];
        for (name, attacker, alter, ..) in OF_STRENGTHS {
            let mut record = self.world.tampered(*attacker, alter);
            if !BY_THE_SEED.contains(name) {
                record.revisions.truncate(3);
            }
            self.case(name, &record, &BTreeMap::new());
        }
    }

    fn tampering(&mut self, name: &str, attacker: Attacker, alter: impl FnOnce(&mut Record)) {
        let record = self.world.tampered(attacker, alter);
        self.case(name, &record, &BTreeMap::new());
    }

    fn keys(&mut self) {
        let record = self.world.record.clone();
        let known: BTreeMap<String, Vec<u8>> = self.world.signer.public_keys().into_iter().collect();
        self.case("a known key", &record, &known);
        let forger = Signer::of(2);
        let forged = |record: &Record| {
            let mut forged = record.clone();
            resign(&mut forged, &forger);
            forged
        };
        self.case("a forger's key", &forged(&record), &known);
        let mut named = forged(&record);
        let id = known.keys().next().unwrap().clone();
        named.keys[0].id.clone_from(&id);
        named.revisions.iter_mut().for_each(|one| one.key_id.clone_from(&id));
        self.case("a forger's key under a known name", &named, &known);
        let mut small = record.clone();
        // The neutral point, under which R = 0 and s = 0 would sign anything.
        let neutral: Vec<u8> = [1].into_iter().chain([0; 31]).collect();
        small.keys[0].public_key = URL_SAFE_NO_PAD.encode(&neutral);
        let signature = URL_SAFE_NO_PAD.encode([neutral.as_slice(), &[0; 32]].concat());
        small.revisions.iter_mut().for_each(|one| one.signature.clone_from(&signature));
        self.case("a key of small order", &small, &BTreeMap::new());
    }

    fn text(&self) -> String {
        format!("{{\"record\":{},\n\"cases\":[\n{}\n]}}\n", self.record, self.cases.join(",\n"))
    }
}

/// Nineteen teams of one to seven with names in every writing, a neutral team and people of no team; not all teams vote.
fn many_teams(tally: Tally) -> Setting {
    const NAMES: [&str; 19] = [
        "北京",
        "上海",
        "𠮷野家",
        "\u{f900}",
        "é",
        "e\u{301}t",
        "zero\u{200b}width",
        "say \"so\"",
        "back\\slash",
        "tab\tbed",
        "أحمد",
        "🙂",
        "t1",
        "t10",
        "T2",
        "ß",
        "\u{7f}",
        "Ω",
        "\u{e000}",
    ];
    let team = |number: usize| NAMES.get(number).map_or("neutral", |name| name).to_owned();
    let voter = |number: usize, at: usize| RollVoter {
        pseudonym: pseudonym(number, at),
        team: (number < 20).then(|| team(number)),
        conflicts: if at == 1 { [team((number + 2) % 19), "nobody".into()].into() } else { BTreeSet::new() },
    };
    let size = |number: usize| match number {
        19 => 4,
        20 => 3,
        number => 1 + number % 7,
    };
    Setting {
        rules: Rules {
            one_way: OneWay::Auto,
            panel_size: 6,
            blend_bp: 0,
            blend_days: None,
            prizes: vec!["一个奖杯 🏆".into()],
            ..rules(Form::RankedPanel, tally)
        },
        entries: NAMES.iter().enumerate().map(|(at, team)| (format!("{at:02} {team}"), (*team).to_owned())).collect(),
        roll: (0..21).flat_map(|number| (0..size(number)).map(move |at| voter(number, at))).collect(),
        is_silent: |judge| ["é", "t10"].contains(&judge),
        is_accepted: false,
    }
}

/// Nine teams, of whom two vote: voting is extended, and the result accepted.
fn few_voters(tally: Tally) -> Setting {
    let nine = nine_teams(Form::RankedPanel, tally);
    let rules = Rules { extension: 2 * DAY, ..nine.rules };
    Setting { rules, is_silent: |judge| !["t1", "t5"].contains(&judge), is_accepted: true, ..nine }
}

/// What a server could write that is no such record.
#[rustfmt::skip]
const OF_TEXTS: &[Tampering] = &[
    ("a number beyond 2^53, one off", Server, |r| edit(r, 2, |b| b["closed_at"] = json!(9_007_199_254_740_993_i64)), "", ""),
    ("a number beyond 64 bits", Server, |r| body(r, 2, "\"closed_at\":864000000000", "\"closed_at\":18446744073709551616"), "", ""),
    ("a fraction for a whole number", Server, |r| body(r, 2, "\"closed_at\":864000000000", "\"closed_at\":864000000000.0"), "", ""),
    ("an exponent for a whole number", Server, |r| body(r, 2, "\"unreadable\":0", "\"unreadable\":0e0"), "", ""),
    ("minus nothing", Server, |r| body(r, 2, "\"unreadable\":0", "\"unreadable\":-0"), "", ""),
    ("a field twice", Server, |r| body(r, 2, "\"unreadable\":0", "\"unreadable\":0,\"unreadable\":0"), "", ""),
    ("a kind twice", Server, |r| body(r, 2, "{\"kind\":\"CLOSED\"", "{\"kind\":\"CLOSED\",\"kind\":\"FINAL\""), "", ""),
    ("an unknown field twice", Server, |r| body(r, 2, "\"unreadable\":0", "\"unreadable\":0,\"x\":1,\"x\":[{}]"), "", ""),
    ("a field missing", Server, |r| body(r, 2, "\"unreadable\":0,", ""), "", ""),
    ("something after the end", Server, |r| r.revisions[1].body.push_str(" {}"), "", ""),
    ("blanks around", Server, |r| r.revisions[1].body.push_str(" \n"), "", ""),
    ("half a surrogate pair", Server, |r| body(r, 3, "bought votes", "bought \\ud83d votes"), "", ""),
    ("a surrogate pair", Server, |r| body(r, 3, "bought votes", "bought \\ud83d\\ude42 votes"), "", ""),
    ("a control character", Server, |r| body(r, 3, "bought votes", "bought \u{1} votes"), "", ""),
    ("lists in lists", Server, |r| body(r, 2, "\"unreadable\":0", &format!("\"unreadable\":0,\"x\":{}1{}", "[".repeat(200), "]".repeat(200))), "", ""),
    ("leading zeros", Server, |r| body(r, 2, "\"unreadable\":0", "\"unreadable\":00"), "", ""),
    ("a fraction not in lowest terms", Server, |r| edit(r, 2, |b| b["outcomes"][0]["value"]["exact"] = json!("2/36")), "", ""),
    ("a fraction with a sign", Server, |r| edit(r, 2, |b| b["outcomes"][0]["value"]["exact"] = json!("+1/18")), "", ""),
    ("a fraction of nothing", Server, |r| edit(r, 2, |b| b["outcomes"][0]["value"]["exact"] = json!("1/0")), "", ""),
    ("a fraction of many digits", Server, |r| edit(r, 2, |b| b["outcomes"][0]["value"]["exact"] = json!("1".repeat(500) + "/1")), "", ""),
    ("a fraction below nothing", Server, |r| edit(r, 2, |b| b["outcomes"][0]["value"] = json!({"exact": "-1/18", "nanos": -55_555_556})), "", ""),
    ("a manifest that is none", Server, |r| { r.manifest = Some("{}".into()); let hash = hex(&sha256(b"{}")); edit(r, 1, |b| b["manifest_hash"] = json!(hash)) }, "", ""),
    ("a window without end", Server, |r| edit_manifest(r, |m| m["rules"]["dispute_window"] = json!(i64::MAX)), "", ""),
    ("a hash in upper case", Reader, |r| r.revisions[1].hash = r.revisions[1].hash.to_uppercase(), "", ""),
    ("a signature with a bit left over", Reader, |r| { let last = r.revisions[1].signature.pop().unwrap(); r.revisions[1].signature.push(if last == 'A' { 'B' } else { char::from(last as u8 + 1) }) }, "", ""),
    ("a signature with padding", Reader, |r| r.revisions[1].signature.push_str("=="), "", ""),
    ("sums that are none", Server, |r| { r.auditor.as_mut().unwrap().sums = "[[1]]".into(); let hash = hex(&sha256(b"[[1]]")); edit(r, 2, |b| b["sums_hash"] = json!(hash)) }, "", ""),
    ("more left out than there are", Server, |r| edit_manifest(r, |m| m["rules"]["trim_bp"] = json!(4_000_000_000_u32)), "", ""),
    ("nothing left to judge", Server, |r| edit_manifest(r, |m| { let kept = m["entries"].as_array().unwrap()[..2].to_vec(); m["entries"] = json!(kept) }), "", ""),
    ("a judge team of odd name", Server, |r| edit_sums(r, |rows| rows[0][0] = json!("o\u{301}dd \u{200b}\"name'\\\n\u{1f642}\u{a0}")), "", ""),
];

fn body(record: &mut Record, number: usize, from: &str, to: &str) {
    let body = &mut record.revisions[number - 1].body;
    assert!(body.contains(from), "{body}");
    *body = body.replacen(from, to, 1);
}

/// Elementary functions and decimals to the last bit, each number as its 64 bits in hexadecimal.
fn floats() -> String {
    let bits = |value: f64| format!("{:016x}", value.to_bits());
    let mut stream = Seed::from_bytes(b"floats".to_vec()).stream(Purpose::Lot);
    let mut drawn = |most: f64| most * (stream.below(1 << 52) as f64 / 2_f64.powi(51) - 1.0);
    let ln2 = std::f64::consts::LN_2;
    let mut exponents =
        vec![0.0, 1.0, -1.0, ln2 / 2.0, -ln2 / 2.0, 1.5 * ln2, -1.5 * ln2, 2_f64.powi(-28), 1e-300, 709.7, -707.9];
    exponents.extend(
        [0.4, 1.5, 4.0, 30.0, 700.0].into_iter().flat_map(|most| std::iter::repeat_n(most, 60)).map(&mut drawn),
    );
    let exp: Vec<[String; 2]> = exponents.iter().map(|x| [bits(*x), bits(libm::exp(*x))]).collect();
    let log: Vec<[String; 2]> =
        exponents.iter().map(|x| libm::exp(*x)).map(|x| [bits(x), bits(libm::log(x))]).collect();
    let mut shown = vec![0.0, -0.0, 1e21, 1e-7, 123_456_789.125, 5e-324, -1.5e-10, f64::MAX];
    shown.extend(exponents.iter().map(|x| libm::exp(*x)));
    let told = |x: f64| serde_json::from_value(json!(Exact::of(x))).unwrap();
    let decimal: Vec<[String; 2]> = shown.iter().map(|x| [bits(*x), told(*x)]).collect();
    let table = |rows: &[[String; 2]]| rows.iter().map(|row| json!(row).to_string()).collect::<Vec<_>>().join(",\n");
    format!(
        "{{\"exp\":[\n{}\n],\n\"log\":[\n{}\n],\n\"decimal\":[\n{}\n]}}\n",
        table(&exp),
        table(&log),
        table(&decimal)
    )
}

fn all() -> Vec<(&'static str, String)> {
    let with = |setting: Setting, fill: fn(&mut Vectors)| {
        let mut vectors = Vectors::of(setting);
        vectors.stages();
        fill(&mut vectors);
        vectors.text()
    };
    let ranked = |tally| nine_teams(Form::RankedPanel, tally);
    vec![
        ("floats.json", floats()),
        (
            "trimmed.json",
            with(ranked(Tally::TrimmedTeamMean), |vectors| {
                vectors.keys();
                vectors.tamperings(TAMPERINGS);
                vectors.tamperings(OF_TEXTS);
            }),
        ),
        ("consensus.json", with(ranked(Tally::PairwiseConsensus), Vectors::tamperings_of_strengths)),
        ("plurality.json", with(ranked(Tally::Plurality), |_| ())),
        (
            "choice.json",
            with(nine_teams(Form::OpenChoice, Tally::TrimmedTeamMean), |vectors| {
                vectors.tampering("half a choice", Server, |r| edit_sums(r, |rows| add(&mut rows[0][3], -1)));
            }),
        ),
        ("many.json", with(many_teams(Tally::TrimmedTeamMean), |_| ())),
        (
            "many-consensus.json",
            with(many_teams(Tally::PairwiseConsensus), |vectors| {
                vectors.tampering("a ballot turned round", Server, |r| {
                    edit_ballots(r, |rows| rows[0][1].as_array_mut().unwrap().swap(0, 1));
                });
            }),
        ),
        (
            "few.json",
            with(few_voters(Tally::TrimmedTeamMean), |vectors| {
                vectors.tampering("accepted twice", Server, |r| {
                    let mut again = r.revisions[3].clone();
                    again.number = 6;
                    r.revisions.push(again);
                });
                vectors.tampering("a longer extension", Server, |r| edit(r, 2, |b| add(&mut b["voting_deadline"], 1)));
                vectors.tampering("an extension that was not announced", Server, |r| {
                    edit_manifest(r, |m| m["rules"]["extension"] = json!(0));
                });
            }),
        ),
        ("few-consensus.json", with(few_voters(Tally::PairwiseConsensus), |_| ())),
    ]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

#[test]
fn the_vectors_are_what_is_found() {
    for (name, text) in all() {
        let is_same = fs::read_to_string(path(name)).unwrap() == text;
        assert!(is_same, "{name}: cargo test -p rapport-vote -- --ignored write_the_vectors, and read what changed");
    }
}

#[test]
#[ignore = "writes what the other test compares with"]
fn write_the_vectors() {
    for (name, text) in all() {
        fs::write(path(name), text).unwrap();
    }
}
