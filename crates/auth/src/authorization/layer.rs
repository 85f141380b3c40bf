use tower_layer::Layer;

use super::AuthorizationCheck;
use crate::gate::Gate;

/// Refuses the calls that a policy does not allow: made by [`Authorization::requests`](super::Authorization::requests).
///
/// It stands inside of the layer that [authenticates](crate::Authentication), and outside of what costs. It is always ready, and drives the readiness of
/// what is inside in its future; clones, and the services that it makes, share its policy. It allocates nothing but what the policy does.
#[derive(Debug)]
pub struct AuthorizationLayer<P> {
    check: AuthorizationCheck<P>,
}

impl<P> AuthorizationLayer<P> {
    pub(super) const fn new(check: AuthorizationCheck<P>) -> Self {
        Self { check }
    }
}

impl<P> Clone for AuthorizationLayer<P> {
    fn clone(&self) -> Self {
        Self { check: self.check.clone() }
    }
}

impl<S, P> Layer<S> for AuthorizationLayer<P> {
    type Service = Gate<S, AuthorizationCheck<P>>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate::new(inner, self.check.clone())
    }
}
