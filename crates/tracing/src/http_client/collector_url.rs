use std::fmt;

use http::Uri;

/// Why a URL is none of a collector. It doesn't show the URL, which may have a secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUrl(&'static str);

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the URL of a collector {}", self.0)
    }
}

impl std::error::Error for InvalidUrl {}

/// Where a collector takes spans.
#[derive(Clone)]
pub(crate) struct CollectorUrl(Uri);

impl CollectorUrl {
    /// Reads one that a plain client can speak to.
    pub(crate) fn plain(url: &str, path: &str) -> Result<Self, InvalidUrl> {
        let read = Self::any(url, path)?;
        if read.0.scheme_str() == Some("https") {
            return Err(InvalidUrl(
                "begins with https, and no client that has TLS is given: see the constructors `…with_client`",
            ));
        }
        Ok(read)
    }

    /// Reads one of HTTP or HTTPS; the path is for a URL without one.
    pub(crate) fn any(url: &str, path: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidUrl("is none"))?;
        let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidUrl("does not begin with http://HOST or https://HOST"));
        };
        if authority.as_str().contains('@') {
            return Err(InvalidUrl("has credentials in it: give them as a header"));
        }
        let port = authority.as_str().strip_prefix(authority.host());
        if authority.host().is_empty() || !port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some()) {
            return Err(InvalidUrl("has no host, or no port behind its colon"));
        }
        if !matches!(uri.path(), "" | "/") {
            return Ok(Self(uri));
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.into_parts();
        parts.path_and_query = format!("{path}{query}").parse().ok();
        Uri::from_parts(parts).map(Self).map_err(|_| InvalidUrl("is none"))
    }

    /// The same with more behind its path.
    #[cfg(feature = "otlp")]
    pub(crate) fn below(self, path: &str) -> Result<Self, InvalidUrl> {
        if self.0.query().is_some() {
            return Err(InvalidUrl("has a query, and gRPC has none"));
        }
        let mut parts = self.0.into_parts();
        let above = parts.path_and_query.as_ref().map_or("", |above| above.path()).trim_end_matches('/').to_owned();
        parts.path_and_query = format!("{above}{path}").parse().ok();
        Uri::from_parts(parts).map(Self).map_err(|_| InvalidUrl("is none"))
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

/// Without its query, which may have a token in it.
impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{}://{authority}{}", self.0.scheme_str().unwrap_or_default(), self.0.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_a_path_is_added_where_it_has_none() {
        let read = |url| CollectorUrl::plain(url, "/spans").map(|url| url.0.to_string());
        for (url, whole) in [
            ("http://host", "http://host/spans"),
            ("http://host:9411/", "http://host:9411/spans"),
            ("http://[::1]:9411/a/b", "http://[::1]:9411/a/b"),
            ("http://host/?token=1", "http://host/spans?token=1"),
        ] {
            assert_eq!(read(url).as_deref(), Ok(whole));
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_told() {
        for (url, wrong) in [
            ("", "is none"),
            ("host:9411", "does not begin with http"),
            ("/api/v2/spans", "does not begin with http"),
            ("ftp://host", "does not begin with http"),
            ("http://a:b@host", "credentials"),
            ("http://host:port", "no port"),
            ("http://host:99999", "no port"),
            ("http://host:", "no port"),
            ("https://host", "TLS"),
        ] {
            let error = CollectorUrl::plain(url, "/").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(wrong), "{url}: {error}");
        }
        assert!(CollectorUrl::any("https://host", "/").is_ok());
    }

    #[test]
    fn a_query_is_not_shown() {
        let url = CollectorUrl::any("https://host:1/a?token=secret", "/");
        assert_eq!(url.map(|url| url.to_string()).as_deref(), Ok("https://host:1/a"));
    }
}
