use std::fmt;

use http::HeaderValue;
use towerkit_endpoint::Context;

use crate::{Answer, Principal, Reason, Scheme};

/// What knows one kind of credentials.
///
/// Those of this crate are [`Basic`](crate::Basic), `JwtVerifier`, `ApiKeys` and [`ClientCertificate`](crate::ClientCertificate); one of a user's own
/// stands beside them.
///
/// ```
/// use http::HeaderValue;
/// use towerkit_auth::{Authenticator, Principal, Reason, Scheme, Answer};
/// use towerkit_endpoint::Context;
///
/// /// Believes a proxy in front, which has authenticated the caller.
/// #[derive(Debug)]
/// struct BehindProxy;
///
/// impl Authenticator for BehindProxy {
///     fn scheme(&self) -> Scheme {
///         Scheme::Other("proxy")
///     }
///
///     fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
///         let user = context.metadata().get("x-forwarded-user")?;
///         Some(Answer::pass(Principal::new(self.scheme(), user)))
///     }
///
///     fn challenge(&self, _: Option<&Reason>) -> Option<HeaderValue> {
///         None
///     }
/// }
/// ```
pub trait Authenticator: fmt::Debug + Send + Sync + 'static {
    /// The kind, for audits.
    fn scheme(&self) -> Scheme;

    /// Judges the credentials of a request; none where it has none of this kind.
    ///
    /// It must not block: what takes long is a future.
    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>>;

    /// How `www-authenticate` asks for credentials of this kind: without a reason where there were none of it, with one where
    /// those that there were are refused. None where it is not asked so.
    fn challenge(&self, reason: Option<&Reason>) -> Option<HeaderValue>;
}
