use std::time::Duration;

use tokio::time::Instant;

/// How soon a query may follow the last, where Consul answers each of them at once: since so much changes, or since its
/// index is broken. Some may follow at once, and then one a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When all that was asked would have been asked at one a second.
    due: Instant,
}

const EVERY: Duration = Duration::from_secs(1);
/// How many may follow the first at once.
const AT_ONCE: u32 = 4;

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Self { due: now }
    }

    /// How long the next query waits from now on.
    pub(super) fn next(&mut self, now: Instant) -> Duration {
        let wait = self.due.saturating_duration_since(now).saturating_sub(EVERY * AT_ONCE);
        self.due = self.due.max(now) + EVERY;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_follow_at_once_and_then_one_a_second() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let wait = pace.next(now);
            now += wait;
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn what_waited_long_may_follow_at_once_again() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..100 {
            now += EVERY;
            assert_eq!(pace.next(now), Duration::ZERO);
        }
        assert_eq!([pace.next(now), pace.next(now), pace.next(now)], [Duration::ZERO; 3]);
    }
}
