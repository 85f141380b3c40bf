use std::time::Duration;

use http::Request;
use tower::service_fn;
use towerkit_endpoint::{Error, PeerAddr};
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::{Body, Server};

use crate::support::ask;

type Call = towerkit_endpoint::Request<()>;

#[tokio::test]
async fn headers_and_extensions_are_in_the_context() {
    let endpoint = service_fn(|request: Call| async move {
        let context = request.context();
        let tenant = context.metadata().get("x-tenant").unwrap_or_default().to_owned();
        Ok::<_, Error>(format!("{tenant} {}", context.get::<PeerAddr>().unwrap()))
    });
    let request = Request::get("/")
        .header("x-tenant", "blue")
        .extension(PeerAddr("127.0.0.1:7".parse().unwrap()))
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(&Server::new(endpoint, Empty, Text), request).await.text(), "blue 127.0.0.1:7");
}

#[tokio::test(start_paused = true)]
async fn the_timeout_header_is_the_deadline_and_no_metadata() {
    let endpoint = service_fn(|request: Call| async move {
        let context = request.context();
        assert!(context.metadata().get("towerkit-timeout").is_none());
        Ok::<_, Error>(format!("{:?}", context.remaining()))
    });
    let server = Server::new(endpoint, Empty, Text);
    let request = Request::get("/").header("towerkit-timeout", "250m").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), format!("{:?}", Some(Duration::from_millis(250))));
    let request = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), "None");
}
