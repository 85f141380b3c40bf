use towerkit_http_client::ReplyBody;

use super::REGISTRY;
use crate::RegistryError;

/// The longest line, in bytes: a slice has at most a thousand endpoints (EndpointSlice's documentation), of some
/// hundred bytes each.
pub(super) const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// A body that is read line by line.
pub(super) struct Lines {
    body: ReplyBody,
    buffer: Vec<u8>,
    /// How much of the buffer is known to be without the end of a line.
    looked_at: usize,
}

impl Lines {
    pub(super) const fn new(body: ReplyBody) -> Self {
        Self { body, buffer: Vec::new(), looked_at: 0 }
    }

    /// The next lines: all those that are there, as soon as there is one. None at the end of the body; what is behind
    /// the last end of a line is no line then.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, RegistryError> {
        loop {
            let unseen = self.buffer.get(self.looked_at..).unwrap_or_default();
            if let Some(end) = unseen.iter().rposition(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(self.looked_at + end + 1);
                self.looked_at = rest.len();
                return Ok(Some(std::mem::replace(&mut self.buffer, rest)));
            }
            self.looked_at = self.buffer.len();
            if self.buffer.len() > LONGEST_LINE {
                return Err(RegistryError::malformed(
                    REGISTRY,
                    format!("a line of the watch has more than {LONGEST_LINE} bytes"),
                ));
            }
            match self.body.next().await {
                Ok(None) => return Ok(None),
                Ok(Some(piece)) => self.buffer.extend_from_slice(&piece),
                Err(error) => {
                    return Err(RegistryError::unavailable(REGISTRY, "the watch is broken").with_source(error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    fn lines(parts: Vec<Vec<u8>>) -> Lines {
        let frames = parts.into_iter().map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from(part))));
        Lines::new(ReplyBody::new(StreamBody::new(stream::iter(frames))))
    }

    #[tokio::test]
    async fn lines_are_put_together_whatever_the_chunks_are() {
        let text = b"one\ntwo\n\nthree\nhalf";
        for size in 1..=text.len() {
            let mut lines = lines(text.chunks(size).map(<[u8]>::to_vec).collect());
            let mut all = Vec::new();
            while let Some(some) = lines.next().await.unwrap() {
                assert!(some.ends_with(b"\n"));
                all.extend(some);
            }
            assert_eq!(all, b"one\ntwo\n\nthree\n", "in chunks of {size}");
        }
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_an_error_before_it_fills_the_memory() {
        let mut lines = lines(vec![vec![b'x'; LONGEST_LINE / 2]; 100]);
        lines.next().await.unwrap_err();
        assert!(lines.buffer.len() <= 2 * LONGEST_LINE);
    }
}
