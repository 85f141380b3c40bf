//! Heads of requests: times, paths, queries and headers of any form are answered, and never as our own failure.

#![no_main]

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use tower::ServiceExt;
use towerkit_endpoint::{Error, endpoint_fn, timeout};
use towerkit_transport_http::codec::{Headers, Path, Query, Text};
use towerkit_transport_http::sse::{Events, LastEventId};
use towerkit_transport_http::{Body, Router, Server};

#[derive(Deserialize)]
#[allow(dead_code, reason = "they are read")]
struct Id {
    id: u64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "they are read")]
struct Search {
    q: Option<String>,
    limit: Option<u16>,
    flag: Option<bool>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "they are read")]
struct Meta {
    #[serde(rename = "x-number")]
    number: Option<i32>,
    #[serde(rename = "user-agent")]
    agent: Option<String>,
}

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = HeaderValue::from_bytes(data)
        && let Ok(time) = timeout::decode(&value)
    {
        // What is written anew never grows.
        let again = timeout::decode(&timeout::encode(time)).unwrap();
        assert!(again <= time);
    }
    let mut parts = data.splitn(6, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let target = String::from_utf8_lossy(next()).into_owned();
    let mut request = Request::get(if target.starts_with('/') { target } else { format!("/items/{target}") });
    for name in ["towerkit-timeout", "x-number", "user-agent", "last-event-id"] {
        if let (name, Ok(value)) = (HeaderName::from_static(name), HeaderValue::from_bytes(next())) {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request.body(Body::empty()) else { return };
    let item = endpoint_fn(|_: (Id, Search, Meta)| async { Ok::<_, Error>("found") });
    let last = endpoint_fn(|LastEventId(id)| async move { Ok::<_, Error>(id.unwrap_or_default()) });
    let routes = Router::new()
        .get("/items/{id}", Server::new(item, (Path, Query, Headers), Text))
        .get("/events/{*rest}", Server::new(last, Events::new(), Text));
    let response = routes.oneshot(request).now_or_never().expect("nothing waits").unwrap();
    assert!(response.status().as_u16() < 500, "{response:?}");
});
