use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use towerkit_endpoint::Error;

use crate::codec::json::from_slice;

/// Reads parameters. None at all, an empty object and an empty array are the same for a message that has nothing in it.
pub(super) fn read<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, Error> {
    let text = params.map_or("{}", RawValue::get);
    let result = from_slice(text.as_bytes());
    let is_empty = || text[1..text.len() - 1].trim().is_empty();
    if result.is_err()
        && is_empty()
        && let Ok(nothing) = serde_json::from_str("null")
    {
        return Ok(nothing);
    }
    result
}

/// Writes parameters; `null`, which is what `()` is, is none.
pub(super) fn write(params: &impl Serialize) -> Result<Option<Box<RawValue>>, Error> {
    let text = to_raw_value(params).map_err(Error::internal)?;
    match text.get().as_bytes().first() {
        Some(b'{' | b'[') => Ok(Some(text)),
        _ if text.get() == "null" => Ok(None),
        _ => Err(Error::invalid("", "the parameters of a JSON-RPC call must be an object or an array")),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sum {
        a: i64,
        b: i64,
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn parameters_are_read_by_name_and_by_position() {
        for text in [r#"{"b":2,"a":1}"#, "[1,2]"] {
            assert_eq!(read::<Sum>(Some(&raw(text))).unwrap(), Sum { a: 1, b: 2 });
        }
        let error = read::<Sum>(Some(&raw(r#"{"a":1}"#))).unwrap_err();
        assert_eq!(error.message(), "b: is missing");
        assert_eq!(read::<Sum>(None).unwrap_err().message(), "a: is missing");
    }

    #[test]
    fn no_parameters_are_nothing_in_each_of_their_forms() {
        read::<()>(None).unwrap();
        for text in ["{}", "[ ]"] {
            read::<()>(Some(&raw(text))).unwrap();
        }
        read::<()>(Some(&raw("[1]"))).unwrap_err();
        assert_eq!(read::<Option<Sum>>(None).unwrap(), None);
    }
}
