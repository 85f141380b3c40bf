use http::Request;
use tower_service::Service as _;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error};
use towerkit_testing::events::Events;
use towerkit_transport_grpc::{Method, Routes, Server};
use towerkit_transport_http::Pool;

use crate::generated::Generated;
use crate::raw::{call, frame, send};
use crate::site::{Number, SHOUT, Site, Text, Texts, soon};

/// The same path, and other messages: their bytes are read as those of [`SHOUT`].
const NUMBER: Method<Number, Text> = Method::new("/test.Texts/Shout");
const WHISPER: Method<Text, Text> = Method::new("/test.Texts/Whisper");

/// A server whose listener has a handler, and what that is told: which call, whether the endpoint knows of it, and why it failed.
async fn told(routes: Routes) -> (Site, Events<String>) {
    let told = Events::new();
    let tell = told.clone();
    let site = Site::with(routes, |serve| {
        serve.on_error(move |error, exchange| {
            assert!(exchange.peer.is_some());
            let via = exchange.via.as_ref().unwrap();
            tell.push(format!("{via} {}: {error}", exchange.reached_endpoint));
        })
    });
    (site.await, told)
}

#[tokio::test]
async fn a_listener_has_a_handler_for_all_methods_and_for_those_that_are_not_here() {
    let (site, told) = told(Texts::new().routes()).await;
    soon(site.texts().shout.invoke(Text::from("a"))).await.unwrap();
    soon(site.texts().shout.invoke(Text::from(""))).await.unwrap_err();
    let number: BoxEndpoint<Number, Text> = site.remote().unary(NUMBER).erased();
    assert_eq!(soon(number.invoke(Number { n: 7 })).await.unwrap_err().code(), Code::InvalidArgument);
    let whisper: BoxEndpoint<Text, Text> = site.remote().unary(WHISPER).erased();
    soon(whisper.invoke(Text::from("a"))).await.unwrap_err();
    let told = told.take();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "grpc /test.Texts/Shout true: text: is empty");
    assert!(told[1].starts_with("grpc /test.Texts/Shout false: "), "{told:?}");
    assert_eq!(told[2], "grpc /test.Texts/Whisper false: there is no method /test.Texts/Whisper here");
}

#[tokio::test]
async fn it_hears_of_a_generated_services_calls_as_well() {
    let Texts { shout, count, join, shout_each } = Texts::new();
    let refuse = Server::new(shout).before(|_| Err(Error::new(Code::Aborted, "not now")));
    let (count, join, shout_each) = (Server::new(count), Server::new(join), Server::new(shout_each));
    let (site, told) = told(Routes::new().service(Generated { shout: refuse, count, join, shout_each })).await;
    soon(site.remote().unary::<_, _, _, Text, Text>(SHOUT).invoke(Text::from("a"))).await.unwrap_err();
    assert_eq!(told.take(), ["grpc false: not now"]);
}

#[tokio::test]
async fn it_hears_of_requests_that_are_no_calls_of_grpc() {
    let (site, told) = told(Texts::new().routes()).await;
    let url = format!("http://{}/test.Texts/Shout", site.address);
    send(Request::post(&url).header("content-type", "text/plain"), "").await;
    send(Request::get(&url), "").await;
    let over_http1 = call(&site, "/test.Texts/Shout").body(frame(0, b"").into()).unwrap();
    soon(Pool::new().call(over_http1)).await.unwrap();
    let expected = [
        "http POST /test.Texts/Shout false: it is of no media type of gRPC",
        "http GET /test.Texts/Shout false: gRPC is called by POST",
        "grpc /test.Texts/Shout false: gRPC is spoken over HTTP/2",
    ];
    assert_eq!(told.take(), expected);
}
