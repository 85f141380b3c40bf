//! A client that sends bytes as they are given, and reads replies as they come.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Waits for what must come, but not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.expect("it did not come within 20 s")
}

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (n, value) = line.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: soon(TcpStream::connect(address)).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// `GET`, and its reply.
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: a.test\r\n\r\n")).await;
        self.reply().await
    }

    /// The next reply, whose body must have a length.
    pub(crate) async fn reply(&mut self) -> Reply {
        self.try_reply().await.expect("the connection ended without a reply")
    }

    pub(crate) async fn try_reply(&mut self) -> Option<Reply> {
        let end = loop {
            match self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end,
                None if self.more().await => {}
                None => return None,
            }
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        let mut reply = Reply { status: head[9..12].parse().unwrap(), head, body: String::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            assert!(self.more().await, "the connection ended within a body");
        }
        reply.body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Some(reply)
    }

    async fn more(&mut self) -> bool {
        matches!(soon(self.stream.read_buf(&mut self.read)).await, Ok(1..))
    }

    /// Waits until the server has closed the connection; it must send nothing more before.
    pub(crate) async fn closed(mut self) {
        while self.more().await {}
        assert!(self.read.is_empty(), "{}", String::from_utf8_lossy(&self.read));
    }

    /// Whether the server closes the connection within a time.
    pub(crate) async fn closes_within(&mut self, time: Duration) -> bool {
        timeout(time, self.stream.peek(&mut [0])).await.is_ok_and(|result| !matches!(result, Ok(1..)))
    }
}
