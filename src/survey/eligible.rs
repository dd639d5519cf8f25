//! Which interactions were to be followed by an invitation, and which were (R10).
//!
//! Eligible is an interaction that is over, in which the customer was served, that was recorded within ten minutes of
//! its end, is neither an activity nor itself about a survey, and which no rule withheld: an attempt that was
//! suppressed is on record; where nobody tried, R11 and somebody to invite are looked up here.

use std::{collections::HashMap, pin::pin};

use futures::TryStreamExt as _;
use rapport_statistics::bias::Disposition;
use sea_orm::{DatabaseConnection, DbErr, FromQueryResult, Statement, entity::prelude::Uuid};

use super::invitation::JUST_ENDED;
use crate::{
    api::{
        kinds::is_activity,
        v1::{Channel, ContactPurpose, InteractionKind, InvitationState, Outcome, Resolution, SuppressionReason},
    },
    clock::Micros,
    interaction::store::not_about_sql,
    store::Stored,
};

/// An interaction after which the customer might have been invited.
#[derive(Clone, Debug)]
pub(crate) struct Followed {
    pub(crate) channel: Channel,
    pub(crate) occurred_at: Micros,
    /// As staff recorded it.
    pub(crate) resolution: Resolution,
    /// The primary participant and their team.
    pub(crate) staff_id: Option<String>,
    pub(crate) team_id: Option<String>,
    pub(crate) fate: Disposition,
}

#[derive(FromQueryResult)]
struct Row {
    channel: Stored<Channel>,
    occurred_at: i64,
    kind: Stored<InteractionKind>,
    staff_resolution: Stored<Resolution>,
    primary_staff_id: Option<String>,
    primary_team_id: Option<String>,
    customer_id: Option<String>,
    alias_value: Option<String>,
    ended_at: i64,
    recorded_at: i64,
    issued_at: Option<i64>,
    suppression: Option<Stored<SuppressionReason>>,
    rating_id: Option<Uuid>,
}

/// Calls `each` with every interaction from one instant to before another that might have been followed by an
/// invitation, apart from what is hidden from the caller.
pub(crate) async fn eligible(
    connection: &DatabaseConnection,
    hidden_from: Option<&str>,
    (from, to): (Micros, Micros),
    mut each: impl FnMut(Followed),
) -> Result<(), DbErr> {
    let recent = Recent::read(connection, from).await?;
    // By hand: four tables, of which one takes the place of another column by column.
    let sql = format!(
        "SELECT i.channel, i.occurred_at, i.kind, coalesce(f.staff_resolution, i.staff_resolution) AS staff_resolution,
            i.primary_staff_id, i.primary_team_id, i.customer_id, i.alias_value, i.ended_at, i.recorded_at, v.issued_at, v.suppression, v.rating_id
        FROM interaction i
        LEFT JOIN survey_invitation v ON v.interaction_id = i.id
        LEFT JOIN outbound_contact c ON c.interaction_id = i.id
        LEFT JOIN interaction_as_rated f ON f.interaction_id = i.id
        WHERE i.occurred_at >= $1 AND i.occurred_at < $2 AND coalesce(f.outcome, i.outcome) = $3
            AND i.ended_at IS NOT NULL AND (c.purpose IS NULL OR c.purpose <> $4) AND {}",
        not_about_sql("i", "$5")
    );
    let bounds = [
        from.into(),
        to.into(),
        Stored(Outcome::Answered).into(),
        Stored(ContactPurpose::Survey).into(),
        hidden_from.unwrap_or_default().into(),
    ];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, bounds);
    let mut rows = pin!(Row::find_by_statement(statement).stream(connection).await?);
    while let Some(row) = rows.try_next().await? {
        if !is_activity(row.kind.0) {
            each(Followed {
                channel: row.channel.0,
                occurred_at: row.occurred_at,
                resolution: row.staff_resolution.0,
                fate: recent.fate(&row),
                staff_id: row.primary_staff_id,
                team_id: row.primary_team_id,
            });
        }
    }
    Ok(())
}

/// When customers, and contact points, were invited.
#[derive(Default)]
struct Recent {
    customers: HashMap<String, Vec<Spell>>,
    points: HashMap<String, Vec<Spell>>,
}

/// From an invitation on, nobody is to be invited again for as long as its template says.
#[derive(Clone, Copy)]
struct Spell {
    from: Micros,
    until: Micros,
}

#[derive(FromQueryResult)]
struct Issue {
    customer_id: Option<String>,
    contact_value: Option<String>,
    state: Stored<InvitationState>,
    issued_at: i64,
    expire_at: i64,
    invite_interval: i64,
}

impl Recent {
    async fn read(connection: &DatabaseConnection, from: Micros) -> Result<Self, DbErr> {
        // By hand: a bound that is computed from an aggregate of the other table.
        let sql = "SELECT v.customer_id, v.contact_value, v.state, v.issued_at, v.expire_at, t.invite_interval
            FROM survey_invitation v
            JOIN survey_template t ON t.template_id = v.template_id AND t.version = v.template_version
            WHERE v.sequence IS NOT NULL
                AND v.issued_at >= $1 - (SELECT coalesce(max(invite_interval), 0) FROM survey_template)";
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [from.into()]);
        let mut found = Self::default();
        for issue in Issue::find_by_statement(statement).all(connection).await? {
            let Some(until) = issue.bars_until() else { continue };
            let spell = Spell { from: issue.issued_at, until };
            if let Some(customer) = issue.customer_id {
                found.customers.entry(customer).or_default().push(spell);
            }
            if let Some(point) = issue.contact_value {
                found.points.entry(point).or_default().push(spell);
            }
        }
        Ok(found)
    }

    fn fate(&self, row: &Row) -> Disposition {
        let spells = |known: Option<&Vec<Spell>>| {
            known.is_some_and(|all| all.iter().any(|one| (one.from..one.until).contains(&row.ended_at)))
        };
        let lately = spells(row.customer_id.as_ref().and_then(|id| self.customers.get(id)))
            || spells(row.alias_value.as_ref().and_then(|point| self.points.get(point)));
        let nobody = row.customer_id.is_none() && row.alias_value.is_none();
        match (row.issued_at, row.suppression) {
            (Some(_), Some(_)) => Disposition::Withheld,
            (None, _) if lately || nobody => Disposition::Withheld,
            _ if row.recorded_at - row.ended_at > JUST_ENDED => Disposition::RecordedLate,
            (Some(_), None) => Disposition::Invited { responded: row.rating_id.is_some() },
            (None, _) => Disposition::PassedOver,
        }
    }
}

impl Issue {
    /// Until when it keeps others away: what never reached anybody does so for as long as it might have.
    fn bars_until(&self) -> Option<Micros> {
        match self.state.0 {
            InvitationState::Delivered | InvitationState::Answered => Some(self.issued_at + self.invite_interval),
            InvitationState::Issued | InvitationState::Expired => Some(self.expire_at),
            InvitationState::Failed | InvitationState::Suppressed | InvitationState::Unspecified => None,
        }
    }
}
