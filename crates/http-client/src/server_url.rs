use std::fmt;
use std::net::IpAddr;

use http::Uri;
use towerkit_endpoint::{Classify, Code};

use crate::HttpClient;

/// The URL of a server, as somebody has configured it.
///
/// It is shown without credentials, without its query, which may have a token in it, and without slashes at its end, so that a path can be
/// written behind it.
///
/// ```
/// use towerkit_http_client::{HttpClient, InvalidUrl, ServerUrl};
///
/// let client = HttpClient::plain();
/// let url = ServerUrl::parse("http://name:hush@HOST:80/prefix/", &client)?;
/// assert_eq!(url.to_string(), "http://host/prefix");
/// assert_eq!(url.user(), Some("name:hush"));
/// assert_eq!(url.below("/v1/things")?, "http://host/prefix/v1/things");
///
/// assert_eq!(ServerUrl::parse("https://host", &client).err(), Some(InvalidUrl::NeedsTls));
/// assert_eq!(url.clone().without_user().err(), Some(InvalidUrl::HasUser));
/// assert_eq!(url.protected().err(), Some(InvalidUrl::PlainHttp));
/// # Ok::<(), InvalidUrl>(())
/// ```
#[derive(Clone)]
pub struct ServerUrl {
    scheme: &'static str,
    /// In lower case, with the port where that is not the scheme's own.
    host: String,
    /// As it stands there; empty where it is the root.
    path: String,
    query: Option<String>,
    user: Option<String>,
    is_protected: bool,
}

/// Why a URL is none of a server that can be asked. It doesn't show the URL, which may have a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It can't be parsed (RFC 3986), or is longer than 65 534 bytes with what is put behind it.
    Malformed,
    /// It does not begin with `http://HOST` or `https://HOST`.
    NoHttp,
    /// It has no host, or no port behind its colon.
    NoHost,
    /// It is `https`, and the client is a [plain one](HttpClient::is_plain).
    NeedsTls,
    /// It has credentials, and [should not](ServerUrl::without_user).
    HasUser,
    /// It has a query, and [should not](ServerUrl::without_query).
    HasQuery,
    /// It is plain `http` to another machine, and [should not be](ServerUrl::protected).
    PlainHttp,
}

impl ServerUrl {
    /// Reads one of HTTP that the client can reach.
    ///
    /// # Errors
    ///
    /// `Malformed`, `NoHttp`, `NoHost`, `NeedsTls`.
    pub fn parse(url: &str, client: &HttpClient) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidUrl::Malformed)?;
        let (scheme, own_port) = match uri.scheme_str() {
            Some("http") => ("http", 80),
            Some("https") => ("https", 443),
            _ => return Err(InvalidUrl::NoHttp),
        };
        let authority = uri.authority().ok_or(InvalidUrl::NoHttp)?;
        let (user, at) = match authority.as_str().rsplit_once('@') {
            Some((user, at)) => (Some(user.to_owned()), at),
            None => (None, authority.as_str()),
        };
        let host = authority.host().to_ascii_lowercase();
        // What is behind the colon may be a password whose host is missing. An address of IPv6 has colons within its brackets.
        let port = match at.rsplit_once(']') {
            Some((_, behind)) => behind.strip_prefix(':'),
            None => at.split_once(':').map(|(_, port)| port),
        };
        let port = port.map(str::parse::<u16>).transpose().map_err(|_| InvalidUrl::NoHost)?;
        if host.is_empty() {
            return Err(InvalidUrl::NoHost);
        }
        if scheme == "https" && client.is_plain() {
            return Err(InvalidUrl::NeedsTls);
        }
        let is_protected = scheme == "https" || is_this_machine(&host);
        let host = match port.filter(|port| *port != own_port) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        let path = if uri.path() == "/" { String::new() } else { uri.path().to_owned() };
        Ok(Self { scheme, host, path, query: uri.query().map(str::to_owned), user, is_protected })
    }

    /// The same, where it has no credentials.
    ///
    /// # Errors
    ///
    /// `HasUser`.
    pub fn without_user(self) -> Result<Self, InvalidUrl> {
        if self.user.is_some() { Err(InvalidUrl::HasUser) } else { Ok(self) }
    }

    /// The same, where it has no query.
    ///
    /// # Errors
    ///
    /// `HasQuery`.
    pub fn without_query(self) -> Result<Self, InvalidUrl> {
        if self.query.is_some() { Err(InvalidUrl::HasQuery) } else { Ok(self) }
    }

    /// The same, where nobody on the way reads or changes what is said: it is `https`, or `http` to this machine itself, which is `localhost`, 127.0.0.0/8
    /// in dotted form, or `[::1]`. Ask for it where secrets or keys go over the URL; whoever wants them to go over plain `http` elsewhere says so by name.
    ///
    /// # Errors
    ///
    /// `PlainHttp`.
    pub fn protected(self) -> Result<Self, InvalidUrl> {
        if self.is_protected { Ok(self) } else { Err(InvalidUrl::PlainHttp) }
    }

    /// The same, with this path where it has none. The path begins with a slash.
    #[must_use]
    pub fn or_path(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            path.clone_into(&mut self.path);
        }
        self
    }

    /// The credentials in it, as they stand there: `name:password`, percent-encoded.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What a request says as its `host`: with the port where that is not the scheme's own.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As it is, with its query and without its credentials: where a request goes to.
    ///
    /// # Errors
    ///
    /// `Malformed`, where it has become so by [`or_path`](Self::or_path).
    pub fn uri(&self) -> Result<Uri, InvalidUrl> {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        match &self.query {
            Some(query) => self.with(&format!("{path}?{query}")),
            None => self.with(path),
        }
    }

    /// A path, which begins with a slash and may have a query, behind its own. Its own query is left out.
    ///
    /// # Errors
    ///
    /// `Malformed`, where the whole is no URL, or too long for one.
    pub fn below(&self, path: &str) -> Result<Uri, InvalidUrl> {
        self.with(&format!("{}{path}", self.path.trim_end_matches('/')))
    }

    fn with(&self, path_and_query: &str) -> Result<Uri, InvalidUrl> {
        let uri = Uri::builder().scheme(self.scheme).authority(self.host.as_str()).path_and_query(path_and_query);
        uri.build().map_err(|_| InvalidUrl::Malformed)
    }
}

/// Whether a host, in lower case and without a port, is where this runs.
fn is_this_machine(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.host, self.path.trim_end_matches('/'))
    }
}

/// As it is shown.
impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({self})")
    }
}

impl InvalidUrl {
    /// What is wrong, to be said of the URL: `has a query`.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Malformed => "is no URL, such as http://127.0.0.1:8500",
            Self::NoHttp => "does not begin with http://HOST or https://HOST",
            Self::NoHost => "has no host, or no port behind its colon",
            Self::NeedsTls => "is https, and the client is plain: pass one that can do TLS",
            Self::HasUser => "has credentials in it; they are passed by themselves",
            Self::HasQuery => "has a query",
            Self::PlainHttp => {
                "is plain http to another machine, and whoever is on the way reads and changes it: use https"
            }
        }
    }
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the URL of the server {}", self.what())
    }
}

impl std::error::Error for InvalidUrl {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Code::InvalidArgument)
    }
}

impl Classify for InvalidUrl {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }
}
