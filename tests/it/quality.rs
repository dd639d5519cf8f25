//! Assessments, mismatches with ratings, and praise.

use rapport::api::v1::{
    self, AssessInteractionRequest, AssessedCriterion, Assessment, AssessmentFilter, AuditAction, Channel,
    ListAssessmentsRequest, ListMismatchesRequest, ListPraiseRequest, Mismatch, MismatchDirection, MismatchFilter,
    Praise, PraiseState, Rating, Role, SharePraiseRequest,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    on_both,
    refusal::{preconditions, verdict},
    refused,
    sample::{at, call, participant},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_newer_assessment_takes_the_place_of_the_authors_own,
        everything_wrong_with_an_assessment_is_named,
        the_assessed_read_what_was_made_of_their_work,
        assessments_are_read_by_team,
        what_contradicts_is_listed,
        mismatches_are_found_by_team_period_and_direction,
        praise_reaches_the_colleague_at_once,
        praise_is_the_customers_words,
        praise_once_read_stays,
    ]
}

fn reviewer(server: &Server) -> Caller {
    server.caller(Role::Reviewer, "rita", &[])
}

fn petra(server: &Server) -> Caller {
    server.supervisor("petra", &["north"])
}

async fn record(server: &Server, staff_id: &str) -> String {
    server.app().record(call(staff_id, "carla")).await.unwrap().interaction_id
}

fn marks(interaction_id: &str, overall: i32) -> AssessInteractionRequest {
    AssessInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        overall,
        criteria: vec![AssessedCriterion { name: "greeting".to_owned(), score: 3 }],
        note: "Explained the refund twice.".to_owned(),
    }
}

async fn assess(caller: &Caller, request: AssessInteractionRequest) -> Result<Assessment, Status> {
    Ok(caller.quality().assess_interaction(request).await?.into_inner().assessment.unwrap())
}

async fn assessments(caller: &Caller, filter: AssessmentFilter) -> Vec<Assessment> {
    let request = ListAssessmentsRequest { filter: Some(filter), ..Default::default() };
    caller.quality().list_assessments(request).await.unwrap().into_inner().assessments
}

async fn submit(server: &Server, rating: Rating) -> String {
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap().into_inner().rating_id
}

fn rating(interaction_id: &str, score: i32) -> Rating {
    Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        answered_time: at(600),
        ..Default::default()
    }
}

async fn mismatches(caller: &Caller, filter: MismatchFilter) -> Vec<Mismatch> {
    let request = ListMismatchesRequest { filter: Some(filter), ..Default::default() };
    caller.quality().list_mismatches(request).await.unwrap().into_inner().mismatches
}

fn rating_ids(found: &[Mismatch]) -> Vec<&str> {
    found.iter().map(|one| one.rating.as_ref().unwrap().rating_id.as_str()).collect()
}

async fn share(caller: &Caller, rating_id: &str, text: &str) -> Result<Praise, Status> {
    let (request_id, rating_id, text) = (request_id(), rating_id.to_owned(), text.to_owned());
    let shared = caller.quality().share_praise(SharePraiseRequest { request_id, rating_id, text }).await?;
    Ok(shared.into_inner().praise.unwrap())
}

async fn praise(caller: &Caller, state: PraiseState) -> Result<Vec<Praise>, Status> {
    let request = ListPraiseRequest { state: state.into(), ..Default::default() };
    caller.quality().list_praise(request).await.map(|answer| answer.into_inner().praise)
}

async fn readings(server: &Server, actor: &str) -> Vec<String> {
    let request = v1::ListAuditEventsRequest {
        action: AuditAction::RatingsRead.into(),
        actor: actor.to_owned(),
        ..Default::default()
    };
    let events = server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events;
    events.into_iter().map(|event| event.object_id).collect()
}

async fn correct(server: &Server, rating_id: &str, score: i32, comment: &str) -> String {
    let request = v1::CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rating_id.to_owned(),
        score,
        comment: comment.to_owned(),
        answered_time: at(700),
        ..Default::default()
    };
    let corrected = server.app().ratings().correct_rating(request).await.unwrap().into_inner();
    corrected.rating.unwrap().rating_id
}

async fn a_newer_assessment_takes_the_place_of_the_authors_own(server: Server) {
    let server = server.with_organization().await;
    let (rita, petra) = (reviewer(&server), petra(&server));
    let interaction_id = record(&server, "nora").await;
    let request = marks(&interaction_id, 2);
    let first = assess(&rita, request.clone()).await.unwrap();
    assert_eq!((first.overall, first.author.as_str(), first.author_role()), (2, "rita", Role::Reviewer));
    assert_eq!((first.interaction_id.as_str(), first.staff_id.as_str()), (interaction_id.as_str(), "nora"));
    assert_eq!((first.channel(), first.topic.as_str()), (Channel::InboundCall, "Returns"));
    assert_eq!((&first.criteria, &first.note), (&request.criteria, &request.note));
    assert_eq!(assess(&rita, request.clone()).await.unwrap(), first, "the same request is the same assessment");
    let other = AssessInteractionRequest { overall: 3, ..request };
    assert_eq!(verdict(&refused(assess(&rita, other).await)).1, "REQUEST_ID_REUSED");
    let by_petra = assess(&petra, marks(&interaction_id, 4)).await.unwrap();
    let second = assess(&rita, marks(&interaction_id, 5)).await.unwrap();

    let found = assessments(&rita, AssessmentFilter { interaction_id, ..Default::default() }).await;
    let found: Vec<_> = found.iter().map(|one| (&one.assessment_id, one.superseded_time.is_some())).collect();
    let (first, second) = (&first.assessment_id, &second.assessment_id);
    assert_eq!(found, [(second, false), (&by_petra.assessment_id, false), (first, true)]);
    let trail = v1::ListAuditEventsRequest { action: AuditAction::InteractionAssessed.into(), ..Default::default() };
    assert_eq!(server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events.len(), 3);
}

async fn everything_wrong_with_an_assessment_is_named(server: Server) {
    let server = server.with_organization().await;
    let (rita, petra) = (reviewer(&server), petra(&server));
    let field = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
    let criterion = |name: &str, score| AssessedCriterion { name: name.to_owned(), score };
    let wrong = AssessInteractionRequest {
        request_id: String::new(),
        overall: 6,
        criteria: vec![criterion("", 0), criterion("tone", 3)],
        ..marks("17", 0)
    };
    assert_eq!(
        violations(&refused(assess(&rita, wrong).await)),
        [
            field("request_id", "FIELD_REQUIRED"),
            field("interaction_id", "MALFORMED"),
            field("overall", "VALUE_OUT_OF_RANGE"),
            field("criteria[0].name", "FIELD_REQUIRED"),
            field("criteria[0].score", "VALUE_OUT_OF_RANGE"),
        ]
    );
    let interaction_id = record(&server, "nora").await;
    let twice = AssessInteractionRequest {
        criteria: vec![criterion("tone", 3), criterion("tone", 4)],
        ..marks(&interaction_id, 3)
    };
    assert_eq!(violations(&refused(assess(&rita, twice).await)), [field("criteria[1].name", "CONTRADICTION")]);

    // Neither one's own work, nor what one had a part in.
    let own = v1::Interaction {
        participants: vec![
            v1::Participant { involvement: v1::Involvement::Primary.into(), ..participant("nora") },
            v1::Participant { involvement: v1::Involvement::Assisting.into(), ..participant("petra") },
        ],
        ..call("nora", "carla")
    };
    let own = server.app().record(own).await.unwrap().interaction_id;
    assert_eq!(preconditions(&refused(assess(&petra, marks(&own, 5)).await)), ["TOOK_PART"]);
    let nora = server.caller(Role::Reviewer, "nora", &[]);
    assert_eq!(preconditions(&refused(assess(&nora, marks(&own, 5)).await)), ["TOOK_PART"]);
    let missing = marks("00000000-0000-4000-8000-000000000000", 5);
    assert_eq!(refused(assess(&rita, missing).await).code(), Code::NotFound);
    let of_others = record(&server, "sam").await;
    assert_eq!(refused(assess(&petra, marks(&of_others, 5)).await).code(), Code::NotFound);
    assert_eq!(server.number("SELECT count(*) FROM assessment").await, 0);
}

async fn the_assessed_read_what_was_made_of_their_work(server: Server) {
    let server = server.with_organization().await;
    let (rita, nora) = (reviewer(&server), server.staff("nora"));
    let interaction_id = record(&server, "nora").await;
    assess(&rita, marks(&interaction_id, 2)).await.unwrap();
    let holds = assess(&rita, marks(&interaction_id, 3)).await.unwrap();
    assess(&rita, marks(&record(&server, "nils").await, 1)).await.unwrap();
    let masked = Assessment {
        interaction_id: String::new(),
        author: String::new(),
        author_role: 0,
        assessment_time: None,
        ..holds.clone()
    };
    // In whatever role.
    let other_roles = [server.supervisor("nora", &["south"]), server.caller(Role::Reviewer, "nora", &[])];
    for caller in [&nora].into_iter().chain(&other_roles) {
        let own = assessments(caller, AssessmentFilter::default()).await;
        assert_eq!(
            own.into_iter().filter(|one| one.staff_id == "nora").collect::<Vec<_>>(),
            std::slice::from_ref(&masked)
        );
        // Nor may they find out by asking for one.
        for filter in [
            AssessmentFilter { interaction_id: interaction_id.clone(), ..Default::default() },
            AssessmentFilter { staff_id: "nora".to_owned(), ..Default::default() },
            AssessmentFilter { team_id: "north".to_owned(), ..Default::default() },
        ] {
            assert!(assessments(caller, filter).await.iter().all(|one| one.staff_id != "nora"));
        }
    }
    assert_eq!(assessments(&nora, AssessmentFilter::default()).await.len(), 1);
}

async fn assessments_are_read_by_team(server: Server) {
    let server = server.with_organization().await;
    let rita = reviewer(&server);
    for staff_id in ["nora", "nils", "sam", "petra"] {
        assess(&rita, marks(&record(&server, staff_id).await, 4)).await.unwrap();
    }
    let whose = async |caller: &Caller, filter| {
        let found = assessments(caller, filter).await;
        found.into_iter().map(|one| (one.staff_id, !one.author.is_empty())).collect::<Vec<_>>()
    };
    let of = |staff_id: &str, in_full| (staff_id.to_owned(), in_full);
    let petra = petra(&server);
    assert_eq!(
        whose(&petra, AssessmentFilter::default()).await,
        [of("petra", false), of("nils", true), of("nora", true)]
    );
    let north = AssessmentFilter { team_id: "north".to_owned(), ..Default::default() };
    assert_eq!(whose(&petra, north).await, [of("nils", true), of("nora", true)]);
    let sam = AssessmentFilter { staff_id: "sam".to_owned(), ..Default::default() };
    assert!(whose(&petra, sam.clone()).await.is_empty());
    assert_eq!(whose(&server.admin(), sam).await, [of("sam", true)]);

    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListAssessmentsRequest { page_size: 1, page_token, ..Default::default() };
        let page = rita.quality().list_assessments(request).await.unwrap().into_inner();
        seen.extend(page.assessments.into_iter().map(|one| one.staff_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["petra", "sam", "nils", "nora"]);
}

async fn what_contradicts_is_listed(server: Server) {
    let server = server.with_organization().await;
    let rita = reviewer(&server);
    let mut expected = Vec::new();
    for (overall, score) in [(5, 1), (4, 2), (2, 4), (1, 5), (3, 1), (3, 5), (5, 3), (2, 3), (4, 4), (2, 2)] {
        let interaction_id = record(&server, "nora").await;
        assess(&rita, marks(&interaction_id, overall)).await.unwrap();
        let rating_id = submit(&server, rating(&interaction_id, score)).await;
        if (overall - score).abs() >= 2 && overall != 3 && score != 3 {
            expected.push(rating_id);
        }
    }
    let found = mismatches(&rita, MismatchFilter::default()).await;
    let mut ids = rating_ids(&found);
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    for one in &found {
        let (rating, direction) = (one.rating.as_ref().unwrap(), one.direction());
        let lower = direction == MismatchDirection::RatedLower;
        assert_eq!(lower, rating.level <= 2);
        assert_eq!(one.assessments.len(), 1);
        assert_eq!(
            (one.assessments[0].overall >= 4, &one.assessments[0].interaction_id),
            (lower, &rating.interaction_id)
        );
    }
    assert_eq!(readings(&server, "rita").await, ["mismatches of all within reach"]);

    // A second opinion stands beside the first. A correction, or a new assessment, ends it.
    let interaction_id = record(&server, "sam").await;
    assess(&rita, marks(&interaction_id, 5)).await.unwrap();
    assess(&server.supervisor("paul", &["south"]), marks(&interaction_id, 1)).await.unwrap();
    let first = submit(&server, rating(&interaction_id, 1)).await;
    let of_sam = || MismatchFilter { staff_id: "sam".to_owned(), ..Default::default() };
    let found = mismatches(&rita, of_sam()).await;
    assert_eq!(found[0].assessments.iter().map(|one| one.overall).collect::<Vec<_>>(), [1, 5]);
    let second = correct(&server, &first, 2, "").await;
    assert_eq!(rating_ids(&mismatches(&rita, of_sam()).await), [second.as_str()]);
    assess(&rita, marks(&interaction_id, 3)).await.unwrap();
    assert!(mismatches(&rita, of_sam()).await.is_empty());
    let third = correct(&server, &second, 4, "").await;
    let found = mismatches(&rita, of_sam()).await;
    assert_eq!((rating_ids(&found), found[0].direction()), (vec![third.as_str()], MismatchDirection::RatedHigher));
}

async fn mismatches_are_found_by_team_period_and_direction(server: Server) {
    let server = server.with_organization().await;
    let rita = reviewer(&server);
    let mut ids = Vec::new();
    for (hour, (staff_id, overall, score)) in
        (0..).zip([("nora", 5, 1), ("nils", 1, 5), ("sam", 5, 1), ("petra", 5, 1), ("nora", 4, 2)])
    {
        let start = hour * 3_600;
        let told = v1::Interaction {
            requested_time: at(start),
            connected_time: at(start + 30),
            ended_time: at(start + 300),
            ..call(staff_id, "dora")
        };
        let interaction_id = server.app().record(told).await.unwrap().interaction_id;
        assess(&rita, marks(&interaction_id, overall)).await.unwrap();
        ids.push(submit(&server, Rating { answered_time: at(start + 600), ..rating(&interaction_id, score) }).await);
    }
    let [first, nils, sam, own, last] = ids.iter().map(String::as_str).collect::<Vec<_>>()[..] else { panic!() };
    let petra = petra(&server);
    // The teams' without petra's own, and without those of a reviewer who was rated.
    assert_eq!(rating_ids(&mismatches(&petra, MismatchFilter::default()).await), [last, nils, first]);
    let nora = server.caller(Role::Admin, "nora", &[]);
    assert_eq!(rating_ids(&mismatches(&nora, MismatchFilter::default()).await), [own, sam, nils]);
    let north = MismatchFilter { team_id: "north".to_owned(), ..Default::default() };
    assert_eq!(rating_ids(&mismatches(&rita, north).await), [last, own, nils, first]);
    let higher = MismatchFilter { direction: MismatchDirection::RatedHigher.into(), ..Default::default() };
    assert_eq!(rating_ids(&mismatches(&rita, higher).await), [nils]);
    let between = MismatchFilter { start_time: at(3_600), end_time: at(3 * 3_600), ..Default::default() };
    assert_eq!(rating_ids(&mismatches(&rita, between).await), [sam, nils]);
    let backwards = MismatchFilter { start_time: at(9), end_time: at(9), ..Default::default() };
    let request = ListMismatchesRequest { filter: Some(backwards), ..Default::default() };
    let wrong = refused(rita.quality().list_mismatches(request).await);
    assert_eq!(violations(&wrong), [("filter.end_time".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]);

    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMismatchesRequest { page_size: 2, page_token, ..Default::default() };
        let page = rita.quality().list_mismatches(request).await.unwrap().into_inner();
        seen.extend(rating_ids(&page.mismatches).into_iter().map(str::to_owned));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [last, own, sam, nils, first]);
}

const COMMENT: &str = "Carla from the bakery here. Nora was patient with me, thank you!";
const CUT: &str = "Nora was patient with me … thank you!";

async fn praised(server: &Server, staff_id: &str, score: i32) -> String {
    let interaction_id = record(server, staff_id).await;
    submit(server, Rating { comment: COMMENT.to_owned(), ..rating(&interaction_id, score) }).await
}

async fn praise_reaches_the_colleague_at_once(server: Server) {
    let server = server.with_organization().await;
    let (petra, nora) = (petra(&server), server.staff("nora"));
    let rating_id = praised(&server, "nora", 5).await;
    praised(&server, "nora", 4).await;
    submit(&server, rating(&record(&server, "nora").await, 5)).await;
    let own = praised(&server, "petra", 5).await;
    praised(&server, "sam", 5).await;

    let waiting = praise(&petra, PraiseState::Waiting).await.unwrap();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!((waiting[0].rating_id.as_str(), waiting[0].comment.as_str()), (rating_id.as_str(), COMMENT));
    assert_eq!((waiting[0].state(), waiting[0].text.as_str()), (PraiseState::Waiting, ""));
    assert_eq!(praise(&server.admin(), PraiseState::Waiting).await.unwrap().len(), 3);
    assert_eq!(praise(&server.caller(Role::Reviewer, "petra", &[]), PraiseState::Waiting).await.unwrap().len(), 2);
    let status = refused(praise(&nora, PraiseState::Waiting).await);
    assert_eq!(verdict(&status), (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned()));
    assert!(praise(&nora, PraiseState::Unspecified).await.unwrap().is_empty());
    assert!(readings(&server, "nora").await.is_empty());
    assert_eq!(readings(&server, "petra").await, ["praise"; 2], "once in each role");

    let shared = share(&petra, &rating_id, CUT).await.unwrap();
    assert_eq!((shared.shared_by.as_str(), shared.rating_id.as_str()), ("petra", rating_id.as_str()));
    let told = praise(&nora, PraiseState::Unspecified).await.unwrap();
    let masked = Praise {
        praise_id: shared.praise_id.clone(),
        text: CUT.to_owned(),
        state: PraiseState::Shared.into(),
        staff_id: "nora".to_owned(),
        ..Default::default()
    };
    assert_eq!(told, [masked]);
    assert_eq!(praise(&petra, PraiseState::Shared).await.unwrap(), std::slice::from_ref(&shared));
    assert!(praise(&petra, PraiseState::Waiting).await.unwrap().is_empty());
    assert!(praise(&server.staff("nils"), PraiseState::Shared).await.unwrap().is_empty());
    let twice = refused(share(&server.admin(), &rating_id, "").await);
    assert_eq!(verdict(&twice), (Code::AlreadyExists, "ALREADY_SHARED".to_owned()));
    let trail = v1::ListAuditEventsRequest { action: AuditAction::PraiseShared.into(), ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    assert_eq!((events.len(), events[0].object_id.as_str()), (1, rating_id.as_str()));

    // Nobody passes on their own; once somebody else does, they read it, too.
    assert_eq!(refused(share(&petra, &own, "").await).code(), Code::NotFound);
    let as_reviewer = server.caller(Role::Reviewer, "petra", &[]);
    assert_eq!(refused(share(&as_reviewer, &own, "").await).code(), Code::NotFound);
    share(&reviewer(&server), &own, "").await.unwrap();
    let told = praise(&petra, PraiseState::Shared).await.unwrap();
    assert_eq!((told.len(), told[0].text.as_str(), told[0].rating_id.as_str()), (2, COMMENT, ""));

    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListPraiseRequest { page_size: 1, page_token, ..Default::default() };
        let page = server.admin().quality().list_praise(request).await.map(Response::into_inner).unwrap();
        seen.extend(page.praise.into_iter().map(|one| one.staff_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["petra", "nora"]);
}

async fn praise_is_the_customers_words(server: Server) {
    let server = server.with_organization().await;
    let petra = petra(&server);
    let rating_id = praised(&server, "nora", 2).await;
    for invented in ["Nora was wonderful", "thank you … Nora", "…"] {
        let wrong = refused(share(&petra, &rating_id, invented).await);
        assert_eq!(violations(&wrong), [("text".to_owned(), "NOT_QUOTED".to_owned())], "{invented}");
    }
    let silent = submit(&server, rating(&record(&server, "nora").await, 5)).await;
    assert_eq!(preconditions(&refused(share(&petra, &silent, "").await)), ["NOTHING_TO_SHARE"]);
    let of_others = praised(&server, "sam", 5).await;
    assert_eq!(refused(share(&petra, &of_others, "").await).code(), Code::NotFound);
    let corrected = correct(&server, &rating_id, 1, COMMENT).await;
    assert_eq!(preconditions(&refused(share(&petra, &rating_id, "").await)), ["RATING_SUPERSEDED"]);
    // Whatever the level: the wait was long, and the technician kind.
    assert_eq!(share(&petra, &corrected, "").await.unwrap().text, COMMENT);
}

async fn praise_once_read_stays(server: Server) {
    let server = server.with_organization().await;
    let (petra, nora) = (petra(&server), server.staff("nora"));
    let rating_id = praised(&server, "nora", 5).await;
    share(&petra, &rating_id, CUT).await.unwrap();
    let before = praise(&nora, PraiseState::Shared).await.unwrap();
    let corrected = correct(&server, &rating_id, 1, "no").await;
    let interaction_id = {
        let request = v1::GetRatingRequest { rating_id: corrected.clone() };
        server.app().ratings().get_rating(request).await.unwrap().into_inner().rating.unwrap().interaction_id
    };
    let moved = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id,
        participants: vec![v1::Participant { involvement: v1::Involvement::Primary.into(), ..participant("sam") }],
        reason: "booked on the wrong colleague".to_owned(),
        ..Default::default()
    };
    server.reattribute(moved).await;
    assert_eq!(praise(&nora, PraiseState::Shared).await.unwrap(), before);
    assert!(praise(&server.staff("sam"), PraiseState::Shared).await.unwrap().is_empty());
    assert_eq!(praise(&petra, PraiseState::Shared).await.unwrap()[0].rating_id, corrected);
}
