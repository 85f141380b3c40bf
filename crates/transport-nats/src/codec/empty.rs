use bytes::Bytes;
use towerkit_endpoint::{Context, Error, Metadata};

use super::{DecodeRequest, DecodeResponse, EncodeRequest, EncodeResponse};
use crate::Reply;

/// Nothing: a payload that is not looked at is `()`, and `()` is an empty payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empty;

impl DecodeRequest<()> for Empty {
    fn decode(&self, _: &mut Context, _: Bytes) -> Result<(), Error> {
        Ok(())
    }
}

impl EncodeResponse<()> for Empty {
    fn encode(&self, (): ()) -> Result<Reply, Error> {
        Ok(Reply::default())
    }
}

impl EncodeRequest<()> for Empty {
    fn encode(&self, (): (), _: &mut Metadata) -> Result<Bytes, Error> {
        Ok(Bytes::new())
    }
}

impl DecodeResponse<()> for Empty {
    fn decode(&self, _: &mut Metadata, _: Bytes) -> Result<(), Error> {
        Ok(())
    }
}
