use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};

use crate::{Code, Metadata};

/// What the leaf error of a layer that refused a call returns from [`source`](std::error::Error::source).
///
/// A refusal proves that the call was not handled, so the [`Error`](crate::Error) that the leaf becomes is marked
/// [`NotSent`](crate::NotSent); it may say when to try again, and bring metadata. All of it is kept where a foreign layer has boxed
/// the leaf on its way.
///
/// ```
/// use std::fmt;
/// use std::time::Duration;
/// use towerkit_endpoint::{BoxError, Classify, Code, Error, Failure, NotSent, Refusal};
///
/// #[derive(Debug)]
/// struct Maintenance(Refusal);
///
/// impl Maintenance {
///     fn new() -> Self {
///         Self(Refusal::new(Code::Unavailable).with_retry_after(Duration::from_millis(1500)))
///     }
/// }
/// # impl fmt::Display for Maintenance {
/// #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("closed for maintenance") }
/// # }
/// impl std::error::Error for Maintenance {
///     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
///         Some(&self.0)
///     }
/// }
/// impl Classify for Maintenance {
///     fn code(&self) -> Code {
///         self.0.code()
///     }
/// }
///
/// let boxed_by_a_foreign_layer = BoxError::from(Maintenance::new());
/// for error in [Error::from(Maintenance::new()), Error::from(boxed_by_a_foreign_layer)] {
///     assert_eq!(error.code(), Code::Unavailable);
///     assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
///     assert_eq!(error.metadata().get("retry-after"), Some("2")); // whole seconds, rounded up
///     assert!(error.get::<NotSent>().is_some());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Refusal {
    code: Code,
    retry_after: Option<Duration>,
    metadata: Metadata,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Refusal {
    /// With what kind of failure it is for the caller.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, retry_after: None, metadata: Metadata::new(), cause: None }
    }

    /// Says when to try again, counted from now.
    #[must_use]
    pub const fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Adds metadata that goes to the caller as a header or a trailer. `retry-after` is written by itself.
    #[must_use]
    pub fn with_metadata(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.metadata.append(name, value);
        self
    }

    /// Says why, for operators alone: it is the refusal's source, and so stands in a [`Report`](crate::Report) and in no reply.
    #[must_use]
    pub fn with_source(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// When to try again, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What goes to the caller: what was added, and `retry-after` in whole seconds, rounded up (RFC 9110, section 10.2.3).
    pub(crate) fn metadata(&self) -> Metadata {
        let mut metadata = self.metadata.clone();
        if let Some(after) = self.retry_after {
            metadata.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        metadata
    }
}

const fn whole_seconds(after: Duration) -> u64 {
    after.as_secs().saturating_add((after.subsec_nanos() > 0) as u64)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.code)
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Some(cause) => Some(&**cause),
            None => Some(&self.code),
        }
    }
}

/// When to try again: a value among the extensions of an [`Error`](crate::Error), finer than the `retry-after` of its metadata,
/// which counts whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);
