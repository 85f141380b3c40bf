//! A failed reply of any form is an error, and one of ours is the error that it was.

#![no_main]

use bytes::Bytes;
use futures_util::FutureExt;
use http::Response;
use libfuzzer_sys::fuzz_target;
use towerkit_endpoint::Code;
use towerkit_transport_http::{problem_json, reply_error};

fuzz_target!(|data: &[u8]| {
    let [first, body @ ..] = data else { return };
    let status = 400 + u16::from(*first);
    let media_type = if first % 2 == 0 { "application/problem+json" } else { "text/plain" };
    let Ok(response) = Response::builder().status(status).header("content-type", media_type).body(()) else { return };
    let (parts, ()) = response.into_parts();
    let error = reply_error(&parts, &Bytes::copy_from_slice(body));

    let (parts, body) = problem_json(&error).into_parts();
    let body = body.read(usize::MAX).now_or_never().unwrap().unwrap();
    let again = reply_error(&parts, &body);
    if !matches!(error.code(), Code::Unknown) {
        assert_eq!(again.code(), error.code());
    }
    assert_eq!(again.violations(), error.violations());
});
