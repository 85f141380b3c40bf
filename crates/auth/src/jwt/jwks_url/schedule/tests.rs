use std::time::Duration;

use tokio::time::Instant;

use super::{Limits, No, Schedule, Step};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn running(stale_for: Option<Duration>) -> (Schedule, Instant) {
    let limits = Limits { interval: seconds(300), cool_down: seconds(10), stale_for, waiters: 3, wait: seconds(5) };
    let (mut schedule, now) = (Schedule::new(limits), Instant::now());
    schedule.start(now);
    (schedule, now)
}

/// One that has fetched just now, and would fetch again in 300 s.
fn fresh(stale_for: Option<Duration>) -> (Schedule, Instant) {
    let (mut schedule, now) = running(stale_for);
    assert_eq!(schedule.step(now), Step::Fetch);
    assert_eq!(schedule.fetched(now, None, 0.0), seconds(300));
    (schedule, now)
}

#[test]
fn the_first_fetch_is_at_once_and_the_next_after_the_interval() {
    let (mut schedule, now) = fresh(None);
    assert_eq!(schedule.step(now), Step::Wait(now + seconds(300)));
    assert_eq!(schedule.step(now + seconds(299)), Step::Wait(now + seconds(300)));
    assert_eq!(schedule.step(now + seconds(300)), Step::Fetch);
}

#[test]
fn a_fleet_spreads_over_the_last_tenth_of_the_interval() {
    let (mut schedule, now) = running(None);
    assert_eq!(schedule.step(now), Step::Fetch);
    assert_eq!(schedule.fetched(now, None, 1.0), seconds(270));
}

#[test]
fn the_age_of_a_reply_is_believed_between_a_minute_and_the_interval() {
    for (says, period) in [(0, 60), (59, 60), (120, 120), (301, 300), (u64::MAX, 300)] {
        let (mut schedule, now) = running(None);
        assert_eq!(schedule.step(now), Step::Fetch);
        assert_eq!(schedule.fetched(now, Some(seconds(says)), 0.0), seconds(period), "max-age={says}");
    }
}

#[test]
fn an_interval_below_a_minute_is_not_made_longer_by_a_reply() {
    let (mut schedule, now) = running(None);
    schedule.limits.interval = seconds(5);
    assert_eq!(schedule.step(now), Step::Fetch);
    assert_eq!(schedule.fetched(now, Some(seconds(100)), 0.0), seconds(5));
}

#[test]
fn failures_are_tried_again_ever_later_and_at_least_each_minute() {
    let (mut schedule, mut now) = running(None);
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(schedule.step(now), Step::Fetch);
        assert_eq!(schedule.failed(now, 0.0), seconds(wait));
        now += seconds(wait);
    }
    for _ in 0..100 {
        assert_eq!(schedule.step(now), Step::Fetch);
        assert_eq!(schedule.failed(now, 1.0), seconds(30));
        now += seconds(30);
    }
    assert_eq!(schedule.step(now), Step::Fetch);
    schedule.fetched(now, None, 0.0);
    now += seconds(300);
    assert_eq!(schedule.step(now), Step::Fetch);
    assert_eq!(schedule.failed(now, 0.0), seconds(1), "one that went well begins it anew");
}

#[test]
fn a_retry_never_waits_longer_than_the_interval() {
    let (mut schedule, mut now) = running(None);
    schedule.limits.interval = seconds(3);
    for wait in [1, 2, 3, 3] {
        assert_eq!(schedule.step(now), Step::Fetch);
        assert_eq!(schedule.failed(now, 0.0), seconds(wait));
        now += seconds(wait);
    }
}

#[test]
fn all_who_ask_wait_for_the_same_fetch() {
    let (mut schedule, now) = fresh(None);
    assert_eq!(schedule.join(now), Ok(2));
    assert_eq!(schedule.join(now), Ok(2));
    assert_eq!(schedule.step(now), Step::Fetch);
    assert_eq!(schedule.join(now), Ok(2), "also who comes while it is under way");
    schedule.fetched(now, None, 0.0);
    assert_eq!(schedule.ended(), 2);
    assert!(matches!(schedule.step(now), Step::Wait(_)));
}

#[test]
fn no_more_wait_than_may() {
    let (mut schedule, now) = fresh(None);
    for _ in 0..3 {
        schedule.join(now).unwrap();
    }
    assert_eq!(schedule.join(now), Err(No::Crowded));
    schedule.leave();
    assert_eq!(schedule.join(now), Ok(2));
}

#[test]
fn where_none_may_wait_none_makes_a_fetch() {
    let (mut schedule, now) = fresh(None);
    schedule.limits.waiters = 0;
    assert_eq!(schedule.join(now), Err(No::Crowded));
    assert!(matches!(schedule.step(now), Step::Wait(_)));
}

#[test]
fn fetches_on_demand_are_apart_by_the_cool_down_from_end_to_begin() {
    let (mut schedule, mut now) = fresh(None);
    schedule.join(now).unwrap();
    assert_eq!(schedule.step(now), Step::Fetch);
    now += seconds(5);
    schedule.fetched(now, None, 0.0);
    schedule.leave();
    assert_eq!(schedule.join(now), Err(No::Cooling));
    assert_eq!(schedule.join(now + Duration::from_millis(9_999)), Err(No::Cooling));
    assert_eq!(schedule.join(now + seconds(10)), Ok(3));
}

#[test]
fn one_on_demand_that_fails_cools_down_as_well() {
    let (mut schedule, now) = fresh(None);
    schedule.join(now).unwrap();
    assert_eq!(schedule.step(now), Step::Fetch);
    schedule.failed(now, 0.0);
    assert_eq!(schedule.join(now), Err(No::Cooling));
}

#[test]
fn a_fetch_of_the_interval_does_not_cool_down_what_is_on_demand() {
    let (mut schedule, now) = fresh(None);
    assert_eq!(schedule.join(now), Ok(2));
}

#[test]
fn who_asks_when_a_fetch_is_due_joins_it_and_it_is_none_on_demand() {
    let (mut schedule, now) = fresh(None);
    let due = now + seconds(300);
    assert_eq!(schedule.join(due), Ok(2));
    assert_eq!(schedule.step(due), Step::Fetch);
    schedule.fetched(due, None, 0.0);
    assert_eq!(schedule.join(due), Ok(3), "no cool-down");
}

#[test]
fn who_asks_does_not_wait_for_the_retry_of_a_failure() {
    let (mut schedule, mut now) = running(None);
    for _ in 0..8 {
        assert_eq!(schedule.step(now), Step::Fetch);
        now += schedule.failed(now, 0.0);
    }
    assert_eq!(schedule.step(now), Step::Fetch);
    assert_eq!(schedule.failed(now, 0.0), seconds(60));
    assert_eq!(schedule.join(now + seconds(1)), Ok(10));
    assert_eq!(schedule.step(now + seconds(1)), Step::Fetch);
}

#[test]
fn nobody_waits_where_nobody_fetches() {
    let mut schedule = Schedule::new(running(None).0.limits);
    assert_eq!(schedule.join(Instant::now()), Err(No::Stopped));
    let (mut schedule, now) = fresh(None);
    schedule.join(now).unwrap();
    schedule.stop();
    assert_eq!(schedule.join(now), Err(No::Stopped));
}

#[test]
fn stale_keys_are_kept_for_ever_unless_said_otherwise() {
    let (mut schedule, mut now) = fresh(None);
    for _ in 0..10_000 {
        now += match schedule.step(now) {
            Step::Fetch => schedule.failed(now, 0.5),
            Step::Wait(at) => at - now,
            Step::Drop => panic!("dropped"),
        };
    }
}

#[test]
fn stale_keys_are_dropped_once_and_a_time_after_the_fetch_was_due_that_failed() {
    let (mut schedule, begin) = fresh(Some(seconds(1000)));
    let mut now = begin + seconds(300);
    let mut dropped = Vec::new();
    while now < begin + seconds(10_000) {
        match schedule.step(now) {
            Step::Fetch => {
                schedule.failed(now, 0.0);
            }
            Step::Wait(at) => now = at,
            Step::Drop => dropped.push(now - begin),
        }
    }
    assert_eq!(dropped, [seconds(1300)]);
}

#[test]
fn keys_that_are_fetched_in_time_are_not_dropped_however_short_stale_ones_are_good() {
    let (mut schedule, mut now) = fresh(Some(Duration::ZERO));
    for _ in 0..100 {
        now = match schedule.step(now) {
            Step::Fetch => {
                now += seconds(2);
                now + schedule.fetched(now, None, 0.0)
            }
            Step::Wait(at) => at,
            Step::Drop => panic!("dropped"),
        };
    }
    assert_eq!(schedule.step(now), Step::Fetch);
    schedule.failed(now, 0.0);
    assert_eq!(schedule.step(now), Step::Drop);
}

#[test]
fn a_time_without_end_is_no_overflow() {
    let (mut schedule, now) = fresh(Some(Duration::MAX));
    (schedule.limits.interval, schedule.limits.cool_down) = (Duration::MAX, Duration::MAX);
    schedule.join(now).unwrap();
    assert_eq!(schedule.step(now), Step::Fetch);
    schedule.fetched(now, None, 0.0);
    assert_eq!(schedule.join(now + seconds(1_000_000)), Err(No::Cooling));
    assert!(matches!(schedule.step(now), Step::Wait(_)));
}
