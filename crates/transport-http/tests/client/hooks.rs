use http::{HeaderValue, StatusCode};
use tokio::sync::mpsc;
use tokio::time::timeout;
use towerkit_endpoint::{BoxEndpoint, Code, Context, Ending, Endpoint, Error, NotSent, Request};
use towerkit_testing::events::Events;
use towerkit_transport_http::CallSummary;

use crate::support::{BOUND, Origin, Sum, Total, answering, closed, raw, read_request, total};

const SUM: Sum = Sum { a: 1, b: 2 };

#[tokio::test]
async fn the_hooks_run_in_order_around_the_exchange() {
    let events = Events::new();
    let tell = |what: &'static str| {
        let events = events.clone();
        move || events.push(what)
    };
    let (sent, first, second, after, end) = (tell("sent"), tell("1"), tell("2"), tell("after"), tell("finalize"));
    let origin = Origin::start(move |_| {
        sent();
        async { total() }
    })
    .await;
    let sum: BoxEndpoint<Sum, Total> = origin
        .remote()
        .post("/sum")
        .json()
        .before(move |_, _| {
            first();
            Ok(())
        })
        .before(move |_, _| {
            second();
            Ok(())
        })
        .after(move |_| after())
        .finalize(move |_| end())
        .erased();
    sum.invoke(SUM).await.unwrap();
    assert_eq!(events.take(), ["1", "2", "sent", "after", "finalize"]);
}

#[tokio::test]
async fn before_sees_the_context_and_changes_the_request() {
    #[derive(Clone)]
    struct User(&'static str);
    let origin = Origin::start(|_| async { total() }).await;
    let sum: BoxEndpoint<Sum, Total> = origin
        .remote()
        .post("/sum")
        .json()
        .before(|context, parts| {
            let user = context.get::<User>().map_or("nobody", |user| user.0);
            parts.headers.insert("x-user", HeaderValue::from_static(user));
            Ok(())
        })
        .erased();
    let mut context = Context::new();
    context.insert(User("ada"));
    sum.invoke(Request::with_context(context, SUM)).await.unwrap();
    assert_eq!(origin.only().headers["x-user"], "ada");
}

#[tokio::test]
async fn before_may_refuse_and_then_nothing_is_sent() {
    let origin = Origin::start(|_| async { total() }).await;
    let sum: BoxEndpoint<Sum, Total> =
        origin.remote().post("/sum").json().before(|_, _| Err(Error::new(Code::Unauthenticated, "no token"))).erased();
    let error = sum.invoke(SUM).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unauthenticated, "no token"));
    assert!(error.get::<NotSent>().is_some());
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn after_sees_failed_replies_too() {
    let origin = answering(418, &[], "").await;
    let events = Events::new();
    let seen = events.clone();
    let sum: BoxEndpoint<Sum, Total> =
        origin.remote().post("/sum").json().after(move |parts| seen.push(parts.status)).erased();
    sum.invoke(SUM).await.unwrap_err();
    assert_eq!(events.take(), [StatusCode::IM_A_TEAPOT]);
}

#[tokio::test]
async fn an_error_decoder_of_ones_own_makes_the_error() {
    let origin = answering(400, &[], "E42").await;
    let sum: BoxEndpoint<Sum, Total> = origin
        .remote()
        .post("/sum")
        .json()
        .error_decoder(|parts, body| {
            Error::new(Code::DataLoss, format!("{} {}", parts.status.as_u16(), String::from_utf8_lossy(body)))
        })
        .erased();
    let error = sum.invoke(SUM).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::DataLoss, "400 E42"));
}

async fn summary_of(origin: &Origin) -> CallSummary {
    let events = Events::new();
    let told = events.clone();
    let sum: BoxEndpoint<Sum, Total> =
        origin.remote().post("/sum").json().finalize(move |summary| told.push(summary.clone())).erased();
    let _ = sum.invoke(SUM).await;
    let mut summaries = events.take();
    assert_eq!(summaries.len(), 1);
    summaries.remove(0)
}

#[tokio::test]
async fn finalize_is_told_of_success_and_of_failure() {
    let good = Origin::start(|_| async { total() }).await;
    let summary = summary_of(&good).await;
    assert_eq!((summary.status, summary.ending), (Some(StatusCode::OK), Ending::Complete));
    assert_eq!((summary.method.as_str(), summary.ending.code()), ("POST", None));
    assert_eq!(summary.uri.unwrap().to_string(), format!("{}/sum", good.url));

    let summary = summary_of(&answering(404, &[], "").await).await;
    assert_eq!((summary.status, summary.ending.code()), (Some(StatusCode::NOT_FOUND), Some(Code::NotFound)));
}

#[tokio::test]
async fn finalize_runs_when_the_call_is_given_up() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let remote = raw(move |mut stream| {
        let tell = tell.clone();
        async move {
            read_request(&mut stream).await;
            tell.send(()).unwrap();
            closed(&mut stream).await;
        }
    })
    .await;
    let events = Events::new();
    let seen = events.clone();
    let sum: BoxEndpoint<Sum, Total> =
        remote.post("/sum").json().finalize(move |summary| seen.push(summary.clone())).erased();
    let call = tokio::spawn(sum.invoke(SUM));
    timeout(BOUND, told.recv()).await.unwrap().unwrap();
    call.abort();
    let summaries = events.wait_len(1, BOUND).await;
    assert_eq!((summaries[0].ending, summaries[0].status), (Ending::Cancelled, None));
    assert!(summaries[0].uri.is_some());
}

#[tokio::test]
async fn finalize_runs_for_a_call_that_was_never_polled() {
    let origin = Origin::start(|_| async { total() }).await;
    let events = Events::new();
    let seen = events.clone();
    let mut sum = origin.remote().post("/sum").json::<Total, _>().finalize(move |summary| seen.push(summary.ending));
    drop(tower::Service::call(&mut sum, Request::new(SUM)));
    assert_eq!(events.take(), [Ending::Cancelled]);
    assert_eq!(origin.connections(), 0);
}
