use std::borrow::Cow;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::Process;

/// Samples a process at an interval: made by [`Process::every`].
#[derive(Clone, Debug)]
pub struct Sampler {
    process: Process,
    interval: Duration,
}

impl Sampler {
    pub(super) fn new(process: Process, interval: Duration) -> Self {
        // An interval of nothing is none.
        Self { process, interval: interval.max(Duration::from_millis(10)) }
    }
}

impl Member for Sampler {
    fn name(&self) -> Cow<'static, str> {
        "process metrics".into()
    }

    /// Samples once more at the stop, for what pushes after it.
    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        lifeline.ready();
        let mut stopping = std::pin::pin!(lifeline.stopping());
        loop {
            let stops = std::future::poll_fn(|cx| {
                if stopping.as_mut().poll(cx).is_ready() {
                    return std::task::Poll::Ready(true);
                }
                ticks.poll_tick(cx).map(|_| false)
            })
            .await;
            self.process.sample();
            if stops {
                return Ok(());
            }
        }
    }
}
