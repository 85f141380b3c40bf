use std::fmt::Write;

use http::Uri;

use super::HttpClient;

/// The URL of a backend's server: without credentials, a query, and a slash at its end.
#[derive(Clone, Debug)]
pub(crate) struct ServerUrl {
    pub(crate) url: String,
}

impl ServerUrl {
    /// Reads one that a client can reach. It may have a password in it, so what is wrong is said without showing it.
    pub(crate) fn read(url: &str, client: &HttpClient) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "the URL of the server is none")?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("the URL of the server does not begin with http://HOST or https://HOST");
        };
        if uri.query().is_some() {
            return Err("the URL of the server has a query");
        }
        if authority.as_str().contains('@') {
            return Err("the URL of the server has credentials in it; they are passed by themselves");
        }
        let (host, behind) = match authority.as_str().rsplit_once(']') {
            Some((_, behind)) => (authority.host(), behind.strip_prefix(':')),
            None => (authority.host(), authority.as_str().split_once(':').map(|(_, port)| port)),
        };
        let port = behind.map(str::parse::<u16>).transpose();
        let (false, Ok(port)) = (host.is_empty(), port) else {
            return Err("the URL of the server has no host, or no port behind its colon");
        };
        if scheme == "https" && client.is_plain() {
            return Err("the URL of the server is https, and the client is plain: pass one that can do TLS");
        }
        let own = if scheme == "https" { 443 } else { 80 };
        let host = host.to_ascii_lowercase();
        let host = port.filter(|port| *port != own).map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        Ok(Self { url: format!("{scheme}://{host}{}", uri.path().trim_end_matches('/')) })
    }

    /// What a request says as its `host`: without the port where it is the scheme's own.
    #[cfg(feature = "cloudwatch")]
    pub(crate) fn host(&self) -> &str {
        self.url.split('/').nth(2).unwrap_or_default()
    }
}

/// Percent-encodes all that is not unreserved (RFC 3986, section 2.3).
pub(crate) fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use http_body_util::Full;

    use super::*;

    fn plain(url: &str) -> Result<String, &'static str> {
        ServerUrl::read(url, &HttpClient::plain()).map(|read| read.url)
    }

    #[test]
    fn the_parts_of_a_url_are_told_apart() {
        for (url, read) in [
            ("http://host", "http://host"),
            ("http://HOST:80/a/b/", "http://host/a/b"),
            ("http://[::1]:8086/", "http://[::1]:8086"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(plain(url).as_deref(), Ok(read));
        }
        for url in [
            "",
            "host",
            "host:1",
            "ftp://host",
            "http://",
            "http://a:b@host",
            "http://host?a",
            "http://a:b/",
            "http://[::1]:x",
        ] {
            assert!(plain(url).is_err(), "{url}");
        }
    }

    #[cfg(feature = "cloudwatch")]
    #[test]
    fn the_host_has_its_port_where_that_is_not_the_usual_one() {
        let host = |url| ServerUrl::read(url, &HttpClient::plain()).map(|read| read.host().to_owned());
        assert_eq!(host("http://host:80/a").as_deref(), Ok("host"));
        assert_eq!(host("http://[::1]:8086").as_deref(), Ok("[::1]:8086"));
    }

    #[test]
    fn https_asks_for_a_client_that_can_do_it() {
        assert!(plain("https://host").is_err_and(|said| said.contains("TLS")));
        let other = HttpClient::new(tower::service_fn(async |_: Request<Full<bytes::Bytes>>| {
            Ok::<_, std::io::Error>(Response::new(Full::new(bytes::Bytes::new())))
        }));
        let read = ServerUrl::read("https://host:443", &other);
        assert_eq!(read.map(|read| read.url).as_deref(), Ok("https://host"));
    }
}
