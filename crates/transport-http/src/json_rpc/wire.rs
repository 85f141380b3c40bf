//! What the client puts on the wire, and what it reads from there.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, response};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::value::RawValue;
use towerkit_endpoint::{BoxEndpoint, Code, Error};

use super::ErrorObject;
use crate::client::{read_reply, unreadable};
use crate::codec::DecodeResponse;
use crate::{Body, reply_error};

/// Text out, and text in where there is any.
pub(super) type Wire = BoxEndpoint<Bytes, Option<Bytes>>;

/// Identifiers of calls, as numbers that are not given twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids(Arc<AtomicU64>);

impl Ids {
    pub(super) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Writes a call; without an identifier it is a notification.
pub(super) fn write_call(
    out: &mut String,
    method: &str,
    params: Option<&RawValue>,
    id: Option<u64>,
) -> Result<(), Error> {
    let method = serde_json::to_string(method).map_err(Error::internal)?;
    // Writing into a `String` can't fail.
    let _ = write!(out, r#"{{"jsonrpc":"2.0","method":{method}"#);
    if let Some(params) = params {
        let _ = write!(out, r#","params":{params}"#);
    }
    if let Some(id) = id {
        let _ = write!(out, r#","id":{id}"#);
    }
    out.push('}');
    Ok(())
}

/// Reads the body of a reply, which may have none.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplyText;

impl DecodeResponse<Option<Bytes>> for ReplyText {
    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<Option<Bytes>, Error> {
        let bytes = read_reply(body, limit).await?;
        let nothing = parts.status == StatusCode::NO_CONTENT || bytes.trim_ascii().is_empty();
        Ok((!nothing).then_some(bytes))
    }

    fn accept(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("application/json"))
    }
}

/// The error of a reply whose status is no success: some servers answer a failed call so.
pub(super) fn decode_error(parts: &response::Parts, body: &Bytes) -> Error {
    match serde_json::from_slice::<Answer<'_>>(body) {
        Ok(Answer { error: Some(error), .. }) => error.into_error().with_extension::<StatusCode>(parts.status),
        _ => reply_error(parts, body),
    }
}

/// The answer to one call.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<ErrorObject>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl<'a> Answer<'a> {
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Error> {
        // serde would read an array as the members in their order.
        if text.trim_ascii().starts_with(b"[") {
            return Err(wrong("is to a batch"));
        }
        serde_json::from_slice(text).map_err(unreadable)
    }

    /// Which call it answers; none where the server could not tell.
    pub(super) fn id(&self) -> Option<u64> {
        self.id.and_then(|id| id.get().parse().ok())
    }

    /// The error, where it is one of no call: the server could not read what it was sent.
    pub(super) fn of_no_call(&self) -> Option<Error> {
        let of_none = self.id.is_none_or(|id| id.get() == "null");
        self.error.clone().filter(|_| of_none).map(ErrorObject::into_error)
    }

    pub(super) fn into_result<R: DeserializeOwned>(self) -> Result<R, Error> {
        if self.jsonrpc.as_deref() != Some("2.0") {
            return Err(wrong("does not say that it is JSON-RPC 2.0"));
        }
        match (self.result, self.error) {
            (Some(result), None) => {
                serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(result.get()))
                    .map_err(unreadable)
            }
            (None, Some(error)) => Err(error.into_error()),
            (Some(_), Some(_)) => Err(wrong("has both a result and an error")),
            (None, None) => Err(wrong("has neither a result nor an error")),
        }
    }
}

/// A reply that is not as the specification has it.
pub(super) fn wrong(what: &str) -> Error {
    Error::new(Code::Internal, format!("the service's reply {what}"))
}
