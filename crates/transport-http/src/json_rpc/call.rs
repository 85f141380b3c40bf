use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use towerkit_endpoint::ErrorHandlers;

use super::ErrorObject;

/// What a request's body holds: one call or a batch.
#[derive(Debug)]
pub struct Payload {
    pub(super) calls: Vec<Result<Call, Malformed>>,
    pub(super) is_batch: bool,
    /// Who hears of what goes wrong with them, beside those of the [`Methods`](super::Methods).
    pub(super) on_error: Option<Arc<ErrorHandlers>>,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    /// An object or an array.
    pub(super) params: Option<Box<RawValue>>,
    /// As it was written; a call without one is a notification.
    pub(super) id: Option<Box<RawValue>>,
}

/// What is no call, and what its answer says.
#[derive(Debug)]
pub(super) struct Malformed {
    pub(super) id: Option<Box<RawValue>>,
    pub(super) error: ErrorObject,
}

/// The members of a call as they were written. One that stands twice is refused.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

/// A member that is `null` is there all the same.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl Payload {
    /// Reads a body. Nothing of it fails as a whole: what is malformed is answered in its place.
    pub(super) fn read(body: &[u8], max_calls: usize) -> Self {
        let single = |call| Self { calls: vec![call], is_batch: false, on_error: None };
        let text: &RawValue = match serde_json::from_slice(body) {
            Ok(text) => text,
            Err(error) => return single(Err(Malformed { id: None, error: ErrorObject::parse_error(&error) })),
        };
        if !text.get().starts_with('[') {
            return single(Call::read(text.get()));
        }
        let elements =
            match serde_json::Deserializer::from_str(text.get()).deserialize_seq(Elements { most: max_calls }) {
                Ok(elements) => elements,
                Err(error) => return single(Err(Malformed { id: None, error: ErrorObject::parse_error(&error) })),
            };
        match elements.len() {
            0 => single(Err(Malformed::new(None, "the batch is empty"))),
            calls if calls > max_calls => {
                single(Err(Malformed::new(None, format!("the batch has more than {max_calls} calls"))))
            }
            _ => {
                let calls = elements.into_iter().map(|call| Call::read(call.get())).collect();
                Self { calls, is_batch: true, on_error: None }
            }
        }
    }
}

impl Call {
    fn read(text: &str) -> Result<Self, Malformed> {
        if !text.starts_with('{') {
            return Err(Malformed::new(None, "it is not an object"));
        }
        let members: Members<'_> = serde_json::from_str(text).map_err(|error| {
            // What is said is which member stands twice; its place would be that within this call.
            let text = error.to_string();
            Malformed::new(None, text.split(" at line ").next().unwrap_or_default().to_owned())
        })?;
        let id = match members.id {
            // The only kinds there are (section 4).
            Some(id)
                if id.get() == "null" || id.get().starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) =>
            {
                Some(id.to_owned())
            }
            Some(_) => return Err(Malformed::new(None, "id: is neither a string nor a number nor null")),
            None => None,
        };
        let malformed = |why: &'static str| Err(Malformed::new(id.clone(), why));
        match string(members.jsonrpc) {
            Some(version) if version == "2.0" => {}
            _ => return malformed("jsonrpc: must be \"2.0\""),
        }
        let Some(method) = string(members.method) else { return malformed("method: must be a string") };
        let params = match members.params.map(RawValue::get) {
            // Many clients write it for none.
            None | Some("null") => None,
            Some(text) if text.starts_with(['[', '{']) => members.params.map(ToOwned::to_owned),
            Some(_) => return malformed("params: must be an object or an array"),
        };
        Ok(Self { method: method.into_owned(), params, id })
    }
}

impl Malformed {
    fn new(id: Option<Box<RawValue>>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { id, error: ErrorObject::invalid_request(&why.into()) }
    }
}

fn string(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str(value?.get()).ok().map(|Text(text)| text)
}

/// Reads the elements of an array, one more than there may be at most: the rest is only looked at.
struct Elements {
    most: usize,
}

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() <= self.most {
            match array.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok(elements),
            }
        }
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str) -> Result<Call, Malformed> {
        let mut payload = Payload::read(body.as_bytes(), 3);
        assert!(!payload.is_batch);
        payload.calls.remove(0)
    }

    #[test]
    fn an_id_is_kept_as_it_was_written() {
        for id in ["1", "\"1\"", "null", "-0", "12345.60", "1e400", "123456789012345678901234567890", r#""\u0041\n""#] {
            let call = one(&format!(r#"{{"id": {id} ,"jsonrpc":"2.0","method":"m"}}"#)).unwrap();
            assert_eq!(call.id.unwrap().get(), id);
        }
    }

    #[test]
    fn an_id_of_another_kind_makes_no_request() {
        for id in ["{}", "[1]", "true", "false"] {
            let malformed = one(&format!(r#"{{"jsonrpc":"2.0","method":"m","id":{id}}}"#)).unwrap_err();
            assert_eq!((malformed.error.code(), malformed.id.is_none()), (-32600, true), "{id}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_makes_no_request() {
        let malformed = one(r#"{"jsonrpc":"2.0","method":"a","method":"b","id":1}"#).unwrap_err();
        assert_eq!(malformed.error.code(), -32600);
    }

    #[test]
    fn a_batch_that_is_too_long_is_one_error() {
        let call = r#"{"jsonrpc":"2.0","method":"m","id":1}"#;
        let most = Payload::read(format!("[{}]", [call; 3].join(",")).as_bytes(), 3);
        assert_eq!((most.calls.len(), most.is_batch), (3, true));
        let more = Payload::read(format!("[{}]", [call; 9].join(",")).as_bytes(), 3);
        assert_eq!((more.calls.len(), more.is_batch), (1, false));
    }
}
