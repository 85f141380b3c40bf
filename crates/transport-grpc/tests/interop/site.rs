//! Our server on a socket, and what a client of ours needs to reach a server.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tower::Service;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_grpc::{PoolChannel, Remote, serve};
use towerkit_transport_http::{Body, Pool, PoolSettings, Serve};

/// Waits for what must come, but not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.expect("it did not come within 20 s")
}

/// A server of ours. It stops when this is dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    _stopper: Stopper,
}

impl Site {
    pub(crate) async fn start<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    {
        Self::with(service, |server| server).await
    }

    pub(crate) async fn with<S>(service: S, set: impl FnOnce(Serve<S>) -> Serve<S>) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lifeline, stopper) = Lifeline::detached();
        tokio::spawn(set(serve(listener, service)).run(lifeline));
        soon(stopper.ready()).await;
        Self { address, _stopper: stopper }
    }

    pub(crate) fn target(&self) -> Target {
        Target::plain(self.address.port())
    }
}

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) pool: PoolSettings,
}

impl Target {
    pub(crate) fn plain(port: u16) -> Self {
        Self { url: format!("http://127.0.0.1:{port}"), pool: Pool::builder().http2() }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(port: u16, tls: towerkit_transport_http::tls::ClientTls) -> Self {
        Self { url: format!("https://127.0.0.1:{port}"), pool: Pool::builder().http2().tls(tls) }
    }

    /// A channel of its own.
    pub(crate) fn channel(&self) -> PoolChannel {
        PoolChannel::new(&self.pool.clone().build(), &self.url).unwrap()
    }

    pub(crate) fn remote(&self) -> Remote<PoolChannel> {
        Remote::over(self.channel())
    }
}
