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
#[derive(Clone, Default)]
// None is empty: requests within a process have none mostly, and are moved, cloned and dropped a lot.
pub struct Metadata(Option<HeaderMap>);

impl Metadata {
    /// Without entries, and without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value under a name, where it is visible ASCII text.
    pub fn get(&self, name: impl AsHeaderName) -> Option<&str> {
        self.0.as_ref()?.get(name)?.to_str().ok()
    }

    /// Every value under a name, in the order they came.
    pub fn get_all(&self, name: impl AsHeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.0.as_ref().map(|headers| headers.get_all(name)).into_iter().flatten()
    }

    /// Puts one value under a name, in place of any that stood there.
    pub fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers_mut().insert(name, value);
    }

    /// Adds a value under a name, after those that stand there.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers_mut().append(name, value);
    }

    /// [`insert`](Self::insert) from text.
    ///
    /// # Errors
    ///
    /// When the name is no token (RFC 9110, section 5.6.2) or the value holds control characters.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidMetadata> {
        let name: HeaderName = name.parse().map_err(|_| InvalidMetadata::Name(name.to_owned()))?;
        let value = value.parse().map_err(|_| InvalidMetadata::Value(name.clone()))?;
        self.headers_mut().insert(name, value);
        Ok(())
    }

    /// Adds every entry of another, in place of those that stand under the same names.
    pub(crate) fn extend(&mut self, other: Self) {
        if let Some(headers) = other.0 {
            self.headers_mut().extend(headers);
        }
    }

    /// Takes every value under a name out, and returns the first.
    pub fn remove(&mut self, name: impl AsHeaderName) -> Option<HeaderValue> {
        self.0.as_mut()?.remove(name)
    }

    /// Every entry, a name once for each of its values.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().flatten()
    }

    /// Whether there is no entry.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(HeaderMap::is_empty)
    }

    /// The whole as a header map; none where there is no entry.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.as_ref().filter(|headers| !headers.is_empty())
    }

    /// The whole as a header map to change.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.get_or_insert_default()
    }

    /// Moves the header map out.
    #[must_use]
    pub fn into_headers(self) -> HeaderMap {
        self.0.unwrap_or_default()
    }
}

/// The same entries under each name.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.headers() == other.headers()
    }
}

impl Eq for Metadata {}

impl From<HeaderMap> for Metadata {
    fn from(headers: HeaderMap) -> Self {
        Self((!headers.is_empty()).then_some(headers))
    }
}

impl From<Metadata> for HeaderMap {
    fn from(metadata: Metadata) -> Self {
        metadata.into_headers()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().flat_map(HeaderMap::keys).map(HeaderName::as_str)).finish()
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
            Self::Name(name) => write!(f, "{name:?} can't be the name of metadata: letters, digits, - and _ can"),
            Self::Value(name) => write!(f, "the value of metadata {name} holds characters a header can't"),
        }
    }
}

impl std::error::Error for InvalidMetadata {}
