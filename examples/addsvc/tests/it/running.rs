//! addsvc as a process on ports of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitStatus, Output};
use std::time::{Duration, Instant};

use towerkit_testing::process::Process;

pub(crate) struct Addsvc {
    process: Process,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) json_rpc: SocketAddr,
    pub(crate) debug: SocketAddr,
}

impl Addsvc {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let ports = ["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_addsvc"));
        command.args(ports.map(|flag| [flag, "127.0.0.1:0"]).concat()).args(flags);
        let mut process = Process::start(&mut command);
        process.wait_until_said("; try:\n", 1, Duration::from_secs(30));
        let said = process.said();
        let hello = said.lines().find(|line| line.starts_with("addsvc listens")).unwrap();
        let mut addresses = hello.split([' ', ',', ';']).filter_map(|word| word.parse().ok());
        let mut address = || addresses.next().unwrap();
        let (http, grpc, json_rpc, debug) = (address(), address(), address(), address());
        Self { process, http, grpc, json_rpc, debug }
    }

    /// Status and body of one request on a connection of its own.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, String) {
        Self::post_to(self.http, path, body)
    }

    pub(crate) fn post_to(address: SocketAddr, path: &str, body: &str) -> (u16, String) {
        exchange(
            address,
            &format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
    }

    /// Waits until it has used so much CPU time (proc(5), `stat`, fields 14 and 15): until it is in the middle of its work.
    pub(crate) fn worked_for(&self, time: Duration) {
        let start = Instant::now();
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
            let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
            let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
            if Duration::from_millis(ticks * 10) >= time {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "it has worked for {ticks} ticks only");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn kill(self) {
        self.process.kill();
    }

    pub(crate) fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// Waits for the end; what it printed comes with it.
    pub(crate) fn ended(&mut self, within: Duration) -> (ExitStatus, String) {
        self.process.ended(within)
    }

    pub(crate) fn cli(&self, args: &[&str]) -> Output {
        let address = self.http.to_string();
        Command::new(env!("CARGO_BIN_EXE_addcli")).args(["--http-addr", &address]).args(args).output().unwrap()
    }
}

/// Sends text, and reads to the end of the connection: status and body.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> (u16, String) {
    let answer = whole_exchange(address, request);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// As [`exchange`], with all of the reply as it came.
pub(crate) fn whole_exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
