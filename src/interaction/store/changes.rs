//! The log of changes, as it is followed, and what is shown of it.

use std::collections::HashMap;

use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryFilter as _, Statement, entity::prelude::*};

use super::{entity::interaction, find::within, rows::with_participants};
use crate::{
    api::v1::InteractionChangeKind,
    clock::Micros,
    interaction::Recorded,
    reach::Sight,
    store::{
        Store, Stored,
        feed::{Log, Numbered},
        sequence,
    },
};

/// A line of the log, with what watchers choose by, as it was when the line was read.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) sequence: i64,
    pub(crate) interaction_id: Uuid,
    pub(crate) kind: InteractionChangeKind,
    pub(crate) changed_at: Micros,
    /// With whom.
    pub(crate) customer_id: Option<String>,
    pub(crate) staff_ids: Vec<String>,
    pub(crate) team_ids: Vec<String>,
}

impl Numbered for Change {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

/// The log of changes to interactions.
pub(crate) struct Changes;

impl Log for Changes {
    const STREAM: &'static str = sequence::INTERACTIONS;
    type Change = Change;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<Change>, DbErr>> {
        Box::pin(read(store, after, limit))
    }
}

#[derive(FromQueryResult)]
struct ChangeRow {
    sequence: i64,
    interaction_id: Uuid,
    kind: Stored<InteractionChangeKind>,
    changed_at: i64,
    customer_id: Option<String>,
    staff_id: Option<String>,
    team_id: Option<String>,
}

impl ChangeRow {
    fn change(self) -> Change {
        Change {
            sequence: self.sequence,
            interaction_id: self.interaction_id,
            kind: self.kind.0,
            changed_at: self.changed_at,
            customer_id: self.customer_id,
            staff_ids: Vec::new(),
            team_ids: Vec::new(),
        }
    }
}

/// By hand: the lines are counted off in a table of their own before anything is joined to them.
///
/// Outer joins throughout: a line without its interaction is a line all the same, or the reader would stop there.
const LINES: &str = "
    SELECT c.sequence, c.interaction_id, c.kind, c.changed_at,
        i.customer_id, p.staff_id, p.team_id
    FROM (
        SELECT sequence, interaction_id, kind, changed_at FROM interaction_change
        WHERE sequence > $1 ORDER BY sequence LIMIT $2
    ) c
    LEFT JOIN interaction i ON i.id = c.interaction_id
    LEFT JOIN interaction_participant p ON p.interaction_id = c.interaction_id
    ORDER BY c.sequence, p.position";

async fn read(store: &Store, after: i64, limit: u64) -> Result<Vec<Change>, DbErr> {
    let connection = store.reader();
    let values = [after.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), LINES, values);
    let mut changes: Vec<Change> = Vec::new();
    for line in ChangeRow::find_by_statement(statement).all(connection).await? {
        let mut line = line;
        let (staff_id, team_id) = (line.staff_id.take(), line.team_id.take());
        // One line for each participant.
        if changes.last().is_none_or(|last| last.sequence != line.sequence) {
            changes.push(line.change());
        }
        if let Some(last) = changes.last_mut() {
            last.staff_ids.extend(staff_id);
            last.team_ids.extend(team_id);
        }
    }
    Ok(changes)
}

/// The interactions of these changes as they are now, as far as they are within reach.
pub(crate) async fn shown(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    changes: &[Change],
) -> Result<HashMap<Uuid, Recorded>, DbErr> {
    let query = within(sight).filter(interaction::Column::Id.is_in(changes.iter().map(|change| change.interaction_id)));
    let found = with_participants(connection, query.all(connection).await?).await?;
    Ok(found.into_iter().map(|recorded| (recorded.id, recorded)).collect())
}
