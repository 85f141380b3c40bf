use std::fmt;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use towerkit_endpoint::{BoxError, Error};

/// Where a remote service is: scheme, authority, and the path before every template.
#[derive(Clone)]
pub(crate) struct Base {
    scheme: Scheme,
    authority: Authority,
    // Without a slash at its end.
    prefix: String,
}

impl Base {
    pub(super) fn parse(url: &str, schemes: &'static [&'static str]) -> Result<Self, InvalidBaseUrl> {
        // `Uri` drops a fragment in silence.
        if url.contains('#') {
            return Err(InvalidBaseUrl::new("it has a fragment"));
        }
        let uri: Uri = url.parse().map_err(InvalidBaseUrl::malformed)?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidBaseUrl::new("it has no scheme or no host, as in http://127.0.0.1:8081"));
        };
        if !schemes.contains(&scheme.as_str()) {
            return Err(InvalidBaseUrl::new(match schemes {
                ["http"] => "its scheme is not http, and the pool speaks nothing else",
                _ => "its scheme is neither http nor https",
            }));
        }
        if authority.as_str().contains('@') {
            return Err(InvalidBaseUrl::new("it holds a user or a password, which belong in a header"));
        }
        if authority.host().is_empty() {
            return Err(InvalidBaseUrl::new("it has no host"));
        }
        // A port that is no number from 0 to 65535 is read as none.
        if authority.port_u16().is_none() && authority.as_str().len() > authority.host().len() {
            return Err(InvalidBaseUrl::new("its port is not a number from 0 to 65535"));
        }
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() {
            return Err(InvalidBaseUrl::new("it has a query"));
        }
        Ok(Self { scheme, authority, prefix: path.path().trim_end_matches('/').to_owned() })
    }

    /// The URL of a path, which begins with a slash, and a query, which may be empty.
    pub(super) fn url(&self, path: &str, query: &str) -> Result<Uri, Error> {
        let mark = if query.is_empty() { "" } else { "?" };
        self.at(&[path, mark, query].concat())
    }

    /// The URL of a path and a query as they stand in a request.
    pub(crate) fn at(&self, target: &str) -> Result<Uri, Error> {
        let path_and_query = [&*self.prefix, target].concat();
        let path_and_query = PathAndQuery::try_from(path_and_query)
            .map_err(|error| Error::invalid("", "the values make no valid URL, or one too long").with_source(error))?;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path_and_query);
        Uri::from_parts(parts).map_err(Error::internal)
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

/// Text that can't be the base URL of a [`Remote`](crate::Remote). The text itself is not kept: it may hold a password.
#[derive(Debug)]
pub struct InvalidBaseUrl {
    reason: &'static str,
    source: Option<BoxError>,
}

impl InvalidBaseUrl {
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self { reason, source: None }
    }

    pub(crate) fn malformed(error: http::uri::InvalidUri) -> Self {
        Self { reason: "it is malformed", source: Some(error.into()) }
    }
}

impl fmt::Display for InvalidBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a base URL: {}", self.reason)
    }
}

impl std::error::Error for InvalidBaseUrl {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
