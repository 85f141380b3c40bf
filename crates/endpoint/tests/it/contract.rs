//! Every layer of the core keeps the laws.

use std::time::Duration;

use tower::Layer;
use towerkit_endpoint::{
    BoxError, CatchPanicLayer, DeadlineElapsed, DeadlineLayer, Error, Next, Panicked, Request, middleware_fn,
};
use towerkit_testing::contract::{Contract, Readiness};
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle, Reply};

type Strict = Probe<Request<()>, (), Error>;

fn probe() -> (Strict, ProbeHandle) {
    Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(BoxError::from(why)))
}

#[tokio::test(start_paused = true)]
async fn the_deadline_layer_keeps_the_laws() {
    let layer = DeadlineLayer::new(Duration::from_secs(60));
    Contract::with_probe(probe, move |probe| layer.layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_layer_keeps_the_laws_when_it_refuses() {
    let layer = DeadlineLayer::new(Duration::from_secs(60));
    Contract::with_probe(probe, move |probe| layer.layer(probe), || Request::new(()))
        .refuses(|probe| DeadlineLayer::new(Duration::ZERO).layer(probe))
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_panic_layer_keeps_the_laws() {
    Contract::with_probe(probe, |probe| CatchPanicLayer::new().layer(probe), || Request::new(())).check().await;
}

#[test]
fn our_layers_keep_the_error_type_of_any_service() {
    fn holds<E: From<Panicked> + From<DeadlineElapsed>>() {}
    holds::<Error>();
    holds::<BoxError>();
}

async fn passes(request: Request<()>, next: Next<(), ()>) -> Result<(), Error> {
    next.run(request).await
}

#[tokio::test(start_paused = true)]
async fn middleware_fn_keeps_the_laws_and_is_always_ready() {
    Contract::with_probe(probe, |probe| middleware_fn(passes).layer(probe), || Request::new(()))
        .readiness(Readiness::AlwaysReady)
        .check()
        .await;
}

async fn runs_twice(request: Request<()>, next: Next<(), ()>) -> Result<(), Error> {
    match next.clone().run(request.clone()).await {
        Ok(()) => Ok(()),
        Err(_) => next.run(request).await,
    }
}

#[tokio::test(start_paused = true)]
async fn middleware_fn_that_runs_twice_keeps_the_law_of_attempts() {
    Contract::with_probe(probe, |probe| middleware_fn(runs_twice).layer(probe), || Request::new(()))
        .readiness(Readiness::AlwaysReady)
        .repeats_after([Reply::Fail])
        .check()
        .await;
}
