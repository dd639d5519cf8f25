//! Watches: what they show and to whom, how they go on where they were cut, how they end.

use std::{collections::BTreeMap, time::Duration};

use prost_types::FieldMask;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{
        self, AuditAction, Channel, Direction, Interaction, InteractionChangeKind, InteractionContext,
        InteractionEvent, InteractionKind, InteractionUpdate, Participant, ReadingPurpose, Role, StaffState,
    },
    clock::Clock,
    config::Config,
    metrics::Ending,
};
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Status, Streaming, transport::Endpoint};

use crate::support::{
    Caller, Server, Test,
    client::{Bearer, request_id},
    on_both, on_postgres,
    refusal::{may_be_retried, resume_cursor, verdict},
    refused,
    sample::{at, call, customer, participant, phone, staff},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        every_change_is_shown_to_whom_it_concerns,
        only_what_lies_within_reach_is_shown,
        an_alias_shows_its_customer,
        a_timeline_is_watched_for_a_purpose,
        a_silent_watch_says_how_far_it_is,
        a_person_no_longer_active_watches_no_more,
        a_watch_goes_on_where_it_was_cut,
        cursors_of_others_and_of_nobody,
        exactly_one_is_watched,
        a_watch_ends_with_its_token,
        a_watch_ends_with_its_life,
        a_stopping_server_ends_its_watches,
        a_slow_reader_is_cut_and_misses_nothing,
        a_reader_who_never_reads_does_not_keep_the_server,
        there_are_only_so_many_watches,
        nothing_is_missing_and_nothing_comes_twice,
    ];
    tests.extend(on_postgres![two_servers_show_each_others_changes]);
    tests
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A watch, with the cursor behind what it has shown.
struct Watch {
    stream: Streaming<v1::WatchInteractionsResponse>,
    cursor: String,
}

impl Watch {
    async fn open(caller: &Caller, request: v1::WatchInteractionsRequest) -> Result<Self, Status> {
        let stream = caller.interactions().watch_interactions(request).await?.into_inner();
        let mut watch = Self { stream, cursor: String::new() };
        assert_eq!(watch.response().await?, None, "the first response says where the watch begins");
        Ok(watch)
    }

    /// The next response, with an event or without.
    async fn response(&mut self) -> Result<Option<InteractionEvent>, Status> {
        let response = timeout(PATIENCE, self.stream.message()).await.expect("a response in time")?;
        let response = response.expect("a watch does not end without saying why");
        assert!(!response.resume_cursor.is_empty());
        self.cursor = response.resume_cursor;
        Ok(response.event)
    }

    async fn event(&mut self) -> Result<InteractionEvent, Status> {
        let event = async {
            loop {
                if let Some(event) = self.response().await? {
                    return Ok(event);
                }
            }
        };
        // However many heartbeats come in the meantime.
        timeout(PATIENCE, event).await.expect("an event in time")
    }

    /// Kind and interaction of the next event.
    async fn next(&mut self) -> (InteractionChangeKind, String) {
        let event = self.event().await.unwrap();
        (event.kind(), event.interaction.unwrap().interaction_id)
    }

    /// How it ends.
    async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.response().await {
                return status;
            }
        }
    }
}

fn of_customer(id: &str) -> v1::WatchInteractionsRequest {
    v1::WatchInteractionsRequest { customer_id: id.to_owned(), ..Default::default() }
}

fn of_staff(id: &str) -> v1::WatchInteractionsRequest {
    v1::WatchInteractionsRequest { staff_id: id.to_owned(), ..Default::default() }
}

fn of_team(id: &str) -> v1::WatchInteractionsRequest {
    v1::WatchInteractionsRequest { team_id: id.to_owned(), ..Default::default() }
}

fn from(cursor: &str, request: v1::WatchInteractionsRequest) -> v1::WatchInteractionsRequest {
    v1::WatchInteractionsRequest { resume_cursor: cursor.to_owned(), ..request }
}

async fn record(caller: &Caller, interaction: Interaction) -> String {
    caller.record(interaction).await.unwrap().interaction_id
}

async fn conclude(caller: &Caller, interaction_id: &str, conclusion: &str) {
    let request = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        interaction: Some(InteractionUpdate { conclusion: conclusion.to_owned(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["conclusion".to_owned()] }),
        etag: String::new(),
    };
    caller.interactions().update_interaction(request).await.unwrap();
}

/// Several took part, the first as the primary one.
fn together(staff_ids: &[&str], customer_id: &str) -> Interaction {
    let mut participants: Vec<Participant> = staff_ids.iter().map(|&id| participant(id)).collect();
    participants[0].involvement = v1::Involvement::Primary.into();
    Interaction { participants, ..call(staff_ids[0], customer_id) }
}

async fn every_change_is_shown_to_whom_it_concerns(server: Server) {
    use InteractionChangeKind::{Reattributed, Recorded, Updated};
    let server = server.with_organization().await;
    let app = server.app();
    let mut carla = Watch::open(&app, of_customer("carla")).await.unwrap();
    let mut nora = Watch::open(&app, of_staff("nora")).await.unwrap();
    let mut sam = Watch::open(&app, of_staff("sam")).await.unwrap();
    let mut north = Watch::open(&app, of_team("north")).await.unwrap();

    let elsewhere = record(&app, call("sam", "dora")).await;
    let id = record(&app, call("nora", "carla")).await;
    let event = carla.event().await.unwrap();
    assert_eq!((event.kind(), event.interaction), (Recorded, Some(app.get(&id).await.unwrap())));
    assert!(event.change_time.is_some());
    assert_eq!(nora.next().await, (Recorded, id.clone()));
    assert_eq!(north.next().await, (Recorded, id.clone()));
    assert_eq!(sam.next().await, (Recorded, elsewhere));

    conclude(&app, &id, "sent a new one").await;
    let event = carla.event().await.unwrap();
    assert_eq!((event.kind(), event.interaction.unwrap().conclusion.as_str()), (Updated, "sent a new one"));
    assert_eq!(nora.next().await, (Updated, id.clone()));
    assert_eq!(north.next().await, (Updated, id.clone()));

    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        participants: vec![participant("sam")],
        reason: "sam took the call".to_owned(),
        etag: String::new(),
    };
    server.admin().interactions().reattribute_interaction(request).await.unwrap();
    assert_eq!(carla.next().await, (Reattributed, id.clone()));
    assert_eq!(sam.next().await, (Reattributed, id), "it is theirs now");

    // It left nora and her team: the next they are shown is another one, once though two of the team took part.
    let next = record(&app, together(&["nora", "nils"], "carla")).await;
    for watch in [&mut nora, &mut north, &mut carla] {
        assert_eq!(watch.next().await, (Recorded, next.clone()));
    }
    let last = record(&app, call("nora", "carla")).await;
    assert_eq!(north.next().await, (Recorded, last));
}

async fn only_what_lies_within_reach_is_shown(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let nora = server.staff("nora");
    let mut team = Watch::open(&nora, of_team("south")).await.unwrap();
    let mut colleague = Watch::open(&nora, of_staff("sam")).await.unwrap();
    let mut stranger = Watch::open(&nora, of_customer("carla")).await.unwrap();
    let mut lead = Watch::open(&server.supervisor("petra", &["north"]), of_customer("carla")).await.unwrap();
    let mut own = Watch::open(&server.customer("carla"), v1::WatchInteractionsRequest::default()).await.unwrap();
    let mut others = Watch::open(&server.customer("carla"), of_customer("dora")).await.unwrap();
    let mut all = Watch::open(&server.caller(Role::Reviewer, "rita", &[]), of_team("south")).await.unwrap();

    let hidden = record(&app, call("sam", "carla")).await;
    record(&app, call("sam", "dora")).await;
    let shown = record(&app, together(&["sam", "nora"], "carla")).await;
    for watch in [&mut team, &mut colleague, &mut stranger, &mut lead] {
        assert_eq!(watch.next().await.1, shown);
    }
    for expected in [&hidden, &shown] {
        assert_eq!(own.next().await.1, *expected);
    }
    assert_eq!(all.next().await.1, hidden);
    // Another customer's are not there for her, as in lists; that she asks is no error either.
    assert!(timeout(Duration::from_millis(200), others.response()).await.is_err());

    // The past is seen through the same eyes.
    let beginning = Watch::open(&nora, from(&stranger.cursor, of_customer("carla"))).await.unwrap().cursor;
    record(&app, call("sam", "carla")).await;
    drop((team, colleague, stranger, lead, own, others, all));
    let shown = record(&app, call("nora", "carla")).await;
    let mut again = Watch::open(&nora, from(&beginning, of_customer("carla"))).await.unwrap();
    assert_eq!(again.next().await.1, shown);
}

async fn an_alias_shows_its_customer(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let event = |number: &str| Interaction {
        channel: Channel::Event.into(),
        kind: InteractionKind::Attended.into(),
        direction: Direction::Inbound.into(),
        requested_time: at(0),
        customer_alias: Some(phone(number)),
        ..Default::default()
    };
    let mut carla = Watch::open(&app, of_customer("carla")).await.unwrap();
    let before = record(&app, event("111")).await;
    record(&app, event("222")).await;
    let known = v1::Customer { aliases: vec![phone("111")], ..customer("carla") };
    app.upsert_customer(known).await.unwrap();
    conclude(&app, &before, "asked for a call").await;
    // Whether its recording was read before or after the alias was known, the conclusion comes after both.
    loop {
        let (kind, id) = carla.next().await;
        assert_eq!(id, before);
        if kind == InteractionChangeKind::Updated {
            break;
        }
    }
    let after = record(&app, event("111")).await;
    assert_eq!(carla.next().await.1, after);
}

async fn a_timeline_is_watched_for_a_purpose(server: Server) {
    let server = server.with_organization().await;
    let (app, nora) = (server.app(), server.staff("nora"));
    let request = |customer_id: &str, resume_cursor: &str| v1::WatchCustomerTimelineRequest {
        customer_id: customer_id.to_owned(),
        purpose: ReadingPurpose::Callback.into(),
        note: "ticket 7".to_owned(),
        resume_cursor: resume_cursor.to_owned(),
    };
    let trail = async || {
        let request = v1::ListAuditEventsRequest { object_id: "dmitri".to_owned(), ..Default::default() };
        server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events
    };
    let mut stream = nora.interactions().watch_customer_timeline(request("dmitri", "")).await.unwrap().into_inner();
    let events = trail().await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].action(), events[0].actor.as_str()), (AuditAction::TimelineRead, "nora"));
    assert_eq!(events[0].reason, "callback: ticket 7");

    let cursor = stream.message().await.unwrap().unwrap().resume_cursor;
    let id = record(&app, call("sam", "dmitri")).await;
    let shown = stream.message().await.unwrap().unwrap().event.unwrap();
    assert_eq!(shown.interaction.unwrap().interaction_id, id, "it is not her team's");
    assert_eq!(trail().await.len(), 1, "one reading is one line");

    drop(stream);
    let mut again = nora.interactions().watch_customer_timeline(request("dmitri", &cursor)).await.unwrap().into_inner();
    assert_eq!(again.message().await.unwrap().unwrap().event, None);
    assert_eq!(again.message().await.unwrap().unwrap().event.unwrap().interaction.unwrap().interaction_id, id);
    assert_eq!(trail().await.len(), 2);

    // What shows nothing leaves no trace.
    refused(nora.interactions().watch_customer_timeline(request("dmitri", "x")).await);
    let unknown = refused(nora.interactions().watch_customer_timeline(request("nobody", "")).await);
    assert_eq!(unknown.code(), Code::NotFound);
    let status =
        refused(nora.interactions().watch_customer_timeline(v1::WatchCustomerTimelineRequest::default()).await);
    let fields: Vec<_> = violations(&status).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["customer_id", "purpose"]);
    assert_eq!(trail().await.len(), 2);
}

fn lively(config: &mut Config) {
    config.limits.watch_heartbeat = Duration::from_millis(200);
}

async fn a_silent_watch_says_how_far_it_is(server: Server) {
    let server = Server::start_with(server.backend(), Clock::system(), lively).await.unwrap().with_organization().await;
    let app = server.app();
    let mut dora = Watch::open(&app, of_customer("dora")).await.unwrap();
    let beginning = dora.cursor.clone();
    record(&app, call("nora", "carla")).await;
    while dora.cursor == beginning {
        assert_eq!(dora.response().await.unwrap(), None);
    }
    let further = dora.cursor.clone();
    drop(dora);
    let id = record(&app, call("nora", "dora")).await;
    let mut dora = Watch::open(&app, from(&further, of_customer("dora"))).await.unwrap();
    assert_eq!(dora.next().await.1, id);
}

async fn a_person_no_longer_active_watches_no_more(server: Server) {
    let server = Server::start_with(server.backend(), Clock::system(), lively).await.unwrap().with_organization().await;
    let app = server.app();
    let mut nora = Watch::open(&server.staff("nora"), of_customer("carla")).await.unwrap();
    // In another team she sees what that one does, from the next heartbeat on.
    app.upsert_staff(staff("nora", "south")).await.unwrap();
    let other = nora.cursor.clone();
    while nora.cursor == other {
        nora.response().await.unwrap();
    }
    let id = record(&app, call("sam", "carla")).await;
    assert_eq!(nora.next().await.1, id);

    let state = StaffState::Inactive.into();
    app.upsert_staff(v1::StaffMember { state, ..staff("nora", "south") }).await.unwrap();
    let end = nora.end().await;
    assert_eq!(verdict(&end), (Code::PermissionDenied, "CALLER_INACTIVE".to_owned()));
    assert_eq!(server.metrics().watches_ended(Ending::Failed), 1);
}

async fn a_watch_goes_on_where_it_was_cut(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    for request in [of_customer("carla"), of_staff("nora"), of_team("north")] {
        let mut watch = Watch::open(&app, request.clone()).await.unwrap();
        let beginning = watch.cursor.clone();
        let mut expected = Vec::new();
        // More than is looked at together; every other one is not for this watch.
        for _ in 0..40 {
            expected.push(record(&app, call("nora", "carla")).await);
            record(&app, call("sam", "dora")).await;
        }
        for id in &expected[..3] {
            assert_eq!(watch.next().await.1, *id);
        }
        let cursor = watch.cursor.clone();
        drop(watch);
        expected.push(record(&app, call("nora", "carla")).await);

        let mut seen = Watch::open(&app, from(&cursor, request.clone())).await.unwrap();
        assert_eq!(seen.cursor, cursor, "the first response repeats where it goes on");
        for id in &expected[3..] {
            assert_eq!(seen.next().await.1, *id);
        }
        let mut all = Watch::open(&app, from(&beginning, request)).await.unwrap();
        for id in &expected {
            assert_eq!(all.next().await.1, *id);
        }
        // Both go on with what happens now.
        let now = record(&app, call("nora", "carla")).await;
        assert_eq!((seen.next().await.1, all.next().await.1), (now.clone(), now));
    }
    assert!(server.metrics().watches_ended(Ending::Left) > 0);
}

async fn cursors_of_others_and_of_nobody(server: Server) {
    let server = server.with_organization().await;
    let (app, nora) = (server.app(), server.staff("nora"));
    record(&app, call("nora", "carla")).await;
    let cursor = Watch::open(&nora, of_customer("carla")).await.unwrap().cursor;
    let refusal = async |caller: &Caller, request: v1::WatchInteractionsRequest| {
        let status = refused(caller.interactions().watch_interactions(request).await);
        assert_eq!(status.code(), Code::InvalidArgument);
        violations(&status)
    };
    let named = |reason: &str| vec![("resume_cursor".to_owned(), reason.to_owned())];

    let mismatch = named("CURSOR_MISMATCH");
    assert_eq!(refusal(&nora, from(&cursor, of_customer("dora"))).await, mismatch);
    assert_eq!(refusal(&nora, from(&cursor, of_staff("carla"))).await, mismatch);
    assert_eq!(refusal(&server.staff("nils"), from(&cursor, of_customer("carla"))).await, mismatch);
    assert_eq!(refusal(&app, from(&cursor, of_customer("carla"))).await, mismatch);
    let timeline = v1::WatchCustomerTimelineRequest {
        customer_id: "carla".to_owned(),
        purpose: ReadingPurpose::Serving.into(),
        resume_cursor: cursor.clone(),
        ..Default::default()
    };
    let status = refused(nora.interactions().watch_customer_timeline(timeline).await);
    assert_eq!(violations(&status), mismatch);
    record(&app, call("nora", "carla")).await;
    let page = v1::ListInteractionsRequest { page_size: 1, ..Default::default() };
    let page = nora.interactions().list_interactions(page).await.unwrap().into_inner().next_page_token;
    assert_eq!(refusal(&nora, from(&page, of_customer("carla"))).await, mismatch);

    let invalid = named("CURSOR_INVALID");
    let (other_version, cut) = (format!("Aw{}", &cursor[2..]), &cursor[..cursor.len() - 4]);
    for bad in ["42", "!", &other_version, cut, &format!("{cursor}AAAA")] {
        assert_eq!(refusal(&nora, from(bad, of_customer("carla"))).await, invalid, "{bad}");
    }
    assert_eq!(refusal(&nora, from(&"A".repeat(1_025), of_customer("carla"))).await, named("LENGTH_OUT_OF_RANGE"));
    // As after yesterday's backup was put back.
    server.execute("UPDATE stream SET last_sequence = 0").await;
    assert_eq!(refusal(&nora, from(&cursor, of_customer("carla"))).await, invalid);
    assert_eq!(server.metrics().watches_ended(Ending::Failed), 0);
}

async fn exactly_one_is_watched(server: Server) {
    let server = server.with_organization().await;
    let open = async |request| refused(server.app().interactions().watch_interactions(request).await);
    let none = open(v1::WatchInteractionsRequest::default()).await;
    assert_eq!(violations(&none), [("customer_id".to_owned(), "FIELD_REQUIRED".to_owned())]);
    let all = v1::WatchInteractionsRequest {
        customer_id: "carla".to_owned(),
        staff_id: "nora".to_owned(),
        team_id: "north".to_owned(),
        ..Default::default()
    };
    let contradiction = |field: &str| (field.to_owned(), "CONTRADICTION".to_owned());
    assert_eq!(violations(&open(all).await), [contradiction("staff_id"), contradiction("team_id")]);
}

async fn a_watch_ends_with_its_token(server: Server) {
    let server = server.with_organization().await;
    let app = server.caller_for(Duration::from_secs(2), Role::App, "crm");
    let mut watch = Watch::open(&app, of_customer("carla")).await.unwrap();
    let end = watch.end().await;
    assert_eq!(verdict(&end), (Code::Unauthenticated, "TOKEN_REJECTED".to_owned()));
    assert_eq!(resume_cursor(&end), watch.cursor);
    assert_eq!(server.metrics().watches_ended(Ending::TokenExpired), 1);
    let id = record(&server.app(), call("nora", "carla")).await;
    let mut again = Watch::open(&server.app(), from(&watch.cursor, of_customer("carla"))).await.unwrap();
    assert_eq!(again.next().await.1, id, "a new token of the same caller goes on");
}

async fn a_watch_ends_with_its_life(server: Server) {
    let short = |config: &mut Config| config.limits.stream_max_life = Duration::from_millis(300);
    let server = Server::start_with(server.backend(), Clock::system(), short).await.unwrap().with_organization().await;
    let mut watch = Watch::open(&server.app(), of_customer("carla")).await.unwrap();
    let end = watch.end().await;
    assert_eq!(verdict(&end), (Code::Unavailable, "STREAM_LIFE_OVER".to_owned()));
    assert_eq!((may_be_retried(&end), resume_cursor(&end)), (true, watch.cursor));
    assert_eq!(server.metrics().watches_ended(Ending::LifeOver), 1);
}

async fn a_stopping_server_ends_its_watches(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let mut watch = Watch::open(&app, of_customer("carla")).await.unwrap();
    record(&app, call("nora", "carla")).await;
    watch.next().await;
    let stopped = tokio::spawn(server.stop());
    let end = watch.end().await;
    assert_eq!(verdict(&end), (Code::Unavailable, "SERVER_STOPPING".to_owned()));
    assert_eq!((may_be_retried(&end), resume_cursor(&end)), (true, watch.cursor));
    stopped.await.unwrap();
}

/// Some 28 KB.
fn large(number: usize) -> Interaction {
    let attributes = (0..15).map(|key| (format!("k{key}"), "x".repeat(1_000))).collect();
    Interaction {
        topic: number.to_string(),
        conclusion: "语".repeat(4_000),
        context: Some(InteractionContext { attributes, ..Default::default() }),
        ..call("nora", "carla")
    }
}

async fn record_large(caller: &Caller, count: usize) {
    for first in (0..count).step_by(100) {
        let requests = (first..count.min(first + 100))
            .map(|number| v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(large(number)) });
        let request = v1::BatchRecordInteractionsRequest { requests: requests.collect() };
        caller.interactions().batch_record_interactions(request).await.unwrap();
    }
}

/// A caller with a connection of their own that takes 64 KiB of each stream and no more until they read on.
async fn sipping(server: &Server) -> Caller {
    let endpoint = Endpoint::from_shared(server.endpoint()).unwrap().initial_stream_window_size(65_535);
    Caller::new(endpoint.connect().await.unwrap(), Bearer::of(&server.token(Role::App, "crm", &[])))
}

fn impatient(config: &mut Config) {
    config.limits.slow_reader = Duration::from_millis(300);
    config.drain_deadline = Duration::from_secs(2);
}

/// Waits until something has come about.
async fn eventually(what: impl Fn() -> bool) {
    let come_about = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, come_about).await.expect("it comes about in time");
}

async fn a_slow_reader_is_cut_and_misses_nothing(server: Server) {
    const COUNT: usize = 100;
    let server =
        Server::start_with(server.backend(), Clock::system(), impatient).await.unwrap().with_organization().await;
    let slow = sipping(&server).await;
    let mut watch = Watch::open(&slow, of_customer("carla")).await.unwrap();
    record_large(&server.app(), COUNT).await;
    eventually(|| server.metrics().watches_ended(Ending::SlowReader) == 1).await;
    assert_eq!(server.metrics().open_streams(), 1, "what is still in memory counts");

    let mut topics = Vec::new();
    let end = loop {
        match watch.event().await {
            Ok(event) => topics.push(event.interaction.unwrap().topic),
            Err(end) => break end,
        }
    };
    assert_eq!(verdict(&end), (Code::ResourceExhausted, "SLOW_READER".to_owned()));
    assert_eq!(resume_cursor(&end), watch.cursor);
    assert!(!topics.is_empty() && topics.len() < COUNT, "{}", topics.len());
    let mut watch = Watch::open(&server.app(), from(&watch.cursor, of_customer("carla"))).await.unwrap();
    while topics.len() < COUNT {
        topics.push(watch.event().await.unwrap().interaction.unwrap().topic);
    }
    assert_eq!(topics, (0..COUNT).map(|number| number.to_string()).collect::<Vec<_>>());
    drop(watch);
    eventually(|| server.metrics().open_streams() == 0).await;
}

async fn a_reader_who_never_reads_does_not_keep_the_server(server: Server) {
    let patient = |config: &mut Config| {
        impatient(config);
        config.limits.slow_reader = Duration::from_secs(3_600);
    };
    let server =
        Server::start_with(server.backend(), Clock::system(), patient).await.unwrap().with_organization().await;
    let slow = sipping(&server).await;
    let _never_read = slow.interactions().watch_interactions(of_customer("carla")).await.unwrap();
    record_large(&server.app(), 100).await;
    // Until as much is under way as may be.
    tokio::time::sleep(Duration::from_millis(500)).await;
    timeout(Duration::from_secs(4), server.stop()).await.expect("the server stops within its drain deadline");
}

async fn there_are_only_so_many_watches(server: Server) {
    let few = |config: &mut Config| {
        config.limits.max_streams = 3;
        config.limits.max_streams_per_subject = 2;
    };
    let server = Server::start_with(server.backend(), Clock::system(), few).await.unwrap().with_organization().await;
    let open = async |caller: &Caller| Watch::open(caller, of_customer("carla")).await;
    let one = open(&server.app()).await.unwrap();
    let _two = open(&server.app()).await.unwrap();
    let many_of_one = refused(open(&server.app()).await);
    assert_eq!(verdict(&many_of_one), (Code::ResourceExhausted, "TOO_MANY_STREAMS".to_owned()));
    let _three = open(&server.staff("nora")).await.unwrap();
    let many_in_all = refused(open(&server.staff("nils")).await);
    assert_eq!(verdict(&many_in_all), (Code::Unavailable, "OVERLOADED".to_owned()));
    assert_eq!(server.metrics().open_streams(), 3);
    // Neither a refusal nor a bad request takes a place.
    drop(one);
    eventually(|| server.metrics().open_streams() == 2).await;
    refused(Watch::open(&server.app(), from("x", of_customer("carla"))).await);
    open(&server.staff("nils")).await.unwrap();
}

async fn two_servers_show_each_others_changes(server: Server) {
    let server = server.with_organization().await;
    let sibling = server.sibling().await;
    let mut here = Watch::open(&server.app(), of_customer("carla")).await.unwrap();
    let mut there = Watch::open(&sibling.app(), of_customer("carla")).await.unwrap();
    for writer in [&server, &sibling] {
        let id = record(&writer.app(), call("nora", "carla")).await;
        assert_eq!((here.next().await.1, there.next().await.1), (id.clone(), id));
    }
    // The cursor of one is good for the other.
    let id = record(&server.app(), call("nora", "carla")).await;
    let mut moved = Watch::open(&server.app(), from(&there.cursor, of_customer("carla"))).await.unwrap();
    assert_eq!(moved.next().await.1, id);
}

/// Writers on every server, watchers that are cut again and again and come back anywhere, now and then with an older
/// cursor. `examples/watch` does the same with as many events as one likes.
async fn nothing_is_missing_and_nothing_comes_twice(server: Server) {
    const WRITERS: usize = 4;
    const BATCHES: usize = 125;
    const BATCH: usize = 10;
    let seed = std::env::var("RAPPORT_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    eprintln!("RAPPORT_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = server.with_organization().await;
    let mut servers = vec![server];
    if servers[0].backend() == crate::support::Backend::Postgres {
        servers.push(servers[0].sibling().await);
    }
    let apps: Vec<Caller> = servers.iter().map(Server::app).collect();
    for writer in 0..WRITERS {
        apps[0].upsert_customer(customer(&format!("customer-{writer}"))).await.unwrap();
    }
    let beginning = Watch::open(&apps[0], of_team("north")).await.unwrap().cursor;

    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let app = apps[writer % apps.len()].clone();
        tasks.spawn(async move {
            for batch in 0..BATCHES {
                let requests = (0..BATCH).map(|item| v1::RecordInteractionRequest {
                    request_id: format!("{writer}-{batch}-{item}"),
                    interaction: Some(Interaction {
                        topic: (batch * BATCH + item).to_string(),
                        ..call("nora", &format!("customer-{writer}"))
                    }),
                });
                let request = v1::BatchRecordInteractionsRequest { requests: requests.collect() };
                app.interactions().batch_record_interactions(request).await.unwrap();
            }
        });
    }
    for _ in 0..2 {
        let (apps, beginning, random) = (apps.clone(), beginning.clone(), StdRng::from_rng(&mut random));
        tasks.spawn(watch_restlessly(apps, beginning, random, WRITERS * BATCHES * BATCH));
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

async fn watch_restlessly(apps: Vec<Caller>, beginning: String, mut random: StdRng, count: usize) {
    // Everything shown, with the cursor behind it.
    let mut shown: Vec<(String, usize, String)> = Vec::new();
    while shown.len() < count {
        let back = if random.random_ratio(1, 3) { random.random_range(0..50) } else { 0 };
        shown.truncate(shown.len().saturating_sub(back));
        let cursor = shown.last().map_or(&beginning, |(_, _, cursor)| cursor);
        let app = &apps[random.random_range(0..apps.len())];
        let mut watch = Watch::open(app, from(cursor, of_team("north"))).await.unwrap();
        for _ in 0..random.random_range(0..400).min(count - shown.len()) {
            let interaction = watch.event().await.unwrap().interaction.unwrap();
            shown.push((interaction.customer_id, interaction.topic.parse().unwrap(), watch.cursor.clone()));
        }
    }
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for (customer_id, number, _) in shown {
        let expected = next.entry(customer_id).or_default();
        assert_eq!(number, *expected, "one is missing, out of order, or there twice");
        *expected += 1;
    }
}
