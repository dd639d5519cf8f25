//! Praise in the database: what waits, and what was passed on.

use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    entity::praise::{self, Column, Entity},
    rules,
};
use crate::{
    api::v1::{AuditAction, RatingStanding},
    audit,
    auth::Caller,
    clock::Micros,
    error::{Error, Reason, Result},
    rating::{
        Rating,
        store::{self as ratings, RatingColumn},
    },
    reach::{Scope, Sight},
    store::{Abort, Stored, Tx},
};

/// What was passed on.
pub(super) type Shared = praise::Model;

/// The best of all.
const PRAISE: i16 = 5;

/// Passes on what a customer wrote. Needs the lock of the ratings.
///
/// # Errors
/// [`Error::NotFound`], [`Error::RatingSuperseded`], [`Error::NothingToShare`], [`Error::AlreadyShared`],
/// [`Reason::NotQuoted`].
pub(super) async fn share(
    tx: &Tx,
    now: Micros,
    (caller, sight): (&Caller, &Sight),
    rating_id: Uuid,
    text: Option<&str>,
) -> Result<Uuid, Abort> {
    let rating = ratings::find(tx, sight, rating_id).await?.ok_or(Error::NotFound("rating"))?;
    if rating.standing == RatingStanding::Superseded {
        return Err(Error::RatingSuperseded.into());
    }
    let (comment, rated) = rating.comment.zip(rating.rated).ok_or(Error::NothingToShare)?;
    if Entity::find().filter(Column::RatingId.eq(rating_id)).one(tx).await?.is_some() {
        return Err(Error::AlreadyShared.into());
    }
    let text = text.unwrap_or(&comment);
    if !rules::quotes(text, &comment) {
        let rule = "must be parts of the comment in its order, with … between them";
        return Err(Error::invalid("text", Reason::NotQuoted, rule).into());
    }
    let (id, about) = (Uuid::new_v4(), rated.staff_id.clone());
    let row = praise::ActiveModel {
        id: Set(id),
        rating_id: Set(rating_id),
        staff_id: Set(rated.staff_id),
        team_id: Set(rated.team_id),
        text: Set(text.to_owned()),
        shared_by: Set(caller.subject().to_owned()),
        shared_at: Set(now),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    let actor = (caller.subject(), caller.principal.role);
    let object = (&*rating_id.to_string(), Some(&*about));
    audit::add_about(tx, now, actor, AuditAction::PraiseShared, object, "", None).await?;
    Ok(id)
}

/// Lets what was passed on follow its rating when the customer corrects it; the colleague keeps what they read.
pub(crate) async fn follow(tx: &Tx, earlier: Uuid, later: Uuid) -> Result<(), DbErr> {
    let changed = Entity::update_many().col_expr(Column::RatingId, Expr::value(later));
    changed.filter(Column::RatingId.eq(earlier)).exec(tx).await?;
    Ok(())
}

/// One that was passed on, no matter who asks.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Shared> {
    Entity::find_by_id(id).one(connection).await?.ok_or(Error::NotFound("praise"))
}

/// A page of what was passed on to the caller or within their reach, newest first.
pub(super) async fn shared(
    connection: &impl ConnectionTrait,
    (subject, scope): (&str, &Scope),
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Shared>, DbErr> {
    let own = Condition::any().add(Column::StaffId.eq(subject));
    let mut query = match scope {
        Scope::All => Entity::find(),
        Scope::Teams { teams, .. } => Entity::find().filter(own.add(Column::TeamId.is_in(teams.clone()))),
        Scope::Staff(_) | Scope::Customer(_) => Entity::find().filter(own),
    };
    if let Some((shared_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::SharedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(shared_at), Expr::value(id)])));
    }
    query.order_by_desc(Column::SharedAt).order_by_desc(Column::Id).limit(limit).all(connection).await
}

/// A page of ratings that wait to be passed on by the caller, newest first by the time of the interaction.
pub(super) async fn waiting(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Rating>, DbErr> {
    let passed_on = Entity::find().select_only().column(Column::RatingId).into_query();
    let waits = Condition::all()
        .add(RatingColumn::Level.eq(PRAISE))
        .add(RatingColumn::Comment.is_not_null())
        .add(RatingColumn::RatedStaffId.is_not_null())
        .add(RatingColumn::Standing.ne(Stored(RatingStanding::Superseded)))
        .add(RatingColumn::Id.not_in_subquery(passed_on));
    let filter = ratings::RatingFilter { also: Some(waits), ..Default::default() };
    ratings::list(connection, sight, &filter, after, limit).await
}
