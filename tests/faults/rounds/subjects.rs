//! What has steps that come by the clock: how one is made, and what must hold of each in the end.

use futures::future::BoxFuture;
use prost_types::Timestamp;
use rapport::{
    api::v1::{
        Callback, Channel, ClaimCallbackRequest, ClaimFollowUpRequest, Commitment, CreateTemplateRequest,
        DialCallbackRequest, FollowUpWait, HoldFollowUpRequest, Interaction, InteractionKind, ListFollowUpsRequest,
        MakeCommitmentRequest, Outcome, Participant, PresenceState, PublishTemplateRequest, Rating,
        RecordInteractionRequest, RequestCallbackRequest, ScaleDirection, SetPresenceRequest, SubmitRatingRequest,
        SurveyTemplate,
    },
    cli::client::{Client, request_id},
};
use tonic::Status;

use crate::{organisation, places::Place};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// Colleagues on duty, each for 20 callbacks: more than are claimed in the time of a lease.
const ON_DUTY: usize = 5;
/// Of theirs.
const TEAM: &str = "team-0";
/// Whose low ratings are followed up within a second.
const TEMPLATE: &str = "followed";

/// A kind of subjects.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// As the report names them.
    pub(super) name: &'static str,
    table: &'static str,
    /// So many are made around each kill.
    pub(super) at_once: usize,
    /// Makes the `n`th at a time of the database's clock.
    pub(super) make: for<'c> fn(&'c Client, usize, i64) -> BoxFuture<'c, Result<(), Status>>,
    /// What holds of one whose making was acknowledged.
    acknowledged: &'static str,
    /// What must hold of none, `c`, and what it would be; #3: how often it was told of a step, by the number of its
    /// kind.
    wrong: &'static [(&'static str, &'static str)],
}

pub(super) const ALL: [Kind; 3] = [
    Kind {
        name: "commitments",
        table: "commitment",
        at_once: 4,
        make: |client, n, now| Box::pin(promise(client, n, now)),
        acknowledged: "1 = 1",
        wrong: &[
            ("#1 <> 1", "not made once"),
            ("#2 > 1", "reminded of more than once"),
            ("#3 <> 1", "not broken once"),
            ("#4 <> c.level", "not escalated once a level"),
        ],
    },
    Kind {
        name: "callbacks",
        table: "callback",
        at_once: 2,
        make: |client, n, _| Box::pin(call_back(client, n)),
        acknowledged: "c.fence > 0",
        wrong: &[
            ("#2 <> c.fence", "not claimed as often as fenced"),
            ("#7 <> c.fence", "not given back once a claim"),
            ("#3 <> c.attempts OR c.attempts > c.fence", "dialled more than once a claim"),
            ("#8 <> CASE WHEN c.breached_at IS NULL THEN 0 ELSE 1 END", "not breached once"),
            ("#9 <> c.level", "not escalated once a level"),
            ("c.place_at <> c.requested_at OR c.state <> 1", "not in line at their old place"),
        ],
    },
    Kind {
        name: "follow-ups",
        table: "follow_up",
        at_once: 2,
        make: |client, n, _| Box::pin(complain(client, n)),
        acknowledged: "1 = 1",
        wrong: &[
            ("(SELECT count(*) FROM follow_up o WHERE o.origin_id = c.origin_id) <> 1", "not opened once"),
            ("#1 <> 1", "not told of as opened once"),
            ("#3 <> c.claim_number", "not claimed as often as numbered"),
            (
                "#4 <> c.claim_number - CASE WHEN c.leased_until IS NULL THEN 0 ELSE 1 END",
                "not given back once a claim that lapsed",
            ),
            ("#6 <> #5 - CASE WHEN c.waits_until IS NULL THEN 0 ELSE 1 END", "not gone on with once a wait"),
            ("#9 <> CASE WHEN c.level = 0 THEN 0 ELSE 1 END", "not overdue once"),
            ("c.source = 1 AND c.level = 0", "not overdue"),
            ("#10 <> CASE WHEN c.level = 0 THEN 0 ELSE c.level - 1 END", "not escalated once a level"),
        ],
    },
];

impl Kind {
    /// Looks at all that were made; gives how many they are, and how many steps came by the clock, with the lateness of
    /// the latest.
    ///
    /// # Errors
    /// One that was acknowledged is missing, or a step did not come once.
    pub(super) async fn check(&self, place: &Place, acknowledged: i64) -> anyhow::Result<(i64, i64, i64)> {
        let Self { name, table, .. } = self;
        let number = async |rule: &str| {
            // From the last: #10 begins as #1 does.
            let rule = (1..=10).rev().fold(rule.to_owned(), |rule, kind| {
                let told =
                    format!("(SELECT count(*) FROM {table}_event e WHERE e.{table}_id = c.id AND e.kind = {kind})");
                rule.replace(&format!("#{kind}"), &told)
            });
            place.number(&format!("SELECT count(*) FROM {table} c WHERE {rule}")).await
        };
        let kept = number(self.acknowledged).await?;
        anyhow::ensure!(kept >= acknowledged, "{acknowledged} {name} were acknowledged, and {kept} are there");
        for (rule, what) in self.wrong {
            let wrong = number(rule).await?;
            anyhow::ensure!(wrong == 0, "{wrong} {name} are {what}");
        }
        let steps = place.number(&format!("SELECT count(*) FROM {table}_event WHERE late_by IS NOT NULL")).await?;
        let latest = place.number(&format!("SELECT coalesce(max(late_by), 0) FROM {table}_event")).await?;
        Ok((number("1 = 1").await?, steps, latest))
    }
}

/// The people, and how they are asked.
pub(super) async fn prepare(client: &Client) -> anyhow::Result<()> {
    organisation::enrol(client).await?;
    for colleague in 0..ON_DUTY {
        let request = SetPresenceRequest {
            request_id: request_id(),
            staff_id: of_the_team(colleague),
            state: PresenceState::OnDuty.into(),
            capacity: 20,
            valid_for: length(57_600),
        };
        client.presence.clone().set_presence(request).await?;
    }
    let template = SurveyTemplate {
        template_id: TEMPLATE.to_owned(),
        direction: ScaleDirection::HighBest.into(),
        follow_up_level: 2,
        follow_up_within: length(1),
        ..SurveyTemplate::default()
    };
    let mut surveys = client.surveys.clone();
    let request = CreateTemplateRequest { request_id: request_id(), template: Some(template) };
    let draft = surveys.create_template(request).await?.into_inner().template.unwrap_or_default();
    let request = PublishTemplateRequest {
        request_id: request_id(),
        template_id: draft.template_id,
        version: draft.version,
        etag: draft.etag,
        ..PublishTemplateRequest::default()
    };
    surveys.publish_template(request).await?;
    Ok(())
}

fn of_the_team(number: usize) -> String {
    format!("agent-{}", number % ON_DUTY * usize::try_from(organisation::TEAMS).unwrap_or_default())
}

fn length(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

fn at(micros: i64) -> Option<Timestamp> {
    let nanos = i32::try_from(micros.rem_euclid(SECOND) * 1_000).unwrap_or_default();
    Some(Timestamp { seconds: micros.div_euclid(SECOND), nanos })
}

/// Something that will be broken in one to two and a half seconds, mostly with a reminder.
async fn promise(client: &Client, n: usize, now: i64) -> Result<(), Status> {
    let due = now + i64::try_from(700 + n * 7_919 % 1_800).unwrap_or_default() * 1_000;
    let commitment = Commitment {
        what: "a new one".to_owned(),
        customer_id: "customer-1".to_owned(),
        owner_staff_id: "agent-1".to_owned(),
        due_time: at(due),
        remind_before: Some(prost_types::Duration { seconds: 0, nanos: 500_000_000 }),
        ..Commitment::default()
    };
    let request = MakeCommitmentRequest { request_id: request_id(), commitment: Some(commitment) };
    client.commitments.clone().make_commitment(request).await.map(drop)
}

/// Asks for a callback and claims it; every other one is dialled, once and then again by mistake.
async fn call_back(client: &Client, n: usize) -> Result<(), Status> {
    let mut callbacks = client.callbacks.clone();
    let callback = Callback { contact_point: format!("+8613{n:09}"), team_id: TEAM.to_owned(), ..Callback::default() };
    let request = RequestCallbackRequest { request_id: request_id(), callback: Some(callback) };
    let callback_id = callbacks.request_callback(request).await?.into_inner().callback.unwrap_or_default().callback_id;
    let request = ClaimCallbackRequest {
        request_id: request_id(),
        callback_id: callback_id.clone(),
        staff_id: of_the_team(n),
        // The shortest there is.
        lease: length(10),
    };
    let fencing_number = callbacks.claim_callback(request).await?.into_inner().fencing_number;
    for _ in 0..n % 2 * 2 {
        let request =
            DialCallbackRequest { request_id: request_id(), callback_id: callback_id.clone(), fencing_number };
        // The second is refused, and a server may be gone.
        drop(callbacks.dial_callback(request).await);
    }
    Ok(())
}

/// A contact that is rated low, or a complaint; of its follow-ups every other one is left to wait.
async fn complain(client: &Client, n: usize) -> Result<(), Status> {
    // By the machine's clock, and so long ago that it is past by a clock that was put back.
    let ended = rapport::clock::Clock::system().now_micros() - 12 * HOUR;
    let is_complaint = n.is_multiple_of(4);
    let kind = if is_complaint { InteractionKind::Complaint } else { InteractionKind::Unspecified };
    let interaction = Interaction {
        kind: kind.into(),
        channel: Channel::InboundCall.into(),
        outcome: Outcome::Answered.into(),
        requested_time: at(ended - 600 * SECOND),
        connected_time: at(ended - 590 * SECOND),
        ended_time: at(ended),
        customer_id: format!("customer-{}", n % 1_000),
        participants: vec![Participant { staff_id: of_the_team(n), ..Participant::default() }],
        ..Interaction::default()
    };
    let request = RecordInteractionRequest { request_id: request_id(), interaction: Some(interaction) };
    let interaction_id = client.interactions.clone().record_interaction(request).await?.into_inner().interaction_id;
    if !is_complaint {
        let rating = Rating {
            interaction_id: interaction_id.clone(),
            template_id: TEMPLATE.to_owned(),
            score: 1,
            answered_time: at(ended + 60 * SECOND),
            ..Rating::default()
        };
        let request = SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
        client.ratings.clone().submit_rating(request).await?;
    }
    // It is there whatever becomes of its claim.
    drop(take_up(client, &interaction_id, n).await);
    Ok(())
}

async fn take_up(client: &Client, interaction_id: &str, n: usize) -> Result<(), Status> {
    let mut follow_ups = client.follow_ups.clone();
    let request = ListFollowUpsRequest { interaction_id: interaction_id.to_owned(), ..Default::default() };
    let found = follow_ups.list_follow_ups(request).await?.into_inner().follow_ups;
    for one in found {
        let follow_up_id = one.follow_up_id;
        let request = ClaimFollowUpRequest {
            request_id: request_id(),
            follow_up_id: follow_up_id.clone(),
            // Not whom it is about.
            staff_id: of_the_team(n + 1),
            lease: length(60),
        };
        let claimed = follow_ups.claim_follow_up(request).await?.into_inner().follow_up.unwrap_or_default();
        if n % 4 > 1 {
            let request = HoldFollowUpRequest {
                request_id: request_id(),
                follow_up_id,
                claim_number: claimed.claim_number,
                waits_for: FollowUpWait::Others.into(),
                next_action: "the warehouse looks".to_owned(),
                wait: length(60),
            };
            follow_ups.hold_follow_up(request).await?;
        }
    }
    Ok(())
}
