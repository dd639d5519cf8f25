//! Between the contract's messages and the domain's types.

use super::{ANSWER_WINDOW, INVITE_INTERVAL, Template, Wording, check, invitation::Invitation, invitations::Filter};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, optional, timestamp},
        rules::Violations,
        v1::{self, InvitationState, IssueMode, TemplateState},
    },
    directory::{etag, service::alias_message},
    error::{Error, Reason, Result, Violation},
    interaction::Micros,
};
use uuid::Uuid;

/// Reads a template as a draft, with all that is wrong with it.
pub(super) fn read_template(message: v1::SurveyTemplate) -> (Template, Vec<Violation>) {
    let mut found = Violations::of(&message);
    let template = Template {
        version: 0,
        state: TemplateState::Draft,
        direction: message.direction(),
        channels: message.channels().collect(),
        questions: message.questions().collect(),
        issue_mode: Some(message.issue_mode())
            .filter(|mode| *mode != IssueMode::Unspecified)
            .unwrap_or(IssueMode::Manual),
        answer_window: message.answer_window.as_ref().map_or(ANSWER_WINDOW, duration_micros),
        invite_interval: message.invite_interval.as_ref().map_or(INVITE_INTERVAL, duration_micros),
        id: normal(message.template_id),
        display_name: normal(message.display_name),
        wordings: message.wordings.into_iter().map(read_wording).collect(),
        label_until: None,
        published_at: None,
        retired_at: None,
        revision: 1,
    };
    let news: Vec<_> = check(&template).into_iter().filter_map(|one| one.besides(&found)).collect();
    found.extend(news);
    (template, found)
}

fn read_wording(message: v1::SurveyWording) -> Wording {
    let labels = message.labels.into_iter().map(normal).collect();
    Wording { locale: message.locale, question: normal(message.question), labels }
}

/// A template as callers see it.
pub(super) fn write_template(template: Template) -> v1::SurveyTemplate {
    v1::SurveyTemplate {
        template_id: template.id,
        version: template.version,
        state: template.state.into(),
        display_name: template.display_name,
        direction: template.direction.into(),
        channels: template.channels.iter().map(Into::into).collect(),
        questions: template.questions.iter().map(Into::into).collect(),
        wordings: template.wordings.into_iter().map(write_wording).collect(),
        answer_window: Some(duration(template.answer_window)),
        issue_mode: template.issue_mode.into(),
        invite_interval: Some(duration(template.invite_interval)),
        label_confirm_end_time: template.label_until.map(timestamp),
        publish_time: template.published_at.map(timestamp),
        retire_time: template.retired_at.map(timestamp),
        etag: etag(template.revision),
    }
}

pub(super) fn write_wording(wording: Wording) -> v1::SurveyWording {
    v1::SurveyWording { locale: wording.locale, question: wording.question, labels: wording.labels }
}

/// An invitation as callers see it at `now`; without its token.
pub(super) fn write_invitation(invitation: Invitation, now: Micros) -> v1::SurveyInvitation {
    let state = invitation.state_at(now);
    let suppressed = state == InvitationState::Suppressed;
    v1::SurveyInvitation {
        invitation_id: invitation.id.to_string(),
        interaction_id: invitation.interaction_id.to_string(),
        template_id: invitation.template.0,
        template_version: invitation.template.1,
        state: state.into(),
        issue_mode: invitation.issue_mode.into(),
        customer_id: invitation.customer_id.unwrap_or_default(),
        channel: invitation.channel.into(),
        issue_time: Some(timestamp(invitation.issued_at)),
        expire_time: (!suppressed).then(|| timestamp(invitation.expire_at)),
        delivery_time: invitation.delivered_at.map(timestamp),
        answer_end_time: invitation.answer_until.map(timestamp),
        suppression_reason: invitation.suppression.into(),
        contact_refusals: invitation.contact_refusals.iter().map(Into::into).collect(),
    }
}

/// An invitation for whoever sends it at `now`.
pub(super) fn write_to_send(invitation: Invitation, wording: Option<Wording>, now: Micros) -> v1::InvitationToSend {
    let open = invitation.state_at(now) == InvitationState::Issued;
    v1::InvitationToSend {
        contact_point: invitation.contact_point.clone().map(alias_message),
        wording: wording.map(write_wording),
        token: invitation.token.clone().filter(|_| open).unwrap_or_default(),
        invitation: Some(write_invitation(invitation, now)),
    }
}

/// Reads a filter; a period that ends before it begins is refused.
pub(super) fn read_filter(message: v1::InvitationFilter) -> Result<Filter> {
    let (from, to) = (message.start_time.as_ref().map(micros), message.end_time.as_ref().map(micros));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        let rule = "must not be before start_time";
        return Err(Error::invalid("filter.end_time", Reason::ImpossibleInstants, rule));
    }
    Ok(Filter {
        state: Some(message.state()).filter(|state| *state != InvitationState::Unspecified),
        interaction_id: Uuid::try_parse(&message.interaction_id).ok(),
        customer_id: optional(message.customer_id),
        template_id: optional(message.template_id),
        from,
        to,
    })
}
