use http::StatusCode;
use towerkit_endpoint::Code;

/// The status that a failure of a code is answered with: [`Code::http_status`].
///
/// ```
/// use http::StatusCode;
/// use towerkit_endpoint::Code;
/// use towerkit_transport_http::status_of;
///
/// assert_eq!(status_of(Code::ResourceExhausted), StatusCode::TOO_MANY_REQUESTS);
/// ```
#[must_use]
pub fn status_of(code: Code) -> StatusCode {
    // All of them are from 400 to 504, and so are statuses.
    StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The code of a failed reply that says no more than its status: [`Code::from_http_status`].
#[must_use]
pub fn code_of(status: StatusCode) -> Code {
    Code::from_http_status(status.as_u16())
}
