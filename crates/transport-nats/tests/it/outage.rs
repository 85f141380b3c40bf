use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent, endpoint_fn};
use towerkit_testing::events::Events as Seen;
use towerkit_transport_nats::codec::Empty;
use towerkit_transport_nats::{Events, Remote, Routes, Server, serve};

use crate::site::{Nats, ONE_TWO, Running, SOON, Sum, Total, servers, sum_of, sum_routes, until};

fn patient() -> ConnectOptions {
    ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(20))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_killed_and_started_again_costs_errors_that_say_so_and_the_service_goes_on() {
    for program in servers("a_server_that_is_killed_and_started_again_costs_errors_that_say_so_and_the_service_goes_on")
    {
        let mut nats = Nats::start(&program);
        let (server_events, caller_events) = (Events::new(), Events::new());
        let client = server_events.attach(patient()).connect(nats.url()).await.unwrap();
        let service = Running::start(serve(client, sum_routes()).events(&server_events)).await;
        let client = caller_events.attach(patient()).connect(nats.url()).await.unwrap();
        let remote = Remote::new(client);
        let over = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let sum: BoxEndpoint<Sum, Total> =
                    remote.subject("add.sum").json().timeout(Duration::from_secs(5)).erased();
                let over = over.clone();
                tokio::spawn(async move {
                    let (mut good, mut not_sent, mut lost, mut other) = (0, 0, 0, Vec::new());
                    while !over.load(SeqCst) {
                        match sum.invoke(ONE_TWO).await {
                            Ok(_) => good += 1,
                            Err(error) if error.get::<NotSent>().is_some() => {
                                not_sent += 1;
                                tokio::time::sleep(Duration::from_millis(5)).await;
                            }
                            Err(error) if error.code() == Code::Unavailable => lost += 1,
                            Err(error) => other.push(format!("{error:?}")),
                        }
                    }
                    (good, not_sent, lost, other)
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        nats.kill();
        until("both have seen it", || {
            server_events.counts().disconnected == 1 && caller_events.counts().disconnected == 1
        })
        .await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        nats.start_again();
        until("both are back", || server_events.counts().connected == 2 && caller_events.counts().connected == 2).await;
        let sum = sum_of(&remote);
        let start = Instant::now();
        while sum.invoke(ONE_TWO).await.is_err() {
            assert!(start.elapsed() < SOON, "the service is not back");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        over.store(true, SeqCst);
        let (mut good, mut not_sent, mut lost) = (0, 0, 0);
        for caller in callers {
            let (g, n, l, other) = caller.await.unwrap();
            // No caller had to wait for its time to run out.
            assert!(other.is_empty(), "{other:?}");
            (good, not_sent, lost) = (good + g, not_sent + n, lost + l);
        }
        println!("{}: {good} good, {not_sent} not sent, {lost} lost with the connection", program.display());
        assert!(good > 100 && not_sent > 0, "{good} good, {not_sent} not sent");
        assert!(lost <= 16, "one of each caller at most: {lost}");
        service.stop(SOON).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_without_a_connection_fails_at_once_or_waits_for_it_as_it_was_told() {
    for program in servers("a_call_without_a_connection_fails_at_once_or_waits_for_it_as_it_was_told") {
        let mut nats = Nats::start(&program);
        let events = Events::new();
        let client = events.attach(patient()).connect(nats.url()).await.unwrap();
        let service_client = patient().connect(nats.url()).await.unwrap();
        let _service = Running::start(serve(service_client, sum_routes())).await;
        let remote = Remote::new(client);
        nats.kill();
        until("it is seen", || events.counts().disconnected == 1).await;
        let error = sum_of(&remote).invoke(ONE_TWO).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "there is no connection to NATS"));
        assert!(error.get::<NotSent>().is_some());
        let waits: BoxEndpoint<Sum, Total> =
            remote.subject("add.sum").json().timeout(Duration::from_millis(50)).wait_for_connection(true).erased();
        assert_eq!(waits.invoke(ONE_TWO).await.unwrap_err().code(), Code::DeadlineExceeded);
        let waits: BoxEndpoint<Sum, Total> = remote.subject("add.sum").json().wait_for_connection(true).erased();
        let call = tokio::spawn(waits.invoke(ONE_TWO));
        nats.start_again();
        // The service may be back a little later than the caller: then nobody serves the subject, and it was not sent.
        match call.await.unwrap() {
            Ok(total) => assert_eq!(total.v, 3),
            Err(error) => assert_eq!(error.message(), "nobody serves the subject"),
        }
    }
}

#[tokio::test]
async fn a_call_under_way_when_the_connection_is_lost_does_not_wait_for_its_time() {
    for program in servers("a_call_under_way_when_the_connection_is_lost_does_not_wait_for_its_time") {
        let mut nats = Nats::start(&program);
        let arrived = Seen::new();
        let tell = arrived.clone();
        let never = endpoint_fn(move |()| {
            tell.push(());
            std::future::pending::<Result<(), Error>>()
        });
        let _service = nats.serve(Routes::new().subject("never", Server::new(never, Empty, Empty))).await;
        let events = Events::new();
        let client = events.attach(patient()).connect(nats.url()).await.unwrap();
        let never: BoxEndpoint<(), ()> = Remote::new(client).subject("never").empty().erased();
        let call = tokio::spawn(never.invoke(()));
        arrived.wait_len(1, SOON).await;
        nats.kill();
        let error = crate::site::within(call).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "the connection to NATS was lost"));
        assert!(error.get::<NotSent>().is_none(), "the service may have acted");
    }
}

#[tokio::test]
async fn a_service_that_starts_before_its_server_is_ready_when_that_is_there() {
    for program in servers("a_service_that_starts_before_its_server_is_ready_when_that_is_there") {
        let mut nats = Nats::start(&program);
        nats.kill();
        let client = patient().retry_on_initial_connect().connect(nats.url()).await.unwrap();
        let starting = tokio::spawn(Running::start(serve(client, sum_routes())));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!starting.is_finished());
        nats.start_again();
        let _service = starting.await.unwrap();
        sum_of(&nats.remote().await).invoke(ONE_TWO).await.unwrap();
    }
}

#[tokio::test]
async fn a_stop_without_a_connection_is_short_and_says_what_that_means() {
    for program in servers("a_stop_without_a_connection_is_short_and_says_what_that_means") {
        let mut nats = Nats::start(&program);
        let events = Events::new();
        let client = events.attach(patient()).connect(nats.url()).await.unwrap();
        let service = Running::start(serve(client, sum_routes())).await;
        nats.kill();
        until("it is seen", || events.counts().disconnected == 1).await;
        let start = Instant::now();
        let error = service.stop(SOON).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert!(error.to_string().starts_with("there is no connection to NATS"), "{error}");
    }
}
