//! Gathers what a brief is written from, within what the caller may read.

use std::collections::{HashMap, HashSet};

use rapport_brief::{Language, Wall};

use super::{
    READ, RecordLine, all_dimensions,
    brief::{self, Evidence, PolicyNow, Sources, Who, point_for, stated_language},
    profile::{Profile, ShownRatings},
    store::{self as rows, Statement},
    zone_of,
};
use crate::{
    api::{
        convert::timestamp,
        v1::{self, BriefEvidenceKind as Kind, Channel, ContactPurpose, PreferenceDimension},
    },
    auth::Caller,
    clock::{DAY, Micros},
    commitment::{self, Owed},
    config::Zone,
    contact::{
        Attempt,
        store::{self as contacts, DoNotContact},
    },
    directory::{
        Customer, Party, admission,
        store::{find_customer, names_within},
    },
    discretion,
    error::{Error, Result},
    follow_up::{self, Waiting},
    interaction::{Recorded, store::all_of},
    reach::{Scope, Sight},
    store::Store,
};

/// Interactions that are read in full.
const IN_FULL: usize = 50;
/// Wishes not to be contacted that are looked at.
const WISHES: u64 = 50;
/// Grants that are told, of the last year.
const GIVEN: u64 = 3;
const GIVEN_SINCE: Micros = 365 * DAY;
/// Commitments that are told.
const COMMITMENTS: u64 = 5;
/// Follow-ups that are told of, at most.
const FOLLOW_UPS: u64 = 5;
/// By which colleagues are looked up.
const GET_STAFF_MEMBER: &str = "/rapport.v1.DirectoryService/GetStaffMember";

/// Purposes of contacts, in the order in which the policy is asked about them.
const PURPOSES: [ContactPurpose; 6] = [
    ContactPurpose::RequestedCallback,
    ContactPurpose::ComplaintAnswer,
    ContactPurpose::FollowUp,
    ContactPurpose::IncidentNotice,
    ContactPurpose::Survey,
    ContactPurpose::Campaign,
];

/// What a brief is to be like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// None: the customer's.
    pub(super) language: Option<Language>,
    /// By which the customer is to be contacted.
    pub(super) channel: Channel,
}

/// Writes the brief of somebody for a caller whose reading is on record.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) async fn write(
    (store, organization): (&Store, &Zone),
    caller: &Caller,
    party: &Party,
    wanted: Wanted,
) -> Result<v1::BriefCustomerResponse> {
    let reader = store.reader();
    let customer = match party {
        Party::Customer(id) => Some(find_customer(reader, id).await?.ok_or(Error::NotFound("customer"))?),
        Party::Alias(_) => None,
    };
    let (zone, time_zone, _) = zone_of(organization, customer.as_ref().map_or("", |one| &one.time_zone));
    let lines = rows::newest(reader, party, caller.person(), READ).await?;
    let in_full = lines.iter().take(IN_FULL).map(|line| line.id).collect();
    // The timeline shows all of it to everybody who may ask for a brief.
    let recorded = all_of(reader, &Sight::of(caller, Scope::All), in_full).await?;
    let (holding, wishes) = match party {
        Party::Customer(id) => {
            let (holding, _) = rows::statements(reader, id, 0).await?;
            (holding, contacts::list_do_not_contact(reader, id, None, WISHES).await?)
        }
        Party::Alias(_) => (Vec::new(), Vec::new()),
    };
    let fits = rows::fitted(reader).await?;
    let now = store.clock().now_micros();
    let profile = Profile::new(&lines, &holding, &zone, (&fits, now), &ShownRatings::None);
    let preferences: Vec<_> = all_dimensions().filter_map(|dimension| profile.preference(dimension)).collect();
    let is_in_force = |wish: &DoNotContact| wish.lifted_at.is_none() && wish.end_at.is_none_or(|end| end > now);
    let wishes: Vec<_> = wishes.into_iter().filter(is_in_force).collect();

    let owed = match party {
        Party::Customer(id) => commitment::owed(reader, &Sight::of(caller, Scope::All), id, COMMITMENTS).await?,
        Party::Alias(_) => Vec::new(),
    };

    let waiting = match party {
        Party::Customer(id) => follow_up::waiting(reader, caller, id, FOLLOW_UPS).await?,
        Party::Alias(_) => Vec::new(),
    };
    let given = match party {
        Party::Customer(id) => {
            discretion::given(reader, &Sight::of(caller, Scope::All), id, now - GIVEN_SINCE, GIVEN).await?
        }
        Party::Alias(_) => Vec::new(),
    };

    let wall = Wall { zone, now };
    let who = match (&customer, party) {
        (Some(customer), _) => Who::Customer(customer),
        (None, Party::Alias(alias)) => Who::Stranger(alias),
        (None, Party::Customer(_)) => return Err(Error::NotFound("customer")),
    };
    let facts = brief::write(&Sources {
        who,
        now,
        recorded: &recorded,
        lines: &lines,
        has_more: lines.len() as u64 == READ,
        preferences: &preferences,
        holding: &holding,
        wishes: &wishes,
        commitments: &owed,
        follow_ups: &waiting,
        given: &given,
        policy: policy_now((store, &wall), party, customer.as_ref(), wanted.channel).await?,
        names: &names(store, caller, (&recorded, &lines, &holding), (&owed, &waiting)).await?,
    });
    let language = wanted.language.unwrap_or_else(|| language_of(&holding, customer.as_ref()));
    Ok(v1::BriefCustomerResponse {
        customer_id: customer.map(|customer| customer.id).unwrap_or_default(),
        language: language.tag().to_owned(),
        brief_time: Some(timestamp(now)),
        time_zone,
        lines: facts.into_iter().map(|told| line(told, language, &wall)).collect(),
    })
}

/// The language that the customer stated, else that of their locale, else English.
fn language_of(holding: &[Statement], customer: Option<&Customer>) -> Language {
    let stated = stated_language(holding).and_then(Language::of);
    stated.or_else(|| Language::of(&customer?.locale)).unwrap_or_default()
}

/// What the policy says of contacting the customer now.
async fn policy_now(
    (store, wall): (&Store, &Wall),
    party: &Party,
    customer: Option<&Customer>,
    channel: Channel,
) -> Result<PolicyNow> {
    let (version, situation) = contacts::situation(store.reader(), &wall.zone, party, wall.now).await?;
    let point = match party {
        Party::Alias(alias) => Some(alias.clone()),
        Party::Customer(_) => customer.and_then(|customer| point_for(channel, &customer.contact_points)),
    };
    let asked = PURPOSES.into_iter().map(|purpose| {
        let attempt = Attempt { purpose, channel, points: point.iter().cloned().collect(), at: wall.now };
        let refusals = version.policy.refusals(&situation, &attempt);
        (purpose, refusals, version.policy.next_allowed(&situation, &attempt))
    });
    let purposes = asked.collect();
    Ok(PolicyNow { version: version.number, channel, purposes })
}

/// How colleagues are called whom the caller may look up.
async fn names(
    store: &Store,
    caller: &Caller,
    (recorded, lines, holding): (&[Recorded], &[RecordLine], &[Statement]),
    (owed, waiting): (&[Owed], &[Waiting]),
) -> Result<HashMap<String, String>> {
    let Some(scope) = admission::reach_by(store, caller, GET_STAFF_MEMBER).await? else { return Ok(HashMap::new()) };
    let took_part = recorded.iter().flat_map(|one| &one.facts.participants).map(|one| &one.staff_id);
    let served = lines.iter().filter_map(|line| line.staff_id.as_ref());
    let said = holding.iter().filter(|one| one.dimension.0 == PreferenceDimension::Colleague);
    let promised = owed.iter().map(|one| &one.owner);
    let accused = waiting.iter().flat_map(|one| &one.about);
    let named = took_part.chain(served).chain(promised).chain(accused).chain(said.map(|one| &one.value));
    let ids: HashSet<&String> = named.collect();
    Ok(names_within(store.reader(), &scope, ids.into_iter().cloned().collect()).await?)
}

fn line(told: brief::Told, language: Language, wall: &Wall) -> v1::BriefLine {
    v1::BriefLine {
        section: told.section.into(),
        text: language.say(&told.fact, wall),
        evidence: told.evidence.into_iter().map(evidence).collect(),
    }
}

fn evidence(evidence: Evidence) -> v1::BriefEvidence {
    let (kind, id, at) = match evidence {
        Evidence::Interaction(id, at) => (Kind::Interaction, id.to_string(), Some(at)),
        Evidence::Statement(id, at) => (Kind::Statement, id.to_string(), Some(at)),
        Evidence::DoNotContact(id, at) => (Kind::DoNotContact, id.to_string(), Some(at)),
        Evidence::Commitment(id, at) => (Kind::Commitment, id.to_string(), Some(at)),
        Evidence::FollowUp(id, at) => (Kind::FollowUp, id.to_string(), Some(at)),
        Evidence::Grant(id, at) => (Kind::Grant, id.to_string(), Some(at)),
        Evidence::Customer(id) => (Kind::Customer, id, None),
        Evidence::ContactPolicy(version) => (Kind::ContactPolicy, version.to_string(), None),
    };
    v1::BriefEvidence { kind: kind.into(), id, evidence_time: at.map(timestamp) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ContactPurpose, PURPOSES};
    use crate::{
        api::{Named as _, v1::Reach},
        auth::{access::Access, roles},
    };

    #[test]
    fn the_policy_is_asked_about_every_purpose() {
        let asked: BTreeSet<_> = PURPOSES.iter().map(|purpose| *purpose as i32).collect();
        assert_eq!(asked, ContactPurpose::VALUES.iter().map(|purpose| *purpose as i32).collect());
    }

    #[test]
    fn those_who_are_briefed_may_read_all_of_it_elsewhere() {
        let access = Access::new();
        let grant = |method, role| access.grant(&format!("/rapport.v1.{method}"), role);
        for (role, name) in roles() {
            if grant("PreferenceService/BriefCustomer", role).is_none() {
                continue;
            }
            for method in [
                "InteractionService/ReadCustomerTimeline",
                "DirectoryService/GetCustomer",
                "PreferenceService/GetPreferences",
                "ContactService/CheckContact",
                "ContactService/GetContactPolicy",
                "ContactService/ListDoNotContact",
            ] {
                assert_eq!(grant(method, role), Some(Reach::All), "{name}: {method}");
            }
        }
    }
}
