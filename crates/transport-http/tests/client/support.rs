use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towerkit_endpoint::{BoxEndpoint, Endpoint};
use towerkit_testing::events::Events;
use towerkit_transport_http::{Pool, Remote};

/// The bound of every wait: long enough for a busy machine, and the end of a test that would hang.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) a: i64,
    pub(crate) b: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Total {
    pub(crate) v: i64,
}

/// What a server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A hyper server of a test: HTTP/1.1 and h2c.
pub(crate) struct Origin {
    pub(crate) url: String,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) seen: Events<Seen>,
}

impl Origin {
    pub(crate) async fn start<F, Fut>(answer: F) -> Self
    where
        F: Fn(Seen) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Events::new());
        let origin = Self { url, connections: connections.clone(), seen: seen.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, seen) = (answer.clone(), seen.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (answer, seen) = (answer.clone(), seen.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        let one = Seen {
                            method: parts.method,
                            uri: parts.uri,
                            version: parts.version,
                            headers: parts.headers,
                            body,
                        };
                        seen.push(one.clone());
                        Ok::<_, hyper::Error>(answer(one).await)
                    }
                });
                tokio::spawn(async move {
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        origin
    }

    pub(crate) fn remote(&self) -> Remote<Pool> {
        Remote::new(&Pool::new(), &self.url).unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The one request that came.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen.snapshot();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

/// A server that answers with a status, headers and a body.
pub(crate) async fn answering(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> Origin {
    Origin::start(move |_| async move { reply(status, headers, body) }).await
}

pub(crate) fn reply(
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) fn total() -> Response<Full<Bytes>> {
    reply(200, &[JSON], r#"{"v":3}"#)
}

pub(crate) fn sum_of(remote: &Remote<Pool>) -> BoxEndpoint<Sum, Total> {
    remote.post("/sum").json().erased()
}

/// A server that does with each connection what a function says, byte by byte.
pub(crate) async fn raw<F, Fut>(talk: F) -> Remote<Pool>
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    Remote::new(&Pool::new(), &url).unwrap()
}

/// A server that reads one request, writes these bytes, and closes.
pub(crate) async fn raw_reply(bytes: &'static str) -> Remote<Pool> {
    raw(move |mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
    })
    .await
}

/// Reads one request, its body by its `content-length`; the text of its head.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end + 4].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
                .map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                return head;
            }
        }
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the client closed before its request was whole");
    }
}

/// Waits for the end of the stream from the other side: a close or a reset.
pub(crate) async fn closed(stream: &mut TcpStream) {
    let mut sink = [0; 1024];
    while matches!(stream.read(&mut sink).await, Ok(read) if read > 0) {}
}
