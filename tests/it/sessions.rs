//! Signing in by a link, staying signed in, and being signed out.

use std::time::Duration;

use rapport::{
    api::v1::{
        self, EndSessionsRequest, ListAuditEventsRequest, ListSessionsRequest, RenewSessionRequest, Role, Session,
        SessionTokens, StartSessionRequest,
    },
    auth::Purpose,
    clock::Clock,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{
    Caller, Server, Test,
    client::{Bearer, request_id},
    on_both, reason, refused,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_link_signs_in_once,
        a_link_and_a_renewal_are_good_for_one_method,
        a_session_is_renewed_and_ends_by_itself,
        signing_out_is_felt_at_once,
        nobody_ends_the_sessions_of_another,
        an_inactive_colleague_has_no_session,
    ]
}

const MINUTE: i64 = 60_000_000;

fn with(server: &Server, token: &str) -> Caller {
    Caller::new(server.channel(), Bearer::of(token))
}

fn link(server: &Server, role: Role, subject: &str, teams: &[&str]) -> String {
    let teams: Vec<_> = teams.iter().map(|team| (*team).to_owned()).collect();
    let purpose = Purpose::Link(Uuid::new_v4());
    server.authenticator().sign_for(purpose, (role, subject, &teams), Duration::from_secs(600)).unwrap()
}

async fn start(server: &Server, link: &str) -> Result<(Session, SessionTokens), Status> {
    let answer = with(server, link).sessions().start_session(StartSessionRequest {}).await?.into_inner();
    Ok((answer.session.unwrap(), answer.tokens.unwrap()))
}

async fn renew(server: &Server, renewal: &str) -> Result<SessionTokens, Status> {
    let answer = with(server, renewal).sessions().renew_session(RenewSessionRequest {}).await?.into_inner();
    assert!(answer.session.unwrap().current);
    Ok(answer.tokens.unwrap())
}

/// Whether a token still opens an ordinary method.
async fn calls(server: &Server, token: &str) -> Result<(), Status> {
    with(server, token).directory().list_teams(v1::ListTeamsRequest::default()).await.map(|_| ())
}

fn is(status: &Status, code: Code, expected: &str) {
    assert_eq!((status.code(), reason(status).as_str()), (code, expected));
}

async fn a_link_signs_in_once(server: Server) {
    let server = server.with_organization().await;
    let link = link(&server, Role::Supervisor, "petra", &["north"]);
    let (session, tokens) = start(&server, &link).await.unwrap();
    assert_eq!((session.subject.as_str(), session.role()), ("petra", Role::Supervisor));
    assert!(session.current);
    calls(&server, &tokens.token).await.unwrap();
    // The teams of the link are those of the session.
    let principal = server.authenticator().verify(&tokens.token).unwrap();
    assert_eq!(principal.teams, ["north"]);
    is(&refused(start(&server, &link).await), Code::FailedPrecondition, "LINK_USED");
    // Of many that come at once, one is first.
    let again = self::link(&server, Role::Staff, "nora", &[]);
    let all = futures::future::join_all((0..8).map(|_| start(&server, &again))).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
    let request = ListAuditEventsRequest { action: v1::AuditAction::SessionStarted.into(), ..Default::default() };
    let found = server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events;
    let found: Vec<_> = found.iter().map(|one| (one.actor.as_str(), one.actor_role())).collect();
    assert_eq!(found, [("nora", Role::Staff), ("petra", Role::Supervisor)]);
}

async fn a_link_and_a_renewal_are_good_for_one_method(server: Server) {
    let server = server.with_organization().await;
    let link = link(&server, Role::Admin, "ada", &[]);
    is(&refused(calls(&server, &link).await), Code::Unauthenticated, "TOKEN_REJECTED");
    is(&refused(renew(&server, &link).await), Code::Unauthenticated, "TOKEN_REJECTED");
    let (_, tokens) = start(&server, &link).await.unwrap();
    is(&refused(calls(&server, &tokens.renewal_token).await), Code::Unauthenticated, "TOKEN_REJECTED");
    is(&refused(start(&server, &tokens.renewal_token).await), Code::Unauthenticated, "TOKEN_REJECTED");
    for token in [&tokens.token, &server.token(Role::Admin, "ada", &[])] {
        is(&refused(start(&server, token).await), Code::FailedPrecondition, "SESSION_TOKEN_UNFIT");
        is(&refused(renew(&server, token).await), Code::FailedPrecondition, "SESSION_TOKEN_UNFIT");
    }
    // Those for whom there is no page have no session either.
    for role in [Role::App, Role::Customer] {
        let link = self::link(&server, role, "carla", &[]);
        is(&refused(start(&server, &link).await), Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
}

async fn a_session_is_renewed_and_ends_by_itself(server: Server) {
    let clock = Clock::fixed(Clock::system().now_micros());
    let server = Server::start_with(server.backend(), clock.clone(), |config| {
        config.auth.session_lifetime = Duration::from_secs(3_600);
    })
    .await
    .unwrap();
    // PostgreSQL has a clock of its own, which has gone on since.
    let began = Clock::system().now_micros();
    clock.set(began);
    let (_, first) = start(&server, &link(&server, Role::Admin, "ada", &[])).await.unwrap();
    clock.set(began + 6 * MINUTE);
    is(&refused(calls(&server, &first.token).await), Code::Unauthenticated, "TOKEN_REJECTED");
    let second = renew(&server, &first.renewal_token).await.unwrap();
    calls(&server, &second.token).await.unwrap();
    // However often it is renewed, an hour after it began nothing of it is good.
    clock.set(began + 58 * MINUTE);
    let third = renew(&server, &second.renewal_token).await.unwrap();
    calls(&server, &third.token).await.unwrap();
    clock.set(began + 60 * MINUTE + 3_000_000);
    for token in [&third.token, &third.renewal_token] {
        assert!(server.authenticator().verify(token).is_ok(), "within the leeway of clocks");
    }
    is(&refused(calls(&server, &third.token).await), Code::Unauthenticated, "SESSION_OVER");
    is(&refused(renew(&server, &third.renewal_token).await), Code::Unauthenticated, "SESSION_OVER");
}

async fn signing_out_is_felt_at_once(server: Server) {
    let server = server.with_organization().await;
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(start(&server, &link(&server, Role::Staff, "nora", &[])).await.unwrap());
    }
    let first = with(&server, &pages[0].1.token);
    let listed = first.sessions().list_sessions(ListSessionsRequest {}).await.unwrap().into_inner().sessions;
    let listed: Vec<_> = listed.iter().map(|one| (one.session_id.as_str(), one.current)).collect();
    assert_eq!(listed.len(), 3);
    assert!(listed.contains(&(pages[0].0.session_id.as_str(), true)));
    assert!(listed.contains(&(pages[1].0.session_id.as_str(), false)));

    let mut watch = with(&server, &pages[1].1.token)
        .follow_ups()
        .watch_follow_ups(v1::WatchFollowUpsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(watch.message().await.unwrap().is_some());
    let request = EndSessionsRequest { request_id: request_id(), session_id: pages[1].0.session_id.clone() };
    assert_eq!(first.sessions().end_sessions(request).await.unwrap().into_inner().ended_count, 1);
    is(&refused(calls(&server, &pages[1].1.token).await), Code::Unauthenticated, "SESSION_OVER");
    is(&refused(renew(&server, &pages[1].1.renewal_token).await), Code::Unauthenticated, "SESSION_OVER");
    calls(&server, &pages[2].1.token).await.unwrap();

    // Everywhere, whatever the token: that of a terminal does as well.
    let terminal = server.staff("nora");
    let request = EndSessionsRequest { request_id: request_id(), session_id: String::new() };
    assert_eq!(terminal.sessions().end_sessions(request.clone()).await.unwrap().into_inner().ended_count, 2);
    // Sent again, it is the same answer.
    assert_eq!(terminal.sessions().end_sessions(request).await.unwrap().into_inner().ended_count, 2);
    for (_, tokens) in &pages {
        is(&refused(calls(&server, &tokens.token).await), Code::Unauthenticated, "SESSION_OVER");
    }
}

async fn nobody_ends_the_sessions_of_another(server: Server) {
    let server = server.with_organization().await;
    let (session, tokens) = start(&server, &link(&server, Role::Staff, "nora", &[])).await.unwrap();
    for other in [server.admin(), server.staff("nils"), server.supervisor("petra", &["north"])] {
        let one = EndSessionsRequest { request_id: request_id(), session_id: session.session_id.clone() };
        assert_eq!(other.sessions().end_sessions(one).await.unwrap().into_inner().ended_count, 0);
        let all = EndSessionsRequest { request_id: request_id(), session_id: String::new() };
        assert_eq!(other.sessions().end_sessions(all).await.unwrap().into_inner().ended_count, 0);
        let listed = other.sessions().list_sessions(ListSessionsRequest {}).await.unwrap().into_inner();
        assert_eq!(listed.sessions, []);
    }
    calls(&server, &tokens.token).await.unwrap();
}

async fn an_inactive_colleague_has_no_session(server: Server) {
    let server = server.with_organization().await;
    let unused = link(&server, Role::Staff, "nora", &[]);
    let (_, tokens) = start(&server, &link(&server, Role::Staff, "nora", &[])).await.unwrap();
    let member =
        v1::StaffMember { state: v1::StaffState::Inactive.into(), ..crate::support::sample::staff("nora", "north") };
    let request =
        v1::UpsertStaffMemberRequest { request_id: request_id(), staff_member: Some(member), ..Default::default() };
    server.app().directory().upsert_staff_member(request).await.unwrap();
    for refusal in [
        refused(start(&server, &unused).await),
        refused(calls(&server, &tokens.token).await),
        refused(renew(&server, &tokens.renewal_token).await),
    ] {
        is(&refusal, Code::PermissionDenied, "CALLER_INACTIVE");
    }
}
