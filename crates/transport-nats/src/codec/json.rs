use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use towerkit_endpoint::{Context, Error, Metadata};

use super::{DecodeRequest, DecodeResponse, EncodeRequest, EncodeResponse, unreadable};
use crate::Reply;
use crate::text::shorten;

/// JSON (RFC 8259), by serde.
///
/// A request that can't be read is `InvalidArgument`, and the reply says what is wrong and where: the line and column of
/// malformed text, the path of a field (`items[2].price`) that is missing or of another type. Unknown fields are passed over
/// unless the type denies them. No media type is sent or asked for, as is the use with NATS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl<T: DeserializeOwned> DecodeRequest<T> for Json {
    fn decode(&self, _: &mut Context, payload: Bytes) -> Result<T, Error> {
        // Keeping track of the path costs time; so a payload is read once more when it is known to be bad.
        serde_json::from_slice(&payload).map_err(|error| explain::<T>(&payload, error))
    }
}

impl<R: Serialize> EncodeResponse<R> for Json {
    fn encode(&self, reply: R) -> Result<Reply, Error> {
        Ok(Reply::new(serde_json::to_vec(&reply).map_err(Error::internal)?))
    }
}

impl<T: Serialize> EncodeRequest<T> for Json {
    fn encode(&self, message: T, _: &mut Metadata) -> Result<Bytes, Error> {
        Ok(serde_json::to_vec(&message).map_err(Error::internal)?.into())
    }
}

impl<R: DeserializeOwned> DecodeResponse<R> for Json {
    fn decode(&self, _: &mut Metadata, payload: Bytes) -> Result<R, Error> {
        serde_json::from_slice(&payload).map_err(unreadable)
    }
}

fn explain<T: DeserializeOwned>(payload: &[u8], error: serde_json::Error) -> Error {
    if payload.is_empty() {
        return Error::invalid("", "the payload is empty, JSON is expected").with_source(error);
    }
    if let Err(utf8) = std::str::from_utf8(payload) {
        return Error::invalid("", format!("the payload is not UTF-8 at byte {}", utf8.valid_up_to()))
            .with_source(error);
    }
    // serde_json puts the place at the end of its text; it is said in other words here.
    let text = error.to_string();
    let what = shorten(text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what));
    let place = format!("line {} column {}", error.line(), error.column());
    if error.classify() != Category::Data {
        return Error::invalid("", format!("malformed JSON at {place}: {what}")).with_source(error);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(payload);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) if error.path().iter().len() > 0 => error.path().to_string(),
        _ => String::new(),
    };
    // The path ends at what holds the field; the name of the missing one is in the text alone.
    if let Some(name) = what.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        return Error::invalid(field, "is missing").with_source(error);
    }
    Error::invalid(shorten(&path), format!("{what} (at {place})")).with_source(error)
}
