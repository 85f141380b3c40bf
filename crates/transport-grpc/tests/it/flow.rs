//! Streams are held back by whoever reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use towerkit_endpoint::{BoxStream, Endpoint, Error, endpoint_fn};

use crate::site::{Number, Text, Texts, both};

/// More than all buffers and windows together hold, in messages of a kilobyte.
const MANY: u64 = 50_000;

/// Waits until a count stands still: for ten looks, one a turn of the timer.
async fn settled(count: &AtomicU64) -> u64 {
    let (mut last, mut same) = (count.load(Ordering::Relaxed), 0);
    while same < 10 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = count.load(Ordering::Relaxed);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

fn counted(count: Arc<AtomicU64>) -> BoxStream<Text> {
    let kilobyte = "a".repeat(1000);
    Box::pin(stream::iter(0..MANY).map(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Text::from(&*kilobyte))
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_makes_no_more_of_a_stream_than_the_client_has_room_for() {
    let made = Arc::new(AtomicU64::new(0));
    let inside = made.clone();
    let mut served = Texts::new();
    served.count = endpoint_fn(move |Number { n }| {
        let made = inside.clone();
        let numbers = stream::iter(0..n * 20).map(move |n| {
            made.fetch_add(1, Ordering::Relaxed);
            Ok(Number { n: n + (1 << 60) })
        });
        async move { Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>) }
    })
    .erased();
    for site in both(&served).await {
        made.store(0, Ordering::Relaxed);
        let mut numbers = site.texts().count.invoke(Number { n: MANY }).await.unwrap();
        numbers.next().await.unwrap().unwrap();
        // Each is of 15 bytes on the wire.
        let ahead = settled(&made).await * 15;
        assert!(ahead < 8 << 20, "{ahead} bytes were made ahead");
        let rest = numbers.fold(0, |rest, number| async move { rest + u64::from(number.is_ok()) }).await;
        assert_eq!(rest, MANY * 20 - 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_makes_no_more_of_a_stream_than_the_server_has_room_for() {
    let go_on = Arc::new(tokio::sync::Notify::new());
    let inside = go_on.clone();
    let mut served = Texts::new();
    served.join = endpoint_fn(move |texts: BoxStream<Text>| {
        let go_on = inside.clone();
        async move {
            go_on.notified().await;
            Ok::<_, Error>(Text { text: texts.count().await.to_string() })
        }
    })
    .erased();
    for site in both(&served).await {
        let made = Arc::new(AtomicU64::new(0));
        let call = tokio::spawn(site.texts().join.invoke(counted(made.clone())));
        let ahead = settled(&made).await;
        assert!(ahead > 0 && ahead < 10_000, "{ahead} kilobytes were made ahead");
        go_on.notify_one();
        assert_eq!(call.await.unwrap().unwrap().text, MANY.to_string());
        assert_eq!(made.load(Ordering::Relaxed), MANY);
    }
}

/// Small messages, each in a frame of its own, since they come one by one.
fn one_by_one(made: Arc<AtomicU64>) -> BoxStream<Text> {
    Box::pin(stream::iter(0..SMALL).then(move |_| {
        made.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::task::yield_now().await;
            Ok::<_, Error>(Text::from("a"))
        }
    }))
}

/// h2 ends a connection on which more than some thousands of such frames wait.
const SMALL: u64 = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_messages_wait_for_a_server_that_reads_slowly() {
    let go_on = Arc::new(tokio::sync::Notify::new());
    let inside = go_on.clone();
    let mut served = Texts::new();
    served.join = endpoint_fn(move |texts: BoxStream<Text>| {
        let go_on = inside.clone();
        async move {
            go_on.notified().await;
            Ok::<_, Error>(Text {
                text: texts.filter(|text| std::future::ready(text.is_ok())).count().await.to_string(),
            })
        }
    })
    .erased();
    for site in both(&served).await {
        let made = Arc::new(AtomicU64::new(0));
        let call = tokio::spawn(site.texts().join.invoke(one_by_one(made.clone())));
        settled(&made).await;
        go_on.notify_one();
        assert_eq!(call.await.unwrap().unwrap().text, SMALL.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_messages_wait_for_a_client_that_reads_slowly() {
    let made = Arc::new(AtomicU64::new(0));
    let inside = made.clone();
    let mut served = Texts::new();
    served.shout_each = endpoint_fn(move |_: BoxStream<Text>| {
        let texts = one_by_one(inside.clone());
        async move { Ok::<_, Error>(texts) }
    })
    .erased();
    for site in both(&served).await {
        made.store(0, Ordering::Relaxed);
        let texts = site.texts().shout_each.invoke(crate::site::texts([])).await.unwrap();
        settled(&made).await;
        let read = texts.filter(|text| std::future::ready(text.is_ok())).count().await;
        assert_eq!(read as u64, SMALL);
    }
}
