//! An operator with a copy of the database, without its master key; and an auditor with the record.

use std::collections::BTreeMap;

use rapport::api::v1::{self, RecordAudience};

use crate::{
    privacy::erase,
    record::{export, reviewer},
    results::close,
    support::{
        Backend, Server, Test,
        competition::{Vote, dealt, enrol, member},
        on_both,
        sample::call,
    },
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        a_copy_does_not_tell_who_voted_or_was_reminded,
        a_team_of_one_ballot_is_in_no_sum,
        what_is_destroyed_is_not_in_the_log_either,
    ]
}

/// Every text and every blob in the database, one a row, as hexadecimal where it is a blob.
async fn all_cells(server: &Server, table: &str, columns: &[&str]) -> Vec<String> {
    let cells: Vec<String> = columns.iter().map(|column| format!("coalesce(CAST({column} AS TEXT), '')")).collect();
    server.texts(&format!("SELECT {} FROM {table}", cells.join(" || ' ' || "))).await
}

async fn a_copy_does_not_tell_who_voted_or_was_reminded(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    for _ in 0..500 {
        if server.number("SELECT count(*) FROM competition_reminder").await == 18 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for team in 0..3 {
        let voter = server.staff(&member(team, 0));
        let panel = vote.panel(&voter).await;
        vote.cast(&voter, &panel, 0).await.unwrap();
    }
    // What names a voter stands in the roll; nothing of the roll stands where ballots and reminders are.
    let roll = all_cells(&server, "competition_voter", &["voter_id", "pseudonym"]).await;
    let names: Vec<&str> = roll.iter().flat_map(|row| row.split(' ')).collect();
    let mut cells = all_cells(&server, "ballot", &["pseudonym"]).await;
    cells.extend(all_cells(&server, "ballot_request", &["pseudonym", "request_id"]).await);
    cells.extend(all_cells(&server, "competition_reminder", &["voter_id"]).await);
    cells.extend(
        all_cells(&server, "request_memory", &["scope", "method"])
            .await
            .into_iter()
            .filter(|row| row.contains("Ballot")),
    );
    assert_eq!(cells.len(), 3 + 3 + 18);
    let found: Vec<_> = cells.iter().filter(|cell| names.iter().any(|name| cell.contains(name))).collect();
    assert!(found.is_empty(), "{found:?}");
    // Reminders reach those whom they are for all the same.
    let mut watch = server.staff(&member(4, 0)).competitions();
    let request = v1::WatchRemindersRequest::default();
    assert!(watch.watch_reminders(request).await.is_ok());
    close(&server, &vote).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM competition_reminder").await, 0, "it is over");
}

async fn a_team_of_one_ballot_is_in_no_sum(server: Server) {
    enrol(&server, &[3; 7]).await;
    let vote = Vote::opened(&server, 7, dealt()).await;
    // One votes in t0, two in t1, all in the others.
    let voting = BTreeMap::from([(0, 1), (1, 2)]);
    for team in 0..7 {
        for number in 0..voting.get(&team).copied().unwrap_or(3) {
            let voter = server.staff(&member(team, number));
            let panel = vote.panel(&voter).await;
            vote.cast(&voter, &panel, 0).await.unwrap();
        }
    }
    close(&server, &vote).await.unwrap();
    let judges = server.texts("SELECT DISTINCT judge FROM competition_sum ORDER BY 1").await;
    assert_eq!(judges, [" merged", "t2", "t3", "t4", "t5", "t6"]);
    let few = "SELECT count(*) FROM competition_sum WHERE judge = ' merged' AND ballots < 3";
    assert_eq!(server.number(few).await, 0);
    let record = export(&reviewer(&server, "rita"), &vote.id, RecordAudience::Auditor).await.unwrap();
    let (code, report) = crate::record::check(&server, &record, &[]).await;
    assert_eq!((code, &report["ok"]), (Some(0), &serde_json::json!(true)), "{report}");
    let sums = record["auditor"]["sums"].as_str().unwrap();
    assert!(!sums.contains("\"t0\",") && !sums.contains("\"t1\","), "{sums}");
}

async fn what_is_destroyed_is_not_in_the_log_either(server: Server) {
    if server.backend() != Backend::Sqlite {
        // PostgreSQL's log is the operator's: docs/record.md says so.
        return;
    }
    let server = server.with_organization().await;
    let log = server.data_dir().join("rapport.db-wal");
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    let voter = server.staff(&member(0, 0));
    let panel = vote.panel(&voter).await;
    vote.cast(&voter, &panel, 0).await.unwrap();
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    close(&server, &vote).await.unwrap();
    assert_eq!(std::fs::metadata(&log).unwrap().len(), 0, "ballots stood in it");
    server.app().record(call("nora", "carla")).await.unwrap();
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    erase(&server.admin(), "carla").await.unwrap();
    assert_eq!(std::fs::metadata(&log).unwrap().len(), 0, "the customer stood in it");
}
