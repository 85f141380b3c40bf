use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use towerkit_endpoint::{Classify, Code, Refusal};

/// There are no credentials to call with: the leaf error of [`CredentialsLayer`](crate::CredentialsLayer). The call was not sent.
///
/// It is `Unavailable`, which a retry repeats, or `Internal` where it will not get better by itself; why stands below it, for operators.
#[derive(Clone, Debug)]
pub struct NoCredentials(Box<Refusal>);

impl NoCredentials {
    /// For a reason that may pass: `Unavailable`.
    #[must_use]
    pub fn new(why: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(Refusal::new(Code::Unavailable).with_source(why)))
    }

    /// For one that stays: `Internal`.
    #[must_use]
    pub fn internal(why: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(Refusal::new(Code::Internal).with_source(why)))
    }

    /// Says when to try again, counted from now.
    #[must_use]
    pub fn with_retry_after(self, after: Duration) -> Self {
        Self(Box::new(self.0.with_retry_after(after)))
    }
}

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are no credentials to call with")
    }
}

impl StdError for NoCredentials {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

impl Classify for NoCredentials {
    fn code(&self) -> Code {
        self.0.code()
    }
}

/// Credentials can't be sent. What they are is not kept.
#[derive(Debug)]
pub(super) struct Unsendable;

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the credentials are empty, or hold characters that can't be sent")
    }
}

impl StdError for Unsendable {}
