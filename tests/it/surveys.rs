//! What customers are asked, and who is invited to answer.

use prost_types::{Duration, FieldMask, Timestamp};
use rapport::{
    api::v1::{
        self, AuditAction, Channel, Consent, ContactKind, ContactPoint, ContactPolicy, ContactPurpose,
        ContactRefusalReason as Refused, Customer, DeliveryOutcome, Interaction, InteractionUpdate, InvitationFilter,
        InvitationState as State, InvitationToSend, IssueMode, Outcome, QuietHours, RatingQuestion, ScaleDirection,
        SuppressionReason as Suppressed, SurveyInvitation, SurveyTemplate, SurveyWording, TemplateState,
    },
    clock::Clock,
};
use tonic::{Code, Status, Streaming};

use crate::support::{
    Server, Test,
    client::request_id,
    on_both, on_postgres,
    refusal::verdict,
    refused,
    sample::{call, customer, phone},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_postgres![an_invitation_issued_by_one_server_is_sent_by_another, an_expired_token_is_forgotten];
    tests.extend(on_both![
        a_template_is_there_to_begin_with,
        what_was_published_never_changes,
        a_draft_is_changed_by_its_etag,
        templates_have_versions_and_pages,
        a_template_must_make_sense,
        a_scale_is_turned_with_a_reason_only,
        an_invitation_has_all_it_takes_to_send_it,
        the_window_runs_from_the_delivery,
        an_invitation_that_is_not_delivered_expires,
        what_stands_against_an_invitation,
        nobody_is_invited_twice_in_thirty_days,
        nobody_is_invited_against_the_policy,
        an_interaction_that_ends_invites_by_itself,
        a_batch_invites_each_customer_once,
        the_gateway_is_shown_what_is_to_be_sent,
        invitations_are_listed_page_by_page,
    ]);
    tests
}

const DAY: i64 = 86_400;

pub(crate) fn template(id: &str) -> SurveyTemplate {
    SurveyTemplate { template_id: id.to_owned(), direction: ScaleDirection::HighBest.into(), ..Default::default() }
}

pub(crate) fn low_best(id: &str, channels: &[Channel]) -> SurveyTemplate {
    let channels = channels.iter().map(|&channel| channel.into()).collect();
    SurveyTemplate { direction: ScaleDirection::LowBest.into(), channels, ..template(id) }
}

pub(crate) async fn create(server: &Server, template: SurveyTemplate) -> Result<SurveyTemplate, Status> {
    let request = v1::CreateTemplateRequest { request_id: request_id(), template: Some(template) };
    Ok(server.admin().surveys().create_template(request).await?.into_inner().template.unwrap())
}

async fn update(server: &Server, version: i32, template: SurveyTemplate, etag: &str) -> Result<SurveyTemplate, Status> {
    let (template, etag) = (Some(template), etag.to_owned());
    let request = v1::UpdateTemplateRequest { request_id: request_id(), template, version, etag };
    Ok(server.admin().surveys().update_template(request).await?.into_inner().template.unwrap())
}

pub(crate) async fn publish(server: &Server, draft: &SurveyTemplate, why: &str) -> Result<SurveyTemplate, Status> {
    let request = v1::PublishTemplateRequest {
        request_id: request_id(),
        template_id: draft.template_id.clone(),
        version: draft.version,
        direction_override_reason: why.to_owned(),
        etag: draft.etag.clone(),
    };
    Ok(server.admin().surveys().publish_template(request).await?.into_inner().template.unwrap())
}

pub(crate) async fn published(server: &Server, template: SurveyTemplate) -> SurveyTemplate {
    let draft = create(server, template).await.unwrap();
    publish(server, &draft, "").await.unwrap()
}

pub(crate) async fn retire(server: &Server, template: &SurveyTemplate) -> Result<SurveyTemplate, Status> {
    let request = v1::RetireTemplateRequest {
        request_id: request_id(),
        template_id: template.template_id.clone(),
        version: template.version,
    };
    Ok(server.admin().surveys().retire_template(request).await?.into_inner().template.unwrap())
}

async fn get(server: &Server, id: &str, version: i32) -> Result<SurveyTemplate, Status> {
    let request = v1::GetTemplateRequest { template_id: id.to_owned(), version };
    Ok(server.staff("nora").surveys().get_template(request).await?.into_inner().template.unwrap())
}

pub(crate) fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

async fn a_template_is_there_to_begin_with(server: Server) {
    let shipped = get(&server, "csat", 0).await.unwrap();
    assert_eq!((shipped.version, shipped.state()), (1, TemplateState::Published));
    assert_eq!((shipped.direction(), shipped.issue_mode()), (ScaleDirection::HighBest, IssueMode::Manual));
    assert_eq!((shipped.channels.len(), shipped.questions.len()), (0, 9));
    assert_eq!(shipped.answer_window, Some(Duration { seconds: 3_600, nanos: 0 }));
    assert_eq!(shipped.invite_interval, Some(Duration { seconds: 30 * DAY, nanos: 0 }));
    assert!(shipped.publish_time.is_some() && shipped.label_confirm_end_time.is_none());

    // Its words are those that any template gets which leaves them out, and so are its times.
    let own = published(&server, template("own")).await;
    assert_eq!(own.wordings, shipped.wordings);
    assert_eq!((own.answer_window, own.invite_interval), (shipped.answer_window, shipped.invite_interval));
}

async fn what_was_published_never_changes(server: Server) {
    let draft = create(&server, template("nps")).await.unwrap();
    assert_eq!((draft.version, draft.state(), draft.publish_time), (1, TemplateState::Draft, None));
    assert_eq!(refused(get(&server, "nps", 0).await).code(), Code::NotFound, "nothing is published");
    assert_eq!(verdict(&refused(retire(&server, &draft).await)), precondition("TEMPLATE_NOT_PUBLISHED"));

    let out = publish(&server, &draft, "").await.unwrap();
    assert_eq!(out.state(), TemplateState::Published);
    assert_eq!(get(&server, "nps", 0).await.unwrap(), out);
    let change = SurveyTemplate { display_name: "Another".to_owned(), ..template("nps") };
    assert_eq!(verdict(&refused(update(&server, 1, change, "").await)), precondition("TEMPLATE_NOT_DRAFT"));
    let again = SurveyTemplate { etag: String::new(), ..draft };
    assert_eq!(verdict(&refused(publish(&server, &again, "").await)), precondition("TEMPLATE_NOT_DRAFT"));
    assert_eq!(get(&server, "nps", 1).await.unwrap(), out);

    let retired = retire(&server, &out).await.unwrap();
    assert!(retired.retire_time.is_some());
    assert_eq!(retired.state(), TemplateState::Retired);
    assert_eq!(get(&server, "nps", 1).await.unwrap(), retired, "what was asked can still be read");
    assert_eq!(verdict(&refused(retire(&server, &out).await)), precondition("TEMPLATE_NOT_PUBLISHED"));
    let change = update(&server, 1, template("nps"), "").await;
    assert_eq!(verdict(&refused(change)), precondition("TEMPLATE_NOT_DRAFT"));
}

async fn a_draft_is_changed_by_its_etag(server: Server) {
    let draft = create(&server, template("nps")).await.unwrap();
    let change = SurveyTemplate {
        display_name: "After calls".to_owned(),
        questions: vec![RatingQuestion::Comment.into(), RatingQuestion::Resolved.into()],
        answer_window: Some(Duration { seconds: 7_200, nanos: 0 }),
        issue_mode: IssueMode::Automatic.into(),
        ..low_best("nps", &[Channel::InboundCall])
    };
    let changed = update(&server, 1, change.clone(), &draft.etag).await.unwrap();
    let expected = SurveyTemplate {
        version: 1,
        state: TemplateState::Draft.into(),
        questions: vec![RatingQuestion::Resolved.into(), RatingQuestion::Comment.into()],
        invite_interval: draft.invite_interval,
        follow_up_within: draft.follow_up_within,
        etag: changed.etag.clone(),
        ..change
    };
    assert_eq!(changed, expected);
    let stale = refused(update(&server, 1, template("nps"), &draft.etag).await);
    assert_eq!(verdict(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let stale = refused(publish(&server, &draft, "").await);
    assert_eq!(verdict(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(refused(update(&server, 2, template("nps"), "").await).code(), Code::NotFound);
}

async fn templates_have_versions_and_pages(server: Server) {
    for id in ["a", "b", "a", "a"] {
        create(&server, template(id)).await.unwrap();
    }
    let second = get(&server, "a", 2).await.unwrap();
    publish(&server, &second, "").await.unwrap();
    let list = async |state: TemplateState, page_size| {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = v1::ListTemplatesRequest { state: state.into(), page_size, page_token };
            let page = server.app().surveys().list_templates(request).await.unwrap().into_inner();
            found.extend(page.templates.into_iter().map(|one| (one.template_id, one.version)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return found;
            }
        }
    };
    let all = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("csat", 1)].map(|(id, version)| (id.to_owned(), version));
    assert_eq!(list(TemplateState::Unspecified, 0).await, all);
    assert_eq!(list(TemplateState::Unspecified, 2).await, all);
    assert_eq!(list(TemplateState::Published, 1).await, [all[1].clone(), all[4].clone()]);
    assert_eq!(get(&server, "a", 0).await.unwrap().version, 2, "the newest published one");
}

async fn a_template_must_make_sense(server: Server) {
    let wording = |locale: &str, labels: &[&str]| SurveyWording {
        locale: locale.to_owned(),
        question: String::new(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
    };
    let bad = SurveyTemplate {
        direction: 0,
        channels: vec![0, Channel::Sms.into()],
        answer_window: Some(Duration { seconds: 59, nanos: 0 }),
        invite_interval: Some(Duration { seconds: -1, nanos: 0 }),
        wordings: vec![wording("fr", &[]), wording("en", &["good", "bad"])],
        ..template("")
    };
    let expected = [
        ("template.template_id", "FIELD_REQUIRED"),
        ("template.direction", "FIELD_REQUIRED"),
        ("template.channels[0]", "FIELD_REQUIRED"),
        ("template.answer_window", "VALUE_OUT_OF_RANGE"),
        ("template.invite_interval", "VALUE_OUT_OF_RANGE"),
        ("template.wordings[0].question", "FIELD_REQUIRED"),
        ("template.wordings[0].labels", "FIELD_REQUIRED"),
        ("template.wordings[1].labels", "COUNT_OUT_OF_RANGE"),
    ];
    let expected = expected.map(|(field, reason)| (field.to_owned(), reason.to_owned()));
    assert_eq!(violations(&refused(create(&server, bad.clone()).await)), expected);
    assert_eq!(violations(&refused(update(&server, 1, bad, "").await)), expected);
}

async fn a_scale_is_turned_with_a_reason_only(server: Server) {
    let overridden = async |reason: &str| {
        let request =
            v1::ListAuditEventsRequest { action: AuditAction::DirectionOverridden.into(), ..Default::default() };
        let events = server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events;
        events.into_iter().filter(|event| event.reason == reason).map(|event| event.object_id).collect::<Vec<_>>()
    };
    let calls = [Channel::InboundCall, Channel::Sms];
    let draft = create(&server, low_best("turned", &calls)).await.unwrap();
    let status = refused(publish(&server, &draft, "").await);
    assert_eq!(verdict(&status), precondition("WRONG_DIRECTION"));
    assert!(status.message().ends_with("on inbound_call, sms"), "{}", status.message());
    assert_eq!(verdict(&refused(publish(&server, &draft, "  ").await)), precondition("WRONG_DIRECTION"));
    assert_eq!(overridden("as marks at school").await, [""; 0]);

    let turned = publish(&server, &draft, "as marks at school").await.unwrap();
    assert_eq!(overridden("as marks at school").await, ["turned/1"]);
    let (from, to) = (turned.publish_time.unwrap().seconds, turned.label_confirm_end_time.unwrap().seconds);
    assert_eq!(to - from, 90 * DAY);
    assert!(turned.wordings[1].question.contains("1 very satisfied, 2 satisfied"), "{:?}", turned.wordings);

    // It is the channel that was turned: the next template of that direction needs no reason, and shares the habit.
    let next = published(&server, low_best("next", &[Channel::Sms])).await;
    assert_eq!(next.label_confirm_end_time, turned.label_confirm_end_time);
    let back = create(&server, template("back")).await.unwrap();
    let status = refused(publish(&server, &back, "").await);
    assert!(status.message().ends_with("on inbound_call, sms"), "{}", status.message());
    let elsewhere = SurveyTemplate { channels: vec![Channel::Email.into()], ..template("elsewhere") };
    assert_eq!(published(&server, elsewhere).await.label_confirm_end_time, None);
    // The channel stays turned when the templates are gone.
    for template in [turned, next] {
        retire(&server, &template).await.unwrap();
    }
    assert_eq!(verdict(&refused(publish(&server, &back, "").await)), precondition("WRONG_DIRECTION"));
}

fn now() -> i64 {
    Clock::system().now_micros() / 1_000_000
}

/// So many seconds before now.
pub(crate) fn ago(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: now() - seconds, nanos: 0 })
}

/// A call by a customer to nora that ended so many seconds ago.
pub(crate) fn ended(customer_id: &str, seconds: i64) -> Interaction {
    Interaction {
        requested_time: ago(seconds + 60),
        connected_time: ago(seconds + 50),
        ended_time: ago(seconds),
        ..call("nora", customer_id)
    }
}

/// The same by somebody who is only known by their number.
pub(crate) fn ended_by(number: &str, seconds: i64) -> Interaction {
    Interaction { customer_alias: Some(phone(number)), ..ended("", seconds) }
}

pub(crate) async fn record(server: &Server, interaction: Interaction) -> String {
    server.app().record(interaction).await.unwrap().interaction_id
}

/// The sample organisation, whose customers may be asked at any hour.
pub(crate) async fn awake(server: Server) -> Server {
    let server = server.with_organization().await;
    set_policy(&server, ContactPolicy::default()).await;
    server
}

async fn set_policy(server: &Server, policy: ContactPolicy) {
    let request = v1::SetContactPolicyRequest {
        request_id: request_id(),
        policy: Some(policy),
        reason: "a test of surveys".to_owned(),
        etag: String::new(),
    };
    server.admin().contacts().set_contact_policy(request).await.unwrap();
}

pub(crate) async fn issue_by(
    server: &Server,
    interaction_id: &str,
    template_id: &str,
    template_version: i32,
) -> Result<InvitationToSend, Status> {
    let request = v1::IssueSurveyRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        template_id: template_id.to_owned(),
        template_version,
    };
    Ok(server.app().surveys().issue_survey(request).await?.into_inner().to_send.unwrap())
}

pub(crate) async fn issue(server: &Server, interaction_id: &str) -> Result<InvitationToSend, Status> {
    issue_by(server, interaction_id, "csat", 0).await
}

/// The id of an invitation for a new interaction.
async fn invited(server: &Server, interaction: Interaction) -> String {
    let interaction_id = record(server, interaction).await;
    issue(server, &interaction_id).await.unwrap().invitation.unwrap().invitation_id
}

pub(crate) async fn report(
    server: &Server,
    invitation_id: &str,
    outcome: DeliveryOutcome,
    delivery_time: Option<Timestamp>,
) -> Result<SurveyInvitation, Status> {
    let request = v1::ReportDeliveryRequest {
        request_id: request_id(),
        invitation_id: invitation_id.to_owned(),
        outcome: outcome.into(),
        delivery_time,
    };
    Ok(server.app().surveys().report_delivery(request).await?.into_inner().invitation.unwrap())
}

/// The same, delivered.
async fn reached(server: &Server, interaction: Interaction) {
    let id = invited(server, interaction).await;
    report(server, &id, DeliveryOutcome::Delivered, None).await.unwrap();
}

pub(crate) async fn invitation(server: &Server, id: &str) -> SurveyInvitation {
    let request = v1::GetInvitationRequest { invitation_id: id.to_owned() };
    server.app().surveys().get_invitation(request).await.unwrap().into_inner().invitation.unwrap()
}

async fn list(server: &Server, filter: InvitationFilter) -> Vec<SurveyInvitation> {
    let request = v1::ListInvitationsRequest { filter: Some(filter), ..Default::default() };
    server.app().surveys().list_invitations(request).await.unwrap().into_inner().invitations
}

/// The invitation of an interaction, if there is one.
async fn about(server: &Server, interaction_id: &str) -> Option<SurveyInvitation> {
    list(server, InvitationFilter { interaction_id: interaction_id.to_owned(), ..Default::default() }).await.pop()
}

/// As if all invitations had been issued so many seconds earlier.
pub(crate) async fn let_pass(server: &Server, seconds: i64) {
    let micros = seconds * 1_000_000;
    let sql = format!(
        "UPDATE survey_invitation SET issued_at = issued_at - {micros}, expire_at = expire_at - {micros},
        delivered_at = delivered_at - {micros}, answer_until = answer_until - {micros}"
    );
    server.execute(&sql).await;
}

fn seconds(time: Option<Timestamp>) -> i64 {
    time.unwrap().seconds
}

async fn an_invitation_has_all_it_takes_to_send_it(server: Server) {
    let server = awake(server).await;
    let point = |kind: ContactKind, value: &str, consent: Consent| ContactPoint {
        kind: kind.into(),
        value: value.to_owned(),
        source: "order".to_owned(),
        consent: consent.into(),
        ..Default::default()
    };
    let carla = Customer {
        locale: "zh-CN".to_owned(),
        contact_points: vec![
            point(ContactKind::Phone, "+1", Consent::Withdrawn),
            point(ContactKind::Email, "carla@example.com", Consent::Granted),
        ],
        ..customer("carla")
    };
    server.app().upsert_customer(carla).await.unwrap();
    let interaction_id = record(&server, ended("carla", 60)).await;
    let request = v1::IssueSurveyRequest {
        request_id: request_id(),
        interaction_id: interaction_id.clone(),
        template_id: "csat".to_owned(),
        template_version: 1,
    };
    let issued = server.app().surveys().issue_survey(request.clone()).await.unwrap().into_inner().to_send.unwrap();
    let found = issued.invitation.clone().unwrap();
    assert_eq!((found.interaction_id.as_str(), found.customer_id.as_str()), (interaction_id.as_str(), "carla"));
    assert_eq!(
        (found.state(), found.issue_mode(), found.channel()),
        (State::Issued, IssueMode::Manual, Channel::InboundCall)
    );
    assert_eq!((found.template_id.as_str(), found.template_version), ("csat", 1));
    assert_eq!(seconds(found.expire_time) - seconds(found.issue_time), 600);
    assert_eq!(uuid::Uuid::parse_str(&found.invitation_id).unwrap().get_version_num(), 4);
    assert_eq!(
        issued.contact_point.clone().unwrap().value,
        "carla@example.com",
        "the customer does not object to this one"
    );
    assert_eq!(issued.wording.clone().unwrap().locale, "zh");
    assert_eq!(issued.token.len(), 22);

    // A retry finds it; a new request is told.
    let again = server.app().surveys().issue_survey(request).await.unwrap().into_inner().to_send.unwrap();
    assert_eq!(again, issued);
    assert_eq!(verdict(&refused(issue(&server, &interaction_id).await)), precondition("ALREADY_INVITED"));
    assert_eq!(invitation(&server, &found.invitation_id).await, found);

    // Where the customer called from is where they are asked.
    let interaction_id =
        record(&server, Interaction { customer_alias: Some(phone("+49 30 1")), ..ended("dora", 60) }).await;
    let issued = issue(&server, &interaction_id).await.unwrap();
    assert_eq!(issued.contact_point.unwrap(), phone("+49 30 1"));
    let interaction_id = record(&server, ended("dmitri", 60)).await;
    assert_eq!(issue(&server, &interaction_id).await.unwrap().contact_point, None, "in the chat, if it was one");
}

async fn the_window_runs_from_the_delivery(server: Server) {
    let server = awake(server).await;
    let id = invited(&server, ended("carla", 60)).await;
    let tokens = "SELECT count(*) FROM survey_invitation WHERE token IS NOT NULL";
    assert_eq!(server.number(tokens).await, 1);
    let_pass(&server, 300).await;
    let delivered = report(&server, &id, DeliveryOutcome::Delivered, ago(60)).await.unwrap();
    assert_eq!(delivered.state(), State::Delivered);
    assert!((now() - 62..=now() - 60).contains(&seconds(delivered.delivery_time)), "{delivered:?}");
    assert_eq!(seconds(delivered.answer_end_time) - seconds(delivered.delivery_time), 3_600);
    assert_eq!(server.number(tokens).await, 0, "it was sent: what recognises it is enough");

    let again = report(&server, &id, DeliveryOutcome::Delivered, None).await.unwrap();
    assert_eq!(again, delivered, "the first report holds");
    let failed = report(&server, &id, DeliveryOutcome::Failed, None).await;
    assert_eq!(verdict(&refused(failed)), precondition("INVITATION_SETTLED"));

    let id = invited(&server, ended("dora", 60)).await;
    let failed = report(&server, &id, DeliveryOutcome::Failed, None).await.unwrap();
    assert_eq!((failed.state(), failed.delivery_time), (State::Failed, None));
    let second = report(&server, &id, DeliveryOutcome::Delivered, None).await.unwrap();
    assert_eq!(second.state(), State::Delivered, "the gateway's second attempt got through");

    let id = invited(&server, ended("dmitri", 60)).await;
    for delivery_time in [ago(-600), ago(600)] {
        let status = refused(report(&server, &id, DeliveryOutcome::Delivered, delivery_time).await);
        assert_eq!(violations(&status), [("delivery_time".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]);
    }
    let unknown = report(&server, &uuid::Uuid::new_v4().to_string(), DeliveryOutcome::Failed, None).await;
    assert_eq!(refused(unknown).code(), Code::NotFound);
}

async fn an_invitation_that_is_not_delivered_expires(server: Server) {
    let server = awake(server).await;
    let id = invited(&server, ended("carla", 60)).await;
    let_pass(&server, 660).await;
    assert_eq!(invitation(&server, &id).await.state(), State::Expired);
    let late = report(&server, &id, DeliveryOutcome::Delivered, None).await;
    assert_eq!(verdict(&refused(late)), precondition("INVITATION_EXPIRED"));
    let in_time = report(&server, &id, DeliveryOutcome::Delivered, ago(120)).await.unwrap();
    assert_eq!(in_time.state(), State::Delivered, "only the report was late");
}

async fn what_stands_against_an_invitation(server: Server) {
    let server = awake(server).await;
    let interaction_id = record(&server, ended("carla", 60)).await;
    let why = async |template: &str, version| {
        let status = refused(issue_by(&server, &interaction_id, template, version).await);
        verdict(&status).1
    };
    assert_eq!(why("unheard_of", 0).await, "UNKNOWN_TEMPLATE");
    assert_eq!(why("csat", 2).await, "UNKNOWN_TEMPLATE");
    create(&server, template("draft")).await.unwrap();
    assert_eq!(why("draft", 1).await, "TEMPLATE_NOT_PUBLISHED");
    assert_eq!(why("draft", 0).await, "TEMPLATE_NOT_PUBLISHED");
    let retired = published(&server, template("retired")).await;
    retire(&server, &retired).await.unwrap();
    assert_eq!(why("retired", 1).await, "TEMPLATE_NOT_PUBLISHED");
    published(&server, SurveyTemplate { channels: vec![Channel::Visit.into()], ..template("visits") }).await;
    assert_eq!(why("visits", 0).await, "CHANNEL_NOT_COVERED");
    let turned = create(&server, low_best("turned", &[Channel::InboundCall])).await.unwrap();
    publish(&server, &turned, "as marks at school").await.unwrap();
    assert_eq!(why("csat", 0).await, "WRONG_DIRECTION");
    // None of these was an attempt that counts.
    assert_eq!(about(&server, &interaction_id).await, None);
    let invited = issue_by(&server, &interaction_id, "turned", 0).await.unwrap();
    assert!(invited.wording.unwrap().question.contains("1 非常满意"));

    let going_on = record(&server, Interaction { ended_time: None, ..ended("dora", 60) }).await;
    assert_eq!(
        verdict(&refused(issue_by(&server, &going_on, "turned", 0).await)),
        precondition("INTERACTION_NOT_OVER")
    );
    assert_eq!(about(&server, &going_on).await, None);
    let nobody = record(&server, ended("", 60)).await;
    for _ in 0..2 {
        assert_eq!(verdict(&refused(issue_by(&server, &nobody, "turned", 0).await)), precondition("NOBODY_TO_INVITE"));
    }
    let suppressed = about(&server, &nobody).await.unwrap();
    assert_eq!((suppressed.state(), suppressed.suppression_reason()), (State::Suppressed, Suppressed::NobodyToInvite));
    let delivered = report(&server, &suppressed.invitation_id, DeliveryOutcome::Delivered, None).await;
    assert_eq!(verdict(&refused(delivered)), precondition("INVITATION_SETTLED"));
    let unknown = issue(&server, &uuid::Uuid::now_v7().to_string()).await;
    assert_eq!(refused(unknown).code(), Code::NotFound);
}

async fn nobody_is_invited_twice_in_thirty_days(server: Server) {
    let server = awake(server).await;
    reached(&server, ended("carla", 60)).await;
    let second = record(&server, ended("carla", 60)).await;
    assert_eq!(verdict(&refused(issue(&server, &second).await)), precondition("INVITED_RECENTLY"));
    assert_eq!(about(&server, &second).await.unwrap().suppression_reason(), Suppressed::InvitedRecently);
    let_pass(&server, 30 * DAY - 60).await;
    let third = record(&server, ended("carla", 60)).await;
    assert_eq!(verdict(&refused(issue(&server, &third).await)), precondition("INVITED_RECENTLY"));
    let_pass(&server, 60).await;
    assert_eq!(verdict(&refused(issue(&server, &third).await)), precondition("INVITED_RECENTLY"), "it stays so");
    reached(&server, ended("carla", 60)).await;

    // Another template may have another interval, but not another memory.
    let weekly = Some(Duration { seconds: 7 * DAY, nanos: 0 });
    published(&server, SurveyTemplate { invite_interval: weekly, ..template("weekly") }).await;
    let again = record(&server, ended("carla", 60)).await;
    assert_eq!(verdict(&refused(issue_by(&server, &again, "weekly", 0).await)), precondition("INVITED_RECENTLY"));
    let_pass(&server, 7 * DAY).await;
    let again = record(&server, ended("carla", 60)).await;
    issue_by(&server, &again, "weekly", 0).await.unwrap();

    // What never reached anybody bothered nobody.
    let failed = invited(&server, ended("dora", 60)).await;
    report(&server, &failed, DeliveryOutcome::Failed, None).await.unwrap();
    let expired = invited(&server, ended("dora", 60)).await;
    let_pass(&server, 660).await;
    assert_eq!(invitation(&server, &expired).await.state(), State::Expired);
    invited(&server, ended("dora", 60)).await;

    // A number is the same person before and after its name is known.
    invited(&server, ended_by("+49 30 2", 60)).await;
    let dmitri = Customer { aliases: vec![phone("+49 30 2")], ..customer("dmitri") };
    server.app().upsert_customer(dmitri).await.unwrap();
    let named = record(&server, ended_by("+49 30 2", 60)).await;
    assert_eq!(verdict(&refused(issue(&server, &named).await)), precondition("INVITED_RECENTLY"));
    assert_eq!(about(&server, &named).await.unwrap().customer_id, "dmitri");
}

async fn nobody_is_invited_against_the_policy(server: Server) {
    let server = awake(server).await;
    let survey = || vec![ContactPurpose::Survey.into()];
    // A night that is now.
    let hour = now() % DAY / 3_600;
    let (start, end) = if hour >= 12 { (hour, 4) } else { (2.min(hour), 4.max(hour + 1)) };
    let clock = |hour: i64| format!("{hour:02}:00");
    let quiet_hours = Some(QuietHours { start_time: clock(start), end_time: clock(end) });
    set_policy(&server, ContactPolicy { quiet_hours, quiet_hours_purposes: survey(), ..Default::default() }).await;
    let at_night = record(&server, ended("carla", 60)).await;
    let status = refused(issue(&server, &at_night).await);
    assert_eq!(verdict(&status), precondition("CONTACT_REFUSED"));
    assert!(status.message().ends_with("quiet hours"), "{}", status.message());
    // Quiet hours do not postpone it (R2).
    set_policy(&server, ContactPolicy { do_not_contact_purposes: survey(), ..Default::default() }).await;
    assert_eq!(verdict(&refused(issue(&server, &at_night).await)), precondition("CONTACT_REFUSED"));
    let suppressed = about(&server, &at_night).await.unwrap();
    assert_eq!(suppressed.suppression_reason(), Suppressed::ContactPolicy);
    assert_eq!(suppressed.contact_refusals().collect::<Vec<_>>(), [Refused::QuietHours]);

    let wish = v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "too many questions".to_owned(),
        ..Default::default()
    };
    server.app().contacts().set_do_not_contact(wish).await.unwrap();
    let by_day = record(&server, ended("carla", 60)).await;
    assert_eq!(verdict(&refused(issue(&server, &by_day).await)), precondition("CONTACT_REFUSED"));
    let suppressed = about(&server, &by_day).await.unwrap();
    assert_eq!(suppressed.contact_refusals().collect::<Vec<_>>(), [Refused::DoNotContact]);
    // The customer was not invited, so that nothing else keeps them from being asked.
    invited(&server, ended("dora", 60)).await;
}

fn automatic(id: &str) -> SurveyTemplate {
    SurveyTemplate { issue_mode: IssueMode::Automatic.into(), ..template(id) }
}

async fn an_interaction_that_ends_invites_by_itself(server: Server) {
    let server = awake(server).await;
    let before = record(&server, ended("carla", 60)).await;
    assert_eq!(about(&server, &before).await, None, "no template says so");
    let all = published(&server, automatic("all")).await;
    let calls = SurveyTemplate { channels: vec![Channel::InboundCall.into()], ..automatic("calls") };
    let calls = published(&server, calls).await;

    let interaction_id = record(&server, ended("carla", 60)).await;
    let found = about(&server, &interaction_id).await.unwrap();
    assert_eq!((found.state(), found.issue_mode()), (State::Issued, IssueMode::Automatic));
    assert_eq!(found.template_id, "calls", "it names the channel");
    let recently = record(&server, ended("carla", 60)).await;
    assert_eq!(about(&server, &recently).await.unwrap().suppression_reason(), Suppressed::InvitedRecently);
    assert_eq!(verdict(&refused(issue(&server, &interaction_id).await)), precondition("ALREADY_INVITED"));

    // Those that nobody is asked about.
    let gone = Interaction { outcome: Outcome::Abandoned.into(), connected_time: None, ..ended("dora", 60) };
    let asking = Interaction {
        channel: Channel::OutboundCall.into(),
        contact_purpose: ContactPurpose::Survey.into(),
        ..ended("dora", 60)
    };
    for interaction in [ended("dora", 660), Interaction { ended_time: None, ..ended("dora", 60) }, gone, asking] {
        let interaction_id = record(&server, interaction).await;
        assert_eq!(about(&server, &interaction_id).await, None);
    }

    // It ends later.
    let going_on = record(&server, Interaction { ended_time: None, ..ended("dora", 60) }).await;
    let over = ago(5);
    let update = async |paths: &[&str]| {
        let request = v1::UpdateInteractionRequest {
            request_id: request_id(),
            interaction_id: going_on.clone(),
            interaction: Some(InteractionUpdate {
                ended_time: over,
                outcome: Outcome::Answered.into(),
                conclusion: "sent a new one".to_owned(),
                ..Default::default()
            }),
            update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
            etag: String::new(),
        };
        server.staff("nora").interactions().update_interaction(request).await.unwrap();
    };
    update(&["conclusion"]).await;
    assert_eq!(about(&server, &going_on).await, None);
    update(&["ended_time"]).await;
    let found = about(&server, &going_on).await.unwrap();
    assert_eq!((found.state(), found.template_id.as_str()), (State::Issued, "calls"));
    update(&["ended_time", "conclusion"]).await;
    assert_eq!(about(&server, &going_on).await, Some(found));

    // The caller became known during the call, and is taken for the customer who was invited already.
    let unnamed = Interaction { customer_alias: Some(phone("+49 30 5")), ended_time: None, ..ended("", 60) };
    let unnamed = record(&server, unnamed).await;
    let carla = Customer { aliases: vec![phone("+49 30 5")], ..customer("carla") };
    server.app().upsert_customer(carla).await.unwrap();
    let request = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: unnamed.clone(),
        interaction: Some(InteractionUpdate { ended_time: ago(5), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["ended_time".to_owned()] }),
        etag: String::new(),
    };
    server.app().interactions().update_interaction(request).await.unwrap();
    let suppressed = about(&server, &unnamed).await.unwrap();
    assert_eq!(
        (suppressed.customer_id.as_str(), suppressed.suppression_reason()),
        ("carla", Suppressed::InvitedRecently)
    );

    // A newer version that does not say so ends it, and so does retiring.
    published(&server, SurveyTemplate { issue_mode: IssueMode::Manual.into(), ..template("calls") }).await;
    let found = async |number: &str| {
        let interaction_id = record(&server, ended_by(number, 60)).await;
        about(&server, &interaction_id).await.map(|found| found.template_id)
    };
    assert_eq!(found("+49 30 3").await.as_deref(), Some("all"));
    retire(&server, &all).await.unwrap();
    retire(&server, &calls).await.unwrap();
    assert_eq!(found("+49 30 4").await, None);
}

async fn a_batch_invites_each_customer_once(server: Server) {
    let server = awake(server).await;
    published(&server, automatic("all")).await;
    let interactions = [
        ended("carla", 60),
        ended("dora", 60),
        ended("carla", 30),
        ended("", 60),
        ended("dmitri", 3_600),
        ended_by("+5", 9),
    ];
    let requests = interactions
        .into_iter()
        .map(|interaction| v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(interaction) });
    let request = v1::BatchRecordInteractionsRequest { requests: requests.collect() };
    for _ in 0..2 {
        // The second time all of them are there.
        server.app().interactions().batch_record_interactions(request.clone()).await.unwrap();
    }
    let mut found: Vec<_> = list(&server, InvitationFilter::default())
        .await
        .into_iter()
        .map(|one| (one.customer_id.clone(), one.state(), one.suppression_reason()))
        .collect();
    found.sort();
    let expected = [
        ("", State::Issued, Suppressed::Unspecified),
        ("", State::Suppressed, Suppressed::NobodyToInvite),
        ("carla", State::Issued, Suppressed::Unspecified),
        ("carla", State::Suppressed, Suppressed::InvitedRecently),
        ("dora", State::Issued, Suppressed::Unspecified),
    ];
    assert_eq!(found, expected.map(|(customer, state, why)| (customer.to_owned(), state, why)));
}

/// The gateway's watch: what it is shown next, with the cursor behind it.
struct Gateway {
    stream: Streaming<v1::WatchInvitationsResponse>,
    cursor: String,
}

impl Gateway {
    async fn open(server: &Server, cursor: &str) -> Self {
        let request = v1::WatchInvitationsRequest { resume_cursor: cursor.to_owned() };
        let stream = server.app().surveys().watch_invitations(request).await.unwrap().into_inner();
        Self { stream, cursor: String::new() }
    }

    async fn next(&mut self) -> InvitationToSend {
        let shown = async {
            loop {
                let response = self.stream.message().await.unwrap().unwrap();
                self.cursor = response.resume_cursor;
                if let Some(to_send) = response.to_send {
                    return to_send;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), shown).await.expect("an invitation in time")
    }
}

async fn the_gateway_is_shown_what_is_to_be_sent(server: Server) {
    let server = awake(server).await;
    let mut gateway = Gateway::open(&server, "").await;
    let carla = record(&server, Interaction { customer_alias: Some(phone("+1")), ..ended("carla", 60) }).await;
    let issued = issue(&server, &carla).await.unwrap();
    assert_eq!(gateway.next().await, issued);
    // What is suppressed is not sent.
    let again = record(&server, ended("carla", 60)).await;
    refused(issue(&server, &again).await);
    let dora = record(&server, ended("dora", 60)).await;
    let second = issue(&server, &dora).await.unwrap();
    assert_eq!(gateway.next().await, second);

    // It comes back, and is not told to send what was sent.
    let cursor = gateway.cursor.clone();
    drop(gateway);
    let dmitri = invited(&server, ended("dmitri", 60)).await;
    report(&server, &dmitri, DeliveryOutcome::Delivered, None).await.unwrap();
    let late = record(&server, ended_by("+7", 60)).await;
    let fourth = issue(&server, &late).await.unwrap();
    assert_eq!(Gateway::open(&server, &cursor).await.next().await, fourth);
}

async fn an_invitation_issued_by_one_server_is_sent_by_another(server: Server) {
    let server = awake(server).await;
    let sibling = server.sibling().await;
    let mut gateway = Gateway::open(&sibling, "").await;
    published(&sibling, automatic("all")).await;
    let interaction_id = record(&server, ended("carla", 60)).await;
    let shown = gateway.next().await;
    assert_eq!(shown.invitation.unwrap().interaction_id, interaction_id);
    // Both at once for one interaction: one of them.
    let contested = record(&server, ended("dora", 3_600)).await;
    let (one, other) = tokio::join!(issue(&server, &contested), issue(&sibling, &contested));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
}

async fn an_expired_token_is_forgotten(server: Server) {
    let server = awake(server).await;
    let id = invited(&server, ended("carla", 60)).await;
    let open = invited(&server, ended("dora", 60)).await;
    server.execute(&format!("UPDATE survey_invitation SET expire_at = expire_at - 660000000 WHERE id = '{id}'")).await;
    // The next one to start does what each does every minute.
    let sibling = server.sibling().await;
    let kept = "SELECT count(*) FROM survey_invitation WHERE token IS NOT NULL";
    for _ in 0..200 {
        if server.number(kept).await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(server.number(kept).await, 1);
    assert_eq!(invitation(&sibling, &id).await.state(), State::Expired);
    assert_eq!(invitation(&sibling, &open).await.state(), State::Issued);
    let in_time = report(&sibling, &id, DeliveryOutcome::Delivered, ago(0)).await;
    assert_eq!(verdict(&refused(in_time)), precondition("INVITATION_EXPIRED"));
}

async fn invitations_are_listed_page_by_page(server: Server) {
    let server = awake(server).await;
    let (mut expected, mut first) = (Vec::new(), None);
    for number in ["+1", "+2", "+3", "+4", "+5"] {
        let id = invited(&server, ended_by(number, 60)).await;
        first = first.or(invitation(&server, &id).await.issue_time);
        expected.push(id);
    }
    expected.reverse();
    report(&server, &expected[1], DeliveryOutcome::Delivered, None).await.unwrap();
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListInvitationsRequest { filter: None, page_size: 2, page_token };
        let page = server.app().surveys().list_invitations(request).await.unwrap().into_inner();
        found.extend(page.invitations.into_iter().map(|one| one.invitation_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, expected);
    let ids = async |filter| list(&server, filter).await.into_iter().map(|one| one.invitation_id).collect::<Vec<_>>();
    let of_state = |state: State| InvitationFilter { state: state.into(), ..Default::default() };
    assert_eq!(ids(of_state(State::Delivered)).await, [expected[1].clone()]);
    assert_eq!(ids(of_state(State::Issued)).await.len(), 4);
    assert_eq!(ids(InvitationFilter { end_time: first, ..Default::default() }).await, [""; 0]);
    assert_eq!(ids(InvitationFilter { start_time: first, ..Default::default() }).await.len(), 5);
    assert_eq!(ids(InvitationFilter { template_id: "another".to_owned(), ..Default::default() }).await, [""; 0]);
    let_pass(&server, 660).await;
    assert_eq!(ids(of_state(State::Issued)).await, [""; 0]);
    assert_eq!(ids(of_state(State::Expired)).await.len(), 4);
    let backwards = InvitationFilter { start_time: ago(0), end_time: ago(60), ..Default::default() };
    let request = v1::ListInvitationsRequest { filter: Some(backwards), ..Default::default() };
    let status = refused(server.app().surveys().list_invitations(request).await);
    assert_eq!(violations(&status), [("filter.end_time".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]);
}
