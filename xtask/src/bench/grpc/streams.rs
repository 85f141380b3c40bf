//! Resident memory for each open stream.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Kind;
use super::server;
use crate::bench::http::allow_files;
use crate::bench::table::Row;

pub fn rows(kinds: &[Kind], streams: u32) -> Result<Vec<Row>> {
    allow_files();
    let mut base = Vec::new();
    let mut rows = Vec::new();
    for kind in kinds.iter().copied().filter(|kind| !matches!(kind, Kind::Hyper | Kind::Stack)) {
        let bytes = vec![held(kind, streams)?];
        let row = Row::new(kind.name(), "bytes an open stream", bytes.clone());
        if kind == Kind::Tonic {
            base = bytes;
            rows.push(row);
        } else {
            rows.push(row.against(Kind::Tonic.name(), &base));
        }
    }
    Ok(rows)
}

/// Opens streams, each with a message either way, and looks at what the server has grown by. Their connections are in it.
fn held(kind: Kind, streams: u32) -> Result<f64> {
    let server = server::start(kind)?;
    let before = server.resident()?;
    let mut client = Command::new(server::program())
        .args(["open", &server.address.to_string(), &streams.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(client.stdout.take().context("no output")?).read_line(&mut line)?;
    let grown = server.resident()? - before;
    client.kill()?;
    client.wait()?;
    if !line.contains("streams are open") {
        bail!("the streams of {} could not be opened", kind.name());
    }
    Ok(grown / f64::from(streams))
}
