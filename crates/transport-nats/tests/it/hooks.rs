use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use towerkit_endpoint::{BoxEndpoint, Code, Ending, Endpoint, Error, Metadata, Request, Via, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::{Raw, decode_fn, decode_response_fn, encode_fn, encode_request_fn};
use towerkit_transport_nats::{Reply, Routes, Server, serve};

use crate::site::{Nats, Running, SOON, servers, sum_routes};

fn note(events: &Events<&'static str>) -> impl Fn(&'static str) + Clone + Send + Sync + 'static {
    let events = events.clone();
    move |what| events.push(what)
}

#[tokio::test]
async fn the_servers_events_come_in_the_order_that_is_written_down() {
    for program in servers("the_servers_events_come_in_the_order_that_is_written_down") {
        let nats = Nats::start(&program);
        let events = Events::new();
        let tell = note(&events);
        let (before, decode, inside, encode, after, failed, finalize) =
            (tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone());
        let endpoint = endpoint_fn(move |text: Bytes| {
            inside("endpoint");
            async move { if text == "bad" { Err(Error::from(Code::NotFound)) } else { Ok(text) } }
        });
        let decode = decode_fn(move |_: &mut _, payload: Bytes| {
            decode("decode");
            Ok::<_, Error>(payload)
        });
        let encode = encode_fn(move |reply: Bytes| {
            encode("encode");
            Ok::<_, Error>(Reply::new(reply))
        });
        let server = Server::new(endpoint, decode, encode)
            .before(move |context| {
                before("before");
                if context.metadata().get("x-refuse").is_some() { Err(Code::PermissionDenied.into()) } else { Ok(()) }
            })
            .after(move |context, headers| {
                after("after");
                let asked = context.metadata().get("x-refuse").is_some();
                headers
                    .insert("x-seen".parse().unwrap(), HeaderValue::from_static(if asked { "refused" } else { "1" }));
            })
            .on_error(move |_, exchange| {
                assert_eq!(exchange.via, Some(Via::nats("shout")));
                failed("on_error");
            })
            .finalize(move |summary| {
                assert_eq!((&summary.exchange.via, summary.wants_reply), (&Some(Via::nats("shout")), true));
                assert_ne!(summary.ending, Ending::Cancelled);
                finalize("finalize");
            });
        let _service = nats.serve(Routes::new().subject("shout", server)).await;
        let seen = Events::new();
        let heads = seen.clone();
        let shout: BoxEndpoint<&'static str, Bytes> = nats
            .remote()
            .await
            .subject("shout")
            .raw()
            .after(move |headers: &Metadata| heads.push(headers.get("x-seen").unwrap().to_owned()))
            .erased();

        shout.invoke("a").await.unwrap();
        events.wait_len(6, SOON).await;
        assert_eq!(events.take(), ["before", "decode", "endpoint", "encode", "after", "finalize"]);
        shout.invoke("bad").await.unwrap_err();
        events.wait_len(6, SOON).await;
        assert_eq!(events.take(), ["before", "decode", "endpoint", "on_error", "after", "finalize"]);
        let mut request = Request::new("a");
        request.context_mut().metadata_mut().set("x-refuse", "1").unwrap();
        assert_eq!(shout.invoke(request).await.unwrap_err().code(), Code::PermissionDenied);
        events.wait_len(4, SOON).await;
        assert_eq!(events.take(), ["before", "on_error", "after", "finalize"]);
        assert_eq!(seen.take(), ["1", "1", "refused"]);
    }
}

#[tokio::test]
async fn a_hook_that_panics_costs_its_message_alone_and_is_told() {
    for program in servers("a_hook_that_panics_costs_its_message_alone_and_is_told") {
        let nats = Nats::start(&program);
        let told = Events::new();
        let tell = told.clone();
        // One that is done at once, and one that waits.
        let endpoint = endpoint_fn(|how: Bytes| async move {
            if how.starts_with(b"wait") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok::<_, Error>(how)
        });
        let server = Server::new(endpoint, Raw, Raw)
            .after(|context, _| assert!(context.metadata().get("x-panic").is_none(), "no headers"));
        let serve = serve(nats.connect().await, Routes::new().subject("shout", server));
        let service = Running::start(serve.on_event(move |event| tell.push(event.to_string()))).await;
        let remote = nats.remote().await;
        let shout: BoxEndpoint<&'static str, Bytes> =
            remote.subject("shout").raw().timeout(Duration::from_millis(300)).erased();
        for how in ["at once", "wait"] {
            let mut request = Request::new(how);
            request.context_mut().metadata_mut().set("x-panic", "1").unwrap();
            assert_eq!(shout.invoke(request).await.unwrap_err().code(), Code::DeadlineExceeded);
            told.wait_len(1, SOON).await;
            assert_eq!(told.take(), ["shout: panicked: no headers"]);
            assert_eq!(shout.invoke(how).await.unwrap(), how);
        }
        service.stop(SOON).await.unwrap();
    }
}

#[tokio::test]
async fn the_clients_events_come_in_the_order_that_is_written_down_and_on_failure_too() {
    for program in servers("the_clients_events_come_in_the_order_that_is_written_down_and_on_failure_too") {
        let nats = Nats::start(&program);
        let _service = nats.serve(sum_routes()).await;
        let events = Events::new();
        let tell = note(&events);
        let (encode, before, after, decode, failed, finalize) =
            (tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone(), tell.clone());
        let encode = encode_request_fn(move |text: &'static str, headers: &mut Metadata| {
            encode("encode");
            headers.set("x-encoded", "1").unwrap();
            Ok::<_, Error>(Bytes::from(text))
        });
        let decode = decode_response_fn(move |_: &mut Metadata, payload: Bytes| {
            decode("decode");
            Ok::<_, Error>(payload)
        });
        let outcomes = Events::new();
        let told = outcomes.clone();
        let sum: BoxEndpoint<&'static str, Bytes> = nats
            .remote()
            .await
            .subject("add.sum")
            .codecs(encode, decode)
            .before(move |context, headers| {
                assert!(headers.get("x-encoded").is_some() && headers.get("towerkit-timeout").is_some());
                assert!(context.metadata().is_empty());
                before("before");
                if headers.get("x-refuse").is_some() { Err(Code::PermissionDenied.into()) } else { Ok(()) }
            })
            .after(move |_| after("after"))
            .error_decoder(move |headers, payload| {
                failed("error_decoder");
                towerkit_transport_nats::reply_error(headers, payload)
            })
            .finalize(move |summary| {
                finalize("finalize");
                told.push((summary.subject.as_deref().map(str::to_owned), summary.ending));
            })
            .erased();
        assert_eq!(sum.invoke(r#"{"a":1,"b":2}"#).await.unwrap(), r#"{"v":3}"#);
        assert_eq!(events.take(), ["encode", "before", "after", "error_decoder", "decode", "finalize"]);
        sum.invoke("").await.unwrap_err();
        assert_eq!(events.take(), ["encode", "before", "after", "error_decoder", "finalize"]);
        let mut request = Request::new("");
        request.context_mut().metadata_mut().set("x-refuse", "1").unwrap();
        sum.invoke(request).await.unwrap_err();
        assert_eq!(events.take(), ["encode", "before", "finalize"]);
        let subject = Some("add.sum".to_owned());
        assert_eq!(
            outcomes.take(),
            [
                (subject.clone(), Ending::Complete),
                (subject, Ending::Failed(Code::InvalidArgument)),
                (None, Ending::Failed(Code::PermissionDenied)),
            ]
        );
    }
}
