//! Clocks that are wrong: nothing is forgotten, decided or refused because of them that would not be otherwise.

use std::time::Duration;

use prost_types::Timestamp;
use rapport::{
    api::v1::{Commitment, GetOrganizationRequest, Interaction, UpsertTeamRequest},
    clock::Clock,
};
use tonic::Code;

use crate::{
    commitments::{make, promise, within},
    support::{
        Server, Test, on_both, on_postgres,
        sample::{call, team},
    },
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_clock_ahead_forgets_no_request,
        answers_are_remembered_for_48_hours_of_running_time,
        housekeeping_waits_for_a_clock_that_agrees,
        a_clock_before_1970_serves,
        a_token_is_judged_by_the_clock_of_each_call,
        what_is_due_comes_by_a_clock_that_was_put_back,
    ];
    tests.extend(on_postgres![what_is_due_comes_by_the_clock_of_the_database]);
    tests
}

const HOUR: i64 = 3_600_000_000;

/// Long enough for what a server does at its start.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

async fn remembered(server: &Server) -> i64 {
    server.number("SELECT count(*) FROM request_memory WHERE request_id = 'first'").await
}

async fn with_a_request(server: &Server) {
    let request = UpsertTeamRequest { request_id: "first".to_owned(), team: Some(team("north")), ..Default::default() };
    server.admin().directory().upsert_team(request).await.unwrap();
    assert_eq!(remembered(server).await, 1);
}

async fn a_clock_ahead_forgets_no_request(server: Server) {
    with_a_request(&server).await;
    // As old as it would be by a clock three days ahead, also where the time is the database's.
    let ahead = Clock::fixed(Clock::system().now_micros() + 72 * HOUR);
    server.execute(&format!("UPDATE request_memory SET created_at = created_at - {}", 72 * HOUR)).await;
    let server = server.restart_at(ahead).await;
    settle().await;
    assert_eq!(remembered(&server).await, 1);
}

async fn answers_are_remembered_for_48_hours_of_running_time(server: Server) {
    with_a_request(&server).await;
    // Of a server of the version before, and so counted from now on.
    server.execute("UPDATE request_memory SET tick = NULL").await;
    let mut server = server;
    for (tick, kept) in [(0, 1), (288, 1), (289, 0)] {
        server.execute(&format!("UPDATE housekeeping SET tick = {tick}")).await;
        server = server.restart_at(Clock::system()).await;
        settle().await;
        assert_eq!(remembered(&server).await, kept, "{tick}");
    }
}

async fn housekeeping_waits_for_a_clock_that_agrees(server: Server) {
    let mut server = server;
    settle().await;
    for (hours, agrees) in [(-1, false), (72, false), (23, true)] {
        let last = Clock::system().now_micros() - hours * HOUR;
        server.execute(&format!("UPDATE housekeeping SET last_time = {last}")).await;
        server = server.restart_at(Clock::system()).await;
        settle().await;
        let moved = server.number("SELECT last_time FROM housekeeping").await != last;
        assert_eq!(moved, agrees, "{hours} h after the last time");
    }
}

async fn a_clock_before_1970_serves(server: Server) {
    let before = Server::start_with(server.backend(), Clock::fixed(-5_000_000), |_| {}).await.unwrap();
    let before = before.with_organization().await;
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    // As late as may be: the contract knows no interaction of before 1970, and none more than five minutes ahead.
    let interaction =
        Interaction { requested_time: at(10), connected_time: at(40), ended_time: at(200), ..call("nora", "carla") };
    let recorded = before.app().record(interaction).await.unwrap();
    let read = before.app().get(&recorded.interaction_id).await.unwrap();
    assert_eq!(read.ended_time, at(200));
    assert_eq!(read.customer_id, "carla");
}

async fn a_token_is_judged_by_the_clock_of_each_call(server: Server) {
    let now = Clock::system().now_micros();
    let clock = Clock::fixed(now);
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap();
    let admin = server.admin();
    // Known from its first use on, it is still not good before it was issued, nor once it has expired.
    for (hours, expected) in [(0, Code::Ok), (-1, Code::Unauthenticated), (0, Code::Ok), (1, Code::Unauthenticated)] {
        clock.set(now + hours * HOUR);
        let answer = admin.directory().get_organization(GetOrganizationRequest {}).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), expected, "{hours} h from its issue");
    }
}

/// Makes a commitment that is due in two seconds, and waits until it is broken.
async fn is_broken_in_time(server: &Server) {
    let soon = Commitment { due_time: within(2_000), ..promise("nora", "carla") };
    make(&server.app(), soon).await.unwrap();
    let broken = async {
        while server.number("SELECT count(*) FROM commitment WHERE state = 3").await == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), broken).await.unwrap();
}

async fn what_is_due_comes_by_a_clock_that_was_put_back(server: Server) {
    let server = server.with_organization().await;
    settle().await;
    // It was two hours ahead when it was trusted last.
    let last = Clock::system().now_micros() + 2 * HOUR;
    server.execute(&format!("UPDATE housekeeping SET last_time = {last}")).await;
    let server = server.restart_at(Clock::system()).await;
    is_broken_in_time(&server).await;
    assert_eq!(server.number("SELECT last_time FROM housekeeping").await, last);
}

async fn what_is_due_comes_by_the_clock_of_the_database(server: Server) {
    let behind = Clock::fixed(Clock::system().now_micros() - 3 * HOUR);
    let server = Server::start_with(server.backend(), behind, |_| {}).await.unwrap().with_organization().await;
    is_broken_in_time(&server).await;
}
