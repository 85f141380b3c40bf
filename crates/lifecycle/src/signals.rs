use std::borrow::Cow;

use tokio::signal::unix::{SignalKind, signal};
use towerkit_endpoint::BoxError;

use crate::{Lifeline, Member};

/// A member that turns signals of the operating system into a stop of the group.
///
/// The first signal begins the stop; a second one gives the drain up, and the group aborts what has not stopped. Add it
/// *first*: it then listens before anything else starts, and until everything else has stopped.
///
/// Without it a program ends as the operating system has it: at once.
#[derive(Clone, Copy, Debug)]
pub struct Signals(());

impl Signals {
    /// SIGTERM, which is what service managers and orchestrators send, and SIGINT, which is Ctrl-C.
    #[must_use]
    pub const fn terminate() -> Self {
        Self(())
    }
}

impl Member for Signals {
    fn name(&self) -> Cow<'static, str> {
        "signals".into()
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        lifeline.ready();
        loop {
            tokio::select! {
                _ = terminate.recv() => lifeline.stop_group(),
                _ = interrupt.recv() => lifeline.stop_group(),
                () = lifeline.stopping() => return Ok(()),
            }
        }
    }
}
