//! What figures of ratings are made of, where colleagues changed a rated interaction afterwards: it is kept beside the
//! interaction with the first such change, and figures read it instead. Nothing is kept of what nobody changes, so that
//! rating costs no more than before.
//!
//! Whether something is kept cannot be seen by those who change it: it would tell them that they are rated.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, IdenStatic as _, JoinType, QueryFilter as _, QuerySelect as _, Value,
    entity::prelude::*,
};

use super::{
    entity::{as_rated, interaction},
    find::not_about,
};
use crate::{
    api::v1::{Direction, InteractionKind, Outcome, Resolution},
    clock::Micros,
    interaction::{
        Facts, Reactions, Recorded,
        resolution::{Contact, WINDOW, is_inbound_contact, is_served},
        summary::SummaryLine,
    },
    store::{
        Store, Stored, Tx,
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
        outcome: Stored(outcome),
        staff_resolution: Stored(resolution),
    };
    bulk::insert(tx, vec![row], KEPT).await?;
    Ok(())
}

/// Puts right what was kept, where somebody says otherwise who speaks for everybody.
pub(super) async fn correct(tx: &Tx, id: Uuid, facts: &Facts, named: &[&str]) -> Result<(), DbErr> {
    use as_rated::Column;
    let all: [(Column, Value); 4] = [
        (Column::Topic, facts.topic.clone().into()),
        (Column::CaseId, facts.case_id.clone().into()),
        (Column::Outcome, Stored(facts.outcome).into()),
        (Column::StaffResolution, Stored(facts.staff_resolution).into()),
    ];
    let told: Vec<_> = all.into_iter().filter(|(column, _)| named.contains(&column.as_str())).collect();
    if told.is_empty() {
        return Ok(());
    }
    let mut update = as_rated::Entity::update_many().filter(Column::InteractionId.eq(id));
    for (column, value) in told {
        update = update.col_expr(column, Expr::value(value));
    }
    update.exec(tx).await?;
    Ok(())
}

#[derive(Clone, Debug, FromQueryResult)]
struct Kept {
    interaction_id: Uuid,
    topic: Option<String>,
    case_id: Option<String>,
    outcome: Stored<Outcome>,
    staff_resolution: Stored<Resolution>,
    direction: Stored<Direction>,
    kind: Stored<InteractionKind>,
    occurred_at: i64,
    order_id: Option<String>,
}

impl Kept {
    fn contact(&self) -> Option<Contact> {
        let contact = Contact {
            id: self.interaction_id,
            at: self.occurred_at,
            served: is_served(self.outcome.0),
            case_id: self.case_id.clone(),
            order_id: self.order_id.clone(),
            topic: self.topic.clone(),
        };
        let counts = is_inbound_contact(self.direction.0, self.kind.0) && contact.has_matter();
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
        use interaction::Column;
        let whole = as_rated::Entity::belongs_to(interaction::Entity)
            .from(as_rated::Column::InteractionId)
            .to(Column::Id)
            .into();
        let mut query = as_rated::Entity::find()
            .join(JoinType::InnerJoin, whole)
            .columns([Column::Direction, Column::Kind, Column::OccurredAt, Column::OrderId])
            .filter(Column::OccurredAt.gte(from.map_or(Micros::MIN, |from| from.saturating_sub(WINDOW))))
            .filter(Column::OccurredAt.lte(to.map_or(Micros::MAX, |to| to.saturating_add(WINDOW))));
        if let Some(person) = hidden_from {
            query = query.filter(not_about(person));
        }
        let rows = query.into_model::<Kept>().all(connection).await?;
        Ok(Self(rows.into_iter().map(|row| (row.interaction_id, row)).collect()))
    }

    /// A line as it was when it was rated.
    pub(crate) fn line(&self, line: SummaryLine) -> SummaryLine {
        match self.0.get(&line.id) {
            None => line,
            Some(kept) => SummaryLine {
                topic: kept.topic.clone(),
                outcome: kept.outcome.0,
                staff_resolution: kept.staff_resolution.0,
                ..line
            },
        }
    }

    /// Topic and outcome of an interaction as they were when it was rated; none: as they are.
    pub(crate) fn topic_and_outcome(&self, id: Uuid) -> Option<(Option<String>, Outcome)> {
        self.0.get(&id).map(|kept| (kept.topic.clone(), kept.outcome.0))
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
