use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tower::Layer;
use towerkit_endpoint::{
    BoxEndpoint, Code, Deadline, DeadlineLayer, Ending, Endpoint, Error, NotSent, Request, endpoint_fn, service_fn,
};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::{Empty, Json};
use towerkit_transport_nats::{Routes, Server};

use crate::site::{Nats, SOON, servers, until};

#[tokio::test]
async fn the_deadline_travels_to_the_service() {
    for program in servers("the_deadline_travels_to_the_service") {
        let nats = Nats::start(&program);
        let left = service_fn(|request: Request<()>| async move {
            Ok::<_, Error>(request.context().remaining().map(|left| left.as_millis()))
        });
        let _service = nats.serve(Routes::new().subject("left", Server::new(left, Empty, Json))).await;
        let remote = nats.remote().await;
        let call: BoxEndpoint<(), Option<u64>> = remote.subject("left").codecs(Empty, Json).erased();
        let mut request = Request::new(());
        request.context_mut().shorten_deadline_within(Duration::from_secs(7));
        let left = call.invoke(request).await.unwrap().unwrap();
        assert!((6000..=7000).contains(&left), "{left}");
        let left = call.invoke(()).await.unwrap().unwrap();
        assert!((29_000..=30_000).contains(&left), "the client's own limit: {left}");
        let call: BoxEndpoint<(), Option<u64>> =
            remote.subject("left").codecs(Empty, Json).timeout(Duration::MAX).erased();
        assert_eq!(call.invoke(()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_service_that_is_too_slow_costs_the_caller_its_time_and_no_more() {
    for program in servers("a_service_that_is_too_slow_costs_the_caller_its_time_and_no_more") {
        let nats = Nats::start(&program);
        let dropped = Arc::new(AtomicUsize::new(0));
        struct Held(Arc<AtomicUsize>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let count = dropped.clone();
        let never = endpoint_fn(move |()| {
            let held = Held(count.clone());
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok::<_, Error>(())
            }
        });
        let never: Deadline<_> = DeadlineLayer::new(Duration::from_secs(10)).layer(never);
        let _service = nats.serve(Routes::new().subject("never", Server::new(never, Empty, Empty))).await;
        let call: BoxEndpoint<(), ()> =
            nats.remote().await.subject("never").empty().timeout(Duration::from_millis(100)).erased();
        let error = call.invoke(()).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(error.get::<NotSent>().is_none(), "it was sent");
        // The deadline went along, so that the service stops too.
        until("the endpoint's future is dropped", || dropped.load(SeqCst) == 1).await;
    }
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_not_sent() {
    for program in servers("a_call_whose_time_is_over_is_not_sent") {
        let nats = Nats::start(&program);
        let call: BoxEndpoint<(), ()> = nats.remote().await.subject("never").empty().erased();
        let mut request = Request::new(());
        request.context_mut().shorten_deadline_within(Duration::ZERO);
        let error = call.invoke(request).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(error.get::<NotSent>().is_some());
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_to_the_finalizer() {
    for program in servers("a_call_that_is_dropped_is_cancelled_to_the_finalizer") {
        let nats = Nats::start(&program);
        let arrived = Events::new();
        let tell = arrived.clone();
        let never = endpoint_fn(move |()| {
            tell.push(());
            std::future::pending::<Result<(), Error>>()
        });
        let _service = nats.serve(Routes::new().subject("never", Server::new(never, Empty, Empty))).await;
        let ended = Events::new();
        let tell = ended.clone();
        let call: BoxEndpoint<(), ()> =
            nats.remote().await.subject("never").empty().finalize(move |summary| tell.push(summary.ending)).erased();
        let call = tokio::spawn(call.invoke(()));
        arrived.wait_len(1, SOON).await;
        call.abort();
        assert_eq!(ended.wait_len(1, SOON).await, [Ending::Cancelled]);
    }
}
