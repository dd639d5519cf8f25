//! What lies between the network and the services, and in which order.
//!
//! From the outside in: the rules of browsers (so that every answer reaches them) and other protocols, made gRPC, the call log (so that every call is
//! logged and counted), the deadline (so that it covers all that follows), a limit on bad tokens, authentication (so that nobody
//! takes up anything unknown), admission with the caller's quotas, then the services, whose codec checks every message.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures::future::BoxFuture;
use http::HeaderValue;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};
use tower::ServiceBuilder;

use super::{
    admission::AdmissionLayer,
    attempts::AttemptsLayer,
    call_log::CallLogLayer,
    connection::{Acceptor, Places},
    deadline::DeadlineLayer,
    methods::Methods,
    quota::Quotas,
    tls,
    web::WebLayer,
};
use crate::{
    app::PublicPages,
    auth::{AuthLayer, Authenticator},
    config::Config,
    metrics::Metrics,
    page::TokenSeal,
    sign_in::SignIn,
};

/// What is open on a connection that reached its age gets this long to end.
const AGE_GRACE: Duration = Duration::from_secs(30);
/// All headers of a call together; a token is the largest of them.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// How often quotas that are whole again are forgotten.
const FORGET_QUOTAS: Duration = Duration::from_secs(60);

/// What is served: the services and, beside them, pages for people.
pub struct Served {
    pub(super) routes: Routes,
    pub(super) pages: Option<Pages>,
}

/// What answers for pages, where the console is served, beside its files.
#[derive(Clone)]
pub(super) struct Pages {
    /// For people without an account.
    pub(super) public: PublicPages,
    pub(super) sign_in: SignIn,
}

impl From<Routes> for Served {
    fn from(routes: Routes) -> Self {
        Self { routes, pages: None }
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Served").field("pages", &self.pages.is_some()).finish_non_exhaustive()
    }
}

/// Services on a network.
pub struct Serving {
    /// Where; the port is known here even if the configuration left it open.
    pub address: SocketAddr,
    /// Ends when no connection is left after `stopping` turned true, or with a fault.
    pub task: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Ends every connection where it stands.
    pub cut: CancellationToken,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Serving").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Serves routes until `stopping` turns true.
///
/// # Errors
/// The address cannot be listened on; the certificate cannot be used.
pub fn serve(
    served: Served,
    config: &Config,
    of_callers: (Arc<Authenticator>, Arc<TokenSeal>),
    metrics: Arc<Metrics>,
    stopping: watch::Receiver<bool>,
) -> BoxFuture<'_, anyhow::Result<Serving>> {
    Box::pin(listen(served, config, of_callers, metrics, stopping))
}

async fn listen(
    Served { routes, pages }: Served,
    config: &Config,
    (authenticator, tokens): (Arc<Authenticator>, Arc<TokenSeal>),
    metrics: Arc<Metrics>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<Serving> {
    let limits = &config.limits;
    let cut = CancellationToken::new();
    let tls = config.tls.clone().map(|files| tls::acceptor(files, stopped(stopping.clone()))).transpose()?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let origins: Vec<HeaderValue> =
        config.web_origins.iter().map(|origin| origin.parse()).collect::<Result<_, _>>().context("web.origins")?;

    let methods = Arc::new(Methods::new(limits));
    let quotas = Arc::new(Quotas::new(limits));
    let attempts = AttemptsLayer::new(limits, authenticator.clone());
    let (forgetting, refused) = (quotas.clone(), attempts.refused());
    let forgotten = refused.clone();
    let mut ending = stopping.clone();
    tokio::spawn(async move {
        while tokio::time::timeout(FORGET_QUOTAS, ending.wait_for(|stopping| *stopping)).await.is_err() {
            forgetting.forget();
            forgotten.forget();
        }
    });

    let acceptor = Acceptor {
        listener,
        tls,
        places: Places::new(limits),
        first_call_deadline: limits.first_call_deadline,
        metrics: metrics.clone(),
        cut: cut.clone(),
    };
    let server = Server::builder()
        .layer(
            ServiceBuilder::new()
                .layer(WebLayer::new(
                    origins,
                    pages.filter(|_| config.console).map(|pages| (pages, refused)),
                    metrics.clone(),
                ))
                .layer(CallLogLayer::new(metrics.clone(), config.telemetry.otlp_endpoint.is_some(), config.log.calls))
                .layer(DeadlineLayer::new(limits.call_timeout, methods.clone(), metrics.clone()))
                .layer(attempts)
                .layer(AuthLayer::new(authenticator, tokens))
                .layer(AdmissionLayer::new(limits, (quotas, methods), stopping.clone(), metrics.clone())),
        )
        .accept_http1(true)
        .max_concurrent_streams(limits.max_concurrent_streams)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .max_connection_age(limits.max_connection_age)
        .max_connection_age_grace(AGE_GRACE)
        .add_routes(routes);
    let task = tokio::spawn(server.serve_with_incoming_shutdown(acceptor.run(), stopped(stopping)));
    Ok(Serving { address, task, cut })
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    _ = stopping.wait_for(|stopping| *stopping).await;
}
