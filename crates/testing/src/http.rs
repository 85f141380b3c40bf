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

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long it may take in all, from the connection to the reply's last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest reply, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

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
/// Where there is no whole answer of HTTP within ten seconds, or one of more than 16 MiB.
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
/// Where there is no whole answer of HTTP within ten seconds, or one of more than 16 MiB.
pub fn try_send(port: u16, method: &str, path: &str, headers: &str, body: &str) -> io::Result<Reply> {
    exchange(port, method, path, headers, body, Instant::now() + PATIENCE)
}

fn exchange(port: u16, method: &str, path: &str, headers: &str, body: &str, until: Instant) -> io::Result<Reply> {
    let stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), left(until)?)?;
    // By HTTP/1.0 nothing comes in chunks, and the connection ends with the reply.
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    thread::scope(|scope| {
        // A server may refuse what it has not read to its end, and read no more of it. Whether all was written tells nothing: the reply does.
        thread::Builder::new().spawn_scoped(scope, || (&stream).write_all(request.as_bytes()))?;
        let reply = read(&stream, method == "HEAD", until);
        // It ends what is still written.
        let _ = stream.shutdown(Shutdown::Both);
        reply
    })
}

/// The time that is left.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::Error::new(ErrorKind::TimedOut, "it took too long")) } else { Ok(left) }
}

/// Reads to the end of the reply, or of the connection.
fn read(mut stream: &TcpStream, has_no_body: bool, until: Instant) -> io::Result<Reply> {
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    let end = loop {
        if let Some(reply) = whole(&answer, has_no_body) {
            return Ok(reply);
        }
        if answer.len() > LONGEST {
            return Err(invalid(format!("the reply has more than {LONGEST} bytes")));
        }
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
            // How a socket says that the time is over; `left` says it once more.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => break Err(error),
        }
    };
    let text = String::from_utf8_lossy(&answer);
    let Some(reply) = reply(&text) else {
        end?;
        return Err(invalid(format!("no reply of HTTP: {text:?}")));
    };
    if let Some(length) = length(&reply, has_no_body) {
        return Err(invalid(format!("the reply ended after {} of {length} bytes: {reply:?}", reply.body.len())));
    }
    // Without a length the end of the connection is that of the reply.
    end.map(|()| reply)
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// The reply, where all is there that its head promises.
fn whole(answer: &[u8], has_no_body: bool) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = reply(&String::from_utf8_lossy(&answer[..end]))?;
    let body = answer.get(end..end.checked_add(length(&head, has_no_body)?)?)?;
    Some(Reply { body: String::from_utf8_lossy(body).into_owned(), ..head })
}

/// How many bytes its body has; none where the end of the connection tells.
fn length(reply: &Reply, has_no_body: bool) -> Option<usize> {
    if has_no_body || matches!(reply.status, 204 | 304) {
        Some(0)
    } else {
        reply.header("content-length")?.parse().ok()
    }
}

fn reply(answer: &str) -> Option<Reply> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

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

    /// What it makes of a server that does this with its first connection.
    fn from(body: &str, patience: Duration, serve: impl FnOnce(TcpStream) + Send) -> io::Result<Reply> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::scope(|scope| {
            scope.spawn(move || serve(listener.accept().unwrap().0));
            exchange(port, "POST", "/", "", body, Instant::now() + patience)
        })
    }

    /// After it has read the head.
    fn answer(mut stream: TcpStream, text: &str) {
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_reply_that_is_torn_is_an_error() {
        let torn = from("", PATIENCE, |stream| answer(stream, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok"));
        assert!(torn.unwrap_err().to_string().starts_with("the reply ended after 2 of 3 bytes"));
        let whole = from("", PATIENCE, |stream| answer(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        assert_eq!(whole.unwrap().body, "ok");
        let none = from("", PATIENCE, |stream| answer(stream, "HTTP/1.1 204 No Content\r\n\r\n"));
        assert_eq!(none.unwrap().status, 204);
        let by_its_end = from("", PATIENCE, |stream| answer(stream, "HTTP/1.1 200 OK\r\n\r\nok"));
        assert_eq!(by_its_end.unwrap().body, "ok");
    }

    #[test]
    fn a_server_that_sends_a_byte_now_and_then_gets_no_more_time_for_it() {
        let start = Instant::now();
        let slow = from("", Duration::from_millis(300), |mut stream| {
            // Until nobody reads it any more.
            while stream.write_all(b"H").is_ok() && start.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(20));
            }
        });
        assert_eq!(slow.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() < PATIENCE);
    }

    #[test]
    fn a_server_that_reads_nothing_keeps_nobody_who_sends_much() {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || (listener.accept().unwrap(), wait.recv()));
        let body = "a".repeat(32 << 20);
        let sent = exchange(port, "POST", "/", "", &body, Instant::now() + Duration::from_millis(300));
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(done);
        assert!(server.join().unwrap().1.is_err());
    }

    #[test]
    fn a_refusal_that_comes_before_the_body_was_written_is_read() {
        let refused = from(&"a".repeat(32 << 20), PATIENCE, |stream| {
            answer(stream, "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
        });
        assert_eq!(refused.unwrap().status, 413);
    }

    #[test]
    fn a_reply_without_end_is_given_up() {
        let endless = from("", PATIENCE, |mut stream| {
            let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while written.is_ok() {
                written = stream.write_all(&[b'a'; 64 * 1024]);
            }
        });
        assert!(endless.unwrap_err().to_string().contains("more than 16777216 bytes"));
    }
}
