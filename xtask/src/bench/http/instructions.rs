//! Instructions a request, counted by callgrind: the same on a busy machine.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, anyhow, bail};

use super::server::{self, Kind};
use crate::bench::table::Row;

pub fn rows(quick: bool) -> Result<Vec<Row>> {
    let (few, many) = if quick { (100, 600) } else { (500, 4500) };
    let mut base = Vec::new();
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        // The difference of two runs: what starts and stops is in both. They may run at once, since time is not what is counted.
        let (most, least) = std::thread::scope(|scope| {
            let most = scope.spawn(|| counted(kind, many));
            let least = counted(kind, few);
            (most.join(), least)
        });
        let most = most.map_err(|_| anyhow!("the count of {} panicked", kind.name()))??;
        let count = (most - least?) / f64::from(many - few);
        let row = Row::new(kind.name(), "instructions a request", vec![count]);
        if kind == Kind::Hyper {
            base = vec![count];
            rows.push(row);
        } else {
            rows.push(row.against(Kind::Hyper.name(), &base));
        }
    }
    Ok(rows)
}

fn counted(kind: Kind, requests: u32) -> Result<f64> {
    let server = server::start(kind, true)?;
    let mut stream = TcpStream::connect(server.address)?;
    stream.set_nodelay(true)?;
    for _ in 0..requests {
        exchange(&mut stream)?;
    }
    drop(stream);
    let text = server.end()?;
    let line = text.lines().find_map(|line| line.split_once("Collected : ")).context("callgrind counted nothing")?;
    Ok(line.1.trim().parse()?)
}

/// One request, and its whole answer.
pub fn exchange(stream: &mut TcpStream) -> Result<()> {
    const REQUEST: &[u8] =
        b"POST /sum HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"a\":1,\"b\":2}";
    const END: &[u8] = b"{\"v\":3}";
    stream.write_all(REQUEST)?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(END) {
        match stream.read(&mut buffer)? {
            0 => bail!("the server closed the connection after {:?}", String::from_utf8_lossy(&answer)),
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(())
}
