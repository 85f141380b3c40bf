use std::marker::PhantomData;

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::error::Category;
use serde_path_to_error::Track;
use towerkit_endpoint::Error;

use super::{DecodeRequest, EncodeResponse, expect_media_type, read, shorten};
use crate::Body;

/// JSON (RFC 8259), by serde.
///
/// A request's `content-type` must be `application/json` or end in `+json`; without one, or with another, it is refused
/// with 415: a browser can send a form to any site, but not JSON. A body that can't be read is refused with 400, and the
/// reply says what is wrong and where: the line and column of malformed text, the path of a field (`items[2].price`) that is
/// missing or of another type. Unknown fields are passed over unless the type denies them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl<T: DeserializeOwned + Send> DecodeRequest<T> for Json {
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<T, Error> {
        from_slice(&request_bytes(parts, body, limit).await?)
    }
}

impl<R: Serialize> EncodeResponse<R> for Json {
    fn encode(&self, reply: R) -> Result<Response<Body>, Error> {
        let bytes = serde_json::to_vec(&reply).map_err(Error::internal)?;
        let mut response = Response::new(Bytes::from(bytes).into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }
}

/// Reads the body of a request that says it is JSON.
pub(super) async fn request_bytes(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, Error> {
    let is_json = |essence: &str| {
        let is = |suffix: &str| {
            essence
                .len()
                .checked_sub(suffix.len())
                .is_some_and(|start| essence.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(suffix)))
        };
        essence.eq_ignore_ascii_case("application/json") || is("+json")
    };
    expect_media_type(parts, is_json, "application/json")?;
    read(body, limit).await
}

/// Reads a message from JSON text.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    from_seed(bytes, PhantomData)
}

/// As [`from_slice`], by a seed.
pub(super) fn from_seed<'de, S: DeserializeSeed<'de> + Clone>(bytes: &'de [u8], seed: S) -> Result<S::Value, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = seed.clone().deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    // Keeping track of the path costs time; so a body is read once more when it is known to be bad.
    read.map_err(|error| explain(bytes, error, seed))
}

fn explain<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], error: serde_json::Error, seed: S) -> Error {
    if bytes.is_empty() {
        return Error::invalid("", "the body is empty, JSON is expected").with_source(error);
    }
    if let Err(utf8) = std::str::from_utf8(bytes) {
        return Error::invalid("", format!("the body is not UTF-8 at byte {}", utf8.valid_up_to())).with_source(error);
    }
    // serde_json puts the place at the end of its text; it is said in other words here.
    let text = error.to_string();
    let what = shorten(text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what));
    let place = format!("line {} column {}", error.line(), error.column());
    if error.classify() != Category::Data {
        return Error::invalid("", format!("malformed JSON at {place}: {what}")).with_source(error);
    }
    let (mut deserializer, mut track) = (serde_json::Deserializer::from_slice(bytes), Track::new());
    let read = seed.deserialize(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track));
    let path = track.path();
    let path = if read.is_err() && path.iter().len() > 0 { path.to_string() } else { String::new() };
    // The path ends at what holds the field; the name of the missing one is in the text alone.
    if let Some(name) = what.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        return Error::invalid(field, "is missing").with_source(error);
    }
    Error::invalid(shorten(&path), format!("{what} (at {place})")).with_source(error)
}
