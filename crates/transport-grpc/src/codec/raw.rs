use bytes::{Bytes, BytesMut};
use towerkit_endpoint::BoxError;

use super::Codec;

/// Bytes as they are, whatever they mean. Its subtype is that of protobuf, since it mostly passes such messages on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl Codec<Bytes> for Raw {
    const SUBTYPE: &'static str = "proto";

    fn size_hint(&self, message: &Bytes) -> usize {
        message.len()
    }

    fn encode(&self, message: &Bytes, into: &mut BytesMut) -> Result<(), BoxError> {
        into.extend_from_slice(message);
        Ok(())
    }

    fn decode(&self, message: Bytes) -> Result<Bytes, BoxError> {
        Ok(message)
    }
}
