use std::error::Error as StdError;

use hyper_util::client::legacy;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use towerkit_endpoint::{BoxError, Code, Error, NotSent};

/// What a transport's failure is to the caller.
///
/// An error that says its code, by towerkit's or tower's means, keeps it. Any other is `Unavailable`.
pub(super) fn transport_failure(error: BoxError) -> Error {
    let says_its_code = error.is::<Elapsed>()
        || error.is::<Overloaded>()
        || causes(&*error).any(|cause| cause.is::<Error>() || cause.is::<Code>());
    if says_its_code {
        return error.into();
    }
    // The only failure of which hyper-util says that nothing was written yet.
    let connecting =
        causes(&*error).any(|cause| cause.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect));
    if connecting {
        Error::new(Code::Unavailable, "the service can't be reached").with_source(error).with_extension(NotSent)
    } else {
        Error::new(Code::Unavailable, "the connection to the service broke").with_source(error)
    }
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}
