//! Load by `crates/transport-nats/examples/bench_nats_load.rs`.

use std::process::Command;

use anyhow::{Context, Result};

use super::server::Serving;
use crate::workspace;

/// How calls are made, over one connection.
#[derive(Clone, Copy)]
pub enum Load {
    /// As often as they are answered, with 64 under way.
    Closed,
    /// 5000 times a second.
    Paced,
}

impl Load {
    pub const ALL: [Self; 2] = [Self::Closed, Self::Paced];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "64 under way",
            Self::Paced => "5000 a second",
        }
    }

    /// One round of so many seconds: the serving process' CPU microseconds a call. A call that fails fails the round.
    pub fn round(self, serving: &Serving, seconds: u32) -> Result<f64> {
        let (mode, much) = match self {
            Self::Closed => ("closed", "64"),
            Self::Paced => ("paced", "5000"),
        };
        let before = serving.process.cpu_micros()?;
        let load = &mut Command::new(workspace::example("bench_nats_load"));
        let text = workspace::output(load.args([mode, &serving.url(), much, &seconds.to_string()]))?;
        let spent = serving.process.cpu_micros()? - before;
        let calls: f64 = text.trim().parse().context("the load counted no calls")?;
        Ok(spent / calls)
    }
}
