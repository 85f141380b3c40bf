/// Marks an [`Error`](crate::Error) of a call that certainly did not reach the remote service: a value among its extensions.
///
/// A client's transport puts it there when a hook refused, the time was over beforehand, or there was no connection. Such a
/// call may be repeated whether it is idempotent or not. Where the mark is missing nothing is known: the service may have acted.
///
/// ```
/// use towerkit_endpoint::{Code, Error, NotSent};
///
/// let refused = Error::new(Code::Unavailable, "the service can't be reached").with_extension(NotSent);
/// assert!(refused.get::<NotSent>().is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSent;
