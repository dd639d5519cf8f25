//! The lines that figures are made of, read in one narrow pass.

use std::collections::{HashMap, HashSet};

use futures::{Stream, TryStreamExt as _};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _,
    RelationTrait as _, Select, StreamTrait, entity::prelude::*, sea_query::JoinType,
};

use super::{
    entity::{interaction, participant},
    find::{InteractionFilter, filtered, not_about},
};
use crate::{
    api::v1::{Channel, Direction, InteractionKind, Involvement, Outcome, Resolution, StaffRole},
    clock::Micros,
    interaction::{
        Instants,
        resolution::{self, Contact},
        summary::SummaryLine,
    },
    reach::{Scope, Sight},
    store::Stored,
};

#[derive(FromQueryResult)]
pub(super) struct LineRow {
    id: Uuid,
    channel: Stored<Channel>,
    kind: Stored<InteractionKind>,
    direction: Stored<Direction>,
    outcome: Stored<Outcome>,
    topic: Option<String>,
    occurred_at: i64,
    requested_at: Option<i64>,
    connected_at: Option<i64>,
    ended_at: Option<i64>,
    after_call_work: Option<i64>,
    transfer_count: i32,
    staff_resolution: Stored<Resolution>,
    customer_resolution: Stored<Resolution>,
    customer_id: Option<String>,
    primary_staff_id: Option<String>,
    primary_team_id: Option<String>,
}

/// The columns of a line.
pub(super) const LINE: [interaction::Column; 17] = {
    use interaction::Column;
    [
        Column::Id,
        Column::Channel,
        Column::Kind,
        Column::Direction,
        Column::Outcome,
        Column::Topic,
        Column::OccurredAt,
        Column::RequestedAt,
        Column::ConnectedAt,
        Column::EndedAt,
        Column::AfterCallWork,
        Column::TransferCount,
        Column::StaffResolution,
        Column::CustomerResolution,
        Column::CustomerId,
        Column::PrimaryStaffId,
        Column::PrimaryTeamId,
    ]
};

impl LineRow {
    pub(super) fn line(self) -> SummaryLine {
        SummaryLine {
            id: self.id,
            channel: self.channel.0,
            kind: self.kind.0,
            direction: self.direction.0,
            outcome: self.outcome.0,
            topic: self.topic,
            occurred_at: self.occurred_at,
            instants: Instants {
                arrived: None,
                requested: self.requested_at,
                connected: self.connected_at,
                ended: self.ended_at,
            },
            after_call_work: self.after_call_work,
            transfer_count: self.transfer_count.into(),
            staff_resolution: self.staff_resolution.0,
            customer_resolution: self.customer_resolution.0,
            customer_id: self.customer_id,
            primary_staff_id: self.primary_staff_id,
            primary_team_id: self.primary_team_id,
        }
    }
}

/// The lines that a summary is made of, in no order.
pub(crate) async fn lines<'c, C: ConnectionTrait + StreamTrait>(
    connection: &'c C,
    sight: &Sight,
    filter: &InteractionFilter,
) -> Result<impl Stream<Item = Result<SummaryLine, DbErr>> + 'c, DbErr> {
    let query = filtered(sight, filter).select_only().columns(LINE);
    let rows = query.into_model::<LineRow>().stream(connection).await?;
    Ok(rows.map_ok(LineRow::line))
}

/// The roles in which the primary participants of a period served, by interaction.
pub(crate) async fn primary_roles(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &InteractionFilter,
) -> Result<HashMap<Uuid, StaffRole>, DbErr> {
    use participant::Column as Part;
    let query = filtered(sight, filter);
    let query = query.join(JoinType::InnerJoin, interaction::Relation::Participant.def());
    let query = query.filter(Part::Involvement.eq(Stored(Involvement::Primary))).select_only();
    let query = query.column(interaction::Column::Id).column(Part::Role);
    let rows: Vec<(Uuid, Stored<StaffRole>)> = query.into_tuple().all(connection).await?;
    Ok(rows.into_iter().map(|(id, role)| (id, role.0)).collect())
}

#[derive(FromQueryResult)]
struct ContactRow {
    id: Uuid,
    kind: Stored<InteractionKind>,
    outcome: Stored<Outcome>,
    occurred_at: i64,
    case_id: Option<String>,
    order_id: Option<String>,
    topic: Option<String>,
}

/// Every inbound contact that names its matter, around a period: of the whole organisation, since a customer may come
/// back to another team, apart from what is hidden from the caller.
pub(crate) async fn contacts(
    connection: &(impl ConnectionTrait + StreamTrait),
    hidden_from: Option<&str>,
    from: Option<Micros>,
    to: Option<Micros>,
) -> Result<Vec<Contact>, DbErr> {
    read(connection, around(hidden_from, from, to)).await
}

/// Of them those on the matters of what is seen. The work grows with what the caller sees, not with the record (C3).
pub(crate) async fn contacts_on_matters(
    connection: &(impl ConnectionTrait + StreamTrait),
    sight: &Sight,
    filter: &InteractionFilter,
) -> Result<Vec<Contact>, DbErr> {
    use interaction::Column;
    let hidden_from = sight.oneself.id();
    if sight.scope == Scope::All && filter.staff_id.is_none() && filter.team_id.is_none() && filter.party.is_none() {
        return contacts(connection, hidden_from, filter.from, filter.to).await;
    }
    let seen = filtered(sight, filter);
    let named = Condition::any().add(Column::CaseId.is_not_null()).add(Column::OrderId.is_not_null());
    let seen = seen.filter(named);
    let names = seen.select_only().columns([Column::CaseId, Column::OrderId]).into_tuple();
    let mut matters = Names::default();
    names.all(connection).await?.into_iter().for_each(|(case, order)| matters.add(case, order));
    let mut found: HashMap<Uuid, Contact> = HashMap::new();
    // A contact that names a case and an order makes one matter of both, and so leads to others.
    while let Some((column, some)) = matters.next() {
        let query = around(hidden_from, filter.from, filter.to).filter(column.is_in(some));
        for contact in read(connection, query).await? {
            matters.add(contact.case_id.clone(), contact.order_id.clone());
            found.insert(contact.id, contact);
        }
    }
    Ok(found.into_values().collect())
}

/// Names that one query looks up.
const LOOKED_UP: usize = 500;

/// Cases and orders, each to be looked up once.
#[derive(Default)]
struct Names {
    known: [HashSet<String>; 2],
    wanted: [Vec<String>; 2],
}

impl Names {
    const COLUMNS: [interaction::Column; 2] = [interaction::Column::CaseId, interaction::Column::OrderId];

    fn add(&mut self, case: Option<String>, order: Option<String>) {
        for (kind, name) in [case, order].into_iter().enumerate() {
            let Some(name) = name else { continue };
            if self.known[kind].insert(name.clone()) {
                self.wanted[kind].push(name);
            }
        }
    }

    fn next(&mut self) -> Option<(interaction::Column, Vec<String>)> {
        let kind = self.wanted.iter().position(|wanted| !wanted.is_empty())?;
        let wanted = &mut self.wanted[kind];
        let rest = wanted.len().saturating_sub(LOOKED_UP);
        Some((Self::COLUMNS[kind], wanted.split_off(rest)))
    }
}

fn around(hidden_from: Option<&str>, from: Option<Micros>, to: Option<Micros>) -> Select<interaction::Entity> {
    use interaction::Column;
    let order = Condition::all().add(Column::OrderId.is_not_null()).add(Column::Topic.is_not_null());
    let mut query = interaction::Entity::find()
        .filter(Column::Direction.eq(Stored(Direction::Inbound)))
        .filter(Condition::any().add(Column::CaseId.is_not_null()).add(order));
    if let Some(person) = hidden_from {
        query = query.filter(not_about(person));
    }
    if let Some(from) = from {
        query = query.filter(Column::OccurredAt.gte(from.saturating_sub(resolution::WINDOW)));
    }
    if let Some(to) = to {
        query = query.filter(Column::OccurredAt.lte(to.saturating_add(resolution::WINDOW)));
    }
    query
}

async fn read(
    connection: &(impl ConnectionTrait + StreamTrait),
    query: Select<interaction::Entity>,
) -> Result<Vec<Contact>, DbErr> {
    use interaction::Column;
    let query = query.select_only().columns([Column::Id, Column::Kind, Column::Outcome, Column::OccurredAt]).columns([
        Column::CaseId,
        Column::OrderId,
        Column::Topic,
    ]);
    let mut rows = query.into_model::<ContactRow>().stream(connection).await?;
    let mut contacts = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if resolution::is_inbound_contact(Direction::Inbound, row.kind.0) {
            contacts.push(Contact {
                id: row.id,
                at: row.occurred_at,
                served: resolution::is_served(row.outcome.0),
                case_id: row.case_id,
                order_id: row.order_id,
                topic: row.topic,
            });
        }
    }
    Ok(contacts)
}
