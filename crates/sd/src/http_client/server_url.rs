use http::Uri;

/// The URL of a registry's server.
pub(crate) struct ServerUrl {
    /// Without credentials, and without a slash at its end.
    pub(crate) url: String,
    /// The credentials in it, as they stood there: `name:password`.
    pub(crate) user: Option<String>,
}

impl ServerUrl {
    /// Reads one of HTTP that has no query. It may have a password in it, so what is wrong with it is said without
    /// showing it.
    pub(crate) fn read(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "the URL of a server is none")?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("the URL of a server does not begin with http://HOST or https://HOST");
        };
        if uri.query().is_some() {
            return Err("the URL of a server has a query");
        }
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority.as_str()),
        };
        // What is behind the colon may be a password whose host is missing.
        let port = host.rsplit_once(']').map_or(host, |(_, port)| port).split_once(':');
        if authority.host().is_empty() || port.is_some_and(|(_, port)| port.parse::<u16>().is_err()) {
            return Err("the URL of a server has no host, or no port behind its colon");
        }
        Ok(Self { url: format!("{scheme}://{host}{}", uri.path().trim_end_matches('/')), user })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_url_are_told_apart() {
        let read = |url| ServerUrl::read(url).map(|server| (server.url, server.user.unwrap_or_default()));
        let whole = |url: &str, user: &str| Ok((url.to_owned(), user.to_owned()));
        assert_eq!(read("http://host"), whole("http://host", ""));
        assert_eq!(read("https://host:8443/a/b/"), whole("https://host:8443/a/b", ""));
        assert_eq!(read("http://a:b@[::1]:80/"), whole("http://[::1]:80", "a:b"));
        for url in [
            "",
            "host",
            "host:1",
            "ftp://host",
            "http://",
            "http://a@",
            "http://host?a",
            "http://a:b/",
            "http://[::1]:x",
        ] {
            assert!(read(url).is_err(), "{url}");
        }
    }
}
