//! Receivers of events, as the configuration names them. Nobody can add one by calling the server.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde::Deserialize;

use super::{retry::Patience, signature::SharedSecret};
use crate::{api::v1::EventContent, config, error::Violation, event::Types, outgoing::Url, private_file};

/// A receiver.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(super) url: Url,
    /// The newest first. Each signs.
    pub(super) secrets: Vec<SharedSecret>,
    pub(crate) types: Types,
    pub(crate) content: EventContent,
    /// Whether it may be on a private network.
    pub(super) allow_private: bool,
    /// The certificates that vouch for it; none: those of the machine.
    pub(super) roots: Option<RootCertStore>,
    /// For one attempt.
    pub(super) timeout: Duration,
    pub(super) patience: Patience,
}

impl Target {
    /// What may be told of where it is: a path or a query may be secret.
    pub(crate) fn host(&self) -> &str {
        &self.url.host
    }
}

/// The file, as people write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    webhook: Vec<WrittenTarget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTarget {
    name: String,
    url: String,
    secret_file: PathBuf,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    content: String,
    #[serde(default)]
    allow_private: bool,
    #[serde(default)]
    allow_http: bool,
    ca_file: Option<PathBuf>,
    timeout: Option<String>,
    attempts: Option<u32>,
    first_retry: Option<String>,
    longest_retry: Option<String>,
}

const TIMEOUT: Duration = Duration::from_secs(10);
/// An attempt holds its server's lease.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// With [`FIRST_RETRY`] and [`LONGEST_RETRY`]: about three days.
const ATTEMPTS: u32 = 24;
const MOST_ATTEMPTS: u32 = 1_000;
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(6 * 3_600);

/// Reads the targets of a file, in order of their names; files that it names stand beside it unless their path is absolute.
///
/// # Errors
/// Everything that is wrong with it, without any secret.
pub(crate) fn load(path: &Path) -> anyhow::Result<Vec<Target>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let written: Written = toml::from_str(&text).map_err(|error| {
        // Not the error's own text: it quotes the line, which may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        anyhow::anyhow!("{}, line {}: {}", path.display(), before.matches('\n').count() + 1, error.message())
    })?;
    let (mut targets, mut wrong, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for one in written.webhook {
        let name = one.name.clone();
        if !names.insert(name.clone()) {
            wrong.push(format!("webhook {name}: name: there is another one of this name"));
        }
        let directory = path.parent().unwrap_or(Path::new(""));
        match read(one, directory) {
            Ok(target) => targets.push(target),
            Err(errors) => wrong.extend(errors.into_iter().map(|error| format!("webhook {name}: {error}"))),
        }
    }
    if !wrong.is_empty() {
        bail!("{} has {} error(s):\n  {}", path.display(), wrong.len(), wrong.join("\n  "));
    }
    targets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(targets)
}

fn read(written: WrittenTarget, directory: &Path) -> Result<Target, Vec<String>> {
    let mut wrong = Vec::new();
    let mut note = |field: &str, error: String| wrong.push(format!("{field}: {error}"));
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    if !(1..=64).contains(&written.name.len()) || !written.name.chars().all(is_name) {
        note("name", "must be 1 to 64 of a-z, 0-9, - and _".to_owned());
    }
    let url = url(&written).map_err(|error| note("url", error)).ok();
    let secrets = secrets(&directory.join(&written.secret_file)).map_err(|error| note("secret_file", error)).ok();
    let types = Types::read("types", written.types).map_err(|error| note("types", rules(&error))).ok();
    let content = match written.content.as_str() {
        "" | "ids" => EventContent::Ids,
        "customer" => EventContent::Customer,
        _ => {
            note("content", "must be ids or customer".to_owned());
            EventContent::Ids
        }
    };
    let mut duration = |field: &str, text: Option<String>, default: Duration, longest: Duration| {
        let read = text.map_or(Ok(default), |text| config::duration(&text));
        let within = |found: Duration| match found <= longest {
            true => Ok(found),
            false => Err(format!("must be at most {} s", longest.as_secs())),
        };
        read.and_then(within).map_err(|error| note(field, error)).unwrap_or(default)
    };
    let timeout = duration("timeout", written.timeout, TIMEOUT, LONGEST_TIMEOUT);
    let day = Duration::from_secs(86_400);
    let first = duration("first_retry", written.first_retry, FIRST_RETRY, day);
    let longest = duration("longest_retry", written.longest_retry, LONGEST_RETRY.max(first), day);
    if longest < first {
        note("longest_retry", "must not be less than first_retry".to_owned());
    }
    let attempts = written.attempts.unwrap_or(ATTEMPTS);
    if !(1..=MOST_ATTEMPTS).contains(&attempts) {
        note("attempts", format!("must be 1 to {MOST_ATTEMPTS}"));
    }
    let roots = written.ca_file.map(|file| roots(&directory.join(file))).transpose();
    let roots = roots.map_err(|error| note("ca_file", format!("{error:#}"))).ok();
    let (Some(url), Some(secrets), Some(types), Some(roots), true) = (url, secrets, types, roots, wrong.is_empty())
    else {
        return Err(wrong);
    };
    Ok(Target {
        name: written.name,
        url,
        secrets,
        types,
        content,
        allow_private: written.allow_private,
        roots,
        timeout,
        patience: Patience { attempts, first, longest },
    })
}

fn rules(violations: &[Violation]) -> String {
    violations.iter().map(|one| format!("{} {}", one.field, one.rule)).collect::<Vec<_>>().join("; ")
}

fn url(written: &WrittenTarget) -> Result<Url, String> {
    let url = Url::read(&written.url)?;
    if !url.is_https && !written.allow_http {
        return Err("must begin with https://, unless allow_http is set".to_owned());
    }
    if url.is_private() && !written.allow_private {
        return Err("must not lead to this machine or a private network, unless allow_private is set".to_owned());
    }
    Ok(url)
}

fn roots(file: &Path) -> anyhow::Result<RootCertStore> {
    let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.with_context(|| format!("{} is no PEM file", file.display()))?)?;
    }
    anyhow::ensure!(!roots.is_empty(), "{} holds no PEM certificate", file.display());
    Ok(roots)
}

/// Most secrets of a target: the new one and the one before.
const MOST_SECRETS: usize = 2;

fn secrets(path: &Path) -> Result<Vec<SharedSecret>, String> {
    let text = private_file::read_secret(path).map_err(|error| format!("{}: {error:#}", path.display()))?;
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if !(1..=MOST_SECRETS).contains(&lines.len()) {
        return Err(format!(
            "{}: must hold one secret, or the new one and the one before, a line each",
            path.display()
        ));
    }
    let read = |(at, line): (usize, &&str)| {
        let rule = "must be whsec_ and 24 to 64 bytes in base64";
        SharedSecret::read(line).ok_or_else(|| format!("{}: secret {} {rule}", path.display(), at + 1))
    };
    lines.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn load_with(secret: &str, text: &str) -> anyhow::Result<Vec<Target>> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("desk.secret");
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let path = directory.path().join("webhooks.toml");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    fn refused(secret: &str, more: &str) -> String {
        let text = format!("[[webhook]]\nname = 'desk'\nsecret_file = 'desk.secret'\n{more}");
        load_with(secret, &text).unwrap_err().to_string()
    }

    #[test]
    fn targets_are_read_in_order_of_their_names() {
        let text = "[[webhook]]\nname = 'desk'\nurl = 'https://desk.example:8443/in?key=s3cret'\nsecret_file = 'desk.secret'\n\
                    types = ['rapport.commitment']\ncontent = 'customer'\ntimeout = '2s'\nattempts = 3\n\
                    [[webhook]]\nname = 'crm'\nurl = 'http://[::1]/'\nsecret_file = 'desk.secret'\nallow_private = true\n\
                    allow_http = true";
        let targets = load_with(&format!("{SECRET}\n\n{SECRET}\n"), text).unwrap();
        let [crm, desk] = &targets[..] else { panic!("{targets:?}") };
        assert_eq!(
            (crm.url.is_https, crm.url.host.as_str(), crm.url.port, crm.url.path.as_str()),
            (false, "::1", 80, "/")
        );
        assert_eq!(desk.url.path, "/in?key=s3cret");
        assert_eq!((desk.url.authority.as_str(), desk.url.port, desk.secrets.len()), ("desk.example:8443", 8443, 2));
        assert_eq!(
            (desk.content, desk.types.names()),
            (EventContent::Customer, &["rapport.commitment".to_owned()][..])
        );
        assert_eq!((desk.timeout, desk.patience.attempts), (Duration::from_secs(2), 3));
        assert_eq!((crm.content, crm.timeout, crm.patience.attempts), (EventContent::Ids, TIMEOUT, ATTEMPTS));
        assert!(load_with(SECRET, "").unwrap().is_empty());
    }

    #[test]
    fn a_target_on_a_private_network_needs_permission() {
        for url in [
            "https://127.0.0.1/",
            "https://localhost/",
            "https://desk.localhost/",
            "https://LOCALHOST.:8443/",
            "https://[::1]/",
            "https://10.0.0.7/",
            "https://169.254.169.254/latest",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00::1]/",
        ] {
            let said = refused(SECRET, &format!("url = '{url}'"));
            assert!(
                said.contains("webhook desk: url: must not lead to this machine or a private network"),
                "{url}: {said}"
            );
        }
    }

    #[test]
    fn everything_wrong_is_named_and_no_secret_repeated() {
        for (more, expected) in [
            ("url = 'http://desk.example/'", "url: must begin with https://, unless allow_http is set"),
            ("url = 'ftp://desk.example/'", "url: must begin with https://"),
            ("url = 'desk.example'", "url: must begin with https://"),
            ("url = 'https://me:hunter2@desk.example/'", "url: must not hold a user or a password"),
            ("url = 'https://desk.example/#x'", "url: must not have a fragment"),
            ("url = 'https://desk.example/'\ntypes = ['rapport.wish']", "types: types[0] must be a type of event"),
            ("url = 'https://desk.example/'\ncontent = 'all'", "content: must be ids or customer"),
            ("url = 'https://desk.example/'\nattempts = 0", "attempts: must be 1 to 1000"),
            ("url = 'https://desk.example/'\ntimeout = '2m'", "timeout: must be at most 60 s"),
            (
                "url = 'https://desk.example/'\nfirst_retry = '1h'\nlongest_retry = '1m'",
                "longest_retry: must not be less",
            ),
            ("url = 'https://desk.example/'\nsecret = 'hunter2'", "line 5: unknown field `secret`"),
        ] {
            let said = refused(SECRET, more);
            assert!(said.contains(expected) && !said.contains("hunter2"), "{more}: {said}");
        }
        for secret in ["", "hunter2", "whsec_aHVudGVyMg==", &format!("{SECRET}\n{SECRET}\n{SECRET}")] {
            let said = refused(secret, "url = 'https://desk.example/'");
            assert!(
                said.contains("webhook desk: secret_file: ") && !said.contains("hunter2") && !said.contains("MfKQ"),
                "{said}"
            );
        }
        let twice =
            "[[webhook]]\nname = 'desk'\nurl = 'https://desk.example/'\nsecret_file = 'desk.secret'\n".repeat(2);
        let said = load_with(SECRET, &twice).unwrap_err().to_string();
        assert!(said.contains("webhook desk: name: there is another one of this name"), "{said}");
    }
}
