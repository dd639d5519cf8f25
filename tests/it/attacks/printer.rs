//! Somebody whose words end up on another's terminal: in a topic, a number, a file of ballots, a record. They try to steer the
//! terminal, to turn a line round, or to end it and begin one that looks like the program's own.

use std::process::Output;

use rapport::api::v1::{Interaction, InteractionUpdate, UpdateInteractionRequest};
use serde_json::{Value, json};

use crate::{
    cli::{Lines, rapport, write},
    support::{Server, Test, client::request_id, on_both, sample},
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        ballots_from_a_file_steer_no_terminal,
        a_record_steers_no_terminal,
        a_topic_makes_no_row_of_its_own,
        a_change_is_one_line,
        json_says_what_was_written,
    ]
}

/// Clears the screen, goes back to the beginning of the line, begins another, turns it round, rings.
const HOSTILE: &str = "x\u{1b}[2J\r\nforged: all is well\u{202e}\u{7}\u{9b}0m\u{200b}";
/// As a person gets to see it.
const SHOWN: &str = "x\\u001b[2J\\u000d\\nforged: all is well\\u202e\\u0007\\u009b0m\\u200b";

/// All that a command printed, on either side. It steers nothing, and none of its lines is forged.
fn shown(output: &Output) -> String {
    let text = [output.stdout.clone(), output.stderr.clone()].concat();
    let text = String::from_utf8(text).unwrap();
    let is_clean = |one: char| one == '\n' || !(one.is_control() || "\u{202e}\u{200b}".contains(one));
    assert!(text.chars().all(is_clean), "{text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("forged")), "{text}");
    text
}

async fn ballots_from_a_file_steer_no_terminal(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let rules = json!({"form": "OPEN_CHOICE", "entries": [
        {"entry": HOSTILE, "team": "t1"}, {"entry": "e2", "team": HOSTILE}, {"entry": "e3", "team": "t3"},
    ]});
    let ballots = [
        json!({"voter": "v1", "team": "t3", "choices": [HOSTILE]}),
        json!({"voter": HOSTILE, "team": "t3", "choices": ["nothing"]}),
        json!({"voter": "v3", "team": "t3", "choices": ["e2"], (HOSTILE): 1}),
    ];
    let ballots = ballots.map(|one| one.to_string()).join("\n");
    let (rules, ballots) =
        (write(directory.path(), "rules.json", &rules.to_string()), write(directory.path(), "ballots", &ballots));
    let told = shown(&rapport(&server, &["tally", "--rules", &rules, &ballots]).await);
    assert!(told.contains(SHOWN), "{told}");
    let told: Value =
        serde_json::from_str(&shown(&rapport(&server, &["tally", "--json", "--rules", &rules, &ballots]).await))
            .unwrap();
    assert!(told["standings"].as_array().unwrap().iter().any(|one| one["entry"] == HOSTILE), "{told}");
    let wrong = json!({(HOSTILE): 1, "form": HOSTILE, "entries": [{"entry": HOSTILE, "team": ""}]}).to_string();
    let wrong = write(directory.path(), "wrong.json", &wrong);
    shown(&rapport(&server, &["tally", "--rules", &wrong, &ballots]).await);
}

async fn a_record_steers_no_terminal(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let revision = json!({"number": 1, "body": HOSTILE, "hash": HOSTILE, "key_id": HOSTILE, "signature": HOSTILE});
    let record = json!({
        "format": "rapport competition record 1",
        "competition": HOSTILE,
        "keys": [{"id": HOSTILE, "public_key": HOSTILE}],
        "manifest": HOSTILE,
        "revisions": [revision],
    });
    let file = write(directory.path(), "record.json", &record.to_string());
    let output = rapport(&server, &["verify", &file]).await;
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(shown(&output).contains(SHOWN), "{}", shown(&output));
    shown(&rapport(&server, &["verify", &file, "--json"]).await);
    for (key, value) in [("format", json!(HOSTILE)), (HOSTILE, json!(1)), ("revisions", json!([{(HOSTILE): 1}]))] {
        let mut wrong = record.clone();
        wrong[key] = value;
        let file = write(directory.path(), "wrong.json", &wrong.to_string());
        shown(&rapport(&server, &["verify", &file]).await);
    }
}

/// Records a call of a number, and writes what is hostile into it behind the server's back: it may be from before the server
/// refused such words. Gives its id.
async fn hostile_call(server: &Server) -> String {
    let call = Interaction {
        customer_id: String::new(),
        customer_alias: Some(sample::phone("+49 30 1")),
        ..sample::call("nora", "")
    };
    let id = server.app().record(call).await.unwrap().interaction_id;
    server
        .execute(&format!(
            "UPDATE interaction SET topic = '{HOSTILE}', alias_value = '{HOSTILE}', alias_written = NULL"
        ))
        .await;
    id
}

async fn a_topic_makes_no_row_of_its_own(server: Server) {
    let server = server.with_organization().await;
    hostile_call(&server).await;
    let endpoint = server.endpoint();
    let told = shown(&rapport(&server, &["summary", "--by", "topic", "--endpoint", &endpoint]).await);
    assert!(told.lines().any(|line| line.trim_start().starts_with(SHOWN)), "{told}");
}

async fn change(server: &Server, id: &str) {
    let request = UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: id.to_owned(),
        interaction: Some(InteractionUpdate { conclusion: "called back".to_owned(), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["conclusion".to_owned()] }),
        ..Default::default()
    };
    server.app().interactions().update_interaction(request).await.unwrap();
}

async fn a_change_is_one_line(server: Server) {
    let server = server.with_organization().await;
    let mut watch = Lines::of(&server, &["watch", "--staff", "nora"]);
    // So that the watch is there before the change is.
    let first = sample::call("nora", "carla");
    let line = loop {
        server.app().record(first.clone()).await.unwrap();
        if let Some(line) = watch.next_within(std::time::Duration::from_millis(500)).await {
            break line;
        }
    };
    assert!(line.contains("customer carla"), "{line}");
    let id = hostile_call(&server).await;
    change(&server, &id).await;
    loop {
        let line = watch.next().await;
        assert!(line.contains("  inbound_call service answered  customer "), "no line of ours: {line:?}");
        if line.contains("updated") {
            assert!(line.contains(SHOWN) && line.ends_with(&id), "{line}");
            break;
        }
    }
}

async fn json_says_what_was_written(server: Server) {
    let server = server.with_organization().await;
    let id = hostile_call(&server).await;
    let body = json!({ "interactionId": id }).to_string();
    let output = rapport(&server, &["call", "GetInteraction", &body, "--endpoint", &server.endpoint()]).await;
    let told: Value = serde_json::from_str(&shown(&output)).unwrap();
    assert_eq!(told["interaction"]["topic"], HOSTILE);
}
