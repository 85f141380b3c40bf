//! The tutorial's first page does what it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

struct Stringsvc(Child, SocketAddr);

impl Stringsvc {
    fn start() -> Self {
        // Taken and given back: the program wants to be told its port.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_stringsvc1")).arg(address.to_string()).spawn().unwrap();
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "it does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self(child, address)
    }

    fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.1).unwrap();
        let length = body.len();
        let head = "host: a\r\nconnection: close\r\ncontent-type: application/json";
        write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Stringsvc {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn uppercase_and_count_answer_as_in_the_tutorial() {
    let stringsvc = Stringsvc::start();
    assert!(stringsvc.post("/uppercase", r#"{"s":"hello, world"}"#).ends_with(r#"{"v":"HELLO, WORLD"}"#));
    assert!(stringsvc.post("/count", r#"{"s":"hello, world"}"#).ends_with(r#"{"v":12}"#));
}

#[test]
fn an_empty_string_is_refused() {
    let answer = Stringsvc::start().post("/uppercase", r#"{"s":""}"#);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("empty string"), "{answer}");
}
