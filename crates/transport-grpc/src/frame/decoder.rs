use bytes::{Buf, Bytes, BytesMut};

use super::{FrameError, HEADER};
use crate::compression::Compression;

/// The most that is set aside for a message because its header says so: more only as it comes.
const FIRST: usize = 64 << 10;

/// Takes messages out of the bytes of a body, in whatever pieces they come. What comes in one piece is not copied.
pub(crate) struct Decoder {
    limit: usize,
    compression: Option<Compression>,
    /// What came last, as far as it has not been taken.
    piece: Bytes,
    /// The beginning of a message of which more is to come. Then there is no piece.
    begun: BytesMut,
}

impl Decoder {
    pub(crate) fn new(limit: usize, compression: Option<Compression>) -> Self {
        Self { limit, compression, piece: Bytes::new(), begun: BytesMut::new() }
    }

    /// More bytes have come.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        if self.begun.is_empty() {
            if self.piece.is_empty() {
                self.piece = bytes;
                return;
            }
            let length = header(&self.piece).map_or(0, |(_, length)| length);
            self.begun.reserve((HEADER + length).min(FIRST).max(self.piece.len() + bytes.len()));
            self.begun.extend_from_slice(&std::mem::take(&mut self.piece));
        }
        self.begun.extend_from_slice(&bytes);
    }

    /// The next message that is there as a whole.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        let there: &[u8] = if self.begun.is_empty() { &self.piece } else { &self.begun };
        let Some((flag, length)) = header(there) else { return Ok(None) };
        if length > self.limit {
            return Err(FrameError::TooLarge { limit: self.limit });
        }
        if flag > 1 {
            return Err(FrameError::Flag(flag));
        }
        if there.len() - HEADER < length {
            return Ok(None);
        }
        if !self.begun.is_empty() {
            self.piece = std::mem::take(&mut self.begun).freeze();
        }
        self.piece.advance(HEADER);
        let message = self.piece.split_to(length);
        if flag == 0 { Ok(Some(message)) } else { self.decompress(&message).map(Some) }
    }

    #[cfg(feature = "compression")]
    fn decompress(&self, message: &[u8]) -> Result<Bytes, FrameError> {
        let compression = self.compression.ok_or(FrameError::NoEncoding)?;
        let plain =
            compression.decompress(message, self.limit).map_err(|error| FrameError::Compressed(error.into()))?;
        plain.ok_or(FrameError::TooLarge { limit: self.limit })
    }

    #[cfg(not(feature = "compression"))]
    fn decompress(&self, _: &[u8]) -> Result<Bytes, FrameError> {
        match self.compression {
            Some(none) => match none {},
            None => Err(FrameError::NoEncoding),
        }
    }

    /// Whether a message has begun that is not there as a whole.
    pub(crate) fn is_within_message(&self) -> bool {
        !self.piece.is_empty() || !self.begun.is_empty()
    }
}

/// Flag and length.
fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let (flag, rest) = bytes.split_first()?;
    let length = u32::from_be_bytes(*rest.first_chunk()?);
    Some((*flag, usize::try_from(length).unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
        let mut decoder = Decoder::new(100, None);
        let mut messages = Vec::new();
        for piece in pieces {
            decoder.push(Bytes::copy_from_slice(piece));
            while let Some(message) = decoder.next().unwrap() {
                messages.push(message.to_vec());
            }
        }
        (messages, decoder.is_within_message())
    }

    #[test]
    fn messages_come_out_whole_however_they_are_cut() {
        let wire = b"\0\0\0\0\x03abc\0\0\0\0\0\0\0\0\0\x02de";
        let whole = vec![b"abc".to_vec(), b"".to_vec(), b"de".to_vec()];
        assert_eq!(decoded(&[wire]), (whole.clone(), false));
        let bytes: Vec<&[u8]> = wire.chunks(1).collect();
        assert_eq!(decoded(&bytes), (whole.clone(), false));
        for first in 0..wire.len() {
            for second in first..wire.len() {
                let pieces = [&wire[..first], &wire[first..second], &wire[second..]];
                assert_eq!(decoded(&pieces), (whole.clone(), false), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_message_without_its_end_is_seen() {
        assert_eq!(decoded(&[b"\0\0\0\0\x03ab"]), (vec![], true));
        assert_eq!(decoded(&[b"\0\0"]), (vec![], true));
    }

    #[test]
    fn memory_is_set_aside_as_it_comes_and_not_because_a_header_says_so() {
        let mut decoder = Decoder::new(4 << 20, None);
        decoder.push(Bytes::from_static(b"\0\0\x3f\xff\xff"));
        decoder.push(Bytes::from_static(b"a"));
        assert!(decoder.next().unwrap().is_none());
        assert!(decoder.begun.capacity() <= 2 * FIRST, "{}", decoder.begun.capacity());
    }

    #[test]
    fn one_that_is_longer_than_the_limit_is_refused_by_its_header() {
        let mut decoder = Decoder::new(100, None);
        decoder.push(Bytes::from_static(b"\0\0\0\0\x65"));
        assert!(matches!(decoder.next(), Err(FrameError::TooLarge { limit: 100 })));
    }

    #[test]
    fn flags_that_mean_nothing_are_refused() {
        for (wire, refused) in [(b"\x02\0\0\0\0", true), (b"\0\0\0\0\0", false)] {
            let mut decoder = Decoder::new(100, None);
            decoder.push(Bytes::from_static(wire));
            assert_eq!(matches!(decoder.next(), Err(FrameError::Flag(2))), refused);
        }
        let mut decoder = Decoder::new(100, None);
        decoder.push(Bytes::from_static(b"\x01\0\0\0\0"));
        assert!(matches!(decoder.next(), Err(FrameError::NoEncoding)));
    }

    #[cfg(feature = "compression")]
    #[test]
    fn what_decompresses_to_more_than_the_limit_is_refused() {
        for compression in [Compression::Gzip, Compression::Deflate] {
            for (bytes, good) in [(100, true), (101, false)] {
                let small = compression.compress(&vec![7; bytes]).unwrap();
                let mut decoder = Decoder::new(100, Some(compression));
                decoder.push([&[1, 0, 0, 0, u8::try_from(small.len()).unwrap()], &*small].concat().into());
                assert_eq!(decoder.next().is_ok(), good, "{compression:?} {bytes}");
            }
        }
    }
}
