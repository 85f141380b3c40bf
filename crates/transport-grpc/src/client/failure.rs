use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use h2::Reason;
use tokio::time::Instant;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use towerkit_endpoint::{BoxError, Code, Error, NotSent};
use towerkit_transport_http::transport_failure;

use crate::status::{Status, error_of};

/// Whether the other side has not begun with the call, and will not: the stream was refused (RFC 9113, section 8.7), or the connection was
/// going away before it (section 6.8).
pub(super) fn is_refused(error: &(dyn StdError + 'static)) -> bool {
    let http2 = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>());
    http2.is_some_and(|error| match error.reason() {
        Some(Reason::REFUSED_STREAM) => true,
        Some(Reason::NO_ERROR) => error.is_go_away(),
        _ => false,
    })
}

/// What a failure of the channel, or of what it brings, is to the caller.
///
/// An error that says its code keeps it. A stream that was reset is told by the reason ("gRPC over HTTP2", `Errors`); that a
/// connection broke is `Unavailable`.
pub(super) fn channel_failure(error: BoxError) -> Error {
    let ours = causes(&*error).any(|cause| cause.is::<Error>() || cause.is::<Code>());
    if ours || error.is::<Elapsed>() || error.is::<Overloaded>() {
        return error.into();
    }
    if is_refused(&*error) {
        let refused = Error::new(Code::Unavailable, "the service did not take the call");
        return refused.with_source(error).with_extension(NotSent);
    }
    // A channel of another make that could not connect: nothing else is refused so.
    let refused = |cause: &(dyn StdError + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
    };
    if causes(&*error).any(refused) {
        return transport_failure(error).with_extension(NotSent);
    }
    let http2 = causes(&*error).find_map(|cause| cause.downcast_ref::<h2::Error>());
    match http2.map(|error| (error.reason(), error.is_go_away())) {
        Some((Some(reason), false)) => Error::new(code_of(reason), "the service broke the call off").with_source(error),
        Some(_) => transport_failure(error),
        None => {
            // tonic's channel says what it knows by a status, which is not much where it is `Unknown`.
            let status = causes(&*error).find_map(|cause| cause.downcast_ref::<Status>()).cloned();
            match status.filter(|status| status.code() != tonic::Code::Unknown) {
                Some(status) => error_of(status).with_source(error),
                None => transport_failure(error),
            }
        }
    }
}

/// A service that sees for itself that the time is over may reset the stream, and before this side's timer has fired.
pub(super) fn unless_late(deadline: Option<Instant>, error: Error) -> Error {
    // Its clock starts from a time that was rounded.
    let by_now = Instant::now() + Duration::from_millis(1);
    let was_reset = error.code() == Code::Cancelled && error.get::<Status>().is_none();
    if was_reset && deadline.is_some_and(|deadline| deadline <= by_now) {
        return Error::from(Code::DeadlineExceeded).with_source(error);
    }
    error
}

fn code_of(reason: Reason) -> Code {
    match reason {
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    }
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}
