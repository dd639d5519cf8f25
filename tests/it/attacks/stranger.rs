//! Somebody on the network who has no token and wants the service gone for everybody else.

use std::{num::NonZeroU32, time::Duration};

use rapport::{api::v1, clock::Clock, config::Config};
use tokio::time::timeout;
use tonic::{Code, Response, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{
    Caller, Server, Test,
    client::Bearer,
    on_both,
    refusal::{may_be_retried, verdict},
    refused,
    wire::Wire,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        watches_of_health_take_no_other_s_place,
        a_body_that_never_comes_holds_no_place,
        bad_tokens_are_counted_by_address,
    ]
}

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const CUSTOMER: &str = "/rapport.v1.DirectoryService/GetCustomer";
/// Longer than anything takes that should happen at once.
const SOON: Duration = Duration::from_secs(10);

async fn configured(server: &Server, change: impl FnOnce(&mut Config)) -> Server {
    Server::start_with(server.backend(), Clock::system(), change).await.unwrap()
}

async fn organization(caller: &Caller) -> Result<(), Status> {
    caller.directory().get_organization(v1::GetOrganizationRequest {}).await.map(drop)
}

async fn healthy(server: &Server) -> Result<(), Status> {
    let check = HealthClient::new(server.channel()).check(HealthCheckRequest::default()).await;
    check.map(Response::into_inner).map(drop)
}

async fn watches_of_health_take_no_other_s_place(server: Server) {
    let server = server.with_organization().await;
    let mut wires = Vec::new();
    let mut open = Vec::new();
    // As many as there are places for streams, and some.
    for _ in 0..11 {
        let mut wire = Wire::connect(server.address()).await;
        for _ in 0..99 {
            open.push(wire.send(WATCH, &[], &HealthCheckRequest::default()).await);
        }
        wires.push(wire);
    }
    let mut watched = 0;
    for sent in open {
        let (status, body) = timeout(SOON, sent.head()).await.unwrap();
        match status {
            None => {
                watched += 1;
                std::mem::forget(body);
            }
            Some(status) => assert_eq!(verdict(&status), (Code::ResourceExhausted, "TOO_MANY_STREAMS".to_owned())),
        }
    }
    assert_eq!(watched, 4);
    let request = v1::WatchInteractionsRequest { customer_id: "carla".to_owned(), ..Default::default() };
    let mut watch = server.app().interactions().watch_interactions(request).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
    healthy(&server).await.unwrap();
    organization(&server.app()).await.unwrap();
}

async fn a_body_that_never_comes_holds_no_place(server: Server) {
    let server = configured(&server, |config| config.limits.max_calls = 4).await.with_organization().await;
    let mut wire = Wire::connect(server.address()).await;
    let bearer = format!("Bearer {}", server.token(v1::Role::Staff, "nora", &[]));
    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(wire.begin(CHECK, &[]).await);
        waiting.push(wire.begin(CUSTOMER, &[("authorization", &bearer)]).await);
        // A caller without a token is told so without a body.
        let stranger = wire.begin(CUSTOMER, &[]).await;
        let (status, _) = timeout(SOON, stranger.head()).await.unwrap();
        assert_eq!(status.unwrap().code(), Code::Unauthenticated);
    }
    for _ in 0..8 {
        organization(&server.app()).await.unwrap();
        organization(&server.staff("nils")).await.unwrap();
        healthy(&server).await.unwrap();
    }
    // They are not waited for either.
    let (status, _) = timeout(SOON, waiting.swap_remove(0).head()).await.unwrap();
    assert_eq!(verdict(&status.unwrap()), (Code::DeadlineExceeded, "TIMED_OUT".to_owned()));
}

async fn bad_tokens_are_counted_by_address(server: Server) {
    let server = configured(&server, |config| config.limits.bad_tokens_per_second = NonZeroU32::new(3).unwrap()).await;
    let known = server.app();
    organization(&known).await.unwrap();
    let bad = Caller::new(server.channel(), Bearer::of("a.b.c"));
    let mut codes = Vec::new();
    for _ in 0..12 {
        let status = refused(organization(&bad).await);
        assert!(status.code() == Code::Unauthenticated || may_be_retried(&status), "{status:?}");
        codes.push(status.code());
    }
    assert_eq!(codes[..3], [Code::Unauthenticated; 3]);
    assert!(codes[3..].contains(&Code::ResourceExhausted), "{codes:?}");
    // Callers who are known already do not pay for it.
    organization(&known).await.unwrap();
    let new = async {
        while organization(&server.admin()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, new).await.unwrap();
}
