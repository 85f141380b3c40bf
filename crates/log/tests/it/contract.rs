//! Both layers keep the laws, with their lines and without.

use tower::{Layer, ServiceBuilder};
use towerkit_endpoint::{BoxError, Code, Endpoint, Error, Request, endpoint_fn};
use towerkit_log::Logger;
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle};

use crate::support::logfmt;

type Strict = Probe<Request<()>, (), Error>;

fn probe() -> (Strict, ProbeHandle) {
    Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(Code::Unavailable).with_source(why))
}

#[tokio::test(start_paused = true)]
async fn the_layer_of_requests_keeps_the_laws() {
    let (log, _) = logfmt();
    Contract::with_probe(probe, move |probe| log.requests("op").layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_layer_of_calls_keeps_the_laws() {
    let (log, _) = logfmt();
    Contract::with_probe(probe, move |probe| log.calls("op").layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_layers_keep_the_laws_where_they_are_off_or_say_more() {
    let (quiet, _) = logfmt();
    quiet.set_filter("off").unwrap();
    for log in [Logger::off(), quiet] {
        Contract::with_probe(probe, move |probe| log.requests("op").layer(probe), || Request::new(())).check().await;
    }
    let (log, _) = logfmt();
    let layer = log.requests("op").one_in(2).message_fields(|(): &(), fields| fields.add("a", 1));
    Contract::with_probe(probe, move |probe| layer.layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws_over_boxed_errors() {
    let (log, _) = logfmt();
    let probe = || Probe::with_errors(|_: Request<()>| (), |_| BoxError::from(Error::from(Code::Unavailable)));
    Contract::with_probe(probe, move |probe| log.requests("op").layer(probe), || Request::new(())).check().await;
}

#[tokio::test]
async fn a_stack_of_both_is_an_endpoint() {
    let (log, written) = logfmt();
    let endpoint = ServiceBuilder::new()
        .layer(log.requests("outer"))
        .layer(log.calls("inner"))
        .service(endpoint_fn(|name: String| async move { Ok::<_, Error>(name) }))
        .erased();
    assert_eq!(endpoint.invoke("Ada".to_owned()).await.unwrap(), "Ada");
    assert_eq!(written.writes().len(), 2);
}
