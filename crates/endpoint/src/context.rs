use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Extensions, HeaderName};
use tokio::time::Instant;

use crate::{Error, Metadata, Tail, TraceContext, Via, timeout};

/// What travels with a message: its deadline, its metadata, the peer it came from, and typed values that stay in the process.
///
/// A server's transport fills it; layers read and add to it; the endpoint may read it
/// ([`service_fn`](crate::service_fn) instead of [`endpoint_fn`](crate::endpoint_fn)). It is cheap to make: an empty one
/// allocates nothing.
///
/// # Calling another service
///
/// A call made while serving a request starts from [`outgoing`](Self::outgoing), never from a clone: it carries the
/// deadline, the trace, and what is named; an incoming `authorization` or cookie does not reach another service by
/// accident.
///
/// ```
/// use std::time::Duration;
/// use towerkit_endpoint::{Context, Request};
///
/// let mut incoming = Context::new();
/// incoming.shorten_deadline_within(Duration::from_secs(2));
/// incoming.metadata_mut().set("authorization", "Bearer secret")?;
/// incoming.metadata_mut().set("x-tenant", "blue")?;
///
/// let outgoing = incoming.outgoing_with(["x-tenant"]);
/// assert_eq!(outgoing.deadline(), incoming.deadline());
/// assert_eq!(outgoing.metadata().get("x-tenant"), Some("blue"));
/// assert_eq!(outgoing.metadata().get("authorization"), None);
/// let call = Request::with_context(outgoing, "the message");
/// # let _ = call;
/// # Ok::<(), towerkit_endpoint::InvalidMetadata>(())
/// ```
#[derive(Default)]
pub struct Context {
    deadline: Option<Instant>,
    peer: Option<SocketAddr>,
    via: Option<Via>,
    trace: Option<TraceContext>,
    tail: Option<Tail>,
    metadata: Metadata,
    extensions: Extensions,
    carried: Extensions,
}

impl Context {
    /// The metadata that [`outgoing`](Self::outgoing) passes on unasked: the trace, in the forms of W3C Trace Context
    /// and of B3. A service that takes no part in tracing still does not cut the trace.
    pub const TRACE_METADATA: [HeaderName; 8] = [
        HeaderName::from_static("traceparent"),
        HeaderName::from_static("tracestate"),
        HeaderName::from_static("b3"),
        HeaderName::from_static("x-b3-traceid"),
        HeaderName::from_static("x-b3-spanid"),
        HeaderName::from_static("x-b3-parentspanid"),
        HeaderName::from_static("x-b3-sampled"),
        HeaderName::from_static("x-b3-flags"),
    ];

    /// Without deadline, metadata or values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a server's transport starts from: the metadata that came over the wire, and the typed values that it and the
    /// foreign layers around it put beside the request. Both are moved in.
    #[must_use]
    pub fn from_parts(metadata: impl Into<Metadata>, extensions: Extensions) -> Self {
        Self { metadata: metadata.into(), extensions, ..Self::default() }
    }

    /// When the caller stops waiting, if it said so or a layer set it.
    ///
    /// It is a point of Tokio's clock, which tests can pause, and is sent to other services as a duration, so that
    /// clocks need not agree.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How long there is until the deadline: zero once it has passed, none without one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Sets the deadline to a time from now, unless an earlier one stands. A deadline can only be shortened; a time too
    /// long for the clock changes nothing.
    pub fn shorten_deadline_within(&mut self, from_now: Duration) {
        if let Some(deadline) = Instant::now().checked_add(from_now) {
            self.shorten_deadline_until(deadline);
        }
    }

    /// Sets the deadline, unless an earlier one stands.
    pub fn shorten_deadline_until(&mut self, deadline: Instant) {
        self.deadline = Some(self.deadline.map_or(deadline, |earlier| earlier.min(deadline)));
    }

    /// What came over the wire, or will go over it.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata, to change.
    pub const fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The address the request came from, as a server's transport saw it. Behind a proxy it is the proxy's.
    #[must_use]
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Sets the address the request came from: for transports.
    pub const fn set_peer(&mut self, peer: Option<SocketAddr>) {
        self.peer = peer;
    }

    /// How the request came; none where no transport brought it.
    #[must_use]
    pub const fn via(&self) -> Option<&Via> {
        self.via.as_ref()
    }

    /// Says how the request came: for transports.
    pub fn set_via(&mut self, via: Option<Via>) {
        self.via = via;
    }

    /// The trace that the call belongs to, and its span under way, where a layer takes part in tracing. An
    /// [`outgoing`](Self::outgoing) call belongs to it too.
    #[must_use]
    pub const fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// Says which trace the call belongs to: for layers.
    pub const fn set_trace(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
    }

    /// Where layers leave what they hold until the end of a reply that is a stream; none where the call is over with its
    /// future.
    #[must_use]
    pub const fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// Says that the reply is a stream: for transports.
    pub fn set_tail(&mut self, tail: Tail) {
        self.tail = Some(tail);
    }

    /// The value of a type, if a transport, a layer or the caller put one in: claims, a span, what a route matched.
    #[must_use]
    pub fn get<V: Send + Sync + 'static>(&self) -> Option<&V> {
        self.extensions.get().or_else(|| self.carried.get())
    }

    /// Puts a value in under its type, in place of the one that stood there. It stays in this process and with this
    /// request. The first value costs an allocation.
    pub fn insert<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        self.extensions.insert(value);
    }

    /// Puts a value in that goes along with [`outgoing`](Self::outgoing) calls: a span that is to be their parent, a
    /// request id. It is a layer of the client's stack that writes it into their metadata.
    pub fn carry<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        self.carried.insert(value);
    }

    /// Takes the value of a type out.
    pub fn remove<V: Clone + Send + Sync + 'static>(&mut self) -> Option<V> {
        self.extensions.remove().or_else(|| self.carried.remove())
    }

    /// The context to call another service in: the same deadline, the trace ([what came](Self::TRACE_METADATA) of it and
    /// [what is under way](Self::trace)), and the values that were [carried](Self::carry). Nothing else goes along.
    #[must_use]
    pub fn outgoing(&self) -> Self {
        self.outgoing_with([])
    }

    /// [`outgoing`](Self::outgoing), with the metadata of these names as well.
    #[must_use]
    pub fn outgoing_with<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let Self { deadline, trace, ref carried, .. } = *self;
        let mut outgoing = Self { deadline, trace, carried: carried.clone(), ..Self::default() };
        if !self.metadata.is_empty() {
            let named = names.into_iter().filter_map(|name| name.parse().ok());
            for name in Self::TRACE_METADATA.into_iter().chain(named) {
                for value in self.metadata.get_all(&name) {
                    outgoing.metadata.append(name.clone(), value.clone());
                }
            }
        }
        outgoing
    }

    /// Server side of [`timeout::HEADER`]: takes the header out of the metadata and shortens the deadline by it.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, naming the header, where its value is not a timeout.
    pub fn accept_timeout(&mut self) -> Result<(), Error> {
        if let Some(value) = self.metadata.remove(timeout::HEADER) {
            self.shorten_deadline_within(
                timeout::decode(&value).map_err(|invalid| Error::invalid(timeout::HEADER_NAME, invalid.to_string()))?,
            );
        }
        Ok(())
    }

    /// Client side of [`timeout::HEADER`]: writes the time that is left into the metadata; without a deadline, nothing.
    pub fn announce_timeout(&mut self) {
        if let Some(remaining) = self.remaining() {
            self.metadata.insert(timeout::HEADER, timeout::encode(remaining));
        }
    }
}

/// Retries clone each request, and most contexts hold little: such a one is written in place, word by word.
impl Clone for Context {
    #[inline]
    fn clone(&self) -> Self {
        let Self { deadline, peer, via, trace, tail, metadata, extensions, carried } = self;
        if via.is_none() && tail.is_none() && metadata.is_empty() && extensions.is_empty() && carried.is_empty() {
            return Self { deadline: *deadline, peer: *peer, trace: *trace, ..Self::default() };
        }
        self.clone_all()
    }
}

impl Context {
    #[cold]
    #[inline(never)]
    fn clone_all(&self) -> Self {
        let Self { deadline, peer, via, trace, tail, metadata, extensions, carried } = self;
        Self {
            deadline: *deadline,
            peer: *peer,
            via: via.clone(),
            trace: *trace,
            tail: tail.clone(),
            metadata: metadata.clone(),
            extensions: extensions.clone(),
            carried: carried.clone(),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("remaining", &self.remaining())
            .field("peer", &self.peer)
            .field("via", &self.via)
            .field("trace", &self.trace)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
