//! The reverse proxy and nginx in front of the same server.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::http::server::{self, Kind};
use super::http::{bring, load};
use super::process::Process;
use super::table::Row;
use super::turns::in_turn;
use crate::test::tools;
use crate::workspace;

pub fn run(quick: bool) -> Result<Vec<Row>> {
    bring(&[("wrk", "wrk"), ("nginx", "nginx-light")])?;
    server::build()?;
    let (rounds, seconds) = if quick { (3, 1) } else { (11, 3) };
    let backend = server::start(Kind::Json, false)?;
    let proxies = [nginx(backend.address)?, server::proxy(backend.address)?];
    for proxy in &proxies {
        load::round(proxy, 1)?; // warm
    }
    let micros = in_turn(&proxies, rounds, |proxy| load::round(proxy, seconds))?;
    let [nginx, ours] = &micros[..] else { bail!("two were measured") };
    let unit = "CPU µs a request";
    Ok(vec![
        Row::new("nginx, one worker", unit, nginx.clone()),
        Row::new("ReverseProxy", unit, ours.clone()).against("nginx", nginx),
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
    let mut nginx = Command::new(program);
    nginx.arg("-p").arg(&folder).arg("-c").arg(file);
    Process::told(&mut nginx, address).with_context(|| format!("see {place}/error.log"))
}
