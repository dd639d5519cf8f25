//! What is left of an erased customer where nobody thinks of him: in the log and the metrics, in closed competitions, in files
//! that are imported again; and that a long history is no hindrance.

use std::fs;

use futures::future::join_all;
use rapport::api::v1::{self, Customer, EraseVoterRequest, GetPreferencesRequest, Interaction, PreferenceDimension};
use tonic::{Code, Request, Response, Status};

use crate::{
    cli::serve,
    privacy::{HE, MARK, NUMBER, consent, erase, export, known_well, reachable, said, set},
    support::{
        Caller, Server, Test,
        client::{Bearer, request_id},
        competition::{Vote, dealt, enrol},
        http, on_both, raw, reason, refused,
        sample::{customer, phone},
    },
    surveys::{awake, ended},
    voting::invite,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![nothing_of_his_is_in_log_or_metrics]
}

async fn stated(caller: &Caller, customer_id: &str, dimension: PreferenceDimension) -> Result<(), Status> {
    let statement = v1::StatePreferenceRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        dimension: dimension.into(),
        value: said("value"),
        source: said("source"),
        note: said("note"),
    };
    caller.preferences().state_preference(statement).await.map(drop)
}

async fn preferences(caller: &Caller, customer_id: &str) -> Result<v1::GetPreferencesResponse, Status> {
    let request = GetPreferencesRequest { customer_id: customer_id.to_owned(), dimensions: vec![] };
    caller.preferences().get_preferences(request).await.map(Response::into_inner)
}

/// Calls that are refused, with his words where they go wrong.
async fn mistaken(server: &Server) {
    let app = server.app();
    for wrong in [
        Customer { time_zone: said("zone"), ..reachable(HE) },
        Customer { salutation: said(&"long ".repeat(1_000)), ..reachable(HE) },
        Customer { salutation: said("\0"), ..reachable(HE) },
        Customer { aliases: vec![phone(NUMBER)], ..customer("quetzal-2") },
    ] {
        refused(app.upsert_customer(wrong).await);
    }
    for wrong in [
        ended("quetzal-2", 60),
        Interaction { conclusion: said("\u{7}"), ..ended(HE, 60) },
        Interaction { case_id: said(&"long ".repeat(100)), ..ended(HE, 60) },
    ] {
        refused(app.record(wrong).await);
    }
    refused(app.get(&said("id")).await);
    refused(stated(&app, HE, PreferenceDimension::Language).await);
    refused(preferences(&server.customer("carla"), HE).await);
    refused(preferences(&app, "quetzal-2").await);
    refused(set(&app, v1::SetConsentRequest { value: said("number"), ..consent(HE, v1::Consent::Granted) }).await);
    let forged = v1::ListCustomersRequest { page_token: said("token"), ..Default::default() };
    refused(app.directory().list_customers(forged).await);
    let page = v1::SubmitSurveyRequest {
        request_id: said("request"),
        survey_token: said("token"),
        score: 1,
        comment: said("comment"),
        ..Default::default()
    };
    refused(app.surveys().submit_survey(page).await);
    // Two who write the same at once get in each other's way.
    let at_once = (0..8).map(|_| async { app.upsert_customer(reachable(HE)).await });
    join_all(at_once).await;

    for bearer in [Bearer::of(HE), Bearer::headers([format!("Basic {HE}").parse().unwrap()])] {
        let stranger = Caller::new(server.channel(), bearer);
        assert_eq!(refused(preferences(&stranger, HE).await).code(), Code::Unauthenticated);
    }
    let mut named = Request::new(GetPreferencesRequest { customer_id: HE.to_owned(), ..Default::default() });
    named.metadata_mut().insert("x-request-id", said("call").parse().unwrap());
    named.metadata_mut().insert("x-customer", said("header").parse().unwrap());
    app.preferences().get_preferences(named).await.unwrap();
    refused(raw::unary(&app, "/rapport.v1.DirectoryService/quetzal", MARK.into()).await);
    // A customer whose id is no text.
    let mut broken = vec![0x12, 0x0b, 0x0a, 0x09, 0xff];
    broken.extend(HE.as_bytes());
    refused(raw::unary(&app, "/rapport.v1.DirectoryService/UpsertCustomer", broken).await);
}

async fn nothing_of_his_is_in_log_or_metrics(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("rapport.toml");
    fs::write(&config, "operations.listen = '127.0.0.1:0'\nlog.filter = 'debug'\n").unwrap();
    let mut served = serve(&server, server.data_dir(), &["--config", config.to_str().unwrap()]);
    let operations = served.told("readiness address=").parse().unwrap();
    let server = awake(server.calling(&served.address)).await;

    known_well(&server).await;
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let token = invite(&server, &vote, &[HE]).await.remove(0);
    vote.open(&server).await.unwrap();
    vote.ballot_of(&server.app(), &token).await.unwrap();
    mistaken(&server).await;
    export(&server.admin(), HE).await.unwrap();

    erase(&server.admin(), HE).await.unwrap();
    for caller in [server.app(), server.customer(HE)] {
        refused(preferences(&caller, HE).await);
    }
    assert_eq!(reason(&refused(server.app().upsert_customer(reachable(HE)).await)), "CUSTOMER_ERASED");
    server.app().record(ended(HE, 60)).await.unwrap();
    let whom = EraseVoterRequest { request_id: request_id(), voter_id: HE.to_owned() };
    server.admin().competitions().erase_voter(whom).await.unwrap();
    // Faults of the server's own are logged with their cause.
    server.execute("DROP TABLE preference_statement").await;
    server.app().upsert_customer(customer("quetzal-3")).await.unwrap();
    let fault = refused(stated(&server.app(), "quetzal-3", PreferenceDimension::Salutation).await);
    assert_eq!(fault.code(), Code::Internal);

    http::request(served.address.parse().unwrap(), "POST", "/quetzal?quetzal", &[("user-agent", HE)], HE.as_bytes())
        .await;
    http::request(operations, "GET", "/quetzal?quetzal", &[("user-agent", HE)], b"").await;
    let figures = http::request(operations, "GET", "/metrics", &[], b"").await.body;
    let figures = String::from_utf8(figures).unwrap();
    let (status, log) = served.stop();
    assert!(status.success(), "{log}");
    for (what, text) in [("metrics", &figures), ("log", &log)] {
        let his: Vec<_> = text.lines().filter(|line| line.to_lowercase().contains(MARK)).collect();
        assert_eq!(his, [""; 0], "in the {what}");
    }
    assert!(figures.contains("PreferenceService/EraseCustomer\",code=\"OK\"} 1"), "{figures}");
    for told in ["PreferenceService/EraseCustomer", "internal error", "token refused", "DEBUG"] {
        assert!(log.contains(told), "{told}");
    }
    assert!(!log.contains(&token) && !log.contains("were lost"));
}
