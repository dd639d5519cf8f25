//! A colleague whom a complaint is about, who would rather read it before anybody asks them.

use std::{fmt::Debug, time::Duration};

use prost_types::FieldMask;
use rapport::{
    api::v1::{
        self, Interaction, InteractionFilter, InteractionKind, InteractionUpdate, PraiseState, ReadingPurpose,
        ScorecardUnit, ScorecardView, SummaryGrouping,
    },
    clock::Clock,
};
use tonic::{Code, Response, Status};

use super::colleague::{assisting, decline, primary};
use crate::support::{
    Caller, Server, Test,
    client::request_id,
    on_both,
    refusal::verdict,
    refused,
    sample::{MONDAY_NINE, at, call, phone, team},
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        to_the_accused_a_complaint_does_not_exist,
        what_came_of_a_complaint_is_hidden_too,
        a_watch_passes_over_a_complaint,
        nobody_changes_what_is_about_them,
        who_may_say_whom_it_is_about,
    ]
}

const WORDS: &str = "Rudeness";

fn about(staff: &[&str], told: Interaction) -> Interaction {
    Interaction { about_staff_ids: staff.iter().map(|&id| id.to_owned()).collect(), ..told }
}

/// carla complains about sam, on a case of hers in which sam and nora served.
fn complaint() -> Interaction {
    let told = Interaction {
        kind: InteractionKind::Complaint.into(),
        topic: WORDS.to_owned(),
        case_id: "K-7".to_owned(),
        requested_time: at(24 * 3_600),
        connected_time: at(24 * 3_600 + 30),
        ended_time: at(24 * 3_600 + 300),
        conclusion: "sam was rude".to_owned(),
        customer_alias: Some(phone("+49 30 1")),
        participants: vec![primary("sam"), assisting("nora")],
        ..call("", "carla")
    };
    about(&["sam"], told)
}

/// As whom sam may call.
fn roles(server: &Server) -> Vec<(&'static str, Caller)> {
    use v1::Role::{Admin, Reviewer, Staff, Supervisor};
    let roles = [("staff", Staff), ("supervisor", Supervisor), ("reviewer", Reviewer), ("admin", Admin)];
    roles.map(|(name, role)| (name, server.caller(role, "sam", &["north", "south"]))).into()
}

fn say<T: Debug>(answer: Result<Response<T>, Status>) -> String {
    match answer {
        Ok(answer) => format!("{:?}", answer.into_inner()),
        Err(status) => format!("{:?} {}", status.code(), status.message()),
    }
}

/// Everything that somebody reads, by name. What a role may not call it is refused before and after.
async fn reads(caller: &Caller) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |name: String, said: String| found.push((name, said));
    let (mut interactions, mut ratings, mut preferences) =
        (caller.interactions(), caller.ratings(), caller.preferences());
    let none = InteractionFilter::default();
    let filters = [
        none.clone(),
        InteractionFilter { customer_id: "carla".to_owned(), ..none.clone() },
        InteractionFilter { case_id: "K-7".to_owned(), ..none.clone() },
        InteractionFilter { staff_id: "sam".to_owned(), ..none.clone() },
        InteractionFilter { staff_id: "nora".to_owned(), ..none.clone() },
        InteractionFilter { team_id: "north".to_owned(), ..none.clone() },
        InteractionFilter { kinds: vec![InteractionKind::Complaint.into()], ..none },
    ];
    for filter in filters {
        let filter = Some(filter);
        let request = v1::ListInteractionsRequest { filter: filter.clone(), page_size: 500, ..Default::default() };
        add(format!("list {filter:?}"), say(interactions.list_interactions(request).await));
        use SummaryGrouping::{Channel, Day, Hour, Kind, Outcome, Staff, Team, Topic, Weekday};
        for grouping in [Channel, Kind, Outcome, Team, Staff, Hour, Weekday, Day, Topic] {
            let group_by = grouping.into();
            let request = v1::SummarizeInteractionsRequest { filter: filter.clone(), group_by, ..Default::default() };
            let said = say(interactions.summarize_interactions(request).await);
            add(format!("summary by {grouping:?} of {filter:?}"), said);
        }
    }
    let purpose = ReadingPurpose::Serving.into();
    for (customer_id, customer_alias) in [("carla", None), ("", Some(phone("+49 30 1"))), ("", Some(phone("+49 30 2")))]
    {
        let customer_id = customer_id.to_owned();
        let request = v1::ReadCustomerTimelineRequest {
            customer_id: customer_id.clone(),
            customer_alias: customer_alias.clone(),
            purpose,
            page_size: 500,
            ..Default::default()
        };
        let name = format!("{customer_id} {customer_alias:?}");
        add(format!("timeline of {name}"), say(interactions.read_customer_timeline(request).await));
        let request = v1::BriefCustomerRequest {
            customer_id,
            customer_alias,
            purpose,
            language: "en".to_owned(),
            ..Default::default()
        };
        add(format!("brief of {name}"), say(preferences.brief_customer(request).await));
    }
    let request = v1::GetPreferencesRequest { customer_id: "carla".to_owned(), ..Default::default() };
    add("preferences".to_owned(), say(preferences.get_preferences(request).await));
    let criterion = v1::PreferenceCriterion {
        dimension: v1::PreferenceDimension::Channel.into(),
        values: vec!["inbound_call".to_owned()],
        min_share: 0.01,
    };
    let request = v1::FindCustomersRequest { criteria: vec![criterion], ..Default::default() };
    add("customers".to_owned(), say(preferences.find_customers(request).await));
    let request = v1::ExportCustomerRequest { customer_id: "carla".to_owned(), page_size: 1_000, ..Default::default() };
    let export = caller.privacy().export_customer(request).await.map(|answer| {
        // What they read themselves leaves its trace, in both histories.
        let lines = answer.into_inner().json_lines.into_iter().filter(|line| !line.contains("\"audit_event\""));
        Response::new(lines.collect::<Vec<_>>())
    });
    add("export".to_owned(), say(export));
    let request = v1::ListContactBreachesRequest::default();
    add("breaches".to_owned(), say(caller.contacts().list_contact_breaches(request).await));
    for unit in [ScorecardUnit::Team, ScorecardUnit::Staff, ScorecardUnit::Organization, ScorecardUnit::Topic] {
        let request =
            v1::GetScorecardRequest { unit: unit.into(), view: ScorecardView::Full.into(), ..Default::default() };
        add(format!("scorecard by {unit:?}"), say(ratings.get_scorecard(request).await));
    }
    for unit in [v1::InvitationBiasUnit::Staff, v1::InvitationBiasUnit::Outcome] {
        let (first_day, last_day) = ("2025-03-01".to_owned(), "2025-03-31".to_owned());
        let request = v1::GetInvitationBiasRequest { unit: unit.into(), first_day, last_day, ..Default::default() };
        add(format!("bias by {unit:?}"), say(ratings.get_invitation_bias(request).await));
    }
    came_of(caller, &mut found).await;
    found
}

/// What is made of interactions, one by one.
async fn came_of(caller: &Caller, found: &mut Vec<(String, String)>) {
    let mut add = |name: &str, said: String| found.push((name.to_owned(), said));
    let request = v1::ListReattributionsRequest::default();
    add("reattributions", say(caller.interactions().list_reattributions(request).await));
    add("ratings", say(caller.ratings().list_ratings(v1::ListRatingsRequest::default()).await));
    add("mismatches", say(caller.quality().list_mismatches(v1::ListMismatchesRequest::default()).await));
    add("assessments", say(caller.quality().list_assessments(v1::ListAssessmentsRequest::default()).await));
    for state in [PraiseState::Waiting, PraiseState::Shared] {
        let request = v1::ListPraiseRequest { state: state.into(), ..Default::default() };
        add("praise", say(caller.quality().list_praise(request).await));
    }
    add("invitations", say(caller.surveys().list_invitations(v1::ListInvitationsRequest::default()).await));
    add("replies", say(caller.surveys().list_replies(v1::ListRepliesRequest::default()).await));
    add("contests", say(caller.contests().list_contests(v1::ListContestsRequest::default()).await));
    add("exemptions", say(caller.contests().list_exemptions(v1::ListExemptionsRequest::default()).await));
    let request = v1::ListAuditEventsRequest { page_size: 1_000, ..Default::default() };
    let trail = caller.audit().list_audit_events(request).await.map(|answer| {
        // What they read themselves, as above.
        let events = answer.into_inner().audit_events.into_iter().filter(|one| one.actor != "sam");
        Response::new(events.collect::<Vec<_>>())
    });
    add("trail", say(trail));
}

/// By a clock that stands still, since preferences fade with time.
async fn still(server: Server) -> Server {
    let clock = Clock::fixed((MONDAY_NINE + 40 * 24 * 3_600) * 1_000_000);
    let server = Server::start_with(server.backend(), clock, |_| {}).await.unwrap().with_organization().await;
    let carla = v1::Customer { aliases: vec![phone("+49 30 1")], ..crate::support::sample::customer("carla") };
    server.app().upsert_customer(carla).await.unwrap();
    server.app().upsert_team(team("east")).await.unwrap();
    server
}

async fn to_the_accused_a_complaint_does_not_exist(server: Server) {
    let server = still(server).await;
    let app = server.app();
    for (staff, customer) in
        [("sam", "carla"), ("nora", "carla"), ("sam", "dora"), ("nils", "carla"), ("nora", "carla")]
    {
        let told = Interaction { case_id: "K-7".to_owned(), ..call(staff, customer) };
        app.record(told).await.unwrap();
    }
    let callers = roles(&server);
    let mut before = Vec::new();
    for (name, caller) in &callers {
        before.push((*name, reads(caller).await));
    }
    let id = app.record(complaint()).await.unwrap().interaction_id;
    // Under a number that the directory does not know, there is nothing else.
    let unknown = Interaction { customer_alias: Some(phone("+49 30 2")), ..call("sam", "") };
    app.record(about(&["sam"], unknown)).await.unwrap();
    for ((name, before), (_, caller)) in before.iter().zip(&callers) {
        for ((what, before), (_, after)) in before.iter().zip(&reads(caller).await) {
            assert_eq!(before, after, "{name}: {what}");
            assert!(!after.contains(&id) && !after.contains(WORDS), "{name}: {what}");
        }
        assert_eq!(refused(caller.get(&id).await).code(), Code::NotFound, "{name}");
    }
    // To everybody else it does.
    for (caller, what) in
        [(server.admin(), "an administrator"), (server.supervisor("petra", &["north"]), "a supervisor")]
    {
        let seen = caller.get(&id).await.unwrap();
        assert_eq!((seen.topic.as_str(), seen.about_staff_ids), (WORDS, vec!["sam".to_owned()]), "{what}");
        let all = reads(&caller).await;
        assert!(all.iter().any(|(name, said)| name.starts_with("timeline") && said.contains(&id)), "{what}");
    }
    assert!(server.staff("nora").get(&id).await.is_ok() && server.customer("carla").get(&id).await.is_ok());
}

async fn what_came_of_a_complaint_is_hidden_too(server: Server) {
    let server = still(server).await;
    let app = server.app();
    // Served by nora, so that what came of it is not hidden anyway as sam's own.
    let told = Interaction { participants: vec![primary("nora"), assisting("nils")], ..complaint() };
    let before_it = app.record(Interaction { case_id: "K-8".to_owned(), ..call("nora", "carla") }).await.unwrap();
    let rate = async |id: &str| {
        let rating = v1::Rating {
            interaction_id: id.to_owned(),
            template_id: "csat".to_owned(),
            score: 1,
            answered_time: at(600),
            comment: "never again".to_owned(),
            ..Default::default()
        };
        let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
        app.ratings().submit_rating(request).await.unwrap().into_inner().rating_id
    };
    rate(&before_it.interaction_id).await;
    let callers = roles(&server);
    let mut before = Vec::new();
    for (_, caller) in &callers {
        let mut found = Vec::new();
        came_of(caller, &mut found).await;
        before.push(found);
    }

    let id = app.record(told).await.unwrap().interaction_id;
    let rating_id = rate(&id).await;
    let assessment = v1::AssessInteractionRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        overall: 5,
        ..Default::default()
    };
    server.caller(v1::Role::Reviewer, "rita", &[]).quality().assess_interaction(assessment).await.unwrap();
    let petra = server.supervisor("petra", &["north"]);
    let contest = v1::ContestRatingRequest {
        request_id: request_id(),
        rating_id: rating_id.clone(),
        grounds: v1::ContestGrounds::Incident.into(),
        ..Default::default()
    };
    petra.contests().contest_rating(contest).await.unwrap();
    let moved = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        participants: vec![primary("nils"), assisting("nora")],
        reason: "booked on the wrong colleague".to_owned(),
        ..Default::default()
    };
    petra.interactions().reattribute_interaction(moved).await.unwrap();
    for ((name, caller), before) in callers.iter().zip(&before) {
        let mut after = Vec::new();
        came_of(caller, &mut after).await;
        for ((what, before), (_, after)) in before.iter().zip(&after) {
            assert_eq!(before, after, "{name}: {what}");
        }
        if *name != "staff" {
            let request = v1::GetRatingRequest { rating_id: rating_id.clone() };
            assert_eq!(refused(caller.ratings().get_rating(request).await).code(), Code::NotFound, "{name}");
        }
    }
    let mut seen = Vec::new();
    came_of(&server.admin(), &mut seen).await;
    for what in ["reattributions", "ratings", "mismatches", "assessments", "contests", "trail"] {
        let (_, said) = seen.iter().find(|(name, _)| name == what).unwrap();
        assert!(said.contains(&id) || said.contains(&rating_id), "{what}");
    }
}

async fn a_watch_passes_over_a_complaint(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    for (name, caller) in roles(&server) {
        let request = v1::WatchInteractionsRequest { customer_id: "carla".to_owned(), ..Default::default() };
        let mut one = caller.interactions().watch_interactions(request).await.unwrap().into_inner();
        let request = v1::WatchCustomerTimelineRequest {
            customer_id: "carla".to_owned(),
            purpose: ReadingPurpose::Serving.into(),
            ..Default::default()
        };
        let mut other = caller.interactions().watch_customer_timeline(request).await.unwrap().into_inner();
        assert!(one.message().await.unwrap().unwrap().event.is_none());
        assert!(other.message().await.unwrap().unwrap().event.is_none());
        let hidden = app.record(about(&["sam"], call("sam", "carla"))).await.unwrap().interaction_id;
        let shown = app.record(call("sam", "carla")).await.unwrap().interaction_id;
        let next = async {
            let event = one.message().await.unwrap().unwrap().event.unwrap();
            let also = other.message().await.unwrap().unwrap().event.unwrap();
            (event.interaction.unwrap().interaction_id, also.interaction.unwrap().interaction_id)
        };
        let next = tokio::time::timeout(Duration::from_secs(20), next).await.unwrap();
        assert_eq!(next, (shown.clone(), shown), "{name}: not {hidden}");
    }
}

async fn nobody_changes_what_is_about_them(server: Server) {
    let server = server.with_organization().await;
    let told = Interaction { participants: vec![primary("nora"), assisting("sam")], ..complaint() };
    let lena = server.supervisor("lena", &["north", "south"]);
    let id = lena.record(told).await.unwrap().interaction_id;
    let not_there = |status: &Status| assert_eq!(status.code(), Code::NotFound, "{status:?}");
    for (name, caller) in roles(&server) {
        let update = v1::UpdateInteractionRequest {
            request_id: request_id(),
            interaction_id: id.clone(),
            interaction: Some(InteractionUpdate::default()),
            update_mask: Some(FieldMask { paths: vec!["conclusion".to_owned()] }),
            etag: String::new(),
        };
        let moved = v1::ReattributeInteractionRequest {
            request_id: request_id(),
            interaction_id: id.clone(),
            participants: vec![primary("nils")],
            reason: "booked on the wrong colleague".to_owned(),
            ..Default::default()
        };
        let assessed = v1::AssessInteractionRequest {
            request_id: request_id(),
            interaction_id: id.clone(),
            overall: 5,
            ..Default::default()
        };
        if name != "reviewer" {
            not_there(&refused(caller.interactions().update_interaction(update).await));
        }
        if name == "supervisor" || name == "admin" {
            not_there(&refused(caller.interactions().reattribute_interaction(moved).await));
        }
        if name == "staff" || name == "supervisor" {
            not_there(&refused(decline(&caller, &id).await));
        }
        if name == "supervisor" || name == "reviewer" {
            not_there(&refused(caller.quality().assess_interaction(assessed).await));
        }
    }
}

async fn who_may_say_whom_it_is_about(server: Server) {
    let server = server.with_organization().await;
    let not_theirs = (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned());
    let told = |staff: &[&str]| about(staff, call("nora", "carla"));
    let petra = server.supervisor("petra", &["north"]);
    let status = refused(server.staff("nora").record(told(&["sam"])).await);
    assert_eq!(verdict(&status), not_theirs);
    assert!(status.message().contains("interaction.about_staff_ids"), "{}", status.message());
    assert_eq!(verdict(&refused(petra.record(told(&["sam", "petra"])).await)), not_theirs);
    for caller in [server.app(), server.admin(), petra.clone()] {
        let id = caller.record(told(&["sam", "nils"])).await.unwrap().interaction_id;
        assert_eq!(caller.get(&id).await.unwrap().about_staff_ids, ["sam", "nils"]);
    }
    for (ids, reason) in [(["sam", "nobody"], "UNKNOWN_STAFF"), (["sam", "sam"], "CONTRADICTION")] {
        let status = refused(server.app().record(told(&ids)).await);
        let expected = ("interaction.about_staff_ids[1]".to_owned(), reason.to_owned());
        assert_eq!(crate::support::violations(&status), [expected]);
    }

    let id = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    let say = async |caller: &Caller, staff: &[&str]| {
        let about_staff_ids = staff.iter().map(|&id| id.to_owned()).collect();
        let request = v1::UpdateInteractionRequest {
            request_id: request_id(),
            interaction_id: id.clone(),
            interaction: Some(InteractionUpdate { about_staff_ids, ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["about_staff_ids".to_owned()] }),
            etag: String::new(),
        };
        caller.interactions().update_interaction(request).await.map(|one| one.into_inner().interaction.unwrap())
    };
    // A colleague does not even say that it is about nobody.
    for staff in [&["sam"][..], &[]] {
        assert_eq!(verdict(&refused(say(&server.staff("nora"), staff).await)), not_theirs);
    }
    assert_eq!(verdict(&refused(say(&petra, &["petra"]).await)), not_theirs);
    assert_eq!(say(&petra, &["nora"]).await.unwrap().about_staff_ids, ["nora"]);
    assert_eq!(refused(server.staff("nora").get(&id).await).code(), Code::NotFound, "from then on");
    let unknown = refused(say(&server.app(), &["sam", "nobody"]).await);
    let expected = ("interaction.about_staff_ids[1]".to_owned(), "UNKNOWN_STAFF".to_owned());
    assert_eq!(crate::support::violations(&unknown), [expected]);
    assert!(say(&server.app(), &[]).await.unwrap().about_staff_ids.is_empty());
    assert!(server.staff("nora").get(&id).await.is_ok());
}
