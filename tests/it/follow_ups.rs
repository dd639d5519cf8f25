//! Follow-ups: opened by ratings, complaints and by hand; claimed, answered, confirmed; hidden from those whom they are about (L1, L2, L3).

use std::{collections::BTreeSet, time::Duration};

use rapport::api::v1::{
    self, AnswerPointRequest, AssignFollowUpRequest, ClaimFollowUpRequest, CloseFollowUpRequest,
    ConfirmFollowUpRequest, DueSpanKind, FollowUp, FollowUpCloseReason, FollowUpEvent, FollowUpEventKind as Kind,
    FollowUpSource, FollowUpState as State, FollowUpWait, HoldFollowUpRequest, Interaction, InteractionKind,
    ListFollowUpsRequest, OpenFollowUpRequest, Point, Role, SummarizeFollowUpsRequest, SurveyTemplate,
    WatchFollowUpsRequest, WatchFollowUpsResponse,
};
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Response, Status, Streaming};

use crate::{
    cli::{last_line, rapport_as},
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both, on_postgres,
        refusal::{verdict, violations},
        refused,
        sample::participant,
    },
    surveys::{ago, ended, published, record, template},
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_low_rating_is_followed_up_to_a_confirmed_answer,
        a_complaint_is_reopened_and_both_clocks_are_told,
        complaints_of_one_case_are_points_of_one,
        only_what_is_low_and_recent_opens_one,
        of_many_claims_one_wins_and_a_lapsed_one_does_nothing,
        what_is_overdue_is_escalated_until_it_is_answered,
        a_wait_for_the_customer_stops_the_clock_and_a_new_calendar_counts_from_now,
        everything_wrong_with_a_step_is_named,
        to_the_accused_it_does_not_exist_until_a_statement_is_released,
        a_follow_up_is_given_to_another_team,
        points_follow_an_erasure,
        the_program_works_on_follow_ups,
    ];
    tests.extend(on_postgres![each_step_comes_once_with_two_servers]);
    tests
}

const HOUR: i64 = 3_600;

fn length(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

fn points(words: &[&str]) -> Vec<Point> {
    words.iter().map(|&words| Point { words: words.to_owned(), ..Point::default() }).collect()
}

pub(crate) fn opening(interaction_id: &str) -> OpenFollowUpRequest {
    OpenFollowUpRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        points: points(&["等了很久", "没有人回电"]),
        ..Default::default()
    }
}

pub(crate) async fn open(caller: &Caller, request: OpenFollowUpRequest) -> Result<FollowUp, Status> {
    Ok(caller.follow_ups().open_follow_up(request).await?.into_inner().follow_up.unwrap())
}

/// Of a call to this colleague, opened by an application.
async fn of(server: &Server, staff_id: &str, customer_id: &str) -> FollowUp {
    let call = Interaction { participants: vec![participant(staff_id)], ..ended(customer_id, 600) };
    let interaction_id = record(server, call).await;
    open(&server.app(), opening(&interaction_id)).await.unwrap()
}

pub(crate) fn claiming(id: &str) -> ClaimFollowUpRequest {
    ClaimFollowUpRequest { request_id: request_id(), follow_up_id: id.to_owned(), ..Default::default() }
}

pub(crate) async fn claim(caller: &Caller, id: &str) -> Result<Option<FollowUp>, Status> {
    Ok(caller.follow_ups().claim_follow_up(claiming(id)).await?.into_inner().follow_up)
}

pub(crate) async fn answer(caller: &Caller, one: &FollowUp, number: i32) -> Result<FollowUp, Status> {
    let request = AnswerPointRequest {
        request_id: request_id(),
        follow_up_id: one.follow_up_id.clone(),
        claim_number: one.claim_number,
        point_number: number,
        answer: "我们多派了两位同事".to_owned(),
    };
    Ok(caller.follow_ups().answer_point(request).await?.into_inner().follow_up.unwrap())
}

pub(crate) async fn confirm(caller: &Caller, id: &str) -> Result<FollowUp, Status> {
    let request =
        ConfirmFollowUpRequest {
            request_id: request_id(), follow_up_id: id.to_owned(), note: "好的，谢谢".to_owned()
        };
    Ok(caller.follow_ups().confirm_follow_up(request).await?.into_inner().follow_up.unwrap())
}

pub(crate) async fn reopen(caller: &Caller, id: &str) -> Result<FollowUp, Status> {
    let request = v1::ReopenFollowUpRequest {
        request_id: request_id(),
        follow_up_id: id.to_owned(),
        points: points(&["还是没有人回电"]),
    };
    Ok(caller.follow_ups().reopen_follow_up(request).await?.into_inner().follow_up.unwrap())
}

pub(crate) async fn close(caller: &Caller, id: &str) -> Result<FollowUp, Status> {
    let request = CloseFollowUpRequest {
        request_id: request_id(),
        follow_up_id: id.to_owned(),
        reason: FollowUpCloseReason::NoReply.into(),
        note: "two weeks".to_owned(),
    };
    Ok(caller.follow_ups().close_follow_up(request).await?.into_inner().follow_up.unwrap())
}

pub(crate) fn waiting(one: &FollowUp, waits_for: FollowUpWait, seconds: i64) -> HoldFollowUpRequest {
    HoldFollowUpRequest {
        request_id: request_id(),
        follow_up_id: one.follow_up_id.clone(),
        claim_number: one.claim_number,
        waits_for: waits_for.into(),
        next_action: "she sends the bill".to_owned(),
        wait: length(seconds),
    }
}

async fn hold(caller: &Caller, request: HoldFollowUpRequest) -> Result<FollowUp, Status> {
    Ok(caller.follow_ups().hold_follow_up(request).await?.into_inner().follow_up.unwrap())
}

async fn get(caller: &Caller, id: &str) -> Result<v1::GetFollowUpResponse, Status> {
    let request = v1::GetFollowUpRequest { follow_up_id: id.to_owned() };
    caller.follow_ups().get_follow_up(request).await.map(Response::into_inner)
}

async fn list(caller: &Caller, request: ListFollowUpsRequest) -> Result<Vec<FollowUp>, Status> {
    Ok(caller.follow_ups().list_follow_ups(request).await?.into_inner().follow_ups)
}

async fn all(caller: &Caller) -> Vec<FollowUp> {
    list(caller, ListFollowUpsRequest::default()).await.unwrap()
}

fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

struct Watch(Streaming<WatchFollowUpsResponse>);

impl Watch {
    async fn open(caller: &Caller) -> Self {
        let stream = caller.follow_ups().watch_follow_ups(WatchFollowUpsRequest::default()).await.unwrap();
        let mut watch = Self(stream.into_inner());
        // Where it begins.
        assert_eq!(watch.0.message().await.unwrap().unwrap().event, None);
        watch
    }

    async fn event(&mut self) -> FollowUpEvent {
        let event = async {
            loop {
                if let Some(event) = self.0.message().await.unwrap().unwrap().event {
                    return event;
                }
            }
        };
        timeout(Duration::from_secs(20), event).await.expect("an event in time")
    }

    async fn kinds(&mut self, count: usize) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(self.event().await.kind());
        }
        kinds
    }
}

/// A survey of which the two lowest levels open a follow-up.
async fn strict(server: &Server) {
    published(server, SurveyTemplate { follow_up_level: 2, follow_up_within: length(8 * HOUR), ..template("strict") })
        .await;
}

fn rating(interaction_id: &str, score: i32, comment: &str) -> v1::SubmitRatingRequest {
    let rating = v1::Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "strict".to_owned(),
        score,
        comment: comment.to_owned(),
        answered_time: ago(1),
        ..Default::default()
    };
    v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) }
}

async fn a_low_rating_is_followed_up_to_a_confirmed_answer(server: Server) {
    let server = server.with_organization().await;
    strict(&server).await;
    let [nora, petra] = [server.staff("nora"), server.supervisor("petra", &["north"])];
    let mut watch = Watch::open(&petra).await;
    let call =
        Interaction { participants: vec![participant("nils")], case_id: "K-7".to_owned(), ..ended("carla", 600) };
    let interaction_id = record(&server, call).await;
    server.app().ratings().submit_rating(rating(&interaction_id, 1, "等了很久")).await.unwrap();
    let [opened] = all(&petra).await.try_into().unwrap();
    let said = (opened.source(), opened.state(), opened.team_id.as_str(), opened.customer_id.as_str());
    assert_eq!(said, (FollowUpSource::Rating, State::Open, "north", "carla"));
    assert_eq!((opened.points[0].words.as_str(), &opened.about_staff_ids), ("等了很久", &vec!["nils".to_owned()]));
    let begun = opened.open_time.unwrap().seconds;
    assert_eq!(opened.due_time.unwrap().seconds, begun + 8 * HOUR);

    // A colleague sees what they need to choose it; who took part, nothing.
    let [outline] = all(&nora).await.try_into().unwrap();
    let hidden = [&outline.customer_id, &outline.interaction_id, &outline.case_id, &outline.author];
    assert_eq!((hidden, outline.points.len(), outline.point_count), ([""; 4].map(String::from).each_ref(), 0, 1));
    assert_eq!(all(&server.staff("nils")).await, []);
    // Nor is it found by what is hidden.
    let by = ListFollowUpsRequest { customer_id: "carla".to_owned(), ..Default::default() };
    assert_eq!(list(&nora, by.clone()).await.unwrap(), []);

    let held = claim(&nora, "").await.unwrap().unwrap();
    assert_eq!((held.follow_up_id.as_str(), held.claim_number), (opened.follow_up_id.as_str(), 1));
    assert_eq!((held.customer_id.as_str(), held.holder_staff_id.as_str()), ("carla", "nora"));
    assert_eq!(list(&nora, by).await.unwrap().len(), 1);
    // More of the same customer is one more point.
    let carla = server.customer("carla");
    let raise = v1::RaisePointRequest {
        request_id: request_id(),
        follow_up_id: held.follow_up_id.clone(),
        words: "没有人回电".to_owned(),
    };
    carla.follow_ups().raise_point(raise).await.unwrap();
    let first = answer(&nora, &held, 1).await.unwrap();
    assert_eq!((first.state(), first.open_point_count), (State::Claimed, 1));
    assert_eq!(verdict(&refused(confirm(&carla, &held.follow_up_id).await)), precondition("FOLLOW_UP_POINTS_OPEN"));
    let answered = answer(&nora, &held, 2).await.unwrap();
    assert_eq!((answered.state(), answered.holder_staff_id.as_str()), (State::Answered, ""));
    assert_eq!(answered.points[1].answered_by, "nora");
    // The customer reads the answers, and no names.
    let seen = get(&carla, &held.follow_up_id).await.unwrap();
    let told = seen.follow_up.unwrap();
    let answers: Vec<_> = told.points.iter().map(|one| (one.answer.as_str(), one.answered_by.as_str())).collect();
    assert_eq!(answers, [("我们多派了两位同事", ""), ("我们多派了两位同事", "")]);
    assert_eq!((told.team_id.as_str(), told.about_staff_ids.len(), told.holder_staff_id.as_str()), ("", 0, ""));
    assert!(seen.clocks.iter().flat_map(|clock| &clock.segments).all(|one| one.author.is_empty()));
    assert_eq!(refused(get(&server.customer("dora"), &held.follow_up_id).await).code(), Code::NotFound);
    let confirmed = confirm(&carla, &held.follow_up_id).await.unwrap();
    assert_eq!((confirmed.state(), confirmed.note.as_str()), (State::Confirmed, "好的，谢谢"));
    assert_eq!(verdict(&refused(close(&petra, &held.follow_up_id).await)), precondition("FOLLOW_UP_SETTLED"));
    assert_eq!(server.number("SELECT count(*) FROM timer").await, 0);
    let told = watch.kinds(7).await;
    let expected =
        [Kind::Opened, Kind::Claimed, Kind::PointRaised, Kind::PointAnswered, Kind::PointAnswered, Kind::Answered];
    assert_eq!((&told[..6], told[6]), (&expected[..], Kind::Confirmed));
    let clocks = get(&petra, &held.follow_up_id).await.unwrap().clocks;
    assert_eq!((clocks.len(), clocks[0].overdue, clocks[0].stop_time.is_some()), (1, false, true));
    let summary = petra.follow_ups().summarize_follow_ups(SummarizeFollowUpsRequest::default()).await.unwrap();
    let [north] = summary.into_inner().summaries.try_into().unwrap();
    assert_eq!((north.team_id.as_str(), north.opened_count, north.confirmed_count), ("north", 1, 1));
    assert_eq!((north.in_time_count, north.overdue_count, north.in_time_rate), (1, 0, Some(1.0)));
}

fn complaint(staff_id: &str, about: &str) -> Interaction {
    Interaction {
        kind: InteractionKind::Complaint.into(),
        participants: vec![participant(staff_id)],
        about_staff_ids: vec![about.to_owned()],
        topic: "Rude".to_owned(),
        ..ended("carla", 600)
    }
}

async fn a_complaint_is_reopened_and_both_clocks_are_told(server: Server) {
    let server = server.with_organization().await;
    record(&server, complaint("nora", "nils")).await;
    let [nora, petra] = [server.staff("nora"), server.supervisor("petra", &["north"])];
    let [opened] = all(&petra).await.try_into().unwrap();
    let said = (opened.source(), opened.points[0].words.as_str(), &opened.about_staff_ids);
    assert_eq!(said, (FollowUpSource::Complaint, "Rude", &vec!["nils".to_owned()]));
    let id = opened.follow_up_id.as_str();
    let held = claim(&nora, id).await.unwrap().unwrap();
    answer(&nora, &held, 1).await.unwrap();
    let carla = server.customer("carla");
    let reopened = reopen(&carla, id).await.unwrap();
    assert_eq!((reopened.state(), reopened.point_count, reopened.open_point_count), (State::Reopened, 2, 1));
    let clocks = get(&petra, id).await.unwrap().clocks;
    let stopped: Vec<bool> = clocks.iter().map(|clock| clock.stop_time.is_some()).collect();
    assert_eq!((stopped, clocks[1].segments[0].reason.as_str()), (vec![true, false], "reopened"));
    // What the first one counted is frozen.
    let frozen = clocks[0].clone();
    // The old claim does nothing any more.
    assert_eq!(verdict(&refused(answer(&nora, &held, 2).await)), precondition("FOLLOW_UP_CLAIM_STALE"));
    // A supervisor who has answered does not say that the customer has had enough.
    let held = claim(&petra, id).await.unwrap().unwrap();
    assert_eq!(held.claim_number, 2);
    answer(&petra, &held, 2).await.unwrap();
    assert_eq!(verdict(&refused(close(&petra, id).await)), precondition("INTERESTED_PARTY"));
    let lena = server.supervisor("lena", &["north"]);
    let closed = close(&lena, id).await.unwrap();
    assert_eq!((closed.state(), closed.close_reason()), (State::Closed, FollowUpCloseReason::NoReply));
    // What the supervisor wrote is not the customer's to read.
    let told = get(&carla, id).await.unwrap().follow_up.unwrap();
    assert_eq!((told.state(), told.note.as_str(), told.settled_by.as_str()), (State::Closed, "", ""));
    let after = get(&petra, id).await.unwrap().clocks;
    assert_eq!((&after[0], after[1].stop_time.is_some()), (&frozen, true));
    // The customer may still disagree.
    assert_eq!(reopen(&carla, id).await.unwrap().state(), State::Reopened);
    let summary = petra.follow_ups().summarize_follow_ups(SummarizeFollowUpsRequest::default()).await.unwrap();
    let [north] = summary.into_inner().summaries.try_into().unwrap();
    assert_eq!((north.reopened_count, north.in_time_count, north.open_count), (1, 2, 1));
}

async fn complaints_of_one_case_are_points_of_one(server: Server) {
    let server = server.with_organization().await;
    let of_case = |customer_id: &str, about: &str, topic: &str| Interaction {
        case_id: "K-5".to_owned(),
        customer_id: customer_id.to_owned(),
        topic: topic.to_owned(),
        ..complaint("nora", about)
    };
    record(&server, of_case("carla", "nils", "Rude")).await;
    record(&server, of_case("carla", "petra", "Rude again")).await;
    let admin = server.admin();
    let [one] = all(&admin).await.try_into().unwrap();
    let words: Vec<_> = one.points.iter().map(|point| point.words.as_str()).collect();
    assert_eq!(words, ["Rude", "Rude again"]);
    assert_eq!(one.about_staff_ids, ["nils", "petra"]);
    // Whom the second one is about does not see it either.
    assert_eq!(all(&server.supervisor("petra", &["north"])).await, []);
    // Another customer's words are another's.
    record(&server, of_case("dora", "nils", "Late")).await;
    assert_eq!(all(&admin).await.len(), 2);
}

async fn only_what_is_low_and_recent_opens_one(server: Server) {
    let server = server.with_organization().await;
    strict(&server).await;
    published(&server, template("csat-2")).await;
    let admin = server.admin();
    let submit = async |customer: &str, score, change: fn(v1::Rating) -> v1::Rating| {
        let interaction_id = record(&server, ended(customer, 600)).await;
        let mut request = rating(&interaction_id, score, "");
        request.rating = request.rating.map(change);
        server.app().ratings().submit_rating(request).await.unwrap().into_inner().rating_id
    };
    let good = submit("carla", 3, |one| one).await;
    submit("dora", 1, |one| v1::Rating { template_id: "csat-2".to_owned(), ..one }).await;
    submit("dmitri", 1, |one| v1::Rating { answered_time: ago(8 * 24 * HOUR), ..one }).await;
    record(&server, Interaction { kind: InteractionKind::Complaint.into(), ..ended("carla", 8 * 24 * HOUR) }).await;
    let nobodys = Interaction { customer_id: String::new(), ..complaint("nora", "nils") };
    record(&server, nobodys).await;
    assert_eq!(all(&admin).await, []);
    // The customer meant 1, and says so in time.
    let correct = v1::CorrectRatingRequest {
        request_id: request_id(),
        rating_id: good,
        score: 1,
        answered_time: ago(0),
        comment: "按错了".to_owned(),
        ..Default::default()
    };
    server.app().ratings().correct_rating(correct).await.unwrap();
    let [opened] = all(&admin).await.try_into().unwrap();
    assert_eq!((opened.customer_id.as_str(), opened.points[0].words.as_str()), ("carla", "按错了"));
    // By message, too; and the same request again opens no second one.
    let interaction_id = record(&server, ended("dora", 300)).await;
    let request = rating(&interaction_id, 2, "");
    for _ in 0..2 {
        server.app().ratings().submit_rating(request.clone()).await.unwrap();
    }
    assert_eq!(all(&admin).await.len(), 2);
    let told = SurveyTemplate { follow_up_level: 6, ..template("wrong") };
    let status = refused(crate::surveys::create(&server, told).await);
    assert_eq!(violations(&status)[0].0, "template.follow_up_level");
}

async fn of_many_claims_one_wins_and_a_lapsed_one_does_nothing(server: Server) {
    let server = server.with_organization().await;
    let id = of(&server, "sam", "carla").await.follow_up_id;
    let mut claiming_all = JoinSet::new();
    for number in 0..24 {
        let (app, id) = (server.app(), id.clone());
        let staff_id = ["nora", "nils", "petra"][number % 3].to_owned();
        claiming_all.spawn(async move {
            let request = ClaimFollowUpRequest { staff_id, ..claiming(&id) };
            app.follow_ups().claim_follow_up(request).await.map(|answer| answer.into_inner().follow_up.unwrap())
        });
    }
    let answers = claiming_all.join_all().await;
    let holders: BTreeSet<_> = answers.iter().flatten().map(|one| one.holder_staff_id.clone()).collect();
    let numbers: BTreeSet<_> = answers.iter().flatten().map(|one| one.claim_number).collect();
    assert_eq!((holders.len(), numbers), (1, BTreeSet::from([1])));
    for status in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(verdict(status), precondition("FOLLOW_UP_CLAIMED"));
    }
    let holder = holders.into_iter().next().unwrap();
    let held = get(&server.app(), &id).await.unwrap().follow_up.unwrap();
    let mut watch = Watch::open(&server.app()).await;
    server.execute("UPDATE follow_up SET leased_until = leased_until - 7200000000").await;
    // Whether a server has looked or not.
    let late = refused(answer(&server.staff(&holder), &held, 1).await);
    assert_eq!(verdict(&late), precondition("FOLLOW_UP_CLAIM_STALE"));
    server.execute("UPDATE timer SET due_at = due_at - 7200000000 WHERE step = 1").await;
    let returned = watch.event().await;
    assert_eq!(returned.kind(), Kind::Returned);
    assert!(returned.late_by.unwrap().seconds >= HOUR, "{returned:?}");
    let request = ClaimFollowUpRequest { staff_id: "nora".to_owned(), ..claiming(&id) };
    let next = server.app().follow_ups().claim_follow_up(request).await.unwrap().into_inner().follow_up.unwrap();
    assert_eq!(next.claim_number, 2);
    assert_eq!(watch.event().await.kind(), Kind::Claimed);
    // Claims for the next one: two people, two follow-ups, nothing twice.
    let more = [of(&server, "nora", "dora").await.follow_up_id, of(&server, "nils", "dmitri").await.follow_up_id];
    let mut taken = JoinSet::new();
    for staff_id in ["petra", "nora", "nils", "petra"] {
        let caller = server.staff(staff_id);
        taken.spawn(async move { claim(&caller, "").await.unwrap().map(|one| one.follow_up_id) });
    }
    let mut taken: Vec<String> = taken.join_all().await.into_iter().flatten().collect();
    taken.sort_unstable();
    let mut expected = more.to_vec();
    expected.sort_unstable();
    assert_eq!(taken, expected);
}

/// Lets so much time pass for follow-ups and their clocks.
async fn let_pass(server: &Server, seconds: i64) {
    let micros = seconds * 1_000_000;
    for sql in [
        format!("UPDATE clock_stretch SET from_at = from_at - {micros}, to_at = to_at - {micros}"),
        format!("UPDATE clock SET started_at = started_at - {micros}, due_at = due_at - {micros}"),
        format!("UPDATE follow_up SET due_at = due_at - {micros}, waits_until = waits_until - {micros}"),
        format!("UPDATE follow_up SET leased_until = leased_until - {micros}"),
        format!("UPDATE timer SET due_at = due_at - {micros}"),
    ] {
        server.execute(&sql).await;
    }
}

async fn what_is_overdue_is_escalated_until_it_is_answered(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    let opened = of(&server, "nora", "carla").await;
    let mut watch = Watch::open(&petra).await;
    let_pass(&server, 20 * HOUR).await;
    let overdue = watch.event().await;
    assert_eq!((overdue.kind(), overdue.follow_up.unwrap().level), (Kind::Overdue, 1));
    assert!((4 * HOUR..5 * HOUR).contains(&overdue.late_by.unwrap().seconds), "{:?}", overdue.late_by);
    for level in 2..=4 {
        let_pass(&server, 41 * HOUR).await;
        let escalated = watch.event().await;
        assert_eq!((escalated.kind(), escalated.follow_up.unwrap().level), (Kind::Escalated, level));
    }
    let only = ListFollowUpsRequest { min_level: 4, ..Default::default() };
    assert_eq!(list(&petra, only.clone()).await.unwrap().len(), 1);
    assert_eq!(list(&petra, ListFollowUpsRequest { min_level: 5, ..only }).await.unwrap(), []);
    let nils = server.staff("nils");
    let held = claim(&nils, &opened.follow_up_id).await.unwrap().unwrap();
    answer(&nils, &held, 1).await.unwrap();
    answer(&nils, &held, 2).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM timer").await, 0);
    let summary = petra.follow_ups().summarize_follow_ups(SummarizeFollowUpsRequest::default()).await.unwrap();
    let [north] = summary.into_inner().summaries.try_into().unwrap();
    assert_eq!((north.overdue_count, north.in_time_count, north.in_time_rate), (1, 0, Some(0.0)));
    // A second one is overdue before any server looks: who answers it tells so, too.
    let late = of(&server, "nora", "dora").await;
    let held = claim(&nils, &late.follow_up_id).await.unwrap().unwrap();
    server.execute("DELETE FROM timer").await;
    server.execute("UPDATE follow_up SET due_at = 1 WHERE level = 0").await;
    answer(&nils, &held, 1).await.unwrap();
    let told = watch.kinds(8).await;
    assert_eq!(told[4..], [Kind::Opened, Kind::Claimed, Kind::Overdue, Kind::PointAnswered]);
}

async fn a_wait_for_the_customer_stops_the_clock_and_a_new_calendar_counts_from_now(server: Server) {
    let server = server.with_organization().await;
    let [petra, nils] = [server.supervisor("petra", &["north"]), server.staff("nils")];
    let opened = of(&server, "nora", "carla").await;
    let id = opened.follow_up_id.as_str();
    let due = |one: &FollowUp| one.due_time.unwrap().seconds;
    let held = claim(&nils, id).await.unwrap().unwrap();
    // Whom we wait for ourselves is no reason to be late.
    let waits = hold(&nils, waiting(&held, FollowUpWait::Others, 30 * HOUR)).await.unwrap();
    assert_eq!(
        (waits.state(), due(&waits), waits.next_action.as_str()),
        (State::Pending, due(&opened), "she sends the bill")
    );
    let waits = hold(&nils, waiting(&held, FollowUpWait::Customer, 30 * HOUR)).await.unwrap();
    assert!((due(&waits) - due(&opened) - 30 * HOUR).abs() <= 2, "{waits:?}");
    assert!(waits.lease_end_time.unwrap().seconds > waits.wait_end_time.unwrap().seconds);
    let resume = v1::ResumeFollowUpRequest {
        request_id: request_id(),
        follow_up_id: id.to_owned(),
        claim_number: held.claim_number,
    };
    let resumed = nils.follow_ups().resume_follow_up(resume).await.unwrap().into_inner().follow_up.unwrap();
    assert!((due(&resumed) - due(&opened)).abs() <= 5, "{resumed:?}");
    assert_eq!((resumed.state(), resumed.next_action.as_str()), (State::Claimed, ""));
    let explained = v1::ExplainFollowUpRequest { follow_up_id: id.to_owned() };
    let clocks = petra.follow_ups().explain_follow_up(explained.clone()).await.unwrap().into_inner().clocks;
    let kinds: Vec<_> = clocks[0].spans.iter().map(v1::DueSpan::kind).collect();
    assert_eq!(kinds, [DueSpanKind::Working, DueSpanKind::Paused, DueSpanKind::Working]);
    let reasons = |clock: &v1::ExplainedClock| {
        let segments = &clock.clock.as_ref().unwrap().segments;
        segments.iter().map(|one| one.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&clocks[0]), ["opened", "waits for the customer", "resumed"]);

    // It waits once more, and goes on by itself.
    hold(&nils, waiting(&held, FollowUpWait::Customer, 60)).await.unwrap();
    let mut watch = Watch::open(&petra).await;
    let_pass(&server, 61).await;
    let by_itself = watch.event().await;
    assert_eq!((by_itself.kind(), by_itself.follow_up.unwrap().state()), (Kind::Resumed, State::Claimed));

    // From now on the team works in the mornings only.
    let admin = server.admin();
    let mut desk = crate::calendars::desk("berlin");
    for day in [&mut desk.monday, &mut desk.tuesday, &mut desk.wednesday, &mut desk.thursday, &mut desk.friday] {
        *day = "08:00-10:00".to_owned();
    }
    let put = async |calendar: &v1::Calendar| {
        let request =
            v1::PutCalendarRequest { request_id: request_id(), calendar: Some(calendar.clone()), etag: String::new() };
        admin.calendars().put_calendar(request).await.unwrap();
    };
    put(&desk).await;
    let assign = v1::AssignCalendarRequest {
        request_id: request_id(),
        team_id: "north".to_owned(),
        calendar_id: "berlin".to_owned(),
    };
    admin.calendars().assign_calendar(assign).await.unwrap();
    let changed = watch.event().await;
    assert_eq!(changed.kind(), Kind::DueChanged);
    let slower = changed.follow_up.unwrap();
    // Some sixteen hours at two a day.
    assert!(due(&slower) - due(&resumed) > 5 * 24 * HOUR, "{slower:?}");
    desk.saturday = "00:00-24:00".to_owned();
    put(&desk).await;
    assert_eq!(watch.event().await.kind(), Kind::DueChanged);
    let clocks = petra.follow_ups().explain_follow_up(explained).await.unwrap().into_inner().clocks;
    let segments = &clocks[0].clock.as_ref().unwrap().segments;
    let pinned: Vec<_> =
        segments.iter().rev().take(2).map(|one| (one.calendar_id.as_str(), one.calendar_version)).collect();
    assert_eq!(pinned, [("berlin", 2), ("berlin", 1)]);
    assert_eq!(segments.last().unwrap().author, "ada");
}

async fn everything_wrong_with_a_step_is_named(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let [nora, nils] = [server.staff("nora"), server.staff("nils")];
    let interaction = record(&server, ended("carla", 600)).await;
    for (wrong, field) in [
        (OpenFollowUpRequest { points: vec![], ..opening(&interaction) }, "points"),
        (OpenFollowUpRequest { points: points(&["等了很久", " "]), ..opening(&interaction) }, "points[1].words"),
        (
            OpenFollowUpRequest { about_staff_ids: vec!["nobody".to_owned()], ..opening(&interaction) },
            "about_staff_ids[0]",
        ),
        (OpenFollowUpRequest { team_id: "nowhere".to_owned(), ..opening(&interaction) }, "team_id"),
        (OpenFollowUpRequest { within: length(0), ..opening(&interaction) }, "within"),
        (opening("42"), "interaction_id"),
    ] {
        let status = refused(open(&app, wrong).await);
        assert_eq!((status.code(), violations(&status)[0].0.as_str()), (Code::InvalidArgument, field));
    }
    let unknown = uuid::Uuid::new_v4().to_string();
    assert_eq!(refused(open(&app, opening(&unknown)).await).code(), Code::NotFound);
    let own = OpenFollowUpRequest { about_staff_ids: vec!["nora".to_owned()], ..opening(&interaction) };
    assert_eq!(violations(&refused(open(&nora, own).await))[0].1, "INTERESTED_PARTY");
    let elsewhere = OpenFollowUpRequest { team_id: "south".to_owned(), ..opening(&interaction) };
    let petra = server.supervisor("petra", &["north"]);
    assert_eq!(verdict(&refused(open(&petra, elsewhere).await)).1, "FIELD_NOT_YOURS");
    assert_eq!(server.number("SELECT count(*) FROM follow_up").await, 0);

    let opened = of(&server, "nora", "carla").await;
    let id = opened.follow_up_id.as_str();
    assert_eq!(violations(&refused(claim(&app, id).await))[0].0, "staff_id");
    let somebody = ClaimFollowUpRequest { staff_id: "nora".to_owned(), ..claiming(id) };
    assert_eq!(verdict(&refused(nils.follow_ups().claim_follow_up(somebody).await)).1, "FIELD_NOT_YOURS");
    let held = claim(&nils, id).await.unwrap().unwrap();
    // A point that is not there; another's claim; an old number.
    let none = refused(answer(&nils, &held, 3).await);
    assert_eq!((none.code(), violations(&none)[0].0.as_str()), (Code::InvalidArgument, "point_number"));
    assert_eq!(verdict(&refused(answer(&nora, &held, 1).await)), precondition("FOLLOW_UP_CLAIM_STALE"));
    let old = FollowUp { claim_number: 2, ..held.clone() };
    assert_eq!(verdict(&refused(answer(&nils, &old, 1).await)), precondition("FOLLOW_UP_CLAIM_STALE"));
    answer(&nils, &held, 1).await.unwrap();
    assert_eq!(verdict(&refused(answer(&nils, &held, 1).await)), precondition("ALREADY_ANSWERED"));
    assert_eq!(verdict(&refused(close(&petra, id).await)), precondition("FOLLOW_UP_POINTS_OPEN"));
    assert_eq!(verdict(&refused(reopen(&app, id).await)), precondition("FOLLOW_UP_POINTS_OPEN"));
    let too_long = HoldFollowUpRequest { wait: length(15 * 24 * HOUR), ..waiting(&held, FollowUpWait::Customer, 60) };
    assert_eq!(violations(&refused(hold(&nils, too_long).await))[0].0, "wait");
    let nothing = AssignFollowUpRequest { request_id: request_id(), follow_up_id: id.to_owned(), ..Default::default() };
    assert_eq!(violations(&refused(petra.follow_ups().assign_follow_up(nothing).await))[0].0, "team_id");
    answer(&nils, &held, 2).await.unwrap();
    assert_eq!(verdict(&refused(claim(&nora, id).await)), precondition("FOLLOW_UP_SETTLED"));
    // No follow-up has more points than anybody answers.
    for _ in 0..14 {
        let request = v1::ReopenFollowUpRequest {
            request_id: request_id(),
            follow_up_id: id.to_owned(),
            points: points(&["again"; 7]),
        };
        app.follow_ups().reopen_follow_up(request).await.unwrap();
        server.execute("UPDATE follow_up_point SET answer = 'so it is' WHERE answer IS NULL").await;
        server.execute("UPDATE follow_up SET state = 4").await;
    }
    let status = refused(reopen(&app, id).await);
    assert_eq!(violations(&status)[0], ("points".to_owned(), "COUNT_OUT_OF_RANGE".to_owned()));
}

async fn to_the_accused_it_does_not_exist_until_a_statement_is_released(server: Server) {
    let server = server.with_organization().await;
    let interaction = record(&server, Interaction { case_id: "K-9".to_owned(), ..complaint("nora", "nils") }).await;
    // Another matter of the same case, and one that names him by hand.
    let of_case = record(&server, Interaction { case_id: "K-9".to_owned(), ..ended("carla", 300) }).await;
    open(&server.app(), opening(&of_case)).await.unwrap();
    let other = record(&server, ended("dora", 300)).await;
    let by_name = OpenFollowUpRequest { about_staff_ids: vec!["nils".to_owned()], ..opening(&other) };
    open(&server.app(), by_name).await.unwrap();
    let admin = server.admin();
    let known = all(&admin).await;
    assert_eq!(known.len(), 3);
    let roles = [
        server.staff("nils"),
        server.supervisor("nils", &["north", "south"]),
        server.caller(Role::Reviewer, "nils", &[]),
        server.caller(Role::Admin, "nils", &[]),
    ];
    for caller in &roles {
        let lists = [
            ListFollowUpsRequest::default(),
            ListFollowUpsRequest { team_id: "north".to_owned(), ..Default::default() },
            ListFollowUpsRequest { customer_id: "carla".to_owned(), ..Default::default() },
            ListFollowUpsRequest { interaction_id: interaction.clone(), ..Default::default() },
            ListFollowUpsRequest { case_id: "K-9".to_owned(), ..Default::default() },
        ];
        for request in lists {
            assert_eq!(list(caller, request).await.unwrap(), []);
        }
        for one in &known {
            let made_up = refused(get(caller, &uuid::Uuid::new_v4().to_string()).await);
            let status = refused(get(caller, &one.follow_up_id).await);
            assert_eq!((status.code(), status.message()), (made_up.code(), made_up.message()));
        }
        let summary = caller.follow_ups().summarize_follow_ups(SummarizeFollowUpsRequest::default()).await;
        assert!(summary.is_err() || summary.unwrap().into_inner().summaries.is_empty());
    }
    let [nils, boss] = [&roles[0], &roles[1]];
    assert_eq!(claim(nils, "").await.unwrap(), None);
    assert_eq!(refused(claim(nils, &known[0].follow_up_id).await).code(), Code::NotFound);
    // Nobody gives it to him either.
    let petra = server.supervisor("petra", &["north"]);
    for one in &known {
        let assign = AssignFollowUpRequest {
            request_id: request_id(),
            follow_up_id: one.follow_up_id.clone(),
            staff_id: "nils".to_owned(),
            ..Default::default()
        };
        let status = refused(petra.follow_ups().assign_follow_up(assign).await);
        assert_eq!(violations(&status)[0], ("staff_id".to_owned(), "INTERESTED_PARTY".to_owned()));
        let request = ClaimFollowUpRequest { staff_id: "nils".to_owned(), ..claiming(&one.follow_up_id) };
        let status = refused(server.app().follow_ups().claim_follow_up(request).await);
        assert_eq!(violations(&status)[0], ("staff_id".to_owned(), "INTERESTED_PARTY".to_owned()));
    }
    // Nor is it in an export that he asks for.
    let promise =
        v1::Commitment { interaction_id: interaction.clone(), ..crate::commitments::promise("nora", "carla") };
    crate::commitments::make(&server.app(), promise).await.unwrap();
    for (customer_id, count) in [("carla", 2), ("dora", 1)] {
        let told = async |caller: &Caller| {
            let request = v1::ExportCustomerRequest {
                customer_id: customer_id.to_owned(),
                page_size: 1_000,
                ..Default::default()
            };
            let lines = caller.privacy().export_customer(request).await.unwrap().into_inner().json_lines;
            let of = |table: &str| lines.iter().filter(|line| line.contains(&format!("\"table\":\"{table}\""))).count();
            (of("follow_up"), of("follow_up_point"), of("commitment"))
        };
        let points = if customer_id == "carla" { 3 } else { 2 };
        assert_eq!(told(&admin).await, (count, points, usize::from(customer_id == "carla")), "{customer_id}");
        assert_eq!(told(&roles[3]).await, (0, 0, 0), "{customer_id}");
    }
    let mut watch = boss.follow_ups().watch_follow_ups(WatchFollowUpsRequest::default()).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().event, None);
    claim(&server.staff("nora"), &known[0].follow_up_id).await.unwrap();
    let silence = timeout(Duration::from_millis(1_500), async {
        while watch.message().await.unwrap().unwrap().event.is_none() {}
    });
    assert!(silence.await.is_err(), "the accused was told");

    let rita = server.caller(Role::Reviewer, "rita", &[]);
    let of_complaint = known.iter().find(|one| one.source() == FollowUpSource::Complaint).unwrap();
    let release = async |caller: &Caller, staff_id: &str, words: &str| {
        let request = v1::ReleaseStatementRequest {
            request_id: request_id(),
            follow_up_id: of_complaint.follow_up_id.clone(),
            staff_id: staff_id.to_owned(),
            words: words.to_owned(),
        };
        Ok::<_, Status>(caller.follow_ups().release_statement(request).await?.into_inner().statement.unwrap())
    };
    let words = "有一位顾客说，您没有听完就挂了电话。";
    for (staff_id, told, field) in [
        ("nora", words, "staff_id"),
        ("nobody", words, "staff_id"),
        ("nils", "The customer CARLA says that you hung up", "words"),
        ("nils", "In case k-9 somebody says that you hung up", "words"),
        ("nils", "short", "words"),
    ] {
        let status = refused(release(&rita, staff_id, told).await);
        assert_eq!((status.code(), violations(&status)[0].0.as_str()), (Code::InvalidArgument, field), "{told}");
    }
    // Who took part does not review it, and he himself finds none.
    assert_eq!(
        verdict(&refused(release(&server.caller(Role::Reviewer, "nora", &[]), "nils", words).await)).1,
        "INTERESTED_PARTY"
    );
    assert_eq!(refused(release(&roles[2], "nils", words).await).code(), Code::NotFound);
    let statements = async |caller: &Caller| {
        let request = v1::ListStatementsRequest::default();
        caller.follow_ups().list_statements(request).await.unwrap().into_inner().statements
    };
    assert_eq!(statements(nils).await, []);
    let released = release(&rita, "nils", words).await.unwrap();
    let [told] = statements(nils).await.try_into().unwrap();
    assert_eq!((told.words.as_str(), told.answer.as_str()), (words, ""));
    assert_eq!(statements(&server.staff("nora")).await, []);
    let reply = |caller: &Caller| {
        let request = v1::AnswerStatementRequest {
            request_id: request_id(),
            statement_id: released.statement_id.clone(),
            answer: "线路断了".to_owned(),
        };
        let mut follow_ups = caller.follow_ups();
        async move { follow_ups.answer_statement(request).await }
    };
    assert_eq!(refused(reply(&server.staff("nora")).await).code(), Code::NotFound);
    reply(nils).await.unwrap();
    assert_eq!(verdict(&refused(reply(nils).await)), precondition("ALREADY_ANSWERED"));
    let reviewed = get(&rita, &of_complaint.follow_up_id).await.unwrap().follow_up.unwrap();
    assert_eq!(
        (reviewed.statements[0].answer.as_str(), reviewed.statements[0].staff_id.as_str()),
        ("线路断了", "nils")
    );
    // A supervisor reads none of it, and the trail tells him nothing.
    assert_eq!(get(&petra, &of_complaint.follow_up_id).await.unwrap().follow_up.unwrap().statements, []);
    let trail = async |caller: &Caller| {
        let request =
            v1::ListAuditEventsRequest { action: v1::AuditAction::StatementReleased.into(), ..Default::default() };
        caller.audit().list_audit_events(request).await.unwrap().into_inner().audit_events.len()
    };
    assert_eq!((trail(&admin).await, trail(&roles[3]).await), (1, 0));
}

async fn a_follow_up_is_given_to_another_team(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north", "south"]);
    let opened = of(&server, "nora", "carla").await;
    let assign = |team_id: &str, staff_id: &str| AssignFollowUpRequest {
        request_id: request_id(),
        follow_up_id: opened.follow_up_id.clone(),
        team_id: team_id.to_owned(),
        staff_id: staff_id.to_owned(),
        lease: length(600),
    };
    let sam = server.staff("sam");
    assert_eq!(all(&sam).await, []);
    let narrow = server.supervisor("petra", &["north"]);
    let status = refused(narrow.follow_ups().assign_follow_up(assign("south", "")).await);
    assert_eq!(verdict(&status).1, "FIELD_NOT_YOURS");
    let given = petra.follow_ups().assign_follow_up(assign("", "sam")).await.unwrap().into_inner().follow_up.unwrap();
    let said = (given.team_id.as_str(), given.holder_staff_id.as_str(), given.state(), given.claim_number);
    assert_eq!(said, ("south", "sam", State::Claimed, 1));
    assert_eq!(all(&sam).await[0].points.len(), 2);
    assert_eq!(all(&server.staff("nora")).await, []);
    // Back to a team, and to nobody in it.
    let back = petra.follow_ups().assign_follow_up(assign("north", "")).await.unwrap().into_inner().follow_up.unwrap();
    assert_eq!((back.team_id.as_str(), back.holder_staff_id.as_str(), back.state()), ("north", "", State::Open));
    assert_eq!(refused(answer(&sam, &given, 1).await).code(), Code::NotFound);
    let reasons: Vec<String> = get(&petra, &opened.follow_up_id).await.unwrap().clocks[0]
        .segments
        .iter()
        .map(|one| one.reason.clone())
        .collect();
    assert_eq!(reasons, ["opened", "assigned", "assigned"]);
    // Pages go by due time.
    let others = [of(&server, "nora", "dora").await, of(&server, "nora", "dmitri").await];
    let page = ListFollowUpsRequest { page_size: 2, ..Default::default() };
    let first = petra.follow_ups().list_follow_ups(page.clone()).await.unwrap().into_inner();
    let rest = ListFollowUpsRequest { page_token: first.next_page_token, ..page };
    let rest = petra.follow_ups().list_follow_ups(rest).await.unwrap().into_inner();
    let ids: Vec<_> = first.follow_ups.iter().chain(&rest.follow_ups).map(|one| &one.follow_up_id).collect();
    assert_eq!(ids, [&opened.follow_up_id, &others[0].follow_up_id, &others[1].follow_up_id]);
}

async fn points_follow_an_erasure(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    let opened = of(&server, "nora", "carla").await;
    let export = v1::ExportCustomerRequest { customer_id: "carla".to_owned(), page_size: 1_000, ..Default::default() };
    let lines = admin.privacy().export_customer(export).await.unwrap().into_inner().json_lines;
    assert!(lines.iter().any(|line| line.contains("没有人回电")), "{lines:?}");
    let (customer_id, reason) = ("carla".to_owned(), "as asked".to_owned());
    let erase = v1::EraseCustomerRequest { request_id: request_id(), customer_id, reason };
    admin.privacy().erase_customer(erase).await.unwrap();
    let left = get(&admin, &opened.follow_up_id).await.unwrap().follow_up.unwrap();
    assert_eq!((left.customer_id.as_str(), left.points[0].words.as_str()), ("", ""));
    // There is nobody any more who could be answered.
    server.execute("UPDATE timer SET due_at = 0").await;
    let done = async {
        while get(&admin, &opened.follow_up_id).await.unwrap().follow_up.unwrap().state() != State::Closed {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), done).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM timer").await, 0);
}

async fn each_step_comes_once_with_two_servers(server: Server) {
    const COUNT: i64 = 40;
    let server = server.with_organization().await;
    let sibling = server.sibling().await;
    let mut opening_all = JoinSet::new();
    for _ in 0..COUNT {
        let interaction_id = record(&server, ended("carla", 600)).await;
        let app = if opening_all.len() % 2 == 0 { server.app() } else { sibling.app() };
        opening_all.spawn(async move { open(&app, opening(&interaction_id)).await.unwrap() });
    }
    assert_eq!(i64::try_from(opening_all.join_all().await.len()).unwrap(), COUNT);
    server.execute("UPDATE follow_up SET due_at = 1").await;
    server.execute("UPDATE timer SET due_at = 1").await;
    let overdue = "SELECT count(*) FROM follow_up WHERE level = 1";
    let done = async {
        while server.number(overdue).await < COUNT {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), done).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM follow_up_event WHERE kind = 9").await, COUNT);
    let once =
        "SELECT count(*) FROM (SELECT follow_up_id FROM follow_up_event WHERE kind = 9 GROUP BY follow_up_id) one";
    assert_eq!(server.number(once).await, COUNT);
    drop(sibling);
}

async fn the_program_works_on_follow_ups(server: Server) {
    let server = server.with_organization().await;
    let interaction_id = record(&server, ended("carla", 600)).await;
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output =
            rapport_as(&server, Role::App, "desk", &[&["followups"], arguments, &["--endpoint", &endpoint]].concat())
                .await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let opened = last_line(&run(&["open", &interaction_id, "--point", "等了很久", "--within", "8h", "--json"]).await);
    let id = opened["id"].as_str().unwrap().to_owned();
    let listed = text(run(&["list", "--team", "north", "--state", "open"]).await);
    assert!(listed.contains(&id) && listed.contains("0 of 1"), "{listed}");
    let claimed = last_line(&run(&["claim", &id, "--staff", "nils", "--lease", "2h", "--json"]).await);
    assert_eq!((&claimed["holder"], &claimed["claim"]), (&"nils".into(), &1.into()));
    let held = text(
        run(&["hold", &id, "--claim", "1", "--for", "customer", "--next", "she rings back", "--wait", "2h"]).await,
    );
    assert!(held.contains("waits for customer") && held.contains("she rings back"), "{held}");
    let why = text(run(&["explain", &id]).await);
    assert!(why.contains("waits for the customer") && why.contains("around the clock"), "{why}");
    let answered = text(run(&["answer", &id, "--claim", "1", "--point", "1", "我们多派了两位同事"]).await);
    assert!(answered.contains("answered") && answered.contains("我们多派了两位同事"), "{answered}");
    let shown = last_line(&run(&["show", &id, "--json"]).await);
    assert_eq!((&shown["state"], &shown["clocks"][0]["overdue"]), (&"answered".into(), &false.into()));
    let summary = last_line(&run(&["summary", "--json"]).await);
    assert_eq!((&summary["team"], &summary["answered"], &summary["in_time"]), (&"north".into(), &1.into(), &1.into()));
    assert!(text(run(&["summary"]).await).contains("100 %"));
}
