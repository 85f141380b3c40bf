//! A body of JSON-RPC is answered with JSON or with nothing, and an identifier comes back as it was written.

#![no_main]

use futures_util::FutureExt;
use http::{Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde_json::value::RawValue;
use tower::ServiceExt;
use towerkit_endpoint::{Error, endpoint_fn};
use towerkit_transport_http::Body;
use towerkit_transport_http::json_rpc::{Methods, server};

#[derive(Deserialize)]
struct Sum {
    a: i64,
    b: i64,
}

fn answer(body: &[u8]) -> (StatusCode, Vec<u8>) {
    let sum = endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(sum.a.checked_add(sum.b)) });
    let echo = endpoint_fn(|value: serde_json::Value| async move { Ok::<_, Error>(value) });
    let nothing = endpoint_fn(|()| async { Ok::<_, Error>(()) });
    let methods = Methods::new().with("sum", sum).with("echo", echo).with("nothing", nothing).batch_limit(8);
    let request =
        Request::post("/").header("content-type", "application/json").body(Body::from(body.to_vec())).unwrap();
    let response = server(methods).oneshot(request).now_or_never().expect("nothing waits").unwrap();
    let status = response.status();
    (status, response.into_body().read(usize::MAX).now_or_never().unwrap().unwrap().to_vec())
}

fuzz_target!(|data: &[u8]| {
    let (status, body) = answer(data);
    assert!(matches!(status, StatusCode::OK | StatusCode::NO_CONTENT), "{status}");
    if status == StatusCode::OK {
        serde_json::from_slice::<&RawValue>(&body).expect("it is JSON");
    }
    // The input as an identifier.
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(id) = serde_json::from_str::<&RawValue>(text) else { return };
    if id.get().starts_with(['{', '[', 't', 'f']) {
        return;
    }
    let (_, body) = answer(format!(r#"{{"jsonrpc":"2.0","method":"nothing","id":{}}}"#, id.get()).as_bytes());
    let expected = format!(r#"{{"jsonrpc":"2.0","result":null,"id":{}}}"#, id.get());
    assert_eq!(String::from_utf8(body).unwrap(), expected);
});
