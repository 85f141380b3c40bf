//! Load by wrk.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::bench::process::Process;
use crate::workspace;

/// One round of so many seconds: the server's CPU microseconds a request.
pub fn round(server: &Process, seconds: u32) -> Result<f64> {
    let script = workspace::target().join("bench-post.lua");
    std::fs::write(
        &script,
        "wrk.method = 'POST'\nwrk.body = '{\"a\":1,\"b\":2}'\nwrk.headers['content-type'] = 'application/json'\n",
    )?;
    let before = server.cpu_micros()?;
    let url = format!("http://{}/sum", server.address);
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
