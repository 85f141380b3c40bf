use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower::util::{Oneshot, ServiceExt};
use tower_service::Service;
use towerkit_endpoint::{BoxError, Error};

use super::clock::Clock;
use super::connection::FRAME;
use super::executor::Progress;
use super::{ServeEvent, framing, host};
use crate::body::{Origin, too_large};
use crate::{Body, problem_json, status_of};

/// The user's service, as hyper calls it for one connection.
pub(super) struct Calls<S> {
    pub(super) service: S,
    pub(super) clock: Arc<Clock>,
    pub(super) origin: Arc<Origin>,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    type Response = Response<Reply<B>>;
    type Error = std::convert::Infallible;
    type Future = Call<S>;

    fn call(&self, request: Request<Incoming>) -> Call<S> {
        self.clock.request();
        let framed = framing::check(&request);
        let in_flight = match request.version() {
            Version::HTTP_2 => InFlight::Stream(self.clock.begin_stream()),
            _ => InFlight::Http1 { clock: self.clock.clone(), close: framed.is_err() },
        };
        let state = match framed.and_then(|()| self.check(&request)) {
            Ok(()) => self.start(request.map(|body| Body::bounded(body, self.origin.clone()))),
            Err(error) => {
                let (status, reason) = (status_of(&error), error.message().to_owned());
                self.clock.shared.tell(&ServeEvent::Refused { peer: self.origin.peer, status, reason });
                State::Refused { error: Some(error) }
            }
        };
        Call { state, in_flight: Some(in_flight) }
    }
}

impl<S: Service<Request<Body>, Error: Into<BoxError>> + Clone> Calls<S> {
    /// Most services are ready at once, and need not be kept for it, nor the request be moved once more.
    fn start(&self, request: Request<Body>) -> State<S> {
        let mut service = self.service.clone();
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => State::Served { call: service.call(request) },
            Poll::Ready(Err(error)) => State::Refused { error: Some(Error::from(error.into())) },
            Poll::Pending => State::Waits { call: Box::pin(service.oneshot(request)) },
        }
    }
}

impl<S> Calls<S> {
    fn check(&self, request: &Request<Incoming>) -> Result<(), Error> {
        host::check(request.version(), request.headers())?;
        let limit = self.origin.limits.bytes;
        if request.body().size_hint().lower() > limit {
            return Err(too_large(limit));
        }
        Ok(())
    }
}

/// A request that is being served, for the clock: it ends with the last of its reply, or with its future.
enum InFlight {
    Http1 {
        clock: Arc<Clock>,
        /// The connection is not fit for another request.
        close: bool,
    },
    Stream(Arc<Progress>),
}

impl InFlight {
    fn clock(&self) -> &Clock {
        match self {
            Self::Http1 { clock, .. } => clock,
            Self::Stream(progress) => &progress.clock,
        }
    }

    fn progress(&self) -> Option<&Progress> {
        match self {
            Self::Http1 { .. } => None,
            Self::Stream(progress) => Some(progress),
        }
    }

    /// hyper closes an HTTP/1 connection after an answer that says so; HTTP/2 has GOAWAY.
    fn closes(&self) -> bool {
        match self {
            Self::Http1 { clock, close } => *close || clock.shared.grace().is_some(),
            Self::Stream(_) => false,
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.clock().replied();
    }
}

pin_project! {
    /// The future of one call.
    pub(super) struct Call<S>
    where
        S: Service<Request<Body>>,
    {
        #[pin]
        state: State<S>,
        in_flight: Option<InFlight>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<S>
    where
        S: Service<Request<Body>>,
    {
        Served { #[pin] call: S::Future },
        Waits { call: Pin<Box<Oneshot<S, Request<Body>>>> },
        Refused { error: Option<Error> },
    }
}

impl<S, B> Future for Call<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
{
    type Output = Result<Response<Reply<B>>, std::convert::Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.state.project() {
            StateProject::Served { call } => ready!(call.poll(cx)).map_err(|error| Error::from(error.into())),
            StateProject::Waits { call } => ready!(call.as_mut().poll(cx)).map_err(|error| Error::from(error.into())),
            StateProject::Refused { error } => match error.take() {
                Some(error) => Err(error),
                None => return Poll::Pending,
            },
        };
        let in_flight = this.in_flight.take();
        let closes = in_flight.as_ref().is_some_and(InFlight::closes);
        let mut response = match result {
            Ok(response) => response.map(|body| Reply::new(ReplyKind::Service { body }, in_flight)),
            Err(error) => problem_json(&error).map(|body| Reply::new(ReplyKind::Refusal { body }, in_flight)),
        };
        if closes {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response))
    }
}

pin_project! {
    /// The body of a reply; the request is in flight until it is dropped.
    pub(super) struct Reply<B> {
        #[pin]
        kind: ReplyKind<B>,
        in_flight: Option<InFlight>,
        // What is left of a frame that HTTP/2 gets in pieces.
        rest: Bytes,
    }
}

pin_project! {
    #[project = ReplyProject]
    enum ReplyKind<B> {
        Service { #[pin] body: B },
        Refusal { body: Body },
    }
}

impl<B> Reply<B> {
    const fn new(kind: ReplyKind<B>, in_flight: Option<InFlight>) -> Self {
        Self { kind, in_flight, rest: Bytes::new() }
    }
}

impl<B> HttpBody for Reply<B>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        let progress = this.in_flight.as_ref().and_then(InFlight::progress);
        let mut frame = if this.rest.is_empty() {
            if let Some(progress) = progress {
                progress.asked();
            }
            let polled = match this.kind.project() {
                ReplyProject::Service { body } => body.poll_frame(cx).map_err(Into::into),
                ReplyProject::Refusal { body } => Pin::new(body).poll_frame(cx),
            };
            match (polled, progress) {
                (Poll::Ready(Some(Ok(frame))), Some(_)) => frame,
                (polled, _) => return polled,
            }
        } else {
            Frame::data(std::mem::take(this.rest))
        };
        // hyper takes a frame as soon as there is any room for it, and where it is the last one, it is done with the stream. In
        // pieces, no more than one is out of reach when the peer takes nothing more.
        if let (Some(data), Some(progress)) = (frame.data_mut(), progress) {
            if data.len() > FRAME as usize {
                *this.rest = data.split_off(FRAME as usize);
            }
            if !data.is_empty() {
                progress.handed_over(data.len());
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
            && match &self.kind {
                ReplyKind::Service { body } => body.is_end_stream(),
                ReplyKind::Refusal { body } => body.is_end_stream(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let hint = match &self.kind {
            ReplyKind::Service { body } => body.size_hint(),
            ReplyKind::Refusal { body } => body.size_hint(),
        };
        if self.rest.is_empty() {
            return hint;
        }
        let rest = self.rest.len() as u64;
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower().saturating_add(rest));
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole
    }
}
