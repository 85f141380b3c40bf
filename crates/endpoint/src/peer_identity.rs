use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Who a peer is, by the certificate that it showed and that was verified: `context.get::<PeerIdentity>()` in an endpoint.
///
/// A transport with mutual TLS puts it in. It says who the peer is, not what it may do. Clones share it.
///
/// ```
/// use towerkit_endpoint::PeerIdentity;
///
/// let peer = PeerIdentity::new().with_common_name("cart").with_dns_names(["cart.test"]);
/// assert_eq!(peer.dns_names(), ["cart.test"]);
/// ```
#[derive(Clone, Default)]
pub struct PeerIdentity(Arc<Names>);

#[derive(Clone, Default)]
struct Names {
    chain: Vec<Box<[u8]>>,
    common_name: Option<String>,
    dns: Vec<String>,
    uris: Vec<String>,
    emails: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl PeerIdentity {
    /// One without names: for transports, and for tests.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn set(mut self, change: impl FnOnce(&mut Names)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets the certificates as they came, in DER, the peer's own first.
    #[must_use]
    pub fn with_chain<C: Into<Box<[u8]>>>(self, chain: impl IntoIterator<Item = C>) -> Self {
        self.set(|names| names.chain = chain.into_iter().map(Into::into).collect())
    }

    /// Sets the common name of the subject.
    #[must_use]
    pub fn with_common_name(self, name: impl Into<String>) -> Self {
        self.set(|names| names.common_name = Some(name.into()))
    }

    /// Sets the DNS names.
    #[must_use]
    pub fn with_dns_names<N: Into<String>>(self, dns: impl IntoIterator<Item = N>) -> Self {
        self.set(|names| names.dns = dns.into_iter().map(Into::into).collect())
    }

    /// Sets the URIs.
    #[must_use]
    pub fn with_uris<N: Into<String>>(self, uris: impl IntoIterator<Item = N>) -> Self {
        self.set(|names| names.uris = uris.into_iter().map(Into::into).collect())
    }

    /// Sets the mail addresses.
    #[must_use]
    pub fn with_emails<N: Into<String>>(self, emails: impl IntoIterator<Item = N>) -> Self {
        self.set(|names| names.emails = emails.into_iter().map(Into::into).collect())
    }

    /// Sets the IP addresses.
    #[must_use]
    pub fn with_addresses(self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.set(|names| names.addresses = addresses.into_iter().collect())
    }

    /// The certificates as they came, in DER: first the peer's own, then those above it.
    #[must_use]
    pub fn chain(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.chain.iter().map(|certificate| &**certificate)
    }

    /// The common name of the subject, where it has exactly one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.0.common_name.as_deref()
    }

    /// The DNS names among the subject's alternative names (RFC 5280, section 4.2.1.6).
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.0.dns
    }

    /// The URIs among them, such as a SPIFFE id.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.0.uris
    }

    /// The mail addresses among them.
    #[must_use]
    pub fn emails(&self) -> &[String] {
        &self.0.emails
    }

    /// The IP addresses among them.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.0.addresses
    }
}

/// The names, not the certificates.
impl fmt::Debug for PeerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names { common_name, dns, uris, emails, addresses, chain: _ } = &*self.0;
        f.debug_struct("PeerIdentity")
            .field("common_name", common_name)
            .field("dns_names", dns)
            .field("uris", uris)
            .field("emails", emails)
            .field("addresses", addresses)
            .finish_non_exhaustive()
    }
}
