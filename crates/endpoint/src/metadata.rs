use std::fmt;

use http::header::{AsHeaderName, HeaderMap, HeaderName, HeaderValue};

/// Headers, whatever the transport calls them: HTTP headers, gRPC metadata, NATS headers.
///
/// A transport moves its header map in and out; nothing is copied. Names are lower case and may stand more than once.
/// `Debug` shows names only, since values hold credentials.
///
/// ```
/// use towerkit_endpoint::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.set("x-request-id", "7f3a")?;
/// assert_eq!(metadata.get("X-Request-Id"), Some("7f3a"));
/// assert_eq!(format!("{metadata:?}"), r#"{"x-request-id"}"#);
/// # Ok::<(), towerkit_endpoint::InvalidMetadata>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(HeaderMap);

impl Metadata {
    /// Without entries, and without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value under a name, where it is visible ASCII text.
    pub fn get(&self, name: impl AsHeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    /// Every value under a name, in the order they came.
    pub fn get_all(&self, name: impl AsHeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.0.get_all(name).into_iter()
    }

    /// Puts one value under a name, in place of any that stood there.
    pub fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.insert(name, value);
    }

    /// Adds a value under a name, after those that stand there.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.append(name, value);
    }

    /// [`insert`](Self::insert) from text.
    ///
    /// # Errors
    ///
    /// When the name is no token (RFC 9110, section 5.6.2) or the value holds control characters.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidMetadata> {
        let name: HeaderName = name.parse().map_err(|_| InvalidMetadata::Name(name.to_owned()))?;
        let value = value.parse().map_err(|_| InvalidMetadata::Value(name.clone()))?;
        self.0.insert(name, value);
        Ok(())
    }

    /// Adds every entry of another, in place of those that stand under the same names.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Takes every value under a name out, and returns the first.
    pub fn remove(&mut self, name: impl AsHeaderName) -> Option<HeaderValue> {
        self.0.remove(name)
    }

    /// Every entry, a name once for each of its values.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole as a header map.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.0
    }

    /// The whole as a header map to change.
    pub const fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.0
    }

    /// Moves the header map out.
    #[must_use]
    pub fn into_headers(self) -> HeaderMap {
        self.0
    }
}

impl From<HeaderMap> for Metadata {
    fn from(headers: HeaderMap) -> Self {
        Self(headers)
    }
}

impl From<Metadata> for HeaderMap {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys().map(HeaderName::as_str)).finish()
    }
}

/// Text that can't be [metadata](Metadata::set). The value is not kept: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidMetadata {
    /// The name is no token.
    Name(String),
    /// The value under this name holds characters that a header can't.
    Value(HeaderName),
}

impl fmt::Display for InvalidMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?} can't be the name of metadata"),
            Self::Value(name) => write!(f, "the value of metadata {name} holds characters a header can't"),
        }
    }
}

impl std::error::Error for InvalidMetadata {}
