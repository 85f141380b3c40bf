//! A CloudWatch that is away, slow, or says no.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use towerkit_endpoint::BoxError;
use towerkit_lifecycle::Member;
use towerkit_metrics::cloudwatch::CloudWatch;
use towerkit_metrics::push::{Pusher, Store};

use super::moto::Moto;
use super::{counter, credentials, data, histogram, to};
use crate::http_server::{Answer, HttpServer};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Flushes until no points are missing, for a pusher pauses after a failure.
async fn flush_until(pusher: &mut Pusher, store: &Store, points: u64) {
    let end = Instant::now() + LONG;
    while store.stats().sent + store.stats().lost() < points {
        assert!(Instant::now() < end, "sent {}, lost {}", store.stats().sent, store.stats().lost());
        tokio::time::sleep(Duration::from_millis(20)).await;
        pusher.flush().await;
    }
}

/// A server that answers so to what is posted until it is told not to.
async fn failing(answer: Answer) -> (HttpServer, Arc<AtomicBool>) {
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let server = HttpServer::start(move |request| {
        if request.method == "POST" && failing.load(Ordering::Relaxed) { answer } else { Answer::Status(200, "{}") }
    })
    .await;
    (server, fails)
}

#[tokio::test]
async fn it_goes_on_when_the_server_is_there_again() {
    let Some(mut moto) = Moto::start("it_goes_on_when_the_server_is_there_again") else { return };
    let cloudwatch = CloudWatch::new("eu-central-1", "Restart", credentials()).endpoint(moto.url());
    let (cloudwatch, pusher) = cloudwatch.build().unwrap();
    let mut pusher = pusher.hold(LONG);
    let store = pusher.store().clone();
    let (hits, took) = (counter(&cloudwatch, "hits", &[]), histogram(&cloudwatch, "took"));
    moto.stop();
    hits.increment(1);
    took.record(1.0);
    pusher.flush().await;
    // The first to find nobody there: the counter was given back, and the histogram can't be.
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 1), "{:?}", store.stats().last_error);
    for _ in 0..5 {
        hits.increment(1);
        took.record(2.0);
        tokio::time::sleep(Duration::from_millis(150)).await;
        pusher.flush().await;
    }
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 1), "from then on all waits");
    moto.go_on();
    flush_until(&mut pusher, &store, 3).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (2, 1));
    assert_eq!(moto.read("Restart"), ["hits||-|1.0|6.0|6.0|6.0", "took||-|5.0|10.0|2.0|2.0"]);
}

#[tokio::test]
async fn what_an_answer_means_for_the_data() {
    let named = |name| match name {
        "throttled" => "{\"__type\":\"com.amazonaws.cloudwatch#ThrottlingException\",\"message\":\"why it is so\"}",
        "lapsed" => "{\"__type\":\"com.amazon.coral.service#ExpiredTokenException\",\"message\":\"why it is so\"}",
        "invalid" => {
            "{\"__type\":\"com.amazonaws.cloudwatch#InvalidParameterValueException\",\"message\":\"Throttling why it is so\"}"
        }
        _ => "why it is so",
    };
    // The status, the error, how many data are lost by it, and what the next flush brings of the counter.
    for (status, name, lost, next) in [
        (500, "", 2, 1.0),
        (503, "", 1, 2.0),
        (429, "", 1, 2.0),
        (403, "", 1, 2.0),
        (302, "", 1, 2.0),
        (413, "", 2, 1.0),
        (400, "invalid", 2, 1.0),
        (400, "throttled", 1, 2.0),
        (400, "lapsed", 1, 2.0),
    ] {
        let (server, fails) = failing(Answer::Status(status, named(name))).await;
        let (cloudwatch, mut pusher) = to(&server).build().unwrap();
        let store = pusher.store().clone();
        let hits = counter(&cloudwatch, "hits", &[]);
        hits.increment(1);
        histogram(&cloudwatch, "took").record(1.0);
        pusher.flush().await;
        assert_eq!((store.stats().sent, store.stats().lost()), (0, lost), "{status} {name}");
        assert!(
            store.stats().last_error.is_some_and(|error| error.contains("why it is so")),
            "{status}: {:?}",
            store.stats().last_error
        );

        fails.store(false, Ordering::Relaxed);
        hits.increment(1);
        flush_until(&mut pusher, &store, lost + 1).await;
        let last = server.received("POST").pop().unwrap().body;
        assert_eq!(data(&last)[0]["Value"], next, "{status} {name}");
    }
}

#[tokio::test]
async fn a_request_without_an_answer_is_not_sent_twice() {
    let (server, fails) = failing(Answer::Close).await;
    let (cloudwatch, mut pusher) = to(&server).build().unwrap();
    let store = pusher.store().clone();
    let hits = counter(&cloudwatch, "hits", &[]);
    hits.increment(1);
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost(), server.received("POST").len()), (0, 1, 1));
    fails.store(false, Ordering::Relaxed);
    hits.increment(1);
    flush_until(&mut pusher, &store, 2).await;
    assert_eq!(data(&server.received("POST")[1].body)[0]["Value"], 1.0);
    assert_eq!(server.received("GET").len(), 1, "it looked before");
}

#[tokio::test]
async fn without_credentials_all_waits() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let there = Arc::new(AtomicBool::new(false));
    let known = Arc::clone(&there);
    let provider = move || {
        let known = known.load(Ordering::Relaxed);
        async move { if known { Ok(credentials()) } else { Err(BoxError::from("the vault is sealed")) } }
    };
    let cloudwatch = CloudWatch::new("eu-central-1", "Test", provider).endpoint(server.url());
    let (cloudwatch, mut pusher) = cloudwatch.build().unwrap();
    let store = pusher.store().clone();
    histogram(&cloudwatch, "took").record(1.0);
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 0));
    assert!(store.stats().last_error.is_some_and(|error| error.contains("the vault is sealed")));
    there.store(true, Ordering::Relaxed);
    flush_until(&mut pusher, &store, 1).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (1, 0));
}

#[tokio::test]
async fn a_server_that_never_answers_costs_nobody_time_and_the_loss_is_counted() {
    let server = HttpServer::start(|_| Answer::Never).await;
    let (cloudwatch, pusher) = to(&server).build().unwrap();
    let pusher = pusher.interval(Duration::from_millis(10)).timeout(Duration::from_millis(200));
    let store = pusher.store().clone();
    let running = pusher.spawn();
    let hits = counter(&cloudwatch, "hits", &[]);
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    while store.stats().lost() == 0 {
        assert!(start.elapsed() < LONG, "nothing was lost");
        let before = Instant::now();
        hits.increment(1);
        longest = longest.max(before.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(longest < Duration::from_millis(200), "{longest:?}");
    let before = Instant::now();
    running.stop(Duration::from_millis(500)).await;
    assert!(before.elapsed() < Duration::from_secs(4), "{:?}", before.elapsed());
    assert_eq!(store.stats().sent, 0);
}
