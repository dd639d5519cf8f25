//! What every handler does around its own work.

use tonic::{Request, Response, Status};

use super::{convert, status};
use crate::{
    auth::Caller,
    directory::scope::{self, Scope},
    error::Result,
    store::Store,
};

/// A caller who was let in, with what he asks.
pub(crate) struct Call<M> {
    pub(crate) caller: Caller,
    pub(crate) scope: Scope,
    pub(crate) message: M,
}

impl<M> Call<M> {
    /// Lets the caller of a request in.
    pub(crate) async fn admit(store: &Store, request: Request<M>) -> Result<Self> {
        let caller = convert::caller(&request)?;
        let scope = scope::admit(store, &caller).await?;
        Ok(Self { caller, scope, message: request.into_inner() })
    }
}

/// Turns a handler's result into an answer or a status.
pub(crate) async fn respond<T>(work: impl Future<Output = Result<T>>) -> std::result::Result<Response<T>, Status> {
    work.await.map(Response::new).map_err(status::of)
}

/// The page size that holds: what was asked, or the default.
pub(crate) fn page_size(asked: i32, default: u64) -> u64 {
    u64::try_from(asked).ok().filter(|size| *size > 0).unwrap_or(default)
}
