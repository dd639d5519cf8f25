//! `rapport token`: prints a token that a server with the same configuration accepts.

use std::{path::PathBuf, time::Duration};

use super::out::say;
use crate::{
    api::v1::Role,
    auth::{self, Authenticator},
    clock::Clock,
    config::{self, Config, ServeArgs},
};

/// Whom a token is for.
#[derive(Clone, Debug, clap::Args)]
pub struct BearerArgs {
    /// What the bearer is: app, staff, supervisor, reviewer, admin or customer
    ///
    /// app: an application acting for the organisation. staff: a colleague who serves customers. supervisor: leads the
    /// teams named by --team. reviewer: reads all, changes none. customer: sees their own records.
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,

    /// Who the bearer is: staff id, customer id, or the application's name
    #[arg(long, value_name = "ID")]
    pub subject: String,

    /// Id of a team the bearer belongs to or leads; may be repeated
    #[arg(long = "team", value_name = "ID")]
    pub teams: Vec<String>,
}

/// Flags of `rapport token`.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    /// Whom it is for.
    #[command(flatten)]
    pub bearer: BearerArgs,

    /// How long the token lives
    ///
    /// At most auth.max_token_lifetime (1h unless configured), or auth.max_service_token_lifetime (24h) for role app.
    #[arg(long, default_value = "1h", value_parser = config::duration)]
    pub ttl: Duration,

    /// Whose key signs.
    #[command(flatten)]
    pub issuer: IssuerArgs,
}

/// Whose key signs a token.
#[derive(Clone, Debug, clap::Args)]
pub struct IssuerArgs {
    /// Data directory of the server, whose key signs; both are created if they do not exist yet [env: RAPPORT_DATA_DIR]
    /// [default: ./rapport-data]
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<String>,

    /// Configuration file of the server [env: RAPPORT_CONFIG]
    ///
    /// Where it names an hs256_secret_file, the last secret in that file signs.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl IssuerArgs {
    /// Signs as the server does.
    pub(super) fn authenticator(&self) -> anyhow::Result<Authenticator> {
        let serve = ServeArgs { data_dir: self.data_dir.clone(), config: self.config.clone(), ..ServeArgs::default() };
        let config = Config::load(&serve)?;
        Authenticator::new(&config.auth, &config.data_dir, Clock::system())
    }
}

/// Prints the token, and nothing else, on stdout.
pub fn run(args: TokenArgs) -> anyhow::Result<()> {
    Ok(say!("{}", sign(&args)?)?)
}

fn sign(args: &TokenArgs) -> anyhow::Result<String> {
    let BearerArgs { role, subject, teams } = &args.bearer;
    args.issuer.authenticator()?.sign(*role, subject, teams, args.ttl)
}

fn role(name: &str) -> Result<Role, String> {
    auth::role_named(name).ok_or_else(|| {
        let names: Vec<_> = auth::roles().map(|(_, name)| name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn parse(line: &[&str]) -> Result<TokenArgs, clap::Error> {
        let command = TokenArgs::augment_args(clap::Command::new("token"));
        TokenArgs::from_arg_matches(&command.try_get_matches_from(line)?)
    }

    #[test]
    fn the_data_directory_and_its_key_are_made_on_the_way() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = root.path().join("new/data");
        let args = parse(&[
            "token",
            "--role",
            "supervisor",
            "--subject",
            "s-1",
            "--team",
            "north",
            "--team",
            "south",
            "--ttl",
            "10m",
            "--data-dir",
            data_dir.to_str().unwrap(),
        ])
        .unwrap();
        let token = sign(&args).unwrap();

        let config = Config::load(&ServeArgs::default()).unwrap();
        let server = Authenticator::new(&config.auth, &data_dir, Clock::system()).unwrap();
        let principal = server.verify(&token).unwrap();
        assert_eq!((principal.role, principal.subject.as_str()), (Role::Supervisor, "s-1"));
        assert_eq!(principal.teams, ["north", "south"]);
    }

    #[test]
    fn mistakes_are_named() {
        let error = parse(&["token", "--role", "boss", "--subject", "x"]).unwrap_err().to_string();
        assert!(error.contains("supervisor"), "{error}");
        assert!(parse(&["token", "--role", "staff"]).is_err());
        assert!(parse(&["token", "--role", "staff", "--subject", "x", "--ttl", "soon"]).is_err());

        let root = tempfile::tempdir().unwrap();
        let path = root.path().to_str().unwrap();
        let args = parse(&["token", "--role", "staff", "--subject", "x", "--ttl", "2h", "--data-dir", path]).unwrap();
        assert!(sign(&args).unwrap_err().to_string().contains("3600 s"));
    }
}
