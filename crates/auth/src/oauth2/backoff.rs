use std::time::{Duration, SystemTime};

use crate::NoCredentials;
use crate::credentials::is_within;

/// The pause after the first failure; it doubles with each one.
const FIRST: Duration = Duration::from_millis(500);
/// The longest of them.
const LONGEST: Duration = Duration::from_secs(10);
/// What the issuer may ask for.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(300);

/// How failures are remembered, so that an issuer that is down is left alone for a while. It is given the time.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    pause: Option<Pause>,
}

#[derive(Debug)]
struct Pause {
    from: SystemTime,
    until: SystemTime,
    error: NoCredentials,
}

impl Backoff {
    /// A fetch has failed; the issuer may have asked for a pause.
    pub(super) fn failed(&mut self, error: NoCredentials, asked_for: Option<Duration>, now: SystemTime) {
        let pause = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        let pause = pause.max(asked_for.unwrap_or_default().min(LONGEST_ASKED_FOR));
        self.failures = self.failures.saturating_add(1);
        self.pause = Some(Pause { from: now, until: now.checked_add(pause).unwrap_or(now), error });
    }

    /// One has not.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The failure, as long as no other fetch should be made; it says for how long that is.
    pub(super) fn failure(&self, now: SystemTime) -> Option<NoCredentials> {
        let Pause { from, until, error } = self.pause.as_ref()?;
        let rest = until.duration_since(now).unwrap_or_default();
        is_within(now, *from, *until).then(|| error.clone().with_retry_after(rest))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use towerkit_endpoint::Failure;

    use super::Backoff;
    use crate::NoCredentials;

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + Duration::from_millis(millis)
    }

    fn error() -> NoCredentials {
        NoCredentials::new(std::io::Error::other("down"))
    }

    fn rest(backoff: &Backoff, now: u64) -> Option<u128> {
        backoff.failure(at(now)).map(|error| Failure::retry_after(&error).unwrap().as_millis())
    }

    #[test]
    fn a_failure_is_remembered_for_half_a_second_and_says_how_long_that_still_is() {
        let mut backoff = Backoff::default();
        assert_eq!(rest(&backoff, 0), None);
        backoff.failed(error(), None, at(1000));
        assert_eq!(rest(&backoff, 1000), Some(500));
        assert_eq!(rest(&backoff, 1499), Some(1));
        assert_eq!(rest(&backoff, 1500), None);
    }

    #[test]
    fn the_pause_doubles_up_to_ten_seconds_and_begins_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            backoff.failed(error(), None, at(0));
            pauses.extend(rest(&backoff, 0));
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000]);
        backoff.succeeded();
        assert_eq!(rest(&backoff, 0), None);
        backoff.failed(error(), None, at(0));
        assert_eq!(rest(&backoff, 0), Some(500));
    }

    #[test]
    fn the_issuer_may_ask_for_a_longer_pause_of_up_to_five_minutes() {
        for (asked, pause) in [(0, 500), (7, 7000), (1_000_000, 300_000)] {
            let mut backoff = Backoff::default();
            backoff.failed(error(), Some(Duration::from_secs(asked)), at(0));
            assert_eq!(rest(&backoff, 0), Some(pause));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_ends_the_pause() {
        let mut backoff = Backoff::default();
        backoff.failed(error(), None, at(10_000));
        assert_eq!(rest(&backoff, 9_999), None);
    }
}
