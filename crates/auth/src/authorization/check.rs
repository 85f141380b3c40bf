use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use towerkit_endpoint::Request;

use super::{Access, Authorization, Policy};
use crate::authentication::Anonymous;
use crate::gate::{Check, Outcome};
use crate::{Answer, AuditEvent, Challenge, Denied, Principal, Reason, Scheme};

/// What [`AuthorizationLayer`](super::AuthorizationLayer) does before a call.
pub struct AuthorizationCheck<P>(Arc<Inner<P>>);

struct Inner<P> {
    authorization: Authorization<P>,
    operation: Arc<str>,
}

impl<P> AuthorizationCheck<P> {
    pub(super) fn new(authorization: Authorization<P>, operation: Arc<str>) -> Self {
        Self(Arc::new(Inner { authorization, operation }))
    }

    #[cold]
    fn deny<T>(&self, request: &Request<T>, reason: Reason) -> Denied {
        let Inner { authorization, operation } = &*self.0;
        let context = request.context();
        let scheme = Principal::of(context).map(Principal::scheme);
        authorization.audit.tell(&AuditEvent { operation, scheme, reason: &reason, context });
        let challenges = match &reason {
            Reason::InsufficientScope(needed) if scheme == Some(Scheme::Bearer) => {
                vec![insufficient_scope(authorization.realm.as_deref(), needed)]
            }
            Reason::Missing => context.get::<Anonymous>().map(Anonymous::challenges).unwrap_or_default(),
            _ => Vec::new(),
        };
        Denied::new(Arc::new(reason), challenges)
    }
}

/// RFC 6750, section 3.1.
fn insufficient_scope(realm: Option<&str>, needed: &str) -> HeaderValue {
    let mut challenge = Challenge::new("Bearer");
    if let Some(realm) = realm {
        challenge = challenge.param("realm", realm);
    }
    challenge = challenge.param("error", "insufficient_scope");
    if !needed.is_empty() {
        challenge = challenge.param("scope", needed);
    }
    challenge.into_value()
}

impl<P, T> Check<T> for AuthorizationCheck<P>
where
    P: Policy<T>,
{
    type Ticket = ();
    type Proof = ();
    type Reason = Reason;
    type Denied = Denied;

    fn begin(&self, request: &Request<T>) -> ((), Answer<()>) {
        ((), self.0.authorization.policy.decide(&Access::new(&self.0.operation, request)))
    }

    fn end(&self, (): (), request: &mut Request<T>, outcome: Outcome<()>) -> Result<(), Denied> {
        outcome.map_err(|reason| self.deny(request, reason))
    }
}

impl<P> Clone for AuthorizationCheck<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: fmt::Debug> fmt::Debug for AuthorizationCheck<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { authorization, operation } = &*self.0;
        f.debug_struct("AuthorizationCheck")
            .field("authorization", authorization)
            .field("operation", operation)
            .finish()
    }
}
