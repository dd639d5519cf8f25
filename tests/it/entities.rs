//! Entities against the live schema, which migrations made.

use std::collections::{BTreeMap, BTreeSet};

use rapport::{entities, store::Column};

use crate::support::{Backend, Server, Test, on_both};

pub(crate) fn tests() -> Vec<Test> {
    on_both![entities_are_those_of_the_live_schema]
}

/// Table, column, type, whether it may hold nothing and whether it is one of the primary key. SQLite says of a key's column
/// that it may, unless it was told; it may not. The table of the migrations that ran is the migrator's, and about nobody.
const SQLITE: &str = "
    SELECT m.name || ' ' || p.name || ' ' || p.type
            || CASE WHEN p.\"notnull\" = 1 OR p.pk > 0 THEN '' ELSE ' null' END || CASE WHEN p.pk > 0 THEN ' key' ELSE '' END
        FROM sqlite_master m, pragma_table_info(m.name) p
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'seaql_migrations'";
const POSTGRES: &str = "
    SELECT CAST(c.table_name || ' ' || c.column_name || ' ' || c.data_type
            || CASE WHEN c.is_nullable = 'NO' THEN '' ELSE ' null' END || CASE WHEN EXISTS (
                SELECT 1 FROM information_schema.key_column_usage u
                    JOIN information_schema.table_constraints t ON t.constraint_name = u.constraint_name
                        AND t.constraint_schema = u.constraint_schema AND t.constraint_type = 'PRIMARY KEY'
                    WHERE u.table_schema = 'public' AND u.table_name = c.table_name AND u.column_name = c.column_name)
                THEN ' key' ELSE '' END AS text)
        FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'seaql_migrations'";

async fn entities_are_those_of_the_live_schema(server: Server) {
    let sql = match server.backend() {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    let mut live: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in server.texts(sql).await {
        let (table, column) = line.split_once(' ').unwrap();
        live.entry(table.to_owned()).or_default().insert(column.to_owned());
    }
    let described = |column: &Column| {
        let kind = match server.backend() {
            Backend::Sqlite => column.kind.in_sqlite(),
            Backend::Postgres => column.kind.in_postgres(),
        };
        let null = if column.is_null { " null" } else { "" };
        let key = if column.is_key { " key" } else { "" };
        format!("{} {kind}{null}{key}", column.name)
    };
    for table in entities::all() {
        let (table, shape) = (table.name(), table.shape);
        let live = live.remove(table).unwrap_or_else(|| panic!("{table} has an entity and is no table, or has two"));
        let told: BTreeSet<String> = shape.columns.iter().map(described).collect();
        let only_live: Vec<_> = live.difference(&told).collect();
        let only_told: Vec<_> = told.difference(&live).collect();
        assert!(
            only_live.is_empty() && only_told.is_empty(),
            "{table}: the entity says {only_told:?} where the table has {only_live:?}: mend its Model"
        );
    }
    let without: Vec<_> = live.keys().collect();
    assert!(
        without.is_empty(),
        "tables without an entity: {without:?}: write one in the domain's `entity` and add it to src/entities.rs"
    );
}
