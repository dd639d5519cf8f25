//! The RPC of the audit trail.

use prost::Message as _;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query as Select},
};
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
    follow_up,
    interaction::store::hidden_ids,
    page::Query,
    rating::store::entity::rating,
    reach::Oneself,
    store::{Store, set},
    survey::entity::{invitation, reply},
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
                    actor_role: line.actor_role.0.into(),
                    action: line.action.0.into(),
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

/// What the trail calls complaints about a person, the ratings and replies that came of them, and follow-ups about them.
async fn complaints(connection: &impl ConnectionTrait, person: Option<&str>) -> Result<Vec<String>> {
    let hidden: Vec<Uuid> = hidden_ids(connection, person).await?.into_iter().collect();
    let mut found: Vec<String> = hidden.iter().map(Uuid::to_string).collect();
    if let Some(person) = person {
        found.extend(follow_up::hidden_statements(connection, person).await?);
    }
    // Also where there is nothing to hide: who is answered sooner would know.
    let listed = || set::one_of_ids(connection.get_database_backend(), hidden.iter().copied());
    let ratings = rating::Entity::find().filter(rating::Column::InteractionId.in_subquery(listed()));
    let ratings = ratings.select_only().column(rating::Column::Id);
    let invitations = Select::select()
        .column(invitation::Column::Id)
        .from(invitation::Entity)
        .and_where(Expr::col(invitation::Column::InteractionId).in_subquery(listed()))
        .take();
    let replies = reply::Entity::find().filter(reply::Column::InvitationId.in_subquery(invitations));
    let replies = replies.select_only().column(reply::Column::Id);
    let ids: [Vec<Uuid>; 2] =
        [ratings.into_tuple().all(connection).await?, replies.into_tuple().all(connection).await?];
    found.extend(ids.iter().flatten().map(Uuid::to_string));
    Ok(found)
}
