//! What the commands that call a server share: where it is, who asks, and errors that a person can read.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use jiff::tz::TimeZone;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_types::{FieldViolation, StatusExt as _};

use super::out::one_line;
use crate::{
    api::v1::{
        GetOrganizationRequest, ItemError, audit_service_client::AuditServiceClient,
        calendar_service_client::CalendarServiceClient, callback_service_client::CallbackServiceClient,
        commitment_service_client::CommitmentServiceClient, competition_service_client::CompetitionServiceClient,
        contest_service_client::ContestServiceClient, directory_service_client::DirectoryServiceClient,
        discretion_service_client::DiscretionServiceClient, event_service_client::EventServiceClient,
        follow_up_service_client::FollowUpServiceClient, identity_service_client::IdentityServiceClient,
        incident_service_client::IncidentServiceClient, interaction_service_client::InteractionServiceClient,
        journey_service_client::JourneyServiceClient, preference_service_client::PreferenceServiceClient,
        presence_service_client::PresenceServiceClient, privacy_service_client::PrivacyServiceClient,
        quality_service_client::QualityServiceClient, rating_service_client::RatingServiceClient,
        survey_service_client::SurveyServiceClient, trial_service_client::TrialServiceClient,
        voice_service_client::VoiceServiceClient,
    },
    clock::{self, Clock},
    private_file,
};

/// Holds the caller's token, where no file does.
pub(super) const TOKEN_VARIABLE: &str = "RAPPORT_TOKEN";

/// Where the server is and who asks.
#[derive(Debug, Args)]
pub struct ClientArgs {
    /// Address of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub endpoint: String,
    /// PEM file with the certificate that vouches for an https server; without it those of this machine do
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File with the token to call it with, which only you can read [env: RAPPORT_TOKEN, the token itself]
    ///
    /// `rapport token` makes one.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Was the token itself once.
    #[arg(long = "token", hide = true, num_args = 0..=1, default_missing_value = "", allow_hyphen_values = true,
        value_parser = |_: &str| Ok::<_, std::convert::Infallible>(Gone))]
    pub token: Option<Gone>,
}

/// An argument that is taken no more, and not kept: every user of a machine can list the arguments of its processes.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

/// A connection with its token.
pub type Connection = InterceptedService<Channel, Bearer>;

/// A client of a server.
///
/// In a box: with every service that is added, commands that hold one by value grew until their futures were too large.
#[derive(Debug, Clone)]
pub struct Client(Box<Services>);

impl Deref for Client {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Services {
        &mut self.0
    }
}

/// The services of a server.
#[derive(Debug, Clone)]
pub struct Services {
    /// Teams, staff, customers.
    pub directory: DirectoryServiceClient<Connection>,
    /// Interactions.
    pub interactions: InteractionServiceClient<Connection>,
    /// Survey templates.
    pub surveys: SurveyServiceClient<Connection>,
    /// Ratings.
    pub ratings: RatingServiceClient<Connection>,
    /// Contests of ratings.
    pub contests: ContestServiceClient<Connection>,
    /// Assessments and praise.
    pub quality: QualityServiceClient<Connection>,
    /// Competitions.
    pub competitions: CompetitionServiceClient<Connection>,
    /// How customers like to be met.
    pub preferences: PreferenceServiceClient<Connection>,
    /// Consent, export, erasure.
    pub privacy: PrivacyServiceClient<Connection>,
    /// Who is whom.
    pub identity: IdentityServiceClient<Connection>,
    /// Incidents.
    pub incidents: IncidentServiceClient<Connection>,
    /// Two plans side by side.
    pub trials: TrialServiceClient<Connection>,
    /// What departments are told.
    pub voice: VoiceServiceClient<Connection>,
    /// The customer's journey.
    pub journeys: JourneyServiceClient<Connection>,
    /// Follow-ups.
    pub follow_ups: FollowUpServiceClient<Connection>,
    /// Callbacks.
    pub callbacks: CallbackServiceClient<Connection>,
    /// Who is on duty.
    pub presence: PresenceServiceClient<Connection>,
    /// Commitments.
    pub commitments: CommitmentServiceClient<Connection>,
    /// What customers are given.
    pub discretion: DiscretionServiceClient<Connection>,
    /// What happens, told to programs.
    pub events: EventServiceClient<Connection>,
    /// When people work.
    pub calendars: CalendarServiceClient<Connection>,
    /// The audit trail.
    pub audit: AuditServiceClient<Connection>,
}

impl ClientArgs {
    /// Connects, or says what is in the way.
    pub async fn connect(&self) -> anyhow::Result<Client> {
        Ok(Client::over(self.connection().await?))
    }

    /// The connection alone.
    pub async fn connection(&self) -> anyhow::Result<Connection> {
        let bearer = Bearer::new(&self.token()?)?;
        Ok(InterceptedService::new(channel(&self.endpoint, self.ca.as_deref()).await?, bearer))
    }
}

impl ClientArgs {
    /// The token: the file's before the environment's.
    fn token(&self) -> anyhow::Result<String> {
        if self.token.is_some() {
            bail!(
                "--token is gone, since every user of this machine can list the arguments of a command: give --token-file \
                 FILE, or set RAPPORT_TOKEN"
            );
        }
        let token = match &self.token_file {
            Some(file) => private_file::read_secret(file)
                .with_context(|| format!("cannot use --token-file {}", file.display()))?,
            None => std::env::var(TOKEN_VARIABLE).unwrap_or_default().trim().to_owned(),
        };
        anyhow::ensure!(
            !token.is_empty(),
            "no token: give --token-file or set {TOKEN_VARIABLE}; `rapport token` makes one"
        );
        Ok(token)
    }
}

/// Connects to a server, or says what is in the way.
pub(super) async fn channel(url: &str, ca: Option<&Path>) -> anyhow::Result<Channel> {
    endpoint(url, ca)?.connect().await.with_context(|| format!("no server answers at {url}"))
}

fn endpoint(url: &str, ca: Option<&Path>) -> anyhow::Result<Endpoint> {
    let mut endpoint = Endpoint::from_shared(url.to_owned())
        .ok()
        .filter(|endpoint| matches!(endpoint.uri().scheme_str(), Some("http" | "https")))
        .with_context(|| format!("--endpoint {url:?} is not a URL such as http://127.0.0.1:50051"))?;
    if endpoint.uri().scheme_str() == Some("https") {
        let trust = match ca {
            None => ClientTlsConfig::new().with_native_roots(),
            Some(file) => {
                let pem = std::fs::read(file).with_context(|| format!("cannot read --ca {}", file.display()))?;
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
        };
        endpoint = endpoint.tls_config(trust)?;
    }
    Ok(endpoint
        .connect_timeout(Duration::from_secs(10))
        // A server that is gone without a word must not keep a long import waiting forever.
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20)))
}

impl Client {
    /// A client that connects when it is first used.
    pub fn lazy(url: &str, token: &str) -> anyhow::Result<Self> {
        Ok(Self::over(InterceptedService::new(endpoint(url, None)?.connect_lazy(), Bearer::new(token)?)))
    }

    fn over(connection: Connection) -> Self {
        Self(Box::new(Services {
            directory: DirectoryServiceClient::new(connection.clone()),
            interactions: InteractionServiceClient::new(connection.clone()),
            surveys: SurveyServiceClient::new(connection.clone()),
            ratings: RatingServiceClient::new(connection.clone()),
            contests: ContestServiceClient::new(connection.clone()),
            quality: QualityServiceClient::new(connection.clone()),
            competitions: CompetitionServiceClient::new(connection.clone()),
            preferences: PreferenceServiceClient::new(connection.clone()),
            privacy: PrivacyServiceClient::new(connection.clone()),
            identity: IdentityServiceClient::new(connection.clone()),
            incidents: IncidentServiceClient::new(connection.clone()),
            trials: TrialServiceClient::new(connection.clone()),
            voice: VoiceServiceClient::new(connection.clone()),
            journeys: JourneyServiceClient::new(connection.clone()),
            follow_ups: FollowUpServiceClient::new(connection.clone()),
            callbacks: CallbackServiceClient::new(connection.clone()),
            presence: PresenceServiceClient::new(connection.clone()),
            commitments: CommitmentServiceClient::new(connection.clone()),
            discretion: DiscretionServiceClient::new(connection.clone()),
            events: EventServiceClient::new(connection.clone()),
            calendars: CalendarServiceClient::new(connection.clone()),
            audit: AuditServiceClient::new(connection),
        }))
    }

    /// The organisation's time zone.
    pub async fn organization_zone(&self) -> anyhow::Result<TimeZone> {
        let organization = self.directory.clone().get_organization(GetOrganizationRequest {}).await;
        let name = organization.map_err(|status| explain(&status))?.into_inner().time_zone;
        TimeZone::get(&name).with_context(|| format!("the organisation's time zone {name:?} is not known here"))
    }
}

/// What commands take that ask a server for something.
#[derive(Debug, Args)]
pub struct Common {
    /// Print JSON, an object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// A request id that nobody has used: of version 7, by which what is recorded one after the other is kept side by side.
pub fn request_id() -> String {
    clock::id_at(Clock::system().now_micros()).to_string()
}

/// Adds the token to every call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    fn new(token: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {token}").parse().map_err(|_| anyhow!("the token holds characters that no token has"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Bearer(…)")
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A refused call in words with its code and reason, every violation on a line of its own.
pub fn explain(status: &Status) -> anyhow::Error {
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let mut text = format!("the server answers {:?}", status.code());
    if let Some(info) = status.get_details_error_info() {
        text.push_str(&format!(" {}", one_line(&info.reason)));
    }
    text.push_str(": ");
    if violations.is_empty() {
        text.push_str(&one_line(if status.message().is_empty() { "no reason given" } else { status.message() }));
    } else {
        text.push_str("the request breaks these rules");
        let rule = |one: &FieldViolation| format!("{} {}", one.field, one.description);
        violations.iter().for_each(|one| text.push_str(&format!("\n  {}", one_line(&rule(one)))));
    }
    anyhow!(text)
}

/// Every reason why an item of a batch or stream was refused.
pub fn reasons(error: &ItemError) -> Vec<String> {
    if error.violations.is_empty() {
        return vec![error.message.clone()];
    }
    error.violations.iter().map(|one| format!("{} {}", one.field, one.description)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::status,
        error::{Error, Reason, Violation},
    };

    #[test]
    fn refusals_name_every_violation() {
        let error = Error::Invalid(vec![
            Violation::new("interaction.channel", Reason::FieldRequired, "must be set"),
            Violation::new("request_id", Reason::FieldRequired, "must not be empty"),
        ]);
        let expected = "the server answers InvalidArgument FIELD_REQUIRED: the request breaks these rules\n  \
                        interaction.channel must be set\n  request_id must not be empty";
        assert_eq!(explain(&status::of(error.clone())).to_string(), expected);
        assert_eq!(
            reasons(&status::of_item(error)),
            ["interaction.channel must be set", "request_id must not be empty"]
        );
        let plain = explain(&status::of(Error::TokenRejected)).to_string();
        assert_eq!(plain, "the server answers Unauthenticated TOKEN_REJECTED: a valid token is needed");
    }

    #[test]
    fn a_token_is_never_shown() {
        let bearer = Bearer::new("secret").unwrap();
        assert!(!format!("{bearer:?}").contains("secret"));
        assert!(Bearer::new("line\nbreak").is_err());
    }
}
