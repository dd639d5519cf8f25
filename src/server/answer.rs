//! Answers on their way to their readers. A unary answer is encoded at once and handed out in pieces, so that what is in
//! memory for a reader who takes nothing is known, counted, and dropped after a while.
//!
//! The transport asks a body for more only when its reader has taken what there was. So a body cannot see by itself that
//! nobody asks: a task beside it does.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::Instant;
use tonic::{Status, body::Body};

use super::{
    budget::{self, Budget},
    form::Form,
    quota::{Counted, Key, SOON, Subject},
};
use crate::{api::status, error::Error};

/// What is no larger is handed out in one piece, and counts with its call: a subject has so many calls and no more.
const SMALL: usize = 32 * 1024;
/// What is handed out at once of a larger one. Copied, since a part of it would keep the whole in memory.
const PIECE: usize = 16 * 1024;

/// How large answers are waited with.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) unread: Arc<Budget>,
    /// How long a reader may take nothing.
    pub(super) slow_reader: Duration,
}

impl Answers {
    /// Encodes an answer, in the form that its caller wants. `call`: its subject's place, which it holds until it is read or given up. `mutates`: it must be
    /// told whatever it takes, since what it tells of was done.
    pub(super) async fn give(
        &self,
        response: Response<Body>,
        form: Option<Form>,
        (subject, call): (Subject, Counted<Key>),
        mutates: bool,
    ) -> Response<Body> {
        if response.body().is_end_stream() {
            return response;
        }
        let (head, body) = response.into_parts();
        let (mut data, trailers) = read(body).await;
        if let Some(form) = form {
            data = match form.answer(data).await {
                Ok(data) => data,
                Err(error) => return status::of(error).into_http(),
            };
        }
        if data.len() <= SMALL {
            return Response::from_parts(head, Body::new(Small { data: Some(data), trailers, _call: call }));
        }
        let held = match mutates {
            true => Some(self.unread.take_anyway(subject, data.len())),
            false => self.unread.take(subject, data.len()),
        };
        let Some(held) = held else {
            return status::of(Error::RateLimited { retry_after: SOON }).into_http();
        };
        let unread =
            Unread { left: data, trailers: trailers.ok(), held: Some(held), moved_at: Instant::now(), overdue: false };
        let unread = Arc::new(Mutex::new(unread));
        tokio::spawn(give_up(Arc::downgrade(&unread), self.slow_reader));
        Response::from_parts(head, Body::new(Large { unread, _call: call }))
    }
}

/// All of a unary answer, which is there as soon as it begins.
async fn read(mut body: Body) -> (Bytes, Result<HeaderMap, Status>) {
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    let trailers = loop {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if first.is_empty() && more.is_empty() => first = data,
                Ok(data) => {
                    if more.is_empty() {
                        more.extend_from_slice(&std::mem::take(&mut first));
                    }
                    more.extend_from_slice(&data);
                }
                Err(frame) => break Ok(frame.into_trailers().unwrap_or_default()),
            },
            Some(Err(status)) => break Err(status),
            None => break Ok(HeaderMap::new()),
        }
    };
    (if more.is_empty() { first } else { more.freeze() }, trailers)
}

struct Small {
    data: Option<Bytes>,
    trailers: Result<HeaderMap, Status>,
    _call: Counted<Key>,
}

impl HttpBody for Small {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(data) = self.data.take().filter(|data| !data.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(match std::mem::replace(&mut self.trailers, Ok(HeaderMap::new())) {
            Ok(trailers) if trailers.is_empty() => None,
            Ok(trailers) => Some(Ok(Frame::trailers(trailers))),
            Err(status) => Some(Err(status)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.as_ref().is_ok_and(HeaderMap::is_empty)
    }
}

/// What its reader has not taken yet.
struct Unread {
    left: Bytes,
    trailers: Option<HeaderMap>,
    held: Option<budget::Bytes>,
    moved_at: Instant,
    /// The reader took nothing for too long, and what was left is gone.
    overdue: bool,
}

struct Large {
    unread: Arc<Mutex<Unread>>,
    _call: Counted<Key>,
}

impl HttpBody for Large {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        Poll::Ready(if !unread.left.is_empty() {
            unread.moved_at = Instant::now();
            let length = PIECE.min(unread.left.len());
            let piece = Bytes::copy_from_slice(&unread.left.split_to(length));
            if let Some(held) = &mut unread.held {
                held.shrink(piece.len());
            }
            if unread.left.is_empty() {
                (unread.left, unread.held) = (Bytes::new(), None);
            }
            Some(Ok(Frame::data(piece)))
        } else if std::mem::take(&mut unread.overdue) {
            let mut trailers = HeaderMap::new();
            let told = status::of(Error::SlowReader).add_header(&mut trailers);
            Some(told.map(|()| Frame::trailers(trailers)))
        } else {
            unread.trailers.take().map(|trailers| Ok(Frame::trailers(trailers)))
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Drops what is left once the reader has taken nothing for so long.
async fn give_up(unread: Weak<Mutex<Unread>>, slow_reader: Duration) {
    let mut next = Instant::now() + slow_reader;
    loop {
        tokio::time::sleep_until(next).await;
        let Some(unread) = unread.upgrade() else { return };
        let mut unread = unread.lock().unwrap_or_else(PoisonError::into_inner);
        if unread.left.is_empty() {
            return;
        }
        next = unread.moved_at + slow_reader;
        if next <= Instant::now() {
            (unread.left, unread.held, unread.trailers, unread.overdue) = (Bytes::new(), None, None, true);
            return;
        }
    }
}
