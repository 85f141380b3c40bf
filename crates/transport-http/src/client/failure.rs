use std::error::Error as StdError;

use hyper_util::client::legacy;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use towerkit_endpoint::{BoxError, Code, Error};

/// Marks an [`Error`] of a [`Client`](crate::Client) whose request was certainly not sent: a value among its extensions.
///
/// The encoder or a hook refused, the time was over beforehand, or there was no connection. Such a call may be repeated
/// whatever the method. Where the mark is missing nothing is known: the remote service may have acted.
///
/// ```
/// use towerkit_endpoint::{Code, Endpoint};
/// use towerkit_transport_http::{NotSent, Pool, Remote};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A port that nobody listens on.
/// let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
/// let remote = Remote::new(&Pool::new(), &format!("http://127.0.0.1:{port}"))?;
/// let ping = remote.get("/ping").empty().erased();
///
/// let result: Result<(), _> = ping.invoke(()).await;
/// let error = result.unwrap_err();
/// assert_eq!(error.code(), Code::Unavailable);
/// assert!(error.get::<NotSent>().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSent;

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
