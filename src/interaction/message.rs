//! Between the contract's messages and the domain's types.

use rapport_identity::NormalForms;

use super::{
    Context, ContextRest, Facts, Instants, MessageCounts, Participant, Reattribution, Recorded, Transfer,
    resolution::{Reading, Readings},
    store::InteractionFilter,
    summary::{Group, Statistics},
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, optional, timestamp},
        kinds::implied_direction,
        v1::{self, Direction, InteractionKind, Involvement, StaffRole},
    },
    contact::purpose_of,
    directory::{Alias, Party, etag, service::alias_message},
    error::{Error, Reason, Result},
};

/// Reads an interaction; a direction that the channel implies may be left out.
pub(crate) fn read(message: v1::Interaction, forms: NormalForms) -> Facts {
    let channel = message.channel();
    let direction = match message.direction() {
        Direction::Unspecified => implied_direction(channel).unwrap_or_default(),
        said @ (Direction::Inbound | Direction::Outbound) => said,
    };
    let kind = Some(message.kind()).filter(|kind| *kind != InteractionKind::Unspecified);
    let kind = kind.unwrap_or(InteractionKind::Service);
    Facts {
        contact_purpose: purpose_of(message.contact_purpose(), direction, channel, kind),
        channel,
        kind,
        direction,
        outcome: message.outcome(),
        staff_resolution: message.staff_resolution(),
        customer_resolution: message.customer_resolution(),
        topic: optional(message.topic),
        instants: Instants {
            arrived: message.arrived_time.as_ref().map(micros),
            requested: message.requested_time.as_ref().map(micros),
            connected: message.connected_time.as_ref().map(micros),
            ended: message.ended_time.as_ref().map(micros),
        },
        hold: message.hold.as_ref().map(duration_micros),
        after_call_work: message.after_call_work.as_ref().map(duration_micros),
        customer_id: optional(message.customer_id),
        customer_alias: message.customer_alias.map(|alias| Alias::read(alias, forms)),
        participants: read_participants(message.participants),
        case_id: optional(message.case_id),
        context: message.context.map(read_context).unwrap_or_default(),
        transfers: message.transfers.into_iter().map(read_transfer).collect(),
        messages: message.message_counts.map(read_counts),
        conclusion: Some(message.conclusion).filter(|text| !text.is_empty()),
        about_staff_ids: message.about_staff_ids.into_iter().map(normal).collect(),
    }
}

/// Reads participants; one alone is primary, one among several is assisting unless it says otherwise.
pub(crate) fn read_participants(messages: Vec<v1::Participant>) -> Vec<Participant> {
    let unsaid = if messages.len() == 1 { Involvement::Primary } else { Involvement::Assisting };
    let read = |message: v1::Participant| Participant {
        involvement: match message.involvement() {
            Involvement::Unspecified => unsaid,
            said @ (Involvement::Primary | Involvement::Assisting) => said,
        },
        role: Some(message.role()).filter(|role| *role != StaffRole::Unspecified),
        staff_id: normal(message.staff_id),
        team_id: optional(message.team_id),
        told_by: None,
    };
    messages.into_iter().map(read).collect()
}

/// Reads what it was about.
pub(crate) fn read_context(message: v1::InteractionContext) -> Context {
    Context {
        order_id: optional(message.order_id),
        product_id: optional(message.product_id),
        rest: ContextRest {
            page: Some(message.page).filter(|text| !text.is_empty()),
            seen: Some(message.seen).filter(|text| !text.is_empty()),
            attributes: message.attributes,
        },
    }
}

pub(crate) fn read_transfer(message: v1::Transfer) -> Transfer {
    Transfer {
        at: message.transfer_time.as_ref().map(micros),
        from_staff_id: optional(message.from_staff_id),
        to_staff_id: optional(message.to_staff_id),
        to_team_id: optional(message.to_team_id),
    }
}

pub(crate) fn read_counts(message: v1::MessageCounts) -> MessageCounts {
    MessageCounts { customer: message.customer, staff: message.staff, bot: message.bot }
}

/// Reads a filter; a period that ends before it begins is refused.
pub(crate) fn read_filter(message: v1::InteractionFilter) -> Result<InteractionFilter> {
    let (from, to) = (message.from_time.as_ref().map(micros), message.to_time.as_ref().map(micros));
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        let rule = "must not be before from_time";
        return Err(Error::invalid("filter.to_time", Reason::ImpossibleInstants, rule));
    }
    Ok(InteractionFilter {
        channels: message.channels().collect(),
        kinds: message.kinds().collect(),
        party: optional(message.customer_id).map(Party::Customer),
        case_id: optional(message.case_id),
        staff_id: optional(message.staff_id),
        team_id: optional(message.team_id),
        from,
        to,
    })
}

/// An interaction as callers see it.
pub(crate) fn write(recorded: Recorded) -> v1::Interaction {
    let Recorded { id, facts, recorded_at, revision, contact } = recorded;
    let instants = facts.instants;
    v1::Interaction {
        interaction_id: id.to_string(),
        channel: facts.channel.into(),
        kind: facts.kind.into(),
        direction: facts.direction.into(),
        outcome: facts.outcome.into(),
        topic: facts.topic.unwrap_or_default(),
        arrived_time: instants.arrived.map(timestamp),
        requested_time: instants.requested.map(timestamp),
        connected_time: instants.connected.map(timestamp),
        ended_time: instants.ended.map(timestamp),
        hold: facts.hold.map(duration),
        after_call_work: facts.after_call_work.map(duration),
        customer_id: facts.customer_id.unwrap_or_default(),
        customer_alias: facts.customer_alias.map(alias_message),
        participants: facts.participants.into_iter().map(write_participant).collect(),
        case_id: facts.case_id.unwrap_or_default(),
        context: write_context(facts.context),
        transfers: facts.transfers.into_iter().map(write_transfer).collect(),
        message_counts: facts.messages.map(|counts| v1::MessageCounts {
            customer: counts.customer,
            staff: counts.staff,
            bot: counts.bot,
        }),
        conclusion: facts.conclusion.unwrap_or_default(),
        staff_resolution: facts.staff_resolution.into(),
        customer_resolution: facts.customer_resolution.into(),
        occurred_time: instants.occurred().map(timestamp),
        wait: instants.wait().map(duration),
        handling: instants.handling(facts.after_call_work).map(duration),
        recorded_time: Some(timestamp(recorded_at)),
        etag: etag(revision),
        contact_purpose: facts.contact_purpose.unwrap_or_default().into(),
        contact_breaches: contact.map(|mark| mark.breaches.iter().map(Into::into).collect()).unwrap_or_default(),
        about_staff_ids: facts.about_staff_ids,
        contact_policy_version: contact.and_then(|mark| mark.policy_version).unwrap_or_default(),
    }
}

/// What it was about, if anything is known of that.
pub(crate) fn write_context(context: Context) -> Option<v1::InteractionContext> {
    (context != Context::default()).then(|| v1::InteractionContext {
        order_id: context.order_id.unwrap_or_default(),
        product_id: context.product_id.unwrap_or_default(),
        page: context.rest.page.unwrap_or_default(),
        seen: context.rest.seen.unwrap_or_default(),
        attributes: context.rest.attributes,
    })
}

pub(crate) fn write_participant(participant: Participant) -> v1::Participant {
    v1::Participant {
        staff_id: participant.staff_id,
        role: participant.role.unwrap_or_default().into(),
        team_id: participant.team_id.unwrap_or_default(),
        involvement: participant.involvement.into(),
        told_by: participant.told_by.unwrap_or_default(),
    }
}

pub(crate) fn write_reattribution(asked: Reattribution) -> v1::Reattribution {
    v1::Reattribution {
        reattribution_id: asked.id.to_string(),
        interaction_id: asked.interaction_id.to_string(),
        state: asked.state.into(),
        participants_before: asked.before.into_iter().map(write_participant).collect(),
        participants_after: asked.after.into_iter().map(write_participant).collect(),
        reason: asked.reason,
        requested_by: asked.requested_by,
        request_time: Some(timestamp(asked.requested_at)),
        decided_by: asked.decided_by.unwrap_or_default(),
        decide_time: asked.decided_at.map(timestamp),
        rejection_reason: asked.rejection.unwrap_or_default(),
    }
}

fn write_transfer(transfer: Transfer) -> v1::Transfer {
    v1::Transfer {
        transfer_time: transfer.at.map(timestamp),
        from_staff_id: transfer.from_staff_id.unwrap_or_default(),
        to_staff_id: transfer.to_staff_id.unwrap_or_default(),
        to_team_id: transfer.to_team_id.unwrap_or_default(),
    }
}

/// A group's figures as callers see them.
pub(crate) fn write_group(key: String, mut group: Group) -> v1::InteractionSummary {
    v1::InteractionSummary {
        key,
        count: group.count,
        wait: Some(write_statistics(group.wait())),
        handling: Some(write_statistics(group.handling())),
        service_level: Some(v1::ServiceLevel {
            within_count: group.within,
            offered_count: group.offered,
            share: group.service_level(),
            unknown_wait_count: group.unknown_waits,
            share_low: group.service_level_bounds().map(|(low, _)| low),
            share_high: group.service_level_bounds().map(|(_, high)| high),
        }),
        transferred_count: group.transferred,
        transfer_count: group.transfers,
        abandoned_count: group.abandoned,
        abandonment_rate: group.abandonment_rate(),
        first_contact_resolution: Some(write_readings(group.resolution)),
    }
}

pub(crate) fn write_readings(readings: Readings) -> v1::FirstContactResolution {
    v1::FirstContactResolution {
        recorded_by_staff: Some(write_reading(readings.by_staff)),
        declared_by_customer: Some(write_reading(readings.by_customer)),
        derived: Some(write_reading(readings.derived)),
    }
}

pub(crate) fn write_statistics(statistics: Statistics) -> v1::DurationStatistics {
    v1::DurationStatistics {
        known_count: statistics.known,
        mean_seconds: statistics.mean,
        median_seconds: statistics.median,
        p90_seconds: statistics.p90,
    }
}

fn write_reading(reading: Reading) -> v1::ResolutionReading {
    v1::ResolutionReading {
        resolved_count: reading.resolved,
        unresolved_count: reading.unresolved,
        pending_count: reading.pending,
        unknown_count: reading.unknown,
        rate: reading.rate(),
    }
}
