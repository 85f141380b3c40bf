use http::Request;
use tokio::net::TcpListener;
use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::codec::{Empty, Text as Plain};
use towerkit_transport_http::{Pool, Router, Server as HttpServer, serve};

use crate::raw::send;
use crate::site::{SHOUT, Site, Text, Texts};

fn http() -> Router {
    let ping = endpoint_fn(|()| async { Ok::<_, Error>("pong") });
    Router::new().get("/ping", HttpServer::new(ping, Empty, Plain))
}

#[tokio::test]
async fn grpc_and_http_are_served_on_one_port() {
    let site = Site::start(Texts::new().routes().fallback(http())).await;
    assert_eq!(site.texts().shout.invoke(Text::from("a")).await.unwrap().text, "A");
    for pool in [Pool::new(), Pool::builder().http2().build()] {
        let remote = towerkit_transport_http::Remote::new(&pool, &format!("http://{}", site.address)).unwrap();
        let ping: BoxEndpoint<(), String> = remote.get("/ping").codecs(Empty, Plain).erased();
        assert_eq!(ping.invoke(()).await.unwrap(), "pong");
    }
    // What is unknown to both is told in the way of each.
    let answer = send(Request::get(format!("http://{}/nothing", site.address)), "").await;
    assert_eq!((answer.http.as_u16(), answer.status()), (404, None));
}

#[tokio::test]
async fn the_loop_of_http_serves_grpc_with_its_own_limits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (lifeline, _stopper) = Lifeline::detached();
    let server = serve(listener, Texts::new().routes().fallback(http())).request_limit(1000);
    tokio::spawn(server.run(lifeline));
    let pool = Pool::builder().http2().build();
    let remote = Remote::new(&pool, &url).unwrap();
    // Bodies are of a stream of messages, whose length is none of the loop's business.
    let join: BoxEndpoint<towerkit_endpoint::BoxStream<Text>, Text> =
        remote.client_streaming(crate::site::JOIN).erased();
    let kilobyte = "a".repeat(1000);
    let texts = crate::site::texts([&kilobyte; 10]);
    assert_eq!(join.invoke(texts).await.unwrap().text.len(), 10_009);
    let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).erased();
    assert_eq!(shout.invoke(Text::from("a")).await.unwrap().text, "A");
}
