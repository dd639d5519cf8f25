//! What every handler does around its own work: let the caller in, name the request, page, answer.

use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::{status, v1::Role},
    auth::{Caller, policy::Owner},
    directory::admission,
    error::{Error, Result},
    reach::Scope,
    store::{
        Store,
        request::{self, Request as Mutation},
    },
};

/// A caller who was let in, with what they ask.
pub(crate) struct Call<M> {
    pub(crate) caller: Caller,
    pub(crate) scope: Scope,
    pub(crate) message: M,
}

impl<M> Call<M> {
    /// Lets the caller of a request in.
    pub(crate) async fn admit(store: &Store, request: Request<M>) -> Result<Self> {
        let caller = Caller::of(request.extensions())?.clone();
        let scope = admission::admit(store, &caller).await?;
        Ok(Self { caller, scope, message: request.into_inner() })
    }
}

/// Turns a handler's result into an answer or a status.
pub(crate) async fn respond<T>(work: impl Future<Output = Result<T>>) -> std::result::Result<Response<T>, Status> {
    work.await.map(Response::new).map_err(status::of)
}

/// An id that the field rules have seen.
pub(crate) fn id(text: &str) -> Result<Uuid> {
    Uuid::try_parse(text).map_err(Error::internal)
}

/// Who acts: subject and role of the token.
pub(crate) fn actor(caller: &Caller) -> (String, Role) {
    (caller.subject().to_owned(), caller.principal.role)
}

/// The page size that holds: what was asked, or the default.
pub(crate) fn page_size(asked: i32, default: u64) -> u64 {
    u64::try_from(asked).ok().filter(|size| *size > 0).unwrap_or(default)
}

/// A mutation's identity; `body` is the message with its request id emptied.
pub(crate) fn mutation(caller: &Caller, method: &'static str, id: String, body: &impl Message) -> Mutation {
    Mutation { scope: request_scope(caller), id, method, body_hash: request::hash(&[&body.encode_to_vec()]) }
}

/// Whose request ids these are.
pub(crate) fn request_scope(caller: &Caller) -> String {
    match caller.policy().request_ids {
        Owner::Organization => "organization".to_owned(),
        Owner::Person => format!("person {}", caller.principal.subject),
        Owner::Customer => format!("customer {}", caller.principal.subject),
    }
}
