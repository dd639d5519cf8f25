//! Rows that an earlier import recorded with less: what the record lacks is added, and nothing on record is replaced.

use anyhow::Context as _;
use rapport_identity::NormalForms;
use tonic::{Code, Status};
use uuid::Uuid;

use super::upsert::Reach;
use crate::{
    api::v1::{
        GetInteractionRequest, Interaction, InteractionKind, InteractionUpdate, ItemError, RecordInteractionRequest,
        UpdateInteractionRequest,
    },
    cli::client::explain,
    interaction::{Facts, Participant, message},
};

/// Rows completed at a time, each by two calls.
pub(super) const AT_ONCE: usize = 32;

/// How often a row is read again because somebody else changed it meanwhile.
const ATTEMPTS: usize = 4;

/// What became of a row that is on record with other content.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// What the record lacked was added.
    Completed,
    /// The record lacks nothing.
    Complete,
    /// It says something else, or lacks what cannot be added.
    Refused(Vec<String>),
}

/// The interaction that was recorded under a row's request id with other content, if that is why it was refused.
pub(super) fn recorded_as(error: &ItemError) -> Option<String> {
    Some(error.interaction_id.clone()).filter(|id| !id.is_empty())
}

/// Adds to an interaction what a row says more than it, by the rules of `UpdateInteraction`.
pub(super) async fn complete(
    (client, patience): Reach<'_>,
    request: &RecordInteractionRequest,
    interaction_id: &str,
) -> anyhow::Result<Completion> {
    let told = request.interaction.clone().unwrap_or_default();
    for _ in 0..ATTEMPTS {
        let get = GetInteractionRequest { interaction_id: interaction_id.to_owned() };
        let answer = patience.ask(async || client.interactions.clone().get_interaction(get.clone()).await).await?;
        let known = match answer {
            Ok(answer) => answer.into_inner().interaction.context("the server answered without an interaction")?,
            Err(status) => return Ok(refused(interaction_id, &status)),
        };
        let etag = known.etag.clone();
        let (interaction, paths) = match missing(&told, known) {
            Ok((_, paths)) if paths.is_empty() => return Ok(Completion::Complete),
            Ok(missing) => missing,
            Err(reasons) => {
                let reason = |reason| format!("interaction {interaction_id} is on record: {reason}");
                return Ok(Completion::Refused(reasons.into_iter().map(reason).collect()));
            }
        };
        let update = UpdateInteractionRequest {
            request_id: Uuid::new_v4().to_string(),
            interaction_id: interaction_id.to_owned(),
            interaction: Some(interaction),
            update_mask: Some(prost_types::FieldMask { paths }),
            etag,
        };
        let call = async || client.interactions.clone().update_interaction(update.clone()).await;
        match patience.ask(call).await? {
            Ok(_) => return Ok(Completion::Completed),
            Err(status) if status.code() == Code::Aborted => {}
            Err(status) => return Ok(refused(interaction_id, &status)),
        }
    }
    Ok(Completion::Refused(vec![format!("interaction {interaction_id} is being changed by others: try again later")]))
}

fn refused(interaction_id: &str, status: &Status) -> Completion {
    Completion::Refused(vec![format!("interaction {interaction_id} cannot be completed: {}", explain(status))])
}

/// What a row says of a field, beside what is on record.
#[derive(PartialEq, Eq)]
enum Beside {
    /// The same, or nothing.
    Nothing,
    /// What the record lacks.
    More,
    /// Something else.
    Other,
}

fn beside<T: PartialEq + Default>(told: &T, known: &T) -> Beside {
    match () {
        () if *told == T::default() || told == known => Beside::Nothing,
        () if *known == T::default() => Beside::More,
        () => Beside::Other,
    }
}

/// The fields of an update that add to `known` what `told` says more, and their names.
///
/// # Errors
/// Every field of which they say different things, and those that are only told when an interaction is recorded.
fn missing(told: &Interaction, known: Interaction) -> Result<(InteractionUpdate, Vec<String>), Vec<String>> {
    let read = |message| message::read(message, NormalForms::default());
    let (facts, known) = (read(told.clone()), read(known));
    let mut update = InteractionUpdate::default();
    let (mut paths, mut reasons) = (Vec::new(), Vec::new());
    for (field, beside) in unchangeable(told, &facts, &known) {
        match beside {
            Beside::Nothing => {}
            Beside::More => reasons.push(format!("{field} cannot be added any more")),
            Beside::Other => reasons.push(format!("{field} differs")),
        }
    }
    macro_rules! add {
        ($($field:ident: $($fact:ident).+),+ $(,)?) => {$(
            match beside(&facts.$($fact).+, &known.$($fact).+) {
                Beside::Nothing => {}
                Beside::More => {
                    update.$field = told.$field.clone();
                    paths.push(stringify!($field).to_owned());
                }
                Beside::Other => reasons.push(concat!(stringify!($field), " differs").to_owned()),
            }
        )+};
    }
    add! {
        outcome: outcome,
        topic: topic,
        connected_time: instants.connected,
        ended_time: instants.ended,
        hold: hold,
        after_call_work: after_call_work,
        case_id: case_id,
        transfers: transfers,
        message_counts: messages,
        conclusion: conclusion,
        staff_resolution: staff_resolution,
        customer_resolution: customer_resolution,
        about_staff_ids: about_staff_ids,
    }
    if reasons.is_empty() { Ok((update, paths)) } else { Err(reasons) }
}

/// The fields that `UpdateInteraction` does not change.
fn unchangeable(message: &Interaction, told: &Facts, known: &Facts) -> [(&'static str, Beside); 10] {
    // What is left out is derived from the rest, and was on record too.
    let where_said = |said: bool, beside: Beside| if said { beside } else { Beside::Nothing };
    let kind_is_said = message.kind() != InteractionKind::Unspecified;
    let purpose_is_said = message.contact_purpose != 0;
    [
        ("channel", beside(&told.channel, &known.channel)),
        ("kind", where_said(kind_is_said, if told.kind == known.kind { Beside::Nothing } else { Beside::Other })),
        ("direction", beside(&told.direction, &known.direction)),
        ("arrived_time", beside(&told.instants.arrived, &known.instants.arrived)),
        ("requested_time", beside(&told.instants.requested, &known.instants.requested)),
        ("customer_id", beside(&told.customer_id, &known.customer_id)),
        ("customer_alias", beside(&told.customer_alias, &known.customer_alias)),
        ("participants", participants(&told.participants, &known.participants)),
        ("context", beside(&told.context, &known.context)),
        ("contact_purpose", where_said(purpose_is_said, beside(&told.contact_purpose, &known.contact_purpose))),
    ]
}

/// Role and team are filled in from the directory where a row does not say them.
fn participants(told: &[Participant], known: &[Participant]) -> Beside {
    let agree = |(told, known): (&Participant, &Participant)| {
        (&told.staff_id, told.involvement) == (&known.staff_id, known.involvement)
            && (told.role.is_none() || told.role == known.role)
            && (told.team_id.is_none() || told.team_id == known.team_id)
    };
    let in_order = |participants: &[Participant]| {
        let mut sorted = participants.to_vec();
        sorted.sort_by(|one, other| one.staff_id.cmp(&other.staff_id));
        sorted
    };
    match () {
        () if told.is_empty() => Beside::Nothing,
        () if known.is_empty() => Beside::More,
        () if told.len() == known.len() && in_order(told).iter().zip(&in_order(known)).all(agree) => Beside::Nothing,
        () => Beside::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{self, Channel, Outcome, StaffRole};

    fn first() -> Interaction {
        Interaction {
            channel: Channel::InboundCall.into(),
            requested_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            customer_id: "carla".to_owned(),
            participants: vec![v1::Participant { staff_id: "nora".to_owned(), ..Default::default() }],
            ..Default::default()
        }
    }

    /// As the server gives it back: with what it filled in.
    fn on_record() -> Interaction {
        let mut known = first();
        known.kind = InteractionKind::Service.into();
        known.direction = v1::Direction::Inbound.into();
        known.participants[0].role = StaffRole::Agent.into();
        known.participants[0].team_id = "north".to_owned();
        known.participants[0].involvement = v1::Involvement::Primary.into();
        known
    }

    #[test]
    fn what_the_record_lacks_is_added() {
        let told = Interaction { topic: "退货".to_owned(), outcome: Outcome::Answered.into(), ..first() };
        let (update, paths) = missing(&told, on_record()).unwrap();
        assert_eq!(paths, ["outcome", "topic"]);
        assert_eq!((update.topic.as_str(), update.outcome()), ("退货", Outcome::Answered));
        assert_eq!(missing(&first(), on_record()).unwrap().1, [""; 0]);
    }

    #[test]
    fn what_a_row_does_not_say_stays() {
        let known = Interaction { topic: "Returns".to_owned(), kind: InteractionKind::Complaint.into(), ..on_record() };
        assert_eq!(missing(&first(), known).unwrap().1, [""; 0]);
    }

    #[test]
    fn nothing_is_replaced_and_every_difference_is_named() {
        let known = Interaction { topic: "Returns".to_owned(), ..on_record() };
        let mut told = Interaction { topic: "Refunds".to_owned(), case_id: "K-1".to_owned(), ..first() };
        told.customer_id = "dora".to_owned();
        told.arrived_time = told.requested_time;
        told.participants[0].staff_id = "nils".to_owned();
        let expected =
            ["arrived_time cannot be added any more", "customer_id differs", "participants differs", "topic differs"];
        assert_eq!(missing(&told, known).unwrap_err(), expected);
    }
}
