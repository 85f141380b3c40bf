use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use towerkit_endpoint::{BoxError, Classify, Code};

/// A registry did not do what was asked of it, or said what can't be understood.
///
/// It is told to operators: its text and its [source](StdError::source) say what went wrong where. A caller of the service learns
/// of none of it but that the service is unavailable.
///
/// ```
/// use towerkit_endpoint::Code;
/// use towerkit_sd::RegistryError;
///
/// let error = RegistryError::new("consul", Code::PermissionDenied, "GET /v1/health/service/addsvc: 403 Permission denied");
/// assert_eq!(error.to_string(), "consul: GET /v1/health/service/addsvc: 403 Permission denied");
/// ```
#[derive(Debug)]
pub struct RegistryError {
    registry: &'static str,
    code: Code,
    what: Cow<'static, str>,
    source: Option<BoxError>,
}

impl RegistryError {
    /// With the name of the registry, the kind of failure, and what happened.
    pub fn new(registry: &'static str, code: Code, what: impl Into<Cow<'static, str>>) -> Self {
        Self { registry, code, what: what.into(), source: None }
    }

    /// The registry can't be reached, or did not answer in time.
    pub fn unavailable(registry: &'static str, what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(registry, Code::Unavailable, what)
    }

    /// The registry answered what can't be understood.
    pub fn malformed(registry: &'static str, what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(registry, Code::DataLoss, what)
    }

    /// Adds what it came from.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the registry is called: `consul`, `etcd`.
    #[must_use]
    pub const fn registry(&self) -> &'static str {
        self.registry
    }

    /// What kind of failure it is: `Unavailable` where the registry can't be reached, `PermissionDenied` and `Unauthenticated` where it
    /// refused, `NotFound` where it does not know of the registration, `DataLoss` where its answer can't be understood.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.registry, self.what)
    }
}

impl StdError for RegistryError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl Classify for RegistryError {
    fn code(&self) -> Code {
        self.code
    }
}
