use std::borrow::Cow;

use tokio::time::{MissedTickBehavior, interval};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::Process;

impl Member for Process {
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
            self.sample();
            if stops {
                return Ok(());
            }
        }
    }
}
