//! What a row holds: an interaction as rows and back.

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _, Iterable as _, QueryFilter as _, QueryOrder as _,
    entity::prelude::*,
};

use super::entity::{about, change, interaction, participant};
use crate::{
    api::v1::{Direction, InteractionChangeKind, Involvement},
    clock::Micros,
    contact::{Mark, store::marks},
    directory::Alias,
    interaction::{Context, Facts, Instants, MessageCounts, Participant, Recorded},
    store::{Insert, Stored, bulk::Present},
};

/// What recording inserts; the unique request key tells what is new.
pub(super) const INTERACTION: Present<interaction::Entity> = Present::PassOver(&[interaction::Column::RequestKey]);

/// The statements by which recording what customers began adds rows, in its order: what a measurement of the database alone has
/// to fill.
pub fn recorded() -> [Insert; 3] {
    [
        Insert::into(&INTERACTION),
        Insert::into(&Present::<participant::Entity>::Never),
        Insert::into(&Present::<change::Entity>::Never),
    ]
}

/// What a row holds besides facts. They never change, but for the revision.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    pub(super) id: Uuid,
    pub(super) request_key: Uuid,
    pub(super) body_hash: Uuid,
    /// The customer as the entry names them, where that may be another id than the directory's.
    pub(super) given_customer_id: Option<String>,
    pub(super) recorded_at: Micros,
    pub(super) recorded_by: String,
    pub(super) revision: i64,
}

pub(super) fn interaction_row(origin: Origin, facts: Facts) -> interaction::Model {
    let primary = primary(&facts.participants);
    let messages = facts.messages;
    interaction::Model {
        id: origin.id,
        request_key: origin.request_key,
        body_hash: origin.body_hash,
        channel: Stored(facts.channel),
        kind: Stored(facts.kind),
        direction: Stored(facts.direction),
        outcome: Stored(facts.outcome),
        arrived_at: facts.instants.arrived,
        requested_at: facts.instants.requested,
        connected_at: facts.instants.connected,
        ended_at: facts.instants.ended,
        occurred_at: facts.instants.occurred().unwrap_or(origin.recorded_at),
        hold: facts.hold,
        after_call_work: facts.after_call_work,
        given_customer_id: origin.given_customer_id.filter(|given| facts.customer_id.as_ref() != Some(given)),
        customer_id: facts.customer_id,
        alias_kind: facts.customer_alias.as_ref().map(|alias| Stored(alias.kind)),
        alias_written: facts.customer_alias.as_ref().and_then(Alias::notation),
        alias_value: facts.customer_alias.map(|alias| alias.value),
        primary_staff_id: primary.map(|one| one.staff_id.clone()),
        primary_team_id: primary.and_then(|one| one.team_id.clone()),
        about_count: about_count(&facts.about_staff_ids),
        topic: facts.topic,
        case_id: facts.case_id,
        order_id: facts.context.order_id,
        product_id: facts.context.product_id,
        context: json_unless_default(&facts.context.rest),
        transfers: json_unless_default(&facts.transfers),
        transfer_count: i32::try_from(facts.transfers.len()).unwrap_or(i32::MAX),
        customer_messages: messages.map(|counts| counts.customer),
        staff_messages: messages.map(|counts| counts.staff),
        bot_messages: messages.map(|counts| counts.bot),
        conclusion: facts.conclusion,
        staff_resolution: Stored(facts.staff_resolution),
        customer_resolution: Stored(facts.customer_resolution),
        recorded_at: origin.recorded_at,
        recorded_by: origin.recorded_by,
        revision: origin.revision,
    }
}

/// What makes one row of an interaction out of another.
pub(super) fn changed(before: interaction::Model, after: interaction::Model) -> interaction::ActiveModel {
    let (before, mut row) = (before.into_active_model(), after.into_active_model());
    for column in interaction::Column::iter() {
        if before.get(column) != row.get(column) {
            row.reset(column);
        }
    }
    row
}

pub(super) fn change_row(sequence: i64, id: Uuid, kind: InteractionChangeKind, now: Micros) -> change::Model {
    change::Model { sequence, interaction_id: id, kind: Stored(kind), changed_at: now }
}

pub(super) fn about_count(staff_ids: &[String]) -> i16 {
    i16::try_from(staff_ids.len()).unwrap_or(i16::MAX)
}

pub(super) fn about_rows(id: Uuid, facts: &Facts) -> impl Iterator<Item = about::Model> {
    let rows = (0i16..).zip(&facts.about_staff_ids);
    rows.map(move |(position, staff_id)| about::Model { interaction_id: id, position, staff_id: staff_id.clone() })
}

/// `occurred_at`: the interaction's.
pub(super) fn participant_rows(
    id: Uuid,
    facts: &Facts,
    occurred_at: Micros,
) -> impl Iterator<Item = participant::Model> {
    facts.participants.iter().zip(0i16..).map(move |(one, position)| participant::Model {
        interaction_id: id,
        position,
        staff_id: one.staff_id.clone(),
        role: Stored(one.role.unwrap_or_default()),
        team_id: one.team_id.clone(),
        involvement: Stored(one.involvement),
        occurred_at,
        told_by: one.told_by.clone(),
    })
}

pub(super) fn primary(participants: &[Participant]) -> Option<&Participant> {
    participants.iter().find(|one| one.involvement == Involvement::Primary)
}

pub(super) fn json_unless_default<T: serde::Serialize + Default + PartialEq>(value: &T) -> Option<String> {
    // Maps of texts and lists of plain structs always serialise.
    if *value == T::default() { None } else { serde_json::to_string(value).ok() }
}

pub(super) async fn with_participants(
    connection: &impl ConnectionTrait,
    rows: Vec<interaction::Model>,
) -> Result<Vec<Recorded>, DbErr> {
    let mut participants: HashMap<Uuid, Vec<Participant>> = HashMap::new();
    let outbound = rows.iter().filter(|row| row.direction.0 == Direction::Outbound).map(|row| row.id);
    let outbound: Vec<Uuid> = outbound.collect();
    let mut marks = if outbound.is_empty() { HashMap::new() } else { marks(connection, &outbound).await? };
    if !rows.is_empty() {
        let found = participant::Entity::find()
            .filter(participant::Column::InteractionId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(participant::Column::Position);
        for row in found.all(connection).await? {
            participants.entry(row.interaction_id).or_default().push(Participant {
                staff_id: row.staff_id,
                role: Some(row.role.0),
                team_id: row.team_id,
                involvement: row.involvement.0,
                told_by: row.told_by,
            });
        }
    }
    let mut about = about_among(connection, &rows).await?;
    rows.into_iter()
        .map(|row| {
            let participants = participants.remove(&row.id).unwrap_or_default();
            let (contact, about) = (marks.remove(&row.id), about.remove(&row.id).unwrap_or_default());
            to_recorded(row, participants, contact, about)
        })
        .collect()
}

/// Whom these are about. Nearly always nobody, which takes no query.
async fn about_among(
    connection: &impl ConnectionTrait,
    rows: &[interaction::Model],
) -> Result<HashMap<Uuid, Vec<String>>, DbErr> {
    let ids: Vec<Uuid> = rows.iter().filter(|row| row.about_count > 0).map(|row| row.id).collect();
    let mut found: HashMap<Uuid, Vec<String>> = HashMap::new();
    if !ids.is_empty() {
        let query = about::Entity::find().filter(about::Column::InteractionId.is_in(ids));
        for row in query.order_by_asc(about::Column::Position).all(connection).await? {
            found.entry(row.interaction_id).or_default().push(row.staff_id);
        }
    }
    Ok(found)
}

fn json_or_default<T: serde::de::DeserializeOwned + Default>(text: Option<String>) -> Result<T, DbErr> {
    text.map_or(Ok(T::default()), |text| serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string())))
}

pub(super) fn to_recorded(
    row: interaction::Model,
    participants: Vec<Participant>,
    contact: Option<Mark>,
    about_staff_ids: Vec<String>,
) -> Result<Recorded, DbErr> {
    let alias = row.alias_kind.zip(row.alias_value);
    let alias = alias.map(|(kind, value)| Alias::stored(kind.0, value, row.alias_written));
    let messages = row.customer_messages.zip(row.staff_messages).zip(row.bot_messages);
    Ok(Recorded {
        id: row.id,
        recorded_at: row.recorded_at,
        revision: row.revision,
        contact,
        facts: Facts {
            channel: row.channel.0,
            kind: row.kind.0,
            direction: row.direction.0,
            outcome: row.outcome.0,
            topic: row.topic,
            instants: Instants {
                arrived: row.arrived_at,
                requested: row.requested_at,
                connected: row.connected_at,
                ended: row.ended_at,
            },
            hold: row.hold,
            after_call_work: row.after_call_work,
            customer_id: row.customer_id,
            customer_alias: alias,
            participants,
            case_id: row.case_id,
            context: Context {
                order_id: row.order_id,
                product_id: row.product_id,
                rest: json_or_default(row.context)?,
            },
            transfers: json_or_default(row.transfers)?,
            messages: messages.map(|((customer, staff), bot)| MessageCounts { customer, staff, bot }),
            conclusion: row.conclusion,
            staff_resolution: row.staff_resolution.0,
            customer_resolution: row.customer_resolution.0,
            contact_purpose: contact.map(|mark| mark.purpose),
            about_staff_ids,
        },
    })
}
