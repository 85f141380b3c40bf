use std::fmt;

use http::Extensions;

use crate::Metadata;

/// A reply that brings metadata of its own; the default encoder of every transport understands it.
///
/// Most replies are plain `R`. Where one needs a header, a trailer or a status, its endpoint's reply is
/// `WithMetadata<R>`.
///
/// ```
/// use http::{HeaderValue, StatusCode, header};
/// use towerkit_endpoint::WithMetadata;
///
/// // "201 Created, and here it is": the status is read by HTTP and means nothing to the other transports.
/// let reply = WithMetadata::new("profile 7")
///     .with_metadata(header::LOCATION, HeaderValue::from_static("/profiles/7"))
///     .with_extension(StatusCode::CREATED);
/// # let _ = reply;
/// ```
#[derive(Clone, Default)]
pub struct WithMetadata<R> {
    reply: R,
    parts: ReplyParts,
}

/// What goes beside a reply.
#[derive(Clone, Default)]
struct ReplyParts {
    metadata: Metadata,
    trailers: Metadata,
    extensions: Extensions,
}

impl<R> WithMetadata<R> {
    /// A reply with nothing beside it yet.
    #[must_use]
    pub fn new(reply: R) -> Self {
        Self { reply, parts: ReplyParts::default() }
    }

    /// Adds a header: HTTP and NATS send it as one, gRPC as leading metadata.
    #[must_use]
    pub fn with_metadata(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.parts.metadata.append(name, value);
        self
    }

    /// Adds a trailer: gRPC sends it after the reply; the other transports send it as a header, since few of their clients
    /// read trailers.
    #[must_use]
    pub fn with_trailer(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.parts.trailers.append(name, value);
        self
    }

    /// Adds a value for one transport; others pass it over. HTTP reads an [`http::StatusCode`].
    #[must_use]
    pub fn with_extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
        self.parts.extensions.insert(value);
        self
    }

    /// The reply.
    #[must_use]
    pub const fn reply(&self) -> &R {
        &self.reply
    }

    /// The headers, to change: for transports that read a reply.
    pub const fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.parts.metadata
    }

    /// The trailers, to change: for transports that read a reply.
    pub const fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.parts.trailers
    }

    /// Reply, metadata, trailers and extensions apart: what an encoder starts from.
    #[must_use]
    pub fn into_parts(self) -> (R, Metadata, Metadata, Extensions) {
        (self.reply, self.parts.metadata, self.parts.trailers, self.parts.extensions)
    }

    /// Another reply with the same things beside it.
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(R) -> U) -> WithMetadata<U> {
        WithMetadata { reply: f(self.reply), parts: self.parts }
    }
}

impl<R> From<R> for WithMetadata<R> {
    fn from(reply: R) -> Self {
        Self::new(reply)
    }
}

impl<R: fmt::Debug> fmt::Debug for WithMetadata<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithMetadata")
            .field("reply", &self.reply)
            .field("metadata", &self.parts.metadata)
            .field("trailers", &self.parts.trailers)
            .finish_non_exhaustive()
    }
}
