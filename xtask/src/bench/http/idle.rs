//! Resident memory for each idle connection.

use std::net::TcpStream;

use anyhow::{Context, Result};

use super::instructions::exchange;
use super::server::{Kind, Server};
use crate::bench::table::Row;

pub fn rows(connections: u32) -> Result<Vec<Row>> {
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
    let server = Server::start(kind, false)?;
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
