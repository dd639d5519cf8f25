//! Callers: a connection and a token.

use std::sync::atomic::{AtomicU64, Ordering};

use rapport::api::v1::{
    self, Customer, Interaction, RecordInteractionRequest, RecordInteractionResponse, StaffMember, Team,
    audit_service_client::AuditServiceClient, calendar_service_client::CalendarServiceClient,
    callback_service_client::CallbackServiceClient, commitment_service_client::CommitmentServiceClient,
    competition_service_client::CompetitionServiceClient, contact_service_client::ContactServiceClient,
    contest_service_client::ContestServiceClient, directory_service_client::DirectoryServiceClient,
    discretion_service_client::DiscretionServiceClient, event_service_client::EventServiceClient,
    follow_up_service_client::FollowUpServiceClient, identity_service_client::IdentityServiceClient,
    import_service_client::ImportServiceClient, incident_service_client::IncidentServiceClient,
    interaction_service_client::InteractionServiceClient, journey_service_client::JourneyServiceClient,
    operations_service_client::OperationsServiceClient, preference_service_client::PreferenceServiceClient,
    presence_service_client::PresenceServiceClient, privacy_service_client::PrivacyServiceClient,
    quality_service_client::QualityServiceClient, rating_service_client::RatingServiceClient,
    session_service_client::SessionServiceClient, survey_service_client::SurveyServiceClient,
    trial_service_client::TrialServiceClient, voice_service_client::VoiceServiceClient,
};
use tonic::{
    Request, Response, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

pub(crate) type Authorized = InterceptedService<Channel, Bearer>;

/// Puts `authorization` headers before every call, as many as there are.
#[derive(Clone)]
pub(crate) struct Bearer(Vec<MetadataValue<Ascii>>);

impl Bearer {
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn of(token: &str) -> Self {
        Self::headers([format!("Bearer {token}").parse().unwrap()])
    }

    pub(crate) fn headers(values: impl IntoIterator<Item = MetadataValue<Ascii>>) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for value in &self.0 {
            request.metadata_mut().append("authorization", value.clone());
        }
        Ok(request)
    }
}

#[derive(Clone)]
pub(crate) struct Caller {
    service: Authorized,
}

impl Caller {
    pub(crate) fn new(channel: Channel, bearer: Bearer) -> Self {
        Self { service: InterceptedService::new(channel, bearer) }
    }

    pub(crate) fn service(&self) -> Authorized {
        self.service.clone()
    }

    pub(crate) fn directory(&self) -> DirectoryServiceClient<Authorized> {
        DirectoryServiceClient::new(self.service())
    }

    pub(crate) fn interactions(&self) -> InteractionServiceClient<Authorized> {
        InteractionServiceClient::new(self.service())
    }

    pub(crate) fn contacts(&self) -> ContactServiceClient<Authorized> {
        ContactServiceClient::new(self.service())
    }

    pub(crate) fn contests(&self) -> ContestServiceClient<Authorized> {
        ContestServiceClient::new(self.service())
    }

    pub(crate) fn surveys(&self) -> SurveyServiceClient<Authorized> {
        SurveyServiceClient::new(self.service())
    }

    pub(crate) fn ratings(&self) -> RatingServiceClient<Authorized> {
        RatingServiceClient::new(self.service())
    }

    pub(crate) fn quality(&self) -> QualityServiceClient<Authorized> {
        QualityServiceClient::new(self.service())
    }

    pub(crate) fn competitions(&self) -> CompetitionServiceClient<Authorized> {
        CompetitionServiceClient::new(self.service())
    }

    pub(crate) fn preferences(&self) -> PreferenceServiceClient<Authorized> {
        PreferenceServiceClient::new(self.service())
    }

    pub(crate) fn identity(&self) -> IdentityServiceClient<Authorized> {
        IdentityServiceClient::new(self.service())
    }

    pub(crate) fn imports(&self) -> ImportServiceClient<Authorized> {
        ImportServiceClient::new(self.service())
    }

    pub(crate) fn operations(&self) -> OperationsServiceClient<Authorized> {
        OperationsServiceClient::new(self.service())
    }

    pub(crate) fn trials(&self) -> TrialServiceClient<Authorized> {
        TrialServiceClient::new(self.service())
    }

    pub(crate) fn voice(&self) -> VoiceServiceClient<Authorized> {
        VoiceServiceClient::new(self.service())
    }

    pub(crate) fn journeys(&self) -> JourneyServiceClient<Authorized> {
        JourneyServiceClient::new(self.service())
    }

    pub(crate) fn incidents(&self) -> IncidentServiceClient<Authorized> {
        IncidentServiceClient::new(self.service())
    }

    pub(crate) fn follow_ups(&self) -> FollowUpServiceClient<Authorized> {
        FollowUpServiceClient::new(self.service())
    }

    pub(crate) fn callbacks(&self) -> CallbackServiceClient<Authorized> {
        CallbackServiceClient::new(self.service())
    }

    pub(crate) fn presence(&self) -> PresenceServiceClient<Authorized> {
        PresenceServiceClient::new(self.service())
    }

    pub(crate) fn sessions(&self) -> SessionServiceClient<Authorized> {
        SessionServiceClient::new(self.service())
    }

    pub(crate) fn commitments(&self) -> CommitmentServiceClient<Authorized> {
        CommitmentServiceClient::new(self.service())
    }

    pub(crate) fn discretion(&self) -> DiscretionServiceClient<Authorized> {
        DiscretionServiceClient::new(self.service())
    }

    pub(crate) fn events(&self) -> EventServiceClient<Authorized> {
        EventServiceClient::new(self.service())
    }

    pub(crate) fn calendars(&self) -> CalendarServiceClient<Authorized> {
        CalendarServiceClient::new(self.service())
    }

    pub(crate) fn privacy(&self) -> PrivacyServiceClient<Authorized> {
        PrivacyServiceClient::new(self.service())
    }

    pub(crate) fn audit(&self) -> AuditServiceClient<Authorized> {
        AuditServiceClient::new(self.service())
    }

    pub(crate) async fn upsert_team(&self, team: Team) -> Result<v1::UpsertTeamResponse, Status> {
        let request = v1::UpsertTeamRequest { request_id: request_id(), team: Some(team), ..Default::default() };
        self.directory().upsert_team(request).await.map(Response::into_inner)
    }

    pub(crate) async fn upsert_staff(&self, member: StaffMember) -> Result<v1::UpsertStaffMemberResponse, Status> {
        let request =
            v1::UpsertStaffMemberRequest { request_id: request_id(), staff_member: Some(member), ..Default::default() };
        self.directory().upsert_staff_member(request).await.map(Response::into_inner)
    }

    pub(crate) async fn upsert_customer(&self, customer: Customer) -> Result<v1::UpsertCustomerResponse, Status> {
        let request =
            v1::UpsertCustomerRequest { request_id: request_id(), customer: Some(customer), ..Default::default() };
        self.directory().upsert_customer(request).await.map(Response::into_inner)
    }

    /// Records under a request id of its own.
    pub(crate) async fn record(&self, interaction: Interaction) -> Result<RecordInteractionResponse, Status> {
        self.record_as(&request_id(), interaction).await
    }

    pub(crate) async fn record_as(
        &self,
        request_id: &str,
        interaction: Interaction,
    ) -> Result<RecordInteractionResponse, Status> {
        let request = RecordInteractionRequest { request_id: request_id.to_owned(), interaction: Some(interaction) };
        self.interactions().record_interaction(request).await.map(Response::into_inner)
    }

    pub(crate) async fn get(&self, interaction_id: &str) -> Result<Interaction, Status> {
        let request = v1::GetInteractionRequest { interaction_id: interaction_id.to_owned() };
        let answer = self.interactions().get_interaction(request).await?;
        Ok(answer.into_inner().interaction.unwrap())
    }
}

/// A request id that no other call of this process has.
pub(crate) fn request_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("request-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
