//! A reader of events that comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, Error, WithMetadata, endpoint_fn};
use towerkit_testing::events::Events as Seen;
use towerkit_transport_http::codec::Empty;
use towerkit_transport_http::sse::{Event, EventSource, EventStream, Events, LastEventId};
use towerkit_transport_http::{Router, Server};

use crate::site::{Site, soon};

/// Answers each connection with what the function says of its number and its last id.
async fn site<F>(answer: F) -> (Site, Seen<Option<String>>)
where
    F: Fn(u32) -> Result<Vec<Result<Event, Error>>, Error> + Clone + Send + Sync + 'static,
{
    let asked = Seen::new();
    let (seen, connections) = (asked.clone(), Arc::new(AtomicU32::new(0)));
    let endpoint = endpoint_fn(move |LastEventId(last): LastEventId| {
        seen.push(last);
        let answer = answer(connections.fetch_add(1, Ordering::SeqCst));
        async move { answer.map(|events| -> BoxStream<Event> { Box::pin(stream::iter(events)) }) }
    });
    (Site::start(Router::new().get("/", Server::new(endpoint, Events::new(), Events::new()))).await, asked)
}

fn source(site: &Site) -> EventSource<BoxEndpoint<LastEventId, EventStream>> {
    let endpoint = site.remote().get("/").codecs(Events::new(), Events::new()).erased();
    EventSource::new(endpoint).reconnect_after(Duration::from_millis(1)).reconnect_within(Duration::from_millis(50))
}

fn event(id: u32) -> Result<Event, Error> {
    Ok(Event::data(format!("event {id}")).with_id(id.to_string()))
}

#[tokio::test]
async fn it_goes_on_from_the_last_id() {
    let (site, asked) = site(|n| Ok(vec![event(2 * n), event(2 * n + 1)])).await;
    let mut source = source(&site);
    for id in 0..6 {
        assert_eq!(soon(source.next()).await.unwrap().unwrap().text(), format!("event {id}"));
    }
    assert_eq!(asked.snapshot(), [None, Some("1".to_owned()), Some("3".to_owned())]);
    assert_eq!(source.last_event_id(), Some("5"));
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again() {
    let (site, asked) = site(|n| Ok(vec![event(n), Err(Error::from(Code::Internal))])).await;
    let mut source = source(&site).after("begin");
    for id in 0..3 {
        assert_eq!(soon(source.next()).await.unwrap().unwrap().id(), Some(&*id.to_string()));
    }
    let ids: Vec<_> = asked.snapshot().into_iter().flatten().collect();
    assert_eq!(ids, ["begin", "0", "1"]);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_asked_again_and_other_failures_are_the_end() {
    let codes = [Code::Unavailable, Code::ResourceExhausted];
    let (site, asked) = site(move |n| match codes.get(n as usize) {
        Some(code) => Err(Error::from(*code)),
        None if n == 2 => Ok(vec![event(7)]),
        None => Err(Error::from(Code::PermissionDenied)),
    })
    .await;
    let mut source = source(&site);
    assert_eq!(soon(source.next()).await.unwrap().unwrap().text(), "event 7");
    assert_eq!(soon(source.next()).await.unwrap().unwrap_err().code(), Code::PermissionDenied);
    assert!(soon(source.next()).await.is_none());
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn attempts_may_be_bounded() {
    let (site, asked) = site(|_| Err(Error::from(Code::Unavailable))).await;
    let mut source = source(&site).attempts(3);
    assert_eq!(soon(source.next()).await.unwrap().unwrap_err().code(), Code::Unavailable);
    assert!(soon(source.next()).await.is_none());
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_status_of_204_is_the_end() {
    let connections = Arc::new(AtomicU32::new(0));
    let endpoint = endpoint_fn(move |()| {
        let first = connections.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            let events: BoxStream<Event> = Box::pin(stream::iter([event(1)]));
            let status = if first { http::StatusCode::OK } else { http::StatusCode::NO_CONTENT };
            Ok::<_, Error>(WithMetadata::new(events).with_extension(status))
        }
    });
    let site = Site::start(Router::new().get("/", Server::new(endpoint, Empty, Events::new()))).await;
    let mut source = source(&site);
    assert_eq!(soon(source.next()).await.unwrap().unwrap().text(), "event 1");
    assert!(soon(source.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_the_server_says_and_no_longer_than_it_may() {
    let endpoint = |retry: Duration| {
        let times = Seen::new();
        let seen = times.clone();
        let bytes = Event::data("x").with_retry(retry).to_bytes();
        let transport = tower::service_fn(move |_: http::Request<towerkit_transport_http::Body>| {
            seen.push(tokio::time::Instant::now());
            let mut response = http::Response::new(towerkit_transport_http::Body::from(bytes.clone()));
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            async { Ok::<_, Error>(response) }
        });
        let remote = towerkit_transport_http::Remote::over(transport, "http://events").unwrap();
        (remote.get("/").codecs::<_, _, EventStream, _>(Events::new(), Events::new()), times)
    };
    for (retry, waits) in
        [(Duration::from_secs(7), Duration::from_secs(7)), (Duration::from_secs(999), Duration::from_secs(60))]
    {
        let (client, times) = endpoint(retry);
        let mut source = EventSource::new(client);
        for _ in 0..3 {
            source.next().await.unwrap().unwrap();
        }
        let times = times.snapshot();
        assert!(
            times.windows(2).all(|pair| (pair[1] - pair[0]).abs_diff(waits) < Duration::from_millis(5)),
            "{times:?}"
        );
    }
}
