//! The codec of every generated service: a message that breaks a field rule never reaches a handler, but for the few that
//! the contract leaves to theirs.

use std::marker::PhantomData;

use prost::Message;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstCodec;

use crate::{
    refusal::{self, Reason, Violation},
    rules::{Check, Violations},
};

/// Protobuf encoding with the contract's checks behind the decoder.
pub struct CheckedCodec<E, D> {
    types: PhantomData<fn(E) -> D>,
}

impl<E, D> Default for CheckedCodec<E, D> {
    fn default() -> Self {
        Self { types: PhantomData }
    }
}

impl<E, D> Codec for CheckedCodec<E, D>
where
    E: Message + Send + 'static,
    D: Message + Default + Check + Send + 'static,
{
    type Encode = E;
    type Decode = D;
    type Encoder = <ProstCodec<E, D> as Codec>::Encoder;
    type Decoder = CheckedDecoder<<ProstCodec<E, D> as Codec>::Decoder>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<E, D>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder { inner: ProstCodec::<E, D>::default().decoder() }
    }
}

/// Decodes a message, then checks it.
pub struct CheckedDecoder<D> {
    inner: D,
}

impl<D> Decoder for CheckedDecoder<D>
where
    D: Decoder<Error = Status>,
    D::Item: Check,
{
    type Item = D::Item;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        // What the decoder says of bytes that are no such message names this program's types.
        let malformed = |_| {
            let rule = "the message must be of the method's type";
            refusal::invalid(vec![Violation::new("", Reason::Malformed, rule)])
        };
        let Some(message) = self.inner.decode(buffer).map_err(malformed)? else { return Ok(None) };
        if D::Item::LEFT_TO_HANDLER {
            return Ok(Some(message));
        }
        let violations = Violations::of(&message);
        if violations.is_empty() { Ok(Some(message)) } else { Err(refusal::invalid(violations)) }
    }
}
