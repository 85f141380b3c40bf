use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Extensions, HeaderName, HeaderValue};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::failure::said;
use crate::{Code, Metadata, NotSent, Refusal, RetryAfter};

/// Tower's word for an error of any type.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Gives a domain error its [`Code`], so that `?` and [`endpoint_fn`](crate::endpoint_fn) turn it into an [`Error`].
///
/// ```
/// # use std::fmt;
/// use towerkit_endpoint::{Classify, Code, Error};
///
/// #[derive(Debug)]
/// enum BookingError {
///     SoldOut,
///     Storage(std::io::Error),
/// }
///
/// impl Classify for BookingError {
///     fn code(&self) -> Code {
///         match self {
///             Self::SoldOut => Code::FailedPrecondition,
///             Self::Storage(_) => Code::Internal,
///         }
///     }
/// }
/// # impl fmt::Display for BookingError {
/// #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
/// #         match self {
/// #             Self::SoldOut => f.write_str("this event is sold out"),
/// #             Self::Storage(e) => write!(f, "storage: {e}"),
/// #         }
/// #     }
/// # }
/// # impl std::error::Error for BookingError {}
///
/// assert_eq!(Error::from(BookingError::SoldOut).message(), "this event is sold out");
/// // What broke inside is for the log; the caller gets a fixed message.
/// let storage = BookingError::Storage(std::io::Error::other("/dev/sdb is on fire"));
/// assert_eq!(Error::from(storage).message(), "internal error");
/// ```
///
/// # Leaf errors of layers
///
/// A layer implements it for its small leaf error, and so `From<Leaf> for Error` stands. A foreign layer may box the leaf
/// before it gets here; so that it keeps its code, let [`source`](std::error::Error::source) of the leaf return that code, or,
/// for a layer that refuses calls, a [`Refusal`]:
///
/// ```
/// # use std::fmt;
/// use towerkit_endpoint::{BoxError, Classify, Code, Error};
///
/// #[derive(Debug)]
/// struct Damaged;
/// # impl fmt::Display for Damaged {
/// #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("the checksum is wrong") }
/// # }
///
/// impl std::error::Error for Damaged {
///     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
///         Some(&Code::DataLoss)
///     }
/// }
///
/// impl Classify for Damaged {
///     fn code(&self) -> Code {
///         Code::DataLoss
///     }
/// }
///
/// let boxed_by_a_foreign_layer = BoxError::from(Damaged);
/// assert_eq!(Error::from(boxed_by_a_foreign_layer).code(), Code::DataLoss);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no code, so it can't become a `towerkit_endpoint::Error`",
    label = "this error says nothing of its `Code`",
    note = "implement `towerkit_endpoint::Classify` for it: `fn code(&self) -> Code` is all it needs"
)]
pub trait Classify: StdError + Send + Sync + 'static {
    /// What kind of failure this is.
    fn code(&self) -> Code;

    /// What the caller is told. By default the text of the error; for `Internal` and `Unknown` none, and the caller gets
    /// the code's fixed message.
    fn message(&self) -> Option<Cow<'static, str>> {
        (!self.code().hides_text()).then(|| self.to_string().into())
    }

    /// What is wrong, field by field, for a failure that is about fields. By default nothing.
    fn violations(&self) -> Cow<'_, [Violation]> {
        Cow::Borrowed(&[])
    }

    /// What goes out beside the message, such as `retry-after`. By default nothing.
    fn metadata(&self) -> Metadata {
        Metadata::new()
    }
}

/// The error of a stack: a [`Code`], what the caller is told, and what really happened.
///
/// Two audiences read it. The *caller* gets [`code`](Self::code), [`message`](Self::message),
/// [`violations`](Self::violations) and [`metadata`](Self::metadata). The *operator* gets
/// [`source`](std::error::Error::source) as well, which no transport ever sends. `Display` is the message, `Debug` is
/// everything but metadata values.
///
/// It is one word wide.
///
/// ```
/// use towerkit_endpoint::{Code, Error};
///
/// let error = Error::new(Code::NotFound, "no profile 7").with_source(std::io::Error::other("row 7 of shard 3"));
/// assert_eq!(error.to_string(), "no profile 7");
/// assert!(error.find::<std::io::Error>().is_some());
/// assert_eq!(size_of::<Error>(), size_of::<usize>());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: Option<Cow<'static, str>>,
    violations: Vec<Violation>,
    metadata: Metadata,
    extensions: Extensions,
    source: Option<BoxError>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where: the path of the field, `items[2].price`, or a header's name.
    pub field: Cow<'static, str>,
    /// What, in words for the caller.
    pub description: Cow<'static, str>,
}

impl Violation {
    /// What is wrong with the field at a path.
    #[must_use]
    pub fn new(field: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}

impl Error {
    /// With a message for the caller, whatever the code.
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::from(code);
        error.0.message = Some(message.into());
        error
    }

    /// `Internal`, with what broke as its source; the caller gets the code's fixed message.
    #[must_use]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::from(Code::Internal).with_source(source)
    }

    /// `InvalidArgument` for one field: the message is `field: description`, and the [`Violation`] is kept apart as well. Where
    /// the field is empty it is the message as a whole that is wrong, and there is no violation.
    #[must_use]
    pub fn invalid(field: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> Self {
        let violation = Violation::new(field, description);
        if violation.field.is_empty() {
            return Self::new(Code::InvalidArgument, violation.description);
        }
        Self::new(Code::InvalidArgument, format!("{}: {}", violation.field, violation.description))
            .with_violation(violation)
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn with_violation(mut self, violation: Violation) -> Self {
        self.0.violations.push(violation);
        self
    }

    /// Adds metadata that goes to the caller as a header or a trailer.
    #[must_use]
    pub fn with_metadata(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.metadata.append(name, value);
        self
    }

    /// Adds a value for one transport or one layer; it does not leave the process by itself. HTTP reads an
    /// [`http::StatusCode`] in place of the code's own.
    #[must_use]
    pub fn with_extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
        self.0.extensions.insert(value);
        self
    }

    /// Sets the cause, for logs only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the caller is told: the message set on purpose, or else the code's own.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.message.as_deref().unwrap_or(self.0.code.message())
    }

    /// What is wrong, field by field; empty where the failure is not about fields.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// What goes to the caller beside the message.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The metadata, to change.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.0.metadata
    }

    /// The value of a type, if one was put [in](Self::with_extension).
    #[must_use]
    pub fn get<V: Send + Sync + 'static>(&self) -> Option<&V> {
        self.0.extensions.get()
    }

    pub(crate) fn remove<V: Clone + Send + Sync + 'static>(&mut self) {
        self.0.extensions.remove::<V>();
    }

    /// How long to wait before trying again, where the failure says so: a [`RetryAfter`] put [in](Self::with_extension), or else
    /// `retry-after` in seconds among the metadata (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = || self.0.metadata.get(RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs);
        self.get::<RetryAfter>().map(|RetryAfter(after)| *after).or_else(seconds)
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.0.metadata.extend(refusal.metadata());
        self.0.extensions.insert(NotSent);
        if let Some(after) = refusal.retry_after() {
            self.0.extensions.insert(RetryAfter(after));
        }
    }

    /// The first cause of a type, however deep: the domain error below the layers.
    #[must_use]
    pub fn find<E: StdError + 'static>(&self) -> Option<&E> {
        causes(self).find_map(|cause| cause.downcast_ref())
    }
}

/// The error itself, then its sources.
pub(crate) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

/// The message for the caller. Sources are not part of it.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("code", &self.0.code).field("message", &self.message());
        if !self.0.violations.is_empty() {
            debug.field("violations", &self.0.violations);
        }
        if !self.0.metadata.is_empty() {
            debug.field("metadata", &self.0.metadata);
        }
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// An error with nothing but a code: the caller gets the code's fixed message.
impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            message: None,
            violations: Vec::new(),
            metadata: Metadata::new(),
            extensions: Extensions::new(),
            source: None,
        }))
    }
}

impl<E: Classify> From<E> for Error {
    fn from(error: E) -> Self {
        let mut classified = Self::from(error.code());
        classified.0.message = error.message();
        classified.0.metadata = error.metadata();
        classified.0.violations = error.violations().into_owned();
        if let Some(refusal) = error.source().and_then(<dyn StdError>::downcast_ref) {
            classified.refused(refusal);
        }
        classified.with_source(error)
    }
}

/// What a foreign layer boxed, found again.
///
/// Our own error comes out as it went in. tower's `Elapsed` is `DeadlineExceeded`, its `Overloaded` is `Unavailable`. For
/// the rest the chain of sources decides: an [`Error`] in it lends its code and message, a [`Code`] in it classifies the
/// whole (see [`Classify`]), a [`Refusal`] says when to try again; where there is none of them, it is `Internal`.
impl From<BoxError> for Error {
    fn from(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(ours) => return *ours,
            Err(foreign) => foreign,
        };
        let mut found = Self::from(Code::of(&*error));
        if error.is::<Overloaded>() {
            found.0.message = Some("overloaded".into());
            found.refused(&Refusal::new(Code::Unavailable));
        } else if !error.is::<Elapsed>() {
            for cause in causes(&*error) {
                if let Some(refusal) = cause.downcast_ref() {
                    found.refused(refusal);
                }
                if let Some(ours) = cause.downcast_ref::<Self>() {
                    found.0.message.clone_from(&ours.0.message);
                    found.0.violations.clone_from(&ours.0.violations);
                    found.0.metadata.clone_from(&ours.0.metadata);
                    found.0.extensions.clone_from(&ours.0.extensions);
                    break;
                }
                if let Some(code) = said(cause) {
                    found.0.message = (!code.hides_text()).then(|| error.to_string().into());
                    break;
                }
            }
        }
        found.with_source(error)
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
