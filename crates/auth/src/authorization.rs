//! What a caller may do: the layer that asks a policy.

mod access;
mod async_policy_fn;
mod by_operation;
mod check;
mod combined;
mod layer;
mod policy;
mod policy_fn;
mod scopes;

use std::fmt;
use std::sync::Arc;

pub use access::Access;
pub use async_policy_fn::{AsyncPolicyFn, async_policy_fn};
pub use by_operation::{ByOperation, by_operation};
pub use check::AuthorizationCheck;
pub use combined::{Both, Either, both, either};
pub use layer::AuthorizationLayer;
pub use policy::Policy;
pub use policy_fn::{PolicyFn, policy_fn};
pub use scopes::Scopes;

use crate::AuditEvent;
use crate::audit::Audit;

/// Lets those calls through that a [`Policy`] allows; the others fail with [`Denied`](crate::Denied), `PermissionDenied`.
///
/// It is a handle, from which each operation gets its [layer](Self::requests), and stands inside of [`Authentication`](crate::Authentication). Without that, or
/// where that is optional, a caller may be nobody: the policies of this crate then say no with [`Missing`](crate::Reason::Missing), `Unauthenticated`, without asking
/// a function, and the challenges are those of the authentication outside. A function that is for nobody too says so ([`anonymous_too`](PolicyFn::anonymous_too)).
///
/// | policy | says yes to |
/// | --- | --- |
/// | [`policy_fn`], [`async_policy_fn`] | what a function does: it sees the principal, the operation and the message |
/// | [`Scopes`] | who has the scopes |
/// | `Casbin`, with the feature `casbin` | what files in casbin's language do |
/// | [`by_operation`] | what the policy of the operation does |
/// | [`both`], [`either`] | what both, or one of two do |
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_auth::{Access, Authentication, Authorization, Basic, policy_fn};
/// use towerkit_endpoint::{Code, Endpoint, Error, Request, endpoint_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let authentication = Authentication::new(Basic::fixed("shop", "ada", "rosebud"));
/// // Ada may spend a hundred, and she alone.
/// let authorization = Authorization::new(policy_fn(|access: &Access<'_, u64>| {
///     access.principal().is_some_and(|who| who.subject() == "ada") && *access.message() <= 100
/// }));
///
/// let spend = ServiceBuilder::new()
///     .layer(authentication.requests("spend"))
///     .layer(authorization.requests("spend"))
///     .service(endpoint_fn(|amount: u64| async move { Ok::<_, Error>(amount) }));
///
/// let by_ada = |amount| {
///     let mut request = Request::new(amount);
///     request.context_mut().metadata_mut().set("authorization", "Basic YWRhOnJvc2VidWQ=")?;
///     Ok::<_, towerkit_endpoint::InvalidMetadata>(request)
/// };
/// assert_eq!(spend.invoke(by_ada(7)?).await?, 7);
/// assert_eq!(spend.invoke(by_ada(700)?).await.unwrap_err().code(), Code::PermissionDenied);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authorization<P> {
    policy: P,
    realm: Option<Arc<str>>,
    audit: Audit,
}

impl<P> Authorization<P> {
    /// By a policy.
    #[must_use]
    pub fn new(policy: P) -> Self {
        Self { policy, realm: None, audit: Audit::none() }
    }

    /// Names the protected space (RFC 9110, section 11.5) in the challenge of a caller who lacks scopes: that of the verifier. At first it is not named.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Arc<str>>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Tells of each call that is refused; at first nobody is told.
    #[must_use]
    pub fn on_refusal(mut self, tell: impl Fn(&AuditEvent<'_>) + Send + Sync + 'static) -> Self {
        self.audit = Audit::new(tell);
        self
    }

    /// The layer of an operation, whose name the policy sees.
    #[must_use]
    pub fn requests(&self, operation: impl Into<Arc<str>>) -> AuthorizationLayer<P>
    where
        P: Clone,
    {
        AuthorizationLayer::new(AuthorizationCheck::new(self.clone(), operation.into()))
    }
}

impl<P: fmt::Debug> fmt::Debug for Authorization<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("policy", &self.policy).finish_non_exhaustive()
    }
}
