use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Access, Policy};
use crate::Answer;

/// A policy for each operation, by the name that its layer was given: for one stack that serves all of them. An operation that is not in the table is
/// denied.
///
/// All policies have one type; where they differ, each is an `Arc<dyn Policy<T> + Send + Sync>`. Of two under one name the later one holds.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_auth::{Authorization, Scopes, by_operation};
///
/// let authorization = Authorization::new(by_operation([
///     ("sum", Scopes::all(["add:read"])),
///     ("reset", Scopes::all(["add:read", "add:write"])),
/// ]));
/// let stack = |operation| ServiceBuilder::new().layer(authorization.requests(operation));
/// # let _ = stack("sum");
/// ```
pub fn by_operation<N: Into<String>, P>(policies: impl IntoIterator<Item = (N, P)>) -> ByOperation<P> {
    let policies = policies.into_iter().map(|(name, policy)| (name.into(), policy)).collect();
    ByOperation { policies: Arc::new(policies) }
}

/// The policy that [`by_operation`] makes. Clones share its table.
pub struct ByOperation<P> {
    policies: Arc<HashMap<String, P>>,
}

impl<T, P: Policy<T>> Policy<T> for ByOperation<P> {
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        match self.policies.get(access.operation()) {
            Some(policy) => policy.decide(access),
            None => Answer::fail(access.no("there is no policy for the operation")),
        }
    }
}

impl<P> Clone for ByOperation<P> {
    fn clone(&self) -> Self {
        Self { policies: Arc::clone(&self.policies) }
    }
}

impl<P: fmt::Debug> fmt::Debug for ByOperation<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByOperation").field(&self.policies).finish()
    }
}
