use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use towerkit_endpoint::{Code, Ending, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_http::codec::{DecodeRequest, Empty, EncodeResponse, Text};
use towerkit_transport_http::{Body, Server, Summary};

use crate::support::{ask, get};

/// Notes when it reads and when it writes.
#[derive(Clone)]
struct Noted<C>(C, Events<&'static str>);

impl<C: DecodeRequest<()>> DecodeRequest<()> for Noted<C> {
    async fn decode(&self, parts: &mut http::request::Parts, body: Body, limit: usize) -> Result<(), Error> {
        self.1.push("decode");
        self.0.decode(parts, body, limit).await
    }
}

impl<R, C: EncodeResponse<R>> EncodeResponse<R> for Noted<C> {
    fn encode(&self, reply: R) -> Result<http::Response<Body>, Error> {
        self.1.push("encode");
        self.0.encode(reply)
    }
}

#[tokio::test]
async fn the_order_of_events_is_the_one_that_is_written_down() {
    let events = Events::new();
    let note = |what: &'static str| {
        let events = events.clone();
        move || events.push(what)
    };
    let (before, before2, endpoint, after, failed, finalize) =
        (note("before"), note("before 2"), note("endpoint"), note("after"), note("on_error"), note("finalize"));
    let endpoint = endpoint_fn(move |()| {
        endpoint();
        async { Ok::<_, Error>("done") }
    });
    let server = Server::new(endpoint, Noted(Empty, events.clone()), Noted(Text, events.clone()))
        .before(move |_| {
            before();
            Ok(())
        })
        .before(move |parts| {
            before2();
            if parts.uri.path() == "/refused" { Err(Code::PermissionDenied.into()) } else { Ok(()) }
        })
        .after(move |_, _| after())
        .on_error(move |_, _| failed())
        .finalize(move |_| finalize());

    ask(&server, get("/")).await;
    assert_eq!(events.take(), ["before", "before 2", "decode", "endpoint", "encode", "after", "finalize"]);
    assert_eq!(ask(&server, get("/refused")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(events.take(), ["before", "before 2", "on_error", "after", "finalize"]);
}

#[tokio::test]
async fn what_before_puts_in_is_in_the_context_and_after_changes_the_head() {
    #[derive(Clone)]
    struct Shard(u8);
    let endpoint = tower::service_fn(|request: towerkit_endpoint::Request<()>| async move {
        Ok::<_, Error>(request.context().get::<Shard>().unwrap().0)
    });
    let server = Server::new(endpoint, Empty, Text)
        .before(|parts| {
            parts.extensions.insert(Shard(7));
            Ok(())
        })
        .after(|context, parts| {
            let id = context.metadata().get("x-request-id").unwrap_or("none");
            parts.headers.insert("x-request-id", HeaderValue::from_str(id).unwrap());
        });
    let mut request = get("/");
    request.headers_mut().insert("x-request-id", HeaderValue::from_static("42"));
    let answer = ask(&server, request).await;
    assert_eq!((answer.text(), answer.header("x-request-id")), ("7", "42"));
}

#[tokio::test]
async fn the_error_handler_sees_the_cause_that_the_caller_does_not() {
    let events = Events::new();
    let seen = events.clone();
    let endpoint = endpoint_fn(|()| async { Err::<(), _>(Error::internal("disk on fire")) });
    let server = Server::new(endpoint, Empty, Empty).on_error(move |error, exchange| {
        let cause = std::error::Error::source(error).unwrap().to_string();
        seen.push(format!("{exchange}: {cause}"));
    });
    let answer = ask(&server, get("/x")).await;
    assert_eq!(events.take(), ["http GET /x: disk on fire"]);
    assert!(!answer.text().contains("fire"));
}

fn finalized(
    endpoint: impl towerkit_endpoint::Endpoint<(), Reply = &'static str>,
) -> (
    impl tower::Service<
        http::Request<Body>,
        Response = http::Response<Body>,
        Error = std::convert::Infallible,
        Future: Send,
    > + Clone,
    Events<Arc<Summary>>,
) {
    let events = Events::new();
    let seen = events.clone();
    let server = Server::new(endpoint, Empty, Text).finalize(move |summary| seen.push(Arc::new(summary.clone())));
    (server, events)
}

#[tokio::test(start_paused = true)]
async fn finalize_tells_of_a_complete_reply_with_its_size_and_its_time() {
    let (server, events) = finalized(endpoint_fn(|()| async {
        tokio::time::sleep(Duration::from_millis(70)).await;
        Ok::<_, Error>("seven b")
    }));
    ask(&server, get("/")).await;
    let summary = events.take().remove(0);
    assert_eq!((summary.ending, summary.status), (Ending::Complete, Some(StatusCode::OK)));
    assert_eq!((summary.body_bytes, summary.elapsed), (7, Duration::from_millis(70)));
}

#[tokio::test]
async fn finalize_tells_of_a_failed_reply_with_its_code() {
    let (server, events) = finalized(endpoint_fn(|()| async { Err::<&str, _>(Error::from(Code::NotFound)) }));
    ask(&server, get("/")).await;
    let summary = events.take().remove(0);
    assert_eq!((summary.ending, summary.status), (Ending::Failed(Code::NotFound), Some(StatusCode::NOT_FOUND)));
}

#[tokio::test]
async fn finalize_runs_when_the_caller_goes_away_before_the_reply() {
    let (server, events) = finalized(endpoint_fn(|()| std::future::pending::<Result<&str, Error>>()));
    let call = tokio::spawn(server.oneshot(get("/")));
    tokio::task::yield_now().await;
    call.abort();
    let _ = call.await;
    let summary = events.take().remove(0);
    assert_eq!((summary.ending, summary.status), (Ending::Cancelled, None));
}

#[tokio::test]
async fn finalize_runs_when_the_caller_goes_away_within_the_reply() {
    let (server, events) = finalized(endpoint_fn(|()| async { Ok::<_, Error>("never read") }));
    let mut response = server.oneshot(get("/")).await.unwrap();
    assert!(events.is_empty());
    drop(response);
    assert_eq!(events.take().remove(0).ending, Ending::Cancelled);

    let (server, events) = finalized(endpoint_fn(|()| async { Ok::<_, Error>("read") }));
    response = server.oneshot(get("/")).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    drop(response);
    assert_eq!(events.take().remove(0).ending, Ending::Complete);
}
