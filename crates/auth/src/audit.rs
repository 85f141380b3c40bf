use std::fmt;
use std::sync::Arc;

use towerkit_endpoint::{Context, Via};

use crate::{Principal, Reason, Scheme};

/// A refusal, as an audit log has it: `refused sum: the token expired 7 s ago`.
///
/// Each layer of this crate tells one for each call that it refuses, to the function it was given, before the caller is answered; there is
/// no secret in it, and who it is stands there [escaped and cut](Reason::quote). The function runs where the request is polled, so a plain `tracing::warn!` in it carries the fields of the request's log.
///
/// ```
/// use towerkit_auth::AuditEvent;
///
/// fn audit(event: &AuditEvent<'_>) {
///     eprintln!("audit: reason={} peer={:?} {event}", event.reason().as_str(), event.context().peer());
/// }
/// # let _: fn(&AuditEvent<'_>) = audit;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AuditEvent<'a> {
    pub(crate) operation: &'a str,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) reason: &'a Reason,
    pub(crate) context: &'a Context,
}

impl<'a> AuditEvent<'a> {
    /// The name that the layer was given.
    #[must_use]
    pub const fn operation(&self) -> &'a str {
        self.operation
    }

    /// Of what kind the credentials are; none where there are none.
    #[must_use]
    pub const fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &'a Reason {
        self.reason
    }

    /// Who it is, where that is known: a policy refused.
    #[must_use]
    pub fn principal(&self) -> Option<&'a Principal> {
        Principal::of(self.context)
    }

    /// How the request came.
    #[must_use]
    pub const fn via(&self) -> Option<&'a Via> {
        self.context.via()
    }

    /// The context of the request, for the peer and the trace. Its metadata hold the credentials: they are not for a log.
    #[must_use]
    pub const fn context(&self) -> &'a Context {
        self.context
    }
}

impl fmt::Display for AuditEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused {}", self.operation)?;
        if let Some(principal) = self.principal() {
            write!(f, " to \"{}\"", Reason::quote(principal.subject()))?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Whom refusals are told.
#[derive(Clone)]
pub(crate) struct Audit(Arc<dyn Fn(&AuditEvent<'_>) + Send + Sync>);

impl Audit {
    pub(crate) fn none() -> Self {
        Self(Arc::new(|_| {}))
    }

    pub(crate) fn new(tell: impl Fn(&AuditEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, event: &AuditEvent<'_>) {
        (self.0)(event);
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}
