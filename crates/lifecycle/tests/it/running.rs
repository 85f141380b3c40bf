//! A member that runs without a group.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use towerkit_lifecycle::{Group, Lifeline, Member, MemberEnding, member_fn};

use crate::support::{Log, good};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn its_stop_waits_until_it_has_ended_in_good_order_and_says_so() {
    let log = Log::default();
    let running = good("member", &log).spawn();
    sleep(SECOND).await;
    let report = running.stop(SECOND).await;
    assert_eq!((report.to_string().as_str(), report.left_behind), ("member: stopped in 0ns", false));
    assert_eq!(log.lines(), ["member up", "member down"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_stop_in_time_is_aborted_and_overdue() {
    let running = member_fn("deaf", |_| pending()).spawn();
    let began = Instant::now();
    let report = running.stop(SECOND).await;
    assert!(matches!(report.ending, MemberEnding::Overdue { limit: SECOND }), "{report}");
    assert_eq!((began.elapsed(), report.stop_took), (SECOND, Some(SECOND)));
}

#[tokio::test(start_paused = true)]
async fn one_that_had_ended_by_itself_says_how() {
    let ended = member_fn("job", |_| async { Ok(()) }).spawn();
    let failed = member_fn("job", |_| async { Err("no space left".into()) }).spawn();
    let panicked = member_fn("job", |_| async { panic!("a defect") }).spawn();
    sleep(SECOND).await;
    let mut told = Vec::new();
    for running in [ended, failed, panicked] {
        let report = running.stop(SECOND).await;
        assert_eq!(report.stop_took, None);
        told.push(report.to_string());
    }
    assert_eq!(told, ["job: ended by itself", "job: failed: no space left", "job: panicked: a defect"]);
}

#[tokio::test(start_paused = true)]
async fn dropped_it_is_asked_to_stop_within_the_usual_time_and_goes_on_to_its_end() {
    let log = Log::default();
    let told = log.clone();
    let running = member_fn("member", move |lifeline: Lifeline| async move {
        lifeline.stopping().await;
        told.add(format!("within {:?}", lifeline.stop_by().unwrap() - Instant::now()));
        sleep(SECOND).await;
        told.add("flushed");
        Ok(())
    })
    .spawn();
    drop(running);
    sleep(SECOND * 2).await;
    assert_eq!(log.lines(), [format!("within {:?}", Group::DEFAULT_STOP_TIMEOUT), "flushed".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn it_is_told_by_when_it_is_to_have_stopped_and_keeps_to_that_where_nobody_waits_for_it_any_more() {
    let log = Log::default();
    let told = log.clone();
    let running = member_fn("member", move |lifeline: Lifeline| async move {
        lifeline.stopping().await;
        sleep(SECOND).await;
        told.add(format!("{:?} left", lifeline.stop_by().unwrap() - Instant::now()));
        Ok(())
    })
    .spawn();
    timeout(SECOND / 2, running.stop(SECOND * 3)).await.unwrap_err();
    sleep(SECOND).await;
    assert_eq!(log.lines(), ["2s left"]);
}

/// Real threads and real time: a blocked thread is not seen by a paused clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_blocks_its_thread_is_left_behind() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let blocks = member_fn("blocks", move |lifeline: Lifeline| async move {
        lifeline.stopping().await;
        let _ = blocked.recv();
        Ok(())
    });
    let report = timeout(SECOND * 20, blocks.spawn().stop(SECOND / 20)).await;
    drop(unblock);
    let report = report.expect("the stop hangs on the blocked member");
    assert!(matches!(report.ending, MemberEnding::Overdue { .. }) && report.left_behind, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_ends_on_its_own_after_its_limit_and_before_the_abort_takes_hold_is_not_overdue() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let (begins, begun) = tokio::sync::oneshot::channel();
    let blocks = member_fn("blocks", move |_| async move {
        let _ = begins.send(());
        let _ = blocked.recv();
        Ok(())
    });
    let running = blocks.spawn();
    begun.await.unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(SECOND / 10);
        drop(unblock);
    });
    let report = running.stop(Duration::ZERO).await;
    assert!(matches!(report.ending, MemberEnding::Stopped), "{report}");
}
