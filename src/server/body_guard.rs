//! What a stream holds while it is open.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};

use crate::{api::status, error::Error};

/// Lets go of `held` when the body has come to its end or is dropped.
pub(super) fn hold<T: Send + Unpin + 'static>(response: Response<Body>, held: T) -> Response<Body> {
    response.map(|body| Body::new(Held { body, held: Some(held), end: None }))
}

/// The same; besides, ends the body with the error that `end` resolves to.
pub(super) fn hold_until<T: Send + Unpin + 'static>(
    response: Response<Body>,
    held: T,
    end: BoxFuture<'static, Error>,
) -> Response<Body> {
    response.map(|body| Body::new(Held { body, held: Some(held), end: Some(end) }))
}

pin_project! {
    struct Held<T> {
        #[pin]
        body: Body,
        held: Option<T>,
        end: Option<BoxFuture<'static, Error>>,
    }
}

impl<T> HttpBody for Held<T> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        if this.held.is_none() {
            return Poll::Ready(None);
        }
        let frame = this.body.poll_frame(context);
        match &frame {
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {}
            Poll::Ready(_) => *this.held = None,
            Poll::Pending => {
                if let Some(end) = this.end
                    && let Poll::Ready(error) = end.as_mut().poll(context)
                {
                    *this.held = None;
                    let mut trailers = HeaderMap::new();
                    return Poll::Ready(Some(
                        status::of(error).add_header(&mut trailers).map(|()| Frame::trailers(trailers)),
                    ));
                }
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
