//! Who makes a call: the layer that finds it out, and what it asks.

mod authenticator;
mod check;
mod layer;

use std::fmt;
use std::sync::Arc;

pub use authenticator::Authenticator;
pub(crate) use check::Anonymous;
pub use check::AuthenticationCheck;
pub use layer::AuthenticationLayer;

use crate::AuditEvent;
use crate::audit::Audit;

/// Finds out who makes a call, or refuses it.
///
/// It asks its [authenticators](Authenticator) in their order; the first that finds credentials of its kind decides, and the rest is not asked. Whoever
/// passes is the [`Principal`](crate::Principal) of the request's context from there on. Whoever does not fails with [`Denied`](crate::Denied):
/// `Unauthenticated`, with the challenges of all kinds.
///
/// It is a handle, from which each operation gets its [layer](Self::requests); clones share its authenticators. The layer works on any transport, since credentials
/// travel in the metadata.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_auth::{Authentication, Basic, Principal};
/// use towerkit_endpoint::{Code, Endpoint, Error, Request, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let authentication = Authentication::new(Basic::fixed("add", "ada", "rosebud"));
///
/// let whoami = ServiceBuilder::new()
///     .layer(authentication.requests("whoami"))
///     .service(service_fn(|request: Request<()>| async move {
///         Ok::<_, Error>(Principal::of(request.context()).map(|ada| ada.subject().to_owned()))
///     }));
///
/// let refused = whoami.invoke(()).await.unwrap_err();
/// assert_eq!(refused.code(), Code::Unauthenticated);
/// assert_eq!(refused.metadata().get("www-authenticate"), Some(r#"Basic realm="add", charset="UTF-8""#));
///
/// let mut request = Request::new(());
/// request.context_mut().metadata_mut().set("authorization", "Basic YWRhOnJvc2VidWQ=")?;
/// assert_eq!(whoami.invoke(request).await?.as_deref(), Some("ada"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authentication {
    authenticators: Vec<Arc<dyn Authenticator>>,
    optional: bool,
    audit: Audit,
}

impl Authentication {
    /// By one kind of credentials.
    #[must_use]
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self { authenticators: vec![Arc::new(authenticator)], optional: false, audit: Audit::none() }
    }

    /// By another kind as well, which is asked after those before, and only about calls that have no credentials of theirs: a second one of the same kind is never asked.
    /// Tokens of several issuers take one `JwtVerifiers`.
    #[must_use]
    pub fn or(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticators.push(Arc::new(authenticator));
        self
    }

    /// Lets a call without credentials pass, as nobody's: it has no [`Principal`](crate::Principal). Credentials that are not valid, or of a kind that is not
    /// known here, are refused all the same.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Tells of each call that is refused; at first nobody is told.
    #[must_use]
    pub fn on_refusal(mut self, tell: impl Fn(&AuditEvent<'_>) + Send + Sync + 'static) -> Self {
        self.audit = Audit::new(tell);
        self
    }

    /// The layer of an operation, under whose name refusals are told.
    #[must_use]
    pub fn requests(&self, operation: impl Into<Arc<str>>) -> AuthenticationLayer {
        AuthenticationLayer::new(AuthenticationCheck::new(self.clone(), operation.into()))
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("authenticators", &self.authenticators)
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}
