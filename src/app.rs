//! The composition root: makes the services from one context, and says what a change in one domain sets off in others.

use std::sync::Arc;

use tokio::sync::watch;
use tonic::{server::NamedService, service::Routes};

use crate::{
    api::v1::{
        audit_service_server::AuditServiceServer, calendar_service_server::CalendarServiceServer,
        callback_service_server::CallbackServiceServer, commitment_service_server::CommitmentServiceServer,
        competition_service_server::CompetitionServiceServer, contact_service_server::ContactServiceServer,
        contest_service_server::ContestServiceServer, directory_service_server::DirectoryServiceServer,
        discretion_service_server::DiscretionServiceServer, event_service_server::EventServiceServer,
        follow_up_service_server::FollowUpServiceServer, identity_service_server::IdentityServiceServer,
        import_service_server::ImportServiceServer, incident_service_server::IncidentServiceServer,
        interaction_service_server::InteractionServiceServer, journey_service_server::JourneyServiceServer,
        operations_service_server::OperationsServiceServer, preference_service_server::PreferenceServiceServer,
        presence_service_server::PresenceServiceServer, privacy_service_server::PrivacyServiceServer,
        quality_service_server::QualityServiceServer, rating_service_server::RatingServiceServer,
        session_service_server::SessionServiceServer, survey_service_server::SurveyServiceServer,
        trial_service_server::TrialServiceServer, voice_service_server::VoiceServiceServer,
    },
    audit::{Trail, service::AuditApi},
    auth::Authenticator,
    calendar::{self, service::CalendarApi},
    callback::service::CallbackApi,
    clock_trust::Trusted,
    commitment::{self, service::CommitmentApi},
    competition::{BallotPages, CompetitionApi},
    config::Config,
    contact::service::ContactApi,
    contest::service::ContestApi,
    context::Context,
    deadline,
    directory::{self, service::DirectoryApi},
    discretion::service::DiscretionApi,
    entities,
    event::service::EventApi,
    follow_up::{self, service::FollowUpApi},
    identity::{claim, service::IdentityApi},
    import::service::ImportApi,
    incident::{self, linking, service::IncidentApi},
    interaction::{Reactions, service::InteractionApi, stream::StreamLimits},
    journey::service::JourneyApi,
    metrics::Metrics,
    operations::service::OperationsApi,
    preference::service::PreferenceApi,
    presence::service::PresenceApi,
    privacy::service::PrivacyApi,
    quality::service::QualityApi,
    rating::{self, service::RatingApi},
    session::service::SessionApi,
    store::Store,
    survey::{self, SurveyPages, service::SurveyApi},
    template,
    trial::service::TrialApi,
    vault::Vault,
    voice::{self, service::VoiceApi},
    watch::{WatchLimits, Watches},
    webhook::Target,
};

/// What interactions set off. Locks are taken in this order: the stream of interactions, which the transaction holds already;
/// ratings; the stream of invitations; that of follow-ups; that of incidents; that of notices.
const REACTIONS: Reactions = Reactions {
    is_rated: |tx, store, interaction| {
        Box::pin(async move {
            rating::store::lock(tx, store).await?;
            Ok(!rating::store::of_interaction(tx, interaction).await?.is_empty())
        })
    },
    moved: |tx, store, interaction, parties| {
        Box::pin(async move {
            rating::store::follow(tx, store, interaction, parties).await?;
            survey::follow(tx, interaction, parties.1).await
        })
    },
    awaits_any: template::store::INVITE_THEMSELVES,
    awaits_end: survey::invites_itself,
    ended: |tx, at, ended| Box::pin(survey::invite_themselves(tx, at, ended)),
    complained: |tx, store, complaints| Box::pin(follow_up::opening::of_complaints(tx, store, complaints)),
    awaits_fresh: linking::HITTING,
    fresh: |tx, store, fresh| Box::pin(linking::of_fresh(tx, store, fresh)),
};

/// What ratings set off. The stream of follow-ups comes after that of ratings, which the transaction holds, and that of invitations.
const RATED: rating::Reactions =
    rating::Reactions { low: |tx, store, low| Box::pin(follow_up::opening::of_ratings(tx, store, low)) };

/// What changes of calendars set off: clocks that run go on by the new ones, once for all domains that have some. Their streams are
/// locked in this order.
const RECKONING: calendar::Reactions = calendar::Reactions {
    changed: |tx, store, author| {
        Box::pin(async move {
            follow_up::lock(tx).await?;
            let now = voice::lock(tx, store).await?;
            let changed = deadline::store::recount(tx, now, author).await?;
            follow_up::recounted(tx, store, (author, &changed)).await?;
            voice::recounted(tx, store, (author, &changed)).await
        })
    },
};

/// What commitments ask of other domains.
const ASKED: commitment::Questions =
    commitment::Questions { is_incident: |tx, id| Box::pin(incident::store::stands(tx, id)) };

/// What the directory sets off. The stream of interactions is locked before any customer, as by all who erase.
const NAMING: directory::Reactions = directory::Reactions {
    naming: |tx, store| Box::pin(claim::lock(tx, store)),
    named: |tx, customer, names| Box::pin(claim::claim(tx, customer, names)),
};

/// The pages of people without an account.
#[derive(Clone)]
pub(crate) struct PublicPages {
    pub(crate) surveys: SurveyPages,
    pub(crate) ballots: BallotPages,
}

/// Every service of the contract, and their names.
pub(crate) fn services(
    config: &Config,
    store: &Store,
    metrics: &Arc<Metrics>,
    (stopping, trusted): (&watch::Receiver<bool>, &Trusted),
    (vault, authenticator): (Vault, Arc<Authenticator>),
    webhooks: Vec<Target>,
) -> (Routes, Vec<&'static str>, PublicPages) {
    fn name<S: NamedService>(_: &S) -> &'static str {
        S::NAME
    }
    let limits = &config.limits;
    let watch_limits = WatchLimits {
        max_life: limits.stream_max_life,
        heartbeat: limits.watch_heartbeat,
        slow_reader: limits.slow_reader,
    };
    let context = Context {
        store: store.clone(),
        vault,
        zone: config.time_zone.clone(),
        forms: config.normal_forms(),
        watches: Watches::new(watch_limits, stopping.clone(), metrics.clone()),
        stopping: stopping.clone(),
        trusted: trusted.clone(),
        trail: Trail::start(store, &config.recording),
        recording: config.recording.clone(),
        group_sizes: metrics.group_sizes.clone(),
        webhook_attempts: metrics.webhook_attempts.clone(),
    };
    let streams = StreamLimits { max_life: limits.stream_max_life, stopping: stopping.clone() };
    let (small, batches) = (limits.max_message_bytes, limits.max_batch_message_bytes);

    let directory = DirectoryServiceServer::new(DirectoryApi::new(&context, NAMING)).max_decoding_message_size(batches);
    let interactions = InteractionApi::new(&context, REACTIONS, streams);
    let interactions = InteractionServiceServer::new(interactions).max_decoding_message_size(batches);
    let contacts = ContactServiceServer::new(ContactApi::new(&context)).max_decoding_message_size(small);
    let surveys_by_page = SurveyPages::new(&context, RATED);
    let surveys = SurveyServiceServer::new(SurveyApi::new(&context, RATED)).max_decoding_message_size(small);
    let ratings = RatingServiceServer::new(RatingApi::new(&context, RATED)).max_decoding_message_size(batches);
    let contests = ContestServiceServer::new(ContestApi::new(&context)).max_decoding_message_size(small);
    let quality = QualityServiceServer::new(QualityApi::new(&context)).max_decoding_message_size(small);
    let competitions = CompetitionApi::new(&context);
    let pages = PublicPages { surveys: surveys_by_page, ballots: BallotPages::new(competitions.clone()) };
    let competitions = CompetitionServiceServer::new(competitions).max_decoding_message_size(small);
    let preferences = PreferenceServiceServer::new(PreferenceApi::new(&context)).max_decoding_message_size(small);
    let privacy =
        PrivacyServiceServer::new(PrivacyApi::new(&context, entities::all())).max_decoding_message_size(small);
    let identity = IdentityServiceServer::new(IdentityApi::new(&context)).max_decoding_message_size(small);
    let commitments =
        CommitmentServiceServer::new(CommitmentApi::new(&context, ASKED)).max_decoding_message_size(small);
    let discretion = DiscretionServiceServer::new(DiscretionApi::new(&context)).max_decoding_message_size(small);
    let follow_ups = FollowUpServiceServer::new(FollowUpApi::new(&context)).max_decoding_message_size(small);
    let incidents = IncidentServiceServer::new(IncidentApi::new(&context, REACTIONS)).max_decoding_message_size(small);
    let calendars =
        CalendarServiceServer::new(CalendarApi::new(&context, RECKONING)).max_decoding_message_size(batches);
    let events = EventApi::new(&context, config.events.source.clone(), webhooks);
    let events = EventServiceServer::new(events).max_decoding_message_size(small);
    let callbacks = CallbackServiceServer::new(CallbackApi::new(&context)).max_decoding_message_size(small);
    let presence = PresenceServiceServer::new(PresenceApi::new(&context)).max_decoding_message_size(small);
    let journeys = JourneyServiceServer::new(JourneyApi::new(&context)).max_decoding_message_size(small);
    let voice = VoiceServiceServer::new(VoiceApi::new(&context)).max_decoding_message_size(small);
    let trials = TrialServiceServer::new(TrialApi::new(&context)).max_decoding_message_size(small);
    let imports = ImportServiceServer::new(ImportApi::new(&context)).max_decoding_message_size(batches);
    let operations = OperationsApi::new(&context, metrics.clone());
    let operations = OperationsServiceServer::new(operations).max_decoding_message_size(small);
    let sessions = SessionApi::new(&context, authenticator, config.auth.session_lifetime);
    let sessions = SessionServiceServer::new(sessions).max_decoding_message_size(small);
    let audit = AuditServiceServer::new(AuditApi::new(&context)).max_decoding_message_size(small);
    let names = vec![
        name(&directory),
        name(&interactions),
        name(&contacts),
        name(&surveys),
        name(&ratings),
        name(&contests),
        name(&quality),
        name(&competitions),
        name(&preferences),
        name(&privacy),
        name(&identity),
        name(&calendars),
        name(&commitments),
        name(&discretion),
        name(&follow_ups),
        name(&incidents),
        name(&events),
        name(&callbacks),
        name(&presence),
        name(&voice),
        name(&trials),
        name(&journeys),
        name(&imports),
        name(&operations),
        name(&sessions),
        name(&audit),
    ];
    let routes = Routes::default().add_service(directory).add_service(interactions).add_service(contacts);
    let routes = routes.add_service(surveys).add_service(ratings).add_service(contests).add_service(quality);
    (
        routes
            .add_service(competitions)
            .add_service(preferences)
            .add_service(privacy)
            .add_service(identity)
            .add_service(calendars)
            .add_service(commitments)
            .add_service(discretion)
            .add_service(follow_ups)
            .add_service(incidents)
            .add_service(events)
            .add_service(callbacks)
            .add_service(presence)
            .add_service(voice)
            .add_service(trials)
            .add_service(journeys)
            .add_service(imports)
            .add_service(operations)
            .add_service(sessions)
            .add_service(audit),
        names,
        pages,
    )
}
