use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::Reason;

/// What a check says: known at once, or later.
///
/// A check that needs nothing but the processor answers [`Now`](Self::Now), and then costs neither an allocation nor a poll; one that must
/// wait, for a password hash or a key set, answers [`Later`](Self::Later). Dropping that future is cancellation.
pub enum Answer<T, E = Reason> {
    /// It is known.
    Now(Result<T, E>),
    /// It will be.
    Later(Later<T, E>),
}

/// What will be known.
pub(crate) type Later<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<T, E> Answer<T, E> {
    /// The check has passed.
    pub const fn pass(proof: T) -> Self {
        Self::Now(Ok(proof))
    }

    /// The check has failed.
    pub const fn fail(reason: E) -> Self {
        Self::Now(Err(reason))
    }

    /// What a future says.
    pub fn later(future: impl Future<Output = Result<T, E>> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T, E> From<Result<T, E>> for Answer<T, E> {
    fn from(result: Result<T, E>) -> Self {
        Self::Now(result)
    }
}

impl<T, E> fmt::Debug for Answer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now(Ok(_)) => "Now(Ok(..))",
            Self::Now(Err(_)) => "Now(Err(..))",
            Self::Later(_) => "Later(..)",
        })
    }
}
