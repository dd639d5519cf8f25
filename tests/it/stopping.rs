//! How a process ends when it is told to: by its deadline, whatever hangs.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixDatagram,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{
    network::stalled_stream,
    support::{Server, Test, on_both, private_directory},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_server_whose_log_nobody_reads_ends,
        a_demo_whose_errors_nobody_reads_ends,
        a_service_manager_is_told_how_the_server_does,
    ]
}

/// More than a pipe holds.
const PIPE: usize = 64 * 1024;

fn signal(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}

/// How a child ended within `limit`; one that did not is killed.
fn end_of(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

async fn a_server_whose_log_nobody_reads_ends(server: Server) {
    let directory = private_directory();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path());
    command.env("RAPPORT_LOG_FILTER", "info,h2=trace").env("RAPPORT_DRAIN_DEADLINE", "1s");
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // Read until it serves, and kept open without being read from then on.
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it did not serve");
        if let Some((_, address)) = line.split_once("serving address=") {
            break address.split_whitespace().next().unwrap().to_owned();
        }
    };
    let channel = tonic::transport::Endpoint::try_from(format!("http://{address}")).unwrap().connect_lazy();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    // Each of them leaves some kilobytes of trace.
    for _ in 0..PIPE / 256 {
        health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
    }
    let ended = tokio::task::spawn_blocking(move || {
        signal(&child);
        end_of(&mut child, Duration::from_secs(4))
    });
    assert!(ended.await.unwrap().is_some(), "it was still there");
    drop(log);
}

async fn a_demo_whose_errors_nobody_reads_ends(server: Server) {
    let directory = private_directory();
    // Full from the start.
    let (errors, mut full) = std::io::pipe().unwrap();
    full.write_all(&vec![b'.'; PIPE]).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["demo", "--listen", "127.0.0.1:0", "--redeals", "2", "--data-dir"]).arg(directory.path());
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let story = child.stdout.take().unwrap();
    let (address, story) = tokio::task::spawn_blocking(move || {
        let mut story = BufReader::new(story);
        loop {
            let mut line = String::new();
            assert_ne!(story.read_line(&mut line).unwrap(), 0, "it did not serve");
            if let Some((_, address)) = line.split_once("Serving on http://") {
                break (address.split_whitespace().next().unwrap().parse().unwrap(), story);
            }
        }
    })
    .await
    .unwrap();
    // A stream that does not end: the first signal drains, the second one is answered with an error.
    let stalled = stalled_stream(address).await;
    let ended = tokio::task::spawn_blocking(move || {
        signal(&child);
        std::thread::sleep(Duration::from_millis(300));
        signal(&child);
        end_of(&mut child, Duration::from_secs(4))
    });
    // With an error where the stream still held it up at the second signal, else without: what counts is that it ends.
    ended.await.unwrap().expect("it was still there");
    drop((stalled, story, errors));
}

/// The next thing that a service manager is told with this in it.
fn told(socket: &UnixDatagram, text: &str) -> String {
    loop {
        let mut buffer = [0; 1_024];
        let length = socket.recv(&mut buffer).expect("to be told in time");
        let said = String::from_utf8(buffer[..length].to_vec()).unwrap();
        if said.lines().any(|line| line == text) {
            return said;
        }
    }
}

async fn a_service_manager_is_told_how_the_server_does(server: Server) {
    let directory = private_directory();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path().join("data"));
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let said = told(&socket, "READY=1");
    let address = said.lines().find_map(|line| line.strip_prefix("STATUS=serving on ")).unwrap();
    std::net::TcpStream::connect(address).expect("it serves when it says so");
    for _ in 0..3 {
        told(&socket, "WATCHDOG=1");
    }
    signal(&child);
    told(&socket, "STOPPING=1");
    assert!(end_of(&mut child, Duration::from_secs(20)).is_some_and(|status| status.success()));
}
