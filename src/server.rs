//! The server: what lies around the services, in which order, and how it starts and stops. Tests start this very
//! function.
//!
//! From the outside in: the call log (so that every answer is logged), admission (so that a flood is refused before it
//! costs anything), authentication, then the services, whose codec checks every message.

mod admission;
mod call_log;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::transport::{Server, server::TcpIncoming};
use tower::ServiceBuilder;

use self::{admission::AdmissionLayer, call_log::CallLogLayer};
use crate::{
    api::{
        DESCRIPTOR_SET,
        v1::{
            audit_service_server::AuditServiceServer, directory_service_server::DirectoryServiceServer,
            interaction_service_server::InteractionServiceServer,
        },
    },
    audit::AuditApi,
    auth::{AuthLayer, Authenticator},
    clock::Clock,
    config::Config,
    directory::service::DirectoryApi,
    interaction::{service::InteractionApi, stream::StreamLimits},
    store::{Database, Store},
    watch::{WatchGauge, WatchLimits, Watches},
};

/// Forgetting old request ids is nobody's hurry.
const HOUSEKEEPING: Duration = Duration::from_secs(3_600);
/// What is open on a connection that reached its age gets this long to end.
const AGE_GRACE: Duration = Duration::from_secs(30);

/// A server at work.
pub struct Running {
    address: SocketAddr,
    authenticator: Arc<Authenticator>,
    store: Store,
    stop: watch::Sender<bool>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
    housekeeping: JoinHandle<()>,
    watch_gauge: Arc<WatchGauge>,
    drain_deadline: Duration,
}

/// Opens the database and the keys, binds the address and serves.
///
/// # Errors
/// Whatever keeps the server from serving: the data directory, the database, the keys, the address.
pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Running> {
    let data_dir = &config.data_dir;
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("cannot create data directory {}", data_dir.display()))?;
    let database = match &config.database_url {
        Some(url) => Database::from_url(url.expose())?,
        None => Database::Sqlite(data_dir.join("rapport.db")),
    };
    let store =
        Store::open(&database, config.database_connections, clock.clone()).await.context("cannot open the database")?;
    let authenticator = Arc::new(Authenticator::new(&config.auth, data_dir, clock)?);

    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let (stop, stopping) = watch::channel(false);
    let limits = &config.limits;

    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<DirectoryServiceServer<DirectoryApi>>().await;
    health.set_serving::<InteractionServiceServer<InteractionApi>>().await;
    health.set_serving::<AuditServiceServer<AuditApi>>().await;

    let watches = Watches::new(
        WatchLimits {
            max: limits.max_watches,
            max_per_subject: limits.max_watches_per_subject,
            max_life: limits.stream_max_life,
            heartbeat: limits.watch_heartbeat,
            slow_reader: limits.slow_reader,
        },
        stopping.clone(),
    );
    let watch_gauge = watches.gauge();
    let interactions = InteractionApi::new(
        store.clone(),
        config.time_zone.rules.clone(),
        config.recording.group_max,
        config.recording.queue,
        StreamLimits { max_life: limits.stream_max_life, stopping: stopping.clone() },
        watches,
    );
    let directory = DirectoryApi::new(store.clone(), &config.time_zone.name);
    let batch_limit = limits.max_batch_message_bytes;
    let mut router = Server::builder()
        .layer(
            ServiceBuilder::new()
                .layer(CallLogLayer)
                .layer(AdmissionLayer::new(limits.max_calls))
                .layer(AuthLayer::new(authenticator.clone())),
        )
        .concurrency_limit_per_connection(limits.concurrent_calls_per_connection)
        .load_shed(true)
        .max_concurrent_streams(limits.max_concurrent_streams)
        .timeout(limits.call_timeout)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .max_connection_age(limits.max_connection_age)
        .max_connection_age_grace(AGE_GRACE)
        .add_service(health_service)
        .add_service(DirectoryServiceServer::new(directory).max_decoding_message_size(batch_limit))
        .add_service(InteractionServiceServer::new(interactions).max_decoding_message_size(batch_limit))
        .add_service(
            AuditServiceServer::new(AuditApi::new(store.clone())).max_decoding_message_size(limits.max_message_bytes),
        );
    if config.reflection {
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        // Python's client still speaks nothing but v1alpha.
        router = router.add_service(reflection().build_v1()?).add_service(reflection().build_v1alpha()?);
    }

    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let mut stopped = stopping.clone();
    let serving = tokio::spawn(router.serve_with_incoming_shutdown(incoming, async move {
        _ = stopped.wait_for(|stop| *stop).await;
        health.set_not_serving::<DirectoryServiceServer<DirectoryApi>>().await;
        health.set_not_serving::<InteractionServiceServer<InteractionApi>>().await;
        health.set_not_serving::<AuditServiceServer<AuditApi>>().await;
    }));
    let housekeeping = tokio::spawn(keep_house(store.clone(), stopping));
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    Ok(Running {
        address,
        authenticator,
        store,
        stop,
        serving,
        housekeeping,
        watch_gauge,
        drain_deadline: config.drain_deadline,
    })
}

impl Running {
    /// The address it listens on; the port is known here even if the configuration left it open.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Signs and verifies this server's tokens.
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// What is to be counted of this server's watches.
    pub fn watches(&self) -> &WatchGauge {
        &self.watch_gauge
    }

    /// Takes no new calls, waits for those that are open, at most until the drain deadline, and closes the database.
    ///
    /// # Errors
    /// What the transport failed with, if it did.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { store, stop, mut serving, housekeeping, drain_deadline, .. } = self;
        _ = stop.send(true);
        let drained = tokio::time::timeout(drain_deadline, &mut serving).await;
        housekeeping.abort();
        match drained {
            Ok(served) => served??,
            Err(_) => {
                // A stream whose reader went to sleep, or a connection nobody closes: waiting longer changes nothing.
                tracing::warn!(?drain_deadline, "open calls are cut at the drain deadline");
                serving.abort();
            }
        }
        // A caller may still hold a connection of the pool in a transaction of its own: the deadline holds for that too.
        _ = tokio::time::timeout(drain_deadline, store.close()).await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Waits until the server ends by itself, which only a fault makes it do.
    ///
    /// # Errors
    /// What the transport failed with.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        (&mut self.serving).await??;
        Ok(())
    }
}

async fn keep_house(store: Store, mut stopping: watch::Receiver<bool>) {
    loop {
        match store.forget_old_requests().await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "old request ids"),
            Err(error) => tracing::warn!(%error, "forgetting old request ids"),
        }
        tokio::select! {
            () = tokio::time::sleep(HOUSEKEEPING) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
