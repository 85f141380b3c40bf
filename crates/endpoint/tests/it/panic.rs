use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tower::{ServiceBuilder, service_fn};
use towerkit_endpoint::{CatchPanicLayer, Code, Endpoint, Error, Panicked, Request, endpoint_fn};

fn panics_with(text: &'static str) -> Result<(), Error> {
    panic!("{text}")
}

#[tokio::test]
async fn a_panic_is_internal_and_its_text_is_for_the_log_only() {
    let endpoint = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .service(endpoint_fn(|()| async { panics_with("secret 42") }));
    let error = endpoint.invoke(()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Internal, "internal error"));
    assert_eq!(error.find::<Panicked>().unwrap().text(), "secret 42");
}

#[tokio::test]
async fn a_panic_before_there_is_a_future_is_caught_too() {
    let endpoint = ServiceBuilder::new().layer(CatchPanicLayer::new()).service(service_fn(|_: Request<()>| {
        let ready = panics_with("early");
        std::future::ready(ready)
    }));
    assert_eq!(endpoint.invoke(()).await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn the_next_call_is_served_after_a_panic() {
    let endpoint = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .service(endpoint_fn(|bad: bool| async move { if bad { panics_with("once") } else { Ok(()) } }))
        .erased();
    endpoint.invoke(true).await.unwrap_err();
    endpoint.invoke(false).await.unwrap();
}

#[tokio::test]
async fn what_the_call_held_is_given_back_at_the_panic_even_if_that_panics_too() {
    struct Held(Arc<AtomicBool>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
            panic!("and again");
        }
    }
    let given_back = Arc::new(AtomicBool::new(false));
    let held = given_back.clone();
    let endpoint = ServiceBuilder::new().layer(CatchPanicLayer::new()).service(endpoint_fn(move |()| {
        let held = Held(held.clone());
        std::future::poll_fn(move |_| {
            let _holds = &held;
            panics_with("first").map_or(Poll::Pending, |()| Poll::Ready(Ok::<_, Error>(())))
        })
    }));
    let error = endpoint.invoke(()).await.unwrap_err();
    assert_eq!(error.find::<Panicked>().unwrap().text(), "first");
    assert!(given_back.load(Ordering::SeqCst));
}
