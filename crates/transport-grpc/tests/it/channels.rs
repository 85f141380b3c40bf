//! What carries the calls: tonic's channel, a pool, and the routes in the same process.

use futures_util::StreamExt;
use tonic_prost::ProstCodec;
use tower_service::Service as _;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, NotSent};
use towerkit_transport_grpc::{InvalidRemote, PoolChannel, Remote};
use towerkit_transport_http::Pool;

use crate::site::{COUNT, Number, SHOUT, Site, Text, Texts};

#[tokio::test]
async fn a_channel_of_tonic_carries_our_calls() {
    let site = Site::start(Texts::new().routes()).await;
    let url = format!("http://{}", site.address);
    let remote = Remote::over(tonic::transport::Endpoint::from_shared(url).unwrap().connect_lazy());
    let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).erased();
    assert_eq!(shout.invoke(Text::from("a")).await.unwrap().text, "A");
    assert_eq!(shout.invoke(Text::from("")).await.unwrap_err().violations()[0].field, "text");
    let count: BoxEndpoint<Number, BoxStream<Number>> = remote.server_streaming(COUNT).erased();
    assert_eq!(count.invoke(Number { n: 3 }).await.unwrap().count().await, 3);
}

#[tokio::test]
async fn a_channel_of_tonic_that_does_not_connect_has_sent_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let remote = Remote::over(tonic::transport::Endpoint::from_shared(url).unwrap().connect_lazy());
    let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).erased();
    let error = shout.invoke(Text::from("a")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_some());
}

#[tokio::test]
async fn a_client_of_tonic_goes_through_our_pool() {
    let site = Site::start(Texts::new().routes()).await;
    let channel = PoolChannel::new(&Pool::builder().http2().build(), &format!("http://{}", site.address)).unwrap();
    // What a generated client does.
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/test.Texts/Shout");
    let request = tonic::Request::new(Text::from("a"));
    let reply = client.unary(request, path, ProstCodec::<Text, Text>::default()).await.unwrap();
    assert_eq!(reply.into_inner().text, "A");
}

#[tokio::test]
async fn the_routes_are_a_channel_within_the_process() {
    for routes in Texts::new().both() {
        let shout: BoxEndpoint<Text, Text> = Remote::over(routes).unary(SHOUT).erased();
        assert_eq!(shout.invoke(Text::from("a")).await.unwrap().text, "A");
    }
}

#[tokio::test]
async fn the_routes_stand_in_tonics_own_server_and_in_axum() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let router =
        tonic::service::Routes::from(tonic::service::AxumRouter::new().fallback_service(Texts::new().routes()));
    tokio::spawn(tonic::transport::Server::builder().add_routes(router).serve_with_incoming(incoming));
    let shout: BoxEndpoint<Text, Text> =
        Remote::new(&Pool::builder().http2().build(), &url).unwrap().unary(SHOUT).erased();
    assert_eq!(shout.invoke(Text::from("a")).await.unwrap().text, "A");
}

#[tokio::test]
async fn a_pool_of_http1_is_refused_and_says_what_to_do() {
    let error = Remote::new(&Pool::new(), "http://127.0.0.1:1").unwrap_err();
    assert!(matches!(error, InvalidRemote::NotHttp2));
    assert!(error.to_string().contains("http2()"));
    let error = Remote::new(&Pool::builder().http2().build(), "127.0.0.1:1").unwrap_err();
    assert!(matches!(error, InvalidRemote::Url(_)));
}

#[tokio::test]
async fn one_connection_carries_all_calls_of_a_pool() {
    let site = Site::with(Texts::new().routes(), |serve| serve.max_connections(1)).await;
    let texts = site.texts();
    let calls = (0..50).map(|_| texts.shout.invoke(Text::from("a")));
    assert!(futures_util::future::join_all(calls).await.into_iter().all(|reply| reply.is_ok()));
    // The one connection is taken.
    let mut pool = Pool::builder().http2().build();
    let request = http::Request::get(format!("http://{}/", site.address)).body(towerkit_transport_http::Body::empty());
    let other = tokio::time::timeout(std::time::Duration::from_millis(300), pool.call(request.unwrap())).await;
    assert!(other.is_err(), "a second connection was accepted");
}
