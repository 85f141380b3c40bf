//! Foreign tools against `serve`: slowhttptest attacks it, wrk loads it while it drains.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use towerkit_testing::tool::find;
use towerkit_transport_http::ServeEvent;

use crate::site::Site;

/// Without the escapes of ANSI terminals.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .fold(first, |plain, part| plain + part.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |part| part.1))
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_versions_of_curl_and_h2load_are_served_on_one_port() {
    const TEST: &str = "both_versions_of_curl_and_h2load_are_served_on_one_port";
    let (Some(curl), Some(h2load)) = (find("curl", TEST), find("h2load", TEST)) else { return };
    let site = Site::start().await;
    let url = format!("http://{}/", site.address);
    for (flags, version) in
        [(&["--http1.1"][..], "1.1"), (&["--http2-prior-knowledge"], "2"), (&["--http1.0"], "1"), (&["--http2"], "1.1")]
    {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--show-error", "--max-time", "20", "--write-out", " %{http_code} %{http_version}"]);
        let output = run({
            command.args(flags).arg(&url);
            command
        })
        .await;
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("hello 200 {version}"), "{flags:?} {output:?}");
    }
    for flags in [&["--h1"][..], &[]] {
        let mut command = Command::new(&h2load);
        command.args(["-n", "2000", "-c", "10", "-m", "10"]).args(flags).arg(&url);
        let output = run(command).await;
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(report.contains("2000 succeeded, 0 failed, 0 errored"), "{report}");
        assert!(report.contains("2000 2xx"), "{report}");
    }
    assert_eq!(site.connect().await.get("/").await.status, 200);
}

const LIMIT: Duration = Duration::from_millis(500);

/// Fifty connections that attack for up to 15 seconds: the tool ends before if none is left open, and the server must have
/// closed each of them for the reason that is counted.
async fn attack(test: &str, path: &str, arguments: &[&str], closed: impl Fn(&Site) -> usize) {
    let Some(slowhttptest) = find("slowhttptest", test) else { return };
    let site =
        Site::with(|serve| serve.header_timeout(LIMIT).body_timeout(LIMIT, 500).write_timeout(LIMIT, 1 << 20)).await;
    let mut command = Command::new(slowhttptest);
    command.args(["-c", "50", "-r", "50", "-l", "15", "-i", "1", "-p", "2", "-u"]);
    command.arg(format!("http://{}{path}", site.address)).args(arguments);
    let output = run(command).await;
    let report = without_colours(&String::from_utf8_lossy(&output.stdout));
    assert!(report.contains("No open connections left"), "{report}");
    assert_eq!(closed(&site), 50, "{report}");
    assert_eq!(site.connect().await.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_are_closed() {
    attack("slow_heads_are_closed", "/", &["-H"], |site| {
        site.events.count(|event| matches!(event, ServeEvent::HeaderTimeout { .. }))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_are_closed() {
    attack("slow_bodies_are_closed", "/echo", &["-B", "-s", "8192", "-t", "POST"], Site::slow_bodies).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_are_closed() {
    // Some buffers of data have been sent by the time the server closes: the tool reads those to their end.
    let arguments = ["-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "1024"];
    attack("slow_readers_are_closed", "/big", &arguments, |site| {
        site.events.count(|event| matches!(event, ServeEvent::WriteStalled { .. }))
    })
    .await;
}

/// A rolling restart: the next server listens on the same port already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_while_wrk_runs_loses_no_request() {
    let Some(wrk) = find("wrk", "a_drain_while_wrk_runs_loses_no_request") else { return };
    let first = Site::on(listen("127.0.0.1:0".parse().unwrap()), |serve| serve).await;
    let mut command = Command::new(wrk);
    command.args(["-t", "1", "-c", "32", "-d", "3"]).arg(format!("http://{}/", first.address));
    let loading = tokio::spawn(run(command));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = Site::on(listen(first.address), |serve| serve).await;
    first.stopper.stop(Duration::from_secs(10));
    first.ended().await.unwrap();
    let report = String::from_utf8(loading.await.unwrap().stdout).unwrap();
    // It has these lines where there was something to tell.
    assert!(report.contains("requests in") && !report.contains("errors") && !report.contains("Non-2xx"), "{report}");
    drop(second);
}

/// A listener whose port can be had once more.
fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1024).unwrap()
}
