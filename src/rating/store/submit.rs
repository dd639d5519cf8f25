//! Taking ratings in groups.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use sea_orm::{ConnectionTrait, DbErr, QuerySelect as _, entity::prelude::*};

use super::{
    counters,
    entity::rating,
    lock,
    rows::{RATING, to_row},
};
use crate::{
    api::v1::RatingStanding,
    clock::Micros,
    error::{Error, Reason, Result},
    interaction::{self, Served},
    rating::{Input, Low, Rating, Reactions, figures::Changes, judge},
    store::{Abort, Store, Stored, Tx, bulk, group::WriteGroup, set},
    template,
    template::Template,
};

/// A rating on its way to the record.
#[derive(Clone, Debug)]
pub(crate) struct NewRating {
    /// From whose request id, and which.
    pub(crate) request_key: Uuid,
    pub(crate) body_hash: Uuid,
    pub(crate) told: Input,
    /// The person who enters it, if one does.
    pub(crate) by: Option<String>,
}

/// What became of an [`NewRating`].
#[derive(Clone, Debug)]
pub(crate) struct RatingReceipt {
    pub(crate) id: Uuid,
    pub(crate) already_present: bool,
    pub(crate) standing: RatingStanding,
}

/// Takes ratings in groups.
pub(crate) struct Submitter {
    store: Store,
    time_zone: Arc<TimeZone>,
    reactions: Reactions,
}

impl Submitter {
    /// `time_zone`: the organisation's, in which days begin.
    pub(crate) fn new(store: Store, time_zone: TimeZone, reactions: Reactions) -> Self {
        Self { store, time_zone: Arc::new(time_zone), reactions }
    }
}

impl WriteGroup for Submitter {
    type Item = NewRating;
    type Answer = RatingReceipt;

    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        entries: &'t [NewRating],
    ) -> BoxFuture<'t, Result<Vec<Result<RatingReceipt>>, Abort>> {
        Box::pin(async move {
            let now = lock(tx, &self.store).await?;
            submit(tx, (&self.store, self.reactions), (&self.time_zone, now), entries).await
        })
    }
}

/// Takes ratings in an open transaction that holds the lock of the ratings since `now`; each is judged on its own.
pub(crate) async fn submit(
    tx: &Tx,
    (store, reactions): (&Store, Reactions),
    (time_zone, now): (&TimeZone, Micros),
    entries: &[NewRating],
) -> Result<Vec<Result<RatingReceipt>>, Abort> {
    let mut present = present_among(tx, entries).await?;
    let known = Referred::of(tx, entries).await?;
    let mut rated = rated_among(tx, entries).await?;
    let mut answers = Vec::with_capacity(entries.len());
    let (mut rows, mut changes, mut low) = (Vec::new(), Changes::default(), Vec::new());
    for entry in entries {
        if let Some((body_hash, receipt)) = present.get(&entry.request_key) {
            answers.push(match *body_hash == entry.body_hash {
                true => Ok(receipt.clone()),
                false => Err(Error::RequestIdReused),
            });
            continue;
        }
        let taken = known.judge(entry, time_zone, now).and_then(|rating| {
            let whom = (rating.interaction_id, rating.rated.as_ref().map(|one| one.staff_id.clone()));
            if rated.insert(whom) { Ok(rating) } else { Err(Error::AlreadyRated) }
        });
        answers.push(taken.map(|rating| {
            rows.push(to_row(&rating, entry.request_key, entry.body_hash));
            changes.add(&rating);
            low.extend(known.template(entry).and_then(|template| Low::of(&rating, template)));
            let receipt = RatingReceipt { id: rating.id, already_present: false, standing: rating.standing };
            // The same request twice in one group is one.
            let again = RatingReceipt { already_present: true, ..receipt.clone() };
            present.insert(entry.request_key, (entry.body_hash, again));
            receipt
        }));
    }
    bulk::insert(tx, rows, RATING).await?;
    counters::apply(tx, changes).await?;
    (reactions.low)(tx, store, low).await?;
    Ok(answers)
}

/// What the ratings of a group refer to.
struct Referred {
    served: HashMap<Uuid, Served>,
    templates: HashMap<(String, i32), Template>,
}

impl Referred {
    async fn of(tx: &Tx, entries: &[NewRating]) -> Result<Self, DbErr> {
        let interactions: Vec<Uuid> = entries.iter().map(|entry| entry.told.interaction_id).collect();
        let named = |entry: &NewRating| (entry.told.template_id.clone(), entry.told.template_version);
        let named: HashSet<_> = entries.iter().map(named).collect();
        Ok(Self {
            served: interaction::store::served(tx, &interactions).await?,
            templates: template::store::templates_among(tx, &Vec::from_iter(named)).await?,
        })
    }

    fn template(&self, entry: &NewRating) -> Option<&Template> {
        self.templates.get(&(entry.told.template_id.clone(), entry.told.template_version))
    }

    fn judge(&self, entry: &NewRating, zone: &TimeZone, now: i64) -> Result<Rating> {
        let told = &entry.told;
        let served = self.served.get(&told.interaction_id).ok_or_else(|| {
            let rule = "must be an interaction on record";
            Error::invalid("rating.interaction_id", Reason::UnknownInteraction, rule)
        })?;
        let template = self.template(entry).ok_or_else(|| {
            let rule = "must be a published template, and template_version one of its versions";
            Error::invalid("rating.template_id", Reason::UnknownTemplate, rule)
        })?;
        // Nobody rates themselves.
        if entry.by.as_ref().is_some_and(|by| served.participants.iter().any(|one| one.staff_id == *by)) {
            return Err(Error::InterestedParty);
        }
        judge(told, template, served, zone, now)
    }
}

/// Who holds the request keys of these entries: body and receipt.
async fn present_among(tx: &Tx, entries: &[NewRating]) -> Result<HashMap<Uuid, (Uuid, RatingReceipt)>, DbErr> {
    use rating::Column;
    let keys = set::one_of_ids(tx.get_database_backend(), entries.iter().map(|entry| entry.request_key));
    let query = rating::Entity::find().filter(Column::RequestKey.in_subquery(keys)).select_only();
    let query = query.columns([Column::RequestKey, Column::BodyHash, Column::Id, Column::Standing]);
    let mut present = HashMap::new();
    for (key, body_hash, id, Stored(standing)) in query.into_tuple::<(Uuid, Uuid, Uuid, _)>().all(tx).await? {
        present.insert(key, (body_hash, RatingReceipt { id, already_present: true, standing }));
    }
    Ok(present)
}

/// Which of these interactions are rated already, and whom the rating rates.
async fn rated_among(
    connection: &impl ConnectionTrait,
    entries: &[NewRating],
) -> Result<HashSet<(Uuid, Option<String>)>, DbErr> {
    use rating::Column;
    let backend = connection.get_database_backend();
    let interactions = set::one_of_ids(backend, entries.iter().map(|entry| entry.told.interaction_id));
    let query = rating::Entity::find()
        .filter(Column::InteractionId.in_subquery(interactions))
        .filter(Column::Standing.ne(Stored(RatingStanding::Superseded)))
        .select_only()
        .columns([Column::InteractionId, Column::RatedStaffId]);
    Ok(query.into_tuple().all(connection).await?.into_iter().collect())
}
