//! Ballots: cast, replaced, withdrawn and drafted, in groups.
//!
//! A voter who casts one locks its competition beside others and their own row of the roll, so that their ballot is
//! written by one server at a time. No row says whose it is or when, and what it says is sealed: not even the ids of
//! requests are kept as they came, since callers may number them.

use std::collections::{BTreeMap, HashMap};

use futures::future::BoxFuture;
use rapport_vote::{
    Form,
    ballot::{Fault, check_choices, check_ranking},
    draw::{Hash, sha256},
    hex::hex,
    manifest::Manifest,
};
use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Statement,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Query},
};

use super::{
    super::{
        entity::{ballot, ballot_request, voter},
        secrets::{BallotSeal, DRAFT},
        terms::{Competition, Enrolled},
    },
    Locked, lock, lock_shared, rows,
};
use crate::{
    api::v1::{CompetitionState, NoBallotReason, StaffState},
    clock::Micros,
    directory::entity::staff_member,
    error::{Error, Reason, Result, Violation},
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        group::WriteGroup,
        set,
    },
    vault::Vault,
};

const BALLOT: Present<ballot::Entity> = Present::Replace(&[ballot::Column::CompetitionId, ballot::Column::Slot]);

/// How a voter says who they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A colleague, by their id.
    Staff(String),
    /// An invited judge, by the hash of their token.
    Invited(String),
}

/// What a voter does.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) competition: Uuid,
    pub(crate) who: Who,
    pub(crate) deed: Command,
}

/// See [`Act`]. `revision` is that of the ballot that the voter knows, 0 before the first.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Draft { named: Vec<Uuid> },
    Cast { request_id: String, named: Vec<Uuid>, revision: i64 },
    Withdraw { request_id: String, revision: i64 },
}

impl Command {
    fn request_id(&self) -> Option<&str> {
        match self {
            Self::Draft { .. } => None,
            Self::Cast { request_id, .. } | Self::Withdraw { request_id, .. } => Some(request_id),
        }
    }

    /// All that a retry must repeat.
    fn body(&self) -> Vec<u8> {
        let (kind, named, revision) = match self {
            Self::Draft { named } => (0, named.as_slice(), DRAFT),
            Self::Cast { named, revision, .. } => (1, named.as_slice(), *revision),
            Self::Withdraw { revision, .. } => (2, [].as_slice(), *revision),
        };
        let named = named.iter().flat_map(|entry| *entry.as_bytes());
        [kind].into_iter().chain(revision.to_be_bytes()).chain(named).collect()
    }
}

/// What became of an [`Act`].
#[derive(Clone, Debug)]
pub(crate) enum Done {
    Drafted,
    Recorded(CastReceipt),
    /// Nothing: under its swap rule it must be done alone, see [`act_alone`].
    MustBeAlone,
}

/// That a ballot was recorded, or withdrawn: then without a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CastReceipt {
    pub(crate) revision: i64,
    /// Of the sealed ballot.
    pub(crate) ballot_hash: Hash,
    pub(crate) recorded_at: Micros,
}

impl CastReceipt {
    fn to_bytes(&self) -> Vec<u8> {
        [&self.revision.to_be_bytes()[..], &self.recorded_at.to_be_bytes(), &self.ballot_hash].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let (revision, rest) = bytes.split_first_chunk()?;
            let (recorded_at, hash) = rest.split_first_chunk()?;
            Some(Self {
                revision: i64::from_be_bytes(*revision),
                recorded_at: i64::from_be_bytes(*recorded_at),
                ballot_hash: hash.try_into().ok()?,
            })
        };
        read().ok_or_else(|| Error::internal("a receipt of another length"))
    }
}

/// Takes ballots in groups.
pub(crate) struct BallotBox {
    store: Store,
    vault: Vault,
}

impl BallotBox {
    pub(crate) fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }
}

impl WriteGroup for BallotBox {
    type Item = Act;
    type Answer = Done;

    fn write<'t>(&'t self, tx: &'t Tx, acts: &'t [Act]) -> BoxFuture<'t, Result<Vec<Result<Done>>, Abort>> {
        Box::pin(async move {
            let mut by_competition: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
            for (place, act) in acts.iter().enumerate() {
                by_competition.entry(act.competition).or_default().push(place);
            }
            let mut answers = Vec::with_capacity(acts.len());
            for (competition, places) in by_competition {
                let own: Vec<&Act> = places.iter().map(|place| &acts[*place]).collect();
                let locked = lock_shared(tx, &self.store, competition).await;
                let done = match opened(tx, &self.vault, locked, &own).await {
                    Ok(mut urn) => {
                        let mut done = Vec::with_capacity(own.len());
                        for act in own {
                            done.push(urn.act(tx, act, false).await?);
                        }
                        urn.write(tx).await?;
                        done
                    }
                    // Nothing was written yet: this competition's callers alone are refused.
                    Err(Abort::Domain(error)) => own.iter().map(|_| Err(error.clone())).collect(),
                    Err(abort) => return Err(abort),
                };
                answers.extend(places.into_iter().zip(done));
            }
            answers.sort_unstable_by_key(|(place, _)| *place);
            Ok(answers.into_iter().map(|(_, done)| done).collect())
        })
    }
}

/// Does an act that no other one may come between, under the competition's own lock.
///
/// # Errors
/// As those of a group, and [`Error::MutualVote`].
pub(crate) async fn act_alone(tx: &Tx, (store, vault): (&Store, &Vault), act: &Act) -> Result<Done, Abort> {
    let mut urn = opened(tx, vault, lock(tx, store, act.competition).await, &[act]).await?;
    let done = urn.act(tx, act, true).await??;
    urn.write(tx).await?;
    Ok(done)
}

async fn opened(
    tx: &Tx,
    vault: &Vault,
    locked: Result<(Locked, Micros), Abort>,
    acts: &[&Act],
) -> Result<BallotBatch, Abort> {
    let (locked, now) = locked?;
    let seal = seal_of(&locked, vault)?.ok_or(Error::VotingNotOpen)?;
    let (mut staff, mut invited) = (Vec::new(), Vec::new());
    for act in acts {
        match &act.who {
            Who::Staff(id) => staff.push(id.clone()),
            Who::Invited(hash) => invited.push(hash.clone()),
        }
    }
    let mut voters = HashMap::new();
    for (row, state) in roll_among(tx, locked.competition.id, voter::Column::VoterId, staff).await? {
        if let Some(id) = row.voter_id.clone() {
            voters.insert(Who::Staff(id), (rows::enrolled(row)?, state != StaffState::Inactive));
        }
    }
    for (row, _) in roll_among(tx, locked.competition.id, voter::Column::TokenHash, invited).await? {
        if let Some(hash) = row.token_hash.clone() {
            voters.insert(Who::Invited(hash), (rows::enrolled(row)?, true));
        }
    }
    let mut urn =
        BallotBatch { locked, now, seal, voters, ballots: BTreeMap::new(), requests: HashMap::new(), new: Vec::new() };
    urn.read(tx, acts).await?;
    Ok(urn)
}

/// The seal of a competition's ballots, while it is open.
pub(crate) fn seal_of(locked: &Locked, vault: &Vault) -> Result<Option<BallotSeal>> {
    if locked.competition.state == CompetitionState::Voting { locked.ballot_seal(vault) } else { Ok(None) }
}

/// Voters of the roll whose column is one of these texts, locked in the order of their pseudonyms; with what the directory says
/// of colleagues. Asked for here, for a whole group at once, and not when each is let in.
async fn roll_among(
    tx: &Tx,
    competition: Uuid,
    column: voter::Column,
    texts: Vec<String>,
) -> Result<Vec<(voter::Model, StaffState)>, DbErr> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let state = Query::select()
        .column(staff_member::Column::State)
        .from(staff_member::Entity)
        .and_where(
            Expr::col((staff_member::Entity, staff_member::Column::StaffId))
                .equals((voter::Entity, voter::Column::VoterId)),
        )
        .take();
    let mut query = voter::Entity::find()
        .expr_as(Expr::SubQuery(None, Box::new(state.into())), "staff_state")
        .filter(voter::Column::CompetitionId.eq(competition))
        .filter(column.in_subquery(set::one_of(backend, texts)))
        .order_by_asc(voter::Column::Pseudonym)
        .lock_exclusive();
    if matches!(column, voter::Column::VoterId) {
        // Invited judges and colleagues may have the same id.
        query = query.filter(voter::Column::Invited.eq(0));
    }
    let voter = |row: QueryResult| {
        let state: Option<Stored<StaffState>> = row.try_get("", "staff_state")?;
        Ok((voter::Model::from_query_result(&row, "")?, state.unwrap_or_default().0))
    };
    tx.query_all_raw(query.build(backend)).await?.into_iter().map(voter).collect()
}

/// A ballot as it is kept.
#[derive(Default)]
struct Kept {
    revision: i64,
    sealed: Option<Vec<u8>>,
    draft: Option<Vec<u8>>,
    changed: bool,
}

/// An open competition with the voters of a group and what they cast before.
struct BallotBatch {
    locked: Locked,
    now: Micros,
    seal: BallotSeal,
    /// With whether each is active.
    voters: HashMap<Who, (Enrolled, bool)>,
    /// By slot.
    ballots: BTreeMap<String, Kept>,
    /// MAC of the request and sealed answer, by slot and name of the request.
    requests: HashMap<(String, String), (Vec<u8>, Vec<u8>)>,
    new: Vec<ballot_request::Model>,
}

impl BallotBatch {
    async fn read(&mut self, tx: &Tx, acts: &[&Act]) -> Result<(), Abort> {
        let slots: Vec<String> = self.voters.values().map(|(voter, _)| self.slot(voter)).collect();
        if slots.is_empty() {
            return Ok(());
        }
        let named = |act: &&Act| {
            let (voter, _) = self.voters.get(&act.who)?;
            Some((self.slot(voter), self.request_name(voter, act.deed.request_id()?)))
        };
        let (askers, requests): (Vec<String>, Vec<String>) = acts.iter().filter_map(named).unzip();
        let backend = tx.get_database_backend();
        let competition = self.locked.competition.id;
        let before = ballot::Entity::find()
            .filter(ballot::Column::CompetitionId.eq(competition))
            .filter(ballot::Column::Slot.in_subquery(set::one_of(backend, slots)));
        for row in before.all(tx).await? {
            let kept = Kept { revision: row.revision, sealed: row.sealed, draft: row.draft, changed: false };
            self.ballots.insert(row.slot, kept);
        }
        // By hand: pairs of parameters as a table, and looked up one by one: a join is planned by statistics, and of what has
        // just been cast there are none.
        let of = "FROM ballot_request WHERE competition_id = $1 AND pseudonym = one AND request_id = other";
        let asked = set::pairs_asked(backend, 2);
        let sql = format!("SELECT one, other, (SELECT mac {of}) AS mac, (SELECT answer {of}) AS answer FROM {asked}");
        let values = [competition.into(), set::text_list(backend, askers), set::text_list(backend, requests)];
        for row in tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
            if let (Some(mac), Some(answer)) = (row.try_get("", "mac")?, row.try_get("", "answer")?) {
                self.requests.insert((row.try_get("", "one")?, row.try_get("", "other")?), (mac, answer));
            }
        }
        Ok(())
    }

    async fn act(&mut self, tx: &Tx, act: &Act, alone: bool) -> Result<Result<Done>, Abort> {
        let Some((voter, is_active)) = self.voters.get(&act.who).cloned() else {
            return Ok(Err(match act.who {
                Who::Staff(_) => Error::NotOnRoll,
                Who::Invited(_) => Error::BallotTokenInvalid,
            }));
        };
        if !is_active {
            return Ok(Err(Error::CallerInactive));
        }
        match self.recall(&voter, &act.deed) {
            Ok(None) => {}
            Ok(Some(receipt)) => return Ok(Ok(Done::Recorded(receipt))),
            Err(error) => return Ok(Err(error)),
        }
        if let Err(error) = self.check(&voter, &act.deed) {
            return Ok(Err(error));
        }
        if let Command::Cast { named, .. } = &act.deed
            && self.locked.competition.announced.rules.rejects_mutual()
        {
            if !alone {
                return Ok(Ok(Done::MustBeAlone));
            }
            if self.is_mutual(tx, &voter, named).await? {
                return Ok(Err(Error::MutualVote));
            }
        }
        Ok(self.enact(&voter, &act.deed))
    }

    fn slot(&self, voter: &Enrolled) -> String {
        self.seal.slot(&voter.pseudonym)
    }

    fn request_name(&self, voter: &Enrolled, request_id: &str) -> String {
        hex(&self.seal.mac(&[b"request", voter.pseudonym.as_bytes(), b" ", request_id.as_bytes()]))
    }

    fn body_mac(&self, voter: &Enrolled, deed: &Command) -> Hash {
        self.seal.mac(&[b"body", voter.pseudonym.as_bytes(), &deed.body()])
    }

    /// What was answered to the same request before.
    fn recall(&self, voter: &Enrolled, deed: &Command) -> Result<Option<CastReceipt>> {
        let Some(request_id) = deed.request_id() else { return Ok(None) };
        let name = self.request_name(voter, request_id);
        let Some((mac, answer)) = self.requests.get(&(self.slot(voter), name.clone())) else { return Ok(None) };
        if self.body_mac(voter, deed) != mac.as_slice() {
            return Err(Error::RequestIdReused);
        }
        CastReceipt::from_bytes(&self.seal.open_answer(&voter.pseudonym, &name, answer)?).map(Some)
    }

    /// Whether a deed is allowed, by the competition's state and the voter's own record.
    fn check(&self, voter: &Enrolled, deed: &Command) -> Result<()> {
        let competition = &self.locked.competition;
        if !competition.is_open_at(self.now) {
            return Err(Error::VotingNotOpen);
        }
        if let Some(why) = why_no_ballot(voter.no_ballot) {
            return Err(Error::NoBallot(why));
        }
        let current = self.ballots.get(&self.slot(voter));
        let is_current = |revision: i64| revision == current.map_or(0, |kept| kept.revision);
        match deed {
            Command::Draft { named } => self.check_named(voter, named, true),
            Command::Cast { named, revision, .. } => {
                self.check_named(voter, named, false)?;
                if is_current(*revision) { Ok(()) } else { Err(Error::EtagMismatch) }
            }
            Command::Withdraw { revision, .. } if !is_current(*revision) => Err(Error::EtagMismatch),
            Command::Withdraw { .. } if current.is_none_or(|kept| kept.sealed.is_none()) => {
                Err(Error::NotFound("ballot"))
            }
            Command::Withdraw { .. } => Ok(()),
        }
    }

    fn check_named(&self, voter: &Enrolled, named: &[Uuid], is_draft: bool) -> Result<()> {
        let texts = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect::<Vec<_>>();
        let (panel, named) = (texts(&voter.panel), texts(named));
        let rules = &self.locked.competition.announced.rules;
        let mut faults = match rules.form {
            Form::RankedPanel => check_ranking(&panel, &named),
            Form::OpenChoice => {
                let allowed = |one: &str| match panel.iter().any(|entry| entry == one) {
                    true => Ok(()),
                    false => Err(Fault::NotDealt(one.to_owned())),
                };
                check_choices(&named, rules.choices, allowed)
            }
        };
        if is_draft {
            // It is as far as the voter got.
            faults.retain(|fault| !matches!(fault, Fault::TooFewRanked(_) | Fault::NothingChosen));
        }
        if faults.is_empty() {
            return Ok(());
        }
        let manifest = self.manifest()?;
        let team_of = |id: &str| manifest.entries.iter().find(|entry| entry.id == id).map(|entry| &entry.team);
        let told = faults.into_iter().map(|fault| match fault {
            Fault::NotDealt(id) => match team_of(&id) {
                None => Fault::UnknownEntry(id),
                Some(team) if Some(team) == voter.team_id.as_ref() => Fault::OwnEntry(id),
                Some(_) => Fault::NotDealt(id),
            },
            other @ (Fault::UnknownEntry(_)
            | Fault::OwnEntry(_)
            | Fault::DuplicateEntry(_)
            | Fault::TooFewRanked(_)
            | Fault::TooManyChosen(_)
            | Fault::NothingChosen) => other,
        });
        Err(Error::Invalid(violations(told, &named)))
    }

    fn manifest(&self) -> Result<Manifest> {
        let text = self.locked.manifest().ok_or_else(|| Error::internal("an open vote without a manifest"))?;
        serde_json::from_str(text).map_err(Error::internal)
    }

    /// Whether a ballot that counts as yet, of a voter of a team that is chosen, supports the voter's own.
    async fn is_mutual(&self, tx: &Tx, voter: &Enrolled, named: &[Uuid]) -> Result<bool, Abort> {
        let manifest = self.manifest()?;
        let own = manifest.entries.iter().find(|entry| Some(&entry.team) == voter.team_id.as_ref());
        let Some(own) = own.map(|entry| Uuid::try_parse(&entry.id)).transpose().map_err(Error::internal)? else {
            return Ok(false);
        };
        let is_chosen = |id: &str| named.iter().any(|one| one.to_string() == id);
        let chosen = manifest.entries.iter().filter(|entry| is_chosen(&entry.id));
        let id = self.locked.competition.id;
        let of_teams = voter::Entity::find()
            .select_only()
            .column(voter::Column::Pseudonym)
            .filter(voter::Column::CompetitionId.eq(id))
            .filter(voter::Column::TeamId.is_in(chosen.map(|entry| entry.team.clone())));
        let of_teams: Vec<String> = of_teams.into_tuple().all(tx).await?;
        let by_slot: HashMap<String, String> = of_teams.into_iter().map(|one| (self.seal.slot(&one), one)).collect();
        let slots = set::one_of(tx.get_database_backend(), by_slot.keys().cloned().collect());
        let sealed = ballot::Entity::find()
            .filter(ballot::Column::CompetitionId.eq(id))
            .filter(ballot::Column::Sealed.is_not_null())
            .filter(ballot::Column::Slot.in_subquery(slots));
        for row in sealed.all(tx).await? {
            let sealed = row.sealed.unwrap_or_default();
            let Some(pseudonym) = by_slot.get(&row.slot) else { continue };
            if self.seal.open(pseudonym, row.revision, &sealed)?.contains(&own) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn enact(&mut self, voter: &Enrolled, deed: &Command) -> Result<Done> {
        let slot = self.slot(voter);
        let kept = self.ballots.entry(slot.clone()).or_default();
        let ballot_hash = match deed {
            Command::Draft { named } => {
                kept.draft = Some(self.seal.seal(&voter.pseudonym, DRAFT, named)?);
                kept.changed = true;
                return Ok(Done::Drafted);
            }
            Command::Cast { named, .. } => {
                let sealed = self.seal.seal(&voter.pseudonym, kept.revision + 1, named)?;
                let hash = sha256(&sealed);
                (kept.sealed, kept.draft) = (Some(sealed), None);
                hash
            }
            Command::Withdraw { .. } => {
                kept.sealed = None;
                Hash::default()
            }
        };
        // Withdrawn too, so that what was taken back does not open when somebody puts it back.
        kept.revision += 1;
        kept.changed = true;
        let receipt = CastReceipt { revision: kept.revision, ballot_hash, recorded_at: self.now };
        if let Some(request_id) = deed.request_id() {
            let name = self.request_name(voter, request_id);
            let mac = self.body_mac(voter, deed).to_vec();
            let answer = self.seal.seal_answer(&voter.pseudonym, &name, &receipt.to_bytes())?;
            self.new.push(ballot_request::Model {
                competition_id: self.locked.competition.id,
                slot: slot.clone(),
                request_id: name.clone(),
                mac: mac.clone(),
                answer: answer.clone(),
            });
            self.requests.insert((slot, name), (mac, answer));
        }
        Ok(Done::Recorded(receipt))
    }

    async fn write(self, tx: &Tx) -> Result<(), DbErr> {
        let id = self.locked.competition.id;
        let row = |(slot, kept): (String, Kept)| {
            let Kept { revision, sealed, draft, .. } = kept;
            ballot::Model { competition_id: id, slot, revision, sealed, draft }
        };
        let changed = self.ballots.into_iter().filter(|(_, kept)| kept.changed);
        bulk::insert(tx, changed.map(row).collect(), BALLOT).await?;
        bulk::insert::<ballot_request::Entity>(tx, self.new, Present::Never).await?;
        Ok(())
    }
}

/// In words; none: the voter has a ballot.
fn why_no_ballot(reason: NoBallotReason) -> Option<&'static str> {
    match reason {
        NoBallotReason::Unspecified => None,
        NoBallotReason::NothingToJudge => Some("fewer than two entries remain that the voter may judge"),
        NoBallotReason::NoPool => Some("the voter's team is too small to judge, and so are all such teams together"),
    }
}

/// Where on the ballot the faults are: each that names an entry stands at a place of its own, from the second of its kind on
/// where it is said twice.
fn violations(faults: impl Iterator<Item = Fault>, named: &[String]) -> Vec<Violation> {
    let mut seen: HashMap<(Reason, String), usize> = HashMap::new();
    let mut found: Vec<(usize, Violation)> = Vec::new();
    for fault in faults {
        let rule = fault.to_string();
        let (reason, entry) = match fault {
            Fault::UnknownEntry(id) => (Reason::UnknownEntry, id),
            Fault::OwnEntry(id) => (Reason::OwnEntry, id),
            Fault::NotDealt(id) => (Reason::EntryNotDealt, id),
            Fault::DuplicateEntry(id) => (Reason::DuplicateEntry, id),
            Fault::TooFewRanked(_) | Fault::NothingChosen => {
                found.push((named.len(), Violation::new("entry_ids", Reason::TooFewRanked, rule)));
                continue;
            }
            Fault::TooManyChosen(_) => {
                found.push((named.len(), Violation::new("entry_ids", Reason::TooManyChosen, rule)));
                continue;
            }
        };
        // The first time that an entry is named is not the duplicate.
        let first = usize::from(reason == Reason::DuplicateEntry);
        let again = seen.entry((reason, entry.clone())).or_insert(first);
        let mut places = named.iter().enumerate().filter(|(_, id)| **id == entry).map(|(place, _)| place);
        let place = places.nth(*again).unwrap_or_default();
        *again += 1;
        found.push((place, Violation::new(format!("entry_ids[{place}]"), reason, rule)));
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, violation)| violation).collect()
}

/// What a voter may see of their own ballot while they can change it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    pub(crate) named: Vec<Uuid>,
    pub(crate) draft: Vec<Uuid>,
    pub(crate) revision: i64,
}

/// A voter of the roll by who they say they are.
///
/// # Errors
/// [`Error::NotOnRoll`], [`Error::BallotTokenInvalid`].
pub(crate) async fn find_voter(connection: &impl ConnectionTrait, competition: Uuid, who: &Who) -> Result<Enrolled> {
    match who {
        Who::Staff(id) => super::enrolled(connection, competition, id).await?.ok_or(Error::NotOnRoll),
        Who::Invited(hash) => super::invited(connection, competition, hash).await?.ok_or(Error::BallotTokenInvalid),
    }
}

/// A voter's own ballot; empty once voting is over.
pub(crate) async fn own(
    connection: &impl ConnectionTrait,
    vault: &Vault,
    (locked, now): (&Locked, Micros),
    pseudonym: &str,
) -> Result<Own> {
    let competition: &Competition = &locked.competition;
    if !competition.is_open_at(now) {
        return Ok(Own::default());
    }
    let Some(seal) = seal_of(locked, vault)? else { return Ok(Own::default()) };
    let row = ballot::Entity::find_by_id((competition.id, seal.slot(pseudonym))).one(connection).await?;
    let Some(row) = row else { return Ok(Own::default()) };
    let open = |revision, sealed: Option<Vec<u8>>| {
        sealed.map_or(Ok(Vec::new()), |sealed| seal.open(pseudonym, revision, &sealed))
    };
    Ok(Own { named: open(row.revision, row.sealed)?, draft: open(DRAFT, row.draft)?, revision: row.revision })
}
