//! Rows of templates, and of which end of each channel's scale is the good one.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{Alias, ExprTrait as _, OnConflict, Query},
};

use super::{
    HABIT, Questions, Template,
    entity::{direction, template},
    wording,
};
use crate::{
    api::v1::{AuditAction, Channel, Role, ScaleDirection, TemplateState},
    audit,
    clock::Micros,
    contact::Channels,
    directory::{
        etag,
        lookalike::{self, Kind},
    },
    error::{Error, Result},
    store::{Abort, Stored, Tx, set},
};

/// A version of a template; 0: the newest published one.
pub(crate) async fn template(
    connection: &impl ConnectionTrait,
    id: &str,
    version: i32,
) -> Result<Option<Template>, DbErr> {
    let wanted = (id.to_owned(), version);
    Ok(templates_among(connection, std::slice::from_ref(&wanted)).await?.remove(&wanted))
}

/// Whether there is a template whose customers are invited by itself.
pub(crate) const INVITE_THEMSELVES: &str = "EXISTS (SELECT 1 FROM survey_template WHERE state = 2 AND issue_mode = 2)";

/// The newest published version of each template whose customers are invited by itself.
pub(crate) async fn inviting(tx: &Tx) -> Result<Vec<Template>, DbErr> {
    use template::Column;
    let newer = Alias::new("newer");
    let newer_published = Query::select()
        .expr(Expr::val(1))
        .from_as(template::Entity, newer.clone())
        .and_where(Expr::col((newer.clone(), Column::TemplateId)).equals((template::Entity, Column::TemplateId)))
        .and_where(Expr::cust("newer.state = 2"))
        .and_where(Expr::col((newer, Column::Version)).gt(Expr::col((template::Entity, Column::Version))))
        .take();
    let query = template::Entity::find()
        // The numbers are written out, as the index of these has them.
        .filter(Expr::cust("survey_template.state = 2 AND survey_template.issue_mode = 2"))
        .filter(Expr::exists(newer_published).not());
    query.all(tx).await?.into_iter().map(Template::try_from).collect()
}

/// Versions of templates, each under what it was asked by: 0 for the newest published one. Those that are not there are
/// left out. One trip, however many they are.
pub(crate) async fn templates_among(
    connection: &impl ConnectionTrait,
    wanted: &[(String, i32)],
) -> Result<HashMap<(String, i32), Template>, DbErr> {
    let backend = connection.get_database_backend();
    let mut ids: Vec<String> = wanted.iter().map(|(id, _)| id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let query = template::Entity::find()
        .filter(template::Column::TemplateId.in_subquery(set::one_of(backend, ids)))
        .order_by_asc(template::Column::TemplateId)
        .order_by_asc(template::Column::Version);
    let mut found = HashMap::new();
    for row in query.all(connection).await? {
        let template = Template::try_from(row)?;
        if template.state == TemplateState::Published {
            // In order of version: the newest stays.
            found.insert((template.id.clone(), 0), template.clone());
        }
        found.insert((template.id.clone(), template.version), template);
    }
    found.retain(|key, _| wanted.contains(key));
    Ok(found)
}

impl TryFrom<template::Model> for Template {
    type Error = DbErr;

    fn try_from(row: template::Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.template_id,
            version: row.version,
            state: row.state.0,
            display_name: row.display_name,
            direction: row.direction.0,
            channels: Channels::from_bits(row.channels),
            questions: Questions::from_bits(row.questions),
            wordings: serde_json::from_str(&row.wordings).map_err(|error| DbErr::Json(error.to_string()))?,
            answer_window: row.answer_window,
            issue_mode: row.issue_mode.0,
            invite_interval: row.invite_interval,
            follow_up_level: row.follow_up_level,
            follow_up_within: row.follow_up_within,
            label_until: row.label_until,
            published_at: row.published_at,
            retired_at: row.retired_at,
            revision: row.revision,
        })
    }
}

fn row(template: &Template) -> Result<template::ActiveModel> {
    Ok(template::ActiveModel {
        template_id: Set(template.id.clone()),
        version: Set(template.version),
        state: Set(Stored(template.state)),
        display_name: Set(template.display_name.clone()),
        direction: Set(Stored(template.direction)),
        channels: Set(template.channels.bits()),
        questions: Set(template.questions.bits()),
        wordings: Set(serde_json::to_string(&template.wordings).map_err(Error::internal)?),
        answer_window: Set(template.answer_window),
        issue_mode: Set(Stored(template.issue_mode)),
        invite_interval: Set(template.invite_interval),
        follow_up_level: Set(template.follow_up_level),
        follow_up_within: Set(template.follow_up_within),
        label_until: Set(template.label_until),
        published_at: Set(template.published_at),
        retired_at: Set(template.retired_at),
        revision: Set(template.revision),
    })
}

/// Keeps a draft as the next version of its template; gives its number.
pub(crate) async fn create(tx: &Tx, draft: Template) -> Result<i32, Abort> {
    use template::Column;
    let versions = template::Entity::find().filter(Column::TemplateId.eq(&draft.id)).order_by_desc(Column::Version);
    // Two at once take the same number: the second one runs again and finds the first.
    let version = versions.one(tx).await?.map_or(0, |newest| newest.version) + 1;
    if version == 1 {
        lookalike::take(tx, Kind::SurveyTemplate, &draft.id, "template.template_id").await?;
    }
    template::Entity::insert(row(&Template { version, ..draft })?).exec_without_returning(tx).await?;
    Ok(version)
}

/// Replaces a draft by what is told.
pub(crate) async fn update(tx: &Tx, told: Template, if_etag: &str) -> Result<(), Abort> {
    let before = locked(tx, (&told.id, told.version), if_etag).await?;
    if before.state != TemplateState::Draft {
        return Err(Error::TemplateNotDraft.into());
    }
    write(tx, &Template { revision: before.revision + 1, ..told }).await
}

/// Who publishes or retires a version of a template, and which.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) actor: (String, Role),
    pub(crate) id: String,
    pub(crate) version: i32,
    /// Empty: whatever is there.
    pub(crate) if_etag: String,
}

/// Publishes a draft with all its words. Where the scale of a channel is turned round by it, `why` must say why.
///
/// # Errors
/// [`Error::WrongDirection`] if it does not.
pub(crate) async fn publish(tx: &Tx, now: Micros, decision: &Decision, why: &str) -> Result<(), Abort> {
    let draft = locked(tx, (&decision.id, decision.version), &decision.if_etag).await?;
    if draft.state != TemplateState::Draft {
        return Err(Error::TemplateNotDraft.into());
    }
    let covered = draft.covered();
    let before = directions(tx, true).await?;
    let known = |channel: &Channel| before.get(channel);
    let is_other = |channel: &&Channel| known(channel).is_some_and(|one| one.direction != draft.direction);
    let turned: Vec<Channel> = covered.iter().filter(is_other).copied().collect();
    let names = || turned.iter().map(|channel| channel.plain_name().to_owned()).collect::<Vec<_>>();
    if !turned.is_empty() && why.is_empty() {
        return Err(Error::WrongDirection(names()).into());
    }
    for channel in covered.iter().filter(|channel| known(channel).is_none() || turned.contains(channel)) {
        set_direction(tx, *channel, draft.direction, turned.contains(channel).then_some(now)).await?;
    }
    let habits = covered.iter().filter_map(|channel| match turned.contains(channel) {
        true => Some(now),
        false => known(channel)?.turned_at,
    });
    let published = Template {
        state: TemplateState::Published,
        wordings: wording::complete(draft.wordings, draft.direction),
        label_until: habits.max().map(|at| at + HABIT).filter(|until| now < *until),
        published_at: Some(now),
        revision: draft.revision + 1,
        ..draft
    };
    write(tx, &published).await?;
    let actor = (decision.actor.0.as_str(), decision.actor.1);
    let object = published.key();
    audit::add(tx, now, actor, AuditAction::TemplatePublished, &object, "", None).await?;
    if !turned.is_empty() {
        let detail = serde_json::json!({ "direction": published.direction.as_str_name(), "channels": names() });
        audit::add(tx, now, actor, AuditAction::DirectionOverridden, &object, why, Some(detail)).await?;
    }
    Ok(())
}

/// Ends the use of a published version.
pub(crate) async fn retire(tx: &Tx, now: Micros, decision: &Decision) -> Result<(), Abort> {
    let before = locked(tx, (&decision.id, decision.version), &decision.if_etag).await?;
    if before.state != TemplateState::Published {
        return Err(Error::TemplateNotPublished.into());
    }
    let revision = before.revision + 1;
    let retired = Template { state: TemplateState::Retired, retired_at: Some(now), revision, ..before };
    write(tx, &retired).await?;
    let actor = (decision.actor.0.as_str(), decision.actor.1);
    audit::add(tx, now, actor, AuditAction::TemplateRetired, &retired.key(), "", None).await?;
    Ok(())
}

async fn locked(tx: &Tx, (id, version): (&str, i32), if_etag: &str) -> Result<Template, Abort> {
    let query = template::Entity::find_by_id((id.to_owned(), version)).lock_exclusive();
    let found: Template = query.one(tx).await?.ok_or(Error::NotFound("survey template"))?.try_into()?;
    if !if_etag.is_empty() && if_etag != etag(found.revision) {
        return Err(Error::EtagMismatch.into());
    }
    Ok(found)
}

async fn write(tx: &Tx, template: &Template) -> Result<(), Abort> {
    template::Entity::update(row(template)?).exec(tx).await?;
    Ok(())
}

/// Which end of a channel's scale is the good one, and when it was turned round last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Direction {
    pub(crate) direction: ScaleDirection,
    pub(crate) turned_at: Option<Micros>,
}

/// The directions of all channels; `lock`: until the transaction ends.
pub(crate) async fn directions(
    connection: &impl ConnectionTrait,
    lock: bool,
) -> Result<HashMap<Channel, Direction>, DbErr> {
    let query = direction::Entity::find().order_by_asc(direction::Column::Channel);
    let query = if lock { query.lock_exclusive() } else { query };
    let read =
        |row: direction::Model| (row.channel.0, Direction { direction: row.direction.0, turned_at: row.turned_at });
    Ok(query.all(connection).await?.into_iter().map(read).collect())
}

async fn set_direction(
    tx: &Tx,
    channel: Channel,
    direction: ScaleDirection,
    turned_at: Option<Micros>,
) -> Result<(), DbErr> {
    use direction::Column;
    let row = direction::ActiveModel {
        channel: Set(Stored(channel)),
        direction: Set(Stored(direction)),
        turned_at: Set(turned_at),
    };
    let there = OnConflict::column(Column::Channel).update_columns([Column::Direction, Column::TurnedAt]).to_owned();
    direction::Entity::insert(row).on_conflict(there).exec_without_returning(tx).await?;
    Ok(())
}

/// A page of templates behind `after`, in order of id and version.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    state: Option<TemplateState>,
    after: Option<(String, i32)>,
    limit: u64,
) -> Result<Vec<Template>, DbErr> {
    use template::Column;
    let mut query = template::Entity::find();
    if let Some(state) = state {
        query = query.filter(Column::State.eq(Stored(state)));
    }
    if let Some((id, version)) = after {
        let here = Expr::tuple([Expr::col(Column::TemplateId), Expr::col(Column::Version)]);
        query = query.filter(here.gt(Expr::tuple([Expr::value(id), Expr::value(version)])));
    }
    let query = query.order_by_asc(Column::TemplateId).order_by_asc(Column::Version).limit(limit);
    query.all(connection).await?.into_iter().map(TryInto::try_into).collect()
}
