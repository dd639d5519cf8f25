//! Calls whose message is whatever bytes a test likes.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _};
use tonic::{
    Request, Response, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use super::Caller;

/// A unary call of a method, by its path, with an encoded message.
pub(crate) async fn unary(caller: &Caller, path: &'static str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(caller.service());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = http::uri::PathAndQuery::from_static(path);
    client.unary(Request::new(message), path, Bytes).await.map(Response::into_inner)
}

/// The first answer of a method that streams, which says that it is open.
pub(crate) async fn first_streamed(caller: &Caller, path: &'static str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(caller.service());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = http::uri::PathAndQuery::from_static(path);
    let mut answers = client.server_streaming(Request::new(message), path, Bytes).await?.into_inner();
    let first = tokio::time::timeout(FIRST_ANSWER, answers.message()).await;
    first.map_err(|_| Status::deadline_exceeded("a stream that says nothing"))?.map(Option::unwrap_or_default)
}

const FIRST_ANSWER: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length).to_vec()))
    }
}
