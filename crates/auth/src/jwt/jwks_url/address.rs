use std::fmt;
use std::net::IpAddr;

use towerkit_endpoint::{Classify, Code};
use towerkit_http_client::{HttpClient, InvalidUrl, ServerUrl};

/// Where the keys are, or who says so.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Keys(ServerUrl),
    /// The name as the user has written it, and as a URL.
    Issuer(String, ServerUrl),
}

impl Address {
    pub(super) fn keys(url: &str, client: &HttpClient, over_plain_http: bool) -> Result<Self, InvalidJwksUrl> {
        let url = read(url, client)?;
        if over_plain_http || is_safe(&url) { Ok(Self::Keys(url)) } else { Err(InvalidJwksUrl(What::PlainHttp)) }
    }

    pub(super) fn issuer(issuer: &str, client: &HttpClient) -> Result<Self, InvalidJwksUrl> {
        let url = read(issuer, client)?.without_query().map_err(What::Url)?;
        if is_safe(&url) { Ok(Self::Issuer(issuer.to_owned(), url)) } else { Err(InvalidJwksUrl(What::PlainHttp)) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(url) | Self::Issuer(_, url) => url.fmt(f),
        }
    }
}

fn read(url: &str, client: &HttpClient) -> Result<ServerUrl, InvalidJwksUrl> {
    Ok(ServerUrl::read(url, client).and_then(ServerUrl::without_user).map_err(What::Url)?)
}

/// Whether nobody else can be on the way there.
fn is_safe(url: &ServerUrl) -> bool {
    let Ok(uri) = url.uri() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    uri.scheme_str() == Some("https")
        || host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Why a URL is none that keys may come from. It doesn't show the URL, which may have a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidJwksUrl(What);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Url(InvalidUrl),
    PlainHttp,
}

impl From<What> for InvalidJwksUrl {
    fn from(what: What) -> Self {
        Self(what)
    }
}

impl fmt::Display for InvalidJwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0 {
            What::Url(error) => error.what(),
            What::PlainHttp => {
                "is plain http, over which anybody on the way can give keys of their own: it must be https"
            }
        };
        write!(f, "the URL of the keys {what}")
    }
}

impl std::error::Error for InvalidJwksUrl {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Code::InvalidArgument)
    }
}

impl Classify for InvalidJwksUrl {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }
}

#[cfg(test)]
mod tests {
    use towerkit_http_client::HttpClient;

    use super::Address;

    #[test]
    fn plain_http_is_for_this_machine_alone_unless_it_is_allowed_by_name() {
        let client = HttpClient::plain();
        let is_taken = |url| Address::keys(url, &client, false).is_ok();
        for here in [
            "http://localhost/",
            "http://LOCALHOST:1/a",
            "http://127.0.0.1:80/",
            "http://127.9.9.9/",
            "http://[::1]:1/a?b",
        ] {
            assert!(is_taken(here), "{here}");
        }
        for elsewhere in [
            "http://issuer/",
            "http://localhost.evil/",
            "http://10.0.0.1/",
            "http://127.1/",
            "http://[::2]/",
            "http://0.0.0.0/",
        ] {
            assert!(!is_taken(elsewhere), "{elsewhere}");
            assert!(Address::issuer(elsewhere, &client).is_err(), "{elsewhere}");
            assert!(Address::keys(elsewhere, &client, true).is_ok(), "{elsewhere}");
        }
    }
}
