use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue};
use tower::service_fn;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Context, Endpoint, Error, Request, WithMetadata};
use towerkit_transport_grpc::{Routes, Server};

use crate::site::{COUNT, Number, SHOUT, Site, Text, Texts, both};

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn value(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

/// Answers with the metadata of a name, or with what is told of the peer.
fn told() -> Texts {
    let mut texts = Texts::new();
    texts.shout = service_fn(|request: Request<Text>| async move {
        let text = match request.message().text.as_str() {
            "peer" => request.context().peer().map(|peer| peer.ip().to_string()),
            "via" => request.context().via().map(|via| format!("{via:?}")),
            name => request.context().metadata().get(name).map(str::to_owned),
        };
        Ok::<_, Error>(Text { text: text.unwrap_or_else(|| "none".to_owned()) })
    })
    .erased();
    texts
}

#[tokio::test]
async fn metadata_reach_the_endpoint() {
    for site in both(&told()).await {
        let mut context = Context::new();
        context.metadata_mut().set("x-tenant", "blue").unwrap();
        let request = Request::with_context(context, Text::from("x-tenant"));
        assert_eq!(site.texts().shout.invoke(request).await.unwrap().text, "blue");
    }
}

#[tokio::test]
async fn the_endpoint_knows_where_the_call_came_from() {
    for site in both(&told()).await {
        assert_eq!(site.texts().shout.invoke(Text::from("peer")).await.unwrap().text, "127.0.0.1");
    }
}

#[tokio::test]
async fn the_endpoint_knows_how_the_call_came() {
    for site in both(&told()).await {
        let via = site.texts().shout.invoke(Text::from("via")).await.unwrap().text;
        // A generated service does not tell its path.
        assert!([format!("grpc {}", SHOUT.path()), "grpc".to_owned()].contains(&via), "{via}");
    }
}

#[tokio::test]
async fn metadata_have_no_say_in_what_belongs_to_the_protocol() {
    for site in both(&told()).await {
        for name in ["grpc-timeout", "grpc-encoding", "grpc-status", "host", "connection", "towerkit-timeout"] {
            let mut context = Context::new();
            context.metadata_mut().set(name, "gzip").unwrap();
            let request = Request::with_context(context, Text::from(name));
            assert_eq!(site.texts().shout.invoke(request).await.unwrap().text, "none", "{name}");
        }
    }
}

#[tokio::test]
async fn a_reply_brings_headers_and_trailers_of_its_own() {
    let shout = service_fn(|request: Request<Text>| async {
        let reply = WithMetadata::new(request.into_message()).with_metadata(name("x-head"), value("1"));
        Ok::<_, Error>(reply.with_trailer(name("x-tail-bin"), value("AAE")))
    });
    let site = Site::start(Routes::new().unary(SHOUT, Server::new(shout))).await;
    let shout: BoxEndpoint<Text, WithMetadata<Text>> = site.remote().unary(SHOUT).with_metadata().erased();
    let (text, headers, trailers, _) = shout.invoke(Text::from("a")).await.unwrap().into_parts();
    assert_eq!((text.text.as_str(), headers.get("x-head"), headers.get("x-tail-bin")), ("a", Some("1"), None));
    assert_eq!((trailers.get("x-head"), trailers.get("x-tail-bin")), (None, Some("AAE")));
}

#[tokio::test]
async fn a_stream_brings_headers_before_its_messages_and_trailers_behind_them() {
    let count = service_fn(|_: Request<Number>| async {
        let numbers = stream::iter([Ok::<_, Error>(Number { n: 1 })]).chain(stream::pending());
        let reply = WithMetadata::new(numbers.take(1)).with_metadata(name("x-head"), value("1"));
        Ok::<_, Error>(reply.with_trailer(name("x-tail"), value("2")))
    });
    let site = Site::start(Routes::new().server_streaming(COUNT, Server::new(count))).await;
    let trailers = towerkit_testing::events::Events::new();
    let seen = trailers.clone();
    let count: BoxEndpoint<Number, WithMetadata<BoxStream<Number>>> = site
        .remote()
        .server_streaming(COUNT)
        .with_metadata()
        .trailers(move |trailers| seen.push(trailers.get("x-tail").cloned()))
        .erased();
    let (mut numbers, headers, ..) = count.invoke(Number { n: 1 }).await.unwrap().into_parts();
    assert_eq!(headers.get("x-head"), Some("1"));
    assert!(trailers.is_empty());
    assert_eq!(numbers.next().await.unwrap().unwrap().n, 1);
    assert!(numbers.next().await.is_none());
    assert_eq!(trailers.take(), [Some(value("2"))]);
}
