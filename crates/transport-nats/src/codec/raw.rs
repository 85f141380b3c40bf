use bytes::Bytes;
use towerkit_endpoint::{Context, Error, Metadata};

use super::{DecodeRequest, DecodeResponse, EncodeRequest, EncodeResponse};
use crate::Reply;

/// Payloads as they are: read as [`Bytes`], written from whatever converts into them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl DecodeRequest<Bytes> for Raw {
    fn decode(&self, _: &mut Context, payload: Bytes) -> Result<Bytes, Error> {
        Ok(payload)
    }
}

impl<R: Into<Bytes>> EncodeResponse<R> for Raw {
    fn encode(&self, reply: R) -> Result<Reply, Error> {
        Ok(Reply::new(reply))
    }
}

impl<T: Into<Bytes>> EncodeRequest<T> for Raw {
    fn encode(&self, message: T, _: &mut Metadata) -> Result<Bytes, Error> {
        Ok(message.into())
    }
}

impl DecodeResponse<Bytes> for Raw {
    fn decode(&self, _: &mut Metadata, payload: Bytes) -> Result<Bytes, Error> {
        Ok(payload)
    }
}
