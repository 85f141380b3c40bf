//! What a stream sees of processes that are killed, and of connections that break.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_nats::{Client, ConnectOptions};
use futures_util::{StreamExt, stream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::{Remote, Routes, Server, serve};

use crate::site::{Nats, Running, SOON, servers, until, within};
use crate::stream::{Dropped, all, count_of, counter, stuck};

/// A process that may be killed: its connections and tasks end with it, and say no word.
fn process() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_killed_is_unavailable_to_who_waits_and_to_who_reads() {
    for program in servers("a_service_that_is_killed_is_unavailable_to_who_waits_and_to_who_reads") {
        let nats = Nats::start(&program);
        let url = nats.url();
        let killed = process();
        let service = killed.spawn(async move {
            let client = async_nats::connect(url).await.unwrap();
            let dropped = Events::new();
            let routes = Routes::new()
                .subject("stuck", Server::json_stream(stuck(3, &dropped)))
                .subject("count", Server::json_stream(stuck_after_many(&dropped)));
            Running::start(serve(client, routes)).await
        });
        let _service = service.await.unwrap();
        let remote = nats.remote().await;
        let waits: BoxEndpoint<(), BoxStream<u64>> =
            remote.subject("stuck").json_stream().stream_silence(Duration::from_millis(600)).erased();
        let reads = count_of(&remote);
        let (mut waits, mut reads) = (waits.invoke(()).await.unwrap(), reads.invoke(0).await.unwrap());
        for n in 0..3 {
            assert_eq!(within(waits.next()).await.unwrap().unwrap(), n);
            assert_eq!(within(reads.next()).await.unwrap().unwrap(), n);
        }
        killed.shutdown_background();
        let start = Instant::now();
        let (_, error) = all(waits).await;
        assert_eq!(error.unwrap().message(), "the service is gone, and its stream with it");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        // It finds out with the next credit, long before its 30 seconds.
        let (items, error) = all(reads).await;
        assert_eq!(error.unwrap().code(), Code::Unavailable);
        assert!(items.len() < 200 && start.elapsed() < Duration::from_secs(4), "{} {:?}", items.len(), start.elapsed());
    }
}

/// As many as there is credit for.
fn stuck_after_many(dropped: &Events<&'static str>) -> BoxEndpoint<u64, BoxStream<u64>> {
    let dropped = dropped.clone();
    endpoint_fn(move |_: u64| {
        let held = Dropped(dropped.clone());
        async move {
            let items = stream::iter(0..u64::MAX).map(Ok::<_, Error>).inspect(move |_| _ = &held);
            Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
        }
    })
    .erased()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_is_killed_is_found_out_by_a_beat_or_by_the_last_of_its_credit() {
    for program in servers("a_caller_that_is_killed_is_found_out_by_a_beat_or_by_the_last_of_its_credit") {
        let nats = Nats::start(&program);
        let (idle, busy) = (Events::new(), Events::new());
        let (go, wait) = watch::channel(false);
        let held = busy.clone();
        // Three items, and when it may go on as many as there is credit for.
        let paused = endpoint_fn(move |_: u64| {
            let (held, wait) = (Dropped(held.clone()), wait.clone());
            async move {
                let items = stream::iter(0..).then(move |n: u64| {
                    let (_held, mut wait) = (&held, wait.clone());
                    async move {
                        if n >= 3 {
                            let _ = wait.wait_for(|go| *go).await;
                        }
                        Ok::<_, Error>(n)
                    }
                });
                Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
            }
        });
        let routes = Routes::new()
            .subject("stuck", Server::json_stream(stuck(3, &idle)).stream_beat(Duration::from_millis(200)))
            .subject("count", Server::json_stream(paused));
        let _service = nats.serve(routes).await;
        let url = nats.url();
        let killed = process();
        let streams = killed.spawn(async move {
            let remote = Remote::new(async_nats::connect(url).await.unwrap());
            let stuck: BoxEndpoint<(), BoxStream<u64>> = remote.subject("stuck").json_stream().erased();
            (stuck.invoke(()).await.unwrap(), count_of(&remote).invoke(0).await.unwrap())
        });
        let mut streams = ManuallyDrop::new(streams.await.unwrap());
        let (waits, reads) = &mut *streams;
        for n in 0..3 {
            assert_eq!(within(waits.next()).await.unwrap().unwrap(), n);
            assert_eq!(within(reads.next()).await.unwrap().unwrap(), n);
        }
        // They are not dropped, which would say a word.
        killed.shutdown_background();
        idle.wait_len(1, SOON).await;
        assert!(busy.is_empty(), "its beat is far, and it has nothing to send");
        go.send_replace(true);
        let start = Instant::now();
        busy.wait_len(1, SOON).await;
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

async fn quick(nats: &Nats) -> (Client, towerkit_transport_nats::Events) {
    let events = towerkit_transport_nats::Events::new();
    let options = ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(20));
    (events.attach(options).connect(nats.url()).await.unwrap(), events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_over_a_connection_that_is_made_again_where_nothing_was_lost() {
    for program in servers("a_stream_goes_on_over_a_connection_that_is_made_again_where_nothing_was_lost") {
        let mut nats = Nats::start(&program);
        let (step, steps) = watch::channel(3_u64);
        let stepped = endpoint_fn(move |to: u64| {
            let steps = steps.clone();
            async move {
                let items = stream::iter(0..to).then(move |n| {
                    let mut steps = steps.clone();
                    async move {
                        let _ = steps.wait_for(|step| *step > n).await;
                        Ok::<_, Error>(n)
                    }
                });
                Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
            }
        });
        let (client, served) = quick(&nats).await;
        let _service =
            Running::start(serve(client, Routes::new().subject("count", Server::json_stream(stepped)))).await;
        let (client, called) = quick(&nats).await;
        let mut items = count_of(&Remote::new(client)).invoke(5).await.unwrap();
        for n in 0..3 {
            assert_eq!(within(items.next()).await.unwrap().unwrap(), n);
        }
        let rest = tokio::spawn(all(items));
        nats.kill();
        until("both see it", || served.counts().disconnected == 1 && called.counts().disconnected == 1).await;
        nats.start_again();
        until("both are back", || served.counts().connected == 2 && called.counts().connected == 2).await;
        // Both have subscribed anew by then: the caller looks every second.
        tokio::time::sleep(Duration::from_millis(300)).await;
        step.send_replace(5);
        let (items, error) = within(rest).await.unwrap();
        assert!(error.is_none(), "{error:?}");
        assert_eq!(items, [3, 4]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_never_has_a_hole_when_connections_break_while_it_flows() {
    for program in servers("a_stream_never_has_a_hole_when_connections_break_while_it_flows") {
        let mut nats = Nats::start(&program);
        let (client, _) = quick(&nats).await;
        let dropped = Events::new();
        let routes = Routes::new()
            .subject("count", Server::json_stream(stuck_after_many(&dropped)).stream_beat(Duration::from_millis(200)));
        let _service = Running::start(serve(client, routes)).await;
        let (client, called) = quick(&nats).await;
        let remote = Remote::new(client);
        let count: BoxEndpoint<u64, BoxStream<u64>> =
            remote.subject("count").json_stream().stream_silence(Duration::from_secs(3)).erased();
        let streams: Vec<_> = futures_util::future::join_all((0..20).map(|n| count.invoke(n))).await;
        let readers: Vec<_> = streams
            .into_iter()
            .map(|items| {
                let (mut items, read) = (items.unwrap(), Arc::new(AtomicU64::new(0)));
                let count = read.clone();
                let reader = tokio::spawn(async move {
                    loop {
                        match within(items.next()).await.unwrap() {
                            Ok(item) => assert_eq!(item, count.load(Relaxed), "a hole"),
                            Err(error) => return error.code(),
                        }
                        count.fetch_add(1, Relaxed);
                    }
                });
                (reader, read)
            })
            .collect();
        until("they flow", || readers.iter().all(|(_, read)| read.load(Relaxed) > 500)).await;
        nats.kill();
        until("it is seen", || called.counts().disconnected == 1).await;
        let before: Vec<_> = readers.iter().map(|(_, read)| read.load(Relaxed)).collect();
        nats.start_again();
        // One that lost nothing goes on; the others say so.
        until("each goes on or ends", || {
            let mut readers = readers.iter().zip(&before);
            readers.all(|((reader, read), before)| reader.is_finished() || read.load(Relaxed) > before + 500)
        })
        .await;
        for (reader, _) in readers {
            if reader.is_finished() {
                let code = reader.await.unwrap();
                assert!(matches!(code, Code::DataLoss | Code::Unavailable), "{code:?}");
            } else {
                reader.abort();
            }
        }
        dropped.wait_len(20, SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_whose_server_never_comes_back_gives_up() {
    for program in servers("a_reader_whose_server_never_comes_back_gives_up") {
        let mut nats = Nats::start(&program);
        let dropped = Events::new();
        let _service = nats.serve(counter(&dropped)).await;
        let remote = nats.remote().await;
        let count: BoxEndpoint<u64, BoxStream<u64>> =
            remote.subject("count").json_stream().stream_silence(Duration::from_millis(900)).erased();
        let items = count.invoke(2_000_000).await.unwrap();
        nats.kill();
        let start = Instant::now();
        let (_, error) = all(items).await;
        assert_eq!(error.unwrap().code(), Code::Unavailable);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
