//! The servers that `cargo xtask bench nats` compares: addsvc's `Sum` in JSON, each with one thread. It says `ready` when it is, and ends when its
//! input is closed.
//!
//! ```text
//! bench_nats plain|spawn|ours|wait URL
//! bench_nats call|remote URL CONCURRENT CALLS
//! ```
//!
//! `plain` answers inline with async-nats alone, `spawn` by a task for each message; `ours` is [`serve`], and `wait` its other policy when full.
//! `call` makes so many calls, so many at a time, with async-nats alone, and `remote` by [`Remote`].

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::time::Duration;

use async_nats::{Client, Message};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_nats::{Remote, Routes, Server, WhenFull, serve};

#[derive(Serialize, Deserialize)]
struct SumRequest {
    a: i64,
    b: i64,
}

#[derive(Serialize, Deserialize)]
struct SumReply {
    v: i64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["call", url, concurrent, calls] = arguments[..] {
        return call(url, concurrent.parse().unwrap(), calls.parse().unwrap()).await;
    }
    if let ["remote", url, concurrent, calls] = arguments[..] {
        return remote(url, concurrent.parse().unwrap(), calls.parse().unwrap()).await;
    }
    let [mode, url] = arguments[..] else { panic!("unknown arguments {arguments:?}") };
    let client = async_nats::connect(url).await.unwrap();
    let serving = async {
        match mode {
            "plain" => plain(client, false).await,
            "spawn" => plain(client, true).await,
            "ours" => ours(client, WhenFull::Refuse).await,
            "wait" => ours(client, WhenFull::Wait).await,
            _ => panic!("unknown mode {mode}"),
        }
    };
    // A thread of its own waits for the end of the input.
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    tokio::select! {
        () = serving => {}
        _ = end => {}
    }
}

async fn plain(client: Client, spawn: bool) {
    let mut requests = client.queue_subscribe("add.sum", "add".to_owned()).await.unwrap();
    client.flush().await.unwrap();
    println!("ready");
    while let Some(message) = requests.next().await {
        let answer = answer(client.clone(), message);
        if spawn {
            tokio::spawn(answer);
        } else {
            answer.await;
        }
    }
}

async fn answer(client: Client, message: Message) {
    let Some(reply) = message.reply else { return };
    let Ok(request) = serde_json::from_slice::<SumRequest>(&message.payload) else { return };
    let sum = serde_json::to_vec(&SumReply { v: request.a + request.b }).unwrap();
    client.publish(reply, sum.into()).await.unwrap();
}

async fn ours(client: Client, policy: WhenFull) {
    let sum = endpoint_fn(|request: SumRequest| async move { Ok::<_, Error>(SumReply { v: request.a + request.b }) });
    let routes = Routes::new().queue_group("add").subject("add.sum", Server::json(sum));
    let (lifeline, stopper) = Lifeline::detached();
    let serving = serve(client, routes).when_full(policy).run(lifeline);
    let ready = async {
        stopper.ready().await;
        println!("ready");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = serving => ended.unwrap(),
        () = ready => {}
    }
}

async fn call(url: &str, concurrent: usize, calls: usize) {
    let client = async_nats::connect(url).await.unwrap();
    let call = async || {
        let request = serde_json::to_vec(&SumRequest { a: 1, b: 2 }).unwrap();
        let reply = client.request("add.sum", request.into()).await.unwrap();
        assert_eq!(serde_json::from_slice::<SumReply>(&reply.payload).unwrap().v, 3);
    };
    each(concurrent, calls, call).await;
}

async fn remote(url: &str, concurrent: usize, calls: usize) {
    let sum: BoxEndpoint<SumRequest, SumReply> =
        Remote::new(async_nats::connect(url).await.unwrap()).subject("add.sum").json().timeout(Duration::MAX).erased();
    let call = async || assert_eq!(sum.invoke(SumRequest { a: 1, b: 2 }).await.unwrap().v, 3);
    each(concurrent, calls, call).await;
}

async fn each(concurrent: usize, calls: usize, call: impl AsyncFn()) {
    let started = std::time::Instant::now();
    let each = (0..concurrent).map(|_| async {
        for _ in 0..calls / concurrent {
            call().await;
        }
    });
    futures_util::future::join_all(each).await;
    println!("{:?}", started.elapsed());
}
