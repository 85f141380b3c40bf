//! What an error is on the wire, and back.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::{Deserialize, Serialize};
use towerkit_endpoint::{Code, Error, Metadata, Violation};

use crate::Reply;
use crate::text::cut;

const ERROR: HeaderName = HeaderName::from_static("nats-service-error");
const ERROR_CODE: HeaderName = HeaderName::from_static("nats-service-error-code");
const CODE: HeaderName = HeaderName::from_static("towerkit-code");
const VIOLATIONS: HeaderName = HeaderName::from_static("towerkit-violations");

/// The most bytes of a message in a header, and of all violations.
const MESSAGE: usize = 1024;
const ALL_VIOLATIONS: usize = 4096;

/// What a caller is told of a failed reply beside the error's own.
const KEPT: [HeaderName; 2] = [RETRY_AFTER, WWW_AUTHENTICATE];

/// The number in `Nats-Service-Error-Code`, as an extension of an [`Error`].
///
/// A client finds there the number that the service sent, whatever it means to that service. A server whose error has one sends it in
/// place of [that of the code](Code::http_status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceErrorCode(pub u32);

/// What is wrong with one field: an element of `towerkit-violations`.
#[derive(Serialize, Deserialize)]
struct Field<'a> {
    #[serde(borrow)]
    field: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    detail: std::borrow::Cow<'a, str>,
}

/// The default [error encoder](crate::Server::error_encoder): an error as the NATS service protocol has it (ADR-32), in headers, with an
/// empty payload.
///
/// | of an [`Error`] | on the wire |
/// | --- | --- |
/// | [`message`](Error::message) | `Nats-Service-Error`, at most 1 KiB; control characters are spaces there |
/// | [`code`](Error::code) | `Nats-Service-Error-Code`, a [number](Code::http_status) as in HTTP; `towerkit-code`, its name |
/// | [`violations`](Error::violations) | `towerkit-violations`: JSON, `[{"field":"a","detail":"is missing"}]`; what is over 4 KiB is left out |
/// | [`metadata`](Error::metadata) | headers |
/// | `source`, other extensions | nothing: they stay in the process |
///
/// The payload is empty on purpose: a caller that knows nothing of these headers, such as Go kit's, would take a JSON object for a reply whose
/// fields are all zero. An empty payload is no JSON, and fails there too.
///
/// ```
/// use towerkit_endpoint::Error;
/// use towerkit_transport_nats::{reply_error, service_error};
///
/// let reply = service_error(&Error::invalid("a", "is missing"));
/// assert_eq!(reply.headers().get("nats-service-error"), Some("a: is missing"));
/// assert_eq!(reply.headers().get("nats-service-error-code"), Some("400"));
///
/// let back = reply_error(reply.headers(), reply.payload()).unwrap();
/// assert_eq!(back.violations()[0].field, "a");
/// ```
#[must_use]
pub fn service_error(error: &Error) -> Reply {
    let mut reply = Reply::default();
    *reply.headers_mut() = error.metadata().clone();
    let headers = reply.headers_mut();
    let message = cut(error.message(), MESSAGE).replace(char::is_control, " ");
    headers.insert(ERROR, value(&message));
    let number = error.get().map_or_else(|| u32::from(error.code().http_status()), |ServiceErrorCode(number)| *number);
    headers.insert(ERROR_CODE, HeaderValue::from(number));
    headers.insert(CODE, HeaderValue::from_static(error.code().as_str()));
    if !error.violations().is_empty() {
        headers.insert(VIOLATIONS, value(&violations(error.violations())));
    }
    reply
}

/// The error encoder for callers that are Go kit's: [`service_error`] with the payload that Go kit's `DefaultErrorEncoder` writes,
/// `{"err":"the message"}`.
#[must_use]
pub fn plain_json(error: &Error) -> Reply {
    #[derive(Serialize)]
    struct Plain<'a> {
        err: &'a str,
    }
    // A struct of a string can always be written.
    let mut reply = Reply::new(serde_json::to_vec(&Plain { err: error.message() }).unwrap_or_default());
    *reply.headers_mut() = std::mem::take(service_error(error).headers_mut());
    reply
}

fn violations(violations: &[Violation]) -> String {
    let mut text = String::from("[");
    for violation in violations {
        let field = Field { field: (&*violation.field).into(), detail: (&*violation.description).into() };
        let json = serde_json::to_string(&field).unwrap_or_default();
        if text.len() + json.len() + 2 > ALL_VIOLATIONS {
            break;
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&json);
    }
    text.push(']');
    text
}

/// Text without control characters is always a value (JSON escapes them, DEL excepted).
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.replace('\u{7f}', " ").as_bytes()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The default [error decoder](crate::Client::error_decoder): the error that a reply stands for; none where it is a good one.
///
/// A reply is an error where it has `Nats-Service-Error` or `Nats-Service-Error-Code`, so that those of services in any language are read.
/// The code is that of `towerkit-code`, or else what the [number means](Code::from_http_status) as a status of HTTP; the message is that of `Nats-Service-Error`, or else the
/// code's own. The number is among the extensions as [`ServiceErrorCode`]; `retry-after` and `www-authenticate` are kept as metadata.
///
/// ```
/// use towerkit_endpoint::{Code, Metadata};
/// use towerkit_transport_nats::{ServiceErrorCode, reply_error};
///
/// let mut headers = Metadata::new();
/// headers.set("nats-service-error", "no such order").unwrap();
/// headers.set("nats-service-error-code", "404").unwrap();
/// let error = reply_error(&headers, &bytes::Bytes::new()).unwrap();
/// assert_eq!((error.code(), error.message()), (Code::NotFound, "no such order"));
/// assert_eq!(error.get(), Some(&ServiceErrorCode(404)));
/// ```
#[must_use]
pub fn reply_error(headers: &Metadata, _: &Bytes) -> Option<Error> {
    let (message, number) = (text(headers, &ERROR), text(headers, &ERROR_CODE));
    if message.is_none() && number.is_none() {
        return None;
    }
    let number: Option<u32> = number.and_then(|number| number.trim().parse().ok());
    let named = text(headers, &CODE).and_then(|name| name.parse().ok());
    let code = named.or_else(|| number.map(code_of)).unwrap_or(Code::Unknown);
    let mut error = match message.map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => Error::new(code, cut(message, MESSAGE)),
        None => Error::from(code),
    };
    let fields = text(headers, &VIOLATIONS).filter(|json| json.len() <= ALL_VIOLATIONS);
    for Field { field, detail } in fields.and_then(|json| serde_json::from_str::<Vec<_>>(json).ok()).unwrap_or_default()
    {
        error = error.with_violation(Violation::new(field.into_owned(), detail.into_owned()));
    }
    for name in KEPT {
        for value in headers.get_all(&name) {
            error = error.with_metadata(name.clone(), value.clone());
        }
    }
    Some(match number {
        Some(number) => error.with_extension(ServiceErrorCode(number)),
        None => error,
    })
}

fn text<'a>(headers: &'a Metadata, name: &HeaderName) -> Option<&'a str> {
    std::str::from_utf8(headers.get_all(name).next()?.as_bytes()).ok()
}

/// The code of an error that says no more than its number.
const fn code_of(number: u32) -> Code {
    // One that is too large for a status is unknown, as zero is.
    Code::from_http_status(if number <= u16::MAX as u32 { number as u16 } else { 0 })
}
