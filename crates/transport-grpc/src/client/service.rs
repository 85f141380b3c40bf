use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Version};
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code, Context, Ending, Error, NotSent};
use towerkit_transport_http::{Body, strip_reserved};

use super::failure::{channel_failure, is_refused, unless_late};
use super::finalizer::Finalizer;
use super::outgoing::Outgoing;
use super::reply::{Incoming, ReadReply};
use super::request::WriteRequest;
use super::{Channel, Client, Settings};
use crate::compression::{ACCEPT_ENCODING, ACCEPTED, ENCODING, Uncompressed};
use crate::frame::Encoder;
use crate::{status, wire};

const THIS_AGENT: HeaderValue = HeaderValue::from_static(concat!("grpc-rust-towerkit/", env!("CARGO_PKG_VERSION")));

/// What of the protocol metadata has no say in, beside what is reserved in HTTP.
const NOT_FROM_METADATA: [HeaderName; 4] = [ENCODING, ACCEPT_ENCODING, status::STATUS, wire::TIMEOUT];

impl<S, I, O, T, R> Service<towerkit_endpoint::Request<T>> for Client<S, I, O, T, R>
where
    S: Channel,
    I: WriteRequest<T>,
    I::Codec: Send,
    O: ReadReply<R>,
    T: Send + 'static,
    R: Send + 'static,
{
    type Response = R;
    type Error = Error;
    type Future = ClientFuture<R>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.channel.poll_ready(cx).map_err(|error| channel_failure(error.into()).with_extension(NotSent))
    }

    fn call(&mut self, request: towerkit_endpoint::Request<T>) -> Self::Future {
        // The instance that was made ready is called; a clone need not be.
        let clone = self.channel.clone();
        let mut channel = mem::replace(&mut self.channel, clone);
        let (write, read, settings) = (self.request.clone(), self.reply.clone(), self.settings.clone());
        let mut finalizer = Finalizer::start(&settings.finalize, settings.path);
        let (mut context, message) = request.into_parts();
        // A stream has no other end than the caller's; what is limited here is the time to its beginning.
        let end = if O::STREAMS { context.deadline() } else { None };
        let own = Instant::now().checked_add(settings.timeout);
        let deadline = [context.deadline(), own].into_iter().flatten().min();
        if !O::STREAMS {
            own.into_iter().for_each(|own| context.shorten_deadline_until(own));
        }
        ClientFuture(Box::pin(async move {
            let tail = if O::STREAMS { context.tail().cloned() } else { None }.unwrap_or_default();
            let exchange = async {
                if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    return Err(Error::from(Code::DeadlineExceeded).with_extension(NotSent));
                }
                let (head, outgoing) =
                    prepare(&write, &settings, context, message).map_err(|error| error.with_extension(NotSent))?;
                let (response, outgoing) = send(&mut channel, head, outgoing).await?;
                let mut reply = Incoming::head(response.map(Body::new), settings.clone(), outgoing, end, tail)?;
                if O::STREAMS {
                    reply.finalizer = finalizer.take();
                }
                Ok(read.read(reply).await?.into_parts().0)
            };
            let result = match deadline {
                Some(deadline) => timeout_at(deadline, exchange)
                    .await
                    .unwrap_or_else(|elapsed| Err(Error::from(Code::DeadlineExceeded).with_source(elapsed))),
                None => exchange.await,
            }
            .map_err(|error| unless_late(deadline, error));
            if let Some(finalizer) = &mut finalizer {
                if result.is_ok() {
                    finalizer.message();
                }
                finalizer.end(Ending::of(&result));
            }
            result
        }))
    }
}

/// How often a call that the service has not begun with is sent once more ("gRPC Retry Design", transparent retries): so a server that goes
/// away loses none.
const REPEATS: usize = 2;

/// Sends the request, and gives the head of the reply. The channel is ready.
async fn send<S: Channel>(
    channel: &mut S,
    head: Request<()>,
    outgoing: Outgoing,
) -> Result<(Response<S::ReplyBody>, Outgoing), Error> {
    let mut repeats = 0;
    loop {
        let error: BoxError = match channel.call(head.clone().map(|()| outgoing.body())).await {
            Ok(response) => return Ok((response, outgoing)),
            Err(error) => error.into(),
        };
        if repeats == REPEATS || !is_refused(&*error) || !outgoing.is_whole() {
            return Err(outgoing.failure_or(channel_failure(error)));
        }
        repeats += 1;
        poll_fn(|cx| channel.poll_ready(cx))
            .await
            .map_err(|error| channel_failure(error.into()).with_extension(NotSent))?;
    }
}

/// From the message to the request that is sent: *encode*, then *before*.
fn prepare<T, I: WriteRequest<T>>(
    write: &I,
    settings: &Arc<Settings>,
    mut context: Context,
    message: T,
) -> Result<(Request<()>, Outgoing), Error> {
    let compression = settings.compression.filter(|_| context.get::<Uncompressed>().is_none());
    let encoder = Encoder::new(write.codec(), settings.request_limit, compression);
    let outgoing = write.write(message, encoder)?;

    let mut headers = mem::take(context.metadata_mut()).into_headers();
    if headers.is_empty() {
        headers = HeaderMap::with_capacity(8);
    } else {
        strip_reserved(&mut headers);
        for name in NOT_FROM_METADATA {
            headers.remove(name);
        }
    }
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, write.content_type());
    headers.entry(USER_AGENT).or_insert(THIS_AGENT);
    if let Some(compression) = compression {
        headers.insert(ENCODING, compression.header());
    }
    if cfg!(feature = "compression") {
        headers.insert(ACCEPT_ENCODING, ACCEPTED);
    }
    wire::announce_timeout(&context, &mut headers);
    for hook in &settings.before {
        hook(&context, &mut headers)?;
    }

    let mut request = Request::new(());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = settings.uri.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok((request, outgoing))
}

/// The future of a [`Client`]. Dropping it cancels the call.
pub struct ClientFuture<R>(Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>);

impl<R> Future for ClientFuture<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R> fmt::Debug for ClientFuture<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientFuture")
    }
}
