//! Tokens of an issuer: one fetch for all, kept, renewed and thrown away.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::{Layer, ServiceExt};
use towerkit_auth::{Answer, CredentialSource, Credentials, CredentialsLayer, NoCredentials};
use towerkit_endpoint::{Code, Context, Endpoint, Error, Request, service_fn};

use crate::oauth2_issuer::{Issuer, SOON, ask, get, token};

/// A call that waits.
fn later(source: &impl CredentialSource) -> Pin<Box<dyn Future<Output = Result<Credentials, NoCredentials>> + Send>> {
    match source.credentials(&Context::new()) {
        Answer::Later(outcome) => outcome,
        Answer::Now(_) => panic!("it does not wait"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_at_once_make_one_request() {
    let issuer = Issuer::up().await;
    issuer.hold(true);
    let tokens = Arc::new(issuer.tokens());
    let mut callers = JoinSet::new();
    let waiting = Arc::new(tokio::sync::Semaphore::new(0));
    for _ in 0..1000 {
        let (tokens, waiting) = (Arc::clone(&tokens), Arc::clone(&waiting));
        callers.spawn(async move {
            let Answer::Later(outcome) = tokens.credentials(&Context::new()) else { panic!("there is none as yet") };
            waiting.add_permits(1);
            outcome.await.unwrap().value().clone()
        });
    }
    // All of them have asked before one is answered.
    let _all = waiting.acquire_many(1000).await.unwrap();
    issuer.asked.wait_len(1, SOON).await;
    issuer.hold(false);
    let answers = callers.join_all().await;
    assert!(answers.iter().all(|value| value == "Bearer token-1"));
    assert_eq!(issuer.asked.len(), 1);
    assert_eq!(get(&tokens).await, "token-1");
    assert_eq!(issuer.asked.len(), 1, "it is kept");
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_end_the_fetch_for_the_others() {
    let issuer = Issuer::up().await;
    issuer.hold(true);
    let tokens = issuer.tokens();
    let mut first = later(&tokens);
    let poll = first.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Pending));
    issuer.asked.wait_len(1, SOON).await;
    let second = later(&tokens);
    drop(first);
    issuer.hold(false);
    assert_eq!(second.await.unwrap().value(), "Bearer token-1");
    assert_eq!(issuer.asked.len(), 1);
}

#[tokio::test]
async fn an_expired_token_is_fetched_anew_by_one_request() {
    let issuer = Issuer::up().await;
    issuer.answer(|nth| token(nth, if nth == 1 { 1 } else { 3600 }));
    let tokens = Arc::new(issuer.tokens());
    assert_eq!(get(&tokens).await, "token-1");
    sleep(Duration::from_millis(1000)).await; // it is over after 0.9 s
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let tokens = Arc::clone(&tokens);
        callers.spawn(async move { get(&tokens).await });
    }
    assert!(callers.join_all().await.iter().all(|token| token == "token-2"));
    assert_eq!(issuer.asked.len(), 2);
}

#[tokio::test]
async fn calls_use_the_old_token_while_it_is_renewed() {
    let issuer = Issuer::up().await;
    issuer.answer(|nth| token(nth, if nth == 1 { 4 } else { 3600 }));
    let tokens = issuer.tokens();
    let begin = Instant::now();
    assert_eq!(get(&tokens).await, "token-1");
    issuer.hold(true);
    // It is renewed after 3 s, and good for 3.6.
    while issuer.asked.len() < 2 {
        assert_eq!(get(&tokens).await, "token-1");
        assert!(begin.elapsed() < SOON);
        sleep(Duration::from_millis(5)).await;
    }
    assert!(begin.elapsed() >= Duration::from_secs(3));
    assert_eq!(get(&tokens).await, "token-1");
    issuer.hold(false);
    while get(&tokens).await == "token-1" {
        assert!(begin.elapsed() < SOON);
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(issuer.asked.len(), 2);
}

#[tokio::test]
async fn a_token_without_a_lifetime_has_the_one_that_is_set() {
    let issuer = Issuer::up().await;
    issuer.answer(|nth| {
        let body = format!(r#"{{"access_token":"token-{nth}","token_type":"BEARER"}}"#);
        crate::oauth2_issuer::json(http::StatusCode::OK, body)
    });
    let forever = issuer.tokens();
    assert_eq!([get(&forever).await, get(&forever).await], ["token-1", "token-1"]);
    let never = issuer.tokens().default_lifetime(Duration::ZERO);
    assert_eq!([get(&never).await, get(&never).await], ["token-2", "token-3"]);
}

/// A service that takes no token but those of a kind.
async fn call(tokens: &Arc<impl CredentialSource>, taken: fn(&str) -> bool) -> Result<String, Error> {
    let service = service_fn(move |request: Request<()>| async move {
        let token = request.context().metadata().get("authorization").unwrap().replace("Bearer ", "");
        if taken(&token) { Ok(token) } else { Err(Error::from(Code::Unauthenticated)) }
    });
    CredentialsLayer::new(Arc::clone(tokens)).layer(service).invoke(()).await
}

#[tokio::test]
async fn a_rejected_token_is_thrown_away_and_the_next_attempt_has_another() {
    let issuer = Issuer::up().await;
    let tokens = Arc::new(issuer.tokens());
    let error = call(&tokens, |token| token == "token-2").await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert_eq!(call(&tokens, |token| token == "token-2").await.unwrap(), "token-2");
    assert_eq!(issuer.asked.len(), 2);
}

#[tokio::test]
async fn a_service_that_rejects_every_token_makes_no_storm_at_the_issuer() {
    let issuer = Issuer::up().await;
    let tokens = Arc::new(issuer.tokens());
    for _ in 0..100 {
        call(&tokens, |_| false).await.unwrap_err();
    }
    assert_eq!(issuer.asked.len(), 2);
}

#[tokio::test]
async fn any_other_failure_leaves_the_token() {
    let issuer = Issuer::up().await;
    let tokens = Arc::new(issuer.tokens());
    for code in [Code::PermissionDenied, Code::Unavailable, Code::Internal] {
        let service = service_fn(move |_: Request<()>| async move { Err::<(), _>(Error::from(code)) });
        let layer = CredentialsLayer::new(Arc::clone(&tokens));
        assert_eq!(layer.layer(service).oneshot(Request::new(())).await.unwrap_err().code(), code);
    }
    assert_eq!(get(&tokens).await, "token-1");
}

#[test]
fn a_fetch_that_ends_with_its_runtime_is_made_again_on_another() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (servers, lost, kept) = (runtime(), runtime(), runtime());
    let issuer = servers.block_on(Issuer::up());
    issuer.hold(true);
    let tokens = Arc::new(issuer.tokens());
    let mut first = None;
    lost.block_on(async {
        first = Some(later(&tokens));
        issuer.asked.wait_len(1, SOON).await;
    });
    drop(lost);
    issuer.hold(false);
    assert_eq!(kept.block_on(first.unwrap()).unwrap().value(), "Bearer token-2");
    assert_eq!(kept.block_on(ask(&tokens)).unwrap().value(), "Bearer token-2");
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let tokens = Issuer::down().tokens();
    let Answer::Now(Err(error)) = tokens.credentials(&Context::new()) else {
        panic!("there is nothing to fetch it on")
    };
    assert_eq!(Error::from(error).code(), Code::Internal);
}
