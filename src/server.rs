//! The server: what it is made of, and how it starts and stops. Tests start this very function.

mod admission;
mod answer;
mod arrival;
mod attempts;
mod body_guard;
mod budget;
mod call_log;
mod connect;
mod connection;
mod deadline;
mod form;
mod methods;
mod middleware;
mod operations;
mod quota;
mod tls;
mod turns;
mod web;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures::future::BoxFuture;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinHandle},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

use self::middleware::Pages;
pub use self::middleware::{Served, Serving, serve};
use crate::{
    api::DESCRIPTOR_SET,
    app,
    auth::Authenticator,
    backup,
    clock::Clock,
    config::Config,
    housekeeping::Housekeeping,
    identity, master_keys,
    metrics::Metrics,
    page::TokenSeal,
    preference, private_file,
    sign_in::SignIn,
    store::{Database, Opening, Store},
    webhook,
};

/// What is left after the drain deadline gets this long to notice that it was cut.
const CUT_GRACE: Duration = Duration::from_millis(500);
/// The name under which health answers whether the process is alive; every other name asks whether it is ready.
const LIVENESS: &str = "liveness";

/// A server at work.
pub struct Running {
    address: SocketAddr,
    operations: Option<SocketAddr>,
    authenticator: Arc<Authenticator>,
    metrics: Arc<Metrics>,
    store: Store,
    stop: watch::Sender<bool>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
    cut: CancellationToken,
    beside: Vec<AbortHandle>,
    drain_deadline: Duration,
}

/// Opens the database and the keys, binds the address and serves.
///
/// # Errors
/// Whatever keeps the server from serving: the data directory, the database, the keys, the certificate, an address.
pub fn start(config: Config, clock: Clock) -> BoxFuture<'static, anyhow::Result<Running>> {
    Box::pin(begin(config, clock))
}

async fn begin(config: Config, clock: Clock) -> anyhow::Result<Running> {
    let data_dir = &config.data_dir;
    // Each answer over HTTP bears the date, and the library that writes it panics there.
    anyhow::ensure!(Clock::system().now_micros() >= 0, "the machine's clock is before 1970: set it, then start again");
    private_file::own_directory(data_dir)
        .with_context(|| format!("cannot use the data directory {}", data_dir.display()))?;
    let opening = Opening {
        connections: config.database_connections,
        wait: config.database_wait,
        accept_older: config.accept_older_database,
    };
    let webhooks = match &config.events.webhooks_file {
        Some(file) => webhook::load(file)?,
        None => Vec::new(),
    };
    let store = Store::open(&database(&config)?, opening, clock.clone()).await?;
    identity::forms::remake(&store, config.normal_forms()).await?;
    // Before any key is made: the database says which ones there must be.
    let vault = master_keys::open(&store, &config).await?;
    let authenticator = Arc::new(Authenticator::new(&config.auth, data_dir, clock.clone())?);
    let sign_in = SignIn::open(&config, &vault, authenticator.clone(), clock.clone())?;
    let metrics = Arc::new(Metrics::new());
    let (stop, stopping) = watch::channel(false);
    let (ready_now, ready) = watch::channel(true);
    let (health, health_service) = tonic_health::server::health_reporter();

    let (housekeeping, trusted) = Housekeeping::new(store.clone());
    let tokens = Arc::new(TokenSeal::new(&vault, clock).of_restored(backup::epochs(&store).await?));
    let (services, names, public) = {
        let keys = (vault, authenticator.clone());
        app::services(&config, &store, &metrics, (&stopping, &trusted), keys, webhooks)
    };
    let mut routes = services.add_service(health_service);
    if config.reflection {
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        // Python's client still speaks nothing but v1alpha.
        routes = routes.add_service(reflection().build_v1()?).add_service(reflection().build_v1alpha()?);
    }

    let mut beside = Vec::new();
    let mut operations = None;
    if let Some(address) = config.operations_listen {
        let (address, task) = operations::serve(address, metrics.clone(), store.clone(), ready.clone()).await?;
        operations = Some(address);
        beside.push(task.abort_handle());
    }
    let Serving { address, task: serving, cut } = serve(
        Served { routes, pages: Some(Pages { public, sign_in: sign_in.clone() }) },
        &config,
        (authenticator.clone(), tokens),
        metrics.clone(),
        stopping.clone(),
    )
    .await?;
    beside.push(tokio::spawn(sign_in.look()).abort_handle());
    beside.push(tokio::spawn(report_health(health, names, ready)).abort_handle());
    beside.push(tokio::spawn(housekeeping.run(stopping.clone())).abort_handle());
    let fitting = preference::keep_fitted(store.clone(), config.time_zone.rules.clone(), (stopping.clone(), trusted));
    beside.push(tokio::spawn(fitting).abort_handle());
    beside.push(tokio::spawn(store.clone().keep_checkpointed(stopping.clone())).abort_handle());
    tokio::spawn(operations::watch_readiness(store.clone(), ready_now, stopping));
    tracing::info!(%address, tls = config.tls.is_some(), version = env!("CARGO_PKG_VERSION"), "serving");
    if let Some(address) = operations {
        tracing::info!(%address, "metrics, liveness and readiness");
    }
    let drain_deadline = config.drain_deadline;
    Ok(Running { address, operations, authenticator, metrics, store, stop, serving, cut, beside, drain_deadline })
}

/// The database that a configuration names: the embedded one if it names none.
pub(crate) fn database(config: &Config) -> anyhow::Result<Database> {
    Ok(match &config.database_url {
        Some(url) => Database::from_url(url.expose())?,
        None => Database::Sqlite(config.data_dir.join("rapport.db")),
    })
}

impl Running {
    /// The address it listens on; the port is known here even if the configuration left it open.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of metrics, liveness and readiness, if they are served.
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.operations
    }

    /// Signs and verifies this server's tokens.
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// The same, to be kept.
    pub fn shared_authenticator(&self) -> Arc<Authenticator> {
        self.authenticator.clone()
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes no new calls, waits for those that are open, at most until the drain deadline, and closes the database.
    ///
    /// # Errors
    /// What the transport failed with, if it did.
    pub fn stop(self) -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(self.end())
    }

    async fn end(self) -> anyhow::Result<()> {
        let Self { store, stop, mut serving, cut, beside, drain_deadline, .. } = self;
        let deadline = Instant::now() + drain_deadline;
        _ = stop.send(true);
        let drained = match tokio::time::timeout_at(deadline, &mut serving).await {
            Ok(drained) => Some(drained),
            Err(_) => {
                // A stream whose reader went to sleep, or a connection nobody closes: waiting longer changes nothing.
                tracing::warn!(?drain_deadline, "open calls are cut at the drain deadline");
                cut.cancel();
                tokio::time::timeout(CUT_GRACE, &mut serving).await.ok()
            }
        };
        serving.abort();
        beside.iter().for_each(AbortHandle::abort);
        // A caller may still hold a connection of the pool in a transaction of its own: the deadline holds for that too.
        _ = tokio::time::timeout_at(deadline.max(Instant::now() + CUT_GRACE), store.close()).await;
        tracing::info!("stopped");
        if let Some(served) = drained {
            served??;
        }
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

/// Tells callers who ask for the health of a service, or of all (the empty name), whether the server is ready.
async fn report_health(health: HealthReporter, names: Vec<&'static str>, mut ready: watch::Receiver<bool>) {
    health.set_service_status(LIVENESS, ServingStatus::Serving).await;
    loop {
        let status = if *ready.borrow_and_update() { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in names.iter().copied().chain([""]) {
            health.set_service_status(name, status).await;
        }
        if ready.changed().await.is_err() {
            return;
        }
    }
}
