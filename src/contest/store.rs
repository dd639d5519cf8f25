//! Contests in the database. Whatever changes one holds the lock of the ratings: the standing of its rating moves
//! with it.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    entity::prelude::*, sea_query::ExprTrait as _,
};
use serde_json::json;

use super::{
    Appeal, Contest, Exemption, Review,
    entity::{
        contest::{self, Column},
        review,
    },
    rules::{self, Reviewer},
    view,
};
use crate::{
    api::v1::{AuditAction, ContestGrounds, ContestState, ContestVerdict, RatingStanding, Role},
    audit,
    clock::Micros,
    directory::store as directory,
    error::{Error, Result},
    rating::{Rating, store as ratings},
    reach::{Scope, Sight},
    store::{Abort, Store, Stored, Tx},
};

/// How many overdue contests are granted in one transaction.
const OVERDUE: u64 = 100;
/// Who grants by the deadline, in the audit trail.
const SERVER: &str = "rapport";

/// Who acts: subject and role of the token.
pub(super) type Actor = (String, Role);

/// Which rating is contested.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// By the rated person.
    Masked(Uuid),
    /// By a supervisor.
    Rating(Uuid),
}

/// A contest as it is told.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) target: Target,
    pub(super) grounds: ContestGrounds,
    pub(super) evidence: Option<String>,
}

/// Opens a contest, and settles it where the record says enough.
///
/// # Errors
/// [`Error::NotFound`], [`Error::AlreadyContested`], [`Error::NotCounted`], [`Error::ContestTooLate`].
pub(super) async fn open(tx: &Tx, now: Micros, actor: &Actor, sight: &Sight, told: &Input) -> Result<Uuid, Abort> {
    let (rating, masked_id, seen_at) = match told.target {
        Target::Masked(masked_id) => {
            let masked = view::unmask(tx, &actor.0, masked_id).await?.ok_or(Error::NotFound("rating"))?;
            (rating(tx, masked.rating_id).await?, Some(masked_id), masked.released_at)
        }
        Target::Rating(id) => {
            let rating = ratings::find(tx, sight, id).await?.ok_or(Error::NotFound("rating"))?;
            let received_at = rating.received_at;
            (rating, None, received_at)
        }
    };
    if contest::Entity::find().filter(Column::RatingId.eq(rating.id)).one(tx).await?.is_some() {
        return Err(Error::AlreadyContested.into());
    }
    rules::may_contest(rating.standing, seen_at, now)?;
    let opened = Contest {
        id: Uuid::new_v4(),
        rating_id: rating.id,
        masked_id,
        contester: actor.0.clone(),
        grounds: told.grounds,
        evidence: told.evidence.clone(),
        contested_at: now,
        state: ContestState::Open,
        decide_by: now + rules::DECISION_WINDOW,
        decided_at: None,
        appeal: None,
        exemption: None,
    };
    let others = ratings::of_interaction(tx, rating.interaction_id).await?;
    let others = others.iter().filter(|one| one.id != rating.id && one.standing != RatingStanding::Superseded);
    let others: Vec<_> = others.map(|one| one.attribution).collect();
    let is_plain = rules::is_plain(told.grounds, &others);
    file(tx, now, actor, opened, is_plain).await
}

/// Contests a rating for a customer who says something else now: whether it is exempt by that. None: it does not count for
/// staff, or was contested before. `contacted`: whether the rated person was in contact with them in between, in which
/// case their words alone decide nothing.
pub(crate) async fn open_for_customer(
    tx: &Tx,
    now: Micros,
    rating: &Rating,
    evidence: String,
    contacted: bool,
) -> Result<Option<bool>, Abort> {
    let contested = contest::Entity::find().filter(Column::RatingId.eq(rating.id)).one(tx).await?;
    if rating.standing != RatingStanding::Counted || contested.is_some() {
        return Ok(None);
    }
    let opened = Contest {
        id: Uuid::new_v4(),
        rating_id: rating.id,
        masked_id: None,
        contester: String::new(),
        grounds: ContestGrounds::SecondReply,
        evidence: Some(evidence),
        contested_at: now,
        state: ContestState::Open,
        decide_by: now + rules::DECISION_WINDOW,
        decided_at: None,
        appeal: None,
        exemption: None,
    };
    file(tx, now, &(SERVER.to_owned(), Role::Unspecified), opened, !contacted).await?;
    Ok(Some(!contacted))
}

/// Puts a new contest on record, and settles it if it `is_plain`.
async fn file(tx: &Tx, now: Micros, actor: &Actor, opened: Contest, is_plain: bool) -> Result<Uuid, Abort> {
    contest::Entity::insert(row(&opened)).exec_without_returning(tx).await?;
    let (id, evidence) = (opened.id, opened.evidence.clone().unwrap_or_default());
    let state = if is_plain { ContestState::Granted } else { opened.state };
    enter(tx, now, actor, AuditAction::RatingContested, &evidence, opened, state).await?;
    Ok(id)
}

/// Gives a reviewer's verdict.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InterestedParty`], [`Error::SameReviewer`], [`Error::ContestSettled`].
pub(super) async fn decide(
    tx: &Tx,
    now: Micros,
    (reviewer, role): (&Reviewer, Role),
    id: Uuid,
    verdict: ContestVerdict,
    reason: &str,
) -> Result<Uuid, Abort> {
    let contest = find(tx, &Sight::all(), id).await?.ok_or(Error::NotFound("contest"))?;
    check_disinterest(tx, reviewer, &contest).await?;
    let earlier = reviews(tx, &[id]).await?.remove(&id).unwrap_or_default();
    let state = rules::judge(&contest, &earlier, &reviewer.subject, verdict)?;
    add_review(tx, now, id, &earlier, (&reviewer.subject, verdict, reason)).await?;
    let actor = (reviewer.subject.clone(), role);
    enter(tx, now, &actor, AuditAction::ContestDecided, reason, contest, state).await?;
    Ok(id)
}

/// Takes a refused contest to another reviewer.
///
/// # Errors
/// [`Error::NotFound`] for those of others, [`Error::NotAppealable`], [`Error::ContestTooLate`].
pub(super) async fn appeal(
    tx: &Tx,
    now: Micros,
    (actor, sight): (&Actor, &Sight),
    id: Uuid,
    reason: &str,
) -> Result<Uuid, Abort> {
    let contest = find(tx, sight, id).await?.ok_or(Error::NotFound("contest"))?;
    if contest.contester != actor.0 && !contest.is_servers() {
        return Err(Error::NotFound("contest").into());
    }
    rules::may_appeal(&contest, now)?;
    let appealed = Contest {
        appeal: Some(Appeal { reason: reason.to_owned(), at: now }),
        decide_by: now + rules::DECISION_WINDOW,
        ..contest
    };
    enter(tx, now, actor, AuditAction::ContestAppealed, reason, appealed, ContestState::SecondReview).await?;
    Ok(id)
}

/// Takes an exemption back. Gives the contest by which the rating was exempt.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotExempt`], [`Error::InterestedParty`].
pub(super) async fn restore(
    tx: &Tx,
    now: Micros,
    (reviewer, role): (&Reviewer, Role),
    rating_id: Uuid,
    reason: &str,
) -> Result<Uuid, Abort> {
    ratings::find(tx, &Sight::all(), rating_id).await?.ok_or(Error::NotFound("rating"))?;
    let row = contest::Entity::find().filter(Column::RatingId.eq(rating_id)).one(tx).await?;
    let contest = row.map(Contest::from).filter(|one| one.exemption.is_some()).ok_or(Error::NotExempt)?;
    check_disinterest(tx, reviewer, &contest).await?;
    let id = contest.id;
    // It is a refusal like any other: the reviewer who gave it does not judge the appeal.
    let earlier = reviews(tx, &[id]).await?.remove(&id).unwrap_or_default();
    add_review(tx, now, id, &earlier, (&reviewer.subject, ContestVerdict::Refused, reason)).await?;
    let actor = (reviewer.subject.clone(), role);
    enter(tx, now, &actor, AuditAction::RatingRestored, reason, contest, ContestState::Refused).await?;
    Ok(id)
}

/// Grants provisionally what nobody decided in time; gives how many.
///
/// # Errors
/// [`Error::StoreUnavailable`].
pub(crate) async fn grant_overdue(store: &Store) -> Result<usize> {
    let mut granted = 0;
    while overdue(store.now(store.reader()).await?).limit(1).one(store.reader()).await?.is_some() {
        let runner = store.clone();
        let some = store.transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                let now = ratings::lock(tx, &store).await?;
                let found = overdue(now).limit(OVERDUE).all(tx).await?;
                let (count, actor) = (found.len(), (SERVER.to_owned(), Role::Unspecified));
                for row in found {
                    let action = AuditAction::ContestGrantedProvisionally;
                    enter(tx, now, &actor, action, "", row.into(), ContestState::ProvisionallyGranted).await?;
                }
                Ok(count)
            })
        });
        match some.await? {
            // Another server was first.
            0 => break,
            some => granted += some,
        }
    }
    Ok(granted)
}

fn overdue(now: Micros) -> Select<contest::Entity> {
    let waiting = [ContestState::Open, ContestState::SecondReview].map(Stored);
    contest::Entity::find()
        .filter(Column::State.is_in(waiting))
        .filter(Column::DecideBy.lt(now))
        .order_by_asc(Column::DecideBy)
}

/// Lets contests and the rated person's view follow a rating when the customer corrects it.
pub(crate) async fn follow(tx: &Tx, earlier: Uuid, later: Uuid) -> Result<(), DbErr> {
    let changed = contest::Entity::update_many().col_expr(Column::RatingId, Expr::value(later));
    changed.filter(Column::RatingId.eq(earlier)).exec(tx).await?;
    view::follow(tx, earlier, later).await
}

/// Brings a contest into a state, its rating with it, and leaves a trace.
async fn enter(
    tx: &Tx,
    now: Micros,
    actor: &Actor,
    action: AuditAction,
    reason: &str,
    contest: Contest,
    state: ContestState,
) -> Result<(), Abort> {
    let rating = rating(tx, contest.rating_id).await?;
    let (decided, exempts) = match state {
        ContestState::Granted | ContestState::ProvisionallyGranted => (true, true),
        ContestState::Refused => (true, false),
        ContestState::Open | ContestState::SecondReview | ContestState::Unspecified => (false, false),
    };
    let (standing, exemption) = match contest.exemption {
        // What the customer corrected meanwhile may not count for staff anyway.
        None if exempts && rating.standing == RatingStanding::Counted => {
            (RatingStanding::Exempt, Some(Exemption { at: now, former: rating.standing }))
        }
        Some(exemption) if !exempts => (rules::restored(exemption.former, rating.attribution), None),
        unchanged => (rating.standing, unchanged),
    };
    if standing != rating.standing {
        ratings::restand(tx, &rating, standing).await?;
    }
    let detail = json!({
        "contest": contest.id,
        "state": { "before": contest.state.as_str_name(), "after": state.as_str_name() },
        "standing": { "before": rating.standing.as_str_name(), "after": standing.as_str_name() },
    });
    let actor = (actor.0.as_str(), actor.1);
    let about = rating.rated.as_ref().map(|rated| rated.staff_id.as_str());
    audit::add_about(tx, now, actor, action, (&rating.id.to_string(), about), reason, Some(detail)).await?;
    let decided_at = if decided && state != contest.state { Some(now) } else { contest.decided_at };
    let entered = Contest { state, exemption, decided_at, ..contest };
    contest::Entity::update(row(&entered)).exec(tx).await?;
    Ok(())
}

async fn rating(tx: &Tx, id: Uuid) -> Result<Rating, DbErr> {
    let found = ratings::find(tx, &Sight::all(), id).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(format!("rating {id}")))
}

async fn check_disinterest(tx: &Tx, reviewer: &Reviewer, contest: &Contest) -> Result<(), Abort> {
    let rated = rating(tx, contest.rating_id).await?.rated;
    let present = match &rated {
        Some(rated) => directory::find_staff(tx, &rated.staff_id).await?.and_then(|one| one.team_id),
        None => None,
    };
    let own = directory::find_staff(tx, &reviewer.subject).await?.and_then(|one| one.team_id);
    let teams = reviewer.teams.iter().cloned().chain(own).collect();
    let reviewer = Reviewer { teams, ..reviewer.clone() };
    Ok(rules::check_disinterest(&reviewer, &contest.contester, rated.as_ref(), present.as_deref())?)
}

async fn add_review(
    tx: &Tx,
    now: Micros,
    contest_id: Uuid,
    earlier: &[Review],
    (reviewer, verdict, reason): (&str, ContestVerdict, &str),
) -> Result<(), DbErr> {
    let row = review::ActiveModel {
        contest_id: Set(contest_id),
        number: Set(i32::try_from(earlier.len()).unwrap_or(i32::MAX)),
        reviewer: Set(reviewer.to_owned()),
        verdict: Set(Stored(verdict)),
        reason: Set(reason.to_owned()),
        reviewed_at: Set(now),
    };
    review::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Everything within reach: one's own, and what is about ratings within reach.
fn within(sight: &Sight) -> Select<contest::Entity> {
    let all = contest::Entity::find();
    let about_others = || Column::RatingId.in_subquery(ratings::ids_within(sight));
    match &sight.scope {
        Scope::All if sight.oneself.id().is_none() => all,
        Scope::All => all.filter(about_others()),
        Scope::Teams { staff_id, .. } => {
            all.filter(Condition::any().add(Column::Contester.eq(staff_id)).add(about_others()))
        }
        Scope::Staff(staff_id) => all.filter(Column::Contester.eq(staff_id)),
        Scope::Customer(_) => all.filter(Expr::cust("1 = 0")),
    }
}

/// One contest within reach.
pub(super) async fn find(connection: &impl ConnectionTrait, sight: &Sight, id: Uuid) -> Result<Option<Contest>, DbErr> {
    let found = within(sight).filter(Column::ContestId.eq(id)).one(connection).await?;
    Ok(found.map(Into::into))
}

/// Which contests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    All,
    In(ContestState),
    /// By which a rating is exempt at present.
    Exempting,
}

/// A page of contests within reach, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    wanted: Wanted,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Contest>, DbErr> {
    let mut query = within(sight);
    query = match wanted {
        Wanted::All => query,
        Wanted::In(state) => query.filter(Column::State.eq(Stored(state))),
        Wanted::Exempting => query.filter(Column::ExemptedAt.is_not_null()),
    };
    if let Some((contested_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::ContestedAt), Expr::col(Column::ContestId)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(contested_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::ContestedAt).order_by_desc(Column::ContestId).limit(limit);
    Ok(query.all(connection).await?.into_iter().map(Into::into).collect())
}

/// What reviewers said of these contests, in order.
pub(super) async fn reviews(
    connection: &impl ConnectionTrait,
    contests: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Review>>, DbErr> {
    let query = review::Entity::find().filter(review::Column::ContestId.is_in(contests.iter().copied()));
    let mut found: HashMap<Uuid, Vec<Review>> = HashMap::new();
    for row in query.order_by_asc(review::Column::Number).all(connection).await? {
        found.entry(row.contest_id).or_default().push(Review {
            reviewer: row.reviewer,
            verdict: row.verdict.0,
            reason: row.reason,
            at: row.reviewed_at,
        });
    }
    Ok(found)
}

fn row(contest: &Contest) -> contest::ActiveModel {
    contest::ActiveModel {
        contest_id: Set(contest.id),
        rating_id: Set(contest.rating_id),
        masked_id: Set(contest.masked_id),
        contester: Set(contest.contester.clone()),
        grounds: Set(Stored(contest.grounds)),
        evidence: Set(contest.evidence.clone()),
        contested_at: Set(contest.contested_at),
        state: Set(Stored(contest.state)),
        decide_by: Set(contest.decide_by),
        decided_at: Set(contest.decided_at),
        appeal_reason: Set(contest.appeal.as_ref().map(|appeal| appeal.reason.clone())),
        appealed_at: Set(contest.appeal.as_ref().map(|appeal| appeal.at)),
        exempted_at: Set(contest.exemption.map(|exemption| exemption.at)),
        former_standing: Set(Stored(contest.exemption.map(|exemption| exemption.former).unwrap_or_default())),
    }
}

impl From<contest::Model> for Contest {
    fn from(row: contest::Model) -> Self {
        let former = row.former_standing.0;
        Self {
            id: row.contest_id,
            rating_id: row.rating_id,
            masked_id: row.masked_id,
            contester: row.contester,
            grounds: row.grounds.0,
            evidence: row.evidence,
            contested_at: row.contested_at,
            state: row.state.0,
            decide_by: row.decide_by,
            decided_at: row.decided_at,
            appeal: row.appeal_reason.zip(row.appealed_at).map(|(reason, at)| Appeal { reason, at }),
            exemption: row.exempted_at.map(|at| Exemption { at, former }),
        }
    }
}
