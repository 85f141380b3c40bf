//! Both layers keep the laws.

use std::time::Duration;

use tower::{Layer, ServiceBuilder};
use towerkit_endpoint::{BoxError, Code, Endpoint, Error, Request, endpoint_fn};
use towerkit_retry::{Backoff, HedgeLayer, RetryLayer};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle, Reply};

type Strict = Probe<Request<()>, (), Error>;

fn probe() -> (Strict, ProbeHandle) {
    Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(Code::Unavailable).with_source(why))
}

fn retry() -> RetryLayer {
    RetryLayer::new().idempotent().total_timeout(Duration::from_secs(60))
}

#[tokio::test(start_paused = true)]
async fn the_retry_layer_keeps_the_laws() {
    Contract::with_probe(probe, |probe| retry().layer(probe), || Request::new(()))
        .repeats_after([Reply::Fail])
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_retry_layer_keeps_the_laws_over_several_attempts_and_without_a_wait() {
    for layer in [retry().attempts(5), retry().attempts(5).backoff(Backoff::none())] {
        Contract::with_probe(probe, move |probe| layer.layer(probe), || Request::new(()))
            .repeats_after([Reply::Fail; 4])
            .check()
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_retry_layer_keeps_the_laws_when_it_cuts_attempts_off() {
    let layer = retry().attempt_timeout(Duration::from_secs(1));
    Contract::with_probe(probe, move |probe| layer.layer(probe), || Request::new(()))
        .repeats_after([Reply::Hold, Reply::Fail])
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_retry_layer_keeps_the_laws_over_http_requests_and_boxed_errors() {
    let probe = || Probe::with_errors(|_: http::Request<()>| (), |_| BoxError::from(Error::from(Code::Unavailable)));
    Contract::with_probe(probe, |probe| RetryLayer::new().layer(probe), || http::Request::new(()))
        .repeats_after([Reply::Fail])
        .check()
        .await;
}

fn hedge() -> HedgeLayer {
    HedgeLayer::after(Duration::from_millis(50)).idempotent()
}

#[tokio::test(start_paused = true)]
async fn the_hedge_layer_keeps_the_laws() {
    Contract::with_probe(probe, |probe| hedge().layer(probe), || Request::new(()))
        .repeats_after([Reply::Hold])
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_hedge_layer_keeps_the_laws_over_several_attempts() {
    Contract::with_probe(probe, |probe| hedge().attempts(4).layer(probe), || Request::new(()))
        .repeats_after([Reply::Hold; 3])
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_hedge_layer_keeps_the_laws_while_it_learns_a_percentile() {
    Contract::with_probe(probe, |probe| HedgeLayer::percentile(95.0).layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_both_is_an_endpoint() {
    let endpoint = ServiceBuilder::new()
        .layer(RetryLayer::new().idempotent())
        .layer(hedge())
        .layer(HedgeLayer::percentile(99.0))
        .service(endpoint_fn(|name: String| async move { Ok::<_, Error>(name) }))
        .erased();
    assert_eq!(endpoint.invoke("Ada".to_owned()).await.unwrap(), "Ada");
}
