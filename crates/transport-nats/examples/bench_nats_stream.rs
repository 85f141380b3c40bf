//! How many messages a second come over a stream, and over a bare inbox of async-nats:
//!
//! ```text
//! bench_nats_stream URL ITEMS ROUNDS WINDOW
//! ```

#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::time::Instant;

use async_nats::Client;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use towerkit_endpoint::{BoxEndpoint, BoxError, BoxStream, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_nats::codec::{Items, Json, Raw};
use towerkit_transport_nats::{Remote, Routes, Server, serve};

const PAYLOAD: Bytes = Bytes::from_static(&[b'x'; 64]);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "nats://127.0.0.1:4222".into());
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (items, rounds, window) = (number(500_000)?, number(5)?, number(128)?);

    let make =
        endpoint_fn(
            |items: u64| async move { Ok::<_, Error>(stream::iter(0..items).map(|_| Ok::<_, Error>(PAYLOAD))) },
        );
    let served = async_nats::connect(&url).await?;
    let routes = Routes::new().subject("make", Server::new(make, Json, Items(Raw)));
    let (lifeline, stopper) = Lifeline::detached();
    let service = tokio::spawn(serve(served.clone(), routes).run(lifeline));
    stopper.ready().await;
    // Nothing that is sent without credit is dropped.
    let options = async_nats::ConnectOptions::new().subscription_capacity(usize::try_from(items)? + 1);
    let called = options.connect(&url).await?;
    let make: BoxEndpoint<u64, BoxStream<Bytes>> = Remote::new(called.clone())
        .subject("make")
        .codecs(Json, Items(Raw))
        .stream_window(u32::try_from(window)?)
        .erased();

    for _ in 0..rounds {
        let bare = bare(&served, &called, items, false).await?;
        let numbered = self::bare(&served, &called, items, true).await?;
        let start = Instant::now();
        let mut read = make.invoke(items).await?;
        let mut count = 0;
        while let Some(item) = read.next().await {
            item?;
            count += 1;
        }
        let ours = rate(count, start);
        println!(
            "bare {bare:.0}/s, bare with a header {numbered:.0}/s, stream {ours:.0}/s: {:.2} and {:.2}",
            bare / ours,
            numbered / ours
        );
    }
    stopper.stop(std::time::Duration::from_secs(1));
    service.await?
}

fn rate(items: u64, start: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "they are far fewer")]
    let items = items as f64;
    items / start.elapsed().as_secs_f64()
}

/// As many messages as fit, without credit: a reader that keeps up, and a sender held back by the connection alone.
async fn bare(from: &Client, to: &Client, items: u64, numbered: bool) -> Result<f64, BoxError> {
    let inbox = to.new_inbox();
    let mut read = to.subscribe(inbox.clone()).await?;
    // The server has seen the subscription when it has said that nobody is there.
    let _ = to.request(to.new_inbox(), Bytes::new()).await;
    let start = Instant::now();
    let from = from.clone();
    let sender = tokio::spawn(async move {
        for n in 0..items {
            if numbered {
                let mut headers = async_nats::HeaderMap::new();
                headers.insert("towerkit-seq", n.to_string());
                from.publish_with_headers(inbox.clone(), headers, PAYLOAD).await?;
            } else {
                from.publish(inbox.clone(), PAYLOAD).await?;
            }
        }
        Ok::<_, BoxError>(())
    });
    for _ in 0..items {
        let read = tokio::time::timeout(std::time::Duration::from_secs(5), read.next()).await?;
        read.ok_or("the subscription has ended")?;
    }
    let rate = rate(items, start);
    sender.await??;
    Ok(rate)
}
