use std::fmt;

use governor::clock::{Clock as _, QuantaClock, Reference};
use governor::nanos::Nanos;
use tokio::time::Instant;

/// What a limiter tells the time by.
#[derive(Clone)]
pub(crate) enum Clock {
    /// The processor's time stamp counter, where it has one: less than half the cost of the system's clock.
    Fast { clock: QuantaClock, epoch: <QuantaClock as governor::clock::Clock>::Instant },
    /// Tokio's, which tests can pause.
    Tokio { epoch: Instant },
}

impl Clock {
    pub(crate) fn fast() -> Self {
        let clock = QuantaClock::default();
        Self::Fast { epoch: clock.now(), clock }
    }

    pub(crate) fn tokio() -> Self {
        Self::Tokio { epoch: Instant::now() }
    }
}

impl governor::clock::Clock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        match self {
            Self::Fast { clock, epoch } => clock.now().duration_since(*epoch),
            Self::Tokio { epoch } => epoch.elapsed().into(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast { .. } => "fast",
            Self::Tokio { .. } => "tokio",
        })
    }
}
