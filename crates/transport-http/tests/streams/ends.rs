//! How streams end, and who is told.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tower::{Layer, ServiceBuilder};
use towerkit_endpoint::{
    BoxEndpoint, BoxStream, Code, Context, DeadlineLayer, Ending, Endpoint, Error, Request, TailLayer, service_fn,
};
use towerkit_testing::events::Events;
use towerkit_transport_http::codec::{Chunks, Empty, Ndjson};
use towerkit_transport_http::{Remote, Router, Server};

use crate::lines::once;
use crate::site::{Site, fed, soon};

const BOUND: Duration = Duration::from_secs(20);

/// What is told of the end of a stream, by whom.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Layer(Ending),
    Error(Code),
    Server(Ending),
}

/// Serves a stream that is fed, under a layer that waits for its end.
async fn watched(stream: crate::site::Fed<u32>, deadline: Duration) -> (Site, Events<Told>) {
    let told = Events::new();
    let (by_layer, by_handler, by_finalizer) = (told.clone(), told.clone(), told.clone());
    let inner = once(stream);
    let endpoint = service_fn(move |request: Request<()>| {
        let (inner, told) = (inner.clone(), by_layer.clone());
        let tail = request.context().tail().unwrap().clone();
        async move {
            let reply = inner.invoke(request).await?;
            tail.on_end(move |ending| told.push(Told::Layer(ending)));
            Ok::<_, Error>(reply)
        }
    });
    let stack = ServiceBuilder::new().layer(DeadlineLayer::new(deadline)).service(endpoint);
    let server = Server::new(stack, Empty, Ndjson)
        .on_error(move |error, _| by_handler.push(Told::Error(error.code())))
        .finalize(move |summary| by_finalizer.push(Told::Server(summary.ending)));
    (Site::start(Router::new().get("/", server)).await, told)
}

fn numbers(remote: &Remote<towerkit_transport_http::Pool>) -> BoxEndpoint<(), BoxStream<u32>> {
    remote.get("/").codecs(Empty, Ndjson).erased()
}

fn remotes(site: &Site) -> [Remote<towerkit_transport_http::Pool>; 2] {
    [site.remote(), site.remote_http2()]
}

#[tokio::test]
async fn a_complete_stream_is_told_at_its_end_and_not_before() {
    for version in [0, 1] {
        let (feed, stream) = fed();
        let (site, told) = watched(stream, BOUND).await;
        feed.send(Ok(1)).await.unwrap();
        let mut numbers = numbers(&remotes(&site)[version]).invoke(()).await.unwrap();
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
        assert!(told.is_empty());
        drop(feed);
        assert!(soon(numbers.next()).await.is_none());
        let expected = [Told::Layer(Ending::Complete), Told::Server(Ending::Complete)];
        assert_eq!(told.wait_len(2, BOUND).await, expected);
    }
}

#[tokio::test]
async fn an_error_in_the_middle_is_no_clean_end() {
    for version in [0, 1] {
        let (feed, stream) = fed();
        let (site, told) = watched(stream, BOUND).await;
        feed.send(Ok(1)).await.unwrap();
        let mut numbers = numbers(&remotes(&site)[version]).invoke(()).await.unwrap();
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
        feed.send(Err(Error::from(Code::DataLoss))).await.unwrap();
        let error = soon(numbers.next()).await.expect("not a clean end").unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(soon(numbers.next()).await.is_none());
        let expected = [
            Told::Error(Code::DataLoss),
            Told::Layer(Ending::Failed(Code::DataLoss)),
            Told::Server(Ending::Failed(Code::DataLoss)),
        ];
        assert_eq!(told.wait_len(3, BOUND).await, expected);
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_the_stream() {
    for version in [0, 1] {
        let (feed, stream) = fed();
        let (site, told) = watched(stream, BOUND).await;
        feed.send(Ok(1)).await.unwrap();
        let mut numbers = numbers(&remotes(&site)[version]).invoke(()).await.unwrap();
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
        drop(numbers);
        // The endpoint's stream is dropped, though it has nothing to send.
        soon(feed.closed()).await;
        let expected = [Told::Layer(Ending::Cancelled), Told::Server(Ending::Cancelled)];
        assert_eq!(told.wait_len(2, BOUND).await, expected);
    }
}

#[tokio::test]
async fn a_deadline_of_the_stack_cuts_the_stream_off() {
    for version in [0, 1] {
        let (feed, stream) = fed();
        let (site, told) = watched(stream, Duration::from_millis(100)).await;
        feed.send(Ok(1)).await.unwrap();
        let mut numbers = numbers(&remotes(&site)[version]).invoke(()).await.unwrap();
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
        assert!(soon(numbers.next()).await.expect("not a clean end").is_err());
        soon(feed.closed()).await;
        let told = told.wait_len(3, BOUND).await;
        assert_eq!(told[1], Told::Layer(Ending::Failed(Code::DeadlineExceeded)));
    }
}

#[tokio::test]
async fn a_stream_that_never_pauses_is_cut_off_too() {
    let endless = service_fn(|_: Request<()>| async {
        Ok::<_, Error>(stream::repeat_with(|| Ok::<_, Error>(Bytes::from_static(b"x"))))
    });
    let stack = ServiceBuilder::new().layer(DeadlineLayer::new(Duration::from_millis(100))).service(endless);
    let site = Site::start(Router::new().get("/", Server::new(stack, Empty, Chunks::default()))).await;
    let chunks: BoxEndpoint<(), BoxStream<Bytes>> = site.remote().get("/").codecs(Empty, Chunks::default()).erased();
    let mut chunks = chunks.invoke(()).await.unwrap();
    let error = soon(async {
        loop {
            if let Err(error) = chunks.next().await.expect("not a clean end") {
                return error;
            }
        }
    })
    .await;
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn the_callers_deadline_bounds_the_stream_on_both_sides() {
    let (feed, stream) = fed();
    // The server's stack has a layer that honours it.
    let (site, told) = watched(stream, BOUND).await;
    feed.send(Ok(1)).await.unwrap();
    let mut context = Context::new();
    context.shorten_deadline_within(Duration::from_millis(150));
    let mut numbers = numbers(&site.remote()).invoke(Request::with_context(context, ())).await.unwrap();
    assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
    let error = soon(numbers.next()).await.unwrap().unwrap_err();
    assert!([Code::DeadlineExceeded, Code::Unavailable].contains(&error.code()), "{error:?}");
    soon(feed.closed()).await;
    told.wait_len(2, BOUND).await;
}

#[tokio::test]
async fn the_clients_own_time_bounds_the_beginning_only() {
    let (feed, stream) = fed();
    let (site, _told) = watched(stream, BOUND).await;
    feed.send(Ok(1)).await.unwrap();
    let remote = site.remote();
    let client =
        remote.get::<()>("/").codecs::<_, _, BoxStream<u32>, _>(Empty, Ndjson).timeout(Duration::from_millis(100));
    let mut numbers = client.invoke(()).await.unwrap();
    assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
    tokio::time::sleep(Duration::from_millis(200)).await;
    feed.send(Ok(2)).await.unwrap();
    assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn the_clients_finalizer_and_its_layers_see_the_end() {
    for (end, ending) in [(None, Ending::Complete), (Some(Code::DataLoss), Ending::Failed(Code::Unavailable))] {
        let (feed, stream) = fed();
        let (site, _) = watched(stream, BOUND).await;
        feed.send(Ok(1)).await.unwrap();
        let (finalized, tailed) = (Events::new(), Events::new());
        let (by_finalizer, by_layer) = (finalized.clone(), tailed.clone());
        let client = site.remote().get("/").codecs(Empty, Ndjson);
        let client: BoxEndpoint<(), BoxStream<u32>> =
            client.finalize(move |summary| by_finalizer.push(summary.ending)).erased();
        let layered = TailLayer::new().layer(service_fn(move |request: Request<()>| {
            let (client, told) = (client.clone(), by_layer.clone());
            let tail = request.context().tail().unwrap().clone();
            tail.on_end(move |ending| told.push(ending));
            async move { client.invoke(request).await }
        }));
        let mut numbers = layered.invoke(()).await.unwrap();
        assert_eq!(soon(numbers.next()).await.unwrap().unwrap(), 1);
        assert!(finalized.is_empty() && tailed.is_empty());
        if let Some(code) = end {
            feed.send(Err(Error::from(code))).await.unwrap();
        }
        drop(feed);
        while soon(numbers.next()).await.is_some() {}
        assert_eq!(finalized.wait_len(1, BOUND).await, [ending]);
        assert_eq!(tailed.wait_len(1, BOUND).await, [ending]);
    }
}
