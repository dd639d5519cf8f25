//! Recording in groups.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use sea_orm::{
    ConnectionTrait, DbErr, IntoActiveModel as _, Iterable as _, QuerySelect as _, TryIntoModel as _,
    entity::prelude::*,
};

use super::{
    entity::{about, change, interaction, participant},
    rows::{INTERACTION, Origin, about_rows, change_row, interaction_row, participant_rows, to_recorded},
};
use crate::{
    api::v1::InteractionChangeKind,
    classification::Classified as _,
    clock,
    clock::Micros,
    contact::{self, Attempt, store::Contact},
    directory::{
        Party,
        store::{KnownIds, Named, known_among},
        tombstone::{self, Name},
    },
    error::{Error, Reason, Result, Violation},
    interaction::{
        Facts, Participant, Reactions, credit,
        reactions::{Complaint, Ended, Fresh},
    },
    reach::Scope,
    store::{
        Abort, Store, Tx,
        bulk::{self, Present},
        group::WriteGroup,
        sequence, set,
    },
    vault::Vault,
};

/// An interaction on its way to the record.
#[derive(Clone, Debug)]
pub(crate) struct NewInteraction {
    /// From whose request id, and which.
    pub(crate) request_key: Uuid,
    pub(crate) body_hash: Uuid,
    pub(crate) facts: Facts,
    /// Subject of the token.
    pub(crate) recorded_by: String,
    pub(crate) scope: Arc<Scope>,
}

impl NewInteraction {
    fn origin(&self, receipt: &RecordReceipt, given_customer_id: Option<String>) -> Origin {
        Origin {
            id: receipt.id,
            request_key: self.request_key,
            body_hash: self.body_hash,
            given_customer_id,
            recorded_at: receipt.recorded_at,
            recorded_by: self.recorded_by.clone(),
            revision: receipt.revision,
        }
    }
}

/// What became of an [`NewInteraction`].
#[derive(Clone, Debug)]
pub(crate) struct RecordReceipt {
    pub(crate) id: Uuid,
    pub(crate) already_present: bool,
    pub(crate) recorded_at: Micros,
    pub(crate) revision: i64,
}

/// Records interactions in groups.
pub(crate) struct Recorder {
    store: Store,
    time_zone: TimeZone,
    vault: Vault,
    reactions: Reactions,
}

impl Recorder {
    /// `time_zone`: the organisation's, for the quiet hours of customers whose own is not known; `vault` recognises
    /// customers who were erased.
    pub(crate) fn new(store: Store, time_zone: TimeZone, vault: Vault, reactions: Reactions) -> Self {
        Self { store, time_zone, vault, reactions }
    }
}

impl WriteGroup for Recorder {
    type Item = NewInteraction;
    type Answer = RecordReceipt;

    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        entries: &'t [NewInteraction],
    ) -> BoxFuture<'t, Result<Vec<Result<RecordReceipt>>, Abort>> {
        Box::pin(async move {
            // The stream's lock comes first: it orders the writers of all servers, so that what another one recorded is
            // either visible to the insert below or comes after it.
            let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
            let (mut sequence, now) = sequence::take(tx, self.store.clock(), sequence::INTERACTIONS, count).await?;
            let known = {
                let conditions = vec![self.reactions.awaits_any, self.reactions.awaits_fresh];
                known_to(tx, entries.iter().map(|entry| &entry.facts), conditions).await?
            };
            let erased = tombstone::among(tx, &self.vault, known.strangers(entries)).await?;
            let mut interactions = Vec::with_capacity(entries.len());
            let drafts: Vec<Result<Draft>> = entries
                .iter()
                .map(|entry| {
                    let receipt =
                        RecordReceipt { id: clock::id_at(now), already_present: false, recorded_at: now, revision: 1 };
                    let told = without_erased(entry, &receipt, &erased)?;
                    let facts = known.complete(&told, &entry.scope)?;
                    let occurred_at = facts.instants.occurred().unwrap_or(now);
                    let participants = participant_rows(receipt.id, &facts, occurred_at).collect();
                    let about = about_rows(receipt.id, &facts).collect();
                    let contact = contact_of(&receipt, &facts);
                    let is_awaited = known.also(0) && (self.reactions.awaits_end)(&facts, now);
                    let ended = is_awaited.then(|| Ended::new(receipt.id, &facts));
                    let complaint = Complaint::of(receipt.id, &facts, now);
                    let fresh = known.also(1).then(|| Fresh { id: receipt.id, occurred_at, facts: facts.clone() });
                    interactions.push(interaction_row(entry.origin(&receipt, told.customer_id.clone()), facts));
                    Ok(Draft { receipt, participants, about, contact, ended, complaint, fresh })
                })
                .collect();

            // Nearly always all of them are new, so that nobody needs to ask: the unique request key tells.
            let all_new = bulk::insert(tx, interactions, INTERACTION).await? == entries.len() as u64;
            let holders = if all_new { HashMap::new() } else { present_among(tx, entries).await? };
            let mut answers = Vec::with_capacity(entries.len());
            let (mut participants, mut changes, mut contacts) = (Vec::new(), Vec::new(), Vec::new());
            let (mut about, mut ended) = (Vec::new(), Vec::new());
            let (mut complaints, mut fresh) = (Vec::new(), Vec::new());
            for (entry, draft) in entries.iter().zip(drafts) {
                answers.push(match (holders.get(&entry.request_key), draft) {
                    (Some((body_hash, holder)), _) if *body_hash != entry.body_hash => {
                        Err(Error::RecordedOtherwise(holder.id))
                    }
                    (Some((_, holder)), draft) if !draft.as_ref().is_ok_and(|draft| draft.receipt.id == holder.id) => {
                        Ok(holder.clone())
                    }
                    (_, Err(error)) => Err(error),
                    (_, Ok(draft)) => {
                        participants.extend(draft.participants);
                        about.extend(draft.about);
                        contacts.extend(draft.contact);
                        ended.extend(draft.ended);
                        complaints.extend(draft.complaint);
                        fresh.extend(draft.fresh);
                        changes.push(change_row(sequence, draft.receipt.id, InteractionChangeKind::Recorded, now));
                        sequence += 1;
                        Ok(draft.receipt)
                    }
                });
            }
            bulk::insert::<participant::Entity>(tx, participants, Present::Never).await?;
            bulk::insert::<about::Entity>(tx, about, Present::Never).await?;
            bulk::insert::<change::Entity>(tx, changes, Present::Never).await?;
            contact::store::record(tx, &self.time_zone, contacts).await?;
            (self.reactions.ended)(tx, (&self.store, &self.time_zone), ended).await?;
            (self.reactions.complained)(tx, &self.store, complaints).await?;
            if !fresh.is_empty() {
                (self.reactions.fresh)(tx, &self.store, (fresh, now)).await?;
            }
            Ok(answers)
        })
    }
}

/// What is recorded of an entry if its request key is new.
struct Draft {
    receipt: RecordReceipt,
    participants: Vec<participant::Model>,
    about: Vec<about::Model>,
    contact: Option<Contact>,
    /// Where somebody wants to know that it is over.
    ended: Option<Ended>,
    complaint: Option<Complaint>,
    /// Where somebody waits for what comes.
    fresh: Option<Fresh>,
}

/// An interaction as a contact of ours, if it is one.
fn contact_of(receipt: &RecordReceipt, facts: &Facts) -> Option<Contact> {
    let purpose = facts.contact_purpose?;
    let alias = facts.customer_alias.as_ref();
    Some(Contact {
        interaction_id: receipt.id,
        party: match &facts.customer_id {
            Some(id) => Some(Party::Customer(id.clone())),
            None => alias.cloned().map(Party::Alias),
        },
        attempt: Attempt {
            purpose,
            channel: facts.channel,
            points: alias.cloned().into_iter().collect(),
            at: facts.instants.contacted().unwrap_or(receipt.recorded_at),
        },
    })
}

/// Who holds the request keys of these entries: body and receipt.
async fn present_among(tx: &Tx, entries: &[NewInteraction]) -> Result<HashMap<Uuid, (Uuid, RecordReceipt)>, DbErr> {
    use interaction::Column;
    let keys = set::one_of_ids(tx.get_database_backend(), entries.iter().map(|entry| entry.request_key));
    let query = interaction::Entity::find().filter(Column::RequestKey.in_subquery(keys)).select_only();
    let query = query.columns([Column::RequestKey, Column::BodyHash, Column::Id, Column::RecordedAt, Column::Revision]);
    let mut present = HashMap::new();
    for (key, body_hash, id, recorded_at, revision) in
        query.into_tuple::<(Uuid, Uuid, Uuid, i64, i64)>().all(tx).await?
    {
        present.insert(key, (body_hash, RecordReceipt { id, already_present: true, recorded_at, revision }));
    }
    Ok(present)
}

async fn known_to<'f>(
    connection: &impl ConnectionTrait,
    told: impl IntoIterator<Item = &'f Facts>,
    also: Vec<&'static str>,
) -> Result<KnownIds, DbErr> {
    let mut named = Named { also, ..Named::default() };
    for facts in told {
        named.staff.extend(facts.participants.iter().map(|one| one.staff_id.clone()));
        named.staff.extend(facts.about_staff_ids.iter().cloned());
        named.teams.extend(facts.participants.iter().filter_map(|one| one.team_id.clone()));
        match (&facts.customer_id, &facts.customer_alias) {
            (Some(id), _) => named.customers.push(id.clone()),
            (None, Some(alias)) => named.aliases.push(alias.value.clone()),
            (None, None) => {}
        }
    }
    known_among(connection, named).await
}

/// What is told of somebody who was erased: what happened, and neither who they were nor their words. Read from the row as the
/// classes of its columns leave it.
fn without_erased<'e>(
    entry: &'e NewInteraction,
    receipt: &RecordReceipt,
    erased: &HashMap<Name, Uuid>,
) -> Result<Cow<'e, Facts>, DbErr> {
    let told = &entry.facts;
    let is_erased = |name| erased.contains_key(&name);
    let by_id = told.customer_id.clone().map(Name::Customer).is_some_and(is_erased);
    if !by_id && !told.customer_alias.clone().map(Name::Alias).is_some_and(is_erased) {
        return Ok(Cow::Borrowed(told));
    }
    let mut row = interaction_row(entry.origin(receipt, None), told.clone()).into_active_model();
    for (column, class) in interaction::Column::iter().zip(interaction::Model::CLASSES) {
        if class.tells_who()
            && let Some(value) = row.get(column).into_value()
        {
            row.try_set(column, value.as_null())?;
        }
    }
    let left = to_recorded(row.try_into_model()?, told.participants.clone(), None, told.about_staff_ids.clone())?;
    Ok(Cow::Owned(Facts { contact_purpose: told.contact_purpose, ..left.facts }))
}

impl KnownIds {
    /// Those whom the directory does not know: they may have been erased.
    fn strangers(&self, entries: &[NewInteraction]) -> Vec<Name> {
        let names = entries.iter().flat_map(|entry| {
            let is_known = |id: &String| self.customers.contains(id) || self.merged.contains_key(id);
            let id = entry.facts.customer_id.clone().filter(|id| !is_known(id)).map(Name::Customer);
            let alias = entry.facts.customer_alias.clone().filter(|alias| !self.aliases.contains_key(alias));
            // Beside a customer who is known, an alias is one of theirs.
            let alias = alias.filter(|_| id.is_some() || entry.facts.customer_id.is_none()).map(Name::Alias);
            [id, alias]
        });
        names.flatten().collect()
    }

    /// The facts with role, team and customer filled in as the directory has them now, if all ids are known and the
    /// caller's reach covers it.
    fn complete(&self, facts: &Facts, scope: &Scope) -> Result<Facts> {
        let mut facts = facts.clone();
        let mut found = Vec::new();
        self.complete_participants(&mut facts.participants, "interaction.participants", &mut found);
        found.extend(self.unknown_about(&facts, "interaction"));
        match &facts.customer_id {
            Some(id) if self.merged.contains_key(id) => facts.customer_id = self.merged.get(id).cloned(),
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
        credit::check_recorded(scope, &facts.participants, "interaction.participants")?;
        Ok(facts)
    }

    /// Whom it is said to be about, and the directory does not know.
    pub(super) fn unknown_about(&self, facts: &Facts, path: &str) -> Vec<Violation> {
        let unknown = facts.about_staff_ids.iter().enumerate().filter(|(_, id)| !self.staff.contains_key(*id));
        let violation = |(index, _)| {
            let rule = "must be a colleague of the directory";
            Violation::new(format!("{path}.about_staff_ids[{index}]"), Reason::UnknownStaff, rule)
        };
        unknown.map(violation).collect()
    }

    pub(super) fn complete_participants(
        &self,
        participants: &mut [Participant],
        path: &str,
        found: &mut Vec<Violation>,
    ) {
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

/// The ids in an interaction that the directory does not know.
pub(crate) async fn unknown_ids(connection: &impl ConnectionTrait, facts: &Facts) -> Result<Vec<Violation>, DbErr> {
    let known = known_to(connection, [facts], Vec::new()).await?;
    Ok(match known.complete(facts, &Scope::All) {
        Err(Error::Invalid(found)) => found,
        Ok(_) | Err(_) => Vec::new(),
    })
}
