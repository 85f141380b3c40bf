//! The tutorial's first page does what it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};

/// It, and where it listens.
struct Stringsvc(#[expect(dead_code, reason = "killed when dropped")] Process, SocketAddr);

impl Stringsvc {
    fn start() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let process = Process::start(Command::new(env!("CARGO_BIN_EXE_stringsvc1")).arg(address.to_string()));
        Self(process.listens_on(address.port(), Duration::from_secs(10)), address)
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
