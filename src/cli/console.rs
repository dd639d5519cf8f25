//! `rapport console`: prints a one-time link that signs somebody in to the console.

use std::time::Duration;

use anyhow::ensure;
use uuid::Uuid;

use super::{
    out::say,
    token::{BearerArgs, IssuerArgs},
};
use crate::{
    auth::{Authenticator, Purpose, has_pages, role_name},
    config,
};

/// Flags of `rapport console`.
#[derive(Clone, Debug, clap::Args)]
pub struct ConsoleArgs {
    /// Who signs in.
    #[command(flatten)]
    pub bearer: BearerArgs,

    /// How long the link is good for its one use; at most an hour
    #[arg(long, default_value = "10m", value_parser = config::duration)]
    pub ttl: Duration,

    /// Where the browser finds the server, with its path if a proxy serves it under one
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub endpoint: String,

    /// Whose key signs.
    #[command(flatten)]
    pub issuer: IssuerArgs,
}

/// Prints the link, and nothing else, on stdout.
///
/// # Errors
/// The role has no pages; the link would live too long; no key can sign.
pub fn run(args: ConsoleArgs) -> anyhow::Result<()> {
    let link = link(&args.issuer.authenticator()?, &args.endpoint, &args.bearer, args.ttl)?;
    Ok(say!("{link}")?)
}

/// A link for somebody. What follows `#` stays in the browser: no server or proxy on the way gets to log it.
pub(super) fn link(
    authenticator: &Authenticator,
    endpoint: &str,
    bearer: &BearerArgs,
    life: Duration,
) -> anyhow::Result<String> {
    let role = bearer.role;
    ensure!(has_pages(role), "the console has no pages for role {}", role_name(role));
    let whom = (role, bearer.subject.as_str(), bearer.teams.as_slice());
    let token = authenticator.sign_for(Purpose::Link(Uuid::new_v4()), whom, life)?;
    Ok(format!("{}/#link={token}", endpoint.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::v1::Role, auth, clock::Clock, config::Config, config::ServeArgs};

    #[test]
    fn a_link_is_for_one_purpose_and_for_those_who_have_pages() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::resolve(&ServeArgs::default(), |_| None).unwrap();
        let authenticator = Authenticator::new(&config.auth, directory.path(), Clock::system()).unwrap();
        let of = |role| BearerArgs { role, subject: "li.na".to_owned(), teams: vec!["hotline".to_owned()] };
        let minute = Duration::from_secs(60);
        let link_of = |role, life| link(&authenticator, "https://desk.example/console/", &of(role), life);
        for (role, name) in auth::roles() {
            let has_pages = !matches!(role, Role::App | Role::Customer);
            assert_eq!(link_of(role, minute).is_ok(), has_pages, "{name}");
        }
        let link = link_of(Role::Staff, minute).unwrap();
        let token = link.strip_prefix("https://desk.example/console/#link=").unwrap();
        assert!(matches!(authenticator.verify(token).unwrap().purpose, Purpose::Link(_)));
        assert!(link_of(Role::Staff, minute * 61).is_err());
    }
}
