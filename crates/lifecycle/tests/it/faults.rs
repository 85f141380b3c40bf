use std::time::Duration;

use towerkit_lifecycle::{Group, Lifeline, MemberEnding, member_fn};

use crate::support::{Log, endings, ends, fails, good};

#[tokio::test(start_paused = true)]
async fn a_panic_is_reported_with_the_name_of_its_member_and_stops_the_group() {
    let log = Log::default();
    let bad = member_fn("consumer", |lifeline: Lifeline| async move {
        lifeline.ready();
        tokio::task::yield_now().await;
        panic!("bad {}", "message");
    });
    let error = fails(Group::new().with(good("a", &log)).with(bad)).await;
    assert_eq!(log.lines(), ["a up", "a down"]);
    assert_eq!(error.to_string(), "consumer: panicked: bad message");
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_first_await_is_the_members_too() {
    fn bad(_lifeline: Lifeline) -> std::future::Ready<Result<(), towerkit_endpoint::BoxError>> {
        panic!("no config")
    }
    let log = Log::default();
    let error = fails(Group::new().with(good("a", &log)).with(member_fn("bad", bad))).await;
    assert_eq!(endings(error.report()), ["a: stopped", "bad: panicked: no config"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_fails_stops_the_group_and_is_its_error() {
    let log = Log::default();
    let bad = member_fn("lease", |lifeline: Lifeline| async move {
        lifeline.ready();
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err("lost".into())
    });
    let error = fails(Group::new().with(good("a", &log)).with(bad)).await;
    assert_eq!(endings(error.report()), ["a: stopped", "lease: failed: lost"]);
    assert_eq!(error.to_string(), "lease: failed: lost");
}

/// Real threads and real time: a blocked thread is not seen by a paused clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_member_that_blocks_its_thread_does_not_keep_the_others_from_stopping() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let log = Log::default();
    let blocks = member_fn("blocks", move |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        let _ = blocked.recv();
        Ok(())
    });
    let group = Group::new().with(good("a", &log)).with_stop_timeout(blocks, Duration::from_millis(50)).with(ends());
    let error = tokio::time::timeout(Duration::from_secs(20), group.run()).await;
    drop(unblock);
    let error = error.expect("the group hangs on its blocked member").unwrap_err();
    assert_eq!(log.lines(), ["a up", "a down"]);
    let member = &error.report().members()[1];
    assert!(matches!(member.ending, MemberEnding::Overdue { .. }));
    assert!(member.left_behind);
    assert!(error.to_string().ends_with("and still runs: it blocks its thread"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn giving_the_drain_up_does_not_wait_for_a_blocked_thread() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let blocks = member_fn("blocks", move |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        lifeline.stop_group();
        lifeline.stop_group();
        let _ = blocked.recv();
        Ok(())
    });
    let events = Log::default();
    let told = events.clone();
    let group = Group::new().on_event(move |event| told.add(event.to_string())).with(blocks).with(ends());
    let error = tokio::time::timeout(Duration::from_secs(20), group.run()).await;
    drop(unblock);
    let error = error.expect("the group hangs on its blocked member").unwrap_err();
    let member = &error.report().members()[0];
    assert!(matches!(member.ending, MemberEnding::Aborted));
    assert!(member.left_behind && member.stop_took.is_some());
    assert_eq!(events.lines().last().unwrap(), "blocks: was aborted, as the drain was given up");
}
