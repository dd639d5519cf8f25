//! A supervisor who would rather see a customer's one star elsewhere, or the five of others at home.

use rapport::api::v1::{
    self, AuditAction, Participant, Rating, ReattributeInteractionResponse, Reattribution, ReattributionState, Role,
};
use tonic::{Code, Response, Status};

use super::colleague::{assisting, decline, primary, with};
use crate::support::{
    Caller, Server, Test,
    client::request_id,
    differing_counters, on_both,
    refusal::verdict,
    refused,
    sample::{at, staff},
    violations,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        nobody_moves_what_counts_for_or_against_themselves,
        a_supervisor_adds_people_of_their_teams_only,
        what_is_rated_takes_two,
        what_is_not_rated_moves_at_once,
        those_who_asked_or_have_a_part_do_not_approve,
        what_waits_is_seen_by_whom_it_is_not_about,
        what_was_rejected_stays_as_it_was,
        what_changed_meanwhile_is_asked_for_anew,
        declining_moves_no_rating,
    ]
}

fn request(interaction_id: &str, participants: Vec<Participant>) -> v1::ReattributeInteractionRequest {
    v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        participants,
        reason: "booked on the wrong colleague".to_owned(),
        ..Default::default()
    }
}

async fn reattribute(
    caller: &Caller,
    interaction_id: &str,
    participants: Vec<Participant>,
) -> Result<ReattributeInteractionResponse, Status> {
    let request = request(interaction_id, participants);
    caller.interactions().reattribute_interaction(request).await.map(Response::into_inner)
}

/// A re-attribution that has to wait: its id.
async fn asked(caller: &Caller, interaction_id: &str, participants: Vec<Participant>) -> String {
    reattribute(caller, interaction_id, participants).await.unwrap().reattribution.unwrap().reattribution_id
}

async fn approve(caller: &Caller, id: &str) -> Result<v1::ApproveReattributionResponse, Status> {
    let request = v1::ApproveReattributionRequest { request_id: request_id(), reattribution_id: id.to_owned() };
    caller.interactions().approve_reattribution(request).await.map(Response::into_inner)
}

async fn reject(caller: &Caller, id: &str) -> Result<Reattribution, Status> {
    let request = v1::RejectReattributionRequest {
        request_id: request_id(),
        reattribution_id: id.to_owned(),
        reason: "nora took the call".to_owned(),
    };
    let answer = caller.interactions().reject_reattribution(request).await?;
    Ok(answer.into_inner().reattribution.unwrap())
}

async fn waiting(caller: &Caller) -> Vec<String> {
    let answer = caller.interactions().list_reattributions(v1::ListReattributionsRequest::default()).await.unwrap();
    answer.into_inner().reattributions.into_iter().map(|one| one.reattribution_id).collect()
}

async fn record(server: &Server, participants: Vec<Participant>) -> String {
    server.app().record(with(participants)).await.unwrap().interaction_id
}

/// Rates an interaction, or somebody in it: the rating's id.
async fn rate(server: &Server, interaction_id: &str, rated_staff_id: &str, score: i32) -> String {
    let rating = Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        answered_time: at(600),
        rated_staff_id: rated_staff_id.to_owned(),
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap().into_inner().rating_id
}

async fn whose(server: &Server, rating_id: &str) -> (String, String) {
    let request = v1::GetRatingRequest { rating_id: rating_id.to_owned() };
    let rating = server.app().ratings().get_rating(request).await.unwrap().into_inner().rating.unwrap();
    (rating.rated_staff_id, rating.rated_team_id)
}

fn of(staff_id: &str, team_id: &str) -> (String, String) {
    (staff_id.to_owned(), team_id.to_owned())
}

fn interested() -> (Code, String) {
    (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned())
}

/// North has a second supervisor, paula, and south a second colleague, siri.
async fn peopled(server: Server) -> Server {
    let server = server.with_organization().await;
    for (id, team) in [("paula", "north"), ("siri", "south")] {
        server.app().upsert_staff(staff(id, team)).await.unwrap();
    }
    server
}

async fn nobody_moves_what_counts_for_or_against_themselves(server: Server) {
    let server = peopled(server).await;
    let petra = server.supervisor("petra", &["north"]);
    let bad = record(&server, vec![primary("petra")]).await;
    rate(&server, &bad, "", 1).await;
    let good = record(&server, vec![primary("nora")]).await;
    rate(&server, &good, "", 5).await;
    let beside = record(&server, vec![primary("nora"), assisting("petra")]).await;
    let moves = [
        (&bad, vec![primary("nora")]),
        (&good, vec![primary("petra")]),
        (&good, vec![primary("nora"), assisting("petra")]),
        (&beside, vec![primary("nils")]),
        (&beside, vec![primary("petra"), assisting("nora")]),
    ];
    for (id, participants) in moves {
        let status = refused(reattribute(&petra, id, participants.clone()).await);
        assert_eq!(verdict(&status), interested(), "{participants:?}");
    }
    // Whatever their role.
    let admin = server.caller(Role::Admin, "petra", &[]);
    assert_eq!(verdict(&refused(reattribute(&admin, &bad, vec![primary("nora")]).await)), interested());
    assert!(waiting(&server.admin()).await.is_empty());
}

async fn a_supervisor_adds_people_of_their_teams_only(server: Server) {
    let server = peopled(server).await;
    let petra = server.supervisor("petra", &["north"]);
    let id = record(&server, vec![primary("nora"), assisting("sam")]).await;
    for (participants, field) in [
        (vec![primary("siri")], "participants[0].staff_id"),
        (vec![primary("nora"), assisting("siri")], "participants[1].staff_id"),
        (vec![assisting("nora"), primary("sam")], "participants[1].staff_id"),
    ] {
        let status = refused(reattribute(&petra, &id, participants).await);
        assert_eq!(verdict(&status), (Code::PermissionDenied, "CREDIT_NOT_YOURS".to_owned()));
        assert_eq!(violations(&status), [(field.to_owned(), "CREDIT_NOT_YOURS".to_owned())]);
    }
    let moved = reattribute(&petra, &id, vec![primary("nils"), assisting("sam")]).await.unwrap();
    let told: Vec<_> = moved.interaction.unwrap().participants.into_iter().map(|one| one.told_by).collect();
    assert_eq!(told, ["petra", ""], "the new one is told by her");
    // Between teams it is moved by an administrator.
    assert!(reattribute(&server.admin(), &id, vec![primary("siri")]).await.unwrap().reattribution.is_none());
}

async fn what_is_rated_takes_two(server: Server) {
    let server = peopled(server).await;
    let (petra, paula) = (server.supervisor("petra", &["north"]), server.supervisor("paula", &["north"]));
    let id = record(&server, vec![primary("nora")]).await;
    let rating = rate(&server, &id, "", 1).await;
    let before = server.app().get(&id).await.unwrap();

    let first = request(&id, vec![primary("nils")]);
    let answer = petra.interactions().reattribute_interaction(first.clone()).await.unwrap().into_inner();
    assert_eq!(answer.interaction.as_ref(), Some(&before), "as it still is");
    let pending = answer.reattribution.clone().unwrap();
    assert_eq!((pending.state(), pending.requested_by.as_str()), (ReattributionState::Pending, "petra"));
    let names = |all: &[Participant]| all.iter().map(|one| one.staff_id.clone()).collect::<Vec<_>>();
    assert_eq!(names(&pending.participants_before), ["nora"]);
    assert_eq!(names(&pending.participants_after), ["nils"]);
    let again = petra.interactions().reattribute_interaction(first).await.unwrap().into_inner();
    assert_eq!(again, answer, "the same request again asks once");
    assert_eq!(waiting(&petra).await, std::slice::from_ref(&pending.reattribution_id));
    assert_eq!(whose(&server, &rating).await, of("nora", "north"));

    let approval =
        v1::ApproveReattributionRequest { request_id: request_id(), reattribution_id: pending.reattribution_id };
    let approved = paula.interactions().approve_reattribution(approval.clone()).await.unwrap().into_inner();
    let settled = approved.reattribution.clone().unwrap();
    assert_eq!((settled.state(), settled.decided_by.as_str()), (ReattributionState::Approved, "paula"));
    assert_eq!(names(&approved.interaction.as_ref().unwrap().participants), ["nils"]);
    assert_eq!(whose(&server, &rating).await, of("nils", "north"));
    let again = paula.interactions().approve_reattribution(approval).await.unwrap().into_inner();
    assert_eq!(again, approved);
    let late = refused(approve(&server.admin(), &settled.reattribution_id).await);
    assert_eq!(verdict(&late), (Code::FailedPrecondition, "REATTRIBUTION_SETTLED".to_owned()));
    assert!(waiting(&petra).await.is_empty());
    assert_eq!(differing_counters(&server).await, 0);

    let trail = v1::ListAuditEventsRequest { object_id: id, ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    let seen: Vec<_> = events.iter().map(|one| (one.action(), one.actor.as_str(), one.reason.as_str())).collect();
    let why = "booked on the wrong colleague";
    use AuditAction::{Reattributed, ReattributionRequested};
    assert_eq!(seen, [(Reattributed, "paula", why), (ReattributionRequested, "petra", why)]);
    let detail: serde_json::Value = serde_json::from_str(&events[0].detail_json).unwrap();
    assert_eq!((&detail["before"][0]["staff_id"], &detail["after"][0]["staff_id"]), (&"nora".into(), &"nils".into()));
    assert_eq!(detail["requested_by"], "petra");
}

async fn what_is_not_rated_moves_at_once(server: Server) {
    let server = peopled(server).await;
    let petra = server.supervisor("petra", &["north"]);
    let id = record(&server, vec![primary("nora")]).await;
    let moved = reattribute(&petra, &id, vec![primary("nils")]).await.unwrap();
    assert!(moved.reattribution.is_none());
    // Where nobody gains or loses anything, one is enough for what is rated, too.
    rate(&server, &id, "", 1).await;
    let same = reattribute(&petra, &id, vec![primary("nils")]).await.unwrap();
    assert!(same.reattribution.is_none());
    // For another team it counts as well.
    let elsewhere = Participant { team_id: "south".to_owned(), ..primary("nils") };
    assert!(reattribute(&server.admin(), &id, vec![elsewhere]).await.unwrap().reattribution.is_some());
}

async fn those_who_asked_or_have_a_part_do_not_approve(server: Server) {
    let server = peopled(server).await;
    let petra = server.supervisor("petra", &["north"]);
    let id = record(&server, vec![primary("nora"), assisting("paula")]).await;
    let rating = rate(&server, &id, "", 1).await;
    let waits = asked(&petra, &id, vec![primary("nils"), assisting("paula")]).await;
    // Under another role they are the same people.
    let parties = [
        petra,
        server.caller(Role::Admin, "petra", &[]),
        server.supervisor("paula", &["north"]),
        server.caller(Role::Admin, "nora", &[]),
        server.caller(Role::Admin, "nils", &[]),
    ];
    for party in parties {
        assert_eq!(verdict(&refused(approve(&party, &waits).await)), interested());
    }
    let not_there = (Code::NotFound, "NOT_FOUND".to_owned());
    let beyond = server.supervisor("sören", &["south"]);
    assert_eq!(verdict(&refused(approve(&beyond, &waits).await)), not_there);
    assert_eq!(verdict(&refused(reject(&beyond, &waits).await)), not_there);
    for role in [Role::Staff, Role::Reviewer, Role::App] {
        assert_eq!(
            refused(approve(&server.caller(role, "x", &["north"]), &waits).await).code(),
            Code::PermissionDenied
        );
    }
    assert_eq!(whose(&server, &rating).await, of("nora", "north"));
    approve(&server.admin(), &waits).await.unwrap();
    assert_eq!(whose(&server, &rating).await, of("nils", "north"));
    // An administrator who asks does not approve either.
    let back = asked(&server.admin(), &id, vec![primary("siri")]).await;
    assert_eq!(verdict(&refused(approve(&server.admin(), &back).await)), interested());
}

async fn what_waits_is_seen_by_whom_it_is_not_about(server: Server) {
    let server = peopled(server).await;
    let id = record(&server, vec![primary("nora"), assisting("paula")]).await;
    rate(&server, &id, "", 1).await;
    let waits = asked(&server.supervisor("petra", &["north"]), &id, vec![primary("nils")]).await;
    for sees in [
        server.supervisor("petra", &["north"]),
        server.supervisor("pavel", &["north", "south"]),
        server.caller(Role::Reviewer, "rita", &[]),
        server.admin(),
    ] {
        assert_eq!(waiting(&sees).await, std::slice::from_ref(&waits));
    }
    // It would tell them that they are rated.
    for sees_not in [
        server.supervisor("paula", &["north"]),
        server.supervisor("sören", &["south"]),
        server.caller(Role::Reviewer, "nora", &[]),
        server.caller(Role::Admin, "nils", &[]),
    ] {
        assert!(waiting(&sees_not).await.is_empty());
    }
}

async fn what_was_rejected_stays_as_it_was(server: Server) {
    let server = peopled(server).await;
    let (petra, paula) = (server.supervisor("petra", &["north"]), server.supervisor("paula", &["north"]));
    let id = record(&server, vec![primary("nora")]).await;
    let rating = rate(&server, &id, "", 1).await;
    let waits = asked(&petra, &id, vec![primary("nils")]).await;
    assert_eq!(verdict(&refused(reject(&server.caller(Role::Admin, "nils", &[]), &waits).await)), interested());
    let rejected = reject(&paula, &waits).await.unwrap();
    assert_eq!(
        (rejected.state(), rejected.decided_by.as_str(), rejected.rejection_reason.as_str()),
        (ReattributionState::Rejected, "paula", "nora took the call")
    );
    let settled = (Code::FailedPrecondition, "REATTRIBUTION_SETTLED".to_owned());
    assert_eq!(verdict(&refused(approve(&server.admin(), &waits).await)), settled);
    assert_eq!(verdict(&refused(reject(&server.admin(), &waits).await)), settled);
    assert_eq!(whose(&server, &rating).await, of("nora", "north"));
    // Those who asked may take it back.
    let second = asked(&petra, &id, vec![primary("nils")]).await;
    assert_eq!(reject(&petra, &second).await.unwrap().state(), ReattributionState::Rejected);
}

async fn what_changed_meanwhile_is_asked_for_anew(server: Server) {
    let server = peopled(server).await;
    let (petra, paula) = (server.supervisor("petra", &["north"]), server.supervisor("paula", &["north"]));
    let id = record(&server, vec![primary("nora")]).await;
    let rating = rate(&server, &id, "", 1).await;
    let one = asked(&petra, &id, vec![primary("nils")]).await;
    let other = asked(&petra, &id, vec![primary("nora"), assisting("nils")]).await;
    approve(&paula, &other).await.unwrap();
    assert_eq!(verdict(&refused(approve(&paula, &one).await)), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(whose(&server, &rating).await, of("nora", "north"));
    reject(&paula, &one).await.unwrap();
}

/// Or it would be a way to pass a bad one on.
async fn declining_moves_no_rating(server: Server) {
    let server = peopled(server).await;
    let told = with(vec![primary("nora"), assisting("sam")]);
    let id = server.staff("nora").record(told).await.unwrap().interaction_id;
    let rating = rate(&server, &id, "sam", 1).await;
    decline(&server.staff("sam"), &id).await.unwrap();
    assert_eq!(whose(&server, &rating).await, of("sam", "south"));
    assert_eq!(differing_counters(&server).await, 0);
}
