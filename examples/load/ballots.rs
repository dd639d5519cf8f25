//! Casting ballots: the organisation's colleagues vote, and change their minds as often as they can.

use std::time::Duration;

use anyhow::Context as _;
use rapport::{
    api::v1::{
        CastBallotRequest, GetMyBallotRequest, RecordInteractionRequest, Role,
        competition_service_client::CompetitionServiceClient,
    },
    cli::client::{Client, explain},
    clock::Clock,
    server::{self, Running},
};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use crate::{
    Args, CONNECTIONS,
    measure::{self, Call, Figures},
    support::{databases::Fresh, organisation, vote},
};

const LIFE: Duration = Duration::from_secs(3_000);

/// Somebody with a token.
#[derive(Clone)]
struct Caller {
    client: CompetitionServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
}

impl Caller {
    fn new(running: &Running, channel: &Channel, role: Role, subject: &str) -> anyhow::Result<Self> {
        let token = running.authenticator().sign(role, subject, &[], LIFE)?;
        let client = CompetitionServiceClient::new(channel.clone());
        Ok(Self { client, authorization: format!("Bearer {token}").parse()? })
    }

    fn request<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }
}

/// A voter, with what they have cast.
struct Voter {
    caller: Caller,
    competition_id: String,
    panel: Vec<String>,
    revision: i64,
}

/// Voters who cast in turns.
struct Voters {
    voters: Vec<Voter>,
    next: usize,
}

impl Call for Voters {
    async fn call(&mut self, _: RecordInteractionRequest) -> anyhow::Result<()> {
        let count = self.voters.len();
        let voter = &mut self.voters[self.next % count];
        self.next += 1;
        voter.panel.rotate_left(1);
        let request = voter.caller.request(CastBallotRequest {
            request_id: format!("ballot-{}", voter.revision),
            competition_id: voter.competition_id.clone(),
            ballot_token: String::new(),
            entry_ids: voter.panel.clone(),
            revision: voter.revision,
        });
        let answer = voter.caller.client.cast_ballot(request).await.map_err(|status| explain(&status))?;
        voter.revision = answer.into_inner().receipt.context("no receipt")?.revision;
        Ok(())
    }
}

/// As many callers as calls in flight, each of a few voters.
pub(crate) async fn measure(args: &Args, database: &Fresh) -> anyhow::Result<Figures> {
    let mut config = database.config()?;
    config.limits.person_calls_per_second = std::num::NonZeroU32::MAX;
    let running = server::start(config, Clock::system()).await?;
    let url = format!("http://{}", running.address());
    let token = running.authenticator().sign(Role::App, "load", &[], LIFE)?;
    organisation::enrol(&Client::lazy(&url, &token)?).await?;
    let channels: Vec<Channel> = (0..CONNECTIONS)
        .map(|_| Ok(Endpoint::from_shared(url.clone())?.connect_lazy()))
        .collect::<anyhow::Result<_>>()?;
    let admin = Client::lazy(&url, &running.authenticator().sign(Role::Admin, "ada", &[], LIFE)?)?;
    let teams: Vec<String> = (0..organisation::TEAMS).map(|n| format!("team-{n}")).collect();
    let competition_id = vote::announce(&admin, "load", &teams).await?;
    vote::open(&admin, &competition_id).await?;

    let callers = args.in_flight.min(usize::try_from(organisation::STAFF)?);
    let mut voters: Vec<Voters> = (0..callers).map(|_| Voters { voters: Vec::new(), next: 0 }).collect();
    for n in 0..usize::try_from(organisation::STAFF)? {
        let mut caller = Caller::new(&running, &channels[n % CONNECTIONS], Role::Staff, &format!("agent-{n}"))?;
        let asked = GetMyBallotRequest { competition_id: competition_id.clone(), ballot_token: String::new() };
        let asked = caller.request(asked);
        let ballot = caller.client.get_my_ballot(asked).await.map_err(|status| explain(&status))?.into_inner();
        let panel = ballot.panel.into_iter().map(|entry| entry.entry_id).collect();
        voters[n % callers].voters.push(Voter { caller, competition_id: competition_id.clone(), panel, revision: 0 });
    }
    let figures = measure::calls(voters, args.seconds).await;
    drop(channels);
    running.stop().await?;
    figures
}
