//! Webhooks and dead letters as callers see them.

use super::{Line, form};
use crate::{
    api::{
        convert::{duration, timestamp},
        v1::{self, EventContent, WebhookState},
    },
    clock::Micros,
    webhook::{
        Target,
        store::{Backlog, Standing, Undelivered},
    },
};

/// How a webhook is doing at a time; `oldest_at`: when the oldest event happened that its receiver is still to get.
pub(super) fn write_webhook(
    target: &Target,
    (standing, backlog): (Option<Standing>, Backlog),
    (oldest_at, now): (Option<Micros>, Micros),
    resume_cursor: String,
) -> v1::Webhook {
    let count = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let (held_until, succeeded, failed, last_error) = standing.map_or((0, None, None, None), |one| {
        (one.held_until, one.last_success_at, one.last_failure_at, one.last_error)
    });
    let state = if held_until > now {
        WebhookState::Held
    } else if backlog.waiting > 0 || (failed.is_some() && failed > succeeded) {
        WebhookState::Failing
    } else {
        WebhookState::Working
    };
    v1::Webhook {
        name: target.name.clone(),
        host: target.host().to_owned(),
        types: target.types.names().to_vec(),
        content: target.content.into(),
        state: state.into(),
        waiting_count: count(backlog.waiting),
        dead_letter_count: count(backlog.dead),
        lag: oldest_at.map(|at| duration(now.saturating_sub(at).max(0))),
        last_success_time: succeeded.map(timestamp),
        last_failure_time: failed.map(timestamp),
        last_error: last_error.unwrap_or_default(),
        resume_cursor,
    }
}

/// A dead letter; without its line there is nothing more to tell of the event.
pub(super) fn write_dead_letter(
    webhook: &str,
    (letter, line): (&Undelivered, Option<&Line>),
    source: &str,
    resume_cursor: String,
) -> v1::DeadLetter {
    v1::DeadLetter {
        webhook: webhook.to_owned(),
        event: line.map(|line| form::write(line, EventContent::Ids, source)),
        attempts: i32::try_from(letter.attempts).unwrap_or(i32::MAX),
        failure_time: letter.failed_at.map(timestamp),
        error: letter.error.clone().unwrap_or_default(),
        resume_cursor,
    }
}
