use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events as Seen;
use towerkit_testing::process::free_port;
use towerkit_transport_nats::codec::Empty;
use towerkit_transport_nats::{Events, Remote, Routes, Server, serve};

use crate::site::{Nats, ONE_TWO, Running, SOON, cluster, servers, sum, sum_of, sum_routes, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_service_moves_off_a_server_that_is_about_to_stop_and_loses_nothing() {
    for program in servers("a_service_moves_off_a_server_that_is_about_to_stop_and_loses_nothing") {
        let [leaving, staying] = cluster(&program);
        let (first_events, told) = (Events::new(), Seen::new());
        let options =
            || ConnectOptions::new().retain_servers_order().reconnect_delay_callback(|_| Duration::from_millis(10));
        // One replica is on the node that goes, the other one on that which stays.
        let client = first_events.attach(options()).connect(vec![leaving.url(), staying.url()]).await.unwrap();
        let tell = told.clone();
        let first = serve(client.clone(), sum_routes())
            .events(&first_events)
            .on_event(move |event| tell.push(event.to_string()));
        let first = Running::start(first).await;
        let second = staying.serve(sum_routes()).await;
        assert_eq!(client.server_info().server_name, "n0");

        let caller = Remote::new(staying.connect().await);
        let over = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let (sum, over) = (sum_of(&caller), over.clone());
                tokio::spawn(async move {
                    let mut calls = 0;
                    while !over.load(SeqCst) {
                        tokio::time::timeout(Duration::from_secs(5), sum.invoke(ONE_TWO)).await.unwrap().unwrap();
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        leaving.process.as_ref().unwrap().signal("USR2"); // what `nats-server --signal ldm` sends
        until("it has moved", || first_events.counts().connected == 2).await;
        let events = told.wait_len(2, SOON).await;
        assert_eq!(
            events[..2],
            ["the NATS server is about to stop, moving to another", "moved to another NATS server"]
        );
        assert_eq!(client.server_info().server_name, "n1");
        tokio::time::sleep(Duration::from_millis(200)).await;
        over.store(true, SeqCst);
        let mut calls = 0;
        for caller in callers {
            calls += caller.await.expect("a call was lost");
        }
        assert!(calls > 100, "{calls}");
        assert_eq!(first_events.counts().lame_duck, 1);
        // It serves where it is now.
        second.stop(SOON).await.unwrap();
        sum_of(&caller).invoke(ONE_TWO).await.unwrap();
        first.stop(SOON).await.unwrap();
    }
}

#[tokio::test]
async fn a_service_stays_where_no_other_server_is_known() {
    for program in servers("a_service_stays_where_no_other_server_is_known") {
        let text = "lame_duck_grace_period: \"2s\"\nlame_duck_duration: \"30s\"\n";
        let nats = Nats::configured(&program, &format!("alone-{}", free_port()), text);
        let events = Events::new();
        let client = events.attach(ConnectOptions::new()).connect(nats.url()).await.unwrap();
        let told = Seen::new();
        let tell = told.clone();
        let serve = serve(client, sum_routes()).events(&events).on_event(move |event| tell.push(event.to_string()));
        let service = Running::start(serve).await;
        let sum = sum_of(&nats.remote().await);
        nats.process.as_ref().unwrap().signal("USR2");
        until("it is told", || events.counts().lame_duck == 1).await;
        // It would go at once, and looks again after a second.
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1300) {
            sum.invoke(ONE_TWO).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(told.take(), Vec::<String>::new());
        service.stop(SOON).await.unwrap();
    }
}

/// An endpoint that tells when it is inside, and never ends.
fn endless(arrived: &Seen<()>) -> Routes {
    let tell = arrived.clone();
    let never = endpoint_fn(move |()| {
        tell.push(());
        std::future::pending::<Result<(), Error>>()
    });
    Routes::new().subject("never", Server::new(never, Empty, Empty))
}

#[tokio::test]
async fn a_stop_while_it_moves_is_obeyed_in_its_time() {
    for program in servers("a_stop_while_it_moves_is_obeyed_in_its_time") {
        let [leaving, staying] = cluster(&program);
        let (events, told, arrived) = (Events::new(), Seen::new(), Seen::new());
        let options = events.attach(ConnectOptions::new().retain_servers_order());
        let client = options.connect(vec![leaving.url(), staying.url()]).await.unwrap();
        let tell = told.clone();
        let routes = endless(&arrived).subject("add.sum", Server::json(sum()));
        let serve = serve(client, routes).events(&events).move_timeout(Duration::from_secs(15));
        let service = Running::start(serve.on_event(move |event| tell.push(event.to_string()))).await;
        let remote = staying.remote().await;
        let never: BoxEndpoint<(), ()> = remote.subject("never").empty().erased();
        let _call = tokio::spawn(never.invoke(()));
        arrived.wait_len(1, SOON).await;
        leaving.process.as_ref().unwrap().signal("USR2");
        told.wait_len(1, SOON).await;
        // It waits for the call alone then.
        let start = Instant::now();
        while sum_of(&remote).invoke(ONE_TWO).await.is_ok() {
            assert!(start.elapsed() < SOON, "it still serves");
        }
        let start = Instant::now();
        let ended = service.stop(Duration::from_millis(1500)).await;
        assert!(start.elapsed() < Duration::from_millis(1500), "it would be aborted: {:?}", start.elapsed());
        let error = ended.unwrap_err().to_string();
        assert_eq!(error, "1 messages were left without an answer at the end of the drain");
        assert_eq!(
            told.take(),
            [
                "the NATS server is about to stop, moving to another",
                "draining",
                "1 messages under way were cut at the end of the drain"
            ]
        );
    }
}

#[tokio::test]
async fn a_move_takes_no_longer_than_its_limit_and_word_from_before_the_start_counts() {
    for program in servers("a_move_takes_no_longer_than_its_limit_and_word_from_before_the_start_counts") {
        let [leaving, staying] = cluster(&program);
        let (events, told, arrived) = (Events::new(), Seen::new(), Seen::new());
        let options = events.attach(ConnectOptions::new().retain_servers_order());
        let client = options.connect(vec![leaving.url(), staying.url()]).await.unwrap();
        let tell = told.clone();
        let serve = serve(client.clone(), endless(&arrived)).events(&events).move_timeout(Duration::from_millis(500));
        leaving.process.as_ref().unwrap().signal("USR2");
        until("it is told", || events.counts().lame_duck == 1).await;
        let service = Running::start(serve.on_event(move |event| tell.push(event.to_string()))).await;
        let events = told.wait_len(2, SOON).await;
        assert_eq!(
            events[..2],
            ["the NATS server is about to stop, moving to another", "moved to another NATS server"]
        );
        assert_eq!(client.server_info().server_name, "n1");
        service.stop(SOON).await.unwrap();
    }
}
