use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use towerkit_endpoint::{Classify, Code, Refusal};

use crate::Reason;

/// A call was refused for what its caller is, or for what that is not known: the leaf error of the layers of this crate.
///
/// Its text is the little that the caller is told. The [`Reason`] stands below it, for operators, and in the request's line of a log;
/// what goes out are the [code](Reason::code) and the challenges, `www-authenticate` (RFC 9110, section 11.6.1).
///
/// It is one word wide.
#[derive(Clone, Debug)]
pub struct Denied(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    reason: Arc<Reason>,
    refusal: Refusal,
}

/// The reason, as the source of the refusal.
#[derive(Debug)]
struct Because(Arc<Reason>);

impl Denied {
    pub(crate) fn new(reason: Arc<Reason>, challenges: impl IntoIterator<Item = HeaderValue>) -> Self {
        let mut refusal = Refusal::new(reason.code()).with_source(Because(Arc::clone(&reason)));
        for challenge in challenges {
            refusal = refusal.with_metadata(WWW_AUTHENTICATE, challenge);
        }
        Self(Box::new(Inner { reason, refusal }))
    }

    /// Why: not for the caller.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }
}

/// What the caller is told.
impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.reason.public())
    }
}

impl std::error::Error for Denied {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.refusal)
    }
}

impl Classify for Denied {
    fn code(&self) -> Code {
        self.0.refusal.code()
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Because {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}
