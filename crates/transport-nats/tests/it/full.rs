use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::{Empty, Raw};
use towerkit_transport_nats::{Routes, ServeEvent, Server, WhenFull, serve};

use crate::site::{Nats, Running, SOON, servers, until};

/// An endpoint that waits until it is let go, and tells how many are inside.
#[derive(Clone)]
struct Gate {
    open: Arc<Semaphore>,
    inside: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Gate {
    fn new() -> Self {
        Self { open: Arc::new(Semaphore::new(0)), inside: Arc::default(), most: Arc::default() }
    }

    fn routes(&self) -> Routes {
        let gate = self.clone();
        let wait = endpoint_fn(move |()| {
            let gate = gate.clone();
            async move {
                let inside = gate.inside.fetch_add(1, SeqCst) + 1;
                gate.most.fetch_max(inside, SeqCst);
                gate.open.acquire().await.unwrap().forget();
                gate.inside.fetch_sub(1, SeqCst);
                Ok::<_, Error>(())
            }
        });
        let quick = endpoint_fn(|()| async { Ok::<_, Error>(()) });
        Routes::new()
            .subject("wait", Server::new(wait, Empty, Empty))
            .subject("quick", Server::new(quick, Empty, Empty))
    }
}

#[tokio::test]
async fn a_message_too_many_is_refused_at_once_and_other_subjects_go_on() {
    for program in servers("a_message_too_many_is_refused_at_once_and_other_subjects_go_on") {
        let nats = Nats::start(&program);
        let gate = Gate::new();
        let refused = Events::new();
        let tell = refused.clone();
        let serve = serve(nats.connect().await, gate.routes()).max_in_flight(3).on_event(move |event| {
            if let ServeEvent::Refused { subject, in_flight } = event {
                tell.push((subject.to_string(), *in_flight));
            }
        });
        let _service = Running::start(serve).await;
        let remote = nats.remote().await;
        let wait: BoxEndpoint<(), ()> = remote.subject("wait").empty().erased();
        let quick: BoxEndpoint<(), ()> = remote.subject("quick").empty().erased();
        let calls: Vec<_> = (0..3).map(|_| tokio::spawn(wait.invoke(()))).collect();
        until("three are inside", || gate.inside.load(SeqCst) == 3).await;
        let error = wait.invoke(()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "overloaded"));
        assert_eq!(refused.take(), [("wait".to_owned(), 3)]);
        quick.invoke(()).await.unwrap();

        gate.open.add_permits(4);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        wait.invoke(()).await.unwrap();
        assert_eq!(gate.most.load(SeqCst), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_waits_ends_while_messages_keep_coming() {
    for program in servers("a_call_that_waits_ends_while_messages_keep_coming") {
        let nats = Nats::start(&program);
        let gate = Gate::new();
        let inside = gate.clone();
        let mixed = endpoint_fn(move |wait: Bytes| {
            let gate = gate.clone();
            async move {
                if !wait.is_empty() {
                    gate.inside.fetch_add(1, SeqCst);
                    gate.open.acquire().await.unwrap().forget();
                    for _ in 0..3 {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                // So slow that the buffer never gets empty.
                let start = Instant::now();
                while start.elapsed() < Duration::from_micros(50) {
                    std::hint::spin_loop();
                }
                Ok::<_, Error>(())
            }
        });
        let gate = inside;
        let serve = serve(nats.connect().await, Routes::new().subject("mixed", Server::new(mixed, Raw, Empty)));
        let stats = serve.stats();
        let _service = Running::start(serve).await;
        let wait: BoxEndpoint<&'static str, ()> = nats.remote().await.subject("mixed").codecs(Raw, Empty).erased();
        let call = tokio::spawn(wait.invoke("wait"));
        until("it waits", || gate.inside.load(SeqCst) == 1).await;
        let over = Arc::new(AtomicBool::new(false));
        let (flooder, until_then) = (nats.connect().await, over.clone());
        let flood = tokio::spawn(async move {
            while !until_then.load(SeqCst) {
                for _ in 0..1000 {
                    flooder.publish("mixed", Bytes::new()).await.unwrap();
                }
                flooder.flush().await.unwrap();
            }
        });
        until("it floods", || stats.subjects()[0].requests > 1000).await;
        gate.open.add_permits(1);
        let called = tokio::time::timeout(Duration::from_secs(10), call).await;
        over.store(true, SeqCst);
        flood.await.unwrap();
        called.expect("it starves").unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_message_too_many_waits_where_that_is_the_policy() {
    for program in servers("a_message_too_many_waits_where_that_is_the_policy") {
        let nats = Nats::start(&program);
        let gate = Gate::new();
        let serve = serve(nats.connect().await, gate.routes()).max_in_flight(3).when_full(WhenFull::Wait);
        let stats = serve.stats();
        let service = Running::start(serve).await;
        let wait: BoxEndpoint<(), ()> = nats.remote().await.subject("wait").empty().erased();
        let calls = tokio::spawn(join_all((0..50).map(|_| wait.invoke(()))));
        until("three are inside", || gate.inside.load(SeqCst) == 3).await;
        gate.open.add_permits(50);
        for call in tokio::time::timeout(SOON, calls).await.unwrap().unwrap() {
            call.unwrap();
        }
        assert_eq!((gate.most.load(SeqCst), stats.subjects()[0].requests), (3, 50));
        service.stop(SOON).await.unwrap();
    }
}
