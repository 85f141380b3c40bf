//! The wire of streams as its page has it, spoken by hand on either side.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use towerkit_endpoint::{Code, Endpoint};
use towerkit_testing::events::Events;
use towerkit_transport_nats::{Routes, Server};

use crate::site::{Nats, SOON, servers, within};
use crate::stream::{Count, all, counter, stuck};

fn header(message: &Message, name: &str) -> Option<String> {
    Some(message.headers.as_ref()?.get(name)?.as_str().to_owned())
}

/// What it is, which number it has, its payload, and whether it has a subject to reply to.
fn read(message: &Message) -> (String, String, String, bool) {
    let kind = header(message, "towerkit-stream").unwrap_or_else(|| "item".to_owned());
    let seq = header(message, "towerkit-seq").unwrap();
    (kind, seq, String::from_utf8(message.payload.to_vec()).unwrap(), message.reply.is_some())
}

fn is(kind: &str, seq: u64, payload: &str, asks: bool) -> (String, String, String, bool) {
    (kind.to_owned(), seq.to_string(), payload.to_owned(), asks)
}

async fn ask(client: &Client, subject: &str, credit: &str, payload: &str) -> Subscriber {
    let inbox = client.new_inbox();
    let subscriber = client.subscribe(inbox.clone()).await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("towerkit-stream-credit", credit);
    client.publish_with_reply_and_headers(subject.to_owned(), inbox, headers, payload.to_owned().into()).await.unwrap();
    subscriber
}

async fn next(subscriber: &mut Subscriber) -> Message {
    within(subscriber.next()).await.unwrap()
}

#[tokio::test]
async fn a_service_speaks_as_the_page_has_it() {
    for program in servers("a_service_speaks_as_the_page_has_it") {
        let nats = Nats::start(&program);
        let _service = nats.serve(counter(&Events::new())).await;
        let client = nats.connect().await;
        let mut inbox = ask(&client, "count", "2", "4").await;
        let open = next(&mut inbox).await;
        assert_eq!(read(&open), is("open", 0, "", true));
        let control = open.reply.unwrap();
        assert_eq!(read(&next(&mut inbox).await), is("item", 0, "0", false));
        let second = next(&mut inbox).await;
        assert_eq!(read(&second), is("item", 1, "1", true), "it uses up the credit");
        assert_eq!(second.reply.unwrap(), control);
        // Said again, it is answered.
        client.publish(control.clone(), "2".into()).await.unwrap();
        assert_eq!(read(&next(&mut inbox).await), is("beat", 2, "2", true));
        // What is no number says nothing; an older one neither raises nor lowers.
        client.publish(control.clone(), "a lot".into()).await.unwrap();
        client.publish(control.clone(), "1".into()).await.unwrap();
        assert_eq!(read(&next(&mut inbox).await), is("beat", 2, "2", true));
        client.publish(control.clone(), "5".into()).await.unwrap();
        assert_eq!(read(&next(&mut inbox).await), is("item", 2, "2", false));
        assert_eq!(read(&next(&mut inbox).await), is("item", 3, "3", false));
        assert_eq!(read(&next(&mut inbox).await), is("end", 4, "", false));
        // Nobody is there any more.
        let error = client.request(control, Bytes::new()).await.unwrap_err();
        assert_eq!(error.kind(), async_nats::RequestErrorKind::NoResponders);
    }
}

#[tokio::test]
async fn a_service_beats_when_it_has_nothing_to_say_and_stops_at_a_cancel() {
    for program in servers("a_service_beats_when_it_has_nothing_to_say_and_stops_at_a_cancel") {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let server = Server::json_stream(stuck(1, &dropped)).stream_beat(Duration::from_millis(50));
        let _service = nats.serve(Routes::new().subject("stuck", server)).await;
        let client = nats.connect().await;
        let mut inbox = ask(&client, "stuck", "8", "null").await;
        let control = next(&mut inbox).await.reply.unwrap();
        assert_eq!(read(&next(&mut inbox).await), is("item", 0, "0", false));
        for _ in 0..3 {
            assert_eq!(read(&next(&mut inbox).await), is("beat", 1, "8", true));
        }
        client.publish(control, "cancel".into()).await.unwrap();
        dropped.wait_len(1, SOON).await;
        // Without credit it beats too, and finds that the caller is gone.
        let mut inbox = ask(&client, "stuck", "0", "null").await;
        next(&mut inbox).await;
        assert_eq!(read(&next(&mut inbox).await), is("beat", 0, "0", true));
        drop(inbox);
        dropped.wait_len(2, SOON).await;
    }
}

/// A service by hand: it opens a stream, and says what it is told to. It has what the caller says to its control subject.
async fn by_hand(client: &Client, messages: &'static [(&'static str, &'static str)]) -> Events<String> {
    let mut requests = client.subscribe("count").await.unwrap();
    let control: Subject = client.new_inbox().into();
    let mut said = client.subscribe(control.clone()).await.unwrap();
    client.flush().await.unwrap();
    let (events, heard) = (Events::new(), Events::new());
    let (tell, hear, client) = (events.clone(), heard, client.clone());
    tokio::spawn(async move {
        while let Some(message) = said.next().await {
            hear.push(());
            tell.push(String::from_utf8(message.payload.to_vec()).unwrap());
        }
    });
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let inbox = request.reply.unwrap();
            for (kind, seq) in messages {
                let mut headers = HeaderMap::new();
                headers.insert("towerkit-seq", *seq);
                if *kind != "item" {
                    headers.insert("towerkit-stream", *kind);
                }
                let payload = Bytes::from_static(if *kind == "item" { b"7" } else { b"" });
                client.publish_with_reply_and_headers(inbox.clone(), control.clone(), headers, payload).await.unwrap();
            }
        }
    });
    events
}

async fn ends(
    messages: &'static [(&'static str, &'static str)],
    test: &str,
) -> Vec<(usize, Option<(Code, String)>, Vec<String>)> {
    let mut all_ends = Vec::new();
    for program in servers(test) {
        let nats = Nats::start(&program);
        let service = nats.connect().await;
        let said = by_hand(&service, messages).await;
        let count: Count = nats
            .remote()
            .await
            .subject("count")
            .json_stream()
            .stream_window(4)
            .stream_silence(Duration::from_millis(600))
            .erased();
        let (items, error) = match within(count.invoke(1)).await {
            Ok(items) => all(items).await,
            Err(error) => (Vec::new(), Some(error)),
        };
        let error = error.map(|error| (error.code(), error.message().to_owned()));
        let said = match &error {
            Some((Code::DataLoss, _)) => {
                said.wait_for(|said| said.last().is_some_and(|last| last == "cancel"), SOON).await
            }
            _ => said.snapshot(),
        };
        all_ends.push((items.len(), error, said));
    }
    all_ends
}

#[tokio::test]
async fn items_that_are_missing_are_a_loss_of_data_in_their_place() {
    let test = "items_that_are_missing_are_a_loss_of_data_in_their_place";
    for messages in [
        &[("open", "0"), ("item", "0"), ("item", "2"), ("item", "3")][..],
        &[("open", "0"), ("item", "0"), ("item", "0")],
        &[("open", "0"), ("item", "0"), ("beat", "2")],
        &[("open", "0"), ("item", "0"), ("end", "2")],
    ] {
        for (items, error, said) in ends(messages, test).await {
            let (code, message) = error.unwrap();
            assert_eq!((items, code), (1, Code::DataLoss), "{message}");
            assert!(message.starts_with("items of the stream were lost"), "{message}");
            assert_eq!(said.last().unwrap(), "cancel");
        }
    }
}

#[tokio::test]
async fn a_service_that_falls_silent_is_unavailable_after_it_was_asked() {
    let test = "a_service_that_falls_silent_is_unavailable_after_it_was_asked";
    for (items, error, said) in ends(&[("open", "0"), ("item", "0")], test).await {
        let (code, message) = error.unwrap();
        assert_eq!((items, code), (1, Code::Unavailable));
        assert_eq!(message, "nothing was heard of the stream's service for 600ms");
        assert!(said.iter().filter(|said| *said == "4").count() >= 2, "{said:?}");
    }
}

#[tokio::test]
async fn what_is_no_stream_of_one_service_is_an_error() {
    let test = "what_is_no_stream_of_one_service_is_an_error";
    for messages in [
        &[("open", "0"), ("item", "0"), ("open", "0")][..],
        &[("open", "0"), ("item", "0"), ("what", "1")],
        &[("open", "0"), ("item", "0"), ("item", "one")],
        &[("open", "1")],
        &[("item", "0")],
        &[("end", "0")],
    ] {
        for (items, error, _) in ends(messages, test).await {
            let (code, message) = error.unwrap();
            assert_eq!((items, code), (messages.len().saturating_sub(2), Code::Internal), "{messages:?}");
            assert_eq!(message, "the service's reply can't be read");
        }
    }
}

#[tokio::test]
async fn a_caller_speaks_as_the_page_has_it() {
    let test = "a_caller_speaks_as_the_page_has_it";
    let messages = &[("open", "0"), ("item", "0"), ("item", "1"), ("beat", "2"), ("item", "2"), ("end", "3")];
    for (items, error, said) in ends(messages, test).await {
        assert_eq!((items, error), (3, None));
        assert!(said.is_empty() || said == ["6"], "credit when half of it is used up: {said:?}");
    }
}

#[tokio::test]
async fn two_services_without_a_queue_group_are_told_apart_from_one() {
    for program in servers("two_services_without_a_queue_group_are_told_apart_from_one") {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let routes = || Routes::new().subject("count", Server::json_stream(stuck(0, &dropped)));
        let _services = [nats.serve(routes()).await, nats.serve(routes()).await];
        let count: towerkit_endpoint::BoxEndpoint<(), towerkit_endpoint::BoxStream<u64>> =
            nats.remote().await.subject("count").json_stream().erased();
        let (_, error) = all(within(count.invoke(())).await.unwrap()).await;
        assert_eq!(error.unwrap().code(), Code::Internal);
        drop(count);
    }
}

#[tokio::test]
async fn credit_that_was_lost_is_said_again_to_a_service_that_does_not_know_of_it() {
    for program in servers("credit_that_was_lost_is_said_again_to_a_service_that_does_not_know_of_it") {
        let nats = Nats::start(&program);
        let service = nats.connect().await;
        let mut requests = service.subscribe("count").await.unwrap();
        let control: Subject = service.new_inbox().into();
        let mut said = service.subscribe(control.clone()).await.unwrap();
        service.flush().await.unwrap();
        let count: Count = nats.remote().await.subject("count").json_stream().stream_window(2).erased();
        let call = tokio::spawn(async move { all(count.invoke(1).await.unwrap()).await });
        let inbox = next(&mut requests).await.reply.unwrap();
        let say = |kind: Option<&'static str>, seq: u64, payload: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("towerkit-seq", seq.to_string());
            if let Some(kind) = kind {
                headers.insert("towerkit-stream", kind);
            }
            service.publish_with_reply_and_headers(inbox.clone(), control.clone(), headers, payload.into())
        };
        say(Some("open"), 0, "").await.unwrap();
        say(None, 0, "7").await.unwrap();
        assert_eq!(next(&mut said).await.payload, "3");
        // As though it had not come.
        let start = std::time::Instant::now();
        say(Some("beat"), 1, "2").await.unwrap();
        assert_eq!(next(&mut said).await.payload, "3");
        assert!(start.elapsed() < Duration::from_secs(5), "it did so unasked");
        say(Some("beat"), 1, "3").await.unwrap();
        say(Some("end"), 1, "").await.unwrap();
        let (items, error) = within(call).await.unwrap();
        assert_eq!((items, error.is_none()), (vec![7], true));
        drop(service);
    }
}
