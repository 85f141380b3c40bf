//! The reverse proxy and nginx in front of the same server.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::http::server::{self, Kind};
use super::http::{bring, load};
use super::process::Process;
use super::table::Row;
use crate::test::tools;
use crate::workspace;

pub fn run(quick: bool) -> Result<Vec<Row>> {
    bring(&[("wrk", "wrk"), ("nginx", "nginx-light")])?;
    server::build()?;
    let (rounds, seconds) = if quick { (3, 1) } else { (11, 3) };
    let backend = server::start(Kind::Json, false)?;
    let proxies = [nginx(backend.address)?, server::proxy(backend.address)?];
    let mut micros = [Vec::new(), Vec::new()];
    for proxy in &proxies {
        load::round(proxy, 1)?; // warm
    }
    for _ in 0..rounds {
        for (proxy, micros) in proxies.iter().zip(&mut micros) {
            micros.push(load::round(proxy, seconds)?);
        }
    }
    let [nginx, ours] = micros;
    let unit = "CPU µs a request";
    Ok(vec![
        Row::new("nginx, one worker", unit, nginx.clone()),
        Row::new("ReverseProxy", unit, ours).against("nginx", &nginx),
    ])
}

/// One process without a log, with connections to callers and to the server that are kept.
fn nginx(backend: SocketAddr) -> Result<Process> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let folder = workspace::target().join("bench-nginx");
    std::fs::create_dir_all(&folder)?;
    let place = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {place}/{name};\n"))
        .concat();
    let config = format!(
        "daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ {temporary} access_log off; keepalive_requests 100000000;\n\
         upstream service {{ server {backend}; keepalive 64; keepalive_requests 100000000; }}\n\
         server {{ listen {address}; location / {{ proxy_pass http://service; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
         proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme; }} }} }}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, config)?;
    let program = tools::find("nginx").context("nginx is not here")?;
    let child = Command::new(program).arg("-p").arg(&folder).arg("-c").arg(file).spawn()?;
    let server = Process::foreign(child, address);
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if start.elapsed() > Duration::from_secs(10) {
            bail!("nginx does not listen; see {place}/error.log");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(server)
}
