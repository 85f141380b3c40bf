use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use towerkit_endpoint::{BoxStream, Code, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_grpc::{Routes, Server};

use crate::site::{COUNT, Number, Site, Text, Texts, both, soon};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_call_under_way_is_answered() {
    let (gate, events) = (Arc::new(Semaphore::new(0)), Events::new());
    let (inside, begun) = (gate.clone(), events.clone());
    let mut served = Texts::new();
    served.shout = endpoint_fn(move |text: Text| {
        let (gate, begun) = (inside.clone(), begun.clone());
        async move {
            begun.push(());
            gate.acquire().await.map_err(Error::internal)?.forget();
            Ok::<_, Error>(text)
        }
    })
    .erased();
    for site in both(&served).await {
        let call = tokio::spawn(site.texts().shout.invoke(Text::from("a")));
        events.wait_len(1, LONG).await;
        site.stopper.stop(LONG);
        gate.add_permits(1);
        assert_eq!(soon(call).await.unwrap().unwrap().text, "a");
        site.ended().await.unwrap();
        let _ = events.take();
    }
}

fn endless() -> Texts {
    let mut texts = Texts::new();
    texts.count = endpoint_fn(|_: Number| async {
        let numbers = stream::iter([Ok(Number { n: 7 })]).chain(stream::pending());
        Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>)
    })
    .erased();
    texts
}

#[tokio::test]
async fn a_stream_without_an_end_ends_with_a_clear_status_when_half_of_the_time_is_over() {
    for site in both(&endless()).await {
        let mut numbers = site.texts().count.invoke(Number { n: 0 }).await.unwrap();
        numbers.next().await.unwrap().unwrap();
        let begun = Instant::now();
        site.stopper.stop(Duration::from_secs(2));
        let error = soon(numbers.next()).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "the server is stopping"));
        assert!(begun.elapsed() >= Duration::from_millis(900), "{:?}", begun.elapsed());
        // Nothing was cut.
        site.ended().await.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(1900), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_stream_that_is_to_end_with_the_drain_does_so_at_once() {
    let count = Server::new(endless().count).end_on_drain();
    let site = Site::start(Routes::new().server_streaming(COUNT, count)).await;
    let mut numbers = site.texts().count.invoke(Number { n: 0 }).await.unwrap();
    numbers.next().await.unwrap().unwrap();
    let begun = Instant::now();
    site.stopper.stop(LONG);
    assert_eq!(soon(numbers.next()).await.unwrap().unwrap_err().code(), Code::Unavailable);
    site.ended().await.unwrap();
    assert!(begun.elapsed() < LONG / 4);
}

#[tokio::test]
async fn a_stream_that_comes_to_its_end_within_the_grace_loses_nothing() {
    let gate = Arc::new(Semaphore::new(0));
    let inside = gate.clone();
    let mut served = Texts::new();
    served.count = endpoint_fn(move |Number { n }| {
        let gate = inside.clone();
        let numbers = stream::iter(0..n).then(move |n| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.map_err(Error::internal)?.forget();
                Ok(Number { n })
            }
        });
        async move { Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>) }
    })
    .erased();
    for site in both(&served).await {
        let mut numbers = site.texts().count.invoke(Number { n: 100 }).await.unwrap();
        gate.add_permits(1);
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap().n, 0);
        site.stopper.stop(LONG);
        gate.add_permits(99);
        assert_eq!(soon(numbers.count()).await, 99);
        site.ended().await.unwrap();
    }
}

/// A rolling restart: the next server listens on the same port already, and the clients go on without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_loses_no_call() {
    let listen = |address: std::net::SocketAddr| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(address).unwrap();
        socket.listen(1024).unwrap()
    };
    for generated in [false, true] {
        let routes = || if generated { Texts::new().generated() } else { Texts::new().routes() };
        let mut site = Site::on(listen("127.0.0.1:0".parse().unwrap()), routes(), |serve| serve).await;
        let answered = Arc::new(AtomicUsize::new(0));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut clients = Vec::new();
        for _ in 0..8 {
            let (texts, answered, stopped) = (site.texts(), answered.clone(), stopped.clone());
            clients.push(tokio::spawn(async move {
                while !*stopped.borrow() {
                    assert_eq!(texts.shout.invoke(Text::from("a")).await.unwrap().text, "A");
                    let numbers = texts.count.invoke(Number { n: 100 }).await.unwrap();
                    let numbers = numbers.map(|number| number.unwrap().n).collect::<Vec<_>>().await;
                    assert_eq!(numbers.len(), 100);
                    answered.fetch_add(2, Ordering::Relaxed);
                }
            }));
        }
        for round in 1..=4 {
            let goal = answered.load(Ordering::Relaxed) + 500;
            while answered.load(Ordering::Relaxed) < goal {
                assert!(clients.iter().all(|client| !client.is_finished()), "a call was lost in round {round}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let next = Site::on(listen(site.address), routes(), |serve| serve).await;
            site.stopper.stop(LONG);
            site.ended().await.unwrap();
            site = next;
        }
        stop.send(true).unwrap();
        for client in clients {
            client.await.unwrap();
        }
    }
}
