//! What of a trial's units counts: one value a unit, read from what is recorded anyway.
//!
//! Values stand in the order in which they became known, and what has become known does not move any more: the evidence
//! of a later look goes on where an earlier one stopped. So a corrected rating stands where the first answer stood, and
//! what is a mean over a window is taken once, a day after the window is over.

use std::collections::HashMap;

use rapport_trial::assign::Arm;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value, entity::prelude::*};

use super::{Outcome, Scoped, Terms, Trial, rules::window};
use crate::{
    api::{
        Named as _,
        kinds::is_activity,
        v1::{Direction, InteractionKind, Involvement, RatingStanding, Resolution, TrialArm, TrialMetric, TrialUnit},
    },
    clock::{DAY, Micros},
    interaction::store::not_about_sql,
    store::{Stored, set},
};

/// How long what happened in a window may take to be recorded.
const LAG: Micros = DAY;
/// Within which a customer who comes back comes back about the same.
const AGAIN: Micros = 7 * DAY;
/// Rows that one outcome takes in: the first ones, and no more.
const ROWS: u64 = 20_000;

/// A value of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Counted {
    pub(super) arm: Arm,
    /// Between 0 and 1.
    pub(super) value: f64,
}

/// Whose units: those that a trial gave a plan to, or all that are on record from an instant on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Units {
    Of(Uuid),
    Since(Micros),
}

/// Who looks, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) until: Micros,
    /// The person whose own ratings do not exist to them.
    pub(super) besides: Option<&'a str>,
}

#[derive(FromQueryResult)]
struct Row {
    party: String,
    arm: Stored<TrialArm>,
    from_at: i64,
    count: i64,
    sum: i64,
}

/// The values of an outcome in the order in which they became known.
pub(super) async fn read(
    connection: &impl ConnectionTrait,
    terms: &Terms,
    outcome: Outcome,
    units: Units,
    view: View<'_>,
) -> Result<Vec<Counted>, DbErr> {
    let backend = connection.get_database_backend();
    let text = text(backend, terms, outcome.metric(), units);
    let first: Value = match units {
        Units::Of(trial) => trial.into(),
        Units::Since(from) => from.into(),
    };
    let Scoped { team_ids, topics, .. } = terms.scope.clone();
    let listed = |texts| set::text_list(backend, texts);
    let person = view.besides.unwrap_or_default();
    let values = [first, listed(topics), listed(team_ids), person.into(), view.until.into()];
    let rows = Row::find_by_statement(Statement::from_sql_and_values(backend, text, values)).all(connection).await?;
    Ok(once_each(rows, terms.unit(), outcome.metric()))
}

/// One value of each unit: of a customer the first, and where two records became one that of the plan that was given
/// first.
fn once_each(rows: Vec<Row>, unit: TrialUnit, metric: TrialMetric) -> Vec<Counted> {
    let is_customer = matches!(unit, TrialUnit::Customer | TrialUnit::Unspecified);
    let mut given: HashMap<String, Micros> = HashMap::new();
    for row in rows.iter().filter(|_| is_customer) {
        let from = given.entry(row.party.clone()).or_insert(row.from_at);
        *from = row.from_at.min(*from);
    }
    let mut counted = Vec::new();
    for row in rows {
        let is_first = given.get(&row.party) == Some(&row.from_at);
        if !is_customer || is_first {
            let arm = if row.arm.0 == TrialArm::B { Arm::B } else { Arm::A };
            counted.push(Counted { arm, value: value(&row, metric) });
            // What else there is of the customer finds nothing.
            given.remove(&row.party);
        }
    }
    counted
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn value(row: &Row, metric: TrialMetric) -> f64 {
    let (sum, count) = (row.sum as f64, row.count.max(1) as f64);
    let mean = match metric {
        TrialMetric::Rating => (sum / count - 1.0) / 4.0,
        TrialMetric::Resolved
        | TrialMetric::Complaint
        | TrialMetric::FollowUp
        | TrialMetric::RepeatContact
        | TrialMetric::Unspecified => sum / count,
    };
    mean.clamp(0.0, 1.0)
}

/// Whether something that counts is known of a customer or a team before they have a plan: from `since` on.
pub(super) async fn is_outcome_known(
    connection: &impl ConnectionTrait,
    trial: &Trial,
    (customer_id, team_id): (Option<&str>, Option<&str>),
    (since, now): (Micros, Micros),
) -> Result<bool, DbErr> {
    let backend = connection.get_database_backend();
    let terms = &trial.terms;
    let (party, column) =
        if customer_id.is_some() { (customer_id, "customer_id") } else { (team_id, "primary_team_id") };
    let complaint = complaint("i", backend, terms);
    let scope = scope("i", backend, terms);
    let sql = format!(
        "SELECT 1 AS one FROM interaction i
        WHERE i.{column} = $1 AND i.occurred_at >= $4 AND i.recorded_at <= $5 AND (({complaint})
            OR ({scope}) AND (EXISTS (SELECT 1 FROM rating r WHERE r.interaction_id = i.id)
                OR EXISTS (SELECT 1 FROM follow_up f WHERE f.interaction_id = i.id)))
        LIMIT 1"
    );
    let Scoped { team_ids, topics, .. } = terms.scope.clone();
    let listed = |texts| set::text_list(backend, texts);
    let values = [party.into(), listed(topics), listed(team_ids), since.into(), now.into()];
    Ok(connection.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?.is_some())
}

/// By hand: one statement for each outcome, in which `u` is a unit and `i` an interaction of it. $1: whose units; $2
/// and $3: topics and teams; $4: who reads, or an empty text; $5: until when.
fn text(backend: DbBackend, terms: &Terms, metric: TrialMetric, units: Units) -> String {
    let is_customer = matches!(terms.unit(), TrialUnit::Customer | TrialUnit::Unspecified);
    let unit = unit(backend, terms, units);
    let not_about = not_about_sql("i", "$4");
    // By the index of customers, and by that of teams, which participants have.
    let theirs = if is_customer {
        "JOIN interaction i ON i.customer_id IS NOT NULL AND i.customer_id = u.party
            AND i.occurred_at >= u.from_at AND i.occurred_at < u.until_at"
            .to_owned()
    } else {
        let primary = Stored(Involvement::Primary);
        format!(
            "JOIN interaction_participant p ON p.team_id IS NOT NULL AND p.team_id = u.party AND p.involvement = {primary}
                AND p.occurred_at >= u.from_at AND p.occurred_at < u.until_at
            JOIN interaction i ON i.id = p.interaction_id AND i.primary_team_id = u.party"
        )
    };
    let joined = format!(
        "WITH unit AS ({unit})
        SELECT u.party, u.arm, u.from_at, COLUMNS FROM unit u {theirs} AND {not_about} MORE"
    );
    let scope = scope("i", backend, terms);
    let said = |value: &str, also: &str| {
        let superseded = Stored(RatingStanding::Superseded);
        let more = format!(
            "JOIN rating r ON r.interaction_id = i.id AND r.standing <> {superseded} AND {also}
                AND (r.rated_staff_id IS NULL OR r.rated_staff_id <> $4)
            WHERE ({scope})"
        );
        // When the first answer came, which it may have corrected since.
        let known = "(SELECT MIN(f.received_at) FROM rating f WHERE f.interaction_id = i.id)";
        finished(&joined, is_customer, (value, known), &more)
    };
    match metric {
        TrialMetric::Rating => said("r.level", "1 = 1"),
        TrialMetric::Resolved => {
            let resolved = Stored(Resolution::Resolved);
            said(&format!("CASE WHEN r.resolved = {resolved} THEN 1 ELSE 0 END"), "r.resolved <> 0")
        }
        TrialMetric::Complaint | TrialMetric::FollowUp | TrialMetric::RepeatContact | TrialMetric::Unspecified => {
            let (happened, known) = event(backend, terms, metric);
            let more = if is_customer { format!("WHERE ({happened})") } else { format!("WHERE ({scope})") };
            let value = if is_customer { "1".to_owned() } else { format!("CASE WHEN {happened} THEN 1 ELSE 0 END") };
            let known = if is_customer { known } else { RECORDED };
            finished(&joined, is_customer, (&value, known), &more)
        }
    }
}

/// Rows of customers as they became known; of teams one for each window that is over.
fn finished(joined: &str, is_customer: bool, (value, known): (&str, &str), more: &str) -> String {
    if is_customer {
        let columns = format!("CAST(1 AS bigint) AS count, CAST({value} AS bigint) AS sum");
        let more = format!("{more} AND {known} <= $5 ORDER BY {known}, i.id LIMIT {ROWS}");
        return joined.replace("COLUMNS", &columns).replace("MORE", &more);
    }
    let columns = format!("COUNT(*) AS count, CAST(SUM({value}) AS bigint) AS sum");
    let more = format!(
        "{more} AND {known} <= u.until_at + {LAG} AND u.until_at + {LAG} <= $5
        GROUP BY u.party, u.arm, u.from_at, u.until_at ORDER BY u.until_at, u.party LIMIT {ROWS}"
    );
    joined.replace("COLUMNS", &columns).replace("MORE", &more)
}

/// What happened when something bad did, and when that became known.
fn event(backend: DbBackend, terms: &Terms, metric: TrialMetric) -> (String, &'static str) {
    let scope = scope("i", backend, terms);
    match metric {
        TrialMetric::FollowUp => (format!("({scope}) AND {OPENED} <= u.until_at + {LAG}"), OPENED),
        TrialMetric::RepeatContact => {
            let (contact, earlier) = (contact("i"), contact("e"));
            let same = self::scope("e", backend, terms);
            let again = format!(
                "({scope}) AND {contact} AND EXISTS (SELECT 1 FROM interaction e
                    WHERE e.customer_id = i.customer_id AND e.id <> i.id AND {earlier} AND ({same})
                        AND e.occurred_at <= i.occurred_at AND e.occurred_at >= i.occurred_at - {AGAIN}
                        AND e.occurred_at >= u.from_at AND (e.occurred_at < i.occurred_at OR e.id < i.id))"
            );
            (again, RECORDED)
        }
        TrialMetric::Complaint | TrialMetric::Rating | TrialMetric::Resolved | TrialMetric::Unspecified => {
            (complaint("i", backend, terms), RECORDED)
        }
    }
}

/// When an interaction was recorded, and when the first follow-up about it was opened.
const RECORDED: &str = "i.recorded_at";
const OPENED: &str = "(SELECT MIN(f.opened_at) FROM follow_up f WHERE f.interaction_id = i.id AND NOT EXISTS
    (SELECT 1 FROM follow_up_about b WHERE b.follow_up_id = f.id AND b.staff_id = $4))";

/// A complaint about the topics of a trial. Of a customer it counts whichever team takes it and by whichever channel it
/// comes: a hotline hears of what went wrong in a classroom.
fn complaint(i: &str, backend: DbBackend, terms: &Terms) -> String {
    let kind = Stored(InteractionKind::Complaint);
    let scope = match terms.unit() {
        TrialUnit::Customer | TrialUnit::Unspecified => {
            let anywhere = Scoped { topics: terms.scope.topics.clone(), ..Scoped::default() };
            within(i, backend, &anywhere)
        }
        TrialUnit::Team | TrialUnit::Week => scope(i, backend, terms),
    };
    format!("{i}.kind = {kind} AND {scope}")
}

fn contact(i: &str) -> String {
    let activities = InteractionKind::VALUES.iter().filter(|kind| is_activity(**kind));
    let activities: Vec<String> = activities.map(|kind| Stored(*kind).to_string()).collect();
    let inbound = Stored(Direction::Inbound);
    format!("{i}.direction = {inbound} AND {i}.kind NOT IN ({})", activities.join(", "))
}

/// Interactions of the topics, teams and channels of a trial.
fn scope(i: &str, backend: DbBackend, terms: &Terms) -> String {
    within(i, backend, &terms.scope)
}

fn within(i: &str, backend: DbBackend, scope: &Scoped) -> String {
    let Scoped { team_ids, topics, channels } = scope;
    let topics = listed(i, "topic", topics.is_empty(), backend, 2);
    let teams = listed(i, "primary_team_id", team_ids.is_empty(), backend, 3);
    let channels: Vec<String> = channels.iter().map(|channel| Stored(channel).to_string()).collect();
    let by = if channels.is_empty() { String::new() } else { format!(" AND {i}.channel IN ({})", channels.join(", ")) };
    format!("{topics} AND {teams}{by}")
}

/// A parameter of texts, one of which a column is; where any will do it is named all the same: PostgreSQL wants to know
/// of every parameter what it is.
fn listed(i: &str, column: &str, is_any: bool, backend: DbBackend, parameter: usize) -> String {
    let texts = set::texts_listed(backend, parameter);
    if is_any { format!("(1 = 1 OR EXISTS {texts})") } else { format!("{i}.{column} IN {texts}") }
}

/// Units with whom they are, their plan, and from when until when they count.
fn unit(backend: DbBackend, terms: &Terms, units: Units) -> String {
    let is_customer = matches!(terms.unit(), TrialUnit::Customer | TrialUnit::Unspecified);
    match units {
        Units::Of(_) if is_customer => {
            "SELECT COALESCE(m.kept_id, n.customer_id) AS party, n.arm, n.from_at, n.until_at
            FROM trial_unit n LEFT JOIN merged_customer m ON m.customer_id = n.customer_id
            WHERE n.trial_id = $1 AND n.customer_id IS NOT NULL"
                .to_owned()
        }
        Units::Of(_) => "SELECT n.team_id AS party, n.arm, n.from_at, n.until_at
            FROM trial_unit n WHERE n.trial_id = $1 AND n.team_id IS NOT NULL"
            .to_owned(),
        Units::Since(_) => {
            let (scope, not_about) = (scope("j", backend, terms), not_about_sql("j", "$4"));
            let party = if is_customer { "customer_id" } else { "primary_team_id" };
            // A customer and a team count for as long as they would in a trial, a week for a week.
            let long = if terms.unit() == TrialUnit::Week { 7 * DAY } else { window(terms) };
            let begin = match terms.unit() {
                TrialUnit::Week => {
                    format!("CAST($1 AS bigint) + (j.occurred_at - CAST($1 AS bigint)) / {long} * {long}")
                }
                TrialUnit::Customer | TrialUnit::Team | TrialUnit::Unspecified => "MIN(j.occurred_at)".to_owned(),
            };
            let by = if terms.unit() == TrialUnit::Week { format!("j.{party}, {begin}") } else { format!("j.{party}") };
            format!(
                "SELECT j.{party} AS party, CAST(0 AS smallint) AS arm, {begin} AS from_at, {begin} + {long} AS until_at
                FROM interaction j WHERE j.{party} IS NOT NULL AND j.occurred_at >= $1 AND ({scope}) AND {not_about}
                GROUP BY {by}"
            )
        }
    }
}

/// How many units are on record from an instant on, for somebody who looks.
pub(super) async fn count_units(
    connection: &impl ConnectionTrait,
    terms: &Terms,
    from: Micros,
    view: View<'_>,
) -> Result<i64, DbErr> {
    let backend = connection.get_database_backend();
    let sql = format!("WITH unit AS ({}) SELECT COUNT(*) AS count FROM unit", unit(backend, terms, Units::Since(from)));
    let Scoped { team_ids, topics, .. } = terms.scope.clone();
    let listed = |texts| set::text_list(backend, texts);
    let values = [from.into(), listed(topics), listed(team_ids), view.besides.unwrap_or_default().into()];
    let found = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(found.map(|row| row.try_get::<i64>("", "count")).transpose()?.unwrap_or_default())
}
