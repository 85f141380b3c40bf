use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use towerkit_endpoint::{Code, Error, Violation};

use crate::Body;

/// The body of a failed reply: problem details (RFC 9457), as `application/problem+json`.
///
/// A server writes it from an [`Error`], a client reads it back into one. Beside the members of the RFC it has `code`, the
/// canonical code by name, and `errors`, what is wrong field by field. The error's source is never in it. `type` is left out
/// where it is `about:blank`, as the RFC has it.
///
/// ```
/// use towerkit_endpoint::{Code, Error};
/// use towerkit_transport_http::Problem;
///
/// let problem = Problem::from(&Error::invalid("a", "is missing"));
/// assert_eq!(
///     serde_json::to_string(&problem).unwrap(),
///     r#"{"title":"Bad Request","status":400,"detail":"a: is missing","code":"invalid_argument","errors":[{"field":"a","detail":"is missing"}]}"#
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Problem {
    /// A URI that names the kind of problem; none stands for `about:blank`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The kind of problem in words; for `about:blank` the reason phrase of the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The status, once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// This failure in words: [`Error::message`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// [`Code::as_str`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong, field by field: [`Error::violations`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field: one element of [`Problem::errors`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FieldProblem {
    /// The path of the field, `items[2].price`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// The media type of problem details.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// The error this stands for, when it came with a status.
    #[must_use]
    pub fn into_error(self, status: StatusCode) -> Error {
        let code =
            self.code.and_then(|name| name.parse().ok()).unwrap_or_else(|| Code::from_http_status(status.as_u16()));
        let error = match self.detail.or(self.title) {
            Some(message) => Error::new(code, message),
            None => Error::from(code),
        };
        self.errors
            .into_iter()
            .fold(error, |error, field| error.with_violation(Violation::new(field.field, field.detail)))
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let status = status_of(error);
        Self {
            kind: None,
            title: status.canonical_reason().map(str::to_owned),
            status: Some(status.as_u16()),
            detail: Some(error.message().to_owned()),
            code: Some(error.code().as_str().to_owned()),
            errors: error.violations().iter().map(FieldProblem::from).collect(),
        }
    }
}

impl From<&Violation> for FieldProblem {
    fn from(violation: &Violation) -> Self {
        Self { field: violation.field.clone().into_owned(), detail: violation.description.clone().into_owned() }
    }
}

/// The status of a failed reply: the [`StatusCode`] among the error's extensions, or else that of its [`Code`]
/// ([`Code::http_status`]).
///
/// ```
/// use http::StatusCode;
/// use towerkit_endpoint::{Code, Error};
/// use towerkit_transport_http::status_of;
///
/// let error = Error::new(Code::NotFound, "no profile 7");
/// assert_eq!(status_of(&error), StatusCode::NOT_FOUND);
/// assert_eq!(status_of(&error.with_extension(StatusCode::GONE)), StatusCode::GONE);
/// ```
#[must_use]
pub fn status_of(error: &Error) -> StatusCode {
    // The statuses of codes are from 400 to 504, and so can be.
    let of_code = || StatusCode::from_u16(error.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    error.get::<StatusCode>().copied().unwrap_or_else(of_code)
}

/// The default [error encoder](crate::Server::error_encoder): problem details, with the error's metadata as headers.
#[must_use]
pub fn problem_json(error: &Error) -> Response<Body> {
    reply(error, HeaderValue::from_static(Problem::MEDIA_TYPE), &Problem::from(error))
}

/// The error encoder that writes what Go kit's services write: `{"error": "the message"}`.
///
/// For a service whose clients know that form. The [client](crate::Client) reads both.
#[must_use]
pub fn plain_json(error: &Error) -> Response<Body> {
    #[derive(Serialize)]
    struct Plain<'a> {
        error: &'a str,
    }
    reply(error, HeaderValue::from_static("application/json"), &Plain { error: error.message() })
}

fn reply(error: &Error, media_type: HeaderValue, body: &impl Serialize) -> Response<Body> {
    // Structs of strings and numbers can always be written.
    let bytes = serde_json::to_vec(body).map_or_else(|_| Bytes::new(), Bytes::from);
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status_of(error);
    *response.headers_mut() = error.metadata().clone().into_headers();
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// A refusal that HTTP has a status of its own for.
pub(crate) fn refused(code: Code, status: StatusCode, message: String) -> Error {
    Error::new(code, message).with_extension(status)
}
