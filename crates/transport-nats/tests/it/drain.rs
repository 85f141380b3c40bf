use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use towerkit_endpoint::{BoxEndpoint, Ending, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::Empty;
use towerkit_transport_nats::{Remote, Routes, ServeEvent, Server, WhenFull, serve};

use crate::site::{Nats, ONE_TWO, Running, SOON, servers, sum, sum_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_that_stop_and_start_under_load_lose_no_message() {
    for program in servers("members_that_stop_and_start_under_load_lose_no_message") {
        let nats = Nats::start(&program);
        let routes = || Routes::new().queue_group("add").subject("add.sum", Server::json(sum()));
        let mut services = vec![nats.serve(routes()).await, nats.serve(routes()).await];
        let over = Arc::new(AtomicBool::new(false));
        let mut callers = Vec::new();
        for _ in 0..4 {
            let sum = sum_of(&nats.remote().await);
            for _ in 0..16 {
                let (sum, over) = (sum.clone(), over.clone());
                callers.push(tokio::spawn(async move {
                    let (mut calls, mut lost) = (0, Vec::new());
                    while !over.load(SeqCst) {
                        calls += 1;
                        match tokio::time::timeout(Duration::from_secs(5), sum.invoke(ONE_TWO)).await {
                            Ok(Ok(total)) => assert_eq!(total.v, 3),
                            Ok(Err(error)) => lost.push(error.to_string()),
                            Err(elapsed) => lost.push(elapsed.to_string()),
                        }
                    }
                    (calls, lost)
                }));
            }
        }
        for _ in 0..10 {
            services.push(nats.serve(routes()).await);
            services.remove(0).stop(Duration::from_secs(10)).await.unwrap();
        }
        over.store(true, SeqCst);
        let (mut calls, mut lost) = (0, Vec::new());
        for caller in callers {
            let (made, not) = caller.await.unwrap();
            calls += made;
            lost.extend(not);
        }
        assert!(calls > 1000, "only {calls} calls");
        assert!(lost.is_empty(), "{} of {calls} were lost: {:?}", lost.len(), &lost[..lost.len().min(5)]);
    }
}

fn slow(time: Duration, arrived: &Events<()>, ended: &Events<Ending>) -> Routes {
    let arrived = arrived.clone();
    let slow = endpoint_fn(move |()| {
        arrived.push(());
        async move {
            tokio::time::sleep(time).await;
            Ok::<_, Error>(())
        }
    });
    let ended = ended.clone();
    let server = Server::new(slow, Empty, Empty).finalize(move |summary| ended.push(summary.ending));
    Routes::new().subject("slow", server)
}

async fn call(remote: &Remote, times: usize) -> Vec<tokio::task::JoinHandle<Result<(), Error>>> {
    let slow: BoxEndpoint<(), ()> = remote.subject("slow").empty().timeout(Duration::from_secs(5)).erased();
    (0..times).map(|_| tokio::spawn(slow.invoke(()))).collect()
}

#[tokio::test]
async fn what_is_under_way_and_what_is_buffered_is_answered_before_the_stop() {
    for program in servers("what_is_under_way_and_what_is_buffered_is_answered_before_the_stop") {
        let nats = Nats::start(&program);
        let ended = Events::new();
        let serve = serve(nats.connect().await, slow(Duration::from_millis(100), &Events::new(), &ended));
        let service = Running::start(serve.max_in_flight(2).when_full(WhenFull::Wait)).await;
        let remote = nats.remote().await;
        let calls = call(&remote, 20).await;
        ended.wait_len(2, SOON).await;
        service.stop(Duration::from_secs(15)).await.unwrap();
        assert_eq!(ended.len(), 20);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert!(call(&remote, 1).await.remove(0).await.unwrap().is_err(), "nobody is there");
    }
}

#[tokio::test]
async fn what_is_left_when_the_time_is_over_is_cut_and_counted() {
    for program in servers("what_is_left_when_the_time_is_over_is_cut_and_counted") {
        let nats = Nats::start(&program);
        let (arrived, ended, cut) = (Events::new(), Events::new(), Events::new());
        let tell = cut.clone();
        let routes = slow(Duration::from_secs(3600), &arrived, &ended);
        let serve = serve(nats.connect().await, routes).on_event(move |event| {
            if let ServeEvent::Cut { messages } = event {
                tell.push(*messages);
            }
        });
        let stats = serve.stats();
        let service = Running::start(serve.max_in_flight(2).when_full(WhenFull::Wait)).await;
        let remote = nats.remote().await;
        let _calls = call(&remote, 5).await;
        // Two of them are inside, and three wait: the server has seen all that this connection has sent when it answers.
        arrived.wait_len(2, SOON).await;
        let nobody: BoxEndpoint<(), ()> = remote.subject("nobody").empty().erased();
        nobody.invoke(()).await.unwrap_err();
        assert_eq!(stats.subjects()[0].requests, 0);
        let start = Instant::now();
        let error = service.stop(Duration::from_secs(2)).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(2), "before it would be aborted");
        assert_eq!(error.to_string(), "5 messages were left without an answer at the end of the drain");
        assert_eq!(cut.take(), [5]);
        assert_eq!(ended.take(), [Ending::Cancelled, Ending::Cancelled]);
    }
}

#[tokio::test]
async fn a_stop_without_load_takes_no_time() {
    for program in servers("a_stop_without_load_takes_no_time") {
        let nats = Nats::start(&program);
        let service = nats.serve(crate::site::sum_routes()).await;
        let start = Instant::now();
        service.stop(SOON).await.unwrap();
        // It is about a tenth of a second; two are the most that it waits for messages that may come yet.
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}
