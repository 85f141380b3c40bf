use std::time::Duration;

use towerkit_testing::events::Events;

const BOUND: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_event_that_fulfils_the_condition() {
    let events = Events::new();
    let writer = events.clone();
    tokio::spawn(async move {
        for n in 1..=3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            writer.push(n);
        }
    });
    assert_eq!(events.wait_for(|list| list.contains(&2), BOUND).await, [1, 2]);
    assert_eq!(events.wait_len(3, BOUND).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_between_threads() {
    for _ in 0..100 {
        let events = Events::new();
        for n in 0..4 {
            let writer = events.clone();
            tokio::spawn(async move { writer.push(n) });
        }
        let mut list = events.wait_len(4, BOUND).await;
        list.sort_unstable();
        assert_eq!(list, [0, 1, 2, 3]);
    }
}

#[tokio::test]
async fn take_leaves_the_list_empty_and_snapshot_does_not() {
    let events = Events::new();
    events.push("one");
    assert_eq!(events.snapshot(), ["one"]);
    assert_eq!(events.take(), ["one"]);
    assert!(events.is_empty());
}

#[tokio::test(start_paused = true)]
async fn waiting_in_vain_says_where_how_long_and_what_there_was() {
    let events = Events::new();
    events.push("the only one");
    let failed = tokio::spawn(async move { events.wait_len(2, BOUND).await }).await.unwrap_err().into_panic();
    let message = failed.downcast_ref::<String>().unwrap();
    for part in [file!(), "5s", "the only one"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}
