//! How the server does, for those who run it.

use rapport::api::v1::{self, GetServerStatusRequest, GetServerStatusResponse};

use crate::support::{Server, Test, on_both, refused, sample::call};

pub(crate) fn tests() -> Vec<Test> {
    on_both![it_counts_what_was_answered, it_says_nothing_of_methods]
}

async fn status(server: &Server) -> GetServerStatusResponse {
    server.admin().operations().get_server_status(GetServerStatusRequest {}).await.unwrap().into_inner()
}

fn answered(status: &GetServerStatusResponse, code: &str) -> i64 {
    status.calls.iter().find(|one| one.code == code).map_or(0, |one| one.count)
}

fn total(histogram: Option<&v1::Histogram>) -> i64 {
    let histogram = histogram.unwrap();
    assert_eq!(histogram.counts.len(), histogram.bounds.len() + 1);
    assert!(histogram.bounds.is_sorted());
    histogram.counts.iter().sum()
}

async fn it_counts_what_was_answered(server: Server) {
    let server = server.with_organization().await;
    let before = status(&server).await;
    for _ in 0..3 {
        crate::surveys::record(&server, call("nora", "carla")).await;
    }
    refused(server.staff("nora").operations().get_server_status(GetServerStatusRequest {}).await);
    let after = status(&server).await;
    assert_eq!(after.server_id, before.server_id);
    assert_eq!(answered(&after, "OK") - answered(&before, "OK"), 4, "three records, and the answer before");
    assert_eq!(answered(&after, "PERMISSION_DENIED") - answered(&before, "PERMISSION_DENIED"), 1);
    assert_eq!(total(after.call_seconds.as_ref()) - total(before.call_seconds.as_ref()), 5);
    assert_eq!(total(after.write_group_sizes.as_ref()) - total(before.write_group_sizes.as_ref()), 3);
    assert_eq!(after.calls_in_flight, 1, "the answer itself");
    assert!(after.open_connections >= 1 && after.open_streams == 0);
    let pools: Vec<_> = after.pools.iter().map(|pool| pool.name.as_str()).collect();
    match after.database.as_str() {
        "sqlite" => assert_eq!(pools, ["write", "read", "heavy"]),
        "postgresql" => assert_eq!(pools, ["all", "heavy"]),
        other => panic!("{other}"),
    }
    assert!(after.read_time.unwrap().seconds >= after.start_time.unwrap().seconds);
}

/// The accused, if they are an administrator, must not see that somebody opened a follow-up.
async fn it_says_nothing_of_methods(server: Server) {
    let text = format!("{:?}", status(&server).await);
    for name in ["Service", "FollowUp", "Ballot"] {
        assert!(!text.contains(name), "{text}");
    }
}
