//! Whether all is well with a server's machine and database, and what to do where it is not. Looks, and changes nothing.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use tokio::net::TcpStream;

use crate::{
    backup,
    clock::Clock,
    config::Config,
    finding::Finding,
    private_file,
    store::{Database, Opening, Store},
    vault::Vault,
};

/// Too little to go on for long, and to go on at all.
const LITTLE_SPACE: u64 = 2 << 30;
const NO_SPACE: u64 = 256 << 20;
/// How long a server beside us may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Looks at everything. `thorough`: at the record too, which is counted from scratch; it must be of this version's schema.
pub(crate) async fn examine(config: &Config, database: &Database, thorough: bool) -> Vec<Finding> {
    let mut findings = vec![
        Finding::good("configuration", "it can be used"),
        data_directory(&config.data_dir),
        space(&config.data_dir),
        clock(),
        listening(config).await,
    ];
    findings.extend(private_files(config));
    findings.extend(database.examine().await);
    if thorough {
        findings.extend(record(config, database).await);
    } else {
        let words =
            "counters, master keys and competitions' records: they are looked at with --thorough, which takes longer";
        findings.push(Finding::unchecked("record", words));
    }
    findings
}

fn data_directory(path: &Path) -> Finding {
    const SUBJECT: &str = "data directory";
    if !path.exists() {
        return Finding::unchecked(
            SUBJECT,
            format!("{} is not there yet: it is made at the first start", path.display()),
        );
    }
    match private_file::refuse_if_others_can_read(path) {
        Ok(()) => Finding::good(SUBJECT, format!("{} is its owner's alone", path.display())),
        Err(error) => Finding::bad(SUBJECT, error.to_string(), "the server does not start until that is mended"),
    }
}

#[cfg(target_os = "linux")]
fn space(path: &Path) -> Finding {
    const SUBJECT: &str = "free space";
    let there = path.ancestors().find(|one| one.exists()).unwrap_or(Path::new("."));
    let found = match rustix::fs::statvfs(there) {
        Ok(found) => found,
        Err(error) => return Finding::unchecked(SUBJECT, error.to_string()),
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let words = format!("{:.1} GiB where {} is", free as f64 / f64::from(1 << 30), path.display());
    let remedy = "make room: a database that cannot write is told so by every call";
    match free {
        LITTLE_SPACE.. => Finding::good(SUBJECT, words),
        NO_SPACE..LITTLE_SPACE => Finding::doubtful(SUBJECT, words, remedy),
        ..NO_SPACE => Finding::bad(SUBJECT, words, remedy),
    }
}

#[cfg(not(target_os = "linux"))]
fn space(_: &Path) -> Finding {
    Finding::unchecked("free space", "this system is not asked")
}

fn clock() -> Finding {
    const SUBJECT: &str = "this machine's clock";
    // When this version was made: nothing was recorded by it before.
    const BUILT: i64 = 1_767_225_600_000_000;
    let now = Clock::system().now_micros();
    let time = jiff::Timestamp::from_microsecond(now).map(|time| format!("{time:.0}")).unwrap_or_default();
    match now {
        BUILT.. => Finding::good(SUBJECT, time),
        _ => Finding::bad(
            SUBJECT,
            format!("{time} is before this program was made"),
            "set it, and let it follow a time server",
        ),
    }
}

/// A server at work is no fault, and neither is none.
async fn listening(config: &Config) -> Finding {
    const SUBJECT: &str = "server";
    match tokio::time::timeout(ANSWER, TcpStream::connect(config.listen)).await {
        Ok(Ok(_)) => {
            Finding::good(SUBJECT, format!("something listens on {}: `rapport health` asks it", config.listen))
        }
        Ok(Err(_)) | Err(_) => Finding::good(SUBJECT, format!("none listens on {}", config.listen)),
    }
}

/// Keys and secrets that only their owner may read.
fn private_files(config: &Config) -> Vec<Finding> {
    const SUBJECT: &str = "keys";
    let master = Vault::path(config.master_key_file.as_deref(), &config.data_dir);
    let vault = match Vault::present(config.master_key_file.as_deref(), &config.data_dir) {
        Ok(Some(vault)) => {
            Finding::good(SUBJECT, format!("{} master key(s) in {}", vault.ids().count(), master.display()))
        }
        Ok(None) if config.master_key_file.is_some() => {
            Finding::bad(SUBJECT, format!("{} is not there", master.display()), "make it, or mend master_key_file")
        }
        Ok(None) => Finding::unchecked(SUBJECT, "no master keys yet: the first is made at the first start"),
        Err(error) => Finding::bad(SUBJECT, format!("{error:#}"), ""),
    };
    let secrets = [&config.auth.hs256_secret_file, &config.auth.jwks_file].into_iter().flatten();
    let unread = secrets.filter_map(|file| {
        let read = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()));
        read.err().map(|error| Finding::bad(SUBJECT, format!("{error:#}"), "no token is accepted without it"))
    });
    [vault].into_iter().chain(unread).collect()
}

async fn record(config: &Config, database: &Database) -> Vec<Finding> {
    // Opening it would make a database, or bring its schema up to date.
    if !database.is_current().await {
        return vec![Finding::unchecked(
            "record",
            "a database of this version's schema is counted: start the server once",
        )];
    }
    let mut findings = Vec::new();
    match Store::open(database, Opening::at_once(2), Clock::system()).await {
        Ok(store) => {
            let keys = Vault::path(config.master_key_file.as_deref(), &config.data_dir);
            backup::look(&store, Some(&keys).filter(|path| path.exists()).map(|path| path.as_path()), &mut findings)
                .await;
            store.close().await;
        }
        Err(error) => findings.push(Finding::bad("record", error.to_string(), "")),
    }
    findings
}
