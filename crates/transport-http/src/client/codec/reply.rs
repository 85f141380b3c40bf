use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{StatusCode, response};
use serde::de::DeserializeOwned;
use towerkit_endpoint::{Code, Error};

use super::{DecodeResponse, read, unreadable};
use crate::Body;
use crate::codec::{Empty, Json, Raw, Text};

/// The media type must be `application/json` or end in `+json`. A reply with 204 is read as `null`, so that `()` and
/// `Option` take it.
impl<R: DeserializeOwned + Send> DecodeResponse<R> for Json {
    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<R, Error> {
        let bytes = json_bytes(parts, body, limit).await?;
        // Keeping track of the path costs time; so a body is read once more when it is known to be bad.
        serde_json::from_slice(&bytes).map_err(|error| {
            match serde_path_to_error::deserialize::<_, R>(&mut serde_json::Deserializer::from_slice(&bytes)) {
                Err(with_path) => unreadable(with_path),
                Ok(_) => unreadable(error),
            }
        })
    }

    fn accept(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("application/json"))
    }
}

impl DecodeResponse<String> for Text {
    async fn decode(&self, _: &mut response::Parts, body: Body, limit: usize) -> Result<String, Error> {
        String::from_utf8(read(body, limit).await?.into()).map_err(unreadable)
    }
}

impl DecodeResponse<Bytes> for Raw {
    async fn decode(&self, _: &mut response::Parts, body: Body, limit: usize) -> Result<Bytes, Error> {
        read(body, limit).await
    }
}

/// The body is passed over.
impl DecodeResponse<()> for Empty {
    async fn decode(&self, _: &mut response::Parts, body: Body, limit: usize) -> Result<(), Error> {
        // It is read all the same: a connection with something left on it is not used again.
        let _ = body.read(limit).await;
        Ok(())
    }
}

/// The body of a reply that is JSON.
pub(crate) async fn json_bytes(parts: &response::Parts, body: Body, limit: usize) -> Result<Bytes, Error> {
    if matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
        return Ok(Bytes::from_static(b"null"));
    }
    expect_json(parts)?;
    read(body, limit).await
}

fn expect_json(parts: &response::Parts) -> Result<(), Error> {
    let given = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    let given: String = if essence.is_empty() { "without a type".into() } else { essence.chars().take(100).collect() };
    Err(Error::new(Code::Internal, format!("the service's reply is {given}, application/json is expected")))
}
