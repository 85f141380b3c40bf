use tower_layer::Layer;

use super::AuthenticationCheck;
use crate::gate::Gate;

/// Puts the [`Principal`](crate::Principal) of a call into its context, or refuses it: made by
/// [`Authentication::requests`](super::Authentication::requests).
///
/// It stands inside of what must see refusals (traces, logs, metrics) and of the deadline, which bounds a check that waits; and outside of all else: of limits, which may then count by principal, and of
/// [policies](crate::Authorization). It is always ready, and drives the readiness of what is inside in its future; clones, and the services that it makes,
/// share its authenticators. A call that passes costs what the authenticator says, an allocation more where that answers later, and what a value in the context
/// does.
#[derive(Clone, Debug)]
pub struct AuthenticationLayer {
    check: AuthenticationCheck,
}

impl AuthenticationLayer {
    pub(super) const fn new(check: AuthenticationCheck) -> Self {
        Self { check }
    }
}

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Gate<S, AuthenticationCheck>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate::new(inner, self.check.clone())
    }
}
