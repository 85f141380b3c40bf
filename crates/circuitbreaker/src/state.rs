use std::fmt;

use tokio::time::Instant;

use crate::policy::Counts;

/// What a circuit does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitState {
    /// It lets them through.
    Closed,
    /// It refuses them.
    #[non_exhaustive]
    Open {
        /// Until when; none where it was forced open.
        until: Option<Instant>,
    },
    /// It lets a few through, to see how they fare, and refuses the others.
    HalfOpen,
}

impl CircuitState {
    /// `closed`, `open` or `half_open`: for labels and logs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// As [`as_str`](CircuitState::as_str).
impl fmt::Display for CircuitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of a circuit's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitChange {
    /// What it was.
    pub from: CircuitState,
    /// What it is now.
    pub to: CircuitState,
    /// When it changed.
    pub at: Instant,
}

impl CircuitChange {
    pub(crate) const fn new(from: CircuitState, to: CircuitState, at: Instant) -> Self {
        Self { from, to, at }
    }
}

/// `closed -> open`.
impl fmt::Display for CircuitChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// What there is to know of a breaker at one moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CircuitSnapshot {
    /// What the circuit does with calls. One whose time to sleep is over is open until the next call.
    pub state: CircuitState,
    /// Since when.
    pub since: Instant,
    /// Whether it was [forced](crate::Breaker::force_open) to.
    pub forced: bool,
    /// What the policy counts.
    pub counts: Counts,
    /// How many calls were refused, since the breaker was made.
    pub refused: u64,
    /// How often the circuit has opened, since the breaker was made.
    pub opened: u64,
}
