use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use towerkit_http_client::NoReply;

/// Why an issuer gave no token: the cause of a [`NoCredentials`](crate::NoCredentials), for operators.
///
/// There is no secret in it: where an issuer repeats what it was sent, be it the secret, the field that it came in, or a [parameter](crate::ClientCredentials::param),
/// `[secret]` stands in its place.
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
