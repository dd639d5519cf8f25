//! Opening the vote: the roll as it is now, the manifest, and the deal.
//!
//! To deal takes time, which nobody else's writes must wait for: it is done between two transactions, of which the second one
//! keeps the deal only if all it follows from is as the first one found it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rapport_vote::{
    chain::Body,
    dealing::{Deal, Directions, Seat, too_large},
    draw::{Hash, Seed, sha256},
    hex::hex,
    manifest::{FORMAT, Manifest, ManifestEntry, RollVoter, roll_hash},
};
use sea_orm::{ActiveValue::Set, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};

use super::{
    super::{
        entity::{competition, invitee, voter},
        secrets::{self, Purpose, new_secret, pseudonym},
        terms::{Competition, Plan},
    },
    Actor, Locked, add_link, announce_change, conflicts, invitees, lock, plans_of,
};
use crate::{
    api::{
        convert::timestamp,
        v1::{AuditAction, CompetitionState, NoBallotReason, StaffRole, StaffState},
    },
    audit,
    clock::Micros,
    directory::store::{StaffQuery, find_staff, list_staff},
    error::{Error, Result},
    offload,
    reach::Scope,
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
    },
    vault::{SealKey, Vault},
};

/// What the organiser is told.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Opened {
    pub(crate) voters: usize,
    pub(crate) judge_teams: usize,
    /// Voter and number of the reason.
    pub(crate) no_ballots: Vec<(String, i32)>,
    /// That must vote for every entry to be judged by enough of them, whichever they are; none: however many vote, one is not.
    #[serde(default)]
    pub(crate) judge_teams_needed: Option<usize>,
    /// Entries that compete.
    #[serde(default)]
    pub(crate) entries: usize,
    /// Judge teams that do not.
    #[serde(default)]
    pub(crate) neutral_teams: usize,
}

/// A voter on the way to the roll.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    id: String,
    team: Option<String>,
    conflicts: BTreeSet<String>,
    /// Of an invited judge.
    token_hash: Option<String>,
}

/// All that a deal follows from, as it stands in the database.
#[derive(Debug, PartialEq)]
struct Basis {
    revision: i64,
    entries: Vec<ManifestEntry>,
    candidates: Vec<Candidate>,
    before: Option<Before>,
}

/// The newest competition before this one.
#[derive(Debug, PartialEq)]
struct Before {
    manifest: Manifest,
    roll: Vec<RollVoter>,
    seed: Seed,
}

/// A vote that is dealt and not open yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    basis: Basis,
    salt: Hash,
    opened_at: Micros,
    manifest: String,
    manifest_hash: Hash,
    rows: Vec<voter::Model>,
    opened: Opened,
}

/// Deals a vote: with what is there now, and without keeping anybody from writing meanwhile.
///
/// # Errors
/// As [`open`].
pub(crate) async fn prepare((store, vault): (&Store, &Vault), id: Uuid, public_draw: &str) -> Result<Arc<Prepared>> {
    let (work, by, draw) = (store.clone(), vault.clone(), public_draw.to_owned());
    let looked = store.transact(move |tx| {
        let (store, vault, draw) = (work.clone(), by.clone(), draw.clone());
        Box::pin(async move {
            let (locked, now) = lock(tx, &store, id).await?;
            let basis = look(tx, &vault, (&locked, now), &draw).await?;
            let secret = locked.secret(&vault, Purpose::Secret)?.ok_or_else(|| Error::internal("no secret"))?;
            Ok((locked.competition, basis, secret, now))
        })
    });
    let (competition, basis, secret, now) = looked.await?;
    let draw = public_draw.to_owned();
    let dealing = offload::run(move || prepared(&competition, basis, &secret, now, &draw));
    Ok(Arc::new(dealing.await??))
}

/// What a deal follows from, if the vote can open.
async fn look(tx: &Tx, vault: &Vault, (locked, now): (&Locked, Micros), public_draw: &str) -> Result<Basis, Abort> {
    let competition = &locked.competition;
    if competition.state != CompetitionState::Submitting {
        return Err(Error::VotingOpened.into());
    }
    let plans = plans_of(tx, competition.id).await?;
    let candidates = candidates(tx, competition, &plans).await?;
    check(competition, &plans, candidates.len(), public_draw, now)?;
    Ok(Basis {
        revision: competition.revision,
        entries: plans.iter().map(manifest_entry).collect::<Result<_>>()?,
        candidates,
        before: before(tx, vault, competition.id).await?,
    })
}

fn prepared(
    competition: &Competition,
    basis: Basis,
    secret: &Hash,
    now: Micros,
    public_draw: &str,
) -> Result<Prepared> {
    let id = competition.id;
    let salt = new_secret();
    let roll: BTreeMap<String, &Candidate> =
        basis.candidates.iter().map(|one| (pseudonym(&salt, &key_of(one)), one)).collect();
    let on_record: Vec<RollVoter> = roll
        .iter()
        .map(|(pseudonym, one)| RollVoter {
            pseudonym: pseudonym.clone(),
            team: one.team.clone(),
            conflicts: one.conflicts.clone(),
        })
        .collect();
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        competition: id.to_string(),
        title: competition.announced.title.clone(),
        rules: competition.announced.rules.clone(),
        voting_deadline: competition.announced.voting_deadline,
        opened_at: now,
        entries: basis.entries.clone(),
        roll_hash: roll_hash(&on_record).map_err(Error::internal)?,
        voters: roll.len(),
        seed_commitment: hex(&competition.seed_commitment),
        earlier_directions: earlier_directions(basis.before.as_ref())?,
    };
    let (manifest_text, manifest_hash) = manifest.write().map_err(Error::internal)?;
    let dealt = dealt(&manifest, &on_record, &Seed::of(secret, &manifest_hash, public_draw))?;

    let mut no_ballots = Vec::new();
    let mut rows = Vec::with_capacity(roll.len());
    for (pseudonym, one) in roll {
        let (judge, panel, no_ballot) = match dealt.seats.get(&pseudonym) {
            Some(Seat::Panel { judge, panel }) => (Some(judge.clone()), panel.as_slice(), NoBallotReason::Unspecified),
            Some(Seat::NothingToJudge) => (None, &[][..], NoBallotReason::NothingToJudge),
            Some(Seat::NoPool) | None => (None, &[][..], NoBallotReason::NoPool),
        };
        if no_ballot != NoBallotReason::Unspecified {
            no_ballots.push((one.id.clone(), no_ballot.into()));
        }
        rows.push(voter::Model {
            competition_id: id,
            pseudonym,
            voter_id: Some(one.id.clone()),
            invited: i16::from(one.token_hash.is_some()),
            token_hash: one.token_hash.clone(),
            team_id: one.team.clone(),
            conflicts: serde_json::to_string(&one.conflicts).map_err(Error::internal)?,
            judge,
            no_ballot: Stored(no_ballot),
            panel: serde_json::to_string(panel).map_err(Error::internal)?,
        });
    }
    let judges = dealt.judges();
    let competing: BTreeSet<&String> = basis.entries.iter().map(|entry| &entry.team).collect();
    let opened = Opened {
        voters: rows.len(),
        judge_teams: judges.len(),
        no_ballots,
        judge_teams_needed: dealt.judges_needed(&manifest.competing()),
        entries: basis.entries.len(),
        neutral_teams: judges.iter().filter(|judge| !competing.iter().any(|team| team.as_str() == **judge)).count(),
    };
    Ok(Prepared { basis, salt, opened_at: now, manifest: manifest_text, manifest_hash, rows, opened })
}

/// Freezes what was announced and submitted, as it was dealt.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VotingOpened`], [`Error::CannotOpen`] with everything that is missing;
/// [`Error::EtagMismatch`] where something that the deal follows from has changed since.
pub(crate) async fn open(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    actor: &Actor,
    id: Uuid,
    (public_draw, prepared): (&str, &Prepared),
) -> Result<Opened, Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    if look(tx, vault, (&locked, now), public_draw).await? != prepared.basis {
        return Err(Error::EtagMismatch.into());
    }
    let Prepared { salt, opened_at, manifest, manifest_hash, rows, opened, .. } = prepared;
    let opened_at = *opened_at;
    bulk::insert::<voter::Entity>(tx, rows.clone(), Present::Never).await?;
    let ballot_key = SealKey::random();
    let seal = |purpose, secret: &[u8]| secrets::seal(vault, &locked.row.key_id, id, purpose, secret);
    let row = competition::ActiveModel {
        id: Set(id),
        state: Set(Stored(CompetitionState::Voting)),
        revision: Set(locked.competition.revision + 1),
        sealed_ballot_key: Set(Some(seal(Purpose::BallotKey, ballot_key.as_bytes())?)),
        sealed_roll_salt: Set(Some(seal(Purpose::RollSalt, salt)?)),
        public_draw: Set(public_draw.to_owned()),
        manifest: Set(Some(manifest.clone())),
        manifest_hash: Set(Some(manifest_hash.to_vec())),
        opened_at: Set(Some(opened_at)),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    invitee::Entity::delete_many().filter(invitee::Column::CompetitionId.eq(id)).exec(tx).await?;
    let body = Body::Opened { opened_at, manifest_hash: hex(manifest_hash), public_draw: public_draw.to_owned() };
    add_link(tx, vault, id, &body).await?;
    announce_change(tx, store, id, CompetitionState::Voting, 0, opened_at).await?;
    let actor = (actor.0.as_str(), actor.1);
    audit::add(tx, now, actor, AuditAction::VotingOpened, &id.to_string(), "", None).await?;
    Ok(opened.clone())
}

/// The deal that follows from a manifest, its roll and the seed.
///
/// # Errors
/// [`Error::CannotOpen`].
fn dealt(manifest: &Manifest, roll: &[RollVoter], seed: &Seed) -> Result<Deal> {
    manifest.deal(roll, seed).map_err(|refusals| Error::CannotOpen(refusals.iter().map(ToString::to_string).collect()))
}

/// Invited judges and colleagues may have the same id.
fn key_of(candidate: &Candidate) -> String {
    match &candidate.token_hash {
        Some(_) => format!("invited {}", candidate.id),
        None => format!("staff {}", candidate.id),
    }
}

fn check(competition: &Competition, plans: &[Plan], voters: usize, public_draw: &str, now: Micros) -> Result<()> {
    let too_large = too_large(competition.announced.rules.form, plans.len(), voters);
    let mut missing: Vec<String> = too_large.iter().map(ToString::to_string).collect();
    if now < competition.announced.submission_deadline {
        let until = timestamp(competition.announced.submission_deadline);
        missing.push(format!(
            "entries are taken until {until}, as announced; to open sooner, announce another submission deadline"
        ));
    }
    if now >= competition.announced.voting_deadline {
        missing.push("the voting deadline has passed".to_owned());
    }
    let rules = &competition.announced.rules;
    if !rules.public_draw_source.is_empty() && public_draw.is_empty() {
        missing.push("the public draw that the rules name is not told".to_owned());
    }
    let competing = plans.iter().map(|plan| &plan.team_id).filter(|team| rules.neutral_teams.contains(*team));
    missing.extend(competing.map(|team| format!("team {team} competes and cannot judge as a neutral one")));
    if missing.is_empty() { Ok(()) } else { Err(Error::CannotOpen(missing)) }
}

/// Active colleagues of competing and neutral teams, those added, and invited judges; nobody excluded, no bot.
async fn candidates(tx: &Tx, competition: &Competition, plans: &[Plan]) -> Result<Vec<Candidate>, Abort> {
    let rules = &competition.announced.rules;
    let mut of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (staff_id, team_id) in conflicts(tx, competition.id).await? {
        of.entry(staff_id).or_default().insert(team_id);
    }
    let teams: BTreeSet<&String> = plans.iter().map(|plan| &plan.team_id).chain(&rules.neutral_teams).collect();
    let mut people = BTreeMap::new();
    for team in &teams {
        let wanted =
            StaffQuery { team_id: Some((*team).clone()), state: Some(StaffState::Active), ..Default::default() };
        for person in list_staff(tx, &Scope::All, wanted, None, i64::MAX.unsigned_abs()).await? {
            people.insert(person.id.clone(), (person, Some((*team).clone())));
        }
    }
    for id in &rules.additional_voters {
        if let Some(person) = find_staff(tx, id).await?
            && person.state == StaffState::Active
        {
            // Members of a judging team judge there already.
            people.entry(id.clone()).or_insert((person, None));
        }
    }
    let voters =
        people.into_iter().filter(|(id, (person, _))| person.role != StaffRole::Bot && !rules.excluded.contains(id));
    let staff = voters.map(|(id, (_, team))| Candidate {
        conflicts: of.remove(&id).unwrap_or_default(),
        id,
        team,
        token_hash: None,
    });
    let mut candidates: Vec<Candidate> = staff.collect();
    let invited = invitees(tx, competition.id).await?.into_iter().map(|row| Candidate {
        id: row.judge_id,
        team: Some(row.team_id),
        conflicts: BTreeSet::new(),
        token_hash: Some(row.token_hash),
    });
    candidates.extend(invited);
    // In an order of its own, so that the same candidates are the same basis.
    candidates.sort_by_cached_key(key_of);
    Ok(candidates)
}

fn manifest_entry(plan: &Plan) -> Result<ManifestEntry> {
    let text = serde_json::to_vec(&(&plan.text.title, &plan.text.what, &plan.text.why, &plan.text.cases));
    let text_hash = hex(&sha256(&text.map_err(Error::internal)?));
    Ok(ManifestEntry { id: plan.id.to_string(), team: plan.team_id.clone(), text_hash })
}

/// The newest competition before this one whose deal can be told, if there was one.
async fn before(tx: &Tx, vault: &Vault, id: Uuid) -> Result<Option<Before>, Abort> {
    let before = competition::Entity::find()
        .filter(competition::Column::Id.lt(id))
        .filter(competition::Column::State.is_in([Stored(CompetitionState::Closed), Stored(CompetitionState::Final)]))
        .order_by_desc(competition::Column::Id)
        .limit(1)
        .one(tx)
        .await?;
    let Some(row) = before else { return Ok(None) };
    let locked = super::locked(row)?;
    let (Some(manifest), Some(secret)) = (locked.manifest(), locked.secret(vault, Purpose::Secret)?) else {
        return Ok(None);
    };
    let manifest: Manifest = serde_json::from_str(manifest).map_err(Error::internal)?;
    let roll = roll_of(tx, locked.competition.id).await?;
    Ok(Some(Before { manifest, roll, seed: seed_of(&locked, &secret)? }))
}

/// Who judged whom in it, if it was one-way.
fn earlier_directions(before: Option<&Before>) -> Result<Directions> {
    let Some(Before { manifest, roll, seed }) = before else { return Ok(Directions::new()) };
    let deal = dealt(manifest, roll, seed)?;
    Ok(if deal.one_way { deal.directions } else { Directions::new() })
}

/// From which a competition's chance was drawn.
pub(crate) fn seed_of(locked: &Locked, secret: &Hash) -> Result<Seed> {
    let hash = locked.competition.manifest_hash.as_deref().and_then(|hash| Hash::try_from(hash).ok());
    let hash = hash.ok_or_else(|| Error::internal("a competition without a manifest"))?;
    Ok(Seed::of(secret, &hash, locked.public_draw()))
}

/// The roll under pseudonyms, in their order.
pub(crate) async fn roll_of(connection: &impl sea_orm::ConnectionTrait, competition: Uuid) -> Result<Vec<RollVoter>> {
    let query = voter::Entity::find()
        .filter(voter::Column::CompetitionId.eq(competition))
        .order_by_asc(voter::Column::Pseudonym);
    let voter = |row: voter::Model| {
        Ok(RollVoter { conflicts: super::texts(&row.conflicts)?, pseudonym: row.pseudonym, team: row.team_id })
    };
    query.all(connection).await?.into_iter().map(voter).collect()
}
