//! A request that the service does not survive.

use std::convert::Infallible;

use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::service_fn;
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_http::{Body, ServeEvent, serve};

use crate::frames::{CANCEL, PREFACE, Peer, SETTINGS, frame, get};
use crate::raw::{Raw, soon};

#[tokio::test]
async fn a_panic_is_told_and_resets_its_stream_alone() {
    let service = service_fn(|request: Request<Body>| async move {
        assert!(request.uri().path() != "/panics", "as it was asked to");
        Ok::<_, Infallible>(Response::new(Body::from("hello")))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, mut panics) = watch::channel(0);
    let (lifeline, stopper) = Lifeline::detached();
    let tell =
        move |event: &ServeEvent| told.send_modify(|told| *told += i32::from(matches!(event, ServeEvent::Panicked)));
    tokio::spawn(serve(listener, service).on_event(tell).run(lifeline));
    soon(stopper.ready()).await;

    let mut peer = Peer { stream: Raw::connect(address).await.stream };
    peer.send([PREFACE, &frame(SETTINGS, 0, 0, &[]), &get(1, "/panics")].concat()).await;
    assert_eq!(peer.reset_of(1, "a panic").await, CANCEL);
    soon(panics.wait_for(|panics| *panics == 1)).await.unwrap();
    peer.is_served(3).await;
}
