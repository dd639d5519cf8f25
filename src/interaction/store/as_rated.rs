//! What figures of ratings are made of, where colleagues changed a rated interaction afterwards: it is kept beside the
//! interaction with the first such change, and figures read it instead. Nothing is kept of what nobody changes, so that
//! rating costs no more than before.
//!
//! Whether something is kept cannot be seen by those who change it: it would tell them that they are rated.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value, entity::prelude::*};

use super::{entity::as_rated, find::not_about_sql};
use crate::{
    api::{
        convert::enum_of,
        v1::{Outcome, Resolution},
    },
    clock::Micros,
    interaction::{
        Facts, Reactions, Recorded,
        resolution::{Contact, WINDOW, is_inbound_contact, is_served},
        summary::Line,
    },
    store::{
        Store, Tx,
        bulk::{self, Present},
    },
};

/// The first that was kept stays.
const KEPT: Present<as_rated::Entity> = Present::PassOver(&[as_rated::Column::InteractionId]);

/// Keeps what an interaction is before somebody changes it for whom or against whom it counts, if it is rated and nothing
/// was kept before.
pub(super) async fn keep(
    tx: &Tx,
    (store, reactions): (&Store, Reactions),
    before: &Recorded,
    facts: &Facts,
) -> Result<(), DbErr> {
    fn what(facts: &Facts) -> (&Option<String>, &Option<String>, Outcome, Resolution) {
        (&facts.topic, &facts.case_id, facts.outcome, facts.staff_resolution)
    }
    if what(&before.facts) == what(facts) || !(reactions.is_rated)(tx, store, before.id).await? {
        return Ok(());
    }
    let (topic, case_id, outcome, resolution) = what(&before.facts);
    let row = as_rated::Model {
        interaction_id: before.id,
        topic: topic.clone(),
        case_id: case_id.clone(),
        outcome: outcome as i16,
        staff_resolution: resolution as i16,
    };
    bulk::insert(tx, vec![row], KEPT).await?;
    Ok(())
}

/// Puts right what was kept, where somebody says otherwise who speaks for everybody.
pub(super) async fn correct(tx: &Tx, id: Uuid, facts: &Facts, named: &[&str]) -> Result<(), DbErr> {
    let (mut values, mut columns): (Vec<Value>, Vec<String>) = (vec![id.into()], Vec::new());
    let all: [(&str, Value); 4] = [
        ("topic", facts.topic.clone().into()),
        ("case_id", facts.case_id.clone().into()),
        ("outcome", (facts.outcome as i16).into()),
        ("staff_resolution", (facts.staff_resolution as i16).into()),
    ];
    for (column, value) in all.into_iter().filter(|(column, _)| named.contains(column)) {
        values.push(value);
        columns.push(format!("{column} = ${}", values.len()));
    }
    if columns.is_empty() {
        return Ok(());
    }
    let sql = format!("UPDATE interaction_as_rated SET {} WHERE interaction_id = $1", columns.join(", "));
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

#[derive(Clone, Debug, FromQueryResult)]
struct Kept {
    interaction_id: Uuid,
    topic: Option<String>,
    case_id: Option<String>,
    outcome: i16,
    staff_resolution: i16,
    direction: i16,
    kind: i16,
    occurred_at: i64,
    order_id: Option<String>,
}

impl Kept {
    fn contact(&self) -> Option<Contact> {
        let contact = Contact {
            id: self.interaction_id,
            at: self.occurred_at,
            served: is_served(enum_of(self.outcome)),
            case_id: self.case_id.clone(),
            order_id: self.order_id.clone(),
            topic: self.topic.clone(),
        };
        let counts = is_inbound_contact(enum_of(self.direction), enum_of(self.kind)) && contact.has_matter();
        counts.then_some(contact)
    }
}

/// What was kept of the interactions of a period.
pub(crate) struct AsRated(HashMap<Uuid, Kept>);

impl AsRated {
    /// Around a period, as contacts are read for it.
    pub(crate) async fn read(
        connection: &impl ConnectionTrait,
        hidden_from: Option<&str>,
        from: Option<Micros>,
        to: Option<Micros>,
    ) -> Result<Self, DbErr> {
        let sql = format!(
            "SELECT f.interaction_id, f.topic, f.case_id, f.outcome, f.staff_resolution, i.direction, i.kind,
                i.occurred_at, i.order_id
            FROM interaction_as_rated f JOIN interaction i ON i.id = f.interaction_id
            WHERE i.occurred_at >= $1 AND i.occurred_at <= $2 AND {}",
            not_about_sql("i", "$3")
        );
        let bounds = [
            from.map_or(Micros::MIN, |from| from.saturating_sub(WINDOW)).into(),
            to.map_or(Micros::MAX, |to| to.saturating_add(WINDOW)).into(),
            hidden_from.unwrap_or_default().into(),
        ];
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, bounds);
        let rows = Kept::find_by_statement(statement).all(connection).await?;
        Ok(Self(rows.into_iter().map(|row| (row.interaction_id, row)).collect()))
    }

    /// A line as it was when it was rated.
    pub(crate) fn line(&self, line: Line) -> Line {
        match self.0.get(&line.id) {
            None => line,
            Some(kept) => Line {
                topic: kept.topic.clone(),
                outcome: enum_of(kept.outcome),
                staff_resolution: enum_of(kept.staff_resolution),
                ..line
            },
        }
    }

    /// The contacts of the period as they were when they were rated.
    pub(crate) fn correct_contacts(&self, contacts: &mut Vec<Contact>) {
        if self.0.is_empty() {
            return;
        }
        let changed: HashSet<Uuid> = self.0.keys().copied().collect();
        contacts.retain(|contact| !changed.contains(&contact.id));
        // Those too that name no matter any more.
        contacts.extend(self.0.values().filter_map(Kept::contact));
    }
}
