//! What is recorded, and what comes of it: round trips, lists, figures, credit, races.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use prost_types::{Duration, FieldMask};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{
        self, AuditAction, Channel, Direction, Interaction, InteractionContext, InteractionFilter, InteractionKind,
        InteractionUpdate, Involvement, MessageCounts, Outcome, Participant, ReadingPurpose, Recording, Resolution,
        Role, StaffRole, SummaryGrouping, Transfer,
    },
    clock::Clock,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Backend, Caller, Server, Test,
    client::request_id,
    on_both, on_postgres,
    refusal::{may_be_retried, verdict},
    refused,
    sample::{at, call, customer, participant, phone, staff},
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        an_interaction_comes_back_as_it_was_told,
        times_are_derived_only_from_what_is_known,
        an_alias_finds_its_customer_before_and_after_they_are_known,
        credit_stays_where_it_was_earned,
        only_a_reattribution_moves_credit_and_it_leaves_a_trace,
        lists_by_everything_newest_first,
        pages_show_everything_once,
        a_timeline_is_read_for_a_purpose,
        an_interaction_is_concluded_and_resolved,
        a_correction_of_the_only_instant_moves_it_in_time,
        figures_by_group,
        figures_come_in_pages,
        first_contact_resolution_has_three_readings,
        a_colleague_reads_what_came_of_their_work_as_everybody_does,
        the_same_request_from_everywhere_at_once_is_recorded_once,
        a_retry_is_found_whatever_the_form_of_its_key,
        everything_at_once_is_numbered_once,
        edits_at_once_do_not_overwrite_one_another,
        servers_may_migrate_at_once,
        a_stopping_server_settles_what_it_read,
    ];
    tests.extend(on_both![a_stream_ends_with_its_token]);
    tests.extend(on_postgres![two_servers_record_a_request_once]);
    tests
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

async fn list(caller: &Caller, filter: InteractionFilter) -> Vec<String> {
    pages(caller, filter, 0).await
}

/// Ids of all interactions that a filter lets through, page by page.
async fn pages(caller: &Caller, filter: InteractionFilter, page_size: i32) -> Vec<String> {
    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListInteractionsRequest { filter: Some(filter.clone()), page_size, page_token };
        let page = caller.interactions().list_interactions(request).await.unwrap().into_inner();
        assert!(page_size == 0 || page.interactions.len() <= usize::try_from(page_size).unwrap());
        ids.extend(page.interactions.into_iter().map(|one| one.interaction_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return ids;
        }
    }
}

async fn record(caller: &Caller, interaction: Interaction) -> String {
    caller.record(interaction).await.unwrap().interaction_id
}

async fn update(
    caller: &Caller,
    interaction_id: &str,
    interaction: InteractionUpdate,
    paths: &[&str],
    etag: &str,
) -> Result<Interaction, Status> {
    let request = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        interaction: Some(interaction),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
        etag: etag.to_owned(),
    };
    let answer = caller.interactions().update_interaction(request).await?;
    Ok(answer.into_inner().interaction.unwrap())
}

async fn an_interaction_comes_back_as_it_was_told(server: Server) {
    let server = server.with_organization().await;
    let told = Interaction {
        channel: Channel::GroupChat.into(),
        kind: InteractionKind::Complaint.into(),
        direction: Direction::Inbound.into(),
        outcome: Outcome::Answered.into(),
        topic: "退款".to_owned(),
        arrived_time: at(-5),
        requested_time: at(0),
        connected_time: at(40),
        ended_time: at(400),
        hold: seconds(20),
        after_call_work: seconds(60),
        customer_id: "carla".to_owned(),
        customer_alias: Some(phone("+86 138 1234 5678")),
        participants: vec![
            Participant {
                role: StaffRole::Technician.into(),
                team_id: "south".to_owned(),
                involvement: Involvement::Primary.into(),
                ..participant("nora")
            },
            participant("sam"),
        ],
        case_id: "K-7".to_owned(),
        context: Some(InteractionContext {
            order_id: "O-1".to_owned(),
            product_id: "P-1".to_owned(),
            page: "https://shop.example/订单".to_owned(),
            seen: "“已退款” 🙂".to_owned(),
            attributes: BTreeMap::from([("城市".to_owned(), "上海".to_owned())]),
        }),
        transfers: vec![Transfer {
            transfer_time: at(100),
            from_staff_id: "nora".to_owned(),
            to_staff_id: "sam".to_owned(),
            to_team_id: "south".to_owned(),
        }],
        message_counts: Some(MessageCounts { customer: 3, staff: 14, bot: 1 }),
        conclusion: "三个工作日内到账\n第二行".to_owned(),
        staff_resolution: Resolution::Resolved.into(),
        customer_resolution: Resolution::Unresolved.into(),
        ..Default::default()
    };
    let receipt = server.app().record(told.clone()).await.unwrap();
    assert_eq!(receipt.recording(), Recording::Recorded);
    let found = server.app().get(&receipt.interaction_id).await.unwrap();
    let expected = Interaction {
        interaction_id: receipt.interaction_id.clone(),
        participants: vec![
            told.participants[0].clone(),
            // Filled in from the directory.
            Participant {
                role: StaffRole::Agent.into(),
                team_id: "south".to_owned(),
                involvement: Involvement::Assisting.into(),
                ..participant("sam")
            },
        ],
        occurred_time: at(-5),
        wait: seconds(40),
        handling: seconds(360 + 60),
        recorded_time: receipt.recorded_time,
        etag: receipt.etag,
        ..told
    };
    assert_eq!(found, expected);
}

async fn times_are_derived_only_from_what_is_known(server: Server) {
    let server = server.with_organization().await;
    let cases = [
        (call("nora", "carla"), seconds(30), seconds(270)),
        (Interaction { requested_time: None, ..call("nora", "carla") }, None, seconds(270)),
        (Interaction { connected_time: None, ..call("nora", "carla") }, None, None),
        (Interaction { ended_time: None, after_call_work: seconds(9), ..call("nora", "carla") }, seconds(30), None),
    ];
    for (told, wait, handling) in cases {
        let id = record(&server.app(), told).await;
        let found = server.app().get(&id).await.unwrap();
        assert_eq!((found.wait, found.handling), (wait, handling));
    }
}

async fn an_alias_finds_its_customer_before_and_after_they_are_known(server: Server) {
    let server = server.with_organization().await;
    let event = |number: &str| Interaction {
        channel: Channel::Event.into(),
        kind: InteractionKind::Attended.into(),
        direction: Direction::Inbound.into(),
        requested_time: at(0),
        customer_alias: Some(phone(number)),
        ..Default::default()
    };
    let before = record(&server.app(), event("111")).await;
    let stranger = record(&server.app(), event("222")).await;
    assert_eq!(server.app().get(&before).await.unwrap().customer_id, "");

    let known = v1::Customer { aliases: vec![phone("111")], ..customer("carla") };
    server.app().upsert_customer(known).await.unwrap();
    let after = record(&server.app(), event("111")).await;
    assert_eq!(server.app().get(&after).await.unwrap().customer_id, "carla", "the directory knows the alias");
    assert_eq!(server.app().get(&before).await.unwrap().customer_id, "carla", "and whose the call before was");

    let about_carla = InteractionFilter { customer_id: "carla".to_owned(), ..Default::default() };
    assert_eq!(list(&server.app(), about_carla).await, [after.clone(), before.clone()]);
    assert_eq!(list(&server.customer("carla"), InteractionFilter::default()).await, [after, before.clone()]);
    assert!(server.customer("carla").get(&before).await.is_ok());
    assert_eq!(refused(server.customer("carla").get(&stranger).await).code(), Code::NotFound);
}

async fn credit_stays_where_it_was_earned(server: Server) {
    let server = server.with_organization().await;
    let id = record(&server.app(), call("nora", "carla")).await;
    let promoted = v1::StaffMember { role: StaffRole::Manager.into(), ..staff("nora", "south") };
    server.app().upsert_staff(promoted).await.unwrap();

    let found = server.app().get(&id).await.unwrap();
    assert_eq!((found.participants[0].role(), found.participants[0].team_id.as_str()), (StaffRole::Agent, "north"));
    let of = |team_id: &str| InteractionFilter { team_id: team_id.to_owned(), ..Default::default() };
    assert_eq!(list(&server.app(), of("north")).await, [id]);
    assert!(list(&server.app(), of("south")).await.is_empty());
}

async fn only_a_reattribution_moves_credit_and_it_leaves_a_trace(server: Server) {
    let server = server.with_organization().await;
    let id = record(&server.app(), call("nora", "carla")).await;
    server.app().upsert_staff(staff("nora", "south")).await.unwrap();
    let before = server.app().get(&id).await.unwrap();
    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        participants: vec![
            Participant { involvement: Involvement::Primary.into(), ..participant("nils") },
            participant("nora"),
        ],
        reason: "nils took the call".to_owned(),
        etag: before.etag.clone(),
    };
    let petra = server.supervisor("petra", &["north"]);
    let moved = petra.interactions().reattribute_interaction(request.clone()).await.unwrap().into_inner();
    let moved = moved.interaction.unwrap();
    let who: Vec<_> = moved.participants.iter().map(|one| (one.staff_id.as_str(), one.team_id.as_str())).collect();
    assert_eq!(who, [("nils", "north"), ("nora", "north")], "those who stay keep the team of then");
    assert_ne!(moved.etag, before.etag);

    // The same request again changes nothing; with the etag of before, another one is refused.
    let again = petra.interactions().reattribute_interaction(request.clone()).await.unwrap().into_inner();
    assert_eq!(again.interaction.unwrap(), moved);
    let late = v1::ReattributeInteractionRequest { request_id: request_id(), ..request };
    assert_eq!(refused(petra.interactions().reattribute_interaction(late).await).code(), Code::Aborted);

    let by = |staff_id: &str| v1::SummarizeInteractionsRequest {
        filter: Some(InteractionFilter { staff_id: staff_id.to_owned(), ..Default::default() }),
        group_by: SummaryGrouping::Staff.into(),
        ..Default::default()
    };
    let groups = server.app().interactions().summarize_interactions(by("nora")).await.unwrap().into_inner().groups;
    assert_eq!(
        groups.iter().map(|group| group.key.as_str()).collect::<Vec<_>>(),
        ["nils"],
        "the primary has the credit"
    );

    let trail = v1::ListAuditEventsRequest { object_id: id, ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].action(), events[0].actor.as_str()), (AuditAction::Reattributed, "petra"));
    assert_eq!(events[0].reason, "nils took the call");
    let detail: serde_json::Value = serde_json::from_str(&events[0].detail_json).unwrap();
    assert_eq!(detail["before"][0]["staff_id"], "nora");
    assert_eq!(detail["after"][0]["staff_id"], "nils");
}

async fn lists_by_everything_newest_first(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let at_hour = |hour: i64, told: Interaction| Interaction {
        requested_time: at(hour * 3_600),
        connected_time: None,
        ended_time: None,
        ..told
    };
    let old = record(&app, at_hour(0, Interaction { case_id: "K".to_owned(), ..call("nora", "carla") })).await;
    let chat = Interaction {
        channel: Channel::OnlineChat.into(),
        direction: Direction::Inbound.into(),
        kind: InteractionKind::Complaint.into(),
        ..call("sam", "dora")
    };
    let middle = record(&app, at_hour(1, chat)).await;
    let both = Interaction {
        participants: vec![
            Participant { involvement: Involvement::Primary.into(), ..participant("nora") },
            participant("nils"),
            participant("sam"),
        ],
        ..call("nora", "carla")
    };
    let new = record(&app, at_hour(2, both)).await;

    let none = InteractionFilter::default();
    let cases = [
        (none.clone(), vec![&new, &middle, &old]),
        (InteractionFilter { customer_id: "carla".to_owned(), ..none.clone() }, vec![&new, &old]),
        (InteractionFilter { case_id: "K".to_owned(), ..none.clone() }, vec![&old]),
        (InteractionFilter { staff_id: "sam".to_owned(), ..none.clone() }, vec![&new, &middle]),
        // Two of north took part in the newest: it is listed once.
        (InteractionFilter { team_id: "north".to_owned(), ..none.clone() }, vec![&new, &old]),
        (InteractionFilter { team_id: "north".to_owned(), staff_id: "nils".to_owned(), ..none.clone() }, vec![&new]),
        (InteractionFilter { channels: vec![Channel::OnlineChat.into()], ..none.clone() }, vec![&middle]),
        (InteractionFilter { kinds: vec![InteractionKind::Service.into()], ..none.clone() }, vec![&new, &old]),
        (InteractionFilter { from_time: at(3_600), to_time: at(7_200), ..none.clone() }, vec![&middle]),
    ];
    for (filter, expected) in cases {
        assert_eq!(list(&app, filter.clone()).await.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
    assert_eq!(list(&server.staff("nils"), none.clone()).await, [new.clone(), old.clone()], "the team's");
    assert_eq!(
        list(&server.staff("sam"), none.clone()).await,
        [new.clone(), middle.clone()],
        "their own and the team's"
    );
    assert_eq!(list(&server.customer("dora"), none).await, [middle]);
}

/// Whatever times they have, however large the pages: walking shows every interaction once, newest first.
async fn pages_show_everything_once(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let seed = std::env::var("RAPPORT_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let mut random = StdRng::seed_from_u64(seed);
    let mut expected = Vec::new();
    for _ in 0..30 {
        let (offset, of_north) = (random.random_range(0..5), random.random());
        let told = Interaction {
            requested_time: at(offset),
            connected_time: None,
            ended_time: None,
            ..call(if of_north { "nora" } else { "sam" }, "carla")
        };
        expected.push((offset, record(&app, told).await, of_north));
    }
    expected.sort();
    expected.reverse();
    let page_size = random.random_range(1..12);
    for (filter, only_north) in [
        (InteractionFilter::default(), false),
        (InteractionFilter { customer_id: "carla".to_owned(), ..Default::default() }, false),
        (InteractionFilter { team_id: "north".to_owned(), ..Default::default() }, true),
    ] {
        let wanted = expected.iter().filter(|(.., of_north)| *of_north || !only_north);
        let wanted: Vec<_> = wanted.map(|(_, id, _)| id.clone()).collect();
        assert_eq!(pages(&app, filter, page_size).await, wanted, "pages of {page_size}; RAPPORT_TEST_SEED={seed}");
    }
}

async fn a_timeline_is_read_for_a_purpose(server: Server) {
    let server = server.with_organization().await;
    let id = record(&server.app(), call("nora", "carla")).await;
    let sam = server.staff("sam");
    assert!(list(&sam, InteractionFilter::default()).await.is_empty(), "another team's");
    let request = v1::ReadCustomerTimelineRequest {
        customer_id: "carla".to_owned(),
        purpose: ReadingPurpose::Callback.into(),
        note: "工单 12".to_owned(),
        ..Default::default()
    };
    let read = sam.interactions().read_customer_timeline(request.clone()).await.unwrap().into_inner();
    assert_eq!(read.interactions.iter().map(|one| &one.interaction_id).collect::<Vec<_>>(), [&id]);

    let unknown = v1::ReadCustomerTimelineRequest { customer_id: "nobody".to_owned(), ..request };
    assert_eq!(refused(sam.interactions().read_customer_timeline(unknown).await).code(), Code::NotFound);
    let events = server.admin().audit().list_audit_events(v1::ListAuditEventsRequest::default()).await.unwrap();
    let events = events.into_inner().audit_events;
    let seen: Vec<_> =
        events.iter().map(|one| (one.actor.as_str(), one.object_id.as_str(), one.reason.as_str())).collect();
    assert_eq!(seen, [("sam", "carla", "callback: 工单 12")]);
}

async fn an_interaction_is_concluded_and_resolved(server: Server) {
    let server = server.with_organization().await;
    let open = Interaction { ended_time: None, outcome: 0, ..call("nora", "carla") };
    let id = record(&server.app(), open).await;
    let nora = server.staff("nora");
    let concluded = InteractionUpdate {
        outcome: Outcome::Answered.into(),
        ended_time: at(200),
        conclusion: "换货已寄出".to_owned(),
        staff_resolution: Resolution::Resolved.into(),
        topic: "not named in the mask".to_owned(),
        ..Default::default()
    };
    let paths = ["outcome", "ended_time", "conclusion", "staff_resolution"];
    let after = update(&nora, &id, concluded, &paths, "").await.unwrap();
    assert_eq!((after.outcome(), after.conclusion.as_str()), (Outcome::Answered, "换货已寄出"));
    assert_eq!((after.handling, after.topic.as_str()), (seconds(170), "Returns"));

    let said = InteractionUpdate { customer_resolution: Resolution::Unresolved.into(), ..Default::default() };
    let after = update(&server.customer("carla"), &id, said, &["customer_resolution"], "").await.unwrap();
    assert_eq!((after.staff_resolution(), after.customer_resolution()), (Resolution::Resolved, Resolution::Unresolved));

    let cleared = update(&nora, &id, InteractionUpdate::default(), &["conclusion"], &after.etag).await.unwrap();
    assert_eq!(cleared.conclusion, "");
    let impossible = InteractionUpdate { ended_time: at(1), ..Default::default() };
    let status = refused(update(&nora, &id, impossible, &["ended_time"], "").await);
    assert_eq!(status.code(), Code::InvalidArgument);
}

async fn a_correction_of_the_only_instant_moves_it_in_time(server: Server) {
    let server = server.with_organization().await;
    let only_end =
        Interaction { requested_time: None, connected_time: None, ended_time: at(10), ..call("nora", "carla") };
    let moved = record(&server.app(), only_end).await;
    let fixed = record(&server.app(), Interaction { ended_time: None, ..call("nora", "carla") }).await;
    let of_nora = InteractionFilter { staff_id: "nora".to_owned(), ..Default::default() };
    assert_eq!(list(&server.app(), of_nora.clone()).await, [moved.clone(), fixed.clone()]);
    let corrected = InteractionUpdate { ended_time: at(-10), ..Default::default() };
    update(&server.app(), &moved, corrected, &["ended_time"], "").await.unwrap();
    assert_eq!(list(&server.app(), of_nora).await, [fixed.clone(), moved.clone()]);
    assert_eq!(list(&server.app(), InteractionFilter::default()).await, [fixed, moved]);
}

async fn summarize(caller: &Caller, request: v1::SummarizeInteractionsRequest) -> v1::SummarizeInteractionsResponse {
    caller.interactions().summarize_interactions(request).await.map(Response::into_inner).unwrap()
}

fn by(grouping: SummaryGrouping) -> v1::SummarizeInteractionsRequest {
    v1::SummarizeInteractionsRequest { group_by: grouping.into(), ..Default::default() }
}

async fn figures_by_group(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let waited =
        |wait: i64, told: Interaction| Interaction { connected_time: at(wait), ended_time: at(wait + 100), ..told };
    record(&app, waited(10, call("nora", "carla"))).await;
    record(&app, waited(20, call("nils", "carla"))).await;
    let transfers = vec![Transfer::default(), Transfer::default()];
    record(&app, waited(60, Interaction { transfers, ..call("sam", "dora") })).await;
    record(&app, Interaction { requested_time: None, ended_time: None, ..call("nora", "dora") }).await;
    let abandoned = Interaction {
        outcome: Outcome::Abandoned.into(),
        connected_time: None,
        participants: Vec::new(),
        ..call("", "dora")
    };
    record(&app, abandoned).await;

    let summary = summarize(&app, by(SummaryGrouping::Channel)).await;
    assert_eq!(summary.groups.len(), 1);
    let calls = &summary.groups[0];
    assert_eq!((calls.key.as_str(), calls.count, calls.abandoned_count), ("inbound_call", 5, 1));
    let wait = calls.wait.unwrap();
    assert_eq!(wait.known_count, 3);
    assert_eq!((wait.mean_seconds, wait.median_seconds, wait.p90_seconds), (Some(30.0), Some(20.0), Some(60.0)));
    let handling = calls.handling.unwrap();
    assert_eq!((handling.known_count, handling.mean_seconds), (3, Some(100.0)));
    let level = calls.service_level.unwrap();
    assert_eq!((level.within_count, level.offered_count, level.unknown_wait_count), (2, 4, 1));
    // Of five, two were answered in time, and a third perhaps.
    assert_eq!((level.share, level.share_low, level.share_high), (None, Some(0.4), Some(0.6)));
    assert_eq!((calls.transferred_count, calls.transfer_count), (1, 2));
    assert_eq!(calls.abandonment_rate, Some(0.2));
    let total = summary.total.unwrap();
    assert_eq!((total.count, total.wait), (calls.count, calls.wait));

    let keys = async |caller: &Caller, grouping| -> Vec<(String, i64)> {
        summarize(caller, by(grouping)).await.groups.into_iter().map(|group| (group.key, group.count)).collect()
    };
    let counts = |pairs: &[(&str, i64)]| pairs.iter().map(|&(key, count)| (key.to_owned(), count)).collect::<Vec<_>>();
    assert_eq!(keys(&app, SummaryGrouping::Team).await, counts(&[("", 1), ("north", 3), ("south", 1)]));
    assert_eq!(keys(&app, SummaryGrouping::Staff).await, counts(&[("", 1), ("nils", 1), ("nora", 2), ("sam", 1)]));
    assert_eq!(keys(&app, SummaryGrouping::Outcome).await, counts(&[("abandoned", 1), ("answered", 4)]));
    assert_eq!(keys(&app, SummaryGrouping::Kind).await, counts(&[("service", 5)]));
    assert_eq!(keys(&app, SummaryGrouping::Topic).await, counts(&[("Returns", 5)]));
    assert_eq!(keys(&app, SummaryGrouping::Hour).await, counts(&[("09", 5)]));
    assert_eq!(keys(&app, SummaryGrouping::Weekday).await, counts(&[("1", 5)]));
    assert_eq!(keys(&app, SummaryGrouping::Day).await, counts(&[("2025-03-03", 5)]));
    assert_eq!(keys(&server.staff("sam"), SummaryGrouping::Team).await, counts(&[("south", 1)]), "the team's only");

    let elsewhere = v1::SummarizeInteractionsRequest {
        time_zone: "Asia/Shanghai".to_owned(),
        service_level_threshold: seconds(9),
        ..by(SummaryGrouping::Hour)
    };
    let group = summarize(&app, elsewhere).await.groups.remove(0);
    assert_eq!((group.key.as_str(), group.service_level.unwrap().within_count), ("17", 0));
}

async fn figures_come_in_pages(server: Server) {
    let server = server.with_organization().await;
    for staff_id in ["nora", "nils", "petra", "sam"] {
        record(&server.app(), call(staff_id, "carla")).await;
    }
    let mut request = v1::SummarizeInteractionsRequest { page_size: 3, ..by(SummaryGrouping::Staff) };
    let first = summarize(&server.app(), request.clone()).await;
    request.page_token = first.next_page_token.clone();
    let second = summarize(&server.app(), request).await;
    let keys = |page: &v1::SummarizeInteractionsResponse| {
        page.groups.iter().map(|group| group.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!((keys(&first), keys(&second)), (vec!["nils".into(), "nora".into(), "petra".into()], vec!["sam".into()]));
    assert_eq!(second.next_page_token, "");
    assert_eq!((first.total.unwrap().count, second.total.unwrap().count), (4, 4));
}

async fn first_contact_resolution_has_three_readings(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let day = 86_400;
    let on = |days: i64, told: Interaction| Interaction {
        requested_time: at(days * day),
        connected_time: None,
        ended_time: None,
        ..told
    };
    let first = Interaction {
        case_id: "K-1".to_owned(),
        staff_resolution: Resolution::Resolved.into(),
        customer_resolution: Resolution::Unresolved.into(),
        ..call("nora", "carla")
    };
    record(&app, on(0, first.clone())).await;
    // The customer comes back, to another team: unresolved, and itself no first contact.
    record(&app, on(3, Interaction { participants: vec![participant("sam")], ..first.clone() })).await;
    // Another matter, which rests.
    record(&app, on(1, Interaction { case_id: "K-2".to_owned(), ..call("nora", "dora") })).await;
    // No matter is named.
    record(&app, on(1, call("nora", "dora"))).await;

    let of_north = v1::SummarizeInteractionsRequest {
        filter: Some(InteractionFilter { team_id: "north".to_owned(), ..Default::default() }),
        ..by(SummaryGrouping::Team)
    };
    let group = summarize(&app, of_north).await.groups.remove(0);
    let readings = group.first_contact_resolution.unwrap();
    let counts = |reading: Option<v1::ResolutionReading>| {
        let reading = reading.unwrap();
        (reading.resolved_count, reading.unresolved_count, reading.unknown_count)
    };
    assert_eq!(counts(readings.recorded_by_staff), (1, 0, 2));
    assert_eq!(counts(readings.declared_by_customer), (0, 1, 2));
    assert_eq!(counts(readings.derived), (1, 1, 1));
    assert_eq!(readings.derived.unwrap().rate, Some(0.5));
    assert_eq!(summarize(&app, by(SummaryGrouping::Channel)).await.total.unwrap().count, 4);

    // Nobody could have linked what came after an order of nobody known: that it did not come back is not known.
    let order = |order: &str| Interaction {
        context: Some(InteractionContext { order_id: order.to_owned(), ..Default::default() }),
        ..call("nils", "")
    };
    record(&app, on(1, order("O-1"))).await;
    record(&app, on(1, order("O-2"))).await;
    let of_nils = v1::SummarizeInteractionsRequest {
        filter: Some(InteractionFilter { staff_id: "nils".to_owned(), ..Default::default() }),
        ..by(SummaryGrouping::Staff)
    };
    let derived = async || {
        let group = summarize(&app, of_nils.clone()).await.groups.remove(0);
        group.first_contact_resolution.unwrap().derived
    };
    assert_eq!((counts(derived().await), derived().await.unwrap().rate), ((0, 0, 2), None));
    // One that did come back is; but of those like it only those who came back would be, which makes no rate.
    record(&app, on(4, order("O-2"))).await;
    assert_eq!((counts(derived().await), derived().await.unwrap().rate), ((0, 1, 1), None));
    record(&app, on(1, Interaction { context: order("O-3").context, ..call("nils", "dora") })).await;
    assert_eq!((counts(derived().await), derived().await.unwrap().rate), ((1, 1, 1), Some(1.0)));
}

/// Unary, batch and stream at once, all with the same request id.
async fn record_everywhere(servers: &[&Server], id: &str, told: &Interaction) -> Vec<(Recording, String)> {
    let request = v1::RecordInteractionRequest { request_id: id.to_owned(), interaction: Some(told.clone()) };
    let calls = (0..60).map(|number| {
        let (app, request) = (servers[number % servers.len()].app(), request.clone());
        tokio::spawn(async move {
            if number % 2 == 0 {
                return vec![app.interactions().record_interaction(request).await.unwrap().into_inner()];
            }
            let requests = vec![request; 2];
            let batch = v1::BatchRecordInteractionsRequest { requests };
            let results = app.interactions().batch_record_interactions(batch).await.unwrap().into_inner().results;
            let receipt = |one: v1::RecordItemResult| match one.result.unwrap() {
                v1::record_item_result::Result::Recorded(receipt) => receipt,
                v1::record_item_result::Result::Error(error) => panic!("{error:?}"),
            };
            results.into_iter().map(receipt).collect()
        })
    });
    let receipts = join_all(calls).await.into_iter().flat_map(Result::unwrap);
    receipts.map(|receipt| (receipt.recording(), receipt.interaction_id)).collect()
}

fn assert_recorded_once(receipts: &[(Recording, String)]) {
    let recorded = receipts.iter().filter(|(recording, _)| *recording == Recording::Recorded).count();
    let ids: BTreeSet<_> = receipts.iter().map(|(_, id)| id).collect();
    assert_eq!((recorded, ids.len()), (1, 1));
}

/// Customers come back to others, by a case, by an order, or by one that leads to the other: who sees only their own work
/// still reads the same of it.
async fn a_colleague_reads_what_came_of_their_work_as_everybody_does(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let mut random = StdRng::seed_from_u64(7);
    let colleagues = ["nora", "nils", "sam"];
    for number in 0..150 {
        // Half of them name none.
        let mut named = |kind: &str| match random.random_range(0..80) {
            n @ 0..40 => format!("{kind}-{n}"),
            _ => String::new(),
        };
        let (case_id, order_id) = (named("case"), named("order"));
        let topic = ["Returns", "Delivery"][random.random_range(0..2)].to_owned();
        let hour = 3_600 * i64::from(random.random_range(0..24 * 100));
        let told = Interaction {
            case_id,
            context: Some(InteractionContext { order_id, ..Default::default() }),
            topic,
            requested_time: at(hour - 300),
            connected_time: at(hour - 200),
            ended_time: at(hour),
            ..call(colleagues[number % 3], "carla")
        };
        record(&app, told).await;
    }
    let of_all = summarize(&app, by(SummaryGrouping::Staff)).await.groups;
    assert_eq!(of_all.len(), colleagues.len());
    for group in of_all {
        let derived = group.first_contact_resolution.unwrap().derived.unwrap();
        assert!(derived.resolved_count > 5 && derived.unresolved_count > 0, "{derived:?}");
        let own = summarize(&server.staff(&group.key), by(SummaryGrouping::Staff)).await.groups;
        assert!(own.contains(&group), "{own:?}");
        let filter = Some(InteractionFilter { staff_id: group.key.clone(), ..Default::default() });
        let request = v1::SummarizeInteractionsRequest { filter, ..by(SummaryGrouping::Staff) };
        assert_eq!(summarize(&app, request).await.groups, [group]);
    }
}

async fn the_same_request_from_everywhere_at_once_is_recorded_once(server: Server) {
    let server = server.with_organization().await;
    for round in 0..5 {
        let receipts = record_everywhere(&[&server], &format!("race-{round}"), &call("nora", "carla")).await;
        assert_recorded_once(&receipts);
    }
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 5);
    assert_eq!(server.number("SELECT count(*) FROM interaction_participant").await, 5);
}

async fn two_servers_record_a_request_once(server: Server) {
    let server = server.with_organization().await;
    let sibling = server.sibling().await;
    for round in 0..5 {
        let receipts = record_everywhere(&[&server, &sibling], &format!("race-{round}"), &call("nora", "carla")).await;
        assert_recorded_once(&receipts);
    }
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 5);
}

/// A database of the version before, whose keys are hashes: what it has stays found, and ids of later on begin with their time.
async fn a_retry_is_found_whatever_the_form_of_its_key(server: Server) {
    let ids = |day: u64| {
        let millis = Clock::system().now_micros().unsigned_abs() / 1_000 + day * 86_400_000;
        uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid().to_string()
    };
    let backend = server.backend();
    server.execute("UPDATE housekeeping SET timed_keys_from = 9000000000000000").await;
    let server = server.restart_after(std::future::ready(())).await;
    let server = server.with_organization().await;
    let old = ids(0);
    let before = server.app().record_as(&old, call("nora", "carla")).await.unwrap();

    server.execute("ALTER TABLE housekeeping DROP COLUMN timed_keys_from").await;
    server.execute("DELETE FROM seaql_migrations WHERE version = 'm0035_timed_keys'").await;
    let server = server.restart_after(std::future::ready(())).await;
    let app = server.app();
    for (id, is_timed) in [(old, false), (ids(1), false), (ids(10), true), ("call-7".to_owned(), false)] {
        let first = app.record_as(&id, call("nora", "carla")).await.unwrap();
        let again = app.record_as(&id, call("nora", "carla")).await.unwrap();
        assert_eq!((again.recording(), &again.interaction_id), (Recording::AlreadyPresent, &first.interaction_id));
        assert_eq!(first.interaction_id == before.interaction_id, first.recording() == Recording::AlreadyPresent);
        let digits = match backend {
            Backend::Sqlite => "lower(hex(request_key))",
            Backend::Postgres => "replace(CAST(request_key AS text), '-', '')",
        };
        let time: String = id.replace('-', "").chars().take(12).collect();
        let timed = server.texts(&format!("SELECT {digits} FROM interaction WHERE {digits} LIKE '{time}%'")).await;
        assert_eq!(timed.len(), usize::from(is_timed), "{id}");
    }
}

async fn everything_at_once_is_numbered_once(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let existing = record(&app, call("nora", "carla")).await;
    let unary = (0..40).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { app.record(call("nora", "carla")).await.map(drop) })
    });
    let updates = (0..20).map(|number| {
        let (app, existing) = (app.clone(), existing.clone());
        tokio::spawn(async move {
            let change = InteractionUpdate { conclusion: format!("{number}"), ..Default::default() };
            update(&app, &existing, change, &["conclusion"], "").await.map(drop)
        })
    });
    let requests = (0..1_200).map(|number| v1::RecordInteractionsRequest {
        request: Some(v1::RecordInteractionRequest {
            request_id: format!("stream-{number}"),
            interaction: Some(call("sam", "dora")),
        }),
    });
    let mut stream = app.interactions().record_interactions(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let mut last = v1::RecordInteractionsResponse::default();
    while let Some(acknowledged) = stream.message().await.unwrap() {
        assert!(acknowledged.settled_count > last.settled_count);
        last = acknowledged;
    }
    assert_eq!((last.settled_count, last.recorded_count, last.failed_count), (1_200, 1_200, 0));
    for done in join_all(unary.chain(updates)).await {
        done.unwrap().unwrap();
    }
    let changes = 1 + 40 + 20 + 1_200;
    assert_eq!(server.number("SELECT count(*) FROM interaction_change").await, changes);
    let recorded = server.number("SELECT count(DISTINCT interaction_id) FROM interaction_change WHERE kind = 1").await;
    assert_eq!(recorded, 1 + 40 + 1_200);
    let last = server.number("SELECT max(sequence) FROM interaction_change").await;
    assert_eq!(server.number("SELECT last_sequence FROM stream WHERE name = 'interactions'").await, last);
}

async fn edits_at_once_do_not_overwrite_one_another(server: Server) {
    let server = server.with_organization().await;
    let id = record(&server.app(), call("nora", "carla")).await;
    let etag = server.app().get(&id).await.unwrap().etag;
    let edits = (0..20).map(|number| {
        let (app, id, etag) = (server.app(), id.clone(), etag.clone());
        tokio::spawn(async move {
            let change = InteractionUpdate { conclusion: format!("{number}"), ..Default::default() };
            update(&app, &id, change, &["conclusion"], &etag).await
        })
    });
    let answers: Vec<_> = join_all(edits).await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|status| status.code() == Code::Aborted));
    assert_eq!(server.app().get(&id).await.unwrap().conclusion, winners[0].conclusion);
}

async fn servers_may_migrate_at_once(server: Server) {
    let mut servers = Server::together(server.backend(), 4).await;
    let first = servers.remove(0).with_organization().await;
    let id = record(&first.app(), call("nora", "carla")).await;
    for other in &servers {
        assert!(other.app().get(&id).await.is_ok());
    }
}

async fn a_stopping_server_settles_what_it_read(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let (requests, receiver) = tokio::sync::mpsc::channel(8);
    let requests_in = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let opened = tokio::spawn(async move { app.interactions().record_interactions(requests_in).await });
    let request = v1::RecordInteractionsRequest {
        request: Some(v1::RecordInteractionRequest {
            request_id: "last".to_owned(),
            interaction: Some(call("nora", "carla")),
        }),
    };
    requests.send(request).await.unwrap();
    let mut stream = opened.await.unwrap().unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().recorded_count, 1);

    // The caller neither sends nor ends the stream: the server ends it, and says that they may come back.
    let stopped = tokio::spawn(server.stop());
    let end = refused(stream.message().await);
    assert_eq!(verdict(&end), (Code::Unavailable, "SERVER_STOPPING".to_owned()));
    assert!(may_be_retried(&end));
    drop(requests);
    stopped.await.unwrap();
}

async fn a_stream_ends_with_its_token(server: Server) {
    let server = server.with_organization().await;
    let app = server.caller_for(std::time::Duration::from_secs(1), Role::App, "crm");
    let (requests, receiver) = tokio::sync::mpsc::channel::<v1::RecordInteractionsRequest>(1);
    let receiver = tokio_stream::wrappers::ReceiverStream::new(receiver);
    // The answer may come before or after the token's end: either way the call does not outlive it.
    let status = match app.interactions().record_interactions(receiver).await {
        Ok(stream) => refused(stream.into_inner().message().await),
        Err(status) => status,
    };
    assert_eq!(status.code(), Code::Unauthenticated);
    drop(requests);
}
