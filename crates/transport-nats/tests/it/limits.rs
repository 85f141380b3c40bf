use bytes::Bytes;
use towerkit_endpoint::{BoxEndpoint, Code, Ending, Endpoint, Error, NotSent, Request, WithMetadata, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::Raw;
use towerkit_transport_nats::{Reply, Routes, ServeEvent, Server, serve, service_error};

use crate::site::{Nats, Running, SOON, servers};

fn zeros() -> impl Endpoint<Bytes, Reply = Bytes, Failure = Error> {
    endpoint_fn(|size: Bytes| async move {
        let size: usize = std::str::from_utf8(&size).unwrap().trim().parse().unwrap();
        Ok::<_, Error>(Bytes::from(vec![0; size]))
    })
}

fn small(program: &std::path::Path, most: u32) -> Nats {
    Nats::configured(
        program,
        &format!("small-{most}-{}", towerkit_testing::process::free_port()),
        &format!("max_payload: {most}"),
    )
}

#[tokio::test]
async fn a_request_that_nats_would_not_carry_is_refused_before_it_is_sent_with_both_sizes() {
    for program in servers("a_request_that_nats_would_not_carry_is_refused_before_it_is_sent_with_both_sizes") {
        let nats = small(&program, 2048);
        let _service = nats.serve(Routes::new().subject("zeros", Server::new(zeros(), Raw, Raw))).await;
        let call: BoxEndpoint<Bytes, Bytes> =
            nats.remote().await.subject("zeros").raw().timeout(std::time::Duration::MAX).erased();
        let error = call.invoke(Bytes::from(vec![b' '; 2049])).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::ResourceExhausted, "the request is 2049 bytes, and NATS carries 2048 bytes here")
        );
        assert!(error.get::<NotSent>().is_some());
        // Headers count too: 12 bytes, and 5 + 4 + 100 for the line.
        let mut request = Request::new(Bytes::from(vec![b' '; 2000]));
        request.context_mut().metadata_mut().set("x-big", &"x".repeat(100)).unwrap();
        let error = call.invoke(request).await.unwrap_err();
        assert_eq!(error.message(), "the request is 2121 bytes, and NATS carries 2048 bytes here");
        assert!(call.invoke(Bytes::from(format!("{:>2048}", 7))).await.is_ok(), "the most there may be");
    }
}

#[tokio::test]
async fn a_reply_that_nats_would_not_carry_becomes_an_error() {
    for program in servers("a_reply_that_nats_would_not_carry_becomes_an_error") {
        let nats = small(&program, 2048);
        let events = Events::new();
        let (failed, ended) = (events.clone(), events.clone());
        let server = Server::new(zeros(), Raw, Raw).on_error(move |error, _| failed.push(error.code())).finalize(
            move |summary| {
                assert_ne!(summary.ending, Ending::Cancelled);
                summary.ending.code().into_iter().for_each(|code| ended.push(code));
            },
        );
        let serve = serve(nats.connect().await, Routes::new().subject("zeros", server));
        let stats = serve.stats();
        let _service = Running::start(serve).await;
        let call: BoxEndpoint<Bytes, Bytes> = nats.remote().await.subject("zeros").raw().erased();
        let error = call.invoke(Bytes::from("2049")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::ResourceExhausted, "the reply is 2049 bytes, and NATS carries 2048 bytes here")
        );
        assert_eq!(events.wait_len(2, SOON).await, [Code::ResourceExhausted, Code::ResourceExhausted]);
        assert_eq!(stats.subjects()[0].errors, 1);
        assert_eq!(call.invoke(Bytes::from("2048")).await.unwrap().len(), 2048);
    }
}

#[tokio::test]
async fn a_failure_that_nats_would_not_carry_is_one_error_and_not_two() {
    for program in servers("a_failure_that_nats_would_not_carry_is_one_error_and_not_two") {
        let nats = small(&program, 2048);
        let fail = endpoint_fn(|_: Bytes| async { Err::<Bytes, _>(Error::new(Code::NotFound, "none")) });
        let server = Server::new(fail, Raw, Raw).error_encoder(|error| match error.code() {
            Code::NotFound => Reply::new(vec![0; 3000]),
            _ => service_error(error),
        });
        let serve = serve(nats.connect().await, Routes::new().subject("fail", server));
        let stats = serve.stats();
        let _service = Running::start(serve).await;
        let call: BoxEndpoint<Bytes, Bytes> = nats.remote().await.subject("fail").raw().erased();
        assert_eq!(call.invoke(Bytes::new()).await.unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(stats.subjects()[0].errors, 1);
    }
}

#[tokio::test]
async fn a_reply_over_the_clients_own_limits_is_refused() {
    for program in servers("a_reply_over_the_clients_own_limits_is_refused") {
        let nats = Nats::start(&program);
        let server = Server::new(zeros(), Raw, Raw).after(|_, headers| headers.set("x-head", &"x".repeat(94)).unwrap());
        let _service = nats.serve(Routes::new().subject("zeros", server)).await;
        let zeros = nats.remote().await;
        let call: BoxEndpoint<Bytes, Bytes> = zeros.subject("zeros").raw().reply_limit(10).header_limit(100).erased();
        assert_eq!(call.invoke(Bytes::from("10")).await.unwrap().len(), 10);
        let error = call.invoke(Bytes::from("11")).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "the reply is longer than 10 bytes"));
        assert!(error.get::<NotSent>().is_none());
        let call: BoxEndpoint<Bytes, Bytes> = zeros.subject("zeros").raw().header_limit(99).erased();
        assert_eq!(call.invoke(Bytes::from("1")).await.unwrap_err().code(), Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn an_error_that_can_not_be_sent_either_is_told_as_lost() {
    for program in servers("an_error_that_can_not_be_sent_either_is_told_as_lost") {
        let nats = small(&program, 2048);
        let lost = Events::new();
        let tell = lost.clone();
        let big = endpoint_fn(|_: Bytes| async move {
            let value = http::HeaderValue::try_from("x".repeat(3000)).unwrap();
            Ok::<_, Error>(WithMetadata::new(Bytes::new()).with_metadata("x-big".parse().unwrap(), value))
        });
        let server = Server::new(big, Raw, Raw).after(|_, headers| {
            headers.set("x-always", &"x".repeat(2500)).unwrap();
        });
        let serve = serve(nats.connect().await, Routes::new().subject("big", server));
        let _service = Running::start(serve.on_event(move |event| {
            if let ServeEvent::ReplyLost { subject, error } = event {
                tell.push(format!("{subject}: {error}"));
            }
        }))
        .await;
        let client = nats.connect().await;
        client.publish_with_reply("big", "nowhere", Bytes::new()).await.unwrap();
        let lost = lost.wait_len(1, SOON).await;
        assert!(
            lost[0].starts_with("big: the reply is ") && lost[0].ends_with("NATS carries 2048 bytes here"),
            "{lost:?}"
        );
    }
}

#[tokio::test]
async fn a_payload_and_headers_over_the_servers_own_limits_are_refused() {
    for program in servers("a_payload_and_headers_over_the_servers_own_limits_are_refused") {
        let nats = Nats::start(&program);
        let server = Server::new(zeros(), Raw, Raw).request_limit(10).header_limit(100);
        let _service = nats.serve(Routes::new().subject("zeros", server)).await;
        let call: BoxEndpoint<Bytes, Bytes> = nats.remote().await.subject("zeros").raw().erased();
        assert_eq!(call.invoke(Bytes::from("         1")).await.unwrap().len(), 1);
        let error = call.invoke(Bytes::from("          1")).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "the payload is longer than 10 bytes"));
        let mut request = Request::new(Bytes::from("1"));
        request.context_mut().metadata_mut().set("x-big", &"x".repeat(100)).unwrap();
        let error = call.invoke(request).await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("longer than 100 bytes"), "{error}");
    }
}
