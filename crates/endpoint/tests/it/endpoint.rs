use std::time::Duration;

use tower::{ServiceBuilder, ServiceExt};
use towerkit_endpoint::{
    BoxEndpoint, CatchPanicLayer, Code, DeadlineLayer, Endpoint, Error, Next, Request, endpoint_fn, middleware_fn,
};

async fn passes<T, R>(request: Request<T>, next: Next<T, R>) -> Result<R, Error> {
    next.run(request).await
}

/// tower's own layers box the error; ours keep it. Both orders must compile and keep the code.
fn mixed() -> BoxEndpoint<Duration, &'static str> {
    ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(1)))
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_millis(500))
        .layer(DeadlineLayer::callers_only())
        .layer(CatchPanicLayer::new())
        .layer(middleware_fn(passes))
        .service(endpoint_fn(|time| async move {
            tokio::time::sleep(time).await;
            if time.is_zero() { Err(Error::from(Code::NotFound)) } else { Ok("done") }
        }))
        .erased()
}

#[tokio::test(start_paused = true)]
async fn towers_layers_and_ours_mix_and_errors_keep_their_codes() {
    let endpoint = mixed();
    assert_eq!(endpoint.invoke(Duration::from_millis(1)).await.unwrap(), "done");
    assert_eq!(endpoint.invoke(Duration::ZERO).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(endpoint.invoke(Duration::from_secs(9)).await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_shed_call_is_unavailable() {
    let endpoint = mixed();
    let (first, second) =
        tokio::join!(endpoint.invoke(Duration::from_millis(100)), endpoint.invoke(Duration::from_millis(100)));
    assert_eq!(first.unwrap(), "done");
    let error = second.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "overloaded"));
}

#[tokio::test]
async fn an_erased_endpoint_is_an_ordinary_tower_service() {
    let endpoint = endpoint_fn(|n: u32| async move { Ok::<_, Error>(n + 1) }).erased();
    assert_eq!(endpoint.oneshot(Request::new(1)).await.unwrap(), 2);
}

#[test]
fn the_types_are_as_small_and_as_shareable_as_promised() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Error>();
    shared::<BoxEndpoint<u32, u32>>();
    shared::<Request<u32>>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
