//! Changing what is on record, and noting who read it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use sea_orm::{DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, entity::prelude::*};

use super::{
    as_rated,
    entity::{about, change, interaction, participant},
    find::{find, within},
    rows::{Origin, about_rows, change_row, changed, interaction_row, participant_rows, with_participants},
};
use crate::{
    api::v1::{InteractionChangeKind, Role},
    auth::policy::policy,
    clock::Micros,
    directory::{
        etag,
        store::{Named, known_among},
    },
    error::{Error, Result},
    interaction::{Facts, Participant, Reactions, Recorded, check, credit, reactions::Ended},
    reach::{Oneself, Sight},
    store::{
        Abort, Store, Tx,
        bulk::{self, Present},
        request::{self, Request},
        sequence,
    },
};

/// Who changes an interaction, and how they asked.
#[derive(Clone, Debug)]
pub(crate) struct Changing {
    pub(crate) request: Request,
    pub(crate) sight: Sight,
    pub(crate) actor: (String, Role),
    pub(crate) id: Uuid,
    /// Empty: whatever is there.
    pub(crate) etag: String,
}

/// Changes facts other than the participants, those of the `named` fields; gives the interaction as it is then. `zone`: the
/// organisation's, for what it sets off.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::RequestIdReused`], [`Error::FieldNotYours`], and what the rules
/// find in the result.
pub(crate) async fn update(
    (store, zone, reactions): (&Store, &TimeZone, Reactions),
    changing: Changing,
    named: Vec<&'static str>,
    change: impl Fn(&mut Facts) + Send + Sync + 'static,
) -> Result<Recorded> {
    let (runner, zone, change, named) = (store.clone(), zone.clone(), Arc::new(change), Arc::new(named));
    let (id, scope) = (changing.id, changing.sight.scope.clone());
    store
        .transact(move |tx| {
            let (store, zone, changing, change) = (runner.clone(), zone.clone(), changing.clone(), change.clone());
            let named = named.clone();
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = Box::pin(async {
                    let (sequence, now) = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let before = locked(tx, &changing).await?;
                    let mut facts = before.facts.clone();
                    change(&mut facts);
                    Error::unless_empty(check(&facts, now)).map_err(|error| error.inside("interaction"))?;
                    if policy(changing.actor.1).speaks_for_all {
                        as_rated::correct(tx, before.id, &facts, &named).await?;
                    } else {
                        credit::check_instants(&changing.actor.0, &before.facts, &facts)?;
                        as_rated::keep(tx, (&store, reactions), &before, &facts).await?;
                    }
                    if facts.about_staff_ids != before.facts.about_staff_ids {
                        write_about(tx, before.id, &facts).await?;
                    }
                    write_facts(tx, &before, &facts).await?;
                    let changed = change_row(sequence, changing.id, InteractionChangeKind::Updated, now);
                    bulk::insert::<change::Entity>(tx, vec![changed], Present::Never).await?;
                    if (reactions.awaits_end)(&facts, now) && !(reactions.awaits_end)(&before.facts, now) {
                        let ended = Ended::new(before.id, &facts);
                        (reactions.ended)(tx, (&store, &zone), vec![ended]).await?;
                    }
                    Ok(())
                });
                request::once(tx, &changing.request, now, work).await
            })
        })
        .await?;
    // It may be hidden from those who did this by their own act; what they did is still shown to them.
    let sight = Sight { scope, oneself: Oneself::nobody() };
    find(store.reader(), &sight, id).await?.ok_or(Error::NotFound("interaction"))
}

/// Changes whom an interaction is about.
async fn write_about(tx: &Tx, id: Uuid, facts: &Facts) -> Result<(), Abort> {
    let staff = facts.about_staff_ids.clone();
    let known = known_among(tx, Named { staff, ..Named::default() }).await?;
    Error::unless_empty(known.unknown_about(facts, "interaction"))?;
    about::Entity::delete_many().filter(about::Column::InteractionId.eq(id)).exec(tx).await?;
    bulk::insert::<about::Entity>(tx, about_rows(id, facts).collect(), Present::Never).await?;
    Ok(())
}

/// Puts the participants of `facts` in the place of those before, as the change of that number.
pub(super) async fn replace_participants(
    tx: &Tx,
    before: &Recorded,
    facts: &Facts,
    (sequence, now): (i64, Micros),
) -> Result<(), DbErr> {
    write_facts(tx, before, facts).await?;
    let replaced = participant::Entity::delete_many().filter(participant::Column::InteractionId.eq(before.id));
    replaced.exec(tx).await?;
    let occurred_at = facts.instants.occurred().unwrap_or(before.recorded_at);
    let rows = participant_rows(before.id, facts, occurred_at).collect();
    bulk::insert::<participant::Entity>(tx, rows, Present::Never).await?;
    let changed = change_row(sequence, before.id, InteractionChangeKind::Reattributed, now);
    bulk::insert::<change::Entity>(tx, vec![changed], Present::Never).await?;
    Ok(())
}

pub(super) fn described(participants: &[Participant]) -> Vec<serde_json::Value> {
    let describe = |one: &Participant| {
        serde_json::json!({
            "staff_id": one.staff_id,
            "team_id": one.team_id,
            "role": one.role.unwrap_or_default().as_str_name(),
            "involvement": one.involvement.as_str_name(),
        })
    };
    participants.iter().map(describe).collect()
}

/// Lets nobody change an interaction until the transaction ends.
pub(crate) async fn lock(tx: &Tx, id: Uuid) -> Result<(), DbErr> {
    let query = interaction::Entity::find_by_id(id).select_only().column(interaction::Column::Id).lock_exclusive();
    query.into_tuple::<Uuid>().one(tx).await?;
    Ok(())
}

pub(super) async fn locked(tx: &Tx, changing: &Changing) -> Result<Recorded, Abort> {
    let query = within(&changing.sight).filter(interaction::Column::Id.eq(changing.id)).lock_exclusive();
    let found = with_participants(tx, query.all(tx).await?).await?.pop();
    let before = found.ok_or(Error::NotFound("interaction"))?;
    if !changing.etag.is_empty() && changing.etag != etag(before.revision) {
        return Err(Error::EtagMismatch.into());
    }
    Ok(before)
}

/// Writes what may change of an interaction.
async fn write_facts(tx: &Tx, before: &Recorded, facts: &Facts) -> Result<(), DbErr> {
    let occurred_at = facts.instants.occurred().unwrap_or(before.recorded_at);
    let origin =
        Origin { id: before.id, recorded_at: before.recorded_at, revision: before.revision, ..Origin::default() };
    let next = Origin { revision: before.revision + 1, ..origin.clone() };
    let row = changed(interaction_row(origin, before.facts.clone()), interaction_row(next, facts.clone()));
    interaction::Entity::update(row).exec(tx).await?;
    if before.facts.instants.occurred() != facts.instants.occurred() {
        participant::Entity::update_many()
            .col_expr(participant::Column::OccurredAt, Expr::value(occurred_at))
            .filter(participant::Column::InteractionId.eq(before.id))
            .exec(tx)
            .await?;
    }
    Ok(())
}
