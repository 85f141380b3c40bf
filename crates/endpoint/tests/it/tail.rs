//! What layers leave for the end of a stream.

use std::time::Duration;

use tower::{Layer, ServiceBuilder};
use towerkit_endpoint::{
    BoxError, Code, Context, DeadlineLayer, Ending, Endpoint, Error, Request, Tail, TailLayer, service_fn,
};
use towerkit_testing::contract::Contract;
use towerkit_testing::events::Events;
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle};

fn heard(tail: &Tail) -> Events<Ending> {
    let heard = Events::new();
    let told = heard.clone();
    tail.on_end(move |ending| told.push(ending));
    heard
}

#[test]
fn the_first_ending_is_told_and_told_once() {
    let tail = Tail::new();
    let heard = heard(&tail);
    tail.end(Ending::Failed(Code::Aborted));
    tail.end(Ending::Complete);
    drop(tail);
    assert_eq!(heard.snapshot(), [Ending::Failed(Code::Aborted)]);
}

#[test]
fn a_tail_that_nobody_ends_was_cancelled() {
    let tail = Tail::new();
    let heard = heard(&tail);
    let clone = tail.clone();
    drop(tail);
    assert!(heard.is_empty());
    drop(clone);
    assert_eq!(heard.snapshot(), [Ending::Cancelled]);
}

#[test]
fn who_comes_after_the_end_is_told_at_once() {
    let tail = Tail::new();
    tail.end(Ending::Complete);
    assert_eq!(heard(&tail).snapshot(), [Ending::Complete]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_goes_on_into_the_tail_of_a_call_that_went_well() {
    for (result, leaves) in [(Ok(()), true), (Err(Error::from(Code::Aborted)), false)] {
        let result = std::sync::Mutex::new(Some(result));
        let endpoint = ServiceBuilder::new().layer(DeadlineLayer::new(Duration::from_secs(7))).service(service_fn(
            move |_: Request<()>| {
                let result = result.lock().unwrap().take().unwrap();
                async { result }
            },
        ));
        let tail = Tail::new();
        let mut context = Context::new();
        context.set_tail(tail.clone());
        let mut endpoint = endpoint;
        let _ = tower::Service::call(&mut endpoint, Request::with_context(context, ())).await;
        let until = tokio::time::Instant::now() + Duration::from_secs(7);
        assert_eq!(tail.deadline(), leaves.then_some(until));
    }
}

#[tokio::test]
async fn the_tail_layer_gives_a_tail_where_there_is_none() {
    let has = service_fn(|request: Request<()>| async move { Ok::<_, Error>(request.context().tail().is_some()) });
    assert!(!has.invoke(()).await.unwrap());
    assert!(TailLayer::new().layer(has).invoke(()).await.unwrap());
}

#[test]
fn a_call_to_another_service_has_no_tail_of_this_one() {
    let mut context = Context::new();
    context.set_tail(Tail::new());
    assert!(context.outgoing().tail().is_none());
}

type Strict = Probe<Request<()>, (), Error>;

fn probe() -> (Strict, ProbeHandle) {
    Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(BoxError::from(why)))
}

#[tokio::test(start_paused = true)]
async fn the_tail_layer_keeps_the_laws() {
    Contract::with_probe(probe, |probe| TailLayer::new().layer(probe), || Request::new(())).check().await;
}
