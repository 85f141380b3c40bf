use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use hyper_util::client::legacy;
use towerkit_endpoint::{BoxError, Classify, Code, Failure};

/// Why there is no reply, or not all of it.
///
/// Its text names neither the server nor the request, and so can't show what is secret in a URL: whoever asks knows what it has asked.
/// A [`Report`](towerkit_endpoint::Report) has the causes as well.
///
/// ```
/// use std::time::Duration;
///
/// use towerkit_http_client::NoReply;
///
/// assert_eq!(NoReply::Late(Duration::from_secs(5)).to_string(), "no answer within 5s");
/// assert_eq!(NoReply::TooLong(1024).to_string(), "the reply has more than 1024 bytes");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum NoReply {
    /// The client failed before there was the head of a reply: there is no connection, or it broke.
    Unanswered(BoxError),
    /// The body broke off.
    Broken(BoxError),
    /// Its end did not come within this time.
    Late(Duration),
    /// It has more bytes than these.
    TooLong(usize),
}

impl NoReply {
    /// Whether it is certain that the server has not seen the request: there was no connection, or the client says so.
    #[must_use]
    pub fn is_not_sent(&self) -> bool {
        let Self::Unanswered(source) = self else { return false };
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&**source);
        while let Some(error) = cause {
            if error.downcast_ref().is_some_and(legacy::Error::is_connect) {
                return true;
            }
            cause = error.source();
        }
        source.is_not_sent()
    }
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(_) => f.write_str("no answer"),
            Self::Broken(_) => f.write_str("the reply broke off"),
            Self::Late(within) => write!(f, "no answer within {within:?}"),
            Self::TooLong(limit) => write!(f, "the reply has more than {limit} bytes"),
        }
    }
}

impl StdError for NoReply {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unanswered(source) | Self::Broken(source) => Some(&**source),
            Self::Late(_) => Some(&Code::DeadlineExceeded),
            Self::TooLong(_) => Some(&Code::DataLoss),
        }
    }
}

/// `DeadlineExceeded` where it is late, `DataLoss` where it is too long, else `Unavailable`.
impl Classify for NoReply {
    fn code(&self) -> Code {
        match self {
            Self::Unanswered(_) | Self::Broken(_) => Code::Unavailable,
            Self::Late(_) => Code::DeadlineExceeded,
            Self::TooLong(_) => Code::DataLoss,
        }
    }
}
