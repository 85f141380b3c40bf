use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, service_fn};
use towerkit_endpoint::{Code, Context, DeadlineLayer, Endpoint, Error, Request, endpoint_fn};

fn within(limit: Duration) -> Request<()> {
    let mut context = Context::new();
    context.shorten_deadline_within(limit);
    Request::with_context(context, ())
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_call_over_the_limit_ends_at_the_limit() {
    let endpoint = ServiceBuilder::new()
        .layer(DeadlineLayer::new(SECOND))
        .service(endpoint_fn(|()| pending::<Result<(), Error>>()));
    let start = Instant::now();
    let error = endpoint.invoke(()).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_deadline_of_the_caller_goes_first_and_a_later_one_does_not() {
    let endpoint = ServiceBuilder::new()
        .layer(DeadlineLayer::new(SECOND))
        .service(endpoint_fn(|()| pending::<Result<(), Error>>()));
    for (callers, expected) in [(100, 100), (60_000, 1000)] {
        let start = Instant::now();
        endpoint.invoke(within(Duration::from_millis(callers))).await.unwrap_err();
        assert_eq!(start.elapsed().as_millis(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_shorter_deadline_stands_in_the_context_of_the_inner_service() {
    let endpoint = ServiceBuilder::new()
        .layer(DeadlineLayer::new(SECOND))
        .service(service_fn(|request: Request<()>| async move { Ok::<_, Error>(request.context().remaining()) }));
    assert_eq!(endpoint.invoke(()).await.unwrap(), Some(SECOND));
    assert_eq!(endpoint.invoke(within(SECOND / 4)).await.unwrap(), Some(SECOND / 4));
    assert_eq!(endpoint.invoke(within(SECOND * 4)).await.unwrap(), Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_too_late_does_not_reach_the_inner_service() {
    let endpoint = ServiceBuilder::new()
        .layer(DeadlineLayer::callers_only())
        .service(endpoint_fn(|()| async { panic!("called") as Result<(), Error> }));
    let error = endpoint.invoke(within(Duration::ZERO)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn without_limit_or_deadline_a_call_may_take_any_time() {
    let endpoint = ServiceBuilder::new().layer(DeadlineLayer::callers_only()).service(endpoint_fn(|()| async {
        sleep(Duration::from_secs(1_000_000)).await;
        Ok::<_, Error>("done")
    }));
    assert_eq!(endpoint.invoke(()).await.unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_limit_too_long_for_the_clock_is_none() {
    let endpoint = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::MAX))
        .service(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    endpoint.invoke(()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_there_at_the_deadline_is_given() {
    let endpoint = ServiceBuilder::new().layer(DeadlineLayer::new(SECOND)).service(endpoint_fn(|()| async {
        sleep(SECOND).await;
        Ok::<_, Error>("in time")
    }));
    assert_eq!(endpoint.invoke(()).await.unwrap(), "in time");
}
