//! Rows of templates.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, Statement};

use super::{Questions, Template, entity::template};
use crate::api::v1::TemplateState;
use crate::{contact::Channels, store::set};

/// A version of a template; 0: the newest published one.
pub(crate) async fn template(
    connection: &impl ConnectionTrait,
    id: &str,
    version: i32,
) -> Result<Option<Template>, DbErr> {
    let wanted = (id.to_owned(), version);
    Ok(templates_among(connection, std::slice::from_ref(&wanted)).await?.remove(&wanted))
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
    let listed = set::texts_listed(backend, 1);
    let sql = format!("SELECT * FROM survey_template WHERE template_id IN {listed} ORDER BY template_id, version");
    let statement = Statement::from_sql_and_values(backend, sql, [set::texts(backend, ids)?]);
    let mut found = HashMap::new();
    for row in template::Model::find_by_statement(statement).all(connection).await? {
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
            state: enum_of(row.state),
            display_name: row.display_name,
            direction: enum_of(row.direction),
            channels: Channels::from_bits(row.channels),
            questions: Questions::from_bits(row.questions),
            wordings: serde_json::from_str(&row.wordings).map_err(|error| DbErr::Json(error.to_string()))?,
            answer_window: row.answer_window,
            issue_mode: enum_of(row.issue_mode),
            invite_interval: row.invite_interval,
            label_until: row.label_until,
            published_at: row.published_at,
            retired_at: row.retired_at,
            revision: row.revision,
        })
    }
}

fn enum_of<E: TryFrom<i32> + Default>(number: i16) -> E {
    E::try_from(i32::from(number)).unwrap_or_default()
}
