//! What others need to know of interactions: how, when and by whom a customer was served.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, QueryFilter as _, entity::prelude::*};

use super::entity::{incident, interaction, participant};
use crate::{
    api::v1::{Channel, InteractionKind},
    clock::Micros,
    error::Error,
    interaction::{Participant, Served},
    store::{Abort, Stored, Tx, set},
};

#[derive(DerivePartialModel)]
#[sea_orm(entity = "interaction::Entity")]
struct ServedRow {
    id: Uuid,
    channel: Stored<Channel>,
    kind: Stored<InteractionKind>,
    topic: Option<String>,
    occurred_at: Micros,
    requested_at: Option<Micros>,
    connected_at: Option<Micros>,
    ended_at: Option<Micros>,
}

/// Those of these interactions that are on record.
pub(crate) async fn served(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Served>, DbErr> {
    let listed = || set::one_of_ids(connection.get_database_backend(), ids.iter().copied());
    let query = interaction::Entity::find().filter(interaction::Column::Id.in_subquery(listed()));
    let mut served = HashMap::new();
    for row in query.into_partial_model::<ServedRow>().all(connection).await? {
        let begun = [row.requested_at, row.connected_at];
        let one = Served {
            channel: row.channel.0,
            kind: row.kind.0,
            topic: row.topic,
            occurred_at: row.occurred_at,
            over_at: row.ended_at.unwrap_or_else(|| begun.into_iter().flatten().fold(row.occurred_at, Micros::max)),
            in_incident: false,
            participants: Vec::new(),
        };
        served.insert(row.id, one);
    }
    let query = incident::Entity::find().filter(incident::Column::InteractionId.in_subquery(listed()));
    for row in query.all(connection).await? {
        if let Some(one) = served.get_mut(&row.interaction_id) {
            one.in_incident = true;
        }
    }
    let query = participant::Entity::find().filter(participant::Column::InteractionId.in_subquery(listed()));
    for row in query.all(connection).await? {
        if let Some(one) = served.get_mut(&row.interaction_id) {
            one.participants.push(Participant {
                staff_id: row.staff_id,
                role: Some(row.role.0),
                team_id: row.team_id,
                involvement: row.involvement.0,
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
