//! Services that tonic's generator made.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::codegen::BoxFuture;
use tonic::transport::server::TcpConnectInfo;
use tower::util::ServiceExt;
use towerkit_endpoint::{BoxError, Code, Error};
use towerkit_transport_http::{Body, HttpService, StreamStop};

use super::route::{Mount, RouteReply};
use crate::status::{self, status_of};

/// A generated service. It finds beside a request what tonic's own server puts there.
pub(super) struct Generated<S>(pub(super) S);

impl<S: HttpService> Mount for Generated<S> {
    fn call(&self, mut request: Request<Body>) -> RouteReply {
        // Its messages are bounded by the service itself, and it may be of any kind.
        request.body_mut().lift_byte_limit();
        request.body_mut().lift_time_limit();
        if let Some(peer) = request.body().peer() {
            request.extensions_mut().insert(TcpConnectInfo { local_addr: None, remote_addr: Some(peer) });
        }
        if let Some(identity) = request.body().peer_identity().cloned() {
            request.extensions_mut().insert(identity);
        }
        if let Some(handlers) = request.body().error_handlers().cloned() {
            request.extensions_mut().insert(handlers);
        }
        let stop = request.body().stream_stop();
        let mut service = self.0.clone();
        // It is ready at once, as tonic generates it, and makes a box of the call: the request need not be moved into another.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => reply(service.call(request), stop),
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => reply(service.oneshot(request), stop),
        }
    }
}

fn reply<F, B>(call: F, stop: Option<StreamStop>) -> RouteReply
where
    F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    // Through `Any`, since what tonic generates needs no other box, and here its type is known only as `F`.
    let mut call = Some(call);
    let any: &mut dyn Any = &mut call;
    if let Some(call) = any.downcast_mut::<Option<Boxed>>().and_then(Option::take) {
        return RouteReply::Generated(Answering { call, stop });
    }
    match call {
        Some(call) => RouteReply::new(async move { answer(call.await, stop) }),
        None => RouteReply::new(std::future::pending()), // it was taken above
    }
}

/// A call, as tonic generates it.
type Boxed = BoxFuture<Response<tonic::body::Body>, Infallible>;

/// Such a call under way.
pub(super) struct Answering {
    call: Boxed,
    stop: Option<StreamStop>,
}

impl Answering {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        self.call.as_mut().poll(cx).map(|result| answer(result, self.stop.take()))
    }
}

fn answer<B>(result: Result<Response<B>, Infallible>, stop: Option<StreamStop>) -> Response<Body>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let response = result.unwrap_or_else(|never| match never {});
    response.map(|body| match stop {
        Some(stop) => Body::new(Stoppable { body, stop, stopped: None, ended: false }),
        None => Body::new(body),
    })
}

pin_project! {
    /// The body of a reply, which ends with a status when the server stops and it does not come to its own end in time.
    struct Stoppable<B> {
        #[pin]
        body: B,
        stop: StreamStop,
        // Set at the first wait: what is there at once never needs it.
        stopped: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        ended: bool,
    }
}

impl<B: HttpBody<Data = Bytes>> HttpBody for Stoppable<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = this.body.poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let stopped = this.stopped.get_or_insert_with(|| {
            let stop = this.stop.clone();
            Box::pin(async move { stop.over().await })
        });
        stopped.as_mut().poll(cx).map(|()| {
            *this.ended = true;
            let mut trailers = HeaderMap::new();
            status::write(&status_of(&server_stops()), &mut trailers);
            Some(Ok(Frame::trailers(trailers)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What a stream ends with that the server can't wait for.
pub(crate) fn server_stops() -> Error {
    Error::new(Code::Unavailable, "the server is stopping")
}
