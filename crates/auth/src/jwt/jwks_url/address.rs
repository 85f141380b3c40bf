use std::fmt;

use towerkit_http_client::{HttpClient, InvalidUrl, ServerUrl};

/// Where the keys are, or who says so.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Keys(ServerUrl),
    /// The name as the user has written it, and as a URL.
    Issuer(String, ServerUrl),
}

impl Address {
    pub(super) fn issuer(issuer: &str, client: &HttpClient) -> Result<Self, InvalidUrl> {
        let url = protected(issuer, client)?.without_query()?;
        Ok(Self::Issuer(issuer.to_owned(), url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(url) | Self::Issuer(_, url) => url.fmt(f),
        }
    }
}

/// Over plain `http` anybody on the way can give keys of their own.
pub(super) fn protected(url: &str, client: &HttpClient) -> Result<ServerUrl, InvalidUrl> {
    over_plain_http(url, client)?.protected()
}

pub(super) fn over_plain_http(url: &str, client: &HttpClient) -> Result<ServerUrl, InvalidUrl> {
    ServerUrl::parse(url, client)?.without_user()
}
