//! Between the contract's messages and the domain's types.

use super::{ANSWER_WINDOW, INVITE_INTERVAL, Template, Wording, check};
use crate::{
    api::{
        convert::{duration, duration_micros, normal, timestamp},
        rules::Violations,
        v1::{self, IssueMode, TemplateState},
    },
    directory::etag,
    error::Violation,
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
