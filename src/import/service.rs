//! The RPCs of imported files.

use tonic::{Request, Response, Status};

use super::reading;
use crate::{
    api::v1::{self, import_service_server::ImportService},
    call::{Call, respond},
    config::Zone,
    context::Context,
    offload,
    store::Store,
};

type Answer<T> = Result<Response<T>, Status>;

/// Serves [`ImportService`].
#[derive(Clone, Debug)]
pub struct ImportApi {
    store: Store,
    zone: Zone,
}

impl ImportApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone(), zone: context.zone.clone() }
    }
}

#[tonic::async_trait]
impl ImportService for ImportApi {
    async fn suggest_mapping(&self, request: Request<v1::SuggestMappingRequest>) -> Answer<v1::SuggestMappingResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let now = self.store.clock().now_micros();
            offload::run(move || reading::suggest(&message, now)).await?
        })
        .await
    }

    async fn read_file(&self, request: Request<v1::ReadFileRequest>) -> Answer<v1::ReadFileResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let (zone, now) = (self.zone.rules.clone(), self.store.clock().now_micros());
            offload::run(move || reading::read(&message, &zone, now)).await?
        })
        .await
    }
}
