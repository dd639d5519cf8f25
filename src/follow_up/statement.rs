//! What a person whom a follow-up is about is told of it, and may say to it (L2).

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    entity::statement::{ActiveModel, Column, Entity, Model},
    sight::is_about,
    steps::Who,
    store::{self, Held},
};
use crate::{
    api::v1::AuditAction,
    audit,
    clock::Micros,
    directory::store as directory,
    error::{Error, Reason, Result},
    interaction,
    reach::Sight,
    store::{Abort, Tx},
};

/// Shorter texts are found in any words.
const TELLING: usize = 3;
/// So many digits in a row make a number that tells who it is.
const DIGITS: usize = 6;

/// Tells a person whom a follow-up is about; gives the statement's id.
///
/// # Errors
/// [`Error::NotFound`]; somebody whom it is not about; words that name the customer; a reviewer who took part.
pub(super) async fn release(
    held: &mut Held<'_>,
    who: &Who,
    (id, staff_id, words): (Uuid, &str, &str),
) -> Result<Uuid, Abort> {
    let one = store::find(held.tx, &who.sight, id).await?.ok_or(Error::NotFound("follow_up"))?;
    interaction::store::check_no_part(held.tx, one.interaction_id, who.person.as_deref()).await?;
    let is_known = directory::find_staff(held.tx, staff_id).await?.is_some();
    if !is_known || !is_about(held.tx, id, staff_id).await? {
        let rule = "must be a person whom the follow-up is about";
        return Err(Error::invalid("staff_id", Reason::UnknownStaff, rule).into());
    }
    if let Some(named) = names_customer(held.tx, one.interaction_id, words).await? {
        let rule = format!("must not tell who the customer is: it has their {named}");
        return Err(Error::invalid("words", Reason::NamesCustomer, rule).into());
    }
    let row = Model {
        // Of no time: those who are told must not learn when the follow-up was opened.
        id: Uuid::new_v4(),
        follow_up_id: id,
        staff_id: staff_id.to_owned(),
        words: words.to_owned(),
        released_at: held.now,
        released_by: who.subject.clone(),
        answer: None,
        answered_at: None,
    };
    let statement_id = row.id;
    Entity::insert(row.into_active_model()).exec_without_returning(held.tx).await?;
    let (actor, object) = ((who.subject.as_str(), who.role), id.to_string());
    let about = (object.as_str(), Some(staff_id));
    audit::add_about(held.tx, held.now, actor, AuditAction::StatementReleased, about, "", None).await?;
    Ok(statement_id)
}

/// What of the customer's stands in the words: their name, an id, a number, an address.
async fn names_customer(tx: &Tx, interaction_id: Uuid, words: &str) -> Result<Option<&'static str>, Abort> {
    let Some(found) = interaction::store::find(tx, &Sight::all(), interaction_id).await? else { return Ok(None) };
    let facts = found.facts;
    let mut telling = vec![("interaction's id", found.id.to_string())];
    telling.extend(facts.case_id.map(|id| ("case", id)));
    telling.extend(facts.context.order_id.map(|id| ("order", id)));
    telling.extend(facts.customer_alias.map(|alias| ("number or address", alias.value)));
    if let Some(id) = facts.customer_id {
        if let Some(customer) = directory::find_customer(tx, &id).await? {
            telling.push(("name", customer.salutation));
            telling.extend(customer.contact_points.into_iter().map(|point| ("number or address", point.at.value)));
            telling.extend(customer.aliases.into_iter().map(|alias| ("number or address", alias.value)));
        }
        telling.push(("id", id));
    }
    Ok(telling.into_iter().find(|(_, text)| tells(words, text)).map(|(what, _)| what))
}

/// Whether words have a text in them, however it is written there.
fn tells(words: &str, text: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (text, number) = (plain(text), digits(text));
    // Two Chinese characters are a whole name.
    let is_telling = text.chars().count() >= TELLING || (!text.is_ascii() && text.chars().count() >= 2);
    (is_telling && plain(words).contains(&text)) || (number.len() >= DIGITS && digits(words).contains(&number))
}

/// The statements that were released to a person, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(Column::StaffId.eq(staff_id));
    if let Some((released_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::ReleasedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(released_at), Expr::value(id)])));
    }
    query.order_by_desc(Column::ReleasedAt).order_by_desc(Column::Id).limit(limit).all(connection).await
}

/// One by its id.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// Keeps what the person says to it.
///
/// # Errors
/// [`Error::NotFound`]: it is not theirs. [`Error::AlreadyAnswered`].
pub(super) async fn answer(held: &Held<'_>, staff_id: &str, id: Uuid, answer: &str) -> Result<Uuid, Abort> {
    let found = find(held.tx, id).await?.filter(|one| one.staff_id == staff_id);
    if found.ok_or(Error::NotFound("statement"))?.answer.is_some() {
        return Err(Error::AlreadyAnswered.into());
    }
    let answered = ActiveModel {
        id: Set(id),
        answer: Set(Some(answer.to_owned())),
        answered_at: Set(Some(held.now)),
        ..Default::default()
    };
    answered.update(held.tx).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_found_however_they_are_written() {
        let words = "The customer (Ms  CARLA Meyer) says, that you hung up. Call +86 138-0000-1234, 王芳";
        for text in ["carla meyer", "8613800001234", "+8613800001234", "王芳"] {
            assert!(tells(words, text), "{text}");
        }
        // What is that short is no name, and other numbers are not theirs.
        for text in ["", "Ms", "王", "8613800001235", "987"] {
            assert!(!tells(words, text), "{text}");
        }
    }
}
