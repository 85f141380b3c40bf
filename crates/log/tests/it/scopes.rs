//! Whose fields are in a line: those of the moment, on any thread, and no others.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::task::Poll;

use towerkit_log::Logger;
use tracing::info;

use crate::support::{Written, get, logfmt};

fn seen(written: &Written, name: &str) -> Vec<Option<String>> {
    written.logfmt().iter().map(|line| get(line, name).map(str::to_owned)).collect()
}

#[test]
fn outside_of_a_scope_nothing_is_written() {
    let (log, written) = logfmt();
    info!("before");
    log.scope(|| ());
    info!("after");
    assert!(written.writes().is_empty());
}

#[test]
fn a_scope_gives_back_what_its_function_does() {
    let (log, _) = logfmt();
    assert_eq!(log.scope(|| 7), 7);
    assert_eq!(Logger::off().scope(|| 7), 7);
}

#[test]
fn a_scope_of_another_logger_goes_there_and_comes_back() {
    let (outer, heard_outer) = logfmt();
    let (inner, heard_inner) = logfmt();
    let (outer, inner) = (outer.with("who", "outer"), inner.with("who", "inner"));
    outer.scope(|| {
        info!("1");
        inner.scope(|| {
            info!("2");
            outer.scope(|| info!("3"));
        });
        info!("4");
    });
    assert_eq!(seen(&heard_outer, "msg"), ["1", "3", "4"].map(|m| Some(m.to_owned())));
    assert_eq!(seen(&heard_inner, "msg"), [Some("2".to_owned())]);
    assert_eq!(seen(&heard_inner, "who"), [Some("inner".to_owned())]);
}

#[test]
fn a_logger_that_is_off_lets_through_to_the_one_around_it() {
    let (log, written) = logfmt();
    log.scope(|| Logger::off().with("a", 1).scope(|| info!("m")));
    assert_eq!(seen(&written, "msg"), [Some("m".to_owned())]);
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let (log, written) = logfmt();
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| log.with("gone", 1).scope(|| panic!("on purpose"))));
    assert!(panicked.is_err());
    info!("outside");
    log.scope(|| info!("m"));
    assert_eq!(seen(&written, "gone"), [None]);
}

#[tokio::test]
async fn a_future_that_follows_has_the_fields_at_each_poll_and_in_between_nobody_has() {
    let (log, written) = logfmt();
    let mut polls = 0;
    let twice = poll_fn(|cx| {
        polls += 1;
        info!(polls, "polled");
        cx.waker().wake_by_ref();
        if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
    });
    let other = async {
        for _ in 0..2 {
            log.scope(|| info!("other"));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(log.with("followed", true).follow(twice), other);
    let lines: Vec<_> = seen(&written, "msg").into_iter().zip(seen(&written, "followed")).collect();
    let is = |message: &str, followed: bool| (Some(message.to_owned()), followed.then(|| "true".to_owned()));
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| [is("polled", true), is("other", false)].contains(line)), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_spawned_and_follows_knows_what_was_known_where_it_was_made() {
    let (log, written) = logfmt();
    let task = log.with("scope", 1).scope(|| {
        tokio::spawn(log.with("own", 2).follow(async {
            tokio::task::yield_now().await;
            info!("spawned");
        }))
    });
    task.await.unwrap();
    assert_eq!(
        (seen(&written, "scope"), seen(&written, "own")),
        (vec![Some("1".to_owned())], vec![Some("2".to_owned())])
    );
}

#[tokio::test]
async fn what_follows_inside_of_what_follows_knows_all_that_was_known_and_the_innermost_wins() {
    let (log, written) = logfmt();
    let inner = log.with("name", "inner").with("a", 1);
    let task = log.with("name", "outer").with("b", 2).follow(async move {
        inner.follow(async { inner.with("c", 3).follow(async { info!("m") }).await }).await;
    });
    task.await;
    let found = ["name", "a", "b", "c"].map(|name| seen(&written, name).remove(0));
    assert_eq!(found, ["inner", "1", "2", "3"].map(|value| Some(value.to_owned())));
}

#[test]
fn what_follows_knows_nothing_of_where_it_is_polled() {
    let (log, written) = logfmt();
    let followed = log.with("own", 1).follow(std::future::ready(()));
    let mut followed = Box::pin(async {
        followed.await;
        info!("not followed any more");
    });
    let inner = log.with("own", 1).follow(poll_fn(|_| {
        info!("polled");
        Poll::Ready(())
    }));
    let mut inner = Box::pin(inner);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    log.with("elsewhere", 2).scope(|| {
        assert!(inner.as_mut().poll(&mut cx).is_ready());
        assert!(followed.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(seen(&written, "elsewhere"), [None, Some("2".to_owned())]);
}
