use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use towerkit_endpoint::NotSent;
use towerkit_endpoint::{BoxEndpoint, Code, Context, Endpoint, Request, timeout as wire};

use crate::support::{BOUND, Origin, Sum, Total, closed, raw, read_request, sum_of, total};

fn within(time: Duration) -> Request<Sum> {
    let mut context = Context::new();
    context.shorten_deadline_within(time);
    Request::with_context(context, Sum { a: 1, b: 2 })
}

async fn announced(own: Duration, callers: Option<Duration>) -> Duration {
    let origin = Origin::start(|_| async { total() }).await;
    let sum: BoxEndpoint<Sum, Total> = origin.remote().post("/sum").json().timeout(own).erased();
    let request = callers.map_or_else(|| Request::new(Sum { a: 1, b: 2 }), within);
    sum.invoke(request).await.unwrap();
    wire::decode(&origin.only().headers["towerkit-timeout"]).unwrap()
}

#[tokio::test]
async fn the_earlier_of_both_deadlines_is_announced() {
    let (short, long) = (Duration::from_secs(40), Duration::from_secs(80));
    for (own, callers) in [(short, Some(long)), (long, Some(short)), (short, None)] {
        let time = announced(own, callers).await;
        assert!(time > Duration::ZERO && time <= short, "{time:?}");
    }
}

#[tokio::test]
async fn without_any_limit_nothing_is_announced() {
    let origin = Origin::start(|_| async { total() }).await;
    let sum: BoxEndpoint<Sum, Total> = origin.remote().post("/sum").json().timeout(Duration::MAX).erased();
    sum.invoke(Sum { a: 1, b: 2 }).await.unwrap();
    assert!(!origin.only().headers.contains_key("towerkit-timeout"));
}

#[tokio::test]
async fn a_service_that_never_answers_ends_at_the_deadline() {
    let remote = raw(|mut stream| async move {
        read_request(&mut stream).await;
        closed(&mut stream).await;
    })
    .await;
    let started = Instant::now();
    let error = sum_of(&remote).invoke(within(Duration::from_millis(100))).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.get::<NotSent>().is_none());
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn the_deadline_holds_for_the_reading_of_the_reply_too() {
    let remote = raw(|mut stream| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"v\"";
        stream.write_all(head.as_bytes()).await.unwrap();
        closed(&mut stream).await;
    })
    .await;
    let sum: BoxEndpoint<Sum, Total> = remote.post("/sum").json().timeout(Duration::from_millis(100)).erased();
    let error = timeout(BOUND, sum.invoke(Sum { a: 1, b: 2 })).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn nothing_is_sent_when_the_deadline_has_passed() {
    let origin = Origin::start(|_| async { total() }).await;
    let error = sum_of(&origin.remote()).invoke(within(Duration::ZERO)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.get::<NotSent>().is_some());
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_call_that_is_given_up_closes_its_connection() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let remote = raw(move |mut stream| {
        let tell = tell.clone();
        async move {
            read_request(&mut stream).await;
            tell.send("asked").unwrap();
            closed(&mut stream).await;
            tell.send("closed").unwrap();
        }
    })
    .await;
    let call = tokio::spawn(sum_of(&remote).invoke(Sum { a: 1, b: 2 }));
    assert_eq!(timeout(BOUND, told.recv()).await.unwrap(), Some("asked"));
    call.abort();
    assert_eq!(timeout(BOUND, told.recv()).await.unwrap(), Some("closed"));
    // The remote is alive all the while: it is not the pool's end that closed it.
    drop(remote);
}
