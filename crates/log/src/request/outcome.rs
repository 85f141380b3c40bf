use tracing::Level;

/// How a request went, as far as its line's level goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Well. At first `info`.
    Ok,
    /// Well or refused, and slower than [`slow_after`](crate::LogLayer::slow_after) allows. At first `warn`.
    Slow,
    /// With a code that is no fault: not found, not allowed, not valid. At first `info`.
    Refused,
    /// With a [fault](towerkit_endpoint::Code::is_fault), or a panic. At first `error`.
    Fault,
    /// It was dropped before its end: the caller went away. At first `info`.
    Cancelled,
}

/// A level for each outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels([Level; 5]);

impl Default for Levels {
    fn default() -> Self {
        Self([Level::INFO, Level::WARN, Level::INFO, Level::ERROR, Level::INFO])
    }
}

impl Levels {
    pub(super) const fn set(&mut self, outcome: Outcome, level: Level) {
        self.0[outcome as usize] = level;
    }

    pub(super) const fn of(&self, outcome: Outcome) -> Level {
        self.0[outcome as usize]
    }
}
