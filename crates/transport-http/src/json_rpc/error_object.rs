use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use towerkit_endpoint::{Code, Error, Violation};

use crate::FieldProblem;

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;
/// The canonical codes count down from here, in the range that is left to servers.
const SERVER_ERROR: i64 = -32000;

/// The error of a call as it stands on the wire (section 5.1).
///
/// A server writes it from an [`Error`]; an endpoint that has numbers of its own puts one among the error's extensions. On the
/// client it is the error's source, where [`Error::find`] finds it.
///
/// ```
/// use towerkit_endpoint::{Code, Error};
/// use towerkit_transport_http::json_rpc::ErrorObject;
///
/// let sold_out = ErrorObject::new(7001, "sold out").with_data(&["row 1", "row 2"]);
/// let error = Error::new(Code::FailedPrecondition, "sold out").with_extension(sold_out);
/// # let _ = error;
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorObject {
    code: i64,
    message: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
}

/// What we put into `data`, and look for there.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    detail: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
}

impl ErrorObject {
    /// With a number and a message for the caller. Numbers from -32768 to -32000 are reserved (section 5.1).
    #[must_use]
    pub fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// With more about it, of any form. What can't be written as JSON is left out.
    #[must_use]
    pub fn with_data(mut self, data: &impl Serialize) -> Self {
        self.data = serde_json::value::to_raw_value(data).ok();
        self
    }

    /// The number.
    #[must_use]
    pub const fn code(&self) -> i64 {
        self.code
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// More about it, as JSON text.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref().map(RawValue::get)
    }

    pub(super) fn parse_error(error: &serde_json::Error) -> Self {
        let detail = error.to_string();
        Self::new(PARSE_ERROR, "Parse error").with_data(&Data { detail: Some(detail.into()), ..Data::default() })
    }

    pub(super) fn invalid_request(detail: &str) -> Self {
        Self::new(INVALID_REQUEST, "Invalid Request")
            .with_data(&Data { detail: Some(detail.into()), ..Data::default() })
    }

    pub(super) fn method_not_found() -> Self {
        Self::new(METHOD_NOT_FOUND, "Method not found")
    }

    /// The error this stands for.
    pub(super) fn into_error(self) -> Error {
        let data = self.data().and_then(|data| serde_json::from_str::<Data<'_>>(data).ok()).unwrap_or_default();
        let code = data.code.and_then(|name| name.parse().ok()).unwrap_or_else(|| code_of(self.code));
        // What is wrong with a call that is none stands beside the name of the number.
        let detail = data.detail.as_deref().filter(|detail| !detail.is_empty());
        let message = detail.map_or_else(|| self.message.to_string(), |detail| format!("{}: {detail}", self.message));
        let message: String = message.chars().take(1024).collect();
        let error = if message.is_empty() { Error::from(code) } else { Error::new(code, message) };
        data.errors
            .into_iter()
            .fold(error, |error, field| error.with_violation(Violation::new(field.field, field.detail)))
            .with_source(self)
    }
}

/// What the caller is told of an error; its source is not part of it.
impl From<&Error> for ErrorObject {
    fn from(error: &Error) -> Self {
        if let Some(own) = error.get::<Self>() {
            return own.clone();
        }
        let errors = error.violations().iter().map(FieldProblem::from).collect();
        let data = Data { code: Some(error.code().as_str().into()), detail: None, errors };
        Self::new(number_of(error.code()), error.message().to_owned()).with_data(&data)
    }
}

fn number_of(code: Code) -> i64 {
    match code {
        Code::InvalidArgument => INVALID_PARAMS,
        Code::Internal | Code::Unknown => INTERNAL_ERROR,
        other => SERVER_ERROR - i64::from(other.number()),
    }
}

fn code_of(number: i64) -> Code {
    match number {
        PARSE_ERROR | INVALID_REQUEST | INVALID_PARAMS => Code::InvalidArgument,
        METHOD_NOT_FOUND => Code::Unimplemented,
        INTERNAL_ERROR => Code::Internal,
        _ => SERVER_ERROR
            .checked_sub(number)
            .and_then(|number| u8::try_from(number).ok())
            .and_then(Code::from_number)
            .unwrap_or(Code::Unknown),
    }
}

/// The number alone: the message is that of the [`Error`] whose source this is.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON-RPC error {}", self.code)
    }
}

impl std::error::Error for ErrorObject {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_the_way_there_and_back() {
        for number in 1..=16 {
            let code = Code::from_number(number).unwrap();
            assert_eq!(ErrorObject::from(&Error::from(code)).into_error().code(), code);
            // Without data, as another server sends it; two codes have the same number.
            if code != Code::Unknown {
                assert_eq!(code_of(number_of(code)), code);
            }
        }
    }

    #[test]
    fn numbers_at_the_ends_of_their_range_are_unknown() {
        for number in [i64::MIN, i64::MAX, 0, -32000, -32017, -32099] {
            assert_eq!(code_of(number), Code::Unknown);
        }
    }
}
