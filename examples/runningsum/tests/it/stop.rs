use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use runningsum::{Total, client};
use tokio::time::timeout;
use towerkit_endpoint::{BoxStream, Code, Endpoint as _};

use crate::running::{LONG, Runningsum};

#[tokio::test]
async fn sigterm_ends_an_open_stream_as_unavailable_before_the_time_to_drain_is_over() {
    let mut runningsum = Runningsum::start(&["--drain", "4"]);
    let numbers: BoxStream<i64> = Box::pin(stream::iter([Ok(5)]).chain(stream::pending()));
    let mut totals = client(&runningsum.remote()).invoke(numbers).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap(), Total { sum: 5, count: 1 });

    let start = Instant::now();
    runningsum.terminate();
    let end = timeout(LONG, totals.next()).await.expect("the stream goes on");
    let took = start.elapsed();
    assert_eq!(end.unwrap().unwrap_err().code(), Code::Unavailable);
    assert!(took < Duration::from_secs(4), "half of the time is for the stream, and it took {took:?}");
    let (status, told) = runningsum.ended(LONG);
    assert_eq!(status.code(), Some(0), "{told}");
    assert_eq!(told, "stop asked for by signals: SIGTERM\ngrpc: stopped\nsignals: stopped\n");
}

#[tokio::test]
async fn a_stream_that_ends_while_the_server_drains_ends_well() {
    let mut runningsum = Runningsum::start(&["--drain", "60"]);
    let (sender, mut numbers) = tokio::sync::mpsc::channel(1);
    let numbers: BoxStream<i64> = Box::pin(stream::poll_fn(move |cx| numbers.poll_recv(cx)));
    let mut totals = client(&runningsum.remote()).invoke(numbers).await.unwrap();
    sender.send(Ok(1)).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap().sum, 1);

    runningsum.terminate();
    // It takes no new connection: the drain has begun.
    let start = Instant::now();
    while tokio::net::TcpStream::connect(runningsum.address).await.is_ok() {
        assert!(start.elapsed() < LONG, "it still listens");
    }
    sender.send(Ok(2)).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap().sum, 3);
    drop(sender);
    assert!(totals.next().await.is_none());
    assert_eq!(runningsum.ended(LONG).0.code(), Some(0));
}
