//! Replies: kept word for word, and made ratings of in the same transaction.

use jiff::tz::TimeZone;
use rapport_reply::Notice;
use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, entity::prelude::*,
};
use serde::{Deserialize, Serialize};

use super::{
    entity::{
        invitation,
        reply::{self, Column},
    },
    invitation::{ANSWERABLE, Invitation, SKEW},
    invitations::{self, Address},
    reply::{Answer, Meant, Next, decide, opted_out, reader},
    silence::{is_loop, opt_out},
};
use crate::{
    api::v1::{Attribution, AuditAction, RatingStanding, ReplyOutcome, Role},
    audit,
    clock::Micros,
    correction::{Statement, correct_in, withdraw},
    directory::{Alias, store::owner_of},
    error::{Error, Reason, Result},
    interaction::store::{self as interactions, check_no_part},
    rating::{
        Answers, Input, Rating, Reactions,
        store::{Correction, NewRating, RatingReceipt, lock, standing_for, submit},
    },
    reach::{Oneself, Sight},
    store::{Abort, Store, Stored, Tx, request},
    template::{Template, store::template},
};

/// What a customer wrote back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) id: Uuid,
    pub(crate) invitation_id: Option<Uuid>,
    /// Whose the contact point was when it came.
    pub(crate) customer_id: Option<String>,
    pub(crate) contact_point: Option<Alias>,
    pub(crate) text: String,
    pub(crate) replied_at: Micros,
    pub(crate) received_at: Micros,
    pub(crate) outcome: ReplyOutcome,
    /// The rating it became, and how that stood then.
    pub(crate) rating: Option<(Uuid, RatingStanding)>,
}

impl From<reply::Model> for Reply {
    fn from(row: reply::Model) -> Self {
        let point = row.contact_kind.zip(row.contact_value);
        Self {
            id: row.id,
            invitation_id: row.invitation_id,
            customer_id: row.customer_id,
            contact_point: point.map(|(kind, value)| Alias::stored(kind.0, value, row.contact_written)),
            text: row.text,
            replied_at: row.replied_at,
            received_at: row.received_at,
            outcome: row.outcome.0,
            rating: row.rating_id.map(|id| (id, row.standing.0)),
        }
    }
}

fn row(reply: Reply) -> reply::ActiveModel {
    let (rating_id, standing) = reply.rating.unzip();
    reply::ActiveModel {
        id: Set(reply.id),
        invitation_id: Set(reply.invitation_id),
        customer_id: Set(reply.customer_id),
        contact_kind: Set(reply.contact_point.as_ref().map(|point| Stored(point.kind))),
        contact_written: Set(reply.contact_point.as_ref().and_then(Alias::notation)),
        contact_value: Set(reply.contact_point.map(|point| point.value)),
        text: Set(reply.text),
        replied_at: Set(reply.replied_at),
        received_at: Set(reply.received_at),
        outcome: Set(Stored(reply.outcome)),
        rating_id: Set(rating_id),
        standing: Set(Stored(standing.unwrap_or_default())),
    }
}

/// Where replies become ratings, and what those set off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking<'t> {
    pub(crate) store: &'t Store,
    /// The organisation's.
    pub(crate) zone: &'t TimeZone,
    pub(crate) reactions: Reactions,
}

/// A reply as it arrives.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) address: Address,
    pub(crate) text: String,
    /// None: now.
    pub(crate) replied_at: Option<Micros>,
    /// The person who hands it in, if one does.
    pub(crate) by: Option<String>,
    /// Who hands it in.
    pub(crate) actor: (String, Role),
}

/// What became of an arrival.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) id: Uuid,
    /// What to write back; empty: nothing.
    pub(crate) answer: String,
}

/// Keeps a reply and does what it says. `request`: by which it came.
///
/// # Errors
/// [`Reason::TimeInFuture`], [`Error::InterestedParty`]. Whatever the reply says is no error.
pub(crate) async fn receive(
    tx: &Tx,
    taking: Taking<'_>,
    request: &request::Request,
    arrived: Arrived,
) -> Result<Received, Abort> {
    let now = lock(tx, taking.store).await?;
    let replied_at = arrived.replied_at.unwrap_or(now);
    if replied_at > now + SKEW {
        let rule = "must not lie ahead of the server's clock";
        return Err(Error::invalid("reply_time", Reason::TimeInFuture, rule).into());
    }
    let invitation = invitations::answered_at(tx, &arrived.address, replied_at).await?;
    if let Some(invitation) = &invitation {
        check_no_part(tx, invitation.interaction_id, arrived.by.as_deref()).await?;
    }
    let contact_point = match &arrived.address {
        Address::Point(point) => Some(point.clone()),
        Address::Id(_) | Address::Token(_) => None,
    };
    let customer_id = match &contact_point {
        Some(point) => owner_of(tx, point).await?,
        None => None,
    };
    let mut reply = Reply {
        id: Uuid::new_v4(),
        invitation_id: invitation.as_ref().map(|one| one.id),
        customer_id,
        contact_point,
        text: arrived.text,
        replied_at,
        received_at: now,
        outcome: ReplyOutcome::ForAPerson,
        rating: None,
    };
    let template = match &invitation {
        Some(invitation) => Some(template_of(tx, invitation).await?),
        None => None,
    };
    let asked = invitation.as_ref().zip(template.as_ref());
    let notice = match asked {
        Some((_, template)) => reader(template).notice(&reply.text),
        None => rapport_reply::notice(&reply.text),
    };
    let mut said = match (notice, asked) {
        (Some(Notice::Automatic | Notice::OptOut { alone: true }), _) | (_, None) => None,
        (_, Some((invitation, _))) if !invitation.is_answerable(replied_at) => Some(Answer::ForAPerson),
        (_, Some(asked)) => Some(act(tx, (taking, now), request, asked, &mut reply).await?),
    };
    if let (Some(answer), Some((invitation, _))) = (said, asked)
        && is_loop(tx, invitation.id, &reply.text).await?
    {
        said = None;
        if let Answer::Ask(_) = answer {
            reply.outcome = ReplyOutcome::ForAPerson;
        }
    }
    if let Some(Notice::OptOut { alone }) = notice {
        let point = reply.contact_point.clone().or(invitation.as_ref().and_then(|one| one.contact_point.clone()));
        let is_news = opt_out(tx, &reply, (point, invitation.as_ref()), (&arrived.actor, now)).await?;
        said = is_news.then_some(Answer::OptedOut);
        if alone {
            reply.outcome = ReplyOutcome::OptedOut;
        }
    }
    let answer = match (said, asked) {
        (Some(said), Some((invitation, template))) => said.text(template, &invitation.locale),
        // Nobody was asked, so that no language is known but that of the reply.
        (Some(_), None) => opted_out(!reply.text.is_ascii()).to_owned(),
        (None, _) => String::new(),
    };
    let id = reply.id;
    reply::Entity::insert(row(reply)).exec_without_returning(tx).await?;
    Ok(Received { id, answer })
}

/// Does what a reply says, and notes in it what was done.
async fn act(
    tx: &Tx,
    (taking, now): (Taking<'_>, Micros),
    request: &request::Request,
    (invitation, template): (&Invitation, &Template),
    reply: &mut Reply,
) -> Result<Answer, Abort> {
    // The gateway's clock may lag behind the one that told of the delivery.
    let at = reply.replied_at.max(invitation.asked_at());
    let earlier = match invitation.rating_id {
        Some(id) => standing_for(tx, id).await?,
        None => None,
    };
    let read = reader(template).read(&reply.text, template.confirm_by_label(at));
    let mut rated = |outcome, id, standing| {
        reply.outcome = outcome;
        reply.rating = Some((id, standing));
    };
    match (decide(read, earlier.as_ref(), at), earlier) {
        (Next::Rate(meant), _) => {
            let taken = rate(tx, (taking, now), (invitation, template), request, told(invitation, meant, at)).await?;
            // The interaction may be rated by another way, or not be one that can be rated any more.
            let receipt = match taken {
                Ok(receipt) => receipt,
                Err(error) => {
                    tracing::info!(%error, invitation_id = %invitation.id, "a reply could not be made a rating");
                    return Ok(Answer::ForAPerson);
                }
            };
            rated(ReplyOutcome::Scored, receipt.id, receipt.standing);
            Ok(Answer::to_rating(receipt.standing, false))
        }
        (Next::Correct(meant), Some(earlier)) => {
            let correction = Correction {
                request: request.clone(),
                rating_id: earlier.id,
                score: meant.score,
                attribution: meant.attribution,
                comment: meant.comment,
                answered_at: at,
                by: None,
            };
            let id = correct_in(tx, (taking.store, taking.reactions), &correction, now).await?;
            let standing = standing_for(tx, id).await?.map_or(earlier.standing, |later| later.standing);
            rated(ReplyOutcome::Corrected, id, standing);
            Ok(Answer::to_rating(standing, true))
        }
        (Next::Known, Some(Rating { id, standing, .. })) => {
            rated(ReplyOutcome::Scored, id, standing);
            Ok(Answer::to_rating(standing, false))
        }
        (Next::AskBack(ask), _) => {
            reply.outcome = ReplyOutcome::AskBack;
            Ok(Answer::Ask(ask))
        }
        (Next::TakeBack(meant), Some(earlier)) => {
            let Meant { score, attribution, .. } = meant;
            let said = Statement { score, attribution, at, words: reply.text.clone() };
            let Some(exempts) = withdraw(tx, now, &earlier, said).await? else { return Ok(Answer::TooLateToCorrect) };
            reply.outcome = ReplyOutcome::Contested;
            let standing = if exempts { RatingStanding::Exempt } else { earlier.standing };
            reply.rating = Some((earlier.id, standing));
            Ok(if exempts { Answer::TakenBack } else { Answer::TooLateToCorrect })
        }
        (Next::TooLateToCorrect, _) => Ok(Answer::TooLateToCorrect),
        (Next::ForAPerson | Next::Known | Next::Correct(_) | Next::TakeBack(_), _) => Ok(Answer::ForAPerson),
    }
}

async fn template_of(tx: &Tx, invitation: &Invitation) -> Result<Template, DbErr> {
    let (id, version) = &invitation.template;
    let found = template(tx, id, *version).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(format!("survey template {id}/{version}")))
}

fn told(invitation: &Invitation, meant: Meant, answered_at: Micros) -> Input {
    let (template_id, template_version) = invitation.template.clone();
    Input {
        interaction_id: invitation.interaction_id,
        template_id,
        template_version,
        score: meant.score,
        answers: Answers::default(),
        attribution: meant.attribution,
        comment: meant.comment,
        answered_at,
        delivered_at: Some(invitation.asked_at()),
        rated_staff_id: None,
    }
}

/// Takes the rating by which an invitation is answered.
async fn rate(
    tx: &Tx,
    (taking, now): (Taking<'_>, Micros),
    (invitation, template): (&Invitation, &Template),
    request: &request::Request,
    told: Input,
) -> Result<Result<RatingReceipt>, Abort> {
    // One rating for one invitation, whatever the requests.
    let request_key = request::hash(&[b"invitation", invitation.id.as_bytes()]);
    // Those who entered it were asked before.
    let entry = NewRating { request_key, body_hash: request.body_hash, told, by: None };
    let taken = submit(tx, (taking.store, taking.reactions), (taking.zone, now), &[entry]).await?.pop();
    let taken = taken.unwrap_or(Err(Error::AlreadyRated));
    if let Ok(receipt) = &taken {
        invitations::answer(tx, invitation, template, receipt.id).await?;
    }
    Ok(taken)
}

/// What a customer gave on a page.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) token: String,
    pub(crate) meant: Meant,
    pub(crate) answers: Answers,
}

/// What became of a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) rating_id: Uuid,
    /// Number of the standing.
    pub(crate) standing: i32,
    pub(crate) answer: String,
}

/// Takes a rating from a page.
///
/// # Errors
/// [`Error::SurveyTokenInvalid`], [`Error::AlreadyRated`].
pub(crate) async fn take(
    tx: &Tx,
    taking: Taking<'_>,
    request: &request::Request,
    given: Given,
) -> Result<Taken, Abort> {
    let now = lock(tx, taking.store).await?;
    let invitation = invitations::answered_at(tx, &Address::Token(given.token), now).await?;
    let good = |one: &Invitation| one.is_answerable(now) && now - one.issued_at <= ANSWERABLE;
    let invitation = invitation.filter(good).ok_or(Error::SurveyTokenInvalid)?;
    if invitation.rating_id.is_some() {
        return Err(Error::AlreadyRated.into());
    }
    let template = template_of(tx, &invitation).await?;
    let at = now.max(invitation.asked_at());
    let told = Input { answers: given.answers, ..told(&invitation, given.meant, at) };
    let receipt = rate(tx, (taking, now), (&invitation, &template), request, told).await??;
    let answer = Answer::to_rating(receipt.standing, false).text(&template, &invitation.locale);
    Ok(Taken { rating_id: receipt.id, standing: receipt.standing.into(), answer })
}

/// What a person reads in a reply.
#[derive(Clone, Debug)]
pub(crate) struct Settling {
    pub(crate) actor: (String, Role),
    pub(crate) reply_id: Uuid,
    /// None: nothing; it is closed.
    pub(crate) score: Option<i32>,
    pub(crate) attribution: Attribution,
    pub(crate) reason: String,
    /// Where none was found.
    pub(crate) invitation_id: Option<Uuid>,
}

/// Settles a reply that waits for a person.
///
/// # Errors
/// [`Error::NotFound`], [`Error::ReplySettled`], [`Error::AlreadyRated`], [`Error::InvitationSettled`] for an invitation
/// that was suppressed, [`Error::InterestedParty`].
pub(crate) async fn settle(
    tx: &Tx,
    taking: Taking<'_>,
    request: &request::Request,
    settling: &Settling,
) -> Result<(), Abort> {
    let now = lock(tx, taking.store).await?;
    let found = reply::Entity::find_by_id(settling.reply_id).lock_exclusive().one(tx).await?;
    let mut reply: Reply = found.ok_or(Error::NotFound("reply"))?.into();
    if reply.outcome != ReplyOutcome::ForAPerson {
        return Err(Error::ReplySettled.into());
    }
    if settling.invitation_id.is_some() && reply.invitation_id.is_some_and(|id| Some(id) != settling.invitation_id) {
        let rule = "must be left out: it is known which invitation the reply answers";
        return Err(Error::invalid("invitation_id", Reason::Contradiction, rule).into());
    }
    reply.invitation_id = reply.invitation_id.or(settling.invitation_id);
    let invitation = match reply.invitation_id {
        Some(id) => {
            let found = invitations::find(tx, &Sight::all(), id).await?;
            Some(found.ok_or(Error::NotFound("invitation"))?)
        }
        None => None,
    };
    let rated = invitation.as_ref().and_then(|one| one.about.as_ref()?.rated.clone());
    if let Some(invitation) = &invitation {
        check_no_part(tx, invitation.interaction_id, Some(&settling.actor.0)).await?;
    }
    if let Some(score) = settling.score {
        let rule = "must be set: it is not known which invitation the reply answers";
        let invitation = invitation.ok_or(Error::invalid("invitation_id", Reason::FieldRequired, rule))?;
        if !invitation.was_issued() {
            return Err(Error::InvitationSettled.into());
        }
        if invitation.rating_id.is_some() {
            return Err(Error::AlreadyRated.into());
        }
        let template = template_of(tx, &invitation).await?;
        let at = reply.replied_at.max(invitation.asked_at());
        let meant = Meant { score, attribution: settling.attribution, comment: Some(reply.text.clone()) };
        let told = told(&invitation, meant, at);
        let receipt = rate(tx, (taking, now), (&invitation, &template), request, told).await??;
        reply.rating = Some((receipt.id, receipt.standing));
    }
    reply.outcome = ReplyOutcome::Settled;
    let about = rated.map(|rated| rated.staff_id);
    let attribution = settling.attribution.plain_name().to_owned();
    let detail = settling.score.map(|score| serde_json::json!({ "score": score, "attribution": attribution }));
    let (actor, object) = ((settling.actor.0.as_str(), settling.actor.1), reply.id.to_string());
    audit::add_about(tx, now, actor, AuditAction::ReplySettled, (&object, about.as_deref()), &settling.reason, detail)
        .await?;
    reply::Entity::update(row(reply)).exec(tx).await?;
    Ok(())
}

/// One reply.
pub(crate) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Reply>, DbErr> {
    Ok(reply::Entity::find_by_id(id).one(connection).await?.map(Into::into))
}

/// A page of replies, newest first; none: of whatever outcome.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    (outcome, oneself): (Option<ReplyOutcome>, &Oneself),
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Reply>, DbErr> {
    use sea_orm::sea_query::ExprTrait as _;
    let mut query = reply::Entity::find();
    if let Some(id) = oneself.id() {
        // Neither what rates them nor what came of a complaint about them.
        let about = invitation::Entity::find().select_only().column(invitation::Column::Id);
        let about = about.filter(invitation::Column::InteractionId.in_subquery(interactions::hidden_from(id)));
        let others = Column::InvitationId
            .not_in_subquery(invitations::ids_of_those_about(id))
            .and(Column::InvitationId.not_in_subquery(about.into_query()));
        query = query.filter(Condition::any().add(Column::InvitationId.is_null()).add(others));
    }
    if let Some(outcome) = outcome {
        query = query.filter(Column::Outcome.eq(Stored(outcome)));
    }
    if let Some((received_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::ReceivedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(received_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::ReceivedAt).order_by_desc(Column::Id).limit(limit);
    Ok(query.all(connection).await?.into_iter().map(Into::into).collect())
}
