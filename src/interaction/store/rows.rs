//! What a row holds: the tables' columns, and an interaction as cells and back.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, entity::prelude::*};

use super::{
    entity::{about, interaction, participant},
    record::{Entry, Receipt},
};
use crate::{
    api::{
        convert::enum_of,
        v1::{ContactKind, Direction, InteractionChangeKind, Involvement, StaffRole},
    },
    clock::Micros,
    contact::{Mark, store::marks},
    directory::Alias,
    interaction::{Context, Facts, Instants, MessageCounts, Participant, Recorded},
    store::set::{Cell, Kind, Present, Table},
};

pub(super) const INTERACTION: Table = Table {
    name: "interaction",
    present: Present::PassOver("request_key"),
    columns: &[
        ("id", Kind::Id),
        ("request_key", Kind::Id),
        ("body_hash", Kind::Id),
        ("channel", Kind::Int),
        ("kind", Kind::Int),
        ("direction", Kind::Int),
        ("outcome", Kind::Int),
        ("topic", Kind::Text),
        ("arrived_at", Kind::Int),
        ("requested_at", Kind::Int),
        ("connected_at", Kind::Int),
        ("ended_at", Kind::Int),
        ("occurred_at", Kind::Int),
        ("hold", Kind::Int),
        ("after_call_work", Kind::Int),
        ("customer_id", Kind::Text),
        ("alias_kind", Kind::Int),
        ("alias_value", Kind::Text),
        ("case_id", Kind::Text),
        ("order_id", Kind::Text),
        ("product_id", Kind::Text),
        ("context", Kind::Text),
        ("transfers", Kind::Text),
        ("transfer_count", Kind::Int),
        ("customer_messages", Kind::Int),
        ("staff_messages", Kind::Int),
        ("bot_messages", Kind::Int),
        ("conclusion", Kind::Text),
        ("staff_resolution", Kind::Int),
        ("customer_resolution", Kind::Int),
        ("primary_staff_id", Kind::Text),
        ("primary_team_id", Kind::Text),
        ("recorded_at", Kind::Int),
        ("recorded_by", Kind::Text),
        ("revision", Kind::Int),
        ("about_count", Kind::Int),
    ],
};

pub(super) const PARTICIPANT: Table = Table {
    name: "interaction_participant",
    present: Present::Never,
    columns: &[
        ("interaction_id", Kind::Id),
        ("position", Kind::Int),
        ("staff_id", Kind::Text),
        ("role", Kind::Int),
        ("team_id", Kind::Text),
        ("involvement", Kind::Int),
        ("occurred_at", Kind::Int),
        ("told_by", Kind::Text),
    ],
};

pub(super) const ABOUT: Table = Table {
    name: "interaction_about",
    present: Present::Never,
    columns: &[("interaction_id", Kind::Id), ("position", Kind::Int), ("staff_id", Kind::Text)],
};

pub(super) const CHANGE: Table = Table {
    name: "interaction_change",
    present: Present::Never,
    columns: &[("sequence", Kind::Int), ("interaction_id", Kind::Id), ("kind", Kind::Int), ("changed_at", Kind::Int)],
};

/// The tables to which recording what customers began adds rows, in its order: what a measurement of the database alone has to fill.
pub const RECORDED: [&Table; 3] = [&INTERACTION, &PARTICIPANT, &CHANGE];

pub(super) fn change_cells(sequence: i64, id: Uuid, kind: InteractionChangeKind, now: Micros) -> Vec<Cell> {
    vec![sequence.into(), id.into(), (kind as i16).into(), now.into()]
}

pub(super) fn interaction_cells(entry: &Entry, facts: Facts, receipt: &Receipt) -> Vec<Cell> {
    let primary = primary(&facts.participants);
    let (staff, team) = (primary.map(|one| one.staff_id.clone()), primary.and_then(|one| one.team_id.clone()));
    let messages = facts.messages;
    let about_count = about_count(&facts);
    vec![
        receipt.id.into(),
        entry.request_key.into(),
        entry.body_hash.into(),
        (facts.channel as i16).into(),
        (facts.kind as i16).into(),
        (facts.direction as i16).into(),
        (facts.outcome as i16).into(),
        facts.topic.into(),
        facts.instants.arrived.into(),
        facts.instants.requested.into(),
        facts.instants.connected.into(),
        facts.instants.ended.into(),
        facts.instants.occurred().unwrap_or(receipt.recorded_at).into(),
        facts.hold.into(),
        facts.after_call_work.into(),
        facts.customer_id.into(),
        facts.customer_alias.as_ref().map(|alias| alias.kind as i16).into(),
        facts.customer_alias.map(|alias| alias.value).into(),
        facts.case_id.into(),
        facts.context.order_id.into(),
        facts.context.product_id.into(),
        json_unless_default(&facts.context.rest).into(),
        json_unless_default(&facts.transfers).into(),
        i64::try_from(facts.transfers.len()).unwrap_or(i64::MAX).into(),
        messages.map(|counts| counts.customer).into(),
        messages.map(|counts| counts.staff).into(),
        messages.map(|counts| counts.bot).into(),
        facts.conclusion.into(),
        (facts.staff_resolution as i16).into(),
        (facts.customer_resolution as i16).into(),
        staff.into(),
        team.into(),
        receipt.recorded_at.into(),
        entry.recorded_by.clone().into(),
        receipt.revision.into(),
        about_count.into(),
    ]
}

pub(super) fn about_count(facts: &Facts) -> i16 {
    i16::try_from(facts.about_staff_ids.len()).unwrap_or(i16::MAX)
}

pub(super) fn about_cells(id: Uuid, facts: &Facts) -> impl Iterator<Item = Vec<Cell>> {
    let rows = (0i16..).zip(&facts.about_staff_ids);
    rows.map(move |(position, staff_id)| vec![id.into(), position.into(), staff_id.clone().into()])
}

pub(super) fn participant_cells(id: Uuid, facts: &Facts) -> impl Iterator<Item = Vec<Cell>> {
    let occurred_at = facts.instants.occurred();
    facts.participants.iter().zip(0i16..).map(move |(one, position)| {
        vec![
            id.into(),
            position.into(),
            one.staff_id.clone().into(),
            (one.role.unwrap_or_default() as i16).into(),
            one.team_id.clone().into(),
            (one.involvement as i16).into(),
            occurred_at.into(),
            one.told_by.clone().into(),
        ]
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
    let outbound = rows.iter().filter(|row| row.direction == Direction::Outbound as i16).map(|row| row.id);
    let outbound: Vec<Uuid> = outbound.collect();
    let mut marks = if outbound.is_empty() { HashMap::new() } else { marks(connection, &outbound).await? };
    if !rows.is_empty() {
        let found = participant::Entity::find()
            .filter(participant::Column::InteractionId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(participant::Column::Position);
        for row in found.all(connection).await? {
            participants.entry(row.interaction_id).or_default().push(Participant {
                staff_id: row.staff_id,
                role: StaffRole::try_from(i32::from(row.role)).ok(),
                team_id: row.team_id,
                involvement: enum_of(row.involvement),
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

fn to_recorded(
    row: interaction::Model,
    participants: Vec<Participant>,
    contact: Option<Mark>,
    about_staff_ids: Vec<String>,
) -> Result<Recorded, DbErr> {
    let alias =
        row.alias_kind.zip(row.alias_value).map(|(kind, value)| Alias { kind: enum_of::<ContactKind>(kind), value });
    let messages = row.customer_messages.zip(row.staff_messages).zip(row.bot_messages);
    Ok(Recorded {
        id: row.id,
        recorded_at: row.recorded_at,
        revision: row.revision,
        contact,
        facts: Facts {
            channel: enum_of(row.channel),
            kind: enum_of(row.kind),
            direction: enum_of(row.direction),
            outcome: enum_of(row.outcome),
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
            staff_resolution: enum_of(row.staff_resolution),
            customer_resolution: enum_of(row.customer_resolution),
            contact_purpose: contact.map(|mark| mark.purpose),
            about_staff_ids,
        },
    })
}
