use std::borrow::Cow;

use tokio::signal::unix::{SignalKind, signal};
use towerkit_endpoint::BoxError;

use crate::{Lifeline, Member};

/// A member that turns signals of the operating system into a stop of the group.
///
/// The first signal begins the stop, also while members still start. A second one gives the drain up: the group aborts what has
/// not stopped, and its error names it.
///
/// It [surrounds](Member::surrounds) the others: wherever it was added, it listens before anything else starts, and until
/// everything else has stopped. Adding it first shows what happens.
///
/// Without it a program ends as the operating system has it: at once. Once it has run, the signals stay caught for the life of
/// the process, as tokio never gives a signal back.
///
/// ```
/// use towerkit_lifecycle::{Group, Signals};
///
/// let group = Group::new().with(Signals::terminate());
/// # let _ = group;
/// ```
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

    fn surrounds(&self) -> bool {
        true
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        lifeline.ready();
        // After the second there is nothing more to ask for.
        for _ in 0..2 {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = lifeline.stopping() => break,
            };
            lifeline.stop_group_because(name);
        }
        Ok(())
    }
}
