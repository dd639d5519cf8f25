//! The RPC of what the server does.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::{
        convert::timestamp,
        v1::{self, operations_service_server::OperationsService},
    },
    buckets::Buckets,
    call::{Call, respond},
    clock::Micros,
    context::Context,
    metrics::{Attempt, Metrics},
    store::Store,
};

/// Serves [`OperationsService`].
#[derive(Clone, Debug)]
pub struct OperationsApi {
    store: Store,
    metrics: Arc<Metrics>,
    id: Uuid,
    started_at: Micros,
}

impl OperationsApi {
    pub(crate) fn new(context: &Context, metrics: Arc<Metrics>) -> Self {
        let started_at = context.store.clock().now_micros();
        Self { store: context.store.clone(), metrics, id: Uuid::new_v4(), started_at }
    }

    fn status(&self) -> v1::GetServerStatusResponse {
        let metrics = &self.metrics;
        let attempts = |attempt| int64(metrics.webhook_attempts(attempt));
        let pools = self.store.pools().into_iter().map(|pool| v1::DatabasePool {
            name: pool.name.to_owned(),
            in_use: int32(pool.size.saturating_sub(pool.idle)),
            idle: int32(pool.idle),
        });
        let calls = metrics.calls().into_iter();
        v1::GetServerStatusResponse {
            server_id: self.id.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            start_time: Some(timestamp(self.started_at)),
            read_time: Some(timestamp(self.store.clock().now_micros())),
            database: self.store.kind().to_owned(),
            open_connections: int32(metrics.connections_open.get()),
            open_streams: int32(metrics.open_streams()),
            calls_in_flight: int32(metrics.calls_in_flight()),
            calls: calls.map(|(code, count)| v1::CodeCount { code: code.to_owned(), count: int64(count) }).collect(),
            call_seconds: Some(histogram(&metrics.all_seconds)),
            write_group_sizes: Some(histogram(&metrics.group_sizes.buckets)),
            pools: pools.collect(),
            webhook_attempts: Some(v1::WebhookAttemptCounts {
                delivered: attempts(Attempt::Delivered),
                failed: attempts(Attempt::Failed),
                dead_letters: attempts(Attempt::DeadLetter),
            }),
        }
    }
}

fn histogram(buckets: &Buckets) -> v1::Histogram {
    let (bounds, counts) = buckets.read();
    v1::Histogram { bounds, counts: counts.into_iter().map(int64).collect() }
}

/// As much as the contract's number holds.
fn int32(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

fn int64(count: u64) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[tonic::async_trait]
impl OperationsService for OperationsApi {
    async fn get_server_status(
        &self,
        request: Request<v1::GetServerStatusRequest>,
    ) -> Result<Response<v1::GetServerStatusResponse>, Status> {
        respond(async {
            Call::admit(&self.store, request).await?;
            Ok(self.status())
        })
        .await
    }
}
