use std::fmt;

use http::Uri;
use towerkit_http_client::{HttpClient, InvalidUrl as Invalid, ServerUrl};

/// Why a URL is none of a collector. It doesn't show the URL, which may have a secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUrl(Invalid);

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0 {
            Invalid::NeedsTls => {
                "begins with https, and no client that has TLS is given: see the constructors `…with_client`"
            }
            Invalid::HasUser => "has credentials in it: give them as a header",
            Invalid::HasQuery => "has a query, and gRPC has none",
            other => other.what(),
        };
        write!(f, "the URL of a collector {what}")
    }
}

impl std::error::Error for InvalidUrl {}

/// Where a collector takes spans. It is shown without its query, which may have a token in it.
#[derive(Clone)]
pub(crate) struct CollectorUrl {
    uri: Uri,
    shown: String,
}

impl CollectorUrl {
    /// Reads one that the client can reach; the path is for a URL without one.
    pub(crate) fn read(url: &str, client: &HttpClient, path: &str) -> Result<Self, InvalidUrl> {
        let read = || {
            let server = ServerUrl::parse(url, client)?.without_user()?.or_path(path);
            Ok(Self { uri: server.uri()?, shown: server.to_string() })
        };
        read().map_err(InvalidUrl)
    }

    /// Reads one, and puts a path behind its own.
    #[cfg(feature = "otlp")]
    pub(crate) fn below(url: &str, client: &HttpClient, path: &str) -> Result<Self, InvalidUrl> {
        let read = || {
            let uri = ServerUrl::parse(url, client)?.without_user()?.without_query()?.below(path)?;
            Ok(Self { shown: uri.to_string(), uri })
        };
        read().map_err(InvalidUrl)
    }

    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(url: &str, path: &str) -> Result<CollectorUrl, InvalidUrl> {
        CollectorUrl::read(url, &HttpClient::plain(), path)
    }

    #[test]
    fn a_url_is_read_and_a_path_is_added_where_it_has_none() {
        for (url, whole) in [
            ("http://host", "http://host/spans"),
            ("http://host:9411/", "http://host:9411/spans"),
            ("http://[::1]:9411/a/b", "http://[::1]:9411/a/b"),
            ("http://host/a/", "http://host/a/"),
            ("http://host/?token=1", "http://host/spans?token=1"),
        ] {
            assert_eq!(plain(url, "/spans").map(|url| url.uri.to_string()).as_deref(), Ok(whole));
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_told() {
        for (url, wrong) in [
            ("", "is no URL"),
            ("host:9411", "does not begin with http"),
            ("/api/v2/spans", "does not begin with http"),
            ("ftp://host", "does not begin with http"),
            ("http://a:b@host", "credentials"),
            ("http://host:port", "no port"),
            ("http://host:99999", "no port"),
            ("http://host:", "no port"),
            ("https://host", "TLS"),
        ] {
            let error = plain(url, "/").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(wrong), "{url}: {error}");
        }
    }

    #[test]
    fn a_query_is_not_shown() {
        let url = plain("http://host:1/a?token=secret", "/");
        assert_eq!(url.map(|url| url.to_string()).as_deref(), Ok("http://host:1/a"));
    }
}
