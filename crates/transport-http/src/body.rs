mod bounded;
mod streamed;
mod tailed;

use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use towerkit_endpoint::{BoxError, Error, ErrorHandlers, PeerIdentity};

use bounded::Bounded;
pub(crate) use bounded::{BodyLimits, too_large};
use futures_core::Stream;
use streamed::Streamed;
pub(crate) use tailed::Tailed;

use crate::StreamStop;

/// The body of a request or of a reply, whatever it comes from.
///
/// Bytes in memory and hyper's own body are held as they are; any other [`http_body::Body`] costs one box.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use towerkit_transport_http::{Body, ReadError};
///
/// assert_eq!(Body::from("four").read(4).await.unwrap(), "four");
/// assert!(matches!(Body::from("four").read(3).await, Err(ReadError::TooLarge { limit: 3 })));
/// # }
/// ```
pub struct Body {
    kind: Kind,
    origin: Option<Arc<Origin>>,
}

/// What all requests of one connection have in common.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) peer: SocketAddr,
    pub(crate) limits: BodyLimits,
    pub(crate) stop: StreamStop,
    pub(crate) on_error: Option<Arc<ErrorHandlers>>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Session>,
}

impl Origin {
    /// A connection without TLS.
    pub(crate) fn plain(
        peer: SocketAddr,
        limits: BodyLimits,
        stop: StreamStop,
        on_error: Option<Arc<ErrorHandlers>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            peer,
            limits,
            stop,
            on_error,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    #[cfg(feature = "tls")]
    fn peer_identity(&self) -> Option<&PeerIdentity> {
        self.tls.as_ref()?.peer()
    }

    #[cfg(not(feature = "tls"))]
    const fn peer_identity(&self) -> Option<&PeerIdentity> {
        let _ = self;
        None
    }
}

enum Kind {
    Full(Option<Bytes>),
    Incoming(Incoming),
    Bounded(Bounded),
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    /// No bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self { kind: Kind::Full(None), origin: None }
    }

    /// Any body of bytes.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        // Through `Any`, since a `Body` and hyper's `Incoming` need no box, and here their type is known only as `B`.
        let mut body = Some(body);
        let any: &mut dyn Any = &mut body;
        if let Some(ours) = any.downcast_mut::<Option<Self>>().and_then(Option::take) {
            return ours;
        }
        if let Some(incoming) = any.downcast_mut::<Option<Incoming>>().and_then(Option::take) {
            return incoming.into();
        }
        body.map_or_else(Self::empty, |body| Kind::Boxed(body.map_err(Into::into).boxed_unsync()).into())
    }

    /// A body that is made while it is read: each item is sent as soon as it is there, and an error breaks the body off.
    pub fn from_stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Error> + 'static,
    {
        Kind::Boxed(Streamed { stream }.map_err(|error| error.into().into()).boxed_unsync()).into()
    }

    /// A request's body off the network, held to the limits of where it comes from.
    pub(crate) fn bounded(incoming: Incoming, origin: Arc<Origin>) -> Self {
        // Only one of no bytes can be at its end, and HTTP/2 takes a lock to say so.
        let ended = incoming.size_hint().exact() == Some(0) && incoming.is_end_stream();
        let kind = if ended { Kind::Full(None) } else { Kind::Bounded(Bounded::new(incoming)) };
        Self { kind, origin: Some(origin) }
    }

    /// The address of the peer whose request this is the body of, where it came by [`serve`](crate::serve()).
    ///
    /// A [`Server`](crate::Server) hands it to the [`Context`](towerkit_endpoint::Context::peer). It is here, and not among the
    /// request's extensions, since those cost three allocations a request. Where a foreign service wants it there, a layer
    /// puts it in:
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use tower::util::MapRequestLayer;
    /// use towerkit_transport_http::Body;
    ///
    /// let with_peer = MapRequestLayer::new(|mut request: http::Request<Body>| {
    ///     if let Some(peer) = request.body().peer() {
    ///         request.extensions_mut().insert::<SocketAddr>(peer);
    ///     }
    ///     request
    /// });
    /// # let _ = with_peer;
    /// ```
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.origin.as_ref().map(|origin| origin.peer)
    }

    /// Who the peer is by its certificate, where the request came by [`serve`](crate::serve()) over mutual TLS. Without the feature `tls` there is none.
    ///
    /// A [`Server`](crate::Server) hands it to the endpoint's context. Where a foreign service wants it among the request's
    /// extensions, a layer puts it in, as with [`peer`](Self::peer):
    ///
    /// ```
    /// use tower::util::MapRequestLayer;
    /// use towerkit_transport_http::Body;
    ///
    /// let with_identity = MapRequestLayer::new(|mut request: http::Request<Body>| {
    ///     if let Some(identity) = request.body().peer_identity().cloned() {
    ///         request.extensions_mut().insert(identity);
    ///     }
    ///     request
    /// });
    /// # let _ = with_identity;
    /// ```
    #[must_use]
    pub fn peer_identity(&self) -> Option<&PeerIdentity> {
        self.origin.as_ref()?.peer_identity()
    }

    /// What was agreed on with the peer where the request came by [`serve`](crate::serve()) over TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&crate::tls::Session> {
        self.origin.as_ref().and_then(|origin| origin.tls.as_ref())
    }

    /// Takes the limit of [`serve`](crate::serve()) on bytes off this body: for a protocol that bounds its messages itself, and
    /// may have any number of them.
    pub const fn lift_byte_limit(&mut self) {
        if let Kind::Bounded(bounded) = &mut self.kind {
            bounded.lifted.bytes = true;
        }
    }

    /// Takes the limit of [`serve`](crate::serve()) on the time between bytes off this body: for a stream that may be silent.
    pub const fn lift_time_limit(&mut self) {
        if let Kind::Bounded(bounded) = &mut self.kind {
            bounded.lifted.time = true;
        }
    }

    /// When a reply that is a stream is to end because the server stops, where the request came by [`serve`](crate::serve()).
    #[must_use]
    pub fn stream_stop(&self) -> Option<StreamStop> {
        self.origin.as_ref().map(|origin| origin.stop.clone())
    }

    /// Who hears of the errors of requests that came by [`serve`](crate::serve()), where somebody
    /// [does](crate::Serve::on_error): for transports that stand on HTTP.
    #[must_use]
    pub fn error_handlers(&self) -> Option<&Arc<ErrorHandlers>> {
        self.origin.as_ref()?.on_error.as_ref()
    }

    /// Reads the whole, up to a limit in bytes. One that says it is longer is not read at all; one that comes in a single
    /// piece is not copied. Trailers are passed over.
    ///
    /// # Errors
    ///
    /// When it is longer than the limit, or ends before its time.
    pub async fn read(mut self, limit: usize) -> Result<Bytes, ReadError> {
        if self.size_hint().lower() > limit as u64 {
            return Err(ReadError::TooLarge { limit });
        }
        let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame.map_err(ReadError::Broken)?.into_data() else { continue };
            if first.len() + rest.len() + data.len() > limit {
                return Err(ReadError::TooLarge { limit });
            }
            if first.is_empty() && rest.is_empty() {
                first = data;
            } else {
                if rest.is_empty() {
                    rest.extend_from_slice(&std::mem::take(&mut first));
                }
                rest.extend_from_slice(&data);
            }
            // A body that says it is at its end need not be asked once more.
            if self.is_end_stream() {
                break;
            }
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        match &mut this.kind {
            Kind::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Incoming(incoming) => Pin::new(incoming).poll_frame(cx).map_err(Into::into),
            Kind::Bounded(bounded) => match &this.origin {
                Some(origin) => bounded.poll_frame(cx, &origin.limits),
                None => Pin::new(&mut bounded.incoming).poll_frame(cx).map_err(Into::into),
            },
            Kind::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_none(),
            Kind::Incoming(incoming) => incoming.is_end_stream(),
            Kind::Bounded(bounded) => bounded.incoming.is_end_stream(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Incoming(incoming) => incoming.size_hint(),
            Kind::Bounded(bounded) => bounded.incoming.size_hint(),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self { kind, origin: None }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Kind::Full((!bytes.is_empty()).then_some(bytes)).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<Incoming> for Body {
    fn from(incoming: Incoming) -> Self {
        Kind::Incoming(incoming).into()
    }
}

/// Its size, never what is in it.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("size", &self.size_hint().exact()).finish_non_exhaustive()
    }
}

/// Why a body could not be [read](Body::read).
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// It is longer than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The connection, or what makes the body, failed before its end.
    Broken(BoxError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body is longer than {limit} bytes"),
            Self::Broken(_) => f.write_str("the body ended before its time"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Broken(error) => Some(&**error),
        }
    }
}
