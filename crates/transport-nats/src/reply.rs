use std::fmt;

use bytes::Bytes;
use futures_core::Stream;
use towerkit_endpoint::{BoxStream, Error, Metadata};

/// What a server sends back: headers and a payload. A writer of replies makes it, and a writer of errors.
///
/// ```
/// use towerkit_transport_nats::Reply;
///
/// let reply = Reply::new("pong");
/// assert!(reply.headers().is_empty());
/// ```
#[derive(Default)]
pub struct Reply {
    headers: Metadata,
    payload: Bytes,
    items: Option<BoxStream<Self>>,
}

impl Reply {
    /// Without headers.
    #[must_use]
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }

    /// One that is a [stream](crate::stream): its headers go before all, and each item is a message. A writer that makes it says that it
    /// [streams](crate::codec::EncodeResponse::STREAMS).
    #[must_use]
    pub fn stream(items: impl Stream<Item = Result<Self, Error>> + Send + 'static) -> Self {
        Self { items: Some(Box::pin(items)), ..Self::default() }
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &Metadata {
        &self.headers
    }

    /// The headers, to change.
    pub const fn headers_mut(&mut self) -> &mut Metadata {
        &mut self.headers
    }

    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    pub(crate) const fn take_items(&mut self) -> Option<BoxStream<Self>> {
        self.items.take()
    }

    pub(crate) const fn from_parts(headers: Metadata, payload: Bytes) -> Self {
        Self { headers, payload, items: None }
    }

    pub(crate) fn into_parts(self) -> (Metadata, Bytes) {
        (self.headers, self.payload)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("headers", &self.headers)
            .field("payload", &self.payload)
            .field("streams", &self.items.is_some())
            .finish()
    }
}
