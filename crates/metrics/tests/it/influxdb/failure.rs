//! Servers that are away, slow, or say no.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use towerkit_lifecycle::Member;
use towerkit_lifecycle::{Group, member_fn};
use towerkit_metrics::influxdb::InfluxDb;
use towerkit_metrics::push::{PushEvent, Pusher, Store};
use towerkit_testing::events::Events;

use super::server::Server;
use super::{counter, gauge, histogram};
use crate::http_server::{Answer, HttpServer};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn told(pusher: Pusher) -> (Pusher, Events<String>) {
    let events = Events::new();
    let sink = events.clone();
    (pusher.on_event(move |event: &PushEvent| sink.push(event.to_string())), events)
}

/// Flushes until no points are missing, for a pusher pauses after a failure.
async fn flush_until(pusher: &mut Pusher, store: &Store, points: u64) {
    let end = Instant::now() + LONG;
    while store.stats().sent + store.stats().lost() < points {
        assert!(Instant::now() < end, "sent {}, lost {}", store.stats().sent, store.stats().lost());
        tokio::time::sleep(Duration::from_millis(20)).await;
        pusher.flush().await;
    }
}

#[tokio::test]
async fn nothing_is_lost_while_the_server_is_restarted() {
    let Some(mut server) = Server::start("nothing_is_lost_while_the_server_is_restarted") else { return };
    let (influx, pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let (mut pusher, events) = told(pusher);
    let store = pusher.store().clone();
    let (hits, took) = (counter(&influx, "hits", &[]), histogram(&influx, "took"));
    hits.increment(1);
    took.record(1.0);
    pusher.flush().await;

    server.stop();
    for _ in 0..5 {
        hits.increment(1);
        took.record(2.0);
        pusher.flush().await;
    }
    assert_eq!((store.stats().sent, store.stats().lost()), (2, 0));
    assert!(store.stats().last_error.is_some_and(|error| error.contains("/ping")), "{:?}", store.stats().last_error);
    server.go_on();
    flush_until(&mut pusher, &store, 4).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (4, 0));
    assert_eq!((server.total("hits"), server.total("took")), (6, 6));
    let told = events.snapshot();
    assert!(told.first().is_some_and(|event| event.starts_with("not sent yet")), "{told:?}");
    assert!(told.last().is_some_and(|event| event.starts_with("sends again")), "{told:?}");
}

#[tokio::test]
async fn counters_wait_for_a_database_that_is_not_there_yet() {
    let Some(server) = Server::start_with("counters_wait_for_a_database_that_is_not_there_yet", "") else { return };
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let store = pusher.store().clone();
    let hits = counter(&influx, "hits", &[]);
    hits.increment(1);
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 0));
    assert!(
        store.stats().last_error.is_some_and(|error| error.contains("database not found")),
        "{:?}",
        store.stats().last_error
    );
    server.query("CREATE DATABASE db");
    hits.increment(1);
    flush_until(&mut pusher, &store, 1).await;
    assert_eq!(server.total("hits"), 2);
}

#[tokio::test]
async fn a_user_writes_with_a_password() {
    let Some(server) = Server::start_with("a_user_writes_with_a_password", "auth-enabled = true") else { return };
    server.query("CREATE USER admin WITH PASSWORD 'hunter2' WITH ALL PRIVILEGES");
    let admin = "authorization: Basic YWRtaW46aHVudGVyMg==\r\n";
    server.query_as(admin, "CREATE DATABASE db");
    server.query_as(admin, "CREATE USER \"wri ter\" WITH PASSWORD 'pass:wörd'");
    server.query_as(admin, "GRANT WRITE ON db TO \"wri ter\"");

    for (password, expected) in [("wrong", 0), ("pass:wörd", 1)] {
        let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").user("wri ter", password).build().unwrap();
        counter(&influx, "hits", &[]).increment(1);
        pusher.flush().await;
        let store = pusher.store().clone();
        assert_eq!((store.stats().sent, store.stats().lost()), (expected, 0), "{:?}", store.stats().last_error);
        let error = store.stats().last_error;
        assert_eq!(
            error.as_ref().is_some_and(|error| error.contains("authorization failed")),
            expected == 0,
            "{error:?}"
        );
        assert!(!error.is_some_and(|error| error.contains(password)));
    }
    let read = server.query_as(admin, "SELECT SUM(\"count\") FROM hits");
    assert_eq!(read["results"][0]["series"][0]["values"][0][1], 1);
}

#[tokio::test]
async fn of_a_partial_write_only_what_was_dropped_is_lost() {
    let Some(server) = Server::start("of_a_partial_write_only_what_was_dropped_is_lost") else { return };
    server.write("level value=\"text\"");
    let (influx, pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let (mut pusher, events) = told(pusher);
    gauge(&influx, "level").set(1.0);
    gauge(&influx, "other").set(2.0);
    counter(&influx, "hits", &[]).increment(1);
    pusher.flush().await;
    let store = pusher.store().clone();
    assert_eq!((store.stats().sent, store.stats().lost()), (2, 1));
    assert_eq!((server.points("other").len(), server.total("hits")), (1, 1));
    let told = events.snapshot();
    assert!(
        told.len() == 1 && told[0].contains("lost: POST http") && told[0].contains("field type conflict"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_costs_nobody_time_and_the_loss_is_counted() {
    let server = HttpServer::start(|_| Answer::Never).await;
    let (influx, pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let pusher =
        pusher.interval(Duration::from_millis(10)).timeout(Duration::from_millis(300)).hold(Duration::from_millis(500));
    let store = pusher.store().clone();
    let running = pusher.spawn();
    let (hits, took) = (counter(&influx, "hits", &[]), histogram(&influx, "took"));
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    while store.stats().lost() == 0 {
        assert!(start.elapsed() < LONG, "nothing was lost");
        let before = Instant::now();
        hits.increment(1);
        took.record(1.0);
        longest = longest.max(before.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // It is some hundred nanoseconds; the rest is what a busy machine takes.
    assert!(longest < Duration::from_millis(200), "{longest:?}");
    assert_eq!(store.stats().sent, 0);
    running.stop(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn the_stop_waits_no_longer_than_its_time_for_a_server_that_never_answers() {
    let server =
        HttpServer::start(|request| if request.method == "GET" { Answer::Status(204, "") } else { Answer::Never })
            .await;
    let (influx, pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let store = pusher.store().clone();
    counter(&influx, "hits", &[]).increment(1);
    let start = Instant::now();
    pusher.spawn().stop(Duration::from_millis(500)).await;
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 1));
}

#[tokio::test]
async fn a_write_that_may_have_failed_is_repeated_as_it_was() {
    let times = Arc::new(AtomicU32::new(0));
    let server = HttpServer::start(move |request| match (request.method.as_str(), times.load(Ordering::Relaxed)) {
        ("GET", _) => Answer::Status(204, ""),
        (_, at) => {
            times.store(at + 1, Ordering::Relaxed);
            [Answer::Status(500, "{\"error\":\"timeout\"}"), Answer::Close, Answer::Status(204, "")][at as usize]
        }
    })
    .await;
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    counter(&influx, "hits", &[]).increment(1);
    pusher.flush().await;
    let bodies: Vec<_> = server.received("POST").into_iter().map(|request| request.body).collect();
    assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (1, 0));
}

#[tokio::test]
async fn what_an_answer_means_for_the_points() {
    // The status, how many points are sent and lost by it, and what the next flush brings of the counter.
    for (status, lost, next) in [
        (500, 2, 1),
        (502, 2, 1),
        (503, 1, 2),
        (429, 1, 2),
        (401, 1, 2),
        (404, 1, 2),
        (302, 1, 2),
        (400, 2, 1),
        (413, 2, 1),
    ] {
        let failing = Arc::new(AtomicU32::new(1));
        let fails = Arc::clone(&failing);
        let server = HttpServer::start(move |request| {
            let fails = request.method == "POST" && fails.load(Ordering::Relaxed) == 1;
            if fails { Answer::Status(status, "why it is so") } else { Answer::Status(204, "") }
        })
        .await;
        let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
        let store = pusher.store().clone();
        let hits = counter(&influx, "hits", &[]);
        hits.increment(1);
        histogram(&influx, "took").record(1.0);
        pusher.flush().await;
        assert_eq!((store.stats().sent, store.stats().lost()), (0, lost), "{status}");
        assert!(
            store.stats().last_error.is_some_and(|error| error.contains("why it is so")),
            "{status}: {:?}",
            store.stats().last_error
        );

        failing.store(0, Ordering::Relaxed);
        hits.increment(1);
        flush_until(&mut pusher, &store, lost + 1).await;
        let last = server.received("POST").pop().unwrap().body;
        assert!(last.starts_with(&format!("hits count={next}i ")), "{status}: {last}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_takes_nothing_away() {
    let failing = Arc::new(AtomicU32::new(1));
    let fails = Arc::clone(&failing);
    let server = HttpServer::start(move |_| {
        if fails.load(Ordering::Relaxed) == 1 { Answer::Status(503, "starting") } else { Answer::Status(204, "") }
    })
    .await;
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let store = pusher.store().clone();
    histogram(&influx, "took").record(1.0);
    pusher.flush().await;
    assert_eq!((store.stats().sent, store.stats().lost(), server.received("POST").len()), (0, 0, 0));
    failing.store(0, Ordering::Relaxed);
    flush_until(&mut pusher, &store, 1).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (1, 0));
}

#[tokio::test]
async fn in_a_group_it_writes_what_others_measured_while_they_stopped() {
    let Some(server) = Server::start("in_a_group_it_writes_what_others_measured_while_they_stopped") else { return };
    let (influx, pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let hits = counter(&influx, "hits", &[]);
    let service = member_fn("service", move |lifeline| async move {
        lifeline.ready();
        lifeline.stop_group();
        lifeline.stopping().await;
        hits.increment(7);
        Ok(())
    });
    Group::new().with(pusher).with(service).run().await.unwrap();
    assert_eq!(server.total("hits"), 7);
}
