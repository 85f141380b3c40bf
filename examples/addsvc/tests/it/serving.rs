//! gRPC in the test's own process, on a port of its own.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member as _, Stopper};
use towerkit_transport_grpc::{PoolChannel, Remote, Routes, serve};
use towerkit_transport_http::Pool;

pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    running: JoinHandle<Result<(), BoxError>>,
    _stopper: Stopper,
}

impl Serving {
    pub(crate) async fn start(routes: Routes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lifeline, stopper) = Lifeline::detached();
        Self { address, running: tokio::spawn(serve(listener, routes).run(lifeline)), _stopper: stopper }
    }

    pub(crate) fn remote(&self) -> Remote<PoolChannel> {
        Remote::new(&Pool::builder().http2().build(), &format!("http://{}", self.address)).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.running.abort();
    }
}
