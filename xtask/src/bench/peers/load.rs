//! The load: as much as a server answers, by wrk and h2load, and so much a second, by `xtask/peers/src/bin/paced.rs`.

use std::process::Command;

use anyhow::{Context, Result};

use super::service::Service;
use crate::bench::grpc::load::Load;
use crate::bench::http::load::round_of;
use crate::bench::process::Process;
use crate::workspace;

const CONNECTIONS: u32 = 32;
/// Calls a second: some half of what the slowest can do on a core.
pub const RATE: u32 = 3000;

/// Closed: the server's CPU microseconds a call.
pub fn closed(service: Service, server: &Process, seconds: u32) -> Result<f64> {
    match service.exchange() {
        Some(exchange) => round_of(exchange, server, seconds),
        None => Load::Unary.round(server, seconds),
    }
}

/// What calls at a fixed rate took.
#[derive(Debug, PartialEq)]
pub struct Paced {
    /// The server's CPU microseconds a call.
    pub micros: f64,
    /// Microseconds, counted from the moment at which a call was due.
    pub p99: f64,
}

pub fn paced(service: Service, server: &Process, seconds: u32) -> Result<Paced> {
    let mut load = Command::new(workspace::program("paced"));
    load.arg(if service.exchange().is_some() { "http" } else { "grpc" }).arg(server.address.to_string());
    load.args([CONNECTIONS, RATE, seconds].map(|number| number.to_string()));
    if let Some(exchange) = service.exchange() {
        load.args([exchange.path, exchange.body, exchange.reply]);
    }
    let before = server.cpu_micros()?;
    let text = workspace::output(&mut load)?;
    told(&text, server.cpu_micros()? - before).with_context(|| format!("the paced load said {text:?}"))
}

/// `CALLS P50 P99 MOST`.
fn told(text: &str, spent: f64) -> Result<Paced> {
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let mut number = || Ok::<_, anyhow::Error>(numbers.next().context("a number is missing")??);
    let [calls, _p50, p99] = [number()?, number()?, number()?];
    Ok(Paced { micros: spent / calls, p99 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_paced_load_says_is_read() {
        assert_eq!(told("3000 120.5 480.25 900\n", 60_000.0).unwrap(), Paced { micros: 20.0, p99: 480.25 });
        assert!(told("3000 120.5", 1.0).is_err());
        assert!(told("thread 'main' panicked", 1.0).is_err());
    }
}
