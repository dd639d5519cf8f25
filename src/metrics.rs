//! What the server counts, for Prometheus. Labels take their values from fixed sets, never from what a caller sends:
//! methods of the contract, gRPC codes, reasons of the contract.

use std::{collections::HashMap, fmt, sync::OnceLock, time::Duration};

use prometheus_client::{
    encoding::text,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    api::{method, status},
    buckets::{Buckets, GroupSizes},
    error::Reason,
    store::Store,
};

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Seconds by which calls are told apart: from 0.25 ms to 8 s.
fn durations() -> impl Iterator<Item = f64> {
    exponential_buckets(0.000_25, 2.0, 16)
}

/// Every figure that one server keeps.
pub struct Metrics {
    registry: Registry,
    methods: HashMap<&'static str, MethodMetrics>,
    unknown: MethodMetrics,
    refusals: Family<Labels<1>, Counter>,
    connections_refused: Family<Labels<1>, Counter>,
    watch_endings: Family<Labels<1>, Counter>,
    pools: Family<Labels<2>, Gauge>,
    pub(crate) connections_open: Gauge,
    pub(crate) streams_open: Gauge,
    pub(crate) group_sizes: GroupSizes,
    /// Seconds to the last byte of calls of all methods, streams left out.
    pub(crate) all_seconds: Buckets,
    pub(crate) webhook_attempts: Attempts,
}

/// Attempts to deliver an event to a webhook, by what became of each. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts(Family<Labels<1>, Counter>);

impl Attempts {
    /// Counts one.
    pub(crate) fn count(&self, attempt: Attempt) {
        self.0.get_or_create(&[("outcome", attempt.name())]).inc();
    }
}

/// What is counted of one method.
pub(crate) struct MethodMetrics {
    /// As the contract spells it, one for all that a voter does; `unknown` for what it does not know.
    pub(crate) name: &'static str,
    /// Whether it may stay open after its answer began.
    pub(crate) streaming: bool,
    calls: Family<Labels<2>, Counter>,
    /// By code. Looked up once: a call is counted in passing.
    answered: [OnceLock<Counter>; CODES],
    seconds: Histogram,
    all_seconds: Buckets,
    in_flight: Gauge,
}

const CODES: usize = Code::Unauthenticated as usize + 1;

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("rapport");
        let calls = Family::<Labels<2>, Counter>::default();
        registry.register("calls", "Calls answered, by method and gRPC code", calls.clone());
        let seconds = Family::<Labels<1>, Histogram>::new_with_constructor(|| Histogram::new(durations()));
        let all_seconds = Buckets::new(durations());
        registry.register("call_seconds", "Time to a call's last byte, streams left out, by method", seconds.clone());
        let in_flight = Family::<Labels<1>, Gauge>::default();
        registry.register("calls_in_flight", "Calls not answered to the end, by method", in_flight.clone());
        let refusals = Family::default();
        registry.register("refusals", "Calls not answered OK, by reason", refusals.clone());
        let connections_open = Gauge::default();
        registry.register("connections_open", "Connections being served", connections_open.clone());
        let connections_refused = Family::default();
        registry.register("connections_refused", "Connections not served, by reason", connections_refused.clone());
        let streams_open = Gauge::default();
        registry.register("streams_open", "Streams open, of all methods", streams_open.clone());
        let watch_endings = Family::default();
        registry.register("watches_ended", "Watches that ended, by how", watch_endings.clone());
        let group_sizes = GroupSizes::new(|| exponential_buckets(1.0, 2.0, 10));
        let of_groups = "Interactions that shared a transaction";
        registry.register("write_group_size", of_groups, group_sizes.histogram.clone());
        let webhook_attempts = Attempts::default();
        let of_webhooks = "Attempts to deliver an event to a webhook, by what became of them";
        registry.register("webhook_attempts", of_webhooks, webhook_attempts.0.clone());
        let pools = Family::default();
        registry.register("database_connections", "Connections to the database, by pool and state", pools.clone());
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The server's version", Info::new(version));

        let of = |name: &'static str, streaming| MethodMetrics {
            name,
            streaming,
            calls: calls.clone(),
            answered: Default::default(),
            seconds: seconds.get_or_create_owned(&[("method", name)]),
            all_seconds: all_seconds.clone(),
            in_flight: in_flight.get_or_create_owned(&[("method", name)]),
        };
        let by_path = method::all().map(|method| (method.path, of(method.name, method.streaming)));
        Self {
            methods: by_path.chain([(method::BALLOT, of(method::BALLOT, false))]).collect(),
            unknown: of("unknown", false),
            registry,
            refusals,
            connections_refused,
            watch_endings,
            pools,
            connections_open,
            streams_open,
            group_sizes,
            all_seconds,
            webhook_attempts,
        }
    }

    /// What is counted of the method with a path, or a name.
    pub(crate) fn method(&self, path: &str) -> &MethodMetrics {
        self.methods.get(path).unwrap_or(&self.unknown)
    }

    /// Counts a call that was not answered OK.
    pub(crate) fn refused(&self, status: &Status) {
        let told = status.get_details_error_info().filter(|info| info.domain == status::DOMAIN);
        let reason = told.and_then(|info| Reason::from_str_name(&format!("ERROR_REASON_{}", info.reason)));
        let reason = match reason {
            Some(reason) => reason.as_str_name().trim_start_matches("ERROR_REASON_"),
            // Of tonic itself, or of the client, who went away.
            None if status.code() == Code::Cancelled => "CANCELLED",
            None => "OTHER",
        };
        self.refusals.get_or_create(&[("reason", reason)]).inc();
    }

    /// Counts a connection that was not served.
    pub(crate) fn connection_refused(&self, reason: Unserved) {
        self.connections_refused.get_or_create(&[("reason", reason.name())]).inc();
    }

    /// Counts a watch that ended.
    pub(crate) fn watch_ended(&self, ending: Ending) {
        self.watch_endings.get_or_create(&[("ending", ending.name())]).inc();
    }

    /// Watches that ended so, since the server began.
    pub fn watches_ended(&self, ending: Ending) -> u64 {
        self.watch_endings.get_or_create(&[("ending", ending.name())]).get()
    }

    /// Attempts to deliver an event to a webhook that ended so, since the server began.
    pub fn webhook_attempts(&self, attempt: Attempt) -> u64 {
        self.webhook_attempts.0.get_or_create(&[("outcome", attempt.name())]).get()
    }

    /// Streams that are open, those included that have ended and whose reader does not take it in.
    pub fn open_streams(&self) -> i64 {
        self.streams_open.get()
    }

    /// Calls answered since the server began, by gRPC code; codes that never were answered are left out.
    pub(crate) fn calls(&self) -> Vec<(&'static str, u64)> {
        let each = || self.methods.values().chain([&self.unknown]);
        let count = |code: usize| each().filter_map(|method| method.answered.get(code)?.get()).map(Counter::get).sum();
        let codes =
            (0..CODES).map(|code| (code_name(Code::from_i32(i32::try_from(code).unwrap_or_default())), count(code)));
        codes.filter(|(_, count)| *count > 0).collect()
    }

    /// Calls that are not answered to the end.
    pub(crate) fn calls_in_flight(&self) -> i64 {
        self.methods.values().chain([&self.unknown]).map(|method| method.in_flight.get()).sum()
    }

    /// Everything, in the text format that Prometheus reads.
    ///
    /// # Errors
    /// None that is known: a figure that cannot be written.
    pub fn text(&self, store: &Store) -> Result<String, fmt::Error> {
        for pool in store.pools() {
            let set = |state, count| self.pools.get_or_create(&[("pool", pool.name), ("state", state)]).set(count);
            set("in_use", i64::from(pool.size) - i64::from(pool.idle));
            set("idle", pool.idle.into());
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl MethodMetrics {
    /// Counts a call in.
    pub(crate) fn begin(&self) {
        self.in_flight.inc();
    }

    /// Counts it out.
    pub(crate) fn end(&self, code: Code, time: Duration) {
        self.in_flight.dec();
        let label = || self.calls.get_or_create_owned(&[("method", self.name), ("code", code_name(code))]);
        if let Some(counter) = self.answered.get(code as usize) {
            counter.get_or_init(label).inc();
        }
        if !self.streaming {
            self.seconds.observe(time.as_secs_f64());
            self.all_seconds.observe(time.as_secs_f64());
        }
    }
}

/// A code as the gRPC specification writes it.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unserved {
    /// The server has as many as it takes.
    Server,
    /// The address has as many as it may.
    Address,
    /// The TLS handshake failed.
    Handshake,
    /// No call arrived in time.
    Silence,
}

impl Unserved {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server_full",
            Self::Address => "address_full",
            Self::Handshake => "handshake_failed",
            Self::Silence => "no_call_in_time",
        }
    }
}

/// What became of an attempt to deliver an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Failed,
    /// It is tried no more.
    DeadLetter,
}

impl Attempt {
    /// As metrics name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::DeadLetter => "dead_letter",
        }
    }
}

/// How a watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The reader went away.
    Left,
    /// The token did.
    TokenExpired,
    /// It had lived as long as a watch may.
    LifeOver,
    /// The server is stopping.
    Stopping,
    /// The reader was cut.
    SlowReader,
    /// The caller may not watch any more, or the database did not answer.
    Failed,
}

impl Ending {
    /// As metrics name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::TokenExpired => "token_expired",
            Self::LifeOver => "life_over",
            Self::Stopping => "stopping",
            Self::SlowReader => "slow_reader",
            Self::Failed => "failed",
        }
    }
}
