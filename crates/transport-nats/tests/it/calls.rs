use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::{Empty, Json, Raw, decode_fn, decode_response_fn, encode_fn, encode_request_fn};
use towerkit_transport_nats::{Reply, Routes, Server};

use crate::site::{Nats, ONE_TWO, SOON, servers, sum, sum_of, sum_routes, until, within};

#[tokio::test]
async fn an_endpoint_is_the_same_on_both_ends() {
    for program in servers("an_endpoint_is_the_same_on_both_ends") {
        let nats = Nats::start(&program);
        let service = nats.serve(sum_routes()).await;
        assert_eq!(sum_of(&nats.remote().await).invoke(ONE_TWO).await.unwrap().v, 3);
        service.stop(SOON).await.unwrap();
    }
}

#[tokio::test]
async fn any_client_of_nats_gets_plain_json_without_headers() {
    for program in servers("any_client_of_nats_gets_plain_json_without_headers") {
        let nats = Nats::start(&program);
        let _service = nats.serve(sum_routes()).await;
        let reply = nats.connect().await.request("add.sum", r#"{"a":1,"b":2}"#.into()).await.unwrap();
        assert_eq!((reply.payload, reply.headers), (Bytes::from_static(br#"{"v":3}"#), None));
    }
}

#[tokio::test]
async fn the_members_of_a_queue_group_share_the_messages() {
    for program in servers("the_members_of_a_queue_group_share_the_messages") {
        let nats = Nats::start(&program);
        let counts = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
        let mut services = Vec::new();
        for count in counts.clone() {
            let count = endpoint_fn(move |()| {
                count.fetch_add(1, SeqCst);
                async { Ok::<_, Error>(()) }
            });
            services.push(
                nats.serve(Routes::new().subject("count", Server::new(count, Empty, Empty)).queue_group("q")).await,
            );
        }
        let call: BoxEndpoint<(), ()> = nats.remote().await.subject("count").empty().erased();
        for _ in 0..100 {
            call.invoke(()).await.unwrap();
        }
        let counts = counts.map(|count| count.load(SeqCst));
        assert_eq!(counts.iter().sum::<usize>(), 100, "each message goes to one: {counts:?}");
        assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
    }
}

#[tokio::test]
async fn without_a_queue_group_each_replica_gets_each_message() {
    for program in servers("without_a_queue_group_each_replica_gets_each_message") {
        let nats = Nats::start(&program);
        let seen = Events::new();
        let mut services = Vec::new();
        for replica in 0..2 {
            let seen = seen.clone();
            let hear = endpoint_fn(move |()| {
                seen.push(replica);
                async { Ok::<_, Error>(()) }
            });
            services.push(nats.serve(Routes::new().subject("hear", Server::new(hear, Empty, Empty))).await);
        }
        let client = nats.connect().await;
        client.publish("hear", Bytes::new()).await.unwrap();
        let mut seen = seen.wait_len(2, SOON).await;
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
    }
}

#[tokio::test]
async fn a_message_without_a_reply_subject_is_handled_and_its_error_goes_to_the_handler_alone() {
    for program in servers("a_message_without_a_reply_subject_is_handled_and_its_error_goes_to_the_handler_alone") {
        let nats = Nats::start(&program);
        let events = Events::new();
        let (encode, after, failed, ended) = (events.clone(), events.clone(), events.clone(), events.clone());
        let fail =
            endpoint_fn(
                |ok: Bytes| async move { if ok.is_empty() { Err(Error::from(Code::NotFound)) } else { Ok(ok) } },
            );
        let encode = encode_fn(move |_: Bytes| {
            encode.push("encode".to_owned());
            Ok::<_, Error>(Reply::default())
        });
        let server = Server::new(fail, Raw, encode)
            .after(move |_, _| after.push("after".to_owned()))
            .on_error(move |error, exchange| failed.push(format!("{exchange}: {error}")))
            .finalize(move |summary| {
                assert_eq!((summary.wants_reply, summary.payload_bytes), (false, 0));
                ended.push(format!("{:?}", summary.ending));
            });
        let _service = nats.serve(Routes::new().subject("fire", server)).await;
        let client = nats.connect().await;
        client.publish("fire", Bytes::new()).await.unwrap();
        assert_eq!(events.wait_len(2, SOON).await, ["nats fire: not found", "Failed(NotFound)"]);
        client.publish("fire", "ok".into()).await.unwrap();
        assert_eq!(events.wait_len(3, SOON).await[2], "Complete");
    }
}

#[tokio::test]
async fn a_subject_that_nobody_serves_is_unavailable_at_once_and_was_not_sent() {
    for program in servers("a_subject_that_nobody_serves_is_unavailable_at_once_and_was_not_sent") {
        let nats = Nats::start(&program);
        let error = within(sum_of(&nats.remote().await).invoke(ONE_TWO)).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "nobody serves the subject"));
        assert!(error.get::<NotSent>().is_some());
    }
}

#[tokio::test]
async fn codecs_may_be_functions_on_both_sides() {
    for program in servers("codecs_may_be_functions_on_both_sides") {
        let nats = Nats::start(&program);
        let decode = decode_fn(|_: &mut _, payload: Bytes| Ok::<_, Error>(payload.len()));
        let encode = encode_fn(|length: usize| Ok::<_, Error>(Reply::new(length.to_string())));
        let same = endpoint_fn(|length: usize| async move { Ok::<_, Error>(length) });
        let _service = nats.serve(Routes::new().subject("length", Server::new(same, decode, encode))).await;
        let remote = nats.remote().await;
        let write = encode_request_fn(|text: &'static str, _: &mut _| Ok::<_, Error>(Bytes::from(text)));
        let read = decode_response_fn(|_: &mut _, payload: Bytes| {
            std::str::from_utf8(&payload).map_err(Error::internal)?.parse::<usize>().map_err(Error::internal)
        });
        let length: BoxEndpoint<&'static str, usize> = remote.subject("length").codecs(write, read).erased();
        assert_eq!(length.invoke("three").await.unwrap(), 5);
        let json: BoxEndpoint<u32, u32> = remote.subject("length").codecs(Json, Json).erased();
        assert_eq!(json.invoke(12345).await.unwrap(), 5);
    }
}

#[tokio::test]
async fn the_counters_of_a_subject_are_those_of_the_service_protocol() {
    for program in servers("the_counters_of_a_subject_are_those_of_the_service_protocol") {
        let nats = Nats::start(&program);
        let serve =
            towerkit_transport_nats::serve(nats.connect().await, sum_routes().subject("other", Server::json(sum())));
        let stats = serve.stats();
        let _service = crate::site::Running::start(serve).await;
        let remote = nats.remote().await;
        for _ in 0..3 {
            sum_of(&remote).invoke(ONE_TWO).await.unwrap();
        }
        let bad: BoxEndpoint<&'static str, i32> = remote.subject("add.sum").json().erased();
        bad.invoke("no sum").await.unwrap_err();
        until("it is counted", || stats.subjects()[0].requests == 4).await;
        let [sum, other] = &stats.subjects()[..] else { panic!("two subjects") };
        assert_eq!((&*sum.subject, sum.queue_group.as_deref()), ("add.sum", Some("add")));
        assert_eq!((sum.errors, other.requests), (1, 0));
        assert!(!sum.processing_time.is_zero() && other.processing_time.is_zero());
        assert!(sum.last_error.as_deref().unwrap().starts_with("400:"), "{:?}", sum.last_error);
        assert_eq!(other.last_error, None);
    }
}
