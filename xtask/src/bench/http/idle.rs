//! Resident memory for each idle connection.

use std::net::TcpStream;
use std::process::Command;

use anyhow::{Context, Result};

use super::instructions::exchange;
use super::server::{self, Kind};
use crate::bench::table::Row;

pub fn rows(connections: u32) -> Result<Vec<Row>> {
    allow_files();
    let mut base = Vec::new();
    let mut rows = Vec::new();
    for kind in [Kind::Hyper, Kind::Json, Kind::Axum] {
        let bytes = vec![held(kind, connections)?];
        let row = Row::new(kind.name(), "bytes an idle connection", bytes.clone());
        if kind == Kind::Hyper {
            base = bytes;
            rows.push(row);
        } else {
            rows.push(row.against(Kind::Hyper.name(), &base));
        }
    }
    Ok(rows)
}

/// Opens connections, each with one request behind it, and looks at what the server has grown by.
fn held(kind: Kind, connections: u32) -> Result<f64> {
    let server = server::start(kind, false)?;
    exchange(&mut TcpStream::connect(server.address)?)?;
    let before = server.resident()?;
    let mut open = Vec::new();
    for index in 0..connections {
        let mut stream = TcpStream::connect(server.address)
            .with_context(|| format!("connection {index}; are more open files allowed than `ulimit -n` says?"))?;
        exchange(&mut stream)?;
        open.push(stream);
    }
    Ok((server.resident()? - before) / f64::from(connections))
}

/// Lets this program, and what it starts from here on, open as many files as the machine lets it. Where that can't be had, the
/// first connection too many says so.
pub fn allow_files() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(hard) = hard_limit(&limits) {
        let own = std::process::id().to_string();
        let _ = Command::new("prlimit").args(["--pid", &own, &format!("--nofile={hard}:{hard}")]).status();
    }
}

/// proc(5), `limits`: `Max open files  1024  524288  files`.
fn hard_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_is_the_second() {
        assert_eq!(
            hard_limit("Max processes 1 2 processes\nMax open files    1024    524288    files\n"),
            Some(524_288)
        );
        assert_eq!(hard_limit("Max processes 1 2 processes\n"), None);
    }
}
