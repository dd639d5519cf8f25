//! A colleague who would rather have others answer for their work, or be credited with that of others.

use rapport::api::v1::{
    self, AuditAction, Interaction, InteractionChangeKind, Involvement, Participant, Recording, record_item_result,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    on_both,
    refusal::{item, verdict},
    refused,
    sample::{call, participant},
    violations,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        work_is_not_recorded_in_anothers_name,
        in_a_batch_the_other_items_go_in,
        a_supervisor_records_people_of_their_teams,
        applications_speak_for_everybody,
        whom_another_named_may_decline,
        nobody_declines_their_own_work,
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

/// The one star goes to whoever served, not to whom the server of the call names.
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
    assert_eq!(told_by(&recorded), [("sam", "nora"), ("nora", "")], "whoever else took part is told by her");
    // Who says that they were told by somebody else is not believed.
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

async fn whom_another_named_may_decline(server: Server) {
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
    assert_eq!(refused(decline(&sam, &id).await).code(), Code::NotFound, "he has no part in it any more");
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
