//! What others need to know of interactions: how, when and by whom a customer was served.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, QueryFilter as _, entity::prelude::*};

use super::entity::participant;
use crate::{
    api::{convert::enum_of, v1::StaffRole},
    clock::Micros,
    error::Error,
    interaction::{Participant, Served},
    store::{Abort, Tx, set},
};

/// Those of these interactions that are on record.
pub(crate) async fn served(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Served>, DbErr> {
    let select = "SELECT id, channel, kind, topic, occurred_at, requested_at, connected_at, ended_at
        FROM interaction";
    let mut served = HashMap::new();
    for row in set::among_ids(connection, select, "id", ids).await? {
        let occurred_at = row.try_get("", "occurred_at")?;
        let mut over_at: Micros = occurred_at;
        for instant in ["requested_at", "connected_at", "ended_at"] {
            over_at = over_at.max(row.try_get::<Option<Micros>>("", instant)?.unwrap_or(Micros::MIN));
        }
        let ended: Option<Micros> = row.try_get("", "ended_at")?;
        let one = Served {
            channel: enum_of(row.try_get("", "channel")?),
            kind: enum_of(row.try_get("", "kind")?),
            topic: row.try_get("", "topic")?,
            occurred_at,
            over_at: ended.unwrap_or(over_at),
            participants: Vec::new(),
        };
        served.insert(row.try_get("", "id")?, one);
    }
    let select = "SELECT interaction_id, staff_id, role, team_id, involvement FROM interaction_participant";
    for row in set::among_ids(connection, select, "interaction_id", ids).await? {
        if let Some(one) = served.get_mut(&row.try_get::<Uuid>("", "interaction_id")?) {
            one.participants.push(Participant {
                staff_id: row.try_get("", "staff_id")?,
                role: StaffRole::try_from(i32::from(row.try_get::<i16>("", "role")?)).ok(),
                team_id: row.try_get("", "team_id")?,
                involvement: enum_of(row.try_get("", "involvement")?),
                told_by: None,
            });
        }
    }
    Ok(served)
}

/// Refuses the person who would decide about an interaction in which they take part; none: an application, which has no
/// stake in any.
///
/// # Errors
/// [`Error::InterestedParty`].
pub(crate) async fn check_no_part(tx: &Tx, interaction_id: Uuid, person: Option<&str>) -> Result<(), Abort> {
    let Some(person) = person else { return Ok(()) };
    let found = participant::Entity::find()
        .filter(participant::Column::InteractionId.eq(interaction_id))
        .filter(participant::Column::StaffId.eq(person));
    if found.one(tx).await?.is_some() { Err(Error::InterestedParty.into()) } else { Ok(()) }
}
