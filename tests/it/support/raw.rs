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

/// What a method that streams answers to a message within `patience`.
pub(crate) async fn streamed(
    caller: &Caller,
    path: &'static str,
    message: Vec<u8>,
    patience: Duration,
) -> Result<Vec<Vec<u8>>, Status> {
    let mut client = Grpc::new(caller.service());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = http::uri::PathAndQuery::from_static(path);
    let mut answers = client.server_streaming(Request::new(message), path, Bytes).await?.into_inner();
    let (mut found, until) = (Vec::new(), tokio::time::Instant::now() + patience);
    while let Ok(answer) = tokio::time::timeout_at(until, answers.message()).await {
        match answer? {
            Some(answer) => found.push(answer),
            None => break,
        }
    }
    Ok(found)
}

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
