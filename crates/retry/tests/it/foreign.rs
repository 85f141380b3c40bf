//! Beside tower's own layers, whose error is a box.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::{Backoff, Exhausted, HedgeLayer, RetryLayer};

use crate::scripted::millis;

#[tokio::test(start_paused = true)]
async fn what_towers_timeout_cuts_off_is_repeated() {
    let calls = Arc::new(AtomicU32::new(0));
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new().idempotent())
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(service_fn(|_: Request<()>| {
            let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
            async move {
                if call < 3 {
                    pending::<()>().await;
                }
                Ok::<_, Error>(call)
            }
        }));
    assert_eq!(service.oneshot(Request::new(())).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn when_all_attempts_time_out_the_error_is_that_of_a_deadline() {
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new().idempotent())
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(service_fn(|_: Request<()>| pending::<Result<(), Error>>()));
    let error = Error::from(service.oneshot(Request::new(())).await.unwrap_err());
    assert_eq!((error.code(), error.message()), (Code::DeadlineExceeded, "deadline exceeded"));
    assert_eq!(error.find::<Exhausted>().unwrap().errors().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_towers_load_shed_refuses_is_repeated() {
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new().attempts(10).backoff(Backoff::new(millis(200)).factor(1.0)).seed(1))
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service_fn(|_: Request<()>| async {
            tokio::time::sleep(millis(100)).await;
            Ok::<_, BoxError>(())
        }));
    // `ServiceExt::oneshot` clones, and so the two are instances of their own.
    let (one, two) = tokio::join!(service.clone().oneshot(Request::new(())), service.oneshot(Request::new(())));
    assert!(one.is_ok() && two.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_hedge_stands_over_boxed_errors_too() {
    let service = ServiceBuilder::new()
        .layer(HedgeLayer::after(millis(100)).idempotent())
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(service_fn(|_: Request<()>| pending::<Result<(), Error>>()));
    let error = service.oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Exhausted>().unwrap().errors().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_permit_below_is_given_back_before_the_wait() {
    let permits = Arc::new(tokio::sync::Semaphore::new(1));
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new().idempotent().attempts(2).backoff(Backoff::new(Duration::from_secs(1))).seed(3))
        .layer(tower::limit::GlobalConcurrencyLimitLayer::with_semaphore(Arc::clone(&permits)))
        .service(service_fn(|_: Request<()>| async { Err::<(), _>(Error::from(Code::Unavailable)) }));
    let mut call = Box::pin(service.oneshot(Request::new(())));
    assert!(tokio::time::timeout(Duration::from_millis(1), &mut call).await.is_err(), "it waits");
    assert_eq!(permits.available_permits(), 1);
    assert!(call.await.is_err());
}
