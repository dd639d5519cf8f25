//! What happens to trials by time: they are looked at, alarm, and end.

use futures::future::BoxFuture;
use rapport_trial::look::Alarm;

use super::{Trial, looking, rules, store, values::View};
use crate::{
    api::v1::{TrialEventKind, TrialState, TrialStopCause},
    error::Error,
    reach::Scope,
    store::{Abort, Tx},
    timer::{self, Due, Handler, Kind},
};

/// The timers of trials.
pub(super) const TIMERS: Handler =
    Handler { kind: Kind::Trial, lock: |tx, store| Box::pin(store::lock(tx, store)), fire };

fn fire(tx: &Tx, due: Due) -> BoxFuture<'_, Result<(), Abort>> {
    Box::pin(async move {
        let found = store::find(tx, &Scope::All, due.subject).await?;
        let Some(mut trial) = found.filter(|trial| trial.state() == TrialState::Running) else { return Ok(()) };
        let now = due.now;
        let mut sequence = due.sequence;
        // What came after the planned end does not count, however late a server wakes up.
        let until = now.min(trial.terms.ends_at);
        if trial.row.alarmed_at.is_none() && alarm(tx, &mut trial, until).await? {
            trial.row.alarmed_at = Some(now);
            trial.row.revision += 1;
            store::tell(tx, (sequence, now), trial.row.id, TrialEventKind::Alarmed).await?;
            sequence += 1;
        }
        if trial.row.alarmed_at.is_some() && trial.terms.stop_on_alarm {
            store::end(tx, &mut trial.row, TrialStopCause::Alarm, (sequence, now)).await?;
        } else if due.step == store::step::END || now >= trial.terms.ends_at {
            store::end(tx, &mut trial.row, TrialStopCause::PlannedEnd, (sequence, now)).await?;
        } else {
            let next = rules::next_look(trial.row.started_at.unwrap_or(now), now);
            timer::arm(tx, Kind::Trial, trial.row.id, [(store::step::LOOK, next)]).await?;
        }
        store::save(tx, trial.row).await?;
        Ok(())
    })
}

/// Looks whether it alarms, and notes what does.
async fn alarm(tx: &Tx, trial: &mut Trial, until: i64) -> Result<bool, Abort> {
    let alarms = looking::alarms(tx, trial, View { until, besides: None }).await?;
    let metric = |alarm: &Alarm| match alarm {
        Alarm::Worse(at) => trial.terms.outcomes.get(*at).map(|outcome| outcome.metric),
        Alarm::Mismatch => None,
    };
    let metrics: Vec<i32> = alarms.iter().filter_map(metric).collect();
    trial.row.alarms = serde_json::to_string(&metrics).map_err(Error::internal)?;
    Ok(!alarms.is_empty())
}
