use std::fmt::Display;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use towerkit_endpoint::Error;

use super::EncodeRequest;
use crate::Body;
use crate::client::Draft;
use crate::client::headers::is_reserved;
use crate::codec::{Empty, EncodeResponse, Form, Headers, Json, Path, Plain, Query, Raw, Text};

impl<T: Serialize> EncodeRequest<T> for Json {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        as_reply(self, message, draft)
    }
}

impl<T: Display> EncodeRequest<T> for Text {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        as_reply(self, message, draft)
    }
}

impl<T: Into<Body>> EncodeRequest<T> for Raw {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        as_reply(self, message, draft)
    }
}

/// Nothing: what there is to say stands in the path.
impl<T> EncodeRequest<T> for Empty {
    fn encode(&self, _: T, _: &mut Draft) -> Result<Body, Error> {
        Ok(Body::empty())
    }
}

impl<T: Serialize> EncodeRequest<T> for Form {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        let text = serde_urlencoded::to_string(message).map_err(Error::internal)?;
        let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        draft.headers_mut().insert(CONTENT_TYPE, media_type);
        Ok(text.into())
    }
}

/// Fields whose names are in the path's template go there, the others into the query string: the rule of `google.api.http`.
impl<T: Serialize> EncodeRequest<T> for Query {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        each_field(message, |name, value| {
            if draft.has_path_name(name) {
                return draft.path_value(name, value);
            }
            draft.query_value(name, value);
            Ok(())
        })
    }

    fn fills_path(&self) -> bool {
        true
    }
}

/// As the server reads them: fields by their names, and what is no struct in the order of the template.
impl<T: Serialize> EncodeRequest<T> for Path {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        if let Ok(fields) = serde_urlencoded::to_string(&message) {
            form_urlencoded::parse(fields.as_bytes()).try_for_each(|(name, value)| draft.path_value(&name, &value))?;
            return Ok(Body::empty());
        }
        let values = match serde_json::to_value(&message).map_err(Error::internal)? {
            Value::Array(values) => values,
            value => vec![value],
        };
        draft.path_values(values.into_iter().map(path_text).collect::<Result<_, _>>()?)?;
        Ok(Body::empty())
    }

    fn fills_path(&self) -> bool {
        true
    }
}

impl<T: Serialize> EncodeRequest<T> for Headers {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        each_field(message, |name, value| {
            let header: HeaderName = name.parse().map_err(Error::internal)?;
            // The names may come from outside as well: a map is `Serialize` too.
            if is_reserved(&header) {
                return Err(Error::invalid(name.to_owned(), "is a header that no message may set"));
            }
            let value = HeaderValue::try_from(value)
                .map_err(|error| Error::invalid(name.to_owned(), "can't be a header's value").with_source(error))?;
            draft.headers_mut().insert(header, value);
            Ok(())
        })
    }
}

impl<A, B, X: EncodeRequest<A>, Y: EncodeRequest<B>> EncodeRequest<(A, B)> for (X, Y) {
    fn encode(&self, (first, second): (A, B), draft: &mut Draft) -> Result<Body, Error> {
        let _ = self.0.encode(first, draft)?;
        self.1.encode(second, draft)
    }

    fn fills_path(&self) -> bool {
        self.0.fills_path() || self.1.fills_path()
    }
}

impl<A, B, C, X, Y, Z> EncodeRequest<(A, B, C)> for (X, Y, Z)
where
    X: EncodeRequest<A>,
    Y: EncodeRequest<B>,
    Z: EncodeRequest<C>,
{
    fn encode(&self, (first, second, third): (A, B, C), draft: &mut Draft) -> Result<Body, Error> {
        let _ = self.0.encode(first, draft)?;
        let _ = self.1.encode(second, draft)?;
        self.2.encode(third, draft)
    }

    fn fills_path(&self) -> bool {
        self.0.fills_path() || self.1.fills_path() || self.2.fills_path()
    }
}

/// A body is the same bytes with the same media type, whichever way it goes.
fn as_reply<N: EncodeResponse<T, Plain>, T>(codec: &N, message: T, draft: &mut Draft) -> Result<Body, Error> {
    let (mut parts, body) = codec.encode(message)?.into_parts();
    if let Some(media_type) = parts.headers.remove(CONTENT_TYPE) {
        draft.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    Ok(body)
}

/// What has text enough for a path.
fn path_text(value: Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(Error::internal("a path takes text, numbers and flags"))
        }
    }
}

/// The fields of a message as text; the form of a query string is the way that serde has to it.
fn each_field<T: Serialize>(message: T, mut each: impl FnMut(&str, &str) -> Result<(), Error>) -> Result<Body, Error> {
    let text = serde_urlencoded::to_string(message).map_err(Error::internal)?;
    form_urlencoded::parse(text.as_bytes()).try_for_each(|(name, value)| each(&name, &value))?;
    Ok(Body::empty())
}
