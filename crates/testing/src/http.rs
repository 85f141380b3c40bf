//! One request of HTTP on a connection of its own: enough to ask a program that a test has started.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpListener;
//! use towerkit_testing::http;
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let port = listener.local_addr()?.port();
//! let server = std::thread::spawn(move || {
//!     let (mut stream, _) = listener.accept()?;
//!     let mut request = [0; 1024];
//!     let read = stream.read(&mut request)?;
//!     stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")?;
//!     Ok::<_, std::io::Error>(String::from_utf8_lossy(&request[..read]).into_owned())
//! });
//!
//! let reply = http::get(port, "/livez");
//! assert_eq!((reply.status, reply.body.as_str()), (200, "ok"));
//! assert!(server.join().unwrap()?.starts_with("GET /livez HTTP/1.0\r\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The status line and the headers, as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The value of a header, by its name in any case; the first where there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(':'));
        headers.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// Asks a server on a port of 127.0.0.1.
///
/// # Panics
///
/// Where there is no answer within ten seconds, or none of HTTP.
#[must_use]
pub fn get(port: u16, path: &str) -> Reply {
    send(port, "GET", path, "", "")
}

/// Sends JSON.
///
/// # Panics
///
/// As [`get`].
#[must_use]
pub fn post(port: u16, path: &str, json: &str) -> Reply {
    send(port, "POST", path, "content-type: application/json\r\n", json)
}

/// Sends any request. Each of the headers ends with CR LF; `host` and `content-length` are there.
///
/// # Panics
///
/// As [`get`].
#[must_use]
#[expect(clippy::panic, reason = "a test can't go on without")]
pub fn send(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    match try_send(port, method, path, headers, body) {
        Ok(reply) => reply,
        Err(error) => panic!("{method} {path} of port {port}: {error}"),
    }
}

/// The same, for a server that may be away.
///
/// # Errors
///
/// Where there is no answer within ten seconds, or none of HTTP.
pub fn try_send(port: u16, method: &str, path: &str, headers: &str, body: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // By HTTP/1.0 nothing comes in chunks, and the connection ends with the reply.
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    reply(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("no reply of HTTP: {answer:?}")))
}

fn reply(answer: &str) -> Option<Reply> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_in_any_case() {
        let reply = reply("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nx: 1:2\r\n\r\ngone\r\n\r\n").unwrap();
        assert_eq!((reply.status, &*reply.body), (404, "gone\r\n\r\n"));
        assert_eq!((reply.header("content-type"), reply.header("X")), (Some("text/plain"), Some("1:2")));
        assert_eq!(reply.header("y"), None);
    }

    #[test]
    fn what_is_no_reply_is_none() {
        assert_eq!(
            [reply(""), reply("HTTP/1.1 200 OK"), reply("SSH-2.0-x\r\n\r\n"), reply("HTTP/1.1\r\n\r\n")],
            [const { None }; 4]
        );
    }
}
