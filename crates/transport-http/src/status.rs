use http::StatusCode;
use towerkit_endpoint::Code;

/// The status that a failure of a code is answered with, after the table in the comments of `google.rpc.Code`.
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
    match code {
        // nginx's "client closed request": no one is there to read it, but logs and finalizers do.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The code of a failed reply that says no more than its status.
///
/// Other statuses of the 4xx class are `InvalidArgument`; anything else that is no success is `Unknown`.
#[must_use]
pub fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        401 | 407 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 | 410 => Code::NotFound,
        405 | 501 => Code::Unimplemented,
        408 | 504 => Code::DeadlineExceeded,
        409 => Code::Aborted,
        412 | 428 => Code::FailedPrecondition,
        413 | 429 => Code::ResourceExhausted,
        416 => Code::OutOfRange,
        499 => Code::Cancelled,
        400..=499 => Code::InvalidArgument,
        500 => Code::Internal,
        502 | 503 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
