//! Ratings: what is taken, what counts for whom, and that the figures are always what the record says.

use futures::future::join_all;
use prost_types::Timestamp;
use rapport::api::v1::{
    self, Attribution, CorrectRatingRequest, GetRatingRequest, GetScorecardRequest, ListRatingsRequest, Rating,
    RatingAnswers, RatingStanding, Recording, Resolution, Scorecard, ScorecardUnit, SubmitRatingRequest,
    SubmitRatingResponse, TrendStep, submit_rating_result,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    differing_counters, on_both,
    refusal::{preconditions, verdict},
    refused,
    sample::{MONDAY_NINE, at, call, customer, participant, phone},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_rating_counts_for_both_ledgers,
        a_late_or_foreign_cause_stays_in_the_customers_truth,
        an_interaction_is_rated_once,
        everything_wrong_with_a_rating_is_named,
        a_correction_supersedes_within_half_an_hour,
        a_correction_too_late_is_evidence,
        contact_before_a_correction_is_flagged,
        credit_that_moves_takes_its_rating_along,
        a_supervisor_sees_their_teams_and_not_themselves,
        reviewers_do_not_read_their_own_ratings,
        figures_are_by_unit_and_day,
        the_same_work_is_compared,
        counters_are_what_the_record_says,
        many_at_once_are_all_counted,
    ]
}

/// Five minutes after the interaction of `sample::call` ended.
const ANSWERED: i64 = 600;

fn rating(interaction_id: &str, score: i32) -> Rating {
    Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        answered_time: at(ANSWERED),
        ..Default::default()
    }
}

async fn submit_as(caller: &Caller, request_id: &str, rating: Rating) -> Result<SubmitRatingResponse, Status> {
    let request = SubmitRatingRequest { request_id: request_id.to_owned(), rating: Some(rating) };
    caller.ratings().submit_rating(request).await.map(Response::into_inner)
}

async fn submit(server: &Server, rating: Rating) -> SubmitRatingResponse {
    submit_as(&server.app(), &request_id(), rating).await.unwrap()
}

async fn record(server: &Server, staff_id: &str) -> String {
    server.app().record(call(staff_id, "carla")).await.unwrap().interaction_id
}

async fn get(server: &Server, rating_id: &str) -> Rating {
    let request = GetRatingRequest { rating_id: rating_id.to_owned() };
    server.app().ratings().get_rating(request).await.unwrap().into_inner().rating.unwrap()
}

async fn scorecards(caller: &Caller, unit: ScorecardUnit) -> Result<Vec<Scorecard>, Status> {
    let request = GetScorecardRequest { unit: unit.into(), ..Default::default() };
    Ok(caller.ratings().get_scorecard(request).await?.into_inner().groups)
}

async fn organization(server: &Server) -> Scorecard {
    scorecards(&server.app(), ScorecardUnit::Organization).await.unwrap().pop().unwrap_or_default()
}

/// n of the staff ledger and of the customer's truth.
fn both(card: &Scorecard) -> (i64, i64) {
    (card.staff.as_ref().map_or(0, |ledger| ledger.n), card.customer.as_ref().map_or(0, |ledger| ledger.n))
}

async fn a_rating_counts_for_both_ledgers(server: Server) {
    let server = server.with_organization().await;
    let answers = RatingAnswers {
        resolved: Resolution::Resolved.into(),
        clarity: 4,
        effort: 2,
        expected: 3,
        perceived: 5,
        ..Default::default()
    };
    let told = Rating {
        answers: Some(answers),
        comment: "很有耐心，谢谢！".to_owned(),
        ..rating(&record(&server, "nora").await, 5)
    };
    let submitted = submit(&server, told).await;
    assert_eq!(submitted.standing(), RatingStanding::Counted);
    let kept = get(&server, &submitted.rating_id).await;
    assert_eq!((kept.rated_staff_id.as_str(), kept.rated_team_id.as_str(), kept.level), ("nora", "north", 5));
    assert_eq!((kept.topic.as_str(), kept.comment.as_str(), kept.template_version), ("Returns", "很有耐心，谢谢！", 1));
    assert_eq!(kept.answers, Some(answers));
    assert_ne!(kept.rating_id.as_bytes()[14], b'7', "the id's time would tell who gave it");

    submit(&server, rating(&record(&server, "sam").await, 2)).await;
    let card = organization(&server).await;
    assert_eq!((card.answered, card.counted, both(&card)), (2, 2, (2, 2)));
    let staff = card.staff.unwrap();
    assert_eq!(
        (staff.distribution.as_slice(), staff.mean, staff.top_box),
        (&[0, 1, 0, 0, 1][..], Some(3.5), Some(0.5))
    );
    // Wilson's interval of 1 in 2.
    assert!((staff.top_box_low.unwrap() - 0.0945).abs() < 5e-5 && (staff.top_box_high.unwrap() - 0.9055).abs() < 5e-5);
    assert_eq!((staff.resolved, staff.unresolved), (1, 0));
    assert_eq!((staff.gap_n, staff.expectation_gap, staff.perceived_only), (1, Some(2.0), Some(5.0)));
    let clarity = staff.dimensions.iter().find(|one| one.question() == v1::RatingQuestion::Clarity).unwrap();
    assert_eq!((clarity.n, clarity.mean), (1, 4.0));
}

async fn a_late_or_foreign_cause_stays_in_the_customers_truth(server: Server) {
    let server = server.with_organization().await;
    // The window of the shipped template is an hour from the end of the interaction, or from delivery.
    let end = MONDAY_NINE + 300;
    let to_the_microsecond = |nanos| Some(Timestamp { seconds: end + 3_600, nanos });
    let last = Rating { answered_time: to_the_microsecond(0), ..rating(&record(&server, "nora").await, 1) };
    assert_eq!(submit(&server, last).await.standing(), RatingStanding::Counted);
    let late = Rating { answered_time: to_the_microsecond(1_000), ..rating(&record(&server, "nora").await, 1) };
    assert_eq!(submit(&server, late).await.standing(), RatingStanding::Late);
    let delivered = Rating {
        answered_time: to_the_microsecond(1_000),
        delivered_time: Some(Timestamp { seconds: end + 60, nanos: 0 }),
        ..rating(&record(&server, "nora").await, 1)
    };
    assert_eq!(submit(&server, delivered).await.standing(), RatingStanding::Counted);
    let logistics = Rating { attribution: Attribution::Logistics.into(), ..rating(&record(&server, "nora").await, 1) };
    assert_eq!(submit(&server, logistics).await.standing(), RatingStanding::NonStaff);

    let card = organization(&server).await;
    assert_eq!((card.answered, card.counted, card.late, card.non_staff, both(&card)), (4, 2, 1, 1, (2, 4)));
    assert_eq!(card.causes, [3, 0, 0, 0, 1, 0]);
}

async fn an_interaction_is_rated_once(server: Server) {
    let server = server.with_organization().await;
    let id = record(&server, "nora").await;
    let first = submit_as(&server.app(), "r1", rating(&id, 4)).await.unwrap();
    let again = submit_as(&server.app(), "r1", rating(&id, 4)).await.unwrap();
    assert_eq!((again.recording(), &again.rating_id), (Recording::AlreadyPresent, &first.rating_id));
    let reused = refused(submit_as(&server.app(), "r1", rating(&id, 5)).await);
    assert_eq!(verdict(&reused), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    let twice = refused(submit_as(&server.app(), "r2", rating(&id, 5)).await);
    assert_eq!(verdict(&twice), (Code::AlreadyExists, "ALREADY_RATED".to_owned()));
    // A batch says so of each, and takes the others.
    let other = record(&server, "nora").await;
    let request = |id: &str, rating| SubmitRatingRequest { request_id: id.to_owned(), rating: Some(rating) };
    let requests = vec![
        request("b1", rating(&other, 3)),
        request("b2", rating(&other, 3)),
        request("r1", rating(&id, 4)),
        request("b4", Rating { score: 6, ..rating(&other, 3) }),
    ];
    let answer = server.app().ratings().batch_submit_ratings(v1::BatchSubmitRatingsRequest { requests }).await.unwrap();
    let results: Vec<_> = answer.into_inner().results.into_iter().map(|one| one.result.unwrap()).collect();
    use submit_rating_result::Result as Item;
    let reason = |item: &Item| match item {
        Item::Submitted(answer) => answer.recording().as_str_name().to_owned(),
        Item::Error(error) => error.reason().as_str_name().to_owned(),
    };
    let reasons: Vec<_> = results.iter().map(reason).collect();
    let expected = [
        "RECORDING_RECORDED",
        "ERROR_REASON_ALREADY_RATED",
        "RECORDING_ALREADY_PRESENT",
        "ERROR_REASON_VALUE_OUT_OF_RANGE",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(organization(&server).await.answered, 2);
}

async fn everything_wrong_with_a_rating_is_named(server: Server) {
    let server = server.with_organization().await;
    let id = record(&server, "nora").await;
    let wrong = async |rating: Rating| violations(&refused(submit_as(&server.app(), &request_id(), rating).await));
    let field = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
    let broken =
        Rating { interaction_id: "7".to_owned(), template_id: String::new(), answered_time: None, ..rating(&id, 0) };
    assert_eq!(
        wrong(broken).await,
        [
            field("rating.interaction_id", "MALFORMED"),
            field("rating.template_id", "FIELD_REQUIRED"),
            field("rating.score", "VALUE_OUT_OF_RANGE"),
            field("rating.answered_time", "FIELD_REQUIRED"),
        ]
    );
    let nowhere = rating("0195b1c0-0000-7000-8000-000000000000", 3);
    assert_eq!(wrong(nowhere).await, [field("rating.interaction_id", "UNKNOWN_INTERACTION")]);
    let template = Rating { template_version: 9, ..rating(&id, 3) };
    assert_eq!(wrong(template).await, [field("rating.template_id", "UNKNOWN_TEMPLATE")]);
    let stranger = Rating { rated_staff_id: "sam".to_owned(), delivered_time: at(700), ..rating(&id, 3) };
    assert_eq!(
        wrong(stranger).await,
        [field("rating.answered_time", "IMPOSSIBLE_INSTANTS"), field("rating.rated_staff_id", "UNKNOWN_STAFF")]
    );
    let dimension = RatingAnswers { effort: 6, ..Default::default() };
    assert_eq!(
        wrong(Rating { answers: Some(dimension), ..rating(&id, 3) }).await,
        [field("rating.answers.effort", "VALUE_OUT_OF_RANGE")]
    );
    assert_eq!(organization(&server).await.answered, 0);
}

async fn correct(server: &Server, rating_id: &str, score: i32, seconds: i64) -> Result<Rating, Status> {
    let request = CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rating_id.to_owned(),
        score,
        answered_time: at(seconds),
        ..Default::default()
    };
    Ok(server.app().ratings().correct_rating(request).await?.into_inner().rating.unwrap())
}

async fn a_correction_supersedes_within_half_an_hour(server: Server) {
    let server = server.with_organization().await;
    let first = submit(&server, rating(&record(&server, "nora").await, 1)).await.rating_id;
    let too_late = refused(correct(&server, &first, 5, ANSWERED + 1_801).await);
    assert_eq!(preconditions(&too_late), ["CORRECTION_TOO_LATE"]);
    let corrected = correct(&server, &first, 5, ANSWERED + 1_800).await.unwrap();
    assert_eq!((corrected.level, &corrected.corrects_rating_id), (5, &first));
    let before = get(&server, &first).await;
    assert_eq!((before.score, before.standing()), (1, RatingStanding::Superseded));
    assert_eq!(before.corrected_by_rating_id, corrected.rating_id);
    assert_eq!(preconditions(&refused(correct(&server, &first, 4, ANSWERED + 5).await)), ["RATING_SUPERSEDED"]);
    let card = organization(&server).await;
    assert_eq!((card.answered, card.customer.unwrap().distribution), (1, vec![0, 0, 0, 0, 1]));
    let missing = refused(correct(&server, "0195b1c0-0000-4000-8000-000000000000", 4, ANSWERED).await);
    assert_eq!(missing.code(), Code::NotFound);
}

async fn reattribute(server: &Server, id: &str, staff: &[(&str, v1::Involvement)]) {
    let participants = staff
        .iter()
        .map(|(staff, involvement)| v1::Participant { involvement: (*involvement).into(), ..participant(staff) });
    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: id.to_owned(),
        participants: participants.collect(),
        reason: "the transfer was booked on the wrong colleague".to_owned(),
        ..Default::default()
    };
    server.reattribute(request).await;
}

async fn a_correction_too_late_is_evidence(server: Server) {
    let server = server.with_organization().await;
    let rated = submit(&server, rating(&record(&server, "nora").await, 1)).await.rating_id;
    let list = async |caller: Caller| {
        caller.contests().list_contests(v1::ListContestsRequest::default()).await.unwrap().into_inner().contests
    };
    // The same answer again takes nothing back, and the future is not known.
    assert_eq!(preconditions(&refused(correct(&server, &rated, 1, 9_000).await)), ["CORRECTION_TOO_LATE"]);
    let blamed = CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rated.clone(),
        score: 1,
        attribution: Attribution::Staff.into(),
        answered_time: at(9_000),
        ..Default::default()
    };
    let blamed = refused(server.app().ratings().correct_rating(blamed).await);
    assert_eq!(preconditions(&blamed), ["CORRECTION_TOO_LATE"]);
    let ahead = refused(correct(&server, &rated, 5, 10_000_000_000 - MONDAY_NINE).await);
    assert_eq!(violations(&ahead), [("answered_time".to_owned(), "TIME_IN_FUTURE".to_owned())]);
    assert!(list(server.admin()).await.is_empty());
    let request = CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rated.clone(),
        score: 5,
        answered_time: at(9_001),
        comment: "a wrong key".to_owned(),
        ..Default::default()
    };
    for _ in 0..2 {
        let late = refused(server.app().ratings().correct_rating(request.clone()).await);
        assert_eq!(preconditions(&late), ["CORRECTION_TOO_LATE"]);
        let found = list(server.admin()).await;
        assert_eq!((found.len(), found[0].evidence.as_str()), (1, "score 5: a wrong key"));
        assert_eq!(
            (found[0].grounds(), found[0].state()),
            (v1::ContestGrounds::SecondReply, v1::ContestState::Granted)
        );
    }
    assert_eq!(get(&server, &rated).await.standing(), RatingStanding::Exempt);
    assert_eq!(both(&organization(&server).await), (0, 1));
    // With contact in between it is for a reviewer to judge.
    let rated = submit(&server, rating(&record(&server, "sam").await, 1)).await.rating_id;
    let logistics = CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rated.clone(),
        score: 1,
        attribution: Attribution::Logistics.into(),
        answered_time: at(9_001),
        ..Default::default()
    };
    let again =
        v1::Interaction { requested_time: at(700), connected_time: None, ended_time: at(900), ..call("sam", "carla") };
    server.app().record(again).await.unwrap();
    let late = refused(server.app().ratings().correct_rating(logistics).await);
    assert_eq!(preconditions(&late), ["CORRECTION_TOO_LATE"]);
    assert_eq!(get(&server, &rated).await.standing(), RatingStanding::Counted);
    let found = list(server.supervisor("paul", &["south"])).await.remove(0);
    assert_eq!((found.state(), found.evidence.as_str()), (v1::ContestState::Open, "score 1, about logistics"));
    assert_eq!(differing_counters(&server).await, 0);
}

async fn contact_before_a_correction_is_flagged(server: Server) {
    let server = server.with_organization().await;
    let known = v1::Customer { aliases: vec![phone("+1")], ..customer("carla") };
    server.app().upsert_customer(known).await.unwrap();
    let mut corrected = Vec::new();
    for staff_id in ["nora", "nils", "sam"] {
        let first = submit(&server, rating(&record(&server, staff_id).await, 1)).await.rating_id;
        let second = correct(&server, &first, 2, ANSWERED + 600).await.unwrap();
        assert_eq!(second.contact_interaction_id, "");
        corrected.push(correct(&server, &second.rating_id, 5, ANSWERED + 1_200).await.unwrap().rating_id);
    }
    let meeting = async |staff_id: &str, customer_id: &str, from: i64| {
        let told = v1::Interaction {
            requested_time: at(from),
            connected_time: None,
            ended_time: at(from + 60),
            customer_alias: customer_id.is_empty().then(|| phone("+1")),
            ..call(staff_id, customer_id)
        };
        server.app().record(told).await.unwrap().interaction_id
    };
    // Recorded after the fact, and under a number only. Before the first answer, with another, or by another is nothing.
    let call = meeting("nora", "", ANSWERED + 300).await;
    meeting("nils", "dora", ANSWERED + 300).await;
    meeting("petra", "carla", ANSWERED + 300).await;
    meeting("sam", "carla", ANSWERED + 1_201).await;
    meeting("sam", "carla", ANSWERED - 61).await;
    let flags = async |rating_id: &String| get(&server, rating_id).await.contact_interaction_id;
    assert_eq!(flags(&corrected[0]).await, call, "since the first answer, which was corrected twice");
    assert_eq!((flags(&corrected[1]).await, flags(&corrected[2]).await), (String::new(), String::new()));
    let listed = async |caller: Caller| {
        let flag = v1::RatingFlag::ContactBeforeCorrection.into();
        let filter = Some(v1::RatingFilter { flag, standing: RatingStanding::Counted.into(), ..Default::default() });
        let request = ListRatingsRequest { filter, ..Default::default() };
        let found = caller.ratings().list_ratings(request).await.unwrap().into_inner().ratings;
        found.into_iter().map(|one| (one.rating_id, one.contact_interaction_id)).collect::<Vec<_>>()
    };
    let expected = [(corrected[0].clone(), call)];
    assert_eq!(listed(server.supervisor("petra", &["north"])).await, expected);
    assert_eq!(listed(server.caller(v1::Role::Reviewer, "rita", &[])).await, expected);
    assert!(listed(server.supervisor("paul", &["south"])).await.is_empty());
}

async fn credit_that_moves_takes_its_rating_along(server: Server) {
    use v1::Involvement::{Assisting, Primary};
    let server = server.with_organization().await;
    let id = record(&server, "nora").await;
    let submitted = submit(&server, rating(&id, 2)).await.rating_id;
    reattribute(&server, &id, &[("sam", Primary), ("nora", Assisting)]).await;
    let moved = get(&server, &submitted).await;
    assert_eq!((moved.rated_staff_id.as_str(), moved.rated_team_id.as_str()), ("sam", "south"));
    let teams = scorecards(&server.app(), ScorecardUnit::Team).await.unwrap();
    let teams: Vec<_> = teams.iter().map(|card| (card.key.as_str(), card.answered)).collect();
    assert_eq!(teams, [("north", 0), ("south", 1)]);
    // Those whom the customer named are rated for as long as they took part.
    let id = record(&server, "nora").await;
    reattribute(&server, &id, &[("nora", Primary), ("nils", Assisting)]).await;
    let named = Rating { rated_staff_id: "nils".to_owned(), ..rating(&id, 4) };
    let submitted = submit(&server, named).await.rating_id;
    reattribute(&server, &id, &[("sam", Primary), ("nils", Assisting)]).await;
    assert_eq!(get(&server, &submitted).await.rated_staff_id, "nils");
    assert_eq!(differing_counters(&server).await, 0);
}

async fn a_supervisor_sees_their_teams_and_not_themselves(server: Server) {
    let server = server.with_organization().await;
    let of = async |staff: &str| submit(&server, rating(&record(&server, staff).await, 3)).await.rating_id;
    let (nora, petra, sam) = (of("nora").await, of("petra").await, of("sam").await);
    let supervisor = server.supervisor("petra", &["north"]);
    let sees =
        async |id: &str| supervisor.ratings().get_rating(GetRatingRequest { rating_id: id.to_owned() }).await.is_ok();
    assert!(sees(&nora).await && !sees(&sam).await);
    assert!(!sees(&petra).await, "nobody reads what was said of themselves");
    let listed = supervisor.ratings().list_ratings(ListRatingsRequest::default()).await.unwrap().into_inner().ratings;
    assert_eq!(listed.iter().map(|one| &one.rating_id).collect::<Vec<_>>(), [&nora]);
    let traces =
        format!("SELECT count(*) FROM audit_event WHERE actor = 'petra' AND action = 8 AND object_id = '{nora}'");
    assert_eq!(server.number(&traces).await, 1, "each reading leaves a trace");

    let teams = scorecards(&supervisor, ScorecardUnit::Team).await.unwrap();
    assert_eq!(
        teams.iter().map(|card| (card.key.as_str(), card.answered)).collect::<Vec<_>>(),
        [("north", 1)],
        "without herself"
    );
    let staff = scorecards(&supervisor, ScorecardUnit::Staff).await.unwrap();
    assert_eq!(staff.iter().map(|card| card.key.as_str()).collect::<Vec<_>>(), ["nora"], "not herself");
    let refusal = refused(scorecards(&supervisor, ScorecardUnit::Organization).await);
    assert_eq!(verdict(&refusal), (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned()));
    assert_eq!(refused(scorecards(&server.staff("nora"), ScorecardUnit::Staff).await).code(), Code::PermissionDenied);
}

async fn reviewers_do_not_read_their_own_ratings(server: Server) {
    let server = server.with_organization().await;
    let own = submit(&server, rating(&record(&server, "nora").await, 1)).await.rating_id;
    let other = submit(&server, rating(&record(&server, "nils").await, 1)).await.rating_id;
    let unattended = v1::Interaction { participants: Vec::new(), ..call("nora", "carla") };
    let unattended = server.app().record(unattended).await.unwrap().interaction_id;
    let nobody = submit(&server, rating(&unattended, 1)).await.rating_id;
    for (role, subject, reads_all) in
        [(v1::Role::Reviewer, "nora", false), (v1::Role::Admin, "nora", false), (v1::Role::Reviewer, "rita", true)]
    {
        let caller = server.caller(role, subject, &[]);
        let got = caller.ratings().get_rating(GetRatingRequest { rating_id: own.clone() }).await;
        assert_eq!(got.map_err(|status| status.code()).is_ok(), reads_all);
        let request = ListRatingsRequest::default();
        let listed = caller.ratings().list_ratings(request).await.unwrap().into_inner().ratings;
        let listed: Vec<_> = listed.into_iter().map(|one| one.rating_id).collect();
        assert_eq!(listed.contains(&own), reads_all);
        assert!(listed.contains(&other) && listed.contains(&nobody));
        let cards = scorecards(&caller, ScorecardUnit::Staff).await.unwrap();
        assert_eq!(cards.iter().any(|card| card.key == "nora"), reads_all);
        assert!(cards.iter().any(|card| card.key == "nils"));
        let ranks = caller.ratings().rank_staff(v1::RankStaffRequest::default()).await.unwrap().into_inner().ranks;
        assert_eq!(ranks.iter().any(|rank| rank.key == "nora"), reads_all);
        let explain =
            v1::ExplainRankRequest { unit: ScorecardUnit::Staff.into(), key: "nora".to_owned(), ..Default::default() };
        assert_eq!(caller.ratings().explain_rank(explain).await.is_ok(), reads_all);
    }
}

async fn figures_are_by_unit_and_day(server: Server) {
    let server = server.with_organization().await;
    const DAY: i64 = 86_400;
    for (days, score) in [(0, 5), (0, 4), (1, 1), (8, 2), (30, 3)] {
        let shift = |time: Option<Timestamp>| time.map(|time| Timestamp { seconds: time.seconds + days * DAY, ..time });
        let told = call("nora", "carla");
        let told = v1::Interaction {
            requested_time: shift(told.requested_time),
            connected_time: shift(told.connected_time),
            ended_time: shift(told.ended_time),
            ..told
        };
        let id = server.app().record(told).await.unwrap().interaction_id;
        submit(&server, Rating { answered_time: shift(at(ANSWERED)), ..rating(&id, score) }).await;
    }
    let ask =
        async |request: GetScorecardRequest| server.app().ratings().get_scorecard(request).await.unwrap().into_inner();
    let card = |trend: TrendStep, first: &str, last: &str| GetScorecardRequest {
        unit: ScorecardUnit::Channel.into(),
        trend: trend.into(),
        first_day: first.to_owned(),
        last_day: last.to_owned(),
        ..Default::default()
    };
    let groups = ask(card(TrendStep::Week, "", "")).await.groups;
    assert_eq!(groups[0].key, "inbound_call");
    let weeks: Vec<_> = groups[0].trend.iter().map(|one| (one.day.as_str(), one.answered, one.staff_mean)).collect();
    assert_eq!(
        weeks,
        [("2025-03-03", 3, Some(10.0 / 3.0)), ("2025-03-10", 1, Some(2.0)), ("2025-03-31", 1, Some(3.0))]
    );
    let two_days = &ask(card(TrendStep::Unspecified, "2025-03-03", "2025-03-04")).await.groups[0];
    assert_eq!((two_days.answered, two_days.trend.len()), (3, 0));
    for (unit, keys) in [
        (ScorecardUnit::Kind, vec!["service"]),
        (ScorecardUnit::Topic, vec!["Returns"]),
        (ScorecardUnit::Role, vec!["agent"]),
        (ScorecardUnit::Template, vec!["csat/1"]),
        (ScorecardUnit::Team, vec!["north"]),
        (ScorecardUnit::Staff, vec!["nora"]),
        (ScorecardUnit::Organization, vec![""]),
    ] {
        let cards = scorecards(&server.app(), unit).await.unwrap();
        assert_eq!(cards.iter().map(|card| card.key.as_str()).collect::<Vec<_>>(), keys);
        assert_eq!(both(&cards[0]), (5, 5));
    }
    // A page at a time.
    let sam = record(&server, "sam").await;
    submit(&server, rating(&sam, 3)).await;
    let page = |token: String| GetScorecardRequest {
        unit: ScorecardUnit::Staff.into(),
        page_size: 1,
        page_token: token,
        ..Default::default()
    };
    let first = ask(page(String::new())).await;
    let second = ask(page(first.next_page_token.clone())).await;
    assert_eq!((first.groups[0].key.as_str(), second.groups[0].key.as_str()), ("nora", "sam"));
    assert!(second.next_page_token.is_empty());
    let wrong = GetScorecardRequest { first_day: "3.3.2025".to_owned(), ..page(String::new()) };
    let status = refused(server.app().ratings().get_scorecard(wrong).await);
    assert_eq!(violations(&status), [("first_day".to_owned(), "MALFORMED".to_owned())]);
}

async fn the_same_work_is_compared(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let others = [("eve", "east"), ("wim", "west"), ("ada", "harbour"), ("bob", "market"), ("cyd", "station")];
    for (id, team) in others {
        app.upsert_team(crate::support::sample::team(team)).await.unwrap();
        app.upsert_staff(crate::support::sample::staff(id, team)).await.unwrap();
    }
    // Complaints are rated badly, no matter who handles them, and sam handles nothing else. Among such work sam does well;
    // eve, with the better mean, does easy work badly.
    let (easy, hard) = ("Returns", "Complaints");
    let mut work = vec![("eve", easy, [5, 10, 10, 15, 10]), ("sam", hard, [5, 10, 15, 15, 5])];
    for (at, staff) in ["nora", "wim", "ada", "bob", "cyd"].into_iter().enumerate() {
        let at = i32::try_from(at).unwrap();
        work.extend([(staff, easy, [0, 0, 2, 8 + at, 40 - at]), (staff, hard, [20 + at, 15, 10 - at, 5, 0])]);
    }
    let mut requests = Vec::new();
    for (staff, topic, levels) in work {
        for (score, count) in (1..).zip(levels) {
            for _ in 0..count {
                let told = v1::Interaction { topic: topic.to_owned(), ..call(staff, "carla") };
                let request_id = request_id();
                requests.push((v1::RecordInteractionRequest { request_id, interaction: Some(told) }, score));
            }
        }
    }
    for some in requests.chunks(500) {
        let (records, scores): (Vec<_>, Vec<i32>) = some.iter().cloned().unzip();
        let batch = v1::BatchRecordInteractionsRequest { requests: records };
        let recorded = app.interactions().batch_record_interactions(batch).await.unwrap().into_inner().results;
        let submits = recorded.into_iter().zip(scores).map(|(recorded, score)| {
            let Some(v1::record_item_result::Result::Recorded(told)) = recorded.result else { panic!("{recorded:?}") };
            SubmitRatingRequest { request_id: request_id(), rating: Some(rating(&told.interaction_id, score)) }
        });
        let batch = v1::BatchSubmitRatingsRequest { requests: submits.collect() };
        app.ratings().batch_submit_ratings(batch).await.unwrap();
    }

    let ranks = app.ratings().rank_staff(v1::RankStaffRequest::default()).await.unwrap().into_inner().ranks;
    let of = |key: &str| ranks.iter().find(|one| one.key == key).unwrap();
    assert!(of("eve").raw_mean > of("sam").raw_mean, "by the mean alone eve is the better one");
    assert_eq!((of("sam").band(), of("eve").band()), (v1::RankBand::Above, v1::RankBand::Below));
    assert_eq!((of("sam").place, of("eve").place), (1, 7));
    assert!(of("sam").expected < of("eve").expected && of("sam").low < of("sam").shrunk);
    let strict = v1::RankTerms { minimum_n: 60, ..Default::default() };
    let request = v1::RankStaffRequest { terms: Some(strict), ..Default::default() };
    let few = app.ratings().rank_staff(request).await.unwrap().into_inner().ranks;
    assert!(
        few.iter().all(|one| one.n >= 60 || (one.place == 0 && one.band() == v1::RankBand::Unspecified)),
        "{few:?}"
    );
    // A person who does what two others do is compared with those two, which makes no place.
    let visits = |staff: &str| v1::RecordInteractionRequest {
        request_id: request_id(),
        interaction: Some(v1::Interaction { topic: "Visits".to_owned(), ..call(staff, "carla") }),
    };
    for staff in ["petra", "nils"] {
        for _ in 0..30 {
            let told = app.interactions().record_interaction(visits(staff)).await.unwrap().into_inner();
            let submit =
                SubmitRatingRequest { request_id: request_id(), rating: Some(rating(&told.interaction_id, 5)) };
            app.ratings().submit_rating(submit).await.unwrap();
        }
    }
    let ranks = app.ratings().rank_staff(v1::RankStaffRequest::default()).await.unwrap().into_inner().ranks;
    let petra = ranks.iter().find(|one| one.key == "petra").unwrap();
    assert_eq!((petra.n, petra.place, petra.band()), (30, 0, v1::RankBand::Unspecified));
    assert!(petra.shrunk.is_some() && petra.low < petra.high);

    let request =
        |key: &str| v1::ExplainRankRequest { terms: None, unit: ScorecardUnit::Staff.into(), key: key.to_owned() };
    let supervisor = server.supervisor("petra", &["east"]);
    let explained = supervisor.ratings().explain_rank(request("eve")).await.unwrap().into_inner();
    let (overall, shrunk) = (explained.overall.unwrap(), explained.rank.as_ref().unwrap().shrunk.unwrap());
    let moved: f64 = explained.parts.iter().map(|part| part.work + part.own).sum();
    assert!((overall + moved - shrunk).abs() < 1e-9, "the parts add up: {explained:?}");
    assert!(explained.parts.iter().all(|part| part.n >= 5));
    assert_eq!(explained.next.as_ref().unwrap().band(), v1::RankBand::AsExpected);
    assert_eq!(refused(supervisor.ratings().explain_rank(request("sam")).await).code(), Code::NotFound);
    // Asked before and after a call, one's own figures would tell what the customer gave.
    assert_eq!(
        refused(server.staff("eve").ratings().explain_rank(request("eve")).await).code(),
        Code::PermissionDenied
    );
    let herself = server.supervisor("eve", &["east"]);
    assert_eq!(refused(herself.ratings().explain_rank(request("eve")).await).code(), Code::NotFound);
    let wrong = v1::ExplainRankRequest { unit: ScorecardUnit::Topic.into(), ..request("Returns") };
    assert_eq!(violations(&refused(app.ratings().explain_rank(wrong).await))[0].0, "unit");

    let page = async |token: String| {
        let request = v1::RankTeamsRequest { page_size: 4, page_token: token, ..Default::default() };
        app.ratings().rank_teams(request).await.unwrap().into_inner()
    };
    let first = page(String::new()).await;
    let rest = page(first.next_page_token.clone()).await;
    let mut teams: Vec<_> = first.ranks.iter().chain(&rest.ranks).map(|one| one.key.as_str()).collect();
    assert_eq!(teams[0], "south");
    teams.sort_unstable();
    assert_eq!(teams, ["east", "harbour", "market", "north", "south", "station", "west"]);
}

/// Any sequence of submitting, correcting and re-attributing, drawn from a printed seed.
async fn counters_are_what_the_record_says(server: Server) {
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
    use v1::Involvement::Primary;
    let server = server.with_organization().await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut interactions, mut ratings) = (Vec::new(), Vec::<String>::new());
    for _ in 0..120 {
        match random.random_range(0..10) {
            0..6 => {
                let staff = *["nora", "nils", "sam", "petra"].choose(&mut random).unwrap();
                let id = record(&server, staff).await;
                let told = Rating {
                    answered_time: at(random.random_range(400..9_000)),
                    attribution: random.random_range(0..=6),
                    answers: Some(RatingAnswers {
                        resolved: random.random_range(0..=2),
                        effort: random.random_range(0..=5),
                        expected: random.random_range(0..=5),
                        perceived: random.random_range(0..=5),
                        ..Default::default()
                    }),
                    ..rating(&id, random.random_range(1..=5))
                };
                ratings.push(submit(&server, told).await.rating_id);
                interactions.push(id);
            }
            6..8 if !ratings.is_empty() => {
                let id = ratings.choose(&mut random).unwrap().clone();
                let (score, seconds) = (random.random_range(1..=5), random.random_range(400..9_000));
                if let Ok(corrected) = correct(&server, &id, score, seconds).await {
                    ratings.push(corrected.rating_id);
                }
            }
            _ if !interactions.is_empty() => {
                let id = interactions.choose(&mut random).unwrap().clone();
                let staff = *["nora", "nils", "sam", "petra"].choose(&mut random).unwrap();
                reattribute(&server, &id, &[(staff, Primary)]).await;
            }
            _ => {}
        }
    }
    assert_eq!(differing_counters(&server).await, 0);
    // The check can fail.
    server.execute("UPDATE rating_counter SET level_1 = level_1 + 1 WHERE unit = 1 AND standing = 1").await;
    assert!(differing_counters(&server).await > 0);
}

async fn many_at_once_are_all_counted(server: Server) {
    let server = server.with_organization().await;
    let ids = join_all((0..40).map(|_| record(&server, "nora"))).await;
    // Each twice, by callers who know nothing of one another: one of the two wins.
    let unique = ids.iter().chain(&ids).enumerate().map(|(number, id)| {
        let (app, rating) = (server.app(), rating(id, 4));
        async move { submit_as(&app, &format!("many-{number}"), rating).await }
    });
    let answers = join_all(unique).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 40);
    assert!(answers.into_iter().filter_map(Result::err).all(|status| verdict(&status).1 == "ALREADY_RATED"));
    assert_eq!(both(&organization(&server).await), (40, 40));
    assert_eq!(differing_counters(&server).await, 0);
}
