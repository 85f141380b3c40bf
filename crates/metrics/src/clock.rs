use std::fmt;

use tokio::time::Instant;

/// What durations are measured by.
#[derive(Clone)]
pub(crate) enum Clock {
    /// The processor's time stamp counter, where it has one: two fifths of what the system's clock costs.
    Fast(quanta::Clock),
    /// Tokio's, which tests can pause.
    Tokio { epoch: Instant },
}

/// A point of a [`Clock`], in steps of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point(u64);

impl Clock {
    pub(crate) fn fast() -> Self {
        Self::Fast(quanta::Clock::new())
    }

    pub(crate) fn tokio() -> Self {
        Self::Tokio { epoch: Instant::now() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Point {
        Point(match self {
            Self::Fast(clock) => clock.raw(),
            // 584 years fit.
            Self::Tokio { epoch } => epoch.elapsed().as_nanos() as u64,
        })
    }

    /// How long ago it was, in seconds; nothing where the clock went back.
    #[inline]
    pub(crate) fn seconds_since(&self, point: Point) -> f64 {
        let Point(now) = self.now();
        let nanoseconds = match self {
            Self::Fast(clock) => clock.delta_as_nanos(point.0, now),
            Self::Tokio { .. } => now.saturating_sub(point.0),
        };
        nanoseconds as f64 / 1e9
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast(_) => "fast",
            Self::Tokio { .. } => "tokio",
        })
    }
}
