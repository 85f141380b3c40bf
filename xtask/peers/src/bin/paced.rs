//! A load at a fixed rate, which prints how many calls were answered, and the 50th and 99th percentile and the maximum of how long that took, in
//! microseconds. It fails where a reply is another than it should be.
//!
//! ```text
//! paced http ADDRESS CONNECTIONS RATE SECONDS PATH BODY REPLY
//! paced grpc ADDRESS CONNECTIONS RATE SECONDS
//! ```
//!
//! How long a call took counts from the moment at which it was due, whether or not it could be sent then: a server that stands still is told of by every
//! call that had to wait, and not by those alone that were under way.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark's program"
)]

use std::net::SocketAddr;
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{HeaderMap, Method, Request, StatusCode, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (call, [address, connections, rate, seconds]) = match arguments[..] {
        ["http", address, connections, rate, seconds, path, body, reply] => {
            (Call::http(path, body, reply), [address, connections, rate, seconds])
        }
        ["grpc", address, connections, rate, seconds] => (Call::Grpc, [address, connections, rate, seconds]),
        _ => panic!("unknown arguments {arguments:?}"),
    };
    let (connections, rate, seconds): (u32, u32, u32) =
        (connections.parse().unwrap(), rate.parse().unwrap(), seconds.parse().unwrap());
    let load = Load {
        call,
        address: address.parse().unwrap(),
        // A connection's turn comes when all others have had theirs.
        between: Duration::from_secs(1) / rate,
        connections,
        calls: rate * seconds / connections,
        connected: Barrier::new(connections as usize),
        start: OnceLock::new(),
    };
    let took = thread::scope(|scope| {
        let load = &load;
        let threads: Vec<_> = (0..connections).map(|index| scope.spawn(move || load.send(index))).collect();
        threads.into_iter().fold(histogram(), |mut all, thread| {
            all.add(thread.join().unwrap()).unwrap();
            all
        })
    });
    let micros = |nanos: u64| nanos as f64 / 1000.0;
    let quantile = |of| micros(took.value_at_quantile(of));
    println!("{} {} {} {}", took.len(), quantile(0.5), quantile(0.99), micros(took.max()));
}

/// Of nanoseconds.
fn histogram() -> Histogram<u64> {
    Histogram::new(3).unwrap()
}

struct Load {
    call: Call,
    address: SocketAddr,
    between: Duration,
    connections: u32,
    calls: u32,
    connected: Barrier,
    start: OnceLock<Instant>,
}

impl Load {
    /// What one connection sends, in a thread of its own.
    fn send(&self, index: u32) -> Histogram<u64> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut connection = runtime.block_on(Connection::open(self.address, &self.call));
        // What the first call of a connection costs is not what is measured.
        self.call(&runtime, &mut connection);
        self.connected.wait();
        let start = *self.start.get_or_init(|| Instant::now() + Duration::from_millis(20));
        let mut took = histogram();
        for turn in 0..self.calls {
            let due = start + self.between * (turn * self.connections + index);
            wait_until(due);
            self.call(&runtime, &mut connection);
            took.record(due.elapsed().as_nanos() as u64).unwrap();
        }
        took
    }

    fn call(&self, runtime: &Runtime, connection: &mut Connection) {
        let answered = async {
            let (status, trailers, body) = connection.send(self.call.request(self.address)).await;
            self.call.check(status, &trailers, &body);
        };
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(10), answered).await.expect("an answer in time");
        });
    }
}

/// By a sleep that ends early, since the kernel is some 50 µs late, and the rest by turning round.
fn wait_until(due: Instant) {
    const LATE: Duration = Duration::from_micros(55);
    thread::sleep(due.saturating_duration_since(Instant::now() + LATE));
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}

enum Connection {
    Http(http1::SendRequest<Full<Bytes>>),
    Grpc(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    async fn open(address: SocketAddr, call: &Call) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = TokioIo::new(stream);
        match call {
            Call::Http { .. } => {
                let (sender, connection) = http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                Self::Http(sender)
            }
            Call::Grpc => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
                tokio::spawn(connection);
                Self::Grpc(sender)
            }
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> (StatusCode, HeaderMap, Bytes) {
        let response = match self {
            Self::Http(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Self::Grpc(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
        };
        let status = response.status();
        let body = response.into_body().collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        (status, trailers, body.to_bytes())
    }
}

/// What is sent, and what is to come back.
enum Call {
    Http {
        path: String,
        body: Bytes,
        reply: Value,
    },
    /// addsvc's `Sum` of 1 and 2.
    Grpc,
}

impl Call {
    fn http(path: &str, body: &str, reply: &str) -> Self {
        let reply = serde_json::from_str(reply).unwrap();
        Self::Http { path: path.to_owned(), body: Bytes::copy_from_slice(body.as_bytes()), reply }
    }

    fn request(&self, address: SocketAddr) -> Request<Full<Bytes>> {
        let request = Request::builder().method(Method::POST);
        let request = match self {
            Self::Http { path, body, .. } => request
                .uri(path)
                .header(header::HOST, address.to_string())
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::from(body.clone())),
            Self::Grpc => request
                .version(Version::HTTP_2)
                .uri(format!("http://{address}/pb.Add/Sum"))
                .header(header::CONTENT_TYPE, "application/grpc")
                .header(header::TE, "trailers")
                // a: 1, b: 2
                .body(Full::from(&b"\0\0\0\0\x04\x08\x01\x10\x02"[..])),
        };
        request.unwrap()
    }

    fn check(&self, status: StatusCode, trailers: &HeaderMap, body: &[u8]) {
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(body));
        match self {
            Self::Http { reply, .. } => {
                let answered: Value = serde_json::from_slice(body).unwrap();
                assert_eq!(answered, *reply);
            }
            Self::Grpc => {
                assert_eq!(trailers.get("grpc-status").map(http::HeaderValue::as_bytes), Some(&b"0"[..]));
                // v: 3
                assert_eq!(body, b"\0\0\0\0\x02\x08\x03");
            }
        }
    }
}
