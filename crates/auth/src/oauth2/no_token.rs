use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use towerkit_http_client::{InvalidUrl, NoReply};

/// Why an issuer gave no token: the cause of a [`NoCredentials`](crate::NoCredentials), for operators. There is no secret in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoToken {
    /// There was no reply, or not all of it.
    NoReply(NoReply),
    /// The issuer says no (RFC 6749, section 5.2).
    Refused {
        /// With which status.
        status: StatusCode,
        /// The error's name, such as `invalid_client`; escaped and cut.
        error: String,
        /// What the issuer has to say; escaped and cut.
        description: Option<String>,
    },
    /// It answers with a status that is neither a token nor a no.
    Unexpected(StatusCode),
    /// It answers with a token that can't be used; with what is wrong with the reply.
    Unusable(Cow<'static, str>),
    /// The fetch could not be made, or ended before its time.
    Lost(&'static str),
}

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReply(error) => write!(f, "the issuer of tokens: {error}"),
            Self::Refused { status, error, description } => {
                write!(f, "the issuer gives no token: {error} (status {})", status.as_u16())?;
                description.as_ref().map_or(Ok(()), |description| write!(f, ": {description}"))
            }
            Self::Unexpected(status) => {
                write!(f, "the issuer gives no token: it answers with status {}", status.as_u16())
            }
            Self::Unusable(what) => write!(f, "the issuer's token can't be used: {what}"),
            Self::Lost(what) => f.write_str(what),
        }
    }
}

impl StdError for NoToken {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NoReply(error) => error.source(),
            _ => None,
        }
    }
}

/// Why tokens can't be fetched from a URL. It doesn't show the URL, which may have a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTokenUrl {
    /// It is none that can be used.
    Url(InvalidUrl),
    /// It is `http` to another machine, and the secret would be sent in plain text.
    Plain,
}

impl fmt::Display for InvalidTokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(invalid) => write!(f, "the URL of the token endpoint {}", invalid.what()),
            Self::Plain => f.write_str(
                "the URL of the token endpoint is http to another machine, and the secret would be sent in plain text: \
                 use https, or over_plain_http",
            ),
        }
    }
}

impl StdError for InvalidTokenUrl {}

impl From<InvalidUrl> for InvalidTokenUrl {
    fn from(invalid: InvalidUrl) -> Self {
        Self::Url(invalid)
    }
}
