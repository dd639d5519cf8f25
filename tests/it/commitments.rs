//! Commitments to customers: made, reminded of, broken, escalated, kept, released (L5).

use std::time::Duration;

use rapport::{
    api::v1::{
        self, Commitment, CommitmentEvent, CommitmentEventKind, CommitmentState, GetCommitmentRequest, Interaction,
        KeepCommitmentRequest, ListCommitmentsRequest, MakeCommitmentRequest, ReleaseCommitmentRequest,
        SummarizeCommitmentsRequest, WatchCommitmentsRequest, WatchCommitmentsResponse,
    },
    clock::Clock,
};
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
        a_promise_is_made_and_kept,
        nobody_promises_for_others,
        everything_wrong_with_a_promise_is_named,
        a_promise_is_broken_and_escalated_until_it_is_kept,
        what_was_due_while_no_server_ran_is_told_late,
        a_breach_is_told_though_no_server_has_looked,
        the_customer_releases_and_nobody_else,
        to_the_accused_promises_of_a_complaint_do_not_exist,
        promises_are_counted_by_team,
        promises_follow_merges_and_erasures,
        the_program_lists_promises,
    ];
    tests.extend(on_postgres![each_step_comes_once_with_two_servers]);
    tests
}

/// In so many milliseconds from now, by this machine.
pub(crate) fn within(millis: i64) -> Option<prost_types::Timestamp> {
    let at = Clock::system().now_micros() + millis * 1_000;
    let nanos = i32::try_from(at % 1_000_000 * 1_000).unwrap();
    Some(prost_types::Timestamp { seconds: at / 1_000_000, nanos })
}

const DAY: i64 = 86_400_000;

pub(crate) fn promise(owner: &str, customer_id: &str) -> Commitment {
    Commitment {
        what: "退还差价".to_owned(),
        customer_id: customer_id.to_owned(),
        owner_staff_id: owner.to_owned(),
        due_time: within(DAY),
        ..Commitment::default()
    }
}

pub(crate) async fn make(caller: &Caller, commitment: Commitment) -> Result<Commitment, Status> {
    let request = MakeCommitmentRequest { request_id: request_id(), commitment: Some(commitment) };
    Ok(caller.commitments().make_commitment(request).await?.into_inner().commitment.unwrap())
}

pub(crate) async fn keep(caller: &Caller, id: &str) -> Result<Commitment, Status> {
    let (commitment_id, note) = (id.to_owned(), "transferred".to_owned());
    let request = KeepCommitmentRequest { request_id: request_id(), commitment_id, note };
    Ok(caller.commitments().keep_commitment(request).await?.into_inner().commitment.unwrap())
}

pub(crate) async fn release(caller: &Caller, id: &str) -> Result<Option<Commitment>, Status> {
    let (commitment_id, reason) = (id.to_owned(), "no longer needed".to_owned());
    let request = ReleaseCommitmentRequest { request_id: request_id(), commitment_id, reason };
    Ok(caller.commitments().release_commitment(request).await?.into_inner().commitment)
}

async fn get(caller: &Caller, id: &str) -> Result<Commitment, Status> {
    let request = GetCommitmentRequest { commitment_id: id.to_owned() };
    Ok(caller.commitments().get_commitment(request).await?.into_inner().commitment.unwrap())
}

async fn list(caller: &Caller, request: ListCommitmentsRequest) -> Result<Vec<String>, Status> {
    let answer = caller.commitments().list_commitments(request).await.map(Response::into_inner)?;
    Ok(answer.commitments.into_iter().map(|one| one.commitment_id).collect())
}

struct Watch(Streaming<WatchCommitmentsResponse>);

impl Watch {
    async fn open(caller: &Caller) -> Self {
        let stream = caller.commitments().watch_commitments(WatchCommitmentsRequest::default()).await.unwrap();
        let mut watch = Self(stream.into_inner());
        // Where it begins.
        assert_eq!(watch.0.message().await.unwrap().unwrap().event, None);
        watch
    }

    async fn event(&mut self) -> CommitmentEvent {
        let event = async {
            loop {
                if let Some(event) = self.0.message().await.unwrap().unwrap().event {
                    return event;
                }
            }
        };
        timeout(Duration::from_secs(20), event).await.expect("an event in time")
    }

    async fn next(&mut self) -> (CommitmentEventKind, CommitmentState, i32) {
        let event = self.event().await;
        let commitment = event.commitment.clone().unwrap();
        (event.kind(), commitment.state(), commitment.level)
    }
}

async fn a_promise_is_made_and_kept(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let told = Interaction { case_id: "K-1".to_owned(), ..call("nora", "carla") };
    let interaction_id = server.app().record(told).await.unwrap().interaction_id;
    // Customer and case are those of the interaction, the owner is who calls.
    let told = Commitment {
        interaction_id: interaction_id.clone(),
        worth: 1_250,
        currency: "EUR".to_owned(),
        ..promise("", "")
    };
    let request = MakeCommitmentRequest { request_id: request_id(), commitment: Some(told) };
    let made = nora.commitments().make_commitment(request.clone()).await.unwrap().into_inner().commitment.unwrap();
    let again = nora.commitments().make_commitment(request).await.unwrap().into_inner().commitment.unwrap();
    assert_eq!(made, again);
    let said = [&made.customer_id, &made.case_id, &made.owner_staff_id, &made.team_id, &made.what];
    assert_eq!(said, ["carla", "K-1", "nora", "north", "退还差价"]);
    assert_eq!((made.state(), made.worth, made.remind_before.unwrap().seconds), (CommitmentState::Open, 1_250, 7_200));
    assert_eq!(get(&server.staff("nils"), &made.commitment_id).await.unwrap(), made);
    let elsewhere = refused(get(&server.staff("sam"), &made.commitment_id).await);
    assert_eq!(verdict(&elsewhere), (Code::NotFound, "NOT_FOUND".to_owned()));
    // A colleague of the team does not keep what another promised.
    assert_eq!(refused(keep(&server.staff("nils"), &made.commitment_id).await).code(), Code::NotFound);
    let kept = keep(&nora, &made.commitment_id).await.unwrap();
    assert_eq!(
        (kept.state(), kept.settled_by.as_str(), kept.note.as_str()),
        (CommitmentState::Kept, "nora", "transferred")
    );
    let twice = refused(keep(&nora, &made.commitment_id).await);
    assert_eq!(verdict(&twice), (Code::FailedPrecondition, "COMMITMENT_SETTLED".to_owned()));
    assert_eq!(server.number("SELECT count(*) FROM timer").await, 0);
    // The customer reads what was promised, and not who promised it.
    let carla = server.caller(v1::Role::Customer, "carla", &[]);
    let seen = get(&carla, &made.commitment_id).await.unwrap();
    assert_eq!((seen.what.as_str(), seen.owner_staff_id.as_str(), seen.settled_by.as_str()), ("退还差价", "", ""));
    let dora = server.caller(v1::Role::Customer, "dora", &[]);
    assert_eq!(refused(get(&dora, &made.commitment_id).await).code(), Code::NotFound);
}

async fn nobody_promises_for_others(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    make(&petra, promise("nora", "carla")).await.unwrap();
    make(&server.app(), promise("sam", "carla")).await.unwrap();
    for (caller, owner) in [(server.staff("nora"), "nils"), (petra, "sam")] {
        let status = refused(make(&caller, promise(owner, "carla")).await);
        assert_eq!(verdict(&status), (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned()), "{owner}");
    }
}

async fn everything_wrong_with_a_promise_is_named(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let good = || promise("nora", "carla");
    for (wrong, field) in [
        (Commitment { due_time: within(-1_000), ..good() }, "commitment.due_time"),
        (Commitment { customer_id: String::new(), ..good() }, "commitment.customer_id"),
        (Commitment { customer_id: "nobody".to_owned(), ..good() }, "commitment.customer_id"),
        (Commitment { owner_staff_id: String::new(), ..good() }, "commitment.owner_staff_id"),
        (Commitment { owner_staff_id: "nobody".to_owned(), ..good() }, "commitment.owner_staff_id"),
        (Commitment { interaction_id: "42".to_owned(), ..good() }, "commitment.interaction_id"),
        (Commitment { worth: 5, ..good() }, "commitment.currency"),
        (Commitment { worth: 5, currency: "eur".to_owned(), ..good() }, "commitment.currency"),
        (Commitment { worth: -5, ..good() }, "commitment.worth"),
        (Commitment { what: String::new(), ..good() }, "commitment.what"),
    ] {
        let status = refused(make(&app, wrong).await);
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert_eq!(violations(&status)[0].0, field);
    }
    let unknown = Commitment { interaction_id: uuid::Uuid::new_v4().to_string(), ..good() };
    assert_eq!(refused(make(&app, unknown).await).code(), Code::NotFound);
    assert_eq!(server.number("SELECT count(*) FROM commitment").await, 0);
}

async fn a_promise_is_broken_and_escalated_until_it_is_kept(server: Server) {
    use CommitmentEventKind::{Broken, Escalated, Kept, Made, Reminded};
    let server = server.with_organization().await;
    let mut watch = Watch::open(&server.supervisor("petra", &["north"])).await;
    let told =
        Commitment { remind_before: Some(prost_types::Duration { seconds: 2, nanos: 0 }), ..promise("nora", "carla") };
    // Another team's is not shown.
    make(&server.app(), promise("sam", "carla")).await.unwrap();
    let made = make(&server.app(), Commitment { due_time: within(4_000), ..told }).await.unwrap();
    assert_eq!(watch.next().await, (Made, CommitmentState::Open, 0));
    assert_eq!(watch.next().await, (Reminded, CommitmentState::Open, 0));
    let broken = watch.event().await;
    assert_eq!((broken.kind(), broken.commitment.as_ref().unwrap().state()), (Broken, CommitmentState::Broken));
    assert!(broken.late_by.unwrap().seconds < 3, "{broken:?}");
    // Eight working hours later, and every forty after that.
    for level in 1..=3 {
        server.execute("UPDATE timer SET due_at = due_at - 200000000000").await;
        assert_eq!(watch.next().await, (Escalated, CommitmentState::Broken, level));
    }
    let kept = keep(&server.staff("nora"), &made.commitment_id).await.unwrap();
    assert_eq!((kept.state(), kept.level), (CommitmentState::KeptLate, 3));
    assert_eq!(watch.next().await, (Kept, CommitmentState::KeptLate, 3));
    assert_eq!(
        server
            .number(
                "SELECT count(*) FROM timer t JOIN commitment c ON c.id = t.subject_id WHERE c.owner_staff_id = 'nora'"
            )
            .await,
        0
    );
}

async fn what_was_due_while_no_server_ran_is_told_late(server: Server) {
    let server = server.with_organization().await;
    let told =
        Commitment { remind_before: Some(prost_types::Duration { seconds: 1, nanos: 0 }), ..promise("nora", "carla") };
    let made = make(&server.app(), Commitment { due_time: within(2_500), ..told }).await.unwrap();
    // Both steps come while it is down: the later one alone is told, with how late it is.
    let sleeping = tokio::time::sleep(Duration::from_secs(5));
    let server = server.restart_after(sleeping).await;
    let done = async {
        loop {
            let found = get(&server.app(), &made.commitment_id).await.unwrap();
            if found.state() == CommitmentState::Broken {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), done).await.unwrap();
    let kinds = "SELECT CAST(kind AS text) FROM commitment_event ORDER BY sequence";
    assert_eq!(server.texts(kinds).await, ["1", "3"]);
    let late = server.number("SELECT late_by FROM commitment_event WHERE kind = 3").await;
    assert!((1_000_000..20_000_000).contains(&late), "{late}");
}

async fn a_breach_is_told_though_no_server_has_looked(server: Server) {
    let server = server.with_organization().await;
    let made = make(&server.app(), promise("nora", "carla")).await.unwrap().commitment_id;
    let mut watch = Watch::open(&server.app()).await;
    server.execute("DELETE FROM timer").await;
    server.execute("UPDATE commitment SET due_at = made_at").await;
    assert_eq!(keep(&server.staff("nora"), &made).await.unwrap().state(), CommitmentState::KeptLate);
    let (broken, kept) = (watch.event().await, watch.event().await);
    assert_eq!((broken.kind(), kept.kind()), (CommitmentEventKind::Broken, CommitmentEventKind::Kept));
    assert!(broken.late_by.is_some() && kept.late_by.is_none());
}

async fn the_customer_releases_and_nobody_else(server: Server) {
    let server = server.with_organization().await;
    let first = make(&server.app(), promise("nora", "carla")).await.unwrap().commitment_id;
    for caller in [server.staff("nora"), server.supervisor("petra", &["north"])] {
        let status = refused(release(&caller, &first).await);
        assert_eq!(verdict(&status), (Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned()));
    }
    let dora = server.caller(v1::Role::Customer, "dora", &[]);
    assert_eq!(refused(release(&dora, &first).await).code(), Code::NotFound);
    let carla = server.caller(v1::Role::Customer, "carla", &[]);
    let released = release(&carla, &first).await.unwrap().unwrap();
    assert_eq!((released.state(), released.note.as_str()), (CommitmentState::Released, "no longer needed"));
    assert_eq!(refused(keep(&server.staff("nora"), &first).await).code(), Code::FailedPrecondition);
    assert_eq!(list(&carla, ListCommitmentsRequest::default()).await.unwrap(), [first]);
}

async fn to_the_accused_promises_of_a_complaint_do_not_exist(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let told = Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        case_id: "K-9".to_owned(),
        participants: vec![participant("nora")],
        about_staff_ids: vec!["nils".to_owned()],
        ..call("nora", "carla")
    };
    let complaint = app.record(told).await.unwrap().interaction_id;
    let callers = |server: &Server| {
        [
            server.staff("nils"),
            server.supervisor("nils", &["north", "south"]),
            server.caller(v1::Role::Reviewer, "nils", &[]),
            server.caller(v1::Role::Admin, "nils", &[]),
        ]
    };
    let told = async |caller: &Caller| {
        let mut found = Vec::new();
        let requests = [
            ListCommitmentsRequest::default(),
            ListCommitmentsRequest { customer_id: "carla".to_owned(), ..Default::default() },
            ListCommitmentsRequest { case_id: "K-9".to_owned(), ..Default::default() },
            ListCommitmentsRequest { team_id: "north".to_owned(), ..Default::default() },
        ];
        for request in requests {
            let answer = caller.commitments().list_commitments(request).await;
            found.push(format!("{:?}", answer.map(Response::into_inner).map_err(|status| status.code())));
        }
        let summary = caller.commitments().summarize_commitments(SummarizeCommitmentsRequest::default()).await;
        found.push(format!("{:?}", summary.map(Response::into_inner).map_err(|status| status.code())));
        found
    };
    make(&app, promise("nora", "carla")).await.unwrap();
    let mut before = Vec::new();
    for caller in &callers(&server) {
        before.push(told(caller).await);
    }
    let by_interaction = Commitment { interaction_id: complaint.clone(), ..promise("nora", "") };
    let by_case = Commitment { case_id: "K-9".to_owned(), ..promise("petra", "carla") };
    let hidden = [make(&app, by_interaction).await.unwrap(), make(&app, by_case).await.unwrap()];
    for (caller, before) in callers(&server).iter().zip(before) {
        assert_eq!(told(caller).await, before);
        for one in &hidden {
            assert_eq!(refused(get(caller, &one.commitment_id).await).code(), Code::NotFound);
        }
        let more = Commitment { interaction_id: complaint.clone(), ..promise("nils", "") };
        assert!(make(caller, more).await.is_err());
    }
    assert_eq!(list(&server.staff("nora"), ListCommitmentsRequest::default()).await.unwrap().len(), 3);
}

async fn promises_are_counted_by_team(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let mut ids = Vec::new();
    for owner in ["nora", "nora", "nils", "sam"] {
        ids.push(make(&app, promise(owner, "carla")).await.unwrap().commitment_id);
    }
    keep(&app, &ids[0]).await.unwrap();
    server.execute(&format!("UPDATE commitment SET state = 3 WHERE owner_staff_id = '{}'", "nils")).await;
    let summary = async |caller: &Caller, request| {
        let answer = caller.commitments().summarize_commitments(request).await.unwrap().into_inner().summaries;
        let line =
            |one: v1::CommitmentSummary| (one.team_id, one.open_count, one.kept_count, one.broken_count, one.kept_rate);
        answer.into_iter().map(line).collect::<Vec<_>>()
    };
    let north = ("north".to_owned(), 1, 1, 1, Some(0.5));
    let all = summary(&app, SummarizeCommitmentsRequest::default()).await;
    assert_eq!(all, [north.clone(), ("south".to_owned(), 1, 0, 0, None)]);
    let petra = server.supervisor("petra", &["north"]);
    assert_eq!(summary(&petra, SummarizeCommitmentsRequest::default()).await, [north]);
    let past = SummarizeCommitmentsRequest { to_time: within(0), ..Default::default() };
    assert_eq!(summary(&app, past).await, []);
    let page =
        ListCommitmentsRequest { states: vec![CommitmentState::Open.into()], page_size: 1, ..Default::default() };
    let first = app.commitments().list_commitments(page.clone()).await.unwrap().into_inner();
    let rest = ListCommitmentsRequest { page_token: first.next_page_token, ..page };
    let second = app.commitments().list_commitments(rest).await.unwrap().into_inner();
    let found = [first.commitments, second.commitments].concat();
    assert_eq!(found.iter().map(|one| &one.commitment_id).collect::<Vec<_>>(), [&ids[1], &ids[3]]);
}

async fn promises_follow_merges_and_erasures(server: Server) {
    let server = server.with_organization().await;
    let (app, admin) = (server.app(), server.admin());
    app.upsert_customer(customer("carla-2")).await.unwrap();
    let made = make(&app, promise("nora", "carla-2")).await.unwrap().commitment_id;
    let merge = v1::MergeCustomersRequest {
        request_id: request_id(),
        kept_customer_id: "carla".to_owned(),
        absorbed_customer_id: "carla-2".to_owned(),
        reason: "one person".to_owned(),
    };
    let merged = admin.identity().merge_customers(merge).await.unwrap().into_inner().merge.unwrap();
    assert_eq!(get(&app, &made).await.unwrap().customer_id, "carla");
    // By either id.
    let by = async |id: &str| {
        list(&app, ListCommitmentsRequest { customer_id: id.to_owned(), ..Default::default() }).await.unwrap()
    };
    assert_eq!((by("carla").await, by("carla-2").await), (vec![made.clone()], vec![made.clone()]));
    let (merge_id, reason) = (merged.merge_id, "two after all".to_owned());
    admin.identity().undo_merge(v1::UndoMergeRequest { request_id: request_id(), merge_id, reason }).await.unwrap();
    assert_eq!(get(&app, &made).await.unwrap().customer_id, "carla-2");
    let export =
        v1::ExportCustomerRequest { customer_id: "carla-2".to_owned(), page_size: 1_000, ..Default::default() };
    let lines = admin.privacy().export_customer(export).await.unwrap().into_inner().json_lines;
    assert!(lines.iter().any(|line| line.contains("退还差价")), "{lines:?}");
    let (customer_id, reason) = ("carla-2".to_owned(), "as asked".to_owned());
    let erase = v1::EraseCustomerRequest { request_id: request_id(), customer_id, reason };
    admin.privacy().erase_customer(erase).await.unwrap();
    let left = get(&app, &made).await.unwrap();
    assert_eq!((left.what.as_str(), left.customer_id.as_str()), ("", ""));
    // There is nobody any more to whom it could be broken.
    server.execute("UPDATE timer SET due_at = 0").await;
    let done = async {
        while get(&app, &made).await.unwrap().state() != CommitmentState::Released {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), done).await.unwrap();
}

async fn each_step_comes_once_with_two_servers(server: Server) {
    const COUNT: i64 = 60;
    let server = server.with_organization().await;
    let sibling = server.sibling().await;
    let mut making = JoinSet::new();
    for number in 0..COUNT {
        let app = server.app();
        let due_time = within(1_500 + number * 20);
        making.spawn(async move { make(&app, Commitment { due_time, ..promise("nora", "carla") }).await.unwrap() });
    }
    assert_eq!(i64::try_from(making.join_all().await.len()).unwrap(), COUNT);
    let broken = "SELECT count(*) FROM commitment WHERE state = 3";
    let done = async {
        while server.number(broken).await < COUNT {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), done).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM commitment_event WHERE kind = 3").await, COUNT);
    assert_eq!(server.number("SELECT count(*) FROM (SELECT commitment_id FROM commitment_event WHERE kind = 3 GROUP BY commitment_id) one").await, COUNT);
    drop(sibling);
}

async fn the_program_lists_promises(server: Server) {
    let server = server.with_organization().await;
    let made = make(&server.app(), promise("nora", "carla")).await.unwrap();
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[&["commitments"], arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let shown = String::from_utf8(run(&["list", "--team", "north"]).await.stdout).unwrap();
    assert!(shown.contains("退还差价") && shown.contains("nora") && shown.contains("open"), "{shown}");
    let listed = last_line(&run(&["list", "--state", "open", "--json"]).await);
    assert_eq!(listed["id"], made.commitment_id);
    keep(&server.app(), &made.commitment_id).await.unwrap();
    let summary = last_line(&run(&["summary", "--json"]).await);
    assert_eq!((&summary["team"], &summary["kept"], &summary["kept_rate"]), (&"north".into(), &1.into(), &1.0.into()));
    assert!(String::from_utf8(run(&["summary"]).await.stdout).unwrap().contains("100"));
}
