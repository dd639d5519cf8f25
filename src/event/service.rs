//! The RPCs of events and webhooks.

use std::{collections::HashMap, pin::Pin, sync::Arc};

use futures::Stream;
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{EventFeed, Key, Line, Position, Read, Types, heads, key_of_id, message, read, watch::Wanted};
use crate::{
    api::v1::{self, AuditAction, EventContent, EventStart, ReplayScope, event_service_server::EventService},
    audit,
    auth::Caller,
    call::{Call, actor, mutation, page_size, respond},
    clock::Micros,
    context::Context,
    error::{Error, Reason, Result, Violation},
    page::Query,
    reach::Scope,
    store::Store,
    watch::{Watches, bound},
    webhook::{
        Target, keep_delivering,
        store::{self as webhooks, Replay, Standing, Undelivered},
    },
};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const PAGE: u64 = 100;
/// Lines of each log in which the oldest one is looked for that a webhook is still to get.
const LOOK: u64 = 64;

/// Serves [`EventService`].
pub struct EventApi {
    store: Store,
    feed: EventFeed,
    watches: Watches,
    /// The `source` of every event.
    source: String,
    /// In order of their names.
    targets: Arc<[Target]>,
}

impl EventApi {
    /// Starts to deliver to webhooks, too.
    pub(crate) fn new(context: &Context, source: String, targets: Vec<Target>) -> Self {
        let Context { store, watches, stopping, webhook_attempts: attempts, .. } = context.clone();
        let feed = EventFeed::start(store.clone(), stopping.clone());
        for target in &targets {
            let from = (store.clone(), feed.clone());
            let to = (target.clone(), source.clone(), attempts.clone());
            tokio::spawn(keep_delivering(from, to, stopping.clone()));
        }
        Self { store, feed, watches, source, targets: targets.into() }
    }

    fn target(&self, name: &str) -> Result<&Target> {
        self.targets.iter().find(|target| target.name == name).ok_or(Error::NotFound("webhook"))
    }

    /// A webhook as it is.
    async fn shown(&self, (caller, scope): (&Caller, &Scope), target: &Target) -> Result<v1::Webhook> {
        let reader = self.store.reader();
        let before = webhooks::standing(reader, &target.name).await?;
        let backlog = webhooks::backlog(reader, &target.name).await?;
        let ahead = match &before {
            Some(standing) => self.oldest_ahead(target, standing).await?,
            None => None,
        };
        let oldest_at = backlog.oldest_at.into_iter().chain(ahead).min();
        // Once more: of what was settled meanwhile, the backlog has the event and this the reason.
        let standing = webhooks::standing(reader, &target.name).await?;
        let position = standing.as_ref().map(|standing| standing.position.to_bytes());
        let cursor = position.map(|place| replays(target, caller, scope).cursor_at(&place)).unwrap_or_default();
        let now = self.store.clock().now_micros();
        Ok(message::write_webhook(target, (standing, backlog), (oldest_at, now), cursor))
    }

    /// When the first event happened that a target is to get and that has not been taken out of the logs for it.
    async fn oldest_ahead(&self, target: &Target, standing: &Standing) -> Result<Option<Micros>> {
        let found = read(&self.store, Read { position: &standing.position, limit: LOOK, asked: &[] }).await?;
        Ok(found.lines.iter().find(|(line, _)| target.types.include(line)).map(|(line, _)| line.at))
    }
}

/// What cursors of replays are bound to.
fn replays(target: &Target, caller: &Caller, scope: &Scope) -> Query {
    Query::new("ReplayEvents", &scope.binding(caller), target.name.as_bytes())
}

/// What to deliver again: one of three things.
fn what(message: &v1::ReplayEventsRequest) -> Result<&'static str> {
    let told = [
        ("event_id", !message.event_id.is_empty()),
        ("resume_cursor", !message.resume_cursor.is_empty()),
        ("scope", message.scope() != ReplayScope::Unspecified),
    ];
    let mut told = told.into_iter().filter(|(_, is_told)| *is_told).map(|(field, _)| field);
    let Some(first) = told.next() else {
        let rule = "must be set, unless resume_cursor or scope is";
        return Err(Error::invalid("event_id", Reason::FieldRequired, rule));
    };
    let rule = "must not be set where another of event_id, resume_cursor and scope is";
    Error::unless_empty(told.map(|field| Violation::new(field, Reason::Contradiction, rule)).collect())?;
    Ok(first)
}

#[tonic::async_trait]
impl EventService for EventApi {
    type WatchEventsStream = Answers<v1::WatchEventsResponse>;

    async fn watch_events(&self, request: Request<v1::WatchEventsRequest>) -> Answer<Self::WatchEventsStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let (start, content) = (message.start(), message.content());
            let content = if content == EventContent::Unspecified { EventContent::Ids } else { content };
            let types = Types::read("types", message.types).map_err(Error::Invalid)?;
            let wanted = Wanted { types, content, source: self.source.clone() };
            let query = bound(&wanted, &caller, &scope);
            if start != EventStart::Unspecified && !message.resume_cursor.is_empty() {
                let rule = "must not be set with resume_cursor";
                return Err(Error::invalid("start", Reason::Contradiction, rule));
            }
            let heads = heads(&self.store).await?;
            let resumed = query.resume_at(&message.resume_cursor, |bytes| place(&bytes, &heads))?;
            let position = match (resumed, start) {
                (Some(position), _) => position,
                (None, EventStart::Beginning) => Position::beginning(),
                (None, EventStart::Unspecified | EventStart::Now) => heads,
            };
            let walker = self.feed.walk(position);
            Ok(self.watches.open_at(&self.store, (caller, scope), (wanted, query), walker).begin())
        })
        .await
    }

    async fn list_webhooks(&self, request: Request<v1::ListWebhooksRequest>) -> Answer<v1::ListWebhooksResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListWebhooks", &scope.binding(&caller), &[]);
            let after = query.name_position(&message.page_token)?;
            let limit = page_size(message.page_size, PAGE);
            let behind = self.targets.iter().filter(|target| after.as_ref().is_none_or(|after| target.name > *after));
            let more = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
            let mut found = Vec::new();
            for target in behind.take(more) {
                found.push(self.shown((&caller, &scope), target).await?);
            }
            let (webhooks, next_page_token) = query.page_of(found, limit, |last| last.name.clone().into_bytes());
            Ok(v1::ListWebhooksResponse { webhooks, next_page_token })
        })
        .await
    }

    async fn list_dead_letters(
        &self,
        request: Request<v1::ListDeadLettersRequest>,
    ) -> Answer<v1::ListDeadLettersResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListDeadLettersRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListDeadLetters", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(read_place).transpose()?;
            let target = self.target(&message.webhook)?;
            let read_page = |after, count| webhooks::dead_letters(self.store.reader(), &target.name, after, count);
            let place = |last: &Undelivered| last.place;
            let write = |place: i64| place.to_be_bytes().to_vec();
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read_page, place, write).await?;
            let asked: Vec<Key> = found.iter().map(|one| one.key).collect();
            let position = Position::beginning();
            let lines = read(&self.store, Read { position: &position, limit: 0, asked: &asked }).await?.asked;
            let lines: HashMap<Key, Line> = lines.into_iter().map(|line| (line.key(), line)).collect();
            let cursors = replays(target, &caller, &scope);
            let letter = |one: &Undelivered| {
                let cursor = cursors.cursor_at(&one.ahead.to_bytes());
                message::write_dead_letter(&target.name, (one, lines.get(&one.key)), &self.source, cursor)
            };
            Ok(v1::ListDeadLettersResponse { dead_letters: found.iter().map(letter).collect(), next_page_token })
        })
        .await
    }

    async fn replay_events(&self, request: Request<v1::ReplayEventsRequest>) -> Answer<v1::ReplayEventsResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReplayEvents", request_id, &message);
            let field = what(&message)?;
            let target = self.target(&message.webhook)?;
            let replay = match (field, message.scope()) {
                ("event_id", _) => Replay::One(key_of_id(&message.event_id).ok_or(Error::NotFound("dead letter"))?),
                ("scope", ReplayScope::DeadLetters) => Replay::DeadLetters,
                ("scope", _) => Replay::From(Position::beginning()),
                (_, _) => {
                    let heads = heads(&self.store).await?;
                    let query = replays(target, &caller, &scope);
                    let from = query.resume_at(&message.resume_cursor, |bytes| place(&bytes, &heads))?;
                    Replay::From(from.ok_or(Error::NotFound("place"))?)
                }
            };
            let (actor, name) = (actor(&caller), target.name.clone());
            let detail = match &replay {
                Replay::One(_) => serde_json::json!({ "event_id": message.event_id }),
                Replay::DeadLetters => serde_json::json!({ "scope": "dead_letters" }),
                Replay::From(position) if *position == Position::beginning() => {
                    serde_json::json!({ "scope": "beginning" })
                }
                Replay::From(_) => serde_json::json!({ "scope": "cursor" }),
            };
            let replayed = self.store.change(mutation, move |tx, now| {
                let (actor, name, replay, detail) = (actor.clone(), name.clone(), replay.clone(), detail.clone());
                Box::pin(async move {
                    let count = webhooks::replay(tx, &name, &replay).await?;
                    let action = AuditAction::EventsReplayed;
                    audit::add(tx, now, (&actor.0, actor.1), action, &name, "", Some(detail)).await?;
                    Ok(count)
                })
            });
            let count: u64 = replayed.await?;
            Ok(v1::ReplayEventsResponse {
                webhook: Some(self.shown((&caller, &scope), target).await?),
                dead_letter_count: i32::try_from(count).unwrap_or(i32::MAX),
            })
        })
        .await
    }
}

/// A place that lies within the logs: one ahead of them comes from a database that was put back since.
fn place(bytes: &[u8], heads: &Position) -> Option<Position> {
    Position::from_bytes(bytes).filter(|position| position.is_within(heads))
}

fn read_place(bytes: Vec<u8>) -> Result<i64> {
    <[u8; 8]>::try_from(bytes).map(i64::from_be_bytes).map_err(|_| Query::malformed())
}
