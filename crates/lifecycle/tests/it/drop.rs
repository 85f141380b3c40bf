use std::time::Duration;

use tokio::runtime::Handle;
use towerkit_lifecycle::{Group, Lifeline, member_fn};

/// Lets every task that can go on do so.
async fn settle_until(done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never settled");
}

#[tokio::test(start_paused = true)]
async fn dropping_run_leaves_no_task_alive() {
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let deaf = |name: &'static str| {
        member_fn(name, |lifeline: Lifeline| async move {
            lifeline.ready();
            std::future::pending().await
        })
    };
    let group = Group::new().with(deaf("a")).with(deaf("b"));
    let health = group.health();
    let mut run = Box::pin(group.run());
    assert!(tokio::time::timeout(Duration::from_secs(1), run.as_mut()).await.is_err());
    assert!(health.is_ready());
    assert_eq!(alive(), before + 2);

    drop(run);
    settle_until(|| alive() == before).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_dropped_is_not_ready() {
    let deaf = member_fn("deaf", |lifeline: Lifeline| async move {
        lifeline.ready();
        std::future::pending().await
    });
    let group = Group::new().with(deaf);
    let mut health = group.health();
    let mut run = Box::pin(group.run());
    assert!(tokio::time::timeout(Duration::from_secs(1), run.as_mut()).await.is_err());
    assert!(health.is_ready());

    drop(run);
    assert!(!health.is_ready());
    assert_eq!(health.report().to_string(), "not ready\ndeaf: ended\n");
    while health.changed().await {}
}
