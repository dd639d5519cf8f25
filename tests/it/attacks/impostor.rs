//! Somebody whose id, topic or name is to be taken for another one; and an organiser who opens a vote before its time.

use rapport::api::v1;
use tonic::Code;

use crate::support::{
    Server, Test,
    client::request_id,
    competition::{Vote, dealt, end_submission, enrol},
    on_both,
    refusal::verdict,
    refused,
    sample::{call, customer, staff, team},
    violations,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        ids_that_look_alike_are_refused,
        ids_and_lines_hold_nothing_that_does_not_show,
        free_text_may_have_lines,
        a_vote_does_not_open_before_the_submission_deadline,
    ]
}

async fn ids_that_look_alike_are_refused(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    // Cyrillic, full width, and digits that look like letters.
    let cases = [("nora", "n\u{43e}ra"), ("carla", "c\u{430}rla"), ("north", "n\u{ff4f}rth"), ("sam", "s\u{430}m")];
    for (there, alike) in cases {
        let status = match there {
            "nora" | "sam" => refused(app.upsert_staff(staff(alike, "")).await),
            "carla" => refused(app.upsert_customer(customer(alike)).await),
            _ => refused(app.upsert_team(team(alike)).await),
        };
        assert_eq!(verdict(&status), (Code::InvalidArgument, "ID_LOOKS_ALIKE".to_owned()), "{alike}");
        assert!(status.message().contains(&format!("{there:?}")), "{}", status.message());
    }
    // What is there stays what it is, and two spellings in Unicode are one id.
    app.upsert_staff(staff("nora", "north")).await.unwrap();
    app.upsert_customer(customer("caf\u{e9}")).await.unwrap();
    let again = app.upsert_customer(customer("cafe\u{301}")).await.unwrap().customer.unwrap();
    assert_eq!(again.customer_id, "caf\u{e9}");
    // Others of the kind go in with one that does not.
    let customers = ["erik", "d\u{43e}ra", "fumiko"].map(customer).to_vec();
    let request = v1::BatchUpsertCustomersRequest { request_id: request_id(), customers, mode: 0 };
    let results = app.directory().batch_upsert_customers(request).await.unwrap().into_inner().results;
    let is_error = |one: &v1::UpsertItemResult| matches!(one.result, Some(v1::upsert_item_result::Result::Error(_)));
    assert_eq!(results.iter().map(is_error).collect::<Vec<_>>(), [false, true, false]);
    // At once, one of them is first.
    let racing = ["gr\u{e9}g\u{43e}r", "gr\u{e9}gor"].map(|id| {
        let app = app.clone();
        async move { app.upsert_staff(staff(id, "north")).await.is_ok() }
    });
    let won = futures::future::join_all(racing).await;
    assert_eq!(won.into_iter().filter(|one| *one).count(), 1);
}

async fn ids_and_lines_hold_nothing_that_does_not_show(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    for bad in
        ["\u{200b}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{fffb}", "\u{e0041}", "\n", "\t", "\u{2028}", "\u{ad}"]
    {
        for status in [
            refused(app.upsert_staff(staff(&format!("no{bad}ra"), "north")).await),
            refused(
                app.upsert_customer(v1::Customer { salutation: format!("Dear{bad}you"), ..customer("erik") }).await,
            ),
            refused(app.record(v1::Interaction { topic: format!("Ret{bad}urns"), ..call("nora", "carla") }).await),
        ] {
            let found = violations(&status);
            assert!(found.iter().any(|one| one.1 == "FORBIDDEN_CHARACTER"), "{bad:?}: {found:?}");
        }
    }
    for blank in [" nora", "nora ", "\u{3000}nora"] {
        let found = violations(&refused(app.upsert_staff(staff(blank, "north")).await));
        assert!(found.iter().any(|one| one.1 == "MALFORMED"), "{blank:?}: {found:?}");
    }
}

async fn free_text_may_have_lines(server: Server) {
    let server = server.with_organization().await;
    let conclusion = "sent a new one\n\n谢谢 👩‍🔧\t".to_owned();
    let told = v1::Interaction { conclusion: conclusion.clone(), ..call("nora", "carla") };
    let id = server.app().record(told).await.unwrap().interaction_id;
    assert_eq!(server.app().get(&id).await.unwrap().conclusion, conclusion);
}

async fn a_vote_does_not_open_before_the_submission_deadline(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let open = || async {
        let competition_id = vote.id.clone();
        let request = v1::OpenVotingRequest { request_id: request_id(), competition_id, public_draw: String::new() };
        server.admin().competitions().open_voting(request).await
    };
    let status = refused(open().await);
    assert_eq!(verdict(&status), (Code::FailedPrecondition, "CANNOT_OPEN".to_owned()));
    assert!(status.message().contains("entries are taken until"), "{}", status.message());
    // Announced again, which watchers are told.
    let mut watching = server.staff("t5-s0").competitions();
    let request = v1::WatchLeaderboardRequest { competition_id: vote.id.clone(), ..Default::default() };
    let mut watch = watching.watch_leaderboard(request).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    end_submission(&server.admin(), &vote.id).await;
    let told = watch.message().await.unwrap().unwrap().change.unwrap();
    assert_eq!(told.state(), v1::CompetitionState::Submitting);
    open().await.unwrap();
}
