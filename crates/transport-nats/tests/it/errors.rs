use std::io::{BufRead, BufReader, Write};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderValue;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent, Violation, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::{Empty, Raw};
use towerkit_transport_nats::{Routes, Server, ServiceErrorCode, plain_json, serve};

use crate::site::{Nats, ONE_TWO, Running, SOON, servers, sum, sum_of, sum_routes};

fn failing(error: impl Fn() -> Error + Clone + Send + Sync + 'static) -> Routes {
    let fail = endpoint_fn(move |()| std::future::ready(Err::<(), _>(error())));
    Routes::new().subject("fail", Server::new(fail, Empty, Empty))
}

async fn fail(nats: &Nats) -> Error {
    let call: BoxEndpoint<(), ()> = nats.remote().await.subject("fail").empty().erased();
    call.invoke(()).await.unwrap_err()
}

#[tokio::test]
async fn only_the_nats_servers_own_word_says_that_nobody_serves() {
    for program in servers("only_the_nats_servers_own_word_says_that_nobody_serves") {
        let nats = Nats::start(&program);
        let error = fail(&nats).await;
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "nobody serves the subject"));
        assert!(error.get::<NotSent>().is_some());

        // Somebody does, and answers with that status, a payload or headers: it has acted, and it is not to be done again.
        for (head, payload) in [("NATS/1.0 503\r\n\r\n", "busy"), ("NATS/1.0 503\r\nx-why: busy\r\n\r\n", "")] {
            let mut socket = std::net::TcpStream::connect(("127.0.0.1", nats.port)).unwrap();
            socket.write_all(b"CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB fail 1\r\nPING\r\n").unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
            let mut next =
                move |start: &str| lines.find(|line| line.as_ref().unwrap().starts_with(start)).unwrap().unwrap();
            next("PONG");
            let answering = std::thread::spawn(move || {
                let line = next("HMSG");
                let inbox = line.split(' ').nth(3).unwrap();
                let (size, head_size) = (head.len() + payload.len(), head.len());
                write!(socket, "HPUB {inbox} {head_size} {size}\r\n{head}{payload}\r\nPING\r\n").unwrap();
                next("PONG");
            });
            let call: BoxEndpoint<(), ()> = nats.remote().await.subject("fail").empty().erased();
            if let Err(error) = call.invoke(()).await {
                assert!(error.get::<NotSent>().is_none(), "{error:?}");
            }
            answering.join().unwrap();
        }
    }
}

#[tokio::test]
async fn an_error_arrives_with_its_code_message_violations_and_metadata_and_without_its_source() {
    for program in servers("an_error_arrives_with_its_code_message_violations_and_metadata_and_without_its_source") {
        let nats = Nats::start(&program);
        let _service = nats
            .serve(failing(|| {
                Error::new(Code::FailedPrecondition, "sold\r\nout: zwölf")
                    .with_violation(Violation::new("items[2].price", "is \"negative\" – ü"))
                    .with_violation(Violation::new("b", "is missing"))
                    .with_metadata("retry-after".parse().unwrap(), HeaderValue::from_static("7"))
                    .with_source(std::io::Error::other("shard 3"))
            }))
            .await;
        let error = fail(&nats).await;
        assert_eq!((error.code(), error.message()), (Code::FailedPrecondition, "sold  out: zwölf"));
        let violations = [Violation::new("items[2].price", "is \"negative\" – ü"), Violation::new("b", "is missing")];
        assert_eq!(error.violations(), violations);
        assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
        assert_eq!(error.get(), Some(&ServiceErrorCode(400)));
        assert!(error.find::<std::io::Error>().is_none());
    }
}

#[tokio::test]
async fn an_error_is_what_clients_of_the_service_protocol_expect() {
    for program in servers("an_error_is_what_clients_of_the_service_protocol_expect") {
        let nats = Nats::start(&program);
        let _service = nats.serve(failing(|| Error::new(Code::NotFound, "no order 7"))).await;
        let reply = nats.connect().await.request("fail", Bytes::new()).await.unwrap();
        let headers = reply.headers.unwrap();
        assert_eq!(headers.get("Nats-Service-Error").unwrap().as_str(), "no order 7");
        assert_eq!(headers.get("Nats-Service-Error-Code").unwrap().as_str(), "404");
        assert_eq!(headers.get("towerkit-code").unwrap().as_str(), "not_found");
        assert!(reply.payload.is_empty());
    }
}

#[tokio::test]
async fn every_code_arrives_as_it_was() {
    for program in servers("every_code_arrives_as_it_was") {
        let nats = Nats::start(&program);
        let fail =
            endpoint_fn(
                |number: Bytes| async move { Err::<(), _>(Error::from(Code::from_number(number[0]).unwrap())) },
            );
        let _service = nats.serve(Routes::new().subject("fail", Server::new(fail, Raw, Empty))).await;
        let call: BoxEndpoint<Bytes, ()> = nats.remote().await.subject("fail").codecs(Raw, Empty).erased();
        for code in Code::ALL {
            let error = call.invoke(Bytes::copy_from_slice(&[code.number()])).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (code, code.message()));
        }
    }
}

#[tokio::test]
async fn a_number_of_ones_own_goes_out_and_comes_in() {
    for program in servers("a_number_of_ones_own_goes_out_and_comes_in") {
        let nats = Nats::start(&program);
        let _service =
            nats.serve(failing(|| Error::new(Code::Aborted, "busy").with_extension(ServiceErrorCode(1234)))).await;
        let error = fail(&nats).await;
        assert_eq!((error.code(), error.get()), (Code::Aborted, Some(&ServiceErrorCode(1234))));
    }
}

#[tokio::test]
async fn errors_of_other_services_are_read_by_their_number() {
    for program in servers("errors_of_other_services_are_read_by_their_number") {
        let nats = Nats::start(&program);
        let client = nats.connect().await;
        let mut requests = client.subscribe("fail").await.unwrap();
        client.flush().await.unwrap();
        let other = client.clone();
        tokio::spawn(async move {
            let replies =
                [("Nats-Service-Error", "no"), ("Nats-Service-Error-Code", "403"), ("Nats-Service-Error-Code", "x")];
            for (name, value) in replies {
                let request = requests.next().await.unwrap();
                let mut headers = HeaderMap::new();
                headers.insert(name, value);
                other.publish_with_headers(request.reply.unwrap(), headers, Bytes::new()).await.unwrap();
            }
        });
        let error = fail(&nats).await;
        assert_eq!((error.code(), error.message(), error.get::<ServiceErrorCode>()), (Code::Unknown, "no", None));
        let error = fail(&nats).await;
        assert_eq!((error.code(), error.message()), (Code::PermissionDenied, "permission denied"));
        assert_eq!(fail(&nats).await.code(), Code::Unknown);
    }
}

#[tokio::test]
async fn bad_json_is_the_callers_mistake_and_says_where() {
    for program in servers("bad_json_is_the_callers_mistake_and_says_where") {
        let nats = Nats::start(&program);
        let _service = nats.serve(sum_routes()).await;
        let call: BoxEndpoint<&'static str, Bytes> = nats.remote().await.subject("add.sum").raw().erased();
        for (payload, message) in [
            ("", "the payload is empty, JSON is expected"),
            ("{\n  \"a\":1,,}", "malformed JSON at line 2 column 9: key must be a string"),
            (r#"{"a":1}"#, "b: is missing"),
            (r#"{"a":1,"b":"x"}"#, "b: invalid type: string \"x\", expected i64 (at line 1 column 14)"),
        ] {
            let error = call.invoke(payload).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::InvalidArgument, message));
        }
    }
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused_by_its_name() {
    for program in servers("a_timeout_that_is_none_is_refused_by_its_name") {
        let nats = Nats::start(&program);
        let _service = nats.serve(sum_routes()).await;
        let call: BoxEndpoint<_, crate::site::Total> = nats
            .remote()
            .await
            .subject("add.sum")
            .json()
            .before(|_, headers| {
                headers.set("towerkit-timeout", "soon").unwrap();
                Ok(())
            })
            .erased();
        let error = call.invoke(ONE_TWO).await.unwrap_err();
        assert_eq!((error.code(), &*error.violations()[0].field), (Code::InvalidArgument, "towerkit-timeout"));
    }
}

#[tokio::test]
async fn a_panic_is_internal_to_the_caller_and_the_service_goes_on() {
    for program in servers("a_panic_is_internal_to_the_caller_and_the_service_goes_on") {
        let nats = Nats::start(&program);
        let causes = Events::new();
        let tell = causes.clone();
        let late = endpoint_fn(|()| async {
            tokio::task::yield_now().await;
            panic!("out of {}", "luck");
            #[expect(unreachable_code, reason = "it says what the endpoint answers")]
            Ok::<(), Error>(())
        });
        let server = Server::new(late, Empty, Empty)
            .on_error(move |error, _| tell.push(std::error::Error::source(error).unwrap().to_string()));
        let _service = nats.serve(sum_routes().subject("fail", server)).await;
        for _ in 0..2 {
            let error = fail(&nats).await;
            assert_eq!((error.code(), error.message()), (Code::Internal, "internal error"));
        }
        assert_eq!(causes.wait_len(2, SOON).await[0], "panicked: out of luck");
        sum_of(&nats.remote().await).invoke(ONE_TWO).await.unwrap();
    }
}

#[tokio::test]
async fn a_handler_of_all_subjects_hears_of_messages_that_reach_no_endpoint() {
    for program in servers("a_handler_of_all_subjects_hears_of_messages_that_reach_no_endpoint") {
        let nats = Nats::start(&program);
        let told = Events::new();
        let tell = told.clone();
        let fail = Server::new(endpoint_fn(|()| async { Err::<(), _>(Error::from(Code::NotFound)) }), Empty, Empty);
        let server = serve(nats.connect().await, sum_routes().subject("fail", fail));
        let server = server
            .on_error(move |error, exchange| tell.push(format!("{exchange} {}: {error}", exchange.reached_endpoint)));
        let _service = Running::start(server).await;
        sum_of(&nats.remote().await).invoke(ONE_TWO).await.unwrap();
        let client = nats.connect().await;
        client.request("add.sum", r#"{"a":1}"#.into()).await.unwrap();
        self::fail(&nats).await;
        assert_eq!(told.wait_len(2, SOON).await, ["nats add.sum false: b: is missing", "nats fail true: not found"]);
    }
}

#[tokio::test]
async fn callers_of_go_kit_may_be_told_in_the_payload() {
    for program in servers("callers_of_go_kit_may_be_told_in_the_payload") {
        let nats = Nats::start(&program);
        let server = Server::json(sum()).error_encoder(plain_json);
        let _service = nats.serve(Routes::new().subject("add.sum", server)).await;
        let reply = nats.connect().await.request("add.sum", r#"{"a":1}"#.into()).await.unwrap();
        assert_eq!(reply.payload, r#"{"err":"b: is missing"}"#);
        assert_eq!(reply.headers.unwrap().get("Nats-Service-Error-Code").unwrap().as_str(), "400");
    }
}

#[tokio::test]
async fn a_reply_that_can_not_be_read_is_the_services_fault() {
    for program in servers("a_reply_that_can_not_be_read_is_the_services_fault") {
        let nats = Nats::start(&program);
        let _service = nats.serve(sum_routes()).await;
        let call: BoxEndpoint<_, String> = nats.remote().await.subject("add.sum").json().erased();
        let error = call.invoke(ONE_TWO).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Internal, "the service's reply can't be read"));
    }
}
