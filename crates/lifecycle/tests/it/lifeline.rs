use std::time::Duration;

use towerkit_lifecycle::Lifeline;

#[tokio::test(start_paused = true)]
async fn many_may_wait_for_the_stop_and_any_may_give_up() {
    let (lifeline, stopper) = Lifeline::detached();
    assert!(tokio::time::timeout(Duration::from_secs(1), lifeline.stopping()).await.is_err());
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let lifeline = lifeline.clone();
            tokio::spawn(async move { lifeline.stopping().await })
        })
        .collect();
    stopper.stop(Duration::from_secs(1));
    for waiter in waiters {
        waiter.await.unwrap();
    }
    // And it stays so.
    lifeline.stopping().await;
}

#[tokio::test]
async fn without_its_stopper_a_lifeline_is_stopping() {
    let (lifeline, stopper) = Lifeline::detached();
    assert!(!lifeline.is_stopping());
    drop(stopper);
    lifeline.stopping().await;
    assert!(lifeline.is_stopping());
}

#[tokio::test]
async fn a_stop_asked_for_without_a_group_reaches_the_stopper() {
    let (lifeline, stopper) = Lifeline::detached();
    lifeline.stop_group();
    stopper.stop_requested().await;
}
