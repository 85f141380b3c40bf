use http::HeaderValue;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent, Request, WithMetadata, service_fn};
use towerkit_transport_nats::codec::{Json, Raw};
use towerkit_transport_nats::{Routes, Server};

use crate::site::{Nats, servers};

fn echo() -> Routes {
    let echo = service_fn(|request: Request<bytes::Bytes>| async move {
        let mut reply = WithMetadata::new(
            request.context().metadata().iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(),
        );
        for (name, value) in request.context().metadata().iter() {
            reply = reply.with_metadata(name.clone(), value.clone());
        }
        Ok::<_, Error>(reply.with_trailer("x-trailer".parse().unwrap(), HeaderValue::from_static("t")))
    });
    Routes::new().subject("echo", Server::new(echo, Raw, Json))
}

#[tokio::test]
async fn metadata_travel_both_ways_with_all_their_values() {
    for program in servers("metadata_travel_both_ways_with_all_their_values") {
        let nats = Nats::start(&program);
        let _service = nats.serve(echo()).await;
        let call: BoxEndpoint<(), WithMetadata<Vec<String>>> = nats.remote().await.subject("echo").json().erased();
        let mut request = Request::new(());
        let metadata = request.context_mut().metadata_mut();
        metadata.set("authorization", "Bearer a").unwrap();
        metadata.set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        metadata.append("x-many".parse().unwrap(), HeaderValue::from_static("1"));
        metadata.append("x-many".parse().unwrap(), HeaderValue::from_static("2"));
        metadata.append("x-utf8".parse().unwrap(), HeaderValue::from_bytes("zwölf".as_bytes()).unwrap());
        metadata.append("x-empty".parse().unwrap(), HeaderValue::from_static(""));
        let sent = metadata.clone();
        let mut reply = call.invoke(request).await.unwrap();
        let came = reply.metadata_mut();
        assert_eq!(came.remove("x-trailer").unwrap(), "t");
        assert_eq!(*came, sent);
        assert!(!reply.reply().contains(&"towerkit-timeout".to_owned()), "the server has taken it");
    }
}

#[tokio::test]
async fn names_are_read_in_any_case_and_what_metadata_can_not_hold_is_left_out() {
    for program in servers("names_are_read_in_any_case_and_what_metadata_can_not_hold_is_left_out") {
        let nats = Nats::start(&program);
        let _service = nats.serve(echo()).await;
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Authorization", "Bearer a");
        headers.insert("X@Y(Z)", "no token");
        headers.insert("X-Control", "a\u{1}b");
        headers.insert("Nats-Msg-Id", "7");
        let client = nats.connect().await;
        let reply = client.request_with_headers("echo", headers, "".into()).await.unwrap();
        let mut names: Vec<String> = serde_json::from_slice(&reply.payload).unwrap();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "nats-msg-id"]);
        let headers = reply.headers.unwrap();
        assert_eq!(headers.get("authorization").unwrap().as_str(), "Bearer a");
        assert_eq!(headers.get("Nats-Msg-Id").unwrap().as_str(), "7");
    }
}

#[tokio::test]
async fn a_value_that_is_not_utf8_is_refused_before_it_is_sent() {
    for program in servers("a_value_that_is_not_utf8_is_refused_before_it_is_sent") {
        let nats = Nats::start(&program);
        let _service = nats.serve(echo()).await;
        let call: BoxEndpoint<(), Vec<String>> = nats.remote().await.subject("echo").json().erased();
        let mut request = Request::new(());
        request
            .context_mut()
            .metadata_mut()
            .insert("x-bytes".parse().unwrap(), HeaderValue::from_bytes(&[0xff]).unwrap());
        let error = call.invoke(request).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(error.violations()[0].field, "x-bytes");
        assert!(error.get::<NotSent>().is_some());
    }
}
