//! How a server is set up: one typed struct, resolved from flags over environment over a TOML file over defaults.
//!
//! Every source gives text under the same key (`limits.call_timeout`, `RAPPORT_LIMITS_CALL_TIMEOUT`), so that each value
//! is read by one piece of code, and a bad one is reported with the place it came from. Nothing stops at the first
//! error: an operator sees all of them at once. Knows nothing of what the values are for.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, tz::TimeZone};
use rapport_identity::{Country, NormalForms};
use tracing_subscriber::EnvFilter;

use crate::{environment, outgoing::Url};

/// Everything an operator can set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to serve on.
    pub listen: SocketAddr,
    /// Where the embedded database and the keys live.
    pub data_dir: PathBuf,
    /// `postgres://...` or `sqlite:...`; absent: the embedded SQLite database in the data directory.
    pub database_url: Option<Secret>,
    /// Connections the server holds at most.
    pub database_connections: u32,
    /// How long a starting server waits for a database that does not answer yet.
    pub database_wait: Duration,
    /// Whether an embedded database may have gone back behind what was acknowledged. A flag only: it must not stay set.
    pub accept_older_database: bool,
    /// The organisation's zone, in which its days and weeks begin.
    pub time_zone: Zone,
    /// The organisation's country, by whose rules telephone numbers in national notation are read; absent: by none.
    pub default_country: Option<Country>,
    /// Whether the server describes its services on request.
    pub reflection: bool,
    /// Whether the console is served beside the services.
    pub console: bool,
    /// How long a stopping server waits for open calls.
    pub drain_deadline: Duration,
    /// Whose tokens are accepted.
    pub auth: Auth,
    /// Where people sign in to the console; absent: by one-time links only.
    pub oidc: Option<Oidc>,
    /// The keys by which ballots are sealed and records signed; absent: `keys/master.keys` in the data directory.
    pub master_key_file: Option<PathBuf>,
    /// Whether to go on without master keys that the database needs. A flag only: it must not stay on by accident.
    pub accept_new_master_key: bool,
    /// What one caller, and all of them, may ask of the server.
    pub limits: Limits,
    /// Origins whose pages may call, each `scheme://host` or `scheme://host:port`.
    pub web_origins: Vec<String>,
    /// With what the server proves who it is; absent: it speaks plain text.
    pub tls: Option<Tls>,
    /// Address of metrics, liveness and readiness; absent: they are not served.
    pub operations_listen: Option<SocketAddr>,
    /// Where traces go.
    pub telemetry: Telemetry,
    /// How interactions are written.
    pub recording: Recording,
    /// To whom events are told.
    pub events: Events,
    /// What the log looks like.
    pub log: Log,
}

/// Whose tokens are accepted. Without a secret and without a key set these are the tokens signed by the keys in the
/// data directory.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The `iss` claim that a token must carry.
    pub issuer: String,
    /// The `aud` claim that a token must carry.
    pub audience: String,
    /// File with the HS256 secrets that all servers share.
    pub hs256_secret_file: Option<PathBuf>,
    /// File with an identity provider's public keys, as a JSON Web Key Set.
    pub jwks_file: Option<PathBuf>,
    /// Longest life of a person's token.
    pub max_token_lifetime: Duration,
    /// Longest life of an application's token, role `app`.
    pub max_service_token_lifetime: Duration,
    /// Longest life of a session of the console.
    pub session_lifetime: Duration,
    /// Verified tokens that are remembered.
    pub token_cache_entries: usize,
}

/// The identity provider at which people sign in to the console, by OpenID Connect.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Its identifier, a URL: what its tokens bear as `iss`.
    pub issuer: String,
    /// As whom it knows this server.
    pub client_id: String,
    /// File with the secret that only the two have; absent: a public client.
    pub client_secret_file: Option<PathBuf>,
    /// Where browsers find the console; ends with a slash.
    pub public_url: String,
    /// What it is asked for, separated by blanks.
    pub scopes: String,
    /// The claim that is the id of the person.
    pub subject_claim: String,
    /// The claim with the ids of their teams; absent: they have none.
    pub teams_claim: Option<String>,
    /// Who has which role; the first that fits counts.
    pub roles: Vec<RoleRule>,
}

/// Who has a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRule {
    /// Its name in tokens.
    pub role: String,
    /// A claim of theirs.
    pub claim: String,
    /// What it must be, or hold.
    pub value: String,
}

/// What one caller, and all of them, may ask of the server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest message to a service without batches, in bytes.
    pub max_message_bytes: usize,
    /// Largest message to a service with batches, in bytes.
    pub max_batch_message_bytes: usize,
    /// Calls in flight on one connection.
    pub concurrent_calls_per_connection: usize,
    /// HTTP/2 streams on one connection.
    pub max_concurrent_streams: u32,
    /// Calls in flight on the whole server.
    pub max_calls: usize,
    /// Unary calls in flight by one person. An application or administrator leaves [`Limits::LEFT_TO_OTHERS`] of
    /// `max_calls` to others.
    pub max_calls_per_subject: usize,
    /// Bytes of large answers that wait for one person to read them; an application may have half of `unread_bytes`.
    pub unread_bytes_per_subject: usize,
    /// Bytes of large answers that wait for their readers, on the whole server.
    pub unread_bytes: usize,
    /// Refused tokens a second from one address, and as many again at once.
    pub bad_tokens_per_second: NonZeroU32,
    /// Calls a second by one person, and as many again at once.
    pub person_calls_per_second: NonZeroU32,
    /// Calls a second by one application or administrator, and as many again at once.
    pub app_calls_per_second: NonZeroU32,
    /// Streams open on the whole server.
    pub max_streams: usize,
    /// Streams open by one subject.
    pub max_streams_per_subject: usize,
    /// Connections open on the whole server.
    pub max_connections: usize,
    /// Connections open from one address, or from one /64 of IPv6.
    pub max_connections_per_address: usize,
    /// How soon after connecting the first call must have arrived.
    pub first_call_deadline: Duration,
    /// Longest time a unary call may take.
    pub call_timeout: Duration,
    /// Longest life of a stream.
    pub stream_max_life: Duration,
    /// How often a watch says that it is alive, and its caller is looked up again.
    pub watch_heartbeat: Duration,
    /// How long the reader of a watch or a large answer may take nothing.
    pub slow_reader: Duration,
    /// How often a silent connection is asked whether it is alive.
    pub keepalive_interval: Duration,
    /// How long it may take to answer that.
    pub keepalive_timeout: Duration,
    /// Age at which a connection is asked to reconnect.
    pub max_connection_age: Duration,
}

impl Limits {
    /// Calls in flight that no single application may take from all others.
    pub const LEFT_TO_OTHERS: usize = 64;
}

/// The server's certificate. The files are read again when they change.
#[derive(Clone, Debug)]
pub struct Tls {
    /// PEM file with the certificate, followed by those that lead to its root.
    pub certificate_file: PathBuf,
    /// PEM file with its private key.
    pub key_file: PathBuf,
    /// How often the files are looked at.
    pub reload_interval: Duration,
}

/// Where traces go.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// OTLP over gRPC, `http://host:port`; absent: nowhere.
    pub otlp_endpoint: Option<String>,
    /// Which share of the traces that begin here is kept, 0 to 1. A caller's trace is kept if the caller keeps it.
    pub sample_ratio: f64,
}

/// How interactions are written.
#[derive(Clone, Debug)]
pub struct Recording {
    /// How many waiting interactions share a transaction, 1 to 500; 1 gives each its own.
    pub group_max: usize,
    /// Interactions that may wait before callers are told to come back.
    pub queue: usize,
}

/// To whom events are told.
#[derive(Clone, Debug)]
pub struct Events {
    /// The `source` of every event: a URI reference that names this deployment.
    pub source: String,
    /// File with the receivers of webhooks; absent: there are none.
    pub webhooks_file: Option<PathBuf>,
}

/// What the log looks like.
#[derive(Clone, Debug)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// Which events, in the notation of `RUST_LOG`.
    pub filter: String,
    /// Which calls have an event.
    pub calls: LoggedCalls,
}

/// Which calls are logged. All of them are counted (docs/operations.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedCalls {
    /// Those that failed or took long.
    Notable,
    /// Every one.
    All,
}

/// For whom the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object per line.
    Json,
}

/// A zone of the IANA database, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// For example `Europe/Berlin`.
    pub name: String,
    /// Its rules.
    pub rules: TimeZone,
}

/// A text that is never printed, by mistake or otherwise.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

/// A key as documentation shows it.
pub struct Key {
    /// Its name in the file; in the environment `RAPPORT_` and the name in capitals, with `_` for the dot.
    pub name: &'static str,
    /// What holds if nobody says otherwise; empty if nothing does.
    pub default: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
}

/// Every key there is, in the order of [`Config`].
pub const KEYS: &[Key] = &[
    key("listen", "127.0.0.1:50051", "address and port to serve on"),
    key("data_dir", "./rapport-data", "where the embedded database and the signing keys live"),
    key("database_url", "", "postgres://... or sqlite:...; without it rapport.db in the data directory"),
    key("database_url_file", "", "file with that URL instead, where it holds a password"),
    key("database_connections", "10", "connections to the database at most"),
    key("database_wait", "60s", "how long a starting server waits for a database that does not answer yet"),
    key("time_zone", "UTC", "the organisation's IANA time zone, in which its days and weeks begin"),
    key(
        "default_country",
        "",
        "its country (ISO 3166, such as CN), by which telephone numbers in national notation are read",
    ),
    key("reflection", "off", "whether the server describes its services on request: on or off"),
    key("console", "off", "whether pages for people are served beside the services: on or off"),
    key("drain_deadline", "10s", "how long a stopping server waits for open calls"),
    key("auth.issuer", "rapport", "the iss claim that a token must carry"),
    key("auth.audience", "rapport", "the aud claim that a token must carry"),
    key("auth.hs256_secret_file", "", "secrets of at least 32 bytes that all servers share, one `ID SECRET` per line"),
    key("auth.jwks_file", "", "an identity provider's public keys (EdDSA, ES256, RS256)"),
    key("auth.max_token_lifetime", "1h", "longest life of a person's token"),
    key("auth.max_service_token_lifetime", "24h", "longest life of an application's token (role app)"),
    key("auth.session_lifetime", "12h", "how long somebody stays signed in to the console at most"),
    key("auth.token_cache_entries", "10000", "verified tokens that are remembered"),
    key(
        "oidc.issuer",
        "",
        "identity provider at which people sign in to the console, such as https://login.example (docs/console.md)",
    ),
    key("oidc.client_id", "", "as whom the provider knows this server"),
    key("oidc.client_secret_file", "", "file with the secret that the two share; without it a public client"),
    key(
        "oidc.public_url",
        "",
        "where browsers find the console; the provider sends them back to signin/callback below it",
    ),
    key("oidc.scopes", "openid", "what the provider is asked for, separated by blanks"),
    key("oidc.subject_claim", "sub", "the claim that is a person's id in the directory"),
    key("oidc.teams_claim", "", "the claim with the ids of their teams; without it they have none"),
    key("oidc.roles", "", "who has which role: lines of ROLE CLAIM VALUE, of which the first that fits counts"),
    key("master_key_file", "", "keys that seal ballots and sign records, the same for all servers of a database"),
    key("limits.max_message_bytes", "256KiB", "largest message to a service without batches"),
    key("limits.max_batch_message_bytes", "4MiB", "largest message to a service with batches"),
    key("limits.concurrent_calls_per_connection", "256", "calls in flight on one connection"),
    key("limits.max_concurrent_streams", "100", "HTTP/2 streams on one connection"),
    key("limits.max_calls", "1024", "calls in flight on the whole server"),
    key("limits.max_calls_per_subject", "64", "calls in flight by one person; an application leaves 64 to others"),
    key("limits.unread_bytes_per_subject", "8MiB", "bytes of large answers that wait for one person to read them"),
    key("limits.unread_bytes", "128MiB", "the same on the whole server; one application may have half of it"),
    key("limits.bad_tokens_per_second", "50", "refused tokens a second from one address; raise it behind a proxy"),
    key("limits.person_calls_per_second", "50", "calls a second by one person, and as many again at once"),
    key("limits.app_calls_per_second", "20000", "the same for one application or administrator"),
    key("limits.max_streams", "1024", "streams open on the whole server"),
    key("limits.max_streams_per_subject", "32", "streams open by one subject"),
    key("limits.max_connections", "4096", "connections open on the whole server"),
    key("limits.max_connections_per_address", "512", "connections from one address; raise it behind a proxy"),
    key("limits.first_call_deadline", "10s", "how soon after connecting the first call must have arrived"),
    key("limits.call_timeout", "10s", "longest time a unary call may take"),
    key("limits.stream_max_life", "1h", "longest life of a stream"),
    key(
        "limits.watch_heartbeat",
        "15s",
        "how often a watch says that it is alive, and is asked whether it still may be",
    ),
    key("limits.slow_reader", "10s", "how long the reader of a watch or a large answer may take nothing"),
    key("limits.keepalive_interval", "30s", "how often a silent connection is asked whether it is alive"),
    key("limits.keepalive_timeout", "20s", "how long it may take to answer that"),
    key("limits.max_connection_age", "1h", "age at which a connection is asked to reconnect"),
    key("web.origins", "", "origins whose pages may call, comma-separated, such as https://desk.example"),
    key("tls.certificate_file", "", "PEM file with the server's certificate chain; read again when it changes"),
    key("tls.key_file", "", "PEM file with the certificate's private key"),
    key("tls.reload_interval", "10s", "how often the two files are looked at"),
    key("operations.listen", "", "address and port of /metrics, /livez and /readyz; without it they are not served"),
    key("telemetry.otlp_endpoint", "", "where traces go, by OTLP over gRPC, such as http://127.0.0.1:4317"),
    key("telemetry.sample_ratio", "1", "share of the traces begun here that is kept, 0 to 1"),
    key("recording.group_max", "256", "waiting interactions that share a transaction, 1 to 500; 1 gives each its own"),
    key("recording.queue", "4096", "interactions that may wait before callers are told to come back"),
    key("events.source", "/rapport", "the source of every event: a URI reference that names this deployment"),
    key("events.webhooks_file", "", "TOML file with the receivers of webhooks (docs/events.md)"),
    key("log.format", "text", "text for people, json for programs"),
    key("log.filter", "info", "which events, in the notation of RUST_LOG"),
    key("log.calls", "notable", "which calls are logged: notable, those that failed or took a second, or all"),
];

const fn key(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key { name, default, doc }
}

/// Flags of `rapport serve`, and of other commands that need to know what it would use. They are texts here, so that a
/// bad one is reported together with whatever else is wrong.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeArgs {
    /// Address and port to serve on [env: RAPPORT_LISTEN] [default: 127.0.0.1:50051]
    ///
    /// Plain text unless tls.certificate_file and tls.key_file are set. On anything but a loopback address set them, or
    /// put a proxy in front that speaks TLS.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Where the embedded database and the signing keys live [env: RAPPORT_DATA_DIR] [default: ./rapport-data]
    ///
    /// Created at the first start. Anybody who can read it can sign tokens.
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<String>,

    /// Database to use instead of the embedded one [env: RAPPORT_DATABASE_URL]
    ///
    /// postgres://USER@HOST/NAME or sqlite:PATH. Without it the server keeps an SQLite database, rapport.db, in the data
    /// directory. A password is refused here, since every user of the machine can list a command's arguments: it is taken
    /// from the environment, from --database-url-file, or from ~/.pgpass (PGPASSFILE).
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,

    /// File with the database's URL, where that holds a password [env: RAPPORT_DATABASE_URL_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<String>,

    /// Start even if the embedded database lacks writes that were acknowledged
    ///
    /// For one start, after an older database was restored on purpose. Without it the server refuses to start where
    /// rapport.mark, beside the database, says that it went back.
    #[arg(long)]
    pub accept_older_database: bool,

    /// TOML file with any of the settings [env: RAPPORT_CONFIG]
    ///
    /// Flags win over environment variables, those over the file. Every key of the file can be set in the environment:
    /// `call_timeout` in section `[limits]` is RAPPORT_LIMITS_CALL_TIMEOUT.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The organisation's IANA time zone [env: RAPPORT_TIME_ZONE] [default: UTC]
    ///
    /// Days and weeks of summaries begin in it, for example Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,

    /// The organisation's country, as ISO 3166 has it [env: RAPPORT_DEFAULT_COUNTRY]
    ///
    /// Telephone numbers in national notation are read by its rules, for example CN: 138 1234 5678 is then the same number
    /// as +86 138 1234 5678. Without it only numbers with a country code are compared as such.
    #[arg(long, value_name = "COUNTRY")]
    pub default_country: Option<String>,

    /// Whether the server describes its services on request: on or off [env: RAPPORT_REFLECTION] [default: off]
    ///
    /// Lets tools such as grpcurl work without the proto files. `--reflection` alone means on.
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on", require_equals = true)]
    pub reflection: Option<String>,

    /// Whether pages for people are served beside the services: on or off [env: RAPPORT_CONSOLE] [default: off]
    ///
    /// `rapport console` makes a link to sign in with. `--console` alone means on.
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on", require_equals = true)]
    pub console: Option<String>,

    /// Start without master keys that the database needs and that are lost for good
    ///
    /// Ballots under them cannot be counted any more, and erased customers are not recognised when they come back. Without
    /// it the server refuses to start and says what is missing. What was accepted is remembered in the database.
    #[arg(long)]
    pub accept_new_master_key: bool,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} error(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct ConfigErrors(Vec<String>);

impl Config {
    /// By which contact points are compared.
    pub fn normal_forms(&self) -> NormalForms {
        NormalForms::new(self.default_country)
    }

    /// Resolves flags, this process's environment, and the file that either names.
    pub fn load(args: &ServeArgs) -> Result<Self, ConfigErrors> {
        Self::resolve(args, |name| std::env::var(name).ok())
    }

    /// Resolves flags, an environment, and the file that either names.
    pub fn resolve(args: &ServeArgs, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut read = SettingsReader::new(args, environment);
        let config = Self {
            listen: read.value("listen", address),
            data_dir: read.value("data_dir", path),
            database_url: read.database_url(),
            database_connections: read.value("database_connections", at_least_one),
            database_wait: read.value("database_wait", duration),
            accept_older_database: args.accept_older_database,
            time_zone: read.value("time_zone", zone),
            default_country: read.optional("default_country", country),
            reflection: read.value("reflection", switch),
            console: read.value("console", switch),
            drain_deadline: read.value("drain_deadline", duration),
            auth: Auth {
                issuer: read.value("auth.issuer", text),
                audience: read.value("auth.audience", text),
                hs256_secret_file: read.optional("auth.hs256_secret_file", path),
                jwks_file: read.optional("auth.jwks_file", path),
                max_token_lifetime: read.value("auth.max_token_lifetime", duration),
                max_service_token_lifetime: read.value("auth.max_service_token_lifetime", duration),
                session_lifetime: read.value("auth.session_lifetime", duration),
                token_cache_entries: read.value("auth.token_cache_entries", at_least_one),
            },
            oidc: read.oidc(),
            accept_new_master_key: args.accept_new_master_key,
            master_key_file: read.optional("master_key_file", path),
            limits: Limits {
                max_message_bytes: read.value("limits.max_message_bytes", bytes),
                max_batch_message_bytes: read.value("limits.max_batch_message_bytes", bytes),
                concurrent_calls_per_connection: read.value("limits.concurrent_calls_per_connection", at_least_one),
                max_concurrent_streams: read.value("limits.max_concurrent_streams", at_least_one),
                max_calls: read.value("limits.max_calls", at_least_one),
                max_calls_per_subject: read.value("limits.max_calls_per_subject", at_least_one),
                unread_bytes_per_subject: read.value("limits.unread_bytes_per_subject", bytes),
                unread_bytes: read.value("limits.unread_bytes", bytes),
                bad_tokens_per_second: read.value("limits.bad_tokens_per_second", rate),
                person_calls_per_second: read.value("limits.person_calls_per_second", rate),
                app_calls_per_second: read.value("limits.app_calls_per_second", rate),
                max_streams: read.value("limits.max_streams", at_least_one),
                max_streams_per_subject: read.value("limits.max_streams_per_subject", at_least_one),
                max_connections: read.value("limits.max_connections", at_least_one),
                max_connections_per_address: read.value("limits.max_connections_per_address", at_least_one),
                first_call_deadline: read.value("limits.first_call_deadline", duration),
                call_timeout: read.value("limits.call_timeout", duration),
                stream_max_life: read.value("limits.stream_max_life", duration),
                watch_heartbeat: read.value("limits.watch_heartbeat", duration),
                slow_reader: read.value("limits.slow_reader", duration),
                keepalive_interval: read.value("limits.keepalive_interval", duration),
                keepalive_timeout: read.value("limits.keepalive_timeout", duration),
                max_connection_age: read.value("limits.max_connection_age", duration),
            },
            web_origins: read.value("web.origins", origins),
            tls: {
                let certificate_file = read.optional("tls.certificate_file", path);
                let key_file = read.optional("tls.key_file", path);
                let reload_interval = read.value("tls.reload_interval", duration);
                read.tls(certificate_file, key_file, reload_interval)
            },
            operations_listen: read.optional("operations.listen", address),
            telemetry: Telemetry {
                otlp_endpoint: read.optional("telemetry.otlp_endpoint", http_url),
                sample_ratio: read.value("telemetry.sample_ratio", share),
            },
            recording: Recording {
                group_max: read.value("recording.group_max", group),
                queue: read.value("recording.queue", at_least_one),
            },
            events: Events {
                source: read.value("events.source", uri_reference),
                webhooks_file: read.optional("events.webhooks_file", path),
            },
            log: Log {
                format: read.value("log.format", log_format),
                filter: read.value("log.filter", log_filter),
                calls: read.value("log.calls", logged_calls),
            },
        };
        read.finish(config)
    }
}

/// Where the texts come from, and all that was wrong with them.
struct SettingsReader<'a, E> {
    args: &'a ServeArgs,
    environment: E,
    /// What the file says and nobody has asked for yet.
    file: BTreeMap<String, String>,
    file_name: String,
    errors: Vec<String>,
}

impl<'a, E: Fn(&str) -> Option<String>> SettingsReader<'a, E> {
    fn new(args: &'a ServeArgs, environment: E) -> Self {
        let named = environment("RAPPORT_CONFIG").filter(|name| !name.is_empty());
        let path = args.config.clone().or_else(|| named.map(PathBuf::from));
        let mut read = Self { args, environment, file: BTreeMap::new(), file_name: String::new(), errors: Vec::new() };
        if let Some(path) = path {
            read.file_name = path.display().to_string();
            match read_table(&path) {
                Ok(table) => read.flatten("", table),
                Err(error) => read.errors.push(format!("{}: {error}", read.file_name)),
            }
        }
        read
    }

    fn flatten(&mut self, prefix: &str, table: toml::Table) {
        for (name, value) in table {
            let name = format!("{prefix}{name}");
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(on) => on.to_string(),
                toml::Value::Table(section) => {
                    self.flatten(&format!("{name}."), section);
                    continue;
                }
                toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) => {
                    self.errors.push(format!("{name} ({}): must be a text, an integer or a boolean", self.file_name));
                    continue;
                }
            };
            self.file.insert(name, text);
        }
    }

    /// The value of a key from the first source that has one, or its default. A bad value is noted and the default stands in
    /// for it, so that the rest is read too.
    fn value<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, String>) -> T {
        let default = || KEYS.iter().find(|key| key.name == name).and_then(|key| parse(key.default).ok());
        self.optional(name, parse).or_else(default).expect("every key has a default that can be read, as a test shows")
    }

    /// The same for a key that has no default.
    fn optional<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        let from_file = self.file.remove(name);
        let variable = environment::variable(name);
        let (text, source) = if let Some(text) = flag(self.args, name) {
            (text.to_owned(), format!("--{}", name.replace('_', "-")))
        // Deployment tools set variables to nothing where they mean that nothing is set.
        } else if let Some(text) = (self.environment)(&variable).filter(|text| !text.is_empty()) {
            (text, variable)
        } else if let Some(text) = from_file {
            (text, self.file_name.clone())
        } else {
            return None;
        };
        parse(text.trim()).map_err(|error| self.errors.push(format!("{name} ({source}): {error}"))).ok()
    }

    /// The URL from where it is, which may be a file of its own.
    fn database_url(&mut self) -> Option<Secret> {
        if self.args.database_url.as_deref().is_some_and(has_password) {
            self.errors.push(format!("database_url (--database-url): {PASSWORD_LISTED}"));
        }
        let told = self.optional("database_url", database_url);
        let from_file = self.optional("database_url_file", database_url_from);
        if told.is_some() && from_file.is_some() {
            self.errors.push("database_url_file: must not be set where database_url is".to_owned());
        }
        told.or(from_file)
    }

    /// All of it or nothing: half of it would look as if people could sign in.
    fn oidc(&mut self) -> Option<Oidc> {
        let issuer = self.optional("oidc.issuer", issuer);
        let client_id = self.optional("oidc.client_id", text);
        let client_secret_file = self.optional("oidc.client_secret_file", path);
        let public_url = self.optional("oidc.public_url", public_url);
        let scopes = self.value("oidc.scopes", scopes);
        let subject_claim = self.value("oidc.subject_claim", text);
        let teams_claim = self.optional("oidc.teams_claim", text);
        let roles = self.optional("oidc.roles", role_rules);
        let needed = [
            ("oidc.issuer", issuer.is_some()),
            ("oidc.client_id", client_id.is_some()),
            ("oidc.public_url", public_url.is_some()),
            ("oidc.roles", roles.is_some()),
        ];
        let is_wanted =
            needed.iter().any(|(_, is_set)| *is_set) || client_secret_file.is_some() || teams_claim.is_some();
        for (name, is_set) in needed {
            // One that is there and wrong was told already.
            let was_told = self.errors.iter().any(|error| error.starts_with(name));
            if is_wanted && !is_set && !was_told {
                self.errors.push(format!("{name}: must be set where another key of oidc is"));
            }
        }
        Some(Oidc {
            issuer: issuer?,
            client_id: client_id?,
            client_secret_file,
            public_url: public_url?,
            scopes,
            subject_claim,
            teams_claim,
            roles: roles?,
        })
    }

    /// One of the two files without the other is a mistake, and must not end in plain text.
    fn tls(
        &mut self,
        certificate_file: Option<PathBuf>,
        key_file: Option<PathBuf>,
        reload_interval: Duration,
    ) -> Option<Tls> {
        match (certificate_file, key_file) {
            (Some(certificate_file), Some(key_file)) => Some(Tls { certificate_file, key_file, reload_interval }),
            (None, None) => None,
            (Some(_), None) => {
                self.errors.push("tls.key_file: must be set where tls.certificate_file is".to_owned());
                None
            }
            (None, Some(_)) => {
                self.errors.push("tls.certificate_file: must be set where tls.key_file is".to_owned());
                None
            }
        }
    }

    fn finish(mut self, config: Config) -> Result<Config, ConfigErrors> {
        for unknown in self.file.keys() {
            self.errors.push(format!("{unknown} ({}): there is no such key", self.file_name));
        }
        let limits = &config.limits;
        if limits.max_batch_message_bytes < limits.max_message_bytes {
            self.errors.push("limits.max_batch_message_bytes: must not be less than limits.max_message_bytes".into());
        }
        if self.errors.is_empty() { Ok(config) } else { Err(ConfigErrors(self.errors)) }
    }
}

/// What the flag of a key says, if the key has one.
fn flag<'a>(args: &'a ServeArgs, name: &str) -> Option<&'a str> {
    match name {
        "listen" => args.listen.as_deref(),
        "data_dir" => args.data_dir.as_deref(),
        "database_url" => args.database_url.as_deref(),
        "database_url_file" => args.database_url_file.as_deref(),
        "time_zone" => args.time_zone.as_deref(),
        "default_country" => args.default_country.as_deref(),
        "reflection" => args.reflection.as_deref(),
        "console" => args.console.as_deref(),
        _ => None,
    }
}

fn read_table(path: &Path) -> Result<toml::Table, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    text.parse::<toml::Table>().map_err(|error| {
        // Not the error's own text: it quotes the line, which may hold a password.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {}: {}", before.matches('\n').count() + 1, error.message())
    })
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an address and a port, such as 127.0.0.1:50051"))
}

fn text(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn path(path: &str) -> Result<PathBuf, String> {
    text(path).map(PathBuf::from)
}

fn database_url(text: &str) -> Result<Secret, String> {
    const SCHEMES: [&str; 3] = ["postgres://", "postgresql://", "sqlite:"];
    if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
        Ok(Secret::new(text))
    } else {
        // The value is not repeated: it may hold a password.
        Err("must begin with postgres:// or sqlite:".to_owned())
    }
}

/// Reads the URL in a file. Deployment tools mount it with whatever rights they give to such files, so these are not looked at.
fn database_url_from(file: &str) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path(file)?).map_err(|error| error.to_string())?;
    database_url(text.trim())
}

const PASSWORD_LISTED: &str = "must not hold a password, since every user of this machine can list the arguments of a command: \
    set RAPPORT_DATABASE_URL, or give a file that holds the URL with --database-url-file, or leave the password out and put \
    it into ~/.pgpass (or the file that PGPASSFILE names)";

/// Whether a URL says a password, before the host or among the parameters.
pub(crate) fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let parameters = rest.split_once('?').map(|(_, parameters)| parameters).unwrap_or_default();
    let is_password =
        |one: &str| one.split_once('=').is_some_and(|(name, _)| ["password", "sslpassword"].contains(&name));
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
        || parameters.split(['&', '#']).any(is_password)
}

fn at_least_one<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    let number: Option<NonZeroU64> = text.parse().ok();
    number
        .and_then(|number| N::try_from(number.get()).ok())
        .ok_or_else(|| format!("{text:?} is not a number from 1 up that fits"))
}

fn rate(text: &str) -> Result<NonZeroU32, String> {
    at_least_one::<u32>(text).and_then(|rate| NonZeroU32::new(rate).ok_or_else(|| "must not be 0".to_owned()))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{text:?} is not a number from 0 to 1"))
}

fn http_url(text: &str) -> Result<String, String> {
    let url = text.parse::<http::Uri>().ok().filter(|url| url.authority().is_some());
    match url.as_ref().and_then(http::Uri::scheme_str) {
        Some("http" | "https") => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is not a URL such as http://127.0.0.1:4317")),
    }
}

/// A URL without a query, whose answers nobody on the way can read or change.
fn private_url(text: &str) -> Result<(), String> {
    let url = Url::read(text)?;
    if !url.is_https && !url.is_here() {
        return Err("must begin with https://, unless it leads to this machine".to_owned());
    }
    if url.path.contains('?') { Err("must not have a query".to_owned()) } else { Ok(()) }
}

fn issuer(text: &str) -> Result<String, String> {
    private_url(text).map(|()| text.to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    private_url(text).map(|()| format!("{}/", text.trim_end_matches('/')))
}

fn scopes(text: &str) -> Result<String, String> {
    let is_asked = text.split_whitespace().any(|scope| scope == "openid");
    if is_asked { Ok(text.to_owned()) } else { Err(format!("{text:?} does not hold openid")) }
}

/// A line each, since a value may hold whatever else could stand between two.
fn role_rules(text: &str) -> Result<Vec<RoleRule>, String> {
    let read = |line: &str| {
        let (role, rest) = line.split_once(char::is_whitespace)?;
        let (claim, value) = rest.trim_start().split_once(char::is_whitespace)?;
        Some(RoleRule { role: role.to_owned(), claim: claim.to_owned(), value: value.trim_start().to_owned() })
    };
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let rules: Vec<_> = lines
        .map(|(before, line)| {
            let rule = || format!("line {} must be ROLE CLAIM VALUE, such as supervisor groups leads", before + 1);
            read(line).ok_or_else(rule)
        })
        .collect::<Result<_, _>>()?;
    if rules.is_empty() { Err("must not be empty".to_owned()) } else { Ok(rules) }
}

fn uri_reference(text: &str) -> Result<String, String> {
    let is_one = (1..=256).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte));
    if is_one { Ok(text.to_owned()) } else { Err(format!("{text:?} is not a URI reference such as /rapport")) }
}

/// Origins as browsers write them: exact, so neither patterns nor a path, nor what a browser would leave out.
fn origins(text: &str) -> Result<Vec<String>, String> {
    text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(origin).collect()
}

fn origin(text: &str) -> Result<String, String> {
    let rule = || format!("{text:?} is not an origin as a browser sends it, such as https://desk.example");
    let (scheme, host) = text.split_once("://").ok_or_else(rule)?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return Err(rule()),
    };
    let url: http::Uri = text.parse().map_err(|_| rule())?;
    let plain = !host.is_empty()
        && !host.contains(['/', '*', '@', '?', '#'])
        && !host.ends_with(default_port)
        && host.chars().all(|letter| !letter.is_uppercase())
        && url.host().is_some_and(|host| !host.is_empty());
    if plain { Ok(text.to_owned()) } else { Err(rule()) }
}

fn group(text: &str) -> Result<usize, String> {
    const MOST: usize = 500;
    let rule = || format!("{text:?} is not a number from 1 to {MOST}");
    at_least_one(text).map_err(|_| rule()).and_then(|number| if number <= MOST { Ok(number) } else { Err(rule()) })
}

fn bytes(text: &str) -> Result<usize, String> {
    // gRPC prefixes a message with its length in 32 bits; anything near that is a mistake anyway.
    const MOST: usize = 1024 * MIB;
    let (number, unit) = match text {
        kib if kib.ends_with("KiB") => (kib.trim_end_matches("KiB"), KIB),
        mib if mib.ends_with("MiB") => (mib.trim_end_matches("MiB"), MIB),
        plain => (plain, 1),
    };
    at_least_one::<usize>(number.trim_end())
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|size| *size <= MOST)
        .ok_or_else(|| format!("{text:?} is not a size up to 1 GiB, such as 65536, 256KiB or 4MiB"))
}

/// Reads a duration as people write it, `90s` or `1h 30m`; more than nothing.
pub fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .filter(SignedDuration::is_positive)
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| format!("{text:?} is not a duration such as 500ms, 10s or 1h"))
}

fn country(code: &str) -> Result<Country, String> {
    Country::of(code).ok_or_else(|| format!("{code:?} is not a country as ISO 3166 has it, such as CN"))
}

fn zone(name: &str) -> Result<Zone, String> {
    TimeZone::get(name)
        .map(|rules| Zone { name: name.to_owned(), rules })
        .map_err(|_| format!("{name:?} is not an IANA time zone, such as Europe/Berlin"))
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(format!("{text:?} is neither on nor off")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither text nor json")),
    }
}

fn logged_calls(text: &str) -> Result<LoggedCalls, String> {
    match text {
        "notable" => Ok(LoggedCalls::Notable),
        "all" => Ok(LoggedCalls::All),
        _ => Err(format!("{text:?} is neither notable nor all")),
    }
}

fn log_filter(filter: &str) -> Result<String, String> {
    match EnvFilter::try_new(filter) {
        Ok(_) => text(filter),
        Err(error) => Err(format!("{filter:?}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet, io::Write as _};

    use super::*;

    /// The table of docs/configuration.md is that of the keys, in their order.
    #[test]
    fn the_documentation_is_that_of_the_keys() {
        let page = include_str!("../docs/configuration.md");
        let row = |key: &Key| {
            let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
            format!("| `{}` | {default} | {} |\n", key.name, key.doc)
        };
        let table: String = KEYS.iter().map(row).collect();
        assert!(page.contains(&table), "docs/configuration.md must have these rows:\n{table}");
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn file(text: &str) -> (tempfile::NamedTempFile, ServeArgs) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let args = ServeArgs { config: Some(file.path().to_owned()), ..ServeArgs::default() };
        (file, args)
    }

    #[test]
    fn every_key_is_documented_and_read_and_has_a_default_that_is_good() {
        let asked = RefCell::new(BTreeSet::new());
        let default = Config::resolve(&ServeArgs::default(), |name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        });
        assert!(default.is_ok());
        let mut documented: BTreeSet<_> = KEYS.iter().map(|key| environment::variable(key.name)).collect();
        documented.insert("RAPPORT_CONFIG".to_owned());
        assert_eq!(asked.into_inner(), documented);
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let (_file, mut args) = file(
            "listen = '127.0.0.1:1'\ntime_zone = 'Asia/Kolkata'\ndata_dir = 'from-file'\nreflection = true\n\
             [limits]\ncall_timeout = '1500ms'\nmax_message_bytes = 65_536",
        );
        args.listen = Some("127.0.0.1:3".to_owned());
        let config = Config::resolve(&args, |name| match name {
            "RAPPORT_LISTEN" => Some("127.0.0.1:2".to_owned()),
            "RAPPORT_TIME_ZONE" => Some("Europe/Berlin".to_owned()),
            _ => None,
        })
        .unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.time_zone.name, "Europe/Berlin");
        assert_eq!(config.data_dir, PathBuf::from("from-file"));
        assert!(config.reflection);
        assert_eq!(config.limits.call_timeout, Duration::from_millis(1500));
        assert_eq!(config.limits.max_message_bytes, 65_536);
        assert_eq!(config.recording.queue, 4096);
    }

    #[test]
    fn the_environment_may_name_the_file() {
        let (file, _) = file("[recording]\ngroup_max = 1");
        let path = file.path().display().to_string();
        let config =
            Config::resolve(&ServeArgs::default(), |name| (name == "RAPPORT_CONFIG").then(|| path.clone())).unwrap();
        assert_eq!(config.recording.group_max, 1);
    }

    #[test]
    fn every_error_is_reported_at_once_with_its_source() {
        let (_file, mut args) = file(
            "lisen = 'x'\ntime_zone = 'Mars/Olympus'\n[auth]\nissuer = ''\nmax_token_lifetime = '0s'\nkeys = [1]\n\
             [recording]\ngroup_max = 501\nqueue = 0\n[limits]\nmax_message_bytes = '8MiB'\n[log]\nformat = 'xml'",
        );
        args.listen = Some("everywhere".to_owned());
        let errors =
            Config::resolve(&args, |name| (name == "RAPPORT_REFLECTION").then(|| "perhaps".to_owned())).unwrap_err().0;
        let expected = [
            "auth.keys (",
            "listen (--listen): \"everywhere\"",
            "time_zone (",
            "reflection (RAPPORT_REFLECTION): \"perhaps\"",
            "auth.issuer (",
            "auth.max_token_lifetime (",
            "recording.group_max (",
            "recording.queue (",
            "log.format (",
            "lisen (",
            "limits.max_batch_message_bytes: must not",
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.starts_with(expected), "{error} / {expected}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let url = "postgres://me:hunter2@db/x";
        let set = |name: &str| (name == "RAPPORT_DATABASE_URL").then(|| url.to_owned());
        let config = Config::resolve(&ServeArgs::default(), set).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.database_url.unwrap().expose(), url);

        let args = ServeArgs { database_url: Some("mysql://me:hunter2@db/x".to_owned()), ..ServeArgs::default() };
        assert!(!Config::resolve(&args, nothing).unwrap_err().to_string().contains("hunter2"));

        let (_file, args) = file("listen = '127.0.0.1:1'\ndatabase_url = \"postgres://me:hunter2@db/x\n");
        let error = Config::resolve(&args, nothing).unwrap_err().to_string();
        assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_password_is_not_taken_from_the_command_line() {
        for (url, has) in [
            ("postgres://me:hunter2@db/x", true),
            ("postgresql://me:hunter2@db:5432/x?host=/tmp", true),
            ("postgres://me@db/x?sslmode=require&password=hunter2", true),
            ("postgres://me@db:5432/x?host=/a@b:c", false),
            ("postgres://me:@db/x", false),
            ("sqlite:a/b.db", false),
        ] {
            let args = ServeArgs { database_url: Some(url.to_owned()), ..ServeArgs::default() };
            let resolved = Config::resolve(&args, nothing);
            assert_eq!(resolved.is_err(), has, "{url}");
            let said = resolved.err().map(|error| error.to_string()).unwrap_or_default();
            let words = ["RAPPORT_DATABASE_URL", "--database-url-file", ".pgpass"];
            assert!(!has || words.iter().all(|word| said.contains(word)) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn the_url_of_the_database_may_be_in_a_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"postgres://me:hunter2@db/x\n").unwrap();
        let path = file.path().display().to_string();
        let args = ServeArgs { database_url_file: Some(path.clone()), ..ServeArgs::default() };
        let url = |config: Config| config.database_url.unwrap().expose().to_owned();
        assert_eq!(url(Config::resolve(&args, nothing).unwrap()), "postgres://me:hunter2@db/x");
        let set = |name: &str| (name == "RAPPORT_DATABASE_URL_FILE").then(|| path.clone());
        assert_eq!(url(Config::resolve(&ServeArgs::default(), set).unwrap()), "postgres://me:hunter2@db/x");
        let both = ServeArgs { database_url: Some("sqlite:x".to_owned()), ..ServeArgs::default() };
        assert!(Config::resolve(&both, set).unwrap_err().to_string().contains("must not be set where database_url is"));
        let args = ServeArgs { database_url_file: Some(format!("{path}.gone")), ..ServeArgs::default() };
        assert!(Config::resolve(&args, nothing).unwrap_err().to_string().contains("--database-url-file"));
    }

    #[test]
    fn sizes_and_durations_read_as_people_write_them() {
        assert_eq!(bytes("4 MiB"), Ok(4 * MIB));
        assert_eq!(bytes("1"), Ok(1));
        assert!(bytes("0").is_err() && bytes("2048MiB").is_err() && bytes("1MB").is_err());
        assert!(bytes("18446744073709551615KiB").is_err());
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert!(duration("-1s").is_err() && duration("10").is_err());
    }

    #[test]
    fn origins_are_exact() {
        let two = vec!["https://desk.example".to_owned(), "http://127.0.0.1:8080".to_owned()];
        assert_eq!(origins("https://desk.example, http://127.0.0.1:8080"), Ok(two));
        for wrong in [
            "*",
            "desk.example",
            "https://*.example",
            "https://desk.example/",
            "https://desk.example:443",
            "https://Desk.example",
            "ftp://desk.example",
            "https://me@desk.example",
            "null",
        ] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_needs_its_key() {
        for (given, missing) in [("certificate", "tls.key_file"), ("key", "tls.certificate_file")] {
            let variable = format!("RAPPORT_TLS_{}_FILE", given.to_uppercase());
            let resolved =
                Config::resolve(&ServeArgs::default(), |name| (name == variable).then(|| "some.pem".to_owned()));
            let error = resolved.unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn an_identity_provider_is_set_in_full_or_not_at_all() {
        let resolve = |section: &str| {
            let (_file, args) = file(&format!("[oidc]\n{section}"));
            Config::resolve(&args, nothing)
        };
        let whole = "issuer = 'https://login.example/desk'\nclient_id = 'rapport'\npublic_url = 'https://desk.example/console'\n\
                     roles = '''\n  admin   groups  CN=Leads, OU=Desk \n\nstaff /realm_access/roles desk\n'''";
        let oidc = resolve(whole).unwrap().oidc.unwrap();
        assert_eq!((oidc.public_url.as_str(), oidc.scopes.as_str()), ("https://desk.example/console/", "openid"));
        let rule = |[role, claim, value]: [&str; 3]| RoleRule {
            role: role.to_owned(),
            claim: claim.to_owned(),
            value: value.to_owned(),
        };
        let expected = [["admin", "groups", "CN=Leads, OU=Desk"], ["staff", "/realm_access/roles", "desk"]].map(rule);
        assert_eq!(oidc.roles, expected);
        assert!(resolve("").unwrap().oidc.is_none());
        for (section, key, expected) in [
            ("client_id = 'rapport'", "oidc.issuer", "must be set where another key of oidc is"),
            ("teams_claim = 'teams'", "oidc.roles", "must be set where another key of oidc is"),
            ("issuer = 'http://login.example'", "oidc.issuer", "must begin with https://, unless it leads to this"),
            ("issuer = 'https://login.example/?a=b'", "oidc.issuer", "must not have a query"),
            ("public_url = 'https://desk.example/#/'", "oidc.public_url", "must not have a fragment"),
            ("public_url = 'desk.example'", "oidc.public_url", "must begin with https://"),
            ("scopes = 'profile'", "oidc.scopes", "\"profile\" does not hold openid"),
            ("roles = ' '", "oidc.roles", "must not be empty"),
            ("roles = '''admin groups a\nstaff groups'''", "oidc.roles", "line 2 must be ROLE CLAIM VALUE"),
        ] {
            let errors = resolve(section).unwrap_err().0;
            let told = errors.iter().find(|error| error.starts_with(key));
            assert!(told.is_some_and(|error| error.contains(expected)), "{section}: {errors:#?}");
        }
        // What is wrong and what is missing are told at once, each of them once.
        let errors = resolve("issuer = 'http://login.example'\nclient_id = 'rapport'").unwrap_err().0;
        assert_eq!(errors.len(), 3, "{errors:#?}");
    }

    #[test]
    fn flags_are_well_formed() {
        use clap::{Args as _, FromArgMatches as _};
        let command = ServeArgs::augment_args(clap::Command::new("serve"));
        command.clone().debug_assert();
        let parse = |line: &[&str]| ServeArgs::from_arg_matches(&command.clone().get_matches_from(line)).unwrap();
        assert_eq!(parse(&["serve"]).reflection, None);
        assert_eq!(parse(&["serve", "--reflection"]).reflection.as_deref(), Some("on"));
        assert_eq!(parse(&["serve", "--reflection=off"]).reflection.as_deref(), Some("off"));
    }
}
