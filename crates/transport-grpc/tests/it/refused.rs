//! Calls that a service has not begun with are sent once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use h2::Reason;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn};
use towerkit_endpoint::{BoxEndpoint, BoxError, BoxStream, Code, Endpoint, NotSent};
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Body;

use crate::site::{JOIN, SHOUT, Text, Texts, texts};

/// The routes, behind what refuses so many calls first, after it has taken so many frames of their bodies.
fn refusing(
    first: usize,
    reason: Reason,
    frames: usize,
) -> (
    Remote<
        impl tower_service::Service<Request<tonic::body::Body>, Response = Response<Body>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    >,
    Arc<AtomicUsize>,
) {
    let calls = Arc::new(AtomicUsize::new(0));
    let (count, routes) = (calls.clone(), Texts::new().routes());
    let channel = service_fn(move |mut request: Request<tonic::body::Body>| {
        let (number, routes) = (count.fetch_add(1, Ordering::Relaxed), routes.clone());
        async move {
            if number < first {
                for _ in 0..frames {
                    let _ = request.body_mut().frame().await;
                }
                return Err(BoxError::from(h2::Error::from(reason)));
            }
            Ok(routes.oneshot(request).await.unwrap_or_else(|never| match never {}))
        }
    });
    (Remote::over(channel), calls)
}

#[tokio::test]
async fn a_call_that_was_refused_is_sent_once_more() {
    for frames in [0, 1] {
        let (remote, calls) = refusing(2, Reason::REFUSED_STREAM, frames);
        let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).erased();
        assert_eq!(shout.invoke(Text::from("a")).await.unwrap().text, "A");
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}

#[tokio::test]
async fn after_the_third_time_the_caller_is_told_that_nothing_was_sent() {
    let (remote, calls) = refusing(3, Reason::REFUSED_STREAM, 0);
    let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).erased();
    let error = shout.invoke(Text::from("a")).await.unwrap_err();
    assert_eq!((error.code(), calls.load(Ordering::Relaxed)), (Code::Unavailable, 3));
    assert!(error.get::<NotSent>().is_some());
}

#[tokio::test]
async fn a_stream_is_sent_once_more_as_long_as_none_of_it_was_taken() {
    for (frames, calls_made) in [(0, 2), (1, 1)] {
        let (remote, calls) = refusing(1, Reason::REFUSED_STREAM, frames);
        let join: BoxEndpoint<BoxStream<Text>, Text> = remote.client_streaming(JOIN).erased();
        let result = join.invoke(Box::pin(texts(["a", "b"]).map(|text| text)) as BoxStream<Text>).await;
        assert_eq!(calls.load(Ordering::Relaxed), calls_made);
        assert_eq!(
            result.map(|text| text.text).map_err(|error| error.code()).ok(),
            (frames == 0).then(|| "a b".to_owned())
        );
    }
}

#[tokio::test]
async fn a_stream_that_was_reset_for_another_reason_is_told_by_it_and_not_repeated() {
    for (reason, code) in [
        (Reason::CANCEL, Code::Cancelled),
        (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
        (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
        (Reason::PROTOCOL_ERROR, Code::Internal),
        (Reason::INTERNAL_ERROR, Code::Internal),
        (Reason::NO_ERROR, Code::Internal),
    ] {
        let (remote, calls) = refusing(1, reason, 0);
        let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).erased();
        let error = shout.invoke(Text::from("a")).await.unwrap_err();
        assert_eq!((error.code(), calls.load(Ordering::Relaxed)), (code, 1), "{reason:?}");
        assert!(error.get::<NotSent>().is_none());
    }
}

#[tokio::test]
async fn a_stream_that_the_service_resets_when_the_time_is_over_is_a_deadline_that_was_exceeded() {
    // It blocks, so that the caller's own timer can't fire before.
    let slow = service_fn(|_: Request<tonic::body::Body>| async {
        std::thread::sleep(std::time::Duration::from_millis(30));
        Err::<Response<Body>, _>(BoxError::from(h2::Error::from(Reason::CANCEL)))
    });
    let shout: BoxEndpoint<Text, Text> =
        Remote::over(slow).unary(SHOUT).timeout(std::time::Duration::from_millis(30)).erased();
    assert_eq!(shout.invoke(Text::from("a")).await.unwrap_err().code(), Code::DeadlineExceeded);
}
