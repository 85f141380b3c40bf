//! That the load tells the truth.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

/// A server whose replies take a while, for one connection after the other.
fn server(reply: &'static str, takes: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), reply, takes);
        }
    });
    address
}

fn answer(mut stream: TcpStream, reply: &str, takes: Duration) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
        // The body that the tests send.
        if seen.ends_with(b"{}") {
            seen.clear();
            thread::sleep(takes);
            let length = reply.len();
            // Who has gone needs no answer.
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{reply}");
        }
    }
}

/// A second of a hundred calls on one connection.
fn paced(address: SocketAddr) -> Output {
    let mut load = Command::new(env!("CARGO_BIN_EXE_paced"));
    load.args(["http", &address.to_string(), "1", "100", "1", "/", "{}", r#"{"v":3}"#]).output().unwrap()
}

#[test]
fn a_call_that_could_not_be_sent_when_it_was_due_is_late() {
    // Twice as long as there is between two calls: the last is sent a second after it was due.
    let output = paced(server("{\"v\": 3}\n", Duration::from_millis(20)));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [calls, median, p99, most] = numbers[..] else { panic!("{text}") };
    assert_eq!(calls, 100.0);
    assert!(median > 400_000.0, "half of them are due half a second before they are sent: {text}");
    assert!(p99 > 900_000.0 && p99 <= most, "{text}");
}

#[test]
fn a_reply_that_is_another_fails_the_load() {
    let output = paced(server(r#"{"v":4}"#, Duration::ZERO));
    assert!(!output.status.success(), "{output:?}");
}
