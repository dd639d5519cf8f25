//! Master keys that are lost or replaced: told at the start, never mended in silence.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    cli,
    support::{Server, Test, on_both, private_directory, secret_file},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![a_lost_master_key_is_told_and_accepted_once, another_key_of_the_same_id_is_refused]
}

fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("master.keys")
}

/// A start that is expected to be refused: what it says.
fn refused(server: &Server, data_dir: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// A command that succeeds; what it prints.
fn printed(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_rapport")).args(arguments).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Serves once and erases a customer.
fn erase(server: &Server, data_dir: &Path) {
    let served = cli::serve(server, data_dir, &[]);
    let directory = data_dir.display().to_string();
    let token = printed(&["token", "--role", "admin", "--subject", "ada", "--data-dir", &directory]);
    let token = secret_file(data_dir, token.trim());
    let endpoint = format!("http://{}", served.address);
    for (method, body) in [
        ("UpsertCustomer", r#"{"requestId": "1", "customer": {"customerId": "gone", "salutation": "Dear"}}"#),
        ("EraseCustomer", r#"{"requestId": "2", "customerId": "gone", "reason": "as he asked"}"#),
    ] {
        printed(&["call", method, body, "--endpoint", &endpoint, "--token-file", &token]);
    }
    assert!(served.stop().0.success());
}

async fn a_lost_master_key_is_told_and_accepted_once(server: Server) {
    let directory = private_directory();
    tokio::task::spawn_blocking(move || {
        let data_dir = directory.path();
        erase(&server, data_dir);
        let text = std::fs::read_to_string(key_file(data_dir)).unwrap();
        let id = text.split_whitespace().next().unwrap();

        std::fs::remove_dir_all(data_dir.join("keys")).unwrap();
        let errors = refused(&server, data_dir);
        for part in [id, "1 erased customer", "--accept-new-master-key", &key_file(data_dir).display().to_string()] {
            assert!(errors.contains(part), "{part} is not in {errors}");
        }
        assert!(!data_dir.join("keys").exists(), "no key was made");

        // Accepted once, it is not asked about again.
        for arguments in [&["--accept-new-master-key"][..], &[]] {
            assert!(cli::serve(&server, data_dir, arguments).stop().0.success());
        }
        assert_ne!(std::fs::read_to_string(key_file(data_dir)).unwrap(), text);
    })
    .await
    .unwrap();
}

async fn another_key_of_the_same_id_is_refused(server: Server) {
    let directory = private_directory();
    tokio::task::spawn_blocking(move || {
        let data_dir = directory.path();
        assert!(cli::serve(&server, data_dir, &[]).stop().0.success());
        let text = std::fs::read_to_string(key_file(data_dir)).unwrap();
        let (id, _) = text.split_once(' ').unwrap();
        std::fs::write(key_file(data_dir), format!("{id} {}\n", "A".repeat(43))).unwrap();
        let errors = refused(&server, data_dir);
        assert!(errors.contains(id) && errors.contains("though their ids are"), "{errors}");
        std::fs::write(key_file(data_dir), text).unwrap();
        assert!(cli::serve(&server, data_dir, &[]).stop().0.success());
    })
    .await
    .unwrap();
}
