//! Load by wrk.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::bench::process::Process;
use crate::workspace;

/// A JSON request, and what answers it.
#[derive(Clone, Copy)]
pub struct Exchange {
    pub path: &'static str,
    pub body: &'static str,
    pub reply: &'static str,
}

/// addsvc's `Sum`.
pub const SUM: Exchange = Exchange { path: "/sum", body: r#"{"a":1,"b":2}"#, reply: r#"{"v":3}"# };

/// One round of so many seconds of [`SUM`]: the server's CPU microseconds a request.
pub fn round(server: &Process, seconds: u32) -> Result<f64> {
    round_of(SUM, server, seconds)
}

/// One round of another request.
pub fn round_of(Exchange { path, body, .. }: Exchange, server: &Process, seconds: u32) -> Result<f64> {
    let script = workspace::target().join("bench-post.lua");
    std::fs::write(
        &script,
        format!("wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['content-type'] = 'application/json'\n"),
    )?;
    let before = server.cpu_micros()?;
    let url = format!("http://{}{path}", server.address);
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c32", &format!("-d{seconds}s"), "-s"]).arg(&script).arg(url);
    let text = workspace::output(&mut wrk)?;
    let spent = server.cpu_micros()? - before;
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("not all requests were answered well:\n{text}");
    }
    let line = text.lines().find(|line| line.contains(" requests in ")).context("wrk counted no requests")?;
    let requests: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(spent / requests)
}
