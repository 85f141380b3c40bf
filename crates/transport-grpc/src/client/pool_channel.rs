use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;
use towerkit_endpoint::BoxError;
use towerkit_transport_http::{Body, Pool, PoolFuture};

use super::InvalidRemote;

/// A remote service that is reached through a [`Pool`]: what tonic calls a channel. A generated client takes it as well.
///
/// One connection of HTTP/2 carries all calls; it is opened when it is needed, and again when it broke. Clones share it. It is
/// always ready.
///
/// ```no_run
/// # mod pb { pub struct AddClient<S>(S); impl<S> AddClient<S> { pub fn new(channel: S) -> Self { Self(channel) } } }
/// use towerkit_transport_grpc::PoolChannel;
/// use towerkit_transport_http::Pool;
///
/// # fn main() -> Result<(), towerkit_transport_grpc::InvalidRemote> {
/// let channel = PoolChannel::new(&Pool::builder().http2().build(), "http://127.0.0.1:8082")?;
/// let client = pb::AddClient::new(channel); // by tonic's generator
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PoolChannel {
    remote: towerkit_transport_http::Remote<Pool>,
}

impl PoolChannel {
    /// To a base URL, `http://host:port`, or `https` where the pool has TLS.
    ///
    /// # Errors
    ///
    /// Where the text is no such URL, or the pool does not speak HTTP/2.
    pub fn new(pool: &Pool, url: &str) -> Result<Self, InvalidRemote> {
        if !pool.is_http2() {
            return Err(InvalidRemote::NotHttp2);
        }
        let remote = towerkit_transport_http::Remote::new(pool, url).map_err(InvalidRemote::Url)?;
        Ok(Self { remote })
    }
}

impl Service<Request<tonic::body::Body>> for PoolChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = PoolChannelFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // A pool is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<tonic::body::Body>) -> PoolChannelFuture {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        match self.remote.url(path) {
            Ok(url) => *request.uri_mut() = url,
            Err(error) => return PoolChannelFuture(State::Failed(Some(error.into()))),
        }
        PoolChannelFuture(State::Sent(self.remote.transport().clone().call(request.map(Body::new))))
    }
}

/// The future of a [`PoolChannel`]. Dropping it cancels the call.
pub struct PoolChannelFuture(State);

enum State {
    Sent(PoolFuture),
    Failed(Option<BoxError>),
}

impl Future for PoolChannelFuture {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Sent(sent) => Pin::new(sent).poll(cx),
            State::Failed(error) => error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
        }
    }
}

impl fmt::Debug for PoolChannelFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolChannelFuture")
    }
}

impl fmt::Debug for PoolChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolChannel").field("remote", &self.remote).finish()
    }
}
