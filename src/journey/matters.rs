//! What of one customer is likely to come back, by what was learnt. Pure.

use rapport_journey::stage::Stage;
use uuid::Uuid;

use super::{
    learning::{Mark, is_asked, marks, next_times},
    record::{Event, Record},
    store::Model,
};
use crate::{api::v1::Anticipated, clock::Micros};

/// Matters that are named.
const MATTERS: usize = 10;

/// What is likely to come.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matter {
    pub(super) what: Anticipated,
    /// By when, if it comes.
    pub(super) until: Micros,
    pub(super) chance: f64,
    pub(super) base: f64,
    pub(super) mark: Mark,
    /// The interaction after which it is asked.
    pub(super) interaction_id: Uuid,
}

/// Of the interactions of one customer that are the last on their matters, and may have a sequel yet: those of which a
/// pattern holds that came true where it was judged, the likeliest first.
pub(super) fn anticipated(record: &Record, stages: &[Stage], models: &[Model], now: Micros) -> Vec<Matter> {
    let journey: &[Event] = record.events.as_slice();
    let mut matters = Vec::new();
    for model in models {
        let next = next_times(model.what, journey);
        let last = journey.iter().rposition(|event| is_asked(model.what, event));
        for (at, event) in journey.iter().enumerate() {
            let until = event.at.saturating_add(model.within);
            // Of complaints it is asked after the last interaction only: what they are about does not matter.
            let is_last = model.what == Anticipated::Return || Some(at) == last;
            if !is_asked(model.what, event) || !is_last || next[at].is_some() || until <= now {
                continue;
            }
            let own = marks(record, stages, (journey, model.span.0), at);
            let claim = model.learnt.claim(|mark| own.contains(mark));
            if let Some(pattern) = claim.pattern.filter(|pattern| pattern.came_true()) {
                matters.push(Matter {
                    what: model.what,
                    until,
                    chance: claim.chance,
                    base: model.learnt.base.share().unwrap_or_default(),
                    mark: pattern.mark.clone(),
                    interaction_id: event.id,
                });
            }
        }
    }
    matters.sort_by(|one, other| other.chance.total_cmp(&one.chance).then(one.until.cmp(&other.until)));
    matters.truncate(MATTERS);
    matters
}
