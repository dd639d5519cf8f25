//! What customers write back to invitations, and what becomes of it.

use futures::future::join_all;
use prost_types::Timestamp;
use rapport::api::v1::{
    self, Attribution, AuditAction, Channel, DeliveryOutcome, InvitationState, InvitationToSend, Rating, RatingAnswers,
    RatingStanding, ReceiveReplyRequest, ReceiveReplyResponse, ReplyOutcome, Scorecard, ScorecardUnit,
    SettleReplyRequest, SubmitSurveyRequest, SubmitSurveyResponse, SurveyReply,
    rating_service_client::RatingServiceClient,
};
use tonic::{Code, Response, Status};

use crate::{
    support::{
        Backend, Caller, Server, Test, client::request_id, on_both, refusal::verdict, refused, sample::phone,
        violations,
    },
    surveys::{
        ago, awake, create, ended, ended_by, invitation, issue, issue_by, let_pass, low_best, precondition, publish,
        published, record, report, retire, template,
    },
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_reply_becomes_a_rating,
        an_answer_by_the_last_microsecond_counts,
        what_is_missing_is_asked_for,
        a_wrong_key_is_put_right,
        what_is_taken_back_too_late_is_exempt,
        what_is_taken_back_after_contact_waits_for_a_reviewer,
        nothing_that_a_customer_typed_is_lost,
        a_turned_scale_asks_for_the_label,
        two_gateways_at_once_are_one_rating,
        an_answer_may_overtake_the_report_of_its_delivery,
        a_token_is_good_for_one_rating,
        a_person_settles_what_only_a_person_can_read,
        replies_are_listed_page_by_page,
        a_reply_says_in_one_way_what_it_answers,
        who_says_stop_is_left_alone,
        machines_are_not_talked_to,
        what_may_not_be_about_the_colleague_is_asked_back,
    ]
}

const NUMBER: &str = "+86 138 0000 0001";

fn from(number: &str, text: &str) -> ReceiveReplyRequest {
    ReceiveReplyRequest {
        request_id: request_id(),
        contact_point: Some(phone(number)),
        text: text.to_owned(),
        ..Default::default()
    }
}

fn to(invitation_id: &str, text: &str) -> ReceiveReplyRequest {
    ReceiveReplyRequest { contact_point: None, invitation_id: invitation_id.to_owned(), ..from("", text) }
}

async fn receive(caller: &Caller, request: ReceiveReplyRequest) -> Result<ReceiveReplyResponse, Status> {
    caller.surveys().receive_reply(request).await.map(Response::into_inner)
}

/// What became of a reply, and what is sent back.
async fn replied(server: &Server, request: ReceiveReplyRequest) -> (SurveyReply, String) {
    let received = receive(&server.app(), request).await.unwrap();
    (received.reply.unwrap(), received.answer_text)
}

async fn rating(server: &Server, rating_id: &str) -> Rating {
    let request = v1::GetRatingRequest { rating_id: rating_id.to_owned() };
    RatingServiceClient::new(server.app().service()).get_rating(request).await.unwrap().into_inner().rating.unwrap()
}

async fn figures(server: &Server) -> Scorecard {
    let request = v1::GetScorecardRequest { unit: ScorecardUnit::Organization.into(), ..Default::default() };
    let card = RatingServiceClient::new(server.app().service()).get_scorecard(request).await.unwrap();
    card.into_inner().groups.pop().unwrap_or_default()
}

fn id(sent: &InvitationToSend) -> String {
    sent.invitation.as_ref().unwrap().invitation_id.clone()
}

/// An invitation that reached somebody of whom only the number is known.
async fn delivered_to(server: &Server, number: &str) -> String {
    let sent = issue(server, &record(server, ended_by(number, 60)).await).await.unwrap();
    report(server, &id(&sent), DeliveryOutcome::Delivered, None).await.unwrap();
    id(&sent)
}

async fn list(server: &Server, outcome: ReplyOutcome) -> Vec<SurveyReply> {
    let request = v1::ListRepliesRequest { outcome: outcome.into(), ..Default::default() };
    server.admin().surveys().list_replies(request).await.unwrap().into_inner().replies
}

async fn audited(server: &Server, action: AuditAction) -> Vec<v1::AuditEvent> {
    let request = v1::ListAuditEventsRequest { action: action.into(), ..Default::default() };
    server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events
}

async fn a_reply_becomes_a_rating(server: Server) {
    let server = awake(server).await;
    let invitation_id = delivered_to(&server, NUMBER).await;
    let request = from(NUMBER, "５分，很有耐心");
    let (reply, answer) = replied(&server, request.clone()).await;
    assert_eq!((reply.outcome(), reply.standing()), (ReplyOutcome::Scored, RatingStanding::Counted));
    assert_eq!((reply.invitation_id.as_str(), reply.text.as_str()), (invitation_id.as_str(), "５分，很有耐心"));
    assert_eq!((reply.contact_point.clone(), answer.as_str()), (Some(phone(NUMBER)), "感谢您的评价！"));

    let answered = invitation(&server, &invitation_id).await;
    assert_eq!(answered.state(), InvitationState::Answered);
    let kept = rating(&server, &reply.rating_id).await;
    assert_eq!((kept.score, kept.comment.as_str(), kept.rated_staff_id.as_str()), (5, "５分，很有耐心", "nora"));
    assert_eq!((kept.delivered_time, kept.answered_time), (answered.delivery_time, reply.reply_time));
    assert_eq!((figures(&server).await.answered, figures(&server).await.counted), (1, 1));

    // A retry is the same reply; another body under its id is none.
    assert_eq!(replied(&server, request.clone()).await, (reply.clone(), answer));
    let other = refused(receive(&server.app(), ReceiveReplyRequest { text: "1".to_owned(), ..request }).await);
    assert_eq!(verdict(&other), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    // To say it again changes nothing.
    let (again, _) = replied(&server, to(&invitation_id, "5")).await;
    assert_eq!((again.outcome(), &again.rating_id), (ReplyOutcome::Scored, &reply.rating_id));
    assert_eq!(figures(&server).await.answered, 1);
}

async fn an_answer_by_the_last_microsecond_counts(server: Server) {
    let server = awake(server).await;
    let ids = [delivered_to(&server, "+1").await, delivered_to(&server, "+2").await];
    let_pass(&server, 4_000).await;
    let mut seen = Vec::new();
    for (after, id) in ids.iter().enumerate() {
        let delivered = invitation(&server, id).await.delivery_time.unwrap();
        let micros = delivered.seconds * 1_000_000 + i64::from(delivered.nanos) / 1_000 + 3_600_000_000 + after as i64;
        let nanos = i32::try_from(micros % 1_000_000 * 1_000).unwrap();
        let reply_time = Some(Timestamp { seconds: micros / 1_000_000, nanos });
        let (reply, answer) = replied(&server, ReceiveReplyRequest { reply_time, ..to(id, "2") }).await;
        assert_eq!(reply.outcome(), ReplyOutcome::Scored);
        seen.push((reply.standing(), answer.contains("不计入服务人员的考核")));
    }
    assert_eq!(seen, [(RatingStanding::Counted, false), (RatingStanding::Late, true)]);
    let card = figures(&server).await;
    assert_eq!((card.answered, card.counted, card.late), (2, 1, 1));
}

async fn what_is_missing_is_asked_for(server: Server) {
    let server = awake(server).await;
    let invitation_id = delivered_to(&server, NUMBER).await;
    for (text, asked) in [
        ("很满意", "请问您的评价是 4（满意）还是 5（非常满意）？请只回复一个数字。"),
        ("系统问题", "请只回复一个数字：5 非常满意，4 满意，3 一般，2 不满意，1 非常不满意。"),
    ] {
        let (reply, answer) = replied(&server, from(NUMBER, text)).await;
        assert_eq!((reply.outcome(), answer.as_str()), (ReplyOutcome::AskBack, asked), "{text}");
        assert_eq!(reply.rating_id, "");
    }
    assert_eq!(invitation(&server, &invitation_id).await.state(), InvitationState::Delivered);
    let (reply, _) = replied(&server, from(NUMBER, "3 0")).await;
    assert_eq!((reply.outcome(), reply.standing()), (ReplyOutcome::Scored, RatingStanding::NonStaff));
    assert_eq!(rating(&server, &reply.rating_id).await.attribution(), Attribution::Other);
}

async fn a_wrong_key_is_put_right(server: Server) {
    let server = awake(server).await;
    let id = delivered_to(&server, NUMBER).await;
    let_pass(&server, 3_000).await;
    let at = |seconds, text| ReceiveReplyRequest { reply_time: ago(seconds), ..to(&id, text) };
    let (first, _) = replied(&server, at(2_900, "1分")).await;
    let (second, answer) = replied(&server, at(2_800, "不对，是5")).await;
    assert_eq!((second.outcome(), answer.as_str()), (ReplyOutcome::Corrected, "已按您的意思更正，谢谢！"));
    let kept = rating(&server, &second.rating_id).await;
    assert_eq!((kept.score, &kept.corrects_rating_id), (5, &first.rating_id));
    assert_eq!(rating(&server, &first.rating_id).await.standing(), RatingStanding::Superseded);

    let (third, _) = replied(&server, at(2_700, "系统问题")).await;
    assert_eq!((third.outcome(), third.standing()), (ReplyOutcome::Corrected, RatingStanding::NonStaff));
    let kept = rating(&server, &third.rating_id).await;
    assert_eq!((kept.score, kept.attribution()), (5, Attribution::System));

    let (late, answer) = replied(&server, at(0, "2")).await;
    assert_eq!((late.outcome(), late.rating_id.as_str()), (ReplyOutcome::ForAPerson, ""));
    assert!(answer.contains("30 分钟"), "{answer}");
    let card = figures(&server).await;
    assert_eq!((card.answered, card.customer.unwrap().mean), (1, Some(5.0)));
}

/// An hour-old invitation, and what replies to it become when sent so many seconds ago.
async fn old_invitation(server: &Server) -> String {
    let id = delivered_to(server, NUMBER).await;
    let_pass(server, 4_000).await;
    id
}

fn said(id: &str, seconds_ago: i64, text: &str) -> ReceiveReplyRequest {
    ReceiveReplyRequest { reply_time: ago(seconds_ago), ..to(id, text) }
}

async fn contests(caller: &Caller) -> Vec<v1::Contest> {
    caller.contests().list_contests(v1::ListContestsRequest::default()).await.unwrap().into_inner().contests
}

async fn what_is_taken_back_too_late_is_exempt(server: Server) {
    let server = awake(server).await;
    let id = old_invitation(&server).await;
    let (first, _) = replied(&server, said(&id, 3_900, "1")).await;
    // More words about the same answer take nothing back.
    let (more, _) = replied(&server, said(&id, 1_000, "1分，唉")).await;
    assert_eq!((more.outcome(), figures(&server).await.counted), (ReplyOutcome::ForAPerson, 1));
    let request = said(&id, 900, "按错了，是5");
    let (second, answer) = replied(&server, request.clone()).await;
    assert_eq!((second.outcome(), second.standing()), (ReplyOutcome::Contested, RatingStanding::Exempt));
    assert_eq!(second.rating_id, first.rating_id);
    assert!(answer.contains("不再计入服务人员的考核"), "{answer}");
    assert_eq!(replied(&server, request).await.0, second);
    let card = figures(&server).await;
    assert_eq!((card.answered, card.counted, card.exempt, card.customer.unwrap().mean), (1, 0, 1, Some(1.0)));

    let petra = server.supervisor("petra", &["north"]);
    for caller in [&petra, &server.admin()] {
        let found = contests(caller).await;
        assert_eq!((found.len(), found[0].state(), found[0].contester.as_str()), (1, v1::ContestState::Granted, ""));
        assert_eq!((found[0].grounds(), found[0].evidence.as_str()), (v1::ContestGrounds::SecondReply, "按错了，是5"));
    }
    let read = audited(&server, AuditAction::RatingsRead).await;
    assert!(read.iter().any(|event| event.actor == "petra" && event.object_id == "evidence of contests"));
    // The rated person reads nothing of it.
    assert!(contests(&server.staff("nora")).await.is_empty());
    // Once is enough.
    let (third, _) = replied(&server, said(&id, 800, "4")).await;
    assert_eq!(third.outcome(), ReplyOutcome::ForAPerson);
    let restore = v1::RestoreRatingRequest {
        request_id: request_id(),
        rating_id: first.rating_id.clone(),
        reason: "he meant another call".to_owned(),
    };
    server.admin().contests().restore_rating(restore).await.unwrap();
    assert_eq!(figures(&server).await.counted, 1);
    let appeal = v1::AppealContestRequest {
        request_id: request_id(),
        contest_id: contests(&petra).await[0].contest_id.clone(),
        reason: "He was clear.".to_owned(),
    };
    let other = server.supervisor("paul", &["south"]).contests().appeal_contest(appeal.clone()).await;
    assert_eq!(refused(other).code(), Code::NotFound);
    let appealed = petra.contests().appeal_contest(appeal).await.unwrap().into_inner().contest.unwrap();
    assert_eq!(appealed.state(), v1::ContestState::SecondReview);
    assert_eq!(crate::support::differing_counters(&server).await, 0);
}

async fn what_is_taken_back_after_contact_waits_for_a_reviewer(server: Server) {
    let server = awake(server).await;
    let id = old_invitation(&server).await;
    let (first, _) = replied(&server, said(&id, 3_900, "1")).await;
    record(&server, ended_by(NUMBER, 2_000)).await;
    let (second, answer) = replied(&server, said(&id, 900, "5")).await;
    assert_eq!((second.outcome(), second.standing()), (ReplyOutcome::Contested, RatingStanding::Counted));
    assert!(answer.contains("专人"), "{answer}");
    assert_eq!(rating(&server, &first.rating_id).await.standing(), RatingStanding::Counted);
    let found = contests(&server.admin()).await;
    assert_eq!((found.len(), found[0].state()), (1, v1::ContestState::Open));
}

async fn nothing_that_a_customer_typed_is_lost(server: Server) {
    let server = awake(server).await;
    let missed = delivered_to(&server, "+1").await;
    server.execute("UPDATE survey_invitation SET state = 1, delivered_at = NULL, answer_until = NULL").await;
    let_pass(&server, 601).await;
    let nobody = uuid::Uuid::nil().to_string();
    let token = ReceiveReplyRequest { contact_point: None, survey_token: "nothing".to_owned(), ..from("", "4") };
    for request in [from("+404", "5"), to(&nobody, "Hello?"), token] {
        let (reply, answer) = replied(&server, request).await;
        assert_eq!((reply.outcome(), reply.invitation_id.as_str()), (ReplyOutcome::ForAPerson, ""));
        assert_eq!(answer, "");
    }
    let (reply, answer) = replied(&server, to(&missed, "5")).await;
    assert_eq!((reply.outcome(), &reply.invitation_id), (ReplyOutcome::ForAPerson, &missed), "it expired");
    assert_eq!(answer, "已收到，会有专人查看，谢谢！");
    // What was sent before an invitation was issued does not answer it.
    let later = delivered_to(&server, "+3").await;
    let (reply, _) = replied(&server, ReceiveReplyRequest { reply_time: ago(400), ..from("+3", "5") }).await;
    assert_eq!((reply.outcome(), reply.invitation_id.as_str()), (ReplyOutcome::ForAPerson, ""), "{later}");
    // From elsewhere than it was sent to, nor long after.
    let long_ago = delivered_to(&server, "+2").await;
    server
        .execute(&format!(
            "UPDATE survey_invitation SET issued_at = issued_at - 604800000001 WHERE id = {}",
            literal(&server, &long_ago)
        ))
        .await;
    assert_eq!(replied(&server, from("+2", "5")).await.0.invitation_id, "");

    let texts: Vec<_> = list(&server, ReplyOutcome::ForAPerson).await.into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["5", "5", "5", "4", "Hello?", "5"]);
    assert_eq!(list(&server, ReplyOutcome::Scored).await, []);
    assert_eq!(figures(&server).await.answered, 0);
    let read = audited(&server, AuditAction::RepliesRead).await;
    let read: Vec<_> = read.iter().map(|event| (event.actor.as_str(), event.object_id.as_str())).collect();
    assert_eq!(read, [("ada", "scored"), ("ada", "for_a_person")]);
}

/// A UUID as each database writes it.
fn literal(server: &Server, id: &str) -> String {
    match server.backend() {
        Backend::Sqlite => format!("X'{}'", id.replace('-', "")),
        Backend::Postgres => format!("'{id}'"),
    }
}

async fn a_turned_scale_asks_for_the_label(server: Server) {
    let server = awake(server).await;
    let draft = create(&server, low_best("turned", &[Channel::InboundCall])).await.unwrap();
    publish(&server, &draft, "as marks at school").await.unwrap();
    let sent = issue_by(&server, &record(&server, ended_by(NUMBER, 60)).await, "turned", 0).await.unwrap();
    report(&server, &id(&sent), DeliveryOutcome::Delivered, None).await.unwrap();
    let (reply, answer) = replied(&server, from(NUMBER, "1")).await;
    assert_eq!(reply.outcome(), ReplyOutcome::AskBack);
    assert_eq!(answer, "为避免误解，请直接回复文字而不是数字：非常满意、满意、一般、不满意、非常不满意。");
    let (reply, _) = replied(&server, from(NUMBER, "非常满意")).await;
    assert_eq!(reply.outcome(), ReplyOutcome::Scored);
    let kept = rating(&server, &reply.rating_id).await;
    assert_eq!((kept.score, kept.level), (1, 5));
}

async fn two_gateways_at_once_are_one_rating(server: Server) {
    let server = awake(server).await;
    let id = delivered_to(&server, NUMBER).await;
    let sibling = match server.backend() {
        Backend::Postgres => Some(server.sibling().await),
        Backend::Sqlite => None,
    };
    let callers = [server.app(), sibling.as_ref().unwrap_or(&server).app()];
    let replies = (0..8).map(|number| {
        let request = if number % 4 < 2 { from(NUMBER, "4") } else { to(&id, "4") };
        receive(&callers[number % 2], request)
    });
    let replies = join_all(replies).await;
    let ratings: std::collections::BTreeSet<_> =
        replies.into_iter().map(|reply| reply.unwrap().reply.unwrap().rating_id).collect();
    assert_eq!(ratings.len(), 1, "{ratings:?}");
    assert_eq!((figures(&server).await.answered, list(&server, ReplyOutcome::Scored).await.len()), (1, 8));
    assert_eq!(server.number("SELECT count(*) FROM rating").await, 1);
}

async fn an_answer_may_overtake_the_report_of_its_delivery(server: Server) {
    let server = awake(server).await;
    let sent = issue(&server, &record(&server, ended_by(NUMBER, 60)).await).await.unwrap();
    let (reply, _) = replied(&server, from(NUMBER, "5")).await;
    assert_eq!((reply.outcome(), reply.standing()), (ReplyOutcome::Scored, RatingStanding::Counted));
    let answered = invitation(&server, &id(&sent)).await;
    assert_eq!((answered.state(), answered.delivery_time), (InvitationState::Answered, answered.issue_time));
    let told = report(&server, &id(&sent), DeliveryOutcome::Delivered, None).await.unwrap();
    assert_eq!(told, answered);
}

async fn submit(server: &Server, request: SubmitSurveyRequest) -> Result<SubmitSurveyResponse, Status> {
    server.app().surveys().submit_survey(request).await.map(Response::into_inner)
}

fn page(token: &str, score: i32) -> SubmitSurveyRequest {
    SubmitSurveyRequest { request_id: request_id(), survey_token: token.to_owned(), score, ..Default::default() }
}

async fn a_token_is_good_for_one_rating(server: Server) {
    let server = awake(server).await;
    let out = published(&server, template("page")).await;
    let sent = issue_by(&server, &record(&server, ended("carla", 60)).await, "page", 0).await.unwrap();
    report(&server, &id(&sent), DeliveryOutcome::Delivered, None).await.unwrap();
    // It is answered as it was asked.
    retire(&server, &out).await.unwrap();
    let answers = Some(RatingAnswers { clarity: 4, ..Default::default() });
    let given = SubmitSurveyRequest { answers, comment: "Well done".to_owned(), ..page(&sent.token, 5) };
    let taken = submit(&server, given.clone()).await.unwrap();
    assert_eq!((taken.standing(), taken.answer_text.as_str()), (RatingStanding::Counted, "感谢您的评价！"));
    let kept = rating(&server, &taken.rating_id).await;
    assert_eq!((kept.template_id.as_str(), kept.template_version, kept.score), ("page", 1, 5));
    assert_eq!((kept.answers, kept.comment.as_str()), (answers, "Well done"));
    assert_eq!(submit(&server, given).await.unwrap(), taken);
    let used = refused(submit(&server, page(&sent.token, 1)).await);
    assert_eq!(verdict(&used), (Code::AlreadyExists, "ALREADY_RATED".to_owned()));

    let invalid = (Code::NotFound, "SURVEY_TOKEN_INVALID".to_owned());
    assert_eq!(verdict(&refused(submit(&server, page("made up", 5)).await)), invalid);
    let other = issue(&server, &record(&server, ended("dora", 60)).await).await.unwrap();
    let_pass(&server, 601).await;
    assert_eq!(verdict(&refused(submit(&server, page(&other.token, 5)).await)), invalid, "never delivered");
    assert_eq!(figures(&server).await.answered, 1);
    let wrong = refused(submit(&server, page("", 6)).await);
    let expected = [("survey_token", "FIELD_REQUIRED"), ("score", "VALUE_OUT_OF_RANGE")];
    assert_eq!(violations(&wrong), expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
}

async fn a_person_settles_what_only_a_person_can_read(server: Server) {
    let server = awake(server).await;
    let id = delivered_to(&server, NUMBER).await;
    let (reply, _) = replied(&server, from(NUMBER, "客服后来又打电话来解释了半天")).await;
    let (stranger, _) = replied(&server, from("+404", "5")).await;
    assert_eq!((reply.outcome(), stranger.outcome()), (ReplyOutcome::ForAPerson, ReplyOutcome::ForAPerson));
    let admin = server.admin();
    let settle = async |request: SettleReplyRequest| {
        let request = SettleReplyRequest { request_id: request_id(), ..request };
        admin.surveys().settle_reply(request).await.map(|answer| answer.into_inner().reply.unwrap())
    };
    let as_read = |reply: &SurveyReply, score| SettleReplyRequest {
        reply_id: reply.reply_id.clone(),
        score,
        reason: "asked him".to_owned(),
        ..Default::default()
    };
    let unknown = refused(settle(as_read(&stranger, 5)).await);
    assert_eq!(violations(&unknown), [("invitation_id".to_owned(), "FIELD_REQUIRED".to_owned())]);
    let blamed = SettleReplyRequest { attribution: Attribution::Policy.into(), ..as_read(&reply, 0) };
    assert_eq!(violations(&refused(settle(blamed).await)), [("attribution".to_owned(), "CONTRADICTION".to_owned())]);

    let settled = settle(SettleReplyRequest { attribution: Attribution::Policy.into(), ..as_read(&reply, 2) }).await;
    let settled = settled.unwrap();
    assert_eq!((settled.outcome(), settled.standing()), (ReplyOutcome::Settled, RatingStanding::NonStaff));
    let kept = rating(&server, &settled.rating_id).await;
    assert_eq!((kept.score, kept.comment.as_str(), kept.answered_time), (2, reply.text.as_str(), reply.reply_time));
    assert_eq!(invitation(&server, &id).await.state(), InvitationState::Answered);
    assert_eq!(verdict(&refused(settle(as_read(&reply, 2)).await)), precondition("REPLY_SETTLED"));
    let twice = refused(settle(SettleReplyRequest { invitation_id: id, ..as_read(&stranger, 5) }).await);
    assert_eq!(verdict(&twice), (Code::AlreadyExists, "ALREADY_RATED".to_owned()));
    let closed = settle(as_read(&stranger, 0)).await.unwrap();
    assert_eq!((closed.outcome(), closed.rating_id.as_str()), (ReplyOutcome::Settled, ""));
    let none = SettleReplyRequest { reply_id: uuid::Uuid::nil().to_string(), ..as_read(&reply, 1) };
    assert_eq!(refused(settle(none).await).code(), Code::NotFound);

    let noted = audited(&server, AuditAction::ReplySettled).await;
    let noted: Vec<_> = noted.iter().map(|event| (&event.object_id, event.reason.as_str())).collect();
    assert_eq!(noted, [(&stranger.reply_id, "asked him"), (&reply.reply_id, "asked him")]);
    assert_eq!(figures(&server).await.answered, 1);
}

async fn replies_are_listed_page_by_page(server: Server) {
    let server = awake(server).await;
    for text in ["a", "b", "c", "d", "e"] {
        replied(&server, from("+404", text)).await;
    }
    let (mut found, mut page_token) = (String::new(), String::new());
    loop {
        let request = v1::ListRepliesRequest { outcome: 0, page_size: 2, page_token };
        let page = server.admin().surveys().list_replies(request).await.unwrap().into_inner();
        page.replies.iter().for_each(|one| found.push_str(&one.text));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, "edcba");
}

async fn a_reply_says_in_one_way_what_it_answers(server: Server) {
    let wrong = async |request| violations(&refused(receive(&server.app(), request).await));
    let one = |field: &str, reason: &str| vec![(field.to_owned(), reason.to_owned())];
    let nowhere = ReceiveReplyRequest { contact_point: None, ..from("", "5") };
    assert_eq!(wrong(nowhere).await, one("invitation_id", "FIELD_REQUIRED"));
    let both = ReceiveReplyRequest { survey_token: "t".to_owned(), ..from("+1", "5") };
    assert_eq!(wrong(both).await, one("survey_token", "CONTRADICTION"));
    let ahead = ReceiveReplyRequest { reply_time: ago(-400), ..from("+1", "5") };
    assert_eq!(wrong(ahead).await, one("reply_time", "TIME_IN_FUTURE"));
    assert_eq!(wrong(from("+1", "")).await, one("text", "FIELD_REQUIRED"));
}

async fn may_contact(server: &Server, customer_id: &str, number: Option<&str>) -> bool {
    let request = v1::CheckContactRequest {
        customer_id: customer_id.to_owned(),
        customer_alias: number.filter(|_| customer_id.is_empty()).map(phone),
        contact_point: number.unwrap_or_default().to_owned(),
        purpose: v1::ContactPurpose::Campaign.into(),
        channel: Channel::Sms.into(),
        ..Default::default()
    };
    server.app().contacts().check_contact(request).await.unwrap().into_inner().refusals.is_empty()
}

/// Customers may be asked at any hour, unless they do not wish it.
async fn wishes_count(server: &Server) {
    let purposes = [v1::ContactPurpose::Campaign, v1::ContactPurpose::Survey];
    let policy = v1::ContactPolicy { do_not_contact_purposes: purposes.map(Into::into).to_vec(), ..Default::default() };
    let request = v1::SetContactPolicyRequest {
        request_id: request_id(),
        policy: Some(policy),
        reason: "a test of replies".to_owned(),
        etag: String::new(),
    };
    server.admin().contacts().set_contact_policy(request).await.unwrap();
}

async fn who_says_stop_is_left_alone(server: Server) {
    let server = awake(server).await;
    wishes_count(&server).await;
    // A stranger, asked at their number.
    let invitation = delivered_to(&server, NUMBER).await;
    assert!(may_contact(&server, "", Some(NUMBER)).await);
    let (reply, answer) = replied(&server, from(NUMBER, "退订")).await;
    assert_eq!((reply.outcome(), reply.invitation_id), (ReplyOutcome::OptedOut, invitation));
    assert!(answer.contains("已退订"), "{answer}");
    assert!(!may_contact(&server, "", Some("+8613800000001")).await, "at once, in any notation");
    let (reply, answer) = replied(&server, from(NUMBER, "TD")).await;
    assert_eq!((reply.outcome(), answer.as_str()), (ReplyOutcome::OptedOut, ""), "confirmed once");
    let next = record(&server, ended_by(NUMBER, 30)).await;
    refused(issue(&server, &next).await);
    // The person who turns out to have the number has said no there.
    let known = v1::Customer { aliases: vec![phone(NUMBER)], ..crate::support::sample::customer("wang") };
    server.app().upsert_customer(known).await.unwrap();
    assert!(!may_contact(&server, "wang", Some(NUMBER)).await);

    // A customer whose number the directory has; and one who was asked where it has none.
    for (id, number, word) in [("carla", "+49 30 100", "STOP"), ("dora", "+49 30 200", "Unsubscribe me please")] {
        let mut customer = crate::support::sample::customer(id);
        if id == "carla" {
            let point = v1::ContactPoint {
                kind: v1::ContactKind::Phone.into(),
                value: number.to_owned(),
                source: "order form".to_owned(),
                consent: v1::Consent::Granted.into(),
                ..Default::default()
            };
            customer.contact_points = vec![point];
        }
        server.app().upsert_customer(customer).await.unwrap();
        let called = v1::Interaction { customer_alias: Some(phone(number)), ..ended(id, 60) };
        let sent = issue(&server, &record(&server, called).await).await.unwrap();
        report(&server, &self::id(&sent), DeliveryOutcome::Delivered, None).await.unwrap();
        assert_eq!(replied(&server, to(&self::id(&sent), word)).await.0.outcome(), ReplyOutcome::OptedOut);
        assert!(!may_contact(&server, id, Some(number)).await);
        let request = v1::GetCustomerRequest { customer_id: id.to_owned(), alias: None };
        let customer = server.app().directory().get_customer(request).await.unwrap().into_inner().customer.unwrap();
        assert_eq!(customer.contact_points[0].consent(), v1::Consent::Withdrawn);
        let trail = audited(&server, AuditAction::ConsentSet).await;
        assert!(trail.iter().any(|event| event.object_id == id));
        // They agree again.
        let yes = v1::SetConsentRequest {
            request_id: request_id(),
            customer_id: id.to_owned(),
            kind: v1::ContactKind::Phone.into(),
            value: number.to_owned(),
            consent: v1::Consent::Granted.into(),
            source: "by telephone".to_owned(),
            consent_time: None,
        };
        server.app().privacy().set_consent(yes).await.unwrap();
        assert!(may_contact(&server, id, Some(number)).await);
    }

    // A score beside it is not lost.
    delivered_to(&server, "+49 30 300").await;
    let (reply, answer) = replied(&server, from("+49 30 300", "5，别再发短信了")).await;
    assert!(answer.contains("退订"), "{answer}");
    assert!(!may_contact(&server, "", Some("+49 30 300")).await);
    assert_ne!(reply.outcome(), ReplyOutcome::OptedOut);
    // Where nobody was asked, it counts as well.
    let (reply, answer) = replied(&server, from("+49 30 400", "stop")).await;
    assert_eq!(reply.outcome(), ReplyOutcome::OptedOut);
    assert!(answer.contains("unsubscribed"), "{answer}");
    assert!(!may_contact(&server, "", Some("+49 30 400")).await);
}

async fn machines_are_not_talked_to(server: Server) {
    let server = awake(server).await;
    delivered_to(&server, NUMBER).await;
    let (reply, answer) = replied(&server, from(NUMBER, "Automatic reply: I am out of the office until 5 May")).await;
    assert_eq!((reply.outcome(), answer.as_str()), (ReplyOutcome::ForAPerson, ""));
    // The same question twice at most, then a person in silence.
    for expected in [ReplyOutcome::AskBack, ReplyOutcome::AskBack, ReplyOutcome::ForAPerson, ReplyOutcome::ForAPerson] {
        let (reply, answer) = replied(&server, from(NUMBER, "👍")).await;
        assert_eq!(reply.outcome(), expected);
        assert_eq!(answer.is_empty(), expected == ReplyOutcome::ForAPerson, "{answer}");
    }
    // A machine that changes its words is left, too.
    let mut answers = Vec::new();
    for number in 0..12 {
        answers.push(replied(&server, from(NUMBER, &format!("ticket opened {number}:{number}1"))).await.1);
    }
    assert!(answers[..1].iter().all(|one| !one.is_empty()) && answers[8..].iter().all(String::is_empty), "{answers:?}");
    // What is understood still counts.
    let (reply, _) = replied(&server, from(NUMBER, "4")).await;
    assert_eq!(reply.outcome(), ReplyOutcome::Scored);
}

async fn what_may_not_be_about_the_colleague_is_asked_back(server: Server) {
    let server = awake(server).await;
    for (number, text, again, attribution) in [
        ("+49 30 1001", "1 because of the website", "1 0", Attribution::Other),
        ("+49 30 1002", "5 but slow delivery", "5", Attribution::Unspecified),
        ("+49 30 1003", "1分，网站打不开", "1 0", Attribution::Other),
    ] {
        delivered_to(&server, number).await;
        let (reply, answer) = replied(&server, from(number, text)).await;
        assert_eq!(reply.outcome(), ReplyOutcome::AskBack, "{text}");
        assert!(answer.contains(" 0"), "{answer}");
        let (reply, _) = replied(&server, from(number, again)).await;
        assert_eq!(reply.outcome(), ReplyOutcome::Scored);
        assert_eq!(rating(&server, &reply.rating_id).await.attribution(), attribution, "{text}");
    }
}
