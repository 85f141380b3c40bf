use std::error::Error as StdError;
use std::time::Duration;

use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::error::causes;
use crate::{BoxError, Classify, Code, Error, NotSent, Refusal};

/// What a layer may ask of an error that passes through it, whatever its type: breakers, retries and metrics.
///
/// [`Error`], every domain error that [says its code](Classify), and tower's [`BoxError`] answer. A Tower service with another
/// error type can join by saying the code alone.
///
/// ```
/// use towerkit_endpoint::{BoxError, Code, Error, Failure};
///
/// fn log<E: Failure>(error: &E) -> &'static str {
///     error.code().as_str()
/// }
///
/// assert_eq!(log(&Error::from(Code::NotFound)), "not_found");
/// assert_eq!(log(&BoxError::from(Error::from(Code::NotFound))), "not_found");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what kind of failure it is",
    label = "this error has no `Code`",
    note = "implement `towerkit_endpoint::Classify` for it, or let the service fail with `towerkit_endpoint::Error` or a `BoxError`"
)]
pub trait Failure {
    /// What kind of failure it is.
    fn code(&self) -> Code;

    /// Whether the call certainly did not reach the service, so that it may be repeated even where it is not idempotent. By
    /// default nothing is known, which is no.
    fn is_not_sent(&self) -> bool {
        false
    }

    /// Whether a layer in this process refused the call: an open breaker, a limit, a load shedder. It says nothing of the service
    /// behind. By default not.
    fn is_refused(&self) -> bool {
        false
    }

    /// How long to wait before trying again, where the failure says so. By default it does not.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The error itself, to be shown to operators as a [`Report`](crate::Report). By default there is no more to it than its code.
    fn as_error(&self) -> Option<&(dyn StdError + 'static)> {
        None
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        self.code()
    }

    fn is_not_sent(&self) -> bool {
        self.get::<NotSent>().is_some()
    }

    fn is_refused(&self) -> bool {
        was_refused(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after()
    }

    fn as_error(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self)
    }
}

impl<E: Classify> Failure for E {
    fn code(&self) -> Code {
        Classify::code(self)
    }

    fn is_not_sent(&self) -> bool {
        refusal(self).is_some()
    }

    fn is_refused(&self) -> bool {
        refusal(self).is_some()
    }

    fn retry_after(&self) -> Option<Duration> {
        refusal(self).and_then(Refusal::retry_after)
    }

    fn as_error(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self)
    }
}

/// As [`Error::from`] would see it: the chain of sources decides.
impl Failure for BoxError {
    fn code(&self) -> Code {
        Code::of(&**self)
    }

    fn is_not_sent(&self) -> bool {
        // What stands below the first of them is why, or what became of another call.
        let said = causes(&**self).find_map(|cause| {
            let sent = cause.downcast_ref().map(Error::is_not_sent);
            sent.or_else(|| refuses(cause).then_some(true))
        });
        said.unwrap_or(false)
    }

    fn is_refused(&self) -> bool {
        was_refused(&**self)
    }

    fn retry_after(&self) -> Option<Duration> {
        // What stands below the first of them is why, and says nothing of this call.
        let said = causes(&**self).find_map(|cause| {
            let refusal = cause.downcast_ref().map(Refusal::retry_after);
            refusal.or_else(|| cause.downcast_ref().map(Error::retry_after))
        });
        said.flatten()
    }

    fn as_error(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&**self)
    }
}

/// An endpoint's own error may have below it the refusal of a call that the endpoint made in turn. It lacks the mark of an unsent call, and so what
/// is below it says nothing of this one.
fn was_refused(error: &(dyn StdError + 'static)) -> bool {
    let may_be = |cause: &&(dyn StdError + 'static)| cause.downcast_ref().is_none_or(Error::is_not_sent);
    causes(error).take_while(may_be).any(refuses)
}

fn refuses(cause: &(dyn StdError + 'static)) -> bool {
    cause.is::<Refusal>() || cause.is::<Overloaded>()
}

fn refusal<E: Classify>(error: &E) -> Option<&Refusal> {
    error.source()?.downcast_ref()
}

/// The code that a cause is, or that of a refusal, which may have why it refused below it instead.
pub(crate) fn said(cause: &(dyn StdError + 'static)) -> Option<Code> {
    cause.downcast_ref::<Refusal>().map(Refusal::code).or_else(|| cause.downcast_ref().copied())
}

impl Code {
    /// The code of any error: that of the first [`Error`], `Code` or [`Refusal`] in the chain of its sources; `DeadlineExceeded` and `Unavailable`
    /// for tower's own timeout and load shed; else `Internal`.
    #[must_use]
    pub fn of(error: &(dyn StdError + 'static)) -> Self {
        if error.is::<Elapsed>() {
            return Self::DeadlineExceeded;
        }
        if error.is::<Overloaded>() {
            return Self::Unavailable;
        }
        causes(error)
            .find_map(|cause| cause.downcast_ref::<Error>().map(Error::code).or_else(|| said(cause)))
            .unwrap_or(Self::Internal)
    }
}
