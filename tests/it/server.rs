//! What lies around the services: health, reflection, limits, request ids.

use rapport::{api::v1, clock::Clock};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::support::{Server, Test, on_both, reason, refused, sample::call};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        health_is_open_to_everybody,
        reflection_is_off_unless_configured,
        a_full_server_says_come_back_but_answers_for_its_health,
        a_call_has_an_id,
        two_spellings_of_an_id_are_one,
    ]
}

async fn health_is_open_to_everybody(server: Server) {
    for service in ["", "rapport.v1.DirectoryService", "rapport.v1.InteractionService", "rapport.v1.AuditService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = HealthClient::new(server.channel()).check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    let unknown = HealthCheckRequest { service: "nobody.v1.Nothing".to_owned() };
    assert_eq!(refused(HealthClient::new(server.channel()).check(unknown).await).code(), Code::NotFound);
}

async fn services_of(server: &Server) -> Result<Vec<String>, tonic::Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(server.channel());
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await?;
    let answer = answers.into_inner().message().await?.unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    Ok(list.service.into_iter().map(|service| service.name).collect())
}

async fn reflection_is_off_unless_configured(server: Server) {
    assert_eq!(refused(services_of(&server).await).code(), Code::Unimplemented);
    let open = Server::start_with(server.backend(), Clock::system(), |config| config.reflection = true).await.unwrap();
    let services = services_of(&open).await.unwrap();
    assert!(services.iter().any(|name| name == "rapport.v1.InteractionService"), "{services:?}");
}

async fn a_full_server_says_come_back_but_answers_for_its_health(server: Server) {
    let full =
        Server::start_with(server.backend(), Clock::system(), |config| config.limits.max_calls = 0).await.unwrap();
    let status = refused(full.app().get("0195b1c0-0000-7000-8000-000000000000").await);
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "OVERLOADED"));
    let health = HealthClient::new(full.channel()).check(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);
}

async fn a_call_has_an_id(server: Server) {
    let named = |id: &'static str| {
        let mut request = Request::new(v1::GetOrganizationRequest {});
        request.metadata_mut().insert("x-request-id", id.parse().unwrap());
        request
    };
    let id_of = async |request| {
        let answer = server.app().directory().get_organization(request).await.unwrap();
        answer.metadata().get("x-request-id").unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(id_of(named("order-17.retry_2")).await, "order-17.retry_2");
    // What could forge a line of the log is replaced.
    let replaced = id_of(named("x code=Ok method=forged")).await;
    assert!(replaced.len() == 32 && replaced.bytes().all(|byte| byte.is_ascii_hexdigit()), "{replaced}");
    assert_ne!(id_of(Request::new(v1::GetOrganizationRequest {})).await, replaced);
    // A refusal carries it too.
    let mut unnamed = Request::new(v1::GetInteractionRequest { interaction_id: "42".to_owned() });
    unnamed.metadata_mut().insert("x-request-id", "bad-1".parse().unwrap());
    let status = refused(server.app().interactions().get_interaction(unnamed).await);
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "bad-1");
}

async fn two_spellings_of_an_id_are_one(server: Server) {
    let server = server.with_organization().await;
    // "é" as one character, and as "e" with a combining accent.
    server.app().upsert_staff(crate::support::sample::staff("Ren\u{e9}", "north")).await.unwrap();
    let told = call("Rene\u{301}", "carla");
    let id = server.app().record(told).await.unwrap().interaction_id;
    assert_eq!(server.app().get(&id).await.unwrap().participants[0].staff_id, "Ren\u{e9}");
}
