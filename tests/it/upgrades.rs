//! What earlier versions wrote is opened by this one with all that is in it. The databases are in `fixtures`, as backups.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rapport::{
    api::v1::{self, GetLeaderboardRequest, ListCompetitionsRequest, SummarizeInteractionsRequest, SummaryGrouping},
    clock::Clock,
    config::Secret,
};

use crate::{
    backups::{empty_database, program, told},
    doctor::doctor_of,
    support::{Backend, Server, Test, differing_counters, on_both, private_directory, sample::call},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![what_the_landed_build_wrote_is_brought_up_to_date]
}

/// A backup of a version, in a directory of its own: it is written beside.
fn backup(version: &str, backend: Backend) -> tempfile::TempDir {
    let directory = private_directory();
    let name = if backend == Backend::Sqlite { "sqlite" } else { "postgres" };
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(version).join(name);
    for file in fs::read_dir(fixture).unwrap() {
        let file = file.unwrap();
        let copy = directory.path().join(file.file_name());
        fs::copy(file.path(), &copy).unwrap();
        fs::set_permissions(copy, fs::Permissions::from_mode(0o600)).unwrap();
    }
    directory
}

async fn what_the_landed_build_wrote_is_brought_up_to_date(server: Server) {
    let backup = backup("36023ab", server.backend());
    let folder = backup.path().to_str().unwrap();
    let scratch = empty_database(&server).await;
    let verified = told(&program(&server, scratch.as_deref(), &["verify-backup", folder, "--json"]).await);
    assert!(verified["findings"].as_array().unwrap().iter().all(|one| one["verdict"] == "good"), "{verified}");

    let (place, url) = (private_directory(), empty_database(&server).await);
    let data_dir = place.path().join("data");
    let mut restore = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
    restore.args(["restore", folder, "--json", "--data-dir"]).arg(&data_dir);
    if let Some(url) = &url {
        restore.env("RAPPORT_DATABASE_URL", url);
    }
    assert!(told(&restore.output().unwrap())["erased_again"].is_null());
    let (_, findings) = doctor_of(&data_dir, url.as_deref(), &[]).await;
    let schema = findings.iter().find(|one| one["subject"] == "schema").unwrap();
    assert!(schema["found"].as_str().unwrap().starts_with("of this version"), "{schema}");

    let restored = Server::start_with(server.backend(), Clock::system(), |config| {
        config.data_dir = data_dir;
        config.database_url = url.map(Secret::new);
    });
    let restored = restored.await.unwrap();
    let (app, admin) = (restored.app(), restored.admin());
    let request = SummarizeInteractionsRequest { group_by: SummaryGrouping::Channel.into(), ..Default::default() };
    let total = admin.interactions().summarize_interactions(request).await.unwrap().into_inner().total.unwrap();
    assert_eq!(total.count, 19);
    let competitions = admin.competitions().list_competitions(ListCompetitionsRequest::default()).await.unwrap();
    let competitions = competitions.into_inner().competitions;
    assert_eq!(competitions.len(), 2);
    for competition in competitions {
        let request = GetLeaderboardRequest { competition_id: competition.competition_id, ..Default::default() };
        assert!(!admin.competitions().get_leaderboard(request).await.unwrap().into_inner().standings.is_empty());
    }
    let preferences = v1::GetPreferencesRequest { customer_id: "C-1002".to_owned(), dimensions: vec![] };
    app.preferences().get_preferences(preferences).await.unwrap();
    let recorded = app.record(v1::Interaction { participants: vec![], ..call("", "C-1002") }).await.unwrap();
    assert_eq!(recorded.recording(), v1::Recording::Recorded);
    assert_eq!(differing_counters(&server).await, 0);
}
