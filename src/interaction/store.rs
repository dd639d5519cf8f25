//! Rows of interactions: recording in groups, finding, changing, and the lines that figures are made of.

use std::{collections::HashMap, sync::Arc};

use futures::{Stream, TryStreamExt as _, future::BoxFuture};
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, RelationTrait as _, Select, StreamTrait,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Query},
};

use super::{
    Context, Facts, Instants, MessageCounts, Micros, Participant, Recorded, check,
    entity::{interaction, participant},
    resolution::{self, Contact},
    summary::Line,
};
use crate::{
    api::v1::{
        AuditAction, Channel, ContactKind, Direction, InteractionKind, Involvement, Outcome, Resolution, Role,
        StaffRole,
    },
    directory::{
        Alias, etag,
        scope::Scope,
        store::{Known, Named, aliases_of, known_among},
    },
    error::{Error, Reason, Result, Violation},
    store::{
        Abort, Store, Tx, audit,
        group::WriteGroup,
        request::{self, Request},
        sequence,
        set::{self, Cell, Kind, Table},
    },
};

const INTERACTION: Table = Table {
    name: "interaction",
    unique: Some("request_key"),
    columns: &[
        ("id", Kind::Id),
        ("request_key", Kind::Id),
        ("body_hash", Kind::Id),
        ("channel", Kind::Int),
        ("kind", Kind::Int),
        ("direction", Kind::Int),
        ("outcome", Kind::Int),
        ("topic", Kind::Text),
        ("arrived_at", Kind::Int),
        ("requested_at", Kind::Int),
        ("connected_at", Kind::Int),
        ("ended_at", Kind::Int),
        ("occurred_at", Kind::Int),
        ("hold", Kind::Int),
        ("after_call_work", Kind::Int),
        ("customer_id", Kind::Text),
        ("alias_kind", Kind::Int),
        ("alias_value", Kind::Text),
        ("case_id", Kind::Text),
        ("order_id", Kind::Text),
        ("product_id", Kind::Text),
        ("context", Kind::Text),
        ("transfers", Kind::Text),
        ("transfer_count", Kind::Int),
        ("customer_messages", Kind::Int),
        ("staff_messages", Kind::Int),
        ("bot_messages", Kind::Int),
        ("conclusion", Kind::Text),
        ("staff_resolution", Kind::Int),
        ("customer_resolution", Kind::Int),
        ("primary_staff_id", Kind::Text),
        ("primary_team_id", Kind::Text),
        ("recorded_at", Kind::Int),
        ("recorded_by", Kind::Text),
        ("revision", Kind::Int),
    ],
};

const PARTICIPANT: Table = Table {
    name: "interaction_participant",
    unique: None,
    columns: &[
        ("interaction_id", Kind::Id),
        ("position", Kind::Int),
        ("staff_id", Kind::Text),
        ("role", Kind::Int),
        ("team_id", Kind::Text),
        ("involvement", Kind::Int),
        ("occurred_at", Kind::Int),
    ],
};

const CHANGE: Table = Table {
    name: "interaction_change",
    unique: None,
    columns: &[("sequence", Kind::Int), ("interaction_id", Kind::Id), ("kind", Kind::Int), ("changed_at", Kind::Int)],
};

/// The tables to which recording adds rows, in its order: what a measurement of the database alone has to fill.
pub const RECORDED: [&Table; 3] = [&INTERACTION, &PARTICIPANT, &CHANGE];

/// What happened to an interaction, as its stream of changes says it.
#[derive(Clone, Copy)]
enum ChangeKind {
    Recorded = 1,
    Updated = 2,
    Reattributed = 3,
}

fn change_cells(sequence: i64, id: Uuid, kind: ChangeKind, now: Micros) -> Vec<Cell> {
    vec![sequence.into(), id.into(), (kind as i16).into(), now.into()]
}

/// An interaction on its way to the record.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// From whose request id, and which.
    pub(crate) request_key: Uuid,
    pub(crate) body_hash: Uuid,
    pub(crate) facts: Facts,
    /// Subject of the token.
    pub(crate) recorded_by: String,
    pub(crate) scope: Arc<Scope>,
}

/// What became of an [`Entry`].
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) id: Uuid,
    pub(crate) already_present: bool,
    pub(crate) recorded_at: Micros,
    pub(crate) revision: i64,
}

/// Records interactions in groups.
pub(crate) struct Recorder {
    store: Store,
}

impl Recorder {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }
}

impl WriteGroup for Recorder {
    type Item = Entry;
    type Answer = Receipt;

    fn write<'t>(&'t self, tx: &'t Tx, entries: &'t [Entry]) -> BoxFuture<'t, Result<Vec<Result<Receipt>>, Abort>> {
        Box::pin(async move {
            // The stream's lock comes first: every writer on every server holds it while it looks for request keys, so
            // that two of them cannot both find one missing.
            let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
            let (mut sequence, now) = sequence::take(tx, self.store.clock(), sequence::INTERACTIONS, count).await?;
            let known = known_to(tx, entries).await?;
            let mut interactions = Vec::with_capacity(entries.len());
            let drafts: Vec<Result<Draft>> = entries
                .iter()
                .map(|entry| {
                    let facts = known.complete(&entry.facts, &entry.scope)?;
                    let receipt = Receipt { id: Uuid::now_v7(), already_present: false, recorded_at: now, revision: 1 };
                    let participants = participant_cells(receipt.id, &facts).collect();
                    interactions.push(interaction_cells(entry, facts, &receipt));
                    Ok(Draft { receipt, participants })
                })
                .collect();

            // Nearly always all of them are new, so that nobody needs to ask: the unique request key tells.
            let all_new = set::insert(tx, &INTERACTION, interactions).await? == entries.len() as u64;
            let holders = if all_new { HashMap::new() } else { present_among(tx, entries).await? };
            let mut answers = Vec::with_capacity(entries.len());
            let (mut participants, mut changes) = (Vec::new(), Vec::new());
            for (entry, draft) in entries.iter().zip(drafts) {
                answers.push(match (holders.get(&entry.request_key), draft) {
                    (Some((body_hash, _)), _) if *body_hash != entry.body_hash => Err(Error::RequestIdReused),
                    (Some((_, holder)), draft) if !draft.as_ref().is_ok_and(|draft| draft.receipt.id == holder.id) => {
                        Ok(holder.clone())
                    }
                    (_, Err(error)) => Err(error),
                    (_, Ok(draft)) => {
                        participants.extend(draft.participants);
                        changes.push(change_cells(sequence, draft.receipt.id, ChangeKind::Recorded, now));
                        sequence += 1;
                        Ok(draft.receipt)
                    }
                });
            }
            set::insert(tx, &PARTICIPANT, participants).await?;
            set::insert(tx, &CHANGE, changes).await?;
            Ok(answers)
        })
    }
}

/// What is recorded of an entry if its request key is new.
struct Draft {
    receipt: Receipt,
    participants: Vec<Vec<Cell>>,
}

/// Who holds the request keys of these entries: body and receipt.
async fn present_among(tx: &Tx, entries: &[Entry]) -> Result<HashMap<Uuid, (Uuid, Receipt)>, DbErr> {
    let keys: Vec<Uuid> = entries.iter().map(|entry| entry.request_key).collect();
    let select = "SELECT request_key, body_hash, id, recorded_at, revision FROM interaction";
    let mut present = HashMap::new();
    for row in set::among_ids(tx, select, "request_key", &keys).await? {
        let receipt = Receipt {
            id: row.try_get("", "id")?,
            already_present: true,
            recorded_at: row.try_get("", "recorded_at")?,
            revision: row.try_get("", "revision")?,
        };
        present.insert(row.try_get("", "request_key")?, (row.try_get("", "body_hash")?, receipt));
    }
    Ok(present)
}

async fn known_to(tx: &Tx, entries: &[Entry]) -> Result<Known, DbErr> {
    let mut named = Named::default();
    for facts in entries.iter().map(|entry| &entry.facts) {
        named.staff.extend(facts.participants.iter().map(|one| one.staff_id.clone()));
        named.teams.extend(facts.participants.iter().filter_map(|one| one.team_id.clone()));
        match (&facts.customer_id, &facts.customer_alias) {
            (Some(id), _) => named.customers.push(id.clone()),
            (None, Some(alias)) => named.aliases.push(alias.value.clone()),
            (None, None) => {}
        }
    }
    known_among(tx, named).await
}

impl Known {
    /// The facts with role, team and customer filled in as the directory has them now, if all ids are known and the
    /// caller's reach covers it.
    fn complete(&self, facts: &Facts, scope: &Scope) -> Result<Facts> {
        let mut facts = facts.clone();
        let mut found = Vec::new();
        self.complete_participants(&mut facts.participants, "interaction.participants", &mut found);
        match &facts.customer_id {
            Some(id) if !self.customers.contains(id) => {
                let rule = "must be a customer of the directory";
                found.push(Violation::new("interaction.customer_id", Reason::UnknownCustomer, rule));
            }
            Some(_) => {}
            None => {
                facts.customer_id = facts.customer_alias.as_ref().and_then(|alias| self.aliases.get(alias)).cloned();
            }
        }
        Error::unless_empty(found)?;
        if covers(scope, &facts.participants) {
            Ok(facts)
        } else {
            Err(Error::FieldNotYours("interaction.participants"))
        }
    }

    fn complete_participants(&self, participants: &mut [Participant], path: &str, found: &mut Vec<Violation>) {
        for (index, participant) in participants.iter_mut().enumerate() {
            let Some((role, team_id)) = self.staff.get(&participant.staff_id) else {
                let field = format!("{path}[{index}].staff_id");
                found.push(Violation::new(field, Reason::UnknownStaff, "must be a colleague of the directory"));
                continue;
            };
            participant.role = participant.role.or(Some(*role));
            match &participant.team_id {
                Some(team) if !self.teams.contains(team) => {
                    let field = format!("{path}[{index}].team_id");
                    found.push(Violation::new(field, Reason::UnknownTeam, "must be a team of the directory"));
                }
                Some(_) => {}
                None => participant.team_id = team_id.clone(),
            }
        }
    }
}

/// Whether the participants make an interaction part of a scope.
fn covers(scope: &Scope, participants: &[Participant]) -> bool {
    match scope {
        Scope::All => true,
        Scope::Customer(_) => false,
        Scope::Staff(staff_id) => participants.iter().any(|one| one.staff_id == *staff_id),
        Scope::Teams { staff_id, teams } => participants
            .iter()
            .any(|one| one.staff_id == *staff_id || one.team_id.as_ref().is_some_and(|team| teams.contains(team))),
    }
}

fn interaction_cells(entry: &Entry, facts: Facts, receipt: &Receipt) -> Vec<Cell> {
    let primary = primary(&facts.participants);
    let (staff, team) = (primary.map(|one| one.staff_id.clone()), primary.and_then(|one| one.team_id.clone()));
    let messages = facts.messages;
    vec![
        receipt.id.into(),
        entry.request_key.into(),
        entry.body_hash.into(),
        (facts.channel as i16).into(),
        (facts.kind as i16).into(),
        (facts.direction as i16).into(),
        (facts.outcome as i16).into(),
        facts.topic.into(),
        facts.instants.arrived.into(),
        facts.instants.requested.into(),
        facts.instants.connected.into(),
        facts.instants.ended.into(),
        facts.instants.occurred().unwrap_or(receipt.recorded_at).into(),
        facts.hold.into(),
        facts.after_call_work.into(),
        facts.customer_id.into(),
        facts.customer_alias.as_ref().map(|alias| alias.kind as i16).into(),
        facts.customer_alias.map(|alias| alias.value).into(),
        facts.case_id.into(),
        facts.context.order_id.into(),
        facts.context.product_id.into(),
        json_unless_default(&facts.context.rest).into(),
        json_unless_default(&facts.transfers).into(),
        i64::try_from(facts.transfers.len()).unwrap_or(i64::MAX).into(),
        messages.map(|counts| counts.customer).into(),
        messages.map(|counts| counts.staff).into(),
        messages.map(|counts| counts.bot).into(),
        facts.conclusion.into(),
        (facts.staff_resolution as i16).into(),
        (facts.customer_resolution as i16).into(),
        staff.into(),
        team.into(),
        receipt.recorded_at.into(),
        entry.recorded_by.clone().into(),
        receipt.revision.into(),
    ]
}

fn participant_cells(id: Uuid, facts: &Facts) -> impl Iterator<Item = Vec<Cell>> {
    let occurred_at = facts.instants.occurred();
    facts.participants.iter().zip(0i16..).map(move |(one, position)| {
        vec![
            id.into(),
            position.into(),
            one.staff_id.clone().into(),
            (one.role.unwrap_or_default() as i16).into(),
            one.team_id.clone().into(),
            (one.involvement as i16).into(),
            occurred_at.into(),
        ]
    })
}

fn primary(participants: &[Participant]) -> Option<&Participant> {
    participants.iter().find(|one| one.involvement == Involvement::Primary)
}

fn json_unless_default<T: serde::Serialize + Default + PartialEq>(value: &T) -> Option<String> {
    // Maps of texts and lists of plain structs always serialise.
    if *value == T::default() { None } else { serde_json::to_string(value).ok() }
}

/// Which interactions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) customer_id: Option<String>,
    pub(crate) case_id: Option<String>,
    pub(crate) staff_id: Option<String>,
    pub(crate) team_id: Option<String>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) kinds: Vec<InteractionKind>,
    pub(crate) from: Option<Micros>,
    pub(crate) to: Option<Micros>,
}

/// Where a page ended: instant and id of its last interaction.
pub(crate) type Position = (Micros, Uuid);

/// One interaction within reach.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<Recorded>, DbErr> {
    let query = within(connection, scope).await?.filter(interaction::Column::Id.eq(id));
    Ok(with_participants(connection, query.all(connection).await?).await?.pop())
}

/// A page of interactions within reach, newest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    filter: &Filter,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Recorded>, DbErr> {
    use interaction::Column;
    let query = filtered(connection, scope, filter).await?;
    // Driven from the participant's index where there is one to drive from, so that a page costs a page.
    let by_participant = filter.staff_id.is_some() || filter.team_id.is_some();
    let (time, id) = if by_participant {
        (
            Expr::col((participant::Entity, participant::Column::OccurredAt)),
            Expr::col((participant::Entity, participant::Column::InteractionId)),
        )
    } else {
        (Expr::col((interaction::Entity, Column::OccurredAt)), Expr::col((interaction::Entity, Column::Id)))
    };
    let mut query = query.order_by_desc(time.clone()).order_by_desc(id.clone()).limit(limit);
    if let Some((occurred_at, last)) = after {
        let here = Expr::tuple([time, id]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(occurred_at), Expr::value(last)])));
    }
    with_participants(connection, query.all(connection).await?).await
}

/// Everything within reach; every query begins here.
async fn within(connection: &impl ConnectionTrait, scope: &Scope) -> Result<Select<interaction::Entity>, DbErr> {
    use participant::Column as Part;
    let all = interaction::Entity::find();
    let took_part = |condition: Condition| {
        let own = Expr::col((participant::Entity, Part::InteractionId))
            .equals((interaction::Entity, interaction::Column::Id));
        let rows = Query::select()
            .expr(Expr::val(1))
            .from(participant::Entity)
            .and_where(own)
            .cond_where(condition)
            .to_owned();
        Expr::exists(rows)
    };
    Ok(match scope {
        Scope::All => all,
        Scope::Teams { staff_id, teams } => {
            let one = Condition::any().add(Part::TeamId.is_in(teams.clone())).add(Part::StaffId.eq(staff_id));
            all.filter(took_part(one))
        }
        Scope::Staff(staff_id) => all.filter(took_part(Condition::all().add(Part::StaffId.eq(staff_id)))),
        Scope::Customer(customer_id) => all.filter(about_customer(connection, customer_id).await?),
    })
}

/// With the customer himself, or under an alias of his before he was known.
async fn about_customer(connection: &impl ConnectionTrait, customer_id: &str) -> Result<Condition, DbErr> {
    use interaction::Column;
    let mut about = Condition::any().add(Column::CustomerId.eq(customer_id));
    for alias in aliases_of(connection, customer_id).await? {
        about = about.add(
            Condition::all()
                .add(Column::CustomerId.is_null())
                .add(Column::AliasKind.eq(alias.kind as i16))
                .add(Column::AliasValue.eq(alias.value)),
        );
    }
    Ok(about)
}

async fn filtered(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    filter: &Filter,
) -> Result<Select<interaction::Entity>, DbErr> {
    use interaction::Column;
    use participant::Column as Part;
    let mut query = within(connection, scope).await?;
    if let Some(customer_id) = &filter.customer_id {
        query = query.filter(about_customer(connection, customer_id).await?);
    }
    if let Some(case_id) = &filter.case_id {
        query = query.filter(Column::CaseId.eq(case_id));
    }
    let mut part = Condition::all();
    if let Some(staff_id) = &filter.staff_id {
        part = part.add(Part::StaffId.eq(staff_id));
    }
    if let Some(team_id) = &filter.team_id {
        part = part.add(Part::TeamId.eq(team_id));
    }
    if !part.is_empty() {
        query = query.join(JoinType::InnerJoin, interaction::Relation::Participant.def()).filter(part);
    }
    if let (Some(team_id), None) = (&filter.team_id, &filter.staff_id) {
        // Two of the team took part: once is enough.
        let other = sea_orm::sea_query::Alias::new("other");
        let earlier = Query::select()
            .expr(Expr::val(1))
            .from_as(participant::Entity, other.clone())
            .and_where(
                Expr::col((other.clone(), Part::InteractionId)).equals((participant::Entity, Part::InteractionId)),
            )
            .and_where(Expr::col((other.clone(), Part::TeamId)).eq(team_id.as_str()))
            .and_where(Expr::col((other, Part::Position)).lt(Expr::col((participant::Entity, Part::Position))))
            .to_owned();
        query = query.filter(Expr::exists(earlier).not());
    }
    if !filter.channels.is_empty() {
        query = query.filter(Column::Channel.is_in(filter.channels.iter().map(|channel| *channel as i16)));
    }
    if !filter.kinds.is_empty() {
        query = query.filter(Column::Kind.is_in(filter.kinds.iter().map(|kind| *kind as i16)));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::OccurredAt.gte(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::OccurredAt.lt(to));
    }
    Ok(query)
}

async fn with_participants(
    connection: &impl ConnectionTrait,
    rows: Vec<interaction::Model>,
) -> Result<Vec<Recorded>, DbErr> {
    let mut participants: HashMap<Uuid, Vec<Participant>> = HashMap::new();
    if !rows.is_empty() {
        let found = participant::Entity::find()
            .filter(participant::Column::InteractionId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(participant::Column::Position);
        for row in found.all(connection).await? {
            participants.entry(row.interaction_id).or_default().push(Participant {
                staff_id: row.staff_id,
                role: StaffRole::try_from(i32::from(row.role)).ok(),
                team_id: row.team_id,
                involvement: enum_of(row.involvement),
            });
        }
    }
    rows.into_iter()
        .map(|row| {
            let participants = participants.remove(&row.id).unwrap_or_default();
            to_recorded(row, participants)
        })
        .collect()
}

fn enum_of<E: TryFrom<i32> + Default>(number: i16) -> E {
    E::try_from(i32::from(number)).unwrap_or_default()
}

fn json_or_default<T: serde::de::DeserializeOwned + Default>(text: Option<String>) -> Result<T, DbErr> {
    text.map_or(Ok(T::default()), |text| serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string())))
}

fn to_recorded(row: interaction::Model, participants: Vec<Participant>) -> Result<Recorded, DbErr> {
    let alias =
        row.alias_kind.zip(row.alias_value).map(|(kind, value)| Alias { kind: enum_of::<ContactKind>(kind), value });
    let messages = row.customer_messages.zip(row.staff_messages).zip(row.bot_messages);
    Ok(Recorded {
        id: row.id,
        recorded_at: row.recorded_at,
        revision: row.revision,
        facts: Facts {
            channel: enum_of(row.channel),
            kind: enum_of(row.kind),
            direction: enum_of(row.direction),
            outcome: enum_of(row.outcome),
            topic: row.topic,
            instants: Instants {
                arrived: row.arrived_at,
                requested: row.requested_at,
                connected: row.connected_at,
                ended: row.ended_at,
            },
            hold: row.hold,
            after_call_work: row.after_call_work,
            customer_id: row.customer_id,
            customer_alias: alias,
            participants,
            case_id: row.case_id,
            context: Context {
                order_id: row.order_id,
                product_id: row.product_id,
                rest: json_or_default(row.context)?,
            },
            transfers: json_or_default(row.transfers)?,
            messages: messages.map(|((customer, staff), bot)| MessageCounts { customer, staff, bot }),
            conclusion: row.conclusion,
            staff_resolution: enum_of(row.staff_resolution),
            customer_resolution: enum_of(row.customer_resolution),
        },
    })
}

/// Who changes an interaction, and how he asked.
#[derive(Clone, Debug)]
pub(crate) struct Changing {
    pub(crate) request: Request,
    pub(crate) scope: Scope,
    pub(crate) actor: (String, Role),
    pub(crate) id: Uuid,
    /// Empty: whatever is there.
    pub(crate) etag: String,
}

/// Changes facts other than the participants; gives the interaction as it is then.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::RequestIdReused`], and what the rules find in the result.
pub(crate) async fn update(
    store: &Store,
    changing: Changing,
    change: impl Fn(&mut Facts) + Send + Sync + 'static,
) -> Result<Recorded> {
    let (runner, change) = (store.clone(), Arc::new(change));
    let (id, scope) = (changing.id, changing.scope.clone());
    store
        .transact(move |tx| {
            let (store, changing, change) = (runner.clone(), changing.clone(), change.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = async {
                    let (sequence, _) = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let before = locked(tx, &changing).await?;
                    let mut facts = before.facts.clone();
                    change(&mut facts);
                    Error::unless_empty(inside("interaction", check(&facts, now)))?;
                    write_facts(tx, &before, &facts).await?;
                    let changed = change_cells(sequence, changing.id, ChangeKind::Updated, now);
                    set::insert(tx, &CHANGE, vec![changed]).await?;
                    Ok(())
                };
                request::once(tx, &changing.request, now, work).await
            })
        })
        .await?;
    find(store.reader(), &scope, id).await?.ok_or(Error::NotFound("interaction"))
}

/// Replaces the participants and leaves a trace; gives the interaction as it is then.
///
/// # Errors
/// Like [`update`]; [`Reason::UnknownStaff`] and [`Reason::UnknownTeam`] for ids that the directory does not know.
pub(crate) async fn reattribute(
    store: &Store,
    changing: Changing,
    participants: Vec<Participant>,
    reason: String,
) -> Result<Recorded> {
    let runner = store.clone();
    let id = changing.id;
    store
        .transact(move |tx| {
            let (store, changing) = (runner.clone(), changing.clone());
            let (mut participants, reason) = (participants.clone(), reason.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let work = async {
                    let (sequence, _) = sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
                    let before = locked(tx, &changing).await?;
                    keep_frozen(&mut participants, &before.facts.participants);
                    let staff = participants.iter().map(|one| one.staff_id.clone()).collect();
                    let teams = participants.iter().filter_map(|one| one.team_id.clone()).collect();
                    let known = known_among(tx, Named { staff, teams, ..Named::default() }).await?;
                    let mut found = Vec::new();
                    known.complete_participants(&mut participants, "participants", &mut found);
                    Error::unless_empty(found)?;

                    let facts = Facts { participants, ..before.facts.clone() };
                    write_facts(tx, &before, &facts).await?;
                    participant::Entity::delete_many()
                        .filter(participant::Column::InteractionId.eq(changing.id))
                        .exec(tx)
                        .await?;
                    set::insert(tx, &PARTICIPANT, participant_cells(changing.id, &facts).collect()).await?;
                    let changed = change_cells(sequence, changing.id, ChangeKind::Reattributed, now);
                    set::insert(tx, &CHANGE, vec![changed]).await?;

                    let detail = serde_json::json!({
                        "before": described(&before.facts.participants),
                        "after": described(&facts.participants),
                    });
                    let (subject, role) = &changing.actor;
                    let (action, object) = (AuditAction::Reattributed, changing.id.to_string());
                    audit::add(tx, now, (subject, *role), action, &object, &reason, Some(detail)).await?;
                    Ok(())
                };
                request::once(tx, &changing.request, now, work).await
            })
        })
        .await?;
    // It may have left the caller's reach by his own act; what he did is still shown to him.
    find(store.reader(), &Scope::All, id).await?.ok_or(Error::NotFound("interaction"))
}

/// Who stays keeps the role and team of then, unless he is given others.
fn keep_frozen(participants: &mut [Participant], before: &[Participant]) {
    for participant in participants {
        if let Some(was) = before.iter().find(|was| was.staff_id == participant.staff_id) {
            participant.role = participant.role.or(was.role);
            participant.team_id = participant.team_id.take().or_else(|| was.team_id.clone());
        }
    }
}

fn described(participants: &[Participant]) -> Vec<serde_json::Value> {
    let describe = |one: &Participant| {
        serde_json::json!({
            "staff_id": one.staff_id,
            "team_id": one.team_id,
            "role": one.role.unwrap_or_default().as_str_name(),
            "involvement": one.involvement.as_str_name(),
        })
    };
    participants.iter().map(describe).collect()
}

async fn locked(tx: &Tx, changing: &Changing) -> Result<Recorded, Abort> {
    let query = within(tx, &changing.scope).await?.filter(interaction::Column::Id.eq(changing.id)).lock_exclusive();
    let found = with_participants(tx, query.all(tx).await?).await?.pop();
    let before = found.ok_or(Error::NotFound("interaction"))?;
    if !changing.etag.is_empty() && changing.etag != etag(before.revision) {
        return Err(Error::EtagMismatch.into());
    }
    Ok(before)
}

fn inside(field: &str, found: Vec<Violation>) -> Vec<Violation> {
    found.into_iter().map(|one| Violation { field: format!("{field}.{}", one.field), ..one }).collect()
}

/// Writes what may change of an interaction.
async fn write_facts(tx: &Tx, before: &Recorded, facts: &Facts) -> Result<(), DbErr> {
    let occurred_at = facts.instants.occurred().unwrap_or(before.recorded_at);
    let primary = primary(&facts.participants);
    let row = interaction::ActiveModel {
        id: Set(before.id),
        outcome: Set(facts.outcome as i16),
        topic: Set(facts.topic.clone()),
        connected_at: Set(facts.instants.connected),
        ended_at: Set(facts.instants.ended),
        occurred_at: Set(occurred_at),
        hold: Set(facts.hold),
        after_call_work: Set(facts.after_call_work),
        case_id: Set(facts.case_id.clone()),
        transfers: Set(json_unless_default(&facts.transfers)),
        transfer_count: Set(i32::try_from(facts.transfers.len()).unwrap_or(i32::MAX)),
        customer_messages: Set(facts.messages.map(|counts| counts.customer)),
        staff_messages: Set(facts.messages.map(|counts| counts.staff)),
        bot_messages: Set(facts.messages.map(|counts| counts.bot)),
        conclusion: Set(facts.conclusion.clone()),
        staff_resolution: Set(facts.staff_resolution as i16),
        customer_resolution: Set(facts.customer_resolution as i16),
        primary_staff_id: Set(primary.map(|one| one.staff_id.clone())),
        primary_team_id: Set(primary.and_then(|one| one.team_id.clone())),
        revision: Set(before.revision + 1),
        ..Default::default()
    };
    interaction::Entity::update(row).exec(tx).await?;
    if before.facts.instants.occurred() != facts.instants.occurred() {
        participant::Entity::update_many()
            .col_expr(participant::Column::OccurredAt, Expr::value(occurred_at))
            .filter(participant::Column::InteractionId.eq(before.id))
            .exec(tx)
            .await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct LineRow {
    id: Uuid,
    channel: i16,
    kind: i16,
    direction: i16,
    outcome: i16,
    topic: Option<String>,
    occurred_at: i64,
    requested_at: Option<i64>,
    connected_at: Option<i64>,
    ended_at: Option<i64>,
    after_call_work: Option<i64>,
    transfer_count: i32,
    staff_resolution: i16,
    customer_resolution: i16,
    primary_staff_id: Option<String>,
    primary_team_id: Option<String>,
}

/// The lines that a summary is made of, in no order.
pub(crate) async fn lines<'c, C: ConnectionTrait + StreamTrait>(
    connection: &'c C,
    scope: &Scope,
    filter: &Filter,
) -> Result<impl Stream<Item = Result<Line, DbErr>> + 'c, DbErr> {
    use interaction::Column;
    let query = filtered(connection, scope, filter).await?.select_only().columns([
        Column::Id,
        Column::Channel,
        Column::Kind,
        Column::Direction,
        Column::Outcome,
        Column::Topic,
        Column::OccurredAt,
        Column::RequestedAt,
        Column::ConnectedAt,
        Column::EndedAt,
        Column::AfterCallWork,
        Column::TransferCount,
        Column::StaffResolution,
        Column::CustomerResolution,
        Column::PrimaryStaffId,
        Column::PrimaryTeamId,
    ]);
    let rows = query.into_model::<LineRow>().stream(connection).await?;
    Ok(rows.map_ok(|row| Line {
        id: row.id,
        channel: enum_of(row.channel),
        kind: enum_of(row.kind),
        direction: enum_of(row.direction),
        outcome: enum_of(row.outcome),
        topic: row.topic,
        occurred_at: row.occurred_at,
        instants: Instants {
            arrived: None,
            requested: row.requested_at,
            connected: row.connected_at,
            ended: row.ended_at,
        },
        after_call_work: row.after_call_work,
        transfer_count: row.transfer_count.into(),
        staff_resolution: enum_of::<Resolution>(row.staff_resolution),
        customer_resolution: enum_of::<Resolution>(row.customer_resolution),
        primary_staff_id: row.primary_staff_id,
        primary_team_id: row.primary_team_id,
    }))
}

#[derive(FromQueryResult)]
struct ContactRow {
    id: Uuid,
    kind: i16,
    outcome: i16,
    occurred_at: i64,
    case_id: Option<String>,
    order_id: Option<String>,
    topic: Option<String>,
}

/// Every inbound contact that names its matter, around a period: of the whole organisation, since a customer may come
/// back to another team.
pub(crate) async fn contacts(
    connection: &(impl ConnectionTrait + StreamTrait),
    from: Option<Micros>,
    to: Option<Micros>,
) -> Result<Vec<Contact>, DbErr> {
    use interaction::Column;
    let order = Condition::all().add(Column::OrderId.is_not_null()).add(Column::Topic.is_not_null());
    let mut query = interaction::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Kind, Column::Outcome, Column::OccurredAt])
        .columns([Column::CaseId, Column::OrderId, Column::Topic])
        .filter(Column::Direction.eq(Direction::Inbound as i16))
        .filter(Condition::any().add(Column::CaseId.is_not_null()).add(order));
    if let Some(from) = from {
        query = query.filter(Column::OccurredAt.gte(from.saturating_sub(resolution::WINDOW)));
    }
    if let Some(to) = to {
        query = query.filter(Column::OccurredAt.lte(to.saturating_add(resolution::WINDOW)));
    }
    let mut rows = query.into_model::<ContactRow>().stream(connection).await?;
    let mut contacts = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if resolution::is_inbound_contact(Direction::Inbound, enum_of(row.kind)) {
            contacts.push(Contact {
                id: row.id,
                at: row.occurred_at,
                served: resolution::is_served(enum_of::<Outcome>(row.outcome)),
                case_id: row.case_id,
                order_id: row.order_id,
                topic: row.topic,
            });
        }
    }
    Ok(contacts)
}

/// Records that somebody opened a customer's timeline, and why.
pub(crate) async fn note_reading(
    store: &Store,
    actor: (String, Role),
    customer_id: String,
    purpose: String,
) -> Result<()> {
    let runner = store.clone();
    store
        .transact(move |tx| {
            let (store, actor) = (runner.clone(), actor.clone());
            let (customer_id, purpose) = (customer_id.clone(), purpose.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let action = AuditAction::TimelineRead;
                audit::add(tx, now, (&actor.0, actor.1), action, &customer_id, &purpose, None).await?;
                Ok(())
            })
        })
        .await
}
