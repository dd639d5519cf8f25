//! What the server decides, as applications watch it: in one order, at least once, under the same ids.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rapport::{
    api::v1::{
        self, Event, EventContent, EventStart, KeepCommitmentRequest, Role, WatchEventsRequest, WatchEventsResponse,
    },
    clock::Clock,
};
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Status, Streaming};

use crate::{
    commitments::{make, promise},
    support::{
        Caller, Server, Test,
        client::request_id,
        competition::{Vote, dealt, enrol},
        on_both, on_postgres,
        refusal::{resume_cursor, verdict, violations},
        refused,
        sample::{call, participant},
    },
    surveys::{awake, ended_by, issue, record},
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        every_log_is_told_as_one,
        what_closes_the_loop_is_told_after_what_it_came_of,
        events_name_nobody_unless_that_was_chosen,
        a_watch_goes_on_behind_its_cursor_and_from_the_beginning,
        cursors_of_other_streams_are_refused,
        types_are_chosen,
        people_are_told_nothing,
        a_watch_ends_with_its_cursor,
        each_customer_is_told_of_in_order_whatever_is_written_at_once,
    ];
    tests.extend(on_postgres![two_servers_tell_the_same]);
    tests
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A watch, with the cursor behind what it has told.
pub(crate) struct Watch {
    stream: Streaming<WatchEventsResponse>,
    pub(crate) cursor: String,
}

impl Watch {
    pub(crate) async fn open(caller: &Caller, request: WatchEventsRequest) -> Result<Self, Status> {
        let stream = caller.events().watch_events(request).await?.into_inner();
        let mut watch = Self { stream, cursor: String::new() };
        assert_eq!(watch.response().await?, None, "the first response says where the watch begins");
        Ok(watch)
    }

    pub(crate) async fn from(caller: &Caller, start: EventStart) -> Self {
        Self::open(caller, WatchEventsRequest { start: start.into(), ..Default::default() }).await.unwrap()
    }

    async fn response(&mut self) -> Result<Option<Event>, Status> {
        let response = timeout(PATIENCE, self.stream.message()).await.expect("a response in time")?.unwrap();
        self.cursor = response.resume_cursor;
        Ok(response.event)
    }

    pub(crate) async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.response().await.unwrap() {
                return event;
            }
        }
    }

    /// So many events.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.event().await);
        }
        events
    }
}

fn types(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.r#type.trim_start_matches("rapport.")).collect()
}

async fn what_closes_the_loop_is_told_after_what_it_came_of(server: Server) {
    let server = awake(server).await;
    let app = server.app();
    let request = WatchEventsRequest {
        start: EventStart::Now.into(),
        content: EventContent::Customer.into(),
        ..Default::default()
    };
    let mut watch = Watch::open(&app, request).await.unwrap();
    let complaint = v1::Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        about_staff_ids: vec!["nils".to_owned()],
        ..crate::surveys::ended("carla", 60)
    };
    let interaction_id = record(&server, complaint).await;
    let wanted = v1::Callback { customer_id: "dora".to_owned(), ..crate::callbacks::wanted("north", "+8613812345678") };
    crate::callbacks::request(&app, wanted).await.unwrap();
    crate::incidents::declare(&server, &["Payment"]).await;
    let told = watch.events(4).await;
    let expected = ["interaction.recorded", "follow_up.opened", "callback.requested", "incident.declared"];
    assert_eq!(types(&told), expected);
    // Of whom it is, where that was chosen; never whom it is about.
    assert_eq!((&told[1].data["customer_id"], &told[1].data["interaction_id"]), (&"carla".to_owned(), &interaction_id));
    assert_eq!(told[2].data["customer_id"], "dora");
    assert!(told.iter().flat_map(|event| event.data.values()).all(|value| value != "nils"), "{told:?}");
}

async fn every_log_is_told_as_one(server: Server) {
    let server = awake(server).await;
    enrol(&server, &[3; 6]).await;
    let app = server.app();
    let mut watch = Watch::from(&app, EventStart::Now).await;
    let interaction_id = record(&server, ended_by("+8611", 60)).await;
    let invited = issue(&server, &interaction_id).await.unwrap().invitation.unwrap().invitation_id;
    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.clone(),
        participants: vec![v1::Participant { involvement: v1::Involvement::Primary.into(), ..participant("nils") }],
        reason: "it was booked on the wrong colleague".to_owned(),
        ..Default::default()
    };
    server.reattribute(request).await;
    let made = make(&app, promise("nora", "carla")).await.unwrap();
    let commitment_id = made.commitment_id;
    let keep =
        KeepCommitmentRequest { request_id: request_id(), commitment_id: commitment_id.clone(), note: String::new() };
    app.commitments().keep_commitment(keep).await.unwrap();
    let draft = crate::trials::create(&server.admin(), crate::trials::large_classes(&[])).await.unwrap();
    let trial = crate::trials::start(&server.admin(), &draft).await.unwrap();
    crate::trials::stop(&server.admin(), &trial.trial_id).await.unwrap();
    let vote = Vote::announce_at(&server, Clock::system().now_micros() - 600_000_000, 6, dealt()).await;
    vote.open(&server).await.unwrap();

    let mut told = watch.events(8).await;
    while told.last().unwrap().r#type != "rapport.competition.voting" {
        told.push(watch.event().await);
    }
    let first =
        ["interaction.recorded", "invitation.issued", "interaction.reattributed", "commitment.made", "commitment.kept"];
    assert_eq!(types(&told)[..5], first);
    assert_eq!(types(&told)[5..7], ["trial.started", "trial.stopped"]);
    assert!(types(&told)[7..].iter().all(|one| one.starts_with("competition.")), "{told:?}");
    let subjects: Vec<_> = told[..4].iter().map(|event| event.subject.clone()).collect();
    let of = |stream: &str, id: &str| format!("{stream}/{id}");
    let expected = [
        of("interactions", &interaction_id),
        of("invitations", &invited),
        of("interactions", &interaction_id),
        of("commitments", &commitment_id),
    ];
    assert_eq!(subjects, expected);
    assert_eq!(told[1].data["interaction_id"], interaction_id);
    assert_eq!(told.last().unwrap().data["competition_id"], vote.id);
    let ids: BTreeSet<_> = told.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids.len(), told.len(), "each has an id of its own");
    let same = |event: &Event| (event.source.clone(), event.spec_version.clone(), event.data_content_type.clone());
    let expected = ("/rapport".to_owned(), "1.0".to_owned(), "application/json".to_owned());
    assert!(told.iter().all(|event| same(event) == expected && event.time.is_some()));
}

async fn events_name_nobody_unless_that_was_chosen(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let of = |content: EventContent| WatchEventsRequest { content: content.into(), ..Default::default() };
    let mut plain = Watch::open(&app, of(EventContent::Unspecified)).await.unwrap();
    let mut chosen = Watch::open(&app, of(EventContent::Customer)).await.unwrap();
    let recorded =
        app.record(v1::Interaction { conclusion: "王女士要求退货".to_owned(), ..call("nora", "carla") }).await.unwrap();
    let event = plain.event().await;
    assert_eq!(event.data, BTreeMap::from([("interaction_id".to_owned(), recorded.interaction_id)]));
    let told = format!("{event:?}");
    assert!(["carla", "nora", "north", "王女士"].iter().all(|word| !told.contains(word)), "{told}");
    let event = chosen.event().await;
    assert_eq!(event.data["customer_id"], "carla");
    assert!(!format!("{event:?}").contains("nora"), "colleagues are named nowhere");
}

async fn a_watch_goes_on_behind_its_cursor_and_from_the_beginning(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let mut made = Vec::new();
    for customer in ["carla", "dora", "dmitri", "carla", "dora"] {
        made.push(app.record(call("nora", customer)).await.unwrap().interaction_id);
        make(&app, promise("nora", customer)).await.unwrap();
    }
    let mut watch = Watch::from(&app, EventStart::Beginning).await;
    let all = watch.events(10).await;
    assert_eq!(types(&all), ["interaction.recorded", "commitment.made"].repeat(5));
    let interactions: Vec<_> = all.iter().step_by(2).map(|event| event.data["interaction_id"].clone()).collect();
    assert_eq!(interactions, made);
    // From anywhere, the same events under the same ids; also on a server that was started again.
    let mut watch = Watch::from(&app, EventStart::Beginning).await;
    let mut cursors = Vec::new();
    for _ in 0..10 {
        watch.event().await;
        cursors.push(watch.cursor.clone());
    }
    let server = server.restart_with(|_| {}).await;
    let app = server.app();
    for (at, cursor) in cursors.into_iter().enumerate() {
        let request = WatchEventsRequest { resume_cursor: cursor, ..Default::default() };
        let mut again = Watch::open(&app, request).await.unwrap();
        assert_eq!(again.events(9 - at).await, all[at + 1..]);
    }
    let mut now = Watch::from(&app, EventStart::Now).await;
    app.record(call("nils", "dora")).await.unwrap();
    let event = now.event().await;
    assert!(!all.contains(&event), "what was before is not told");
}

async fn cursors_of_other_streams_are_refused(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    app.record(call("nora", "carla")).await.unwrap();
    let mut watch = Watch::from(&app, EventStart::Beginning).await;
    watch.event().await;
    let cursor = watch.cursor.clone();
    let ask = async |caller: &Caller, request: WatchEventsRequest| {
        let status = refused(Watch::open(caller, request).await);
        (status.code(), violations(&status))
    };
    let of = |types: &[&str], content: EventContent, cursor: &str| WatchEventsRequest {
        types: types.iter().map(|&one| one.to_owned()).collect(),
        content: content.into(),
        resume_cursor: cursor.to_owned(),
        ..Default::default()
    };
    let because = |reason: &str| (Code::InvalidArgument, vec![("resume_cursor".to_owned(), reason.to_owned())]);
    let ids = EventContent::Unspecified;
    // Other types, other content, another caller, another method.
    let mismatch = because("CURSOR_MISMATCH");
    assert_eq!(ask(&app, of(&["rapport.commitment"], ids, &cursor)).await, mismatch);
    assert_eq!(ask(&app, of(&[], EventContent::Customer, &cursor)).await, mismatch);
    assert_eq!(ask(&server.caller(Role::App, "desk", &[]), of(&[], ids, &cursor)).await, mismatch);
    let other = app.commitments().watch_commitments(v1::WatchCommitmentsRequest::default()).await.unwrap();
    let other = other.into_inner().message().await.unwrap().unwrap().resume_cursor;
    assert_eq!(ask(&app, of(&[], ids, &other)).await, mismatch);
    let forged = "A".repeat(cursor.len());
    assert_eq!(ask(&app, of(&[], ids, &forged)).await, because("CURSOR_INVALID"));
    // A database that was put back has not come so far.
    server.execute("UPDATE stream SET last_sequence = 0 WHERE name = 'interactions'").await;
    assert_eq!(ask(&app, of(&[], ids, &cursor)).await, because("CURSOR_INVALID"));
    // Two beginnings.
    let request = WatchEventsRequest { start: EventStart::Beginning.into(), ..of(&[], ids, &cursor) };
    let (code, found) = ask(&app, request).await;
    assert_eq!((code, found), (Code::InvalidArgument, vec![("start".to_owned(), "CONTRADICTION".to_owned())]));
}

async fn types_are_chosen(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let of = |types: &[&str]| WatchEventsRequest {
        types: types.iter().map(|&one| one.to_owned()).collect(),
        start: EventStart::Beginning.into(),
        ..Default::default()
    };
    app.record(call("nora", "carla")).await.unwrap();
    make(&app, promise("nora", "carla")).await.unwrap();
    app.record(call("nora", "carla")).await.unwrap();
    let mut watch = Watch::open(&app, of(&["rapport.commitment", "rapport.competition.voting"])).await.unwrap();
    assert_eq!(types(&watch.events(1).await), ["commitment.made"]);
    make(&app, promise("nora", "carla")).await.unwrap();
    assert_eq!(types(&watch.events(1).await), ["commitment.made"]);
    let status = refused(Watch::open(&app, of(&["rapport.commitment", "rapport.commitment.forgotten"])).await);
    assert_eq!(violations(&status), [("types[1]".to_owned(), "UNKNOWN_EVENT_TYPE".to_owned())]);
}

async fn people_are_told_nothing(server: Server) {
    let server = server.with_organization().await;
    // An administrator may be the one whom a complaint is about.
    for caller in [
        server.admin(),
        server.staff("nora"),
        server.supervisor("petra", &["north"]),
        server.caller(Role::Reviewer, "rita", &[]),
        server.customer("carla"),
    ] {
        let status = refused(caller.events().watch_events(WatchEventsRequest::default()).await);
        assert_eq!(verdict(&status), (Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned()));
    }
}

async fn a_watch_ends_with_its_cursor(server: Server) {
    let server = server.restart_with(|config| config.limits.stream_max_life = Duration::from_secs(2)).await;
    let server = server.with_organization().await;
    let app = server.app();
    let mut watch = Watch::from(&app, EventStart::Now).await;
    app.record(call("nora", "carla")).await.unwrap();
    watch.event().await;
    let status = loop {
        if let Err(status) = watch.response().await {
            break status;
        }
    };
    assert_eq!(verdict(&status), (Code::Unavailable, "STREAM_LIFE_OVER".to_owned()));
    let request = WatchEventsRequest { resume_cursor: resume_cursor(&status), ..Default::default() };
    let mut again = Watch::open(&app, request).await.unwrap();
    let next = app.record(call("nora", "dora")).await.unwrap().interaction_id;
    assert_eq!(again.event().await.data["interaction_id"], next);
}

/// Customers who are served at once.
const CUSTOMERS: [&str; 3] = ["carla", "dora", "dmitri"];
const ROUNDS: usize = 12;

/// Serves each customer again and again, side by side: a call, then a promise made of it, then the promise kept. Gives the subjects
/// of events by customer, in the order in which they were acknowledged.
pub(crate) async fn serve_everybody(callers: &[Caller]) -> BTreeMap<&'static str, Vec<String>> {
    let mut serving = JoinSet::new();
    for (number, customer) in CUSTOMERS.into_iter().enumerate() {
        let caller = callers[number % callers.len()].clone();
        serving.spawn(async move {
            let mut subjects = Vec::new();
            for _ in 0..ROUNDS {
                let interaction = caller.record(call("nora", customer)).await.unwrap().interaction_id;
                let told = v1::Commitment { interaction_id: interaction.clone(), ..promise("nora", customer) };
                let commitment_id = make(&caller, told).await.unwrap().commitment_id;
                let made = format!("commitments/{commitment_id}");
                let keep = KeepCommitmentRequest { request_id: request_id(), commitment_id, note: String::new() };
                caller.commitments().keep_commitment(keep).await.unwrap();
                subjects.extend([format!("interactions/{interaction}"), made.clone(), made]);
            }
            (customer, subjects)
        });
    }
    serving.join_all().await.into_iter().collect()
}

/// The subjects of events by customer.
pub(crate) fn by_customer(events: &[Event]) -> BTreeMap<&'static str, Vec<String>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        let customer = CUSTOMERS.into_iter().find(|one| event.data.get("customer_id").is_some_and(|id| id == one));
        found.entry(customer.unwrap()).or_default().push(event.subject.clone());
    }
    found
}

async fn each_customer_is_told_of_in_order_whatever_is_written_at_once(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let request = WatchEventsRequest { content: EventContent::Customer.into(), ..Default::default() };
    let mut watch = Watch::open(&app, request).await.unwrap();
    let serving = serve_everybody(std::slice::from_ref(&app));
    let (served, told) = tokio::join!(serving, watch.events(3 * ROUNDS * CUSTOMERS.len()));
    assert_eq!(by_customer(&told), served);
    // As it is read later, in one go.
    let request = WatchEventsRequest {
        content: EventContent::Customer.into(),
        start: EventStart::Beginning.into(),
        ..Default::default()
    };
    let mut later = Watch::open(&app, request).await.unwrap();
    assert_eq!(by_customer(&later.events(told.len()).await), served);
}

async fn two_servers_tell_the_same(server: Server) {
    let server = server.with_organization().await;
    let sibling = server.sibling().await;
    let request = WatchEventsRequest { content: EventContent::Customer.into(), ..Default::default() };
    let mut watches = Vec::new();
    for caller in [server.app(), sibling.app()] {
        watches.push(Watch::open(&caller, request.clone()).await.unwrap());
    }
    let callers = [server.app(), sibling.app()];
    let served = serve_everybody(&callers).await;
    let count = 3 * ROUNDS * CUSTOMERS.len();
    let cursor = watches[0].cursor.clone();
    let mut ids = Vec::new();
    for watch in &mut watches {
        let told = watch.events(count).await;
        assert_eq!(by_customer(&told), served);
        ids.push(told.into_iter().map(|event| event.id).collect::<BTreeSet<_>>());
    }
    assert_eq!(ids[0], ids[1]);
    // A cursor of the one server is good on the other.
    let mut again = Watch::open(&sibling.app(), WatchEventsRequest { resume_cursor: cursor, ..request }).await.unwrap();
    assert_eq!(by_customer(&again.events(count).await), served);
}
