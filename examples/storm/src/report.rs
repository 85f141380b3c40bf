//! How a stack fared.

use std::fmt::Write as _;
use std::time::Duration;

use crate::load::{self, Call};
use crate::server::{BIN, Server};
use crate::stacks::Stack;
use crate::{END, FAILS, HANGS, WELL};

/// What one stack made of the storm.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The stack's name.
    pub name: &'static str,
    /// Every call.
    pub calls: Vec<Call>,
    /// Calls that reached the server, in each [`BIN`].
    pub arrived: Vec<u32>,
}

/// Runs a stack through the storm, on a runtime of its own whose time is paused.
///
/// # Errors
///
/// When no runtime can be made.
pub fn run(name: &'static str, stack: Stack) -> std::io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(async {
        let server = Server::start();
        let calls = load::run(stack(server.endpoint())).await;
        Outcome { name, calls, arrived: server.arrived() }
    }))
}

impl Outcome {
    /// Calls a second that were made in a time and answered.
    #[must_use]
    pub fn answered(&self, from: Duration, to: Duration) -> f64 {
        let good = self.calls.iter().filter(|call| call.good && (from..to).contains(&call.at)).count();
        good as f64 / (to - from).as_secs_f64()
    }

    /// Calls a second that reached the server in a time.
    #[must_use]
    pub fn load(&self, from: Duration, to: Duration) -> f64 {
        let bins = (from.as_millis() / BIN.as_millis()) as usize..(to.as_millis() / BIN.as_millis()) as usize;
        f64::from(self.arrived[bins].iter().sum::<u32>()) / (to - from).as_secs_f64()
    }

    /// How long after the server's recovery 99 of 100 calls are answered again, and go on to be; none where it does not come to that.
    #[must_use]
    pub fn recovered(&self) -> Option<Duration> {
        let window = Duration::from_millis(500);
        let steps = (END - WELL).as_millis() / window.as_millis();
        let well = |step: u32| {
            let from = WELL + window * step;
            let within: Vec<_> = self.calls.iter().filter(|call| (from..from + window).contains(&call.at)).collect();
            within.iter().filter(|call| call.good).count() * 100 >= within.len() * 99
        };
        let bad = (0..steps as u32).rev().find(|step| !well(*step));
        let first = bad.map_or(0, |step| step + 1);
        (u128::from(first) < steps).then(|| window * first)
    }

    /// How long 99 of 100 of some calls took at most.
    #[must_use]
    pub fn p99(&self, of: impl Fn(&Call) -> bool) -> Option<Duration> {
        let mut took: Vec<_> = self.calls.iter().filter(|call| of(call)).map(|call| call.took).collect();
        took.sort_unstable();
        took.get((took.len() * 99).div_ceil(100).checked_sub(1)?).copied()
    }
}

/// All outcomes as a table of Markdown.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| stack | answered a second: well | half fails | hangs | after | server's calls a second: half fails | hangs | after, most | recovered after | p99 of answers | p99 of failures |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for outcome in outcomes {
        let ms =
            |took: Option<Duration>| took.map_or_else(|| "none".to_owned(), |took| format!("{} ms", took.as_millis()));
        let seconds = (WELL.as_secs()..END.as_secs()).map(Duration::from_secs);
        let most = seconds.map(|from| outcome.load(from, from + Duration::from_secs(1))).fold(0.0, f64::max);
        let recovered =
            outcome.recovered().map_or_else(|| "never".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()));
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {most:.0} | {recovered} | {} | {} |",
            outcome.name,
            outcome.answered(Duration::ZERO, FAILS),
            outcome.answered(FAILS, HANGS),
            outcome.answered(HANGS, WELL),
            outcome.answered(WELL, END),
            outcome.load(FAILS, HANGS),
            outcome.load(HANGS, WELL),
            ms(outcome.p99(|call| call.good)),
            ms(outcome.p99(|call| !call.good)),
        );
    }
    text
}
