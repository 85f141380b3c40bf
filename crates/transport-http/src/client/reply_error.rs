use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{StatusCode, response};
use serde_json::Value;
use towerkit_endpoint::{Error, RetryAfter};

use crate::{FieldProblem, Problem};

/// What a caller is told of a failed reply beside its body.
const KEPT: [HeaderName; 2] = [RETRY_AFTER, WWW_AUTHENTICATE];

/// The longest plain text that is taken for a message, and the most that is kept of any, in bytes.
const MOST: usize = 1024;

/// The default [error decoder](crate::Client::error_decoder): the error that a failed reply stands for.
///
/// Its body is read as problem details (RFC 9457): `code` is the code, or else the one [of the status](towerkit_endpoint::Code::from_http_status);
/// `detail`, or else `title`, is the message; `errors` are the violations. Members of another type are passed over, as the
/// RFC asks. Go kit's `{"error": "the message"}` is read too, and a short text of type `text/plain`. Otherwise the message is
/// the reason of the status.
///
/// The error has the status among its extensions, and `retry-after` and `www-authenticate` as metadata. A `retry-after` that is a date
/// becomes a [`RetryAfter`] counted from now, so that [`Error::retry_after`] knows both forms (RFC 9110, section 10.2.3).
///
/// ```
/// use bytes::Bytes;
/// use http::{Response, StatusCode};
/// use towerkit_endpoint::Code;
/// use towerkit_transport_http::reply_error;
///
/// let (parts, ()) = Response::builder().status(404).body(()).unwrap().into_parts();
/// let error = reply_error(&parts, &Bytes::from_static(br#"{"title":"Not Found","detail":"no profile 7"}"#));
/// assert_eq!((error.code(), error.message()), (Code::NotFound, "no profile 7"));
/// assert_eq!(error.get(), Some(&StatusCode::NOT_FOUND));
/// ```
#[must_use]
pub fn reply_error(parts: &response::Parts, body: &Bytes) -> Error {
    let mut problem = problem(parts, body);
    if problem.detail.is_none() && problem.title.is_none() {
        problem.title = parts.status.canonical_reason().map(str::to_owned);
    }
    let mut error = problem.into_error(parts.status).with_extension::<StatusCode>(parts.status);
    for name in KEPT {
        for value in parts.headers.get_all(&name) {
            error = error.with_metadata(name.clone(), value.clone());
        }
    }
    match parts.headers.get(RETRY_AFTER).and_then(from_now) {
        Some(after) => error.with_extension(RetryAfter(after)),
        None => error,
    }
}

/// How long it is until a date; nothing where it is over.
fn from_now(date: &HeaderValue) -> Option<Duration> {
    let date = httpdate::parse_http_date(date.to_str().ok()?).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// What the body says. Its form is looked at before its media type: Go kit's services send theirs as `text/plain`.
fn problem(parts: &response::Parts, body: &Bytes) -> Problem {
    if let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) {
        let text = |name: &str| members.get(name).and_then(Value::as_str).and_then(message);
        let errors = members.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        return Problem {
            detail: text("detail").or_else(|| text("error")),
            title: text("title"),
            code: text("code"),
            errors: errors.iter().filter_map(field_problem).collect(),
            ..Problem::default()
        };
    }
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let plain = media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/plain"));
    let text = std::str::from_utf8(body).ok().filter(|text| plain && text.len() <= MOST);
    Problem { detail: text.and_then(message), ..Problem::default() }
}

fn field_problem(value: &Value) -> Option<FieldProblem> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(shorten);
    Some(FieldProblem { field: text("field").unwrap_or_default(), detail: text("detail")? })
}

fn message(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| shorten(text))
}

fn shorten(text: &str) -> String {
    if text.len() <= MOST {
        return text.to_owned();
    }
    let end = (0..=MOST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &text[..end])
}
