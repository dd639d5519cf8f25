//! What the server says of itself while it runs: a log on standard error, and traces where configured.

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator as _},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    config::{Log, LogFormat, Telemetry},
    log_writer::{self, Flusher},
};

tokio::task_local! {
    /// The id of the call that the task serves, for events that are worth finding again by it.
    pub(crate) static REQUEST_ID: HeaderValue;
}

/// The id of the call that this task serves; empty outside of calls.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(|id| id.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// The log and the traces. Dropping it writes and sends what is left.
#[derive(Debug)]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
    _log: Flusher,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.as_ref().map(SdkTracerProvider::shutdown) {
            tracing::warn!(%error, "the last traces are lost");
        }
    }
}

/// Sends events to standard error by way of a thread, since a slow terminal must not slow a call, and spans to
/// the collector, if there is one.
///
/// # Errors
/// If a log was started already, or the collector's address is none.
#[allow(clippy::disallowed_methods, reason = "the log has a way out of its own, beside what commands print")]
pub fn start(log: &Log, telemetry: &Telemetry) -> anyhow::Result<Guard> {
    let (writer, flusher) = log_writer::to(std::io::stderr()).context("cannot start the log")?;
    let events = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false);
    let events = match log.format {
        LogFormat::Text => events.with_ansi(false).boxed(),
        LogFormat::Json => events.json().flatten_event(true).boxed(),
    };
    let traces =
        telemetry.otlp_endpoint.as_deref().map(|endpoint| provider(endpoint, telemetry.sample_ratio)).transpose()?;
    let spans = traces.as_ref().map(|traces| {
        let own = Targets::new().with_target("rapport", LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(traces.tracer("rapport")).with_filter(own)
    });
    tracing_subscriber::registry()
        .with(events.with_filter(EnvFilter::try_new(&log.filter)?))
        .with(spans)
        .try_init()
        .context("a log was started already")?;
    Ok(Guard { traces, _log: flusher })
}

fn provider(endpoint: &str, sample_ratio: f64) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
    let exporter = exporter.with_context(|| format!("telemetry.otlp_endpoint {endpoint}"))?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample_ratio))))
        .with_resource(Resource::builder().with_service_name("rapport").build())
        .build())
}

/// The trace that a caller says the call belongs to (W3C Trace Context).
pub(crate) fn parent(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract(&Headers(headers))
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
