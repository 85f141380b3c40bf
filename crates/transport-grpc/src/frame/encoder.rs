use bytes::{Bytes, BytesMut};
use towerkit_endpoint::{Code, Error};

use super::HEADER;
use crate::codec::Codec;
use crate::compression::Compression;

/// Writes messages into frames.
#[derive(Clone)]
pub(crate) struct Encoder<C> {
    codec: C,
    limit: usize,
    compression: Option<Compression>,
}

impl<C> Encoder<C> {
    pub(crate) const fn new(codec: C, limit: usize, compression: Option<Compression>) -> Self {
        Self { codec, limit, compression }
    }

    /// One message, alone.
    pub(crate) fn frame<M>(&self, message: &M) -> Result<Bytes, Error>
    where
        C: Codec<M>,
    {
        let mut bytes = BytesMut::with_capacity(HEADER + self.codec.size_hint(message));
        self.append(message, &mut bytes)?;
        Ok(bytes.freeze())
    }

    /// One more message. Where it can't be written nothing is.
    pub(crate) fn append<M>(&self, message: &M, into: &mut BytesMut) -> Result<(), Error>
    where
        C: Codec<M>,
    {
        let start = into.len();
        let result = self.write(message, into);
        if result.is_err() {
            into.truncate(start);
        }
        result
    }

    fn write<M>(&self, message: &M, into: &mut BytesMut) -> Result<(), Error>
    where
        C: Codec<M>,
    {
        let start = into.len();
        into.extend_from_slice(&[0; HEADER]);
        self.codec.encode(message, into).map_err(Error::internal)?;
        // The limit is of what is sent, and of what the peer makes of it.
        let length = into.len() - start - HEADER;
        let wire_length = u32::try_from(length).ok().filter(|_| length <= self.limit).ok_or_else(|| {
            let limit = self.limit;
            Error::new(
                Code::ResourceExhausted,
                format!("a message of {length} bytes is longer than the limit of {limit}"),
            )
        })?;
        into[start + 1..start + HEADER].copy_from_slice(&wire_length.to_be_bytes());
        match self.compression {
            Some(compression) => compress(compression, start, into),
            None => Ok(()),
        }
    }
}

/// Puts what was written since in its compressed form. What becomes no shorter is left as it is.
#[cfg(feature = "compression")]
fn compress(compression: Compression, start: usize, into: &mut BytesMut) -> Result<(), Error> {
    let compressed = compression.compress(&into[start + HEADER..]).map_err(Error::internal)?;
    if compressed.len() < into.len() - start - HEADER {
        into.truncate(start + HEADER);
        into.extend_from_slice(&compressed);
        // It is shorter than what had a length of four bytes.
        let length = u32::try_from(compressed.len()).map_err(Error::internal)?;
        into[start] = 1;
        into[start + 1..start + HEADER].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

#[cfg(not(feature = "compression"))]
fn compress(none: Compression, _: usize, _: &mut BytesMut) -> Result<(), Error> {
    match none {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Raw;

    #[test]
    fn a_message_follows_its_flag_and_its_length() {
        let frame = Encoder::new(Raw, 10, None).frame(&Bytes::from_static(b"abc")).unwrap();
        assert_eq!(frame, "\0\0\0\0\x03abc");
    }

    #[test]
    fn one_that_is_too_long_leaves_no_trace() {
        let encoder = Encoder::new(Raw, 3, None);
        let mut bytes = BytesMut::new();
        encoder.append(&Bytes::from_static(b"abc"), &mut bytes).unwrap();
        let error = encoder.append(&Bytes::from_static(b"abcd"), &mut bytes).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert_eq!(bytes, "\0\0\0\0\x03abc");
    }

    #[cfg(feature = "compression")]
    #[test]
    fn only_what_becomes_shorter_is_compressed() {
        let encoder = Encoder::new(Raw, 1000, Some(Compression::Gzip));
        assert_eq!(encoder.frame(&Bytes::from_static(b"abc")).unwrap()[0], 0);
        let frame = encoder.frame(&Bytes::from(vec![7; 1000])).unwrap();
        assert_eq!(frame[0], 1);
        assert!(frame.len() < 100);
    }
}
