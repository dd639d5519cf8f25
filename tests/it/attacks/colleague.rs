//! A colleague who would rather have others answer for their work, or be credited with that of others.

use prost::Message as _;
use prost_types::FieldMask;
use rapport::api::v1::{
    self, AuditAction, Interaction, InteractionChangeKind, InteractionUpdate, Involvement, Outcome, Participant,
    Recording, Resolution, ScorecardUnit, ScorecardView, record_item_result,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    on_both,
    refusal::{item, verdict},
    refused,
    sample::{at, call, participant},
    violations,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        work_is_not_recorded_in_anothers_name,
        in_a_batch_the_other_items_go_in,
        a_supervisor_records_people_of_their_teams,
        applications_speak_for_everybody,
        a_participant_whom_another_named_may_decline,
        nobody_declines_their_own_work,
        edits_of_rated_work_reach_no_figure,
        what_an_application_says_of_rated_work_counts,
        a_known_instant_is_not_moved_by_a_participant,
    ]
}

pub(super) fn primary(staff_id: &str) -> Participant {
    Participant { involvement: Involvement::Primary.into(), ..participant(staff_id) }
}

pub(super) fn assisting(staff_id: &str) -> Participant {
    Participant { involvement: Involvement::Assisting.into(), ..participant(staff_id) }
}

/// A call of carla's in which these took part.
pub(super) fn with(participants: Vec<Participant>) -> Interaction {
    Interaction { participants, ..call("", "carla") }
}

fn told_by(interaction: &Interaction) -> Vec<(&str, &str)> {
    interaction.participants.iter().map(|one| (one.staff_id.as_str(), one.told_by.as_str())).collect()
}

pub(super) async fn decline(caller: &Caller, interaction_id: &str) -> Result<Interaction, Status> {
    let request = v1::DeclineParticipationRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        reason: "I was on leave".to_owned(),
    };
    let answer = caller.interactions().decline_participation(request).await.map(Response::into_inner)?;
    Ok(answer.interaction.unwrap())
}

/// The one star goes to those who served, not to whom the server of the call names.
async fn work_is_not_recorded_in_anothers_name(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    for victim in ["sam", "nils"] {
        let status = refused(nora.record(with(vec![assisting("nora"), primary(victim)])).await);
        assert_eq!(verdict(&status), (Code::PermissionDenied, "CREDIT_NOT_YOURS".to_owned()));
        let expected = ("interaction.participants[1].involvement".to_owned(), "CREDIT_NOT_YOURS".to_owned());
        assert_eq!(violations(&status), [expected]);
    }
    let id = nora.record(with(vec![assisting("sam"), primary("nora")])).await.unwrap().interaction_id;
    let recorded = server.app().get(&id).await.unwrap();
    assert_eq!(told_by(&recorded), [("sam", "nora"), ("nora", "")], "others who took part are told by her");
    // A caller who says that they were told by somebody else is not believed.
    let dressed = Participant { told_by: "sam".to_owned(), ..primary("nora") };
    let id = nora.record(with(vec![dressed])).await.unwrap().interaction_id;
    assert_eq!(told_by(&server.app().get(&id).await.unwrap()), [("nora", "")]);
}

async fn in_a_batch_the_other_items_go_in(server: Server) {
    let server = server.with_organization().await;
    let request = |told| v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(told) };
    let requests = vec![
        request(with(vec![primary("nora")])),
        request(with(vec![assisting("nora"), primary("sam")])),
        request(with(vec![primary("nora"), assisting("sam")])),
    ];
    let request = v1::BatchRecordInteractionsRequest { requests };
    let answer = server.staff("nora").interactions().batch_record_interactions(request).await.unwrap();
    let said: Vec<String> = answer
        .into_inner()
        .results
        .into_iter()
        .map(|one| match one.result.unwrap() {
            record_item_result::Result::Recorded(answer) => answer.recording().as_str_name().to_owned(),
            record_item_result::Result::Error(error) => {
                let (code, reason, violations) = item(&error);
                let field = &violations[0].0;
                format!("{code:?} {} {field}", reason.as_str_name())
            }
        })
        .collect();
    let refusal = "PermissionDenied ERROR_REASON_CREDIT_NOT_YOURS interaction.participants[1].involvement";
    assert_eq!(said, [Recording::Recorded.as_str_name(), refusal, Recording::Recorded.as_str_name()]);
}

async fn a_supervisor_records_people_of_their_teams(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    for own in ["petra", "nora"] {
        petra.record(with(vec![primary(own), assisting("sam")])).await.unwrap();
    }
    let status = refused(petra.record(with(vec![assisting("nora"), primary("sam")])).await);
    let expected = ("interaction.participants[1].involvement".to_owned(), "CREDIT_NOT_YOURS".to_owned());
    assert_eq!((status.code(), violations(&status)), (Code::PermissionDenied, vec![expected]));
    // Her own place in the directory gives her no team that the token does not name.
    let elsewhere = server.supervisor("petra", &["south"]);
    assert_eq!(refused(elsewhere.record(with(vec![primary("nora")])).await).code(), Code::PermissionDenied);
}

async fn applications_speak_for_everybody(server: Server) {
    let server = server.with_organization().await;
    for caller in [server.app(), server.admin()] {
        let id = caller.record(with(vec![assisting("nora"), primary("sam")])).await.unwrap().interaction_id;
        assert_eq!(told_by(&caller.get(&id).await.unwrap()), [("nora", ""), ("sam", "")]);
        assert_eq!(
            verdict(&refused(decline(&server.staff("nora"), &id).await)),
            (Code::FailedPrecondition, "PARTICIPATION_NOT_TOLD".to_owned())
        );
    }
    let told = with(vec![assisting("nora"), primary("sam")]);
    let one = v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(told) };
    let stream = tokio_stream::iter([v1::RecordInteractionsRequest { request: Some(one) }]);
    let mut answer = server.app().interactions().record_interactions(stream).await.unwrap().into_inner();
    assert_eq!(answer.message().await.unwrap().unwrap().recorded_count, 1);
}

async fn a_participant_whom_another_named_may_decline(server: Server) {
    let server = server.with_organization().await;
    let id = server.staff("nora").record(with(vec![primary("nora"), assisting("sam")])).await.unwrap().interaction_id;
    let sam = server.staff("sam");
    let watched = v1::WatchInteractionsRequest { customer_id: "carla".to_owned(), ..Default::default() };
    let mut watch = server.app().interactions().watch_interactions(watched).await.unwrap().into_inner();
    watch.message().await.unwrap();
    // Those it is not about do not decide it, nor do supervisors for their people.
    for other in [server.staff("nils"), server.supervisor("petra", &["north", "south"])] {
        assert_eq!(refused(decline(&other, &id).await).code(), Code::NotFound);
    }

    let request = v1::DeclineParticipationRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        reason: "I was on leave".to_owned(),
    };
    let answer = sam.interactions().decline_participation(request.clone()).await.unwrap().into_inner();
    let left = answer.interaction.unwrap();
    assert_eq!(told_by(&left), [("nora", "")]);
    let again = sam.interactions().decline_participation(request).await.unwrap().into_inner();
    assert_eq!(again.interaction.unwrap(), left, "the same request again changes nothing");
    assert_eq!(refused(decline(&sam, &id).await).code(), Code::NotFound, "no part in it any more");
    assert_eq!(refused(sam.get(&id).await).code(), Code::NotFound);

    let event = watch.message().await.unwrap().unwrap().event.unwrap();
    assert_eq!((event.kind(), event.interaction.unwrap().etag), (InteractionChangeKind::Reattributed, left.etag));
    let trail = v1::ListAuditEventsRequest { object_id: id, ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    let seen: Vec<_> = events.iter().map(|one| (one.action(), one.actor.as_str(), one.reason.as_str())).collect();
    assert_eq!(seen, [(AuditAction::ParticipationDeclined, "sam", "I was on leave")]);
}

async fn nobody_declines_their_own_work(server: Server) {
    let server = server.with_organization().await;
    let refusal = (Code::FailedPrecondition, "PARTICIPATION_NOT_TOLD".to_owned());
    let id = server.staff("nora").record(with(vec![primary("nora"), assisting("nils")])).await.unwrap().interaction_id;
    assert_eq!(verdict(&refused(decline(&server.staff("nora"), &id).await)), refusal);
    // Nor what a supervisor credits them with.
    let petra = server.supervisor("petra", &["north"]);
    let id = petra.record(with(vec![primary("nils"), assisting("petra")])).await.unwrap().interaction_id;
    assert_eq!(told_by(&server.app().get(&id).await.unwrap()), [("nils", "petra"), ("petra", "")]);
    for own in [server.staff("nils"), petra] {
        assert_eq!(verdict(&refused(decline(&own, &id).await)), refusal);
    }
}

async fn update(
    caller: &Caller,
    interaction_id: &str,
    change: InteractionUpdate,
    paths: &[&str],
) -> Result<Interaction, Status> {
    let request = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        interaction: Some(change),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
        etag: String::new(),
    };
    Ok(caller.interactions().update_interaction(request).await?.into_inner().interaction.unwrap())
}

/// All that ratings come to, as bytes: full scorecards by every unit, ranks with their reasons, invitation bias,
/// mismatches.
async fn figures(server: &Server) -> Vec<(String, Vec<u8>)> {
    use ScorecardUnit::{Channel, Kind, Organization, Role, Staff, Team, Topic};
    let app = server.app();
    let mut ratings = app.ratings();
    let mut found = Vec::new();
    for unit in [Organization, Team, Staff, Role, Channel, Kind, Topic] {
        let request =
            v1::GetScorecardRequest { unit: unit.into(), view: ScorecardView::Full.into(), ..Default::default() };
        let answer = ratings.get_scorecard(request).await.unwrap().into_inner();
        found.push((format!("scorecard by {unit:?}"), answer.encode_to_vec()));
    }
    let terms = Some(v1::RankTerms::default());
    let teams = v1::RankTeamsRequest { terms: terms.clone(), ..Default::default() };
    found.push(("teams".to_owned(), ratings.rank_teams(teams).await.unwrap().into_inner().encode_to_vec()));
    let staff = v1::RankStaffRequest { terms: terms.clone(), ..Default::default() };
    found.push(("staff".to_owned(), ratings.rank_staff(staff).await.unwrap().into_inner().encode_to_vec()));
    let why = v1::ExplainRankRequest { unit: Staff.into(), key: "nora".to_owned(), terms };
    found.push(("why".to_owned(), ratings.explain_rank(why).await.unwrap().into_inner().encode_to_vec()));
    use v1::InvitationBiasUnit as Unit;
    for unit in [Unit::Staff, Unit::Channel, Unit::Outcome] {
        let request = v1::GetInvitationBiasRequest {
            unit: unit.into(),
            first_day: "2025-03-01".to_owned(),
            last_day: "2025-03-31".to_owned(),
            ..Default::default()
        };
        let answer = ratings.get_invitation_bias(request).await.unwrap().into_inner();
        found.push((format!("bias by {unit:?}"), answer.encode_to_vec()));
    }
    let request = v1::ListMismatchesRequest::default();
    let mismatches = server.caller(v1::Role::Reviewer, "rita", &[]).quality().list_mismatches(request).await.unwrap();
    let mismatches = mismatches.into_inner().mismatches.into_iter().map(|one| one.rating.unwrap().encode_to_vec());
    found.push(("mismatches".to_owned(), mismatches.flatten().collect()));
    found
}

fn differing(one: &[(String, Vec<u8>)], other: &[(String, Vec<u8>)]) -> Vec<String> {
    one.iter().zip(other).filter(|(one, other)| one != other).map(|(one, _)| one.0.clone()).collect()
}

/// A complaint of carla's that nora served and carla rates, on a case on which carla calls again two days later; beside
/// work of others.
async fn rated_work(server: &Server) -> String {
    let case = |seconds: i64, staff: &str| Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        case_id: "K-7".to_owned(),
        requested_time: at(seconds),
        connected_time: at(seconds + 30),
        ended_time: at(seconds + 300),
        staff_resolution: Resolution::Unresolved.into(),
        ..call(staff, "carla")
    };
    let app = server.app();
    let id = app.record(case(0, "nora")).await.unwrap().interaction_id;
    app.record(case(2 * 24 * 3_600, "sam")).await.unwrap();
    let assessment = v1::AssessInteractionRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        overall: 5,
        ..Default::default()
    };
    let rita = server.caller(v1::Role::Reviewer, "rita", &[]);
    rita.quality().assess_interaction(assessment).await.unwrap();
    rate(&app, &id, 1).await;
    for staff in ["nora", "nils", "sam"] {
        rate(&app, &app.record(call(staff, "dora")).await.unwrap().interaction_id, 4).await;
    }
    id
}

async fn rate(app: &Caller, interaction_id: &str, score: i32) {
    let rating = v1::Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        answered_time: at(600),
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    app.ratings().submit_rating(request).await.unwrap();
}

/// What people would say of it afterwards.
fn retold() -> (InteractionUpdate, [&'static str; 4]) {
    let change = InteractionUpdate {
        topic: "Chargeback".to_owned(),
        outcome: Outcome::Failed.into(),
        case_id: String::new(),
        staff_resolution: Resolution::Resolved.into(),
        ..Default::default()
    };
    (change, ["topic", "outcome", "case_id", "staff_resolution"])
}

async fn edits_of_rated_work_reach_no_figure(server: Server) {
    let server = server.with_organization().await;
    let id = rated_work(&server).await;
    let before = figures(&server).await;
    let (change, paths) = retold();
    let all = [vec![paths[0]], vec![paths[1]], vec![paths[2]], vec![paths[3]], paths.to_vec()];
    for caller in [server.staff("nora"), server.supervisor("petra", &["north"])] {
        for paths in &all {
            let shown = update(&caller, &id, change.clone(), paths).await.unwrap();
            assert_eq!(shown, server.app().get(&id).await.unwrap());
            let after = figures(&server).await;
            assert_eq!(differing(&before, &after), [""; 0], "{paths:?}");
        }
    }
    let shown = server.app().get(&id).await.unwrap();
    assert_eq!((shown.topic.as_str(), shown.outcome(), shown.case_id.as_str()), ("Chargeback", Outcome::Failed, ""));
}

async fn what_an_application_says_of_rated_work_counts(server: Server) {
    let server = server.with_organization().await;
    let id = rated_work(&server).await;
    let (change, paths) = retold();
    // Before or after a colleague has said the same.
    for colleague_first in [false, true] {
        let id = if colleague_first { id.clone() } else { rated_work(&server).await };
        let before = figures(&server).await;
        if colleague_first {
            update(&server.staff("nora"), &id, change.clone(), &paths).await.unwrap();
            assert_eq!(differing(&before, &figures(&server).await), [""; 0]);
        }
        update(&server.app(), &id, change.clone(), &paths).await.unwrap();
        let moved = differing(&before, &figures(&server).await);
        for figure in ["scorecard by Staff", "bias by Outcome"] {
            assert!(moved.contains(&figure.to_owned()), "{figure} is not among {moved:?}");
        }
    }
}

/// By when an interaction ended an answer is in time or late.
async fn a_known_instant_is_not_moved_by_a_participant(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let open = Interaction { ended_time: None, ..call("nora", "carla") };
    let id = nora.record(open).await.unwrap().interaction_id;
    let ended = |seconds| InteractionUpdate { ended_time: at(seconds), connected_time: at(30), ..Default::default() };
    update(&nora, &id, ended(300), &["ended_time", "connected_time"]).await.unwrap();
    // The same again changes nothing.
    update(&nora, &id, ended(300), &["ended_time", "connected_time"]).await.unwrap();
    let refusal = (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned());
    for (change, path) in [
        (ended(40), "ended_time"),
        (InteractionUpdate::default(), "ended_time"),
        (InteractionUpdate { connected_time: at(200), ..Default::default() }, "connected_time"),
    ] {
        assert_eq!(verdict(&refused(update(&nora, &id, change, &[path]).await)), refusal);
    }
    assert_eq!(server.app().get(&id).await.unwrap().ended_time, at(300));
    for other in [server.supervisor("petra", &["north"]), server.app()] {
        update(&other, &id, ended(310), &["ended_time"]).await.unwrap();
    }
}
