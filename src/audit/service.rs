//! The RPC of the audit trail.

use prost::Message as _;
use sea_orm::ConnectionTrait;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::{
        convert::{optional, timestamp},
        v1::{self, AuditAction, audit_service_server::AuditService},
    },
    audit::{self, Wanted},
    call::{Call, page_size, respond},
    context::Context,
    error::Result,
    interaction::store::hidden_ids,
    page::Query,
    reach::Oneself,
    store::{Store, set},
};

const PAGE: u64 = 100;

/// Serves [`AuditService`].
#[derive(Clone, Debug)]
pub struct AuditApi {
    store: Store,
}

impl AuditApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone() }
    }
}

#[tonic::async_trait]
impl AuditService for AuditApi {
    async fn list_audit_events(
        &self,
        request: Request<v1::ListAuditEventsRequest>,
    ) -> Result<Response<v1::ListAuditEventsResponse>, Status> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListAuditEventsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListAuditEvents", &scope.binding(&caller), &bound.encode_to_vec());
            let before = query.id_position(&message.page_token)?;
            let limit = page_size(message.page_size, PAGE);
            let wanted = Wanted {
                action: Some(message.action()).filter(|action| *action != AuditAction::Unspecified),
                object_id: optional(message.object_id),
                actor: optional(message.actor),
                besides: Oneself::of(&caller),
                hidden: complaints(self.store.reader(), caller.person()).await?,
            };
            let read = |before, count| audit::list(self.store.reader(), wanted.clone(), before, count);
            let (lines, next_page_token) = query.page(limit, before, read, |last| last.id, Into::into).await?;
            let audit_events = lines
                .into_iter()
                .map(|line| v1::AuditEvent {
                    audit_event_id: line.id.to_string(),
                    event_time: Some(timestamp(line.event_at)),
                    actor: line.actor,
                    actor_role: line.actor_role.into(),
                    action: line.action.into(),
                    object_id: line.object_id,
                    reason: line.reason,
                    detail_json: line.detail.unwrap_or_default(),
                })
                .collect();
            Ok(v1::ListAuditEventsResponse { audit_events, next_page_token })
        })
        .await
    }
}

/// What the trail calls complaints about a person, and the ratings and replies that came of them.
async fn complaints(connection: &impl ConnectionTrait, person: Option<&str>) -> Result<Vec<String>> {
    let hidden: Vec<Uuid> = hidden_ids(connection, person).await?.into_iter().collect();
    let mut found: Vec<String> = hidden.iter().map(Uuid::to_string).collect();
    if hidden.is_empty() {
        return Ok(found);
    }
    let select = "SELECT id, interaction_id FROM rating";
    for row in set::among_ids(connection, select, "interaction_id", &hidden).await? {
        found.push(row.try_get::<Uuid>("", "id")?.to_string());
    }
    let select = "SELECT r.id FROM survey_reply r JOIN survey_invitation v ON v.id = r.invitation_id";
    for row in set::among_ids(connection, select, "v.interaction_id", &hidden).await? {
        found.push(row.try_get::<Uuid>("", "id")?.to_string());
    }
    Ok(found)
}
