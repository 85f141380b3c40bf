use std::time::Duration;

use tokio::time::Instant;

use super::stamp::Stamp;

/// When a file is to be read, by what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Changes {
    seen: Option<Seen>,
    begun: bool,
}

#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// When it was first seen so.
    since: Instant,
    /// Since when it has not stood still.
    moving_since: Instant,
    read: Option<Instant>,
}

/// What is to be done with what was seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is to be read.
    Read,
    /// It is known.
    Nothing,
    /// It may be being written to, and is looked at again soon.
    Settle,
    /// It has been written to for so long that this is a failure.
    Restless,
}

/// For how long what is new stands unchanged before it is read.
pub(super) const SETTLE: Duration = Duration::from_millis(100);
/// The coarsest clock that file systems have: within a tick, it may have changed with no sign of it.
const TICK: Duration = Duration::from_secs(2);
/// How long it may be written to over and over.
const RESTLESS: Duration = Duration::from_secs(10);

impl Changes {
    /// Takes what was seen now.
    pub(super) fn next(&mut self, stamp: Stamp, now: Instant) -> Step {
        // At the start there is no set yet that half a file could make smaller.
        let is_first = !std::mem::replace(&mut self.begun, true);
        let seen = match &mut self.seen {
            Some(seen) if seen.stamp == stamp => seen,
            other => {
                let moving = other.as_ref().filter(|before| before.read.is_none());
                let moving_since = moving.map_or(now, |before| before.moving_since);
                other.insert(Seen { stamp, since: now, moving_since, read: None })
            }
        };
        match seen.read {
            None if !is_first && now - seen.since < SETTLE => {
                if now - seen.moving_since < RESTLESS {
                    Step::Settle
                } else {
                    Step::Restless
                }
            }
            Some(read) if read >= seen.since + TICK => Step::Nothing,
            _ => {
                seen.read = Some(now);
                Step::Read
            }
        }
    }

    /// It is not there, or can't be read: whatever comes next is new.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(500);

    #[test]
    fn a_file_is_read_until_the_coarsest_clock_has_ticked_and_then_no_more() {
        let (mut changes, mut now) = (Changes::default(), Instant::now());
        let mut read = 0;
        for _ in 0..20 {
            read += u32::from(changes.next(Stamp::test(1, 5), now) == Step::Read);
            now += LOOK;
        }
        assert_eq!(read, 5);
    }

    #[test]
    fn what_is_new_is_read_when_it_has_settled() {
        let (mut changes, mut now) = (Changes::default(), Instant::now());
        assert_eq!(changes.next(Stamp::test(1, 5), now), Step::Read, "at the start it is read at once");
        now += LOOK;
        assert_eq!(changes.next(Stamp::test(2, 5), now), Step::Settle);
        assert_eq!(changes.next(Stamp::test(2, 5), now + SETTLE / 2), Step::Settle);
        now += SETTLE;
        assert_eq!(changes.next(Stamp::test(2, 5), now), Step::Read);
        changes.forget();
        assert_eq!(changes.next(Stamp::test(2, 5), now), Step::Settle);
        assert_eq!(changes.next(Stamp::test(2, 5), now + SETTLE), Step::Read);
    }

    #[test]
    fn one_that_is_written_to_is_not_read_until_it_stands_still() {
        let (mut changes, mut now) = (Changes::default(), Instant::now());
        assert_eq!(changes.next(Stamp::test(1, 5), now), Step::Read);
        for length in 6..10 {
            now += SETTLE / 2;
            assert_eq!(changes.next(Stamp::test(1, length), now), Step::Settle);
        }
        assert_eq!(changes.next(Stamp::test(1, 9), now + SETTLE), Step::Read);
    }

    #[test]
    fn one_that_is_written_to_for_ever_is_a_failure_until_it_stands_still() {
        let (mut changes, mut now) = (Changes::default(), Instant::now());
        assert_eq!(changes.next(Stamp::test(1, 0), now), Step::Read);
        let mut steps = Vec::new();
        for length in 1..202 {
            steps.push(changes.next(Stamp::test(1, length), now));
            now += SETTLE / 2;
        }
        assert_eq!(steps.iter().position(|step| *step == Step::Restless), Some(200));
        assert!(steps[..200].iter().all(|step| *step == Step::Settle));
        assert_eq!(changes.next(Stamp::test(1, 201), now + SETTLE), Step::Read);
        assert_eq!(changes.next(Stamp::test(1, 300), now + SETTLE * 2), Step::Settle, "that is forgotten");
    }
}
