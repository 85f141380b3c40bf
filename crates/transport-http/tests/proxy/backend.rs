//! A service behind the proxy that reads and writes bytes: it keeps what it was asked, and answers by the path.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towerkit_testing::events::Events;

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    /// Each request as it was read: head and body.
    pub(crate) seen: Events<String>,
    /// Told when a connection ends while its answer is not complete.
    pub(crate) gone: Events<()>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = Self { address: listener.local_addr().unwrap(), seen: Events::new(), gone: Events::new() };
        let (seen, gone) = (backend.seen.clone(), backend.gone.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, seen.clone(), gone.clone()));
            }
        });
        backend
    }
}

async fn converse(mut stream: TcpStream, seen: Events<String>, gone: Events<()>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        seen.push(request.clone());
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let answer: &[u8] = match &*path {
            "/none" => b"HTTP/1.1 204 No Content\r\netag: \"1\"\r\n\r\n",
            "/not-modified" => b"HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\ncontent-length: 5\r\n\r\n",
            "/early" => b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "/hop" => {
                b"HTTP/1.1 200 OK\r\nconnection: x-secret, keep-alive\r\nx-secret: 1\r\nkeep-alive: timeout=5\r\nproxy-authenticate: Basic\r\ncontent-length: 2\r\n\r\nok"
            }
            "/trailers" => {
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n"
            }
            "/short" => b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
            "/cut" => b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
            "/garbage" => b"what is this\r\n\r\n",
            "/unavailable" => b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy",
            "/two-lengths" => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
            "/head" => b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n",
            "/slow" => {
                // Until the other side gives up.
                if read_more(&mut stream, &mut buffer).await == 0 {
                    gone.push(());
                }
                return;
            }
            "/closed" => return,
            "/drip" => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                while stream.write_all(b"1\r\nx\r\n").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                gone.push(());
                return;
            }
            _ => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
        if matches!(&*path, "/short" | "/cut" | "/garbage") {
            return;
        }
    }
}

/// Reads one request whole, by the rules; none at the end of the connection.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(length) = request_length(buffer) {
            let request = buffer.drain(..length).collect::<Vec<_>>();
            return Some(String::from_utf8_lossy(&request).into_owned());
        }
        if read_more(stream, buffer).await == 0 {
            return None;
        }
    }
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> usize {
    let mut more = [0; 65536];
    let read = stream.read(&mut more).await.unwrap_or(0);
    buffer.extend_from_slice(&more[..read]);
    read
}

fn request_length(buffer: &[u8]) -> Option<usize> {
    let head_end = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&buffer[..head_end]).to_lowercase();
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    if header("transfer-encoding").is_some() {
        let rest = String::from_utf8_lossy(&buffer[head_end..]).into_owned();
        let last = if rest.starts_with("0\r\n") { 0 } else { rest.find("\r\n0\r\n")? + 2 };
        let end = rest[last..].find("\r\n\r\n")?;
        return Some(head_end + last + end + 4);
    }
    let length = head_end + header("content-length").map_or(0, |length| length.parse::<usize>().unwrap());
    (buffer.len() >= length).then_some(length)
}
