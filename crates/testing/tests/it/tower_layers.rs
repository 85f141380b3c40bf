//! Tower's own layers.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::retry::{Policy, RetryLayer};
use tower::steer::Steer;
use tower::timeout::TimeoutLayer;
use tower::util::BoxCloneService;
use tower_layer::Layer;
use towerkit_testing::BoxError;
use towerkit_testing::contract::{Contract, Law, Readiness};
use towerkit_testing::probe::Reply;
use towerkit_testing::report::Outcome;

#[tokio::test(start_paused = true)]
async fn the_concurrency_limit_keeps_the_laws() {
    for limit in [1, 3] {
        Contract::new(move |probe| ConcurrencyLimitLayer::new(limit).layer(probe), || "a request")
            .readiness(Readiness::Reserves { limit })
            .clones_share_state(true)
            .check()
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_global_concurrency_limit_keeps_the_laws() {
    Contract::new(
        |probe| GlobalConcurrencyLimitLayer::with_semaphore(Arc::new(Semaphore::new(2))).layer(probe),
        || "a request",
    )
    .readiness(Readiness::Reserves { limit: 2 })
    .clones_share_state(true)
    .check()
    .await;
}

#[tokio::test(start_paused = true)]
async fn load_shedding_keeps_the_laws() {
    Contract::new(|probe| LoadShedLayer::new().layer(probe), || "a request")
        .readiness(Readiness::AlwaysReady)
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn load_shedding_around_a_limit_refuses_as_the_laws_say() {
    Contract::new(|probe| (LoadShedLayer::new(), ConcurrencyLimitLayer::new(3)).layer(probe), || "a request")
        .readiness(Readiness::AlwaysReady)
        .refuses_after([Reply::Hold; 3])
        .clones_share_state(true)
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_timeout_keeps_the_laws() {
    Contract::new(|probe| TimeoutLayer::new(Duration::from_secs(1)).layer(probe), || "a request").check().await;
}

#[tokio::test(start_paused = true)]
async fn a_box_keeps_the_laws() {
    Contract::new(BoxCloneService::new, || "a request").check().await;
}

#[derive(Clone)]
struct Twice(usize);

impl<Req: Clone, Res> Policy<Req, Res, BoxError> for Twice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, BoxError>) -> Option<Self::Future> {
        let again = result.is_err() && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn the_retry_keeps_the_laws() {
    let report = Contract::new(|probe| RetryLayer::new(Twice(2)).layer(probe), || "a request")
        .repeats_after([Reply::Fail, Reply::Fail])
        .check()
        .await;
    assert_eq!(report.outcome(Law::ReadiesEachAttempt), Some(&Outcome::Kept));
}

#[tokio::test(start_paused = true)]
async fn steer_waits_for_all_its_services_and_copies_their_readiness() {
    let report = Contract::new(|probe| Steer::new([probe.clone(), probe], |_: &&str, _: &[_]| 0), || "a request")
        .readiness(Readiness::AlwaysReady)
        .report()
        .await;
    // Its `Clone` copies the list of what is not ready yet: empty, when the original is ready.
    assert_eq!(report.broken(), [Law::CallsTheReadied, Law::ChoosesInTheFuture], "{report}");
}
