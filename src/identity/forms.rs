//! Brings what is on record into the normal forms of the rules in use: once after an upgrade that changes them, and when
//! the organisation's country does.

use rapport_identity::NormalForms;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait as _, DbErr, EntityTrait as _, QueryResult, Statement, Value,
    sea_query::OnConflict,
};

use super::{
    claim,
    entity::{coincidence, normal_form},
};
use crate::{
    contact::entity::refused_point,
    directory::{Alias, entity::customer_alias},
    error::Result,
    store::{Abort, Store, Stored, Tx, sequence},
};

/// The one row of the rules.
const ONLY: i16 = 1;
/// Rows read at a time.
const PAGE: i64 = 1_000;

/// A column of points: its table, key and the columns of kind, value and notation.
struct Points {
    table: &'static str,
    key: &'static [&'static str],
    prefix: &'static str,
}

impl Points {
    const fn of(table: &'static str, key: &'static [&'static str], prefix: &'static str) -> Self {
        Self { table, key, prefix }
    }
}

/// All columns of points but the aliases, of which no two may be equal. Contacts show no notation.
const POINTS: [Points; 6] = [
    Points::of("contact_point", &["customer_id", "position"], ""),
    Points::of("interaction", &["id"], "alias_"),
    Points::of("outbound_contact", &["interaction_id"], "alias_"),
    Points::of("survey_invitation", &["id"], "contact_"),
    Points::of("survey_reply", &["id"], "contact_"),
    Points::of("callback", &["id"], "point_"),
];

/// What was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remade {
    /// Points in another form than before.
    pub(crate) changed: u64,
    /// Aliases that turned out to be another customer's.
    pub(crate) coincidences: u64,
}

/// Brings all points into these forms, unless they are in them; gives each what was recorded under their names. Nothing:
/// they were.
pub(crate) async fn remake(store: &Store, forms: NormalForms) -> Result<Option<Remade>> {
    let known = normal_form::Entity::find_by_id(ONLY).one(store.reader()).await?;
    if known.is_some_and(|known| known.rules == forms.name()) {
        return Ok(None);
    }
    let runner = store.clone();
    let remade = store
        .transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move { remake_in(tx, &store, forms).await })
        })
        .await?;
    if let Some(Remade { changed, coincidences }) = remade.filter(|one| *one != Remade::default()) {
        tracing::info!(rules = forms.name(), changed, "contact points were brought into their normal form");
        if coincidences > 0 {
            tracing::warn!(coincidences, "customers share an alias in other notations: they may be one person");
        }
    }
    Ok(remade)
}

async fn remake_in(tx: &Tx, store: &Store, forms: NormalForms) -> Result<Option<Remade>, Abort> {
    // Of two servers that start one finds it done.
    let now = sequence::lock_record(tx, store.clock()).await?;
    let known = normal_form::Entity::find_by_id(ONLY).one(tx).await?;
    if known.is_some_and(|known| known.rules == forms.name()) {
        return Ok(None);
    }
    let mut remade = Remade::default();
    for points in &POINTS {
        remade.changed += remake_points(tx, points, forms).await?;
    }
    remake_aliases(tx, forms, &mut remade).await?;
    remake_refused(tx, forms, &mut remade).await?;
    claim::claim_all(tx).await?;
    let row = normal_form::ActiveModel { id: Set(ONLY), rules: Set(forms.name()), made_at: Set(now) };
    let mut replace = OnConflict::column(normal_form::Column::Id);
    replace.update_columns([normal_form::Column::Rules, normal_form::Column::MadeAt]);
    normal_form::Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(Some(remade))
}

/// By hand: six tables in one form. Pages by key, since there may be millions.
async fn remake_points(tx: &Tx, points: &Points, forms: NormalForms) -> Result<u64, DbErr> {
    let Points { table, key, prefix } = points;
    let backend = tx.get_database_backend();
    let shows = *table != "outbound_contact";
    let written = if shows { format!("{prefix}written") } else { "NULL".to_owned() };
    let keys = key.join(", ");
    let after: Vec<String> = (1..=key.len()).map(|number| format!("${number}")).collect();
    let mut last: Option<Vec<Value>> = None;
    let mut changed = 0;
    loop {
        let further = if last.is_some() { format!("AND ({keys}) > ({})", after.join(", ")) } else { String::new() };
        let sql = format!(
            "SELECT {keys}, {prefix}kind AS kind, {prefix}value AS value, {written} AS written FROM {table}
            WHERE {prefix}value IS NOT NULL {further} ORDER BY {keys} LIMIT {PAGE}"
        );
        let values = last.take().unwrap_or_default();
        let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        for row in &rows {
            let there = point(row)?;
            let remade = Alias::given(there.kind, there.written.clone(), forms);
            let at = key_of(row, key)?;
            if remade.value != there.value {
                let shown = if shows { format!(", {prefix}written = $2") } else { String::new() };
                let first = if shows { 3 } else { 2 };
                let these: Vec<String> = key.iter().zip(first..).map(|(key, at)| format!("{key} = ${at}")).collect();
                let sql = format!("UPDATE {table} SET {prefix}value = $1{shown} WHERE {}", these.join(" AND "));
                let mut values: Vec<Value> = vec![remade.value.as_str().into()];
                if shows {
                    values.push(remade.notation().into());
                }
                values.extend(at.iter().cloned());
                tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
                changed += 1;
            }
            last = Some(at);
        }
        if last.is_none() {
            return Ok(changed);
        }
    }
}

fn point(row: &QueryResult) -> Result<Alias, DbErr> {
    let kind: Stored<_> = row.try_get("", "kind")?;
    Ok(Alias::stored(kind.0, row.try_get("", "value")?, row.try_get("", "written")?))
}

fn key_of(row: &QueryResult, key: &[&str]) -> Result<Vec<Value>, DbErr> {
    let value = |name: &&str| match *name {
        "customer_id" => row.try_get::<String>("", name).map(Value::from),
        "position" => row.try_get::<i16>("", name).map(Value::from),
        _ => row.try_get::<uuid::Uuid>("", name).map(Value::from),
    };
    key.iter().map(value).collect()
}

/// An alias whose new form is somebody else's already is kept as a coincidence: nobody loses it, and two records may be of one
/// person.
async fn remake_aliases(tx: &Tx, forms: NormalForms, remade: &mut Remade) -> Result<(), DbErr> {
    use customer_alias::Entity;
    // In memory: what changes its key must not be met again on a later page.
    let all = Entity::find().all(tx).await?;
    for row in all {
        let there = Alias::stored(row.kind.0, row.value.clone(), row.written.clone());
        let alias = Alias::given(there.kind, there.written.clone(), forms);
        if alias.value == there.value {
            continue;
        }
        remade.changed += 1;
        Entity::delete_by_id((row.kind, row.value)).exec(tx).await?;
        let owner = Entity::find_by_id((Stored(alias.kind), alias.value.clone())).one(tx).await?;
        match owner {
            None => {
                let row = customer_alias::ActiveModel {
                    kind: Set(Stored(alias.kind)),
                    written: Set(alias.notation()),
                    value: Set(alias.value),
                    customer_id: Set(row.customer_id),
                };
                Entity::insert(row).exec_without_returning(tx).await?;
            }
            // Their own, in two notations.
            Some(owner) if owner.customer_id == row.customer_id => {}
            Some(_) => {
                remade.coincidences += 1;
                let row = coincidence::ActiveModel {
                    kind: Set(Stored(alias.kind)),
                    written: Set(alias.notation()),
                    value: Set(alias.value),
                    customer_id: Set(row.customer_id),
                };
                let mut once = OnConflict::new();
                coincidence::Entity::insert(row)
                    .on_conflict(once.do_nothing().to_owned())
                    .exec_without_returning(tx)
                    .await?;
            }
        }
    }
    Ok(())
}

/// What was refused in two notations was refused.
async fn remake_refused(tx: &Tx, forms: NormalForms, remade: &mut Remade) -> Result<(), DbErr> {
    use refused_point::Entity;
    for row in Entity::find().all(tx).await? {
        let there = Alias::stored(row.kind.0, row.value.clone(), row.written.clone());
        let point = Alias::given(there.kind, there.written.clone(), forms);
        if point.value == there.value {
            continue;
        }
        remade.changed += 1;
        Entity::delete_by_id((row.kind, row.value)).exec(tx).await?;
        let row = refused_point::ActiveModel {
            kind: Set(Stored(point.kind)),
            written: Set(point.notation()),
            value: Set(point.value),
            refused_at: Set(row.refused_at),
        };
        let mut once = OnConflict::new();
        Entity::insert(row).on_conflict(once.do_nothing().to_owned()).exec_without_returning(tx).await?;
    }
    Ok(())
}
