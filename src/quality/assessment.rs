//! Assessments in the database.

use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
    entity::prelude::*,
    sea_query::{Alias as Name, ExprTrait as _, Query, SelectStatement},
};

use super::{
    Assessment, Marks,
    entity::assessment::{self, Column, Entity},
};
use crate::{
    api::v1::{AuditAction, Role},
    audit,
    clock::Micros,
    error::{Error, Result},
    interaction,
    reach::{Scope, Sight},
    store::{Abort, Stored, Tx},
};

/// Puts an assessment on record, in the place of an earlier one by the same author. Needs the lock of the ratings.
///
/// # Errors
/// [`Error::NotFound`], [`Error::TookPart`].
pub(super) async fn assess(
    tx: &Tx,
    now: Micros,
    ((author, role), sight): (&(String, Role), &Sight),
    interaction_id: Uuid,
    marks: &Marks,
) -> Result<Uuid, Abort> {
    let found = interaction::store::find(tx, sight, interaction_id).await?;
    let interaction = found.ok_or(Error::NotFound("interaction"))?;
    if interaction.facts.participants.iter().any(|one| one.staff_id == *author) {
        return Err(Error::TookPart.into());
    }
    let earlier = Entity::update_many().col_expr(Column::SupersededAt, Expr::value(now));
    let earlier = earlier.filter(Column::InteractionId.eq(interaction_id)).filter(Column::Author.eq(author));
    earlier.filter(Column::SupersededAt.is_null()).exec(tx).await?;
    let id = Uuid::new_v4();
    let row = assessment::ActiveModel {
        id: Set(id),
        interaction_id: Set(interaction_id),
        author: Set(author.clone()),
        author_role: Set(Stored(*role)),
        overall: Set(marks.overall),
        criteria: Set(serde_json::to_string(&marks.criteria).map_err(Error::internal)?),
        note: Set(marks.note.clone()),
        assessed_at: Set(now),
        superseded_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    let (object, reason) = (interaction_id.to_string(), marks.note.as_deref().unwrap_or_default());
    audit::add(tx, now, (author, *role), AuditAction::InteractionAssessed, &object, reason, None).await?;
    Ok(id)
}

/// Which assessments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AssessmentFilter {
    pub(super) interaction_id: Option<Uuid>,
    pub(super) team_id: Option<String>,
    pub(super) staff_id: Option<String>,
}

/// Of interactions in which somebody of whom this holds took part.
fn took_part(who: Expr) -> Expr {
    let rows = Name::new("interaction_participant");
    let query = Query::select().column(Name::new("interaction_id")).from(rows).and_where(who).to_owned();
    Column::InteractionId.in_subquery(query)
}

/// Of interactions whose primary participant is this one.
fn served_by(column: &'static str, id: &str) -> Expr {
    let primary = Expr::col(Name::new(column)).eq(id);
    let query = Query::select().column(Name::new("id")).from(Name::new("interaction")).and_where(primary).to_owned();
    Column::InteractionId.in_subquery(query)
}

/// Everything that a caller may read: the work of others within reach and, without a filter, what holds of their own.
fn within(subject: &str, scope: &Scope, filter: &AssessmentFilter) -> Select<Entity> {
    let person = || Expr::col(Name::new("staff_id")).eq(subject);
    let of_others = match scope {
        Scope::All => Some(Condition::all()),
        Scope::Teams { teams, .. } => {
            let team = Expr::col(Name::new("team_id")).is_in(teams.clone());
            Some(Condition::all().add(took_part(team)))
        }
        Scope::Staff(_) | Scope::Customer(_) => None,
    };
    let mut readable = Condition::any();
    if let Some(of_others) = of_others {
        readable = readable.add(of_others.add(took_part(person()).not()));
    }
    if *filter == AssessmentFilter::default() {
        let own = Condition::all().add(served_by("primary_staff_id", subject)).add(Column::SupersededAt.is_null());
        readable = readable.add(own);
    }
    let hidden = interaction::store::hidden_from(subject);
    let found = Entity::find().filter(Column::InteractionId.not_in_subquery(hidden));
    // An empty condition would let everything through.
    if readable.is_empty() { found.filter(Expr::cust("1 = 0")) } else { found.filter(readable) }
}

/// A page of what a caller may read, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    (subject, scope): (&str, &Scope),
    filter: &AssessmentFilter,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Assessment>> {
    let mut query = within(subject, scope, filter);
    if let Some(id) = filter.interaction_id {
        query = query.filter(Column::InteractionId.eq(id));
    }
    if let Some(team_id) = &filter.team_id {
        query = query.filter(served_by("primary_team_id", team_id));
    }
    if let Some(staff_id) = &filter.staff_id {
        query = query.filter(served_by("primary_staff_id", staff_id));
    }
    if let Some((assessed_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::AssessedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(assessed_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::AssessedAt).order_by_desc(Column::Id).limit(limit);
    query.all(connection).await?.into_iter().map(TryInto::try_into).collect()
}

/// One assessment, no matter who asks.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Assessment> {
    Entity::find_by_id(id).one(connection).await?.ok_or(Error::NotFound("assessment"))?.try_into()
}

/// Those that hold of these interactions, newest first.
pub(super) async fn of_interactions(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Assessment>> {
    let query = Entity::find().filter(Column::InteractionId.is_in(ids.iter().copied()));
    let query = query.filter(Column::SupersededAt.is_null());
    let query = query.order_by_desc(Column::AssessedAt).order_by_desc(Column::Id);
    query.all(connection).await?.into_iter().map(TryInto::try_into).collect()
}

/// The ids of interactions of which an assessment between these marks holds.
pub(super) fn interactions_assessed(from: i16, to: i16) -> SelectStatement {
    let query = Entity::find().select_only().column(Column::InteractionId);
    query.filter(Column::SupersededAt.is_null()).filter(Column::Overall.between(from, to)).into_query()
}

impl TryFrom<assessment::Model> for Assessment {
    type Error = Error;

    fn try_from(row: assessment::Model) -> Result<Self> {
        let criteria = serde_json::from_str(&row.criteria).map_err(Error::internal)?;
        Ok(Self {
            id: row.id,
            interaction_id: row.interaction_id,
            author: row.author,
            author_role: row.author_role.0,
            marks: Marks { overall: row.overall, criteria, note: row.note },
            at: row.assessed_at,
            superseded_at: row.superseded_at,
        })
    }
}
