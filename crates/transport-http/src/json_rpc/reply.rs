use std::fmt::Write;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::value::RawValue;

use super::ErrorObject;

/// What is answered to a [`Payload`](super::Payload).
#[derive(Debug, Default)]
pub struct Reply {
    /// None where there were notifications only.
    pub(super) body: Option<Bytes>,
    /// Of a single call: its own metadata, or that of its error.
    pub(super) headers: HeaderMap,
}

/// The answer to a call that went well. The result is JSON.
pub(super) fn success(id: &RawValue, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","result":{result},"id":{id}}}"#)
}

/// The answer to a call that failed, or that was none.
pub(super) fn failure(id: &str, error: &ErrorObject) -> String {
    // A number, a text and JSON text can always be written.
    let error = serde_json::to_string(error).unwrap_or_else(|_| r#"{"code":-32603,"message":"internal error"}"#.into());
    let mut text = String::with_capacity(error.len() + id.len() + 40);
    let _ = write!(text, r#"{{"jsonrpc":"2.0","error":{error},"id":{id}}}"#);
    text
}
