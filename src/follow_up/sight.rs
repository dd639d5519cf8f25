//! Who sees which follow-ups, and whom they are about: in one place, since one decides the other (L2).

use std::collections::{BTreeSet, HashMap};

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, Select,
    sea_query::{ExprTrait as _, SelectStatement},
};
use uuid::Uuid;

use super::{
    FollowUp,
    entity::{
        about,
        follow_up::{Column, Entity},
        statement,
    },
};
use crate::{
    api::v1::FollowUpSource,
    interaction,
    reach::{Oneself, Scope, Sight},
    store::Stored,
};

/// What a caller may see; every query begins here.
pub(super) fn within(sight: &Sight) -> Select<Entity> {
    let all = Entity::find();
    let reached = match &sight.scope {
        Scope::All => all,
        Scope::Teams { staff_id, teams } => {
            all.filter(Column::TeamId.is_in(teams.clone()).or(Column::HolderStaffId.eq(staff_id)))
        }
        Scope::Staff(id) => all.filter(Column::HolderStaffId.eq(id)),
        Scope::Customer(id) => all.filter(Column::InteractionId.in_subquery(interaction::store::of_customer(id))),
    };
    match sight.oneself.id() {
        Some(person) => reached.filter(not_about(person)),
        None => reached,
    }
}

/// What is not about this person: neither named, nor accused in the interaction or in its case, nor part of what was rated.
fn not_about(person: &str) -> Condition {
    let named: SelectStatement = about::Entity::find()
        .select_only()
        .column(about::Column::FollowUpId)
        .filter(about::Column::StaffId.eq(person))
        .into_query();
    let took_part = Column::InteractionId.not_in_subquery(interaction::store::with_part_of(person));
    Condition::all()
        .add(Column::Id.not_in_subquery(named))
        .add(Column::InteractionId.not_in_subquery(interaction::store::hidden_from(person)))
        .add(Column::InteractionId.not_in_subquery(interaction::store::of_cases_hidden_from(person)))
        .add(Column::Source.ne(Stored(FollowUpSource::Rating)).or(took_part))
}

/// Whether a follow-up is about a person, and so must not be theirs.
pub(super) async fn is_about(connection: &impl ConnectionTrait, id: Uuid, staff_id: &str) -> Result<bool, DbErr> {
    let sight = Sight { scope: Scope::All, oneself: Oneself::of_person(staff_id) };
    Ok(within(&sight).filter(Column::Id.eq(id)).one(connection).await?.is_none())
}

/// Follow-ups about a person of which statements were released to anybody: the audit trail names them.
pub(crate) async fn hidden_statements(connection: &impl ConnectionTrait, person: &str) -> Result<Vec<String>, DbErr> {
    let sight = Sight { scope: Scope::All, oneself: Oneself::of_person(person) };
    let seen = within(&sight).select_only().column(Column::Id).into_query();
    let hidden = statement::Entity::find().filter(statement::Column::FollowUpId.not_in_subquery(seen));
    let ids: Vec<Uuid> =
        hidden.select_only().column(statement::Column::FollowUpId).distinct().into_tuple().all(connection).await?;
    Ok(ids.iter().map(Uuid::to_string).collect())
}

/// Whom follow-ups are about, by name.
pub(super) async fn about(
    connection: &impl ConnectionTrait,
    follow_ups: &[FollowUp],
) -> Result<HashMap<Uuid, BTreeSet<String>>, DbErr> {
    let mut found: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
    let ids = follow_ups.iter().map(|one| one.id);
    for row in about::Entity::find().filter(about::Column::FollowUpId.is_in(ids)).all(connection).await? {
        found.entry(row.follow_up_id).or_default().insert(row.staff_id);
    }
    let interactions: Vec<Uuid> = follow_ups.iter().map(|one| one.interaction_id).collect();
    let recorded = interaction::store::all_of(connection, &Sight::all(), interactions).await?;
    let recorded: HashMap<Uuid, _> = recorded.into_iter().map(|one| (one.id, one.facts)).collect();
    let cases = recorded.values().filter_map(|facts| facts.case_id.clone()).collect();
    let accusing = interaction::store::accusing(connection, cases).await?;
    for one in follow_ups {
        let Some(facts) = recorded.get(&one.interaction_id) else { continue };
        let people = found.entry(one.id).or_default();
        people.extend(facts.about_staff_ids.iter().cloned());
        let of_case = accusing.iter().filter(|other| facts.case_id.is_some() && other.facts.case_id == facts.case_id);
        people.extend(of_case.flat_map(|other| other.facts.about_staff_ids.iter().cloned()));
        if one.source.0 == FollowUpSource::Rating {
            people.extend(facts.participants.iter().map(|part| part.staff_id.clone()));
        }
    }
    Ok(found)
}
