use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tower::ServiceBuilder;
use towerkit_endpoint::{Code, Endpoint, Error, Next, Request, endpoint_fn, middleware_fn};

async fn passes<T, R>(request: Request<T>, next: Next<T, R>) -> Result<R, Error> {
    next.run(request).await
}

#[tokio::test]
async fn the_first_layer_is_the_outermost() {
    let note = |text: &'static str| {
        middleware_fn(move |request: Request<String>, next: Next<String, String>| async move {
            let reply = next.run(request.map(|message| message + text + " ")).await?;
            Ok::<_, Error>(reply + " " + text)
        })
    };
    let endpoint = ServiceBuilder::new()
        .layer(note("first"))
        .layer(note("second"))
        .service(endpoint_fn(|message: String| async move { Ok::<_, Error>(message + "endpoint") }));
    assert_eq!(endpoint.invoke(String::new()).await.unwrap(), "first second endpoint second first");
}

#[tokio::test]
async fn one_generic_function_serves_every_message_and_goes_in_any_stack() {
    let words = ServiceBuilder::new()
        .layer(middleware_fn(passes))
        .service(endpoint_fn(|word: &'static str| async move { Ok::<_, Error>(word.len()) }))
        .erased();
    let numbers = ServiceBuilder::new()
        .layer(middleware_fn(passes))
        .layer(middleware_fn(passes))
        .service(endpoint_fn(|n: u8| async move { Ok::<_, Error>(n) }));
    assert_eq!(words.invoke("four").await.unwrap(), 4);
    assert_eq!(numbers.invoke(5).await.unwrap(), 5);
}

#[tokio::test]
async fn it_may_refuse_without_running_what_is_next() {
    let endpoint = ServiceBuilder::new()
        .layer(middleware_fn(|_: Request<()>, _: Next<(), ()>| async {
            Err::<(), _>(Error::from(Code::PermissionDenied))
        }))
        .service(endpoint_fn(|()| async { panic!("called") as Result<(), Error> }));
    assert_eq!(endpoint.invoke(()).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_clone_of_next_runs_it_again_and_waits_for_readiness_again() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let endpoint = ServiceBuilder::new()
        .layer(middleware_fn(|request: Request<u32>, next: Next<u32, u32>| async move {
            match next.clone().run(request.clone()).await {
                Err(error) if error.code() == Code::Unavailable => next.run(request).await,
                result => result,
            }
        }))
        .concurrency_limit(1)
        .service(endpoint_fn(move |n: u32| {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { Err(Error::from(Code::Unavailable)) } else { Ok(n) } }
        }));
    assert_eq!(endpoint.invoke(7).await.unwrap(), 7);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
