use std::time::Duration;

use futures_util::StreamExt;
use http::HeaderValue;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Ending, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_grpc::{Method, Routes, Server};

use crate::site::{COUNT, Number, SHOUT, Site, Text, Texts, soon};

const SOON: Duration = Duration::from_secs(20);

fn note(events: &Events<&'static str>) -> impl Fn(&'static str) + Clone + Send + Sync + 'static {
    let events = events.clone();
    move |what| events.push(what)
}

#[tokio::test]
async fn the_servers_events_come_in_the_order_that_is_written_down() {
    let events = Events::new();
    let tell = note(&events);
    let (before, decode, inside, encode, after) =
        (tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone());
    let (failed, finalize) = (tell.clone(), tell.clone());
    let endpoint = endpoint_fn(move |text: Text| {
        inside("endpoint");
        async move { if text.text == "bad" { Err(Error::from(Code::NotFound)) } else { Ok(text) } }
    });
    let server = Server::new(endpoint)
        .before(move |context| {
            before("before");
            if context.metadata().get("x-refuse").is_some() { Err(Code::PermissionDenied.into()) } else { Ok(()) }
        })
        .decode(move |text: Text| {
            decode("decode");
            text
        })
        .encode(move |text: Text| {
            encode("encode");
            text
        })
        .after(move |context, head| {
            after("after");
            let asked = context.metadata().get("x-refuse").is_some();
            head.headers
                .insert("x-seen".parse().unwrap(), HeaderValue::from_static(if asked { "refused" } else { "1" }));
        })
        .on_error(move |error, exchange| {
            assert_eq!(exchange.via, Some(SHOUT.via()));
            assert!(exchange.peer.is_some() && error.code() != Code::Unknown);
            failed("on_error");
        })
        .finalize(move |summary| {
            assert_ne!(summary.ending, Ending::Cancelled);
            finalize("finalize");
        });
    let site = Site::start(Routes::new().unary(SHOUT, server)).await;
    let seen = Events::new();
    let heads = seen.clone();
    let shout: BoxEndpoint<Text, Text> =
        site.remote().unary(SHOUT).after(move |headers| heads.push(headers["x-seen"].clone())).erased();

    shout.invoke(Text::from("a")).await.unwrap();
    assert_eq!(events.take(), ["before", "decode", "endpoint", "encode", "after", "finalize"]);
    shout.invoke(Text::from("bad")).await.unwrap_err();
    assert_eq!(events.take(), ["before", "decode", "endpoint", "on_error", "after", "finalize"]);
    let mut request = towerkit_endpoint::Request::new(Text::from("a"));
    request.context_mut().metadata_mut().set("x-refuse", "1").unwrap();
    assert_eq!(shout.invoke(request).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(events.take(), ["before", "on_error", "after", "finalize"]);
    assert_eq!(seen.take(), ["1", "1", "refused"]);
}

#[tokio::test]
async fn the_clients_events_come_in_the_order_that_is_written_down_and_on_failure_too() {
    let site = Site::start(Texts::new().routes()).await;
    let events = Events::new();
    let tell = note(&events);
    let (encode, before, after, decode, trailers, finalize) =
        (tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone());
    let shout: BoxEndpoint<Text, Text> = site
        .remote()
        .unary(SHOUT)
        .encode(move |text: Text| {
            encode("encode");
            text
        })
        .before(move |_, headers| {
            before("before");
            if headers.contains_key("x-refuse") { Err(Code::Aborted.into()) } else { Ok(()) }
        })
        .after(move |_| after("after"))
        .trailers(move |trailing| {
            assert!(trailing.contains_key("grpc-status"));
            trailers("trailers");
        })
        .decode(move |text: Text| {
            decode("decode");
            text
        })
        .finalize(move |summary| {
            assert_eq!(summary.path, "/test.Texts/Shout");
            finalize(match summary.ending {
                Ending::Complete => "success",
                Ending::Failed(_) => "failure",
                _ => "cancelled",
            });
        })
        .erased();

    shout.invoke(Text::from("a")).await.unwrap();
    assert_eq!(events.take(), ["encode", "before", "after", "trailers", "decode", "success"]);
    shout.invoke(Text::from("")).await.unwrap_err();
    assert_eq!(events.take(), ["encode", "before", "after", "trailers", "failure"]);
    let mut request = towerkit_endpoint::Request::new(Text::from("a"));
    request.context_mut().metadata_mut().set("x-refuse", "1").unwrap();
    assert_eq!(shout.invoke(request).await.unwrap_err().code(), Code::Aborted);
    assert_eq!(events.take(), ["encode", "before", "failure"]);
    drop(shout.invoke(Text::from("a")));
    assert!(events.is_empty(), "nothing begins before the first poll");
}

#[tokio::test]
async fn finalizers_of_a_stream_run_at_its_end_with_the_count_of_its_messages() {
    let told = Events::new();
    let (server, client) = (told.clone(), told.clone());
    let count = Server::new(Texts::new().count)
        .finalize(move |summary| server.push(("server", summary.messages, summary.ending == Ending::Complete)));
    let site = Site::start(Routes::new().server_streaming(COUNT, count)).await;
    let count: BoxEndpoint<Number, BoxStream<Number>> = site
        .remote()
        .server_streaming(COUNT)
        .finalize(move |summary| client.push(("client", summary.messages, summary.ending == Ending::Complete)))
        .erased();

    let numbers = count.invoke(Number { n: 3 }).await.unwrap();
    assert_eq!(numbers.count().await, 3);
    let mut all = told.wait_len(2, SOON).await;
    all.sort_unstable();
    assert_eq!(all, [("client", 3, true), ("server", 3, true)]);
    let _ = told.take();

    let mut numbers = count.invoke(Number { n: u64::MAX }).await.unwrap();
    numbers.next().await.unwrap().unwrap();
    drop(numbers);
    let mut all = soon(told.wait_len(2, SOON)).await;
    all.sort_unstable();
    assert_eq!((all[0].0, all[0].1, all[0].2), ("client", 1, false));
    assert!(all[1].0 == "server" && all[1].1 > 1 && !all[1].2);
}

#[tokio::test]
async fn the_error_encoder_has_the_last_word() {
    let server = Server::new(Texts::new().shout)
        .error_encoder(|error| tonic::Status::new(tonic::Code::FailedPrecondition, format!("<{}>", error.message())));
    let site = Site::start(Routes::new().unary(SHOUT, server)).await;
    let error = site.texts().shout.invoke(Text::from("")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::FailedPrecondition, "<text: is empty>"));
}

#[test]
#[should_panic(expected = "/test.Texts/Shout is served already")]
fn a_method_is_served_once() {
    let shout = || Server::new(Texts::new().shout);
    let _ = Routes::new().unary(SHOUT, shout()).unary(SHOUT, shout());
}

#[test]
#[should_panic(expected = "/package.Service/Method")]
fn a_method_has_a_path() {
    let path: &'static str = Box::leak("test.Texts/Shout".to_owned().into_boxed_str());
    let _ = Method::<Text, Text>::new(path);
}
