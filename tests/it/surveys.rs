//! What customers are asked, and who is invited to answer.

use prost_types::Duration;
use rapport::api::v1::{
    self, AuditAction, Channel, IssueMode, RatingQuestion, ScaleDirection, SurveyTemplate, SurveyWording, TemplateState,
};
use tonic::{Code, Status};

use crate::support::{Server, Test, client::request_id, on_both, refusal::verdict, refused, violations};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_template_is_there_to_begin_with,
        what_was_published_never_changes,
        a_draft_is_changed_by_its_etag,
        templates_have_versions_and_pages,
        a_template_must_make_sense,
        a_scale_is_turned_with_a_reason_only,
    ]
}

const DAY: i64 = 86_400;

fn template(id: &str) -> SurveyTemplate {
    SurveyTemplate { template_id: id.to_owned(), direction: ScaleDirection::HighBest.into(), ..Default::default() }
}

fn low_best(id: &str, channels: &[Channel]) -> SurveyTemplate {
    let channels = channels.iter().map(|&channel| channel.into()).collect();
    SurveyTemplate { direction: ScaleDirection::LowBest.into(), channels, ..template(id) }
}

async fn create(server: &Server, template: SurveyTemplate) -> Result<SurveyTemplate, Status> {
    let request = v1::CreateTemplateRequest { request_id: request_id(), template: Some(template) };
    Ok(server.admin().surveys().create_template(request).await?.into_inner().template.unwrap())
}

async fn update(server: &Server, version: i32, template: SurveyTemplate, etag: &str) -> Result<SurveyTemplate, Status> {
    let (template, etag) = (Some(template), etag.to_owned());
    let request = v1::UpdateTemplateRequest { request_id: request_id(), template, version, etag };
    Ok(server.admin().surveys().update_template(request).await?.into_inner().template.unwrap())
}

async fn publish(server: &Server, draft: &SurveyTemplate, why: &str) -> Result<SurveyTemplate, Status> {
    let request = v1::PublishTemplateRequest {
        request_id: request_id(),
        template_id: draft.template_id.clone(),
        version: draft.version,
        direction_override_reason: why.to_owned(),
        etag: draft.etag.clone(),
    };
    Ok(server.admin().surveys().publish_template(request).await?.into_inner().template.unwrap())
}

async fn published(server: &Server, template: SurveyTemplate) -> SurveyTemplate {
    let draft = create(server, template).await.unwrap();
    publish(server, &draft, "").await.unwrap()
}

async fn retire(server: &Server, template: &SurveyTemplate) -> Result<SurveyTemplate, Status> {
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

fn precondition(reason: &str) -> (Code, String) {
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
