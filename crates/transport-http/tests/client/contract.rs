use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use towerkit_endpoint::{BoxError, Code, Endpoint, Error, NotSent, Request as Message};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeHandle, Reply};
use towerkit_transport_http::codec::Empty;
use towerkit_transport_http::{Body, Remote};

type Transport = Probe<Request<Body>, Response<Full<Bytes>>, BoxError>;

fn transport() -> (Transport, ProbeHandle) {
    Probe::new(|_| Response::new(Full::new(Bytes::from_static(b""))))
}

fn client(transport: Transport) -> impl Endpoint<(), Reply = (), Failure = Error> {
    Remote::over(transport, "http://remote").unwrap().get("/").codecs(Empty, Empty)
}

#[tokio::test(start_paused = true)]
async fn the_client_keeps_the_laws_of_a_layer() {
    // The suite asks the same request type outside and inside; this passes everything else through.
    let wrap = |probe| client(probe).map_request(|_: Request<Body>| Message::new(()));
    Contract::with_probe(transport, wrap, || Request::new(Body::empty())).clones_share_state(false).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_client_keeps_the_laws_when_a_hook_refuses() {
    let wrap = |probe| client(probe).map_request(|_: Request<Body>| Message::new(()));
    let refusing = |probe| {
        let client = Remote::over(probe, "http://remote").unwrap().get("/").codecs(Empty, Empty);
        let client = client.before(|_, _| Err(Error::new(Code::PermissionDenied, "not today")));
        let client = BoxCloneSyncService::<Message<()>, (), Error>::new(client);
        client.map_request(|_: Request<Body>| Message::new(()))
    };
    let boxed = move |probe| BoxCloneSyncService::<Request<Body>, (), Error>::new(wrap(probe));
    Contract::with_probe(transport, boxed, || Request::new(Body::empty()))
        .refuses(move |probe| BoxCloneSyncService::new(refusing(probe)))
        .check()
        .await;
}

#[tokio::test]
async fn a_failed_readiness_is_an_error_that_says_nothing_was_sent() {
    let (probe, handle) = transport();
    handle.fail_readiness();
    let error = client(probe).invoke(()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_some());
}

#[tokio::test]
async fn a_failure_of_the_transport_does_not_say_that_nothing_was_sent() {
    let (probe, handle) = transport();
    handle.script([Reply::Fail]);
    let error = client(probe).invoke(()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_none());
}

#[tokio::test]
async fn an_error_of_ours_from_below_the_client_keeps_its_code() {
    let transport = tower::service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, BoxError>(Error::new(Code::ResourceExhausted, "circuit").into())
    });
    let call = Remote::over(transport, "http://remote").unwrap().get("/").empty().erased();
    let result: Result<(), Error> = call.invoke(()).await;
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "circuit"));
}
