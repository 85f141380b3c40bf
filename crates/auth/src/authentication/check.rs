use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use towerkit_endpoint::{Code, Request};

use super::Authentication;
use crate::gate::{Check, Outcome};
use crate::{Answer, AuditEvent, Denied, Principal, Reason, Scheme};

/// What [`AuthenticationLayer`](super::AuthenticationLayer) does before a call.
#[derive(Clone)]
pub struct AuthenticationCheck(Arc<Inner>);

struct Inner {
    authentication: Authentication,
    operation: Arc<str>,
}

impl AuthenticationCheck {
    pub(super) fn new(authentication: Authentication, operation: Arc<str>) -> Self {
        Self(Arc::new(Inner { authentication, operation }))
    }
}

impl<T> Check<T> for AuthenticationCheck {
    /// Which of the authenticators has decided.
    type Ticket = Option<usize>;
    /// None is a call without credentials that may be one.
    type Proof = Option<Principal>;
    type Reason = Reason;
    type Denied = Denied;

    fn begin(&self, request: &Request<T>) -> (Option<usize>, Answer<Option<Principal>>) {
        let context = request.context();
        let Authentication { authenticators, optional, .. } = &self.0.authentication;
        for (index, authenticator) in authenticators.iter().enumerate() {
            let verdict = match authenticator.authenticate(context) {
                None => continue,
                Some(Answer::Now(outcome)) => Answer::Now(outcome.map(Some)),
                Some(Answer::Later(outcome)) => Answer::later(async move { outcome.await.map(Some) }),
            };
            return (Some(index), verdict);
        }
        let verdict = if context.metadata().get_all(AUTHORIZATION).next().is_some() {
            Answer::fail(Reason::Malformed("they are of a scheme that is not known here".into()))
        } else if *optional {
            Answer::pass(None)
        } else {
            Answer::fail(Reason::Missing)
        };
        (None, verdict)
    }

    fn end(
        &self,
        decided: Option<usize>,
        request: &mut Request<T>,
        outcome: Outcome<Option<Principal>>,
    ) -> Result<(), Denied> {
        match outcome {
            Ok(Some(principal)) => {
                request.context_mut().insert(principal);
                Ok(())
            }
            Ok(None) => {
                let context = request.context_mut();
                // Nobody but this layer says who it is; and there may be one among what is carried as well.
                while context.remove::<Principal>().is_some() {}
                context.insert(Anonymous(self.clone()));
                Ok(())
            }
            Err(reason) => Err(self.deny(decided, request, reason)),
        }
    }
}

impl AuthenticationCheck {
    #[cold]
    fn deny<T>(&self, decided: Option<usize>, request: &Request<T>, reason: Reason) -> Denied {
        let Inner { authentication: Authentication { authenticators, audit, .. }, operation } = &*self.0;
        let scheme = decided.and_then(|index| authenticators.get(index)).map(|authenticator| authenticator.scheme());
        audit.tell(&AuditEvent { operation, scheme, reason: &reason, context: request.context() });
        let challenges = match reason.code() {
            Code::Unauthenticated | Code::InvalidArgument => self.challenges(decided, &reason),
            _ => Vec::new(),
        };
        Denied::new(Arc::new(reason), challenges)
    }

    /// Of all kinds; the one that has decided is told why it refused. A certificate has a challenge where no other has one: what answers 401 must (RFC 9110,
    /// section 15.5.2).
    fn challenges(&self, decided: Option<usize>, reason: &Reason) -> Vec<HeaderValue> {
        let authenticators = &self.0.authentication.authenticators;
        let asked = authenticators.iter().enumerate();
        let mut challenges: Vec<_> = asked
            .filter_map(|(index, authenticator)| authenticator.challenge((decided == Some(index)).then_some(reason)))
            .collect();
        let by_certificate =
            || authenticators.iter().any(|authenticator| authenticator.scheme() == Scheme::Certificate);
        if challenges.is_empty() && by_certificate() {
            challenges.push(HeaderValue::from_static("Certificate"));
        }
        challenges
    }
}

/// Stands in the context of a call that has passed without credentials, for a policy that wants some after all: a caller who is not authenticated is told how
/// to be (RFC 9110, section 15.5.2).
#[derive(Clone)]
pub(crate) struct Anonymous(AuthenticationCheck);

impl Anonymous {
    pub(crate) fn challenges(&self) -> Vec<HeaderValue> {
        self.0.challenges(None, &Reason::Missing)
    }
}

impl fmt::Debug for AuthenticationCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { authentication, operation } = &*self.0;
        f.debug_struct("AuthenticationCheck")
            .field("authentication", authentication)
            .field("operation", operation)
            .finish()
    }
}
