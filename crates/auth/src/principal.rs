use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use towerkit_endpoint::Context;

/// Who makes a call, whatever proved it: [`Principal::of`] a request's context.
///
/// The layer of [`Authentication`](crate::Authentication) puts it there; it stays in the process, and does not go along with outgoing calls. Clones
/// share it.
///
/// ```
/// use towerkit_auth::{Principal, Scheme};
/// use towerkit_endpoint::Context;
///
/// #[derive(Debug, PartialEq)]
/// struct Tenant(u32);
///
/// let mut context = Context::new();
/// context.insert(Principal::new(Scheme::Bearer, "ada").with_scopes(["add:read"]).with_claims(Tenant(7)));
///
/// let principal = Principal::of(&context).unwrap();
/// assert_eq!(principal.subject(), "ada");
/// assert!(principal.has_scope("add:read"));
/// assert_eq!(principal.claims::<Tenant>(), Some(&Tenant(7)));
/// ```
#[derive(Clone)]
pub struct Principal(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    scheme: Scheme,
    subject: String,
    issuer: Option<String>,
    /// As OAuth writes them: with a space between any two.
    scopes: String,
    expires_at: Option<SystemTime>,
    claims: Option<Arc<dyn Any + Send + Sync>>,
}

/// What proved who the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// A name and a password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
    /// A key of an application.
    ApiKey,
    /// A certificate of mutual TLS.
    Certificate,
    /// Something of the user's own.
    Other(&'static str),
}

impl Scheme {
    /// The name in lower case, as it stands in logs: `basic`, `bearer`, `api_key`, `certificate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
            Self::Certificate => "certificate",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Principal {
    /// A caller of a name, which is unique within its [issuer](Self::issuer).
    #[must_use]
    pub fn new(scheme: Scheme, subject: impl Into<String>) -> Self {
        let (subject, scopes) = (subject.into(), String::new());
        Self(Arc::new(Inner { scheme, subject, issuer: None, scopes, expires_at: None, claims: None }))
    }

    fn set(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Says who vouches for the name: a token's issuer, a realm.
    #[must_use]
    pub fn with_issuer(self, issuer: impl Into<String>) -> Self {
        self.set(|inner| inner.issuer = Some(issuer.into()))
    }

    /// Sets what the caller may do, by the names that its issuer gave (RFC 6749, section 3.3). One with a space in it counts as several.
    #[must_use]
    pub fn with_scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut joined = String::new();
        for scope in scopes {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope.as_ref());
        }
        self.set(|inner| inner.scopes = joined)
    }

    /// Says until when the proof holds.
    #[must_use]
    pub fn with_expiry(self, at: SystemTime) -> Self {
        self.set(|inner| inner.expires_at = Some(at))
    }

    /// Adds what else is known, in a type of one's own.
    #[must_use]
    pub fn with_claims<C: Send + Sync + 'static>(self, claims: C) -> Self {
        self.set(|inner| inner.claims = Some(Arc::new(claims)))
    }

    /// Who makes the call, if a layer has found out.
    #[must_use]
    pub fn of(context: &Context) -> Option<&Self> {
        context.get()
    }

    /// What proved it.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.0.scheme
    }

    /// The name: a user, a service, the `sub` of a token. It may be empty, where a token has none.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Who vouches for the name: the `iss` of a token, a realm.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    /// What it may do, by the names that its issuer gave.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.0.scopes.split_ascii_whitespace()
    }

    /// Whether it has a scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|has| has == scope)
    }

    /// Until when the proof holds, where that is known. A stream that outlives it may ask.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at
    }

    /// What else is known, in the type it was read into: that of a verifier of tokens, or of
    /// [`with_claims`](Self::with_claims). None where it is of another type.
    #[must_use]
    pub fn claims<C: 'static>(&self) -> Option<&C> {
        self.0.claims.as_deref()?.downcast_ref()
    }
}

/// Without the claims: what they hold is not known here.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { scheme, subject, issuer, scopes, expires_at, claims: _ } = &*self.0;
        f.debug_struct("Principal")
            .field("scheme", scheme)
            .field("subject", subject)
            .field("issuer", issuer)
            .field("scopes", scopes)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
}
