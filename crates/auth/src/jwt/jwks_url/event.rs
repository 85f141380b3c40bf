use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use towerkit_endpoint::Report;
use towerkit_http_client::NoReply;

use crate::{InvalidJwks, SkippedKey};

/// What a [`JwksUrl`](crate::JwksUrl) tells. Its text has the URL, without its query.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JwksEvent {
    /// There are keys, in place of those before.
    #[non_exhaustive]
    Refreshed {
        /// From where.
        url: Arc<str>,
        /// How many.
        keys: usize,
        /// Those that are in the set and not used.
        skipped: Vec<SkippedKey>,
        /// After which time they are fetched again.
        next: Duration,
    },
    /// They could not be fetched; those before are used on.
    #[non_exhaustive]
    Failed {
        /// From where.
        url: Arc<str>,
        /// What is wrong.
        error: Arc<JwksError>,
        /// After which time it is tried again.
        next: Duration,
    },
    /// They could not be fetched for [too long](crate::JwksUrl::stale_for): those before are not used any more.
    #[non_exhaustive]
    Dropped {
        /// From where.
        url: Arc<str>,
    },
}

impl fmt::Display for JwksEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refreshed { url, keys, skipped, next } => {
                write!(f, "{url}: {keys} keys, the next fetch is in {next:.1?}")?;
                skipped.iter().try_for_each(|key| write!(f, "; skipped {key}"))
            }
            Self::Failed { url, error, next } => {
                write!(f, "{url}: {}; the next fetch is in {next:.1?}", Report::new(&**error))
            }
            Self::Dropped { url } => write!(f, "{url}: the keys are too old, and not used any more"),
        }
    }
}

/// Why keys could not be fetched.
#[derive(Debug)]
#[non_exhaustive]
pub enum JwksError {
    /// There is no reply, or not all of it.
    NoReply(NoReply),
    /// It is another than 200; with what is said, cut and escaped.
    Status(StatusCode, String),
    /// It is a redirect, and those are not followed.
    Redirected(StatusCode),
    /// It is no key set, or has no key that can be used.
    Invalid(InvalidJwks),
    /// The issuer's configuration can't be used; with what is wrong with it.
    Configuration(Cow<'static, str>),
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReply(error) => error.fmt(f),
            Self::Status(status, said) if said.is_empty() => write!(f, "the reply is {status}"),
            Self::Status(status, said) => write!(f, "the reply is {status}: {said}"),
            Self::Redirected(status) => write!(f, "the reply is {status}, and redirects are not followed"),
            Self::Invalid(error) => error.fmt(f),
            Self::Configuration(what) => write!(f, "the issuer's configuration can't be used: {what}"),
        }
    }
}

impl std::error::Error for JwksError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoReply(error) => error.source(),
            _ => None,
        }
    }
}
