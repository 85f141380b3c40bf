//! The server, and its interface as an operator uses it.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

/// A server. Dropped, it is killed, unless it is the shared one.
#[derive(Debug)]
pub(super) struct Server {
    java: PathBuf,
    jar: PathBuf,
    port: u16,
    process: Option<Process>,
}

/// The one that most tests share: it takes seconds to start.
static SHARED: Mutex<Option<Arc<Server>>> = Mutex::new(None);

/// Runs a program until whoever started this is gone: what is in a static is never dropped.
const WHILE_WE_RUN: &str = r#""$@" & while kill -0 $PPID 2>/dev/null; do sleep 0.2; done; kill -9 $!"#;

impl Server {
    /// One that other tests have too.
    pub(super) fn shared(test: &str) -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_none() {
            let mut server = Self::find(test)?;
            let mut command = Command::new("sh");
            command.args(["-c", WHILE_WE_RUN, "sh"]).arg(&server.java).args(server.arguments());
            server.run(&mut command);
            *shared = Some(Arc::new(server));
        }
        shared.clone()
    }

    /// One of the test's own.
    pub(super) fn start(test: &str) -> Option<Self> {
        let mut server = Self::find(test)?;
        server.go_on();
        Some(server)
    }

    fn find(test: &str) -> Option<Self> {
        let java = tool::find("javac", test)?.with_file_name("java");
        Some(Self { java, jar: tool::find("eureka", test)?, port: free_port(), process: None })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it: all it knew is lost, since it keeps it in memory.
    pub(super) fn crash(&mut self) {
        self.process = None;
    }

    /// Starts it again, on the same port.
    pub(super) fn go_on(&mut self) {
        self.run(Command::new(&self.java).args(self.arguments()));
    }

    fn run(&mut self, command: &mut Command) {
        let port = self.port;
        let mut process = Process::start(command);
        let answers = || matches!(ask(port, "GET", "/eureka/apps", ""), Some((200, _)));
        process.wait_for("answers", Duration::from_secs(60), answers);
        self.process = Some(process);
    }

    fn arguments(&self) -> Vec<OsString> {
        let port = self.port;
        let mut arguments: Vec<OsString> =
            ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-jar"].map(Into::into).into();
        arguments.push(self.jar.clone().into());
        arguments.push(format!("--server.port={port}").into());
        arguments.push(format!("--eureka.client.service-url.defaultZone=http://127.0.0.1:{port}/eureka/").into());
        arguments.extend(SETTINGS.map(Into::into));
        arguments
    }

    /// What the server says of an application, in JSON; none where it does not know it.
    pub(super) fn application(&self, name: &str) -> Option<String> {
        let (status, body) = self.ask("GET", &format!("apps/{name}"), "");
        (status == 200).then_some(body)
    }

    pub(super) fn register(&self, name: &str, document: &str) {
        assert_eq!(self.ask("POST", &format!("apps/{name}"), document).0, 204, "{document}");
    }

    pub(super) fn delete(&self, name: &str, id: &str) {
        assert_eq!(self.ask("DELETE", &format!("apps/{name}/{id}"), "").0, 200);
    }

    /// Overrides the status of an instance.
    pub(super) fn override_status(&self, name: &str, id: &str, status: &str) {
        assert_eq!(self.ask("PUT", &format!("apps/{name}/{id}/status?value={status}"), "").0, 200);
    }

    /// Undoes that.
    pub(super) fn end_override(&self, name: &str, id: &str) {
        assert_eq!(self.ask("DELETE", &format!("apps/{name}/{id}/status"), "").0, 200);
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        ask(self.port, method, &format!("/eureka/{path}"), body).expect("the server answers")
    }
}

const SETTINGS: [&str; 8] = [
    "--server.address=127.0.0.1",
    "--eureka.instance.hostname=127.0.0.1",
    "--eureka.client.register-with-eureka=false",
    "--eureka.client.fetch-registry=false",
    // A change is seen at once.
    "--eureka.server.use-read-only-response-cache=false",
    // Leases run out, however many.
    "--eureka.server.enable-self-preservation=false",
    "--eureka.server.eviction-interval-timer-in-ms=500",
    "--spring.main.banner-mode=off",
];

/// One request; status and body of the reply.
fn ask(port: u16, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let length = body.len();
    let json = "Accept: application/json\r\nContent-Type: application/json";
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{json}\r\nContent-Length: {length}\r\n\r\n{body}")
        .ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
