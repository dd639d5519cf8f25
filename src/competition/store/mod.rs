//! Competitions in the database. Whatever changes one locks its row first; a ballot shares that lock with other ballots, so that
//! closing waits for those under way and none comes after.

pub(super) mod announce;
pub(super) mod ballots;
pub(super) mod closing;
pub(super) mod counted;
pub(super) mod erasure;
mod extending;
pub(super) mod flags;
pub(super) mod opening;
pub(super) mod plans;
pub(super) mod reminders;
pub(super) mod results;
pub(super) mod revising;
mod rows;

use std::collections::BTreeSet;

use rapport_vote::{
    chain::{Body, Link},
    draw::Hash,
    record::{FORMAT, Record, Revision},
};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use super::{
    entity::{ballot, ballot_request, change, competition, conflict, entry, invitee, revision, voter},
    secrets::{self, BallotSeal, Purpose},
    terms::{Competition, Enrolled, Plan},
};
use crate::{
    api::v1::{CompetitionState, Role},
    clock::Micros,
    error::{Error, Result},
    store::{
        Abort, Store, Stored, Tx,
        sequence::{self, COMPETITIONS},
    },
    vault::{SealKey, Vault},
};

/// Who acts: subject and role of the token.
pub(super) type Actor = (String, Role);

/// A competition with its row, which holds its secrets.
pub(super) struct Locked {
    pub(super) competition: Competition,
    row: competition::Model,
}

impl Locked {
    /// Opens one of its secrets; none if it has none any more.
    pub(super) fn secret(&self, vault: &Vault, purpose: Purpose) -> Result<Option<Hash>> {
        let sealed = match purpose {
            Purpose::Secret => Some(&self.row.sealed_secret),
            Purpose::BallotKey => self.row.sealed_ballot_key.as_ref(),
            Purpose::RollSalt => self.row.sealed_roll_salt.as_ref(),
            Purpose::CountedBallots => None,
        };
        let open = |sealed: &Vec<u8>| secrets::open(vault, &self.row.key_id, self.row.id, purpose, sealed);
        sealed.map(open).transpose()
    }

    /// The seal of its ballots, from the opening to the close.
    pub(super) fn ballot_seal(&self, vault: &Vault) -> Result<Option<BallotSeal>> {
        let key = self.secret(vault, Purpose::BallotKey)?.map(|key| SealKey::from_bytes(&key)).transpose()?;
        Ok(key.map(|key| BallotSeal::new(self.row.id, key, self.row.hides_voters != 0)))
    }

    /// Of the master key under which its secrets are sealed.
    pub(super) fn key_id(&self) -> &str {
        &self.row.key_id
    }

    /// The text whose hash was published; from the opening on.
    pub(super) fn manifest(&self) -> Option<&str> {
        self.row.manifest.as_deref()
    }

    /// The public number, from the opening on.
    pub(super) fn public_draw(&self) -> &str {
        &self.row.public_draw
    }
}

/// Reads and locks a competition, then the database's time.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) async fn lock(tx: &Tx, store: &Store, id: Uuid) -> Result<(Locked, Micros), Abort> {
    let row = competition::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    let locked = locked(row.ok_or(Error::NotFound("competition"))?)?;
    Ok((locked, store.now(tx).await?))
}

/// The same, beside others who do so.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) async fn lock_shared(tx: &Tx, store: &Store, id: Uuid) -> Result<(Locked, Micros), Abort> {
    let row = competition::Entity::find_by_id(id).lock_shared().one(tx).await?;
    let locked = locked(row.ok_or(Error::NotFound("competition"))?)?;
    Ok((locked, store.now(tx).await?))
}

fn locked(row: competition::Model) -> Result<Locked> {
    Ok(Locked { competition: rows::competition(&row)?, row })
}

/// A competition, without a lock.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Locked>> {
    competition::Entity::find_by_id(id).one(connection).await?.map(locked).transpose()
}

/// A page of competitions before `before`, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Competition>> {
    let mut query = competition::Entity::find().order_by_desc(competition::Column::Id).limit(limit);
    if let Some(before) = before {
        query = query.filter(competition::Column::Id.lt(before));
    }
    query.all(connection).await?.iter().map(rows::competition).collect()
}

/// The entries that take part, in order of id.
pub(super) async fn plans_of(connection: &impl ConnectionTrait, competition: Uuid) -> Result<Vec<Plan>> {
    let query = entry::Entity::find()
        .filter(entry::Column::CompetitionId.eq(competition))
        .filter(entry::Column::WithdrawnAt.is_null())
        .order_by_asc(entry::Column::Id);
    query.all(connection).await?.into_iter().map(rows::plan).collect()
}

/// One entry, withdrawn or not taken into account.
pub(super) async fn find_plan(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Plan>> {
    let query = entry::Entity::find_by_id(id).filter(entry::Column::WithdrawnAt.is_null());
    query.one(connection).await?.map(rows::plan).transpose()
}

/// A voter of the roll by who they are.
pub(super) async fn enrolled(
    connection: &impl ConnectionTrait,
    competition: Uuid,
    voter_id: &str,
) -> Result<Option<Enrolled>> {
    let query = voter::Entity::find()
        .filter(voter::Column::CompetitionId.eq(competition))
        .filter(voter::Column::VoterId.eq(voter_id))
        .filter(voter::Column::Invited.eq(0));
    query.one(connection).await?.map(rows::enrolled).transpose()
}

/// An invited judge of the roll by their token.
pub(super) async fn invited(
    connection: &impl ConnectionTrait,
    competition: Uuid,
    token_hash: &str,
) -> Result<Option<Enrolled>> {
    let query = voter::Entity::find()
        .filter(voter::Column::CompetitionId.eq(competition))
        .filter(voter::Column::TokenHash.eq(token_hash));
    query.one(connection).await?.map(rows::enrolled).transpose()
}

/// The links of a competition's chain, from the first.
pub(super) async fn links(connection: &impl ConnectionTrait, competition: Uuid) -> Result<Vec<revision::Model>, DbErr> {
    let query = revision::Entity::find().filter(revision::Column::CompetitionId.eq(competition));
    query.order_by_asc(revision::Column::Number).all(connection).await
}

/// The record of a competition, without manifest and without what only auditors read.
pub(super) async fn record(connection: &impl ConnectionTrait, vault: &Vault, competition: Uuid) -> Result<Record> {
    let links = links(connection, competition).await?.into_iter();
    let revisions: Vec<Revision> =
        links.map(|link| Revision::new(link.number, link.body, &link.hash, link.key_id, &link.signature)).collect();
    Ok(Record {
        format: FORMAT.to_owned(),
        competition: competition.to_string(),
        keys: Record::keys_of(&revisions, vault.public_keys()),
        manifest: None,
        revisions,
        auditor: None,
    })
}

/// Teams that lost their places.
pub(super) async fn disqualified(connection: &impl ConnectionTrait, competition: Uuid) -> Result<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    for link in links(connection, competition).await? {
        match serde_json::from_str::<Body>(&link.body).map_err(Error::internal)? {
            Body::Disqualified { teams, .. } => out.extend(teams),
            Body::Opened { .. }
            | Body::Extended { .. }
            | Body::Closed { .. }
            | Body::Accepted { .. }
            | Body::Final { .. } => {}
        }
    }
    Ok(out)
}

/// Adds a signed link to the chain of a locked competition.
async fn add_link(tx: &Tx, vault: &Vault, competition: Uuid, body: &Body) -> Result<(), Abort> {
    let query = revision::Entity::find().filter(revision::Column::CompetitionId.eq(competition));
    let last = query.order_by_desc(revision::Column::Number).one(tx).await?;
    let hash = |link: revision::Model| {
        let hash = Hash::try_from(link.hash).map_err(|_| Error::internal("a hash of another length"))?;
        Ok::<_, Error>((link.number, hash))
    };
    let link = Link::after(last.map(hash).transpose()?, body).map_err(Error::internal)?;
    let signature = vault.sign(link.signed_text(&competition.to_string()).as_bytes())?;
    let row = revision::ActiveModel {
        competition_id: Set(competition),
        number: Set(link.number),
        body: Set(link.body),
        hash: Set(link.hash.to_vec()),
        key_id: Set(signature.key_id),
        signature: Set(signature.bytes),
    };
    revision::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Tells watchers what a locked competition has become.
async fn announce_change(
    tx: &Tx,
    store: &Store,
    id: Uuid,
    state: CompetitionState,
    result_revision: i32,
    now: Micros,
) -> Result<(), Abort> {
    let (sequence, _) = sequence::take(tx, store.clock(), COMPETITIONS, 1).await?;
    let row = change::ActiveModel {
        sequence: Set(sequence),
        competition_id: Set(id),
        state: Set(Stored(state)),
        result_revision: Set(result_revision),
        changed_at: Set(now),
    };
    change::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Removes all ballots, drafts and remembered requests of a competition, counted or not.
async fn destroy_ballots(tx: &Tx, competition: Uuid) -> Result<(), DbErr> {
    ballot::Entity::delete_many().filter(ballot::Column::CompetitionId.eq(competition)).exec(tx).await?;
    ballot_request::Entity::delete_many()
        .filter(ballot_request::Column::CompetitionId.eq(competition))
        .exec(tx)
        .await?;
    Ok(())
}

/// Teams that a colleague must not judge, by colleague.
async fn conflicts(tx: &Tx, competition: Uuid) -> Result<Vec<(String, String)>, DbErr> {
    let query = conflict::Entity::find().filter(conflict::Column::CompetitionId.eq(competition));
    Ok(query.all(tx).await?.into_iter().map(|row| (row.staff_id, row.team_id)).collect())
}

async fn invitees(tx: &Tx, competition: Uuid) -> Result<Vec<invitee::Model>, DbErr> {
    invitee::Entity::find().filter(invitee::Column::CompetitionId.eq(competition)).all(tx).await
}

/// A set of texts as it stands in a column.
fn texts(column: &str) -> Result<BTreeSet<String>> {
    serde_json::from_str(column).map_err(Error::internal)
}
