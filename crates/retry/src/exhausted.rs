use std::error::Error as StdError;
use std::fmt;

use towerkit_endpoint::{BoxError, Error, Failure, Report};

/// All attempts of a call failed. It keeps the error of each.
///
/// `Display` is for operators: it says why no further attempt was made, and what became of each. Its
/// [`source`](StdError::source) is the error of the last attempt, and so an [`Error`] made of it has that one's code,
/// message, violations, metadata and extensions. Nothing of the other attempts reaches the caller.
///
/// Where the last attempt did not reach the service, but an earlier one may have, that earlier one is the source: else
/// the whole would pass for a call that [was not sent](towerkit_endpoint::NotSent).
///
/// A call of one attempt fails with that attempt's own error, not with this one.
///
/// ```
/// use tower::{ServiceBuilder, ServiceExt};
/// use towerkit_endpoint::{Code, Error, Request, service_fn};
/// use towerkit_retry::{Exhausted, RetryLayer, Stopped};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = ServiceBuilder::new()
///     .layer(RetryLayer::new().idempotent())
///     .service(service_fn(|_: Request<()>| async { Err::<(), _>(Error::new(Code::Unavailable, "moving house")) }));
///
/// let error = service.oneshot(Request::new(())).await.unwrap_err();
/// assert_eq!((error.code(), error.message()), (Code::Unavailable, "moving house"));
///
/// let exhausted: &Exhausted = error.find().unwrap();
/// assert_eq!((exhausted.errors().len(), exhausted.stopped()), (3, Stopped::Attempts));
/// # }
/// ```
#[derive(Debug)]
pub struct Exhausted {
    errors: Vec<Error>,
    /// Which of them is the source.
    telling: usize,
    stopped: Stopped,
}

/// Why no further attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stopped {
    /// All attempts there may be were made.
    Attempts,
    /// The last failure is not one to repeat: by its code, or since the call may have been done and is not idempotent.
    NotRepeatable,
    /// All attempts that a hedge had in flight failed.
    AllFailed,
    /// The time would have been over before the next attempt.
    Deadline,
    /// The failure asks for a longer wait than is allowed.
    RetryAfter,
    /// There was nothing left of the budget.
    Budget,
    /// The service failed for good: its readiness did.
    NotReady,
}

impl Stopped {
    /// In words, for logs and labels: `no attempts left`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attempts => "no attempts left",
            Self::NotRepeatable => "not to be repeated",
            Self::AllFailed => "none left in flight",
            Self::Deadline => "no time left",
            Self::RetryAfter => "too long to wait",
            Self::Budget => "no budget left",
            Self::NotReady => "the service failed",
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Exhausted {
    pub(crate) fn new(errors: Vec<Error>, stopped: Stopped) -> Self {
        let may_have_arrived = errors.iter().rposition(|error| !error.is_not_sent());
        let telling = may_have_arrived.unwrap_or(errors.len().saturating_sub(1));
        Self { errors, telling, stopped }
    }

    /// The error of each attempt, in the order in which they failed. What a service failed with stands in it as it was,
    /// or, for a type other than [`Error`], as its source.
    #[must_use]
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// Why no further attempt was made.
    #[must_use]
    pub const fn stopped(&self) -> Stopped {
        self.stopped
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed after {} attempts, {}", self.errors.len(), self.stopped)?;
        for (at, error) in self.errors.iter().enumerate() {
            write!(f, "; {}: {}", at + 1, error.code().as_str())?;
            let (report, known) = (Report::new(error).to_string(), error.code().message());
            // The fixed message of a code says no more than the code.
            match report.strip_prefix(known) {
                Some("") => {}
                Some(rest) if rest.starts_with(": ") => f.write_str(rest)?,
                _ => write!(f, ": {report}")?,
            }
        }
        Ok(())
    }
}

impl StdError for Exhausted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.errors.get(self.telling).map(|error| error as _)
    }
}

/// With all that the source has for the caller; the rest is for the log.
impl From<Exhausted> for Error {
    fn from(exhausted: Exhausted) -> Self {
        Self::from(BoxError::from(exhausted))
    }
}
