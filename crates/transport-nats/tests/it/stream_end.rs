//! How a stream ends before its end, and who hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use towerkit_endpoint::{
    BoxEndpoint, BoxStream, Code, DeadlineLayer, Ending, Endpoint, Error, Request, endpoint_fn, service_fn,
};
use towerkit_testing::events::Events;
use towerkit_transport_nats::{Client, Remote, Routes, Server, serve};

use crate::site::{Nats, Running, SOON, servers, within};
use crate::stream::{Dropped, all, count_of, stuck};

fn waiting_of(remote: &Remote) -> BoxEndpoint<(), BoxStream<u64>> {
    remote.subject("stuck").json_stream().erased()
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_dropped_at_the_endpoint_and_nobody_calls_it_an_error() {
    for program in servers("a_stream_that_is_dropped_is_dropped_at_the_endpoint_and_nobody_calls_it_an_error") {
        let nats = Nats::start(&program);
        let (dropped, ended) = (Events::new(), Events::new());
        let tell = ended.clone();
        let server = |endpoint| {
            let tell = tell.clone();
            Server::json_stream(endpoint)
                .on_error(|error, _| panic!("{error}"))
                .finalize(move |summary| tell.push((summary.ending, summary.payload_bytes)))
        };
        let routes = Routes::new().subject("stuck", server(stuck(3, &dropped)));
        let serve = serve(nats.connect().await, routes);
        let stats = serve.stats();
        let _service = Running::start(serve).await;
        let stuck = waiting_of(&nats.remote().await);
        for read in 0..=3 {
            let mut items = within(stuck.invoke(())).await.unwrap();
            for n in 0..read {
                assert_eq!(within(items.next()).await.unwrap().unwrap(), n);
            }
            let _ = dropped.take();
            drop(items);
            dropped.wait_len(1, SOON).await;
        }
        let ended = ended.wait_len(4, SOON).await;
        assert_eq!(ended[3], (Ending::Cancelled, 3));
        assert_eq!((stats.subjects()[0].requests, stats.subjects()[0].errors), (4, 0));
    }
}

#[tokio::test]
async fn a_stream_of_a_call_that_was_given_up_before_is_dropped_too() {
    for program in servers("a_stream_of_a_call_that_was_given_up_before_is_dropped_too") {
        let nats = Nats::start(&program);
        let events = Events::new();
        let (told, go) = (events.clone(), Arc::new(tokio::sync::Notify::new()));
        let wait = go.clone();
        let late = endpoint_fn(move |()| {
            let (told, wait, held) = (told.clone(), wait.clone(), Dropped(told.clone()));
            async move {
                told.push("called");
                wait.notified().await;
                let items = stream::pending::<Result<u64, Error>>().inspect(move |_| _ = &held);
                Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
            }
        });
        let _service = nats.serve(Routes::new().subject("stuck", Server::json_stream(late))).await;
        let stuck = waiting_of(&nats.remote().await);
        let call = tokio::spawn(async move { stuck.invoke(()).await.map(drop) });
        events.wait_len(1, SOON).await;
        call.abort();
        let _ = call.await;
        go.notify_one();
        assert_eq!(events.wait_len(2, SOON).await, ["called", "dropped"]);
    }
}

#[tokio::test]
async fn layers_see_the_end_on_both_sides() {
    for program in servers("layers_see_the_end_on_both_sides") {
        let nats = Nats::start(&program);
        let (gauge, endings) = (Arc::new(AtomicI64::new(0)), Events::new());
        let (up, tell) = (gauge.clone(), endings.clone());
        // What a layer of metrics does.
        let watched = service_fn(move |request: Request<u64>| {
            let (gauge, tell) = (up.clone(), tell.clone());
            gauge.fetch_add(1, SeqCst);
            let tail = request.context().tail().unwrap().clone();
            tail.on_end(move |ending| {
                gauge.fetch_sub(1, SeqCst);
                tell.push(ending);
            });
            let to = *request.message();
            async move {
                let end = if to == 7 { Some(Err(Error::from(Code::NotFound))) } else { None };
                let items = stream::iter(0..to).map(Ok).chain(stream::iter(end));
                Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
            }
        });
        let _service = nats.serve(Routes::new().subject("count", Server::json_stream(watched))).await;
        let outcomes = Events::new();
        let tell = outcomes.clone();
        let count: Client<_, _, u64, BoxStream<u64>, _> =
            nats.remote().await.subject("count").json_stream().finalize(move |summary| tell.push(summary.ending));
        let count = count.erased();

        let items = within(count.invoke(1000)).await.unwrap();
        assert_eq!((gauge.load(SeqCst), outcomes.len()), (1, 0), "it goes on");
        all(items).await;
        endings.wait_len(1, SOON).await;
        assert_eq!(gauge.load(SeqCst), 0);
        all(within(count.invoke(7)).await.unwrap()).await;
        endings.wait_len(2, SOON).await;
        drop(within(count.invoke(100_000)).await.unwrap());
        assert_eq!(
            endings.wait_len(3, SOON).await,
            [Ending::Complete, Ending::Failed(Code::NotFound), Ending::Cancelled]
        );
        assert_eq!(
            outcomes.wait_len(3, SOON).await,
            [Ending::Complete, Ending::Failed(Code::NotFound), Ending::Cancelled]
        );
    }
}

#[tokio::test]
async fn a_deadline_bounds_the_whole_stream_on_both_sides() {
    for program in servers("a_deadline_bounds_the_whole_stream_on_both_sides") {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let stack = tower::ServiceBuilder::new()
            .layer(DeadlineLayer::new(Duration::from_millis(300)))
            .service(stuck(3, &dropped));
        let routes = Routes::new()
            .subject("stuck", Server::json_stream(stuck(3, &dropped)))
            .subject("short", Server::json_stream(stack));
        let _service = nats.serve(routes).await;
        let remote = nats.remote().await;
        // The caller's, which the service would not keep: it is told.
        let mut request = Request::new(());
        request.context_mut().shorten_deadline_within(Duration::from_millis(300));
        let (items, error) = all(within(waiting_of(&remote).invoke(request)).await.unwrap()).await;
        assert_eq!((items.len(), error.unwrap().code()), (3, Code::DeadlineExceeded));
        dropped.wait_len(1, SOON).await;
        // The service's, which comes as the end.
        let short: BoxEndpoint<(), BoxStream<u64>> = remote.subject("short").json_stream().erased();
        let (items, error) = all(within(short.invoke(())).await.unwrap()).await;
        assert_eq!((items.len(), error.unwrap().code()), (3, Code::DeadlineExceeded));
        dropped.wait_len(2, SOON).await;
        // The client's timeout is over when the stream begins.
        let brief: BoxEndpoint<u64, BoxStream<u64>> =
            remote.subject("late").json_stream().timeout(Duration::from_millis(100)).erased();
        let late = endpoint_fn(|to: u64| async move {
            tokio::time::sleep(Duration::from_millis(to)).await;
            let items = stream::iter(0..3_u64).then(|n| async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok::<_, Error>(n)
            });
            Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
        });
        let _late = nats.serve(Routes::new().subject("late", Server::json_stream(late))).await;
        assert_eq!(all(within(brief.invoke(0)).await.unwrap()).await.0.len(), 3);
        assert_eq!(within(brief.invoke(5_000)).await.err().unwrap().code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn a_stream_that_never_ends_is_told_when_half_of_the_stop_is_over_and_one_that_ends_is_not_cut() {
    for program in
        servers("a_stream_that_never_ends_is_told_when_half_of_the_stop_is_over_and_one_that_ends_is_not_cut")
    {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let slow = endpoint_fn(|to: u64| async move {
            let items = stream::iter(0..to).then(|n| async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Error>(n)
            });
            Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
        });
        let routes = Routes::new()
            .subject("stuck", Server::json_stream(stuck(3, &dropped)))
            .subject("count", Server::json_stream(slow));
        let service = nats.serve(routes).await;
        let remote = nats.remote().await;
        let (stuck, slow) =
            (waiting_of(&remote).invoke(()).await.unwrap(), count_of(&remote).invoke(20).await.unwrap());
        let start = std::time::Instant::now();
        service.stopper.stop(Duration::from_secs(3));
        let (stuck, slow) = tokio::join!(all(stuck), all(slow));
        let error = stuck.1.unwrap();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "the server is stopping"));
        assert!(start.elapsed() > Duration::from_millis(1300), "{:?}", start.elapsed());
        assert_eq!((slow.0.len(), slow.1.is_none()), (20, true));
        within(service.task).await.unwrap().unwrap();
        assert!(start.elapsed() < Duration::from_millis(2900), "{:?}", start.elapsed());
        dropped.wait_len(1, SOON).await;
    }
}

#[tokio::test]
async fn a_stream_counts_for_what_may_be_under_way_until_its_end() {
    for program in servers("a_stream_counts_for_what_may_be_under_way_until_its_end") {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let serve =
            serve(nats.connect().await, Routes::new().subject("stuck", Server::json_stream(stuck(1, &dropped))))
                .max_in_flight(2);
        let _service = Running::start(serve).await;
        let stuck = waiting_of(&nats.remote().await);
        let (first, _second) = (stuck.invoke(()).await.unwrap(), stuck.invoke(()).await.unwrap());
        let error = within(stuck.invoke(())).await.err().unwrap();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "overloaded"));
        drop(first);
        let start = std::time::Instant::now();
        while within(stuck.invoke(())).await.is_err() {
            assert!(start.elapsed() < SOON);
        }
    }
}
