//! What an error is on the wire, and back.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};
use tonic::metadata::MetadataMap;
use towerkit_endpoint::{Code, Error, RetryAfter, Violation};
use towerkit_transport_http::strip_reserved;

pub use tonic::Status;
pub use tonic_types::ErrorDetails;
use tonic_types::StatusExt as _;

pub(crate) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// All but printable ASCII, and the sign itself ("gRPC over HTTP2", `Percent-Byte-Unencoded`).
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Peers write binary metadata with padding and without it ("gRPC over HTTP2", `Custom-Metadata`).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The status that tells a caller of an error: `google.rpc.Status` and the trailers of "gRPC over HTTP2".
///
/// | of an [`Error`] | on the wire |
/// | --- | --- |
/// | [`code`](Error::code) | `grpc-status` |
/// | [`message`](Error::message) | `grpc-message`, percent-encoded |
/// | [`violations`](Error::violations) | `google.rpc.BadRequest`, among the details |
/// | [`retry_after`](Error::retry_after) | `google.rpc.RetryInfo`, among the details |
/// | an [`ErrorDetails`] among its extensions | those details: `ErrorInfo`, `QuotaFailure`, `Help`, … |
/// | [`metadata`](Error::metadata) | trailers |
/// | `source`, other extensions | nothing: they stay in the process |
///
/// The way back fills the same, and puts the whole [`Status`], with all of its trailers and with details that have no type here,
/// among the error's extensions. Of the trailers only `retry-after` and `www-authenticate` become the error's metadata: an error
/// that is passed on to a caller of ours does not take along what another service said to us.
///
/// ```
/// use std::collections::HashMap;
/// use towerkit_endpoint::{Code, Error};
/// use towerkit_transport_grpc::{ErrorDetails, Status, error_of, status_of};
///
/// let info = ErrorDetails::with_error_info("SOLD_OUT", "tickets.example", HashMap::new());
/// let error = Error::new(Code::FailedPrecondition, "this event is sold out").with_extension(info);
///
/// let status = status_of(&error);
/// let back = error_of(status);
/// assert_eq!((back.code(), back.message()), (error.code(), error.message()));
/// assert_eq!(back.get::<ErrorDetails>().unwrap().error_info().unwrap().reason, "SOLD_OUT");
/// assert!(back.get::<Status>().is_some());
/// ```
#[must_use]
pub fn status_of(error: &Error) -> Status {
    let metadata = MetadataMap::from_headers(error.metadata().headers().cloned().unwrap_or_default());
    let code = to_tonic(error.code());
    match details_of(error) {
        Some(details) => Status::with_error_details_and_metadata(code, error.message(), details, metadata),
        None => Status::with_metadata(code, error.message(), metadata),
    }
}

/// The error that a service's status is to its caller: the way back of [`status_of`].
///
/// For calls by generated clients: `client.sum(request).await.map_err(error_of)?`. A status of `Ok` that stands for an error is
/// `Unknown`, as one is that no number stands for.
#[must_use]
pub fn error_of(status: Status) -> Error {
    let code = Code::from_number(u8::try_from(i32::from(status.code())).unwrap_or_default()).unwrap_or(Code::Unknown);
    // An empty message says nothing, and the code's own says something.
    let mut error =
        if status.message().is_empty() { code.into() } else { Error::new(code, status.message().to_owned()) };
    let headers = status.metadata().as_ref();
    for name in [RETRY_AFTER, WWW_AUTHENTICATE] {
        for value in headers.get_all(&name) {
            error = error.with_metadata(name.clone(), value.clone());
        }
    }
    if !status.details().is_empty()
        && let Ok(details) = status.check_error_details()
    {
        for violation in details.bad_request().into_iter().flat_map(|bad| &bad.field_violations) {
            error = error.with_violation(Violation::new(violation.field.clone(), violation.description.clone()));
        }
        if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
            error = error.with_extension(RetryAfter(delay));
        }
        error = error.with_extension(details);
    }
    error.with_extension(status)
}

/// What goes among the details, if anything does.
fn details_of(error: &Error) -> Option<ErrorDetails> {
    let own = error.get::<ErrorDetails>();
    let (violations, delay) = (error.violations(), error.retry_after());
    if own.is_none() && violations.is_empty() && delay.is_none() {
        return None;
    }
    let mut details = own.cloned().unwrap_or_default();
    if details.retry_info().is_none() && delay.is_some() {
        details.set_retry_info(delay);
    }
    if !details.has_bad_request_violations() {
        for Violation { field, description, .. } in violations {
            details.add_bad_request_violation(&**field, &**description);
        }
    }
    Some(details)
}

fn to_tonic(code: Code) -> tonic::Code {
    i32::from(code.number()).into()
}

/// Writes a status where it stands on the wire: in the trailers, or in the head of a reply that has nothing else. Its metadata stand beside
/// it, but for what belongs to HTTP.
pub(crate) fn write(status: &Status, headers: &mut HeaderMap) {
    let mut metadata = status.metadata().as_ref().clone();
    strip_reserved(&mut metadata);
    headers.extend(metadata);
    headers.insert(STATUS, HeaderValue::from(i32::from(status.code())));
    let message = percent_encode(status.message().as_bytes(), ENCODED).to_string();
    let details = BASE64.encode(status.details());
    for (name, text) in [(MESSAGE, message), (DETAILS, details)] {
        // What is percent-encoded or in base64 is always a valid value.
        match HeaderValue::try_from(text) {
            Ok(value) if !value.is_empty() => headers.insert(name, value),
            _ => headers.remove(name),
        };
    }
}

/// `grpc-status: 0`.
pub(crate) fn write_ok(headers: &mut HeaderMap) {
    headers.insert(STATUS, HeaderValue::from_static("0"));
}

/// What the trailers, or the head of a reply without a body, say; none where they say nothing of a status.
///
/// tonic's own reader panics where the details are no base64, which a peer must not bring about.
pub(crate) fn read(headers: &HeaderMap) -> Option<Result<(), Status>> {
    let number = headers.get(&STATUS)?;
    if number.as_bytes() == b"0" {
        return Some(Ok(()));
    }
    let code = tonic::Code::from_bytes(number.as_bytes());
    // A status that can't be read is no success.
    let code = if code == tonic::Code::Ok { tonic::Code::Unknown } else { code };
    let message = headers.get(&MESSAGE).map(|value| percent_decode(value.as_bytes()).decode_utf8_lossy());
    let details = headers.get(&DETAILS).and_then(|value| BASE64.decode(value.as_bytes()).ok());
    let mut metadata = headers.clone();
    for name in [STATUS, MESSAGE, DETAILS] {
        metadata.remove(name);
    }
    Some(Err(Status::with_details_and_metadata(
        code,
        message.unwrap_or(Cow::Borrowed("")),
        details.map(Bytes::from).unwrap_or_default(),
        MetadataMap::from_headers(metadata),
    )))
}

/// The code of a reply that is none of gRPC ("HTTP to gRPC Status Code Mapping").
pub(crate) const fn code_of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn over_the_wire(error: &Error) -> Error {
        let mut trailers = HeaderMap::new();
        write(&status_of(error), &mut trailers);
        error_of(read(&trailers).unwrap().unwrap_err())
    }

    #[test]
    fn each_code_comes_back() {
        for code in Code::ALL {
            assert_eq!(over_the_wire(&code.into()).code(), code);
        }
    }

    #[test]
    fn messages_of_any_characters_come_back() {
        let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n 100 %";
        assert_eq!(over_the_wire(&Error::new(Code::Aborted, text)).message(), text);
    }

    #[test]
    fn violations_and_the_delay_come_back() {
        let error = Error::invalid("a", "is missing")
            .with_violation(Violation::new("b[2].c", "is too long"))
            .with_extension(RetryAfter(Duration::from_millis(1500)));
        let back = over_the_wire(&error);
        assert_eq!(back.violations(), error.violations());
        assert_eq!(back.retry_after(), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn of_the_trailers_only_what_is_for_every_caller_is_passed_on() {
        let error = Error::from(Code::Unauthenticated)
            .with_metadata(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            .with_metadata(HeaderName::from_static("x-inside"), HeaderValue::from_static("1"));
        let back = over_the_wire(&error);
        assert_eq!(back.metadata().get(WWW_AUTHENTICATE), Some("Bearer"));
        assert_eq!(back.metadata().get("x-inside"), None);
        assert_eq!(back.get::<Status>().unwrap().metadata().get("x-inside").unwrap(), "1");
    }

    #[test]
    fn the_source_stays_in_the_process() {
        let error = Error::internal(std::io::Error::other("/dev/sdb is on fire"));
        let mut trailers = HeaderMap::new();
        write(&status_of(&error), &mut trailers);
        assert!(!format!("{trailers:?}").contains("fire"), "{trailers:?}");
    }

    #[test]
    fn trailers_that_are_wrong_are_no_success_and_no_panic() {
        for (number, code) in [("", Code::Unknown), ("17", Code::Unknown), ("00", Code::Unknown), ("x", Code::Unknown)]
        {
            let headers = HeaderMap::from_iter([(STATUS, HeaderValue::from_str(number).unwrap())]);
            assert_eq!(error_of(read(&headers).unwrap().unwrap_err()).code(), code, "{number:?}");
        }
        let headers = HeaderMap::from_iter([
            (STATUS, HeaderValue::from_static("3")),
            (MESSAGE, HeaderValue::from_static("%ff%4")),
            (DETAILS, HeaderValue::from_static("*** no base64 ***")),
        ]);
        let error = error_of(read(&headers).unwrap().unwrap_err());
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(error.message(), "\u{fffd}%4");
        assert!(read(&HeaderMap::new()).is_none());
    }
}
