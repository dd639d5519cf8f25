//! The record of a competition and who may read it, the offline commands, and flags.

use std::process::{Command, Output};

use prost_types::{Duration, Timestamp};
use rapport::{
    api::v1::{
        self, AuditAction, Competition, CompetitionRules, DecideFlagRequest, DecideFlagResponse, Entry,
        ExportRecordRequest, FlagKind, FlagStrength, FlagVerdict, RecordAudience, Role, TeamNames,
        competition_service_client::CompetitionServiceClient,
    },
    clock::Clock,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{
    Backend, Caller, Server, Test,
    client::{Authorized, request_id},
    competition::end_submission,
    on_both, reason,
    refusal::verdict,
    refused,
    sample::{staff, team},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_record_tells_what_its_time_allows,
        names_that_are_hidden_are_not_in_the_record,
        the_auditors_record_is_for_those_without_a_stake,
        a_final_record_is_verified_offline,
        a_tally_is_made_offline,
        two_reviewers_who_agree_settle_a_flag,
        a_third_reviewer_decides_between_two,
        what_cannot_be_decided_is_refused,
        flags_are_for_those_without_a_stake,
    ]
}

fn competitions(caller: &Caller) -> CompetitionServiceClient<Authorized> {
    CompetitionServiceClient::new(caller.service())
}

fn in_seconds(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: Clock::system().now_micros() / 1_000_000 + seconds, nanos: 0 })
}

const DAYS: i64 = 86_400;

/// Five teams of three, an entry each, not open yet.
async fn announced(server: &Server, rules: CompetitionRules) -> String {
    let (app, admin) = (server.app(), server.admin());
    for at in 0..5 {
        app.upsert_team(team(&format!("t{at}"))).await.unwrap();
        for member in 0..3 {
            app.upsert_staff(staff(&format!("colleague-{at}-{member}"), &format!("t{at}"))).await.unwrap();
        }
    }
    let competition = Competition {
        title: "November".to_owned(),
        rules: Some(rules),
        submission_deadline: in_seconds(3_600),
        voting_deadline: in_seconds(7_200),
        ..Default::default()
    };
    let request = v1::CreateCompetitionRequest { request_id: request_id(), competition: Some(competition) };
    let created = competitions(&admin).create_competition(request).await.unwrap().into_inner();
    let competition_id = created.competition.unwrap().competition_id;
    for at in 0..5 {
        let entry = Entry {
            competition_id: competition_id.clone(),
            team_id: format!("t{at}"),
            title: format!("Plan {at}"),
            what: "We call back.".to_owned(),
            why: "Because nobody likes to wait.".to_owned(),
            ..Default::default()
        };
        let request = v1::SubmitEntryRequest { request_id: request_id(), entry: Some(entry) };
        competitions(&admin).submit_entry(request).await.unwrap();
    }
    competition_id
}

fn disputed_for(days: i64) -> CompetitionRules {
    let dispute_window = Some(Duration { seconds: days * DAYS, nanos: 0 });
    CompetitionRules { dispute_window, prizes: vec!["a cup".to_owned()], ..Default::default() }
}

async fn open(server: &Server, id: &str) {
    end_submission(&server.admin(), id).await;
    let (request_id, competition_id) = (request_id(), id.to_owned());
    let request = v1::OpenVotingRequest { request_id, competition_id, public_draw: String::new() };
    competitions(&server.admin()).open_voting(request).await.unwrap();
}

async fn close(server: &Server, id: &str) {
    let request = v1::CloseVotingRequest { request_id: request_id(), competition_id: id.to_owned() };
    competitions(&server.admin()).close_voting(request).await.unwrap();
}

/// Everybody abstained.
async fn closed(server: &Server, rules: CompetitionRules) -> String {
    let id = announced(server, rules).await;
    open(server, &id).await;
    close(server, &id).await;
    id
}

pub(crate) async fn export(caller: &Caller, id: &str, audience: RecordAudience) -> Result<Value, Status> {
    let request = ExportRecordRequest { competition_id: id.to_owned(), audience: audience.into() };
    let record = competitions(caller).export_record(request).await?.into_inner().record;
    Ok(serde_json::from_slice(&record).unwrap())
}

pub(crate) fn reviewer(server: &Server, subject: &str) -> Caller {
    server.caller(Role::Reviewer, subject, &[])
}

async fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(crate) async fn check(server: &Server, record: &Value, arguments: &[&str]) -> (Option<i32>, Value) {
    let path = server.data_dir().join("record.json");
    std::fs::write(&path, record.to_string()).unwrap();
    let output = program(&[&["verify", "--json", path.to_str().unwrap()], arguments].concat()).await;
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

fn kinds(record: &Value) -> Vec<String> {
    let body = |revision: &Value| serde_json::from_str::<Value>(revision["body"].as_str().unwrap()).unwrap();
    let revisions = record["revisions"].as_array().unwrap();
    revisions.iter().map(|revision| body(revision)["kind"].as_str().unwrap().to_owned()).collect()
}

async fn a_record_tells_what_its_time_allows(server: Server) {
    let id = announced(&server, disputed_for(14)).await;
    let rita = reviewer(&server, "rita");
    let early = refused(export(&server.app(), &id, RecordAudience::Public).await);
    assert_eq!(verdict(&early), (Code::FailedPrecondition, "VOTING_NOT_OPEN".to_owned()));
    open(&server, &id).await;
    let before = export(&server.app(), &id, RecordAudience::Public).await.unwrap();
    assert_eq!((kinds(&before), before["auditor"].is_null()), (vec!["OPENED".to_owned()], true));
    assert_eq!(check(&server, &before, &[]).await.0, Some(0));
    let early = refused(export(&rita, &id, RecordAudience::Auditor).await);
    assert_eq!(verdict(&early), (Code::FailedPrecondition, "RESULT_NOT_OUT".to_owned()));
    close(&server, &id).await;
    for caller in [server.app(), server.admin(), rita, server.staff("colleague-0-0")] {
        let after = export(&caller, &id, RecordAudience::Unspecified).await.unwrap();
        assert_eq!((kinds(&after), after["auditor"].is_null()), (vec!["OPENED".into(), "CLOSED".into()], true));
        // The first revision stays what it was.
        assert_eq!(after["revisions"][0], before["revisions"][0]);
    }
}

async fn names_that_are_hidden_are_not_in_the_record(server: Server) {
    let rules = CompetitionRules { team_names: TeamNames::Hidden.into(), ..disputed_for(14) };
    let id = announced(&server, rules).await;
    open(&server, &id).await;
    let record = export(&server.staff("colleague-0-0"), &id, RecordAudience::Public).await.unwrap();
    assert!(record["manifest"].is_null() && !record.to_string().contains("\"t1\""), "{record}");
    assert_eq!(check(&server, &record, &[]).await.0, Some(0));
    close(&server, &id).await;
    let record = export(&server.staff("colleague-0-0"), &id, RecordAudience::Public).await.unwrap();
    assert!(record["manifest"].is_string());
    assert_eq!(check(&server, &record, &[]).await.0, Some(0));
}

async fn the_auditors_record_is_for_those_without_a_stake(server: Server) {
    let id = closed(&server, disputed_for(14)).await;
    for caller in [server.app(), server.admin(), server.staff("colleague-0-0")] {
        let status = refused(export(&caller, &id, RecordAudience::Auditor).await);
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    for caller in [reviewer(&server, "colleague-0-0"), server.caller(Role::Reviewer, "rita", &["t1"])] {
        let status = refused(export(&caller, &id, RecordAudience::Auditor).await);
        assert_eq!(verdict(&status), (Code::FailedPrecondition, "REVIEWER_COMPETES".to_owned()));
    }
    let trail = v1::ListAuditEventsRequest { action: AuditAction::AuditorRecordRead.into(), ..Default::default() };
    let events =
        async || server.admin().audit().list_audit_events(trail.clone()).await.unwrap().into_inner().audit_events;
    assert!(events().await.is_empty());
    let record = export(&reviewer(&server, "rita"), &id, RecordAudience::Auditor).await.unwrap();
    let roll: Value = serde_json::from_str(record["auditor"]["roll"].as_str().unwrap()).unwrap();
    assert_eq!((roll.as_array().unwrap().len(), record["auditor"]["sums"].as_str()), (15, Some("[]")));
    assert!(!record.to_string().contains("colleague-"), "nobody is named");
    let events = events().await;
    assert_eq!((events.len(), &events[0].actor[..], &events[0].object_id), (1, "rita", &id));
    assert_eq!(check(&server, &record, &[]).await.0, Some(0));
}

async fn a_final_record_is_verified_offline(server: Server) {
    let id = closed(&server, disputed_for(0)).await;
    let record = export(&reviewer(&server, "rita"), &id, RecordAudience::Auditor).await.unwrap();
    assert_eq!(kinds(&record), ["OPENED", "CLOSED", "FINAL"]);
    let key = &record["keys"][0];
    let key = format!("{}={}", key["id"].as_str().unwrap(), key["public_key"].as_str().unwrap());
    let (code, report) = check(&server, &record, &["--key", &key]).await;
    assert_eq!((code, &report["ok"], &report["not_checked"]), (Some(0), &json!(true), &json!([])), "{report}");
    assert_eq!(report["head"]["revision"], 3);
    let path = server.data_dir().join("record.json");
    let output = program(&["verify", path.to_str().unwrap()]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Agrees:") && text.contains("panels follow") && text.contains("--key"), "{text}");

    let mut altered = record.clone();
    altered["revisions"].as_array_mut().unwrap().remove(1);
    let (code, report) = check(&server, &altered, &[]).await;
    assert_eq!((code, &report["failures"][0]["where"]), (Some(1), &json!("revision 2")));
    let output = program(&["verify", path.to_str().unwrap()]).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("revision 2: it is missing"), "{errors}");
    std::fs::write(&path, "{}").unwrap();
    assert_eq!(program(&["verify", path.to_str().unwrap()]).await.status.code(), Some(2));
    assert_eq!(program(&["verify", "/nowhere"]).await.status.code(), Some(2));
}

async fn a_tally_is_made_offline(server: Server) {
    let write = |name: &str, text: &str| {
        let path = server.data_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let entries: Vec<Value> = (0..4).map(|at| json!({"entry": format!("e{at}"), "team": format!("t{at}")})).collect();
    let rules = write("rules.json", &json!({"trim_bp": 0, "seed": "00", "entries": entries}).to_string());
    let mut lines: Vec<String> = (0..4)
        .map(|at: usize| {
            let others: Vec<String> = (0..4).filter(|other| *other != at).map(|other| format!("e{other}")).collect();
            json!({"voter": format!("v{at}"), "team": format!("t{at}"), "ranking": others}).to_string()
        })
        .collect();
    lines.push(json!({"voter": "v9", "team": "t1", "ranking": ["e1", "e2"]}).to_string());
    let ballots = write("ballots.jsonl", &lines.join("\n"));
    let output = program(&["tally", "--rules", &rules, &ballots, "--earlier", &ballots, "--json"]).await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let places: Vec<_> = found["standings"].as_array().unwrap().iter().map(|one| &one["entry"]).collect();
    assert_eq!(places, ["e0", "e1", "e2", "e3"]);
    assert_eq!(found["standings"][1]["score"], json!(0.666_666_667));
    assert_eq!(found["refused"][0]["reason"], "OWN_ENTRY");
    assert_eq!(found["flags"].as_array().unwrap().iter().filter(|flag| flag["kind"] == "pair").count(), 6);
    let output = program(&["tally", "--rules", &rules, &ballots]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("0.6667") && text.contains("OWN_ENTRY"), "{text}");
    let rules = write("rules.json", r#"{"form": "RANKED", "trim": 1}"#);
    let output = program(&["tally", "--rules", &rules, &ballots]).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    let all =
        errors.contains("form: must be one of") && errors.contains("trim: unknown") && errors.contains("entries:");
    assert!(all && !output.status.success(), "{errors}");
}

/// Puts a flag there behind the server's back, since nobody votes here.
async fn flag(server: &Server, competition: &str, position: i32, strength: FlagStrength, teams: &[&str]) -> String {
    let id = format!("00000000-0000-4000-8000-00000000000{position}");
    let literal = |id: &str| match server.backend() {
        Backend::Sqlite => format!("X'{}'", id.replace('-', "")),
        Backend::Postgres => format!("'{id}'::uuid"),
    };
    let sql = format!(
        "INSERT INTO competition_flag (id, competition_id, position, kind, teams, p_value, strength, verdict)
         VALUES ({}, {}, {position}, {}, '{}', '0.00125', {}, 0)",
        literal(&id),
        literal(competition),
        FlagKind::Pair as i32,
        json!(teams),
        strength as i32,
    );
    server.execute(&sql).await;
    id
}

fn decision(flag_id: &str, verdict: FlagVerdict, out: &[&str]) -> DecideFlagRequest {
    DecideFlagRequest {
        request_id: request_id(),
        flag_id: flag_id.to_owned(),
        verdict: verdict.into(),
        reason: "They wrote it down.".to_owned(),
        disqualified_team_ids: out.iter().map(|team| (*team).to_owned()).collect(),
    }
}

async fn decide(caller: &Caller, request: DecideFlagRequest) -> Result<v1::Flag, Status> {
    let answer: DecideFlagResponse = competitions(caller).decide_flag(request).await?.into_inner();
    Ok(answer.flag.unwrap())
}

async fn flags(caller: &Caller, id: &str, page_size: i32, page_token: String) -> Result<v1::ListFlagsResponse, Status> {
    let request = v1::ListFlagsRequest { competition_id: id.to_owned(), page_size, page_token };
    Ok(competitions(caller).list_flags(request).await?.into_inner())
}

async fn places(server: &Server, id: &str) -> Vec<(String, i32)> {
    let request = v1::GetLeaderboardRequest { competition_id: id.to_owned(), ..Default::default() };
    let board = competitions(&server.app()).get_leaderboard(request).await.unwrap().into_inner();
    let mut places: Vec<_> = board.standings.into_iter().map(|one| (one.team_id, one.place)).collect();
    places.sort();
    places
}

use FlagStrength::{Chance, MoreThanChance};
use FlagVerdict::{Confirmed, Dismissed};

async fn two_reviewers_who_agree_settle_a_flag(server: Server) {
    let id = closed(&server, disputed_for(14)).await;
    let (rita, rolf) = (reviewer(&server, "rita"), reviewer(&server, "rolf"));
    let first = flag(&server, &id, 1, MoreThanChance, &["t0", "t1"]).await;
    let second = flag(&server, &id, 2, MoreThanChance, &["t1", "t2"]).await;
    let third = flag(&server, &id, 3, Chance, &["t2", "t3"]).await;
    let page = flags(&rita, &id, 2, String::new()).await.unwrap();
    assert_eq!((page.flags.len(), page.flags[0].p_value, page.flags[0].kind()), (2, 0.00125, FlagKind::Pair));
    let rest = flags(&rita, &id, 2, page.next_page_token).await.unwrap();
    assert_eq!((rest.flags.len(), &rest.flags[0].flag_id, &rest.next_page_token[..]), (1, &third, ""));

    let request = decision(&first, Confirmed, &["t1"]);
    let once = decide(&rita, request.clone()).await.unwrap();
    assert_eq!((once.verdict(), once.reviews.len()), (FlagVerdict::Unspecified, 1));
    assert_eq!(decide(&rita, request).await.unwrap(), once, "the same request changes nothing");
    let settled = decide(&rolf, decision(&first, Confirmed, &["t1"])).await.unwrap();
    assert_eq!((settled.verdict(), settled.reviews.len()), (Confirmed, 2));
    let expected: Vec<(String, i32)> =
        [1, 0, 1, 1, 1].iter().enumerate().map(|(at, place)| (format!("t{at}"), *place)).collect();
    assert_eq!(places(&server, &id).await, expected);
    // What is out is not put out again.
    for caller in [&rita, &rolf] {
        decide(caller, decision(&second, Confirmed, &["t1"])).await.unwrap();
        assert_eq!(decide(caller, decision(&third, Dismissed, &[])).await.unwrap().reviews[0].verdict(), Dismissed);
    }
    let verdicts: Vec<_> =
        flags(&rita, &id, 0, String::new()).await.unwrap().flags.iter().map(v1::Flag::verdict).collect();
    assert_eq!(verdicts, [Confirmed, Confirmed, Dismissed]);
    let record = export(&rita, &id, RecordAudience::Auditor).await.unwrap();
    assert_eq!(kinds(&record), ["OPENED", "CLOSED", "DISQUALIFIED"]);
    assert_eq!(check(&server, &record, &[]).await.0, Some(0));
    let trail = v1::ListAuditEventsRequest { action: AuditAction::FlagDecided.into(), ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    assert_eq!(events.len(), 6);
}

async fn a_third_reviewer_decides_between_two(server: Server) {
    let id = closed(&server, disputed_for(14)).await;
    let flagged = flag(&server, &id, 1, MoreThanChance, &["t0", "t1"]).await;
    let opinions = [("rita", &["t0"][..]), ("rolf", &["t0", "t1"]), ("ruth", &["t1", "t0"])];
    let mut verdicts = Vec::new();
    for (who, out) in opinions {
        let decided = decide(&reviewer(&server, who), decision(&flagged, Confirmed, out)).await.unwrap();
        verdicts.push(decided.verdict());
    }
    assert_eq!(verdicts, [FlagVerdict::Unspecified, FlagVerdict::Unspecified, Confirmed]);
    let places = places(&server, &id).await;
    assert_eq!(places.iter().map(|(_, place)| *place).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
}

async fn what_cannot_be_decided_is_refused(server: Server) {
    let id = closed(&server, disputed_for(14)).await;
    let (rita, rolf) = (reviewer(&server, "rita"), reviewer(&server, "rolf"));
    let flagged = flag(&server, &id, 1, MoreThanChance, &["t0", "t1"]).await;
    let chance = flag(&server, &id, 2, Chance, &["t0", "t2"]).await;
    let why = |status: Status| reason(&status);
    assert_eq!(why(refused(decide(&rita, decision(&chance, Confirmed, &[])).await)), "FLAG_WITHIN_CHANCE");
    let strangers = refused(decide(&rita, decision(&flagged, Confirmed, &["t2", "x"])).await);
    let field = ("disqualified_team_ids".to_owned(), "UNKNOWN_TEAM".to_owned());
    assert_eq!(violations(&strangers), [field.clone(), field]);
    let both = refused(decide(&rita, decision(&flagged, Dismissed, &["t0"])).await);
    assert_eq!(violations(&both)[0].0, "disqualified_team_ids");
    let undecided = refused(decide(&rita, decision(&flagged, FlagVerdict::Unspecified, &[])).await);
    assert_eq!(violations(&undecided)[0].0, "verdict");
    let nowhere = refused(decide(&rita, decision("00000000-0000-4000-8000-000000000009", Dismissed, &[])).await);
    assert_eq!(nowhere.code(), Code::NotFound);

    decide(&rita, decision(&flagged, Confirmed, &[])).await.unwrap();
    assert_eq!(why(refused(decide(&rita, decision(&flagged, Dismissed, &[])).await)), "FLAG_SETTLED");
    assert_eq!(decide(&rolf, decision(&flagged, Confirmed, &[])).await.unwrap().verdict(), Confirmed);
    let late = refused(decide(&reviewer(&server, "ruth"), decision(&flagged, Dismissed, &[])).await);
    assert_eq!(why(late), "FLAG_SETTLED");
    assert_eq!(kinds(&export(&rita, &id, RecordAudience::Public).await.unwrap()), ["OPENED", "CLOSED"]);

    server.execute("UPDATE competition SET dispute_until = closed_at").await;
    assert_eq!(why(refused(decide(&rita, decision(&chance, Dismissed, &[])).await)), "DISPUTE_OVER");
}

async fn flags_are_for_those_without_a_stake(server: Server) {
    let id = announced(&server, disputed_for(14)).await;
    let rita = reviewer(&server, "rita");
    open(&server, &id).await;
    assert_eq!(reason(&refused(flags(&rita, &id, 0, String::new()).await)), "RESULT_NOT_OUT");
    close(&server, &id).await;
    let flagged = flag(&server, &id, 1, MoreThanChance, &["t0", "t1"]).await;
    // On the roll; of a competing team by their token; there since the opening, by the directory.
    server.app().upsert_staff(staff("newcomer", "t4")).await.unwrap();
    let near = [
        reviewer(&server, "colleague-3-0"),
        server.caller(Role::Reviewer, "ruth", &["t1"]),
        reviewer(&server, "newcomer"),
    ];
    for caller in near {
        assert_eq!(reason(&refused(flags(&caller, &id, 0, String::new()).await)), "REVIEWER_COMPETES");
        assert_eq!(reason(&refused(decide(&caller, decision(&flagged, Dismissed, &[])).await)), "REVIEWER_COMPETES");
    }
    for caller in [server.admin(), server.app(), server.staff("colleague-0-0")] {
        assert_eq!(refused(flags(&caller, &id, 0, String::new()).await).code(), Code::PermissionDenied);
    }
    assert_eq!(flags(&rita, &id, 0, String::new()).await.unwrap().flags[0].reviews, []);
}
