//! By what ids look like: no two of a kind may look the same.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_orm::{Statement, Value},
};

use super::lookalike::{Kind, skeleton};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::execute(manager, STATEMENTS).await?;
        for (kind, table, column) in NAMED {
            enter(manager, kind, table, column).await?;
        }
        Ok(())
    }
}

const STATEMENTS: &[&str] = &["CREATE TABLE id_skeleton (
        kind {code} NOT NULL,
        skeleton {text} NOT NULL,
        id {text} NOT NULL,
        PRIMARY KEY (kind, skeleton)
    ) {by_key}"];

const NAMED: [(Kind, &str, &str); 4] = [
    (Kind::Team, "team", "team_id"),
    (Kind::StaffMember, "staff_member", "staff_id"),
    (Kind::Customer, "customer", "customer_id"),
    (Kind::SurveyTemplate, "survey_template", "template_id"),
];

/// Rows read at once; each costs a statement of two parameters.
const PAGE: usize = 5_000;

/// Enters the ids that are there. Of those that look alike already, the first one in order stands for all.
async fn enter(manager: &SchemaManager<'_>, kind: Kind, table: &str, column: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = connection.get_database_backend();
    let mut after = String::new();
    loop {
        let sql =
            format!("SELECT DISTINCT {column} AS id FROM {table} WHERE {column} > $1 ORDER BY {column} LIMIT {PAGE}");
        let page =
            connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [after.as_str().into()])).await?;
        let ids: Vec<String> = page.iter().map(|row| row.try_get("", "id")).collect::<Result<_, DbErr>>()?;
        let Some(last) = ids.last() else { return Ok(()) };
        after.clone_from(last);
        for ids in ids.chunks(PAGE / 10) {
            let places: Vec<String> =
                (0..ids.len()).map(|at| format!("(${}, ${}, ${})", 3 * at + 1, 3 * at + 2, 3 * at + 3)).collect();
            let values = ids.iter().flat_map(|id| [Value::from(kind as i16), skeleton(id).into(), id.as_str().into()]);
            let sql = format!(
                "INSERT INTO id_skeleton (kind, skeleton, id) VALUES {} ON CONFLICT DO NOTHING",
                places.join(", ")
            );
            connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        }
    }
}
