//! nginx and our proxy in front of the same service: the same awkward requests, and what became of each. The differences are
//! explained in docs/proxy.md.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use towerkit_testing::tool::find;

use crate::backend::Backend;
use crate::site::{Site, exchange, header, status};

struct Nginx {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
    backend: Backend,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Nginx {
    /// As its users set it up: HTTP/1.1 and kept connections to the backend, and the address of the caller added.
    async fn start(program: &Path) -> Self {
        let backend = Backend::start().await;
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let folder = std::env::temp_dir().join(format!("towerkit-nginx-{}", address.port()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut temporary = String::new();
        for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            let _ = writeln!(temporary, "  {name}_temp_path {}/{name};", folder.display());
        }
        let config = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n{temporary}  access_log off;\n\
             upstream service {{ server {service}; keepalive 4; }}\n\
             server {{ listen {address}; location / {{\n\
             proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_read_timeout 1s; }} }} }}\n",
            folder = folder.display(),
            service = backend.address,
        );
        std::fs::write(folder.join("nginx.conf"), config).unwrap();
        let child = Command::new(program)
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { child, folder, address, backend };
        for _ in 0..1000 {
            if TcpStream::connect(address).await.is_ok() {
                return nginx;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx does not listen");
    }
}

/// What became of a request: the status, and the line and some headers of what the backend was asked, each time it was.
async fn outcome(address: SocketAddr, backend: &Backend, request: &str, look: &[&str]) -> String {
    let answer = exchange(address, request).await;
    let mut outcome = status(&answer).to_string();
    for seen in backend.seen.take() {
        let _ = write!(outcome, " | {}", seen.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1"));
        for name in look {
            let value = header(&seen, name).map(|value| value.replace(&backend.address.to_string(), "BACKEND"));
            let _ = write!(outcome, ", {name}: {}", value.as_deref().unwrap_or("-"));
        }
    }
    outcome
}

struct Case {
    name: &'static str,
    request: String,
    look: &'static [&'static str],
    ours: &'static str,
    nginx: &'static str,
}

fn case(
    name: &'static str,
    request: impl Into<String>,
    look: &'static [&'static str],
    ours: &'static str,
    nginx: &'static str,
) -> Case {
    Case { name, request: request.into(), look, ours, nginx }
}

fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: front.test\r\nConnection: close\r\n{headers}\r\n")
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    let post = |headers: &str, body: &str| format!("POST /p HTTP/1.1\r\nHost: front.test\r\nConnection: close\r\n{headers}\r\n{body}");
    vec![
        case("plain", get("/a?b=c", ""), &["host", "via"], "200 | GET /a?b=c, host: BACKEND, via: 1.1 towerkit", "200 | GET /a?b=c, host: service, via: -"),
        case("connection names a header", get("/a", "Connection: X-Mine\r\nX-Mine: 1\r\n"), &["x-mine"], "200 | GET /a, x-mine: -", "200 | GET /a, x-mine: 1"),
        case("a spoofed address", get("/a", "X-Forwarded-For: 6.6.6.6\r\n"), &["x-forwarded-for"], "200 | GET /a, x-forwarded-for: 127.0.0.1", "200 | GET /a, x-forwarded-for: 6.6.6.6, 127.0.0.1"),
        case("a spoofed Forwarded", get("/a", "Forwarded: for=6.6.6.6\r\n"), &["forwarded"], "200 | GET /a, forwarded: -", "200 | GET /a, forwarded: for=6.6.6.6"),
        case("two hosts", get("/a", "Host: other.test\r\n"), &["host"], "400", "400"),
        case("no host", "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", &["host"], "400", "400"),
        case("both lengths", "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["content-length", "transfer-encoding"], "200 | POST /p, content-length: -, transfer-encoding: chunked", "400"),
        case("two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), &["content-length"], "400", "400"),
        case("an encoding nobody knows", post("Transfer-Encoding: xchunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), &["transfer-encoding"], "400", "501"),
        case("chunks with extensions", post("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n0\r\n\r\n"), &["content-length", "transfer-encoding"], "200 | POST /p, content-length: -, transfer-encoding: chunked", "200 | POST /p, content-length: 3, transfer-encoding: -"),
        case("a bad chunk", post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"), &["content-length"], "400", "400"),
        case("a folded header", get("/a", "X-Folded: a\r\n b\r\n"), &["x-folded"], "400", "400"),
        case("a space before the colon", get("/a", "X-Space : a\r\n"), &["x-space"], "400", "400"),
        case("a path with two slashes, dots and %2f", get("/a//b/../c%2fd", ""), &[], "200 | GET /a//b/../c%2fd", "200 | GET /a//b/../c%2fd"),
        case("a target with a host", get("http://other.test/a", ""), &["host"], "200 | GET /a, host: BACKEND", "200 | GET /a, host: service"),
        case("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &[], "501", "400"),
        case("a websocket", "GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n", &["upgrade"], "501", "200 | GET /a, upgrade: -"),
        case("TE: trailers", get("/a", "TE: trailers\r\n"), &["te"], "200 | GET /a, te: trailers", "200 | GET /a, te: -"),
        case("Expect", post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"), &["expect"], "100 | POST /p, expect: -", "100 | POST /p, expect: -"),
        case("a header of 20 KB", get("/a", &format!("X-Long: {}\r\n", "x".repeat(20_000))), &[], "431", "400"),
        case("the backend is slow", get("/slow", ""), &[], "504 | GET /slow", "504 | GET /slow"),
        case("the backend closes", get("/closed", ""), &[], "502 | GET /closed", "502 | GET /closed"),
        case("the backend answers two lengths", get("/two-lengths", ""), &[], "502 | GET /two-lengths", "200 | GET /two-lengths"),
        case("HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", &["host"], "200 | GET /a, host: BACKEND", "200 | GET /a, host: service"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_awkward_requests_fare_as_the_table_says() {
    let Some(program) = find("nginx", "the_same_awkward_requests_fare_as_the_table_says") else { return };
    let nginx = Nginx::start(&program).await;
    let ours = Site::with(|proxy| proxy.head_timeout(Duration::from_secs(1))).await;
    let mut wrong = String::new();
    for Case { name, request, look, ours: by_ours, nginx: by_nginx } in cases() {
        for (who, expected, seen) in [
            ("ours", by_ours, outcome(ours.address, &ours.backend, &request, look).await),
            ("nginx", by_nginx, outcome(nginx.address, &nginx.backend, &request, look).await),
        ] {
            if seen != expected {
                let _ = writeln!(wrong, "{name}\t{who}\t{seen}\t{expected}");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
