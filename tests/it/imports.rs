//! Files that come with a call: what their columns mean, and what their rows become.

use rapport::api::v1::{
    self, ImportKind, ImportRow, ReadFileRequest, ReadFileResponse, SuggestMappingRequest, record_item_result,
    submit_rating_result,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    shipped::{SAMPLES, sample_of},
    support::{Server, Test, client::request_id, on, on_both, reason, refused},
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![what_is_read_goes_in_as_the_program_sends_it];
    // What is read does not depend on the database.
    tests.extend(on!(&[crate::support::Backend::Sqlite];
        a_suggestion_reads_the_file_it_was_made_for,
        rows_that_are_not_taken_say_why,
        pages_add_up_to_the_file,
        a_file_that_cannot_be_read_is_refused,
        a_long_file_is_refused,
        every_mistake_of_a_mapping_is_told,
        a_name_leads_nowhere
    ));
    tests
}

pub(crate) const CALLS: &str = "call_id,caller,agent,started,ended,result\n\
    1,+4915112345678,nora,2026-03-02T09:00:00Z,2026-03-02T09:04:00Z,answered\n\
    2,+4915112345679,nils,2026-03-02T10:00:00Z,2026-03-02T10:01:00Z,answered\n\
    3,+4915112345680,nora,2026-03-02T11:00:00Z,soon,answered\n";

const MAPPING: &str = r#"
source = "desk"
key = "call_id"

[unknown]
staff = "create"

[interaction]
channel = { constant = "inbound_call" }
outcome = { column = "result" }

[interaction.customer_alias]
kind = { constant = "phone" }
value = { column = "caller" }

[interaction.requested_time]
from = { column = "started" }

[interaction.connected_time]
from = { column = "started" }

[interaction.ended_time]
from = { column = "ended" }

[[interaction.participants]]
staff_id = { column = "agent" }
role = { constant = "agent" }
"#;

pub(crate) fn read_calls() -> ReadFileRequest {
    ReadFileRequest {
        file_name: "calls.csv".to_owned(),
        content: CALLS.into(),
        kind: ImportKind::Interactions.into(),
        mapping: MAPPING.to_owned(),
        ..Default::default()
    }
}

async fn read(server: &Server, request: ReadFileRequest) -> ReadFileResponse {
    server.admin().imports().read_file(request).await.unwrap().into_inner()
}

/// Fields and the rules that they break.
fn violations(status: &Status) -> Vec<(String, String)> {
    let told = status.get_details_bad_request().map(|told| told.field_violations).unwrap_or_default();
    told.into_iter().map(|one| (one.field, one.description)).collect()
}

/// Sends what was read, as the page does.
async fn send(server: &Server, answer: ReadFileResponse) -> usize {
    let admin = server.admin();
    let (mut directory, mode) = (admin.directory(), v1::UpsertMode::CreateOnly.into());
    let ReadFileResponse { teams, staff_members, customers, template, rows, .. } = answer;
    if !teams.is_empty() {
        let request = v1::BatchUpsertTeamsRequest { request_id: request_id(), teams, mode };
        directory.batch_upsert_teams(request).await.unwrap();
    }
    if !staff_members.is_empty() {
        let request = v1::BatchUpsertStaffMembersRequest { request_id: request_id(), staff_members, mode };
        directory.batch_upsert_staff_members(request).await.unwrap();
    }
    if !customers.is_empty() {
        let request = v1::BatchUpsertCustomersRequest { request_id: request_id(), customers, mode };
        directory.batch_upsert_customers(request).await.unwrap();
    }
    if let Some(template) = template {
        let template_id = template.template_id.clone();
        let create = v1::CreateTemplateRequest { request_id: request_id(), template: Some(template) };
        if admin.surveys().create_template(create).await.is_ok() {
            let publish =
                v1::PublishTemplateRequest { request_id: request_id(), template_id, version: 1, ..Default::default() };
            admin.surveys().publish_template(publish).await.unwrap();
        }
    }
    let taken: Vec<ImportRow> = rows.into_iter().filter(|row| row.interaction.is_some()).collect();
    if taken.is_empty() {
        return 0;
    }
    let requests = taken.iter().filter_map(|row| row.interaction.clone()).collect();
    let batch = v1::BatchRecordInteractionsRequest { requests };
    let results = admin.interactions().batch_record_interactions(batch).await.unwrap().into_inner().results;
    let ids = results.into_iter().map(|result| match result.result {
        Some(record_item_result::Result::Recorded(recorded)) => recorded.interaction_id,
        other => panic!("{other:?}"),
    });
    let rated = taken.iter().zip(ids).filter_map(|(row, interaction_id)| {
        let mut rating = row.rating.clone()?;
        rating.rating.as_mut()?.interaction_id = interaction_id;
        Some(rating)
    });
    let requests: Vec<_> = rated.collect();
    if !requests.is_empty() {
        let batch = v1::BatchSubmitRatingsRequest { requests };
        let results = admin.ratings().batch_submit_ratings(batch).await.unwrap().into_inner().results;
        let submitted =
            |one: &v1::SubmitRatingResult| matches!(one.result, Some(submit_rating_result::Result::Submitted(_)));
        assert!(results.iter().all(submitted), "{results:?}");
    }
    taken.len()
}

async fn what_is_read_goes_in_as_the_program_sends_it(server: Server) {
    for (name, kind, [rows, accepted, skipped]) in SAMPLES {
        let path = sample_of(name);
        let request = ReadFileRequest {
            file_name: path.rsplit('/').next().unwrap().to_owned(),
            content: std::fs::read(&path).unwrap(),
            kind: if *kind == "ratings" { ImportKind::Ratings } else { ImportKind::Interactions }.into(),
            mapping: (*name).to_owned(),
            ..Default::default()
        };
        let answer = read(&server, request).await;
        let counts = [answer.row_count, answer.sent_count, answer.skipped_count, answer.rejected_count];
        let expected = [*rows, *accepted, *skipped, 0].map(|count| i64::try_from(count).unwrap());
        assert_eq!(counts, expected, "{name}");
        assert_eq!(send(&server, answer).await as u64, *accepted, "{name}");
    }
    assert_eq!(server.number("SELECT count(*) FROM rating").await, 8);
}

async fn a_suggestion_reads_the_file_it_was_made_for(server: Server) {
    let request =
        SuggestMappingRequest { file_name: "calls.csv".to_owned(), content: CALLS.into(), ..Default::default() };
    let suggested = server.admin().imports().suggest_mapping(request).await.unwrap().into_inner();
    assert_eq!(suggested.kind(), ImportKind::Interactions);
    let columns: Vec<_> = suggested.columns.iter().map(|column| column.column.as_str()).collect();
    assert_eq!(columns, ["call_id", "caller", "agent", "started", "ended", "result"]);
    assert!(suggested.columns[1].used && suggested.columns[1].examples[0].starts_with("+49"), "{suggested:?}");
    let answer = read(&server, ReadFileRequest { mapping: suggested.mapping, ..read_calls() }).await;
    assert_eq!((answer.row_count, answer.sent_count, answer.rejected_count), (3, 2, 1), "{answer:?}");
}

async fn rows_that_are_not_taken_say_why(server: Server) {
    let answer = read(&server, read_calls()).await;
    assert_eq!((answer.sent_count, answer.rejected_count), (2, 1));
    let [first, _, last] = &answer.rows[..] else { panic!("{answer:?}") };
    assert_eq!((first.line, first.cells[1].as_str()), (2, "+4915112345678"));
    assert_eq!((last.line, last.cells[4].as_str(), last.interaction.is_none()), (4, "soon", true));
    assert!(last.reasons.iter().any(|reason| reason.contains("\"ended\"")), "{:?}", last.reasons);
    let staff: Vec<_> = answer.staff_members.iter().map(|one| one.staff_id.as_str()).collect();
    assert_eq!(staff, ["nora", "nils"], "each once, and whom a row that is not taken names is not created for it");
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 0);
    assert_eq!(server.number("SELECT count(*) FROM staff_member").await, 0);

    let gb18030 = b"call_id,caller,agent,started,ended,result\n1,,\xd5\xc5\xc3\xf4,2026-03-02T09:00:00Z,2026-03-02T09:04:00Z,answered\n";
    let answer = read(&server, ReadFileRequest { content: gb18030.to_vec(), ..read_calls() }).await;
    assert_eq!(answer.rows[0].cells[2], "张敏");
    assert!(answer.notes.iter().any(|note| note.to_lowercase().contains("gb")), "{:?}", answer.notes);
}

async fn pages_add_up_to_the_file(server: Server) {
    let whole = read(&server, read_calls()).await;
    let mut rows = Vec::new();
    for skip_rows in 0..3 {
        let page = read(&server, ReadFileRequest { skip_rows, page_size: 1, ..read_calls() }).await;
        assert_eq!((page.row_count, page.sent_count, page.rejected_count), (3, 2, 1));
        rows.extend(page.rows);
    }
    assert_eq!(rows, whole.rows);
    let behind = read(&server, ReadFileRequest { skip_rows: 3, ..read_calls() }).await;
    assert!(behind.rows.is_empty() && behind.staff_members.is_empty());
    // A row that has the key of an earlier one is judged by it on whatever page it stands.
    let twice = format!("{CALLS}1,+49151999,nora,2026-03-02T09:00:00Z,2026-03-02T09:05:00Z,answered\n");
    let last = ReadFileRequest { content: twice.into_bytes(), skip_rows: 3, ..read_calls() };
    let last = read(&server, last).await;
    assert!(last.rows[0].reasons[0].contains("has the key of line 2"), "{last:?}");
}

async fn a_file_that_cannot_be_read_is_refused(server: Server) {
    let files: [&[u8]; 5] =
        [b"%PDF-1.7\n", b"\n\n", b"<html><body></body></html>", b"PK\x03\x04damaged", b"\x1f\x8bdamaged"];
    for content in files {
        let request = ReadFileRequest { content: content.to_vec(), ..read_calls() };
        let status = refused(server.admin().imports().read_file(request).await);
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(violations(&status)[0].0, "content", "{status:?}");
        let request = SuggestMappingRequest { file_name: "x".to_owned(), content: content.to_vec(), kind: 0 };
        let status = refused(server.admin().imports().suggest_mapping(request).await);
        assert_eq!(violations(&status)[0].0, "content", "{status:?}");
    }
}

async fn a_long_file_is_refused(server: Server) {
    let mut content = String::from("call_id,caller,agent,started,ended,result\n");
    content.extend((0..100_001).map(|row| format!("{row},,,,,\n")));
    let request = ReadFileRequest { content: content.clone().into_bytes(), ..read_calls() };
    let status = refused(server.admin().imports().read_file(request).await);
    assert!(violations(&status)[0].1.contains("100000 rows"), "{status:?}");
    let request = SuggestMappingRequest { file_name: "x.csv".to_owned(), content: content.into_bytes(), kind: 0 };
    let status = refused(server.admin().imports().suggest_mapping(request).await);
    assert!(violations(&status)[0].1.contains("100000 rows"), "{status:?}");
}

async fn every_mistake_of_a_mapping_is_told(server: Server) {
    let mapping = MAPPING.replace("\"ended\"", "\"finished\"").replace("\"caller\"", "\"who\"");
    let status = refused(server.admin().imports().read_file(ReadFileRequest { mapping, ..read_calls() }).await);
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "MALFORMED"));
    let told = violations(&status);
    assert!(told.iter().all(|(field, _)| field == "mapping"), "{told:?}");
    for column in ["finished", "who"] {
        assert!(told.iter().any(|(_, rule)| rule.contains(column)), "{told:?}");
    }
    for mapping in ["= no TOML", "no-such-mapping"] {
        let request = ReadFileRequest { mapping: mapping.to_owned(), ..read_calls() };
        let status = refused(server.admin().imports().read_file(request).await);
        assert_eq!(violations(&status)[0].0, "mapping", "{status:?}");
    }
}

async fn a_name_leads_nowhere(server: Server) {
    for name in ["../../../../tmp/calls.csv", "calls", ".", "..", "a.b.c.d.e.f.csv", "电话.csv", "/x.cs\u{0}v"] {
        let request = ReadFileRequest { file_name: name.to_owned(), ..read_calls() };
        match server.admin().imports().read_file(request).await {
            Ok(answer) => assert_eq!(answer.into_inner().sent_count, 2, "{name:?}"),
            Err(status) => assert_eq!(violations(&status)[0].0, "file_name", "{name:?}: {status:?}"),
        }
    }
}
