use std::time::Duration;

use tokio::time::Instant;
use towerkit_lifecycle::{Group, Lifeline, Linger, MemberEnding, member_fn};

use crate::support::{Log, endings, ends, fails, good};

#[tokio::test(start_paused = true)]
async fn members_stop_in_reverse() {
    let log = Log::default();
    Group::new().with(good("a", &log)).with(good("b", &log)).with(good("c", &log)).with(ends()).run().await.unwrap();
    assert_eq!(log.lines()[3..], ["c down", "b down", "a down"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_is_asked_only_when_the_one_after_it_has_ended() {
    let first = member_fn("first", |lifeline: Lifeline| async move {
        lifeline.ready();
        let began = Instant::now();
        lifeline.stopping().await;
        // 1 ms of `ends`, 4 s of `slow`.
        assert_eq!(began.elapsed(), Duration::from_millis(4001));
        Ok(())
    });
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        Ok(())
    });
    let report = Group::new().with(first).with(slow).with(ends()).run().await.unwrap();
    assert_eq!(report.members()[1].stop_took, Some(Duration::from_secs(4)));
}

#[tokio::test(start_paused = true)]
async fn a_member_over_its_limit_is_aborted_and_reported_and_the_others_still_stop() {
    let log = Log::default();
    let deaf = member_fn("deaf", |lifeline: Lifeline| async move {
        lifeline.ready();
        std::future::pending().await
    });
    let began = Instant::now();
    let group = Group::new().stop_timeout(Duration::from_secs(7)).with(good("a", &log)).with(deaf).with(ends());
    let error = fails(group).await;
    assert_eq!(began.elapsed(), Duration::from_millis(7001));
    assert_eq!(log.lines(), ["a up", "a down"]);
    let overdue: Vec<_> = error.report().overdue().map(|member| member.name.as_ref()).collect();
    assert_eq!(overdue, ["deaf"]);
    assert_eq!(error.to_string(), "deaf: did not stop within 7s, and was aborted");
}

#[tokio::test(start_paused = true)]
async fn a_member_may_have_a_limit_of_its_own() {
    let deaf = || {
        member_fn("deaf", |lifeline: Lifeline| async move {
            lifeline.ready();
            std::future::pending().await
        })
    };
    let began = Instant::now();
    let group = Group::new()
        .stop_timeout(Duration::from_secs(100))
        .with_stop_timeout(deaf(), Duration::from_secs(2))
        .with(ends());
    fails(group).await;
    assert_eq!(began.elapsed(), Duration::from_millis(2001));
}

#[tokio::test(start_paused = true)]
async fn a_member_knows_when_its_time_is_over() {
    let member = member_fn("member", |lifeline: Lifeline| async move {
        assert_eq!(lifeline.stop_by(), None);
        assert!(!lifeline.is_stopping());
        lifeline.ready();
        lifeline.stopping().await;
        assert!(lifeline.is_stopping());
        assert_eq!(lifeline.stop_by(), Some(Instant::now() + Duration::from_secs(3)));
        Ok(())
    });
    Group::new().stop_timeout(Duration::from_secs(3)).with(member).with(ends()).run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_member_that_fails_while_it_stops_fails_the_group() {
    let log = Log::default();
    let bad = member_fn("flusher", |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        Err("12 lines lost".into())
    });
    let error = fails(Group::new().with(good("a", &log)).with(bad).with(ends())).await;
    assert_eq!(log.lines(), ["a up", "a down"]);
    assert_eq!(error.to_string(), "flusher: failed: 12 lines lost");
}

#[tokio::test(start_paused = true)]
async fn what_ended_by_itself_is_not_reported_as_stopped() {
    // Both end in the same instant; only one of them can begin the stop.
    let twin = |name: &'static str| {
        member_fn(name, |lifeline: Lifeline| async move {
            lifeline.ready();
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(())
        })
    };
    let report = Group::new().with(twin("a")).with(twin("b")).run().await.unwrap();
    assert_eq!(endings(&report), ["a: ended by itself", "b: ended by itself"]);
}

#[tokio::test(start_paused = true)]
async fn linger_holds_the_servers_up_for_its_time() {
    let log = Log::default();
    let began = Instant::now();
    let group = Group::new().with(good("server", &log)).with(Linger::new(Duration::from_secs(5)));
    let report = group.with(good("registration", &log)).with(ends()).run().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(5001));
    assert_eq!(log.lines(), ["server up", "registration up", "registration down", "server down"]);
    assert_eq!(report.members()[1].stop_took, Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_linger_longer_than_the_groups_limit_is_not_cut() {
    let report = Group::new().with(Linger::new(Duration::from_secs(60))).with(ends()).run().await.unwrap();
    assert!(matches!(report.members()[0].ending, MemberEnding::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_limit_too_long_for_the_clock_is_no_limit() {
    let log = Log::default();
    let group = Group::new().start_timeout(Duration::MAX).stop_timeout(Duration::MAX);
    group.with(good("a", &log)).with(ends()).with(Linger::new(Duration::ZERO)).run().await.unwrap();
}
