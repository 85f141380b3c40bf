use std::str::FromStr;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use towerkit_endpoint::Error;

use super::Events;
use crate::Body;
use crate::codec::DecodeRequest;
use crate::codec::{Draft, EncodeRequest};

const HEADER: HeaderName = HeaderName::from_static("last-event-id");

/// What a reader of events saw last: the message of an endpoint that sends them. [`Events`] reads and writes it as the header
/// `last-event-id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

impl LastEventId {
    /// The id as a value: none where the reader has seen none.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, naming the header, where it is no such value.
    pub fn parse<T: FromStr>(&self) -> Result<Option<T>, Error> {
        let parse = |id: &String| id.parse().map_err(|_| Error::invalid("last-event-id", "is none of this stream"));
        self.0.as_ref().map(parse).transpose()
    }
}

impl DecodeRequest<LastEventId> for Events {
    async fn decode(&self, parts: &mut Parts, _: Body, _: usize) -> Result<LastEventId, Error> {
        let text = |value: &HeaderValue| {
            let text = std::str::from_utf8(value.as_bytes()).map(str::to_owned);
            text.map_err(|error| Error::invalid("last-event-id", "is not UTF-8").with_source(error))
        };
        let id = parts.headers.get(HEADER).map(text).transpose()?;
        Ok(LastEventId(id.filter(|id| !id.is_empty())))
    }
}

impl EncodeRequest<LastEventId> for Events {
    fn encode(&self, LastEventId(id): LastEventId, draft: &mut Draft) -> Result<Body, Error> {
        if let Some(id) = id {
            let value = HeaderValue::from_bytes(id.as_bytes())
                .map_err(|error| Error::invalid("last-event-id", "can't stand in a header").with_source(error))?;
            draft.headers_mut().insert(HEADER, value);
        }
        Ok(Body::empty())
    }
}
