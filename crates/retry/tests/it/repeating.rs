//! What is repeated, and what is not.

use std::sync::{Arc, Mutex};

use http::Method;
use tokio::time::Instant;
use tower::{Layer, ServiceExt};
use towerkit_endpoint::{Classify, Code, Error, Refusal, Repeated, Request};
use towerkit_retry::{Backoff, Budget, Idempotent, Repeat, RetryLayer};

use crate::scripted::{error, failing, millis, not_sent, retry_after};

fn retry() -> RetryLayer {
    RetryLayer::new().backoff(Backoff::none())
}

async fn attempts_of(layer: RetryLayer, error: Error) -> usize {
    let service = failing([error]);
    let _ = layer.layer(service.clone()).oneshot(Request::new(())).await;
    service.count()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_been_done_is_not_repeated_unless_it_is_idempotent() {
    assert_eq!(attempts_of(retry(), error(Code::Unavailable)).await, 1);
    assert_eq!(attempts_of(retry().idempotent(), error(Code::Unavailable)).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_marked_idempotent_is_repeated() {
    let service = failing([error(Code::Unavailable)]);
    let mut request = Request::new(());
    request.context_mut().insert(Idempotent);
    assert_eq!(retry().layer(service).oneshot(request).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_is_repeated_whether_idempotent_or_not() {
    assert_eq!(attempts_of(retry(), not_sent(Code::Unavailable)).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_is_not_repeated_where_its_code_is_not() {
    assert_eq!(attempts_of(retry(), not_sent(Code::PermissionDenied)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn three_codes_are_repeated_and_no_other() {
    let mut repeated = Vec::new();
    for code in Code::ALL {
        if attempts_of(retry().idempotent(), error(code)).await > 1 {
            repeated.push(code);
        }
    }
    assert_eq!(repeated, [Code::Unknown, Code::DeadlineExceeded, Code::Unavailable]);
}

#[tokio::test(start_paused = true)]
async fn each_further_attempt_says_since_when_the_call_fails() {
    let service = failing([error(Code::Unavailable), error(Code::Unavailable)]);
    let begun = Instant::now();
    let layer = RetryLayer::new().backoff(Backoff::new(millis(100))).idempotent();
    layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap();
    let marks: Vec<_> = service.calls.lock().unwrap().iter().map(|call| call.repeated).collect();
    assert_eq!(marks, [None, Some(Repeated { since: begun }), Some(Repeated { since: begun })]);
}

#[tokio::test(start_paused = true)]
async fn where_attempts_go_elsewhere_a_server_that_says_when_to_come_back_is_no_reason_to_wait() {
    let service = failing([retry_after(Code::Unavailable, millis(5000))]);
    let begun = Instant::now();
    retry().idempotent().elsewhere().layer(service.clone()).oneshot(Request::new(())).await.unwrap();
    assert_eq!((service.count(), begun.elapsed()), (2, millis(0)));
}

#[tokio::test(start_paused = true)]
async fn where_attempts_go_elsewhere_one_that_was_refused_here_takes_nothing_from_the_budget() {
    let empty = || Budget::new(0.0).burst(0);
    let refused = || Error::from(Refused(Refusal::new(Code::Unavailable)));
    let layer = || retry().idempotent().budget(empty());
    assert_eq!(attempts_of(layer().elsewhere(), refused()).await, 2);
    assert_eq!(attempts_of(layer(), refused()).await, 1);
    assert_eq!(attempts_of(layer().elsewhere(), error(Code::Unavailable)).await, 1);
}

#[derive(Debug)]
struct Refused(Refusal);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Classify for Refused {
    fn code(&self) -> Code {
        self.0.code()
    }
}

#[tokio::test(start_paused = true)]
async fn the_codes_can_be_chosen() {
    let layer = retry().idempotent().codes([Code::Aborted]);
    assert_eq!(attempts_of(layer.clone(), error(Code::Aborted)).await, 2);
    assert_eq!(attempts_of(layer, error(Code::Unavailable)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_resource_is_tried_again_where_the_failure_says_when() {
    let says = retry_after(Code::ResourceExhausted, millis(10));
    assert_eq!(attempts_of(retry().idempotent(), says).await, 2);
    assert_eq!(attempts_of(retry().idempotent(), error(Code::ResourceExhausted)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_attempts_than_set_and_at_least_one() {
    for (attempts, made) in [(0, 1), (1, 1), (2, 2), (5, 5)] {
        let service = failing((0..9).map(|_| error(Code::Unavailable)));
        let layer = retry().idempotent().attempts(attempts);
        layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
        assert_eq!(service.count(), made);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_hears_of_each_retry_before_the_wait() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let layer = RetryLayer::new().idempotent().on_retry({
        let heard = Arc::clone(&heard);
        move |retrying| heard.lock().unwrap().push((retrying.attempt, retrying.code, retrying.delay))
    });
    let service = failing([error(Code::Unavailable), error(Code::Unknown), error(Code::Unknown)]);
    layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();

    let heard = heard.lock().unwrap();
    let what: Vec<_> = heard.iter().map(|(attempt, code, _)| (*attempt, *code)).collect();
    assert_eq!(what, [(1, Code::Unavailable), (2, Code::Unknown)]);
    for ((.., told), waited) in heard.iter().zip(service.gaps()) {
        // Tokio's timer counts whole milliseconds.
        assert!(waited >= *told && waited <= *told + millis(2), "told {told:?}, waited {waited:?}");
    }
}

#[test]
fn an_http_request_is_idempotent_by_its_method() {
    let methods = [
        (Method::GET, true),
        (Method::HEAD, true),
        (Method::OPTIONS, true),
        (Method::TRACE, true),
        (Method::PUT, true),
        (Method::DELETE, true),
        (Method::POST, false),
        (Method::PATCH, false),
        (Method::CONNECT, false),
    ];
    for (method, idempotent) in methods {
        let mut request = http::Request::builder().method(&method).body(()).unwrap();
        assert_eq!(request.is_idempotent(), idempotent, "{method}");
        request.extensions_mut().insert(Idempotent);
        assert!(request.again().is_idempotent());
    }
}
