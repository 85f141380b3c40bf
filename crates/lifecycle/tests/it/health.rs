use std::time::Duration;

use towerkit_endpoint::{Code, Endpoint};
use towerkit_lifecycle::{Group, Lifeline, member_fn};

use crate::support::{Log, ends, good};

#[tokio::test(start_paused = true)]
async fn a_group_is_ready_only_when_all_members_are() {
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        lifeline.ready();
        lifeline.stopping().await;
        Ok(())
    });
    let log = Log::default();
    let group = Group::new().with(good("a", &log)).with(slow);
    let health = group.health();
    assert!(!health.is_ready());
    let mut run = Box::pin(group.run());
    let _ = tokio::time::timeout(Duration::from_secs(1), run.as_mut()).await;
    assert_eq!(health.report().to_string(), "not ready\na: running\nslow: starting\n");
    let _ = tokio::time::timeout(Duration::from_secs(2), run.as_mut()).await;
    assert_eq!(health.report().to_string(), "ready\na: running\nslow: running\n");
}

#[tokio::test(start_paused = true)]
async fn readiness_is_false_before_the_first_member_is_asked_to_stop() {
    let group = Group::new();
    let health = group.health();
    let member = member_fn("member", move |lifeline: Lifeline| async move {
        lifeline.ready();
        assert!(health.wait_until_ready(true).await);
        lifeline.stopping().await;
        assert!(!health.is_ready());
        Ok(())
    });
    group.with(member).with(ends()).run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_state_shows_every_member_ended() {
    let log = Log::default();
    let group = Group::new().with(good("a", &log)).with(ends());
    let health = group.health();
    group.run().await.unwrap();
    assert_eq!(health.report().to_string(), "not ready\na: ended\nends: ended\n");
}

#[tokio::test(start_paused = true)]
async fn readyz_refuses_with_the_members_that_are_not_up() {
    let log = Log::default();
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        lifeline.ready();
        lifeline.stopping().await;
        Ok(())
    });
    let group = Group::new().with(good("a", &log)).with(slow);
    let health = group.health();
    let mut run = Box::pin(group.run());
    let _ = tokio::time::timeout(Duration::from_secs(1), run.as_mut()).await;

    let error = health.readyz().invoke(()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), "not ready: slow is starting");

    let _ = tokio::time::timeout(Duration::from_secs(2), run.as_mut()).await;
    assert!(health.readyz().invoke(()).await.unwrap().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_done_is_no_reason_not_to_be_ready() {
    let job = member_fn("migrate", |_lifeline| async { Ok(()) });
    let slow = member_fn("slow", |_lifeline| std::future::pending());
    let group = Group::new().with(job).with(slow);
    let health = group.health();
    let mut run = Box::pin(group.run());
    let _ = tokio::time::timeout(Duration::from_secs(1), run.as_mut()).await;
    assert_eq!(health.report().to_string(), "not ready\nmigrate: done\nslow: starting\n");
    let error = health.readyz().invoke(()).await.unwrap_err();
    assert_eq!(error.message(), "not ready: slow is starting");
}

#[tokio::test]
async fn livez_answers_whether_or_not_the_group_is_ready() {
    let health = Group::new().health();
    assert_eq!(health.livez().invoke(()).await.unwrap(), "ok");
}

#[tokio::test(start_paused = true)]
async fn every_change_can_be_awaited() {
    let log = Log::default();
    let group = Group::new().with(good("a", &log)).with(ends());
    let mut health = group.health();
    let watcher = tokio::spawn(async move {
        let mut ready = 0;
        while health.changed().await {
            ready += usize::from(health.is_ready());
        }
        ready
    });
    group.run().await.unwrap();
    assert!(watcher.await.unwrap() > 0);
}
