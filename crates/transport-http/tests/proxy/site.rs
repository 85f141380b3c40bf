//! The proxy on a socket in front of a [`Backend`], and a client of bytes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_http::proxy::{ReverseProxy, server};
use towerkit_transport_http::{Pool, Remote, Router, serve};

use crate::backend::Backend;

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) backend: Backend,
    _stopper: Stopper,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|proxy| proxy).await
    }

    pub(crate) async fn with(set: impl FnOnce(ReverseProxy<Pool>) -> ReverseProxy<Pool>) -> Self {
        let backend = Backend::start().await;
        let url = format!("http://{}", backend.address);
        let proxy = set(ReverseProxy::new(Remote::new(&Pool::new(), &url).unwrap()));
        let (address, stopper) = front(Router::new().fallback(server(proxy))).await;
        Self { address, backend, _stopper: stopper }
    }

    /// Sends a request of which the head says `connection: close` and more; returns the whole answer.
    pub(crate) async fn ask(&self, line: &str, headers: &str, body: &str) -> String {
        exchange(
            self.address,
            format!("{line} HTTP/1.1\r\nhost: front.test\r\nconnection: close\r\n{headers}\r\n{body}"),
        )
        .await
    }

    /// What the backend was asked last.
    pub(crate) fn seen(&self) -> String {
        self.backend.seen.snapshot().pop().expect("the backend was asked")
    }
}

pub(crate) async fn front(routes: Router) -> (SocketAddr, Stopper) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, routes).run(lifeline));
    (address, stopper)
}

/// Sends bytes, and reads until the other side closes; or for so long that nothing more is to be expected.
pub(crate) async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may close before all is written.
    let _ = stream.write_all(request.as_ref()).await;
    let mut answer = Vec::new();
    let mut more = [0; 65536];
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut more)).await {
        answer.extend_from_slice(&more[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer; 0 where there is none.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// A header of a request or an answer; the values of all its lines.
pub(crate) fn header(message: &str, name: &str) -> Option<String> {
    let head = message.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let values: Vec<_> =
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).collect();
    (!values.is_empty()).then(|| values.join(" + "))
}
