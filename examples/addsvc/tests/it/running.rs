//! addsvc as a process on ports of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Addsvc {
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) json_rpc: SocketAddr,
    pub(crate) debug: SocketAddr,
}

impl Addsvc {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_addsvc"))
            .args(
                ["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"]
                    .map(|flag| [flag, "127.0.0.1:0"])
                    .concat(),
            )
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let mut addresses = line.split([' ', ',', ';']).filter_map(|word| word.parse().ok());
        let mut address = || addresses.next().unwrap();
        let (http, grpc, json_rpc, debug) = (address(), address(), address(), address());
        Self { child, http, grpc, json_rpc, debug }
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
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
            let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
            let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
            if Duration::from_millis(ticks * 10) >= time {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "it has worked for {ticks} ticks only");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for the end; what it printed for operators comes with it.
    pub(crate) fn ended(&mut self, within: Duration) -> (ExitStatus, String) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut text = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
                return (status, text);
            }
            assert!(start.elapsed() < within, "addsvc still runs after {within:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn cli(&self, args: &[&str]) -> Output {
        let address = self.http.to_string();
        Command::new(env!("CARGO_BIN_EXE_addcli")).args(["--http-addr", &address]).args(args).output().unwrap()
    }
}

impl Drop for Addsvc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
