//! The RPCs of presence.

use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{Presence, Told, store as rows};
use crate::{
    api::{
        convert::{duration_micros, normal, optional, timestamp},
        v1::{self, presence_service_server::PresenceService},
    },
    call::{Call, mutation, page_size, respond},
    clock::Micros,
    context::Context,
    error::{Error, Reason, Result},
    page::Query,
    store::Store,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;
const MINUTE: Micros = 60_000_000;
/// How long it holds where nobody says.
const VALID_FOR: Micros = 10 * MINUTE;

/// Serves [`PresenceService`].
#[derive(Clone, Debug)]
pub struct PresenceApi {
    store: Store,
}

impl PresenceApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone() }
    }

    fn now(&self) -> Micros {
        self.store.clock().now_micros()
    }
}

fn write(presence: Presence) -> v1::Presence {
    v1::Presence {
        staff_id: presence.staff_id,
        team_id: presence.team_id,
        state: presence.state.into(),
        capacity: presence.capacity,
        set_time: Some(timestamp(presence.set_at)),
        lapse_time: Some(timestamp(presence.lapse_at)),
    }
}

#[tonic::async_trait]
impl PresenceService for PresenceApi {
    async fn set_presence(&self, request: Request<v1::SetPresenceRequest>) -> Answer<v1::SetPresenceResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SetPresence", id, &message);
            let state = message.state();
            let staff_id = optional(message.staff_id).or_else(|| caller.person().map(str::to_owned));
            let staff_id = staff_id.ok_or_else(|| Error::invalid("staff_id", Reason::FieldRequired, "must be set"))?;
            let told = Told {
                staff_id: staff_id.clone(),
                state,
                capacity: message.capacity.max(1),
                valid_for: message.valid_for.as_ref().map_or(VALID_FOR, duration_micros),
            };
            let set = self.store.change(mutation, move |tx, now| {
                let (scope, told) = (scope.clone(), told.clone());
                Box::pin(async move { rows::set(tx, &scope, &told, now).await })
            });
            set.await?;
            let presence = rows::find(self.store.reader(), &staff_id, self.now()).await?.map(write);
            Ok(v1::SetPresenceResponse { presence })
        })
        .await
    }

    async fn list_presence(&self, request: Request<v1::ListPresenceRequest>) -> Answer<v1::ListPresenceResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListPresenceRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListPresence", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.name_position(&message.page_token)?;
            let team_id = Some(normal(message.team_id)).filter(|team| !team.is_empty());
            let now = self.now();
            let whom = (&scope, team_id.as_deref());
            let read = |after, count| rows::list(self.store.reader(), whom, now, after, count);
            let place = |last: &Presence| last.staff_id.clone();
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read, place, String::into_bytes).await?;
            Ok(v1::ListPresenceResponse { presences: found.into_iter().map(write).collect(), next_page_token })
        })
        .await
    }
}
