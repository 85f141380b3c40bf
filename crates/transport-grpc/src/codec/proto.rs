use bytes::{Bytes, BytesMut};
use prost::Message;
use towerkit_endpoint::BoxError;

use super::Codec;

/// Protobuf, by prost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proto;

impl<M: Message + Default> Codec<M> for Proto {
    const SUBTYPE: &'static str = "proto";

    fn size_hint(&self, message: &M) -> usize {
        message.encoded_len()
    }

    fn encode(&self, message: &M, into: &mut BytesMut) -> Result<(), BoxError> {
        message.encode_raw(into);
        Ok(())
    }

    fn decode(&self, message: Bytes) -> Result<M, BoxError> {
        M::decode(message).map_err(Into::into)
    }
}
