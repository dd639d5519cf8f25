//! What people do with follow-ups. Each step is one transaction that holds the lock of their stream.

use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use uuid::Uuid;

use super::{
    FollowUp,
    entity::point,
    rules::{self, check_points},
    sight::is_about,
    store::{self, Held, Opening},
};
use crate::{
    api::v1::{FollowUpCloseReason, FollowUpEventKind, FollowUpSource, FollowUpState, FollowUpWait, Role, StaffState},
    clock::Micros,
    deadline::{self, Cause},
    directory::store as directory,
    error::{Error, Reason, Result},
    interaction,
    reach::{Oneself, Scope, Sight},
    store::{Abort, Stored},
};

/// Who does it.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) subject: String,
    pub(super) role: Role,
    /// None: an application, or a customer.
    pub(super) person: Option<String>,
    pub(super) sight: Sight,
}

impl Who {
    /// As colleagues may read it: a customer is named nowhere but where customers are.
    fn author(&self) -> String {
        if self.role == Role::Customer { String::new() } else { self.subject.clone() }
    }

    fn cause(&self, reason: &'static str) -> Cause {
        Cause { reason, author: self.author() }
    }

    fn actor(&self) -> Option<String> {
        Some(self.author()).filter(|author| !author.is_empty())
    }
}

/// A follow-up that is opened by hand.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) interaction_id: Uuid,
    pub(super) words: Vec<String>,
    pub(super) about: Vec<String>,
    pub(super) team_id: Option<String>,
    pub(super) within: Micros,
}

/// Opens one; gives its id.
///
/// # Errors
/// [`Error::NotFound`]: the interaction. What the directory does not know; points without words.
pub(super) async fn open(held: &mut Held<'_>, who: &Who, told: Told) -> Result<Uuid, Abort> {
    check_points("points", 0, &told.words)?;
    let found = interaction::store::find(held.tx, &who.sight, told.interaction_id).await?;
    let facts = found.ok_or(Error::NotFound("interaction"))?.facts;
    for (place, id) in told.about.iter().enumerate() {
        let field = format!("about_staff_ids[{place}]");
        if who.person.as_ref() == Some(id) {
            // They would not see what they have opened.
            return Err(Error::invalid(field, Reason::InterestedParty, "must not be who opens it").into());
        }
        if directory::find_staff(held.tx, id).await?.is_none() {
            return Err(Error::invalid(field, Reason::UnknownStaff, "must be a colleague of the directory").into());
        }
    }
    if let Some(team) = &told.team_id {
        check_team(held, who, team).await?;
    }
    let primary = facts.primary_team().map(str::to_owned);
    let opening = Opening {
        source: FollowUpSource::Hand,
        origin_id: None,
        interaction_id: told.interaction_id,
        team_id: told.team_id.or(primary),
        words: told.words,
        about: told.about,
        within: told.within,
        author: who.author(),
        actor: who.actor(),
    };
    held.open(opening).await
}

/// A supervisor gives work to their own teams.
async fn check_team(held: &Held<'_>, who: &Who, team_id: &str) -> Result<(), Abort> {
    if directory::find_team(held.tx, team_id).await?.is_none() {
        return Err(Error::invalid("team_id", Reason::UnknownTeam, "must be a team of the directory").into());
    }
    match &who.sight.scope {
        Scope::All => Ok(()),
        Scope::Teams { teams, .. } if teams.iter().any(|one| one == team_id) => Ok(()),
        Scope::Teams { .. } | Scope::Staff(_) | Scope::Customer(_) => Err(Error::FieldNotYours("team_id").into()),
    }
}

/// A claim that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// None: the one that is due first.
    pub(super) id: Option<Uuid>,
    pub(super) staff_id: String,
    pub(super) lease: Micros,
}

/// Lets somebody hold one; gives its id, if there is one to take.
///
/// # Errors
/// [`Error::NotFound`], [`Error::FollowUpClaimed`], [`Error::FollowUpSettled`], and a colleague whom it is about.
pub(super) async fn claim(held: &mut Held<'_>, who: &Who, asked: &Claim) -> Result<Option<Uuid>, Abort> {
    let team_id = colleague(held, &asked.staff_id).await?;
    let id = match asked.id {
        Some(id) => id,
        None => {
            // What is about them is none that they could take.
            let sight = Sight { oneself: Oneself::of_person(&asked.staff_id), ..who.sight.clone() };
            let team = if who.person.is_none() { Some(team_id.as_deref().unwrap_or_default()) } else { None };
            match store::first_free(held.tx, &sight, team).await? {
                Some(id) => id,
                None => return Ok(None),
            }
        }
    };
    let mut one = held.begin(&who.sight, id).await?;
    check_not_about(held, id, &asked.staff_id).await?;
    one.claim(&asked.staff_id, held.now + asked.lease)?;
    held.tell(id, FollowUpEventKind::Claimed, None, Some(&asked.staff_id)).await?;
    held.finish(one).await?;
    Ok(Some(id))
}

/// A colleague who works here; gives their team.
async fn colleague(held: &Held<'_>, staff_id: &str) -> Result<Option<String>, Abort> {
    let found = directory::find_staff(held.tx, staff_id).await?.filter(|one| one.state != StaffState::Inactive);
    let unknown = || Error::invalid("staff_id", Reason::UnknownStaff, "must be a colleague of the directory");
    Ok(found.ok_or_else(unknown)?.team_id)
}

async fn check_not_about(held: &Held<'_>, id: Uuid, staff_id: &str) -> Result<(), Abort> {
    if is_about(held.tx, id, staff_id).await? {
        let rule = "must not be a person whom the follow-up is about";
        return Err(Error::invalid("staff_id", Reason::InterestedParty, rule).into());
    }
    Ok(())
}

/// What is done with a follow-up.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Raise(String),
    Return(i64),
    Hold { claim: i64, waits_for: FollowUpWait, next_action: String, wait: Micros },
    Resume(i64),
    Answer { claim: i64, number: i32, answer: String },
    Confirm(String),
    Reopen(Vec<String>),
    Assign { team_id: Option<String>, staff_id: Option<String>, lease: Micros },
    Close(FollowUpCloseReason, String),
}

/// Does it; gives the id.
///
/// # Errors
/// [`Error::NotFound`], and what the rules of the step say.
pub(super) async fn take(held: &mut Held<'_>, who: &Who, id: Uuid, step: Step) -> Result<Uuid, Abort> {
    let mut one = held.begin(&who.sight, id).await?;
    let actor = who.actor();
    let told = match step {
        Step::Raise(words) => {
            if !one.is_unanswered() {
                return Err(Error::FollowUpSettled.into());
            }
            raise(held, id, "words", vec![words]).await?;
            Some(FollowUpEventKind::PointRaised)
        }
        Step::Return(claim) => {
            one.check_claim(who.person.as_deref(), claim)?;
            resume(held, who, &mut one).await?;
            one.give_back();
            Some(FollowUpEventKind::Returned)
        }
        Step::Hold { claim, waits_for, next_action, wait } => {
            one.check_claim(who.person.as_deref(), claim)?;
            resume(held, who, &mut one).await?;
            let until = held.now + wait;
            one.hold(waits_for, next_action, until);
            if waits_for == FollowUpWait::Customer {
                let version = deadline::store::version_of(held.tx, one.team_id.as_deref()).await?;
                let (now, cause) = (held.now, who.cause("waits for the customer"));
                held.turn(&mut one, |clock| clock.pause((now, until), version, cause)).await?;
            }
            Some(FollowUpEventKind::Pending)
        }
        Step::Resume(claim) => {
            one.check_claim(who.person.as_deref(), claim)?;
            let went_on = resume(held, who, &mut one).await?;
            went_on.then_some(FollowUpEventKind::Resumed)
        }
        Step::Answer { claim, number, answer } => {
            one.check_claim(who.person.as_deref(), claim)?;
            if resume(held, who, &mut one).await? {
                held.tell(id, FollowUpEventKind::Resumed, None, actor.as_deref()).await?;
            }
            let is_last = answer_point(held, who, (id, number), answer).await?;
            if is_last {
                held.tell(id, FollowUpEventKind::PointAnswered, None, actor.as_deref()).await?;
                let now = held.now;
                one.answer();
                held.turn(&mut one, |clock| clock.stop(now)).await?;
            }
            Some(if is_last { FollowUpEventKind::Answered } else { FollowUpEventKind::PointAnswered })
        }
        Step::Confirm(note) => {
            one.settle(FollowUpState::Confirmed, (held.now, &who.subject, &note))?;
            Some(FollowUpEventKind::Confirmed)
        }
        Step::Reopen(words) => {
            one.reopen()?;
            raise(held, id, "points", words).await?;
            let target = deadline::store::last(held.tx, id).await?.map_or(rules::LEASE, |clock| clock.target);
            held.start(&mut one, target, who.cause("reopened")).await?;
            Some(FollowUpEventKind::Reopened)
        }
        Step::Assign { team_id, staff_id, lease } => {
            assign(held, who, &mut one, (team_id, staff_id, lease)).await?;
            Some(FollowUpEventKind::Assigned)
        }
        Step::Close(reason, note) => {
            check_no_answer_of(held, who, id).await?;
            one.settle(FollowUpState::Closed, (held.now, &who.subject, &note))?;
            one.close_reason = Stored(reason);
            Some(FollowUpEventKind::Closed)
        }
    };
    if let Some(kind) = told {
        held.tell(id, kind, None, actor.as_deref()).await?;
    }
    held.finish(one).await?;
    Ok(id)
}

async fn raise(held: &mut Held<'_>, id: Uuid, field: &str, words: Vec<String>) -> Result<(), Abort> {
    let there = store::points(held.tx, &[id]).await?.remove(&id).map_or(0, |points| points.len());
    check_points(field, there, &words)?;
    held.raise(id, words).await?;
    Ok(())
}

/// Goes on with one that waits; its clock runs again if it stood.
async fn resume(held: &mut Held<'_>, who: &Who, one: &mut FollowUp) -> Result<bool, Abort> {
    let stood = one.waits_for.0 == FollowUpWait::Customer;
    let went_on = one.resume();
    if went_on && stood {
        let version = deadline::store::version_of(held.tx, one.team_id.as_deref()).await?;
        let (now, cause) = (held.now, who.cause("resumed"));
        held.turn(one, |clock| clock.resume(now, version, cause)).await?;
    }
    Ok(went_on)
}

/// Answers a point; whether it was the last one without an answer.
async fn answer_point(held: &Held<'_>, who: &Who, (id, number): (Uuid, i32), answer: String) -> Result<bool, Abort> {
    let points = store::points(held.tx, &[id]).await?.remove(&id).unwrap_or_default();
    let unknown = || Error::invalid("point_number", Reason::ValueOutOfRange, "must be a point of the follow-up");
    let point = points.iter().find(|point| point.number == number).ok_or_else(unknown)?;
    if point.answer.is_some() {
        return Err(Error::AlreadyAnswered.into());
    }
    let is_last = points.iter().filter(|point| point.answer.is_none()).count() == 1;
    let answered = point::ActiveModel {
        follow_up_id: Set(id),
        number: Set(number),
        answer: Set(Some(answer)),
        answered_at: Set(Some(held.now)),
        answered_by: Set(Some(who.subject.clone())),
        ..Default::default()
    };
    answered.update(held.tx).await?;
    Ok(is_last)
}

async fn assign(
    held: &mut Held<'_>,
    who: &Who,
    one: &mut FollowUp,
    (team_id, staff_id, lease): (Option<String>, Option<String>, Micros),
) -> Result<(), Abort> {
    if !one.is_unanswered() {
        return Err(Error::FollowUpSettled.into());
    }
    let of_person = match &staff_id {
        Some(staff_id) => {
            let team = colleague(held, staff_id).await?;
            check_not_about(held, one.id, staff_id).await?;
            team
        }
        None => None,
    };
    if team_id.is_none() && staff_id.is_none() {
        let rule = "must be set, unless staff_id is";
        return Err(Error::invalid("team_id", Reason::FieldRequired, rule).into());
    }
    let team_id = team_id.or(of_person).or_else(|| one.team_id.clone());
    if let Some(team) = team_id.as_deref().filter(|team| one.team_id.as_deref() != Some(team)) {
        check_team(held, who, team).await?;
        one.team_id = Some(team.to_owned());
        let version = deadline::store::version_of(held.tx, Some(team)).await?;
        let (now, cause, team) = (held.now, who.cause("assigned"), Some(team.to_owned()));
        held.turn(one, |clock| {
            clock.repin(now, version, cause);
            clock.team_id = team;
        })
        .await?;
    }
    resume(held, who, one).await?;
    match staff_id {
        Some(staff_id) => one.hand_to(&staff_id, held.now + lease),
        None => one.give_back(),
    }
    Ok(())
}

/// Who answered a point does not say that the customer has had enough.
async fn check_no_answer_of(held: &Held<'_>, who: &Who, id: Uuid) -> Result<(), Abort> {
    let points = store::points(held.tx, &[id]).await?.remove(&id).unwrap_or_default();
    let is_own = points.iter().any(|point| point.answered_by.as_ref() == Some(&who.subject));
    if is_own { Err(Error::InterestedParty.into()) } else { Ok(()) }
}
