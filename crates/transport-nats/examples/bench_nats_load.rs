//! The load of `cargo xtask bench nats`: calls of addsvc's `Sum`, by async-nats alone, over one connection. It prints how many were answered, and
//! fails where one was not, or wrongly.
//!
//! ```text
//! bench_nats_load closed URL CONCURRENT SECONDS
//! bench_nats_load paced URL RATE SECONDS
//! ```
//!
//! `closed` has so many calls under way all the time; `paced` starts so many a second, evenly, whatever became of those before.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::time::{Duration, Instant};

use async_nats::Client;
use futures_util::future::join_all;
use tokio::runtime::Handle;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, url, much, seconds] = &arguments[..] else { panic!("unknown arguments {arguments:?}") };
    let client = async_nats::connect(url).await.unwrap();
    let (much, time) = (much.parse().unwrap(), Duration::from_secs(seconds.parse().unwrap()));
    let answered = match mode.as_str() {
        "closed" => closed(&client, much, time).await,
        "paced" => paced(client, much, time).await,
        _ => panic!("unknown mode {mode}"),
    };
    println!("{answered}");
}

async fn closed(client: &Client, concurrent: u32, time: Duration) -> usize {
    let end = Instant::now() + time;
    let callers = (0..concurrent).map(|_| async {
        let mut answered = 0;
        while Instant::now() < end {
            call(client).await;
            answered += 1;
        }
        answered
    });
    join_all(callers).await.into_iter().sum()
}

async fn paced(client: Client, rate: u32, time: Duration) -> usize {
    let runtime = Handle::current();
    // By a thread that sleeps: Tokio's timers are whole milliseconds.
    let pace = move || {
        let (start, each) = (Instant::now(), Duration::from_secs(1) / rate);
        let mut calls = Vec::new();
        for index in 0.. {
            let due = each * index;
            if due >= time {
                break;
            }
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            let client = client.clone();
            calls.push(runtime.spawn(async move { call(&client).await }));
        }
        calls
    };
    let calls = tokio::task::spawn_blocking(pace).await.unwrap();
    let answered = calls.len();
    for call in calls {
        call.await.unwrap();
    }
    answered
}

async fn call(client: &Client) {
    let reply = client.request("add.sum", r#"{"a":1,"b":2}"#.into()).await.unwrap();
    assert_eq!(reply.payload, r#"{"v":3}"#);
}
