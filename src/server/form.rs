//! How the messages of a call are written where it came by the Connect protocol: as JSON, or as protobuf without gRPC's prefix.
//! Goes with the request, so that a message is turned where its bytes are counted: on arrival, and where its answer is given.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};

use super::methods::PREFIX;
use crate::{
    api::json,
    error::{Error, Result},
    offload,
};

/// What is longer is turned beside the server's threads.
const LONG: usize = 64 * 1024;

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Json,
    Proto,
}

/// How the messages of one call are written.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) codec: Codec,
    /// Each message stands in an envelope, as those of streams do.
    pub(super) enveloped: bool,
    pub(super) method: MethodDescriptor,
}

impl Form {
    /// The message of a request as gRPC has it. `largest`: bytes with gRPC's prefix.
    ///
    /// # Errors
    /// [`Error::MessageTooLarge`], [`Error::NotOneMessage`], [`Error::EnvelopeCompressed`]; [`Error::Invalid`] with
    /// [`Reason::Malformed`](crate::error::Reason::Malformed) or `UnknownEnumValue`.
    pub(super) async fn request(&self, body: Bytes, largest: usize) -> Result<Bytes> {
        let most = largest.saturating_sub(PREFIX);
        let length = body.len() - if self.enveloped { PREFIX.min(body.len()) } else { 0 };
        if length > most {
            return Err(Error::MessageTooLarge(most));
        }
        let message = if self.enveloped { alone(body)? } else { body };
        match self.codec {
            Codec::Proto => Ok(framed(0, &message)),
            Codec::Json => {
                let input = self.method.input();
                let read = turned(length, move || json::read(&input, &message)).await?;
                Ok(framed(0, &read.map_err(Error::Invalid)?.encode_to_vec()))
            }
        }
    }

    /// The one message of an answer, behind gRPC's prefix before and after.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub(super) async fn answer(&self, answer: Bytes) -> Result<Bytes> {
        if self.codec == Codec::Proto || answer.len() < PREFIX {
            return Ok(answer);
        }
        let output = self.method.output();
        turned(answer.len(), move || framed(0, &text(output, &answer[PREFIX..]))).await
    }

    /// One message of a stream.
    pub(super) fn message(&self, message: Bytes) -> Bytes {
        match self.codec {
            Codec::Proto => message,
            Codec::Json => text(self.method.output(), &message).into(),
        }
    }
}

/// The message of a request that has one in an envelope.
fn alone(mut body: Bytes) -> Result<Bytes> {
    match body.first_chunk::<PREFIX>() {
        Some([0, length @ ..]) if u32::from_be_bytes(*length) as usize == body.len() - PREFIX => {
            Ok(body.split_off(PREFIX))
        }
        Some([flags, ..]) if flags & 1 == 1 => Err(Error::EnvelopeCompressed),
        Some(_) | None => Err(Error::NotOneMessage),
    }
}

/// A message behind flags and its length: gRPC's prefix and the protocol's envelope are written alike.
pub(super) fn framed(flags: u8, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(flags);
    // Longer than limits let a message be.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    frame.freeze()
}

fn text(descriptor: MessageDescriptor, message: &[u8]) -> Vec<u8> {
    // The services wrote it by the same contract.
    DynamicMessage::decode(descriptor, message).map(|message| json::write(&message)).unwrap_or_default()
}

async fn turned<T: Send + 'static>(length: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if length > LONG { offload::run(work).await } else { Ok(work()) }
}
