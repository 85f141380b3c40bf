use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use runningsum::{Total, client};
use tokio::time::{Instant, sleep};
use towerkit_endpoint::{BoxStream, Endpoint as _};

use crate::running::{LONG, Runningsum};

/// More messages than both windows and what is beside them hold. A number below zero has 16 bytes, of which the server takes 256 KiB
/// before it reads them: 16 384 numbers. A total of them has 18 to 20 bytes, of which the client takes 1 MiB: some 54 000 totals.
const BOUND: u64 = 150_000;
const NUMBERS: u64 = 2 * BOUND;

#[tokio::test]
async fn a_reader_who_stops_holds_back_the_sender_and_loses_nothing() {
    let runningsum = Runningsum::start(&[]);
    let sent = Arc::new(AtomicU64::new(0));
    let taken = sent.clone();
    let numbers: BoxStream<i64> = Box::pin(stream::iter(0..NUMBERS).map(move |_| {
        taken.fetch_add(1, Ordering::Relaxed);
        Ok(-1)
    }));
    let mut totals = client(&runningsum.remote()).invoke(numbers).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap(), Total { sum: -1, count: 1 });

    // The reader stops until the sender does. A sender that only seems to have stopped makes the test no worse: what counts is that
    // there never is too much.
    let (start, mut seen) = (Instant::now(), 0);
    while seen != sent.load(Ordering::Relaxed) {
        seen = sent.load(Ordering::Relaxed);
        assert!(seen < BOUND, "{seen} numbers are sent, and one total is read");
        assert!(start.elapsed() < LONG, "the sender goes on and on");
        sleep(Duration::from_millis(250)).await;
    }

    let mut read = 1;
    while let Some(total) = totals.next().await {
        read += 1;
        assert_eq!(total.unwrap().count, read);
        let ahead = sent.load(Ordering::Relaxed) - read;
        assert!(ahead < BOUND, "the sender is ahead by {ahead}");
    }
    assert_eq!(read, NUMBERS);
}
