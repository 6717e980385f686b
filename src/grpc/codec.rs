//! The codec of messages. Unlike the usual one, it answers bytes that are no message with
//! `INVALID_ARGUMENT`: the client sent them.

use prost::{DecodeError, Message, bytes::BufMut as _};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use std::marker::PhantomData;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// The codec of a call that gets one type of message and sends another.
pub struct MessageCodec<Sent, Got>(PhantomData<(Sent, Got)>);

/// Writes messages.
pub struct MessageEncoder<T>(PhantomData<T>);

/// Reads messages.
pub struct MessageDecoder<T>(PhantomData<T>);

impl<Sent, Got> MessageCodec<Sent, Got> {
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<Sent, Got> Codec for MessageCodec<Sent, Got>
where
    Sent: Message + 'static,
    Got: Message + Default + 'static,
{
    type Encode = Sent;
    type Decode = Got;
    type Encoder = MessageEncoder<Sent>;
    type Decoder = MessageDecoder<Got>;

    fn encoder(&mut self) -> Self::Encoder {
        MessageEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageDecoder(PhantomData)
    }
}

impl<T: Message> Encoder for MessageEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(into).map_err(|error| Status::resource_exhausted(error.to_string()))
    }
}

impl<T: Message + Default> Decoder for MessageDecoder<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        read(T::decode(from))
    }
}

/// The codec of a typed method. It reads messages by their descriptor, and writes bytes that are a
/// message already.
#[derive(Clone)]
pub struct TypedCodec(pub MessageDescriptor);

/// Writes bytes as they are.
pub struct BytesEncoder;

impl Codec for TypedCodec {
    type Encode = Vec<u8>;
    type Decode = DynamicMessage;
    type Encoder = BytesEncoder;
    type Decoder = Self;

    fn encoder(&mut self) -> BytesEncoder {
        BytesEncoder
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for BytesEncoder {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for TypedCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        read(DynamicMessage::decode(self.0.clone(), from))
    }
}

fn read<T>(message: Result<T, DecodeError>) -> Result<Option<T>, Status> {
    message
        .map(Some)
        .map_err(|error| Status::invalid_argument(format!("the message cannot be read: {error}")))
}
