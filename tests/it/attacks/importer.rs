//! An application, or an operator with an old file, who tells again what was known before the customer said no.

use rapport::api::v1::{
    Consent, ContactKind, ContactPoint, Customer, UpsertCustomerRequest, UpsertCustomerResponse, UpsertMode,
    UpsertOutcome,
};

use serde_json::json;

use crate::{
    cli::{MAPPING, counts, rapport, write},
    privacy::{NUMBER, consent, reachable, set},
    support::{Caller, Server, Test, client::request_id, on_both, private_directory, sample::customer},
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        an_old_file_does_not_revive_a_consent,
        a_file_with_fewer_columns_takes_nothing_away,
        a_newer_consent_that_says_when_is_heard,
        a_stray_quotation_mark_takes_its_own_row_only,
    ]
}

async fn upsert(caller: &Caller, customer: Customer, mode: UpsertMode) -> UpsertCustomerResponse {
    let request = UpsertCustomerRequest {
        request_id: request_id(),
        customer: Some(customer),
        mode: mode.into(),
        ..Default::default()
    };
    caller.directory().upsert_customer(request).await.unwrap().into_inner()
}

fn phone_of(customer: &Customer) -> &ContactPoint {
    customer.contact_points.iter().find(|point| point.kind() == ContactKind::Phone).unwrap()
}

async fn an_old_file_does_not_revive_a_consent(server: Server) {
    let app = server.app();
    let file = reachable("quinn");
    upsert(&app, file.clone(), UpsertMode::Unspecified).await;
    set(&app, consent("quinn", Consent::Withdrawn)).await.unwrap();
    for mode in [UpsertMode::Unspecified, UpsertMode::Merge, UpsertMode::Replace] {
        let answer = upsert(&app, file.clone(), mode).await.customer.unwrap();
        assert_eq!(phone_of(&answer).consent(), Consent::Withdrawn, "{mode:?}");
    }
    // Taking the contact point away and telling it again is no way round.
    upsert(&app, customer("quinn"), UpsertMode::Replace).await;
    let answer = upsert(&app, file, UpsertMode::Replace).await.customer.unwrap();
    assert_eq!(phone_of(&answer).consent(), Consent::Withdrawn);
}

async fn a_file_with_fewer_columns_takes_nothing_away(server: Server) {
    let app = server.app();
    let full = Customer { locale: "zh-CN".to_owned(), time_zone: "Asia/Shanghai".to_owned(), ..reachable("quinn") };
    let before = upsert(&app, full, UpsertMode::Unspecified).await.customer.unwrap();
    let bare = Customer { customer_id: "quinn".to_owned(), ..Default::default() };
    let again = upsert(&app, bare.clone(), UpsertMode::Unspecified).await;
    assert_eq!((again.outcome(), again.customer), (UpsertOutcome::Left, Some(before.clone())));
    let salutation = "王女士".to_owned();
    let named = upsert(&app, Customer { salutation: salutation.clone(), ..bare.clone() }, UpsertMode::Merge).await;
    assert_eq!(named.outcome(), UpsertOutcome::Merged);
    let named = named.customer.unwrap();
    assert_eq!(Customer { etag: String::new(), ..named }, Customer { etag: String::new(), salutation, ..before });
    // Asked for by name it does.
    let replaced = upsert(&app, bare, UpsertMode::Replace).await.customer.unwrap();
    assert!(replaced.salutation.is_empty() && replaced.aliases.is_empty() && replaced.contact_points.is_empty());
}

async fn a_newer_consent_that_says_when_is_heard(server: Server) {
    let app = server.app();
    upsert(&app, reachable("quinn"), UpsertMode::Unspecified).await;
    let withdrawn = set(&app, consent("quinn", Consent::Withdrawn)).await.unwrap();
    let no = withdrawn.consent_time.unwrap();
    let told = |seconds: i64| {
        let point = ContactPoint {
            kind: ContactKind::Phone.into(),
            value: NUMBER.to_owned(),
            source: "in the shop".to_owned(),
            consent: Consent::Granted.into(),
            consent_time: Some(prost_types::Timestamp { seconds: no.seconds + seconds, ..no }),
            ..Default::default()
        };
        Customer { customer_id: "quinn".to_owned(), contact_points: vec![point], ..Default::default() }
    };
    let older = upsert(&app, told(-1), UpsertMode::Merge).await.customer.unwrap();
    assert_eq!(phone_of(&older).consent(), Consent::Withdrawn);
    let newer = upsert(&app, told(1), UpsertMode::Merge).await.customer.unwrap();
    assert_eq!((phone_of(&newer).consent(), phone_of(&newer).source.as_str()), (Consent::Granted, "in the shop"));
}

async fn a_stray_quotation_mark_takes_its_own_row_only(server: Server) {
    let directory = private_directory();
    let customer = |row: usize| match row {
        10 => "\"王女士".to_owned(),
        40 => "6\" pipe".to_owned(),
        60 => "\"王\"女士".to_owned(),
        _ => format!("\"c,{row}\""),
    };
    let row = |row: usize| format!("{row},call,03/03/2025 09:00,03/03/2025 09:02,{}\n", customer(row));
    let rows: String = (1..=100).map(row).collect();
    let file = write(directory.path(), "rows.csv", &format!("id,how,asked,answered,customer\n{rows}"));
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    let rejects = directory.path().join("rejects.csv").display().to_string();
    let endpoint = server.endpoint();
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let told = counts(&rapport(&server, &[&import[..], &["--rejects", &rejects]].concat()).await);
    assert_eq!(
        told,
        json!({"read": 100, "accepted": 97, "already_present": 0, "completed": 0, "skipped": 0, "rejected": 3})
    );
    let kept = std::fs::read_to_string(&rejects).unwrap();
    let lines: Vec<&str> = kept.lines().skip(1).map(|line| line.split_once(',').unwrap().0).collect();
    assert_eq!(lines, ["11", "41", "61"], "{kept}");
}
