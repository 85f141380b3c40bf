//! Routes on a socket, a client of them, and streams that are fed by the test.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use towerkit_endpoint::Error;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_http::{Pool, Remote, Router, serve};

/// Waits for what must come, but not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it did not come within 20 s")
}

pub(crate) struct Site {
    pub(crate) url: String,
    _stopper: Stopper,
}

impl Site {
    pub(crate) async fn start(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (lifeline, stopper) = Lifeline::detached();
        tokio::spawn(serve(listener, routes).run(lifeline));
        Self { url, _stopper: stopper }
    }

    pub(crate) fn remote(&self) -> Remote<Pool> {
        Remote::new(&Pool::new(), &self.url).unwrap()
    }

    pub(crate) fn remote_http2(&self) -> Remote<Pool> {
        Remote::new(&Pool::builder().http2().build(), &self.url).unwrap()
    }
}

/// A stream of what the test sends; its drop is seen by the sender, which is closed then.
pub(crate) struct Fed<T>(mpsc::Receiver<Result<T, Error>>);

pub(crate) fn fed<T>() -> (mpsc::Sender<Result<T, Error>>, Fed<T>) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Fed(receiver))
}

impl<T> Stream for Fed<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}
