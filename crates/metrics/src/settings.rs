use std::borrow::Cow;
use std::fmt;

use towerkit_http_client::{HttpClient, ServerUrl};

/// A backend can't be made of the settings it was given. Says which, and shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSettings {
    backend: &'static str,
    what: Cow<'static, str>,
}

impl InvalidSettings {
    pub(crate) const fn new(backend: &'static str, what: &'static str) -> Self {
        Self { backend, what: Cow::Borrowed(what) }
    }
}

/// Reads the URL of a backend's server: one that the client can reach, without credentials and a query.
pub(crate) fn server_url(backend: &'static str, url: &str, client: &HttpClient) -> Result<ServerUrl, InvalidSettings> {
    let read = ServerUrl::parse(url, client).and_then(ServerUrl::without_user).and_then(ServerUrl::without_query);
    read.map_err(|error| InvalidSettings { backend, what: Cow::Owned(error.to_string()) })
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.backend, self.what)
    }
}

impl std::error::Error for InvalidSettings {}
