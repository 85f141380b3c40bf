use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use towerkit_endpoint::{Error, Metadata};

use crate::headers;

/// How many items the caller takes.
pub(crate) const CREDIT: http::HeaderName = http::HeaderName::from_static("towerkit-stream-credit");

const KIND: http::HeaderName = http::HeaderName::from_static("towerkit-stream");
const SEQ: http::HeaderName = http::HeaderName::from_static("towerkit-seq");

/// What the caller says to cancel.
pub(super) const CANCEL: &[u8] = b"cancel";

/// What a message of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Item,
    Beat,
    End,
}

/// The headers of a stream's message.
pub(super) fn write(kind: Kind, seq: u64, metadata: &Metadata) -> Result<HeaderMap, Error> {
    let mut written = headers::write(metadata)?.unwrap_or_default();
    let word = match kind {
        Kind::Open => Some("open"),
        Kind::Item => None,
        Kind::Beat => Some("beat"),
        Kind::End => Some("end"),
    };
    if let Some(word) = word {
        written.insert(HeaderName::from_static("towerkit-stream"), word);
    }
    written.insert(HeaderName::from_static("towerkit-seq"), async_nats::HeaderValue::from(seq));
    Ok(written)
}

/// How many bytes these headers are on the wire, at most.
pub(super) fn wire_len(metadata: &Metadata) -> usize {
    const OWN: usize =
        "NATS/1.0\r\n\r\n".len() + "towerkit-stream: open\r\n".len() + "towerkit-seq: 18446744073709551615\r\n".len();
    headers::wire_len(metadata) + OWN
}

/// What a message is, and how many items went before; none where it is no message of a stream.
pub(super) fn read(headers: Option<&HeaderMap>) -> Option<(Kind, u64)> {
    let headers = headers?;
    let seq = headers.get(HeaderName::from_static("towerkit-seq"))?.as_str().parse().ok()?;
    let kind = match headers.get(HeaderName::from_static("towerkit-stream")).map(async_nats::HeaderValue::as_str) {
        None => Kind::Item,
        Some("open") => Kind::Open,
        Some("beat") => Kind::Beat,
        Some("end") => Kind::End,
        Some(_) => return None,
    };
    Some((kind, seq))
}

/// The headers that are not the stream's own.
pub(super) fn metadata(headers: Option<&HeaderMap>, limit: usize) -> Result<Metadata, Error> {
    let Some(headers) = headers else { return Ok(Metadata::new()) };
    let mut metadata = headers::read(headers, limit)?;
    metadata.remove(KIND);
    metadata.remove(SEQ);
    Ok(metadata)
}
