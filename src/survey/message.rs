//! Between the contract's messages and the domain's types.

use rapport_identity::NormalForms;
use uuid::Uuid;

use super::{
    invitation::Invitation,
    invitations::{Address, InvitationFilter},
    replies::{Arrived, Given, Reply},
    reply::Meant,
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, optional, timestamp},
        rules::Violations,
        v1::{self, InvitationState, IssueMode, TemplateState},
    },
    clock::Micros,
    directory::{
        Alias, etag,
        service::{alias_message, alias_violations},
    },
    error::{Error, Reason, Result, Violation},
    rating::read_answers,
    template::{ANSWER_WINDOW, FOLLOW_UP_WITHIN, INVITE_INTERVAL, Template, Wording, check},
};

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
        follow_up_level: i16::try_from(message.follow_up_level).unwrap_or_default(),
        follow_up_within: message.follow_up_within.as_ref().map_or(FOLLOW_UP_WITHIN, duration_micros),
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
        follow_up_level: i32::from(template.follow_up_level),
        follow_up_within: Some(duration(template.follow_up_within)),
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

/// An invitation for the gateway that sends it at `now`.
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
pub(super) fn read_filter(message: v1::InvitationFilter) -> Result<InvitationFilter> {
    let (from, to) = (message.start_time.as_ref().map(micros), message.end_time.as_ref().map(micros));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        let rule = "must not be before start_time";
        return Err(Error::invalid("filter.end_time", Reason::ImpossibleInstants, rule));
    }
    Ok(InvitationFilter {
        state: Some(message.state()).filter(|state| *state != InvitationState::Unspecified),
        interaction_id: Uuid::try_parse(&message.interaction_id).ok(),
        customer_id: optional(message.customer_id),
        template_id: optional(message.template_id),
        from,
        to,
    })
}

/// Reads a reply; it must say in one way which invitation it answers.
pub(super) fn read_reply(message: v1::ReceiveReplyRequest, forms: NormalForms) -> Result<Arrived> {
    let id = optional(message.invitation_id).and_then(|id| Uuid::try_parse(&id).ok()).map(Address::Id);
    let token = optional(message.survey_token).map(Address::Token);
    let broken = message.contact_point.iter().flat_map(|point| alias_violations(point, forms));
    Error::unless_empty(broken.map(|one| one.inside("contact_point")).collect())?;
    let point = message.contact_point.map(|point| Address::Point(Alias::read(point, forms)));
    let mut addresses = [id, token, point].into_iter().flatten();
    let address = addresses.next().ok_or_else(|| {
        let rule = "must be set where neither survey_token nor contact_point is";
        Error::invalid("invitation_id", Reason::FieldRequired, rule)
    })?;
    if addresses.next().is_some() {
        let rule = "must be the only one of invitation_id, survey_token and contact_point that is set";
        let field = if matches!(address, Address::Id(_)) { "invitation_id" } else { "survey_token" };
        return Err(Error::invalid(field, Reason::Contradiction, rule));
    }
    Ok(Arrived {
        address,
        text: message.text,
        replied_at: message.reply_time.as_ref().map(micros),
        by: None,
        actor: Default::default(),
    })
}

/// A reply as callers see it.
pub(super) fn write_reply(reply: Reply) -> v1::SurveyReply {
    let (rating_id, standing) = reply.rating.unzip();
    v1::SurveyReply {
        reply_id: reply.id.to_string(),
        invitation_id: reply.invitation_id.map(|id| id.to_string()).unwrap_or_default(),
        contact_point: reply.contact_point.map(alias_message),
        text: reply.text,
        reply_time: Some(timestamp(reply.replied_at)),
        receive_time: Some(timestamp(reply.received_at)),
        outcome: reply.outcome.into(),
        rating_id: rating_id.map(|id| id.to_string()).unwrap_or_default(),
        standing: standing.unwrap_or_default().into(),
    }
}

/// Reads what a customer gave on a page.
pub(super) fn read_given(message: v1::SubmitSurveyRequest) -> Given {
    let attribution = message.attribution();
    let comment = Some(message.comment).filter(|text| !text.is_empty());
    Given {
        token: message.survey_token,
        meant: Meant { score: message.score, attribution, comment },
        answers: read_answers(message.answers.unwrap_or_default()),
    }
}
