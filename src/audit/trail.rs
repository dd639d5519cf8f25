//! Traces of readings: lines that are written for their own sake, many of them together.

use futures::future::BoxFuture;

use super::entity::{Entity, Model};
use crate::{
    api::v1::{AuditAction, Role},
    auth::Caller,
    buckets::GroupSizes,
    clock,
    config::Recording,
    error::{Error, Result},
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        group::{GroupCommit, WriteGroup},
    },
};

/// What somebody reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) action: AuditAction,
    pub(crate) object: &'a str,
    /// The colleague whose ratings it is about, who does not read of it in any role.
    pub(crate) about: Option<&'a str>,
    /// May be empty.
    pub(crate) why: &'a str,
}

/// The way in for those who leave a trace. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Trail(GroupCommit<Traces>);

impl std::fmt::Debug for Trail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Trail")
    }
}

impl Trail {
    pub(crate) fn start(store: &Store, recording: &Recording) -> Self {
        let (group_max, queue) = (recording.group_max, recording.queue);
        Self(GroupCommit::start(store.clone(), Traces(store.clone()), group_max, queue, GroupSizes::uncounted()))
    }

    /// Leaves the trace of a reading; what leaves none must not happen.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`]; [`Error::Overloaded`].
    pub(crate) async fn note(&self, caller: &Caller, reading: Reading<'_>) -> Result<()> {
        let trace = Trace {
            actor: caller.subject().to_owned(),
            role: caller.principal.role,
            action: reading.action,
            object: reading.object.to_owned(),
            about: reading.about.map(str::to_owned),
            why: reading.why.to_owned(),
        };
        self.0.submit(vec![trace]).await?.pop().ok_or(Error::Overloaded)?
    }
}

struct Trace {
    actor: String,
    role: Role,
    action: AuditAction,
    object: String,
    about: Option<String>,
    why: String,
}

/// Writes traces in groups.
struct Traces(Store);

impl WriteGroup for Traces {
    type Item = Trace;
    type Answer = ();

    fn write<'t>(&'t self, tx: &'t Tx, traces: &'t [Trace]) -> BoxFuture<'t, Result<Vec<Result<()>>, Abort>> {
        Box::pin(async move {
            let now = self.0.now(tx).await?;
            let line = |trace: &Trace| Model {
                id: clock::id_at(now),
                event_at: now,
                actor: trace.actor.clone(),
                actor_role: Stored(trace.role),
                action: Stored(trace.action),
                object_id: trace.object.clone(),
                reason: trace.why.clone(),
                detail: None,
                about_staff_id: trace.about.clone(),
            };
            bulk::insert::<Entity>(tx, traces.iter().map(line).collect(), Present::Never).await?;
            Ok(traces.iter().map(|_| Ok(())).collect())
        })
    }
}
