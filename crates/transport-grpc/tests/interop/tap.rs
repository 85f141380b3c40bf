//! Looks at what goes by on the wire: whether messages are compressed.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::TryFutureExt as _;
use futures_util::future::MapOk;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tower::Service;
use towerkit_transport_http::Body;

use crate::service::Flags;

/// In front of our server: puts the flags of the messages that come among the extensions of the request.
#[derive(Clone)]
pub(crate) struct TapRequests<S>(pub(crate) S);

impl<S: Service<Request<Tapped<Body>>>> Service<Request<Body>> for TapRequests<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        let flags = Flags::default();
        request.extensions_mut().insert(flags.clone());
        self.0.call(request.map(|body| Tapped::new(body, flags)))
    }
}

/// Behind our client: the flags of the messages that come in all replies.
#[derive(Clone)]
pub(crate) struct TapReplies<S> {
    channel: S,
    flags: Flags,
}

impl<S> TapReplies<S> {
    pub(crate) fn new(channel: S) -> (Self, Flags) {
        let flags = Flags::default();
        (Self { channel, flags: flags.clone() }, flags)
    }
}

type Tap<B> = Box<dyn FnOnce(Response<B>) -> Response<Tapped<B>> + Send>;

impl<S, Q, B> Service<Request<Q>> for TapReplies<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<Tapped<B>>;
    type Error = S::Error;
    type Future = MapOk<S::Future, Tap<B>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.channel.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let flags = self.flags.clone();
        let tap: Tap<B> = Box::new(|response| response.map(|body| Tapped::new(body, flags)));
        self.channel.call(request).map_ok(tap)
    }
}

/// A body whose messages are looked at as they come.
pub(crate) struct Tapped<B> {
    body: B,
    flags: Flags,
    /// What has come of the five bytes before a message.
    header: Vec<u8>,
    /// How many bytes of the message are to come.
    rest: usize,
}

impl<B> Tapped<B> {
    fn new(body: B, flags: Flags) -> Self {
        Self { body, flags, header: Vec::new(), rest: 0 }
    }

    fn look(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let taken = self.rest.min(bytes.len());
                (bytes, self.rest) = (&bytes[taken..], self.rest - taken);
                continue;
            }
            self.header.push(bytes[0]);
            bytes = &bytes[1..];
            if let [flag, length @ ..] = &*self.header
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.flags.0.lock().unwrap().push(*flag == 1);
                self.rest = u32::from_be_bytes(length).try_into().unwrap();
                self.header.clear();
            }
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Tapped<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            self.look(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
