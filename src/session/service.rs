//! The RPCs of sessions.

use std::{sync::Arc, time::Duration};

use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{TOKEN_LIFE, entity::Model, store as rows};
use crate::{
    api::{
        convert::{optional, timestamp},
        v1::{self, session_service_server::SessionService},
    },
    auth::{Authenticator, Caller, Purpose},
    call::{Call, actor, mutation, respond},
    clock::{self, Micros},
    context::Context,
    error::{Error, Result},
    store::{Store, Stored},
};

type Answer<T> = Result<Response<T>, Status>;

/// Serves [`SessionService`].
#[derive(Clone)]
pub struct SessionApi {
    store: Store,
    authenticator: Arc<Authenticator>,
    longest: Duration,
}

impl SessionApi {
    pub(crate) fn new(context: &Context, authenticator: Arc<Authenticator>, longest: Duration) -> Self {
        Self { store: context.store.clone(), authenticator, longest }
    }

    /// The tokens of a session for a while, by what its caller's token says of them.
    fn tokens(&self, caller: &Caller, session: &Model, now: Micros) -> Result<v1::SessionTokens> {
        let left = Duration::from_micros(u64::try_from(session.ends_at - now).unwrap_or_default());
        if left < Duration::from_secs(1) {
            return Err(Error::SessionOver);
        }
        let most = left.min(self.authenticator.longest_life());
        let principal = &caller.principal;
        let sign = |purpose, life| {
            let whom = (principal.role, principal.subject.as_str(), principal.teams.as_slice());
            let token = self.authenticator.sign_for(purpose, whom, life).map_err(Error::internal)?;
            let end = self.authenticator.verify(&token)?.expires_micros;
            Ok::<_, Error>((token, end))
        };
        let (token, end) = sign(Purpose::Session(session.id), most.min(TOKEN_LIFE))?;
        let (renewal_token, _) = sign(Purpose::Renewal(session.id), most)?;
        Ok(v1::SessionTokens { token, token_end_time: Some(timestamp(end)), renewal_token })
    }
}

fn message(session: Model, caller: &Caller) -> v1::Session {
    v1::Session {
        session_id: session.id.to_string(),
        role: session.role.0.into(),
        start_time: Some(timestamp(session.started_at)),
        renew_time: Some(timestamp(session.renewed_at)),
        end_time: Some(timestamp(session.ends_at)),
        current: caller.principal.purpose.session() == Some(session.id),
        subject: session.subject,
    }
}

#[tonic::async_trait]
impl SessionService for SessionApi {
    async fn start_session(&self, request: Request<v1::StartSessionRequest>) -> Answer<v1::StartSessionResponse> {
        respond(async {
            let Call { caller, .. } = Call::admit(&self.store, request).await?;
            let Purpose::Link(link_id) = caller.principal.purpose else { return Err(Error::SessionTokenUnfit) };
            if !self.authenticator.can_sign() {
                return Err(Error::SigningKeyMissing);
            }
            let (store, (subject, role), longest) = (self.store.clone(), actor(&caller), clock::micros(self.longest));
            let started = self.store.transact(move |tx| {
                let (store, subject) = (store.clone(), subject.clone());
                Box::pin(async move {
                    let now = store.now(tx).await?;
                    let session = Model {
                        id: Uuid::new_v4(),
                        link_id,
                        subject,
                        role: Stored(role),
                        started_at: now,
                        renewed_at: now,
                        ends_at: now.saturating_add(longest),
                    };
                    rows::start(tx, session.clone()).await?;
                    Ok(session)
                })
            });
            let session = started.await?;
            let tokens = self.tokens(&caller, &session, session.started_at)?;
            let session = v1::Session { current: true, ..message(session, &caller) };
            Ok(v1::StartSessionResponse { session: Some(session), tokens: Some(tokens) })
        })
        .await
    }

    async fn renew_session(&self, request: Request<v1::RenewSessionRequest>) -> Answer<v1::RenewSessionResponse> {
        respond(async {
            let Call { caller, .. } = Call::admit(&self.store, request).await?;
            let Purpose::Renewal(id) = caller.principal.purpose else { return Err(Error::SessionTokenUnfit) };
            let store = self.store.clone();
            let renewed = self.store.transact(move |tx| {
                let store = store.clone();
                Box::pin(async move {
                    let now = store.now(tx).await?;
                    rows::renew(tx, id, now).await
                })
            });
            let session = renewed.await?;
            let tokens = self.tokens(&caller, &session, session.renewed_at)?;
            Ok(v1::RenewSessionResponse { session: Some(message(session, &caller)), tokens: Some(tokens) })
        })
        .await
    }

    async fn list_sessions(&self, request: Request<v1::ListSessionsRequest>) -> Answer<v1::ListSessionsResponse> {
        respond(async {
            let Call { caller, .. } = Call::admit(&self.store, request).await?;
            let now = self.store.clock().now_micros();
            let found = rows::list(self.store.reader(), caller.subject(), now).await?;
            let sessions = found.into_iter().map(|session| message(session, &caller)).collect();
            Ok(v1::ListSessionsResponse { sessions })
        })
        .await
    }

    async fn end_sessions(&self, request: Request<v1::EndSessionsRequest>) -> Answer<v1::EndSessionsResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "EndSessions", id, &message);
            let one = optional(message.session_id).map(|id| Uuid::try_parse(&id)).transpose();
            let one = one.map_err(|_| Error::NotFound("session"))?;
            let (subject, role) = actor(&caller);
            let ended = self.store.change(mutation, move |tx, now| {
                let subject = subject.clone();
                Box::pin(async move { rows::end(tx, (&subject, role), one, now).await })
            });
            Ok(v1::EndSessionsResponse { ended_count: ended.await? })
        })
        .await
    }
}
