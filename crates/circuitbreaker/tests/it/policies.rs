use std::time::Duration;

use failsafe::FailurePolicy as _;
use failsafe::backoff::constant;
use failsafe::failure_policy::{consecutive_failures, success_rate_over_time_window};
use tokio::time::{Instant, advance};
use towerkit_circuitbreaker::policy::{
    ConsecutiveFailures, Failsafe, FailureRate, Outcome, Policy, SlowCallRate, Trip,
};
use towerkit_circuitbreaker::{BreakerSettings, SleepWindow};

use super::{Do, FAIL, Rig};

#[tokio::test(start_paused = true)]
async fn consecutive_failures_must_be_consecutive() {
    let mut rig = Rig::new(ConsecutiveFailures::new(3));
    rig.calls([FAIL, FAIL, Do::Succeed, FAIL, FAIL]).await;
    assert_eq!(rig.state(), "closed");
    rig.calls([FAIL]).await;
    assert_eq!(rig.state(), "open");
}

#[tokio::test(start_paused = true)]
async fn hystrix_opens_at_half_of_twenty_calls() {
    let mut rig = Rig::new(BreakerSettings::hystrix());
    rig.calls([FAIL; 19]).await;
    assert_eq!(rig.state(), "closed", "nineteen calls are too few, whatever they do");
    rig.calls([FAIL]).await;
    assert_eq!(rig.state(), "open");

    let mut rig = Rig::new(BreakerSettings::hystrix());
    rig.calls([Do::Succeed; 11]).await;
    rig.calls([FAIL; 10]).await;
    assert_eq!(rig.state(), "closed", "10 of 21 is less than a half");
    rig.calls([FAIL]).await;
    assert_eq!(rig.state(), "open");
}

#[tokio::test(start_paused = true)]
async fn calls_leave_the_window() {
    let mut rig = Rig::new(FailureRate::new(0.5).min_calls(4).window(Duration::from_secs(10)));
    rig.calls([FAIL; 3]).await;
    advance(Duration::from_secs(11)).await;
    rig.calls([FAIL; 3]).await;
    assert_eq!(rig.state(), "closed");
    assert_eq!(rig.breaker.snapshot().counts.calls, 3);
    rig.calls([FAIL]).await;
    assert_eq!(rig.state(), "open");
}

#[tokio::test(start_paused = true)]
async fn a_window_below_a_second_is_a_window() {
    let mut rig = Rig::new(FailureRate::new(0.5).min_calls(4).window(Duration::from_millis(50)));
    rig.calls([FAIL; 3]).await;
    advance(Duration::from_millis(30)).await;
    assert_eq!(rig.breaker.snapshot().counts.calls, 3);
    advance(Duration::from_millis(30)).await;
    assert_eq!(rig.breaker.snapshot().counts.calls, 0);
}

/// What a policy says of calls that took so many milliseconds, one after the other.
fn slow(policy: SlowCallRate, took: &[u64]) -> Vec<Option<Trip>> {
    let tally = policy.tally();
    let began = Instant::now();
    let outcome = |ms: &u64| Outcome::new(false, began, began + Duration::from_millis(*ms));
    took.iter().map(|ms| tally.record(&outcome(ms))).collect()
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it_though_they_go_well() {
    let policy = SlowCallRate::new(0.5, Duration::from_millis(100)).min_calls(4);
    assert_eq!(slow(policy, &[101, 101, 101, 101]), [None, None, None, Some(Trip::new())]);
    assert_eq!(slow(policy, &[100, 100, 100, 100, 101]), [None; 5], "one of five is slow: 100 ms is not yet");
}

#[tokio::test(start_paused = true)]
async fn slow_calls_are_timed_by_the_breaker() {
    let mut rig = Rig::new(SlowCallRate::new(1.0, Duration::from_secs(1)).min_calls(2));
    for _ in 0..2 {
        let call = rig.start(Do::Succeed);
        advance(Duration::from_secs(2)).await;
        call.await.unwrap();
    }
    assert_eq!(rig.state(), "open");
    assert_eq!(rig.breaker.snapshot().counts.slow, 2);
}

#[tokio::test(start_paused = true)]
async fn either_of_two_policies_opens_it() {
    let policy = || FailureRate::new(0.5).min_calls(100).or(ConsecutiveFailures::new(3));
    let mut rig = Rig::new(policy());
    rig.calls([FAIL; 3]).await;
    assert_eq!(rig.state(), "open");
    let mut rig = Rig::new(policy());
    rig.calls([FAIL, Do::Succeed].repeat(49)).await;
    assert_eq!(rig.state(), "closed");
    rig.calls([Do::Succeed, FAIL]).await;
    assert_eq!(rig.state(), "open");
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_failsafe_opens_it_for_as_long_as_its_backoff_says() {
    let second = Duration::from_secs(1);
    let mut rig =
        Rig::new(Failsafe::new(move || consecutive_failures(2, [second, 3 * second, 9 * second].into_iter())));
    rig.calls([FAIL; 2]).await;
    for sleep in [1, 3] {
        assert_eq!(rig.call(FAIL).await.unwrap_err().retry_after(), Some(sleep * second));
        advance(sleep * second).await;
        rig.calls([FAIL]).await; // a bad probe
    }
    assert_eq!(rig.call(FAIL).await.unwrap_err().retry_after(), Some(9 * second));
    advance(9 * second).await;
    rig.calls([Do::Succeed, FAIL, FAIL]).await;
    assert_eq!(rig.call(FAIL).await.unwrap_err().retry_after(), Some(second), "closed, it starts over");
}

#[tokio::test]
async fn policies_of_failsafe_may_be_joined() {
    let policy = || {
        let backoff = constant(Duration::from_secs(60));
        success_rate_over_time_window(0.5, 1000, Duration::from_secs(10), backoff.clone())
            .or_else(consecutive_failures(4, backoff))
    };
    let mut rig = Rig::new(Failsafe::new(policy));
    rig.calls([FAIL; 3]).await;
    assert_eq!(rig.state(), "closed");
    rig.calls([FAIL]).await;
    assert_eq!(rig.state(), "open");
}

#[tokio::test(start_paused = true)]
async fn an_exponential_sleep_below_a_second_is_no_whole_number_of_them() {
    let sleep = SleepWindow::exponential(Duration::from_millis(100), Duration::from_millis(1000));
    let mut rig = Rig::new(BreakerSettings::new(ConsecutiveFailures::new(1)).sleep_window(sleep));
    rig.calls([FAIL]).await;
    for most in [100, 200, 400, 800, 1000, 1000] {
        let after = rig.call(FAIL).await.unwrap_err().retry_after().unwrap();
        let most = Duration::from_millis(most);
        assert!(most / 2 <= after && after <= most, "{after:?} of {most:?}");
        advance(after).await;
        rig.calls([FAIL]).await;
    }
}

#[test]
fn a_sleep_of_any_length_is_taken() {
    for (first, most) in
        [(Duration::ZERO, Duration::ZERO), (Duration::MAX, Duration::MAX), (Duration::MAX, Duration::ZERO)]
    {
        let _ = SleepWindow::exponential(first, most);
    }
}
