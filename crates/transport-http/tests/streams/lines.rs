//! Lines of JSON and chunks: item by item, both ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, Error, endpoint_fn};
use towerkit_transport_http::codec::{Chunks, Empty, Ndjson, Text};
use towerkit_transport_http::{Body, Pool, Router, Server};

use crate::site::{Fed, Site, fed, soon};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Price {
    price: u32,
}

/// A route that hands its stream out once.
pub(crate) fn once<T: Send + 'static>(stream: Fed<T>) -> impl Endpoint<(), Reply = BoxStream<T>> {
    let stream = Arc::new(Mutex::new(Some(stream)));
    endpoint_fn(move |()| {
        let stream = stream.clone();
        async move {
            let stream = stream.lock().await.take().ok_or(Error::from(Code::Aborted))?;
            Ok::<BoxStream<T>, Error>(Box::pin(stream))
        }
    })
}

#[tokio::test]
async fn an_item_arrives_before_the_next_one_is_made() {
    for http2 in [false, true] {
        let (feed, stream) = fed::<u32>();
        let site = Site::start(Router::new().get("/", Server::new(once(stream), Empty, Ndjson))).await;
        let remote = if http2 { site.remote_http2() } else { site.remote() };
        let numbers: BoxEndpoint<(), BoxStream<u32>> = remote.get("/").codecs(Empty, Ndjson).erased();
        feed.send(Ok(0)).await.unwrap();
        let mut numbers = numbers.invoke(()).await.unwrap();
        for number in 1..20 {
            assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), number - 1);
            feed.send(Ok(number)).await.unwrap();
        }
        drop(feed);
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 19);
        assert!(soon(numbers.next()).await.is_none());
    }
}

#[tokio::test]
async fn both_sides_may_stream_at_once() {
    for http2 in [false, true] {
        let double = endpoint_fn(|prices: BoxStream<Price>| async move {
            Ok::<_, Error>(prices.map(|price| price.map(|Price { price }| Price { price: price * 2 })))
        });
        let site = Site::start(Router::new().post("/", Server::new(double, Ndjson, Ndjson))).await;
        let remote = if http2 { site.remote_http2() } else { site.remote() };
        let double: BoxEndpoint<Fed<Price>, BoxStream<Price>> = remote.post("/").codecs(Ndjson, Ndjson).erased();
        let (feed, stream) = fed();
        feed.send(Ok(Price { price: 1 })).await.unwrap();
        let mut doubled = soon(double.invoke(stream)).await.unwrap();
        for price in 2..10 {
            assert_eq!(soon(doubled.next()).await.unwrap().unwrap().price, (price - 1) * 2);
            feed.send(Ok(Price { price })).await.unwrap();
        }
    }
}

async fn sum_of(body: impl Into<Body>) -> (u16, String) {
    let sum = endpoint_fn(|mut prices: BoxStream<Price>| async move {
        let mut sum = 0;
        while let Some(price) = prices.next().await {
            sum += price?.price;
        }
        Ok::<_, Error>(sum)
    });
    let site = Site::start(Router::new().post("/", Server::new(sum, Ndjson, Text).request_limit(64))).await;
    let request = http::Request::post(&site.url).header("content-type", "application/x-ndjson");
    let response = tower::ServiceExt::oneshot(Pool::new(), request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8(response.into_body().read(1 << 16).await.unwrap().into()).unwrap())
}

#[tokio::test]
async fn empty_lines_are_passed_over_and_the_last_need_not_end() {
    assert_eq!(sum_of("{\"price\":1}\r\n\n  \n{\"price\":2}").await, (200, "3".to_owned()));
    assert_eq!(sum_of("").await, (200, "0".to_owned()));
}

#[tokio::test]
async fn a_bad_line_is_named() {
    let (status, problem) = sum_of("{\"price\":1}\n\n{\"prise\":2}\n").await;
    assert_eq!(status, 400);
    assert!(problem.contains("line 3: price: is missing"), "{problem}");
}

#[tokio::test]
async fn the_limit_is_that_of_a_line() {
    let line = "{\"price\":1}\n".repeat(100);
    assert_eq!(sum_of(line).await, (200, "100".to_owned()));
    let long = format!("{{\"price\":1{}}}\n", " ".repeat(64));
    assert_eq!(sum_of(long.clone()).await.0, 413);
    assert_eq!(sum_of(long.trim_end().to_owned()).await.0, 413);
}

#[tokio::test]
async fn a_line_that_comes_in_pieces_is_one() {
    let pieces = ["{\"pri", "ce\":", "4}", "\n{", "\"price\":5}\n"].map(|piece| Ok::<_, Error>(Bytes::from(piece)));
    assert_eq!(sum_of(Body::from_stream(stream::iter(pieces))).await, (200, "9".to_owned()));
}

#[tokio::test]
async fn what_is_not_read_is_not_made() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let big = endpoint_fn(move |()| {
        let made = counter.clone();
        async move {
            Ok::<_, Error>(stream::repeat_with(move || {
                made.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Error>(Bytes::from(vec![0; 64 << 10]))
            }))
        }
    });
    let site = Site::start(Router::new().get("/", Server::new(big, Empty, Chunks::default()))).await;
    let big: BoxEndpoint<(), BoxStream<Bytes>> = site.remote().get("/").codecs(Empty, Chunks::default()).erased();
    let mut chunks = big.invoke(()).await.unwrap();
    soon(chunks.next()).await.unwrap().unwrap();
    // The sockets' buffers fill, and then nothing more is made: the count stands still.
    let mut before = usize::MAX;
    soon(async {
        while before != made.load(Ordering::SeqCst) {
            before = made.load(Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await;
    assert!(before < 1000, "{before} chunks of 64 KiB were made for one that was read");
}
