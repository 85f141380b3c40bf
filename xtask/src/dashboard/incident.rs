//! Eighty seconds in the life of `apigateway` and `addsvc`, as processes, and what they said.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, Scope};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use towerkit_testing::process::{Process, free_port};

use super::prometheus::Scraped;

/// The programs, and their ports.
pub struct Site {
    addsvc: PathBuf,
    addsvc_ports: [u16; 4],
    upstream: Process,
    gateway: Process,
    gateway_ports: [u16; 2],
}

/// A part of the incident, in seconds since it began.
pub struct Phase {
    pub name: &'static str,
    pub fill: &'static str,
    pub from: u64,
    pub to: u64,
}

/// What is to be drawn over the time.
pub const PHASES: [Phase; 4] = [
    Phase { name: "a burst beyond the rate limit", fill: "#fff3cd", from: 14, to: 26 },
    Phase { name: "requests that are wrong", fill: "#dbeafe", from: 34, to: 42 },
    Phase { name: "addsvc hangs", fill: "#f8d7da", from: 50, to: 58 },
    Phase { name: "addsvc is dead", fill: "#e2d9f3", from: 58, to: 66 },
];

/// How long it takes, in seconds.
pub const END: u64 = 80;

/// What addsvc serves in a second, both methods together.
const RATE_LIMIT: u64 = 120;

const SUM: (&str, &str) = ("/addsvc/sum", r#"{"a":1,"b":2}"#);
const CONCAT: (&str, &str) = ("/addsvc/concat", r#"{"a":"a","b":"b"}"#);
const WRONG: (&str, &str) = ("/addsvc/sum", r#"{"a":0,"b":0}"#);

/// When it began, in seconds since 1970, and what was logged meanwhile.
pub struct Told {
    pub began: f64,
    pub gateway: String,
    pub addsvc: String,
}

impl Site {
    pub fn start(programs: &[PathBuf; 2]) -> Self {
        let [addsvc, apigateway] = programs;
        let (addsvc_ports, gateway_ports) =
            (std::array::from_fn(|_| free_port()), std::array::from_fn(|_| free_port()));
        let upstream = start_addsvc(addsvc, addsvc_ports);
        let mut command = Command::new(apigateway);
        command.args(addresses(["--http-addr", "--debug-addr"], gateway_ports));
        command.arg(format!("--addsvc=127.0.0.1:{}", addsvc_ports[0]));
        let gateway = Process::start(&mut command).listens_on(gateway_ports[0], PATIENCE);
        Self { addsvc: addsvc.clone(), addsvc_ports, upstream, gateway, gateway_ports }
    }

    pub fn scraped(&self) -> [Scraped; 2] {
        let ([.., addsvc], [.., gateway]) = (self.addsvc_ports, self.gateway_ports);
        [("addsvc", "addsvc-1", addsvc), ("apigateway", "gateway-1", gateway)]
    }

    /// The incident itself.
    pub fn suffer(self) -> Result<Told> {
        let [burst, wrong, hangs, dead] = &PHASES;
        let port = self.gateway_ports[0];
        let start = Instant::now();
        let began = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        let at = |second| start + Duration::from_secs(second);
        thread::scope(|scope| {
            call(scope, port, 40, SUM, at(0), at(END));
            call(scope, port, 20, CONCAT, at(0), at(END));
            call(scope, port, 2 * RATE_LIMIT, SUM, at(burst.from), at(burst.to));
            call(scope, port, 20, WRONG, at(wrong.from), at(wrong.to));
            sleep_until(at(hangs.from));
            self.upstream.signal("STOP");
            sleep_until(at(dead.from));
            let before = self.upstream.said();
            self.upstream.kill();
            sleep_until(at(dead.to));
            let upstream = start_addsvc(&self.addsvc, self.addsvc_ports);
            sleep_until(at(END));
            let addsvc = before + &upstream.said();
            let gateway = self.gateway.said();
            for process in [upstream, self.gateway] {
                ensure!(process.terminate(PATIENCE).success(), "a program did not end well");
            }
            Ok(Told { began, gateway, addsvc })
        })
    }
}

/// How long a program may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(20);

fn start_addsvc(program: &PathBuf, ports: [u16; 4]) -> Process {
    let mut command = Command::new(program);
    command.args(addresses(["--grpc-addr", "--http-addr", "--jsonrpc-addr", "--debug-addr"], ports));
    command.arg(format!("--rate-limit={RATE_LIMIT}"));
    Process::start(&mut command).listens_on(ports[0], PATIENCE)
}

fn addresses<const N: usize>(flags: [&str; N], ports: [u16; N]) -> impl Iterator<Item = String> {
    flags.into_iter().zip(ports).map(|(flag, port)| format!("{flag}=127.0.0.1:{port}"))
}

/// So many callers of a request. Each calls once a second, at its own time, so that no call waits for another one.
fn call<'scope>(
    scope: &'scope Scope<'scope, '_>,
    port: u16,
    callers: u64,
    (path, message): (&'static str, &'static str),
    from: Instant,
    to: Instant,
) {
    for caller in 0..callers {
        scope.spawn(move || {
            let mut due = from + Duration::from_secs(1) * caller as u32 / callers as u32;
            while due < to {
                sleep_until(due);
                // What becomes of it is for the metrics to tell.
                let _ = post(port, path, message);
                due += Duration::from_secs(1);
            }
        });
    }
}

fn post(port: u16, path: &str, message: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = message.len();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{message}"
    )?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn sleep_until(at: Instant) {
    thread::sleep(at.saturating_duration_since(Instant::now()));
}
