//! Rows of invitations: finding, settling and following them.

use std::collections::HashMap;

use futures::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select,
    entity::prelude::*,
    sea_query::{Alias as Name, ExprTrait as _, Query, SelectStatement},
};

use super::{
    entity::invitation::{self, Column},
    invitation::{ANSWERABLE, Invitation, Report, SKEW, is_plausible, token_hash},
};
use crate::{
    api::v1::{InvitationState, Involvement},
    clock::Micros,
    contact::Reasons,
    directory::Alias,
    error::{Error, Reason, Result},
    interaction::{Participant, store::hidden_from},
    rating::{self, Rated},
    reach::{Scope, Sight},
    store::{
        Abort, Store, Stored, Tx,
        feed::{Log, Numbered},
        sequence, set,
    },
    survey::{
        response::{self, About},
        responses,
    },
    template::{Template, store::template},
};

impl From<invitation::Model> for Invitation {
    fn from(row: invitation::Model) -> Self {
        let point = row.contact_kind.zip(row.contact_value);
        let (team_id, role) = (row.team_id, row.role.unwrap_or_default().0);
        let rated = row.staff_id.map(|staff_id| Rated { staff_id, team_id, role });
        let (kind, topic) = (row.kind.unwrap_or_default().0, row.topic);
        let about = row.day.map(|day| About { kind, topic, day: i32::try_from(day).unwrap_or_default(), rated });
        Self {
            id: row.id,
            interaction_id: row.interaction_id,
            template: (row.template_id, row.template_version),
            state: row.state.0,
            issue_mode: row.issue_mode.0,
            channel: row.channel.0,
            customer_id: row.customer_id,
            contact_point: point.map(|(kind, value)| Alias::stored(kind.0, value, row.contact_written)),
            locale: row.locale.unwrap_or_default(),
            issued_at: row.issued_at,
            expire_at: row.expire_at,
            delivered_at: row.delivered_at,
            answer_until: row.answer_until,
            suppression: row.suppression.unwrap_or_default().0,
            contact_refusals: Reasons::from_bits(row.contact_refusals),
            token: row.token,
            rating_id: row.rating_id,
            about,
        }
    }
}

/// Everything within reach; every query of callers begins here. What somebody's teams took part in; nothing for those who
/// lead nobody. Without what oneself is rated for, and complaints about oneself.
fn within(sight: &Sight) -> Select<invitation::Entity> {
    let all = invitation::Entity::find();
    let reached = match &sight.scope {
        Scope::All => all,
        Scope::Teams { teams, .. } => all.filter(took_part(column("team_id").is_in(teams.clone()))),
        Scope::Staff(_) | Scope::Customer(_) => all.filter(Expr::cust("1 = 0")),
    };
    match sight.oneself.id() {
        Some(id) => {
            let hidden = Column::InteractionId.in_subquery(hidden_from(id));
            reached.filter(is_to_rate(id).not()).filter(hidden.not())
        }
        None => reached,
    }
}

/// The invitation is to rate this colleague.
fn is_to_rate(staff_id: &str) -> Expr {
    took_part(column("staff_id").eq(staff_id).and(column("involvement").eq(Stored(Involvement::Primary))))
}

/// The ids of the invitations to rate a colleague, for queries about what belongs to them.
pub(super) fn ids_of_those_about(staff_id: &str) -> SelectStatement {
    invitation::Entity::find().filter(is_to_rate(staff_id)).select_only().column(Column::Id).into_query()
}

/// Of a participant.
fn column(name: &'static str) -> Expr {
    Expr::col(Name::new(name))
}

/// Somebody of whom this holds took part in the interaction.
fn took_part(who: Expr) -> Expr {
    let own = column("interaction_id").equals((invitation::Entity, Column::InteractionId));
    let (one, rows) = (Expr::val(1), Name::new("interaction_participant"));
    Expr::exists(Query::select().expr(one).from(rows).and_where(own).and_where(who).to_owned())
}

/// One invitation within reach.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    id: Uuid,
) -> Result<Option<Invitation>, DbErr> {
    Ok(within(sight).filter(Column::Id.eq(id)).one(connection).await?.map(Into::into))
}

/// The invitations of interactions, each under its interaction.
pub(super) async fn among_interactions(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Invitation>, DbErr> {
    let listed = set::one_of_ids(connection.get_database_backend(), ids.iter().copied());
    let rows = invitation::Entity::find().filter(Column::InteractionId.in_subquery(listed)).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.interaction_id, row.into())).collect())
}

/// Which invitations to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct InvitationFilter {
    pub(crate) state: Option<InvitationState>,
    pub(crate) interaction_id: Option<Uuid>,
    pub(crate) customer_id: Option<String>,
    pub(crate) template_id: Option<String>,
    pub(crate) from: Option<Micros>,
    pub(crate) to: Option<Micros>,
}

/// A page of invitations within reach, newest first; states are those at `now`.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &InvitationFilter,
    now: Micros,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Invitation>, DbErr> {
    let mut query = within(sight);
    if let Some(state) = filter.state {
        let issued = Condition::all().add(Column::State.eq(Stored(InvitationState::Issued)));
        query = query.filter(match state {
            InvitationState::Issued => issued.add(Column::ExpireAt.gte(now)),
            InvitationState::Expired => {
                let swept = Column::State.eq(Stored(InvitationState::Expired));
                Condition::any().add(swept).add(issued.add(Column::ExpireAt.lt(now)))
            }
            InvitationState::Unspecified
            | InvitationState::Delivered
            | InvitationState::Answered
            | InvitationState::Failed
            | InvitationState::Suppressed => Condition::all().add(Column::State.eq(Stored(state))),
        });
    }
    if let Some(id) = filter.interaction_id {
        query = query.filter(Column::InteractionId.eq(id));
    }
    if let Some(customer_id) = &filter.customer_id {
        query = query.filter(Column::CustomerId.eq(customer_id));
    }
    if let Some(template_id) = &filter.template_id {
        query = query.filter(Column::TemplateId.eq(template_id));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::IssuedAt.gte(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::IssuedAt.lt(to));
    }
    if let Some((issued_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::IssuedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(issued_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::IssuedAt).order_by_desc(Column::Id).limit(limit);
    Ok(query.all(connection).await?.into_iter().map(Into::into).collect())
}

/// What a change of an invitation changes of the counters.
async fn count(tx: &Tx, before: &Invitation, after: &Invitation) -> Result<(), DbErr> {
    let mut changes = response::Changes::default();
    if let Some((about, responses)) = before.responses() {
        changes.remove(&before.template, before.channel, about, responses);
    }
    if let Some((about, responses)) = after.responses() {
        changes.add(&after.template, after.channel, about, responses);
    }
    responses::respond(tx, changes).await
}

/// Counts every issued invitation on record again; gives how many there are too.
pub(crate) async fn count_anew(tx: &Tx) -> Result<(u64, response::Changes), DbErr> {
    use futures::TryStreamExt as _;
    let (mut issued, mut changes) = (0, response::Changes::default());
    let mut rows = invitation::Entity::find().filter(Column::Sequence.is_not_null()).stream(tx).await?;
    while let Some(row) = rows.try_next().await? {
        let found = Invitation::from(row);
        if let Some((about, responses)) = found.responses() {
            changes.add(&found.template, found.channel, about, responses);
        }
        issued += 1;
    }
    Ok((issued, changes))
}

/// Takes the invitations of some days after which a colleague would be rated out of the counts.
pub(crate) async fn take_out_those_about(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    days: (i32, i32),
    changes: &mut response::Changes,
) -> Result<(), DbErr> {
    let about = invitation::Entity::find().filter(Column::StaffId.eq(staff_id));
    let about = about.filter(Column::Day.between(i64::from(days.0), i64::from(days.1)));
    for row in about.filter(Column::Sequence.is_not_null()).all(connection).await? {
        let found = Invitation::from(row);
        if let Some((about, responses)) = found.responses() {
            changes.remove(&found.template, found.channel, about, responses);
        }
    }
    Ok(())
}

/// Lets the invitation to rate an interaction follow when its participants are replaced (I2). Needs the lock of
/// ratings.
pub(crate) async fn follow(tx: &Tx, interaction_id: Uuid, after: &[Participant]) -> Result<(), DbErr> {
    let row =
        invitation::Entity::find().filter(Column::InteractionId.eq(interaction_id)).lock_exclusive().one(tx).await?;
    let Some(before) = row.map(Invitation::from) else { return Ok(()) };
    let rated = rating::rated(None, after);
    let Some(about) = before.about.clone().filter(|about| about.rated != rated) else { return Ok(()) };
    let change = invitation::ActiveModel {
        id: Set(before.id),
        staff_id: Set(rated.as_ref().map(|one| one.staff_id.clone())),
        team_id: Set(rated.as_ref().and_then(|one| one.team_id.clone())),
        role: Set(rated.as_ref().map(|one| Stored(one.role))),
        ..Default::default()
    };
    invitation::Entity::update(change).exec(tx).await?;
    let after = Invitation { about: Some(About { rated, ..about }), ..before.clone() };
    count(tx, &before, &after).await
}

/// Notes what became of an invitation; none: it failed, or it was delivered at that instant.
pub(crate) async fn settle(tx: &Tx, store: &Store, id: Uuid, report: Report) -> Result<(), Abort> {
    let now = rating::store::lock(tx, store).await?;
    let row = invitation::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    let before: Invitation = row.ok_or(Error::NotFound("invitation"))?.into();
    if let Report::Delivered(at) = report
        && !is_plausible(at, before.issued_at, now)
    {
        let rule = "must be from issue_time on, and not in the future";
        return Err(Error::invalid("delivery_time", Reason::ImpossibleInstants, rule).into());
    }
    let (template_id, version) = &before.template;
    let template = template(tx, template_id, *version).await?.ok_or(Error::NotFound("survey template"))?;
    if let Some(settled) = before.settle(report, &template)? {
        let change = invitation::ActiveModel {
            id: Set(id),
            state: Set(Stored(settled.state)),
            delivered_at: Set(settled.delivered.map(|(at, _)| at)),
            answer_until: Set(settled.delivered.map(|(_, until)| until)),
            token: Set(None),
            ..Default::default()
        };
        invitation::Entity::update(change).exec(tx).await?;
        let delivered_at = settled.delivered.map(|(at, _)| at);
        count(tx, &before, &Invitation { delivered_at, ..before.clone() }).await?;
    }
    Ok(())
}

/// By what somebody says which invitation they answer.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Id(Uuid),
    Token(String),
    /// The newest one there that can be answered.
    Point(Alias),
}

/// The invitation with a token, as it is.
pub(super) async fn by_token(connection: &impl ConnectionTrait, token: &str) -> Result<Option<Invitation>, DbErr> {
    let known = invitation::Entity::find().filter(Column::TokenHash.eq(token_hash(token)));
    let told = known.filter(Column::Sequence.is_not_null());
    Ok(told.order_by_desc(Column::IssuedAt).one(connection).await?.map(Invitation::from))
}

/// The invitation that something said at `at` answers, if there is one; locked until the transaction ends.
pub(super) async fn answered_at(tx: &Tx, address: &Address, at: Micros) -> Result<Option<Invitation>, DbErr> {
    let query = invitation::Entity::find().lock_exclusive();
    let query = match address {
        Address::Id(id) => query.filter(Column::Id.eq(*id)),
        Address::Token(token) => query.filter(Column::TokenHash.eq(token_hash(token))),
        Address::Point(point) => query
            .filter(Column::ContactValue.eq(&point.value))
            .filter(Column::ContactKind.eq(Stored(point.kind)))
            .filter(Column::IssuedAt.gte(at - ANSWERABLE))
            // What was issued after it was said is not what it answers.
            .filter(Column::IssuedAt.lte(at + SKEW)),
    };
    let query = query.filter(Column::Sequence.is_not_null());
    let found = query.order_by_desc(Column::IssuedAt).order_by_desc(Column::Id).limit(10).all(tx).await?;
    let mut found = found.into_iter().map(Invitation::from);
    Ok(match address {
        Address::Id(_) | Address::Token(_) => found.next(),
        Address::Point(_) => found.find(|one| one.is_answerable(at)),
    })
}

/// Notes with which rating an invitation was answered.
pub(super) async fn answer(tx: &Tx, answered: &Invitation, template: &Template, rating_id: Uuid) -> Result<(), DbErr> {
    let asked_at = answered.asked_at();
    let change = invitation::ActiveModel {
        id: Set(answered.id),
        state: Set(Stored(InvitationState::Answered)),
        delivered_at: Set(Some(asked_at)),
        answer_until: Set(Some(asked_at + template.answer_window)),
        token: Set(None),
        rating_id: Set(Some(rating_id)),
        ..Default::default()
    };
    invitation::Entity::update(change).exec(tx).await?;
    let after = Invitation { delivered_at: Some(asked_at), rating_id: Some(rating_id), ..answered.clone() };
    count(tx, answered, &after).await
}

/// Forgets the tokens of invitations that expired; gives how many.
pub(crate) async fn sweep(store: &Store) -> Result<u64> {
    let runner = store.clone();
    store
        .transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                let now = store.now(tx).await?;
                let swept = invitation::Entity::update_many()
                    .col_expr(Column::State, Expr::value(Stored(InvitationState::Expired)))
                    .col_expr(Column::Token, Expr::value(None::<String>))
                    // As the index says it: one of its value would not be used for a parameter.
                    .filter(Expr::cust("state = 1"))
                    .filter(Column::ExpireAt.lt(now))
                    .exec(tx)
                    .await?;
                Ok(swept.rows_affected)
            })
        })
        .await
}

/// A line of the log: that an invitation was issued.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issued {
    sequence: i64,
    pub(super) id: Uuid,
}

impl Issued {
    /// Its place in the stream.
    pub(super) fn place(&self) -> i64 {
        self.sequence
    }
}

impl Numbered for Issued {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

/// The log of invitations: the rows themselves, in order of their numbers.
pub(crate) struct Invitations;

impl Log for Invitations {
    const STREAM: &'static str = sequence::INVITATIONS;
    type Change = Issued;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<Issued>, DbErr>> {
        Box::pin(async move {
            let query = invitation::Entity::find().select_only().columns([Column::Sequence, Column::Id]);
            let query = query.filter(Column::Sequence.gt(after)).order_by_asc(Column::Sequence).limit(limit);
            let lines: Vec<(i64, Uuid)> = query.into_tuple().all(store.reader()).await?;
            Ok(lines.into_iter().map(|(sequence, id)| Issued { sequence, id }).collect())
        })
    }
}

/// Invitations by id.
pub(super) async fn among(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Invitation>, DbErr> {
    let rows = invitation::Entity::find().filter(Column::Id.is_in(ids)).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.into())).collect())
}
