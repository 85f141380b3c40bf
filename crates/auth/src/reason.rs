use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::Duration;

use towerkit_endpoint::{BoxError, Code, Report};

/// Why a call was refused: for logs and audits, never for the caller.
///
/// Its text has no secret in it, and what it quotes of a caller's is [escaped and cut](Self::quote). `Debug` shows that text
/// with the [name](Self::as_str), on one line.
#[non_exhaustive]
pub enum Reason {
    /// There are no credentials.
    Missing,
    /// What is there can't be read; with what is wrong with it.
    Malformed(Cow<'static, str>),
    /// There are credentials of a kind more than once: which of them is meant is not to be guessed.
    Ambiguous(&'static str),
    /// It is longer than what is read, in bytes.
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// A token's time is over, by so much.
    Expired(Duration),
    /// A token's time has not come; it is so far off.
    NotYetValid(Duration),
    /// A token is signed by an algorithm that its key is not for, or that is none at all; with its name as it came.
    WrongAlgorithm(String),
    /// There is no such key; with its id as it came, where it has one.
    UnknownKey(Option<String>),
    /// The signature is not that of the key.
    BadSignature,
    /// A token is for others.
    WrongAudience,
    /// A token is by another issuer.
    WrongIssuer,
    /// A token has no such claim, and must.
    MissingClaim(&'static str),
    /// A token can't be used as it is; with what is wrong with it.
    Unsuitable(Cow<'static, str>),
    /// The password or the key is not right; with the name, where it is one that is known.
    WrongCredentials(Option<String>),
    /// The caller lacks scopes; with those that are needed.
    InsufficientScope(Cow<'static, str>),
    /// A policy says no; with what it has to say.
    NotAllowed(Cow<'static, str>),
    /// It can't be found out at present.
    Unavailable(BoxError),
    /// Too many callers wait to be checked.
    Overloaded,
}

impl Reason {
    /// A name for labels and filters: `missing`, `expired`, `bad_signature` and so on.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed(_) => "malformed",
            Self::Ambiguous(_) => "ambiguous",
            Self::TooLarge { .. } => "too_large",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not_yet_valid",
            Self::WrongAlgorithm(_) => "wrong_algorithm",
            Self::UnknownKey(_) => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongAudience => "wrong_audience",
            Self::WrongIssuer => "wrong_issuer",
            Self::MissingClaim(_) => "missing_claim",
            Self::Unsuitable(_) => "unsuitable",
            Self::WrongCredentials(_) => "wrong_credentials",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::NotAllowed(_) => "not_allowed",
            Self::Unavailable(_) => "unavailable",
            Self::Overloaded => "overloaded",
        }
    }

    /// What the caller gets.
    ///
    /// Mostly it is `Unauthenticated`; `PermissionDenied` from a policy; `InvalidArgument` for what is
    /// [ambiguous](Self::Ambiguous) (RFC 6750, section 3.1, `invalid_request`); `Unavailable` where it is not the caller's fault.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Ambiguous(_) => Code::InvalidArgument,
            Self::InsufficientScope(_) | Self::NotAllowed(_) => Code::PermissionDenied,
            Self::Unavailable(_) | Self::Overloaded => Code::Unavailable,
            _ => Code::Unauthenticated,
        }
    }

    /// What the caller is told: little, so that nobody learns from it what to try next.
    pub(crate) const fn public(&self) -> &'static str {
        match self {
            Self::Missing => "credentials are required",
            Self::Ambiguous(_) => "the credentials are ambiguous",
            Self::Expired(_) => "the credentials have expired",
            Self::InsufficientScope(_) | Self::NotAllowed(_) => "not allowed",
            Self::Unavailable(_) | Self::Overloaded => "the credentials can't be checked at present",
            _ => "the credentials are not valid",
        }
    }

    /// What a caller sent, made fit to be told: escaped, and cut after 64 characters.
    #[must_use]
    pub fn quote(text: &str) -> String {
        const LONGEST: usize = 64;
        let mut quoted: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        if text.chars().nth(LONGEST).is_some() {
            quoted.push('…');
        }
        quoted
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there are no credentials"),
            Self::Malformed(what) => write!(f, "the credentials can't be read: {what}"),
            Self::Ambiguous(what) => write!(f, "the credentials are ambiguous: {what}"),
            Self::TooLarge { limit } => write!(f, "the credentials are longer than {limit} bytes"),
            Self::Expired(since) => write!(f, "the token expired {} s ago", since.as_secs()),
            Self::NotYetValid(until) => write!(f, "the token is valid in {} s only", until.as_secs()),
            Self::WrongAlgorithm(name) => {
                write!(f, "the token's algorithm, \"{}\", is not one of its key", Self::quote(name))
            }
            Self::UnknownKey(Some(kid)) => write!(f, "there is no key \"{}\" that fits", Self::quote(kid)),
            Self::UnknownKey(None) => f.write_str("no key fits, and the credentials name none"),
            Self::BadSignature => f.write_str("the signature is not right"),
            Self::WrongAudience => f.write_str("the token is for others"),
            Self::WrongIssuer => f.write_str("the token is by another issuer"),
            Self::MissingClaim(name) => write!(f, "the token has no {name}"),
            Self::Unsuitable(what) => write!(f, "the token can't be used: {what}"),
            Self::WrongCredentials(Some(name)) => {
                write!(f, "the credentials of \"{}\" are not right", Self::quote(name))
            }
            Self::WrongCredentials(None) => f.write_str("the credentials are not known"),
            Self::InsufficientScope(needed) => write!(f, "a scope is missing of: {needed}"),
            Self::NotAllowed(what) => write!(f, "not allowed: {what}"),
            Self::Unavailable(error) => write!(f, "the credentials can't be checked: {error}"),
            Self::Overloaded => f.write_str("too many callers wait to be checked"),
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({}: ", self.as_str())?;
        for character in Report::new(self).to_string().chars() {
            match character {
                // What is quoted is escaped already.
                '"' | '\'' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        f.write_char(')')
    }
}

impl std::error::Error for Reason {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => error.source(),
            _ => None,
        }
    }
}
