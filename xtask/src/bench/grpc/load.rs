//! Load by h2load, which sends the frames as they are.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Kind;
use crate::bench::process::Process;
use crate::workspace;

/// What is called, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// `Sum`, as often as it answers, with a hundred calls under way.
    Unary,
    /// `Sum`, 5000 times a second.
    UnaryPaced,
    /// A stream of a thousand numbers, each of which is answered; sixteen under way.
    Stream,
    /// The same, 500 times a second.
    StreamPaced,
}

impl Load {
    pub const ALL: [Self; 4] = [Self::Unary, Self::UnaryPaced, Self::Stream, Self::StreamPaced];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::UnaryPaced => "unary at 5000 a second",
            Self::Stream => "stream of 1000",
            Self::StreamPaced => "stream of 1000 at 500 a second",
        }
    }

    pub fn is_for(self, kind: Kind) -> bool {
        kind != Kind::Hyper || matches!(self, Self::Unary | Self::UnaryPaced)
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Unary | Self::UnaryPaced => "/pb.Add/Sum",
            Self::Stream | Self::StreamPaced => "/runningsum.RunningSum/Sum",
        }
    }

    /// Clients, and the streams of each.
    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Unary => &["-c10", "-m10"],
            Self::UnaryPaced => &["-c10", "-m10", "--rps=500"],
            Self::Stream => &["-c4", "-m4"],
            Self::StreamPaced => &["-c4", "-m4", "--rps=125"],
        }
    }

    /// The frames of one call.
    fn body(self) -> Vec<u8> {
        match self {
            // a: 1, b: 2
            Self::Unary | Self::UnaryPaced => b"\0\0\0\0\x04\x08\x01\x10\x02".to_vec(),
            // value: 7
            Self::Stream | Self::StreamPaced => b"\0\0\0\0\x02\x08\x07".repeat(1000),
        }
    }

    /// One round of so many seconds: the server's CPU microseconds a call.
    pub fn round(self, server: &Process, seconds: u32) -> Result<f64> {
        let body = workspace::target().join(format!("bench-grpc-{self:?}"));
        std::fs::write(&body, self.body())?;
        let mut h2load = Command::new("h2load");
        h2load.arg(format!("-D{seconds}")).args(self.arguments());
        h2load.args(["-H", "content-type: application/grpc", "-H", "te: trailers", "-d"]).arg(&body);
        h2load.arg(format!("http://{}{}", server.address, self.path()));
        let before = server.cpu_micros()?;
        let text = workspace::output(&mut h2load)?;
        let spent = server.cpu_micros()? - before;
        let line =
            text.lines().find_map(|line| line.strip_prefix("requests: ")).context("h2load counted no requests")?;
        // `100 total, 100 started, 100 done, 98 succeeded, 0 failed, 0 errored, 0 timeout`
        let counted = |what: &str| -> Result<f64> {
            let part = line.split(", ").find_map(|part| part.strip_suffix(what)).context("a count")?;
            Ok(part.trim().parse()?)
        };
        if counted("failed")? + counted("errored")? + counted("timeout")? > 0.0 || !text.contains(", 0 4xx, 0 5xx") {
            bail!("not all calls were answered well:\n{text}");
        }
        Ok(spent / counted("succeeded")?)
    }
}
