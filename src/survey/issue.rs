//! Issuing invitations, in the transaction that calls for them.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    QueryTrait as _, entity::prelude::Uuid, sea_query::UnionType,
};
use serde::{Deserialize, Serialize};

use super::{
    entity::invitation as row,
    invitation::{Invitation, Prospect, Why, automatic, expires, new_token, runs_as, shown_by, token_hash},
    invitations::among_interactions,
};
use crate::{
    api::v1::{InvitationState, IssueMode, TemplateState},
    clock::Micros,
    contact::{self, store::find_policy},
    directory::{
        Alias, Party,
        store::{Reachable, reach_among},
    },
    error::{Error, Reason, Result},
    interaction::{reactions::Ended, store as interactions},
    rating,
    reach::Sight,
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        sequence, set,
    },
    survey::{
        response::{self, About, Responses},
        responses,
    },
    template::{
        Template,
        store::{directions, inviting, templates_among},
    },
};

/// What became of an attempt to invite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Invited(Uuid),
    /// Now, or when it was tried before.
    Suppressed(Why),
    AlreadyInvited,
}

/// Invites the customer of one interaction; version 0: the newest published one.
///
/// # Errors
/// [`Error::NotFound`], [`Reason::UnknownTemplate`], and whatever stands against the template or the interaction.
pub(crate) async fn issue(
    tx: &Tx,
    (store, zone): (&Store, &TimeZone),
    interaction_id: Uuid,
    (template_id, version): (&str, i32),
) -> Result<Verdict, Abort> {
    // Whose it is must not change before the invitation is there to follow.
    interactions::lock(tx, interaction_id).await?;
    let found = interactions::find(tx, &Sight::all(), interaction_id).await?;
    let facts = found.ok_or(Error::NotFound("interaction"))?.facts;
    // The first version is there if any is.
    let (wanted, any) = ((template_id.to_owned(), version), (template_id.to_owned(), 1));
    let mut templates = templates_among(tx, &[wanted.clone(), any.clone()]).await?;
    let exists = templates.contains_key(&any);
    let template = match templates.remove(&wanted) {
        Some(template) if template.state == TemplateState::Published => template,
        Some(_) => return Err(Error::TemplateNotPublished.into()),
        None if version == 0 && exists => return Err(Error::TemplateNotPublished.into()),
        None => {
            let field = if exists { "template_version" } else { "template_id" };
            let rule = "must be of a survey template that is there";
            return Err(Error::invalid(field, Reason::UnknownTemplate, rule).into());
        }
    };
    if !template.covers(facts.channel) {
        return Err(Error::ChannelNotCovered.into());
    }
    if !runs_as(&template, directions(tx, false).await?.get(&facts.channel).copied()) {
        let channel = facts.channel.plain_name().to_owned();
        return Err(Error::WrongDirection(vec![channel]).into());
    }
    if facts.instants.ended.is_none() {
        return Err(Error::InteractionNotOver.into());
    }
    let ended = Ended::new(interaction_id, &facts);
    let verdicts = invite(tx, (store, zone), IssueMode::Manual, vec![(ended, &template)]).await?;
    Ok(verdicts.into_iter().next().unwrap_or(Verdict::AlreadyInvited))
}

/// Invites the customers of interactions that have just ended, as published templates say. Takes the same number of
/// statements however many there are.
pub(crate) async fn invite_themselves(tx: &Tx, at: (&Store, &TimeZone), ended: Vec<Ended>) -> Result<(), Abort> {
    if ended.is_empty() {
        return Ok(());
    }
    let templates = inviting(tx).await?;
    if templates.is_empty() {
        return Ok(());
    }
    let directions = directions(tx, false).await?;
    let chosen = ended.into_iter().filter_map(|one| {
        let template = automatic(&templates, one.channel, directions.get(&one.channel).copied())?;
        Some((one, template))
    });
    invite(tx, at, IssueMode::Automatic, chosen.collect()).await?;
    Ok(())
}

/// Invites, or notes why not, each after the ones before it. The stream's lock orders all who do, whichever server they
/// are on: so what another one issued is seen here.
async fn invite(
    tx: &Tx,
    (store, zone): (&Store, &TimeZone),
    issue_mode: IssueMode,
    wishes: Vec<(Ended, &Template)>,
) -> Result<Vec<Verdict>, Abort> {
    if wishes.is_empty() {
        return Ok(Vec::new());
    }
    let count = i64::try_from(wishes.len()).unwrap_or(i64::MAX);
    let (first, now) = sequence::take(tx, store.clock(), sequence::INVITATIONS, count).await?;
    let interactions: Vec<Uuid> = wishes.iter().map(|(ended, _)| ended.interaction_id).collect();
    let before = among_interactions(tx, &interactions).await?;
    let parties: Vec<Option<Party>> = wishes.iter().map(|(ended, _)| ended.party()).collect();
    let policy = find_policy(tx, None).await?.policy;
    // What other clocks recorded ahead of ours counts too.
    let period = (now.saturating_sub(policy.longest_window()), i64::MAX);
    let asked: HashSet<&Party> = parties.iter().flatten().collect();
    let situations = match asked.is_empty() {
        true => HashMap::new(),
        false => contact::store::situations(tx, zone, asked, period).await?,
    };
    let customers: Vec<String> = wishes.iter().filter_map(|(ended, _)| ended.customer_id.clone()).collect();
    let reachable = reach_among(tx, customers.clone()).await?;
    let nowhere = Reachable::default();

    let mut prospects = Vec::with_capacity(wishes.len());
    for ((ended, _), party) in wishes.iter().zip(&parties) {
        prospects.push(party.as_ref().and_then(|party| {
            let reachable = ended.customer_id.as_ref().and_then(|id| reachable.get(id)).unwrap_or(&nowhere);
            let situation = situations.get(party)?;
            Some(Prospect { party, alias: ended.alias.as_ref(), reachable, situation, invited_at: None })
        }));
    }
    let points = prospects.iter().flatten().filter_map(|one| one.contact_point()).map(|point| point.value.clone());
    let longest = wishes.iter().map(|(_, template)| template.invite_interval).max().unwrap_or(0);
    let mut last = Last::read(tx, customers, points.collect(), (now.saturating_sub(longest), now)).await?;

    let mut verdicts = Vec::with_capacity(wishes.len());
    let (mut rows, mut changes) = (Vec::new(), response::Changes::default());
    for (((ended, template), prospect), sequence) in wishes.iter().zip(&mut prospects).zip(first..) {
        if let Some(earlier) = before.get(&ended.interaction_id) {
            let why = Why::on_record(earlier.suppression, earlier.contact_refusals);
            verdicts.push(why.map_or(Verdict::AlreadyInvited, Verdict::Suppressed));
            continue;
        }
        let point = prospect.as_ref().and_then(|one| one.contact_point()).cloned();
        let judged = match prospect {
            None => Err(Why::Nobody),
            Some(prospect) => {
                prospect.invited_at = last.of(ended.customer_id.as_ref(), point.as_ref());
                prospect.judge(&policy, template.invite_interval, shown_by(ended.channel), now)
            }
        };
        if judged.is_ok() {
            last.note(ended.customer_id.as_ref(), point.as_ref(), now);
        }
        // Random: a time would tell whom it is from.
        let id = Uuid::new_v4();
        let token = judged.is_ok().then(new_token);
        let locale = ended.customer_id.as_ref().and_then(|id| reachable.get(id)).map(|one| one.locale.clone());
        let state = if judged.is_ok() { InvitationState::Issued } else { InvitationState::Suppressed };
        let why = judged.err();
        let about = About {
            kind: ended.kind,
            topic: ended.topic.clone(),
            day: rating::day_of(ended.occurred_at.unwrap_or(now), zone),
            rated: rating::rated(None, &ended.participants),
        };
        if why.is_none() {
            let issued = Responses { invited: 1, ..Responses::default() };
            changes.add(&(template.id.clone(), template.version), ended.channel, &about, issued);
        }
        let rated = about.rated;
        rows.push(row::Model {
            id,
            interaction_id: ended.interaction_id,
            sequence: judged.is_ok().then_some(sequence),
            template_id: template.id.clone(),
            template_version: template.version,
            state: Stored(state),
            issue_mode: Stored(issue_mode),
            channel: Stored(ended.channel),
            customer_id: ended.customer_id.clone(),
            contact_kind: point.as_ref().map(|point| Stored(point.kind)),
            contact_written: point.as_ref().and_then(Alias::notation),
            contact_value: point.map(|point| point.value),
            locale,
            issued_at: now,
            expire_at: expires(now),
            delivered_at: None,
            answer_until: None,
            suppression: why.map(|why| Stored(why.reason())),
            contact_refusals: why.map_or(0, |why| why.refusals().bits()),
            token_hash: token.as_deref().map(token_hash),
            token,
            rating_id: None,
            kind: Some(Stored(about.kind)),
            topic: about.topic,
            day: Some(about.day.into()),
            staff_id: rated.as_ref().map(|one| one.staff_id.clone()),
            team_id: rated.as_ref().and_then(|one| one.team_id.clone()),
            role: rated.map(|one| Stored(one.role)),
        });
        verdicts.push(why.map_or(Verdict::Invited(id), Verdict::Suppressed));
    }
    bulk::insert::<row::Entity>(tx, rows, Present::Never).await?;
    responses::respond(tx, changes).await?;
    Ok(verdicts)
}

/// When customers, and contact points, were invited last: a number is the same person before and after its name is known.
struct Last(HashMap<Invitee, Micros>);

#[derive(PartialEq, Eq, Hash)]
enum Invitee {
    Customer(String),
    Point(Alias),
}

impl Last {
    async fn read(
        tx: &Tx,
        customers: Vec<String>,
        points: Vec<String>,
        (since, now): (Micros, Micros),
    ) -> Result<Self, DbErr> {
        let mut last = Self(HashMap::new());
        if customers.is_empty() && points.is_empty() {
            return Ok(last);
        }
        let backend = tx.get_database_backend();
        let since = || {
            let issued = row::Entity::find().filter(row::Column::Sequence.is_not_null());
            issued.filter(row::Column::IssuedAt.gt(since))
        };
        let customers = since().filter(row::Column::CustomerId.in_subquery(set::one_of(backend, customers)));
        let points = since().filter(row::Column::ContactValue.in_subquery(set::one_of(backend, points)));
        // By either index: an OR would use none.
        let both = customers.into_query().union(UnionType::All, points.into_query()).take();
        for row in row::Model::find_by_statement(backend.build(&both)).all(tx).await? {
            let earlier = Invitation::from(row);
            if earlier.counts_at(now) {
                last.note(earlier.customer_id.as_ref(), earlier.contact_point.as_ref(), earlier.issued_at);
            }
        }
        Ok(last)
    }

    fn of(&self, customer_id: Option<&String>, point: Option<&Alias>) -> Option<Micros> {
        keys(customer_id, point).filter_map(|key| self.0.get(&key).copied()).max()
    }

    fn note(&mut self, customer_id: Option<&String>, point: Option<&Alias>, at: Micros) {
        for key in keys(customer_id, point) {
            let last = self.0.entry(key).or_insert(at);
            *last = at.max(*last);
        }
    }
}

fn keys(customer_id: Option<&String>, point: Option<&Alias>) -> impl Iterator<Item = Invitee> {
    let customer = customer_id.cloned().map(Invitee::Customer);
    customer.into_iter().chain(point.map(|point| Invitee::Point(point.clone())))
}
