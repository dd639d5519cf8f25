//! Callbacks: asked for, quoted, claimed, rung, missed (L4); and who is on duty.

use std::{collections::BTreeSet, time::Duration};

use rapport::{
    api::v1::{
        self, Callback, CallbackBreachReason as Breach, CallbackEventKind as Kind, CallbackFailureReason as Failure,
        CallbackQuoteBasis as Basis, CallbackState as State, ClaimCallbackRequest, Interaction, InteractionContext,
        ListCallbacksRequest, PresenceState, SetPresenceRequest,
    },
    config::Config,
};
use rapport_identity::Country;
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Response, Status, Streaming};

use crate::{
    cli::{last_line, rapport},
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both, on_postgres,
        refusal::{verdict, violations},
        refused,
        sample::{call, customer, participant},
    },
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_callback_is_asked_for_and_done,
        a_point_has_one_open_callback,
        quotes_follow_the_line,
        claims_go_in_order_and_a_lapsed_one_returns_to_its_old_place,
        nobody_dials_twice_or_beyond_their_capacity,
        attempts_end,
        a_missed_quote_is_told_once_and_escalated,
        everything_wrong_with_a_callback_is_named,
        customers_ask_for_themselves,
        slots_are_promised_as_far_as_they_go,
        to_the_accused_callbacks_of_a_complaint_do_not_exist,
        wishes_erasures_and_merges_are_followed,
        presence_lapses_and_is_said_of_oneself,
        quotes_are_held_against_what_came,
        the_program_takes_a_callback_through,
    ];
    tests.extend(on_postgres![two_servers_hand_out_each_callback_once]);
    tests
}

/// An organisation by whose country national numbers are read.
async fn in_china(server: Server) -> Server {
    let country = |config: &mut Config| config.default_country = Country::of("CN");
    server.restart_with(country).await.with_organization().await
}

pub(crate) fn wanted(team: &str, number: &str) -> Callback {
    Callback {
        contact_point: number.to_owned(),
        team_id: team.to_owned(),
        topic: "退货".to_owned(),
        context: Some(InteractionContext {
            order_id: "O-17".to_owned(),
            page: "/orders/O-17".to_owned(),
            seen: "「退款处理中」已经三天".to_owned(),
            ..Default::default()
        }),
        ..Callback::default()
    }
}

pub(crate) async fn request(caller: &Caller, callback: Callback) -> Result<Callback, Status> {
    let request = v1::RequestCallbackRequest { request_id: request_id(), callback: Some(callback) };
    Ok(caller.callbacks().request_callback(request).await?.into_inner().callback.unwrap())
}

pub(crate) async fn on_duty(caller: &Caller, staff_id: &str, capacity: i32) {
    presence(caller, staff_id, PresenceState::OnDuty, capacity).await.unwrap();
}

pub(crate) async fn presence(
    caller: &Caller,
    staff_id: &str,
    state: PresenceState,
    capacity: i32,
) -> Result<v1::Presence, Status> {
    let (request_id, staff_id) = (request_id(), staff_id.to_owned());
    let request = SetPresenceRequest { request_id, staff_id, state: state.into(), capacity, valid_for: None };
    Ok(caller.presence().set_presence(request).await?.into_inner().presence.unwrap())
}

/// The next in line.
pub(crate) async fn claim(caller: &Caller, staff_id: &str) -> Result<Option<(Callback, i64)>, Status> {
    claim_one(caller, staff_id, "").await
}

pub(crate) async fn claim_one(
    caller: &Caller,
    staff_id: &str,
    callback_id: &str,
) -> Result<Option<(Callback, i64)>, Status> {
    let (callback_id, staff_id) = (callback_id.to_owned(), staff_id.to_owned());
    let request = ClaimCallbackRequest { request_id: request_id(), callback_id, staff_id, lease: None };
    let claimed = caller.callbacks().claim_callback(request).await?.into_inner();
    Ok(claimed.callback.map(|one| (one, claimed.fencing_number)))
}

pub(crate) async fn dial(caller: &Caller, id: &str, fencing_number: i64) -> Result<Callback, Status> {
    let request = v1::DialCallbackRequest { request_id: request_id(), callback_id: id.to_owned(), fencing_number };
    Ok(caller.callbacks().dial_callback(request).await?.into_inner().callback.unwrap())
}

pub(crate) async fn connect(caller: &Caller, id: &str, fencing_number: i64) -> Result<Callback, Status> {
    let request = v1::ConnectCallbackRequest { request_id: request_id(), callback_id: id.to_owned(), fencing_number };
    Ok(caller.callbacks().connect_callback(request).await?.into_inner().callback.unwrap())
}

pub(crate) async fn complete(caller: &Caller, id: &str, fencing_number: i64) -> Result<Callback, Status> {
    let request = v1::CompleteCallbackRequest {
        request_id: request_id(),
        callback_id: id.to_owned(),
        fencing_number,
        note: "the refund is on its way".to_owned(),
        ..Default::default()
    };
    Ok(caller.callbacks().complete_callback(request).await?.into_inner().callback.unwrap())
}

pub(crate) async fn fail(
    caller: &Caller,
    (id, fencing_number): (&str, i64),
    reason: Failure,
) -> Result<Callback, Status> {
    let request = v1::FailCallbackRequest {
        request_id: request_id(),
        callback_id: id.to_owned(),
        fencing_number,
        reason: reason.into(),
        note: String::new(),
    };
    Ok(caller.callbacks().fail_callback(request).await?.into_inner().callback.unwrap())
}

pub(crate) async fn cancel(caller: &Caller, id: &str) -> Result<Callback, Status> {
    let (callback_id, note) = (id.to_owned(), "found it myself".to_owned());
    let request = v1::CancelCallbackRequest { request_id: request_id(), callback_id, note };
    Ok(caller.callbacks().cancel_callback(request).await?.into_inner().callback.unwrap())
}

async fn get(caller: &Caller, id: &str) -> Result<Callback, Status> {
    let request = v1::GetCallbackRequest { callback_id: id.to_owned() };
    Ok(caller.callbacks().get_callback(request).await?.into_inner().callback.unwrap())
}

async fn list(caller: &Caller, request: ListCallbacksRequest) -> Vec<String> {
    let answer = caller.callbacks().list_callbacks(request).await.unwrap().into_inner();
    answer.callbacks.into_iter().map(|one| one.callback_id).collect()
}

async fn quote(caller: &Caller, team: &str) -> v1::QuoteCallbackResponse {
    let request = v1::QuoteCallbackRequest { team_id: team.to_owned() };
    caller.callbacks().quote_callback(request).await.unwrap().into_inner()
}

pub(crate) async fn set_desk(caller: &Caller, team: &str, slot_capacity: i32) -> Result<v1::CallbackDesk, Status> {
    let desk = v1::CallbackDesk {
        team_id: team.to_owned(),
        caller_number: "+86 21 6000 0001".to_owned(),
        slot_capacity,
        etag: String::new(),
    };
    let request = v1::SetCallbackDeskRequest { request_id: request_id(), desk: Some(desk), etag: String::new() };
    Ok(caller.callbacks().set_callback_desk(request).await?.into_inner().desk.unwrap())
}

fn micros(time: Option<prost_types::Timestamp>) -> i64 {
    let time = time.unwrap();
    time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000
}

/// From the request to the quoted time, in seconds.
fn quoted(one: &Callback) -> i64 {
    (micros(one.quoted_time) - micros(one.request_time)) / 1_000_000
}

async fn until(server: &Server, id: &str, state: State) -> Callback {
    let app = server.app();
    let reached = async {
        loop {
            let found = get(&app, id).await.unwrap();
            if found.state() == state {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), reached).await.expect("the state in time")
}

/// Lets all claims lapse.
async fn leases_end(server: &Server) {
    server.execute("UPDATE callback SET lease_until = lease_until - 100000000000 WHERE lease_until IS NOT NULL").await;
    server.execute("UPDATE timer SET due_at = due_at - 100000000000 WHERE kind = 3 AND step = 1").await;
}

struct Watch(Streaming<v1::WatchCallbacksResponse>);

impl Watch {
    async fn open(caller: &Caller) -> Self {
        let stream = caller.callbacks().watch_callbacks(v1::WatchCallbacksRequest::default()).await.unwrap();
        let mut watch = Self(stream.into_inner());
        // Where it begins.
        assert_eq!(watch.0.message().await.unwrap().unwrap().event, None);
        watch
    }

    async fn next(&mut self) -> (Kind, String) {
        let event = async {
            loop {
                if let Some(event) = self.0.message().await.unwrap().unwrap().event {
                    return (event.kind(), event.callback.unwrap().callback_id);
                }
            }
        };
        timeout(Duration::from_secs(20), event).await.expect("an event in time")
    }
}

async fn a_callback_is_asked_for_and_done(server: Server) {
    let server = in_china(server).await;
    let nora = server.staff("nora");
    set_desk(&server.supervisor("petra", &["north"]), "north", 3).await.unwrap();
    on_duty(&nora, "", 1).await;
    let mut watch = Watch::open(&server.supervisor("petra", &["north"])).await;
    let told = Interaction { case_id: "K-1".to_owned(), ..call("nora", "carla") };
    let interaction_id = server.app().record(told).await.unwrap().interaction_id;
    let told = Callback { interaction_id: interaction_id.clone(), ..wanted("", "138 1234 5678") };
    let asked = v1::RequestCallbackRequest { request_id: request_id(), callback: Some(told.clone()) };
    let made = nora.callbacks().request_callback(asked.clone()).await.unwrap().into_inner().callback.unwrap();
    let again = nora.callbacks().request_callback(asked).await.unwrap().into_inner().callback.unwrap();
    assert_eq!(made, again);
    let said = [&made.customer_id, &made.case_id, &made.team_id, &made.contact_point, &made.caller_number];
    assert_eq!(said, ["carla", "K-1", "north", "138 1234 5678", "+86 21 6000 0001"]);
    assert_eq!((&made.context, &made.topic), (&told.context, &told.topic));
    assert_eq!((made.state(), made.quote_basis(), quoted(&made)), (State::Waiting, Basis::Capacity, 60));

    let id = made.callback_id.clone();
    let (claimed, fence) = claim(&nora, "").await.unwrap().unwrap();
    assert_eq!((&claimed.callback_id, claimed.state(), fence), (&id, State::Claimed, 1));
    assert_eq!(claim(&server.app(), "nora").await.unwrap_err().code(), Code::FailedPrecondition, "one at once");
    let lease = Some(prost_types::Duration { seconds: 600, nanos: 0 });
    let renew = v1::RenewCallbackClaimRequest {
        request_id: request_id(),
        callback_id: id.clone(),
        fencing_number: fence,
        lease,
    };
    let renewed = nora.callbacks().renew_callback_claim(renew).await.unwrap().into_inner().callback.unwrap();
    assert!(micros(renewed.lease_end_time) > micros(claimed.lease_end_time));
    // Not connected before it is dialled, nor done before it is connected.
    let early = [refused(connect(&nora, &id, fence).await), refused(complete(&nora, &id, fence).await)];
    assert_eq!(verdict(&early[0]), (Code::FailedPrecondition, "CALLBACK_STATE_MISMATCH".to_owned()));
    assert_eq!(verdict(&early[1]), verdict(&early[0]));
    dial(&nora, &id, fence).await.unwrap();
    assert_eq!(refused(cancel(&server.app(), &id).await).code(), Code::FailedPrecondition, "it rings");
    connect(&nora, &id, fence).await.unwrap();
    let done = complete(&nora, &id, fence).await.unwrap();
    assert_eq!((done.state(), done.attempts, done.note.as_str()), (State::Done, 1, "the refund is on its way"));
    assert_eq!(done.breach_time, None);
    assert_eq!(refused(cancel(&server.app(), &id).await).code(), Code::FailedPrecondition, "it is over");
    assert_eq!(server.number("SELECT count(*) FROM timer").await, 0);
    for kind in [Kind::Requested, Kind::Claimed, Kind::Dialled, Kind::Connected, Kind::Done] {
        assert_eq!(watch.next().await, (kind, id.clone()));
    }
    // The customer reads when and from where, and not who.
    let carla = server.caller(v1::Role::Customer, "carla", &[]);
    let seen = get(&carla, &id).await.unwrap();
    assert_eq!(
        (seen.caller_number.as_str(), seen.claimed_by_staff_id.as_str(), seen.note.as_str()),
        ("+86 21 6000 0001", "", "")
    );
    assert_eq!(refused(get(&server.staff("sam"), &id).await).code(), Code::NotFound);
    assert_eq!(refused(get(&server.caller(v1::Role::Customer, "dora", &[]), &id).await).code(), Code::NotFound);
}

async fn a_point_has_one_open_callback(server: Server) {
    let server = in_china(server).await;
    let mut asking = JoinSet::new();
    for notation in
        ["+8613812345678", "138 1234 5678", "0086 138-1234-5678", "13812345678"].into_iter().cycle().take(12)
    {
        let app = server.app();
        asking.spawn(async move { request(&app, wanted("north", notation)).await.map_err(|status| verdict(&status)) });
    }
    let asked = asking.join_all().await;
    let open = (Code::AlreadyExists, "CALLBACK_OPEN".to_owned());
    let made: Vec<_> = asked.iter().filter_map(|one| one.as_ref().ok()).collect();
    assert_eq!(made.len(), 1, "{asked:?}");
    assert!(asked.iter().filter_map(|one| one.as_ref().err()).all(|refusal| *refusal == open), "{asked:?}");
    // Of another team no more than of this one, until it is over.
    assert_eq!(verdict(&refused(request(&server.app(), wanted("south", "13812345678")).await)), open);
    let cancelled = cancel(&server.app(), &made[0].callback_id).await.unwrap();
    assert_eq!((cancelled.state(), cancelled.note.as_str()), (State::Cancelled, "found it myself"));
    request(&server.app(), wanted("south", "13812345678")).await.unwrap();
}

async fn quotes_follow_the_line(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    // Nobody is on duty.
    let nobody = quote(&app, "north").await.quote.unwrap();
    assert_eq!((nobody.basis(), nobody.waiting_count), (Basis::Record, 0));
    on_duty(&app, "nora", 2).await;
    on_duty(&app, "nils", 1).await;
    presence(&app, "petra", PresenceState::Break, 5).await.unwrap();
    assert_eq!(quote(&app, "north").await.quote.unwrap().basis(), Basis::Capacity);
    assert_eq!(quote(&app, "south").await.quote.unwrap().basis(), Basis::Record, "another team's people");
    let mut asking = JoinSet::new();
    for number in 0..10 {
        let app = server.app();
        asking.spawn(async move { request(&app, wanted("north", &format!("1380000{number:04}"))).await.unwrap() });
    }
    let mut asked = asking.join_all().await;
    asked.sort_by_key(|one| (micros(one.quoted_time) - micros(one.request_time), micros(one.quoted_time)));
    let basis: Vec<_> = asked.iter().map(Callback::quote_basis).collect();
    assert_eq!(basis[..3], [Basis::Capacity; 3], "as many as there is capacity for");
    assert!(basis[3..].iter().all(|one| *one == Basis::Record), "{basis:?}");
    let waits: Vec<_> = asked.iter().map(quoted).collect();
    // Three at once, five minutes each.
    assert_eq!(waits, [60, 60, 60, 360, 360, 360, 660, 660, 660, 960]);
    let told = quote(&app, "north").await.quote.unwrap();
    assert_eq!((told.basis(), told.waiting_count), (Basis::Record, 10));
    // Those that are claimed keep the capacity busy.
    claim(&app, "nils").await.unwrap().unwrap();
    assert_eq!(quote(&app, "north").await.quote.unwrap().waiting_count, 9);
    let unknown = app.callbacks().quote_callback(v1::QuoteCallbackRequest { team_id: "west".to_owned() }).await;
    assert_eq!(refused(unknown).code(), Code::NotFound);
}

async fn claims_go_in_order_and_a_lapsed_one_returns_to_its_old_place(server: Server) {
    let server = in_china(server).await;
    let (app, nora, nils) = (server.app(), server.staff("nora"), server.staff("nils"));
    assert_eq!(
        verdict(&refused(claim(&nora, "").await)),
        (Code::FailedPrecondition, "CALLBACK_CAPACITY_EXCEEDED".to_owned()),
        "not on duty"
    );
    on_duty(&app, "nora", 5).await;
    on_duty(&app, "nils", 5).await;
    assert_eq!(claim(&nora, "").await.unwrap(), None, "nobody is in line");
    let mut ids = Vec::new();
    for number in ["13800000001", "13800000002", "13800000003"] {
        ids.push(request(&app, wanted("north", number)).await.unwrap().callback_id);
    }
    let (first, old) = claim(&nora, "").await.unwrap().unwrap();
    assert_eq!(first.callback_id, ids[0]);
    leases_end(&server).await;
    let returned = until(&server, &ids[0], State::Waiting).await;
    assert_eq!((returned.claimed_by_staff_id.as_str(), returned.attempts), ("", 0));
    // Before those that came later; and the old number opens nothing.
    let lost = (Code::FailedPrecondition, "CALLBACK_CLAIM_LOST".to_owned());
    assert_eq!(verdict(&refused(dial(&nora, &ids[0], old).await)), lost);
    let (again, fence) = claim(&nils, "").await.unwrap().unwrap();
    assert_eq!((&again.callback_id, fence), (&ids[0], old + 1));
    assert_eq!(verdict(&refused(dial(&nora, &ids[0], old).await)), lost);
    assert_eq!(verdict(&refused(dial(&nora, &ids[0], fence).await)), lost, "somebody else's");
    dial(&nils, &ids[0], fence).await.unwrap();
    // A claim that was never rung is given back at once.
    let (second, fence) = claim(&nora, "").await.unwrap().unwrap();
    assert_eq!(second.callback_id, ids[1]);
    fail(&nora, (&ids[1], fence), Failure::NotDialled).await.unwrap();
    assert_eq!(claim(&nils, "").await.unwrap().unwrap().0.callback_id, ids[1]);
    // By its id, out of order.
    assert_eq!(claim_one(&nora, "", &ids[2]).await.unwrap().unwrap().0.callback_id, ids[2]);
    let taken = refused(claim_one(&nils, "", &ids[2]).await);
    assert_eq!(verdict(&taken), (Code::FailedPrecondition, "CALLBACK_STATE_MISMATCH".to_owned()));
    // A call whose end nobody tells returns as an attempt.
    leases_end(&server).await;
    let rung = until(&server, &ids[0], State::Waiting).await;
    assert_eq!((rung.attempts, rung.failure_reason()), (1, Failure::Unknown));
}

async fn nobody_dials_twice_or_beyond_their_capacity(server: Server) {
    const COUNT: usize = 12;
    let server = in_china(server).await;
    let app = server.app();
    for (id, capacity) in [("nora", 3), ("nils", 2)] {
        on_duty(&app, id, capacity).await;
    }
    for number in 0..COUNT {
        request(&app, wanted("north", &format!("1380000{number:04}"))).await.unwrap();
    }
    let mut claiming = JoinSet::new();
    for number in 0..30 {
        let who = ["nora", "nils"][number % 2];
        let caller = server.staff(who);
        claiming.spawn(async move { claim(&caller, "").await.ok().flatten().map(|(one, fence)| (who, one, fence)) });
    }
    let claimed: Vec<_> = claiming.join_all().await.into_iter().flatten().collect();
    let ids: BTreeSet<_> = claimed.iter().map(|(_, one, _)| one.callback_id.clone()).collect();
    assert_eq!((claimed.len(), ids.len()), (5, 5), "each once, and no more than there is capacity for");
    assert_eq!(claimed.iter().filter(|(who, ..)| *who == "nora").count(), 3);
    let in_line: Vec<String> = list(&app, ListCallbacksRequest::default()).await;
    assert_eq!(ids, in_line[..5].iter().cloned().collect(), "the first in line");
    // Six at once, each with a request of its own.
    let mut dialling = JoinSet::new();
    for (who, one, fence) in &claimed {
        for _ in 0..6 {
            let (caller, id, fence) = (server.staff(who), one.callback_id.clone(), *fence);
            dialling.spawn(async move { dial(&caller, &id, fence).await.is_ok() });
        }
    }
    assert_eq!(dialling.join_all().await.into_iter().filter(|dialled| *dialled).count(), 5);
    assert_eq!(server.number("SELECT count(*) FROM callback_event WHERE kind = 3").await, 5);
    // Who takes fewer from now on rings no more than that.
    let (.., one, fence) = claimed.iter().find(|(who, ..)| *who == "nils").unwrap();
    fail(&app, (&one.callback_id, *fence), Failure::WrongNumber).await.unwrap();
    let (next, fence) = claim(&server.staff("nils"), "").await.unwrap().unwrap();
    on_duty(&app, "nils", 1).await;
    let beyond = refused(dial(&server.staff("nils"), &next.callback_id, fence).await);
    assert_eq!(verdict(&beyond), (Code::FailedPrecondition, "CALLBACK_CAPACITY_EXCEEDED".to_owned()));
    presence(&app, "nils", PresenceState::Off, 1).await.unwrap();
    assert_eq!(verdict(&refused(dial(&server.staff("nils"), &next.callback_id, fence).await)), verdict(&beyond));
}

async fn attempts_end(server: Server) {
    let server = in_china(server).await;
    let (app, nora) = (server.app(), server.staff("nora"));
    on_duty(&app, "nora", 1).await;
    let id = request(&app, wanted("north", "13800000001")).await.unwrap().callback_id;
    for attempt in 1..=3 {
        let (_, fence) = claim(&nora, "").await.unwrap().unwrap();
        dial(&nora, &id, fence).await.unwrap();
        let unknown = refused(fail(&nora, (&id, fence), Failure::Unknown).await);
        assert_eq!(violations(&unknown)[0].0, "reason");
        let one = fail(&nora, (&id, fence), Failure::NoAnswer).await.unwrap();
        assert_eq!((one.attempts, one.failure_reason()), (attempt, Failure::NoAnswer));
        if attempt == 3 {
            assert_eq!(one.state(), State::Failed);
            break;
        }
        assert_eq!(one.state(), State::Waiting);
        assert_eq!((micros(one.ready_time) - micros(one.last_dial_time)) / 60_000_000, i64::from(attempt) * 5);
        assert_eq!(claim(&nora, "").await.unwrap(), None, "not before the pause is over");
        server.execute("UPDATE callback SET ready_at = 0").await;
    }
    let id = request(&app, wanted("north", "13800000001")).await.unwrap().callback_id;
    let (_, fence) = claim(&nora, "").await.unwrap().unwrap();
    dial(&nora, &id, fence).await.unwrap();
    assert_eq!(fail(&nora, (&id, fence), Failure::Declined).await.unwrap().state(), State::Failed);
}

async fn a_missed_quote_is_told_once_and_escalated(server: Server) {
    let server = in_china(server).await;
    let (app, petra) = (server.app(), server.supervisor("petra", &["north"]));
    let mut watch = Watch::open(&petra).await;
    let id = request(&app, wanted("north", "13800000001")).await.unwrap().callback_id;
    assert_eq!(watch.next().await, (Kind::Requested, id.clone()));
    let quote_passes = async || {
        server.execute("UPDATE callback SET quoted_at = quoted_at - 100000000000").await;
        server.execute("UPDATE timer SET due_at = due_at - 100000000000 WHERE kind = 3 AND step = 2").await;
    };
    quote_passes().await;
    assert_eq!(watch.next().await, (Kind::Breached, id.clone()));
    let missed = get(&petra, &id).await.unwrap();
    assert_eq!((missed.breach_reason(), missed.level, missed.state()), (Breach::NobodyOnDuty, 0, State::Waiting));
    for level in 1..=2 {
        server.execute("UPDATE callback SET escalate_at = escalate_at - 100000000000").await;
        server.execute("UPDATE timer SET due_at = due_at - 100000000000 WHERE kind = 3 AND step = 3").await;
        assert_eq!(watch.next().await, (Kind::Escalated, id.clone()));
        assert_eq!(get(&petra, &id).await.unwrap().level, level);
    }
    on_duty(&app, "nora", 1).await;
    let (_, fence) = claim(&app, "nora").await.unwrap().unwrap();
    dial(&app, &id, fence).await.unwrap();
    connect(&app, &id, fence).await.unwrap();
    let done = complete(&app, &id, fence).await.unwrap();
    assert_eq!((done.state(), done.level), (State::Done, 2));
    assert_eq!(server.number("SELECT count(*) FROM callback_event WHERE kind = 8").await, 1);
    // A ring that comes after the quote is late even where no timer has looked.
    let late = request(&app, wanted("north", "13800000002")).await.unwrap().callback_id;
    let (_, fence) = claim(&app, "nora").await.unwrap().unwrap();
    server.execute("UPDATE callback SET quoted_at = quoted_at - 100000000000 WHERE state = 2").await;
    let rung = dial(&app, &late, fence).await.unwrap();
    assert_eq!((rung.breach_reason(), rung.state()), (Breach::Claimed, State::Dialling));
    // What was rung in time is not missed afterwards.
    let (_, fence) = {
        fail(&app, (&late, fence), Failure::Other).await.unwrap();
        request(&app, wanted("north", "13800000003")).await.unwrap();
        claim(&app, "nora").await.unwrap().unwrap()
    };
    let in_time = list(&app, ListCallbacksRequest { states: vec![State::Claimed.into()], ..Default::default() }).await;
    dial(&app, &in_time[0], fence).await.unwrap();
    server.execute("UPDATE callback SET quoted_at = first_dialled_at WHERE state = 3").await;
    fail(&app, (&in_time[0], fence), Failure::Busy).await.unwrap();
    assert_eq!(get(&app, &in_time[0]).await.unwrap().breach_time, None);
}

async fn everything_wrong_with_a_callback_is_named(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    let good = || wanted("north", "13800000001");
    for (wrong, field) in [
        (Callback { contact_point: String::new(), ..good() }, "callback.contact_point"),
        (Callback { contact_point: "abc".to_owned(), ..good() }, "callback.contact_point"),
        (Callback { team_id: String::new(), ..good() }, "callback.team_id"),
        (Callback { team_id: "west".to_owned(), ..good() }, "callback.team_id"),
        (Callback { interaction_id: "42".to_owned(), ..good() }, "callback.interaction_id"),
        (Callback { topic: "x".repeat(129), ..good() }, "callback.topic"),
    ] {
        let status = refused(request(&app, wrong).await);
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert_eq!(violations(&status)[0].0, field);
    }
    for unknown in [
        Callback { interaction_id: uuid::Uuid::new_v4().to_string(), ..good() },
        Callback { customer_id: "nobody".to_owned(), ..good() },
    ] {
        assert_eq!(refused(request(&app, unknown).await).code(), Code::NotFound);
    }
    let interaction_id = app.record(call("nora", "carla")).await.unwrap().interaction_id;
    let other = Callback { interaction_id, customer_id: "dora".to_owned(), ..good() };
    assert_eq!(violations(&refused(request(&app, other).await))[0].0, "callback.customer_id");
    let elsewhere = refused(request(&server.staff("nora"), wanted("south", "13800000001")).await);
    assert_eq!(verdict(&elsewhere), (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned()));
    // A team whose calendar is over.
    let (date, hours) = ("2020-01-06".to_owned(), "09:00-17:00".to_owned());
    let over = v1::Calendar {
        calendar_id: "over".to_owned(),
        time_zone: "UTC".to_owned(),
        dated_hours: vec![v1::DatedHours { date, hours, name: String::new() }],
        ..Default::default()
    };
    let put = v1::PutCalendarRequest { request_id: request_id(), calendar: Some(over), etag: String::new() };
    server.admin().calendars().put_calendar(put).await.unwrap();
    let (team_id, calendar_id) = ("south".to_owned(), "over".to_owned());
    let assign = v1::AssignCalendarRequest { request_id: request_id(), team_id, calendar_id };
    server.admin().calendars().assign_calendar(assign).await.unwrap();
    assert_eq!(quote(&app, "south").await, v1::QuoteCallbackResponse::default());
    let closed = refused(request(&app, wanted("south", "13800000001")).await);
    assert_eq!(verdict(&closed), (Code::FailedPrecondition, "CALLBACK_NO_OPENING".to_owned()));
    assert_eq!(server.number("SELECT count(*) FROM callback").await, 0);
    // Claims.
    let nobody = refused(claim(&app, "").await);
    assert_eq!(violations(&nobody)[0].0, "staff_id");
    assert_eq!(refused(claim_one(&app, "nora", "42").await).code(), Code::InvalidArgument);
    on_duty(&app, "nora", 1).await;
    on_duty(&app, "sam", 1).await;
    assert_eq!(refused(claim_one(&app, "nora", &uuid::Uuid::new_v4().to_string()).await).code(), Code::NotFound);
    let id = request(&app, good()).await.unwrap().callback_id;
    assert_eq!(violations(&refused(claim_one(&app, "sam", &id).await))[0].0, "staff_id", "another team's");
    let not_yours = (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned());
    assert_eq!(verdict(&refused(claim(&server.staff("nils"), "nora").await)), not_yours);
    assert_eq!(verdict(&refused(claim(&server.supervisor("petra", &["north"]), "sam").await)), not_yours);
    // Desks.
    assert_eq!(verdict(&refused(set_desk(&server.supervisor("petra", &["north"]), "south", 1).await)), not_yours);
    assert_eq!(violations(&refused(set_desk(&server.admin(), "west", 1).await))[0].0, "desk.team_id");
    let desk = set_desk(&server.admin(), "north", 1).await.unwrap();
    let stale = v1::SetCallbackDeskRequest {
        request_id: request_id(),
        desk: Some(v1::CallbackDesk { caller_number: "abc".to_owned(), ..desk.clone() }),
        etag: String::new(),
    };
    let wrong = refused(server.admin().callbacks().set_callback_desk(stale.clone()).await);
    assert_eq!(violations(&wrong)[0].0, "desk.caller_number");
    let stale = v1::SetCallbackDeskRequest { desk: Some(desk), etag: "of another".to_owned(), ..stale };
    assert_eq!(refused(server.admin().callbacks().set_callback_desk(stale).await).code(), Code::Aborted);
}

/// Gives a customer a phone number of their own.
pub(crate) async fn with_number(app: &Caller, id: &str, number: &str) {
    let point = v1::ContactPoint {
        kind: v1::ContactKind::Phone.into(),
        value: number.to_owned(),
        source: "order form".to_owned(),
        ..Default::default()
    };
    let told = v1::Customer { contact_points: vec![point], ..customer(id) };
    app.upsert_customer(told).await.unwrap();
}

async fn customers_ask_for_themselves(server: Server) {
    let server = in_china(server).await;
    with_number(&server.app(), "carla", "13800000001").await;
    let carla = server.caller(v1::Role::Customer, "carla", &[]);
    let other = refused(request(&carla, wanted("north", "13800000002")).await);
    assert_eq!(violations(&other)[0].0, "callback.contact_point", "nobody has others rung");
    let named = Callback { customer_id: "dora".to_owned(), ..wanted("north", "13800000001") };
    assert_eq!(refused(request(&carla, named).await).code(), Code::NotFound);
    let made = request(&carla, wanted("north", "+86 138 0000 0001")).await.unwrap();
    assert_eq!((made.customer_id.as_str(), made.author.as_str()), ("carla", ""));
    assert_eq!(list(&carla, ListCallbacksRequest::default()).await, std::slice::from_ref(&made.callback_id));
    assert!(list(&server.caller(v1::Role::Customer, "dora", &[]), ListCallbacksRequest::default()).await.is_empty());
    assert!(quote(&carla, "north").await.quote.is_some());
    let by_staff = ListCallbacksRequest { staff_id: "nora".to_owned(), ..Default::default() };
    assert_eq!(refused(carla.callbacks().list_callbacks(by_staff).await).code(), Code::PermissionDenied);
    assert_eq!(cancel(&carla, &made.callback_id).await.unwrap().note, "found it myself");
    // Whose number it is, is known without being said.
    let made = request(&server.app(), wanted("north", "13800000001")).await.unwrap();
    assert_eq!(made.customer_id, "carla");
}

async fn slots_are_promised_as_far_as_they_go(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    assert_eq!(set_desk(&server.admin(), "north", 2).await.unwrap().slot_capacity, 2);
    let slots = quote(&app, "north").await.slots;
    assert_eq!((slots.len(), slots[0].free_count), (8, 2));
    let slot = slots[1].start_time;
    let mut asking = JoinSet::new();
    for number in 0..8 {
        let app = server.app();
        let told = Callback { slot_start_time: slot, ..wanted("north", &format!("1380000{number:04}")) };
        asking.spawn(async move { request(&app, told).await.map_err(|status| verdict(&status)) });
    }
    let asked = asking.join_all().await;
    let full = (Code::FailedPrecondition, "CALLBACK_SLOT_UNAVAILABLE".to_owned());
    let made: Vec<_> = asked.iter().filter_map(|one| one.as_ref().ok()).collect();
    assert_eq!(made.len(), 2, "{asked:?}");
    assert!(asked.iter().filter_map(|one| one.as_ref().err()).all(|refusal| *refusal == full), "{asked:?}");
    assert_eq!((made[0].quote_basis(), made[0].quoted_time), (Basis::Slot, slots[1].end_time));
    let left = quote(&app, "north").await;
    assert!(left.slots.iter().all(|one| one.start_time != slot));
    assert_eq!(left.quote.unwrap().waiting_count, 0, "they are not in line yet");
    on_duty(&app, "nora", 2).await;
    assert_eq!(claim(&app, "nora").await.unwrap(), None, "not before the slot");
    let odd = slot.map(|at| prost_types::Timestamp { seconds: at.seconds + 60, ..at });
    let odd = Callback { slot_start_time: odd, ..wanted("north", "13900000001") };
    assert_eq!(verdict(&refused(request(&app, odd).await)), full);
    // One that is given up makes room.
    cancel(&app, &made[0].callback_id).await.unwrap();
    let told = Callback { slot_start_time: slot, ..wanted("north", "13900000001") };
    let waiting = request(&app, told).await.unwrap();
    // At its time it stands where it would have stood.
    server.execute("UPDATE callback SET ready_at = 0, place_at = 0 WHERE point_value = '+8613900000001'").await;
    request(&app, wanted("north", "13900000002")).await.unwrap();
    assert_eq!(claim(&app, "nora").await.unwrap().unwrap().0.callback_id, waiting.callback_id);
}

async fn to_the_accused_callbacks_of_a_complaint_do_not_exist(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    let told = Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        case_id: "K-9".to_owned(),
        participants: vec![participant("nora")],
        about_staff_ids: vec!["nils".to_owned()],
        ..call("nora", "carla")
    };
    let complaint = app.record(told).await.unwrap().interaction_id;
    let told = Interaction { case_id: "K-9".to_owned(), ..call("nora", "carla") };
    let same_case = app.record(told).await.unwrap().interaction_id;
    on_duty(&app, "nora", 3).await;
    on_duty(&app, "nils", 3).await;
    let plain = request(&app, wanted("north", "13800000001")).await.unwrap().callback_id;
    let callers = [
        server.staff("nils"),
        server.supervisor("nils", &["north", "south"]),
        server.caller(v1::Role::Reviewer, "nils", &[]),
        server.caller(v1::Role::Admin, "nils", &[]),
    ];
    let told = async |caller: &Caller| {
        let mut found = Vec::new();
        let requests = [
            ListCallbacksRequest::default(),
            ListCallbacksRequest { customer_id: "carla".to_owned(), ..Default::default() },
            ListCallbacksRequest { team_id: "north".to_owned(), ..Default::default() },
            ListCallbacksRequest { states: vec![State::Claimed.into()], ..Default::default() },
        ];
        for request in requests {
            let answer = caller.callbacks().list_callbacks(request).await;
            found.push(format!("{:?}", answer.map(Response::into_inner).map_err(|status| status.code())));
        }
        let summary = caller.callbacks().summarize_callbacks(v1::SummarizeCallbacksRequest::default()).await;
        found.push(format!("{:?}", summary.map(Response::into_inner).map_err(|status| status.code())));
        let quoted = caller.callbacks().quote_callback(v1::QuoteCallbackRequest { team_id: "north".to_owned() }).await;
        let quoted = quoted.map(Response::into_inner).map_err(|status| status.code());
        let quoted = quoted.map(|answer| {
            let quote = answer.quote.unwrap();
            (quote.basis, quote.waiting_count, answer.slots.iter().map(|slot| slot.free_count).collect::<Vec<_>>())
        });
        found.push(format!("{quoted:?}"));
        found
    };
    let mut before = Vec::new();
    for caller in &callers {
        before.push(told(caller).await);
    }
    let mut watch = Watch::open(&callers[0]).await;
    let slot = quote(&app, "north").await.slots[0].start_time;
    let mut hidden = Vec::new();
    for (interaction, number, slot) in [(&complaint, 2, None), (&same_case, 3, None), (&complaint, 4, slot)] {
        let told = Callback {
            interaction_id: interaction.clone(),
            slot_start_time: slot,
            ..wanted("north", &format!("1380000000{number}"))
        };
        hidden.push(request(&app, told).await.unwrap().callback_id);
    }
    for (caller, before) in callers.iter().zip(&before) {
        assert_eq!(&told(caller).await, before);
        for id in &hidden {
            assert_eq!(refused(get(caller, id).await).code(), Code::NotFound);
        }
    }
    // Never offered nor given, no matter who asks.
    assert_eq!(refused(claim_one(&callers[0], "", &hidden[0]).await).code(), Code::NotFound);
    let petra = server.supervisor("petra", &["north"]);
    let given = refused(claim_one(&petra, "nils", &hidden[0]).await);
    assert_eq!(verdict(&given), (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned()));
    assert_eq!(claim(&petra, "nils").await.unwrap().unwrap().0.callback_id, plain);
    assert_eq!(claim(&petra, "nils").await.unwrap(), None, "for them nobody is in line");
    assert_eq!(refused(cancel(&callers[0], &hidden[0]).await).code(), Code::NotFound);
    // Its number is no secret keeper: another callback is theirs to ask for, and they are told of their own alone.
    let own = request(&callers[0], wanted("north", "13800000002")).await.unwrap().callback_id;
    let mut seen = BTreeSet::new();
    loop {
        let (_, id) = watch.next().await;
        seen.insert(id.clone());
        if id == own {
            break;
        }
    }
    assert_eq!(seen, [plain, own].into());
    // Others see to it.
    assert_eq!(claim(&server.staff("nora"), "").await.unwrap().unwrap().0.callback_id, hidden[0]);
}

async fn wishes_erasures_and_merges_are_followed(server: Server) {
    let server = in_china(server).await;
    let (app, admin) = (server.app(), server.admin());
    app.upsert_customer(customer("carla-2")).await.unwrap();
    on_duty(&app, "nora", 3).await;
    let of = |id: &str, number: &str| Callback { customer_id: id.to_owned(), ..wanted("north", number) };
    let made = request(&app, of("carla-2", "13800000001")).await.unwrap().callback_id;
    let merge = v1::MergeCustomersRequest {
        request_id: request_id(),
        kept_customer_id: "carla".to_owned(),
        absorbed_customer_id: "carla-2".to_owned(),
        reason: "one person".to_owned(),
    };
    let merged = admin.identity().merge_customers(merge).await.unwrap().into_inner().merge.unwrap();
    assert_eq!(get(&app, &made).await.unwrap().customer_id, "carla");
    let (merge_id, reason) = (merged.merge_id, "two after all".to_owned());
    admin.identity().undo_merge(v1::UndoMergeRequest { request_id: request_id(), merge_id, reason }).await.unwrap();
    assert_eq!(get(&app, &made).await.unwrap().customer_id, "carla-2");
    // A wish that names callbacks stands against the ring, and against another request.
    let (_, fence) = claim(&app, "nora").await.unwrap().unwrap();
    let wish = v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: "carla-2".to_owned(),
        purposes: vec![v1::ContactPurpose::RequestedCallback.into()],
        reason: "she said so".to_owned(),
        ..Default::default()
    };
    let wish = app.contacts().set_do_not_contact(wish).await.unwrap().into_inner().do_not_contact.unwrap();
    let stands = (Code::FailedPrecondition, "CONTACT_REFUSED".to_owned());
    assert_eq!(verdict(&refused(dial(&app, &made, fence).await)), stands);
    assert_eq!(verdict(&refused(request(&app, of("carla-2", "13800000009")).await)), stands);
    let (do_not_contact_id, reason) = (wish.do_not_contact_id, "she said so".to_owned());
    let lift = v1::LiftDoNotContactRequest { request_id: request_id(), do_not_contact_id, reason };
    admin.contacts().lift_do_not_contact(lift).await.unwrap();
    let export =
        v1::ExportCustomerRequest { customer_id: "carla-2".to_owned(), page_size: 1_000, ..Default::default() };
    let lines = admin.privacy().export_customer(export).await.unwrap().into_inner().json_lines;
    assert!(lines.iter().any(|line| line.contains("13800000001") && line.contains("退款处理中")), "{lines:?}");
    let (customer_id, reason) = ("carla-2".to_owned(), "as asked".to_owned());
    let erase = v1::EraseCustomerRequest { request_id: request_id(), customer_id, reason };
    admin.privacy().erase_customer(erase).await.unwrap();
    let left = get(&app, &made).await.unwrap();
    assert_eq!((left.state(), left.contact_point.as_str()), (State::Cancelled, ""));
    let context = left.context.unwrap();
    assert_eq!((context.page.as_str(), context.seen.as_str()), ("", ""));
    assert_ne!(context.order_id, "O-17", "a pseudonym");
    assert_eq!(refused(dial(&app, &made, fence).await).code(), Code::FailedPrecondition);
    let erased = refused(request(&app, of("carla-2", "13800000001")).await);
    assert_eq!(verdict(&erased), (Code::FailedPrecondition, "CUSTOMER_ERASED".to_owned()));
    // Its timers find nothing to do.
    leases_end(&server).await;
    let done = async {
        while server.number("SELECT count(*) FROM timer").await > 0 {
            server.execute("UPDATE timer SET due_at = 0").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), done).await.unwrap();
    assert_eq!(get(&app, &made).await.unwrap().state(), State::Cancelled);
    // A stranger's becomes the customer's whose other name the number turns out to be, and goes with them.
    let strangers = request(&app, wanted("north", "13800000007")).await.unwrap();
    assert_eq!(strangers.customer_id, "");
    let alias = v1::CustomerAlias { kind: v1::ContactKind::Phone.into(), value: "138 0000 0007".to_owned() };
    app.upsert_customer(v1::Customer { aliases: vec![alias], ..customer("erik") }).await.unwrap();
    assert_eq!(get(&app, &strangers.callback_id).await.unwrap().customer_id, "erik");
    let (customer_id, reason) = ("erik".to_owned(), "as asked".to_owned());
    let erase = v1::EraseCustomerRequest { request_id: request_id(), customer_id, reason };
    admin.privacy().erase_customer(erase).await.unwrap();
    assert_eq!(get(&app, &strangers.callback_id).await.unwrap().state(), State::Cancelled);
    let erased = refused(request(&app, wanted("north", "13800000007")).await);
    assert_eq!(verdict(&erased), (Code::FailedPrecondition, "CUSTOMER_ERASED".to_owned()));
}

async fn presence_lapses_and_is_said_of_oneself(server: Server) {
    let server = in_china(server).await;
    let (nora, petra) = (server.staff("nora"), server.supervisor("petra", &["north"]));
    let said = presence(&nora, "", PresenceState::OnDuty, 2).await.unwrap();
    assert_eq!((said.staff_id.as_str(), said.team_id.as_str(), said.capacity), ("nora", "north", 2));
    assert_eq!((micros(said.lapse_time) - micros(said.set_time)) / 1_000_000, 600);
    let not_yours = (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned());
    assert_eq!(verdict(&refused(presence(&nora, "nils", PresenceState::OnDuty, 1).await)), not_yours);
    assert_eq!(verdict(&refused(presence(&petra, "sam", PresenceState::OnDuty, 1).await)), not_yours);
    presence(&petra, "nils", PresenceState::Break, 1).await.unwrap();
    for wrong in ["", "nobody"] {
        let status = refused(presence(&server.app(), wrong, PresenceState::OnDuty, 1).await);
        assert_eq!(violations(&status)[0].0, "staff_id", "{wrong}");
    }
    let status = refused(presence(&nora, "", PresenceState::OnDuty, 21).await);
    assert_eq!(violations(&status)[0].0, "capacity");
    presence(&server.app(), "sam", PresenceState::OnDuty, 1).await.unwrap();
    let listed = async |caller: &Caller, team: &str, page_size| {
        let mut request = v1::ListPresenceRequest { team_id: team.to_owned(), page_size, ..Default::default() };
        let mut found = Vec::new();
        loop {
            let page = caller.presence().list_presence(request.clone()).await.unwrap().into_inner();
            found.extend(page.presences.iter().map(|one| (one.staff_id.clone(), one.state())));
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    };
    let pair = |id: &str, state| (id.to_owned(), state);
    let north = [pair("nils", PresenceState::Break), pair("nora", PresenceState::OnDuty)];
    assert_eq!(listed(&nora, "", 0).await, north);
    assert_eq!(listed(&server.app(), "north", 1).await, north);
    assert_eq!(listed(&server.app(), "", 1).await.len(), 3);
    // What is not renewed is over.
    server.execute("UPDATE presence SET lapse_at = set_at WHERE staff_id = 'nora'").await;
    assert_eq!(listed(&nora, "", 0).await[1], pair("nora", PresenceState::Off));
    request(&server.app(), wanted("north", "13800000001")).await.unwrap();
    assert_eq!(refused(claim(&nora, "").await).code(), Code::FailedPrecondition);
    presence(&nora, "", PresenceState::OnDuty, 1).await.unwrap();
    claim(&nora, "").await.unwrap().unwrap();
}

async fn quotes_are_held_against_what_came(server: Server) {
    let server = in_china(server).await;
    let (app, petra) = (server.app(), server.supervisor("petra", &["north"]));
    on_duty(&app, "nora", 1).await;
    for (number, reason) in [(1, None), (2, Some(Failure::WrongNumber)), (3, Some(Failure::NoAnswer))] {
        let id = request(&app, wanted("north", &format!("1380000000{number}"))).await.unwrap().callback_id;
        let (_, fence) = claim(&app, "nora").await.unwrap().unwrap();
        dial(&app, &id, fence).await.unwrap();
        match reason {
            Some(reason) => _ = fail(&app, (&id, fence), reason).await.unwrap(),
            None => {
                connect(&app, &id, fence).await.unwrap();
                complete(&app, &id, fence).await.unwrap();
            }
        }
    }
    let missed = request(&app, wanted("north", "13800000004")).await.unwrap().callback_id;
    server
        .execute("UPDATE callback SET quoted_at = quoted_at - 100000000000 WHERE point_value = '+8613800000004'")
        .await;
    cancel(&app, &missed).await.unwrap();
    let given_up = request(&app, wanted("north", "13800000005")).await.unwrap().callback_id;
    cancel(&app, &given_up).await.unwrap();
    request(&app, wanted("south", "13800000006")).await.unwrap();
    let summed = async |caller: &Caller, request: v1::SummarizeCallbacksRequest| {
        caller.callbacks().summarize_callbacks(request).await.map(|answer| answer.into_inner().summaries)
    };
    let found = summed(&petra, v1::SummarizeCallbacksRequest::default()).await.unwrap();
    // An hour may have ended in between.
    let sum = |count: fn(&v1::CallbackSummary) -> i64| found.iter().map(count).sum::<i64>();
    assert!(found.iter().all(|one| one.team_id == "north"));
    assert_eq!((sum(|one| one.requested_count), sum(|one| one.done_count), sum(|one| one.failed_count)), (5, 1, 1));
    assert_eq!((sum(|one| one.open_count), sum(|one| one.cancelled_count)), (1, 2));
    assert_eq!((sum(|one| one.inside_count), sum(|one| one.breached_count)), (3, 1));
    assert_eq!(found.iter().map(|one| one.failures.len()).sum::<usize>(), 2);
    assert_eq!(summed(&app, v1::SummarizeCallbacksRequest::default()).await.unwrap().last().unwrap().team_id, "south");
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    for (from_time, to_time) in [(time(2_000), time(1_000)), (time(0), time(93 * 86_400))] {
        let request = v1::SummarizeCallbacksRequest { from_time, to_time, ..Default::default() };
        assert_eq!(violations(&refused(summed(&app, request).await))[0].0, "to_time");
    }
    let request = v1::SummarizeCallbacksRequest { from_time: time(0), to_time: time(86_400), ..Default::default() };
    assert!(summed(&app, request).await.unwrap().is_empty());
}

async fn two_servers_hand_out_each_callback_once(server: Server) {
    const COUNT: i64 = 40;
    let server = in_china(server).await;
    let sibling = server.sibling().await;
    let app = server.app();
    for id in ["nora", "nils"] {
        on_duty(&app, id, 20).await;
    }
    let mut asking = JoinSet::new();
    for number in 0..COUNT {
        let app = if number % 2 == 0 { server.app() } else { sibling.app() };
        asking.spawn(async move { request(&app, wanted("north", &format!("1380000{number:04}"))).await.unwrap() });
    }
    assert_eq!(i64::try_from(asking.join_all().await.len()).unwrap(), COUNT);
    let mut claiming = JoinSet::new();
    for number in 0..COUNT {
        let place = if number % 2 == 0 { &server } else { &sibling };
        let caller = place.staff(["nora", "nils"][usize::try_from(number / 2 % 2).unwrap()]);
        claiming.spawn(async move { claim(&caller, "").await.unwrap().unwrap().0.callback_id });
    }
    let claimed: BTreeSet<_> = claiming.join_all().await.into_iter().collect();
    assert_eq!(i64::try_from(claimed.len()).unwrap(), COUNT);
    // All lapse and all quotes are missed at one moment, before both servers.
    leases_end(&server).await;
    server.execute("UPDATE callback SET quoted_at = quoted_at - 100000000000").await;
    server.execute("UPDATE timer SET due_at = due_at - 100000000000 WHERE kind = 3").await;
    let done = async {
        while server.number("SELECT count(*) FROM callback WHERE state = 1 AND breached_at IS NOT NULL").await < COUNT {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), done).await.unwrap();
    for kind in [7, 8] {
        let once = format!(
            "SELECT count(*) FROM (SELECT callback_id FROM callback_event WHERE kind = {kind}
                GROUP BY callback_id HAVING count(*) = 1) one"
        );
        assert_eq!(server.number(&once).await, COUNT, "{kind}");
    }
    drop(sibling);
}

async fn the_program_takes_a_callback_through(server: Server) {
    let server = in_china(server).await;
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    run(&["presence", "set", "on-duty", "--staff", "nora", "--capacity", "2"]).await;
    assert!(text(run(&["presence", "list"]).await).contains("nora"));
    assert_eq!(last_line(&run(&["presence", "list", "--json"]).await)["state"], "on_duty");
    run(&["callbacks", "desk", "north", "--number", "+862160000001", "--slot-capacity", "1"]).await;
    assert_eq!(last_line(&run(&["callbacks", "desks", "--json"]).await)["number"], "+862160000001");
    let quoted = last_line(&run(&["callbacks", "quote", "north", "--json"]).await);
    assert_eq!((&quoted["basis"], &quoted["waiting"]), (&"capacity".into(), &0.into()));
    assert!(text(run(&["callbacks", "quote", "north"]).await).contains("+862160000001"));
    let asked =
        ["callbacks", "request", "north", "138 1234 5678", "--topic", "退货", "--order", "O-17", "--seen", "空白页"];
    let made = last_line(&run(&[&asked[..], &["--json"]].concat()).await);
    let id = made["id"].as_str().unwrap().to_owned();
    let shown = text(run(&["callbacks", "list"]).await);
    assert!(shown.contains("138 1234 5678") && shown.contains("waiting") && shown.contains("退货"), "{shown}");
    let claimed = last_line(&run(&["callbacks", "claim", "--staff", "nora", "--json"]).await);
    assert_eq!(
        (&claimed["id"], &claimed["fence"], &claimed["seen"]),
        (&id.clone().into(), &1.into(), &"空白页".into())
    );
    assert!(text(run(&["callbacks", "claim", "--staff", "nora"]).await).contains("nobody"));
    run(&["callbacks", "renew", &id, "1"]).await;
    run(&["callbacks", "dial", &id, "1"]).await;
    run(&["callbacks", "connect", &id, "1"]).await;
    let done = last_line(&run(&["callbacks", "complete", &id, "1", "--note", "settled", "--json"]).await);
    assert_eq!(done["state"], "done");
    let other = last_line(&run(&["callbacks", "request", "north", "13800000002", "--json"]).await);
    run(&["callbacks", "claim", other["id"].as_str().unwrap(), "--staff", "nora"]).await;
    run(&["callbacks", "fail", other["id"].as_str().unwrap(), "1", "not-dialled"]).await;
    run(&["callbacks", "cancel", other["id"].as_str().unwrap()]).await;
    let summary = text(run(&["callbacks", "summary"]).await);
    assert!(summary.contains("north") && summary.contains("100 %"), "{summary}");
    assert_eq!(last_line(&run(&["callbacks", "summary", "--json"]).await)["team"], "north");
}
