//! A certificate of mutual TLS.

mod spiffe;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use towerkit_endpoint::{Context, PeerIdentity};

use crate::{Answer, Authenticator, Principal, Reason, Scheme};

/// Knows callers by the certificate that they showed to a server with mutual TLS, which has verified it.
///
/// Which of its names counts is chosen here, since an authority may vet one kind and let another through: by
/// [URI](Self::by_uri), [DNS name](Self::by_dns_name), [common name](Self::by_common_name), [SPIFFE id](Self::spiffe), or [any
/// of the first three](Self::by_any_name). Whose the names are is for [a function](Self::by) otherwise. Each name that the
/// authority has signed is let in, unless [a list](Self::only) says which.
///
/// A call over a connection without a certificate has no credentials of this kind. No challenge asks for one, since it was too
/// late for that; but where no other authenticator has a challenge either, a refusal carries a bare `Certificate`, because
/// an answer of 401 must have one (RFC 9110, section 15.5.2). A certificate decides whatever else the call brings: where
/// callers show one and a token as well, the token's authenticator stands before this one.
///
/// The certificate is verified when the connection is made, and not again: its [`Principal`] has no
/// [`expires_at`](Principal::expires_at), and a connection that outlives the certificate is as good as before. Where that
/// matters the server bounds how long a connection lives.
///
/// A call that passes costs two allocations, its principal.
///
/// ```
/// use towerkit_auth::{Authentication, ClientCertificate};
///
/// let authentication = Authentication::new(ClientCertificate::spiffe("example.org").only(["spiffe://example.org/cart"]));
/// # let _ = authentication;
/// ```
#[derive(Clone)]
pub struct ClientCertificate {
    by: By,
    only: Option<Arc<HashSet<String>>>,
}

type Function = dyn Fn(&PeerIdentity) -> Result<Principal, Reason> + Send + Sync;

#[derive(Clone)]
enum By {
    Uri,
    DnsName,
    CommonName,
    AnyName,
    Spiffe(Arc<str>),
    Function(Arc<Function>),
}

impl ClientCertificate {
    const fn new(by: By) -> Self {
        Self { by, only: None }
    }

    /// By the first URI among the subject's alternative names.
    #[must_use]
    pub const fn by_uri() -> Self {
        Self::new(By::Uri)
    }

    /// By the first DNS name among the subject's alternative names.
    #[must_use]
    pub const fn by_dns_name() -> Self {
        Self::new(By::DnsName)
    }

    /// By the common name of the subject.
    #[must_use]
    pub const fn by_common_name() -> Self {
        Self::new(By::CommonName)
    }

    /// By the first URI, else the first DNS name, else the common name: for an authority that vets all of them alike. A caller
    /// is not told from one whose name of another kind has the same text.
    #[must_use]
    pub const fn by_any_name() -> Self {
        Self::new(By::AnyName)
    }

    /// By a SPIFFE id of a trust domain: `spiffe://example.org/cart` for `example.org`, which is the issuer of the principal.
    ///
    /// It must be the one URI of the certificate, and have a path (X509-SVID, section 2).
    #[must_use]
    pub fn spiffe(trust_domain: impl Into<Arc<str>>) -> Self {
        Self::new(By::Spiffe(trust_domain.into()))
    }

    /// By a function of what the certificate says: for names of one's own making, a fingerprint, a tenant.
    #[must_use]
    pub fn by<F>(function: F) -> Self
    where
        F: Fn(&PeerIdentity) -> Result<Principal, Reason> + Send + Sync + 'static,
    {
        Self::new(By::Function(Arc::new(function)))
    }

    /// Lets in those alone whose names are listed; others get `PermissionDenied`. Of several names of the kind the first counts
    /// that is listed.
    #[must_use]
    pub fn only<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.only = Some(Arc::new(names.into_iter().map(Into::into).collect()));
        self
    }

    fn judge(&self, peer: &PeerIdentity) -> Result<Principal, Reason> {
        let uris = || peer.uris().iter().map(String::as_str);
        let dns_names = || peer.dns_names().iter().map(String::as_str);
        let common_name = || peer.common_name().into_iter();
        match &self.by {
            By::Uri => self.first(uris(), "the certificate has no URI"),
            By::DnsName => self.first(dns_names(), "the certificate has no DNS name"),
            By::CommonName => self.first(common_name(), "the certificate has no common name, or several"),
            By::AnyName if peer.uris().is_empty() && peer.dns_names().is_empty() => {
                self.first(common_name(), "the certificate has no name")
            }
            By::AnyName if peer.uris().is_empty() => self.first(dns_names(), ""),
            By::AnyName => self.first(uris(), ""),
            By::Spiffe(domain) => {
                let id = spiffe::id(peer, domain)?;
                Ok(self.first(std::iter::once(id), "")?.with_issuer(&**domain))
            }
            By::Function(function) => {
                let principal = function(peer)?;
                match &self.only {
                    Some(listed) if !listed.contains(principal.subject()) => Err(not_listed(principal.subject())),
                    _ => Ok(principal),
                }
            }
        }
    }

    /// The first name that is let in.
    fn first<'a>(
        &self,
        mut names: impl Iterator<Item = &'a str> + Clone,
        none: &'static str,
    ) -> Result<Principal, Reason> {
        let Some(first) = names.clone().next() else { return Err(Reason::Malformed(none.into())) };
        let counts = |name: &&str| self.only.as_ref().is_none_or(|listed| listed.contains(*name));
        let name = names.find(counts).ok_or_else(|| not_listed(first))?;
        Ok(Principal::new(Scheme::Certificate, name))
    }
}

fn not_listed(name: &str) -> Reason {
    Reason::NotAllowed(format!("the certificate is that of \"{}\", who is not listed", Reason::quote(name)).into())
}

impl Authenticator for ClientCertificate {
    fn scheme(&self) -> Scheme {
        Scheme::Certificate
    }

    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
        Some(self.judge(context.get()?).into())
    }

    fn challenge(&self, _: Option<&Reason>) -> Option<HeaderValue> {
        None
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("by", &self.by).field("only", &self.only).finish()
    }
}

impl fmt::Debug for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri => f.write_str("Uri"),
            Self::DnsName => f.write_str("DnsName"),
            Self::CommonName => f.write_str("CommonName"),
            Self::AnyName => f.write_str("AnyName"),
            Self::Spiffe(domain) => write!(f, "Spiffe({domain:?})"),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}
