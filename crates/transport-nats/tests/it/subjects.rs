use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent, Request, Via, service_fn};
use towerkit_transport_nats::codec::{Json, Raw};
use towerkit_transport_nats::{Matched, Routes, Server};

use crate::site::{Nats, servers, sum};

fn matched() -> Routes {
    let tell = || {
        service_fn(|request: Request<bytes::Bytes>| async move {
            let context = request.context();
            let matched = context.get::<Matched>().unwrap();
            let Some(Via::Nats { subject }) = context.via() else { panic!("it came by NATS") };
            assert_eq!(matched.subject(), &**subject);
            Ok::<_, Error>(matched.iter().map(str::to_owned).collect::<Vec<_>>())
        })
    };
    Routes::new()
        .subject("orders.*.lines.*", Server::new(tell(), Raw, Json))
        .subject("logs.*.>", Server::new(tell(), Raw, Json))
}

#[tokio::test]
async fn what_wildcards_matched_is_read_from_the_context() {
    for program in servers("what_wildcards_matched_is_read_from_the_context") {
        let nats = Nats::start(&program);
        let _service = nats.serve(matched()).await;
        let remote = nats.remote().await;
        let call = |subject: &str| -> BoxEndpoint<(), Vec<String>> { remote.subject(subject).json().erased() };
        assert_eq!(call("orders.7.lines.2").invoke(()).await.unwrap(), ["7", "2"]);
        assert_eq!(call("logs.eu.a.b").invoke(()).await.unwrap(), ["eu", "a.b"]);
        let by: BoxEndpoint<u32, Vec<String>> =
            remote.subject_by(|order: &u32| format!("orders.{order}.lines.1")).json().erased();
        assert_eq!(by.invoke(12).await.unwrap(), ["12", "1"]);
    }
}

#[tokio::test]
async fn a_message_that_makes_no_subject_is_not_sent() {
    for program in servers("a_message_that_makes_no_subject_is_not_sent") {
        let nats = Nats::start(&program);
        let remote = nats.remote().await;
        let by: BoxEndpoint<&'static str, ()> =
            remote.subject_by(|order: &&'static str| format!("orders.{order}.x")).json().erased();
        for bad in ["", "*", ">", "a b", "a\r\nPUB x 0"] {
            let error = by.invoke(bad).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{bad:?}");
            assert!(error.get::<NotSent>().is_some());
        }
    }
}

#[test]
#[should_panic(expected = "served already")]
fn a_subject_is_served_once() {
    let _ = Routes::new().subject("a", Server::json(sum())).subject("a", Server::json(sum()));
}

#[test]
#[should_panic(expected = "is no subject")]
fn a_malformed_subject_is_found_at_start() {
    let _ = Routes::new().subject("a..b", Server::json(sum()));
}
