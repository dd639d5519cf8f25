//! For those who keep the server running, on a listener of its own: metrics, liveness, readiness. It asks for no token
//! and says nothing about anybody, but it does not belong on the internet.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{metrics::Metrics, store::Store};

/// How often the database is asked whether it does what it is asked.
const PROBE_EVERY: Duration = Duration::from_secs(2);
/// How long it may take to say so; longer than a foreign lock is waited for, so that the reason is told.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone)]
struct Figures {
    metrics: Arc<Metrics>,
    store: Store,
    ready: watch::Receiver<bool>,
}

/// Listens and serves until the task is aborted.
///
/// # Errors
/// The address cannot be listened on.
pub(super) async fn serve(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    store: Store,
    ready: watch::Receiver<bool>,
) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on operations.listen {address}"))?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .route("/metrics", get(figures))
        .with_state(Figures { metrics, store, ready });
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are not served any more");
        }
    });
    Ok((address, serving))
}

async fn readiness(State(Figures { ready, .. }): State<Figures>) -> impl IntoResponse {
    if *ready.borrow() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}

async fn figures(State(Figures { metrics, store, .. }): State<Figures>) -> impl IntoResponse {
    match metrics.text(&store) {
        Ok(text) => ([("content-type", OPENMETRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Keeps `ready` true while the database reads and writes, and false from when the server is stopping.
pub(super) async fn watch_readiness(store: Store, ready: watch::Sender<bool>, mut stopping: watch::Receiver<bool>) {
    loop {
        let late = || Err(format!("no answer within {PROBE_LIMIT:?}"));
        let probed = tokio::time::timeout(PROBE_LIMIT, store.probe()).await.unwrap_or_else(|_| late());
        let is_ready = probed.is_ok();
        let changed = ready.send_if_modified(|ready| std::mem::replace(ready, is_ready) != is_ready);
        match probed {
            Err(cause) if changed => tracing::warn!(cause, "not ready"),
            Ok(()) if changed => tracing::info!("ready"),
            _ => {}
        }
        tokio::select! {
            () = tokio::time::sleep(PROBE_EVERY) => {}
            // At once: a caller who was refused may ask where else to go.
            () = store.health_changed() => {}
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    ready.send_replace(false);
}
