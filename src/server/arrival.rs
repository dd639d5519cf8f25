//! The arrival of a request: a unary call takes a place only when its message is there, so that one that never comes
//! takes nobody's.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;

use super::{budget, form::Form};
use crate::error::Error;

/// What comes in one piece and is no larger counts with the call itself.
const SMALL: usize = 64 * 1024;

/// Waits for the message of a unary request, for no longer than `limit`.
///
/// Gives the request again, and its bytes besides, as gRPC has them whatever its form. What is longer than `largest` is passed on cut, for the decoder to refuse.
///
/// # Errors
/// [`Error::TimedOut`]; [`Error::RateLimited`] where its caller has too many bytes under way already; those of
/// [`Form::request`]. None where the caller went away.
pub(super) async fn whole(
    request: Request<Body>,
    largest: usize,
    limit: Duration,
    held: impl FnMut(usize) -> Option<budget::Bytes>,
) -> Result<(Request<Body>, Bytes, Option<budget::Bytes>), Error> {
    let (parts, body) = request.into_parts();
    // Where it has come already, no timer is made.
    let arriving = std::pin::pin!(read(body, largest, held));
    let (bytes, held) = match futures::future::select(arriving, std::pin::pin!(Later::new(limit))).await {
        futures::future::Either::Left((arrived, _)) => arrived?,
        futures::future::Either::Right(_) => return Err(Error::TimedOut),
    };
    let bytes = match parts.extensions.get::<Form>() {
        Some(form) => form.request(bytes, largest).await?,
        None => bytes,
    };
    Ok((Request::from_parts(parts, Body::new(Full::new(bytes.clone()))), bytes, held))
}

async fn read(
    mut body: Body,
    largest: usize,
    mut take: impl FnMut(usize) -> Option<budget::Bytes>,
) -> Result<(Bytes, Option<budget::Bytes>), Error> {
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    let mut held: Option<budget::Bytes> = None;
    while let Some(frame) = body.frame().await {
        // A caller who went away, or a frame that the protocol does not know: what there is decides.
        let Ok(frame) = frame else { break };
        let Ok(data) = frame.into_data() else { break };
        let length = first.len() + more.len() + data.len();
        if length > SMALL {
            let counted = match &mut held {
                Some(held) => held.grow(data.len()),
                none => {
                    *none = take(length);
                    none.is_some()
                }
            };
            if !counted {
                return Err(Error::RateLimited { retry_after: super::quota::SOON });
            }
        }
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&data);
        }
        if length > largest {
            break;
        }
    }
    Ok((if more.is_empty() { first } else { more.freeze() }, held))
}

pin_project_lite::pin_project! {
    /// A timer that is set only when somebody waits for it.
    struct Later {
        limit: Duration,
        #[pin]
        sleep: Option<tokio::time::Sleep>,
    }
}

impl Later {
    fn new(limit: Duration) -> Self {
        Self { limit, sleep: None }
    }
}

impl Future for Later {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        let mut this = self.project();
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep(*this.limit)));
        }
        this.sleep.as_pin_mut().map_or(std::task::Poll::Pending, |sleep| sleep.poll(context))
    }
}
