//! The customer's journey: stages and their versions, figures of each, what hurts, one customer's journey, what comes
//! back (E4).

use rapport::api::v1::{
    self, Anticipated, Attribution, Channel, ContactKind, CustomerAlias, HurtSign, Interaction, InteractionKind,
    JourneySegmenting, JourneyStage, OrderPhase, ReadingPurpose, Role, StageFigures, StageRule,
    SummarizeJourneyRequest, SummarizeJourneyResponse,
};
use tonic::{Code, Response, Status};

use crate::{
    cli::{last_line, rapport, rapport_as},
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both,
        refusal::{verdict, violations},
        refused,
        sample::participant,
    },
    surveys::{ago, awake, ended, published, record, template},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        stages_are_declared_in_versions_that_never_change,
        everything_wrong_with_stages_is_named,
        a_look_changes_nothing_and_shows_overlaps_and_what_nobody_reaches,
        what_happens_in_each_stage_is_told,
        ratings_are_told_in_both_ledgers_from_five_on,
        a_rating_stays_where_it_was_given,
        a_supervisor_has_their_teams_and_what_came_next_anywhere,
        what_is_about_the_reader_is_no_part_of_it,
        an_order_without_a_customer_stays_together,
        the_desk_has_one_customers_journey,
        a_long_journey_is_that_of_the_newest_and_says_so,
        what_comes_back_is_learnt_judged_and_told_at_the_desk,
        what_accuses_somebody_teaches_nothing,
        a_period_is_bounded,
        the_program_shows_the_journey,
    ]
}

const DAY: i64 = 86_400;

pub(crate) fn by_topic(id: &str, topic: &str) -> JourneyStage {
    let rule = StageRule { topics: vec![topic.to_owned()], ..StageRule::default() };
    stage(id, vec![rule])
}

fn stage(id: &str, rules: Vec<StageRule>) -> JourneyStage {
    let names = [("zh", format!("{id} 阶段")), ("en", format!("the stage {id}"))];
    let names = names.into_iter().map(|(language, name)| (language.to_owned(), name)).collect();
    JourneyStage { stage_id: id.to_owned(), names, rules }
}

fn at_phase(phase: OrderPhase) -> StageRule {
    StageRule { order_phases: vec![phase.into()], ..StageRule::default() }
}

pub(crate) fn stages() -> Vec<JourneyStage> {
    vec![by_topic("returns", "Returns"), by_topic("invoice", "Invoice")]
}

async fn declaring(caller: &Caller, request: v1::DeclareJourneyRequest) -> Result<v1::DeclareJourneyResponse, Status> {
    caller.journeys().declare_journey(request).await.map(Response::into_inner)
}

pub(crate) async fn declare(caller: &Caller, stages: Vec<JourneyStage>) -> Result<v1::DeclareJourneyResponse, Status> {
    declaring(caller, v1::DeclareJourneyRequest { request_id: request_id(), stages, ..Default::default() }).await
}

async fn look(server: &Server, stages: Vec<JourneyStage>) -> Result<v1::DeclareJourneyResponse, Status> {
    let request =
        v1::DeclareJourneyRequest { request_id: request_id(), stages, validate_only: true, ..Default::default() };
    declaring(&server.admin(), request).await
}

fn days(count: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds: count * DAY, nanos: 0 })
}

/// The last hundred days, in which a journey goes on within ten.
fn hundred_days() -> SummarizeJourneyRequest {
    SummarizeJourneyRequest {
        from_time: ago(100 * DAY),
        to_time: ago(-1),
        window: days(10),
        ..SummarizeJourneyRequest::default()
    }
}

async fn summary(caller: &Caller, request: SummarizeJourneyRequest) -> SummarizeJourneyResponse {
    caller.journeys().summarize_journey(request).await.unwrap().into_inner()
}

fn of<'s>(found: &'s [StageFigures], id: &str) -> &'s StageFigures {
    found.iter().find(|one| one.stage_id == id).unwrap()
}

fn again(one: &StageFigures, to: &str) -> Option<(i64, i64)> {
    let found = one.transitions.iter().find(|next| next.to_stage_id == to)?;
    Some((found.count, found.median.unwrap().seconds))
}

/// A call to nora that ended so many seconds ago, as seen from `now`.
fn told(now: i64, customer_id: &str, seconds: i64, kind: InteractionKind, topic: &str) -> Interaction {
    let time = |seconds: i64| Some(prost_types::Timestamp { seconds: now - seconds, nanos: 0 });
    Interaction {
        kind: kind.into(),
        topic: topic.to_owned(),
        requested_time: time(seconds + 60),
        connected_time: time(seconds + 50),
        ended_time: time(seconds),
        ..ended(customer_id, 0)
    }
}

fn now() -> i64 {
    ago(0).unwrap().seconds
}

async fn stages_are_declared_in_versions_that_never_change(server: Server) {
    let server = server.with_organization().await;
    let (admin, app) = (server.admin(), server.app());
    let get = async |version| {
        let found = app.journeys().get_journey(v1::GetJourneyRequest { version }).await?;
        Ok::<_, Status>(found.into_inner().journey.unwrap())
    };
    assert_eq!(refused(get(0).await).code(), Code::NotFound);
    let request = v1::DeclareJourneyRequest { request_id: request_id(), stages: stages(), ..Default::default() };
    let first = declaring(&admin, request.clone()).await.unwrap().journey.unwrap();
    assert_eq!((first.version, first.author.as_str()), (1, "ada"));
    assert_eq!(first.stages, stages());
    assert_eq!(declaring(&admin, request).await.unwrap().journey.unwrap(), first, "the same request is one version");

    let mut more = stages();
    more.push(by_topic("delivery", "Delivery"));
    let follow = |if_version| v1::DeclareJourneyRequest {
        request_id: request_id(),
        stages: more.clone(),
        if_version,
        ..Default::default()
    };
    let second = declaring(&admin, follow(1)).await.unwrap().journey.unwrap();
    assert_eq!((second.version, second.stages.len()), (2, 3));
    let stale = refused(declaring(&admin, follow(1)).await);
    assert_eq!(verdict(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(get(1).await.unwrap(), first);
    assert_eq!(get(0).await.unwrap(), second);
    assert_eq!(refused(get(3).await).code(), Code::NotFound);

    let list = async |page_token: String| {
        let request = v1::ListJourneysRequest { page_size: 1, page_token };
        app.journeys().list_journeys(request).await.unwrap().into_inner()
    };
    let page = list(String::new()).await;
    let rest = list(page.next_page_token.clone()).await;
    assert_eq!((page.journeys, rest.journeys, rest.next_page_token), (vec![second], vec![first], String::new()));
    let trace = v1::ListAuditEventsRequest { action: v1::AuditAction::JourneyDeclared.into(), ..Default::default() };
    let trace = admin.audit().list_audit_events(trace).await.unwrap().into_inner().audit_events;
    let versions: Vec<_> = trace.iter().map(|one| one.detail_json.as_str()).collect();
    assert_eq!(versions, [r#"{"version":2}"#, r#"{"version":1}"#]);
}

async fn everything_wrong_with_stages_is_named(server: Server) {
    let server = server.with_organization().await;
    let broken = async |stages| {
        let status = refused(declare(&server.admin(), stages).await);
        assert_eq!(status.code(), Code::InvalidArgument);
        violations(&status)
    };
    let named = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
    let nameless = JourneyStage { names: Default::default(), ..by_topic("a", "A") };
    let empty =
        stage("a", vec![StageRule { topics: vec!["B".to_owned()], ..StageRule::default() }, StageRule::default()]);
    assert_eq!(
        broken(vec![nameless, empty]).await,
        [
            named("stages[0].names", "FIELD_REQUIRED"),
            named("stages[1].stage_id", "CONTRADICTION"),
            named("stages[1].rules[1]", "JOURNEY_STAGE_UNCONDITIONAL"),
        ]
    );
    assert_eq!(broken(vec![stage("a", vec![])]).await[0].0, "stages[0].rules");
    let wide = stage("calls", vec![StageRule { channels: vec![Channel::InboundCall.into()], ..StageRule::default() }]);
    let mut narrow = by_topic("returns", "Returns");
    narrow.rules[0].channels.push(Channel::InboundCall.into());
    assert_eq!(broken(vec![wide.clone(), narrow.clone()]).await, [named("stages[1].rules", "JOURNEY_STAGE_SHADOWED")]);
    declare(&server.admin(), vec![narrow, wide.clone()]).await.unwrap();
    // Of a hundred calls a stage of all calls says nothing; of fewer nobody knows yet.
    let calls = (0..100).map(|at| told(now(), "carla", 60 + at, InteractionKind::Service, "Other")).collect();
    record_all(&server, calls).await;
    assert_eq!(broken(vec![wide]).await, [named("stages[0].rules", "JOURNEY_STAGE_TAKES_ALL")]);
    assert_eq!(server.number("SELECT count(*) FROM journey_version").await, 1);
}

async fn record_all(server: &Server, interactions: Vec<Interaction>) {
    for some in interactions.chunks(500) {
        let one = |interaction: &Interaction| v1::RecordInteractionRequest {
            request_id: request_id(),
            interaction: Some(interaction.clone()),
        };
        let batch = v1::BatchRecordInteractionsRequest { requests: some.iter().map(one).collect() };
        let answer = server.app().interactions().batch_record_interactions(batch).await.unwrap().into_inner();
        let is_recorded =
            |one: &v1::RecordItemResult| matches!(one.result, Some(v1::record_item_result::Result::Recorded(_)));
        assert!(answer.results.iter().all(is_recorded), "{answer:?}");
    }
}

async fn a_look_changes_nothing_and_shows_overlaps_and_what_nobody_reaches(server: Server) {
    let server = server.with_organization().await;
    let complaint = told(now(), "dora", 600, InteractionKind::Complaint, "Returns");
    let both = record(&server, complaint).await;
    record(&server, told(now(), "carla", 300, InteractionKind::Complaint, "Delivery")).await;
    record(&server, told(now(), "carla", 200, InteractionKind::Service, "Other")).await;
    let complaints = StageRule { kinds: vec![InteractionKind::Complaint.into()], ..StageRule::default() };
    let told = [by_topic("returns", "Ret"), stage("complaints", vec![complaints]), by_topic("branch", "Branch")];
    let found = look(&server, told.to_vec()).await.unwrap();
    assert_eq!((found.journey, found.sample_count, found.unmapped_count), (None, 3, 1));
    let taken: Vec<_> = found.trials.iter().map(|one| (one.stage_id.as_str(), one.taken_count)).collect();
    assert_eq!(taken, [("returns", 1), ("complaints", 1), ("branch", 0)], "the first that fits takes it");
    let overlap = v1::StageOverlap { earlier_stage_id: "returns".to_owned(), count: 1 };
    assert_eq!((&found.trials[0].overlaps, &found.trials[1].overlaps), (&vec![], &vec![overlap]));
    assert_eq!(found.trials[0].sample_interaction_ids, [both]);
    assert_eq!(server.number("SELECT count(*) FROM journey_version").await, 0);
    let trace = server.number("SELECT count(*) FROM audit_event WHERE action = 95").await;
    assert_eq!(trace, 0);
}

async fn what_happens_in_each_stage_is_told(server: Server) {
    let server = server.with_organization().await;
    let counter = StageRule { channels: vec![Channel::Counter.into()], ..StageRule::default() };
    let declared = vec![
        stage("before", vec![at_phase(OrderPhase::BeforeFirstOrder)]),
        stage("purchase", vec![at_phase(OrderPhase::FirstOrder)]),
        by_topic("service", "Returns"),
        stage("repeat", vec![at_phase(OrderPhase::LaterOrder)]),
        stage("branch", vec![counter]),
    ];
    declare(&server.admin(), declared).await.unwrap();
    let (now, service) = (now(), InteractionKind::Service);
    let abandoned = Interaction {
        outcome: v1::Outcome::Abandoned.into(),
        connected_time: None,
        ..told(now, "dora", 30 * DAY, service, "Price")
    };
    record_all(
        &server,
        vec![
            told(now, "carla", 50 * DAY, service, "Price"),
            told(now, "carla", 41 * DAY, InteractionKind::Order, "Sofa"),
            told(now, "carla", 39 * DAY, service, "Returns"),
            told(now, "carla", 38 * DAY, service, "Returns"),
            told(now, "carla", 20 * DAY, InteractionKind::Order, "Chair"),
            told(now, "carla", DAY, service, "Other"),
            abandoned,
            told(now, "dmitri", 2 * DAY, service, "Price"),
            // Before the period, and an order of before it is the first all the same.
            told(now, "dmitri", 200 * DAY, service, "Price"),
        ],
    )
    .await;
    let found = summary(&server.app(), hundred_days()).await;
    let ids: Vec<_> = found.stages.iter().map(|one| (one.stage_id.as_str(), one.count, one.customer_count)).collect();
    let expected =
        [("before", 3, 3), ("purchase", 1, 1), ("service", 2, 1), ("repeat", 1, 1), ("branch", 0, 0), ("", 1, 1)];
    assert_eq!(ids, expected, "a stage that nobody reaches is told, and what is unmapped");
    let [before, purchase, service_of, repeat, branch, unmapped] = expected.map(|(id, ..)| of(&found.stages, id));
    assert_eq!(again(before, "purchase"), Some((1, 9 * DAY)));
    assert_eq!((before.ended_count, before.open_count, before.ended_badly_count), (1, 1, 1));
    let drop_off = before.drop_off.unwrap();
    assert_eq!((drop_off.count, drop_off.known_count, drop_off.share), (1, 2, Some(0.5)));
    assert_eq!(again(purchase, "service"), Some((1, 2 * DAY)));
    assert_eq!((again(service_of, "service"), service_of.ended_count), (Some((1, DAY)), 1));
    assert_eq!((repeat.ended_count, repeat.drop_off.unwrap().share), (1, Some(1.0)));
    assert_eq!((unmapped.open_count, unmapped.ended_count), (1, 0), "the record goes no further");
    assert_eq!((branch.drop_off.unwrap().share, branch.wait.unwrap().known_count), (None, 0));
    let wait = before.wait.unwrap();
    assert_eq!((wait.known_count, wait.median_seconds, wait.p90_seconds), (2, Some(10.0), Some(10.0)));
    assert_eq!(found.known_until.unwrap().seconds, now - DAY - 60);
    assert!(found.hurting.is_empty(), "too little is known: {:?}", found.hurting);

    let request = SummarizeJourneyRequest { segment_by: JourneySegmenting::Kind.into(), ..hundred_days() };
    let by_kind = summary(&server.app(), request).await;
    let segments: Vec<_> = by_kind.segments.iter().map(|one| (one.key.as_str(), one.count)).collect();
    assert_eq!(segments, [("service", 6), ("order", 2)]);
    assert_eq!(by_kind.segments[1].stages.len(), 2);
    let standing = SummarizeJourneyRequest { segment_by: JourneySegmenting::Standing.into(), ..hundred_days() };
    let standing = summary(&server.app(), standing).await;
    assert_eq!((standing.segments[0].key.as_str(), standing.segments[0].count), ("prospect", 8));
    let elsewhere = SummarizeJourneyRequest { channels: vec![Channel::Email.into()], ..hundred_days() };
    assert!(summary(&server.app(), elsewhere).await.stages.iter().all(|one| one.count == 0));
}

/// A rating of an interaction that is over since seconds ago.
async fn rate(server: &Server, interaction_id: &str, score: i32, effort: i32, attribution: Attribution) {
    let rating = v1::Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "journey-csat".to_owned(),
        score,
        answers: Some(v1::RatingAnswers { effort, ..Default::default() }),
        attribution: attribution.into(),
        answered_time: ago(1),
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap();
}

/// With stages, and a survey that asks how hard it was; six returns of nora's are rated, four invoices of nils'.
async fn rated(server: Server) -> (Server, Vec<String>) {
    let server = awake(server).await;
    let questions = vec![v1::RatingQuestion::Effort.into()];
    published(&server, v1::SurveyTemplate { questions, ..template("journey-csat") }).await;
    declare(&server.admin(), stages()).await.unwrap();
    let mut returns = Vec::new();
    let scores = [(1, 5), (2, 4), (5, 1), (4, 2), (5, 0), (1, 5)];
    for (at, (score, effort)) in (1..).zip(scores) {
        let id = record(&server, told(now(), "carla", at * 600, InteractionKind::Service, "Returns")).await;
        let cause = if at == 6 { Attribution::Product } else { Attribution::Staff };
        rate(&server, &id, score, effort, cause).await;
        returns.push(id);
    }
    for at in 1..5 {
        let invoice = told(now(), "dora", at * 600, InteractionKind::Service, "Invoice");
        let id = record(&server, Interaction { participants: vec![participant("nils")], ..invoice }).await;
        rate(&server, &id, 1, 5, Attribution::Staff).await;
    }
    (server, returns)
}

async fn ratings_are_told_in_both_ledgers_from_five_on(server: Server) {
    let (server, returns) = rated(server).await;
    let found = summary(&server.app(), hundred_days()).await;
    let (first, second) = (of(&found.stages, "returns"), of(&found.stages, "invoice"));
    let (truth, staff) = (first.customer_truth.unwrap(), first.staff_ledger.unwrap());
    assert_eq!((truth.count, truth.mean, staff.count, staff.mean), (6, 3.0, 5, 3.4));
    assert!(truth.low < 3.0 && 3.0 < truth.high);
    let effort = first.effort.unwrap();
    assert_eq!((effort.count, effort.mean), (5, 3.4));
    assert_eq!((second.customer_truth, second.staff_ledger, second.effort), (None, None, None), "four are too few");
    assert_eq!(second.count, 4);
    // Of what is known of at least five interactions.
    assert_eq!(found.hurting.iter().map(|one| one.stage_id.as_str()).collect::<Vec<_>>(), ["returns"]);
    let evidence = &found.hurting[0].evidence;
    let shown: Vec<_> = evidence.iter().map(|one| (one.sign(), one.share.unwrap())).collect();
    let dissatisfied = shown.iter().find(|(sign, _)| *sign == HurtSign::Dissatisfied).unwrap().1;
    let hard = shown.iter().find(|(sign, _)| *sign == HurtSign::Effort).unwrap().1;
    assert_eq!((dissatisfied.count, dissatisfied.known_count, hard.count, hard.known_count), (3, 6, 3, 5));
    let pain: f64 = shown.iter().filter(|(_, share)| share.count > 0).map(|(_, share)| share.low.unwrap()).sum();
    assert!((found.hurting[0].pain - pain).abs() < 1e-12);
    assert_eq!(evidence[0].sign(), HurtSign::Effort, "the most painful first");
    assert_eq!(evidence[0].sample_interaction_ids, [&returns[0], &returns[1], &returns[5]].map(String::clone));
    let trace = v1::ListAuditEventsRequest { action: v1::AuditAction::RatingsRead.into(), ..Default::default() };
    let trace = server.admin().audit().list_audit_events(trace).await.unwrap().into_inner().audit_events;
    assert!(trace.iter().any(|one| one.object_id.starts_with("what hurts in the journey")), "{trace:?}");
    // Those who are rated read figures without what rates them, in whatever role.
    for caller in [server.supervisor("nora", &["north"]), server.caller(Role::Reviewer, "nora", &[])] {
        let own = summary(&caller, hundred_days()).await;
        let first = of(&own.stages, "returns");
        assert_eq!((first.count, first.customer_truth, first.effort), (6, None, None));
        assert!(own.hurting.is_empty(), "{:?}", own.hurting);
    }
}

async fn a_rating_stays_where_it_was_given(server: Server) {
    let (server, returns) = rated(server).await;
    let petra = server.supervisor("petra", &["north"]);
    let change = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: returns[0].clone(),
        interaction: Some(v1::InteractionUpdate { topic: "Invoice".to_owned(), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["topic".to_owned()] }),
        ..Default::default()
    };
    petra.interactions().update_interaction(change).await.unwrap();
    for caller in [&petra, &server.app()] {
        let request = SummarizeJourneyRequest { segment_by: JourneySegmenting::Topic.into(), ..hundred_days() };
        let found = summary(caller, request).await;
        let (first, second) = (of(&found.stages, "returns"), of(&found.stages, "invoice"));
        assert_eq!((first.count, second.count), (5, 5), "the interaction is where it is now");
        assert_eq!((first.customer_truth.unwrap().count, second.customer_truth), (6, None));
        let topic = found.segments.iter().find(|one| one.key == "Returns").unwrap();
        assert_eq!(of(&topic.stages, "returns").customer_truth.unwrap().count, 6);
    }
}

async fn a_supervisor_has_their_teams_and_what_came_next_anywhere(server: Server) {
    let server = server.with_organization().await;
    declare(&server.admin(), stages()).await.unwrap();
    let now = now();
    record(&server, told(now, "carla", 3 * DAY, InteractionKind::Service, "Returns")).await;
    let next = told(now, "carla", DAY, InteractionKind::Service, "Invoice");
    record(&server, Interaction { participants: vec![participant("sam")], ..next }).await;
    let found = summary(&server.supervisor("petra", &["north"]), hundred_days()).await;
    assert_eq!((of(&found.stages, "returns").count, of(&found.stages, "invoice").count), (1, 0));
    assert_eq!(again(of(&found.stages, "returns"), "invoice"), Some((1, 2 * DAY)));
    let south = SummarizeJourneyRequest { team_id: "south".to_owned(), ..hundred_days() };
    let all = summary(&server.app(), south).await;
    assert_eq!((of(&all.stages, "returns").count, of(&all.stages, "invoice").count), (0, 1));
}

async fn what_is_about_the_reader_is_no_part_of_it(server: Server) {
    let server = server.with_organization().await;
    declare(&server.admin(), stages()).await.unwrap();
    let now = now();
    let served = told(now, "dora", 5 * DAY, InteractionKind::Service, "Returns");
    record(&server, Interaction { participants: vec![participant("nils")], ..served }).await;
    let untold = |caller: Caller| async move {
        let journey = customer(&caller, "dora").await.unwrap();
        (journey.stays, journey.anticipated)
    };
    let (reviewer, staff) = (server.caller(Role::Reviewer, "nora", &[]), server.staff("nora"));
    let request = hundred_days();
    let before = (summary(&reviewer, request.clone()).await, untold(staff.clone()).await);
    let about = Interaction {
        participants: vec![participant("nils")],
        about_staff_ids: vec!["nora".to_owned()],
        ..told(now, "dora", 3 * DAY, InteractionKind::Complaint, "Returns")
    };
    record(&server, about).await;
    let after = (summary(&reviewer, request.clone()).await, untold(staff).await);
    assert_eq!(before, after, "to the accused it does not exist: neither as an interaction nor as what came next");
    let others = summary(&server.app(), request).await;
    assert_eq!(
        (of(&others.stages, "returns").count, again(of(&others.stages, "returns"), "returns")),
        (2, Some((1, 2 * DAY)))
    );
}

async fn an_order_without_a_customer_stays_together(server: Server) {
    let server = server.with_organization().await;
    let ordered = StageRule { order_phases: vec![OrderPhase::FirstOrder.into()], ..StageRule::default() };
    declare(&server.admin(), vec![stage("purchase", vec![ordered]), by_topic("returns", "Returns")]).await.unwrap();
    let now = now();
    let of_order = |order_id: &str, one: Interaction| Interaction {
        customer_id: String::new(),
        context: Some(v1::InteractionContext { order_id: order_id.to_owned(), ..Default::default() }),
        ..one
    };
    record_all(
        &server,
        vec![
            of_order("o-1", told(now, "", 5 * DAY, InteractionKind::Order, "Sofa")),
            of_order("o-1", told(now, "", 3 * DAY, InteractionKind::Service, "Returns")),
            of_order("o-2", told(now, "", 4 * DAY, InteractionKind::Order, "Chair")),
            // Once somebody names the order it is theirs.
            Interaction {
                customer_id: "carla".to_owned(),
                ..of_order("o-2", told(now, "", DAY, InteractionKind::Service, "Returns"))
            },
            told(now, "", 2 * DAY, InteractionKind::Service, "Returns"),
        ],
    )
    .await;
    let found = summary(&server.app(), hundred_days()).await;
    let purchase = of(&found.stages, "purchase");
    assert_eq!((purchase.count, purchase.customer_count, purchase.unknown_count), (2, 2, 0));
    assert_eq!(again(purchase, "returns"), Some((2, 5 * DAY / 2)));
    let returns = of(&found.stages, "returns");
    assert_eq!((returns.count, returns.customer_count, returns.unknown_count), (3, 2, 1));
}

pub(crate) async fn customer(caller: &Caller, id: &str) -> Result<v1::GetCustomerJourneyResponse, Status> {
    let request = v1::GetCustomerJourneyRequest {
        customer_id: id.to_owned(),
        purpose: ReadingPurpose::Serving.into(),
        note: "T-7".to_owned(),
        ..Default::default()
    };
    caller.journeys().get_customer_journey(request).await.map(Response::into_inner)
}

async fn the_desk_has_one_customers_journey(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    assert_eq!(refused(customer(&nora, "carla").await).code(), Code::NotFound, "nothing is declared");
    let mut declared = stages();
    declared.push(stage("purchase", vec![at_phase(OrderPhase::FirstOrder)]));
    declare(&server.admin(), declared).await.unwrap();
    let now = now();
    record_all(
        &server,
        vec![
            told(now, "carla", 9 * DAY, InteractionKind::Order, "Sofa"),
            told(now, "carla", 5 * DAY, InteractionKind::Service, "Returns"),
            told(now, "carla", 4 * DAY, InteractionKind::Service, "Returns"),
            told(now, "carla", DAY, InteractionKind::Service, "Other"),
            told(now, "dora", DAY, InteractionKind::Service, "Returns"),
        ],
    )
    .await;
    let found = customer(&nora, "carla").await.unwrap();
    let stays: Vec<_> = found.stays.iter().map(|stay| (stay.stage_id.as_str(), stay.steps.len())).collect();
    assert_eq!(stays, [("purchase", 1), ("returns", 2), ("", 1)]);
    let returns = &found.stays[1];
    assert_eq!(
        (returns.begin_time.unwrap().seconds, returns.end_time.unwrap().seconds),
        (now - 5 * DAY - 60, now - 4 * DAY - 60)
    );
    let step = &returns.steps[0];
    assert_eq!((step.topic.as_str(), step.wait.unwrap().seconds), ("Returns", 10));
    assert!(!found.has_earlier && found.anticipated.is_empty());
    let trace = v1::ListAuditEventsRequest { object_id: "carla".to_owned(), ..Default::default() };
    let trace = server.admin().audit().list_audit_events(trace).await.unwrap().into_inner().audit_events;
    let read: Vec<_> = trace.iter().map(|one| (one.action(), one.reason.as_str(), one.actor.as_str())).collect();
    assert_eq!(read, [(v1::AuditAction::TimelineRead, "serving: T-7", "nora")]);
    assert_eq!(refused(customer(&nora, "nobody").await).code(), Code::NotFound);
    let both = v1::GetCustomerJourneyRequest {
        customer_id: "carla".to_owned(),
        customer_alias: Some(CustomerAlias { kind: ContactKind::Phone.into(), value: "+8613812345678".to_owned() }),
        ..Default::default()
    };
    let fields: Vec<_> = violations(&refused(nora.journeys().get_customer_journey(both).await)).into_iter().collect();
    assert_eq!(fields.len(), 2, "both are named at once: {fields:?}");
}

async fn a_long_journey_is_that_of_the_newest_and_says_so(server: Server) {
    let server = server.with_organization().await;
    let ordered = StageRule { order_phases: vec![OrderPhase::AfterFirstOrder.into()], ..StageRule::default() };
    declare(&server.admin(), vec![stage("after", vec![ordered])]).await.unwrap();
    let now = now();
    let mut all = vec![told(now, "carla", 600 * 60, InteractionKind::Order, "Sofa")];
    all.extend((1..=500).map(|at| told(now, "carla", at * 60, InteractionKind::Service, "Returns")));
    record_all(&server, all).await;
    let found = customer(&server.staff("nora"), "carla").await.unwrap();
    let steps: usize = found.stays.iter().map(|stay| stay.steps.len()).sum();
    assert_eq!((found.has_earlier, found.stays.len(), steps), (true, 1, 500));
    assert_eq!(found.stays[0].stage_id, "after", "the first order counts, though it is not shown");
}

/// 160 people call six times in eight months, about returns or invoices; seven of ten returns are followed by a
/// complaint within five days, and two of ten invoices.
fn half_a_year(now: i64, about: &[&str]) -> Vec<Interaction> {
    let mut all = Vec::new();
    for person in 0..160_i64 {
        let phone = CustomerAlias { kind: ContactKind::Phone.into(), value: format!("+86138{person:08}") };
        for call in 0..6_i64 {
            let returns = (person + call) % 2 == 0;
            // Whatever it is about.
            let chance = (person / 2 * 3 + call * 7) % 10;
            let seconds = (240 - call * 40 + person % 37) * DAY;
            let topic = if returns { "Returns" } else { "Invoice" };
            let known = |one| Interaction { customer_alias: Some(phone.clone()), ..one };
            all.push(known(told(now, "", seconds, InteractionKind::Service, topic)));
            if chance < if returns { 7 } else { 2 } {
                let complaint = told(now, "", seconds - 5 * DAY, InteractionKind::Complaint, "Quality");
                let about_staff_ids = about.iter().map(|&id| id.to_owned()).collect();
                all.push(known(Interaction { about_staff_ids, ..complaint }));
            }
        }
    }
    all
}

async fn learn(caller: &Caller) -> Result<Vec<v1::Anticipation>, Status> {
    let request =
        v1::LearnAnticipationsRequest { request_id: request_id(), complaint_within: days(10), return_within: days(10) };
    Ok(caller.journeys().learn_anticipations(request).await?.into_inner().anticipations)
}

fn by_topic_alone<'a>(one: &'a v1::Anticipation, topic: &str) -> Option<&'a v1::AnticipationPattern> {
    let is_it = |pattern: &&v1::AnticipationPattern| {
        let mark = pattern.mark.as_ref().and_then(|mark| mark.mark.as_ref());
        matches!(mark, Some(v1::anticipation_mark::Mark::Topic(found)) if found == topic)
    };
    one.patterns.iter().find(is_it)
}

async fn what_comes_back_is_learnt_judged_and_told_at_the_desk(server: Server) {
    let server = server.with_organization().await;
    declare(&server.admin(), stages()).await.unwrap();
    let list = async |caller: &Caller, what: Anticipated| {
        let request = v1::ListAnticipationsRequest { what: what.into() };
        caller.journeys().list_anticipations(request).await.unwrap().into_inner().anticipations
    };
    assert_eq!(list(&server.app(), Anticipated::Unspecified).await, vec![]);
    let now = now();
    record_all(&server, half_a_year(now, &[])).await;
    let last = record(&server, told(now, "carla", 2 * DAY, InteractionKind::Service, "Returns")).await;
    record(&server, told(now, "dora", DAY, InteractionKind::Service, "Invoice")).await;
    let learnt = learn(&server.app()).await.unwrap();
    let petra = server.supervisor("petra", &["north"]);
    assert_eq!(list(&petra, Anticipated::Unspecified).await, learnt);
    let [complaint] = list(&petra, Anticipated::Complaint).await.try_into().unwrap();
    assert_eq!((complaint.within, complaint.journey_version), (days(10), 1));
    let pattern = by_topic_alone(&complaint, "Returns").unwrap();
    let (lift, later) = (pattern.lift.unwrap(), pattern.later_lift.unwrap());
    assert!(lift.low > 2.0 && lift.p_value < 1e-6 && pattern.customer_count >= 30, "{pattern:?}");
    assert!(later.low > 2.0, "it came true later: {pattern:?}");
    assert_eq!(by_topic_alone(&complaint, "Invoice"), None, "what precedes fewer is no pattern");
    let judged = complaint.judgement.as_ref().unwrap();
    assert!(judged.brier < judged.base_brier * 0.9 && judged.calibration_error < 0.1, "{judged:?}");
    assert_eq!(judged.bins.iter().map(|bin| bin.came.unwrap().known_count).sum::<i64>(), judged.count);
    // Who called about returns two days ago may complain; who called about an invoice is like any.
    let nora = server.staff("nora");
    let found = customer(&nora, "carla").await.unwrap().anticipated;
    let matter = found.iter().find(|one| one.what() == Anticipated::Complaint).unwrap();
    assert_eq!((matter.interaction_id.as_str(), matter.until_time.unwrap().seconds), (&*last, now + 8 * DAY - 60));
    assert!(matter.chance > 0.5 && matter.chance > 1.3 * matter.base, "{matter:?}");
    assert_eq!(customer(&nora, "dora").await.unwrap().anticipated, vec![]);
    // Once they have complained it is no question any more.
    record(&server, told(now, "carla", 60, InteractionKind::Complaint, "Quality")).await;
    let found = customer(&nora, "carla").await.unwrap().anticipated;
    assert!(found.iter().all(|one| one.what() != Anticipated::Complaint), "{found:?}");
    let denied = refused(learn(&petra).await);
    assert_eq!(denied.code(), Code::PermissionDenied);
}

async fn what_accuses_somebody_teaches_nothing(server: Server) {
    let server = server.with_organization().await;
    record_all(&server, half_a_year(now(), &["sam"])).await;
    let learnt = learn(&server.admin()).await.unwrap();
    let complaint = learnt.iter().find(|one| one.what() == Anticipated::Complaint).unwrap();
    assert_eq!((complaint.base.unwrap().count, complaint.patterns.len(), complaint.journey_version), (0, 0, 0));
    assert!(complaint.base.unwrap().known_count > 100);
}

async fn a_period_is_bounded(server: Server) {
    let server = server.with_organization().await;
    declare(&server.admin(), stages()).await.unwrap();
    let refuse = async |change: fn(&mut SummarizeJourneyRequest)| {
        let mut request = hundred_days();
        change(&mut request);
        let status = refused(server.app().journeys().summarize_journey(request).await);
        violations(&status).into_iter().next().unwrap()
    };
    let named = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
    assert_eq!(refuse(|one| one.from_time = ago(367 * DAY)).await, named("to_time", "VALUE_OUT_OF_RANGE"));
    assert_eq!(refuse(|one| one.to_time = ago(101 * DAY)).await, named("to_time", "IMPOSSIBLE_INSTANTS"));
    assert_eq!(refuse(|one| one.to_time = None).await, named("to_time", "FIELD_REQUIRED"));
    assert_eq!(refuse(|one| one.window = days(93)).await, named("window", "VALUE_OUT_OF_RANGE"));
    assert_eq!(refuse(|one| one.window = days(0)).await, named("window", "VALUE_OUT_OF_RANGE"));
    let unknown = SummarizeJourneyRequest { version: 7, ..hundred_days() };
    assert_eq!(refused(server.app().journeys().summarize_journey(unknown).await).code(), Code::NotFound);
    // The last 28 days where nobody says.
    let found = summary(&server.app(), SummarizeJourneyRequest::default()).await;
    let length = found.to_time.unwrap().seconds - found.from_time.unwrap().seconds;
    assert_eq!((length, found.window), (28 * DAY, days(30)));
}

async fn the_program_shows_the_journey(server: Server) {
    let (server, _) = rated(server).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stages.toml");
    let stages = "[[stage]]\nid = \"returns\"\nnames = { zh = \"退货\" }\nrules = [{ topics = [\"Returns\"] }]\n\n\
                  [[stage]]\nid = \"rest\"\nnames = { en = \"rest\" }\nrules = [{ channels = [\"inbound-call\"] }]\n";
    std::fs::write(&file, stages).unwrap();
    let (file, endpoint) = (file.to_str().unwrap(), server.endpoint());
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[&["journey"], arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let looked = last_line(&run(&["declare", file, "--json"]).await);
    assert_eq!((&looked["version"], &looked["stages"][0]["taken"]), (&serde_json::Value::Null, &6.into()));
    assert_eq!(last_line(&run(&["declare", file, "--declare", "--json"]).await)["version"], 2);
    let shown = text(run(&["show"]).await);
    assert!(shown.contains("退货") && shown.contains("channels inbound_call"), "{shown}");
    assert_eq!(last_line(&run(&["show", "--version", "1", "--json"]).await)["stages"][1]["id"], "invoice");
    let summed = text(run(&["summary", "--by", "team"]).await);
    assert!(summed.contains("1. returns hurts") && summed.contains("dissatisfied: 3 of 6"), "{summed}");
    let summed = last_line(&run(&["summary", "--json"]).await);
    assert_eq!(summed["stages"][0]["customer_truth"]["count"], 6);
    let journey = text(run(&["customer", "carla", "--note", "T-7"]).await);
    assert!(journey.contains("returns") && journey.contains("inbound call"), "{journey}");
    assert_eq!(last_line(&run(&["customer", "carla", "--json"]).await)["stays"][0]["stage"], "returns");
    let learnt = text(run(&["anticipate", "--learn"]).await);
    assert!(learnt.contains("complaint within 30d"), "{learnt}");
    assert_eq!(last_line(&run(&["anticipate", "return", "--json"]).await)["what"], "return");
    let arguments = ["journey", "customer", "carla", "--endpoint", &endpoint];
    assert!(rapport_as(&server, Role::Staff, "nora", &arguments).await.status.success());
    let arguments = ["journey", "summary", "--endpoint", &endpoint];
    let denied = rapport_as(&server, Role::Staff, "nora", &arguments).await;
    assert!(String::from_utf8_lossy(&denied.stderr).contains("PermissionDenied"), "{denied:?}");
}
