//! An administrator who serves customers too, and would rather rate themselves.

use rapport::api::v1::{
    self, Interaction, Participant, Rating, ReplyOutcome, Role, SettleReplyRequest, submit_rating_result,
};
use tonic::{Code, Response, Status};

use super::colleague::{assisting, primary};
use crate::{
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both,
        refusal::verdict,
        refused,
        sample::{at, call, phone},
    },
    surveys::{awake, ended_by, issue, record},
};

pub(super) fn tests() -> Vec<Test> {
    on_both![nobody_enters_a_rating_of_themselves, nobody_chooses_who_rates_them, nobody_settles_what_is_about_them]
}

const NUMBER: &str = "+49 30 901820";

fn interested() -> (Code, String) {
    (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned())
}

/// nora and nils, as those who run the server.
fn parties(server: &Server) -> [Caller; 2] {
    ["nora", "nils"].map(|subject| server.caller(Role::Admin, subject, &[]))
}

fn together() -> Vec<Participant> {
    vec![primary("nora"), assisting("nils")]
}

fn rating(interaction_id: &str, score: i32) -> v1::SubmitRatingRequest {
    let rating = Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        answered_time: at(600),
        ..Default::default()
    };
    v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) }
}

async fn correct(caller: &Caller, rating_id: &str) -> Result<v1::CorrectRatingResponse, Status> {
    let request = v1::CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rating_id.to_owned(),
        score: 5,
        answered_time: at(700),
        ..Default::default()
    };
    caller.ratings().correct_rating(request).await.map(Response::into_inner)
}

async fn nobody_enters_a_rating_of_themselves(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let id = app.record(Interaction { participants: together(), ..call("", "carla") }).await.unwrap().interaction_id;
    for party in parties(&server) {
        assert_eq!(verdict(&refused(party.ratings().submit_rating(rating(&id, 5)).await)), interested());
        let others = app.record(call("sam", "dora")).await.unwrap().interaction_id;
        let requests = vec![rating(&id, 5), rating(&others, 5)];
        let batch = v1::BatchSubmitRatingsRequest { requests };
        let results = party.ratings().batch_submit_ratings(batch).await.unwrap().into_inner().results;
        let taken = results.iter().map(|one| match one.result.as_ref().unwrap() {
            submit_rating_result::Result::Submitted(_) => "taken",
            submit_rating_result::Result::Error(error) => error.reason().as_str_name(),
        });
        assert_eq!(taken.collect::<Vec<_>>(), ["ERROR_REASON_INTERESTED_PARTY", "taken"]);
    }
    let rated = app.ratings().submit_rating(rating(&id, 1)).await.unwrap().into_inner().rating_id;
    let [nora, nils] = parties(&server);
    // To the rated person there is no such rating.
    assert_eq!(refused(correct(&nora, &rated).await).code(), Code::NotFound);
    assert_eq!(verdict(&refused(correct(&nils, &rated).await)), interested());
    correct(&server.admin(), &rated).await.unwrap();
}

async fn nobody_chooses_who_rates_them(server: Server) {
    let server = awake(server).await;
    let id = record(&server, Interaction { participants: together(), ..ended_by(NUMBER, 60) }).await;
    let issuing = || v1::IssueSurveyRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        template_id: "csat".to_owned(),
        template_version: 0,
    };
    for party in parties(&server) {
        assert_eq!(verdict(&refused(party.surveys().issue_survey(issuing()).await)), interested());
    }
    let issued = server.admin().surveys().issue_survey(issuing()).await.unwrap().into_inner();
    let invitation_id = issued.to_send.unwrap().invitation.unwrap().invitation_id;
    let failed = || v1::ReportDeliveryRequest {
        request_id: request_id(),
        invitation_id: invitation_id.clone(),
        outcome: v1::DeliveryOutcome::Failed.into(),
        ..Default::default()
    };
    for party in parties(&server) {
        assert_eq!(verdict(&refused(party.surveys().report_delivery(failed()).await)), interested());
    }
    server.admin().surveys().report_delivery(failed()).await.unwrap();
}

async fn nobody_settles_what_is_about_them(server: Server) {
    let server = awake(server).await;
    let id = record(&server, Interaction { participants: together(), ..ended_by(NUMBER, 60) }).await;
    issue(&server, &id).await.unwrap();
    let reply = |text: &str| v1::ReceiveReplyRequest {
        request_id: request_id(),
        contact_point: Some(phone(NUMBER)),
        text: text.to_owned(),
        ..Default::default()
    };
    for party in parties(&server) {
        assert_eq!(verdict(&refused(party.surveys().receive_reply(reply("5")).await)), interested());
    }
    let kept = server.app().surveys().receive_reply(reply("客服后来又打电话来解释了半天")).await.unwrap();
    let kept = kept.into_inner().reply.unwrap();
    assert_eq!(kept.outcome(), ReplyOutcome::ForAPerson);
    let settling = |score| SettleReplyRequest {
        request_id: request_id(),
        reply_id: kept.reply_id.clone(),
        score,
        reason: "as it reads".to_owned(),
        ..Default::default()
    };
    for party in parties(&server) {
        // Closing it without a score is a decision, too.
        for score in [0, 5] {
            assert_eq!(verdict(&refused(party.surveys().settle_reply(settling(score)).await)), interested());
        }
    }
    server.admin().surveys().settle_reply(settling(1)).await.unwrap();
}
