//! What the real rsyslogd receives, and what happens while it is away.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use towerkit_log::{Facility, Logger, Syslog};
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;
use tracing::{debug, error, info, warn};

const PATIENCE: Duration = Duration::from_secs(30);

/// A real server, with what it has received as JSON lines of its own making.
struct Server {
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Server {
    fn new(test: &str) -> Option<Self> {
        tool::find("rsyslogd", test)?;
        let folder = std::env::temp_dir().join(format!("towerkit-log-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Some(Self { folder, port: free_port(), process: None })
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("log.sock")
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    fn start(&mut self) {
        let folder = self.folder.display();
        let port = self.port;
        let config = format!(
            r#"
            global(workDirectory="{folder}" parser.escapeControlCharactersOnReceive="off")
            module(load="imudp") module(load="imtcp") module(load="imuxsock" SysSock.Use="off")
            input(type="imudp" address="127.0.0.1" port="{port}")
            input(type="imtcp" address="127.0.0.1" port="{port}")
            input(type="imuxsock" Socket="{socket}" UseSysTimeStamp="off" UseSpecialParser="off" ParseHostname="on")
            template(name="json" type="list" option.jsonf="on") {{
              property(outname="severity" name="syslogseverity" format="jsonf")
              property(outname="facility" name="syslogfacility" format="jsonf")
              property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
              property(outname="host" name="hostname" format="jsonf")
              property(outname="app" name="app-name" format="jsonf")
              property(outname="process" name="procid" format="jsonf")
              property(outname="id" name="msgid" format="jsonf")
              property(outname="data" name="structured-data" format="jsonf")
              property(outname="msg" name="msg" format="jsonf")
              property(outname="from" name="inputname" format="jsonf")
            }}
            action(type="omfile" file="{folder}/out.json" template="json")
            "#,
            socket = self.socket().display(),
        );
        std::fs::write(self.folder.join("rsyslog.conf"), config).unwrap();
        let at = |name: &str| self.folder.join(name).display().to_string();
        let program = tool::find("rsyslogd", "the syslog tests").unwrap();
        let mut command = Command::new(program);
        command.args(["-n", "-f", &at("rsyslog.conf"), "-i", &at("pid")]);
        self.process = Some(Process::start(&mut command).listens_on(port, PATIENCE));
    }

    fn stop(&mut self) {
        self.process.take().unwrap().terminate(PATIENCE);
    }

    fn received(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("out.json")).unwrap_or_default();
        // The last one may be on its way.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn wait_for(&mut self, messages: usize) -> Vec<Value> {
        let out = self.folder.clone();
        let count = move || std::fs::read_to_string(out.join("out.json")).unwrap_or_default().lines().count();
        self.process
            .as_mut()
            .unwrap()
            .wait_for(&format!("received {messages} messages"), PATIENCE, || count() >= messages);
        self.received()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.take());
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn log_all(log: &Logger) {
    log.set_filter("trace").unwrap();
    let log = log.with("service", "greeter");
    log.scope(|| {
        info!(target: "greeter::hello", name = "Zoë \"]\\", n = 3, "it's up = ü");
        error!("e\nforged <1>1 - - - - - -");
        warn!("w");
        debug!("d");
    });
}

fn check(messages: &[Value], from: &str) {
    let first = &messages[0];
    let field = |name: &str| first[name].as_str().unwrap();
    assert_eq!((field("facility"), field("severity")), ("16", "6"));
    assert_eq!(
        (field("host"), field("app"), field("process"), field("id")),
        ("box", "greeter", "4711", "greeter::hello")
    );
    // It writes what came, with the escapes of the RFC; the name of the value is read back by a hand's rule.
    assert_eq!(field("data"), r#"[towerkit@32473 name="Zoë \"\]\\" n="3" service="greeter"]"#);
    assert_eq!((field("msg").trim_start(), field("from")), ("it's up = ü", from));
    let severities: Vec<_> = messages.iter().map(|message| message["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["6", "3", "4", "7"]);
    assert_eq!(messages[1]["msg"].as_str().unwrap().trim_start(), r"e\nforged <1>1 - - - - - -");
    let now = humantime_now();
    assert_eq!(first["time"].as_str().unwrap().get(..10), now.get(..10));
}

fn humantime_now() -> String {
    let written = crate::support::Written::default();
    Logger::logfmt(written.clone()).scope(|| info!("m"));
    crate::support::get(&crate::reader::logfmt(&written.line()), "ts").unwrap().to_owned()
}

fn told(syslog: Syslog) -> Syslog {
    syslog.facility(Facility::Local0).host("box").app("greeter").process("4711")
}

#[test]
fn rsyslogd_reads_what_is_sent_over_udp() {
    let Some(mut server) = Server::new("rsyslogd_reads_what_is_sent_over_udp") else { return };
    server.start();
    let (log, flusher) = Logger::syslog(told(Syslog::udp(server.address())));
    log_all(&log);
    assert!(flusher.flush_within(PATIENCE));
    check(&server.wait_for(4), "imudp");
    assert_eq!(log.stats().lost(), 0);
}

#[test]
fn rsyslogd_reads_what_is_sent_over_tcp() {
    let Some(mut server) = Server::new("rsyslogd_reads_what_is_sent_over_tcp") else { return };
    server.start();
    let (log, flusher) = Logger::syslog(told(Syslog::tcp(server.address())));
    log_all(&log);
    assert!(flusher.flush_within(PATIENCE));
    check(&server.wait_for(4), "imtcp");
    assert_eq!(log.stats().lost(), 0);
}

#[test]
fn rsyslogd_reads_what_is_sent_to_its_socket() {
    let Some(mut server) = Server::new("rsyslogd_reads_what_is_sent_to_its_socket") else { return };
    server.start();
    let (log, flusher) = Logger::syslog(told(Syslog::unix(server.socket())));
    log_all(&log);
    assert!(flusher.flush_within(PATIENCE));
    check(&server.wait_for(4), "imuxsock");
    assert_eq!(log.stats().lost(), 0);
}

#[test]
fn large_messages_and_newlines_keep_their_frames_over_tcp() {
    let Some(mut server) = Server::new("large_messages_and_newlines_keep_their_frames_over_tcp") else { return };
    server.start();
    let (log, flusher) = Logger::syslog(told(Syslog::tcp(server.address())).capacity(8 * 1024 * 1024));
    let log = log.with("long", "é]\n".repeat(400));
    log.scope(|| (0..500).for_each(|n| info!(n, "{}", "line\n".repeat(n % 100))));
    assert!(flusher.flush_within(PATIENCE));
    let messages = server.wait_for(500);
    for (n, message) in messages.iter().enumerate() {
        let data = message["data"].as_str().unwrap();
        assert!(data.starts_with(&format!("[towerkit@32473 n=\"{n}\" ")) && data.ends_with("\"]"), "{data}");
        assert_eq!(message["msg"].as_str().unwrap().trim_start(), r"line\n".repeat(n % 100));
    }
}

#[test]
fn a_server_that_is_away_costs_no_time_and_gets_what_it_missed_when_it_comes() {
    let Some(mut server) = Server::new("a_server_that_is_away_costs_no_time_and_gets_what_it_missed_when_it_comes")
    else {
        return;
    };
    let (log, flusher) = Logger::syslog(told(Syslog::tcp(server.address())));
    let start = Instant::now();
    log.scope(|| (0..100).for_each(|n| info!(n, "line")));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(!flusher.flush_within(Duration::from_millis(100)));
    server.start();
    assert!(flusher.flush_within(PATIENCE));
    assert_eq!((server.wait_for(100).len(), log.stats().lost()), (100, 0));
}

#[test]
fn a_server_that_restarts_is_connected_to_anew() {
    let Some(mut server) = Server::new("a_server_that_restarts_is_connected_to_anew") else { return };
    let destination = [Syslog::tcp(server.address()), Syslog::unix(server.socket()), Syslog::udp(server.address())];
    server.start();
    let logs = destination.map(|syslog| Logger::syslog(told(syslog)));
    for (log, flusher) in &logs {
        log.scope(|| info!("before"));
        assert!(flusher.flush_within(PATIENCE));
    }
    server.wait_for(3);
    server.stop();
    let _ = std::fs::remove_file(server.socket());
    server.start();
    for (log, flusher) in &logs {
        log.scope(|| info!("after"));
        assert!(flusher.flush_within(PATIENCE));
    }
    let messages = server.wait_for(6);
    assert_eq!(messages.iter().filter(|message| message["msg"].as_str().unwrap().contains("after")).count(), 3);
    assert!(logs.iter().all(|(log, _)| log.stats().lost() == 0));
}

#[test]
fn a_buffer_that_is_full_for_a_server_that_is_away_loses_countably_and_ends_with_the_logger() {
    let (log, flusher) =
        Logger::syslog(Syslog::tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))).capacity(4096));
    log.scope(|| (0..1000).for_each(|n| info!(n, "line")));
    assert!(log.stats().lost() > 800, "{}", log.stats().lost());
    drop(log);
    assert!(flusher.flush_within(PATIENCE), "nobody is left, so that it need not try on");
    assert_eq!(flusher.stats().lost(), 1000);
}

#[test]
fn a_datagram_is_a_message_and_what_is_not_known_is_a_dash() {
    let folder = std::env::temp_dir().join(format!("towerkit-log-datagram-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path: &Path = &folder.join("s");
    let server = UnixDatagram::bind(path).unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let (log, _flusher) = Logger::syslog(Syslog::unix(path).process("1"));
    log.scope(|| info!(target: "here", "line"));
    let mut bytes = [0; 1000];
    let length = server.recv(&mut bytes).unwrap();
    let text = str::from_utf8(&bytes[..length]).unwrap();
    let (head, rest) = text.split_once(' ').unwrap();
    assert_eq!(head, "<14>1");
    assert!(rest.ends_with(" - - 1 here [towerkit@32473] line"), "{rest}");
    std::fs::remove_dir_all(&folder).unwrap();
}
