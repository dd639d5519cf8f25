//! What every service is made from.

use rapport_identity::NormalForms;
use tokio::sync::watch;

use crate::{
    audit::Trail,
    buckets::GroupSizes,
    clock_trust::Trusted,
    config::{Recording, Zone},
    metrics::Attempts,
    store::Store,
    vault::Vault,
    watch::Watches,
};

/// One for all services of a server; each takes what it needs.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) store: Store,
    /// Seals ballots, signs records, and recognises customers who were erased.
    pub(crate) vault: Vault,
    /// The organisation's.
    pub(crate) zone: Zone,
    /// By which contact points are compared.
    pub(crate) forms: NormalForms,
    pub(crate) watches: Watches,
    /// Turns true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Until then what goes by the clock waits.
    pub(crate) trusted: Trusted,
    /// Where readings leave their traces.
    pub(crate) trail: Trail,
    /// How calls that write share transactions.
    pub(crate) recording: Recording,
    /// Where such transactions are counted by their items.
    pub(crate) group_sizes: GroupSizes,
    /// Where deliveries to webhooks are counted.
    pub(crate) webhook_attempts: Attempts,
}
