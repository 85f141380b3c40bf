//! A proxy between a client and a registry, by which a test cuts the wire or has it swallow everything: Shopify's
//! toxiproxy.
//!
//! ```no_run
//! let Some(toxiproxy) = Toxiproxy::start("the_name_of_the_test") else { return };
//! let link = toxiproxy.proxy(registry.port());
//! let client = connect(link.port());
//! link.cut();
//! link.restore();
//! ```
//!
//! It blocks for some milliseconds, so tests that use it run on a runtime of several threads.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

/// A toxiproxy of the test's own. Dropped, it is killed with all its links.
#[derive(Debug)]
pub(crate) struct Toxiproxy {
    port: u16,
    made: AtomicU32,
    _process: Process,
}

impl Toxiproxy {
    /// Starts one; none where the tool is not there, and the test is to return.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let program = tool::find("toxiproxy", test)?;
        let port = free_port();
        let process = Process::start(Command::new(program).args(["-host", "127.0.0.1", "-port", &port.to_string()]));
        let process = process.listens_on(port, Duration::from_secs(10));
        Some(Self { port, made: AtomicU32::new(0), _process: process })
    }

    /// A link to a port of 127.0.0.1, which need not listen yet.
    pub(crate) fn proxy(&self, upstream_port: u16) -> Link {
        let name = format!("link-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let body = format!(
            r#"{{"name":"{name}","listen":"127.0.0.1:0","upstream":"127.0.0.1:{upstream_port}","enabled":true}}"#
        );
        let reply = ask(self.port, "POST", "/proxies", &body);
        Link { control: self.port, name, port: port_in(&reply) }
    }
}

/// A way to a registry, that can be cut.
#[derive(Debug)]
pub(crate) struct Link {
    control: u16,
    name: String,
    port: u16,
}

impl Link {
    /// Where it listens, on 127.0.0.1: the same for all its life.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections, and refuses new ones.
    pub(crate) fn cut(&self) {
        self.ask("POST", "", r#"{"enabled":false}"#);
    }

    /// Undoes [`cut`](Self::cut).
    pub(crate) fn restore(&self) {
        self.ask("POST", "", r#"{"enabled":true}"#);
    }

    /// Connections are taken and stand, but no byte gets through in either direction.
    pub(crate) fn hang(&self) {
        for stream in ["upstream", "downstream"] {
            let body = format!(
                r#"{{"name":"{stream}","type":"timeout","stream":"{stream}","toxicity":1.0,"attributes":{{"timeout":0}}}}"#
            );
            self.ask("POST", "/toxics", &body);
        }
    }

    /// Undoes [`hang`](Self::hang). Connections that hung are ended, new ones work.
    pub(crate) fn heal(&self) {
        for stream in ["upstream", "downstream"] {
            self.ask("DELETE", &format!("/toxics/{stream}"), "");
        }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        ask(self.control, method, &format!("/proxies/{}{path}", self.name), body)
    }
}

/// One request over HTTP to a port of 127.0.0.1; the whole reply, which is one of success.
pub(crate) fn ask(port: u16, method: &str, path: &str, body: &str) -> String {
    let reply = exchange(port, method, path, body).expect("it answers");
    let status = reply.split(' ').nth(1).unwrap_or_default();
    assert!(status.starts_with('2'), "{method} {path} {body}: {reply}");
    reply
}

/// One request over HTTP to a port of 127.0.0.1; the whole reply, whatever it is.
pub(crate) fn exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let head = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json");
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

/// The port in `"listen":"127.0.0.1:PORT"`.
fn port_in(reply: &str) -> u16 {
    let listen = reply.split_once(r#""listen":"127.0.0.1:"#).and_then(|(_, rest)| rest.split_once('"'));
    listen.and_then(|(port, _)| port.parse().ok()).unwrap_or_else(|| panic!("it says where it listens: {reply}"))
}

/// What the tests of the registries build on.
#[test]
fn a_link_passes_bytes_until_it_is_cut_or_hangs_and_again_after() {
    let Some(toxiproxy) = Toxiproxy::start("a_link_passes_bytes_until_it_is_cut_or_hangs_and_again_after") else {
        return;
    };
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let link = toxiproxy.proxy(listener.local_addr().expect("its address").port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut from = stream.try_clone().expect("a clone");
                std::io::copy(&mut from, &mut &stream)
            });
        }
    });
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, link.port()));
    let echo = |stream: &mut TcpStream, within| {
        stream.set_read_timeout(Some(within)).expect("a time limit");
        stream.write_all(b"x").and_then(|()| stream.read_exact(&mut [0]))
    };
    let long = Duration::from_secs(10);

    let mut stream = connect().expect("it listens");
    echo(&mut stream, long).expect("bytes pass");
    link.cut();
    assert!(echo(&mut stream, long).is_err(), "the connection is ended");
    connect().expect_err("and a new one refused");
    link.restore();
    let mut stream = connect().expect("it listens again");
    echo(&mut stream, long).expect("bytes pass again");

    link.hang();
    let error = echo(&mut stream, Duration::from_millis(200)).expect_err("nothing comes back");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "but the connection stands");
    link.heal();
    echo(&mut connect().expect("it listens"), long).expect("bytes pass after it has healed");
}
