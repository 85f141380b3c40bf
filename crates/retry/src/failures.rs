use towerkit_endpoint::{BoxError, Code, Error, Failure, NotSent};

use crate::{AttemptElapsed, Exhausted, Stopped};

/// How an attempt failed.
pub(crate) enum Failed<E> {
    /// With an error of the service.
    Error(E),
    /// It was cut off.
    Elapsed(AttemptElapsed),
}

impl<E: Failure> Failed<E> {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Error(error) => error.code(),
            Self::Elapsed(elapsed) => Failure::code(elapsed),
        }
    }

    pub(crate) fn is_not_sent(&self) -> bool {
        match self {
            Self::Error(error) => error.is_not_sent(),
            Self::Elapsed(elapsed) => elapsed.is_not_sent(),
        }
    }

    pub(crate) fn is_refused(&self) -> bool {
        match self {
            Self::Error(error) => error.is_refused(),
            Self::Elapsed(_) => false,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Error(error) => error.retry_after(),
            Self::Elapsed(_) => None,
        }
    }
}

impl<E: Failure + Into<BoxError>> Failed<E> {
    fn into_error(self) -> Error {
        let (code, not_sent) = (self.code(), self.is_not_sent());
        let error = match self {
            Self::Error(error) => Error::from(error.into()),
            Self::Elapsed(elapsed) => Error::from(elapsed),
        };
        // An error type of others may know more of itself than the chain of its sources tells.
        let error = if error.code() == code { error } else { Error::from(code).with_source(error) };
        if not_sent && !error.is_not_sent() { error.with_extension(NotSent) } else { error }
    }
}

/// The attempts of one call that have failed so far. The last is kept as it is, so that a call of one attempt gives it back
/// unchanged, and costs nothing.
pub(crate) struct Failures<E> {
    earlier: Vec<Error>,
    last: Option<Failed<E>>,
}

impl<E> Failures<E> {
    pub(crate) const fn new() -> Self {
        Self { earlier: Vec::new(), last: None }
    }
}

impl<E> Failures<E>
where
    E: Failure + From<Exhausted> + Into<BoxError>,
{
    pub(crate) fn push(&mut self, failed: Failed<E>) {
        if let Some(before) = self.last.replace(failed) {
            self.earlier.push(before.into_error());
        }
    }

    /// The error of the call.
    pub(crate) fn end(&mut self, stopped: Stopped) -> E {
        let mut errors = std::mem::take(&mut self.earlier);
        match self.last.take() {
            Some(Failed::Error(error)) if errors.is_empty() => return error,
            Some(failed) => errors.push(failed.into_error()),
            None => {}
        }
        E::from(Exhausted::new(errors, stopped))
    }
}
